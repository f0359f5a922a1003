/* store_bench.c - how fast the recorder's store takes samples, how many bytes it writes, and SQLite with a row a sample beside it
 *
 *	store_bench fill FOLDER SAMPLES		as many as it can, each 1 000 000 of them on disk
 *	store_bench rows FILE SAMPLES		the same samples as rows, WITHOUT ROWID (id, t), committed as often
 *	store_bench day FOLDER CHANNELS SECONDS COMMIT_S	at the pace of a bench (1 Hz each), not waited for: what is written to the disk
 *	store_bench print SAMPLES		the samples as "id,t,value" for other programs
 *
 * 1000 channels from a fixed seed: temperatures in 0.1 degC steps with noise of 1.5 steps on slow ramps, flows in 0.01 steps, valves that change
 * seldom; 1 Hz with +-2 ms of jitter. Prints: samples, seconds of processor time and of the clock, bytes on disk, bytes written, KiB resident.
 */
#include <dirent.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "history/store.h"
#include "msg/quality.h"

#define SEED 20261126
#define CHANNELS 1000
#define BATCH 1000000

struct signal {
	uint64_t seed;
	double last;
};

static struct signal signals[100000];

static double
noise(uint64_t *seed)
{
	double u = rand_unit(seed) + 1e-300;

	return sqrt(-2 * log(u)) * cos(2 * M_PI * rand_unit(seed));
}

/* Of ten channels six are temperatures, three flows, one a valve. */
static double
value_at(uint32_t channel, int64_t second)
{
	struct signal *s = &signals[channel];
	double phase = (double)((second + channel * 37) % 3600) / 1800;

	if (channel % 10 < 6)
		return round((20 + 60 * (phase < 1 ? phase : 2 - phase)) * 10 +
			       1.5 * noise(&s->seed)) /
		       10;
	if (channel % 10 < 9)
		return round((double)(5 + channel % 20) * 100 + 2 * noise(&s->seed)) / 100;
	if (rand_below(&s->seed, 600) == 0)
		s->last = s->last > 0 ? 0 : 1;
	return s->last;
}

static void
sample_at(uint32_t channel, int64_t second, struct sample *out)
{
	int64_t jitter = (int64_t)rand_below(&signals[channel].seed, 5) - 2;

	out->stamp_ns = (second + 1) * NS_PER_S + (int64_t)(channel % 1000) * NS_PER_MS +
			jitter * NS_PER_MS;
	out->v.f = value_at(channel, second);
	out->quality = Q_GOOD;
	out->code = 0;
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t
file_number(const char *path, const char *key)
{
	char line[200];
	FILE *f = fopen(path, "r");
	uint64_t v = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtoull(line + strlen(key), NULL, 10);
	if (f != NULL)
		fclose(f);
	return v;
}

static uint64_t
folder_bytes(const char *dir)
{
	struct dirent *e;
	uint64_t bytes = 0;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	}
	if (d != NULL)
		closedir(d);
	return bytes;
}

static void
report(uint64_t n, double cpu, double wall, uint64_t bytes)
{
	printf("%llu %.3f %.3f %llu %llu %llu\n", (unsigned long long)n, cpu, wall,
		(unsigned long long)bytes,
		(unsigned long long)file_number("/proc/self/io", "write_bytes: "),
		(unsigned long long)file_number("/proc/self/status", "VmHWM:"));
}

static void
die(const char *what)
{
	fprintf(stderr, "store_bench: %s\n", what);
	exit(2);
}

static struct store *
open_store(const char *dir, uint32_t channels, uint32_t *numbers)
{
	const struct store_setup setup = { .dir = dir, .bench = "perf" };
	struct err err;
	struct store *s = store_open(&setup, INT64_C(1700000000) * NS_PER_S, &err);

	if (s == NULL || store_boot(s, "6ae92229-3812-4fa4-870d-626a0ecbe58c", &err) < 0 ||
		store_channels_begin(s, &err) < 0)
		die(err.msg);
	for (uint32_t i = 0; i < channels; i++) {
		char name[16];
		struct store_channel ch = { .id = i + 1,
			.type = VALUE_FLOAT,
			.name = name,
			.unit = "",
			.title = "",
			.instrument = "",
			.choices = "" };

		snprintf(name, sizeof(name), "c%u", i);
		if (store_channel(s, &ch, &numbers[i], &err) < 0)
			die(err.msg);
	}
	if (store_channels_end(s, true, &err) < 0)
		die(err.msg);
	return s;
}

static void
commit(struct store *s, int64_t second)
{
	struct store_place place = { .boot_id = "6ae92229-3812-4fa4-870d-626a0ecbe58c",
		.made_ns = 1,
		.seq = (uint64_t)second + 1 };
	struct err err;

	if (store_commit(s, &place, second * NS_PER_S, (INT64_C(1700000000) + second) * NS_PER_S,
		    &err) < 0)
		die(err.msg);
}

/* What a million samples cost to make is not counted: they are made beforehand. */
static void
fill(const char *dir, uint64_t total)
{
	struct sample *batch = mem_zero(BATCH, sizeof(*batch));
	uint32_t numbers[CHANNELS];
	struct store *s = open_store(dir, CHANNELS, numbers);
	double cpu = 0, wall = 0;
	int64_t second = 0;

	for (uint64_t done = 0; done < total; done += BATCH) {
		double cpu0, wall0;

		for (uint32_t i = 0; i < BATCH; i++)
			sample_at(i % CHANNELS, second + i / CHANNELS, &batch[i]);
		cpu0 = seconds(CLOCK_PROCESS_CPUTIME_ID);
		wall0 = seconds(CLOCK_MONOTONIC);
		for (uint32_t i = 0; i < BATCH; i++)
			store_add(s, numbers[i % CHANNELS], &batch[i]);
		second += BATCH / CHANNELS;
		commit(s, second);
		cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu0;
		wall += seconds(CLOCK_MONOTONIC) - wall0;
	}
	store_close(s);
	report(total, cpu, wall, folder_bytes(dir));
}

static void
sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
}

static void
rows(const char *path, uint64_t total)
{
	struct sample *batch = mem_zero(BATCH, sizeof(*batch));
	double cpu = 0, wall = 0;
	sqlite3_stmt *st;
	sqlite3 *db;
	struct stat file;
	int64_t second = 0;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		die("cannot open the file");
	sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"CREATE TABLE s(id INTEGER, t INTEGER, v REAL, PRIMARY KEY(id, t)) WITHOUT ROWID");
	if (sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO s VALUES(?1, ?2, ?3)", -1, &st, NULL) !=
		SQLITE_OK)
		die(sqlite3_errmsg(db));
	for (uint64_t done = 0; done < total; done += BATCH) {
		double cpu0, wall0;

		for (uint32_t i = 0; i < BATCH; i++)
			sample_at(i % CHANNELS, second + i / CHANNELS, &batch[i]);
		cpu0 = seconds(CLOCK_PROCESS_CPUTIME_ID);
		wall0 = seconds(CLOCK_MONOTONIC);
		sql(db, "BEGIN");
		for (uint32_t i = 0; i < BATCH; i++) {
			sqlite3_bind_int64(st, 1, i % CHANNELS);
			sqlite3_bind_int64(st, 2, batch[i].stamp_ns / NS_PER_MS);
			sqlite3_bind_double(st, 3, batch[i].v.f);
			sqlite3_step(st);
			sqlite3_reset(st);
		}
		sql(db, "COMMIT");
		second += BATCH / CHANNELS;
		cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu0;
		wall += seconds(CLOCK_MONOTONIC) - wall0;
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	stat(path, &file);
	report(total, cpu, wall, (uint64_t)file.st_size);
}

/* Values that have not changed are not recorded, as at a bench. */
static void
day(const char *dir, uint32_t channels, int64_t total_s, int64_t commit_s)
{
	uint32_t *numbers = mem_zero(channels, sizeof(*numbers));
	int64_t *taped = mem_zero(channels, sizeof(*taped));
	double *last = mem_zero(channels, sizeof(*last)), cpu0, wall0;
	struct store *s = open_store(dir, channels, numbers);
	uint64_t n = 0;

	cpu0 = seconds(CLOCK_PROCESS_CPUTIME_ID);
	wall0 = seconds(CLOCK_MONOTONIC);
	for (int64_t second = 0; second < total_s; second++) {
		for (uint32_t i = 0; i < channels; i++) {
			struct sample sample;

			sample_at(i, second, &sample);
			if (second > 0 && !(sample.v.f < last[i]) && !(sample.v.f > last[i]) &&
				sample.stamp_ns - taped[i] < 60 * NS_PER_S)
				continue;
			last[i] = sample.v.f;
			taped[i] = sample.stamp_ns;
			store_add(s, numbers[i], &sample);
			n++;
		}
		if ((second + 1) % commit_s == 0)
			commit(s, second + 1);
	}
	report(n, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu0, seconds(CLOCK_MONOTONIC) - wall0,
		folder_bytes(dir));
	store_close(s);
}

static void
print(uint64_t total)
{
	for (uint64_t i = 0; i < total; i++) {
		struct sample s;
		char number[32];

		sample_at((uint32_t)(i % CHANNELS), (int64_t)(i / CHANNELS), &s);
		text_from_double(number, s.v.f);
		printf("%u,%lld,%s\n", (unsigned)(i % CHANNELS),
			(long long)(s.stamp_ns / NS_PER_MS), number);
	}
}

int
main(int argc, char **argv)
{
	for (uint32_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signals[i].seed = SEED + i;
	if (argc == 4 && strcmp(argv[1], "fill") == 0)
		fill(argv[2], strtoull(argv[3], NULL, 10));
	else if (argc == 4 && strcmp(argv[1], "rows") == 0)
		rows(argv[2], strtoull(argv[3], NULL, 10));
	else if (argc == 6 && strcmp(argv[1], "day") == 0)
		day(argv[2], (uint32_t)strtoul(argv[3], NULL, 10), strtoll(argv[4], NULL, 10),
			strtoll(argv[5], NULL, 10));
	else if (argc == 3 && strcmp(argv[1], "print") == 0)
		print(strtoull(argv[2], NULL, 10));
	else
		die("usage: fill FOLDER SAMPLES | rows FILE SAMPLES | day FOLDER CHANNELS SECONDS "
		    "COMMIT_S | print SAMPLES");
	return 0;
}
