/* children.h - each instrument dies once in each step: a process each, forked where that happens */
#ifndef REHEARSE_CHILDREN_H
#define REHEARSE_CHILDREN_H

#include "rehearse/fault.h"

/* `r` has been played: it tells when its steps are half over. Fills rows; returns their number. Those for which there was no time say so. */
uint32_t children_play(const struct rehearsal *r, struct fault_row *rows, uint32_t cap);

#endif
