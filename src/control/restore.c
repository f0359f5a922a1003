/* restore.c - how outputs come back after an outage, or do not */
#include "control/restore.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/hands_inside.h"
#include "msg/quality.h"

#define LOOK_NS (60 * NS_PER_S)    /* devices that do not tell what they hold by then */
#define UNKNOWN_NS (10 * NS_PER_S) /* a condition that is unknown for longer is not taken */

struct restore {
	const struct image *img;
	struct output_past *past; /* [output] */
	uint8_t *is_in;           /* [output] it is of what is decided */
	uint8_t *is_named;  /* [output] it may come back without a person; once a row is taken */
	uint8_t *is_left;   /* [output] it stays safe, and waits for a person */
	double *ramp;       /* [output] of the row; 0: its own */
	uint32_t *order;    /* outputs, in that in which they come back */
	uint8_t state;      /* enum restore_state */
	bool is_all;        /* of the whole bench */
	bool is_from_safe;  /* what is decided on is in the safe state, which is left for it */
	bool has_left_safe; /* what must not come back is safe, and all others are next */
	bool is_sent;       /* the output at hand */
	bool is_cut; /* POWER_OUT: mains was lost before an earlier outage was decided, or all was back */
	uint32_t held; /* the safe state that is held meanwhile; IMAGE_NONE */
	uint32_t to;   /* where a failure leads */
	uint32_t at;   /* place in `order` */
	int64_t outage_ns, allowed_ns, began_ns;
	int64_t tried_ns; /* since when the output at hand waits for what is measured of it; 0: it does not */
	uint64_t cause;
	uint32_t row; /* of the sequence: its action comes when what may burn is safe; IMAGE_NONE */
	uint8_t ended; /* enum restored */
};

/* ---- the order ------------------------------------------------------------------------------------------------------------- */

static bool
is_last(const struct image *img, uint32_t output)
{
	uint8_t hazard = image_output_at(img, output)->hazard;

	return hazard == HAZARD_FUEL || hazard == HAZARD_TOXIC;
}

static bool
is_listed(const struct image *img, uint32_t output)
{
	const uint32_t *listed = image_at(img, &img->restore);

	for (uint32_t i = 0; i < img->restore.n; i++)
		if (listed[i] == output)
			return true;
	return false;
}

/* Those that nobody has put in order, of one kind: 0 inert, 1 what else there is, 2 fuel and toxic. */
static void
add_others(struct restore *r, uint32_t *n, int kind)
{
	for (uint32_t i = 0; i < r->img->outputs.n; i++) {
		int own = image_output_at(r->img, i)->hazard == HAZARD_INERT ? 0
			  : is_last(r->img, i)                               ? 2
									     : 1;

		if (own == kind && !is_listed(r->img, i))
			r->order[(*n)++] = i;
	}
}

/* Inert first, fuel last; what `restore:` lists as it is there, the others of a kind beside it. */
static void
make_order(struct restore *r)
{
	const uint32_t *listed = image_at(r->img, &r->img->restore);
	uint32_t n = 0, i = 0;

	add_others(r, &n, 0);
	for (; i < r->img->restore.n && !is_last(r->img, listed[i]); i++)
		r->order[n++] = listed[i];
	add_others(r, &n, 1);
	for (; i < r->img->restore.n; i++)
		r->order[n++] = listed[i];
	add_others(r, &n, 2);
}

struct restore *
restore_new(struct hands *h)
{
	struct restore *r = mem_zero(1, sizeof(*r));
	uint32_t n = h->img->outputs.n;

	r->img = h->img;
	r->past = mem_zero(n, sizeof(*r->past));
	r->is_in = mem_zero(n, 1);
	r->is_named = mem_zero(n, 1);
	r->is_left = mem_zero(n, 1);
	r->ramp = mem_zero(n, sizeof(*r->ramp));
	r->order = mem_zero(n, sizeof(*r->order));
	r->held = r->to = r->row = IMAGE_NONE;
	for (uint32_t i = 0; i < n; i++)
		r->past[i].target = (double)NAN;
	make_order(r);
	if (h->img->has_power_loss)
		channels_set(h->channels, h->img->restoring, RESTORE_IDLE, Q_GOOD, h->now_ns);
	return r;
}

void
restore_free(struct restore *r)
{
	if (r == NULL)
		return;
	free(r->past);
	free(r->is_in);
	free(r->is_named);
	free(r->is_left);
	free(r->ramp);
	free(r->order);
	free(r);
}

void
restore_past(struct restore *r, uint32_t output, const struct output_past *past)
{
	r->past[output] = *past;
}

const struct output_past *
restore_past_of(const struct restore *r, uint32_t output)
{
	return &r->past[output];
}

enum restore_state
restore_state_of(const struct restore *r)
{
	return (enum restore_state)r->state;
}

enum restored
restore_take_end(struct restore *r)
{
	enum restored ended = (enum restored)r->ended;

	r->ended = RESTORED_NOT;
	return ended;
}

bool
restore_is_open(const struct restore *r)
{
	return r->is_all && (r->state == RESTORE_POWER_OUT || r->state == RESTORE_LOOKING ||
				    r->state == RESTORE_RETURNING);
}

/* ---- what people see ------------------------------------------------------------------------------------------------------- */

static const char *
name_of(const struct image *img, uint32_t output)
{
	return image_text(img, image_channel_at(img, image_output_at(img, output)->channel)->name);
}

static void
show(struct hands *h, enum restore_state state, int64_t now_ns)
{
	h->restore->state = (uint8_t)state;
	if (h->img->has_power_loss)
		channels_set(h->channels, h->img->restoring, state, Q_GOOD, now_ns);
}

static void
show_outage(struct hands *h, int64_t now_ns)
{
	const struct restore *r = h->restore;

	if (h->img->has_power_loss)
		channels_set(h->channels, h->img->outage, (double)r->outage_ns / 1e9,
			r->outage_ns < 0 ? Q_NOT_YET : Q_GOOD, now_ns);
}

void
restore_last(struct hands *h, uint32_t i, double value, int64_t now_ns)
{
	channels_set(h->channels, image_last_at(h->img, i)->state, value,
		isfinite(value) ? Q_GOOD : Q_NOT_YET, now_ns);
}

static uint64_t
emit(struct hands *h, enum event_kind kind, double value, uint64_t cause, const char *text,
	int64_t now_ns)
{
	struct event e = {
		.kind = kind, .stamp_ns = now_ns, .cause = cause, .n_values = 1, .values = { value }
	};

	text_copy(e.text, sizeof(e.text), text);
	return h->sink.event(h->sink.ctx, &e);
}

/* The controller was away, or a device or mains; the last two have told it already. */
static uint64_t
tell(struct hands *h, const char *what, int64_t now_ns)
{
	struct restore *r = h->restore;

	if (!h->has_restarted)
		return r->cause;
	h->has_restarted = false;
	return emit(h, EVENT_OUTAGE, r->outage_ns < 0 ? (double)NAN : (double)r->outage_ns / 1e9, 0,
		what, now_ns);
}

/* "; waits for a person: V_H2, H2_flow" */
static void
list_left(const struct restore *r, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < r->img->outputs.n && used + 1 < cap; i++)
		if (r->is_left[i])
			used += (size_t)snprintf(out + used, cap - used, "%s%.63s",
				used == 0 ? "these stay safe and wait for a person: " : ", ",
				name_of(r->img, i));
}

/* ---- the ends -------------------------------------------------------------------------------------------------------------- */

/* What was made safe by itself belongs to a person from then on. */
static void
release(struct hands *h, uint32_t i, int64_t now_ns)
{
	if (outputs_owner(h->outputs, i) == OWNER_SAFE_STATE &&
		safe_holder(h->safe, i) == IMAGE_NONE)
		outputs_release(h->outputs, i, OWNER_SAFE_STATE, now_ns);
}

static void
let_go(struct hands *h, enum restore_state state, enum restored ended, int64_t now_ns)
{
	struct restore *r = h->restore;

	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		if (r->is_in[i])
			outputs_hold_back(h->outputs, i, false);
		if (r->is_left[i])
			release(h, i, now_ns);
		r->is_in[i] = r->is_left[i] = 0;
	}
	r->is_all = r->is_from_safe = r->has_left_safe = r->is_sent = r->is_cut = false;
	r->row = IMAGE_NONE;
	r->ended = (uint8_t)ended;
	if (state == RESTORE_IDLE) {
		r->held = IMAGE_NONE;
		r->cause = 0;
	}
	show(h, state, now_ns);
}

static void
go_on(struct hands *h, int64_t now_ns)
{
	tell(h, "every output is as it was, the bench goes on", now_ns);
	let_go(h, RESTORE_IDLE, RESTORED_AS_IT_WAS, now_ns);
}

/* A safe state, for good: nothing comes back by itself any more. */
static void
go_safe(struct hands *h, uint32_t to, const char *why, int64_t now_ns)
{
	uint64_t cause = tell(h, why, now_ns);
	bool is_held = to != IMAGE_NONE && safe_is_held(h->safe, to);

	let_go(h, RESTORE_IDLE, RESTORED_SAFE, now_ns);
	if (to != IMAGE_NONE && !is_held)
		safe_begin(h->safe, to, OWNER_SAFE_STATE, cause, why, now_ns);
}

static const char asked[] =
	"a person is asked: RESUME brings all outputs back, ABORT leaves them safe";

/* The same, and what it was is kept for a person to choose. */
static void
ask(struct hands *h, uint32_t to, const char *why, int64_t now_ns)
{
	struct restore *r = h->restore;
	uint64_t cause = tell(h, why, now_ns);
	bool is_held = to != IMAGE_NONE && safe_is_held(h->safe, to);

	let_go(h, RESTORE_ASKING, RESTORED_NOT, now_ns);
	r->held = r->to = to;
	sequencer_stands_for(h->sequencer, asked);
	h->is_snapshot_due = true;
	if (to != IMAGE_NONE && !is_held)
		safe_begin(h->safe, to, OWNER_SAFE_STATE, cause, why, now_ns);
}

/* Is what is decided on the sequence's, too? */
static bool
is_of_sequence(const struct hands *h)
{
	for (uint32_t i = 0; i < h->img->outputs.n; i++)
		if (h->restore->is_in[i] && sequencer_uses(h->sequencer, i))
			return true;
	return false;
}

/* ---- the beginnings -------------------------------------------------------------------------------------------------------- */

static bool
is_of(const struct image *img, uint32_t output, uint32_t instrument)
{
	return instrument == RESTORE_ALL ||
	       image_channel_at(img, image_output_at(img, output)->at)->instrument == instrument;
}

/* Where it was, unless a safe state or trip has it, or that is known already from before. */
static void
note_past(struct hands *h, uint32_t i)
{
	struct restore *r = h->restore;

	outputs_past(h->outputs, i, &r->past[i]);
	if (outputs_is_away(h->outputs, i))
		r->past[i].target = (double)NAN;
}

static bool
is_under_way(const struct restore *r)
{
	return r->state == RESTORE_LOOKING || r->state == RESTORE_RETURNING;
}

void
restore_begin(struct hands *h, const struct restore_outage *o, int64_t now_ns)
{
	struct restore *r = h->restore;
	bool is_more = is_under_way(r) || (r->state == RESTORE_POWER_OUT && r->is_cut);
	bool is_all = o->instrument == RESTORE_ALL;

	/* What waits in a safe state for its answer waits on: only the return of mains is one. */
	if (r->state == RESTORE_ASKING && !is_all)
		return;
	r->is_from_safe = r->state == RESTORE_ASKING;
	r->outage_ns = !is_more                        ? o->ns
		       : r->outage_ns < 0 || o->ns < 0 ? -1
						       : MAX(r->outage_ns, o->ns);
	r->allowed_ns = is_more ? MIN(r->allowed_ns, o->allowed_ns) : o->allowed_ns;
	r->is_all = r->is_all || is_all;
	r->cause = o->cause;
	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		if (!is_of(h->img, i, o->instrument))
			continue;
		if (!is_all && !r->is_in[i])
			note_past(h, i);
		r->is_in[i] = 1;
	}
	for (uint32_t i = 0; i < h->img->outputs.n; i++)
		if (r->is_in[i])
			outputs_hold_back(h->outputs, i, true);
	if (is_of_sequence(h))
		sequencer_stand(h->sequencer, o->ns < 0 ? NEVER : now_ns - o->ns, now_ns);
	r->began_ns = now_ns;
	r->row = IMAGE_NONE;
	r->has_left_safe = r->is_sent = r->is_cut = false;
	show_outage(h, now_ns);
	show(h, RESTORE_LOOKING, now_ns);
}

void
restore_hold(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;
	bool is_more = is_under_way(r);

	if (is_more && r->is_from_safe && r->state == RESTORE_LOOKING) {
		ask(h, r->held, "mains is lost again", now_ns);
		return;
	}
	if (r->state != RESTORE_IDLE && !is_more)
		return; /* it is held back already, and was so before */
	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		if (!r->is_in[i])
			note_past(h, i);
		r->is_in[i] = 1;
		outputs_hold_back(h->outputs, i, true);
		outputs_pause(h->outputs, i);
	}
	r->is_all = true;
	r->is_cut = is_more;
	sequencer_stand(h->sequencer, now_ns, now_ns);
	show(h, RESTORE_POWER_OUT, now_ns);
}

void
restore_make_safe(struct hands *h, const char *why, int64_t now_ns)
{
	if (h->restore->state == RESTORE_POWER_OUT)
		ask(h, h->img->on_stop, why, now_ns);
	else
		go_safe(h, h->img->on_stop, why, now_ns);
}

void
restore_ask_again(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;

	r->held = r->to = safe_held(h->safe);
	sequencer_stands_for(h->sequencer, asked);
	show(h, RESTORE_ASKING, now_ns);
}

/* ---- looking --------------------------------------------------------------------------------------------------------------- */

struct seen {
	bool is_all_read, is_other;
};

static struct seen
look(const struct hands *h)
{
	const struct restore *r = h->restore;
	struct seen s = { .is_all_read = true };

	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		enum output_match match = outputs_match(h->outputs, i);

		if (!r->is_in[i])
			continue;
		s.is_all_read = s.is_all_read && match != OUTPUT_NOT_READ;
		s.is_other = s.is_other || match == OUTPUT_OTHER;
	}
	return s;
}

/* Without rows it goes on as it was, or to its safe state. */
static void
decide_plainly(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;
	struct seen s = look(h);
	uint32_t to = h->img->on_stop;

	if (r->outage_ns < 0)
		go_safe(h, to, "nobody knows for how long: the clock was not right", now_ns);
	else if (r->outage_ns >= r->allowed_ns)
		go_safe(h, to,
			r->allowed_ns > HANDS_OUTAGE_NS ? "longer than planned"
							: "longer than 10 s",
			now_ns);
	else if (s.is_other)
		go_safe(h, to, "a device does not hold what was written", now_ns);
	else if (s.is_all_read)
		go_on(h, now_ns);
	else if (now_ns - r->began_ns >= LOOK_NS)
		go_safe(h, to, "a device does not tell what it holds", now_ns);
}

/* The row that is taken; IMAGE_NONE: what it needs to know may still come. */
static uint32_t
pick(struct hands *h, int64_t now_ns)
{
	const struct restore *r = h->restore;
	bool may_come = now_ns - r->began_ns < UNKNOWN_NS;
	uint32_t taken = IMAGE_NONE;
	bool is_open = false;

	/* Each at each tick: they may remember what was. */
	for (uint32_t i = 0; i < h->img->power_rows.n; i++) {
		const struct image_power_row *d = image_power_row_at(h->img, i);
		enum truth truth = d->when.n_ops == 0 ? TRUTH_TRUE
						      : channels_judge(h->channels, &d->when,
								now_ns, NULL, NULL, NULL);

		if (taken != IMAGE_NONE || is_open)
			continue;
		if (truth == TRUTH_TRUE)
			taken = i;
		else if (truth == TRUTH_UNKNOWN && may_come)
			is_open = true;
	}
	return is_open ? IMAGE_NONE : taken;
}

/* ---- coming back ----------------------------------------------------------------------------------------------------------- */

/* What must not come back without a person goes to its safe value, whatever it holds. */
static void
make_safe_one(struct hands *h, uint32_t i, int64_t now_ns)
{
	struct restore *r = h->restore;
	struct output_order order = { .owner = OWNER_SAFE_STATE, .cause = r->cause };
	struct err err;

	if (!safe_value(h->img, r->to, i, &order.value))
		return;
	/* It was safe, and is. */
	if (outputs_match(h->outputs, i) == OUTPUT_SAME &&
		(!isfinite(r->past[i].target) ||
			(safe_wants(h->img, r->to, i, r->past[i].target) &&
				safe_wants(h->img, r->to, i, r->past[i].working))))
		return;
	r->is_left[i] = 1;
	if (outputs_set(h->outputs, i, &order, now_ns, &err) < 0)
		return; /* seen as not confirmed */
}

static void
begin_return(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;

	r->at = 0;
	r->tried_ns = 0;
	r->is_sent = r->has_left_safe = false;
	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		r->is_left[i] = 0;
		if (r->is_in[i] && is_last(h->img, i) && !r->is_named[i] && r->to != IMAGE_NONE)
			make_safe_one(h, i, now_ns);
	}
	show(h, RESTORE_RETURNING, now_ns);
}

static void
take_row(struct hands *h, uint32_t row, int64_t now_ns)
{
	struct restore *r = h->restore;
	const struct image_power_row *d = image_power_row_at(h->img, row);
	char text[EVENT_TEXT];

	snprintf(text, sizeof(text), "%s%.100s", d->what == POWER_ASK ? "a person is asked: " : "",
		d->when.n_ops == 0 ? "no row of power_loss holds"
				   : image_text(h->img, d->when.text));
	if (r->is_from_safe && d->what <= POWER_RAMP && r->held != IMAGE_NONE)
		safe_leave(h->safe, r->held, now_ns);
	r->to = d->to;
	if (d->what == POWER_SAFE) {
		go_safe(h, d->to, text, now_ns);
		return;
	}
	if (d->what == POWER_ASK) {
		ask(h, d->to, text, now_ns);
		return;
	}
	memset(r->is_named, 0, h->img->outputs.n);
	memset(r->ramp, 0, h->img->outputs.n * sizeof(*r->ramp));
	for (uint32_t i = d->first_output; i < d->first_output + d->n_outputs; i++) {
		const struct image_power_output *o = image_power_output_at(h->img, i);

		r->is_named[o->output] = o->is_named != 0;
		r->ramp[o->output] = d->what == POWER_RAMP ? o->ramp : 0;
	}
	r->cause = emit(h, EVENT_RESTORE_BEGAN, row + 1, tell(h, text, now_ns), text, now_ns);
	begin_return(h, now_ns);
}

/* Outputs are left as they are found, and are nobody's: nothing of what they were comes back. */
static void
forget(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;

	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		if (!r->is_in[i] || r->is_left[i])
			continue;
		r->past[i] = (struct output_past){
			.target = (double)NAN, .working = (double)NAN, .mode = MODE_AUTOMATIC
		};
		outputs_restore(h->outputs, i, &r->past[i], now_ns);
	}
}

static void
act(struct hands *h, uint32_t row, const char *why, int64_t now_ns)
{
	uint64_t cause = h->restore->cause;

	let_go(h, RESTORE_IDLE, RESTORED_ACTED, now_ns);
	sequencer_act(h->sequencer, row, why, cause, now_ns);
}

/* A row of the sequence under test. */
static void
take_its_row(struct hands *h, uint32_t row, int64_t now_ns)
{
	struct restore *r = h->restore;
	const struct image_seq_row *d = image_seq_row_at(h->img, row);
	uint32_t first = sequencer_first_row(h->sequencer);
	char text[EVENT_TEXT];

	snprintf(text, sizeof(text), "%s%.100s",
		d->kind == SEQUENCE_ROW_ASK ? "a person is asked: " : "",
		d->when.n_ops == 0 ? "otherwise" : image_text(h->img, d->when.text));
	r->to = sequencer_fallback(h->sequencer);
	if (d->kind == SEQUENCE_ROW_ASK) {
		ask(h, r->to, text, now_ns);
		return;
	}
	r->cause =
		emit(h, EVENT_RESTORE_BEGAN, row - first + 1, tell(h, text, now_ns), text, now_ns);
	if (d->kind == SEQUENCE_ROW_ACTION &&
		image_seq_action_at(h->img, d->action)->kind == SEQUENCE_TRIP) {
		act(h, row, text, now_ns);
		return;
	}
	if (r->is_from_safe && r->held != IMAGE_NONE)
		safe_leave(h->safe, r->held, now_ns);
	memset(r->is_named, 0, h->img->outputs.n);
	for (uint32_t i = 0; i < h->img->outputs.n; i++)
		r->ramp[i] = sequencer_back_rate(h->sequencer, row, i);
	for (uint32_t i = d->first_with; i < d->first_with + d->n_with; i++)
		r->is_named[image_seq_number(h->img, i)] = 1;
	begin_return(h, now_ns);
	if (d->kind != SEQUENCE_ROW_ACTION)
		return;
	forget(h, now_ns);
	r->row = row;
}

static bool
brings_back(const struct hands *h, uint32_t row, bool is_its)
{
	return is_its ? image_seq_row_at(h->img, row)->kind == SEQUENCE_ROW_CONTINUE
		      : image_power_row_at(h->img, row)->what <= POWER_RAMP;
}

static void
decide(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;
	struct seen s = look(h);
	bool is_its = is_of_sequence(h);
	bool may_come = now_ns - r->began_ns < UNKNOWN_NS;
	uint32_t row;

	/* While a sequence is under test its rows hold, and the bench's do not. */
	if (is_its ? !sequencer_has_rows(h->sequencer) : !h->img->has_power_loss) {
		decide_plainly(h, now_ns);
		return;
	}
	if (r->outage_ns < 0 && !is_its) {
		go_safe(h, image_power_row_at(h->img, h->img->power_rows.n - 1)->to,
			"nobody knows for how long: the clock was not right", now_ns);
		return;
	}
	if (r->outage_ns >= 0 && r->outage_ns < r->allowed_ns && !s.is_other && !r->is_from_safe) {
		if (s.is_all_read) {
			go_on(h, now_ns);
			return;
		}
		if (may_come)
			return; /* it may still turn out to be as it was */
	}
	row = is_its ? sequencer_pick_row(h->sequencer, r->outage_ns, may_come, now_ns)
		     : pick(h, now_ns);
	if (row == IMAGE_NONE)
		return;
	/* What comes back, and what was safe all the time, is seen when all has been read. */
	if (may_come && !s.is_all_read && brings_back(h, row, is_its))
		return;
	if (is_its)
		take_its_row(h, row, now_ns);
	else
		take_row(h, row, now_ns);
}

/* All of those that wait for a person are where they have to be. Then they are a person's. */
static bool
are_left_safe(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;

	for (uint32_t i = 0; i < h->img->outputs.n; i++)
		if (r->is_left[i] && !outputs_is_confirmed(h->outputs, i))
			return false;
	for (uint32_t i = 0; i < h->img->outputs.n; i++)
		if (r->is_left[i])
			release(h, i, now_ns);
	return true;
}

/* From where an output comes back; false: it cannot, out_why. *out_is_measured: it is not for want of what is measured. */
static bool
find_start(
	struct hands *h, uint32_t i, double *out_start, bool *out_is_measured, const char **out_why)
{
	const struct restore *r = h->restore;
	const struct image_output *d = image_output_at(h->img, i);
	const struct image_channel *ch = image_channel_at(h->img, d->channel);
	double measured, working = r->past[i].working;
	enum quality quality;
	int64_t stamp_ns;

	*out_start = working;
	*out_is_measured = true;
	if (ch->type == VALUE_BOOL || ch->type == VALUE_CHOICE ||
		(!(d->holdback > 0) && !(r->ramp[i] > 0)))
		return true;
	channels_look(h->channels, d->channel, &measured, &quality, &stamp_ns);
	if (image_is_write_only(h->img, d->channel))
		return true;
	*out_why = "what is measured of it is not known";
	*out_is_measured = !quality_is_bad(quality) && isfinite(measured);
	if (!*out_is_measured)
		return false;
	if (!(r->ramp[i] > 0) && fabs(working - measured) <= d->holdback)
		return true;
	*out_why = "it is too far from what is measured, and has no ramp";
	if (!(r->ramp[i] > 0) && !(r->past[i].ramp > 0) && !(d->ramp > 0))
		return false;
	*out_start = d->has_limits ? fmin(fmax(measured, d->min), d->max) : measured;
	return true;
}

static void
fail(struct hands *h, uint32_t i, const char *why, int64_t now_ns)
{
	char text[EVENT_TEXT];

	snprintf(text, sizeof(text), "'%.40s' does not come back: %s", name_of(h->img, i), why);
	go_safe(h, h->restore->to, text, now_ns);
}

static bool
is_the_same(double a, double b)
{
	return !(a < b) && !(a > b);
}

/* One output: 1 it is back, or stays as it is; 0 it is under way; below 0 it cannot, and the bench has gone to its safe state. */
static int
bring_back(struct hands *h, uint32_t i, int64_t now_ns)
{
	struct restore *r = h->restore;
	const struct image_output *d = image_output_at(h->img, i);
	const char *why = "";
	bool is_measured;
	double start;

	if (!r->is_in[i] || r->is_left[i] || !isfinite(r->past[i].target))
		return 1;
	if (r->is_sent) {
		if (outputs_is_confirmed(h->outputs, i))
			return 1;
		if (outputs_is_under_way(h->outputs, i))
			return 0;
		fail(h, i, "it was not taken, or is forbidden", now_ns);
		return -1;
	}
	if (outputs_is_away(h->outputs, i)) {
		fail(h, i, "its device is in a safe mode of its own", now_ns);
		return -1;
	}
	if (!find_start(h, i, &start, &is_measured, &why)) {
		/* On a line that has just come back the setpoint may be read before what is measured. */
		if (r->tried_ns == 0)
			r->tried_ns = now_ns;
		if (!is_measured && now_ns - r->tried_ns < UNKNOWN_NS)
			return 0;
		fail(h, i, why, now_ns);
		return -1;
	}
	if (is_the_same(start, r->past[i].working) && !(r->ramp[i] > 0) &&
		!image_is_write_only(h->img, d->at) && !r->is_from_safe &&
		outputs_match(h->outputs, i) == OUTPUT_SAME)
		return 1; /* nothing is written where nothing has changed */
	r->is_sent = true;
	outputs_resume(h->outputs, i, &r->past[i], start, r->ramp[i], r->cause, now_ns);
	return outputs_is_confirmed(h->outputs, i) ? 1 : 0;
}

static void
come_back(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;
	char text[EVENT_TEXT];
	int rc = 1;

	if (now_ns - r->began_ns >= trips_longest(h->trips) + LOOK_NS) {
		go_safe(h, r->to, "not all outputs could come back in time", now_ns);
		return;
	}
	if (!r->has_left_safe) {
		if (!are_left_safe(h, now_ns) || !trips_are_ready(h->trips) || !look(h).is_all_read)
			return;
		r->has_left_safe = true;
	}
	while (r->at < h->img->outputs.n && (rc = bring_back(h, r->order[r->at], now_ns)) > 0) {
		r->is_sent = false;
		r->tried_ns = 0;
		r->at++;
	}
	if (rc <= 0)
		return;
	list_left(r, text, sizeof(text));
	emit(h, EVENT_RESTORE_DONE, 0, r->cause, text, now_ns);
	if (r->row != IMAGE_NONE)
		act(h, r->row, "after an outage", now_ns);
	else
		let_go(h, RESTORE_IDLE, text[0] == '\0' ? RESTORED_BACK : RESTORED_PARTLY, now_ns);
}

/* A trip or a person was faster: what they hold is safe, and nothing comes back by itself. */
static bool
is_overtaken(const struct hands *h)
{
	const struct restore *r = h->restore;
	uint32_t held = safe_held(h->safe);

	if (trips_any(h->trips))
		return true;
	return r->is_from_safe && r->state == RESTORE_LOOKING ? held != r->held
							      : held != IMAGE_NONE;
}

void
restore_step(struct hands *h, int64_t now_ns)
{
	struct restore *r = h->restore;

	switch ((enum restore_state)r->state) {
	case RESTORE_IDLE:
	case RESTORE_STATES:
		return;
	case RESTORE_ASKING:
		if (r->held == IMAGE_NONE || !safe_is_held(h->safe, r->held) ||
			trips_any(h->trips)) {
			h->is_snapshot_due = true;
			let_go(h, RESTORE_IDLE, RESTORED_SAFE, now_ns);
		}
		return;
	default:
		break;
	}
	if (is_overtaken(h)) {
		h->has_restarted = false;
		let_go(h, RESTORE_IDLE, RESTORED_SAFE, now_ns);
	} else if (r->state == RESTORE_LOOKING) {
		decide(h, now_ns);
	} else if (r->state == RESTORE_RETURNING) {
		come_back(h, now_ns);
	}
}

/* ---- a person chooses ------------------------------------------------------------------------------------------------------ */

int
restore_command(
	struct hands *h, const struct command *c, uint64_t cause, int64_t now_ns, struct err *err)
{
	struct restore *r = h->restore;

	if (strcmp(c->value, "continue") != 0)
		return err_set(err, ERR_REFUSED, 0,
			"after an outage there is only continue; for the other, the bench is safe "
			"already: 'mbc safe --release'");
	if (!c->is_person)
		return err_set(err, ERR_REFUSED, 0,
			"only a person may do this, at the command line of the bench");
	if (r->state != RESTORE_ASKING)
		return err_set(err, ERR_REFUSED, 0,
			"nothing waits to come back; see 'mbc get mbc.restore', and 'mbc log'");
	if (h->power_is_out)
		return err_set(err, ERR_REFUSED, 0, "mains is still lost; wait for it");
	safe_leave(h->safe, r->held, now_ns);
	r->is_all = r->is_from_safe = true;
	r->held = IMAGE_NONE;
	r->cause = cause;
	r->began_ns = now_ns;
	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		r->is_in[i] = 1;
		r->is_named[i] = 1; /* by this person */
		r->ramp[i] = 0;
		outputs_hold_back(h->outputs, i, true);
	}
	begin_return(h, now_ns);
	return 0;
}

void
restore_give_up(struct hands *h, const char *why, int64_t now_ns)
{
	struct restore *r = h->restore;
	uint32_t to = r->to != IMAGE_NONE ? r->to : h->img->on_stop;

	if (r->state != RESTORE_IDLE)
		go_safe(h, to, why, now_ns);
	h->is_snapshot_due = true;
}

/* ---- reloads --------------------------------------------------------------------------------------------------------------- */

void
restore_adopt(struct hands *h, struct hands *from, int64_t now_ns)
{
	struct restore *r = h->restore, *old = from->restore;

	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		uint32_t id = image_channel_at(h->img, image_output_at(h->img, i)->channel)->id;

		for (uint32_t k = 0; k < from->img->outputs.n; k++) {
			if (image_channel_at(from->img, image_output_at(from->img, k)->channel)
					->id != id)
				continue;
			r->past[i] = old->past[k];
			r->is_in[i] = old->is_in[k];
			/* By itself an output is no safe state's after a reload. */
			if (old->is_left[k])
				release(h, i, now_ns);
		}
	}
	r->outage_ns = old->outage_ns;
	r->allowed_ns = old->allowed_ns;
	r->ended = old->ended;
	r->is_all = old->is_all;
	r->is_cut = old->is_cut;
	r->cause = old->cause;
	r->began_ns = now_ns;
	show_outage(h, now_ns);
	if (old->state == RESTORE_ASKING) {
		r->held = r->to = safe_held(h->safe);
		show(h, r->held == IMAGE_NONE ? RESTORE_IDLE : RESTORE_ASKING, now_ns);
	} else if (old->state != RESTORE_IDLE) {
		/* It is looked at anew, by the rows of the new file. */
		for (uint32_t i = 0; i < h->img->outputs.n; i++)
			outputs_hold_back(h->outputs, i, r->is_in[i] != 0);
		show(h, old->state == RESTORE_POWER_OUT ? RESTORE_POWER_OUT : RESTORE_LOOKING,
			now_ns);
	}
}
