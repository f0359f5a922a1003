/* feed.c - the event stream */
#include "serve/feed.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "serve/allow.h"
#include "serve/picture.h"
#include "serve/query.h"
#include "serve/ring.h"

#define BATCH 64            /* changes taken from the tape at once */
#define EVENTS_MIN 4096     /* events kept at least */
#define BYTES_PER_EVENT 160 /* an update of a number takes about this */

struct feed {
	const struct board *board; /* NULL: none yet */
	struct board_info info;
	struct ring ring;   /* has memory while there are streams */
	uint64_t place;     /* next number on the tape that is not in the ring */
	uint16_t *shown;    /* [channel]: the quality that was told last */
	struct buf scratch; /* the event that is being written */
	struct stream *first;
	size_t n_streams;
};

enum phase { REPLAY, SNAPSHOT, LIVE };

struct stream {
	struct feed *feed;
	struct stream *prev, *next;
	void *user;
	char *names;     /* as asked for; NULL: all */
	char *only;      /* patterns of those that may be seen; NULL: all */
	uint64_t *wants; /* bit [channel]; NULL: all */
	enum phase phase;
	uint64_t place;      /* REPLAY: next number on the tape */
	uint32_t channel;    /* SNAPSHOT: next one */
	uint64_t next_event; /* LIVE: next number of the ring */
};

/* ---- events as text ---------------------------------------------------------------------------------------------- */

/* "id: <board>-<number on its tape>": a board is named by the time when it was made, so an id of another run of the bench
 * is never taken for one of this. */
static void
write_update(
	struct feed *f, uint64_t seq, uint32_t channel, const struct sample *s, int64_t wall_ns)
{
	buf_clear(&f->scratch);
	buf_printf(&f->scratch,
		"id: %" PRIx64 "-%" PRIu64 "\nevent: update\ndata: ", (uint64_t)f->info.made_ns,
		seq);
	picture_update(&f->scratch, f->board, channel, s, wall_ns);
	buf_puts(&f->scratch, "\n\n");
}

static void
write_number(struct feed *f, const char *event, const char *key, uint64_t number)
{
	buf_clear(&f->scratch);
	buf_printf(&f->scratch, "event: %s\ndata: {\"%s\":%" PRIu64 "}\n\n", event, key, number);
}

static void
tell(struct feed *f, uint32_t about)
{
	ring_put(&f->ring, about, f->scratch.data, f->scratch.n);
}

/* ---- from the board into the ring -------------------------------------------------------------------------------- */

/* From here on the changes count; what stands on the board now will be told by snapshots. */
static void
remember(struct feed *f, int64_t now_ns)
{
	f->place = board_tape_head(f->board);
	for (uint32_t i = 0; i < f->info.n_channels; i++) {
		struct sample s;

		board_look(f->board, i, now_ns, &s);
		f->shown[i] = s.quality;
	}
}

void
feed_pump(struct feed *f, int64_t wall_ns)
{
	struct board_change changes[BATCH];
	struct board_heart heart;
	uint64_t missed;
	size_t n;

	if (f->n_streams == 0 || board_tape_head(f->board) == f->place)
		return;
	board_read_heart(f->board, &heart);
	if (heart.stamp_ns != 0)
		wall_ns = heart.wall_ns;
	do {
		n = board_tape_read(f->board, &f->place, changes, BATCH, &missed);
		if (missed > 0) {
			write_number(f, "gap", "missed", missed);
			tell(f, RING_RESTART);
		}
		for (size_t i = 0; i < n; i++) {
			const struct board_change *c = &changes[i];

			if (c->channel >= f->info.n_channels)
				continue; /* events and clock records are not for this stream */
			write_update(f, c->seq, c->channel, &c->sample, wall_ns);
			tell(f, c->channel);
			f->shown[c->channel] = c->sample.quality;
		}
	} while (n == BATCH || missed > 0);
}

void
feed_beat(struct feed *f, int64_t now_ns, int64_t wall_ns)
{
	char time[CLOCK_TEXT_SIZE];
	struct view v;

	if (f->n_streams == 0)
		return;
	feed_pump(f, wall_ns);
	view_open(&v, f->board, now_ns, wall_ns);
	for (uint32_t i = 0; i < f->info.n_channels; i++) {
		struct sample s;

		board_look(f->board, i, now_ns, &s);
		if (s.quality == f->shown[i])
			continue;
		f->shown[i] = s.quality;
		write_update(f, f->place - 1, i, &s, v.wall_ns);
		tell(f, i);
	}
	clock_text(time, now_ns + v.wall_ns);
	buf_clear(&f->scratch);
	buf_printf(&f->scratch,
		"event: heartbeat\ndata: {\"time\":\"%s\",\"tick\":%" PRIu64
		",\"state\":\"%s\"}\n\n",
		time, v.heart.tick / 2, v.is_alive ? "running" : "controller_down");
	tell(f, RING_ALL);
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static void
resolve(struct stream *s)
{
	const struct feed *f = s->feed;
	char *list, *at, *name;

	free(s->wants);
	s->wants = NULL;
	if (s->names == NULL && allow_is_all(s->only))
		return;
	s->wants = mem_zero(f->info.n_channels / 64 + 1, sizeof(*s->wants));
	for (uint32_t i = 0; s->names == NULL && i < f->info.n_channels; i++)
		if (allow_channel(s->only, f->board, i))
			s->wants[i / 64] |= UINT64_C(1) << i % 64;
	list = at = mem_text(s->names != NULL ? s->names : "");
	while ((name = query_next(&at)) != NULL) {
		uint32_t i = board_find(f->board, name);

		if (i != IMAGE_NONE && allow_channel(s->only, f->board, i))
			s->wants[i / 64] |= UINT64_C(1) << i % 64;
	}
	free(list);
}

static bool
is_wanted(const struct stream *s, uint32_t about)
{
	return about >= RING_RESTART || s->wants == NULL ||
	       (s->wants[about / 64] >> about % 64 & 1) != 0;
}

/* All that comes after this moment will be in the ring. */
static void
begin_snapshot(struct stream *s)
{
	s->phase = SNAPSHOT;
	s->channel = 0;
	s->next_event = s->feed->ring.head;
}

/* Can the reader go on behind the event of this id? */
static bool
can_resume(const struct feed *f, const char *last_id, uint64_t *out_place)
{
	uint64_t made, seq;
	int n = 0;

	if (last_id == NULL || strlen(last_id) > 40 ||
		sscanf(last_id, "%" SCNx64 "-%" SCNu64 "%n", &made, &seq, &n) != 2 ||
		last_id[n] != '\0')
		return false;
	*out_place = seq + 1;
	return made == (uint64_t)f->info.made_ns && seq < board_tape_head(f->board);
}

struct stream *
feed_join(struct feed *f, const char *names, const char *only, const char *last_id, int64_t now_ns,
	int64_t wall_ns, void *user)
{
	struct stream *s = mem_zero(1, sizeof(*s));

	if (f->n_streams == 0) {
		size_t n = MAX((size_t)EVENTS_MIN, (size_t)f->info.n_channels * 2);

		ring_init(&f->ring, n, n * BYTES_PER_EVENT); /* kept while somebody listens */
		remember(f, now_ns);
	} else {
		feed_pump(f, wall_ns);
	}
	s->feed = f;
	s->user = user;
	s->names = names != NULL ? mem_text(names) : NULL;
	s->only = only != NULL ? mem_text(only) : NULL;
	s->next = f->first;
	if (f->first != NULL)
		f->first->prev = s;
	f->first = s;
	f->n_streams++;
	resolve(s);
	if (can_resume(f, last_id, &s->place))
		s->phase = REPLAY;
	else
		begin_snapshot(s);
	return s;
}

void
feed_leave(struct stream *s)
{
	struct feed *f;

	if (s == NULL)
		return;
	f = s->feed;
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		f->first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	free(s->names);
	free(s->only);
	free(s->wants);
	free(s);
	if (--f->n_streams == 0)
		ring_done(&f->ring);
}

/* Pass over what is not for this stream. */
bool
stream_is_ready(struct stream *s)
{
	const struct ring *r = &s->feed->ring;
	const char *bytes;

	if (s->phase != LIVE || s->next_event < r->oldest)
		return true;
	while (s->next_event < r->head && !is_wanted(s, ring_get(r, s->next_event, &bytes)->about))
		s->next_event++;
	return s->next_event < r->head;
}

/* The two phases that read the board itself. Each call writes at most one event, or passes on to the next phase. */
static void
step_replay(struct stream *s, int64_t wall_ns)
{
	struct feed *f = s->feed;
	struct board_change c;
	uint64_t missed = 0;
	size_t n = s->place < f->place ? board_tape_read(f->board, &s->place, &c, 1, &missed) : 0;

	if (missed > 0)
		write_number(f, "gap", "missed", missed);
	else if (n == 1 && c.channel < f->info.n_channels && is_wanted(s, c.channel))
		write_update(f, c.seq, c.channel, &c.sample, wall_ns);
	/* The snapshot also tells what grew old without a word on the tape. */
	if (n == 0 || missed > 0)
		begin_snapshot(s);
}

static void
step_snapshot(struct stream *s, int64_t now_ns, int64_t wall_ns)
{
	struct feed *f = s->feed;
	struct sample sample;

	while (s->channel < f->info.n_channels && !is_wanted(s, s->channel))
		s->channel++;
	if (s->channel == f->info.n_channels) {
		s->phase = LIVE;
		return;
	}
	board_look(f->board, s->channel, now_ns, &sample);
	write_update(f, f->place - 1, s->channel, &sample, wall_ns);
	s->channel++;
}

static void
start_again(struct stream *s)
{
	resolve(s);
	begin_snapshot(s);
}

static size_t
read_live(struct stream *s, char *out, size_t max)
{
	const struct ring *r = &s->feed->ring;
	size_t n = 0;

	while (s->phase == LIVE && stream_is_ready(s)) {
		const char *bytes;
		const struct ring_entry *e = ring_get(r, s->next_event, &bytes);

		if (n + e->n > max)
			break;
		memcpy(out + n, bytes, e->n);
		n += e->n;
		s->next_event++;
		if (e->about == RING_RESTART)
			start_again(s);
	}
	return n;
}

size_t
stream_read(struct stream *s, int64_t now_ns, int64_t wall_ns, char *out, size_t max)
{
	struct feed *f = s->feed;
	size_t n = 0;

	while (max - n >= FEED_EVENT_MAX && stream_is_ready(s)) {
		buf_clear(&f->scratch);
		if (s->phase == REPLAY) {
			step_replay(s, wall_ns);
		} else if (s->phase == SNAPSHOT) {
			step_snapshot(s, now_ns, wall_ns);
		} else if (s->next_event < f->ring.oldest) {
			write_number(f, "gap", "missed", f->ring.oldest - s->next_event);
			start_again(s);
		} else {
			size_t got = read_live(s, out + n, max - n);

			n += got;
			if (got == 0)
				break;
			continue;
		}
		memcpy(out + n, f->scratch.data, f->scratch.n);
		n += f->scratch.n;
	}
	return n;
}

/* ---- the feed itself --------------------------------------------------------------------------------------------- */

struct feed *
feed_new(void)
{
	struct feed *f = mem_zero(1, sizeof(*f));

	buf_room(&f->scratch, FEED_EVENT_MAX);
	return f;
}

void
feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	assert(f->n_streams == 0);
	buf_done(&f->scratch);
	free(f->shown);
	free(f);
}

void
feed_show(struct feed *f, const struct board *board, int64_t now_ns, int64_t wall_ns)
{
	if (f->board != NULL)
		feed_pump(f, wall_ns);
	f->board = board;
	board_info(board, &f->info);
	free(f->shown);
	f->shown = mem_zero(f->info.n_channels + 1, sizeof(*f->shown));
	remember(f, now_ns);
	if (f->n_streams == 0)
		return;
	write_number(f, "changed", "generation", f->info.generation);
	tell(f, RING_RESTART);
	/* Who was still reading the old board itself goes on with this event. */
	for (struct stream *s = f->first; s != NULL; s = s->next) {
		if (s->phase == LIVE)
			continue;
		s->phase = LIVE;
		s->next_event = f->ring.head - 1;
	}
}

size_t
feed_streams(const struct feed *f)
{
	return f->n_streams;
}

struct stream *
feed_next(const struct feed *f, const struct stream *s)
{
	return s != NULL ? s->next : f->first;
}

void *
stream_user(const struct stream *s)
{
	return s->user;
}
