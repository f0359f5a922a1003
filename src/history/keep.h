/* keep.h - what is too old, or too much, goes: whole files by their names, values of a channel inside them */
#ifndef HISTORY_KEEP_H
#define HISTORY_KEEP_H

#include "base/err.h"

struct keep_rule {
	int64_t keep_ns; /* files whose last value is older; 0: none */
	uint64_t size;   /* bytes of all files together; 0: no limit */
	bool is_carried; /* elsewhere (drain.h): those that are not yet go by `size` alone, and that is told */
	uint32_t carried; /* all files below this number are there */
};

/* Remove files that the rule does not keep, oldest first; the newest stays. *out_bytes: what is left. Returns how many went, or ERR_IO. */
int keep_files(const char *dir, const struct keep_rule *rule, int64_t wall_ns, uint64_t *out_bytes,
	struct err *err) MUST_CHECK;

/* Remove the chunks of a channel (by its id) that are older than keep_ns from all files but the newest, `newest` being its name. */
int keep_channel(const char *dir, const char *newest, uint32_t id, int64_t keep_ns, int64_t wall_ns,
	struct err *err) MUST_CHECK;

/* The SQL of it, for the newest file as well: ?1 the id, ?2 the oldest wall time that stays, ns since 1970. */
extern const char *const keep_sql[2];

#endif
