/* guard.c - who asks */
#include "serve/guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"
#include "serve/strangers.h"

#define PATIENCE_NS (5 * NS_PER_S)
#define SIGN_IN_NS (30 * NS_PER_S) /* others may be before it */
#define AHEAD_NS (10 * NS_PER_S)   /* of a stream: asked anew so long before it ends */
#define AGAIN_NS NS_PER_S
#define SAYS 400

struct seen {
	bool is_there;
	struct who who;
	int64_t until_ns, used_ns, asked_ns;
};

struct asking {
	struct guard *guard;
	struct asking *prev, *next;
	void (*fn)(void *user);
	void *user;
	enum asking_state state;
	int64_t deadline_ns;
	uint32_t number; /* of one who signs in; 0: it asks who somebody is */
	char hex[GUARD_HEX];
	struct who who;
	unsigned status, wait_s;
	char says[SAYS], proof[COMMAND_TOKEN];
	char *text; /* of one who manages */
	unsigned next_piece;
};

struct guard {
	struct orders *orders;
	void (*changed)(void *ctx);
	void (*moved)(void *ctx, const char *from_hex, const char *to_hex); /* NULL: nobody */
	void *ctx;
	struct seen seen[GUARD_PLACES];
	size_t top; /* behind the last place that was ever taken: few are looked at */
	struct asking *first;
	uint32_t number;
	struct strangers strangers;
};

/* ---- what is remembered --------------------------------------------------------------------------------------------------- */

static struct seen *
find(struct guard *g, const char *hex)
{
	for (size_t i = 0; i < g->top; i++)
		if (g->seen[i].is_there && strcmp(g->seen[i].who.hex, hex) == 0)
			return &g->seen[i];
	return NULL;
}

static struct seen *
find_place(struct guard *g, const char *hex)
{
	struct seen *place = find(g, hex);

	if (place != NULL)
		return place;
	place = &g->seen[0];
	for (size_t i = 0; i < GUARD_PLACES; i++) {
		if (!g->seen[i].is_there) {
			g->top = MAX(g->top, i + 1);
			return &g->seen[i];
		}
		if (g->seen[i].used_ns < place->used_ns)
			place = &g->seen[i];
	}
	return place;
}

static int
post_question(struct guard *g, const char *hex)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_WHO);
	wire_text(&packet, hex);
	wire_end(&packet);
	return orders_post(g->orders, &packet, &err);
}

bool
guard_still(struct guard *g, const struct who *who, int64_t now_ns)
{
	struct seen *s = find(g, who->hex);

	if (s == NULL || now_ns >= s->until_ns || strcmp(s->who.reads, who->reads) != 0)
		return false;
	s->used_ns = now_ns;
	if (s->until_ns - now_ns < AHEAD_NS && now_ns - s->asked_ns >= AGAIN_NS) {
		s->asked_ns = now_ns;
		(void)!post_question(g, who->hex);
	}
	return true;
}

/* ---- those who wait -------------------------------------------------------------------------------------------------------- */

static void
settle(struct asking *a, enum asking_state state)
{
	if (a->state != ASKING_WAITS)
		return;
	a->state = state;
	a->fn(a->user);
}

static struct asking *
begin(struct guard *g, void (*fn)(void *user), void *user, int64_t deadline_ns)
{
	struct asking *a = mem_zero(1, sizeof(*a));

	*a = (struct asking){
		.guard = g, .fn = fn, .user = user, .deadline_ns = deadline_ns, .next = g->first
	};
	if (g->first != NULL)
		g->first->prev = a;
	g->first = a;
	return a;
}

static void
digest_hex(char out[GUARD_HEX], const char *token)
{
	sha256_hex(out, token, strlen(token));
}

struct asking *
guard_ask(struct guard *g, const char *token, uint8_t group, void (*fn)(void *user), void *user,
	int64_t now_ns)
{
	struct asking *a = begin(g, fn, user, now_ns + PATIENCE_NS);
	struct seen *s;

	digest_hex(a->hex, token);
	s = find(g, a->hex);
	if (s != NULL && now_ns < s->until_ns) {
		s->used_ns = now_ns;
		a->who = s->who;
		a->state = ASKING_IN;
	} else if ((s == NULL && !strangers_may(&g->strangers, group, now_ns)) ||
		   post_question(g, a->hex) < 0) {
		a->state = ASKING_LOST;
	}
	return a;
}

struct asking *
guard_sign_in(struct guard *g, const char *name, const char *password, const char *address,
	const char *code, void (*fn)(void *user), void *user, int64_t now_ns)
{
	struct asking *a = begin(g, fn, user, now_ns + SIGN_IN_NS);
	struct buf packet = { 0 };
	struct err err;

	a->number = ++g->number != 0 ? g->number : ++g->number;
	buf_room(&packet, WIRE_MAX); /* it does not move: the password is wiped where it stands */
	wire_begin(&packet, WIRE_SIGN_IN);
	wire_u32(&packet, a->number);
	wire_text(&packet, name);
	wire_text(&packet, password);
	wire_text(&packet, address);
	wire_text(&packet, code);
	wire_end(&packet);
	if (orders_post(g->orders, &packet, &err) < 0)
		a->state = ASKING_LOST;
	return a;
}

struct asking *
guard_act(struct guard *g, const char *token, const char *name, const char *pin,
	const char *address, void (*fn)(void *user), void *user, int64_t now_ns)
{
	struct asking *a = begin(g, fn, user, now_ns + SIGN_IN_NS);
	struct buf packet = { 0 };
	struct err err;

	a->number = ++g->number != 0 ? g->number : ++g->number;
	buf_room(&packet, WIRE_MAX); /* it does not move: the PIN is wiped where it stands */
	wire_begin(&packet, WIRE_ACT);
	wire_u32(&packet, a->number);
	wire_text(&packet, token);
	wire_text(&packet, name);
	wire_text(&packet, pin);
	wire_text(&packet, address);
	wire_end(&packet);
	if (orders_post(g->orders, &packet, &err) < 0)
		a->state = ASKING_LOST;
	return a;
}

struct asking *
guard_manage(
	struct guard *g, struct manage_ask *ask, void (*fn)(void *user), void *user, int64_t now_ns)
{
	struct asking *a = begin(g, fn, user, now_ns + SIGN_IN_NS);
	struct buf packet = { 0 };
	struct err err;

	a->number = ++g->number != 0 ? g->number : ++g->number;
	ask->number = a->number;
	manage_write(&packet, ask);
	if (orders_post(g->orders, &packet, &err) < 0)
		a->state = ASKING_LOST;
	return a;
}

const char *
asking_text(const struct asking *a)
{
	return a->text != NULL ? a->text : "";
}

unsigned
asking_next(const struct asking *a)
{
	return a->next_piece;
}

void
asking_free(struct asking *a)
{
	if (a == NULL)
		return;
	if (a->text != NULL)
		explicit_bzero(a->text, strlen(a->text));
	free(a->text);
	if (a->prev != NULL)
		a->prev->next = a->next;
	else
		a->guard->first = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	explicit_bzero(a->says, sizeof(a->says));
	explicit_bzero(a->proof, sizeof(a->proof));
	free(a);
}

enum asking_state
asking_state(const struct asking *a)
{
	return a->state;
}

const struct who *
asking_who(const struct asking *a)
{
	return &a->who;
}

const char *
asking_says(const struct asking *a)
{
	return a->says;
}

const char *
asking_proof(const struct asking *a)
{
	return a->proof;
}

unsigned
asking_status(const struct asking *a)
{
	return a->status;
}

unsigned
asking_wait_s(const struct asking *a)
{
	return a->wait_s;
}

int
guard_sign_out(struct guard *g, const char *token, enum guard_out how, struct err *err)
{
	char hex[GUARD_HEX];
	struct buf packet = { 0 };
	struct seen *s;
	int rc;

	buf_room(&packet, WIRE_MAX);
	wire_begin(&packet, WIRE_SIGN_OUT);
	wire_text(&packet, token);
	wire_u16(&packet, (uint16_t)how);
	wire_end(&packet);
	rc = orders_post(g->orders, &packet, err);
	if (rc < 0 || how == GUARD_OUT_ACTING) /* the kiosk stays what it is */
		return rc;
	digest_hex(hex, token);
	s = find(g, hex);
	if (s != NULL)
		*s = (struct seen){ 0 };
	g->changed(g->ctx);
	return 0;
}

/* ---- what the gate tells --------------------------------------------------------------------------------------------------- */

static void
take_who(struct guard *g, struct wire_in *in)
{
	int64_t now = now_boot();
	bool is_somebody, is_another = false;
	struct who w = { 0 };
	struct seen *s;
	uint64_t holds, acts;
	struct err err;

	wire_get_text(in, w.hex, sizeof(w.hex));
	is_somebody = wire_get_u16(in) == 1;
	wire_get_text(in, w.principal, sizeof(w.principal));
	wire_get_text(in, w.role, sizeof(w.role));
	w.rights = wire_get_u16(in);
	holds = wire_get_u64(in);
	wire_get_text(in, w.reads, sizeof(w.reads));
	wire_get_text(in, w.proof, sizeof(w.proof));
	w.is_kiosk = wire_get_u16(in) == 1;
	wire_get_text(in, w.acting, sizeof(w.acting));
	acts = wire_get_u64(in);
	w.acting_end_ns = now + (int64_t)MIN(acts, (uint64_t)(3600 * NS_PER_S));
	if (wire_close(in, &err) < 0)
		return;
	s = find(g, w.hex);
	if (s != NULL)
		is_another = !is_somebody || strcmp(s->who.reads, w.reads) != 0;
	if (is_somebody) {
		s = find_place(g, w.hex);
		*s = (struct seen){ .is_there = true,
			.who = w,
			.until_ns = now + (int64_t)MIN(holds, (uint64_t)(60 * NS_PER_S)),
			.used_ns = now,
			.asked_ns = now };
	} else if (s != NULL) {
		*s = (struct seen){ 0 };
	}
	for (struct asking *a = g->first, *next; a != NULL; a = next) {
		next = a->next;
		if (a->number != 0 || strcmp(a->hex, w.hex) != 0)
			continue;
		a->who = w;
		settle(a, is_somebody ? ASKING_IN : ASKING_NOBODY);
	}
	if (is_another)
		g->changed(g->ctx);
}

static void
forget(struct guard *g, struct wire_in *in)
{
	char hex[GUARD_HEX];
	struct err err;

	wire_get_text(in, hex, sizeof(hex));
	if (wire_close(in, &err) < 0)
		hex[0] = '\0';
	for (size_t i = 0; i < GUARD_PLACES; i++)
		if (hex[0] == '\0' || strcmp(g->seen[i].who.hex, hex) == 0)
			g->seen[i] = (struct seen){ 0 };
	g->changed(g->ctx);
}

/* Whoever has just signed in is no stranger, though nobody has asked yet who it is. */
static void
expect(struct guard *g, const char *token)
{
	struct who w = { 0 };

	digest_hex(w.hex, token);
	if (find(g, w.hex) != NULL) /* a session that has moved: its streams go on */
		return;
	*find_place(g, w.hex) = (struct seen){ .is_there = true, .who = w, .used_ns = now_boot() };
}

static void
take_signed_in(struct guard *g, struct wire_in *in)
{
	uint32_t number = wire_get_u32(in);
	unsigned status = wire_get_u16(in), wait_s = wire_get_u32(in);
	char says[SAYS], proof[COMMAND_TOKEN];
	struct err err;

	wire_get_text(in, says, sizeof(says));
	wire_get_text(in, proof, sizeof(proof));
	for (struct asking *a = g->first; a != NULL && wire_close(in, &err) == 0; a = a->next) {
		if (number == 0 || a->number != number)
			continue;
		a->status = status;
		a->wait_s = wait_s;
		text_copy(a->says, sizeof(a->says), says);
		text_copy(a->proof, sizeof(a->proof), proof);
		if (status == 200)
			expect(g, says);
		settle(a, status == 200 ? ASKING_IN : ASKING_NOBODY);
		break;
	}
	explicit_bzero(says, sizeof(says));
	explicit_bzero(proof, sizeof(proof));
}

static void
take_moved(struct guard *g, struct wire_in *in)
{
	char from[GUARD_HEX], to[GUARD_HEX];
	struct seen *s;
	struct err err;

	wire_get_text(in, from, sizeof(from));
	wire_get_text(in, to, sizeof(to));
	if (wire_close(in, &err) < 0)
		return;
	s = find(g, from);
	if (s != NULL)
		memcpy(s->who.hex, to, sizeof(to));
	/* Of requests that are being answered, too: a long history is not broken off by it. */
	for (struct asking *x = g->first; x != NULL; x = x->next)
		if (strcmp(x->who.hex, from) == 0)
			memcpy(x->who.hex, to, sizeof(to));
	if (g->moved != NULL)
		g->moved(g->ctx, from, to);
}

void
guard_moves(struct guard *g, void (*moved)(void *ctx, const char *from_hex, const char *to_hex))
{
	g->moved = moved;
}

static void
take_managed(struct guard *g, struct wire_in *in)
{
	uint32_t number = wire_get_u32(in);
	unsigned status = wire_get_u16(in), next = wire_get_u16(in), wait_s = wire_get_u32(in);
	char text[MANAGE_TEXT];
	struct err err;

	wire_get_text(in, text, sizeof(text));
	for (struct asking *a = g->first; a != NULL && wire_close(in, &err) == 0; a = a->next) {
		if (number == 0 || a->number != number || a->state != ASKING_WAITS)
			continue;
		a->status = status;
		a->next_piece = next;
		a->wait_s = wait_s;
		a->text = mem_text(text);
		settle(a, ASKING_IN);
		break;
	}
	explicit_bzero(text, sizeof(text));
}

bool
guard_told(void *guard, int kind, struct wire_in *in)
{
	struct guard *g = guard;

	if (kind == WIRE_WHO_IS)
		take_who(g, in);
	else if (kind == WIRE_FORGET)
		forget(g, in);
	else if (kind == WIRE_SIGNED_IN)
		take_signed_in(g, in);
	else if (kind == WIRE_MOVED)
		take_moved(g, in);
	else if (kind == WIRE_MANAGED)
		take_managed(g, in);
	else
		return false;
	return true;
}

/* Nobody can say any more that it is still so: sessions do not outlive the gate. */
void
guard_gate_gone(void *guard)
{
	struct guard *g = guard;

	memset(g->seen, 0, sizeof(g->seen));
	for (struct asking *a = g->first, *next; a != NULL; a = next) {
		next = a->next;
		settle(a, ASKING_LOST);
	}
	g->changed(g->ctx);
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

int64_t
guard_step(struct guard *g, int64_t now_ns)
{
	int64_t next = NEVER;

	for (struct asking *a = g->first, *after; a != NULL; a = after) {
		after = a->next;
		if (a->state != ASKING_WAITS)
			continue;
		if (now_ns >= a->deadline_ns)
			settle(a, ASKING_LOST);
		else
			next = MIN(next, a->deadline_ns);
	}
	return next;
}

struct guard *
guard_new(struct orders *o, void (*changed)(void *ctx), void *ctx)
{
	struct guard *g = mem_zero(1, sizeof(*g));

	g->orders = o;
	g->changed = changed;
	g->ctx = ctx;
	orders_others(o, guard_told, guard_gate_gone, g);
	return g;
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	explicit_bzero(g->seen, sizeof(g->seen));
	free(g);
}
