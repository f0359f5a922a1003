/* journal.c - records in a file, one behind the other */
#include "msg/journal.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"

#define MAGIC 0x314a424du /* "MBJ1" */
#define HEAD 24

static void
move(struct journal_place *place, const struct record *r, size_t n, uint32_t crc)
{
	place->offset += n;
	place->chain = crc;
	place->seq = r->seq;
	place->last_id = r->last_id;
}

size_t
journal_frame(uint8_t out[JOURNAL_FRAME_MAX], const struct record *r, struct journal_place *place)
{
	size_t n = MIN((size_t)r->n, (size_t)RECORD_BYTES);
	uint32_t crc;

	put_u32le(out, MAGIC);
	put_u16le(out + 4, r->type);
	put_u16le(out + 6, (uint16_t)n);
	put_u64le(out + 8, r->seq);
	put_u64le(out + 16, r->last_id);
	memcpy(out + HEAD, r->bytes, n);
	crc = crc32c(place->chain, out, HEAD + n);
	put_u32le(out + HEAD + n, crc);
	move(place, r, HEAD + n + 4, crc);
	return HEAD + n + 4;
}

size_t
journal_take(const uint8_t *bytes, size_t n, struct journal_place *place, struct record *out)
{
	size_t len;
	uint32_t crc;

	if (n < HEAD + 4 || get_u32le(bytes) != MAGIC)
		return 0;
	len = get_u16le(bytes + 6);
	if (len > RECORD_BYTES || n < HEAD + len + 4 || get_u64le(bytes + 8) <= place->seq)
		return 0;
	crc = crc32c(place->chain, bytes, HEAD + len);
	if (get_u32le(bytes + HEAD + len) != crc)
		return 0;
	out->type = get_u16le(bytes + 4);
	out->n = (uint16_t)len;
	out->seq = get_u64le(bytes + 8);
	out->last_id = get_u64le(bytes + 16);
	memcpy(out->bytes, bytes + HEAD, len);
	move(place, out, HEAD + len + 4, crc);
	return HEAD + len + 4;
}
