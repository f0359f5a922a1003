/* link_identify.c - is it the device that is meant?
 *
 * A cable may be plugged into another device, an adapter come back with another behind it. So on each new wire an instrument
 * that must be something, or that has said what it is before, is asked that first: until it has answered rightly it is
 * neither read nor written. What has neither is asked once it is up, when the line has time, and left alone if it does not know.
 */
#include "link/link_engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void
link_identify_init(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	const char *key = image_text(img, from->identify_key);

	u->demand = (enum image_identify)from->identify;
	u->demand_text = mem_text(image_text(img, from->identify_is));
	u->demand_number = from->identify_number;
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
}

void
link_identify_opened(struct unit *u, int64_t now_ns)
{
	u->is_known = u->demand == IDENTIFY_NONE && u->kind == 0 &&
		      !(u->codec->prepares != NULL && u->codec->prepares(&u->ins));
	if (u->is_known && u->codec->identify != NULL && !u->is_nameless)
		u->identify_ns = now_ns + LINK_IDENTIFY_PATIENCE;
}

bool
link_identify_request(const struct unit *u, struct request *out)
{
	const struct learned nothing = { 0 };

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
	if (u->demand != IDENTIFY_POINT) {
		u->vars.identity[0] = '\0';
		u->vars.kind = 0;
	}
	f->kind = FLIGHT_IDENTIFY;
	f->unit = u;
	link_meaning(f->meaning, f->unit, &f->req);
	return true;
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
		return strstr(u->vars.identity, u->demand_text) != NULL;
	return u->demand == IDENTIFY_NONE ||
	       (got->n == 1 && r->quality == Q_GOOD &&
		       fabs(value_double((enum value_type)u->demand_point.value, r->v) -
			       u->demand_number) <= 1e-9 * fabs(u->demand_number));
}

void
link_identify_settled(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = f->unit;
	char number[VALUE_TEXT_MAX + 1] = "no number";

	if (u->demand == IDENTIFY_POINT) {
		if (l->readings.n == 1 && l->readings.at[0].quality == Q_GOOD)
			text_from_double(
				number, value_double((enum value_type)u->demand_point.value,
						l->readings.at[0].v));
		if (!link_identify_is(u, &l->readings)) {
			wrong(l, u, number, now_ns);
			return;
		}
	} else {
		secret_mask_text(l->secrets, u->vars.identity, sizeof(u->vars.identity));
		text_copy(u->state.identity, sizeof(u->state.identity), u->vars.identity);
		if (!link_identify_is(u, &l->readings) ||
			(u->demand == IDENTIFY_NONE && u->kind != 0 && u->kind != u->vars.kind)) {
			wrong(l, u, u->vars.identity, now_ns);
			return;
		}
		u->kind = u->vars.kind;
		if (u->vars.identity[0] != '\0')
			link_note(l, u, Q_GOOD, now_ns, "it is %s", u->state.identity);
	}
	u->is_known = true;
	link_unit_up(l, u, now_ns);
}

void
link_identify_refused(struct link *l, struct unit *u, const struct refusal *why, int64_t now_ns)
{
	if (u->is_known) {
		u->is_nameless = true;
		link_unit_up(l, u, now_ns);
	} else if (u->demand == IDENTIFY_NONE && u->kind == 0) {
		link_note(l, u, (enum quality)why->quality, now_ns, "it refuses to be prepared");
		link_unit_give_up(l, u, (enum quality)why->quality, why->code, now_ns);
	} else {
		wrong(l, u, "it refuses to say what it is", now_ns);
	}
}
