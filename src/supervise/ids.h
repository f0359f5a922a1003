/* ids.h - numbers of channels and instruments, given once and never again
 *
 * Kept in the file "ids" of the bench's state folder, a line each: "channel 17 T_bed", "instrument 3 furnace", and
 * "next 18". History, gateways and state across reloads rely on them.
 */
#ifndef SUPERVISE_IDS_H
#define SUPERVISE_IDS_H

#include "base/err.h"
#include "model/image.h"

/* Give every channel and instrument of the image its number; new ones get fresh numbers, a channel with `was:` keeps the
 * number of its former name. Writes the file (in `dir`) when something is new: first beside it, then renamed. */
int ids_give(const char *dir, struct image *img, struct err *err) MUST_CHECK;

#endif
