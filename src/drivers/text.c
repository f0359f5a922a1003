/* text.c - instruments that are described by their messages
 *
 * Nothing about a device stands here: its messages come with the instrument (struct message), its frames with the options. An
 * exchange is one message or a row of them (message.next); a point is a value with a name in one of their answers.
 *
 *	point	address: first message of the exchange; order: which of the row; type: number of the value in it; space 1: told unasked
 *	request	address: the same; count: which of the row is being asked
 *
 * Seldom does an answer name its question, so none has a tag. alike() tells apart what can never be mistaken; the engine waits for the rest.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "drivers/common.h"
#include "drivers/text_frame.h"
#include "drivers/text_message.h"
#include "drivers/text_value.h"
#include "drivers/text_write.h"

extern const struct codec codec_text;

#define FORM_MAX 128 /* bytes of an answer that ends by its form */
#define TEXTS_MAX 8  /* struct readings has room for so many */

enum { SPACE_ASKED, SPACE_TOLD };

enum point_opt { PT_ASK, PT_FIELD, PT_BIT };

static const struct opt point_opts[] = {
	{ "ask", OPT_TEXT, 0, 0, NULL, OPT_NEEDED,
		"the message that asks for it, one of messages:" },
	{ "field", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"which value of its answer; the one with the channel's name when left out, or the "
		"only "
		"one" },
	{ "bit", OPT_INT, 0, 63, NULL, OPT_ABSENT, "one bit of a whole number" },
	{ 0 },
};

/* ---- messages ------------------------------------------------------------------------------------------------------------- */

static const struct message *
message_at(const struct instrument *ins, uint32_t i)
{
	return i < ins->n_messages ? &ins->messages[i] : NULL;
}

static const struct message *
asked(const struct instrument *ins, const struct request *req)
{
	return req == NULL ? NULL : text_row_at(ins, req->address, req->count);
}

/* The format of the answer to a message; false when there is none. */
static bool
answer_of(const struct message *m, struct text_format *out)
{
	struct err err;

	return m != NULL && m->receive[0] != '\0' && text_format_parse(m->receive, out, &err) == 0;
}

static int
text_options(const struct instrument *ins, struct err *err)
{
	struct text_frame f;

	return text_frame_read(&ins->opts, &f, err);
}

/* A password that a message sends. Where its characters could be doubled it would not be known again in a trace. */
static int
check_secret(const struct instrument *ins, struct err *err)
{
	struct text_frame frame;

	if (!text_frame_has_password(&ins->opts))
		return err_set(err, ERR_CONF, 0,
			"the instrument has no password; add password: {secret: NAME}");
	if (text_frame_read(&ins->opts, &frame, err) == 0 && frame.doubled >= 0x20 &&
		frame.doubled < 0x7F)
		return err_set(err, ERR_CONF, 0,
			"a password with 'double' of a printed character cannot be kept out of "
			"traces; remove one of the two");
	return 0;
}

/* One that is asked until its answer has a value. */
static bool
is_waiting(const struct message *m)
{
	return m != NULL && m->until != NULL && m->until[0] != '\0';
}

/* The word that stands for what is written. */
static bool
is_written(const struct message *m)
{
	return strcmp(m->until_is, "value") == 0;
}

/* One of the words of an element; -1: none of them. */
static int64_t
word_number(const struct text_element *e, const char *word)
{
	union value v;
	char text[VALUE_TEXT_MAX + 1];

	return text_value_get(e, (const uint8_t *)word, strlen(word), &v, text) == Q_GOOD ? v.i
											  : -1;
}

/* What is waited for: is it a value of the answer, and can it be that? err->sys as of text_message(). */
static int
check_until(const struct message *m, const struct text_format *f, struct err *err)
{
	const struct text_element *e = text_format_field(f, m->until);
	double number;

	if (is_written(m) && (m->role == MESSAGE_INIT || strcmp(m->name, "identity") == 0))
		return err_set(err, ERR_CONF, 2,
			"nobody gives the value that is waited for here; write it out");
	if (e == NULL)
		return err_set(err, ERR_CONF, 2,
			"the answer has no value '%.40s'; name one that stands in receive",
			m->until);
	if (is_written(m) || text_value_type(e) == VALUE_TEXT ||
		text_to_double(m->until_is, &number))
		return 0;
	if (e->kind == TEXT_WORDS && word_number(e, m->until_is) >= 0)
		return 0;
	return err_set(err, ERR_CONF, 2,
		"'%.40s' is never '%.40s'; write %s, or value: what the write carries", m->until,
		m->until_is, e->kind == TEXT_WORDS ? "one of its words" : "a number");
}

/* err->sys: 0 send, 1 receive, 2 until. */
static int
text_message(const struct instrument *ins, const struct message *m, struct err *err)
{
	struct text_format f;
	int rc;

	if (text_format_parse(m->send, &f, err) < 0 || text_format_check(&f, false, err) < 0) {
		err->sys = 0;
		return ERR_CONF;
	}
	if (text_format_has_secret(&f) && check_secret(ins, err) < 0)
		return ERR_CONF;
	if (f.n_fields > 0 && (m->role == MESSAGE_INIT || strcmp(m->name, "identity") == 0))
		return err_set(err, ERR_CONF, 0,
			"nobody gives the value that is to be sent here; write it out");
	rc = text_format_parse(m->receive, &f, err);
	if (rc == 0)
		rc = text_format_check(&f, true, err);
	if (rc == 0 && m->role != MESSAGE_ASK && m->role != MESSAGE_INIT && f.n == 0)
		rc = err_set(
			err, ERR_CONF, 1, "what is listened to has no form; write receive: FORMAT");
	if (rc < 0)
		err->sys = 1;
	return rc == 0 && is_waiting(m) ? check_until(m, &f, err) : rc;
}

/* ---- points --------------------------------------------------------------------------------------------------------------- */

static int
find_message(const struct instrument *ins, const char *name)
{
	for (int i = 0; i < ins->n_messages && name[0] != '\0'; i++)
		if (strcmp(ins->messages[i].name, name) == 0)
			return i;
	return -1;
}

/* A value by its name, or the only one that has a name, in a row of messages. */
static bool
find_field(const struct instrument *ins, uint32_t first, const char *name, struct point *out,
	struct text_element *out_e)
{
	const struct message *m;
	struct text_format f;
	unsigned n = 0;

	for (unsigned row = 0; (m = text_row_at(ins, first, row)) != NULL && row < 256; row++) {
		if (!answer_of(m, &f))
			continue;
		for (unsigned i = 0; i < f.n; i++) {
			const struct text_element *e = &f.at[i];

			if (e->field == TEXT_NO_FIELD)
				continue;
			n++;
			if (name != NULL && (strlen(name) != e->name.n ||
						    memcmp(name, e->name.at, e->name.n) != 0))
				continue;
			out->order = (uint8_t)row;
			out->type = e->field;
			*out_e = *e;
			if (name != NULL)
				return true;
		}
	}
	return name == NULL && n == 1;
}

/* Does one of the row carry a value? Asked for a reading it would write 0 to the device. */
static bool
sends_value(const struct instrument *ins, uint32_t first)
{
	const struct message *m;
	struct text_format f;
	struct err err;

	for (unsigned row = 0; (m = text_row_at(ins, first, row)) != NULL && row < 256; row++)
		if (text_format_parse(m->send, &f, &err) < 0 || f.n_fields > 0)
			return true;
	return false;
}

/* Does one of the row wait for what is written? */
static bool
waits_for_written(const struct instrument *ins, uint32_t first)
{
	const struct message *m;

	for (unsigned row = 0; (m = text_row_at(ins, first, row)) != NULL && row < 256; row++)
		if (is_waiting(m) && is_written(m))
			return true;
	return false;
}

/* out->key is the channel's name, which stands for a value that is not named. */
static int
text_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	const char *ask = v->text[PT_ASK], *field = v->text[PT_FIELD];
	int at = ask == NULL ? -1 : find_message(ins, ask);
	struct point pt = { .id = out->id,
		.every_ns = out->every_ns,
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.write_space = 0 };
	struct text_element e;
	bool is_event;

	if (at < 0)
		return err_set(err, ERR_CONF, PT_ASK,
			"no message is named '%.40s'; add it under messages:, or write send: and "
			"receive: here",
			ask == NULL ? "" : ask);
	is_event = ins->messages[at].role == MESSAGE_EVENT;
	if (ins->messages[at].role == MESSAGE_ERROR)
		return err_set(err, ERR_CONF, PT_ASK,
			"'%.40s' is an error; name a message that asks for a value", ask);
	if (sends_value(ins, (uint32_t)at))
		return err_set(err, ERR_CONF, PT_ASK,
			"'%.40s' writes a value and cannot be read: each reading would write 0; "
			"name a message whose send: has none",
			ask);
	if (waits_for_written(ins, (uint32_t)at))
		return err_set(err, ERR_CONF, PT_ASK,
			"'%.40s' waits for the value that is written, and a reading writes none; "
			"write until: with a number or a text",
			ask);
	if (field != NULL
			? !find_field(ins, (uint32_t)at, field, &pt, &e)
			: !(out->key != NULL && find_field(ins, (uint32_t)at, out->key, &pt, &e)) &&
				  !find_field(ins, (uint32_t)at, NULL, &pt, &e))
		return err_set(err, ERR_CONF, field != NULL ? PT_FIELD : PT_ASK,
			"the answer to '%.40s' has no value '%.40s'; name one of its values: "
			"field: NAME",
			ask,
			field != NULL      ? field
			: out->key != NULL ? out->key
					   : "");
	pt.space = is_event ? SPACE_TOLD : SPACE_ASKED;
	pt.address = pt.write_address = (uint32_t)at;
	pt.value = (uint8_t)text_value_type(&e);
	if (v->num[PT_BIT] != OPT_ABSENT) {
		if (pt.value != VALUE_INT && pt.value != VALUE_UINT)
			return err_set(err, ERR_CONF, PT_BIT,
				"only whole numbers have bits; write the value as int, hex or u8");
		pt.bit = (uint8_t)v->num[PT_BIT];
		pt.value = VALUE_BOOL;
	}
	*out = pt;
	return 0;
}

static void
set_step(const struct instrument *ins, struct request *req)
{
	const struct message *m = text_row_at(ins, req->address, req->count);

	req->is_silent = m != NULL && m->receive[0] == '\0';
	req->timeout_ms = m != NULL ? m->timeout_ms : 0;
	req->wait_ms = m != NULL ? m->wait_ms : 0;
	req->again_ms = is_waiting(m) ? m->again_ms : 0;
	req->within_ms = is_waiting(m) ? m->within_ms : 0;
}

/* All of pts[from..to)? */
static bool
is_left_out(const struct point *pts, size_t from, size_t to)
{
	while (from < to && pts[from].is_left_out)
		from++;
	return from == to;
}

static int
text_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0, texts = 0;

	for (size_t i = 0; i < n; i++) {
		struct request *last = made > 0 ? &out[made - 1] : NULL;
		bool is_text = pts[i].value == VALUE_TEXT;

		if (pts[i].space == SPACE_TOLD || pts[i].is_left_out)
			continue;
		/* Those between that are left out are passed over: the message is the same. */
		if (last != NULL && last->address == pts[i].address &&
			texts + is_text <= TEXTS_MAX &&
			pts[last->first].every_ns == pts[i].every_ns &&
			is_left_out(pts, last->first + last->n, i)) {
			last->n = (uint16_t)(i + 1 - last->first);
			texts += is_text;
			continue;
		}
		if (made == max)
			break;
		texts = is_text;
		out[made] = (struct request){ .kind = REQUEST_READ,
			.n = 1,
			.first = (uint32_t)i,
			.address = pts[i].address };
		set_step(ins, &out[made++]);
	}
	return (int)made;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

static int
text_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	const struct message *m = message_at(ins, pt->write_address);
	uint8_t bytes[CODEC_FRAME_MAX];
	struct request step;
	struct text_format f;

	if (m == NULL || pt->write_space != SPACE_ASKED || m->send[0] == '\0')
		return err_set(err, ERR_CONF, 0, "no message writes it");
	if (text != NULL && strlen(text) > VALUE_TEXT_MAX)
		return err_set(
			err, ERR_CONF, 0, "the text is longer than %d bytes", VALUE_TEXT_MAX);
	*out = (struct request){ .kind = REQUEST_WRITE, .n = 1, .address = pt->write_address };
	set_step(ins, out);
	if (text_write_pack(ins, pt, v, text == NULL ? "" : text, beside, out, err) < 0)
		return ERR_CONF;
	/* What cannot be written down is refused now and not on the wire, where the steps before it were done already. */
	step = *out;
	for (; (m = text_row_at(ins, pt->write_address, step.count)) != NULL && step.count < 256;
		step.count++) {
		struct text_giving g = text_write_giving(ins, &step);

		if (text_format_parse(m->send, &f, err) < 0 ||
			text_message_make(&f, text_write_value, &g, bytes, sizeof(bytes), err) < 0)
			return ERR_CONF;
	}
	return 0;
}

/* ---- on the wire ---------------------------------------------------------------------------------------------------------- */

static int
text_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	const struct message *m = asked(ins, req);
	struct text_giving g = { .req = req };
	struct text_format f;
	struct text_frame frame;
	int n;

	if (m == NULL || text_format_parse(m->send, &f, err) < 0 ||
		text_frame_read(&ins->opts, &frame, err) < 0)
		return err_set(err, ERR_CONF, 0, "no such message");
	f.secret = text_frame_password(&ins->opts);
	if (text_format_has_secret(&f) && f.secret == NULL)
		return err_set(err, ERR_CONF, 0, "its password is not known");
	g = text_write_giving(ins, req);
	n = text_message_make(&f, text_write_value, &g, out, cap, err);
	return n < 0 ? n : text_frame_wrap(&frame, out, (size_t)n, cap, err);
}

static int
text_next(const struct instrument *ins, const struct request *req, int step,
	const struct vars *vars, struct request *out)
{
	const struct message *m = asked(ins, req);

	if (m == NULL)
		return 0;
	*out = *req;
	if (m->next != 0) {
		out->count++;
		set_step(ins, out);
		return 1;
	}
	if (req->kind != REQUEST_IDENTIFY)
		return 0;
	/* Behind the question what it is: what prepares it, one after the other. */
	for (uint32_t i = req->function == 0 ? 0 : req->address + 1; i < ins->n_messages; i++)
		if (ins->messages[i].role == MESSAGE_INIT) {
			out->address = i;
			out->count = 0;
			out->function = 1;
			set_step(ins, out);
			return 1;
		}
	return 0;
}

static void
text_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	const struct message *m = asked(ins, req);
	const char *name = m == NULL ? "" : ins->messages[req->address].name;

	if (m == NULL)
		snprintf(out, cap, "nothing");
	else if (req->kind == REQUEST_IDENTIFY)
		snprintf(out, cap, req->function == 0 ? "what is it? %s" : "prepare: %s", m->send);
	else if (req->count > 0)
		snprintf(
			out, cap, "%s, step %u", name[0] == '@' ? name + 1 : name, req->count + 1u);
	else
		snprintf(out, cap, "%s", name[0] == '@' ? name + 1 : name);
}

struct hearing {
	const struct message *m; /* whose form it has */
	enum text_fit fit;
	struct text_format f;
	struct text_found found[TEXT_FIELDS_MAX];
	uint8_t room[CODEC_FRAME_MAX];
};

static bool
fits(struct hearing *h, const struct message *m, const uint8_t *in, size_t n)
{
	if (!answer_of(m, &h->f))
		return false;
	h->m = m;
	h->fit = text_message_match(&h->f, in, n, h->found);
	return h->fit == TEXT_FITS;
}

/* The first of a role whose form it has. */
static bool
fits_role(struct hearing *h, const struct instrument *ins, enum message_role role,
	const uint8_t *in, size_t n)
{
	for (uint32_t i = 0; i < ins->n_messages; i++)
		if (ins->messages[i].role == role && fits(h, &ins->messages[i], in, n))
			return true;
	return false;
}

/* Does such a message say itself where it ends? One of fixed width does, and one whose checksum stands behind a literal. */
static bool
ends_by_itself(const struct text_format *f)
{
	bool is_fixed = f->n > 0;

	for (unsigned i = 0; i < f->n; i++)
		is_fixed &= text_format_width(&f->at[i]) > 0 || f->at[i].kind == TEXT_MARK ||
			    f->at[i].kind == TEXT_STOP;
	return is_fixed || (f->n > 1 && f->at[f->n - 1].kind == TEXT_CHECK &&
				   !f->at[f->n - 1].is_lax && f->at[f->n - 2].kind == TEXT_BYTE);
}

/* The same form as the error before it: `means` has a text for each code. */
static bool
is_another_code(const struct instrument *ins, uint32_t i)
{
	return i > 0 && ins->messages[i - 1].role == MESSAGE_ERROR &&
	       strcmp(ins->messages[i - 1].receive, ins->messages[i].receive) == 0;
}

/* Silence cannot be seen behind a TCP port, and need not be waited for where the first bytes are a whole answer, or a whole error. 0: they
 * are none. */
static int
cut_by_form(const struct instrument *ins, const struct message *m, const struct text_frame *frame,
	struct hearing *h, const uint8_t *in, size_t n)
{
	for (size_t k = 1; k <= MIN(n, (size_t)FORM_MAX); k++) {
		size_t n_inside;
		const uint8_t *inside = text_frame_inside(frame, m, in, k, h->room, &n_inside);

		if (fits(h, m, inside, n_inside) && ends_by_itself(&h->f))
			return CUT_FRAME(k);
		for (uint32_t i = 0; i < ins->n_messages; i++)
			if (ins->messages[i].role == MESSAGE_ERROR && !is_another_code(ins, i) &&
				fits(h, &ins->messages[i], inside, n_inside) &&
				ends_by_itself(&h->f))
				return CUT_FRAME(k);
	}
	return 0;
}

static int
text_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	const struct message *m = asked(ins, req);
	struct text_frame frame;
	struct hearing h;
	struct err err;
	const uint8_t *inside;
	bool has_answer = answer_of(m, &h.f);
	size_t n_inside;
	int got;

	if (text_frame_read(&ins->opts, &frame, &err) < 0)
		return CUT_SKIP(n);
	if (frame.by_silence && frame.n_ends == 0 && has_answer && ends_by_itself(&h.f)) {
		got = cut_by_form(ins, m, &frame, &h, in, n);
		if (got != 0)
			return got;
		has_answer = answer_of(m, &h.f);
	}
	got = text_frame_cut(&frame, m, has_answer ? &h.f : NULL, in, n, wire);
	if (got <= 0 || !has_answer)
		return got;
	/* Right in form and wrong in its checksum: broken on its way, and so no frame. */
	inside = text_frame_inside(&frame, m, in, (size_t)got, h.room, &n_inside);
	(void)fits(&h, m, inside, n_inside);
	return h.fit == TEXT_WRONG_CHECK ? CUT_SKIP(got) : got;
}

static const uint8_t *
inside_of(const struct instrument *ins, const struct message *m, struct hearing *h,
	const uint8_t *frame, size_t n, size_t *out_n)
{
	struct text_frame form;
	struct err err;

	if (text_frame_read(&ins->opts, &form, &err) < 0)
		return NULL;
	return text_frame_inside(&form, m, frame, n, h->room, out_n);
}

static enum match
text_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	const struct message *m = asked(ins, req);
	struct hearing h;
	size_t n_inside;
	const uint8_t *inside = inside_of(ins, m, &h, frame, n, &n_inside);

	if (inside == NULL)
		return MATCH_NOT_MINE;
	if (m == NULL)
		return fits_role(&h, ins, MESSAGE_EVENT, inside, n_inside) ? MATCH_UNSOLICITED
									   : MATCH_NOT_MINE;
	if (fits(&h, m, inside, n_inside))
		return MATCH_CANNOT_TELL;
	if (fits_role(&h, ins, MESSAGE_EVENT, inside, n_inside))
		return MATCH_NOT_MINE;
	return fits_role(&h, ins, MESSAGE_ERROR, inside, n_inside) ? MATCH_CANNOT_TELL
								   : MATCH_NOT_MINE;
}

static bool
text_alike(const struct instrument *ins_a, const struct request *a, const struct instrument *ins_b,
	const struct request *b)
{
	const struct message *m_a = asked(ins_a, a), *m_b = asked(ins_b, b);
	struct text_format f_a, f_b;

	if (!answer_of(m_a, &f_a) || !answer_of(m_b, &f_b))
		return false; /* what has no answer mistakes none */
	return text_message_alike(&f_a, &f_b);
}

/* ---- readings ------------------------------------------------------------------------------------------------------------- */

/* Is it read from this answer? */
static bool
is_in(const struct point *pt, uint32_t address, unsigned step)
{
	return pt->address == address && pt->order == step && !pt->is_captured && !pt->is_left_out;
}

/* kept: rooms for texts that are still to come, which the text of a number that is none may not take. */
static void
read_field(const struct point *pt, const struct text_found *found, struct reading *r, size_t kept,
	struct readings *out)
{
	char text[VALUE_TEXT_MAX + 1], *room;

	if (found->at == NULL) {
		r->quality = Q_MISSING;
		return;
	}
	r->quality = (uint16_t)text_value_get(found->e, found->at, found->n, &r->v, text);
	if (pt->bit != CODEC_BIT_NONE && r->quality == Q_GOOD)
		r->v.i = (int64_t)(r->v.u >> pt->bit & 1);
	if (text[0] == '\0' && pt->value != VALUE_TEXT)
		return;
	/* Also of a number that is none: what stands there may have a meaning of its own. */
	if (out->n_text + kept >= NELEM(out->text)) {
		if (pt->value == VALUE_TEXT)
			r->quality = Q_MISSING;
		return;
	}
	room = out->text[out->n_text++];
	text_copy(room, VALUE_TEXT_MAX + 1, text);
	r->text = room;
}

static void
read_points(const struct point *pts, size_t first, size_t n, uint32_t address, unsigned step,
	const struct hearing *h, struct readings *out)
{
	size_t texts = 0;

	for (size_t i = first; i < first + n; i++)
		texts += pts[i].order >= step && is_in(&pts[i], address, pts[i].order) &&
			 pts[i].value == VALUE_TEXT;
	for (size_t i = first; i < first + n && out->n < out->cap; i++) {
		struct reading *r;

		if (!is_in(&pts[i], address, step) || pts[i].type >= h->f.n_fields)
			continue;
		r = &out->at[out->n++];
		*r = (struct reading){ .at = (uint32_t)i };
		texts -= pts[i].value == VALUE_TEXT;
		read_field(&pts[i], &h->found[pts[i].type], r,
			pts[i].value == VALUE_TEXT ? 0 : texts, out);
	}
}

/* An answer with the form of an error: the one with its number, else the one for any. */
/* A device's code as readings carry it; 0: some error. */
static unsigned
code_of(enum value_type type, union value v)
{
	double code = value_double(type, v);

	return code > 0 && code <= UINT16_MAX ? (unsigned)code : 0;
}

static int
read_error(struct hearing *h, const struct instrument *ins, const uint8_t *in, size_t n,
	struct readings *out, struct err *err)
{
	const struct message *best = NULL;
	const struct text_element *e;
	char text[VALUE_TEXT_MAX + 1];
	union value v = { 0 };
	unsigned code = 0;

	for (uint32_t i = 0; i < ins->n_messages; i++) {
		const struct message *m = &ins->messages[i];
		unsigned its = 0;

		if (m->role != MESSAGE_ERROR || !fits(h, m, in, n))
			continue;
		e = text_format_field(&h->f, "code");
		if (e != NULL && h->found[e->field].at != NULL &&
			text_value_get(e, h->found[e->field].at, h->found[e->field].n, &v, text) ==
				Q_GOOD)
			its = code_of(text_value_type(e), v);
		if (m->code != 0 && m->code != its)
			continue;
		code = its;
		if (best == NULL || (best->code == 0 && m->code != 0))
			best = m;
	}
	if (best == NULL)
		return err_set(err, DECODE_BAD, 0, "no form that is known");
	snprintf(text, sizeof(text), "%.*s", (int)MIN(n, (size_t)40), (const char *)in);
	if (best->again == AGAIN_SOON)
		return err_set(err, DECODE_LATER, (int)code, "busy: %s",
			best->text[0] != '\0' ? best->text : text);
	if (best->again == AGAIN_INIT)
		return err_set(err, DECODE_ANEW, (int)code, "started anew: %s",
			best->text[0] != '\0' ? best->text : text);
	return common_refuse(out, (enum quality)best->quality, REFUSED_ALL, code, err, "%s",
		best->text[0] != '\0' ? best->text : text);
}

/* ---- waiting -------------------------------------------------------------------------------------------------------------- */

/* What is written, as the device has read it: 12.345 that is sent with two digits is 12.35. */
static struct text_written
as_sent(const struct instrument *ins, const struct request *req, char text[VALUE_TEXT_MAX + 1])
{
	struct text_written w = text_write_own(req);
	uint8_t bytes[CODEC_WRITE_MAX];
	struct text_element sent, *e = &sent;
	struct err err;
	int n;

	if (!text_write_own_element(ins, req, &sent))
		return w;
	n = text_value_put(e, w.type, w.v, w.text, bytes, sizeof(bytes), &err);
	if (n > 0 && text_value_get(e, bytes, (size_t)n, &w.v, text) == Q_GOOD) {
		w.type = text_value_type(e);
		w.text = text;
	}
	return w;
}

static bool
is_same_number(double a, double b)
{
	return fabs(a - b) <= 1e-6 * fmax(fabs(a), fabs(b));
}

/* Has the value of the answer become what is waited for? out_text: what it is, for people. */
static bool
is_reached(const struct instrument *ins, const struct request *req, const struct hearing *h,
	char out_text[VALUE_TEXT_MAX + 1])
{
	const struct message *m = h->m;
	const struct text_element *e = text_format_field(&h->f, m->until);
	char written_text[VALUE_TEXT_MAX + 1];
	struct text_written w;
	union value v;
	double is;

	text_copy(out_text, VALUE_TEXT_MAX + 1, "missing");
	if (e == NULL || h->found[e->field].at == NULL ||
		text_value_get(e, h->found[e->field].at, h->found[e->field].n, &v, out_text) !=
			Q_GOOD)
		return false;
	w = as_sent(ins, req, written_text);
	if (text_value_type(e) == VALUE_TEXT)
		return strcmp(out_text, is_written(m) ? w.text : m->until_is) == 0;
	snprintf(out_text, VALUE_TEXT_MAX + 1, "%.*s", (int)MIN(h->found[e->field].n, (size_t)40),
		e->kind == TEXT_UINT || e->kind == TEXT_SINT || e->kind == TEXT_FLOAT
			? "another value"
			: (const char *)h->found[e->field].at);
	is = value_double(text_value_type(e), v);
	if (is_written(m))
		return is_same_number(is, value_double(w.type, w.v));
	if (e->kind == TEXT_WORDS && word_number(e, m->until_is) >= 0)
		return v.i == word_number(e, m->until_is);
	return text_to_double(m->until_is, &w.v.f) && is_same_number(is, w.v.f);
}

/* 0, or DECODE_NOT_YET with what is missing. */
static int
check_reached(const struct instrument *ins, const struct request *req, const struct hearing *h,
	struct err *err)
{
	char text[VALUE_TEXT_MAX + 1];

	if (!is_waiting(h->m) || is_reached(ins, req, h, text))
		return 0;
	return err_set(err, DECODE_NOT_YET, 0, "%.40s is %.60s and not %.60s", h->m->until, text,
		is_written(h->m) ? "what was written" : h->m->until_is);
}

/* A device that is busy while something is waited for has not got there yet. */
static int
read_busy(const struct message *m, int rc)
{
	return rc == DECODE_LATER && is_waiting(m) ? DECODE_NOT_YET : rc;
}

/* What it is: the value `identity`, or all that it said. */
static void
read_identity(const struct hearing *h, const uint8_t *in, size_t n, struct vars *vars)
{
	const struct text_element *e = text_format_field(&h->f, "identity");
	char text[VALUE_TEXT_MAX + 1] = "";
	const struct text_element whole = { .kind = TEXT_TEXT };
	union value v;

	if (e != NULL && h->found[e->field].at != NULL)
		(void)text_value_get(e, h->found[e->field].at, h->found[e->field].n, &v, text);
	else
		(void)text_value_get(&whole, in, n, &v, text);
	text_copy(vars->identity, sizeof(vars->identity), text);
	vars->is_said = true;
}

/* One of the words of an element, as it was written down. */
static void
show_word(const struct text_element *e, int64_t number, char out[VALUE_TEXT_MAX + 1])
{
	const char *at = e->words.at, *end = at + e->words.n;

	for (; number > 0 && at < end; number--) {
		const char *bar = memchr(at, '|', (size_t)(end - at));

		at = bar == NULL ? end : bar + 1;
	}
	snprintf(out, VALUE_TEXT_MAX + 1, "%.*s", (int)MIN(strcspn(at, "|"), (size_t)(end - at)),
		at);
}

/* A value as text: the word of a choice, the shortest decimal text of a number; empty: it is none. */
static void
show_value(const struct text_found *found, char out[VALUE_TEXT_MAX + 1])
{
	union value v = { 0 };
	enum value_type type = text_value_type(found->e);
	char text[VALUE_TEXT_MAX + 1];

	out[0] = '\0';
	if (found->at == NULL || text_value_get(found->e, found->at, found->n, &v, text) != Q_GOOD)
		return;
	if (type == VALUE_TEXT)
		text_copy(out, VALUE_TEXT_MAX + 1, text);
	else if (found->e->kind == TEXT_WORDS)
		show_word(found->e, v.i, out);
	else if (type == VALUE_UINT)
		snprintf(out, VALUE_TEXT_MAX + 1, "%" PRIu64, v.u);
	else if (type == VALUE_INT)
		snprintf(out, VALUE_TEXT_MAX + 1, "%" PRId64, v.i);
	else if (type == VALUE_FLOAT32)
		text_from_float(out, (float)value_double(type, v));
	else
		text_from_double(out, value_double(type, v));
}

static void
keep_values(const struct instrument *ins, const struct hearing *h, struct vars *vars)
{
	char text[VALUE_TEXT_MAX + 1];

	for (unsigned i = 0; ins->n_captures > 0 && i < h->f.n_fields; i++) {
		const struct text_slice *name = &h->found[i].e->name;

		show_value(&h->found[i], text);
		common_keep(ins, name->at, name->n, text, vars);
	}
}

static int
text_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	const struct message *m = asked(ins, req);
	struct hearing h;
	size_t n_inside;
	const uint8_t *inside = inside_of(ins, m, &h, frame, n, &n_inside);

	if (m == NULL || inside == NULL)
		return err_set(err, DECODE_BAD, 0, "an answer to nothing");
	if (!fits(&h, m, inside, n_inside))
		return read_busy(m, read_error(&h, ins, inside, n_inside, out, err));
	if (check_reached(ins, req, &h, err) < 0)
		return DECODE_NOT_YET;
	if (req->kind == REQUEST_IDENTIFY) {
		if (req->function == 0)
			keep_values(ins, &h, vars);
		if (req->function == 0 && m->next == 0)
			read_identity(&h, inside, n_inside, vars);
	} else if (req->kind == REQUEST_READ) {
		read_points(pts, req->first, req->n, req->address, req->count, &h, out);
	}
	return 0;
}

static int
text_heard(const struct instrument *ins, const struct point *pts, size_t n_pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct hearing h;
	size_t n_inside;
	const uint8_t *inside = inside_of(ins, NULL, &h, frame, n, &n_inside);

	if (inside == NULL || !fits_role(&h, ins, MESSAGE_EVENT, inside, n_inside))
		return err_set(err, DECODE_BAD, 0, "not what it says unasked");
	read_points(pts, 0, n_pts, (uint32_t)(h.m - ins->messages), 0, &h, out);
	return 0;
}

/* ---- what it is, and what prepares it ------------------------------------------------------------------------------------- */

static bool
text_prepares(const struct instrument *ins)
{
	for (uint32_t i = 0; i < ins->n_messages; i++)
		if (ins->messages[i].role == MESSAGE_INIT)
			return true;
	return false;
}

/* The message with the name "identity" asks it. */
static int
text_identify(const struct instrument *ins, struct request *out)
{
	int at = find_message(ins, "identity");
	struct request req = { .kind = REQUEST_IDENTIFY, .function = 0, .address = (uint32_t)at };

	if (at < 0) {
		req.function = 1;
		for (at = 0; at < ins->n_messages; at++)
			if (ins->messages[at].role == MESSAGE_INIT)
				break;
		if (at == ins->n_messages)
			return 0;
		req.address = (uint32_t)at;
	}
	set_step(ins, &req);
	*out = req;
	return 1;
}

/* The values with a name in the answers to it; of those in one of its form, the i-th. */
static bool
text_capture(const struct instrument *ins, unsigned i, char *out_name, enum value_type *out_type)
{
	int at = find_message(ins, "identity");
	const struct message *m;
	struct text_format f;

	for (unsigned row = 0;
		at >= 0 && (m = text_row_at(ins, (uint32_t)at, row)) != NULL && row < 256; row++) {
		for (unsigned k = 0; answer_of(m, &f) && k < f.n; k++) {
			const struct text_element *e = &f.at[k];

			if (e->field == TEXT_NO_FIELD || e->name.n > 63 || i-- > 0)
				continue;
			snprintf(out_name, 64, "%.*s", (int)e->name.n, e->name.at);
			*out_type = e->kind == TEXT_WORDS ? VALUE_TEXT : text_value_type(e);
			return true;
		}
	}
	return false;
}

const struct codec codec_text = {
	.name = "text",
	.help = "an instrument that is described by its messages",
	.opts = text_frame_opts,
	.point_opts = point_opts,
	.wires = CODEC_SERIAL | CODEC_TCP | CODEC_UDP | CODEC_HID | CODEC_USBTMC,
	.has_messages = true,
	.check = text_options,
	.message = text_message,
	.point = text_point,
	.plan = text_plan,
	.write = text_write,
	.prepares = text_prepares,
	.identify = text_identify,
	.capture = text_capture,
	.describe = text_describe,
	.encode = text_encode,
	.cut = text_cut,
	.match = text_match,
	.alike = text_alike,
	.heard = text_heard,
	.decode = text_decode,
	.next = text_next,
};
