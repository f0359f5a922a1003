/* emit_notify.c - who is told, and how, as tables of an image: each receiver behind those that it names */
#include "compile/emit.h"

static struct image_table
emit_receivers(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->receivers.n);
	uint32_t address = 0, step = 0, shift = 0;

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_receiver *r = &b->receivers.at[b->receiver_order[i]];
		struct image_receiver d = r->d;

		d.name = emit_text(e, r->name);
		d.title = emit_text(e, r->title);
		d.first_address = address;
		d.first_step = step;
		d.first_shift = shift;
		address += d.n_addresses;
		step += d.n_steps;
		shift += d.n_shifts;
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_addresses(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->addresses.n);

	for (uint32_t i = 0; i < b->receivers.n; i++) {
		const struct image_receiver *r = &b->receivers.at[b->receiver_order[i]].d;

		for (uint32_t k = r->first_address; k < r->first_address + r->n_addresses; k++) {
			const struct bench_address *a = &b->addresses.at[k];
			struct image_address d = {
				.way = a->way, .text = emit_text(e, a->text), .push = a->push
			};

			buf_put(e->out, &d, sizeof(d));
		}
	}
	return t;
}

static struct image_table
emit_members(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->members.n);

	for (uint32_t i = 0; i < t.n; i++)
		buf_put(e->out, &b->receivers.at[b->members.at[i]].place, sizeof(uint32_t));
	return t;
}

static struct image_table
emit_steps(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->steps.n);

	for (uint32_t i = 0; i < b->receivers.n; i++) {
		const struct image_receiver *r = &b->receivers.at[b->receiver_order[i]].d;

		if (r->n_steps > 0)
			buf_put(e->out, &b->steps.at[r->first_step],
				r->n_steps * sizeof(*b->steps.at));
	}
	return t;
}

static struct image_table
emit_shifts(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->shifts.n);

	for (uint32_t i = 0; i < b->receivers.n; i++) {
		const struct image_receiver *r = &b->receivers.at[b->receiver_order[i]].d;

		if (r->n_shifts > 0)
			buf_put(e->out, &b->shifts.at[r->first_shift],
				r->n_shifts * sizeof(*b->shifts.at));
	}
	return t;
}

static struct image_table
emit_pushes(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->pushes.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_push *p = &e->b->pushes.at[i];
		struct image_push d = {
			.name = emit_text(e, p->name),
			.kind = p->kind,
			.url = emit_text(e, p->url),
			.user = emit_text(e, p->user),
			.secret = (uint32_t)p->secret,
			.ca = emit_text(e, p->ca),
			.template = emit_text(e, p->template),
			.value = emit_text(e, p->value),
			.value_over = emit_text(e, p->value_over),
			.backup_url = emit_text(e, p->backup_url),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

void
emit_notices(struct emit *e, struct image *img)
{
	const struct bench_notices *n = &e->b->notices;

	img->notices = (struct image_notices){
		.is_on = n->has_people || n->beat_url != NULL,
		.site = emit_text(e, n->site),
		.events = n->events,
		.mail_server = emit_text(e, n->mail_server),
		.mail_from = emit_text(e, n->mail_from),
		.mail_user = emit_text(e, n->mail_user),
		.mail_ca = emit_text(e, n->mail_ca),
		.mail_password = (uint32_t)n->mail_password,
		.is_mail_plain = n->is_mail_plain,
		.beat_url = emit_text(e, n->beat_url),
		.page = emit_text(e, n->page),
		.beat_every_ns = n->beat_every_ns,
		.gather_ns = n->gather_ns,
		.again_ns = n->again_ns,
	};
	for (int p = 0; p < PRIORITIES; p++)
		img->notices.by_priority[p] = n->by_priority[p];
	img->receivers = emit_receivers(e);
	img->addresses = emit_addresses(e);
	img->members = emit_members(e);
	img->steps = emit_steps(e);
	img->shifts = emit_shifts(e);
	img->pushes = emit_pushes(e);
	img->told_kinds = emit_table(e, e->b->told_kinds.n);
	buf_put(e->out, e->b->told_kinds.at, e->b->told_kinds.n * sizeof(*e->b->told_kinds.at));
}
