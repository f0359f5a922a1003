/* test_history_power.c - power cuts: what a disk has when the current goes
 *
 * A run of the store is written through a file system that keeps a log of what was written, cut, removed and synchronised. Then the power goes
 * behind each part of the log: writes that were not synchronised by then are there or not, by chance. The store that is found has
 * to hold everything that was committed before, and nothing that was not written.
 *
 *	test_history_power [CUTS [SEED]]
 */
#include "store_rig.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"

#define SAMPLES 700
#define FILES 64

enum what { WRITE, TRUNCATE, REMOVE, SYNC, COMMITTED };

struct op {
	enum what what;
	int file;
	int64_t at;
	size_t n;
	uint8_t *bytes;
	bool is_synced;
	uint64_t k; /* COMMITTED: samples that have to be there from here on */
};

static struct op *ops;
static size_t n_ops;
static char names[FILES][128]; /* of files, without their folder */
static int n_names;
static unsigned cuts = 60;
static uint64_t chance = 20261126;

static struct op *
note(enum what what, int file)
{
	ops = mem_grow(ops, n_ops + 1, sizeof(*ops));
	ops[n_ops] = (struct op){ .what = what, .file = file };
	return &ops[n_ops++];
}

static int
file_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (int i = 0; i < n_names; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	assert_true(n_names < FILES);
	snprintf(names[n_names], sizeof(names[0]), "%s", name);
	return n_names++;
}

/* ---- the file system that keeps a log ---- */

struct logged {
	sqlite3_file base;
	int file;
	sqlite3_file real; /* and what follows it */
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *
real(sqlite3_file *f)
{
	return &((struct logged *)f)->real;
}

static int
on_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int
on_read(sqlite3_file *f, void *bytes, int n, sqlite3_int64 at)
{
	return real(f)->pMethods->xRead(real(f), bytes, n, at);
}

static int
on_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
	struct op *op = note(WRITE, ((struct logged *)f)->file);

	op->at = at;
	op->n = (size_t)n;
	op->bytes = mem_zero((size_t)n, 1);
	memcpy(op->bytes, bytes, (size_t)n);
	return real(f)->pMethods->xWrite(real(f), bytes, n, at);
}

static int
on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	note(TRUNCATE, ((struct logged *)f)->file)->at = size;
	return real(f)->pMethods->xTruncate(real(f), size);
}

static int
on_sync(sqlite3_file *f, int flags)
{
	note(SYNC, ((struct logged *)f)->file);
	return real(f)->pMethods->xSync(real(f), flags);
}

static int
on_size(sqlite3_file *f, sqlite3_int64 *out)
{
	return real(f)->pMethods->xFileSize(real(f), out);
}

static int
on_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int
on_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int
on_check(sqlite3_file *f, int *out)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int
on_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int
on_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int
on_device(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int
on_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int
on_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}

static void
on_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int
on_unmap(sqlite3_file *f, int is_deleted)
{
	return real(f)->pMethods->xShmUnmap(real(f), is_deleted);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_device,
	.xShmMap = on_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_barrier,
	.xShmUnmap = on_unmap,
};

static int
on_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *f, int flags, int *out_flags)
{
	struct logged *l = (struct logged *)f;
	int rc = real_vfs->xOpen(real_vfs, path, &l->real, flags, out_flags);

	l->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
	l->file = path == NULL ? -1 : file_of(path);
	return rc;
}

static int
on_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	note(REMOVE, file_of(path))->is_synced = sync != 0; /* with its folder */
	return real_vfs->xDelete(real_vfs, path, sync);
}

static sqlite3_vfs vfs;

static void
begin_log(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "logged";
	vfs.szOsFile = (int)sizeof(struct logged) + real_vfs->szOsFile;
	vfs.xOpen = on_open;
	vfs.xDelete = on_delete;
	assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

static void
end_log(void)
{
	sqlite3_vfs_unregister(&vfs);
	sqlite3_vfs_register(real_vfs, 1);
}

static void
on_committed(uint64_t k)
{
	note(COMMITTED, -1)->k = k;
}

/* ---- the cut ---- */

/* Is op i on the disk when the power goes behind op `end`? A file is synchronised as a whole, and a removal with its folder when that is asked for. */
static bool
is_on_disk(size_t i, size_t end)
{
	if (ops[i].is_synced)
		return true;
	for (size_t k = i + 1; k < end; k++)
		if (ops[k].what == SYNC && ops[k].file == ops[i].file)
			return true;
	return rand_below(&chance, 2) == 0;
}

static void
apply(const char *dir, const struct op *op)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, names[op->file]);
	if (op->what == REMOVE) {
		unlink(path);
		return;
	}
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	if (op->what == WRITE)
		assert_int_equal(pwrite(fd, op->bytes, op->n, op->at), op->n);
	else if (op->what == TRUNCATE)
		assert_int_equal(ftruncate(fd, op->at), 0);
	close(fd);
}

/* What has to be there: the last commit that came back before. */
static uint64_t
committed_before(size_t end)
{
	uint64_t k = 0;

	for (size_t i = 0; i < end; i++)
		if (ops[i].what == COMMITTED)
			k = ops[i].k;
	return k;
}

static void
cut_at(size_t end)
{
	struct store_place place;
	struct store *s;
	char dir[96], command[128];

	snprintf(dir, sizeof(dir), "%s/cut", rig_dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < end; i++)
		if (ops[i].what < SYNC && is_on_disk(i, end))
			apply(dir, &ops[i]);
	s = rig_open(dir, 4 << 10);
	store_place(s, &place);
	store_close(s);
	if (place.seq < committed_before(end))
		fail_msg("cut behind %zu of %zu: samples up to %llu are there, %llu were committed",
			end, n_ops, (unsigned long long)place.seq,
			(unsigned long long)committed_before(end));
	if (place.seq > 0)
		rig_check(dir, place.seq);
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void
test_power_cuts(void **state)
{
	struct store *s;

	begin_log();
	s = rig_open(rig_dir, 4 << 10);
	rig_write(s, 0, SAMPLES, 5, on_committed);
	store_close(s);
	end_log();
	assert_true(committed_before(n_ops) == SAMPLES);
	for (unsigned i = 0; i < cuts; i++)
		cut_at(cuts >= n_ops ? i % (n_ops + 1) : (size_t)rand_below(&chance, n_ops + 1));
	print_message("%u cuts of a log of %zu\n", cuts, n_ops);
	for (size_t i = 0; i < n_ops; i++)
		free(ops[i].bytes);
	free(ops);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_power_cuts, rig_make_dir, rig_remove_dir),
	};

	if (argc > 1)
		cuts = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		chance = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
