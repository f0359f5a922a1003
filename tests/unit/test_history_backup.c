/* test_history_backup.c - the manifest of a backup; a data base that is copied while it changes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/db_copy.h"
#include "history/db_given.h"
#include "history/manifest.h"

/* ---- the manifest ---------------------------------------------------------------------------------------------------------- */

static void
make_manifest(struct manifest *m)
{
	static const char *const names[] = { "history-00002-2026-12-01.sqlite",
		"history-00001-2026-11-26.sqlite", "history-00003-2027-01-01.sqlite" };

	*m = (struct manifest){ .bench = "rec", .made = "2026-11-27T12:00:00Z" };
	for (size_t i = 0; i < NELEM(names); i++) {
		struct manifest_file f = {
			.bytes = 4096 * (i + 1), .chunks = i, .samples = UINT64_MAX
		};

		snprintf(f.name, sizeof(f.name), "%s", names[i]);
		sha256_hex(f.sha, names[i], strlen(names[i]));
		manifest_add(m, &f);
	}
}

static void
test_manifest_comes_back(void **state)
{
	struct manifest m, again;
	struct buf text = { 0 };
	struct err err;

	make_manifest(&m);
	manifest_put(&m, &text);
	assert_int_equal(manifest_read(&again, text.data, text.n, &err), 0);
	assert_string_equal(again.bench, "rec");
	assert_string_equal(again.made, m.made);
	assert_int_equal(again.n, 3);
	assert_string_equal(again.files[0].name, "history-00001-2026-11-26.sqlite");
	assert_memory_equal(again.files, m.files, 3 * sizeof(*m.files));
	manifest_done(&m);
	manifest_done(&again);
	buf_done(&text);
}

static void
test_manifest_each_byte_counts(void **state)
{
	struct manifest m, again;
	struct buf text = { 0 };
	struct err err;

	make_manifest(&m);
	manifest_put(&m, &text);
	for (size_t i = 0; i < text.n; i++) {
		static const char others[] = { 1, 4, 32, 127 };

		for (size_t k = 0; k < NELEM(others); k++) {
			text.data[i] = (char)(text.data[i] ^ others[k]);
			assert_int_equal(manifest_read(&again, text.data, text.n, &err), ERR_CONF);
			manifest_done(&again);
			text.data[i] = (char)(text.data[i] ^ others[k]);
		}
		assert_int_equal(manifest_read(&again, text.data, i, &err), ERR_CONF);
		manifest_done(&again);
	}
	buf_putc(&text, '\n');
	assert_int_equal(manifest_read(&again, text.data, text.n, &err), ERR_CONF);
	manifest_done(&again);
	manifest_done(&m);
	buf_done(&text);
}

/* The sum of these is right; what they say is not. */
static void
test_manifest_of_a_liar(void **state)
{
	static const char sha[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const struct {
		const char *bench, *file;
	} cases[] = { { "..", "history-00001-2026-11-26.sqlite" },
		{ "a/b", "history-00001-2026-11-26.sqlite" },
		{ "", "history-00001-2026-11-26.sqlite" },
		{ "rec", "../history-00001-2026-11-26.sqlite" }, { "rec", "passwd" },
		{ "rec", "history-00001-2026-11-26.sqlite-wal" } };
	struct manifest again;
	struct err err;

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct manifest m = { .made = "now" };
		struct manifest_file f = { .bytes = 1 };
		struct buf text = { 0 };

		snprintf(m.bench, sizeof(m.bench), "%s", cases[i].bench);
		snprintf(f.name, sizeof(f.name), "%s", cases[i].file);
		snprintf(f.sha, sizeof(f.sha), "%s", sha);
		manifest_add(&m, &f);
		manifest_put(&m, &text);
		assert_int_equal(manifest_read(&again, text.data, text.n, &err), ERR_CONF);
		manifest_done(&again);
		manifest_done(&m);
		buf_done(&text);
	}
}

/* ---- copies ---------------------------------------------------------------------------------------------------------------- */

#define ROWS 400 /* of a page each */

struct rig {
	char folder[64], path[96];
	sqlite3 *writer, *from;
	int fd;
	int writes, writes_left;
};

static int
set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	char target[96];
	struct err err;

	snprintf(r->folder, sizeof(r->folder), "/tmp/mbc-test-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	snprintf(r->path, sizeof(r->path), "%s/source.sqlite", r->folder);
	snprintf(target, sizeof(target), "%s/target", r->folder);
	assert_int_equal(db_open(&r->writer, r->path, true, &err), 0);
	assert_int_equal(
		db_exec(r->writer,
			"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA "
			"wal_autocheckpoint=50; CREATE TABLE t(n INTEGER PRIMARY KEY, v "
			"INTEGER, b BLOB); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n "
			"+ 1 FROM c WHERE n < 400) INSERT INTO t SELECT n, 0, zeroblob(3500) "
			"FROM c",
			&err),
		0);
	assert_int_equal(db_open(&r->from, r->path, false, &err), 0);
	r->fd = open(target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(r->fd >= 0);
	*state = r;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "source.sqlite", "source.sqlite-wal",
		"source.sqlite-shm", "target" };
	struct rig *r = *state;
	char path[128];

	db_close(r->from);
	db_close(r->writer);
	close(r->fd);
	for (size_t i = 0; i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", r->folder, names[i]);
		unlink(path);
	}
	rmdir(r->folder);
	free(r);
	return 0;
}

/* All rows have the same v at each moment. */
static void
write_more(void *ctx)
{
	struct rig *r = ctx;
	struct err err;

	if (r->writes_left == 0)
		return;
	r->writes_left--;
	r->writes++;
	assert_int_equal(db_exec(r->writer, "UPDATE t SET v = v + 1", &err), 0);
}

static int64_t
number_in_copy(const struct rig *r, const char *sql)
{
	sqlite3 *db;
	struct err err;
	int64_t n;

	assert_int_equal(db_given_open(&db, r->fd, "copy", false, &err), 0);
	assert_int_equal(db_number(db, sql, -1, &n, &err), 0);
	db_close(db);
	return n;
}

static void
check_copy(const struct rig *r, int64_t v)
{
	assert_int_equal(number_in_copy(r, "SELECT count(*) FROM t"), ROWS);
	assert_int_equal(number_in_copy(r, "SELECT count(DISTINCT v) FROM t"), 1);
	assert_int_equal(number_in_copy(r, "SELECT max(v) FROM t"), v);
	assert_int_equal(number_in_copy(r, "SELECT count(*) FROM pragma_integrity_check WHERE "
					   "integrity_check = 'ok'"),
		1);
}

static void
test_copy_of_a_still_one(void **state)
{
	struct rig *r = *state;
	const struct db_copy_rule rule = { .pages = 16, .restarts = 2, .log_max = 1 << 20 };
	unsigned char head[20];
	struct db_copied copied;
	struct err err;

	assert_int_equal(db_copy(r->from, r->fd, "copy", &rule, &copied, &err), 0);
	assert_int_equal(copied.restarts, 0);
	assert_false(copied.was_held);
	check_copy(r, 0);
	assert_int_equal(pread(r->fd, head, sizeof(head), 0), sizeof(head));
	assert_int_equal(head[18], 1); /* it needs no log */
	assert_int_equal(head[19], 1);
}

static void
test_copy_of_one_written_to_once(void **state)
{
	struct rig *r = *state;
	const struct db_copy_rule rule = {
		.pages = 16, .restarts = 2, .log_max = 1 << 20, .between = write_more, .ctx = r
	};
	struct db_copied copied;
	struct err err;

	r->writes_left = 1;
	assert_int_equal(db_copy(r->from, r->fd, "copy", &rule, &copied, &err), 0);
	assert_int_equal(copied.restarts, 1);
	assert_false(copied.was_held);
	check_copy(r, 1);
}

/* Written to at each step it would begin again for ever. */
static void
test_copy_of_one_written_to_always(void **state)
{
	struct rig *r = *state;
	const struct db_copy_rule rule = {
		.pages = 64, .restarts = 2, .log_max = 256 << 20, .between = write_more, .ctx = r
	};
	struct db_copied copied;
	struct err err;
	int before;

	r->writes_left = INT32_MAX;
	assert_int_equal(db_copy(r->from, r->fd, "copy", &rule, &copied, &err), 0);
	assert_true(copied.was_held);
	before = (int)number_in_copy(r, "SELECT max(v) FROM t");
	assert_true(before > 0 && before < r->writes); /* as it was when the transaction began */
	check_copy(r, before);
}

static void
test_the_log_does_not_grow_without_bound(void **state)
{
	struct rig *r = *state;
	const struct db_copy_rule rule = {
		.pages = 4, .restarts = 1, .log_max = 4 << 20, .between = write_more, .ctx = r
	};
	char log[128];
	struct db_copied copied;
	struct err err;
	struct stat st;

	r->writes_left = INT32_MAX;
	assert_int_equal(db_copy(r->from, r->fd, "copy", &rule, &copied, &err), ERR_IO);
	assert_non_null(strstr(err.msg, "too slowly"));
	assert_int_equal(copied.target_sys, 0);
	snprintf(log, sizeof(log), "%s-wal", r->path);
	assert_int_equal(stat(log, &st), 0);
	assert_true(st.st_size < 12 << 20);
	write_more(r); /* nothing is held any more: the next ones begin the log anew */
	assert_int_equal(db_exec(r->writer, "PRAGMA wal_checkpoint(TRUNCATE)", &err), 0);
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void
test_a_full_target(void **state)
{
	struct rig *r = *state;
	const struct db_copy_rule rule = { .pages = 64, .restarts = 2, .log_max = 1 << 20 };
	struct rlimit was, small;
	struct db_copied copied;
	struct err err;
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){ 200 << 10, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = db_copy(r->from, r->fd, "copy", &rule, &copied, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(copied.target_sys, EFBIG);
}

static void
test_a_damaged_source(void **state)
{
	struct rig *r = *state;
	const struct db_copy_rule rule = { .pages = 64, .restarts = 2, .log_max = 1 << 20 };
	struct db_copied copied;
	struct err err;
	int fd;

	assert_int_equal(db_exec(r->writer, "PRAGMA wal_checkpoint(TRUNCATE)", &err), 0);
	fd = open(r->path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "this is no data base", 20, 0), 20);
	close(fd);
	assert_int_equal(db_copy(r->from, r->fd, "copy", &rule, &copied, &err), ERR_IO);
	assert_int_equal(copied.target_sys, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest_comes_back),
		cmocka_unit_test(test_manifest_each_byte_counts),
		cmocka_unit_test(test_manifest_of_a_liar),
		cmocka_unit_test_setup_teardown(test_copy_of_a_still_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_copy_of_one_written_to_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_copy_of_one_written_to_always, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_the_log_does_not_grow_without_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_damaged_source, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
