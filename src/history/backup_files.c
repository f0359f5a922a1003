/* backup_files.c - the files of a backup, as bytes */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "history/backup_parts.h"
#include "history/query_inside.h"

#define PIECE (256u << 10)

const char *
backup_remedy(int sys)
{
	switch (sys) {
	case ENOSPC:
	case EDQUOT:
		return "free some room there, or name a folder on another disk";
	case EFBIG:
		return "files of that size are not allowed there; name a folder on another disk";
	case EACCES:
	case EPERM:
		return "name a folder that this user may write to, or ask as root";
	case EROFS:
		return "it cannot be written to; name another folder";
	default:
		return "look at that disk, or name a folder on another one";
	}
}

int
backup_pass(int fd, int to, uint64_t *out_bytes, char out_sha[SHA256_HEX + 1], int *out_sys,
	struct err *err)
{
	static char room[PIECE];
	struct sha256 sha;
	uint64_t n = 0;
	ssize_t k;

	*out_sys = 0;
	sha256_begin(&sha);
	while ((k = pread(fd, room, sizeof(room), (off_t)n)) != 0) {
		struct buf piece = { .data = room, .n = k > 0 ? (size_t)k : 0 };

		if (k < 0 && errno == EINTR)
			continue;
		if (backup_is_ended())
			return err_set(err, ERR_IO, 0, "it was ended before it was whole");
		if (k < 0)
			return err_set(err, ERR_IO, errno, "reading: %s", strerror(errno));
		sha256_add(&sha, room, (size_t)k);
		n += (uint64_t)k;
		if (to >= 0 && (*out_sys = -query_write(to, &piece)) != 0)
			return err_set(err, ERR_IO, *out_sys, "writing: %s", strerror(*out_sys));
	}
	*out_bytes = n;
	sha256_end_hex(&sha, out_sha);
	return 0;
}

int
backup_read_manifest(int at, const char *folder, struct manifest *out, struct err *err)
{
	int fd = openat(at, BACKUP_MANIFEST, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc;
	struct buf text = { 0 };
	ssize_t k = 1;

	*out = (struct manifest){ 0 };
	if (fd < 0)
		return errno == ENOENT ? err_set(err, ERR_CONF, ENOENT,
						 "'%.100s' is no whole backup: it has no "
						 "'" BACKUP_MANIFEST "'",
						 folder)
				       : err_set(err, ERR_IO, errno,
						 "reading '%.80s/" BACKUP_MANIFEST "': %s", folder,
						 strerror(errno));
	while (k > 0 && text.n <= MANIFEST_MAX) {
		k = read(fd, buf_room(&text, 4096), 4096);
		if (k < 0 && errno == EINTR)
			k = 1;
		else if (k > 0)
			text.n += (size_t)k;
	}
	rc = k < 0   ? err_set(err, ERR_IO, errno, "%s", strerror(errno))
	     : k > 0 ? err_set(err, ERR_CONF, 0, "it is too long")
		     : manifest_read(out, text.n > 0 ? text.data : "", text.n, err);
	if (rc < 0)
		err_prefix(err, rc, "'%.80s/" BACKUP_MANIFEST "' is damaged", folder);
	close(fd);
	buf_done(&text);
	return rc;
}

int
backup_write(int at, const char *name, const struct buf *text, struct err *err)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	struct buf bytes = { 0 };
	int sys = fd < 0 ? errno : 0;

	buf_put(&bytes, text->data, text->n);
	if (sys == 0)
		sys = -query_write(fd, &bytes);
	if (sys == 0 && fsync(fd) < 0)
		sys = errno;
	if (fd >= 0 && close(fd) < 0 && sys == 0)
		sys = errno;
	buf_done(&bytes);
	return sys == 0 ? 0
			: err_set(err, ERR_IO, sys, "writing '%s': %s; %s", name, strerror(sys),
				  backup_remedy(sys));
}
