/* damage.c - how an answer of Modbus TCP is broken
 *
 *	0-1 transaction | 2-3 protocol, 0 | 4-5 length of what follows | 6 unit | 7 function | 8 bytes that follow | data
 */
#include "twin/damage.h"

#include <string.h>

#include "base/bytes.h"
#include "base/rand.h"

enum { TAG = 0, PROTOCOL = 2, LENGTH = 4, UNIT = 6, FUNCTION = 7, COUNT = 8, DATA = 9 };

/* Values that no device held: whoever takes this answer for the right one shows it. */
static void
randomize(uint8_t *frame, size_t n, uint64_t *chance)
{
	for (size_t i = DATA; i < n; i++)
		frame[i] = (uint8_t)rand_next(chance);
}

static size_t
garble(uint8_t *frame, size_t n, uint64_t *chance, bool *out_mute)
{
	size_t more;

	switch (rand_below(chance, 5)) {
	case 0:
		frame[PROTOCOL] = (uint8_t)(1 + rand_below(chance, 255));
		return n;
	case 1: /* longer than it is, or shorter */
		frame[LENGTH + 1] ^= (uint8_t)(1u << rand_below(chance, 6));
		return n;
	case 2: /* rubbish before it */
		more = 1 + rand_below(chance, DAMAGE_ROOM - 1);
		memmove(frame + more, frame, n);
		for (size_t i = 0; i < more; i++)
			frame[i] = (uint8_t)rand_next(chance);
		return n + more;
	case 3: /* a count that does not fit the length */
		frame[COUNT] = (uint8_t)(frame[COUNT] + 1 + rand_below(chance, 255));
		return n;
	default:
		*out_mute = true;
		return 1 + rand_below(chance, n - 1);
	}
}

size_t
damage_refusal(const uint8_t *request, unsigned exception, uint8_t *out)
{
	memcpy(out, request, FUNCTION);
	put_u16be(out + LENGTH, 3);
	out[FUNCTION] = request[FUNCTION] | 0x80;
	out[COUNT] = (uint8_t)exception;
	return DATA;
}

size_t
damage_answer(enum world_fault fault, uint8_t *frame, size_t n, uint64_t *chance, bool *out_mute)
{
	uint16_t tag = get_u16be(frame + TAG);

	*out_mute = false;
	if (n < DATA || frame[FUNCTION] & 0x80)
		return n; /* a changed exception is a sound one: nobody can notice */
	switch (fault) {
	case WORLD_GARBLED:
		return garble(frame, n, chance, out_mute);
	case WORLD_WRONG_TAG:
		/* Of an earlier question, or far from any that will be asked soon: one that is about to be asked could
		 * not be told from the right one by anybody. */
		if (rand_below(chance, 2) == 0)
			tag = (uint16_t)(tag - 1 - rand_below(chance, 8));
		else
			tag = (uint16_t)(tag + 0x4000 + rand_below(chance, 0x4000));
		put_u16be(frame + TAG, tag);
		randomize(frame, n, chance);
		return n;
	case WORLD_WRONG_UNIT:
		frame[UNIT] = (uint8_t)(frame[UNIT] + 1 + rand_below(chance, 255));
		randomize(frame, n, chance);
		return n;
	case WORLD_WRONG_FUNCTION:
		frame[FUNCTION] = (uint8_t)(frame[FUNCTION] ^ (1 + rand_below(chance, 7)));
		randomize(frame, n, chance);
		return n;
	case WORLD_WRONG_COUNT:
		if (frame[COUNT] < 2 || n != (size_t)DATA + frame[COUNT])
			return n;
		frame[COUNT]--;
		frame[LENGTH + 1]--;
		randomize(frame, n - 1, chance);
		return n - 1;
	case WORLD_BUSY:
		return damage_refusal(frame, rand_below(chance, 2) == 0 ? 5 : 6, frame);
	case WORLD_FAILED:
		return damage_refusal(frame, 4, frame);
	default:
		return n;
	}
}
