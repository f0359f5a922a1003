/* test_history_runs.c - runs and notes: once, whatever is repeated; into the next file, and out again */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/db.h"
#include "history/run_pack.h"
#include "history/runs.h"
#include "history/runs_read.h"

#define BOOT_A "11111111-1111-1111-1111-111111111111"
#define BOOT_B "22222222-2222-2222-2222-222222222222"
#define WALL (INT64_C(1700000000) * NS_PER_S) /* of a boot's time 0 */

static char dir[64];

static int
make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/mbc-test-runs-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int
remove_dir(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

/* A wall clock in another month begins another file at the next commit. */
static struct store *
open_store(uint64_t file_max)
{
	const struct store_setup setup = { .dir = dir, .bench = "test", .file_max = file_max };
	struct err err;
	struct store *s = store_open(&setup, WALL, &err);

	if (s == NULL)
		fail_msg("%s", err.msg);
	return s;
}

static int
ask(struct store *s, enum wire_run what, const char *request, const char *text, int64_t t_ns,
	uint32_t *out_run, struct err *err)
{
	const struct run_order order = { .what = what,
		.request = request,
		.who = "anna",
		.text = text,
		.fields = "{\"sample\":\"Pt-12\"}",
		.bench = "bench: test\n",
		.boot_id = BOOT_A,
		.t_ns = t_ns };
	char title[WIRE_TITLE_MAX + 1];

	return runs_do(s, &order, WALL + t_ns, out_run, title, err);
}

static uint32_t
good(struct store *s, enum wire_run what, const char *request, const char *text, int64_t t_ns)
{
	struct err err;
	uint32_t run;

	if (ask(s, what, request, text, t_ns, &run, &err) < 0)
		fail_msg("%s: %s", request, err.msg);
	return run;
}

static void
refused(struct store *s, enum wire_run what, const char *request, const char *says)
{
	struct err err;
	uint32_t run;

	assert_int_equal(ask(s, what, request, "again", 9, &run, &err), ERR_CONF);
	if (strstr(err.msg, says) == NULL)
		fail_msg("%s", err.msg);
}

static void
commit(struct store *s, int64_t t_ns, int64_t wall_ns)
{
	const struct store_place place = { .boot_id = BOOT_A, .made_ns = 1, .seq = 1 };
	struct err err;

	store_clock(s, t_ns, WALL, true);
	assert_int_equal(store_commit(s, &place, t_ns, wall_ns, &err), 0);
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

struct seen {
	struct run_row runs[200];
	struct run_note notes[8];
	size_t n, n_notes;
	struct buf bench;
};

static void
see_run(void *ctx, const struct run_row *run)
{
	struct seen *s = ctx;

	assert_true(s->n < NELEM(s->runs));
	s->runs[s->n++] = *run;
}

static void
see_note(void *ctx, const struct run_note *note)
{
	struct seen *s = ctx;

	assert_true(s->n_notes < NELEM(s->notes));
	s->notes[s->n_notes++] = *note;
}

static struct seen *
look(uint32_t run)
{
	static struct seen seen;
	struct reader *r;
	struct err err;

	buf_done(&seen.bench);
	memset(&seen, 0, sizeof(seen));
	r = reader_open(dir, &err);
	assert_non_null(r);
	assert_int_equal(runs_list(r, see_run, &seen, &err), 0);
	assert_int_equal(runs_notes(r, run, see_note, &seen, &err), 0);
	if (seen.n > 0)
		assert_int_equal(runs_bench(r, seen.runs[0].bench, &seen.bench, &err), 0);
	reader_close(r);
	return &seen;
}

/* ---- tests ---------------------------------------------------------------------------------------------------------------- */

static void
test_a_run(void **state)
{
	struct store *s = open_store(0);
	struct seen *seen;

	assert_int_equal(good(s, RUN_NOTE, "n0", "before", 1 * NS_PER_S), 0);
	refused(s, RUN_STOP, "s0", "no run is open");
	assert_int_equal(good(s, RUN_START, "a", "ageing", 2 * NS_PER_S), 1);
	refused(s, RUN_START, "b", "run 1 'ageing' is open; end it first with 'mbc record stop'");
	assert_int_equal(good(s, RUN_NOTE, "n1", "gas", 3 * NS_PER_S), 1);
	commit(s, 4 * NS_PER_S, WALL + 4 * NS_PER_S);
	seen = look(1);
	assert_int_equal(seen->n, 1);
	assert_true(seen->runs[0].is_open);
	assert_int_equal(seen->runs[0].end_ns, WALL + 4 * NS_PER_S);
	assert_int_equal(good(s, RUN_STOP, "s1", "", 5 * NS_PER_S), 1);
	assert_int_equal(good(s, RUN_START, "c", "", 6 * NS_PER_S), 2);
	store_close(s);
	seen = look(1);
	assert_int_equal(seen->n, 2);
	assert_false(seen->runs[0].is_open);
	assert_int_equal(seen->runs[0].begin_ns, WALL + 2 * NS_PER_S);
	assert_int_equal(seen->runs[0].end_ns, WALL + 5 * NS_PER_S);
	assert_string_equal(seen->runs[0].fields, "{\"sample\":\"Pt-12\"}");
	assert_string_equal(seen->runs[0].who1, "anna");
	assert_int_equal(seen->n_notes, 1);
	assert_int_equal(seen->notes[0].wall_ns, WALL + 3 * NS_PER_S);
	assert_string_equal(seen->notes[0].text, "gas");
	assert_string_equal(buf_text(&seen->bench), "bench: test\n");
	buf_done(&seen->bench);
}

/* The same request does nothing twice, also after the process, and after the run. */
static void
test_repeated(void **state)
{
	struct store *s = open_store(0);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(good(s, RUN_START, "a", "x", 1), 1);
		assert_int_equal(good(s, RUN_NOTE, "n", "y", 2), 1);
		store_close(s);
		s = open_store(0);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(good(s, RUN_STOP, "s", "", 3 + i), 1);
	assert_int_equal(good(s, RUN_START, "a", "x", 9), 1);
	store_close(s);
	assert_int_equal(look(1)->n, 1);
	assert_int_equal(look(1)->n_notes, 1);
	assert_int_equal(look(1)->runs[0].end_ns - look(1)->runs[0].begin_ns, 2);
	buf_done(&look(1)->bench);
}

/* One that has ended is noted as well, also out of a file before; an id that has another text does not pass for the one that was kept. */
static void
test_ended_runs_are_noted(void **state)
{
	struct run_order order = { .what = RUN_NOTE,
		.request = "late",
		.who = "anna",
		.text = "the bottle was empty",
		.fields = "",
		.bench = "",
		.boot_id = BOOT_A,
		.t_ns = 6 * NS_PER_S,
		.run = 1 };
	const int64_t month_ns = INT64_C(40) * 24 * 3600 * NS_PER_S;
	struct store *s = open_store(0);
	char title[WIRE_TITLE_MAX + 1];
	struct err err;
	uint32_t run;

	good(s, RUN_START, "a", "first", NS_PER_S);
	good(s, RUN_STOP, "b", "", 2 * NS_PER_S);
	commit(s, 5 * NS_PER_S, WALL + month_ns);
	good(s, RUN_START, "c", "second", 3 * NS_PER_S);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(runs_do(s, &order, WALL + order.t_ns, &run, title, &err), 0);
		assert_int_equal(run, 1);
		assert_string_equal(title, "first");
	}
	order.text = "something else";
	assert_int_equal(runs_do(s, &order, WALL, &run, title, &err), ERR_CONF);
	assert_non_null(strstr(err.msg, "another note"));
	order.text = "the bottle was empty";
	order.run = 2;
	assert_int_equal(runs_do(s, &order, WALL, &run, title, &err), ERR_CONF);
	order.request = "none";
	order.run = 3;
	assert_int_equal(runs_do(s, &order, WALL, &run, title, &err), ERR_CONF);
	assert_int_equal(err.sys, 404);
	refused(s, RUN_START, "c", "another run");
	store_close(s);
	assert_int_equal(look(1)->n_notes, 1);
	assert_string_equal(look(1)->notes[0].text, "the bottle was empty");
	assert_int_equal(look(2)->n_notes, 0);
	buf_done(&look(1)->bench);
}

/* One that is open goes on in the next file; numbers go on, and notes of all files are read. */
static void
test_next_file(void **state)
{
	struct store *s = open_store(0);
	const int64_t month_ns = INT64_C(40) * 24 * 3600 * NS_PER_S;
	char before[200];

	good(s, RUN_START, "a", "first", NS_PER_S);
	good(s, RUN_STOP, "b", "", 2 * NS_PER_S);
	good(s, RUN_START, "c", "second", 3 * NS_PER_S);
	good(s, RUN_NOTE, "n1", "old", 4 * NS_PER_S);
	snprintf(before, sizeof(before), "%s", store_file(s));
	commit(s, 5 * NS_PER_S, WALL + month_ns);
	assert_string_not_equal(store_file(s), before);
	good(s, RUN_NOTE, "n2", "new", 6 * NS_PER_S);
	refused(s, RUN_START, "d", "run 2 'second' is open");
	assert_int_equal(good(s, RUN_STOP, "e", "", 7 * NS_PER_S), 2);
	store_close(s);
	assert_int_equal(look(2)->n, 2);
	assert_int_equal(look(2)->n_notes, 2);
	assert_string_equal(look(2)->notes[0].text, "old");
	assert_string_equal(buf_text(&look(2)->bench), "bench: test\n");
	assert_int_equal(remove(before), 0);
	assert_int_equal(look(2)->n, 2);
	assert_int_equal(look(2)->n_notes, 1);
	s = open_store(0);
	assert_int_equal(good(s, RUN_START, "f", "", 8 * NS_PER_S), 3);
	store_close(s);
	buf_done(&look(1)->bench);
}

/* Many runs leave a small file its room; the newest is kept. */
static void
test_share_of_a_file(void **state)
{
	struct store *s = open_store(64 << 10);
	char request[16];
	struct seen *seen;

	for (int i = 0; i < 150; i++) {
		snprintf(request, sizeof(request), "a%d", i);
		good(s, RUN_START, request, "", NS_PER_S);
		snprintf(request, sizeof(request), "b%d", i);
		good(s, RUN_STOP, request, "", NS_PER_S);
	}
	assert_int_equal(good(s, RUN_START, "last", "", NS_PER_S), 151);
	commit(s, 5 * NS_PER_S, WALL + INT64_C(40) * 24 * 3600 * NS_PER_S);
	store_close(s);
	seen = look(151);
	assert_in_range(seen->n, 10, 60);
	assert_int_equal(seen->runs[seen->n - 1].run, 151);
	assert_true(seen->runs[seen->n - 1].is_open);
	buf_done(&seen->bench);
}

/* A boot that begins while a run is open: its end is of that one. */
static void
test_over_boots(void **state)
{
	struct store *s = open_store(0);
	struct run_order order = { .what = RUN_STOP,
		.request = "s",
		.who = "",
		.text = "",
		.boot_id = BOOT_B,
		.t_ns = NS_PER_S };
	char title[WIRE_TITLE_MAX + 1];
	uint32_t run;
	struct err err;

	good(s, RUN_START, "a", "", 5 * NS_PER_S);
	commit(s, 6 * NS_PER_S, WALL + 6 * NS_PER_S);
	assert_int_equal(runs_do(s, &order, WALL + 60 * NS_PER_S, &run, title, &err), 0);
	store_clock(s, NS_PER_S, WALL + 59 * NS_PER_S, true);
	assert_int_equal(store_commit(s, &(struct store_place){ .boot_id = BOOT_B, .made_ns = 1 },
				 NS_PER_S, WALL + 60 * NS_PER_S, &err),
		0);
	store_close(s);
	assert_int_equal(look(1)->runs[0].end_ns - look(1)->runs[0].begin_ns, 55 * NS_PER_S);
	buf_done(&look(1)->bench);
}

/* ---- runs of sequences ---------------------------------------------------------------------------------------------------- */

#define TEXTS                                                                                      \
	"bench: seq\n\0"                                                                           \
	"000000010000000a\0{\"name\":\"tpr\"}\0" /* its head: version, then this hash */           \
	"000000010000000b\0{\"name\":\"tpr\",\"before_injection\":{\"over\":20.0,\"channels\":["   \
	"\"T_bed\",\"N2_flow\",\"gone\"]}}"

static void
happens(struct store *s, uint64_t id, enum event_kind kind, uint64_t cause, const char *text)
{
	struct event e = { .id = id,
		.boot = event_boot(BOOT_A),
		.stamp_ns = (int64_t)id * NS_PER_S,
		.kind = kind,
		.cause = cause };

	if (kind == EVENT_SEQUENCE_STARTED) {
		e.n_values = 3;
		e.values[0] = 4;
		e.values[1] = 1;
		e.values[2] = 10;
	}
	if (kind == EVENT_SEQUENCE_FORM) {
		e.n_values = 1;
		e.values[0] = strncmp(text, "sample", 6) == 0;
	}
	snprintf(e.subject, sizeof(e.subject), "tpr");
	snprintf(e.principal, sizeof(e.principal), "uwe");
	snprintf(e.text, sizeof(e.text), "%s", text);
	store_event(s, &e, true, WALL);
}

static struct store *
open_with_texts(void)
{
	static const char texts[] = TEXTS;
	struct store *s = open_store(0);
	struct err err;

	store_texts(s, texts, sizeof(texts));
	assert_int_equal(store_boot(s, BOOT_A, &err), 0);
	return s;
}

static const struct {
	uint64_t id, cause;
	enum event_kind kind;
	const char *text;
} one_run[] = {
	{ 10, 0, EVENT_SEQUENCE_STARTED, "TPR" },
	{ 11, 10, EVENT_SEQUENCE_FORM, "sample = Pt 12" },
	{ 12, 10, EVENT_SEQUENCE_FORM, "T_rxn = 250 degC, 300 degC" },
	{ 13, 10, EVENT_SEQUENCE_FORM, "T_rxn += 350 degC" },
	{ 14, 10, EVENT_SEQUENCE_STATE, "running" },
	{ 15, 10, EVENT_SEQUENCE_STEP, "10 Purge" },
	{ 16, 10, EVENT_SEQUENCE_STATE, "complete" },
};

static int64_t
count(const char *sql)
{
	struct err err;
	struct store *s = open_store(0);
	char path[200];
	sqlite3 *db;
	int64_t n;

	snprintf(path, sizeof(path), "%s", store_file(s));
	store_close(s);
	assert_int_equal(db_open(&db, path, false, &err), 0);
	if (db_number(db, sql, -1, &n, &err) < 0)
		fail_msg("%s", err.msg);
	db_close(db);
	return n;
}

static void
check_one_run(void)
{
	const struct seen *seen = look(1);

	assert_int_equal(seen->n, 1);
	assert_string_equal(seen->runs[0].title, "TPR");
	assert_string_equal(seen->runs[0].who, "uwe");
	assert_false(seen->runs[0].is_open);
	assert_int_equal(seen->runs[0].begin_ns, WALL + 10 * NS_PER_S);
	assert_int_equal(seen->runs[0].end_ns, WALL + 16 * NS_PER_S);
	assert_string_equal(seen->runs[0].fields,
		"{\"sample\":\"Pt 12\",\"T_rxn\":\"250 degC, 300 degC, 350 degC\"}");
	assert_string_equal(buf_text(&look(1)->bench), "bench: seq\n");
	assert_int_equal(count("SELECT count(*) FROM part WHERE run = 1 AND how = 'complete' AND "
			       "card = '000000010000000a' AND version = 4 AND "
			       "meta = '{\"sample\":\"Pt 12\"}'"),
		1);
	assert_int_equal(count("SELECT count(*) FROM bench WHERE hash = '000000010000000a'"), 1);
	buf_done(&look(1)->bench);
}

/* The process dies behind each event, before and behind its commit, and events come again. */
static void
test_a_sequence_and_kills(void **state)
{
	struct store *s = open_with_texts();

	for (size_t i = 0; i < NELEM(one_run); i++) {
		for (int again = 0; again < 2; again++) {
			happens(s, one_run[i].id, one_run[i].kind, one_run[i].cause,
				one_run[i].text);
			if (again == 0) { /* not committed */
				store_close(s);
				s = open_with_texts();
				for (size_t k = 0; k <= i; k++)
					happens(s, one_run[k].id, one_run[k].kind, one_run[k].cause,
						one_run[k].text);
			}
		}
		commit(s, (int64_t)one_run[i].id * NS_PER_S, WALL);
		assert_int_equal(runs_is_open(s), i + 1 < NELEM(one_run));
	}
	store_close(s);
	check_one_run();
}

/* The parts of a journal are read one behind the other, the newest perhaps first. */
static void
test_a_sequence_backwards(void **state)
{
	struct store *s = open_with_texts();

	for (size_t i = NELEM(one_run); i-- > 0;)
		happens(s, one_run[i].id, one_run[i].kind, one_run[i].cause, one_run[i].text);
	commit(s, 20 * NS_PER_S, WALL);
	store_close(s);
	check_one_run();
}

/* What a person began a person ends; the sequence is a part of it. */
static void
test_a_sequence_in_a_run(void **state)
{
	struct store *s = open_with_texts();

	good(s, RUN_START, "a", "mine", 5 * NS_PER_S);
	for (size_t i = 0; i < NELEM(one_run); i++)
		happens(s, one_run[i].id, one_run[i].kind, one_run[i].cause, one_run[i].text);
	commit(s, 20 * NS_PER_S, WALL);
	assert_true(runs_is_open(s));
	assert_int_equal(good(s, RUN_STOP, "b", "", 21 * NS_PER_S), 1);
	store_close(s);
	assert_string_equal(look(1)->runs[0].fields, "{\"sample\":\"Pt-12\"}");
	assert_int_equal(count("SELECT count(*) FROM part WHERE run = 1 AND how = 'complete'"), 1);
	buf_done(&look(1)->bench);
}

/* The end that nobody heard of: the next START is a run of its own. One that could not be taken up again was told without a name. */
static void
test_ends_that_are_lost(void **state)
{
	struct store *s = open_with_texts();
	struct event e = { .id = 40,
		.boot = event_boot(BOOT_A),
		.stamp_ns = 40 * NS_PER_S,
		.kind = EVENT_SEQUENCE_ABORTED,
		.subject = "sequence",
		.text = "it is another one now" };

	happens(s, 10, EVENT_SEQUENCE_STARTED, 0, "first");
	commit(s, 20 * NS_PER_S, WALL);
	happens(s, 30, EVENT_SEQUENCE_STARTED, 0, "second");
	commit(s, 31 * NS_PER_S, WALL);
	store_event(s, &e, true, WALL);
	commit(s, 41 * NS_PER_S, WALL);
	assert_false(runs_is_open(s));
	happens(s, 50, EVENT_SEQUENCE_STATE, 30, "aborted");
	commit(s, 51 * NS_PER_S, WALL);
	store_close(s);
	assert_int_equal(look(1)->n, 2);
	assert_int_equal(look(1)->runs[0].end_ns, WALL + 30 * NS_PER_S);
	assert_int_equal(look(1)->runs[1].end_ns, WALL + 40 * NS_PER_S);
	assert_int_equal(
		count("SELECT count(*) FROM part WHERE how = 'unknown' AND start = 10"), 1);
	assert_int_equal(
		count("SELECT count(*) FROM part WHERE how = 'aborted' AND start = 30"), 1);
	buf_done(&look(1)->bench);
}

/* An event of a boot of which nothing else was recorded has its moment. */
static void
test_a_boot_that_is_not_known(void **state)
{
	struct store *s = open_with_texts();
	struct event e = { .id = 5,
		.boot = event_boot(BOOT_B),
		.stamp_ns = 7 * NS_PER_S,
		.kind = EVENT_SEQUENCE_STARTED,
		.subject = "tpr" };

	store_event(s, &e, true, WALL - 1000 * NS_PER_S);
	commit(s, 20 * NS_PER_S, WALL);
	store_close(s);
	assert_int_equal(look(1)->runs[0].begin_ns, WALL - 993 * NS_PER_S);
	buf_done(&look(1)->bench);
}

/* Into the next file, with the texts. */
static void
test_a_sequence_goes_on(void **state)
{
	struct store *s = open_with_texts();

	for (size_t i = 0; i + 1 < NELEM(one_run); i++)
		happens(s, one_run[i].id, one_run[i].kind, one_run[i].cause, one_run[i].text);
	commit(s, 15 * NS_PER_S, WALL + INT64_C(40) * 24 * 3600 * NS_PER_S);
	happens(s, 16, EVENT_SEQUENCE_STATE, 10, "complete");
	commit(s, 17 * NS_PER_S, WALL + INT64_C(40) * 24 * 3600 * NS_PER_S);
	store_close(s);
	check_one_run();
}

/* ---- injections ------------------------------------------------------------------------------------------------------------ */

struct packed {
	const char *name; /* the file that is looked for */
	bool is_meant;
	struct buf bytes;
};

static int
take_name(void *ctx, const char *name, struct err *err)
{
	struct packed *p = ctx;

	p->is_meant = strcmp(name, p->name) == 0;
	return 0;
}

static int
take_bytes(void *ctx, struct buf *bytes, struct err *err)
{
	struct packed *p = ctx;

	if (p->is_meant)
		buf_put(&p->bytes, bytes->data, bytes->n);
	buf_clear(bytes);
	return 0;
}

static void
measured(struct store *s, uint32_t channel, int64_t t_s, const char *text, double v)
{
	struct sample sample = { .stamp_ns = t_s * NS_PER_S, .quality = Q_GOOD };

	if (text != NULL)
		snprintf(sample.text, sizeof(sample.text), "%s", text);
	else
		sample.v.f = v;
	store_add(s, channel, &sample);
}

static void
commands(struct store *s, uint64_t id, uint64_t cause, enum event_kind kind, const char *text)
{
	struct event e = { .id = id,
		.boot = event_boot(BOOT_A),
		.stamp_ns = (int64_t)id * NS_PER_S,
		.kind = kind,
		.cause = cause,
		.subject = "gc.inject" };

	snprintf(e.text, sizeof(e.text), "%s", text);
	store_event(s, &e, true, WALL);
}

static void
pack(struct packed *p)
{
	const struct run_pack_sink sink = { p, take_name, take_bytes };
	const struct run_pack_words words = { .run = 1, .zone = "" };
	struct err err;
	struct reader *r = reader_open(dir, &err);
	struct run_pack *made;
	int rc = 1;

	assert_non_null(r);
	made = run_pack_new(r, &words, &err);
	assert_non_null(made);
	while (rc == 1)
		rc = run_pack_step(made, &sink, &err);
	if (rc < 0)
		fail_msg("%s", err.msg);
	run_pack_free(made);
	reader_close(r);
}

/* Two injections and a third that the device did not take; the result of the first is missing, one came that nobody asked for. */
static void
test_injections(void **state)
{
	struct store *s = open_with_texts();
	const struct store_channel channels[] = {
		{ 1, VALUE_TEXT, "gc.file", "", "", "gc", "" },
		{ 2, VALUE_FLOAT, "gc.CH4", "%", "", "gc", "" },
	};
	/* The acquisition is the start at 21 s, which is 11 s behind the beginning of the run. */
	static const char *const wanted[] = { "1,A,gc.inject,2023-11-14T22:13:41Z,11,",
		",done,missing,,,,\r\n", ",done,time,r2.csv,2023-11-14T22:14:15Z,45,2.5\r\n",
		"3,C,gc.inject,,,", ",not ready,,,,,\r\n",
		",surplus,x.csv,2023-11-14T22:13:45Z,15,9\r\n" };
	struct sample old = { .stamp_ns = 69 * NS_PER_S, .quality = Q_STALE };
	struct packed p = { .name = "injections.csv" };
	struct err err;
	uint32_t n[2];

	assert_int_equal(store_channels_begin(s, &err), 0);
	for (size_t i = 0; i < NELEM(n); i++)
		assert_int_equal(store_channel(s, &channels[i], &n[i], &err), 0);
	assert_int_equal(store_channels_end(s, true, &err), 0);
	store_clock(s, 0, WALL, true);
	happens(s, 10, EVENT_SEQUENCE_STARTED, 0, "TPR");
	measured(s, n[0], 11, "old.csv", 0);
	measured(s, n[1], 11, NULL, 1);
	commands(s, 20, 10, EVENT_SEQUENCE_COMMAND, "A");
	commands(s, 21, 20, EVENT_SEQUENCE_COMMAND_SENT, "");
	measured(s, n[0], 25, "x.csv", 0);
	measured(s, n[1], 25, NULL, 9);
	commands(s, 30, 20, EVENT_SEQUENCE_COMMAND_DONE, "");
	commands(s, 40, 10, EVENT_SEQUENCE_COMMAND, "B");
	commands(s, 41, 40, EVENT_SEQUENCE_COMMAND_SENT, "");
	commands(s, 50, 40, EVENT_SEQUENCE_COMMAND_DONE, "");
	measured(s, n[0], 55, "r2.csv", 0);
	measured(s, n[1], 62, NULL, 2.5); /* the file was complete then */
	store_add(s, n[1], &old);
	commands(s, 60, 10, EVENT_SEQUENCE_COMMAND, "C");
	commands(s, 61, 60, EVENT_SEQUENCE_COMMAND_FAILED, "not ready");
	happens(s, 70, EVENT_SEQUENCE_STATE, 10, "complete");
	commit(s, 80 * NS_PER_S, WALL);
	store_close(s);

	pack(&p);
	for (size_t i = 0; i < NELEM(wanted); i++)
		if (strstr(buf_text(&p.bytes), wanted[i]) == NULL)
			fail_msg("no '%s' in\n%s", wanted[i], buf_text(&p.bytes));
	buf_done(&p.bytes);
}

/* The 20 s before each injection, also those before the run: the bed steps from 250 to 260 in the middle of the first, the flow is bad in a half of the
 * second; of the third channel nothing was ever recorded. */
static void
test_before_injections(void **state)
{
	struct store *s = open_with_texts();
	const struct store_channel channels[] = {
		{ 1, VALUE_FLOAT, "T_bed", "degC", "", "", "" },
		{ 2, VALUE_UINT, "N2_flow", "mL/min", "", "", "" },
	};
	static const char *const wanted[] = {
		"file_seconds,T_bed mean [degC],T_bed spread [K],T_bed known [%],N2_flow mean "
		"[mL/min],N2_flow spread [mL/min],N2_flow known [%],gone mean,gone spread,gone "
		"known "
		"[%]\r\n",
		",255,5,100,40,0,75,,,0\r\n",
		",260,0,100,50,0,50,,,0\r\n",
		"not ready,,,,,,,,,,,,,\r\n",
	};
	struct sample bad = { .stamp_ns = 72 * NS_PER_S, .quality = Q_LINK_LOST };
	struct sample flow = { .quality = Q_GOOD, .v = { .u = 40 } };
	struct event start = { .id = 28,
		.boot = event_boot(BOOT_A),
		.stamp_ns = 28 * NS_PER_S,
		.kind = EVENT_SEQUENCE_STARTED,
		.n_values = 3,
		.values = { 4, 1, 11 },
		.subject = "tpr" };
	struct packed p = { .name = "injections.csv" };
	struct err err;
	uint32_t n[2];

	assert_int_equal(store_channels_begin(s, &err), 0);
	for (size_t i = 0; i < NELEM(n); i++)
		assert_int_equal(store_channel(s, &channels[i], &n[i], &err), 0);
	assert_int_equal(store_channels_end(s, true, &err), 0);
	store_clock(s, 0, WALL, true);
	measured(s, n[0], 5, NULL, 250);
	flow.stamp_ns = 15 * NS_PER_S;
	store_add(s, n[1], &flow);
	measured(s, n[0], 20, NULL, 260);
	store_event(s, &start, true, WALL);
	commands(s, 29, 28, EVENT_SEQUENCE_COMMAND, "A");
	commands(s, 30, 29, EVENT_SEQUENCE_COMMAND_SENT, "");
	measured(s, n[0], 31, NULL, 260);
	flow.stamp_ns = 35 * NS_PER_S;
	flow.v.u = 50;
	store_add(s, n[1], &flow);
	store_add(s, n[1], &bad);
	commands(s, 80, 28, EVENT_SEQUENCE_COMMAND, "B");
	commands(s, 82, 80, EVENT_SEQUENCE_COMMAND_SENT, "");
	commands(s, 83, 28, EVENT_SEQUENCE_COMMAND, "C");
	commands(s, 84, 83, EVENT_SEQUENCE_COMMAND_FAILED, "not ready");
	happens(s, 90, EVENT_SEQUENCE_STATE, 28, "complete");
	commit(s, 95 * NS_PER_S, WALL);
	store_close(s);

	pack(&p);
	for (size_t i = 0; i < NELEM(wanted); i++)
		if (strstr(buf_text(&p.bytes), wanted[i]) == NULL)
			fail_msg("no '%s' in\n%s", wanted[i], buf_text(&p.bytes));
	buf_done(&p.bytes);
}

/* ---- alarms --------------------------------------------------------------------------------------------------------------- */

static void
alarms(struct store *s, uint64_t id, enum event_kind kind, const char *name)
{
	struct event e = { .id = id,
		.boot = event_boot(BOOT_A),
		.stamp_ns = (int64_t)id * NS_PER_S,
		.kind = kind };

	snprintf(e.subject, sizeof(e.subject), "%s", name);
	store_event(s, &e, true, WALL);
}

/* On before the run: one that goes in it, one that stays, one that had gone, and one that the bench has no more. */
static void
test_standing_alarms(void **state)
{
	struct store *s = open_with_texts();
	const struct store_channel channels[] = {
		{ 1, VALUE_CHOICE, "alarm.goes", "", "", "", "0=normal\n1=unacknowledged" },
		{ 2, VALUE_CHOICE, "alarm.stays", "", "", "", "0=normal\n1=unacknowledged" },
		{ 3, VALUE_CHOICE, "alarm.gone", "", "", "", "0=normal\n1=unacknowledged" },
		{ 4, VALUE_CHOICE, "alarm.removed", "", "", "", "0=normal\n1=unacknowledged" },
	};
	struct packed p = { .name = "run.json" };
	struct sample sample = { .quality = Q_GOOD, .v = { .i = 1 } };
	struct err err;
	uint32_t n[4];
	const char *at;

	assert_int_equal(store_channels_begin(s, &err), 0);
	for (size_t i = 0; i < NELEM(n); i++)
		assert_int_equal(store_channel(s, &channels[i], &n[i], &err), 0);
	assert_int_equal(store_channels_end(s, true, &err), 0);
	store_clock(s, 0, WALL, true);
	for (size_t i = 0; i < NELEM(n); i++)
		for (int64_t t_s = i == 3 ? 10 : 970; t_s < (i == 3 ? 70 : 1100); t_s += 60) {
			sample.stamp_ns = t_s * NS_PER_S;
			store_add(s, n[i], &sample);
		}
	alarms(s, 10, EVENT_ALARM_ON, "removed");
	alarms(s, 970, EVENT_ALARM_ON, "goes");
	alarms(s, 971, EVENT_ALARM_ON, "stays");
	alarms(s, 972, EVENT_ALARM_ON, "gone");
	alarms(s, 980, EVENT_ALARM_OFF, "gone");
	happens(s, 1000, EVENT_SEQUENCE_STARTED, 0, "TPR");
	alarms(s, 1020, EVENT_ALARM_OFF, "goes");
	alarms(s, 1030, EVENT_ALARM_ON, "new");
	happens(s, 1050, EVENT_SEQUENCE_STATE, 1000, "complete");
	commit(s, 1100 * NS_PER_S, WALL);
	store_close(s);

	pack(&p);
	at = strstr(buf_text(&p.bytes), "\"alarms\":");
	assert_non_null(at);
	assert_non_null(strstr(at, "\"goes\""));
	assert_non_null(strstr(at, "\"stays\""));
	assert_non_null(strstr(at, "\"new\""));
	assert_null(strstr(at, "\"gone\""));
	assert_null(strstr(at, "\"removed\""));
	buf_done(&p.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_run, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_repeated, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_ended_runs_are_noted, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_next_file, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_share_of_a_file, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_over_boots, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_a_sequence_and_kills, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_a_sequence_backwards, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_a_sequence_in_a_run, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_ends_that_are_lost, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_a_boot_that_is_not_known, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_a_sequence_goes_on, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_injections, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_before_injections, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_standing_alarms, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
