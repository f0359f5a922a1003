/* codec.h - what the link engine asks of a protocol
 *
 * A codec turns requests into bytes and frames into readings. It is pure: same input, same output; it does no I/O,
 * keeps no clock and never waits. Slots left out of a table (NULL) mean "not offered".
 *
 *	points --plan--> requests --encode--> bytes ==wire==> bytes --cut--> frame --match--> whose? --decode--> readings
 */
#ifndef LINK_CODEC_H
#define LINK_CODEC_H

#include "base/err.h"
#include "msg/quality.h"
#include "msg/value.h"

#define CODEC_FRAME_MAX 16384 /* bytes of the longest frame of any codec */
#define CODEC_WRITE_MAX 250   /* bytes of a write's value */
#define CODEC_VARS_MAX 32
#define CODEC_OPTS_MAX 24    /* options of one instrument or point */
#define CODEC_KEY_MAX 1024   /* bytes of a key that a codec makes up, with its NUL */
#define CODEC_CAPTURES_MAX 8 /* of one instrument */
#define CODEC_CAPTURE_MAX 31 /* bytes of one; a longer text is cut */
#define CODEC_BIT_NONE 0xFF

enum opt_type {
	OPT_INT,
	OPT_CHOICE,
	OPT_TEXT,
	OPT_BOOL,
	OPT_SPAN,
	OPT_SECRET, /* of an instrument: a password or key, whose name alone is in the image */
};

/* An option that a codec takes, of an instrument or of a point; the source of checks, schema and reference. */
struct opt {
	const char *name;
	enum opt_type type;
	int64_t min, max;           /* OPT_INT; OPT_SPAN, a duration: in ns, as its value */
	const char *const *choices; /* OPT_CHOICE: words, ended by NULL; the value is the index */
	int64_t def;                /* value when it is left out; OPT_NEEDED: it cannot be */
	const char *help;           /* one line, what it is and its unit */
};

#define OPT_NEEDED INT64_MIN       /* in def: the user must write it */
#define OPT_ABSENT (INT64_MIN + 1) /* in def: may be left out, and that is seen by the codec */

/* Values of options in the order of their table; text[] only for OPT_TEXT (borrowed; NULL: left out) and OPT_SECRET, whose num[] is
 * its number in the image from 1 on (0: left out) and whose text[] is NULL as long as only its name is known. */
struct optvals {
	int64_t num[CODEC_OPTS_MAX];
	const char *text[CODEC_OPTS_MAX];
	bool is_write; /* of a point: they stand under `write:` */
	char *room; /* of a point: CODEC_KEY_MAX bytes for a key that is made of several of them */
};

/* A quantity of a device (model/image.h has its stored form). The meaning of the fields is the codec's own. */
struct point {
	uint32_t id; /* index in the image */
	uint16_t space;
	uint16_t type; /* the codec's own kind of encoding */
	uint32_t address;
	uint16_t count;
	uint8_t order;
	uint8_t bit;        /* CODEC_BIT_NONE: not a bit */
	uint8_t value;      /* enum value_type that decode delivers */
	bool is_write_only; /* never in a plan() */
	bool is_captured;   /* the same: it shows the capture `address` of its instrument */
	bool is_left_out; /* the device does not offer it: no request is made for it, and nothing is read of it */
	int16_t write_space; /* -1: read-only */
	uint32_t write_address;
	const char *key;       /* borrowed; NULL or text that names it */
	const char *write_key; /* the same of the place that takes writes */
	const char
		*unit; /* borrowed; NULL or the unit that the device has to name with its values */
	int64_t every_ns;
};

/* What an instrument that is described by its messages says and hears. The language of the formats is the codec's own. */
enum message_role {
	MESSAGE_ASK,   /* a question, and what comes back */
	MESSAGE_INIT,  /* the same, once on each new wire, before anything else is asked */
	MESSAGE_ERROR, /* an answer to any question: it is refused */
	MESSAGE_EVENT, /* what it says without being asked */
};

struct message {
	const char *name;    /* "": it stands where it is used */
	const char *send;    /* format; "": nothing is sent */
	const char *receive; /* format; "": nothing comes back */
	const char *text; /* MESSAGE_ERROR: what it means, for people; "": only its code is known */
	uint8_t role;     /* enum message_role */
	uint8_t again;    /* MESSAGE_ERROR: enum message_again */
	uint16_t quality; /* MESSAGE_ERROR: enum quality */
	uint16_t code;    /* MESSAGE_ERROR: with this number in it, 0: any */
	uint16_t next;    /* the message that follows it in the same exchange; 0: none */
	uint16_t length;  /* bytes of its answer; 0: as the framing says */
	uint16_t lines;   /* ends that its answer has; 0: one */
	uint32_t timeout_ms; /* 0: the instrument's */
	uint32_t wait_ms;    /* it goes out so long after the one before it in its row is done */
	const char *
		until; /* a value of its answer: it is asked again until that is until_is; "": once is enough */
	const char *until_is;         /* a number, a text, or "value": what the write carries */
	uint32_t again_ms, within_ms; /* how often, and for how long; 0 where until is empty */
	const char *
		otherwise; /* of values that it sends beside the one that is written: "da1=0,da2=0" */
};

enum message_again {
	AGAIN_NEXT_POLL, /* the device stays with its no */
	AGAIN_SOON,      /* it is busy */
	AGAIN_INIT,      /* it has been started anew and has to be prepared again */
};
struct vars;

struct instrument {
	struct optvals opts;
	const char *name;
	const struct message *messages;
	uint16_t n_messages;
	const char *const
		*captures; /* [n_captures] names of what is kept of its answer to identify() */
	uint16_t n_captures;
	const struct vars
		*vars; /* what decode() keeps about it, NULL: nothing; for match() and alike() */
};

/* What was learned about a device by asking it: borders that no request may cross, quantities it refuses. */
enum { LEARNED_MAX = 64 };

struct learned_cut {
	uint16_t space;
	uint8_t is_sure;  /* else: part of a search that goes on */
	uint32_t address; /* requests end before it or start at or after it */
};

struct learned {
	uint16_t n_cuts;
	struct learned_cut cuts[LEARNED_MAX];
	uint32_t max_count; /* largest count of one request, 0: the codec's own */
};

enum request_kind { REQUEST_READ, REQUEST_WRITE, REQUEST_IDENTIFY };

/* One question to a device. `first`, `n` count in the sorted points that plan() was given. */
struct request {
	uint8_t kind;     /* enum request_kind */
	uint8_t function; /* the codec's own */
	uint16_t n;       /* points it covers */
	uint32_t first;
	uint16_t space;
	uint16_t count; /* registers, bits */
	uint32_t address;
	uint16_t step;       /* of an exchange of several steps */
	uint8_t is_silent;   /* the device does not answer this one: once sent, it is done */
	uint32_t timeout_ms; /* for its answer; 0: the instrument's */
	uint32_t wait_ms;    /* of a further step: it goes out so long after the one before */
	uint32_t again_ms; /* behind DECODE_NOT_YET it is asked again so long after its answer .. */
	uint32_t within_ms; /* .. for so long since it went out first */
	uint16_t n_write;   /* bytes in write[] */
	uint8_t write
		[CODEC_WRITE_MAX]; /* filled by codec->write(); of a question that reads, the codec's own */
};

/* What a codec keeps about one instrument between frames (a counter's last value, a captured address). */
struct vars {
	uint64_t v[CODEC_VARS_MAX];
	uint8_t *
		scratch; /* as much as codec->scratch() asked for, of this instrument alone; NULL: none */
	size_t n_scratch, scratch_used; /* its size; the codec's own count */
	char identity[96]; /* what the device says it is: "Acme GW1 1.2.0"; empty: not known */
	bool is_said; /* by decode(): all of that has been heard, and only what prepares it may follow */
	char captures[CODEC_CAPTURES_MAX]
		     [CODEC_CAPTURE_MAX +
			     1]; /* in the order of their names; empty: it is not said */
	uint64_t
		kind; /* hash of the part of it that stays with this kind of device, without revisions; 0: not known */
};

struct reading {
	uint32_t at;      /* which of the sorted points */
	uint16_t quality; /* enum quality */
	uint16_t code;    /* the device's own code */
	union value v;    /* in the point's value type; nothing when the quality is bad */
	const char *text; /* VALUE_TEXT: NUL-ended UTF-8, valid until the next call of the codec */
};

/* What a device refuses. */
enum refused {
	REFUSED_ALL,    /* the question itself: asking for less of it does not help */
	REFUSED_PART,   /* one of the things that it asks for */
	REFUSED_LENGTH, /* one of them, or so many at one time */
};

/* With DECODE_REFUSED: as what it is told to people, and what follows from it. */
struct refusal {
	uint16_t quality; /* enum quality; GOOD: BAD_REQUEST */
	uint16_t code;    /* err->sys, the device's own; filled in by the engine */
	uint8_t of;       /* enum refused */
};

/* Where decode puts what it found; the engine gives the room. */
struct readings {
	struct refusal refusal;
	struct reading *at;
	size_t n, cap;
	bool is_end; /* the device ends the connection behind this frame: nothing more can be asked on it */
	char text[8][VALUE_TEXT_MAX +
		     1]; /* room for texts; more than 8 a request are split by plan() */
	size_t n_text;
};

enum wire { WIRE_OPEN, WIRE_SILENT, WIRE_CLOSED };

/* What carries a protocol. */
enum {
	CODEC_TCP = 1,
	CODEC_SERIAL = 2,
	CODEC_SYSTEM = 4,
	CODEC_HELPER = 8,
	CODEC_FOLDER = 16,
	CODEC_GPIO = 32,
	CODEC_UDP = 64,
	CODEC_HID = 128,
	CODEC_USBTMC = 256
};
#define CODEC_PACKETS                                                                              \
	(CODEC_SYSTEM | CODEC_FOLDER |                                                             \
		CODEC_GPIO) /* threads of ours, which hand over whole answers */

/* cut(): CUT_MORE, or a number of bytes with a kind */
#define CUT_MORE 0
#define CUT_FRAME(n) ((int)(n)) /* the first n bytes are a frame */
#define CUT_SKIP(n) (-(int)(n)) /* the first n bytes belong to no frame */

enum match { MATCH_MINE, MATCH_NOT_MINE, MATCH_CANNOT_TELL, MATCH_UNSOLICITED };

/* decode() returns 0 (readings made, each with its own quality), or: */
enum {
	DECODE_REFUSED =
		-10, /* the device refused the request; err->sys its code, out->refusal what it means */
	DECODE_LATER =
		-11, /* busy: ask again later; with refusal.quality DEVICE_FAILED it may be at work on it */
	DECODE_BAD = -12,    /* the frame is ours and makes no sense */
	DECODE_SILENT = -13, /* a gateway says that the device behind it does not answer */
	DECODE_ANEW = -14,   /* it has been started anew: it has to be prepared, then asked again */
	DECODE_NOT_YET = -15, /* what the step waits for is not so yet; see request.again_ms */
};

/* Where the values of other places of the instrument come from that a write says along. */
struct beside {
	void *ctx;
	/* The number that the writable place of this name holds; false: nobody knows. */
	bool (*value)(void *ctx, const char *name, enum value_type *out_type, union value *out);
};

struct codec {
	const char *name;             /* as written after `use:` */
	const char *help;             /* one line */
	const struct opt *opts;       /* of an instrument; ended by a NULL name */
	const struct opt *point_opts; /* of `read:`; ended by a NULL name */
	const char *
		channels; /* YAML of a `channels:` map, for an instrument that is written without one; or NULL */
	unsigned
		wires; /* CODEC_*: what carries it; on all but CODEC_PACKETS cut() finds frames; a piece with borders (image_kind_has_borders) that is over is WIRE_SILENT, and what is no frame then is none */
	const struct codec *
		on_line; /* its form on serial lines, and on such lines carried by TCP; NULL: the same */
	bool has_tag; /* an answer names its request: a late one cannot be mistaken */
	uint8_t tag_bits; /* with has_tag: so few bits of the tag are on the wire that it comes again soon; 0: many */
	bool pipelines;     /* with has_tag: several requests may be under way at one time */
	bool needs_silence; /* a serial line is silent for 3.5 characters between frames */
	bool has_messages;  /* its instruments are described by messages (struct instrument) */
	/* Each question has one answer, in their order, over a connection that loses nothing. So where one is missing after
	 * late_max, or one comes that fits no question, the two sides are out of step for good: the connection is renewed. */
	bool in_turn;
	bool closes; /* the device may end the connection after an answer: that is no fault */

	/* Are the options of an instrument usable together? ERR_CONF with err->sys the index of the guilty one, or -1. Left out:
	 * always. */
	int (*check)(const struct instrument *ins, struct err *err);

	/* With has_messages: can this message be said and understood? ERR_CONF with err->sys 0: what is sent is at fault, 1: what is
	 * received. */
	int (*message)(const struct instrument *ins, const struct message *m, struct err *err);

	/* A point from its options; out->key is the channel's name, for codecs that address by name; err->sys is the index of the wrong
	 * option, or -1. write_space and write_address: where the same place takes writes, -1: nowhere. Its key is one of the texts, or
	 * vals->room, which the caller copies. For a place under `write:` the engine's point gets its space, address and key as write_*.
	 * Sets all but id and every_ns. */
	int (*point)(const struct instrument *ins, const struct optvals *vals, struct point *out,
		struct err *err);

	/* Cut pts[0..n), sorted by (every_ns, space, address, bit), into as few requests as the protocol and `learned`
	 * allow; points of different every_ns never share one. Returns how many were written to `out`. */
	int (*plan)(const struct instrument *ins, const struct point *pts, size_t n,
		const struct learned *learned, struct request *out, size_t max);

	/* Bytes of vars->scratch that an instrument with these points needs, for a document that is carried from one step of an exchange to
	 * the next. Left out: none. */
	size_t (*scratch)(const struct instrument *ins, const struct point *pts, size_t n);

	/* A request that writes v (or text) to pt. beside: for what has to be said along; NULL: 0, to try whether pt takes v. */
	int (*write)(const struct instrument *ins, const struct point *pt, union value v,
		const char *text, const struct beside *beside, struct request *out,
		struct err *err);

	/* Has it to be prepared on each new wire, by the steps behind identify(), before anything else is asked? Left out: never. */
	bool (*prepares)(const struct instrument *ins);

	/* The request that asks the device what it is, or begins to prepare it; 0 when the protocol has none. Its answer fills
	 * vars->identity. */
	int (*identify)(const struct instrument *ins, struct request *out);

	/* The i-th value of the answer to identify() that can be kept under a name, from 0 on: its name (64 bytes) and its type, VALUE_TEXT
	 * or that of a number, whose decimal text is kept. False: there are no more. decode() keeps those in ins->captures. Left out: none. */
	bool (*capture)(const struct instrument *ins, unsigned i, char *out_name,
		enum value_type *out_type);

	/* What a request means, for the trace: "read holding 1..5". Left out: how many points it reads or writes. */
	void (*describe)(
		const struct instrument *ins, const struct request *req, char *out, size_t cap);

	/* Write the bytes of `req`, marked with `tag` where the protocol carries one; returns their number. */
	int (*encode)(const struct instrument *ins, const struct request *req, uint32_t tag,
		const struct vars *vars, uint8_t *out, size_t cap, struct err *err);

	/* What an answer to bytes that plan() never makes has to name again: the function of req and the tag, each where the protocol has it. For exchanges of
	 * instrument files in which a device says no to a question that it does not know. Left out: nothing. */
	void (*recognise)(const uint8_t *asked, size_t n, struct request *req, uint32_t *out_tag);

	/* What somebody else wants to have asked, alone in asked[0..n): is it one whole question of this protocol? Into req and ins->opts goes
	 * what cut(), match() and alike() look at to know its answer; req->kind REQUEST_WRITE: it may change something in a device. ERR_CONF: it is
	 * none, or one whose answer cannot be told. Left out: only what the instruments of the link ask themselves passes. */
	int (*guest)(const uint8_t *asked, size_t n, struct instrument *ins, struct request *req,
		struct err *err);

	/* A question or an answer, marked with another tag: how many bytes `out` has then, 0: it is none. Only with has_tag; left out there:
	 * nobody else's questions pass. */
	size_t (*retag)(const uint8_t *in, size_t n, uint32_t tag, uint8_t *out, size_t cap);

	/* Find the first frame in what has arrived: CUT_MORE, CUT_SKIP(n) or CUT_FRAME(n). Must not depend on how the
	 * bytes were cut. req: what was asked last on this wire, NULL: nothing yet; only for protocols whose answers tell their ends by the
	 * question alone. WIRE_SILENT: nothing more has come for a while: where silence ends a frame, what is none by now is none; CUT_MORE: what has come
	 * stays, and goes on with what comes next, until the time of the answer is over, which is a WIRE_CLOSED. CUT_SKIP of everything on TCP means:
	 * no way to find the next frame, the engine reconnects. */
	int (*cut)(const struct instrument *ins, const struct request *req, const uint8_t *in,
		size_t n, enum wire wire);

	/* Whose frame is this? req NULL: nothing was asked; then UNSOLICITED (for heard()) or NOT_MINE, with in_turn also
	 * CANNOT_TELL: an answer all the same. */
	enum match (*match)(const struct instrument *ins, const struct request *req, uint32_t tag,
		const uint8_t *frame, size_t n);

	/* After `a` had no answer: could one that comes late be taken for the answer to `b`? Left out: always. */
	bool (*alike)(const struct instrument *ins_a, const struct request *a,
		const struct instrument *ins_b, const struct request *b);

	/* Bytes have come that are no frame: `total` of them, beginning with head[0..n). Are they the answer to `req`, broken on its
	 * way, so that none is to come? Left out: nobody can tell. */
	bool (*broken)(const struct instrument *ins, const struct request *req, const uint8_t *head,
		size_t n, size_t total);

	/* Readings of a frame that nobody asked for (MATCH_UNSOLICITED), out of all points pts[0..n_pts); 0, or DECODE_BAD. */
	int (*heard)(const struct instrument *ins, const struct point *pts, size_t n_pts,
		const uint8_t *frame, size_t n, struct vars *vars, struct readings *out,
		struct err *err);

	/* Readings of a frame that is ours, each with quality and reason; see DECODE_* for what it returns. */
	int (*decode)(const struct instrument *ins, const struct request *req,
		const struct point *pts, const uint8_t *frame, size_t n, struct vars *vars,
		struct readings *out, struct err *err);

	/* The next request of an exchange of several steps; 0 when it is complete. */
	int (*next)(const struct instrument *ins, const struct request *req, int step,
		const struct vars *vars, struct request *out);
};

/* The order that plan() is promised: by (every_ns, space, address, bit), equals by id. Returns how many there are to be planned: those
 * that show a capture and those that are only written stand behind them. */
size_t codec_sort_points(struct point *pts, size_t n);

struct image;

/* The place that preset `i` of an image writes, as codec->write() takes it; its texts are the image's. */
void codec_preset_point(const struct image *img, uint32_t i, struct point *out);

#endif
