/* head.c - how the bench is: can what is below be believed, and what waits for somebody */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "top/draw.h"

/* Pieces of one line, those that matter first: what does not fit any more is left out, and the first one cut. */
struct line {
	const struct top *t;
	struct frame *f;
	int line, col;
};

static void
piece(struct line *l, enum tone tone, const char *text)
{
	int gap = l->col > 0 ? 2 : 0;
	int cols = frame_cols(l->f->is_utf8, text);

	if (text[0] == '\0' || (l->col > 0 && l->col + gap + cols > l->f->width))
		return;
	l->col += gap + frame_put(l->f, l->line, l->col + gap, cols, tone, text);
}

static void
begin(struct line *l, enum word label)
{
	char text[DRAW_TEXT];

	snprintf(text, sizeof(text), "%s%s", word(l->t->language, label),
		word(l->t->language, W_COLON));
	text[strcspn(text, ":") + (strchr(text, ':') != NULL ? 1 : 0)] = '\0';
	piece(l, TONE_STRONG, text);
	l->col--; /* one blank behind a colon */
}

static void
draw_title(const struct top *t, struct frame *f)
{
	char when[CLOCK_TEXT_SIZE], text[DRAW_TEXT];

	clock_text(when, t->now_ns + t->heart.wall_ns);
	text_copy(when + 19, sizeof(when) - 19, "Z"); /* whole seconds */
	snprintf(text, sizeof(text), "%s  %.63s  %.180s", t->heart.stamp_ns != 0 ? when : "",
		t->info.bench, t->info.title);
	frame_put_bar(f, 0, TONE_BAR, text);
}

/* A number of the controller's own health; false: it is not known now. */
static bool
health(const struct top *t, const char *channel, char out[32])
{
	uint32_t i = board_find(t->board, channel);
	struct sample s;

	if (i == IMAGE_NONE)
		return false;
	board_look(t->board, i, t->now_ns, &s);
	if (quality_is_bad(s.quality))
		return false;
	snprintf(out, 32, "%.1f", value_double(board_channel(t->board, i)->type, s.v));
	return true;
}

static void
draw_heart(struct line *l)
{
	const struct top *t = l->t;
	int64_t age_ns = t->now_ns - t->heart.stamp_ns;
	uint32_t mode = board_find(t->board, "mbc.bench");
	char text[DRAW_TEXT], part[DRAW_TEXT], late[32], p99[32], most[32];

	if (!t->is_alive) {
		snprintf(text, sizeof(text), "■ %s", word(t->language, W_STOPPED));
		piece(l, TONE_BAD, text);
		return;
	}
	if (age_ns > MAX(NS_PER_S / 2, 5 * t->info.tick_ns)) {
		clock_span(late, age_ns);
		words_fill(part, sizeof(part), word(t->language, W_STALE), late, NULL, NULL);
		snprintf(text, sizeof(text), "▲ %.300s", part);
		piece(l, TONE_WARN, text);
	} else {
		snprintf(text, sizeof(text), "● %s", word(t->language, W_RUNNING));
		piece(l, TONE_STRONG, text);
	}
	if (mode != IMAGE_NONE) { /* a bench that only reads has none */
		words_fill(text, sizeof(text), word(t->language, W_MODE), draw_state_word(t, mode),
			NULL, NULL);
		piece(l, draw_state(t, mode) == BENCH_TRIPPED ? TONE_BAD : TONE_PLAIN, text);
	}
	piece(l, t->heart.wall_is_good ? TONE_PLAIN : TONE_WARN,
		word(t->language, t->heart.wall_is_good ? W_CLOCK_GOOD : W_CLOCK_BAD));
	if (health(t, "mbc.control.lateness", late) && health(t, "mbc.control.lateness_p99", p99) &&
		health(t, "mbc.control.lateness_max", most)) {
		words_fill(text, sizeof(text), word(t->language, W_LATE), late, p99, most);
		piece(l, TONE_PLAIN, text);
	}
	if (t->heart.lost > 0) {
		snprintf(part, sizeof(part), "%llu", (unsigned long long)t->heart.lost);
		words_fill(text, sizeof(text), word(t->language, W_LOST), part, NULL, NULL);
		piece(l, TONE_WARN, text);
	}
}

/* ---- alarms and trips --------------------------------------------------------------------------------------------------------- */

/* In the order in which they matter. NORMAL is not told. */
static const enum alarm_state told[] = { ALARM_UNACKNOWLEDGED, ALARM_LATCHED_UNACKNOWLEDGED,
	ALARM_RETURNED, ALARM_ACKNOWLEDGED, ALARM_LATCHED_ACKNOWLEDGED, ALARM_SUPPRESSED,
	ALARM_SHELVED, ALARM_OUT_OF_SERVICE };

static const char *const priorities[PRIORITIES] = { "low", "medium", "high", "critical" };

static enum image_priority
priority_of(const struct top *t, const struct top_state *s)
{
	enum image_priority p =
		t->image == NULL || s->place >= t->image->alarms.n
			? PRIORITIES
			: (enum image_priority)image_alarm_at(t->image, s->place)->priority;

	return MIN(p, PRIORITIES);
}

static void
draw_alarms(struct line *l)
{
	const struct top *t = l->t;
	uint32_t n[ALARM_STATES + 1][PRIORITIES + 1] = { 0 }, all[ALARM_STATES + 1] = { 0 };
	char text[DRAW_TEXT], number[16];
	uint32_t n_words;
	const char *const *words = image_state_words(STATE_ALARM, &n_words);

	for (uint32_t i = 0; i < t->alarms.n; i++) {
		int64_t state = draw_state(t, t->alarms.at[i].channel);

		if (state < 0 || state >= ALARM_STATES)
			state = ALARM_STATES; /* not known */
		n[state][priority_of(t, &t->alarms.at[i])]++;
		all[state]++;
	}
	begin(l, W_ALARMS);
	for (size_t k = 0; k <= NELEM(told); k++) {
		/* What is not known stands behind what nobody has seen. */
		uint32_t state = k == 2 ? ALARM_STATES : told[k < 2 ? k : k - 1];
		const char *sign = ", ";
		size_t at;

		if (all[state] == 0)
			continue;
		at = (size_t)snprintf(text, sizeof(text), "%u %s", all[state],
			state == ALARM_STATES ? word(t->language, W_NOT_KNOWN)
					      : word_state(t->language, words[state]));
		for (int p = PRIORITIES - 1; p >= 0 && at < sizeof(text); p--)
			if (n[state][p] > 0) {
				at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u %s",
					sign[0] == ',' ? " (" : sign, n[state][p],
					word_state(t->language, priorities[p]));
				sign = " ";
			}
		if (sign[0] == ' ' && at < sizeof(text))
			snprintf(text + at, sizeof(text) - at, ")");
		piece(l, k < 3 ? TONE_BAD : TONE_WARN, text);
	}
	snprintf(number, sizeof(number), "%u", t->alarms.n);
	words_fill(text, sizeof(text), word(t->language, t->alarms.n == 0 ? W_NONE : W_ALL_NORMAL),
		number, NULL, NULL);
	if (all[ALARM_NORMAL] == t->alarms.n)
		piece(l, TONE_PLAIN, text);
}

static void
draw_trips(struct line *l)
{
	const struct top *t = l->t;
	char text[DRAW_TEXT], number[16], other[16];
	uint32_t up = 0, ready = 0;

	begin(l, W_TRIPS);
	for (uint32_t i = 0; i < t->trips.n; i++) {
		uint32_t channel = t->trips.at[i].channel;
		int64_t state = draw_state(t, channel);

		ready += state == TRIP_READY;
		if (state == TRIP_READY)
			continue;
		snprintf(text, sizeof(text), "%.80s %.80s", draw_name(t, channel) + strlen("trip."),
			draw_state_word(t, channel));
		piece(l, TONE_BAD, text);
	}
	snprintf(number, sizeof(number), "%u", t->trips.n);
	words_fill(text, sizeof(text), word(t->language, t->trips.n == 0 ? W_NONE : W_ALL_READY),
		number, NULL, NULL);
	if (ready == t->trips.n)
		piece(l, TONE_PLAIN, text);
	for (uint32_t i = 0; i < t->safes.n; i++) {
		uint32_t channel = t->safes.at[i].channel;

		if (draw_state(t, channel) <= SAFE_IDLE)
			continue;
		snprintf(text, sizeof(text), "%s %.80s%s%.80s", word(t->language, W_SAFE_STATE),
			draw_name(t, channel) + strlen("safe."), word(t->language, W_COLON),
			draw_state_word(t, channel));
		piece(l, TONE_WARN, text);
	}
	for (uint32_t i = 0; i < t->info.n_instruments; i++) {
		struct board_state s;

		board_read_state(t->board, i, &s);
		up += t->is_alive && s.state == INSTRUMENT_UP;
	}
	snprintf(number, sizeof(number), "%u", up);
	snprintf(other, sizeof(other), "%u", t->info.n_instruments);
	snprintf(text, sizeof(text), "%s%s", word(t->language, W_INSTRUMENTS),
		word(t->language, W_COLON));
	words_fill(text + strlen(text), sizeof(text) - strlen(text), word(t->language, W_OF_UP),
		number, other, NULL);
	piece(l, up < t->info.n_instruments ? TONE_WARN : TONE_PLAIN, text);
	snprintf(number, sizeof(number), "%u", t->n_bad);
	snprintf(other, sizeof(other), "%u", t->n_uncertain);
	words_fill(text, sizeof(text), word(t->language, W_VALUES), number, other, NULL);
	piece(l, TONE_PLAIN, text);
}

/* ---- the sequence ------------------------------------------------------------------------------------------------------------- */

/* Seconds as h:mm:ss; false: not known. */
static bool
span_of(const struct top *t, const char *channel, char out[32])
{
	uint32_t i = board_find(t->board, channel);
	struct sample s;
	double v;

	text_copy(out, 32, "—");
	if (i == IMAGE_NONE)
		return false;
	board_look(t->board, i, t->now_ns, &s);
	v = value_double(board_channel(t->board, i)->type, s.v);
	if (quality_is_bad(s.quality) || !(v >= 0 && v < 1e12))
		return false;
	snprintf(out, 32, "%lld:%02d:%02d", (long long)v / 3600, (int)((long long)v / 60 % 60),
		(int)((long long)v % 60));
	return true;
}

static void
text_of(const struct top *t, const char *channel, char out[VALUE_TEXT_MAX + 1])
{
	uint32_t i = board_find(t->board, channel);
	struct sample s;

	draw_now(out, t, i, &s);
	if (quality_is_bad(s.quality))
		out[0] = '\0';
}

static void
draw_sequence(struct line *l)
{
	const struct top *t = l->t;
	char one[VALUE_TEXT_MAX + 1], other[VALUE_TEXT_MAX + 1], text[DRAW_TEXT], a[32], b[32];

	begin(l, W_SEQUENCE);
	text_of(t, "sequence.name", one);
	piece(l, TONE_STRONG, one);
	piece(l, TONE_STRONG, draw_state_word(t, board_find(t->board, "sequence.state")));
	text_of(t, "sequence.step", one);
	text_of(t, "sequence.title", other);
	if (one[0] != '\0') {
		snprintf(text, sizeof(text), "%s %s %s", word(t->language, W_STEP), one, other);
		piece(l, TONE_PLAIN, text);
		if (span_of(t, "sequence.current_step_time", a)) {
			span_of(t, "sequence.step_time", b);
			snprintf(
				text, sizeof(text), "%s %s %s", a, word(t->language, W_OF_TIME), b);
			piece(l, TONE_PLAIN, text);
		}
		if (span_of(t, "sequence.time_left", a)) {
			snprintf(text, sizeof(text), "%s %s", word(t->language, W_LEFT), a);
			piece(l, TONE_PLAIN, text);
		}
	}
	text_of(t, "sequence.waiting", one);
	piece(l, TONE_WARN, one);
	text_of(t, "sequence.reason", one);
	piece(l, TONE_WARN, one);
	text_of(t, "sequence.comment", one);
	piece(l, TONE_FAINT, one);
}

int
head_draw(const struct top *t, struct frame *f, int room)
{
	struct line l = { t, f, 0, 0 };

	if (room <= 0)
		return 0;
	draw_title(t, f);
	if (room > 1) {
		l.line = 1;
		draw_heart(&l);
	}
	/* Why there is no other board, or what there is to see of this one. */
	if (room > 2 && !t->is_alive) {
		l = (struct line){ t, f, 2, 0 };
		piece(&l, TONE_WARN, t->trouble == NULL ? "" : t->trouble);
		return 3;
	}
	if (room > 2) {
		l = (struct line){ t, f, 2, 0 };
		draw_alarms(&l);
	}
	if (room > 3) {
		l = (struct line){ t, f, 3, 0 };
		draw_trips(&l);
	}
	if (room > 4 && board_find(t->board, "sequence.state") != IMAGE_NONE) {
		l = (struct line){ t, f, 4, 0 };
		draw_sequence(&l);
		return 5;
	}
	return MIN(room, 4);
}
