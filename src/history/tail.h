/* tail.h - samples of many channels in one blob: what is not in a chunk yet
 *
 *	'T' | version | u8 unit of times, as a power of ten of ns | varint zigzag first time in that unit | then groups, one a channel, by their
 *	numbers, until the end of the blob:
 *	varint number of the channel less that of the group before | varint samples | u8 enum value_type | each sample:
 *		u8 mark | varint zigzag time since the one before (the first of a group: since the first time), in that unit | value
 *		| quality where marked
 *
 * A mark says what stands for the value: nothing (bad or 0), a whole number, a decimal with so many places, its 8 bytes, or a
 * text with its length. The whole is packed by zstd behind its first two bytes. All numbers little end first.
 */
#ifndef HISTORY_TAIL_H
#define HISTORY_TAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "msg/value.h"

#define TAIL_BYTES_MAX (8u << 20) /* of one blob, unpacked: what a reader makes room for */
#define TAIL_SAMPLES_MAX 8192     /* of one blob */

struct tail;

struct tail *tail_new(void);
void tail_free(struct tail *t);

/* One more; `channel` is the store's number, below 2^31. Samples of one channel stay in their order, channels do not. */
void tail_add(struct tail *t, uint32_t channel, enum value_type type, const struct sample *s);
size_t tail_count(const struct tail *t); /* at most TAIL_SAMPLES_MAX: then it has to be taken */

/* The blob of all of them, appended to `out`; the tail is empty then. */
void tail_take(struct tail *t, struct buf *out);

/* What a blob says, a sample at a time, grouped by channel. only: one channel alone, UINT32_MAX: all. ERR_PROTO on
 * bytes that are no blob; what was handed over before that is good. */
typedef void (*tail_fn)(void *ctx, uint32_t channel, enum value_type type, const struct sample *s);
int tail_read(struct tail *t, const uint8_t *blob, size_t n, uint32_t only, tail_fn fn, void *ctx,
	struct err *err) MUST_CHECK;

#endif
