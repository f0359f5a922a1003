/* helper.c - programs of the laboratory that bring an instrument along: a line for each question and answer
 *
 * Source: docs/drivers/helper.md, which is where this protocol is described.
 *
 *	get CHANNEL LF         ->   ok VALUE UNIT LF     UNIT may be left out      or   err REASON LF
 *	set CHANNEL VALUE LF   ->   ok LF                                          or   err REASON LF
 *	                            ev CHANNEL VALUE UNIT LF                       unasked: news
 *
 * An answer does not name its question, so one is asked at a time, and after a timeout nothing is asked before the late answer has come
 * (no alike(): every `err` fits every question). One that does not come, or comes twice, would shift all that follow: the connection is
 * renewed. Numbers on both lines would spare that, at the price that a helper is no longer ten lines of anything: left out. A helper
 * with channels that are slow is better two helpers.
 *
 * A line that does not end within LINE_MAX bytes is no line, and what comes behind it cannot be trusted: the connection is renewed.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "drivers/common.h"
#include "link/codec.h"

extern const struct codec codec_helper;

#define LINE_MAX 1000 /* bytes with the end of the line */
#define NAME_MAX 63
#define UNIT_MAX 31

enum type { HELPER_NUMBER, HELPER_TEXT, HELPER_BOOL, HELPER_INT };
enum point_opt { PT_CHANNEL, PT_TYPE, PT_UNIT };

static const char *const word_types[] = { "number", "text", "bool", "int", NULL };

static const struct opt no_opts[] = { { 0 } };

static const struct opt point_opts[] = {
	{ "channel", OPT_TEXT, 0, 0, NULL, OPT_NEEDED, "name by which the helper knows it" },
	{ "type", OPT_CHOICE, 0, 0, word_types, HELPER_NUMBER, "how its value is to be read" },
	{ "unit", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"unit that the helper must name behind the value; left out: any or none" },
	{ 0 },
};

/* ---- points, requests ---- */

/* Printed characters without a blank: one word of a line. */
static bool
is_word(const char *text, size_t most)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7F)
			return false;
	return n > 0 && n <= most;
}

/* A unit may have letters beyond ASCII, such as those of µm and °C. */
static bool
is_unit(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if ((uint8_t)text[i] <= 0x20 || text[i] == 0x7F)
			return false;
	return n > 0 && n <= UNIT_MAX && text_utf8(text, n) == n;
}

static int
helper_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	static const uint8_t values[] = { VALUE_FLOAT, VALUE_TEXT, VALUE_BOOL, VALUE_INT };
	const char *name = v->text[PT_CHANNEL], *unit = v->text[PT_UNIT];

	if (name == NULL || !is_word(name, NAME_MAX))
		return err_set(err, ERR_CONF, PT_CHANNEL,
			"no name for a channel of a helper; write 1 to %d printed ASCII "
			"characters without blanks",
			NAME_MAX);
	if (unit != NULL && !is_unit(unit))
		return err_set(err, ERR_CONF, PT_UNIT,
			"a unit has 1 to %d bytes without blanks; write it as the helper does",
			UNIT_MAX);
	if (unit != NULL && (v->num[PT_TYPE] == HELPER_TEXT || v->num[PT_TYPE] == HELPER_BOOL))
		return err_set(err, ERR_CONF, PT_UNIT, "a %s has no unit; remove it",
			word_types[v->num[PT_TYPE]]);
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.type = (uint16_t)v->num[PT_TYPE],
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.value = values[v->num[PT_TYPE]],
		.write_space = 0,
		.key = name,
		.unit = unit,
	};
	return 0;
}

/* The line is made here, where the name is known, and sent as it stands. */
static int
helper_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0;

	for (; made < n && made < max; made++) {
		struct request r = {
			.kind = REQUEST_READ, .n = 1, .first = (uint32_t)made, .count = 1
		};

		r.n_write = (uint16_t)snprintf((char *)r.write, sizeof(r.write), "get %.*s\n",
			NAME_MAX, pts[made].key == NULL ? "" : pts[made].key);
		out[made] = r;
	}
	return (int)made;
}

/* Printed characters of UTF-8 throughout: what may be shown to people as it stands. */
static bool
is_clean(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)text[i] < 0x20 || text[i] == 0x7F)
			return false;
	return text_utf8(text, n) == n;
}

static bool
write_value(const struct point *pt, union value v, const char *text, char out[VALUE_TEXT_MAX + 1])
{
	switch ((enum type)pt->type) {
	case HELPER_TEXT:
		return text != NULL && is_clean(text, strlen(text)) &&
		       text_copy(out, VALUE_TEXT_MAX + 1, text);
	case HELPER_BOOL:
		strcpy(out, v.i != 0 ? "1" : "0");
		return true;
	case HELPER_INT:
		snprintf(out, VALUE_TEXT_MAX + 1, "%" PRId64, v.i);
		return true;
	case HELPER_NUMBER:
		if (!isfinite(v.f))
			return false;
		text_from_double(out, v.f);
		return true;
	}
	return false;
}

static int
helper_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	struct request r = { .kind = REQUEST_WRITE, .n = 1, .count = 1 };
	const char *name = pt->write_key != NULL ? pt->write_key : pt->key;
	char value[VALUE_TEXT_MAX + 1] = "";

	if (pt->write_space < 0)
		return err_set(err, ERR_CONF, 0, "it is for reading only");
	if (!write_value(pt, v, text, value))
		return err_set(err, ERR_CONF, 0,
			"a line cannot carry this value; write a finite number, or a text of at "
			"most %d bytes without control characters",
			VALUE_TEXT_MAX);
	r.n_write = (uint16_t)snprintf((char *)r.write, sizeof(r.write), "set %.*s %s\n", NAME_MAX,
		name == NULL ? "" : name, value);
	*out = r;
	return 0;
}

static void
helper_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	snprintf(out, cap, "%.*s", req->n_write > 0 ? req->n_write - 1 : 0,
		(const char *)req->write);
}

static int
helper_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	if (req->n_write > cap || req->n_write > sizeof(req->write))
		return err_set(err, ERR_CONF, 0, "no room for a line");
	memcpy(out, req->write, req->n_write);
	return req->n_write;
}

/* ---- lines ---- */

static int
helper_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	const uint8_t *end = n > 0 ? memchr(in, '\n', MIN(n, (size_t)LINE_MAX)) : NULL;

	if (end != NULL)
		return CUT_FRAME(end - in + 1);
	if (n == 0 || (n < LINE_MAX && wire == WIRE_OPEN))
		return CUT_MORE;
	return CUT_SKIP(n);
}

/* What a line says, taken apart in place. */
struct line {
	char text[LINE_MAX + 1];
	size_t n;
	char *rest; /* behind the first word and one blank */
	bool has_rest;
};

enum word { WORD_NONE, WORD_OK, WORD_ERR, WORD_EV };

/* The word that a line begins with; out: the line without its end. */
static enum word
take_line(const uint8_t *frame, size_t n, struct line *out)
{
	static const char *const words[] = {
		[WORD_OK] = "ok", [WORD_ERR] = "err", [WORD_EV] = "ev"
	};

	if (n > 0 && frame[n - 1] == '\n')
		n--;
	if (n > 0 && frame[n - 1] == '\r')
		n--;
	n = MIN(n, (size_t)LINE_MAX);
	memcpy(out->text, frame, n);
	out->text[n] = '\0';
	out->n = n;
	for (unsigned i = WORD_OK; i < NELEM(words); i++) {
		size_t k = strlen(words[i]);

		if (n < k || memcmp(out->text, words[i], k) != 0 || (n > k && out->text[k] != ' '))
			continue;
		out->has_rest = n > k;
		out->rest = out->text + k + out->has_rest;
		return (enum word)i;
	}
	return WORD_NONE;
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " ")] == '\0';
}

/* Cut off the next word; NULL when there is none. */
static char *
next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	size_t n = strcspn(word, " ");

	if (n == 0)
		return NULL;
	*rest = word + n;
	if (word[n] != '\0') {
		word[n] = '\0';
		(*rest)++;
	}
	return word;
}

/* A bare `ok` answers a set alone, one with a value a get alone. */
static enum match
helper_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	struct line line;
	enum word word = take_line(frame, n, &line);

	if (word == WORD_EV)
		return MATCH_UNSOLICITED;
	if (word == WORD_NONE)
		return MATCH_NOT_MINE;
	if (word == WORD_ERR || req == NULL)
		return MATCH_CANNOT_TELL;
	if (req->kind == REQUEST_WRITE ? !is_blank(line.rest) : !line.has_rest)
		return MATCH_NOT_MINE;
	return MATCH_CANNOT_TELL;
}

/* ---- values ---- */

static bool
read_bool(const char *word, int64_t *out)
{
	static const char *const words[][2] = { { "0", "1" }, { "false", "true" },
		{ "off", "on" } };

	for (size_t i = 0; i < NELEM(words); i++)
		for (int k = 0; k < 2; k++)
			if (strcasecmp(word, words[i][k]) == 0) {
				*out = k;
				return true;
			}
	return false;
}

static void
read_text(const char *text, struct reading *r, struct readings *out)
{
	char *room = out->text[out->n_text++ % NELEM(out->text)];

	if (!text_copy(room, VALUE_TEXT_MAX + 1, text))
		r->quality = Q_TEXT_CUT;
	r->text = room;
}

static int
check_unit(const struct point *pt, const char *unit, struct err *err)
{
	if (pt->unit == NULL || (unit != NULL && strcmp(pt->unit, unit) == 0))
		return 0;
	if (unit == NULL)
		return err_set(err, DECODE_BAD, 0, "no unit; %s is expected", pt->unit);
	return err_set(err, DECODE_BAD, 0, "unit %.31s; %s is expected", unit, pt->unit);
}

/* "VALUE" or "VALUE UNIT". DECODE_BAD: it is not to be believed, and err says why. */
static int
read_value(const struct point *pt, char *rest, struct reading *r, struct readings *out,
	struct err *err)
{
	char *value, *unit;
	bool is_good;

	if (pt->type == HELPER_TEXT) {
		read_text(rest, r, out);
		return 0;
	}
	value = next_word(&rest);
	unit = value == NULL ? NULL : next_word(&rest);
	if (value == NULL)
		return err_set(err, DECODE_BAD, 0, "no value");
	if (!is_blank(rest))
		return err_set(err, DECODE_BAD, 0, "more than a value and a unit: '%.40s'", rest);
	if (check_unit(pt, unit, err) < 0)
		return DECODE_BAD;
	if (pt->type == HELPER_BOOL)
		is_good = read_bool(value, &r->v.i);
	else if (pt->type == HELPER_INT)
		is_good = text_to_int(value, &r->v.i);
	else
		is_good = text_to_double(value, &r->v.f);
	if (!is_good) {
		r->v = (union value){ 0 };
		r->quality = Q_NOT_A_NUMBER;
	}
	return 0;
}

/* A reason is for people: what is not fit to be shown is replaced, so that the rest is. */
static int
refuse(struct readings *out, char *reason, size_t n, struct err *err)
{
	char text[120];
	bool is_utf8 = text_utf8(reason, n) == n;

	for (size_t i = 0; i < n; i++)
		if ((uint8_t)reason[i] < 0x20 || reason[i] == 0x7F ||
			(!is_utf8 && (uint8_t)reason[i] > 0x7F))
			reason[i] = '?';
	text_copy(text, sizeof(text), is_blank(reason) ? "no reason given" : reason);
	return common_refuse(out, Q_DEVICE_FAILED, REFUSED_ALL, 0, err, "%s", text);
}

static int
helper_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct line line;
	enum word word = take_line(frame, n, &line);
	struct reading r = { .at = req->first };
	int rc;

	if (word == WORD_ERR)
		return refuse(out, line.rest, line.n - (size_t)(line.rest - line.text), err);
	if (!is_clean(line.text, line.n))
		return err_set(
			err, DECODE_BAD, 0, "a line with control characters, or not in UTF-8");
	if (word != WORD_OK)
		return err_set(err, DECODE_BAD, 0, "neither ok nor err");
	if (req->kind == REQUEST_WRITE)
		return is_blank(line.rest) ? 0
					   : err_set(err, DECODE_BAD, 0,
						     "ok and more to a set: '%.40s'", line.rest);
	if (out->n == out->cap)
		return 0;
	rc = read_value(&pts[req->first], line.rest, &r, out, err);
	if (rc == 0)
		out->at[out->n++] = r;
	return rc;
}

/* News that cannot be believed make the channel bad all the same: what was known is no longer so. */
static int
helper_heard(const struct instrument *ins, const struct point *pts, size_t n_pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct line line, copy;
	char *name;
	bool is_known = false;

	if (take_line(frame, n, &line) != WORD_EV || !is_clean(line.text, line.n))
		return err_set(err, DECODE_BAD, 0, "no news");
	name = next_word(&line.rest);
	for (uint32_t i = 0; name != NULL && i < n_pts && out->n < out->cap; i++) {
		struct reading r = { .at = i };

		if (pts[i].key == NULL || strcmp(pts[i].key, name) != 0)
			continue;
		is_known = true;
		text_copy(copy.text, sizeof(copy.text), line.rest);
		if (read_value(&pts[i], copy.text, &r, out, NULL) < 0)
			r = (struct reading){ .at = i, .quality = Q_WRONG_ANSWER };
		out->at[out->n++] = r;
	}
	return is_known ? 0 : err_set(err, DECODE_BAD, 0, "news of a channel that is not read");
}

const struct codec codec_helper = {
	.name = "helper",
	.help = "a program of your own, or one on another computer, that speaks lines",
	.opts = no_opts,
	.point_opts = point_opts,
	.wires = CODEC_TCP | CODEC_HELPER,
	.in_turn = true,
	.point = helper_point,
	.plan = helper_plan,
	.write = helper_write,
	.describe = helper_describe,
	.encode = helper_encode,
	.cut = helper_cut,
	.match = helper_match,
	.heard = helper_heard,
	.decode = helper_decode,
};
