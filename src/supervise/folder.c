/* folder.c - a folder in that of the bench's state, for a process that has a user of its own */
#include <errno.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/supervise.h"

/* It is made with the group of that user, so that we need not be able to give files away. Ours it lies in is open to those who know its name. */
int
folder_make(const struct supervise *s, const struct sandbox_user *user, const char *path,
	const char *without, struct err *err)
{
	int rc;

	if (user->is_other) {
		if (chmod(s->state_dir, 0711) < 0)
			return err_set(
				err, ERR_IO, errno, "'%s': %s", s->state_dir, strerror(errno));
		setfsgid(user->gid);
	}
	rc = mkdir(path, user->is_other ? 0770 : 0750);
	if (rc == 0 && user->is_other)
		rc = chmod(path, 0770); /* whatever the umask */
	else if (rc < 0 && errno == EEXIST)
		rc = 0;
	if (rc < 0)
		err_set(err, ERR_IO, errno, "making '%s': %s; free some room, or write '%s'", path,
			strerror(errno), without);
	if (user->is_other)
		setfsgid(getegid());
	return rc < 0 ? ERR_IO : 0;
}
