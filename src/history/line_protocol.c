/* line_protocol.c - samples as lines of InfluxDB line protocol
 *
 * Source: docs.influxdata.com/influxdb/v1.8/write_protocols/line_protocol_reference; v2 the same, with unsigned numbers. Neither has NaN or infinity.
 */
#include "history/line_protocol.h"

#include <inttypes.h>
#include <math.h>

#include "history/form.h"
#include "msg/quality.h"

/* `specials`: what a backslash must stand before. A line break would end the line. */
static void
put_name(struct buf *out, const char *text, const char *specials)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '\n' || *text == '\r') {
			buf_putc(out, *text == '\\' ? '/' : '_');
			continue;
		}
		for (const char *s = specials; *s != '\0'; s++)
			if (*text == *s)
				buf_putc(out, '\\');
		buf_putc(out, *text);
	}
}

static void
put_tag(struct buf *out, const char *key, const char *text)
{
	if (text[0] == '\0')
		return; /* a tag without a value is none */
	buf_printf(out, ",%s=", key);
	put_name(out, text, ",= ");
}

void
line_put_start(struct buf *out, const char *bench, const char *channel, const char *unit,
	enum value_type type)
{
	put_name(out, channel, ", ");
	put_tag(out, "bench", bench);
	put_tag(out, "type", type == VALUE_FLOAT32 ? "float32" : value_type_text(type));
	put_tag(out, "unit", unit);
}

static void
put_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, "%s=\"", key);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

static void
put_value(struct buf *out, enum value_type type, const struct sample *s, const char *word)
{
	switch (type) {
	case VALUE_BOOL:
		buf_puts(out, s->v.i != 0 ? "value=true" : "value=false");
		break;
	case VALUE_UINT:
		buf_printf(out, "value=%" PRIu64, s->v.u);
		break;
	case VALUE_TEXT:
		put_text(out, "value", s->text);
		break;
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		buf_puts(out, "value=");
		form_number(out, type, s->v.f);
		break;
	default:
		buf_printf(out, "value=%" PRId64 "i", s->v.i);
		if (type == VALUE_CHOICE && word != NULL) {
			buf_putc(out, ',');
			put_text(out, "word", word);
		}
	}
}

/* Why it cannot be written as a value; -1: it can. */
static int
hindrance(int version, enum value_type type, const struct sample *s)
{
	if (quality_is_bad(s->quality))
		return s->quality < Q_COUNT ? s->quality : Q_UNREADABLE;
	if ((type == VALUE_FLOAT || type == VALUE_FLOAT32) && !isfinite(s->v.f))
		return Q_NOT_A_NUMBER;
	return type == VALUE_UINT && version == 1 && s->v.u > INT64_MAX ? Q_OVER_RANGE : -1;
}

void
line_put_sample(struct buf *out, int version, enum value_type type, const struct sample *s,
	const char *word, int64_t wall_ns)
{
	int why = hindrance(version, type, s);

	buf_putc(out, ' ');
	if (why < 0) {
		put_value(out, type, s, word);
		if (type == VALUE_UINT)
			buf_putc(out, version == 1 ? 'i' : 'u');
		if (s->quality != Q_GOOD)
			buf_putc(out, ',');
	}
	if (why >= 0 || s->quality != Q_GOOD)
		put_text(out, "quality", quality_row(why >= 0 ? (unsigned)why : s->quality)->token);
	buf_printf(out, " %" PRId64 "\n", wall_ns);
}
