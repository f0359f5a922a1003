/* trail.h - the events of a run on a black box and a disk that both suffer
 *
 * The controller that records is killed behind any store, the thread that writes the files is cut in the middle of a record, and,
 * where that is wanted, the power fails and takes with it the black box and any sectors that the disk had not been asked to keep.
 * What must hold: ids grow by one; no event that stood in the black box is lost, changed or doubled while the power stays; after a
 * power cut all that was synchronised is there.
 */
#ifndef SIMULATION_TRAIL_H
#define SIMULATION_TRAIL_H

#include "msg/event.h"

struct trail;

struct trail *trail_new(uint64_t seed, bool has_power_cuts);
void trail_free(struct trail *t);

/* Record an event, whatever happens meanwhile; sets its id and returns it. */
uint64_t trail_event(struct trail *t, struct event *e);
void trail_clock(struct trail *t, struct clock_record *c);

/* All that is there now is as it was recorded. NULL, or what went wrong first. */
const char *trail_check(struct trail *t);
uint64_t trail_kills(const struct trail *t);

#endif
