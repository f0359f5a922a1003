/* store_rig.c - stores whose samples are known */
#include "store_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/reader.h"
#include "msg/quality.h"

#define BOOT_A "11111111-1111-1111-1111-111111111111"
#define WALL (INT64_C(1700000000) * NS_PER_S) /* of a boot's time 0 */
#define N_CHANNELS 3

char rig_dir[64];

int
rig_make_dir(void **state)
{
	snprintf(rig_dir, sizeof(rig_dir), "/tmp/mbc-test-history-XXXXXX");
	assert_non_null(mkdtemp(rig_dir));
	return 0;
}

int
rig_remove_dir(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", rig_dir);
	return system(command);
}

struct store *
rig_open(const char *dir, uint64_t file_max)
{
	const struct store_setup setup = { .dir = dir, .bench = "test", .file_max = file_max };
	struct err err;
	struct store *s = store_open(&setup, WALL, &err);

	if (s == NULL)
		fail_msg("%s", err.msg);
	return s;
}

static const enum value_type types[N_CHANNELS] = { VALUE_FLOAT, VALUE_INT, VALUE_TEXT };

static void
make_channels(struct store *s, uint32_t numbers[N_CHANNELS])
{
	static const char *const names[N_CHANNELS] = { "T_bed", "count", "word" };
	struct err err;

	assert_int_equal(store_channels_begin(s, &err), 0);
	for (uint32_t i = 0; i < N_CHANNELS; i++) {
		struct store_channel ch = { .id = 10 + i,
			.type = types[i],
			.name = names[i],
			.unit = "",
			.title = "",
			.instrument = "",
			.choices = "" };

		assert_int_equal(store_channel(s, &ch, &numbers[i], &err), 0);
	}
	assert_int_equal(store_channels_end(s, true, &err), 0);
}

void
rig_sample(uint32_t i, uint64_t k, struct sample *out)
{
	uint64_t seed = k * 3 + i + 1;
	uint64_t chance = (seed * UINT64_C(0x9E3779B97F4A7C15)) >> 40;

	*out = (struct sample){ .stamp_ns =
					(int64_t)k * NS_PER_S + (int64_t)(chance % 5) * NS_PER_MS };
	out->quality = chance % 97 == 0 ? Q_NO_ANSWER : Q_GOOD;
	if (types[i] == VALUE_FLOAT && out->quality == Q_GOOD)
		out->v.f = (double)(200 + (int64_t)(chance % 7)) / 10;
	else if (types[i] == VALUE_INT && out->quality == Q_GOOD)
		out->v.i = (int64_t)k / 3;
	else if (types[i] == VALUE_TEXT)
		snprintf(out->text, sizeof(out->text), "text %u", (unsigned)(chance % 50));
}

static void
commit(struct store *s, uint64_t k)
{
	struct store_place place = { .boot_id = BOOT_A, .made_ns = 1, .seq = k };
	struct err err;

	if (store_commit(s, &place, (int64_t)k * NS_PER_S, WALL + (int64_t)k * NS_PER_S, &err) < 0)
		fail_msg("%s", err.msg);
}

/* All samples of a channel as the reader gives them are 0 .. n-1. */
void
rig_check(const char *dir, uint64_t n)
{
	static const char *const names[N_CHANNELS] = { "T_bed", "count", "word" };
	struct err err;
	struct reader *r = reader_open(dir, &err);

	assert_non_null(r);
	for (uint32_t i = 0; i < N_CHANNELS; i++) {
		struct reader_channel ch;
		struct cursor *c;
		struct piece piece;
		struct series series;
		uint64_t k = 0;
		int rc;

		assert_int_equal(reader_find(r, names[i], &ch, &err), 0);
		assert_int_equal(ch.type, types[i]);
		series_init(&series, ch.type);
		c = cursor_new(r, &ch, INT64_MIN, INT64_MAX, i % 2 == 0);
		while ((rc = cursor_next(c, &piece, &err)) == 1) {
			assert_int_equal(cursor_load(c, &series, &err), 0);
			assert_int_equal(piece.stats.n, series.n);
			for (size_t at = 0; at < series.n; at++, k++) {
				struct sample want, is;

				rig_sample(i, k, &want);
				series_sample(&series, at, &is);
				assert_int_equal(is.stamp_ns, want.stamp_ns);
				assert_int_equal(is.quality, want.quality);
				assert_memory_equal(&is.v, &want.v, sizeof(is.v));
				assert_string_equal(is.text, want.text);
			}
		}
		assert_int_equal(rc, 0);
		assert_int_equal(k, n);
		cursor_free(c);
		series_done(&series);
	}
	reader_close(r);
}

/* From sample `from` to `to`, some a commit. */
void
rig_write(struct store *s, uint64_t from, uint64_t to, unsigned a_commit, rig_fn committed)
{
	uint32_t numbers[N_CHANNELS];
	struct err err;

	assert_int_equal(store_boot(s, BOOT_A, &err), 0);
	make_channels(s, numbers);
	if (from == 0)
		store_clock(s, 0, WALL, true);
	for (uint64_t k = from; k < to; k++) {
		for (uint32_t i = 0; i < N_CHANNELS; i++) {
			struct sample sample;

			rig_sample(i, k, &sample);
			store_add(s, numbers[i], &sample);
		}
		if ((k + 1) % a_commit != 0 && !store_is_due(s))
			continue;
		commit(s, k + 1);
		if (committed != NULL)
			committed(k + 1);
	}
}
