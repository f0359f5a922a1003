/* play_tpg.c - Pfeiffer's gauge controllers TPG 26x, 36x, the controller's side
 *
 * Source: Pfeiffer Vacuum, operating instructions of TPG 261/262 and of TPG 361/362/366, chapters on the serial interface.
 *
 *	P R 1 CR LF  ->  06 CR LF (ACK), or 15 CR LF (NAK: not understood)
 *	05 (ENQ)     ->  0,1.0130E+03 CR LF       the answer to the question last understood, as often as it is asked for
 *	03 (ETX)         forgets that question
 *
 * From power-up until the first character it says the pressures each second by itself. Gauges that no point names have no sensor.
 * It speaks 6 gauges when a point names one beyond the second, else 2.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "twin/player.h"

#define ETX 0x03
#define ENQ 0x05
#define ACK 0x06
#define NAK 0x15
#define CR 0x0D
#define LF 0x0A

#define MNEMONIC 3
#define LINE_MAX 128
#define FIELDS_MAX 16
#define UNIT_MAX 4 /* mbar, Torr, Pa, micron, hPa */

enum type { TPG_PRESSURE, TPG_TEXT, TPG_NUMBER }; /* as the codec has them */
enum { ASKED, UNIT, TOLD_NS };                    /* of dev->state */

#define PACK(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* ---- lines ----------------------------------------------------------------------------------------------------------- */

struct line {
	size_t n;
	char text[LINE_MAX];
};

static void
add(struct line *l, const char *text)
{
	l->n += strlen(text);
	snprintf(
		l->text + l->n - strlen(text), sizeof(l->text) - (l->n - strlen(text)), "%s", text);
	l->n = MIN(l->n, sizeof(l->text) - 1);
}

static const struct play_point *
find(const struct play_device *dev, uint32_t address)
{
	for (uint32_t i = 0; i < dev->n_pts; i++)
		if (dev->pts[i].pt.address == address)
			return &dev->pts[i];
	return NULL;
}

static const struct play_point *
gauge(const struct play_device *dev, unsigned number)
{
	return find(dev, PACK('P', 'R', '0' + number));
}

static unsigned
gauges(const struct play_device *dev)
{
	for (unsigned i = 3; i <= 6; i++)
		if (gauge(dev, i) != NULL)
			return 6;
	return 2;
}

/* Status 5: there is no sensor. */
static void
add_pressure(struct line *l, const struct play_device *dev, unsigned number)
{
	const struct play_point *p = gauge(dev, number);
	char text[40];

	snprintf(text, sizeof(text), "%d,%.4E", p == NULL ? 5 : 0, p == NULL ? 0.0 : p->v.f);
	add(l, text);
}

static void
add_all(struct line *l, const struct play_device *dev)
{
	for (unsigned i = 1; i <= gauges(dev); i++) {
		add(l, i > 1 ? "," : "");
		add_pressure(l, dev, i);
	}
}

/* What the controller says by itself to questions that every model understands; false: it is none of them. */
static bool
add_own(struct line *l, const struct play_device *dev, uint32_t asked)
{
	char text[8];

	switch (asked) {
	case PACK('U', 'N', 'I'):
		snprintf(text, sizeof(text), "%u", (unsigned)dev->state[UNIT]);
		add(l, text);
		return true;
	case PACK('T', 'I', 'D'):
		for (unsigned i = 1; i <= gauges(dev); i++) {
			add(l, i > 1 ? "," : "");
			add(l, gauge(dev, i) != NULL ? "TPR" : "noSE");
		}
		return true;
	case PACK('P', 'N', 'R'):
		add(l, "twin");
		return true;
	case PACK('E', 'R', 'R'):
		add(l, "0000");
		return true;
	default:
		return false;
	}
}

/* A text that nobody has set yet shows whose it is: then the controller's own answer, where it has one, says more. */
static bool
is_set(const struct play_device *dev, const struct play_point *p)
{
	return p->pt.type == TPG_NUMBER || strcmp(p->text, dev->ins.name) != 0;
}

/* Parts of the answer out of the points that name them; order: which part, 0 for the whole line. */
static bool
add_points(struct line *l, const struct play_device *dev, uint32_t asked, bool also_unset)
{
	unsigned last = 0;
	char number[32];

	for (unsigned field = 0; field <= FIELDS_MAX; field++)
		for (uint32_t i = 0; i < dev->n_pts; i++) {
			const struct play_point *p = &dev->pts[i];

			if (p->pt.address != asked || p->pt.order != field ||
				(!also_unset && !is_set(dev, p)) || (last > 0 && field <= last))
				continue;
			for (unsigned k = MAX(last, 1u); k < field; k++)
				add(l, ",");
			last = MAX(field, 1u);
			if (p->pt.type == TPG_NUMBER)
				text_from_double(number, p->v.f);
			add(l, p->pt.type == TPG_NUMBER ? number : p->text);
		}
	return last > 0;
}

/* The answer to a question; false when it is not understood. */
static bool
make_line(struct line *l, const struct play_device *dev, uint32_t asked)
{
	*l = (struct line){ 0 };
	if (asked == PACK('P', 'R', 'X')) {
		add_all(l, dev);
		return true;
	}
	for (unsigned i = 1; i <= gauges(dev); i++)
		if (asked == PACK('P', 'R', '0' + i)) {
			add_pressure(l, dev, i);
			return true;
		}
	return add_points(l, dev, asked, false) || add_own(l, dev, asked) ||
	       add_points(l, dev, asked, true);
}

static int
put_line(const struct line *l, uint8_t *out)
{
	memcpy(out, l->text, l->n);
	out[l->n] = CR;
	out[l->n + 1] = LF;
	return (int)l->n + 2;
}

/* ---- questions ------------------------------------------------------------------------------------------------------- */

/* A question ends with LF; ENQ and ETX stand for themselves. */
static int
tpg_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	if (n > 0 && (in[0] == ENQ || in[0] == ETX))
		return CUT_FRAME(1);
	for (size_t i = 0; i < n; i++) {
		if (in[i] == LF)
			return CUT_FRAME(i + 1);
		if (in[i] == ENQ || in[i] == ETX || i == LINE_MAX)
			return CUT_SKIP(i); /* the half before it is gone */
	}
	return wire == WIRE_OPEN || n == 0 ? CUT_MORE : CUT_SKIP(n);
}

/* "UNI,0": the unit that is shown. */
static bool
set_unit(struct play_device *dev, const uint8_t *word, size_t n)
{
	if (n != MNEMONIC + 2 || memcmp(word, "UNI,", 4) != 0 || word[4] < '0' ||
		word[4] > '0' + UNIT_MAX)
		return false;
	dev->state[UNIT] = word[4] - (uint64_t)'0';
	for (uint32_t i = 0; i < dev->n_pts; i++)
		if (dev->pts[i].pt.address == PACK('U', 'N', 'I') &&
			dev->pts[i].pt.type == TPG_NUMBER)
			play_write(dev, i, (union value){ .f = word[4] - '0' }, NULL);
	return true;
}

static int
tpg_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct line line;
	bool is_known;

	if (cap < LINE_MAX + 2)
		return 0;
	if (frame[0] == ETX) {
		dev->state[ASKED] = 0;
		return 0;
	}
	if (frame[0] == ENQ) {
		if (dev->state[ASKED] == 0 || !make_line(&line, dev, (uint32_t)dev->state[ASKED]))
			return 0;
		return put_line(&line, out);
	}
	while (n > 0 && (frame[n - 1] == LF || frame[n - 1] == CR))
		n--;
	is_known = n >= MNEMONIC;
	if (is_known) {
		dev->state[ASKED] = PACK(frame[0], frame[1], frame[2]);
		is_known = (n == MNEMONIC || set_unit(dev, frame, n)) &&
			   make_line(&line, dev, (uint32_t)dev->state[ASKED]);
	}
	if (!is_known)
		dev->state[ASKED] = 0;
	out[0] = is_known ? ACK : NAK;
	out[1] = CR;
	out[2] = LF;
	return 3;
}

static int
tpg_tell(struct play_device *dev, enum play_why why, uint8_t *out, size_t cap)
{
	struct line line = { 0 };

	if (cap < LINE_MAX + 2)
		return 0;
	if (why == PLAY_TIME) {
		if (dev->has_heard || dev->now_ns < (int64_t)dev->state[TOLD_NS] + NS_PER_S)
			return 0;
		dev->state[TOLD_NS] = (uint64_t)dev->now_ns;
	}
	add_all(&line, dev);
	return put_line(&line, out);
}

static void
tpg_limits(const struct play_device *dev, const struct point *pt, double *out_min, double *out_max)
{
	*out_min = pt->type == TPG_PRESSURE ? 0 : -1e15;
	*out_max = pt->type == TPG_PRESSURE ? 9.9999e99 : 1e15;
}

static int
tpg_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request, size_t n_request,
	uint8_t *answer, size_t n)
{
	if (fault != PLAY_REFUSE || n_request == 1)
		return -1;
	dev->state[ASKED] = 0;
	answer[0] = NAK;
	answer[1] = CR;
	answer[2] = LF;
	return 3;
}

const struct player player_tpg = {
	.codec = "tpg",
	.cuts_alike = true,
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_UNSOLICITED,
	.limits = tpg_limits,
	.cut = tpg_cut,
	.answer = tpg_answer,
	.tell = tpg_tell,
	.spoil = tpg_spoil,
};
