/* play_helper.c - a program of the laboratory that brings an instrument along, the program's side
 *
 * Source: docs/drivers/helper.md; the lines are drawn in drivers/helper.c.
 *
 * All instruments of a link belong to one program: a channel is found in any of them. Only a program behind a TCP port is played; one
 * that mbc starts itself is there already.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "twin/player.h"

#define LINE_BYTES 1000

enum type { HELPER_NUMBER, HELPER_TEXT, HELPER_BOOL, HELPER_INT }; /* as the codec has them */

static int
helper_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	const uint8_t *end = n > 0 ? memchr(in, '\n', MIN(n, (size_t)LINE_BYTES)) : NULL;

	if (end != NULL)
		return CUT_FRAME(end - in + 1);
	if (n == 0 || (n < LINE_BYTES && wire == WIRE_OPEN))
		return CUT_MORE;
	return CUT_SKIP(n);
}

/* The point that a channel reads or, for_write, sets. */
static struct play_point *
find(struct play_device *dev, const char *channel, bool for_write, struct play_device **out_dev)
{
	for (; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_pts; i++) {
			const struct point *pt = &dev->pts[i].pt;
			const char *key =
				for_write && pt->write_key != NULL ? pt->write_key : pt->key;

			if (key == NULL || strcmp(key, channel) != 0)
				continue;
			*out_dev = dev;
			return &dev->pts[i];
		}
	return NULL;
}

/* "VALUE UNIT" behind a word. */
static int
say_value(const struct play_point *p, const char *word, uint8_t *out, size_t cap)
{
	const char *unit = p->pt.unit;
	char value[VALUE_TEXT_MAX + 1];

	if (p->pt.type == HELPER_TEXT)
		text_copy(value, sizeof(value), p->text);
	else if (p->pt.type == HELPER_NUMBER)
		text_from_double(value, p->v.f);
	else
		snprintf(value, sizeof(value), "%" PRId64, p->v.i);
	return snprintf((char *)out, cap, "%s %s%s%s\n", word, value, unit != NULL ? " " : "",
		unit != NULL ? unit : "");
}

static int
say_no(const char *why, const char *channel, uint8_t *out, size_t cap)
{
	return snprintf(
		(char *)out, cap, "err %s%s%.63s\n", why, *channel != '\0' ? " " : "", channel);
}

static bool
read_value(const struct play_point *p, const char *text, union value *out)
{
	int64_t whole;

	switch ((enum type)p->pt.type) {
	case HELPER_TEXT:
		return true;
	case HELPER_NUMBER:
		return text_to_double(text, &out->f);
	case HELPER_BOOL:
		if (!text_to_int(text, &whole) || whole < 0 || whole > 1)
			return false;
		out->i = whole;
		return true;
	case HELPER_INT:
		return text_to_int(text, &out->i);
	}
	return false;
}

static int
on_set(struct play_device *dev, const char *channel, const char *text, uint8_t *out, size_t cap)
{
	struct play_device *its;
	struct play_point *p = find(dev, channel, true, &its);
	union value v = { 0 };

	if (p == NULL)
		return say_no("unknown channel", channel, out, cap);
	if (p->pt.write_space < 0)
		return say_no("for reading only:", channel, out, cap);
	if (!read_value(p, text, &v))
		return say_no("no such value of", channel, out, cap);
	play_write(its, (uint32_t)(p - its->pts), v, text);
	return snprintf((char *)out, cap, "ok\n");
}

static int
helper_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	char line[LINE_BYTES + 1], *channel, *value;
	struct play_device *its;
	struct play_point *p;

	while (n > 0 && (frame[n - 1] == '\n' || frame[n - 1] == '\r'))
		n--;
	n = MIN(n, (size_t)LINE_BYTES);
	memcpy(line, frame, n);
	line[n] = '\0';
	channel = strchr(line, ' ');
	if (channel == NULL || memchr(line, '\0', n) != NULL)
		return say_no("neither get nor set", "", out, cap);
	*channel++ = '\0';
	if (strcmp(line, "get") == 0) {
		p = find(dev, channel, false, &its);
		return p == NULL ? say_no("unknown channel", channel, out, cap)
				 : say_value(p, "ok", out, cap);
	}
	value = strchr(channel, ' ');
	if (strcmp(line, "set") != 0 || value == NULL)
		return say_no("neither get nor set", "", out, cap);
	*value++ = '\0';
	return on_set(dev, channel, value, out, cap);
}

static uint64_t
helper_address(const struct play_device *dev)
{
	return 0;
}

/* News of its first channel. */
static int
helper_tell(struct play_device *dev, enum play_why why, uint8_t *out, size_t cap)
{
	char word[80];

	if (why != PLAY_NOW || cap < CODEC_FRAME_MAX || dev->n_pts == 0 ||
		dev->pts[0].pt.key == NULL)
		return 0;
	snprintf(word, sizeof(word), "ev %s", dev->pts[0].pt.key);
	return say_value(&dev->pts[0], word, out, cap);
}

static int
helper_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request,
	size_t n_request, uint8_t *answer, size_t n)
{
	return fault == PLAY_REFUSE ? say_no("refused", "", answer, CODEC_FRAME_MAX) : -1;
}

const struct player player_helper = {
	.codec = "helper",
	.cuts_alike = true,
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_UNSOLICITED,
	.address = helper_address,
	.cut = helper_cut,
	.answer = helper_answer,
	.tell = helper_tell,
	.spoil = helper_spoil,
};
