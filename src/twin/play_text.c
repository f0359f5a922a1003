/* play_text.c - instruments that are described by their messages, the instrument's side
 *
 * The formats are read the other way round: what a master may send is compared with `send`, and what comes back is written by `receive`, with
 * the values of the points that stand in it; one named `identity` is the text that `identify:` looks for, or the name of the instrument; a
 * value of the answer to identity: that a channel shows is what that channel's twin starts with. Any
 * other value that no point reads is written as 0, a blank text, or the first of its words; `{..}` as nothing, behind the code of an error as
 * what that means. A point that is on its way to what was written is answered by the error that says busy, where that has no code. What has the form of no message is answered by the first of the errors, when it stands alone on its wire, or not at all;
 * of instruments that speak SCPI, see play_text_scpi.c.
 *
 *	state	the message of a row whose answer was given last: the next of the row may follow, or itself where it is asked until
 */
#include <string.h>

#include "base/text.h"
#include "drivers/text_frame.h"
#include "drivers/text_message.h"
#include "drivers/text_value.h"
#include "drivers/text_write.h"
#include "twin/play_text_scpi.h"
#include "twin/player.h"

enum {
	ROW,
	STEP,
	TOLD,
	ERRORS,
	AGAIN
}; /* of dev->state: first message of the row + 1, which of it is next; hash of what was told; what SCPI did not understand; it was answered
      and may be asked again */
enum { SPACE_ASKED, SPACE_TOLD };

/* ---- frames ---------------------------------------------------------------------------------------------------------------- */

/* What masters send stands between send_start and send_end; what is answered between start and end. */
static bool
frames(const struct play_device *dev, struct text_frame *out_heard, struct text_frame *out_said)
{
	struct text_frame f;
	struct err err;

	if (text_frame_read(&dev->ins.opts, &f, &err) < 0)
		return false;
	*out_heard = *out_said = f;
	out_heard->start = f.send_start;
	out_heard->n_ends = f.send_end.n > 0;
	out_heard->ends[0] = f.send_end;
	out_heard->length = 0;
	out_heard->has_length = out_heard->by_silence = false;
	out_heard->skip.n = 0;
	out_said->send_start = f.start;
	out_said->send_end = f.n_ends > 0 ? f.ends[0] : (struct text_run){ .n = 0 };
	return true;
}

static bool
fits(const struct play_device *dev, const struct message *m, const uint8_t *in, size_t n,
	struct text_format *f, struct text_found found[TEXT_FIELDS_MAX])
{
	struct err err;

	if (m->send[0] == '\0' || text_format_parse(m->send, f, &err) < 0)
		return false;
	f->secret = text_frame_password(&dev->ins.opts);
	return text_message_match(f, in, n, found) == TEXT_FITS;
}

/* Where nothing ends a message: the first bytes that are one as they stand. */
static int
cut_by_form(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	struct text_found found[TEXT_FIELDS_MAX];
	struct text_format f;

	for (size_t k = 1; k <= n; k++)
		for (uint32_t i = 0; i < dev->ins.n_messages; i++)
			if (fits(dev, &dev->ins.messages[i], in, k, &f, found))
				return CUT_FRAME(k);
	return wire == WIRE_OPEN && n < CODEC_FRAME_MAX ? CUT_MORE : CUT_SKIP(n);
}

static int
text_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	struct text_frame heard, said;

	if (!frames(dev, &heard, &said) || n == 0)
		return n == 0 ? CUT_MORE : CUT_SKIP(n);
	if (heard.n_ends == 0)
		return cut_by_form(dev, in, n, wire);
	/* Half a question is forgotten when nothing follows. */
	return text_frame_cut(&heard, NULL, NULL, in, n, wire == WIRE_SILENT ? WIRE_CLOSED : wire);
}

/* ---- answers --------------------------------------------------------------------------------------------------------------- */

struct answer {
	const struct play_device *dev;
	uint32_t first;      /* message of its row */
	unsigned step;       /* which of the row */
	unsigned code;       /* of an error */
	const char *meaning; /* of the code of an error; NULL: it has none */
	bool is_queued;      /* of a question for the oldest error: there is one */
};

/* Does the point read a value with the name of this place, from an answer to another question? */
static bool
is_namesake(const struct answer *a, const struct point *pt, const struct text_element *e)
{
	uint32_t at = pt->address;
	struct text_format f;
	struct err err;

	for (unsigned k = 0; k < pt->order && at < a->dev->ins.n_messages; k++)
		at = a->dev->ins.messages[at].next;
	if (e->name.n == 0 || at >= a->dev->ins.n_messages ||
		text_format_parse(a->dev->ins.messages[at].receive, &f, &err) < 0)
		return false;
	for (unsigned i = 0; i < f.n; i++)
		if (f.at[i].field != TEXT_NO_FIELD && f.at[i].field == pt->type)
			return f.at[i].name.n == e->name.n &&
			       memcmp(f.at[i].name.at, e->name.at, e->name.n) == 0;
	return false;
}

/* A value of what it says it is, which a channel shows: what that begins with. False: there is none, or it has not this form. */
static bool
find_said(const struct play_device *dev, const struct text_element *e, struct text_written *out)
{
	for (uint32_t i = 0; i < dev->n_pts; i++) {
		const struct play_point *p = &dev->pts[i];
		double number;

		if (!p->pt.is_captured || p->text[0] == '\0' || strlen(p->pt.key) != e->name.n ||
			memcmp(p->pt.key, e->name.at, e->name.n) != 0)
			continue;
		*out = (struct text_written){ VALUE_TEXT, { 0 }, p->text };
		if (text_value_type(e) == VALUE_TEXT)
			return true;
		*out = (struct text_written){ VALUE_FLOAT, { .f = 0 }, "" };
		if (!text_to_double(p->text, &number))
			return false;
		out->v.f = number;
		return true;
	}
	return false;
}

/* The value of a place in an answer: of the point that reads it, or of those that read its bits; else of one that reads a value of this
 * name elsewhere: what is answered to an order shows the same as what is answered to a question. False: no point does. */
static bool
find_value(const struct answer *a, const struct text_element *e, struct text_written *out)
{
	bool is_found = false;

	*out = (struct text_written){ VALUE_INT, { 0 }, "" };
	if (e->name.n == 4 && memcmp(e->name.at, "code", 4) == 0 && a->code != 0) {
		out->v.i = a->code;
		return true;
	}
	if (a->is_queued && e->field != TEXT_NO_FIELD) {
		out->v.i = PLAY_SCPI_ERROR;
		if (text_value_type(e) == VALUE_TEXT)
			*out = (struct text_written){ VALUE_TEXT, { 0 }, PLAY_SCPI_ERROR_TEXT };
		return true;
	}
	for (uint32_t i = 0; e->field != TEXT_NO_FIELD && i < a->dev->n_pts; i++) {
		const struct play_point *p = &a->dev->pts[i];

		if (p->pt.address != a->first || p->pt.order != a->step || p->pt.type != e->field ||
			p->pt.is_captured)
			continue;
		if (p->pt.bit == CODEC_BIT_NONE) {
			*out = (struct text_written){ (enum value_type)p->pt.value, p->v, p->text };
			return true;
		}
		out->v.u |= (uint64_t)(p->v.i != 0) << p->pt.bit;
		is_found = true;
	}
	for (uint32_t i = 0; e->field != TEXT_NO_FIELD && !is_found && i < a->dev->n_pts; i++) {
		const struct play_point *p = &a->dev->pts[i];

		if (p->pt.bit != CODEC_BIT_NONE || p->pt.is_captured || !is_namesake(a, &p->pt, e))
			continue;
		*out = (struct text_written){ (enum value_type)p->pt.value, p->v, p->text };
		return true;
	}
	if (!is_found && find_said(a->dev, e, out))
		return true;
	if (!is_found && e->name.n == 8 && memcmp(e->name.at, "identity", 8) == 0)
		*out = (struct text_written){ VALUE_TEXT, { 0 },
			a->dev->called != NULL ? a->dev->called : a->dev->ins.name };
	return is_found;
}

static struct text_written
value_of(void *ctx, const struct text_element *e)
{
	struct text_written w;

	(void)find_value(ctx, e, &w);
	return w;
}

/* Is there a point for each value of a group that may be missing? */
static bool
is_wanted(const struct answer *a, const struct text_format *f, unsigned i)
{
	struct text_written w;

	for (unsigned k = i + 1; k <= i + f->at[i].skip; k++)
		if (f->at[k].field != TEXT_NO_FIELD &&
			(!find_value(a, &f->at[k], &w) ||
				(text_value_type(&f->at[k]) == VALUE_TEXT && w.text[0] == '\0')))
			return false;
	return true;
}

/* Blanks before a text that is empty are not written. */
static bool
is_before_nothing(const struct answer *a, const struct text_format *f, unsigned i)
{
	struct text_written w;

	if (i + 1 >= f->n || f->at[i + 1].width > 0 ||
		(f->at[i + 1].kind != TEXT_TEXT && f->at[i + 1].kind != TEXT_WORD))
		return false;
	return find_value(a, &f->at[i + 1], &w) && w.text[0] == '\0';
}

static void
add_words(struct text_format *f, const char *words)
{
	for (; *words != '\0' && f->n < TEXT_ELEMENTS_MAX; words++)
		f->at[f->n++] = (struct text_element){
			.kind = TEXT_BYTE, .byte = (uint8_t)*words, .field = TEXT_NO_FIELD
		};
}

/* Without what only an answer has: groups, blanks and what is passed over, which are the words behind the code of an error. */
static void
flatten(const struct answer *a, struct text_format *f)
{
	struct text_format out = { .n = 0 };

	for (unsigned i = 0; i < f->n; i++) {
		const struct text_element *e = &f->at[i];

		if (e->kind == TEXT_OPTION && !is_wanted(a, f, i))
			i += e->skip;
		for (unsigned k = 0;
			e->kind == TEXT_BLANKS && !is_before_nothing(a, f, i) && k < e->byte; k++)
			add_words(&out, " ");
		if (e->kind == TEXT_ANY && a->meaning != NULL)
			add_words(&out, a->meaning);
		if (e->kind == TEXT_OPTION || e->kind == TEXT_OPTION_END ||
			e->kind == TEXT_BLANKS || e->kind == TEXT_ANY || out.n == TEXT_ELEMENTS_MAX)
			continue;
		out.at[out.n++] = *e;
	}
	*f = out;
}

static int
make_answer(struct answer *a, const struct message *m, uint8_t *out, size_t cap)
{
	struct text_format f;
	struct err err;

	if (text_format_parse(m->receive, &f, &err) < 0)
		return 0;
	flatten(a, &f);
	return text_message_make(&f, value_of, a, out, cap, &err);
}

/* The n bytes of an answer as they go out. */
static int
wrap(const struct play_device *dev, int n, uint8_t *out, size_t cap)
{
	struct text_frame heard, said;
	struct err err;

	if (n <= 0 || !frames(dev, &heard, &said))
		return 0;
	n = text_frame_wrap(&said, out, (size_t)n, cap, &err);
	return MAX(n, 0);
}

static int
say(const struct play_device *dev, struct answer *a, const struct message *m, uint8_t *out,
	size_t cap)
{
	return wrap(dev, m->receive[0] == '\0' ? 0 : make_answer(a, m, out, cap), out, cap);
}

/* Does the answer tell of a point that is not yet where it was sent? */
static bool
is_under_way(const struct answer *a, const struct message *m)
{
	struct text_format f;
	struct err err;

	if (text_format_parse(m->receive, &f, &err) < 0)
		return false;
	for (uint32_t i = 0; i < a->dev->n_pts; i++) {
		const struct play_point *p = &a->dev->pts[i];

		if (!play_is_moving(a->dev, i))
			continue;
		if (p->pt.address == a->first && p->pt.order == a->step && !p->pt.is_captured)
			return true;
		for (unsigned k = 0; k < f.n; k++)
			if (f.at[k].field != TEXT_NO_FIELD && is_namesake(a, &p->pt, &f.at[k]))
				return true;
	}
	return false;
}

/* The answer that says so; where there is none, what was there before is told. */
static const struct message *
busy(const struct play_device *dev, const struct message *m)
{
	for (uint32_t i = 0; i < dev->ins.n_messages; i++)
		if (dev->ins.messages[i].role == MESSAGE_ERROR &&
			dev->ins.messages[i].again == AGAIN_SOON && dev->ins.messages[i].code == 0)
			return &dev->ins.messages[i];
	return m;
}

/* What it answers to what it does not understand: the first that says no, with the first of its codes where these have a meaning. */
static int
refuse(const struct play_device *dev, uint8_t *out, size_t cap)
{
	struct answer a = { .dev = dev };
	const struct message *m = NULL;

	for (uint32_t i = 0; i < dev->ins.n_messages; i++) {
		const struct message *k = &dev->ins.messages[i];

		if (k->role != MESSAGE_ERROR || k->again != AGAIN_NEXT_POLL ||
			(m != NULL && (k->code == 0 || strcmp(k->receive, m->receive) != 0)))
			continue;
		m = k;
		a.first = i;
		a.code = m->code;
		a.meaning = m->code != 0 ? m->text : NULL;
		if (m->code != 0)
			break;
	}
	return m == NULL ? 0 : say(dev, &a, m, out, cap);
}

/* ---- what masters say ------------------------------------------------------------------------------------------------------ */

/* Does the message write this point by this value? e NULL: it has only one. */
static bool
is_written_by(const struct point *pt, uint32_t message, const struct text_element *e)
{
	if (pt->write_space < 0)
		return false;
	if (e == NULL || (e->name.n == 5 && memcmp(e->name.at, "value", 5) == 0))
		return pt->write_address == message;
	return pt->write_key != NULL && strlen(pt->write_key) == e->name.n &&
	       memcmp(pt->write_key, e->name.at, e->name.n) == 0;
}

/* The values that a message carries, to the points that it writes. */
static void
take_values(struct play_device *dev, uint32_t message, const struct text_format *f,
	const struct text_found found[TEXT_FIELDS_MAX])
{
	char text[VALUE_TEXT_MAX + 1];
	union value v = { 0 };
	struct text_sent s;
	bool is_one = !text_write_sent(&dev->ins, message, NULL, 1, &s);

	for (unsigned k = 0; k < f->n_fields; k++) {
		enum value_type type = text_value_type(found[k].e);

		if (found[k].at == NULL ||
			text_value_get(found[k].e, found[k].at, found[k].n, &v, text) != Q_GOOD)
			continue;
		for (uint32_t i = 0; i < dev->n_pts; i++) {
			const struct point *pt = &dev->pts[i].pt;
			union value as = v;

			if (!is_written_by(pt, message, is_one ? NULL : found[k].e))
				continue;
			if (pt->value == VALUE_FLOAT || pt->value == VALUE_FLOAT32)
				as.f = value_double(type, v);
			else if (type == VALUE_FLOAT || type == VALUE_FLOAT32)
				as.i = (int64_t)v.f;
			play_write(dev, i, as, text);
		}
	}
}

/* The next of the row that is under way, or the one that is asked until its answer is so. */
static bool
find_step(struct play_device *dev, const uint8_t *in, size_t n, struct answer *out,
	const struct message **out_m)
{
	struct text_found found[TEXT_FIELDS_MAX];
	struct text_format f;
	uint32_t first = (uint32_t)dev->state[ROW] - 1, at = first;

	for (unsigned step = 0;; step++) {
		const struct message *m = &dev->ins.messages[at];
		bool is_due = step == dev->state[STEP] ||
			      (step > dev->state[STEP] && step <= dev->state[STEP] + 1 &&
				      dev->state[AGAIN] != 0);

		if (is_due && fits(dev, m, in, n, &f, found)) {
			take_values(dev, first, &f, found);
			*out = (struct answer){ .dev = dev, .first = first, .step = step };
			*out_m = m;
			return true;
		}
		if (m->next == 0)
			return false;
		at = m->next;
	}
}

/* The message that is said; false: none. Of a row that is under way the next one comes first. */
static bool
find_message(struct play_device *dev, const uint8_t *in, size_t n, struct answer *out,
	const struct message **out_m)
{
	struct text_found found[TEXT_FIELDS_MAX];
	struct text_format f;

	if (dev->state[ROW] != 0 && find_step(dev, in, n, out, out_m))
		return true;
	for (uint32_t i = 0; i < dev->ins.n_messages; i++) {
		const struct message *m = &dev->ins.messages[i];
		bool is_later = false;

		for (uint32_t k = 0; k < i; k++)
			is_later |= dev->ins.messages[k].next == i;
		if (is_later || !fits(dev, m, in, n, &f, found))
			continue;
		take_values(dev, i, &f, found);
		*out = (struct answer){ .dev = dev, .first = i };
		*out_m = m;
		return true;
	}
	return false;
}

/* What is no message of its description. */
static int
answer_unknown(struct play_device *dev, const uint8_t *in, size_t n, uint8_t *out, size_t cap)
{
	const char *said;

	if (!dev->is_alone)
		return PLAY_NOT_MINE;
	if (!play_scpi_speaks(&dev->ins))
		return refuse(dev, out, cap);
	said = play_scpi_common(in, n, &dev->state[ERRORS]);
	memcpy(out, said, strlen(said));
	return wrap(dev, (int)strlen(said), out, cap);
}

static int
text_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	uint8_t room[CODEC_FRAME_MAX];
	struct text_frame heard, said;
	const struct message *m;
	const uint8_t *inside;
	struct answer a;
	size_t n_inside;

	if (!frames(dev, &heard, &said))
		return 0;
	inside = text_frame_inside(&heard, NULL, frame, n, room, &n_inside);
	if (play_scpi_speaks(&dev->ins))
		n_inside = play_scpi_trim(inside, n_inside);
	if (!find_message(dev, inside, n_inside, &a, &m)) {
		dev->state[ROW] = 0;
		return answer_unknown(dev, inside, n_inside, out, cap);
	}
	a.is_queued = play_scpi_asks_error(m) && dev->state[ERRORS] > 0;
	dev->state[ERRORS] -= a.is_queued;
	dev->state[AGAIN] = m->until[0] != '\0';
	dev->state[ROW] = m->next == 0 && dev->state[AGAIN] == 0 ? 0 : a.first + 1;
	dev->state[STEP] = dev->state[ROW] == 0 ? 0 : a.step + (dev->state[AGAIN] == 0);
	if (is_under_way(&a, m))
		m = busy(dev, m);
	return say(dev, &a, m, out, cap);
}

/* ---- what it says by itself ------------------------------------------------------------------------------------------------ */

static int
text_tell(struct play_device *dev, enum play_why why, uint8_t *out, size_t cap)
{
	for (uint32_t i = 0; i < dev->ins.n_messages; i++) {
		struct answer a = { .dev = dev, .first = i };
		int n;

		if (dev->ins.messages[i].role != MESSAGE_EVENT)
			continue;
		n = say(dev, &a, &dev->ins.messages[i], out, cap);
		if (why == PLAY_NOW)
			return n;
		/* It tells news, and the first time is none. */
		if (dev->state[TOLD] != text_hash(out, (size_t)n)) {
			bool is_first = dev->state[TOLD] == 0;

			dev->state[TOLD] = text_hash(out, (size_t)n);
			return is_first ? 0 : n;
		}
		return 0;
	}
	return 0;
}

static int
text_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request, size_t n_request,
	uint8_t *answer, size_t n)
{
	int refused;

	if (fault != PLAY_REFUSE)
		return -1;
	refused = refuse(dev, answer, CODEC_FRAME_MAX);
	return refused > 0 ? refused : -1;
}

const struct player player_text = {
	.codec = "text",
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_UNSOLICITED,
	.cut = text_cut,
	.answer = text_answer,
	.tell = text_tell,
	.spoil = text_spoil,
};
