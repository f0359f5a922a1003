/* control_door.h - the controller's end of the socket pair with the gate: commands come in, verdicts go out
 *
 * Nothing is allocated after control_door_new(), and nothing here waits for the gate: a verdict that it does not take is asked for again.
 */
#ifndef IO_CONTROL_DOOR_H
#define IO_CONTROL_DOOR_H

#include "io/loop.h"
#include "msg/command.h"
#include "msg/guest.h"

struct control_door;

/* A command, and a question what became of one, by its id. Both are answered through control_door_verdict(), now or later. */
struct control_door_sink {
	void *ctx;
	void (*command)(void *ctx, const struct command *c);
	void (*ask)(void *ctx, const char *id);
	/* A question of somebody else on a wire of the bench, answered through control_door_guest(). */
	void (*guest)(void *ctx, const struct guest_ask *ask);
};

struct control_door *control_door_new(struct loop *loop, const struct control_door_sink *sink);
void control_door_free(struct control_door *d);

/* Takes the descriptor: the pair with a gate, instead of the one before. */
void control_door_connect(struct control_door *d, int fd);

void control_door_verdict(struct control_door *d, const struct verdict_told *v);
void control_door_guest(struct control_door *d, const struct guest_told *t);

#endif
