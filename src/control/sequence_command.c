/* sequence_command.c - the buttons: START, PAUSE, RESUME, SKIP STEP, GO TO STEP, ABORT, answers */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/output_inside.h"
#include "control/sequence_inside.h"

/* ---- what is told before START ------------------------------------------------------------------------------------------- */

static int
prepare(struct sequencer *s, const struct command *c, struct err *err)
{
	uint32_t i = image_find_sequence(s->img, c->subject);

	if (i == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"no sequence is named '%.60s'; 'mbc sequence' lists them", c->subject);
	memset(&s->form, 0, sizeof(s->form));
	s->form.index = i;
	text_copy(s->form.principal, sizeof(s->form.principal), c->principal);
	return 0;
}

static int
check_form(const struct sequencer *s, const struct command *c, struct err *err)
{
	if (s->form.index == IMAGE_NONE || strcmp(s->form.principal, c->principal) != 0)
		return err_set(err, ERR_REFUSED, 0,
			"nothing was prepared by %.31s; begin with the sequence's name",
			c->principal);
	return 0;
}

/* "450", "450 degC": in the unit of the slot. What is refused leaves *out as it was. */
static int
parse_number(const struct sequencer *s, const struct image_slot *slot, const char *text,
	double *out, struct err *err)
{
	const char *unit = image_text(s->img, slot->unit);
	double v;
	char *end;

	v = strtod(text, &end);
	while (*end == ' ')
		end++;
	if (end == text || !isfinite(v) || strpbrk(text, "xXnN") == text)
		return err_set(err, ERR_REFUSED, 0, "'%.40s' is no number; write it as 450 %.20s",
			text, unit);
	if (*end != '\0' && strcmp(end, unit) != 0)
		return err_set(err, ERR_REFUSED, 0, "'%.40s' is not in %.20s; write it as %.10g %s",
			text, unit[0] == '\0' ? "its own unit, it has none" : unit, v, unit);
	if (slot->has_range && (v < slot->min || v > slot->max))
		return err_set(err, ERR_REFUSED, 0, "%.10g is outside of %.10g to %.10g %s", v,
			slot->min, slot->max, unit);
	*out = v;
	return 0;
}

/* A list: "250, 300, 350 degC"; as many as it has, or fewer are refused. */
static int
parse_list(struct sequencer *s, struct form *form, const struct image_slot *slot, const char *text,
	struct err *err)
{
	const struct image_sequence *seq = image_sequence_at(s->img, form->index);
	double values[16];
	char one[COMMAND_VALUE];
	uint32_t n = 0;
	int rc;

	while (*text != '\0') {
		size_t length = strcspn(text, ",");

		snprintf(one, sizeof(one), "%.*s", (int)MIN(length, sizeof(one) - 1), text);
		text += length + (text[length] == ',');
		while (*text == ' ')
			text++;
		if (n == NELEM(values) || n == slot->n)
			return err_set(err, ERR_REFUSED, 0, "it has %u values", slot->n);
		if ((rc = parse_number(s, image_slot_at(s->img, seq->first_slot + slot->first + n),
			     one, &values[n], err)) < 0)
			return rc;
		n++;
	}
	if (n != slot->n)
		return err_set(
			err, ERR_REFUSED, 0, "it has %u values, separated by commas", slot->n);
	for (uint32_t i = 0; i < n; i++) {
		form->slots[slot->first + i] = values[i];
		form->has[slot->first + i] = true;
	}
	return 0;
}

/* The place of a parameter or field in the slots of its sequence; IMAGE_NONE: there is none of this name. */
static uint32_t
find_told(const struct sequencer *s, const struct image_sequence *seq, const char *name)
{
	for (uint32_t i = 0; i < seq->n_slots; i++) {
		const struct image_slot *slot = image_slot_at(s->img, seq->first_slot + i);

		if ((slot->role == SLOT_PARAM || slot->role == SLOT_META) &&
			strcmp(image_text(s->img, slot->name), name) == 0)
			return i;
	}
	return IMAGE_NONE;
}

static int
fill_in(struct sequencer *s, struct form *form, const char *name, const char *value,
	struct err *err)
{
	const struct image_sequence *seq = image_sequence_at(s->img, form->index);
	uint32_t i = find_told(s, seq, name);
	const struct image_slot *slot;
	int rc = 0;

	if (i == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"'%.40s' is neither a parameter nor a field of this sequence", name);
	slot = image_slot_at(s->img, seq->first_slot + i);
	if (slot->kind == SLOT_LIST)
		return parse_list(s, form, slot, value, err);
	if (slot->kind != SLOT_TEXT)
		rc = parse_number(s, slot, value, &form->slots[i], err);
	else if (!text_copy(form->texts[slot->number], SEQUENCE_TEXT, value))
		rc = err_set(
			err, ERR_REFUSED, 0, "it has over %d bytes; write less", SEQUENCE_TEXT - 1);
	if (rc == 0)
		form->has[i] = true;
	return rc;
}

static int
answer_form(struct sequencer *s, const struct command *c, struct err *err)
{
	int rc = check_form(s, c, err);

	return rc < 0 ? rc : fill_in(s, &s->form, c->subject, c->value, err);
}

/* All that is wrong, one after the other. */
struct faults {
	char *out; /* VERDICT_TEXT bytes */
	size_t n;
	uint32_t count, untold; /* untold: those that had no room */
};

static void
note_fault(struct faults *f, const char *name, const char *why)
{
	size_t room = VERDICT_TEXT - 30 - f->n; /* for how many more there are */
	size_t n = strlen(name) + strlen(why) + 6;

	f->count++;
	if (f->untold > 0 || n > room) {
		f->untold++;
		return;
	}
	f->n += (size_t)snprintf(f->out + f->n, room, "%s%s: %s", f->n == 0 ? "" : ". ", name, why);
}

/* What came with START, as a form of its own: all of it is looked at before it is refused. */
static int
fill_whole(struct sequencer *s, const struct command *c, char *out_text, struct err *err)
{
	struct faults faults = { .out = out_text };
	const struct image_sequence *seq;
	char name[EVENT_SUBJECT], value[COMMAND_TOLD];
	struct form *form = &s->whole;
	size_t at = 0;
	bool is_good;

	memset(form, 0, sizeof(*form));
	form->index = image_find_sequence(s->img, c->subject);
	if (form->index == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"no sequence is named '%.60s'; 'mbc sequence' lists them", c->subject);
	seq = image_sequence_at(s->img, form->index);
	while (command_next_value(c, &at, name, value, &is_good)) {
		uint32_t i = find_told(s, seq, name);
		struct err why;

		if (!is_good)
			note_fault(&faults, name, "it is no NAME=VALUE");
		else if (i != IMAGE_NONE && form->is_told[i])
			note_fault(&faults, name, "it comes twice");
		else if (fill_in(s, form, name, value, &why) < 0)
			note_fault(&faults, name, why.msg);
		if (i != IMAGE_NONE)
			form->is_told[i] = true; /* one that is wrong is not missing as well */
	}
	for (uint32_t i = 0; i < seq->n_slots; i++) {
		const struct image_slot *slot = image_slot_at(s->img, seq->first_slot + i);

		if (slot->role == SLOT_META && slot->is_required && !slot->has_value &&
			!form->is_told[i])
			note_fault(&faults, image_text(s->img, slot->name),
				"it has to be told before START");
	}
	if (faults.count == 0)
		return 0;
	if (faults.untold > 0)
		snprintf(out_text + faults.n, VERDICT_TEXT - faults.n, "; and %u more",
			faults.untold);
	return err_set(err, ERR_REFUSED, 0, "%u of its values cannot be taken", faults.count);
}

/* ---- START --------------------------------------------------------------------------------------------------------------- */

static int
fill_slots(struct sequencer *s, const struct form *form, const struct command *c, struct err *err)
{
	const struct image_sequence *seq = image_sequence_at(s->img, form->index);

	for (uint32_t i = 0; i < seq->n_slots; i++) {
		const struct image_slot *slot = image_slot_at(s->img, seq->first_slot + i);

		if (slot->role == SLOT_META && slot->is_required && !form->has[i] &&
			!slot->has_value)
			return err_set(err, ERR_REFUSED, 0, "'%.60s' has to be told before START",
				image_text(s->img, slot->name));
	}
	for (uint32_t i = 0; i < seq->n_slots; i++) {
		const struct image_slot *slot = image_slot_at(s->img, seq->first_slot + i);
		bool has = form->has[i];

		s->slots[i] = has ? form->slots[i] : slot->has_value ? slot->value : (double)NAN;
		if (slot->kind != SLOT_TEXT)
			continue;
		text_copy(s->texts[slot->number], SEQUENCE_TEXT,
			has             ? form->texts[slot->number]
			: slot->is_user ? c->principal
					: image_text(s->img, slot->text));
	}
	return 0;
}

static int
take_outputs(struct sequencer *s, const struct image_sequence *seq, struct err *err)
{
	int rc;

	for (uint32_t k = 0; k < seq->n_uses; k++) {
		uint32_t i = image_seq_number(s->img, seq->first_use + k);

		if (outputs_owner(s->p.outputs, i) >= OWNER_SAFE_STATE)
			return err_set(err, ERR_REFUSED, 0,
				"'%.60s' belongs to a safe state or trip; release or reset that",
				image_text(s->img, image_channel_at(s->img,
							   image_output_at(s->img, i)->channel)
							   ->name));
	}
	for (uint32_t k = 0; k < seq->n_uses; k++) {
		uint32_t i = image_seq_number(s->img, seq->first_use + k);

		s->grips[i] = (struct grip){ .is_used = true,
			.branch = NO_BRANCH,
			.paused = (double)NAN,
			.was = (double)NAN };
		if ((rc = outputs_assign(s->p.outputs, i, OWNER_SEQUENCE, s->now_ns, err)) < 0)
			return rc;
	}
	return 0;
}

/* NAME = VALUE; values: is it a field? What follows in a list comes as NAME += VALUES. */
static void
tell_slot(struct sequencer *s, const struct image_slot *slot, const char *sign, const char *value)
{
	struct event e = { .kind = EVENT_SEQUENCE_FORM,
		.cause = s->run,
		.n_values = 1,
		.values = { slot->role == SLOT_META } };

	snprintf(e.text, sizeof(e.text), "%.44s %s %.76s", image_text(s->img, slot->name), sign,
		value);
	sequence_tell_event(s, &e);
}

static void
tell_list(struct sequencer *s, const struct image_slot *slot)
{
	char values[76] = "", one[64];
	const char *sign = "=";

	for (uint32_t i = 0; i < slot->n; i++) {
		const struct image_slot *item =
			image_slot_at(s->img, s->seq->first_slot + slot->first + i);

		if (item->kind == SLOT_TEXT)
			snprintf(one, sizeof(one), "%.60s", s->texts[item->number]);
		else
			snprintf(one, sizeof(one), "%.10g%s%.20s", s->slots[slot->first + i],
				image_text(s->img, item->unit)[0] == '\0' ? "" : " ",
				image_text(s->img, item->unit));
		if (values[0] != '\0' && strlen(values) + 2 + strlen(one) >= sizeof(values)) {
			tell_slot(s, slot, sign, values);
			values[0] = '\0';
			sign = "+=";
		}
		snprintf(values + strlen(values), sizeof(values) - strlen(values), "%s%s",
			values[0] == '\0' ? "" : ", ", one);
	}
	tell_slot(s, slot, sign, values);
}

/* What it was told, so that the journal has it, and the run. */
static void
tell_slots(struct sequencer *s)
{
	char value[80];

	for (uint32_t i = 0; i < s->seq->n_slots; i++) {
		const struct image_slot *slot = image_slot_at(s->img, s->seq->first_slot + i);
		const char *unit = image_text(s->img, slot->unit);

		if (slot->role != SLOT_PARAM && slot->role != SLOT_META)
			continue;
		if (slot->kind == SLOT_LIST) {
			tell_list(s, slot);
			continue;
		}
		if (slot->kind == SLOT_TEXT)
			snprintf(value, sizeof(value), "%.64s", s->texts[slot->number]);
		else if (isfinite(s->slots[i]))
			snprintf(value, sizeof(value), "%.10g%s%.20s", s->slots[i],
				unit[0] == '\0' ? "" : " ", unit);
		else
			continue; /* a field that nobody filled in */
		tell_slot(s, slot, "=", value);
	}
}

/* Which text it is, for the run: in halves, which a value takes without loss. */
static uint64_t
tell_start(struct sequencer *s, uint64_t cause)
{
	struct event e = { .kind = EVENT_SEQUENCE_STARTED,
		.cause = cause,
		.n_values = 3,
		.values = { s->seq->version, (double)(s->seq->text_hash >> 32),
			(double)(s->seq->text_hash & UINT32_MAX) } };

	snprintf(e.text, sizeof(e.text), "%.100s", image_text(s->img, s->seq->title));
	return sequence_tell_event(s, &e);
}

static int
start(struct sequencer *s, const struct command *c, uint64_t cause, char *out_text, struct err *err)
{
	const struct form *form = c->is_whole ? &s->whole : &s->form;
	const struct image_sequence *seq;
	char why[EVENT_TEXT];
	int rc = c->is_whole ? fill_whole(s, c, out_text, err) : check_form(s, c, err);

	if (rc < 0)
		return rc;
	if (sequencer_is_active(s))
		return err_set(err, ERR_REFUSED, 0, "'%.60s' is under test; ABORT it first",
			image_text(s->img, s->seq->name));
	seq = image_sequence_at(s->img, form->index);
	if (strcmp(c->subject, image_text(s->img, seq->name)) != 0)
		return err_set(err, ERR_REFUSED, 0, "'%.60s' was prepared, not '%.40s'",
			image_text(s->img, seq->name), c->subject);
	if (s->img->is_observed)
		return err_set(err, ERR_REFUSED, 0,
			"this bench only observes; write 'mode: control' in its file");
	if (!trips_are_ready(s->p.trips))
		return err_set(err, ERR_REFUSED, 0,
			"the inputs of trip '%.60s' are not all good yet; look at them, wait",
			trips_not_ready(s->p.trips));
	if (trips_any(s->p.trips))
		return err_set(err, ERR_REFUSED, 0, "a trip is not reset; see 'mbc trip'");
	if ((rc = fill_slots(s, form, c, err)) < 0)
		return rc;
	s->seq = seq;
	s->index = form->index;
	s->step = seq->first_step;
	sequence_forget_all(s);
	if (!sequence_may_enter(s, seq->first_step, true, why, sizeof(why))) {
		s->seq = NULL;
		s->index = IMAGE_NONE;
		return err_set(err, ERR_REFUSED, 0, "%s", why);
	}
	if ((rc = take_outputs(s, seq, err)) < 0) {
		sequence_end(s, SEQUENCE_IDLE);
		s->seq = NULL;
		return rc;
	}
	text_copy(s->principal, sizeof(s->principal), c->principal);
	s->clock_ns = s->step_clock_ns = 0;
	s->began_ns = s->now_ns;
	s->used_abort = s->used_hold = s->is_stopping = false;
	s->records = 0;
	s->reason[0] = '\0';
	s->reason_event = 0;
	memset(s->branches, 0, sizeof(s->branches));
	for (uint32_t i = seq->first_guard; i < seq->first_guard + seq->n_guards; i++) {
		s->watches[i] = (struct watch){ 0 };
		channels_forget(s->p.channels, &image_seq_guard_at(s->img, i)->when);
	}
	s->run = tell_start(s, cause);
	tell_slots(s);
	if (!c->is_whole)
		s->form.index = IMAGE_NONE;
	sequence_enter(s, SEQUENCE_RUNNING);
	sequence_begin_step(s, seq->first_step, s->run);
	return 0;
}

/* ---- the other buttons --------------------------------------------------------------------------------------------------- */

static int
pause(struct sequencer *s, bool is_safe, uint64_t cause, struct err *err)
{
	double working;

	if (s->state != SEQUENCE_RUNNING && !(is_safe && s->state == SEQUENCE_HELD && !s->is_safe))
		return err_set(err, ERR_REFUSED, 0, "it is not running");
	if (is_safe && s->img->on_stop == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"the bench has no safe state by default; write on_stop:, or PAUSE");
	for (uint32_t i = 0; is_safe && i < s->img->outputs.n; i++)
		if (s->grips[i].is_used)
			s->grips[i].paused =
				outputs_working(s->p.outputs, i, &working) ? working : (double)NAN;
	if (s->state == SEQUENCE_RUNNING) {
		sequence_freeze(s);
		sequence_hold_now(s, HELD_BY_PERSON, NO_BRANCH, IMAGE_NONE,
			is_safe ? "paused, outputs safe" : "paused", cause);
	}
	if (is_safe) {
		s->is_safe = true;
		s->held_by = HELD_BY_PERSON;
		s->held_action = IMAGE_NONE; /* it does not go on by itself any more */
		safe_begin(s->p.safe, s->img->on_stop, OWNER_SAFE_STATE, cause, "SAFE PAUSE",
			s->now_ns);
	}
	return 0;
}

static bool
must_come_back(const struct sequencer *s)
{
	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		if (s->grips[i].is_used && !isnan(s->grips[i].paused))
			return true;
	return false;
}

static int
resume(struct sequencer *s, uint64_t cause, struct err *err)
{
	char why[EVENT_TEXT];
	int rc;

	if (s->state != SEQUENCE_HELD)
		return err_set(err, ERR_REFUSED, 0, "it is not held");
	if (trips_any(s->p.trips))
		return err_set(err, ERR_REFUSED, 0, "a trip is not reset; see 'mbc trip'");
	if (s->goto_step != IMAGE_NONE &&
		!sequence_may_enter(s, s->goto_step, s->goto_step == s->step + 1, why, sizeof(why)))
		return err_set(err, ERR_REFUSED, 0, "%s", why);
	if (s->is_safe && safe_is_held(s->p.safe, s->img->on_stop))
		safe_leave(s->p.safe, s->img->on_stop, s->now_ns);
	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		if (!s->grips[i].is_used)
			continue;
		if ((rc = outputs_assign(s->p.outputs, i, OWNER_SEQUENCE, s->now_ns, err)) < 0)
			return rc;
	}
	sequence_tell(s, EVENT_SEQUENCE_RESUMED, cause, " ");
	s->reason_event = cause;
	if (must_come_back(s)) {
		s->order = 0;
		s->held_ns = s->now_ns; /* that takes its time, but not for ever: on_hold */
		sequence_enter(s, SEQUENCE_RESTARTING);
	} else {
		sequence_thaw(s, cause);
	}
	return 0;
}

static int
skip(struct sequencer *s, uint64_t cause, struct err *err)
{
	uint32_t next = s->step + 1;
	char why[EVENT_TEXT];

	if (s->state != SEQUENCE_RUNNING && s->state != SEQUENCE_HELD)
		return err_set(err, ERR_REFUSED, 0, "it is neither running nor held");
	if (next < s->seq->first_step + s->seq->n_steps &&
		!sequence_may_enter(s, next, true, why, sizeof(why)))
		return err_set(err, ERR_REFUSED, 0, "%s", why);
	if (s->state == SEQUENCE_HELD) {
		if (s->is_safe || next == s->seq->first_step + s->seq->n_steps)
			return err_set(err, ERR_REFUSED, 0, "RESUME it first");
		s->goto_step = next;
		s->held_action = IMAGE_NONE;
		s->reason_event = cause; /* RESUME leads elsewhere than before */
		return 0;
	}
	sequence_next_step(s, cause);
	return 0;
}

/* What is different of an output: "T is 25 degC, normally 20 degC"; false: nothing is. */
static bool
difference(struct sequencer *s, const struct image_seq_expect *e, char *out, size_t cap)
{
	const struct image_channel *ch =
		image_channel_at(s->img, image_output_at(s->img, e->output)->channel);
	char is[64] = "unknown", wanted[64];
	double want, target;
	bool has = outputs_target(s->p.outputs, e->output, &target);

	if (!sequence_number(s, &e->value, &want) ||
		(has && fabs(want - target) <= 1e-9 * fmax(1, fabs(want))))
		return false;
	outputs_text(s->p.outputs, e->output, output_six_digits(want), wanted, sizeof(wanted));
	if (has)
		outputs_text(s->p.outputs, e->output, output_six_digits(target), is, sizeof(is));
	snprintf(out, cap, "%.40s is %.30s, normally %.30s", image_text(s->img, ch->name), is,
		wanted);
	return true;
}

/* Outputs that are not what they are at the beginning of this step by the steps before it. All of them are events; what fits is told. */
static uint32_t
differences(struct sequencer *s, uint32_t step, uint64_t cause, char *out, size_t cap)
{
	const struct image_seq_step *d = image_seq_step_at(s->img, step);
	char one[EVENT_TEXT];
	uint32_t n = 0, n_told = 0;
	size_t at = 0;

	out[0] = '\0';
	for (uint32_t i = d->first_expect; i < d->first_expect + d->n_expects; i++) {
		if (!difference(s, image_seq_expect_at(s->img, i), one, sizeof(one)))
			continue;
		n++;
		sequence_tell(s, EVENT_SEQUENCE_NOTE, cause, "%s", one);
		if (n_told + 1 < n || at + strlen(one) + 2 > cap - 30)
			continue; /* room for how many more there are */
		at += (size_t)snprintf(out + at, cap - at, "%s%s", at > 0 ? "; " : "", one);
		n_told++;
	}
	if (n_told < n)
		snprintf(out + at, cap - at, "; %u more: mbc log", n - n_told);
	return n;
}

static int
go_to(struct sequencer *s, const struct command *c, uint64_t cause, char *out_text, struct err *err)
{
	uint32_t step = IMAGE_NONE;
	int64_t number;
	char why[EVENT_TEXT];

	if (s->state != SEQUENCE_RUNNING && s->state != SEQUENCE_HELD)
		return err_set(err, ERR_REFUSED, 0, "it is neither running nor held");
	if (!text_to_int(c->value, &number))
		number = -1;
	for (uint32_t i = s->seq->first_step; i < s->seq->first_step + s->seq->n_steps; i++)
		if (image_seq_step_at(s->img, i)->number == number)
			step = i;
	if (step == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0, "there is no step %.20s", c->value);
	if (!sequence_may_enter(s, step, false, why, sizeof(why)))
		return err_set(err, ERR_REFUSED, 0, "%s", why);
	if (s->state == SEQUENCE_RUNNING) {
		sequence_freeze(s);
		sequence_hold_now(
			s, HELD_BY_PERSON, NO_BRANCH, IMAGE_NONE, "go to another step", cause);
	}
	/* RESUME leads elsewhere than before; who asked knows this hold by the event of the command. */
	s->reason_event = cause;
	s->goto_step = step;
	s->held_action = IMAGE_NONE;
	if (differences(s, step, cause, why, sizeof(why) - 26) > 0)
		snprintf(out_text, EVENT_TEXT, "held; RESUME goes there; %.*s", EVENT_TEXT - 26,
			why);
	else
		snprintf(out_text, EVENT_TEXT, "held; RESUME goes there; all outputs are as usual");
	return 0;
}

static int
reply(struct sequencer *s, const struct command *c, struct err *err)
{
	const struct image_instr *in;

	if (s->asking == IMAGE_NONE || !sequencer_is_active(s))
		return err_set(err, ERR_REFUSED, 0, "it asks nothing");
	if (s->reply[0] != '\0')
		return err_set(err, ERR_REFUSED, 0,
			"it has been answered already: '%.40s'; nothing else is needed", s->reply);
	in = image_instr_at(s->img, s->asking);
	for (uint32_t i = in->first; i < in->first + in->n; i++)
		if (strcmp(image_text(s->img, image_seq_number(s->img, i)), c->value) == 0) {
			text_copy(s->reply, sizeof(s->reply), c->value);
			return 0;
		}
	return err_set(err, ERR_REFUSED, 0, "'%.40s' is none of its answers; one is '%.40s'",
		c->value, image_text(s->img, image_seq_number(s->img, in->first)));
}

/* ---- two people at once --------------------------------------------------------------------------------------------------- */

static int
not_as_seen(const struct sequencer *s, const struct command *c, struct err *err)
{
	const struct image_seq_step *now = image_seq_step_at(s->img, s->step);

	if (c->step != 0 && c->step != s->visit)
		return err_set(err, ERR_REFUSED, 0,
			"the step that was looked at is over: step %u '%.50s' executes now; look "
			"at it, then press again",
			now->number, image_text(s->img, now->title));
	if (c->hold != 0 && c->hold != sequence_hold(s))
		return err_set(err, ERR_REFUSED, 0,
			"it is not held as it was when that was looked at: %.60s; look at why and "
			"where it goes on, then press again",
			s->reason[0] == '\0' ? "it is not held any more" : s->reason);
	if (c->question == 0 || (s->asking != IMAGE_NONE && c->question == s->asked))
		return 0;
	if (s->asking == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"that question is answered or over, and it asks nothing now; look at how "
			"it goes on");
	return err_set(err, ERR_REFUSED, 0,
		"that question is answered or over; it asks now: %.80s; read it, then answer that",
		s->reason);
}

int
sequencer_is_as_seen(const struct sequencer *s, const struct command *c, struct err *err)
{
	switch (c->kind) {
	case COMMAND_SEQ_RESUME:
	case COMMAND_SEQ_SKIP:
	case COMMAND_SEQ_GOTO:
	case COMMAND_SEQ_REPLY:
		return sequencer_is_active(s) ? not_as_seen(s, c, err) : 0;
	default: /* what stops is refused for nothing that somebody saw */
		return 0;
	}
}

int
sequencer_command(struct sequencer *s, const struct command *c, uint64_t cause, int64_t now_ns,
	char *out_text, struct err *err)
{
	s->now_ns = now_ns;
	out_text[0] = '\0';
	if (c->kind > COMMAND_SEQ_START && !sequencer_is_active(s))
		return err_set(err, ERR_REFUSED, 0, "no sequence is under test");
	if (sequencer_is_as_seen(s, c, err) < 0)
		return ERR_REFUSED;
	if (s->state == SEQUENCE_HOLDING)
		sequence_enter(s, SEQUENCE_HELD); /* nothing is on its way any more */
	switch (c->kind) {
	case COMMAND_SEQ_PREPARE:
		return prepare(s, c, err);
	case COMMAND_SEQ_ANSWER_FORM:
		return answer_form(s, c, err);
	case COMMAND_SEQ_START:
		return start(s, c, cause, out_text, err);
	case COMMAND_SEQ_PAUSE:
		return pause(s, false, cause, err);
	case COMMAND_SEQ_SAFE_PAUSE:
		return pause(s, true, cause, err);
	case COMMAND_SEQ_RESUME:
		return resume(s, cause, err);
	case COMMAND_SEQ_SKIP:
		return skip(s, cause, err);
	case COMMAND_SEQ_GOTO:
		return go_to(s, c, cause, out_text, err);
	case COMMAND_SEQ_ABORT:
		sequence_abort(s, "ABORT", cause);
		return 0;
	case COMMAND_SEQ_REPLY:
		return reply(s, c, err);
	default:
		return err_set(err, ERR_REFUSED, 0, "this is not about a sequence");
	}
}
