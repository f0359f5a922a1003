/* demo_trips.c - the demonstration bench: each of its trips, by each fault of its inputs, with each fault of each instrument
 *
 *	demo_trips FILE              the whole table, of a bench file (benches/demo/bench.yaml)
 *	demo_trips FILE --every N    each Nth row of it
 *	demo_trips FILE --row N      one row, and what happened
 *	demo_trips FILE --seeds N    besides: seeds 1 .. N of several faults at once, that come and go, and controllers that are killed
 *	demo_trips FILE --seed N     one of these, and what happened
 *	demo_trips FILE --for S      seeds for so many seconds, from one of the clock
 *	demo_trips FILE --break WHAT succeeds when that is noticed. WHAT: trips, nothing goes wrong with an input; lines, a line that is
 *	                             not confirmed is not told
 *
 * The file is compiled by the real compiler (the environment's MBC_COMPILE); its twin is the one of `mbc demo`. Once as it is, and once with
 * a live zero on each deciding input, and trips that notice one that is frozen.
 *
 * What must hold:
 *	trip   the cause is there for long enough: its trip has fired
 *	safe   a while later each line of the safe state is at its value in the device, or was told as failed; the safe state is shown as reached
 *	       only when all are, and were read
 *	holds  an interlock whose condition is unknown trips nothing; it refuses each write of an output that it reads, but towards safe
 *	calm   with all well again the safe state is reached; the trip can be reset, and that moves nothing
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "control/bench.h"
#include "drivers/list.h"
#include "twin/cable.h"
#include "twin/fault.h"

#define MS NS_PER_MS
#define SECOND NS_PER_S
#define LINKS 8
#define EVENTS 20000
#define REPLY_NS (4 * MS)
#define FIRES (30 * SECOND)    /* a trip, with whatever deciding reading missing */
#define PATIENCE (20 * SECOND) /* each line is there, or told */

/* ---- the table ----------------------------------------------------------------------------------------------------------- */

/* What brings a trip about, as orders to the twin. */
static const struct cause {
	const char *trip, *name, *orders;
	bool is_stern; /* only in the bench that notices it */
	bool is_fault; /* of the instrument, which has no other one then */
	const char *of;
	bool is_unknown; /* of an interlock, which then only holds, but in the bench that notices more */
} causes[] = {
	{ "h2_leak", "high", "set daq.lel=20", false, false, "daq", false },
	{ "h2_leak", "broken", "fault daq=refuse", false, true, "daq", false },
	{ "h2_leak", "dead", "fault daq=dead", false, true, "daq", false },
	{ "h2_leak", "late", "fault daq=late:2s", false, true, "daq", false },
	{ "h2_leak", "garbled", "fault daq=wrong_tag", false, true, "daq", false },
	{ "h2_leak", "frozen", "set daq.lel=0.5", true, false, "daq", false },
	{ "h2_leak", "below live zero", "set daq.lel=-1", true, false, "daq", false },
	{ "bed_too_hot", "high", "set daq.tc0=750", false, false, "daq", false },
	{ "bed_too_hot", "broken", "fault daq=refuse", false, true, "daq", false },
	{ "bed_too_hot", "dead", "fault daq=dead", false, true, "daq", false },
	{ "bed_too_hot", "late", "fault daq=late:2s", false, true, "daq", false },
	{ "bed_too_hot", "garbled", "fault daq=wrong_tag", false, true, "daq", false },
	{ "bed_too_hot", "frozen", "set daq.tc0=180", true, false, "daq", false },
	{ "bed_too_hot", "below live zero", "set daq.tc0=-20", true, false, "daq", false },
	{ "no_h2_without_n2", "low", "set N2.flow=0", false, false, "N2", false },
	{ "no_h2_without_n2", "broken", "fault N2=refuse", false, true, "N2", true },
	{ "no_h2_without_n2", "dead", "fault N2=dead", false, true, "N2", true },
	{ "no_h2_without_n2", "late", "fault N2=late:2s", false, true, "N2", true },
	{ "no_h2_without_n2", "garbled", "fault N2=wrong_tag", false, true, "N2", true },
	{ "no_h2_without_n2", "frozen", "set N2.flow=47.5", true, false, "N2", false },
	{ "no_h2_without_n2", "below live zero", "set N2.flow=-3", true, false, "N2", true },
};

/* The bench that notices more: each of these stands in the file once. */
static const struct {
	const char *what, *by;
} stern[] = {
	{ "      lel:   {read:", "      lel:   {live_zero: 0, read:" },
	{ "      tc0:   {read:", "      tc0:   {live_zero: 0, read:" },
	{ "unit: 11\n    every: 200 ms\n    channels:\n      flow:  {read:",
		"unit: 11\n    every: 200 ms\n    channels:\n      flow:  {live_zero: 0, read:" },
	{ "when: LEL_room > 10 %LEL", "when: \"LEL_room > 10 %LEL or frozen(daq.lel, 15 s)\"" },
	{ "when: T_bed > 700 degC", "when: \"T_bed > 700 degC or frozen(daq.tc0, 15 s)\"" },
	{ "V_H2 == open and N2_flow < 10 mL_n/min",
		"\"V_H2 == open and (N2_flow < 10 mL_n/min or frozen(N2.flow, 10 s))\"" },
	{ "for: 10 s, title: No hydrogen", "for: 10 s, on_bad: 5 s, title: No hydrogen" },
};

/* What is wrong with an instrument that has a line. */
static const struct fault {
	const char *name, *word; /* of fault.def; NULL: done here */
	enum { ANYWHERE, ON_TCP, ON_LINE } where;
} faults[] = {
	{ "well", "none", ANYWHERE },
	{ "silent", NULL, ANYWHERE }, /* but it does what it is told */
	{ "stuck", NULL, ANYWHERE },  /* in a mode of its own: it says yes and does nothing */
	{ "unplugged", NULL, ANYWHERE },
	{ "dead", "dead", ANYWHERE },
	{ "slow", "late:150ms", ANYWHERE },
	{ "late", "late:2s", ANYWHERE },
	{ "cut", "cut", ANYWHERE },
	{ "garbage", "garbage", ANYWHERE },
	{ "echo", "echo", ANYWHERE },
	{ "stale", "stale", ANYWHERE },
	{ "refuse", "refuse", ANYWHERE },
	{ "wrong address", "wrong_address", ANYWHERE },
	{ "wrong tag", "wrong_tag", ON_TCP },
	{ "wrong checksum", "wrong_checksum", ON_LINE },
	{ "restart", "restart", ANYWHERE },
};
enum { WELL, SILENT, STUCK, UNPLUGGED };

/* What the causes keep at a value. */
static const char *const deciding[] = { "daq.lel", "daq.tc0", "N2.flow" };
static const char *const instruments[] = { "furnace", "N2", "H2", "CO2", "valves" };
enum { N2 = 1, VALVES = 4 };

/* ---- a bench, its twin, and the wires between them ------------------------------------------------------------------------- */

struct wires {
	struct cable *cable;
	bool is_open, is_gone;
	int64_t open_ns; /* NEVER */
};

struct play {
	const struct image *img;
	struct twin *twin;
	struct board *board;
	void *memory;
	struct bench *bench;
	struct keep_past *past;
	struct wires wires[LINKS];
	int64_t now_ns, next_tick_ns;
	uint64_t kept;
	bool is_stern, is_silent[NELEM(instruments)], is_disturbed[NELEM(instruments)];
	struct event events[EVENTS];
	size_t n_events;
	enum verdict verdict;
	char why[200];
};

static enum { NOTHING, TRIPS, LINES } broken;
static char what[200]; /* is played now */
static struct play *play;
static bool is_loud;

static void
print_events(void)
{
	for (size_t i = 0; i < play->n_events; i++)
		printf("	%.3f %s '%s' %g %s\n", (double)play->events[i].stamp_ns / 1e9,
			event_row(play->events[i].kind)->token, play->events[i].subject,
			play->events[i].values[0], play->events[i].text);
}

_Noreturn static void
wrong(const char *rule, const char *which, double got)
{
	printf("%s, at %.3f s: %s: %s, %g\n", what, (double)play->now_ns / 1e9, rule, which, got);
	print_events();
	exit(broken == NOTHING);
}

static const char *
text(uint32_t off)
{
	return image_text(play->img, off);
}

static uint32_t
find_instrument(const char *name)
{
	for (uint32_t i = 0; i < play->img->instruments.n; i++)
		if (strcmp(text(image_instrument_at(play->img, i)->name), name) == 0)
			return i;
	wrong("the bench has no such instrument", name, 0);
}

static void
order(const char *orders)
{
	struct err err;

	if (fault_orders(play->twin, orders, &err) < 0)
		wrong("orders", err.msg, 0);
}

/* Is this answer of one that is silent? Each of them is known by its unit. */
static bool
is_unheard(uint32_t link, const uint8_t *frame)
{
	unsigned unit = frame[twin_is_rtu(play->img, link) ? 0 : 6];

	for (size_t i = 0; i < NELEM(instruments); i++) {
		uint32_t ins = find_instrument(instruments[i]);

		if (play->is_silent[i] && image_instrument_at(play->img, ins)->link == link &&
			twin_unit(play->img, ins) == unit)
			return true;
	}
	return false;
}

static void
answer(uint32_t link, const uint8_t *in, size_t n)
{
	static struct twin_reply reply;
	struct wires *w = &play->wires[link];

	twin_step(play->twin, play->now_ns);
	for (size_t at = 0, used = 0; at < n; used = 0) {
		int got = twin_cut(play->twin, link, in + at, n - at, WIRE_SILENT);

		if (got <= 0)
			return; /* nothing that a twin understands */
		twin_reply(play->twin, link, in + at, (size_t)got, &reply);
		for (size_t i = 0; i < reply.n_pieces; used += reply.piece[i++].n)
			if (!is_unheard(link, in + at))
				cable_say(w->cable,
					play->now_ns + REPLY_NS + reply.piece[i].after_ns,
					reply.bytes + used, reply.piece[i].n);
		if (reply.is_last)
			cable_end(w->cable, play->now_ns + REPLY_NS);
		at += (size_t)got;
	}
}

static void
serve(void)
{
	struct link_wants wants;
	uint32_t link;

	while ((link = bench_take(play->bench, &wants)) != IMAGE_NONE) {
		struct wires *w = &play->wires[link];

		if (image_kind_is_local(image_link_at(play->img, link)->kind))
			continue; /* this computer itself is not played */
		if (wants.close) {
			w->is_open = false;
			cable_clear(w->cable);
		}
		if (wants.n > 0 && w->is_open)
			answer(link, wants.bytes, wants.n);
		if (wants.open)
			w->open_ns = play->now_ns + MS;
	}
}

static void
open_or_not(uint32_t link)
{
	struct wires *w = &play->wires[link];

	if (w->is_open && w->is_gone) {
		w->is_open = false;
		cable_clear(w->cable);
		bench_closed(play->bench, link, Q_LINK_LOST, "pulled", play->now_ns);
		serve();
	}
	if (w->open_ns > play->now_ns)
		return;
	w->open_ns = NEVER;
	w->is_open = !w->is_gone;
	if (w->is_open)
		bench_opened(play->bench, link, play->now_ns);
	else
		bench_closed(play->bench, link, Q_NO_LINK, "refused", play->now_ns);
	serve();
}

static void
deliver(uint32_t link)
{
	struct wires *w = &play->wires[link];
	uint8_t *bytes;
	size_t n;

	while (cable_next(w->cable, play->now_ns, &bytes, &n)) {
		if (bytes == NULL && w->is_open) {
			w->is_open = false;
			cable_clear(w->cable);
			bench_closed(play->bench, link, Q_LINK_LOST, "closed", play->now_ns);
		} else if (w->is_open) {
			bench_bytes(play->bench, link, bytes, n, play->now_ns);
		}
		free(bytes);
		serve();
	}
}

static int64_t
wake(void)
{
	int64_t at_ns = MIN(bench_wake(play->bench), play->next_tick_ns);

	for (uint32_t i = 0; i < play->img->links.n; i++)
		at_ns = MIN(at_ns, MIN(play->wires[i].open_ns, cable_wake(play->wires[i].cable)));
	return at_ns;
}

static void
tick(void)
{
	const struct bench_clock clock = {
		.now_ns = play->now_ns, .wall_ns = 1000000 * SECOND, .wall_is_good = true
	};

	twin_step(play->twin, play->now_ns);
	bench_tick(play->bench, &clock);
	play->next_tick_ns += play->img->tick_ns;
	serve();
}

static void
run(int64_t span_ns)
{
	int64_t until_ns = play->now_ns + span_ns;

	serve();
	for (int64_t next; (next = wake()) <= until_ns;) {
		play->now_ns = MAX(play->now_ns, next);
		for (uint32_t i = 0; i < play->img->links.n; i++) {
			open_or_not(i);
			deliver(i);
		}
		bench_time(play->bench, play->now_ns);
		serve();
		if (play->now_ns >= play->next_tick_ns)
			tick();
	}
	play->now_ns = until_ns;
}

/* ---- the controller -------------------------------------------------------------------------------------------------------- */

static uint64_t
on_event(void *ctx, struct event *e)
{
	if (play->n_events == EVENTS)
		wrong("too many events", e->subject, 0);
	e->id = play->n_events + 1;
	if (broken != LINES || e->kind != EVENT_SAFE_LINE_FAILED)
		play->events[play->n_events++] = *e;
	return e->id;
}

static uint64_t
on_keep(void *ctx, const uint8_t *bytes, size_t n)
{
	keep_past_take(play->past, bytes, n);
	return ++play->kept;
}

static void
on_verdict(void *ctx, const struct verdict_told *v)
{
	play->verdict = v->verdict;
	text_copy(play->why, sizeof(play->why), v->text);
}

static void
begin(void)
{
	const struct bench_sink sink = {
		.event = on_event, .keep = on_keep, .verdict = on_verdict, .boot = 1
	};
	const struct bench_clock clock = {
		.now_ns = play->now_ns, .wall_ns = 1000000 * SECOND, .wall_is_good = true
	};
	struct board_setup setup = { .image = play->img,
		.generation = 1,
		.tape_records = board_tape_records(play->img),
		.trace_lines = 8,
		.now_ns = play->now_ns };

	free(play->memory);
	play->memory = mem_zero(1, board_size(&setup));
	play->board = board_make(play->memory, &setup);
	play->bench = bench_new(play->img, play->board, codec_find, &sink, play->now_ns);
	bench_restore(play->bench, play->past, &clock);
	play->next_tick_ns = play->now_ns;
	for (uint32_t i = 0; i < play->img->links.n; i++) {
		cable_clear(play->wires[i].cable);
		play->wires[i].is_open = false;
		play->wires[i].open_ns = NEVER;
	}
}

static void
start(const struct image *img, bool is_stern)
{
	memset(play, 0, sizeof(*play));
	play->is_stern = is_stern;
	play->img = img;
	play->now_ns = 1000 * SECOND;
	play->past = keep_past_new();
	if (img->links.n > LINKS)
		wrong("more links than this takes", "", img->links.n);
	for (uint32_t i = 0; i < img->links.n; i++)
		play->wires[i].cable = cable_new();
	play->twin = twin_new(img, 1);
	twin_step(play->twin, play->now_ns);
	begin();
	run(5 * SECOND); /* the outputs are adopted: hot, hydrogen flows */
}

static void
end(void)
{
	bench_free(play->bench);
	twin_free(play->twin);
	keep_past_free(play->past);
	for (uint32_t i = 0; i < play->img->links.n; i++)
		cable_free(play->wires[i].cable);
	free(play->memory);
}

static void
kill_it(int64_t outage_ns)
{
	bench_free(play->bench);
	play->now_ns += outage_ns;
	twin_step(play->twin, play->now_ns);
	begin();
}

static const char *
word(const char *name)
{
	uint32_t i = image_find_channel(play->img, name);
	const struct image_channel *ch;
	struct sample s;

	if (i == IMAGE_NONE)
		wrong("the bench has no such channel", name, 0);
	board_read(play->board, i, &s);
	ch = image_channel_at(play->img, i);
	for (uint32_t k = 0; k < ch->n_choices; k++)
		if (image_choice_at(play->img, ch->first_choice + k)->number == s.v.i)
			return text(image_choice_at(play->img, ch->first_choice + k)->word);
	return "";
}

static bool
is_told(enum event_kind kind, const char *subject, size_t from)
{
	for (size_t i = from; i < play->n_events; i++)
		if (play->events[i].kind == kind &&
			(subject == NULL || strcmp(play->events[i].subject, subject) == 0))
			return true;
	return false;
}

/* ---- what goes wrong ------------------------------------------------------------------------------------------------------- */

/* The points of an instrument that take writes stay as they are, whatever it answers: the mode that it is stuck in. */
static void
stick(uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(play->img, instrument);

	for (uint32_t p = ins->first_point; p < ins->first_point + ins->n_points; p++)
		if (image_point_at(play->img, p)->write_space >= 0)
			twin_keep(play->twin, p, twin_value(play->twin, p), NULL);
}

static void
come_loose(uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(play->img, instrument);

	for (uint32_t p = ins->first_point; p < ins->first_point + ins->n_points; p++)
		if (image_point_at(play->img, p)->write_space >= 0)
			twin_let_go(play->twin, p);
}

static bool
has_fault(size_t i, size_t fault)
{
	bool is_rtu = twin_is_rtu(
		play->img, image_instrument_at(play->img, find_instrument(instruments[i]))->link);

	return faults[fault].where == ANYWHERE || (faults[fault].where == ON_LINE) == is_rtu;
}

static void
set_fault(size_t i, size_t fault)
{
	uint32_t ins = find_instrument(instruments[i]);
	char orders[80];

	if (!has_fault(i, fault))
		fault = 0;

	snprintf(orders, sizeof(orders), "fault %s=%s", instruments[i],
		faults[fault].word == NULL ? "none" : faults[fault].word);
	order(orders);
	play->is_silent[i] = fault == SILENT;
	play->is_disturbed[i] = fault != WELL;
	play->wires[image_instrument_at(play->img, ins)->link].is_gone = fault == UNPLUGGED;
	if (fault == STUCK)
		stick(ins);
	else
		come_loose(ins);
}

static uint32_t
point_of(const char *name)
{
	uint32_t channel = image_find_channel(play->img, name);

	if (channel == IMAGE_NONE)
		wrong("the bench has no such channel", name, 0);
	return image_channel_at(play->img, channel)->source;
}

static void
heal(void)
{
	for (size_t i = 0; i < NELEM(instruments); i++)
		set_fault(i, 0);
	order("fault daq=none");
	for (size_t i = 0; i < NELEM(deciding); i++)
		twin_let_go(play->twin, point_of(deciding[i]));
}

static bool
is_well(size_t i)
{
	uint32_t link = image_instrument_at(play->img, find_instrument(instruments[i]))->link;

	return !play->is_disturbed[i] && !play->wires[link].is_gone;
}

/* ---- what must hold -------------------------------------------------------------------------------------------------------- */

/* Line i of the bench: its output's device, without asking the controller. */
static bool
is_there(const struct image_safe_line *l)
{
	const struct image_output *o = image_output_at(play->img, l->output);
	double wanted = l->value * o->factor + o->offset;

	return fabs(twin_value(play->twin, image_channel_at(play->img, o->at)->source) - wanted) <
	       1e-3;
}

static const char *
output_name(const struct image_safe_line *l)
{
	return text(
		image_channel_at(play->img, image_output_at(play->img, l->output)->channel)->name);
}

static void
check_lines(size_t from)
{
	const struct image_safe_state *s = image_safe_state_at(play->img, 0);
	const char *shown = word("safe.cold_inert");
	bool is_reached = strcmp(shown, "reached") == 0;

	if (!is_reached && strcmp(shown, "not_confirmed") != 0)
		wrong("safe: shown as", shown, 0);
	if (!is_reached && !is_told(EVENT_SAFE_LINE_FAILED, NULL, from))
		wrong("safe: not reached, and no line told as failed", "", 0);
	for (uint32_t i = s->first_line; i < s->first_line + s->n_lines; i++) {
		const struct image_safe_line *l = image_safe_line_at(play->img, i);

		if (is_there(l))
			continue;
		if (is_reached)
			wrong("safe: shown as reached, but", output_name(l), l->value);
		if (!is_told(EVENT_SAFE_LINE_FAILED, output_name(l), from))
			wrong("safe: not there, and not told", output_name(l), l->value);
	}
}

static void
check_all_there(const char *rule)
{
	const struct image_safe_state *s = image_safe_state_at(play->img, 0);

	for (uint32_t i = s->first_line; i < s->first_line + s->n_lines; i++)
		if (!is_there(image_safe_line_at(play->img, i)))
			wrong(rule, output_name(image_safe_line_at(play->img, i)), 0);
}

static enum verdict
ask(enum command_kind kind, const char *subject, const char *value)
{
	static unsigned n;
	struct command c = {
		.kind = kind, .is_person = true, .text = "well", .ramp_per_min = (double)NAN
	};

	text_copy(c.subject, sizeof(c.subject), subject);
	text_copy(c.value, sizeof(c.value), value);
	text_copy(c.principal, sizeof(c.principal), "tester");
	snprintf(c.id, sizeof(c.id), "c%u", ++n);
	play->verdict = VERDICT_PENDING;
	bench_command(play->bench, &c, play->now_ns);
	serve();
	run(SECOND);
	return play->verdict;
}

/* The trip has fired; false: it is that of an interlock that cannot be judged, and refuses. */
static bool
has_fired(const struct cause *c, size_t from)
{
	bool is_interlock = strcmp(c->trip, "no_h2_without_n2") == 0;
	bool is_known = play->is_stern || (!c->is_unknown && is_well(N2) && is_well(VALVES));

	if (is_told(EVENT_TRIP_FIRED, c->trip, from))
		return true;
	if (is_interlock && strcmp(word("safe.cold_inert"), "idle") != 0)
		return true; /* the valve is shut: nothing is forbidden */
	if (!is_interlock || is_known || !is_told(EVENT_INTERLOCK_HOLDS, c->trip, from))
		wrong("trip: has not fired", c->trip, 0);
	if (ask(COMMAND_SET, "V_H2", "open") != VERDICT_REFUSED)
		wrong("holds: it may be opened", "V_H2", 1);
	if (ask(COMMAND_SET, "V_H2", "closed") == VERDICT_REFUSED)
		wrong("holds: it may not be made safe", "V_H2", 0);
	return false;
}

/* Of each trip that has fired; what is safe stays, as nobody has set anything. */
static void
reset(void)
{
	for (uint32_t i = 0; i < play->img->trips.n; i++) {
		const char *trip = text(image_trip_at(play->img, i)->name);
		char name[100];

		snprintf(name, sizeof(name), "trip.%.80s", trip);
		if (strcmp(word(name), "tripped") != 0)
			continue;
		ask(COMMAND_TRIP_RESET, trip, "");
		if (strcmp(word(name), "tripped") == 0)
			wrong("calm: cannot be reset", play->why, 0);
	}
}

/* All is well again. */
static void
calm(void)
{
	size_t from;

	heal();
	run(70 * SECOND);
	check_all_there("calm: not safe");
	if (strcmp(word("safe.cold_inert"), "reached") != 0)
		wrong("calm: the safe state is shown as", word("safe.cold_inert"), 0);
	from = play->n_events;
	reset();
	run(5 * SECOND);
	if (is_told(EVENT_TRIP_FIRED, NULL, from))
		wrong("calm: fired again", "", 0);
	check_all_there("calm: a reset has moved it");
}

/* ---- the table, played ------------------------------------------------------------------------------------------------------- */

/* False: the instrument has no such fault. */
static bool
play_row(const struct image *const img[2], bool is_stern, const struct cause *c, size_t instrument,
	size_t fault)
{
	size_t from;

	start(img[is_stern], is_stern);
	if (!has_fault(instrument, fault)) {
		end();
		return false;
	}
	from = play->n_events;
	set_fault(instrument, fault);
	if (broken != TRIPS)
		order(c->orders);
	run(FIRES);
	if (has_fired(c, from)) {
		run(PATIENCE);
		check_lines(from);
		calm();
	}
	if (is_loud)
		print_events();
	end();
	return true;
}

static unsigned
play_table(const struct image *const img[2], unsigned every, unsigned only)
{
	unsigned n = 0, row = 0;

	for (size_t k = 0; k < 2; k++)
		for (size_t c = 0; c < NELEM(causes); c++)
			for (size_t i = 0; i < NELEM(instruments); i++)
				for (size_t f = i == 0 ? 0 : 1; f < NELEM(faults); f++) {
					if ((causes[c].is_stern && k == 0) ||
						(causes[c].is_fault &&
							strcmp(causes[c].of, instruments[i]) == 0))
						continue;
					row++;
					if (only != 0 ? row != only : row % every != 0)
						continue;
					snprintf(what, sizeof(what),
						"row %u: %s by '%s', %s is '%s'%s", row,
						causes[c].trip, causes[c].name, instruments[i],
						faults[f].name, k == 1 ? ", stern" : "");
					n += play_row(img, k == 1, &causes[c], i, f);
				}
	return n;
}

/* ---- by chance --------------------------------------------------------------------------------------------------------------- */

static void
disturb(uint64_t *chance, bool may_kill)
{
	size_t i = (size_t)rand_below(chance, NELEM(instruments));

	set_fault(i, rand_below(chance, 3) == 0 ? 0 : (size_t)rand_below(chance, NELEM(faults)));
	if (may_kill && rand_below(chance, 6) == 0)
		kill_it((int64_t)rand_below(chance, 15000) * MS);
	run((int64_t)rand_below(chance, 4000) * MS);
}

static void
play_seed(const struct image *const img[2], uint64_t seed)
{
	uint64_t chance = seed * 7919 + 13;
	const struct cause *c = &causes[rand_below(&chance, NELEM(causes))];
	bool is_stern;
	size_t from, i;

	snprintf(what, sizeof(what), "seed %llu: %s by '%s'", (unsigned long long)seed, c->trip,
		c->name);
	is_stern = c->is_stern || rand_below(&chance, 2) == 0;
	start(img[is_stern], is_stern);
	from = play->n_events;
	for (i = 0; i < 3; i++)
		disturb(&chance, true);
	if (broken != TRIPS)
		order(c->orders);
	for (i = 0; i < 4; i++)
		disturb(&chance, true);
	if (broken != TRIPS)
		order(c->orders); /* which an instrument's own trouble may have ended */
	run(FIRES + 70 * SECOND); /* behind a start an input has a minute to come */
	if (has_fired(c, from)) {
		run(PATIENCE);
		check_lines(from);
		calm();
	}
	if (is_loud)
		print_events();
	end();
}

/* ---- the bench file ---------------------------------------------------------------------------------------------------------- */

_Noreturn static void
cannot(const char *name)
{
	fprintf(stderr, "demo_trips: cannot use %s\n", name);
	exit(2);
}

static char *
read_file(const char *name)
{
	char *bytes = mem_zero(1 << 20, 1);
	FILE *f = fopen(name, "r");

	if (f == NULL || fread(bytes, 1, (1 << 20) - 1, f) == 0)
		cannot(name);
	fclose(f);
	return bytes;
}

static void
replace(struct buf *out, const char *in)
{
	buf_printf(out, "%s", in);
	for (size_t i = 0; i < NELEM(stern); i++) {
		char *all = mem_zero(out->n + 1, 1), *at;

		memcpy(all, out->data, out->n);
		at = strstr(all, stern[i].what);
		if (at == NULL || strstr(at + 1, stern[i].what) != NULL)
			cannot(stern[i].what);
		out->n = 0;
		buf_put(out, all, (size_t)(at - all));
		buf_printf(out, "%s%s", stern[i].by, at + strlen(stern[i].what));
		free(all);
	}
}

static struct image *
compile(const char *bytes)
{
	char path[] = "/tmp/mbc-demo-trips-XXXXXX", command[600], piece[4096];
	const char *program = getenv("MBC_COMPILE");
	int fd = mkstemp(path);
	struct buf out = { 0 };
	struct image *img;
	struct err err;
	FILE *from;
	size_t n;

	if (program == NULL || fd < 0 || write(fd, bytes, strlen(bytes)) != (ssize_t)strlen(bytes))
		cannot(program == NULL ? "no MBC_COMPILE" : path);
	close(fd);
	snprintf(command, sizeof(command), "'%s' --out-fd 1 %s", program, path);
	from = popen(command, "r");
	while (from != NULL && (n = fread(piece, 1, sizeof(piece), from)) > 0)
		buf_put(&out, piece, n);
	if (from == NULL || pclose(from) != 0)
		cannot("the bench file: it does not compile");
	unlink(path);
	img = (struct image *)(void *)out.data;
	for (uint32_t i = 0; i < img->channels.n; i++) /* as the supervisor gives them */
		((struct image_channel *)(uintptr_t)image_channel_at(img, i))->id = i + 1;
	for (uint32_t i = 0; i < img->instruments.n; i++)
		((struct image_instrument *)(uintptr_t)image_instrument_at(img, i))->id = i + 1;
	if (image_check(img, out.n, &err) < 0)
		cannot(err.msg);
	return img;
}

static uint64_t
number(int argc, char **argv, const char *option)
{
	for (int i = 2; i + 1 < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return strtoull(argv[i + 1], NULL, 10);
	return 0;
}

static void
read_broken(int argc, char **argv)
{
	static const char *const words[] = { "nothing", "trips", "lines" };

	for (int i = 2; i + 1 < argc; i++)
		for (size_t k = 0; k < NELEM(words); k++)
			if (strcmp(argv[i], "--break") == 0 && strcmp(argv[i + 1], words[k]) == 0)
				broken = (int)k;
}

int
main(int argc, char **argv)
{
	const struct image *img[2];
	struct buf other = { 0 };
	uint64_t seeds = number(argc, argv, "--seeds"), one = number(argc, argv, "--seed"),
		 row = number(argc, argv, "--row"), every = number(argc, argv, "--every"),
		 span = number(argc, argv, "--for"), seed = 1;
	unsigned rows = 0;
	char *bytes;

	if (argc < 2) {
		fprintf(stderr,
			"usage: demo_trips FILE [--every N] [--row N] [--seeds N] [--seed N] "
			"[--for S] [--break WHAT]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_broken(argc, argv);
	is_loud = row != 0 || one != 0;
	bytes = read_file(argv[1]);
	img[0] = compile(bytes);
	replace(&other, bytes);
	img[1] = compile(buf_text(&other));
	play = mem_zero(1, sizeof(*play));
	if (one == 0 && span == 0)
		rows = play_table(img, every == 0 ? 1 : (unsigned)every, (unsigned)row);
	if (one != 0)
		play_seed(img, one);
	if (span != 0) {
		time_t until = time(NULL) + (time_t)span;

		for (seed = (uint64_t)time(NULL) * 1000; time(NULL) < until; seeds++)
			play_seed(img, seed++);
	}
	for (uint64_t s = 1; span == 0 && s <= seeds; s++)
		play_seed(img, s);
	printf("%u rows, %llu seeds: nothing wrong\n", rows, (unsigned long long)seeds);
	free(play);
	free(bytes);
	buf_done(&other);
	free((void *)(uintptr_t)img[0]);
	free((void *)(uintptr_t)img[1]);
	return broken != NOTHING;
}
