/* glass.c - the one-way glass holds: a reader cannot write the board, whoever it is
 *
 * Each attempt runs in a child, as the same user and (when root runs the test) as nobody, so that
 * no attempt can spoil the next one. A child ends with the number of ways in which it got through:
 * 0 is what must come out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/seal.h"

#define SIZE 8192
#define NOBODY 65534

static volatile char *board;
static int reader = -1;

/* Is a writable mapping of the board to be had from `fd`? */
static int
maps_writable(int fd)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return 0;
	munmap(p, SIZE);
	return 1;
}

/* Every way in which a reader could try to write; returns how many succeeded. */
static int
attack(void)
{
	int through = 0, fd;
	char path[40], byte = 'x';
	void *p;

	through += maps_writable(reader);
	p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, reader, 0);
	if (p != MAP_FAILED && mprotect(p, SIZE, PROT_READ | PROT_WRITE) == 0)
		through++;
	if (pwrite(reader, &byte, 1, 0) == 1)
		through++;
	if (ftruncate(reader, 0) == 0 || ftruncate(reader, SIZE * 2) == 0)
		through++;
	if (fallocate(reader, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0)
		through++;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", reader);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		through += maps_writable(fd);
		through += pwrite(fd, &byte, 1, 0) == 1;
		close(fd);
	}
	return through;
}

/* Run `attempt` in a child as `uid`; returns how it ended: its number, or minus the signal. */
static int
in_child(int (*attempt)(void), uid_t uid)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (uid != getuid() && (setgid(uid) < 0 || setuid(uid) < 0))
			_exit(99);
		_exit(attempt());
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The writer's own mapping must not have come along through fork. */
static int
use_inherited(void)
{
	signal(SIGSEGV, SIG_DFL); /* a sanitizer would turn it into an exit code */
	board[0] = 'x';
	return 1;
}

static int
make(void **state)
{
	struct err err;

	board = seal_make("glass", SIZE, &reader, &err);
	if (board == NULL)
		return -1;
	board[0] = 'g';
	return 0;
}

static int
drop(void **state)
{
	seal_done((void *)(uintptr_t)board, SIZE);
	close(reader);
	return 0;
}

static void
test_reader_sees_what_is_written(void **state)
{
	struct err err;
	size_t size;
	const char *seen = seal_map(reader, &size, &err);

	assert_non_null(seen);
	assert_int_equal(size, SIZE);
	assert_int_equal(seen[0], 'g');
	board[1] = 'l';
	assert_int_equal(((const volatile char *)seen)[1], 'l');
	seal_done((void *)(uintptr_t)seen, size);
}

static void
test_same_user_cannot_write(void **state)
{
	assert_int_equal(in_child(attack, getuid()), 0);
	assert_int_equal(board[0], 'g');
}

static void
test_other_user_cannot_write(void **state)
{
	if (getuid() != 0)
		skip(); /* only root can become somebody else */
	assert_int_equal(in_child(attack, NOBODY), 0);
	assert_int_equal(board[0], 'g');
}

static void
test_forked_child_has_no_mapping(void **state)
{
	assert_int_equal(in_child(use_inherited, getuid()), -SIGSEGV);
	assert_int_equal(board[0], 'g');
}

/* The same attacks must succeed on memory without seals, or they prove nothing. */
static void
test_attacks_succeed_without_glass(void **state)
{
	int sealed = reader;

	reader = memfd_create("open", MFD_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(ftruncate(reader, SIZE), 0);
	assert_true(in_child(attack, getuid()) >= 5);
	close(reader);
	reader = sealed;
}

static void
test_unsealed_memory_is_refused(void **state)
{
	struct err err;
	size_t size;
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	assert_null(seal_map(fd, &size, &err));
	assert_non_null(strstr(err.msg, "not sealed"));
	close(fd);
}

static void
test_image_cannot_be_changed(void **state)
{
	struct err err;
	int fd = seal_bytes("image", "12345678", 8, &err), sealed = reader;

	assert_true(fd >= 0);
	reader = fd;
	assert_int_equal(in_child(attack, getuid()), 0);
	reader = sealed;
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_sees_what_is_written),
		cmocka_unit_test(test_same_user_cannot_write),
		cmocka_unit_test(test_other_user_cannot_write),
		cmocka_unit_test(test_forked_child_has_no_mapping),
		cmocka_unit_test(test_attacks_succeed_without_glass),
		cmocka_unit_test(test_unsealed_memory_is_refused),
		cmocka_unit_test(test_image_cannot_be_changed),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
