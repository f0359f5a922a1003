/* sequence_tell.c - what people see of the sequence under test: events, channels, texts with names in them */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/sequence_inside.h"

uint64_t
sequence_tell_event(struct sequencer *s, struct event *e)
{
	e->stamp_ns = s->now_ns;
	text_copy(e->subject, sizeof(e->subject),
		s->seq == NULL ? "sequence" : image_text(s->img, s->seq->name));
	text_copy(e->principal, sizeof(e->principal), s->principal);
	return s->sink.event(s->sink.ctx, e);
}

uint64_t
sequence_tell(struct sequencer *s, enum event_kind kind, uint64_t cause, const char *fmt, ...)
{
	struct event e = { .kind = kind, .cause = cause };
	va_list args;

	va_start(args, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, args);
	va_end(args);
	return sequence_tell_event(s, &e);
}

/* ---- texts --------------------------------------------------------------------------------------------------------------- */

static const struct image_slot *
find_slot(const struct sequencer *s, const char *name, size_t n, uint32_t *out)
{
	for (uint32_t i = 0; i < s->seq->n_slots; i++) {
		const struct image_slot *slot = image_slot_at(s->img, s->seq->first_slot + i);
		const char *its = image_text(s->img, slot->name);

		if (slot->role != SLOT_ELEMENT && strlen(its) == n && memcmp(its, name, n) == 0) {
			*out = i;
			return slot;
		}
	}
	return NULL;
}

/* What does not fit is left out. */
struct line {
	char *out;
	size_t cap, n;
};

static void
put(struct line *l, const char *bytes, size_t n)
{
	n = MIN(n, l->cap - 1 - l->n);
	memcpy(l->out + l->n, bytes, n);
	l->n += n;
}

static void
put_slot(const struct sequencer *s, const struct image_slot *slot, uint32_t i, struct line *l)
{
	char number[100];
	const char *unit = image_text(s->img, slot->unit);

	if (slot->kind == SLOT_TEXT) {
		put(l, s->texts[slot->number], strlen(s->texts[slot->number]));
		return;
	}
	snprintf(number, sizeof(number), "%.6g%s%.60s", s->slots[i], unit[0] == '\0' ? "" : " ",
		unit);
	put(l, number, strlen(number));
}

void
sequence_text(const struct sequencer *s, uint32_t text, char *out, size_t cap)
{
	const char *at = image_text(s->img, text), *end;
	char room[1024];
	struct line line = { room, sizeof(room), 0 };
	const struct image_slot *slot;
	uint32_t i;

	while (*at != '\0') {
		if ((at[0] == '{' && at[1] == '{') || (at[0] == '}' && at[1] == '}')) {
			put(&line, at, 1);
			at += 2;
			continue;
		}
		end = at[0] == '{' ? strchr(at, '}') : NULL;
		slot = end == NULL ? NULL : find_slot(s, at + 1, (size_t)(end - at - 1), &i);
		if (slot == NULL) {
			put(&line, at++, 1);
			continue;
		}
		put_slot(s, slot, i, &line);
		at = end + 1;
	}
	room[line.n] = '\0';
	text_copy(out, cap, room);
}

/* ---- channels ------------------------------------------------------------------------------------------------------------ */

static void
show_number(struct sequencer *s, enum image_state what, double v, bool is_known)
{
	channels_set(s->p.channels, s->img->sequence[what - STATE_SEQUENCE], is_known ? v : 0,
		is_known ? Q_GOOD : Q_NOT_YET, s->now_ns);
}

static void
show_text(struct sequencer *s, enum image_state what, const char *text)
{
	channels_set_text(s->p.channels, s->img->sequence[what - STATE_SEQUENCE], text, s->now_ns);
}

static double
tenths(int64_t ns)
{
	return (double)(ns / (NS_PER_S / 10)) / 10;
}

/* Its question, else what the first branch that waits for something waits for. */
static void
waiting(const struct sequencer *s, char *out, size_t cap)
{
	out[0] = '\0';
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX && sequencer_is_active(s); i++) {
		const struct branch *b = &s->branches[i];
		const struct image_instr *in;

		if (!b->is_used || !b->is_begun || b->is_waiting)
			continue;
		in = image_instr_at(s->img, b->pc);
		if (s->asking != IMAGE_NONE && s->asking != b->pc)
			continue;
		if (in->op == SEQUENCE_OP_COMMAND)
			sequence_command_waiting(s, b, out, cap);
		else if (in->op == SEQUENCE_OP_ASK)
			sequence_text(s, in->text, out, cap);
		else
			text_copy(out, cap, image_text(s->img, in->said));
		if (out[0] != '\0')
			return;
	}
}

void
sequence_show(struct sequencer *s)
{
	char waits[EVENT_TEXT];
	const struct image_seq_step *step;
	bool is_any = s->seq != NULL;
	bool is_asking = sequencer_is_active(s) && s->asking != IMAGE_NONE;
	int64_t in_step_ns = s->clock_ns - s->step_clock_ns, left_ns;

	if (s->img->sequences.n == 0)
		return;
	step = is_any ? image_seq_step_at(s->img, s->step) : NULL;
	left_ns = s->rest_plan_ns + MAX(s->step_plan_ns - in_step_ns, 0);
	if (!sequencer_is_active(s))
		left_ns = 0;
	show_number(s, STATE_SEQUENCE, sequencer_state(s), true);
	show_text(s, STATE_SEQ_NAME, is_any ? image_text(s->img, s->seq->name) : "");
	show_number(s, STATE_SEQ_STEP, is_any ? step->number : 0, is_any);
	show_text(s, STATE_SEQ_TITLE, is_any ? image_text(s->img, step->title) : "");
	show_text(s, STATE_SEQ_COMMENT, is_any ? image_text(s->img, step->comment) : "");
	show_number(s, STATE_SEQ_STEP_TIME, tenths(s->step_plan_ns), is_any);
	show_number(s, STATE_SEQ_STEP_CLOCK, tenths(in_step_ns), is_any);
	show_number(s, STATE_SEQ_TOTAL_TIME, tenths(s->clock_ns + left_ns), is_any);
	show_number(s, STATE_SEQ_CLOCK, tenths(s->clock_ns), is_any);
	show_number(s, STATE_SEQ_LEFT, tenths(left_ns), is_any);
	show_text(s, STATE_SEQ_REASON, sequencer_is_standing(s) ? s->stands_for : s->reason);
	waiting(s, waits, sizeof(waits));
	show_text(s, STATE_SEQ_WAITING, waits);
	show_number(s, STATE_SEQ_QUESTION, is_asking ? s->asking + 1.0 : 0, true);
	/* Behind what they tell apart: who reads them first sees no older text with a newer one. */
	show_number(s, STATE_SEQ_STEP_ID, sequencer_is_active(s) ? (double)s->visit : 0, true);
	show_number(s, STATE_SEQ_HOLD_ID, (double)sequence_hold(s), true);
	show_number(s, STATE_SEQ_QUESTION_ID, is_asking ? (double)s->asked : 0, true);
}
