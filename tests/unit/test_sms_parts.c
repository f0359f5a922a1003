/* test_sms_parts.c - long texts as several messages and back: borders, cuts, any order, repeats, time, and chance */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "alert/gsm7.h"
#include "alert/sms_parts.h"
#include "alert/utf8.h"
#include "base/rand.h"
#include "base/text.h"

static char text[8192], back[SMS_TEXT_MAX];

/* `n` times `what`, and `end` behind them. */
static const char *
repeat(const char *what, size_t n, const char *end)
{
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		strncat(text, what, sizeof(text) - strlen(text) - 1);
	strncat(text, end, sizeof(text) - strlen(text) - 1);
	return text;
}

static void
split(const char *of, unsigned parts_max, struct sms_parts *out)
{
	sms_split(of, &(struct sms_split){ .parts_max = parts_max, .reference = 9 }, out);
}

static void
test_borders(void **state)
{
	static const struct {
		const char *what;
		size_t n;
		const char *end;
		unsigned parts;
		int coding;
		unsigned last; /* septets or bytes of the last */
	} cases[] = {
		{ "a", 0, "", 1, SMS_GSM7, 0 },
		{ "a", 160, "", 1, SMS_GSM7, 160 },
		{ "a", 161, "", 2, SMS_GSM7, 8 },
		{ "a", 306, "", 2, SMS_GSM7, 153 },
		{ "a", 307, "", 3, SMS_GSM7, 1 },
		{ "a", 459, "", 3, SMS_GSM7, 153 },
		{ "a", 158, "€", 1, SMS_GSM7, 160 },
		{ "a", 159, "€", 2, SMS_GSM7, 8 },
		/* The escape does not fit into the first: 152 + 2 */
		{ "€", 81, "", 2, SMS_GSM7, 10 },
		{ "я", 70, "", 1, SMS_UCS2, 140 },
		{ "я", 71, "", 2, SMS_UCS2, 8 },
		{ "я", 134, "", 2, SMS_UCS2, 134 },
		/* 33 pairs a part: half a pair has no room */
		{ "😀", 35, "", 1, SMS_UCS2, 140 },
		{ "😀", 36, "", 2, SMS_UCS2, 12 },
		{ "😀", 99, "", 3, SMS_UCS2, 132 },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct sms_parts parts;

		split(repeat(cases[i].what, cases[i].n, cases[i].end), 0, &parts);
		assert_int_equal(parts.n, cases[i].parts);
		assert_false(parts.is_cut);
		assert_int_equal(parts.part[0].coding, cases[i].coding);
		assert_int_equal(parts.part[parts.n - 1].n, cases[i].last);
		assert_int_equal(parts.part[0].total, parts.n == 1 ? 0 : parts.n);
		for (unsigned k = 0; parts.n > 1 && k < parts.n; k++) {
			assert_int_equal(parts.part[k].part, k + 1);
			assert_int_equal(parts.part[k].reference, 9);
		}
	}
}

/* What is too long ends with a mark, in the coding that the whole has. */
static void
test_cut(void **state)
{
	static const struct {
		const char *what;
		unsigned max, parts;
		size_t last;
		const char *end;
	} cases[] = { { "a", 3, 3, 153, "aaa..." }, { "a", 1, 1, 160, "aaa..." },
		{ "€", 3, 3, 153, "€..." }, { "я", 3, 3, 134, "я…" }, { "😀", 3, 3, 134, "😀…" },
		{ "a", 99, 8, 153, "a..." } };

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct sms_parts parts;
		size_t n;

		split(repeat(cases[i].what, 2000, ""), cases[i].max, &parts);
		assert_int_equal(parts.n, cases[i].parts);
		assert_true(parts.is_cut);
		assert_true(parts.part[parts.n - 1].n <= cases[i].last);
		assert_true(parts.part[parts.n - 1].n + 4u > cases[i].last);
		n = sms_body_text(&parts.part[parts.n - 1], back, sizeof(back));
		assert_string_equal(back + n - strlen(cases[i].end), cases[i].end);
	}
}

static void
test_numbered(void **state)
{
	struct sms_split how = { .style = SMS_NUMBERED };
	struct sms_parts parts;

	sms_split(repeat("b", 160, ""), &how, &parts);
	assert_int_equal(parts.n, 1);
	sms_split(repeat("b", 161, ""), &how, &parts);
	assert_int_equal(parts.n, 2);
	sms_body_text(&parts.part[0], back, sizeof(back));
	assert_memory_equal(back, "1/2 bbb", 7);
	assert_int_equal(strlen(back), 160);
	sms_body_text(&parts.part[1], back, sizeof(back));
	assert_string_equal(back, "2/2 bbbbb");
	assert_int_equal(parts.part[0].total, 0);
	sms_split(repeat("я", 71, ""), &how, &parts);
	sms_body_text(&parts.part[1], back, sizeof(back));
	assert_string_equal(back, "2/2 яяяяя");
}

static void
test_like(void **state)
{
	struct sms_parts parts;

	sms_split("23 °C – “dôme” ≥ 5 µL\r\n€", &(struct sms_split){ .is_like = true }, &parts);
	assert_int_equal(parts.part[0].coding, SMS_GSM7);
	sms_body_text(&parts.part[0], back, sizeof(back));
	assert_string_equal(back, "23 degC - \"dome\" >= 5 uL\n€");
	sms_split("Störung é ß € Δ ° Тест\t!", &(struct sms_split){ .is_ascii = true }, &parts);
	sms_body_text(&parts.part[0], back, sizeof(back));
	assert_string_equal(back, "Stoerung e ss EUR Delta deg ???? !");
	/* Bytes that are no text, and what must not reach a modem, are replaced. */
	split("a\x1A\x1B\x07\xFFz", 0, &parts);
	sms_body_text(&parts.part[0], back, sizeof(back));
	assert_string_equal(back, "a   ?z");
}

/* ---- in ---- */

static struct sms_collect table;

static struct sms_deliver
deliver_of(const struct sms_body *body, const char *from, int64_t stamp_s)
{
	struct sms_deliver d = { .has_stamp = true, .stamp_s = stamp_s, .body = *body };

	snprintf(d.from, sizeof(d.from), "%s", from);
	return d;
}

static enum sms_collected
give(const struct sms_body *body, const char *from, int64_t now_s, int64_t *out_stamp_s)
{
	struct sms_deliver d = deliver_of(body, from, 1000 + body->part);

	return sms_collect(&table, now_s * NS_PER_S, &d, back, sizeof(back), out_stamp_s);
}

static void
test_collect_any_order(void **state)
{
	static const unsigned orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 } };
	struct sms_parts parts;
	int64_t stamp_s;

	repeat("€uro ", 70, "end");
	split(text, 0, &parts);
	assert_int_equal(parts.n, 3);
	for (size_t i = 0; i < NELEM(orders); i++) {
		memset(&table, 0, sizeof(table));
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(
				give(&parts.part[orders[i][k]], "+491", 1, &stamp_s), SMS_WAITS);
			assert_int_equal(
				give(&parts.part[orders[i][k]], "+491", 1, &stamp_s), SMS_REPEAT);
		}
		assert_int_equal(give(&parts.part[orders[i][2]], "+491", 1, &stamp_s), SMS_WHOLE);
		assert_string_equal(back, text);
		assert_int_equal(stamp_s, 1001);
		/* What comes once more after that is known, too. */
		assert_int_equal(give(&parts.part[0], "+491", 2, &stamp_s), SMS_REPEAT);
		assert_int_equal(table.lost, 0);
	}
}

/* One reference from two senders; a reference that is used again; one that is never completed. */
static void
test_collect_tells_apart(void **state)
{
	struct sms_parts a, b;
	int64_t stamp_s;

	memset(&table, 0, sizeof(table));
	repeat("a", 170, "");
	split(text, 0, &a);
	repeat("b", 170, "");
	split(text, 0, &b);
	assert_int_equal(give(&a.part[0], "+491", 1, &stamp_s), SMS_WAITS);
	assert_int_equal(give(&b.part[0], "+492", 1, &stamp_s), SMS_WAITS);
	assert_int_equal(give(&b.part[1], "+492", 1, &stamp_s), SMS_WHOLE);
	assert_string_equal(back, text);
	assert_int_equal(give(&a.part[1], "+491", 1, &stamp_s), SMS_WHOLE);
	assert_int_equal(give(&b.part[0], "+491", 1, &stamp_s), SMS_WAITS); /* the same reference */
	assert_int_equal(give(&b.part[1], "+491", 1, &stamp_s), SMS_WHOLE);
	assert_string_equal(back, text);
	assert_int_equal(table.lost, 0);
	assert_int_equal(give(&a.part[0], "+491", 2, &stamp_s), SMS_WAITS);
	assert_int_equal(give(&b.part[0], "+491", 3, &stamp_s), SMS_WAITS);
	assert_int_equal(table.lost, 1);
}

static void
test_collect_ends(void **state)
{
	struct sms_parts a;
	struct sms_body many = { .total = SMS_PARTS_MAX + 1, .part = 1, .n = 1, .data = { 'x' } };
	int64_t stamp_s;
	char from[8];

	memset(&table, 0, sizeof(table));
	repeat("a", 170, "");
	split(text, 0, &a);
	assert_int_equal(give(&a.part[0], "+491", 0, &stamp_s), SMS_WAITS);
	assert_int_equal(give(&a.part[1], "+491", 24 * 3600 + 1, &stamp_s), SMS_WAITS);
	assert_int_equal(table.lost, 1);
	/* The oldest makes room. */
	for (int i = 0; i < SMS_COLLECT; i++) {
		snprintf(from, sizeof(from), "+5%d", i);
		assert_int_equal(give(&a.part[0], from, 90000 + i, &stamp_s), SMS_WAITS);
	}
	assert_int_equal(table.lost, 2);
	assert_int_equal(give(&a.part[1], "+50", 90100, &stamp_s), SMS_WHOLE);
	/* Too many parts: each by itself, and none is kept. */
	assert_int_equal(give(&many, "+491", 90200, &stamp_s), SMS_PIECE);
	assert_string_equal(back, "x");
}

/* Two halves of one character in two parts, as some phones tear them. */
static void
test_collect_torn_pair(void **state)
{
	struct sms_body a = {
		.coding = SMS_UCS2, .n = 4, .data = { 0, 'x', 0xD8, 0x3D }, .total = 2, .part = 1
	};
	struct sms_body b = {
		.coding = SMS_UCS2, .n = 2, .data = { 0xDE, 0x00 }, .total = 2, .part = 2
	};
	int64_t stamp_s;

	memset(&table, 0, sizeof(table));
	assert_int_equal(give(&b, "+491", 1, &stamp_s), SMS_WAITS);
	assert_int_equal(give(&a, "+491", 1, &stamp_s), SMS_WHOLE);
	assert_string_equal(back, "x😀");
}

/* ---- chance: text to parts to bytes of SUBMIT, made into DELIVER, to parts, to text ---- */

static size_t
random_text(uint64_t *seed, size_t units)
{
	static const uint32_t most[] = { 0x7F, 0x17F, 0x7FF, 0xFFFF, 0x10FFFF };
	uint32_t below = most[rand_below(seed, NELEM(most))];
	size_t n = 0;

	for (size_t i = 0; i < units; i++) {
		uint32_t rune = ' ' + (uint32_t)rand_below(seed, below - ' ' + 1);
		uint8_t septets[2];

		if ((rune >= 0x7F && rune < 0xA0) || (rune >= 0xD800 && rune < 0xE000))
			rune = 0x20AC;
		if (below == 0x17F && gsm7_of(rune, septets) == 0)
			rune = '|'; /* only the alphabet, with many escapes */
		n += utf8_put(text + n, sizeof(text) - 1 - n, rune);
	}
	text[n] = '\0';
	return n;
}

/* What the network would make of it. */
static size_t
deliver_bytes(const uint8_t *submit, size_t n, uint8_t *out)
{
	size_t address = 2 + (size_t)(submit[3] + 1) / 2, at = 0, in = 3;

	out[at++] = 0;
	out[at++] = submit[1] & 0x40;
	memcpy(out + at, submit + in, address);
	at += address;
	in += address;
	out[at++] = submit[in++];
	out[at++] = submit[in++];
	in++;
	memcpy(out + at, "\x62\x11\x82\x41\x02\x13\x80", 7);
	at += 7;
	memcpy(out + at, submit + in, n - in);
	return at + n - in;
}

static void
test_there_and_back(void **state)
{
	uint64_t seed = 20261128;

	for (int round = 0; round < 3000; round++) {
		size_t n = random_text(&seed, rand_below(&seed, 500));
		struct sms_parts parts;
		unsigned order[SMS_PARTS_MAX];
		enum sms_collected got = SMS_WAITS;

		sms_split(text, &(struct sms_split){ .parts_max = 8, .reference = (uint8_t)round },
			&parts);
		for (unsigned i = 0; i < parts.n; i++)
			order[i] = i;
		for (unsigned i = parts.n - 1; i > 0; i--) {
			unsigned k = (unsigned)rand_below(&seed, i + 1), was = order[i];

			order[i] = order[k];
			order[k] = was;
		}
		memset(&table, 0, sizeof(table));
		for (unsigned i = 0; i < parts.n; i++) {
			struct sms_submit s = { .number = "+491701234567",
				.validity = 167,
				.body = &parts.part[order[i]] };
			uint8_t submit[SMS_PDU_MAX], deliver[SMS_PDU_MAX + 8];
			struct sms_incoming in;
			struct err err;
			int64_t stamp_s;
			int bytes = sms_submit_put(&s, submit, &err);

			assert_true(bytes > 0);
			assert_int_equal(got, SMS_WAITS);
			assert_int_equal(
				sms_incoming_take(deliver,
					deliver_bytes(submit, (size_t)bytes, deliver), &in, &err),
				0);
			got = sms_collect(&table, round, &in.deliver, back, sizeof(back), &stamp_s);
		}
		assert_int_equal(got, SMS_WHOLE);
		n = strlen(back);
		if (parts.is_cut)
			n -= parts.part[0].coding == SMS_GSM7 ? 3 : strlen("…");
		assert_memory_equal(back, text, n);
		assert_true(parts.is_cut || text[n] == '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_borders),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_numbered),
		cmocka_unit_test(test_like),
		cmocka_unit_test(test_collect_any_order),
		cmocka_unit_test(test_collect_tells_apart),
		cmocka_unit_test(test_collect_ends),
		cmocka_unit_test(test_collect_torn_pair),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
