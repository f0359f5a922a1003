/* link_identify.c - is it the device that is meant, and is it prepared?
 *
 * A cable may be plugged into another device, an adapter come back with another behind it. So on each new wire an instrument
 * that must be something, or that has said what it is before, is asked that first: until it has answered rightly it is
 * neither read nor written. What has neither is asked once it is up, when the line has time, and left alone if it does not know.
 *
 *	what is it? --the right one--> proved --preset 0 .. n - 1, one by one--> known
 *
 * One of whose answer parts are wanted (link_gates.c) is asked first, too; where nothing is demanded of it, it may leave that without an
 * answer or refuse it, and is used without. One that is not what is demanded may be used all the same, which is told.
 *
 * One that need not say what it is counts as proved. A new wire and silence begin it anew.
 */
#include "link/link_engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* Has its codec steps of its own that prepare it, behind the question what it is? */
static bool
has_steps(const struct unit *u)
{
	return u->codec->prepares != NULL && u->codec->prepares(&u->ins);
}

static bool
is_proof_needed(const struct unit *u)
{
	return u->demand != IDENTIFY_NONE || u->kind != 0;
}

static bool
is_asked_first(const struct unit *u)
{
	return is_proof_needed(u) || u->ins.n_captures > 0;
}

/* Only parts of its answer are wanted: it is none the worse for not giving them. */
static bool
may_be_unsaid(const struct unit *u)
{
	return u->ins.n_captures > 0 && !is_proof_needed(u) && !has_steps(u);
}

static void
begin(struct unit *u, uint32_t n_preset)
{
	u->is_unsaid = false;
	u->is_proved = !is_asked_first(u) && !has_steps(u);
	u->n_preset = n_preset;
	u->is_known = u->is_proved && n_preset == u->n_presets;
}

void
link_identify_init(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	const char *key = image_text(img, from->identify_key);

	u->demand = (enum image_identify)from->identify;
	u->demand_text = mem_text(image_text(img, from->identify_is));
	u->demand_number = from->identify_number;
	u->warns = from->identify_warns != 0;
	u->demand_point = (struct point){
		.space = from->identify_space,
		.type = from->identify_type,
		.address = from->identify_address,
		.count = from->identify_count,
		.order = from->identify_order,
		.bit = from->identify_bit,
		.value = from->identify_value,
		.write_space = -1,
		.key = key[0] == '\0' ? NULL : mem_text(key),
		.every_ns = NS_PER_S,
	};
	u->identify_ns = NEVER;
	begin(u, 0);
}

/* It need not say what it is, and may know it. */
static void
ask_name_later(struct unit *u, int64_t now_ns)
{
	if (!is_asked_first(u) && u->codec->identify != NULL && !u->is_nameless)
		u->identify_ns = now_ns + LINK_IDENTIFY_PATIENCE;
}

void
link_identify_opened(struct unit *u, bool is_prepared, int64_t now_ns)
{
	/* Where each answer ends the connection, one that has answered is still the same. */
	if (!is_prepared || u->fails > 0 || (u->is_known && u->state.state != INSTRUMENT_UP))
		begin(u, is_prepared ? u->n_preset : 0);
	if (!is_prepared) {
		link_beside_forget(u);
		u->is_warned = false;
	}
	if (u->is_known)
		ask_name_later(u, now_ns);
}

void
link_identify_lost(struct unit *u)
{
	if (u->n_presets > 0 || has_steps(u) || u->ins.n_captures > 0)
		begin(u, 0);
}

void
link_identify_unsaid(struct link *l, struct unit *u, const struct flight *f, int64_t now_ns)
{
	if (f->kind != FLIGHT_IDENTIFY || f->at > 0 || !may_be_unsaid(u))
		return;
	link_identify_forget(&u->vars);
	link_gates_decide(l, u, now_ns);
	if (u->n_polls == 0)
		return; /* there is nothing else that it could be asked */
	u->is_unsaid = u->is_proved = true;
	u->is_known = u->n_preset == u->n_presets;
	u->is_stirred = true;
}

void
link_identify_up(struct link *l, struct unit *u, int64_t now_ns)
{
	if (!u->is_known)
		return;
	link_gates_tell(l, u, now_ns);
	/* It may have been starting when it was asked first. */
	if (u->is_unsaid)
		u->identify_ns = now_ns + LINK_IDENTIFY_PATIENCE;
}

void
link_identify_forget(struct vars *vars)
{
	vars->identity[0] = '\0';
	vars->kind = 0;
	vars->is_said = false;
	memset(vars->captures, 0, sizeof(vars->captures));
}

/* What is asked next, as flight.at tells it: what it is, which is 0 also where the name alone is wanted, or a preset. */
static size_t
stage_of(const struct unit *u)
{
	return u->is_known || !u->is_proved ? 0 : u->n_preset + 1;
}

/* The question that tells what it is, or the write that is next; false: there is none. */
bool
link_identify_request(const struct unit *u, struct request *out)
{
	const struct learned nothing = { 0 };
	size_t stage = stage_of(u);

	if (stage > 0) {
		*out = u->presets[stage - 1];
		return true;
	}
	memset(out, 0, sizeof(*out));
	if (u->demand == IDENTIFY_POINT)
		return u->codec->plan(&u->ins, &u->demand_point, 1, &nothing, out, 1) == 1;
	return u->codec->identify != NULL && u->codec->identify(&u->ins, out) > 0;
}

int64_t
link_identify_until(struct link *l, const struct unit *u, int64_t now_ns)
{
	struct request req;

	return l->n_late > 0 && link_identify_request(u, &req) ? link_late_until(l, u, &req, now_ns)
							       : 0;
}

bool
link_identify_start(struct flight *f, struct unit *u)
{
	u->identify_ns = NEVER;
	if (!link_identify_request(u, &f->req))
		return false;
	f->at = stage_of(u);
	if (f->at == 0 && u->demand != IDENTIFY_POINT)
		link_identify_forget(&u->vars);
	f->kind = FLIGHT_IDENTIFY;
	f->within_ns = 0;
	f->unit = u;
	link_meaning(f->meaning, f->unit, &f->req);
	return true;
}

/* Used all the same: told once on each wire. */
static void
warn(struct link *l, struct unit *u, const char *found, int64_t now_ns)
{
	if (!u->is_warned)
		link_note(l, u, Q_WRONG_DEVICE, now_ns, "another device, used all the same: %s",
			found);
	u->is_odd = u->is_warned = true;
}

static void
wrong(struct link *l, struct unit *u, const char *found, int64_t now_ns)
{
	link_note(l, u, Q_WRONG_DEVICE, now_ns, "another device: %s", found);
	link_unit_give_up(l, u, Q_WRONG_DEVICE, 0, now_ns);
	if (l->is_search)
		link_drop(l, u, "another device answers", now_ns);
}

bool
link_identify_is(const struct unit *u, const struct readings *got)
{
	const struct reading *r = got->at;

	if (u->demand == IDENTIFY_TEXT)
		return strstr(u->vars.identity, u->demand_text) != NULL &&
		       link_gates_hold(u, NULL, 0);
	return u->demand == IDENTIFY_NONE ||
	       (got->n == 1 && r->quality == Q_GOOD &&
		       fabs(value_double((enum value_type)u->demand_point.value, r->v) -
			       u->demand_number) <= 1e-9 * fabs(u->demand_number));
}

/* The stage of f is done: what is next goes at once, in the place of a poll. */
static void
passed(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = f->unit;
	bool was_up = u->state.state == INSTRUMENT_UP;

	if (!u->is_known) {
		if (f->at != stage_of(u))
			return; /* asked before it was lost */
		u->is_proved = true;
		u->n_preset += f->at > 0;
		u->is_known = u->n_preset == u->n_presets;
		u->fails = 0;
		u->is_stirred = true;
		if (!u->is_known)
			return;
		if (u->n_presets > 0)
			ask_name_later(u, now_ns);
	}
	link_unit_up(l, u, now_ns);
	if (was_up)
		link_gates_tell(l, u, now_ns);
}

static void
unprepared(struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns)
{
	if (f->at > 0)
		link_note(l, f->unit, reason, now_ns, "it refuses to be prepared: %s", f->meaning);
	else
		link_note(l, f->unit, reason, now_ns, "it refuses to be prepared");
	link_unit_give_up(l, f->unit, reason, code, now_ns);
}

/* The answer to a write tells how it went. */
static void
preset_settled(struct link *l, struct flight *f, int64_t now_ns)
{
	const struct reading *r = l->readings.at;

	if (l->readings.n > 0 && r->quality != Q_GOOD)
		unprepared(l, f, (enum quality)r->quality, r->code, now_ns);
	else
		passed(l, f, now_ns);
}

/* Is it the one that is demanded? False: it is not, and not used. */
static bool
is_taken(struct link *l, struct unit *u, bool is_it, const char *found, int64_t now_ns)
{
	char why[LINK_MEANING];

	u->is_odd = false;
	if (is_it)
		return true;
	/* Its name tells where that is what is wrong, else what it says of what the conditions are on. */
	if (u->demand == IDENTIFY_TEXT && strstr(u->vars.identity, u->demand_text) != NULL &&
		!link_gates_hold(u, why, sizeof(why)))
		found = why;
	if (u->warns)
		warn(l, u, found, now_ns);
	else
		wrong(l, u, found, now_ns);
	return u->warns;
}

/* By a number that it holds. */
static bool
point_settled(struct link *l, struct unit *u, int64_t now_ns)
{
	const struct reading *r = l->readings.at;
	char number[VALUE_TEXT_MAX + 1] = "no number";

	if (l->readings.n == 1 && r->quality == Q_GOOD)
		text_from_double(
			number, value_double((enum value_type)u->demand_point.value, r->v));
	return is_taken(l, u, link_identify_is(u, &l->readings), number, now_ns);
}

/* By what it says. */
static bool
words_settled(struct link *l, struct unit *u, int64_t now_ns)
{
	bool is_it = link_identify_is(
		u, &l->readings); /* by what it said, not by what is shown of that */

	if (u->demand == IDENTIFY_NONE && u->kind != 0 && u->kind != u->vars.kind)
		is_it = false;
	if (!is_taken(l, u, is_it, u->vars.identity, now_ns))
		return false;
	u->kind = u->vars.kind;
	u->is_unsaid = false;
	if (u->vars.identity[0] != '\0')
		link_note(l, u, Q_GOOD, now_ns, "it is %s", u->state.identity);
	link_gates_decide(l, u, now_ns);
	return true;
}

/* What it says, as it is shown; the comparisons look at what it said. */
static void
show_identity(struct link *l, struct unit *u)
{
	text_copy(u->state.identity, sizeof(u->state.identity), u->vars.identity);
	secret_mask_text(l->secrets, u->state.identity, sizeof(u->state.identity));
}

void
link_identify_settled(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = f->unit;
	bool is_taken_on;

	if (f->at > 0) {
		preset_settled(l, f, now_ns);
		return;
	}
	if (u->demand != IDENTIFY_POINT)
		show_identity(l, u);
	is_taken_on = u->demand == IDENTIFY_POINT ? point_settled(l, u, now_ns)
						  : words_settled(l, u, now_ns);
	if (is_taken_on)
		passed(l, f, now_ns);
}

/* In this exchange, of which only steps that prepare it come behind that. */
static bool
has_said(const struct unit *u)
{
	return u->demand != IDENTIFY_POINT && u->vars.identity[0] != '\0' && has_steps(u);
}

void
link_identify_refused(struct link *l, struct flight *f, const struct refusal *why, int64_t now_ns)
{
	struct unit *u = f->unit;

	if (u->is_known) {
		u->is_nameless = true;
		link_unit_up(l, u, now_ns);
	} else if (f->at == 0 && may_be_unsaid(u)) {
		link_note(l, u, Q_GOOD, now_ns, "it does not say what it is");
		link_gates_decide(l, u, now_ns);
		passed(l, f, now_ns);
	} else if (f->at > 0 || !is_proof_needed(u) || has_said(u)) {
		unprepared(l, f, (enum quality)why->quality, why->code, now_ns);
	} else {
		wrong(l, u, "it refuses to say what it is", now_ns);
	}
}
