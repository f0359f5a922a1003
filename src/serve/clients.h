/* clients.h - who is connected, and who keeps a place without asking for anything
 *
 * A client waits while it has no complete request: since it came, or since its last answer ended. It has CLIENTS_LIMIT_NS
 * for the next one, however its bytes come. When more are here than there are places, the one that has waited longest has
 * to go. Who asks or is being answered (a stream, too) stays; only when all places are such ones, the next is refused.
 *
 * With TLS a client shakes hands first. libmicrohttpd looks at each of those in every turn of the loop, however little they say, so
 * only few may take their time.
 *
 * From another computer so many may be asking that half of the places stays for others: nobody else's client can take all of them. Pure.
 */
#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include "base/defs.h"

#define CLIENTS_LIMIT_S 15
#define CLIENTS_LIMIT_NS (CLIENTS_LIMIT_S * NS_PER_S)
#define CLIENTS_SHAKING_MAX 32 /* so many may take up to CLIENTS_LIMIT_NS for their handshake, */
#define CLIENTS_SHAKE_NS (2 * NS_PER_S) /* and the others so long */
#define CLIENTS_GRACE_NS NS_PER_S       /* for a newcomer to ask, though all places are taken */

/* One connection, in its owner's memory; zeroed before client_comes(). */
struct client {
	struct client *older, *newer; /* of those that wait */
	int64_t since_ns;
	int fd;        /* for its owner */
	void *session; /* for its owner: of GnuTLS */
	const char *
		proof; /* for its owner: what the page proves itself with whose session asks, as a digest; NULL: nobody's does */
	bool shakes;   /* its handshake is not complete, as far as is known */
	bool is_here;  /* counted */
	bool waits;
	uint8_t group; /* of its address, together with some others; 0: this computer */
};

struct clients {
	struct client *oldest, *newest; /* of those that wait */
	unsigned n;                     /* all that are here */
	unsigned n_asking;              /* of them: those that do not wait */
	unsigned n_shaking;             /* of those that wait */
	unsigned asking[256];           /* of them: by group */
	unsigned places;
	/* So many more may be here for a moment; only beyond them somebody goes within CLIENTS_GRACE_NS. */
	unsigned extra;
};

/* It came and waits; `now_ns` never goes back from call to call. */
void client_comes(struct clients *cs, struct client *c, int64_t now_ns);
/* It has come with TLS; its handshake is complete. */
void client_shakes(struct clients *cs, struct client *c);
void client_shook(struct clients *cs, struct client *c);
/* Its request is complete. False when there is no place for it: all, or all for its group, are with those that asked before. */
bool client_asks(struct clients *cs, struct client *c);
/* Its answer has ended. */
void client_waits(struct clients *cs, struct client *c, int64_t now_ns);
/* It has gone, or is sent away; what comes of it after that changes nothing. */
void client_goes(struct clients *cs, struct client *c);

/* Who has to go now: whose time is over, or who is in others' way; NULL: nobody. */
struct client *clients_unwanted(const struct clients *cs, int64_t now_ns);

/* When somebody's time is over; NEVER: nobody waits. */
int64_t clients_deadline(const struct clients *cs);

#endif
