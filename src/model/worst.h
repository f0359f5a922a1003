/* worst.h - what a bench file says about the worst: how long a safe state may take, and where outputs end up; pure
 *
 * Only what follows from what is written there. What does not follow is unknown, and is said to be.
 */
#ifndef MODEL_WORST_H
#define MODEL_WORST_H

#include "model/image.h"

/* Of a safe state while one instrument is dead. */
struct worst_time {
	int64_t within_ns; /* until each line of the others has been settled, by its `within` */
	int64_t waits_ns;  /* the longest that one of them waits for lines of the dead one */
};

/* dead: an instrument; IMAGE_NONE: all answer. The lines of one link follow each other, those of different links do not wait, but for
 * `after`; a line that is not confirmed has taken all its time, and its second way begins then. Allocates while it counts. */
void worst_time(const struct image *img, uint32_t state, uint32_t dead, struct worst_time *out);

/* Is the line for this instrument, perhaps among others? IMAGE_NONE: no. */
bool worst_uses(const struct image *img, const struct image_safe_line *line, uint32_t instrument);
/* Is nothing made safe by this line while `dead` is, neither by itself nor by its second ways? */
bool worst_is_lost(const struct image *img, const struct image_safe_line *line, uint32_t dead);

enum loss { LOSS_MAINS, LOSS_COMPUTER, LOSS_NETWORK, LOSS_AIR, LOSS_INSTRUMENT, LOSSES };

enum fate {
	FATE_UNKNOWN,
	FATE_RAMPS, /* its device goes on to where it was sent, since no watchdog of it is declared for that */
	FATE_CLOSED, /* closed, or off */
	FATE_OPEN,   /* open, or on */
	FATE_STAYS,  /* by its nature */
	FATE_KEPT, /* where it is: nothing tells the device to leave it, since no watchdog of it is declared */
	FATE_GUARDED,        /* to what is declared of the watchdog inside its device */
	FATE_CLOSED_OR_KEPT, /* as it was, unless the power goes with it */
	FATE_OPEN_OR_KEPT,
	FATE_CLOSED_BY_AIR, /* closed when it is air that moves it, else not concerned */
	FATE_OPEN_BY_AIR,
	FATE_REACHED, /* it is not concerned: mbc still moves it */
	FATES
};

/* What becomes of an output once something is lost and nobody acts. */
enum fate worst_fate(const struct image *img, uint32_t output, enum loss loss);
const char *worst_fate_text(enum fate fate);
const char *worst_fate_word(enum fate fate); /* for programs: "stays_no_watchdog" */

#endif
