/* test_history_store.c - what was committed is there, whatever happened between
 *
 *	test_history_store [KILLS [SEED]]
 */
#include "store_rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/text.h"
#include "history/db.h"
#include "history/reader.h"

static void
test_everything_is_there(void **state)
{
	struct store *s = rig_open(rig_dir, 0);

	rig_write(s, 0, 5000, 10, NULL);
	rig_check(rig_dir, 5000);
	store_close(s);
	rig_check(rig_dir, 5000);
}

static void
test_it_goes_on_after_an_end(void **state)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < 12; i++) {
		struct store *s = rig_open(rig_dir, 0);
		struct store_place place;

		store_place(s, &place);
		assert_int_equal(place.seq, at);
		rig_write(s, at, at + 100 * (i + 1), 7 + i, NULL);
		store_place(s, &place);
		at = place.seq;
		store_close(s);
		rig_check(rig_dir, at);
	}
}

static void
test_files_follow_each_other(void **state)
{
	struct store *s = rig_open(rig_dir, 8 << 10);

	rig_write(s, 0, 20000, 50, NULL);
	assert_non_null(strstr(store_file(s), "history-0000"));
	assert_null(strstr(store_file(s), "history-00001-"));
	rig_check(rig_dir, 20000);
	store_close(s);
	rig_check(rig_dir, 20000);
}

/* A copy without its log is read as it is, without a trace; what is written later is seen all the same. */
static void
test_read_before_it_is_written(void **state)
{
	struct store *s = rig_open(rig_dir, 0);
	char path[300], log[310];
	struct reader *r;
	struct err err;
	sqlite3 *db;
	int64_t n, before;

	rig_write(s, 0, 1000, 10, NULL);
	text_copy(path, sizeof(path), store_file(s));
	store_close(s);
	snprintf(log, sizeof(log), "%s-wal", path);
	assert_int_equal(unlink(log), 0);
	snprintf(log, sizeof(log), "%s-shm", path);
	assert_int_equal(unlink(log), 0);
	assert_int_equal(db_open_read(&db, path, &err), 0);
	assert_true(db_is_still(db));
	assert_int_equal(db_number(db, "SELECT count(*) FROM boot", 0, &n, &err), 0);
	assert_int_equal(n, 1);
	r = reader_open(rig_dir, &err);
	assert_non_null(r);
	assert_int_equal(reader_refresh(r, &err), 0);
	before = reader_recorded(r);

	s = rig_open(rig_dir, 0);
	rig_write(s, 1000, 2000, 10, NULL);
	assert_int_equal(db_number(db, "SELECT count(*) FROM boot", 0, &n, &err), ERR_IO);
	assert_non_null(strstr(err.msg, "ask again"));
	db_close(db);
	assert_int_equal(reader_refresh(r, &err), 0);
	assert_true(reader_recorded(r) > before);
	reader_close(r);
	store_close(s);
	rig_check(rig_dir, 2000);
}

/* Killed at any moment: what the place says is there, no less and no more. */
static unsigned kills = 30;
static uint64_t chance = 4711;

static void
test_killed(void **state)
{

	for (unsigned i = 0; i < kills; i++) {
		struct store_place place;
		struct store *s;
		unsigned after_us = (unsigned)rand_below(&chance, 60000);
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			s = rig_open(rig_dir, 8 << 10);
			store_place(s, &place);
			rig_write(s, place.seq, place.seq + 100000, 3, NULL);
			_exit(0);
		}
		usleep(after_us);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		s = rig_open(rig_dir, 8 << 10);
		store_place(s, &place);
		store_close(s);
		if (place.seq > 0)
			rig_check(rig_dir, place.seq);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_everything_is_there, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(
			test_it_goes_on_after_an_end, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(
			test_files_follow_each_other, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(
			test_read_before_it_is_written, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_killed, rig_make_dir, rig_remove_dir),
	};

	if (argc > 1)
		kills = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		chance = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
