/* injections.h - which result belongs to which injection. Pure.
 *
 * By the name, where that of the file has it in it; else by order and time. A result that came late goes to its injection; one too many and one that is
 * missing are told, and shift no other.
 */
#ifndef HISTORY_INJECTIONS_H
#define HISTORY_INJECTIONS_H

#include "base/defs.h"

#define INJECTION_NONE SIZE_MAX
#define INJECTION_NO_TIME INT64_MIN

enum injection_match {
	INJECTION_UNMATCHED,
	INJECTION_BY_NAME,
	INJECTION_BY_ORDER, /* there are as many results as injections, each behind its start */
	INJECTION_BY_TIME,  /* the result came before the next injection had ended */
	INJECTION_LATE,     /* behind the end of the next one, which has its own */
};

struct injection {
	char name[128], command[64];
	uint64_t event; /* its intent */
	int64_t intent_ns;
	int64_t sent_ns, done_ns; /* INJECTION_NO_TIME: it is not known that it was */
	char why[128];            /* it failed; "" */
	size_t result;            /* INJECTION_NONE */
	enum injection_match match;
};

struct injection_result {
	int64_t wall_ns; /* of its arrival */
	char file[64];
	size_t injection; /* INJECTION_NONE: it is one too many */
};

/* Both in the order of time. Fills `result`, `match`, `injection`. */
void injections_match(
	struct injection *in, size_t n_in, struct injection_result *results, size_t n_results);

const char *injection_match_text(enum injection_match match);

#endif
