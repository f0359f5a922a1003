/* chunk_open.h - the samples of a channel that are in no sealed blob yet, lean in memory
 *
 * Pages of CHUNK_PAGE samples as plain blobs, then a raw rest. A channel of decimals that is polled on a grid takes about 1.3
 * bytes a sample and at most 1.5 KB for the rest.
 */
#ifndef HISTORY_CHUNK_OPEN_H
#define HISTORY_CHUNK_OPEN_H

#include "history/chunk.h"

#define CHUNK_PAGE 64

struct chunk_open;

struct chunk_open *chunk_open_new(enum value_type type);
void chunk_open_free(struct chunk_open *open);

/* Add a sample. With CHUNK_SAMPLES_MAX samples inside it must be sealed or cleared first. */
void chunk_open_add(
	struct chunk_open *open, struct chunk_coder *coder, const struct sample *sample);

size_t chunk_open_count(const struct chunk_open *open); /* samples */
size_t chunk_open_bytes(const struct chunk_open *open); /* memory that it takes, all told */

/* Append all samples to a series that is empty or of the same type; they stay here too. */
void chunk_open_peek(const struct chunk_open *open, struct chunk_coder *coder, struct series *out);

/* Append all samples to `out` as one blob and keep them; nothing when there are none: the open tail of a store, written
 * again with each commit. */
void chunk_open_tail(const struct chunk_open *open, struct chunk_coder *coder, enum chunk_form form,
	struct buf *out);

/* Is it worth a call of chunk_open_seal()? As far as the last blobs of this channel tell; costs nothing. */
bool chunk_open_is_due(const struct chunk_open *open, size_t target);

/* When `target` bytes are filled: cut a packed blob from the beginning, append it to `out` and return the number of samples
 * that went into it; else 0. The blob has 85 to 100 % of `target` bytes, with three exceptions: less when there are
 * CHUNK_SAMPLES_MAX samples; less when one more sample would make it too large; more when a single sample does. */
size_t chunk_open_seal(
	struct chunk_open *open, struct chunk_coder *coder, size_t target, struct buf *out);

/* Forget all samples. What was learnt about the size of blobs stays. */
void chunk_open_clear(struct chunk_open *open);

#endif
