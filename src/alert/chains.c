/* chains.c - the next one when nobody has acknowledged by then */
#include <string.h>

#include "alert/book.h"

struct telling_to {
	struct engine *e;
	struct notice *n;
	unsigned by;
};

static void
add_thread(struct engine *e, struct notice *n, uint32_t chain)
{
	const struct image_receiver *r = image_receiver_at(e->img, chain);
	struct thread *free = NULL;

	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (n->threads[i].chain == chain)
			return;
		if (n->threads[i].chain == IMAGE_NONE && free == NULL)
			free = &n->threads[i];
	}
	if (free == NULL)
		return;
	*free = (struct thread){ .chain = chain,
		.due_ns = n->since_ns + image_step_at(e->img, r->first_step)->after_ns };
}

static void
begin_one(void *ctx, uint32_t receiver)
{
	struct telling_to *t = ctx;

	if (image_receiver_at(t->e->img, receiver)->kind == RECEIVER_CHAIN)
		add_thread(t->e, t->n, receiver);
	else
		tell_person(t->e, t->n, receiver, t->by, TELL_RAISED);
}

void
chains_begin(struct engine *e, struct notice *n)
{
	struct telling_to t = { e, n, 0 };

	if (n->single != IMAGE_NONE)
		people_open(e, n->single, begin_one, &t);
	else
		people_each(e, &n->to, begin_one, &t);
}

/* Behind the last step: from the beginning, as often as the chain says. */
static void
set_next(struct engine *e, struct notice *n, struct thread *th, int64_t before_ns)
{
	const struct image_receiver *r = image_receiver_at(e->img, th->chain);

	/* Of what nobody can acknowledge the others need not hear. */
	if (n->about != ABOUT_ALARM) {
		th->due_ns = NEVER;
		return;
	}
	if (th->step < r->n_steps) {
		const struct image_step *next = image_step_at(e->img, r->first_step + th->step);

		th->due_ns = before_ns + next->after_ns -
			     image_step_at(e->img, r->first_step + th->step - 1)->after_ns;
		return;
	}
	th->due_ns = NEVER;
	if (th->round >= r->again || !n->needs_ack)
		return;
	th->round++;
	th->step = 0;
	th->due_ns = before_ns + r->again_ns;
}

static void
do_step(struct engine *e, struct notice *n, struct thread *th)
{
	const struct image_receiver *r = image_receiver_at(e->img, th->chain);
	const struct image_step *step = image_step_at(e->img, r->first_step + th->step);
	struct telling_to t = { e, n, step->by };
	int64_t was_due_ns = th->due_ns;
	struct entry entry = { .kind = ENTRY_STEP,
		.wall_ns = e->wall_ns,
		.id = n->id,
		.step = th->step,
		.round = th->round };

	strncpy(entry.name, image_text(e->img, r->name), sizeof(entry.name) - 1);
	e->sink.record(e->sink.ctx, &entry);
	/* Each round is a new call. */
	if (th->round > 0 && th->step == 0)
		tellings_forget(e, n);
	th->step++;
	set_next(e, n, th, was_due_ns);
	people_each(e, &step->to, begin_one, &t);
}

/* While it is over nobody more is called for it; should it come back soon, the chain goes on. */
static bool
is_paused(const struct engine *e, const struct notice *n, const struct thread *th)
{
	return n->over_ns != NEVER &&
	       (image_receiver_at(e->img, th->chain)->is_until_over || !n->needs_ack);
}

void
chains_run(struct engine *e, struct notice *n)
{
	for (size_t i = 0; i < THREADS_MAX && notice_goes_on(n); i++) {
		struct thread *th = &n->threads[i];

		if (th->chain == IMAGE_NONE || is_paused(e, n, th))
			continue;
		/* A computer that slept calls nobody twice at once: steps are taken one a turn, and the next one waits for its time from now on. */
		if (th->due_ns <= e->now_ns) {
			th->due_ns = MAX(th->due_ns, e->now_ns - NS_PER_S);
			do_step(e, n, th);
		}
	}
}

int64_t
chains_wake(const struct engine *e, const struct notice *n)
{
	int64_t wake = NEVER;

	for (size_t i = 0; i < THREADS_MAX; i++)
		if (n->threads[i].chain != IMAGE_NONE && !is_paused(e, n, &n->threads[i]))
			wake = MIN(wake, n->threads[i].due_ns);
	return wake;
}

bool
chains_hurry(struct engine *e, struct notice *n)
{
	bool has_one = false;

	for (size_t i = 0; i < THREADS_MAX; i++) {
		struct thread *th = &n->threads[i];

		/* Those that begin anew do so at their own pace: nobody could be reached a moment ago. */
		if (th->chain == IMAGE_NONE || th->step == 0 || is_paused(e, n, th))
			continue;
		/* Of what nobody can acknowledge the next one hears when the one before cannot be reached, and only then. */
		if (th->due_ns == NEVER &&
			(n->about == ABOUT_ALARM ||
				th->step >= image_receiver_at(e->img, th->chain)->n_steps))
			continue;
		th->due_ns = MIN(th->due_ns, e->now_ns);
		has_one = true;
	}
	return has_one;
}

void
chains_replay(struct engine *e, struct notice *n, uint32_t chain, const struct entry *entry)
{
	const struct image_receiver *r = image_receiver_at(e->img, chain);
	int64_t age_ns =
		MIN(MAX(e->wall_ns - entry->wall_ns, INT64_C(0)), MAX(e->now_ns, INT64_C(0)));

	add_thread(e, n, chain);
	for (size_t i = 0; i < THREADS_MAX; i++) {
		struct thread *th = &n->threads[i];

		if (th->chain != chain)
			continue;
		if (entry->round > 0 && entry->step == 0)
			tellings_forget(e, n); /* as do_step() did */
		th->round = entry->round;
		th->step = MIN(entry->step, r->n_steps - 1) + 1;
		set_next(e, n, th, e->now_ns - age_ns);
	}
}

/* Those of the steps of this round that were done; who was told is passed over. */
void
chains_tell_again(struct engine *e, struct notice *n)
{
	for (size_t i = 0; i < THREADS_MAX; i++) {
		struct thread *th = &n->threads[i];
		const struct image_receiver *r;
		uint32_t n_done;

		if (th->chain == IMAGE_NONE)
			continue;
		r = image_receiver_at(e->img, th->chain);
		/* One that waits to begin anew has done all steps of the round before. */
		n_done = th->step == 0 && th->round > 0 ? r->n_steps : th->step;
		for (uint32_t k = 0; k < n_done; k++) {
			const struct image_step *step = image_step_at(e->img, r->first_step + k);
			struct telling_to t = { e, n, step->by };

			people_each(e, &step->to, begin_one, &t);
		}
	}
}
