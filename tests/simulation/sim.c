/* sim.c - the controller in a world of faults, on a virtual clock
 *
 *	sim                        seeds 1 .. 300
 *	sim --seed N               one seed, twice: it must give the same bytes
 *	sim --seeds N              seeds 1 .. N
 *	sim --for SECONDS          seeds from the clock, for that long
 *	sim --seconds N            length of the storm, in virtual seconds (default 40)
 *	sim --bench FILE.image     a compiled bench in place of those made by chance
 *	sim --break WHAT           with a codec that is broken: succeeds when that is noticed. WHAT: match, it takes every answer
 *	                           for the right one; crc, it checks none; quarantine, a line waits for no late answer
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "drivers/list.h"
#include "run.h"
#include "twin/twin.h"
#include "writes.h"

#define TWICE_EACH 10 /* every tenth seed runs twice */

struct totals {
	uint64_t seeds, exchanges, records, lost_ticks, clock_steps, reloads, kills, writes, good;
	uint64_t faults[WORLD_FAULTS];
	int64_t span_s;
};

/* ---- codecs that are broken on purpose ------------------------------------------------------------------------------ */

enum breaking { NOTHING, MATCH, CRC, QUARANTINE };

static const struct {
	const char *word, *what;
} breakings[] = {
	[NOTHING] = { "", "" },
	[MATCH] = { "match", "a codec that takes every answer" },
	[CRC] = { "crc", "a codec that checks no CRC" },
	[QUARANTINE] = { "quarantine", "a line that waits for no late answer" },
};

static enum breaking broken_how;

static enum match
match_anything(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return MATCH_MINE;
}

/* The end of a reading follows from its count, and that is enough. */
static int
cut_unchecked(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	if (n >= 3 && in[1] >= 1 && in[1] <= 4 && n >= 5u + in[2])
		return CUT_FRAME(5 + in[2]);
	return codec_find("modbus-rtu")->cut(ins, req, in, n, wire);
}

static bool
never_alike(const struct instrument *ins_a, const struct request *a, const struct instrument *ins_b,
	const struct request *b)
{
	return false;
}

static const struct codec *
find_broken(const char *name)
{
	static struct codec line, tcp;
	const struct codec *c = codec_find(name);
	bool is_line = strcmp(name, "modbus-rtu") == 0;
	struct codec *broken = is_line ? &line : &tcp;

	if (c == NULL)
		return NULL;
	*broken = *c;
	if (broken_how == MATCH)
		broken->match = match_anything;
	if (broken_how == CRC && is_line)
		broken->cut = cut_unchecked;
	if (broken_how == QUARANTINE && is_line) {
		broken->has_tag = true; /* it says so */
		broken->alike = never_alike;
	}
	return broken;
}

/* ---- counts ----------------------------------------------------------------------------------------------------------- */

static void
add(struct totals *t, const struct run_result *r)
{
	t->seeds++;
	t->exchanges += r->exchanges;
	t->records += r->records;
	t->lost_ticks += r->lost_ticks;
	t->clock_steps += r->clock_steps;
	t->reloads += r->reloads;
	t->kills += r->kills;
	t->writes += r->writes;
	t->good += r->good;
	t->span_s += r->span_ns / NS_PER_S;
	for (int f = 0; f < WORLD_FAULTS; f++)
		t->faults[f] += r->faults[f];
}

static void
print_totals(const struct totals *t)
{
	printf("%llu seeds, %lld s of bench time, %llu exchanges, %llu records on the tape, %llu "
	       "lost ticks, "
	       "%llu steps of the clock, %llu reloads, %llu kills of the recorder, %llu writes of "
	       "which %llu passed\n",
		(unsigned long long)t->seeds, (long long)t->span_s,
		(unsigned long long)t->exchanges, (unsigned long long)t->records,
		(unsigned long long)t->lost_ticks, (unsigned long long)t->clock_steps,
		(unsigned long long)t->reloads, (unsigned long long)t->kills,
		(unsigned long long)t->writes, (unsigned long long)t->good);
	printf("faults:");
	for (int f = 0; f < WORLD_FAULTS; f++)
		printf(" %s %llu", world_word((enum world_fault)f),
			(unsigned long long)t->faults[f]);
	printf("\n");
}

/* True when the seed holds. */
static bool
try_seed(const struct run_setup *setup, bool twice, const char *self, struct totals *t)
{
	struct run_result r, again;
	bool is_good = run_seed(setup, &r) && writes_seed(setup, &r);

	add(t, &r);
	if (is_good && twice) {
		if (run_seed(setup, &again))
			writes_seed(setup, &again);
		if (again.digest != r.digest) {
			is_good = false;
			text_copy(r.breach, sizeof(r.breach), "two runs differ");
		}
	}
	if (!is_good)
		printf("seed %llu failed: %s; replay: %s --seed %llu --seconds %lld\n",
			(unsigned long long)setup->seed, r.breach, self,
			(unsigned long long)setup->seed, (long long)(setup->storm_ns / NS_PER_S));
	return is_good;
}

static const struct image *
load_bench(const char *path)
{
	struct err err = { 0 };
	struct stat st;
	void *bytes = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (bytes == MAP_FAILED) {
		fprintf(stderr, "sim: %s: cannot be read; make one with mbc-compile --out-fd\n",
			path);
		return NULL;
	}
	if (image_check(bytes, (size_t)st.st_size, &err) < 0) {
		fprintf(stderr, "sim: %s: %s\n", path, err.msg);
		return NULL;
	}
	for (uint32_t i = 0; i < ((const struct image *)bytes)->links.n; i++)
		if (twin_instruments(bytes, i) > 0)
			return bytes;
	fprintf(stderr,
		"sim: %s: no instrument on a link that can be played, so there is nothing to "
		"simulate\n",
		path);
	return NULL;
}

static int
usage(void)
{
	fputs("usage: sim [--seed N] [--seeds N] [--for SECONDS] [--seconds N] "
	      "[--bench "
	      "FILE.image] "
	      "[--break match|crc|quarantine]\n",
		stderr);
	return 2;
}

static int64_t
seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

struct args {
	int64_t seed, seeds, for_s, storm_s;
	const char *bench;
};

static bool
parse_break(const char *word)
{
	for (size_t i = NOTHING + 1; i < NELEM(breakings); i++)
		if (strcmp(word, breakings[i].word) == 0)
			broken_how = (enum breaking)i;
	return broken_how != NOTHING;
}

static bool
parse(int argc, char **argv, struct args *out)
{
	for (int i = 1; i < argc; i += 2) {
		int64_t *number = strcmp(argv[i], "--seed") == 0      ? &out->seed
				  : strcmp(argv[i], "--seeds") == 0   ? &out->seeds
				  : strcmp(argv[i], "--for") == 0     ? &out->for_s
				  : strcmp(argv[i], "--seconds") == 0 ? &out->storm_s
								      : NULL;

		if (i + 1 == argc)
			return false;
		if (strcmp(argv[i], "--bench") == 0)
			out->bench = argv[i + 1];
		else if (strcmp(argv[i], "--break") == 0 && parse_break(argv[i + 1]))
			continue;
		else if (number == NULL || !text_to_int(argv[i + 1], number) || *number < 0)
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct args args = { .seed = -1, .seeds = 300, .storm_s = 40 };
	struct run_setup setup = { .codec_of = codec_find };
	struct totals totals = { 0 };
	bool is_good = true;
	int64_t until_s = 0;

	if (!parse(argc, argv, &args))
		return usage();
	if (args.bench != NULL && (setup.img = load_bench(args.bench)) == NULL)
		return 2;
	if (broken_how != NOTHING)
		setup.codec_of = find_broken;
	setup.storm_ns = args.storm_s * NS_PER_S;
	setup.seed = args.seed >= 0 ? (uint64_t)args.seed : 1;
	if (args.for_s > 0) {
		setup.seed = (uint64_t)time(NULL) * 1000000;
		until_s = seconds_now() + args.for_s;
		printf("seeds from %llu on\n", (unsigned long long)setup.seed);
	}
	do {
		bool twice = args.seed >= 0 || setup.seed % TWICE_EACH == 0;

		is_good = try_seed(&setup, twice, argv[0], &totals);
		setup.seed++;
	} while (is_good && args.seed < 0 &&
		 (args.for_s > 0 ? seconds_now() < until_s : totals.seeds < (uint64_t)args.seeds));
	print_totals(&totals);
	if (broken_how != NOTHING) {
		printf("%s was %snoticed\n", breakings[broken_how].what, is_good ? "not " : "");
		return is_good;
	}
	return is_good ? 0 : 1;
}
