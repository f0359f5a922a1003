/* run.c - one seed: a bench by chance, its twin, a world of faults, and a virtual clock */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "stage.h"

/* The longest ways back: a wire is opened again after 10 s, a silent instrument is asked after 30 s, a refused point
 * after 60 s; then come the periods of the polls themselves. */
#define WIRE_WAIT_NS (10 * NS_PER_S)
#define PROBE_WAIT_NS (30 * NS_PER_S)
#define REFUSED_WAIT_NS (60 * NS_PER_S)
#define ALONE_MIN_NS (30 * NS_PER_S) /* how long the one thing that goes wrong lasts */
#define ALONE_MAX_NS (90 * NS_PER_S)
#define SETTLE_NS (5 * NS_PER_S)
#define OVERRUNS_MAX 150 /* some trials in minutes, each of a few questions */

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void
storm(struct stage *r, int64_t for_ns)
{
	for (int f = 0; f < WORLD_DEAD; f++) {
		double u = rand_unit(&r->chance);

		if (rand_below(&r->chance, 2) == 0)
			world_rate(r->world, (enum world_fault)f, 0.15 * u * u);
	}
	r->is_storm = true;
	r->next_trouble_ns = r->now_ns;
	r->next_edit_ns = r->now_ns + stage_span(r, 0, 5 * NS_PER_S);
	stage_advance(r, r->now_ns + for_ns);
	r->is_storm = false;
	world_calm(r->world, r->now_ns);
}

/* For how long one question without an answer keeps a link from asking another: on a line, where nothing names a question,
 * the next one that could be mistaken waits until no late answer can come. */
static int64_t
patience(const struct image *img, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(img, instrument);
	const struct image_link *link = image_link_at(img, ins->link);

	if (!link->is_line)
		return ins->timeout_ns;
	return ins->timeout_ns + MAX(link->late_max_ns, 2 * ins->timeout_ns);
}

/* Questions that devices did not bear beside another, by link: a controller finds out by trying. A trial may cost time on
 * that link, or a connection, but no value. */
static uint64_t *
read_overruns(const struct stage *r)
{
	uint64_t *n = mem_zero(r->img->links.n, sizeof(*n));

	for (uint32_t i = 0; i < r->img->links.n; i++)
		n[i] = world_faults(r->world, i, WORLD_OVERRUN);
	return n;
}

/* Has the link of this instrument been overrun since? One that is found out and tried again and again is a breach. */
static bool
overran(struct stage *r, uint32_t instrument, uint64_t before)
{
	uint32_t link = image_instrument_at(r->img, instrument)->link;
	uint64_t n = world_faults(r->world, link, WORLD_OVERRUN) - before;

	if (n > OVERRUNS_MAX)
		watch_break(r->watch,
			"crowd: link '%s' was overrun %llu times although all is well",
			image_text(r->img, image_link_at(r->img, link)->name),
			(unsigned long long)n);
	return n > 0;
}

/* All is good again when the longest wait is over, and two rounds of polls. */
static void
recover(struct stage *r, int64_t wait_ns)
{
	int64_t from_ns = r->now_ns,
		limit_ns = from_ns + wait_ns + 2 * r->slowest_ns + 5 * NS_PER_S;
	int64_t patience_ns = 0;
	uint32_t first = 0;

	/* What was lost in the last moment shows only when its last try has had no answer, and a tick has come. */
	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		patience_ns = MAX(patience_ns,
			patience(r->img, i) * (image_instrument_at(r->img, i)->retries + 1));
	stage_advance(r, from_ns + 2 * patience_ns);
	do
		stage_advance(r, r->now_ns + NS_PER_S / 2);
	while (watch_breach(r->watch) == NULL && r->now_ns < limit_ns &&
		(r->last_tick_ns <= from_ns || watch_bad(r->watch, &first) > 0));
	if (watch_bad(r->watch, &first) > 0)
		watch_break(r->watch, "recovery: '%s' is still bad after all faults have ended",
			image_text(r->img, image_channel_at(r->img, first)->name));
}

static void
settle(struct stage *r)
{
	uint64_t *overruns = read_overruns(r);
	uint32_t first = 0;

	/* What is still under way from before must not do harm either. */
	watch_mark(r->watch, r->now_ns);
	stage_advance(r, r->now_ns + SETTLE_NS);
	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		(void)overran(r, i, overruns[image_instrument_at(r->img, i)->link]);
	if (watch_bad(r->watch, &first) > 0)
		watch_break(r->watch, "recovery: '%s' went bad again",
			image_text(r->img, image_channel_at(r->img, first)->name));
	free(overruns);
}

/* Time that the link of this instrument needs for one round, were each of its points asked alone. */
static int64_t
round_ns(const struct image *img, uint32_t link)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (image_instrument_at(img, i)->link == link)
			n += image_instrument_at(img, i)->n_points;
	return 2 * n * layout_exchange_ns(image_link_at(img, link));
}

/* What a trial of several questions costs on a link: the wait for the one that was dropped, and a new connection. */
static int64_t
trial_ns(const struct image *img, uint32_t link)
{
	int64_t longest_ns = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (image_instrument_at(img, i)->link == link)
			longest_ns = MAX(longest_ns, image_instrument_at(img, i)->timeout_ns);
	return 2 * longest_ns + round_ns(img, link);
}

static bool
overlap(const struct image_point *a, const struct image_point *b)
{
	return a->space == b->space && a->address < b->address + b->count &&
	       b->address < a->address + a->count;
}

/* A silent instrument is asked after 1, 2, 4, 8, 16 s and then each 30 s. */
static int64_t
probes(int64_t for_ns)
{
	return 6 + for_ns / PROBE_WAIT_NS;
}

/* Those that nothing was done to: no bad reading, no event, and polls that pay for their neighbour only once at a time. */
static void
check_neighbours(struct stage *r, enum world_fault fault, uint32_t guilty, uint32_t point,
	int64_t for_ns, const uint64_t *overruns)
{
	const struct image_instrument *bad = image_instrument_at(r->img, guilty);
	int64_t wait_ns = patience(r->img, guilty) * (bad->retries + 1);
	bool is_whole_link = fault == WORLD_REFUSED || fault == WORLD_MUTE;

	for (uint32_t p = 0; p < r->img->points.n; p++) {
		const struct image_point *pt = image_point_at(r->img, p);
		const struct image_instrument *ins = image_instrument_at(r->img, pt->instrument);
		const char *name = image_text(r->img, image_channel_at(r->img, pt->channel)->name);
		bool is_mate = ins->link == bad->link;
		int64_t every,
			stolen = 0,
			gap = pt->every_ns + round_ns(r->img, ins->link) + 2 * r->img->tick_ns;

		if ((is_mate && is_whole_link) || !stage_plays(r, pt->instrument))
			continue;
		if (overran(r, pt->instrument, overruns[ins->link]))
			gap += trial_ns(r->img, ins->link);
		/* With several questions under way, a refusal may come to one that was cut anew meanwhile: found out in
		 * the next round. */
		if (fault == WORLD_BAD_REGISTER && image_link_at(r->img, ins->link)->pipeline != 1)
			gap += pt->every_ns;
		if (pt->instrument == guilty &&
			(fault != WORLD_BAD_REGISTER || overlap(pt, image_point_at(r->img, point))))
			continue;
		if (is_mate && fault != WORLD_BAD_REGISTER) {
			/* It is repeated behind its neighbours. On a line at worst right behind the wait for its late
			 * answer; where several questions may be under way, it is found out first that it is not for
			 * their number. */
			bool is_double = image_link_at(r->img, bad->link)->is_line ||
					 image_link_at(r->img, bad->link)->pipeline != 1;

			gap += patience(r->img, guilty) * (is_double ? 2 : 1);
			stolen = wait_ns + probes(for_ns) * patience(r->img, guilty);
		}
		/* One with a shorter limit than its neighbour's silence may well grow too old. */
		if (watch_faults(r->watch, p) > 0 &&
			image_channel_at(r->img, pt->channel)->stale_ns >= gap)
			watch_break(r->watch, "neighbour: '%s' went bad with the %s of '%s'", name,
				world_word(fault), image_text(r->img, bad->name));
		if (watch_gap_ns(r->watch, p, r->now_ns) > gap)
			watch_break(r->watch,
				"neighbour: '%s' waited for %lld ms during the %s of '%s'", name,
				(long long)(watch_gap_ns(r->watch, p, r->now_ns) / NS_PER_MS),
				world_word(fault), image_text(r->img, bad->name));
		/* A tick shows the last of the readings since the one before. */
		every = MAX(pt->every_ns, 2 * r->img->tick_ns);
		if ((int64_t)watch_updates(r->watch, p) < (for_ns - stolen) * 8 / 10 / every - 2)
			watch_break(r->watch,
				"neighbour: '%s' was read only %u times during the %s of '%s'",
				name, watch_updates(r->watch, p), world_word(fault),
				image_text(r->img, bad->name));
	}
}

/* Each instrument that was hit went down once and came back once, and nobody else did. */
static void
check_events(struct stage *r, enum world_fault fault, uint32_t guilty)
{
	const struct image_instrument *bad = image_instrument_at(r->img, guilty);

	for (uint32_t i = 0; i < r->img->instruments.n; i++) {
		bool is_hit = i == guilty;
		uint32_t downs = watch_downs(r->watch, i), ups = watch_ups(r->watch, i);

		if (fault == WORLD_REFUSED || fault == WORLD_MUTE)
			is_hit = image_instrument_at(r->img, i)->link == bad->link;
		if (fault == WORLD_BAD_REGISTER)
			is_hit = is_hit && bad->n_points == 1 && downs > 0;
		if (downs != is_hit || ups != is_hit)
			watch_break(r->watch,
				"event: '%s' went down %u and up %u times with the %s of '%s'",
				image_text(r->img, image_instrument_at(r->img, i)->name), downs,
				ups, world_word(fault), image_text(r->img, bad->name));
	}
}

/* How long it may take until what ended is noticed. */
static int64_t
wait_of(enum world_fault fault)
{
	if (fault == WORLD_BAD_REGISTER)
		return REFUSED_WAIT_NS;
	if (fault == WORLD_DEAD || fault == WORLD_GATEWAY)
		return PROBE_WAIT_NS;
	return WIRE_WAIT_NS + PROBE_WAIT_NS;
}

static uint64_t
requests_of(const struct stage *r, uint32_t instrument)
{
	struct board_state state;

	board_read_state(r->board, instrument, &state);
	return state.requests;
}

/* One thing goes wrong, and nothing else. */
static void
alone(struct stage *r)
{
	static const enum world_fault faults[] = { WORLD_DEAD, WORLD_GATEWAY, WORLD_BAD_REGISTER,
		WORLD_REFUSED, WORLD_MUTE };
	enum world_fault fault = faults[rand_below(&r->chance, NELEM(faults))];
	uint32_t guilty = stage_any_instrument(r), point = stage_any_point(r, guilty), first = 0;
	int64_t for_ns = stage_span(r, ALONE_MIN_NS, ALONE_MAX_NS) + 3 * r->slowest_ns;
	uint64_t asked = requests_of(r, guilty), most, *overruns = read_overruns(r);

	watch_mark(r->watch, r->now_ns);
	stage_disturb(r, fault, guilty, point, for_ns);
	stage_advance(r, r->now_ns + for_ns);
	check_neighbours(r, fault, guilty, point, for_ns, overruns);
	/* The state on the board is that of up to a second ago, when it was polled as ever. */
	most = image_instrument_at(r->img, guilty)->retries + 1 + (uint64_t)probes(for_ns) +
	       2 * image_instrument_at(r->img, guilty)->n_points *
		       (uint64_t)(1 + NS_PER_S / image_instrument_at(r->img, guilty)->every_ns);
	if ((fault == WORLD_DEAD || fault == WORLD_GATEWAY) &&
		requests_of(r, guilty) - asked > most)
		watch_break(r->watch, "silence: '%s' was asked %llu times although it is %s",
			image_text(r->img, image_instrument_at(r->img, guilty)->name),
			(unsigned long long)(requests_of(r, guilty) - asked), world_word(fault));
	if (watch_bad(r->watch, &first) == 0)
		watch_break(r->watch, "silence: the %s of '%s' did not show", world_word(fault),
			image_text(r->img, image_instrument_at(r->img, guilty)->name));
	world_calm(r->world, r->now_ns);
	recover(r, wait_of(fault));
	check_events(r, fault, guilty);
	settle(r);
	free(overruns);
}

/* No flood: nothing goes down without something having been done to its link. */
static void
check_flood(struct stage *r)
{
	for (uint32_t i = 0; i < r->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(r->img, i);
		/* One that was changed starts anew, and it may have moved. */
		uint64_t faults = 1 + r->reloads;

		for (int f = 0; f < WORLD_FAULTS && r->reloads == 0; f++)
			faults += world_faults(r->world, ins->link, (enum world_fault)f);
		if (r->reloads > 0)
			faults += stage_faults(r);
		if (watch_all_downs(r->watch, i) > faults)
			watch_break(r->watch, "event: '%s' went down %u times for %llu faults",
				image_text(r->img, ins->name), watch_all_downs(r->watch, i),
				(unsigned long long)faults);
	}
	if (watch_events(r->watch, EVENT_CLOCK_STEP) != r->steps)
		watch_break(r->watch, "event: %u of %llu steps of the clock were told",
			watch_events(r->watch, EVENT_CLOCK_STEP), (unsigned long long)r->steps);
}

/* ---- reloads --------------------------------------------------------------------------------------------------------- */

/* The instrument of an earlier image that goes on as this one: IMAGE_NONE when it is another, or on another wire. */
static uint32_t
went_on(const struct stage *r, uint32_t instrument, const struct image *old, const uint32_t *kept)
{
	const struct image_instrument *ins = image_instrument_at(r->img, instrument);

	for (uint32_t i = 0; i < old->instruments.n; i++) {
		const struct image_instrument *was = image_instrument_at(old, i);

		if (was->id == ins->id && was->hash == ins->hash && kept[ins->link] == was->link)
			return i;
	}
	return IMAGE_NONE;
}

static uint32_t
on_link(const struct image *img, uint32_t link)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++)
		n += image_instrument_at(img, i)->link == link;
	return n;
}

/* A line on which an instrument is no more: its last question may be under way, and until no answer to it can come, nothing
 * is asked that could be mistaken for it. For how long; 0: all goes on. */
static int64_t
abandoned(const struct stage *r, uint32_t link, const struct image *old, const uint32_t *kept)
{
	uint32_t n = 0;
	int64_t longest_ns = 0;

	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		n += image_instrument_at(r->img, i)->link == link &&
		     went_on(r, i, old, kept) != IMAGE_NONE;
	for (uint32_t i = 0; i < old->instruments.n; i++)
		if (image_instrument_at(old, i)->link == kept[link])
			longest_ns = MAX(longest_ns, patience(old, i));
	return image_link_at(r->img, link)->is_line && n < on_link(old, kept[link]) ? longest_ns
										    : 0;
}

static uint64_t
strays(const struct board_state *states, const struct image *img, uint32_t link)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (image_instrument_at(img, i)->link == link)
			n += states[i].stray + states[i].timeouts;
	return n;
}

static struct board_state *
read_states(const struct stage *r)
{
	struct board_state *states = mem_zero(r->img->instruments.n, sizeof(*states));

	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		board_read_state(r->board, i, &states[i]);
	return states;
}

/* Those that were not changed: no event, no bad reading, no poll late; where a whole link went on, also no question whose
 * answer belongs to nobody. */
static void
check_unchanged(struct stage *r, const struct image *old, const struct board_state *before,
	const uint32_t *kept, const uint64_t *overruns)
{
	struct board_state *after = read_states(r);

	for (uint32_t i = 0; i < r->img->instruments.n && watch_breach(r->watch) == NULL; i++) {
		const struct image_instrument *ins = image_instrument_at(r->img, i);
		const char *name = image_text(r->img, ins->name);
		uint32_t was = went_on(r, i, old, kept);
		int64_t wait_ns = was == IMAGE_NONE ? 0 : abandoned(r, ins->link, old, kept);

		if (was == IMAGE_NONE || !stage_plays(r, i))
			continue;
		/* The question of a neighbour that was changed is on the wire, the next one comes beside it, and its device
		 * bears only one: it may even have closed the connection. */
		if (overran(r, i, overruns[kept[ins->link]]))
			continue;
		if (watch_downs(r->watch, i) + watch_ups(r->watch, i) > 0)
			watch_break(
				r->watch, "reload: '%s' was not changed, and made an event", name);
		if ((after[i].requests <= before[was].requests && wait_ns == 0) ||
			after[i].connects != before[was].connects)
			watch_break(
				r->watch, "reload: '%s' was not changed, and started anew", name);
		for (uint32_t p = ins->first_point; p < ins->first_point + ins->n_points; p++) {
			int64_t gap = watch_gap_ns(r->watch, p, r->now_ns);

			if (watch_faults(r->watch, p) > 0 && wait_ns == 0)
				watch_break(r->watch, "reload: '%s' was not changed, and went bad",
					name);
			if (gap > wait_ns + image_point_at(r->img, p)->every_ns +
					  MAX(round_ns(r->img, ins->link),
						  round_ns(old, kept[ins->link])) +
					  2 * r->img->tick_ns)
				watch_break(r->watch, "reload: '%s' waited for %lld ms", name,
					(long long)(gap / NS_PER_MS));
		}
	}
	for (uint32_t link = 0; link < r->img->links.n; link++) {
		uint32_t n = 0;

		for (uint32_t i = 0; i < r->img->instruments.n; i++)
			n += image_instrument_at(r->img, i)->link == link &&
			     went_on(r, i, old, kept) != IMAGE_NONE;
		if (n > 0 && world_faults(r->world, link, WORLD_OVERRUN) == overruns[kept[link]] &&
			n == on_link(r->img, link) && n == on_link(old, kept[link]) &&
			strays(after, r->img, link) != strays(before, old, kept[link]))
			watch_break(r->watch, "reload: a question on link '%s' was forgotten",
				image_text(r->img, image_link_at(r->img, link)->name));
	}
	free(after);
}

/* Somebody edits the bench file while all is well, often while a question is under way. */
static void
reload(struct stage *r)
{
	struct board_state *before;
	struct image *old;
	int64_t wait_ns = 2 * NS_PER_S;
	uint64_t *overruns;
	uint32_t *kept;

	overruns =
		read_overruns(r); /* what was asked before a trial failed may still be answered */
	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		wait_ns = MAX(wait_ns, 2 * patience(r->img, i));
	stage_advance(r, r->now_ns + wait_ns); /* the board tells counters once a second */
	watch_mark(r->watch, r->now_ns);
	stage_advance(r, r->now_ns + stage_span(r, 0, 3 * NS_PER_S));
	for (int i = 0; i < 1000 && rand_below(&r->chance, 8) > 0 &&
			(world_wake(r->world) == NEVER || rand_below(&r->chance, 2) == 0);
		i++)
		stage_advance(r, r->now_ns + NS_PER_MS);
	before = read_states(r);
	old = stage_reload(r, (unsigned)rand_below(&r->chance, 4), &kept);
	stage_advance(r, r->now_ns + NS_PER_S + 2 * r->slowest_ns + stage_span(r, 0, NS_PER_S));
	check_unchanged(r, old, before, kept, overruns);
	recover(r, NS_PER_S);
	settle(r);
	free(overruns);
	free(before);
	free(kept);
	free(old);
}

/* ---- a run ------------------------------------------------------------------------------------------------------------ */

static void
finish(struct stage *r, struct run_result *out)
{
	if (trail_check(r->trail) != NULL)
		watch_break(r->watch, "%s", trail_check(r->trail));
	*out = (struct run_result){ .exchanges = world_exchanges(r->world),
		.records = watch_records(r->watch),
		.lost_ticks = r->lost,
		.clock_steps = r->steps,
		.reloads = r->reloads,
		.kills = trail_kills(r->trail),
		.span_ns = r->now_ns - r->start_ns };
	if (watch_breach(r->watch) != NULL)
		text_copy(out->breach, sizeof(out->breach), watch_breach(r->watch));
	for (uint32_t link = 0; link < r->img->links.n; link++)
		for (int f = 0; f < WORLD_FAULTS; f++)
			out->faults[f] += world_faults(r->world, link, (enum world_fault)f);
	out->digest = watch_digest(r->watch);
	stage_end(r);
	out->digest ^= r->digest;
}

bool
run_seed(const struct run_setup *setup, struct run_result *out)
{
	struct stage r = { .chance = setup->seed ^ UINT64_C(0x5deece66d),
		.start_ns = 1000 * NS_PER_S,
		.now_ns = 1000 * NS_PER_S,
		.wall_ns = INT64_C(1700000000) * NS_PER_S };

	stage_start(&r, setup);
	r.is_edited = setup->seed % 2 == 0;
	storm(&r, setup->storm_ns);
	recover(&r, WIRE_WAIT_NS + PROBE_WAIT_NS + REFUSED_WAIT_NS);
	settle(&r);
	check_flood(&r);
	for (int i = 0; i < 3 && watch_breach(r.watch) == NULL; i++)
		reload(&r);
	for (int i = 0; i < 2 && watch_breach(r.watch) == NULL; i++)
		alone(&r);
	check_flood(&r);
	finish(&r, out);
	return out->breach[0] == '\0';
}
