/* sequence_note.c - statements that tell something: marks, results, records */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/sequence_inside.h"

#define RECORDS_TOLD 24 /* that is what is kept over a restart */

enum pace
sequence_mark(struct sequencer *s, const struct image_instr *in)
{
	char text[EVENT_TEXT];

	sequence_text(s, in->text, text, sizeof(text));
	if (in->op == SEQUENCE_OP_NOTIFY)
		sequence_tell(s, EVENT_SEQUENCE_NOTIFIES, s->run, "%.63s: %.60s",
			image_text(s->img, in->name), text);
	else
		sequence_tell(s, EVENT_SEQUENCE_MARK, s->run, "%s", text);
	return PACE_NEXT;
}

enum pace
sequence_result(struct sequencer *s, const struct image_instr *in)
{
	struct event e = { .kind = EVENT_SEQUENCE_RESULT, .stamp_ns = s->now_ns, .cause = s->run };
	double v, low, high;
	bool is_known = sequence_number(s, &in->value, &v), is_outside = false;

	if (is_known && in->low.n_ops > 0)
		is_outside = !sequence_number(s, &in->low, &low) ||
			     !sequence_number(s, &in->high, &high) || v < low || v > high;
	text_copy(e.subject, sizeof(e.subject), image_text(s->img, in->text));
	if (is_known) {
		e.n_values = 1;
		e.values[0] = v;
	}
	if (is_known && sequence_number(s, &in->low, &low) &&
		sequence_number(s, &in->high, &high)) {
		e.n_values = 3;
		e.values[1] = low;
		e.values[2] = high;
	}
	snprintf(e.text, sizeof(e.text), "%s",
		!is_known    ? "unknown"
		: is_outside ? "outside of its band"
			     : "");
	s->sink.event(s->sink.ctx, &e);
	return PACE_NEXT;
}

/* Each `record` of the sequence that is this statement or, of `stop record`, has its name: its bit. Those behind the 24th are not told. */
static uint32_t
records_of(const struct sequencer *s, const struct image_instr *in)
{
	uint32_t bits = 0, n = 0;

	for (uint32_t i = 0; i < s->seq->n_instrs && n < RECORDS_TOLD; i++) {
		const struct image_instr *is = image_instr_at(s->img, s->seq->first_instr + i);

		if (is->op != SEQUENCE_OP_RECORD)
			continue;
		if (is == in || (in->op == SEQUENCE_OP_STOP_RECORD &&
					strcmp(image_text(s->img, is->text),
						image_text(s->img, in->text)) == 0))
			bits |= 1u << n;
		n++;
	}
	return bits;
}

void
sequence_tell_records(struct sequencer *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->seq->n_instrs && s->records != 0; i++) {
		const struct image_instr *in = image_instr_at(s->img, s->seq->first_instr + i);

		if (in->op != SEQUENCE_OP_RECORD)
			continue;
		if ((s->records & 1u << n) != 0)
			sequence_tell(s, EVENT_SEQUENCE_RECORD_LEFT, s->run, "%.90s",
				image_text(s->img, in->text));
		s->records &= ~(1u << n++);
	}
	s->records = 0;
}

enum pace
sequence_record(struct sequencer *s, const struct image_instr *in)
{
	struct event e = { .kind = EVENT_SEQUENCE_RECORD_STARTED, .cause = s->run, .n_values = 2 };
	double every;

	if (in->op == SEQUENCE_OP_STOP_RECORD) {
		s->records &= ~records_of(s, in);
		sequence_tell(s, EVENT_SEQUENCE_RECORD_STOPPED, s->run, "%.90s",
			image_text(s->img, in->text));
		return PACE_NEXT;
	}
	s->records |= records_of(s, in);
	e.values[0] = sequence_number(s, &in->span, &every) ? every : 0;
	e.values[1] = in->line;
	snprintf(e.text, sizeof(e.text), "%.90s every %.6g s", image_text(s->img, in->text),
		e.values[0]);
	sequence_tell_event(s, &e);
	return PACE_NEXT;
}
