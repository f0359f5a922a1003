/* watchdog.c - the watchdogs inside devices */
#include "control/watchdog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "msg/quality.h"

struct watchdogs {
	const struct image *img;
	struct outputs *outputs;
	struct watchdogs_sink sink;
	uint8_t *state; /* [watchdog], enum watchdog_state */
	uint8_t *told;  /* [watchdog], the last that was told and known */
};

struct watchdogs *
watchdogs_new(const struct image *img, struct outputs *outputs, const struct watchdogs_sink *sink,
	int64_t now_ns)
{
	struct watchdogs *w;

	if (img->watchdogs.n == 0)
		return NULL;
	w = mem_zero(1, sizeof(*w));
	w->img = img;
	w->outputs = outputs;
	w->sink = *sink;
	w->state = mem_zero(img->watchdogs.n, 1);
	w->told = mem_zero(img->watchdogs.n, 1);
	for (uint32_t i = 0; i < img->watchdogs.n; i++)
		sink->state(sink->ctx, image_watchdog_at(img, i)->state, WATCHDOG_UNKNOWN, Q_GOOD,
			now_ns);
	return w;
}

void
watchdogs_free(struct watchdogs *w)
{
	if (w == NULL)
		return;
	free(w->state);
	free(w->told);
	free(w);
}

enum seen { SEEN_NOT, SEEN_SO, SEEN_OTHER };

/* Does it stand there as it has to? What is not declared does not matter. */
static enum seen
look(const struct watchdogs *w, const struct image_guard *g, enum seen undeclared)
{
	struct output_reading r;

	if (g->channel == IMAGE_NONE)
		return undeclared;
	w->sink.read(w->sink.ctx, g->channel, &r);
	if (quality_is_bad(r.quality))
		return SEEN_NOT;
	return fabs(r.number - g->is) <= 1e-6 * fmax(1, fabs(g->is)) ? SEEN_SO : SEEN_OTHER;
}

static enum watchdog_state
judge(const struct watchdogs *w, const struct image_watchdog *d, const char **out_what)
{
	enum seen timeout = look(w, &d->timeout, SEEN_SO), armed = look(w, &d->armed, SEEN_SO);
	enum seen tripped = look(w, &d->tripped, SEEN_OTHER);

	*out_what = timeout == SEEN_OTHER ? "its timeout is another" : "it is not armed";
	if (tripped == SEEN_SO)
		return WATCHDOG_TRIPPED;
	if (timeout == SEEN_OTHER || armed == SEEN_OTHER)
		return WATCHDOG_NOT_ARMED;
	/* That it is armed has to be seen: one of which only the safe mode is declared is never known to be. */
	if (d->timeout.channel == IMAGE_NONE && d->armed.channel == IMAGE_NONE)
		return WATCHDOG_UNKNOWN;
	return timeout == SEEN_SO && armed == SEEN_SO && tripped == SEEN_OTHER ? WATCHDOG_ARMED
									       : WATCHDOG_UNKNOWN;
}

static void
emit(struct watchdogs *w, enum event_kind kind, const struct image_watchdog *d, const char *text,
	int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns };

	text_copy(e.subject, sizeof(e.subject),
		image_text(w->img, image_instrument_at(w->img, d->instrument)->name));
	text_copy(e.text, sizeof(e.text), text);
	w->sink.event(w->sink.ctx, &e);
}

/* Its outputs are the device's, or ours again. */
static void
hand_over(struct watchdogs *w, const struct image_watchdog *d, bool is_tripped, int64_t now_ns)
{
	for (uint32_t i = d->first_value; i < d->first_value + d->n_values; i++) {
		const struct image_watchdog_value *v = image_watchdog_value_at(w->img, i);

		outputs_away(w->outputs, v->channel, is_tripped ? v->value : (double)NAN, now_ns);
	}
}

static void
change(struct watchdogs *w, uint32_t i, enum watchdog_state now, const char *what, int64_t now_ns)
{
	const struct image_watchdog *d = image_watchdog_at(w->img, i);
	enum watchdog_state told = (enum watchdog_state)w->told[i];

	w->state[i] = (uint8_t)now;
	w->sink.state(w->sink.ctx, d->state, now, Q_GOOD, now_ns);
	/* One that nobody can read is told by its instrument, and is what it was: it may have lost its wire because it trips. */
	if (now == told ||
		(now == WATCHDOG_UNKNOWN &&
			(told != WATCHDOG_TRIPPED || look(w, &d->tripped, SEEN_NOT) != SEEN_OTHER)))
		return;
	w->told[i] = (uint8_t)now;
	if (now == WATCHDOG_TRIPPED)
		emit(w, EVENT_WATCHDOG_TRIPPED, d, "", now_ns);
	else if (told == WATCHDOG_TRIPPED)
		emit(w, EVENT_WATCHDOG_CLEARED, d, "", now_ns);
	if (now == WATCHDOG_TRIPPED || told == WATCHDOG_TRIPPED)
		hand_over(w, d, now == WATCHDOG_TRIPPED, now_ns);
	if (now == WATCHDOG_NOT_ARMED)
		emit(w, EVENT_WATCHDOG_NOT_ARMED, d, what, now_ns);
	else if (now == WATCHDOG_ARMED)
		emit(w, EVENT_WATCHDOG_ARMED, d, "", now_ns);
}

static void
step(struct watchdogs *w, uint32_t i, int64_t now_ns)
{
	const char *what;
	enum watchdog_state now = judge(w, image_watchdog_at(w->img, i), &what);

	if (now != w->state[i])
		change(w, i, now, what, now_ns);
}

/* That it is in its own safe mode counts before anything is written to it. */
void
watchdogs_read(struct watchdogs *w, uint32_t channel, int64_t now_ns)
{
	for (uint32_t i = 0; w != NULL && i < w->img->watchdogs.n; i++)
		if (image_watchdog_at(w->img, i)->tripped.channel == channel)
			step(w, i, now_ns);
}

void
watchdogs_tick(struct watchdogs *w, int64_t now_ns)
{
	for (uint32_t i = 0; w != NULL && i < w->img->watchdogs.n; i++)
		step(w, i, now_ns);
}

void
watchdogs_adopt(struct watchdogs *w, const struct watchdogs *from, int64_t now_ns)
{
	for (uint32_t i = 0; w != NULL && from != NULL && i < w->img->watchdogs.n; i++) {
		const struct image_watchdog *d = image_watchdog_at(w->img, i);
		const char *name =
			image_text(w->img, image_instrument_at(w->img, d->instrument)->name);

		for (uint32_t k = 0; k < from->img->watchdogs.n; k++) {
			const struct image_watchdog *old = image_watchdog_at(from->img, k);

			if (strcmp(name, image_text(from->img,
						 image_instrument_at(from->img, old->instrument)
							 ->name)) != 0)
				continue;
			w->state[i] = from->state[k];
			w->told[i] = from->told[k];
			w->sink.state(w->sink.ctx, d->state, w->state[i], Q_GOOD, now_ns);
			if (w->told[i] == WATCHDOG_TRIPPED)
				hand_over(w, d, true, now_ns);
		}
	}
}
