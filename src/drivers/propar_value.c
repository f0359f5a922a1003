/* propar_value.c - parameters of ProPar: how each type stands on the wire, and what it says
 *
 * Source: Bronkhorst, RS-232 interface manual 9.17.027. Numbers are big-endian. A string has its length before it, or 0 there and a
 * NUL at its end.
 */
#include "drivers/propar_value.h"

#include <math.h>
#include <string.h>

#include "drivers/common.h"

#define MEASURE_TOP 41942 /* of the bent scale: above it stand the negative values */

const struct propar_type_row propar_types[PROPAR_TYPES] = {
	[PROPAR_INT8] = { 0x00, 1, VALUE_UINT },
	[PROPAR_INT16] = { 0x20, 2, VALUE_UINT },
	[PROPAR_INT32] = { 0x40, 4, VALUE_UINT },
	[PROPAR_SINT16] = { 0x20, 2, VALUE_INT },
	[PROPAR_MEASURE] = { 0x20, 2, VALUE_INT },
	[PROPAR_FLOAT] = { 0x40, 4, VALUE_FLOAT32 },
	[PROPAR_STRING] = { PROPAR_WIRE_STRING, 0, VALUE_TEXT },
};

bool
propar_value_wire(unsigned type, union value v, uint32_t *out)
{
	float f = (float)v.f;

	switch (type) {
	case PROPAR_INT8:
		*out = (uint32_t)v.u;
		return v.u <= 0xFF;
	case PROPAR_INT16:
		*out = (uint32_t)v.u;
		return v.u <= 0xFFFF;
	case PROPAR_INT32:
		*out = (uint32_t)v.u;
		return v.u <= UINT32_MAX;
	case PROPAR_SINT16:
		*out = (uint16_t)v.i;
		return v.i >= INT16_MIN && v.i <= INT16_MAX;
	case PROPAR_MEASURE:
		*out = (uint16_t)(v.i < 0 ? 0xFFFF + v.i : v.i);
		return v.i > MEASURE_TOP - 0xFFFF && v.i <= MEASURE_TOP;
	case PROPAR_FLOAT:
		memcpy(out, &f, sizeof(f));
		return isfinite(f);
	default:
		return false;
	}
}

bool
propar_string_take(const uint8_t *data, size_t n, size_t *at, const char **out, size_t *out_n)
{
	const uint8_t *from = data + *at + 1, *end;
	size_t len;

	if (*at >= n)
		return false;
	len = data[*at];
	if (len > n - *at - 1)
		return false;
	if (len == 0) {
		end = memchr(from, 0, n - *at - 1);
		if (end == NULL)
			return false;
		len = (size_t)(end - from);
		*at += 2 + len;
	} else {
		*at += 1 + len;
		end = memchr(from, 0, len);
		len = end != NULL ? (size_t)(end - from) : len;
	}
	while (len > 0 && from[len - 1] == ' ')
		len--;
	*out = (const char *)from;
	*out_n = len;
	return true;
}

static void
read_number(unsigned type, uint32_t wire, struct reading *r)
{
	float f;

	switch (type) {
	case PROPAR_SINT16:
		r->v.i = (int16_t)wire;
		break;
	case PROPAR_MEASURE:
		r->v.i = wire <= MEASURE_TOP ? (int64_t)wire : (int64_t)wire - 0xFFFF;
		break;
	case PROPAR_FLOAT:
		memcpy(&f, &wire, sizeof(f));
		if (isfinite(f))
			r->v.f = (double)f;
		else
			r->quality = Q_NOT_A_NUMBER;
		break;
	default:
		r->v.u = wire;
		break;
	}
}

bool
propar_value_take(const struct point *pt, const uint8_t *data, size_t n, size_t *at,
	struct reading *r, struct readings *out)
{
	unsigned bytes = propar_types[pt->type].bytes;
	uint32_t wire = 0;
	const char *from;
	char *room;
	size_t len;

	if (pt->type == PROPAR_STRING) {
		if (!propar_string_take(data, n, at, &from, &len))
			return false;
		room = out->text[out->n_text++ % NELEM(out->text)];
		if (!common_text_show(room, VALUE_TEXT_MAX + 1, from, len))
			r->quality = Q_TEXT_CUT;
		r->text = room;
		return true;
	}
	if (n - *at < bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		wire = wire << 8 | data[*at + i];
	*at += bytes;
	read_number(pt->type, wire, r);
	return true;
}
