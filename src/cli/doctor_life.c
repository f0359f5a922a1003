/* doctor_life.c - mbc doctor: who makes the bench safe when nobody is at the controls, and what happens after an outage */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/doctor.h"
#include "io/now.h"

/* A controller that hangs is killed after 2 s without a tick, and the next one has to start and to find its devices. */
#define RESTART_NS (4 * NS_PER_S)

static const char *
channel_name(const struct image *img, uint32_t channel)
{
	return image_text(img, image_channel_at(img, channel)->name);
}

static const char *
instrument_name(const struct image *img, uint32_t instrument)
{
	return image_text(img, image_instrument_at(img, instrument)->name);
}

/* The number of a state on the board; -1: it is not there, or has no value. */
static int64_t
state_of(const struct image *img, const struct board *b, uint32_t channel)
{
	uint32_t i = board_find(b, channel_name(img, channel));
	struct sample s = { .quality = Q_NOT_YET };

	if (i == IMAGE_NONE)
		return -1;
	board_look(b, i, now_boot(), &s);
	return quality_is_bad(s.quality) ? -1 : s.v.i;
}

static bool
has_hazard(const struct image *img)
{
	for (uint32_t i = 0; i < img->outputs.n; i++)
		if (image_output_at(img, i)->hazard != HAZARD_NONE)
			return true;
	return false;
}

static bool
is_needed(const struct image *img, uint32_t instrument)
{
	const uint32_t *needs = image_at(img, &img->needs);

	for (uint32_t i = 0; i < img->needs.n; i++)
		if (needs[i] == instrument)
			return true;
	return false;
}

/* Each instrument of what can hurt has to be one that the heartbeat needs; told once. */
static void
judge_needs(const struct image *img)
{
	for (uint32_t k = 0; k < img->instruments.n; k++) {
		bool can_hurt = false;

		for (uint32_t i = 0; i < img->outputs.n; i++) {
			const struct image_output *o = image_output_at(img, i);

			can_hurt =
				can_hurt || (o->hazard != HAZARD_NONE &&
						    image_channel_at(img, o->at)->instrument == k);
		}
		if (can_hurt && !is_needed(img, k))
			doctor_mind("add it to needs:",
				"heartbeat: it goes on when '%s' is dead, which has outputs that "
				"can hurt",
				instrument_name(img, k));
	}
}

static void
judge_times(const struct image_heartbeat *h)
{
	char drop[CLOCK_TEXT_SIZE], restart[CLOCK_TEXT_SIZE];

	clock_span(drop, h->drop_out_ns);
	clock_span(restart, RESTART_NS);
	if (h->drop_out_ns == 0)
		doctor_mind("read it off the relay, and write drop_out:",
			"heartbeat: nobody has written down after how long its relay falls");
	else if (h->drop_out_ns <= RESTART_NS)
		doctor_mind("set the relay to more, and write that in drop_out:",
			"heartbeat: its relay falls after %s, and a restart of the controller may "
			"take %s: it would cut heater and fuel for nothing",
			drop, restart);
	else if (h->drop_out_ns <= 2 * h->every_ns)
		doctor_mind("beat more often, or set the relay to more",
			"heartbeat: its relay would fall between two beats");
}

static void
judge_beat(const struct image *img, const struct board *b)
{
	const struct image_heartbeat *h = &img->heartbeat;
	char every[CLOCK_TEXT_SIZE];
	uint32_t n;
	const char *const *words = image_state_words(STATE_HEARTBEAT, &n);
	int64_t state = state_of(img, b, h->state);

	clock_span(every, h->every_ns);
	if (state == HEARTBEAT_BEATING || state < 0 || state >= n)
		printf("  Heartbeat: '%s' changes each %s%s\n", channel_name(img, h->channel),
			every, state == HEARTBEAT_BEATING ? ", and beats now" : "");
	else
		doctor_mind("see 'mbc log --kind heartbeat_stopped'; its relay has fallen, or will",
			"heartbeat: it does not beat now, %s", words[state]);
}

static void
judge_heartbeat(const struct image *img, const struct board *b)
{
	if (img->heartbeat.every_ns > 0) {
		judge_beat(img, b);
		judge_times(&img->heartbeat);
		judge_needs(img);
	} else if (has_hazard(img) && !img->is_observed) {
		doctor_mind("wire a retriggerable relay that cuts heater and fuel, and write it "
			    "down as 'heartbeat:' (docs/safety.md)",
			"no heartbeat: when this computer hangs or dies, nothing of it cuts heater "
			"and fuel; outputs stay as they are");
	}
}

static void
judge_watchdogs(const struct image *img, const struct board *b)
{
	for (uint32_t i = 0; i < img->watchdogs.n; i++) {
		const struct image_watchdog *w = image_watchdog_at(img, i);
		const char *name = instrument_name(img, w->instrument);
		char line[160];

		switch (state_of(img, b, w->state)) {
		case WATCHDOG_ARMED:
			snprintf(line, sizeof(line),
				"the watchdog inside '%.60s' is armed, as it is declared", name);
			doctor_verdict(true, line, "");
			break;
		case WATCHDOG_TRIPPED:
			doctor_mind("see why it heard nothing, then clear it at the device or with "
				    "'mbc set'",
				"'%s' is in its own safe mode: its outputs are not written", name);
			break;
		case WATCHDOG_NOT_ARMED:
			doctor_mind("set it at the device, or by 'init:' of the instrument",
				"the watchdog inside '%s' is not as it is declared: it guards "
				"nothing",
				name);
			break;
		default:
			doctor_mind("see why the instrument does not tell",
				"nobody knows whether the watchdog inside '%s' is armed", name);
			break;
		}
	}
}

static bool
has_row_for(const struct image *img, uint32_t output)
{
	for (uint32_t i = 0; i < img->power_outputs.n; i++)
		if (image_power_output_at(img, i)->output == output &&
			image_power_output_at(img, i)->is_named)
			return true;
	return false;
}

/* "V_H2, H2_flow": fuel and toxic gas that no row of power_loss names. */
static void
tell_power_loss(const struct image *img)
{
	struct buf waits = { 0 };

	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		if ((o->hazard == HAZARD_FUEL || o->hazard == HAZARD_TOXIC) && !has_row_for(img, i))
			buf_printf(&waits, "%s%s", waits.n == 0 ? "" : ", ",
				channel_name(img, o->channel));
	}
	printf("  After an outage the rows of power_loss: decide%s%s\n",
		waits.n == 0 ? "" : "; not without a person: ", buf_text(&waits));
	buf_done(&waits);
}

static void
judge_restore(const struct image *img, const struct board *b)
{
	if (img->has_power_loss && state_of(img, b, img->restoring) == RESTORE_ASKING)
		doctor_mind(
			"look at the bench; then 'mbc restore continue', or 'mbc safe --release' "
			"to leave it so",
			"after an outage the bench is safe and waits for a person");
	else if (img->has_power_loss)
		tell_power_loss(img);
	else if (!img->has_power_loss && has_hazard(img) && !img->is_observed)
		puts("  After an outage of 10 s or more the bench goes to its safe state: there is "
		     "no power_loss:");
}

void
doctor_life(const struct image *img, const struct board *b)
{
	judge_heartbeat(img, b);
	judge_watchdogs(img, b);
	judge_restore(img, b);
}
