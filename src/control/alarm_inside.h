/* alarm_inside.h - what the files alarm*.c share */
#ifndef CONTROL_ALARM_INSIDE_H
#define CONTROL_ALARM_INSIDE_H

#include "control/alarm.h"

enum {
	OVER_SHELF = 1,     /* a person put it aside for a time */
	OVER_PARENT = 2,    /* its parent stands for it */
	OVER_CONDITION = 4, /* its `suppress` is true */
	OVER_OUT = 8,       /* a person took it out of service */
	OVER_SUPPRESSED = OVER_PARENT | OVER_CONDITION,
	OVER_ALL = 15,
};

/* What a channel shows besides the states. */
enum { SHOWN_UNKNOWN = ALARM_STATES, SHOWN_NOTHING };

enum { CHATTER_N = 3 };

struct alarm {
	int64_t since_ns;   /* is_pending: the condition has been otherwise than the state since */
	int64_t unknown_ns; /* is_unknown: since when it counts as unknown */
	int64_t shelf_ns;   /* OVER_SHELF: its end */
	int64_t settle_ns;  /* OVER_SUPPRESSED: it ends then, unless something still hides it */
	int64_t hidden_ns;  /* OVER_CONDITION: when `suppress` was last true */
	uint64_t on_event;  /* the last ALARM_ON */
	uint64_t unknown_event;  /* the last ALARM_UNKNOWN */
	uint64_t suppress_event; /* of the overlays that are there */
	uint64_t shelf_event, out_event;
	uint32_t count;   /* of ALARM_ON */
	uint32_t group;   /* index of its first-out group; IMAGE_NONE */
	uint8_t state;    /* beneath the overlays: ALARM_NORMAL .. ALARM_LATCHED_ACKNOWLEDGED */
	uint8_t overlays; /* OVER_* */
	uint8_t shown;    /* enum alarm_state, SHOWN_* */
	uint8_t reason;   /* why it is unknown */
	uint8_t shown_reason;
	bool is_pending; /* a delay runs */
	bool is_known;   /* its condition has been since the start, or since the last overlay */
	bool is_unknown; /* its condition is */
	bool is_held;    /* its parent's is unknown, and that was not told yet */
	bool is_lost; /* its condition was unknown for longer than on_bad, and was not false since */
	bool is_lost_told; /* by ALARM_UNKNOWN */
	bool is_lost_acked;
	bool is_hiding_told;            /* by ALARM_SUPPRESSED */
	bool is_loud;                   /* it is heard while it is not acknowledged */
	bool is_heard;                  /* it is counted in n_heard */
	bool is_standing;               /* it is counted in its group */
	bool is_changed;                /* it is in `changed` */
	uint8_t n_chatter;              /* of the times below */
	uint32_t n_came;                /* times it came since it was told that it chatters */
	int64_t came_ns[CHATTER_N - 1]; /* ALARM_ON before the last one, newest first */
	int64_t chatter_ns;             /* ALARM_CHATTERS; 0: never */
};

struct alarms {
	const struct image *img;
	struct alarms_sink sink;
	uint32_t n;
	struct alarm *at;  /* [alarm] */
	uint32_t *changed; /* alarms whose bytes are to be saved */
	uint32_t n_changed;
	uint32_t *n_standing; /* [first-out group] its alarms that are not normal */
	uint32_t n_heard;
	uint32_t
		n_unseen; /* when all were acknowledged last: those that had come since they were looked at */
	uint64_t last; /* event of the one that came last */
	int64_t now_ns;
	int64_t tick_ns; /* of the last tick; NEVER: none yet */
	int64_t step_ns; /* since the one before */
};

/* alarm_state.c */

bool alarm_is_active(const struct alarm *m);
bool alarm_is_unacknowledged(const struct alarm *m);
/* Its condition has turned; under an overlay nobody is told. cause: the event that led to it, or 0. */
void alarm_turn(struct alarms *a, uint32_t i, bool is_on, uint64_t cause);
/* The last overlay has gone: the state follows from the condition, and what is on is new to people. */
void alarm_come_back(struct alarms *a, uint32_t i, uint64_t cause);
void alarm_acknowledge(struct alarm *m);
/* Make it one that its image can have, after its bench file may have changed. */
void alarm_fit(struct alarms *a, uint32_t i);

/* Set what follows from its state: what is shown, heard, and counted in its group. */
void alarm_show(struct alarms *a, uint32_t i);
/* The same, and it is to be saved. */
void alarm_changed(struct alarms *a, uint32_t i);

/* alarm_tell.c */

/* An event of an alarm, its id, or 0. Of a command: by whom, and what was said; NULL: of itself. */
uint64_t alarm_tell(struct alarms *a, uint32_t i, enum event_kind kind, uint64_t cause,
	const struct command *by);
uint64_t alarm_tell_on(struct alarms *a, uint32_t i, bool is_first_out, uint64_t cause);
uint64_t alarm_tell_suppressed(struct alarms *a, uint32_t i);

/* alarm_look.c: what its condition says now. */
void alarm_look(struct alarms *a, uint32_t i);

/* alarm_hide.c */

/* Does its parent hide it, or `suppress`? */
void alarm_hide(struct alarms *a, uint32_t i);
/* Take away the overlays whose time is over. */
void alarm_unhide(struct alarms *a, uint32_t i);
/* Take away one that a person put there. by: NULL: its time is over. */
void alarm_unshelve(struct alarms *a, uint32_t i, const struct command *by);
void alarm_put_in(struct alarms *a, uint32_t i, const struct command *by);

#endif
