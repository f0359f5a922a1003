/* draw.c - the whole picture, and what its parts share */
#include "top/draw.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "msg/shown.h"

const char *
draw_name(const struct top *t, uint32_t channel)
{
	return board_text(t->board, board_channel(t->board, channel)->name);
}

static const char *
choice_of(const struct top *t, const struct board_channel *ch, const struct sample *s)
{
	return ch->type == VALUE_CHOICE ? board_choice(t->board, ch, s->v.i) : NULL;
}

void
draw_value(char *out, const struct top *t, uint32_t channel, const struct sample *s)
{
	const struct board_channel *ch = board_channel(t->board, channel);
	const double range[] = { ch->min, ch->max };

	if (quality_is_bad(s->quality))
		text_copy(out, VALUE_TEXT_MAX + 1, "—");
	else if (ch->type == VALUE_BOOL)
		text_copy(out, VALUE_TEXT_MAX + 1, word(t->language, s->v.i != 0 ? W_ON : W_OFF));
	else
		shown_value(out, ch->type, s, choice_of(t, ch, s), ch->has_range ? range : NULL);
}

void
draw_now(char *out, const struct top *t, uint32_t channel, struct sample *s)
{
	*s = (struct sample){ .quality = Q_MISSING };
	text_copy(out, VALUE_TEXT_MAX + 1, "—");
	if (channel >= t->info.n_channels)
		return;
	board_look(t->board, channel, t->now_ns, s);
	draw_value(out, t, channel, s);
}

void
draw_ramp(char *out, size_t cap, const struct top *t, uint32_t channel)
{
	const struct top_row *r = &t->rows[channel];
	const char *unit = board_text(t->board, board_channel(t->board, channel)->unit);
	const struct image_output *o;

	out[0] = '\0';
	if (r->target == IMAGE_NONE)
		return;
	o = r->output == IMAGE_NONE ? NULL : image_output_at(t->image, r->output);
	if (o == NULL)
		text_copy(out, cap, "?");
	else if (o->ramp > 0)
		snprintf(out, cap, "%.6g%s%s%s", o->ramp * 60, unit[0] != '\0' ? " " : "",
			shown_step_unit(unit), word(t->language, W_PER_MIN));
}

const char *
draw_sign(unsigned quality)
{
	static const char *const signs[] = { "✓", "▲", "✕" };

	return signs[quality_row(quality)->class];
}

const char *
draw_reason(const struct top *t, unsigned quality)
{
	const struct quality_row *q = quality_row(quality);

	if (q->class == Q_CLASS_GOOD)
		return word(t->language, W_GOOD);
	return t->language == LANGUAGE_FR ? q->text_fr : q->text_en;
}

enum tone
draw_tone(unsigned quality)
{
	static const enum tone tones[] = { TONE_PLAIN, TONE_WARN, TONE_BAD };

	return tones[quality_row(quality)->class];
}

int64_t
draw_state(const struct top *t, uint32_t channel)
{
	struct sample s;

	if (channel >= t->info.n_channels)
		return -1;
	board_look(t->board, channel, t->now_ns, &s);
	return quality_is_bad(s.quality) ? -1 : s.v.i;
}

const char *
draw_state_word(const struct top *t, uint32_t channel)
{
	int64_t state = draw_state(t, channel);
	const char *token =
		state < 0 ? NULL : board_choice(t->board, board_channel(t->board, channel), state);

	return token == NULL ? word(t->language, W_NOT_KNOWN) : word_state(t->language, token);
}

/* ---- alarms --------------------------------------------------------------------------------------------------------------- */

int
draw_alarm_rank(int64_t state)
{
	static const int ranks[ALARM_STATES] = { [ALARM_UNACKNOWLEDGED] = 0,
		[ALARM_LATCHED_UNACKNOWLEDGED] = 2,
		[ALARM_RETURNED] = 3,
		[ALARM_ACKNOWLEDGED] = 4,
		[ALARM_LATCHED_ACKNOWLEDGED] = 5,
		[ALARM_SUPPRESSED] = 6,
		[ALARM_SHELVED] = 7,
		[ALARM_OUT_OF_SERVICE] = 8,
		[ALARM_NORMAL] = 9 };

	return state < 0 || state >= ALARM_STATES ? 1 : ranks[state];
}

const char *
draw_alarm_sign(int64_t state)
{
	static const char *const signs[ALARM_STATES] = { [ALARM_NORMAL] = " ",
		[ALARM_UNACKNOWLEDGED] = "■",
		[ALARM_LATCHED_UNACKNOWLEDGED] = "■",
		[ALARM_RETURNED] = "□",
		[ALARM_ACKNOWLEDGED] = "●",
		[ALARM_LATCHED_ACKNOWLEDGED] = "●",
		[ALARM_SUPPRESSED] = "-",
		[ALARM_SHELVED] = "-",
		[ALARM_OUT_OF_SERVICE] = "-" };

	return state < 0 || state >= ALARM_STATES ? "?" : signs[state];
}

/* ---- the last line ------------------------------------------------------------------------------------------------------------ */

static void
add_place(const struct top *t, char *out, size_t cap)
{
	bool in_table = t->page == PAGE_TABLE;
	uint32_t first = in_table ? t->first : t->list_first,
		 all = in_table ? t->n_order : t->list_lines, last = MIN(first + t->room, all);
	char a[16], b[16], c[16];

	snprintf(a, sizeof(a), "%u", all == 0 ? 0 : first + 1);
	snprintf(b, sizeof(b), "%u", last);
	snprintf(c, sizeof(c), "%u", all);
	words_fill(out, cap, word(t->language, W_PLACE), a, b, c);
}

static void
draw_bottom(const struct top *t, struct frame *f, int line)
{
	char text[2 * DRAW_TEXT], part[DRAW_TEXT], how[DRAW_TEXT];

	if (t->is_typing) {
		words_fill(text, sizeof(text), word(t->language, W_FILTER), t->filter, NULL, NULL);
		frame_put_bar(f, line, TONE_BAR, text);
		return;
	}
	if (t->note[0] != '\0' && t->now_ns < t->note_until_ns) {
		frame_put_bar(f, line, TONE_PICK, t->note);
		return;
	}
	add_place(t, text, sizeof(text));
	if (t->page == PAGE_TABLE && t->filter[0] != '\0') {
		words_fill(
			part, sizeof(part), word(t->language, W_FILTERED), t->filter, NULL, NULL);
		snprintf(how, sizeof(how), ", %.250s", part);
		strncat(text, how, sizeof(text) - strlen(text) - 1);
	}
	if (t->page == PAGE_TABLE && t->only_problems) {
		snprintf(how, sizeof(how), ", %s", word(t->language, W_PROBLEMS));
		strncat(text, how, sizeof(text) - strlen(text) - 1);
	}
	if (t->page == PAGE_TABLE && t->sort != SORT_BENCH) {
		words_fill(part, sizeof(part), word(t->language, W_SORTED),
			word_state(t->language, top_sort_word(t->sort)), NULL, NULL);
		snprintf(how, sizeof(how), ", %.250s", part);
		strncat(text, how, sizeof(text) - strlen(text) - 1);
	}
	snprintf(how, sizeof(how), "  %s",
		word(t->language, t->page == PAGE_TABLE ? W_KEYS : W_KEYS_LIST));
	strncat(text, how, sizeof(text) - strlen(text) - 1);
	frame_put_bar(f, line, TONE_BAR, text);
}

void
top_draw(struct top *t, struct frame *f)
{
	bool is_paper = f->height == 0, has_bottom = f->height >= 4;
	int room = f->height - (has_bottom ? 1 : 0), line;

	if (t->board == NULL) {
		frame_put_bar(f, 0, TONE_BAR, word(t->language, W_NO_BENCH));
		frame_put(f, 1, 0, f->width, TONE_BAD, t->trouble == NULL ? "" : t->trouble);
		return;
	}
	/* What matters most of the head stays; the rest gives its lines to the table where there are few. */
	line = head_draw(t, f, is_paper ? 5 : MAX(MIN(room, 2), MIN(5, room - 6)));
	if (t->page == PAGE_TABLE)
		table_draw(t, f, line, is_paper ? 0 : room - line);
	else
		page_draw(t, f, line, is_paper ? 0 : room - line);
	if (has_bottom)
		draw_bottom(t, f, f->height - 1);
}
