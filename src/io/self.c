/* self.c - what this process uses of the machine */
#include "io/self.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double
resident_kib(void)
{
	char text[128], *end;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	strtoul(text, &end, 10); /* total size; the resident pages come second */
	return (double)strtoul(end, NULL, 10) * (double)sysconf(_SC_PAGESIZE) / 1024;
}

void
self_measure(struct self *s, int64_t now_ns)
{
	struct timespec t;
	int64_t cpu_ns;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	cpu_ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
	if (s->at_ns != 0 && now_ns > s->at_ns)
		s->cpu_percent = 100.0 * (double)(cpu_ns - s->cpu_ns) / (double)(now_ns - s->at_ns);
	s->memory_kib = resident_kib();
	s->at_ns = now_ns;
	s->cpu_ns = cpu_ns;
}

void
self_protect(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	umask(077);
}
