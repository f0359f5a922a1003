/* trip_inside.h - what the files of trips and interlocks share */
#ifndef CONTROL_TRIP_INSIDE_H
#define CONTROL_TRIP_INSIDE_H

#include "control/trip.h"

struct trip {
	uint8_t state, truth, interlock; /* enum trip_state, truth, interlock_state as shown */
	bool is_told;                    /* fired, or would have, for the spell that goes on */
	bool was_known;                  /* its condition was known for the warm-up */
	bool is_warned;                  /* of the end of its bypass */
	bool has_shown;                  /* the state of its interlock */
	int64_t true_ns, unknown_ns, false_ns, known_ns; /* since when; NEVER: it is not */
	int64_t bypass_until_ns;
	uint64_t cause; /* event that it became, or of its bypass */
};

struct trips {
	const struct image *img;
	struct safe *safe;
	const struct outputs *outputs;
	struct trips_sink sink;
	struct trip *at;  /* [trip] */
	uint8_t *is_read; /* [channel] */
	int64_t began_ns, longest_ns, wake_ns;
};

/* The trip that is not ready; IMAGE_NONE: all are. */
uint32_t trips_not_ready_at(const struct trips *t);

#endif
