/* main.c - mbc-rehearse: a sequence on a virtual clock, against the twin of its bench
 *
 *	mbc-rehearse --image-fd FD [--sequence NAME] [--set NAME=VALUE] [--begin CHANNEL=NUMBER] [--answer WORD] [--limit SPAN] [--seconds N]
 *	             [--bytes] [--faults] [--json] [--out FOLDER] [--answer-fd FD [--svg]]
 *
 * Started by `mbc rehearse`. It reads the image alone, and writes to standard output and the files of FOLDER, which it opens before it is
 * confined; it bounds its own time and memory. Exit code: 0 the sequence comes to its end, 1 it does not, 2 the system failed.
 *
 * Started by `supervise` for a question over HTTP it writes to FD alone: the JSON, or the plot (msg/rehearse.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/text.h"
#include "io/now.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "msg/rehearse.h"
#include "rehearse/children.h"
#include "rehearse/report.h"

#define LIMIT_NS (60 * 24 * 3600 * NS_PER_S) /* of virtual time */
#define SECONDS 600                          /* of the processor's, each process of it */
#define SECONDS_MAX 86400
#define NICE 10
#define NICE_ANSWER 19 /* nobody sits at this computer and waits */
#define MEMORY_LIMIT (1u << 30)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif

enum { OUT_TEXT, OUT_JSON, OUT_CSV, OUT_SVG, OUTS };
static const char *const out_names[OUTS] = { "rehearsal.txt", "rehearsal.json", "trajectories.csv",
	"trajectories.svg" };

struct options {
	int64_t image_fd, answer_fd, seconds; /* answer_fd -1: standard output */
	const char *sequence, *out;
	bool has_faults, is_json, is_svg;
	struct rehearsal_setup setup;
	int fds[OUTS]; /* -1 */
};

static struct timespec begun;

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
is_over(void *ctx)
{
	const struct options *o = ctx;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return cpu_s() > (double)o->seconds || t.tv_sec - begun.tv_sec > 4 * o->seconds;
}

/* ---- options ------------------------------------------------------------------------------------------------------------- */

static int
usage(void)
{
	fputs("mbc-rehearse: not to be called by hand; write: mbc rehearse BENCH.yaml "
	      "SEQUENCE.seq\n",
		stderr);
	return 1;
}

static bool
take_pair(char *text, struct rehearsal_pair *pairs, uint32_t *n)
{
	char *equals = strchr(text, '='), *end = equals;

	if (equals == NULL || equals == text || *n == REHEARSAL_PAIRS) {
		log_err("'%s' is not NAME=VALUE, or one too many", text);
		return false;
	}
	while (end > text && end[-1] == ' ')
		end--;
	*end = '\0';
	equals++;
	while (*equals == ' ')
		equals++;
	pairs[(*n)++] = (struct rehearsal_pair){ text, equals };
	return true;
}

static bool
take_answer(struct options *o, const char *word)
{
	if (o->setup.n_answers == REHEARSAL_PAIRS) {
		log_err("too many answers");
		return false;
	}
	o->setup.answers[o->setup.n_answers++] = word;
	return true;
}

static bool
take_limit(struct options *o, const char *text)
{
	struct err err;

	if (span_parse(text, &o->setup.limit_ns, &err) == 0 && o->setup.limit_ns > 0)
		return true;
	log_err("--limit '%s': %s", text,
		o->setup.limit_ns > 0 ? err.msg : "nothing fits into that");
	return false;
}

/* One with a value. */
static bool
take(struct options *o, const char *name, char *value)
{
	if (strcmp(name, "--image-fd") == 0)
		return text_to_int(value, &o->image_fd);
	if (strcmp(name, "--answer-fd") == 0)
		return text_to_int(value, &o->answer_fd);
	if (strcmp(name, "--seconds") == 0)
		return text_to_int(value, &o->seconds) && o->seconds > 0 &&
		       o->seconds <= SECONDS_MAX;
	if (strcmp(name, "--set") == 0)
		return take_pair(value, o->setup.sets, &o->setup.n_sets);
	if (strcmp(name, "--begin") == 0)
		return take_pair(value, o->setup.begins, &o->setup.n_begins);
	if (strcmp(name, "--answer") == 0)
		return take_answer(o, value);
	if (strcmp(name, "--limit") == 0)
		return take_limit(o, value);
	if (strcmp(name, "--sequence") == 0)
		o->sequence = value;
	else if (strcmp(name, "--out") == 0)
		o->out = value;
	else
		return false;
	return true;
}

static bool
parse_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--bytes") == 0)
			o->setup.is_bytes = true;
		else if (strcmp(argv[i], "--faults") == 0)
			o->has_faults = true;
		else if (strcmp(argv[i], "--json") == 0)
			o->is_json = true;
		else if (strcmp(argv[i], "--svg") == 0)
			o->is_svg = true;
		else if (i + 1 == argc || !take(o, argv[i], argv[i + 1]))
			return false;
		else
			i++;
	}
	return o->image_fd >= 0 && o->image_fd <= INT32_MAX;
}

/* ---- before it is confined ----------------------------------------------------------------------------------------------- */

static int
open_image(struct options *o, struct err *err)
{
	size_t size;
	const void *bytes = seal_map((int)o->image_fd, &size, err);
	const struct image *img = bytes;
	int rc = bytes == NULL ? err->code : image_check(bytes, size, err);

	if (rc < 0)
		return err_prefix(err, rc, "image of the bench");
	o->setup.img = img;
	o->setup.sequence = o->sequence == NULL ? 0 : image_find_sequence(img, o->sequence);
	if (img->sequences.n == 0 || o->setup.sequence == IMAGE_NONE)
		return err_set(err, ERR_CONF, 0, "the bench has no such sequence");
	return 0;
}

static int
open_outs(struct options *o, struct err *err)
{
	int folder;

	if (o->out == NULL)
		return 0;
	if (mkdir(o->out, 0777) < 0 && errno != EEXIST)
		return err_set(err, ERR_IO, errno, "%s: %s", o->out, strerror(errno));
	folder = open(o->out, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_set(err, ERR_IO, errno, "%s: %s", o->out, strerror(errno));
	for (int i = 0; i < OUTS; i++) {
		o->fds[i] = openat(folder, out_names[i],
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (o->fds[i] < 0)
			return err_set(err, ERR_IO, errno, "%s/%s: %s", o->out, out_names[i],
				strerror(errno));
	}
	close(folder);
	return 0;
}

/* When memory runs out this process is the one that can be missed. */
static void
die_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0)
		log_debug("oom_score_adj: %s", strerror(errno));
	close(fd);
}

static void
bound(const struct options *o)
{
	struct rlimit cpu = { (rlim_t)o->seconds + 10, (rlim_t)o->seconds + 20 }, core = { 0, 0 };
	struct rlimit answer = { REHEARSE_ANSWER_MAX, REHEARSE_ANSWER_MAX };
	int level = o->answer_fd >= 0 ? NICE_ANSWER : NICE;

	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	if (o->answer_fd >= 0)
		setrlimit(RLIMIT_FSIZE, &answer);
	die_first();
	/* Benches that run come first. */
	if (getpriority(PRIO_PROCESS, 0) < level && setpriority(PRIO_PROCESS, 0, level) < 0)
		log_warn("a lower priority is refused: %s", strerror(errno));
#ifndef UNDER_ASAN
	struct rlimit memory = { MEMORY_LIMIT, MEMORY_LIMIT };

	setrlimit(RLIMIT_AS, &memory);
#endif
}

/* ---- the work ------------------------------------------------------------------------------------------------------------ */

static int
write_all(int fd, const struct buf *b, const char *name)
{
	for (size_t done = 0; done < b->n;) {
		ssize_t n = write(fd, b->data + done, b->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_err("%s: %s", name, strerror(errno));
			return 2;
		}
		done += (size_t)n;
	}
	return 0;
}

static int
write_outs(const struct options *o, const struct report *p)
{
	struct buf text = { 0 }, json = { 0 }, csv = { 0 }, svg = { 0 };
	const struct buf *all[OUTS] = { &text, &json, &csv, &svg };
	int code;

	report_text(p, &text);
	report_json(p, &json);
	code = write_all(STDOUT_FILENO, o->is_json ? &json : &text, "standard output");
	if (o->out != NULL) {
		rehearsal_csv(p->r, &csv);
		rehearsal_svg(p->r, &svg);
		for (int i = 0; i < OUTS && code == 0; i++)
			code = write_all(o->fds[i], all[i], out_names[i]);
	}
	buf_done(&text);
	buf_done(&json);
	buf_done(&csv);
	buf_done(&svg);
	return code;
}

/* For who asked over HTTP. */
static int
write_answer(const struct options *o, const struct report *p)
{
	struct buf out = { 0 };
	int code = 0;

	if (p->r->end == REHEARSAL_REFUSED)
		buf_puts(&out, p->r->why);
	else if (o->is_svg)
		rehearsal_svg(p->r, &out);
	else
		report_json(p, &out);
	if (out.n > REHEARSE_ANSWER_MAX)
		code = REHEARSE_EXIT_LONG;
	else
		code = write_all((int)o->answer_fd, &out, "answer");
	buf_done(&out);
	if (code == 0 && p->r->end == REHEARSAL_REFUSED)
		code = REHEARSE_EXIT_REFUSED;
	return code;
}

static int
rehearse(struct options *o)
{
	struct rehearsal r;
	struct report p = { .r = &r };
	struct fault_row *rows = NULL;
	int code;

	rehearsal_begin(&r, &o->setup);
	while (rehearsal_tick(&r))
		;
	p.cpu_s = cpu_s();
	if (o->has_faults && r.n_steps > 0) {
		rows = mem_zero(FAULT_ROWS, sizeof(*rows));
		p.n_faults = children_play(&r, rows, FAULT_ROWS);
		p.faults = rows;
	}
	code = o->answer_fd >= 0 ? write_answer(o, &p) : write_outs(o, &p);
	if (code == 0 && r.end != REHEARSAL_COMPLETE)
		code = 1;
	rehearsal_done(&r);
	free(rows);
	return code;
}

int
main(int argc, char **argv)
{
	static struct options o = { .image_fd = -1,
		.answer_fd = -1,
		.seconds = SECONDS,
		.setup.limit_ns = LIMIT_NS,
		.setup.is_over = is_over,
		.fds = { -1, -1, -1, -1 } };
	struct sandbox_report report;
	struct err err = { 0 };

	log_setup("rehearse", LOG_LEVEL_INFO);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	signal(SIGPIPE, SIG_IGN);
	if (!parse_options(argc, argv, &o))
		return usage();
	o.setup.ctx = &o;
	o.setup.wall_ns = now_boot() + now_wall_offset();
	if (open_image(&o, &err) < 0 || open_outs(&o, &err) < 0) {
		log_err("%s", err.msg);
		return err.code == ERR_CONF ? 1 : 2;
	}
	bound(&o);
	sandbox_enter(SANDBOX_REHEARSE, NULL, &report);
	return rehearse(&o);
}
