/* test_event.c - events and clock records as bytes and texts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/rand.h"
#include "msg/event.h"
#include "msg/told.h"

static struct event
whole(void)
{
	struct event e = {
		.id = 12,
		.boot = 0x1234,
		.stamp_ns = 5,
		.cause = 11,
		.kind = EVENT_INSTRUMENT_DOWN,
		.reason = Q_NO_ANSWER,
		.n_values = 4,
		.values = { 1.5, -0.0, HUGE_VAL, 4 },
		.subject = "furnace",
		.principal = "anna",
		.text = "four à 3 °C",
	};

	return e;
}

static void
assert_same(const struct event *a, const struct event *b)
{
	assert_true(a->id == b->id && a->boot == b->boot && a->stamp_ns == b->stamp_ns &&
		    a->cause == b->cause && a->kind == b->kind && a->reason == b->reason);
	assert_int_equal(a->n_values, b->n_values);
	assert_memory_equal(a->values, b->values, a->n_values * sizeof(double));
	assert_string_equal(a->subject, b->subject);
	assert_string_equal(a->principal, b->principal);
	assert_string_equal(a->text, b->text);
}

static void
test_event_comes_back(void **state)
{
	struct event e = whole(), back;
	uint8_t bytes[EVENT_BYTES];
	struct err err;
	size_t n = event_encode(bytes, &e);

	assert_int_equal(event_decode(&back, bytes, n, &err), 0);
	assert_same(&back, &e);
	memset(e.subject, 's', sizeof(e.subject) - 1);
	memset(e.principal, 'p', sizeof(e.principal) - 1);
	memset(e.text, 't', sizeof(e.text) - 1);
	n = event_encode(bytes, &e);
	assert_true(n <= EVENT_BYTES);
	assert_int_equal(event_decode(&back, bytes, n, &err), 0);
	assert_same(&back, &e);
}

/* What the system says, or a person types, is made harmless on the way in: also where it is cut inside of a character. */
static void
test_texts_are_made_clean(void **state)
{
	struct event e = whole(), back;
	uint8_t bytes[EVENT_BYTES];
	struct err err;

	memcpy(e.text, "a\033[31m\nb\xff\x80z", 12);
	memcpy(e.subject, "x\xc3", 3);
	memset(e.principal, 'p', sizeof(e.principal));
	e.principal[sizeof(e.principal) - 2] =
		'\xc3'; /* the first byte of an accent, the second fell off */
	e.principal[sizeof(e.principal) - 1] = '\0';
	assert_int_equal(event_decode(&back, bytes, event_encode(bytes, &e), &err), 0);
	assert_string_equal(back.text, "a?[31m?b??z");
	assert_string_equal(back.subject, "x?");
	assert_int_equal(strlen(back.principal), sizeof(e.principal) - 2);
}

/* Cut anywhere, with bytes too many, or changed: refused, or an event that is encoded to the same bytes. */
static void
test_nothing_malformed_gets_in(void **state)
{
	struct event e = whole(), back;
	uint8_t bytes[EVENT_BYTES], again[EVENT_BYTES];
	uint64_t chance = 1;
	struct err err;
	size_t n = event_encode(bytes, &e);
	unsigned refused = 0;

	for (size_t k = 0; k < n; k++)
		assert_int_equal(event_decode(&back, bytes, k, &err), ERR_PROTO);
	bytes[n] = 0;
	assert_int_equal(event_decode(&back, bytes, n + 1, &err), ERR_PROTO);
	for (int i = 0; i < 100000; i++) {
		uint8_t bad[EVENT_BYTES];

		memcpy(bad, bytes, n);
		bad[rand_below(&chance, n)] ^= (uint8_t)(1u << rand_below(&chance, 8));
		if (event_decode(&back, bad, n, &err) < 0) {
			refused++;
			continue;
		}
		assert_int_equal(event_encode(again, &back), n);
		assert_memory_equal(again, bad, n);
	}
	assert_true(refused > 0);
}

static void
test_impossible_numbers_are_refused(void **state)
{
	struct event e = whole(), back;
	uint8_t bytes[EVENT_BYTES];
	struct err err;

	e.cause = e.id; /* nothing causes itself */
	assert_int_equal(event_decode(&back, bytes, event_encode(bytes, &e), &err), ERR_PROTO);
	e.cause = e.id = 0;
	assert_int_equal(event_decode(&back, bytes, event_encode(bytes, &e), &err), ERR_PROTO);
}

static void
test_clock_record_comes_back(void **state)
{
	struct clock_record c = { .boot = 7, .stamp_ns = 8, .wall_ns = -9, .is_good = true }, back;
	uint8_t bytes[CLOCK_RECORD_BYTES];
	struct err err;
	size_t n = clock_record_encode(bytes, &c);

	assert_int_equal(clock_record_decode(&back, bytes, n, &err), 0);
	assert_true(back.boot == 7 && back.stamp_ns == 8 && back.wall_ns == -9 && back.is_good);
	assert_int_equal(clock_record_decode(&back, bytes, n - 1, &err), ERR_PROTO);
	bytes[24] = 2;
	assert_int_equal(clock_record_decode(&back, bytes, n, &err), ERR_PROTO);
}

static void
assert_text(const struct event *e, enum language language, const char *text)
{
	struct buf out = { 0 };

	event_text(&out, e, language);
	assert_string_equal(buf_text(&out), text);
	buf_done(&out);
}

static void
test_texts_in_both_languages(void **state)
{
	struct event e = {
		.kind = EVENT_INSTRUMENT_DOWN, .subject = "furnace", .reason = Q_NO_ANSWER
	};

	assert_text(&e, LANGUAGE_EN,
		"instrument 'furnace': down: no answer; check the unit number, wiring and "
		"'timeout'");
	assert_text(&e, LANGUAGE_FR,
		"instrument 'furnace' : hors service : pas de réponse ; vérifier le numéro "
		"d'unité, le "
		"câblage et 'timeout'");
	e = (struct event){ .kind = EVENT_HISTORY_BUDGET_LOW, .n_values = 1, .values = { 2.5 } };
	assert_text(&e, LANGUAGE_EN,
		"history: 2.5 % of its room on the disk is left; export and remove what is old, or "
		"give "
		"it more room");
	e = (struct event){ .kind = EVENT_RECORD_NOTE, .principal = "anna", .text = "catalyst in" };
	assert_text(&e, LANGUAGE_EN, "note: catalyst in (anna)");
	assert_text(&e, LANGUAGE_FR, "note : catalyst in (anna)");
}

/* Both languages show the same fields, and every token can be asked for. */
static void
test_table_is_whole(void **state)
{
	for (unsigned i = 0; i < EVENT_COUNT; i++) {
		const struct event_row *row = event_row((enum event_kind)i);
		static const char *const fields[] = { "%s", "%r", "%1", "%2", "%3", "%4", "%p",
			"%t" };

		assert_int_equal(event_find(row->token), i);
		assert_true(row->text[0][0] != '\0' && row->text[1][0] != '\0');
		assert_true((row->remedy[0][0] == '\0') == (row->remedy[1][0] == '\0'));
		for (size_t f = 0; f < NELEM(fields); f++)
			assert_true((strstr(row->text[0], fields[f]) == NULL) ==
				    (strstr(row->text[1], fields[f]) == NULL));
		/* Who is warned is told what to do: by the reason, or by the row. */
		assert_true(row->severity == EVENT_SEVERITY_INFO || row->remedy[0][0] != '\0' ||
			    strstr(row->text[0], "%r") != NULL || i == EVENT_CONTROLLER_RESTARTED);
	}
	assert_int_equal(event_find("nothing"), EVENT_COUNT);
}

static void
test_what_is_told_comes_back(void **state)
{
	struct told t = { .number = 3, .cause = 2, .event = whole() }, back;
	struct buf packet = { 0 };
	struct wire_in in;
	struct err err;

	told_put(&packet, &t);
	assert_int_equal(wire_open(&in, packet.data, packet.n, &err), WIRE_EVENT);
	assert_int_equal(told_get(&back, &in, &err), 0);
	assert_true(back.number == 3 && back.cause == 2 && back.event.kind == t.event.kind &&
		    back.event.stamp_ns == 5 && back.event.n_values == 4);
	assert_string_equal(back.event.subject, "furnace");
	assert_string_equal(back.event.text, t.event.text);
	for (size_t n = WIRE_HEAD; n < packet.n; n++) {
		in = (struct wire_in){ .at = (uint8_t *)packet.data + WIRE_HEAD,
			.left = n - WIRE_HEAD };
		assert_true(told_get(&back, &in, &err) < 0);
	}
	buf_done(&packet);
}

/* RFC 3720, B.4. */
static void
test_crc(void **state)
{
	uint8_t bytes[32] = { 0 };

	assert_int_equal(crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, 32);
	assert_int_equal(crc32c(0, bytes, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, bytes, 32), 0x46dd794e);
	assert_int_equal(crc32c(crc32c(0, bytes, 10), bytes + 10, 22), 0x46dd794e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_comes_back),
		cmocka_unit_test(test_texts_are_made_clean),
		cmocka_unit_test(test_nothing_malformed_gets_in),
		cmocka_unit_test(test_impossible_numbers_are_refused),
		cmocka_unit_test(test_clock_record_comes_back),
		cmocka_unit_test(test_texts_in_both_languages),
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_what_is_told_comes_back),
		cmocka_unit_test(test_crc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
