/* cursor.c - the samples of one channel, piece by piece: what was recorded, and between it, by wall time, what was imported
 *
 * Most channels have been recorded and nothing else: then there is one source, and its pieces are given as they are. Else the source whose next piece
 * begins first gives it; one that reaches behind the beginning of another source's is read and given in parts. Of an import only its first and last time
 * are known until that beginning is reached, so that hundreds of imports cost no memory.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "history/strand.h"

struct source {
	uint32_t import; /* 0: what was recorded */
	int64_t begin_ns;
	struct strand *strand; /* NULL: not opened yet */
	bool is_over, has_piece, is_loaded;
	struct piece piece;
	int64_t from_ns, to_ns; /* wall times of what is left of the piece */
	struct series series;   /* when it is loaded */
	size_t at;              /* in it: what is left */
};

struct cursor {
	struct reader *r;
	struct reader_channel ch;
	int64_t from_ns, to_ns;
	bool is_raw, is_held;
	struct source *sources; /* the first is what was recorded */
	size_t n;
	struct source *now;   /* that gave the last piece; NULL */
	size_t first, behind; /* of its series, when it is loaded: the part that was given */
	int failed;
	struct err why;
};

static void
add_imports(struct cursor *c)
{
	struct reader_cover *covers = NULL;
	int n = c->r->n_imports == 0 ? 0 : reader_covers(c->r, &c->ch, &covers, &c->why);

	c->failed = MIN(n, 0);
	c->sources = mem_zero((size_t)MAX(n, 0) + 1, sizeof(*c->sources));
	c->sources[0].begin_ns = INT64_MIN;
	c->n = 1;
	for (int i = 0; i < n; i++)
		if (covers[i].from_ns < c->to_ns && covers[i].to_ns >= c->from_ns)
			c->sources[c->n++] = (struct source){ .import = covers[i].import,
				.begin_ns = covers[i].from_ns };
	free(covers);
	for (size_t i = 0; i < c->n; i++)
		series_init(&c->sources[i].series, c->ch.type);
}

struct cursor *
cursor_new(struct reader *r, const struct reader_channel *ch, int64_t from_ns, int64_t to_ns,
	bool is_raw)
{
	struct cursor *c = mem_zero(1, sizeof(*c));

	c->r = r;
	c->ch = *ch;
	c->from_ns = from_ns;
	c->to_ns = to_ns;
	c->is_raw = is_raw;
	add_imports(c);
	return c;
}

static void
close_source(struct source *s)
{
	strand_free(s->strand);
	s->strand = NULL;
	series_done(&s->series);
	s->is_over = true;
	s->has_piece = s->is_loaded = false;
}

void
cursor_free(struct cursor *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		close_source(&c->sources[i]);
	free(c->sources);
	free(c);
}

void
cursor_hold(struct cursor *c)
{
	c->is_held = true;
	for (size_t i = 0; i < c->n; i++)
		if (c->sources[i].strand != NULL)
			strand_hold(c->sources[i].strand);
}

void
cursor_release(struct cursor *c)
{
	c->is_held = false;
	for (size_t i = 0; i < c->n; i++)
		if (c->sources[i].strand != NULL)
			strand_release(c->sources[i].strand);
}

/* ---- sources -------------------------------------------------------------------------------------------------------------- */

/* Its next piece, unless there is a rest of one. */
static int
look(struct cursor *c, struct source *s, struct err *err)
{
	int rc;

	if (s->is_over || s->has_piece)
		return 0;
	if (s->strand == NULL) {
		s->strand = strand_new(c->r, &c->ch, c->from_ns, c->to_ns, c->is_raw, s->import);
		if (c->is_held)
			strand_hold(s->strand);
	}
	rc = strand_next(s->strand, &s->piece, err);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		close_source(s);
		return 0;
	}
	s->has_piece = true;
	s->is_loaded = false;
	s->from_ns = reader_wall(c->r, s->piece.boot, s->piece.stats.t_min);
	s->to_ns = reader_wall(c->r, s->piece.boot, s->piece.stats.t_max);
	return 0;
}

/* The source whose piece begins first; NULL: all are over. An import is opened when it may have something before the end of that piece. */
static int
choose(struct cursor *c, struct source **out, struct err *err)
{
	struct source *first = NULL;

	for (size_t i = 0; i < c->n; i++) {
		struct source *s = &c->sources[i];
		int rc;

		if (s->is_over ||
			(s->strand == NULL && first != NULL && s->begin_ns > first->to_ns))
			continue;
		rc = look(c, s, err);
		if (rc < 0)
			return rc;
		if (s->has_piece && (first == NULL || s->from_ns < first->from_ns))
			first = s;
	}
	*out = first;
	return 0;
}

/* Where another source goes on. */
static int64_t
next_of_others(const struct cursor *c, const struct source *s)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < c->n; i++) {
		const struct source *other = &c->sources[i];

		if (other != s && other->has_piece)
			next = MIN(next, other->from_ns);
		else if (other != s && !other->is_over && other->strand == NULL)
			next = MIN(next, other->begin_ns);
	}
	return next;
}

/* ---- pieces --------------------------------------------------------------------------------------------------------------- */

static int64_t
wall_at(const struct cursor *c, const struct source *s, size_t i)
{
	return reader_wall(c->r, s->piece.boot, s->series.t[i]);
}

/* What is left of its piece up to `limit`, at least one sample. */
static int
give_part(struct cursor *c, struct source *s, int64_t limit, struct piece *out, struct err *err)
{
	size_t end;

	if (!s->is_loaded && strand_load(s->strand, &s->series, err) < 0)
		return ERR_IO;
	if (!s->is_loaded)
		s->at = 0;
	s->is_loaded = true;
	if (s->series.n == 0) { /* what was there has been removed since */
		s->has_piece = s->is_loaded = false;
		return 0;
	}
	for (end = s->at + 1; end < s->series.n && wall_at(c, s, end) <= limit; end++)
		continue;
	*out = s->piece;
	chunk_stats(&s->series, s->at, end - s->at, &out->stats);
	c->first = s->at;
	c->behind = end;
	s->at = end;
	s->has_piece = end < s->series.n;
	if (s->has_piece)
		s->from_ns = wall_at(c, s, end);
	return 1;
}

int
cursor_next(struct cursor *c, struct piece *out, struct err *err)
{
	int rc = 0;

	if (c->failed < 0) {
		*err = c->why;
		return c->failed;
	}
	while (rc == 0) {
		struct source *s;
		int64_t limit;

		rc = choose(c, &s, err);
		if (rc < 0 || s == NULL)
			return rc;
		c->now = s;
		limit = next_of_others(c, s);
		if (!s->is_loaded && s->to_ns <= limit) {
			*out = s->piece;
			s->has_piece = false;
			return 1;
		}
		rc = give_part(c, s, limit, out, err);
	}
	return rc;
}

int
cursor_load(struct cursor *c, struct series *out, struct err *err)
{
	if (!c->now->is_loaded)
		return strand_load(c->now->strand, out, err);
	series_clear(out, c->ch.type);
	series_append(out, &c->now->series, c->first, c->behind - c->first);
	return 0;
}
