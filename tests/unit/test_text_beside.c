/* test_text_beside.c - writes that say along what other channels hold */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text_rig.h"
#include "twin/twin.h"

#define MS NS_PER_MS
#define S NS_PER_S

#define CARD                                                                                       \
	"  card: {use: text, link: l, end: '\\r', every: 1 s, timeout: 200 ms, messages: {out: "   \
	"{send: 'O{dig:int},{da1:num},{da2:int}', receive: "                                       \
	"OK, otherwise: {da1: 1.5}}}, errors: [{receive: NO}], channels: {dig: {write: out}, "     \
	"da1: {write: out}, da2: {read: {send: R, "                                                \
	"receive: 'R{da2:int}'}, write: out}}}\n"

enum { DIG, DA1, DA2 };

static struct text_rig rig;
static struct {
	const char *read, *said;
} dev;

static const char *
device(struct text_rig *r, const char *asked)
{
	return asked[0] == 'R' ? dev.read : dev.said;
}

static void
start(const char *read)
{
	dev.read = read;
	dev.said = "OK";
	text_rig_start(&rig, CARD, device);
	text_rig_run(&rig, 1500 * MS);
}

static void
assert_written(uint32_t point, double v, const char *sent, enum quality verdict)
{
	struct err err = { .msg = "" };
	size_t from = rig.n_log;
	unsigned n = rig.n_written;

	assert_int_equal(text_rig_write(&rig, point, v, &err), 0);
	text_rig_run(&rig, 50 * MS);
	assert_int_equal(rig.n_written, n + 1);
	assert_int_equal(rig.verdict, verdict);
	assert_int_equal(text_rig_asked(&rig, sent, from), 1);
}

static void
assert_refused(uint32_t point, const char *why)
{
	struct err err = { .msg = "" };

	assert_int_equal(text_rig_write(&rig, point, 1, &err), ERR_CONF);
	assert_string_equal(err.msg, why);
}

#define NOT_DIG "'dig' has not been written yet: write it first, or give otherwise: {dig: 0}"

/* What was written before what was read, that before `otherwise`, and nothing of them: refused. */
static void
test_where_it_comes_from(void **state)
{
	start("R7");
	assert_refused(DA1, NOT_DIG);
	assert_written(DIG, 3, "O3,1.5,7", Q_GOOD);
	assert_written(DA1, 2.25, "O3,2.25,7", Q_GOOD);
	dev.read = "R8";
	text_rig_run(&rig, 2 * S);
	assert_written(DIG, 4, "O4,2.25,8", Q_GOOD);
	assert_written(DA2, 9, "O4,2.25,9", Q_GOOD);
	assert_written(DIG, 5, "O5,2.25,9", Q_GOOD);
	/* a write that was refused is none */
	dev.said = "NO";
	assert_written(DA1, 3, "O5,3,9", Q_BAD_REQUEST);
	dev.said = "OK";
	assert_written(DIG, 6, "O6,2.25,9", Q_GOOD);
	/* a new wire: what was written counts no more, and what was read neither until it is read again */
	text_rig_lose(&rig);
	assert_refused(DA1, NOT_DIG);
	text_rig_run(&rig, 2 * S);
	assert_written(DIG, 1, "O1,1.5,8", Q_GOOD);
	text_rig_stop(&rig);
}

/* A bad reading is none. */
static void
test_a_bad_reading(void **state)
{
	start("Rx");
	assert_refused(
		DIG, "'da2' has not been written yet: write it first, or give otherwise: {da2: 0}");
	dev.read = "R2";
	text_rig_run(&rig, 2 * S);
	assert_written(DIG, 3, "O3,1.5,2", Q_GOOD);
	dev.read = NULL;
	text_rig_run(&rig, 3 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	text_rig_stop(&rig);
}

/* Writes in a row: each says along what those before it have written, as it was when it went. */
static void
test_in_a_row(void **state)
{
	struct err err = { .msg = "" };
	size_t from;

	start("R7");
	from = rig.n_log;
	assert_int_equal(text_rig_write(&rig, DIG, 1, &err), 0);
	assert_int_equal(text_rig_write(&rig, DA1, 5, &err), 0);
	assert_int_equal(text_rig_write(&rig, DIG, 2, &err), 0);
	text_rig_run(&rig, 100 * MS);
	assert_int_equal(rig.n_written, 3);
	assert_int_equal(text_rig_asked(&rig, "O1,1.5,7", from), 1);
	assert_int_equal(text_rig_asked(&rig, "O1,5,7", from), 1);
	assert_int_equal(text_rig_asked(&rig, "O2,5,7", from), 1);
	text_rig_stop(&rig);
	/* where the first comes to nothing, the second has nothing to say along */
	start("R7");
	dev.said = "NO";
	from = rig.n_log;
	rig.note_of = "not sent:";
	assert_int_equal(text_rig_write(&rig, DIG, 1, &err), 0);
	assert_int_equal(text_rig_write(&rig, DA1, 5, &err), 0);
	text_rig_run(&rig, 100 * MS);
	assert_int_equal(rig.n_written, 2);
	assert_int_equal(rig.verdict, Q_BAD_REQUEST);
	assert_int_equal(rig.n_notes, 1);
	assert_int_equal(rig.n_log - from, 1);
	text_rig_stop(&rig);
}

/* A reload keeps what is known. */
static void
test_reload(void **state)
{
	start("R7");
	assert_written(DIG, 3, "O3,1.5,7", Q_GOOD);
	assert_true(text_rig_reload(&rig, CARD));
	assert_written(DA1, 2, "O3,2,7", Q_GOOD);
	text_rig_stop(&rig);
}

/* The simulated instrument takes all that is said, by the names. */
static void
test_the_twin(void **state)
{
	uint8_t out[CODEC_FRAME_MAX];
	struct twin *t;

	start("R7");
	t = twin_new(rig.img, 1);
	twin_step(t, 0);
	assert_int_equal(twin_answer(t, 0, (const uint8_t *)"O3,2.5,7\r", 9, out, sizeof(out)), 3);
	assert_true(
		twin_value(t, DIG) == 3 && twin_value(t, DA1) == 2.5 && twin_value(t, DA2) == 7);
	assert_int_equal(twin_answer(t, 0, (const uint8_t *)"R\r", 2, out, sizeof(out)), 3);
	assert_memory_equal(out, "R7\r", 3);
	twin_free(t);
	text_rig_stop(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_it_comes_from),
		cmocka_unit_test(test_a_bad_reading),
		cmocka_unit_test(test_in_a_row),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_the_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
