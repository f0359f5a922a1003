/* test_fault.c - what goes wrong with simulated instruments on request */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec_feed.h"
#include "play_rig.h"
#include "twin/fault.h"

enum { PV, SP, FLOW, RELAY, PRESSURE, SUM, REGISTER }; /* points */
enum { TCP, FLOWS, RELAYS, GAUGES, PAGES, LINE };      /* links */

#define READ_PV "00 07 00 00 00 06 03 04 00 01 00 01"
#define PV_IS_20 "00 07 00 00 00 05 03 04 02 00 C8"
#define WRITE_SP "00 08 00 00 00 06 03 06 00 02 00 63"

struct fixture {
	struct image *img;
	struct twin *t;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	const struct image_link line = { .kind = LINK_TCP, .is_line = 1 };
	uint32_t links[6];

	assert_non_null(f);
	for (uint32_t i = 0; i < NELEM(links); i++) {
		const char name[] = { 'l', (char)('0' + i), '\0' };

		links[i] = image_builder_link(b, name, "127.0.0.1", (uint16_t)(1502 + i));
	}
	image_builder_wire(b, links[LINE], &line);
	image_builder_instrument(
		b, "furnace", "modbus", links[TCP], "unit=3", NS_PER_S, NS_PER_S, 1);
	image_builder_scale(b, image_builder_point(b, "pv", "input=1 type=int16", 0), 0.1, 0);
	image_builder_point(b, "sp", "holding=2", 0);
	image_builder_instrument(b, "mfc", "propar", links[FLOWS], "node=3", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "flow", "process=1 parameter=0 type=measure", 0);
	image_builder_instrument(b, "board", "k8090", links[RELAYS], "", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "relay1", "relay=1", 0);
	image_builder_instrument(b, "gauge", "tpg", links[GAUGES], "", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "p", "gauge=1", 0);
	image_builder_instrument(b, "page", "http", links[PAGES], "path=/p", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "sum", "terminal=Sum", 0);
	image_builder_instrument(
		b, "valve", "modbus-rtu", links[LINE], "unit=1", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "register", "holding=1", 0);
	image_builder_twin(
		b, &(struct image_twin){ .point = PV, .follows = SP, .start = 20, .gain = 1 });
	image_builder_twin(b,
		&(struct image_twin){ .point = SP, .follows = IMAGE_NONE, .start = 20, .gain = 1 });
	f->img = image_builder_done(b);
	f->t = twin_new(f->img, 1);
	twin_step(f->t, 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	twin_free(f->t);
	free(f->img);
	free(f);
	return 0;
}

static void
order(struct fixture *f, const char *text)
{
	struct err err = { .msg = "" };
	int rc = fault_orders(f->t, text, &err);

	assert_string_equal(err.msg, "");
	assert_int_equal(rc, 0);
}

/* One question, and the pieces of its answer: "C8 01" and, behind a '|', what comes after_ns later. */
static void
expect(struct fixture *f, uint32_t link, const char *ask, const char *answer, int64_t after_ns)
{
	static struct twin_reply got;
	uint8_t in[600], want[600];
	size_t n = feed_hex(ask, in, sizeof(in)), used = 0;
	const char *more = strchr(answer, '|');
	char first[600];

	assert_int_equal(twin_cut(f->t, link, in, n, WIRE_SILENT), CUT_FRAME(n));
	twin_reply(f->t, link, in, n, &got);
	snprintf(first, sizeof(first), "%.*s", more == NULL ? 599 : (int)(more - answer), answer);
	for (size_t i = 0; i < got.n_pieces; i++) {
		const char *text = i == 0 ? first : more == NULL ? "" : more + 1;
		size_t n_want = feed_hex(text, want, sizeof(want));

		assert_int_equal(got.piece[i].n, n_want);
		assert_memory_equal(got.bytes + used, want, n_want);
		assert_int_equal(got.piece[i].after_ns, i + 1 == got.n_pieces ? after_ns : 0);
		used += n_want;
	}
	assert_int_equal(got.n_pieces, *answer == '\0' ? 0 : more == NULL ? 1 : 2);
}

/* ---- kinds that every protocol has --------------------------------------------------------------------------------- */

static void
test_late_and_cut(void **state)
{
	struct fixture *f = *state;

	expect(f, TCP, READ_PV, PV_IS_20, 0);
	order(f, "fault furnace=late:2s\n");
	expect(f, TCP, READ_PV, PV_IS_20, 2 * NS_PER_S);
	order(f, "fault furnace=cut\n");
	expect(f, TCP, READ_PV, "00 07 00 00 00|05 03 04 02 00 C8", 300 * NS_PER_MS);
	order(f, "fault furnace=cut:1 s\n");
	expect(f, TCP, READ_PV, "00 07 00 00 00|05 03 04 02 00 C8", NS_PER_S);
	order(f, "fault furnace=none\n");
	expect(f, TCP, READ_PV, PV_IS_20, 0);
}

static void
test_dead_does_nothing(void **state)
{
	struct fixture *f = *state;

	order(f, "fault furnace=dead\nfault board=dead\nfault mfc=dead");
	expect(f, TCP, READ_PV, "", 0);
	expect(f, TCP, WRITE_SP, "", 0);
	expect(f, RELAYS, "04 11 03 00 00 E8 0F", "", 0); /* one of them has no channel */
	assert_float_equal(twin_value(f->t, SP), 20, 0);
	assert_float_equal(twin_value(f->t, RELAY), 0, 0);
	order(f, "fault board=none");
	expect(f, RELAYS, "04 18 00 00 00 E4 0F", "04 51 00 00 00 AB 0F", 0);
	/* A neighbour of a dead unit is nobody, as before. */
	expect(f, TCP, "00 07 00 00 00 06 09 04 00 01 00 01", "00 07 00 00 00 03 09 84 0B", 0);
}

static void
test_before_the_answer(void **state)
{
	struct fixture *f = *state;

	order(f, "fault furnace=garbage\n");
	expect(f, TCP, READ_PV, "FF 00 A5 7E " PV_IS_20, 0);
	order(f, "fault furnace=echo\n");
	expect(f, TCP, READ_PV, READ_PV " " PV_IS_20, 0);
}

static void
test_stale(void **state)
{
	struct fixture *f = *state;

	order(f, "fault furnace=stale\n");
	expect(f, TCP, READ_PV, "", 0);
	twin_set(f->t, PV, 30);
	expect(f, TCP, "00 09 00 00 00 06 03 04 00 01 00 01", PV_IS_20, 0);
	expect(f, TCP, READ_PV, "00 09 00 00 00 05 03 04 02 01 2C", 0);
	/* Nothing of it is left when it begins again. */
	order(f, "fault furnace=stale\n");
	expect(f, TCP, READ_PV, "", 0);
}

static void
test_restart(void **state)
{
	struct fixture *f = *state;
	uint8_t said[CODEC_FRAME_MAX];

	expect(f, TCP, WRITE_SP, WRITE_SP, 0);
	twin_set(f->t, RELAY, 1);
	twin_step(f->t, NS_PER_S);
	assert_float_equal(twin_value(f->t, PV), 99, 0);
	expect(f, GAUGES, "50 52 31 0D 0A", "06 0D 0A", 0);
	assert_int_equal(twin_tell(f->t, GAUGES, said, sizeof(said)), 0);
	order(f, "fault furnace=restart\nfault board=restart\nfault gauge=restart\n");
	assert_float_equal(twin_value(f->t, SP), 20, 0);
	assert_float_equal(twin_value(f->t, PV), 20, 0);
	assert_float_equal(twin_value(f->t, RELAY), 0, 0);
	assert_true(
		twin_tell(f->t, GAUGES, said, sizeof(said)) > 0); /* until the first character */
	expect(f, GAUGES, "05", "", 0);
	assert_string_equal(fault_word(f->t, 0), "none");
}

/* ---- kinds of a protocol --------------------------------------------------------------------------------------------- */

static void
test_refuse(void **state)
{
	struct fixture *f = *state;

	order(f, "fault furnace=refuse\nfault mfc=refuse\nfault gauge=refuse\nfault page=refuse\n"
		 "fault valve=refuse\n");
	expect(f, TCP, READ_PV, "00 07 00 00 00 03 03 84 04", 0);
	expect(f, TCP, WRITE_SP, "00 08 00 00 00 03 03 86 04", 0);
	assert_float_equal(twin_value(f->t, SP), 20, 0);
	expect(f, LINE, "01 03 00 01 00 01 D5 CA", "01 83 04 40 F3", 0);
	expect(f, FLOWS, "10 02 01 03 05 04 01 20 01 20 10 03", "10 02 01 03 03 00 02 00 10 03", 0);
	expect(f, GAUGES, "50 52 31 0D 0A", "15 0D 0A", 0);
	expect(f, GAUGES, "05", "", 0);
}

static void
test_wrong_address_tag_checksum(void **state)
{
	struct fixture *f = *state;

	order(f, "fault furnace=wrong_address\nfault mfc=wrong_address\nfault valve=wrong_address");
	expect(f, TCP, READ_PV, "00 07 00 00 00 05 04 04 02 00 C8", 0);
	expect(f, LINE, "01 03 00 01 00 01 D5 CA", "02 03 02 00 00 FC 44", 0);
	expect(f, FLOWS, "10 02 01 03 05 04 01 20 01 20 10 03",
		"10 02 01 04 05 02 01 20 00 00 10 03", 0);
	order(f, "fault furnace=wrong_tag\nfault mfc=wrong_tag\nfault valve=wrong_checksum\n"
		 "fault board=wrong_checksum");
	expect(f, TCP, READ_PV, "40 07 00 00 00 05 03 04 02 00 C8", 0);
	expect(f, FLOWS, "10 02 01 03 05 04 01 20 01 20 10 03",
		"10 02 41 03 05 02 01 20 00 00 10 03", 0);
	expect(f, LINE, "01 03 00 01 00 01 D5 CA", "01 03 02 00 00 B8 BB", 0);
	expect(f, RELAYS, "04 18 00 00 00 E4 0F", "04 51 00 00 00 AC 0F", 0);
}

static void
test_unsolicited(void **state)
{
	struct fixture *f = *state;

	order(f, "fault board=unsolicited\nfault gauge=unsolicited");
	expect(f, RELAYS, "04 11 01 00 00 EA 0F", "04 51 01 01 00 A9 0F 04 51 00 01 00 AA 0F", 0);
	expect(f, GAUGES, "50 52 31 0D 0A",
		"30 2C 30 2E 30 30 30 30 45 2B 30 30 2C 35 2C 30 2E 30 30 30 30 45 2B 30 30 0D 0A "
		"06 0D 0A",
		0);
}

/* ---- several protocols on one link ----------------------------------------------------------------------------------- */

static void
test_each_takes_what_is_its_own(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "l", "127.0.0.1", 1502);
	struct fixture f;

	image_builder_instrument(b, "mfc", "propar", link, "node=3", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "flow", "process=1 parameter=0 type=measure", 0);
	image_builder_instrument(b, "board", "k8090", link, "", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "relay1", "relay=1", 0);
	image_builder_instrument(b, "valve", "modbus-rtu", link, "unit=1", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "register", "holding=1", 0);
	f.img = image_builder_done(b);
	f.t = twin_new(f.img, 1);
	assert_false(twin_is_strict(f.t, 0));
	assert_int_equal(twin_instruments(f.img, 0), 3);
	expect(&f, 0, "04 18 00 00 00 E4 0F", "04 51 00 00 00 AB 0F", 0);
	expect(&f, 0, "01 03 00 01 00 01 D5 CA", "01 03 02 00 00 B8 44", 0);
	expect(&f, 0, "10 02 01 03 05 04 01 20 01 20 10 03", "10 02 01 03 05 02 01 20 00 00 10 03",
		0);
	/* One is dead: the others are not. */
	order(&f, "fault board=dead\n");
	expect(&f, 0, "04 18 00 00 00 E4 0F", "", 0);
	expect(&f, 0, "01 03 00 01 00 01 D5 CA", "01 03 02 00 00 B8 44", 0);
	twin_free(f.t);
	free(f.img);
}

/* ---- what devices say by themselves ------------------------------------------------------------------------------------ */

static void
test_a_relay_that_somebody_else_switches(void **state)
{
	struct fixture *f = *state;
	static const uint8_t on[] = { 0x04, 0x51, 0, 1, 0, 0xAA, 0x0F };
	uint8_t said[CODEC_FRAME_MAX];

	assert_int_equal(twin_tell(f->t, RELAYS, said, sizeof(said)), 0);
	order(f, "set board.relay1=1\n");
	assert_int_equal(twin_tell(f->t, RELAYS, said, sizeof(said)), sizeof(on));
	assert_memory_equal(said, on, sizeof(on));
	assert_int_equal(twin_tell(f->t, RELAYS, said, sizeof(said)), 0);
	/* The dead say nothing. */
	order(f, "fault board=dead\nfree board.relay1\n");
	assert_int_equal(twin_tell(f->t, RELAYS, said, sizeof(said)), 0);
}

static void
test_a_gauge_until_the_first_character(void **state)
{
	struct fixture *f = *state;
	uint8_t said[CODEC_FRAME_MAX];

	twin_step(f->t, NS_PER_S);
	assert_int_equal(twin_tell(f->t, GAUGES, said, sizeof(said)), 27);
	assert_memory_equal(said, "0,0.0000E+00,5,0.0000E+00\r\n", 27);
	twin_step(f->t, 3 * NS_PER_S / 2);
	assert_int_equal(twin_tell(f->t, GAUGES, said, sizeof(said)), 0);
	twin_step(f->t, 2 * NS_PER_S);
	assert_int_equal(twin_tell(f->t, GAUGES, said, sizeof(said)), 27);
	assert_int_equal(twin_cut(f->t, GAUGES, (const uint8_t *)"P", 1, WIRE_OPEN), CUT_MORE);
	twin_step(f->t, 5 * NS_PER_S);
	assert_int_equal(twin_tell(f->t, GAUGES, said, sizeof(said)), 0);
}

/* ---- values that are kept, orders -------------------------------------------------------------------------------------- */

static void
test_a_value_is_kept(void **state)
{
	struct fixture *f = *state;

	order(f, "set furnace.sp=300\n");
	expect(f, TCP, WRITE_SP, WRITE_SP, 0); /* says yes and stays */
	assert_float_equal(twin_value(f->t, SP), 300, 0);
	twin_step(f->t, NS_PER_S);
	assert_float_equal(twin_value(f->t, PV), 300, 0);
	order(f, "set furnace.pv=1\n");
	twin_step(f->t, 2 * NS_PER_S);
	assert_float_equal(twin_value(f->t, PV), 1, 0);
	order(f, "free furnace.sp\nfree furnace.pv\n");
	assert_float_equal(twin_value(f->t, SP), 99, 0); /* what was written meanwhile */
	twin_step(f->t, 3 * NS_PER_S);
	assert_float_equal(twin_value(f->t, PV), 99, 0);
}

static void
test_a_fault_ends_by_itself(void **state)
{
	struct fixture *f = *state;
	struct buf text = { 0 };

	order(f, "for 10 s\nfault furnace=late:1500ms\n");
	twin_step(f->t, 4 * NS_PER_S);
	fault_print(f->t, &text);
	assert_string_equal(buf_text(&text), "furnace: late:1.5 s, for 6 s more\n");
	buf_done(&text);
	expect(f, TCP, READ_PV, PV_IS_20, 3 * NS_PER_S / 2);
	twin_step(f->t, 10 * NS_PER_S);
	expect(f, TCP, READ_PV, PV_IS_20, 0);
	fault_print(f->t, &text);
	assert_string_equal(buf_text(&text), "nothing is wrong, and no value is kept\n");
	buf_done(&text);
}

static void
test_orders_that_cannot_be(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "fault furnace",
			"'furnace' names no instrument; write for example furnace=dead" },
		{ "fault oven=dead",
			"the bench has no instrument 'oven'; write a name from its file" },
		{ "fault furnace=sick",
			"no fault is called 'sick'; there are none, late, dead, cut, "
			"garbage, echo, stale, refuse, wrong_address, wrong_tag, restart" },
		{ "fault page=wrong_tag",
			"http has no such thing as 'wrong_tag'; it takes none, late, "
			"dead, cut, garbage, echo, stale, refuse, restart" },
		{ "fault furnace=late", "how late? write for example late:2s" },
		{ "fault furnace=dead:2s", "'dead' takes no time; write dead alone" },
		{ "fault furnace=late:2",
			"'2' is not a duration; write a number with its unit: 500 ms, "
			"2 s, 1.5 min, 1h30" },
		{ "for 0 s", "a fault lasts longer than nothing; write for example 10 s" },
		{ "set furnace.pv", "'furnace.pv' has no value; write for example furnace.pv=300" },
		{ "set furnace.pv=hot", "'hot' is no value for 'furnace.pv'; write a number in its "
					"unit, without the unit" },
		{ "set oven.pv=1",
			"the bench has no channel 'oven.pv'; write for example furnace.pv" },
		{ "set mbc.control.ticks=1",
			"'mbc.control.ticks' does not come from an instrument that "
			"the twin plays; choose another channel" },
		{ "free furnace.pv", "'furnace.pv' is not kept at a value" },
		{ "burn", "'burn' is no order" },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		char text[100];
		struct err err = { 0 };

		/* None of several is carried out when one is wrong. */
		snprintf(text, sizeof(text), "fault mfc=dead\n%s\n", cases[i].text);
		assert_int_equal(fault_orders(f->t, text, &err), ERR_CONF);
		assert_string_equal(err.msg, cases[i].says);
		assert_string_equal(fault_word(f->t, 1), "none");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_late_and_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_does_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_address_tag_checksum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unsolicited, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_relay_that_somebody_else_switches, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_gauge_until_the_first_character, setup, teardown),
		cmocka_unit_test(test_each_takes_what_is_its_own),
		cmocka_unit_test_setup_teardown(test_a_value_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_fault_ends_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_orders_that_cannot_be, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
