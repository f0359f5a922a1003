/* protect.h - trips, interlocks, alarms and rules of a bench while it is compiled
 *
 * Their names are taken up first, so that any expression can read what became of them (trip.NAME); their conditions once all
 * channels, outputs and safe states are known.
 */
#ifndef COMPILE_PROTECT_H
#define COMPILE_PROTECT_H

#include "compile/tree.h"
#include "model/image.h"

struct bench;
struct bench_channel;
struct key;

/* A condition: a program in the bench's code; n_ops 0: there is none. */
struct bench_cond {
	uint32_t first_op, n_ops;
	const char *text; /* as it was written */
};

/* A command of an instrument; channels are those of the bench's table. */
struct bench_command {
	const char *name; /* "GC.inject" */
	const char *title;
	uint32_t instrument, channel;
	uint32_t named; /* takes the name first; IMAGE_NONE */
	double value;
	struct bench_cond ready, started, done;
	int64_t takes_ns; /* 0: nobody said */
};

struct bench_trip {
	const char *name, *title;
	const struct node *const
		*keys; /* rows of schema_trip; of an interlock: of schema_interlock */
	struct place at;
	struct bench_cond when;
	int64_t for_ns, on_bad_ns, reset_after_ns, bypass_max_ns, warmup_ns, test_every_ns;
	uint32_t to;
	bool is_latched;
	uint32_t interlock; /* IMAGE_NONE */
	uint32_t state;     /* channel of this bench's table */
	const char *protected_by, *tested;
};

struct bench_interlock {
	const char *name, *title;
	struct bench_cond forbid;
	uint32_t trip;
	uint32_t state;
};

struct bench_alarm {
	const char *name, *title, *action;
	const struct node *const *keys; /* rows of schema_alarm; of a limit: of schema_limits */
	uint32_t of;                    /* channel that it is a limit of; IMAGE_NONE */
	uint8_t limit;                  /* its row */
	bool is_shutoff; /* something is asked of it while its isolating valve is shut; keys is NULL */
	bool is_valve; /* the same of the controller's own override, or that is open while nothing is asked; keys is NULL */
	struct place at;
	struct bench_cond when, clear, suppress;
	int64_t for_ns, off_for_ns, on_bad_ns, shelve_max_ns;
	uint32_t parent; /* of this table; IMAGE_NONE */
	uint32_t first_out;
	enum image_priority priority;
	bool is_latched, needs_ack;
	bool is_notified; /* `notify:` says who is told: */
	struct image_list to;
	uint32_t state;
	uint32_t place; /* in the image */
};

struct bench_rule {
	const char *name;
	struct bench_cond when;
	int64_t for_ns;
	uint32_t first_action, n_actions;
};

struct bench_action {
	enum image_action_kind kind;
	uint32_t output; /* IMAGE_NONE */
	double value;
	int64_t pulse_ns;
	const char *text;
};

/* The relay that falls when nobody is at the controls any more. */
struct bench_heartbeat {
	const struct node *const *keys; /* rows of schema_heartbeat; NULL: there is none */
	struct place at;
	uint32_t channel, state,
		toggles; /* of this bench's table; channel IMAGE_NONE: an error was told */
	int64_t every_ns, drop_out_ns;
};

/* What a device does by itself when it hears nothing; channels are those of this bench's table. */
struct bench_watchdog {
	uint32_t instrument, state;
	struct image_guard timeout, armed, tripped;
	uint32_t first_value, n_values;
};

struct bench_power_row {
	struct bench_cond when; /* of the last one: none */
	enum image_power_do what;
	uint32_t to;
	uint32_t first_output, n_outputs;
};

/* The keys of one entry of a map of names, for as long as the tree lives; NULL when it cannot be used, and that was told.
 * what: "a trip"; wanted: how one is written. */
const struct node *const *protect_keys(struct bench *b, const struct node *n,
	const struct key *table, const char *what, const char *wanted);

/* Is it a day of the calendar: "2026-03-01"? */
bool protect_is_date(const char *text);

/* The same of a map that has no name. */
const struct node *const *protect_keys_of(
	struct bench *b, const struct node *map, const struct key *table);

/* The channel PREFIX.NAME that tells of a state. */
uint32_t protect_state(struct bench *b, const char *prefix, const char *name, const char *title,
	enum image_state kind, struct place at);

/* One more alarm, with its channel; NULL: there are too many, or one of this name, and that was told. */
struct bench_alarm *alarms_add(
	struct bench *b, const char *name, const char *title, struct place at);

/* The names of all of them, with the channels that tell of their state; before channels are put in order. Maps may be NULL. */
void trips_name(struct bench *b, const struct node *trips, const struct node *interlocks);
void alarms_name(struct bench *b, const struct node *alarms);

/* A value that is a duration, or one of the row's words: *out_is_word. False when that was told. */
bool protect_span_or(struct bench *b, const struct node *n, const struct key *row, int64_t *out,
	bool *out_is_word);

/* `alarm:` of all channels; then the conditions of one of these. */
void limits_name(struct bench *b);
void limits_read(struct bench *b, struct bench_alarm *a);
/* The condition of the alarm that `shutoff:` brings along. */
void limits_shutoff(struct bench *b, struct bench_alarm *a);
/* And that of `valve:`. */
void limits_valve(struct bench *b, struct bench_alarm *a);

/* The rest, when all channels, outputs and safe states are known. */
void trips_read(struct bench *b);
void alarms_read(struct bench *b);
void rules_read(struct bench *b, const struct node *rules);

/* heartbeat.c: `heartbeat:`, NULL: there is none. Its states before channels are put in order; what it toggles before outputs are
 * known; the rest when they are. */
void heartbeat_declare(struct bench *b, const struct node *n);
void heartbeat_find(struct bench *b);
void heartbeat_resolve(struct bench *b);

/* watchdogs.c: `watchdog:` and `uptime:` of all instruments. */
void watchdogs_declare(struct bench *b);
void watchdogs_resolve(struct bench *b);

/* power.c: `power:` and `power_loss:` (NULL: none), and how outputs come back. */
void power_declare(struct bench *b, const struct node *rows);
void power_resolve(struct bench *b, const struct node *n);
void power_loss_read(struct bench *b, const struct node *rows);
/* `holdback:` of an output whose unit is known. */
void power_holdback(struct bench *b, uint32_t output);

/* Read a condition (n NULL: there is none); false when there is none, or when it was told what is wrong with it. What it reads is
 * in b->expr until the next one is read. */
bool conditions_read(struct bench *b, const struct node *n, struct bench_cond *out);
/* The same with the names of an instrument's channels before all others. */
bool conditions_read_in(
	struct bench *b, const struct node *n, const char *scope, struct bench_cond *out);

/* A text of several lines as one: it is told as such. */
const char *conditions_line(struct bench *b, const char *text);

/* How often what channels show can change, and which outputs they are computed from: once all channels are resolved. */
void conditions_prepare(struct bench *b);

/* Of the channels that the condition at hand reads the one whose device is asked most seldom; *out_ns: how often.
 * NULL: none comes from a device. */
const struct bench_channel *conditions_slowest(struct bench *b, int64_t *out_ns);

#endif
