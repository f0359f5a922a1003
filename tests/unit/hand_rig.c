/* hand_rig.c - a bench with devices in memory */
#include "hand_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "drivers/list.h"

#define DELAY_NS (2 * NS_PER_MS)
#define TIMEOUT_NS (200 * NS_PER_MS)

struct image_builder *
hand_builder(uint32_t n, uint32_t registers, uint32_t *out_points)
{
	struct image_builder *b = image_builder_new("hands", 100 * NS_PER_MS);
	char name[20], opts[40];

	for (uint32_t d = 0; d < n; d++) {
		uint32_t link;

		snprintf(name, sizeof(name), "l%u", d);
		link = image_builder_link(b, name, "127.0.0.1", (uint16_t)(1502 + d));
		snprintf(name, sizeof(name), "d%u", d);
		image_builder_instrument(
			b, name, "modbus", link, "unit=1", 100 * NS_PER_MS, TIMEOUT_NS, 1);
		for (uint32_t k = 0; k < registers; k++) {
			uint32_t p;

			snprintf(name, sizeof(name), "r%u", k);
			snprintf(opts, sizeof(opts), "holding=%u type=int16", k);
			p = image_builder_point(b, name, opts, 0);
			snprintf(opts, sizeof(opts), "holding=%u", k);
			image_builder_write(b, p, opts);
			out_points[d * HAND_REGISTERS + k] = p;
		}
	}
	return b;
}

/* ---- the controller's surroundings --------------------------------------------------------------------------------------- */

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct hand_rig *r = ctx;

	assert_true(r->n_events < HAND_EVENTS);
	e->id = r->n_events + 1;
	r->events[r->n_events++] = *e;
	if (r->ears.event != NULL)
		r->ears.event(r, e);
	return e->id;
}

static enum command_record
on_recorded(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns)
{
	struct hand_rig *r = ctx;

	assert_true(id > 0);
	if (r->no_disk && now_ns - asked_ns >= 2 * NS_PER_S)
		return COMMAND_RECORD_FAILED;
	return r->no_disk || r->is_slow ? COMMAND_RECORD_WAITS : COMMAND_RECORDED;
}

static void
on_verdict(void *ctx, const struct verdict_told *v)
{
	struct hand_rig *r = ctx;

	r->verdicts[r->n_verdicts++ % HAND_VERDICTS] = *v;
	if (r->ears.verdict != NULL)
		r->ears.verdict(r, v);
}

static uint64_t
on_keep(void *ctx, const uint8_t *bytes, size_t n)
{
	struct hand_rig *r = ctx;

	/* The last one waits: a kill may tear it. */
	keep_past_take(r->past, r->last, r->n_last);
	assert_true(n <= sizeof(r->last));
	memcpy(r->last, bytes, n);
	r->n_last = n;
	return ++r->n_kept;
}

static void
end_journal(struct hand_rig *r)
{
	if (!r->is_torn)
		keep_past_take(r->past, r->last, r->n_last);
	r->n_last = 0;
}

static struct bench_clock
clock_of(const struct hand_rig *r)
{
	return (struct bench_clock){ .now_ns = r->now_ns,
		.wall_ns = r->wall_ns,
		.wall_is_good = !r->wall_is_bad,
		.late_ns = r->late_ns };
}

static void
make_board(struct hand_rig *r)
{
	const struct bench_sink sink = { .ctx = r,
		.event = on_event,
		.intent = on_event,
		.recorded = on_recorded,
		.verdict = on_verdict,
		.keep = on_keep,
		.boot = r->boot };
	struct board_setup setup = { .image = r->img,
		.generation = 1,
		.tape_records = board_tape_records(r->img),
		.trace_lines = 8,
		.now_ns = r->now_ns };

	free(r->memory);
	r->memory = mem_zero(1, board_size(&setup));
	r->board = board_make(r->memory, &setup);
	r->bench = bench_new(r->img, r->board, codec_find, &sink, r->now_ns);
}

static void
make_bench(struct hand_rig *r)
{
	const struct bench_clock clock = clock_of(r);

	make_board(r);
	r->next_tick_ns = r->now_ns;
	end_journal(r);
	bench_restore(r->bench, r->past, &clock);
}

void
hand_reload(struct hand_rig *r, struct image *img)
{
	struct bench *old = r->bench;
	struct image *was = r->img;
	uint32_t kept[HAND_DEVICES];

	r->img = img;
	make_board(r);
	bench_adopt(r->bench, old, kept, r->now_ns);
	for (uint32_t d = 0; d < r->n_devices; d++)
		assert_int_equal(kept[d], d);
	bench_free(old);
	free(was);
}

void
hand_init(struct hand_rig *r, struct image *img, uint32_t n)
{
	memset(r, 0, sizeof(*r));
	r->img = img;
	r->n_devices = n;
	r->now_ns = 1000 * NS_PER_S;
	r->wall_ns = 1000000 * NS_PER_S;
	r->boot = 1;
	r->past = keep_past_new();
	for (uint32_t d = 0; d < n; d++) {
		r->device[d].delay_ns = DELAY_NS;
		r->device[d].answer_ns = NEVER;
	}
	make_bench(r);
}

void
hand_done(struct hand_rig *r)
{
	bench_free(r->bench);
	keep_past_free(r->past);
	free(r->memory);
	free(r->img);
}

void
hand_kill(struct hand_rig *r, int64_t outage_ns)
{
	bench_free(r->bench);
	r->now_ns += outage_ns;
	for (uint32_t d = 0; d < r->n_devices; d++) {
		r->device[d].is_open = false;
		r->device[d].answer_ns = NEVER;
	}
	make_bench(r);
}

void
hand_reboot(struct hand_rig *r, int64_t outage_ns)
{
	int64_t before_ns = r->now_ns;

	r->boot++;
	r->now_ns = 50 * NS_PER_S;
	r->wall_ns += before_ns - r->now_ns + outage_ns;
	hand_kill(r, 0);
}

/* ---- devices: Modbus/TCP, functions 1, 3, 5, 6, 16 ----------------------------------------------------------------------------- */

static unsigned
get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void
note_write(struct hand_rig *r, uint32_t d, unsigned address, int16_t value)
{
	struct hand_device *dev = &r->device[d];

	assert_true(address < HAND_REGISTERS);
	assert_true(r->n_writes < HAND_WRITES);
	r->writes[r->n_writes++] =
		(struct hand_write){ r->now_ns, d, (uint32_t)address, value, r->n_events };
	if (r->ears.write != NULL)
		r->ears.write(r, &r->writes[r->n_writes - 1]);
	if (!dev->is_stuck)
		dev->held[address] = value;
}

static void
answer(struct hand_rig *r, uint32_t d, const uint8_t *in, size_t n)
{
	struct hand_device *dev = &r->device[d];
	uint8_t *out = dev->answer;
	unsigned function = in[7], address = get16(in + 8), count = n < 12 ? 0 : get16(in + 10),
		 size;

	if (function == 3 || function == 1) {
		dev->asked_ns = r->now_ns;
		dev->address = address;
	} else if (function != 17 && function != 43) /* what it is */
		dev->n_others++;
	if (dev->is_silent)
		return;
	memcpy(out, in, MIN(n, (size_t)12));
	if (function == 1) {
		assert_true(address + count <= HAND_REGISTERS);
		out[8] = (uint8_t)((count + 7) / 8);
		memset(out + 9, 0, out[8]);
		for (unsigned i = 0; i < count; i++)
			out[9 + i / 8] |= (uint8_t)((dev->held[address + i] != 0) << i % 8);
		size = 9u + out[8];
	} else if (function != 3 && function != 5 && function != 6 && function != 16) {
		out[7] |= 0x80;
		out[8] = 1;
		size = 9;
	} else if (function == 3 && dev->hides != 0 &&
		   (dev->hides & ((UINT64_C(1) << count) - 1) << address) != 0) {
		out[7] |= 0x80;
		out[8] = 4;
		size = 9;
	} else if (function == 3) {
		assert_true(address + count <= HAND_REGISTERS);
		out[8] = (uint8_t)(2 * count);
		for (unsigned i = 0; i < count; i++) {
			out[9 + 2 * i] = (uint8_t)((uint16_t)dev->held[address + i] >> 8);
			out[10 + 2 * i] = (uint8_t)dev->held[address + i];
		}
		size = 9 + 2 * count;
	} else if (dev->refuses || (UINT64_C(0) + dev->refuses_some) >> address & 1) {
		out[7] |= 0x80;
		out[8] = dev->refusal != 0 ? dev->refusal : 4;
		size = 9;
	} else {
		if (function == 5)
			note_write(r, d, address, count != 0);
		else if (function == 6)
			note_write(r, d, address, (int16_t)count);
		else
			for (unsigned i = 0; i < count; i++)
				note_write(r, d, address + i, (int16_t)get16(in + 13 + 2 * i));
		size = 12;
	}
	out[4] = 0;
	out[5] = (uint8_t)(size - 6);
	dev->n_answer = size;
	dev->answer_ns = r->now_ns + dev->delay_ns;
}

static void
serve(struct hand_rig *r)
{
	struct link_wants w;
	uint32_t link;

	while ((link = bench_take(r->bench, &w)) != IMAGE_NONE) {
		struct hand_device *dev = &r->device[link];

		if (w.close)
			dev->is_open = false;
		if (w.n > 0 && dev->is_open)
			answer(r, link, w.bytes, w.n);
		if (w.open && dev->is_gone) {
			bench_closed(r->bench, link, Q_NO_LINK, "refused", r->now_ns);
		} else if (w.open) {
			dev->is_open = true;
			dev->answer_ns = NEVER;
			bench_opened(r->bench, link, r->now_ns);
		}
	}
}

static void
break_links(struct hand_rig *r)
{
	for (uint32_t d = 0; d < r->n_devices; d++)
		if (r->device[d].is_gone && r->device[d].is_open) {
			r->device[d].is_open = false;
			bench_closed(r->bench, d, Q_LINK_LOST, "pulled", r->now_ns);
			serve(r);
		}
}

static int64_t
next_answer(const struct hand_rig *r)
{
	int64_t at_ns = NEVER;

	for (uint32_t d = 0; d < r->n_devices; d++)
		if (r->device[d].is_open)
			at_ns = MIN(at_ns, r->device[d].answer_ns);
	return at_ns;
}

/* The answer to a question to read is there; one that is late is none. */
static void
note_told(struct hand_device *dev, int64_t now_ns)
{
	if (now_ns - dev->asked_ns >= TIMEOUT_NS)
		return;
	for (unsigned i = 0; dev->answer[7] == 3 && i < dev->answer[8] / 2u; i++) {
		dev->told[dev->address + i] = (int16_t)get16(dev->answer + 9 + 2 * i);
		dev->told_ns[dev->address + i] = dev->asked_ns;
	}
}

static void
deliver(struct hand_rig *r)
{
	for (uint32_t d = 0; d < r->n_devices; d++) {
		struct hand_device *dev = &r->device[d];
		uint8_t bytes[300];

		if (!dev->is_open || dev->answer_ns > r->now_ns)
			continue;
		memcpy(bytes, dev->answer, dev->n_answer);
		dev->answer_ns = NEVER;
		note_told(dev, r->now_ns);
		bench_bytes(r->bench, d, bytes, dev->n_answer, r->now_ns);
		serve(r);
	}
}

void
hand_run(struct hand_rig *r, int64_t span_ns)
{
	int64_t until_ns = r->now_ns + span_ns;

	serve(r);
	for (;;) {
		int64_t next = MIN(MIN(next_answer(r), bench_wake(r->bench)), r->next_tick_ns);

		if (next > until_ns)
			break;
		r->now_ns = MAX(r->now_ns, next);
		break_links(r);
		deliver(r);
		bench_time(r->bench, r->now_ns);
		serve(r);
		if (r->now_ns >= r->next_tick_ns) {
			const struct bench_clock clock = clock_of(r);

			bench_tick(r->bench, &clock);
			serve(r);
			r->next_tick_ns += r->img->tick_ns;
		}
	}
	r->now_ns = until_ns;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------ */

void
hand_command(struct hand_rig *r, struct command *c)
{
	static unsigned n;

	if (c->id[0] == '\0')
		snprintf(c->id, sizeof(c->id), "test-%u", ++n);
	if (c->principal[0] == '\0')
		text_copy(c->principal, sizeof(c->principal), "tester");
	bench_command(r->bench, c, r->now_ns);
	serve(r);
}

enum verdict
hand_verdict(const struct hand_rig *r, const char *id, const char **out_text)
{
	for (size_t i = r->n_verdicts; i-- > 0 && r->n_verdicts - i <= HAND_VERDICTS;) {
		const struct verdict_told *v = &r->verdicts[i % HAND_VERDICTS];

		if (strcmp(v->id, id) != 0)
			continue;
		if (out_text != NULL)
			*out_text = v->text;
		return v->verdict;
	}
	return VERDICT_PENDING;
}

enum verdict
hand_set(struct hand_rig *r, const char *output, const char *value)
{
	struct command c = { .kind = COMMAND_SET, .ramp_per_min = (double)NAN, .is_person = true };

	text_copy(c.subject, sizeof(c.subject), output);
	text_copy(c.value, sizeof(c.value), value);
	hand_command(r, &c);
	for (int i = 0; i < 50 && hand_verdict(r, c.id, NULL) == VERDICT_PENDING; i++)
		hand_run(r, 100 * NS_PER_MS);
	return hand_verdict(r, c.id, NULL);
}

/* ---- looking ------------------------------------------------------------------------------------------------------------- */

static uint32_t
find(const struct hand_rig *r, const char *name, struct sample *out)
{
	uint32_t i = image_find_channel(r->img, name);

	assert_int_not_equal(i, IMAGE_NONE);
	board_read(r->board, i, out);
	return i;
}

double
hand_value(struct hand_rig *r, const char *name)
{
	struct sample s;
	uint32_t i = find(r, name, &s);

	return quality_is_bad(s.quality) ? (double)NAN
					 : value_double(image_channel_at(r->img, i)->type, s.v);
}

const char *
hand_word(struct hand_rig *r, const char *name)
{
	struct sample s;
	const struct image_channel *ch = image_channel_at(r->img, find(r, name, &s));

	for (uint32_t i = 0; i < ch->n_choices; i++)
		if (image_choice_at(r->img, ch->first_choice + i)->number == s.v.i)
			return image_text(
				r->img, image_choice_at(r->img, ch->first_choice + i)->word);
	return "";
}

void
hand_text(struct hand_rig *r, const char *name, char out[VALUE_TEXT_MAX + 1])
{
	struct sample s;

	find(r, name, &s);
	text_copy(out, VALUE_TEXT_MAX + 1, s.text);
}

size_t
hand_count(const struct hand_rig *r, enum event_kind kind, const char *subject)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_events; i++)
		n += r->events[i].kind == kind &&
		     (subject == NULL || strcmp(r->events[i].subject, subject) == 0);
	return n;
}

const struct event *
hand_last(const struct hand_rig *r, enum event_kind kind)
{
	for (size_t i = r->n_events; i-- > 0;)
		if (r->events[i].kind == kind)
			return &r->events[i];
	return NULL;
}
