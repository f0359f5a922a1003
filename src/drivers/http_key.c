/* http_key.c - the options of the codec `http`, and the key that is made of a point's
 *
 * All texts are looked at here, once: none holds a control character, so none can end a line of a request or a field of a key.
 */
#include "drivers/http_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "drivers/http_auth.h"
#include "drivers/http_element.h"
#include "drivers/http_json.h"
#include "drivers/http_write.h"

#define US '\x1F'
#define FIELDS 5 /* behind the first; a key that was read has three of them */
#define SELECTOR_MAX 200
#define WORD_MAX 100 /* of a header field */

static const char *const word_types[] = { "number", "text", "bool", "hex_float", NULL };
static const char *const word_methods[] = { "PUT", "POST", "GET", NULL };

const struct opt http_opts[] = {
	{ "host", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"name for the Host line, where the server serves several; default bench" },
	{ "path", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"page on the server, such as /service/method, for points without their own" },
	{ "accept", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"what the Accept line says, for a server that needs one: vdn.dac.v1" },
	{ "body", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"what is sent to get a page: then by POST and not by GET" },
	{ "content", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"with 'body': its type for the Content-Type line; default application/json" },
	{ "ok_json", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"path of a JSON member that tells in each answer whether it is one; with 'ok_is'" },
	{ "ok_is", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"what it says then; any other answer is a refusal" },
	{ "user", OPT_TEXT, 0, 0, NULL, OPT_ABSENT, "name for Basic authentication" },
	{ "password", OPT_SECRET, 0, 0, NULL, 0, "the password that goes with it" },
	{ "key", OPT_SECRET, 0, 0, NULL, 0, "a key that goes with each request" },
	{ "key_query", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"what the key is called in the query of each page, whose first member it is" },
	{ "key_header", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"the line of the head with the key: X-Api-Key, or \"Authorization: Bearer\"" },
	{ 0 },
};

const struct opt http_point_opts[] = {
	{ "terminal", OPT_TEXT, 0, 0, NULL, OPT_ABSENT, "name of a LabVIEW terminal" },
	{ "json", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"path in a JSON page: 'io.ai[2].aiValueScaled', 'io.ai[aiIndex=2].aiValueScaled', "
		"'[\"a b\"]'" },
	{ "xml", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"path in an XML page: 'response/led0', 'PollResponse/V[@Name=\"EVID_0\"]'" },
	{ "type", OPT_CHOICE, 0, 0, word_types, HTTP_NUMBER, "how its value is to be read" },
	{ "path", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"page on the server; default the instrument's. In 'write' it may hold {value}" },
	{ "on", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"with type bool: the word that stands for true, such as up" },
	{ "off", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"with type bool: the word that stands for false, such as dn" },
	{ "quoted", OPT_BOOL, 0, 0, NULL, 0, "with 'json': the number stands in quotes" },
	{ "method", OPT_CHOICE, 0, 0, word_methods, OPT_ABSENT,
		"in 'write'; default PUT with a body or a collection, else GET" },
	{ "body", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"in 'write': what is sent, with {value} in the place of the value" },
	{ "content", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"in 'write': type of the body for the Content-Type line; default "
		"application/json" },
	{ "collection", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"in 'write': JSON path of a node; the page is read, changed there and put back" },
	{ "digits", OPT_INT, 0, 9, NULL, OPT_ABSENT,
		"in 'write': digits behind the point; default as many as the number needs" },
	{ 0 },
};

/* ---- texts ---- */

/* Printed characters without a blank: nothing that could end a line of the request. */
static bool
is_word(const char *text, size_t most)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7F)
			return false;
	return n > 0 && n <= most;
}

/* UTF-8 without control characters. */
static bool
is_plain(const char *text, size_t most)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
			return false;
	return n > 0 && n <= most;
}

/* For a line of the head: printed ASCII, blanks inside. */
static bool
is_field(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] >= 0x7F)
			return false;
	return n > 0 && n <= WORD_MAX && text[0] != ' ' && text[n - 1] != ' ';
}

static int
check_path(const char *path, size_t most, int opt, struct err *err)
{
	if (path == NULL || (path[0] == '/' && is_word(path, most)))
		return 0;
	return err_set(err, ERR_CONF, opt,
		"a path begins with / and has at most %zu characters without blanks or "
		"accents; write %%20 for a blank",
		most);
}

static int
check_field(const char *text, int opt, struct err *err)
{
	if (text == NULL || is_field(text))
		return 0;
	return err_set(err, ERR_CONF, opt,
		"no text for a line of the head; write 1 to %d printed characters without "
		"accents",
		WORD_MAX);
}

static int
check_json(const char *path, int opt, struct err *err)
{
	const char *why = path == NULL                    ? NULL
			  : !is_plain(path, SELECTOR_MAX) ? "empty, too long, or no text"
							  : http_json_path(path);

	if (why == NULL)
		return 0;
	return err_set(err, ERR_CONF, opt,
		"no path in a JSON page (%s); write members and places such as "
		"io.ai[2].aiValueScaled, odd names as [\"a b\"]",
		why);
}

/* ---- the instrument ---- */

int
http_check(const struct instrument *ins, struct err *err)
{
	const char *const *text = ins->opts.text;

	if (text[HTTP_OPT_HOST] != NULL && !is_word(text[HTTP_OPT_HOST], HTTP_HOST_MAX))
		return err_set(err, ERR_CONF, HTTP_OPT_HOST,
			"a host is a name of at most %d characters without blanks", HTTP_HOST_MAX);
	if (check_path(text[HTTP_OPT_PATH], HTTP_PATH_MAX, HTTP_OPT_PATH, err) < 0 ||
		check_field(text[HTTP_OPT_ACCEPT], HTTP_OPT_ACCEPT, err) < 0 ||
		check_field(text[HTTP_OPT_CONTENT], HTTP_OPT_CONTENT, err) < 0)
		return ERR_CONF;
	if (text[HTTP_OPT_PATH] != NULL && strstr(text[HTTP_OPT_PATH], HTTP_VALUE) != NULL)
		return err_set(err, ERR_CONF, HTTP_OPT_PATH, "%s belongs to the path of a 'write:'",
			HTTP_VALUE);
	if (text[HTTP_OPT_BODY] != NULL && !is_plain(text[HTTP_OPT_BODY], HTTP_BODY_MAX))
		return err_set(err, ERR_CONF, HTTP_OPT_BODY,
			"a body has 1 to %d bytes without control characters", HTTP_BODY_MAX);
	if (text[HTTP_OPT_CONTENT] != NULL && text[HTTP_OPT_BODY] == NULL)
		return err_set(err, ERR_CONF, HTTP_OPT_CONTENT,
			"there is no 'body' that it could be the type of; remove it");
	if ((text[HTTP_OPT_OK_JSON] == NULL) != (text[HTTP_OPT_OK_IS] == NULL))
		return err_set(err, ERR_CONF,
			text[HTTP_OPT_OK_JSON] == NULL ? HTTP_OPT_OK_IS : HTTP_OPT_OK_JSON,
			"'ok_json' and 'ok_is' go together; write which member, and what it says");
	if (text[HTTP_OPT_OK_IS] != NULL && !is_plain(text[HTTP_OPT_OK_IS], VALUE_TEXT_MAX))
		return err_set(
			err, ERR_CONF, HTTP_OPT_OK_IS, "a word of 1 to %d bytes", VALUE_TEXT_MAX);
	if (http_auth_check(ins, err) < 0)
		return ERR_CONF;
	return check_json(text[HTTP_OPT_OK_JSON], HTTP_OPT_OK_JSON, err);
}

/* ---- points ---- */

/* The option among some that is there although it may not be; -1: none. */
static int
first_of(const struct optvals *v, const int *some, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_there = http_point_opts[some[i]].type == OPT_TEXT ? v->text[some[i]] != NULL
				: http_point_opts[some[i]].type == OPT_BOOL
					? v->num[some[i]] != 0
					: v->num[some[i]] != OPT_ABSENT;

		if (is_there)
			return some[i];
	}
	return -1;
}

static int
check_place(const struct instrument *ins, const struct optvals *v, struct err *err)
{
	static const int for_write[] = { HTTP_PT_METHOD, HTTP_PT_BODY, HTTP_PT_CONTENT,
		HTTP_PT_COLLECTION, HTTP_PT_DIGITS };
	static const int for_read[] = { HTTP_PT_TERMINAL, HTTP_PT_JSON, HTTP_PT_XML,
		HTTP_PT_QUOTED };
	int odd = v->is_write ? first_of(v, for_read, NELEM(for_read))
			      : first_of(v, for_write, NELEM(for_write));

	if (odd >= 0)
		return err_set(err, ERR_CONF, odd, "'%s' belongs to '%s:'; remove it here",
			http_point_opts[odd].name, v->is_write ? "read" : "write");
	if (check_path(v->text[HTTP_PT_PATH], HTTP_POINT_PATH_MAX, HTTP_PT_PATH, err) < 0)
		return ERR_CONF;
	if (!v->is_write && v->text[HTTP_PT_PATH] != NULL &&
		strstr(v->text[HTTP_PT_PATH], HTTP_VALUE) != NULL)
		return err_set(err, ERR_CONF, HTTP_PT_PATH, "%s belongs to the path of a 'write:'",
			HTTP_VALUE);
	if (v->text[HTTP_PT_PATH] == NULL && ins->opts.text[HTTP_OPT_PATH] == NULL)
		return err_set(err, ERR_CONF, -1,
			"it has no page; write 'path: /...' here, or at the instrument for all");
	return 0;
}

static int
check_words(const struct optvals *v, struct err *err)
{
	const char *on = v->text[HTTP_PT_ON], *off = v->text[HTTP_PT_OFF];

	if (on == NULL && off == NULL)
		return 0;
	if (on == NULL || off == NULL)
		return err_set(err, ERR_CONF, on == NULL ? HTTP_PT_OFF : HTTP_PT_ON,
			"what is no 'on' must not be taken for 'off'; write both words");
	if (v->num[HTTP_PT_TYPE] != HTTP_BOOL)
		return err_set(err, ERR_CONF, HTTP_PT_ON,
			"'on' and 'off' are words of a truth; add 'type: bool'");
	if (!is_plain(on, VALUE_TEXT_MAX) || !is_plain(off, VALUE_TEXT_MAX) || strcmp(on, off) == 0)
		return err_set(err, ERR_CONF, HTTP_PT_ON,
			"'on' and 'off' are two different words of 1 to %d bytes", VALUE_TEXT_MAX);
	return 0;
}

static int
check_selector(const struct optvals *v, char *out_kind, const char **out, struct err *err)
{
	static const char kinds[] = { HTTP_TERMINAL, HTTP_JSON, HTTP_XML };
	const char *why;
	int which = -1;

	for (int i = HTTP_PT_TERMINAL; i <= HTTP_PT_XML; i++) {
		if (v->text[i] == NULL)
			continue;
		if (which >= 0)
			return err_set(err, ERR_CONF, i,
				"two places for one value; write one of 'terminal', 'json' and "
				"'xml'");
		which = i;
	}
	if (which < 0)
		return err_set(err, ERR_CONF, -1,
			"it says nothing of the page; write 'terminal: NAME', 'json: PATH' or "
			"'xml: PATH'");
	*out_kind = kinds[which];
	*out = v->text[which];
	if (v->num[HTTP_PT_QUOTED] != 0 &&
		(which != HTTP_PT_JSON || v->num[HTTP_PT_TYPE] == HTTP_TEXT))
		return err_set(err, ERR_CONF, HTTP_PT_QUOTED,
			"only numbers and truths of a JSON page may be quoted; remove it");
	if (which == HTTP_PT_JSON)
		return check_json(*out, which, err);
	if (which == HTTP_PT_TERMINAL)
		return is_plain(*out, VALUE_TEXT_MAX)
			       ? 0
			       : err_set(err, ERR_CONF, which,
					 "a terminal's name has 1 to %d bytes", VALUE_TEXT_MAX);
	why = is_plain(*out, SELECTOR_MAX) ? http_element_path(*out)
					   : "empty, too long, or no text";
	if (why != NULL)
		return err_set(err, ERR_CONF, which,
			"no path in an XML page (%s); write elements such as response/led0 or "
			"PollResponse/V[@Name=\"EVID_0\"]",
			why);
	return 0;
}

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static const char *
own_path(const struct instrument *ins, const struct optvals *v)
{
	const char *path = or_empty(v->text[HTTP_PT_PATH]);

	return strcmp(path, or_empty(ins->opts.text[HTTP_OPT_PATH])) == 0 ? "" : path;
}

static int
make_read(const struct instrument *ins, const struct optvals *v, struct err *err)
{
	const char *selector = NULL;
	char kind = 0;
	int n;

	if (check_selector(v, &kind, &selector, err) < 0)
		return ERR_CONF;
	n = snprintf(v->room, CODEC_KEY_MAX, "%c%c%s%c%s%c%s%c%s", kind,
		v->num[HTTP_PT_QUOTED] != 0 ? 'q' : '-', selector, US, own_path(ins, v), US,
		or_empty(v->text[HTTP_PT_ON]), US, or_empty(v->text[HTTP_PT_OFF]));
	return n > 0 && n < CODEC_KEY_MAX
		       ? 0
		       : err_set(err, ERR_CONF, -1, "these texts are too long together");
}

static int
check_body(const struct instrument *ins, const struct optvals *v, int64_t method, struct err *err)
{
	const char *body = v->text[HTTP_PT_BODY], *node = v->text[HTTP_PT_COLLECTION];
	const char *path = or_empty(v->text[HTTP_PT_PATH]);
	const char *content = v->text[HTTP_PT_CONTENT];

	if (body != NULL && node != NULL)
		return err_set(err, ERR_CONF, HTTP_PT_BODY,
			"the body of a collection is what was read; remove one of the two");
	if (method == HTTP_GET && (body != NULL || node != NULL))
		return err_set(err, ERR_CONF, HTTP_PT_METHOD,
			"GET sends nothing but the path; write PUT or POST");
	if (content != NULL && (body == NULL && node == NULL))
		return err_set(err, ERR_CONF, HTTP_PT_CONTENT,
			"there is no body that it could be the type of; remove it");
	if (check_field(content, HTTP_PT_CONTENT, err) < 0)
		return ERR_CONF;
	if (body != NULL && !is_plain(body, HTTP_TEMPLATE_MAX))
		return err_set(err, ERR_CONF, HTTP_PT_BODY,
			"a body has 1 to %d bytes without control characters", HTTP_TEMPLATE_MAX);
	if (node != NULL && strstr(path, HTTP_VALUE) != NULL)
		return err_set(err, ERR_CONF, HTTP_PT_PATH,
			"the page of a collection is one for all values; remove {value}");
	if (node == NULL && strstr(path, HTTP_VALUE) == NULL &&
		(body == NULL || strstr(body, HTTP_VALUE) == NULL))
		return err_set(err, ERR_CONF, body != NULL ? HTTP_PT_BODY : HTTP_PT_PATH,
			"the value goes nowhere; put {value} into 'path' or 'body'");
	return check_json(node, HTTP_PT_COLLECTION, err);
}

/* What is put in must not end where it is put: words stand as they are written, texts are escaped. */
static int
check_written(const struct optvals *v, const char *body, struct err *err)
{
	const char *on = v->text[HTTP_PT_ON], *path = or_empty(v->text[HTTP_PT_PATH]);

	if (on != NULL && strstr(path, HTTP_VALUE) != NULL &&
		(!is_word(on, VALUE_TEXT_MAX) || !is_word(v->text[HTTP_PT_OFF], VALUE_TEXT_MAX)))
		return err_set(err, ERR_CONF, HTTP_PT_ON,
			"words that go into a path have no blanks and no accents");
	if (v->num[HTTP_PT_TYPE] == HTTP_TEXT && body != NULL &&
		!http_write_takes_text(v->text[HTTP_PT_CONTENT]))
		return err_set(err, ERR_CONF, HTTP_PT_CONTENT,
			"a text can be put into application/json or "
			"application/x-www-form-urlencoded");
	return 0;
}

static int
make_write(const struct instrument *ins, const struct optvals *v, struct err *err)
{
	const char *node = v->text[HTTP_PT_COLLECTION], *body = v->text[HTTP_PT_BODY];
	int64_t method = v->num[HTTP_PT_METHOD], type = v->num[HTTP_PT_TYPE];
	bool has_digits = v->num[HTTP_PT_DIGITS] != OPT_ABSENT;
	char digits[24] = "";
	int n;

	if (method == OPT_ABSENT)
		method = node != NULL || body != NULL ? HTTP_PUT : HTTP_GET;
	if (has_digits && type != HTTP_NUMBER && type != HTTP_HEX_FLOAT)
		return err_set(
			err, ERR_CONF, HTTP_PT_DIGITS, "only a number has digits; remove it");
	if (node != NULL && type == HTTP_TEXT)
		return err_set(err, ERR_CONF, HTTP_PT_COLLECTION,
			"in a collection a number or a truth can be changed, no text");
	if (check_body(ins, v, method, err) < 0)
		return ERR_CONF;
	if (check_written(v, body, err) < 0)
		return ERR_CONF;
	if (has_digits)
		snprintf(digits, sizeof(digits), "%d", (int)v->num[HTTP_PT_DIGITS]);
	n = snprintf(v->room, CODEC_KEY_MAX, "%c%c%c%s%c%s%c%s%c%s%c%s%c%s",
		node != NULL ? 'c' : 'w', (char)('0' + method), US, own_path(ins, v), US,
		or_empty(v->text[HTTP_PT_ON]), US, or_empty(v->text[HTTP_PT_OFF]), US,
		or_empty(v->text[HTTP_PT_CONTENT]), US, node != NULL ? node : or_empty(body), US,
		digits);
	return n > 0 && n < CODEC_KEY_MAX
		       ? 0
		       : err_set(err, ERR_CONF, -1, "these texts are too long together");
}

int
http_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	static const uint8_t values[] = { VALUE_FLOAT, VALUE_TEXT, VALUE_BOOL, VALUE_FLOAT };
	const char *path;

	if (check_place(ins, v, err) < 0 || check_words(v, err) < 0)
		return ERR_CONF;
	if ((v->is_write ? make_write : make_read)(ins, v, err) < 0)
		return ERR_CONF;
	path = own_path(ins, v);
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.type = (uint16_t)v->num[HTTP_PT_TYPE],
		.address = path[0] == '\0' ? 0 : (uint32_t)text_hash(path, strlen(path)),
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.value = values[v->num[HTTP_PT_TYPE]],
		.write_space = -1,
		.key = v->room,
	};
	return 0;
}

/* ---- a key taken apart ---- */

void
http_key_split(const char *key, struct http_key *out)
{
	struct run field[FIELDS + 1] = { { "", 0 } };

	*out = (struct http_key){ .kind = key[0], .digits = -1 };
	for (size_t i = 0; i < NELEM(field); i++)
		field[i] = (struct run){ "", 0 };
	if (key[0] == '\0' || key[1] == '\0')
		return;
	out->is_quoted = key[1] == 'q';
	out->method = (enum http_method)(key[1] - '0');
	key += 2;
	for (size_t i = 0; i < NELEM(field); i++) {
		field[i] = (struct run){ key, strcspn(key, "\x1F") };
		key += field[i].n;
		if (*key == '\0')
			break;
		key++;
	}
	out->selector = field[0];
	out->path = field[1];
	out->on = field[2];
	out->off = field[3];
	out->content = field[4];
	out->body = field[5];
	if (out->kind == 'w' || out->kind == 'c')
		out->digits = *key >= '0' && *key <= '9' ? *key - '0' : -1;
	if (out->kind == 'c')
		out->selector = out->body;
}
