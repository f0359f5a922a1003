/* player.h - the instrument's side of a protocol: what a codec is for the master; pure
 *
 *	bytes ==wire==> cut --> request --> answer --> bytes ==wire==>
 *
 * A player is a table of functions, one file a protocol, chosen by the name of the instrument's codec. The twin keeps the values
 * and lets them move; a player reads them in dev->pts, and says with play_write() what a master wrote. Slots left out (NULL) mean
 * "the protocol has no such thing".
 *
 * All instruments of a link hear what is said there. A player answers what is meant for its instrument and leaves the rest to the
 * others, who may be of other protocols. Same input, same output: no clock but dev->now_ns, no chance.
 */
#ifndef TWIN_PLAYER_H
#define TWIN_PLAYER_H

#include "link/codec.h"
#include "model/image.h"

#define PLAY_NOT_MINE (-1) /* of answer(): meant for somebody else */
#define PLAY_ALL (-2)      /* of answer(): meant for all, done, and answered by nobody */
#define PLAY_STATE 8       /* words that a player keeps about an instrument */

struct player;
struct twin;

struct play_point {
	struct point pt; /* as the codec made it; pt.id: index in the image, pt.key borrowed */
	/* What a master reads now: in the type pt.value, as the wire has it, before scale and unit of the channel. Always one
	 * that the point can hold, see limits(). */
	union value v;
	char text[VALUE_TEXT_MAX + 1]; /* VALUE_TEXT */
};

struct play_device {
	const struct player *player;
	struct instrument ins; /* name and options */
	const char *called;    /* the text that `identify:` looks for; NULL: none */
	const struct image *img;
	uint32_t index;         /* of the instrument in the image */
	struct play_point *pts; /* [n_all] */
	uint32_t n_pts;         /* of channels, in the order of the image */
	uint32_t n_all;         /* with the places behind them that its `init:` alone writes */
	/* Instruments of one link with the same address() are one device: the first of them is asked, and leads to the others. */
	struct play_device *next; /* NULL: no further one */
	bool is_alone;            /* no other device of this player on its link */
	bool is_deaf;             /* the twin's: nothing of what is written comes into force */
	bool has_heard;           /* a master has said something since it was switched on */
	int64_t now_ns;
	uint64_t state
		[PLAY_STATE]; /* the player's own: steps of a handshake; all 0 when switched on */
	void *store;          /* what open() made */
	struct twin *twin;
};

/* Ways in which an answer can be wrong that only its protocol knows; bits of player->faults. */
enum play_fault {
	PLAY_REFUSE,        /* the protocol's error answer */
	PLAY_WRONG_ADDRESS, /* sound, but from another unit or node */
	PLAY_WRONG_TAG,     /* sound, but to another question: transaction or sequence number */
	PLAY_WRONG_CHECKSUM,
	PLAY_UNSOLICITED, /* something is said that nobody asked for: between question and answer */
};

/* Why a device may have something to say by itself. */
enum play_why {
	PLAY_TIME, /* values and time have moved on */
	PLAY_NOW,  /* it has to: whatever it says unasked, PLAY_UNSOLICITED */
};

struct player {
	const char *codec; /* as in codec->name */
	bool cuts_alike;   /* cut() does not depend on the instrument */
	bool is_strict;    /* over TCP, bytes that are no request end the connection */
	unsigned faults;   /* 1u << PLAY_*: what spoil() and tell() know */

	/* Once, for the n instruments of a twin that it plays: what it returns is dev->store of each. */
	void *(*open)(struct play_device *const *devs, size_t n);
	void (*close)(void *store);

	/* What makes two instruments of a link the same device: a unit, a node. Left out: each is its own. */
	uint64_t (*address)(const struct play_device *dev);

	/* The numbers that a point can hold; a value beyond is shown as the nearest. Left out: all of its type. */
	void (*limits)(const struct play_device *dev, const struct point *pt, double *out_min,
		double *out_max);

	/* Find the first request in what has arrived, as codec->cut does for answers: CUT_MORE, CUT_SKIP(n) or CUT_FRAME(n). */
	int (*cut)(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire);

	/* Answer a request that cut() found: bytes of the answer, 0 for silence, PLAY_NOT_MINE, PLAY_ALL. cap: at least
	 * CODEC_FRAME_MAX. */
	int (*answer)(
		struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap);

	/* None of the devices of the link took the request: what a gateway in front of them says, 0: nothing. Asked of one after
	 * the other until one says something. */
	int (*nobody)(const struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out,
		size_t cap);

	/* Does the master want the connection to end behind the answer to this request? Left out: never. */
	bool (*ends)(const uint8_t *frame, size_t n);

	/* What the device says by itself; its length, 0: nothing. Asked after each step of the values. */
	int (*tell)(struct play_device *dev, enum play_why why, uint8_t *out, size_t cap);

	/* Make of the sound answer[0..n) to request what `fault` is (not UNSOLICITED); its new length, -1: this one cannot be
	 * so. It may be CODEC_FRAME_MAX bytes long. n is 0 when the request has no answer. */
	int (*spoil)(struct play_device *dev, enum play_fault fault, const uint8_t *request,
		size_t n_request, uint8_t *answer, size_t n);

	/* For players that keep values in another form, such as registers that several points share: v and text of point i have
	 * changed; and what point i is there. */
	void (*put)(struct play_device *dev, uint32_t i);
	union value (*get)(const struct play_device *dev, uint32_t i);
};

/* ---- for players --------------------------------------------------------------------------------------------------- */

/* A master has written point i of the device. The point keeps it and no longer moves by itself; what follows it moves towards
 * it. One that a person keeps stays as it is. */
void play_write(struct play_device *dev, uint32_t i, union value v, const char *text);

/* Is point i still on its way to what was written? It shows what was there before. */
bool play_is_moving(const struct play_device *dev, uint32_t i);

/* The same, but nothing follows it yet: the device shows what was written and does not act on it. play_write() ends this. */
void play_note(struct play_device *dev, uint32_t i, union value v);

/* ---- for the twin -------------------------------------------------------------------------------------------------- */

/* The player of a codec, NULL: the twin does not play it. is_line: on a serial line, here or behind a TCP port. */
const struct player *player_find(const char *codec, bool is_line);

#endif
