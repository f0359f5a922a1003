/* world.h - wires that go wrong: bytes between a controller and its devices, on a virtual clock, from a seed; pure
 *
 * Stands where sockets and serial ports stand in the real program: told to open, close and send, it says later what came of it.
 * Every exchange may meet a fault of world.def. Faults break what the protocol lets a master notice, and nothing else:
 * the values of a frame that claims to be the right one are never touched; those of answers that are foreign in some way are
 * random, so that taking one for the right one shows.
 *
 * On a serial line, where nothing names a question, this means: changed bits break the CRC; a foreign answer comes only while
 * the question it stands for is the last one asked; a second copy follows the first without a pause; and an answer comes late,
 * with the values of the question it belongs to, up to the moment that setup.latest tells, and never after it.
 *
 *	world_open/send --> [wire] --> device() --> [wire] --> world_next: OPENED, BYTES, CLOSED
 */
#ifndef TWIN_WORLD_H
#define TWIN_WORLD_H

#include "base/defs.h"

enum world_fault {
#define WORLD_FAULT(name, word) WORLD_##name,
#include "twin/world.def"
#undef WORLD_FAULT
	WORLD_FAULTS
};

struct world;

/* What the devices of a link do with a question that comes while they work on another. Lines: always FREE. */
enum world_crowd {
	WORLD_CROWD_FREE,  /* any number at once; answers in any order */
	WORLD_CROWD_QUEUE, /* one after the other */
	WORLD_CROWD_FIRST, /* the first is answered, the others are dropped */
	WORLD_CROWD_CLOSE, /* the connection is closed */
};

struct world_link {
	bool is_rtu;  /* frames of a serial line, here or carried by TCP; else Modbus TCP */
	bool is_port; /* a serial port: it can be pulled */
	bool goes_on; /* what is under way on the line arrives even if its port was closed and opened meanwhile */
	bool has_echo; /* what is sent comes back first */
	enum world_crowd crowd;
	int64_t char_ns; /* of one character on the line */
};

struct world_setup {
	uint32_t n_links;
	const struct world_link *links; /* copied; NULL: all Modbus TCP */
	uint64_t seed;
	int64_t latency_ns; /* typical time of an exchange when nothing is wrong */
	int64_t timeout_ns; /* of the master: late answers come after 0.3 to 3 times this */
	/* One whole request reaches the devices of a link; the answer's length, 0 for none. */
	int (*device)(void *ctx, uint32_t link, const uint8_t *frame, size_t n, int64_t now_ns,
		uint8_t *out, size_t cap);
	/* How long after its question to this unit an answer may still come on a line; NULL: 3 x timeout_ns. */
	int64_t (*latest)(void *ctx, uint32_t link, unsigned unit);
	void *ctx;
};

enum world_kind { WORLD_OPENED, WORLD_CLOSED, WORLD_BYTES };

struct world_news {
	enum world_kind kind;
	uint32_t link;
	bool was_open; /* CLOSED: a connection was lost; else it could not be opened */
	const uint8_t *bytes;
	size_t n; /* BYTES: valid until the next call */
};

struct world *world_new(const struct world_setup *setup);
void world_free(struct world *w);

/* What the master does. */
void world_open(struct world *w, uint32_t link, int64_t now_ns);
void world_close(struct world *w, uint32_t link);
void world_send(struct world *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t now_ns);

/* The master has a new list of links: link i was was[i] before (its faults go on), and its connection that of kept[i] with
 * all that is under way; UINT32_MAX: none. Other connections are closed. links: as in the setup. */
void world_switch(struct world *w, uint32_t n_links, const struct world_link *links,
	const uint32_t *was, const uint32_t *kept);

/* What it learns: the next news due at now_ns or before, false when there is none. */
bool world_next(struct world *w, int64_t now_ns, struct world_news *out);
int64_t world_wake(const struct world *w); /* when world_next() has something to do; NEVER */

/* How often a fault of the first group befalls an exchange, 0 .. 1. */
void world_rate(struct world *w, enum world_fault fault, double rate);
/* A fault of the second or third group. unit: of DEAD, GATEWAY, BAD_REGISTER; address: of BAD_REGISTER, the function that
 * reads it << 16 | its number. A full list (64) or a fault of the first group is ignored and not counted. */
void world_disturb(struct world *w, enum world_fault fault, uint32_t link, unsigned unit,
	uint32_t address, int64_t now_ns, int64_t until_ns);
/* No fault of any kind from now on; what is under way still arrives, and a connection on which half a frame was sent ends. */
void world_calm(struct world *w, int64_t now_ns);

uint64_t world_faults(
	const struct world *w, uint32_t link, enum world_fault fault); /* so far, on this link */
uint64_t world_exchanges(const struct world *w); /* requests that reached a device */
const char *world_word(enum world_fault fault);

#endif
