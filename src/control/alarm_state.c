/* alarm_state.c - the states of an alarm
 *
 *	           on          ack           on: its condition is, after the delay `for`
 *	A normal -----> B unack -----> C ack  off: after `off_for`
 *	  ^  ^           |  ^           |
 *	  |  |       off |  | on        | off                A latched one goes from B to E and from C to F instead:
 *	  |  |           v  |           |
 *	  |  +---------- D returned     |                    B --off--> E latched, unack --ack--> F latched, ack --reset--> A
 *	  |      ack                    |                    C --off------------------------------^    E, F --on--> B
 *	  +-----------------------------+
 *
 * One that needs no acknowledgement goes on from B, D and E at once, as if somebody had.
 * Source: ANSI/ISA-18.2-2016 and IEC 62682, state diagram of an alarm, letters as there.
 */
#include "control/alarm_inside.h"

enum {
	A = ALARM_NORMAL,
	B = ALARM_UNACKNOWLEDGED,
	C = ALARM_ACKNOWLEDGED,
	D = ALARM_RETURNED,
	E = ALARM_LATCHED_UNACKNOWLEDGED,
	F = ALARM_LATCHED_ACKNOWLEDGED
};

static const uint8_t after_on[] = { [A] = B, [B] = B, [C] = C, [D] = B, [E] = B, [F] = B };
static const uint8_t after_off[] = { [A] = A, [B] = D, [C] = A, [D] = D, [E] = E, [F] = F };
static const uint8_t after_off_latched[] = { [A] = A, [B] = E, [C] = F, [D] = D, [E] = E, [F] = F };
static const uint8_t after_ack[] = { [A] = A, [B] = C, [C] = C, [D] = A, [E] = F, [F] = F };

bool
alarm_is_active(const struct alarm *m)
{
	return m->state == B || m->state == C;
}

bool
alarm_is_unacknowledged(const struct alarm *m)
{
	return after_ack[m->state] != m->state;
}

void
alarm_acknowledge(struct alarm *m)
{
	m->state = after_ack[m->state];
}

static uint8_t
shown_of(const struct alarm *m)
{
	if ((m->overlays & OVER_OUT) != 0)
		return ALARM_OUT_OF_SERVICE;
	if ((m->overlays & OVER_SUPPRESSED) != 0)
		return ALARM_SUPPRESSED;
	if ((m->overlays & OVER_SHELF) != 0)
		return ALARM_SHELVED;
	if (m->state != A)
		return m->state;
	if (m->is_known && !m->is_lost)
		return A;
	/* Where nothing was shown yet, nothing is what there is to say for a while. */
	return m->shown == SHOWN_NOTHING && !m->is_lost ? SHOWN_NOTHING : SHOWN_UNKNOWN;
}

static void
hear(struct alarms *a, struct alarm *m)
{
	bool is_heard = m->is_loud && m->overlays == 0 &&
			(alarm_is_unacknowledged(m) || (m->is_lost_told && !m->is_lost_acked));

	m->is_loud = is_heard; /* what has ended is told anew before it is heard again */
	if (is_heard && !m->is_heard)
		a->n_heard++;
	else if (!is_heard && m->is_heard)
		a->n_heard--;
	m->is_heard = is_heard;
}

static void
stand(struct alarms *a, struct alarm *m)
{
	bool is_standing = m->overlays == 0 && m->state != A;

	if (m->group != IMAGE_NONE && is_standing && !m->is_standing)
		a->n_standing[m->group]++;
	else if (m->group != IMAGE_NONE && !is_standing && m->is_standing)
		a->n_standing[m->group]--;
	m->is_standing = is_standing;
}

void
alarm_show(struct alarms *a, uint32_t i)
{
	struct alarm *m = &a->at[i];
	uint8_t shown = shown_of(m);
	uint32_t channel = image_alarm_at(a->img, i)->state;

	hear(a, m);
	stand(a, m);
	if (shown == m->shown && (shown != SHOWN_UNKNOWN || m->reason == m->shown_reason))
		return;
	m->shown = shown;
	m->shown_reason = m->reason;
	if (shown == SHOWN_UNKNOWN)
		a->sink.state(a->sink.ctx, channel, A, (enum quality)m->reason, a->now_ns);
	else
		a->sink.state(a->sink.ctx, channel, shown, Q_GOOD, a->now_ns);
}

void
alarm_changed(struct alarms *a, uint32_t i)
{
	if (!a->at[i].is_changed) {
		a->at[i].is_changed = true;
		a->changed[a->n_changed++] = i;
	}
	alarm_show(a, i);
}

void
alarm_turn(struct alarms *a, uint32_t i, bool is_on, uint64_t cause)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct alarm *m = &a->at[i];
	bool is_quiet = m->overlays != 0;

	if (is_on && !is_quiet)
		m->on_event = alarm_tell_on(
			a, i, m->group != IMAGE_NONE && a->n_standing[m->group] == 0, cause);
	else if (!is_quiet)
		alarm_tell(a, i, EVENT_ALARM_OFF, m->on_event, NULL);
	if (is_on)
		m->state = after_on[m->state];
	else
		m->state = d->is_latched ? after_off_latched[m->state] : after_off[m->state];
	if (!d->needs_ack)
		alarm_acknowledge(m);
	m->is_pending = false;
	if (is_on && !is_quiet && d->priority >= PRIORITY_HIGH)
		m->is_loud = true;
	alarm_changed(a, i);
}

/* What is unknown begins anew: its channels may need a moment, as after a start. */
void
alarm_come_back(struct alarms *a, uint32_t i, uint64_t cause)
{
	struct alarm *m = &a->at[i];
	bool is_on = alarm_is_active(m);

	m->state = A;
	m->is_lost = m->is_lost_told = m->is_lost_acked = false;
	m->unknown_ns = a->now_ns;
	if (m->is_unknown)
		m->is_known = false;
	if (is_on)
		alarm_turn(a, i, true, cause);
	else
		alarm_changed(a, i);
}

void
alarm_fit(struct alarms *a, uint32_t i)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct alarm *m = &a->at[i];

	if (!d->is_latched && m->state == E)
		m->state = D;
	if (!d->is_latched && m->state == F)
		m->state = A;
	if (!d->needs_ack) {
		alarm_acknowledge(m);
		m->is_lost_acked = m->is_lost_told;
	}
	if (d->priority < PRIORITY_HIGH)
		m->is_loud = false;
	m->is_held = false;
	m->shelf_ns = MIN(m->shelf_ns, a->now_ns + d->shelve_max_ns);
}
