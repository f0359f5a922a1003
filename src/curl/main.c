/* main.c - mbc-curl: the lines of a helper (docs/drivers/helper.md), answered with values of web pages
 *
 *	mbc-curl [--every SPAN] [--timeout SPAN] [--cacert FILE] [--header TEXT] [--secrets DIR --header-secret TEXT]
 *	         NAME=URL#json:PATH ...
 *
 * One question after the other, and waiting for a page is all that it does: whoever finds it too slow kills it.
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "curl/page.h"
#include "io/sandbox.h"
#include "io/self.h"

#define QUESTION_MAX 1000

static const struct source *
find(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->n_sources; i++)
		if (strcmp(o->sources[i].name, name) == 0)
			return &o->sources[i];
	return NULL;
}

/* What has come from a page is text that may hold anything: an answer is one line. */
static void
put_reason(struct buf *out, const char *text)
{
	buf_clear(out);
	buf_printf(out, "err ");
	for (; *text != '\0'; text++)
		buf_putc(out, (unsigned char)*text < 0x20 || *text == 0x7F ? '?' : *text);
}

static void
answer(struct pages *pages, const struct options *o, char *line, struct buf *out)
{
	const struct source *s;
	struct err err = { .msg = "" };

	buf_clear(out);
	if (strncmp(line, "get ", 4) != 0) {
		put_reason(out, strncmp(line, "set ", 4) == 0 ? "pages are only read"
							      : "neither get nor set");
		return;
	}
	s = find(o, line + 4);
	if (s == NULL) {
		put_reason(out, "no channel of this name; it is NAME in NAME=URL#json:PATH");
		return;
	}
	buf_printf(out, "ok ");
	if (pages_get(pages, s, out, &err) < 0)
		put_reason(out, err.msg);
}

/* Until the other side closes, or says what no line is. */
static int
run(struct pages *pages, const struct options *o)
{
	char line[QUESTION_MAX + 1];
	struct buf out = { 0 };
	int rc = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strchr(line, '\n') == NULL) {
			log_err("a line of over %d bytes, or without an end", QUESTION_MAX);
			rc = 1;
			break;
		}
		line[strcspn(line, "\r\n")] = '\0';
		answer(pages, o, line, &out);
		if (printf("%s\n", buf_text(&out)) < 0 || fflush(stdout) != 0)
			break;
	}
	buf_done(&out);
	return rc;
}

int
main(int argc, char **argv)
{
	struct sandbox_report report;
	struct options o;
	struct pages *pages;
	struct err err;
	int rc;

	log_setup("mbc-curl", LOG_LEVEL_INFO);
	self_protect();
	signal(SIGPIPE, SIG_IGN);
	if (options_read(argv, argc, &o, &err) < 0) {
		log_err("%s", err.msg);
		return 1;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		log_err("libcurl cannot be used; is it installed as a whole?");
		return 2;
	}
	sandbox_enter(SANDBOX_CURL, NULL, &report);
	pages = pages_new(&o, &err);
	if (pages == NULL) {
		log_err("%s", err.msg);
		return 2;
	}
	rc = run(pages, &o);
	pages_free(pages);
	options_done(&o);
	curl_global_cleanup();
	return rc;
}
