/* told.c - an event that `supervise` has seen and `control` records */
#include "msg/told.h"

void
told_put(struct buf *out, const struct told *t)
{
	const struct event *e = &t->event;

	wire_begin(out, WIRE_EVENT);
	wire_u64(out, t->number);
	wire_u64(out, t->cause);
	wire_u64(out, (uint64_t)e->stamp_ns);
	wire_u16(out, (uint16_t)e->kind);
	wire_u16(out, (uint16_t)e->n_values);
	for (unsigned i = 0; i < e->n_values; i++)
		wire_f64(out, e->values[i]);
	wire_text(out, e->subject);
	wire_text(out, e->principal);
	wire_text(out, e->text);
	wire_end(out);
}

int
told_get(struct told *out, struct wire_in *in, struct err *err)
{
	struct event *e = &out->event;
	unsigned kind;

	*out = (struct told){ 0 };
	out->number = wire_get_u64(in);
	out->cause = wire_get_u64(in);
	e->stamp_ns = (int64_t)wire_get_u64(in);
	kind = wire_get_u16(in);
	e->n_values = wire_get_u16(in);
	if (kind >= EVENT_COUNT || e->n_values > EVENT_VALUES)
		return err_set(err, ERR_PROTO, 0, "event of a kind that is none");
	e->kind = (enum event_kind)kind;
	for (unsigned i = 0; i < e->n_values; i++)
		e->values[i] = wire_get_f64(in);
	wire_get_text(in, e->subject, sizeof(e->subject));
	wire_get_text(in, e->principal, sizeof(e->principal));
	wire_get_text(in, e->text, sizeof(e->text));
	return wire_close(in, err);
}
