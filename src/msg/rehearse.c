/* rehearse.c - a rehearsal that is asked for over HTTP */
#include "msg/rehearse.h"

#include <string.h>

bool
rehearse_write(struct buf *out, const struct rehearse_ask *a)
{
	size_t n = out->n + strlen(a->id) + strlen(a->principal) + strlen(a->sequence);

	n += (4 + REHEARSE_LISTS) * sizeof(uint16_t);
	for (size_t l = 0; l < REHEARSE_LISTS; l++)
		for (size_t i = 0; i < a->n[l]; i++)
			n += sizeof(uint16_t) + strlen(a->texts[l][i]);
	if (n > WIRE_MAX)
		return false;
	wire_text(out, a->id);
	wire_text(out, a->principal);
	wire_text(out, a->sequence);
	wire_u16(out, a->flags);
	for (size_t l = 0; l < REHEARSE_LISTS; l++) {
		wire_u16(out, a->n[l]);
		for (size_t i = 0; i < a->n[l]; i++)
			wire_text(out, a->texts[l][i]);
	}
	wire_end(out);
	return true;
}

int
rehearse_read(struct rehearse_ask *out, struct wire_in *in, struct err *err)
{
	*out = (struct rehearse_ask){ 0 };
	wire_get_text(in, out->id, sizeof(out->id));
	wire_get_text(in, out->principal, sizeof(out->principal));
	wire_get_text(in, out->sequence, sizeof(out->sequence));
	out->flags = wire_get_u16(in);
	for (size_t l = 0; l < REHEARSE_LISTS; l++) {
		out->n[l] = wire_get_u16(in);
		if (out->n[l] > REHEARSE_TEXTS)
			return err_set(err, ERR_PROTO, 0, "a rehearsal with %u texts", out->n[l]);
		for (size_t i = 0; i < out->n[l]; i++)
			wire_get_text(in, out->texts[l][i], sizeof(out->texts[l][i]));
	}
	if (!command_id_is_good(out->id))
		return err_set(err, ERR_PROTO, 0, "a rehearsal without an id");
	return wire_close(in, err);
}
