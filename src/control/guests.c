/* guests.c - questions of somebody else: mbc try, mbc scan */
#include "control/guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define WAIT_NS (12 * NS_PER_S) /* behind other guests of the same wire */

enum place_phase { PLACE_FREE, PLACE_RECORDING, PLACE_QUEUED, PLACE_ASKED };

struct place {
	uint8_t phase;
	bool writes;
	uint32_t link;
	uint64_t event; /* of a write; 0: it reads */
	int64_t asked_ns;
	struct guest_ask ask;
};

struct guests {
	const struct image *img;
	struct guests_sink sink;
	struct place places[GUESTS_MAX]; /* ticket: its index */
	unsigned first;                  /* whose turn it is */
	struct guest_told told;          /* long, and told at once */
};

struct guests *
guests_new(const struct image *img, const struct guests_sink *sink)
{
	struct guests *g = mem_zero(1, sizeof(*g));

	g->img = img;
	g->sink = *sink;
	return g;
}

void
guests_free(struct guests *g)
{
	free(g);
}

/* ---- what is told --------------------------------------------------------------------------------------------------------- */

static void
say(struct guests *g, const struct guest_ask *ask, enum guest_end end, const char *why)
{
	struct guest_told *t = &g->told;

	t->number = ask->number;
	t->end = end;
	t->reply_ns = 0;
	t->n = 0;
	text_copy(t->why, sizeof(t->why), why);
	g->sink.told(g->sink.ctx, t);
}

/* "06 00 01 04 b0", the first bytes of many. */
static void
put_hex(char *out, size_t cap, const uint8_t *bytes, size_t n)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && at + 8 < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, "%s%02x", i == 0 ? "" : " ", bytes[i]);
	if (3 * n > at + 1)
		snprintf(out + at, cap - at, " ...");
}

static uint64_t
note(struct guests *g, const struct guest_ask *ask, enum event_kind kind, uint64_t cause,
	const char *what, int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns, .cause = cause };
	char hex[72];

	put_hex(hex, sizeof(hex), ask->bytes, ask->n);
	text_copy(e.subject, sizeof(e.subject), ask->instrument);
	text_copy(e.principal, sizeof(e.principal), ask->principal);
	snprintf(e.text, sizeof(e.text), "%s%s%.90s", hex, what[0] == '\0' ? "" : ": ", what);
	return kind == EVENT_GUEST_WRITE ? g->sink.intent(g->sink.ctx, &e)
					 : g->sink.event(g->sink.ctx, &e);
}

static void
refuse_write(struct guests *g, const struct guest_ask *ask, uint64_t cause, const char *why,
	int64_t now_ns)
{
	note(g, ask, EVENT_GUEST_WRITE_ENDED, cause, why, now_ns);
	say(g, ask, GUEST_REFUSED, why);
}

/* ---- may it be asked ------------------------------------------------------------------------------------------------------ */

static int
find_link(const struct guests *g, const char *instrument, uint32_t *out, struct err *err)
{
	for (uint32_t i = 0; i < g->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(g->img, i);

		if (strcmp(image_text(g->img, ins->name), instrument) != 0)
			continue;
		*out = ins->link;
		return 0;
	}
	return err_set(err, ERR_REFUSED, 0, "the bench has no instrument '%.60s'", instrument);
}

static int
check_write(struct guests *g, const struct place *p, struct err *err)
{
	if (!p->ask.may_write)
		return err_set(err, ERR_REFUSED, 0,
			"it may change something in a device; add --yes-write when that may be");
	return g->sink.may_write(g->sink.ctx, err);
}

void
guests_take(struct guests *g, const struct guest_ask *ask, int64_t now_ns)
{
	struct place *p = g->places;
	struct err err;

	while (p < g->places + GUESTS_MAX && p->phase != PLACE_FREE)
		p++;
	if (p == g->places + GUESTS_MAX) {
		say(g, ask, GUEST_REFUSED, "others ask already; try again in a moment");
		return;
	}
	p->ask = *ask;
	p->asked_ns = now_ns;
	p->event = 0;
	p->writes = false;
	if (find_link(g, ask->instrument, &p->link, &err) < 0 ||
		g->sink.check(g->sink.ctx, p->link, ask, &p->writes, &err) < 0) {
		say(g, ask, GUEST_REFUSED, err.msg);
	} else if (!p->writes) {
		p->phase = PLACE_QUEUED;
	} else if (check_write(g, p, &err) < 0) {
		refuse_write(g, ask, 0, err.msg, now_ns);
	} else {
		p->event = note(g, ask, EVENT_GUEST_WRITE, 0, "", now_ns);
		p->phase = PLACE_RECORDING;
	}
}

/* ---- in its turn ---------------------------------------------------------------------------------------------------------- */

/* What would have written and was not asked is told as what it became, too. */
static void
give_up(struct guests *g, struct place *p, const char *why, int64_t now_ns)
{
	p->phase = PLACE_FREE;
	if (p->event != 0)
		refuse_write(g, &p->ask, p->event, why, now_ns);
	else
		say(g, &p->ask, GUEST_REFUSED, why);
}

static void
step(struct guests *g, uint32_t i, int64_t now_ns)
{
	struct place *p = &g->places[i];
	struct err err;

	if (p->phase == PLACE_RECORDING) {
		switch (g->sink.recorded(g->sink.ctx, p->event, p->asked_ns, now_ns)) {
		case COMMAND_RECORD_WAITS:
			return;
		case COMMAND_RECORDED:
			p->phase = PLACE_QUEUED;
			break;
		case COMMAND_RECORD_FAILED:
			give_up(g, p, "it could not be recorded on the disk", now_ns);
			return;
		}
	}
	if (p->phase != PLACE_QUEUED)
		return;
	if (now_ns - p->asked_ns > WAIT_NS) {
		give_up(g, p, "others ask on this wire; try again in a moment", now_ns);
		return;
	}
	if (!g->sink.is_free(g->sink.ctx, p->link))
		return;
	/* The bench may have changed meanwhile. */
	if (p->writes && check_write(g, p, &err) < 0) {
		give_up(g, p, err.msg, now_ns);
		return;
	}
	p->phase = PLACE_ASKED; /* it may be told before the call is back */
	if (g->sink.start(g->sink.ctx, p->link, &p->ask, i, &err) < 0)
		give_up(g, p, err.msg, now_ns);
}

void
guests_step(struct guests *g, int64_t now_ns)
{
	g->first++;
	for (uint32_t i = 0; i < GUESTS_MAX; i++)
		step(g, (g->first + i) % GUESTS_MAX, now_ns);
}

bool
guests_are_waiting(const struct guests *g)
{
	for (size_t i = 0; i < GUESTS_MAX; i++)
		if (g->places[i].phase == PLACE_RECORDING || g->places[i].phase == PLACE_QUEUED)
			return true;
	return false;
}

static const char *
end_text(enum guest_end end, const char *why)
{
	return end == GUEST_ANSWERED ? "answered" : end == GUEST_SILENT ? "no answer" : why;
}

void
guests_ended(struct guests *g, uint32_t ticket, enum guest_end end, int64_t reply_ns,
	const uint8_t *bytes, size_t n, const char *why, int64_t now_ns)
{
	struct place *p = &g->places[ticket % GUESTS_MAX];
	struct guest_told *t = &g->told;

	if (p->phase != PLACE_ASKED)
		return;
	p->phase = PLACE_FREE;
	if (p->event != 0)
		note(g, &p->ask, EVENT_GUEST_WRITE_ENDED, p->event, end_text(end, why), now_ns);
	t->number = p->ask.number;
	t->end = end;
	t->reply_ns = reply_ns;
	text_copy(t->why, sizeof(t->why), why);
	t->n = MIN(n, sizeof(t->bytes));
	if (t->n > 0)
		memcpy(t->bytes, bytes, t->n);
	g->sink.told(g->sink.ctx, t);
}

void
guests_drop(struct guests *g)
{
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct place *p = &g->places[i];

		if (p->phase != PLACE_FREE)
			say(g, &p->ask, p->phase == PLACE_ASKED ? GUEST_LOST : GUEST_REFUSED,
				"the bench file was taken up anew meanwhile; ask again");
		p->phase = PLACE_FREE;
	}
}
