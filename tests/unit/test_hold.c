/* test_hold.c - who holds the bench: the whole table of who may do what while who holds it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "gate/hold.h"
#include "gate/policy.h"

#define NOW (INT64_C(1772368496) * NS_PER_S + 789 * NS_PER_MS)
#define LATER (NOW + NS_PER_S)

static struct hold
held_by(const char *who)
{
	struct hold h = { .since_ns = who[0] != '\0' ? NOW : 0 };

	text_copy(h.who, sizeof(h.who), who);
	return h;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------- */

/* All kinds, asked by who holds it, by others, and by a program; these are what is taken from everybody. */
static void
test_what_others_may(void **state)
{
	static const enum command_kind always[] = { COMMAND_SAFE, COMMAND_BYPASS_END,
		COMMAND_ALARM_ACK, COMMAND_SILENCE, COMMAND_SEQ_PAUSE, COMMAND_SEQ_SAFE_PAUSE,
		COMMAND_SEQ_ABORT };
	static const char *const others[] = { "root", "user:ann", "user:anna2", "token:anna",
		"anna", "" };
	const struct hold nobody = held_by(""), anna = held_by("user:anna");

	for (int kind = 0; kind < COMMAND_KINDS; kind++) {
		bool is_free = false;
		struct err err;

		for (size_t i = 0; i < NELEM(always); i++)
			is_free = is_free || (int)always[i] == kind;
		assert_int_equal(hold_check(&anna, "user:anna", kind, &err), 0);
		for (size_t i = 0; i < NELEM(others); i++) {
			assert_int_equal(hold_check(&nobody, others[i], kind, &err), 0);
			assert_int_equal(hold_check(&anna, others[i], kind, &err),
				is_free ? 0 : ERR_REFUSED);
			if (is_free)
				continue;
			assert_int_equal(err.sys, 409);
			assert_non_null(strstr(err.msg, "user:anna holds the bench since "
							"2026-03-01T12:34:56Z; ask"));
		}
	}
}

/* It is told to its end, however long the name. */
static void
test_refusals_fit_into_a_verdict(void **state)
{
	struct hold h = held_by("user:1234567890123456789012345");
	struct err err;

	memset(h.who, 'x', sizeof(h.who) - 1);
	assert_int_equal(hold_check(&h, "root", COMMAND_SET, &err), ERR_REFUSED);
	assert_true(strlen(err.msg) < EVENT_TEXT);
	assert_int_equal(hold_take(&h, "user:anna", true, false, "why", LATER, &err), ERR_REFUSED);
	assert_true(strlen(err.msg) < EVENT_TEXT);
	assert_int_equal(hold_take(&h, "user:anna", true, true, "", LATER, &err), ERR_REFUSED);
	assert_true(strlen(err.msg) < EVENT_TEXT);
}

/* ---- take ----------------------------------------------------------------------------------------------------------------- */

/* Who holds it, how it is asked, and what comes of it: the whole table. */
static void
test_take(void **state)
{
	static const struct {
		const char *held;
		bool by_force, is_admin;
		const char *reason;
		unsigned status; /* 0: taken */
		bool is_new;     /* since now */
	} rows[] = {
		{ "", false, false, "", 0, true },
		{ "", false, true, "", 0, true },
		{ "", true, false, "why", 403, false },
		{ "", true, true, "", 400, false },
		{ "", true, true, "why", 0, true },
		{ "user:anna", false, false, "", 0, false },
		{ "user:anna", false, true, "", 0, false },
		{ "user:anna", true, false, "why", 403, false },
		{ "user:anna", true, true, "why", 0, false },
		{ "root", false, false, "", 409, false },
		{ "root", false, true, "", 409, false },
		{ "root", false, true, "why", 409, false },
		{ "root", true, false, "", 403, false },
		{ "root", true, false, "why", 403, false },
		{ "root", true, true, "", 400, false },
		{ "root", true, true, "why", 0, true },
	};

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct hold h = held_by(rows[i].held);
		struct err err;
		int rc = hold_take(&h, "user:anna", rows[i].by_force, rows[i].is_admin,
			rows[i].reason, LATER, &err);

		if (rows[i].status != 0) {
			assert_int_equal(rc, ERR_REFUSED);
			assert_int_equal(err.sys, rows[i].status);
			assert_string_equal(h.who, rows[i].held);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_string_equal(h.who, "user:anna");
		assert_int_equal(h.since_ns, rows[i].is_new ? LATER : NOW);
	}
}

/* ---- hand over ------------------------------------------------------------------------------------------------------------ */

static void
test_hand_over(void **state)
{
	static const struct {
		const char *held, *to;
		unsigned status;
		const char *after;
		int64_t since_ns;
	} rows[] = {
		{ "", "", 409, "", 0 },
		{ "", "root", 409, "", 0 },
		{ "root", "", 409, "root", NOW },
		{ "root", "user:anna", 409, "root", NOW },
		{ "root", "user:bert", 409, "root", NOW },
		{ "user:anna", "", 0, "", LATER },
		{ "user:anna", "user:bert", 0, "user:bert", LATER },
		{ "user:anna", "root", 0, "root", LATER },
		{ "user:anna", "user:anna", 0, "user:anna", NOW },
	};

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct hold h = held_by(rows[i].held);
		struct err err;
		int rc = hold_hand_over(&h, "user:anna", rows[i].to, LATER, &err);

		assert_int_equal(rc, rows[i].status != 0 ? ERR_REFUSED : 0);
		if (rc < 0)
			assert_int_equal(err.sys, rows[i].status);
		assert_string_equal(h.who, rows[i].after);
		assert_int_equal(h.since_ns, rows[i].since_ns);
	}
}

static void
test_the_text(void **state)
{
	struct hold h = held_by("user:anna");
	char text[HOLD_TEXT];

	hold_text(text, &h);
	assert_string_equal(text, "2026-03-01T12:34:56Z user:anna");
	h = held_by("");
	hold_text(text, &h);
	assert_string_equal(text, "");
	h.since_ns = INT64_MAX;
	memset(h.who, 'x', sizeof(h.who) - 1);
	hold_text(text, &h);
	assert_non_null(strchr(text, ' '));
	assert_string_equal(strchr(text, ' ') + 1, h.who);
}

/* A token takes nothing, whatever the bench file opens; a person who operates everything does. */
static void
test_who_may_take_and_hand_over(void **state)
{
	struct account all = { .name = "all", .until_ns = INT64_MAX }, some = all, reads = all;
	struct err err;

	text_copy(all.grants[RIGHT_OPERATE].only, ACCOUNT_ONLY, "*");
	text_copy(some.grants[RIGHT_OPERATE].only, ACCOUNT_ONLY, "N2_*");
	text_copy(reads.grants[RIGHT_READ].only, ACCOUNT_ONLY, "*");
	all.grants[RIGHT_OPERATE].until_ns = some.grants[RIGHT_OPERATE].until_ns =
		reads.grants[RIGHT_READ].until_ns = INT64_MAX;
	assert_false(policy_allows(false, COMMANDS_ALL, COMMAND_TAKE));
	assert_false(policy_allows(false, COMMANDS_ALL, COMMAND_HAND_OVER));
	assert_false(policy_is_towards_safe(COMMAND_TAKE));
	assert_false(policy_is_towards_safe(COMMAND_HAND_OVER));
	assert_int_equal(policy_check_account(&all, COMMAND_TAKE, "", NOW, &err), 0);
	assert_int_equal(policy_check_account(&some, COMMAND_TAKE, "", NOW, &err), ERR_REFUSED);
	assert_int_equal(policy_check_account(&reads, COMMAND_TAKE, "", NOW, &err), ERR_REFUSED);
	/* Who was handed it can hand it on. */
	assert_int_equal(policy_check_account(&some, COMMAND_HAND_OVER, "", NOW, &err), 0);
	assert_int_equal(
		policy_check_account(&reads, COMMAND_HAND_OVER, "", NOW, &err), ERR_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_others_may),
		cmocka_unit_test(test_refusals_fit_into_a_verdict),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_the_text),
		cmocka_unit_test(test_who_may_take_and_hand_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
