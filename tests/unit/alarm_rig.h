/* alarm_rig.h - alarms over conditions that a test sets by hand, and all that they tell */
#ifndef UNIT_ALARM_RIG_H
#define UNIT_ALARM_RIG_H

#include "control/alarm.h"
#include "model/expr.h"
#include "model/image.h"

enum { RIG_ALARMS = 104, RIG_EVENTS = 2048, RIG_TEXTS = 4096 };
enum { WHEN, CLEAR, SUPPRESS, CONDITIONS };

struct rig_image {
	struct image head;
	struct image_choice choices[ALARM_STATES];
	struct image_channel channels[RIG_ALARMS];
	struct image_alarm alarms[RIG_ALARMS];
	struct expr_op code[RIG_ALARMS * CONDITIONS];
	char strings[RIG_TEXTS];
};

struct rig {
	struct rig_image image;
	struct alarms *alarms;
	int64_t now_ns;
	enum truth is[RIG_ALARMS][CONDITIONS];
	uint8_t asked[RIG_ALARMS][CONDITIONS]; /* in this tick */
	enum quality reason;                   /* of what is unknown */
	int64_t shown[RIG_ALARMS];             /* -1: nothing yet */
	enum quality quality[RIG_ALARMS];
	struct event events[RIG_EVENTS]; /* ids are 1 + index */
	uint32_t n_events;
	struct err err;
};

/* n alarms "a0", "a1", ... of priority high that need an acknowledgement and can be shelved for 8 h; on_bad 5 s. Change
 * image.alarms before rig_start(), which checks the image. */
void rig_init(struct rig *r, uint32_t n);
void rig_condition(struct rig *r, uint32_t alarm, int which); /* it has `clear`, `suppress` */
void rig_start(struct rig *r);
void rig_done(struct rig *r);

/* Time goes on, then a tick, in which each condition has to be asked once. */
void rig_tick(struct rig *r, int64_t span_ns);
/* A command of "ann" with a reason; returns what alarms_command() does. */
int rig_command(
	struct rig *r, enum command_kind kind, const char *subject, int64_t span_ns, uint64_t seen);
/* How many events of a kind there are of an alarm ("": of any), and the last of them, or NULL. */
uint32_t rig_count(const struct rig *r, enum event_kind kind, const char *subject);
const struct event *rig_last(const struct rig *r, enum event_kind kind, const char *subject);
/* The process ends and comes back after `outage_ns`, with what was saved; the caller knows how long it was, or not. */
void rig_restart(struct rig *r, int64_t outage_ns, bool is_known);

#endif
