/* test_gsm7.c - the alphabet of short messages: every septet there and back, packing by hand, what fits and what does not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "alert/gsm7.h"
#include "alert/utf8.h"
#include "base/rand.h"
#include "base/text.h"

static size_t
septets_of(const char *text, uint8_t *out)
{
	size_t n = strlen(text), made = 0;

	while (n > 0) {
		uint32_t rune;
		size_t bytes = utf8_get(text, n, &rune), more = gsm7_of(rune, out + made);

		assert_true(more > 0);
		made += more;
		text += bytes;
		n -= bytes;
	}
	return made;
}

/* The table of TS 23.038, written as a text in its order; the escape left out. */
static void
test_alphabet(void **state)
{
	static const char table[] =
		"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
	uint8_t septets[160];
	char back[400];
	size_t n = septets_of(table, septets);

	assert_int_equal(n, 127);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(septets[i], i < GSM7_ESCAPE ? i : i + 1);
	assert_int_equal(gsm7_cost(table, strlen(table)), 127);
	gsm7_text(septets, n, back, sizeof(back));
	assert_string_equal(back, table);
}

static void
test_extension(void **state)
{
	static const uint8_t expected[] = { 0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40,
		0x65 };
	static const char text[] = "\f^{}\\[~]|€";
	uint8_t septets[40];
	char back[40];

	assert_int_equal(septets_of(text, septets), 20);
	for (size_t i = 0; i < NELEM(expected); i++) {
		assert_int_equal(septets[2 * i], GSM7_ESCAPE);
		assert_int_equal(septets[2 * i + 1], expected[i]);
	}
	gsm7_text(septets, 20, back, sizeof(back));
	assert_string_equal(back, text);
	/* An escape at the end, and one before what no table has. */
	gsm7_text((const uint8_t[]){ 'a', GSM7_ESCAPE, 'b', 'c', GSM7_ESCAPE }, 5, back,
		sizeof(back));
	assert_string_equal(back, "a c ");
}

static void
test_cost(void **state)
{
	static const struct {
		const char *text;
		int cost;
	} cases[] = {
		{ "", 0 },
		{ "Alarm 7: P1 HIGH", 16 },
		{ "Störung", 7 },
		{ "5 €", 4 },
		{ "Тест", -1 },
		{ "23 °C", -1 },
		{ "ç", -1 },
		{ "Ç", 1 },
		{ "`", -1 },
		{ "\x1B", -1 },
		{ "😀", -1 },
		{ "\xFF", 1 /* becomes '?' */ },
	};

	for (size_t i = 0; i < NELEM(cases); i++)
		assert_int_equal(gsm7_cost(cases[i].text, strlen(cases[i].text)), cases[i].cost);
}

static void
test_packing(void **state)
{
	static const uint8_t hello[] = { 0xE8, 0x32, 0x9B, 0xFD,
		0x06 }; /* a vector all the books have */
	uint8_t packed[8], septets[8];

	assert_int_equal(gsm7_pack((const uint8_t *)"hello", 5, 0, packed), 5);
	assert_memory_equal(packed, hello, 5);
	assert_true(gsm7_unpack(hello, 5, 0, 5, septets));
	assert_memory_equal(septets, "hello", 5);
	assert_false(gsm7_unpack(hello, 4, 0, 5, septets));
	assert_true(gsm7_unpack(hello, 0, 1, 0, septets));
}

/* Every length with every fill, with bytes that end where they end. */
static void
test_packing_there_and_back(void **state)
{
	uint64_t seed = 7;

	for (size_t n = 0; n <= 160; n++)
		for (unsigned fill = 0; fill < 7; fill++) {
			uint8_t septets[160], packed[150], back[160];
			size_t bytes;

			for (size_t i = 0; i < n; i++)
				septets[i] = (uint8_t)rand_below(&seed, 128);
			bytes = gsm7_pack(septets, n, fill, packed);
			assert_int_equal(bytes, (fill + 7 * n + 7) / 8);
			assert_true(gsm7_unpack(packed, bytes, fill, n, back));
			assert_memory_equal(back, septets, n);
			if (n > 0)
				assert_false(gsm7_unpack(packed, bytes - 1, fill, n, back));
		}
}

static void
test_cut_at_a_border(void **state)
{
	uint8_t septets[8];
	size_t n = septets_of("aé€b", septets);
	char out[8];

	assert_int_equal(gsm7_text(septets, n, out, 8), 7);
	assert_string_equal(out, "aé€b");
	assert_int_equal(gsm7_text(septets, n, out, 6), 3);
	assert_string_equal(out, "aé");
	assert_int_equal(gsm7_text(septets, n, out, 1), 0);
	assert_string_equal(out, "");
}

static void
test_utf8(void **state)
{
	static const uint32_t borders[] = { 0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF,
		0x10000, 0x10FFFF };
	char bytes[4];
	uint32_t rune;

	for (size_t i = 0; i < NELEM(borders); i++) {
		size_t n = utf8_put(bytes, 4, borders[i]);

		assert_true(n > 0 && text_utf8(bytes, n) == n);
		assert_int_equal(utf8_put(bytes, n - 1, borders[i]), 0);
		assert_int_equal(utf8_get(bytes, n, &rune), n);
		assert_int_equal(rune, borders[i]);
		if (n > 1) { /* torn */
			assert_int_equal(utf8_get(bytes, n - 1, &rune), 1);
			assert_int_equal(rune, UTF8_BAD);
		}
	}
	assert_int_equal(utf8_put(bytes, 4, 0xD800), 1);
	assert_int_equal(utf8_put(bytes, 4, 0x110000), 1);
	assert_int_equal(utf8_get("\xC0\x80", 2, &rune), 1);
	assert_int_equal(utf8_get("\xED\xA0\x80", 3, &rune), 1);
}

/* Whatever stands for a character is in the alphabet itself, and short. */
static void
test_like(void **state)
{
	for (uint32_t rune = 0; rune < 0x11000; rune++) {
		const char *like = gsm7_like(rune);

		assert_true(strlen(like) <= 5);
		assert_true(gsm7_cost(like, strlen(like)) >= 0);
	}
	assert_string_equal(gsm7_like(0xB0), "deg");
	assert_string_equal(gsm7_like(0xEA), "e");
	assert_string_equal(gsm7_like(0x1F600), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alphabet),
		cmocka_unit_test(test_extension),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_packing_there_and_back),
		cmocka_unit_test(test_cut_at_a_border),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_like),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
