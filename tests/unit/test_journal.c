/* test_journal.c - black box and journal, with writers that die anywhere and files that are torn anywhere */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/journal.h"
#include "io/journal_files.h"
#include "io/now.h"

/* The writer with its stores counted: it can be ended behind each. */
static int stores_left;
static int stores;

static void
stored(void)
{
	stores++;
	if (stores_left > 0 && --stores_left == 0)
		_exit(9);
}

#define BLACKBOX_STORED() stored()
#include "../../src/msg/blackbox.c"

#define SLOTS 8
#define BOX_SIZE (HEAD + SLOTS * BLACKBOX_SLOT)

static struct record
number(uint64_t seq, size_t n)
{
	struct record r = { .seq = seq, .last_id = seq, .type = RECORD_EVENT, .n = (uint16_t)n };

	for (size_t i = 0; i < n; i++)
		r.bytes[i] = (uint8_t)(seq + i);
	return r;
}

static bool
is_number(const struct record *r, uint64_t seq)
{
	struct record want = number(seq, r->n);

	return r->seq == seq && r->last_id == seq && memcmp(r->bytes, want.bytes, r->n) == 0;
}

/* ---- black box ---- */

static void *
shared(size_t n)
{
	void *memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(memory != MAP_FAILED);
	return memory;
}

static void
put(struct blackbox *b, uint64_t seq)
{
	struct record r = number(seq, 10 + seq % 300);

	assert_int_equal(blackbox_put(b, RECORD_EVENT, r.bytes, r.n), seq);
}

static void
test_box_keeps_the_newest(void **state)
{
	void *memory = shared(BOX_SIZE);
	struct blackbox b;
	struct record r;
	struct err err;

	assert_int_equal(blackbox_open(&b, memory, BOX_SIZE, &err), ERR_PROTO);
	blackbox_format(memory);
	assert_int_equal(blackbox_open(&b, memory, BOX_SIZE, &err), 0);
	assert_int_equal(b.next, 1);
	for (uint64_t seq = 1; seq <= 20; seq++)
		put(&b, seq);
	assert_int_equal(blackbox_head(&b), 21);
	assert_int_equal(blackbox_oldest(&b, 21), 13);
	assert_false(blackbox_get(&b, 12, &r));
	for (uint64_t seq = 13; seq <= 20; seq++)
		assert_true(blackbox_get(&b, seq, &r) && is_number(&r, seq));
	assert_false(blackbox_get(&b, 21, &r));
	assert_false(blackbox_get(&b, 0, &r));
	munmap(memory, BOX_SIZE);
}

/* What supervise has told comes with the record, not before it. */
static void
test_box_says_what_was_told(void **state)
{
	void *memory = shared(BOX_SIZE);
	struct blackbox b, reader;
	struct err err;

	blackbox_format(memory);
	assert_int_equal(blackbox_open(&b, memory, BOX_SIZE, &err), 0);
	assert_int_equal(blackbox_told(&b), 0);
	b.told = 5;
	assert_int_equal(blackbox_told(&b), 0);
	put(&b, 1);
	assert_int_equal(blackbox_told(&b), 5);
	assert_int_equal(blackbox_open(&reader, memory, BOX_SIZE, &err), 0);
	assert_true(reader.told == 5 && reader.next == 2 && reader.last_id == 1);
	munmap(memory, BOX_SIZE);
}

/* A writer that is ended behind its n-th store, for every n: what stood before stands, what was being written is there whole or not at all. */
static void
test_box_survives_its_writer_at_every_store(void **state)
{
	int most = 2 * (FIRST + BYTE_WORDS + 2), seen[2] = { 0 };

	for (uint64_t before = 0; before < 12; before += before < 7 ? 7 : 1)
		for (int n = 1; n <= most; n++) {
			void *memory = shared(BOX_SIZE);
			struct blackbox b;
			struct record r;
			struct err err;
			int status;

			blackbox_format(memory);
			assert_int_equal(blackbox_open(&b, memory, BOX_SIZE, &err), 0);
			for (uint64_t seq = 1; seq <= before; seq++)
				put(&b, seq);
			if (fork() == 0) {
				struct record first = number(before + 1, 200),
					      second = number(before + 2, 20);

				stores_left = n;
				blackbox_put(&b, RECORD_EVENT, first.bytes, first.n);
				blackbox_put(&b, RECORD_EVENT, second.bytes, second.n);
				_exit(0);
			}
			assert_true(wait(&status) > 0);
			assert_int_equal(blackbox_open(&b, memory, BOX_SIZE, &err), 0);
			assert_in_range(b.next, before + 1, before + 3);
			seen[b.next == before + 1]++;
			assert_int_equal(b.last_id, b.next - 1);
			assert_int_equal(blackbox_head(&b), b.next);
			/* One slot may be lost to what never was: the oldest. */
			for (uint64_t seq = b.next > SLOTS ? b.next - SLOTS + 1 : 1; seq < b.next;
				seq++)
				assert_true(blackbox_get(&b, seq, &r) && is_number(&r, seq));
			put(&b, b.next);
			assert_true(blackbox_get(&b, b.next - 1, &r));
			munmap(memory, BOX_SIZE);
		}
	assert_true(seen[0] > 0 && seen[1] > 0);
}

/* ---- frames ---- */

#define N_RECORDS 12

static size_t
fill(uint8_t *file, size_t ends[N_RECORDS + 1])
{
	struct journal_place at = { 0 };

	ends[0] = 0;
	for (uint64_t seq = 1; seq <= N_RECORDS; seq++) {
		struct record r = number(seq, seq * 20);

		journal_frame(file + at.offset, &r, &at);
		ends[seq] = at.offset;
	}
	return at.offset;
}

static uint64_t
count(const uint8_t *file, size_t n)
{
	struct journal_place at = { 0 };
	struct record r;
	uint64_t found = 0;

	while (journal_take(file + at.offset, n - at.offset, &at, &r) > 0)
		assert_true(is_number(&r, ++found));
	return found;
}

/* The file ends at any byte, or goes on with zeros or with what stood there before: all whole records before are read. */
static void
test_journal_torn_at_every_byte(void **state)
{
	static uint8_t file[16384], torn[16384];
	size_t ends[N_RECORDS + 1], n = fill(file, ends);

	for (size_t cut = 0; cut <= n; cut++) {
		uint64_t whole = 0;

		while (whole < N_RECORDS && ends[whole + 1] <= cut)
			whole++;
		assert_int_equal(count(file, cut), whole);
		memset(torn, 0, sizeof(torn));
		memcpy(torn, file, cut);
		assert_int_equal(count(torn, sizeof(torn)), whole);
		memset(torn, 0xff, sizeof(torn));
		memcpy(torn, file, cut);
		assert_int_equal(count(torn, sizeof(torn)), whole);
	}
}

/* A damaged byte ends the chain before its record; never is anything else read. */
static void
test_journal_damaged_at_every_byte(void **state)
{
	static uint8_t file[16384];
	size_t ends[N_RECORDS + 1], n = fill(file, ends);

	for (size_t at = 0; at < n; at++) {
		uint64_t whole = 0;

		while (ends[whole + 1] <= at)
			whole++;
		file[at] ^= 0x10;
		assert_int_equal(count(file, n), whole);
		file[at] ^= 0x10;
	}
}

/* A power cut has left record 3 without record 2. What is written in its place, of the same length, must not bring it back. */
static void
test_journal_has_no_ghosts(void **state)
{
	static uint8_t file[4096];
	struct journal_place at = { 0 }, second;
	struct record r = number(1, 50), other = number(2, 50);

	journal_frame(file, &r, &at);
	second = at;
	r = number(2, 50);
	r.bytes[0] ^= 1;
	journal_frame(file + at.offset, &r, &at);
	r = number(3, 50);
	journal_frame(file + at.offset, &r, &at);
	journal_frame(file + second.offset, &other, &second);
	assert_int_equal(count(file, sizeof(file)), 2);
}

/* ---- files ---- */

static int
make_file(char *path, size_t size)
{
	int fd;

	strcpy(path, "/tmp/mbc-journal-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	unlink(path);
	return fd;
}

/* Small files take turns: the newest records are there, in order, whenever somebody looks. */
static void
test_files_take_turns(void **state)
{
	char path[40];
	int fd[JOURNAL_FILES] = { make_file(path, 2000), make_file(path, 2000) };
	struct journal_reader *scan = mem_zero(1, sizeof(*scan));
	struct journal_files f;
	struct err err;

	for (uint64_t seq = 1; seq <= 100; seq++) {
		struct record r = number(seq, 40 + seq % 30);
		uint64_t first = 0, last = 0;

		journal_files_open(&f, fd, scan);
		assert_int_equal(f.place.seq, seq - 1);
		assert_int_equal(f.place.last_id, seq - 1);
		assert_int_equal(journal_files_put(&f, &r, &err), 0);
		assert_int_equal(journal_files_sync(&f, &err), 0);
		for (int i = 1; i <= JOURNAL_FILES; i++) {
			journal_reader_init(scan, fd[(f.active + i) % JOURNAL_FILES]);
			while (journal_reader_next(scan, &r, &err) > 0) {
				assert_true(last == 0 || r.seq == last + 1);
				assert_true(is_number(&r, r.seq));
				first = first == 0 ? r.seq : first;
				last = r.seq;
			}
		}
		assert_int_equal(last, seq);
		assert_true(first == 1 || seq - first >= 15);
	}
	for (int i = 0; i < JOURNAL_FILES; i++)
		close(fd[i]);
	free(scan);
}

/* A black box that came round before its records were written: what is missing is counted, once, and the rest is written. */
static void
test_what_was_overwritten_is_counted(void **state)
{
	char path[40];
	int fd[JOURNAL_FILES] = { make_file(path, 16384), -1 };
	struct journal_reader *scan = mem_zero(1, sizeof(*scan));
	void *memory = shared(BOX_SIZE);
	struct journal_files f;
	struct blackbox b;
	uint64_t missed;
	struct err err;

	blackbox_format(memory);
	assert_int_equal(blackbox_open(&b, memory, BOX_SIZE, &err), 0);
	journal_files_open(&f, fd, scan);
	put(&b, 1);
	assert_int_equal(journal_files_follow(&f, &b, b.next, &missed, &err), 0);
	assert_int_equal(missed, 0);
	for (uint64_t seq = 2; seq <= 20; seq++)
		put(&b, seq);
	assert_int_equal(journal_files_follow(&f, &b, b.next, &missed, &err), 0);
	assert_int_equal(missed, 20 - SLOTS - 1);
	assert_int_equal(f.place.seq, 20);
	assert_int_equal(journal_files_follow(&f, &b, b.next, &missed, &err), 0);
	assert_int_equal(missed, 0);
	munmap(memory, BOX_SIZE);
	close(fd[0]);
	free(scan);
}

/* ---- the thread ---- */

struct rig {
	int box, file[JOURNAL_FILES];
};

static int
open_rig(void **state)
{
	struct rig *r = mem_zero(1, sizeof(*r));
	char path[40];
	void *memory;

	r->box = memfd_create("box", MFD_CLOEXEC);
	assert_int_equal(ftruncate(r->box, BLACKBOX_SIZE), 0);
	memory = mmap(NULL, BLACKBOX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, r->box, 0);
	blackbox_format(memory);
	munmap(memory, BLACKBOX_SIZE);
	for (int i = 0; i < JOURNAL_FILES; i++)
		r->file[i] = make_file(path, 65536);
	*state = r;
	return 0;
}

static int
close_rig(void **state)
{
	struct rig *r = *state;

	close(r->box);
	for (int i = 0; i < JOURNAL_FILES; i++)
		close(r->file[i]);
	free(r);
	return 0;
}

static struct journal *
start(const struct rig *r, bool has_files)
{
	struct journal_setup setup = { .blackbox = dup(r->box), .boot = 3 };
	struct journal *j;
	struct err err;

	for (int i = 0; i < JOURNAL_FILES; i++)
		setup.files[i] = has_files ? dup(r->file[i]) : -1;
	j = journal_open(&setup, &err);
	assert_non_null(j);
	return j;
}

static struct event
event(void)
{
	struct event e = { .kind = EVENT_RECORD_NOTE, .stamp_ns = 1, .text = "x" };

	return e;
}

static enum journal_verdict
wait_verdict(struct journal *j, uint64_t id, int64_t asked)
{
	enum journal_verdict v;

	while ((v = journal_verdict(j, id, asked, now_boot())) == JOURNAL_WAIT) {
		journal_step(j, now_boot());
		usleep(1000);
	}
	return v;
}

static void
test_intent_waits_for_the_disk(void **state)
{
	struct journal *j = start(*state, true);
	struct event e = event();
	int64_t asked = now_boot();
	uint64_t id = journal_intent(j, &e);

	assert_int_equal(id, 1);
	assert_false(journal_is_durable(j, 0));
	assert_int_equal(wait_verdict(j, id, asked), JOURNAL_DURABLE);
	assert_true(journal_is_durable(j, id) && !journal_is_durable(j, id + 1));
	/* Too late is refused, whatever became of it. */
	assert_int_equal(
		journal_verdict(j, id, asked, asked + JOURNAL_INTENT_NS + 1), JOURNAL_REFUSED);
	journal_close(j, NS_PER_S);
}

/* Without a file nothing is ever durable: refused after 2 s. The event itself is in the black box, and in the files once they come. */
static void
test_intent_without_a_disk_is_refused(void **state)
{
	struct rig *r = *state;
	struct journal *j = start(r, false);
	struct journal_state s;
	struct event e = event();
	int64_t asked = now_boot();
	uint64_t id = journal_intent(j, &e);

	assert_int_equal(wait_verdict(j, id, asked), JOURNAL_REFUSED);
	assert_true(now_boot() - asked > JOURNAL_INTENT_NS);
	journal_state(j, &s);
	assert_true(s.is_failing && s.waiting == 1 && s.why[0] != '\0');
	journal_file(j, 0, dup(r->file[0]));
	while (!journal_is_durable(j, id)) {
		journal_step(j, now_boot());
		usleep(1000);
	}
	journal_state(j, &s);
	assert_true(!s.is_failing && s.waiting == 0);
	journal_close(j, NS_PER_S);
}

static uint64_t
last_in_files(const struct rig *r, uint64_t *out_seq)
{
	struct journal_reader *scan = mem_zero(1, sizeof(*scan));
	struct journal_files f;
	uint64_t id;

	journal_files_open(&f, r->file, scan);
	id = f.place.last_id;
	*out_seq = f.place.seq;
	free(scan);
	return id;
}

/* A process that records is killed at any moment, many times: its successors go on, and the files have every event. */
static void
test_kill_loses_and_doubles_nothing(void **state)
{
	struct rig *r = *state;
	struct journal_reader *scan = mem_zero(1, sizeof(*scan));
	uint64_t expected = 0, seq, all;
	struct journal *j;
	struct record record;
	struct event e = event();
	struct err err;

	for (int i = 0; i < 60; i++) {
		int pipe_fd[2], status;
		pid_t child;

		assert_int_equal(pipe(pipe_fd), 0);
		child = fork();
		if (child == 0) {
			j = start(r, true);
			/* Fewer than the black box holds, however slow the thread is. */
			for (int k = 0; k < 500; k++) {
				uint64_t id = journal_event(j, &e);

				if (write(pipe_fd[1], &id, sizeof(id)) < 0)
					_exit(1);
			}
			pause();
			_exit(0);
		}
		close(pipe_fd[1]);
		/* At most one was recorded before without its number having been said. */
		for (int k = -1; k < i * 7 % 100; k++) {
			assert_int_equal(read(pipe_fd[0], &seq, sizeof(seq)), sizeof(seq));
			assert_in_range(seq, expected + 1, expected + (k < 0 ? 2 : 1));
			expected = seq;
		}
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		while (read(pipe_fd[0], &seq, sizeof(seq)) == sizeof(seq)) {
			assert_int_equal(seq, expected + 1);
			expected = seq;
		}
		close(pipe_fd[0]);
	}
	j = start(r, true);
	all = journal_event(j, &e);
	assert_in_range(all, expected + 1, expected + 2);
	journal_close(j, 10 * NS_PER_S);
	assert_int_equal(last_in_files(r, &seq), all);
	expected = 0;
	for (int i = 0; i < JOURNAL_FILES; i++) {
		uint64_t last = 0;

		journal_reader_init(scan, r->file[i]);
		while (journal_reader_next(scan, &record, &err) > 0) {
			assert_true(last == 0 || record.seq == last + 1);
			assert_int_equal(record.last_id, record.seq);
			last = record.seq;
			expected++;
		}
	}
	assert_true(expected > 500);
	free(scan);
}

/* A supervisor that was killed, and its black box with it: the files say how to go on. */
static void
test_new_box_goes_on_from_the_files(void **state)
{
	struct rig *r = *state;
	struct journal *j = start(r, true);
	struct clock_record c = { .stamp_ns = 1, .wall_ns = 2 };
	struct event e = event();
	void *memory;

	for (int i = 0; i < 5; i++)
		journal_event(j, &e);
	for (int i = 0; i < 3; i++)
		journal_clock(j, &c);
	journal_close(j, 10 * NS_PER_S);
	memory = mmap(NULL, BLACKBOX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, r->box, 0);
	memset(memory, 0, BLACKBOX_SIZE);
	blackbox_format(memory);
	munmap(memory, BLACKBOX_SIZE);
	j = start(r, true);
	assert_int_equal(journal_event(j, &e), 6);
	journal_close(j, 10 * NS_PER_S);
}

/* A file that cannot be read: nobody knows what stands in it, so its numbers are passed over, and the other one is used alone. */
static void
test_unreadable_file_costs_a_hole(void **state)
{
	struct rig *r = *state;
	struct journal_setup setup = { .blackbox = dup(r->box), .boot = 3 };
	struct event e = event();
	struct journal *j;
	uint64_t id, seq;
	struct err err;

	setup.files[0] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	setup.files[1] = dup(r->file[1]);
	j = journal_open(&setup, &err);
	assert_non_null(j);
	id = journal_event(j, &e);
	assert_true(id > 100000);
	journal_close(j, 10 * NS_PER_S);
	assert_int_equal(last_in_files(r, &seq), id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_box_keeps_the_newest),
		cmocka_unit_test(test_box_says_what_was_told),
		cmocka_unit_test(test_box_survives_its_writer_at_every_store),
		cmocka_unit_test(test_journal_torn_at_every_byte),
		cmocka_unit_test(test_journal_damaged_at_every_byte),
		cmocka_unit_test(test_journal_has_no_ghosts),
		cmocka_unit_test(test_files_take_turns),
		cmocka_unit_test(test_what_was_overwritten_is_counted),
		cmocka_unit_test_setup_teardown(
			test_intent_waits_for_the_disk, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(
			test_intent_without_a_disk_is_refused, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(
			test_kill_loses_and_doubles_nothing, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(
			test_new_box_goes_on_from_the_files, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(
			test_unreadable_file_costs_a_hole, open_rig, close_rig),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
