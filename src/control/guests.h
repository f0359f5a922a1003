/* guests.h - questions of somebody else on the bench's wires: in their turn, and what may change something only when it may; pure
 *
 *	take: may it be asked? --reads--------------------------------> queue --> wire --> told
 *	                      \--writes--> recorded (class A), is it still allowed? --^  \--> event: what came of it
 */
#ifndef CONTROL_GUESTS_H
#define CONTROL_GUESTS_H

#include "control/command.h"
#include "link/link.h"
#include "msg/guest.h"

#define GUESTS_MAX 8 /* questions at once */

struct guests;

struct guests_sink {
	void *ctx;
	/* As link.h has them, of a link. */
	int (*check)(void *ctx, uint32_t link, const struct guest_ask *ask, bool *out_writes,
		struct err *err);
	int (*start)(void *ctx, uint32_t link, const struct guest_ask *ask, uint32_t ticket,
		struct err *err);
	bool (*is_free)(void *ctx, uint32_t link);
	int (*may_write)(void *ctx, struct err *err); /* now; ERR_REFUSED with cause; remedy */
	uint64_t (*event)(void *ctx, struct event *e);
	uint64_t (*intent)(void *ctx, struct event *e);
	enum command_record (*recorded)(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns);
	void (*told)(void *ctx, const struct guest_told *t);
};

struct guests *guests_new(const struct image *img, const struct guests_sink *sink);
void guests_free(struct guests *g);

void guests_take(struct guests *g, const struct guest_ask *ask, int64_t now_ns);
/* What came of the question with this ticket: from within a link. */
void guests_ended(struct guests *g, uint32_t ticket, enum guest_end end, int64_t reply_ns,
	const uint8_t *bytes, size_t n, const char *why, int64_t now_ns);
void guests_step(struct guests *g, int64_t now_ns);
/* Has it something to do? Then step it soon. */
bool guests_are_waiting(const struct guests *g);
/* The bench file is taken up anew: who waits is told. */
void guests_drop(struct guests *g);

#endif
