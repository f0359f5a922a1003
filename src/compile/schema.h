/* schema.h - what may stand in a bench file: one set of tables
 *
 * The checker, "did you mean", the JSON Schema for editors and the reference (docs/bench-file.md, which a test compares)
 * all read these rows. Keys of later versions stand here too, so that they are refused with a remedy and not as unknown.
 */
#ifndef COMPILE_SCHEMA_H
#define COMPILE_SCHEMA_H

#include "base/buf.h"

enum key_kind {
	KEY_TEXT,     /* any single value, taken as it is written */
	KEY_WORD,     /* a name */
	KEY_CHOICE,   /* one of `words` */
	KEY_SPAN,     /* a duration with its unit; min, max in ns */
	KEY_BOOL,     /* yes or no */
	KEY_INT,      /* a whole number, min .. max */
	KEY_QUANTITY, /* a number, or a number with unit */
	KEY_NUMBER,
	KEY_UNIT,
	KEY_EXPR,           /* an expression */
	KEY_REF,            /* the name of a channel */
	KEY_ADDRESS,        /* host:port */
	KEY_RANGE,          /* [low, high] */
	KEY_SCALE,          /* factor, or {from: [a, b], to: [c, d]} */
	KEY_FILTER,         /* "median 5" */
	KEY_CHOICES,        /* {word: number} or [word, word] */
	KEY_POINT,          /* options of the codec's points */
	KEY_WORDS,          /* a list of words */
	KEY_SOME_OF,        /* a list of some of `words`, perhaps empty */
	KEY_MAP,            /* the keys of `sub` */
	KEY_NAMES,          /* names, each with the keys of `sub` */
	KEY_SWITCH,         /* `no`, or the keys of `sub` */
	KEY_TEXTS,          /* a text, or one a language: {en: TEXT, fr: TEXT} */
	KEY_CONFIRM,        /* yes or no, or KEY_TEXTS */
	KEY_BRINGS,         /* a list of texts, or a map: {voltage: {low: 0, high: 10}} */
	KEY_MESSAGE,        /* a message, or a row of them: the keys of `sub` */
	KEY_MESSAGES,       /* a list of such */
	KEY_MAPS,           /* a list of maps with the keys of `sub` */
	KEY_PAIRS,          /* a list of lists of two numbers */
	KEY_VALUES,         /* names, each with a single value */
	KEY_ONLY,           /* params, each with a value or a list of values */
	KEY_RECORD,         /* changes, every, no, or the keys of `sub` */
	KEY_REFS,           /* names of channels: one, or a list */
	KEY_RAMP,           /* a quantity per time, or the keys of `sub` */
	KEY_SPAN_OR,        /* a duration, or one of `words` */
	KEY_ROWS,           /* names, each with a list of single values */
	KEY_NUMBERS,        /* a list of numbers */
	KEY_LOCK,           /* the name of a channel, or the keys of `sub` */
	KEY_SECRET,         /* {secret: NAME} */
	KEY_READS,          /* the name of a channel, or names of places, each with a channel */
	KEY_WORD_OR,        /* one of `words`, or the keys of `sub` */
	KEY_LIST,           /* a text, or a list of texts */
	KEY_LIST_OR_NO,     /* the same, or `no` */
	KEY_TEXT_OR_SECRET, /* a text, or {secret: NAME} */
	KEY_LATER,          /* known, and not available yet */
};

struct key {
	const char *name; /* NULL ends a table */
	enum key_kind kind;
	bool is_needed;
	int64_t min, max;
	const char *const *words; /* KEY_CHOICE, ended by NULL */
	const struct key *sub;
	const char *def;  /* what holds when it is left out, as one would write it; NULL: nothing */
	const char *help; /* one line; KEY_LATER: what it will do */
};

/* Places of the rows in their tables. */
enum { TIER_AFTER, TIER_EVERY };

enum {
	LINK_KEY_TCP,
	LINK_KEY_RTU,
	LINK_KEY_SERIAL,
	LINK_KEY_SYSTEM,
	LINK_KEY_HELPER,
	LINK_KEY_FOLDER,
	LINK_KEY_GPIO,
	LINK_KEY_UDP,
	LINK_KEY_LOCAL_PORT,
	LINK_KEY_HID,
	LINK_KEY_USBTMC,
	LINK_KEY_LINE,
	LINK_KEY_RS485,
	LINK_KEY_ECHO,
	LINK_KEY_CONNECT_TIMEOUT,
	LINK_KEY_GAP,
	LINK_KEY_LATE_MAX,
	LINK_KEY_PROBE_MAX,
	LINK_KEY_PIPELINE,
};
enum { RS485_KEY_RTS, RS485_KEY_BEFORE, RS485_KEY_AFTER, RS485_KEY_TERMINATE };
enum { IDENTIFY_KEY_IS, IDENTIFY_KEY_READ, IDENTIFY_KEY_OTHERWISE };
enum { PRESET_VALUE };
enum {
	TOP_BENCH,
	TOP_TITLE,
	TOP_LANGUAGE,
	TOP_TICK,
	TOP_LINKS,
	TOP_INSTRUMENTS,
	TOP_CHANNELS,
	TOP_SERVE,
	TOP_WATCHDOG,
	TOP_REALTIME,
	TOP_HISTORY,
	TOP_RECORD,
	TOP_SAFE_STATES,
	TOP_ON_STOP,
	TOP_SYNOPTIC,
	TOP_MODE,
	TOP_RESTORE,
	TOP_TRIPS,
	TOP_INTERLOCKS,
	TOP_ALARMS,
	TOP_RULES,
	TOP_HEARTBEAT,
	TOP_POWER,
	TOP_POWER_LOSS,
	TOP_LOCAL_LOCK,
	TOP_SEQUENCES,
	TOP_NOTIFY,
	TOP_ALERT,
	TOP_CONTACTS
};
enum { CONTACT_NAME, CONTACT_PHONE, CONTACT_ROLE };
enum {
	INS_USE,
	INS_LINK,
	INS_TITLE,
	INS_EVERY,
	INS_TIMEOUT,
	INS_RETRIES,
	INS_IDENTIFY,
	INS_CHANNELS,
	INS_TWIN,
	INS_WATCHDOG,
	INS_UPTIME,
	INS_COMMANDS,
	INS_MESSAGES,
	INS_INIT,
	INS_IDENTITY,
	INS_EVENTS,
	INS_ERRORS,
};
enum { MSG_SEND, MSG_RECEIVE, MSG_LENGTH, MSG_LINES, MSG_TIMEOUT, MSG_OTHERWISE, MSG_IF_GIVEN };
enum { MSG_READ_ASK = MSG_IF_GIVEN + 1, MSG_READ_FIELD, MSG_READ_BIT };
enum { STEP_ASK = MSG_IF_GIVEN + 1, STEP_UNTIL, STEP_EVERY, STEP_WITHIN, STEP_WAIT };
enum { ERROR_RECEIVE, ERROR_IS, ERROR_MEANS };
/* The head of an instrument file; behind it stand the keys of an instrument. */
enum {
	FILE_INSTRUMENT,
	FILE_TITLE,
	FILE_MAKER,
	FILE_MODELS,
	FILE_QUANTITIES,
	FILE_VERSION,
	FILE_LICENCE,
	FILE_CONFIDENCE,
	FILE_SOURCES,
	FILE_NOTES,
	FILE_UNPROVEN,
	FILE_PROTOCOL,
	FILE_LINE,
	FILE_PARAMS,
	FILE_EXCHANGES,
	FILE_ROWS
};
enum {
	FILE_LINE_SERIAL,
	FILE_LINE_TCP,
	FILE_LINE_UDP,
	FILE_LINE_TIMEOUT,
	FILE_LINE_GAP,
	FILE_LINE_ECHO
};
enum { PARAM_TYPE, PARAM_RANGE, PARAM_WORDS, PARAM_DEFAULT, PARAM_TITLE };
enum {
	EXCHANGE_SEND,
	EXCHANGE_RECEIVE,
	EXCHANGE_EXPECT,
	EXCHANGE_SET,
	EXCHANGE_REFUSED,
	EXCHANGE_WITH,
	EXCHANGE_NAME
};
/* Shared by channels of instruments and of the bench. */
enum {
	CH_READ,
	CH_TITLE,
	CH_UNIT,
	CH_SCALE,
	CH_OFFSET,
	CH_CHOICES,
	CH_RANGE,
	CH_STALE,
	CH_FILTER,
	CH_HISTORY,
	CH_OWN, /* the first row that only one of the two has */
};
enum {
	INS_CH_WRITE = CH_OWN,
	INS_CH_EVERY,
	INS_CH_TYPE,
	INS_CH_TWIN,
	INS_CH_CALC,
	INS_CH_BITS,
	INS_CH_BAD_IF,
	INS_CH_INVALID,
	INS_CH_LIVE_ZERO,
	INS_CH_ONLY,
	INS_CH_REFRESH,
	INS_CH_VERIFY,
	INS_CH_MAX_WRITES,
	INS_CH_CONFIRM,
};
enum {
	COMMAND_KEY_WRITE,
	COMMAND_KEY_VALUE,
	COMMAND_KEY_READY,
	COMMAND_KEY_STARTED,
	COMMAND_KEY_DONE,
	COMMAND_KEY_TAKES,
	COMMAND_KEY_NAME,
	COMMAND_KEY_TITLE
};
enum { VERIFY_WITHIN, VERIFY_AFTER, VERIFY_TRIES };
enum {
	BENCH_CH_CALC = CH_OWN,
	BENCH_CH_WAS,
	BENCH_CH_ALARM,
	BENCH_CH_GAS,
	BENCH_CH_CALIBRATION,
	BENCH_CH_PATTERN,
	BENCH_CH_PID,
	BENCH_CH_WRITE, /* and behind it what only outputs have */
	BENCH_CH_RAMP,
	BENCH_CH_HAZARD,
	BENCH_CH_FAILS,
	BENCH_CH_SHUTOFF,
	BENCH_CH_VALVE,
	BENCH_CH_REFRESH,
	BENCH_CH_VERIFY,
	BENCH_CH_MAX_WRITES,
	BENCH_CH_CONFIRM,
	BENCH_CH_HOLDBACK,
	BENCH_CH_ROWS
};
enum { RAMP_MAX, RAMP_BY, RAMP_RATE, RAMP_AT_ONCE, RAMP_WORKING };
enum { PATTERN_OF, PATTERN_CHOICES, PATTERN_ORDER };
enum { GAS_CALIBRATED, GAS_FLOWING, GAS_FACTOR, GAS_REFERENCE };
enum {
	CALIBRATION_POINTS,
	CALIBRATION_POLY,
	CALIBRATION_DATE,
	CALIBRATION_DUE,
	CALIBRATION_CERTIFICATE
};
enum { LOCK_CHANNEL, LOCK_LOCKED_AT };
enum {
	PID_OUTPUT,
	PID_GAIN,
	PID_INTEGRAL,
	PID_DERIVATIVE,
	PID_FILTER,
	PID_WEIGHT,
	PID_ACTION,
	PID_LIMITS,
	PID_ON_BAD,
	PID_BAD_AFTER,
	PID_EVERY,
	PID_DEADBAND
};
enum { SAFE_TITLE, SAFE_ORDER };
enum {
	SAFE_LINE_SET,
	SAFE_LINE_TO,
	SAFE_LINE_WITHIN,
	SAFE_LINE_AFTER,
	SAFE_LINE_ELSE,
	SAFE_LINE_RAMP,
};
enum {
	TWIN_START,
	TWIN_FOLLOWS,
	TWIN_INTEGRATES,
	TWIN_UNLIKE,
	TWIN_RETURNS,
	TWIN_GAIN,
	TWIN_LAG,
	TWIN_TAU,
	TWIN_TAU_DOWN,
	TWIN_TRAVEL,
	TWIN_RAMP,
	TWIN_NOISE,
	TWIN_WAVE
};
enum { WAVE_AMPLITUDE, WAVE_PERIOD };
enum { SERVE_LISTEN, SERVE_TLS, SERVE_COMMANDS, SERVE_PUBLIC, SERVE_JSON, SERVE_XML };
enum { PUBLIC_LISTEN, PUBLIC_TLS, PUBLIC_CHANNELS, PUBLIC_TITLE, PUBLIC_LINKS };
enum { TLS_CERT, TLS_KEY };
extern const char *const schema_commands[];
enum { SCALE_FROM, SCALE_TO, SCALE_TABLE };
enum { WATCHDOG_DEVICE, WATCHDOG_TIMEOUT };
enum {
	HISTORY_KEEP,
	HISTORY_SIZE,
	HISTORY_LEAVE_FREE,
	HISTORY_COMMIT,
	HISTORY_RESOLUTION,
	HISTORY_POSTGRES,
	HISTORY_INFLUX,
	HISTORY_TIERS,
};
enum {
	POSTGRES_SERVER,
	POSTGRES_DATABASE,
	POSTGRES_USER,
	POSTGRES_PASSWORD,
	POSTGRES_SCHEMA,
	POSTGRES_TLS,
	POSTGRES_CA,
	POSTGRES_PARTITIONS,
	POSTGRES_KEEP
};
enum {
	INFLUX_URL,
	INFLUX_VERSION,
	INFLUX_DATABASE,
	INFLUX_USER,
	INFLUX_PASSWORD,
	INFLUX_ORG,
	INFLUX_BUCKET,
	INFLUX_TOKEN,
	INFLUX_CA
};
enum { RUNS_FIELDS, RUNS_FREE, RUNS_COPY_TO, RUNS_BEFORE };
enum { BEFORE_OVER, BEFORE_CHANNELS };
enum { FIELD_TITLE, FIELD_NEEDED };
enum { RECORD_KEY_EVERY, RECORD_KEY_DEADBAND, RECORD_KEY_MIN_INTERVAL, RECORD_KEY_KEEP };
/* Of a trip; an interlock has the same rows, and `forbid` as its condition. */
enum {
	TRIP_WHEN,
	TRIP_TITLE,
	TRIP_FOR,
	TRIP_TO,
	TRIP_ON_BAD,
	TRIP_LATCH,
	TRIP_RESET_AFTER,
	TRIP_WARMUP,
	TRIP_PROTECTED_BY,
	TRIP_TESTED,
	TRIP_EVERY,
	TRIP_BYPASS
};
enum { BYPASS_MAX };
enum {
	ALARM_WHEN,
	ALARM_TITLE,
	ALARM_CLEAR,
	ALARM_FOR,
	ALARM_OFF_FOR,
	ALARM_ON_BAD,
	ALARM_PRIORITY,
	ALARM_DO,
	ALARM_LATCH,
	ALARM_ACK,
	ALARM_SHELVE,
	ALARM_PARENT,
	ALARM_FIRST_OUT,
	ALARM_SUPPRESS,
	ALARM_NOTIFY
};
enum {
	LIMIT_HIGH,
	LIMIT_LOW,
	LIMIT_HIGH_HIGH,
	LIMIT_LOW_LOW,
	LIMIT_DEVIATION,
	LIMIT_RATE,
	LIMIT_FOR,
	LIMIT_HYSTERESIS,
	LIMIT_PRIORITY,
	LIMIT_DO,
	LIMIT_NOTIFY
};
enum { RULE_WHEN, RULE_FOR, RULE_DO };
enum { HEARTBEAT_TOGGLE, HEARTBEAT_EVERY, HEARTBEAT_DROP_OUT, HEARTBEAT_NEEDS };
enum { POWER_MAINS, POWER_LOW, POWER_FOR };
enum { ROW_WHEN, ROW_DO, ROW_WITH, ROW_AT, ROW_OTHERWISE };
enum { GUARD_CHANNEL, GUARD_IS };
enum { DOG_TIMEOUT, DOG_ARMED, DOG_TRIPPED, DOG_SAFE };
/* A name under `notify:`: what all have, then what each kind has. */
enum {
	RECEIVER_TITLE,
	RECEIVER_MAIL,
	RECEIVER_PUSH,
	RECEIVER_LANGUAGE,
	RECEIVER_BY,
	RECEIVER_QUIET,
	RECEIVER_LIMIT,
	RECEIVER_TO,
	RECEIVER_STEPS,
	RECEIVER_UNTIL,
	RECEIVER_AGAIN,
	RECEIVER_TURNS,
	RECEIVER_SINCE,
	RECEIVER_EVERY,
	RECEIVER_EXCEPT,
	RECEIVER_ROWS
};
enum { QUIET_FROM, QUIET_TO, QUIET_BELOW };
enum { CHAIN_STEP_TO, CHAIN_STEP_AFTER, CHAIN_STEP_BY };
enum { CHAIN_AGAIN_AFTER, CHAIN_AGAIN_TIMES };
enum { SHIFT_FROM, SHIFT_TO, SHIFT_WHO };
enum {
	ALERT_SITE,
	ALERT_PAGE,
	ALERT_ALARMS,
	ALERT_EVENTS,
	ALERT_MAIL_SERVER,
	ALERT_PUSH_SERVICES,
	ALERT_HEARTBEAT,
	ALERT_GATHER,
	ALERT_AGAIN
};
enum { TOLD_TO, TOLD_OF };
enum { MAIL_SERVER, MAIL_FROM, MAIL_USER, MAIL_PASSWORD, MAIL_TLS, MAIL_CA };
enum {
	PUSH_KEY_KIND,
	PUSH_KEY_URL,
	PUSH_KEY_KEY,
	PUSH_KEY_USER,
	PUSH_KEY_CA,
	PUSH_KEY_TEMPLATE,
	PUSH_KEY_VALUE,
	PUSH_KEY_VALUE_OVER,
	PUSH_KEY_BACKUP_URL
};
enum { BEAT_URL, BEAT_EVERY };

#define SCHEMA_KEYS_MAX 48 /* rows of the longest table */

extern const struct key schema_top[], schema_link[], schema_instrument[],
	schema_instrument_channel[], schema_channel[], schema_twin[], schema_wave[],
	schema_verify[], schema_serve[], schema_tls[], schema_public[], schema_scale[],
	schema_rs485[], schema_identify[], schema_preset[], schema_watchdog[], schema_history[],
	schema_tier[], schema_postgres[], schema_influx[], schema_record[], schema_runs[],
	schema_before[], schema_field[], schema_contact[], schema_message[], schema_message_read[],
	schema_step[], schema_error[], schema_file[], schema_file_line[], schema_param[],
	schema_exchange[], schema_ramp[], schema_safe_state[], schema_safe_line[],
	schema_safe_else[];

/* schema_protect.c */
extern const struct key schema_trip[], schema_interlock[], schema_bypass[], schema_alarm[],
	schema_limits[], schema_rule[], schema_heartbeat[], schema_power[], schema_power_row[],
	schema_guard[], schema_device_watchdog[], schema_pid[], schema_command[];

/* schema_notify.c */
extern const struct key schema_receiver[], schema_by[], schema_quiet[], schema_chain_step[],
	schema_chain_again[], schema_shift[], schema_alert[], schema_told_alarms[],
	schema_told_events[], schema_mail[], schema_push[], schema_beat[];

/* schema_kinds.c */
extern const struct key schema_pattern[], schema_gas[], schema_calibration[], schema_lock[];

/* The JSON Schema of a bench file, with the options of the codecs that are built in. */
void schema_json(struct buf *out);

/* The same of an instrument file. */
void schema_instrument_json(struct buf *out);

#endif
