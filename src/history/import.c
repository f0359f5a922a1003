/* import.c - mbc history import: line protocol and CSV into history files of their own
 *
 * An import touches no file of the recorder. It is filled and verified as import.part, by children that can open nothing for writing, and takes its name
 * when it is whole; readers find it at their next question. One at a time: what lies there under that name at the beginning is of one that was killed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/backup_parts.h"
#include "history/db_given.h"
#include "history/files.h"
#include "history/import.h"
#include "history/query_cli.h"
#include "history/query_inside.h"
#include "history/stamp.h"
#include "io/now.h"
#include "io/sandbox.h"

#define PART "import.part"

static volatile sig_atomic_t worker, is_ended;

static void
on_end(int sig)
{
	is_ended = 1;
	if (worker > 0)
		kill(worker, SIGKILL);
}

static void
take_signals(void (*handler)(int sig))
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < NELEM(ends); i++)
		signal(ends[i], handler);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- children ------------------------------------------------------------------------------------------------------------- */

/* What was put in is what is there, and the file is as a history file should be. */
static int
check(const struct import_job *job, struct import_found *f)
{
	struct verify_numbers numbers;
	char *lines = NULL;
	size_t n_lines = 0;
	FILE *told;
	uint64_t n, sum;
	struct stat st;
	sqlite3 *db;
	int rc = fstat(job->out, &st) < 0 ? ERR_IO : 0, faults;

	if (rc == 0)
		rc = import_read_back(job->out, PART, &n, &sum, &f->err);
	if (rc == 0 && (n != f->n || sum != f->sum))
		rc = err_set(&f->err, ERR_IO, 0,
			"what was written is not what was read: %llu values of %llu; look at that "
			"disk",
			(unsigned long long)n, (unsigned long long)f->n);
	if (rc == 0)
		rc = db_given_open(&db, job->out, PART, false, &f->err);
	if (rc < 0)
		return f->rc = rc;
	told = open_memstream(&lines, &n_lines);
	if (told == NULL)
		abort();
	faults = verify_one(db, PART, (uint64_t)st.st_size, told, &numbers);
	fclose(told);
	db_close(db);
	if (faults > 0)
		fputs(lines, stderr);
	free(lines);
	if (faults > 0 || numbers.samples != f->n)
		return f->rc = err_set(&f->err, ERR_IO, 0,
			       "what was written has %d faults; look at that disk", faults);
	return f->rc = 0;
}

static int
run_child(const struct import_job *job, int (*fn)(const struct import_job *, struct import_found *),
	struct import_found *f)
{
	int ends[2];
	size_t n = 0;
	ssize_t k;
	pid_t pid;

	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(&f->err, ERR_IO, errno, "making a pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		take_signals(SIG_DFL);
		query_confine(job->dir);
		f->rc = fn(job, f);
		fflush(NULL);
		_exit(write(ends[1], f, sizeof(*f)) == sizeof(*f) ? 0 : 1);
	}
	worker = pid;
	close(ends[1]);
	while (n < sizeof(*f) && ((k = read(ends[0], (char *)f + n, sizeof(*f) - n)) > 0 ||
					 (k < 0 && errno == EINTR)))
		n += (size_t)MAX(k, (ssize_t)0);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	worker = 0;
	if (n == sizeof(*f) && is_ended == 0)
		return f->rc;
	return err_set(&f->err, ERR_IO, 0,
		is_ended ? "it was ended before it was whole; nothing was imported"
			 : "the process that reads died; nothing was imported");
}

/* ---- the file ------------------------------------------------------------------------------------------------------------- */

static int
cannot_write(const char *dir, int sys, struct err *err)
{
	return err_set(err, ERR_IO, sys, "writing '%.80s/" PART "': %s; %s. Nothing was imported",
		dir, strerror(sys),
		sys == ENOSPC || sys == EDQUOT  ? "free some room there"
		: sys == EFBIG                  ? "files of that size are not allowed there"
		: sys == EACCES || sys == EPERM ? "ask as the user of the bench, or as root"
						: "look at that disk");
}

static int
lock_folder(const char *dir, struct err *err)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return err_set(err, ERR_IO, errno, "'%.100s': %s", dir, strerror(errno));
	if (flock(at, LOCK_EX | LOCK_NB) == 0)
		return at;
	close(at);
	return err_set(err, ERR_CONF, 0,
		"another import into '%.100s' is under way; wait for its end", dir);
}

static int
next_number(const char *dir, uint32_t *out, struct err *err)
{
	struct history_file *list;
	int n = files_imports(dir, &list, err);

	if (n < 0)
		return n;
	*out = n == 0 ? 1 : list[n - 1].ordinal - FILES_IMPORT + 1;
	free(list);
	return *out <= 99999 ? 0
			     : err_set(err, ERR_CONF, 0, "there are 99999 imports; take some away");
}

/* As the recorder itself would have made it. */
static int
give(int fd)
{
	struct sandbox_user user;

	if (sandbox_user_find(SANDBOX_HISTORY, &user) && user.is_other &&
		fchown(fd, user.uid, user.gid) < 0)
		return -1;
	return fchmod(fd, 0640);
}

static int
give_name(const struct import_job *job, int at, const struct import_found *f, char *name,
	struct err *err)
{
	files_import_name(name, job->number, f->first_ns, f->hash);
	if (give(job->out) < 0 || fsync(job->out) < 0 || renameat(at, PART, at, name) < 0)
		return cannot_write(job->dir, errno, err);
	(void)!fsync(at);
	return 0;
}

static int
fill(struct import_job *job, int at, struct import_found *f, char *name, struct err *err)
{
	int rc = run_child(job, import_fill, f);

	if (rc < 0) {
		*err = f->err;
		return f->target_sys != 0 ? cannot_write(job->dir, f->target_sys, err) : rc;
	}
	rc = run_child(job, check, f);
	if (rc < 0) {
		*err = f->err;
		return rc;
	}
	if (is_ended)
		return err_set(
			err, ERR_IO, 0, "it was ended before it was whole; nothing was imported");
	return give_name(job, at, f, name, err);
}

static int
make(struct import_job *job, struct import_found *f, char *name, struct err *err)
{
	int at = lock_folder(job->dir, err), rc;

	if (at < 0)
		return at;
	rc = next_number(job->dir, &job->number, err);
	if (rc == 0 && unlinkat(at, PART, 0) < 0 && errno != ENOENT)
		rc = cannot_write(job->dir, errno, err);
	if (rc == 0) {
		job->out =
			openat(at, PART, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		rc = job->out < 0 ? cannot_write(job->dir, errno, err)
				  : fill(job, at, f, name, err);
		if (job->out >= 0)
			close(job->out);
		if (rc < 0)
			unlinkat(at, PART, 0);
	}
	close(at);
	return rc;
}

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

static int
unit_of(const char *text, int64_t *out)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "s", NS_PER_S }, { "ms", NS_PER_MS }, { "us", 1000 }, { "ns", 1 } };

	for (size_t i = 0; i < NELEM(units); i++)
		if (strcmp(text, units[i].name) == 0) {
			*out = units[i].ns;
			return 0;
		}
	return query_say(QUERY_WRONG, "--precision takes s, ms, us or ns");
}

static int
format_of(const char *text, enum import_format *out)
{
	*out = strcmp(text, "influx") == 0 ? IMPORT_INFLUX : IMPORT_CSV;
	return strcmp(text, "influx") == 0 || strcmp(text, "csv") == 0
		       ? 0
		       : query_say(QUERY_WRONG, "--format takes influx or csv");
}

struct words {
	struct import_job job;
	const char *precision, *format, *remove;
	bool is_list;
};

static int
take_words(struct words *w, int argc, char **argv)
{
	const struct {
		const char *name;
		const char **to;
	} options[] = { { "--format", &w->format }, { "--precision", &w->precision },
		{ "--zone", &w->job.zone }, { "--name", &w->job.template },
		{ "--time", &w->job.time }, { "--from", &w->job.from }, { "--to", &w->job.to },
		{ "--remove", &w->remove } };

	for (int i = 0; i < argc; i++) {
		size_t k = 0;

		while (k < NELEM(options) && strcmp(argv[i], options[k].name) != 0)
			k++;
		if (k < NELEM(options) && i + 1 < argc)
			*options[k].to = argv[++i];
		else if (strcmp(argv[i], "--skip-bad") == 0)
			w->job.may_skip = true;
		else if (strcmp(argv[i], "--list") == 0)
			w->is_list = true;
		else if (argv[i][0] == '-' || argv[i][0] == '\0') {
			fprintf(stderr,
				"mbc: option '%s' is unknown or lacks its value; see 'mbc history "
				"--help'\n",
				argv[i]);
			return QUERY_WRONG;
		} else
			w->job.names[w->job.n++] = argv[i];
	}
	if (w->format != NULL && format_of(w->format, &w->job.format) != 0)
		return QUERY_WRONG;
	if (w->precision != NULL && unit_of(w->precision, &w->job.unit_ns) != 0)
		return QUERY_WRONG;
	if (w->is_list || w->remove != NULL)
		return w->job.n > 0 ? query_say(QUERY_WRONG, "--list and --remove take no file")
				    : 0;
	return w->job.n > 0
		       ? 0
		       : query_say(QUERY_WRONG,
				 "usage: mbc history import FILE... [--format influx|csv] "
				 "[--precision s|ms|us|ns] [--zone Z] [--name TEMPLATE] [--time "
				 "COLUMN] [--from T] [--to T] [--skip-bad] | --list | --remove N");
}

static int
open_files(struct import_job *job)
{
	for (size_t i = 0; i < job->n; i++) {
		struct stat st;

		job->fds[i] = open(job->names[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (job->fds[i] < 0 || fstat(job->fds[i], &st) < 0) {
			fprintf(stderr, "mbc: reading '%s': %s\n", job->names[i], strerror(errno));
			return QUERY_WRONG;
		}
		if (!S_ISREG(st.st_mode)) {
			fprintf(stderr,
				"mbc: '%s' is no file that can be read twice; write it to one "
				"first\n",
				job->names[i]);
			return QUERY_WRONG;
		}
	}
	return 0;
}

/* ---- what is told --------------------------------------------------------------------------------------------------------- */

static void
put_range(struct buf *out, int64_t first_ns, int64_t last_ns)
{
	struct stamp stamp = { 0 };

	stamp_put(&stamp, out, first_ns);
	buf_puts(out, " to ");
	stamp_put(&stamp, out, last_ns);
}

static void
report(const struct import_job *job, const struct import_found *f, const char *name)
{
	struct buf range = { 0 };

	(void)!stamp_zone("local", NULL);
	put_range(&range, f->first_ns, f->last_ns);
	printf("import %u: %llu values of %zu channels, %zu of them new, from %s (%s)\n",
		job->number, (unsigned long long)f->n, f->n_channels, f->n_new, buf_text(&range),
		name);
	if (f->has_means)
		printf("the files have intervals: their means were taken, and stand at the "
		       "beginnings "
		       "of the intervals\n");
	if (f->outside > 0)
		printf("%llu values outside of --from and --to were left out\n",
			(unsigned long long)f->outside);
	if (f->skipped > 0)
		printf("%llu lines of %llu were left out\n", (unsigned long long)f->skipped,
			(unsigned long long)f->lines);
	buf_done(&range);
}

/* ---- list, remove --------------------------------------------------------------------------------------------------------- */

static int
print_one(const char *dir, const struct history_file *file)
{
	char path[PATH_MAX];
	struct buf range = { 0 };
	int64_t n = 0, first = 0, last = 0;
	struct err err;
	sqlite3 *db;
	int rc;

	snprintf(path, sizeof(path), "%.4000s/%s", dir, file->name);
	rc = db_open_read(&db, path, &err);
	if (rc == 0)
		rc = db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'samples'",
			0, &n, &err);
	if (rc == 0)
		rc = db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'first'", 0,
			&first, &err);
	if (rc == 0)
		rc = db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last'", 0,
			&last, &err);
	db_close(db);
	if (rc < 0)
		return query_failed(&err);
	put_range(&range, first, last);
	printf("%u  %s  %lld values  %.1f MB  %s\n", file->ordinal - FILES_IMPORT, buf_text(&range),
		(long long)n, (double)file->bytes / 1e6, file->name);
	buf_done(&range);
	return QUERY_GOOD;
}

static int
print_list(const char *dir)
{
	struct history_file *list;
	struct err err;
	int n, code = stamp_zone("local", &err);

	query_confine(dir);
	n = files_imports(dir, &list, &err);
	if (n < 0)
		return query_failed(&err);
	for (int i = 0; i < n; i++)
		code = MAX(code, print_one(dir, &list[i]));
	if (n == 0)
		printf("nothing was imported\n");
	free(list);
	return code;
}

static int
remove_import(const char *dir, const char *word)
{
	struct history_file *list;
	struct err err;
	int64_t number = 0;
	int n, at = lock_folder(dir, &err), code = -1;

	if (at < 0)
		return query_failed(&err);
	n = files_imports(dir, &list, &err);
	for (int i = 0; i < n && text_to_int(word, &number) && code < 0; i++)
		if (number == (int64_t)(list[i].ordinal - FILES_IMPORT)) {
			code = files_remove(dir, &list[i], &err) < 0 ? query_failed(&err)
								     : QUERY_GOOD;
			if (code == QUERY_GOOD)
				printf("import %s is taken away (%s)\n", word, list[i].name);
		}
	if (n >= 0)
		free(list);
	(void)!fsync(at);
	close(at);
	if (n < 0)
		return query_failed(&err);
	return code >= 0 ? code
			 : query_say(QUERY_WRONG, "there is no import of that number; 'mbc history "
						  "import --list' tells "
						  "them");
}

int
query_import(const char *dir, int argc, char **argv)
{
	struct words w = { .job = { .dir = dir, .template = IMPORT_TEMPLATE, .zone = "" } };
	struct import_found found = { 0 };
	char name[FILES_NAME_MAX];
	struct err err;
	int code;

	w.job.names = mem_zero((size_t)argc + 1, sizeof(*w.job.names));
	w.job.fds = mem_zero((size_t)argc + 1, sizeof(*w.job.fds));
	code = take_words(&w, argc, argv);
	if (code == 0 && w.is_list)
		code = print_list(dir);
	else if (code == 0 && w.remove != NULL)
		code = remove_import(dir, w.remove);
	else if (code == 0 && (code = open_files(&w.job)) == 0) {
		take_signals(on_end);
		w.job.now_ns = now_boot() + now_wall_offset();
		if (make(&w.job, &found, name, &err) < 0)
			code = query_failed(&err);
		else
			report(&w.job, &found, name);
	}
	free(w.job.names);
	free(w.job.fds);
	return code;
}
