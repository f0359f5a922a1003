/* masters.c - what is said on the links of simulated instruments: who is meant, who answers, and what goes wrong on request */
#include <string.h>

#include "drivers/list.h"
#include "twin/fault_kind.h"
#include "twin/twin_inside.h"

#define CUT_PAUSE (300 * NS_PER_MS)

static const uint8_t garbage[] = { 0xFF, 0x00, 0xA5, 0x7E };

/* The next device of a link from *at on, NULL: there is none. */
static struct play_device *
next_head(const struct twin *t, uint32_t link, uint32_t *at)
{
	while (*at < t->n_heads) {
		struct play_device *head = t->heads[(*at)++];

		if (twin_link_of(head) == link)
			return head;
	}
	return NULL;
}

bool
twin_is_strict(const struct twin *t, uint32_t link)
{
	const struct play_device *dev;
	uint32_t at = 0;

	if (image_link_at(t->img, link)->kind != LINK_TCP)
		return false;
	while ((dev = next_head(t, link, &at)) != NULL)
		if (!dev->player->is_strict)
			return false;
	return true;
}

bool
twin_needs_silence(const struct twin *t, uint32_t link)
{
	const struct play_device *dev;
	uint32_t at = 0;

	while ((dev = next_head(t, link, &at)) != NULL)
		if (codec_find(dev->player->codec)->needs_silence)
			return true;
	return false;
}

/* ---- whose request is it? -------------------------------------------------------------------------------------------- */

/* Whoever finds a request first has it. What is none for all of them is skipped as far as the first of them does. */
int
twin_cut(struct twin *t, uint32_t link, const uint8_t *in, size_t n, enum wire wire)
{
	const struct player *asked = NULL;
	struct play_device *dev;
	bool waits = false;
	uint32_t at = 0;
	int skip = 0;

	while ((dev = next_head(t, link, &at)) != NULL) {
		int got;

		dev->has_heard |= n > 0;
		if (dev->player == asked && asked->cuts_alike)
			continue;
		asked = dev->player;
		got = asked->cut(dev, in, n, wire);
		if (got > 0)
			return got;
		waits |= got == CUT_MORE;
		skip = skip == 0 ? got : MAX(skip, got);
	}
	return waits ? CUT_MORE : skip;
}

static bool
is_mixed(const struct twin *t, uint32_t link)
{
	const struct player *first = NULL;
	const struct play_device *dev;
	uint32_t at = 0;

	while ((dev = next_head(t, link, &at)) != NULL) {
		if (first == NULL)
			first = dev->player;
		if (dev->player != first || !first->cuts_alike)
			return true;
	}
	return false;
}

/* Is it a request as this device takes them? On a link of one kind, twin_cut() has seen to that. */
static bool
takes(const struct play_device *dev, bool mixed, const uint8_t *frame, size_t n)
{
	return !mixed || dev->player->cut(dev, frame, n, WIRE_SILENT) == CUT_FRAME(n);
}

/* ---- answers --------------------------------------------------------------------------------------------------------- */

static void
set_deaf(struct play_device *head, bool is_deaf)
{
	for (struct play_device *dev = head; dev != NULL; dev = dev->next) {
		dev->is_deaf = is_deaf;
		for (uint32_t i = 0; is_deaf && dev->player->get != NULL && i < dev->n_all; i++)
			dev->pts[i].v = dev->player->get(dev, i);
	}
}

/* What the answer would be, without anything coming of it. */
static int
ask_deaf(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	uint64_t state[PLAY_STATE];
	int got;

	memcpy(state, dev->state, sizeof(state));
	set_deaf(dev, true);
	got = dev->player->answer(dev, frame, n, out, cap);
	set_deaf(dev, false);
	memcpy(dev->state, state, sizeof(state));
	return got;
}

static bool
does_nothing(const struct twin_fault *fault)
{
	return fault != NULL && (fault->kind == FAULT_DEAD || fault->kind == FAULT_REFUSE);
}

/* The answer of those who are meant; *out_dev: who gave it, NULL: nobody or all. has_faults: the faults of devices count. */
static int
offer(struct twin *t, uint32_t link, bool has_faults, const uint8_t *frame, size_t n, uint8_t *out,
	size_t cap, struct play_device **out_dev)
{
	bool mixed = is_mixed(t, link), is_done = false;
	struct play_device *dev;
	uint32_t at = 0;
	int got;

	*out_dev = NULL;
	while ((dev = next_head(t, link, &at)) != NULL) {
		if (!takes(dev, mixed, frame, n))
			continue;
		if (has_faults && does_nothing(twin_fault_of(t, dev)))
			got = ask_deaf(dev, frame, n, out, cap);
		else
			got = dev->player->answer(dev, frame, n, out, cap);
		if (got >= 0)
			*out_dev = dev;
		if (got >= 0)
			return got;
		is_done |= got == PLAY_ALL;
	}
	for (at = 0; !is_done && (dev = next_head(t, link, &at)) != NULL;) {
		if (dev->player->nobody == NULL || !takes(dev, mixed, frame, n))
			continue;
		got = dev->player->nobody(dev, frame, n, out, cap);
		if (got > 0)
			return got;
	}
	return 0;
}

int
twin_answer(struct twin *t, uint32_t link, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct play_device *dev;

	return offer(t, link, false, frame, n, out, cap, &dev);
}

/* ---- what goes wrong ------------------------------------------------------------------------------------------------- */

static void
add_bytes(struct twin_reply *out, const uint8_t *bytes, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < out->n_pieces; i++)
		used += out->piece[i].n;
	if (n == 0 || n > sizeof(out->bytes) - used)
		return;
	memcpy(out->bytes + used, bytes, n);
	out->piece[out->n_pieces - 1].n += n;
}

static void
add_piece(struct twin_reply *out, int64_t after_ns, const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return;
	out->piece[out->n_pieces].after_ns = after_ns;
	out->piece[out->n_pieces++].n = 0;
	add_bytes(out, bytes, n);
}

/* The answer before this one; this one is kept for the next question. */
static void
put_stale(struct twin_fault *fault, const uint8_t *answer, size_t n, struct twin_reply *out)
{
	if (fault->answer == NULL)
		return;
	add_piece(out, 0, fault->answer, fault->n_answer);
	memcpy(fault->answer, answer, n);
	fault->n_answer = n;
}

static enum play_fault
spoiled_by(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_REFUSE:
		return PLAY_REFUSE;
	case FAULT_WRONG_ADDRESS:
		return PLAY_WRONG_ADDRESS;
	case FAULT_WRONG_TAG:
		return PLAY_WRONG_TAG;
	default:
		return PLAY_WRONG_CHECKSUM;
	}
}

static void
apply(struct twin_fault *fault, struct play_device *dev, const uint8_t *frame, size_t n,
	uint8_t *answer, size_t n_answer, struct twin_reply *out)
{
	uint8_t said[CODEC_FRAME_MAX];
	int got;

	switch ((enum fault_kind)fault->kind) {
	case FAULT_DEAD:
		return;
	case FAULT_LATE:
		add_piece(out, fault->span_ns, answer, n_answer);
		return;
	case FAULT_CUT:
		add_piece(out, 0, answer, n_answer / 2);
		add_piece(out, fault->span_ns > 0 ? fault->span_ns : CUT_PAUSE,
			answer + n_answer / 2, n_answer - n_answer / 2);
		return;
	case FAULT_STALE:
		put_stale(fault, answer, n_answer, out);
		return;
	case FAULT_GARBAGE:
		add_piece(out, 0, garbage, n_answer > 0 ? sizeof(garbage) : 0);
		break;
	case FAULT_ECHO:
		add_piece(out, 0, frame, n);
		break;
	case FAULT_UNSOLICITED:
		got = dev->player->tell(dev, PLAY_NOW, said, sizeof(said));
		add_piece(out, 0, said, (size_t)MAX(got, 0));
		break;
	default:
		got = dev->player->spoil(dev, spoiled_by(fault->kind), frame, n, answer, n_answer);
		n_answer = got >= 0 ? (size_t)got : n_answer;
		break;
	}
	if (out->n_pieces == 0)
		add_piece(out, 0, answer, n_answer);
	else
		add_bytes(out, answer, n_answer);
}

static bool
is_last(struct twin *t, uint32_t link, const uint8_t *frame, size_t n)
{
	struct play_device *dev;
	uint32_t at = 0;

	while ((dev = next_head(t, link, &at)) != NULL)
		if (dev->player->ends != NULL && dev->player->ends(frame, n))
			return true;
	return false;
}

void
twin_reply(struct twin *t, uint32_t link, const uint8_t *frame, size_t n, struct twin_reply *out)
{
	uint8_t answer[CODEC_FRAME_MAX];
	struct play_device *dev;
	int got = offer(t, link, true, frame, n, answer, sizeof(answer), &dev);
	struct twin_fault *fault = dev == NULL ? NULL : twin_fault_of(t, dev);

	out->n_pieces = 0;
	if (fault != NULL)
		apply(fault, dev, frame, n, answer, (size_t)got, out);
	else
		add_piece(out, 0, answer, (size_t)MAX(got, 0));
	out->is_last = out->n_pieces > 0 && is_last(t, link, frame, n);
}

size_t
twin_tell(struct twin *t, uint32_t link, uint8_t *out, size_t cap)
{
	struct play_device *dev;
	uint32_t at = 0;
	size_t n = 0;

	while ((dev = next_head(t, link, &at)) != NULL) {
		const struct twin_fault *fault = twin_fault_of(t, dev);
		int got;

		if (dev->player->tell == NULL)
			continue;
		got = dev->player->tell(dev, PLAY_TIME, out + n, cap - n);
		if (got > 0 && !(fault != NULL && fault->kind == FAULT_DEAD))
			n += (size_t)got;
	}
	return n;
}
