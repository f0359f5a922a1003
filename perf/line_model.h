/* line_model.h - an RS-485 line with one master and its units: which character is on the wire at which moment; pure
 *
 * Bytes and times come in, bytes and times come out; the clock is the caller's, in nanoseconds. The master's bytes arrive all at
 * once, as a pseudo-terminal or a UART's queue takes them; on the wire they follow each other, a character time each:
 *
 *	 arrival                request ends             answer starts                 answer ends        next request may start
 *	   |c|c|c|c|c|c|c|c|-------- t3.5 --------|- latency -|c|c|c|c|c|c|c| -------- t3.5 --------|
 *	                                                       ^ each byte reaches the master when its own last bit has passed
 */
#ifndef PERF_LINE_MODEL_H
#define PERF_LINE_MODEL_H

#include "line_spread.h"
#include "line_units.h"

/* Everything that is counted, since the last line_count_clear(). */
struct line_count {
	int64_t since_ns;
	uint64_t requests;     /* frames of the master, good or bad */
	uint64_t transactions; /* answers that have passed whole */
	uint64_t violations;   /* requests that began earlier than t3.5 after the last character */
	int64_t worst_ns;      /* the most that one of them was too early */
	uint64_t collisions;   /* requests that began while an answer was due or on the wire */
	uint64_t gaps;         /* holes of more than t1.5 inside a request */
	uint64_t bad;          /* requests with a wrong checksum or length */
	uint64_t wrong_speed;  /* requests sent while the port was set to another speed */
	uint64_t absent;       /* requests for units that are not there */
	uint64_t dead;         /* requests for the dead unit */
	uint64_t request_chars, answer_chars; /* of complete transactions */
	uint64_t periods;  /* transactions that were followed by another request */
	int64_t period_ns; /* their time, from the start of one request to the start of the next */
	int64_t least_ns;  /* the least they could have taken: the limit is periods / least */
	/* Wire time by unit; [0]: requests to nobody. Answered: from the request's start to t3.5 after the answer. Not answered: until
	 * the next request begins. */
	int64_t busy_ns[LINE_UNITS_MAX + 1];
	struct line_spread over; /* of each period: what it took above its least */
};

struct line_conf {
	int64_t char_ns;    /* one character, with start, parity and stop bits */
	int64_t silence_ns; /* t3.5 */
	int64_t latency_ns; /* what a unit thinks before it answers, after t3.5 */
	unsigned chunk; /* bytes that the master's UART gathers; an answer's last is told at once */
};

struct line {
	struct line_conf conf;
	struct line_units *units; /* stays the caller's */
	struct line_count count;
	int64_t wire_ns;     /* end of the last character on the wire, of either side */
	int64_t master_ns;   /* end of the last one of the master */
	bool is_speed_right; /* set by the caller: the port runs at the line's speed */
	/* the request that is on the wire, or was and has not yet been ended by silence */
	uint8_t request[LINE_FRAME_MAX + 1]; /* the last byte tells that it is too long */
	size_t n_request;
	int64_t start_ns;
	bool is_garbled, is_told; /* told: its violation or collision has been counted */
	/* the answer that is due or on the wire */
	uint8_t answer[LINE_FRAME_MAX];
	size_t n_answer, n_given;
	int64_t answer_ns; /* its start */
	bool is_answer_garbled;
	/* the transaction before, whose cost is known when the next request begins */
	struct {
		bool is_open, is_answered;
		unsigned unit; /* 0: none */
		size_t n_request;
		int64_t start_ns, least_ns;
	} last;
};

/* t3.5: 3.5 characters of 11 bits, whatever the format; above 19200 Bd fixed at 1.750 ms. */
int64_t line_silence_ns(unsigned baud);
int64_t line_char_ns(unsigned baud, unsigned bits);

void line_init(
	struct line *l, const struct line_conf *conf, struct line_units *units, int64_t now_ns);

/* Bytes of the master have arrived. Call line_take() with the same time before. */
void line_sent(struct line *l, int64_t now_ns, const uint8_t *bytes, size_t n);

/* When line_take() has something to do next; NEVER: not before the master sends. */
int64_t line_wake(const struct line *l);

/* Bytes whose last bit has passed by now, for the master: at most LINE_FRAME_MAX. *out_end_ns: when the last bit of the answer
 * passed, when it is complete with them; NEVER: it is not. */
size_t line_take(struct line *l, int64_t now_ns, uint8_t *out, int64_t *out_end_ns);

/* Wire time of what is still without an answer, up to now, is added; for the end of a time of counting. */
void line_settle(struct line *l, int64_t now_ns);
void line_count_clear(struct line *l, int64_t now_ns);

#endif
