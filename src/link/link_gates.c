/* link_gates.c - what this device offers, by what it says it is
 *
 * Parts of what a device answers to the question what it is are kept (vars.captures): channels show them, and conditions on them say
 * which points it offers. Both are settled each time it has said so, before anything else is asked. A point that it does not offer is
 * in no plan, is told once to be so, and stays so while the unit is down; one that shows a capture is told when the unit comes up, and is bad with all the
 * others when it goes down.
 */
#include "link/link_engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/gate.h"

static void
init_captures(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	u->captures = mem_zero(MAX(from->n_captures, 1u), sizeof(*u->captures));
	for (uint32_t i = 0; i < from->n_captures; i++)
		u->captures[i] = mem_text(
			image_text(img, image_capture_at(img, from->first_capture + i)->name));
	u->ins.captures = u->captures;
	u->ins.n_captures = (uint16_t)from->n_captures;
}

/* Where the points of the file stand among the sorted ones. */
static size_t *
sorted_places(const struct unit *u, uint32_t first)
{
	size_t *places = mem_zero(MAX(u->n_points, (size_t)1), sizeof(*places));

	for (size_t i = 0; i < u->n_points; i++)
		places[u->points[i].id - first] = i;
	return places;
}

void
link_gates_init(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	size_t *places = sorted_places(u, from->first_point);

	init_captures(u, img, from);
	u->n_gates = from->n_gates;
	u->gates = mem_zero(MAX(u->n_gates, (size_t)1), sizeof(*u->gates));
	for (uint32_t i = 0; i < from->n_gates; i++) {
		const struct image_gate *g = image_gate_at(img, from->first_gate + i);

		u->gates[i] = (struct gate){
			.at = g->point == IMAGE_NONE ? GATE_ALL
						     : places[g->point - from->first_point],
			.capture = g->capture,
			.group = g->group,
			.op = g->op,
			.is_number = g->is_number != 0,
			.text = mem_text(image_text(img, g->text)),
		};
	}
	free(places);
}

void
link_gates_done(struct unit *u)
{
	for (size_t i = 0; u->captures != NULL && i < u->ins.n_captures; i++)
		free((void *)(uintptr_t)u->captures[i]);
	for (size_t i = 0; u->gates != NULL && i < u->n_gates; i++)
		free(u->gates[i].text);
	free(u->captures);
	free(u->gates);
}

static void
explain(const struct unit *u, const struct gate *g, char *out, size_t cap)
{
	const char *said = u->vars.captures[g->capture], *name = u->captures[g->capture];

	if (out == NULL)
		return;
	if (said[0] == '\0')
		snprintf(out, cap, "%s is not said", name);
	else
		snprintf(out, cap, "%s is %s and not %s%s%s", name, said,
			g->op == GATE_IS ? "" : gate_op_text(g->op), g->op == GATE_IS ? "" : " ",
			g->text);
}

/* Does one of the group that begins at `first` hold? *out_end: the first behind it. */
static bool
group_holds(const struct unit *u, size_t first, size_t *out_end)
{
	bool holds = false;
	size_t i = first;

	for (; i < u->n_gates && u->gates[i].group == u->gates[first].group; i++)
		holds |= gate_holds(u->vars.captures[u->gates[i].capture], u->gates[i].op,
			u->gates[i].text, u->gates[i].is_number);
	*out_end = i;
	return holds;
}

bool
link_gates_hold(const struct unit *u, char *out, size_t cap)
{
	size_t end;

	for (size_t i = 0; i < u->n_gates; i = end)
		if (!group_holds(u, i, &end) && u->gates[i].at == GATE_ALL) {
			explain(u, &u->gates[i], out, cap);
			return false;
		}
	return true;
}

/* For people: one line a decision. */
static void
note(struct link *l, const struct unit *u, int64_t now_ns)
{
	char why[120] = "";
	size_t n = 0, end;

	for (size_t i = 0; i < u->n_points; i++)
		n += u->points[i].is_left_out;
	if (n == 0) {
		link_note(l, u, Q_GOOD, now_ns, "it offers all channels");
		return;
	}
	for (size_t i = 0; i < u->n_gates && why[0] == '\0'; i = end)
		if (!group_holds(u, i, &end) && u->gates[i].at != GATE_ALL)
			explain(u, &u->gates[i], why, sizeof(why));
	link_note(l, u, Q_NOT_OFFERED, now_ns, "%zu channel%s not offered: %s", n,
		n == 1 ? "" : "s", why);
}

/* One that is offered again is read at once. */
static void
offer(struct link *l, struct unit *u, size_t at, int64_t now_ns)
{
	u->points[at].is_left_out = false;
	u->marks[at].due_ns = now_ns;
	if (u->points[at].is_write_only)
		link_unit_say(l, u, at, 1, Q_WRITE_ONLY, 0, now_ns);
}

static void
leave_out(struct link *l, struct unit *u, size_t at, int64_t now_ns)
{
	u->points[at].is_left_out = true;
	link_unit_say(l, u, at, 1, Q_NOT_OFFERED, 0, now_ns);
}

void
link_gates_decide(struct link *l, struct unit *u, int64_t now_ns)
{
	bool is_change = false;
	size_t end;

	for (size_t i = 0; u->n_gates > 0 && i < u->n_points; i++)
		u->marks[i].is_shut = false;
	for (size_t i = 0; i < u->n_gates; i = end)
		if (!group_holds(u, i, &end) && u->gates[i].at != GATE_ALL)
			u->marks[u->gates[i].at].is_shut = true;
	for (size_t i = 0; u->n_gates > 0 && i < u->n_points; i++) {
		if (u->marks[i].is_shut == u->points[i].is_left_out)
			continue;
		is_change = true;
		if (u->marks[i].is_shut)
			leave_out(l, u, i, now_ns);
		else
			offer(l, u, i, now_ns);
	}
	if (!is_change)
		return;
	link_plan(u, now_ns);
	note(l, u, now_ns);
}

void
link_gates_tell(struct link *l, struct unit *u, int64_t now_ns)
{
	for (size_t i = u->n_read; i < u->n_shown; i++) {
		const char *text = u->vars.captures[u->points[i].address];
		const struct reading r = { .at = (uint32_t)i,
			.quality = text[0] == '\0' ? Q_MISSING : Q_GOOD,
			.text = text };

		if (!u->points[i].is_left_out)
			link_tell(l, u, &r, now_ns);
	}
}

void
link_gates_adopted(struct link *l, struct unit *u, int64_t now_ns)
{
	for (size_t i = 0; i < u->n_points; i++)
		if (u->points[i].is_left_out)
			link_unit_say(l, u, i, 1, Q_NOT_OFFERED, 0, now_ns);
	if (u->state.state == INSTRUMENT_UP && u->is_known)
		link_gates_tell(l, u, now_ns);
}
