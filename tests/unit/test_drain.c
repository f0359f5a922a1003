/* test_drain.c - all that was committed is given, once, in its order, whatever happens between
 *
 *	test_drain [ROUNDS [SEED]]
 */
#include "store_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rand.h"
#include "history/drain.h"
#include "history/files.h"
#include "history/keep.h"

#define N 3

static uint64_t rounds = 40, seed = 7;

/* What has been carried away: as a second store would have it, with the place in the same transaction. */
struct carried {
	struct drain *d;
	uint64_t next[N]; /* sample that is awaited */
	uint64_t lost;
	uint32_t lost_files;
	struct buf place;
	uint64_t at_place[N];
};

static void
take(void *ctx, const struct drain_channel *ch, uint32_t boot, const struct series *s, size_t from,
	size_t n)
{
	struct carried *c = ctx;
	uint32_t i = ch->ch.id - 10;

	assert_true(i < N);
	assert_int_equal(boot, 1);
	assert_int_equal(s->type, ch->ch.type);
	for (size_t k = from; k < from + n; k++) {
		struct sample want, is;

		rig_sample(i, c->next[i]++, &want);
		series_sample(s, k, &is);
		assert_int_equal(is.stamp_ns, want.stamp_ns);
		assert_int_equal(is.quality, want.quality);
		assert_memory_equal(&is.v, &want.v, sizeof(is.v));
		assert_string_equal(is.text, want.text);
	}
}

static void
take_lost(void *ctx, uint32_t from, uint32_t to, uint64_t chunks, int64_t wall_ns)
{
	struct carried *c = ctx;

	c->lost += chunks;
	c->lost_files += to > 0 ? to - from + 1 : 0;
}

static void
keep_place(struct carried *c)
{
	buf_clear(&c->place);
	drain_place(c->d, &c->place);
	memcpy(c->at_place, c->next, sizeof(c->next));
}

static void
begin(struct carried *c)
{
	struct err err;

	*c = (struct carried){ 0 };
	c->d = drain_open(rig_dir, &err);
	assert_non_null(c->d);
}

static void
end(struct carried *c)
{
	drain_close(c->d);
	buf_done(&c->place);
}

static int
step(struct carried *c, size_t most)
{
	const struct drain_sink sink = { .ctx = c, .samples = take, .lost = take_lost };
	struct err err;
	int rc = drain_next(c->d, &sink, most, &err);

	if (rc < 0)
		fail_msg("%s", err.msg);
	return rc;
}

static void
drain_all(struct carried *c, size_t most)
{
	while (step(c, most) == 1)
		continue;
}

/* What was given behind the last place is not there: the transaction was not made. */
static void
fall_back(struct carried *c, bool is_new_process)
{
	struct err err;

	if (is_new_process) {
		drain_close(c->d);
		c->d = drain_open(rig_dir, &err);
		assert_non_null(c->d);
	}
	memcpy(c->next, c->at_place, sizeof(c->next));
	assert_int_equal(drain_goto(c->d, c->place.data, c->place.n, &err), 0);
}

static void
test_everything_once(void **state)
{
	struct store *s = rig_open(rig_dir, 8 << 10);
	struct carried c;

	rig_write(s, 0, 20000, 50, NULL);
	begin(&c);
	drain_all(&c, 1000);
	for (int i = 0; i < N; i++)
		assert_int_equal(c.next[i], 20000);
	assert_int_equal(c.lost, 0);
	rig_write(s, 20000, 20007, 1, NULL);
	drain_all(&c, 1000);
	assert_int_equal(c.next[0], 20007);
	store_close(s);
	end(&c);
}

/* It follows commit by commit; none is given before it is there, and none later. */
static struct carried following;

static void
follow(uint64_t k)
{
	drain_all(&following, 100);
	for (int i = 0; i < N; i++)
		assert_int_equal(following.next[i], k);
}

static void
test_it_follows(void **state)
{
	struct store *s = rig_open(rig_dir, 64 << 10);

	begin(&following);
	rig_write(s, 0, 9000, 3, follow);
	store_close(s);
	end(&following);
}

static void
test_whatever_happens(void **state)
{
	uint64_t r = seed;
	struct store *s = rig_open(rig_dir, 16 << 10);
	struct carried c;
	uint64_t at = 0;
	struct err err;

	begin(&c);
	keep_place(&c);
	for (uint64_t i = 0; i < rounds * 50; i++) {
		switch (rand_below(&r, 9)) {
		case 0:
		case 1: {
			uint64_t commits = 1 + rand_below(&r, 40), a = 1 + rand_below(&r, 30);

			rig_write(s, at, (at / a + commits) * a, (unsigned)a, NULL);
			at = (at / a + commits) * a;
			break;
		}
		case 2:
			if (rand_below(&r, 4) == 0 && store_seal(s, &err) < 0)
				fail_msg("%s", err.msg);
			break;
		case 3: /* the recorder ends */
			store_close(s);
			s = rig_open(rig_dir, 16 << 10);
			break;
		case 4:
			fall_back(&c, rand_below(&r, 2) == 0);
			break;
		case 5:
			keep_place(&c);
			break;
		default:
			step(&c, 1 + rand_below(&r, 3000));
		}
	}
	drain_all(&c, 500);
	for (int i = 0; i < N; i++)
		assert_int_equal(c.next[i], at);
	assert_int_equal(c.lost, 0);
	assert_int_equal(c.lost_files, 0);
	store_close(s);
	end(&c);
}

static void
test_removed_before_it_was_carried(void **state)
{
	const struct keep_rule rule = { .size = 1 };
	struct store *s = rig_open(rig_dir, 8 << 10);
	struct carried c;
	uint64_t bytes;
	struct err err;

	rig_write(s, 0, 20000, 50, NULL);
	begin(&c);
	step(&c, 10);
	assert_true(keep_files(rig_dir, &rule, 0, &bytes, &err) > 0);
	c.next[0] = c.next[1] = c.next[2] = UINT64_MAX; /* they begin later: not compared */
	{
		const struct drain_sink sink = { .ctx = &c, .lost = take_lost };

		while (drain_next(c.d, &sink, 1000, &err) == 1)
			continue;
	}
	assert_true(c.lost_files > 0);
	store_close(s);
	end(&c);
}

static void
test_places_are_checked(void **state)
{
	static const uint8_t bad[][12] = { { 2, 1, 0, 0, 0, 0 }, { 1, 1, 0, 0, 0, 1 },
		{ 1, 1, 0, 0, 0, 2, 1, 1, 0, 1 }, { 1, 1, 0, 0, 0, 1, 1, 0 },
		{ 1, 1, 0, 0, 0, 0, 9 }, { 1, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0, 0 } };
	static const size_t lengths[] = { 6, 6, 10, 8, 7, 10 };
	struct carried c;
	struct buf again = { 0 };
	struct err err;
	struct store *s = rig_open(rig_dir, 0);

	rig_write(s, 0, 500, 50, NULL);
	begin(&c);
	drain_all(&c, 1000);
	keep_place(&c);
	for (size_t i = 0; i < NELEM(lengths); i++)
		assert_int_equal(drain_goto(c.d, bad[i], lengths[i], &err), ERR_PROTO);
	for (size_t n = 1; n < c.place.n; n++)
		assert_int_equal(drain_goto(c.d, c.place.data, n, &err), ERR_PROTO);
	assert_int_equal(drain_goto(c.d, c.place.data, c.place.n, &err), 0);
	drain_place(c.d, &again);
	assert_int_equal(again.n, c.place.n);
	assert_memory_equal(again.data, c.place.data, again.n);
	buf_done(&again);
	store_close(s);
	end(&c);
}

static void
test_the_state_is_kept(void **state)
{
	struct drain_state a, b;
	struct err err;
	int fd;

	assert_int_equal(drain_state_file(rig_dir, "postgres"), 0);
	fd = drain_state_open(rig_dir, "postgres", &a, &err);
	assert_true(fd >= 0);
	assert_int_equal(a.file, 0);
	assert_int_equal(strlen(a.id), 32);
	a.file = 4294967294u;
	assert_int_equal(drain_state_write(fd, &a, &err), 0);
	close(fd);
	fd = drain_state_open(rig_dir, "postgres", &b, &err);
	assert_int_equal(b.file, a.file);
	assert_string_equal(b.id, a.id);
	close(fd);
	fd = drain_state_open(rig_dir, "other", &b, &err);
	b.file = 3;
	assert_int_equal(drain_state_write(fd, &b, &err), 0);
	assert_int_equal(drain_state_file(rig_dir, "other"), 3);
	assert_int_equal(drain_state_file(rig_dir, "postgres"), a.file);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_make_dir, rig_remove_dir)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_once),
		TEST(test_it_follows),
		TEST(test_whatever_happens),
		TEST(test_removed_before_it_was_carried),
		TEST(test_places_are_checked),
		TEST(test_the_state_is_kept),
	};

	if (argc > 1)
		rounds = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
