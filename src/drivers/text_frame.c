/* text_frame.c - where a message begins and ends on the wire
 *
 *	skip* start ... end            one of several ends, a fixed length, a length that the message tells, or silence
 *
 * A byte that is doubled inside (DLE of ProPar and its like) never ends a message where it stands twice.
 */
#include "drivers/text_frame.h"

#include <string.h>

#include "drivers/text_value.h"

enum {
	OPT_START,
	OPT_END,
	OPT_SEND_START,
	OPT_SEND_END,
	OPT_SKIP,
	OPT_DOUBLE,
	OPT_LENGTH,
	OPT_LENGTH_AT,
	OPT_LENGTH_AS,
	OPT_LENGTH_PLUS,
	OPT_SILENCE,
	OPT_PASSWORD,
};

static const char *const lengths[] = { "u8", "u16", "u16le", "hex2", "hex3", "hex4", "int2", "int3",
	NULL };

const struct opt text_frame_opts[] = {
	{ "start", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"bytes with which every answer begins; what comes before is thrown away" },
	{ "end", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"bytes with which every answer ends; several with | between them" },
	{ "send_start", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"bytes before everything that is sent; as start when left out" },
	{ "send_end", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"bytes behind everything that is sent; as end when left out" },
	{ "skip", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"characters that may stand before an answer, in any number" },
	{ "double", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"a byte that stands twice inside of messages" },
	{ "length", OPT_INT, 1, 4096, NULL, OPT_ABSENT, "bytes of every answer" },
	{ "length_at", OPT_INT, 0, 64, NULL, OPT_ABSENT,
		"where an answer tells its length, in bytes from its beginning" },
	{ "length_as", OPT_CHOICE, 0, 0, lengths, 0, "how it is written" },
	{ "length_plus", OPT_INT, 0, 64, NULL, 0,
		"what is added to get the length of the whole answer" },
	{ "silence", OPT_BOOL, 0, 1, NULL, 0, "yes: an answer ends when nothing more comes" },
	{ "password", OPT_SECRET, 0, 0, NULL, 0, "what {password:secret} in a message stands for" },
	{ 0 },
};

/* ---- options ------------------------------------------------------------------------------------------------------------- */

/* Literal bytes up to '|' (when that divides) or the end; returns where it stopped, NULL: reported. */
static const char *
read_run(const char *text, bool divides, int opt, struct text_run *out, struct err *err)
{
	struct text_format f;
	char part[64];
	size_t n = 0;

	while (text[n] != '\0' && !(divides && text[n] == '|'))
		n++;
	if (n >= sizeof(part)) {
		err_set(err, ERR_CONF, opt, "%s is too long; at most %d bytes",
			text_frame_opts[opt].name, TEXT_RUN_MAX);
		return NULL;
	}
	memcpy(part, text, n);
	part[n] = '\0';
	if (text_format_parse(part, &f, err) < 0) {
		err->sys = opt;
		return NULL;
	}
	out->n = 0;
	for (unsigned i = 0; i < f.n; i++) {
		if (f.at[i].kind != TEXT_BYTE || out->n == TEXT_RUN_MAX) {
			err_set(err, ERR_CONF, opt,
				"%s holds 1 to %d bytes and no values; write it so",
				text_frame_opts[opt].name, TEXT_RUN_MAX);
			return NULL;
		}
		out->at[out->n++] = f.at[i].byte;
	}
	return text + n;
}

static int
read_ends(const char *text, struct text_frame *out, struct err *err)
{
	for (;;) {
		if (out->n_ends == TEXT_ENDS_MAX)
			return err_set(err, ERR_CONF, OPT_END, "more than %d ends; leave some out",
				TEXT_ENDS_MAX);
		text = read_run(text, true, OPT_END, &out->ends[out->n_ends], err);
		if (text == NULL)
			return ERR_CONF;
		if (out->ends[out->n_ends++].n == 0)
			return err_set(err, ERR_CONF, OPT_END,
				"an end is empty; write its bytes, or silence: yes");
		if (*text++ == '\0')
			return 0;
	}
}

static void
read_length(const struct optvals *v, struct text_frame *out)
{
	static const struct text_element how[] = {
		{ .check = TEXT_UINT, .kind = TEXT_LENGTH, .width = 1 },
		{ .check = TEXT_UINT, .kind = TEXT_LENGTH, .width = 2 },
		{ .check = TEXT_UINT, .kind = TEXT_LENGTH, .width = 2, .order = 1 },
		{ .check = TEXT_HEX, .kind = TEXT_LENGTH, .width = 2 },
		{ .check = TEXT_HEX, .kind = TEXT_LENGTH, .width = 3 },
		{ .check = TEXT_HEX, .kind = TEXT_LENGTH, .width = 4 },
		{ .check = TEXT_INT, .kind = TEXT_LENGTH, .width = 2 },
		{ .check = TEXT_INT, .kind = TEXT_LENGTH, .width = 3 },
	};

	out->has_length = v->num[OPT_LENGTH_AT] >= 0;
	if (!out->has_length)
		return;
	out->at = (unsigned)v->num[OPT_LENGTH_AT];
	out->plus = (unsigned)v->num[OPT_LENGTH_PLUS];
	out->how = how[v->num[OPT_LENGTH_AS]];
}

int
text_frame_read(const struct optvals *v, struct text_frame *out, struct err *err)
{
	struct text_run doubled = { .n = 0 };
	struct {
		int opt;
		struct text_run *run;
	} runs[] = { { OPT_START, &out->start }, { OPT_SEND_START, &out->send_start },
		{ OPT_SEND_END, &out->send_end }, { OPT_SKIP, &out->skip },
		{ OPT_DOUBLE, &doubled } };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < NELEM(runs); i++)
		if (v->text[runs[i].opt] != NULL && read_run(v->text[runs[i].opt], false,
							    runs[i].opt, runs[i].run, err) == NULL)
			return ERR_CONF;
	if (v->text[OPT_END] != NULL && read_ends(v->text[OPT_END], out, err) < 0)
		return ERR_CONF;
	if (v->text[OPT_DOUBLE] != NULL && doubled.n != 1)
		return err_set(err, ERR_CONF, OPT_DOUBLE, "double is one byte; write it so: <10>");
	out->doubled = doubled.n == 1 ? doubled.at[0] : -1;
	out->length = v->num[OPT_LENGTH] > 0 ? (unsigned)v->num[OPT_LENGTH] : 0;
	read_length(v, out);
	out->by_silence = v->num[OPT_SILENCE] == 1;
	if (v->text[OPT_SEND_END] == NULL && out->n_ends > 0)
		out->send_end = out->ends[0];
	if (v->text[OPT_SEND_START] == NULL)
		out->send_start = out->start;
	if (out->n_ends == 0 && out->length == 0 && !out->has_length && !out->by_silence)
		return err_set(err, ERR_CONF, -1,
			"nothing tells where an answer ends; add end: \"\\r\\n\", length: 7, "
			"length_at: 3 or silence: yes");
	return 0;
}

bool
text_frame_has_password(const struct optvals *v)
{
	return v->num[OPT_PASSWORD] > 0;
}

const char *
text_frame_password(const struct optvals *v)
{
	return v->text[OPT_PASSWORD];
}

/* ---- cutting ------------------------------------------------------------------------------------------------------------- */

static bool
begins(const struct text_run *run, const uint8_t *in, size_t n)
{
	return n >= run->n && memcmp(in, run->at, run->n) == 0;
}

static bool
is_skipped(const struct text_frame *f, uint8_t c)
{
	return f->skip.n > 0 && memchr(f->skip.at, c, f->skip.n) != NULL;
}

/* The bytes before the first that could be a start. */
static size_t
before_start(const struct text_frame *f, const uint8_t *in, size_t n)
{
	size_t at = 0;

	while (at < n && memcmp(in + at, f->start.at, MIN((size_t)f->start.n, n - at)) != 0)
		at++;
	return at;
}

/* Behind the `lines`th end from `at` on; 0: it is not there yet. *out_end: its bytes. */
static size_t
find_end(const struct text_frame *f, unsigned lines, const uint8_t *in, size_t at, size_t n,
	size_t *out_end)
{
	while (at < n) {
		const struct text_run *best = NULL;

		if (f->doubled >= 0 && at + 1 < n && in[at] == f->doubled &&
			in[at + 1] == f->doubled) {
			at += 2;
			continue;
		}
		for (unsigned i = 0; i < f->n_ends; i++)
			if (begins(&f->ends[i], in + at, n - at) &&
				(best == NULL || f->ends[i].n > best->n))
				best = &f->ends[i];
		if (best == NULL) {
			at++;
			continue;
		}
		at += best->n;
		*out_end = best->n;
		if (--lines == 0)
			return at;
	}
	return 0;
}

/* The end of a block of IEEE 488.2 that begins at `at`; 0: not there yet, SIZE_MAX: none begins here. */
static size_t
block_end(const uint8_t *in, size_t at, size_t n)
{
	size_t digits, length = 0;

	if (n - at < 2)
		return 0;
	if (in[at] != '#' || in[at + 1] < '1' || in[at + 1] > '9')
		return SIZE_MAX;
	digits = (size_t)(in[at + 1] - '0');
	if (n - at < 2 + digits)
		return 0;
	for (size_t i = 0; i < digits; i++)
		length = length * 10 + (in[at + 2 + i] - (unsigned)'0') % 10;
	return length > CODEC_FRAME_MAX ? SIZE_MAX : at + 2 + digits + length;
}

/* The length of the frame that begins at 0 and says its first at `at`; 0: it cannot be told yet. */
static size_t
frame_end(const struct text_frame *f, const struct message *m, const struct text_format *receive,
	const uint8_t *in, size_t at, size_t n, enum wire wire)
{
	size_t width = text_format_width(&f->how), end, from = at + f->start.n;
	uint64_t count;

	if (m != NULL && m->length > 0)
		return at + m->length;
	if (f->length > 0)
		return at + f->length;
	if (f->has_length) {
		if (n < at + f->at + width)
			return 0;
		if (!text_value_get_count(&f->how, in + at + f->at, &count) ||
			count > CODEC_FRAME_MAX)
			return SIZE_MAX;
		return at + (size_t)count + f->plus;
	}
	if (f->n_ends == 0)
		return wire == WIRE_OPEN ? 0 : n;
	if (receive != NULL && receive->n > 0 && receive->at[0].kind == TEXT_BLOCK) {
		size_t block = block_end(in, from, n);

		if (block == 0)
			return 0;
		if (block != SIZE_MAX)
			from = block;
	}
	if (from > n)
		return 0;
	return find_end(f, m != NULL && m->lines > 1 ? m->lines : 1, in, from, n, &end);
}

int
text_frame_cut(const struct text_frame *f, const struct message *m,
	const struct text_format *receive, const uint8_t *in, size_t n, enum wire wire)
{
	size_t at = 0, end;

	while (at < n && is_skipped(f, in[at]))
		at++;
	if (f->start.n > 0 && at < n) {
		size_t junk = before_start(f, in + at, n - at);

		if (junk > 0)
			return CUT_SKIP(at + junk);
		if (n - at < f->start.n)
			return wire == WIRE_CLOSED ? CUT_SKIP(n) : CUT_MORE;
	}
	end = at < n ? frame_end(f, m, receive, in, at, n, wire) : 0;
	if (end > 0 && end <= n)
		return CUT_FRAME(end);
	if (end == SIZE_MAX)
		return CUT_SKIP(MIN(at + MAX((size_t)f->start.n, (size_t)1), n));
	if (n >= CODEC_FRAME_MAX)
		return CUT_SKIP(n);
	/* A pause is no end: the tail behind it would pass for an answer. */
	return wire == WIRE_CLOSED ? CUT_SKIP(n) : CUT_MORE;
}

const uint8_t *
text_frame_inside(const struct text_frame *f, const struct message *m, const uint8_t *frame,
	size_t n, uint8_t *room, size_t *out_n)
{
	size_t at = 0, used = 0;
	bool is_counted = (m != NULL && m->length > 0) || f->length > 0 || f->has_length;

	while (at < n && is_skipped(f, frame[at]))
		at++;
	if (n - at >= f->start.n)
		at += f->start.n;
	for (unsigned i = 0, best = 0; i <= f->n_ends && !is_counted; i++) {
		if (i == f->n_ends)
			n -= best;
		else if (f->ends[i].n > best && n - at >= f->ends[i].n &&
			 begins(&f->ends[i], frame + n - f->ends[i].n, f->ends[i].n))
			best = f->ends[i].n;
	}
	if (f->doubled < 0) {
		*out_n = n - at;
		return frame + at;
	}
	for (; at < n && used < CODEC_FRAME_MAX; at++) {
		room[used++] = frame[at];
		if (frame[at] == f->doubled && at + 1 < n && frame[at + 1] == f->doubled)
			at++;
	}
	*out_n = used;
	return room;
}

int
text_frame_wrap(const struct text_frame *f, uint8_t *out, size_t n, size_t cap, struct err *err)
{
	size_t more = 0, total;

	for (size_t i = 0; f->doubled >= 0 && i < n; i++)
		more += out[i] == f->doubled;
	total = f->send_start.n + n + more + f->send_end.n;
	if (total > cap)
		return err_set(err, ERR_CONF, 0, "the message is longer than %zu bytes", cap);
	/* From behind, so that nothing is overwritten before it is moved. */
	for (size_t i = n, to = f->send_start.n + n + more; i-- > 0;) {
		uint8_t c = out[i];

		out[--to] = c;
		if (f->doubled >= 0 && c == f->doubled)
			out[--to] = c;
	}
	memcpy(out, f->send_start.at, f->send_start.n);
	memcpy(out + total - f->send_end.n, f->send_end.at, f->send_end.n);
	return (int)total;
}
