/* answer_walk.c - the samples of a channel one by one, with their wall times */
#include "history/answer_inside.h"

#include "msg/quality.h"

void
walk_begin(struct answer *a, struct walk *w, int64_t from_ns, int64_t to_ns, bool is_raw)
{
	walk_end(w);
	w->from_ns = from_ns;
	w->to_ns = to_ns;
	if (w->over != NULL) {
		w->to_ns = MIN(to_ns, w->limit_ns);
		from_ns = over_wall(w->over, from_ns);
		to_ns = over_wall(w->over, to_ns);
	}
	w->cursor = cursor_new(a->reader, &w->ch, from_ns, to_ns, is_raw);
}

void
walk_end(struct walk *w)
{
	cursor_free(w->cursor);
	w->cursor = NULL;
	series_clear(&w->series, w->ch.type);
	w->at = 0;
	w->offset_from = w->offset_until = 0;
	w->has_sample = w->is_over = false;
}

int64_t
walk_wall(const struct answer *a, struct walk *w, int64_t t_ns)
{
	if (t_ns < w->offset_from || t_ns >= w->offset_until)
		w->offset =
			reader_offset(a->reader, w->boot, t_ns, &w->offset_from, &w->offset_until);
	return w->over != NULL ? over_time(w->over, w->boot, t_ns, t_ns + w->offset)
			       : t_ns + w->offset;
}

void
walk_note_thinned(struct walk *w, const struct piece *piece, int64_t until_ns)
{
	if ((piece->stats.flags & CHUNK_THINNED) != 0)
		w->thinned_ns = MAX(w->thinned_ns, until_ns);
}

const char *
walk_why(const struct walk *w)
{
	unsigned quality = series_quality(&w->series, w->at);

	if (quality != Q_GOOD)
		return quality_row(quality)->token;
	return series_sum_of(&w->series, w->at) == NULL ? NULL : ANSWER_THINNED;
}

void
answer_thinned(struct answer *a, struct buf *out, struct walk *w)
{
	if (w->thinned_ns == 0 || w->over != NULL)
		return;
	buf_puts(out, ",\"thinned_until\":");
	answer_seconds(a, out, w->thinned_ns);
	w->thinned_ns = 0;
}

/* The sample at `at` or the next one behind it that is in the range. */
static bool
settle(struct answer *a, struct walk *w)
{
	for (; w->at < w->series.n; w->at++) {
		w->wall_ns = walk_wall(a, w, w->series.t[w->at]);
		if (w->wall_ns >= w->from_ns && w->wall_ns < w->to_ns)
			return true;
	}
	return false;
}

static int
next_piece(struct answer *a, struct walk *w, struct err *err)
{
	struct piece piece;
	int rc = cursor_next(w->cursor, &piece, err);

	if (rc <= 0) {
		w->is_over = rc == 0;
		return rc;
	}
	if (piece.boot != w->boot)
		w->offset_from = w->offset_until = 0;
	w->boot = piece.boot;
	w->at = 0;
	walk_note_thinned(w, &piece, reader_wall(a->reader, piece.boot, piece.stats.t_max));
	return cursor_load(w->cursor, &w->series, err) < 0 ? ERR_IO : 1;
}

int
walk_next(struct answer *a, struct walk *w, unsigned *budget, struct err *err)
{
	w->at += w->has_sample;
	w->has_sample = false;
	while (!settle(a, w)) {
		int rc;

		if (w->is_over || *budget == 0)
			return 0;
		--*budget;
		rc = next_piece(a, w, err);
		if (rc <= 0)
			return rc;
	}
	w->has_sample = true;
	return 1;
}

double
walk_number(const struct walk *w)
{
	switch (w->series.type) {
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		return w->series.v[w->at].f;
	case VALUE_UINT:
		return (double)w->series.v[w->at].u;
	default:
		return (double)w->series.v[w->at].i;
	}
}
