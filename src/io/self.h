/* self.h - what this process uses of the machine */
#ifndef IO_SELF_H
#define IO_SELF_H

#include "base/defs.h"

struct self {
	double cpu_percent;    /* of one core, since the previous call */
	double memory_kib;     /* resident */
	int64_t at_ns, cpu_ns; /* of the previous call; begin with zeros */
};

void self_measure(struct self *s, int64_t now_ns);

/* Keep other processes of the same user out of our memory, and ourselves from gaining rights: not dumpable, no new
 * privileges, umask 077. Called once at the start of each process. */
void self_protect(void);

#endif
