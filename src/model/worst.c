/* worst.c - times to safe, and losses */
#include "model/worst.h"

#include <stdlib.h>

#include "base/mem.h"

bool
worst_uses(const struct image *img, const struct image_safe_line *line, uint32_t instrument)
{
	return instrument != IMAGE_NONE &&
	       image_output_uses(img, image_output_at(img, line->output), instrument);
}

/* ---- how long a safe state takes ----------------------------------------------------------------------------------------- */

/* The way of a safe state through its lines. */
struct course {
	int64_t *end;   /* [line of the state] */
	int64_t *from;  /* [line of the state] not before: when the line it stands in for is late */
	bool *is_taken; /* [line of the state] */
	int64_t *link;  /* [link] when its last line so far is settled */
	int64_t longest; /* end of the last line of a living instrument */
	int64_t waits;   /* the latest beginning of one */
};

/* When the links of an output are free; then they are not before `end`. end 0: nothing is taken. */
static int64_t
take_links(const struct image *img, const struct image_output *o, int64_t end, int64_t *link)
{
	uint32_t first = o->n_parts > 0 ? o->first_part : 0, n = MAX(o->n_parts, 1u);
	int64_t free_ns = 0;

	for (uint32_t i = first; i < first + n; i++) {
		uint32_t at = o->n_parts > 0 ? image_part_at(img, i)->at : o->at;
		uint32_t instrument = image_channel_at(img, at)->instrument;
		int64_t *of = &link[image_instrument_at(img, instrument)->link];

		free_ns = MAX(free_ns, *of);
		*of = MAX(*of, end);
	}
	return free_ns;
}

/* Each line takes all its time; a living one none at all when only waiting for the dead one counts. */
static void
go_through(const struct image *img, const struct image_safe_state *s, uint32_t dead,
	bool only_waiting, struct course *c)
{
	for (uint32_t i = 0; i < s->n_lines; i++) {
		const struct image_safe_line *l = image_safe_line_at(img, s->first_line + i);
		const struct image_output *o = image_output_at(img, l->output);
		bool is_dead = worst_uses(img, l, dead);
		int64_t begin = MAX(take_links(img, o, 0, c->link), c->from[i]);

		if (l->is_otherwise && !c->is_taken[i])
			continue;
		if (l->after != IMAGE_NONE)
			begin = MAX(begin, c->end[l->after - s->first_line]);
		c->end[i] = begin + (only_waiting && !is_dead ? 0 : l->within_ns);
		take_links(img, o, c->end[i], c->link);
		if (!is_dead) {
			c->longest = MAX(c->longest, c->end[i]);
			c->waits = MAX(c->waits, begin);
		} else if (l->otherwise != IMAGE_NONE) {
			uint32_t k = l->otherwise - s->first_line;

			c->is_taken[k] = true;
			c->from[k] = MAX(c->from[k], c->end[i]);
		}
	}
}

static void
course_of(const struct image *img, const struct image_safe_state *s, uint32_t dead,
	bool only_waiting, struct course *out)
{
	struct course c = { .end = mem_zero(s->n_lines, sizeof(*c.end)),
		.from = mem_zero(s->n_lines, sizeof(*c.from)),
		.is_taken = mem_zero(s->n_lines, sizeof(*c.is_taken)),
		.link = mem_zero(img->links.n, sizeof(*c.link)) };

	go_through(img, s, dead, only_waiting, &c);
	free(c.end);
	free(c.from);
	free(c.is_taken);
	free(c.link);
	*out = (struct course){ .longest = c.longest, .waits = c.waits };
}

void
worst_time(const struct image *img, uint32_t state, uint32_t dead, struct worst_time *out)
{
	const struct image_safe_state *s = image_safe_state_at(img, state);
	struct course all, waiting;

	course_of(img, s, dead, false, &all);
	course_of(img, s, dead, true, &waiting);
	out->within_ns = all.longest;
	out->waits_ns = waiting.waits;
}

bool
worst_is_lost(const struct image *img, const struct image_safe_line *line, uint32_t dead)
{
	while (worst_uses(img, line, dead)) {
		if (line->otherwise == IMAGE_NONE)
			return true;
		line = image_safe_line_at(img, line->otherwise); /* always behind it */
	}
	return false;
}

/* ---- where outputs end up ------------------------------------------------------------------------------------------------ */

/* `fails` is what the part does without power or air, and says nothing about any other case. */
static enum fate
without_power(const struct image_output *o)
{
	switch ((enum image_fails)o->fails) {
	case FAILS_CLOSED:
		return FATE_CLOSED;
	case FAILS_OPEN:
		return FATE_OPEN;
	case FAILS_STAYS:
		return FATE_STAYS;
	case FAILS_UNKNOWN:
	case FAILS_KINDS:
		break;
	}
	return FATE_UNKNOWN;
}

/* What is a part of this computer, hangs on its USB power or on a program here ends with it, in a way that nobody has written down. */
static enum fate
without_computer(uint32_t kind)
{
	return image_kind_is_local(kind) || kind == LINK_HID || kind == LINK_HELPER ? FATE_UNKNOWN
										    : FATE_KEPT;
}

static enum fate
without_network(uint32_t kind)
{
	if (kind == LINK_TCP || kind == LINK_UDP)
		return FATE_KEPT;
	return kind == LINK_HELPER ? FATE_UNKNOWN
				   : FATE_REACHED; /* who knows what a program uses */
}

/* `fails` does not say whether it is air that moves the part: a heater, or an electric valve, goes on. */
static enum fate
without_air(const struct image_output *o)
{
	switch (without_power(o)) {
	case FATE_CLOSED:
		return FATE_CLOSED_BY_AIR;
	case FATE_OPEN:
		return FATE_OPEN_BY_AIR;
	case FATE_STAYS:
		return FATE_STAYS;
	default:
		return FATE_UNKNOWN;
	}
}

/* It has lost its power, or it only says nothing any more: nobody knows which. */
static enum fate
without_instrument(const struct image_output *o)
{
	switch (without_power(o)) {
	case FATE_CLOSED:
		return FATE_CLOSED_OR_KEPT;
	case FATE_OPEN:
		return FATE_OPEN_OR_KEPT;
	case FATE_STAYS:
		return FATE_STAYS;
	default:
		return FATE_UNKNOWN;
	}
}

/* The channel of `instrument` that an output writes is declared to go somewhere when the device hears nothing. */
static bool
has_declared(const struct image *img, const struct image_watchdog *w, uint32_t channel)
{
	for (uint32_t i = w->first_value; i < w->first_value + w->n_values; i++)
		if (image_watchdog_value_at(img, i)->channel == channel)
			return true;
	return false;
}

/* A device that hears nothing any more: nobody knows what becomes of it with a watchdog of which nothing shows that it is armed, or nothing is said
 * of this output. */
static enum fate
unheard(const struct image *img, const struct image_output *o, uint32_t instrument)
{
	for (uint32_t i = 0; i < img->watchdogs.n; i++) {
		const struct image_watchdog *w = image_watchdog_at(img, i);
		bool is_proved = w->armed.channel != IMAGE_NONE || w->timeout.channel != IMAGE_NONE;

		if (w->instrument != instrument)
			continue;
		for (uint32_t k = o->first_part; k < o->first_part + o->n_parts; k++) {
			uint32_t at = image_part_at(img, k)->at;

			if (image_channel_at(img, at)->instrument == instrument &&
				!has_declared(img, w, at))
				return FATE_UNKNOWN;
		}
		if (!is_proved || (o->n_parts == 0 && !has_declared(img, w, o->at)))
			return FATE_UNKNOWN;
		return FATE_GUARDED;
	}
	return FATE_KEPT;
}

/* Of parts on several links, where the one that is worst off ends; that is the least of the enum. */
static enum fate
of_links(const struct image *img, const struct image_output *o, enum fate (*fate_of)(uint32_t kind))
{
	enum fate worst = FATE_REACHED;

	for (uint32_t i = 0; i < img->instruments.n; i++) {
		enum fate fate;

		if (!image_output_uses(img, o, i))
			continue;
		fate = fate_of(image_link_at(img, image_instrument_at(img, i)->link)->kind);
		fate = fate == FATE_KEPT ? unheard(img, o, i) : fate;
		worst = MIN(worst, fate == FATE_KEPT && o->rate_part != 0 ? FATE_RAMPS : fate);
	}
	return worst;
}

enum fate
worst_fate(const struct image *img, uint32_t output, enum loss loss)
{
	const struct image_output *o = image_output_at(img, output);

	while (o->loop != 0) /* what becomes of a loop is what becomes of what it writes */
		o = image_output_at(img, image_loop_at(img, o->loop - 1)->output);
	switch (loss) {
	case LOSS_MAINS:
		return without_power(o);
	case LOSS_AIR:
		return without_air(o);
	case LOSS_COMPUTER:
		return of_links(img, o, without_computer);
	case LOSS_NETWORK:
		return of_links(img, o, without_network);
	case LOSS_INSTRUMENT:
		return without_instrument(o);
	case LOSSES:
		break;
	}
	return FATE_UNKNOWN;
}

const char *
worst_fate_text(enum fate fate)
{
	static const char *const texts[] = {
		[FATE_UNKNOWN] = "UNKNOWN",
		[FATE_RAMPS] = "its ramp goes on",
		[FATE_CLOSED] = "closed",
		[FATE_OPEN] = "open",
		[FATE_STAYS] = "stays",
		[FATE_KEPT] = "stays, no watchdog",
		[FATE_GUARDED] = "by its watchdog",
		[FATE_CLOSED_OR_KEPT] = "closed or stays",
		[FATE_OPEN_OR_KEPT] = "open or stays",
		[FATE_CLOSED_BY_AIR] = "closed if by air",
		[FATE_OPEN_BY_AIR] = "open if by air",
		[FATE_REACHED] = "not concerned",
	};

	return texts[fate];
}

const char *
worst_fate_word(enum fate fate)
{
	static const char *const words[] = {
		[FATE_UNKNOWN] = "unknown",
		[FATE_RAMPS] = "ramp_goes_on",
		[FATE_CLOSED] = "closed",
		[FATE_OPEN] = "open",
		[FATE_STAYS] = "stays",
		[FATE_KEPT] = "stays_no_watchdog",
		[FATE_GUARDED] = "by_watchdog",
		[FATE_CLOSED_OR_KEPT] = "closed_or_stays",
		[FATE_OPEN_OR_KEPT] = "open_or_stays",
		[FATE_CLOSED_BY_AIR] = "closed_if_by_air",
		[FATE_OPEN_BY_AIR] = "open_if_by_air",
		[FATE_REACHED] = "not_concerned",
	};

	return words[fate];
}
