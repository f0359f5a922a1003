/* push_body.c - the bodies of webhooks */
#include "alert/push_body.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "alert/clean.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#define TEXT_MAX 8000 /* bytes of the text in a body */

enum field {
	FIELD_ALARM,
	FIELD_BENCH,
	FIELD_EVENT,
	FIELD_ID,
	FIELD_LANGUAGE,
	FIELD_LIMIT,
	FIELD_NOTICE,
	FIELD_PAGE,
	FIELD_PRIORITY,
	FIELD_SEQ,
	FIELD_SITE,
	FIELD_SUBJECT,
	FIELD_TEXT,
	FIELD_TIME,
	FIELD_UNIT,
	FIELD_VALUE,
	FIELDS
};

static const char *const names[FIELDS] = { "alarm", "bench", "event", "id", "language", "limit",
	"notice", "page", "priority", "seq", "site", "subject", "text", "time", "unit", "value" };

const char *
push_priority_word(unsigned priority)
{
	static const char *const words[] = { "low", "medium", "high", "critical" };

	return words[MIN(priority, (unsigned)NELEM(words) - 1)];
}

const char *
push_what_word(unsigned what)
{
	static const char *const words[ALERT_WHATS] = { "raised", "cleared", "acked", "reminder",
		"test" };

	return what < ALERT_WHATS ? words[what] : "raised";
}

void
push_body_key(struct buf *out, const struct alert_message *m)
{
	size_t from = out->n;

	clean_line(out, m->bench);
	/* It goes into a head, too: plain characters. */
	for (size_t i = from; i < out->n; i++)
		if (out->data[i] <= ' ' || out->data[i] >= 0x7F || strchr("\",;\\", out->data[i]))
			out->data[i] = '-';
	buf_printf(out, "-%" PRIu64 "-%" PRIu64, m->notice, m->id);
}

/* Appends the value; true when it is JSON by itself, false for a text. */
static bool
put_field(struct buf *out, enum field field, const struct alert_message *m)
{
	char time[CLOCK_TEXT_SIZE];
	size_t from = out->n;

	switch (field) {
	case FIELD_ALARM:
		clean_line(out, m->alarm);
		return false;
	case FIELD_BENCH:
	case FIELD_SITE:
		clean_line(out, m->bench);
		return false;
	case FIELD_EVENT:
		buf_puts(out, push_what_word(m->what));
		return false;
	case FIELD_ID:
		push_body_key(out, m);
		return false;
	case FIELD_LANGUAGE:
		buf_puts(out, m->language == LANGUAGE_FR ? "fr" : "en");
		return false;
	case FIELD_LIMIT:
	case FIELD_VALUE:
		out->n += text_from_double(buf_room(out, 32), field == FIELD_VALUE ? m->value
							      : m->has_limit       ? m->limit
										   : (double)NAN);
		return true;
	case FIELD_NOTICE:
		buf_printf(out, "%" PRIu64, m->notice);
		return false; /* a text: it may be larger than what JSON's readers keep exact */
	case FIELD_PAGE:
		clean_line(out, m->page);
		return false;
	case FIELD_PRIORITY:
		buf_puts(out, push_priority_word(m->priority));
		return false;
	case FIELD_SEQ:
		buf_printf(out, "%" PRIu64, m->id);
		return true;
	case FIELD_SUBJECT:
		clean_line(out, m->subject);
		return false;
	case FIELD_TEXT:
		clean_text(out, m->text);
		clean_cut(out, from, TEXT_MAX, CLEAN_BYTES);
		return false;
	case FIELD_TIME:
		clock_text(time, m->wall_ns);
		buf_puts(out, time);
		return false;
	case FIELD_UNIT:
		clean_line(out, m->unit);
		return false;
	case FIELDS:
		break;
	}
	return false;
}

void
push_body_usual(struct buf *out, const struct alert_message *m)
{
	static const enum field order[] = { FIELD_ID, FIELD_EVENT, FIELD_ALARM, FIELD_PRIORITY,
		FIELD_VALUE, FIELD_LIMIT, FIELD_UNIT, FIELD_TIME, FIELD_SITE, FIELD_SEQ,
		FIELD_NOTICE, FIELD_SUBJECT, FIELD_TEXT, FIELD_PAGE };
	struct buf value = { 0 };
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	for (size_t i = 0; i < NELEM(order); i++) {
		bool is_json;

		buf_clear(&value);
		is_json = put_field(&value, order[i], m);
		if (is_json)
			json_raw(&j, names[order[i]], buf_text(&value));
		else
			json_text(&j, names[order[i]], buf_text(&value));
	}
	json_end(&j);
	buf_done(&value);
}

/* The length of a placeholder at `at`, with its braces; 0 when none is there. */
static size_t
placeholder(const char *at)
{
	size_t n;

	if (at[0] != '{')
		return 0;
	n = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");
	return n > 0 && at[1 + n] == '}' ? n + 2 : 0;
}

static enum field
field_of(const char *at, size_t n)
{
	for (int i = 0; i < FIELDS; i++)
		if (strlen(names[i]) == n - 2 && memcmp(names[i], at + 1, n - 2) == 0)
			return (enum field)i;
	return FIELDS;
}

/* A text with the escapes of JSON, without its quotation marks. */
static void
put_escaped(struct buf *out, const char *text)
{
	struct buf quoted = { 0 };
	struct json j;

	json_open(&j, &quoted);
	json_text(&j, NULL, text);
	buf_put(out, quoted.data + 1, quoted.n - 2);
	buf_done(&quoted);
}

void
push_body_template(struct buf *out, const char *template, const struct alert_message *m)
{
	struct buf value = { 0 };

	while (*template != '\0') {
		size_t n = placeholder(template);
		enum field field = n > 0 ? field_of(template, n) : FIELDS;

		if (field == FIELDS) {
			buf_putc(out, *template ++);
			continue;
		}
		buf_clear(&value);
		if (put_field(&value, field, m))
			buf_puts(out, buf_text(&value));
		else
			put_escaped(out, buf_text(&value));
		template += n;
	}
	buf_done(&value);
}

int
push_template_check(const char *template, struct err *err)
{
	for (; *template != '\0'; template ++) {
		size_t n = placeholder(template);

		if (n > 0 && field_of(template, n) == FIELDS)
			return err_set(err, ERR_CONF, 0,
				"%.*s stands for nothing; known are {alarm} {bench} {event} {id} "
				"{language} {limit} {notice} {page} {priority} {seq} {subject} "
				"{text} {time} {unit} {value}",
				(int)MIN(n, (size_t)30), template);
	}
	return 0;
}
