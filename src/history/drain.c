/* drain.c - everything that a store has, once, in the order in which it was recorded
 *
 * What a file has of a channel is one row of samples that only grows at its end, however it is kept: chunks by their numbers, then what is `open`, then what
 * the blobs of `tail` above the one that `open` names have of it. A place is how much of that has been given: chunks up to `chunk`, and k samples of what
 * comes then. When those k become a chunk with others, they are its first ones.
 *
 * While it follows the recorder, all blobs up to `tail` have been given, and only newer ones are looked at (is_sure), as long as the recorder does
 * not write what is open as it is in their place. A chunk that holds samples of newer blobs is given first: as many are passed over
 * in the blobs then (ahead).
 */
#include "history/drain.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "history/reader_inside.h"

#define PLACE_VERSION 1
#define MAP_MAX 65536           /* chunks whose channels are looked up at one time */
#define LOOK_UP_MAX 4           /* newest chunks of a channel among which a new one is looked for */
#define ROWS_MAX 500            /* events and gaps of a piece */
#define CHANNELS_MAX (1u << 24) /* that a place may name */
#define COUNT_MAX (1u << 20)    /* samples of a channel that are in no chunk */

struct way {
	int64_t chunk;
	uint32_t channel, boot, n;
};

struct count {
	uint32_t k;     /* given, out of what is in no chunk up to `chunk` */
	uint64_t ahead; /* samples in blobs behind `tail` that were given out of a chunk */
	uint32_t seen;  /* scratch: of `open` and blobs */
	int64_t tail;   /* scratch: the newest blob that `open` has */
};

struct moment_of_store {
	int64_t boot, made, seq, recorded, dead;
};

struct drain {
	struct reader *r;
	/* the place */
	uint32_t file;
	int64_t chunk, event, gap;
	struct count *at; /* [number of a channel] */
	uint32_t n_at;

	bool is_sure;
	int64_t tail;
	struct moment_of_store moment;

	struct way *ways; /* to chunks above `chunk`, by number */
	size_t n_ways, next_way;
	int64_t ways_to; /* up to this chunk */

	struct drain_channel *channels; /* by number, rising */
	size_t n_channels;
	unsigned rounds;
	struct boot_of {
		uint32_t boot;
		char id[40];
	} * boots;
	size_t n_boots;

	/* of the piece that is being given */
	const struct drain_sink *sink;
	sqlite3 *db;
	size_t given;
	bool has_moved;
	struct series series;
	uint32_t channel, boot; /* of `series`, while it is filled from blobs */
	bool is_slow;           /* blobs are counted through */
	int64_t blob;           /* number of the one that is read */
};

struct drain *
drain_open(const char *dir, struct err *err)
{
	struct drain *d = mem_zero(1, sizeof(*d));

	series_init(&d->series, VALUE_FLOAT);
	d->r = reader_open(dir, err);
	if (d->r == NULL) {
		drain_close(d);
		return NULL;
	}
	return d;
}

void
drain_close(struct drain *d)
{
	if (d == NULL)
		return;
	reader_close(d->r);
	series_done(&d->series);
	free(d->at);
	free(d->ways);
	free(d->channels);
	free(d->boots);
	free(d);
}

/* ---- the place ------------------------------------------------------------------------------------------------------------- */

static struct count *
count_at(struct drain *d, uint32_t channel)
{
	if (channel >= d->n_at) {
		uint32_t n = channel + channel / 2 + 16;

		d->at = mem_grow(d->at, n, sizeof(*d->at));
		memset(d->at + d->n_at, 0, (n - d->n_at) * sizeof(*d->at));
		d->n_at = n;
	}
	return &d->at[channel];
}

static void
forget_ways(struct drain *d)
{
	d->n_ways = d->next_way = 0;
	d->ways_to = 0;
	d->is_sure = false;
}

static void
enter_file(struct drain *d, uint32_t file)
{
	d->file = file;
	d->chunk = d->event = d->gap = 0;
	if (d->n_at > 0)
		memset(d->at, 0, d->n_at * sizeof(*d->at));
	forget_ways(d);
	d->has_moved = true;
}

static void
put_varint(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_putc(out, (char)(v | 0x80));
	buf_putc(out, (char)v);
}

void
drain_place(const struct drain *d, struct buf *out)
{
	uint32_t n = 0, before = 0;

	for (uint32_t i = 0; i < d->n_at; i++)
		n += d->at[i].k > 0;
	buf_putc(out, PLACE_VERSION);
	put_varint(out, d->file);
	put_varint(out, (uint64_t)d->chunk);
	put_varint(out, (uint64_t)d->event);
	put_varint(out, (uint64_t)d->gap);
	put_varint(out, n);
	for (uint32_t i = 0; i < d->n_at; i++) {
		if (d->at[i].k == 0)
			continue;
		put_varint(out, i - before);
		put_varint(out, d->at[i].k);
		before = i;
	}
}

struct bytes_in {
	const uint8_t *at, *end;
	bool is_bad;
};

static uint64_t
get_varint(struct bytes_in *in, uint64_t most)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (in->at == in->end)
			break;
		byte = *in->at++;
		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			in->is_bad |= v > most;
			return v;
		}
	}
	in->is_bad = true;
	return 0;
}

/* false: these are no channels with their counts, each above the one before. take: they are, and are taken. */
static bool
read_counts(struct drain *d, struct bytes_in in, uint64_t n, bool take)
{
	uint64_t channel = 0;

	for (uint64_t i = 0; i < n && !in.is_bad; i++) {
		uint64_t step = get_varint(&in, CHANNELS_MAX), k = get_varint(&in, COUNT_MAX);

		channel += step;
		if (in.is_bad || (i > 0 && step == 0) || channel >= CHANNELS_MAX || k == 0)
			return false;
		if (take)
			count_at(d, (uint32_t)channel)->k = (uint32_t)k;
	}
	return !in.is_bad && in.at == in.end;
}

int
drain_goto(struct drain *d, const void *place, size_t n, struct err *err)
{
	struct bytes_in in = { place, (const uint8_t *)place + n, false };
	uint64_t file, chunk, event, gap, n_counts;

	if (n == 0) {
		enter_file(d, 0);
		return 0;
	}
	if (*in.at++ != PLACE_VERSION)
		return err_set(
			err, ERR_PROTO, 0, "the place is of another version of mbc; update mbc");
	file = get_varint(&in, UINT32_MAX - 1);
	chunk = get_varint(&in, INT64_MAX);
	event = get_varint(&in, INT64_MAX);
	gap = get_varint(&in, INT64_MAX);
	n_counts = get_varint(&in, CHANNELS_MAX);
	if (in.is_bad || n > DRAIN_PLACE_MAX || !read_counts(d, in, n_counts, false))
		return err_set(err, ERR_PROTO, 0, "these bytes are no place in a history");
	enter_file(d, (uint32_t)file);
	d->chunk = (int64_t)chunk;
	d->event = (int64_t)event;
	d->gap = (int64_t)gap;
	return read_counts(d, in, n_counts, true) ? 0 : ERR_PROTO;
}

uint32_t
drain_file(const struct drain *d)
{
	return d->file;
}

struct reader *
drain_reader(struct drain *d)
{
	return d->r;
}

/* ---- channels and boots ---------------------------------------------------------------------------------------------------- */

static int
load_channels(struct drain *d, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d->db,
		"SELECT channel, id, type, name, unit, title, instrument, choices FROM channel "
		"ORDER "
		"BY channel",
		err);
	size_t cap = d->n_channels;
	int rc;

	if (st == NULL)
		return ERR_IO;
	d->n_channels = 0;
	while ((rc = db_row(st, err)) == 1) {
		struct drain_channel *ch;

		if (d->n_channels >= cap) {
			cap = MAX(2 * cap, (size_t)64);
			d->channels = mem_grow(d->channels, cap, sizeof(*d->channels));
		}
		ch = &d->channels[d->n_channels++];
		ch->number = (uint32_t)sqlite3_column_int64(st, 0);
		ch->ch.id = (uint32_t)sqlite3_column_int64(st, 1);
		ch->ch.type = reader_type(db_text(st, 2));
		text_copy(ch->ch.name, sizeof(ch->ch.name), db_text(st, 3));
		text_copy(ch->ch.unit, sizeof(ch->ch.unit), db_text(st, 4));
		text_copy(ch->ch.title, sizeof(ch->ch.title), db_text(st, 5));
		text_copy(ch->ch.instrument, sizeof(ch->ch.instrument), db_text(st, 6));
		text_copy(ch->ch.choices, sizeof(ch->ch.choices), db_text(st, 7));
	}
	sqlite3_finalize(st);
	return rc;
}

static int
load_boots(struct drain *d, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d->db, "SELECT boot, boot_id FROM boot ORDER BY boot", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	d->n_boots = 0;
	while ((rc = db_row(st, err)) == 1) {
		struct boot_of *b;

		d->boots = mem_grow(d->boots, d->n_boots + 1, sizeof(*d->boots));
		b = &d->boots[d->n_boots++];
		b->boot = (uint32_t)sqlite3_column_int64(st, 0);
		text_copy(b->id, sizeof(b->id), db_text(st, 1));
	}
	sqlite3_finalize(st);
	return rc;
}

static const struct drain_channel *
channel_at(const struct drain *d, uint32_t number)
{
	size_t low = 0, high = d->n_channels;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->channels[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < d->n_channels && d->channels[low].number == number ? &d->channels[low] : NULL;
}

const char *
drain_boot_id(const struct drain *d, uint32_t boot)
{
	for (size_t i = d->n_boots; i-- > 0;)
		if (d->boots[i].boot == boot)
			return d->boots[i].id;
	return "";
}

bool
drain_is_dated(const struct drain *d, uint32_t boot)
{
	for (size_t i = 0; i < d->r->n_moments; i++)
		if (d->r->moments[i].boot == boot && d->r->moments[i].is_good)
			return true;
	return false;
}

/* Names may have changed, now and then; a channel or a boot that is not known yet is looked for at once. */
static int
learn(struct drain *d, struct err *err)
{
	int64_t newest = 0;

	if (d->rounds++ % 16 != 0 &&
		db_number(d->db, "SELECT max(channel) FROM channel", 0, &newest, err) == 0 &&
		newest >= 0 && channel_at(d, (uint32_t)newest) != NULL &&
		db_number(d->db, "SELECT max(boot) FROM boot", 0, &newest, err) == 0 &&
		drain_boot_id(d, (uint32_t)newest)[0] != '\0')
		return 0;
	if (load_channels(d, err) < 0)
		return ERR_IO;
	return load_boots(d, err);
}

/* ---- giving ---------------------------------------------------------------------------------------------------------------- */

static void
give(struct drain *d, uint32_t channel, uint32_t boot, size_t from, size_t n)
{
	const struct drain_channel *ch = channel_at(d, channel);

	if (n == 0)
		return;
	d->given += n;
	if (ch != NULL && d->sink->samples != NULL)
		d->sink->samples(d->sink->ctx, ch, boot, &d->series, from, n);
}

static void
tell_lost(struct drain *d, uint32_t from, uint32_t to, uint64_t chunks, int64_t wall_ns)
{
	if (d->sink->lost != NULL)
		d->sink->lost(d->sink->ctx, from, to, chunks, wall_ns);
}

/* ---- chunks ---------------------------------------------------------------------------------------------------------------- */

static int
compare_ways(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	return x->chunk < y->chunk ? -1 : x->chunk > y->chunk;
}

static void
take_way(struct drain *d, sqlite3_stmt *st)
{
	if (d->ways == NULL)
		d->ways = mem_grow(NULL, MAP_MAX, sizeof(*d->ways));
	if (d->n_ways < MAP_MAX)
		d->ways[d->n_ways++] = (struct way){ .chunk = sqlite3_column_int64(st, 0),
			.channel = (uint32_t)sqlite3_column_int64(st, 1),
			.boot = (uint32_t)sqlite3_column_int64(st, 2),
			.n = (uint32_t)sqlite3_column_int64(st, 3) };
}

/* The index is by channel and time. Few new chunks are mostly the last ones of their channels; returns how many were found. */
static int
find_newest(struct drain *d, int64_t to, size_t wanted, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d->db,
		"SELECT chunk, channel, boot, n FROM span WHERE channel = ?1 ORDER BY boot DESC, "
		"t0 "
		"DESC, chunk DESC LIMIT ?2",
		err);
	int rc = 0;

	if (st == NULL)
		return ERR_IO;
	for (size_t i = 0; i < d->n_channels && d->n_ways < wanted && rc == 0; i++) {
		db_bind(st, "ii", (int64_t)d->channels[i].number, (int64_t)LOOK_UP_MAX);
		while ((rc = db_row(st, err)) == 1)
			if (sqlite3_column_int64(st, 0) > d->chunk &&
				sqlite3_column_int64(st, 0) <= to)
				take_way(d, st);
	}
	sqlite3_finalize(st);
	return rc;
}

static int
find_all(struct drain *d, int64_t to, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d->db,
		"SELECT chunk, channel, boot, n FROM span WHERE chunk > ?1 AND chunk <= ?2", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	d->n_ways = 0;
	db_bind(st, "ii", d->chunk, to);
	while ((rc = db_row(st, err)) == 1)
		take_way(d, st);
	sqlite3_finalize(st);
	return rc;
}

/* To the next chunks: 1, or 0 when there are none behind the place. */
static int
find_ways(struct drain *d, struct err *err)
{
	int64_t last, n;
	char sql[128];
	int rc = db_number(d->db, "SELECT max(chunk) FROM chunk", 0, &last, err);

	if (rc < 0 || last == d->chunk)
		return rc;
	if (last < d->chunk && d->r->files[d->r->n_files - 1].ordinal > d->file)
		return 0; /* the last ones of a file that is left were removed */
	if (last < d->chunk)
		return err_set(err, ERR_CONF, 0,
			"file %u of the history is older than what was carried on already; was a "
			"copy "
			"put in its place?",
			d->file);
	last = MIN(last, d->chunk + MAP_MAX);
	sqlite3_snprintf(sizeof(sql), sql,
		"SELECT count(*) FROM chunk WHERE chunk > %lld AND chunk <= %lld",
		(long long)d->chunk, (long long)last);
	rc = db_number(d->db, sql, 0, &n, err);
	d->n_ways = d->next_way = 0;
	if (rc == 0 && (size_t)n <= 2 * d->n_channels + 16)
		rc = find_newest(d, last, (size_t)n, err);
	if (rc == 0 && d->n_ways != (size_t)n)
		rc = find_all(d, last, err);
	if (rc < 0)
		return rc;
	if (d->n_ways > 0)
		qsort(d->ways, d->n_ways, sizeof(*d->ways), compare_ways);
	d->ways_to = last;
	if (last - d->chunk > n)
		tell_lost(d, d->file, 0, (uint64_t)(last - d->chunk - n), 0);
	return 1;
}

/* One that has been removed meanwhile, or that cannot be read, is passed over as if it had been given. */
static int
give_chunk(struct drain *d, sqlite3_stmt *st, const struct way *w, struct err *err)
{
	struct count *c = count_at(d, w->channel);
	uint32_t skip = MIN(c->k, w->n);
	struct err why;
	int rc, n;

	db_bind(st, "i", w->chunk);
	rc = db_row(st, err);
	if (rc < 0)
		return rc;
	series_clear(&d->series, VALUE_FLOAT); /* it takes the type of the blob */
	n = rc == 0 ? 0
		    : chunk_decode(d->r->coder, sqlite3_column_blob(st, 0),
			      (size_t)sqlite3_column_bytes(st, 0), &d->series, &why);
	sqlite3_reset(st);
	if (n < 0)
		log_err("history: chunk %lld of file %u: %s; 'mbc history verify' tells more",
			(long long)w->chunk, d->file, why.msg);
	if (n <= 0)
		tell_lost(d, d->file, 0, 1, 0);
	else
		give(d, w->channel, w->boot, MIN(skip, (size_t)n),
			(size_t)n - MIN(skip, (size_t)n));
	c->k -= skip;
	c->ahead += w->n - skip;
	return 0;
}

/* 1: there may be more of them. */
static int
give_chunks(struct drain *d, size_t most, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d->db, "SELECT data FROM chunk WHERE chunk = ?1", err);
	int rc = st == NULL ? ERR_IO : 1;

	while (rc == 1 && d->given < most) {
		if (d->next_way == d->n_ways && d->ways_to > d->chunk) {
			d->chunk = d->ways_to;
			d->has_moved = true;
		}
		if (d->next_way == d->n_ways) {
			rc = find_ways(d, err);
			continue;
		}
		rc = give_chunk(d, st, &d->ways[d->next_way], err) < 0 ? ERR_IO : 1;
		if (rc == 1) {
			d->chunk = d->ways[d->next_way++].chunk;
			d->has_moved = true;
		}
	}
	sqlite3_finalize(st);
	return rc;
}

/* ---- what is in no chunk yet ----------------------------------------------------------------------------------------------- */

static int
load_moment(struct drain *d, struct moment_of_store *out, struct err *err)
{
	sqlite3_stmt *st =
		db_prepare(d->db, "SELECT boot, made, seq, recorded, dead FROM place", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	*out = (struct moment_of_store){ 0 };
	rc = db_row(st, err);
	if (rc == 1)
		*out = (struct moment_of_store){ sqlite3_column_int64(st, 0),
			sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2),
			sqlite3_column_int64(st, 3), sqlite3_column_int64(st, 4) };
	sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

/* What is open of one channel. 1: given or known. */
static int
give_open(struct drain *d, sqlite3_stmt *st, struct err *err)
{
	uint32_t channel = (uint32_t)sqlite3_column_int64(st, 0);
	size_t bytes = (size_t)sqlite3_column_bytes(st, 3);
	struct count *c = count_at(d, channel);
	struct chunk_head head = { .n = 0 };
	int n;

	c->tail = sqlite3_column_int64(st, 2);
	if (bytes > 0 && chunk_head(sqlite3_column_blob(st, 3), bytes, &head, err) < 0)
		head.n = 0; /* as the recorder takes it when it begins */
	c->seen = (uint32_t)head.n;
	if (head.n <= c->k)
		return 0;
	series_clear(&d->series, VALUE_FLOAT);
	n = chunk_decode(d->r->coder, sqlite3_column_blob(st, 3), bytes, &d->series, err);
	if (n < 0) {
		log_err("history: open samples of channel %u: %s; 'mbc history verify' tells more",
			channel, err != NULL ? err->msg : "");
		c->seen = 0;
		return 0;
	}
	give(d, channel, (uint32_t)sqlite3_column_int64(st, 1), c->k, (size_t)n - c->k);
	c->k = (uint32_t)n;
	return 0;
}

static void
flush(struct drain *d)
{
	if (d->series.n > 0)
		give(d, d->channel, d->boot, 0, d->series.n);
	series_clear(&d->series, d->series.type);
}

static void
add(void *ctx, uint32_t channel, enum value_type type, const struct sample *s)
{
	struct drain *d = ctx;
	struct count *c;

	if (channel >= CHANNELS_MAX)
		return;
	c = count_at(d, channel);
	if (d->is_slow && (d->blob <= c->tail || ++c->seen <= c->k))
		return;
	if (!d->is_slow && c->ahead > 0) {
		c->ahead--;
		return;
	}
	c->k++;
	if (d->series.n > 0 && (channel != d->channel || type != d->series.type))
		flush(d);
	if (d->series.n == 0) {
		series_clear(&d->series, type);
		d->channel = channel;
	}
	series_add(&d->series, s);
}

/* Blobs behind one: 0 when all of them have been read, 1: there are more. */
static int
give_blobs(struct drain *d, int64_t behind, size_t most, int64_t *out_last, struct err *err)
{
	sqlite3_stmt *st = db_prepare(
		d->db, "SELECT tail, boot, data FROM tail WHERE tail > ?1 ORDER BY tail", err);
	int rc = st == NULL ? ERR_IO : 0;
	struct err why;

	if (st != NULL)
		db_bind(st, "i", behind);
	series_clear(&d->series, d->series.type);
	while (rc == 0 && (rc = db_row(st, err)) == 1) {
		if (d->given >= most)
			break;
		d->blob = sqlite3_column_int64(st, 0);
		d->boot = (uint32_t)sqlite3_column_int64(st, 1);
		if (tail_read(d->r->tail, sqlite3_column_blob(st, 2),
			    (size_t)sqlite3_column_bytes(st, 2), UINT32_MAX, add, d, &why) < 0)
			log_err("history: samples of one commit: %s; 'mbc history verify' tells "
				"more",
				why.msg);
		flush(d);
		*out_last = d->blob;
		rc = 0;
	}
	sqlite3_finalize(st);
	return rc;
}

static int
give_opens(struct drain *d, size_t most, struct err *err)
{
	sqlite3_stmt *st = db_prepare(
		d->db, "SELECT channel, boot, tail, data FROM open ORDER BY channel", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	for (uint32_t i = 0; i < d->n_at; i++)
		d->at[i].seen = 0, d->at[i].tail = 0;
	while ((rc = db_row(st, err)) == 1 && d->given < most)
		rc = give_open(d, st, err);
	sqlite3_finalize(st);
	return rc;
}

/* Everything is counted through; then only what is newer has to be. */
static int
give_slowly(struct drain *d, const struct moment_of_store *now, size_t most, struct err *err)
{
	int64_t last = now->dead;
	int rc = give_opens(d, most, err);

	d->is_sure = false;
	d->is_slow = true;
	if (rc == 0)
		rc = give_blobs(d, now->dead, most, &last, err);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < d->n_at; i++) {
		struct count *c = &d->at[i];

		if (c->k > c->seen) {
			log_warn(
				"history: channel %u has %u samples less than it had; 'mbc history "
				"verify' tells more",
				i, c->k - c->seen);
			c->k = c->seen;
			d->has_moved = true;
		}
		c->ahead = 0;
	}
	d->tail = last;
	d->moment = *now;
	d->is_sure = true;
	return 0;
}

static int
give_rest(struct drain *d, size_t most, struct err *err)
{
	struct moment_of_store now;

	if (load_moment(d, &now, err) < 0)
		return ERR_IO;
	if (!d->is_sure || memcmp(&now, &d->moment, sizeof(now)) != 0)
		return give_slowly(d, &now, most, err);
	d->is_slow = false;
	return give_blobs(d, d->tail, most, &d->tail, err);
}

/* ---- the ledger, events ---------------------------------------------------------------------------------------------------- */

static int
give_gaps(struct drain *d, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d->db,
		"SELECT boot0, t0, boot1, t1, cause, missed, gap FROM gap WHERE gap > ?1 ORDER BY "
		"gap "
		"LIMIT ?2",
		err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ii", d->gap, (int64_t)ROWS_MAX);
	while ((rc = db_row(st, err)) == 1) {
		struct reader_gap gap;

		d->gap = sqlite3_column_int64(st, 6);
		d->has_moved = true;
		reader_take_gap(d->r, st, &gap);
		if (d->sink->gap != NULL)
			d->sink->gap(d->sink->ctx, d->file, d->gap, &gap);
	}
	sqlite3_finalize(st);
	return rc;
}

static int
give_events(struct drain *d, struct err *err)
{
	sqlite3_stmt *st = db_prepare(d->db,
		"SELECT rowid, wall, data FROM event WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
		err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ii", d->event, (int64_t)ROWS_MAX);
	while ((rc = db_row(st, err)) == 1) {
		struct reader_event e;

		d->event = sqlite3_column_int64(st, 0);
		d->has_moved = true;
		if (reader_take_event(d->r, d->db, st, d->file, &e) && d->sink->event != NULL)
			d->sink->event(d->sink->ctx, &e);
	}
	sqlite3_finalize(st);
	return rc;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------- */

/* In the transaction. 1: there is more of this file now, 0: all of it has been given. */
static int
give_piece(struct drain *d, size_t most, struct err *err)
{
	int rc = learn(d, err);

	if (rc == 0)
		rc = give_gaps(d, err);
	if (rc == 0)
		rc = give_events(d, err);
	if (rc == 0)
		rc = give_chunks(d, most, err);
	if (rc == 0)
		rc = give_rest(d, most, err);
	return rc < 0 ? rc : rc == 1 || d->given > 0 || d->has_moved;
}

static int64_t
begun_at(sqlite3 *db)
{
	int64_t wall_ns = 0;

	if (db == NULL ||
		db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'begun'", 0,
			&wall_ns, NULL) < 0)
		return 0;
	return wall_ns;
}

/* The file that is read; n_files: none now. */
static size_t
find_file(struct drain *d, struct err *err)
{
	struct reader *r = d->r;
	size_t i = 0;

	while (i < r->n_files && r->files[i].ordinal < d->file)
		i++;
	if (i == r->n_files || r->files[i].ordinal == d->file)
		return i;
	if (d->file > 0) {
		tell_lost(d, d->file, r->files[i].ordinal - 1, 0, begun_at(reader_db(r, i, err)));
		log_warn("history: files %u to %u were removed before all of them had been carried "
			 "on",
			d->file, r->files[i].ordinal - 1);
	}
	enter_file(d, r->files[i].ordinal);
	return i;
}

int
drain_next(struct drain *d, const struct drain_sink *sink, size_t most, struct err *err)
{
	size_t i;
	int rc;

	d->sink = sink;
	d->given = 0;
	d->has_moved = false;
	if (reader_refresh(d->r, err) < 0)
		return ERR_IO;
	i = find_file(d, err);
	if (i == d->r->n_files) {
		if (d->file > 0 && i > 0)
			return err_set(err, ERR_CONF, 0,
				"the history ends before what was carried on already; was an older "
				"copy "
				"put in its place?");
		return 0;
	}
	d->db = reader_db(d->r, i, err);
	if (d->db == NULL || db_exec(d->db, "BEGIN", err) < 0)
		return ERR_IO;
	rc = give_piece(d, most, err);
	if (db_exec(d->db, "COMMIT", rc < 0 ? NULL : err) < 0 && rc >= 0)
		rc = ERR_IO;
	if (rc != 0)
		return rc;
	/* A file that has a successor was closed: nothing comes behind this look, because the successor was there before it. */
	if (i + 1 < d->r->n_files) {
		if (d->r->files[i + 1].ordinal > d->file + 1)
			tell_lost(d, d->file + 1, d->r->files[i + 1].ordinal - 1, 0,
				begun_at(reader_db(d->r, i + 1, NULL)));
		enter_file(d, d->r->files[i + 1].ordinal);
		return 1;
	}
	return d->has_moved;
}

uint64_t
drain_runs(struct drain *d)
{
	static const char *const counts[] = { "SELECT count(*) FROM run",
		"SELECT count(boot1) FROM run", "SELECT count(*) FROM note",
		"SELECT count(*) FROM part", "SELECT count(boot1) FROM part",
		"SELECT sum(length(params) + length(meta)) FROM part" };
	int64_t numbers[NELEM(counts)] = { 0 };
	sqlite3 *db = d->r->n_files == 0 ? NULL : reader_db(d->r, d->r->n_files - 1, NULL);

	/* A file of an earlier version has no sequences. */
	for (size_t i = 0; db != NULL && i < NELEM(counts); i++)
		if (db_number(db, counts[i], 0, &numbers[i], NULL) < 0)
			numbers[i] = -1;
	return text_hash(numbers, sizeof(numbers));
}

int
drain_behind(struct drain *d, uint32_t *out_files, uint64_t *out_chunks, struct err *err)
{
	struct reader *r = d->r;
	size_t i = 0;
	int64_t last = d->chunk;
	sqlite3 *db;

	while (i < r->n_files && r->files[i].ordinal < d->file)
		i++;
	*out_files = i < r->n_files ? (uint32_t)(r->n_files - i - 1) : 0;
	*out_chunks = 0;
	if (i == r->n_files)
		return 0;
	db = reader_db(r, i, err);
	if (db == NULL || db_number(db, "SELECT max(chunk) FROM chunk", 0, &last, err) < 0)
		return ERR_IO;
	*out_chunks = last > d->chunk ? (uint64_t)(last - d->chunk) : 0;
	return 0;
}
