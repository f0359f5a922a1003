/* http_write.c - writes over HTTP
 *
 * A request carries all it needs in write[], each part but the last with a NUL: path, type of content, then the body, or
 * the path of a node and what it becomes.
 */
#include "drivers/http_write.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "drivers/common.h"
#include "drivers/http_json.h"

#define COLLECTION 0x80 /* in request.function, with the method */
#define NUMBER_MAX 32   /* bytes of a number as text */
#define FIXED_MAX 1e15  /* largest number with a set number of digits */
#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

struct room {
	uint8_t *at;
	size_t n, cap;
	bool is_full;
};

/* ---- the value ---- */

static int
number_text(double v, int digits, char out[NUMBER_MAX + 1], struct err *err)
{
	if (!isfinite(v))
		return err_set(err, ERR_CONF, 0, "no number; nothing is written");
	if (digits < 0) {
		text_from_double(out, v);
		return 0;
	}
	if (fabs(v) >= FIXED_MAX)
		return err_set(err, ERR_CONF, 0, "too large for a number with set digits");
	/* A whole number goes up from its half, as in a register: 3 V of 10 V are 1229 of 4095. */
	snprintf(out, NUMBER_MAX + 1, "%.*f", digits, digits == 0 ? round(v) : v);
	if (out[0] == '-' && strspn(out + 1, "0.") == strlen(out + 1)) /* no "-0.00" */
		memmove(out, out + 1, strlen(out));
	return 0;
}

/* What {value} stands for; room: NUMBER_MAX + 1. */
static int
written_text(const struct point *pt, const struct http_key *key, union value v, const char *text,
	char *room, struct run *out, enum http_escape *escape, struct err *err)
{
	double number = value_double((enum value_type)pt->value, v);
	bool is_on = number != 0;

	if (pt->type == HTTP_TEXT) {
		*out = (struct run){ text == NULL ? "" : text, text == NULL ? 0 : strlen(text) };
		return out->n <= VALUE_TEXT_MAX
			       ? 0
			       : err_set(err, ERR_CONF, 0, "a text of more than %d bytes",
					 VALUE_TEXT_MAX);
	}
	if (pt->type == HTTP_BOOL && !isnan(number)) {
		*out = (struct run){ is_on ? "1" : "0", 1 };
		if (key->on.n > 0) {
			*out = is_on ? key->on : key->off;
			*escape = HTTP_ESCAPE_NONE; /* chosen by who knows the place */
		}
		return 0;
	}
	if (number_text(number, key->digits, room, err) < 0)
		return ERR_CONF;
	*out = (struct run){ room, strlen(room) };
	return 0;
}

/* ---- templates ---- */

static void
put(struct room *r, const char *bytes, size_t n)
{
	if (n == 0)
		return;
	if (n > r->cap - r->n) {
		r->is_full = true;
		return;
	}
	memcpy(r->at + r->n, bytes, n);
	r->n += n;
}

static void
put_escaped(struct room *r, struct run value, enum http_escape how)
{
	char text[8];

	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.at[i];
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') || strchr("-._~", c) != NULL;

		if (how == HTTP_ESCAPE_URL && (!is_plain || c == '\0'))
			put(r, text, (size_t)snprintf(text, sizeof(text), "%%%02X", c));
		else if (how == HTTP_ESCAPE_JSON && c < 0x20)
			put(r, text, (size_t)snprintf(text, sizeof(text), "\\u%04X", c));
		else if (how == HTTP_ESCAPE_JSON && (c == '"' || c == '\\'))
			put(r, text, (size_t)snprintf(text, sizeof(text), "\\%c", c));
		else
			put(r, value.at + i, 1);
	}
}

size_t
http_write_url(struct run value, char *out, size_t cap)
{
	struct room room = { (uint8_t *)out, 0, cap, false };

	put_escaped(&room, value, HTTP_ESCAPE_URL);
	return room.n;
}

static void
fill(struct room *r, struct run template, struct run value, enum http_escape how)
{
	const size_t mark = strlen(HTTP_VALUE);

	while (template.n > 0) {
		if (template.n >= mark && memcmp(template.at, HTTP_VALUE, mark) == 0) {
			put_escaped(r, value, how);
			template.at += mark;
			template.n -= mark;
		} else {
			put(r, template.at++, 1);
			template.n--;
		}
	}
}

static bool
is_type(struct run content, const char *type)
{
	return content.n == strlen(type) && strncasecmp(content.at, type, content.n) == 0;
}

enum http_escape
http_write_escape(struct run content)
{
	return content.n == 0 || is_type(content, JSON) ? HTTP_ESCAPE_JSON
	       : is_type(content, FORM)                 ? HTTP_ESCAPE_URL
							: HTTP_ESCAPE_NONE;
}

bool
http_write_takes_text(const char *content)
{
	return content == NULL ||
	       http_write_escape((struct run){ content, strlen(content) }) != HTTP_ESCAPE_NONE;
}

int
http_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	struct request r = { .kind = REQUEST_WRITE, .n = 1, .count = 1 };
	struct room room = { r.write, 0, sizeof(r.write), false };
	enum http_escape in_path = HTTP_ESCAPE_URL, in_body;
	char number[NUMBER_MAX + 1];
	struct http_key key;
	struct run value;

	if (pt->write_key == NULL)
		return err_set(err, ERR_CONF, 0, "the point has no 'write:'");
	http_key_split(pt->write_key, &key);
	in_body = http_write_escape(key.content);
	if (written_text(pt, &key, v, text, number, &value, &in_path, err) < 0)
		return ERR_CONF;
	if (in_path == HTTP_ESCAPE_NONE)
		in_body = HTTP_ESCAPE_NONE;
	fill(&room, key.path, value, in_path);
	put(&room, "", 1);
	if (key.content.n > 0)
		put(&room, key.content.at, key.content.n);
	else
		put(&room, JSON, strlen(JSON));
	put(&room, "", 1);
	if (key.kind == 'c') {
		put(&room, key.selector.at, key.selector.n);
		put(&room, "", 1);
		put(&room, value.at, value.n);
	} else {
		fill(&room, key.body, value, in_body);
	}
	/* Room for any number: what is too long is so for all of them, and told when the bench is compiled. */
	if (room.is_full ||
		(pt->type != HTTP_TEXT &&
			room.n + NUMBER_MAX - MIN(value.n, (size_t)NUMBER_MAX) > sizeof(r.write)))
		return err_set(err, ERR_CONF, 0,
			"path, content and body are longer than %d bytes together with the value",
			CODEC_WRITE_MAX);
	r.function = (uint8_t)(key.method | (key.kind == 'c' ? COLLECTION : 0));
	r.n_write = (uint16_t)room.n;
	*out = r;
	return 0;
}

/* ---- a request taken apart ---- */

static bool
take_part(const char **at, const char *end, const char **out)
{
	const char *nul = memchr(*at, '\0', (size_t)(end - *at));

	if (nul == NULL)
		return false;
	*out = *at;
	*at = nul + 1;
	return true;
}

bool
http_write_split(const struct request *req, struct http_write *out)
{
	const char *at = (const char *)req->write, *end = at + req->n_write, *node = NULL;

	*out = (struct http_write){
		.method = (enum http_method)(req->function & ~COLLECTION),
		.is_collection = (req->function & COLLECTION) != 0,
	};
	if (req->kind != REQUEST_WRITE || !take_part(&at, end, &out->path) ||
		!take_part(&at, end, &out->content))
		return false;
	if (out->is_collection && !take_part(&at, end, &node))
		return false;
	out->body = out->value = (struct run){ at, (size_t)(end - at) };
	if (out->is_collection) {
		out->node = (struct run){ node, strlen(node) };
		out->body = (struct run){ "", 0 };
	}
	return true;
}

/* ---- collections ---- */

static bool
is_word(struct run text)
{
	return (text.n == 4 && memcmp(text.at, "true", 4) == 0) ||
	       (text.n == 5 && memcmp(text.at, "false", 5) == 0);
}

/* A number is put in the place of a number, true or false in that of true or false. */
static bool
fits(enum http_token token, struct run there, struct run value)
{
	if (token == HTTP_TOKEN_WORD)
		return is_word(there) && is_word(value);
	return token == HTTP_TOKEN_NUMBER && value.n > 0 &&
	       (isdigit((unsigned char)value.at[0]) || value.at[0] == '-');
}

int
http_write_change(const struct http_write *w, struct http_page *page, struct vars *vars,
	struct readings *out, struct err *err)
{
	struct run there = { "", 0 };
	enum http_token token = HTTP_TOKEN_MANY;
	struct room room = { vars->scratch, 0, vars->n_scratch, false };
	int n = http_json_find(page, w->node, &token, &there);

	vars->scratch_used = 0;
	if (n < 0)
		return err_set(err, DECODE_BAD, 0, "JSON at byte %zu: %s", page->where, page->why);
	if (n == 0)
		return common_refuse(out, Q_MISSING, REFUSED_ALL, 0, err,
			"the page has no %.*s; nothing is written", (int)w->node.n, w->node.at);
	if (n > 1 || !fits(token, there, w->value))
		return common_refuse(out, Q_WRONG_ANSWER, REFUSED_ALL, 0, err,
			"%.*s is there %d times, or of another type than the value; nothing is "
			"written",
			(int)w->node.n, w->node.at, n);
	put(&room, page->text, (size_t)(there.at - page->text));
	put(&room, w->value.at, w->value.n);
	put(&room, there.at + there.n, page->n - (size_t)(there.at + there.n - page->text));
	if (room.is_full)
		return common_refuse(out, Q_BAD_REQUEST, REFUSED_ALL, 0, err,
			"the page is longer than %d bytes; nothing is written", HTTP_DOCUMENT_MAX);
	vars->scratch_used = room.n;
	return 0;
}
