/* test_link_guest.c - questions of somebody else between those of the bench: what comes back is handed on and is nothing else */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/defs.h"
#include "link_rig.h"

#define OTHER 3 /* a unit that is none of the link */
#define TAG 0xBEEF

static const struct rig_point points[] = { { 0, 10, 1, 100 * NS_PER_MS } };

static struct guest_ask
question(const char *codec, unsigned unit, unsigned function, unsigned address, unsigned count)
{
	struct guest_ask a = { .number = 1, .timeout_ns = NS_PER_S, .n = 9 };

	strcpy(a.codec, codec);
	a.bytes[0] = 9;
	put_u16be(a.bytes + 1, TAG);
	a.bytes[3] = (uint8_t)unit;
	a.bytes[4] = (uint8_t)function;
	put_u16be(a.bytes + 5, (uint16_t)address);
	put_u16be(a.bytes + 7, (uint16_t)count);
	return a;
}

static void
begin(struct rig *r, const char *codec)
{
	rig_init(r, codec, 1, points, NELEM(points));
	rig_run(r, r->now_ns + NS_PER_S);
	assert_true(rig_good(r, 0, 1) > 5);
	rig_forget(r);
}

static void
ask(struct rig *r, const struct guest_ask *a, uint32_t ticket)
{
	struct err err;

	assert_int_equal(link_guest(r->link, a, ticket, r->now_ns, &err), 0);
	rig_take(r);
}

static void
test_its_answer_is_handed_on_and_no_value(void **state)
{
	static const char *const codecs[] = { "tagged", "few", "plain", "serial" };

	for (size_t i = 0; i < NELEM(codecs); i++) {
		const struct guest_ask a = question(codecs[i], OTHER, 3, 10, 1);
		struct rig r;

		begin(&r, codecs[i]);
		r.salt = 0;
		ask(&r, &a, 7);
		rig_run(&r, r.now_ns + NS_PER_S);
		assert_int_equal(r.n_guests, 1);
		assert_int_equal(r.guest_ticket, 7);
		assert_int_equal(r.guest_end, GUEST_ANSWERED);
		assert_int_equal(r.n_guest, 7);
		assert_int_equal(get_u16be(r.guest + 1), TAG); /* the tag of who asked */
		assert_int_equal(r.guest[3], OTHER);
		assert_int_equal(r.device[OTHER].n_questions, 1);
		assert_int_equal(r.n_wrong, 0);
		assert_true(rig_good(&r, 0, 1) >= 9);
		assert_int_equal(rig_bad(&r, 0, 1), 0);
		assert_true(link_guest_is_free(r.link));
		rig_done(&r);
	}
}

static void
test_what_reads_and_what_does_not(void **state)
{
	struct guest_ask a = question("tagged", OTHER, 3, 10, 1);
	struct rig r;
	struct err err;
	bool writes = true;

	begin(&r, "tagged");
	assert_int_equal(link_guest_check(r.link, &a, &writes, &err), 0);
	assert_false(writes);
	a.bytes[4] = 6;
	assert_int_equal(link_guest_check(r.link, &a, &writes, &err), 0);
	assert_true(writes);
	a.n = 8; /* not a whole one */
	assert_int_equal(link_guest_check(r.link, &a, &writes, &err), ERR_REFUSED);
	strcpy(a.codec, "other");
	assert_int_equal(link_guest_check(r.link, &a, &writes, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "'other'"));
	rig_done(&r);
	/* Where the codec cannot tell: only what the bench asks itself. */
	begin(&r, "steps");
	a = question("steps", 0, 3, 10, 1);
	put_u16be(a.bytes + 1, 0);
	assert_int_equal(link_guest_check(r.link, &a, &writes, &err), 0);
	assert_false(writes);
	a = question("steps", 0, 3, 11, 1);
	assert_int_equal(link_guest_check(r.link, &a, &writes, &err), ERR_REFUSED);
	rig_done(&r);
}

/* It is not waited for longer than a question of the bench's own, and costs it no more than that once. */
static void
test_silence(void **state)
{
	static const char *const codecs[] = { "tagged", "plain", "serial" };

	for (size_t i = 0; i < NELEM(codecs); i++) {
		const struct guest_ask a = question(codecs[i], OTHER, 3, 20, 1);
		struct rig r;
		int64_t began;

		begin(&r, codecs[i]);
		r.device[OTHER].mood = RIG_SILENT;
		began = r.now_ns;
		ask(&r, &a, 1);
		while (r.n_guests == 0 && r.now_ns < began + NS_PER_S)
			rig_run(&r, r.now_ns + 5 * NS_PER_MS);
		assert_int_equal(r.guest_end, GUEST_SILENT);
		assert_true(r.now_ns - began <= 250 * NS_PER_MS);
		rig_run(&r, began + NS_PER_S);
		assert_true(rig_good(&r, 0, 1) >= 6);
		assert_int_equal(rig_bad(&r, 0, 1), 0);
		assert_int_equal(rig_state(&r, 0).timeouts, 0);
		assert_int_equal(rig_state(&r, 0).state, INSTRUMENT_UP);
		rig_done(&r);
	}
}

/* The answer to a guest that comes when it is given up: neither a value nor the answer to the next guest. */
static void
test_a_late_answer_is_nobodys(void **state)
{
	static const char *const codecs[] = { "tagged", "plain" };

	for (size_t i = 0; i < NELEM(codecs); i++) {
		/* As the bench's own question, but for a unit that holds something else. */
		const struct guest_ask a = question(codecs[i], 0, 3, 10, 1),
				       b = question(codecs[i], OTHER, 3, 10, 1);
		uint8_t late[16];
		size_t n;
		struct rig r;

		begin(&r, codecs[i]);
		r.is_manual = true; /* the device thinks for long */
		ask(&r, &a, 1);
		rig_run(&r, r.now_ns + 40 * NS_PER_MS);
		n = rig_answer(&r, late);
		put_u16be(late + 5, 4711);
		while (r.n_guests == 0)
			rig_run(&r, r.now_ns + 5 * NS_PER_MS);
		assert_int_equal(r.guest_end, GUEST_SILENT);
		link_bytes(r.link, late, n, r.now_ns);
		rig_take(&r);
		r.is_manual = false;
		rig_run(&r, r.now_ns + NS_PER_S);
		assert_int_equal(r.n_wrong, 0);
		assert_int_equal(r.n_guests, 1);
		ask(&r, &b, 2);
		rig_run(&r, r.now_ns + NS_PER_S);
		assert_int_equal(r.guest_ticket, 2);
		assert_int_equal(r.guest_end, GUEST_ANSWERED);
		assert_int_equal(get_u16be(r.guest + 5), rig_value(&r, 10));
		rig_done(&r);
	}
}

/* Bytes that are no frame, and a storm of frames that nobody asked for. */
static void
test_garbage_and_storms(void **state)
{
	static const uint8_t junk[32] = { 0 };
	const struct guest_ask a = question("serial", OTHER, 3, 20, 1);
	struct rig r;

	begin(&r, "serial");
	r.device[OTHER].mood = RIG_SILENT;
	ask(&r, &a, 1);
	for (int i = 0; i < 200 && r.n_guests == 0; i++) {
		rig_run(&r, r.now_ns + NS_PER_MS);
		link_bytes(r.link, junk, sizeof(junk), r.now_ns);
		rig_take(&r);
	}
	assert_int_equal(r.n_guests, 1);
	assert_int_not_equal(r.guest_end, GUEST_ANSWERED);
	rig_run(&r, r.now_ns + 3 * NS_PER_S);
	assert_int_equal(r.n_wrong, 0);
	assert_true(rig_good(&r, 0, 1) > 10);
	assert_int_equal(rig_state(&r, 0).state, INSTRUMENT_UP);
	rig_done(&r);
}

/* A line that its own questions fill has no time for a guest, who hears so. */
static void
test_the_bench_goes_first(void **state)
{
	static const struct rig_point busy[] = { { 0, 10, 1, NS_PER_MS } };
	const struct guest_ask a = question("plain", OTHER, 3, 20, 1);
	struct rig r;

	rig_init(&r, "plain", 1, busy, 1);
	rig_run(&r, r.now_ns + NS_PER_S);
	ask(&r, &a, 1);
	rig_run(&r, r.now_ns + 15 * NS_PER_S);
	assert_int_equal(r.n_guests, 1);
	assert_int_equal(r.guest_end, GUEST_REFUSED);
	assert_non_null(strstr(r.guest_why, "no time"));
	assert_int_equal(r.device[OTHER].n_questions, 0);
	rig_done(&r);
}

/* What is written does not wait for a guest where its answer can be told from others. */
static void
test_a_write_goes_first(void **state)
{
	const struct guest_ask a = question("tagged", OTHER, 3, 20, 1);
	struct rig r;
	struct err err;

	begin(&r, "tagged");
	r.device[OTHER].mood = RIG_SILENT;
	ask(&r, &a, 1);
	while (r.device[OTHER].n_questions == 0)
		rig_run(&r, r.now_ns + NS_PER_MS);
	assert_int_equal(
		link_write(r.link, 0, 5, (union value){ .i = 1 }, NULL, r.now_ns, &err), 0);
	rig_take(&r);
	assert_int_equal(r.guest_end, GUEST_LOST);
	rig_run(&r, r.now_ns + 5 * NS_PER_MS);
	assert_int_equal(r.n_written, 1);
	assert_int_equal(r.verdict, Q_GOOD);
	/* One that only waits is dropped when a safe state begins. */
	ask(&r, &a, 2);
	link_make_way(r.link);
	assert_int_equal(r.guest_ticket, 2);
	rig_done(&r);
}

static void
test_the_wire_is_lost(void **state)
{
	const struct guest_ask a = question("plain", OTHER, 3, 20, 1);
	struct rig r;

	begin(&r, "plain");
	r.device[OTHER].mood = RIG_SILENT;
	ask(&r, &a, 1);
	while (r.device[OTHER].n_questions == 0)
		rig_run(&r, r.now_ns + NS_PER_MS);
	r.is_deaf = true;
	link_closed(r.link, Q_LINK_LOST, "pulled", r.now_ns);
	r.is_open = false;
	rig_take(&r);
	assert_int_equal(r.n_guests, 1);
	assert_int_equal(r.guest_end, GUEST_LOST);
	/* One that asks while there is none waits, but not for ever. */
	ask(&r, &a, 2);
	rig_run(&r, r.now_ns + 12 * NS_PER_S);
	assert_int_equal(r.guest_ticket, 2);
	assert_int_equal(r.guest_end, GUEST_REFUSED);
	rig_done(&r);
}

static void
test_a_reload_ends_it(void **state)
{
	const struct guest_ask a = question("plain", OTHER, 3, 20, 1);
	struct image *img = rig_image("plain", 1, points, NELEM(points), 0);
	struct link *next;
	struct rig r;

	begin(&r, "plain");
	r.device[OTHER].mood = RIG_SILENT;
	ask(&r, &a, 1);
	while (r.device[OTHER].n_questions == 0)
		rig_run(&r, r.now_ns + NS_PER_MS);
	next = link_new(img, 0, rig_codec, &r.sink, r.now_ns);
	assert_true(link_adopt(next, r.link, r.now_ns));
	assert_int_equal(r.n_guests, 1);
	assert_int_equal(r.guest_end, GUEST_LOST);
	link_free(r.link);
	r.link = next;
	free(r.img);
	r.img = img;
	rig_forget(&r);
	rig_take(&r);
	rig_run(&r, r.now_ns + NS_PER_S);
	assert_true(rig_good(&r, 0, 1) >= 6);
	rig_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_answer_is_handed_on_and_no_value),
		cmocka_unit_test(test_what_reads_and_what_does_not),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_a_late_answer_is_nobodys),
		cmocka_unit_test(test_garbage_and_storms),
		cmocka_unit_test(test_the_bench_goes_first),
		cmocka_unit_test(test_a_write_goes_first),
		cmocka_unit_test(test_the_wire_is_lost),
		cmocka_unit_test(test_a_reload_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
