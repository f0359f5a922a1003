/* test_link_window.c - several questions at one time on Modbus TCP, with devices that bear it and devices that do not
 *
 * Each question changes what all registers hold, and a reading tells when its question was sent: so a value that is
 * credited to another question shows itself, however many are under way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../simulation/image_builder.h"
#include "base/bytes.h"
#include "base/rand.h"
#include "drivers/list.h"
#include "drivers/modbus_pdu.h"
#include "drivers/modbus_server.h"
#include "link/link.h"

#define MS NS_PER_MS
#define S NS_PER_S
#define LATENCY (5 * MS)
#define POINTS 40
#define APART 200 /* addresses between points: each is a question of its own */
#define LOG 4096
#define OUT 64

enum manner {
	TAKES_MANY,
	TAKES_MANY_UNORDERED,
	QUEUES,
	DROPS,     /* all while one is being answered */
	CLOSES,    /* when a second comes */
	GARBLES,   /* answers the second with rubbish */
	IS_SILENT, /* to all */
	DROPS_WRITES
};

struct question {
	int64_t sent_ns;
	uint32_t address, salt;
	uint16_t tag;
	uint8_t function;
};

static struct {
	struct image *img;
	struct link *link;
	struct link_sink sink;
	struct link_wants wants;
	int64_t now_ns;
	/* the device */
	enum manner manner;
	int refused;        /* a register that is refused with exception 2; -1: none */
	unsigned n_limit;   /* takes so many and drops further ones; 0: any number */
	int64_t busy_until; /* QUEUES, DROPS */
	uint64_t chance;
	bool is_open;
	struct {
		uint8_t bytes[300];
		size_t n;
		int64_t at_ns;
	} out[OUT];
	uint32_t salt;
	struct question log[LOG];
	size_t n_log;
	uint16_t written[256];
	size_t n_writes;
	/* what was seen */
	unsigned n_out, most_out; /* questions without an answer, here */
	int64_t crowd_ns
		[32]; /* when a second one came while one was under way, after a second without */
	size_t n_crowds;
	int64_t last_crowd_ns;
	unsigned n_mixed; /* a write that was not alone */
	unsigned n_opens, n_wrong, n_good[POINTS], n_bad[POINTS], n_states, n_verdicts,
		n_bad_verdicts;
	int state;
	struct reading last[POINTS];
} rig;

/* ---- the device -------------------------------------------------------------------------------------------------- */

static uint16_t
value_of(uint32_t salt, uint32_t address)
{
	return (uint16_t)(salt * 7919 + address);
}

static int
device_read(
	void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count, uint16_t *out)
{
	for (uint32_t i = 0; i < count; i++) {
		if (rig.refused >= 0 && address + i == (uint32_t)rig.refused)
			return MODBUS_ILLEGAL_ADDRESS;
		out[i] = value_of(rig.salt, address + i);
	}
	return 0;
}

static int
device_write(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
	const uint16_t *in)
{
	assert_true(rig.n_writes < NELEM(rig.written));
	rig.written[rig.n_writes++] = in[0];
	return 0;
}

static void
send_later(const uint8_t *bytes, size_t n, int64_t at_ns)
{
	for (size_t i = 0; i < OUT; i++)
		if (rig.out[i].n == 0) {
			memcpy(rig.out[i].bytes, bytes, n);
			rig.out[i].n = n;
			rig.out[i].at_ns = at_ns;
			return;
		}
	fail_msg("more answers under way than questions may be");
}

static void
close_wire(void)
{
	memset(rig.out, 0, sizeof(rig.out));
	rig.n_out = 0;
	rig.busy_until = 0;
	rig.is_open = false;
}

/* When the answer to a question of now comes; -1: never. */
static int64_t
answer_ns(void)
{
	switch (rig.manner) {
	case TAKES_MANY_UNORDERED:
		return rig.now_ns + LATENCY / 2 + (int64_t)rand_below(&rig.chance, LATENCY);
	case QUEUES:
		rig.busy_until = MAX(rig.busy_until, rig.now_ns) + LATENCY;
		return rig.busy_until;
	case DROPS:
		if (rig.now_ns < rig.busy_until)
			return -1;
		rig.busy_until = rig.now_ns + LATENCY;
		return rig.busy_until;
	case IS_SILENT:
		return -1;
	default:
		return rig.now_ns + LATENCY;
	}
}

static void
see_crowd(void)
{
	if (rig.n_out < 2)
		return;
	if (rig.n_crowds == 0 || rig.now_ns - rig.last_crowd_ns > 1 * S)
		if (rig.n_crowds < NELEM(rig.crowd_ns))
			rig.crowd_ns[rig.n_crowds++] = rig.now_ns;
	rig.last_crowd_ns = rig.now_ns;
}

/* False: the device has closed the connection. */
static bool
question(const uint8_t *in, size_t n)
{
	static const struct modbus_server server = { .read = device_read,
		.write = device_write,
		.vendor = "T",
		.product = "W",
		.revision = "1" };
	static bool was_write;
	uint8_t frame[300];
	bool is_write = in[7] == MODBUS_WRITE_REGISTER || in[7] == MODBUS_WRITE_REGISTERS;
	size_t got;
	int64_t at_ns;

	if (rig.n_out == 0)
		was_write = false;
	rig.n_mixed += rig.n_out > 0 && (is_write || was_write);
	was_write |= is_write;
	rig.n_out++;
	rig.most_out = MAX(rig.most_out, rig.n_out);
	see_crowd();
	rig.salt++;
	rig.log[rig.n_log++ % LOG] =
		(struct question){ rig.now_ns, get_u16be(in + 8), rig.salt, get_u16be(in), in[7] };
	if (rig.manner == CLOSES && rig.n_out > 1) {
		close_wire();
		link_closed(rig.link, Q_LINK_LOST, "closed by the other side", rig.now_ns);
		return false;
	}
	at_ns = answer_ns();
	if (rig.n_limit > 0 && rig.n_out > rig.n_limit)
		at_ns = -1;
	if (at_ns < 0 || (is_write && rig.manner == DROPS_WRITES))
		return true;
	got = modbus_server_answer(&server, in, n, frame, sizeof(frame)) > 0
		      ? (size_t)get_u16be(frame + 4) + 6
		      : 0;
	if (rig.manner == GARBLES && rig.n_out > 1)
		memset(frame, 0xA5, got);
	send_later(frame, got, at_ns);
	return true;
}

/* ---- the owner ---------------------------------------------------------------------------------------------------- */

static void
on_reading(void *ctx, uint32_t point, const struct reading *r, int64_t stamp_ns)
{
	int64_t sent_ns = 2 * stamp_ns - rig.now_ns;
	uint32_t address = image_point_at(rig.img, point)->address;
	bool is_right = false;

	rig.last[point] = *r;
	if (quality_is_bad(r->quality)) {
		rig.n_bad[point]++;
		return;
	}
	rig.n_good[point]++;
	for (size_t i = 0; i < MIN(rig.n_log, LOG) && !is_right; i++) { /* the latest first */
		const struct question *q = &rig.log[(rig.n_log - 1 - i) % LOG];

		if (q->sent_ns < sent_ns - 2)
			break;
		is_right = q->sent_ns <= sent_ns + 2 && q->function == MODBUS_READ_HOLDING &&
			   (uint16_t)r->v.i == value_of(q->salt, address);
	}
	rig.n_wrong += !is_right;
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
	rig.state = (int)state;
	rig.n_states++;
}

static void
on_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code)
{
	rig.n_verdicts++;
	rig.n_bad_verdicts += verdict != Q_GOOD;
}

/* n points APART, or `block` in a row from address 0 and the others apart. */
static struct image *
make_image(uint32_t pipeline, unsigned n, unsigned block, int64_t every_ns, uint32_t hash)
{
	struct image_builder *b = image_builder_new("window", 100 * MS);
	uint32_t io = image_builder_link(b, "io", "10.0.0.1", 502);
	struct image *img;
	struct image_link *l;

	image_builder_instrument(b, "dev", "modbus", io, "unit=1", every_ns, 500 * MS, 1);
	for (unsigned i = 0; i < n; i++) {
		char name[16], opts[32];
		uint32_t p;

		snprintf(name, sizeof(name), "p%u", i);
		snprintf(opts, sizeof(opts), "holding=%u", i < block ? i : (i + 1) * APART);
		p = image_builder_point(b, name, opts, 0);
		image_builder_write(b, p, opts);
	}
	img = image_builder_done(b);
	l = (struct image_link *)((char *)img + img->links.off);
	l->pipeline = pipeline;
	((struct image_instrument *)((char *)img + img->instruments.off))->hash += hash;
	return img;
}

static void
start(enum manner manner, uint32_t pipeline, unsigned n, unsigned block, int64_t every_ns)
{
	memset(&rig, 0, sizeof(rig));
	rig.now_ns = 1000 * S;
	rig.manner = manner;
	rig.refused = -1;
	rig.chance = 11;
	rig.sink = (struct link_sink){
		.reading = on_reading, .state = on_state, .written = on_written
	};
	rig.img = make_image(pipeline, n, block, every_ns, 0);
	rig.link = link_new(rig.img, 0, codec_find, &rig.sink, rig.now_ns);
	link_take(rig.link, &rig.wants);
}

static void
done(void)
{
	link_free(rig.link);
	free(rig.img);
}

static void
take(void)
{
	uint8_t bytes[LINK_TX_MAX];
	bool again = true;

	while (again) {
		link_take(rig.link, &rig.wants);
		again = rig.wants.open;
		if (rig.wants.close)
			close_wire();
		memcpy(bytes, rig.wants.bytes, rig.wants.n);
		for (size_t at = 0; at < rig.wants.n && rig.is_open;) {
			size_t n = 6u + get_u16be(bytes + at + 4);

			if (!question(bytes + at, n)) {
				again = true;
				break;
			}
			at += n;
		}
		if (rig.wants.open) {
			rig.n_opens++;
			close_wire();
			rig.is_open = true;
			link_opened(rig.link, rig.now_ns);
		}
	}
}

static void
run(int64_t until_ns)
{
	for (;;) {
		size_t best = OUT;
		int64_t next_ns = rig.wants.wake_ns;

		for (size_t i = 0; i < OUT; i++)
			if (rig.out[i].n > 0 &&
				(best == OUT || rig.out[i].at_ns < rig.out[best].at_ns))
				best = i;
		if (best < OUT)
			next_ns = MIN(next_ns, rig.out[best].at_ns);
		if (next_ns > until_ns)
			break;
		rig.now_ns = MAX(rig.now_ns, next_ns);
		if (best < OUT && rig.out[best].at_ns <= rig.now_ns) {
			size_t n = rig.out[best].n;

			rig.out[best].n = 0;
			rig.n_out -= rig.n_out > 0;
			link_bytes(rig.link, rig.out[best].bytes, n, rig.now_ns);
		} else {
			link_time(rig.link, rig.now_ns);
			rig.n_out = 0; /* after a timeout nobody waits any more */
			for (size_t i = 0; i < OUT; i++)
				rig.n_out += rig.out[i].n > 0;
		}
		take();
	}
	rig.now_ns = until_ns;
}

static unsigned
good(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < POINTS; i++)
		n += rig.n_good[i];
	return n;
}

static unsigned
bad(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < POINTS; i++)
		n += rig.n_bad[i];
	return n;
}

static struct board_state
state_of(void)
{
	struct board_state s = { 0 };

	link_state(rig.link, 0, &s);
	return s;
}

static void
forget(void)
{
	memset(rig.n_good, 0, sizeof(rig.n_good));
	memset(rig.n_bad, 0, sizeof(rig.n_bad));
	rig.most_out = 0;
	rig.n_crowds = 0;
}

static int
write_to(unsigned point, uint32_t tag, int64_t v)
{
	struct err err = { .msg = "" };
	int rc = link_write(rig.link, point, tag, (union value){ .i = v }, NULL, rig.now_ns, &err);

	take();
	return rc;
}

/* ---- devices that bear it -------------------------------------------------------------------------------------------- */

static void
test_a_device_that_takes_many(void **state)
{
	unsigned single;

	start(TAKES_MANY, 1, POINTS, 0, 1 * MS);
	run(rig.now_ns + 10 * S);
	assert_int_equal(rig.most_out, 1);
	single = good();
	assert_in_range(single, 1980, 2001);
	done();
	start(TAKES_MANY, 0, POINTS, 0, 1 * MS);
	run(rig.now_ns + 5 * S);
	forget();
	run(rig.now_ns + 10 * S);
	assert_int_equal(rig.most_out, 16);
	assert_true(good() >= 8 * single);
	assert_true(good() >= 15 * single); /* in fact all of it */
	assert_int_equal(bad() + rig.n_wrong, 0);
	assert_int_equal(state_of().timeouts, 0);
	assert_int_equal(rig.n_states, 1);
	assert_int_equal(rig.n_opens, 1);
	done();
}

static void
test_answers_out_of_order(void **state)
{
	start(TAKES_MANY_UNORDERED, 0, POINTS, 0, 1 * MS);
	run(rig.now_ns + 20 * S);
	assert_true(rig.most_out > 2);
	assert_int_equal(bad() + rig.n_wrong, 0);
	assert_int_equal(state_of().stray + state_of().timeouts + state_of().errors, 0);
	for (unsigned i = 0; i < POINTS; i++)
		assert_true(rig.n_good[i] > 100);
	done();
}

/* The window is no wider than it helps: what waits in the device only grows old. */
static void
test_a_device_that_queues(void **state)
{
	start(QUEUES, 0, POINTS, 0, 1 * MS);
	run(rig.now_ns + 5 * S);
	forget();
	run(rig.now_ns + 60 * S);
	assert_in_range(rig.most_out, 1, 3);
	assert_int_equal(bad() + rig.n_wrong, 0);
	assert_int_equal(state_of().timeouts, 0);
	assert_in_range(good(), 60 * 198, 60 * 201); /* and costs nothing */
	done();
}

/* Nobody needs several where one at a time is quick enough. */
static void
test_no_trial_without_need(void **state)
{
	start(TAKES_MANY, 0, 4, 0, 1 * S);
	run(rig.now_ns + 5 * S);
	rig.most_out = 0;
	run(rig.now_ns + 60 * S);
	assert_true(rig.most_out <= 4);
	assert_int_equal(bad() + rig.n_wrong, 0);
	done();
}

/* ---- devices that do not ------------------------------------------------------------------------------------------------ */

static void
bears_no_trial(enum manner manner)
{
	static const int64_t waits_s[] = { 10, 40, 160 };
	int64_t start_ns;
	unsigned before;

	start(manner, 0, POINTS, 0, 1 * MS);
	start_ns = rig.now_ns;
	run(start_ns + 300 * S);
	assert_int_equal(bad() + rig.n_wrong, 0);
	assert_int_equal(rig.state, INSTRUMENT_UP);
	assert_int_equal(rig.n_states, 1);
	assert_int_equal(rig.most_out, 2);
	assert_int_equal(rig.n_crowds, 4);
	for (size_t i = 0; i < NELEM(waits_s); i++)
		assert_in_range(rig.crowd_ns[i + 1] - rig.crowd_ns[i], waits_s[i] * S,
			(waits_s[i] + 2) * S);
	/* Between trials it is polled as fast as before. */
	before = good();
	run(rig.now_ns + 10 * S);
	assert_in_range(good() - before, 1980, 2001);
	done();
}

static void
test_a_device_that_drops(void **state)
{
	bears_no_trial(DROPS);
}

static void
test_a_device_that_closes(void **state)
{
	bears_no_trial(CLOSES);
}

static void
test_a_device_that_answers_rubbish(void **state)
{
	bears_no_trial(GARBLES);
}

/* It has proved that it takes two and bears no more than three. */
static void
test_a_device_with_a_limit(void **state)
{
	start(TAKES_MANY, 0, POINTS, 0, 1 * MS);
	rig.n_limit = 3;
	run(rig.now_ns + 100 * S);
	assert_int_equal(bad() + rig.n_wrong, 0);
	assert_int_equal(rig.state, INSTRUMENT_UP);
	assert_int_equal(rig.n_states, 1);
	assert_true(good() > 100 * 190);
	done();
}

/* It dies with many under way: told after the usual tries, and nothing is lost when it is back. */
static void
test_death_with_many_under_way(void **state)
{
	start(TAKES_MANY, 0, POINTS, 0, 1 * MS);
	run(rig.now_ns + 5 * S);
	assert_int_equal(rig.most_out, 16);
	rig.manner = IS_SILENT;
	run(rig.now_ns + 3 * S);
	assert_int_equal(rig.state, INSTRUMENT_DOWN);
	assert_int_equal(rig.last[0].quality, Q_NO_ANSWER);
	rig.manner = TAKES_MANY;
	run(rig.now_ns + 20 * S);
	assert_int_equal(rig.state, INSTRUMENT_UP);
	forget();
	run(rig.now_ns + 40 * S);
	assert_int_equal(rig.most_out, 16);
	assert_int_equal(bad() + rig.n_wrong, 0);
	done();
}

static void
test_a_connection_lost_with_many_under_way(void **state)
{
	start(TAKES_MANY, 0, POINTS, 0, 1 * MS);
	run(rig.now_ns + 5 * S);
	for (int i = 0; i < 20; i++) {
		close_wire();
		link_closed(rig.link, Q_LINK_LOST, "closed by the other side", rig.now_ns);
		take();
		run(rig.now_ns + 3 * S);
		assert_int_equal(rig.state, INSTRUMENT_UP);
		assert_int_equal(rig.last[i].quality, Q_GOOD);
		assert_int_equal(rig.n_wrong, 0);
	}
	done();
}

/* ---- what the user wrote ------------------------------------------------------------------------------------------------ */

static void
test_a_number_that_the_user_wrote(void **state)
{
	for (uint32_t pipeline = 1; pipeline <= 16; pipeline++) {
		start(TAKES_MANY, pipeline, POINTS, 0, 1 * MS);
		run(rig.now_ns + 100 * MS);
		assert_int_equal(rig.most_out, pipeline); /* from the first moment on */
		run(rig.now_ns + 10 * S);
		assert_int_equal(rig.most_out, pipeline);
		assert_in_range(good(), pipeline * 1980, pipeline * 2030);
		assert_int_equal(bad() + rig.n_wrong, 0);
		done();
	}
}

/* ---- plans, writes, reloads ------------------------------------------------------------------------------------------------ */

static void
test_a_plan_that_changes_loses_nothing(void **state)
{
	for (uint32_t pipeline = 0; pipeline <= 16; pipeline += 4)
		for (int refused = 0; refused < 20; refused += 3) {
			start(TAKES_MANY, pipeline, 30, 20, 10 * MS);
			run(rig.now_ns + 3 * S);
			assert_int_equal(bad(), 0);
			rig.refused = refused;
			run(rig.now_ns + 1 * S); /* it searches */
			assert_int_equal(rig.last[refused].quality, Q_BAD_ADDRESS);
			forget();
			run(rig.now_ns + 10 * S);
			for (int i = 0; i < 30; i++) {
				if (i == refused)
					continue;
				assert_int_equal(rig.n_bad[i], 0);
				/* 10 blocks and two halves: 15 ms with four at a time. */
				assert_true(rig.n_good[i] >= (pipeline == 4 ? 450u : 900u));
			}
			assert_int_equal(rig.n_good[refused], 0);
			assert_int_equal(rig.n_wrong, 0);
			done();
		}
}

static void
test_writes_keep_their_order(void **state)
{
	for (uint32_t pipeline = 0; pipeline <= 16; pipeline += 8) {
		uint32_t tag = 0;

		start(TAKES_MANY_UNORDERED, pipeline, POINTS, 0, 1 * MS);
		run(rig.now_ns + 2 * S);
		for (int round = 0; round < 12; round++) {
			for (int i = 0; i < 16; i++, tag++)
				assert_int_equal(write_to(tag % POINTS, tag, tag), 0);
			run(rig.now_ns + 1 * S);
			assert_int_equal(rig.n_writes, tag);
			assert_int_equal(rig.n_verdicts, tag);
		}
		for (size_t i = 0; i < rig.n_writes; i++)
			assert_int_equal(rig.written[i], i);
		assert_int_equal(rig.n_bad_verdicts + bad() + rig.n_wrong, 0);
		done();
	}
}

/* Many under way, and the device falls silent: a write is sent as often as `retries` says, whatever becomes of its neighbours. */
static void
test_no_write_is_sent_too_often(void **state)
{
	unsigned most = 0;

	for (int round = 0; round < 40; round++) {
		unsigned n = 0;

		start(TAKES_MANY, 0, POINTS, 0, 1 * MS);
		run(rig.now_ns + 5 * S);
		assert_int_equal(rig.most_out, 16);
		rig.manner = IS_SILENT;
		run(rig.now_ns + round * 300 * NS_PER_US);
		assert_int_equal(write_to(4, 2, 78), 0);
		run(rig.now_ns + 5 * S);
		for (size_t i = 0; i < MIN(rig.n_log, LOG); i++)
			n += rig.log[i].function == MODBUS_WRITE_REGISTER;
		most = MAX(most, n);
		assert_int_equal(rig.n_verdicts, 1); /* it is told what became of it */
		done();
	}
	assert_int_equal(most, 2);
}

/* It may be that the device did not bear it beside others: they go one by one again. */
static void
test_a_lost_write_shrinks_the_window(void **state)
{
	start(TAKES_MANY, 0, POINTS, 0, 1 * MS);
	run(rig.now_ns + 5 * S);
	assert_int_equal(rig.most_out, 16);
	rig.manner = DROPS_WRITES;
	assert_int_equal(write_to(4, 2, 78), 0);
	run(rig.now_ns + 100 * MS); /* it is on its way */
	rig.manner = TAKES_MANY;
	run(rig.now_ns + 450 * MS); /* it is given up, and sent again */
	forget();
	run(rig.now_ns + 1 * S);
	assert_int_equal(rig.most_out, 1);
	assert_int_equal(rig.n_writes, 1);
	assert_int_equal(rig.n_verdicts, 1);
	assert_int_equal(rig.n_bad_verdicts + bad() + rig.n_wrong, 0);
	assert_int_equal(rig.n_states, 1);
	done();
}

/* As long as the device has not proved that it takes several, a write is alone on the wire. */
static void
test_no_write_in_a_trial(void **state)
{
	static const enum manner manners[] = { DROPS, CLOSES, GARBLES };

	for (size_t m = 0; m < NELEM(manners); m++) {
		uint32_t tag = 0;

		start(manners[m], 0, POINTS, 0, 1 * MS);
		while (rig.now_ns < 1000 * S + 60 * S) {
			if (tag < 200)
				assert_int_equal(write_to(tag % POINTS, tag, tag), 0);
			tag += tag < 200;
			run(rig.now_ns + (int64_t)rand_below(&rig.chance, 600 * MS));
			assert_int_equal(rig.n_mixed, 0);
		}
		assert_true(rig.n_crowds >= 2);      /* trials there were */
		assert_int_equal(rig.n_writes, tag); /* each once */
		assert_int_equal(rig.n_bad_verdicts + bad() + rig.n_wrong, 0);
		done();
	}
}

static void
test_a_reload_with_many_under_way(void **state)
{
	for (int round = 0; round < 40; round++) {
		struct image *img = make_image(0, POINTS, 0, 1 * MS, round % 4 == 3 ? 1 : 0);
		struct image *old_img;
		struct link *old, *next;
		uint64_t stray, requests;

		start(TAKES_MANY, 0, POINTS, 0, 1 * MS);
		run(rig.now_ns + 5 * S + round * 300 * NS_PER_US);
		assert_int_equal(rig.most_out, 16);
		assert_true(rig.n_out > 8);
		requests = state_of().requests;
		stray = state_of().stray;
		old = rig.link;
		old_img = rig.img;
		next = link_new(img, 0, codec_find, &rig.sink, rig.now_ns);
		rig.img = img;
		assert_true(link_adopt(next, old, rig.now_ns));
		rig.link = next;
		link_free(old);
		free(old_img);
		forget();
		take();
		run(rig.now_ns + 1 * S);
		assert_int_equal(bad() + rig.n_wrong, 0);
		assert_true(good() > 3000);
		assert_int_equal(rig.n_opens, 1);
		if (round % 4 != 3) { /* it is the same: its answers are its own */
			assert_int_equal(rig.most_out, 16);
			assert_int_equal(state_of().stray, stray);
			assert_true(state_of().requests > requests + 3000);
		}
		done();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_that_takes_many),
		cmocka_unit_test(test_answers_out_of_order),
		cmocka_unit_test(test_a_device_that_queues),
		cmocka_unit_test(test_no_trial_without_need),
		cmocka_unit_test(test_a_device_that_drops),
		cmocka_unit_test(test_a_device_that_closes),
		cmocka_unit_test(test_a_device_that_answers_rubbish),
		cmocka_unit_test(test_a_device_with_a_limit),
		cmocka_unit_test(test_death_with_many_under_way),
		cmocka_unit_test(test_a_connection_lost_with_many_under_way),
		cmocka_unit_test(test_a_number_that_the_user_wrote),
		cmocka_unit_test(test_a_plan_that_changes_loses_nothing),
		cmocka_unit_test(test_writes_keep_their_order),
		cmocka_unit_test(test_no_write_is_sent_too_often),
		cmocka_unit_test(test_a_lost_write_shrinks_the_window),
		cmocka_unit_test(test_no_write_in_a_trial),
		cmocka_unit_test(test_a_reload_with_many_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
