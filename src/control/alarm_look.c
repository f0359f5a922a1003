/* alarm_look.c - what the condition of an alarm says, and for how long
 *
 * Unknown holds the state. It also holds back a delay towards "on", which goes on afterwards, and starts one towards "off" anew:
 * a channel that fails now and then neither hides an alarm for ever nor ends one.
 */
#include "control/alarm_inside.h"

/* Is its condition on? `clear` stands in place of a hysteresis: what is on stays so until it is true. It is asked each tick,
 * wanted or not: what expressions remember goes wrong when they miss one. */
static enum truth
is_on(struct alarms *a, const struct image_alarm *d, bool is_active, enum quality *out_reason)
{
	enum quality reason = Q_SOURCE_BAD;
	enum truth clear =
		d->clear.n_ops == 0 ? TRUTH_TRUE : a->sink.truth(a->sink.ctx, &d->clear, &reason);
	enum truth when = a->sink.truth(a->sink.ctx, &d->when, out_reason);

	if (when != TRUTH_FALSE || !is_active)
		return when;
	if (clear == TRUTH_UNKNOWN)
		*out_reason = reason;
	return clear == TRUTH_TRUE    ? TRUTH_FALSE
	       : clear == TRUTH_FALSE ? TRUTH_TRUE
				      : TRUTH_UNKNOWN;
}

/* Has the condition been otherwise than the state for as long as its delay? */
static bool
has_turned(struct alarms *a, const struct image_alarm *d, struct alarm *m, enum truth t)
{
	bool is_active = alarm_is_active(m);

	if (t == TRUTH_UNKNOWN || (t == TRUTH_TRUE && !is_active && m->is_held)) {
		m->since_ns += a->step_ns;
		if (is_active)
			m->is_pending = false;
		return false;
	}
	if ((t == TRUTH_TRUE) == is_active) {
		m->is_pending = false;
		return false;
	}
	if (!m->is_pending) {
		m->is_pending = true;
		m->since_ns = a->now_ns;
	}
	return a->now_ns - m->since_ns >= (is_active ? d->off_for_ns : d->for_ns);
}

static void
tell_lost(struct alarms *a, uint32_t i)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct alarm *m = &a->at[i];

	m->unknown_event = alarm_tell(a, i, EVENT_ALARM_UNKNOWN, 0, NULL);
	m->is_lost_told = true;
	m->is_lost_acked = !d->needs_ack;
	if (d->priority >= PRIORITY_HIGH)
		m->is_loud = true;
}

static void
watch_unknown(struct alarms *a, uint32_t i, enum quality reason)
{
	struct alarm *m = &a->at[i];
	bool is_quiet = m->overlays != 0;

	if (!m->is_unknown) {
		m->is_unknown = true;
		m->unknown_ns = a->now_ns;
	} else if (m->is_held) {
		m->unknown_ns += a->step_ns; /* its parent speaks first */
	}
	if (m->reason != reason) {
		m->reason = (uint8_t)reason;
		alarm_show(a, i);
	}
	if (m->is_held)
		return;
	if (!m->is_lost && a->now_ns - m->unknown_ns >= image_alarm_at(a->img, i)->on_bad_ns)
		m->is_lost = true;
	else if (!m->is_lost || m->is_lost_told || is_quiet)
		return;
	if (!m->is_lost_told && !is_quiet)
		tell_lost(a, i);
	alarm_changed(a, i);
}

/* A spell of unknown is over when the condition is known and the state agrees with it: until then nothing is normal. */
static void
end_lost(struct alarms *a, uint32_t i, bool is_told)
{
	struct alarm *m = &a->at[i];

	if (is_told)
		alarm_tell(a, i, EVENT_ALARM_OFF, m->unknown_event, NULL);
	m->is_lost = m->is_lost_told = m->is_lost_acked = false;
	alarm_changed(a, i);
}

void
alarm_look(struct alarms *a, uint32_t i)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct alarm *m = &a->at[i];
	bool was_active = alarm_is_active(m);
	enum quality reason = Q_SOURCE_BAD;
	enum truth t = is_on(a, d, was_active, &reason);

	if (!quality_is_bad(reason))
		reason =
			Q_SOURCE_BAD; /* it is shown as a quality, and only a bad one says "unknown" */
	if (t == TRUTH_UNKNOWN)
		watch_unknown(a, i, reason);
	else
		m->is_unknown = false;
	if (has_turned(a, d, m, t))
		alarm_turn(a, i, !was_active, m->is_lost_told ? m->unknown_event : 0);
	if (t == TRUTH_UNKNOWN)
		return;
	if (m->is_lost && (t == TRUTH_FALSE || alarm_is_active(m)))
		end_lost(a, i,
			m->is_lost_told && m->overlays == 0 && t == TRUTH_FALSE && !was_active);
	if (!m->is_known) {
		m->is_known = true;
		alarm_show(a, i);
	}
}
