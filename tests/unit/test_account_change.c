/* test_account_change.c - a change of an account: what it becomes, who may make it, the file afterwards; what a body says of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "msg/account_change.h"
#include "serve/wish_manage.h"

#define NOW (1000 * NS_PER_S)
#define HASH ACCOUNT_HASH_BEGIN "c29tZXNhbHRzb21lc2FsdA$8GrFSBhtCZXJxkSpIWwzZPGEhqiDFVTzEmYcgHGYKPM"
#define OTHER                                                                                      \
	ACCOUNT_HASH_BEGIN "c29tZXNhbHRzb21lc2FsdB$8GrFSBhtCZXJxkSpIWwzZPGEhqiDFVTzEmYcgHGYKPM"

static const char people[] = "maria role=root hash=" HASH "\n"
			     "bert role=admin hash=" HASH "\n"
			     "anna role=user hash=" HASH " read=*\n"
			     "carl role=user hash=" HASH " read=* protect=*\n"
			     "wall role=user hash=" HASH " read=* kiosk\n";
static struct accounts all;

static int
set_up(void **state)
{
	struct err err;

	return accounts_read(&all, people, strlen(people), &err);
}

static struct account_change
of(const char *name, unsigned what)
{
	struct account_change c = { .what = what, .until_ns = INT64_MAX };

	text_copy(c.name, sizeof(c.name), name);
	text_copy(c.hash, sizeof(c.hash), OTHER);
	return c;
}

/* 0, or the status. */
static int
apply(const struct account_change *c)
{
	struct err err = { 0 };

	return account_change_apply(&all, c, NOW, &err) == 0 ? 0 : err.sys;
}

static int
may(const char *asker, const struct account_change *c)
{
	struct err err = { 0 };

	return account_change_may(&all, accounts_find(&all, asker), c, NOW, &err) == 0 ? 0
										       : err.sys;
}

/* ---- what it becomes -------------------------------------------------------------------------------------------------------- */

static void
test_what_is_not_named_stays(void **state)
{
	static const unsigned each[] = { CHANGE_ROLE, CHANGE_UNTIL, CHANGE_DISABLED, CHANGE_HASH,
		CHANGE_PIN, CHANGE_TOTP, CHANGE_SIGN_OUT, CHANGE_GRANTS };

	for (size_t i = 0; i < NELEM(each); i++) {
		struct account_change c = of("anna", each[i]);
		struct account before, *a;

		set_up(NULL);
		a = &all.all[2];
		before = *a;
		c.role = ROLE_ADMIN;
		c.until_ns = 5 * NS_PER_S;
		c.is_disabled = true;
		c.rights = 1u << RIGHT_OPERATE;
		text_copy(c.pin, sizeof(c.pin), HASH);
		text_copy(c.totp, sizeof(c.totp), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
		text_copy(c.grants[RIGHT_OPERATE].only, ACCOUNT_ONLY, "N2_*");
		assert_int_equal(apply(&c), 0);
		assert_int_equal(a->role != before.role, each[i] == CHANGE_ROLE);
		assert_int_equal(a->until_ns != before.until_ns, each[i] == CHANGE_UNTIL);
		assert_int_equal(a->is_disabled, each[i] == CHANGE_DISABLED);
		assert_int_equal(strcmp(a->hash, before.hash) != 0, each[i] == CHANGE_HASH);
		assert_int_equal(a->pin[0] != '\0', each[i] == CHANGE_PIN);
		assert_int_equal(a->totp[0] != '\0', each[i] == CHANGE_TOTP);
		assert_int_equal(a->since_ns != before.since_ns, each[i] == CHANGE_SIGN_OUT);
		assert_int_equal(
			a->grants[RIGHT_OPERATE].only[0] != '\0', each[i] == CHANGE_GRANTS);
		assert_string_equal(a->grants[RIGHT_READ].only, "*");
	}
}

static void
test_what_makes_no_sense(void **state)
{
	struct account_change c = of("nobody", CHANGE_ROLE);

	assert_int_equal(apply(&c), 404);
	c = of("anna", CHANGE_NEW | CHANGE_HASH);
	assert_int_equal(apply(&c), 409);
	c = of("a b", CHANGE_NEW | CHANGE_HASH);
	assert_int_equal(apply(&c), 400);
	c = of("dora", CHANGE_NEW);
	assert_int_equal(apply(&c), 400); /* without a password */
	c = of("anna", CHANGE_GRANTS);
	c.rights = 1;
	text_copy(c.grants[0].only, ACCOUNT_ONLY, "a\nb role=root");
	assert_int_equal(apply(&c), 400);
	c = of("dora", CHANGE_NEW | CHANGE_HASH);
	while (all.n < ACCOUNTS_MAX)
		all.all[all.n++] = all.all[2];
	assert_int_equal(apply(&c), 409);
	assert_int_equal(all.n, ACCOUNTS_MAX);
}

static void
test_kiosks_only_read(void **state)
{
	struct account_change c = of("wall", CHANGE_GRANTS);

	c.rights = 1u << RIGHT_OPERATE;
	text_copy(c.grants[RIGHT_OPERATE].only, ACCOUNT_ONLY, "*");
	assert_int_equal(apply(&c), 400);
	c = of("wall", CHANGE_PIN);
	text_copy(c.pin, sizeof(c.pin), HASH);
	assert_int_equal(apply(&c), 400);
	c = of("wall", CHANGE_ROLE);
	c.role = ROLE_ADMIN;
	assert_int_equal(apply(&c), 400);
	c = of("carl", CHANGE_KIOSK);
	c.is_kiosk = true;
	assert_int_equal(apply(&c), 400);
	c = of("anna", CHANGE_KIOSK);
	c.is_kiosk = true;
	assert_int_equal(apply(&c), 0);
	/* Whatever the file says. */
	text_copy(all.all[4].grants[RIGHT_OPERATE].only, ACCOUNT_ONLY, "*");
	assert_string_equal(account_only(&all.all[4], RIGHT_OPERATE, NOW), "");
	assert_string_equal(account_only(&all.all[4], RIGHT_READ, NOW), "*");
}

static void
test_passwords_and_pins(void **state)
{
	char longest[ACCOUNT_PASSWORD + 1];
	struct err err;

	memset(longest, 'x', ACCOUNT_PASSWORD);
	longest[ACCOUNT_PASSWORD] = '\0';
	assert_int_equal(account_check_password("eight888", &err), 0);
	assert_int_not_equal(account_check_password("seven77", &err), 0);
	assert_int_not_equal(account_check_password(longest, &err), 0);
	assert_int_equal(account_check_password(longest + 1, &err), 0);
	assert_int_not_equal(account_check_password("a tab\tin it", &err), 0);
	assert_int_not_equal(account_check_password("no utf-8 \xff\xff", &err), 0);
	assert_int_equal(account_check_pin("0815", &err), 0);
	assert_int_equal(account_check_pin("123456789012", &err), 0);
	assert_int_not_equal(account_check_pin("123", &err), 0);
	assert_int_not_equal(account_check_pin("1234567890123", &err), 0);
	assert_int_not_equal(account_check_pin("12a4", &err), 0);
	assert_int_not_equal(account_check_pin("", &err), 0);
}

/* ---- who may ---------------------------------------------------------------------------------------------------------------- */

static void
test_who_may(void **state)
{
	static const struct {
		const char *asker, *name;
		unsigned what;
		int status;
	} rows[] = {
		{ "maria", "bert", CHANGE_HASH, 0 },
		{ "maria", "carl", CHANGE_HASH, 0 },
		{ "maria", "dora", CHANGE_NEW | CHANGE_HASH, 0 },
		{ "bert", "dora", CHANGE_NEW | CHANGE_HASH, 0 },
		{ "bert", "anna", CHANGE_HASH | CHANGE_PIN | CHANGE_TOTP, 0 },
		{ "bert", "anna", CHANGE_DISABLED, 0 },
		{ "bert", "maria", CHANGE_DISABLED, 403 },
		{ "bert", "bert", CHANGE_UNTIL, 403 },
		{ "bert", "carl", CHANGE_HASH, 403 }, /* who has what bert may not give */
		{ "bert", "carl", CHANGE_PIN, 403 },
		{ "bert", "carl", CHANGE_TOTP, 403 },
		{ "bert", "carl", CHANGE_DISABLED, 0 },
		{ "bert", "nobody", CHANGE_DISABLED, 404 },
		{ "anna", "anna", CHANGE_UNTIL, 403 },
		{ "carl", "anna", CHANGE_UNTIL, 403 },
		{ "wall", "anna", CHANGE_UNTIL, 403 },
	};
	struct account_change c;

	for (size_t i = 0; i < NELEM(rows); i++) {
		c = of(rows[i].name, rows[i].what);
		if (may(rows[i].asker, &c) != rows[i].status)
			fail_msg("row %zu: %d", i, may(rows[i].asker, &c));
	}
	for (enum account_role r = ROLE_ADMIN; r < ROLES; r++) {
		c = of("anna", CHANGE_ROLE);
		c.role = r;
		assert_int_equal(may("bert", &c), 403);
		assert_int_equal(may("maria", &c), 0);
		c.what |= CHANGE_NEW | CHANGE_HASH;
		text_copy(c.name, sizeof(c.name), "dora");
		assert_int_equal(may("bert", &c), 403);
	}
}

static void
test_protect_is_given_by_root(void **state)
{
	struct account_change c = of("anna", CHANGE_GRANTS);

	c.rights = (1u << RIGHTS) - 1;
	text_copy(c.grants[RIGHT_PROTECT].only, ACCOUNT_ONLY, "*");
	c.grants[RIGHT_PROTECT].until_ns = INT64_MAX;
	assert_int_equal(may("bert", &c), 403);
	assert_int_equal(may("maria", &c), 0);
	/* It stays as it was, or goes. */
	text_copy(c.name, sizeof(c.name), "carl");
	assert_int_equal(may("bert", &c), 0);
	c.grants[RIGHT_PROTECT].until_ns = 9000 * NS_PER_S;
	assert_int_equal(may("bert", &c), 403);
	c.grants[RIGHT_PROTECT].only[0] = '\0';
	assert_int_equal(may("bert", &c), 0);
}

static void
test_the_last_root_stays(void **state)
{
	struct account_change c = of("maria", CHANGE_DISABLED);

	c.is_disabled = true;
	assert_int_equal(may("maria", &c), 409);
	c = of("maria", CHANGE_ROLE);
	c.role = ROLE_ADMIN;
	assert_int_equal(may("maria", &c), 409);
	c = of("maria", CHANGE_UNTIL);
	c.until_ns = NOW + NS_PER_S; /* not now, but then */
	assert_int_equal(may("maria", &c), 409);
	all.all[1].role = ROLE_ROOT;
	assert_int_equal(may("maria", &c), 0);
	all.all[1].is_disabled = true;
	assert_int_equal(may("maria", &c), 409);
	all.all[1].is_disabled = false;
	all.all[1].until_ns = NOW + NS_PER_S;
	assert_int_equal(may("maria", &c), 409);
}

/* ---- the file --------------------------------------------------------------------------------------------------------------- */

static void
test_one_line_is_replaced(void **state)
{
	static const char file[] = "# people\nmaria role=root hash=" HASH "\n\nanna hash=" HASH
				   " role=user read=*"; /* by hand, and without an end */
	static const char before[] = "anna role=user hash=" HASH " read=*\n";
	static const char after[] = "anna role=user hash=" OTHER " read=*\n";
	struct buf out = { 0 };
	struct err err;

	assert_int_equal(accounts_replace(&out, file, strlen(file), before, after, &err), 0);
	assert_string_equal(buf_text(&out), "# people\nmaria role=root hash=" HASH
					    "\n\nanna role=user hash=" OTHER " read=*\n");
	buf_clear(&out);
	/* It is another one meanwhile; there is none; there is one already. */
	assert_int_not_equal(accounts_replace(&out, file, strlen(file), after, before, &err), 0);
	assert_int_equal(err.sys, 409);
	assert_int_not_equal(accounts_replace(&out, file, strlen(file), "", after, &err), 0);
	assert_int_equal(err.sys, 409);
	assert_int_not_equal(accounts_replace(&out, "", 0, before, after, &err), 0);
	assert_int_equal(accounts_replace(&out, "", 0, "", after, &err), 0);
	assert_string_equal(buf_text(&out), after);
	buf_clear(&out);
	assert_int_not_equal(accounts_replace(&out, "nonsense\n", 9, "", after, &err), 0);
	assert_int_equal(err.sys, 500);
	buf_done(&out);
}

static void
test_a_token_goes(void **state)
{
#define DIGEST " 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	static const char file[] = "lims" DIGEST " only=N2_* reads=T_*\n# more\nother" DIGEST "\n";
	struct buf out = { 0 };
	struct err err;

	assert_int_equal(tokens_replace(&out, file, strlen(file),
				 "lims" DIGEST " only=N2_* reads=T_*\n", "", &err),
		0);
	assert_string_equal(buf_text(&out), "# more\nother" DIGEST "\n");
	buf_clear(&out);
	assert_int_not_equal(
		tokens_replace(&out, file, strlen(file), "lims" DIGEST "\n", "", &err), 0);
	assert_int_equal(err.sys, 409);
	assert_int_equal(
		tokens_replace(&out, file, strlen(file), "", "third" DIGEST " may=set\n", &err), 0);
	assert_string_equal(strstr(buf_text(&out), "third"), "third" DIGEST " may=set\n");
	buf_done(&out);
}

/* ---- what a body says ------------------------------------------------------------------------------------------------------- */

static struct manage_ask ask;

/* 0, or the status. */
static int
read_body(enum target_order order, const char *text)
{
	static struct target t;
	char body[1000];
	struct err err = { 0 };

	t.order = order;
	text_copy(t.name, sizeof(t.name), order == ORDER_ACCOUNT_ADD ? "" : "anna");
	text_copy(body, sizeof(body), text);
	return wish_manage(&ask, &t, body, strlen(body), &err) == 0 ? 0 : err.sys;
}

static void
test_bodies(void **state)
{
	struct buf packet = { 0 };
	struct manage_ask again;
	struct wire_in in;
	struct err err;

	assert_int_equal(
		read_body(ORDER_ACCOUNT_ADD,
			"{\"name\":\"dora\",\"password\":\"correct horse\",\"role\":\"admin\","
			"\"until\":\"2126-01-01T00:00:00Z\",\"kiosk\":false,\"grants\":[{\"may\":"
			"\"operate\",\"only\":\"N2_*\"}],\"pin\":\"4711\"}"),
		0);
	assert_string_equal(ask.change.name, "dora");
	assert_int_equal(ask.change.what, CHANGE_NEW | CHANGE_HASH | CHANGE_ROLE | CHANGE_UNTIL |
						  CHANGE_KIOSK | CHANGE_GRANTS | CHANGE_PIN);
	assert_int_equal(ask.change.rights, (1u << RIGHTS) - 1);
	assert_string_equal(ask.change.grants[RIGHT_OPERATE].only, "N2_*");
	assert_string_equal(ask.change.grants[RIGHT_READ].only, "");
	assert_string_equal(ask.password, "correct horse");
	ask.number = 7;
	manage_write(&packet, &ask);
	assert_int_equal(wire_open(&in, packet.data, packet.n, &err), WIRE_MANAGE);
	assert_int_equal(manage_read(&again, &in, &err), 0);
	assert_int_equal(again.number, 7);
	assert_int_equal(again.change.what, ask.change.what);
	assert_string_equal(again.pin, "4711");
	for (size_t n = 0; n < packet.n; n++) { /* cut anywhere */
		if (wire_open(&in, packet.data, n, &err) == WIRE_MANAGE)
			assert_int_equal(manage_read(&again, &in, &err), ERR_PROTO);
	}
	buf_done(&packet);

	assert_int_equal(
		read_body(ORDER_ACCOUNT_CHANGE, "{\"pin\":null,\"until\":null,\"grants\":[]}"), 0);
	assert_int_equal(ask.change.what, CHANGE_PIN | CHANGE_UNTIL | CHANGE_GRANTS);
	assert_string_equal(ask.pin, "");
	assert_true(ask.change.until_ns == INT64_MAX);
	assert_int_equal(
		read_body(ORDER_OWN, "{\"password\":\"old\",\"new_password\":\"new\"}"), 0);
	assert_string_equal(ask.old, "old");
	assert_string_equal(ask.password, "new");
	assert_int_equal(
		read_body(ORDER_TOKEN_ADD, "{\"name\":\"lims\",\"may\":[\"set\"],\"reads\":\"*\"}"),
		0);
	assert_int_equal(ask.program.may, 1);
	assert_string_equal(ask.program.reads, "");
	assert_int_equal(read_body(ORDER_FACTOR, ""), 0);
	assert_int_equal(read_body(ORDER_FACTOR_OFF, "{}"), 0);
	assert_string_equal(ask.change.name, "anna");
}

static void
test_bodies_that_are_refused(void **state)
{
	static const struct {
		enum target_order order;
		const char *text;
	} rows[] = {
		{ ORDER_ACCOUNT_ADD, "" },
		{ ORDER_ACCOUNT_ADD, "{\"name\":\"dora\"}" },
		{ ORDER_ACCOUNT_ADD, "{\"name\":\"dora\",\"password\":\"x\",\"sign_out\":true}" },
		{ ORDER_ACCOUNT_CHANGE, "" },
		{ ORDER_ACCOUNT_CHANGE, "{}" },
		{ ORDER_ACCOUNT_CHANGE, "[]" },
		{ ORDER_ACCOUNT_CHANGE, "{\"disabled\":true} x" },
		{ ORDER_ACCOUNT_CHANGE, "{\"disabled\":1}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"disabled\":true,\"disabled\":true}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"name\":\"other\"}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"role\":\"king\"}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"password\":\"a\\u0009b and more\"}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"password\":\"a\\nb and more\"}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"pin\":\"12345678901234567\"}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"grants\":[{\"may\":\"read\"},{\"may\":\"read\"}]}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"grants\":[{\"may\":\"read,operate\"}]}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"grants\":[{\"may\":\"read\",\"more\":1}]}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"grants\":[{\"only\":\"*\"}]}" },
		{ ORDER_ACCOUNT_CHANGE, "{\"grants\":[{\"may\":\"read\",\"only\":\"a b\"}]}" },
		{ ORDER_OWN, "{\"new_password\":\"new\"}" },
		{ ORDER_OWN, "{\"password\":\"old\",\"role\":\"root\"}" },
		{ ORDER_FACTOR, "{\"secret\":\"x\"}" },
		{ ORDER_TOKEN_ADD, "{\"may\":[\"set\"]}" },
		{ ORDER_TOKEN_ADD, "{\"name\":\"x\",\"may\":[\"fly\"]}" },
		{ ORDER_TOKEN_ADD, "{\"name\":\"x\",\"digest\":\"00\"}" },
	};

	for (size_t i = 0; i < NELEM(rows); i++)
		if (read_body(rows[i].order, rows[i].text) != 400)
			fail_msg("row %zu: %s", i, rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_named_stays),
		cmocka_unit_test_setup(test_what_makes_no_sense, set_up),
		cmocka_unit_test_setup(test_kiosks_only_read, set_up),
		cmocka_unit_test(test_passwords_and_pins),
		cmocka_unit_test_setup(test_who_may, set_up),
		cmocka_unit_test_setup(test_protect_is_given_by_root, set_up),
		cmocka_unit_test_setup(test_the_last_root_stays, set_up),
		cmocka_unit_test(test_one_line_is_replaced),
		cmocka_unit_test(test_a_token_goes),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_bodies_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
