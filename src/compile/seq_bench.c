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
#include "compile/seq_program.h"

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

/* Read, and check; q NULL: it could not be read. Code as seq_bench_file(). */
static int
check_file(struct bench *b, struct diag *d, const char *path, struct seq **out)
{
	struct err err;
	struct seq *q;

	d->max = SEQ_SHOWN_MAX;
	q = seq_read(&b->tree, d, path, &err);
	*out = q;
	if (q == NULL && err.msg[0] != '\0')
		log_err("%s", err.msg);
	if (q != NULL && q->name.text == NULL && d->n_errors == 0)
		return SEQ_BENCH_STEPS;
	if (q != NULL) {
		seq_load(&b->tree, d, path, q);
		if (d->n_errors == 0) /* what was not understood would be told a second time */
			seq_check(b, d, q);
	}
	if (q == NULL && err.msg[0] != '\0' && err.code == ERR_IO)
		return 2;
	return q == NULL || d->n_errors > 0 ? 1 : 0;
}

int
seq_bench_file(struct bench *b, const char *path)
{
	struct diag *d = mem_zero(1, sizeof(*d));
	struct seq *q;
	int code = check_file(b, d, path, &q);

	if (code != SEQ_BENCH_STEPS)
		diag_print(d, stderr);
	diag_done(d);
	free(d);
	return code;
}

/* What comes of it is in b->programs. */
static void
take_file(struct bench *b, const char *path)
{
	struct diag *d = mem_zero(1, sizeof(*d));
	struct seq *q;
	int code = check_file(b, d, path, &q);

	b->programs->n_files += code != SEQ_BENCH_STEPS;
	if (code == 0 && !seq_programs_add(b, d, q, path))
		code = 1;
	if (code == SEQ_BENCH_STEPS && b->only_sequence != NULL) {
		log_err("%s holds steps alone; name the sequence that includes it", path);
		b->programs->code = 1;
	}
	if (code != SEQ_BENCH_STEPS) {
		diag_print(d, stderr);
		b->programs->code = MAX(b->programs->code, code);
	}
	diag_done(d);
	free(d);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files of `sequences:` in the order of their names; the number of them, or the negative of an exit code that was told. */
static int
list(struct bench *b, const char *names[SEQ_FILES_MAX])
{
	const char *file = b->diag.files[b->sequences_at.file], *slash = strrchr(file, '/');
	int folder = b->sequences[0] == '/' || slash == NULL ? 0 : (int)(slash - file + 1);
	char path[1024];
	struct dirent *e;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%.*s%s", folder, file, b->sequences);
	dir = opendir(path);
	if (dir == NULL) {
		fprintf(stderr,
			"%s:%u:%u: error: %s: %s; make the folder, or correct the key "
			"[sequences]\n",
			file, b->sequences_at.line, b->sequences_at.column, path, strerror(errno));
		return -1;
	}
	while ((e = readdir(dir)) != NULL && n < SEQ_FILES_MAX) {
		if (e->d_name[0] == '.' || !seq_bench_is_name(e->d_name))
			continue;
		snprintf(path, sizeof(path), "%.*s%s/%s", folder, file, b->sequences, e->d_name);
		names[n++] = tree_text(&b->tree, path, strlen(path));
	}
	closedir(dir);
	qsort(names, (size_t)n, sizeof(names[0]), compare_names);
	return n;
}

void
seq_bench_take(struct bench *b)
{
	const char *names[SEQ_FILES_MAX];
	int n = b->sequences == NULL ? 0 : list(b, names);

	b->programs->code = n < 0 ? -n : 0;
	for (int i = 0; i < n; i++)
		take_file(b, names[i]);
}

void
seq_bench_take_one(struct bench *b, const char *path)
{
	take_file(b, path);
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
