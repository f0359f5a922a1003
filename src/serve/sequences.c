/* sequences.c - sequences as documents: what they are from the image, the one under test from the board */
#include "model/sequence.h"

#include <stdio.h>
#include <string.h>

#include "serve/picture.h"

static void
show_slot(struct doc *d, const struct image *img, const struct image_sequence *seq,
	const struct image_slot *s)
{
	doc_object(d, NULL);
	doc_text(d, "name", image_text(img, s->name));
	doc_text(d, "kind",
		s->kind == SLOT_TEXT   ? "text"
		: s->kind == SLOT_LIST ? "list"
				       : "number");
	doc_text(d, "unit", s->unit == 0 ? NULL : image_text(img, s->unit));
	doc_bool(d, "required", s->is_required != 0 && !s->has_value);
	if (s->kind == SLOT_TEXT)
		doc_text(d, "value", s->text == 0 ? NULL : image_text(img, s->text));
	else if (s->kind == SLOT_NUMBER && s->has_value)
		doc_double(d, "value", s->value);
	else
		doc_null(d, "value");
	if (s->kind == SLOT_LIST) {
		doc_array(d, "values", "value");
		for (uint32_t i = 0; i < s->n; i++)
			doc_double(
				d, NULL, image_slot_at(img, seq->first_slot + s->first + i)->value);
		doc_end(d);
	}
	if (s->has_range) {
		doc_double(d, "min", s->min);
		doc_double(d, "max", s->max);
	}
	doc_end(d);
}

static void
show_slots(struct doc *d, const struct image *img, const struct image_sequence *seq,
	enum image_slot_role role, const char *key, const char *item)
{
	doc_array(d, key, item);
	for (uint32_t i = seq->first_slot; i < seq->first_slot + seq->n_slots; i++)
		if (image_slot_at(img, i)->role == role)
			show_slot(d, img, seq, image_slot_at(img, i));
	doc_end(d);
}

static void
show_sequence(struct doc *d, const struct image *img, const struct image_sequence *seq)
{
	doc_text(d, "name", image_text(img, seq->name));
	doc_text(d, "title", image_text(img, seq->title));
	doc_uint(d, "version", seq->version);
	show_slots(d, img, seq, SLOT_PARAM, "parameters", "parameter");
	show_slots(d, img, seq, SLOT_META, "fields", "field");
	doc_array(d, "steps", "step");
	for (uint32_t i = seq->first_step; i < seq->first_step + seq->n_steps; i++) {
		const struct image_seq_step *s = image_seq_step_at(img, i);

		doc_object(d, NULL);
		doc_uint(d, "number", s->number);
		doc_text(d, "title", image_text(img, s->title));
		doc_text(d, "comment", s->comment == 0 ? NULL : image_text(img, s->comment));
		doc_bool(d, "has_entry", s->entry != SEQUENCE_ENTRY_NONE);
		doc_end(d);
	}
	doc_end(d);
}

void
picture_sequences(struct buf *out, bool is_xml, const struct view *v)
{
	char hash[20];
	struct doc d;

	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)v->img->hash);
	doc_open(&d, out, is_xml, "bench");
	view_time(&d, "time", v, v->now_ns);
	doc_text(&d, "config", hash);
	doc_array(&d, "sequences", "sequence");
	for (uint32_t i = 0; i < v->img->sequences.n; i++) {
		doc_object(&d, NULL);
		show_sequence(&d, v->img, image_sequence_at(v->img, i));
		doc_end(&d);
	}
	doc_end(&d);
	doc_close(&d);
}

static bool
look(const struct view *v, enum image_state what, struct sample *s)
{
	uint32_t i = v->img->sequence[what - STATE_SEQUENCE];

	if (i >= v->info.n_channels)
		return false;
	board_look(v->board, i, v->now_ns, s);
	return !quality_is_bad(s->quality);
}

static void
show_number(struct doc *d, const struct view *v, const char *key, enum image_state what)
{
	struct sample s;

	if (look(v, what, &s))
		doc_double(d, key, s.v.f);
	else
		doc_null(d, key);
}

static void
show_text(struct doc *d, const struct view *v, const char *key, enum image_state what)
{
	struct sample s;

	doc_text(d, key, look(v, what, &s) && s.text[0] != '\0' ? s.text : NULL);
}

/* What tells one step, hold or question from others; 0: there is none. To be looked at before all that it tells apart: then what is shown with it is no older. */
static uint64_t
look_id(const struct view *v, enum image_state what)
{
	struct sample s;

	return look(v, what, &s) ? s.v.u : 0;
}

static void
put_id(struct doc *d, const char *key, uint64_t id)
{
	if (id != 0)
		doc_uint(d, key, id);
	else
		doc_null(d, key);
}

static void
show_question(struct doc *d, const struct view *v)
{
	uint64_t id = look_id(v, STATE_SEQ_QUESTION_ID);
	const struct image_instr *in;
	struct sample s;

	if (!look(v, STATE_SEQ_QUESTION, &s) || s.v.u == 0 || s.v.u > v->img->instrs.n) {
		doc_null(d, "question");
		return;
	}
	in = image_instr_at(v->img, (uint32_t)s.v.u - 1);
	doc_object(d, "question");
	put_id(d, "id", id);
	/* With the {names} put in, which the controller knows; a text without any is told whole. */
	if (in->op == SEQUENCE_OP_ASK && strpbrk(image_text(v->img, in->text), "{}") == NULL)
		doc_text(d, "text", image_text(v->img, in->text));
	else
		show_text(d, v, "text", STATE_SEQ_WAITING);
	doc_array(d, "answers", "answer");
	for (uint32_t i = 0; i < in->n; i++)
		doc_text(d, NULL, image_text(v->img, image_seq_number(v->img, in->first + i)));
	doc_end(d);
	doc_end(d);
}

/* The buttons that mean something in this state. */
static void
show_buttons(struct doc *d, enum sequence_state state)
{
	bool is_running = state == SEQUENCE_RUNNING, is_held = state == SEQUENCE_HELD;
	bool is_over = state == SEQUENCE_IDLE || state == SEQUENCE_STOPPED ||
		       state == SEQUENCE_ABORTED || state == SEQUENCE_COMPLETE;

	doc_object(d, "buttons");
	doc_bool(d, "start", is_over);
	doc_bool(d, "pause", is_running);
	doc_bool(d, "safe_pause", is_running || is_held);
	doc_bool(d, "resume", is_held);
	doc_bool(d, "skip", is_running || is_held);
	doc_bool(d, "goto", is_running || is_held);
	doc_bool(d, "abort", !is_over);
	doc_end(d);
}

void
picture_sequence(struct buf *out, bool is_xml, const struct view *v)
{
	struct sample s = { 0 };
	struct doc d;
	uint64_t step_id, hold_id;
	bool is_known;

	doc_open(&d, out, is_xml, "bench");
	view_time(&d, "time", v, v->now_ns);
	step_id = v->img->sequences.n > 0 ? look_id(v, STATE_SEQ_STEP_ID) : 0;
	hold_id = v->img->sequences.n > 0 ? look_id(v, STATE_SEQ_HOLD_ID) : 0;
	is_known = v->img->sequences.n > 0 && look(v, STATE_SEQUENCE, &s);
	doc_text(&d, "state",
		is_known ? board_choice(
				   v->board, board_channel(v->board, v->img->sequence[0]), s.v.i)
			 : NULL);
	if (is_known) {
		enum sequence_state state = (enum sequence_state)s.v.i;

		show_text(&d, v, "name", STATE_SEQ_NAME);
		if (look(v, STATE_SEQ_STEP, &s))
			doc_uint(&d, "step", s.v.u);
		else
			doc_null(&d, "step");
		put_id(&d, "step_id", step_id);
		put_id(&d, "hold_id", hold_id);
		show_text(&d, v, "title", STATE_SEQ_TITLE);
		show_text(&d, v, "comment", STATE_SEQ_COMMENT);
		show_number(&d, v, "step_time", STATE_SEQ_STEP_TIME);
		show_number(&d, v, "current_step_time", STATE_SEQ_STEP_CLOCK);
		show_number(&d, v, "time_elapsed", STATE_SEQ_CLOCK);
		show_number(&d, v, "total_time", STATE_SEQ_TOTAL_TIME);
		show_number(&d, v, "time_left", STATE_SEQ_LEFT);
		show_text(&d, v, "reason", STATE_SEQ_REASON);
		show_text(&d, v, "waiting", STATE_SEQ_WAITING);
		show_question(&d, v);
		show_buttons(&d, state);
	}
	doc_close(&d);
}
