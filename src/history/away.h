/* away.h - another store that cannot be reached: told to the bench as an event, when it lasts, and when it is over */
#ifndef HISTORY_AWAY_H
#define HISTORY_AWAY_H

#include "base/defs.h"

#define AWAY_TOLD_NS (30 * NS_PER_S) /* a server that is started again is no event */
#define AWAY_WHY 120

struct away {
	int supervisor;
	int64_t since_ns; /* 0: it is not away */
	bool is_told, has_begun;
	char why[AWAY_WHY];
};

/* An attempt failed. is_final: trying again is of no use before somebody has changed something, so that it is told at once. */
void away_failed(struct away *a, bool is_final, const char *why, int64_t now_ns);
/* It takes what is recorded. */
void away_over(struct away *a, int64_t now_ns);

#endif
