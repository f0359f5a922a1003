/* rows.c - the channels of a board: what changed, which are shown, in which order */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "top/draw.h"

static const char *const sort_words[SORTS] = { "bench", "name", "age", "change" };

bool
top_sort_parse(const char *word, enum top_sort *out)
{
	for (int i = 0; i < SORTS; i++)
		if (strcmp(word, sort_words[i]) == 0) {
			*out = (enum top_sort)i;
			return true;
		}
	return false;
}

const char *
top_sort_word(enum top_sort sort)
{
	return sort_words[sort];
}

static const char *
name_of(const struct top *t, uint32_t channel)
{
	return board_text(t->board, board_channel(t->board, channel)->name);
}

/* ---- another board ---------------------------------------------------------------------------------------------------------- */

static uint32_t
state_of(const struct board *b, const char *name, const char *what)
{
	char channel[TOP_NAME + 16];
	uint32_t i;

	snprintf(channel, sizeof(channel), "%s.%s", name, what);
	i = board_find(b, channel);
	return i != IMAGE_NONE && board_channel(b, i)->source_kind == SOURCE_STATE ? i : IMAGE_NONE;
}

static uint32_t
group_of(const struct top *t, uint32_t channel)
{
	const struct board_channel *ch = board_channel(t->board, channel);
	const char *name = board_text(t->board, ch->name), *dot = strchr(name, '.');

	if (dot == NULL)
		return 0;
	if (strncmp(name, "mbc.", 4) == 0)
		return 3;
	return ch->instrument < t->info.n_instruments ? 1 : 2;
}

static void
add_state(struct top_states *s, uint32_t channel)
{
	if ((s->n & (s->n + 1)) == 0) /* 0, 1, 3, 7, ...: room for as many again */
		s->at = mem_grow(s->at, 2 * (size_t)s->n + 1, sizeof(*s->at));
	s->at[s->n++] = (struct top_state){ channel, IMAGE_NONE };
}

static void
find_states(struct top *t)
{
	t->alarms.n = t->trips.n = t->safes.n = 0;
	for (uint32_t i = 0; i < t->info.n_channels; i++) {
		const char *name = name_of(t, i);

		if (board_channel(t->board, i)->source_kind != SOURCE_STATE)
			continue;
		if (strncmp(name, "alarm.", 6) == 0)
			add_state(&t->alarms, i);
		else if (strncmp(name, "trip.", 5) == 0)
			add_state(&t->trips, i);
		else if (strncmp(name, "safe.", 5) == 0)
			add_state(&t->safes, i);
	}
}

/* The image is of this board: channels have the same numbers. */
static void
take_image(struct top *t)
{
	const struct image *img = t->image;
	uint32_t *place =
		mem_zero(t->info.n_channels + 1, sizeof(*place)); /* [channel]: 1 + in its table */

	for (uint32_t i = 0; i < t->info.n_channels; i++)
		t->rows[i].output = IMAGE_NONE;
	for (uint32_t i = 0; img != NULL && i < img->outputs.n; i++) {
		uint32_t channel = image_output_at(img, i)->channel;

		if (channel < t->info.n_channels)
			t->rows[channel].output = i;
	}
	for (uint32_t i = 0; img != NULL && i < img->alarms.n; i++)
		place[MIN(image_alarm_at(img, i)->state, t->info.n_channels)] = i + 1;
	for (uint32_t i = 0; img != NULL && i < img->trips.n; i++)
		place[MIN(image_trip_at(img, i)->state, t->info.n_channels)] = i + 1;
	for (uint32_t i = 0; i < t->alarms.n; i++)
		t->alarms.at[i].place = place[t->alarms.at[i].channel] - 1;
	for (uint32_t i = 0; i < t->trips.n; i++)
		t->trips.at[i].place = place[t->trips.at[i].channel] - 1;
	free(place);
}

void
top_take(struct top *t, const struct board *board, const struct image *image, int64_t now_ns)
{
	bool is_new = board != t->board;

	t->board = board;
	board_info(board, &t->info);
	t->image = image != NULL && image->hash == t->info.config_hash &&
				   image->channels.n == t->info.n_channels
			   ? image
			   : NULL;
	if (is_new) {
		free(t->rows);
		free(t->sorted);
		free(t->order);
		free(t->rates);
		t->rows = mem_zero(t->info.n_channels + 1, sizeof(*t->rows));
		t->sorted = mem_zero(t->info.n_channels + 1, sizeof(*t->sorted));
		t->order = mem_zero(t->info.n_channels + 1, sizeof(*t->order));
		t->rates = mem_zero(t->info.n_instruments + 1, sizeof(*t->rates));
		t->n_order = 0;
		t->began_ns = now_ns;
		t->sorted_ns = 0;
		for (uint32_t i = 0; i < t->info.n_channels; i++) {
			struct top_row *r = &t->rows[i];
			const char *name = name_of(t, i);

			r->group = group_of(t, i);
			r->target = state_of(board, name, "target");
			r->working = state_of(board, name, "working");
			r->valve = state_of(board, name, "valve");
			if (r->valve == IMAGE_NONE)
				r->valve = board_channel(board, i)->valve;
		}
		for (uint32_t i = 0; i < t->info.n_instruments; i++)
			t->rates[i].rate_hz = -1;
		find_states(t);
	}
	take_image(t);
	t->has_widths = false;
	t->filter[TOP_FILTER - 1] = '\0';
	top_look(t, now_ns);
}

void
top_done(struct top *t)
{
	free(t->rows);
	free(t->sorted);
	free(t->order);
	free(t->rates);
	free(t->alarms.at);
	free(t->trips.at);
	free(t->safes.at);
	*t = (struct top){ 0 };
}

/* ---- a look ------------------------------------------------------------------------------------------------------------------- */

static void
look_at(struct top *t, uint32_t channel)
{
	struct top_row *r = &t->rows[channel];
	enum value_type type = board_channel(t->board, channel)->type;
	struct sample s;
	uint64_t text;

	board_look(t->board, channel, t->now_ns, &s);
	text = type == VALUE_TEXT ? text_hash(s.text, strlen(s.text)) : 0;
	if (r->was_seen &&
		(s.quality != r->quality || text != r->text || !value_same(type, s.v, r->v)))
		r->changed_ns = t->now_ns;
	r->was_seen = true;
	r->quality = s.quality;
	r->v = s.v;
	r->text = text;
	r->stamp_ns = s.stamp_ns;
	t->n_bad += quality_is_bad(s.quality);
	t->n_uncertain += quality_row(s.quality)->class == Q_CLASS_UNCERTAIN;
}

static void
look_at_instrument(struct top *t, uint32_t i)
{
	struct top_rate *r = &t->rates[i];
	struct board_state s;

	if (r->since_ns != 0 && t->now_ns - r->since_ns < TOP_RATE_NS)
		return;
	board_read_state(t->board, i, &s);
	if (r->since_ns != 0 && s.answers >= r->answers)
		r->rate_hz =
			(double)(s.answers - r->answers) * 1e9 / (double)(t->now_ns - r->since_ns);
	r->answers = s.answers;
	r->since_ns = t->now_ns;
}

const struct expr_op *
top_ops(const struct top *t, const struct image_cond *c, uint32_t *n)
{
	*n = c->n_ops;
	return (const struct expr_op *)image_at(t->image, &t->image->code) + c->first_op;
}

/* Behind the names of the channels that its condition reads stands an alarm that is not normal, the worst of several. */
static void
mark_alarms(struct top *t)
{
	for (uint32_t i = 0; i < t->info.n_channels; i++)
		t->rows[i].has_alarm = false;
	for (uint32_t i = 0; t->image != NULL && t->is_alive && i < t->alarms.n; i++) {
		const struct top_state *s = &t->alarms.at[i];
		int64_t state = draw_state(t, s->channel);
		const struct expr_op *ops;
		uint32_t n;

		if (state == ALARM_NORMAL || s->place >= t->image->alarms.n)
			continue;
		ops = top_ops(t, &image_alarm_at(t->image, s->place)->when, &n);
		for (uint32_t k = 0; k < n; k++) {
			uint32_t channel = expr_op_reads(&ops[k]);
			struct top_row *r = &t->rows[MIN(channel, t->info.n_channels)];

			if (channel >= t->info.n_channels ||
				(r->has_alarm &&
					draw_alarm_rank(r->alarm) <= draw_alarm_rank(state)))
				continue;
			r->has_alarm = true;
			r->alarm = (int8_t)state;
		}
	}
}

void
top_look(struct top *t, int64_t now_ns)
{
	t->now_ns = now_ns;
	if (t->board == NULL)
		return;
	board_read_heart(t->board, &t->heart);
	t->is_alive = board_is_alive(t->board, now_ns);
	t->n_bad = t->n_uncertain = 0;
	for (uint32_t i = 0; i < t->info.n_channels; i++)
		look_at(t, i);
	mark_alarms(t);
	for (uint32_t i = 0; i < t->info.n_instruments; i++)
		look_at_instrument(t, i);
	top_choose(t);
}

/* ---- which, and in which order ---------------------------------------------------------------------------------------------- */

/* Lower case, of ASCII and of the letters of Latin-1 (two bytes: C3 80 to C3 9E). */
static char
lower(const char *at, const char *begin)
{
	unsigned char c = (unsigned char)*at;

	if (c >= 'A' && c <= 'Z')
		return (char)(c + 32);
	if (c >= 0x80 && c <= 0x9E && c != 0x97 && at > begin && (unsigned char)at[-1] == 0xC3)
		return (char)(c + 32);
	return (char)c;
}

static bool
has_word(const char *text, const char *word, size_t n)
{
	for (const char *at = text; *at != '\0'; at++) {
		size_t i = 0;

		while (i < n && at[i] != '\0' && lower(at + i, text) == lower(word + i, word))
			i++;
		if (i == n)
			return true;
	}
	return false;
}

/* Each word of the filter stands in the name, title, unit or instrument. */
static bool
fits(const struct top *t, uint32_t channel)
{
	const struct board *b = t->board;
	const struct board_channel *ch = board_channel(b, channel);
	const char *instrument = ch->instrument < t->info.n_instruments
					 ? board_text(b, board_instrument(b, ch->instrument)->name)
					 : "";

	for (const char *word = t->filter; *word != '\0';) {
		size_t n = strcspn(word, " ");

		if (n > 0 && !has_word(board_text(b, ch->name), word, n) &&
			!has_word(board_text(b, ch->title), word, n) &&
			!has_word(board_text(b, ch->unit), word, n) &&
			!has_word(instrument, word, n))
			return false;
		word += n + (word[n] == ' ');
	}
	return true;
}

static int
compare(const void *one, const void *other, void *arg)
{
	const struct top *t = arg;
	uint32_t i = *(const uint32_t *)one, k = *(const uint32_t *)other;
	const struct top_row *a = &t->rows[i], *b = &t->rows[k];
	int by = 0;

	if (t->sort == SORT_NAME)
		by = strcmp(name_of(t, i), name_of(t, k));
	else if (t->sort == SORT_AGE)
		by = (a->stamp_ns > b->stamp_ns) - (a->stamp_ns < b->stamp_ns);
	else if (t->sort == SORT_CHANGE)
		by = (a->changed_ns < b->changed_ns) - (a->changed_ns > b->changed_ns);
	if (by == 0)
		by = (a->group > b->group) - (a->group < b->group);
	return by != 0 ? by : (i > k) - (i < k);
}

/* The chosen channel stays chosen where it is still shown; the first line stays the first. */
static void
keep_chosen(struct top *t)
{
	if (t->chosen > 0 && t->name[0] != '\0' &&
		(t->chosen >= t->n_order || strcmp(name_of(t, t->order[t->chosen]), t->name) != 0))
		for (uint32_t i = 0; i < t->n_order; i++)
			if (strcmp(name_of(t, t->order[i]), t->name) == 0) {
				t->chosen = i;
				break;
			}
	t->chosen = t->n_order == 0 ? 0 : MIN(t->chosen, t->n_order - 1);
	if (t->page != PAGE_CHANNEL)
		text_copy(t->name, sizeof(t->name),
			t->n_order == 0 ? "" : name_of(t, t->order[t->chosen]));
}

void
top_choose(struct top *t)
{
	bool moves = t->sort == SORT_AGE || t->sort == SORT_CHANGE;

	if (t->board == NULL)
		return;
	/* sorted_ns 0: filter or order are others than at the last time. */
	if (t->sorted_ns == 0)
		t->has_widths = false;
	if (t->sorted_ns == 0 || (moves && t->now_ns - t->sorted_ns >= TOP_SORT_NS)) {
		for (uint32_t i = 0; i < t->info.n_channels; i++) {
			t->sorted[i] = i;
			t->rows[i].fits = t->sorted_ns == 0 ? fits(t, i) : t->rows[i].fits;
		}
		qsort_r(t->sorted, t->info.n_channels, sizeof(*t->sorted), compare, t);
		t->sorted_ns = t->now_ns;
	}
	t->n_order = 0;
	for (uint32_t i = 0; i < t->info.n_channels; i++) {
		const struct top_row *r = &t->rows[t->sorted[i]];

		if (r->fits &&
			(!t->only_problems || quality_row(r->quality)->class != Q_CLASS_GOOD))
			t->order[t->n_order++] = t->sorted[i];
	}
	keep_chosen(t);
}
