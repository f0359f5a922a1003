/* log_read.h - the events of a bench from its black box and the files of its journal, dated by its clock records */
#ifndef CLI_LOG_READ_H
#define CLI_LOG_READ_H

#include "io/journal_files.h"

enum log_part { LOG_FILE_0, LOG_FILE_1, LOG_BLACKBOX, LOG_PARTS };
extern const char *const log_part_names[LOG_PARTS];

struct log_clock {
	uint64_t seq;
	struct clock_record at;
	size_t good_before,
		good_after; /* 1 + the nearest of the same boot that is synchronised; 0: none */
};

struct log_event {
	uint64_t seq;
	struct event e;
};

struct log_reader {
	int fd[LOG_PARTS];  /* the caller's until log_close(); -1: there is none */
	const void *memory; /* of the black box; NULL: none */
	uint64_t seen;      /* number of the last record that was given */
	struct log_clock *clocks;
	size_t n_clocks, cap_clocks;
	struct log_event *events; /* what the last log_read() has found, in order */
	size_t n_events, cap_events;
	struct journal_reader scan;
};

void log_init(struct log_reader *r);
/* Map what came for the black box. */
int log_map(struct log_reader *r, struct err *err) MUST_CHECK;
void log_close(struct log_reader *r); /* the descriptors and the memory; what was seen is kept */
void log_free(struct log_reader *r);

/* Find all that is new since the last time, into r->events. */
int log_read(struct log_reader *r, struct err *err) MUST_CHECK;

/* Wall time of an event in ns since 1970: by the last synchronised clock of its boot before it, else the first one after, else by
 * what the clock said anyway. False: nothing is known of the clock in that boot. */
bool log_date(const struct log_reader *r, const struct log_event *e, int64_t *out_wall_ns);

#endif
