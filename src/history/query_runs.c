/* query_runs.c - mbc record list and show */
#include "history/query_runs.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "history/query_inside.h"
#include "history/run_text.h"

bool
query_number(const char *word, uint32_t *out)
{
	int64_t v;

	if (word == NULL || !text_to_int(word, &v) || v < 1 || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

struct list {
	struct reader *r;
	struct buf out;
	struct stamp stamp;
	bool is_json;
	size_t n;
	int rc;
	struct err *err;
};

static void
list_run(void *ctx, const struct run_row *run)
{
	struct list *l = ctx;

	if (l->is_json) {
		buf_puts(&l->out, l->n > 0 ? ",\n{" : "\n{");
		run_json(&l->out, &l->stamp, run);
		buf_putc(&l->out, '}');
	} else if (l->rc == 0) {
		l->rc = run_line(&l->out, l->r, &l->stamp, run, l->err);
	}
	l->n++;
	if (fwrite(l->out.data, 1, l->out.n, stdout) < l->out.n)
		l->rc = err_set(l->err, ERR_IO, 0, "writing the list");
	buf_clear(&l->out);
}

static bool
has_json(int *argc, char **argv)
{
	for (int i = 0; i < *argc; i++)
		if (strcmp(argv[i], "--json") == 0) {
			memmove(argv + i, argv + i + 1, (size_t)(*argc - i - 1) * sizeof(*argv));
			--*argc;
			return true;
		}
	return false;
}

int
query_runs(const char *dir, int argc, char **argv)
{
	struct err err;
	struct list l = { .is_json = has_json(&argc, argv), .err = &err };

	if (argc != 0)
		return query_say(QUERY_WRONG, "usage: mbc record list [--json]");
	query_confine(dir);
	l.r = reader_open(dir, &err);
	l.rc = l.r == NULL ? err.code : stamp_zone("local", &err);
	if (l.rc == 0) {
		int rc;

		fputs(l.is_json ? "[" : "", stdout);
		rc = runs_list(l.r, list_run, &l, &err);
		l.rc = rc < 0 ? rc : l.rc;
		fputs(l.is_json ? "]\n" : "", stdout);
	}
	if (l.rc == 0 && l.n == 0 && !l.is_json)
		puts("no run yet; 'mbc record start' begins one");
	reader_close(l.r);
	buf_done(&l.out);
	return l.rc < 0 ? query_failed(&err) : QUERY_GOOD;
}

int
query_run(const char *dir, int argc, char **argv)
{
	bool is_json = has_json(&argc, argv);
	static struct run_row run;
	struct stamp stamp = { 0 };
	struct buf out = { 0 };
	struct reader *r;
	struct err err;
	uint32_t number;
	int rc;

	if (argc != 1 || !query_number(argv[0], &number))
		return query_say(QUERY_WRONG,
			"usage: mbc record show N [--json]; 'mbc record list' shows the numbers");
	query_confine(dir);
	r = reader_open(dir, &err);
	rc = r == NULL ? err.code : stamp_zone("local", &err);
	if (rc == 0)
		rc = runs_find(r, number, &run, &err);
	if (rc == 0 && is_json) {
		buf_putc(&out, '{');
		run_json(&out, &stamp, &run);
		buf_puts(&out, ",\n");
		rc = run_json_notes(&out, r, &stamp, &run, &err);
		buf_puts(&out, "}\n");
	} else if (rc == 0) {
		rc = run_page(&out, r, &stamp, &run, &err);
	}
	if (rc == 0)
		fwrite(out.data, 1, out.n, stdout);
	reader_close(r);
	buf_done(&out);
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}
