/* damage.c - how an answer is broken
 *
 *	Modbus TCP	0-1 transaction | 2-3 protocol, 0 | 4-5 length of what follows | 6 unit | 7 function | 8 bytes that follow | data
 *	serial line	0 unit | 1 function | 2 bytes that follow | data | CRC
 */
#include "twin/damage.h"

#include <string.h>

#include "base/bytes.h"
#include "base/rand.h"
#include "drivers/list.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_server.h"

enum { TAG = 0, PROTOCOL = 2, LENGTH = 4 };
enum { FUNCTION = 1, COUNT = 2, DATA = 3 }; /* behind the unit */

#define TRIES 64 /* chance makes a sound answer once in 65536 tries */

/* ---- forms ----------------------------------------------------------------------------------------------------------- */

static void
seal_mbap(uint8_t *frame, size_t n)
{
	put_u16be(frame + LENGTH, (uint16_t)(n - 6));
}

static int
request_mbap(const uint8_t *in, size_t n)
{
	return modbus_tcp_cut(NULL, NULL, in, n, WIRE_OPEN);
}

static void
seal_rtu(uint8_t *frame, size_t n)
{
	put_u16le(frame + n - 2, modbus_crc(frame, n - 2));
}

static int
request_rtu(const uint8_t *in, size_t n)
{
	return modbus_server_rtu_cut(in, n, WIRE_SILENT);
}

/* As the master sees it. */
static bool
is_sound_rtu(const uint8_t *in, size_t n)
{
	return codec_find("modbus-rtu")->cut(NULL, NULL, in, n, WIRE_SILENT) > 0;
}

const struct damage_form damage_mbap = {
	.unit = 6, .has_tag = true, .seal = seal_mbap, .request = request_mbap
};
const struct damage_form damage_rtu = {
	.tail = 2, .seal = seal_rtu, .request = request_rtu, .is_sound = is_sound_rtu
};

static bool
has_sound(const uint8_t *in, size_t n, size_t until)
{
	for (size_t i = 0; i < until && i < n; i++)
		if (is_sound_rtu(in + i, n - i))
			return true;
	return false;
}

static void
fill(uint8_t *out, size_t n, uint64_t *chance)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)rand_next(chance);
}

/* ---- bytes that are no answer ------------------------------------------------------------------------------------------ */

static size_t
garble_mbap(uint8_t *frame, size_t n, uint64_t *chance, bool *out_mute)
{
	uint8_t *count = frame + damage_mbap.unit + COUNT;
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
		fill(frame, more, chance);
		return n + more;
	case 3: /* a count that does not fit the length */
		*count = (uint8_t)(*count + 1 + rand_below(chance, 255));
		return n;
	default:
		*out_mute = true;
		return 1 + rand_below(chance, n - 1);
	}
}

/* *out_until: no sound answer may begin before here. */
static size_t
try_garble_rtu(uint8_t *frame, size_t n, uint64_t *chance, size_t *out_until)
{
	size_t at = rand_below(chance, n), more;

	*out_until = n;
	switch (rand_below(chance, 5)) {
	case 0: /* a disturbance: some bits */
		for (uint64_t i = 1 + rand_below(chance, 8); i > 0; i--)
			frame[rand_below(chance, n)] ^= (uint8_t)(1u << rand_below(chance, 8));
		return n;
	case 1: /* rubbish before it */
		more = 1 + rand_below(chance, DAMAGE_ROOM - 1);
		memmove(frame + more, frame, n);
		fill(frame, more, chance);
		*out_until = more;
		return n + more;
	case 2: /* a character is lost */
		memmove(frame + at, frame + at + 1, n - at - 1);
		return n - 1;
	case 3: /* or one too many */
		memmove(frame + at + 1, frame + at, n - at);
		frame[at] = (uint8_t)rand_next(chance);
		return n + 1;
	default: /* the rest is lost */
		return 1 + rand_below(chance, n - 1);
	}
}

static size_t
garble_rtu(uint8_t *frame, size_t n, uint64_t *chance)
{
	uint8_t was[300];

	if (n > sizeof(was))
		return n;
	memcpy(was, frame, n);
	for (int i = 0; i < TRIES; i++) {
		size_t until, got = try_garble_rtu(frame, n, chance, &until);

		if (!has_sound(frame, got, until))
			return got;
		memcpy(frame, was, n);
	}
	return 1; /* one character says nothing */
}

size_t
damage_noise(bool is_sound, uint64_t *chance, uint8_t *out)
{
	size_t n;

	if (is_sound) {
		out[0] = (uint8_t)(1 + rand_below(chance, 247));
		out[FUNCTION] = (uint8_t)(1 + rand_below(chance, 4));
		out[COUNT] = (uint8_t)(2 * (1 + rand_below(chance, 20)));
		n = (size_t)DATA + out[COUNT] + 2;
		fill(out + DATA, out[COUNT], chance);
		seal_rtu(out, n);
		return n;
	}
	n = 1 + rand_below(chance, rand_below(chance, 2) == 0 ? 3 : DAMAGE_ROOM - 1);
	for (int i = 0; i < TRIES; i++) {
		fill(out, n, chance);
		if (!has_sound(out, n, n))
			return n;
	}
	return 1;
}

/* ---- answers that are another's ---------------------------------------------------------------------------------------- */

/* Values that no device held: whoever takes this answer for the right one shows it. */
static void
randomize(const struct damage_form *form, uint8_t *frame, size_t n, uint64_t *chance)
{
	size_t from = form->unit + DATA, to = n - form->tail;

	if (from < to)
		fill(frame + from, to - from, chance);
}

static size_t
wrong_crc(uint8_t *frame, size_t n, uint64_t *chance)
{
	for (int i = 0; i < TRIES; i++) {
		randomize(&damage_rtu, frame, n, chance);
		frame[n - 1 - rand_below(chance, 2)] ^= (uint8_t)(1u << rand_below(chance, 8));
		if (!has_sound(frame, n, n))
			return n;
	}
	return 1;
}

/* Of a question that nobody asks any more, or far from any that will be asked soon: one that is under way, or about to be,
 * could not be told from the right one by anybody. */
static uint16_t
wrong_tag(uint16_t tag, uint16_t done_tag, uint64_t *chance)
{
	if (done_tag != tag && rand_below(chance, 2) == 0)
		return done_tag;
	return (uint16_t)(tag + 0x4000 + rand_below(chance, 0x4000));
}

size_t
damage_refusal(
	const struct damage_form *form, const uint8_t *request, unsigned exception, uint8_t *out)
{
	size_t n = form->unit + DATA + form->tail;

	memmove(out, request, form->unit + 1);
	out[form->unit + FUNCTION] = request[form->unit + FUNCTION] | 0x80;
	out[form->unit + COUNT] = (uint8_t)exception;
	form->seal(out, n);
	return n;
}

static size_t
wrong_count(const struct damage_form *form, uint8_t *frame, size_t n, uint64_t *chance)
{
	uint8_t *count = frame + form->unit + COUNT;

	if (n != form->unit + DATA + *count + form->tail || *count < 2)
		return n;
	*count -= 1;
	randomize(form, frame, n - 1, chance);
	form->seal(frame, n - 1);
	return n - 1;
}

size_t
damage_answer(const struct damage_form *form, enum world_fault fault, uint16_t done_tag,
	uint8_t *frame, size_t n, uint64_t *chance, bool *out_mute)
{
	uint8_t *function = frame + form->unit + FUNCTION;
	bool is_checked = form->is_sound != NULL;

	*out_mute = false;
	if (n < form->unit + DATA + form->tail)
		return n;
	if (is_checked && fault == WORLD_GARBLED)
		return garble_rtu(frame, n, chance);
	if (is_checked && fault == WORLD_WRONG_CRC)
		return wrong_crc(frame, n, chance);
	if (*function & 0x80)
		return n; /* a changed exception is a sound one: nobody can notice */
	switch (fault) {
	case WORLD_GARBLED:
		return garble_mbap(frame, n, chance, out_mute);
	case WORLD_WRONG_TAG:
		if (!form->has_tag)
			return n;
		put_u16be(frame + TAG, wrong_tag(get_u16be(frame + TAG), done_tag, chance));
		break;
	case WORLD_WRONG_UNIT:
		frame[form->unit] = (uint8_t)(frame[form->unit] + 1 + rand_below(chance, 255));
		break;
	case WORLD_WRONG_FUNCTION:
		*function = (uint8_t)(*function ^ (1 + rand_below(chance, 7)));
		break;
	case WORLD_WRONG_COUNT:
		return wrong_count(form, frame, n, chance);
	case WORLD_BUSY:
		return damage_refusal(form, frame, rand_below(chance, 2) == 0 ? 5 : 6, frame);
	case WORLD_FAILED:
		return damage_refusal(form, frame, 4, frame);
	default:
		return n;
	}
	randomize(form, frame, n, chance);
	form->seal(frame, n);
	return n;
}
