/* text_rig.c - instruments that are described by their messages, in the link engine */
#include "text_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/compile.h"
#include "compile/units.h"
#include "drivers/list.h"

#define MS NS_PER_MS

static void
on_reading(void *ctx, uint32_t point, const struct reading *in, int64_t stamp_ns)
{
	struct text_rig *r = ctx;

	assert_true(point < TEXT_RIG_POINTS);
	r->last[point] = *in;
	r->n_told[point]++;
	text_copy(r->text[point], sizeof(r->text[point]), in->text == NULL ? "" : in->text);
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
	struct text_rig *r = ctx;

	r->state[instrument] = (int)state;
	r->reason[instrument] = (int)reason;
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
	struct text_rig *r = ctx;

	if (line->kind != TRACE_NOTE || r->note_of == NULL ||
		strncmp(line->meaning, r->note_of, strlen(r->note_of)) != 0)
		return;
	text_copy(r->note, sizeof(r->note), line->meaning);
	r->n_notes++;
}

static void
on_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code)
{
	struct text_rig *r = ctx;

	r->n_written++;
	r->verdict = verdict;
	r->written_tag = tag;
}

/* The lines of what was sent, each to the device. */
static void
hear(struct text_rig *r, const char *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		const char *end = memchr(bytes + at, '\r', n - at), *answer;
		char line[80];

		assert_non_null(end);
		snprintf(
			line, sizeof(line), "%.*s", (int)(end - bytes - (ptrdiff_t)at), bytes + at);
		at = (size_t)(end - bytes) + 1;
		assert_true(r->n_log < TEXT_RIG_LOG);
		text_copy(r->log[r->n_log].text, sizeof(r->log[0].text), line);
		r->log[r->n_log++].at_ns = r->now_ns;
		answer = r->device(r, line);
		if (answer == NULL)
			continue;
		assert_true(r->n_answers < NELEM(r->answers));
		snprintf(r->answers[r->n_answers].text, sizeof(r->answers[0].text), "%s\r", answer);
		r->answers[r->n_answers++].at_ns = r->now_ns + r->delay_ns;
	}
}

static void
carry_out(struct text_rig *r)
{
	do {
		link_take(r->link, &r->wants);
		if (r->wants.n > 0)
			hear(r, (const char *)r->wants.bytes, r->wants.n);
		if (r->wants.open && !r->is_closed)
			link_opened(r->link, r->now_ns);
		else if (r->wants.open)
			link_closed(r->link, Q_NO_LINK, NULL, r->now_ns);
	} while (r->wants.open);
}

static void
compile(struct text_rig *r, const char *yaml)
{
	struct bench b;
	struct err err;
	struct buf text = { 0 };

	buf_printf(&text, "bench: b\nlinks: {l: {tcp: \"h:1\"}}\ninstruments:\n%s", yaml);
	assert_int_equal(units_open(&err), 0);
	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, text.data, text.n, &r->image, NULL, &err), 0);
	r->img = (const struct image *)(const void *)r->image.data;
	bench_done(&b);
	units_close();
	buf_done(&text);
}

void
text_rig_make(struct text_rig *r, const char *yaml,
	const char *(*device)(struct text_rig *r, const char *asked))
{
	memset(r, 0, sizeof(*r));
	r->now_ns = 1000 * NS_PER_S;
	r->delay_ns = 5 * MS;
	r->device = device;
	r->sink = (struct link_sink){ .ctx = r,
		.reading = on_reading,
		.state = on_state,
		.trace = on_trace,
		.written = on_written };
	compile(r, yaml);
	r->link = link_new(r->img, 0, codec_find, &r->sink, r->now_ns);
	link_time(r->link, r->now_ns);
}

void
text_rig_start(struct text_rig *r, const char *yaml,
	const char *(*device)(struct text_rig *r, const char *asked))
{
	text_rig_make(r, yaml, device);
	carry_out(r);
}

void
text_rig_stop(struct text_rig *r)
{
	link_free(r->link);
	buf_done(&r->image);
}

void
text_rig_run(struct text_rig *r, int64_t span_ns)
{
	int64_t until_ns = r->now_ns + span_ns;

	for (unsigned steps = 0;; steps++) {
		int64_t answer_ns = r->n_answers > 0 ? r->answers[0].at_ns : NEVER;
		bool is_answer = answer_ns <= r->wants.wake_ns;
		int64_t next_ns = MIN(answer_ns, r->wants.wake_ns);
		char answer[sizeof(r->answers[0].text)];

		assert_true(steps < 100000); /* more means that time stands still */
		if (next_ns > until_ns)
			break;
		r->now_ns = MAX(r->now_ns, next_ns);
		if (is_answer) {
			memcpy(answer, r->answers[0].text, sizeof(answer));
			memmove(r->answers, r->answers + 1, --r->n_answers * sizeof(r->answers[0]));
			link_bytes(r->link, (const uint8_t *)answer, strlen(answer), r->now_ns);
		} else {
			link_time(r->link, r->now_ns);
		}
		carry_out(r);
	}
	r->now_ns = until_ns;
}

int
text_rig_write(struct text_rig *r, uint32_t point, double v, struct err *err)
{
	enum value_type type = (enum value_type)image_point_at(r->img, point)->value;
	union value as = { .f = v };
	int rc;

	if (type != VALUE_FLOAT && type != VALUE_FLOAT32)
		as.i = (int64_t)v;
	rc = link_write(r->link, point, 7, as, NULL, r->now_ns, err);
	carry_out(r);
	return rc;
}

void
text_rig_lose(struct text_rig *r)
{
	r->n_answers = 0;
	link_closed(r->link, Q_LINK_LOST, "pulled", r->now_ns);
	carry_out(r);
}

bool
text_rig_reload(struct text_rig *r, const char *yaml)
{
	struct buf old_image = r->image;
	struct link *old = r->link;
	bool goes_on;

	r->image = (struct buf){ 0 };
	compile(r, yaml);
	r->link = link_new(r->img, 0, codec_find, &r->sink, r->now_ns);
	goes_on = link_adopt(r->link, old, r->now_ns);
	link_free(old);
	buf_done(&old_image);
	if (!goes_on)
		r->n_answers = 0;
	carry_out(r);
	return goes_on;
}

unsigned
text_rig_asked(const struct text_rig *r, const char *text, size_t from)
{
	unsigned n = 0;

	for (size_t i = from; i < r->n_log; i++)
		n += strcmp(r->log[i].text, text) == 0;
	return n;
}
