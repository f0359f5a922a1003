/* writes.h - one seed of writes: a link between a master that writes and its twin, in a world of faults
 *
 * Each write ends in exactly one verdict, also over reloads; GOOD means that the device has held the value since it was
 * written. The link is driven by itself: nothing in a bench writes yet.
 */
#ifndef SIMULATION_WRITES_H
#define SIMULATION_WRITES_H

#include "run.h"

/* True when nothing was breached; adds to out->writes, out->good. */
bool writes_seed(const struct run_setup *setup, struct run_result *out);

#endif
