/* sequences.c - sequences made by chance, on a bench on which everything goes wrong by chance
 *
 *	sequences                seeds 1 .. 150
 *	sequences --seed N       one seed, its text, and what happened
 *	sequences --seeds N      seeds 1 .. N
 *	sequences --kills N      until so many controllers were killed
 *	sequences --for S        for so many seconds, with seeds of the clock
 *	sequences --break WHAT   succeeds when that is noticed. WHAT: limit, a sequence goes further than it said; fuel, a row names fuel of which
 *	                         the judge was not told; ramp, the judge was told of a slower furnace
 *
 * The bench is that of tests/unit/hand_bench.h. Sequences have every kind of statement, in each other. While they run, buttons are pressed,
 * devices fail, trips fire, controllers are killed, some with a torn journal. What must hold:
 *	limits   nothing is written outside of the limits of an output, nor, by the sequence, of its own
 *	jump     what heats rises by its ramp, from what the device holds, or from what is measured when it comes back
 *	fuel     rises when the sequence has asked for it since the last outage, trip or safe state, or a row names it, or a person said RESUME
 *	over     when it is over nothing is written but what protection writes, and the rest of a ramp
 *	shown    the step is one of its steps; the state is one that it can be in
 *	calm     with all well again ABORT ends it, the bench can be made ready, and it can be started again
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/sequence_rig.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"

#define MS NS_PER_MS
#define SECOND NS_PER_S
#define STEP (100 * MS)
#define DEVICES 3

enum { PV = 1, SP, PRESSURE };            /* of d0 */
enum { N2, H2 = 4, BED = 6, LEL, VALVE }; /* of d1 */
enum { COIL_C = 13, COIL_A };

#define OWN_MAX 90 /* degC: the limit that a sequence sets itself */

struct scene {
	struct hand_rig r;
	uint64_t seed, chance;
	struct buf text;
	unsigned n_steps;
	bool names_fuel;  /* a row of power_loss does */
	bool may_flow[2]; /* H2, V */
	bool is_returning;
	int64_t over_ns; /* since when it is over and nothing else moves anything; NEVER */
	int64_t written_ns;
	double written, pv;
	uint64_t n_kills, n_torn, n_runs, n_ends, n_writes, n_steps_begun, n_presses, n_trips,
		n_rows, n_holds;
};

static struct scene *scene;
static enum { NOTHING, LIMIT, FUEL, RAMP } broken;
static bool is_loud;

static void
print_all(void)
{
	const struct hand_rig *r = &scene->r;

	fwrite(scene->text.data, 1, scene->text.n, stdout);
	for (size_t i = !is_loud && r->n_events > 40 ? r->n_events - 40 : 0; i < r->n_events; i++)
		printf("	%.3f %s '%s' %g %s\n", (double)r->events[i].stamp_ns / 1e9,
			event_row(r->events[i].kind)->token, r->events[i].subject,
			r->events[i].values[0], r->events[i].text);
	for (size_t i = !is_loud && r->n_writes > 20 ? r->n_writes - 20 : 0; i < r->n_writes; i++)
		printf("	%.3f d%u register %u = %d\n", (double)r->writes[i].at_ns / 1e9,
			r->writes[i].device, r->writes[i].address, r->writes[i].value);
}

_Noreturn static void
wrong(const char *what, const char *which, double got)
{
	print_all();
	printf("seed %llu at %.3f s: %s: %s, %g\n", (unsigned long long)scene->seed,
		(double)scene->r.now_ns / 1e9, what, which, got);
	printf("replay: sequences --seed %llu\n", (unsigned long long)scene->seed);
	exit(broken == NOTHING);
}

static uint64_t
below(struct scene *s, uint64_t n)
{
	return rand_below(&s->chance, n);
}

static unsigned
from_to(struct scene *s, unsigned low, unsigned high)
{
	return low + (unsigned)below(s, high - low + 1);
}

/* ---- a sequence ---------------------------------------------------------------------------------------------------------- */

/* What the statements around one allow. */
struct around {
	unsigned depth, step; /* step: its place among the steps */
	bool is_loop, is_branch;
	unsigned outputs; /* of a branch: bits of those that are its own; T, P, N2, fuel */
	const char *loop; /* name of a loop around; NULL */
};

enum { OF_T = 1, OF_P = 2, OF_N2 = 4, OF_FUEL = 8, OF_ALL = 15 };

static void
indent(struct scene *s, unsigned depth)
{
	for (unsigned i = 0; i <= depth; i++)
		buf_puts(&s->text, "  ");
}

static unsigned
own_max(void)
{
	return broken == LIMIT ? 150 : OWN_MAX;
}

static void
put_temperature(struct scene *s)
{
	static const char *const words[] = { "hot", "hot + 5 K", "L[1]", "max(L[2], hot)" };

	if (below(s, 3) == 0)
		buf_puts(&s->text, words[below(s, 4)]);
	else
		buf_printf(&s->text, "%u degC", from_to(s, 0, own_max()));
}

static void
put_action(struct scene *s, const struct around *a)
{
	switch (below(s, 6)) {
	case 0:
		buf_puts(&s->text, "hold \"look at it\"");
		break;
	case 1:
		buf_puts(&s->text, "abort");
		break;
	case 2:
		buf_puts(&s->text, "hold until bed < 600 degC for 1 s timeout 10 s -> skip");
		break;
	case 3:
		if (a->step + 1 < s->n_steps) {
			buf_printf(&s->text, "step %u", 10 * (a->step + 2));
			break;
		}
		/* fallthrough */
	default:
		buf_puts(&s->text, "skip \"too late\"");
		break;
	}
}

static void
put_set(struct scene *s, const struct around *a)
{
	unsigned which = 1u << below(s, 4);

	if ((which & a->outputs) == 0) {
		buf_puts(&s->text, "mark \"nothing to set\"\n");
		return;
	}
	buf_puts(&s->text, "set ");
	switch (which) {
	case OF_T:
		buf_puts(&s->text, "T = ");
		put_temperature(s);
		break;
	case OF_P:
		buf_printf(&s->text, "P = %u", from_to(s, 0, 100));
		break;
	case OF_N2:
		buf_printf(&s->text, "N2 = %u mL/min", from_to(s, 10, 200));
		break;
	default:
		buf_printf(&s->text, "V = %s", below(s, 2) == 0 ? "open" : "closed");
		if (below(s, 2) == 0)
			buf_printf(&s->text, ", H2 = %u mL/min", from_to(s, 0, 50));
		break;
	}
	buf_putc(&s->text, '\n');
}

static void
put_ramp(struct scene *s, const struct around *a)
{
	if ((a->outputs & OF_T) == 0) {
		put_set(s, a);
		return;
	}
	buf_printf(&s->text, "%sramp T to ", below(s, 4) == 0 ? "start " : "");
	put_temperature(s);
	buf_printf(&s->text, " at %u K/min", from_to(s, 10, 60));
	if (below(s, 2) == 0) {
		buf_printf(&s->text, " holdback %u K timeout 10 s -> ", from_to(s, 2, 20));
		put_action(s, a);
	}
	buf_putc(&s->text, '\n');
}

static void
put_wait(struct scene *s, const struct around *a)
{
	switch (below(s, 6)) {
	case 0:
		buf_printf(&s->text, "wait %u ms\n", from_to(s, 1, 3000));
		return;
	case 1:
		buf_printf(&s->text, "dwell %u s\n", from_to(s, 1, 5));
		return;
	case 2:
		buf_printf(&s->text, "dwell 2 s guaranteed bed within 30 K of hot timeout %u s -> ",
			from_to(s, 4, 15));
		break;
	case 3:
		buf_puts(&s->text, "wait stable N2 within 2 % for 2 s timeout 8 s else ");
		break;
	case 4:
		buf_puts(&s->text, "wait until T - bed < 3 K for 1 s timeout 20 s else ");
		break;
	default:
		buf_printf(
			&s->text, "wait until bed > %u degC timeout 10 s else ", from_to(s, 5, 80));
		break;
	}
	put_action(s, a);
	buf_putc(&s->text, '\n');
}

static void put_body(struct scene *s, const struct around *a, unsigned n);

static void
put_loop(struct scene *s, const struct around *a)
{
	static const char *const names[] = { "i", "j", "k", "m", "n", "o" };
	struct around in = *a;

	in.depth++;
	in.is_loop = true;
	in.loop = names[a->depth % 6];
	if (below(s, 2) == 0)
		buf_printf(&s->text, "repeat %u as %s\n", from_to(s, 1, 3), in.loop);
	else
		buf_printf(&s->text, "for %s in L\n", in.loop);
	put_body(s, &in, from_to(s, 1, 3));
	indent(s, a->depth);
	buf_puts(&s->text, "end\n");
}

static void
put_if(struct scene *s, const struct around *a)
{
	struct around in = *a;

	in.depth++;
	buf_printf(&s->text, "if bed > %u degC then\n", from_to(s, 10, 70));
	put_body(s, &in, from_to(s, 1, 2));
	if (below(s, 2) == 0) {
		indent(s, a->depth);
		buf_puts(&s->text, "else\n");
		put_body(s, &in, 1);
	}
	indent(s, a->depth);
	buf_puts(&s->text, "end\n");
}

static void
put_parallel(struct scene *s, const struct around *a)
{
	static const unsigned own[] = { OF_T, OF_P | OF_FUEL, OF_N2 };
	struct around in = *a;

	if (a->is_branch || a->depth > 1) {
		put_wait(s, a);
		return;
	}
	in.depth += 2;
	in.is_branch = true;
	buf_puts(&s->text, "parallel\n");
	for (unsigned i = 0, n = from_to(s, 2, 3); i < n; i++) {
		indent(s, a->depth + 1);
		buf_puts(&s->text, "do\n");
		in.outputs = a->outputs & own[i];
		put_body(s, &in, from_to(s, 1, 3));
	}
	indent(s, a->depth);
	buf_puts(&s->text, "join timeout 60 s -> ");
	put_action(s, a);
	buf_putc(&s->text, '\n');
}

static void
put_statement(struct scene *s, const struct around *a)
{
	indent(s, a->depth);
	switch (below(s, a->depth > 3 ? 8 : 12)) {
	case 0:
	case 1:
	case 2:
		put_set(s, a);
		break;
	case 3:
	case 4:
		put_ramp(s, a);
		break;
	case 5:
	case 6:
		put_wait(s, a);
		break;
	case 7:
		if (below(s, 2) == 0)
			buf_printf(&s->text, "mark \"{sample} at {hot}%s%s%s\"\n",
				a->loop == NULL ? "" : ", {", a->loop == NULL ? "" : a->loop,
				a->loop == NULL ? "" : "}");
		else
			buf_puts(&s->text,
				"ask \"Is it out?\" answers yes, no, abort timeout 8 s -> skip\n");
		break;
	case 8:
	case 9:
		put_loop(s, a);
		break;
	case 10:
		put_if(s, a);
		break;
	default:
		put_parallel(s, a);
		break;
	}
}

static void
put_body(struct scene *s, const struct around *a, unsigned n)
{
	while (n-- > 0)
		put_statement(s, a);
}

static void
put_rows(struct scene *s)
{
	s->names_fuel = below(s, 2) == 0;
	buf_puts(&s->text, "on power_loss\n");
	if (below(s, 3) == 0)
		buf_puts(&s->text, "  step == 10 and outage < 5 min -> ask\n");
	buf_printf(&s->text, "  outage < 2 min and abs(bed - last(bed)) < 40 K -> continue%s\n",
		s->names_fuel ? " with V, H2" : "");
	if (below(s, 2) == 0)
		buf_puts(&s->text, "  outage < 20 min -> ramp back at 30 K/min then continue\n");
	if (below(s, 3) == 0)
		buf_puts(&s->text, "  outage < 1 h -> abort\n");
	buf_puts(&s->text, "  otherwise -> trip cold\n");
	if (broken == FUEL)
		s->names_fuel = false;
}

static void
make_text(struct scene *s)
{
	buf_clear(&s->text);
	s->n_steps = from_to(s, 2, 5);
	buf_printf(&s->text,
		"meta sample text = \"A1\"\n"
		"param hot = 40 degC (20 degC .. 80 degC)\n"
		"param L = [30 degC, 50 degC, 40 degC]\n"
		"limit T 0 degC .. %u degC\n"
		"guard leaky when d1.lel > 5 for 1 s -> hold until d1.lel < 5 for 1 s timeout 20 s "
		"-> abort\n"
		"guard too_hot when bed > %u degC for 2 s -> %s\n",
		own_max(), own_max() - 5, below(s, 2) == 0 ? "trip cold" : "abort");
	for (unsigned i = 0; i < s->n_steps; i++) {
		const struct around a = { .step = i, .outputs = OF_ALL };

		buf_printf(&s->text, "step %u \"Step %u\" entry always\n", 10 * (i + 1), i + 1);
		if (i == 0)
			buf_puts(&s->text, "  set T = hot, P = 1, N2 = 50 mL/min, V = closed, H2 = "
					   "0 mL/min\n");
		put_body(s, &a, from_to(s, 2, 6));
		buf_puts(&s->text, "end\n");
	}
	buf_puts(&s->text, "step 90 \"End\" entry always\n  set V = closed, H2 = 0 mL/min, T = 0 "
			   "degC\n  set N2 = "
			   "100 mL/min\n  wait 3 s\nend\n");
	buf_printf(&s->text, "on abort -> %s\non hold > 30 s -> %s\n",
		below(s, 3) == 0 ? "trip cold" : "step 90", below(s, 2) == 0 ? "step 90" : "abort");
	if (below(s, 4) > 0)
		put_rows(s);
	else
		s->names_fuel = false;
}

/* ---- what must hold as it happens ---------------------------------------------------------------------------------------- */

static bool
is_terminal(const char *state)
{
	return strcmp(state, "idle") == 0 || strcmp(state, "aborted") == 0 ||
	       strcmp(state, "stopped") == 0 || strcmp(state, "complete") == 0;
}

static void
check_heat(struct scene *s, const struct hand_write *w, double held)
{
	double ramp = broken == RAMP ? 0.1 : 1, gone = (double)(w->at_ns - s->written_ns) / 1e9;

	if (w->value < 0 || w->value > 700)
		wrong("limits", "T", w->value);
	if (w->value > OWN_MAX + 0.5 && w->value > held)
		wrong("limits: of the sequence", "T", w->value);
	held = fmax(held, s->written);
	if (w->value > held + ramp * fmin(gone, 3) + (broken == RAMP ? 0.5 : 3) &&
		!(s->is_returning && w->value <= s->pv + 20 + 2))
		wrong("jump", "T", w->value);
	s->written_ns = w->at_ns;
	s->written = w->value;
}

static void
check_fuel(struct scene *s, unsigned i, const char *name, double value, double held)
{
	if (value < 0 || value > 50)
		wrong("limits", name, value);
	if (value > held && !s->may_flow[i])
		wrong("fuel: nobody has asked for it", name, value);
}

static void
on_write(struct hand_rig *r, const struct hand_write *w)
{
	struct scene *s = r->ears.ctx;
	double held = r->device[w->device].held[w->address];

	s->n_writes++;
	if (s->over_ns != NEVER && w->at_ns > s->over_ns + 3 * SECOND &&
		w->device * 100 + w->address != SP)
		wrong("over: and something is written", w->device == 0 ? "d0" : "d1", w->address);
	switch (w->device * 100 + w->address) {
	case SP:
		check_heat(s, w, held);
		break;
	case PRESSURE:
		if (w->value < 0 || w->value > 100)
			wrong("limits", "P", w->value);
		break;
	case 100 + N2:
		if (w->value < 0 || w->value > 200)
			wrong("limits", "N2", w->value);
		break;
	case 100 + H2:
		check_fuel(s, 0, "H2", w->value, held);
		break;
	case 100 + VALVE:
		check_fuel(s, 1, "V", w->value, held);
		break;
	case 200 + COIL_C:
	case 200 + COIL_A:
		break; /* they come back after an outage */
	default:
		wrong("limits: written to what is no output", "", w->address);
	}
}

static void
take_away(struct scene *s)
{
	s->may_flow[0] = s->may_flow[1] = false;
}

static void
allow(struct scene *s)
{
	s->may_flow[0] = s->may_flow[1] = true;
}

static void
on_event(struct hand_rig *r, const struct event *e)
{
	struct scene *s = r->ears.ctx;

	switch ((int)e->kind) {
	case EVENT_SEQUENCE_INTENT:
	case EVENT_SEQUENCE_SETS:
		s->may_flow[0] = s->may_flow[0] || strcmp(e->subject, "H2") == 0;
		s->may_flow[1] = s->may_flow[1] || strcmp(e->subject, "V") == 0;
		break;
	case EVENT_SEQUENCE_STEP:
		s->n_steps_begun++;
		break;
	case EVENT_SEQUENCE_HELD:
		s->n_holds++;
		break;
	case EVENT_TRIP_FIRED:
		s->n_trips++;
		/* fallthrough */
	case EVENT_SAFE_STATE_BEGAN:
		take_away(s);
		s->is_returning = false;
		s->over_ns = NEVER;
		break;
	case EVENT_RESTORE_BEGAN:
		s->n_rows++;
		s->is_returning = true;
		if (s->names_fuel)
			allow(s);
		break;
	case EVENT_RESTORE_DONE:
		s->is_returning = false;
		break;
	default:
		break;
	}
}

/* ---- time ---------------------------------------------------------------------------------------------------------------- */

static void
check_shown(struct scene *s)
{
	const char *state = hand_word(&s->r, "sequence.state"),
		   *safe = hand_word(&s->r, "safe.cold");
	unsigned step = (unsigned)hand_value(&s->r, "sequence.step");
	bool is_quiet =
		is_terminal(state) && (strcmp(safe, "idle") == 0 || strcmp(safe, "reached") == 0);

	if (!is_terminal(state) && step != 90 &&
		(step % 10 != 0 || step == 0 || step > 10 * s->n_steps))
		wrong("shown: its step", state, step);
	if (!is_quiet)
		s->over_ns = NEVER;
	else if (s->over_ns == NEVER)
		s->over_ns = s->r.now_ns;
}

static void
run(struct scene *s, int64_t span_ns)
{
	for (; span_ns > 0; span_ns -= STEP) {
		struct hand_device *d = s->r.device;

		s->pv += (d[0].held[SP] - s->pv) * (1 - exp(-0.1 / 2));
		d[0].held[PV] = d[1].held[BED] = (int16_t)lround(s->pv);
		hand_run(&s->r, STEP);
		check_shown(s);
		if (!is_loud && s->r.n_events > HAND_EVENTS / 2)
			s->r.n_events = 0;
		if (!is_loud && s->r.n_writes > HAND_WRITES / 2)
			s->r.n_writes = 0;
	}
}

/* ---- what is done to it -------------------------------------------------------------------------------------------------- */

static bool
press(struct scene *s, enum command_kind kind, const char *subject, const char *value)
{
	static unsigned n;
	struct command c = {
		.kind = kind, .ramp_per_min = (double)NAN, .is_person = true, .text = "because"
	};

	text_copy(c.subject, sizeof(c.subject), subject);
	text_copy(c.value, sizeof(c.value), value);
	snprintf(c.id, sizeof(c.id), "c%u", ++n);
	s->n_presses++;
	s->over_ns = NEVER;
	hand_command(&s->r, &c);
	return hand_verdict(&s->r, c.id, NULL) == VERDICT_VERIFIED;
}

static void
resume(struct scene *s)
{
	bool before[2] = { s->may_flow[0], s->may_flow[1] }, was = s->is_returning;

	allow(s);
	s->is_returning = true;
	if (press(s, COMMAND_SEQ_RESUME, "", ""))
		return;
	memcpy(s->may_flow, before, sizeof(before));
	s->is_returning = was;
}

static void
press_something(struct scene *s)
{
	char step[12];

	switch (below(s, 12)) {
	case 0:
		press(s, COMMAND_SEQ_PAUSE, "", "");
		break;
	case 1:
		press(s, COMMAND_SEQ_SAFE_PAUSE, "", "");
		break;
	case 2:
	case 3:
	case 4:
		resume(s);
		break;
	case 5:
		press(s, COMMAND_SEQ_SKIP, "", "");
		break;
	case 6:
		snprintf(step, sizeof(step), "%u", 10 * from_to(s, 1, s->n_steps));
		press(s, COMMAND_SEQ_GOTO, "", step);
		break;
	case 7:
		if (below(s, 4) == 0)
			press(s, COMMAND_SEQ_ABORT, "", "");
		break;
	case 8:
	case 9:
		press(s, COMMAND_SEQ_REPLY, "", below(s, 5) == 0 ? "abort" : "yes");
		break;
	case 10:
		press(s, COMMAND_TRIP_RESET, "leak", "");
		press(s, COMMAND_RELEASE, "cold", "");
		break;
	default:
		if (below(s, 4) == 0)
			press(s, COMMAND_SAFE, "cold", "");
		break;
	}
}

static void
heal(struct hand_device *d)
{
	d->is_silent = d->is_stuck = d->refuses = d->is_gone = false;
	d->delay_ns = 2 * MS;
}

static void
break_something(struct scene *s)
{
	struct hand_device *d = &s->r.device[below(s, DEVICES)];

	switch (below(s, 10)) {
	case 0:
		d->is_silent = true;
		break;
	case 1:
		d->is_stuck = true;
		break;
	case 2:
		d->refuses = true;
		break;
	case 3:
		d->is_gone = true;
		break;
	case 4:
		d->delay_ns = (int64_t)(2 + below(s, 150)) * MS;
		break;
	default:
		heal(d);
		break;
	}
}

/* What outputs are when devices are switched on. */
static void
cut_power(struct scene *s)
{
	s->r.device[0].held[SP] = s->r.device[0].held[PRESSURE] = 0;
	s->r.device[1].held[N2] = s->r.device[1].held[H2] = s->r.device[1].held[VALVE] = 0;
	s->written = 0;
	take_away(s);
}

static void
kill_it(struct scene *s)
{
	static const int spans[] = { 2, 4, 8, 30, 300, 5000 };
	int64_t span_ns = (int64_t)below(s, (uint64_t)spans[below(s, 6)] * 1000) * MS;

	s->n_kills++;
	s->r.is_torn = below(s, 5) == 0;
	s->n_torn += s->r.is_torn;
	s->is_returning = false;
	s->over_ns = NEVER;
	/* What was asked for and recorded comes back within 10 s; behind that a row decides. */
	if (span_ns >= 9 * SECOND)
		take_away(s);
	s->pv = 20 + (s->pv - 20) * exp(-(double)span_ns / 600e9);
	if (below(s, 3) == 0) {
		cut_power(s);
		hand_reboot(&s->r, span_ns);
	} else {
		hand_kill(&s->r, span_ns);
	}
	s->r.is_torn = false;
	s->written_ns = s->r.now_ns - SECOND;
}

static void
do_something(struct scene *s)
{
	if (below(s, 3) == 0)
		press_something(s);
	if (below(s, 8) == 0)
		break_something(s);
	if (below(s, 30) == 0)
		s->r.device[1].held[LEL] = (int16_t)(below(s, 3) == 0 ? 50 : below(s, 2) * 7);
	if (below(s, 12) == 0)
		kill_it(s);
}

/* ---- a seed -------------------------------------------------------------------------------------------------------------- */

static void
make_ready(struct scene *s)
{
	run(s, 6 * SECOND);
	press(s, COMMAND_TRIP_RESET, "leak", "");
	run(s, SECOND);
	press(s, COMMAND_RELEASE, "cold", "");
	run(s, SECOND);
}

static bool
start(struct scene *s)
{
	press(s, COMMAND_SEQ_PREPARE, "t", "");
	if (below(s, 2) == 0)
		press(s, COMMAND_SEQ_ANSWER_FORM, "hot", "60 degC");
	if (!press(s, COMMAND_SEQ_START, "t", ""))
		return false;
	s->n_runs++;
	return true;
}

static void
begin(struct scene *s, uint64_t seed)
{
	s->seed = seed;
	s->chance = seed * 7919 + 17;
	make_text(s);
	memset(&s->r, 0, sizeof(s->r));
	s->over_ns = NEVER;
	s->is_returning = false;
	take_away(s);
	s->written = 0;
	sequence_begin(&s->r, buf_text(&s->text));
	s->pv = 20;
	s->written_ns = s->r.now_ns;
	s->r.ears = (struct hand_ears){ .write = on_write, .event = on_event, .ctx = s };
	if (!start(s))
		wrong("calm: it does not start", "", 0);
}

static void
calm(struct scene *s)
{
	for (unsigned d = 0; d < DEVICES; d++)
		heal(&s->r.device[d]);
	s->r.device[1].held[LEL] = 0;
	run(s, 100 * SECOND); /* what is to be decided is decided */
	press(s, COMMAND_SEQ_ABORT, "", "");
	run(s, 120 * SECOND);
	if (!is_terminal(hand_word(&s->r, "sequence.state")))
		wrong("calm: ABORT has not ended it", hand_word(&s->r, "sequence.state"), 0);
	make_ready(s);
	if (!start(s))
		wrong("calm: it cannot be started again", hand_word(&s->r, "sequence.state"), 0);
	run(s, 5 * SECOND);
	s->n_ends++;
}

static void
play(struct scene *s, uint64_t seed)
{
	begin(s, seed);
	for (int i = 0; i < 60; i++) {
		do_something(s);
		run(s, (int64_t)below(s, 80) * STEP);
		if (is_terminal(hand_word(&s->r, "sequence.state")) && below(s, 3) == 0) {
			s->r.device[1].held[LEL] = 0;
			make_ready(s);
			start(s);
		}
	}
	calm(s);
	if (is_loud)
		print_all();
	hand_done(&s->r);
}

int
main(int argc, char **argv)
{
	static const char *const words[] = { "nothing", "limit", "fuel", "ramp" };
	uint64_t first = 1, n = 150, kills = UINT64_MAX;
	uint64_t value = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	time_t until = 0;

	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		first = value;
		n = 1;
		is_loud = true;
	} else if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
		n = value;
	} else if (argc == 3 && strcmp(argv[1], "--kills") == 0) {
		first = (uint64_t)time(NULL) * 1000;
		n = UINT64_MAX - first;
		kills = value;
	} else if (argc == 3 && strcmp(argv[1], "--for") == 0) {
		first = (uint64_t)time(NULL) * 1000;
		n = UINT64_MAX - first;
		until = time(NULL) + (time_t)value;
	} else if (argc == 3 && strcmp(argv[1], "--break") == 0) {
		for (size_t i = 0; i < NELEM(words); i++)
			if (strcmp(argv[2], words[i]) == 0)
				broken = (int)i;
	} else if (argc != 1) {
		fprintf(stderr, "usage: sequences [--seed N | --seeds N | --kills N | --for S | "
				"--break WHAT]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	scene = mem_zero(1, sizeof(*scene));
	for (uint64_t i = 0; i < n; i++) {
		if ((until != 0 && time(NULL) >= until) || scene->n_kills >= kills)
			n = i;
		else
			play(scene, first + i);
	}
	printf("%llu seeds from %llu, %llu runs, %llu steps, %llu holds, %llu kills (%llu with a "
	       "torn journal), %llu rows, %llu trips, %llu presses, %llu "
	       "writes: nothing wrong\n",
		(unsigned long long)n, (unsigned long long)first, (unsigned long long)scene->n_runs,
		(unsigned long long)scene->n_steps_begun, (unsigned long long)scene->n_holds,
		(unsigned long long)scene->n_kills, (unsigned long long)scene->n_torn,
		(unsigned long long)scene->n_rows, (unsigned long long)scene->n_trips,
		(unsigned long long)scene->n_presses, (unsigned long long)scene->n_writes);
	buf_done(&scene->text);
	free(scene);
	return broken != NOTHING;
}
