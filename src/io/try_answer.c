/* try_answer.c - what a trial of one instrument has found, as JSON
 *
 * It is bounded: so many points, so many lines of the trace, and what was left out is counted.
 */
#include "io/try_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "model/image_alone.h"

/* ---- which channels -------------------------------------------------------------------------------------------------------- */

/* Is the name of n bytes this channel, with the instrument's name before it or without? */
static bool
is_named(const struct image *img, uint32_t instrument, uint32_t channel, const char *name, size_t n)
{
	const char *ins = image_text(img, image_instrument_at(img, instrument)->name);
	const char *whole = image_text(img, image_channel_at(img, channel)->name);
	size_t k = strlen(ins);

	if (strlen(whole) == n && memcmp(whole, name, n) == 0)
		return true;
	return strncmp(whole, ins, k) == 0 && whole[k] == '.' && strlen(whole) == k + 1 + n &&
	       memcmp(whole + k + 1, name, n) == 0;
}

static bool
is_one(const struct image *img, uint32_t instrument, const char *name, size_t n)
{
	for (uint32_t i = 0; i < img->channels.n; i++)
		if (image_is_of(img, i, instrument) && is_named(img, instrument, i, name, n))
			return true;
	return false;
}

unsigned
try_answer_check(const struct image *img, uint32_t instrument, const char *points, struct err *err)
{
	const char *at = points;

	while (*points != '\0') {
		size_t n = strcspn(at, ",");

		if (n == 0) {
			err_set(err, ERR_CONF, 0, "points: a name is empty");
			return 400;
		}
		if (!is_one(img, instrument, at, n)) {
			err_set(err, ERR_CONF, 0,
				"the instrument has no channel '%.*s'; its card lists those that "
				"it has",
				(int)MIN(n, (size_t)60), at);
			return 404;
		}
		if (at[n] == '\0')
			break;
		at += n + 1;
	}
	return 0;
}

bool
try_answer_wants(const struct try_answer *a, uint32_t channel)
{
	if (!image_is_of(a->img, channel, a->instrument))
		return false;
	if (a->points[0] == '\0')
		return true;
	for (const char *at = a->points;;) {
		size_t n = strcspn(at, ",");

		if (is_named(a->img, a->instrument, channel, at, n))
			return true;
		if (at[n] == '\0')
			return false;
		at += n + 1;
	}
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------ */

static void
put_point(struct json *j, const struct try_answer *a, uint32_t channel)
{
	const struct board_channel *ch = board_channel(a->board, channel);
	const struct quality_row *q;
	struct sample s;

	board_read(a->board, channel, &s);
	q = quality_row(s.quality);
	json_object(j, NULL);
	json_text(j, "name", board_text(a->board, ch->name));
	json_text(j, "title", board_text(a->board, ch->title));
	json_text(j, "unit", board_text(a->board, ch->unit));
	value_json(j, "value", (enum value_type)ch->type, &s,
		ch->type == VALUE_CHOICE ? board_choice(a->board, ch, s.v.i) : NULL);
	json_text(j, "quality", q->token);
	json_text(j, "reason_text", s.quality == Q_GOOD ? "" : q->text_en);
	json_text(j, "remedy", s.quality == Q_GOOD ? "" : q->remedy_en);
	json_end(j);
}

static void
put_points(struct json *j, const struct try_answer *a)
{
	unsigned n = 0, left_out = 0;

	json_array(j, "points");
	for (uint32_t i = 0; i < a->img->channels.n; i++) {
		if (!try_answer_wants(a, i))
			continue;
		if (n++ < TRY_POINTS_MAX)
			put_point(j, a, i);
		else
			left_out++;
	}
	json_end(j);
	json_uint(j, "points_left_out", left_out);
}

/* A device may say what is no text. */
static void
put_clean(struct json *j, const char *key, const char *text)
{
	char clean[256];

	text_copy(clean, sizeof(clean), text);
	clean[text_utf8(clean, strlen(clean))] = '\0';
	json_text(j, key, clean);
}

static void
put_line(struct json *j, const struct try_answer *a, const struct board_trace *line)
{
	static const char *const kinds[] = { "sent", "received", "note" };
	size_t kept = MIN((size_t)line->n, (size_t)BOARD_TRACE_BYTES);
	char hex[3 * BOARD_TRACE_BYTES + 1];

	for (size_t k = 0; k < kept; k++)
		snprintf(hex + 3 * k, 4, "%02x ", line->bytes[k]);
	hex[kept > 0 ? 3 * kept - 1 : 0] = '\0';
	json_object(j, NULL);
	json_double(j, "after", (double)((line->stamp_ns - a->start_ns) / NS_PER_MS) / 1000);
	json_text(j, "kind", kinds[MIN(line->kind, (uint16_t)TRACE_NOTE)]);
	json_text(j, "verdict", quality_row(line->quality)->token);
	put_clean(j, "meaning", line->meaning);
	json_text(j, "bytes", hex);
	json_bool(j, "truncated", line->n > kept);
	json_end(j);
}

static void
put_trace(struct json *j, const struct try_answer *a)
{
	static struct board_trace lines[TRY_LINES_MAX];
	size_t n = board_read_trace(a->board, a->instrument, lines, TRY_LINES_MAX);

	json_array(j, "exchanges");
	for (size_t i = 0; i < n; i++)
		put_line(j, a, &lines[i]);
	json_end(j);
	json_uint(j, "exchanges_left_out", n > 0 ? lines[0].seq - 1 : 0);
}

void
try_answer_write(struct buf *out, const struct try_answer *a)
{
	const struct image_instrument *ins = image_instrument_at(a->img, a->instrument);
	struct board_state s;
	struct json j;

	board_read_state(a->board, a->instrument, &s);
	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "instrument", image_text(a->img, ins->name));
	json_bool(&j, "answers", s.answers > 0);
	put_clean(&j, "identity", s.identity);
	json_double(&j, "took", (double)(a->took_ns / NS_PER_MS) / 1000);
	json_bool(&j, "complete", a->is_whole);
	put_clean(&j, "not_asked", a->said);
	put_points(&j, a);
	put_trace(&j, a);
	json_end(&j);
	buf_putc(out, '\n');
}
