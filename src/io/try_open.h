/* try_open.h - who opens the one wire of a scan, and hands it to who asks on it
 *
 *	opener: may open ports and connect <--"o"-- asker: reads what devices say, and may open nothing
 *	                                   --fd, or why not-->
 *
 * Which wire it is, is settled before the two part: nothing of what a device says reaches the opener but the wish to open it anew.
 */
#ifndef IO_TRY_OPEN_H
#define IO_TRY_OPEN_H

#include "base/err.h"
#include "model/image.h"

struct try_opener;

/* For a TCP link or serial port of the image, both the caller's as long as it lasts. Looks a name up, and may wait for that. ERR_REFUSED: something on this
 * computer is connected to it already, or an instrument of the image is at the same place, whatever its link calls it. NULL: err says why. */
struct try_opener *try_opener_new(
	const struct image *img, uint32_t link, struct err *err) MUST_CHECK;

/* Serve openings on this socket until the other side has ended; returns the exit code that it told, 2 without one. SIGTERM ends it with 0: what a
 * serial port has not sent is forgotten, as closing it would wait for that. */
int try_opener_run(struct try_opener *o, int sock);

/* Of the asker: wish for the wire. What comes back is a descriptor beside a packet, or a packet with why there is none. */
int try_opener_ask(int sock, struct err *err) MUST_CHECK;
/* Its last word. */
void try_opener_end(int sock, int code);

#endif
