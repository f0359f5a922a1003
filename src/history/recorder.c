/* recorder.c - from the tapes of boards into the store */
#include "history/recorder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "history/thin.h"

#define BOARDS_MAX 8
#define BATCH 64
#define STEP_NS (10 * NS_PER_MS)   /* of the wall clock: it stands in the store at once */
#define CREEP_NS NS_PER_MS         /* after so much of drift again */
#define CLOCK_NS (3600 * NS_PER_S) /* and in any case after this */
#define SEAMLESS_NS                                                                                \
	(500 * NS_PER_MS) /* from the last tick on one board to the next board: a reload */

struct tape {
	const struct board *board;
	void (*release)(void *ctx, const struct board *b);
};

struct recorder {
	struct store *store;
	recorder_fn fn;
	recorder_fetch_fn fetch; /* NULL: nobody can */
	void *ctx;
	struct tape tapes[BOARDS_MAX]; /* oldest first; the first is drained */
	size_t n_tapes;
	bool is_attached;    /* to the first one: `place` is on it, `map` is of it */
	bool is_fresh;       /* nothing has been read since then */
	uint32_t *map;       /* [channel of the board] number in the store; STORE_NONE */
	struct thin **thins; /* [channel of the board] NULL: each change is recorded */
	uint32_t n_map, n_thins;
	int64_t resolution_ns;
	struct store_place place;
	int64_t recorded_ns; /* the record is whole up to here */
	int64_t last_ns;     /* of the last sample that was taken */
	uint64_t taken;
	struct recorder_clock clock; /* as it stands in the store */
	bool has_clock;
	const char *trouble; /* why nothing can be committed; NULL */
	bool is_dropping;    /* for so long that samples are lost */
	uint64_t lost;
};

struct recorder *
recorder_new(struct store *store, int64_t resolution_ns, recorder_fn fn, void *ctx)
{
	struct recorder *r = mem_zero(1, sizeof(*r));

	r->store = store;
	r->resolution_ns = MAX(resolution_ns, INT64_C(1));
	r->fn = fn;
	r->ctx = ctx;
	store_place(store, &r->place);
	r->recorded_ns = store_recorded(store);
	return r;
}

static void
forget_map(struct recorder *r)
{
	for (uint32_t i = 0; i < r->n_map; i++)
		free(r->thins[i]);
	free(r->thins);
	free(r->map);
	r->thins = NULL;
	r->map = NULL;
	r->n_map = r->n_thins = 0;
}

static void
leave_board(struct recorder *r)
{
	if (r->tapes[0].release != NULL)
		r->tapes[0].release(r->ctx, r->tapes[0].board);
	memmove(r->tapes, r->tapes + 1, --r->n_tapes * sizeof(r->tapes[0]));
	forget_map(r);
	r->is_attached = false;
}

void
recorder_free(struct recorder *r)
{
	if (r == NULL)
		return;
	while (r->n_tapes > 0)
		leave_board(r);
	free(r);
}

void
recorder_board(struct recorder *r, const struct board *b,
	void (*release)(void *ctx, const struct board *b))
{
	/* More than a few at once come when nothing can be written: the oldest is given up, and shows as a gap. */
	if (r->n_tapes == BOARDS_MAX)
		leave_board(r);
	r->tapes[r->n_tapes++] = (struct tape){ b, release };
}

uint64_t
recorder_taken(const struct recorder *r)
{
	return r->taken;
}

/* ---- a new board ---------------------------------------------------------------------------------------------------------- */

static void
choices_of(const struct board *b, const struct board_channel *ch, struct buf *out)
{
	const struct image_choice *c;

	buf_clear(out);
	for (uint32_t i = 0; (c = board_choice_row(b, ch, i)) != NULL; i++)
		buf_printf(out, "%s%lld=%s", i > 0 ? "\n" : "", (long long)c->number,
			board_text(b, c->word));
}

static int
map_channels(struct recorder *r, const struct board *b, struct err *err)
{
	struct buf choices = { 0 };
	struct board_info info;
	int rc = 0;

	board_info(b, &info);
	r->map = mem_zero(info.n_channels, sizeof(*r->map));
	r->thins = mem_zero(info.n_channels, sizeof(struct thin *));
	r->n_map = info.n_channels;
	for (uint32_t i = 0; i < info.n_channels && rc == 0; i++) {
		const struct board_channel *d = board_channel(b, i);
		const char *instrument =
			d->instrument < info.n_instruments
				? board_text(b, board_instrument(b, d->instrument)->name)
				: "";
		struct store_channel ch = { .id = d->id,
			.type = d->type < VALUE_TYPES ? (enum value_type)d->type : VALUE_FLOAT,
			.name = board_text(b, d->name),
			.unit = board_text(b, d->unit),
			.title = board_text(b, d->title),
			.instrument = instrument };

		choices_of(b, d, &choices);
		ch.choices = buf_text(&choices);
		r->map[i] = STORE_NONE;
		if (d->record == RECORD_NONE)
			continue;
		rc = store_channel(r->store, &ch, &r->map[i], err);
		r->thins[i] = thin_new(ch.type, d->deadband, d->min_interval_ns);
		r->n_thins += r->thins[i] != NULL;
	}
	buf_done(&choices);
	return rc;
}

/* What lies between the end of the record and a board that it does not know yet. */
static void
note_seam(struct recorder *r, const struct board_info *info)
{
	struct store_gap gap = {
		.from_place = true, .from_ns = r->recorded_ns, .to_ns = info->made_ns
	};
	bool is_other_boot = strcmp(r->place.boot_id, info->boot_id) != 0;

	if (r->place.made_ns == 0) {
		gap.is_first = true;
		gap.cause = "first_start";
	} else if (is_other_boot) {
		gap.cause = "computer_off";
	} else if (info->made_ns - r->recorded_ns > SEAMLESS_NS) {
		gap.cause = "bench_stopped";
		gap.from_place = false; /* which may not have been committed yet */
	} else {
		return;
	}
	store_gap(r->store, &gap);
}

/* Its channels get their numbers. When they cannot be written down now, its tape waits. */
static int
attach(struct recorder *r, struct err *err)
{
	const struct board *b = r->tapes[0].board;
	struct board_info info;
	bool is_known;
	int rc;

	board_info(b, &info);
	is_known = strcmp(r->place.boot_id, info.boot_id) == 0 && r->place.made_ns == info.made_ns;
	rc = store_boot(r->store, info.boot_id, err);
	if (rc == 0)
		rc = store_channels_begin(r->store, err);
	if (rc < 0)
		return rc;
	rc = map_channels(r, b, err);
	if (store_channels_end(r->store, rc == 0, rc < 0 ? NULL : err) < 0)
		rc = ERR_IO;
	if (rc < 0) {
		forget_map(r);
		return rc;
	}
	if (!is_known) {
		note_seam(r, &info);
		r->place = (struct store_place){ .made_ns = info.made_ns, .seq = 1 };
		text_copy(r->place.boot_id, sizeof(r->place.boot_id), info.boot_id);
		r->recorded_ns = info.made_ns;
	}
	r->last_ns = r->recorded_ns;
	r->is_attached = r->is_fresh = true;
	return 0;
}

/* One that the record has left already, of the same boot. */
static bool
is_past(const struct recorder *r, const struct board *b)
{
	struct board_info info;

	board_info(b, &info);
	return strcmp(r->place.boot_id, info.boot_id) == 0 && info.made_ns < r->place.made_ns;
}

/* ---- the tape ------------------------------------------------------------------------------------------------------------- */

static void
record(struct recorder *r, uint32_t channel, const struct sample *s)
{
	struct sample cut = *s;

	cut.stamp_ns -= cut.stamp_ns % r->resolution_ns;
	r->taken++;
	if (r->is_dropping)
		r->lost++;
	else
		store_add(r->store, r->map[channel], &cut);
}

void
recorder_fetches(struct recorder *r, recorder_fetch_fn fetch)
{
	r->fetch = fetch;
}

void
recorder_event(struct recorder *r, const struct event *e, bool has_wall, int64_t wall_ns)
{
	store_event(r->store, e, has_wall, wall_ns);
}

static void note_clock(struct recorder *r, const struct recorder_clock *now);

/* A hole in the ids is one of the tape, and those in it are fetched; so are all behind the last one when it begins. */
static void
take_event(struct recorder *r, const struct board_change *c)
{
	uint8_t bytes[EVENT_BYTES];
	size_t n = board_tape_event_read(r->tapes[0].board, c, bytes);
	uint64_t last = store_last_event(r->store);
	struct event e;
	struct err err;

	if (n == 0 || event_decode(&e, bytes, n, &err) < 0)
		return;
	if (e.id > last + 1 && r->fetch != NULL)
		r->fetch(r->ctx, last);
	store_event(r->store, &e, r->clock.is_good, r->clock.wall_ns);
}

static void
take(struct recorder *r, const struct board_change *c)
{
	struct thin *thin = c->channel < r->n_map ? r->thins[c->channel] : NULL;
	struct sample before;
	unsigned what;

	if (c->channel == BOARD_TAPE_EVENT)
		take_event(r, c);
	else if (c->channel == BOARD_TAPE_CLOCK)
		note_clock(r, &(struct recorder_clock){
				      c->sample.stamp_ns, c->sample.v.i, c->sample.code != 0 });
	if (c->channel >= r->n_map)
		return;
	r->last_ns = MAX(r->last_ns, c->sample.stamp_ns);
	if (r->map[c->channel] == STORE_NONE)
		return;
	if (thin == NULL) {
		record(r, c->channel, &c->sample);
		return;
	}
	what = thin_take(thin, &c->sample, &before);
	if (what & THIN_BEFORE)
		record(r, c->channel, &before);
	if (what & THIN_THIS)
		record(r, c->channel, &c->sample);
}

/* Values that wait for the end of their interval. is_last: all of them. */
static void
take_waiting(struct recorder *r, int64_t now_ns, bool is_last)
{
	struct sample s;

	for (uint32_t i = 0; r->n_thins > 0 && i < r->n_map; i++)
		if (r->thins[i] != NULL && thin_due(r->thins[i], is_last ? NEVER : now_ns, &s))
			record(r, i, &s);
}

static void
note_missed(struct recorder *r, const struct board_change *next, uint64_t missed)
{
	const struct store_gap gap = { .from_ns = r->last_ns,
		.to_ns = next->sample.stamp_ns,
		.cause = r->is_fresh ? "recorder_away" : "overrun",
		.missed = missed };

	store_gap(r->store, &gap);
	r->fn(r->ctx, gap.cause, true, missed);
}

/* The tape of the first board, to its present end. */
static void
drain(struct recorder *r)
{
	const struct board *b = r->tapes[0].board;
	struct board_change changes[BATCH];
	struct board_heart heart;
	uint64_t missed, since = 0;
	size_t n;

	board_read_heart(b, &heart);
	do {
		n = board_tape_read(b, &r->place.seq, changes, BATCH, &missed);
		since += missed;
		if (n > 0 && since > 0) {
			note_missed(r, &changes[0], since);
			since = 0;
		}
		for (size_t i = 0; i < n; i++)
			take(r, &changes[i]); /* BATCH is less than a channel takes */
		if (n > 0)
			r->is_fresh = false;
	} while ((n > 0 || missed > 0) && !store_is_due(r->store));
	r->recorded_ns = MAX(r->recorded_ns, heart.stamp_ns);
}

static void
note_clock(struct recorder *r, const struct recorder_clock *now)
{
	int64_t moved = now->wall_ns - r->clock.wall_ns;
	bool is_due = now->now_ns - r->clock.now_ns >= 60 * NS_PER_S;

	if (r->has_clock && now->is_good == r->clock.is_good && llabs(moved) < STEP_NS &&
		!(is_due && llabs(moved) >= CREEP_NS) && now->now_ns - r->clock.now_ns < CLOCK_NS)
		return;
	store_clock(r->store, now->now_ns, now->wall_ns, now->is_good);
	r->clock = *now;
	r->has_clock = true;
}

void
recorder_drain(struct recorder *r, const struct recorder_clock *clock)
{
	struct err err;

	while (r->n_tapes > 0 && !store_is_due(r->store)) {
		if (is_past(r, r->tapes[0].board)) {
			leave_board(r);
			continue;
		}
		if (!r->is_attached && attach(r, &err) < 0) {
			log_debug("history: %s", err.msg); /* the commit will say it */
			return;
		}
		drain(r);
		if (r->n_tapes == 1 || store_is_due(r->store))
			break;
		drain(r); /* its writer has gone over to the next one: what it wrote meanwhile */
		if (store_is_due(r->store))
			break;
		take_waiting(r, clock->now_ns, true);
		leave_board(r);
	}
	if (!r->is_attached)
		return;
	take_waiting(r, clock->now_ns, false);
	note_clock(r, clock);
}

void
recorder_end(struct recorder *r)
{
	if (r->is_attached)
		take_waiting(r, NEVER, true);
}

/* ---- to the disk ---------------------------------------------------------------------------------------------------------- */

static void
give_up_waiting(struct recorder *r)
{
	uint64_t lost = 0;
	struct err err;

	if (store_forget(r->store, &lost, &err) < 0) {
		log_err("history: %s; it starts again", err.msg);
		abort();
	}
	r->lost += lost;
	r->is_dropping = true;
}

static void
begin_trouble(struct recorder *r, const char *cause)
{
	if (r->trouble == NULL || strcmp(r->trouble, cause) != 0)
		r->fn(r->ctx, cause, false, 0);
	r->trouble = cause;
	if (!r->is_dropping && (store_is_full(r->store) || store_is_due(r->store)))
		give_up_waiting(r);
}

/* The gap is written with what comes behind it, or not at all. */
static void
note_dropped(struct recorder *r)
{
	const struct store_gap gap = { .from_place = true,
		.from_ns = store_recorded(r->store),
		.to_ns = r->recorded_ns,
		.cause = r->trouble,
		.missed = r->lost };

	store_gap(r->store, &gap);
}

int
recorder_commit(
	struct recorder *r, const struct recorder_clock *clock, bool may_write, struct err *err)
{
	int rc;

	if (!r->is_attached && r->n_tapes == 0)
		return 0;
	if (!may_write) {
		begin_trouble(r, "budget");
		return err_set(
			err, ERR_REFUSED, 0, "the disk has less room than the bench leaves free");
	}
	if (!r->is_attached) {
		rc = attach(r, err);
		if (rc < 0)
			begin_trouble(r, "disk_full");
		return rc;
	}
	if (r->is_dropping)
		note_dropped(r);
	rc = store_commit(r->store, &r->place, r->recorded_ns, clock->now_ns + clock->wall_ns, err);
	if (rc < 0) {
		begin_trouble(r, "disk_full");
		return rc;
	}
	if (r->trouble != NULL)
		r->fn(r->ctx, r->trouble, true, r->lost);
	r->trouble = NULL;
	r->is_dropping = false;
	r->lost = 0;
	return 0;
}
