/* test_recognise.c - is it this instrument that answers? Questions that identify, and what is made of answers to them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "compile/units.h"
#include "drivers/list.h"
#include "link/recognise.h"

#define X "channels: {x: {read: {send: x, receive: '{x:num}'}}}}\n"
#define M "channels: {x: {read: {holding: 1}}}}\n"

static const char text[] =
	"bench: b\nlinks:\n  l: {tcp: \"h:1\"}\n  r: {rtu: \"h:2\"}\ninstruments:\n"
	"  named: {use: text, link: l, end: '\\r', identity: {send: ID, receive: 'I "
	"{identity:text}'}, "
	"init: [{send: REM, receive: OK}], errors: [{receive: 'E{code:int}'}], " X
	"  demanded: {use: text, link: l, end: '\\r', identity: {send: ID, receive: 'I "
	"{identity:text}'}, "
	"identify: {is: Acme}, " X
	"  prepared: {use: text, link: l, end: '\\r', init: [{send: REM, receive: OK}], " X
	"  prepared2: {use: text, link: l, end: '\\r', init: [{send: REM, receive: OK}], "
	"identify: {is: Acme}, " X "  row: {use: text, link: l, end: '\\r', identity: [{send: A, "
	"receive: B}, {send: C, receive: "
	"'{identity:text}'}], " X
	"  number: {use: modbus, link: l, identify: {read: {holding: 0x2002}, is: 4660}, " M
	"  line: {use: modbus, link: r, unit: 3, identify: {read: {holding: 0x2002}, is: 4660}, " M
	"  word: {use: modbus, link: l, identify: {is: Acme}, " M
	"  any: {use: modbus, link: l, " M;

enum { NAMED, DEMANDED, PREPARED, PREPARED2, ROW, NUMBER, LINE, WORD, ANY };

static struct buf image;

static int
setup(void **state)
{
	struct bench b;
	struct err err;

	assert_int_equal(units_open(&err), 0);
	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, text, strlen(text), &image, NULL, &err), 0);
	bench_done(&b);
	units_close();
	return 0;
}

static int
teardown(void **state)
{
	buf_done(&image);
	return 0;
}

static struct recognise *
start(uint32_t instrument)
{
	const struct image *img = (const struct image *)(const void *)image.data;
	const struct image_instrument *ins = image_instrument_at(img, instrument);

	return recognise_new(img, instrument, codec_find(image_text(img, ins->codec)));
}

/* As many bytes as there are, no more: a reading beyond is an error of the sanitizer. */
static enum recognised
hear(struct recognise *r, const void *in, size_t n, enum wire wire)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	enum recognised got;

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, in, n);
	got = recognise_hear(r, copy, n, wire);
	free(copy);
	return got;
}

static void
assert_asks(const struct recognise *r, const void *bytes, size_t n)
{
	size_t got;
	const uint8_t *ask = recognise_question(r, &got);

	assert_int_equal(got, n);
	assert_memory_equal(ask, bytes, n);
}

static void
test_what_has_no_question(void **state)
{
	static const uint32_t none[] = { PREPARED, PREPARED2, ROW, ANY };

	for (size_t i = 0; i < NELEM(none); i++)
		assert_null(start(none[i]));
}

static void
test_a_message(void **state)
{
	static const struct {
		const char *in;
		enum recognised named, demanded;
	} rows[] = {
		{ "I Acme P1\r", RECOGNISE_IT, RECOGNISE_IT },
		{ "I Other\r", RECOGNISE_IT, RECOGNISE_OTHER },
		{ "ID\rI Acme P1\r", RECOGNISE_IT, RECOGNISE_IT }, /* behind an echo */
		{ "noise\rI Acme P1\r", RECOGNISE_IT, RECOGNISE_IT },
		{ "I \r", RECOGNISE_OTHER, RECOGNISE_OTHER }, /* it says nothing */
		{ "E3\r", RECOGNISE_OTHER, RECOGNISE_MORE },
		{ "ID\r", RECOGNISE_MORE, RECOGNISE_MORE },
		{ "I", RECOGNISE_MORE, RECOGNISE_MORE },
		{ "", RECOGNISE_MORE, RECOGNISE_MORE },
	};
	struct recognise *named = start(NAMED), *demanded = start(DEMANDED);

	assert_asks(named, "ID\r", 3);
	assert_asks(demanded, "ID\r", 3);
	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(
			hear(named, rows[i].in, strlen(rows[i].in), WIRE_OPEN), rows[i].named);
		if (rows[i].named == RECOGNISE_IT)
			assert_int_equal(
				strncmp(recognise_identity(named), i == 1 ? "Other" : "Acme P1", 5),
				0);
		assert_int_equal(hear(demanded, rows[i].in, strlen(rows[i].in), WIRE_OPEN),
			rows[i].demanded);
	}
	recognise_free(named);
	recognise_free(demanded);
}

static void
test_a_number(void **state)
{
	static const uint8_t ask[] = { 0x4D, 0x42, 0, 0, 0, 6, 1, 3, 0x20, 0x02, 0, 1 };
	static const uint8_t right[] = { 0x4D, 0x42, 0, 0, 0, 5, 1, 3, 2, 0x12, 0x34 };
	uint8_t wrong[sizeof(right)], other[sizeof(right)];
	static const uint8_t refused[] = { 0x4D, 0x42, 0, 0, 0, 3, 1, 0x83, 2 };
	struct recognise *r = start(NUMBER);

	assert_asks(r, ask, sizeof(ask));
	for (size_t n = 0; n < sizeof(right); n++)
		assert_int_equal(hear(r, right, n, WIRE_OPEN), RECOGNISE_MORE);
	assert_int_equal(hear(r, right, sizeof(right), WIRE_OPEN), RECOGNISE_IT);
	assert_string_equal(recognise_identity(r), "4660");
	for (size_t i = 0; i < sizeof(right); i++) {
		memcpy(wrong, right, sizeof(right));
		wrong[i] ^= 1;
		assert_int_not_equal(hear(r, wrong, sizeof(wrong), WIRE_SILENT), RECOGNISE_IT);
	}
	assert_int_equal(hear(r, refused, sizeof(refused), WIRE_OPEN), RECOGNISE_OTHER);
	assert_int_equal(hear(r, ask, sizeof(ask), WIRE_SILENT), RECOGNISE_MORE);
	memcpy(other, right, sizeof(right));
	other[1]++; /* to another question */
	assert_int_equal(hear(r, other, sizeof(other), WIRE_OPEN), RECOGNISE_MORE);
	recognise_free(r);
}

static void
test_a_line_and_a_word(void **state)
{
	static const uint8_t right[] = { 3, 3, 2, 0x12, 0x34, 0xCC, 0xF3 };
	static const uint8_t says[] = { 0x4D, 0x42, 0, 0, 0, 0x0E, 1, 0x2B, 0x0E, 1, 1, 0, 0, 1, 0,
		4, 'A', 'c', 'm', 'e' };
	struct recognise *line = start(LINE), *word = start(WORD);

	assert_int_equal(hear(line, right, sizeof(right), WIRE_SILENT), RECOGNISE_IT);
	assert_int_equal(hear(word, says, sizeof(says), WIRE_OPEN), RECOGNISE_IT);
	assert_string_equal(recognise_identity(word), "Acme");
	recognise_free(line);
	recognise_free(word);
	recognise_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_has_no_question),
		cmocka_unit_test(test_a_message),
		cmocka_unit_test(test_a_number),
		cmocka_unit_test(test_a_line_and_a_word),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
