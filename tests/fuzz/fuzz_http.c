/* fuzz_http.c - pages, and paths in them: the first byte chooses the reader; with a path, that is what comes before the first NUL */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "drivers/http_element.h"
#include "drivers/http_json.h"
#include "drivers/http_terminal.h"
#include "drivers/http_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define POINTS 6
#define PATH_MOST 200

enum { JSON_PAGE, XML_PAGE, TERMINAL_PAGE, JSON_PATH, XML_PATH, COLLECTION, KINDS };

static const char *const json_keys[POINTS] = { "j-a\037\037\037", "jqa\037\037\037",
	"j-io.ai[1].v\037\037\037", "j-io.ai[i=1].v\037\0371\0370", "j-[\"a\"]\037\037\037",
	"j-[0]\037\037\037" };
static const char *const xml_keys[POINTS] = { "x-a\037\037\037", "x-a/b\037\037\037",
	"x-a/b[@n=\"1\"]\037\037\037", "x-a/b\037\037up\037dn", "x-a/b/@n\037\037\037",
	"x-a/c\037\037\037" };
static const char *const terminal_keys[POINTS] = { "t-Sum\037\037\037", "t-on\037\037\037",
	"t-T\037\037\037", "t-on\037\037up\037dn", "t-x\037\037\037", "t-\037\037\037" };

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

static void
check(const struct reading *r, uint16_t type)
{
	bool is_usable = !quality_is_bad((enum quality)r->quality);

	demand(r->quality < Q_COUNT);
	demand((r->text != NULL) == (is_usable && type == HTTP_TEXT));
	if (r->text != NULL)
		demand(text_utf8(r->text, strlen(r->text)) == strlen(r->text) &&
			strlen(r->text) <= VALUE_TEXT_MAX);
	if (!is_usable)
		demand(r->v.u == 0);
	if (is_usable && type == HTTP_BOOL)
		demand(r->v.u <= 1);
}

static void
read_page(const uint8_t *page, size_t n, const char *const keys[POINTS],
	bool (*reader)(struct http_page *p))
{
	static const uint16_t types[POINTS] = { HTTP_NUMBER, HTTP_TEXT, HTTP_TEXT, HTTP_BOOL,
		HTTP_HEX_FLOAT, HTTP_BOOL };
	struct request req = { .n = POINTS };
	struct point pts[POINTS];
	struct reading at[POINTS];
	struct readings out = { .at = at, .cap = POINTS };
	char *exact = malloc(n > 0 ? n : 1); /* a sanitizer sees a read beyond its end */
	struct http_page p = {
		.text = exact, .n = n, .req = &req, .pts = pts, .at = at, .out = &out
	};

	demand(exact != NULL);
	memcpy(exact, page, n);
	p.is_utf8 = text_utf8(exact, n) == n;
	for (uint32_t i = 0; i < POINTS; i++) {
		pts[i] = (struct point){ .type = types[i], .key = keys[i] };
		at[i] = (struct reading){ .at = i, .quality = Q_MISSING };
	}
	if (reader(&p))
		for (uint32_t i = 0; i < POINTS; i++)
			check(&at[i], types[i]);
	else
		demand(p.where <= n && p.why != NULL);
	free(exact);
}

/* A path that is taken ends, and reads a page. */
static void
read_path(const uint8_t *in, size_t n, char kind, const char *(*fault)(const char *path),
	bool (*reader)(struct http_page *p))
{
	char path[PATH_MOST + 1], key[PATH_MOST + 8];
	const char *keys[POINTS];
	size_t len = strnlen((const char *)in, MIN(n, (size_t)PATH_MOST));

	memcpy(path, in, len);
	path[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)path[i] < 0x20)
			return; /* the compiler takes no such text */
	if (fault(path) != NULL)
		return;
	demand(len > 0);
	key[0] = kind;
	key[1] = '-';
	memcpy(key + 2, path, len);
	memcpy(key + 2 + len, "\037\037\037", 4);
	for (size_t i = 0; i < POINTS; i++)
		keys[i] = key;
	read_page(in + MIN(n, len + 1), n - MIN(n, len + 1), keys, reader);
}

/* What is put back is the page with the node changed, and nothing else. */
static void
change(const uint8_t *in, size_t n)
{
	static uint8_t scratch[HTTP_DOCUMENT_MAX];
	static const struct run number = { "-4711.5", 7 };
	struct vars vars = { .scratch = scratch, .n_scratch = sizeof(scratch) };
	struct http_write w = {
		.is_collection = true, .node = { "io.ai[i=1].v", 12 }, .value = number
	};
	struct http_page p = { .text = (const char *)in, .n = n }, changed;
	struct readings out = { .n = 0 };
	enum http_token token;
	struct run there;

	p.is_utf8 = text_utf8(p.text, n) == n;
	if (http_write_change(&w, &p, &vars, &out, NULL) != 0) {
		demand(vars.scratch_used == 0);
		return;
	}
	demand(vars.scratch_used > 0 && vars.scratch_used <= sizeof(scratch));
	changed = (struct http_page){
		.text = (const char *)scratch, .n = vars.scratch_used, .is_utf8 = p.is_utf8
	};
	demand(http_json_find(&changed, w.node, &token, &there) == 1);
	demand(token == HTTP_TOKEN_NUMBER && there.n == number.n &&
		memcmp(there.at, number.at, number.n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	switch (data[0] % KINDS) {
	case JSON_PAGE:
		read_page(data + 1, n - 1, json_keys, http_json_read);
		break;
	case XML_PAGE:
		read_page(data + 1, n - 1, xml_keys, http_element_read);
		break;
	case TERMINAL_PAGE:
		read_page(data + 1, n - 1, terminal_keys, http_terminal_read);
		break;
	case JSON_PATH:
		read_path(data + 1, n - 1, HTTP_JSON, http_json_path, http_json_read);
		break;
	case XML_PATH:
		read_path(data + 1, n - 1, HTTP_XML, http_element_path, http_element_read);
		break;
	default:
		change(data + 1, n - 1);
		break;
	}
	return 0;
}
