/* health.c - the table of health.def as data */
#include "msg/health.h"

#define PROCESS_CONTROL "control"
#define PROCESS_SUPERVISE "supervise"
#define PROCESS_SERVE "serve"
#define PROCESS_HISTORY "history"
#define PROCESS_QUERY "query"
#define PROCESS_GATE "gate"
#define PROCESS_ALERT "alert"

const struct health_row health_rows[HEALTH_COUNT] = {
#define HEALTH(process, name, unit, title)                                                         \
	{ HEALTH_##process, "mbc." PROCESS_##process "." #name, unit, title },
#include "msg/health.def"
#undef HEALTH
};
