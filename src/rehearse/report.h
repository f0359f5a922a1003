/* report.h - a rehearsal as text for people, and as JSON for programs */
#ifndef REHEARSE_REPORT_H
#define REHEARSE_REPORT_H

#include "rehearse/fault.h"

struct report {
	struct rehearsal *r;
	const struct fault_row *faults; /* NULL: none were played */
	uint32_t n_faults;
	double cpu_s;
};

void report_text(const struct report *report, struct buf *out);
void report_json(const struct report *report, struct buf *out);

#endif
