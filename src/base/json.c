/* json.c - JSON written straight into a buffer */
#include "base/json.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

void
json_open(struct json *j, struct buf *out)
{
	*j = (struct json){ .out = out };
}

static void
put_string(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const char *start = text;

	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(out, start, (size_t)(text - start));
		start = text + 1;
		if (c == '"' || c == '\\') {
			char two[2] = { '\\', (char)c };
			buf_put(out, two, 2);
		} else if (c == '\n') {
			buf_put(out, "\\n", 2);
		} else {
			char six[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
			buf_put(out, six, 6);
		}
	}
	buf_put(out, start, (size_t)(text - start));
	buf_putc(out, '"');
}

/* Comma and key before a value. */
static void
lead(struct json *j, const char *key)
{
	if (j->has_member[j->depth])
		buf_putc(j->out, ',');
	j->has_member[j->depth] = true;
	if (key != NULL) {
		put_string(j->out, key);
		buf_putc(j->out, ':');
	}
}

static void
begin(struct json *j, const char *key, char opening, char closing)
{
	assert(j->depth < JSON_DEPTH_MAX);
	lead(j, key);
	buf_putc(j->out, opening);
	j->close[j->depth++] = closing;
	j->has_member[j->depth] = false;
}

void
json_object(struct json *j, const char *key)
{
	begin(j, key, '{', '}');
}

void
json_array(struct json *j, const char *key)
{
	begin(j, key, '[', ']');
}

void
json_end(struct json *j)
{
	assert(j->depth > 0);
	buf_putc(j->out, j->close[--j->depth]);
}

void
json_raw(struct json *j, const char *key, const char *text)
{
	lead(j, key);
	buf_puts(j->out, text);
}

void
json_text(struct json *j, const char *key, const char *text)
{
	lead(j, key);
	if (text == NULL)
		buf_puts(j->out, "null");
	else
		put_string(j->out, text);
}

void
json_bool(struct json *j, const char *key, bool v)
{
	json_raw(j, key, v ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	json_raw(j, key, "null");
}

void
json_int(struct json *j, const char *key, int64_t v)
{
	lead(j, key);
	buf_printf(j->out, "%lld", (long long)v);
}

void
json_uint(struct json *j, const char *key, uint64_t v)
{
	lead(j, key);
	buf_printf(j->out, "%llu", (unsigned long long)v);
}

void
json_double(struct json *j, const char *key, double v)
{
	lead(j, key);
	j->out->n += text_from_double(buf_room(j->out, 32), v);
}

void
json_float(struct json *j, const char *key, float v)
{
	lead(j, key);
	j->out->n += text_from_float(buf_room(j->out, 32), v);
}
