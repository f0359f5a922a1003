/* record.c - mbc record: runs are begun and ended by the bench, and read from its files */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "io/now.h"
#include "io/sock.h"
#include "model/run_form.h"

#define PATIENCE_NS (INT64_C(4800) * NS_PER_MS) /* until an answer has to be there */
#define AGAIN_NS (200 * NS_PER_MS)              /* before the same request is sent again */

struct request {
	enum wire_run what;
	char name[WIRE_REQUEST_MAX + 1];
	const char *text;
	struct run_field fields[RUN_FIELDS_MAX];
	char *copies[RUN_FIELDS_MAX]; /* what they point to */
	size_t n;
};

/* ---- the exchange --------------------------------------------------------------------------------------------------------- */

static void
write_packet(struct buf *out, const struct request *r)
{
	wire_begin(out, WIRE_RUN_ASK);
	wire_u16(out, (uint16_t)r->what);
	wire_text(out, r->name);
	wire_text(out, r->text);
	wire_u16(out, (uint16_t)r->n);
	for (size_t i = 0; i < r->n; i++) {
		wire_text(out, r->fields[i].name);
		wire_text(out, r->fields[i].value);
	}
	wire_end(out);
}

/* Returns the kind of the answer, or an ERR_*: ERR_TIMEOUT at the deadline. */
static int
exchange(int fd, const struct buf *packet, int64_t deadline_ns, uint32_t *out_run, char *out_text,
	size_t cap, struct err *err)
{
	uint8_t bytes[WIRE_MAX];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct wire_in in;
	int64_t left_ns = deadline_ns - now_boot();
	int n, pass, kind;

	if (sock_send(fd, packet, -1, err) < 0)
		return ERR_IO;
	if (poll(&p, 1, (int)(MAX(left_ns, INT64_C(0)) / NS_PER_MS)) <= 0)
		return err_set(err, ERR_TIMEOUT, 0, "no answer from the bench");
	n = sock_recv(fd, bytes, &pass, err);
	if (n > 0 && pass >= 0)
		close(pass);
	if (n <= 0)
		return err_set(err, ERR_IO, 0, "the bench ended before it answered");
	kind = wire_open(&in, bytes, (size_t)n, err);
	*out_run = kind == WIRE_RUN_IS ? wire_get_u32(&in) : 0;
	wire_get_text(&in, out_text, cap);
	return kind < 0 || wire_close(&in, err) < 0 ? ERR_PROTO : kind;
}

static void
say_done(const struct request *r, uint32_t run, const char *title)
{
	static const char *const words[] = { [RUN_START] = "started", [RUN_STOP] = "stopped" };
	const char *quote = title[0] != '\0' ? "'" : "", *space = title[0] != '\0' ? " " : "";

	if (r->what == RUN_NOTE && run == 0)
		puts("noted, outside of runs");
	else if (r->what == RUN_NOTE)
		printf("noted in run %u%s%s%s%s\n", run, space, quote, title, quote);
	else
		printf("run %u%s%s%s%s: %s\n", run, space, quote, title, quote, words[r->what]);
}

/* While nobody knows whether it was done, the same request is sent again: it is not done twice. */
static int
send_request(struct args *args, const struct request *r)
{
	const struct timespec pause = { .tv_nsec = AGAIN_NS };
	int64_t deadline_ns = now_boot() + PATIENCE_NS;
	char text[WIRE_MAX] = "";
	struct buf packet = { 0 };
	struct err err;
	uint32_t run = 0;
	int fd = cli_connect(args), kind;

	if (fd < 0)
		return -fd;
	write_packet(&packet, r);
	kind = exchange(fd, &packet, deadline_ns, &run, text, sizeof(text), &err);
	while (kind == WIRE_RUN_LOST && now_boot() + AGAIN_NS < deadline_ns) {
		char why[WIRE_MAX];

		memcpy(why, text, sizeof(why));
		nanosleep(&pause, NULL);
		kind = exchange(fd, &packet, deadline_ns, &run, text, sizeof(text), &err);
		if (kind == ERR_TIMEOUT) {
			memcpy(text, why, sizeof(text));
			kind = WIRE_RUN_LOST;
		}
	}
	close(fd);
	buf_done(&packet);
	if (kind == WIRE_RUN_IS) {
		say_done(r, run, text);
		return CLI_GOOD;
	}
	if (kind < 0)
		return cli_say(args, CLI_FAILED,
			"%s; 'mbc record list' tells whether it was done, and --request %s would "
			"not do it twice",
			err.msg, r->name);
	return cli_say(args, kind == WIRE_NO ? CLI_WRONG : CLI_FAILED, "%s", text);
}

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

static int
name_request(struct args *args, struct request *r)
{
	const char *word;
	uint8_t random[8];

	if (args_option(args, "--request", &word)) {
		if (word[0] == '\0' || !run_text_is_good(word, WIRE_REQUEST_MAX))
			return cli_say(args, CLI_WRONG,
				"--request takes one word of at most %d bytes", WIRE_REQUEST_MAX);
		text_copy(r->name, sizeof(r->name), word);
		return CLI_GOOD;
	}
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return cli_say(
			args, CLI_FAILED, "this computer has no random numbers yet; try again");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(r->name + 2 * i, 3, "%02x", random[i]);
	return CLI_GOOD;
}

static int
take_fields(struct args *args, struct request *r)
{
	const char *word;
	size_t bytes = 0;

	while (args_option(args, "--set", &word)) {
		char *copy, *equals;

		if (strchr(word, '=') == NULL)
			return cli_say(args, CLI_WRONG,
				"'%s' sets nothing; write --set FIELD=VALUE, for example --set "
				"sample=Pt-12",
				word);
		bytes += strlen(word) + 4;
		if (r->n == RUN_FIELDS_MAX || bytes > WIRE_FIELDS_MAX)
			return cli_say(args, CLI_WRONG,
				"more than %d fields or %d bytes; put the rest into notes",
				RUN_FIELDS_MAX, WIRE_FIELDS_MAX);
		copy = strdup(word);
		if (copy == NULL)
			return CLI_FAILED;
		equals = strchr(copy, '=');
		*equals = '\0';
		r->copies[r->n] = copy;
		r->fields[r->n++] = (struct run_field){ copy, equals + 1 };
	}
	return CLI_GOOD;
}

static int
start(struct args *args)
{
	struct request r = { .what = RUN_START, .text = "" };
	int code = name_request(args, &r);

	if (code == CLI_GOOD)
		code = take_fields(args, &r);
	args_option(args, "--title", &r.text);
	if (code == CLI_GOOD)
		code = args_count(args, 0, 0);
	if (code == CLI_GOOD && !run_text_is_good(r.text, WIRE_TITLE_MAX))
		code = cli_say(args, CLI_WRONG,
			"the title has control characters or more than %d bytes; write one line",
			WIRE_TITLE_MAX);
	if (code == CLI_GOOD)
		code = send_request(args, &r);
	for (size_t k = 0; k < r.n; k++)
		free(r.copies[k]);
	return code;
}

static int
stop(struct args *args)
{
	struct request r = { .what = RUN_STOP, .text = "" };
	int code = name_request(args, &r);

	if (code == CLI_GOOD)
		code = args_count(args, 0, 0);
	return code == CLI_GOOD ? send_request(args, &r) : code;
}

static int
note(struct args *args)
{
	struct request r = { .what = RUN_NOTE };
	int code = name_request(args, &r);

	if (code != CLI_GOOD)
		return code;
	if (args->n != 1)
		return cli_say(args, CLI_WRONG,
			"a note is one text; put it in quotes: mbc record note \"new gas bottle\"");
	r.text = args->at[0];
	if (r.text[0] == '\0' || !run_text_is_good(r.text, WIRE_NOTE_MAX))
		return cli_say(args, CLI_WRONG,
			"a note has from 1 to %d bytes and no control characters; write one line",
			WIRE_NOTE_MAX);
	return send_request(args, &r);
}

/* ---- from the files ------------------------------------------------------------------------------------------------------- */

static int
list(struct args *args)
{
	return cli_query(args, "runs");
}

static int
show(struct args *args)
{
	return cli_query(args, "run");
}

static int
take_home(struct args *args)
{
	return cli_query(args, "run-export");
}

int
cli_record(struct args *args)
{
	static const struct {
		const char *name;
		int (*run)(struct args *args);
	} verbs[] = { { "start", start }, { "note", note }, { "stop", stop }, { "list", list },
		{ "show", show }, { "export", take_home } };

	for (size_t i = 0; args->n > 0 && i < NELEM(verbs); i++)
		if (strcmp(args->at[0], verbs[i].name) == 0) {
			args->at++;
			args->n--;
			return verbs[i].run(args);
		}
	return cli_say(args, CLI_WRONG, "usage: mbc record %s", args->command->usage);
}
