/* test_channel.c - scale, filter, range, age, what follows, what reaches slots and tape */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/channel.h"
#include "control/wakes.h"

#include "../simulation/image_builder.h"

/* Two points a, b; F follows a; S = a + b. The image is changed before the channels are made. */
struct fixture {
	struct image *img;
	void *memory;
	struct board *board;
	struct channels *channels;
	uint32_t a, b, f, s;
};

static struct image_channel *
edit(struct fixture *x, uint32_t channel)
{
	return (struct image_channel *)((char *)x->img + x->img->channels.off) + channel;
}

static void
make_image(struct fixture *x)
{
	struct image_builder *b = image_builder_new("unit", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "io", "127.0.0.1", 1502), p, q;

	image_builder_instrument(b, "dev", "modbus", link, "", NS_PER_S, NS_PER_S, 1);
	p = image_builder_point(b, "a", "holding=1 type=int16", 0);
	q = image_builder_point(b, "b", "holding=2 type=float32", 0);
	image_builder_scale(b, p, 0.1, 0);
	x->a = image_builder_channel(b, p);
	x->b = image_builder_channel(b, q);
	x->f = image_builder_follow(b, "F", x->a);
	x->s = image_builder_sum(b, "S", x->a, x->b);
	x->img = image_builder_done(b);
}

static void
start(struct fixture *x)
{
	struct board_setup setup = {
		.image = x->img, .generation = 1, .tape_records = 64, .trace_lines = 2
	};
	size_t size = board_size(&setup);

	x->memory = aligned_alloc(64, size);
	memset(x->memory, 0, size);
	x->board = board_make(x->memory, &setup);
	x->channels = channels_new(x->img, x->board);
}

static void
stop(struct fixture *x)
{
	channels_free(x->channels);
	free(x->memory);
	free(x->img);
}

static void
feed_int(struct fixture *x, uint32_t channel, int64_t raw, int64_t stamp)
{
	struct sample s = { .stamp_ns = stamp, .v.i = raw, .quality = Q_GOOD };

	channels_accept(x->channels, channel, VALUE_INT, &s, NULL);
}

static void
feed_float(struct fixture *x, uint32_t channel, double raw, int64_t stamp)
{
	struct sample s = { .stamp_ns = stamp, .v.f = raw, .quality = Q_GOOD };

	channels_accept(x->channels, channel, VALUE_FLOAT32, &s, NULL);
}

static void
feed_bad(struct fixture *x, uint32_t channel, enum quality q, uint16_t code, int64_t stamp)
{
	struct sample s = { .stamp_ns = stamp, .v.f = 99, .quality = (uint16_t)q, .code = code };

	channels_accept(x->channels, channel, VALUE_INT, &s, NULL);
}

static struct sample
shown(struct fixture *x, uint32_t channel)
{
	struct sample s;

	channels_publish(x->channels);
	board_read(x->board, channel, &s);
	return s;
}

static void
test_decimal_scales_are_exact(void **state)
{
	struct fixture x;
	struct sample s;

	make_image(&x);
	start(&x);
	feed_int(&x, x.a, 1822, 10);
	s = shown(&x, x.a);
	assert_true(s.v.f == 182.2 && s.stamp_ns == 10 && s.quality == Q_GOOD);
	s = shown(&x, x.f);
	assert_true(s.v.f == 182.2 && s.stamp_ns == 10);
	stop(&x);
}

static void
test_bad_travels_with_its_reason_and_no_number(void **state)
{
	struct fixture x;
	struct sample s;

	make_image(&x);
	start(&x);
	feed_int(&x, x.a, 5, 1);
	feed_bad(&x, x.a, Q_BAD_ADDRESS, 2, 2);
	s = shown(&x, x.f);
	assert_int_equal(s.quality, Q_BAD_ADDRESS);
	assert_int_equal(s.code, 2);
	assert_true(s.v.u == 0);
	stop(&x);
}

static void
test_range_marks_and_keeps(void **state)
{
	struct fixture x;
	struct sample s;

	make_image(&x);
	edit(&x, x.f)->has_range = 1;
	edit(&x, x.f)->min = 0;
	edit(&x, x.f)->max = 10;
	start(&x);
	feed_int(&x, x.a, 101, 1);
	s = shown(&x, x.f);
	assert_true(s.quality == Q_OUT_OF_RANGE && s.v.f == 10.1);
	feed_int(&x, x.a, 100, 2);
	assert_int_equal(shown(&x, x.f).quality, Q_GOOD);
	stop(&x);
}

static void
test_filters(void **state)
{
	static const int64_t raw[] = { 10, 1000, 20, 30, 40 };
	static const double median[] = { 1, 50.5, 2, 3, 3 }, mean[] = { 1, 50.5, 103.0 / 3, 35, 3 };
	struct fixture x;

	for (int kind = FILTER_MEDIAN; kind <= FILTER_MEAN; kind++) {
		make_image(&x);
		edit(&x, x.a)->filter = (uint8_t)kind;
		edit(&x, x.a)->filter_n = 3;
		start(&x);
		for (int i = 0; i < 5; i++) {
			double want = kind == FILTER_MEDIAN ? median[i] : mean[i];

			feed_int(&x, x.a, raw[i], i + 1);
			assert_true(fabs(shown(&x, x.a).v.f - want) < 1e-9);
		}
		/* A bad value empties it: what comes after is not mixed with what was before. */
		feed_bad(&x, x.a, Q_NO_ANSWER, 0, 9);
		feed_int(&x, x.a, 70, 10);
		assert_true(shown(&x, x.a).v.f == 7);
		stop(&x);
	}
}

static void
test_age(void **state)
{
	struct fixture x;
	struct sample s;

	make_image(&x);
	edit(&x, x.a)->stale_ns = NS_PER_S;
	start(&x);
	feed_int(&x, x.a, 5, 100);
	channels_age(x.channels, 100 + NS_PER_S);
	assert_int_equal(shown(&x, x.a).quality, Q_GOOD);
	channels_age(x.channels, 101 + NS_PER_S);
	s = shown(&x, x.f); /* what follows grows old with it */
	assert_true(s.quality == Q_STALE && s.v.u == 0 && s.stamp_ns == 100);
	feed_int(&x, x.a, 5, 200 + NS_PER_S);
	assert_int_equal(shown(&x, x.f).quality, Q_GOOD);
	stop(&x);
}

static void
test_derived(void **state)
{
	struct fixture x;
	struct sample s;

	make_image(&x);
	start(&x);
	channels_calculate(x.channels, 50);
	assert_int_equal(shown(&x, x.s).quality, Q_SOURCE_BAD);
	feed_int(&x, x.a, 15, 40);
	feed_float(&x, x.b, 2.5, 45);
	channels_calculate(x.channels, 50);
	s = shown(&x, x.s);
	assert_true(s.v.f == 4 && s.stamp_ns == 40 && s.quality == Q_GOOD);
	feed_bad(&x, x.b, Q_NO_ANSWER, 0, 60);
	channels_calculate(x.channels, 60);
	assert_int_equal(shown(&x, x.s).quality, Q_SOURCE_BAD);
	stop(&x);
}

/* The tape gets every change of value or quality, nothing for what stays, and a confirmation each minute. */
static void
test_tape_gets_changes(void **state)
{
	struct fixture x;
	struct board_change got[16];
	uint64_t place = 1, missed;

	make_image(&x);
	start(&x);
	feed_float(&x, x.b, 1, 1);
	feed_float(&x, x.b, 1, 2);
	feed_float(&x, x.b, 2, 3);
	feed_bad(&x, x.b, Q_NO_ANSWER, 0, 4);
	feed_bad(&x, x.b, Q_NO_ANSWER, 0, 5);
	feed_bad(&x, x.b, Q_NO_LINK, 0, 6);
	feed_float(&x, x.b, 2, 7);
	feed_float(&x, x.b, 2, 7 + 60 * NS_PER_S);
	assert_int_equal(board_tape_read(x.board, &place, got, 16, &missed), 6);
	assert_true(got[1].sample.v.f == 2 && got[2].sample.quality == Q_NO_ANSWER &&
		    got[3].sample.quality == Q_NO_LINK);
	assert_true(got[4].sample.v.f == 2 && got[5].sample.stamp_ns == 7 + 60 * NS_PER_S);
	stop(&x);
}

/* After a reload a channel that is the same goes on with its value; one whose unit or type has changed begins anew. */
static void
test_adoption(void **state)
{
	struct fixture old, new;

	make_image(&old);
	make_image(&new);
	edit(&old, old.a)->id = edit(&new, new.a)->id = 7;
	edit(&old, old.b)->id = edit(&new, new.b)->id = 8;
	edit(&new, new.b)->type = VALUE_FLOAT;
	start(&old);
	start(&new);
	feed_int(&old, old.a, 33, 5);
	feed_float(&old, old.b, 1, 5);
	channels_adopt(new.channels, old.channels);
	assert_true(shown(&new, new.a).v.f == 3.3);
	assert_int_equal(shown(&new, new.a).stamp_ns, 5);
	assert_int_equal(shown(&new, new.b).quality, Q_NOT_YET);
	stop(&old);
	stop(&new);
}

/* Whatever changes what a number means, or where it comes from, begins anew: an old number must not show as good. */
static void
test_adoption_refuses_what_means_something_else(void **state)
{
	for (int change = 0; change < 6; change++) {
		struct fixture old, new;
		struct image_point *p;
		struct sample s;

		make_image(&old);
		make_image(&new);
		for (uint32_t i = 0; i < old.img->channels.n; i++)
			edit(&old, i)->id = edit(&new, i)->id = 100 + i;
		p = (struct image_point *)((char *)new.img + new.img->points.off) +
		    edit(&new, new.a)->source;
		if (change == 1)
			edit(&new, new.a)->factor = 0.2;
		else if (change == 2)
			p->address = 77;
		else if (change == 3)
			edit(&new, new.f)->source = new.b; /* F reads another channel */
		else if (change == 4)
			((struct image_instrument *)((char *)new.img + new.img->instruments.off))
				->opts[0] ^= 1;
		else if (change == 5)
			edit(&new, new.a)->max = edit(&new, new.a)->has_range = 1;
		start(&old);
		start(&new);
		feed_int(&old, old.a, 33, 5);
		channels_adopt(new.channels, old.channels);
		s = shown(&new, new.f);
		if (change == 0)
			assert_true(s.quality == Q_GOOD && s.v.f == 3.3);
		else
			assert_true(s.quality == Q_NOT_YET && s.v.u == 0);
		stop(&old);
		stop(&new);
	}
}

/* S becomes the condition "a for 1 s". */
static void
make_condition(struct fixture *x)
{
	struct expr_op *op;

	make_image(x);
	for (uint32_t i = 0; i < x->img->channels.n; i++)
		edit(x, i)->id = 100 + i;
	op = (struct expr_op *)((char *)x->img + x->img->code.off) + edit(x, x->s)->source;
	op[1] = (struct expr_op){ .code = EXPR_OP_IS_TRUE };
	op[2] = (struct expr_op){ .code = EXPR_OP_HOLDS, .arg2 = 1e9 };
	x->img->n_cells = 1;
	edit(x, x->s)->type = VALUE_BOOL;
}

static enum truth
truth(struct fixture *x, int64_t now_ns)
{
	const struct image_channel *d = image_channel_at(x->img, x->s);
	const struct image_cond cond = { .first_op = d->source, .n_ops = d->n_ops };

	return channels_judge(x->channels, &cond, now_ns, NULL, NULL, NULL);
}

static bool
suppose_false(void *ctx, uint32_t channel, double *out)
{
	*out = 0;
	return true;
}

static void
test_conditions_remember(void **state)
{
	struct image_cond cond = { .n_ops = 3 };
	struct fixture x;

	make_condition(&x);
	cond.first_op = image_channel_at(x.img, x.s)->source;
	start(&x);
	assert_int_equal(truth(&x, NS_PER_S), TRUTH_UNKNOWN);
	feed_int(&x, x.a, 10, 1);
	for (int64_t at = 20; at < 40; at++) {
		channels_calculate(x.channels, at * 100 * NS_PER_MS);
		assert_int_equal(shown(&x, x.s).quality, Q_GOOD);
		assert_int_equal(shown(&x, x.s).v.i, at >= 30);
		/* A question between two ticks leaves no trace. */
		assert_int_equal(channels_judge(x.channels, &cond, at * 100 * NS_PER_MS,
					 suppose_false, NULL, NULL),
			TRUTH_FALSE);
		assert_int_equal(truth(&x, at * 100 * NS_PER_MS), at >= 30);
	}
	feed_bad(&x, x.a, Q_NO_LINK, 0, 2);
	channels_calculate(x.channels, 4 * NS_PER_S);
	assert_int_equal(shown(&x, x.s).quality, Q_SOURCE_BAD);
	stop(&x);
}

/* Half of the time before a reload, half of it after: only where the condition is the same one. */
static void
test_adoption_of_what_conditions_remember(void **state)
{
	for (int change = 0; change < 5; change++) {
		struct fixture old, new;
		struct expr_op *op;

		make_condition(&old);
		make_condition(&new);
		op = (struct expr_op *)((char *)new.img + new.img->code.off) +
		     edit(&new, new.s)->source;
		if (change == 1)
			op[2].arg2 = 1.1e9;
		else if (change == 2)
			edit(&new, new.a)->id = 555;
		else if (change == 3)
			edit(&new, new.a)->factor = 0.2;
		else if (change == 4)
			new.img->n_cells = 2;
		start(&old);
		start(&new);
		feed_int(&old, old.a, 10, 1);
		truth(&old, 1 * NS_PER_S);
		assert_int_equal(truth(&old, 1600 * NS_PER_MS), TRUTH_FALSE);
		channels_adopt(new.channels, old.channels);
		feed_int(&new, new.a, 10, 2);
		assert_int_equal(truth(&new, 2200 * NS_PER_MS), change == 0);
		stop(&old);
		stop(&new);
	}
}

static void
test_wakes_give_the_earliest(void **state)
{
	struct wakes w;
	int64_t at[20];
	uint32_t first = 99;

	wakes_init(&w, 0);
	assert_true(wakes_first(&w, &first) == NEVER);
	wakes_done(&w);
	wakes_init(&w, 20);
	for (uint32_t i = 0; i < 20; i++)
		at[i] = NEVER;
	for (uint32_t step = 0; step < 2000; step++) {
		uint32_t thing = step * 7919 % 20, best = 0;

		at[thing] = step % 5 == 0 ? NEVER : (int64_t)(step * 104729 % 1000);
		wakes_set(&w, thing, at[thing]);
		for (uint32_t i = 1; i < 20; i++)
			if (at[i] < at[best])
				best = i;
		assert_true(wakes_first(&w, &first) == at[best]);
		assert_int_equal(first, best);
	}
	wakes_done(&w);
}

/* Written in the same tick as the other, at its own place, without what the device calls it. */
static void
test_public_board_follows(void **state)
{
	struct fixture x;
	struct image *img;
	struct board_setup setup = { .is_public = true, .tape_records = 64, .trace_lines = 1 };
	struct board_change changes[8];
	struct board *public;
	uint64_t place = 1, missed;
	uint32_t off;
	struct sample s;
	size_t size;

	make_image(&x);
	off = (x.img->size + 7) & ~7u;
	img = mem_zero(1, off + 8);
	memcpy(img, x.img, x.img->size);
	img->shown_channels = (struct image_table){ off, 1 };
	memcpy((char *)img + off, &x.f, sizeof(x.f));
	free(x.img);
	x.img = img;
	start(&x);
	setup.image = img;
	size = board_size(&setup);
	public = board_make(memset(aligned_alloc(64, size), 0, size), &setup);
	channels_share(x.channels, public);
	feed_int(&x, x.a, 215, NS_PER_S);
	feed_float(&x, x.b, 7, NS_PER_S);
	channels_publish(x.channels);
	board_read(public, 0, &s);
	assert_true(s.v.f > 21.4 && s.v.f < 21.6);
	assert_int_equal(s.quality, Q_GOOD);
	feed_bad(&x, x.a, Q_BAD_ADDRESS, 42, 2 * NS_PER_S);
	channels_publish(x.channels);
	board_read(x.board, x.f, &s);
	assert_int_equal(s.code, 42);
	board_read(public, 0, &s);
	assert_int_equal(s.quality, Q_BAD_ADDRESS);
	assert_int_equal(s.code, 0);
	assert_int_equal(board_tape_read(public, &place, changes, NELEM(changes), &missed), 2);
	assert_int_equal(changes[0].channel, 0);
	assert_int_equal(changes[1].channel, 0);
	assert_int_equal(changes[1].sample.code, 0);
	free(public);
	stop(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimal_scales_are_exact),
		cmocka_unit_test(test_bad_travels_with_its_reason_and_no_number),
		cmocka_unit_test(test_range_marks_and_keeps),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_tape_gets_changes),
		cmocka_unit_test(test_adoption),
		cmocka_unit_test(test_adoption_refuses_what_means_something_else),
		cmocka_unit_test(test_conditions_remember),
		cmocka_unit_test(test_adoption_of_what_conditions_remember),
		cmocka_unit_test(test_public_board_follows),
		cmocka_unit_test(test_wakes_give_the_earliest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
