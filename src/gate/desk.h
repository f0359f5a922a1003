/* desk.h - the connections of the gate: command lines and the data server in front, the controller behind
 *
 *	command line --+                                        +--> controller
 *	               +--> policy, bounds, is it a repeat? ----+
 *	data server ---+ <-- pending, then the final verdict ---+<--
 *
 * A rehearsal commands nothing: when the token is good it goes to the supervisor, which answers to the data server itself.
 *
 * Who asks badly is disconnected; who does not read is too. Nothing here grows: connections, commands and what is remembered of
 * them have fixed places.
 */
#ifndef GATE_DESK_H
#define GATE_DESK_H

#include "gate/logbook.h"
#include "io/loop.h"
#include "msg/accounts.h"
#include "msg/tokens.h"

#define DESK_CALLERS 64

struct desk;

/* supervisor: where rehearsals go that are allowed. logbook: what is asked is put on record there before it goes on. Both stay the caller's. */
struct desk *desk_new(struct loop *loop, int supervisor, struct logbook *logbook);
void desk_free(struct desk *d);

/* All take the descriptor. */
void desk_control(struct desk *d, int fd);
void desk_serve(struct desk *d, int fd);
/* only_reads: it may ask on wires what changes nothing, and nothing else. */
void desk_caller(struct desk *d, int fd, const char *name, bool only_reads);

/* Who has tokens, and what they open: bits of image.commands. */
void desk_tokens(struct desk *d, const struct tokens *t, uint32_t opened);

/* The links of guests, which open nothing here: they are made and ended over HTTP. */
void desk_links(struct desk *d, const struct tokens *links);

/* Who has an account; the process that looks at passwords, whose descriptor is taken. */
void desk_accounts(struct desk *d, const struct accounts *all);
void desk_first(struct desk *d, const struct account_first *first);
void desk_hasher(struct desk *d, int fd);

/* WIRE_ACCOUNT_CHANGED of the supervisor. */
int desk_changed(struct desk *d, struct wire_in *in, struct err *err) MUST_CHECK;
/* Who asked over HTTP for this line, "" for none, of the files of accounts and tokens; "": nobody did. */
const char *desk_changes(const struct desk *d, const char *name, const char *line);

/* What is due; returns when to come again. */
int64_t desk_step(struct desk *d, int64_t now_ns);
size_t desk_pending(struct desk *d);

#endif
