/* power.c - mains, and devices that lost power */
#include "control/power.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/hands_inside.h"
#include "msg/quality.h"

#define SLACK_S 2.0 /* by which the clock of a device may be off, from one answer to the next */

struct uptime {
	double last_s; /* NaN: never read */
	int64_t last_ns;
	int64_t lost_ns, back_ns; /* since when it does not answer, 0: it does; when it did again */
	bool has_restarted;       /* seen in an answer, done at the next tick */
};

struct power {
	struct uptime *at; /* [uptime of the image] */
	int64_t away_ns;   /* since when mains is false; 0: it is not */
	bool is_low_done;
	uint64_t cause;
};

struct power *
power_new(struct hands *h)
{
	struct power *p;

	if (h->img->uptimes.n == 0 && !h->img->power.is_watched)
		return NULL;
	p = mem_zero(1, sizeof(*p));
	p->at = mem_zero(h->img->uptimes.n, sizeof(*p->at));
	for (uint32_t i = 0; i < h->img->uptimes.n; i++)
		p->at[i].last_s = (double)NAN;
	return p;
}

void
power_free(struct power *p)
{
	if (p == NULL)
		return;
	free(p->at);
	free(p);
}

static uint64_t
emit(struct hands *h, enum event_kind kind, double value, const char *subject, int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns, .n_values = 1, .values = { value } };

	text_copy(e.subject, sizeof(e.subject), subject);
	return h->sink.event(h->sink.ctx, &e);
}

/* ---- devices --------------------------------------------------------------------------------------------------------------- */

/* Counters of 16, 31 and 32 bits begin anew by themselves: would this one be where it is, had it only gone on? */
static bool
is_wrap(const struct hands *h, const struct image_uptime *d, double expected_s, double now_s)
{
	static const double ends[] = { 65536.0, 2147483648.0, 4294967296.0 };
	const struct image_channel *ch = image_channel_at(h->img, d->channel);
	double tick_s = fabs(ch->has_scale && ch->n_knots == 0 ? ch->factor : 1) * d->factor;

	for (size_t i = 0; i < NELEM(ends); i++)
		if (fabs(expected_s - ends[i] * tick_s - now_s) <= SLACK_S + tick_s)
			return true;
	return false;
}

void
power_read(struct hands *h, uint32_t channel, int64_t now_ns)
{
	struct power *p = h->power;

	for (uint32_t i = 0; p != NULL && i < h->img->uptimes.n; i++) {
		const struct image_uptime *d = image_uptime_at(h->img, i);
		struct uptime *u = &p->at[i];
		double number, now_s, expected_s;
		enum quality quality;
		int64_t stamp_ns;

		if (d->channel != channel)
			continue;
		channels_look(h->channels, channel, &number, &quality, &stamp_ns);
		if (quality_is_bad(quality))
			continue;
		now_s = number * d->factor;
		expected_s = u->last_s + (double)(now_ns - u->last_ns) / 1e9;
		/* A device that restarts twice between two answers runs longer than before, and shorter than it would have. */
		if (isfinite(u->last_s) && now_s < u->last_s && !is_wrap(h, d, expected_s, now_s))
			u->has_restarted = true;
		u->last_s = now_s;
		u->last_ns = now_ns;
	}
}

void
power_lost(struct hands *h, uint32_t instrument, int64_t now_ns)
{
	for (uint32_t i = 0; h->power != NULL && i < h->img->uptimes.n; i++) {
		struct uptime *u = &h->power->at[i];

		if (image_uptime_at(h->img, i)->instrument != instrument || u->lost_ns != 0)
			continue;
		u->lost_ns = now_ns;
		u->back_ns = 0;
		if (restore_state_of(h->restore) == RESTORE_IDLE)
			hands_show_lasts(h, now_ns);
	}
}

void
power_back(struct hands *h, uint32_t instrument, int64_t now_ns)
{
	for (uint32_t i = 0; h->power != NULL && i < h->img->uptimes.n; i++)
		if (image_uptime_at(h->img, i)->instrument == instrument)
			h->power->at[i].back_ns = now_ns;
}

bool
power_is_sure(const struct hands *h, uint32_t instrument, int64_t since_ns)
{
	for (uint32_t i = 0; h->power != NULL && i < h->img->uptimes.n; i++) {
		const struct uptime *u = &h->power->at[i];

		if (image_uptime_at(h->img, i)->instrument == instrument &&
			(u->has_restarted || u->last_ns < since_ns))
			return false;
	}
	return true;
}

static void
tell_restart(struct hands *h, uint32_t i, int64_t now_ns)
{
	const struct image_uptime *d = image_uptime_at(h->img, i);
	struct uptime *u = &h->power->at[i];
	struct restore_outage o = { .instrument = d->instrument, .allowed_ns = HANDS_OUTAGE_NS };

	u->has_restarted = false;
	if (u->lost_ns != 0)
		o.ns = (u->back_ns != 0 ? u->back_ns : now_ns) - u->lost_ns;
	else if (restore_state_of(h->restore) == RESTORE_IDLE)
		hands_show_lasts(h, now_ns);
	o.cause = emit(h, EVENT_DEVICE_LOST_POWER, u->last_s,
		image_text(h->img, image_instrument_at(h->img, d->instrument)->name), now_ns);
	if (h->img->is_observed)
		return;
	h->sink.anew(h->sink.ctx, d->instrument);
	/* A safe state, or a person who is asked, has them: nothing else is decided. */
	if (safe_held(h->safe) == IMAGE_NONE && !trips_any(h->trips) && !h->power_is_out)
		restore_begin(h, &o, now_ns);
	outputs_unknown(h->outputs, d->instrument, now_ns);
}

/* ---- mains ----------------------------------------------------------------------------------------------------------------- */

enum seen { SEEN_NOT, SEEN_ON, SEEN_OFF };

static enum seen
look(const struct hands *h, uint32_t channel)
{
	double number;
	enum quality quality;
	int64_t stamp_ns;

	if (channel == IMAGE_NONE)
		return SEEN_NOT;
	channels_look(h->channels, channel, &number, &quality, &stamp_ns);
	return quality_is_bad(quality) ? SEEN_NOT : number > 0 ? SEEN_ON : SEEN_OFF;
}

static void
begin_outage(struct hands *h, int64_t now_ns)
{
	h->power_is_out = true;
	h->power->cause = emit(h, EVENT_MAINS_LOST, 0, "mains", now_ns);
	if (restore_state_of(h->restore) == RESTORE_IDLE)
		hands_show_lasts(h, now_ns);
	/* One that asks waits, and is safe; all else stays as it is, what is on its way back as well. */
	if (!h->img->is_observed && (safe_held(h->safe) == IMAGE_NONE ||
					    restore_state_of(h->restore) == RESTORE_LOOKING))
		restore_hold(h, now_ns);
}

static void
end_outage(struct hands *h, int64_t now_ns)
{
	struct power *p = h->power;
	enum restore_state state = restore_state_of(h->restore);
	struct restore_outage o = {
		.instrument = RESTORE_ALL, .ns = now_ns - p->away_ns, .allowed_ns = HANDS_OUTAGE_NS
	};

	h->power_is_out = false;
	o.cause = emit(h, EVENT_MAINS_BACK, (double)o.ns / 1e9, "mains", now_ns);
	/* Made safe by a trip or a person meanwhile, it stays so; by this outage, the rows decide. */
	if (!h->img->is_observed &&
		(state == RESTORE_POWER_OUT ||
			(state == RESTORE_ASKING && p->is_low_done &&
				(h->img->has_power_loss || sequencer_has_rows(h->sequencer)))))
		restore_begin(h, &o, now_ns);
}

static void
watch_mains(struct hands *h, int64_t now_ns)
{
	struct power *p = h->power;
	enum seen mains = look(h, h->img->power.mains);

	if (mains == SEEN_OFF && p->away_ns == 0)
		p->away_ns = now_ns;
	if (mains == SEEN_OFF && !h->power_is_out && now_ns - p->away_ns >= h->img->power.for_ns)
		begin_outage(h, now_ns);
	if (mains == SEEN_ON && h->power_is_out)
		end_outage(h, now_ns);
	if (mains == SEEN_ON)
		p->away_ns = 0;
	/* One that nobody can read is no sign that it is lost, nor that it is back. */
	if (mains == SEEN_NOT && !h->power_is_out)
		p->away_ns = 0;
}

static void
watch_low(struct hands *h, int64_t now_ns)
{
	struct power *p = h->power;
	enum seen low = look(h, h->img->power.low);

	if (low == SEEN_OFF && !h->power_is_out)
		p->is_low_done = false;
	if (low != SEEN_ON || p->is_low_done)
		return;
	p->is_low_done = true;
	emit(h, EVENT_POWER_LOW, 0, "power", now_ns);
	if (!h->img->is_observed && safe_held(h->safe) == IMAGE_NONE)
		restore_make_safe(h, "the supply will not last", now_ns);
}

void
power_tick(struct hands *h, int64_t now_ns)
{
	if (h->power == NULL)
		return;
	for (uint32_t i = 0; i < h->img->uptimes.n; i++) {
		struct uptime *u = &h->power->at[i];

		if (u->has_restarted)
			tell_restart(h, i, now_ns);
		/* It has answered, and was not away for good. */
		if (u->back_ns != 0 && u->last_ns > u->back_ns)
			u->lost_ns = u->back_ns = 0;
	}
	if (h->img->power.is_watched) {
		watch_mains(h, now_ns);
		watch_low(h, now_ns);
	}
}

void
power_adopt(struct hands *h, struct hands *from)
{
	if (h->power == NULL || from->power == NULL)
		return;
	h->power_is_out = from->power_is_out && h->img->power.is_watched;
	h->power->away_ns = from->power->away_ns;
	h->power->is_low_done = from->power->is_low_done;
	h->power->cause = from->power->cause;
}
