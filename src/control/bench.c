/* bench.c - links, channels and the tick of one bench */
#include "control/bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/channel.h"
#include "control/due.h"
#include "control/guests.h"
#include "control/hands.h"
#include "control/lateness.h"
#include "control/wakes.h"

#define STEP_NS (10 * NS_PER_MS) /* a step of the wall clock over this is an event */
#define CLOCK_NS (60 * NS_PER_S) /* what the clocks say is recorded so often at least */

struct bench {
	const struct image *img;
	struct board *board, *public; /* public: NULL: there is none */
	struct bench_sink sink;
	struct channels *channels;
	struct hands
		*hands; /* what writes and protects; NULL: nothing of the bench is ever written */
	struct guests *guests; /* questions of others on its wires */
	struct link **links;   /* [link] */
	struct wakes wakes;    /* of links */
	uint32_t *pending;     /* links whose wishes have not been taken yet */
	uint8_t *is_pending;   /* [link] */
	uint32_t n_pending, first_pending;
	uint32_t *instrument_link;     /* [instrument] */
	enum instrument_state *states; /* [instrument] as last reported */
	uint8_t *
		is_stale_state; /* [instrument] its state on the board is older than its last change */
	uint32_t health[HEALTH_COUNT]; /* channels */
	int64_t now_ns;
	int64_t counted_ns; /* since when values are counted */
	uint64_t values;    /* read since then */
	bool is_run;        /* one is being recorded, as the recorder says */
	uint64_t ticks, lost;
	struct lateness lateness;
	int64_t wall_ns; /* at the last tick; 0: none yet */
	struct due *due;
	struct bench_devices devices; /* write NULL: they are on wires */
	struct clock_record
		clock; /* the last that was recorded; its stamp is 0: none yet on this board */
	struct {
		uint32_t link; /* being closed, IMAGE_NONE: none */
		enum quality reason;
		const char *why;
		uint64_t event; /* told: it took instruments down; 0: not yet */
	} closing;
};

uint64_t
bench_event(struct bench *b, struct event *e)
{
	uint8_t bytes[EVENT_BYTES];

	if (b->sink.event == NULL || b->sink.event(b->sink.ctx, e) == 0)
		return 0;
	board_tape_event(b->board, e->stamp_ns, bytes, event_encode(bytes, e));
	return e->id;
}

static void
emit_value(struct bench *b, enum event_kind kind, double value, int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns, .n_values = 1, .values = { value } };

	bench_event(b, &e);
}

/* A link that is lost is told once, and only when it takes an instrument down: as the cause of that. */
static uint64_t
tell_link(struct bench *b)
{
	struct event e = {
		.kind = EVENT_LINK_DOWN, .stamp_ns = b->now_ns, .reason = b->closing.reason
	};
	const struct image_link *l = image_link_at(b->img, b->closing.link);

	text_copy(e.subject, sizeof(e.subject), image_text(b->img, l->name));
	if (b->closing.why != NULL)
		text_copy(e.text, sizeof(e.text), b->closing.why);
	return bench_event(b, &e);
}

static void
emit_instrument(struct bench *b, enum event_kind kind, uint32_t instrument, enum quality reason)
{
	struct event e = { .kind = kind, .stamp_ns = b->now_ns, .reason = reason };
	const struct image_instrument *ins = image_instrument_at(b->img, instrument);

	if (kind == EVENT_INSTRUMENT_DOWN && b->closing.link == ins->link) {
		if (b->closing.event == 0)
			b->closing.event = tell_link(b);
		e.cause = b->closing.event;
	}
	text_copy(e.subject, sizeof(e.subject), image_text(b->img, ins->name));
	bench_event(b, &e);
}

static void
on_reading(void *ctx, uint32_t point, const struct reading *r, int64_t stamp_ns)
{
	struct bench *b = ctx;
	const struct image_point *p = image_point_at(b->img, point);
	struct sample s; /* filled by hand: its text is long and not looked at here */

	s.stamp_ns = stamp_ns;
	s.v = r->v;
	s.quality = r->quality;
	s.code = r->code;
	if (r->quality == Q_GOOD)
		b->values++;
	channels_accept(b->channels, p->channel, p->value, &s, r->text);
	if (b->hands != NULL)
		hands_read(b->hands, p->channel, b->now_ns);
}

static void
on_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code)
{
	struct bench *b = ctx;

	if (b->hands != NULL)
		hands_written(b->hands, tag, verdict, code, b->now_ns);
}

static void
on_once(void *ctx, uint32_t point, uint32_t tag, enum link_once once, enum quality verdict)
{
	struct bench *b = ctx;

	(void)point;
	if (b->hands != NULL)
		hands_once(b->hands, tag, once, verdict, b->now_ns);
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
	struct bench *b = ctx;

	b->is_stale_state[instrument] = 1;
	if (state == b->states[instrument] && reason != Q_WRONG_DEVICE)
		return;
	b->states[instrument] = state;
	if (b->hands != NULL && state != INSTRUMENT_UP)
		hands_lost(b->hands, instrument, b->now_ns);
	else if (b->hands != NULL)
		hands_back(b->hands, instrument, b->now_ns);
	if (state == INSTRUMENT_UP && reason != Q_GOOD)
		emit_instrument(b, EVENT_INSTRUMENT_ODD, instrument, reason);
	else if (state == INSTRUMENT_UP)
		emit_instrument(b, EVENT_INSTRUMENT_UP, instrument, Q_GOOD);
	else if (state == INSTRUMENT_DOWN)
		emit_instrument(b, EVENT_INSTRUMENT_DOWN, instrument, reason);
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
	struct bench *b = ctx;

	board_trace(b->board, instrument, line);
}

static void
touch(struct bench *b, uint32_t link)
{
	if (b->is_pending[link])
		return;
	b->is_pending[link] = 1;
	b->pending[(b->first_pending + b->n_pending++) % b->img->links.n] = link;
}

/* ---- for the hands -------------------------------------------------------------------------------------------------------- */

static uint64_t
on_hand_event(void *ctx, struct event *e)
{
	return bench_event(ctx, e);
}

static uint64_t
on_intent(void *ctx, struct event *e)
{
	struct bench *b = ctx;
	uint8_t bytes[EVENT_BYTES];

	if (b->sink.intent == NULL)
		return bench_event(b, e);
	if (b->sink.intent(b->sink.ctx, e) != 0)
		board_tape_event(b->board, e->stamp_ns, bytes, event_encode(bytes, e));
	return e->id;
}

static enum command_record
on_recorded(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns)
{
	struct bench *b = ctx;

	return b->sink.recorded == NULL ? COMMAND_RECORDED
					: b->sink.recorded(b->sink.ctx, id, asked_ns, now_ns);
}

static void
on_verdict(void *ctx, const struct verdict_told *v)
{
	struct bench *b = ctx;

	if (b->sink.verdict != NULL)
		b->sink.verdict(b->sink.ctx, v);
}

static uint32_t
link_of(const struct bench *b, uint32_t point)
{
	return b->instrument_link[image_point_at(b->img, point)->instrument];
}

static int
on_write(void *ctx, uint32_t point, uint32_t tag, union value v, struct err *err)
{
	struct bench *b = ctx;
	uint32_t link = link_of(b, point);
	int rc;

	if (b->devices.write != NULL)
		return b->devices.write(b->devices.ctx, point, tag, v, NULL, false, err);
	rc = link_write(b->links[link], point, tag, v, NULL, b->now_ns, err);

	touch(b, link);
	return rc;
}

static int
on_write_once(
	void *ctx, uint32_t point, uint32_t tag, union value v, const char *text, struct err *err)
{
	struct bench *b = ctx;
	uint32_t link = link_of(b, point);
	int rc;

	if (b->devices.write != NULL)
		return b->devices.write(b->devices.ctx, point, tag, v, text, true, err);
	rc = link_write_once(b->links[link], point, tag, v, text, b->now_ns, err);

	touch(b, link);
	return rc;
}

static void
on_ask(void *ctx, uint32_t point)
{
	struct bench *b = ctx;
	uint32_t link = link_of(b, point);

	if (b->devices.ask != NULL) {
		b->devices.ask(b->devices.ctx, point);
		return;
	}
	link_ask(b->links[link], point, b->now_ns);
	touch(b, link);
}

static void
on_make_way(void *ctx)
{
	struct bench *b = ctx;

	for (uint32_t i = 0; i < b->img->links.n; i++)
		link_make_way(b->links[i]);
}

static void
on_anew(void *ctx, uint32_t instrument)
{
	struct bench *b = ctx;
	uint32_t link = b->instrument_link[instrument];

	link_anew(b->links[link], instrument, b->now_ns);
	touch(b, link);
}

/* ---- devices without wires ------------------------------------------------------------------------------------------------ */

void
bench_direct(struct bench *b, const struct bench_devices *devices)
{
	b->devices = *devices;
}

void
bench_reading(struct bench *b, uint32_t point, const struct reading *r, int64_t now_ns)
{
	b->now_ns = now_ns;
	on_reading(b, point, r, now_ns);
}

void
bench_written(struct bench *b, uint32_t point, uint32_t tag, enum quality verdict, int64_t now_ns)
{
	b->now_ns = now_ns;
	on_written(b, point, tag, verdict, 0);
}

void
bench_once(struct bench *b, uint32_t point, uint32_t tag, enum link_once once, enum quality verdict,
	int64_t now_ns)
{
	b->now_ns = now_ns;
	on_once(b, point, tag, once, verdict);
}

void
bench_instrument(struct bench *b, uint32_t instrument, enum instrument_state state,
	enum quality reason, int64_t now_ns)
{
	b->now_ns = now_ns;
	on_state(b, instrument, state, reason);
}

static uint64_t
on_keep(void *ctx, const uint8_t *bytes, size_t n)
{
	struct bench *b = ctx;

	return b->sink.keep(b->sink.ctx, bytes, n);
}

/* ---- for guests ----------------------------------------------------------------------------------------------------------- */

static int
on_guest_check(
	void *ctx, uint32_t link, const struct guest_ask *ask, bool *out_writes, struct err *err)
{
	const struct bench *b = ctx;

	return link_guest_check(b->links[link], ask, out_writes, err);
}

static int
on_guest_start(
	void *ctx, uint32_t link, const struct guest_ask *ask, uint32_t ticket, struct err *err)
{
	struct bench *b = ctx;
	int rc = link_guest(b->links[link], ask, ticket, b->now_ns, err);

	touch(b, link);
	return rc;
}

static bool
on_guest_is_free(void *ctx, uint32_t link)
{
	const struct bench *b = ctx;

	return link_guest_is_free(b->links[link]);
}

static int
on_guest_may_write(void *ctx, struct err *err)
{
	const struct bench *b = ctx;

	if (b->img->is_observed)
		return err_set(
			err, ERR_REFUSED, 0, "this bench only observes; nothing at all is written");
	if (b->is_run)
		return err_set(err, ERR_REFUSED, 0, "a run is active; end it first");
	return b->hands == NULL ? 0 : hands_may_be_bypassed(b->hands, err);
}

static void
on_guest_told(void *ctx, const struct guest_told *t)
{
	struct bench *b = ctx;

	if (b->sink.guest != NULL)
		b->sink.guest(b->sink.ctx, t);
}

static void
on_guest(void *ctx, uint32_t ticket, enum guest_end end, int64_t reply_ns, const uint8_t *bytes,
	size_t n, const char *why)
{
	struct bench *b = ctx;

	guests_ended(b->guests, ticket, end, reply_ns, bytes, n, why, b->now_ns);
}

static void
make_guests(struct bench *b)
{
	const struct guests_sink sink = {
		.ctx = b,
		.check = on_guest_check,
		.start = on_guest_start,
		.is_free = on_guest_is_free,
		.may_write = on_guest_may_write,
		.event = on_hand_event,
		.intent = on_intent,
		.recorded = on_recorded,
		.told = on_guest_told,
	};

	b->guests = guests_new(b->img, &sink);
}

void
bench_guest(struct bench *b, const struct guest_ask *ask, int64_t now_ns)
{
	b->now_ns = now_ns;
	guests_take(b->guests, ask, now_ns);
	guests_step(b->guests, now_ns);
}

static void
make_hands(struct bench *b, int64_t now_ns)
{
	const struct hands_sink sink = {
		.ctx = b,
		.event = on_hand_event,
		.intent = on_intent,
		.recorded = on_recorded,
		.verdict = on_verdict,
		.write = on_write,
		.write_once = on_write_once,
		.ask = on_ask,
		.make_way = on_make_way,
		.anew = on_anew,
		.keep = b->sink.keep == NULL ? NULL : on_keep,
	};

	if (hands_are_wanted(b->img))
		b->hands = hands_new(b->img, b->channels, &sink, now_ns);
}

struct bench *
bench_new(const struct image *img, struct board *board,
	const struct codec *(*codec_of)(const char *name), const struct bench_sink *sink,
	int64_t now_ns)
{
	struct bench *b = mem_zero(1, sizeof(*b));
	const struct link_sink link_sink = {
		.ctx = b,
		.reading = on_reading,
		.state = on_state,
		.trace = on_trace,
		.written = on_written,
		.once = on_once,
		.guest = on_guest,
	};
	uint32_t n_links = img->links.n, n_instruments = img->instruments.n;

	b->img = img;
	b->board = board;
	b->sink = *sink;
	b->now_ns = b->counted_ns = now_ns;
	b->closing.link = IMAGE_NONE;
	b->channels = channels_new(img, board);
	b->links = mem_zero(n_links, sizeof(struct link *));
	b->pending = mem_zero(n_links, sizeof(*b->pending));
	b->is_pending = mem_zero(n_links, 1);
	b->instrument_link = mem_zero(n_instruments, sizeof(*b->instrument_link));
	b->states = mem_zero(n_instruments, sizeof(*b->states));
	b->is_stale_state = mem_zero(n_instruments, 1);
	wakes_init(&b->wakes, n_links);
	for (uint32_t i = 0; i < n_instruments; i++) {
		b->instrument_link[i] = image_instrument_at(img, i)->link;
		b->is_stale_state[i] = 1;
	}
	for (uint32_t i = 0; i < n_links; i++) {
		b->links[i] = link_new(img, i, codec_of, &link_sink, now_ns);
		touch(b, i);
	}
	make_guests(b);
	make_hands(b, now_ns);
	b->due = due_new(img);
	for (uint32_t i = 0; i < HEALTH_COUNT; i++)
		b->health[i] = IMAGE_NONE;
	for (uint32_t i = 0; i < img->channels.n; i++)
		if (image_channel_at(img, i)->source_kind == SOURCE_HEALTH)
			b->health[image_channel_at(img, i)->source] = i;
	return b;
}

void
bench_secrets(struct bench *b, const struct secrets *s)
{
	for (uint32_t i = 0; i < b->img->links.n; i++)
		link_secrets(b->links[i], s);
}

void
bench_free(struct bench *b)
{
	if (b == NULL)
		return;
	for (uint32_t i = 0; i < b->img->links.n; i++)
		link_free(b->links[i]);
	hands_free(b->hands);
	due_free(b->due);
	guests_free(b->guests);
	channels_free(b->channels);
	wakes_done(&b->wakes);
	free(b->links);
	free(b->pending);
	free(b->is_pending);
	free(b->instrument_link);
	free(b->states);
	free(b->is_stale_state);
	free(b);
}

/* The link that went to the same place before, whatever its name was. */
static uint32_t
find_link(const struct image *img, const struct image_link *l, const struct image *old)
{
	uint32_t best = IMAGE_NONE;

	for (uint32_t i = 0; i < old->links.n; i++) {
		const struct image_link *o = image_link_at(old, i);

		if (!image_same_wire(old, o, img, l))
			continue;
		if (strcmp(image_text(old, o->name), image_text(img, l->name)) == 0)
			return i;
		if (best == IMAGE_NONE)
			best = i;
	}
	return best;
}

static uint32_t
find_instrument(const struct image *img, const struct image_instrument *like)
{
	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (image_instrument_at(img, i)->id == like->id)
			return i;
	return IMAGE_NONE;
}

int
bench_may_adopt(const struct bench *b, const struct image *next, struct err *err)
{
	return b->hands == NULL ? 0 : hands_may_adopt(b->hands, next, b->is_run, err);
}

bool
bench_is_at_rest(const struct bench *b)
{
	return !b->is_run && (b->hands == NULL || hands_are_safe(b->hands));
}

void
bench_adopt(struct bench *b, struct bench *from, uint32_t *kept, int64_t now_ns)
{
	b->now_ns = now_ns;
	guests_drop(from->guests);
	b->is_run = from->is_run;
	channels_adopt(b->channels, from->channels);
	if (b->hands != NULL && from->hands != NULL)
		hands_adopt(b->hands, from->hands, now_ns);
	/* States first: an instrument that goes on as it was is no news. */
	for (uint32_t i = 0; i < b->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(b->img, i);
		uint32_t old = find_instrument(from->img, ins);

		if (old != IMAGE_NONE && image_instrument_at(from->img, old)->hash == ins->hash)
			b->states[i] = from->states[old];
	}
	for (uint32_t i = 0; i < b->img->links.n; i++) {
		uint32_t old = find_link(b->img, image_link_at(b->img, i), from->img);

		kept[i] = IMAGE_NONE;
		if (old != IMAGE_NONE && link_adopt(b->links[i], from->links[old], now_ns))
			kept[i] = old;
		touch(b, i);
	}
	due_adopt(b->due, from->due);
	b->ticks = from->ticks;
	b->lost = from->lost;
	b->lateness = from->lateness;
	b->wall_ns = from->wall_ns;
}

void
bench_opened(struct bench *b, uint32_t link, int64_t now_ns)
{
	b->now_ns = now_ns;
	for (uint32_t i = 0; b->hands != NULL && i < b->img->instruments.n; i++)
		if (b->instrument_link[i] == link && b->states[i] != INSTRUMENT_UP)
			hands_opened(b->hands, i, now_ns);
	link_opened(b->links[link], now_ns);
	touch(b, link);
}

void
bench_closed(struct bench *b, uint32_t link, enum quality reason, const char *why, int64_t now_ns)
{
	b->now_ns = now_ns;
	b->closing.link = link;
	b->closing.reason = reason;
	b->closing.why = why;
	b->closing.event = 0;
	link_closed(b->links[link], reason, why, now_ns);
	b->closing.link = IMAGE_NONE;
	touch(b, link);
}

void
bench_bytes(struct bench *b, uint32_t link, const uint8_t *in, size_t n, int64_t now_ns)
{
	b->now_ns = now_ns;
	link_bytes(b->links[link], in, n, now_ns);
	touch(b, link);
	if (b->hands != NULL)
		hands_step(b->hands, now_ns);
}

void
bench_time(struct bench *b, int64_t now_ns)
{
	uint32_t link;

	b->now_ns = now_ns;
	while (wakes_first(&b->wakes, &link) <= now_ns) {
		wakes_set(&b->wakes, link, NEVER); /* set again when its wishes are taken */
		link_time(b->links[link], now_ns);
		touch(b, link);
	}
	if (b->hands != NULL)
		hands_step(b->hands, now_ns);
	guests_step(b->guests, now_ns);
}

uint32_t
bench_take(struct bench *b, struct link_wants *out)
{
	uint32_t link;

	if (b->n_pending == 0)
		return IMAGE_NONE;
	link = b->pending[b->first_pending];
	b->first_pending = (b->first_pending + 1) % b->img->links.n;
	b->n_pending--;
	b->is_pending[link] = 0;
	link_take(b->links[link], out);
	wakes_set(&b->wakes, link, out->wake_ns);
	return link;
}

int64_t
bench_wake(const struct bench *b)
{
	uint32_t link;
	int64_t wake_ns = wakes_first(&b->wakes, &link);

	return b->hands == NULL ? wake_ns : MIN(wake_ns, hands_wake(b->hands));
}

void
bench_command(struct bench *b, const struct command *c, int64_t now_ns)
{
	struct verdict_told v = { .verdict = VERDICT_REFUSED };

	b->now_ns = now_ns;
	if (b->hands != NULL) {
		hands_command(b->hands, c, now_ns);
		return;
	}
	text_copy(v.id, sizeof(v.id), c->id);
	text_copy(v.text, sizeof(v.text),
		"nothing of this bench is written; an output is a channel with write:");
	on_verdict(b, &v);
}

void
bench_command_ask(struct bench *b, const char *id)
{
	struct verdict_told v = { .verdict = VERDICT_UNKNOWN };

	if (b->hands != NULL) {
		hands_command_ask(b->hands, id);
		return;
	}
	text_copy(v.id, sizeof(v.id), id);
	text_copy(v.text, sizeof(v.text), "no such command is known");
	on_verdict(b, &v);
}

void
bench_recorded(struct bench *b, int64_t now_ns)
{
	b->now_ns = now_ns;
	if (b->hands != NULL)
		hands_recorded(b->hands, now_ns);
	guests_step(b->guests, now_ns);
}

bool
bench_stop(struct bench *b, int64_t now_ns)
{
	b->now_ns = now_ns;
	return b->hands == NULL || hands_stop(b->hands, now_ns);
}

void
bench_health(struct bench *b, enum health which, double v, int64_t now_ns)
{
	struct sample s = { .stamp_ns = now_ns, .quality = Q_GOOD, .v.f = v };

	if (which == HEALTH_HISTORY_run)
		b->is_run = v > 0;
	if (b->health[which] != IMAGE_NONE)
		channels_accept(b->channels, b->health[which], VALUE_FLOAT, &s, NULL);
}

static void
write_states(struct bench *b, bool all)
{
	for (uint32_t i = 0; i < b->img->instruments.n; i++) {
		struct board_state state;

		if (!all && !b->is_stale_state[i])
			continue;
		link_state(b->links[b->instrument_link[i]], i, &state);
		board_write_state(b->board, i, &state);
		b->is_stale_state[i] = 0;
	}
}

static void
report_lateness(struct bench *b, int64_t now_ns)
{
	const struct {
		enum health row;
		int64_t ns;
	} rows[] = {
		{ HEALTH_CONTROL_lateness_max, lateness_max(&b->lateness) },
		{ HEALTH_CONTROL_lateness_p50, lateness_share(&b->lateness, 0.5) },
		{ HEALTH_CONTROL_lateness_p99, lateness_share(&b->lateness, 0.99) },
		{ HEALTH_CONTROL_lateness_p999, lateness_share(&b->lateness, 0.999) },
	};

	for (size_t i = 0; i < NELEM(rows); i++)
		bench_health(b, rows[i].row, (double)rows[i].ns / 1e6, now_ns);
}

/* Once a second: what the controller says about itself. */
static void
report_health(struct bench *b, const struct bench_clock *clock)
{
	double span_s = (double)(clock->now_ns - b->counted_ns) / 1e9;
	uint32_t down = 0;

	for (uint32_t i = 0; i < b->img->instruments.n; i++)
		down += b->states[i] == INSTRUMENT_DOWN;
	bench_health(b, HEALTH_CONTROL_values, (double)b->values / span_s, clock->now_ns);
	bench_health(b, HEALTH_CONTROL_ticks, (double)b->ticks, clock->now_ns);
	bench_health(b, HEALTH_CONTROL_ticks_lost, (double)b->lost, clock->now_ns);
	bench_health(b, HEALTH_CONTROL_lateness, (double)clock->late_ns / 1e6, clock->now_ns);
	report_lateness(b, clock->now_ns);
	bench_health(b, HEALTH_CONTROL_instruments_down, down, clock->now_ns);
	b->values = 0;
	b->counted_ns = clock->now_ns;
}

/* For those who date what is on the tape and in the journal: at the start of each board, each minute, and when it is news. */
static void
record_clock(struct bench *b, const struct bench_clock *clock, bool has_stepped)
{
	int64_t off = clock->wall_ns - b->clock.wall_ns;

	if (b->clock.stamp_ns != 0 && clock->now_ns - b->clock.stamp_ns < CLOCK_NS &&
		clock->wall_is_good == b->clock.is_good && !has_stepped && off <= STEP_NS &&
		off >= -STEP_NS)
		return;
	b->clock = (struct clock_record){
		.stamp_ns = clock->now_ns, .wall_ns = clock->wall_ns, .is_good = clock->wall_is_good
	};
	board_tape_clock(b->board, clock->now_ns, clock->wall_ns, clock->wall_is_good);
	if (b->public != NULL)
		board_tape_clock(b->public, clock->now_ns, clock->wall_ns, clock->wall_is_good);
	if (b->sink.clock != NULL)
		b->sink.clock(b->sink.ctx, &b->clock);
}

static void
watch_time(struct bench *b, const struct bench_clock *clock)
{
	int64_t step = clock->wall_ns - b->wall_ns;
	bool has_stepped = b->wall_ns != 0 && (step > STEP_NS || step < -STEP_NS);

	record_clock(b, clock, has_stepped); /* before what happens at this moment */
	if (clock->lost > 0) {
		b->lost += clock->lost;
		emit_value(b, EVENT_TICKS_LOST, (double)clock->lost, clock->now_ns);
	}
	if (has_stepped)
		emit_value(b, EVENT_CLOCK_STEP, (double)step / 1e9, clock->now_ns);
	b->wall_ns = clock->wall_ns;
	lateness_add(&b->lateness, clock->late_ns, clock->now_ns);
}

static void
on_due(void *ctx, struct event *e)
{
	bench_event(ctx, e);
}

static struct keep_time
keep_time(const struct bench *b, const struct bench_clock *clock)
{
	return (struct keep_time){ .boot = b->sink.boot,
		.stamp_ns = clock->now_ns,
		.wall_ns = clock->wall_ns,
		.wall_is_good = clock->wall_is_good };
}

static void
tick_hands(struct bench *b, const struct bench_clock *clock)
{
	const struct keep_time now = keep_time(b, clock);

	hands_late(b->hands, clock->late_ns);
	hands_tick(b->hands, &now);
}

void
bench_share(struct bench *b, struct board *public)
{
	b->public = public;
	channels_share(b->channels, public);
}

void
bench_restore(struct bench *b, const struct keep_past *past, const struct bench_clock *clock)
{
	const struct keep_time now = keep_time(b, clock);

	b->now_ns = clock->now_ns;
	if (b->hands != NULL)
		hands_restore(b->hands, past, &now);
}

void
bench_tick(struct bench *b, const struct bench_clock *clock)
{
	struct board_heart heart = {
		.stamp_ns = clock->now_ns,
		.wall_ns = clock->wall_ns,
		.wall_is_good = clock->wall_is_good,
	};
	bool is_second = clock->now_ns - b->counted_ns >= NS_PER_S;

	b->now_ns = clock->now_ns;
	b->ticks++;
	watch_time(b, clock);
	if (is_second)
		report_health(b, clock);
	if (is_second && clock->wall_is_good)
		due_tick(b->due, (clock->wall_ns + clock->now_ns) / NS_PER_S, clock->now_ns, on_due,
			b);
	channels_age(b->channels, clock->now_ns);
	channels_guard(b->channels, clock->now_ns);
	channels_calculate(b->channels, clock->now_ns);
	if (b->hands != NULL)
		tick_hands(b, clock);
	board_tick_begin(b->board);
	if (b->public != NULL)
		board_tick_begin(b->public);
	channels_publish(b->channels);
	if (b->public != NULL)
		board_tick_end(b->public, &heart); /* what was lost is nobody else's business */
	write_states(b, is_second);
	heart.lost = b->lost;
	board_tick_end(b->board, &heart);
}
