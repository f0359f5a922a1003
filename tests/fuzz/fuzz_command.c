/* fuzz_command.c - commands, verdicts and files of tokens; bodies of requests that command: the first byte says which */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "msg/command.h"
#include "msg/tokens.h"
#include "serve/wish.h"
#include "serve/wish_manage.h"

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
	} else if (kind == WIRE_MANAGE) {
		static struct manage_ask a;

		if (manage_read(&a, &in, &err) < 0)
			return;
		manage_write(&once, &a);
		if (wire_open(&in, once.data, once.n, &err) != WIRE_MANAGE ||
			manage_read(&a, &in, &err) < 0)
			abort();
		manage_write(&twice, &a);
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

/* Likewise of accounts and tokens; what the gate would take is what was meant, and its file can be read. */
static void
try_manage(const struct target *t, const char *body, size_t n)
{
	static struct manage_ask a, again;
	static struct accounts all;
	char *text = mem_text_n(body, n);
	struct buf packet = { 0 }, line = { 0 };
	struct wire_in in;
	struct err err;

	if (wish_manage(&a, t, text, n, &err) == 0) {
		a.number = 1;
		manage_write(&packet, &a);
		if (wire_open(&in, packet.data, packet.n, &err) != WIRE_MANAGE ||
			manage_read(&again, &in, &err) < 0 || again.change.what != a.change.what ||
			strcmp(again.pin, a.pin) != 0 ||
			strcmp(again.program.reads, a.program.reads) != 0)
			abort();
		again.change.what |= CHANGE_NEW | CHANGE_HASH;
		text_copy(again.change.name, sizeof(again.change.name), "anna");
		text_copy(again.change.hash, sizeof(again.change.hash),
			ACCOUNT_HASH_BEGIN
			"c29tZXNhbHRzb21lc2FsdA$8GrFSBhtCZXJxkSpIWwzZPGEhqiDFVTzEmYcgHGYKPM");
		memset(&all, 0, sizeof(all));
		if (account_change_apply(&all, &again.change, 0, &err) == 0) {
			accounts_write(&line, &all.all[0]);
			if (accounts_read(&all, line.data, line.n, &err) < 0)
				abort();
		}
	}
	buf_done(&packet);
	buf_done(&line);
	free(text);
}

static void
try_body(const uint8_t *data, size_t n)
{
	static struct target target;
	struct command c;
	int64_t wait_ns;
	struct err err;

	target.order = n > 0 ? data[0] % ORDERS : 0;
	if (wish_manages(target.order)) {
		try_manage(&target, (const char *)data + 1, n - 1);
		return;
	}
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
