/* alarm.h - the alarms of a bench: what their conditions say, what people were told, and what they answered; pure
 *
 * Of each alarm there is a state (image.h, enum alarm_state) and up to four overlays that hide it: shelved by a person, suppressed
 * by its parent, suppressed by its condition, out of service. Beneath them the state goes on as the condition does.
 * The channel of an alarm shows the overlay, else the state; no "normal" is shown while nobody knows: the value is bad then.
 *
 * Order of a tick: alarm by alarm in the order of the image (a parent before its children): what hides it, what its condition says,
 * what does not hide it any more. Nothing here waits, calls the system, or allocates after _new and _adopt.
 */
#ifndef CONTROL_ALARM_H
#define CONTROL_ALARM_H

#include "model/expr.h"
#include "model/image.h"
#include "msg/command.h"

#define ALARM_SAVE_MAX 56                         /* bytes of one alarm */
#define ALARMS_SHELVED_MAX 100                    /* at the same time */
#define ALARM_SHELVE_DEFAULT_NS (3600 * NS_PER_S) /* where no time was said */
#define ALARM_CHATTER_NS (60 * NS_PER_S)          /* coming three times in this is chattering */

struct alarms;

struct alarms_sink {
	void *ctx;
	/* As bench_event(): record it, set its id, return it; 0: it is not recorded. */
	uint64_t (*event)(void *ctx, struct event *e);
	/* Sets a channel of SOURCE_STATE. quality: Q_GOOD, or why nobody knows whether it is normal; then number has no meaning. */
	void (*state)(void *ctx, uint32_t channel, int64_t number, enum quality quality,
		int64_t stamp_ns);
	/* What a condition says now; out_reason, where it is unknown: why. Each condition is asked once a tick, in any state of its
	 * alarm, so that it may be one that remembers. */
	enum truth (*truth)(void *ctx, const struct image_cond *cond, enum quality *out_reason);
};

/* The alarms of a checked image, which stays the caller's and must outlive them. All are normal and not yet known to be: no
 * channel is set before a condition was known, or was unknown for too long. */
struct alarms *alarms_new(const struct image *img, const struct alarms_sink *sink);
void alarms_free(struct alarms *a);

/* Look at all of them. now_ns: CLOCK_BOOTTIME, never less than before. */
void alarms_tick(struct alarms *a, int64_t now_ns);

/* COMMAND_ALARM_*, COMMAND_SILENCE. subject: the name of an alarm; "" with COMMAND_ALARM_ACK: all of them. Returns 0, or
 * ERR_REFUSED with cause; remedy, and nothing was done. Who may ask, and whether the command is late, is the caller's to check. */
int alarms_command(
	struct alarms *a, const struct command *c, int64_t now_ns, struct err *err) MUST_CHECK;

/* Is there an alarm of priority high or above that nobody acknowledged and that was not silenced since it came? */
bool alarms_horn(const struct alarms *a);

/* The event of the one that came last; what was seen up to it is what was there then. 0: none came. */
uint64_t alarms_last(const struct alarms *a);

/* When all were acknowledged last: how many had come since they were looked at, and wait still. */
uint32_t alarms_unseen(const struct alarms *a);

/* One alarm of the image as bytes, to be kept over a restart; returns their number. What of a delay has passed is not in them. */
size_t alarms_save(const struct alarms *a, uint32_t i, uint8_t out[ALARM_SAVE_MAX]);
/* Is there anything to save: is it otherwise than at a first start? */
bool alarms_is_worth(const struct alarms *a, uint32_t i);
/* Before the first tick: put it back. age_ns: how long ago these bytes were saved, by a clock that went on meanwhile; negative:
 * nobody knows, and a shelf ends. False: they are no bytes of alarms_save(), and the alarm stays as it is. */
bool alarms_load(struct alarms *a, uint32_t i, const uint8_t *bytes, size_t n, int64_t now_ns,
	int64_t age_ns);
/* The next alarm whose saved bytes have changed since they were last asked for here; IMAGE_NONE: no more. */
uint32_t alarms_take_changed(struct alarms *a);

/* After a reload, before the first tick: alarms whose channel has the same id go on as they were. */
void alarms_adopt(struct alarms *a, const struct alarms *from);

#endif
