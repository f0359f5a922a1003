/* test_history_compact.c - a file written anew has the same in it: samples to the bit, in their order, and each row of each table */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/answer.h"
#include "history/compact.h"
#include "history/db.h"
#include "history/files.h"
#include "history/runs.h"
#include "msg/quality.h"
#include "store_rig.h"

#define WALL (INT64_C(1700000000) * NS_PER_S) /* of a boot's time 0 */
#define BOOTS 12
#define EACH 200 /* samples of each channel in each of them */
#define PIECE 8  /* of so many are the chunks that are merged */

enum { T_BED, COUNT, NOTE, LATE, CHANNELS };

static uint32_t number[CHANNELS];
static char boot[40];

static void
begin_boot(struct store *s, int k)
{
	static const enum value_type types[] = { VALUE_FLOAT, VALUE_UINT, VALUE_TEXT,
		VALUE_FLOAT32 };
	static const char *const names[] = { "T_bed", "count", "note", "late" };
	struct err err;

	snprintf(boot, sizeof(boot), "%08d-1111-1111-1111-111111111111", k);
	assert_int_equal(store_boot(s, boot, &err), 0);
	assert_int_equal(store_channels_begin(s, &err), 0);
	for (uint32_t i = 0; i < CHANNELS; i++) {
		struct store_channel ch = { .id = 10 + i,
			.type = types[i],
			.name = names[i],
			.unit = "",
			.title = "",
			.instrument = "",
			.choices = "" };

		assert_int_equal(store_channel(s, &ch, &number[i], &err), 0);
	}
	assert_int_equal(store_channels_end(s, true, &err), 0);
	store_clock(s, 0, WALL + k * 100000 * NS_PER_S, true);
}

static void
commit(struct store *s, int64_t t_ns, int64_t wall_ns)
{
	struct store_place here = { .made_ns = 1, .seq = (uint64_t)t_ns };
	struct err err;

	memcpy(here.boot_id, boot, sizeof(here.boot_id));
	if (store_commit(s, &here, t_ns, wall_ns, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
write_some(struct store *s, int k)
{
	char words[EACH][24];
	for (int i = 0; i < EACH; i++) {
		int64_t t = 10 * i * NS_PER_S + i * i;
		struct sample sample = { .stamp_ns = t, .v.f = 20.5 + 0.1 * i + k };

		store_add(s, number[T_BED], &sample);
		sample.v.u = (uint64_t)(k * EACH + i);
		sample.quality = i == 7 ? Q_NO_ANSWER : Q_GOOD;
		store_add(s, number[COUNT], &sample);
		snprintf(words[i], sizeof(words[i]), "k %d i %d", k, i % 3);
		sample = (struct sample){ .stamp_ns = t };
		memcpy(sample.text, words[i], sizeof(words[i]));
		if (i % 5 == 0)
			store_add(s, number[NOTE], &sample);
		/* Some came late. */
		sample = (struct sample){ .stamp_ns = k % 7 == 3 && i == 9 ? t - 60 * NS_PER_S : t,
			.v.f = (double)(float)(i / 3.0) };
		store_add(s, number[LATE], &sample);
	}
}

/* A file of a month that is over, and the next one. Returns the name of the first. */
static void
write_store(char name[FILES_NAME_MAX])
{
	struct store *s = rig_open(rig_dir, 0);
	const struct run_order order = { .what = RUN_START,
		.request = "a",
		.who = "anna",
		.text = "first",
		.fields = "{}",
		.bench = "bench: test\n",
		.boot_id = boot,
		.t_ns = NS_PER_S };
	char title[WIRE_TITLE_MAX + 1];
	struct history_file *list;
	uint32_t run;
	struct err err;

	for (int k = 0; k < BOOTS; k++) {
		const int64_t t = 3000;
		const struct store_gap gap = { .from_ns = (t - 200) * NS_PER_S,
			.to_ns = (t - 100) * NS_PER_S,
			.cause = "overrun",
			.missed = (uint64_t)k };
		struct event e = { .id = (uint64_t)k + 1,
			.boot = 77,
			.stamp_ns = k,
			.kind = EVENT_SEQUENCE_STEP,
			.subject = "s",
			.text = "1 heat" };

		begin_boot(s, k);
		if (k == 0)
			assert_int_equal(runs_do(s, &order, WALL, &run, title, &err), 0);
		write_some(s, k);
		store_event(s, &e, true, WALL);
		store_gap(s, &gap);
		commit(s, t * NS_PER_S, WALL);
	}
	begin_boot(s, BOOTS - 1);
	commit(s, 40000 * NS_PER_S, WALL + 40 * 86400 * NS_PER_S); /* another month */
	store_close(s);
	assert_int_equal(files_list(rig_dir, &list, &err), 2);
	memcpy(name, list[0].name, FILES_NAME_MAX);
	free(list);
}

static void
number_or_null(sqlite3_stmt *st, int at, bool is_there, double v)
{
	if (is_there)
		sqlite3_bind_double(st, at, v);
}

/* A chunk as it may come from an import: in pieces. */
static void
put_pieces(sqlite3 *db, const struct series *s, int64_t channel, int64_t boot_no)
{
	struct chunk_coder *coder = chunk_coder_new();
	struct buf blob = { 0 };
	struct err err;

	for (size_t at = 0; at < s->n; at += PIECE) {
		sqlite3_stmt *chunk = db_prepare(db, "INSERT INTO chunk(data) VALUES(?1)", &err),
			     *span = db_prepare(db,
				     "INSERT INTO span VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,"
				     "?12,?13,?14,?15)",
				     &err);
		size_t n = MIN((size_t)PIECE, s->n - at);
		bool is_number = s->type != VALUE_TEXT;
		struct chunk_stats c;

		buf_clear(&blob);
		chunk_encode(coder, s, at, n, CHUNK_PACKED, &blob);
		db_bind(chunk, "b", (const void *)blob.data, blob.n);
		assert_int_equal(db_run(chunk, &err), 0);
		chunk_stats(s, at, n, &c);
		db_bind(span, "iiiiiii", channel, boot_no, c.t_min, sqlite3_last_insert_rowid(db),
			c.t_max, (int64_t)c.n, (int64_t)c.n_good);
		number_or_null(span, 8, is_number && c.n_good > 0, c.first);
		number_or_null(span, 9, is_number && c.n_good > 0, c.last);
		number_or_null(span, 10, is_number && c.n_good > 0, c.min);
		number_or_null(span, 11, is_number && c.n_good > 0, c.max);
		number_or_null(span, 12, is_number && c.n_good > 0, c.sum);
		number_or_null(span, 13, is_number, c.area);
		sqlite3_bind_int64(span, 14, c.held_ns);
		sqlite3_bind_int64(span, 15, c.flags);
		assert_int_equal(db_run(span, &err), 0);
		sqlite3_finalize(chunk);
		sqlite3_finalize(span);
	}
	buf_done(&blob);
	chunk_coder_free(coder);
}

static void
cut_into_pieces(const char *name)
{
	struct chunk_coder *coder = chunk_coder_new();
	char path[200];
	sqlite3 *db;
	sqlite3_stmt *st;
	struct err err;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", rig_dir, name);
	assert_int_equal(db_open(&db, path, true, &err), 0);
	assert_int_equal(db_exec(db,
				 "PRAGMA synchronous=OFF; BEGIN; CREATE TEMP TABLE whole AS SELECT "
				 "s.channel, s.boot, c.data FROM span s JOIN chunk c USING(chunk) "
				 "ORDER BY c.chunk; DELETE FROM chunk; DELETE FROM span",
				 &err),
		0);
	st = db_prepare(db, "SELECT * FROM whole ORDER BY rowid", &err);
	while ((rc = db_row(st, &err)) == 1) {
		struct series s;

		series_init(&s, VALUE_FLOAT);
		assert_true(chunk_decode(coder, sqlite3_column_blob(st, 2),
				    (size_t)sqlite3_column_bytes(st, 2), &s, &err) > 0);
		put_pieces(db, &s, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1));
		series_done(&s);
	}
	assert_int_equal(rc, 0);
	sqlite3_finalize(st);
	assert_int_equal(db_exec(db, "COMMIT", &err), 0);
	db_close(db);
	chunk_coder_free(coder);
}

static char *
ask(const char *channels)
{
	const struct ask_words words = { .channels = channels,
		.from = "first",
		.to = "1800000000",
		.raw = "1",
		.format = "json" };
	struct buf out = { 0 };
	struct reader *r;
	struct answer *a;
	struct err err;
	struct ask ask;
	int rc;

	assert_int_equal(ask_read(&words, WALL, true, &ask, &err), 0);
	r = reader_open(rig_dir, &err);
	assert_non_null(r);
	a = answer_new(r, &ask, &err);
	if (a == NULL)
		fail_msg("%s", err.msg);
	while ((rc = answer_step(a, &out, &err)) != 0)
		assert_int_equal(rc, 1);
	answer_free(a);
	reader_close(r);
	buf_text(&out);
	return out.data;
}

static int64_t
number_of(const char *name, const char *sql)
{
	char path[200];
	int64_t n;
	sqlite3 *db;
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", rig_dir, name);
	assert_int_equal(db_open(&db, path, false, &err), 0);
	if (db_number(db, sql, -1, &n, &err) < 0)
		fail_msg("%s", err.msg);
	db_close(db);
	return n;
}

static int
open_in_dir(const char *name, int flags)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", rig_dir, name);
	fd = open(path, flags, 0600);
	assert_true(fd >= 0);
	return fd;
}

static int
rewrite(const char *name, struct compact_numbers *numbers, struct err *err)
{
	int from = open_in_dir(name, O_RDONLY), to = open_in_dir("new", O_RDWR | O_CREAT | O_TRUNC);
	int rc = compact_rewrite(from, to, name, numbers, err);

	close(from);
	close(to);
	return rc;
}

static void
replace(const char *name)
{
	char from[200], to[200];

	snprintf(from, sizeof(from), "%s/new", rig_dir);
	snprintf(to, sizeof(to), "%s/%s", rig_dir, name);
	assert_int_equal(rename(from, to), 0);
}

static void
test_the_same(void **state)
{
	static const char all[] = "T_bed,count,note,late";
	/* Rows of events are places of readers; the last chunk of each channel keeps its number. */
	static const char *const same[] = { "SELECT sum(rowid * id) FROM event",
		"SELECT count(*) FROM event", "SELECT sum(gap * missed) FROM gap",
		"SELECT count(*) FROM clock", "SELECT count(*) FROM run", "SELECT sum(n) FROM span",
		"SELECT sum(n_good) FROM span", "SELECT max(chunk) FROM chunk",
		"SELECT sum(m) FROM (SELECT max(chunk) m FROM span GROUP BY channel, boot)",
		"SELECT count(*) FROM living", "SELECT sum(recorded) FROM present",
		"SELECT sum(length(data)) FROM open", "PRAGMA user_version" };
	int64_t before[NELEM(same)];
	struct compact_numbers n, again;
	char name[FILES_NAME_MAX], *text, *text2;
	struct err err;

	write_store(name);
	text = ask(all);
	cut_into_pieces(name);
	text2 = ask(all);
	assert_string_equal(text, text2);
	free(text2);
	for (size_t i = 0; i < NELEM(same); i++)
		before[i] = number_of(name, same[i]);
	if (rewrite(name, &n, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(n.chunks_before, number_of(name, "SELECT count(*) FROM chunk"));
	replace(name);
	assert_int_equal(n.chunks_after, number_of(name, "SELECT count(*) FROM chunk"));
	assert_int_equal(n.chunks_after, number_of(name, "SELECT count(*) FROM span"));
	assert_true(n.chunks_after * 4 < n.chunks_before);
	for (size_t i = 0; i < NELEM(same); i++)
		assert_int_equal(before[i], number_of(name, same[i]));
	text2 = ask(all);
	assert_string_equal(text, text2);
	free(text);
	free(text2);
	/* Nothing is left to do. */
	assert_int_equal(rewrite(name, &again, &err), 0);
	assert_int_equal(again.chunks_after, n.chunks_after);
	assert_int_equal(again.chunks_before, n.chunks_after);
}

/* Whatever byte is another one: refused, or the same answer as before it was written anew; never another one. */
static void
test_damaged(void **state)
{
	char name[FILES_NAME_MAX];
	struct compact_numbers n;
	struct err err;
	struct stat st;
	int fd, refused = 0;

	write_store(name);
	cut_into_pieces(name);
	fd = open_in_dir(name, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 40; at < st.st_size; at += 4099) {
		uint8_t byte, other;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		other = byte ^ 0x55;
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		err.msg[0] = '\0';
		if (rewrite(name, &n, &err) < 0) {
			assert_true(err.msg[0] != '\0');
			refused++;
		}
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_true(refused > 0);
	close(fd);
	assert_int_equal(rewrite(name, &n, &err), 0);
}

static void
test_carried(void **state)
{
	static const struct {
		const char *file, *text;
		uint32_t below;
	} rows[] = {
		{ "drain-postgres", "id 0123456789abcdef0123456789abcdef files 12\n", 12 },
		{ "drain-other", "id 0123456789abcdef0123456789abcdef files 7      \n", 7 },
		{ "drain-third", "", 0 },
	};

	assert_int_equal(compact_carried(rig_dir), UINT32_MAX);
	for (size_t i = 0; i < NELEM(rows); i++) {
		int fd = open_in_dir(rows[i].file, O_RDWR | O_CREAT);

		assert_int_equal(write(fd, rows[i].text, strlen(rows[i].text)),
			(ssize_t)strlen(rows[i].text));
		close(fd);
		assert_int_equal(compact_carried(rig_dir), rows[i].below);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_same, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_damaged, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_carried, rig_make_dir, rig_remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
