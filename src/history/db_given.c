/* db_given.c - a data base in a file that was opened before
 *
 * Source: sqlite.org/vfs.html, sqlite.org/c3ref/io_methods.html. The descriptor stands in the address of the data base, as in
 * file:/history-00001-2026-11-26.sqlite?fd=5 . There is one user, so that locks are none; there is no other file, so that
 * whatever would need a journal or a file to sort in is told that it cannot have one.
 */
#include "history/db_given.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define VFS_NAME "mbc-given"

struct given {
	sqlite3_file base; /* first: SQLite knows it by this */
	int fd;
};

static int failure; /* one data base is written at a time */

static int
fd_of(sqlite3_file *f)
{
	return ((struct given *)f)->fd;
}

static int
write_failed(void)
{
	failure = errno;
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? SQLITE_FULL
								    : SQLITE_IOERR_WRITE;
}

static int
given_close(sqlite3_file *f)
{
	return SQLITE_OK;
}

static int
given_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
	int got = 0;

	while (got < n) {
		ssize_t k = pread(fd_of(f), (char *)out + got, (size_t)(n - got), at + got);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return SQLITE_IOERR_READ;
		if (k == 0)
			break;
		got += (int)k;
	}
	memset((char *)out + got, 0, (size_t)(n - got)); /* SQLite asks for that */
	return got == n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
given_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
	int done = 0;

	while (done < n) {
		ssize_t k =
			pwrite(fd_of(f), (const char *)data + done, (size_t)(n - done), at + done);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return write_failed();
		done += (int)k;
	}
	return SQLITE_OK;
}

static int
given_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return ftruncate(fd_of(f), size) == 0 ? SQLITE_OK : write_failed();
}

static int
given_sync(sqlite3_file *f, int flags)
{
	return SQLITE_OK; /* whoever gave it does that */
}

static int
given_size(sqlite3_file *f, sqlite3_int64 *out)
{
	struct stat st;

	if (fstat(fd_of(f), &st) < 0)
		return SQLITE_IOERR_FSTAT;
	*out = st.st_size;
	return SQLITE_OK;
}

static int
given_lock(sqlite3_file *f, int level)
{
	return SQLITE_OK;
}

static int
given_is_reserved(sqlite3_file *f, int *out)
{
	*out = 0;
	return SQLITE_OK;
}

static int
given_control(sqlite3_file *f, int what, void *arg)
{
	return SQLITE_NOTFOUND;
}

static int
given_sector(sqlite3_file *f)
{
	return 4096;
}

static int
given_traits(sqlite3_file *f)
{
	return 0;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	static const sqlite3_io_methods methods = { .iVersion = 1,
		.xClose = given_close,
		.xRead = given_read,
		.xWrite = given_write,
		.xTruncate = given_truncate,
		.xSync = given_sync,
		.xFileSize = given_size,
		.xLock = given_lock,
		.xUnlock = given_lock,
		.xCheckReservedLock = given_is_reserved,
		.xFileControl = given_control,
		.xSectorSize = given_sector,
		.xDeviceCharacteristics = given_traits };
	struct given *g = (struct given *)f;

	g->base.pMethods = NULL;
	if (name == NULL || !(flags & SQLITE_OPEN_MAIN_DB))
		return SQLITE_CANTOPEN;
	g->fd = (int)sqlite3_uri_int64(name, "fd", -1);
	g->base.pMethods = &methods;
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *name, int is_synced)
{
	return SQLITE_IOERR_DELETE_NOENT;
}

static int
vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	*out = 0;
	return SQLITE_OK;
}

static int
vfs_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	sqlite3_snprintf(n, out, "%s", name);
	return SQLITE_OK;
}

/* The clock and chance are those of the system's own. */
static int
set_up(struct err *err)
{
	static sqlite3_vfs vfs;
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);

	if (vfs.zName != NULL)
		return 0;
	if (system == NULL)
		return err_set(err, ERR_IO, 0, "SQLite has no files here");
	vfs = *system;
	vfs.iVersion = 1;
	vfs.szOsFile = sizeof(struct given);
	vfs.pNext = NULL;
	vfs.zName = VFS_NAME;
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	vfs.xAccess = vfs_access;
	vfs.xFullPathname = vfs_path;
	if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
		return 0;
	vfs.zName = NULL;
	return err_set(err, ERR_IO, 0, "SQLite takes no other files");
}

int
db_given_open(sqlite3 **out, int fd, const char *name, bool is_writer, struct err *err)
{
	struct buf uri = { 0 };
	int rc;

	*out = NULL;
	failure = 0;
	if (set_up(err) < 0)
		return ERR_IO;
	buf_printf(&uri, "file:/%s?fd=%d%s", name, fd, is_writer ? "" : "&immutable=1");
	rc = sqlite3_open_v2(buf_text(&uri), out,
		(is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI |
			SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		VFS_NAME);
	buf_done(&uri);
	if (rc != SQLITE_OK)
		return db_fail(*out, err, "opening");
	return db_exec(*out,
		is_writer ? "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA "
			    "cache_size=-512; PRAGMA temp_store=MEMORY"
			  : "PRAGMA temp_store=MEMORY",
		err);
}

int
db_given_failure(void)
{
	return failure;
}
