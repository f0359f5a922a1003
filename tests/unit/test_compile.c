/* test_compile.c - bench files to images: what the tables of the image hold */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/compile.h"
#include "compile/units.h"
#include "drivers/list.h"
#include "drivers/modbus_pdu.h"
#include "msg/health.h"

/* Compile a text that is good; the image is the caller's to free. */
static struct image *
compile(const char *text)
{
	struct bench b;
	struct buf image = { 0 };
	struct err err;
	int rc;

	bench_init(&b, "test.yaml");
	rc = compile_bytes(&b, text, strlen(text), &image, NULL, &err);
	diag_print(&b.diag, stderr);
	assert_int_equal(rc, 0);
	assert_int_equal(image_check(image.data, image.n, &err), 0);
	bench_done(&b);
	return (struct image *)(void *)image.data;
}

static bool
is_near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static const struct image_channel *
channel(const struct image *img, const char *name)
{
	uint32_t i = image_find_channel(img, name);

	assert_int_not_equal(i, IMAGE_NONE);
	return image_channel_at(img, i);
}

#define HEAD                                                                                       \
	"bench: b\nlinks:\n  io: {tcp: \"[::1]:1502\", gap: 5 ms}\ninstruments:\n  dev:\n    "     \
	"use: modbus\n    link: io\n"

static const char bench[] =
	HEAD "    unit: 7\n"
	     "    every: 200 ms\n"
	     "    timeout: 300 ms\n"
	     "    retries: 2\n"
	     "    channels:\n"
	     "      a: {read: {holding: 3, type: int16}, unit: degC, write: {holding: 4}, scale: "
	     "0.1, offset: 2}\n"
	     "      b: {read: {holding: 8, type: float32, order: CDAB}, unit: bar, every: 5 s}\n"
	     "      n: {read: {holding: 10, type: uint32}, unit: m3}\n"
	     "      v: {read: {coil: 1}, choices: {open: 1, closed: 0}}\n"
	     "      l: {read: {input: 9}, scale: {from: [4, 20], to: [0, 100]}, unit: \"%\"}\n"
	     "      t: {read: {holding: 20, type: string, length: 4}}\n"
	     "    twin:\n"
	     "      a: {start: 68 degF, tau: 1 min, noise: 0.5 K}\n"
	     "      b: {follows: a, gain: 2, wave: {amplitude: 100 mbar, period: 30 s}}\n"
	     "channels:\n"
	     "  Z: {calc: P + 1 mbar}\n"
	     "  P: {read: dev.b, unit: mbar, range: [0 bar, 3 bar], filter: median 5}\n"
	     "  F: {read: dev.a, unit: degF}\n"
	     "  N: {read: dev.n}\n"
	     "  V: {read: dev.v, was: valve}\n"
	     "  hot: {calc: dev.a > 30 degC and V == open}\n";

static void
test_links_and_instruments(void **state)
{
	struct image *img = compile(bench);
	const struct image_link *l = image_link_at(img, 0);
	const struct image_instrument *ins = image_instrument_at(img, 0);

	assert_int_equal(img->links.n, 1);
	assert_string_equal(image_text(img, l->host), "::1");
	assert_int_equal(l->port, 1502);
	assert_int_equal(l->connect_timeout_ns, 3 * NS_PER_S);
	assert_int_equal(l->gap_ns, 5 * NS_PER_MS);
	assert_int_equal(img->instruments.n, 1);
	assert_string_equal(image_text(img, ins->codec), "modbus");
	assert_int_equal(ins->opts[0], 7);
	assert_int_equal(ins->every_ns, 200 * NS_PER_MS);
	assert_int_equal(ins->timeout_ns, 300 * NS_PER_MS);
	assert_int_equal(ins->retries, 2);
	assert_int_equal(ins->n_points, 6);
	assert_string_equal(image_text(img, img->listen), "127.0.0.1:8080");
	assert_int_equal(img->tick_ns, 100 * NS_PER_MS);
	free(img);
}

static void
test_points(void **state)
{
	struct image *img = compile(bench);
	const struct image_point *a = image_point_at(img, 0), *b = image_point_at(img, 1);

	assert_int_equal(a->space, MODBUS_HOLDING);
	assert_int_equal(a->address, 3);
	assert_int_equal(a->value, VALUE_INT);
	assert_int_equal(a->write_space, MODBUS_HOLDING);
	assert_int_equal(a->write_address, 4);
	assert_int_equal(a->every_ns, 200 * NS_PER_MS);
	assert_int_equal(b->every_ns, 5 * NS_PER_S);
	assert_int_equal(b->write_space, -1);
	assert_int_equal(b->value, VALUE_FLOAT32);
	free(img);
}

static void
test_channels(void **state)
{
	struct image *img = compile(bench);
	const struct image_channel *ch = channel(img, "dev.a");

	assert_int_equal(ch->type, VALUE_FLOAT);
	assert_true(ch->has_scale && ch->writable);
	assert_true(ch->factor == 0.1 && ch->offset == 2);
	/* 3 x 200 ms + 3 tries of 300 ms */
	assert_int_equal(ch->stale_ns, 1500 * NS_PER_MS);
	ch = channel(img, "dev.b");
	assert_int_equal(ch->type, VALUE_FLOAT32);
	assert_false(ch->has_scale || ch->writable);
	ch = channel(img, "dev.l");
	assert_true(ch->factor == 6.25 && ch->offset == -25);
	ch = channel(img, "dev.n");
	assert_int_equal(ch->type, VALUE_UINT);
	assert_int_equal(channel(img, "dev.t")->type, VALUE_TEXT);
	ch = channel(img, "dev.v");
	assert_int_equal(ch->type, VALUE_CHOICE);
	assert_int_equal(ch->n_choices, 2);
	assert_string_equal(image_text(img, image_choice_at(img, ch->first_choice)->word), "open");
	assert_int_equal(image_choice_at(img, ch->first_choice)->number, 1);
	free(img);
}

static void
test_writes_to_confirm(void **state)
{
	struct image *img =
		compile(HEAD "    channels:\n"
			     "      a: {write: {holding: 1}, confirm: yes}\n"
			     "      b: {write: {holding: 2}, confirm: {fr: Efface, en: Erases}}\n"
			     "      c: {write: {holding: 3}, confirm: no}\n"
			     "      d: {write: {holding: 4}}\n");
	const struct image_channel *a = channel(img, "dev.a"), *b = channel(img, "dev.b");

	assert_true(a->needs_confirm && b->needs_confirm);
	assert_string_equal(image_text(img, a->confirm), "");
	assert_string_equal(image_text(img, b->confirm), "Erases");
	assert_false(channel(img, "dev.c")->needs_confirm || channel(img, "dev.d")->needs_confirm);
	free(img);
}

static void
test_bench_channels(void **state)
{
	struct image *img = compile(bench);
	const struct image_channel *ch = channel(img, "P");

	assert_int_equal(ch->source_kind, SOURCE_CHANNEL);
	assert_int_equal(ch->source, image_find_channel(img, "dev.b"));
	assert_true(ch->has_scale);
	assert_true(is_near(ch->factor, 1000));
	assert_true(ch->has_range && ch->min == 0);
	assert_true(is_near(ch->max, 3000));
	assert_int_equal(ch->filter, FILTER_MEDIAN);
	assert_int_equal(ch->filter_n, 5);
	assert_int_equal(ch->stale_ns, 0);
	ch = channel(img, "F");
	assert_true(is_near(100 * ch->factor + ch->offset, 212));
	ch = channel(img, "N");
	assert_int_equal(ch->type, VALUE_UINT);
	assert_false(ch->has_scale);
	assert_string_equal(image_text(img, ch->unit), "m3");
	ch = channel(img, "V");
	assert_int_equal(ch->type, VALUE_CHOICE);
	assert_string_equal(image_text(img, ch->was), "valve");
	ch = channel(img, "Z");
	assert_int_equal(ch->source_kind, SOURCE_CALC);
	assert_string_equal(image_text(img, ch->unit), "mbar");
	assert_int_equal(channel(img, "hot")->type, VALUE_BOOL);
	/* Written before P, it comes behind it. */
	assert_true(image_find_channel(img, "Z") > image_find_channel(img, "P"));
	assert_int_equal(channel(img, health_rows[0].channel)->source_kind, SOURCE_HEALTH);
	assert_int_equal(
		channel(img, health_rows[HEALTH_COUNT - 1].channel)->stale_ns, 5 * NS_PER_S);
	free(img);
}

static void
test_twins(void **state)
{
	struct image *img = compile(bench);
	const struct image_twin *t = image_twin_at(img, 0);

	assert_int_equal(img->twins.n, 6);
	assert_true(is_near(t->start, 20));
	assert_true(t->tau_s == 60 && t->noise == 0.5 && t->gain == 1);
	assert_int_equal(t->follows, IMAGE_NONE);
	t = image_twin_at(img, 1);
	assert_int_equal(t->follows, 0);
	assert_true(t->gain == 2 && t->period_s == 30);
	assert_true(is_near(t->wave, 0.1));
	assert_int_equal(image_twin_at(img, 5)->follows, IMAGE_NONE);
	free(img);
}

static void
test_twins_that_move_otherwise(void **state)
{
	struct image *img = compile(
		"bench: b\nlinks: {l: {tcp: \"127.0.0.1:1502\"}}\ninstruments:\n"
		"  i:\n    use: modbus\n    link: l\n    channels:\n"
		"      a: {read: {holding: 1}, twin: {follows: b, travel: 5 s, lag: 300 ms}}\n"
		"      b: {read: {holding: 2}, range: [20, 120], twin: {follows: a, travel: 4 s}}\n"
		"      c: {read: {holding: 3}, twin: {integrates: b, gain: 0.5}}\n"
		"      d: {read: {holding: 4}, twin: {follows: b, tau: 2 s, tau_down: 1 min}}\n"
		"      r: {read: {holding: 5}, unit: K/min}\n"
		"      t: {read: {holding: 6}, unit: degC, twin: {follows: a, ramp: r}}\n");
	const struct image_twin *t = image_twin_at(img, 0);

	assert_true(is_near(t[0].rate, 0.2) && is_near(t[0].lag_s, 0.3) && t[0].is_integral == 0);
	assert_true(is_near(t[1].rate, 25) && t[1].follows == 0);
	assert_true(t[2].is_integral == 1 && t[2].follows == 1 && is_near(t[2].gain, 0.5));
	assert_true(is_near(t[3].tau_s, 2) && is_near(t[3].fall_s, 60));
	assert_true(t[5].paced == 5 && is_near(t[5].pace, 1.0 / 60) && t[3].paced == 0);
	free(img);
}

/* What an instrument's polling does not depend on leaves its hash alone; everything else changes it. */
static void
test_hash_tells_what_polling_depends_on(void **state)
{
	static const struct {
		const char *text;
		bool same;
	} cases[] = {
		{ HEAD "    channels: {a: {read: {holding: 1}}}\n", true },
		{ HEAD "    title: x\n    channels: {a: {read: {holding: 1}}}\n", true },
		{ HEAD "    channels: {renamed: {read: {holding: 1}, scale: 2, unit: bar, title: "
		       "x}}\n",
			true },
		{ HEAD "    channels: {a: {read: {holding: 1}}}\nchannels: {X: {read: dev.a}}\n",
			true },
		{ HEAD "    channels: {a: {read: {holding: 2}}}\n", false },
		{ HEAD "    channels: {a: {read: {holding: 1, type: int16}}}\n", false },
		{ HEAD "    channels: {a: {read: {holding: 1}, write: {holding: 1}}}\n", false },
		{ HEAD "    channels: {a: {read: {holding: 1}, every: 2 s}}\n", false },
		{ HEAD "    unit: 2\n    channels: {a: {read: {holding: 1}}}\n", false },
		{ HEAD "    timeout: 2 s\n    channels: {a: {read: {holding: 1}}}\n", false },
		{ HEAD "    channels: {a: {read: {holding: 1}}, b: {read: {holding: 2}}}\n",
			false },
		{ "bench: b\nlinks:\n  io: {tcp: \"[::1]:1503\", gap: 5 ms}\ninstruments:\n"
		  "  dev:\n    use: modbus\n    link: io\n    channels: {a: {read: {holding: "
		  "1}}}\n",
			false },
	};
	uint64_t hash = 0, image_hash = 0;

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct image *img = compile(cases[i].text);
		uint64_t h = image_instrument_at(img, 0)->hash;

		print_message("%s", cases[i].text);
		if (i == 0)
			hash = h;
		assert_int_equal(h == hash, cases[i].same);
		assert_true(i == 0 || img->hash != image_hash);
		image_hash = i == 0 ? img->hash : image_hash;
		free(img);
	}
}

/* Numbers of seven digits and more are told apart as well. */
static void
test_hash_tells_identifications(void **state)
{
	static const char *const texts[] = {
		HEAD "    identify: {read: {holding: 9, type: uint32}, is: 10012345}\n"
		     "    channels: {a: {read: {holding: 1}}}\n",
		HEAD "    identify: {read: {holding: 9, type: uint32}, is: 10012346}\n"
		     "    channels: {a: {read: {holding: 1}}}\n",
	};
	struct image *a = compile(texts[0]), *b = compile(texts[1]), *again = compile(texts[0]);

	assert_true(image_instrument_at(a, 0)->hash != image_instrument_at(b, 0)->hash);
	assert_true(image_instrument_at(a, 0)->hash == image_instrument_at(again, 0)->hash);
	free(a);
	free(b);
	free(again);
}

static void
test_system_brings_link_and_channels(void **state)
{
	struct image *img =
		compile("bench: b\ninstruments: {pc: {use: system-monitor}, pc2: {use: system}}\n");

	assert_int_equal(img->links.n, 1);
	assert_string_equal(image_text(img, image_link_at(img, 0)->name), "system");
	assert_int_equal(image_link_at(img, 0)->kind, LINK_SYSTEM);
	assert_string_equal(image_text(img, channel(img, "pc.cpu")->unit), "%");
	assert_int_not_equal(image_find_channel(img, "pc2.uptime"), IMAGE_NONE);
	assert_int_equal(img->twins.n, 0);
	free(img);
}

/* Text of the first error of a bench that is wrong. */
static void
assert_error(const char *text, unsigned line, unsigned column, const char *code, const char *wanted)
{
	struct bench b;
	struct buf image = { 0 };
	struct err err;

	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, text, strlen(text), &image, NULL, &err), ERR_CONF);
	assert_true(b.diag.n_lines > 0);
	diag_print(&b.diag, stderr);
	assert_int_equal(b.diag.lines[0].at.line, line);
	assert_int_equal(b.diag.lines[0].at.column, column);
	assert_string_equal(b.diag.lines[0].code, code);
	assert_non_null(strstr(b.diag.lines[0].text, wanted));
	bench_done(&b);
	buf_done(&image);
}

static void
test_errors_have_places(void **state)
{
	assert_error("bench: b\nchannels:\n  a: {calc: a + 1}\n", 3, 3, "circle", "a -> a");
	assert_error("bench: b\nchannels:\n  a: {read: b}\n  b: {calc: 'c + 1'}\n  c: {read: a}\n",
		3, 3, "circle", "a -> b -> c -> a");
	assert_error("bench: b\nchannels:\n  a: {calc: \"1 + x\"}\n", 3, 18, "expression", "'x'");
	assert_error("bench: b\nchannels:\n  a: {calc: max(1, 2)}\n", 3, 13, "split-expression",
		"\"max(1, 2)\"");
	assert_error("bench: b\nlinks: {é: {tcp: \"h:1\"}}\n", 2, 9, "name", "cannot name");
}

/* An empty option is not one that was left out: send_start would be as start. */
static void
test_empty_options_stay(void **state)
{
	struct image *img =
		compile("bench: b\nlinks: {l: {tcp: \"h:1\"}}\ninstruments:\n  d:\n    use: text\n"
			"    link: l\n    start: <02>\n    end: <03>\n    send_start: ''\n"
			"    channels:\n      a: {read: {send: A, receive: \"{a:num}\"}}\n"
			"      g: {read: {send: B, receive: \"{g:text}\"}}\n"
			"      f: {read: {send: C, receive: \"{f:text}\"}}\n"
			"    twin: {g: {start: N2}, f: {start: ''}}\n");
	const struct image_instrument *ins = image_instrument_at(img, 0);
	const struct opt *opts = codec_find("text")->opts;

	for (size_t i = 0; opts[i].name != NULL; i++) {
		if (strcmp(opts[i].name, "send_start") == 0) {
			assert_true(ins->opts[i] > 0);
			assert_string_equal(image_text(img, (uint32_t)ins->opts[i]), "");
		} else if (strcmp(opts[i].name, "send_end") == 0) {
			assert_int_equal(ins->opts[i], 0);
		}
	}
	assert_int_equal(image_twin_at(img, 0)->text, 0);
	assert_string_equal(image_text(img, image_twin_at(img, 1)->text), "N2");
	assert_int_not_equal(image_twin_at(img, 2)->text, 0);
	assert_string_equal(image_text(img, image_twin_at(img, 2)->text), "");
	free(img);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_and_instruments),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_writes_to_confirm),
		cmocka_unit_test(test_bench_channels),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_twins_that_move_otherwise),
		cmocka_unit_test(test_hash_tells_what_polling_depends_on),
		cmocka_unit_test(test_hash_tells_identifications),
		cmocka_unit_test(test_system_brings_link_and_channels),
		cmocka_unit_test(test_empty_options_stay),
		cmocka_unit_test(test_errors_have_places),
	};
	struct err err;

	if (units_open(&err) < 0) {
		print_error("%s\n", err.msg);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
