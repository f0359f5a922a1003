/* local_wire.c - the wire to a part of this computer */
#include "io/local_wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/folder_files.h"
#include "io/gpio_lines.h"
#include "io/system_files.h"

#define SERIAL sizeof(uint32_t) /* bytes before question and answer: the number of the opening */

/* ---- in the thread ---- */

static size_t
read_system(void *ctx, const uint8_t *request, size_t n, uint8_t *out)
{
	memcpy(out, request, SERIAL);
	return SERIAL + system_files_answer(request + SERIAL, n - SERIAL, out + SERIAL);
}

static size_t
read_folder(void *ctx, const uint8_t *request, size_t n, uint8_t *out)
{
	memcpy(out, request, SERIAL);
	return SERIAL + folder_files_answer(ctx, request + SERIAL, n - SERIAL, out + SERIAL);
}

static size_t
use_gpio(void *ctx, const uint8_t *request, size_t n, uint8_t *out)
{
	memcpy(out, request, SERIAL);
	return SERIAL + gpio_lines_answer(ctx, request + SERIAL, n - SERIAL, out + SERIAL);
}

/* ---- in the loop ---- */

int
local_wire_start(struct local_wire *l, enum link_kind kind, const char *host, struct err *err)
{
	struct worker_job job = { .fn = read_system };
	const char *name = "mbc-files";

	if (kind == LINK_FOLDER) {
		job = (struct worker_job){ read_folder, mem_text(host), free };
		name = "mbc-folder";
	} else if (kind == LINK_GPIO) {
		job = (struct worker_job){ use_gpio, gpio_lines_new(host, NULL), gpio_lines_free };
		name = "mbc-gpio";
	}
	l->is_asked = false;
	l->n_waiting = 0;
	return worker_start(&l->worker, name, &job, err);
}

void
local_wire_stop(struct local_wire *l)
{
	worker_stop(&l->worker);
}

static void
send_waiting(struct local_wire *l)
{
	if (l->n_waiting == 0 || l->is_asked)
		return;
	l->is_asked = worker_ask(&l->worker, l->waiting, l->n_waiting, NULL) == 0;
	l->n_waiting = 0;
}

void
local_wire_ask(struct local_wire *l, uint32_t serial, const uint8_t *bytes, size_t n)
{
	if (n > sizeof(l->waiting) - SERIAL)
		return;
	memcpy(l->waiting, &serial, SERIAL);
	memcpy(l->waiting + SERIAL, bytes, n);
	l->n_waiting = SERIAL + n;
	send_waiting(l);
}

size_t
local_wire_take(struct local_wire *l, uint32_t *out_serial, uint8_t *out)
{
	uint8_t answer[WORKER_PACKET_MAX];
	size_t n = worker_take(&l->worker, answer);

	if (n < SERIAL)
		return 0;
	l->is_asked = false;
	send_waiting(l);
	memcpy(out_serial, answer, SERIAL);
	memcpy(out, answer + SERIAL, n - SERIAL);
	return n - SERIAL;
}
