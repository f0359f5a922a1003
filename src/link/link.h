/* link.h - the link engine: all that is hard about wires, for all protocols; pure
 *
 * A link is a wire that several instruments may share. The engine decides what is asked when, waits, repeats, gives up,
 * comes back, and never takes an answer for another question's. It does no I/O: its owner tells it what happened
 * (opened, closed, bytes, the time) and carries out what link_take() says. The same engine runs over real sockets and
 * over the simulated world of the tests.
 *
 *	           link_opened                 request sent            answer decoded
 *	CLOSED ----------------> IDLE --------------------> WAITING ------------------> IDLE
 *	  ^ back-off 0.5 s .. 10 s |                           | timeout: again, then the instrument is DOWN and is
 *	  +------- link_closed ----+---------------------------+ probed after 1 s, 2 s .. 30 s; its neighbours go on
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "board/board.h"
#include "link/codec.h"
#include "model/image.h"
#include "msg/guest.h"

#define LINK_TX_MAX 4096 /* bytes of the longest request */

struct link;

/* What became of a write that must not be done twice. */
enum link_once {
	LINK_ONCE_DONE,   /* the device acknowledged it */
	LINK_ONCE_NOT,    /* it provably did not happen: it never left, or the device said no */
	LINK_ONCE_UNKNOWN /* it left, and nobody knows what the device did */
};

/* What the engine hands on; all called from within link_*() calls, on the caller's thread. */
struct link_sink {
	void *ctx;
	/* A value, good or bad, of a point (index in the image). text: VALUE_TEXT, borrowed. */
	void (*reading)(void *ctx, uint32_t point, const struct reading *r, int64_t stamp_ns);
	/* An instrument (index in the image) changed its state: once for each change. One that is down comes a second time when
	 * it turns out to be another device. One that is up with another reason than GOOD is used though it is another device. */
	void (*state)(
		void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason);
	/* A line for the trace. */
	void (*trace)(void *ctx, uint32_t instrument, const struct board_trace *line);
	/* A write is settled: verdict is GOOD when the device acknowledged it. */
	void (*written)(
		void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code);
	/* The same of link_write_once(). NULL: nobody asks for such. */
	void (*once)(
		void *ctx, uint32_t point, uint32_t tag, enum link_once once, enum quality verdict);
	/* What came of a guest's question; bytes: of the answer, borrowed. NULL: there are no guests. */
	void (*guest)(void *ctx, uint32_t ticket, enum guest_end end, int64_t reply_ns,
		const uint8_t *bytes, size_t n, const char *why);
};

/* What the owner has to do. */
struct link_wants {
	bool open;            /* open the wire, then link_opened() or link_closed() */
	bool close;           /* close it (no link_closed() for that) */
	bool flush;           /* first of all: forget what lies in the port, in both directions */
	const uint8_t *bytes; /* to send, in order; valid until the next link_*() call */
	size_t n;
	/* How long the answer to them is waited for; 0: none comes. For wires that are only read when there is one. */
	int64_t answer_ns;
	int64_t wake_ns; /* call link_time() no later than this; NEVER: nothing to wait for */
};

/* The engine for link `index` of the image, with all instruments on it; copies what it keeps. `codec_of` finds codecs. */
struct link *link_new(const struct image *img, uint32_t index,
	const struct codec *(*codec_of)(const char *name), const struct link_sink *sink,
	int64_t now_ns);
void link_free(struct link *l);

/* The secrets that the image names; they stay the caller's and outlive the link. Behind link_new(), before all else. From here on none
 * of them leaves the engine but in link_wants.bytes. */
void link_secrets(struct link *l, const struct secrets *s);

/* After a reload: take over from the link that served before the state of all instruments whose hash is unchanged
 * (learned borders, counters, back-off, due times), and the open wire itself when all of them and the link are;
 * returns true when the wire goes on (a request under way included), false when the owner closes the old wire.
 * `from` is freed by the caller. */
bool link_adopt(struct link *l, struct link *from, int64_t now_ns);

void link_opened(struct link *l, int64_t now_ns);
void link_closed(struct link *l, enum quality reason, const char *why,
	int64_t now_ns); /* also: could not be opened */
void link_bytes(struct link *l, const uint8_t *in, size_t n, int64_t now_ns);
void link_time(struct link *l, int64_t now_ns);
void link_take(struct link *l, struct link_wants *out);

/* Queue a write ahead of all polls, at most 3 in a row when polls are late. -> sink.written with the same tag.
 * ERR_REFUSED: the queue (16) is full; ERR_CONF: the point takes no such value. */
int link_write(struct link *l, uint32_t point, uint32_t tag, union value v, const char *text,
	int64_t now_ns, struct err *err) MUST_CHECK;

/* The same for what must not happen twice, such as an injection: it is sent once at most, whatever happens on the wire.
 * text: of a point that takes one; NULL. -> sink.once */
int link_write_once(struct link *l, uint32_t point, uint32_t tag, union value v, const char *text,
	int64_t now_ns, struct err *err) MUST_CHECK;

/* Read a point as soon as the wire is free, besides its period: for what was just written to it. */
void link_ask(struct link *l, uint32_t point, int64_t now_ns);
/* Writes that have not begun are dropped, each settled as OVERTAKEN: what comes now must not wait for them. One that is on
 * the wire is not repeated. */
void link_make_way(struct link *l);

/* The device has started anew behind a wire that did not notice: it is identified and prepared again before it is written. Not from within
 * a sink. */
void link_anew(struct link *l, uint32_t instrument, int64_t now_ns);
/* Somebody else's question (msg/guest.h). May it be asked on this wire, and may it change something in a device? ERR_REFUSED: why not. */
int link_guest_check(const struct link *l, const struct guest_ask *ask, bool *out_writes,
	struct err *err) MUST_CHECK;
/* Asked when nothing of the bench's own is due, -> sink.guest with the ticket, never from within this call. One at a time. */
int link_guest(struct link *l, const struct guest_ask *ask, uint32_t ticket, int64_t now_ns,
	struct err *err) MUST_CHECK;
bool link_guest_is_free(const struct link *l);
/* It is not waited for any more: told, with why. */
void link_guest_end(struct link *l, const char *why);

/* Counters and state of an instrument on this link (index in the image). */
void link_state(const struct link *l, uint32_t instrument, struct board_state *out);

#endif
