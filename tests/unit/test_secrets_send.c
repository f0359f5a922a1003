/* test_secrets_send.c - each process gets the secrets that it says to others, and none besides */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "io/secrets.h"

enum { OF_INSTRUMENT, OF_POSTGRES, OF_MAIL, OF_PUSH, OF_INSTRUMENT_TOO, N_SECRETS };

static const char *const values[N_SECRETS] = { "instrument", "postgres", "mail password",
	"push token", "last one" };

static struct {
	struct image head;
	struct image_push pushes[3];
} s;
static struct secrets *known;

static int
make(void **state)
{
	memset(&s, 0, sizeof(s));
	s.head.secrets.n = N_SECRETS;
	s.head.postgres.password = 1 + OF_POSTGRES;
	s.head.notices.mail_password = 1 + OF_MAIL;
	s.head.pushes =
		(struct image_table){ (uint32_t)((char *)s.pushes - (char *)&s), NELEM(s.pushes) };
	s.pushes[1].secret = 1 + OF_PUSH; /* the others have none */
	known = secrets_new();
	known->n = N_SECRETS;
	for (size_t i = 0; i < N_SECRETS; i++) {
		known->at[i].n = strlen(values[i]);
		memcpy(known->at[i].value, values[i], known->at[i].n + 1);
	}
	return 0;
}

static int
undo(void **state)
{
	secrets_free(known);
	return 0;
}

static void
arrive(int fd, unsigned bits)
{
	struct err err;
	struct secrets *got;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	got = secrets_take(fd, &s.head, &err);
	assert_non_null(got);
	assert_int_equal(got->n, N_SECRETS);
	for (size_t i = 0; i < N_SECRETS; i++)
		assert_string_equal(got->at[i].value, (bits & 1u << i) != 0 ? values[i] : "");
	secrets_free(got);
}

static void
test_the_controller_gets_those_of_instruments(void **state)
{
	struct err err;

	arrive(secrets_send(known, &s.head, &err), 1u << OF_INSTRUMENT | 1u << OF_INSTRUMENT_TOO);
}

static void
test_who_tells_people_gets_those_of_servers(void **state)
{
	struct err err;

	arrive(secrets_send_alert(known, &s.head, &err), 1u << OF_MAIL | 1u << OF_PUSH);
}

/* A password may have one name for a data base and a server of mail; then both get it. */
static void
test_one_of_both(void **state)
{
	struct err err;

	s.head.notices.mail_password = 1 + OF_POSTGRES;
	arrive(secrets_send_alert(known, &s.head, &err), 1u << OF_POSTGRES | 1u << OF_PUSH);
}

static void
test_of_another_bench(void **state)
{
	struct err err;
	int fd = secrets_send_alert(known, &s.head, &err);

	assert_true(fd >= 0);
	s.head.secrets.n = N_SECRETS - 1;
	assert_null(secrets_take(fd, &s.head, &err));
}

static void
test_none(void **state)
{
	struct err err;
	struct secrets *got;

	s.head.secrets.n = 0;
	s.head.pushes.n = 0;
	s.head.postgres.password = s.head.notices.mail_password = 0;
	known->n = 0;
	got = secrets_take(secrets_send_alert(known, &s.head, &err), &s.head, &err);
	assert_non_null(got);
	assert_int_equal(got->n, 0);
	secrets_free(got);
	known->n = N_SECRETS;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_the_controller_gets_those_of_instruments, make, undo),
		cmocka_unit_test_setup_teardown(
			test_who_tells_people_gets_those_of_servers, make, undo),
		cmocka_unit_test_setup_teardown(test_one_of_both, make, undo),
		cmocka_unit_test_setup_teardown(test_of_another_bench, make, undo),
		cmocka_unit_test_setup_teardown(test_none, make, undo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
