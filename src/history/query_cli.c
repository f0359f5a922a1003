/* query_cli.c - mbc export, mbc history: answers to a file or to standard output */
#include "history/query_cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "history/answer.h"
#include "history/buckets.h"
#include "history/covers.h"
#include "history/files.h"
#include "history/query_inside.h"
#include "history/query_runs.h"
#include "history/verify.h"
#include "io/now.h"
#include "io/sandbox.h"

int (*query_xlsx)(int fd, const char *path, struct err *err);
int (*query_hdf5)(int fd, const char *path, struct err *err);

int
query_say(int code, const char *text)
{
	fprintf(stderr, "mbc: %s\n", text);
	return code;
}

int
query_failed(const struct err *err)
{
	return query_say(err->code == ERR_CONF ? QUERY_WRONG : QUERY_FAILED, err->msg);
}

/* A damaged file is read by a process that can open nothing for writing. It keeps no right of root's to read what is another's: then it becomes the
 * user that answers the data server. */
void
query_confine(const char *dir)
{
	const char *const folders[] = { dir, STAMP_ZONES, "/etc/localtime", NULL };
	struct sandbox_report report;
	struct sandbox_user user;

	if (sandbox_user_find(SANDBOX_QUERY, &user) && sandbox_user_can(&user, dir, R_OK) &&
		sandbox_user_enter(&user) < 0)
		_exit(QUERY_FAILED); /* half of somebody else */
	sandbox_enter(SANDBOX_QUERY, folders, &report);
}

int
query_write(int fd, struct buf *out)
{
	for (size_t at = 0; at < out->n;) {
		ssize_t n = write(fd, out->data + at, out->n - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	buf_clear(out);
	return 0;
}

/* ---- export -------------------------------------------------------------------------------------------------------------- */

static int
print_answer(const char *dir, struct ask *ask, int fd)
{
	struct reader *r;
	struct answer *a = NULL;
	struct buf out = { 0 };
	struct err err;
	int rc, wrote = 0;

	r = reader_open(dir, &err);
	rc = r == NULL ? err.code : 0;
	if (rc == 0) {
		a = answer_new(r, ask, &err);
		rc = a == NULL ? err.code : 1;
	}
	/* What stood in the file goes when the question is known to be a good one. */
	if (rc == 1 && fd != STDOUT_FILENO && ftruncate(fd, 0) < 0 && errno != EINVAL)
		wrote = -errno;
	while (rc == 1 && wrote == 0) {
		rc = answer_step(a, &out, &err);
		wrote = rc < 0 ? 0 : query_write(fd, &out);
	}
	answer_free(a);
	reader_close(r);
	buf_done(&out);
	if (wrote == -EPIPE)
		return QUERY_GOOD; /* head, less: whoever read has seen enough */
	if (wrote < 0)
		return query_say(QUERY_FAILED, strerror(-wrote));
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}

struct words {
	struct ask_words ask;
	const char *out;
	struct buf channels;
};

static int
take_word(struct words *w, char **argv, int argc, int *at)
{
	const struct {
		const char *name;
		const char **to;
	} options[] = { { "--from", &w->ask.from }, { "--to", &w->ask.to },
		{ "--every", &w->ask.every }, { "--points", &w->ask.points },
		{ "--format", &w->ask.format }, { "--zone", &w->ask.zone }, { "--x", &w->ask.x },
		{ "--since", &w->ask.since }, { "--out", &w->out } };
	const char *word = argv[*at];

	if (word[0] != '-') {
		buf_printf(&w->channels, "%s%s", w->channels.n > 0 ? "," : "", word);
		return 0;
	}
	if (strcmp(word, "--raw") == 0) {
		w->ask.raw = "1";
		return 0;
	}
	for (size_t i = 0; i < NELEM(options); i++)
		if (strcmp(word, options[i].name) == 0 && *at + 1 < argc) {
			*options[i].to = argv[++*at];
			return 0;
		}
	fprintf(stderr, "mbc: option '%s' is unknown or lacks its value; see 'mbc export --help'\n",
		word);
	return -1;
}

static int
open_out(const char *path)
{
	int fd;

	if (path == NULL)
		return STDOUT_FILENO;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		fprintf(stderr, "mbc: writing '%s': %s\n", path, strerror(errno));
	return fd;
}

/* The history is read by a confined child; the spreadsheet is written beside its place, and takes it when it is whole. */
static int
export_sheet(const char *dir, struct ask *ask, const char *path)
{
	int (*put)(int fd, const char *path, struct err *err) =
		ask->is_hdf5 ? query_hdf5 : query_xlsx;
	char part[4096 + 32];
	struct err err;
	int ends[2], status = 0, rc, code;
	pid_t child;

	if (put == NULL && ask->is_hdf5)
		return query_say(QUERY_WRONG,
			"this mbc is built without HDF5 (meson option hdf5); write --format csv or "
			"xlsx");
	if (path == NULL || put == NULL)
		return query_say(QUERY_WRONG,
			ask->is_hdf5 ? "HDF5 is written to a file; add --out FILE.h5"
				     : "a spreadsheet is written to a file; add --out FILE.xlsx");
	if (strlen(path) > 4096)
		return query_say(QUERY_WRONG, "the name of --out is too long");
	snprintf(part, sizeof(part), "%s.part-%ld", path, (long)getpid());
	if (pipe2(ends, O_CLOEXEC) < 0)
		return query_say(QUERY_FAILED, strerror(errno));
	child = fork();
	if (child == 0) {
		close(ends[0]);
		query_confine(dir);
		_exit(print_answer(dir, ask, ends[1]));
	}
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return query_say(QUERY_FAILED, strerror(errno));
	}
	rc = put(ends[0], part, &err);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : QUERY_FAILED;
	if (rc < 0)
		return query_failed(&err);
	if (code == QUERY_GOOD && rename(part, path) < 0)
		code = query_say(QUERY_FAILED, strerror(errno));
	if (code != QUERY_GOOD)
		unlink(part);
	return code;
}

static int export(const char *dir, int argc, char **argv)
{
	struct words w = { .ask = { .format = "csv" } };
	struct ask ask = { 0 };
	struct err err;
	int code = QUERY_WRONG, fd;

	for (int i = 0; i < argc; i++)
		if (take_word(&w, argv, argc, &i) < 0)
			goto out;
	w.ask.channels = buf_text(&w.channels);
	if (w.ask.from == NULL && w.ask.since == NULL)
		w.ask.from = "first";
	if (w.ask.every == NULL && w.ask.points == NULL)
		w.ask.raw = "1";
	if (ask_read(&w.ask, now_boot() + now_wall_offset(), true, &ask, &err) < 0) {
		code = query_failed(&err);
		goto out;
	}
	if (ask.form == ASK_XLSX) {
		code = export_sheet(dir, &ask, w.out);
		goto out;
	}
	fd = open_out(w.out);
	if (fd < 0) {
		code = QUERY_FAILED;
		goto out;
	}
	query_confine(dir);
	code = print_answer(dir, &ask, fd);
	if (close(fd) < 0 && code == QUERY_GOOD)
		code = query_say(QUERY_FAILED, strerror(errno));
out:
	ask_done(&ask);
	buf_done(&w.channels);
	return code;
}

/* ---- files, gaps, verify ------------------------------------------------------------------------------------------------- */

static uint64_t
print_list(const char *dir, const struct history_file *list, int n)
{
	uint64_t bytes = 0;

	for (int i = 0; i < n; i++) {
		printf("%s/%s  %.1f MB\n", dir, list[i].name, (double)list[i].bytes / 1e6);
		bytes += list[i].bytes;
	}
	return bytes;
}

static int
print_files(const char *dir)
{
	struct history_file *list, *imports;
	struct err err;
	int n = files_list(dir, &list, &err),
	    n_imports = n < 0 ? n : files_imports(dir, &imports, &err);
	uint64_t bytes;

	if (n < 0)
		return query_failed(&err);
	if (n_imports < 0) {
		free(list);
		return query_failed(&err);
	}
	bytes = print_list(dir, list, n);
	bytes += print_list(dir, imports, n_imports);
	if (n + n_imports > 1)
		printf("%d files, %.1f MB\n", n + n_imports, (double)bytes / 1e6);
	free(list);
	free(imports);
	return QUERY_GOOD;
}

struct gap_list {
	struct stamp stamp;
	struct buf line;
	const struct reader_cover *covers;
	size_t n_covers;
};

static void
print_rest(struct gap_list *l, const struct reader_gap *gap)
{
	buf_clear(&l->line);
	if (gap->from_ns == INT64_MIN)
		buf_puts(&l->line, "until");
	else
		stamp_put(&l->stamp, &l->line, gap->from_ns);
	buf_putc(&l->line, ' ');
	stamp_put(&l->stamp, &l->line, gap->to_ns);
	buf_printf(&l->line, "  %s: %s", gap->cause, answer_cause(gap->cause));
	if (gap->missed > 0)
		buf_printf(&l->line, "; %llu values", (unsigned long long)gap->missed);
	puts(buf_text(&l->line));
}

/* Without the times of what was imported. */
static void
print_gap(void *ctx, const struct reader_gap *gap)
{
	struct gap_list *l = ctx;
	struct reader_gap *rest;
	size_t n = covers_cut(gap, 1, l->covers, l->n_covers, BUCKETS_HOLD_NS, &rest);

	for (size_t i = 0; i < n; i++)
		print_rest(l, &rest[i]);
	free(rest);
}

static int
print_gaps(const char *dir)
{
	struct gap_list l = { 0 };
	struct err err;
	struct reader *r = reader_open(dir, &err);
	struct reader_cover *covers = NULL;
	int rc = r == NULL ? err.code : stamp_zone("local", &err);

	if (rc == 0)
		rc = reader_covers(r, NULL, &covers, &err);
	if (rc >= 0 && r != NULL) {
		l.n_covers = covers_join(covers, (size_t)rc);
		l.covers = covers;
		rc = 0;
	}
	if (rc == 0)
		rc = reader_gaps(r, INT64_MIN, INT64_MAX, print_gap, &l, &err);
	reader_close(r);
	free(covers);
	buf_done(&l.line);
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}

static int
verify(const char *dir)
{
	struct err err;
	int n = verify_store(dir, stdout, &err);

	if (n < 0)
		return query_failed(&err);
	if (n == 0)
		return QUERY_GOOD;
	printf("%d faults. What can be read is read as before; copy the folder away before "
	       "anything "
	       "else, then\n"
	       "replace a damaged file by a copy from a backup ('sqlite3 FILE .recover' saves what "
	       "is left in it).\n",
		n);
	return QUERY_WRONG;
}

int
query_cli(const char *dir, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *dir);
	} commands[] = { { "verify", verify }, { "files", print_files }, { "gaps", print_gaps } };
	static const struct {
		const char *name;
		int (*run)(const char *dir, int argc, char **argv);
	} runs[] = { { "runs", query_runs }, { "run", query_run },
		{ "run-export", query_run_export }, { "backup", query_backup },
		{ "import", query_import }, { "compact", query_compact } };

	if (argc > 0 && strcmp(argv[0], "restore") == 0)
		return query_restore(argc - 1, argv + 1);
	if (argc > 0 && strcmp(argv[0], "export") == 0)
		return export(dir, argc - 1, argv + 1);
	for (size_t i = 0; i < NELEM(runs); i++)
		if (argc > 0 && strcmp(argv[0], runs[i].name) == 0)
			return runs[i].run(dir, argc - 1, argv + 1);
	for (size_t i = 0; i < NELEM(commands); i++)
		if (argc == 1 && strcmp(argv[0], commands[i].name) == 0) {
			query_confine(dir);
			return commands[i].run(dir);
		}
	return query_say(QUERY_WRONG, "mbc-query --dir FOLDER export CHANNEL... | verify | files | "
				      "gaps | backup FOLDER | import FILE... | compact");
}
