/* run_answer.c - answers about runs for the data server */
#include "history/run_answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/run_story.h"
#include "history/run_text.h"
#include "history/run_zip.h"
#include "history/stamp.h"
#include "history/story_text.h"

#define RUNS_A_STEP 50

struct run_answer {
	struct reader *r;
	enum run_ask what;
	char zone[STAMP_ZONE_MAX];
	struct stamp stamp;
	/* RUN_ASK_LIST */
	uint32_t last; /* number of the one that was written last */
	size_t n;      /* of this step */
	bool is_begun;
	struct buf *out;
	/* RUN_ASK_ONE */
	struct run_row run;
	struct story *story;
	/* RUN_ASK_ZIP */
	struct run_zip *zip;
};

static int
begin_zip(struct run_answer *a, uint32_t run, const char *format, struct err *err)
{
	struct run_pack_words words = { .run = run, .zone = a->zone };
	struct run_pack *pack;

	words.is_french = format != NULL && strcmp(format, "csv-fr") == 0;
	if (format != NULL && !words.is_french && strcmp(format, "csv") != 0)
		return err_set(
			err, ERR_CONF, 0, "format '%.20s' is none; write csv or csv-fr", format);
	pack = run_pack_new(a->r, &words, err);
	if (pack == NULL)
		return err->code;
	a->zip = run_zip_new(pack, err);
	return a->zip == NULL ? err->code : 0;
}

static int
begin(struct run_answer *a, const char *run, const char *format, struct err *err)
{
	int64_t number = 0;
	int rc = stamp_zone(a->zone, err);

	if (rc < 0 || a->what == RUN_ASK_LIST)
		return rc;
	if (!text_to_int(run, &number) || number < 1 || number > UINT32_MAX)
		return err_set(err, ERR_CONF, 404,
			"there is no run '%.40s'; /api/v1/runs lists those that are", run);
	if (a->what == RUN_ASK_ZIP)
		return begin_zip(a, (uint32_t)number, format, err);
	rc = runs_find(a->r, (uint32_t)number, &a->run, err);
	if (rc == 0)
		a->story = story_new(a->r, &a->run);
	return rc;
}

struct run_answer *
run_answer_new(struct reader *r, enum run_ask what, const char *run, const char *format,
	const char *zone, struct err *err)
{
	struct run_answer *a = mem_zero(1, sizeof(*a));

	a->r = r;
	a->what = what;
	if (text_copy(a->zone, sizeof(a->zone), zone == NULL ? "" : zone)) {
		if (begin(a, run, format, err) == 0)
			return a;
	} else {
		err_set(err, ERR_CONF, 0, "the zone has too long a name");
	}
	run_answer_free(a);
	return NULL;
}

void
run_answer_free(struct run_answer *a)
{
	if (a == NULL)
		return;
	story_free(a->story);
	run_zip_free(a->zip);
	free(a);
}

const char *
run_answer_type(const struct run_answer *a)
{
	return a->what == RUN_ASK_ZIP ? "application/zip" : "application/json";
}

/* A table of more channels than questions may hold is still answered when it is alone. */
size_t
run_answer_channels(const struct run_answer *a)
{
	return a->what == RUN_ASK_ZIP ? MIN(run_zip_channels(a->zip), (size_t)200) : 1;
}

static void
put_run(void *ctx, const struct run_row *run)
{
	struct run_answer *a = ctx;

	buf_puts(a->out, a->last > 0 ? ",\n{" : "\n{");
	run_json(a->out, &a->stamp, run);
	buf_putc(a->out, '}');
	a->last = run->run;
	a->n++;
}

static int
step_list(struct run_answer *a, struct buf *out, struct err *err)
{
	int rc;

	if (!a->is_begun)
		buf_puts(out, "{\"runs\":[");
	a->is_begun = true;
	a->out = out;
	a->n = 0;
	rc = runs_some(a->r, a->last, RUNS_A_STEP, put_run, a, err);
	if (rc < 0 || a->n == RUNS_A_STEP)
		return rc < 0 ? rc : 1;
	buf_puts(out, "]}\n");
	return 0;
}

static const char *
no_file(void *ctx, size_t part, size_t i)
{
	return NULL;
}

static int
step_one(struct run_answer *a, struct buf *out, struct err *err)
{
	int rc = story_step(a->story, err);

	if (rc != 0)
		return rc;
	buf_putc(out, '{');
	run_json(out, &a->stamp, &a->run);
	buf_puts(out, ",\n");
	rc = run_json_notes(out, a->r, &a->stamp, &a->run, err);
	buf_puts(out, ",\n");
	if (rc == 0)
		rc = story_json(a->story, &a->stamp, no_file, NULL, out, err);
	buf_puts(out, "}\n");
	return rc;
}

int
run_answer_step(struct run_answer *a, struct buf *out, struct err *err)
{
	int rc = stamp_zone(a->zone, err);

	if (rc < 0)
		return rc;
	return a->what == RUN_ASK_LIST  ? step_list(a, out, err)
	       : a->what == RUN_ASK_ONE ? step_one(a, out, err)
					: run_zip_step(a->zip, out, err);
}
