/* alarm.c - all alarms of a bench, and the order in which a tick goes through them */
#include "control/alarm.h"

#include <stdlib.h>

#include "base/mem.h"
#include "control/alarm_inside.h"

static int
compare_groups(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* First-out groups have any numbers in the image; here they have an index. */
static void
index_groups(struct alarms *a)
{
	uint32_t *numbers = mem_zero(a->n, sizeof(*numbers));
	uint32_t n = 0, k = 0;

	for (uint32_t i = 0; i < a->n; i++)
		if (image_alarm_at(a->img, i)->first_out != IMAGE_NONE)
			numbers[n++] = image_alarm_at(a->img, i)->first_out;
	qsort(numbers, n, sizeof(*numbers), compare_groups);
	for (uint32_t i = 0; i < n; i++)
		if (k == 0 || numbers[k - 1] != numbers[i])
			numbers[k++] = numbers[i];
	for (uint32_t i = 0; i < a->n; i++) {
		const uint32_t *number = bsearch(&image_alarm_at(a->img, i)->first_out, numbers, k,
			sizeof(*numbers), compare_groups);

		a->at[i].group = number != NULL ? (uint32_t)(number - numbers) : IMAGE_NONE;
	}
	a->n_standing = mem_zero(k, sizeof(*a->n_standing));
	free(numbers);
}

struct alarms *
alarms_new(const struct image *img, const struct alarms_sink *sink)
{
	struct alarms *a = mem_zero(1, sizeof(*a));

	a->img = img;
	a->sink = *sink;
	a->n = img->alarms.n;
	a->at = mem_zero(a->n, sizeof(*a->at));
	a->changed = mem_zero(a->n, sizeof(*a->changed));
	a->tick_ns = NEVER;
	for (uint32_t i = 0; i < a->n; i++)
		a->at[i].shown = SHOWN_NOTHING;
	index_groups(a);
	return a;
}

void
alarms_free(struct alarms *a)
{
	if (a == NULL)
		return;
	free(a->at);
	free(a->changed);
	free(a->n_standing);
	free(a);
}

static void
step(struct alarms *a, uint32_t i)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct alarm *m = &a->at[i];

	if (d->parent != IMAGE_NONE || d->suppress.n_ops > 0)
		alarm_hide(a, i);
	alarm_look(a, i);
	if (m->overlays != 0)
		alarm_unhide(a, i);
}

void
alarms_tick(struct alarms *a, int64_t now_ns)
{
	a->step_ns = a->tick_ns == NEVER ? 0 : now_ns - a->tick_ns;
	a->now_ns = a->tick_ns = now_ns;
	for (uint32_t i = 0; i < a->n; i++) {
		step(a, i);
		a->last = MAX(a->last, MAX(a->at[i].on_event, a->at[i].unknown_event));
	}
}

uint32_t
alarms_unseen(const struct alarms *a)
{
	return a->n_unseen;
}

uint64_t
alarms_last(const struct alarms *a)
{
	return a->last;
}

bool
alarms_horn(const struct alarms *a)
{
	return a->n_heard > 0;
}

uint32_t
alarms_take_changed(struct alarms *a)
{
	uint32_t i;

	if (a->n_changed == 0)
		return IMAGE_NONE;
	i = a->changed[--a->n_changed];
	a->at[i].is_changed = false;
	return i;
}
