/* doctor.h - what the files of `mbc doctor` share */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "board/board.h"
#include "cli/cli.h"

/* One finding: "good  WHAT", or "MIND  WHAT: OTHERWISE", which ends with the remedy. */
void doctor_verdict(bool is_good, const char *what, const char *otherwise);
/* "MIND  <what>; <remedy>" */
void doctor_mind(const char *remedy, const char *fmt, ...) PRINTF(2, 3);

/* doctor_protect.c: trips, interlocks, safe states and outputs of the running bench, as they are written and as they are now. */
void doctor_protection(struct args *args, const struct image *img, const struct board *b);

/* doctor_life.c: heartbeat, watchdogs inside devices, and what happens after an outage. */
void doctor_life(const struct image *img, const struct board *b);

/* doctor_losses.c: what becomes of each output with a hazard when something is lost. Returns an exit code. */
int doctor_losses(struct args *args);

#endif
