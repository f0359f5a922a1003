/* mishaps.c - instruments of the catalogue on wires where things go wrong
 *
 *	mishaps [--seed N] [--case WORD] IMAGE ...     each case of mishap.def that can befall these instruments, as TAP
 *	mishaps --for SECONDS | --questions N IMAGE ... one mishap after the other, by chance, from seeds of the clock
 *	mishaps --storm --seed N IMAGE                  one such seed again
 *	mishaps --trace ...                            and print what goes over the wire
 *	mishaps --break ...                             with codecs that take any answer: succeeds when that is noticed
 *
 * An image is a bench with one link, made by mishaps.py; WORD may be followed by the number of its form: refused.3.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "learn.h"
#include "msg/quality.h"
#include "scene.h"
#include "spy.h"

#define EVERY_MAX_NS                                                                               \
	(3 * NS_PER_S) /* what an instrument file asks for each minute is asked for more often here */
#define CALM_NS (6 * NS_PER_S)
#define IMAGE_MAX_BYTES (4u << 20)
#define STORM_MISHAPS 12

struct file {
	char name[80];
	struct image *img;
	struct moving_row *rows; /* NULL: not yet known */
};

struct totals {
	unsigned cases, failed;
	uint64_t seeds;
	struct scene_totals sums;
};

/* ---- images -------------------------------------------------------------------------------------------------------------- */

static struct image *
read_image(const char *path)
{
	struct image *img = mem_zero(1, IMAGE_MAX_BYTES);
	FILE *f = fopen(path, "rb");
	size_t n = f == NULL ? 0 : fread(img, 1, IMAGE_MAX_BYTES, f);
	struct err err = { .msg = "cannot be read" };

	if (f != NULL)
		fclose(f);
	if (n == 0 || image_check(img, n, &err) < 0) {
		fprintf(stderr, "mishaps: %s: %s; make it with mishaps.py\n", path, err.msg);
		exit(2);
	}
	for (uint32_t i = 0; i < img->points.n; i++) {
		struct image_point *p = (struct image_point *)((char *)img + img->points.off) + i;

		p->every_ns = MIN(p->every_ns, EVERY_MAX_NS);
	}
	return mem_grow(img, 1, img->size);
}

static void
load(struct file *f, const char *path)
{
	char room[400];

	text_copy(room, sizeof(room), path);
	text_copy(f->name, sizeof(f->name), basename(room));
	f->name[strcspn(f->name, ".")] = '\0';
	f->img = read_image(path);
}

static void
learn(struct file *f)
{
	if (f->rows != NULL)
		return;
	f->rows = learn_rows(f->img);
	for (uint32_t i = 0; scene_is_traced && i < f->img->points.n; i++)
		printf("# '%s': %u values, %s%s\n",
			image_text(f->img,
				image_channel_at(f->img, image_point_at(f->img, i)->channel)->name),
			moving_span(f->rows, i), moving_kind_word(f->rows, i),
			moving_is_told(f->rows, i) ? ", told unasked" : "");
}

/* ---- one thing goes wrong ------------------------------------------------------------------------------------------------- */

static int64_t
lasts(const struct scene *s, enum mishap kind)
{
	return (mishap_deals(kind) & (MISHAP_BLOCKS | MISHAP_WRITES) ? 30 : 20) * NS_PER_S +
	       6 * scene_timeout(s);
}

/* Is an answer said a second time, or to somebody else? One such may be taken for a late one that is awaited: no wire does both. */
static bool
is_foreign(enum mishap kind)
{
	return kind == MISHAP_REPLAY || kind == MISHAP_STRAY || kind == MISHAP_DOUBLED ||
	       kind == MISHAP_DOUBLED_LATE || kind == MISHAP_UNSOLICITED || kind == MISHAP_ECHO ||
	       kind == MISHAP_WRONG_ADDRESS;
}

static void
befall(struct scene *s, enum mishap kind, unsigned form)
{
	uint32_t first = 0;

	if (is_foreign(kind))
		scene_advance(s, s->now_ns + 4 * scene_timeout(s));

	if (scene_is_traced)
		printf("# from here: %s.%u\n", mishap_word(kind), form);
	mishap_begin(s, kind, form);
	scene_advance(s, s->now_ns + lasts(s, kind));
	if ((mishap_deals(kind) & MISHAP_BLOCKS) && s->breach[0] == '\0' &&
		!scene_is_bad(s, &first))
		scene_breach(s, "told: '%s' is still good, although nothing can be read",
			scene_name(s, first));
	mishap_end(s);
	while (s->order.is_under_way && s->breach[0] == '\0')
		scene_advance(s, s->now_ns + NS_PER_S / 2);
}

static void
add(struct totals *t, const struct scene *s)
{
	t->sums.questions += s->totals.questions;
	t->sums.answers += s->totals.answers;
	t->sums.good += s->totals.good;
	t->sums.bad += s->totals.bad;
	t->sums.writes += s->totals.writes;
	t->sums.written += s->totals.written;
	t->sums.believed += s->totals.believed;
	t->sums.doubles += s->totals.doubles;
	t->sums.left_out += s->totals.left_out;
}

static void
stay_good(struct scene *s)
{
	uint64_t bad = s->totals.bad;

	scene_advance(s, s->now_ns + CALM_NS);
	if (s->totals.bad != bad)
		scene_breach(s, "recovery: '%s' was bad again (%s), and nothing was wrong",
			scene_name(s, s->bad_point),
			quality_row((enum quality)s->bad_quality)->text_en);
}

static void
run_case(const struct file *f, uint64_t seed, enum mishap kind, unsigned form, struct totals *t)
{
	struct scene *s = scene_new(f->img, f->rows, seed * 1000 + kind * 20 + form);

	if (scene_recover(s) && mishap_forms(s, kind) > form)
		befall(s, kind, form);
	if (scene_recover(s))
		stay_good(s);
	t->cases++;
	t->failed += s->breach[0] != '\0';
	printf("%s %u - %s: %s.%u\n", s->breach[0] == '\0' ? "ok" : "not ok", t->cases, f->name,
		mishap_word(kind), form);
	if (s->breach[0] != '\0')
		printf("# %s\n# again: tests/simulation/mishaps.py BUILD --seed %llu --case %s.%u "
		       "%s\n",
			s->breach, (unsigned long long)seed, mishap_word(kind), form, f->name);
	fflush(stdout);
	add(t, s);
	scene_free(s);
}

static bool
is_asked_for(const char *what, enum mishap kind, unsigned form)
{
	const char *word = mishap_word(kind);
	size_t n = strlen(word);

	if (what == NULL)
		return true;
	return strncmp(what, word, n) == 0 &&
	       (what[n] == '\0' || (what[n] == '.' && (unsigned)atoi(what + n + 1) == form));
}

static void
run_cases(struct file *f, uint64_t seed, const char *what, struct totals *t)
{
	unsigned forms[MISHAPS], n = 0;
	struct scene *s;

	learn(f);
	s = scene_new(f->img, f->rows, seed);
	if (!scene_recover(s))
		printf("# %s: %s\n", f->name, s->breach);
	for (int kind = 0; kind < MISHAPS; kind++) {
		forms[kind] = mishap_forms(s, (enum mishap)kind);
		n += forms[kind];
	}
	scene_free(s);
	for (int kind = 0; kind < MISHAPS; kind++)
		for (unsigned form = 0; form < forms[kind]; form++)
			if (is_asked_for(what, (enum mishap)kind, form))
				run_case(f, seed, (enum mishap)kind, form, t);
	if (what == NULL && n < 20) {
		t->failed++;
		printf("not ok %u - %s: only %u cases\n", ++t->cases, f->name, n);
	}
}

/* ---- one after the other -------------------------------------------------------------------------------------------------- */

/* True when nothing was breached. */
static bool
run_storm(struct file *f, uint64_t seed, struct totals *t)
{
	struct scene *s;
	bool is_good;

	learn(f);
	s = scene_new(f->img, f->rows, seed);
	scene_recover(s);
	for (unsigned i = 0; i < STORM_MISHAPS && s->breach[0] == '\0'; i++) {
		enum mishap kind = (enum mishap)rand_below(&s->chance, MISHAPS);
		unsigned forms = mishap_forms(s, kind);

		if (forms == 0)
			continue;
		befall(s, kind, (unsigned)rand_below(&s->chance, forms));
		if (rand_below(&s->chance, 2) == 0 && scene_recover(s))
			stay_good(s);
	}
	if (scene_recover(s))
		stay_good(s);
	is_good = s->breach[0] == '\0';
	t->seeds++;
	t->failed += !is_good;
	if (!is_good)
		printf("%s, seed %llu: %s\n  again: tests/simulation/mishaps.py BUILD --storm "
		       "--seed "
		       "%llu %s\n",
			f->name, (unsigned long long)seed, s->breach, (unsigned long long)seed,
			f->name);
	fflush(stdout);
	add(t, s);
	scene_free(s);
	return is_good;
}

static int64_t
seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void
print_totals(const struct totals *t)
{
	const struct scene_totals *s = &t->sums;
	uint64_t asked, believed;
	const char *name;

	printf("# %llu questions, %llu answers taken, %llu good values, %llu bad, %llu writes of "
	       "which %llu "
	       "were done; %llu altered answers that look sound, %llu late doubles\n#",
		(unsigned long long)s->questions, (unsigned long long)s->answers,
		(unsigned long long)s->good, (unsigned long long)s->bad,
		(unsigned long long)s->writes, (unsigned long long)s->written,
		(unsigned long long)s->believed, (unsigned long long)s->doubles);
	for (size_t i = 0; (name = spy_count(i, &asked, &believed)) != NULL; i++)
		printf(" %s %llu", name, (unsigned long long)asked);
	printf("\n# credited wrongly or otherwise at fault: %u\n", t->failed);
}

/* ---- the program ---------------------------------------------------------------------------------------------------------- */

struct args {
	int64_t seed, for_s, questions;
	const char *what;
	bool is_storm, is_broken;
	char **paths;
	int n_paths;
};

static int
usage(void)
{
	fputs("usage: mishaps [--seed N] [--case WORD] [--for SECONDS] [--questions N] [--storm] "
	      "[--trace] [--break] "
	      "IMAGE ...\n",
		stderr);
	return 2;
}

static bool
parse(int argc, char **argv, struct args *out)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		int64_t *number = strcmp(argv[i], "--seed") == 0        ? &out->seed
				  : strcmp(argv[i], "--for") == 0       ? &out->for_s
				  : strcmp(argv[i], "--questions") == 0 ? &out->questions
									: NULL;

		if (strcmp(argv[i], "--storm") == 0)
			out->is_storm = true;
		else if (strcmp(argv[i], "--break") == 0)
			out->is_broken = true;
		else if (strcmp(argv[i], "--trace") == 0)
			scene_is_traced = true;
		else if (i + 1 == argc)
			return false;
		else if (strcmp(argv[i], "--case") == 0)
			out->what = argv[++i];
		else if (number == NULL || !text_to_int(argv[++i], number) || *number < 0)
			return false;
	}
	out->paths = argv + i;
	out->n_paths = argc - i;
	return out->n_paths > 0;
}

static void
storm(struct file *files, int n, const struct args *args, struct totals *t)
{
	bool is_one = args->is_storm;
	uint64_t seed = is_one ? (uint64_t)args->seed : (uint64_t)time(NULL) * 1000000;
	int64_t until_s = seconds_now() + args->for_s;

	if (!is_one)
		printf("# seeds from %llu on\n", (unsigned long long)seed);
	do {
		run_storm(&files[is_one ? 0 : seed % (uint64_t)n], seed, t);
		seed++;
	} while (!is_one && (args->for_s == 0 || seconds_now() < until_s) &&
		 (args->questions == 0 || t->sums.questions < (uint64_t)args->questions));
}

int
main(int argc, char **argv)
{
	struct args args = { .seed = 1 };
	struct totals t = { 0 };
	struct file *files;

	if (!parse(argc, argv, &args))
		return usage();
	if (args.is_broken)
		spy_break();
	files = mem_zero((size_t)args.n_paths, sizeof(*files));
	for (int i = 0; i < args.n_paths; i++)
		load(&files[i], args.paths[i]);
	if (args.for_s > 0 || args.questions > 0 || args.is_storm) {
		storm(files, args.n_paths, &args, &t);
	} else {
		for (int i = 0; i < args.n_paths; i++)
			run_cases(&files[i], (uint64_t)args.seed, args.what, &t);
		printf("1..%u\n", t.cases);
	}
	print_totals(&t);
	for (int i = 0; i < args.n_paths; i++) {
		moving_row_free(files[i].rows);
		free(files[i].img);
	}
	free(files);
	if (args.is_broken)
		return t.failed > 0 ? 0 : 1;
	return t.failed > 0 ? 1 : 0;
}
