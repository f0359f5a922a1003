/* brooks_frame.c - what stands around the data of Brooks' S-protocol, and its packed texts
 *
 * Source: Brooks, S-protocol manual X-DPT-S-Protocol (541B037AHG).
 *
 *	FF .. | delimiter | address, 5 bytes or 1 | command | count | data, count bytes | check
 *
 *	delimiter    82 question, 86 answer to a long address (5 bytes); 02, 06 the same to a short one
 *	check        exclusive or of all from the delimiter on
 *	packed       four characters in three bytes, of each the low six bits
 *
 * Any number of FF may come first, and some may be lost, so a frame begins with its delimiter: what has none there, or a wrong check, is
 * skipped byte by byte until a sound one is found. Questions are cut as well: they come back on a line that echoes.
 */
#include "drivers/brooks_frame.h"

#include <string.h>

#define PAD 0xFF
#define PADS_SENT 5
#define PADS_MAX 20 /* of a frame: those before are noise */
#define LONG 0x80   /* bits of the delimiter */
#define ANSWER 0x04
#define QUESTION_SHORT 0x02
#define STATUS 2 /* bytes that begin the data of an answer */

static uint8_t
check_of(const uint8_t *bytes, size_t n)
{
	unsigned check = 0;

	for (size_t i = 0; i < n; i++)
		check ^= bytes[i];
	return (uint8_t)check;
}

/* Bytes before the data: delimiter, address, command, count. */
static size_t
head_size(uint8_t delimiter)
{
	return delimiter & LONG ? 8 : 4;
}

int
brooks_frame_put(const struct brooks_frame *f, uint8_t *out, size_t cap, struct err *err)
{
	unsigned delimiter =
		QUESTION_SHORT | (f->is_long ? LONG : 0u) | (f->is_answer ? ANSWER : 0u);
	size_t at = PADS_SENT;

	if (cap < PADS_SENT + head_size((uint8_t)delimiter) + f->n + 1)
		return err_set(err, ERR_CONF, 0, "no room for a frame");
	memset(out, PAD, PADS_SENT);
	out[at++] = (uint8_t)delimiter;
	for (int shift = f->is_long ? 32 : 0; shift >= 0; shift -= 8)
		out[at++] = (uint8_t)(f->address >> shift);
	out[at++] = f->command;
	out[at++] = f->n;
	if (f->n > 0)
		memcpy(out + at, f->data, f->n);
	at += f->n;
	out[at] = check_of(out + PADS_SENT, at - PADS_SENT);
	return (int)at + 1;
}

/* Length of the frame that begins here with its delimiter; 0: more bytes are needed, -1: none begins here. */
static int
length(const uint8_t *in, size_t n)
{
	size_t head, all;

	if (n == 0)
		return 0;
	if ((in[0] & ~(LONG | ANSWER)) != QUESTION_SHORT)
		return -1;
	head = head_size(in[0]);
	if (n < head)
		return 0;
	if (in[0] & ANSWER && in[head - 1] < STATUS)
		return -1;
	all = head + in[head - 1] + 1;
	if (n < all)
		return 0;
	return check_of(in, all) == 0 ? (int)all : -1;
}

static size_t
pads(const uint8_t *in, size_t n)
{
	size_t at = 0;

	while (at < n && in[at] == PAD)
		at++;
	return at;
}

/* `n` bytes are none of a frame. While the wire is open the last byte stays: a skip of everything would mean that all is lost. */
static int
skip(size_t n, size_t all, enum wire wire)
{
	if (wire == WIRE_OPEN && n >= all)
		n = all - 1;
	return n == 0 ? CUT_MORE : CUT_SKIP(n);
}

int
brooks_frame_cut(const struct instrument *ins, const struct request *req, const uint8_t *in,
	size_t n, enum wire wire)
{
	size_t before = pads(in, n);
	int got = length(in + before, n - before);

	if (before > PADS_MAX)
		return CUT_SKIP(before - PADS_MAX);
	if (got > 0)
		return CUT_FRAME(before + (size_t)got);
	if (n == 0 || (got == 0 && wire == WIRE_OPEN))
		return CUT_MORE;
	return skip(MIN(before + 1, n), n, wire);
}

bool
brooks_frame_take(const uint8_t *frame, size_t n, struct brooks_frame *out)
{
	size_t at = pads(frame, n), head;

	if (at == n || length(frame + at, n - at) != (int)(n - at))
		return false;
	frame += at;
	head = head_size(frame[0]);
	out->is_answer = (frame[0] & ANSWER) != 0;
	out->is_long = (frame[0] & LONG) != 0;
	out->address = 0;
	for (size_t i = 1; i < head - 2; i++)
		out->address = out->address << 8 | frame[i];
	out->command = frame[head - 2];
	out->n = frame[head - 1];
	out->data = frame + head;
	return true;
}

/* ---- packed texts ---- */

static bool
is_packable(char c)
{
	return c >= ' ' && c <= '_';
}

bool
brooks_tag_pack(const char *text, uint8_t out[BROOKS_TAG_BYTES])
{
	if (strlen(text) != BROOKS_TAG)
		return false;
	for (int i = 0; i < BROOKS_TAG; i++)
		if (!is_packable(text[i]))
			return false;
	brooks_pack(text, out, BROOKS_TAG_BYTES);
	return true;
}

void
brooks_pack(const char *text, uint8_t *out, size_t n)
{
	memset(out, 0, n);
	for (size_t at = 0; at + 3 <= n; at += 3) {
		uint32_t bits = 0;

		for (int i = 0; i < 4; i++) {
			char c = *text != '\0' ? *text++ : ' ';

			c = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
			bits = bits << 6 | ((is_packable(c) ? c : '?') & 0x3F);
		}
		out[at] = (uint8_t)(bits >> 16);
		out[at + 1] = (uint8_t)(bits >> 8);
		out[at + 2] = (uint8_t)bits;
	}
}

size_t
brooks_unpack(const uint8_t *in, size_t n, char out[BROOKS_UNPACKED_MAX])
{
	size_t made = 0;

	for (size_t at = 0; at + 3 <= n; at += 3) {
		uint32_t bits = (uint32_t)in[at] << 16 | (uint32_t)in[at + 1] << 8 | in[at + 2];

		for (int shift = 18; shift >= 0; shift -= 6) {
			unsigned six = bits >> shift & 0x3F;

			/* Of the characters from blank to '_' those below '@' have bit 5. */
			out[made++] = (char)(six & 0x20 ? six : six | 0x40);
		}
	}
	out[made] = '\0';
	return made;
}
