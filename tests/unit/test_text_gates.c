/* test_text_gates.c - what a device says it is: kept, shown, and deciding what it offers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/gate.h"
#include "text_rig.h"
#include "twin/twin.h"

#define MS NS_PER_MS
#define S NS_PER_S

#define HEAD "use: text, link: l, end: '\\r', every: 1 s, timeout: 200 ms, "
#define ASKS "identity: {send: V, receive: '{model:word} {firmware:text}'}, "
#define NO "errors: [{receive: NO}], "
#define CHANNELS                                                                                   \
	"channels: {firmware: {read: {identity: firmware}}, "                                      \
	"a: {read: {ask: s, field: a}}, b: {read: {ask: s, field: b}, only: {firmware: '>= "       \
	"6.2'}}, "                                                                                 \
	"c: {read: {ask: s, field: c}}, "                                                          \
	"d: {read: {send: D, receive: 'D{d:num}'}, only: {firmware: ['>= 6.2', = 4.9], model: "    \
	"M}}, "                                                                                    \
	"w: {write: {send: 'W{value:int}', receive: OK}, only: {firmware: '>= 6.2'}}}, "           \
	"messages: {s: {send: S, receive: '{a:num} {b:num} {c:num}'}}"
#define METER "  m: {" HEAD ASKS NO CHANNELS "}\n"
/* The same with other words in front. */
#define OTHER(words) "  m: {" HEAD ASKS NO words CHANNELS "}\n"
/* Another name of a channel, and one more instrument: the first is the same. */
#define BESIDE "  n: {" HEAD "channels: {x: {read: {send: X, receive: 'X{x:num}'}}}}\n"
#define AGAIN METER BESIDE

enum { FIRMWARE, A, B, C, D, W };

static struct text_rig rig;
static struct {
	const char *said; /* to V; NULL: nothing */
	bool is_dead;     /* says nothing at all */
} dev;

static const char *
device(struct text_rig *r, const char *asked)
{
	if (dev.is_dead && asked[0] != 'X')
		return NULL;
	switch (asked[0]) {
	case 'V':
		return dev.said;
	case 'S':
		return "1 2 3";
	case 'D':
		return "D4";
	case 'X':
		return "X5";
	default:
		return "OK";
	}
}

static void
start(const char *yaml, const char *said)
{
	memset(&dev, 0, sizeof(dev));
	dev.said = said;
	text_rig_start(&rig, yaml, device);
}

static void
assert_offered(const char *firmware, bool b, bool d)
{
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig.last[A].quality, Q_GOOD);
	assert_int_equal(rig.last[C].quality, Q_GOOD);
	assert_int_equal(rig.last[FIRMWARE].quality, firmware[0] != '\0' ? Q_GOOD : Q_MISSING);
	assert_string_equal(rig.text[FIRMWARE], firmware);
	assert_int_equal(rig.last[B].quality, b ? Q_GOOD : Q_NOT_OFFERED);
	assert_int_equal(rig.last[D].quality, d ? Q_GOOD : Q_NOT_OFFERED);
}

static void
order(enum quality verdict)
{
	struct err err = { .msg = "" };
	unsigned n = rig.n_written;

	assert_int_equal(text_rig_write(&rig, W, 1, &err), 0);
	text_rig_run(&rig, 300 * MS);
	assert_int_equal(rig.n_written, n + 1);
	assert_int_equal(rig.verdict, verdict);
}

static void
test_comparison(void **state)
{
	static const char *const rising[] = { "6.2", "6.2.1", "6.2b", "6.10", "6.10b", "10", "M",
		"V2", "V10" };
	const char *rest;

	for (size_t i = 0; i < NELEM(rising); i++)
		for (size_t k = 0; k < NELEM(rising); k++) {
			int order = gate_compare(rising[i], rising[k]);

			assert_true(i < k ? order < 0 : i == k ? order == 0 : order > 0);
		}
	assert_int_equal(gate_compare("06.2", "6.002"), 0);
	assert_int_equal(gate_compare("0", "00"), 0);
	assert_true(gate_compare("6.0", "6.") > 0);
	assert_true(gate_compare("99999999999999999999999", "100000000000000000000000") < 0);
	assert_int_equal(gate_parse(">=  6.2", &rest), GATE_AT_LEAST);
	assert_string_equal(rest, "6.2");
	assert_int_equal(gate_parse("6.2", &rest), GATE_IS);
	assert_int_equal(gate_parse("!=6.2", &rest), GATE_IS_NOT);
	assert_false(gate_holds("", GATE_IS_NOT, "6.2", false));
	assert_true(gate_holds("6.3", GATE_IS_NOT, "6.2", false));
	assert_true(gate_holds("5.25", GATE_BELOW, "5.3", true));
	assert_false(gate_holds("5.25", GATE_BELOW, "5.3", false));
	assert_false(gate_holds("-5", GATE_ABOVE, "3", true));
	assert_true(gate_holds("6.2", GATE_AT_MOST, "6.2", false));
}

/* Two firmwares: what is offered is read, what is not is never asked and never written, one line tells it. */
static void
test_two_firmwares(void **state)
{
	start(METER, "M 6.10");
	text_rig_run(&rig, 3500 * MS);
	assert_offered("6.10", true, true);
	assert_true(rig.last[B].v.f == 2 && rig.last[C].v.f == 3);
	assert_int_equal(text_rig_asked(&rig, "V", 0), 1);
	assert_int_equal(text_rig_asked(&rig, "S", 0), 4);
	assert_int_equal(rig.n_told[FIRMWARE], 1);
	assert_string_equal(rig.log[0].text, "V");
	order(Q_GOOD);
	text_rig_stop(&rig);

	start(METER, "M 5.1");
	rig.note_of = "3 channels not offered: firmware is 5.1 and not >= 6.2";
	text_rig_run(&rig, 3500 * MS);
	assert_offered("5.1", false, false);
	assert_int_equal(
		text_rig_asked(&rig, "S", 0), 4); /* one question, though b is left out of it */
	assert_int_equal(text_rig_asked(&rig, "D", 0), 0);
	assert_int_equal(rig.n_told[B], 1);
	assert_int_equal(rig.n_notes, 1);
	order(Q_NOT_OFFERED);
	assert_int_equal(text_rig_asked(&rig, "W1", 0), 0);
	text_rig_stop(&rig);

	/* one of a list, and all of several keys */
	start(METER, "M 4.9");
	text_rig_run(&rig, 1500 * MS);
	assert_offered("4.9", false, true);
	text_rig_stop(&rig);
	start(METER, "X 6.2");
	text_rig_run(&rig, 1500 * MS);
	assert_offered("6.2", true, false);
	text_rig_stop(&rig);
}

/* Behind a new wire another firmware: decided anew, both ways. While the wire is away the reason stays the right one. */
static void
test_new_wire(void **state)
{
	start(METER, "M 5.1");
	text_rig_run(&rig, 1500 * MS);
	assert_offered("5.1", false, false);
	dev.said = "M 6.2";
	text_rig_lose(&rig);
	assert_int_equal(rig.last[FIRMWARE].quality, Q_LINK_LOST);
	assert_int_equal(rig.last[A].quality, Q_LINK_LOST);
	assert_int_equal(rig.last[B].quality, Q_NOT_OFFERED);
	rig.note_of = "it offers all channels";
	text_rig_run(&rig, 1500 * MS);
	assert_offered("6.2", true, true);
	assert_int_equal(rig.last[W].quality, Q_WRITE_ONLY);
	assert_int_equal(rig.n_notes, 1);
	order(Q_GOOD);
	dev.said = "M 5.1";
	text_rig_lose(&rig);
	text_rig_run(&rig, 1500 * MS);
	assert_offered("5.1", false, false);
	text_rig_stop(&rig);
}

/* It was away: it may be another one since. */
static void
test_after_silence(void **state)
{
	size_t from;

	start(METER, "M 6.2");
	text_rig_run(&rig, 1500 * MS);
	dev.is_dead = true;
	text_rig_run(&rig, 3 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	assert_int_equal(rig.last[FIRMWARE].quality, Q_NO_ANSWER);
	dev.is_dead = false;
	dev.said = "M 5.1";
	from = rig.n_log;
	text_rig_run(&rig, 40 * S);
	assert_offered("5.1", false, false);
	assert_int_equal(text_rig_asked(&rig, "D", from), 0);
	text_rig_stop(&rig);
}

/* A reload at any moment of the identification keeps what is known, and tells it to channels that are new. */
static void
test_reload(void **state)
{
	for (int64_t at_ns = 0; at_ns < 1100 * MS; at_ns += at_ns < 20 * MS ? 1 * MS : 97 * MS) {
		start(METER, "M 5.1");
		text_rig_run(&rig, at_ns);
		memset(rig.last, 0xFF, sizeof(rig.last));
		memset(rig.text, 0, sizeof(rig.text));
		assert_true(text_rig_reload(&rig, METER));
		text_rig_run(&rig, 1500 * MS);
		assert_offered("5.1", false, false);
		assert_int_equal(text_rig_asked(&rig, "V", 0), 1);
		assert_int_equal(text_rig_asked(&rig, "D", 0), 0);
		order(Q_NOT_OFFERED);
		dev.said = "M 6.2";
		text_rig_lose(&rig);
		text_rig_run(&rig, 1500 * MS);
		assert_offered("6.2", true, true);
		text_rig_stop(&rig);
	}
	/* another condition: another instrument, which is asked what it is */
	start(METER, "M 5.1");
	text_rig_run(&rig, 1500 * MS);
	(void)text_rig_reload(&rig, OTHER("identify: {firmware: '>= 5'}, "));
	text_rig_run(&rig, 3 * S);
	assert_offered("5.1", false, false);
	assert_int_equal(text_rig_asked(&rig, "V", 0), 2);
	text_rig_stop(&rig);
	/* one beside it that is new */
	start(METER, "M 5.1");
	text_rig_run(&rig, 1500 * MS);
	assert_true(text_rig_reload(&rig, AGAIN));
	text_rig_run(&rig, 1500 * MS);
	assert_offered("5.1", false, false);
	assert_int_equal(rig.last[W + 1].quality, Q_GOOD);
	text_rig_stop(&rig);
}

/* It says no to the question, or nothing: it is used without, and offers only what needs no word of it. */
static void
test_it_does_not_say(void **state)
{
	size_t from;

	start(METER, "NO");
	text_rig_run(&rig, 1500 * MS);
	assert_offered("", false, false);
	text_rig_stop(&rig);

	start(METER, NULL);
	text_rig_run(&rig, 4500 * MS);
	assert_offered("", false, false);
	assert_int_equal(text_rig_asked(&rig, "D", 0), 0);
	text_rig_stop(&rig);

	/* asked once more as soon as it is up: it may only have been starting */
	start(METER, NULL);
	text_rig_run(&rig, 2 * S);
	assert_int_equal(rig.last[A].quality, Q_NO_ANSWER);
	dev.said = "M 6.2";
	text_rig_run(&rig, 4 * S);
	assert_offered("6.2", true, true);
	assert_int_equal(text_rig_asked(&rig, "V", 0), 3);
	text_rig_stop(&rig);

	/* dead: asked as seldom as any, the question what it is in turn with the others */
	start(METER, NULL);
	dev.is_dead = true;
	text_rig_run(&rig, 10 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	from = rig.n_log;
	text_rig_run(&rig, 120 * S);
	assert_in_range(rig.n_log - from, 3, 8);
	assert_int_equal(rig.n_written, 0);
	text_rig_stop(&rig);
}

/* identify: {firmware: ...}: another is not used, or used and told once a wire. */
static void
test_refuse_and_warn(void **state)
{
	start(OTHER("identify: {firmware: '>= 5', is: M}, init: [{send: I, receive: OK}], "),
		"M 4.9");
	rig.note_of = "another device: firmware is 4.9 and not >= 5";
	text_rig_run(&rig, 800 * MS);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	assert_int_equal(rig.reason[0], Q_WRONG_DEVICE);
	assert_int_equal(rig.last[A].quality, Q_WRONG_DEVICE);
	assert_int_equal(rig.last[FIRMWARE].quality, Q_WRONG_DEVICE);
	assert_int_equal(rig.n_notes, 1);
	assert_int_equal(text_rig_asked(&rig, "I", 0), 0);
	dev.said = "M 5";
	text_rig_run(&rig, 4 * S);
	assert_offered("5", false, false);
	assert_int_equal(text_rig_asked(&rig, "I", 0), 1);
	text_rig_stop(&rig);

	start(OTHER("identify: {firmware: '>= 5', otherwise: warn}, init: [{send: I, receive: "
		    "OK}], ") BESIDE,
		"M 4.9");
	rig.note_of = "another device, used all the same: firmware is 4.9 and not >= 5";
	text_rig_run(&rig, 1500 * MS);
	assert_offered("4.9", false, true);
	assert_int_equal(rig.reason[0], Q_WRONG_DEVICE);
	assert_int_equal(rig.n_notes, 1);
	assert_int_equal(text_rig_asked(&rig, "I", 0), 1);
	dev.is_dead = true;
	text_rig_run(&rig, 3 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	dev.is_dead = false;
	text_rig_run(&rig, 10 * S);
	assert_offered("4.9", false, true);
	assert_int_equal(rig.n_notes, 1); /* the same wire */
	text_rig_lose(&rig);
	text_rig_run(&rig, 1500 * MS);
	assert_int_equal(rig.n_notes, 2);
	dev.said = "M 6.2";
	text_rig_lose(&rig);
	text_rig_run(&rig, 1500 * MS);
	assert_offered("6.2", true, true);
	assert_int_equal(rig.reason[0], Q_GOOD);
	text_rig_stop(&rig);

	start(OTHER("identify: {is: ACME, otherwise: warn}, "), "M 6.2");
	rig.note_of = "another device, used all the same: M 6.2";
	text_rig_run(&rig, 1500 * MS);
	assert_offered("6.2", true, true);
	assert_int_equal(rig.n_notes, 1);
	text_rig_stop(&rig);
}

/* All of it gated out: it is identified and asked nothing. */
static void
test_nothing_offered(void **state)
{
	start("  m: {" HEAD ASKS
	      "channels: {firmware: {read: {identity: firmware}}, a: {read: {send: D, receive: "
	      "'D{a:num}'}, only: {firmware: '> 9'}}}}\n",
		"M 6.2");
	text_rig_run(&rig, 5 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig.last[FIRMWARE].quality, Q_GOOD);
	assert_int_equal(rig.last[1].quality, Q_NOT_OFFERED);
	assert_int_equal(rig.n_log, 1);
	dev.said = "M 10";
	text_rig_lose(&rig);
	text_rig_run(&rig, 5 * S);
	assert_int_equal(rig.last[1].quality, Q_GOOD);
	text_rig_stop(&rig);
	/* and never says what it is: there is nothing else to ask, so it is down */
	start("  m: {" HEAD ASKS "channels: {a: {read: {send: D, receive: 'D{a:num}'}, only: "
	      "{firmware: '> 9'}}}}\n",
		NULL);
	text_rig_run(&rig, 20 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	dev.said = "M 10";
	text_rig_run(&rig, 40 * S);
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	text_rig_stop(&rig);
}

/* Numbers as decimal text, words as words; a longer text is cut; the last of a row and those before it. */
static void
test_kinds(void **state)
{
	start("  m: {" HEAD "identity: [{send: V, receive: "
	      "'{f:num},{h:hex2},{w:ON|OFF},{t:text}'}, {send: Z, receive: "
	      "'O{k:text}'}], channels: {f: {read: {identity: f}}, h: {read: {identity: h}}, w: "
	      "{read: "
	      "{identity: w}}, t: {read: {identity: t}}, k: {read: {identity: k}}, a: {read: "
	      "{send: S, "
	      "receive: '{a:num} {:num} {:num}'}, only: {f: '< 5.3'}}}}\n",
		"+5.250,1F,OFF,0123456789012345678901234567890123456789");
	text_rig_run(&rig, 1500 * MS);
	assert_string_equal(rig.text[0], "5.25");
	assert_string_equal(rig.text[1], "31");
	assert_string_equal(rig.text[2], "OFF");
	assert_string_equal(rig.text[3], "0123456789012345678901234567890");
	assert_string_equal(rig.text[4], "K");
	assert_int_equal(rig.last[5].quality, Q_GOOD);
	text_rig_stop(&rig);
}

/* Modbus: a register that is not offered is not read along with its neighbours. */
#define PLC                                                                                        \
	"  m: {use: modbus, link: l, every: 1 s, channels: {rev: {read: {identity: revision}}, "   \
	"a: {read: {holding: 0}}, b: {read: {holding: 1}, only: {revision: '>= 2.10'}}, c: "       \
	"{read: "                                                                                  \
	"{holding: 2}}}}\n"

static const char *
no_line(struct text_rig *r, const char *asked)
{
	fail_msg("no line is sent: %s", asked);
	return NULL;
}

/* Answers the questions of a second; asked: how many registers each of them reads, from which on. */
static void
run_plc(const char *revision, char *asked, size_t cap)
{
	struct link_wants wants;

	asked[0] = '\0';
	for (unsigned step = 0; step < 6; step++) {
		uint8_t out[64] = { 0 };
		size_t n = 0, used = strlen(asked);

		link_take(rig.link, &wants);
		if (wants.open) {
			link_opened(rig.link, rig.now_ns);
			continue;
		}
		if (wants.n == 0)
			break;
		assert_int_equal(wants.n, wants.bytes[7] == 0x2B ? 11 : 12);
		memcpy(out, wants.bytes, 8);
		if (out[7] == 0x2B) {
			static const uint8_t head[] = { 0x0E, 1, 0x81, 0, 0, 1, 2 };

			memcpy(out + 8, head, sizeof(head));
			out[15] = (uint8_t)strlen(revision);
			memcpy(out + 16, revision, out[15]);
			n = 16u + out[15];
		} else {
			snprintf(asked + used, cap - used, "%u+%u ", wants.bytes[9],
				wants.bytes[11]);
			out[8] = (uint8_t)(2 * wants.bytes[11]);
			n = 9u + out[8];
		}
		out[5] = (uint8_t)(n - 6);
		rig.now_ns += 5 * MS;
		link_bytes(rig.link, out, n, rig.now_ns);
	}
}

static void
test_registers(void **state)
{
	char asked[100];

	text_rig_make(&rig, PLC, no_line);
	run_plc("2.9", asked, sizeof(asked));
	assert_string_equal(asked, "0+1 2+1 ");
	assert_string_equal(rig.text[0], "2.9");
	assert_int_equal(rig.last[2].quality, Q_NOT_OFFERED);
	link_closed(rig.link, Q_LINK_LOST, "pulled", rig.now_ns);
	run_plc("2.10", asked, sizeof(asked));
	assert_string_equal(asked, "0+3 ");
	assert_int_equal(rig.last[2].quality, Q_GOOD);
	text_rig_stop(&rig);
}

/* The simulated instrument says what the channel's twin starts with. */
static void
test_the_twin(void **state)
{
	uint8_t out[CODEC_FRAME_MAX];
	struct twin *t;

	start("  m: {" HEAD "identity: {send: V, receive: '{model:word} {firmware:text},{n:int}'}, "
	      "channels: {firmware: {read: {identity: firmware}, twin: {start: '6.10'}}, n: {read: "
	      "{identity: n}, twin: {start: '7'}}, a: {read: {send: S, receive: '{a:num}'}}}}\n",
		"M 5");
	t = twin_new(rig.img, 1);
	twin_step(t, 0);
	assert_int_equal(twin_answer(t, 0, (const uint8_t *)"V\r", 2, out, sizeof(out)), 8);
	assert_memory_equal(out, " 6.10,7\r", 8);
	twin_free(t);
	text_rig_stop(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_two_firmwares),
		cmocka_unit_test(test_new_wire),
		cmocka_unit_test(test_after_silence),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_it_does_not_say),
		cmocka_unit_test(test_refuse_and_warn),
		cmocka_unit_test(test_nothing_offered),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_the_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
