/* now.h - the clocks, read here and nowhere else */
#ifndef IO_NOW_H
#define IO_NOW_H

#include "base/defs.h"

int64_t now_boot(void); /* CLOCK_BOOTTIME, ns */
int64_t now_mono(void); /* CLOCK_MONOTONIC, ns: for those who ask for it; we use the other one */
int64_t now_wall_offset(void);  /* CLOCK_REALTIME - CLOCK_BOOTTIME, ns */
bool now_wall_is_good(void);    /* the kernel says that the clock is synchronised */
void now_boot_id(char out[40]); /* of the kernel: changes at each boot */

#endif
