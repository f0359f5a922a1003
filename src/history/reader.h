/* reader.h - the history of a bench on disk: the reader's side
 *
 * Each call reads in a transaction of its own and ends it: a reader never stands in the way of the one who writes. Between two calls chunks
 * may be made of what was open, and files may go; a cursor goes on behind what it has given.
 */
#ifndef HISTORY_READER_H
#define HISTORY_READER_H

#include "history/chunk.h"
#include "msg/event.h"

struct reader;

struct reader *reader_open(const char *dir, struct err *err) MUST_CHECK; /* `dir` is borrowed */
void reader_close(struct reader *r);

/* Look which files, boots and clock records there are now. Cheap when nothing has changed. Cursors stay good. */
int reader_refresh(struct reader *r, struct err *err) MUST_CHECK;

/* ---- channels -------------------------------------------------------------------------------------------------------------- */

struct reader_channel {
	uint32_t id;
	enum value_type type;
	char name[96], unit[32]; /* room for what an answer adds to a name */
	char title[128], instrument[64];
	char choices[2048]; /* "0=closed\n1=open"; cut where it is longer */
};

/* The one that has, or had last, this name; ERR_CONF when there is none. */
int reader_find(
	struct reader *r, const char *name, struct reader_channel *out, struct err *err) MUST_CHECK;
/* All, by name: calls fn for each. */
typedef void (*reader_channel_fn)(void *ctx, const struct reader_channel *ch);
int reader_channels(struct reader *r, reader_channel_fn fn, void *ctx, struct err *err) MUST_CHECK;

/* ---- times ----------------------------------------------------------------------------------------------------------------- */

/* Wall time, ns since 1970, of a moment of a boot: by the clock record before it that was synchronised, else the first such one after it,
 * else any. */
int64_t reader_wall(const struct reader *r, uint32_t boot, int64_t t_ns);

/* Wall time minus time of the boot at a moment; the same in all of [*out_from, *out_until): for those who ask sample by sample. */
int64_t reader_offset(
	const struct reader *r, uint32_t boot, int64_t t_ns, int64_t *out_from, int64_t *out_until);

/* ---- samples --------------------------------------------------------------------------------------------------------------- */

struct cursor;

/* Samples of a channel (its id, with this type) with wall times in [from, to), oldest boot first, in their order; what was imported stands between them
 * by its wall time. */
/* is_raw: the samples of each piece will be loaded, not only those of a few. */
struct cursor *cursor_new(struct reader *r, const struct reader_channel *ch, int64_t from_ns,
	int64_t to_ns, bool is_raw);
void cursor_free(struct cursor *c);

/* A piece: samples that lie together. */
struct piece {
	uint32_t boot;
	struct chunk_stats stats; /* of all of its samples, also those outside of the range */
	bool is_inside;           /* all of its samples are inside the range */
};

/* From here to cursor_release() all reads of a file are one transaction: much cheaper for many pieces, and so short that the writer does not notice. */
void cursor_hold(struct cursor *c);
void cursor_release(struct cursor *c);

/* The next piece: 1, or 0 when there are no more. */
int cursor_next(struct cursor *c, struct piece *out, struct err *err) MUST_CHECK;

/* Its samples, all of them: `out` is cleared first. */
int cursor_load(struct cursor *c, struct series *out, struct err *err) MUST_CHECK;

/* ---- the ledger ------------------------------------------------------------------------------------------------------------ */

struct reader_gap {
	int64_t from_ns, to_ns; /* wall times; from_ns INT64_MIN: since ever */
	uint32_t boot0, boot1;
	int64_t t0, t1;
	uint64_t missed;
	char cause[24];
};

/* Gaps of the recorder that touch [from, to), file by file: calls fn for each. What was imported for such a time is beside it: reader_covers(). */
typedef void (*reader_gap_fn)(void *ctx, const struct reader_gap *gap);
int reader_gaps(struct reader *r, int64_t from_ns, int64_t to_ns, reader_gap_fn fn, void *ctx,
	struct err *err) MUST_CHECK;

/* From the first to the last value that an import has of a channel, wall times. */
struct reader_cover {
	uint32_t import; /* its ordinal (files.h) */
	int64_t from_ns, to_ns;
};

/* Of all imports, by their beginnings; ch NULL: of all channels. The caller frees *out. Returns how many, or an error. */
int reader_covers(struct reader *r, const struct reader_channel *ch, struct reader_cover **out,
	struct err *err) MUST_CHECK;

/* ---- events ---------------------------------------------------------------------------------------------------------------- */

struct reader_event {
	struct event event;
	bool has_wall;
	int64_t wall_ns; /* by the clock records of its boot, else as it was known then */
	uint32_t file;   /* where it stands, for reader_event_at() */
	int64_t row;
};

struct reader_event_filter {
	int64_t from_ns,
		to_ns; /* wall times, [from, to); one without a wall time is always inside */
	const char *kind, *subject; /* ""; any */
	uint64_t before;            /* ids below this one; 0: any */
};

struct reader_event_place {
	uint32_t file;
	int64_t row;
}; /* begin with zeros */

/* The next ones that fit, in the order in which they were recorded, out of at most `budget` that are looked at. 1: there may be more, 0: these were
 * the last. */
typedef void (*reader_event_fn)(void *ctx, const struct reader_event *e);
int reader_events(struct reader *r, const struct reader_event_filter *filter,
	struct reader_event_place *place, size_t budget, reader_event_fn fn, void *ctx,
	struct err *err) MUST_CHECK;
/* One of them again; nothing when it has been removed meanwhile. */
int reader_event_at(struct reader *r, uint32_t file, int64_t row, reader_event_fn fn, void *ctx,
	struct err *err) MUST_CHECK;

/* Until when the record is whole, as boot and time; false: there is none. */
bool reader_place(const struct reader *r, uint32_t *out_boot, int64_t *out_t_ns);
/* The same as wall time; INT64_MIN: there is none. */
int64_t reader_recorded(const struct reader *r);

#endif
