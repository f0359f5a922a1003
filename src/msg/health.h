/* health.h - the health values of all processes: the rows of health.def */
#ifndef MSG_HEALTH_H
#define MSG_HEALTH_H

#include "base/defs.h"

enum health_process {
	HEALTH_CONTROL,
	HEALTH_SUPERVISE,
	HEALTH_SERVE,
	HEALTH_HISTORY,
	HEALTH_QUERY,
	HEALTH_GATE,
	HEALTH_ALERT,
	HEALTH_PROCESSES
};

enum health {
#define HEALTH(process, name, unit, title) HEALTH_##process##_##name,
#include "msg/health.def"
#undef HEALTH
	HEALTH_COUNT
};

struct health_row {
	enum health_process process;
	const char *channel; /* "mbc.control.ticks_lost" */
	const char *unit, *title;
};

extern const struct health_row health_rows[HEALTH_COUNT];

#endif
