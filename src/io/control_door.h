/* control_door.h - the controller's end of the socket pair with the gate: commands come in, verdicts go out
 *
 * What became of the last COMMANDS_KEPT commands is remembered: one that comes again, because a gate has died in between, is
 * answered and not done again. Nothing is allocated after control_door_new(), and nothing here waits for the gate: a verdict
 * that it does not take is asked for again.
 */
#ifndef IO_CONTROL_DOOR_H
#define IO_CONTROL_DOOR_H

#include "io/loop.h"
#include "msg/command.h"

struct control_door;

/* A command that is new; its verdicts come through control_door_verdict(). */
typedef void (*control_door_fn)(void *ctx, const struct command *c);

struct control_door *control_door_new(struct loop *loop, control_door_fn fn, void *ctx);
void control_door_free(struct control_door *d);

/* Takes the descriptor: the pair with a gate, instead of the one before. */
void control_door_connect(struct control_door *d, int fd);

void control_door_verdict(struct control_door *d, const struct verdict_told *v);

#endif
