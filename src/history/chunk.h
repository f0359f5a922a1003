/* chunk.h - samples of one channel as a small blob, and back, bit for bit
 *
 * A blob stands for itself: what is needed to read it is in docs/history-format.md. Values that are decimals become
 * whole numbers, numbers and times become what is left after a prediction, and that is squeezed by zstd.
 */
#ifndef HISTORY_CHUNK_H
#define HISTORY_CHUNK_H

#include "base/err.h"
#include "history/series.h"

#define CHUNK_SAMPLES_MAX 8192

enum chunk_form {
	CHUNK_PLAIN,  /* without zstd: cheap to make, for what is still open */
	CHUNK_PACKED, /* the smallest; for what stays */
};

/* What encoding and decoding need beside their arguments: zstd's contexts and scratch. One serves all channels of a
 * thread. Holds 0.6 MB; with texts and after blobs of CHUNK_SAMPLES_MAX samples at most 4 MB. */
struct chunk_coder;

struct chunk_coder *chunk_coder_new(void);
void chunk_coder_free(struct chunk_coder *coder);

/* Append samples from .. from+n of s to `out` as one blob; 1 <= n <= CHUNK_SAMPLES_MAX. A packed blob is never larger
 * than a plain one of the same samples by more than a few bytes. */
void chunk_encode(struct chunk_coder *coder, const struct series *s, size_t from, size_t n,
	enum chunk_form form, struct buf *out);

/* Append the samples of a blob to `out`; returns their number. An empty `out` takes the blob's type. ERR_PROTO for
 * bytes that are no blob, or one of another type than `out` with samples: `out` then holds what it held. Whatever the
 * bytes: at most CHUNK_SAMPLES_MAX samples, and time by n and that. */
int chunk_decode(struct chunk_coder *coder, const uint8_t *bytes, size_t n, struct series *out,
	struct err *err) MUST_CHECK;

/* What a blob says about itself without being unpacked: type and number of samples, time of the first. */
struct chunk_head {
	enum value_type type;
	size_t n;
	int64_t t0;
};

int chunk_head(const uint8_t *bytes, size_t n, struct chunk_head *out, struct err *err) MUST_CHECK;

enum chunk_flag {
	CHUNK_TIME_BACK = 1 << 0, /* a sample is older than the one before it */
	CHUNK_ALL_GOOD = 1 << 1,  /* each sample counts among n_good */
	CHUNK_UNCERTAIN = 1 << 2, /* some of n_good are of class UNCERTAIN */
	CHUNK_NAN = 1 << 3,       /* a value of good quality is not a number: not among n_good */
	CHUNK_THINNED = 1 << 4,   /* some samples stand for several, which are counted here */
};

/* Numbers of the samples that can be used: quality not BAD, value a number. Values as value_double() gives them; of
 * texts only n, n_good, flags and times. All 0 where n_good is 0. */
struct chunk_stats {
	size_t n, n_good;
	int64_t t0, t1; /* ns; of the first and of the last sample in order */
	int64_t t_min,
		t_max; /* ns; the earliest and the latest, of those that another stands for, too */
	double min, max, sum, first, last;
	unsigned flags; /* enum chunk_flag */
	/* Each good value held until the next sample of the series part, whatever its quality; steps back in time and the
	 * last sample add nothing. */
	double area;     /* value x seconds */
	int64_t held_ns; /* time that `area` covers */
};

/* Samples from .. from+n of s, n >= 1. */
void chunk_stats(const struct series *s, size_t from, size_t n, struct chunk_stats *out);

#endif
