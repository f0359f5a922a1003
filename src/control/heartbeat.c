/* heartbeat.c - the sign of life */
#include "control/heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/output_inside.h"
#include "msg/quality.h"

struct heart_need {
	bool is_needed, is_up, has_polls;
	int64_t answered_ns; /* 0: never */
	int64_t limit_ns;    /* of the channel of it that grows stale first */
};

struct heartbeat {
	const struct image *img;
	struct heartbeat_sink sink;
	struct heart_need *at; /* [instrument] */
	uint32_t n;
	uint8_t state; /* enum heartbeat_state */
	bool level;    /* what its channel holds, as far as is known */
	bool is_level_known;
	bool is_writing, has_beaten;
	bool sent; /* what is under way */
	int64_t began_ns, sent_ns, taken_ns;
	uint64_t n_toggles;
};

/* Does a value of this quality prove that the device is there? */
static bool
is_answer(enum quality q)
{
	switch (q) {
	case Q_NOT_YET:
	case Q_STALE:
	case Q_NO_LINK:
	case Q_LINK_LOST:
	case Q_NO_ANSWER:
	case Q_GARBLED:
	case Q_GATEWAY_PATH:
	case Q_GATEWAY_TARGET:
	case Q_WRONG_DEVICE:
	case Q_CONTROLLER_DOWN:
	case Q_UNREADABLE:
		return false;
	default:
		return true;
	}
}

static void
show(struct heartbeat *h, enum heartbeat_state state, int64_t now_ns)
{
	h->state = (uint8_t)state;
	h->sink.state(h->sink.ctx, h->img->heartbeat.state, state, Q_GOOD, now_ns);
}

struct heartbeat *
heartbeat_new(const struct image *img, const struct heartbeat_sink *sink, int64_t now_ns)
{
	struct heartbeat *h;

	if (img->heartbeat.every_ns == 0)
		return NULL;
	h = mem_zero(1, sizeof(*h));
	h->img = img;
	h->sink = *sink;
	h->n = img->instruments.n;
	h->at = mem_zero(h->n, sizeof(*h->at));
	h->began_ns = h->taken_ns = now_ns;
	for (uint32_t i = 0; i < h->n; i++)
		h->at[i].limit_ns = INT64_MAX;
	for (uint32_t i = 0; i < img->needs.n; i++)
		h->at[((const uint32_t *)image_at(img, &img->needs))[i]].is_needed = true;
	for (uint32_t i = 0; i < img->points.n; i++) {
		const struct image_point *p = image_point_at(img, i);
		const struct image_channel *ch = image_channel_at(img, p->channel);
		struct heart_need *need = &h->at[p->instrument];

		if (p->is_write_only || p->is_captured || ch->stale_ns <= 0)
			continue;
		need->has_polls = true;
		need->limit_ns = MIN(need->limit_ns, ch->stale_ns);
	}
	h->sink.state(h->sink.ctx, img->heartbeat.toggles, 0, Q_GOOD, now_ns);
	show(h, img->is_observed ? HEARTBEAT_OBSERVING : HEARTBEAT_STARTING, now_ns);
	return h;
}

void
heartbeat_free(struct heartbeat *h)
{
	if (h == NULL)
		return;
	free(h->at);
	free(h);
}

void
heartbeat_read(struct heartbeat *h, uint32_t channel, int64_t now_ns)
{
	struct output_reading r;
	uint32_t instrument;

	if (h == NULL)
		return;
	instrument = image_channel_at(h->img, channel)->instrument;
	if (instrument >= h->n || !h->at[instrument].is_needed)
		return;
	h->sink.read(h->sink.ctx, channel, &r);
	if (!is_answer(r.quality))
		return;
	h->at[instrument].answered_ns = now_ns;
	if (channel == h->img->heartbeat.channel && !h->is_level_known &&
		!quality_is_bad(r.quality)) {
		h->level = r.number > 0;
		h->is_level_known = true;
	}
}

void
heartbeat_state(struct heartbeat *h, uint32_t instrument, bool is_up)
{
	if (h == NULL || instrument >= h->n)
		return;
	h->at[instrument].is_up = is_up;
	/* What its channel holds after that, the device has to tell anew. */
	if (!is_up && instrument == image_channel_at(h->img, h->img->heartbeat.channel)->instrument)
		h->is_level_known = false;
}

void
heartbeat_written(struct heartbeat *h, enum quality verdict, int64_t now_ns)
{
	if (h == NULL || !h->is_writing)
		return;
	h->is_writing = false;
	if (quality_is_bad(verdict))
		return; /* the same again: the relay has not seen it, or has, and then that is no edge */
	h->level = h->sent;
	h->is_level_known = true;
	h->taken_ns = now_ns;
	h->n_toggles++;
	h->sink.state(h->sink.ctx, h->img->heartbeat.toggles, (double)h->n_toggles, Q_GOOD, now_ns);
}

/* The first that does not live; IMAGE_NONE. */
static uint32_t
find_silent(const struct heartbeat *h, int64_t now_ns)
{
	for (uint32_t i = 0; i < h->n; i++) {
		const struct heart_need *need = &h->at[i];

		if (!need->is_needed)
			continue;
		if (!need->is_up ||
			(need->has_polls && (need->answered_ns == 0 ||
						    now_ns - need->answered_ns > need->limit_ns)))
			return i;
	}
	return IMAGE_NONE;
}

static void
emit(struct heartbeat *h, enum event_kind kind, uint64_t cause, const char *text, int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns, .cause = cause };

	text_copy(e.subject, sizeof(e.subject), "heartbeat");
	text_copy(e.text, sizeof(e.text), text);
	h->sink.event(h->sink.ctx, &e);
}

/* One event for the stop of a heart that beat, one for each reason that lasts. */
static void
stop(struct heartbeat *h, enum heartbeat_state why, uint64_t cause, const char *text,
	int64_t now_ns)
{
	bool was_beating = h->state == HEARTBEAT_BEATING;

	if (h->state == why)
		return;
	show(h, why, now_ns);
	if (was_beating || !h->has_beaten)
		emit(h, EVENT_HEARTBEAT_STOPPED, cause, text, now_ns);
}

static void
toggle(struct heartbeat *h, int64_t now_ns)
{
	const struct image_channel *ch = image_channel_at(h->img, h->img->heartbeat.channel);
	const struct image_output as_output = {
		.channel = h->img->heartbeat.channel, .at = h->img->heartbeat.channel, .factor = 1
	};
	union value raw;
	double at;
	struct err err;

	h->sent = !h->level;
	if (output_raw(h->img, &as_output, h->sent, &raw, &at, &err) < 0)
		return;
	h->is_writing = true; /* it may be settled before the call is back */
	h->sent_ns = now_ns;
	if (h->sink.write(h->sink.ctx, ch->source, HEARTBEAT_TAG, raw, &err) < 0)
		h->is_writing = false;
}

/* A trip, an instrument or the wire: why it must not beat, or does not. False: it may. */
static bool
is_stopped(struct heartbeat *h, const struct heartbeat_now *now)
{
	int64_t long_ns = 2 * h->img->heartbeat.every_ns + h->img->tick_ns;
	uint32_t silent = find_silent(h, now->now_ns);
	char text[EVENT_TEXT];

	if (now->is_tripped) {
		stop(h, HEARTBEAT_TRIPPED, now->trip, "a trip has fired", now->now_ns);
		return true;
	}
	if (silent != IMAGE_NONE) {
		snprintf(text, sizeof(text), "instrument '%.60s' does not answer",
			image_text(h->img, image_instrument_at(h->img, silent)->name));
		/* At the start nobody has answered yet. */
		if (h->has_beaten || now->now_ns - h->began_ns > 10 * NS_PER_S)
			stop(h, HEARTBEAT_SILENT, 0, text, now->now_ns);
		return true;
	}
	if (now->late_ns > h->img->tick_ns) {
		snprintf(text, sizeof(text), "a tick of the controller came %lld ms late",
			(long long)(now->late_ns / NS_PER_MS));
		if (h->state == HEARTBEAT_BEATING && now->now_ns - h->taken_ns > long_ns)
			stop(h, HEARTBEAT_LATE, 0, text, now->now_ns);
		return true;
	}
	if (h->state == HEARTBEAT_BEATING && now->now_ns - h->taken_ns > long_ns)
		stop(h, HEARTBEAT_NOT_TAKEN, 0, "its instrument does not take it", now->now_ns);
	return false;
}

void
heartbeat_tick(struct heartbeat *h, const struct heartbeat_now *now)
{
	if (h == NULL || h->img->is_observed || is_stopped(h, now))
		return;
	/* It beats when the device has said so. */
	if (h->state != HEARTBEAT_BEATING && h->taken_ns >= h->began_ns && h->n_toggles > 0 &&
		now->now_ns - h->taken_ns <= h->img->heartbeat.every_ns + h->img->tick_ns) {
		h->has_beaten = true;
		show(h, HEARTBEAT_BEATING, now->now_ns);
		emit(h, EVENT_HEARTBEAT_BEGAN, 0, "", now->now_ns);
	}
	if (!h->is_writing &&
		now->now_ns - h->sent_ns >= h->img->heartbeat.every_ns - h->img->tick_ns / 2)
		toggle(h, now->now_ns);
}

static uint32_t
find_old(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (strcmp(image_text(img, image_instrument_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

void
heartbeat_adopt(struct heartbeat *h, const struct heartbeat *from)
{
	if (h == NULL || from == NULL)
		return;
	for (uint32_t i = 0; i < h->n; i++) {
		uint32_t old = find_old(
			from->img, image_text(h->img, image_instrument_at(h->img, i)->name));

		if (old == IMAGE_NONE)
			continue;
		h->at[i].is_up = from->at[old].is_up;
		h->at[i].answered_ns = from->at[old].answered_ns;
	}
	h->level = from->level;
	h->is_level_known = from->is_level_known;
	h->has_beaten = from->has_beaten;
	h->began_ns = from->began_ns;
	h->sent_ns = from->sent_ns;
	h->taken_ns = from->taken_ns;
	h->n_toggles = from->n_toggles;
	show(h, (enum heartbeat_state)from->state, h->taken_ns);
}
