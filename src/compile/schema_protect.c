/* schema_protect.c - what may stand in a bench file about what protects, warns and acts: the tables */
#include "base/err.h"
#include "compile/schema.h"
#include "model/image.h"

#define MS(n) ((n)*NS_PER_MS)
#define S(n) ((n)*NS_PER_S)
#define HOUR S(3600)
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

static const char *const words_alarm[] = { "alarm", NULL };
static const char *const words_no[] = { "no", "off", "false", NULL };
static const char *const words_action[] = { "reverse", "direct", NULL };
static const char *const words_priority[] = { "low", "medium", "high", "critical", NULL };

const struct key schema_bypass[] = {
	[BYPASS_MAX] = { .name = "max",
		.kind = KEY_SPAN,
		.is_needed = true,
		.min = S(1),
		.max = 24 * HOUR,
		.help = "how long a person may put it out of force, such as 1 h" },
	END,
};

/* Shared by trips and interlocks; the first row is the condition. */
#define TRIP_ROWS(condition, condition_help, on_bad, on_bad_help)                                  \
	[TRIP_WHEN] = { .name = condition,                                                         \
		.kind = KEY_EXPR,                                                                  \
		.is_needed = true,                                                                 \
		.help = condition_help },                                                          \
	[TRIP_TITLE] = { .name = "title",                                                          \
		.kind = KEY_TEXTS,                                                                 \
		.help = "what people see beside its name" },                                       \
	[TRIP_FOR] = { .name = "for",                                                              \
		.kind = KEY_SPAN,                                                                  \
		.min = 0,                                                                          \
		.max = HOUR,                                                                       \
		.def = "0 s",                                                                      \
		.help = "the condition has to hold so long before it trips" },                     \
	[TRIP_TO] = { .name = "to",                                                                \
		.kind = KEY_WORD,                                                                  \
		.help = "the safe state it brings the bench to; that of on_stop when left out, "   \
			"or the only one" },                                                       \
	[TRIP_ON_BAD] = { .name = "on_bad",                                                        \
		.kind = KEY_SPAN_OR,                                                               \
		.words = words_alarm,                                                              \
		.min = 0,                                                                          \
		.max = HOUR,                                                                       \
		.def = on_bad,                                                                     \
		.help = on_bad_help },                                                             \
	[TRIP_LATCH] = { .name = "latch",                                                          \
		.kind = KEY_BOOL,                                                                  \
		.def = "yes",                                                                      \
		.help = "a person has to reset it" },                                              \
	[TRIP_RESET_AFTER] = { .name = "reset_after",                                              \
		.kind = KEY_SPAN,                                                                  \
		.min = 0,                                                                          \
		.max = HOUR,                                                                       \
		.def = "5 s",                                                                      \
		.help = "the condition has to be false on good inputs so long before a reset" },   \
	[TRIP_WARMUP] = { .name = "warmup",                                                        \
		.kind = KEY_SPAN,                                                                  \
		.min = 0,                                                                          \
		.max = HOUR,                                                                       \
		.def = "0 s",                                                                      \
		.help = "after a start its inputs have to be good so long before any output "      \
			"leaves its safe value" },                                                 \
	[TRIP_PROTECTED_BY] = { .name = "protected_by",                                            \
		.kind = KEY_TEXT,                                                                  \
		.help = "what protects people here without this program: detector relay K1" },     \
	[TRIP_TESTED] = { .name = "tested",                                                        \
		.kind = KEY_TEXT,                                                                  \
		.help = "when that was last tested: 2026-03-01" },                                 \
	[TRIP_EVERY] = { .name = "every",                                                          \
		.kind = KEY_TEXT,                                                                  \
		.help = "how often it has to be tested: 12 months" },                              \
	[TRIP_BYPASS] = { .name = "bypass",                                                        \
		.kind = KEY_MAP,                                                                   \
		.sub = schema_bypass,                                                              \
		.help = "a person may put it out of force for a time: {max: 1 h}" },               \
	END

const struct key schema_trip[] = { TRIP_ROWS("when",
	"what brings the bench to its safe state: T_bed > 640 degC", "5 s",
	"it fires when its condition is unknown for longer; alarm: it only warns then") };

const struct key schema_interlock[] = { TRIP_ROWS("forbid",
	"what is never allowed: writes that would lead there are refused", "alarm",
	"its trip fires when the condition is unknown for longer; alarm: writes are refused, and "
	"no more") };

const struct key schema_alarm[] = {
	[ALARM_WHEN] = { .name = "when",
		.kind = KEY_EXPR,
		.is_needed = true,
		.help = "what people are warned of" },
	[ALARM_TITLE] = { .name = "title",
		.kind = KEY_TEXTS,
		.help = "what people see beside its name" },
	[ALARM_CLEAR] = { .name = "clear",
		.kind = KEY_EXPR,
		.help = "when it is over; left out: when its condition is false" },
	[ALARM_FOR] = { .name = "for",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "0 s",
		.help = "the condition has to hold so long" },
	[ALARM_OFF_FOR] = { .name = "off_for",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "0 s",
		.help = "it has to be over so long" },
	[ALARM_ON_BAD] = { .name = "on_bad",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "5 s",
		.help = "a condition that is unknown for longer is told" },
	[ALARM_PRIORITY] = { .name = "priority",
		.kind = KEY_CHOICE,
		.words = words_priority,
		.def = "medium",
		.help = "how fast somebody has to act" },
	[ALARM_DO] = { .name = "do",
		.kind = KEY_TEXTS,
		.help = "what a person does about it; needed for high and critical" },
	[ALARM_LATCH] = { .name = "latch",
		.kind = KEY_BOOL,
		.def = "no",
		.help = "it stays until a person resets it" },
	[ALARM_ACK] = { .name = "ack",
		.kind = KEY_BOOL,
		.def = "yes",
		.help = "a person has to acknowledge it" },
	[ALARM_SHELVE] = { .name = "shelve",
		.kind = KEY_SPAN_OR,
		.words = words_no,
		.min = S(60),
		.max = 24 * HOUR,
		.help = "how long it may be shelved at most, or no; left out: 8 h, a critical one "
			"not at all" },
	[ALARM_PARENT] = { .name = "parent",
		.kind = KEY_WORD,
		.help = "an alarm that hides this one while it is active" },
	[ALARM_FIRST_OUT] = { .name = "first_out",
		.kind = KEY_WORD,
		.help = "a group of alarms of which the first one is marked" },
	[ALARM_SUPPRESS] = { .name = "suppress",
		.kind = KEY_EXPR,
		.help = "while this holds it does not warn: a machine that is off" },
	[ALARM_NOTIFY] = { .name = "notify",
		.kind = KEY_LIST_OR_NO,
		.help = "who is told: a name under notify:, or a list, or no; left out: whom "
			"alert: alarms: names" },
	END,
};

const struct key schema_rule[] = {
	[RULE_WHEN] = { .name = "when",
		.kind = KEY_EXPR,
		.is_needed = true,
		.help = "it acts once, when this has become true" },
	[RULE_FOR] = { .name = "for",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "0 s",
		.help = "it has to hold so long: a button that bounces" },
	[RULE_DO] = { .name = "do",
		.kind = KEY_WORDS,
		.is_needed = true,
		.help = "what happens, in this order: [set X = VALUE, toggle X, pulse X = VALUE "
			"for 2 s, notify TEXT, notify NAME \"TEXT\"]" },
	END,
};

/* The limits stand first, in the order of suffixes[] (limits.c). */
const struct key schema_limits[] = {
	[LIMIT_HIGH] = { .name = "high",
		.kind = KEY_QUANTITY,
		.help = "the alarm NAME_high: the value is above it" },
	[LIMIT_LOW] = { .name = "low",
		.kind = KEY_QUANTITY,
		.help = "the alarm NAME_low: the value is below it" },
	[LIMIT_HIGH_HIGH] = { .name = "high_high",
		.kind = KEY_QUANTITY,
		.help = "the alarm NAME_high_high, beyond high" },
	[LIMIT_LOW_LOW] = { .name = "low_low",
		.kind = KEY_QUANTITY,
		.help = "the alarm NAME_low_low, beyond low" },
	[LIMIT_DEVIATION] = { .name = "deviation",
		.kind = KEY_QUANTITY,
		.help = "the alarm NAME_deviation: an output is so far from its target" },
	[LIMIT_RATE] = { .name = "rate",
		.kind = KEY_TEXT,
		.help = "the alarm NAME_rate: over a minute the value rises or falls faster: 20 "
			"K/min" },
	[LIMIT_FOR] = { .name = "for",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "0 s",
		.help = "it has to be so for so long" },
	[LIMIT_HYSTERESIS] = { .name = "hysteresis",
		.kind = KEY_QUANTITY,
		.help = "the value has to come back so far: 2 K; left out: 1 % of the range" },
	[LIMIT_PRIORITY] = { .name = "priority",
		.kind = KEY_CHOICE,
		.words = words_priority,
		.def = "medium",
		.help = "of all these alarms" },
	[LIMIT_DO] = { .name = "do",
		.kind = KEY_TEXTS,
		.help = "what a person does about them; needed for high and critical" },
	[LIMIT_NOTIFY] = { .name = "notify",
		.kind = KEY_LIST_OR_NO,
		.help = "who is told of them: a name under notify:, or a list, or no" },
	END,
};

const struct key schema_heartbeat[] = {
	[HEARTBEAT_TOGGLE] = { .name = "toggle",
		.kind = KEY_REF,
		.is_needed = true,
		.help = "the channel of an instrument that drives the relay: daq.do7" },
	[HEARTBEAT_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.min = MS(20),
		.max = S(60),
		.def = "500 ms",
		.help = "time from one change to the next" },
	[HEARTBEAT_DROP_OUT] = { .name = "drop_out",
		.kind = KEY_SPAN,
		.min = MS(50),
		.max = HOUR,
		.help = "without a change for so long the relay falls; as it is set at the relay" },
	[HEARTBEAT_NEEDS] = { .name = "needs",
		.kind = KEY_REFS,
		.help = "instruments that have to answer; left out: those of outputs with hazard, "
			"and its own" },
	END,
};

const struct key schema_power[] = {
	[POWER_MAINS] = { .name = "mains",
		.kind = KEY_REF,
		.is_needed = true,
		.help = "a channel that is on while there is mains: ups.online" },
	[POWER_LOW] = { .name = "low",
		.kind = KEY_REF,
		.help = "a channel that is on when the supply will not last: the bench goes to its "
			"safe state" },
	[POWER_FOR] = { .name = "for",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "2 s",
		.help = "mains has to be away so long" },
	END,
};

const struct key schema_power_row[] = {
	[ROW_WHEN] = { .name = "when",
		.kind = KEY_EXPR,
		.help = "when this row is taken, with the words outage and last(CHANNEL): outage < "
			"30 s" },
	[ROW_DO] = { .name = "do",
		.kind = KEY_TEXT,
		.help = "continue, ramp back, ask, or the name of a safe state" },
	[ROW_WITH] = { .name = "with",
		.kind = KEY_REFS,
		.help = "outputs with hazard: fuel or toxic that may come back without a person" },
	[ROW_AT] = { .name = "at",
		.kind = KEY_QUANTITY,
		.help = "of ramp back: how fast outputs of that kind come back: 5 K/min" },
	[ROW_OTHERWISE] = { .name = "otherwise",
		.kind = KEY_WORD,
		.help = "the last row: the safe state when no other row holds, or nobody knows" },
	END,
};

const struct key schema_guard[] = {
	[GUARD_CHANNEL] = { .name = "channel",
		.kind = KEY_WORD,
		.is_needed = true,
		.help = "a channel of this instrument that can be read" },
	[GUARD_IS] = { .name = "is",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "what has to stand there: 5 s, on" },
	END,
};

const struct key schema_device_watchdog[] = {
	[DOG_TIMEOUT] = { .name = "timeout",
		.kind = KEY_MAP,
		.sub = schema_guard,
		.help = "after this without a word from us it acts: {channel: wd_time, is: 5 s}" },
	[DOG_ARMED] = { .name = "armed",
		.kind = KEY_MAP,
		.sub = schema_guard,
		.help = "what tells that it is on: {channel: wd_armed, is: on}" },
	[DOG_TRIPPED] = { .name = "tripped",
		.kind = KEY_MAP,
		.sub = schema_guard,
		.help = "what tells that the device is in its own safe mode: {channel: wd_status, "
			"is: on}" },
	[DOG_SAFE] = { .name = "safe",
		.kind = KEY_VALUES,
		.help = "what its outputs are in that mode: {ao0: 0, do1: off}" },
	END,
};

const struct key schema_command[] = {
	[COMMAND_KEY_WRITE] = { .name = "write",
		.kind = KEY_WORD,
		.is_needed = true,
		.help = "the channel of this instrument that is written to start it" },
	[COMMAND_KEY_VALUE] = { .name = "value",
		.kind = KEY_TEXT,
		.def = "on",
		.help = "what is written there" },
	[COMMAND_KEY_READY] = { .name = "ready",
		.kind = KEY_EXPR,
		.help = "it can be started: a condition of channels of this instrument; left out, "
			"it always can" },
	[COMMAND_KEY_STARTED] = { .name = "started",
		.kind = KEY_EXPR,
		.help = "it is at work; left out, it is once done is not true" },
	[COMMAND_KEY_DONE] = { .name = "done",
		.kind = KEY_EXPR,
		.is_needed = true,
		.help = "it has ended; looked at once it has been at work" },
	[COMMAND_KEY_TAKES] = { .name = "takes",
		.kind = KEY_SPAN,
		.min = MS(1),
		.max = 24 * HOUR,
		.help = "how long it usually takes: for the times that people see" },
	[COMMAND_KEY_NAME] = { .name = "name",
		.kind = KEY_WORD,
		.help = "a channel of this instrument that is written first, with the name that "
			"the sequence gives" },
	[COMMAND_KEY_TITLE] = { .name = "title", .kind = KEY_TEXTS, .help = "what people read" },
	END,
};

const struct key schema_pid[] = {
	[PID_OUTPUT] = { .name = "output",
		.kind = KEY_REF,
		.is_needed = true,
		.help = "the output that it moves" },
	[PID_GAIN] = { .name = "gain",
		.kind = KEY_QUANTITY,
		.is_needed = true,
		.help = "by how much the output answers to a difference: 2 %/K" },
	[PID_INTEGRAL] = { .name = "integral",
		.kind = KEY_SPAN,
		.min = MS(100),
		.max = 24 * HOUR,
		.help = "integral time: 120 s; left out, it does not integrate and a difference "
			"stays" },
	[PID_DERIVATIVE] = { .name = "derivative",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "0 s",
		.help = "derivative time, of what is measured" },
	[PID_FILTER] = { .name = "filter",
		.kind = KEY_NUMBER,
		.def = "10",
		.help = "the derivative is smoothed over its time divided by this: 2 to 20" },
	[PID_WEIGHT] = { .name = "weight",
		.kind = KEY_NUMBER,
		.def = "1",
		.help = "of the setpoint in the proportional part: 0 to 1" },
	[PID_ACTION] = { .name = "action",
		.kind = KEY_CHOICE,
		.words = words_action,
		.def = "reverse",
		.help = "reverse: more output raises what is measured (heating); direct: it "
			"lowers it (cooling)" },
	[PID_LIMITS] = { .name = "limits",
		.kind = KEY_RANGE,
		.help = "of the output; its range when left out" },
	[PID_ON_BAD] = { .name = "on_bad",
		.kind = KEY_QUANTITY,
		.help = "where the output goes when nothing good is measured; 0 for hazard: heat "
			"when left out" },
	[PID_BAD_AFTER] = { .name = "bad_after",
		.kind = KEY_SPAN,
		.min = 0,
		.max = S(600),
		.def = "0 s",
		.help = "it goes there when that lasts longer" },
	[PID_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = HOUR,
		.def = "1 s",
		.help = "it writes its output so often at most" },
	[PID_DEADBAND] = { .name = "deadband",
		.kind = KEY_QUANTITY,
		.help = "smaller changes of the output are not written; a thousandth of the "
			"limits when left out" },
	END,
};
