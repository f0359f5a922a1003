/* fuzz_command.c - commands, verdicts and files of tokens; bodies of requests that command: the first byte says which */
#include <stdlib.h>
#include <string.h>

#include "msg/command.h"
#include "msg/tokens.h"
#include "serve/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is taken for a message is written as one of the same meaning: read and written once more, the bytes are the same. */
static void
try_message(const uint8_t *data, size_t n)
{
	struct buf once = { 0 }, twice = { 0 };
	struct verdict_told v;
	struct command c;
	struct wire_in in;
	struct err err;
	int kind = wire_open(&in, data, n, &err);

	if (kind == WIRE_COMMAND && command_read(&c, &in, &err) == 0) {
		command_write(&once, &c);
		if (wire_open(&in, once.data, once.n, &err) != WIRE_COMMAND ||
			command_read(&c, &in, &err) < 0)
			abort();
		command_write(&twice, &c);
	} else if (kind == WIRE_VERDICT && verdict_read(&v, &in, &err) == 0) {
		verdict_write(&once, &v);
		if (wire_open(&in, once.data, once.n, &err) != WIRE_VERDICT ||
			verdict_read(&v, &in, &err) < 0)
			abort();
		verdict_write(&twice, &v);
	}
	if (once.n != twice.n || (once.n > 0 && memcmp(once.data, twice.data, once.n) != 0))
		abort();
	buf_done(&once);
	buf_done(&twice);
}

/* What is read from a body goes through a packet unchanged, if it fits. */
static void
try_rehearsal(const struct target *t, const char *body, size_t n)
{
	static struct rehearse_ask a, again;
	struct buf packet = { 0 };
	struct wire_in in;
	struct err err;

	if (wish_rehearse(&a, t, body, n, &err) < 0)
		return;
	a.id[0] = 'x';
	wire_begin(&packet, WIRE_REHEARSE);
	if (rehearse_write(&packet, &a) &&
		(wire_open(&in, packet.data, packet.n, &err) != WIRE_REHEARSE ||
			rehearse_read(&again, &in, &err) < 0 || memcmp(&a, &again, sizeof(a)) != 0))
		abort();
	buf_done(&packet);
}

static void
try_body(const uint8_t *data, size_t n)
{
	static struct target target;
	struct command c;
	int64_t wait_ns;
	struct err err;

	target.order = n > 0 ? data[0] % ORDERS : 0;
	if (target.order == ORDER_REHEARSE) {
		try_rehearsal(&target, (const char *)data + 1, n - 1);
		return;
	}
	if (n > 0 &&
		wish_make(&c, &wait_ns, &target, (const char *)data + 1, n - 1, 0, &err) == 0 &&
		(c.kind >= COMMAND_KINDS || c.is_person || c.expires_ns < 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct tokens tokens;
	struct err err;

	if (n == 0)
		return 0;
	if (data[0] == 'm')
		try_message(data + 1, n - 1);
	else if (data[0] == 'b')
		try_body(data + 1, n - 1);
	else if (data[0] == 't' && tokens_read(&tokens, (const char *)data + 1, n - 1, &err) < 0 &&
		 tokens.n != 0)
		abort();
	return 0;
}
