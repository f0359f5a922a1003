/* image.h - what a bench is, compiled: one block of bytes without pointers
 *
 * `compile` makes it, `supervise` hands it out on a sealed memfd, every process reads it in place.
 * All places are offsets from the start of the image, all texts are offsets into its string table
 * (offset 0 is the empty text). Numbers are in the machine's byte order: an image never leaves the machine.
 *
 *	header | links | instruments | messages | presets | captures | gates | points | channels | choices | twins | secrets | fields | contacts
 *	| outputs | loops | safe states | safe lines | trips | interlocks | alarms | rules | actions | restore
 *	| needs | watchdogs | watchdog values | uptimes | power rows | power outputs | lasts | parts | sequences | code | strings
 *
 * A *point* is one quantity of a device as the wire carries it. A *channel* is what people see: a point with unit
 * and scale (an instrument channel, "furnace.pv"), a bench channel ("T_bed") that follows another channel,
 * a derived one (calc), a health value of the program itself ("mbc.control.ticks_lost"), or a state that the controller
 * keeps ("T_furn.target", "trip.h2_leak").
 * Channels stand in an order in which each comes after those it is computed from.
 */
#ifndef MODEL_IMAGE_H
#define MODEL_IMAGE_H

#include "base/err.h"
#include "base/secret.h"
#include "msg/value.h"

#define IMAGE_MAGIC UINT64_C(0x314547414d49434d) /* "MCIMAGE1" */
#define IMAGE_VERSION 16
#define IMAGE_SIZE_MAX (64u << 20)
#define IMAGE_CHANNELS_MAX 20000
#define IMAGE_PIPELINE_MAX 16
#define IMAGE_OPTS_MAX 24 /* options of one instrument or point */
#define IMAGE_NONE UINT32_MAX
#define IMAGE_SEQUENCE_SHOWN 16 /* channels that tell of the sequence under test */

enum image_flat { IMAGE_FLAT_JSON = 1, IMAGE_FLAT_XML = 2 };
enum image_tls_kind { IMAGE_TLS_NONE, IMAGE_TLS_OWN, IMAGE_TLS_FILES };

struct image_table {
	uint32_t off; /* bytes from the start of the image; a multiple of 8 */
	uint32_t n;   /* elements */
};

enum image_priority { PRIORITY_LOW, PRIORITY_MEDIUM, PRIORITY_HIGH, PRIORITY_CRITICAL, PRIORITIES };

/* Some of the members: first .. first + n - 1. */
struct image_list {
	uint32_t first, n;
};

#define IMAGE_RECEIVERS_MAX 64 /* names under `notify:` */

/* `alert:`. Texts are empty, and numbers 0, where nothing is written. */
struct image_notices {
	uint32_t is_on; /* 0, 1: there is `notify:`, and a process that tells people */
	uint32_t site;  /* text: where the bench stands */
	struct image_list by_priority[PRIORITIES]; /* who is told of alarms that do not say it */
	struct image_list events;                  /* who is told of told_kinds */
	uint32_t mail_server; /* "smtps://mail.lab:465", "smtp://mail.lab:587" (with STARTTLS) */
	uint32_t mail_from, mail_user, mail_ca;
	uint32_t mail_password; /* 1 + index of the secret; 0: none */
	uint32_t
		is_mail_plain; /* 0, 1: `tls: no`, without a password, to a relay on this computer alone */
	uint32_t beat_url; /* asked each beat_every_ns: the bench lives */
	uint32_t page;     /* address of the page that messages name; empty: none */
	int64_t beat_every_ns;
	int64_t gather_ns; /* what comes within this after the first alarm is one message; default 300 ms */
	int64_t again_ns; /* an alarm that was over for less is no new one; default 2 min */
};

struct image {
	uint64_t magic;
	uint32_t version;
	uint32_t size;  /* bytes of the whole image */
	uint64_t hash;  /* of everything behind this field: the version of the bench */
	uint32_t bench; /* name */
	uint32_t title;
	uint32_t listen; /* "127.0.0.1:8080": where `serve` listens; empty: it does not run */
	uint32_t path;   /* of the bench file, for messages */
	int64_t tick_ns; /* 10 ms .. 1 s */
	struct image_table links;       /* struct image_link */
	struct image_table instruments; /* struct image_instrument */
	struct image_table messages;    /* struct image_message, grouped by instrument */
	struct image_table presets;     /* struct image_preset, grouped by instrument */
	struct image_table captures;    /* struct image_capture, grouped by instrument */
	struct image_table gates;       /* struct image_gate, grouped by instrument */
	struct image_table points;      /* struct image_point, grouped by instrument */
	struct image_table channels;    /* struct image_channel, in order of evaluation */
	struct image_table choices;     /* struct image_choice */
	struct image_table markers;     /* struct image_marker */
	struct image_table knots;       /* struct image_knot */
	struct image_table twins;       /* struct image_twin, one a simulated point */
	struct image_table secrets;     /* struct image_secret, at most SECRETS_MAX */
	struct image_table code;        /* struct expr_op: the programs of all expressions */
	struct image_table strings;     /* bytes; each text ends with a NUL */
	uint32_t watchdog;              /* path of the hardware watchdog; empty: none */
	uint32_t is_realtime;           /* 0, 1: the controller asks for a real-time class */
	int64_t watchdog_timeout_ns;    /* 2 s .. 10 min, when there is one */
#define IMAGE_TIERS_MAX 4
#define IMAGE_CARRIED_POSTGRES 1u
#define IMAGE_CARRIED_INFLUX 2u
	struct image_history {
		uint32_t is_off, carried_by; /* bits of IMAGE_CARRIED_*: files wait for these */
		int64_t commit_ns;           /* what was recorded is on disk after this */
		int64_t keep_ns;             /* older files are removed; 0: none is */
		int64_t resolution_ns;       /* times are cut to it; 1: they are kept as they are */
		uint64_t size;               /* bytes of all files together; 0: no limit */
		uint64_t leave_free;         /* bytes of the disk below which nothing is recorded */
		/* What becomes coarser: each later and coarser than the one before it; every_ns 0: no more. */
		struct image_tier {
			int64_t after_ns, every_ns;
		} tiers[IMAGE_TIERS_MAX];
	} history;
	struct image_postgres {
		uint32_t is_on; /* 0: there is no data base, and the rest means nothing */
		uint32_t server, database, user, schema; /* texts */
		uint32_t tls;        /* off, require, verify-full; empty: as it is near or far */
		uint32_t ca;         /* path; empty: those of the computer */
		uint32_t partitions; /* day, week, month */
		uint32_t password;   /* 1 + index of the secret; 0: none */
		uint32_t spare;
		int64_t keep_ns; /* 0: all is kept */
	} postgres;
	struct image_table fields;      /* struct image_field: what is asked about a run */
	struct image_table contacts;    /* struct image_contact */
	struct image_table outputs;     /* struct image_output */
	struct image_table safe_states; /* struct image_safe_state */
	struct image_table safe_lines;  /* struct image_safe_line, grouped by safe state */
	struct image_table trips; /* struct image_trip; those of interlocks behind the others */
	struct image_table interlocks; /* struct image_interlock */
	struct image_table alarms;     /* struct image_alarm, a parent before its children */
	struct image_table rules;      /* struct image_rule */
	struct image_table actions;    /* struct image_action, grouped by rule */
	struct image_table restore;    /* uint32_t: outputs, in the order in which they come back */
	/* kinds of outputs */
	struct image_table parts;        /* struct image_part, grouped by output */
	struct image_table numbers;      /* double: values of parts, coefficients of polynomials */
	struct image_table gases;        /* struct image_gas */
	struct image_table calibrations; /* struct image_calibration */
	uint32_t has_lock;               /* 0, 1: `local_lock` */
	uint32_t lock;                   /* channel of its switch */
	uint32_t lock_is;                /* number that it shows while it locks */
	uint32_t lock_state;             /* channel "mbc.local_lock", STATE_LOCK */
	uint32_t on_stop; /* safe state: where an end brings the bench; IMAGE_NONE: it has none */
	uint32_t is_observed; /* 0, 1: `mode: observe`, nothing is ever written */
	uint32_t n_cells; /* of what expressions remember (expr.h); all programs have their own */
	uint32_t bench_state; /* channel "mbc.bench", SOURCE_STATE: enum bench_state */
	uint32_t horn;        /* channel "mbc.horn"; IMAGE_NONE: the bench has no alarms */
	uint32_t last_alarm;  /* channel "mbc.last_alarm", likewise */
	uint32_t commands;    /* what programs with a token may ask: bits of COMMANDS_* */
	uint32_t synoptic;    /* text: a drawing of the laboratory as SVG; empty: none */
	/* model/sequence.h */
	struct image_table sequences;    /* struct image_sequence */
	struct image_table seq_steps;    /* struct image_seq_step, grouped by sequence */
	struct image_table seq_expects;  /* struct image_seq_expect, grouped by step */
	struct image_table instrs;       /* struct image_instr, grouped by sequence */
	struct image_table seq_actions;  /* struct image_seq_action */
	struct image_table guards;       /* struct image_seq_guard, grouped by sequence */
	struct image_table slots;        /* struct image_slot, grouped by sequence */
	struct image_table seq_rows;     /* struct image_seq_row, grouped by sequence */
	struct image_table seq_backs;    /* struct image_seq_back, grouped by row */
	struct image_table seq_limits;   /* struct image_seq_limit, grouped by sequence */
	struct image_table seq_numbers;  /* uint32_t */
	struct image_table ins_commands; /* struct image_ins_command, grouped by instrument */
	struct image_table seq_files;    /* struct image_seq_file, grouped by sequence */
	uint32_t sequence
		[IMAGE_SEQUENCE_SHOWN]; /* channels of SOURCE_STATE, from STATE_SEQUENCE on; of use when the bench has sequences */
	uint32_t source;          /* text of the bench file; with `extends:` of all of it as one */
	uint32_t has_free_fields; /* 0, 1: a run may have others */
	uint32_t copy_to;         /* folder into which runs are copied; empty: none */
	uint32_t
		before_channels; /* names, a line each: told for the time before each injection; empty: none */
	int64_t before_ns; /* that time; of use with before_channels */
	struct image_influx {
		uint32_t version; /* 1, 2; 0: nothing is written to an InfluxDB */
		uint32_t url, database, user, org, bucket,
			ca;      /* texts; empty where they have no use */
		uint32_t secret; /* number, from 1, of password or token; 0: none */
	} influx;
	struct image_tls {
		uint32_t kind; /* enum image_tls_kind */
		uint32_t cert,
			key; /* paths, with IMAGE_TLS_FILES; the same when one file holds both */
		uint32_t spare;
	} tls;
	/* What is shown to everybody, by a server of its own. */
	struct image_public {
		uint32_t listen; /* "0.0.0.0:8444"; empty: there is no such server */
		uint32_t title;  /* of the bench, there */
		struct image_tls tls;
		uint32_t needs_link; /* 0, 1: only who has a link sees anything */
		uint32_t flat_off;   /* enum image_flat: pages that neither server has */
	} shown;
	struct image_table shown_channels; /* uint32_t: channels, rising */
	/* Signs of life, and what happens when power was lost. */
	struct image_heartbeat {
		uint32_t channel; /* of an instrument, a bool that takes writes: it is toggled */
		uint32_t state;   /* channel "mbc.heartbeat": enum heartbeat_state */
		uint32_t toggles; /* channel "mbc.heartbeat_toggles" */
		uint32_t spare;
		int64_t every_ns;    /* 0: there is none, and the rest means nothing */
		int64_t drop_out_ns; /* without it the relay falls after this; 0: nobody said */
	} heartbeat;
	struct image_power {
		uint32_t is_watched; /* 0, 1: there is `power:` */
		uint32_t mains;      /* channel, a bool: there is mains */
		uint32_t low;        /* channel, a bool: the supply will not last; IMAGE_NONE */
		uint32_t spare;
		int64_t for_ns; /* mains is gone when it is so for this */
	} power;
	uint32_t has_power_loss; /* 0, 1: there is `power_loss:`, and power_rows has at least one */
	uint32_t restoring; /* channel "mbc.restore": enum restore_state; with has_power_loss */
	uint32_t
		outage; /* channel "restore.outage", in s: how long nobody was at the controls; the same */
	uint32_t spare_power;
	struct image_table needs; /* uint32_t: instruments that have to live for the heartbeat */
	struct image_table watchdogs;       /* struct image_watchdog */
	struct image_table watchdog_values; /* struct image_watchdog_value, grouped by watchdog */
	struct image_table uptimes;         /* struct image_uptime */
	struct image_table power_rows; /* struct image_power_row; the last one has no condition */
	struct image_table power_outputs; /* struct image_power_output, grouped by row */
	struct image_table lasts;         /* struct image_last */
	struct image_table
		loops; /* struct image_loop, one that writes the setpoint of another before that one */
	struct image_notices notices; /* who is told, and how */
	struct image_table receivers; /* struct image_receiver */
	struct image_table addresses; /* struct image_address, grouped by receiver */
	struct image_table members;   /* uint32_t: receivers; lists of them */
	struct image_table steps;     /* struct image_step, grouped by receiver */
	struct image_table shifts;    /* struct image_shift, grouped by receiver */
	struct image_table pushes;    /* struct image_push */
	struct image_table
		told_kinds; /* uint32_t: enum event_kind, rising: told to notices.events */
};

/* What `serve: commands:` opens to the holders of tokens. */
enum image_commands {
	COMMANDS_SET = 1,
	COMMANDS_MODE = 2,
	COMMANDS_SAFE = 4,
	COMMANDS_ACK = 8,
	COMMANDS_SHELVE = 16,
	COMMANDS_SEQUENCE = 32,
	COMMANDS_ALL = 63
};

enum link_kind {
	LINK_TCP,    /* host and port */
	LINK_SYSTEM, /* files and counters of this machine, read by a thread of their own */
	LINK_SERIAL, /* a serial port: host is where to look for it (io/serial.h) */
	LINK_HELPER, /* a program that `supervise` starts: host has its words */
	LINK_FOLDER, /* files beneath the folder `host`, read by a thread of its own */
	LINK_GPIO, /* lines of a GPIO chip, `host` its device or label, used by a thread of its own */
	LINK_UDP,    /* host and port: datagrams, heard from that peer alone */
	LINK_HID,    /* raw reports of a USB device: host is where to look for it (io/usb_find.h) */
	LINK_USBTMC, /* messages of a USB test and measurement device; host as of LINK_HID */
	LINK_KINDS
};

/* host of a LINK_HELPER: the folder of the file that names the program, the program, its arguments; one a line. */
#define IMAGE_WORDS_MAX 32         /* program and arguments */
#define IMAGE_WORDS_BYTES_MAX 2000 /* with the folder */

/* How characters stand on a serial line. */
struct image_line {
	uint32_t baud;
	uint8_t bits;      /* 7, 8 */
	uint8_t parity;    /* 'N', 'E', 'O' */
	uint8_t stop;      /* 1, 2 */
	uint8_t rs485;     /* enum image_rs485: who switches the driver */
	uint8_t terminate; /* the port's own termination is switched on */
	uint8_t spare[3];
	uint16_t before_ms; /* RTS before the first bit */
	uint16_t after_ms;  /* RTS after the last bit */
};

enum image_rs485 {
	RS485_NONE, /* no half-duplex driver, or one that switches by itself */
	RS485_HIGH, /* the kernel's driver holds RTS high while it sends */
	RS485_LOW,  /* low while it sends */
};

struct image_link {
	uint32_t name;
	uint32_t kind; /* enum link_kind */
	uint32_t
		host; /* name or address, without brackets; LINK_SERIAL: a path, a path with *, or usb:SERIAL; LINK_FOLDER: a path; LINK_HELPER: words;
			LINK_GPIO: a path or a label; LINK_HID, LINK_USBTMC: a path, or "10cf:5500", or "10cf:5500:SERIAL" */
	uint16_t port;
	uint8_t is_line; /* characters of a serial line, here or behind a TCP port: frames have no borders but silence */
	uint8_t has_echo;       /* what is sent comes back first */
	struct image_line line; /* LINK_SERIAL */
	uint32_t pipeline;      /* most questions under way: 0 found out by trying, 1 one, 2..16 */
	uint16_t
		local_port; /* LINK_UDP: the port that is bound here; 0: any, a new one each time */
	uint16_t spare;
	int64_t connect_timeout_ns; /* default 3 s */
	int64_t gap_ns; /* least time between an answer and the next request; LINK_SERIAL: at least 3.5 characters */
	int64_t char_ns; /* one character on the line; 0: no matter */
	int64_t late_max_ns; /* how late after its timeout an answer may still come; 0: twice the timeout */
	int64_t probe_max_ns; /* longest time between two questions to one that is silent; default 30 s */
};

struct image_instrument {
	uint32_t id; /* given by `supervise`, never reused; 0 until then */
	uint32_t name;
	uint32_t title;
	uint32_t codec; /* text: "modbus", "system" */
	uint32_t link;  /* index */
	uint32_t first_point, n_points;
	uint32_t
		retries; /* further tries of one request before the instrument counts as silent; default 1 */
	int64_t every_ns;   /* default period of its points */
	int64_t timeout_ns; /* for one answer; default 1 s */
	uint64_t
		hash; /* of all that its polling depends on, link included: equal after a reload means "leave it alone" */
	/* What it must be before it is read or written: nothing that answers otherwise is believed. */
	uint8_t identify;       /* enum image_identify */
	uint8_t identify_value; /* enum value_type of the quantity */
	uint8_t identify_bit;
	uint8_t identify_order;
	uint32_t
		identify_is; /* IDENTIFY_TEXT: text that must be part of what the device says it is */
	uint16_t identify_space, identify_type, identify_count;
	uint16_t identify_warns; /* 0, 1: another one is used all the same, and told */
	uint32_t identify_address;
	uint32_t identify_key;
	double identify_number; /* IDENTIFY_POINT: its value */
	uint32_t first_message, n_messages;
	uint32_t first_preset, n_presets;
	uint32_t first_capture, n_captures;
	uint32_t first_gate, n_gates;
	int64_t opts
		[IMAGE_OPTS_MAX]; /* values of the codec's options, in the order of codec->opts; texts as string offsets, secrets as 1 + index */
};

/* What an instrument says and hears, for codecs whose instruments are described so: see struct message in link/codec.h. */
struct image_message {
	uint32_t name, send, receive, text;
	uint32_t timeout_ms;
	uint16_t quality, code;
	uint16_t
		next; /* counts in the messages of its instrument; always behind this one; 0: none */
	uint16_t length, lines;
	uint8_t role, again;
	uint8_t spare[4];
	uint32_t wait_ms;
	uint32_t until, until_is; /* texts; until empty: it is asked once */
	uint32_t again_ms, within_ms;
	uint32_t otherwise; /* text */
};

#define IMAGE_MESSAGES_MAX 1000 /* of one instrument */
#define IMAGE_WAIT_MS_MAX 60000
#define IMAGE_AGAIN_MS_MIN 10
#define IMAGE_WITHIN_MS_MAX 3600000

/* What is written to an instrument before anything else is asked of it, for codecs whose points are described by options. */
struct image_preset {
	uint32_t address;
	uint16_t
		space; /* from here to key as in struct image_point, of the place that is written */
	uint16_t type;
	uint16_t count;
	uint8_t order;
	uint8_t bit;
	uint8_t value; /* enum value_type */
	uint8_t spare[3];
	uint32_t key;
	uint32_t text;   /* VALUE_TEXT: what is written */
	uint32_t said;   /* as it was written down, for people: "holding: 46, value: 1" */
	uint32_t spare2; /* no hidden padding */
	union value v;   /* of any other type */
};

#define IMAGE_PRESETS_MAX 100 /* of one instrument */

/* A part of what a device says it is that is kept: its name, as the codec has it. */
struct image_capture {
	uint32_t name;
	uint32_t spare;
};

#define IMAGE_CAPTURES_MAX 8 /* of one instrument */

/* A condition on a capture. Rows of one group stand together, and one of them has to hold; all groups of a point have to. */
struct image_gate {
	uint32_t
		point; /* index; IMAGE_NONE: of the instrument as a whole, a part of its identification */
	uint32_t text;    /* what the capture is compared with */
	uint16_t capture; /* counts in the captures of its instrument */
	uint16_t group;   /* 0, 1, ... within its instrument */
	uint8_t op;       /* enum gate_op */
	uint8_t is_number;
	uint8_t spare[2];
};

enum image_identify { IDENTIFY_NONE, IDENTIFY_TEXT, IDENTIFY_POINT };

/* A quantity on the wire. The meaning of space, address, type, count, order, bit is the codec's own. */
struct image_point {
	uint32_t instrument; /* index */
	uint32_t channel;    /* index of its channel */
	uint16_t space;      /* kind of memory: a Modbus table */
	uint16_t type;
	uint32_t address;
	uint16_t count; /* registers, bytes */
	uint8_t order;
	uint8_t bit;           /* 0xFF: none */
	uint32_t key;          /* text that names it, for codecs that address by name */
	int64_t every_ns;      /* its period */
	int16_t write_space;   /* where writes go; -1: read-only */
	uint8_t value;         /* enum value_type that the codec delivers (struct point.value) */
	uint8_t is_write_only; /* it is never asked: space, address and key are those of write_* */
	uint32_t write_address;
	uint32_t write_key; /* as key, of the place that takes writes */
	uint32_t
		unit; /* text: the unit that the device has to name with its values; empty: any or none */
	uint8_t is_captured; /* it is never asked: address is a capture of its instrument */
	uint8_t spare[7];
};

enum channel_source {
	SOURCE_POINT,   /* source: index of a point */
	SOURCE_CHANNEL, /* source: index of an earlier channel */
	SOURCE_CALC,    /* source: first op in code, n_ops of them */
	SOURCE_HEALTH,  /* source: row of health.def; the program itself */
	SOURCE_STATE, /* source: enum image_state; the controller sets it, and keeps it over restarts */
};

enum channel_filter { FILTER_NONE, FILTER_MEDIAN, FILTER_MEAN };

#define CHANNEL_FILTER_MAX 25 /* samples */

struct image_channel {
	uint32_t id;   /* given by `supervise`, never reused; 0 until then */
	uint32_t name; /* "T_bed", "furnace.pv", "mbc.control.ticks_lost" */
	uint32_t title;
	uint32_t unit; /* as the user wrote it; empty: none */
	uint32_t was;  /* former name, empty: none */
	uint8_t type;  /* enum value_type of what is shown */
	uint8_t source_kind;
	uint8_t filter; /* enum channel_filter */
	uint8_t filter_n;
	uint32_t source;
	uint32_t n_ops;      /* SOURCE_CALC */
	uint32_t instrument; /* index of the one it comes from, IMAGE_NONE for calc and health */
	uint32_t first_choice, n_choices; /* VALUE_CHOICE */
	uint8_t has_range;
	uint8_t has_scale; /* value = raw * factor + offset, else raw goes through unchanged and exact */
	uint8_t writable; /* the device offers it for writing; nothing writes before the bench says so */
	uint8_t has_bit; /* SOURCE_CHANNEL, VALUE_BOOL: one bit of a whole number */
	uint8_t bit;
	uint8_t has_live_zero; /* a raw value below live_zero means a broken wire */
	uint8_t needs_confirm; /* writable: who writes has to confirm it */
	uint8_t record; /* enum channel_record; no hidden padding: equal benches have equal bytes, and so equal hashes */
	uint32_t confirm;                 /* needs_confirm: why; empty: not told */
	uint32_t first_marker, n_markers; /* raw values that are none */
	uint32_t first_knot,
		n_knots; /* has_scale: a table in place of factor and offset; 0 or at least 2 */
	uint32_t bad_if,
		n_bad_if; /* first op and their number: true makes the value bad; 0: nothing does */
	double live_zero;
	double factor, offset; /* scale and unit conversion in one */
	double min, max;       /* range, in its unit */
	int64_t stale_ns; /* older than this is STALE; 0: never (calc and channels that follow another one) */
	double deadband; /* a value no farther from the last one recorded is not; 0: each change is */
	int64_t min_interval_ns; /* of recorded values of the same quality; 0: none */
	int64_t keep_ns;         /* recorded values older than this are removed; 0: as the files */
};

/* What of a channel goes into the history. */
enum channel_record {
	RECORD_CHANGES, /* each change of value or quality, and a confirmation each minute */
	RECORD_EVERY,   /* each acquisition */
	RECORD_NONE,
};

struct image_choice {
	int64_t number;
	uint32_t word;
	uint32_t spare;
};

/* A raw value that is none, and what it means. */
struct image_marker {
	double number; /* when text is empty */
	uint32_t text; /* what stands in the place of a number; with * at its end: what begins so */
	uint16_t quality;
	uint16_t spare;
};

/* Is a number on the wire the one that was written down? One of 32 bits is, when it is the nearest to it that 32 bits hold. */
bool image_same_number(double raw, double written);
/* Does this stand in the place of a number? marker: as in struct image_marker. */
bool image_marker_is_text(const char *marker, const char *text);

/* A place in the table of a scale, in rising order of `from`. */
struct image_knot {
	double from, to;
};

/* By the straight lines between the n >= 2 places of a table; beyond its ends the outer ones go on. */
double image_table_value(const struct image_knot *knots, uint32_t n, double from);
/* A place that has this value, of several the one on the flattest line, so that a whole number beside it is nearly right;
 * where the table never has it, the one that comes nearest. */
double image_table_place(const struct image_knot *knots, uint32_t n, double to);

/* How a simulated point behaves: towards what it follows, at once, as a first order or at constant speed; or the integral of it;
 * plus a wave and noise. In the channel's unit. */
struct image_twin {
	uint32_t point;
	uint32_t follows; /* index of another point, IMAGE_NONE: `start` */
	uint32_t
		is_integral; /* 0, 1: it grows by gain x what it follows each second, within the channel's range */
	uint32_t text; /* start of a text; 0: none is said, an empty one has a place of its own */
	uint32_t is_unlike; /* 0, 1: it is 0 while what it follows is not, else 1 */
	uint32_t
		paced; /* 1 + another point of the same instrument that says how fast it moves; 0: none does */
	double start;
	double gain;     /* of what it follows */
	double tau_s;    /* 0: at once */
	double fall_s;   /* the same while it falls; 0: tau_s */
	double rate;     /* of its movement, each second; 0: no limit */
	double lag_s;    /* what it follows, so long ago */
	double return_s; /* what is written there goes back to `start` after this; 0: it stays */
	double noise;    /* standard deviation */
	double wave;     /* amplitude of a sine around it */
	double period_s; /* of the wave */
	double pace; /* of `paced`: its value x this is the speed of the movement, each second; 0: at once */
};

/* A secret that instruments need: its name alone. What it is stands in no image. */
struct image_secret {
	uint32_t name;  /* of its file */
	uint32_t where; /* "bench.yaml:14:18": who wants it, for messages */
};

/* What is asked about a run: `record: fields:` */
struct image_field {
	uint32_t name;
	uint32_t title;
	uint32_t is_needed; /* 0, 1 */
	uint32_t spare;
};

#define IMAGE_BEFORE_MAX 20 /* channels that are told of the time before an injection */
#define IMAGE_FIELDS_MAX 50

/* Whom people call: `contacts:`, for those alone who have signed in */
struct image_contact {
	uint32_t name, phone;
	uint32_t role; /* empty: not said */
	uint32_t spare;
};

#define IMAGE_CONTACTS_MAX 10

/* ---- what is written, and what must never happen (specs: protection, alarms) ---------------------------------------------- */

/* What a channel of SOURCE_STATE is. Those with a name of their own are choices with these words, in this order, from 0:
 * tables in image_words.def. */
enum image_state {
	STATE_TARGET,    /* "NAME.target": what was asked of an output; its type and unit */
	STATE_WORKING,   /* "NAME.working": what was sent to it */
	STATE_OWNER,     /* "NAME.owner": enum output_owner */
	STATE_MODE,      /* "NAME.mode": enum output_mode */
	STATE_SAFE,      /* "safe.NAME": enum safe_phase */
	STATE_TRIP,      /* "trip.NAME": enum trip_state */
	STATE_INTERLOCK, /* "interlock.NAME": enum interlock_state */
	STATE_ALARM,     /* "alarm.NAME": enum alarm_state */
	STATE_BENCH,     /* "mbc.bench": enum bench_state */
	STATE_HORN, /* "mbc.horn", a bool: an alarm that has to be heard, and that nobody silenced */
	STATE_HEARTBEAT, /* "mbc.heartbeat": enum heartbeat_state */
	STATE_TOGGLES,   /* "mbc.heartbeat_toggles": how often it was written, a whole number */
	STATE_WATCHDOG,  /* "watchdog.NAME" of an instrument: enum watchdog_state */
	STATE_RESTORE,   /* "mbc.restore": enum restore_state */
	STATE_OUTAGE,    /* "restore.outage": a number, in s */
	STATE_LAST, /* "NAME.last": what a channel was when a controller was alive last; its type and unit */
	STATE_MEASURED, /* "V_mode": what several channels of instruments show together; its own choices */
	STATE_LOCK, /* "mbc.local_lock": enum lock_state */
	/* Of the sequence under test; the order is that of image.sequence. */
	STATE_SEQUENCE,       /* "sequence.state": enum sequence_state */
	STATE_SEQ_NAME,       /* "sequence.name", a text: of its file */
	STATE_SEQ_STEP,       /* "sequence.step": number of the step that is executed */
	STATE_SEQ_TITLE,      /* "sequence.title", a text: of the step */
	STATE_SEQ_COMMENT,    /* "sequence.comment", a text: of the step */
	STATE_SEQ_STEP_TIME,  /* "sequence.step_time", s: planned */
	STATE_SEQ_STEP_CLOCK, /* "sequence.current_step_time", s: elapsed */
	STATE_SEQ_TOTAL_TIME, /* "sequence.total_time", s: elapsed and planned, from START to the end */
	STATE_SEQ_CLOCK,      /* "sequence.time", s: elapsed */
	STATE_SEQ_LEFT,       /* "sequence.time_left", s: planned */
	STATE_SEQ_REASON, /* "sequence.reason", a text: why it is held or was ended; what it asks */
	STATE_SEQ_QUESTION, /* "sequence.question": 1 + instruction that waits for an answer; 0: none does */
	STATE_SEQ_WAITING, /* "sequence.waiting", a text: what it waits for; what it asks */
	STATE_SEQ_STEP_ID, /* "sequence.step_id": another one each time that a step is entered; 0: none is */
	STATE_SEQ_HOLD_ID, /* "sequence.hold_id": another one each time that it is held, or led elsewhere */
	STATE_SEQ_QUESTION_ID, /* "sequence.question_id": another one each time that it asks */
	STATE_LAST_ALARM, /* "mbc.last_alarm": number of the event of the alarm that came last; 0: none has */
	STATE_KINDS
};

enum output_owner {
	OWNER_NONE,
	OWNER_RULE,
	OWNER_PID,
	OWNER_MANUAL,
	OWNER_SEQUENCE,
	OWNER_SAFE_STATE,
	OWNER_TRIP,
	OWNERS
};
enum output_mode { MODE_MANUAL, MODE_AUTOMATIC, MODES };
enum safe_phase { SAFE_IDLE, SAFE_UNDER_WAY, SAFE_REACHED, SAFE_NOT_CONFIRMED, SAFE_PHASES };
enum trip_state { TRIP_READY, TRIP_PENDING, TRIP_TRIPPED, TRIP_BYPASSED, TRIP_STATES };
enum interlock_state { INTERLOCK_FREE, INTERLOCK_HOLDS, INTERLOCK_BYPASSED, INTERLOCK_STATES };
/* ISA-18.2: normal; unacknowledged; acknowledged; returned to normal, unacknowledged; the same two of a latched one; overlays. */
enum alarm_state {
	ALARM_NORMAL,
	ALARM_UNACKNOWLEDGED,
	ALARM_ACKNOWLEDGED,
	ALARM_RETURNED,
	ALARM_LATCHED_UNACKNOWLEDGED,
	ALARM_LATCHED_ACKNOWLEDGED,
	ALARM_SHELVED,
	ALARM_SUPPRESSED,
	ALARM_OUT_OF_SERVICE,
	ALARM_STATES
};
enum bench_state {
	BENCH_MANUAL,
	BENCH_AUTOMATIC,
	BENCH_SAFE,
	BENCH_TRIPPED,
	BENCH_STARTING,
	BENCH_OBSERVING,
	BENCH_STATES
};
enum heartbeat_state {
	HEARTBEAT_STARTING, /* what it needs has not been heard yet */
	HEARTBEAT_BEATING,
	HEARTBEAT_LATE,      /* the controller was late */
	HEARTBEAT_TRIPPED,   /* a trip has fired */
	HEARTBEAT_SILENT,    /* an instrument that it needs does not answer */
	HEARTBEAT_NOT_TAKEN, /* its own instrument does not take it */
	HEARTBEAT_OBSERVING,
	HEARTBEAT_STATES
};
enum watchdog_state {
	WATCHDOG_UNKNOWN, /* not read, or not any more */
	WATCHDOG_ARMED,   /* all stands there as it was declared */
	WATCHDOG_NOT_ARMED,
	WATCHDOG_TRIPPED, /* the device is in its own safe mode */
	WATCHDOG_STATES
};
enum restore_state {
	RESTORE_IDLE,
	RESTORE_POWER_OUT, /* mains is lost: outputs stay as they are */
	RESTORE_LOOKING,   /* what the devices hold, and what the conditions say */
	RESTORE_RETURNING, /* one output after the other comes back */
	RESTORE_ASKING,    /* the bench is safe, and a person chooses */
	RESTORE_STATES
};
enum lock_state { LOCK_OPEN, LOCK_LOCKED, LOCK_STATES };
/* ISA-88. */
enum sequence_state {
	SEQUENCE_IDLE,
	SEQUENCE_RUNNING,
	SEQUENCE_HOLDING,
	SEQUENCE_HELD,
	SEQUENCE_RESTARTING,
	SEQUENCE_STOPPING,
	SEQUENCE_STOPPED,
	SEQUENCE_ABORTING,
	SEQUENCE_ABORTED,
	SEQUENCE_COMPLETE,
	SEQUENCE_STATES
};

/* The words of the choices of a state: NULL when it is none; *n their number. */
const char *const *image_state_words(enum image_state state, uint32_t *n);

enum image_hazard {
	HAZARD_NONE,
	HAZARD_HEAT,
	HAZARD_FUEL,
	HAZARD_OXIDANT,
	HAZARD_TOXIC,
	HAZARD_PRESSURE,
	HAZARD_INERT,
	HAZARDS
};
enum image_fails { FAILS_UNKNOWN, FAILS_CLOSED, FAILS_OPEN, FAILS_STAYS, FAILS_KINDS };

/* A channel of the bench with `write:`. All values are in its own unit; a choice or bool is its number. */
struct image_output {
	uint32_t channel; /* of the bench: what is measured, or what `at` holds */
	uint32_t
		at; /* channel of an instrument: it is written. Its source is a point that takes writes */
	uint32_t target, working, owner, mode; /* channels of SOURCE_STATE */
	uint8_t hazard, fails;                 /* enum image_hazard, image_fails */
	uint8_t has_verify;                    /* `at` is read back, within `verify_within` */
	uint8_t has_limits;                    /* min, max */
	uint8_t needs_confirm;
	uint8_t is_inverted_table; /* the table of the channel's scale stands between it and `at` */
	uint8_t spare[2];
	uint32_t first_knot,
		n_knots;       /* is_inverted_table: value = table(x), at = x * factor + offset */
	double factor, offset; /* value of `at` = value * factor + offset */
	double min, max;       /* what lies outside is refused, or cut where that was asked for */
	double ramp;           /* most change of `working` a second; 0: at once */
	double verify_within;  /* in the unit of `at` */
	int64_t verify_after_ns;
	int64_t refresh_ns; /* written again after this, even when unchanged; 0: never */
	uint32_t verify_tries, max_writes; /* an hour; 0: no limit */
	uint32_t shutoff;                  /* output: its isolating valve; IMAGE_NONE */
	uint32_t shutoff_is;               /* the number of the valve's choice that is shut */
	double holdback; /* after an outage it comes back by a ramp when what is measured is farther away; 0: it does not matter */
	/* A pattern: several channels of instruments as one. `at` is its own channel then, of STATE_MEASURED, and its choices are
	 * numbered from 0. */
	uint32_t first_part, n_parts; /* 0: it is none */
	/* Other inputs show where it is: end switches. Its channel is of STATE_MEASURED then, and `at` what is written. */
	uint32_t first_end, n_ends; /* parts that are only read; 0: there are none */
	uint32_t
		is_off_first; /* parts that are to be off go before the others, else all in their order */
	/* is_inverted_table 0: value = a polynomial of x that only rises or only falls from poly_low to poly_high, and at = x * factor +
	 * offset; coefficients in `numbers`, the constant one first. */
	uint32_t n_coefficients, first_coefficient; /* 0: there is none */
	uint32_t has_valve;                         /* 0, 1 */
	uint32_t valve;             /* output: the flow controller's own override of this flow */
	double poly_low, poly_high; /* x */
	/* 1 + struct image_loop that has its `working` as setpoint: `at` is its own channel then, and it is on no wire; 0: none. */
	uint32_t loop;
	/* The ramp is the device's: this part takes its rate, and `at` where it leads. 1 + its place in `parts`; 0: it is ours. */
	uint32_t rate_part;
	double rate_factor; /* value of the rate's channel = change a second * rate_factor; above 0 */
	double at_once; /* has_at_once: the value of the rate's channel that is no ramp at all */
	/* has_progress: value of the output = channel `progress` * factor + offset is where the device's ramp is now; it is there when
	 * it lies within that of where the ramp leads. */
	double progress_factor, progress_offset, progress_within;
	uint32_t progress;
	uint8_t has_at_once, has_progress;
	uint8_t has_measured; /* `channel` shows what is measured, and not what `at` holds */
	uint8_t spare_rate;
};

#define IMAGE_PARTS_MAX 16
#define IMAGE_COEFFICIENTS_MAX 10

/* A channel of an instrument that shows, or is, a part of an output of choices, or takes the rate of the ramp in the device. */
struct image_part {
	uint32_t
		at; /* channel; of a pattern, or for a rate, its source is a point that takes writes */
	uint32_t
		first_value; /* in `numbers`: what it is at each choice, in `at`'s unit; of a rate none */
	double verify_within;
	int64_t verify_after_ns;
	uint32_t verify_tries;
	uint32_t spare;
};

/* The gas that flows through a meter that was calibrated with another one: what is shown is what the device shows x factor. */
struct image_gas {
	uint32_t channel;
	uint32_t calibrated, flowing, reference; /* texts */
	double factor;
};

/* A channel of the bench whose value is made of a raw one by a certificate. */
struct image_calibration {
	uint32_t channel, raw;
	uint32_t date, due, certificate; /* texts: "2026-01-10"; empty: not said */
	uint32_t spare;
	int64_t due_s; /* 1970: when it has run out; INT64_MAX: never */
};

/* A control loop (PID, ISA standard form): from what `of` measures to what `output` is set to. */
struct image_loop {
	uint32_t of;     /* output: its channel is what is measured, its `working` the setpoint */
	uint32_t output; /* that it writes; never one of a loop that comes before it */
	uint32_t is_direct;   /* 0, 1: what is measured rises, and the output with it (cooling) */
	uint32_t spare;       /* no hidden padding */
	double gain;          /* of the output by what is measured; above 0 */
	double integral_s;    /* 0: it does not integrate */
	double derivative_s;  /* 0: none */
	double filter;        /* the derivative is smoothed over derivative_s / filter */
	double weight;        /* of the setpoint in the proportional part: 0 .. 1 */
	double min, max;      /* of the output */
	double on_bad;        /* the output while what is measured is bad */
	double deadband;      /* smaller changes of the output are not written */
	int64_t bad_after_ns; /* bad for so long, and the output goes to on_bad */
	int64_t every_ns;     /* it writes so often at most */
};

/* A condition: a program of kind EXPR_TRUTH in `code`. */
struct image_cond {
	uint32_t first_op, n_ops; /* n_ops 0: there is none */
	uint32_t text;            /* as it was written */
	uint32_t spare;
};

struct image_safe_state {
	uint32_t name, title;
	uint32_t first_line, n_lines;
	uint32_t state; /* channel of SOURCE_STATE */
	uint32_t spare;
};

/* One output, brought to one value. Lines of one link go in their order, those of different links at once. */
struct image_safe_line {
	uint32_t output;
	uint32_t after; /* line of the same safe state that has to be settled before; IMAGE_NONE */
	uint32_t
		otherwise; /* line that is taken when this one is not confirmed in time; always behind it; IMAGE_NONE */
	uint32_t is_otherwise; /* 0, 1: it is only taken so */
	double value;
	int64_t within_ns; /* until it counts as not confirmed */
	double ramp;       /* of an output whose ramp is the device's, a second; 0: at once */
};

#define IMAGE_ON_BAD_ALARM INT64_MAX

struct image_trip {
	uint32_t name, title;
	struct image_cond when;
	int64_t for_ns;    /* it has to hold so long */
	int64_t on_bad_ns; /* fires when unknown for longer; IMAGE_ON_BAD_ALARM: it only alarms */
	int64_t reset_after_ns;        /* false on good inputs for so long before it can be reset */
	int64_t bypass_max_ns;         /* 0: it cannot be bypassed */
	int64_t warmup_ns;             /* of its inputs after a start */
	int64_t test_every_ns;         /* 0: nobody said */
	uint32_t to;                   /* safe state */
	uint32_t is_latched;           /* 0, 1 */
	uint32_t interlock;            /* that it belongs to; IMAGE_NONE */
	uint32_t state;                /* channel of SOURCE_STATE */
	uint32_t protected_by, tested; /* texts; "2026-03-01" */
};

/* A combination that is never allowed. Its trip stands among the trips. */
struct image_interlock {
	uint32_t name, title;
	struct image_cond forbid;
	uint32_t trip;
	uint32_t state; /* channel of SOURCE_STATE */
};

struct image_alarm {
	uint32_t name, title;
	uint32_t action; /* text of `do:`: what a person does about it */
	uint32_t state;  /* channel of SOURCE_STATE */
	struct image_cond when;
	struct image_cond clear;    /* none: it is over when `when` is false */
	struct image_cond suppress; /* while it is true the alarm is suppressed by design */
	int64_t for_ns, off_for_ns; /* on-delay and off-delay */
	int64_t on_bad_ns;     /* a condition unknown for longer is told as such; default 5 s */
	int64_t shelve_max_ns; /* 0: it cannot be shelved */
	uint32_t parent; /* alarm that hides it while it is active; IMAGE_NONE; always before it */
	uint32_t first_out; /* number of its first-out group; IMAGE_NONE */
	uint8_t priority;   /* enum image_priority */
	uint8_t is_latched, needs_ack;
	uint8_t is_notified; /* 0: who is told is what notices.by_priority says */
	uint8_t spare[4];
	uint32_t first_member, n_members; /* of `notify:`; none with is_notified: nobody is told */
};

/* ---- who is told ---- */

/* In the order in which they are tried when one is enough. */
enum alert_way { ALERT_PUSH, ALERT_SMS, ALERT_CALL, ALERT_MAIL, ALERT_WAYS };

enum receiver_kind {
	RECEIVER_PERSON, /* addresses */
	RECEIVER_GROUP,  /* members: all of them at once */
	RECEIVER_CHAIN,  /* steps: each when nobody has acknowledged by then */
	RECEIVER_DUTY,   /* members in turn, and shifts that stand out */
};

#define RECEIVER_AGAIN_MAX 9

/* A name under `notify:`. What a group, chain or duty names stands before it: there is no circle. */
struct image_receiver {
	uint32_t name, title;
	uint8_t kind;          /* enum receiver_kind */
	uint8_t language;      /* enum language */
	uint8_t is_until_over; /* CHAIN: also an alarm that is over ends it; else it is acknowledged */
	uint8_t again;         /* CHAIN: so often it begins anew when nobody has acknowledged */
	uint8_t by[PRIORITIES]; /* PERSON: bits 1 << enum alert_way, of each priority */
	uint8_t quiet_below;    /* PERSON: enum image_priority; what is lower waits for quiet_to */
	uint8_t spare;
	uint16_t quiet_from, quiet_to; /* minutes of the local day; the same: never */
	uint16_t limit; /* PERSON: messages in an hour; more become one; 0: no limit */
	uint32_t first_address, n_addresses; /* PERSON, grouped by way */
	struct image_list members;           /* GROUP, DUTY */
	uint32_t first_step, n_steps;        /* CHAIN */
	uint32_t first_shift, n_shifts;      /* DUTY: an earlier one wins */
	int64_t again_ns;                    /* CHAIN: after its last step */
	int64_t turn_from; /* DUTY: days since 1970-01-01 of the local calendar, of the first turn */
	uint32_t turn_days;   /* DUTY: length of a turn */
	uint16_t turn_minute; /* DUTY: minute of the local day at which it changes */
	uint16_t spare_turn;
};

struct image_address {
	uint32_t way; /* enum alert_way */
	uint32_t
		text; /* "anna@lab.example", "+33612345678"; ALERT_PUSH: the topic or user there, empty: none */
	uint32_t push; /* ALERT_PUSH: of the pushes; else 0 */
	uint32_t spare;
};

struct image_step {
	struct image_list to;
	int64_t after_ns; /* the alarm is as old as that, rising */
	uint32_t by;      /* bits 1 << enum alert_way; 0: as each person has it */
	uint32_t spare;
};

/* `except:` of a duty: holidays, a week that was swapped. */
struct image_shift {
	int64_t from,
		to; /* minutes since 1970-01-01 00:00 of the local calendar; without `to` itself */
	struct image_list who;
};

enum push_kind {
	PUSH_NTFY,
	PUSH_GOTIFY,
	PUSH_PUSHOVER,
	PUSH_TELEGRAM,
	PUSH_WEBHOOK,
	PUSH_TEXT,
	PUSH_EEDOMUS,
	PUSH_KINDS
};

struct image_push {
	uint32_t name;
	uint32_t kind;       /* enum push_kind */
	uint32_t url;        /* "https://ntfy.lab" */
	uint32_t user;       /* PUSHOVER: none; EEDOMUS: api_user; else empty */
	uint32_t secret;     /* 1 + index: token, key, password of the service; 0: none */
	uint32_t ca;         /* path; empty: those of the computer */
	uint32_t template;   /* WEBHOOK: body with {placeholders}; empty: the usual one */
	uint32_t value;      /* EEDOMUS: what is set while something is wrong, "100"; and */
	uint32_t value_over; /* when nothing is any more; empty: nothing is set */
	uint32_t backup_url; /* EEDOMUS: the cloud, when the box cannot be reached; empty: none */
	uint32_t spare[2];
};

enum image_edge { EDGE_LEVEL, EDGE_RISES, EDGE_FALLS, EDGES };

struct image_rule {
	uint32_t name;
	uint32_t first_action, n_actions;
	uint32_t spare;
	struct image_cond when; /* a level: it acts once, when the condition has become true */
	int64_t for_ns;         /* debounced: it has to hold so long */
};

enum image_action_kind { ACTION_SET, ACTION_TOGGLE, ACTION_PULSE, ACTION_NOTIFY, ACTIONS };

struct image_action {
	uint32_t kind;
	uint32_t output; /* IMAGE_NONE: ACTION_NOTIFY */
	double value;    /* ACTION_PULSE: for pulse_ns, then back to what it was */
	int64_t pulse_ns;
	uint32_t text; /* ACTION_NOTIFY */
	uint32_t spare;
};

/* A channel that has to show a number (a choice or bool: its own). */
struct image_guard {
	uint32_t channel; /* of the instrument; IMAGE_NONE: it is not declared */
	uint32_t spare;
	double is;
};

/* A watchdog inside a device, as it is declared: nothing of it is assumed. */
struct image_watchdog {
	uint32_t instrument;
	uint32_t state;                    /* channel of SOURCE_STATE */
	struct image_guard timeout, armed; /* have to stand there so */
	struct image_guard tripped;        /* the device is in its own safe mode */
	uint32_t first_value, n_values;
};

/* What an output of the device is in that mode. */
struct image_watchdog_value {
	uint32_t channel; /* of the instrument */
	uint32_t spare;
	double value; /* in its unit; a choice or bool is its number */
};

/* A device that tells for how long it runs. */
struct image_uptime {
	uint32_t instrument;
	uint32_t channel; /* of the instrument */
	double factor;    /* its number in s */
};

enum image_power_do {
	POWER_CONTINUE, /* outputs come back to what they were */
	POWER_RAMP,     /* the same, and those with a ramp of this row from what is measured */
	POWER_ASK,      /* the safe state, until a person chooses */
	POWER_SAFE,     /* the safe state */
	POWER_DOS
};

/* A row of `power_loss:`; the first whose condition is true is taken, the last one in any case. */
struct image_power_row {
	struct image_cond when;
	uint32_t what; /* enum image_power_do */
	uint32_t to;   /* safe state: where it leads, or where a failure on the way back does */
	uint32_t first_output, n_outputs;
};

struct image_power_output {
	uint32_t output;
	uint32_t is_named; /* 0, 1: by `with`: it may come back without a person */
	double ramp;       /* a second, of POWER_RAMP; 0: its own */
};

/* What a row reads by last(). */
struct image_last {
	uint32_t channel;
	uint32_t state; /* channel of SOURCE_STATE, of the same form */
};

#define IMAGE_POWER_ROWS_MAX 50

#define IMAGE_CELLS_MAX 100000
#define IMAGE_OUTPUTS_MAX 2000
#define IMAGE_TRIPS_MAX 500
#define IMAGE_ALARMS_MAX 12000
#define IMAGE_SAFE_STATES_MAX 50
#define IMAGE_RULES_MAX 500

/* Check everything that a reader relies on (offsets, indices, ends of texts); bytes from outside. */
int image_check(const void *bytes, size_t n, struct err *err) MUST_CHECK;

static inline const char *
image_text(const struct image *img, uint32_t off)
{
	return (const char *)img + img->strings.off + off;
}

static inline const void *
image_at(const struct image *img, const struct image_table *table)
{
	return (const char *)img + table->off;
}

#define IMAGE_ACCESS(type, table)                                                                  \
	static inline const struct type *type##_at(const struct image *img, uint32_t i)            \
	{                                                                                          \
		return (const struct type *)image_at(img, &img->table) + i;                        \
	}

/* A channel of the public board. */
static inline uint32_t
image_shown_at(const struct image *img, uint32_t i)
{
	return ((const uint32_t *)image_at(img, &img->shown_channels))[i];
}

IMAGE_ACCESS(image_link, links)
IMAGE_ACCESS(image_instrument, instruments)
IMAGE_ACCESS(image_message, messages)
IMAGE_ACCESS(image_preset, presets)
IMAGE_ACCESS(image_capture, captures)
IMAGE_ACCESS(image_gate, gates)
IMAGE_ACCESS(image_point, points)
IMAGE_ACCESS(image_channel, channels)
IMAGE_ACCESS(image_choice, choices)
IMAGE_ACCESS(image_marker, markers)
IMAGE_ACCESS(image_knot, knots)
IMAGE_ACCESS(image_twin, twins)
IMAGE_ACCESS(image_secret, secrets)
IMAGE_ACCESS(image_field, fields)
IMAGE_ACCESS(image_contact, contacts)
IMAGE_ACCESS(image_output, outputs)
IMAGE_ACCESS(image_loop, loops)
IMAGE_ACCESS(image_safe_state, safe_states)
IMAGE_ACCESS(image_safe_line, safe_lines)
IMAGE_ACCESS(image_trip, trips)
IMAGE_ACCESS(image_interlock, interlocks)
IMAGE_ACCESS(image_alarm, alarms)
IMAGE_ACCESS(image_rule, rules)
IMAGE_ACCESS(image_receiver, receivers)
IMAGE_ACCESS(image_address, addresses)
IMAGE_ACCESS(image_step, steps)
IMAGE_ACCESS(image_shift, shifts)
IMAGE_ACCESS(image_push, pushes)
IMAGE_ACCESS(image_action, actions)
IMAGE_ACCESS(image_watchdog, watchdogs)
IMAGE_ACCESS(image_watchdog_value, watchdog_values)
IMAGE_ACCESS(image_uptime, uptimes)
IMAGE_ACCESS(image_power_row, power_rows)
IMAGE_ACCESS(image_power_output, power_outputs)
IMAGE_ACCESS(image_last, lasts)
IMAGE_ACCESS(image_part, parts)
IMAGE_ACCESS(image_gas, gases)
IMAGE_ACCESS(image_calibration, calibrations)

static inline const double *
image_numbers(const struct image *img, uint32_t first)
{
	return (const double *)image_at(img, &img->numbers) + first;
}

static inline const uint32_t *
image_members(const struct image *img, uint32_t first)
{
	return (const uint32_t *)image_at(img, &img->members) + first;
}

/* Is anything that the output writes a channel of this instrument? */
bool image_output_uses(const struct image *img, const struct image_output *o, uint32_t instrument);
/* The part (counted in `parts`) of any output that is this channel, IMAGE_NONE; *out_output: the pattern that it is of. */
uint32_t image_find_part(const struct image *img, uint32_t channel, uint32_t *out_output);
/* What the value of an output with a polynomial is for x, and the x for a value: the bisection ends where doubles do. */
double image_poly_value(const struct image *img, const struct image_output *o, double x);
double image_poly_place(const struct image *img, const struct image_output *o, double value);

/* The words of a LINK_HELPER taken apart in `room` (IMAGE_WORDS_BYTES_MAX + 1 bytes): [0] the folder, [1] the program,
 * then its arguments, NULL. Returns how many there are without the NULL; 0 when it has none that can be used. */
size_t image_words(const char *host, char *room, char *out[IMAGE_WORDS_MAX + 2]);

/* A link to a part of this computer, which no twin plays. */
static inline bool
image_kind_is_local(uint32_t kind)
{
	return kind == LINK_SYSTEM || kind == LINK_FOLDER || kind == LINK_GPIO;
}

/* What comes over it has borders: a piece never goes on in the next, and one request is one piece. */
static inline bool
image_kind_has_borders(uint32_t kind)
{
	return kind == LINK_UDP || kind == LINK_HID || kind == LINK_USBTMC;
}

/* A USB device that is found by its numbers and spoken to in packets. */
static inline bool
image_kind_is_usb(uint32_t kind)
{
	return kind == LINK_HID || kind == LINK_USBTMC;
}

/* Do two links lead over the same wire, whatever their names and times are? */
bool image_same_wire(const struct image *img_a, const struct image_link *a,
	const struct image *img_b, const struct image_link *b);

/* Does the channel show a quantity that can only be written, itself or by what it follows? */
bool image_is_write_only(const struct image *img, uint32_t channel);

/* Index of the channel of this name, IMAGE_NONE if there is none. Linear: for reloads and commands, not for ticks. */
uint32_t image_find_channel(const struct image *img, const char *name);

#endif
