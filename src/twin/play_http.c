/* play_http.c - a web server over plain HTTP/1.1, whose pages have what the points of its instruments name
 *
 * Source: RFC 9112 (messages of HTTP/1.1), RFC 9110 (methods, status codes). LabVIEW's form:
 *
 *	GET /service/method HTTP/1.1  ->  <Response><Terminal><Name>Sum</Name><Value>9.000000</Value></Terminal></Response>
 *
 * Pages are made in play_http_page.c, _json.c, _xml.c, writes understood in play_http_write.c. Instruments with the same path share a page, and
 * so do points of other instruments of the link. A connection stays open unless the master says that it is to end.
 */
#include "twin/play_http.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

/* ---- requests -------------------------------------------------------------------------------------------------------- */

/* Where the head ends, with its empty line; 0: not here. */
static size_t
head_length(const uint8_t *in, size_t n)
{
	for (size_t i = 3; i < n; i++)
		if (memcmp(in + i - 3, "\r\n\r\n", 4) == 0)
			return i + 1;
	return 0;
}

/* What a line of the head says, without blanks around it; empty: there is no such line. */
static struct run
header(const uint8_t *head, size_t n, const char *name)
{
	const size_t len = strlen(name);
	struct run out = { "", 0 };

	for (size_t i = 0; i + len + 3 < n; i++) {
		if (head[i] != '\n' || strncasecmp((const char *)head + i + 1, name, len) != 0 ||
			head[i + 1 + len] != ':')
			continue;
		for (i += len + 2; i < n && head[i] == ' '; i++)
			;
		out.at = (const char *)head + i;
		for (; i < n && head[i] != '\r'; i++)
			out.n++;
		while (out.n > 0 && out.at[out.n - 1] == ' ')
			out.n--;
		return out;
	}
	return out;
}

/* Bytes of the body that the head announces; -1: there is no telling. */
static int64_t
body_length(const uint8_t *head, size_t n)
{
	struct run text = header(head, n, "Content-Length");
	char digits[12];
	int64_t length;

	if (text.n == 0)
		return 0;
	if (text.n >= sizeof(digits))
		return -1;
	memcpy(digits, text.at, text.n);
	digits[text.n] = '\0';
	return text_to_int(digits, &length) && length >= 0 ? length : -1;
}

static int
http_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	size_t head = head_length(in, n);
	int64_t body = head == 0 ? 0 : body_length(in, head);

	if (n > 0 && (in[0] < 'A' || in[0] > 'Z')) /* no method begins so */
		return CUT_SKIP(n);
	if (head == 0)
		return n < CODEC_FRAME_MAX && wire == WIRE_OPEN ? CUT_MORE : CUT_SKIP(n);
	if (body < 0 || (int64_t)head + body > CODEC_FRAME_MAX)
		return CUT_SKIP(n);
	if (n < head + (size_t)body)
		return wire == WIRE_OPEN ? CUT_MORE : CUT_SKIP(n);
	return CUT_FRAME(head + (size_t)body);
}

/* "GET /page HTTP/1.1" and what comes behind it; false when the line is none of a request. */
static bool
take_apart(const uint8_t *frame, size_t n, struct play_ask *out)
{
	const uint8_t *end = memchr(frame, '\r', n), *blank, *second;
	size_t head = head_length(frame, n);

	if (end == NULL || head == 0)
		return false;
	blank = memchr(frame, ' ', (size_t)(end - frame));
	if (blank == NULL)
		return false;
	second = memchr(blank + 1, ' ', (size_t)(end - blank - 1));
	if (second == NULL || end - second != 9 || memcmp(second + 1, "HTTP/1.", 7) != 0)
		return false;
	*out = (struct play_ask){
		.method = { (const char *)frame, (size_t)(blank - frame) },
		.path = { (const char *)blank + 1, (size_t)(second - blank - 1) },
		.body = { (const char *)frame + head, n - head },
		.head = frame,
		.n_head = head,
	};
	return true;
}

static bool
http_ends(const uint8_t *frame, size_t n)
{
	struct run says = header(frame, head_length(frame, n), "Connection");

	return says.n == 5 && strncasecmp(says.at, "close", says.n) == 0;
}

/* ---- who asks -------------------------------------------------------------------------------------------------------- */

/* Is each of the lines, which end with CR LF, in the head? */
static bool
has_lines(const struct play_ask *ask, const char *lines)
{
	char name[HTTP_KEY_NAME_MAX + 1];

	for (const char *end; (end = strstr(lines, "\r\n")) != NULL; lines = end + 2) {
		size_t n = strcspn(lines, ":");
		struct run value = { lines + n + 2, (size_t)(end - lines) - n - 2 };

		snprintf(name, sizeof(name), "%.*s", (int)n, lines);
		if (!play_same(header(ask->head, ask->n_head, name), value))
			return false;
	}
	return true;
}

/* Is the key the first member of the query? It is taken out, right or wrong: what is left, in room, is the page. */
static bool
take_key(const char *query, struct play_ask *ask, char room[CODEC_FRAME_MAX])
{
	const char *mark = ask->path.n == 0 ? NULL : memchr(ask->path.at, '?', ask->path.n);
	size_t before = mark == NULL ? ask->path.n : (size_t)(mark - ask->path.at);
	size_t name = strcspn(query, "=") + 1, rest = ask->path.n - before, member;
	bool is_right;

	if (query[0] == '\0')
		return true;
	if (rest < 1 + name || memcmp(mark + 1, query, name) != 0)
		return false;
	mark++;
	rest--;
	for (member = 0; member < rest && mark[member] != '&'; member++)
		;
	is_right = play_same((struct run){ mark, member }, play_run(query));
	memcpy(room, ask->path.at, before);
	if (member < rest) {
		room[before] = '?';
		memcpy(room + before + 1, mark + member + 1, rest - member - 1);
		before += rest - member;
	}
	ask->path = (struct run){ room, before };
	return is_right;
}

/* Does it prove what the instrument wants of those who ask? Where that is nothing everybody does. */
static bool
is_known(const struct play_device *dev, struct play_ask *ask, char room[CODEC_FRAME_MAX])
{
	struct http_auth auth;
	struct err err;
	bool is_right;

	if (http_auth_make(&dev->ins, &auth, &err) < 0)
		return false;
	is_right = take_key(auth.query, ask, room) && has_lines(ask, auth.lines);
	http_auth_done(&auth);
	return is_right;
}

/* Some devices answer only those who say which version they expect. */
static bool
is_accepted(const struct play_device *dev, const struct play_ask *ask)
{
	struct run wanted = play_run(dev->ins.opts.text[HTTP_OPT_ACCEPT]);
	struct run says = header(ask->head, ask->n_head, "Accept");

	if (wanted.n > 0 && says.n == wanted.n + 2 && memcmp(says.at + wanted.n, "/*", 2) == 0)
		says.n = wanted.n; /* seen of a program that an E1200 answers */
	return wanted.n == 0 || play_same(says, wanted);
}

/* ---- answers --------------------------------------------------------------------------------------------------------- */

struct answer {
	unsigned status;
	const char *word, *type;
	struct run body;
};

static int
say(const struct answer *a, bool is_last, uint8_t *out, size_t cap)
{
	char head[PLAY_HEAD_MAX];
	int used = snprintf(head, sizeof(head),
		"HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"%sConnection: %s\r\n\r\n",
		a->status, a->word, a->type, a->body.n,
		a->status == 401 ? "WWW-Authenticate: Basic realm=\"bench\"\r\n" : "",
		is_last ? "close" : "keep-alive");

	if (used <= 0 || (size_t)used + a->body.n > cap)
		return 0;
	memcpy(out, head, (size_t)used);
	if (a->body.n > 0)
		memcpy(out + used, a->body.at, a->body.n);
	return used + (int)a->body.n;
}

static int
say_error(unsigned status, const char *word, bool is_last, uint8_t *out, size_t cap)
{
	const struct answer a = { status, word, "text/plain", play_run(word) };

	return say(&a, is_last, out, cap);
}

/* As a public emulator of the E1200 has it. */
static int
say_code(unsigned code, bool is_last, uint8_t *out, size_t cap)
{
	static const struct {
		unsigned code;
		const char *name;
	} names[] = {
		{ PLAY_CODE_VERSION, "UnsupportedVersion" },
		{ PLAY_CODE_NO_JSON, "InvalidJsonFormat" },
		{ PLAY_CODE_VALUE, "InvalidNodeValue" },
		{ PLAY_CODE_ORDER, "WrongChannelOrder" },
		{ PLAY_CODE_CHANNEL, "MissingRequiredChannel" },
		{ PLAY_CODE_NODE, "MissingRequiredNode" },
	};
	const char *name = "";
	struct answer a = { 400, "Bad Request", "application/json", { "", 0 } };
	char body[100];

	for (size_t i = 0; i < NELEM(names); i++)
		if (names[i].code == code)
			name = names[i].name;
	snprintf(body, sizeof(body), "{\"error\":{\"message\":\"%s\",\"code\":%u}}", name, code);
	a.body = play_run(body);
	return say(&a, is_last, out, cap);
}

/* With nothing to say: empty, or the member alone that each answer has. */
static int
say_done(const struct play_device *dev, const char *ok, bool is_last, uint8_t *out, size_t cap)
{
	struct play_node node = { .fixed = ok,
		.path = play_run(dev->ins.opts.text[HTTP_OPT_OK_JSON]) };
	struct play_node *list[] = { &node };
	struct play_page page = { .type = "application/json" };
	struct answer a = { 200, "OK", "text/plain", { "", 0 } };

	if (node.path.n > 0) {
		play_json_page(list, 1, &page);
		a.type = page.type;
		a.body = (struct run){ page.text, page.n };
	}
	return say(&a, is_last, out, cap);
}

/* To somebody who has not proved who he is. */
static int
say_unknown(const struct play_device *dev, bool is_last, uint8_t *out, size_t cap)
{
	if (dev->ins.opts.text[HTTP_OPT_OK_JSON] != NULL)
		return say_done(dev, "Error", is_last, out, cap);
	return say_error(401, "Unauthorized", is_last, out, cap);
}

static int
say_page(const struct play_device *dev, struct run path, bool is_last, uint8_t *out, size_t cap)
{
	struct answer a = { 200, "OK", "", { "", 0 } };
	struct play_nodes nodes;
	struct play_page page;

	play_gather(dev, path, &nodes);
	play_make_page(&nodes, &page);
	if (page.is_full)
		return say_error(500, "Page Too Long", is_last, out, cap);
	a.type = page.type;
	a.body = (struct run){ page.text, page.n };
	return say(&a, is_last, out, cap);
}

/* ---- what is asked --------------------------------------------------------------------------------------------------- */

/* Which instrument of the device has this page; NULL: none. */
static const struct play_device *
page_owner(const struct play_device *dev, struct run path)
{
	while (dev != NULL && !play_has_page(dev, path))
		dev = dev->next;
	return dev;
}

static bool
is_question(const struct play_device *dev, const struct play_ask *ask)
{
	const char *body = dev->ins.opts.text[HTTP_OPT_BODY];

	if (body == NULL)
		return play_same(ask->method, play_run("GET"));
	return play_same(ask->method, play_run("POST")) && play_same(ask->body, play_run(body));
}

static int
http_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	const struct play_device *owner;
	bool is_last = http_ends(frame, n), is_friend;
	char room[CODEC_FRAME_MAX];
	enum play_verdict verdict;
	struct play_ask ask;
	unsigned code = 0;

	if (!take_apart(frame, n, &ask))
		return PLAY_NOT_MINE;
	is_friend = is_known(dev, &ask, room);
	owner = page_owner(dev, ask.path);
	ask.is_refused = !is_friend || !is_accepted(dev, &ask);
	if (owner != NULL && !ask.is_refused && is_question(owner, &ask))
		return say_page(owner, ask.path, is_last, out, cap);
	verdict = play_http_write(dev, &ask, &code);
	if (verdict != PLAY_WRITTEN && (owner == NULL || !ask.is_refused))
		return PLAY_NOT_MINE; /* perhaps another instrument's; else http_nobody() tells why */
	if (!is_friend)
		return say_unknown(dev, is_last, out, cap);
	if (ask.is_refused)
		return say_code(PLAY_CODE_VERSION, is_last, out, cap);
	return say_done(dev, dev->ins.opts.text[HTTP_OPT_OK_IS], is_last, out, cap);
}

/* ---- a player -------------------------------------------------------------------------------------------------------- */

static size_t
before_query(struct run path)
{
	const char *mark = path.n == 0 ? NULL : memchr(path.at, '?', path.n);

	return mark == NULL ? path.n : (size_t)(mark - path.at);
}

/* Another question to one of its pages. */
static bool
is_like_own(const struct play_device *dev, struct run path)
{
	struct run own = play_run(dev->ins.opts.text[HTTP_OPT_PATH]);
	size_t n = before_query(path);

	return n > 0 && n < path.n && before_query(own) == n && memcmp(own.at, path.at, n) == 0;
}

/* What the link's instruments make of a request that none of them takes: the best understood counts. *out_dev: whose that is. */
static enum play_verdict
judge(const struct play_device *dev, const struct play_ask *ask, const struct play_device **out_dev,
	unsigned *out_code)
{
	const struct play_servers *all = dev->store;
	enum play_verdict best = PLAY_NO_WRITE;

	*out_dev = dev;
	for (size_t i = 0; i < all->n; i++) {
		struct play_device *other = all->dev[i];
		enum play_verdict one;
		unsigned code = 0;

		if (!play_is_neighbour(dev, other))
			continue;
		one = play_http_write(other, ask, &code);
		if (one == PLAY_NO_WRITE && play_has_page(other, ask->path))
			one = PLAY_WRONG_METHOD;
		if (one == PLAY_NO_WRITE && is_like_own(other, ask->path) &&
			other->ins.opts.text[HTTP_OPT_OK_JSON] != NULL)
			one = PLAY_BAD_WRITE;
		if (one <= best)
			continue;
		best = one;
		*out_dev = other;
		*out_code = code;
	}
	return best;
}

static int
http_nobody(const struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	bool is_last = http_ends(frame, n);
	const struct play_device *whose;
	char room[CODEC_FRAME_MAX];
	enum play_verdict verdict;
	struct play_ask ask;
	unsigned code = 0;

	if (!take_apart(frame, n, &ask))
		return say_error(400, "Bad Request", is_last, out, cap);
	if (!is_known(dev, &ask, room))
		return say_unknown(dev, is_last, out, cap);
	ask.is_refused = true;
	verdict = judge(dev, &ask, &whose, &code);
	if (!is_accepted(whose, &ask))
		return say_code(PLAY_CODE_VERSION, is_last, out, cap);
	if (verdict == PLAY_BAD_WRITE && whose->ins.opts.text[HTTP_OPT_OK_JSON] != NULL)
		return say_done(whose, "Error", is_last, out, cap);
	if (verdict == PLAY_BAD_WRITE)
		return say_code(code, is_last, out, cap);
	if (verdict == PLAY_WRONG_METHOD)
		return say_error(405, "Method Not Allowed", is_last, out, cap);
	return say_error(404, "Not Found", is_last, out, cap);
}

static int
http_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request, size_t n_request,
	uint8_t *answer, size_t n)
{
	if (fault != PLAY_REFUSE)
		return -1;
	return say_error(500, "Internal Server Error", http_ends(request, n_request), answer,
		CODEC_FRAME_MAX);
}

static uint64_t
http_address(const struct play_device *dev)
{
	const char *path = dev->ins.opts.text[HTTP_OPT_PATH];

	return path == NULL ? 0 : text_hash(path, strlen(path));
}

static void
http_limits(const struct play_device *dev, const struct point *pt, double *out_min, double *out_max)
{
	if (pt->type == HTTP_HEX_FLOAT)
		*out_max = (double)FLT_MAX;
	else if (pt->key != NULL && pt->key[0] == HTTP_TERMINAL)
		*out_max = 1e15; /* with six decimals a float64 has no more */
	else
		*out_max = DBL_MAX;
	*out_min = -*out_max;
}

static void *
http_open(struct play_device *const *devs, size_t n)
{
	struct play_servers *all = mem_zero(1, sizeof(*all));

	all->n = n;
	all->dev = mem_zero(n, sizeof(struct play_device *));
	memcpy(all->dev, devs, n * sizeof(struct play_device *));
	return all;
}

static void
http_close(void *store)
{
	struct play_servers *all = store;

	free(all->dev);
	free(all);
}

const struct player player_http = {
	.codec = "http",
	.cuts_alike = true,
	.is_strict = true,
	.faults = 1u << PLAY_REFUSE,
	.open = http_open,
	.close = http_close,
	.address = http_address,
	.limits = http_limits,
	.cut = http_cut,
	.answer = http_answer,
	.nobody = http_nobody,
	.ends = http_ends,
	.spoil = http_spoil,
};
