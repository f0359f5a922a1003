/* hold.c - mbc take, mbc hand-over: who holds the bench */
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/order.h"
#include "io/sock.h"

#define ANSWER_MS 5000

/* The verdict of the question who it is; CLI_GOOD, or an exit code that is said already. */
static int
ask_who(struct args *args, const char *id, struct verdict_told *out)
{
	char why[WIRE_MAX];
	uint8_t packet[WIRE_MAX];
	struct buf ask = { 0 };
	struct wire_in in;
	struct pollfd p = { .events = POLLIN };
	struct err err;
	int supervisor = cli_connect(args), gate, pass = -1, rc, n = 0;

	if (supervisor < 0)
		return -supervisor;
	rc = sock_ask(supervisor, WIRE_DOOR_ASK, NULL, why, sizeof(why), &gate, 3000, &err);
	close(supervisor);
	if (rc != WIRE_DOOR || gate < 0)
		return cli_say(
			args, rc == WIRE_NO ? CLI_WRONG : CLI_FAILED, "%s", rc < 0 ? err.msg : why);
	wire_begin(&ask, WIRE_HOLD_ASK);
	wire_text(&ask, id);
	wire_end(&ask);
	rc = sock_send(gate, &ask, -1, &err);
	buf_done(&ask);
	p.fd = gate;
	if (rc == 0 && poll(&p, 1, ANSWER_MS) > 0)
		n = sock_recv(gate, packet, &pass, &err);
	close(gate);
	if (n > 0 && pass >= 0)
		close(pass);
	if (n <= 0 || wire_open(&in, packet, (size_t)n, &err) != WIRE_VERDICT ||
		verdict_read(out, &in, &err) < 0)
		return cli_say(args, CLI_FAILED,
			"the process that takes commands did not answer; ask again in a second");
	return CLI_GOOD;
}

static int
say_who(struct args *args)
{
	struct verdict_told v;
	struct command c;
	const char *space;
	int64_t wait_ns;
	int code = order_begin(args, COMMAND_TAKE, &c, &wait_ns);

	if (code == CLI_GOOD)
		code = args_count(args, 0, 0);
	if (code == CLI_GOOD)
		code = ask_who(args, c.id, &v);
	if (code != CLI_GOOD)
		return code;
	space = strchr(v.text, ' ');
	if (space == NULL)
		printf("nobody holds the bench\n");
	else
		printf("%s holds the bench since %.*s\n", space + 1, (int)(space - v.text), v.text);
	return CLI_GOOD;
}

int
cli_take(struct args *args)
{
	bool by_force = args_option(args, "--force", NULL);
	const char *reason = NULL;
	struct command c;
	int64_t wait_ns;
	int code;

	if (args_option(args, "--who", NULL))
		return by_force ? cli_say(args, CLI_WRONG, "--who only asks; leave out --force")
				: say_who(args);
	args_option(args, "--reason", &reason);
	code = order_begin(args, COMMAND_TAKE, &c, &wait_ns);
	if (code == CLI_GOOD)
		code = args_count(args, 0, 0);
	if (code == CLI_GOOD && by_force != (reason != NULL))
		code = cli_say(args, CLI_WRONG,
			"--force and --reason belong together: mbc take --force --reason \"TEXT\"");
	if (code == CLI_GOOD && reason != NULL)
		code = order_word(args, c.text, sizeof(c.text), reason, "the reason");
	if (code != CLI_GOOD)
		return code;
	c.is_confirmed = by_force;
	return order_run(args, &c, wait_ns, "take:");
}

/* The gate knows accounts alone: whether this computer has such a user is looked at here. It may be an account. */
static int
take_receiver(struct args *args, struct command *c)
{
	const char *name = args->at[0];

	if (name[0] == '\0')
		return cli_say(
			args, CLI_WRONG, "the name is empty; without one nobody holds it any more");
	if (strncmp(name, "user:", 5) == 0 || getpwnam(name) != NULL)
		return order_word(args, c->value, sizeof(c->value), name, "the name");
	/* Then it can only be an account's. */
	if (snprintf(c->value, sizeof(c->value), "user:%s", name) >= (int)sizeof(c->value))
		return cli_say(args, CLI_WRONG, "the name is too long to be anybody's");
	return CLI_GOOD;
}

int
cli_hand_over(struct args *args)
{
	struct command c;
	int64_t wait_ns;
	int code = order_begin(args, COMMAND_HAND_OVER, &c, &wait_ns);

	if (code == CLI_GOOD)
		code = args_count(args, 0, 1);
	if (code == CLI_GOOD && args->n == 1)
		code = take_receiver(args, &c);
	return code != CLI_GOOD ? code : order_run(args, &c, wait_ns, "hand-over:");
}
