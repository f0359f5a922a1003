/* postgres_rows.c - rows as binary COPY wants them
 *
 * Source: PostgreSQL 15 documentation, COPY, "Binary Format"; numbers big end first, a field is its length (i32, -1: null) and its bytes.
 * timestamptz: i64 microseconds since 2000-01-01. numeric: i16 digits to the base of 10000, i16 weight of the first, i16 sign (0x4000: below 0), i16 places.
 */
#include "history/postgres_rows.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text.h"
#include "msg/quality.h"

#define EPOCH_US INT64_C(946684800000000) /* 2000-01-01 since 1970 */
#define DAY_NS (INT64_C(86400) * NS_PER_S)
#define EXACT_MAX (INT64_C(1) << 53) /* whole numbers up to here stand in a float64 exactly */

/* ---- times of partitions --------------------------------------------------------------------------------------------------- */

static int64_t
month_begin(int year, int month)
{
	struct tm tm = { .tm_year = year, .tm_mon = month, .tm_mday = 1 };

	return (int64_t)timegm(&tm) * NS_PER_S;
}

void
period_of(enum period_kind kind, int64_t wall_ns, struct period *out)
{
	int64_t day = floor_div(wall_ns, DAY_NS);
	time_t s = (time_t)floor_div(wall_ns, NS_PER_S);
	struct tm tm;

	if (kind == PERIOD_DAY) {
		*out = (struct period){ day * DAY_NS, (day + 1) * DAY_NS };
	} else if (kind == PERIOD_WEEK) {
		day -= (day + 3) % 7 + ((day + 3) % 7 < 0 ? 7 : 0); /* 1970-01-01 was a Thursday */
		*out = (struct period){ day * DAY_NS, (day + 7) * DAY_NS };
	} else if (gmtime_r(&s, &tm) != NULL) {
		out->from_ns = month_begin(tm.tm_year, tm.tm_mon);
		out->to_ns = month_begin(tm.tm_year, tm.tm_mon + 1);
	}
}

void
period_name(enum period_kind kind, const struct period *p, char out[PERIOD_NAME])
{
	time_t s = (time_t)floor_div(p->from_ns, NS_PER_S);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	strftime(out, PERIOD_NAME, kind == PERIOD_MONTH ? "%Y_%m" : "%Y_%m_%d", &tm);
}

bool
period_read(enum period_kind kind, const char *name, struct period *out)
{
	struct tm tm = { .tm_mday = 1 };
	const char *end = strptime(name, kind == PERIOD_MONTH ? "%Y_%m" : "%Y_%m_%d", &tm);

	if (end == NULL || *end != '\0')
		return false;
	period_of(kind, (int64_t)timegm(&tm) * NS_PER_S, out);
	return true;
}

/* ---- fields ---------------------------------------------------------------------------------------------------------------- */

static uint8_t *
room(struct buf *out, size_t n)
{
	uint8_t *p = (uint8_t *)buf_room(out, n);

	out->n += n;
	return p;
}

static void
put_u64be(uint8_t *p, uint64_t v)
{
	put_u32be(p, (uint32_t)(v >> 32));
	put_u32be(p + 4, (uint32_t)v);
}

void
rows_begin(struct buf *out)
{
	buf_put(out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

void
rows_end(struct buf *out)
{
	buf_put(out, "\377\377", 2);
}

void
rows_fields(struct buf *out, int n)
{
	put_u16be(room(out, 2), (uint16_t)n);
}

void
rows_null(struct buf *out)
{
	put_u32be(room(out, 4), UINT32_MAX);
}

void
rows_i16(struct buf *out, int16_t v)
{
	uint8_t *p = room(out, 6);

	put_u32be(p, 2);
	put_u16be(p + 4, (uint16_t)v);
}

void
rows_i32(struct buf *out, int32_t v)
{
	uint8_t *p = room(out, 8);

	put_u32be(p, 4);
	put_u32be(p + 4, (uint32_t)v);
}

void
rows_i64(struct buf *out, int64_t v)
{
	uint8_t *p = room(out, 12);

	put_u32be(p, 8);
	put_u64be(p + 4, (uint64_t)v);
}

void
rows_text(struct buf *out, const char *text, size_t n)
{
	put_u32be(room(out, 4), (uint32_t)n);
	buf_put(out, text, n);
}

void
rows_time(struct buf *out, int64_t wall_ns)
{
	rows_i64(out, floor_div(wall_ns, 1000) - EPOCH_US);
}

void
rows_repair(char *text)
{
	size_t n = strlen(text), at;

	while ((at = text_utf8(text, n)) < n)
		text[at] = '?';
}

static void
put_float(struct buf *out, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	rows_i64(out, (int64_t)bits);
}

static void
put_numeric(struct buf *out, bool is_negative, uint64_t v)
{
	uint16_t digits[5];
	int n = 0;
	uint8_t *p;

	for (; v > 0; v /= 10000)
		digits[n++] = (uint16_t)(v % 10000);
	p = room(out, 12 + 2 * (size_t)n);
	put_u32be(p, 8 + 2 * (uint32_t)n);
	put_u16be(p + 4, (uint16_t)n);
	put_u16be(p + 6, (uint16_t)(n - 1));
	put_u16be(p + 8, is_negative ? 0x4000 : 0);
	put_u16be(p + 10, 0);
	for (int i = 0; i < n; i++)
		put_u16be(p + 12 + 2 * i, digits[n - 1 - i]);
}

/* The name of a choice, "0=closed\n1=open"; NULL: it has none. */
static const char *
choice_name(const char *choices, int64_t v, size_t *out_n)
{
	char number[24];
	int n = snprintf(number, sizeof(number), "%lld=", (long long)v);

	for (const char *at = choices; *at != '\0';) {
		size_t line = strcspn(at, "\n");

		if (strncmp(at, number, (size_t)n) == 0) {
			*out_n = line - (size_t)n;
			return at + n;
		}
		at += line + (at[line] == '\n');
	}
	return NULL;
}

void
rows_sample(struct buf *out, int32_t channel, uint32_t boot, int64_t wall_ns, enum value_type type,
	const char *choices, const struct sample *s)
{
	bool is_bad = quality_is_bad(s->quality),
	     is_signed = type == VALUE_INT || type == VALUE_CHOICE;
	bool is_large = (is_signed && (s->v.i > EXACT_MAX || s->v.i < -EXACT_MAX)) ||
			(type == VALUE_UINT && s->v.u > (uint64_t)EXACT_MAX);
	const char *name;
	size_t n;

	rows_fields(out, 10);
	rows_i32(out, channel);
	rows_time(out, wall_ns);
	rows_i16(out, (int16_t)(wall_ns - floor_div(wall_ns, 1000) * 1000));
	rows_i32(out, (int32_t)boot);
	rows_i64(out, s->stamp_ns);
	if (is_bad || type == VALUE_TEXT)
		rows_null(out);
	else
		put_float(out, value_double(type, s->v));
	if (is_bad || !is_large)
		rows_null(out);
	else
		put_numeric(out, is_signed && s->v.i < 0,
			is_signed && s->v.i < 0 ? 0 - (uint64_t)s->v.i : s->v.u);
	if (!is_bad && type == VALUE_TEXT)
		rows_text(out, s->text, strlen(s->text));
	else if (!is_bad && type == VALUE_CHOICE &&
		 (name = choice_name(choices, s->v.i, &n)) != NULL)
		rows_text(out, name, n);
	else
		rows_null(out);
	rows_i16(out, (int16_t)s->quality);
	rows_i32(out, s->code);
}
