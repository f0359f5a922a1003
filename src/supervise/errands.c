/* errands.c - the bench file, its versions and the audit over HTTP
 *
 *	asked --> step --> step --> ... --> its answer
 *	            each a process that is confined, reads and writes what that step needs, and hands memory on to the next
 *
 * The gate has let them, and put them on record; one is under way at a time, with a bound in time. It is killed when nobody waits any more, but not while
 * it writes: a bench file that was begun is brought to its end, and is taken up. Nothing here waits for a process.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "model/sequence.h"
#include "msg/version.h"
#include "supervise/supervise.h"

#define LONGEST_NS (60 * NS_PER_S) /* all of it */
#define TRY_NS (20 * NS_PER_S)     /* of a trial, which ends by itself before */
#define TRY_SECONDS "15"
#define SCAN_REST_NS                                                                               \
	(8 * NS_PER_S) /* an opening and an answer that are under way, and to write down what was found */
#define SCAN_END_NS (2 * NS_PER_S)   /* it may be in the midst of connecting; then it is killed */
#define SCAN_LEAST_NS (5 * NS_PER_S) /* else it were better not begun */
#define AGAIN_NS (50 * NS_PER_MS)    /* while another file is being taken up */
#define STEPS_MAX 7
#define WORDS_MAX 32

enum as { AS_OURSELVES, AS_READER, AS_OWNER };

static const struct step {
	const char *name; /* of mbc-errand; NULL: the end */
	enum as as;
	bool is_compiler;  /* of NEXT into IMAGE, and its errors */
	bool is_other;     /* of OTHER */
	bool is_catalogue; /* what instruments there are, into ANSWER */
	bool is_lines;     /* a sequence as a tree, into IMAGE */
	bool is_writing;   /* it is brought to its end */
	bool is_reload;
	bool is_certificate; /* of mbc-certificate */
	bool is_trial;       /* of mbc-try */
	bool is_questions;   /* of the compiler: what a scan asks, into IMAGE */
	bool is_scan;        /* of mbc-try, on a wire that nobody uses */
	bool is_job;         /* mbc-backup is started, and goes on behind the answer */
} file[] = { { .name = "file", .as = AS_READER }, { .name = NULL } },
  check[] = { { .name = "prepare", .as = AS_READER }, { .name = "compile", .is_compiler = true },
	  { .name = "check", .as = AS_READER }, { .name = NULL } },
  put[] = { { .name = "prepare", .as = AS_READER }, { .name = "compile", .is_compiler = true },
	  { .name = "check", .as = AS_READER }, { .name = "keep", .is_writing = true },
	  { .name = "write", .as = AS_OWNER, .is_writing = true },
	  { .name = "reload", .is_reload = true }, { .name = NULL } },
  undo[] = { { .name = "pick" }, { .name = "prepare", .as = AS_READER },
	  { .name = "compile", .is_compiler = true }, { .name = "check", .as = AS_READER },
	  { .name = "keep", .is_writing = true },
	  { .name = "write", .as = AS_OWNER, .is_writing = true },
	  { .name = "reload", .is_reload = true }, { .name = NULL } },
  sequence_check[] = { { .name = "place", .as = AS_READER },
	  { .name = "lines", .is_compiler = true, .is_lines = true },
	  { .name = "compile", .is_compiler = true }, { .name = "sequence" }, { .name = NULL } },
  sequence_put[] = { { .name = "place", .as = AS_READER },
	  { .name = "compile", .is_compiler = true }, { .name = "sequence" },
	  { .name = "keep", .is_writing = true },
	  { .name = "write", .as = AS_OWNER, .is_writing = true },
	  { .name = "reload", .is_reload = true }, { .name = NULL } },
  versions[] = { { .name = "versions" }, { .name = NULL } },
  diff[] = { { .name = "pick" }, { .name = "compile", .is_compiler = true },
	  { .name = "compile", .is_compiler = true, .is_other = true }, { .name = "diff" },
	  { .name = NULL } },
  audit[] = { { .name = "audit" }, { .name = NULL } },
  catalogue[] = { { .name = "catalogue", .is_compiler = true, .is_catalogue = true },
	  { .name = NULL } },
  try[] = { { .name = "try", .is_trial = true }, { .name = NULL } },
  scan[] = { { .name = "questions", .is_compiler = true, .is_questions = true },
	  { .name = "scan", .is_scan = true }, { .name = NULL } },
  certificate_show[] = { { .name = "show", .is_certificate = true }, { .name = NULL } },
  certificate_make[] = { { .name = "make", .is_certificate = true, .is_writing = true },
	  { .name = NULL } },
  certificate_put[] = { { .name = "take", .is_certificate = true, .is_writing = true },
	  { .name = NULL } },
  backups[] = { { .name = "backups" }, { .name = NULL } },
  backup_make[] = { { .name = "backup-room" }, { .name = "backup", .is_job = true },
	  { .name = NULL } },
  backup_verify[] = { { .name = "backup-look" }, { .name = "backup", .is_job = true },
	  { .name = NULL } },
  backup_remove[] = { { .name = "backup-remove", .is_writing = true }, { .name = NULL } },
  reason[] = { { .name = "reload", .is_reload = true }, { .name = NULL } };

static const struct step *const plans[ERRAND_KINDS] = {
	[ERRAND_FILE] = file,
	[ERRAND_CHECK] = check,
	[ERRAND_PUT] = put,
	[ERRAND_VERSIONS] = versions,
	[ERRAND_VERSION] = versions,
	[ERRAND_DIFF] = diff,
	[ERRAND_UNDO] = undo,
	[ERRAND_REASON] = reason,
	[ERRAND_SEQUENCE_CHECK] = sequence_check,
	[ERRAND_SEQUENCE_PUT] = sequence_put,
	[ERRAND_AUDIT] = audit,
	[ERRAND_CATALOGUE] = catalogue,
	[ERRAND_TRY] = try,
	[ERRAND_SCAN] = scan,
	[ERRAND_CERTIFICATE] = certificate_show,
	[ERRAND_CERTIFICATE_MAKE] = certificate_make,
	[ERRAND_CERTIFICATE_PUT] = certificate_put,
	[ERRAND_BACKUPS] = backups,
	[ERRAND_BACKUP_MAKE] = backup_make,
	[ERRAND_BACKUP_VERIFY] = backup_verify,
	[ERRAND_BACKUP_REMOVE] = backup_remove,
};

static const struct step *
step_of(const struct supervise *s)
{
	return &plans[s->errand.ask.kind][s->errand.step];
}

void
errands_init(struct supervise *s)
{
	child_init(&s->errand.work, "errand", SANDBOX_ERRAND);
	child_init(&s->errand.compile, "compile", SANDBOX_COMPILE);
	child_init(&s->errand.certificate, "certificate", SANDBOX_ERRAND);
	child_init(&s->errand.trial, "try", SANDBOX_TRY);
	child_init(&s->errand.scan, "try", SANDBOX_CONTROL);
	s->errand.compile.is_lasting =
		true; /* what it says goes into memory, and nothing to a terminal */
	for (size_t i = 0; i < ERRAND_MEMORIES; i++)
		s->errand.memories[i] = -1;
}

/* ---- its end ------------------------------------------------------------------------------------------------------------ */

static void
forget(struct supervise *s)
{
	for (size_t i = 0; i < ERRAND_MEMORIES; i++) {
		if (s->errand.memories[i] >= 0)
			close(s->errand.memories[i]);
		s->errand.memories[i] = -1;
	}
	s->errand.is_under_way = s->errand.is_reloading = s->errand.is_wanted = false;
}

static void
fail(struct supervise *s, unsigned status, const char *why)
{
	if (s->errand.is_wanted)
		answer_tell(s, s->errand.ask.id, status, why, -1);
	forget(s);
}

static void
succeed(struct supervise *s)
{
	if (s->errand.is_wanted)
		answer_tell_memory(s, s->errand.ask.id, 200, "application/json",
			s->errand.memories[ERRAND_ANSWER], (off_t)ERRAND_ANSWER_MAX);
	forget(s);
}

/* A list of errors is a document of its own, else it is a text. */
static void
refused(struct supervise *s, unsigned status)
{
	int answer = s->errand.memories[ERRAND_ANSWER];
	char first = '\0';

	if (!s->errand.is_wanted)
		;
	else if (pread(answer, &first, 1, 0) == 1 && first == '{')
		answer_tell_memory(s, s->errand.ask.id, status, "application/problem+json", answer,
			(off_t)ERRAND_ANSWER_MAX);
	else
		answer_tell_why(s, s->errand.ask.id, status, answer);
	forget(s);
}

/* ---- its processes -------------------------------------------------------------------------------------------------------- */

static int
make_memories(struct supervise *s, int *text, struct err *err)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int *m = s->errand.memories, have;
	struct stat st;

	for (size_t i = 0; i < ERRAND_MEMORIES; i++)
		if (i != ERRAND_TEXT && i != ERRAND_RUNNING && i != ERRAND_KEPT) {
			m[i] = memfd_create("mbc-errand", MFD_CLOEXEC | MFD_ALLOW_SEALING);
			if (m[i] < 0)
				return err_set(
					err, ERR_IO, errno, "making memory: %s", strerror(errno));
		}
	if (s->img != NULL)
		m[ERRAND_RUNNING] = seal_bytes("mbc-image", s->img, s->img->size, err);
	if (s->img != NULL && m[ERRAND_RUNNING] < 0)
		return ERR_IO;
	if (s->kept >= 0)
		m[ERRAND_KEPT] = fcntl(s->kept, F_DUPFD_CLOEXEC, 0);
	if (!errand_has_text(s->errand.ask.kind))
		return 0;
	m[ERRAND_TEXT] = *text;
	*text = -1;
	have = m[ERRAND_TEXT] < 0 ? -1 : fcntl(m[ERRAND_TEXT], F_GET_SEALS);
	if (have < 0 || (have & seals) != seals || fstat(m[ERRAND_TEXT], &st) < 0 ||
		st.st_size > (off_t)ERRAND_TEXT_MAX)
		return err_set(
			err, ERR_PROTO, 0, "it comes without its text, or with too much of it");
	return 0;
}

static int
pick_user(struct supervise *s, enum as as, struct sandbox_user *out, struct err *err)
{
	if (as == AS_READER)
		return reload_reader(s, out, err);
	sandbox_user_find(SANDBOX_ERRAND, out);
	if (as != AS_OWNER || geteuid() != 0)
		return 0;
	reload_find_owner(s);
	if (!s->has_owner)
		return err_set(err, ERR_CONF, 0,
			"the bench file is a link to a file of somebody else, and is never written "
			"from here");
	*out = s->owner;
	return 0;
}

/* Where a sequence of this name stands, as the compiler sees it: beside those that run; where none does, where it is said to be, which mbc-errand looks at. What is no name of
 * one is looked at under another. */
static void
name_sequence(struct supervise *s, const struct errand_ask *a)
{
	const char *beside = s->file, *folder = "sequences/", *slash = strrchr(a->name, '/');
	const char *name = slash == NULL ? a->name : slash + 1;
	size_t n = strlen(name), n_end = strlen(".seq");

	if (n < n_end || n > 127 || strcmp(name + n - n_end, ".seq") != 0)
		name = "new.seq";
	if (s->img->sequences.n > 0) {
		beside = image_text(s->img, image_sequence_at(s->img, 0)->path);
		folder = "";
	} else if (a->kind == ERRAND_SEQUENCE_PUT && version_is_below(a->name)) {
		folder = "";
		name = a->name;
	}
	slash = strrchr(beside, '/');
	if (snprintf(s->errand.sequence, sizeof(s->errand.sequence), "%.*s%s%s",
		    slash == NULL ? 0 : (int)(slash - beside + 1), beside, folder,
		    name) >= (int)sizeof(s->errand.sequence))
		text_copy(s->errand.sequence, sizeof(s->errand.sequence), "new.seq");
}

/* "key=value" for each that it is given. */
struct words {
	char text[WORDS_MAX][ERRAND_NAME + 192];
	const char *at[WORDS_MAX + 1];
	size_t n;
};

static void PRINTF(2, 3) add_word(struct words *w, const char *fmt, ...)
{
	va_list ap;

	if (w->n == WORDS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(w->text[w->n], sizeof(w->text[0]), fmt, ap);
	va_end(ap);
	w->at[w->n] = w->text[w->n];
	w->at[++w->n] = NULL;
}

static int
start_work(struct supervise *s, const struct step *step, struct err *err)
{
	static struct words w;
	const struct errand_ask *a = &s->errand.ask;
	int keep[ERRAND_MEMORIES];
	size_t n_keep = 0;

	w.n = 0;
	add_word(&w, "step=%s", step->name);
	add_word(&w, "file=%s", s->file);
	add_word(&w, "folder=%s", s->folder);
	add_word(&w, "state=%s", s->state_dir);
	add_word(&w, "bench=%s", s->bench);
	add_word(&w, "kind=%u", a->kind);
	add_word(&w, "may=%u", a->may);
	add_word(&w, "number=%u", (unsigned)a->number);
	add_word(&w, "to=%u", (unsigned)a->other);
	add_word(&w, "limit=%u", (unsigned)a->limit);
	add_word(&w, "name=%s", a->name);
	add_word(&w, "act=%s", a->act);
	add_word(&w, "since=%s", a->since);
	add_word(&w, "sha256=%s", a->sha256);
	add_word(&w, "leave=%llu",
		(unsigned long long)(s->img->history.is_off ? 0 : s->img->history.leave_free));
	if (errand_is_sequence(a->kind))
		add_word(&w, "sequence=%s", s->errand.sequence);
	if (a->kind == ERRAND_BACKUPS && s->backup.child.pid != 0)
		add_word(&w, "busy=%s %s", s->backup.act, s->backup.name);
	if (a->kind == ERRAND_BACKUPS && s->backup.last_act != NULL) {
		add_word(&w, "last=%d %s %s", s->backup.was_good, s->backup.last_act,
			s->backup.last_name);
		add_word(&w, "said=%s", s->backup.said);
	}
	for (size_t i = 0; i < ERRAND_MEMORIES; i++)
		if (s->errand.memories[i] >= 0) {
			add_word(&w, "%s=%d", errand_memories[i], s->errand.memories[i]);
			keep[n_keep++] = s->errand.memories[i];
		}
	if (pick_user(s, step->as, &s->errand.work.user, err) < 0)
		return ERR_CONF;
	s->errand.work.started_ns = now_boot();
	return child_run(&s->errand.work, w.at, keep, n_keep, err);
}

static enum certificate_which
which_of(const struct errand_ask *a)
{
	return strcmp(a->name, "public") == 0 ? CERTIFICATE_PUBLIC : CERTIFICATE_SERVE;
}

static int
start_certificate(struct supervise *s, const struct step *step, struct err *err)
{
	static struct words w;
	const int keep[] = { s->errand.memories[ERRAND_ANSWER], s->errand.memories[ERRAND_TEXT] };
	struct certificate_place place;

	if (certificate_place(s, which_of(&s->errand.ask), step->is_writing, &place, err) < 0)
		return ERR_CONF;
	w.n = 0;
	add_word(&w, "%s", step->name);
	add_word(&w, "%s", place.path);
	add_word(&w, "--answer");
	add_word(&w, "%d", keep[0]);
	add_word(&w, "--text");
	add_word(&w, "%d", keep[1]);
	add_word(&w, "--kind");
	add_word(&w, "%s", place.is_own ? "own" : "files");
	add_word(&w, "--shown");
	add_word(&w, "%s", place.shown);
	add_word(&w, "--why");
	add_word(&w, "%s", place.why);
	s->errand.certificate.started_ns = now_boot();
	return child_run(&s->errand.certificate, w.at, keep, keep[1] < 0 ? 1 : 2, err);
}

/* What goes on behind the answer. */
static void
tell_state(struct supervise *s, const struct errand_ask *a, const char *state)
{
	char text[ERRAND_NAME + 64];
	struct err err;
	int fd;

	snprintf(text, sizeof(text), "{\"name\":\"%s\",\"state\":\"%s\"}\n", a->name, state);
	fd = seal_bytes("mbc-errand", text, strlen(text), &err);
	answer_tell(s, a->id, fd < 0 ? 503 : 202,
		fd < 0 ? "it is so, and no memory is left to say it" : "application/json", fd);
	if (fd >= 0)
		close(fd);
}

/* It has the image and a connection to the gate on which only reads are asked: no wire, and nothing of the bench. */
static int
start_trial(struct supervise *s, struct err *err)
{
	static struct words w;
	const struct errand_ask *a = &s->errand.ask;
	int keep[3] = { s->errand.memories[ERRAND_RUNNING], s->errand.memories[ERRAND_ANSWER], -1 };
	int rc = commands_guest(s, a->principal, &keep[2], err);

	if (rc < 0)
		return rc;
	w.n = 0;
	add_word(&w, "--image-fd");
	add_word(&w, "%d", keep[0]);
	add_word(&w, "--answer-fd");
	add_word(&w, "%d", keep[1]);
	add_word(&w, "--through-fd");
	add_word(&w, "%d", keep[2]);
	add_word(&w, "--seconds");
	add_word(&w, TRY_SECONDS);
	add_word(&w, "--only");
	add_word(&w, "%s", a->name);
	add_word(&w, "--points");
	add_word(&w, "%s", a->reason);
	s->errand.trial.started_ns = now_boot();
	rc = child_run(&s->errand.trial, w.at, keep, NELEM(keep), err);
	close(keep[2]);
	return rc;
}

/* The link that is to be scanned; NULL: it is none, or somebody may be asking on it. err->sys: the status of the refusal. */
static const struct image_link *
find_free_link(const struct supervise *s, const char *name, struct err *err)
{
	const struct image_link *l = NULL;

	for (uint32_t i = 0; i < s->img->links.n && l == NULL; i++)
		if (strcmp(image_text(s->img, image_link_at(s->img, i)->name), name) == 0)
			l = image_link_at(s->img, i);
	if (l == NULL) {
		err_set(err, ERR_CONF, 404,
			"the bench that runs has no link '%.60s'; write it into links: of the "
			"bench file first",
			name);
		return NULL;
	}
	if (l->kind != LINK_TCP && l->kind != LINK_SERIAL) {
		err_set(err, ERR_CONF, 409,
			"only tcp:, rtu: and serial: links are scanned from here; at the computer "
			"'mbc scan' does others");
		return NULL;
	}
	for (uint32_t i = 0; i < s->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(s->img, i);
		const struct image_link *other = image_link_at(s->img, ins->link);

		if (other->kind != l->kind || other->port != l->port ||
			strcmp(image_text(s->img, other->host), image_text(s->img, l->host)) != 0)
			continue;
		err_set(err, ERR_CONF, 409,
			"the bench itself asks on this wire, for '%.60s': try that one, or scan at "
			"the computer with 'mbc scan', which goes through the bench",
			image_text(s->img, ins->name));
		return NULL;
	}
	return l;
}

static int
start_questions(struct supervise *s, struct err *err)
{
	static struct words w;
	const struct image_link *l = find_free_link(s, s->errand.ask.name, err);
	int image = s->errand.memories[ERRAND_IMAGE];

	if (l == NULL)
		return ERR_CONF;
	w.n = 0;
	add_word(&w, "--out-fd");
	add_word(&w, "%d", image);
	add_word(&w, "--scan");
	add_word(&w, "%s", l->kind == LINK_SERIAL ? "serial" : l->is_line ? "rtu" : "tcp");
	add_word(&w, "%s", s->file);
	if (reload_reader(s, &s->errand.compile.user, err) < 0)
		return ERR_CONF;
	s->errand.compile.errors = s->errand.memories[ERRAND_ERRORS];
	s->errand.compile.started_ns = now_boot();
	return child_run(&s->errand.compile, w.at, &image, 1, err);
}

/* As the user that opens the wires of the bench. What it may open is settled by the image, and not by what devices say (io/try_open.h). */
static int
start_scan(struct supervise *s, struct err *err)
{
	static struct words w;
	int keep[3] = { s->errand.memories[ERRAND_IMAGE], s->errand.memories[ERRAND_RUNNING],
		s->errand.memories[ERRAND_ANSWER] };

	/* It may be another bench by now. */
	if (find_free_link(s, s->errand.ask.name, err) == NULL)
		return ERR_CONF;
	if (fcntl(keep[0], F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_set(err, ERR_IO, errno, "sealing its questions: %s", strerror(errno));
	w.n = 0;
	add_word(&w, "--image-fd");
	add_word(&w, "%d", keep[0]);
	add_word(&w, "--bench-fd");
	add_word(&w, "%d", keep[1]);
	add_word(&w, "--answer-fd");
	add_word(&w, "%d", keep[2]);
	add_word(&w, "--seconds");
	/* What the compiler took is gone, and may be much on a slow computer: what was found must be told before it is killed. */
	add_word(&w, "%" PRId64,
		MAX(s->errand.kill_ns - now_boot() - SCAN_REST_NS, SCAN_LEAST_NS) / NS_PER_S);
	add_word(&w, "--scan");
	add_word(&w, "%s", s->errand.ask.name);
	s->errand.scan.started_ns = now_boot();
	return child_run(&s->errand.scan, w.at, keep, NELEM(keep), err);
}

/* The answer is that it has begun. */
static void
start_job(struct supervise *s)
{
	const struct errand_ask *a = &s->errand.ask;
	struct err err;

	if (backups_begin(s, a, s->errand.memories[ERRAND_TEXT], &err) < 0) {
		fail(s, err.sys >= 400 && err.sys < 600 ? (unsigned)err.sys : 503, err.msg);
		return;
	}
	tell_state(s, a, "begun");
	forget(s);
}

static int
start_compiler(struct supervise *s, const struct step *step, struct err *err)
{
	static struct words w;
	int files = s->errand.memories[step->is_other ? ERRAND_OTHER : ERRAND_NEXT];
	/* A tree stays where it is when the sequence is checked with the bench. */
	bool is_other =
		step->is_other || (errand_is_sequence(s->errand.ask.kind) && !step->is_lines);
	int image = s->errand.memories[is_other ? ERRAND_OTHER_IMAGE : ERRAND_IMAGE];
	/* What is wrong with its words is told once more when it is checked with the bench. */
	int errors = s->errand.memories[step->is_lines ? ERRAND_OTHER : ERRAND_ERRORS];
	const int keep[] = { files, image };

	w.n = 0;
	add_word(&w, "--instead-fd");
	add_word(&w, "%d", files);
	add_word(&w, "--out-fd");
	add_word(&w, "%d", image);
	if (step->is_lines) {
		add_word(&w, "--sequence");
		add_word(&w, "lines");
	} else {
		add_word(&w, "--check");
		add_word(&w, "%s", s->file);
	}
	if (errand_is_sequence(s->errand.ask.kind))
		add_word(&w, "%s", s->errand.sequence);
	if (reload_reader(s, &s->errand.compile.user, err) < 0)
		return ERR_CONF;
	s->errand.compile.errors = errors;
	s->errand.compile.started_ns = now_boot();
	return child_run(&s->errand.compile, w.at, keep, NELEM(keep), err);
}

/* The files of the bench's own folder go before those of the catalogue. */
static int
start_catalogue(struct supervise *s, struct err *err)
{
	static struct words w;
	const char *slash = strrchr(s->file, '/');
	int answer = s->errand.memories[ERRAND_ANSWER];

	w.n = 0;
	add_word(&w, "--out-fd");
	add_word(&w, "%d", answer);
	add_word(&w, "--describe");
	add_word(&w, "%.*sinstruments", slash == NULL ? 0 : (int)(slash - s->file + 1), s->file);
	if (s->errand.ask.name[0] != '\0')
		add_word(&w, "%s", s->errand.ask.name);
	if (reload_reader(s, &s->errand.compile.user, err) < 0)
		return ERR_CONF;
	s->errand.compile.errors = s->errand.memories[ERRAND_ERRORS];
	s->errand.compile.started_ns = now_boot();
	return child_run(&s->errand.compile, w.at, &answer, 1, err);
}

/* What was written is told, and what became of it: the answer, which the step before has left open. */
static void
finish(struct supervise *s, const char *state, const char *text)
{
	int answer = s->errand.memories[ERRAND_ANSWER];
	struct buf out = { 0 };
	struct json j;
	off_t n = lseek(answer, 0, SEEK_END);

	json_open(&j, &out);
	json_object(&j, NULL);
	json_text(&j, "state", state);
	json_text(&j, "text", text);
	json_end(&j);
	buf_putc(&out, '\n');
	if (n > 0)
		out.data[0] = ',';
	if (pwrite(answer, out.data, out.n, MAX(n, 0)) == (ssize_t)out.n)
		succeed(s);
	else
		fail(s, 500, "the file is written, and no memory is left to say more");
	buf_done(&out);
}

/* Another file may be on its way: then ours has to wait, or who asked would be another. */
static void
try_reload(struct supervise *s)
{
	const struct errand_ask *a = &s->errand.ask;
	const char *why; /* the reason that goes along */

	if (s->is_ending) {
		finish(s, "unknown",
			"the bench is being stopped; its next start takes the file up");
		return;
	}
	if (s->errand.is_reloading || s->compile.pid != 0 || pending_is_tried(s))
		return;
	if (a->kind == ERRAND_REASON && !pending_waits(s)) {
		fail(s, 409, "no bench file waits for a reason");
		return;
	}
	s->errand.is_reloading = true;
	/* Who may not weaken protection gives no reason for it. */
	why = (a->may & ERRAND_MAY_PROTECT) != 0 ? a->reason : "";
	audit_tell(s, a->principal, "reload", s->bench, why);
	reload_ask(s, a->principal, why);
}

static void
begin_step(struct supervise *s)
{
	const struct step *step = step_of(s);
	struct err err;
	int rc;

	if (step->name == NULL) {
		succeed(s);
		return;
	}
	if (step->is_reload) {
		try_reload(s);
		return;
	}
	if (step->is_job) {
		start_job(s);
		return;
	}
	rc = step->is_catalogue     ? start_catalogue(s, &err)
	     : step->is_questions   ? start_questions(s, &err)
	     : step->is_compiler    ? start_compiler(s, step, &err)
	     : step->is_certificate ? start_certificate(s, step, &err)
	     : step->is_trial       ? start_trial(s, &err)
	     : step->is_scan        ? start_scan(s, &err)
				    : start_work(s, step, &err);
	if (rc == 0)
		return;
	log_warn("errand: %s", err.msg);
	fail(s, rc == ERR_CONF && err.sys >= 400 && err.sys < 600 ? (unsigned)err.sys : 503,
		err.msg);
}

/* ---- asked ---------------------------------------------------------------------------------------------------------------- */

/* No process is needed for it. */
static void
discard(struct supervise *s, const struct errand_ask *a)
{
	bool is_waiting = pending_waits(s);

	pending_drop(s, a->principal, a->reason);
	if (!is_waiting)
		answer_tell(s, a->id, 409, "no bench file waits", -1);
	else if (pending_waits(s))
		answer_tell(s, a->id, 409, "it is being taken up at this moment; too late", -1);
	else {
		static const char text[] =
			"{\"state\":\"dropped\",\"text\":\"the bench file that waited is dropped; "
			"the bench goes on as it was\"}\n";
		struct err err;
		int fd = seal_bytes("mbc-errand", text, sizeof(text) - 1, &err);

		answer_tell(s, a->id, fd < 0 ? 503 : 200,
			fd < 0 ? "it is dropped, and no memory is left to say so"
			       : "application/json",
			fd);
		if (fd >= 0)
			close(fd);
	}
}

/* Nothing is read of it here: the data server does, piece by piece. */
static void
hand_out(struct supervise *s, const struct errand_ask *a)
{
	struct err err;
	int fd = backups_open(s, a->name, &err);

	answer_tell(s, a->id, fd < 0 ? (unsigned)err.sys : 200,
		fd < 0 ? err.msg : "application/x-tar", fd);
	if (fd >= 0)
		close(fd);
}

/* One that is to be made gets its name here; false: it has been answered. */
static bool
prepare_backup(struct supervise *s, struct errand_ask *a)
{
	char folder[PLACE_MAX + 16], when[32];
	time_t now = (time_t)((now_boot() + now_wall_offset()) / NS_PER_S);
	struct tm utc;

	if (a->kind == ERRAND_BACKUP_MAKE) {
		gmtime_r(&now, &utc);
		strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc);
		snprintf(a->name, sizeof(a->name), "%.60s-%s.mbc", s->bench, when);
	}
	if (a->kind != ERRAND_BACKUPS && !errand_backup_name_is_good(a->name)) {
		answer_tell(s, a->id, 404,
			"there is no backup of this name; the list has those that are", -1);
		return false;
	}
	if (a->kind == ERRAND_BACKUP_REMOVE && backups_end(s, a->name)) {
		tell_state(s, a, "ending");
		return false;
	}
	if (s->backup.child.pid != 0 && a->kind != ERRAND_BACKUPS) {
		answer_tell(
			s, a->id, 429, "a backup is being made or looked at; wait for its end", -1);
		return false;
	}
	snprintf(folder, sizeof(folder), "%s/" ERRAND_BACKUPS_FOLDER, s->state_dir);
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return true;
	snprintf(folder, sizeof(folder), "making its folder: %s", strerror(errno));
	answer_tell(s, a->id, errno == ENOSPC ? 507 : 503, folder, -1);
	return false;
}

void
errands_asked(struct supervise *s, struct wire_in *in, int *pass)
{
	static struct errand_ask a;
	struct err err;

	if (errand_read(&a, in, &err) < 0) {
		log_err("process 'gate': %s", err.msg);
		return;
	}
	if (s->is_ending || s->img == NULL) {
		answer_tell(s, a.id, 503, "the bench is not running; start it first", -1);
		return;
	}
	if (errand_is_run(a.kind)) {
		runs_errand(s, &a);
		return;
	}
	if (s->errand.is_under_way) {
		answer_tell(s, a.id, 429,
			"another question of this kind is under way, and there is one at a time; "
			"ask "
			"again in a few seconds",
			-1);
		return;
	}
	if (s->compile.pid != 0) { /* which files it is made of is not known yet */
		answer_tell(s, a.id, 429,
			"the bench file is being read at this moment; ask again in a few seconds",
			-1);
		return;
	}
	if (a.kind == ERRAND_DISCARD) {
		discard(s, &a);
		return;
	}
	if (a.kind == ERRAND_BACKUP_FILE) {
		hand_out(s, &a);
		return;
	}
	if (a.kind >= ERRAND_BACKUPS && a.kind < ERRAND_BACKUP_FILE && !prepare_backup(s, &a))
		return;
	s->errand.ask = a;
	s->errand.step = 0;
	s->errand.sequence[0] = '\0';
	if (errand_is_sequence(a.kind))
		name_sequence(s, &a);
	s->errand.is_under_way = s->errand.is_wanted = true;
	s->errand.kill_ns = now_boot() + (a.kind == ERRAND_TRY ? TRY_NS : LONGEST_NS);
	if (make_memories(s, pass, &err) < 0) {
		fail(s, 503, err.msg);
		return;
	}
	log_info("errand: %s for %s", errand_act(a.kind), a.principal);
	answer_tell(s, a.id, 102, "", -1);
	begin_step(s);
}

/* ---- on its way ----------------------------------------------------------------------------------------------------------- */

void
errands_reloaded(struct supervise *s, enum wire_kind kind, const char *text)
{
	char said[1500];

	if (!s->errand.is_reloading)
		return;
	text_copy(said, sizeof(said), text);
	said[text_utf8(said, strlen(said))] = '\0';
	finish(s,
		kind == WIRE_RELOAD_WHY ? "needs_reason"
		: kind == WIRE_NO       ? "refused"
		: strncmp(text, "pending: ", 9) == 0 || strstr(text, "\npending: ") != NULL
			? "waits"
			: "taken",
		said);
}

/* The writer was killed: whether the new file is there is not known, so that what is there is taken up. */
static void
lost(struct supervise *s, const char *name, int status)
{
	char how[CHILD_HOW], why[200];

	child_how(how, status);
	snprintf(why, sizeof(why), "its process for '%s' %s; look at %s", name, how,
		errand_is_root(s->errand.ask.kind) ? "what is there now"
						   : "the bench file and its versions");
	if (s->errand.ask.kind == ERRAND_TRY || s->errand.ask.kind == ERRAND_SCAN)
		snprintf(why, sizeof(why), "its process for '%s' %s; ask again", name, how);
	log_warn("errand: %s", why);
	if (strcmp(name, "write") == 0 && !s->is_ending)
		reload_begin(s);
	fail(s, 500, why);
}

/* A compiler that finds errors, or dies of them, has done its work: its image is missing, and it has said why. */
static bool
is_good_end(struct supervise *s, bool is_compiler, int status)
{
	char how[CHILD_HOW], text[CHILD_HOW + 80];
	int errors = s->errand.memories[ERRAND_ERRORS];

	if (!is_compiler || s->errand.kill_ns == NEVER)
		return WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!WIFEXITED(status)) {
		child_how(how, status);
		snprintf(text, sizeof(text), "the compiler %s; make the file smaller\n", how);
		if (pwrite(errors, text, strlen(text), MAX(lseek(errors, 0, SEEK_END), 0)) < 0)
			log_warn("errand: %s", text);
	}
	return true;
}

static void
kill_work(const struct supervise *s)
{
	const pid_t all[] = { s->errand.work.pid, s->errand.compile.pid, s->errand.certificate.pid,
		s->errand.trial.pid, s->errand.scan.pid };

	for (size_t i = 0; i < NELEM(all); i++)
		if (all[i] != 0)
			kill(all[i], SIGKILL);
}

void
errands_took_image(struct supervise *s)
{
	if (!s->errand.is_under_way || s->errand.ask.kind != ERRAND_SCAN)
		return;
	/* The bench may ask on that wire from now on. */
	if (s->errand.is_wanted)
		answer_tell(s, s->errand.ask.id, 409,
			"another bench file was taken up meanwhile, and the scan was ended; ask "
			"again",
			-1);
	errands_stop(s);
}

bool
errands_ended(struct supervise *s, pid_t pid, int status)
{
	bool is_compiler = pid == s->errand.compile.pid;
	const struct step *step;
	unsigned refusal;

	if (pid != s->errand.work.pid && pid != s->errand.certificate.pid &&
		pid != s->errand.trial.pid && pid != s->errand.scan.pid && !is_compiler)
		return false;
	s->errand.work.pid = s->errand.compile.pid = s->errand.certificate.pid =
		s->errand.trial.pid = s->errand.scan.pid = 0;
	step = step_of(s);
	/* These two refuse as mbc-errand does, or fail. */
	is_compiler = is_compiler && !step->is_catalogue && !step->is_questions;
	refusal = is_compiler || !WIFEXITED(status) ? 0 : errand_status(WEXITSTATUS(status));
	if (s->is_ending && !step->is_writing)
		fail(s, 503, "the bench is being stopped");
	else if (refusal != 0)
		refused(s, refusal);
	else if (is_good_end(s, is_compiler, status)) {
		if (step->is_certificate && step->is_writing)
			certificate_look(s); /* it is taken up now, not in a while */
		if (strcmp(step->name, "write") == 0)
			audit_tell(s, s->errand.ask.principal,
				s->errand.sequence[0] == '\0' ? "bench_written"
							      : "sequence_written",
				s->errand.sequence[0] == '\0' ? s->bench : s->errand.ask.name,
				s->errand.ask.reason);
		s->errand.step++;
		if (s->errand.kill_ns ==
			NEVER) /* it had ended just before: the next one has a limit, too */
			s->errand.kill_ns = now_boot() + LONGEST_NS;
		if (s->errand.is_wanted || step->is_writing)
			begin_step(s);
		else
			forget(s);
	} else if (s->errand.kill_ns == NEVER && !step->is_writing) {
		fail(s, 500, "it took too long, and was ended");
	} else {
		lost(s, step->name, status);
	}
	return true;
}

void
errands_stop(struct supervise *s)
{
	if (!s->errand.is_under_way)
		return;
	s->errand.is_wanted = false;
	if (step_of(s)->is_writing || step_of(s)->is_reload)
		return;
	if (s->errand.scan.pid !=
		0) { /* it empties its port, which would else wait for its last bytes */
		kill(s->errand.scan.pid, SIGTERM);
		s->errand.kill_ns = MIN(s->errand.kill_ns, now_boot() + SCAN_END_NS);
		return;
	}
	s->errand.kill_ns = NEVER;
	kill_work(s);
}

void
errands_gone(struct supervise *s, const char *id)
{
	if (s->errand.is_under_way && strcmp(id, s->errand.ask.id) == 0)
		errands_stop(s);
}

bool
errands_are_running(const struct supervise *s)
{
	return s->errand.work.pid != 0 || s->errand.compile.pid != 0 ||
	       s->errand.certificate.pid != 0 || s->errand.trial.pid != 0 ||
	       s->errand.scan.pid != 0;
}

bool
errands_are_writing(const struct supervise *s)
{
	return errands_are_running(s) && s->errand.is_under_way && step_of(s)->is_writing;
}

int64_t
errands_step(struct supervise *s, int64_t now_ns)
{
	if (!s->errand.is_under_way || s->errand.kill_ns == NEVER)
		return NEVER;
	if (now_ns >= s->errand.kill_ns) {
		log_warn("errand: '%s' did not end in its time", step_of(s)->name);
		s->errand.kill_ns = NEVER;
		kill_work(s);
		if (step_of(s)->is_reload)
			finish(s, "unknown",
				"the file is written; whether it is taken up is not known yet, the "
				"log of "
				"'mbc run' says so");
		return NEVER;
	}
	if (step_of(s)->is_reload && !s->errand.is_reloading)
		try_reload(s);
	if (!s->errand.is_under_way)
		return NEVER;
	return step_of(s)->is_reload && !s->errand.is_reloading ? now_ns + AGAIN_NS
								: s->errand.kill_ns;
}
