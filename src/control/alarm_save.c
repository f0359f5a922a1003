/* alarm_save.c - alarms over restarts and reloads
 *
 *	u8 1 | u8 state | u8 overlays | u8 flags | u32 count | u64 events: on, unknown, suppressed, shelved, out of service
 *	| i64 what was left of the shelf, ns
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "control/alarm_inside.h"

enum { FORM = 1, N_EVENTS = 5, SAVED = 8 + 8 * N_EVENTS + 8 };
enum {
	IS_LOST = 1,
	IS_LOST_TOLD = 2,
	IS_LOST_ACKED = 4,
	IS_HIDING_TOLD = 8,
	IS_LOUD = 16,
	ALL = 31
};

_Static_assert(SAVED <= ALARM_SAVE_MAX, "an alarm fits into its bytes");

static uint8_t
flags_of(const struct alarm *m)
{
	return (uint8_t)((m->is_lost ? IS_LOST : 0) | (m->is_lost_told ? IS_LOST_TOLD : 0) |
			 (m->is_lost_acked ? IS_LOST_ACKED : 0) |
			 (m->is_hiding_told ? IS_HIDING_TOLD : 0) | (m->is_loud ? IS_LOUD : 0));
}

size_t
alarms_save(const struct alarms *a, uint32_t i, uint8_t out[ALARM_SAVE_MAX])
{
	const struct alarm *m = &a->at[i];
	const uint64_t events[N_EVENTS] = { m->on_event, m->unknown_event, m->suppress_event,
		m->shelf_event, m->out_event };
	bool is_shelved = (m->overlays & OVER_SHELF) != 0;

	out[0] = FORM;
	out[1] = m->state;
	out[2] = m->overlays;
	out[3] = flags_of(m);
	put_u32le(out + 4, m->count);
	for (unsigned k = 0; k < N_EVENTS; k++)
		put_u64le(out + 8 + 8 * k, events[k]);
	put_u64le(
		out + 8 + 8 * N_EVENTS, is_shelved ? (uint64_t)MAX(m->shelf_ns - a->now_ns, 0) : 0);
	return SAVED;
}

bool
alarms_is_worth(const struct alarms *a, uint32_t i)
{
	const struct alarm *m = &a->at[i];

	return m->state != ALARM_NORMAL || m->overlays != 0 || flags_of(m) != 0 || m->count > 0;
}

/* How long a shelf still lasts, of what was left of it. */
static int64_t
left_after(int64_t left_ns, int64_t age_ns)
{
	return age_ns < 0 || age_ns >= left_ns ? 0 : left_ns - age_ns;
}

bool
alarms_load(struct alarms *a, uint32_t i, const uint8_t *bytes, size_t n, int64_t now_ns,
	int64_t age_ns)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct alarm *m = &a->at[i];
	int64_t left_ns;
	uint8_t flags;

	if (n != SAVED || bytes[0] != FORM || bytes[1] > ALARM_LATCHED_ACKNOWLEDGED ||
		bytes[2] > OVER_ALL || bytes[3] > ALL)
		return false;
	left_ns = (int64_t)get_u64le(bytes + 8 + 8 * N_EVENTS);
	if (left_ns < 0)
		return false;
	flags = bytes[3];
	a->now_ns = now_ns;
	m->state = bytes[1];
	m->overlays = bytes[2];
	m->count = get_u32le(bytes + 4);
	m->on_event = get_u64le(bytes + 8);
	m->unknown_event = get_u64le(bytes + 16);
	m->suppress_event = get_u64le(bytes + 24);
	m->shelf_event = get_u64le(bytes + 32);
	m->out_event = get_u64le(bytes + 40);
	m->is_lost = (flags & IS_LOST) != 0;
	m->is_lost_told = (flags & IS_LOST_TOLD) != 0;
	m->is_lost_acked = (flags & IS_LOST_ACKED) != 0;
	m->is_hiding_told = (flags & IS_HIDING_TOLD) != 0;
	m->is_loud = (flags & IS_LOUD) != 0;
	m->reason = Q_NOT_YET;
	m->shelf_ns = now_ns + MIN(left_after(left_ns, age_ns), d->shelve_max_ns);
	m->settle_ns = now_ns + d->for_ns;
	m->hidden_ns = now_ns;
	alarm_fit(a, i);
	alarm_show(a, i);
	return true;
}

/* ---- reload ---- */

static int
compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
id_of(const struct alarms *a, uint32_t i)
{
	return image_channel_at(a->img, image_alarm_at(a->img, i)->state)->id;
}

/* In `ids` (id in the upper half, alarm in the lower one, sorted). */
static uint32_t
find_id(const uint64_t *ids, uint32_t n, uint32_t id)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (ids[mid] >> 32 < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && id != 0 && ids[lo] >> 32 == id ? (uint32_t)ids[lo] : IMAGE_NONE;
}

/* All of it but its place in lists and sums. A delay that runs goes on. */
static void
adopt(struct alarms *a, uint32_t i, const struct alarm *old)
{
	struct alarm *m = &a->at[i];
	uint32_t group = m->group;
	uint8_t state = old->state, overlays = old->overlays;

	*m = *old;
	m->group = group;
	m->is_heard = m->is_standing = m->is_changed = false;
	m->shown = SHOWN_NOTHING; /* its channel may be another one */
	alarm_fit(a, i);
	if (old->is_changed || m->state != state || m->overlays != overlays)
		alarm_changed(a, i);
	else
		alarm_show(a, i);
}

void
alarms_adopt(struct alarms *a, const struct alarms *from)
{
	uint64_t *ids = mem_zero(from->n, sizeof(*ids));

	a->now_ns = from->now_ns;
	a->tick_ns = from->tick_ns;
	for (uint32_t i = 0; i < from->n; i++)
		ids[i] = (uint64_t)id_of(from, i) << 32 | i;
	qsort(ids, from->n, sizeof(*ids), compare_ids);
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t old = find_id(ids, from->n, id_of(a, i));

		if (old != IMAGE_NONE)
			adopt(a, i, &from->at[old]);
	}
	free(ids);
}
