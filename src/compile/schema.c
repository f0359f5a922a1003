/* schema.c - what may stand in a bench file: the tables */
#include "compile/schema.h"

#include "base/err.h"
#include "model/image.h"

#define MS(n) ((n)*NS_PER_MS)
#define S(n) ((n)*NS_PER_S)
#define HOUR S(3600)
#define LATER(key, text)                                                                           \
	{                                                                                          \
		.name = key, .kind = KEY_LATER, .help = text                                       \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

static const char *const words_local[] = { "local", NULL };
static const char *const words_required[] = { "required", NULL };
static const char *const words_own[] = { "own", NULL };
static const char *const words_bool[] = { "bool", NULL };

const struct key schema_wave[] = {
	[WAVE_AMPLITUDE] = { .name = "amplitude",
		.kind = KEY_QUANTITY,
		.is_needed = true,
		.help = "height of the sine around the value, in the channel's unit" },
	[WAVE_PERIOD] = { .name = "period",
		.kind = KEY_SPAN,
		.is_needed = true,
		.min = MS(1),
		.max = 24 * HOUR,
		.help = "one turn of the sine" },
	END,
};

const struct key schema_twin[] = {
	[TWIN_START] = { .name = "start",
		.kind = KEY_QUANTITY,
		.def = "0",
		.help = "the value at the start, which holds as long as nothing is followed" },
	[TWIN_FOLLOWS] = { .name = "follows",
		.kind = KEY_WORD,
		.help = "a channel of the same instrument that it moves towards" },
	[TWIN_INTEGRATES] = { .name = "integrates",
		.kind = KEY_WORD,
		.help = "a channel of the same instrument of which it is the sum: a level of a "
			"flow; within its "
			"range" },
	[TWIN_UNLIKE] = { .name = "unlike",
		.kind = KEY_WORD,
		.help = "a channel of the same instrument: it is 0 while that is not, else 1" },
	[TWIN_RETURNS] = { .name = "returns",
		.kind = KEY_SPAN,
		.min = MS(1),
		.max = 24 * HOUR,
		.help = "what is written there goes back to 'start' after this, as a button" },
	[TWIN_GAIN] = { .name = "gain",
		.kind = KEY_NUMBER,
		.def = "1",
		.help = "how much of what it follows; with 'integrates': in one second" },
	[TWIN_LAG] = { .name = "lag",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "0 s",
		.help = "dead time: it follows what was so long ago" },
	[TWIN_TAU] = { .name = "tau",
		.kind = KEY_SPAN,
		.min = 0,
		.max = 24 * HOUR,
		.def = "0 s",
		.help = "time constant of the movement; 0 s: at once" },
	[TWIN_TAU_DOWN] = { .name = "tau_down",
		.kind = KEY_SPAN,
		.min = MS(1),
		.max = 24 * HOUR,
		.help = "time constant while it falls, where that is another one" },
	[TWIN_TRAVEL] = { .name = "travel",
		.kind = KEY_SPAN,
		.min = MS(1),
		.max = 24 * HOUR,
		.help = "it moves at constant speed, over its whole range (left out: 0 to 1) in "
			"this time" },
	[TWIN_RAMP] = { .name = "ramp",
		.kind = KEY_REF,
		.help = "it moves at the rate that this channel of the same instrument holds; at 0 "
			"at once" },
	[TWIN_NOISE] = { .name = "noise",
		.kind = KEY_QUANTITY,
		.def = "0",
		.help = "standard deviation of its noise, in the channel's unit" },
	[TWIN_WAVE] = { .name = "wave",
		.kind = KEY_MAP,
		.sub = schema_wave,
		.help = "a sine around the value" },
	END,
};

const struct key schema_scale[] = {
	[SCALE_FROM] = { .name = "from",
		.kind = KEY_RANGE,
		.help = "two values as the device sends them" },
	[SCALE_TO] = { .name = "to",
		.kind = KEY_RANGE,
		.help = "what these two stand for, in the channel's unit" },
	[SCALE_TABLE] = { .name = "table",
		.kind = KEY_PAIRS,
		.help = "in place of from and to: rows of a curve, [[raw, value], ...], with "
			"straight lines "
			"between" },
	END,
};

/* Rows that channels of instruments and of the bench share. */
#define CHANNEL_ROWS                                                                               \
	[CH_TITLE] = { .name = "title",                                                            \
		.kind = KEY_TEXTS,                                                                 \
		.help = "what people see beside its name" },                                       \
	[CH_UNIT] = { .name = "unit", .kind = KEY_UNIT, .help = "unit of the value" },             \
	[CH_SCALE] = { .name = "scale",                                                            \
		.kind = KEY_SCALE,                                                                 \
		.help = "value = raw x scale + offset: a number, a constant such as 10^-1, or "    \
			"two points" },                                                            \
	[CH_OFFSET] = { .name = "offset",                                                          \
		.kind = KEY_NUMBER,                                                                \
		.def = "0",                                                                        \
		.help = "added after the scale" },                                                 \
	[CH_CHOICES] = { .name = "choices",                                                        \
		.kind = KEY_CHOICES,                                                               \
		.help = "words for whole numbers: {open: 1, closed: 0}, or a list from 0" },       \
	[CH_RANGE] = { .name = "range",                                                            \
		.kind = KEY_RANGE,                                                                 \
		.help = "values outside of it are shown as out of range" },                        \
	[CH_STALE] = { .name = "stale_after",                                                      \
		.kind = KEY_SPAN,                                                                  \
		.min = MS(10),                                                                     \
		.max = 24 * HOUR,                                                                  \
		.help = "age from which the value is stale" },                                     \
	[CH_FILTER] = { .name = "filter",                                                          \
		.kind = KEY_FILTER,                                                                \
		.help = "median N or mean N of the last N values, 2 to 25" },                      \
	[CH_HISTORY] = { .name = "history",                                                        \
		.kind = KEY_RECORD,                                                                \
		.sub = schema_record,                                                              \
		.def = "changes",                                                                  \
		.help = "what is recorded: changes, every (each acquisition), no, or a map" }

const struct key schema_verify[] = {
	[VERIFY_WITHIN] = { .name = "within",
		.kind = KEY_QUANTITY,
		.def = "0",
		.help = "how far the value read may be from the one written, in the channel's "
			"unit" },
	[VERIFY_AFTER] = { .name = "after",
		.kind = KEY_SPAN,
		.min = 0,
		.max = HOUR,
		.def = "0 s",
		.help = "time that the device takes until it shows what was written" },
	[VERIFY_TRIES] = { .name = "tries",
		.kind = KEY_INT,
		.min = 1,
		.max = 10,
		.def = "3",
		.help = "readings until it counts as not taken" },
	END,
};

const struct key schema_instrument_channel[] = {
	[CH_READ] = { .name = "read",
		.kind = KEY_POINT,
		.help = "where the device keeps it: options of the codec" },
	CHANNEL_ROWS,
	[INS_CH_WRITE] = { .name = "write",
		.kind = KEY_POINT,
		.help = "where the device takes it; nothing is written before the bench says so" },
	[INS_CH_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = HOUR,
		.help = "period of reading; the instrument's when left out" },
	[INS_CH_TYPE] = { .name = "type",
		.kind = KEY_CHOICE,
		.words = words_bool,
		.help = "bool: a number that is 0 or 1" },
	[INS_CH_TWIN] = { .name = "twin",
		.kind = KEY_MAP,
		.sub = schema_twin,
		.help = "how the simulated device behaves" },
	[INS_CH_CALC] = { .name = "calc",
		.kind = KEY_EXPR,
		.help = "an expression of other channels of the instrument, in place of read" },
	[INS_CH_BITS] = { .name = "bits",
		.kind = KEY_VALUES,
		.help = "names for bits of a whole number, each a channel of its own: {5: "
			"sensor_break}" },
	[INS_CH_BAD_IF] = { .name = "bad_if",
		.kind = KEY_EXPR,
		.help = "a condition under which the value is bad: status.sensor_break" },
	[INS_CH_INVALID] = { .name = "invalid",
		.kind = KEY_VALUES,
		.help = "raw values that are none, and what they mean: {32767: under_range, OFF: "
			"switched_off}" },
	[INS_CH_LIVE_ZERO] = { .name = "live_zero",
		.kind = KEY_NUMBER,
		.help = "a raw value below this means a broken wire" },
	[INS_CH_ONLY] = { .name = "only",
		.kind = KEY_ONLY,
		.help = "the channel exists for these values of the params of its instrument file, "
			"{model: [E1240, E1242]}, and with what the device says it is: "
			"{firmware: '>= 6.2'}" },
	[INS_CH_REFRESH] = { .name = "refresh",
		.kind = KEY_SPAN,
		.min = MS(100),
		.max = HOUR,
		.help = "the device falls back when it is not written again within this time" },
	[INS_CH_VERIFY] = { .name = "verify",
		.kind = KEY_MAP,
		.sub = schema_verify,
		.help = "what was written is read back, and may differ so much" },
	[INS_CH_MAX_WRITES] = { .name = "max_writes_per_hour",
		.kind = KEY_INT,
		.min = 1,
		.max = 36000,
		.help = "writes that its memory stands" },
	[INS_CH_CONFIRM] = { .name = "confirm",
		.kind = KEY_CONFIRM,
		.help = "who writes has to confirm it: yes, or what the write does that cannot be "
			"undone" },
	LATER("alarm", "limits that warn people"),
	END,
};

static const char *const words_hazard[] = { "heat", "fuel", "oxidant", "toxic", "pressure", "inert",
	NULL };
static const char *const words_fails[] = { "closed", "open", "stays", NULL };

static const char *const words_ramp_by[] = { "device", NULL };

const struct key schema_ramp[] = {
	[RAMP_MAX] = { .name = "max",
		.kind = KEY_QUANTITY,
		.is_needed = true,
		.help = "the most that it moves in a time: 20 K/min" },
	[RAMP_BY] = { .name = "by",
		.kind = KEY_CHOICE,
		.words = words_ramp_by,
		.help = "who makes the ramp: the controller when left out, or the device" },
	[RAMP_RATE] = { .name = "rate",
		.kind = KEY_REF,
		.help = "by device: the channel of the instrument that takes the rate" },
	[RAMP_AT_ONCE] = { .name = "at_once",
		.kind = KEY_QUANTITY,
		.help = "by device: the rate that means no ramp to it, which a safe state writes "
			"first" },
	[RAMP_WORKING] = { .name = "working",
		.kind = KEY_REF,
		.help = "by device: the channel of the instrument that shows where its ramp is; "
			"worked out when left out" },
	END,
};

const struct key schema_channel[] = {
	[CH_READ] = { .name = "read",
		.kind = KEY_READS,
		.help = "the channel that it follows: INSTRUMENT.CHANNEL, or another of the "
			"bench; with write: its end switches, {closed: daq.di0, open: daq.di1}" },
	CHANNEL_ROWS,
	[BENCH_CH_CALC] = { .name = "calc",
		.kind = KEY_EXPR,
		.help = "an expression of other channels, in place of read" },
	[BENCH_CH_WAS] = { .name = "was",
		.kind = KEY_WORD,
		.help = "its former name, after renaming" },
	[BENCH_CH_ALARM] = { .name = "alarm",
		.kind = KEY_MAP,
		.sub = schema_limits,
		.help = "limits that warn people: {high: 640 degC}" },
	[BENCH_CH_GAS] = { .name = "gas",
		.kind = KEY_MAP,
		.sub = schema_gas,
		.help = "another gas flows than the device counts in: {calibrated: N2, flowing: "
			"CO2, factor: 0.74}" },
	[BENCH_CH_CALIBRATION] = { .name = "calibration",
		.kind = KEY_MAP,
		.sub = schema_calibration,
		.help = "what is shown is calibrated; NAME.raw is what it was before" },
	[BENCH_CH_PATTERN] = { .name = "pattern",
		.kind = KEY_MAP,
		.sub = schema_pattern,
		.help = "several outputs of instruments as one, in place of read and write" },
	[BENCH_CH_PID] = { .name = "pid",
		.kind = KEY_MAP,
		.sub = schema_pid,
		.help = "in place of write: a control loop whose setpoint it is then: {output: "
			"heater, gain: 2 %/K, integral: 120 s}" },
	[BENCH_CH_WRITE] = { .name = "write",
		.kind = KEY_REF,
		.help = "the channel of an instrument that it moves: INSTRUMENT.CHANNEL; it is an "
			"output then" },
	[BENCH_CH_RAMP] = { .name = "ramp",
		.kind = KEY_RAMP,
		.sub = schema_ramp,
		.help = "with write: how fast it moves at most: 20 K/min" },
	[BENCH_CH_HAZARD] = { .name = "hazard",
		.kind = KEY_CHOICE,
		.words = words_hazard,
		.help = "with write: what it can do to people" },
	[BENCH_CH_FAILS] = { .name = "fails",
		.kind = KEY_CHOICE,
		.words = words_fails,
		.help = "with write: where the part goes without power or air" },
	[BENCH_CH_SHUTOFF] = { .name = "shutoff",
		.kind = KEY_REF,
		.help = "with write: the output that shuts this flow off" },
	[BENCH_CH_VALVE] = { .name = "valve",
		.kind = KEY_REF,
		.help = "with write: the flow controller's own override, which makes the output "
			"NAME.valve of auto, closed and open" },
	[BENCH_CH_REFRESH] = { .name = "refresh",
		.kind = KEY_SPAN,
		.min = MS(100),
		.max = HOUR,
		.help = "with write: it is written again after this time; the instrument's when "
			"left out" },
	[BENCH_CH_VERIFY] = { .name = "verify",
		.kind = KEY_SWITCH,
		.sub = schema_verify,
		.help = "with write: how it is read back, or no; as the instrument says when left "
			"out" },
	[BENCH_CH_MAX_WRITES] = { .name = "max_writes_per_hour",
		.kind = KEY_INT,
		.min = 1,
		.max = 36000,
		.help = "with write: writes that its memory stands; the instrument's when left "
			"out" },
	[BENCH_CH_CONFIRM] = { .name = "confirm",
		.kind = KEY_CONFIRM,
		.help = "with write: who sets it has to confirm it: yes, no, or the reason; the "
			"instrument's when left out" },
	[BENCH_CH_HOLDBACK] = { .name = "holdback",
		.kind = KEY_QUANTITY,
		.help = "with write: after an outage it comes back by its ramp when what is "
			"measured is farther away than this; left out: 20 K for heat" },
	END,
};

static const char *const words_rts[] = { "high", "low", NULL };

const struct key schema_rs485[] = {
	[RS485_KEY_RTS] = { .name = "rts",
		.kind = KEY_CHOICE,
		.words = words_rts,
		.def = "high",
		.help = "level of RTS while the port sends" },
	[RS485_KEY_BEFORE] = { .name = "before",
		.kind = KEY_SPAN,
		.min = 0,
		.max = MS(100),
		.def = "0 ms",
		.help = "time from RTS to the first bit" },
	[RS485_KEY_AFTER] = { .name = "after",
		.kind = KEY_SPAN,
		.min = 0,
		.max = MS(100),
		.def = "0 ms",
		.help = "time from the last bit to RTS" },
	[RS485_KEY_TERMINATE] = { .name = "terminate",
		.kind = KEY_BOOL,
		.def = "no",
		.help = "yes: switch on the port's own termination" },
	END,
};

const struct key schema_link[] = {
	[LINK_KEY_TCP] = { .name = "tcp",
		.kind = KEY_ADDRESS,
		.help = "\"host:port\" of the device or gateway" },
	[LINK_KEY_RTU] = { .name = "rtu",
		.kind = KEY_ADDRESS,
		.help = "\"host:port\" of a serial server behind which Modbus RTU is spoken" },
	[LINK_KEY_SERIAL] = { .name = "serial",
		.kind = KEY_TEXT,
		.help = "a serial port: a path (best one of /dev/serial/by-path), a path with * "
			"for "
			"several, or usb:SERIAL, the adapter's serial number" },
	[LINK_KEY_LINE] = { .name = "line",
		.kind = KEY_TEXT,
		.def = "19200 8E1",
		.help = "speed, bits, parity (N, E, O) and stop bits of a serial line" },
	[LINK_KEY_RS485] = { .name = "rs485",
		.kind = KEY_MAP,
		.sub = schema_rs485,
		.help = "the port's driver is switched by RTS; leave out for adapters that switch "
			"by "
			"themselves" },
	[LINK_KEY_ECHO] = { .name = "echo",
		.kind = KEY_BOOL,
		.def = "no",
		.help = "yes: the line gives back what is sent" },
	[LINK_KEY_SYSTEM] = { .name = "system",
		.kind = KEY_CHOICE,
		.words = words_local,
		.help = "this computer, for `use: system`" },
	[LINK_KEY_HELPER] = { .name = "helper",
		.kind = KEY_WORDS,
		.help = "a program that is started here and speaks lines, with its arguments: "
			"[PROGRAM, WORD, ...]" },
	[LINK_KEY_FOLDER] = { .name = "folder",
		.kind = KEY_TEXT,
		.help = "a folder of this computer, for `use: folder`: /sys/class/hwmon, or where "
			"another program puts its results" },
	[LINK_KEY_GPIO] = { .name = "gpio",
		.kind = KEY_TEXT,
		.help = "a GPIO chip of this computer, for `use: gpio`: /dev/gpiochip0, or the "
			"chip's label" },
	[LINK_KEY_UDP] = { .name = "udp",
		.kind = KEY_ADDRESS,
		.help = "\"host:port\" of a device that is asked in datagrams" },
	[LINK_KEY_LOCAL_PORT] = { .name = "local_port",
		.kind = KEY_INT,
		.min = 1,
		.max = 65535,
		.help = "of a link udp: the port here to which the device sends; any free one when "
			"left out" },
	[LINK_KEY_HID] = { .name = "hid",
		.kind = KEY_TEXT,
		.help = "a USB device that speaks in raw HID reports: its numbers as "
			"VENDOR:PRODUCT "
			"or VENDOR:PRODUCT:SERIAL (10cf:5500, see lsusb), or /dev/hidraw0" },
	[LINK_KEY_USBTMC] = { .name = "usbtmc",
		.kind = KEY_TEXT,
		.help = "a measuring instrument at a USB port (USB-TMC): VENDOR:PRODUCT or "
			"VENDOR:PRODUCT:SERIAL (2a8d:0101, see lsusb), or /dev/usbtmc0" },
	[LINK_KEY_CONNECT_TIMEOUT] = { .name = "connect_timeout",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = S(60),
		.def = "3 s",
		.help = "how long opening the connection may take" },
	[LINK_KEY_GAP] = { .name = "gap",
		.kind = KEY_SPAN,
		.min = 0,
		.max = S(10),
		.def = "0 ms",
		.help = "least time between an answer and the next request" },
	[LINK_KEY_LATE_MAX] = { .name = "late_max",
		.kind = KEY_SPAN,
		.min = 0,
		.max = S(60),
		.def = "0 ms",
		.help = "how late after its timeout an answer may still come; 0 ms: twice the "
			"timeout" },
	[LINK_KEY_PROBE_MAX] = { .name = "probe_max",
		.kind = KEY_SPAN,
		.min = S(2),
		.max = S(300),
		.def = "30 s",
		.help = "longest time between two questions to an instrument that is silent" },
	[LINK_KEY_PIPELINE] = { .name = "pipeline",
		.kind = KEY_TEXT,
		.def = "auto",
		.help = "questions under way at one time: auto (found out by trying), no, or 2 to "
			"16; "
			"Modbus TCP only" },
	LATER("gpib", "a GPIB bus"),
	LATER("http", "an HTTP device"),
	END,
};

static const char *const words_otherwise[] = { "refuse", "warn", NULL };

const struct key schema_identify[] = {
	[IDENTIFY_KEY_IS] = { .name = "is",
		.kind = KEY_TEXT,
		.help = "a part of what the device says it is; with read: the number that is "
			"there" },
	[IDENTIFY_KEY_READ] = { .name = "read",
		.kind = KEY_POINT,
		.help = "where the device keeps a number that tells it from others" },
	[IDENTIFY_KEY_OTHERWISE] = { .name = "otherwise",
		.kind = KEY_CHOICE,
		.words = words_otherwise,
		.def = "refuse",
		.help = "what becomes of another device: refuse, or warn: it is used all the "
			"same, and that is told" },
	END,
};

/* Beside these stand the options of the codec for a place that is written. */
const struct key schema_preset[] = {
	[PRESET_VALUE] = { .name = "value",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "what is written there, as the device takes it: a number, yes or no, or a "
			"text" },
	END,
};

static const char *const words_if_given[] = { "password", NULL };

#define MESSAGE_ROWS                                                                               \
	[MSG_SEND] = { .name = "send",                                                             \
		.kind = KEY_TEXT,                                                                  \
		.help = "format of what is sent; left out: nothing, it is only listened" },        \
	[MSG_RECEIVE] = { .name = "receive",                                                       \
		.kind = KEY_TEXT,                                                                  \
		.help = "format of what comes back; left out: nothing does" },                     \
	[MSG_LENGTH] = { .name = "length",                                                         \
		.kind = KEY_INT,                                                                   \
		.min = 1,                                                                          \
		.max = 4096,                                                                       \
		.help = "bytes of the answer, where nothing else tells its end" },                 \
	[MSG_LINES] = { .name = "lines",                                                           \
		.kind = KEY_INT,                                                                   \
		.min = 1,                                                                          \
		.max = 100,                                                                        \
		.def = "1",                                                                        \
		.help = "how many ends the answer has" },                                          \
	[MSG_TIMEOUT] = { .name = "timeout",                                                       \
		.kind = KEY_SPAN,                                                                  \
		.min = MS(10),                                                                     \
		.max = S(60),                                                                      \
		.help = "how long the answer may take; the instrument's when left out" },          \
	[MSG_OTHERWISE] = { .name = "otherwise",                                                   \
		.kind = KEY_VALUES,                                                                \
		.help = "what it sends of channels beside the one that is written, as long as "    \
			"nobody knows what they hold: {da1: 0}" },                                 \
	[MSG_IF_GIVEN] = { .name = "if_given",                                                     \
		.kind = KEY_CHOICE,                                                                \
		.words = words_if_given,                                                           \
		.help = "in init: password: only an instrument that has one is told this" }

const struct key schema_message[] = { MESSAGE_ROWS, END };

/* One of a row. */
const struct key schema_step[] = {
	MESSAGE_ROWS,
	[STEP_ASK] = { .name = "ask",
		.kind = KEY_WORD,
		.help = "a message of messages:, in place of send and receive" },
	[STEP_UNTIL] = { .name = "until",
		.kind = KEY_VALUES,
		.help = "it is asked again until this value of its answer is so: {position: 3}; "
			"value: what the write carries" },
	[STEP_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = S(60),
		.def = "200 ms",
		.help = "with until: how long after each answer" },
	[STEP_WITHIN] = { .name = "within",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = S(3600),
		.help = "with until: how long it may take; then the exchange has failed" },
	[STEP_WAIT] = { .name = "wait",
		.kind = KEY_SPAN,
		.min = MS(1),
		.max = S(60),
		.help = "alone: the next one goes so much later" },
	END,
};

const struct key schema_message_read[] = {
	MESSAGE_ROWS,
	[MSG_READ_ASK] = { .name = "ask",
		.kind = KEY_WORD,
		.help = "a message of messages: or events:, in place of send and receive" },
	[MSG_READ_FIELD] = { .name = "field",
		.kind = KEY_WORD,
		.help = "which value of its answer; the one with the channel's name when left out, "
			"or the only one" },
	[MSG_READ_BIT] = { .name = "bit",
		.kind = KEY_INT,
		.min = 0,
		.max = 63,
		.help = "one bit of a whole number" },
	END,
};

static const char *const words_error[] = { "refused", "failed", "busy", "restarted", "sensor",
	NULL };

const struct key schema_error[] = {
	[ERROR_RECEIVE] = { .name = "receive",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "format of an answer that says no; a value named code is its number" },
	[ERROR_IS] = { .name = "is",
		.kind = KEY_CHOICE,
		.words = words_error,
		.def = "refused",
		.help = "what follows: refused, failed (the device), busy (asked again), restarted "
			"(prepared and asked again), sensor" },
	[ERROR_MEANS] = { .name = "means",
		.kind = KEY_VALUES,
		.help = "what it says, or a text for each code: {160: unknown command}" },
	END,
};

const struct key schema_instrument[] = {
	[INS_USE] = { .name = "use",
		.kind = KEY_WORD,
		.is_needed = true,
		.help = "the codec that talks to it, or an instrument file" },
	[INS_LINK] = { .name = "link", .kind = KEY_WORD, .help = "the link that it hangs on" },
	[INS_TITLE] = { .name = "title",
		.kind = KEY_TEXTS,
		.help = "what people see beside its name" },
	[INS_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = HOUR,
		.def = "1 s",
		.help = "period of reading" },
	[INS_TIMEOUT] = { .name = "timeout",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = S(60),
		.def = "1 s",
		.help = "how long one answer may take" },
	[INS_RETRIES] = { .name = "retries",
		.kind = KEY_INT,
		.min = 0,
		.max = 5,
		.def = "1",
		.help = "further tries before it counts as silent" },
	[INS_IDENTIFY] = { .name = "identify",
		.kind = KEY_MAP,
		.sub = schema_identify,
		.help = "what it must say or hold before anything else is asked of it" },
	[INS_CHANNELS] = { .name = "channels",
		.kind = KEY_NAMES,
		.sub = schema_instrument_channel,
		.help = "what it measures" },
	[INS_TWIN] = { .name = "twin",
		.kind = KEY_NAMES,
		.sub = schema_twin,
		.help = "how its simulation behaves, by channel" },
	[INS_WATCHDOG] = { .name = "watchdog",
		.kind = KEY_MAP,
		.sub = schema_device_watchdog,
		.help = "the watchdog inside the device: what has to stand where, and what its "
			"outputs are in its own safe mode" },
	[INS_UPTIME] = { .name = "uptime",
		.kind = KEY_WORD,
		.help = "the channel that tells for how long it runs: it lost power when that "
			"falls" },
	[INS_COMMANDS] = { .name = "commands",
		.kind = KEY_NAMES,
		.sub = schema_command,
		.help = "what sequences can have it do: inject, start" },
	[INS_MESSAGES] = { .name = "messages",
		.kind = KEY_NAMES,
		.sub = schema_message,
		.help = "with use: text, what is asked of it, by name" },
	[INS_INIT] = { .name = "init",
		.kind = KEY_MESSAGES,
		.sub = schema_message,
		.help = "what prepares it, on each new connection and after it was silent: "
			"messages, or places and what is written there: [{holding: 46, value: "
			"1}]" },
	[INS_IDENTITY] = { .name = "identity",
		.kind = KEY_MESSAGE,
		.sub = schema_message,
		.help = "the message that asks what it is; a value named identity is its name" },
	[INS_EVENTS] = { .name = "events",
		.kind = KEY_NAMES,
		.sub = schema_message,
		.help = "what it says without being asked" },
	[INS_ERRORS] = { .name = "errors",
		.kind = KEY_MAPS,
		.sub = schema_error,
		.help = "answers that say no" },
	END,
};

static const char *const words_param[] = { "int", "number", "text", "choice", "secret", NULL };
static const char *const words_confidence[] = { "high", "medium", "low", NULL };

const struct key schema_param[] = {
	[PARAM_TYPE] = { .name = "type",
		.kind = KEY_CHOICE,
		.words = words_param,
		.is_needed = true,
		.help = "int, number, text, choice, or secret: a password or key" },
	[PARAM_RANGE] = { .name = "range", .kind = KEY_RANGE, .help = "of an int or number" },
	[PARAM_WORDS] = { .name = "words",
		.kind = KEY_BRINGS,
		.help = "of a choice; each may bring further params along: {voltage: {low: 0, "
			"high: 10}}" },
	[PARAM_DEFAULT] = { .name = "default",
		.kind = KEY_TEXT,
		.help = "its value when the bench does not give one; left out: the bench has to; "
			"of a "
			"secret only none" },
	[PARAM_TITLE] = { .name = "title", .kind = KEY_TEXTS, .help = "what it is" },
	END,
};

const struct key schema_file_line[] = {
	[FILE_LINE_SERIAL] = { .name = "serial",
		.kind = KEY_TEXT,
		.help = "how a serial line is set unless the link says otherwise: 9600 8N1" },
	[FILE_LINE_TCP] = { .name = "tcp",
		.kind = KEY_INT,
		.min = 1,
		.max = 65535,
		.help = "its usual port" },
	[FILE_LINE_UDP] = { .name = "udp",
		.kind = KEY_INT,
		.min = 1,
		.max = 65535,
		.help = "its usual port for datagrams" },
	[FILE_LINE_TIMEOUT] = { .name = "timeout",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = S(60),
		.help = "how long one answer may take" },
	[FILE_LINE_GAP] = { .name = "gap",
		.kind = KEY_SPAN,
		.min = 0,
		.max = S(10),
		.help = "least time between an answer and the next request" },
	[FILE_LINE_ECHO] = { .name = "echo",
		.kind = KEY_BOOL,
		.help = "yes: it gives back what is sent" },
	END,
};

const struct key schema_exchange[] = {
	[EXCHANGE_SEND] = { .name = "send",
		.kind = KEY_TEXT,
		.help = "bytes of the question: hexadecimal (01 03 00 01), or a text with <0D> for "
			"what cannot be printed; a list for several steps; without it, receive is "
			"what it says unasked" },
	[EXCHANGE_RECEIVE] = { .name = "receive", .kind = KEY_TEXT, .help = "bytes of the answer" },
	[EXCHANGE_EXPECT] = { .name = "expect",
		.kind = KEY_VALUES,
		.help = "values that follow: {pv: 25.0}; bad: of a value that has to be bad" },
	[EXCHANGE_SET] = { .name = "set",
		.kind = KEY_VALUES,
		.help = "the value that is written: {sp: 100}" },
	[EXCHANGE_REFUSED] = { .name = "refused",
		.kind = KEY_INT,
		.min = 0,
		.max = 65535,
		.help = "the device's code when it says no" },
	[EXCHANGE_WITH] = { .name = "with", .kind = KEY_VALUES, .help = "params of this exchange" },
	[EXCHANGE_NAME] = { .name = "name", .kind = KEY_TEXT, .help = "what it shows" },
	END,
};

/* Behind these rows an instrument file has the keys of an instrument. */
const struct key schema_file[] = {
	[FILE_INSTRUMENT] = { .name = "instrument",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "its name, that of the file without .yaml" },
	[FILE_TITLE] = { .name = "title",
		.kind = KEY_TEXTS,
		.is_needed = true,
		.help = "what people see: {en: TEXT, fr: TEXT}" },
	[FILE_MAKER] = { .name = "maker", .kind = KEY_TEXT, .help = "who makes it" },
	[FILE_MODELS] = { .name = "models", .kind = KEY_WORDS, .help = "models that it is for" },
	[FILE_QUANTITIES] = { .name = "quantities",
		.kind = KEY_WORDS,
		.help = "what it measures or moves, for the index: temperature, flow" },
	[FILE_VERSION] = { .name = "version",
		.kind = KEY_INT,
		.min = 1,
		.max = 9999,
		.def = "1",
		.help = "of this file" },
	[FILE_LICENCE] = { .name = "licence",
		.kind = KEY_TEXT,
		.def = "MIT",
		.help = "of this file" },
	[FILE_CONFIDENCE] = { .name = "confidence",
		.kind = KEY_CHOICE,
		.words = words_confidence,
		.is_needed = true,
		.help = "how sure its facts are" },
	[FILE_SOURCES] = { .name = "sources", .kind = KEY_WORDS, .help = "where they come from" },
	[FILE_NOTES] = { .name = "notes", .kind = KEY_TEXT, .help = "what its user has to know" },
	[FILE_UNPROVEN] = { .name = "unproven",
		.kind = KEY_TEXT,
		.help = "why no exchange shows it, where none does" },
	[FILE_PROTOCOL] = { .name = "protocol",
		.kind = KEY_WORD,
		.is_needed = true,
		.help = "the codec that talks to it" },
	[FILE_LINE] = { .name = "line",
		.kind = KEY_MAP,
		.sub = schema_file_line,
		.help = "how its wire is set" },
	[FILE_PARAMS] = { .name = "params",
		.kind = KEY_NAMES,
		.sub = schema_param,
		.help = "what differs from one of its kind to the next; ${NAME} stands for the "
			"value" },
	[FILE_EXCHANGES] = { .name = "exchanges",
		.kind = KEY_MAPS,
		.sub = schema_exchange,
		.help = "questions and answers that prove the file; mbc check compares them" },
	END,
};

/* In the order of the bits of enum image_commands. */
const char *const schema_commands[] = { "set", "mode", "safe", "ack", "shelve", "sequence", NULL };

const struct key schema_tls[] = {
	[TLS_CERT] = { .name = "cert",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "file of the certificate and those between it and its root, as PEM" },
	[TLS_KEY] = { .name = "key",
		.kind = KEY_TEXT,
		.help = "file of its private key, as PEM; left out: it stands in the file of the "
			"certificate" },
	END,
};

const struct key schema_public[] = {
	[PUBLIC_LISTEN] = { .name = "listen",
		.kind = KEY_ADDRESS,
		.def = "127.0.0.1:8090",
		.help = "where it listens: a loopback address, or any one with tls" },
	[PUBLIC_TLS] = { .name = "tls",
		.kind = KEY_WORD_OR,
		.words = words_own,
		.sub = schema_tls,
		.help = "its encryption: own, with another certificate that mbc makes, or files" },
	[PUBLIC_CHANNELS] = { .name = "channels",
		.kind = KEY_REFS,
		.is_needed = true,
		.help = "names and patterns (* and ?) of the channels that it shows; a pattern "
			"without a dot fits names of the bench alone" },
	[PUBLIC_TITLE] = { .name = "title",
		.kind = KEY_TEXT,
		.help = "of the bench, there; left out: as on the operators' page" },
	[PUBLIC_LINKS] = { .name = "links",
		.kind = KEY_CHOICE,
		.words = words_required,
		.help = "required: only who has a link of `mbc link` sees anything" },
	END,
};

const struct key schema_serve[] = {
	[SERVE_LISTEN] = { .name = "listen",
		.kind = KEY_ADDRESS,
		.def = "127.0.0.1:8080",
		.help = "where the data server listens: a loopback address, or any one with tls; "
			"port 0 takes any free one" },
	[SERVE_TLS] = { .name = "tls",
		.kind = KEY_WORD_OR,
		.words = words_own,
		.sub = schema_tls,
		.help = "encryption: own, with a certificate that mbc makes, or files" },
	[SERVE_COMMANDS] = { .name = "commands",
		.kind = KEY_SOME_OF,
		.words = schema_commands,
		.def = "[]",
		.help = "what programs with a token may ask over HTTP" },
	[SERVE_PUBLIC] = { .name = "public",
		.kind = KEY_MAP,
		.sub = schema_public,
		.help = "a second server, which shows chosen channels and has nothing else" },
	[SERVE_JSON] = { .name = "json",
		.kind = KEY_BOOL,
		.def = "yes",
		.help = "no: neither server has the flat page /json" },
	[SERVE_XML] = { .name = "xml",
		.kind = KEY_BOOL,
		.def = "yes",
		.help = "no: neither server has the flat page /xml" },
	END,
};

const struct key schema_influx[] = {
	[INFLUX_URL] = { .name = "url",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "of the InfluxDB: http://influx.lab:8086" },
	[INFLUX_VERSION] = { .name = "version",
		.kind = KEY_INT,
		.min = 1,
		.max = 2,
		.def = "1",
		.help = "1, with a database; 2, with an org, a bucket and a token" },
	[INFLUX_DATABASE] = { .name = "database",
		.kind = KEY_TEXT,
		.help = "version 1: the data base, which is there" },
	[INFLUX_USER] = { .name = "user",
		.kind = KEY_TEXT,
		.help = "version 1: who writes; left out: no name is said" },
	[INFLUX_PASSWORD] = { .name = "password",
		.kind = KEY_SECRET,
		.help = "version 1: of that user" },
	[INFLUX_ORG] = { .name = "org", .kind = KEY_TEXT, .help = "version 2: the organization" },
	[INFLUX_BUCKET] = { .name = "bucket",
		.kind = KEY_TEXT,
		.help = "version 2: the bucket, which is there" },
	[INFLUX_TOKEN] = { .name = "token",
		.kind = KEY_SECRET,
		.help = "version 2: a token that may write to the bucket" },
	[INFLUX_CA] = { .name = "ca",
		.kind = KEY_TEXT,
		.help = "with https: a file of the certificates that are trusted; left out: those "
			"of the system" },
	END,
};

const struct key schema_history[] = {
	[HISTORY_KEEP] = { .name = "keep",
		.kind = KEY_TEXT,
		.max = 100 * 366 * 24 * HOUR,
		.def = "forever",
		.help = "files older than this are removed: 365 d, or forever" },
	[HISTORY_SIZE] = { .name = "size",
		.kind = KEY_TEXT,
		.help = "bytes of all files, such as 20 GB: the oldest are removed before there "
			"are more" },
	[HISTORY_LEAVE_FREE] = { .name = "leave_free",
		.kind = KEY_TEXT,
		.def = "200 MB",
		.help = "room on the disk that recording leaves to others; with less it waits" },
	[HISTORY_COMMIT] = { .name = "commit",
		.kind = KEY_SPAN,
		.min = MS(100),
		.max = 30 * 1000 * MS(1),
		.def = "1 s",
		.help = "what came is on the disk after this; longer spares flash memory" },
	[HISTORY_RESOLUTION] = { .name = "resolution",
		.kind = KEY_SPAN,
		.min = 1,
		.max = MS(1000),
		.def = "1 ms",
		.help = "times are cut to it, which halves the size; 1 ns keeps them as they are" },
	[HISTORY_POSTGRES] = { .name = "postgres",
		.kind = KEY_MAP,
		.sub = schema_postgres,
		.help = "a PostgreSQL data base that everything is carried to as well" },
	[HISTORY_INFLUX] = { .name = "influx",
		.kind = KEY_MAP,
		.sub = schema_influx,
		.help = "an InfluxDB to which all of it is written as well" },
	[HISTORY_TIERS] = { .name = "tiers",
		.kind = KEY_MAPS,
		.sub = schema_tier,
		.help = "what becomes coarser when it is older: [{after: 90 d, every: 1 min}]; "
			"left out: nothing ever does" },
	END,
};

const struct key schema_tier[] = {
	[TIER_AFTER] = { .name = "after",
		.kind = KEY_SPAN,
		.is_needed = true,
		.min = 24 * HOUR,
		.max = 100 * 366 * 24 * HOUR,
		.help = "files whose last value is older" },
	[TIER_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.is_needed = true,
		.min = MS(1000),
		.max = 24 * HOUR,
		.help = "of the good values of such an interval what they amount to is left; goes "
			"into a day: 10 s, 1 min, 1 h" },
	END,
};

static const char *const postgres_tls[] = { "off", "require", "verify-full", NULL };
static const char *const postgres_partitions[] = { "day", "week", "month", NULL };

const struct key schema_postgres[] = {
	[POSTGRES_SERVER] = { .name = "server",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "host:port, or the folder of its socket: /run/postgresql" },
	[POSTGRES_DATABASE] = { .name = "database",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "name of the data base there" },
	[POSTGRES_USER] = { .name = "user",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "as whom; this user makes the tables" },
	[POSTGRES_PASSWORD] = { .name = "password",
		.kind = KEY_SECRET,
		.help = "of that user: {secret: NAME}" },
	[POSTGRES_SCHEMA] = { .name = "schema",
		.kind = KEY_TEXT,
		.def = "mbc",
		.help = "where the tables are; several benches may share one" },
	[POSTGRES_TLS] = { .name = "tls",
		.kind = KEY_CHOICE,
		.words = postgres_tls,
		.help = "off, require, verify-full; left out: require, but to this computer where "
			"the server offers it" },
	[POSTGRES_CA] = { .name = "ca",
		.kind = KEY_TEXT,
		.help = "file with the certificate that signed the server's; left out: those of "
			"this "
			"computer" },
	[POSTGRES_PARTITIONS] = { .name = "partitions",
		.kind = KEY_CHOICE,
		.words = postgres_partitions,
		.def = "month",
		.help = "day, week, month: what a part of the table holds; the first bench says it "
			"for all" },
	[POSTGRES_KEEP] = { .name = "keep",
		.kind = KEY_TEXT,
		.max = 100 * 366 * 24 * HOUR,
		.def = "forever",
		.help = "parts of the table older than this are removed, of all benches in it" },
	END,
};

const struct key schema_record[] = {
	[RECORD_KEY_EVERY] = { .name = "every",
		.kind = KEY_BOOL,
		.def = "no",
		.help = "each acquisition is recorded, also of the same value" },
	[RECORD_KEY_DEADBAND] = { .name = "deadband",
		.kind = KEY_QUANTITY,
		.def = "0",
		.help = "a value no farther from the last one recorded is not recorded, for a "
			"minute" },
	[RECORD_KEY_MIN_INTERVAL] = { .name = "min_interval",
		.kind = KEY_SPAN,
		.min = MS(1),
		.max = HOUR,
		.help = "at most one value in this time, the last one; a change of quality "
			"always" },
	[RECORD_KEY_KEEP] = { .name = "keep",
		.kind = KEY_TEXT,
		.max = 100 * 366 * 24 * HOUR,
		.help = "its values older than this are removed: 30 d; left out: as the bench's" },
	END,
};

const struct key schema_field[] = {
	[FIELD_TITLE] = { .name = "title",
		.kind = KEY_TEXTS,
		.help = "what people see beside its name: a text, or {en: TEXT, fr: TEXT}" },
	[FIELD_NEEDED] = { .name = "needed",
		.kind = KEY_BOOL,
		.def = "no",
		.help = "no run begins without it" },
	END,
};

const struct key schema_contact[] = {
	[CONTACT_NAME] = { .name = "name",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "a person, or a place: Anna Martin" },
	[CONTACT_PHONE] = { .name = "phone",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "digits, spaces, + - ( ), in quotes: \"+33 1 23 45 67 89\"" },
	[CONTACT_ROLE] = { .name = "role",
		.kind = KEY_TEXT,
		.help = "what to call them for: responsible, deputy, emergency" },
	END,
};

const struct key schema_before[] = {
	[BEFORE_OVER] = { .name = "over",
		.kind = KEY_SPAN,
		.is_needed = true,
		.min = S(1),
		.max = 24 * HOUR,
		.help = "the time before each injection: 5 min" },
	[BEFORE_CHANNELS] = { .name = "channels",
		.kind = KEY_REFS,
		.is_needed = true,
		.help = "whose mean and spread stand beside each injection: one, or a list" },
	END,
};

const struct key schema_runs[] = {
	[RUNS_FIELDS] = { .name = "fields",
		.kind = KEY_NAMES,
		.sub = schema_field,
		.help = "what is written down about a run: sample, operator" },
	[RUNS_FREE] = { .name = "free",
		.kind = KEY_BOOL,
		.help = "a run may have other fields, too; left out: when 'fields' names none" },
	[RUNS_COPY_TO] = { .name = "copy_to",
		.kind = KEY_TEXT,
		.help = "a folder, on a share perhaps: each run that has ended is copied into it: "
			"/mnt/share/runs" },
	[RUNS_BEFORE] = { .name = "before_injection",
		.kind = KEY_MAP,
		.sub = schema_before,
		.help = "mean and spread of channels over the minutes before each injection" },
	END,
};

const struct key schema_watchdog[] = {
	[WATCHDOG_DEVICE] = { .name = "device",
		.kind = KEY_TEXT,
		.def = "/dev/watchdog",
		.help = "the device that restarts this computer when it is not fed" },
	[WATCHDOG_TIMEOUT] = { .name = "timeout",
		.kind = KEY_SPAN,
		.min = S(2),
		.max = S(600),
		.def = "10 s",
		.help = "after which time without food it does; it is fed at a third of that" },
	END,
};

#define SAFE_ROWS                                                                                  \
	[SAFE_LINE_SET] = { .name = "set",                                                         \
		.kind = KEY_REFS,                                                                  \
		.is_needed = true,                                                                 \
		.help = "the output that is set, or a list of them" },                             \
	[SAFE_LINE_TO] = { .name = "to",                                                           \
		.kind = KEY_QUANTITY,                                                              \
		.is_needed = true,                                                                 \
		.help = "its safe value: a quantity in its unit, or one of its choices, on or "    \
			"off" }

const struct key schema_safe_else[] = { SAFE_ROWS, END };

const struct key schema_safe_line[] = {
	SAFE_ROWS,
	[SAFE_LINE_WITHIN] = { .name = "within",
		.kind = KEY_SPAN,
		.min = MS(100),
		.max = HOUR,
		.def = "2 s",
		.help = "time until it is read back; then it counts as not confirmed" },
	[SAFE_LINE_AFTER] = { .name = "after",
		.kind = KEY_REF,
		.help = "an output of an earlier row, which has to be settled first" },
	[SAFE_LINE_ELSE] = { .name = "else",
		.kind = KEY_MAP,
		.sub = schema_safe_else,
		.help = "what is done when it is not confirmed in time" },
	[SAFE_LINE_RAMP] = { .name = "ramp",
		.kind = KEY_QUANTITY,
		.help = "of an output whose ramp its device makes: it goes there so fast, and not "
			"at once" },
	END,
};

const struct key schema_safe_state[] = {
	[SAFE_TITLE] = { .name = "title",
		.kind = KEY_TEXTS,
		.help = "what people see beside its name: a text, or {en: TEXT, fr: TEXT}" },
	[SAFE_ORDER] = { .name = "order",
		.kind = KEY_MAPS,
		.sub = schema_safe_line,
		.is_needed = true,
		.help = "what is set, in this order" },
	END,
};

static const char *const words_language[] = { "en", "fr", NULL };
static const char *const words_mode[] = { "control", "observe", NULL };

const struct key schema_top[] = {
	[TOP_BENCH] = { .name = "bench",
		.kind = KEY_WORD,
		.is_needed = true,
		.help = "the name of the bench: letters, digits, '_' and '-'" },
	[TOP_TITLE] = { .name = "title",
		.kind = KEY_TEXT,
		.help = "what people see beside its name" },
	[TOP_LANGUAGE] = { .name = "language",
		.kind = KEY_CHOICE,
		.words = words_language,
		.def = "en",
		.help = "of titles that instrument files have in several" },
	[TOP_TICK] = { .name = "tick",
		.kind = KEY_SPAN,
		.min = MS(10),
		.max = S(1),
		.def = "100 ms",
		.help = "period of the controller" },
	[TOP_LINKS] = { .name = "links",
		.kind = KEY_NAMES,
		.sub = schema_link,
		.help = "the wires: connections that instruments share" },
	[TOP_INSTRUMENTS] = { .name = "instruments",
		.kind = KEY_NAMES,
		.sub = schema_instrument,
		.help = "the devices" },
	[TOP_CHANNELS] = { .name = "channels",
		.kind = KEY_NAMES,
		.sub = schema_channel,
		.help = "the bench's own names, limits and derived values" },
	[TOP_SERVE] = { .name = "serve",
		.kind = KEY_SWITCH,
		.sub = schema_serve,
		.help = "the data server: no, or where it listens" },
	[TOP_WATCHDOG] = { .name = "watchdog",
		.kind = KEY_SWITCH,
		.sub = schema_watchdog,
		.def = "no",
		.help = "the hardware watchdog, fed only while the controller ticks" },
	[TOP_REALTIME] = { .name = "realtime",
		.kind = KEY_BOOL,
		.def = "no",
		.help = "the controller runs in a real-time class and keeps its memory in place" },
	[TOP_HISTORY] = { .name = "history",
		.kind = KEY_SWITCH,
		.sub = schema_history,
		.def = "yes",
		.help = "what is recorded of the bench, and how long it is kept" },
	[TOP_RECORD] = { .name = "record",
		.kind = KEY_MAP,
		.sub = schema_runs,
		.help = "what 'mbc record start' asks about a run" },
	[TOP_SAFE_STATES] = { .name = "safe_states",
		.kind = KEY_NAMES,
		.sub = schema_safe_state,
		.help = "what safe means for this bench, by name" },
	[TOP_ON_STOP] = { .name = "on_stop",
		.kind = KEY_WORD,
		.help = "the safe state at the end; the only one when left out" },
	[TOP_SYNOPTIC] = { .name = "synoptic",
		.kind = KEY_TEXT,
		.help = "a drawing of the laboratory for the page: an SVG file beside this one" },
	[TOP_MODE] = { .name = "mode",
		.kind = KEY_CHOICE,
		.words = words_mode,
		.def = "control",
		.help = "control, or observe: nothing is ever written to any device" },
	[TOP_RESTORE] = { .name = "restore",
		.kind = KEY_REFS,
		.help = "outputs in the order in which they come back after a restart" },
	[TOP_TRIPS] = { .name = "trips",
		.kind = KEY_NAMES,
		.sub = schema_trip,
		.help = "conditions that bring the bench to a safe state" },
	[TOP_INTERLOCKS] = { .name = "interlocks",
		.kind = KEY_NAMES,
		.sub = schema_interlock,
		.help = "combinations that are never allowed" },
	[TOP_ALARMS] = { .name = "alarms",
		.kind = KEY_NAMES,
		.sub = schema_alarm,
		.help = "conditions that warn people" },
	[TOP_RULES] = { .name = "rules",
		.kind = KEY_NAMES,
		.sub = schema_rule,
		.help = "what happens once a condition has become true" },
	[TOP_HEARTBEAT] = { .name = "heartbeat",
		.kind = KEY_MAP,
		.sub = schema_heartbeat,
		.help = "a sign of life for a relay that cuts heater and fuel without it" },
	[TOP_POWER] = { .name = "power",
		.kind = KEY_MAP,
		.sub = schema_power,
		.help = "what tells that mains is lost: {mains: ups.online, low: ups.low}" },
	[TOP_POWER_LOSS] = { .name = "power_loss",
		.kind = KEY_MAPS,
		.sub = schema_power_row,
		.help = "what happens after an outage: rows, of which the first that holds is "
			"taken" },
	[TOP_LOCAL_LOCK] = { .name = "local_lock",
		.kind = KEY_LOCK,
		.sub = schema_lock,
		.help = "a switch that locks commands from elsewhere, except towards safe: "
			"daq.di3, or {channel: daq.di3, locked: off}" },
	[TOP_SEQUENCES] = { .name = "sequences",
		.kind = KEY_TEXT,
		.help = "the folder of the bench's sequences (*.seq), as seen from this file" },
	[TOP_NOTIFY] = { .name = "notify",
		.kind = KEY_NAMES,
		.sub = schema_receiver,
		.help = "people to tell, by name: persons, groups, chains, duties" },
	[TOP_ALERT] = { .name = "alert",
		.kind = KEY_MAP,
		.sub = schema_alert,
		.help = "whom to tell of what, and through which servers" },
	[TOP_CONTACTS] = { .name = "contacts",
		.kind = KEY_MAPS,
		.sub = schema_contact,
		.help = "whom people call, on the card for the door and the Help page: at most 10 "
			"rows" },
	LATER("share", "channels for other systems"),
	END,
};
