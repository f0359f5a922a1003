/* doctor_protect.c - mbc doctor: what protects, warns and makes safe, as it is written and as it is now
 *
 * The states are those of the board, the rest is what the bench file says. When a bypass ends stands in the journal alone.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/doctor.h"
#include "cli/log_read.h"
#include "control/hands.h"
#include "io/now.h"
#include "io/sock.h"
#include "model/worst.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

struct look {
	const struct image *img;
	const struct board *board;
	struct args *args;
	int64_t now_ns, wall_ns;
	struct log_reader *log; /* NULL: not read yet */
};

void
doctor_mind(const char *remedy, const char *fmt, ...)
{
	struct buf line = { 0 };
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	buf_printf(&line, "  MIND  %s; %s", what, remedy);
	puts(buf_text(&line));
	buf_done(&line);
}

static const char *
name_of(const struct look *k, uint32_t channel)
{
	return image_text(k->img, image_channel_at(k->img, channel)->name);
}

/* A channel of the bench on the board, which knows it by its name; false: it is not there, or has no good value. */
static bool
look_at(const struct look *k, uint32_t channel, struct sample *out)
{
	uint32_t i = board_find(k->board, name_of(k, channel));

	*out = (struct sample){ .quality = Q_NOT_YET };
	if (i == IMAGE_NONE)
		return false;
	board_look(k->board, i, k->now_ns, out);
	return !quality_is_bad(out->quality);
}

static double
number_of(const struct image_channel *ch, const struct sample *s)
{
	switch ((enum value_type)ch->type) {
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		return s->v.f;
	case VALUE_UINT:
		return (double)s->v.u;
	default:
		return (double)s->v.i;
	}
}

static void
when_text(char out[CLOCK_TEXT_SIZE], const struct look *k, int64_t stamp_ns)
{
	clock_text(out, board_wall(k->board, stamp_ns));
}

/* ---- trips, as they are written ------------------------------------------------------------------------------------------- */

static const char *
kind_of(const struct image_trip *t)
{
	return t->interlock == IMAGE_NONE ? "trip" : "interlock";
}

/* 2026-03-01; the compiler has checked it. */
static bool
day_of(const char *text, int64_t *out_ns)
{
	struct tm when = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &when);

	if (end == NULL || *end != '\0')
		return false;
	*out_ns = (int64_t)timegm(&when) * NS_PER_S;
	return true;
}

static void
judge_test(const struct look *k, const struct image_trip *t)
{
	const char *name = image_text(k->img, t->name), *tested = image_text(k->img, t->tested);
	char span[CLOCK_TEXT_SIZE];
	int64_t day_ns;

	if (tested[0] == '\0') {
		if (t->protected_by != 0 || t->test_every_ns > 0)
			doctor_mind("test it with the real sensor, and write tested: with the day",
				"%s '%s': nobody has written down when its protection was last "
				"tested",
				kind_of(t), name);
		return;
	}
	if (!day_of(tested, &day_ns))
		return;
	if (day_ns > k->wall_ns + DAY_NS) {
		doctor_mind("correct tested:, or the clock of this computer",
			"%s '%s': its test of %s lies in the future", kind_of(t), name, tested);
		return;
	}
	if (t->test_every_ns == 0 || k->wall_ns <= day_ns + t->test_every_ns)
		return;
	clock_span(span, k->wall_ns - day_ns - t->test_every_ns);
	doctor_mind("test it with the real sensor, and write tested: with the new day",
		"%s '%s': its test of %s is overdue by %s", kind_of(t), name, tested, span);
}

static void
judge_written(const struct look *k)
{
	uint32_t n_bare = 0;

	for (uint32_t i = 0; i < k->img->trips.n; i++) {
		const struct image_trip *t = image_trip_at(k->img, i);
		const char *name = image_text(k->img, t->name);

		if (image_text(k->img, t->protected_by)[0] == '\0') {
			n_bare++;
			doctor_mind("name the wired device that does in protected_by:, or add one",
				"%s '%s': nothing says what protects people when this program does "
				"not",
				kind_of(t), name);
		}
		judge_test(k, t);
		/* An interlock is so unless it says otherwise: it refuses writes meanwhile. */
		if (t->interlock == IMAGE_NONE && t->on_bad_ns == IMAGE_ON_BAD_ALARM)
			doctor_mind("write a time, as in on_bad: 5 s, unless somebody else watches",
				"trip '%s': with on_bad: alarm it never fires while a sensor is "
				"bad",
				name);
	}
	if (k->img->trips.n > 0 && n_bare == 0)
		doctor_verdict(
			true, "each trip names what protects people without this program", "");
}

/* ---- trips and interlocks, as they are now --------------------------------------------------------------------------------- */

static void
read_log(struct look *k)
{
	char text[WIRE_MAX] = "";
	struct err err;
	int door = cli_connect(k->args);

	k->log = mem_zero(1, sizeof(*k->log));
	log_init(k->log);
	for (int i = 0; door >= 0 && i < LOG_PARTS; i++)
		if (sock_ask(door, WIRE_LOG, log_part_names[i], text, sizeof(text), &k->log->fd[i],
			    3000, &err) < 0)
			break;
	if (door >= 0)
		close(door);
	if ((k->log->fd[LOG_BLACKBOX] >= 0 && log_map(k->log, &err) < 0) ||
		log_read(k->log, &err) < 0)
		k->log->n_events = 0;
}

/* When the last event of this kind was, and its value; false: it is not in the journal any more. It may be of an earlier boot, and the board
 * only knows since when this controller shows a state. */
static bool
last_event(struct look *k, enum event_kind kind, const struct image_trip *t, int64_t *out_wall_ns,
	double *out_value)
{
	const char *name = image_text(k->img, t->name);
	bool is_known = false;

	if (k->log == NULL)
		read_log(k);
	for (size_t i = 0; i < k->log->n_events; i++) {
		const struct log_event *e = &k->log->events[i];

		if (e->e.kind != kind || strcmp(e->e.subject, name) != 0 ||
			!log_date(k->log, e, out_wall_ns))
			continue;
		*out_value = e->e.n_values > 0 ? e->e.values[0] : 0;
		is_known = true;
	}
	return is_known;
}

/* The end of the last bypass of a trip by its event; without it the latest that the bench file allows. */
static void
tell_bypassed(struct look *k, const struct image_trip *t, const struct sample *s)
{
	const char *name = image_text(k->img, t->name);
	char when[CLOCK_TEXT_SIZE], remedy[200];
	int64_t wall_ns;
	double span_s;
	bool is_known = last_event(k, EVENT_BYPASS_BEGAN, t, &wall_ns, &span_s);

	clock_text(when, is_known ? wall_ns + (int64_t)span_s * NS_PER_S
				  : board_wall(k->board, s->stamp_ns + t->bypass_max_ns));
	snprintf(remedy, sizeof(remedy),
		"watch the bench yourself until then, or end it: mbc trip end %s", name);
	doctor_mind(remedy, "%s '%s' is BYPASSED until %s%s and does nothing", kind_of(t), name,
		when, is_known ? "" : " at the latest");
}

static void
tell_tripped(struct look *k, const struct image_trip *t, const struct sample *s)
{
	const char *name = image_text(k->img, t->name);
	char when[CLOCK_TEXT_SIZE], remedy[300];
	int64_t wall_ns;
	double unused;

	if (last_event(k, EVENT_TRIP_FIRED, t, &wall_ns, &unused))
		clock_text(when, wall_ns);
	else
		when_text(when, k, s->stamp_ns);
	if (t->is_latched)
		snprintf(remedy, sizeof(remedy),
			"find the cause with 'mbc log', remove it, then: mbc trip reset %s "
			"--comment TEXT",
			name);
	else
		snprintf(remedy, sizeof(remedy),
			"find the cause with 'mbc log'; it is ready again once its condition is "
			"gone, and the safe state stays until 'mbc safe --release'");
	doctor_mind(remedy, "%s '%s' has TRIPPED, %s: %s", kind_of(t), name, when,
		image_text(k->img, t->when.text));
}

/* Meanwhile commands are refused, and people ask why. */
static void
judge_start(const struct look *k)
{
	char span[CLOCK_TEXT_SIZE];
	int64_t longest_ns = 0;
	struct sample s;

	if (!look_at(k, k->img->bench_state, &s) || s.v.i != BENCH_STARTING)
		return;
	for (uint32_t i = 0; i < k->img->trips.n; i++)
		longest_ns = MAX(longest_ns, image_trip_at(k->img, i)->warmup_ns);
	clock_span(span, longest_ns);
	doctor_mind("wait; if it stays so, look which input of a trip is bad",
		"the bench is starting: what can hurt is refused, except towards safe, until the "
		"inputs of all trips were good for their 'warmup' (%s at most)",
		span);
}

static void
judge_trips(struct look *k)
{
	for (uint32_t i = 0; i < k->img->trips.n; i++) {
		const struct image_trip *t = image_trip_at(k->img, i);
		struct sample s;

		if (!look_at(k, t->state, &s))
			continue;
		if (s.v.i == TRIP_TRIPPED)
			tell_tripped(k, t, &s);
		else if (s.v.i == TRIP_BYPASSED)
			tell_bypassed(k, t, &s);
	}
}

static void
judge_interlocks(const struct look *k)
{
	for (uint32_t i = 0; i < k->img->interlocks.n; i++) {
		const struct image_interlock *d = image_interlock_at(k->img, i);
		char when[CLOCK_TEXT_SIZE];
		struct sample s;

		if (!look_at(k, d->state, &s) || s.v.i != INTERLOCK_HOLDS)
			continue;
		when_text(when, k, s.stamp_ns);
		doctor_mind(
			"writes of its outputs are refused, except towards safe; bring the other "
			"side of it in order, or the sensor that is bad",
			"interlock '%s' holds since %s: %s is true, or cannot be judged",
			image_text(k->img, d->name), when, image_text(k->img, d->forbid.text));
	}
}

/* ---- safe states ----------------------------------------------------------------------------------------------------------- */

static void
judge_safe_states(const struct look *k)
{
	for (uint32_t i = 0; i < k->img->safe_states.n; i++) {
		const struct image_safe_state *d = image_safe_state_at(k->img, i);
		const char *name = image_text(k->img, d->name);
		char when[CLOCK_TEXT_SIZE], line[200];
		struct sample s;

		if (!look_at(k, d->state, &s) || s.v.i == SAFE_IDLE)
			continue;
		when_text(when, k, s.stamp_ns);
		if (s.v.i == SAFE_REACHED) {
			snprintf(line, sizeof(line),
				"safe state '%.60s' is held since %s, and is confirmed", name,
				when);
			doctor_verdict(true, line, "");
		} else {
			doctor_mind("make safe by hand what is named below or in 'mbc log --kind "
				    "safe_line_failed'; mbc tries on",
				"safe state '%s' is held since %s and is %s", name, when,
				s.v.i == SAFE_NOT_CONFIRMED ? "NOT CONFIRMED" : "under way");
		}
	}
}

/* "V_H2, H2_flow": what stays as it is while an instrument is dead. */
static void
list_lost(const struct image *img, uint32_t state, uint32_t dead, struct buf *out)
{
	const struct image_safe_state *d = image_safe_state_at(img, state);

	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		const struct image_safe_line *l = image_safe_line_at(img, i);
		const struct image_output *o = image_output_at(img, l->output);

		if (l->is_otherwise || !worst_is_lost(img, l, dead))
			continue;
		buf_printf(out, "%s%s", out->n == 0 ? "" : ", ",
			image_text(img, image_channel_at(img, o->channel)->name));
	}
}

static bool
has_line_of(const struct image *img, uint32_t state, uint32_t instrument)
{
	const struct image_safe_state *d = image_safe_state_at(img, state);

	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++)
		if (worst_uses(img, image_safe_line_at(img, i), instrument))
			return true;
	return false;
}

static void
tell_time_without(const struct image *img, uint32_t state, uint32_t dead)
{
	char within[CLOCK_TEXT_SIZE], waits[CLOCK_TEXT_SIZE];
	struct buf lost = { 0 };
	struct worst_time t;

	worst_time(img, state, dead, &t);
	list_lost(img, state, dead, &lost);
	clock_span(within, t.within_ns);
	clock_span(waits, t.waits_ns);
	printf("        %-16s dead: ", image_text(img, image_instrument_at(img, dead)->name));
	if (t.within_ns == 0)
		printf("nothing else is in it");
	else
		printf("the others within %s", within);
	if (t.waits_ns > 0)
		printf(", of which %s is waiting for this one", waits);
	printf("%s%s\n", lost.n > 0 ? "; NOT made safe: " : "", buf_text(&lost));
	buf_done(&lost);
}

static void
tell_times(const struct look *k, uint32_t state)
{
	const struct image *img = k->img;
	const char *name = image_text(img, image_safe_state_at(img, state)->name);
	char within[CLOCK_TEXT_SIZE];
	struct worst_time t;

	worst_time(img, state, IMAGE_NONE, &t);
	clock_span(within, t.within_ns);
	printf("  Safe state '%s' takes at most %s when all instruments answer, behind the 'for' "
	       "or "
	       "'on_bad' of a trip\n",
		name, within);
	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (has_line_of(img, state, i))
			tell_time_without(img, state, i);
	if (state == img->on_stop && t.within_ns > HANDS_STOP_NS)
		doctor_mind("shorten 'within', or spread the outputs over more links",
			"safe state '%s' may take %s, and the end of the bench waits for it 10 s "
			"at most",
			name, within);
}

/* ---- outputs --------------------------------------------------------------------------------------------------------------- */

static double
to_at(const struct image *img, const struct image_output *o, double value)
{
	if (o->is_inverted_table)
		value = image_table_place(image_knot_at(img, o->first_knot), o->n_knots, value);
	if (o->n_coefficients > 0)
		value = image_poly_place(img, o, value);
	return value * o->factor + o->offset;
}

static int64_t
patience_at(const struct image *img, uint32_t at, int64_t after_ns, uint32_t tries)
{
	const struct image_point *p = image_point_at(img, image_channel_at(img, at)->source);
	const struct image_instrument *ins = image_instrument_at(img, p->instrument);

	return after_ns + (int64_t)MAX(tries, 1u) * (p->every_ns + 2 * ins->timeout_ns);
}

/* Longer than this a device may not take to show what it was told. */
static int64_t
patience(const struct image *img, const struct image_output *o)
{
	int64_t all_ns = NS_PER_S;

	if (o->n_parts == 0)
		return patience_at(img, o->at, o->verify_after_ns, o->verify_tries) + NS_PER_S;
	for (uint32_t i = o->first_part; i < o->first_part + o->n_parts; i++) {
		const struct image_part *p = image_part_at(img, i);

		all_ns += patience_at(img, p->at, p->verify_after_ns, p->verify_tries);
	}
	return all_ns;
}

static bool
differs(const struct image *img, const struct image_output *o, double working, double at)
{
	const struct image_channel *ch = image_channel_at(img, o->at);
	double wanted = to_at(img, o, working), least = 0.5;

	if (ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE)
		least = 1e-6 * MAX(fabs(at), fabs(ch->factor));
	return fabs(wanted - at) > MAX(o->verify_within, least);
}

/* What the device shows beside what was sent; true: there is nothing to tell. */
static bool
is_confirmed(const struct look *k, const struct image_output *o)
{
	const struct image_channel *ch = image_channel_at(k->img, o->channel);
	const char *name = name_of(k, o->channel);
	struct sample target, working, at;
	bool is_asked = look_at(k, o->working, &working) && look_at(k, o->target, &target);

	if (!look_at(k, o->at, &at)) {
		doctor_mind(quality_row(at.quality)->remedy_en,
			"output '%s': what the device holds is not known, %s", name,
			quality_row(at.quality)->text_en);
		return false;
	}
	/* In a ramp the device is behind, and just after a write it may be. */
	if (!is_asked || fabs(number_of(ch, &target) - number_of(ch, &working)) > 0 ||
		k->now_ns - working.stamp_ns < patience(k->img, o) ||
		at.stamp_ns < working.stamp_ns + o->verify_after_ns ||
		!differs(k->img, o, number_of(ch, &working),
			number_of(image_channel_at(k->img, o->at), &at)))
		return true;
	doctor_mind("look at the instrument, and in 'mbc log' who or what has changed it",
		"output '%s': the device shows something else than was written", name);
	return false;
}

static void
judge_outputs(const struct look *k)
{
	uint32_t n_good = 0, n = 0;

	for (uint32_t i = 0; i < k->img->outputs.n; i++) {
		const struct image_output *o = image_output_at(k->img, i);

		if (o->loop != 0)
			continue; /* on no wire: what its loop moves is an output, too */
		if (o->rate_part != 0)
			printf("  Output '%s': its device makes the ramp, and goes on to where it "
			       "was sent when this computer dies; see 'mbc doctor --losses'\n",
				name_of(k, o->channel));
		if (o->has_verify && !image_is_write_only(k->img, o->at)) {
			n++;
			n_good += is_confirmed(k, o);
		} else if (o->hazard != HAZARD_NONE) {
			doctor_mind("let a sensor or a wired switch show where it is",
				"output '%s': it is never read back, so nothing proves where it is",
				name_of(k, o->channel));
		}
	}
	if (n > 0 && n_good == n)
		doctor_verdict(true, "the devices hold what was written to them", "");
}

/* ---- calibrations and the lock -------------------------------------------------------------------------------------------- */

static void
judge_calibrations(const struct look *k)
{
	int64_t now_s = k->wall_ns / NS_PER_S;
	uint32_t n_due = 0;

	for (uint32_t i = 0; i < k->img->calibrations.n; i++) {
		const struct image_calibration *d = image_calibration_at(k->img, i);

		if (now_s < d->due_s)
			continue;
		n_due++;
		doctor_mind("calibrate it, and write the new date and due",
			"channel '%s': its calibration has run out on %s", name_of(k, d->channel),
			image_text(k->img, d->due));
	}
	if (k->img->calibrations.n > 0 && n_due == 0)
		doctor_verdict(true, "no calibration has run out", "");
}

static void
judge_lock(const struct look *k)
{
	struct sample s;

	if (!k->img->has_lock || !look_at(k, k->img->lock_state, &s) || s.v.i != LOCK_LOCKED)
		return;
	if (look_at(k, k->img->lock, &s))
		doctor_mind("have it turned at the bench; what is safe can be asked all the same",
			"the switch '%s' locks commands from elsewhere", name_of(k, k->img->lock));
	else
		doctor_mind("look at the switch and at its instrument",
			"the switch '%s' is not known (%s), so commands from elsewhere are locked",
			name_of(k, k->img->lock), quality_row(s.quality)->text_en);
}

/* ---- loops ----------------------------------------------------------------------------------------------------------------- */

/* Where each goes when it cannot measure, and those that cannot now. */
static void
judge_loops(const struct look *k)
{
	for (uint32_t i = 0; i < k->img->loops.n; i++) {
		const struct image_loop *l = image_loop_at(k->img, i);
		const struct image_output *of = image_output_at(k->img, l->of),
					  *moved = image_output_at(k->img, l->output);
		const struct image_channel *ch = image_channel_at(k->img, moved->channel);
		char span[CLOCK_TEXT_SIZE] = "at once", number[40], line[400];
		struct sample y;

		if (l->bad_after_ns > 0)
			clock_span(span, l->bad_after_ns);
		text_from_double(number, l->on_bad);
		snprintf(line, sizeof(line),
			"loop '%.60s' moves '%.60s'; when it cannot measure, that goes to "
			"%s%s%.20s "
			"%s%s",
			name_of(k, of->channel), name_of(k, moved->channel), number,
			ch->unit == 0 ? "" : " ", image_text(k->img, ch->unit),
			l->bad_after_ns > 0 ? "after " : "", span);
		doctor_verdict(true, line, "");
		if (!look_at(k, of->channel, &y) && y.quality != Q_NOT_YET)
			doctor_mind(quality_row(y.quality)->remedy_en,
				"loop '%s' cannot measure, %s", name_of(k, of->channel),
				quality_row(y.quality)->text_en);
	}
}

void
doctor_protection(struct args *args, const struct image *img, const struct board *b)
{
	struct look k = { .img = img, .board = b, .args = args, .now_ns = now_boot() };

	if (img->outputs.n == 0 && img->trips.n == 0 && img->calibrations.n == 0 && !img->has_lock)
		return;
	k.wall_ns = k.now_ns + now_wall_offset();
	puts("\nProtection, as the bench file has it and as it is now:");
	if (img->is_observed)
		puts("  This bench only observes: nothing is written, and its trips move nothing.");
	judge_written(&k);
	judge_start(&k);
	judge_trips(&k);
	judge_interlocks(&k);
	judge_safe_states(&k);
	judge_outputs(&k);
	judge_calibrations(&k);
	judge_lock(&k);
	judge_loops(&k);
	doctor_life(img, b);
	for (uint32_t i = 0; i < img->safe_states.n; i++)
		tell_times(&k, i);
	if (img->outputs.n > 0)
		puts("  'mbc doctor --losses' says what becomes of each output when power, air or "
		     "a "
		     "wire is lost.");
	if (k.log != NULL)
		log_free(k.log);
}
