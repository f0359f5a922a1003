/* table.c - the table: a channel a line */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "msg/shown.h"
#include "top/draw.h"

#define NAME_MOST 48 /* cells of a column that may have any text */
#define QUALITY_MOST 60

static const enum word headings[COLUMNS] = {
	[COLUMN_NAME] = W_COL_NAME,
	[COLUMN_TYPE] = W_COL_TYPE,
	[COLUMN_UNIT] = W_COL_UNIT,
	[COLUMN_MIN] = W_COL_MIN,
	[COLUMN_MAX] = W_COL_MAX,
	[COLUMN_SP] = W_COL_SP,
	[COLUMN_RAMP] = W_COL_RAMP,
	[COLUMN_VALUE] = W_COL_VALUE,
	[COLUMN_RW] = W_COL_RW,
	[COLUMN_VALVE] = W_COL_VALVE,
	[COLUMN_AGE] = W_COL_AGE,
	[COLUMN_QUALITY] = W_COL_QUALITY,
};

static bool
is_right(enum column c)
{
	return c == COLUMN_MIN || c == COLUMN_MAX || c == COLUMN_SP || c == COLUMN_VALUE ||
	       c == COLUMN_AGE;
}

/* The cells of one row as texts. */
struct cells {
	char text[COLUMNS][DRAW_TEXT];
	enum tone tone[COLUMNS];
};

static void
put_limit(char *out, double limit)
{
	snprintf(out, DRAW_TEXT, "%.6g", limit);
}

/* What was asked, with a mark while what is sent is another value. */
static void
put_target(struct cells *c, const struct top *t, const struct top_row *r)
{
	struct sample asked, sent;
	char text[VALUE_TEXT_MAX + 1];

	if (r->target == IMAGE_NONE)
		return;
	draw_now(text, t, r->working, &sent);
	draw_now(text, t, r->target, &asked);
	snprintf(c->text[COLUMN_SP], DRAW_TEXT, "%s%s", text,
		!quality_is_bad(asked.quality) && !quality_is_bad(sent.quality) &&
				asked.v.u != sent.v.u
			? "~"
			: "");
	c->tone[COLUMN_SP] = draw_tone(asked.quality);
}

/* How old it is, or how long ago it changed: what the rows are ordered by. */
static void
put_age(struct cells *c, const struct top *t, const struct top_row *r)
{
	int64_t since_ns = t->sort == SORT_CHANGE ? r->changed_ns : r->stamp_ns;
	char age[CLOCK_TEXT_SIZE];

	if (since_ns == 0 && t->sort == SORT_CHANGE) {
		clock_span(age, MAX(0, t->now_ns - t->began_ns));
		snprintf(
			c->text[COLUMN_AGE], DRAW_TEXT, ">%s", age); /* not since it is looked at */
	} else if (since_ns == 0) {
		text_copy(c->text[COLUMN_AGE], DRAW_TEXT, word(t->language, W_NEVER));
	} else {
		clock_span(age, MAX(0, t->now_ns - since_ns));
		text_copy(c->text[COLUMN_AGE], DRAW_TEXT, age);
	}
}

static void
put_row(struct cells *c, const struct top *t, uint32_t channel)
{
	const struct top_row *r = &t->rows[channel];
	const struct board_channel *ch = board_channel(t->board, channel);
	struct sample s, valve;

	for (int i = 0; i < COLUMNS; i++) {
		c->text[i][0] = '\0';
		c->tone[i] = TONE_PLAIN;
	}
	board_look(t->board, channel, t->now_ns, &s);
	text_copy(c->text[COLUMN_NAME], DRAW_TEXT, board_text(t->board, ch->name));
	text_copy(c->text[COLUMN_TYPE], DRAW_TEXT, value_type_text(ch->type));
	text_copy(c->text[COLUMN_UNIT], DRAW_TEXT, shown_unit(board_text(t->board, ch->unit)));
	if (ch->has_range) {
		put_limit(c->text[COLUMN_MIN], ch->min);
		put_limit(c->text[COLUMN_MAX], ch->max);
	}
	put_target(c, t, r);
	draw_ramp(c->text[COLUMN_RAMP], DRAW_TEXT, t, channel);
	draw_value(c->text[COLUMN_VALUE], t, channel, &s);
	text_copy(c->text[COLUMN_RW], DRAW_TEXT,
		word(t->language, r->target != IMAGE_NONE ? W_RW : W_R));
	if (r->valve < t->info.n_channels) {
		draw_now(c->text[COLUMN_VALVE], t, r->valve, &valve);
		c->tone[COLUMN_VALVE] = draw_tone(valve.quality);
	}
	put_age(c, t, r);
	snprintf(c->text[COLUMN_QUALITY], DRAW_TEXT, "%s %s", draw_sign(s.quality),
		draw_reason(t, s.quality));
	c->tone[COLUMN_VALUE] = c->tone[COLUMN_QUALITY] = draw_tone(s.quality);
}

/* What of each column does not change: over all rows that the filter lets through, so that columns stay where they are while one scrolls. */
static void
find_widths(struct top *t, bool is_utf8)
{
	int most[COLUMNS] = { 0 };
	char text[DRAW_TEXT];

	for (uint32_t i = 0; i < t->info.n_channels; i++) {
		const struct board_channel *ch = board_channel(t->board, i);
		const struct top_row *r = &t->rows[i];

		if (!r->fits)
			continue;
		most[COLUMN_NAME] =
			MAX(most[COLUMN_NAME], (int)strlen(board_text(t->board, ch->name)));
		most[COLUMN_UNIT] = MAX(most[COLUMN_UNIT],
			frame_cols(is_utf8, shown_unit(board_text(t->board, ch->unit))));
		if (ch->has_range) {
			put_limit(text, ch->min);
			most[COLUMN_MIN] = MAX(most[COLUMN_MIN], (int)strlen(text));
			put_limit(text, ch->max);
			most[COLUMN_MAX] = MAX(most[COLUMN_MAX], (int)strlen(text));
		}
		if (r->target != IMAGE_NONE) {
			draw_ramp(text, sizeof(text), t, i);
			most[COLUMN_RAMP] = MAX(most[COLUMN_RAMP], frame_cols(is_utf8, text));
			most[COLUMN_SP] = 11;
		}
		if (r->valve < t->info.n_channels)
			most[COLUMN_VALVE] = 8;
	}
	if (t->alarms.n > 0)
		most[COLUMN_NAME] += 2; /* a sign */
	for (int c = 0; c < COLUMNS; c++)
		t->widths[c] = most[c];
	t->has_widths = true;
}

/* The cells that all of each column would take. What changes all the time has a width that does not. */
static void
find_most(struct top *t, bool is_utf8, int most[COLUMNS])
{
	static const int least[COLUMNS] = {
		[COLUMN_TYPE] = 6, [COLUMN_VALUE] = 14, [COLUMN_QUALITY] = QUALITY_MOST
	};

	if (!t->has_widths)
		find_widths(t, is_utf8);
	for (int c = 0; c < COLUMNS; c++) {
		most[c] = MAX(least[c], t->widths[c]);
		if (most[c] > 0 || c == COLUMN_NAME || c == COLUMN_RW)
			most[c] = MAX(most[c], frame_cols(is_utf8, word(t->language, headings[c])));
	}
	most[COLUMN_NAME] = MIN(most[COLUMN_NAME], NAME_MOST);
	if (t->sort == SORT_AGE || t->sort == SORT_CHANGE)
		most[COLUMN_AGE] = 12;
}

static void
draw_headings(const struct top *t, struct frame *f, int line, const struct columns *columns)
{
	for (int c = 0; c < COLUMNS; c++) {
		const char *text = word(t->language, headings[c]);

		if (c == COLUMN_AGE && t->sort == SORT_CHANGE)
			text = word(t->language, W_COL_CHANGE);
		if (is_right((enum column)c))
			frame_put_right(
				f, line, columns->at[c], columns->cols[c], TONE_STRONG, text);
		else
			frame_put(f, line, columns->at[c], columns->cols[c], TONE_STRONG, text);
	}
}

/* A name gives its end to the sign of an alarm. */
static void
put_mark(struct frame *f, struct cells *c, int cols, const struct top_row *r)
{
	struct buf name = { 0 };

	frame_fit(&name, f->is_utf8, MAX(cols - 2, 1), c->text[COLUMN_NAME]);
	snprintf(c->text[COLUMN_NAME], DRAW_TEXT, "%s %s", buf_text(&name),
		draw_alarm_sign(r->alarm));
	if (c->tone[COLUMN_NAME] == TONE_PLAIN)
		c->tone[COLUMN_NAME] = draw_alarm_rank(r->alarm) < 4 ? TONE_BAD : TONE_WARN;
	buf_done(&name);
}

static void
draw_row(const struct top *t, struct frame *f, int line, const struct columns *columns,
	uint32_t place)
{
	struct cells cells;

	put_row(&cells, t, t->order[place]);
	if (place == t->chosen && f->height > 0)
		cells.tone[COLUMN_NAME] = TONE_PICK;
	if (t->rows[t->order[place]].has_alarm)
		put_mark(f, &cells, columns->cols[COLUMN_NAME], &t->rows[t->order[place]]);
	for (int c = 0; c < COLUMNS; c++)
		if (is_right((enum column)c))
			frame_put_right(f, line, columns->at[c], columns->cols[c], cells.tone[c],
				cells.text[c]);
		else
			frame_put(f, line, columns->at[c], columns->cols[c], cells.tone[c],
				cells.text[c]);
}

/* Scroll so that the chosen row is on the terminal. */
static void
scroll(struct top *t, uint32_t room)
{
	t->room = room;
	if (t->chosen < t->first)
		t->first = t->chosen;
	if (room > 0 && t->chosen >= t->first + room)
		t->first = t->chosen - room + 1;
	if (t->first + room > t->n_order)
		t->first = t->n_order > room ? t->n_order - room : 0;
}

void
table_draw(struct top *t, struct frame *f, int line, int room)
{
	struct columns columns;
	int most[COLUMNS], top = line;
	bool is_paper = f->height == 0;

	if (!is_paper && room <= 0)
		return;
	find_most(t, f->is_utf8, most);
	columns_fit(&columns, f->width, most);
	if (is_paper || room >= 3)
		draw_headings(t, f, line++, &columns);
	scroll(t, is_paper ? t->n_order : (uint32_t)(room - (line - top)));
	for (uint32_t i = 0; i < t->room && t->first + i < t->n_order; i++)
		draw_row(t, f, line + (int)i, &columns, t->first + i);
	if (t->n_order == 0)
		frame_put(f, line, 0, f->width, TONE_FAINT, word(t->language, W_NO_CHANNEL));
}
