/* post_attempt.c - one transfer: what libcurl is told, what it takes and brings, and what came of it
 *
 * Each transfer has a connection of its own: libcurl repeats by itself what it wrote to a connection that it had kept and that turned out to be dead, and
 * a message must not go out twice without our knowing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alert/curl_reply.h"
#include "alert/mail_reply.h"
#include "alert/post_inside.h"
#include "alert/push_reply.h"
#include "base/text.h"

static bool
has(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* ---- what libcurl brings and takes ---- */

static size_t
on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct attempt *a = ctx;

	n *= size;
	a->n_body += n;
	buf_put(&a->reply, bytes, MIN(n, REPLY_MAX - a->reply.n));
	return a->n_body <= FLOOD_MAX ? n : 0; /* libcurl gives up */
}

static size_t
on_head(char *bytes, size_t size, size_t n, void *ctx)
{
	static const char name[] = "retry-after:";
	struct attempt *a = ctx;
	size_t k = sizeof(name) - 1;

	n *= size;
	a->n_heads += n;
	if (a->n_heads > HEADS_MAX)
		return 0;
	if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		a->retry_after[0] = '\0'; /* of an answer before the last one */
	if (n > k && strncasecmp(bytes, name, k) == 0)
		snprintf(a->retry_after, sizeof(a->retry_after), "%.*s",
			(int)MIN(n - k, sizeof(a->retry_after) - 1), bytes + k);
	return n;
}

/* Mail servers answer in lines; libcurl gives each as if it were a head. */
static size_t
on_line(char *bytes, size_t size, size_t n, void *ctx)
{
	struct attempt *a = ctx;

	n *= size;
	a->n_heads += n;
	if (a->n_heads > HEADS_MAX)
		return 0;
	if (n >= 3 && memcmp(bytes, "221", 3) == 0)
		return n; /* to QUIT: it says nothing of the mail */
	a->n_line = MIN(n, sizeof(a->line));
	memcpy(a->line, bytes, a->n_line);
	return n;
}

static size_t
on_read(char *out, size_t size, size_t n, void *ctx)
{
	struct attempt *a = ctx;

	n = MIN(n * size, a->job->mail.n - a->at);
	if (n > 0)
		memcpy(out, a->job->mail.data + a->at, n);
	a->at += n;
	return n;
}

/* ---- what libcurl is told ---- */

#define SET(option, value) is_good = curl_easy_setopt(c, option, value) == CURLE_OK && is_good

static bool
add_to_list(struct attempt *a, const char *text)
{
	struct curl_slist *more = curl_slist_append(a->list, text);

	a->list = more != NULL ? more : a->list;
	return more != NULL;
}

static bool
set_common(struct attempt *a)
{
	const struct endpoint *e = a->endpoint;
	CURL *c = a->curl;
	bool is_good = true;

	SET(CURLOPT_NOSIGNAL, 1L);
	/* Without this libcurl waits, at the end of a transfer, for a name server that says nothing. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROXY, has(e->proxy) ? e->proxy : "");
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CONNECTTIMEOUT_MS, POST_CONNECT_MS);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_PRIVATE, a);
	SET(CURLOPT_ERRORBUFFER, a->error);
	if (has(e->ca)) {
		SET(CURLOPT_CAINFO, e->ca);
		SET(CURLOPT_CAPATH, NULL);
	}
	return is_good;
}

static bool
set_mail(struct attempt *a)
{
	const struct endpoint *e = a->endpoint;
	CURL *c = a->curl;
	struct buf url = { 0 };
	bool is_good = add_to_list(a, a->job->to);

	buf_puts(&url, e->url);
	while (url.n > 0 && url.data[url.n - 1] == '/')
		url.n--;
	if (has(e->hello))
		buf_printf(&url, "/%s", e->hello);
	SET(CURLOPT_PROTOCOLS_STR, e->is_plain ? "smtp" : "smtp,smtps");
	SET(CURLOPT_URL, buf_text(&url));
	buf_done(&url);
	SET(CURLOPT_USE_SSL, (long)(e->is_plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	SET(CURLOPT_TIMEOUT_MS, POST_MAIL_MS);
	if (has(e->user)) {
		SET(CURLOPT_USERNAME, e->user);
		SET(CURLOPT_PASSWORD, e->secret);
	}
	SET(CURLOPT_MAIL_FROM, a->job->from);
	SET(CURLOPT_MAIL_RCPT, a->list);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, a);
	SET(CURLOPT_HEADERFUNCTION, on_line);
	SET(CURLOPT_HEADERDATA, a);
	return is_good;
}

static bool
set_push(struct attempt *a)
{
	struct push_request *r = &a->request;
	CURL *c = a->curl;
	bool is_good = add_to_list(a, "Expect:");

	for (size_t i = 0; i < r->headers.n; i += strlen(r->headers.data + i) + 1)
		is_good = add_to_list(a, r->headers.data + i) && is_good;
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_URL, buf_text(&r->url));
	SET(CURLOPT_TIMEOUT_MS, POST_PUSH_MS);
	SET(CURLOPT_USERAGENT, "mbc-alert/" MBC_VERSION);
	SET(CURLOPT_HTTPHEADER, a->list);
	if (strcmp(r->method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
		SET(CURLOPT_POSTFIELDS, buf_text(&r->body));
	}
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, a);
	SET(CURLOPT_HEADERFUNCTION, on_head);
	SET(CURLOPT_HEADERDATA, a);
	return is_good;
}

int
attempt_set_up(struct attempt *a, int64_t wall_ns, struct err *err)
{
	const struct endpoint *e = a->endpoint;
	struct push_target t = e->target;

	a->curl = curl_easy_init();
	if (!e->is_mail) {
		t.to = a->job->to;
		if (a->is_backup)
			t.url = e->backup_url;
		/* Asked before, and said yes. */
		if (push_shape(&a->request, &t, &a->job->message, wall_ns, err) < 0)
			return ERR_CONF;
	}
	if (a->curl == NULL || !set_common(a) || !(e->is_mail ? set_mail(a) : set_push(a)))
		return err_set(err, ERR_IO, 0,
			"libcurl of this system cannot do what is needed; install libcurl4 with "
			"TLS");
	return 0;
}

/* ---- what came of it ---- */

/* Has all of the message been written? */
static bool
is_out(const struct attempt *a)
{
	curl_off_t sent = 0;
	long heads = 0;
	size_t n = a->endpoint->is_mail ? a->job->mail.n : a->request.body.n;

	curl_easy_getinfo(a->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
	curl_easy_getinfo(a->curl, CURLINFO_REQUEST_SIZE, &heads);
	if (a->endpoint->is_mail)
		return a->at == n && sent >= (curl_off_t)n;
	return heads > 0 && sent >= (curl_off_t)n;
}

void
attempt_judge(struct attempt *a, CURLcode code, int64_t wall_ns, struct alert_verdict *out)
{
	const char *words = a->n_body > FLOOD_MAX || a->n_heads > HEADS_MAX
				    ? "the answer has no end"
				    : a->error;
	long status = 0;

	curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	if (a->endpoint->is_mail) {
		struct mail_end end = { (int)code, status, is_out(a), a->line, a->n_line, words };

		mail_judge(&end, out);
	} else if (status >= 200) {
		/* Its head was all there, whatever became of the rest. */
		struct push_answer answer = { status, a->retry_after, wall_ns, buf_text(&a->reply),
			a->reply.n };

		push_judge(a->endpoint->target.shape, &answer, out);
	} else {
		curl_judge(code == CURLE_OK ? CURLE_GOT_NOTHING : (int)code, is_out(a), words, out);
	}
	attempt_hide(a, out);
}

static void
add_secret(struct secrets *s, const char *text)
{
	size_t n = text == NULL ? 0 : strlen(text);

	if (n < SECRET_MIN || n > SECRET_MAX || s->n == SECRETS_MAX)
		return;
	memcpy(s->at[s->n].value, text, n + 1);
	s->at[s->n++].n = n;
}

void
attempt_hide(const struct attempt *a, struct alert_verdict *verdict)
{
	const struct endpoint *e = a->endpoint;
	struct secrets *s = secrets_new();

	add_secret(s, e->secret);
	if (!e->is_mail)
		add_secret(s, a->job->to); /* who knows a topic may write to it */
	secret_mask_text(s, verdict->text, sizeof(verdict->text));
	secret_mask_text(s, verdict->remedy, sizeof(verdict->remedy));
	secret_mask_text(s, verdict->receipt, sizeof(verdict->receipt));
	secrets_free(s);
}

void
attempt_free(struct attempt *a)
{
	if (a == NULL)
		return;
	curl_easy_cleanup(a->curl);
	for (struct curl_slist *at = a->list; at != NULL; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	curl_slist_free_all(a->list);
	push_request_done(&a->request);
	buf_done(&a->reply);
	free(a);
}
