/* answer_series.c - samples as Grafana's JSON plug-ins draw them: a list a series, and one table for those that ask for it
 *
 *	[
 *	{"target":"T_bed","datapoints":[[21.5,1795698000000],[null,1795698010000]]},
 *	{"type":"table","columns":[{"text":"Time","type":"time"},{"text":"p (bar)","type":"number"}],"rows":[[1795698000000,1.5]]}
 *	]
 *
 * The value comes first, then milliseconds since 1970. What is bad or not known is null: a line breaks there. A channel that nothing is recorded of has
 * an empty list, as an error would take the whole panel away.
 */
#include <string.h>

#include "history/answer_inside.h"
#include "msg/quality.h"

static char
letter_of(const struct answer *a, size_t channel)
{
	return (char)(a->ask.columns[channel] | 0x20);
}

static bool
is_in_table(const struct answer *a, size_t channel)
{
	return (a->ask.columns[channel] & 0x20) == 0;
}

void
answer_places(struct answer *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->ask.n_channels; i++)
		if (is_in_table(a, i))
			a->walks[i].place = n++;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------- */

/* The columns of a letter, one behind the other. */
static const char *
columns_of(char letter)
{
	switch (letter) {
	case ASK_ENVELOPE:
		return "nmx";
	case ASK_AUTO:
	case ASK_RAW:
		return "m";
	case ASK_MIN:
		return "n";
	case ASK_MAX:
		return "x";
	case ASK_FIRST:
		return "f";
	case ASK_LAST:
		return "l";
	case ASK_COUNT:
		return "c";
	default:
		return "m";
	}
}

static const char *
suffix_of(char column)
{
	switch (column) {
	case ASK_MIN:
		return " min";
	case ASK_MAX:
		return " max";
	case ASK_FIRST:
		return " first";
	case ASK_LAST:
		return " last";
	case ASK_COUNT:
		return " count";
	default:
		return "";
	}
}

/* False: nothing good is known. The first and last of an interval without a sample is what held in all of it. */
static bool
number_of(const struct bucket *b, char column, double *out)
{
	switch (column) {
	case ASK_MIN:
		*out = b->min;
		break;
	case ASK_MAX:
		*out = b->max;
		break;
	case ASK_FIRST:
		*out = b->n_good > 0 ? b->first : b->min;
		break;
	case ASK_LAST:
		*out = b->n_good > 0 ? b->last : b->min;
		break;
	case ASK_COUNT:
		*out = b->n;
		return true;
	default:
		*out = b->has_value ? bucket_mean(b) : 0;
	}
	return b->has_value;
}

static void
put_number(struct buf *out, const struct walk *w, const struct bucket *b, char column)
{
	bool is_exact = column != ASK_MEAN && column != ASK_COUNT;
	double v;

	if (number_of(b, column, &v))
		form_number(out,
			w->ch.type == VALUE_FLOAT32 && is_exact ? VALUE_FLOAT32 : VALUE_FLOAT, v);
	else
		buf_put(out, "null", 4);
}

/* ---- a series ------------------------------------------------------------------------------------------------------------ */

static void
begin_list(struct answer *a, struct buf *out, char column)
{
	struct walk *w = &a->walks[a->channel];
	struct json j;

	buf_puts(out, a->has_series ? ",\n{\"target\":" : "\n{\"target\":");
	a->has_series = true;
	json_open(&j, out);
	json_text(&j, NULL, w->ch.name);
	out->n--; /* its closing quote */
	buf_printf(out, "%s\",\"datapoints\":[", suffix_of(column));
}

static void
put_point(struct answer *a, struct buf *out)
{
	if (a->row++ > 0)
		buf_putc(out, ',');
	buf_putc(out, '[');
}

static void
put_moment(struct buf *out, int64_t wall_ns)
{
	buf_printf(out, ",%lld]", (long long)(wall_ns / NS_PER_MS));
}

/* From where on nothing is known, before the next sample. */
static void
put_gaps(struct answer *a, struct walk *w, struct buf *out, int64_t wall_ns)
{
	for (; w->next_gap < w->n_gaps && w->ledger[w->next_gap].from_ns <= wall_ns;
		w->next_gap++) {
		const struct reader_gap *gap = &w->ledger[w->next_gap];

		if (gap->to_ns <= a->ask.seen_from_ns || gap->from_ns >= a->ask.seen_to_ns)
			continue;
		put_point(a, out);
		buf_put(out, "null", 4);
		put_moment(out, MAX(gap->from_ns, a->ask.seen_from_ns));
	}
}

static void
put_sample(struct answer *a, struct buf *out, struct walk *w)
{
	double v = walk_number(w);

	put_gaps(a, w, out, w->wall_ns);
	put_point(a, out);
	if (quality_is_bad(series_quality(&w->series, w->at)) || v != v)
		buf_put(out, "null", 4);
	else
		form_number(out, w->ch.type == VALUE_FLOAT32 ? VALUE_FLOAT32 : VALUE_FLOAT, v);
	put_moment(out, w->wall_ns);
}

/* Each sample: 1 when that was the last one, 0: the step is over. */
static int
put_samples(struct answer *a, struct buf *out, size_t before, struct err *err)
{
	struct walk *w = &a->walks[a->channel];
	unsigned budget = ANSWER_PIECES;
	int rc;

	if (w->cursor == NULL) {
		walk_begin(a, w, a->ask.seen_from_ns, a->ask.seen_to_ns, true);
		begin_list(a, out, ASK_MEAN);
		w->next_gap = 0;
	}
	while (out->n - before < ANSWER_BYTES) {
		rc = walk_next(a, w, &budget, err);
		if (rc < 0)
			return rc;
		if (rc == 0 && !w->is_over)
			return 0;
		if (rc == 0) {
			put_gaps(a, w, out, a->ask.seen_to_ns);
			walk_end(w);
			return 1;
		}
		put_sample(a, out, w);
	}
	return 0;
}

/* A value for each interval, of one column. */
static int
put_intervals(struct answer *a, struct buf *out, size_t before, char column)
{
	const struct walk *w = &a->walks[a->channel];

	if (a->row == 0)
		begin_list(a, out, column);
	while (a->row < a->ask.points && out->n - before < ANSWER_BYTES) {
		size_t row = a->row;

		put_point(a, out);
		put_number(out, w, &answer_buckets_of(a, a->channel)[row], column);
		put_moment(out, answer_edge(a, row));
	}
	return a->row == a->ask.points;
}

/* So few samples that each of them can be drawn? */
static bool
is_by_sample(struct answer *a)
{
	char letter = letter_of(a, a->channel);
	size_t n = 0, most = letter == ASK_AUTO ? a->ask.points : ASK_POINTS_MAX;

	if ((letter != ASK_AUTO && letter != ASK_RAW) ||
		a->walks[a->channel].ch.type == VALUE_TEXT || a->walks[a->channel].thinned_ns > 0)
		return false;
	for (size_t i = 0; i < a->ask.points && n <= most; i++)
		n += answer_buckets_of(a, a->channel)[i].n;
	return n <= most;
}

/* The series of the channel at hand: 1 when they are whole. */
static int
put_channel(struct answer *a, struct buf *out, size_t before, struct err *err)
{
	const char *columns = columns_of(letter_of(a, a->channel));
	int rc;

	if (a->walks[a->channel].is_missing) {
		begin_list(a, out, columns[0]);
		buf_puts(out, "]}");
		return 1;
	}
	if (!a->is_filled) {
		rc = answer_fill(a, err);
		if (rc <= 0)
			return rc;
		a->is_filled = true;
		a->is_by_sample = is_by_sample(a);
		a->column = 0;
		a->row = 0;
	}
	while (columns[a->column] != '\0') {
		rc = a->is_by_sample ? put_samples(a, out, before, err)
				     : put_intervals(a, out, before, columns[a->column]);
		if (rc <= 0)
			return rc;
		buf_puts(out, "]}");
		a->row = 0;
		a->column++;
	}
	a->is_filled = false;
	return 1;
}

/* ---- the table ----------------------------------------------------------------------------------------------------------- */

static void
put_heads(struct answer *a, struct buf *out)
{
	struct json j;

	buf_puts(out, a->has_series ? ",\n" : "\n");
	buf_puts(out, "{\"type\":\"table\",\"columns\":[{\"text\":\"Time\",\"type\":\"time\"}");
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		const struct walk *w = &a->walks[i];

		if (!is_in_table(a, i) || w->is_missing)
			continue;
		for (const char *c = columns_of(letter_of(a, i)); *c != '\0'; c++) {
			buf_puts(out, ",{\"text\":");
			json_open(&j, out);
			json_text(&j, NULL, w->ch.name);
			out->n--; /* its closing quote */
			buf_puts(out, suffix_of(*c));
			buf_puts(out, "\",\"type\":\"number\"}");
		}
	}
	buf_puts(out, "],\"rows\":[");
}

static void
put_row(struct answer *a, struct buf *out)
{
	buf_puts(out, a->row > 0 ? ",\n[" : "\n[");
	buf_printf(out, "%lld", (long long)(answer_edge(a, a->row) / NS_PER_MS));
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		const struct walk *w = &a->walks[i];

		if (!is_in_table(a, i) || w->is_missing)
			continue;
		for (const char *c = columns_of(letter_of(a, i)); *c != '\0'; c++) {
			buf_putc(out, ',');
			put_number(out, w, &answer_buckets_of(a, i)[a->row], *c);
		}
	}
	buf_putc(out, ']');
}

/* 1: it is whole. */
static int
put_table(struct answer *a, struct buf *out, size_t before, struct err *err)
{
	if (a->channel < a->ask.n_channels) {
		int rc = is_in_table(a, a->channel) && !a->walks[a->channel].is_missing
				 ? answer_fill(a, err)
				 : 1;

		if (rc == 1 && ++a->channel == a->ask.n_channels) {
			put_heads(a, out);
			a->row = 0;
		}
		return rc < 0 ? rc : 0;
	}
	for (; a->row < a->ask.points && out->n - before < ANSWER_BYTES; a->row++)
		put_row(a, out);
	if (a->row < a->ask.points)
		return 0;
	buf_puts(out, "]}");
	return 1;
}

/* ---- all of it ----------------------------------------------------------------------------------------------------------- */

int
answer_series(struct answer *a, struct buf *out, struct err *err)
{
	size_t before = out->n;
	int rc;

	if (!a->is_begun)
		buf_putc(out, '[');
	a->is_begun = true;
	for (; !a->is_in_table && a->channel < a->ask.n_channels; a->channel++) {
		if (is_in_table(a, a->channel))
			continue;
		rc = put_channel(a, out, before, err);
		if (rc == 1)
			a->channel++; /* a channel a step at most: its chunks have been looked at */
		return rc < 0 ? rc : 1;
	}
	if (a->ask.n_table > 0) {
		if (!a->is_in_table)
			a->channel = 0;
		a->is_in_table = true;
		rc = put_table(a, out, before, err);
		if (rc <= 0)
			return rc < 0 ? rc : 1;
	}
	buf_puts(out, "\n]\n");
	return 0;
}
