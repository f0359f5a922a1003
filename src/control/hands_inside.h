/* hands_inside.h - what the files of the hands share */
#ifndef CONTROL_HANDS_INSIDE_H
#define CONTROL_HANDS_INSIDE_H

#include "control/alarm.h"
#include "control/hands.h"
#include "control/heartbeat.h"
#include "control/lock.h"
#include "control/loop.h"
#include "control/power.h"
#include "control/restore.h"
#include "control/rule.h"
#include "control/sequence.h"
#include "control/watchdog.h"

struct kept;
struct kept_piece;

/* What a channel was that last() names. */
struct kept_value {
	double number;
	int64_t good_ns; /* when it was so; 0: never */
};

struct hands {
	const struct image *img;
	struct channels *channels;
	struct hands_sink sink;
	struct outputs *outputs;
	struct loops *loops;
	struct safe *safe;
	struct trips *trips;
	struct alarms *alarms;
	struct rules *rules;
	struct commands *commands;
	struct sequencer *sequencer;
	struct kept_piece *kept_pieces; /* [piece]: of the sequence, as last recorded */
	int64_t sequence_ns;            /* when its clock was recorded last */
	enum restored restored; /* how an outage ended behind which the sequence still stands */
	struct heartbeat *heartbeat; /* NULL: the bench has none; as the next two */
	struct watchdogs *watchdogs;
	struct power *power;
	struct restore *restore;
	bool power_is_out;  /* mains is lost */
	bool has_restarted; /* the controller, and that is not told yet */
	int64_t late_ns;    /* of this tick */
	bool has_read;      /* something since the last look at the trips */
	bool has_settled;   /* a write, since the last look at the safe states */
	bool needs_calcs;   /* a trip reads what is calculated */
	struct lock lock;
	int64_t now_ns;
	int64_t stop_ns; /* since when it is to end; 0: it is not */
	int64_t plan_ns; /* a stop was announced, after which the bench is started again within this; 0: none was */
	int64_t plan_until_ns; /* and this is how long the announcement holds */
	/* hands_keep.c */
	int64_t outage_ns; /* how long nobody was at the controls before this start; below 0: unknown */
	struct kept *kept;         /* [output], [trip], [safe state]: as last recorded */
	struct kept_value *values; /* [last of the image] */
	int64_t values_ns;         /* when they were recorded */
	int64_t kept_plan_ns;
	uint64_t snapshot_seq; /* 0: none was recorded yet */
	bool is_snapshot_due;
	int64_t kept_ns, snapshot_ns;
	struct keep_time time; /* of the last tick; stamp 0: there was none */
	bool must_keep; /* a trip or a safe state has changed: that does not wait for the tick */
};

/* hands_keep.c */
void hands_keep_new(struct hands *h);
void hands_keep_free(struct hands *h);
/* Behind all else of a tick: what has changed is recorded; once a second in any case, as a sign of life. */
void hands_keep(struct hands *h, const struct keep_time *now);
void hands_keep_adopt(struct hands *h, const struct hands *from);
/* What last() says from now on: the values as they were until now. */
void hands_show_lasts(struct hands *h, int64_t now_ns);

/* hands_sequence.c */
void hands_resume_sequence(
	struct hands *h, int64_t now_ns); /* at each tick, before the sequence's */
int hands_sequence_command(struct hands *h, const struct command *c, uint64_t cause, int64_t now_ns,
	char *out_text, struct err *err) MUST_CHECK;

#endif
