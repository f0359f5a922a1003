/* log.c - mbc log: what has happened on a bench */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/language.h"
#include "cli/log_read.h"
#include "cli/which.h"
#include "io/now.h"
#include "io/place.h"
#include "io/sock.h"

#define LOOK_MS 100 /* how often a log that is followed looks for more */
#define TRIES 30    /* to speak with a supervisor that hangs up */

struct log {
	struct log_reader *reader;
	char bench[64];
	int door; /* connection to the supervisor; -1: the bench does not run */
	bool is_json, is_followed;
	enum language language;
	const char *subject;  /* NULL: any */
	enum event_kind kind; /* EVENT_COUNT: any */
	int64_t since_ns;     /* wall time; INT64_MIN: any */
};

/* ---- what is asked for ---- */

static int
parse_kind(const struct args *args, const char *token, enum event_kind *out)
{
	const char *tokens[EVENT_COUNT], *near;

	*out = event_find(token);
	if (*out < EVENT_COUNT)
		return 0;
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		tokens[i] = event_row((enum event_kind)i)->token;
	near = text_nearest(token, tokens, EVENT_COUNT);
	return cli_say(args, CLI_WRONG, "there is no kind of event '%s'; %s%s%s", token,
		near != NULL ? "did you mean '" : "docs/events.md lists them",
		near != NULL ? near : "", near != NULL ? "'?" : "");
}

static int
parse(struct args *args, struct log *l)
{
	const char *since = NULL, *kind = NULL;

	l->is_json = args_option(args, "--json", NULL);
	l->is_followed = args_option(args, "--follow", NULL);
	args_option(args, "--since", &since);
	args_option(args, "--kind", &kind);
	args_option(args, "--subject", &l->subject);
	if (args_count(args, 0, 0) != 0 ||
		(since != NULL && which_since(args, since, &l->since_ns) != CLI_GOOD) ||
		(kind != NULL && parse_kind(args, kind, &l->kind) != 0))
		return CLI_WRONG;
	return CLI_GOOD;
}

/* ---- where it is ---- */

/* The parts that the supervisor of a running bench hands out. Files that it does not have are not there. *out_is_gone: it went away over
 * it. */
static int
ask_parts(struct args *args, struct log *l, bool *out_is_gone)
{
	char text[WIRE_MAX] = "";
	struct err err;

	for (int i = 0; i < LOG_PARTS; i++) {
		int rc = sock_ask(l->door, WIRE_LOG, log_part_names[i], text, sizeof(text),
			&l->reader->fd[i], 3000, &err);

		*out_is_gone = rc == ERR_IO;
		if (rc < 0)
			return *out_is_gone ? CLI_FAILED : cli_say(args, CLI_FAILED, "%s", err.msg);
		if (rc != WIRE_LOG)
			cli_say(args, 0, "%s", text);
	}
	if (l->reader->fd[LOG_BLACKBOX] < 0 || log_map(l->reader, &err) == 0)
		return CLI_GOOD;
	return cli_say(args, CLI_FAILED, "%s", err.msg);
}

static int
open_files(struct args *args, struct log *l)
{
	char dir[PLACE_MAX], path[PLACE_MAX + 16];
	struct err err;
	bool is_there = false;

	if (place_state_path(dir, l->bench, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	for (int i = LOG_FILE_0; i <= LOG_FILE_1; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, log_part_names[i]);
		l->reader->fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (l->reader->fd[i] < 0 && errno != ENOENT)
			return cli_say(args, CLI_FAILED, "'%s': %s", path, strerror(errno));
		is_there = is_there || l->reader->fd[i] >= 0;
	}
	if (is_there)
		return CLI_GOOD;
	return cli_say(args, CLI_WRONG,
		"bench '%s' does not run here, and has no journal in %s; start it with 'mbc run'",
		l->bench, dir);
}

static int
try_open(struct args *args, struct log *l, bool *out_is_gone)
{
	char path[PLACE_MAX];
	struct err err;

	*out_is_gone = false;
	log_close(l->reader);
	if (l->door >= 0)
		close(l->door);
	if (place_socket(path, l->bench, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	l->door = sock_connect(path, &err);
	return l->door >= 0 ? ask_parts(args, l, out_is_gone) : open_files(args, l);
}

/* Look for it anew: the bench may have ended or begun since, and may just be about to. */
static int
open_log(struct args *args, struct log *l)
{
	bool is_gone;
	int code = try_open(args, l, &is_gone);

	for (int tries = 0; is_gone && tries < TRIES; tries++) {
		poll(NULL, 0, LOOK_MS);
		code = try_open(args, l, &is_gone);
	}
	if (is_gone)
		cli_say(args, 0, "the bench closed the connection; try again");
	return code;
}

/* ---- what is shown ---- */

static void
put_local(struct buf *out, int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	struct tm when;
	char text[40];

	localtime_r(&s, &when);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &when);
	buf_printf(out, "%s.%03d", text, (int)(wall_ns / NS_PER_MS % 1000));
}

static void
put_line(
	struct buf *out, const struct log *l, const struct event *e, bool is_dated, int64_t wall_ns)
{
	static const char *const marks[] = { " ", "!", "!!" };
	bool is_french = l->language == LANGUAGE_FR;

	if (is_dated)
		put_local(out, wall_ns);
	else
		buf_printf(out, "%s%.3f s", is_french ? "démarrage + " : "boot + ",
			(double)e->stamp_ns / 1e9);
	buf_printf(out, "  %6llu %-2s ", (unsigned long long)e->id,
		marks[event_row(e->kind)->severity]);
	event_text(out, e, l->language);
	if (e->cause != 0)
		buf_printf(out, is_french ? " (à cause de %llu)" : " (because of %llu)",
			(unsigned long long)e->cause);
}

static void
put_json(
	struct buf *out, const struct log *l, const struct event *e, bool is_dated, int64_t wall_ns)
{
	char when[CLOCK_TEXT_SIZE];
	struct json j;

	clock_text(when, wall_ns);
	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "time", is_dated ? when : NULL);
	event_json(&j, e, l->language);
	json_end(&j);
}

static void
show(const struct log *l)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < l->reader->n_events; i++) {
		const struct event *e = &l->reader->events[i].e;
		int64_t wall_ns = 0;
		bool is_dated = log_date(l->reader, &l->reader->events[i], &wall_ns);

		if ((l->kind < EVENT_COUNT && e->kind != l->kind) ||
			(l->subject != NULL && strcmp(e->subject, l->subject) != 0) ||
			(l->since_ns != INT64_MIN && (!is_dated || wall_ns < l->since_ns)))
			continue;
		buf_clear(&line);
		(l->is_json ? put_json : put_line)(&line, l, e, is_dated, wall_ns);
		puts(buf_text(&line));
	}
	buf_done(&line);
}

/* All that is there; then, when it is followed, what comes until the bench ends. */
static int
run(struct args *args, struct log *l)
{
	int code = open_log(args, l);
	struct err err;

	if (code == CLI_GOOD && l->is_followed && l->door < 0)
		return cli_say(args, CLI_WRONG,
			"bench '%s' does not run, so there is nothing to follow; leave out "
			"--follow to see its journal",
			l->bench);
	while (code == CLI_GOOD) {
		struct pollfd end = { .fd = l->door, .events = POLLIN };

		if (log_read(l->reader, &err) < 0)
			return cli_say(args, CLI_FAILED, "%s", err.msg);
		show(l);
		if (!l->is_followed || l->door < 0)
			break;
		if (fflush(stdout) != 0)
			break; /* nobody reads it any more */
		if (poll(&end, 1, LOOK_MS) >
			0) /* the supervisor says nothing unasked: it is gone, or has sent us away */
			code = open_log(args, l);
	}
	return code;
}

int
cli_log(struct args *args)
{
	struct log l = { .door = -1, .kind = EVENT_COUNT, .since_ns = INT64_MIN };
	int code = parse(args, &l);

	if (code == CLI_GOOD)
		code = which_bench(args, l.bench, sizeof(l.bench));
	if (code != CLI_GOOD)
		return code;
	l.language = language_of_user();
	l.reader = mem_zero(1, sizeof(*l.reader));
	log_init(l.reader);
	code = run(args, &l);
	if (l.door >= 0)
		close(l.door);
	log_free(l.reader);
	return code;
}
