/* timer_loop.c - the least that can be late: sleep to absolute deadlines, and nothing else
 *
 * usage: timer_loop PERIOD_MS SECONDS [fifo]
 * Prints "ticks N lost N p50 MS p99 MS p999 MS max MS"; fifo: in the class and with the memory of `realtime: yes`.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
sleep_until(int64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
become_first(void)
{
	const struct sched_param param = { .sched_priority = 50 };

	if (sched_setscheduler(0, SCHED_FIFO, &param) < 0 || mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		perror("timer_loop: real-time class");
	prctl(PR_SET_TIMERSLACK, 1);
}

int
main(int argc, char **argv)
{
	int64_t period, end, next, *late;
	size_t n = 0, lost = 0, max;

	if (argc < 3)
		return 1;
	period = (int64_t)atoi(argv[1]) * 1000000;
	max = (size_t)(atoi(argv[2]) * INT64_C(1000000000) / period) + 1;
	late = calloc(max, sizeof(*late));
	if (late == NULL || period <= 0)
		return 1;
	if (argc > 3 && strcmp(argv[3], "fifo") == 0)
		become_first();
	next = now() + period;
	end = now() + atoi(argv[2]) * INT64_C(1000000000);
	while (n < max && next < end) {
		int64_t missed;

		sleep_until(next);
		late[n] = now() - next;
		missed = late[n++] / period;
		lost += (size_t)missed;
		next += (missed + 1) * period;
	}
	qsort(late, n, sizeof(*late), compare);
	printf("ticks %zu lost %zu p50 %.3f p99 %.3f p999 %.3f max %.3f\n", n, lost,
		(double)late[n / 2] / 1e6, (double)late[n * 99 / 100] / 1e6,
		(double)late[n * 999 / 1000] / 1e6, (double)late[n - 1] / 1e6);
	free(late);
	return 0;
}
