/* link_engine.h - what the files of this room share; nobody outside it includes this
 *
 * A *unit* is an instrument on this link. Its points, sorted, are cut into requests; a *poll* is the life of one request:
 * when it is due, whether it is asked again. A *flight* is a question on the wire. Polls, requests and meanings stand in
 * three arrays with the same index, so that looking for the next deadline touches little memory.
 */
#ifndef LINK_LINK_ENGINE_H
#define LINK_LINK_ENGINE_H

#include "link/link.h"

#define LINK_WINDOW_MAX 1 /* questions on the wire at one time */
#define LINK_WRITES_MAX 16
#define LINK_WRITES_ROW 3 /* writes in a row while a poll is late */
#define LINK_STEPS_MAX 32 /* of one exchange */
#define LINK_SILENCE_MAX 3
#define LINK_OPEN_WAIT_MIN (500 * NS_PER_MS)
#define LINK_OPEN_WAIT_MAX (10 * NS_PER_S)
#define LINK_CALM (1 * NS_PER_S) /* a loss this long after the last one is reopened at once */
#define LINK_PROBE_WAIT_MIN (1 * NS_PER_S)
#define LINK_PROBE_WAIT_MAX (30 * NS_PER_S)
#define LINK_BUSY_WAIT_MIN (200 * NS_PER_MS)
#define LINK_BUSY_WAIT_MAX (2 * NS_PER_S)
#define LINK_BUSY_TRIES 3 /* beyond the instrument's own retries */
#define LINK_REFUSED_FIRST (1 * NS_PER_S)
#define LINK_REFUSED_EVERY (60 * NS_PER_S)
#define LINK_FORGET_EVERY (3600 * NS_PER_S)
#define LINK_IDENTIFY_PATIENCE (5 * NS_PER_S) /* it goes even when the line is never idle */
#define LINK_SPACES 8
#define LINK_MEANING sizeof(((struct board_trace *)0)->meaning)

/* What is known of one point beyond its description; it outlives each plan. */
struct mark {
	int64_t due_ns;    /* taken from its poll when the plan changes */
	bool is_trial;     /* part of a refused request whose halves are being asked */
	bool is_refused;   /* the device refuses it even alone */
	uint8_t n_refused; /* times in a row, alone */
};

struct poll {
	int64_t due_ns;   /* on its grid */
	int64_t ask_ns;   /* when it goes: due_ns, or the time of a repetition; NEVER: under way */
	int64_t every_ns; /* grid */
	bool is_again;    /* a repetition: its place on the grid has been counted */
	bool is_trial, is_refused; /* as the marks of its points */
	uint8_t n_busy;            /* times in a row that the device said "later" */
};

struct unit {
	/* what it is */
	uint32_t index; /* in the image */
	const struct codec *codec;
	struct instrument ins;
	char *name;
	uint64_t hash;
	int64_t timeout_ns;
	uint32_t retries;
	struct point *points; /* [n_points], sorted by (every_ns, space, address, bit) */
	size_t n_points;

	/* what is asked; the arrays have room for one request a point */
	struct mark *marks; /* [n_points] */
	struct request *reqs;
	struct poll *polls;
	char (*meanings)[LINK_MEANING];
	size_t n_polls;
	bool is_stirred; /* next_ns and next are to be found again */
	int64_t next_ns; /* earliest ask_ns, or the next probe */
	size_t next;
	size_t retry; /* poll + 1 that is repeated before any other of this unit; 0: none */

	/* what was learned */
	struct learned learned;
	bool is_explained
		[LEARNED_MAX];        /* tentative border of which one side was refused by itself */
	uint16_t passed[LINK_SPACES]; /* longest request answered, by space */
	bool is_halved;               /* a length is being tried */
	uint32_t max_before;          /* the length before that */
	uint32_t found;               /* since then: refusals that are not for their length */
	bool is_single;               /* too much to remember: one request a point */
	int64_t forgot_ns;            /* when all borders were forgotten last, or it was made */

	/* how it fares */
	struct vars vars;
	struct board_state state;
	uint32_t fails; /* questions in a row without an answer */
	int64_t probe_ns, probe_wait_ns;
	int64_t identify_ns; /* latest time to ask what it is; NEVER: not wanted */
	bool is_nameless;    /* refused to say what it is: left alone */

	/* during link_adopt() */
	struct unit *heir; /* the unit of the new link that lives on for this one */
	bool is_adopted;
};

struct write {
	struct unit *unit;
	size_t at; /* sorted point */
	uint32_t tag;
	uint32_t n_tries;
	uint8_t n_busy;
	int64_t ask_ns;
	struct request req;
};

enum flight_kind { FLIGHT_POLL, FLIGHT_WRITE, FLIGHT_IDENTIFY };

struct flight {
	bool is_used;
	bool is_held; /* the next step of an exchange, to be sent as soon as the line is free */
	enum flight_kind kind;
	struct unit *unit;
	size_t at; /* FLIGHT_POLL: which; plans change only when its answer is handled */
	struct request req;
	struct write write; /* FLIGHT_WRITE; its req is not kept up to date */
	uint32_t tag;
	int64_t sent_ns, deadline_ns;
	char meaning[LINK_MEANING];
};

enum line { LINE_CLOSED, LINE_OPENING, LINE_OPEN };

struct link {
	enum link_kind kind;
	char *host;
	uint16_t port;
	int64_t gap_ns;
	struct link_sink sink;
	struct unit *units;
	size_t n_units;

	enum line line;
	bool want_open, want_close; /* for link_take() */
	int64_t open_ns;            /* LINE_CLOSED: when to open */
	int64_t open_wait_ns;       /* before the try after the next */
	int64_t lost_ns;            /* when the wire was lost last; INT64_MIN: never */
	uint32_t silence;           /* timeouts in a row on this wire */

	struct flight flights[LINK_WINDOW_MAX];
	size_t window;         /* of them in use */
	uint32_t tag;          /* of the last question; counts up */
	int64_t quarantine_ns; /* no question before: a late answer could be mistaken */
	int64_t pause_ns;      /* no question before: the gap after an answer */
	struct unit *last;     /* asked last: whose cut() reads the line */

	struct write writes[LINK_WRITES_MAX + LINK_WINDOW_MAX]; /* oldest first */
	size_t n_writes;
	unsigned writes_row;

	bool is_inside; /* a call is being served: a callback may queue a write, not step */
	int64_t wake_ns;
	struct readings readings;
	struct board_trace trace;
	size_t n_tx, n_rx;
	uint8_t tx[LINK_TX_MAX];
	uint8_t rx[CODEC_FRAME_MAX];
};

/* link_unit.c */
void link_unit_init(struct unit *u, const struct image *img, uint32_t index,
	const struct codec *codec, int64_t now_ns);
void link_unit_done(struct unit *u);
/* A bad quality for the sorted points first .. first + n - 1. */
void link_unit_say(struct link *l, const struct unit *u, size_t first, size_t n,
	enum quality quality, uint16_t code, int64_t now_ns);
void link_unit_up(struct link *l, struct unit *u, int64_t now_ns);
void link_unit_down(struct link *l, struct unit *u, enum quality reason, uint16_t code,
	int64_t now_ns); /* tells points and owner only what they do not know yet */
/* It fails to answer: down, and probed after 1 s, 2 s .. 30 s. */
void link_unit_give_up(
	struct link *l, struct unit *u, enum quality reason, uint16_t code, int64_t now_ns);
/* All polls are due now; the grid starts anew. */
void link_unit_restart(struct unit *u, int64_t now_ns);

/* link_learn.c */
void link_plan(struct unit *u, int64_t now_ns);
/* The device refused poll `at`: cut it in two, or know the guilty. */
void link_learn_refused(struct link *l, struct unit *u, size_t at, uint16_t code, int64_t now_ns);
/* The device answered poll `at`. */
void link_learn_passed(struct link *l, struct unit *u, size_t at, int64_t now_ns);
enum quality link_refusal(uint16_t code);

/* link_poll.c */
bool link_send_next(struct link *l, int64_t now_ns); /* false: nothing can be sent now */
int64_t link_next_ns(const struct link *l); /* when something is to be done on an open wire */
void link_expire(struct link *l, int64_t now_ns);
void link_poll_settle(struct unit *u, size_t at);
/* No answer to f, by a timeout or by a gateway's word: repeat or give up. Frees f. */
void link_unanswered(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns);
void link_write_again(struct link *l, const struct flight *f, int64_t ask_ns);
void link_written(struct link *l, const struct write *w, enum quality verdict, uint16_t code);

/* link_answer.c: frames in in[0..n), the first of them complete or not; returns the bytes used. */
size_t link_frames(struct link *l, const uint8_t *in, size_t n, enum wire wire, int64_t now_ns);
void link_frame(struct link *l, const uint8_t *frame, size_t n, int64_t now_ns);

/* link.c */
/* Close the wire of our own accord and open it again; `guilty` (or NULL) has been told already. */
void link_drop(struct link *l, const struct unit *guilty, const char *why, int64_t now_ns);
/* The bytes cannot be cut into frames: the wire has to start anew. */
void link_garbage(struct link *l, const uint8_t *in, size_t n, int64_t now_ns);

/* link_trace.c */
void link_trace(struct link *l, const struct unit *u, enum trace_kind kind, enum quality quality,
	uint16_t code, const char meaning[LINK_MEANING], const uint8_t *bytes, size_t n,
	int64_t now_ns);
void link_note(struct link *l, const struct unit *u, enum quality quality, int64_t now_ns,
	const char *fmt, ...) PRINTF(5, 6);
void link_meaning(char out[LINK_MEANING], const struct request *req);

#endif
