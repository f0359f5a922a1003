/* line_rig.c - see line_rig.h */
#include "line_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"
#include "drivers/list.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_server.h"

#define BITS 11

/* ---- the image ------------------------------------------------------------------------------------------------- */

/* The offset of a text that the image holds as a channel's name. */
static uint32_t
text_offset(const struct image *img, const char *text)
{
	return image_channel_at(img, image_find_channel(img, text))->name;
}

static void
set_identify(struct image_instrument *ins, const struct image *img, enum image_identify identify)
{
	ins->identify = (uint8_t)identify;
	ins->identify_is = text_offset(img, "GW1");
	ins->identify_space = MODBUS_HOLDING;
	ins->identify_address = LINE_ID_REGISTER;
	ins->identify_count = 1;
	ins->identify_bit = CODEC_BIT_NONE;
	ins->identify_value = VALUE_UINT;
	ins->identify_number = 3216;
}

struct image *
line_image(const struct line_conf *conf)
{
	struct image_builder *b = image_builder_new("line", 100 * NS_PER_MS);
	uint32_t link =
		image_builder_link(b, "loop", conf->host != NULL ? conf->host : "/dev/ttyS0", 0);
	struct image *img;
	struct image_link *l;
	size_t p = 0;

	for (unsigned u = 1; u <= conf->n_units; u++) {
		char name[32], opts[32];

		snprintf(name, sizeof(name), "u%u", u);
		snprintf(opts, sizeof(opts), "unit=%u max_gap=0", u);
		image_builder_instrument(b, name, "modbus-rtu", link, opts, NS_PER_S,
			conf->timeout_ns, conf->retries);
		for (size_t k = 0; k < conf->n_presets; k++)
			if (conf->presets[k].unit == u)
				image_builder_preset(b, conf->presets[k].opts,
					(union value){ .i = conf->presets[k].value });
		for (; p < conf->n_points && conf->points[p].unit == u; p++) {
			uint32_t at;

			snprintf(name, sizeof(name), "p%zu", p);
			at = image_builder_point(
				b, name, conf->points[p].opts, conf->points[p].every_ns);
			if (conf->points[p].write != NULL)
				image_builder_write(b, at, conf->points[p].write);
		}
	}
	image_builder_follow(b, "GW1", 0);
	img = image_builder_done(b);
	l = (struct image_link *)((char *)img + img->links.off);
	l->kind = LINK_SERIAL;
	l->is_line = 1;
	l->has_echo = conf->has_echo;
	l->line = (struct image_line){ .baud = conf->baud, .bits = 8, .parity = 'E', .stop = 1 };
	l->pipeline = 0;
	l->char_ns = BITS * NS_PER_S / conf->baud;
	l->late_max_ns = conf->late_max_ns;
	l->probe_max_ns = conf->probe_max_ns > 0 ? conf->probe_max_ns : 30 * NS_PER_S;
	set_identify((struct image_instrument *)((char *)img + img->instruments.off), img,
		conf->identify);
	return img;
}

/* ---- the devices ----------------------------------------------------------------------------------------------- */

static uint16_t
value_of(const struct line_rig *r, unsigned address)
{
	return address == LINE_ID_REGISTER
		       ? r->device[r->unit_asked].number
		       : (uint16_t)(r->unit_asked << 12 | ((r->salt * 13 + address) & 0xFFF));
}

static int
device_read(
	void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count, uint16_t *out)
{
	for (uint32_t i = 0; i < count; i++)
		out[i] = value_of(ctx, address + i);
	return 0;
}

static int
device_write(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
	const uint16_t *in)
{
	return ((struct line_rig *)ctx)->device[unit].write_code;
}

void
line_say(struct line_rig *r, const void *bytes, size_t n, int64_t at_ns)
{
	for (size_t i = 0; i < LINE_PIECES; i++)
		if (r->pieces[i].n == 0) {
			memcpy(r->pieces[i].bytes, bytes, n);
			r->pieces[i].n = n;
			r->pieces[i].at_ns = at_ns;
			return;
		}
	fprintf(stderr, "line rig: too many pieces under way; correct the test\n");
	abort();
}

void
line_say_frame(struct line_rig *r, const uint8_t *body, size_t n, int64_t at_ns)
{
	uint8_t frame[300];

	memcpy(frame, body, n);
	put_u16le(frame + n, modbus_crc(frame, n));
	line_say(r, frame, n + 2, at_ns);
}

static void
answer(struct line_rig *r, const struct line_device *d, uint8_t *frame, size_t n, int64_t at_ns)
{
	size_t piece = d->piece > 0 ? d->piece : n;

	if (d->as_unit != 0)
		frame[0] = d->as_unit;
	put_u16le(frame + n - 2, (uint16_t)(modbus_crc(frame, n - 2) + d->is_broken));
	at_ns += d->delay_ns;
	for (size_t i = 0; i < n; i += piece) {
		size_t part = MIN(piece, n - i);

		at_ns += (int64_t)part * r->char_ns;
		line_say(r, frame + i, part, at_ns);
		at_ns += d->pause_ns;
	}
}

static void
question(struct line_rig *r)
{
	unsigned unit = r->asked[0];
	const struct line_device *d = &r->device[unit < LINE_UNITS ? unit : 0];
	struct modbus_server server = { r, device_read, device_write, d->vendor, d->product,
		d->revision };
	int64_t end_ns = r->now_ns + (int64_t)r->n_asked * r->char_ns;
	uint8_t frame[300];
	size_t n;

	r->n_early += r->now_ns < r->busy_ns + r->silence_ns;
	r->busy_ns = MAX(r->busy_ns, end_ns);
	r->log[r->n_log++ % LINE_LOG] = (struct line_question){ r->now_ns, r->asked[0], r->asked[1],
		get_u16be(r->asked + 2), get_u16be(r->asked + 4) };
	r->salt++;
	r->unit_asked = unit;
	if (r->conf.has_echo) {
		memcpy(frame, r->asked, r->n_asked);
		for (size_t i = r->cut_echo; r->cut_echo > 0 && i < r->n_asked; i++)
			frame[i] ^= 0x55;
		line_say(r, frame, r->n_asked, end_ns);
	}
	if (d->is_silent)
		return;
	if (r->asked[1] == MODBUS_ENCAPSULATED && d->vendor == NULL) {
		frame[0] = r->asked[0];
		frame[1] = MODBUS_ENCAPSULATED | 0x80;
		frame[2] = MODBUS_ILLEGAL_FUNCTION;
		n = 5;
	} else {
		n = modbus_server_rtu_answer(&server, r->asked, r->n_asked, frame, sizeof(frame));
	}
	if (n > 0)
		answer(r, d, frame, n, end_ns);
}

/* ---- the owner ------------------------------------------------------------------------------------------------- */

static void
on_reading(void *ctx, uint32_t point, const struct reading *reading, int64_t stamp_ns)
{
	struct line_rig *r = ctx;
	const struct image_point *p = image_point_at(r->img, point);

	r->last[point] = *reading;
	r->told_ns[point] = r->now_ns;
	if (quality_is_bad(reading->quality)) {
		r->n_bad[point]++;
		return;
	}
	r->n_good[point]++;
	if (p->instrument + 1 != r->unit_asked || (uint16_t)reading->v.i != value_of(r, p->address))
		r->n_wrong++;
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
	struct line_rig *r = ctx;

	r->state[instrument + 1] = (int)state;
	r->reason[instrument + 1] = (int)reason;
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
	struct line_rig *r = ctx;

	if (strstr(line->meaning, "refuses to be prepared") != NULL)
		text_copy(r->refused, sizeof(r->refused), line->meaning);
	r->n_late += strcmp(line->meaning, "a late answer") == 0;
	r->n_foreign += strcmp(line->meaning, "belongs to no question") == 0;
}

static void
on_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code)
{
	struct line_rig *r = ctx;

	r->n_written++;
	r->verdict[tag % NELEM(r->verdict)] = verdict;
}

void
line_init(struct line_rig *r, const struct line_conf *conf)
{
	memset(r, 0, sizeof(*r));
	r->conf = *conf;
	r->now_ns = 1000 * NS_PER_S;
	r->char_ns = BITS * NS_PER_S / conf->baud;
	/* MODBUS over Serial Line V1.02, 2.5.1.1 */
	r->silence_ns = conf->baud > 19200
				? 1750 * NS_PER_US
				: (35 * BITS * NS_PER_S / 10 + conf->baud - 1) / conf->baud;
	r->sink = (struct link_sink){ .ctx = r,
		.reading = on_reading,
		.state = on_state,
		.trace = on_trace,
		.written = on_written };
	for (unsigned u = 0; u < LINE_UNITS; u++)
		r->device[u].delay_ns = 5 * NS_PER_MS;
	r->img = line_image(conf);
	r->link = link_new(r->img, 0, codec_find, &r->sink, r->now_ns);
	link_take(r->link, &r->wants);
}

void
line_done(struct line_rig *r)
{
	link_free(r->link);
	free(r->img);
}

void
line_take(struct line_rig *r)
{
	do {
		link_take(r->link, &r->wants);
		r->n_flush += r->wants.flush;
		if (r->wants.close) {
			r->is_open = false;
			r->n_closes++;
		}
		if (r->wants.n > 0) {
			memcpy(r->asked, r->wants.bytes, r->wants.n);
			r->n_asked = r->wants.n;
			question(r);
		}
		if (r->wants.open) {
			r->n_opens++;
			if (r->is_slow)
				continue;
			r->is_open = !r->is_deaf;
			if (r->is_deaf)
				link_closed(r->link, Q_NO_LINK, "no port", r->now_ns);
			else
				link_opened(r->link, r->now_ns);
		}
	} while (r->wants.open);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

static struct line_piece *
earliest(struct line_rig *r)
{
	struct line_piece *best = NULL;

	for (size_t i = 0; i < LINE_PIECES; i++)
		if (r->pieces[i].n > 0 && (best == NULL || r->pieces[i].at_ns < best->at_ns))
			best = &r->pieces[i];
	return best;
}

/* One step; false: nothing before until_ns. */
static bool
step(struct line_rig *r, int64_t until_ns)
{
	struct line_piece *p = earliest(r);
	int64_t next_ns = p != NULL ? MIN(p->at_ns, r->wants.wake_ns) : r->wants.wake_ns;

	if (next_ns > until_ns)
		return false;
	r->now_ns = MAX(r->now_ns, next_ns);
	if (p != NULL && p->at_ns <= r->now_ns) {
		size_t n = p->n;

		p->n = 0;
		r->busy_ns = MAX(r->busy_ns, p->at_ns);
		if (r->is_open) /* what comes while the port is closed is lost */
			link_bytes(r->link, p->bytes, n, r->now_ns);
	} else {
		link_time(r->link, r->now_ns);
	}
	line_take(r);
	return true;
}

void
line_run(struct line_rig *r, int64_t until_ns)
{
	while (step(r, until_ns))
		continue;
	r->now_ns = until_ns;
}

bool
line_run_to_news(struct line_rig *r, unsigned point, int64_t until_ns)
{
	unsigned before = r->n_good[point] + r->n_bad[point];

	while (r->n_good[point] + r->n_bad[point] == before)
		if (!step(r, until_ns))
			return false;
	return true;
}

void
line_lose(struct line_rig *r)
{
	r->is_open = false;
	r->busy_ns = r->now_ns; /* what was being sent went nowhere */
	link_closed(r->link, Q_LINK_LOST, "the port is gone", r->now_ns);
	line_take(r);
}

void
line_open(struct line_rig *r)
{
	r->is_open = true;
	link_opened(r->link, r->now_ns);
	line_take(r);
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

unsigned
line_asked(const struct line_rig *r, unsigned unit, unsigned function, size_t first)
{
	unsigned n = 0;

	for (size_t i = first; i < r->n_log; i++) {
		const struct line_question *q = &r->log[i % LINE_LOG];

		n += (unit == 0 || q->unit == unit) && (function == 0 || q->function == function);
	}
	return n;
}

struct board_state
line_state(const struct line_rig *r, unsigned unit)
{
	struct board_state s = { 0 };

	link_state(r->link, unit - 1, &s);
	return s;
}
