/* alarm_hide.c - overlays that end or begin by themselves: by a parent, by `suppress`, and the end of a shelf
 *
 * A parent stands for its children while it is active, or its condition has been unknown for so long that this was told: one cable
 * with forty channels is one alarm. Before it was told its children are held: what they would say waits. Somebody always speaks
 * for a child that is hidden, so a parent that is suppressed by its own condition, or out of service, hides nothing; one that a
 * person shelved does, until the shelf ends.
 * What hid an alarm has to be gone for its on-delay before it is looked at anew.
 */
#include "control/alarm_inside.h"

enum hiding { HIDES_NOT, HOLDS, HIDES };

static enum hiding
hiding_of(const struct alarm *parent)
{
	if ((parent->overlays & OVER_OUT) != 0)
		return HIDES_NOT;
	if ((parent->overlays & OVER_PARENT) != 0)
		return HIDES;
	if ((parent->overlays & OVER_CONDITION) != 0)
		return HIDES_NOT;
	if (alarm_is_active(parent) || parent->is_lost)
		return HIDES;
	return parent->is_unknown || parent->is_held ? HOLDS : HIDES_NOT;
}

/* Where `suppress` is unknown for too long, the alarm speaks. */
static bool
is_suppressed(struct alarms *a, const struct image_alarm *d, struct alarm *m)
{
	enum quality reason;
	enum truth t;

	if (d->suppress.n_ops == 0)
		return false;
	t = a->sink.truth(a->sink.ctx, &d->suppress, &reason);
	if (t == TRUTH_TRUE)
		m->hidden_ns = a->now_ns;
	return t == TRUTH_TRUE || (t == TRUTH_UNKNOWN && (m->overlays & OVER_CONDITION) != 0 &&
					  a->now_ns - m->hidden_ns < d->on_bad_ns);
}

/* Of children only those are told that people know of: the others would be forty lines for one cable. */
static void
hide(struct alarms *a, uint32_t i, uint8_t by)
{
	struct alarm *m = &a->at[i];
	uint8_t was = m->overlays & OVER_SUPPRESSED;
	bool is_known_of = m->overlays == 0 && (m->state != ALARM_NORMAL || m->is_lost_told);

	m->settle_ns = a->now_ns + image_alarm_at(a->img, i)->for_ns;
	if (by == was)
		return;
	m->overlays = (uint8_t)((m->overlays & ~OVER_SUPPRESSED) | by);
	if (!m->is_hiding_told && ((by & OVER_CONDITION) != 0 || (was == 0 && is_known_of))) {
		m->suppress_event = alarm_tell_suppressed(a, i);
		m->is_hiding_told = true;
	}
	alarm_changed(a, i);
}

void
alarm_hide(struct alarms *a, uint32_t i)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct alarm *m = &a->at[i];
	enum hiding hiding = d->parent == IMAGE_NONE ? HIDES_NOT : hiding_of(&a->at[d->parent]);
	uint8_t by = 0;

	m->is_held = hiding == HOLDS;
	if (hiding == HIDES || (hiding == HOLDS && (m->overlays & OVER_PARENT) != 0))
		by |= OVER_PARENT;
	if (is_suppressed(a, d, m))
		by |= OVER_CONDITION;
	if (by != 0)
		hide(a, i, by);
}

/* Without the overlay, and told so, if it was told. */
static void
lift(struct alarms *a, uint32_t i, uint8_t overlay, uint64_t told)
{
	struct alarm *m = &a->at[i];

	m->overlays &= (uint8_t)~overlay;
	if (m->overlays == 0)
		alarm_come_back(a, i, told);
	else
		alarm_changed(a, i);
}

static void
unsuppress(struct alarms *a, uint32_t i)
{
	struct alarm *m = &a->at[i];
	uint64_t id = 0;

	if (m->is_hiding_told)
		id = alarm_tell(a, i, EVENT_ALARM_UNSUPPRESSED, m->suppress_event, NULL);
	m->is_hiding_told = false;
	m->suppress_event = 0;
	lift(a, i, OVER_SUPPRESSED, id);
}

void
alarm_unshelve(struct alarms *a, uint32_t i, const struct command *by)
{
	uint64_t id = alarm_tell(a, i, EVENT_ALARM_UNSHELVED, a->at[i].shelf_event, by);

	a->at[i].shelf_event = 0;
	lift(a, i, OVER_SHELF, id);
}

void
alarm_put_in(struct alarms *a, uint32_t i, const struct command *by)
{
	uint64_t id = alarm_tell(a, i, EVENT_ALARM_IN_SERVICE, a->at[i].out_event, by);

	a->at[i].out_event = 0;
	lift(a, i, OVER_OUT, id);
}

void
alarm_unhide(struct alarms *a, uint32_t i)
{
	const struct alarm *m = &a->at[i];

	if ((m->overlays & OVER_SHELF) != 0 && a->now_ns >= m->shelf_ns)
		alarm_unshelve(a, i, NULL);
	if ((m->overlays & OVER_SUPPRESSED) != 0 && a->now_ns > m->settle_ns)
		unsuppress(a, i);
}
