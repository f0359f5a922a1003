/* manage.h - accounts and tokens over HTTP: who may, on record, hashed, and written down by the supervisor
 *
 *	data server -- question --> may they? --> a queue --> old password right? --> hash --> on record --> supervisor --> answer
 *
 * One change at a time; MANAGE_TASKS wait. What is not written down is not so: the file comes back as after each change of it.
 */
#ifndef GATE_MANAGE_H
#define GATE_MANAGE_H

#include "gate/logbook.h"
#include "gate/people.h"
#include "msg/manage.h"

#define MANAGE_TASKS 8

struct manage;

/* tell: a packet for the data server, which it frees. All stay the caller's. */
struct manage *manage_new(struct people *people, struct logbook *logbook,
	const struct tokens *tokens, const struct tokens *links, int supervisor,
	void (*tell)(void *ctx, struct buf *packet), void *ctx);
void manage_free(struct manage *m);

/* WIRE_MANAGE of the data server; false: not to be trusted. */
bool manage_packet(struct manage *m, struct wire_in *in);
/* WIRE_ACCOUNT_CHANGED of the supervisor. */
int manage_changed(struct manage *m, struct wire_in *in, struct err *err) MUST_CHECK;
void manage_serve_gone(struct manage *m);

/* The file has become another one: who asked over HTTP for this line, "" for none, which is being written; "": nobody. */
const char *manage_who(const struct manage *m, const char *name, const char *line);

/* What is due; returns when to come again. */
int64_t manage_step(struct manage *m, int64_t now_ns);

#endif
