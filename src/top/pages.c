/* pages.c - what stands in place of the table: alarms, trips, instruments, one channel, help */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "msg/shown.h"
#include "top/draw.h"

/* Columns of a list: heading and cells, one blank between them; the last one goes to the end. */
struct list_column {
	enum word heading;
	int cols;
};

static void
put_cells(struct frame *f, int line, const struct list_column *columns, size_t n,
	const char *const *text, const enum tone *tone)
{
	int col = 0;

	for (size_t i = 0; i < n; i++) {
		frame_put(f, line, col, i + 1 < n ? columns[i].cols : f->width, tone[i], text[i]);
		col += columns[i].cols + 1;
	}
}

static int
put_headings(
	const struct top *t, struct frame *f, int line, const struct list_column *columns, size_t n)
{
	const char *text[8];
	enum tone tone[8];

	for (size_t i = 0; i < n; i++) {
		text[i] = word(t->language, columns[i].heading);
		tone[i] = TONE_STRONG;
	}
	put_cells(f, line, columns, n, text, tone);
	return line + 1;
}

/* Which of n lines are shown. */
static void
scroll(struct top *t, uint32_t n, int room)
{
	t->list_lines = n;
	t->room = (uint32_t)MAX(0, room);
	if (t->list_first + t->room > n)
		t->list_first = n > t->room ? n - t->room : 0;
}

static void
put_age(const struct top *t, char *out, int64_t since_ns)
{
	if (since_ns == 0)
		text_copy(out, CLOCK_TEXT_SIZE, word(t->language, W_NEVER));
	else
		clock_span(out, MAX(0, t->now_ns - since_ns));
}

/* ---- alarms and trips --------------------------------------------------------------------------------------------------------- */

static int
trip_rank(int64_t state)
{
	return state < 0 ? 1 : state == TRIP_TRIPPED ? 0 : state == TRIP_READY ? 4 : 2;
}

static const char *
trip_sign(int64_t state)
{
	return state < 0 ? "?" : state == TRIP_READY ? " " : state == TRIP_TRIPPED ? "■" : "▲";
}

struct ranked {
	uint32_t place; /* in the list of states */
	int rank;
};

static int
compare(const void *one, const void *other)
{
	const struct ranked *a = one, *b = other;

	return a->rank != b->rank ? a->rank - b->rank
				  : (a->place > b->place) - (a->place < b->place);
}

/* Priority of an alarm, and what a person does about it; both may be unknown. */
static void
find_alarm(
	const struct top *t, const struct top_state *s, const char **priority, const char **action)
{
	static const char *const priorities[PRIORITIES] = { "low", "medium", "high", "critical" };
	const struct image_alarm *a;

	*priority = *action = "";
	if (t->image == NULL || s->place >= t->image->alarms.n)
		return;
	a = image_alarm_at(t->image, s->place);
	*action = image_text(t->image, a->action);
	if (a->priority < PRIORITIES)
		*priority = word_state(t->language, priorities[a->priority]);
}

static void
put_state(const struct top *t, struct frame *f, int line, const struct list_column *columns,
	const struct top_state *s, bool is_alarm)
{
	const struct board_channel *ch = board_channel(t->board, s->channel);
	int64_t state = draw_state(t, s->channel);
	char name[TOP_NAME], since[CLOCK_TEXT_SIZE] = "", title[2 * DRAW_TEXT], says[DRAW_TEXT];
	const char *priority = "", *action = "";
	bool is_quiet = is_alarm ? state == ALARM_NORMAL : state == TRIP_READY;
	enum tone tone = is_quiet ? TONE_FAINT
			 : (is_alarm ? draw_alarm_rank(state) < 4 : trip_rank(state) < 2)
				 ? TONE_BAD
				 : TONE_WARN;
	enum tone tones[] = { tone, tone, tone, TONE_PLAIN, TONE_PLAIN };
	struct sample sample;

	board_look(t->board, s->channel, t->now_ns, &sample);
	if (is_alarm)
		find_alarm(t, s, &priority, &action);
	snprintf(name, sizeof(name), "%s %.150s",
		is_alarm ? draw_alarm_sign(state) : trip_sign(state),
		strchr(draw_name(t, s->channel), '.') + 1);
	if (state > 0)
		put_age(t, since, sample.stamp_ns);
	if (state < 0) /* and why */
		snprintf(says, sizeof(says), "%s%s%s", word(t->language, W_NOT_KNOWN),
			word(t->language, W_COLON), draw_reason(t, sample.quality));
	else
		text_copy(says, sizeof(says), draw_state_word(t, s->channel));
	snprintf(title, sizeof(title), "%.300s%s%.300s", board_text(t->board, ch->title),
		action[0] != '\0' ? " — " : "", action);
	if (is_alarm)
		put_cells(f, line, columns, 5,
			(const char *const[]){ name, says, priority, since, title }, tones);
	else
		put_cells(f, line, columns, 4, (const char *const[]){ name, says, since, title },
			tones);
}

static void
draw_states(struct top *t, struct frame *f, int line, int room, bool is_alarm)
{
	static const struct list_column of_alarms[] = { { W_COL_NAME, 22 }, { W_COL_STATE, 24 },
		{ W_COL_PRIORITY, 9 }, { W_COL_SINCE, 13 }, { W_COL_TITLE, 0 } };
	static const struct list_column of_trips[] = { { W_COL_NAME, 22 }, { W_COL_STATE, 26 },
		{ W_COL_SINCE, 13 }, { W_COL_TITLE, 0 } };
	const struct list_column *columns = is_alarm ? of_alarms : of_trips;
	const struct top_states *all = is_alarm ? &t->alarms : &t->trips;
	struct ranked *order = mem_zero(all->n + 1, sizeof(*order));

	line = put_headings(t, f, line, columns, is_alarm ? NELEM(of_alarms) : NELEM(of_trips));
	for (uint32_t i = 0; i < all->n; i++) {
		int64_t state = draw_state(t, all->at[i].channel);

		order[i] =
			(struct ranked){ i, is_alarm ? draw_alarm_rank(state) : trip_rank(state) };
	}
	qsort(order, all->n, sizeof(*order), compare);
	scroll(t, all->n, room - 1);
	for (uint32_t i = 0; i < t->room && t->list_first + i < all->n; i++)
		put_state(t, f, line + (int)i, columns, &all->at[order[t->list_first + i].place],
			is_alarm);
	if (all->n == 0)
		frame_put(f, line, 0, f->width, TONE_FAINT,
			word(t->language, is_alarm ? W_NO_ALARMS : W_NO_TRIPS));
	free(order);
}

/* ---- instruments ---------------------------------------------------------------------------------------------------------------- */

static void
put_instrument(const struct top *t, struct frame *f, int line, const struct list_column *columns,
	uint32_t i)
{
	static const enum word states[] = { W_STARTING, W_UP, W_DOWN };
	const struct board_instrument *ins = board_instrument(t->board, i);
	struct board_state s;
	const struct quality_row *q;
	char name[DRAW_TEXT], state[DRAW_TEXT], rate[32] = "—", last[CLOCK_TEXT_SIZE],
						about[3 * DRAW_TEXT];
	bool is_bad, is_doubtful;
	enum tone tone;

	board_read_state(t->board, i, &s);
	if (!t->is_alive) /* what it was is not what it is */
		s.reason = Q_CONTROLLER_DOWN;
	q = quality_row(s.reason);
	is_bad = !t->is_alive || s.state == INSTRUMENT_DOWN;
	is_doubtful = !is_bad && s.state != INSTRUMENT_UP;
	tone = is_bad ? TONE_BAD : is_doubtful ? TONE_WARN : TONE_PLAIN;
	snprintf(name, sizeof(name), "%s %.150s",
		is_bad        ? "✕"
		: is_doubtful ? "▲"
			      : "✓",
		board_text(t->board, ins->name));
	text_copy(state, sizeof(state),
		!t->is_alive ? word(t->language, W_NOT_KNOWN)
			     : word(t->language, states[MIN(s.state, (uint32_t)INSTRUMENT_DOWN)]));
	if (t->is_alive && t->rates[i].rate_hz >= 0)
		snprintf(rate, sizeof(rate), "%.3g/s", t->rates[i].rate_hz);
	put_age(t, last, s.last_answer_ns);
	if (is_bad || s.reason != Q_GOOD)
		snprintf(about, sizeof(about), "%s — %s",
			t->language == LANGUAGE_FR ? q->text_fr : q->text_en,
			t->language == LANGUAGE_FR ? q->remedy_fr : q->remedy_en);
	else
		snprintf(about, sizeof(about), "%.200s  %.200s  %.100s",
			board_text(t->board, ins->title), board_text(t->board, ins->address),
			s.identity);
	put_cells(f, line, columns, 5, (const char *const[]){ name, state, rate, last, about },
		(const enum tone[]){
			tone, tone, TONE_PLAIN, TONE_PLAIN, is_bad ? TONE_BAD : TONE_PLAIN });
}

static void
draw_instruments(struct top *t, struct frame *f, int line, int room)
{
	static const struct list_column columns[] = { { W_COL_NAME, 20 }, { W_COL_STATE, 10 },
		{ W_COL_RATE, 9 }, { W_COL_ANSWER, 13 }, { W_COL_TITLE, 0 } };
	uint32_t n = t->info.n_instruments;
	struct ranked *order = mem_zero(n + 1, sizeof(*order));

	line = put_headings(t, f, line, columns, NELEM(columns));
	for (uint32_t i = 0; i < n; i++) {
		struct board_state s;

		board_read_state(t->board, i, &s);
		order[i] = (struct ranked){ i, s.state == INSTRUMENT_DOWN ? 0
					       : s.state == INSTRUMENT_UP ? 2
									  : 1 };
	}
	qsort(order, n, sizeof(*order), compare);
	scroll(t, n, room - 1);
	for (uint32_t i = 0; i < t->room && t->list_first + i < n; i++)
		put_instrument(t, f, line + (int)i, columns, order[t->list_first + i].place);
	if (n == 0)
		frame_put(f, line, 0, f->width, TONE_FAINT, word(t->language, W_NO_INSTRUMENTS));
	free(order);
}

/* ---- one channel ---------------------------------------------------------------------------------------------------------------- */

/* Fields below one another; those above the first line that is shown fall off the frame. */
struct fields {
	const struct top *t;
	struct frame *f;
	int first, line,
		end; /* first: line of the frame where they begin; line counts without scrolling */
};

static void
field(struct fields *d, enum word label, enum tone tone, const char *text)
{
	const int col = 22;
	int line = d->first + d->line - (int)d->t->list_first, lines;
	size_t begin = d->f->n;

	if (text[0] == '\0')
		return;
	frame_put(d->f, line, 0, col - 1, TONE_STRONG, word(d->t->language, label));
	lines = frame_put_wrapped(d->f, line, col, tone, text);
	d->line += lines;
	/* What lies above or below the room does not stand there. */
	for (size_t i = begin; i < d->f->n;)
		if (d->f->at[i].line < d->first || (d->end > 0 && d->f->at[i].line >= d->end)) {
			memmove(&d->f->at[i], &d->f->at[i + 1],
				(d->f->n - i - 1) * sizeof(d->f->at[0]));
			d->f->n--;
		} else {
			i++;
		}
}

static void
put_output(struct fields *d, uint32_t channel)
{
	static const char *const hazards[HAZARDS] = { "", "heat", "fuel", "oxidant", "toxic",
		"pressure", "inert" };
	const struct top *t = d->t;
	const struct top_row *r = &t->rows[channel];
	const struct image_output *o =
		r->output == IMAGE_NONE ? NULL : image_output_at(t->image, r->output);
	char text[VALUE_TEXT_MAX + 1], channel_name[TOP_NAME + 16], limits[DRAW_TEXT];
	struct sample s;

	if (r->target == IMAGE_NONE)
		return;
	draw_now(text, t, r->target, &s);
	field(d, W_TARGET, draw_tone(s.quality), text);
	draw_now(text, t, r->working, &s);
	field(d, W_WORKING, draw_tone(s.quality), text);
	draw_ramp(limits, sizeof(limits), t, channel);
	field(d, W_COL_RAMP, TONE_PLAIN, limits);
	snprintf(channel_name, sizeof(channel_name), "%s.owner", draw_name(t, channel));
	field(d, W_OWNER, TONE_PLAIN, draw_state_word(t, board_find(t->board, channel_name)));
	snprintf(channel_name, sizeof(channel_name), "%s.mode", draw_name(t, channel));
	field(d, W_OUT_MODE, TONE_PLAIN, draw_state_word(t, board_find(t->board, channel_name)));
	if (o == NULL)
		return;
	snprintf(limits, sizeof(limits), "%.6g … %.6g", o->min, o->max);
	field(d, W_LIMITS, TONE_PLAIN, o->has_limits ? limits : "");
	field(d, W_HAZARD, TONE_WARN,
		o->hazard < HAZARDS ? word_state(t->language, hazards[o->hazard]) : "");
}

/* The value with its digits, as `mbc get` has it, and its unit. */
static void
put_value(struct fields *d, const struct board_channel *ch, const struct sample *s)
{
	const struct top *t = d->t;
	const char *unit = shown_unit(board_text(t->board, ch->unit));
	char text[VALUE_TEXT_MAX + 1], with_unit[DRAW_TEXT];

	shown_digits(text, ch->type, s,
		ch->type == VALUE_CHOICE ? board_choice(t->board, ch, s->v.i) : NULL);
	if (quality_is_bad(s->quality))
		text_copy(text, sizeof(text), "—");
	snprintf(
		with_unit, sizeof(with_unit), "%s%s%.100s", text, unit[0] != '\0' ? " " : "", unit);
	field(d, W_COL_VALUE, draw_tone(s->quality), with_unit);
}

static void
put_time(struct fields *d, const struct sample *s)
{
	char when[CLOCK_TEXT_SIZE], age[CLOCK_TEXT_SIZE], ago[64], text[DRAW_TEXT];

	if (s->stamp_ns == 0) {
		field(d, W_TIME, TONE_WARN, word(d->t->language, W_NEVER));
		return;
	}
	clock_text(when, s->stamp_ns + d->t->heart.wall_ns);
	clock_span(age, MAX(0, d->t->now_ns - s->stamp_ns));
	words_fill(ago, sizeof(ago), word(d->t->language, W_AGO), age, NULL, NULL);
	snprintf(text, sizeof(text), "%s (%s)", when, ago);
	field(d, W_TIME, TONE_PLAIN, text);
}

static void
put_origin(struct fields *d, const struct board_channel *ch)
{
	const struct board *b = d->t->board;
	char text[2 * DRAW_TEXT], age[CLOCK_TEXT_SIZE];
	struct buf choices = { 0 };
	const char *one;

	if (ch->has_range) {
		snprintf(text, sizeof(text), "%.6g … %.6g", ch->min, ch->max);
		field(d, W_RANGE, TONE_PLAIN, text);
	}
	if (ch->stale_ns > 0) {
		clock_span(age, ch->stale_ns);
		field(d, W_OLD_AFTER, TONE_PLAIN, age);
	}
	if (ch->instrument < d->t->info.n_instruments) {
		const struct board_instrument *ins = board_instrument(b, ch->instrument);

		snprintf(text, sizeof(text), "%.100s  %.300s", board_text(b, ins->name),
			board_text(b, ins->title));
		field(d, W_INSTRUMENT, TONE_PLAIN, text);
		field(d, W_ADDRESS, TONE_PLAIN, board_text(b, ins->address));
	}
	for (uint32_t i = 0; i < 32 && (one = board_choice_at(b, ch, i)) != NULL; i++)
		buf_printf(&choices, "%s%s", i > 0 ? ", " : "", one);
	field(d, W_CHOICES, TONE_PLAIN, buf_text(&choices));
	buf_done(&choices);
}

static void
put_kinds(struct fields *d, const struct board_channel *ch)
{
	const struct board *b = d->t->board;
	char text[3 * DRAW_TEXT];

	if (ch->gas_factor > 0) {
		snprintf(text, sizeof(text), "%.100s → %.100s, × %.6g",
			board_text(b, ch->gas_calibrated), board_text(b, ch->gas_flowing),
			ch->gas_factor);
		field(d, W_GAS, TONE_PLAIN, text);
	}
	if (ch->raw < d->t->info.n_channels) {
		snprintf(text, sizeof(text), "%.100s  %.40s → %.40s  %.300s",
			draw_name(d->t, ch->raw), board_text(b, ch->calibration_date),
			board_text(b, ch->calibration_due),
			board_text(b, ch->calibration_certificate));
		field(d, W_CALIBRATION, TONE_PLAIN, text);
	}
	field(d, W_CONFIRM, TONE_WARN, ch->needs_confirm ? board_text(b, ch->confirm) : "");
}

/* The alarms whose condition reads it. */
static void
put_alarms(struct fields *d, uint32_t channel)
{
	const struct top *t = d->t;
	char text[3 * DRAW_TEXT];

	for (uint32_t i = 0; t->image != NULL && i < t->alarms.n; i++) {
		const struct top_state *s = &t->alarms.at[i];
		const struct image_alarm *a =
			s->place < t->image->alarms.n ? image_alarm_at(t->image, s->place) : NULL;
		const struct expr_op *ops;
		uint32_t n = 0, k = 0;

		if (a == NULL)
			continue;
		for (ops = top_ops(t, &a->when, &n); k < n && expr_op_reads(&ops[k]) != channel;)
			k++;
		if (k == n)
			continue;
		snprintf(text, sizeof(text), "%s %.150s%s%.100s — %.300s",
			draw_alarm_sign(draw_state(t, s->channel)),
			strchr(draw_name(t, s->channel), '.') + 1, word(t->language, W_COLON),
			draw_state_word(t, s->channel), image_text(t->image, a->when.text));
		field(d, W_ALARMS, TONE_PLAIN, text);
	}
}

static int
put_fields(struct fields *d, uint32_t channel)
{
	const struct top *t = d->t;
	const struct board_channel *ch = board_channel(t->board, channel);
	char text[VALUE_TEXT_MAX + 1], reason[DRAW_TEXT];
	const struct quality_row *q;
	struct sample s;

	board_look(t->board, channel, t->now_ns, &s);
	q = quality_row(s.quality);
	field(d, W_COL_NAME, TONE_STRONG, draw_name(t, channel));
	field(d, W_TITLE, TONE_PLAIN, board_text(t->board, ch->title));
	put_value(d, ch, &s);
	snprintf(reason, sizeof(reason), "%s %s", draw_sign(s.quality), draw_reason(t, s.quality));
	field(d, W_COL_QUALITY, draw_tone(s.quality), reason);
	field(d, W_REMEDY, TONE_PLAIN, t->language == LANGUAGE_FR ? q->remedy_fr : q->remedy_en);
	snprintf(text, sizeof(text), "%u", s.code);
	field(d, W_CODE, TONE_PLAIN, s.code != 0 ? text : "");
	put_time(d, &s);
	field(d, W_COL_TYPE, TONE_PLAIN, value_type_text(ch->type));
	put_output(d, channel);
	if (t->rows[channel].valve < t->info.n_channels) {
		draw_now(text, t, t->rows[channel].valve, &s);
		field(d, W_COL_VALVE, draw_tone(s.quality), text);
	}
	put_alarms(d, channel);
	put_origin(d, ch);
	put_kinds(d, ch);
	return d->line;
}

/* How many lines it takes is known when they are drawn: `list_lines` is that of the last time, and is right from the second one on. */
static void
draw_channel(struct top *t, struct frame *f, int line, int room)
{
	uint32_t channel = board_find(t->board, t->name);
	struct fields d = { t, f, line, 0, f->height == 0 ? 0 : line + room };

	if (channel == IMAGE_NONE) {
		scroll(t, 1, room);
		frame_put(f, line, 0, f->width, TONE_WARN, word(t->language, W_GONE));
		return;
	}
	scroll(t, t->list_lines, room);
	t->list_lines = (uint32_t)put_fields(&d, channel);
}

static void
draw_help(struct top *t, struct frame *f, int line, int room)
{
	const char *text = word(t->language, W_HELP);
	uint32_t n = 1, i = 0;

	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	scroll(t, n, room);
	for (; *text != '\0'; i++) {
		char one[DRAW_TEXT];
		size_t length = strcspn(text, "\n");

		snprintf(one, sizeof(one), "%.*s", (int)MIN(length, sizeof(one) - 1), text);
		if (i >= t->list_first && i < t->list_first + t->room)
			frame_put(f, line + (int)(i - t->list_first), 0, f->width, TONE_PLAIN, one);
		text += length + (text[length] == '\n');
	}
}

void
page_draw(struct top *t, struct frame *f, int line, int room)
{
	switch (t->page) {
	case PAGE_ALARMS:
	case PAGE_TRIPS:
		draw_states(t, f, line, room, t->page == PAGE_ALARMS);
		break;
	case PAGE_INSTRUMENTS:
		draw_instruments(t, f, line, room);
		break;
	case PAGE_CHANNEL:
		draw_channel(t, f, line, room);
		break;
	case PAGE_HELP:
		draw_help(t, f, line, room);
		break;
	case PAGE_TABLE:
		break;
	}
}
