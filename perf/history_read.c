/* history_read.c - a store of so many samples a second apart, and how long they take to be read
 *
 *	history_read write FOLDER N [FIRST]   N samples of `wave` (decimals) and of `count`; FIRST: seconds since 1970
 *	history_read raw FOLDER               all of `wave` decoded: the fastest of ten passes
 *	history_read buckets FOLDER POINTS    all of `wave` in buckets, by the answer that HTTP gives: the fastest of ten
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "history/answer.h"
#include "history/store.h"

#define FIRST_S INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define BOOT "11111111-1111-1111-1111-111111111111"
#define PASSES 10
#define A_COMMIT 4000

static int
fail(const struct err *err)
{
	fprintf(stderr, "history_read: %s\n", err->msg);
	return 1;
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- writing ---- */

static int
make_channels(struct store *s, uint32_t out[2], struct err *err)
{
	const struct store_channel channels[2] = { { .id = 1000001,
							   .type = VALUE_FLOAT,
							   .name = "wave",
							   .unit = "degC",
							   .title = "a wave with noise",
							   .instrument = "",
							   .choices = "" },
		{ .id = 1000002,
			.type = VALUE_UINT,
			.name = "count",
			.unit = "",
			.title = "a counter",
			.instrument = "",
			.choices = "" } };
	int rc = store_channels_begin(s, err);

	for (int i = 0; i < 2 && rc == 0; i++)
		rc = store_channel(s, &channels[i], &out[i], err);
	return rc < 0 ? rc : store_channels_end(s, true, err);
}

static int
commit(struct store *s, int64_t n, int64_t first_s, struct err *err)
{
	const struct store_place place = { .boot_id = BOOT, .made_ns = 1, .seq = (uint64_t)n };

	return store_commit(s, &place, n * NS_PER_S, (first_s + n) * NS_PER_S, err);
}

/* Noise of a tenth of a degree: what a thermocouple has. */
static double
wave_at(int64_t k, uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return round(3000 + 2000 * sin((double)k / 5000) + (double)(*state >> 62)) / 10;
}

static int
write_store(const char *dir, int64_t n, int64_t first_s)
{
	const struct store_setup setup = { .dir = dir, .bench = "large" };
	struct err err;
	struct store *s = store_open(&setup, first_s * NS_PER_S, &err);
	uint32_t channels[2];
	uint64_t state = 1;
	int rc;

	if (s == NULL || store_boot(s, BOOT, &err) < 0 || make_channels(s, channels, &err) < 0)
		return fail(&err);
	store_clock(s, 0, first_s * NS_PER_S, true);
	rc = 0;
	for (int64_t k = 0; k < n && rc == 0; k++) {
		struct sample wave = { .stamp_ns = k * NS_PER_S, .v.f = wave_at(k, &state) };
		struct sample count = { .stamp_ns = k * NS_PER_S, .v.u = (uint64_t)k };

		store_add(s, channels[0], &wave);
		store_add(s, channels[1], &count);
		if ((k + 1) % A_COMMIT == 0 || store_is_due(s))
			rc = commit(s, k + 1, first_s, &err);
	}
	if (rc == 0)
		rc = commit(s, n, first_s, &err);
	if (rc == 0)
		rc = store_seal(s, &err);
	store_close(s);
	return rc < 0 ? fail(&err) : 0;
}

/* ---- reading ---- */

static int
read_raw(struct reader *r, size_t *out_n, double *out_sum, struct err *err)
{
	struct reader_channel ch;
	struct series series;
	struct cursor *c;
	struct piece piece;
	int rc = reader_find(r, "wave", &ch, err);

	if (rc < 0)
		return rc;
	*out_n = 0;
	*out_sum = 0;
	series_init(&series, ch.type);
	c = cursor_new(r, &ch, INT64_MIN, INT64_MAX, true);
	while ((rc = cursor_next(c, &piece, err)) == 1 &&
		(rc = cursor_load(c, &series, err)) == 0) {
		*out_n += series.n;
		*out_sum += series.v[series.n - 1].f;
	}
	cursor_free(c);
	series_done(&series);
	return rc;
}

static int
measure_raw(struct reader *r)
{
	double least = HUGE_VAL, sum = 0;
	struct err err;
	size_t n = 0;

	for (int i = 0; i < PASSES; i++) {
		double began = now_ms();

		if (read_raw(r, &n, &sum, &err) < 0)
			return fail(&err);
		least = fmin(least, now_ms() - began);
	}
	printf("samples %zu ms %.2f sum %.1f\n", n, least, sum);
	return 0;
}

static int
answer_all(struct reader *r, const char *points, struct buf *out, struct err *err)
{
	const struct ask_words words = {
		.channels = "wave", .from = "first", .to = "now", .points = points
	};
	struct ask ask;
	struct answer *a;
	int rc = ask_read(&words, reader_recorded(r), false, &ask, err);

	(void)r;
	a = rc < 0 ? NULL : answer_new(r, &ask, err);
	ask_done(&ask);
	if (a == NULL)
		return err->code;
	buf_clear(out);
	do
		rc = answer_step(a, out, err);
	while (rc == 1);
	answer_free(a);
	return rc;
}

static int
measure_buckets(struct reader *r, const char *points)
{
	double least = HUGE_VAL;
	struct buf out = { 0 };
	struct err err;

	for (int i = 0; i < PASSES; i++) {
		double began = now_ms();

		if (answer_all(r, points, &out, &err) < 0)
			return fail(&err);
		least = fmin(least, now_ms() - began);
	}
	printf("bytes %zu ms %.2f\n", out.n, least);
	buf_done(&out);
	return 0;
}

int
main(int argc, char **argv)
{
	struct reader *r;
	struct err err;
	int rc = 1;

	if (argc >= 4 && strcmp(argv[1], "write") == 0)
		return write_store(argv[2], atoll(argv[3]), argc > 4 ? atoll(argv[4]) : FIRST_S);
	r = argc >= 3 ? reader_open(argv[2], &err) : NULL;
	if (argc >= 3 && r == NULL)
		return fail(&err);
	if (argc == 3 && strcmp(argv[1], "raw") == 0)
		rc = measure_raw(r);
	else if (argc == 4 && strcmp(argv[1], "buckets") == 0)
		rc = measure_buckets(r, argv[3]);
	else
		fprintf(stderr, "usage: see the top of history_read.c\n");
	reader_close(r);
	return rc;
}
