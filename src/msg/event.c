/* event.c - events as bytes, as text, as JSON */
#include "msg/event.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mask.h"
#include "base/text.h"

#define HEAD 40

static const struct event_row rows[EVENT_COUNT] = {
#define EVENT(name, token, class, severity, en, fr, remedy_en, remedy_fr)                          \
	[EVENT_##name] = { token, EVENT_CLASS_##class, EVENT_SEVERITY_##severity, { en, fr },      \
		{ remedy_en, remedy_fr } },
#include "msg/event.def"
#undef EVENT
};

const struct event_row *
event_row(enum event_kind kind)
{
	return &rows[kind];
}

enum event_kind
event_find(const char *token)
{
	unsigned kind = 0;

	while (kind < EVENT_COUNT && strcmp(rows[kind].token, token) != 0)
		kind++;
	return (enum event_kind)kind;
}

bool
event_has_value(enum event_kind kind)
{
	return strstr(rows[kind].text[LANGUAGE_EN], "%1") != NULL;
}

const char *
event_class_text(enum event_class c)
{
	static const char *const texts[] = { "plain", "a", "b", "c" };

	return texts[c];
}

const char *
event_severity_text(enum event_severity severity)
{
	static const char *const texts[] = { "info", "warning", "error" };

	return texts[severity];
}

uint64_t
event_boot(const char *boot_id)
{
	return text_hash(boot_id, strlen(boot_id));
}

/* ---- bytes ------------------------------------------------------------------------------------------------------ */

static void
put_f64le(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put_u64le(p, bits);
}

static double
get_f64le(const uint8_t *p)
{
	uint64_t bits = get_u64le(p);
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* A text of at most cap - 1 bytes, cut at a character's border and made clean; returns its length. */
static uint8_t
put_text(uint8_t *out, const char *text, size_t cap)
{
	char copy[EVENT_TEXT];
	size_t n, good;

	memcpy(copy, text, cap);
	copy[cap - 1] = '\0';
	n = strlen(copy);
	while ((good = text_utf8(copy, n)) < n) {
		if (n == cap - 1 && n - good < 4) { /* only the cut is to blame */
			n = good;
			break;
		}
		copy[good] = '?';
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(is_control(copy[i]) ? '?' : copy[i]);
	return (uint8_t)n;
}

size_t
event_encode(uint8_t out[EVENT_BYTES], const struct event *e)
{
	unsigned n_values = MIN(e->n_values, (unsigned)EVENT_VALUES);
	char text[sizeof(e->text)];
	size_t at = HEAD;

	put_u64le(out, e->id);
	put_u64le(out + 8, e->boot);
	put_u64le(out + 16, (uint64_t)e->stamp_ns);
	put_u64le(out + 24, e->cause);
	put_u16le(out + 32, (uint16_t)e->kind);
	put_u16le(out + 34, (uint16_t)e->reason);
	out[36] = (uint8_t)n_values;
	for (unsigned i = 0; i < n_values; i++, at += 8)
		put_f64le(out + at, e->values[i]);
	out[37] = put_text(out + at, e->subject, sizeof(e->subject));
	at += out[37];
	out[38] = put_text(out + at, e->principal, sizeof(e->principal));
	at += out[38];
	/* Whoever wrote it, a person or a program: it is read by many. */
	text_copy(text, sizeof(text), e->text);
	mask_text(text);
	out[39] = put_text(out + at, text, sizeof(text));
	return at + out[39];
}

static bool
get_text(char *out, size_t cap, const uint8_t *bytes, size_t n)
{
	if (n >= cap)
		return false;
	memcpy(out, bytes, n);
	out[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (is_control(out[i]))
			return false;
	return text_utf8(out, n) == n;
}

static int
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PROTO, 0, "event with %s", what);
}

int
event_decode(struct event *out, const uint8_t *bytes, size_t n, struct err *err)
{
	size_t values, at = HEAD;

	if (n < HEAD || bytes[36] > EVENT_VALUES)
		return bad(err, "a head that is none");
	values = (size_t)bytes[36] * 8;
	if (n != HEAD + values + bytes[37] + bytes[38] + bytes[39])
		return bad(err, "another length than it says");
	if (get_u16le(bytes + 32) >= EVENT_COUNT || get_u16le(bytes + 34) >= Q_COUNT)
		return bad(err, "a kind or a reason that this version does not know");
	*out = (struct event){
		.id = get_u64le(bytes),
		.boot = get_u64le(bytes + 8),
		.stamp_ns = (int64_t)get_u64le(bytes + 16),
		.cause = get_u64le(bytes + 24),
		.kind = (enum event_kind)get_u16le(bytes + 32),
		.reason = (enum quality)get_u16le(bytes + 34),
		.n_values = bytes[36],
	};
	if (out->id == 0 || out->cause >= out->id)
		return bad(err, "numbers that cannot be");
	for (unsigned i = 0; i < out->n_values; i++, at += 8)
		out->values[i] = get_f64le(bytes + at);
	if (!get_text(out->subject, sizeof(out->subject), bytes + at, bytes[37]) ||
		!get_text(out->principal, sizeof(out->principal), bytes + at + bytes[37],
			bytes[38]) ||
		!get_text(out->text, sizeof(out->text), bytes + at + bytes[37] + bytes[38],
			bytes[39]))
		return bad(err, "a text that is none");
	return 0;
}

size_t
clock_record_encode(uint8_t out[CLOCK_RECORD_BYTES], const struct clock_record *c)
{
	put_u64le(out, c->boot);
	put_u64le(out + 8, (uint64_t)c->stamp_ns);
	put_u64le(out + 16, (uint64_t)c->wall_ns);
	out[24] = c->is_good;
	return CLOCK_RECORD_BYTES;
}

int
clock_record_decode(struct clock_record *out, const uint8_t *bytes, size_t n, struct err *err)
{
	if (n != CLOCK_RECORD_BYTES || bytes[24] > 1)
		return err_set(err, ERR_PROTO, 0, "clock record that is none");
	*out = (struct clock_record){
		.boot = get_u64le(bytes),
		.stamp_ns = (int64_t)get_u64le(bytes + 8),
		.wall_ns = (int64_t)get_u64le(bytes + 16),
		.is_good = bytes[24] != 0,
	};
	return 0;
}

/* ---- for people and machines -------------------------------------------------------------------------------------- */

static void
put_value(struct buf *out, const struct event *e, unsigned i)
{
	if (i < e->n_values)
		out->n += text_from_double(buf_room(out, 32), e->values[i]);
	else
		buf_putc(out, '?');
}

/* What stands behind a '%'. */
static void
put_field(struct buf *out, const struct event *e, char which, enum language language)
{
	const struct quality_row *reason = quality_row(e->reason);

	if (which == 's')
		buf_puts(out, e->subject);
	else if (which == 'r')
		buf_puts(out, language == LANGUAGE_FR ? reason->text_fr : reason->text_en);
	else if (which == 'p')
		buf_puts(out, e->principal);
	else if (which == 't' && e->text[0] != '\0')
		buf_printf(out, "%s%s", language == LANGUAGE_FR ? " : " : ": ", e->text);
	else if (which >= '1' && which <= '0' + EVENT_VALUES)
		put_value(out, e, (unsigned)(which - '1'));
}

void
event_text(struct buf *out, const struct event *e, enum language language)
{
	const struct event_row *row = event_row(e->kind);
	const struct quality_row *reason = quality_row(e->reason);
	const char *remedy = row->remedy[language];

	for (const char *p = row->text[language]; *p != '\0'; p++) {
		if (*p == '%' && p[1] != '\0' && p[1] != ' ')
			put_field(out, e, *++p, language);
		else
			buf_putc(out, *p);
	}
	if (e->principal[0] != '\0')
		buf_printf(out, " (%s)", e->principal);
	if (e->reason != Q_GOOD)
		remedy = language == LANGUAGE_FR ? reason->remedy_fr : reason->remedy_en;
	if (remedy[0] != '\0')
		buf_printf(out, "%s%s", language == LANGUAGE_FR ? " ; " : "; ", remedy);
}

void
event_json(struct json *j, const struct event *e, enum language language)
{
	const struct event_row *row = event_row(e->kind);
	struct buf text = { 0 };
	char boot[20];

	snprintf(boot, sizeof(boot), "%016llx", (unsigned long long)e->boot);
	json_uint(j, "id", e->id);
	json_text(j, "kind", row->token);
	json_text(j, "class", event_class_text(row->class));
	json_text(j, "severity", event_severity_text(row->severity));
	json_text(j, "subject", e->subject);
	json_text(j, "reason", e->reason == Q_GOOD ? NULL : quality_row(e->reason)->token);
	if (e->cause == 0)
		json_null(j, "cause");
	else
		json_uint(j, "cause", e->cause);
	json_text(j, "principal", e->principal[0] != '\0' ? e->principal : NULL);
	json_array(j, "values");
	for (unsigned i = 0; i < e->n_values; i++)
		json_double(j, NULL, e->values[i]);
	json_end(j);
	json_text(j, "note", e->text[0] != '\0' ? e->text : NULL);
	event_text(&text, e, language);
	json_text(j, "text", buf_text(&text));
	buf_done(&text);
	json_text(j, "boot", boot);
	json_int(j, "stamp_ns", e->stamp_ns);
}
