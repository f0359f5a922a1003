/* refusals.c - the answers by which an instrument can say no
 *
 * Modbus has exceptions, web servers have states; an instrument that is described by its messages says each of its errors: a twin
 * with this error alone refuses. Any other protocol says no as its player does.
 */
#include "refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "drivers/list.h"
#include "twin/damage.h"
#include "twin/fault.h"
#include "twin/twin.h"

#define REFUSALS_MAX 40

enum form { EXCEPTION, STATE, PLAYED };

struct refusal_form {
	enum form form;
	unsigned code; /* EXCEPTION, STATE */
	bool is_busy;
	struct image *img; /* PLAYED: with this error alone */
	struct twin *twin;
};

struct refusals {
	const struct image *img;
	bool is_rtu;
	unsigned n;
	struct refusal_form at[REFUSALS_MAX];
};

static void
add(struct refusals *r, struct refusal_form form)
{
	if (r->n < REFUSALS_MAX)
		r->at[r->n++] = form;
}

/* Message number `only` of each instrument is the one by which all is refused; IMAGE_NONE: as the player does. */
static void
add_played(struct refusals *r, uint32_t only)
{
	struct image *img = mem_zero(1, r->img->size);
	struct image_message *messages;
	struct refusal_form form = { .form = PLAYED };
	struct err err;

	memcpy(img, r->img, r->img->size);
	messages = (struct image_message *)((char *)img + img->messages.off);
	for (uint32_t i = 0; i < img->instruments.n && only != IMAGE_NONE; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);

		for (uint32_t k = 0; k < ins->n_messages; k++) {
			struct image_message *m = &messages[ins->first_message + k];

			if (m->role != MESSAGE_ERROR)
				continue;
			form.is_busy |= k == only && m->again != AGAIN_NEXT_POLL;
			m->role = k == only ? MESSAGE_ERROR : MESSAGE_INIT;
			m->again = AGAIN_NEXT_POLL;
		}
	}
	form.img = img;
	form.twin = twin_new(img, 1);
	twin_step(form.twin, 0);
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		char order[160];

		snprintf(order, sizeof(order), "fault %s=refuse",
			image_text(img, image_instrument_at(img, i)->name));
		if (fault_orders(form.twin, order, &err) <
			0) { /* its protocol has no such answer */
			twin_free(form.twin);
			free(img);
			return;
		}
	}
	add(r, form);
}

/* No device says the code 0 where each of its codes has a meaning. */
static bool
is_rest(const struct image *img, uint32_t i)
{
	const struct image_message *m = image_message_at(img, i);

	for (uint32_t k = 0; k < img->messages.n && m->code == 0; k++) {
		const struct image_message *other = image_message_at(img, k);

		if (other->role == MESSAGE_ERROR && other->code != 0 &&
			strcmp(image_text(img, other->receive), image_text(img, m->receive)) == 0)
			return true;
	}
	return false;
}

/* Those of the first instrument: all of a scene that are described by messages come from one file. */
static void
add_messages(struct refusals *r)
{
	const struct image_instrument *ins = image_instrument_at(r->img, 0);

	for (uint32_t i = ins->first_message; i < ins->first_message + ins->n_messages; i++)
		if (image_message_at(r->img, i)->role == MESSAGE_ERROR && !is_rest(r->img, i))
			add_played(r, i - ins->first_message);
}

struct refusals *
refusals_new(const struct image *img)
{
	static const unsigned exceptions[] = { 1, 2, 3, 4, 5, 6, 10, 11 };
	static const unsigned states[] = { 400, 401, 403, 404, 500, 503 };
	const char *codec = image_text(img, image_instrument_at(img, 0)->codec);
	struct refusals *r = mem_zero(1, sizeof(*r));

	r->img = img;
	r->is_rtu = twin_is_rtu(img, 0);
	if (strncmp(codec, "modbus", 6) == 0)
		for (size_t i = 0; i < NELEM(exceptions); i++)
			add(r, (struct refusal_form){ .form = EXCEPTION,
				       .code = exceptions[i],
				       .is_busy = exceptions[i] == 5 || exceptions[i] == 6 });
	else if (strcmp(codec, "http") == 0)
		for (size_t i = 0; i < NELEM(states); i++)
			add(r, (struct refusal_form){ .form = STATE,
				       .code = states[i],
				       .is_busy = states[i] == 503 });
	else if (codec_find(codec)->has_messages)
		add_messages(r);
	else
		add_played(r, IMAGE_NONE);
	return r;
}

void
refusals_free(struct refusals *r)
{
	if (r == NULL)
		return;
	for (unsigned i = 0; i < r->n; i++) {
		twin_free(r->at[i].twin);
		free(r->at[i].img);
	}
	free(r);
}

unsigned
refusals_n(const struct refusals *r)
{
	return r->n;
}

bool
refusals_is_busy(const struct refusals *r, unsigned i)
{
	return r->at[i].is_busy;
}

static int
play(struct twin *twin, const uint8_t *question, size_t n, uint8_t *out, size_t cap)
{
	static struct twin_reply reply;

	twin_reply(twin, 0, question, n, &reply);
	if (reply.n_pieces == 0 || reply.piece[0].n > cap)
		return 0;
	memcpy(out, reply.bytes, reply.piece[0].n);
	return (int)reply.piece[0].n;
}

int
refusals_say(
	struct refusals *r, unsigned i, const uint8_t *question, size_t n, uint8_t *out, size_t cap)
{
	const struct refusal_form *form = &r->at[i];

	switch (form->form) {
	case EXCEPTION:
		return (int)damage_refusal(
			r->is_rtu ? &damage_rtu : &damage_mbap, question, form->code, out);
	case STATE:
		return snprintf((char *)out, cap, "HTTP/1.1 %u No\r\nContent-Length: 0\r\n\r\n",
			form->code);
	case PLAYED:
		break;
	}
	return play(form->twin, question, n, out, cap);
}
