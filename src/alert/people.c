/* people.c - receivers opened to persons: groups, duties by the calendar; hours in which people sleep */
#include "alert/book.h"

#define DAY_MINUTES 1440

static void
open_list(const struct engine *e, const struct image_list *list, receiver_fn fn, void *ctx)
{
	const uint32_t *members = image_members(e->img, list->first);

	for (uint32_t i = 0; i < list->n; i++)
		people_open(e, members[i], fn, ctx);
}

static void
open_duty(const struct engine *e, const struct image_receiver *r, receiver_fn fn, void *ctx)
{
	int64_t first = r->turn_from * DAY_MINUTES + r->turn_minute, turn;

	for (uint32_t i = 0; i < r->n_shifts; i++) {
		const struct image_shift *s = image_shift_at(e->img, r->first_shift + i);

		if (e->local_minute >= s->from && e->local_minute < s->to) {
			open_list(e, &s->who, fn, ctx);
			return;
		}
	}
	turn = (e->local_minute - first) / ((int64_t)r->turn_days * DAY_MINUTES);
	/* Before the first turn it is the first one's already. */
	if (e->local_minute < first)
		turn = 0;
	people_open(e, image_members(e->img, r->members.first)[turn % r->members.n], fn, ctx);
}

/* What a receiver names stands before it in the image: this ends. */
void
people_open(const struct engine *e, uint32_t receiver, receiver_fn fn, void *ctx)
{
	const struct image_receiver *r = image_receiver_at(e->img, receiver);

	switch ((enum receiver_kind)r->kind) {
	case RECEIVER_PERSON:
	case RECEIVER_CHAIN:
		fn(ctx, receiver);
		break;
	case RECEIVER_GROUP:
		open_list(e, &r->members, fn, ctx);
		break;
	case RECEIVER_DUTY:
		open_duty(e, r, fn, ctx);
		break;
	}
}

void
people_each(const struct engine *e, const struct image_list *list, receiver_fn fn, void *ctx)
{
	open_list(e, list, fn, ctx);
}

int64_t
people_quiet_minutes(const struct image_receiver *p, unsigned priority, int64_t local_minute)
{
	int64_t at = local_minute % DAY_MINUTES, since, length;

	if (p->quiet_from == p->quiet_to || priority >= p->quiet_below)
		return 0;
	since = (at - p->quiet_from + DAY_MINUTES) % DAY_MINUTES;
	length = ((int64_t)p->quiet_to - p->quiet_from + DAY_MINUTES) % DAY_MINUTES;
	return since < length ? length - since : 0;
}

struct on_duty {
	void (*fn)(void *ctx, uint32_t person);
	void *ctx;
};

static void
take_on_duty(void *ctx, uint32_t receiver)
{
	const struct on_duty *d = ctx;

	d->fn(d->ctx, receiver);
}

void
engine_on_duty(const struct engine *e, uint32_t receiver, void (*fn)(void *ctx, uint32_t person),
	void *ctx)
{
	struct on_duty d = { fn, ctx };

	people_open(e, receiver, take_on_duty, &d);
}
