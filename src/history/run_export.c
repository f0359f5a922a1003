/* run_export.c - mbc record export: a run as a folder that can be taken along
 *
 * The files are made in a folder of another name beside it, which gets its own when all of them are on the disk: a folder of that name is whole.
 * The store is read by a child that can open nothing for writing: it has the open files and no more. The parent, which makes and moves the folder,
 * reads nothing of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/buckets.h"
#include "history/query_inside.h"
#include "history/query_runs.h"
#include "history/run_csv.h"
#include "history/run_text.h"

enum { FILE_VALUES, FILE_RUN, FILE_BENCH, FILE_LOAD, FILE_README, FILES };

static const char *const file_names[FILES] = { "values.csv", "run.json", "bench.yaml", "load.py",
	"README.txt" };

/* For any pandas of the last ten years: times are made of seconds, whose form never differs. */
#define LOAD                                                                                       \
	"\"\"\"This run in pandas: python3 load.py, or in a notebook: from load import values, "   \
	"run\"\"\"\n"                                                                              \
	"import json\n"                                                                            \
	"import pathlib\n"                                                                         \
	"import pandas as pd\n"                                                                    \
	"\n"                                                                                       \
	"here = pathlib.Path(__file__).resolve().parent\n"                                         \
	"run = json.loads((here / \"run.json\").read_text(encoding=\"utf-8\"))\n"                  \
	"values = pd.read_csv(here / \"values.csv\", sep=\"%c\", decimal=\"%c\", "                 \
	"encoding=\"utf-8-sig\")\n"                                                                \
	"values[\"time\"] = pd.Timestamp(run[\"begin\"]) + pd.to_timedelta(values[\"seconds\"], "  \
	"unit=\"s\")\n"                                                                            \
	"values = values.set_index(\"time\")\n"                                                    \
	"if __name__ == \"__main__\":\n"                                                           \
	"    print(run[\"title\"], run[\"fields\"], values.describe(), sep=\"\\n\")\n"

static const char readme[] =
	"A run of an experiment, exported by mbc (Modular Bench Controller)\r\n"
	"\r\n"
	"values.csv  all channels. time: ISO 8601 with zone; seconds: since the run began; a "
	"column a channel, its unit in [ ].\r\n"
	"            A row a moment at which something was measured. An empty cell: nothing new of "
	"this channel, its last value\r\n"
	"            holds (pandas: values.ffill()), or, when 'quality' names the channel, a value "
	"that cannot be trusted.\r\n"
	"            The first row is what held when the run began. gap=...: nothing was recorded "
	"from here on, for this reason.\r\n"
	"run.json    what is known of the run: title, fields, who, begin, end, notes, channels, "
	"gaps\r\n"
	"bench.yaml  the bench file as it was when the run began\r\n"
	"load.py     all of it in pandas, in ten lines\r\n"
	"\r\n"
	"Excel: open values.csv (with a French Excel, export with --csv-fr) and plot against "
	"'seconds'. Origin: Import, CSV.\r\n"
	"\r\n"
	"----\r\n"
	"\r\n"
	"Un essai d'une expérience, exporté par mbc (Modular Bench Controller)\r\n"
	"\r\n"
	"values.csv  toutes les voies. time : ISO 8601 avec fuseau ; seconds : depuis le début de "
	"l'essai ; une colonne par voie,\r\n"
	"            son unité entre [ ]. Une ligne par instant de mesure. Cellule vide : rien de "
	"nouveau pour cette voie, sa\r\n"
	"            dernière valeur reste valable (pandas : values.ffill()), ou, si 'quality' "
	"nomme la voie, valeur non fiable.\r\n"
	"            La première ligne dit ce qui valait au début. gap=... : à partir d'ici rien "
	"n'a été enregistré, et pourquoi.\r\n"
	"run.json    ce qui est connu de l'essai : titre, champs, qui, début, fin, notes, voies, "
	"lacunes\r\n"
	"bench.yaml  le fichier de banc tel qu'il était au début de l'essai\r\n"
	"load.py     le tout dans pandas, en dix lignes\r\n"
	"\r\n"
	"Excel : ouvrir values.csv (Excel français : exporter avec --csv-fr) et tracer en fonction "
	"de 'seconds'.\r\n"
	"Origin : Importer, CSV.\r\n";

struct words {
	uint32_t run;
	const char *out, *zone;
	bool is_french;
	char **patterns;
	int n_patterns;
};

struct folder {
	char path[PATH_MAX]; /* under its other name */
	int at;              /* descriptor; -1 */
	int files[FILES];    /* -1: not made */
};

/* ---- what is exported ----------------------------------------------------------------------------------------------------- */

struct choice {
	struct reader *r;
	const struct words *words;
	const struct run_row *run;
	struct buf names; /* "a\0b\0" */
	size_t n;
	bool *is_used; /* [pattern] */
	int rc;
	struct err *err;
};

/* Without a pattern: all but what the program tells of itself. */
static bool
is_meant(struct choice *c, const char *name)
{
	bool is = c->words->n_patterns == 0 && strncmp(name, "mbc.", 4) != 0;

	for (int i = 0; i < c->words->n_patterns; i++)
		if (fnmatch(c->words->patterns[i], name, 0) == 0)
			is = c->is_used[i] = true;
	return is;
}

static void
choose(void *ctx, const struct reader_channel *ch)
{
	struct choice *c = ctx;
	struct cursor *cursor;
	struct piece piece;
	int rc;

	if (c->rc < 0 || !is_meant(c, ch->name))
		return;
	cursor = cursor_new(c->r, ch, MAX(c->run->begin_ns - BUCKETS_HOLD_NS, INT64_C(0)),
		c->run->end_ns + 1, false);
	rc = cursor_next(cursor, &piece, c->err);
	cursor_free(cursor);
	c->rc = rc < 0 ? rc : 0;
	if (rc != 1)
		return;
	buf_put(&c->names, ch->name, strlen(ch->name) + 1);
	c->n++;
}

static int
choose_channels(struct choice *c)
{
	int rc;

	c->is_used = mem_zero((size_t)c->words->n_patterns + 1, sizeof(*c->is_used));
	rc = reader_channels(c->r, choose, c, c->err);
	if (rc == 0)
		rc = c->rc;
	for (int i = 0; i < c->words->n_patterns && rc == 0; i++)
		if (!c->is_used[i])
			rc = err_set(c->err, ERR_CONF, 0,
				"nothing is recorded of a channel '%.60s'; 'mbc get' lists those "
				"of the bench",
				c->words->patterns[i]);
	if (rc == 0 && c->n > RUN_CHANNELS_MAX)
		rc = err_set(c->err, ERR_CONF, 0,
			"this run has %zu channels, and a table takes %d; name those that you "
			"need, * stands for any characters: oven.*",
			c->n, RUN_CHANNELS_MAX);
	free(c->is_used);
	return rc;
}

/* ---- its files, by the child ---------------------------------------------------------------------------------------------- */

static int
put(const struct folder *f, int file, struct buf *out, struct err *err)
{
	int rc = query_write(f->files[file], out);

	return rc == 0 ? 0
		       : err_set(err, ERR_IO, -rc,
				 "writing %s: %s; free some room there, or "
				 "export to another disk",
				 file_names[file], strerror(-rc));
}

static int
put_values(const struct folder *f, struct run_csv *csv, struct buf *out, struct err *err)
{
	int rc = 1;

	while (rc == 1) {
		rc = run_csv_step(csv, out, err);
		if (rc >= 0 && put(f, FILE_VALUES, out, err) < 0)
			return ERR_IO;
	}
	return rc;
}

static int
put_run(const struct folder *f, struct reader *r, const struct run_row *run, struct run_csv *csv,
	struct buf *out, struct err *err)
{
	struct stamp stamp = { 0 };

	buf_puts(out, "{");
	run_json(out, &stamp, run);
	buf_puts(out, ",\n\"exported_until\":\"");
	stamp_put(&stamp, out, run->end_ns);
	buf_puts(out, "\",\"mbc\":\"" MBC_VERSION "\",\"version\":1,\n");
	if (run_json_notes(out, r, &stamp, run, err) < 0)
		return ERR_IO;
	buf_puts(out, ",\n");
	run_csv_describe(csv, out);
	buf_puts(out, "}\n");
	return put(f, FILE_RUN, out, err);
}

/* A bench file that is in no file any more costs the export nothing else. */
static int
put_rest(const struct folder *f, struct reader *r, const struct words *w, const struct run_row *run,
	struct buf *out, struct err *err)
{
	int rc = runs_bench(r, run->bench, out, err);

	if (rc == ERR_CONF)
		buf_printf(out, "# %s\n", err->msg);
	if (rc == ERR_IO || put(f, FILE_BENCH, out, err) < 0)
		return ERR_IO;
	buf_printf(out, LOAD, w->is_french ? ';' : ',', w->is_french ? ',' : '.');
	if (put(f, FILE_LOAD, out, err) < 0)
		return ERR_IO;
	buf_puts(out, readme);
	return put(f, FILE_README, out, err);
}

static int
write_files(const char *dir, const struct words *w, const struct folder *f, struct err *err)
{
	static struct run_row run;
	struct choice c = { .words = w, .run = &run, .err = err };
	struct run_csv *csv = NULL;
	struct buf out = { 0 };
	int rc;

	c.r = reader_open(dir, err);
	rc = c.r == NULL ? err->code : stamp_zone(w->zone, err);
	if (rc == 0)
		rc = runs_find(c.r, w->run, &run, err);
	if (rc == 0)
		rc = choose_channels(&c);
	if (rc == 0) {
		/* `names` is freed by the answer that gets it */
		csv = run_csv_new(c.r, c.names.data, c.n, run.begin_ns, run.end_ns + 1,
			w->is_french, w->zone, err);
		c.names = (struct buf){ 0 };
		rc = csv == NULL ? err->code : put_values(f, csv, &out, err);
	}
	if (rc == 0)
		rc = put_run(f, c.r, &run, csv, &out, err);
	if (rc == 0)
		rc = put_rest(f, c.r, w, &run, &out, err);
	run_csv_free(csv);
	reader_close(c.r);
	buf_done(&c.names);
	buf_done(&out);
	return rc;
}

/* ---- the folder, by the parent -------------------------------------------------------------------------------------------- */

static void
remove_folder(struct folder *f)
{
	for (int i = 0; i < FILES; i++)
		if (f->files[i] >= 0) {
			unlinkat(f->at, file_names[i], 0);
			close(f->files[i]);
		}
	if (f->at >= 0)
		close(f->at);
	rmdir(f->path);
}

static int
make_folder(struct folder *f, const char *out, struct err *err)
{
	struct stat st;
	size_t n = strlen(out);

	f->at = -1;
	for (int i = 0; i < FILES; i++)
		f->files[i] = -1;
	while (n > 1 && out[n - 1] == '/')
		n--;
	if (lstat(out, &st) == 0)
		return err_set(err, ERR_CONF, 0,
			"'%.100s' is there already, and nothing is written over; name another "
			"folder with --out",
			out);
	if (snprintf(f->path, sizeof(f->path), "%.*s.part-%d", (int)n, out, (int)getpid()) >=
		(int)sizeof(f->path))
		return err_set(err, ERR_CONF, 0, "the path of the folder is too long");
	if (mkdir(f->path, 0777) < 0)
		return err_set(err, ERR_IO, errno, "making '%.100s': %s", f->path, strerror(errno));
	f->at = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < FILES && f->at >= 0; i++) {
		f->files[i] =
			openat(f->at, file_names[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (f->files[i] < 0)
			break;
	}
	if (f->at >= 0 && f->files[FILES - 1] >= 0)
		return 0;
	err_set(err, ERR_IO, errno, "making the files in '%.100s': %s", f->path, strerror(errno));
	remove_folder(f);
	return ERR_IO;
}

static int
sync_all(const struct folder *f)
{
	for (int i = 0; i < FILES; i++)
		if (fsync(f->files[i]) < 0)
			return -1;
	return fsync(f->at);
}

/* The folder gets its name. Where the file system cannot refuse to replace one, an empty one that came meanwhile may be. */
static int
finish(struct folder *f, const char *out, struct err *err)
{
	int rc = sync_all(f);

	if (rc == 0) {
		rc = renameat2(AT_FDCWD, f->path, AT_FDCWD, out, RENAME_NOREPLACE);
		if (rc < 0 && (errno == EINVAL || errno == ENOSYS))
			rc = rename(f->path, out);
	}
	if (rc < 0) {
		err_set(err, ERR_IO, errno, "finishing '%.100s': %s", out, strerror(errno));
		remove_folder(f);
		return ERR_IO;
	}
	for (int i = 0; i < FILES; i++)
		close(f->files[i]);
	close(f->at);
	return 0;
}

static int
run_child(const char *dir, const struct words *w, const struct folder *f)
{
	struct err err;
	int rc;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	query_confine(dir);
	rc = write_files(dir, w, f, &err);
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}

static volatile sig_atomic_t child;

/* The child ends, and the folder goes. */
static void
on_end(int sig)
{
	if (child > 0)
		kill(child, SIGTERM);
}

static int
fill(const char *dir, const struct words *w, struct folder *f)
{
	int status;
	pid_t pid;

	signal(SIGINT, on_end);
	signal(SIGTERM, on_end);
	signal(SIGHUP, on_end);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(run_child(dir, w, f));
	if (pid < 0)
		return query_say(QUERY_FAILED, strerror(errno));
	child = pid;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child = 0;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return query_say(QUERY_FAILED, "the export was ended before it was whole; nothing is left "
				       "of it");
}

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

static int
take_words(struct words *w, int argc, char **argv)
{
	*w = (struct words){ .zone = "", .patterns = argv };
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--csv-fr") == 0)
			w->is_french = true;
		else if (strcmp(argv[i], "--out") == 0 && i + 1 < argc)
			w->out = argv[++i];
		else if (strcmp(argv[i], "--zone") == 0 && i + 1 < argc)
			w->zone = argv[++i];
		else if (argv[i][0] == '-')
			return -1;
		else if (w->run != 0)
			argv[w->n_patterns++] = argv[i]; /* never ahead of what is read */
		else if (!query_number(argv[i], &w->run))
			return -1;
	}
	return w->run != 0 && w->out != NULL && w->out[0] != '\0' ? 0 : -1;
}

int
query_run_export(const char *dir, int argc, char **argv)
{
	struct words w;
	struct folder f;
	struct err err;
	int code;

	if (take_words(&w, argc, argv) < 0)
		return query_say(QUERY_WRONG,
			"usage: mbc record export N --out FOLDER [--zone ZONE] [--csv-fr] "
			"[CHANNEL...]; 'mbc record list' shows the numbers");
	if (make_folder(&f, w.out, &err) < 0)
		return query_failed(&err);
	code = fill(dir, &w, &f);
	if (code != QUERY_GOOD)
		remove_folder(&f);
	else if (finish(&f, w.out, &err) < 0)
		code = query_failed(&err);
	return code;
}
