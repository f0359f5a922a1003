/* seq_bench.c - the sequences of a bench, checked with it */
#include "compile/seq_bench.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "compile/seq_check.h"
#include "compile/seq_load.h"

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n > k && strcmp(text + n - k, end) == 0;
}

bool
seq_bench_is_name(const char *path)
{
	return ends_with(path, ".seq") || ends_with(path, ".seq.json");
}

int
seq_bench_file(struct bench *b, const char *path)
{
	struct diag *d = mem_zero(1, sizeof(*d));
	struct err err;
	struct seq *q;
	int code;

	d->max = SEQ_SHOWN_MAX;
	q = seq_read(&b->tree, d, path, &err);
	if (q == NULL && err.msg[0] != '\0')
		log_err("%s", err.msg);
	if (q != NULL && q->name.text == NULL && d->n_errors == 0) {
		diag_done(d);
		free(d);
		return SEQ_BENCH_STEPS;
	}
	if (q != NULL) {
		seq_load(&b->tree, d, path, q);
		if (d->n_errors == 0) /* what was not understood would be told a second time */
			seq_check(b, d, q);
	}
	diag_print(d, stderr);
	code = q == NULL && err.msg[0] != '\0' && err.code == ERR_IO ? 2
	       : q == NULL || d->n_errors > 0                        ? 1
								     : 0;
	diag_done(d);
	free(d);
	return code;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int
seq_bench_all(struct bench *b, uint32_t *out_n)
{
	const char *slash = strrchr(b->path, '/');
	int folder = b->sequences[0] == '/' || slash == NULL ? 0 : (int)(slash - b->path + 1);
	const char *names[SEQ_FILES_MAX];
	char path[1024];
	struct dirent *e;
	uint32_t n = 0;
	int code = 0;
	DIR *dir;

	*out_n = 0;
	snprintf(path, sizeof(path), "%.*s%s", folder, b->path, b->sequences);
	dir = opendir(path);
	if (dir == NULL) {
		log_err("sequences: %s: %s; make the folder, or correct the key", path,
			strerror(errno));
		return 1;
	}
	while ((e = readdir(dir)) != NULL && n < SEQ_FILES_MAX)
		if (e->d_name[0] != '.' && seq_bench_is_name(e->d_name))
			names[n++] = tree_text(&b->tree, e->d_name, strlen(e->d_name));
	closedir(dir);
	qsort(names, n, sizeof(names[0]), compare_names);
	for (uint32_t i = 0; i < n; i++) {
		int rc;

		snprintf(path, sizeof(path), "%.*s%s/%s", folder, b->path, b->sequences, names[i]);
		rc = seq_bench_file(b, path);
		if (rc != SEQ_BENCH_STEPS) {
			code = MAX(code, rc);
			++*out_n;
		}
	}
	return code;
}

bool
seq_bench_find(const char *path, char *out, size_t cap)
{
	static const char *const above[] = { "", "../", "../../" };
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int)(slash - path + 1);

	for (size_t i = 0; i < NELEM(above); i++) {
		int n = snprintf(out, cap, "%.*s%sbench.yaml", folder, path, above[i]);

		if (n > 0 && (size_t)n < cap && access(out, R_OK) == 0)
			return true;
	}
	return false;
}
