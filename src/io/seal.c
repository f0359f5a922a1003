/* seal.c - memory with one writer
 *
 * F_SEAL_FUTURE_WRITE (Linux 5.1) keeps the mapping that exists and refuses any further writable one, and writing and
 * mprotect through other descriptors. Readers get a read-only reopening, so they are refused even where the kernel
 * is older and the seal is missing. All pages are there from the start: the writer must not wait for
 * one in the middle of a tick. MADV_DONTFORK keeps a child of the writer from inheriting the writable mapping.
 */
#include "io/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static int
reopen_read_only(int fd, struct err *err)
{
	char path[40];
	int reader;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0)
		return err_set(err, ERR_IO, errno,
			"reopening shared memory read-only: %s; is /proc mounted?",
			strerror(errno));
	return reader;
}

static int
make_memfd(const char *name, size_t size, struct err *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "making shared memory: %s", strerror(errno));
	if (ftruncate(fd, (off_t)size) < 0 || fchmod(fd, 0400) < 0) {
		int sys = errno;

		close(fd);
		return err_set(err, ERR_IO, sys, "sizing shared memory of %zu bytes: %s", size,
			strerror(sys));
	}
	return fd;
}

void *
seal_make(const char *name, size_t size, int *out_reader, struct err *err)
{
	void *memory = MAP_FAILED;
	int fd, reader = -1;

	fd = make_memfd(name, size, err);
	if (fd < 0)
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (memory == MAP_FAILED) {
		err_set(err, ERR_IO, errno, "mapping shared memory: %s", strerror(errno));
		goto fail;
	}
	madvise(memory, size, MADV_DONTFORK);
	/* An old kernel knows no F_SEAL_FUTURE_WRITE: take the other seals then; doctor reports it. */
	if (fcntl(fd, F_ADD_SEALS,
		    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0 &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		err_set(err, ERR_IO, errno, "sealing shared memory: %s", strerror(errno));
		goto fail;
	}
	reader = reopen_read_only(fd, err);
	if (reader < 0)
		goto fail;
	close(fd);
	*out_reader = reader;
	return memory;
fail:
	if (memory != MAP_FAILED)
		munmap(memory, size);
	close(fd);
	return NULL;
}

int
seal_shared(const char *name, size_t size, int *out_reader, struct err *err)
{
	int fd = make_memfd(name, size, err), reader;

	if (fd < 0)
		return fd;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int sys = errno;

		close(fd);
		return err_set(err, ERR_IO, sys, "sealing shared memory: %s", strerror(sys));
	}
	reader = reopen_read_only(fd, err);
	if (reader < 0) {
		close(fd);
		return ERR_IO;
	}
	*out_reader = reader;
	return fd;
}

void
seal_done(void *memory, size_t size)
{
	if (memory != NULL)
		munmap(memory, size);
}

const void *
seal_map(int fd, size_t *out_size, struct err *err)
{
	struct stat st;
	void *memory;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_SHRINK)) {
		err_set(err, ERR_PROTO, 0, "shared memory that is not sealed");
		return NULL;
	}
	if (fstat(fd, &st) < 0 || st.st_size <= 0) {
		err_set(err, ERR_PROTO, 0, "shared memory without a size");
		return NULL;
	}
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		err_set(err, ERR_IO, errno, "mapping shared memory: %s", strerror(errno));
		return NULL;
	}
	*out_size = (size_t)st.st_size;
	return memory;
}

/* Closes it when that fails. */
static int
fill(int fd, const void *bytes, size_t n, struct err *err)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	size_t done = 0;
	int sys;

	while (done < n) {
		ssize_t w = pwrite(fd, (const char *)bytes + done, n - done, (off_t)done);

		if (w <= 0) {
			sys = errno;
			close(fd);
			return err_set(
				err, ERR_IO, sys, "filling shared memory: %s", strerror(sys));
		}
		done += (size_t)w;
	}
	if (fcntl(fd, F_ADD_SEALS, seals) == 0)
		return 0;
	sys = errno;
	close(fd);
	return err_set(err, ERR_IO, sys, "sealing shared memory: %s", strerror(sys));
}

_Static_assert(SEAL_TEXT_FLAGS == (MFD_CLOEXEC | MFD_ALLOW_SEALING), "as the system has them");

int
seal_text(const char *name, const void *bytes, size_t n, struct err *err)
{
	int fd = memfd_create(name, SEAL_TEXT_FLAGS | SEAL_NO_CODE);

	if (fd < 0)
		fd = memfd_create(name, SEAL_TEXT_FLAGS);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "making shared memory: %s", strerror(errno));
	return fill(fd, bytes, n, err) < 0 ? ERR_IO : fd;
}

int
seal_bytes(const char *name, const void *bytes, size_t n, struct err *err)
{
	int fd, reader;

	fd = make_memfd(name, n, err);
	if (fd < 0)
		return fd;
	if (fill(fd, bytes, n, err) < 0)
		return ERR_IO;
	reader = reopen_read_only(fd, err);
	close(fd);
	return reader;
}
