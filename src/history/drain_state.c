/* drain_state.c - how far the store has been carried elsewhere, for who removes its files */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/text.h"
#include "history/drain.h"

#define PREFIX "drain-"

/* One line, always as long, so that it is written at once: "id 0123..., files 12\n". */
static bool
parse(const char *text, struct drain_state *out)
{
	struct drain_state s;

	if (sscanf(text, "id %32[0-9a-f] files %10u\n", s.id, &s.file) != 2 ||
		strlen(s.id) != DRAIN_ID - 1)
		return false;
	*out = s;
	return true;
}

static bool
read_state(int fd, struct drain_state *out)
{
	char text[DRAIN_STATE_BYTES + 1];
	ssize_t n = pread(fd, text, DRAIN_STATE_BYTES, 0);

	if (n != DRAIN_STATE_BYTES)
		return false;
	text[n] = '\0';
	return parse(text, out);
}

int
drain_state_write(int fd, const struct drain_state *state, struct err *err)
{
	char text[DRAIN_STATE_BYTES + 1];
	int n = snprintf(text, sizeof(text), "id %s files %u", state->id, state->file);

	memset(text + n, ' ', sizeof(text) - (size_t)n);
	text[DRAIN_STATE_BYTES - 1] = '\n';
	if (pwrite(fd, text, DRAIN_STATE_BYTES, 0) != DRAIN_STATE_BYTES || fdatasync(fd) < 0)
		return err_set(err, ERR_IO, errno,
			"noting how far the history was carried: %s; free some room",
			strerror(errno));
	return 0;
}

int
drain_state_open(const char *dir, const char *name, struct drain_state *out, struct err *err)
{
	uint8_t drawn[(DRAIN_ID - 1) / 2];
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/" PREFIX "%s", dir, name) >= (int)sizeof(path))
		return err_set(err, ERR_CONF, 0, "'%.80s' is too long a path", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "'%.120s': %s", path, strerror(errno));
	if (read_state(fd, out))
		return fd;
	if (getrandom(drawn, sizeof(drawn), 0) != sizeof(drawn)) {
		close(fd);
		return err_set(err, ERR_IO, errno, "drawing an id: %s", strerror(errno));
	}
	*out = (struct drain_state){ .file = 0 };
	for (size_t i = 0; i < sizeof(drawn); i++)
		snprintf(out->id + 2 * i, 3, "%02x", drawn[i]);
	if (drain_state_write(fd, out, err) < 0) {
		close(fd);
		return ERR_IO;
	}
	return fd;
}

uint32_t
drain_state_file(const char *dir, const char *name)
{
	struct drain_state s = { .file = 0 };
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/" PREFIX "%s", dir, name) >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (!read_state(fd, &s))
		s.file = 0;
	close(fd);
	return s.file;
}
