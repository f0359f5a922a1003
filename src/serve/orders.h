/* orders.h - commands that came over HTTP, handed to the gate, and what becomes of them
 *
 * Who has this token, and what it may ask, is for the gate to say: here nobody is known. An order waits for the first news of its command, then
 * (has it time) for the final verdict. The gate may end at any moment: then nobody knows, and the same id may be asked again. Nothing here waits.
 */
#ifndef SERVE_ORDERS_H
#define SERVE_ORDERS_H

#include "io/loop.h"
#include "msg/command.h"
#include "msg/errand.h"
#include "msg/rehearse.h"

struct orders;
struct order;

struct orders *orders_new(struct loop *loop);
void orders_free(struct orders *o); /* no order may be left */

/* The end of a new pair, which it takes; all orders over the one before are lost. */
void orders_connect(struct orders *o, int fd);

/* What else the gate says goes to told() (false: it is not known there either); gone(): the connection has ended. */
void orders_others(struct orders *o, bool (*told)(void *ctx, int kind, struct wire_in *in),
	void (*gone)(void *ctx), void *ctx);
/* A packet for the gate, which is wiped and freed. ERR_REFUSED: nobody is there, or it does not read. */
int orders_post(struct orders *o, struct buf *packet, struct err *err) MUST_CHECK;

/* Called once, when order_state() says another thing than ORDER_WAITS. */
typedef void (*order_fn)(void *user);

/* NULL with `err` when nobody is there to be asked, or too much is asked. wait_ns: how long to wait for the final verdict, 0: for the first news alone.
 * order_ask() asks what became of a command; token: of who asks, "": of nobody. Who may not be told hears that there is none. */
struct order *order_send(struct orders *o, const char *token, const struct command *c,
	int64_t wait_ns, order_fn fn, void *user, int64_t now_ns, struct err *err) MUST_CHECK;
struct order *order_ask(struct orders *o, const char *token, const char *id, order_fn fn,
	void *user, int64_t now_ns, struct err *err) MUST_CHECK;
/* Who holds the bench: the text of its verdict (WIRE_HOLD_ASK). id: one that nothing else has. */
struct order *order_ask_hold(struct orders *o, const char *id, order_fn fn, void *user,
	int64_t now_ns, struct err *err) MUST_CHECK;
/* A rehearsal, over the same way: the supervisor answers. client: its socket; when that is closed nobody waits any more. a->id tells it from others. */
struct order *order_rehearse(struct orders *o, const char *token, const struct rehearse_ask *a,
	int client, order_fn fn, void *user, int64_t now_ns, struct err *err) MUST_CHECK;
/* Likewise what is asked of the bench file or the audit; text: a sealed memfd, which stays the caller's, -1: none. */
struct order *order_errand(struct orders *o, const char *token, const struct errand_ask *a,
	int text, int client, order_fn fn, void *user, int64_t now_ns, struct err *err) MUST_CHECK;
void order_free(struct order *order);

enum order_state {
	ORDER_WAITS,
	ORDER_TOLD,        /* *out: a verdict, pending when its time is over */
	ORDER_TURNED_AWAY, /* *out_status, out->text: it was not taken */
	ORDER_LOST,        /* nobody knows */
	ORDER_ANSWERED,    /* a rehearsal or an errand, *out_status: order_answer() */
	ORDER_GONE,        /* who asked for a rehearsal has hung up */
};

enum order_state order_state(
	const struct order *order, struct verdict_told *out, unsigned *out_status);

/* What the rehearsal says, into `out`; its type. */
int order_answer(const struct order *order, struct buf *out, const char **out_type,
	struct err *err) MUST_CHECK;

/* Why a rehearsal was turned away. */
/* The descriptor of what came instead of a document, whose type is *out_type, and its size; the caller closes it. -1: it is a document. */
int order_take_file(struct order *x, const char **out_type, uint64_t *out_size);
const char *order_said(const struct order *order);

/* The socket of the supervisor, which stays the caller's; and what it says there. */
void orders_supervisor(struct orders *o, int fd);
int orders_rehearsed(struct orders *o, struct wire_in *in, int *pass, struct err *err) MUST_CHECK;
/* Are those still there who wait for a rehearsal? Once a second. */
void orders_look(struct orders *o);

/* What is due; returns when to come again. */
int64_t orders_step(struct orders *o, int64_t now_ns);
/* All are lost now: the server ends. */
void orders_end(struct orders *o);

#endif
