/* test_accounts.c - the people of a bench: their file, what their grants open, sessions, wrong passwords, what a page may show them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/attempts.h"
#include "gate/policy.h"
#include "gate/sessions.h"
#include "msg/accounts.h"

#define NOW (1000 * NS_PER_S)
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" /* "12345678901234567890" */
#define HASH ACCOUNT_HASH_BEGIN "c29tZXNhbHRzb21lc2FsdA$8GrFSBhtCZXJxkSpIWwzZPGEhqiDFVTzEmYcgHGYKPM"

static void
read_good(struct accounts *out, const char *text)
{
	struct err err;

	if (accounts_read(out, text, strlen(text), &err) < 0)
		fail_msg("%s", err.msg);
}

/* ---- the file --------------------------------------------------------------------------------------------------------------- */

static void
test_the_file_comes_back_as_it_was(void **state)
{
	static const char text[] =
		"maria role=root hash=" HASH "\n"
		"anna role=user hash=" HASH " read=* operate=N2_*,T_furn@2026-12-31T12:00:00.000Z"
		" until=2027-01-01T00:00:00.000Z since=2026-01-01T00:00:00.000Z pin=" HASH
		" totp=" SECRET " kiosk disabled\n";
	static struct accounts all;
	struct buf out = { 0 };

	read_good(&all, text);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.all[0].role, ROLE_ROOT);
	assert_true(all.all[1].is_disabled && all.all[1].is_kiosk && !all.all[0].is_kiosk);
	assert_string_equal(all.all[0].totp, "");
	assert_string_equal(all.all[1].totp, SECRET);
	assert_string_equal(all.all[1].grants[RIGHT_OPERATE].only, "N2_*,T_furn");
	assert_string_equal(all.all[1].grants[RIGHT_PROTECT].only, "");
	for (size_t i = 0; i < all.n; i++)
		accounts_write(&out, &all.all[i]);
	assert_string_equal(buf_text(&out), text);
	assert_ptr_equal(accounts_find(&all, "anna"), &all.all[1]);
	assert_null(accounts_find(&all, "ann"));
	buf_done(&out);
}

static void
test_what_is_no_account_is_refused(void **state)
{
	static const char *const lines[] = {
		"anna",
		"anna role=user",
		"anna role=chief hash=" HASH,
		"an/na hash=" HASH,
		"anna "
		"hash=$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"8GrFSBhtCZXJxkSpIWwzZPGEhqiDFVTzEmYcgHGYKPM",
		/* one that takes all memory, or hours */
		"anna "
		"hash=$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"8GrFSBhtCZXJxkSpIWwzZPGEhqiDFVTzEmYcgHGYKPM",
		"anna "
		"hash=$argon2id$v=19$m=19456,t=999999,p=1$c29tZXNhbHRzb21lc2FsdA$"
		"8GrFSBhtCZXJxkSpIWwzZPGEhqiDFVTzEmYcgHGYKPM",
		"anna hash=" ACCOUNT_HASH_BEGIN "c29tZXNhbHRzb21lc2FsdA$",
		"anna hash=" HASH " read=",
		"anna hash=" HASH " read=a b",
		"anna hash=" HASH " read=*@tomorrow",
		"anna hash=" HASH " read=* read=T_*",
		"anna hash=" HASH " until=31.12.2026",
		"anna hash=" HASH " totp=",
		"anna hash=" HASH " totp=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ",
		"anna hash=" HASH " totp=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA",
		"anna hash=" HASH " totp=gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
		"anna hash=" HASH " totp=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQO1=",
		"anna hash=" HASH " enabled",
		"anna hash=" HASH " colour=blue",
		"anna hash=" HASH " ",
		"anna  hash=" HASH,
		"a12345678901234567890123456789 hash=" HASH,
		"anna hash=" HASH "\nanna hash=" HASH,
	};
	static struct accounts all;
	struct err err;

	for (size_t i = 0; i < NELEM(lines); i++) {
		if (accounts_read(&all, lines[i], strlen(lines[i]), &err) != ERR_CONF)
			fail_msg("taken: %s", lines[i]);
		assert_int_equal(all.n, 0);
		assert_null(strstr(err.msg, "argon2")); /* nothing of it is repeated */
		assert_null(strstr(err.msg, "GEZD"));
	}
	read_good(&all, "# a remark\n\nanna hash=" HASH "\n");
	assert_int_equal(all.n, 1);
}

static void
test_it_is_bounded(void **state)
{
	static struct accounts all;
	static char many[ACCOUNTS_BYTES_MAX + 2];
	struct buf text = { 0 };
	struct err err;

	for (int i = 0; i < ACCOUNTS_MAX; i++)
		buf_printf(&text, "user%d hash=%s\n", i, HASH);
	read_good(&all, buf_text(&text));
	assert_int_equal(all.n, ACCOUNTS_MAX);
	buf_puts(&text, "one_more hash=" HASH "\n");
	assert_int_equal(accounts_read(&all, text.data, text.n, &err), ERR_CONF);
	memset(many, '\n', sizeof(many));
	assert_int_equal(accounts_read(&all, many, sizeof(many), &err), ERR_CONF);
	buf_done(&text);
}

static void
test_another_second_factor_is_another_account(void **state)
{
	static struct accounts all;
	struct account with;

	read_good(&all, "anna hash=" HASH " totp=" SECRET "\n");
	with = all.all[0];
	assert_true(account_is_same(&with, &all.all[0]));
	with.totp[0] = '\0';
	assert_false(account_is_same(&with, &all.all[0]));
}

/* ---- role x grant x command x pattern x end ----------------------------------------------------------------------------------- */

/* Which grant a command takes, as the specification has it (protection.md, 7): not from the table that is tested. */
static enum account_right
right_of(enum command_kind kind)
{
	return kind == COMMAND_BYPASS || kind == COMMAND_ALARM_OUT ? RIGHT_PROTECT : RIGHT_OPERATE;
}

static bool
expected(const struct account *a, enum command_kind kind, const char *subject, int64_t wall)
{
	enum account_right right = right_of(kind);
	const struct grant *g = &a->grants[right];
	bool is_all, is_one;

	if (a->is_disabled || wall >= a->until_ns)
		return false;
	if (a->role == ROLE_ROOT || (a->role == ROLE_ADMIN && right != RIGHT_PROTECT))
		return true;
	if (wall >= g->until_ns || g->only[0] == '\0')
		return false;
	is_all = strcmp(g->only, "*") == 0;
	is_one = strcmp(subject, "N2_flow") == 0; /* the pattern is N2_* */
	/* Also what hands the bench over, which only who holds it can. */
	return is_all || is_one || kind == COMMAND_SAFE || kind == COMMAND_HAND_OVER;
}

static void
check_all(const struct account *a, int64_t wall)
{
	static const char *const subjects[] = { "", "N2_flow", "T_furn" };

	for (int kind = 0; kind < COMMAND_KINDS; kind++)
		for (size_t i = 0; i < NELEM(subjects); i++) {
			struct err err = { 0 };
			int rc = policy_check_account(a, kind, subjects[i], wall, &err);

			if ((rc == 0) != expected(a, kind, subjects[i], wall))
				fail_msg("%s, role %d, '%s': %d", command_kind_text(kind), a->role,
					subjects[i], rc);
			if (rc < 0)
				assert_int_equal(err.sys, account_is_open(a, wall) ? 403 : 401);
			assert_true(strlen(err.msg) < EVENT_TEXT);
		}
}

static void
test_the_whole_table(void **state)
{
	static const char *const patterns[] = { "", "*", "N2_*" };
	static const int64_t ends[] = { INT64_MAX, NOW, NOW + 1 };

	for (int role = 0; role < ROLES; role++)
		for (int right = 0; right < RIGHTS; right++)
			for (size_t p = 0; p < NELEM(patterns); p++)
				for (size_t e = 0; e < NELEM(ends); e++)
					for (int is_off = 0; is_off < 2; is_off++) {
						struct account a = { .name = "anna",
							.role = role,
							.until_ns = INT64_MAX,
							.is_disabled = is_off != 0 };

						text_copy(a.grants[right].only, ACCOUNT_ONLY,
							patterns[p]);
						a.grants[right].until_ns = ends[e];
						check_all(&a, NOW);
						a.until_ns = ends[e];
						check_all(&a, NOW);
					}
}

static void
test_ends(void **state)
{
	struct account a = { .name = "anna", .until_ns = NOW + 20 };

	text_copy(a.grants[RIGHT_READ].only, ACCOUNT_ONLY, "*");
	a.grants[RIGHT_READ].until_ns = NOW + 10;
	assert_true(account_next_end(&a, NOW) == NOW + 10);
	assert_true(account_next_end(&a, NOW + 10) == NOW + 20);
	assert_string_equal(account_only(&a, RIGHT_READ, NOW + 9), "*");
	assert_string_equal(account_only(&a, RIGHT_READ, NOW + 10), "");
	assert_false(account_is_open(&a, NOW + 20));
	/* The clock goes back: what the record knows is for the gate to say. */
	assert_string_equal(account_only(&a, RIGHT_READ, NOW), "*");
}

/* ---- sessions ----------------------------------------------------------------------------------------------------------------- */

static void
digest_of(uint8_t out[SHA256_BYTES], int number)
{
	memset(out, 0, SHA256_BYTES);
	memcpy(out, &number, sizeof(number));
	out[31] = 1;
}

static void
test_sessions_end(void **state)
{
	static struct sessions s;
	uint8_t digest[SHA256_BYTES], proof[SHA256_BYTES];
	struct session before, *x;
	int64_t now = NOW;

	memset(&s, 0, sizeof(s));
	digest_of(digest, 1);
	digest_of(proof, 2);
	assert_null(sessions_find(&s, digest, now));
	assert_null(sessions_find(&s, proof, now));
	sessions_begin(&s, "anna", digest, proof, now, &before);
	assert_false(before.is_there);
	assert_non_null(sessions_find(&s, digest, now + SESSION_IDLE_NS - 1));
	assert_null(sessions_find(&s, proof, now)); /* it proves nothing by itself */
	assert_memory_equal(sessions_find(&s, digest, now)->proof, proof, sizeof(proof));
	assert_null(sessions_find(&s, digest, now + SESSION_IDLE_NS));
	/* Used again and again it still ends after a day. */
	for (; now < NOW + SESSION_LONGEST_NS; now += SESSION_IDLE_NS / 2) {
		x = sessions_find(&s, digest, now);
		assert_non_null(x);
		x->used_ns = now;
	}
	assert_null(sessions_find(&s, digest, NOW + SESSION_LONGEST_NS));
	/* A digest of zeros is none of a free place. */
	memset(digest, 0, sizeof(digest));
	assert_null(sessions_find(&s, digest, NOW));
}

/* A kiosk's session lasts; who acts in it does not. */
static void
test_somebody_acts_at_a_kiosk(void **state)
{
	static struct sessions sessions;
	uint8_t first[SHA256_BYTES] = { 1 }, second[SHA256_BYTES] = { 2 },
		proof[SHA256_BYTES] = { 3 };
	struct session before, *s;
	int64_t at = NOW;

	memset(&sessions, 0, sizeof(sessions));
	s = sessions_begin(&sessions, "wall", first, proof, NOW, &before);
	s->is_lasting = true;
	assert_ptr_equal(sessions_find(&sessions, first, NOW + 400 * SESSION_LONGEST_NS), s);
	assert_string_equal(session_acting(s, NOW), "");
	session_act(s, "anna", second, NOW);
	assert_null(sessions_find(&sessions, first, NOW));
	assert_ptr_equal(sessions_find(&sessions, second, NOW), s);
	/* What is under way with the token of before. */
	assert_ptr_equal(sessions_find_before(&sessions, first, NOW + SESSION_BEFORE_NS - 1), s);
	assert_null(sessions_find_before(&sessions, first, NOW + SESSION_BEFORE_NS));
	assert_null(sessions_find_before(&sessions, second, NOW));
	assert_string_equal(session_acting(s, NOW + SESSION_ACT_IDLE_NS - 1), "anna");
	assert_string_equal(session_acting(s, NOW + SESSION_ACT_IDLE_NS), "");
	/* With commands, and at the longest. */
	for (; at < NOW + SESSION_ACT_LONGEST_NS; at += SESSION_ACT_IDLE_NS / 2) {
		assert_string_equal(session_acting(s, at), "anna");
		s->acting_used_ns = at;
	}
	assert_string_equal(session_acting(s, at), "");
	assert_int_equal(session_acting_end_ns(s), NOW + SESSION_ACT_LONGEST_NS);
	s->is_lasting = false;
	assert_null(sessions_find(&sessions, second, NOW + SESSION_LONGEST_NS));
}

static void
test_wrong_pins(void **state)
{
	static struct attempts a;

	memset(&a, 0, sizeof(a));
	for (int known = 0; known < 2; known++) { /* alike for names that nobody has */
		const char *name = known ? "anna" : "nobody";

		for (int i = 0; i < ATTEMPTS_PINS; i++) {
			assert_int_equal(attempts_pin_wait(&a, name, known, NOW), 0);
			attempts_pin_told(&a, name, known, false, NOW);
		}
		assert_int_equal(attempts_pin_wait(&a, name, known, NOW), ATTEMPTS_LONGEST_NS);
		assert_true(attempts_pin_wait(&a, name, known, NOW + ATTEMPTS_LONGEST_NS) > 0);
		assert_int_equal(
			attempts_pin_wait(&a, name, known, NOW + ATTEMPTS_LONGEST_NS + 1), 0);
	}
	for (int i = 0; i < ATTEMPTS_PINS; i++)
		attempts_pin_told(&a, "anna", true, false, NOW);
	attempts_forget(&a, "bert");
	assert_true(attempts_pin_wait(&a, "anna", true, NOW) > 0);
	attempts_forget(&a, "anna");
	assert_int_equal(attempts_pin_wait(&a, "anna", true, NOW), 0);
	attempts_pin_told(&a, "anna", true, false, NOW);
	attempts_pin_told(&a, "anna", true, true, NOW);
	for (int i = 0; i < ATTEMPTS_PINS - 1; i++)
		attempts_pin_told(&a, "anna", true, false, NOW);
	assert_int_equal(attempts_pin_wait(&a, "anna", true, NOW), 0);
}

static void
test_sessions_are_bounded(void **state)
{
	static struct sessions s;
	uint8_t digest[SHA256_BYTES], proof[SHA256_BYTES];
	struct session before;
	size_t n = 0;

	memset(&s, 0, sizeof(s));
	digest_of(digest, 1000);
	digest_of(proof, 2000);
	sessions_begin(&s, "maria", digest, proof, NOW, &before);
	for (int i = 0; i < 2 * SESSIONS_EACH; i++) {
		digest_of(digest, i);
		sessions_begin(&s, "anna", digest, proof, NOW + i, &before);
		assert_int_equal(before.is_there, i >= SESSIONS_EACH);
	}
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		n += s.all[i].is_there;
	assert_int_equal(n, SESSIONS_EACH + 1);
	digest_of(digest, 0);
	assert_null(sessions_find(&s, digest, NOW + 100)); /* its oldest made room */
	digest_of(digest, 1000);
	assert_non_null(sessions_find(&s, digest, NOW + 100)); /* nobody else's did */
}

/* ---- wrong passwords ------------------------------------------------------------------------------------------------------------ */

static void
test_wrong_ones_are_counted(void **state)
{
	static struct attempts a;
	int64_t now = NOW, wait, longest = 0;

	memset(&a, 0, sizeof(a));
	for (int i = 0; i < ATTEMPTS_FREE; i++) {
		assert_int_equal(attempts_wait(&a, "anna", true, "10.0.0.1", now), 0);
		attempts_told(&a, "anna", true, "10.0.0.1", false, now);
	}
	wait = attempts_wait(&a, "anna", true, "10.0.0.2", now); /* from elsewhere, too */
	assert_true(wait == ATTEMPTS_FIRST_NS);
	assert_true(attempts_wait(&a, "maria", true, "10.0.0.1", now) == ATTEMPTS_FIRST_NS);
	assert_true(attempts_wait(&a, "nobody", false, "10.0.0.1", now) == ATTEMPTS_FIRST_NS);
	assert_int_equal(attempts_wait(&a, "maria", true, "10.0.0.2", now), 0);
	/* It grows, up to an hour. */
	for (int i = 0; i < 20; i++) {
		now += wait;
		assert_int_equal(attempts_wait(&a, "anna", true, "10.0.0.3", now), 0);
		attempts_told(&a, "anna", true, "10.0.0.3", false, now);
		wait = attempts_wait(&a, "anna", true, "10.0.0.4", now);
		assert_true(wait >= longest);
		longest = wait;
	}
	assert_true(longest == ATTEMPTS_LONGEST_NS);
	/* The right one forgets it. */
	now += longest;
	attempts_told(&a, "anna", true, "10.0.0.5", true, now);
	attempts_told(&a, "anna", true, "10.0.0.5", false, now);
	assert_int_equal(attempts_wait(&a, "anna", true, "10.0.0.5", now), 0);
}

static void
test_names_that_nobody_has_wait_as_well(void **state)
{
	static struct attempts a;

	memset(&a, 0, sizeof(a));
	for (int i = 0; i < ATTEMPTS_FREE; i++)
		attempts_told(&a, "ghost", false, i % 2 == 0 ? "::1" : "::2", false, NOW);
	assert_true(attempts_wait(&a, "ghost", false, "::3", NOW) > 0);
}

/* Whatever comes from wherever, an account's own wrong ones stay counted. */
static void
test_a_flood_forgets_nothing_of_an_account(void **state)
{
	static struct attempts a;
	char name[24], address[24];

	memset(&a, 0, sizeof(a));
	for (int i = 0; i < ATTEMPTS_FREE; i++)
		attempts_told(&a, "anna", true, "10.0.0.1", false, NOW);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(address, sizeof(address), "10.1.%d.%d", i / 256, i % 256);
		attempts_told(&a, name, false, address, false, NOW + i);
	}
	assert_true(attempts_wait(&a, "anna", true, "10.9.9.9", NOW + 10000) > 0);
	/* An hour without any, and all of it is forgotten. */
	assert_int_equal(
		attempts_wait(&a, "anna", true, "10.0.0.1", NOW + 2 * ATTEMPTS_LONGEST_NS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_file_comes_back_as_it_was),
		cmocka_unit_test(test_what_is_no_account_is_refused),
		cmocka_unit_test(test_it_is_bounded),
		cmocka_unit_test(test_another_second_factor_is_another_account),
		cmocka_unit_test(test_the_whole_table),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_sessions_end),
		cmocka_unit_test(test_somebody_acts_at_a_kiosk),
		cmocka_unit_test(test_wrong_pins),
		cmocka_unit_test(test_sessions_are_bounded),
		cmocka_unit_test(test_wrong_ones_are_counted),
		cmocka_unit_test(test_names_that_nobody_has_wait_as_well),
		cmocka_unit_test(test_a_flood_forgets_nothing_of_an_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
