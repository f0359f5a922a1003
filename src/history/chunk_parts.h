/* chunk_parts.h - what the files of the chunk codec share; for no other file
 *
 * Layers, from the bytes up: block (bytes, maybe a zstd frame), column (whole numbers from 0), walk (signed whole
 * numbers, predicted), then times, qualities and values. Each put_ has its get_.
 */
#ifndef HISTORY_CHUNK_PARTS_H
#define HISTORY_CHUNK_PARTS_H

#include <string.h>
#include <zstd.h>

#include "history/chunk.h"

#define CHUNK_VERSION 1
#define CHUNK_VERSION_SUMS 2 /* some samples stand for several */
#define TEXT_BYTES_MAX (CHUNK_SAMPLES_MAX * (VALUE_TEXT_MAX + 1))

struct chunk_coder {
	ZSTD_CCtx *cctx;
	ZSTD_DCtx *dctx;
	float *weight;           /* [count] count * log2(count) */
	int64_t *x, *k, *j, *r;  /* [sample] numbers on their way */
	uint64_t *e;             /* [sample] what a column holds */
	union value *v;          /* [value that stands] */
	uint32_t *at;            /* [value that stands] place of a text */
	uint8_t *stands;         /* [sample] has it a value? */
	uint32_t *seen;          /* hash table of texts */
	uint8_t *plane;          /* [sample] */
	struct series_sum *sums; /* of a blob that is read; NULL until one has some */
	size_t n_sums;
	struct buf frame;       /* one zstd frame, its magic number before it */
	struct buf bytes;       /* a block that is being written or read */
	struct buf walk_try[2]; /* two ways to write the same walk */
	struct buf part_try;    /* the other way to write times or values */
	struct buf column_try;  /* the other way to write a column */
	struct buf blob;        /* chunk_open: a blob that is tried */
	struct series work;     /* chunk_open: all of its samples */
};

/* Bytes that are read from their beginning; what does not fit sets is_bad, and gives zeros. */
struct chunk_in {
	const uint8_t *p, *end;
	bool is_bad;
};

void chunk_put_varint(struct buf *out, uint64_t v); /* seven bits a byte, low ones first */
uint64_t chunk_get_varint(struct chunk_in *in);
const uint8_t *chunk_get_bytes(struct chunk_in *in, size_t n); /* NULL: too few */

static inline uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t
unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

/* n bytes, n known to the reader and above 0 */
void chunk_put_block(struct chunk_coder *c, const uint8_t *bytes, size_t n, enum chunk_form form,
	struct buf *out);
void chunk_get_block(struct chunk_coder *c, struct chunk_in *in, uint8_t *out, size_t n);

/* The same with its length before it; read into c->bytes. 0 <= n <= most */
void chunk_put_list(
	struct chunk_coder *c, const struct buf *bytes, enum chunk_form form, struct buf *out);
struct chunk_in chunk_get_list(struct chunk_coder *c, struct chunk_in *in, size_t most);

/* e[0..n): n known to the reader; nothing is written for n = 0 */
void chunk_put_column(
	struct chunk_coder *c, const uint64_t *e, size_t n, enum chunk_form form, struct buf *out);
void chunk_get_column(struct chunk_coder *c, struct chunk_in *in, uint64_t *e, size_t n);
float chunk_column_cost(const struct chunk_coder *c, const uint64_t *e, size_t n,
	enum chunk_form form); /* bits, about */

/* k[0..n), n > 0. Uses c->j, c->e. as_bits: may also be written as XOR with the one before. */
void chunk_put_walk(struct chunk_coder *c, const int64_t *k, size_t n, bool as_bits,
	enum chunk_form form, struct buf *out);
void chunk_get_walk(struct chunk_coder *c, struct chunk_in *in, int64_t *k, size_t n);

/* The largest number that divides all k[i] - k[0] (modulo 2^64, taken as signed); 0 when all are the same. */
uint64_t chunk_common_step(const int64_t *k, size_t n);

void chunk_put_times(
	struct chunk_coder *c, const int64_t *t, size_t n, enum chunk_form form, struct buf *out);
void chunk_get_times(struct chunk_coder *c, struct chunk_in *in, int64_t t0, int64_t *t, size_t n);

/* How numbers become values; stands in the blob. */
enum chunk_kind {
	KIND_BITS64,  /* the 64 bits of the value */
	KIND_DIV,     /* k / 10^s */
	KIND_MUL,     /* k * 10^-s */
	KIND_DIV32,   /* k / 10^s, rounded to float32 */
	KIND_MUL32,   /* float32 k * float32 10^-s, rounded to float32 */
	KIND_ORDER64, /* the bits of a float64, in the order of its values */
	KIND_ORDER32, /* the same of a float32 */
	KINDS
};

#define DIGITS_MAX 12

/* Decimals: finds kind and digits for v[0..n) such that all but *n_odd numbers are exact, writes them to k; odd ones get a
 * neighbour's. False: they are no decimals. */
struct chunk_decimal {
	enum chunk_kind kind;
	unsigned digits;
	size_t n_odd;
};

bool chunk_find_decimal(const union value *v, size_t n, bool is_float32, struct chunk_decimal *out);
bool chunk_to_decimal(const struct chunk_decimal *d, double v, int64_t *out_k);
void chunk_from_numbers(enum chunk_kind kind, unsigned digits, const int64_t *k, union value *v,
	size_t n); /* k and v may be the same memory */

/* v[0..n) are the values that stand; n > 0 */
void chunk_put_values(struct chunk_coder *c, enum value_type type, const union value *v, size_t n,
	enum chunk_form form, struct buf *out);
void chunk_get_values(struct chunk_coder *c, struct chunk_in *in, union value *v, size_t n);

/* Of the samples from .. from+n, of which one at least stands for several. */
void chunk_put_sums(struct chunk_coder *c, const struct series *s, size_t from, size_t n,
	enum chunk_form form, struct buf *out);
/* Into c->sums, for the n samples that are in `out` behind its last one. */
void chunk_get_sums(struct chunk_coder *c, struct chunk_in *in, struct series *out, size_t n);

void chunk_put_texts(struct chunk_coder *c, const struct series *s, const uint32_t *at, size_t n,
	enum chunk_form form, struct buf *out);
void chunk_get_texts(
	struct chunk_coder *c, struct chunk_in *in, struct buf *texts, uint32_t *at, size_t n);

#endif
