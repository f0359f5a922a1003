/* order.c - a command to the bench, and its verdict
 *
 * The connection is one to the gate, which the supervisor makes. When it breaks (the gate has died) another one is asked for, and the
 * same command is sent again with the same id: it is not done twice. A command that nobody waits for any more is not done late either: it
 * expires.
 */
#include "cli/order.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/span.h"
#include "base/text.h"
#include "io/now.h"
#include "io/sock.h"

#define WAIT_NS (10 * NS_PER_S) /* for a verdict, when --wait does not say */
#define WAIT_MAX_NS (24 * 3600 * NS_PER_S)
#define EXPIRES_NS (10 * NS_PER_S)
#define ASK_NS (2 * NS_PER_S) /* between questions what became of it */
#define AGAIN_NS (200 * NS_PER_MS)

struct exchange {
	struct args *args;
	const struct command *command;
	int supervisor, gate; /* -1: none */
	int64_t deadline_ns, ask_ns;
	struct verdict_told told;
	char why[WIRE_MAX]; /* there is no connection */
};

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

static int
name_it(struct args *args, struct command *c)
{
	const char *word;
	uint8_t random[10];

	if (args_option(args, "--id", &word)) {
		if (!command_id_is_good(word))
			return cli_say(args, CLI_WRONG,
				"--id takes letters, digits, '-' and '_', at most %d",
				COMMAND_ID - 1);
		text_copy(c->id, sizeof(c->id), word);
		return CLI_GOOD;
	}
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return cli_say(
			args, CLI_FAILED, "this computer has no random numbers yet; try again");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(c->id + 2 * i, 3, "%02x", random[i]);
	return CLI_GOOD;
}

int
order_begin(struct args *args, enum command_kind kind, struct command *c, int64_t *out_wait_ns)
{
	const char *word;
	struct err err;

	*c = (struct command){ .kind = kind, .ramp_per_min = (double)NAN };
	*out_wait_ns = WAIT_NS;
	if (args_option(args, "--wait", &word) && span_parse(word, out_wait_ns, &err) < 0)
		return cli_say(args, CLI_WRONG, "--wait '%s': %s", word, err.msg);
	if (*out_wait_ns > WAIT_MAX_NS)
		return cli_say(args, CLI_WRONG, "--wait takes at most a day");
	return name_it(args, c);
}

int
order_word(const struct args *args, char *out, size_t cap, const char *word, const char *what)
{
	if (text_utf8(word, strlen(word)) != strlen(word) ||
		strcspn(word, "\n\r\t") != strlen(word))
		return cli_say(args, CLI_WRONG, "%s is not one line of text", what);
	if (!text_copy(out, cap, word))
		return cli_say(
			args, CLI_WRONG, "%s has more than %zu bytes; write less", what, cap - 1);
	return CLI_GOOD;
}

/* ---- the exchange --------------------------------------------------------------------------------------------------------- */

static void
hang_up(struct exchange *x)
{
	if (x->gate >= 0)
		close(x->gate);
	x->gate = -1;
}

static void
send_it(struct exchange *x)
{
	struct buf packet = { 0 };

	command_write(&packet, x->command);
	if (sock_send(x->gate, &packet, -1, NULL) < 0)
		hang_up(x);
	buf_done(&packet);
	x->ask_ns = now_boot() + ASK_NS;
}

static void
ask_for_it(struct exchange *x)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_VERDICT_ASK);
	wire_text(&packet, x->command->id);
	wire_end(&packet);
	if (sock_send(x->gate, &packet, -1, NULL) < 0)
		hang_up(x);
	buf_done(&packet);
	x->ask_ns = now_boot() + ASK_NS;
}

/* A connection to the gate, over which the command has been sent. CLI_GOOD, also when there is none yet; else an exit code. */
static int
connect_gate(struct exchange *x)
{
	const struct timespec pause = { .tv_nsec = AGAIN_NS };
	struct err err;
	int rc, pass;

	rc = sock_ask(
		x->supervisor, WIRE_DOOR_ASK, NULL, x->why, sizeof(x->why), &pass, 3000, &err);
	if (rc == WIRE_DOOR && pass >= 0) {
		x->gate = pass;
		if (now_boot() < x->command->expires_ns)
			send_it(x);
		else /* sent long ago: it would be refused as late, whatever was done */
			ask_for_it(x);
		return CLI_GOOD;
	}
	if (pass >= 0)
		close(pass);
	if (rc == WIRE_NO)
		return cli_say(x->args, CLI_WRONG, "%s", x->why);
	if (rc < 0)
		return cli_say(x->args, CLI_FAILED, "%s", err.msg);
	nanosleep(&pause, NULL);
	return CLI_GOOD;
}

static void
take_packet(struct exchange *x)
{
	uint8_t packet[WIRE_MAX];
	struct verdict_told v;
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(x->gate, packet, &pass, &err);

	if (n == ERR_TIMEOUT)
		return;
	if (n > 0 && pass >= 0)
		close(pass);
	if (n <= 0 || wire_open(&in, packet, (size_t)n, &err) != WIRE_VERDICT ||
		verdict_read(&v, &in, &err) < 0) {
		hang_up(x);
		return;
	}
	if (strcmp(v.id, x->command->id) == 0)
		x->told = v;
}

static void
wait_for_packet(struct exchange *x)
{
	int64_t until = MIN(x->ask_ns, x->deadline_ns), left = MAX(until - now_boot(), INT64_C(0));
	struct pollfd p = { .fd = x->gate, .events = POLLIN };

	if (poll(&p, 1, (int)(left / NS_PER_MS) + 1) > 0)
		take_packet(x);
	else if (now_boot() >= x->ask_ns)
		ask_for_it(x);
}

/* Until there is a final verdict or the time is over: CLI_GOOD, or an exit code that is said already. */
static int
exchange(struct exchange *x)
{
	int code = CLI_GOOD;

	while (code == CLI_GOOD && x->told.verdict == VERDICT_PENDING &&
		now_boot() < x->deadline_ns) {
		if (x->gate < 0)
			code = connect_gate(x);
		else
			wait_for_packet(x);
	}
	hang_up(x);
	close(x->supervisor);
	return code;
}

/* ---- what is said --------------------------------------------------------------------------------------------------------- */

static int
say(const struct exchange *x, const char *says)
{
	const struct verdict_told *v = &x->told;
	const char *colon = v->text[0] != '\0' ? ": " : "";

	switch (v->verdict) {
	case VERDICT_VERIFIED:
	case VERDICT_ACCEPTED:
		printf("%s %s%s%s\n", says, verdict_text(v->verdict), colon, v->text);
		return CLI_GOOD;
	case VERDICT_REFUSED:
		cli_say(x->args, 0, "%s refused%s%s", says, colon, v->text);
		return CLI_WRONG;
	case VERDICT_PENDING:
		if (v->id[0] == '\0' && x->why[0] != '\0')
			cli_say(x->args, 0, "%s: not asked: %s", says, x->why);
		else
			cli_say(x->args, 0,
				"%s pending%s%s: no verdict yet; the same command with --id %s "
				"asks "
				"again and is not done twice",
				says, colon, v->text, x->command->id);
		return CLI_FAILED;
	default:
		cli_say(x->args, 0, "%s %s%s%s", says, verdict_text(v->verdict), colon, v->text);
		return CLI_FAILED;
	}
}

int
order_run(struct args *args, struct command *c, int64_t wait_ns, const char *says)
{
	struct exchange x = { .args = args, .command = c, .gate = -1 };
	int64_t now = now_boot();
	int code;

	x.supervisor = cli_connect(args);
	if (x.supervisor < 0)
		return -x.supervisor;
	c->expires_ns = now + MAX(MIN(wait_ns, EXPIRES_NS), NS_PER_S);
	x.deadline_ns = now + MAX(wait_ns, AGAIN_NS);
	code = exchange(&x);
	return code != CLI_GOOD ? code : say(&x, says);
}
