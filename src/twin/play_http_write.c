/* play_http_write.c - what masters write to a simulated web server
 *
 * A request is compared with the templates of `write:`, of which {value} stands for anything; what stands in its place is the value.
 * Where a whole collection is put, each of its nodes that can be written and says something else than before is set. All of a request is
 * looked at before anything is done.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "twin/play_http.h"

#define BODY_MAX 1024 /* of a body that is compared with a template */

/* What a point becomes. */
struct becomes {
	union value v;
	char text[VALUE_TEXT_MAX + 1];
};

/* ---- values ---- */

static int
hex_digit(char c)
{
	char low = (char)(c | 0x20);

	return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* What stands there without its escapes; false: no text can be that. */
static bool
unescape(struct run in, enum http_escape how, bool is_form, char out[VALUE_TEXT_MAX + 1])
{
	struct http_text text;
	size_t n = 0;

	if (how == HTTP_ESCAPE_JSON) {
		http_json_text(HTTP_TOKEN_NUMBER, in, true, &text);
		memcpy(out, text.text, sizeof(text.text));
		return text.quality == Q_GOOD;
	}
	while (in.n > 0) {
		size_t used = how == HTTP_ESCAPE_URL && in.at[0] == '%' ? 3 : 1;

		if (n == VALUE_TEXT_MAX || used > in.n)
			return false;
		out[n] = is_form && in.at[0] == '+' ? ' ' : in.at[0];
		if (used == 3 && (hex_digit(in.at[1]) < 0 || hex_digit(in.at[2]) < 0))
			return false;
		if (used == 3)
			out[n] = (char)(hex_digit(in.at[1]) << 4 | hex_digit(in.at[2]));
		if (out[n++] == '\0')
			return false;
		in.at += used;
		in.n -= used;
	}
	out[n] = '\0';
	return text_utf8(out, n) == n;
}

/* A word of a truth stands as it is. */
static bool
read_value(const struct point *pt, const struct http_key *key, struct run raw, struct becomes *out)
{
	bool is_plain = key->on.n == 0;
	struct run text = play_run(out->text);

	out->v = (union value){ 0 };
	if (pt->type == HTTP_TEXT)
		return true;
	if (pt->type == HTTP_BOOL) {
		out->v.i = play_same(is_plain ? text : raw, is_plain ? play_run("1") : key->on);
		return out->v.i ||
		       play_same(is_plain ? text : raw, is_plain ? play_run("0") : key->off);
	}
	return text_to_double(out->text, &out->v.f) && isfinite(out->v.f);
}

/* ---- templates ---- */

/* Does `in` fit the template? *hole: what stands for {value}, the same in all places; left as it is where there is none. */
static bool
fits(struct run template, struct run in, struct run *hole)
{
	const struct run mark = play_run(HTTP_VALUE);
	size_t marks = 0, len, at = 0;

	for (size_t i = 0; i + mark.n <= template.n; i++)
		marks += memcmp(template.at + i, mark.at, mark.n) == 0;
	len = template.n - marks * mark.n;
	if (in.n < len || (marks == 0 ? in.n != len : (in.n - len) % marks != 0))
		return false;
	len = marks == 0 ? 0 : (in.n - len) / marks;
	for (size_t i = 0, seen = 0; i < template.n;) {
		if (template.n - i < mark.n || memcmp(template.at + i, mark.at, mark.n) != 0) {
			if (at >= in.n || template.at[i++] != in.at[at++])
				return false;
			continue;
		}
		if (len > in.n - at)
			return false;
		if (seen++ > 0 && !play_same(*hole, (struct run){ in.at + at, len }))
			return false;
		*hole = (struct run){ in.at + at, len };
		at += len;
		i += mark.n;
	}
	return at == in.n;
}

/* JSON without the blanks between its parts. */
static struct run
without_blanks(struct run in, char out[BODY_MAX])
{
	bool is_text = false;
	size_t n = 0;

	for (size_t i = 0; i < in.n && n < BODY_MAX; i++) {
		char c = in.at[i];

		if (!is_text && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
			continue;
		if (c == '"')
			is_text = !is_text;
		out[n++] = c;
		if (is_text && c == '\\' && i + 1 < in.n && n < BODY_MAX)
			out[n++] = in.at[++i];
	}
	return (struct run){ out, n };
}

static bool
is_json(struct run text)
{
	struct http_page page = { .text = text.at, .n = text.n, .is_utf8 = true };
	enum http_token token;
	struct run raw;

	return http_json_find(&page, play_run("x"), &token, &raw) >= 0;
}

static bool
is_method(struct run method, enum http_method which)
{
	static const char *const names[] = { "PUT", "POST", "GET" };

	return play_same(method, play_run(names[which]));
}

static struct run
page_of(const struct play_device *dev, const struct http_key *key)
{
	return key->path.n > 0 ? key->path : play_run(dev->ins.opts.text[HTTP_OPT_PATH]);
}

/* One point, by its template; *out: what it becomes. */
static enum play_verdict
write_one(const struct play_device *dev, const struct point *pt, const struct play_ask *ask,
	struct becomes *out, unsigned *out_code)
{
	char compact[2][BODY_MAX];
	struct run in_path = { NULL, 0 }, in_body = { NULL, 0 }, body, template;
	enum http_escape how;
	struct http_key key;

	http_key_split(pt->write_key, &key);
	if (key.kind != 'w' || !fits(page_of(dev, &key), ask->path, &in_path))
		return PLAY_NO_WRITE;
	if (!is_method(ask->method, key.method))
		return PLAY_WRONG_METHOD;
	how = http_write_escape(key.content);
	body = ask->body;
	template = key.body;
	if (template.n > 0 && how == HTTP_ESCAPE_JSON) {
		*out_code = PLAY_CODE_NO_JSON;
		if (!is_json(body))
			return PLAY_BAD_WRITE;
		body = without_blanks(body, compact[0]);
		template = without_blanks(template, compact[1]);
	}
	*out_code = PLAY_CODE_VALUE;
	if (template.n > 0 && !fits(template, body, &in_body))
		return PLAY_BAD_WRITE;
	if (in_path.at != NULL && !unescape(in_path, HTTP_ESCAPE_URL, false, out->text))
		return PLAY_BAD_WRITE;
	if (in_path.at == NULL && !unescape(in_body, how, how == HTTP_ESCAPE_URL, out->text))
		return PLAY_BAD_WRITE;
	return read_value(pt, &key, in_path.at != NULL ? in_path : in_body, out) ? PLAY_WRITTEN
										 : PLAY_BAD_WRITE;
}

/* Two points may be written by the same request. */
static enum play_verdict
write_template(struct play_device *head, const struct play_ask *ask, unsigned *out_code)
{
	enum play_verdict all = PLAY_NO_WRITE;
	struct becomes to = { .text = "" };
	unsigned code = 0;

	for (struct play_device *dev = head; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_all; i++) {
			enum play_verdict one;

			if (dev->pts[i].pt.write_key == NULL)
				continue;
			one = write_one(dev, &dev->pts[i].pt, ask, &to, &code);
			if (one == PLAY_WRITTEN && !ask->is_refused)
				play_write(dev, i, to.v, to.text);
			if (one > all)
				*out_code = code;
			all = MAX(all, one);
		}
	return all;
}

/* ---- collections ---- */

/* Is this page put as a whole? */
static enum play_verdict
is_collection(const struct play_device *dev, const struct play_ask *ask)
{
	enum play_verdict all = PLAY_NO_WRITE;
	struct http_key key;

	for (; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_pts; i++) {
			if (dev->pts[i].pt.write_key == NULL)
				continue;
			http_key_split(dev->pts[i].pt.write_key, &key);
			if (key.kind != 'c' || !play_same(page_of(dev, &key), ask->path))
				continue;
			if (is_method(ask->method, key.method))
				return PLAY_WRITTEN;
			all = PLAY_WRONG_METHOD;
		}
	return all;
}

/* A path up to its last element of an array: which channel it is; the array's name, and the channel's number there. */
struct channel {
	struct run path, array;
	double number;
	uint32_t place; /* where it stands in what was sent */
};

static bool
channel_of(struct run path, struct channel *out)
{
	struct run left = path;
	struct http_json_want want;
	size_t before = 0;

	*out = (struct channel){ .number = (double)NAN };
	for (bool is_first = true; http_json_want(&left, is_first, &want) > 0; is_first = false) {
		size_t used = path.n - left.n;
		char number[40];

		if (want.kind != HTTP_WANT_MEMBER) {
			out->path = (struct run){ path.at, used };
			out->array = (struct run){ path.at, before };
			out->number = (double)NAN;
		}
		if (want.kind == HTTP_WANT_WHERE && !want.is_text &&
			want.value.n < sizeof(number)) {
			snprintf(number, sizeof(number), "%.*s", (int)want.value.n, want.value.at);
			if (!text_to_double(number, &out->number))
				out->number = (double)NAN;
		}
		before = used;
	}
	return out->path.n > 0;
}

struct search {
	struct channel *channel;
	bool is_found;
};

static void
channel_found(void *ctx, const struct http_json_place *place, enum http_token token, struct run raw)
{
	struct search *s = ctx;

	if (!http_json_is_at(place, s->channel->path))
		return;
	s->is_found = true;
	s->channel->place = place->step[place->n - 1].index;
}

/* What is wrong with the document for this node; 0: nothing. *last: the channel of the node before. */
static unsigned
check_node(const struct play_node *node, struct http_page *page, struct channel *last)
{
	struct channel channel;
	struct search s = { .channel = &channel };
	enum http_token token;
	struct run raw;

	if (channel_of(node->path, &channel)) {
		http_json_walk(page, channel_found, &s);
		if (!s.is_found)
			return PLAY_CODE_CHANNEL;
		if (play_same(channel.array, last->array) &&
			((channel.number > last->number && channel.place < last->place) ||
				(channel.number < last->number && channel.place > last->place)))
			return PLAY_CODE_ORDER;
		*last = channel;
	}
	return http_json_find(page, node->path, &token, &raw) == 1 ? 0 : PLAY_CODE_NODE;
}

/* What the node becomes; false: no value of its type. *differs: it is another one than now. */
static bool
read_node(const struct play_node *node, struct http_page *page, struct becomes *out, bool *differs)
{
	const struct point *pt = &node->dev->pts[node->i].pt;
	char now[VALUE_TEXT_MAX + 1];
	enum http_token token;
	struct http_key key;
	struct http_text text;
	struct run raw;
	bool is_string = play_node_text(node, now);

	if (http_json_find(page, node->path, &token, &raw) != 1 || token == HTTP_TOKEN_MANY)
		return false;
	http_json_text(token, raw, true, &text);
	if (text.quality != Q_GOOD || is_string != (token == HTTP_TOKEN_STRING))
		return false;
	memcpy(out->text, text.text, sizeof(text.text));
	*differs = strcmp(now, out->text) != 0;
	if (!*differs)
		return true;
	http_key_split(node->key, &key);
	if (pt->type == HTTP_BOOL && key.on.n == 0 && token == HTTP_TOKEN_WORD)
		text_copy(out->text, sizeof(out->text),
			strcmp(out->text, "true") == 0    ? "1"
			: strcmp(out->text, "false") == 0 ? "0"
							  : "");
	return pt->type != HTTP_HEX_FLOAT && read_value(pt, &key, play_run(out->text), out);
}

static bool
is_settable(const struct play_node *node)
{
	return node->fixed == NULL && node->dev->pts[node->i].pt.write_key != NULL;
}

static enum play_verdict
put_collection(const struct play_device *dev, const struct play_ask *ask, unsigned *out_code)
{
	struct http_page page = { .text = ask->body.at, .n = ask->body.n, .is_utf8 = true };
	struct channel last = { .number = (double)NAN };
	struct play_nodes nodes;
	struct becomes to;
	bool differs;

	*out_code = PLAY_CODE_NO_JSON;
	if (!is_json(ask->body))
		return PLAY_BAD_WRITE;
	play_gather(dev, ask->path, &nodes);
	for (size_t i = 0; i < nodes.n; i++) {
		*out_code = check_node(&nodes.node[i], &page, &last);
		if (*out_code != 0)
			return PLAY_BAD_WRITE;
	}
	*out_code = PLAY_CODE_VALUE;
	for (size_t i = 0; i < nodes.n; i++)
		if (is_settable(&nodes.node[i]) && !read_node(&nodes.node[i], &page, &to, &differs))
			return PLAY_BAD_WRITE;
	for (size_t i = 0; i < nodes.n && !dev->is_deaf && !ask->is_refused; i++) {
		const struct play_node *node = &nodes.node[i];

		if (is_settable(node) && read_node(node, &page, &to, &differs) && differs)
			play_write(node->dev, node->i, to.v, to.text);
	}
	return PLAY_WRITTEN;
}

enum play_verdict
play_http_write(struct play_device *dev, const struct play_ask *ask, unsigned *out_code)
{
	enum play_verdict collection = is_collection(dev, ask), one;

	if (collection == PLAY_WRITTEN)
		return put_collection(dev, ask, out_code);
	one = write_template(dev, ask, out_code);
	return MAX(collection, one);
}
