/* chunk_bench.c - how small and how fast the history encoding is: chunk_bench [BYTES [SAMPLES]]
 *
 * Data like that of a bench, from a fixed seed; what does not change is not recorded, but confirmed each 60 s. It is cut into
 * blobs of at most BYTES (1000) as `history` does. Beside it gorilla on the same blobs: delta of delta of the times in ms and XOR of the
 * values, as a stream of bits (Pelkonen et al., VLDB 2015). Prints a line for each data set:
 *	name samples samples_a_blob bytes_a_sample gorilla plain encode_M/s decode_M/s open_bytes_1000
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "history/chunk.h"
#include "history/chunk_open.h"

#define SEED 20261126
#define JITTER_MS 2
#define CONFIRM_NS (60 * NS_PER_S)
#define ROUNDS 5

struct data {
	const char *name;
	enum value_type type;
	int64_t period_ns;
	union value (*at)(uint64_t *seed, size_t poll);
};

static double
noise(uint64_t *seed)
{
	double u = rand_unit(seed) + 1e-300;

	return sqrt(-2 * log(u)) * cos(2 * M_PI * rand_unit(seed));
}

/* Up and down between 20 and 80 degC, half an hour each way; noise of 1.5 steps of 0.1 degC. */
static union value
temperature(uint64_t *seed, size_t poll)
{
	double phase = (double)(poll % 3600) / 1800,
	       clean = 20 + 60 * (phase < 1 ? phase : 2 - phase);

	return (union value){ .f = round(clean * 10 + 1.5 * noise(seed)) / 10 };
}

static union value
temperature_10hz(uint64_t *seed, size_t poll)
{
	return temperature(seed, poll / 10);
}

/* A flow that is held at 5 set points in turn; noise of 2 steps of 0.01, as an instrument scales it. */
static union value
flow(uint64_t *seed, size_t poll)
{
	static const double points[] = { 12.5, 20, 5, 40, 0.5 };

	return (union value){
		.f = (double)llround(points[poll / 1200 % 5] * 100 + 2 * noise(seed)) * 0.01
	};
}

static union value
valve(uint64_t *seed, size_t poll)
{
	return (union value){ .i = poll / 271 % 2 ^ (rand_below(seed, 5000) == 0) };
}

static union value
mode(uint64_t *seed, size_t poll)
{
	static const int64_t words[] = { 0, 3, 7, 3, 12 };

	return (union value){ .i = words[(poll + rand_below(seed, 3)) / 643 % 5] };
}

/* A random walk with all bits of a double: nothing is to be had. */
static union value
walk(uint64_t *seed, size_t poll)
{
	static double at;

	at = poll == 0 ? 100 : at + noise(seed);
	return (union value){ .f = at };
}

static const struct data sets[] = {
	{ "temperature_1Hz", VALUE_FLOAT, NS_PER_S, temperature },
	{ "temperature_10Hz", VALUE_FLOAT, NS_PER_S / 10, temperature_10hz },
	{ "flow_1Hz", VALUE_FLOAT, NS_PER_S, flow },
	{ "flow_10Hz", VALUE_FLOAT, NS_PER_S / 10, flow },
	{ "valve_1Hz", VALUE_BOOL, NS_PER_S, valve },
	{ "mode_1Hz", VALUE_CHOICE, NS_PER_S, mode },
	{ "random_walk_1Hz", VALUE_FLOAT, NS_PER_S, walk },
};

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
make(const struct data *d, size_t n, struct series *out)
{
	uint64_t seed = SEED;
	union value before = { 0 };
	int64_t told = 0;

	series_init(out, d->type);
	for (size_t poll = 0; out->n < n; poll++) {
		struct sample s = { .v = d->at(&seed, poll) };

		s.stamp_ns =
			100 * NS_PER_S + (int64_t)poll * d->period_ns +
			((int64_t)rand_below(&seed, 2 * JITTER_MS + 1) - JITTER_MS) * NS_PER_MS;
		if (poll > 0 && value_same(d->type, before, s.v) &&
			(int64_t)poll * d->period_ns - told < CONFIRM_NS)
			continue;
		series_add(out, &s);
		before = s.v;
		told = (int64_t)poll * d->period_ns;
	}
}

/* The peer. Only its size is asked for, so bits are counted and not kept. */
static size_t
gorilla_value(uint64_t x, unsigned *lead, unsigned *width)
{
	unsigned first, last;

	if (x == 0)
		return 1;
	first = MIN((unsigned)__builtin_clzll(x), 31u);
	last = (unsigned)__builtin_ctzll(x);
	if (*width > 0 && first >= *lead && last >= 64 - *lead - *width)
		return 2 + *width;
	*lead = first;
	*width = 64 - first - last;
	return 2 + 5 + 6 + *width;
}

static size_t
gorilla_time(int64_t d)
{
	if (d == 0)
		return 1;
	if (d >= -63 && d <= 64)
		return 2 + 7;
	if (d >= -255 && d <= 256)
		return 3 + 9;
	return d >= -2047 && d <= 2048 ? 4 + 12 : 4 + 32;
}

static size_t
gorilla_bytes(const struct series *s, size_t from, size_t n)
{
	size_t bits = 64 + 64;
	unsigned lead = 0, width = 0;
	int64_t before = 0;

	for (size_t i = from + 1; i < from + n; i++) {
		int64_t step = (s->t[i] - s->t[i - 1]) / NS_PER_MS;
		union value v = { .f = value_double(s->type, s->v[i]) },
			    u = { .f = value_double(s->type, s->v[i - 1]) };

		bits += gorilla_time(step - before);
		bits += gorilla_value(v.u ^ u.u, &lead, &width);
		before = step;
	}
	return (bits + 7) / 8;
}

struct blobs {
	struct buf bytes;
	size_t *n;    /* [blob] samples */
	size_t *size; /* [blob] bytes */
	size_t count, n_samples;
};

static void
cut(struct chunk_coder *c, const struct series *s, size_t target, struct blobs *out)
{
	struct chunk_open *open = chunk_open_new(s->type);

	out->n = mem_zero(s->n, sizeof(*out->n));
	out->size = mem_zero(s->n, sizeof(*out->size));
	for (size_t i = 0; i < s->n; i++) {
		struct sample sample;
		size_t n, before = out->bytes.n;

		series_sample(s, i, &sample);
		chunk_open_add(open, c, &sample);
		n = chunk_open_seal(open, c, target, &out->bytes);
		if (n == 0)
			continue;
		out->n[out->count] = n;
		out->size[out->count++] = out->bytes.n - before;
		out->n_samples += n;
	}
	chunk_open_free(open);
}

static double
encode_s(struct chunk_coder *c, const struct series *s, const struct blobs *b, enum chunk_form form,
	struct buf *out)
{
	double began = now_s();

	buf_clear(out);
	for (size_t i = 0, from = 0; i < b->count; from += b->n[i++])
		chunk_encode(c, s, from, b->n[i], form, out);
	return now_s() - began;
}

static double
decode_s(struct chunk_coder *c, const struct blobs *b, struct series *out)
{
	double began = now_s();

	series_clear(out, out->type);
	for (size_t i = 0, at = 0; i < b->count; at += b->size[i++])
		if (chunk_decode(c, (const uint8_t *)b->bytes.data + at, b->size[i], out, NULL) < 0)
			exit(1);
	return now_s() - began;
}

static size_t
open_bytes(struct chunk_coder *c, const struct series *s)
{
	struct chunk_open *open = chunk_open_new(s->type);
	size_t bytes;

	for (size_t i = 0; i < 1000; i++) {
		struct sample sample;

		series_sample(s, i, &sample);
		chunk_open_add(open, c, &sample);
	}
	bytes = chunk_open_bytes(open);
	chunk_open_free(open);
	return bytes;
}

static void
measure(struct chunk_coder *c, const struct data *d, size_t target, size_t n)
{
	struct series s, back;
	struct blobs b = { 0 };
	struct buf made = { 0 };
	double encode = (double)INFINITY, decode = (double)INFINITY;
	size_t gorilla = 0, plain;

	make(d, n, &s);
	series_init(&back, d->type);
	cut(c, &s, target, &b);
	for (size_t i = 0, from = 0; i < b.count; from += b.n[i++])
		gorilla += gorilla_bytes(&s, from, b.n[i]);
	encode_s(c, &s, &b, CHUNK_PLAIN, &made);
	plain = made.n;
	for (int i = 0; i < ROUNDS; i++) {
		encode = MIN(encode, encode_s(c, &s, &b, CHUNK_PACKED, &made));
		decode = MIN(decode, decode_s(c, &b, &back));
	}
	if (back.n != b.n_samples || memcmp(back.t, s.t, back.n * sizeof(*s.t)) != 0 ||
		memcmp(back.v, s.v, back.n * sizeof(*s.v)) != 0)
		exit(1);
	printf("%s %zu %.0f %.3f %.3f %.3f %.1f %.1f %zu\n", d->name, s.n,
		(double)b.n_samples / (double)b.count, (double)b.bytes.n / (double)b.n_samples,
		(double)gorilla / (double)b.n_samples, (double)plain / (double)b.n_samples,
		(double)b.n_samples / encode * 1e-6, (double)b.n_samples / decode * 1e-6,
		open_bytes(c, &s));
	free(b.n);
	free(b.size);
	buf_done(&b.bytes);
	buf_done(&made);
	series_done(&s);
	series_done(&back);
}

int
main(int argc, char **argv)
{
	struct chunk_coder *c = chunk_coder_new();
	size_t target = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000;
	size_t n = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1000000;

	for (size_t i = 0; i < NELEM(sets); i++)
		measure(c, &sets[i], MAX(target, (size_t)100), MAX(n, (size_t)20000));
	chunk_coder_free(c);
	return 0;
}
