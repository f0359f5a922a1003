/* board.h - the picture of the bench in shared memory, and the tape of its changes
 *
 * One writer (`control`), any number of readers that have mapped it read-only. The memory is given by the caller:
 * src/io/seal.h makes and seals it, a test takes an array. No pointers inside, only offsets.
 *
 *	header | instrument descriptions | channel descriptions | choices | strings      written once
 *	       | heart | instrument states | slots | texts | traces | tape               written while it runs
 *
 * A slot is read under a sequence lock: at most BOARD_TRIES tries, then UNREADABLE. So a writer killed inside a slot
 * harms no reader. All shared words are relaxed C11 atomics between the lock's fences.
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include "base/err.h"
#include "model/image.h"
#include "msg/event.h"
#include "msg/quality.h"
#include "msg/value.h"

#define BOARD_LAYOUT 5
#define BOARD_TRIES 100
#define BOARD_TRACE_BYTES 264 /* bytes of a frame that are kept; Modbus TCP has at most 260 */
#define BOARD_HISTOGRAM                                                                            \
	24 /* reply times: bucket i counts those below 2^i * 16 us, the last one all longer ones */

struct board; /* the memory itself */

/* ---- descriptions, written once ------------------------------------------------------------------------------- */

struct board_channel {
	uint32_t id;
	uint8_t type; /* enum value_type */
	uint8_t has_range;
	uint8_t writable;
	uint8_t source_kind;        /* enum channel_source */
	uint32_t name, title, unit; /* offsets into the board's strings */
	uint32_t instrument;        /* index, IMAGE_NONE: none */
	uint32_t first_choice, n_choices;
	uint32_t text_cell;     /* VALUE_TEXT: its cell */
	uint32_t confirm;       /* a string: why; empty: not told */
	uint32_t needs_confirm; /* who writes has to confirm it */
	double min, max;
	int64_t stale_ns;
	/* what goes into the history: as in struct image_channel */
	uint8_t record, spare[7];
	double deadband;
	int64_t min_interval_ns, keep_ns;
	/* What stands between the device and this channel: as in struct image_gas and image_calibration; strings. */
	double gas_factor; /* 0: no other gas */
	uint32_t gas_calibrated, gas_flowing, gas_reference;
	uint32_t raw; /* channel that it is calibrated from; IMAGE_NONE: it is not */
	uint32_t calibration_date, calibration_due, calibration_certificate;
	uint32_t
		valve; /* channel: the override of this flow, or its isolating valve; IMAGE_NONE: it has neither */
};

struct board_instrument {
	uint32_t id;
	uint32_t name, title, codec, address; /* strings; address: "tcp 127.0.0.1:502 unit 1" */
	uint32_t n_channels;
};

struct board_info {
	const char *bench, *title;
	uint32_t n_channels, n_instruments;
	uint32_t generation; /* 1, 2, ... of this run of `supervise` */
	uint64_t config_hash;
	int64_t tick_ns;
	int64_t made_ns; /* CLOCK_BOOTTIME when it was made */
	char boot_id[40];
	bool is_recorded; /* the bench has a history */
};

/* ---- what changes ---------------------------------------------------------------------------------------------- */

struct board_heart {
	uint64_t tick;         /* even: a consistent picture; odd: being written */
	int64_t stamp_ns;      /* CLOCK_BOOTTIME of the last tick */
	int64_t wall_ns;       /* CLOCK_REALTIME - CLOCK_BOOTTIME at the last tick */
	uint64_t lost;         /* ticks lost since the start */
	uint32_t wall_is_good; /* the clock is synchronised */
};

enum instrument_state { INSTRUMENT_STARTING, INSTRUMENT_UP, INSTRUMENT_DOWN };

struct board_state {
	uint32_t state; /* enum instrument_state */
	uint32_t
		reason; /* enum quality: why it is down; up: WRONG_DEVICE, it is used though it is another one */
	int64_t since_ns;       /* CLOCK_BOOTTIME of the last change of state */
	int64_t last_answer_ns; /* 0: never */
	uint64_t requests, answers, timeouts, errors, refused,
		stray;    /* stray: frames that belonged to no request */
	uint64_t skipped; /* polls left out because their time was over before the line was free */
	uint64_t bytes_out, bytes_in, connects;
	int64_t reply_last_ns, reply_max_ns;
	uint32_t reply[BOARD_HISTOGRAM];
	uint32_t at_once; /* questions that may be under way on its link */
	uint32_t spare;
	char identity[96]; /* what the device says it is */
};

/* The longest reply time that bucket i of a histogram counts, in ns. */
int64_t board_reply_below(int i);

/* A line of the trace. */
enum trace_kind { TRACE_SENT, TRACE_RECEIVED, TRACE_NOTE };

struct board_trace {
	uint64_t seq; /* 1, 2, ... within its instrument */
	int64_t stamp_ns;
	uint16_t kind;    /* enum trace_kind */
	uint16_t quality; /* verdict: enum quality; of a SENT line always GOOD */
	uint16_t code;
	uint16_t n; /* bytes of the frame; more than BOARD_TRACE_BYTES: the rest was not kept */
	char meaning[80]; /* "read holding 100..149", "connected", "no answer in 1 s" */
	uint8_t bytes[BOARD_TRACE_BYTES];
};

/* A change on the tape. Besides those of channels it carries, under channel numbers that no channel has:
 *
 *	BOARD_TAPE_EVENT  an event of msg/event.h: sample.stamp_ns is its stamp; board_tape_event_read() gives its bytes
 *	BOARD_TAPE_CLOCK  what the clocks said at sample.stamp_ns: sample.v.i is CLOCK_REALTIME - CLOCK_BOOTTIME in ns,
 *	                  sample.code 1 when the clock was synchronised, else 0
 *
 * A reader that wants neither passes over what is no channel of its board. */
#define BOARD_TAPE_EVENT (UINT32_MAX - 1)
#define BOARD_TAPE_CLOCK (UINT32_MAX - 2)

struct board_change {
	uint64_t seq;     /* rising; the holes are what carries on texts and events */
	uint32_t channel; /* index on this board, or one of the above */
	struct sample sample;
};

/* ---- the writer -------------------------------------------------------------------------------------------------- */

/* The public board has the channels of image.shown_channels alone, under numbers of its own, and of each what others need to read
 * it: nothing on it names or counts anything else. */
struct board_setup {
	const struct image *image;
	bool is_public;
	uint32_t generation;
	uint64_t tape_records; /* a power of two; board_tape_records() proposes one */
	uint32_t trace_lines;  /* kept for each instrument */
	int64_t now_ns;
	char boot_id[40];
};

/* A tape for 60 s at the configured rates, between 1 MB and 16 MB, as a number of records. */
uint64_t board_tape_records(const struct image *image);
uint64_t board_tape_records_public(const struct image *image);

/* Bytes that board_make() will need. */
size_t board_size(const struct board_setup *setup);

/* Lay out a board in `memory` (zeroed, 64-byte aligned, board_size() bytes): all values NOT_YET. */
struct board *board_make(void *memory, const struct board_setup *setup);

void board_write(struct board *b, uint32_t channel, const struct sample *s);
/* Append to the tape; returns its sequence number. `text` of the sample counts for VALUE_TEXT only. */
uint64_t board_tape(struct board *b, uint32_t channel, const struct sample *s);
/* An event in bytes, at most EVENT_BYTES. */
uint64_t board_tape_event(struct board *b, int64_t stamp_ns, const uint8_t *bytes, size_t n);
uint64_t board_tape_clock(struct board *b, int64_t stamp_ns, int64_t wall_ns, bool is_good);
void board_tick_begin(struct board *b);
void board_tick_end(struct board *b,
	const struct board_heart *heart); /* heart->tick is ignored: it counts by itself */
/* The state of an instrument; counters are plain: the writer fills its own struct and gives all of it. */
void board_write_state(struct board *b, uint32_t instrument, const struct board_state *state);
void board_trace(struct board *b, uint32_t instrument,
	const struct board_trace *line); /* line->seq is ignored */

/* ---- readers ------------------------------------------------------------------------------------------------------- */

/* Check a mapping of n bytes that came from elsewhere: magic, layout, size, offsets. */
int board_check(const void *memory, size_t n, const struct board **out, struct err *err) MUST_CHECK;

void board_info(const struct board *b, struct board_info *out);
const struct board_channel *board_channel(const struct board *b, uint32_t channel);
const struct board_instrument *board_instrument(const struct board *b, uint32_t instrument);
const char *board_text(const struct board *b, uint32_t off);
/* Index by name, IMAGE_NONE if there is none: a hash, made with the board. */
uint32_t board_find(const struct board *b, const char *name);
uint32_t board_find_instrument(const struct board *b, const char *name);
/* The word of a choice, NULL when the number has none. */
const char *board_choice(const struct board *b, const struct board_channel *ch, int64_t number);
/* Its i-th choice, NULL behind the last one. */
const struct image_choice *board_choice_row(
	const struct board *b, const struct board_channel *ch, uint32_t i);
/* The word of its i-th choice, NULL behind the last one. */
const char *board_choice_at(const struct board *b, const struct board_channel *ch, uint32_t i);

/* One value; a slot that stays locked gives UNREADABLE with value 0. */
void board_read(const struct board *b, uint32_t channel, struct sample *out);
void board_read_heart(const struct board *b, struct board_heart *out);
void board_read_state(const struct board *b, uint32_t instrument, struct board_state *out);

/* A value as of now: as board_read(), then STALE when its age is over stale_ns, and CONTROLLER_DOWN for everything
 * when the last tick is older than 2 s or than 20 ticks, whichever is longer. What every reader shows to people. */
void board_look(const struct board *b, uint32_t channel, int64_t now_ns, struct sample *out);
bool board_is_alive(const struct board *b, int64_t now_ns);

/* Wall time of a CLOCK_BOOTTIME stamp by the board's clock record. */
int64_t board_wall(const struct board *b, int64_t stamp_ns);

/* The tape. A reader keeps its own place: the sequence number of the next record that it wants. */
uint64_t board_tape_head(
	const struct board *b); /* number of the next record to be written; 1 on an empty tape */
/* Copy up to max records from *place on; moves *place; *out_missed counts records that were overwritten before they
 * could be read (they are known by number: the gap ends at the first one returned). Returns how many were copied. */
size_t board_tape_read(const struct board *b, uint64_t *place, struct board_change *out, size_t max,
	uint64_t *out_missed);
/* The bytes of an event that board_tape_read() gave; returns their number, 0 when the tape has overwritten them meanwhile: then the
 * event is to be had from the journal alone. */
size_t board_tape_event_read(
	const struct board *b, const struct board_change *change, uint8_t out[EVENT_BYTES]);

/* The last lines of an instrument's trace, oldest first; returns their number. */
size_t board_read_trace(
	const struct board *b, uint32_t instrument, struct board_trace *out, size_t max);

#endif
