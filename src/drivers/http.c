/* http.c - values of web pages in XML or JSON, over plain HTTP/1.1
 *
 * Source: RFC 9112 (messages of HTTP/1.1), RFC 9110 (status codes). Where an answer ends is in http_message.c; where a value stands in
 * a page in http_key.c, and what it is in http_terminal.c, http_element.c, http_json.c; writes in http_write.c; who asks in http_auth.c.
 *
 *	GET /service/method HTTP/1.1 CR LF Host: bench CR LF ..   ->   HTTP/1.1 200 OK CR LF Content-Length: 97 CR LF .. CR LF body
 *
 * One question a page and period. No alike(): an answer does not name its question.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "drivers/common.h"
#include "drivers/http_auth.h"
#include "drivers/http_element.h"
#include "drivers/http_json.h"
#include "drivers/http_message.h"
#include "drivers/http_terminal.h"
#include "drivers/http_write.h"

extern const struct codec codec_http;

#define TEXTS_MAX 8 /* struct readings has room for so many */
#define JSON "application/json"

static const char *const methods[] = { "PUT", "POST", "GET" };

/* ---- requests ---- */

static struct run
path_of(const struct point *pt)
{
	struct http_key key;

	http_key_split(pt->key, &key);
	return key.path;
}

/* A request carries the path of its page, where that is not the instrument's. */
static bool
is_page(const struct request *r, struct run path)
{
	return r->n_write == path.n && memcmp(r->write, path.at, path.n) == 0;
}

/* Points of one page stand together, since their address is made of its path. */
static int
http_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0, texts = 0;

	for (size_t i = 0; i < n; i++) {
		struct request *last = made > 0 ? &out[made - 1] : NULL;
		bool is_text = pts[i].type == HTTP_TEXT;
		struct run path = path_of(&pts[i]);

		if (last != NULL && pts[last->first].every_ns == pts[i].every_ns &&
			is_page(last, path) && texts + is_text <= TEXTS_MAX &&
			last->n < UINT16_MAX) {
			last->n++;
			texts += is_text;
			continue;
		}
		if (made == max || path.n > CODEC_WRITE_MAX)
			break;
		out[made] = (struct request){ .kind = REQUEST_READ,
			.n = 1,
			.first = (uint32_t)i,
			.count = 1,
			.address = pts[i].address };
		memcpy(out[made].write, path.at, path.n);
		out[made++].n_write = (uint16_t)path.n;
		texts = is_text;
	}
	return (int)made;
}

static size_t
http_scratch(const struct instrument *ins, const struct point *pts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pts[i].write_key != NULL && pts[i].write_key[0] == 'c')
			return HTTP_DOCUMENT_MAX;
	return 0;
}

/* What is to be sent; borrowed. */
struct http_ask {
	enum http_method method;
	struct run path;
	const char *content;
	struct run body;
};

static struct run
whole(const char *text)
{
	return (struct run){ text == NULL ? "" : text, text == NULL ? 0 : strlen(text) };
}

static bool
message_of(const struct instrument *ins, const struct request *req, const struct vars *vars,
	struct http_ask *out)
{
	const char *const *text = ins->opts.text;
	struct http_write w;

	*out = (struct http_ask){ .method = HTTP_GET, .path = whole(text[HTTP_OPT_PATH]) };
	if (req->kind == REQUEST_WRITE) {
		if (!http_write_split(req, &w))
			return false;
		if (w.path[0] != '\0')
			out->path = whole(w.path);
		if (w.is_collection && req->step == 0)
			return true;
		out->method = w.method;
		out->content = w.content;
		out->body = w.body;
		if (w.is_collection && vars != NULL)
			out->body = (struct run){ (const char *)vars->scratch, vars->scratch_used };
		return true;
	}
	if (req->n_write > 0)
		out->path = (struct run){ (const char *)req->write, req->n_write };
	if (text[HTTP_OPT_BODY] != NULL) {
		out->method = HTTP_POST;
		out->content = text[HTTP_OPT_CONTENT] == NULL ? JSON : text[HTTP_OPT_CONTENT];
		out->body = whole(text[HTTP_OPT_BODY]);
	}
	return true;
}

static void
http_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	struct http_ask m;

	if (!message_of(ins, req, NULL, &m))
		return;
	snprintf(out, cap, "%s %.*s%s", methods[m.method], (int)m.path.n, m.path.at,
		req->kind == REQUEST_WRITE && req->step == 0 && req->function > HTTP_GET
			? " (to change it)"
			: "");
}

/* "GET /page?key=..&more HTTP/1.1", as far as it fits; its length. */
static int
put_line(const struct http_ask *m, const char *query, char *out, size_t cap)
{
	const char *mark = query[0] == '\0' ? NULL : memchr(m->path.at, '?', m->path.n);
	size_t before = mark == NULL ? m->path.n : (size_t)(mark - m->path.at);
	struct run rest = { m->path.at + before, m->path.n - before };

	if (mark != NULL) {
		rest.at++;
		rest.n--;
	}
	return snprintf(out, cap, "%s %.*s%s%s%s%.*s HTTP/1.1\r\n", methods[m->method], (int)before,
		m->path.at, query[0] == '\0' ? "" : "?", query,
		rest.n > 0 && query[0] != '\0' ? "&" : "", (int)rest.n, rest.at);
}

/* The head; its length, or what it would have been: more than cap. */
static size_t
put_head(const struct instrument *ins, const struct http_ask *m, const struct http_auth *auth,
	char *out, size_t cap)
{
	const char *const *text = ins->opts.text;
	char accept[128] = "", length[40] = "", type[128] = "";
	size_t used = (size_t)put_line(m, auth->query, out, cap);

	if (used >= cap)
		return used;
	if (text[HTTP_OPT_ACCEPT] != NULL)
		snprintf(accept, sizeof(accept), "Accept: %s\r\n", text[HTTP_OPT_ACCEPT]);
	if (m->body.n > 0)
		snprintf(type, sizeof(type), "Content-Type: %s\r\n", m->content);
	if (m->method != HTTP_GET)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", m->body.n);
	return used + (size_t)snprintf(out + used, cap - used,
			      "Host: %s\r\nConnection: keep-alive\r\n%s%s%s%s\r\n",
			      text[HTTP_OPT_HOST] == NULL ? "bench" : text[HTTP_OPT_HOST],
			      auth->lines, accept, type, length);
}

static int
http_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	struct http_auth auth;
	struct http_ask m;
	size_t n;

	if (http_check(ins, err) < 0 || http_auth_make(ins, &auth, err) < 0)
		return ERR_CONF;
	if (!message_of(ins, req, vars, &m) || m.path.n == 0) {
		http_auth_done(&auth);
		return err_set(err, ERR_CONF, 0, "no page to ask for");
	}
	n = put_head(ins, &m, &auth, (char *)out, cap);
	http_auth_done(&auth);
	if (n + m.body.n >= cap)
		return err_set(err, ERR_CONF, 0, "a request of more than %zu bytes", cap);
	if (m.body.n > 0)
		memcpy(out + n, m.body.at, m.body.n);
	return (int)(n + m.body.n);
}

static int
http_next(const struct instrument *ins, const struct request *req, int step,
	const struct vars *vars, struct request *out)
{
	struct http_write w;

	if (step > 0 || !http_write_split(req, &w) || !w.is_collection || vars->scratch_used == 0)
		return 0;
	*out = *req;
	return 1;
}

/* ---- match, decode ---- */

static enum match
http_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return req == NULL ? MATCH_NOT_MINE : MATCH_CANNOT_TELL;
}

static enum quality
status_quality(unsigned status)
{
	switch (status) {
	case 404:
	case 410:
		return Q_BAD_ADDRESS;
	case 405:
	case 501:
		return Q_BAD_FUNCTION;
	case 502:
	case 504:
		return Q_GATEWAY_TARGET;
	default:
		if (status >= 500)
			return Q_DEVICE_FAILED;
		return status >= 300 ? Q_BAD_REQUEST : Q_WRONG_ANSWER;
	}
}

/* Some servers say "Error" with status 200: does the page say what it must? 0, or DECODE_* with a reason. */
static int
check_ok(const struct instrument *ins, struct http_page *p, struct err *err)
{
	const char *path = ins->opts.text[HTTP_OPT_OK_JSON], *is = ins->opts.text[HTTP_OPT_OK_IS];
	struct http_text text = { .text = "", .quality = Q_GOOD };
	struct run raw;
	enum http_token token;
	int n;

	if (path == NULL)
		return 0;
	n = http_json_find(p, whole(path), &token, &raw);
	if (n < 0)
		return err_set(err, DECODE_BAD, 0, "JSON at byte %zu: %s", p->where, p->why);
	if (n == 1 && token != HTTP_TOKEN_MANY)
		http_json_text(token, raw, p->is_utf8, &text);
	if (n == 1 && token != HTTP_TOKEN_MANY && http_text_is(&text, whole(is)))
		return 0;
	return common_refuse(p->out, Q_BAD_REQUEST, REFUSED_ALL, 200, err,
		n == 1 ? "the device says '%.40s' for %.60s" : "%.0sno single %.60s in the answer",
		text.text, path);
}

/* Each kind of point that the request has, by the reader of that kind. */
static int
read_page(struct http_page *p, struct err *err)
{
	static const struct {
		char kind;
		bool (*read)(struct http_page *p);
		const char *what;
	} readers[] = { { HTTP_TERMINAL, http_terminal_read, "XML" },
		{ HTTP_XML, http_element_read, "XML" }, { HTTP_JSON, http_json_read, "JSON" } };

	for (size_t k = 0; k < NELEM(readers); k++) {
		bool is_wanted = false;

		for (uint32_t i = 0; i < p->req->n; i++)
			is_wanted |= p->pts[p->req->first + i].key[0] == readers[k].kind;
		if (is_wanted && !readers[k].read(p))
			return err_set(err, DECODE_BAD, 0, "%s at byte %zu: %s", readers[k].what,
				p->where, p->why);
	}
	return 0;
}

static int
decode_read(const struct instrument *ins, unsigned status, struct http_page *p, struct err *err)
{
	enum quality quality = status == 200 ? Q_MISSING : status_quality(status);
	int rc;

	for (uint32_t i = 0; i < p->req->n; i++)
		p->at[i] = (struct reading){ .at = p->req->first + i,
			.quality = (uint16_t)quality,
			.code = (uint16_t)(status == 200 ? 0 : status) };
	if (status == 200) {
		rc = check_ok(ins, p, err);
		if (rc == 0)
			rc = read_page(p, err);
		if (rc < 0)
			return rc;
	}
	p->out->n += p->req->n;
	return 0;
}

static int
decode_write(const struct instrument *ins, unsigned status, struct http_page *p, struct vars *vars,
	struct err *err)
{
	struct http_write w;
	int rc;

	if (!http_write_split(p->req, &w))
		return err_set(err, DECODE_BAD, 0, "no question that writes");
	/* Many pages lead elsewhere once they have done what was asked: that is no refusal. */
	if (status < 200 || status >= 300)
		return common_refuse(p->out,
			status >= 300 && status < 400 ? Q_WRONG_ANSWER : status_quality(status),
			REFUSED_ALL, status, err, "HTTP status %u", status);
	rc = check_ok(ins, p, err);
	if (rc == 0 && w.is_collection && p->req->step == 0)
		rc = http_write_change(&w, p, vars, p->out, err);
	return rc;
}

static int
http_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	uint8_t body[CODEC_FRAME_MAX];
	struct http_page p = { .text = (const char *)body,
		.req = req,
		.pts = pts,
		.at = out->at + out->n,
		.out = out };
	bool is_write = req->kind == REQUEST_WRITE;
	struct http_head h;
	int length = 0;

	if (is_write && vars != NULL)
		vars->scratch_used = 0;
	if (n > CODEC_FRAME_MAX || (!is_write && out->cap - out->n < req->n) ||
		http_message_head(frame, n, &h) <= 0)
		return err_set(err, DECODE_BAD, 0, "no answer of HTTP");
	out->is_end = h.is_last || h.body == HTTP_BODY_TO_END;
	if (h.status == 503 || h.status == 429)
		return err_set(err, DECODE_LATER, (int)h.status, "HTTP status %u", h.status);
	if (h.status == 200 || is_write)
		length = http_message_body(frame, n, &h, body);
	if (length < 0 && h.status >= 200 && h.status < 300)
		return err_set(err, DECODE_BAD, 0, "an answer with %s", h.why);
	p.n = (size_t)MAX(length, 0);
	p.is_utf8 = text_utf8(p.text, p.n) == p.n;
	return is_write ? decode_write(ins, h.status, &p, vars, err)
			: decode_read(ins, h.status, &p, err);
}

const struct codec codec_http = {
	.name = "http",
	.help = "values of web pages (XML, JSON, LabVIEW web services), by plain HTTP/1.1",
	.opts = http_opts,
	.point_opts = http_point_opts,
	.wires = CODEC_TCP,
	.closes = true,
	.check = http_check,
	.point = http_point,
	.plan = http_plan,
	.write = http_write,
	.scratch = http_scratch,
	.describe = http_describe,
	.encode = http_encode,
	.cut = http_message_cut,
	.match = http_match,
	.decode = http_decode,
	.next = http_next,
};
