/* rehearsal.c - one sequence from START to its end */
#include "rehearse/rehearsal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define READY_NS (30 * NS_PER_S)      /* after that long START is refused for good */
#define SETTLE_NS (6 * NS_PER_S)      /* a line is silent for 3 s after a start */
#define REPLY_NS (60 * NS_PER_S)      /* a person takes so long */
#define HELD_NS (8 * 3600 * NS_PER_S) /* and comes within a shift */
#define LOOK_TICKS 1024               /* between two looks at the time it takes */

const char *const rehearsal_end_words[REHEARSAL_ENDS] = { [REHEARSAL_COMPLETE] = "complete",
	[REHEARSAL_STOPPED] = "stopped",
	[REHEARSAL_ABORTED] = "aborted",
	[REHEARSAL_HELD] = "held",
	[REHEARSAL_LAWLESS] = "waited in vain",
	[REHEARSAL_REFUSED] = "refused",
	[REHEARSAL_ENDLESS] = "no end",
	[REHEARSAL_SLOW] = "no end" };

double
rehearsal_time(const struct rehearsal *r)
{
	return r->start_ns == 0 ? 0 : (double)(dry_now(r->dry) - r->start_ns) / 1e9;
}

void
rehearsal_clean(char *text)
{
	text[text_utf8(text, strlen(text))] = '\0';
}

static uint32_t
number_of(const struct rehearsal *r)
{
	return r->n_steps == 0 ? 0
			       : image_seq_step_at(r->img, r->steps[r->n_steps - 1].step)->number;
}

static void
end(struct rehearsal *r, enum rehearsal_end how)
{
	if (r->is_ended)
		return;
	r->is_ended = true;
	r->end = how;
	r->took_s = rehearsal_time(r);
}

/* The first reason is the one that counts: what comes of it has others. */
static void PRINTF(2, 3) blame(struct rehearsal *r, const char *fmt, ...)
{
	va_list args;

	if (r->why[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
	rehearsal_clean(r->why);
	r->where = number_of(r);
}

/* ---- steps --------------------------------------------------------------------------------------------------------------- */

static double
time_of(const struct rehearsal *r, const struct event *e)
{
	return r->start_ns == 0 ? 0 : (double)(e->stamp_ns - r->start_ns) / 1e9;
}

static void
end_step(struct rehearsal *r, double at_s)
{
	struct rehearsal_step *s = r->n_steps == 0 ? NULL : &r->steps[r->n_steps - 1];

	if (s == NULL || isfinite(s->took_s))
		return;
	s->took_s = at_s - s->at_s;
	if (s->ended[0] == '\0')
		text_copy(s->ended, sizeof(s->ended), "done");
	plot_band(r->plot, s->at_s, at_s,
		image_text(r->img, image_seq_step_at(r->img, s->step)->title));
}

/* Its event begins with the number. */
static void
begin_step(struct rehearsal *r, const struct event *e)
{
	uint32_t number = (uint32_t)strtoul(e->text, NULL, 10), at = IMAGE_NONE;

	end_step(r, time_of(r, e));
	for (uint32_t i = r->seq->first_step; i < r->seq->first_step + r->seq->n_steps; i++)
		if (image_seq_step_at(r->img, i)->number == number)
			at = i;
	if (at == IMAGE_NONE)
		return;
	if (r->n_steps == REHEARSAL_STEPS) {
		r->n_more_steps++;
		r->n_steps--; /* the last row shows the last step */
	}
	r->steps[r->n_steps++] = (struct rehearsal_step){
		.step = at, .at_s = time_of(r, e), .planned_s = (double)NAN, .took_s = (double)NAN
	};
	r->must_read_plan = true;
}

static void
note_step(struct rehearsal *r, const char *what, const char *text)
{
	struct rehearsal_step *s = r->n_steps == 0 ? NULL : &r->steps[r->n_steps - 1];

	if (s == NULL || s->ended[0] != '\0')
		return;
	snprintf(s->ended, sizeof(s->ended), "%s%s%.100s", what, text[0] == '\0' ? "" : ": ", text);
	rehearsal_clean(s->ended);
}

static bool
is_wait(const struct image_instr *in)
{
	return in->op == SEQUENCE_OP_UNTIL || in->op == SEQUENCE_OP_STABLE ||
	       in->op == SEQUENCE_OP_GUARANTEED;
}

/* Is this wait over in vain by the twin's fault alone? */
static void
look_at_law(struct rehearsal *r, const struct image_instr *in)
{
	struct buf names = { 0 };

	if (is_wait(in) && rehearsal_lawless(r->img, in, &names) > 0) {
		r->why[0] = '\0'; /* that is the reason for what was told already */
		blame(r,
			"line %u: timeout of %.100s; the twin has no law that would make this "
			"true: "
			"%.120s",
			in->line, image_text(r->img, in->said), buf_text(&names));
		r->is_lawless = true;
		note_step(r, "waited in vain", "");
	}
	buf_done(&names);
}

/* A wait whose timeout is told with its line, or led to another step. */
static void
look_for_law(struct rehearsal *r, const struct event *e)
{
	bool is_step = e->kind == EVENT_SEQUENCE_STEP && r->guard_ns != e->stamp_ns;
	unsigned line = 0, number = (unsigned)strtoul(e->text, NULL, 10);
	const char *at = strstr(e->text, "line ");
	bool is_told = at != NULL && sscanf(at, "line %u:", &line) == 1 &&
		       strstr(at, ": timeout of ") != NULL;
	const struct image_seq_step *d;

	if (r->n_steps == 0 || !(is_step || is_told))
		return;
	d = image_seq_step_at(r->img, r->steps[r->n_steps - 1].step);
	for (uint32_t i = d->first_instr; i < d->first_instr + d->n_instrs; i++) {
		const struct image_instr *in = image_instr_at(r->img, i);
		const struct image_seq_action *a =
			in->action == IMAGE_NONE ? NULL : image_seq_action_at(r->img, in->action);

		if (is_step ? a != NULL && a->kind == SEQUENCE_GOTO &&
					image_seq_step_at(r->img, a->target)->number == number
			    : in->line == line)
			look_at_law(r, in);
	}
}

/* ---- what happens -------------------------------------------------------------------------------------------------------- */

static bool
is_news(const struct event *e)
{
	switch (e->kind) {
	case EVENT_OUTPUT_NOT_TAKEN:
	case EVENT_TRIP_FIRED:
	case EVENT_TRIP_WOULD_FIRE:
	case EVENT_INTERLOCK_HOLDS:
	case EVENT_SAFE_STATE_BEGAN:
	case EVENT_SAFE_LINE_FAILED:
	case EVENT_SAFE_STATE_REACHED:
	case EVENT_HEARTBEAT_STOPPED:
	case EVENT_ALARM_ON:
	case EVENT_RULE_ACTED:
	case EVENT_RULE_NOTIFIES:
	case EVENT_INSTRUMENT_DOWN:
	case EVENT_LOOP_ASIDE:
	case EVENT_LOOP_BLIND:
	case EVENT_COMMAND_REFUSED:
		return true;
	case EVENT_SEQUENCE_STARTED:
	case EVENT_SEQUENCE_FORM:
	case EVENT_SEQUENCE_STATE:
	case EVENT_SEQUENCE_STEP:
	case EVENT_SEQUENCE_INTENT:
	case EVENT_SEQUENCE_SETS:
	case EVENT_SEQUENCE_RESUMED:
		return false;
	default: /* whatever else a sequence tells */
		return strncmp(event_row(e->kind)->token, "sequence_", 9) == 0;
	}
}

static void
keep_news(struct rehearsal *r, const struct event *e)
{
	struct rehearsal_news *n;

	if (r->n_news == REHEARSAL_NEWS) {
		r->n_more_news++;
		return;
	}
	n = &r->news[r->n_news++];
	*n = (struct rehearsal_news){ .at_s = time_of(r, e),
		.step = number_of(r),
		.kind = e->kind,
		.value = e->n_values > 0 ? e->values[0] : (double)NAN };
	text_copy(n->subject, sizeof(n->subject), e->subject);
	text_copy(n->text, sizeof(n->text), e->text);
	rehearsal_clean(n->text);
	plot_mark(r->plot, n->at_s, e->subject);
}

static void
take_state(struct rehearsal *r, const struct event *e)
{
	text_copy(r->state, sizeof(r->state), e->text);
	if (strcmp(e->text, "held") != 0 && strcmp(e->text, "holding") != 0)
		r->held_ns = 0;
	else if (r->held_ns == 0)
		r->held_ns = e->stamp_ns;
}

static void
on_event(void *ctx, const struct event *e)
{
	struct rehearsal *r = ctx;

	if (r->start_ns == 0 && e->kind != EVENT_SEQUENCE_STARTED)
		return; /* a bench that begins */
	switch (e->kind) {
	case EVENT_SEQUENCE_STARTED:
		r->start_ns = e->stamp_ns;
		break;
	case EVENT_SEQUENCE_STATE:
		take_state(r, e);
		break;
	case EVENT_SEQUENCE_STEP:
		look_for_law(r, e);
		if (!r->is_lawless)
			begin_step(r, e);
		break;
	case EVENT_SEQUENCE_GUARD:
		r->guard_ns = e->stamp_ns;
		break;
	case EVENT_SEQUENCE_ASKS:
		r->reply_ns = e->stamp_ns + REPLY_NS;
		break;
	case EVENT_SEQUENCE_SKIPPED:
		look_for_law(r, e);
		note_step(r, "skipped", e->text);
		break;
	case EVENT_SEQUENCE_HELD:
	case EVENT_SEQUENCE_ABORTS:
	case EVENT_SEQUENCE_ABORTED:
	case EVENT_SEQUENCE_STOPS:
		blame(r, "%s", e->text);
		look_for_law(r, e);
		note_step(r,
			e->kind == EVENT_SEQUENCE_HELD    ? "held"
			: e->kind == EVENT_SEQUENCE_STOPS ? "stopped"
							  : "aborted",
			e->text);
		break;
	case EVENT_TRIP_FIRED:
		blame(r, "trip '%s' fired%s%s", e->subject, e->text[0] == '\0' ? "" : ": ",
			e->text);
		break;
	default:
		break;
	}
	if (is_news(e))
		keep_news(r, e);
}

/* ---- the form ------------------------------------------------------------------------------------------------------------ */

static const char *
told(const struct rehearsal *r, const struct image_slot *slot)
{
	const char *name = image_text(r->img, slot->name);

	for (uint32_t i = r->setup.n_sets; i-- > 0;)
		if (strcmp(r->setup.sets[i].name, name) == 0)
			return r->setup.sets[i].value;
	return NULL;
}

static bool
tell(struct rehearsal *r, const char *name, const char *value)
{
	struct command c = { .kind = COMMAND_SEQ_ANSWER_FORM };
	const char *why;

	if (text_copy(c.subject, sizeof(c.subject), name) &&
		text_copy(c.value, sizeof(c.value), value) &&
		dry_command(r->dry, &c, &why) == VERDICT_VERIFIED)
		return true;
	blame(r, "%.60s = %.60s: %s", name, value,
		strlen(value) >= COMMAND_VALUE ? "it is too long" : why);
	return false;
}

/* What has to be told and was not: a word, or the middle of its range. */
static bool
tell_required(struct rehearsal *r)
{
	for (uint32_t i = r->seq->first_slot; i < r->seq->first_slot + r->seq->n_slots; i++) {
		const struct image_slot *slot = image_slot_at(r->img, i);
		char value[40] = "rehearsal";

		if (slot->role != SLOT_META || !slot->is_required || slot->has_value ||
			told(r, slot) != NULL)
			continue;
		if (slot->kind == SLOT_NUMBER)
			snprintf(value, sizeof(value), "%.6g",
				slot->has_range ? (slot->min + slot->max) / 2 : 1);
		if (!tell(r, image_text(r->img, slot->name), value))
			return false;
	}
	return true;
}

static double
middle_or_nan(const struct image_slot *slot)
{
	if (slot->has_value)
		return slot->value;
	if (slot->role != SLOT_META || !slot->is_required)
		return (double)NAN;
	return slot->has_range ? (slot->min + slot->max) / 2 : 1;
}

/* The n-th value of "250, 300 degC". */
static double
item(const char *list, uint32_t n)
{
	for (; n > 0 && list != NULL; n--)
		list = strchr(list, ',') == NULL ? NULL : strchr(list, ',') + 1;
	return list == NULL ? (double)NAN : strtod(list, NULL);
}

double
rehearsal_slot(const struct rehearsal *r, uint32_t slot)
{
	const struct image_slot *s = image_slot_at(r->img, r->seq->first_slot + slot);
	const char *said = told(r, s);

	if (s->role == SLOT_ELEMENT && said != NULL)
		for (uint32_t i = 0; i < r->seq->n_slots; i++) {
			const struct image_slot *list =
				image_slot_at(r->img, r->seq->first_slot + i);

			if (list->kind == SLOT_LIST && slot >= list->first &&
				slot < list->first + list->n)
				return item(said, slot - list->first);
		}
	if (s->kind == SLOT_NUMBER && said != NULL)
		return strtod(said, NULL);
	return s->kind == SLOT_NUMBER ? middle_or_nan(s) : (double)NAN;
}

const char *
rehearsal_text(const struct rehearsal *r, uint32_t slot)
{
	const struct image_slot *s = image_slot_at(r->img, r->seq->first_slot + slot);
	const char *said = told(r, s);

	return said != NULL                          ? said
	       : s->text != 0                        ? image_text(r->img, s->text)
	       : s->is_user || (s->is_required != 0) ? "rehearsal"
						     : "";
}

/* ---- START --------------------------------------------------------------------------------------------------------------- */

static bool
begin_values(struct rehearsal *r)
{
	for (uint32_t i = 0; i < r->setup.n_begins; i++) {
		const struct rehearsal_pair *p = &r->setup.begins[i];
		uint32_t channel = image_find_channel(r->img, p->name);
		char *rest;
		double v = strtod(p->value, &rest);

		if (channel == IMAGE_NONE ||
			image_channel_at(r->img, channel)->source_kind != SOURCE_POINT) {
			blame(r,
				"begin %.60s: no channel of an instrument has this name; write "
				"INSTRUMENT.CHANNEL=NUMBER",
				p->name);
			return false;
		}
		if (rest == p->value || !isfinite(v)) {
			blame(r, "begin %.60s=%.40s is no number, in the unit of its channel",
				p->name, p->value);
			return false;
		}
		twin_begin(dry_twin(r->dry), image_channel_at(r->img, channel)->source, v);
	}
	return true;
}

/* As a person does, who waits until the inputs of the trips are good. */
static bool
press_start(struct rehearsal *r)
{
	int64_t until_ns = dry_now(r->dry) + READY_NS;
	struct command prepare = { .kind = COMMAND_SEQ_PREPARE },
		       start = { .kind = COMMAND_SEQ_START };
	const char *name = image_text(r->img, r->seq->name), *why;

	text_copy(prepare.subject, sizeof(prepare.subject), name);
	text_copy(start.subject, sizeof(start.subject), name);
	if (dry_command(r->dry, &prepare, &why) != VERDICT_VERIFIED) {
		blame(r, "%s", why);
		return false;
	}
	for (uint32_t i = 0; i < r->setup.n_sets; i++)
		if (!tell(r, r->setup.sets[i].name, r->setup.sets[i].value))
			return false;
	if (!tell_required(r))
		return false;
	for (;;) {
		struct command c = start;

		if (dry_command(r->dry, &c, &why) == VERDICT_VERIFIED)
			return true;
		if (dry_now(r->dry) >= until_ns)
			break;
		for (int64_t next_ns = dry_now(r->dry) + NS_PER_S; dry_now(r->dry) < next_ns;)
			dry_tick(r->dry);
	}
	blame(r, "START is refused: %s", why);
	return false;
}

void
rehearsal_begin(struct rehearsal *r, const struct rehearsal_setup *setup)
{
	struct dry_setup dry = { .img = setup->img,
		.is_bytes = setup->is_bytes,
		.seed = 1,
		.wall_ns = setup->wall_ns,
		.event = on_event,
		.ctx = r };

	memset(r, 0, sizeof(*r));
	r->setup = *setup;
	r->img = setup->img;
	r->seq = image_sequence_at(r->img, setup->sequence);
	r->steps = mem_zero(REHEARSAL_STEPS, sizeof(*r->steps));
	r->news = mem_zero(REHEARSAL_NEWS, sizeof(*r->news));
	r->plot = plot_new(image_text(r->img, r->seq->title));
	rehearsal_choose(r);
	r->question = r->img->sequence[STATE_SEQ_QUESTION - STATE_SEQUENCE];
	r->step_time = r->img->sequence[STATE_SEQ_STEP_TIME - STATE_SEQUENCE];
	r->dry = dry_new(&dry);
	if (!begin_values(r)) {
		end(r, REHEARSAL_REFUSED);
		return;
	}
	while (dry_now(r->dry) < DRY_START_NS + SETTLE_NS)
		dry_tick(r->dry);
	if (!press_start(r))
		end(r, REHEARSAL_REFUSED);
}

void
rehearsal_done(struct rehearsal *r)
{
	dry_free(r->dry);
	plot_free(r->plot);
	free(r->steps);
	free(r->news);
	free(r->sums);
	free(r->rows);
	free(r->times);
}

/* ---- the tick ------------------------------------------------------------------------------------------------------------ */

static double
number_at(const struct rehearsal *r, uint32_t channel)
{
	struct sample s;

	board_read(dry_board(r->dry), channel, &s);
	return quality_is_bad(s.quality)
		       ? (double)NAN
		       : value_double(
				 (enum value_type)image_channel_at(r->img, channel)->type, s.v);
}

/* Somebody answers; the question may have gone meanwhile. */
static void
reply(struct rehearsal *r)
{
	double shown = number_at(r, r->question);
	struct command c = { .kind = COMMAND_SEQ_REPLY };
	const struct image_instr *in;
	const char *why;

	r->reply_ns = 0;
	if (!(shown >= 1) || shown > r->img->instrs.n)
		return;
	in = image_instr_at(r->img, (uint32_t)shown - 1);
	if (r->n_questions < r->setup.n_answers)
		text_copy(c.value, sizeof(c.value), r->setup.answers[r->n_questions]);
	else if (in->n > 0)
		text_copy(c.value, sizeof(c.value),
			image_text(r->img, image_seq_number(r->img, in->first)));
	r->n_questions++;
	if (dry_command(r->dry, &c, &why) == VERDICT_REFUSED)
		blame(r, "answer '%.40s': %s", c.value, why);
}

static void
look_at_end(struct rehearsal *r)
{
	int64_t held_ns = r->held_ns == 0 ? 0 : dry_now(r->dry) - r->held_ns;
	int64_t patience_ns = r->seq->on_hold_ns > 0 ? r->seq->on_hold_ns + 60 * NS_PER_S : HELD_NS;

	if (r->is_lawless)
		end(r, REHEARSAL_LAWLESS);
	else if (strcmp(r->state, "complete") == 0)
		end(r, REHEARSAL_COMPLETE);
	else if (strcmp(r->state, "stopped") == 0)
		end(r, REHEARSAL_STOPPED);
	else if (strcmp(r->state, "aborted") == 0)
		end(r, REHEARSAL_ABORTED);
	else if (held_ns > patience_ns)
		end(r, REHEARSAL_HELD);
	else if (dry_now(r->dry) - r->start_ns > r->setup.limit_ns)
		end(r, REHEARSAL_ENDLESS);
}

static void
look_at_time(struct rehearsal *r)
{
	if (r->setup.is_over != NULL && r->setup.is_over(r->setup.ctx))
		end(r, REHEARSAL_SLOW);
	if (r->is_ended && r->end == REHEARSAL_ENDLESS)
		blame(r,
			"it has not ended after %.4g h; give it more with --limit, or see what "
			"it waits for",
			(double)r->setup.limit_ns / 3.6e12);
	if (r->is_ended && r->end == REHEARSAL_SLOW)
		blame(r, "it takes too long to rehearse; %.4g h of it are through",
			rehearsal_time(r) / 3600);
}

bool
rehearsal_tick(struct rehearsal *r)
{
	static unsigned n;

	if (r->is_ended)
		return false;
	dry_tick(r->dry);
	if (r->must_read_plan) {
		r->must_read_plan = false;
		r->steps[r->n_steps - 1].planned_s = number_at(r, r->step_time);
	}
	rehearsal_sample(r);
	if (r->reply_ns != 0 && dry_now(r->dry) >= r->reply_ns)
		reply(r);
	look_at_end(r);
	if (r->is_ended || ++n % LOOK_TICKS == 0)
		look_at_time(r);
	if (r->is_ended) {
		end_step(r, r->took_s);
		rehearsal_sample(r);
	}
	return !r->is_ended;
}
