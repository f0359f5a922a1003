/* bench.h - a bench while it is compiled: what the tree turned out to mean
 *
 * Filled in this order: links.c, instruments.c (with points and instrument channels), channels.c (bench channels, in the
 * order that order.c finds), then written out by emit.c. All texts live in the tree.
 */
#ifndef COMPILE_BENCH_H
#define COMPILE_BENCH_H

#include "compile/diag.h"
#include "compile/names.h"
#include "compile/notify.h"
#include "compile/protect.h"
#include "compile/schema.h"
#include "compile/tree.h"
#include "link/codec.h"
#include "model/expr.h"
#include "model/gate.h"
#include "model/image.h"

struct params;

struct bench_link {
	const char *name;
	enum link_kind kind;
	const char *host;
	uint16_t port, local_port;
	bool is_line, has_echo;
	struct image_line line;
	struct place line_at;        /* of 'line', when it is written */
	bool has_line, is_line_lent; /* its line is written; or an instrument file has set it */
	uint32_t pipeline;
	int64_t connect_timeout_ns, gap_ns, char_ns, late_max_ns, probe_max_ns;
	bool is_used;
	bool is_bad; /* an error was told already: its kind may not be known */
	struct place at;
};

struct bench_instrument {
	const char *name, *title;
	const struct codec *codec; /* NULL: that was told already */
	bool is_open; /* it may have more channels than are known, because of an error */
	struct instrument codec_part; /* name and options, as codecs see them */
	uint32_t link;
	uint32_t first_point, n_points;
	const struct node *message_nodes; /* messages:, for steps that name one */
	uint32_t first_message;
	uint32_t first_preset, n_presets;
	const char **captures; /* [CODEC_CAPTURES_MAX] of codec_part */
	uint32_t first_gate, n_gates;
	const struct params *params; /* of its file; NULL: it has none */
	uint32_t retries;
	int64_t every_ns, timeout_ns;
	enum image_identify identify;
	const char *identify_is;
	bool identify_warns; /* another one is used all the same */
	struct point identify_point;
	double identify_number;
	const struct node *watchdog, *uptime, *commands; /* NULL: none */
};

/* Named in the bench, and where it was first. One that another process needs as well has a number of its own there: the controller does not get that. */
struct bench_secret {
	const char *name;
	struct place at;
	bool is_apart;
};

/* What is written to an instrument before anything else is asked of it. */
struct bench_preset {
	struct point codec_part;
	union value v;
	const char *text; /* of a place that takes one */
	const char *said; /* as it was written down */
};

/* A file of the catalogue that an instrument names. */
struct bench_file {
	const char *name;
	const struct node *root; /* NULL: it cannot be read, and that was told */
};

/* A condition on what a device says it is: see struct image_gate. */
struct bench_gate {
	uint32_t point; /* IMAGE_NONE: of the instrument as a whole */
	uint16_t capture, group;
	enum gate_op op;
	bool is_number;
	const char *text;
};

struct bench_twin {
	const struct node *node; /* NULL: defaults */
	uint32_t follows;        /* point */
	bool is_integral;        /* of what it follows */
	bool is_unlike;          /* the same */
	const char *text;        /* start of a text; NULL */
	double start, gain, noise, wave;
	uint32_t paced; /* 1 + the point that says how fast it moves; 0: none */
	double pace;
	int64_t tau_ns, tau_down_ns, travel_ns, lag_ns, returns_ns, period_ns;
};

struct bench_point {
	struct point codec_part;
	uint32_t instrument, channel;
	struct place write_at; /* where `write:` stands */
	struct bench_twin twin;
};

struct bench_channel {
	const char *name, *title, *was;
	const char *unit_text; /* NULL: none */
	struct unit unit;
	struct place at;
	/* What an error that was told already leaves open. Nothing is told that would only follow from it. */
	bool has_odd_keys; /* some were not understood: what is not in its keys may still have been meant */
	bool is_type_open, is_unit_open;
	bool is_in_circle;
	enum value_type type;
	enum channel_source source_kind;
	enum channel_filter filter;
	uint8_t filter_n;
	uint32_t
		source; /* point, channel of this table, first op, health row or enum image_state */
	uint32_t
		like; /* SOURCE_STATE: the channel of this table that it takes its form from; IMAGE_NONE: none */
	uint32_t n_ops;
	uint32_t instrument; /* IMAGE_NONE: none */
	uint32_t first_choice, n_choices;
	bool has_range, has_scale, is_writable, has_bit, has_live_zero;
	uint8_t bit;
	double live_zero;
	uint32_t first_marker, n_markers, first_knot, n_knots;
	const struct node *bad_if; /* NULL: none */
	uint32_t bad_if_op, n_bad_if;
	double factor, offset, min, max;
	int64_t stale_ns;
	enum channel_record record;
	double deadband;
	int64_t min_interval_ns, keep_ns;
	int64_t refresh_ns, verify_after_ns, verify_tries, max_writes; /* 0: not wanted */
	double verify_within;
	const char *
		confirm; /* what who writes has to confirm, empty: without a reason; NULL: nothing */
	const struct node *const
		*keys; /* those that read others: [BENCH_CH_ROWS] of schema_channel */
	const char *
		scope; /* name of the instrument whose channels its expressions may name by themselves; NULL */
	uint32_t place; /* in the image */
	/* What is behind it (conditions.c): how often the slowest device is asked, 0: none is; the output in which writes show here,
	 * and the one that it is computed from; IMAGE_NONE. */
	int64_t period_ns;
	uint32_t of_output, from_output;
	bool is_blind;                     /* it can only be written, and never has a value */
	const struct node *const *pattern; /* keys of schema_pattern; NULL */
	uint32_t calibration;              /* 1 + its row in the table; 0: none */
	double gas_factor;                 /* 0: none */
	bool is_valve;                     /* NAME.valve of a flow */
};

/* A bench channel with `write:`. Channels are places in the table of channels here, as in all of the bench. */
struct bench_output {
	const char *name;     /* of its bench channel */
	uint32_t channel, at; /* IMAGE_NONE: what it writes to has an error that was told */
	uint32_t target, working, owner, mode;
	enum image_hazard hazard;
	enum image_fails fails;
	bool has_verify, has_limits, is_inverted_table;
	uint32_t first_knot, n_knots;
	double factor, offset, min, max, ramp, verify_within;
	int64_t verify_after_ns, verify_tries, refresh_ns, max_writes;
	const char *confirm; /* as in struct bench_channel */
	uint32_t shutoff;    /* output; IMAGE_NONE */
	int64_t shutoff_is;
	double holdback; /* 0: it does not matter */
	/* As in struct image_output; `at` of a pattern is its own channel. */
	uint32_t first_part, n_parts, first_end, n_ends, first_coefficient, n_coefficients;
	bool is_off_first;
	double poly_low, poly_high;
	uint32_t valve; /* output; IMAGE_NONE */
	uint32_t loop;  /* 1 + its loop, and `at` is its own channel; 0: none */
	/* A ramp that the device makes, as in struct image_output; progress: of this table, IMAGE_NONE. */
	const struct node *const *ramp_keys; /* NULL: no map was written */
	bool is_ramp_devices;
	uint32_t rate_part, progress;
	bool has_at_once, has_measured;
	double rate_factor, at_once, progress_factor, progress_offset, progress_within;
};

struct bench_safe_state {
	const char *name, *title;
	const struct node *node;
	uint32_t first_line, n_lines;
	uint32_t state; /* channel */
};

/* See struct image_gas, image_calibration. */
struct bench_gas {
	uint32_t channel;
	const char *calibrated, *flowing, *reference;
	double factor;
};

struct bench_calibration {
	uint32_t channel, raw;
	const char *date, *due, *certificate;
	int64_t due_s;
	uint32_t first_coefficient,
		n_coefficients; /* in `numbers`; 0: points, the knots of the channel */
};

/* What is asked about a run. */
struct bench_field {
	const char *name, *title;
	bool is_needed;
};

/* Whom people call. */
struct bench_contact {
	const char *name, *phone, *role;
};

/* A table that grows: the elements, how many there are, and for how many there is room. */
#define BENCH_TABLE(type)                                                                          \
	struct {                                                                                   \
		type *at;                                                                          \
		uint32_t n, cap;                                                                   \
	}

struct bench {
	struct tree tree;
	struct diag diag;
	const char *path;         /* as it was given */
	uint32_t n_exchanges;     /* of such a file, gone through */
	bool has_made_up_secrets; /* such a file: those of its exchanges stand there as texts */
	bool may_be_file;         /* an instrument file by itself is checked, too */
	const char *catalogue;    /* folder of instrument files; NULL: none */
	const char *name, *title, *listen;
	struct bench_tls {
		enum image_tls_kind kind;
		const char *cert, *key; /* empty unless they are files */
	} tls;
	struct bench_public {
		const char *listen, *title; /* empty: there is none */
		struct bench_tls tls;
		const struct node *channels; /* NULL: there is none */
		bool needs_link;
	} shown;
	BENCH_TABLE(uint32_t) shown_channels; /* once all are known */
	uint32_t commands;         /* what programs with a token may ask: enum image_commands */
	uint32_t flat_off;         /* flat pages that are switched off: enum image_flat */
	const char *sequences;     /* folder, as seen from the file that names it; NULL: none */
	struct place sequences_at; /* in the bench file, or one that it extends */
	const char *language;      /* of texts that have several: "en", "fr" */
	int64_t tick_ns;
	const char *watchdog; /* empty: none */
	int64_t watchdog_timeout_ns;
	struct image_history history;
	struct bench_postgres {
		bool is_on; /* else the rest means nothing */
		const char *server, *database, *user, *schema, *tls, *ca, *partitions;
		int64_t password; /* number of its secret, from 1; 0: none */
		int64_t keep_ns;  /* 0: all is kept */
	} postgres;
	struct bench_influx {
		int64_t version; /* 0: there is none */
		const char *url, *database, *user, *org, *bucket, *ca;
		int64_t secret; /* number, from 1; 0: none */
	} influx;
	BENCH_TABLE(struct bench_field) fields;
	BENCH_TABLE(struct bench_contact) contacts;
	bool has_free_fields;
	const char *copy_to;       /* folder into which runs are copied; NULL */
	const struct node *before; /* `before_injection:`, until channels are known; NULL */
	int64_t before_ns;
	const char *before_channels; /* as image.before_channels; NULL: none */
	const char *source;          /* the bench file, as it is kept with each run */
	bool is_realtime;
	BENCH_TABLE(struct bench_link) links;
	BENCH_TABLE(struct bench_instrument) instruments;
	BENCH_TABLE(struct message) messages;     /* of all instruments, those of one together */
	BENCH_TABLE(struct bench_preset) presets; /* the same */
	BENCH_TABLE(struct bench_gate) gates;     /* the same */
	BENCH_TABLE(struct bench_file) files;
	BENCH_TABLE(struct bench_secret) secrets;
	BENCH_TABLE(struct bench_point) points;
	BENCH_TABLE(struct bench_channel) channels;
	BENCH_TABLE(struct image_choice) choices; /* word: unused, see words */
	BENCH_TABLE(const char *) words;          /* of choices */
	BENCH_TABLE(struct image_marker) markers; /* text: unused, see marks */
	BENCH_TABLE(const char *) marks;          /* of markers */
	BENCH_TABLE(struct image_knot) knots;
	bool leaves_sequences; /* of the folder: one alone is checked */
	const char
		*only_sequence; /* the file of the one that is taken; NULL: those of the folder */
	struct seq_programs *programs; /* seq_program.h */
	BENCH_TABLE(struct expr_op) code;
	uint32_t n_cells; /* that the programs in `code` need together */
	BENCH_TABLE(struct bench_output) outputs;
	BENCH_TABLE(struct image_loop) loops; /* in the image's order once they are resolved */
	BENCH_TABLE(struct bench_safe_state) safe_states;
	BENCH_TABLE(struct image_safe_line) safe_lines;
	BENCH_TABLE(uint32_t) restore;
	BENCH_TABLE(struct image_part) parts; /* at: of the table of channels */
	BENCH_TABLE(double) numbers;
	BENCH_TABLE(struct bench_gas) gases;
	BENCH_TABLE(struct bench_calibration) calibrations;
	const struct node *lock_node; /* local_lock; NULL */
	uint32_t lock, lock_state;    /* channels; IMAGE_NONE: no local_lock */
	int64_t lock_is;
	struct names output_names;     /* name of the bench channel -> output */
	struct names safe_state_names; /* "cold_inert" -> safe state */
	const char *synoptic;          /* SVG; NULL: none */
	uint32_t on_stop;              /* safe state; IMAGE_NONE */
	bool is_on_stop_open;          /* that of an error that was told */
	uint32_t horn;                 /* channel "mbc.horn"; IMAGE_NONE: there are no alarms */
	uint32_t last_alarm;           /* channel "mbc.last_alarm", likewise */
	uint32_t bench_state;          /* channel "mbc.bench"; IMAGE_NONE: there are no outputs */
	bool is_observed;
	uint32_t state_choices
		[STATE_KINDS]; /* 1 + first choice of its words; 0: not put there yet */
	uint32_t *order;       /* channels as they stand in the image */
	BENCH_TABLE(struct bench_trip) trips; /* those of interlocks behind the others */
	BENCH_TABLE(struct bench_interlock) interlocks;
	BENCH_TABLE(struct bench_alarm) alarms;
	BENCH_TABLE(struct bench_rule) rules;
	BENCH_TABLE(struct bench_action) actions;
	BENCH_TABLE(struct bench_command) commands_of; /* of instruments, in their order */
	struct bench_heartbeat heartbeat;
	BENCH_TABLE(uint32_t) needs; /* instruments */
	BENCH_TABLE(struct bench_watchdog) watchdogs;
	BENCH_TABLE(struct image_watchdog_value) watchdog_values; /* channels of this table */
	BENCH_TABLE(struct image_uptime) uptimes;                 /* the same */
	BENCH_TABLE(struct bench_power_row) power_rows;
	BENCH_TABLE(struct image_power_output) power_outputs;
	BENCH_TABLE(struct image_last) lasts; /* channels of this table */
	struct image_power power;             /* the same */
	uint32_t restoring, outage;           /* the same; IMAGE_NONE */
	struct names alarm_names;
	uint32_t *alarm_order; /* alarms as they stand in the image */
	struct bench_notices notices;
	BENCH_TABLE(struct bench_receiver) receivers;
	BENCH_TABLE(struct bench_address) addresses; /* those of a receiver together, by way */
	BENCH_TABLE(uint32_t) members;               /* receivers of this table */
	BENCH_TABLE(struct image_step) steps;        /* those of a receiver together */
	BENCH_TABLE(struct image_shift) shifts;      /* the same */
	BENCH_TABLE(struct bench_push) pushes;
	BENCH_TABLE(uint32_t) told_kinds; /* enum event_kind, rising */
	struct names receiver_names, push_names;
	uint32_t *receiver_order; /* as they stand in the image */
	struct names link_names, instrument_names, channel_names;
	struct expr *expr; /* room for one expression: too large for the stack */
};

/* A new zeroed element at the end of a table; use BENCH_ADD. */
void *bench_grow(void *at, uint32_t *n, uint32_t *cap, size_t size);
#define BENCH_ADD(table)                                                                           \
	((table).at = bench_grow((table).at, &(table).n, &(table).cap, sizeof(*(table).at)),       \
		&(table).at[(table).n - 1])

void bench_init(struct bench *b, const char *path);
void bench_done(struct bench *b);

/* From the merged tree to the model; problems are in b->diag. */
void bench_read(struct bench *b, const struct node *root);

/* The steps of bench_read(); `map` may be NULL. */
void links_read(struct bench *b, const struct node *map);
void instruments_read(struct bench *b, const struct node *map);
/* Names and keys of the bench's channels and of the program's own; outputs get their states. Then those steps that make
 * further channels of SOURCE_STATE; then channels_resolve(), which finds the order and gives each its type and unit. */
void channels_declare(struct bench *b, const struct node *map);
void channels_resolve(struct bench *b);

/* A channel that the controller sets: "T_furn.target", "trip.h2_leak". It reads nothing; expressions may read it, and see it as a
 * choice with the words of image_state_words(). STATE_TARGET and STATE_WORKING look like the channel `like` of this table, whose
 * type and unit need not be known yet; NULL for the others. The name is borrowed. Between channels_declare() and
 * channels_resolve(); returns its index. Its `at`, for messages, is that of `like`: else the caller sets it. */
uint32_t channels_add_state(
	struct bench *b, const char *name, enum image_state kind, const struct bench_channel *like);

/* A condition on any channels as a program; false when that was told. After channels_resolve(). */
bool channels_condition(struct bench *b, const struct node *n, const char *scope,
	uint32_t *first_op, uint32_t *n_ops);

/* Index of the link for `use: system`, made when there is none. */
uint32_t links_system(struct bench *b, struct place at);

/* "host:port" or "[v6]:port"; `out_host` lives in the tree. Reports what is wrong. */
bool links_address(
	struct bench *b, const struct node *n, const char **out_host, uint16_t *out_port);

/* The keys of a serial line: serial, line, rs485, echo. */
void line_read(struct bench *b, struct bench_link *l, const struct node *const *found);

/* The messages of an instrument, and its errors; found: its keys. Reports such keys where the codec has none. */
void messages_read(struct bench *b, struct bench_instrument *ins, const struct node *const *found);
/* Once all instruments are read: their codecs see the messages where they stay. */
void messages_settle(struct bench *b);
/* Are the channels that writes of the instrument say along there? Once all of them are known. */
void messages_check_beside(struct bench *b, const struct bench_instrument *ins);
/* `read:` or `write:` of a channel as the codec's options for a point: a message that stands there has become one of the
 * instrument's. The node itself where the codec has no messages; NULL: that was told. */
const struct node *messages_point(
	struct bench *b, struct bench_instrument *ins, const char *channel, const struct node *n);

/* `write:` of such a channel into pt, with its type when it is only written; false when that was told. */
bool messages_write(struct bench *b, struct bench_instrument *ins, const char *channel,
	const struct node *n, struct point *pt);

/* `init:` of an instrument whose points are described by options (n NULL: none). */
void presets_read(struct bench *b, struct bench_instrument *ins, const struct node *n);
/* The request that it is; negative: the codec cannot write that. */
int presets_request(const struct bench_instrument *ins, const struct bench_preset *p,
	struct request *out, struct err *err);

/* What an instrument file says about the line of its instruments, for a link that does not say it itself; `name`: of the instrument. */
void line_default(
	struct bench *b, struct bench_link *l, const char *name, const struct node *file_line);

/* `identify:` of an instrument (NULL: none). */
void identify_read(struct bench *b, struct bench_instrument *ins, const struct node *n);

/* `read: {identity: NAME}` of a channel: is it that? */
bool captures_is_read(struct bench *b, const struct node *read);
/* The point that shows it; keys: of its channel. False: that was told. */
bool captures_point(struct bench *b, struct bench_instrument *ins, const struct node *const *keys,
	struct point *out);
/* `{firmware: ">= 6.2"}` beside what else stands in `map`: a condition on what a device says it is. point: index, IMAGE_NONE: the
 * instrument itself. False: that was told. */
bool captures_gate(struct bench *b, struct bench_instrument *ins, const struct node *condition,
	uint32_t point);
/* `only:` of a channel. */
void captures_only(
	struct bench *b, struct bench_instrument *ins, const struct node *only, uint32_t point);

/* The options of a `read:` or `write:` map into `out`; false when that was reported. found_opts: IMAGE_OPTS_MAX. */
bool points_opts(struct bench *b, const struct codec *codec, const struct node *map,
	const struct node **found_opts, struct optvals *out);
/* What codec->point() makes of them; its key lives as long as the tree. */
int points_make(struct bench *b, const struct bench_instrument *ins, struct optvals *vals,
	bool is_write, struct point *out, struct err *err);
/* Where a wrong option stands: the node that codec->point() blames (err->sys), else the whole map. */
struct place points_blame(
	const struct node *map, const struct node *const *found_opts, const struct err *err);

/* An instrument channel of point `point` from the node that describes it. */
void points_read(struct bench *b, uint32_t instrument, const struct node *map);

/* What its device needs of those who write to the channel; keys: its own. Once its unit is known, or open. */
void outputs_at_device(struct bench *b, uint32_t channel, const struct node *const *keys);
/* The same of any table of keys; these are its rows. */
struct output_rows {
	const struct key *table;
	int write, refresh, verify, max_writes, confirm;
};
void outputs_needs(struct bench *b, uint32_t channel, const struct node *const *keys,
	const struct output_rows *rows);
/* Does the memory stand the writes that `refresh` makes? It is told when not. */
bool outputs_check_wear(
	struct bench *b, const struct node *refresh, int64_t refresh_ns, int64_t max_writes);

/* An output for each bench channel with `write:`, with its states. In channels_declare(). */
void outputs_declare(struct bench *b);
/* What they write, how and within which limits. After channels_resolve(). */
void outputs_resolve(struct bench *b);
/* The output that a node names, and a value for one in its unit (a choice or truth: its number); NAMES_NONE, false: that was
 * told. After outputs_resolve(). */
uint32_t outputs_find(struct bench *b, const struct node *n);
bool outputs_value(struct bench *b, uint32_t output, const struct node *n, double *out);

/* The channel of an instrument that a node names as what the output writes; IMAGE_NONE: there is none, and that was told. */
uint32_t outputs_place(struct bench *b, const struct bench_output *o, const struct node *n);
/* A value for a channel; o: the output whose limits hold, NULL: none do. */
bool outputs_value_of(struct bench *b, const struct bench_output *o, const struct bench_channel *ch,
	const struct node *n, double *out);
/* By how much rounding on the wire can change a whole number that an instrument's channel shows. */
double outputs_rounding(const struct bench *b, const struct bench_channel *at);

/* `ramp:` as a map; then what a device needs that makes the ramp, in outputs_resolve(), writer: [channel], 1 + output; loops that
 * move one such; and the ramp of a line of a safe state, NULL: at once. False: that was told. */
void ramps_read(struct bench *b, struct bench_output *o, const struct node *n);
void ramps_resolve(struct bench *b, struct bench_output *o, uint32_t *writer);
void ramps_check_loops(struct bench *b);
bool ramps_safe(struct bench *b, const struct bench_output *o, const struct node *set,
	const struct node *ramp, double *out);

/* `calibration:` and `gas:`. The channels NAME.raw, in channels_declare(); what they make of a channel that follows another one, once
 * its type and unit are known; then the way back of an output from NAME.raw to what people see. */
void calibrations_declare(struct bench *b);
void calibrations_apply(struct bench *b, struct bench_channel *ch);
bool calibrations_invert(struct bench *b, struct bench_output *o);
double calibrations_value(const struct bench *b, const struct bench_output *o, double x);
/* The table of a channel stands between the output and `at`; false: it turns, and that was told. */
bool inverse_table(
	struct bench *b, struct bench_output *o, const struct bench_channel *ch, struct place at);

/* `valve:`: the outputs NAME.valve, in channels_declare(); their choices, once those of the instrument are known; which flow has one;
 * the number of `open` or `closed`; the value of one that a safe state does not name while its flow goes to `value`. */
void valves_declare(struct bench *b);
void valves_choices(struct bench *b, struct bench_channel *ch);
void valves_resolve(struct bench *b);
bool valves_number(const struct bench *b, uint32_t valve, bool is_open, int64_t *out);
bool valves_safe(const struct bench *b, uint32_t flow, double value, double *out);

/* A channel of an instrument by its own name, and what a node means for a channel: in its unit, a word, on or off. NAMES_NONE, false: that
 * was told, or cannot be known because of another error. */
uint32_t instrument_channel(struct bench *b, const struct bench_instrument *ins,
	const struct node *n, const char *name);
bool instrument_value(struct bench *b, uint32_t channel, const struct node *n, double *out);

/* `commands:` of all instruments, once outputs and what channels show are known. */
void commands_read(struct bench *b);

/* `local_lock:` (NULL: none): its state, before channels are put in order; then the switch. */
void lock_declare(struct bench *b, const struct node *n);
void lock_resolve(struct bench *b);

/* `pattern:`, and `read:` of end switches: the channel, in channels_resolve(); then the output. writer: [channel] 1 + output. */
void patterns_channel(struct bench *b, struct bench_channel *ch);
void patterns_ends(struct bench *b, struct bench_channel *ch);
void patterns_resolve(struct bench *b, struct bench_output *o, uint32_t *writer);
void patterns_read_ends(struct bench *b, struct bench_output *o);
/* conditions_prepare(): what an output of several places shows, and how fast. */
void patterns_mark(struct bench *b, uint32_t output);
/* `pid:` of a channel of the bench: is its output one of a loop? */
bool loops_is_led(const struct bench *b, const struct bench_output *o);
/* What can be known of it before all outputs are resolved; then what its loop writes and how; in outputs_resolve(). */
void loops_resolve_output(struct bench *b, struct bench_output *o);
void loops_resolve(struct bench *b);
/* A change of `ch` for each `per`, as "20 K/min" or "2 %/K": its number in their units. what, example: for messages. False: told. */
bool outputs_rate(struct bench *b, const struct bench_channel *ch, const struct unit *per,
	const char *what, const char *example, const struct node *n, double *out);
/* "20 K/min" as a change of the channel a second; above 0. */
bool outputs_change(
	struct bench *b, const struct bench_channel *ch, const struct node *n, double *out);

/* How values of the output become those of the channel `at` that it writes: factor, offset or table; has_limits, min and max.
 * False: there is no way back, and that was told. */
bool inverse_find(struct bench *b, struct bench_output *o);

/* `safe_states:` (NULL: none): their names and states; then, once outputs are known, their lines. */
void safe_states_declare(struct bench *b, const struct node *map);
void safe_states_read(struct bench *b);
/* The safe state that a node names; NAMES_NONE: there is none, and that was told. After safe_states_declare(). */
uint32_t safe_states_find(struct bench *b, const struct node *n);
/* contacts.c: `contacts:` of the bench (NULL: left out). */
void contacts_read(struct bench *b, const struct node *rows);

/* synoptic.c: `synoptic:` of the bench (NULL: left out). */
void synoptic_read(struct bench *b, const struct node *n);

/* `on_stop:` and `restore:` of the bench (NULL: left out). */
void safe_states_on_stop(struct bench *b, const struct node *n);
void safe_states_restore(struct bench *b, const struct node *n);

/* `record:` of the bench; NULL: no field is named, each may be. */
void runs_read(struct bench *b, const struct node *n);
void runs_resolve(struct bench *b); /* once channels are known */
/* `serve:`; n NULL: it is left out. */
void serve_read(struct bench *b, const struct node *n);
void serve_resolve(struct bench *b); /* once channels are known */
/* `postgres:` of `history:`; and `forever`, or a duration of at least a day. */
void postgres_read(struct bench *b, const struct node *n);
void records_keep(struct bench *b, const struct node *n, const struct key *row, int64_t *out);

/* `history:` of the bench (NULL: what holds without it), and of a channel whose unit is known, or open. */
void records_read(struct bench *b, const struct node *n);
void records_channel(struct bench *b, struct bench_channel *ch, const struct node *n);

/* What channels of both kinds share: title, range, filter; called once type and unit are known, or open. */
void channel_common(struct bench *b, struct bench_channel *ch, const struct node *const *keys);

/* The keys unit, scale, offset and choices. `raw` is the type that comes in. */
void channel_unit(struct bench *b, struct bench_channel *ch, const struct node *const *keys);
void channel_scale(struct bench *b, struct bench_channel *ch, const struct node *const *keys);
void channel_choices(struct bench *b, struct bench_channel *ch, const struct node *const *keys);

/* The keys bits, bad_if, invalid and live_zero of an instrument's channel. */
void values_read(struct bench *b, uint32_t channel, const struct node *const *keys);
/* A table of a scale; false when that was told. */
bool values_table(struct bench *b, struct bench_channel *ch, const struct node *n);

/* Behind all of these: what keys that were not understood leave open for those that read the channel. */
void channel_close(struct bench_channel *ch, const struct node *const *keys);

/* Read `twin:` of all points of an instrument; `map` (may be NULL) is the instrument's own. */
void twins_read(struct bench *b, const struct bench_instrument *ins, const struct node *map);

/* Take the program of an expression over into b->code, with cells of its own for what it remembers; returns its first op. */
uint32_t code_take(struct bench *b, const struct expr *e);

/* The channel that a word of an expression names, first in the scope (NULL: none); NAMES_NONE: there is none. */
uint32_t channels_find(const struct bench *b, const char *scope, const char *word);

/* What a channel is in an expression; the number of one of its words, with an error that lists them (ERR_CONF). */
enum expr_kind channels_kind(const struct bench_channel *ch);
int channels_choice(const struct bench *b, const struct bench_channel *ch, const char *word,
	int64_t *out, struct err *err);

/* Is a name not known for an error that was told already: that of an instrument? */
bool channels_is_of_open(const struct bench *b, const char *name);

/* Put all channels in an order in which each comes after those that it reads; reports circles. */
void order_channels(struct bench *b);

/* The image; its bytes are appended to `out`. Only for a bench without errors. */
void emit_image(struct bench *b, struct buf *out);

#endif
