/* exchanges.c - an instrument file that proves itself: questions and answers, byte for byte
 *
 * Each exchange of the file is gone through as the link engine would: the codec plans and writes the question, which must be the one that
 * stands there; it cuts the answer, takes it for its own, and reads from it the values that are expected. `mbc check FILE` does so, and the
 * test of the catalogue for every file.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "compile/exchanges.h"
#include "compile/expect.h"
#include "compile/read.h"
#include "msg/quality.h"

#define BYTES_MAX 4096
#define STEPS_MAX 8
#define TAGS_TRIED 256
#define REQUESTS_MAX 512

struct bytes {
	uint8_t at[BYTES_MAX];
	size_t n;
};

struct run {
	struct bench *b;
	const struct bench_instrument *ins;
	const struct node *node; /* the exchange */
	const struct node *send, *receive;
	struct point *points;    /* [n_points], as the engine sorts them; id: index in b->points */
	size_t n_points, n_read; /* those that are read stand first */
	struct request *requests;
	size_t n_requests;
	struct vars vars;
	struct readings readings;
	struct bytes wanted, made, answer;
	int refused; /* the device's code; -1: it is not refused */
};

/* ---- bytes as they are written --------------------------------------------------------------------------------------------- */

static int
digit(char c)
{
	const char *digits = "0123456789ABCDEF", *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)(found - digits);
}

/* "01 03 00": pairs with blanks between them; false when it has another form. */
static bool
read_hex(const char *text, struct bytes *out)
{
	out->n = 0;
	for (;; text += 3) {
		if (digit(text[0]) < 0 || digit(text[1]) < 0 || out->n == BYTES_MAX)
			return false;
		out->at[out->n++] = (uint8_t)(digit(text[0]) * 16 + digit(text[1]));
		if (text[2] == '\0')
			return true;
		if (text[2] != ' ')
			return false;
	}
}

/* "<0D 0A>": how long it is; 0: '<' stands for itself. */
static size_t
read_angle(const char *text, struct bytes *out)
{
	size_t n = 0, made = 0;
	uint8_t got[16];

	for (n = 1; digit(text[n]) >= 0 && digit(text[n + 1]) >= 0 && made < sizeof(got); n += 3) {
		got[made++] = (uint8_t)(digit(text[n]) * 16 + digit(text[n + 1]));
		if (text[n + 2] == '>')
			break;
		if (text[n + 2] != ' ')
			return 0;
	}
	if (made == 0 || digit(text[n]) < 0 || out->n + made > BYTES_MAX)
		return 0;
	memcpy(out->at + out->n, got, made);
	out->n += made;
	return n + 3;
}

/* Text as formats have it, but braces and brackets stand for themselves: here are bytes, not values. */
static bool
read_bytes(struct bench *b, const struct node *n, struct bytes *out)
{
	static const char names[] = "rnt\\", meant[] = "\r\n\t\\";
	const char *text = read_text(b, n), *name;

	if (text == NULL)
		return false;
	if (read_hex(text, out))
		return true;
	out->n = 0;
	while (*text != '\0') {
		size_t used = *text == '<' ? read_angle(text, out) : 0;
		char c = *text;

		text += used > 0 ? used : 1;
		if (used > 0)
			continue;
		name = c == '\\' && *text != '\0' ? strchr(names, *text) : NULL;
		if ((c == '\\' && name == NULL) || out->n == BYTES_MAX) {
			diag_error(&b->diag, n->at, "format",
				out->n == BYTES_MAX ? "more than %d bytes; shorten them"
						    : "'\\' is followed by something else than r, "
						      "n, t or '\\'; "
						      "write '\\\\' for itself",
				BYTES_MAX);
			return false;
		}
		if (name != NULL) {
			c = meant[name - names];
			text++;
		}
		out->at[out->n++] = (uint8_t)c;
	}
	return true;
}

/* As people read them: printed where that is possible. */
static void
show_bytes(const struct bytes *b, char *out, size_t cap)
{
	size_t used = 0;
	bool is_text = b->n > 0;

	for (size_t i = 0; i < b->n; i++)
		is_text &= (b->at[i] >= 0x20 && b->at[i] < 0x7F) || b->at[i] == '\r' ||
			   b->at[i] == '\n' || (b->at[i] < 7 && b->n > 3);
	out[0] = '\0';
	for (size_t i = 0; i < b->n && used + 6 < cap; i++) {
		bool is_printed = is_text && b->at[i] >= 0x20 && b->at[i] != '<';

		used += (size_t)snprintf(out + used, cap - used,
			is_printed ? "%c"
			: is_text  ? "<%02X>"
			: i == 0   ? "%02X"
				   : " %02X",
			b->at[i]);
	}
}

/* ---- the question ------------------------------------------------------------------------------------------------------------ */

static void
plan_preset(struct run *r, const struct bench_preset *p)
{
	const struct codec *codec = r->ins->codec;
	struct err err;

	if (presets_request(r->ins, p, &r->requests[r->n_requests], &err) == 0)
		r->n_requests++;
	if (codec->scratch != NULL)
		r->vars.n_scratch = MAX(
			r->vars.n_scratch, codec->scratch(&r->ins->codec_part, &p->codec_part, 1));
}

static void
plan(struct run *r)
{
	static const struct learned nothing;
	const struct codec *codec = r->ins->codec;
	struct request ask;

	r->n_points = r->ins->n_points;
	r->points = mem_zero(MAX(r->n_points, (size_t)1), sizeof(*r->points));
	for (size_t i = 0; i < r->n_points; i++) {
		r->points[i] = r->b->points.at[r->ins->first_point + i].codec_part;
		r->points[i].id = r->ins->first_point + (uint32_t)i;
	}
	r->n_read = codec_sort_points(r->points, r->n_points);
	r->requests = mem_zero(r->n_points + 1 + r->ins->n_presets, sizeof(*r->requests));
	r->n_requests = (size_t)codec->plan(
		&r->ins->codec_part, r->points, r->n_read, &nothing, r->requests, r->n_points);
	if (codec->identify != NULL && codec->identify(&r->ins->codec_part, &ask) > 0)
		r->requests[r->n_requests++] = ask;
	if (codec->scratch != NULL)
		r->vars.n_scratch = codec->scratch(&r->ins->codec_part, r->points, r->n_points);
	for (uint32_t i = 0; i < r->ins->n_presets; i++)
		plan_preset(r, &r->b->presets.at[r->ins->first_preset + i]);
	if (r->vars.n_scratch > 0)
		r->vars.scratch = mem_zero(r->vars.n_scratch, 1);
	r->readings.cap = r->n_points + 1;
	r->readings.at = mem_zero(r->readings.cap, sizeof(*r->readings.at));
}

/* Does this request have the wanted bytes, with some tag? */
static bool
says(struct run *r, const struct request *req, uint32_t *out_tag)
{
	const struct codec *codec = r->ins->codec;
	struct err err;
	int n;

	for (uint32_t tag = 0; tag < (codec->has_tag ? TAGS_TRIED : 1); tag++) {
		n = codec->encode(
			&r->ins->codec_part, req, tag, &r->vars, r->made.at, BYTES_MAX, &err);
		r->made.n = (size_t)MAX(n, 0);
		*out_tag = tag;
		if (r->made.n == r->wanted.n && memcmp(r->made.at, r->wanted.at, r->made.n) == 0)
			return true;
	}
	return false;
}

/* The nth of a list, or the only one. */
static const struct node *
nth(const struct node *n, unsigned i)
{
	if (n == NULL || n->kind != NODE_LIST)
		return i == 0 ? n : NULL;
	for (n = n->first; n != NULL && i > 0; i--)
		n = n->next;
	return n;
}

static void
report_question(struct run *r)
{
	char made[300], wanted[300];

	show_bytes(&r->made, made, sizeof(made));
	show_bytes(&r->wanted, wanted, sizeof(wanted));
	diag_error(&r->b->diag, r->send->at, "exchange",
		"no question of this instrument has these bytes (%s); one would be: %s", wanted,
		made);
}

/* The steps that prepare an instrument follow on one another: any of them may be what is shown. */
static bool
find_later_step(struct run *r, struct request *req, uint32_t *out_tag)
{
	const struct codec *codec = r->ins->codec;

	for (int step = 0; step < 32; step++) {
		struct request next;

		if (codec->next == NULL || req->kind != REQUEST_IDENTIFY ||
			codec->next(&r->ins->codec_part, req, step, &r->vars, &next) <= 0)
			return false;
		*req = next;
		req->step = (uint16_t)(step + 1);
		if (says(r, req, out_tag))
			return true;
	}
	return false;
}

/* A question about some of the channels that stand side by side: so the engine asks when a device has refused their neighbours. */
static bool
find_part(struct run *r, struct request *out, uint32_t *out_tag)
{
	static const struct learned nothing;
	struct request two[2];

	for (size_t first = 0; first < r->n_read; first++)
		for (size_t n = 1; first + n <= r->n_read; n++) {
			if (r->ins->codec->plan(&r->ins->codec_part, r->points + first, n, &nothing,
				    two, NELEM(two)) != 1)
				break;
			*out = two[0];
			out->first += (uint32_t)first;
			if (says(r, out, out_tag))
				return true;
		}
	return false;
}

static bool
find_question(struct run *r, struct request *out, uint32_t *out_tag)
{
	for (size_t i = 0; i < r->n_requests; i++) {
		*out = r->requests[i];
		if (says(r, out, out_tag) || find_later_step(r, out, out_tag))
			return true;
	}
	return find_part(r, out, out_tag);
}

/* ---- the value that is written ----------------------------------------------------------------------------------------------- */

/* A value of a channel as the device takes it; NULL: that was told. */
static const struct point *
raw_value(struct run *r, const struct node *n, union value *out)
{
	const struct bench_channel *ch;
	const struct point *pt;
	const char *text = read_text(r->b, n);
	union value v = { 0 };
	uint32_t point;
	double number = 0;

	ch = text == NULL ? NULL : expect_channel(r->b, r->ins, n, &point);
	if (ch == NULL)
		return NULL;
	pt = &r->b->points.at[point].codec_part;
	if (pt->value != VALUE_TEXT && !expect_number(r->b, ch, text, &number)) {
		diag_error(&r->b->diag, n->at, "number", "'%.60s' is no value of '%s'; write one",
			text, n->key);
		return NULL;
	}
	number = ch->has_scale ? (number - ch->offset) / ch->factor : number;
	if (ch->n_knots > 0)
		number = image_table_place(r->b->knots.at + ch->first_knot, ch->n_knots, number);
	if (pt->value == VALUE_FLOAT || pt->value == VALUE_FLOAT32)
		v.f = number;
	else
		v.i = llround(number);
	*out = v;
	return pt;
}

struct set {
	struct run *r;
	const struct node *node;
};

/* What stands behind the first of `set:`: what the others hold. */
static bool
set_beside(void *ctx, const char *name, enum value_type *out_type, union value *out)
{
	const struct set *set = ctx;
	const struct point *pt;

	for (const struct node *n = set->node->first->next; n != NULL; n = n->next) {
		if (strcmp(n->key, name) != 0)
			continue;
		pt = raw_value(set->r, n, out);
		if (pt != NULL)
			*out_type = (enum value_type)pt->value;
		return pt != NULL;
	}
	return false;
}

static bool
make_write(struct run *r, const struct node *set, struct request *out)
{
	const struct node *n = set->kind == NODE_MAP ? set->first : NULL;
	struct set ctx = { r, set };
	const struct beside beside = { &ctx, set_beside };
	const char *text = n == NULL ? NULL : read_text(r->b, n);
	const struct point *pt;
	union value v;
	struct err err;

	if (text == NULL || (set->n > 1 && !r->ins->codec->has_messages)) {
		diag_error(&r->b->diag, set->at, "exchange",
			"one value is written; write set: {sp: 100}");
		return false;
	}
	pt = raw_value(r, n, &v);
	if (pt == NULL)
		return false;
	if (pt->write_space < 0 || r->ins->codec->write == NULL ||
		r->ins->codec->write(&r->ins->codec_part, pt, v, text, &beside, out, &err) < 0) {
		diag_error(&r->b->diag, n->at, "exchange", "'%s' cannot be written: %s", n->key,
			pt->write_space < 0 ? "it has no write:; add it" : err.msg);
		return false;
	}
	return true;
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------- */

/* DECODE_*, or 0. False: that was told. */
static bool
hear(struct run *r, const struct node *n, const struct request *req, uint32_t tag, int *out_rc,
	struct err *err)
{
	const struct codec *codec = r->ins->codec;
	const struct instrument *ins = &r->ins->codec_part;
	enum match whose = MATCH_MINE;
	int got;

	if (!read_bytes(r->b, n, &r->answer))
		return false;
	got = codec->cut(ins, req, r->answer.at, r->answer.n, WIRE_OPEN);
	if (got == CUT_MORE)
		got = codec->cut(ins, req, r->answer.at, r->answer.n, WIRE_SILENT);
	if (got == CUT_MORE) /* HTTP: the end of the connection may be the end of the answer */
		got = codec->cut(ins, req, r->answer.at, r->answer.n, WIRE_CLOSED);
	if (got != (int)r->answer.n) {
		diag_error(&r->b->diag, n->at, "exchange",
			"this is no whole answer: %d of %zu bytes are one; compare framing and "
			"checksum",
			MAX(got, 0), r->answer.n);
		return false;
	}
	if (codec->match != NULL)
		whose = codec->match(ins, req, tag, r->answer.at, r->answer.n);
	if (whose != MATCH_MINE && whose != MATCH_CANNOT_TELL) {
		diag_error(&r->b->diag, n->at, "exchange",
			"this is no answer to the question; compare its form with `receive`");
		return false;
	}
	r->readings.n_text = 0;
	*out_rc = codec->decode(
		ins, req, r->points, r->answer.at, r->answer.n, &r->vars, &r->readings, err);
	return true;
}

/* A no may be told by a bad value with the device's code: of a write, and of what it will never know (exception 1 of Modbus). */
static bool
is_told_by_value(const struct run *r, struct err *err)
{
	const struct reading *last = r->readings.n == 0 ? NULL : &r->readings.at[r->readings.n - 1];

	if (last == NULL || last->quality == Q_GOOD)
		return false;
	err_set(err, DECODE_REFUSED, last->code, "%s", quality_row(last->quality)->text_en);
	return true;
}

/* Behind an answer, the question that stands next: the same one where something is waited for. False: that was told. */
static bool
follow(struct run *r, struct request *req, uint32_t *tag, unsigned step, bool is_again)
{
	const struct codec *codec = r->ins->codec;
	struct request next;

	if (!is_again) {
		if (codec->next == NULL ||
			codec->next(&r->ins->codec_part, req, req->step, &r->vars, &next) <= 0) {
			report_question(r);
			return false;
		}
		next.step = (uint16_t)(req->step + 1);
		*req = next;
	}
	if (read_bytes(r->b, nth(r->send, step), &r->wanted) && says(r, req, tag))
		return true;
	report_question(r);
	return false;
}

/* An exchange that ends while it waits shows nothing but that. */
static bool
ends_waiting(struct run *r, const struct node *n, const struct err *err)
{
	if (r->refused == err->sys)
		return true;
	diag_error(&r->b->diag, n->at, "exchange",
		"%s: the device would be asked again; add that question and the answer with which "
		"it is so",
		err->msg);
	return false;
}

/* All steps from a question that was found on; false: told. */
static bool
exchange(struct run *r, struct request *req, uint32_t tag)
{
	struct err err = { .msg = "" };
	int rc = 0;

	for (unsigned step = 0; step < STEPS_MAX; step++) {
		const struct node *n = nth(r->receive, step);
		bool is_last = nth(r->send, step + 1) == NULL;

		rc = 0;

		if (n != NULL && !node_is_null(n) && !hear(r, n, req, tag, &rc, &err))
			return false;
		if (rc == 0 && (req->kind == REQUEST_WRITE || r->refused >= 0) &&
			is_told_by_value(r, &err))
			rc = DECODE_REFUSED;
		if (rc == DECODE_NOT_YET && is_last)
			return ends_waiting(r, n, &err);
		if (rc < 0 && rc != DECODE_NOT_YET) {
			bool is_refusal =
				rc == DECODE_REFUSED || rc == DECODE_LATER || rc == DECODE_ANEW;

			if (is_refusal && r->refused == err.sys)
				return true;
			diag_error(&r->b->diag, n->at, "exchange",
				is_refusal
					? "the device says no, with code %d (%s); write refused: %d"
					: "code %d: %s; compare the bytes (%d)",
				err.sys, err.msg, err.sys);
			return false;
		}
		if (is_last)
			break;
		if (!follow(r, req, &tag, step + 1, rc == DECODE_NOT_YET))
			return false;
	}
	if (r->refused < 0)
		return true;
	diag_error(&r->b->diag, r->node->at, "exchange",
		"the device does not say no here; remove `refused`");
	return false;
}

/* ---- the values ------------------------------------------------------------------------------------------------------------- */

static const struct reading *
find_reading(const struct run *r, uint32_t point)
{
	for (size_t i = 0; i < r->readings.n; i++)
		if (r->readings.at[i].at < r->n_points &&
			r->points[r->readings.at[i].at].id == point)
			return &r->readings.at[i];
	return NULL;
}

/* What the device has said it is in this exchange, as a reading of the channel that shows it. */
static const struct reading *
captured(const struct run *r, const struct point *pt, struct reading *out)
{
	const char *text = r->vars.captures[pt->address];

	*out = (struct reading){ .quality = text[0] == '\0' ? Q_MISSING : Q_GOOD, .text = text };
	return out;
}

/* By that, does the device offer the point? */
static bool
is_offered(const struct run *r, uint32_t point)
{
	const struct bench *b = r->b;
	bool holds = true;

	for (uint32_t i = 0; i < r->ins->n_gates; i++) {
		const struct bench_gate *g = &b->gates.at[r->ins->first_gate + i];
		bool is_first = i == 0 || g[-1].group != g->group;

		if (g->point != point)
			continue;
		if (is_first && !holds)
			return false;
		holds = (!is_first && holds) ||
			gate_holds(r->vars.captures[g->capture], g->op, g->text, g->is_number);
	}
	return holds;
}

/* What an exchange that asks the device what it is shows: its words, and which channels it does not offer. Else a reading. */
static void
expect(struct run *r, const struct node *n, bool is_identity)
{
	uint32_t point;
	const struct bench_channel *ch = expect_channel(r->b, r->ins, n, &point);
	const struct point *pt = ch == NULL ? NULL : &r->b->points.at[point].codec_part;
	struct reading room = { .quality = Q_NOT_OFFERED };
	const struct reading *got;

	if (ch == NULL)
		return;
	if (is_identity && !is_offered(r, point))
		got = &room;
	else if (is_identity && pt->is_captured)
		got = captured(r, pt, &room);
	else
		got = find_reading(r, point);
	expect_value(r->b, ch, point, n, got);
}

static void
expect_all(struct run *r, const struct node *map, bool is_identity)
{
	if (map == NULL || !read_is(r->b, map, NODE_MAP, "a map: {pv: 25.0}"))
		return;
	for (const struct node *n = map->first; n != NULL; n = n->next)
		expect(r, n, is_identity);
}

/* ---- one exchange ------------------------------------------------------------------------------------------------------------ */

/* What it says without being asked, in r->answer. */
static bool
is_event(struct run *r, struct err *err)
{
	const struct codec *codec = r->ins->codec;
	const struct instrument *ins = &r->ins->codec_part;
	const uint8_t *in = r->answer.at;
	int n = (int)r->answer.n;

	err_set(err, ERR_PROTO, 0, "it has the form of none");
	return codec->cut(ins, NULL, in, r->answer.n, WIRE_SILENT) == n &&
	       codec->match(ins, NULL, 0, in, r->answer.n) == MATCH_UNSOLICITED &&
	       codec->heard(ins, r->points, r->n_points, in, r->answer.n, &r->vars, &r->readings,
		       err) == 0;
}

/* Without a question. */
static void
overhear(struct run *r, const struct node *const *found)
{
	struct err err;

	if (r->receive == NULL || found[EXCHANGE_EXPECT] == NULL || r->ins->codec->heard == NULL)
		diag_error(&r->b->diag, r->node->at, "exchange",
			r->ins->codec->heard == NULL
				? "there is no question; add send:"
				: "there is no question; add send:, or receive: and expect: of "
				  "what is said unasked");
	else if (!read_bytes(r->b, r->receive, &r->answer))
		return;
	else if (!is_event(r, &err))
		diag_error(&r->b->diag, r->receive->at, "exchange",
			"this is nothing that it says unasked: %s; compare it with `events:`",
			err.msg);
	else
		expect_all(r, found[EXCHANGE_EXPECT], false);
}

static void
run_exchange(struct run *r, const struct node *const *found)
{
	int64_t code = -1;
	struct request req;
	uint32_t tag;

	r->refused = -1;
	if (found[EXCHANGE_REFUSED] != NULL) {
		read_int(r->b, found[EXCHANGE_REFUSED], &schema_exchange[EXCHANGE_REFUSED], &code);
		r->refused = (int)code;
	}
	if (nth(r->send, 0) == NULL || !read_bytes(r->b, nth(r->send, 0), &r->wanted))
		return;
	if (found[EXCHANGE_SET] != NULL) {
		if (!make_write(r, found[EXCHANGE_SET], &req))
			return;
		if (!says(r, &req, &tag)) {
			report_question(r);
			return;
		}
	} else if (!find_question(r, &req, &tag)) {
		/* A device says no to what it does not know, and nobody asks that on purpose. */
		if (r->refused < 0 || r->n_requests == 0) {
			report_question(r);
			return;
		}
		req = r->requests[0];
		tag = 0;
		if (r->ins->codec->recognise != NULL)
			r->ins->codec->recognise(r->wanted.at, r->wanted.n, &req, &tag);
	}
	if (exchange(r, &req, tag))
		expect_all(r, found[EXCHANGE_EXPECT], req.kind == REQUEST_IDENTIFY);
}

void
exchanges_run(struct bench *b, const struct bench_instrument *ins, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	struct run *r;

	if (!read_keys(b, n, schema_exchange, NULL, found, NULL))
		return;
	if (found[EXCHANGE_EXPECT] == NULL && found[EXCHANGE_SET] == NULL &&
		found[EXCHANGE_REFUSED] == NULL && found[EXCHANGE_RECEIVE] != NULL &&
		found[EXCHANGE_SEND] != NULL) {
		diag_error(&b->diag, n->at, "exchange",
			"nothing is expected of this exchange; add expect: {CHANNEL: VALUE}, set: "
			"or "
			"refused:");
		return;
	}
	r = mem_zero(1, sizeof(*r));
	r->b = b;
	r->ins = ins;
	r->node = n;
	r->send = found[EXCHANGE_SEND];
	r->receive = found[EXCHANGE_RECEIVE];
	plan(r);
	if (r->send != NULL)
		run_exchange(r, found);
	else
		overhear(r, found);
	free(r->vars.scratch);
	free(r->points);
	free(r->requests);
	free(r->readings.at);
	free(r);
}
