/* influx_post.c - lines to an InfluxDB over HTTP */
#include "history/influx_post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define REPLY_MAX (64u << 10)
#define CONNECT_MS 10000L
#define WHOLE_MS 60000L

struct influx_post {
	int version;
	CURL *curl;
	struct curl_slist *headers;
	char *url;
	struct buf reply;
	char retry_after[32];
	char error[CURL_ERROR_SIZE];
};

/* More than is looked at is read and forgotten: the connection stays good. */
static size_t
on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct influx_post *p = ctx;

	n *= size;
	buf_put(&p->reply, bytes, MIN(n, REPLY_MAX - p->reply.n));
	return n;
}

static size_t
on_header(char *bytes, size_t size, size_t n, void *ctx)
{
	static const char name[] = "retry-after:";
	struct influx_post *p = ctx;
	size_t k = sizeof(name) - 1;

	n *= size;
	if (n > k && curl_strnequal(bytes, name, k))
		snprintf(p->retry_after, sizeof(p->retry_after), "%.*s",
			(int)MIN(n - k, (size_t)20), bytes + k);
	return n;
}

static void
put_word(CURL *c, struct buf *url, const char *key, const char *word)
{
	char *escaped = curl_easy_escape(c, word, (int)strlen(word));

	if (escaped == NULL)
		abort();
	buf_printf(url, "%s=%s&", key, escaped);
	curl_free(escaped);
}

static void
make_url(struct influx_post *p, const struct influx_target *t)
{
	struct buf url = { 0 };
	size_t n = strlen(t->url);

	while (n > 0 && t->url[n - 1] == '/')
		n--;
	buf_put(&url, t->url, n);
	if (t->version == 1) {
		buf_puts(&url, "/write?");
		put_word(p->curl, &url, "db", t->database);
	} else {
		buf_puts(&url, "/api/v2/write?");
		put_word(p->curl, &url, "org", t->org);
		put_word(p->curl, &url, "bucket", t->bucket);
	}
	buf_puts(&url, "precision=ns");
	p->url = mem_text(buf_text(&url));
	buf_done(&url);
}

static bool
add_header(struct influx_post *p, const char *text)
{
	struct curl_slist *more = curl_slist_append(p->headers, text);

	p->headers = more != NULL ? more : p->headers;
	return more != NULL;
}

static bool
set_up(struct influx_post *p, const struct influx_target *t)
{
	CURL *c = p->curl;
	bool is_good = add_header(p, "Content-Type: text/plain; charset=utf-8") &&
		       add_header(p, "Expect:");
	struct buf token = { 0 };

#define SET(option, value) is_good = curl_easy_setopt(c, option, value) == CURLE_OK && is_good
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_TIMEOUT_MS, WHOLE_MS);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_USERAGENT, "mbc-influx/" MBC_VERSION);
	SET(CURLOPT_URL, p->url);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, p);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, p);
	SET(CURLOPT_ERRORBUFFER, p->error);
	if (t->ca[0] != '\0') {
		SET(CURLOPT_CAINFO, t->ca);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (t->version == 1 && t->user[0] != '\0') {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, t->user);
		SET(CURLOPT_PASSWORD, t->secret);
	}
	if (t->version == 2 && t->secret[0] != '\0') {
		buf_printf(&token, "Authorization: Token %s", t->secret);
		is_good = add_header(p, buf_text(&token)) && is_good;
		explicit_bzero(token.data, token.n);
		buf_done(&token);
	}
	SET(CURLOPT_HTTPHEADER, p->headers);
#undef SET
	return is_good;
}

struct influx_post *
influx_post_new(const struct influx_target *target, struct err *err)
{
	struct influx_post *p = mem_zero(1, sizeof(*p));

	p->version = target->version;
	p->curl = curl_easy_init();
	if (p->curl != NULL)
		make_url(p, target);
	if (p->curl != NULL && set_up(p, target))
		return p;
	influx_post_free(p);
	err_set(err, ERR_IO, 0,
		"libcurl of this system cannot do what is needed; install libcurl4 with TLS");
	return NULL;
}

void
influx_post_free(struct influx_post *p)
{
	if (p == NULL)
		return;
	curl_easy_cleanup(p->curl);
	curl_slist_free_all(p->headers);
	free(p->url);
	buf_done(&p->reply);
	free(p);
}

void
influx_post_lines(struct influx_post *p, const char *lines, size_t n, struct influx_verdict *out)
{
	CURLcode rc = curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	long status = 0;

	buf_clear(&p->reply);
	p->error[0] = p->retry_after[0] = '\0';
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, lines);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(p->curl);
	if (rc != CURLE_OK) {
		memset(out, 0, sizeof(*out));
		out->next = INFLUX_WAIT;
		snprintf(out->text, sizeof(out->text), "%.180s",
			p->error[0] != '\0' ? p->error : curl_easy_strerror(rc));
		snprintf(out->remedy, sizeof(out->remedy),
			"look at the network, the address and the server");
		return;
	}
	curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
	influx_judge(p->version, status, buf_text(&p->reply), p->reply.n, p->retry_after, out);
}
