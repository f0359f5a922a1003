/* text_check.h - the checksums of instruments; pure */
#ifndef DRIVERS_TEXT_CHECK_H
#define DRIVERS_TEXT_CHECK_H

#include "base/defs.h"

#define TEXT_CHECK_MAX 4 /* bytes of the longest on the wire */

/* The number of a kind by its name ("sum8hex"), -1: there is none. */
int text_check_find(const char *name, size_t n);
const char *text_check_name(int kind); /* NULL behind the last one */
size_t text_check_width(int kind);     /* bytes on the wire */
/* The checksum of in[0..n) as it stands on the wire. */
void text_check_make(int kind, const uint8_t *in, size_t n, uint8_t out[TEXT_CHECK_MAX]);

#endif
