/* orders.c - commands that came over HTTP, handed to the gate */
#include "serve/orders.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/seal.h"
#include "io/sock.h"

#define NEWS_NS (5 * NS_PER_S) /* for the first news */
#define ASK_NS (2 * NS_PER_S)  /* between questions: a verdict may have been lost */
#define AT_ONCE 256
#define REHEARSAL_NS (300 * NS_PER_S) /* the supervisor ends it before */
#define ERRAND_NS (90 * NS_PER_S)     /* likewise */

struct order {
	struct orders *orders;
	struct order *prev, *next;
	char id[COMMAND_ID];
	order_fn fn;
	void *user;
	int64_t news_ns, deadline_ns,
		ask_ns; /* until there is news; a final verdict; when to ask again */
	enum order_state state;
	bool has_news;
	uint32_t
		asked; /* number of a question that the gate has not let through; 0: none, or it has */
	bool is_errand, is_running; /* the supervisor answers it; a rehearsal is one */
	int client, answer;         /* of an errand; -1 */
	size_t max;                 /* bytes of its answer */
	struct verdict_told told;
	unsigned status;
	char said[400]; /* of a rehearsal: its type, or what is wrong */
};

struct orders {
	struct loop *loop;
	int sock; /* -1: nobody is there */
	int supervisor;
	struct order *first;
	size_t n;
	uint32_t number;
	bool (*told)(void *ctx, int kind, struct wire_in *in);
	void (*gone)(void *ctx);
	void *ctx;
};

static void
settle(struct order *x, enum order_state state)
{
	if (x->state != ORDER_WAITS)
		return;
	x->state = state;
	x->fn(x->user);
}

/* ---- what the gate tells ------------------------------------------------------------------------------------------------- */

static void
take_verdict(struct orders *o, const struct verdict_told *v)
{
	for (struct order *x = o->first, *next; x != NULL; x = next) {
		next = x->next;
		if (strcmp(x->id, v->id) != 0 || x->state != ORDER_WAITS || x->is_errand ||
			x->asked != 0)
			continue;
		x->told = *v;
		x->has_news = true;
		if (v->verdict != VERDICT_PENDING || x->deadline_ns == 0)
			settle(x, ORDER_TOLD);
	}
}

/* It is the newest one with this id that was turned away: the others were taken before. */
static bool
take_no(struct orders *o, struct wire_in *in)
{
	char id[COMMAND_ID], why[EVENT_TEXT];
	unsigned status;
	struct err err;

	wire_get_text(in, id, sizeof(id));
	status = wire_get_u16(in);
	wire_get_text(in, why, sizeof(why));
	if (wire_close(in, &err) < 0)
		return false;
	for (struct order *x = o->first; x != NULL; x = x->next) {
		if (strcmp(x->id, id) != 0 || x->state != ORDER_WAITS || x->has_news ||
			x->asked != 0)
			continue;
		x->status = status;
		text_copy(x->told.text, sizeof(x->told.text), why);
		text_copy(x->said, sizeof(x->said), why);
		settle(x, ORDER_TURNED_AWAY);
		break;
	}
	return true;
}

/* Whether who asks may be told. */
static bool
take_asked(struct orders *o, struct wire_in *in)
{
	uint32_t number = wire_get_u32(in);
	unsigned status = wire_get_u16(in);
	char why[EVENT_TEXT];
	struct err err;

	wire_get_text(in, why, sizeof(why));
	if (wire_close(in, &err) < 0)
		return false;
	for (struct order *x = o->first; x != NULL; x = x->next) {
		if (number == 0 || x->asked != number)
			continue;
		x->asked = 0;
		if (status == 200)
			break;
		x->status = status;
		text_copy(x->told.text, sizeof(x->told.text), why);
		settle(x, ORDER_TURNED_AWAY);
		break;
	}
	return true;
}

/* A rehearsal that runs goes on without the gate. */
static void
disconnect(struct orders *o, bool is_all)
{
	if (o->sock >= 0) {
		loop_remove(o->loop, o->sock);
		close(o->sock);
		o->sock = -1;
		if (o->gone != NULL)
			o->gone(o->ctx);
	}
	for (struct order *x = o->first, *next; x != NULL; x = next) {
		next = x->next;
		if (is_all || !x->is_running)
			settle(x, ORDER_LOST);
	}
}

static void
on_socket(void *ctx, int fd, unsigned events)
{
	struct orders *o = ctx;
	uint8_t packet[WIRE_MAX];
	struct verdict_told v;
	struct wire_in in;
	struct err err;
	int pass, kind, n = sock_recv(fd, packet, &pass, &err);

	if (n == ERR_TIMEOUT)
		return;
	if (n > 0 && pass >= 0)
		close(pass);
	kind = n > 0 ? wire_open(&in, packet, (size_t)n, &err) : ERR_IO;
	if (kind == WIRE_VERDICT && verdict_read(&v, &in, &err) == 0) {
		take_verdict(o, &v);
		return;
	}
	if (kind > 0 && o->told != NULL && o->told(o->ctx, kind, &in)) {
		explicit_bzero(packet, (size_t)n); /* it may have been a token */
		return;
	}
	if (kind == WIRE_COMMAND_NO && take_no(o, &in))
		return;
	if (kind == WIRE_ASKED && take_asked(o, &in))
		return;
	if (n > 0)
		log_err("gate: a message that is no verdict; is mbc partly updated?");
	disconnect(o, false);
}

void
orders_connect(struct orders *o, int fd)
{
	struct err err;

	disconnect(o, false);
	if (loop_add(o->loop, fd, LOOP_READ, on_socket, o, &err) < 0) {
		log_err("gate: %s", err.msg);
		close(fd);
		return;
	}
	o->sock = fd;
}

/* ---- asking -------------------------------------------------------------------------------------------------------------- */

static int
check_room(const struct orders *o, struct err *err)
{
	if (o->sock < 0)
		return err_set(err, ERR_REFUSED, 503,
			"the process that takes commands is not running: it is being started, or "
			"this bench has nothing to command; ask again in a second");
	if (o->n >= AT_ONCE)
		return err_set(err, ERR_REFUSED, 503,
			"too many commands wait already; ask again in a second");
	return 0;
}

static int
post_with(struct orders *o, struct buf *packet, int pass, struct err *err)
{
	int rc = packet->n > WIRE_MAX ? ERR_CONF : sock_send(o->sock, packet, pass, err);

	if (packet->n > 0)
		explicit_bzero(packet->data, packet->n);
	buf_done(packet);
	return rc == 0 ? 0
		       : err_set(err, ERR_REFUSED, 503,
				 "the process that takes commands is busy; ask again in a second");
}

static int
post(struct orders *o, struct buf *packet, struct err *err)
{
	return post_with(o, packet, -1, err);
}

int
orders_post(struct orders *o, struct buf *packet, struct err *err)
{
	if (o->sock >= 0)
		return post(o, packet, err);
	if (packet->n > 0)
		explicit_bzero(packet->data, packet->n);
	buf_done(packet);
	return err_set(err, ERR_REFUSED, 503,
		"the process that knows the accounts is not running; ask again in a second");
}

void
orders_others(struct orders *o, bool (*told)(void *ctx, int kind, struct wire_in *in),
	void (*gone)(void *ctx), void *ctx)
{
	o->told = told;
	o->gone = gone;
	o->ctx = ctx;
}

static struct order *
wait_for(struct orders *o, const char *id, int64_t wait_ns, order_fn fn, void *user, int64_t now_ns)
{
	struct order *x = mem_zero(1, sizeof(*x));

	*x = (struct order){ .orders = o,
		.fn = fn,
		.user = user,
		.news_ns = now_ns + NEWS_NS,
		.deadline_ns = wait_ns > 0 ? now_ns + wait_ns : 0,
		.ask_ns = now_ns + ASK_NS,
		.client = -1,
		.answer = -1,
		.next = o->first };
	text_copy(x->id, sizeof(x->id), id);
	text_copy(x->told.id, sizeof(x->told.id), id);
	if (o->first != NULL)
		o->first->prev = x;
	o->first = x;
	o->n++;
	return x;
}

static void
write_question(struct buf *out, const char *id, uint32_t number, const char *token)
{
	buf_room(out, WIRE_MAX); /* it does not move: the token is wiped where it stands */
	wire_begin(out, WIRE_VERDICT_ASK);
	wire_text(out, id);
	wire_u32(out, number);
	wire_text(out, token);
	wire_end(out);
}

struct order *
order_send(struct orders *o, const char *token, const struct command *c, int64_t wait_ns,
	order_fn fn, void *user, int64_t now_ns, struct err *err)
{
	struct buf packet = { 0 }, fields = { 0 };

	if (check_room(o, err) < 0)
		return NULL;
	command_write(&fields, c);
	buf_room(&packet, WIRE_MAX); /* it does not move: the token is wiped where it stands */
	wire_begin(&packet, WIRE_TOKEN_COMMAND);
	wire_text(&packet, token);
	buf_put(&packet, fields.data + WIRE_HEAD, fields.n - WIRE_HEAD);
	wire_end(&packet);
	buf_done(&fields);
	if (post(o, &packet, err) < 0)
		return NULL;
	return wait_for(o, c->id, wait_ns, fn, user, now_ns);
}

struct order *
order_ask(struct orders *o, const char *token, const char *id, order_fn fn, void *user,
	int64_t now_ns, struct err *err)
{
	struct buf packet = { 0 };
	struct order *x;

	if (check_room(o, err) < 0)
		return NULL;
	o->number += o->number + 1 != 0 ? 1 : 2;
	write_question(&packet, id, o->number, token);
	if (post(o, &packet, err) < 0)
		return NULL;
	x = wait_for(o, id, 0, fn, user, now_ns);
	x->asked = o->number;
	return x;
}

struct order *
order_ask_hold(
	struct orders *o, const char *id, order_fn fn, void *user, int64_t now_ns, struct err *err)
{
	struct buf packet = { 0 };

	if (check_room(o, err) < 0)
		return NULL;
	wire_begin(&packet, WIRE_HOLD_ASK);
	wire_text(&packet, id);
	wire_end(&packet);
	if (post(o, &packet, err) < 0)
		return NULL;
	return wait_for(o, id, 0, fn, user, now_ns);
}

/* Nobody waits for it: it need not go on. */
static void
give_up(const struct orders *o, const char *id)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_REHEARSE_GONE);
	wire_text(&packet, id);
	wire_end(&packet);
	if (sock_send(o->supervisor, &packet, -1, &err) < 0)
		log_warn("errand: %s", err.msg);
	buf_done(&packet);
}

static struct order *
wait_for_errand(struct orders *o, const char *id, int client, int64_t longest_ns, size_t max,
	order_fn fn, void *user, int64_t now_ns)
{
	struct order *x = wait_for(o, id, 0, fn, user, now_ns);

	x->is_errand = true;
	x->client = client;
	x->max = max;
	x->ask_ns = NEVER;
	x->deadline_ns = now_ns + longest_ns;
	return x;
}

struct order *
order_rehearse(struct orders *o, const char *token, const struct rehearse_ask *a, int client,
	order_fn fn, void *user, int64_t now_ns, struct err *err)
{
	struct buf packet = { 0 };

	if (check_room(o, err) < 0)
		return NULL;
	buf_room(&packet, WIRE_MAX); /* it does not move: the token is wiped where it stands */
	wire_begin(&packet, WIRE_REHEARSE);
	wire_text(&packet, token);
	if (!rehearse_write(&packet, a)) {
		explicit_bzero(packet.data, packet.n);
		buf_done(&packet);
		err_set(err, ERR_REFUSED, 413, "the body says too much; set less");
		return NULL;
	}
	if (post(o, &packet, err) < 0)
		return NULL;
	return wait_for_errand(
		o, a->id, client, REHEARSAL_NS, REHEARSE_ANSWER_MAX, fn, user, now_ns);
}

struct order *
order_errand(struct orders *o, const char *token, const struct errand_ask *a, int text, int client,
	order_fn fn, void *user, int64_t now_ns, struct err *err)
{
	struct buf packet = { 0 };

	if (check_room(o, err) < 0)
		return NULL;
	buf_room(&packet, WIRE_MAX); /* it does not move: the token is wiped where it stands */
	wire_begin(&packet, WIRE_ERRAND);
	wire_text(&packet, token);
	errand_write(&packet, a);
	if (post_with(o, &packet, text, err) < 0)
		return NULL;
	return wait_for_errand(o, a->id, client, ERRAND_NS, ERRAND_ANSWER_MAX, fn, user, now_ns);
}

void
order_free(struct order *x)
{
	struct orders *o;

	if (x == NULL)
		return;
	o = x->orders;
	if (x->is_running)
		give_up(o, x->id);
	if (x->answer >= 0)
		close(x->answer);
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		o->first = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	o->n--;
	free(x);
}

enum order_state
order_state(const struct order *x, struct verdict_told *out, unsigned *out_status)
{
	*out = x->told;
	*out_status = x->status;
	return x->state;
}

/* ---- rehearsals ---------------------------------------------------------------------------------------------------------- */

void
orders_supervisor(struct orders *o, int fd)
{
	o->supervisor = fd;
}

static struct order *
find_errand(const struct orders *o, const char *id)
{
	struct order *x = o->first;

	while (x != NULL && (!x->is_errand || strcmp(x->id, id) != 0 || x->state != ORDER_WAITS))
		x = x->next;
	return x;
}

int
orders_rehearsed(struct orders *o, struct wire_in *in, int *pass, struct err *err)
{
	char id[COMMAND_ID], text[sizeof(((struct order *)NULL)->said)];
	struct order *x;
	unsigned status;

	wire_get_text(in, id, sizeof(id));
	status = wire_get_u16(in);
	wire_get_text(in, text, sizeof(text));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	x = find_errand(o, id);
	if (x == NULL) {
		if (status == 102)
			give_up(o, id); /* who asked has gone before it began */
		return 0;
	}
	x->is_running = status == 102;
	x->has_news = true;
	if (x->is_running)
		return 0;
	x->status = status;
	text_copy(x->said, sizeof(x->said), text);
	x->answer = *pass;
	*pass = -1;
	settle(x, x->answer >= 0 ? ORDER_ANSWERED : ORDER_TURNED_AWAY);
	return 0;
}

int
order_answer(const struct order *x, struct buf *out, const char **out_type, struct err *err)
{
	size_t size;
	union {
		const void *c;
		void *v;
	} memory = { .c = seal_map(x->answer, &size, err) };

	if (memory.c == NULL)
		return ERR_IO;
	if (size <= x->max)
		buf_put(out, memory.c, size);
	seal_done(memory.v, size);
	*out_type = x->said;
	return size <= x->max ? 0 : err_set(err, ERR_PROTO, 0, "over %zu bytes", x->max);
}

int
order_take_file(struct order *x, const char **out_type, uint64_t *out_size)
{
	struct stat st;
	int fd = x->answer;

	if (fd < 0 || strcmp(x->said, "application/x-tar") != 0 || fstat(fd, &st) < 0 ||
		st.st_size < 0)
		return -1;
	*out_type = x->said;
	*out_size = (uint64_t)st.st_size;
	x->answer = -1;
	return fd;
}

const char *
order_said(const struct order *x)
{
	return x->said;
}

void
orders_look(struct orders *o)
{
	for (struct order *x = o->first, *next; x != NULL; x = next) {
		struct pollfd p = { .fd = x->client, .events = POLLRDHUP };

		next = x->next;
		if (x->is_errand && x->state == ORDER_WAITS && poll(&p, 1, 0) > 0)
			settle(x, ORDER_GONE);
	}
}

/* ---- life ---------------------------------------------------------------------------------------------------------------- */

static void
ask_again(struct order *x, int64_t now_ns)
{
	struct buf packet = { 0 };
	struct err err;

	x->ask_ns = now_ns + ASK_NS;
	write_question(&packet, x->id, 0, "");
	(void)!post(x->orders, &packet, &err);
}

int64_t
orders_step(struct orders *o, int64_t now_ns)
{
	int64_t next = NEVER;

	for (struct order *x = o->first, *after; x != NULL; x = after) {
		after = x->next;
		if (x->state != ORDER_WAITS)
			continue;
		if (!x->has_news && now_ns >= x->news_ns) {
			settle(x, ORDER_LOST);
			continue;
		}
		if (x->has_news && now_ns >= x->deadline_ns) {
			settle(x, x->is_errand ? ORDER_LOST : ORDER_TOLD);
			continue;
		}
		if (now_ns >= x->ask_ns && o->sock >= 0 && x->has_news)
			ask_again(x, now_ns);
		next = MIN(next,
			x->has_news ? MIN(x->deadline_ns, MAX(x->ask_ns, now_ns + 1)) : x->news_ns);
	}
	return next;
}

struct orders *
orders_new(struct loop *loop)
{
	struct orders *o = mem_zero(1, sizeof(*o));

	o->loop = loop;
	o->sock = o->supervisor = -1;
	return o;
}

void
orders_end(struct orders *o)
{
	disconnect(o, true);
}

void
orders_free(struct orders *o)
{
	if (o == NULL)
		return;
	disconnect(o, true);
	free(o);
}
