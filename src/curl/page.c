/* page.c - pages, fetched when they are asked for and kept for a while */
#include "curl/page.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "curl/place.h"
#include "io/now.h"

#define PAGE_MAX ((size_t)1 << 20) /* bytes */
#define MS(ns) ((long)((ns) / NS_PER_MS))

struct page {
	const char *url;
	int64_t fetched_ns; /* when it was asked for; NEVER: not yet */
	json_t *root;       /* NULL: why */
	struct err why;
};

struct pages {
	const struct options *o;
	CURL *curl;
	struct curl_slist *headers;
	struct buf body;
	bool is_too_long;
	char error[CURL_ERROR_SIZE];
	struct page at[SOURCES_MAX];
	size_t n;
};

static size_t
on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct pages *p = ctx;

	n *= size;
	if (n > PAGE_MAX - p->body.n) {
		p->is_too_long = true;
		return 0; /* libcurl gives up */
	}
	buf_put(&p->body, bytes, n);
	return n;
}

static bool
set_up(struct pages *p)
{
	const struct options *o = p->o;
	CURL *c = p->curl;
	bool is_good = true;

#define SET(option, value) is_good = curl_easy_setopt(c, option, value) == CURLE_OK && is_good
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_TIMEOUT_MS, MS(o->timeout_ns));
	SET(CURLOPT_CONNECTTIMEOUT_MS, MS(o->timeout_ns));
	SET(CURLOPT_USERAGENT, "mbc-curl/" MBC_VERSION);
	SET(CURLOPT_HTTPHEADER, p->headers);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, p);
	SET(CURLOPT_ERRORBUFFER, p->error);
	if (o->cacert != NULL) {
		SET(CURLOPT_CAINFO, o->cacert);
		SET(CURLOPT_CAPATH, NULL);
	}
#undef SET
	return is_good;
}

struct pages *
pages_new(const struct options *o, struct err *err)
{
	struct pages *p = mem_zero(1, sizeof(*p));

	p->o = o;
	p->curl = curl_easy_init();
	for (size_t i = 0; i < o->n_headers; i++) {
		struct curl_slist *more = curl_slist_append(p->headers, o->headers[i]);

		if (more == NULL) {
			err_set(err, ERR_IO, 0, "no memory for the headers");
			pages_free(p);
			return NULL;
		}
		p->headers = more;
	}
	if (p->curl == NULL || !set_up(p)) {
		err_set(err, ERR_IO, 0,
			"libcurl of this system cannot do what is needed; install libcurl4 with "
			"TLS");
		pages_free(p);
		return NULL;
	}
	return p;
}

void
pages_free(struct pages *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		json_decref(p->at[i].root);
	curl_easy_cleanup(p->curl);
	curl_slist_free_all(p->headers);
	buf_done(&p->body);
	free(p);
}

static struct page *
page_of(struct pages *p, const char *url)
{
	size_t i = 0;

	while (i < p->n && p->at[i].url != url)
		i++;
	if (i == p->n)
		p->at[p->n++] = (struct page){ .url = url, .fetched_ns = NEVER };
	return &p->at[i];
}

/* Why libcurl gave up. Its words name hosts and certificates, never headers. */
static int
failure(const struct pages *p, CURLcode rc, struct err *err)
{
	if (p->is_too_long)
		return err_set(err, ERR_PROTO, 0, "the page has over %zu bytes", PAGE_MAX);
	return err_set(
		err, ERR_IO, 0, "%.150s", p->error[0] != '\0' ? p->error : curl_easy_strerror(rc));
}

static json_t *
fetch(struct pages *p, const char *url, struct err *err)
{
	json_error_t where;
	json_t *root;
	CURLcode rc;
	long status = 0;

	buf_clear(&p->body);
	p->is_too_long = false;
	p->error[0] = '\0';
	rc = curl_easy_setopt(p->curl, CURLOPT_URL, url);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(p->curl);
	if (rc != CURLE_OK) {
		failure(p, rc, err);
		return NULL;
	}
	curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		err_set(err, ERR_REFUSED, (int)status, "HTTP status %ld%s", status,
			status >= 300 && status < 400 ? ": redirections are not followed, write "
							"the address that the page has now"
						      : "");
		return NULL;
	}
	root = json_loadb(
		buf_text(&p->body), p->body.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	if (root == NULL)
		err_set(err, ERR_PROTO, 0, "no JSON in line %d: %.100s", where.line, where.text);
	return root;
}

int
pages_get(struct pages *p, const struct source *s, struct buf *out, struct err *err)
{
	struct page *page = page_of(p, s->url);
	int64_t now = now_boot();

	if (page->fetched_ns == NEVER || now - page->fetched_ns >= p->o->every_ns) {
		json_decref(page->root);
		page->fetched_ns = now;
		page->root = fetch(p, page->url, &page->why);
	}
	if (page->root == NULL) {
		*err = page->why;
		return err->code;
	}
	return place_text(page->root, s->path, out, err);
}
