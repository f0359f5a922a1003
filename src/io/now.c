/* now.c - the clocks */
#include "io/now.h"

#include <fcntl.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t
now_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t
now_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* The two clocks cannot be read at once: the closest of a few readings counts, so that being interrupted between them
 * does not look like a step of the clock. */
int64_t
now_wall_offset(void)
{
	int64_t best_gap = NEVER, best = 0;

	for (int i = 0; i < 5 && best_gap > 100 * NS_PER_US; i++) {
		int64_t before = read_clock(CLOCK_BOOTTIME);
		int64_t wall = read_clock(CLOCK_REALTIME);
		int64_t after = read_clock(CLOCK_BOOTTIME);

		if (after - before < best_gap) {
			best_gap = after - before;
			best = wall - (before + (after - before) / 2);
		}
	}
	return best;
}

bool
now_wall_is_good(void)
{
	struct timex t = { 0 };

	return adjtimex(&t) != TIME_ERROR;
}

/* A clock that somebody keeps right may go back, and is believed: it was ahead. */
int64_t
now_offset_for_ends(int64_t *latest, int64_t offset_ns, bool is_good)
{
	*latest = is_good ? offset_ns : MAX(offset_ns, *latest);
	return *latest;
}

int64_t
now_wall_for_ends(void)
{
	static int64_t latest = INT64_MIN;

	return now_boot() + now_offset_for_ends(&latest, now_wall_offset(), now_wall_is_good());
}

void
now_boot_id(char out[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, 36) : -1;

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
}
