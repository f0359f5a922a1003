/* now.h - the clocks, read here and nowhere else */
#ifndef IO_NOW_H
#define IO_NOW_H

#include "base/defs.h"

int64_t now_boot(void); /* CLOCK_BOOTTIME, ns */
int64_t now_mono(void); /* CLOCK_MONOTONIC, ns: for those who ask for it; we use the other one */
int64_t now_wall_offset(void); /* CLOCK_REALTIME - CLOCK_BOOTTIME, ns */
bool now_wall_is_good(void);   /* the kernel says that the clock is synchronised */
/* Wall time for what ends by it: while nobody has set the clock, no earlier than what this process would have read since it began, had nobody moved the clock back. */
int64_t now_wall_for_ends(void);
/* Of it, pure: what is to be added to CLOCK_BOOTTIME. *latest is kept from call to call, INT64_MIN at first. */
int64_t now_offset_for_ends(int64_t *latest, int64_t offset_ns, bool is_good);
void now_boot_id(char out[40]); /* of the kernel: changes at each boot */

#endif
