/* fuzz_errand.c - what is asked of the bench file: bodies, their addresses and packets; the first byte chooses the reader */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "msg/audit_chain.h"
#include "msg/version.h"
#include "serve/file_body.h"
#include "serve/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { BODY, ORDER, ROUTE, PACKET, FILES, CHAIN, KINDS };

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

/* What such a body asks for, at each address that takes one. */
static void
ask_with(const struct file_body *b)
{
	static char part[] = "sequences/a.seq";
	static const enum target_order orders[] = { ORDER_FILE_CHECK, ORDER_FILE_PUT,
		ORDER_SEQUENCE_CHECK };

	for (size_t i = 0; i < 6; i++) {
		static struct target t;
		struct errand_ask a;
		struct err err;

		t.order = orders[i % 3];
		t.params[0] = i < 3 ? NULL : part;
		if (wish_errand_file(&a, &t, b, &err) < 0)
			continue;
		demand(b->text != NULL && errand_has_text(a.kind));
		demand(!errand_is_sequence(a.kind) || b->n <= ERRAND_SEQUENCE_MAX);
		demand(a.kind != ERRAND_PUT || strlen(a.sha256) == SHA256_HEX);
	}
}

static void
read_body(char *bytes, size_t n)
{
	struct file_body b;
	struct err err;

	if (file_body_read(&b, bytes, n, &err) < 0)
		return;
	demand(b.text == NULL || (b.text >= bytes && b.text + b.n <= bytes + n));
	demand(strlen(b.reason) < sizeof(b.reason) && strlen(b.sha256) <= SHA256_HEX);
	demand(text_utf8(b.reason, strlen(b.reason)) == strlen(b.reason));
	demand(strlen(b.name) < sizeof(b.name) &&
		text_utf8(b.name, strlen(b.name)) == strlen(b.name));
	ask_with(&b);
}

static void
read_order(const char *bytes, size_t n)
{
	static const enum target_order orders[] = { ORDER_UNDO, ORDER_DISCARD, ORDER_REASON };
	struct target t = { .order = orders[n % 3] };
	struct errand_ask a;
	struct err err;

	if (wish_errand_order(&a, &t, bytes, n, &err) < 0)
		return;
	demand(a.kind != ERRAND_UNDO || (a.number > 0 && a.number < 1000000));
	demand(a.kind != ERRAND_REASON || a.reason[0] != '\0');
}

/* The same bytes as what is asked of a run: what is let through goes into one packet, a line each. */
static void
read_run(const char *bytes, size_t n)
{
	static const enum target_order orders[] = { ORDER_RUN_START, ORDER_RUN_STOP,
		ORDER_RUN_NOTE };
	struct err err;

	for (size_t i = 0; i < 3; i++) {
		struct target t = { .order = orders[i], .name = "7" };
		static struct errand_ask a;

		if (wish_errand_run(&a, &t, bytes, n, &err) < 0)
			continue;
		demand(errand_is_run(a.kind) && strlen(a.text) < sizeof(a.text));
		demand(a.request[0] == '\0' || command_id_is_good(a.request));
		demand(text_utf8(a.text, strlen(a.text)) == strlen(a.text));
		demand(a.kind != ERRAND_RUN_NOTE ||
			(a.number == 7 && a.text[0] != '\0' && strlen(a.text) <= WIRE_NOTE_MAX &&
				strchr(a.text, '\n') == NULL));
	}
}

static void
read_route(const char *bytes, size_t n)
{
	static struct target t;
	char uri[512] = "/api/v1/";
	struct errand_ask a;
	struct err err;

	if (n > 400 || memchr(bytes, '\0', n) != NULL)
		return;
	memcpy(uri + strlen(uri), bytes, n);
	if (target_parse(uri, &t, &err) < 0 || wish_errand(&a, &t, &err) < 0)
		return;
	demand(a.limit <= ERRAND_RECORDS && a.kind < ERRAND_KINDS);
}

/* What is read is written, and read again, as the same. */
static void
read_packet(const char *bytes, size_t n)
{
	static struct errand_ask a, again;
	struct buf out = { 0 };
	struct wire_in in = { .at = (const uint8_t *)bytes, .left = n };
	struct err err;

	if (errand_read(&a, &in, &err) < 0)
		return;
	wire_begin(&out, WIRE_ERRAND);
	errand_write(&out, &a);
	demand(wire_open(&in, (const uint8_t *)out.data, out.n, &err) == WIRE_ERRAND);
	demand(errand_read(&again, &in, &err) == 0 && again.kind == a.kind &&
		again.number == a.number);
	/* What is no UTF-8 is cut when it is written; the gate lets none of it through. */
	demand(text_utf8(a.name, strlen(a.name)) < strlen(a.name) ||
		strcmp(a.name, again.name) == 0);
	buf_done(&out);
}

static void
read_files(char *bytes, size_t n)
{
	static struct version v;
	struct err err;

	if (version_entries(&v, bytes, n, &err) < 0)
		return;
	for (size_t i = 0; i < v.n; i++)
		demand(v.files[i].bytes >= bytes && v.files[i].bytes + v.files[i].n <= bytes + n);
}

static void
read_chain(const char *bytes, size_t n)
{
	struct audit_chain chain = { .fault = NULL };
	unsigned row = 0;

	audit_chain_begin(&chain);
	for (const char *at = bytes, *end = bytes + n; at < end;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t length = lf == NULL ? (size_t)(end - at) : (size_t)(lf - at);

		audit_chain_line(&chain, ++row, at, length);
		at += length + (lf != NULL);
	}
	audit_chain_end(&chain);
	demand(chain.faults + chain.torn <= 2 * row + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *bytes;

	if (n == 0)
		return 0;
	bytes = malloc(n); /* a sanitizer sees a read beyond its end */
	demand(bytes != NULL);
	n--;
	memcpy(bytes, data + 1, n);
	switch (data[0] % KINDS) {
	case BODY:
		read_body(bytes, n);
		break;
	case ORDER:
		read_order(bytes, n);
		read_run(bytes, n);
		break;
	case ROUTE:
		read_route(bytes, n);
		break;
	case PACKET:
		read_packet(bytes, n);
		break;
	case FILES:
		read_files(bytes, n);
		break;
	default:
		read_chain(bytes, n);
	}
	free(bytes);
	return 0;
}
