/* identities.h - instrument files by which a device can be recognised: those with a question that tells what it is */
#ifndef COMPILE_IDENTITIES_H
#define COMPILE_IDENTITIES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct identities {
	const char *wire;    /* "tcp", "rtu" or "serial" */
	int64_t n_addresses; /* of an instrument whose question has an address: so many are asked */
	char *const *names;  /* [n_names] only these files; none: all */
	int n_names;
	const char *own; /* folder of files that go first; NULL: `instruments` here */
};

/* For each file of the folder `instruments` here, and of the catalogue ("": there is none) where that has none of this name, a line for
 * each address: how a serial line is set, "-" where the file does not say; a tab; what a bench says of it:
 *
 *	9600 8N1	use: adam-4017, address: 1
 *
 * A file with errors is told on standard error, and left out. */
/* The bench of a scan on a wire of this kind, as a bench file: each of them, Modbus units 1 to n_units, and SCPI; the title of each instrument is what a
 * bench says of it. Instruments that any device of the language answers are named "any_...". */
void identities_bench(const char *wire, int n_units, const struct buf *list, struct buf *out);
int identities_list(const char *catalogue, const struct identities *wanted, struct buf *out,
	struct err *err) MUST_CHECK;

#endif
