/* test_serve_clients.c - who keeps a place of the data server, and who has to go */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "serve/clients.h"
#include "serve/strangers.h"

#define PLACES 8u
#define EXTRA 4u
#define S NS_PER_S

static struct clients cs;
static struct client them[PLACES + EXTRA + 8];

static int
begin(void **state)
{
	memset(them, 0, sizeof(them));
	cs = (struct clients){ .places = PLACES, .extra = EXTRA };
	return 0;
}

static void
come(size_t from, size_t to, int64_t now_ns)
{
	for (size_t i = from; i < to; i++)
		client_comes(&cs, &them[i], now_ns);
}

static void
test_time_is_over_whatever_comes(void **state)
{
	come(0, 1, 5 * S);
	come(1, 2, 6 * S);
	assert_int_equal(clients_deadline(&cs), 20 * S);
	assert_null(clients_unwanted(&cs, 20 * S - 1));
	assert_ptr_equal(clients_unwanted(&cs, 20 * S), &them[0]);
	client_goes(&cs, &them[0]);
	assert_null(clients_unwanted(&cs, 20 * S));
	assert_int_equal(clients_deadline(&cs), 21 * S);
	client_goes(&cs, &them[1]);
	assert_int_equal(clients_deadline(&cs), NEVER);
	assert_int_equal(cs.n, 0);
}

static void
test_time_begins_again_with_the_end_of_an_answer(void **state)
{
	come(0, 1, 0);
	assert_true(client_asks(&cs, &them[0]));
	assert_int_equal(clients_deadline(&cs), NEVER); /* a stream may last */
	assert_null(clients_unwanted(&cs, 1000 * S));
	client_waits(&cs, &them[0], 1000 * S);
	assert_int_equal(clients_deadline(&cs), 1015 * S);
	client_waits(&cs, &them[0], 1010 * S); /* a request that ended half */
	assert_int_equal(clients_deadline(&cs), 1015 * S);
}

static void
test_who_waited_longest_makes_room(void **state)
{
	come(0, PLACES, 0);
	assert_null(clients_unwanted(&cs, 5 * S));
	client_asks(&cs, &them[0]);
	client_asks(&cs, &them[1]);
	client_waits(&cs, &them[1], 4 * S);
	come(PLACES, PLACES + 1, 5 * S);
	assert_ptr_equal(clients_unwanted(&cs, 5 * S), &them[2]);
	client_goes(&cs, &them[2]);
	assert_null(clients_unwanted(&cs, 5 * S));
}

static void
test_newcomers_have_a_moment(void **state)
{
	come(0, PLACES + EXTRA, 0);
	assert_null(clients_unwanted(&cs, 0));
	assert_ptr_equal(clients_unwanted(&cs, CLIENTS_GRACE_NS), &them[0]);
	come(PLACES + EXTRA, PLACES + EXTRA + 1, 1); /* but for what the library can hold */
	assert_ptr_equal(clients_unwanted(&cs, 1), &them[0]);
}

static void
test_only_those_who_ask_fill_the_places(void **state)
{
	come(0, PLACES + EXTRA, 0);
	for (size_t i = 0; i < PLACES; i++)
		assert_true(client_asks(&cs, &them[i]));
	assert_false(client_asks(&cs, &them[PLACES]));
	assert_ptr_equal(clients_unwanted(&cs, CLIENTS_GRACE_NS), &them[PLACES + 1]);
	client_goes(&cs, &them[3]);
	client_waits(&cs, &them[PLACES], 1); /* it was told so */
	assert_true(client_asks(&cs, &them[PLACES]));
}

static void
test_one_that_was_sent_away_counts_no_more(void **state)
{
	come(0, 2, 0);
	client_goes(&cs, &them[0]);
	assert_true(client_asks(&cs, &them[0])); /* its last bytes were a whole request */
	client_waits(&cs, &them[0], 1);
	client_goes(&cs, &them[0]);
	assert_int_equal(cs.n, 1);
	assert_int_equal(cs.n_asking, 0);
	assert_ptr_equal(cs.oldest, &them[1]);
	assert_ptr_equal(cs.newest, &them[1]);
}

/* Few may take their time for a handshake, any number may be quick. */
static void
test_few_shake_hands_for_long(void **state)
{
	static struct client many[CLIENTS_SHAKING_MAX + 2];
	struct clients all = { .places = 100, .extra = 10 };

	for (size_t i = 0; i < NELEM(many); i++) {
		client_comes(&all, &many[i], (int64_t)i);
		if (i != 1)
			client_shakes(&all, &many[i]);
	}
	assert_int_equal(all.n_shaking, CLIENTS_SHAKING_MAX + 1);
	assert_null(clients_unwanted(&all, CLIENTS_SHAKE_NS - 1));
	assert_true(clients_deadline(&all) == CLIENTS_SHAKE_NS);
	assert_ptr_equal(clients_unwanted(&all, CLIENTS_SHAKE_NS), &many[0]);
	client_shook(&all, &many[0]);
	client_shook(&all, &many[0]);
	assert_null(clients_unwanted(&all, 5 * CLIENTS_SHAKE_NS));
	assert_true(clients_deadline(&all) == CLIENTS_LIMIT_NS);
	client_shakes(&all, &many[1]); /* and now it is too many again; the first one is done */
	assert_ptr_equal(clients_unwanted(&all, CLIENTS_SHAKE_NS + 1), &many[1]);
	client_goes(&all, &many[1]);
	assert_int_equal(all.n_shaking, CLIENTS_SHAKING_MAX);
	client_asks(&all, &many[2]); /* who asks has shaken hands */
	assert_int_equal(all.n_shaking, CLIENTS_SHAKING_MAX - 1);
	client_shakes(&all, &many[2]);
	assert_int_equal(all.n_shaking, CLIENTS_SHAKING_MAX - 1);
}

/* Whatever happens in whatever order, the row holds those that wait, by their time, and the counts are true. */
static void
test_by_chance(void **state)
{
	uint64_t seed = 7;

	for (int64_t now = 0; now < 20000; now++) {
		struct client *c = &them[rand_below(&seed, NELEM(them))];
		unsigned here = 0, waiting = 0, row = 0;

		switch (rand_below(&seed, 4)) {
		case 0:
			if (!c->is_here) {
				memset(c, 0, sizeof(*c));
				client_comes(&cs, c, now);
			}
			break;
		case 1:
			client_asks(&cs, c);
			break;
		case 2:
			client_waits(&cs, c, now);
			break;
		default:
			client_goes(&cs, c);
		}
		for (size_t i = 0; i < NELEM(them); i++) {
			here += them[i].is_here;
			waiting += them[i].waits;
		}
		for (struct client *p = cs.oldest; p != NULL; p = p->newer, row++) {
			assert_true(p->waits && p->is_here);
			assert_ptr_equal(p->newer == NULL ? cs.newest : p->newer->older, p);
			if (p->newer != NULL)
				assert_true(p->since_ns <= p->newer->since_ns);
		}
		assert_int_equal(row, waiting);
		assert_int_equal(cs.n, here);
		assert_int_equal(cs.n_asking, here - waiting);
	}
}

/* From one other computer half of the places may be asked over, from this one all. */
static void
test_half_stays_for_others(void **state)
{
	for (size_t i = 0; i < PLACES; i++)
		them[i].group = i < PLACES - 1 ? 7 : 9;
	come(0, PLACES, 0);
	for (size_t i = 0; i < PLACES - 1; i++)
		assert_int_equal(client_asks(&cs, &them[i]), i < PLACES / 2);
	assert_true(client_asks(&cs, &them[PLACES - 1]));
	for (size_t i = 0; i < PLACES - 2; i++)
		client_goes(&cs, &them[i]);
	client_waits(&cs, &them[PLACES - 2], S);
	assert_true(client_asks(&cs, &them[PLACES - 2]));
	client_goes(&cs, &them[PLACES - 2]);
	client_goes(&cs, &them[PLACES - 1]);
	assert_int_equal(cs.n_asking, 0);
	for (size_t i = 0; i < NELEM(cs.asking); i++)
		assert_int_equal(cs.asking[i], 0);
	memset(them, 0, sizeof(them));
	come(0, PLACES, 2 * S);
	for (size_t i = 0; i < PLACES; i++)
		assert_true(client_asks(&cs, &them[i]));
}

/* Who makes tokens up keeps others' first requests out neither at once nor later. */
static void
test_strangers_have_shares(void **state)
{
	struct strangers s = { 0 };
	unsigned n = 0;

	for (int64_t now = S; now < 3 * S; now += S) {
		for (unsigned i = 0; i < 100 * STRANGERS; i++)
			n += strangers_may(&s, 7, now + i);
		assert_true(strangers_may(&s, 8, now + S / 2));
		assert_true(strangers_may(&s, 0, now + S / 2));
	}
	assert_int_equal(n, 2 * STRANGERS_EACH);
	for (unsigned i = 0; i < 256; i++)
		for (unsigned k = 0; k < STRANGERS; k++)
			n += strangers_may(&s, (uint8_t)i, 4 * S);
	assert_int_equal(n, 2 * STRANGERS_EACH + STRANGERS); /* of all together */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_time_is_over_whatever_comes, begin),
		cmocka_unit_test_setup(test_half_stays_for_others, begin),
		cmocka_unit_test_setup(test_time_begins_again_with_the_end_of_an_answer, begin),
		cmocka_unit_test_setup(test_who_waited_longest_makes_room, begin),
		cmocka_unit_test_setup(test_newcomers_have_a_moment, begin),
		cmocka_unit_test_setup(test_only_those_who_ask_fill_the_places, begin),
		cmocka_unit_test_setup(test_one_that_was_sent_away_counts_no_more, begin),
		cmocka_unit_test(test_few_shake_hands_for_long),
		cmocka_unit_test_setup(test_by_chance, begin),
		cmocka_unit_test(test_strangers_have_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
