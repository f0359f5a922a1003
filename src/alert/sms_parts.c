/* sms_parts.c - long texts as several short messages, and back
 *
 * Source: 3GPP TS 23.040, 9.2.3.24.1. A part of a long one has 153 septets, or 134 bytes of UTF-16.
 */
#include "alert/sms_parts.h"

#include <stdio.h>
#include <string.h>

#include "alert/gsm7.h"
#include "alert/utf8.h"

#define WHOLE_SEPTETS 160
#define LINKED_SEPTETS 153
#define WHOLE_BYTES 140
#define LINKED_BYTES 134
#define NUMBER 4 /* characters of "1/3 " */

/* ---- out ---- */

/* A text, character by character, as it is to be sent. */
struct stream {
	const char *at, *end;
	const char *like; /* what stands for the last one, still to be given */
	bool is_like, is_ascii;
};

static const char *
like_ascii(uint32_t rune)
{
	uint8_t septets[2];
	const char *like = gsm7_like(rune);

	if (gsm7_of(rune, septets) == 0 && (unsigned char)like[0] < 0x80)
		return like;
	switch (rune) { /* those that GSM-7 has */
	case 0xE8:
	case 0xE9:
		return "e";
	case 0xC9:
		return "E";
	case 0xE0:
	case 0xE5:
		return "a";
	case 0xE4:
	case 0xE6:
		return "ae";
	case 0xC4:
	case 0xC6:
		return "Ae";
	case 0xF6:
	case 0xF8:
		return "oe";
	case 0xD6:
	case 0xD8:
		return "Oe";
	case 0xFC:
		return "ue";
	case 0xDC:
		return "Ue";
	case 0xDF:
		return "ss";
	case 0xF9:
		return "u";
	case 0xEC:
		return "i";
	case 0xF2:
		return "o";
	case 0xC7:
		return "C";
	case 0xC5:
		return "A";
	case 0xF1:
		return "n";
	case 0xD1:
		return "N";
	case 0x20AC:
		return "EUR";
	case 0x394:
	case 0x2206:
		return "Delta";
	case 0x3A9:
		return "Ohm";
	default:
		return "?";
	}
}

static bool
next_rune(struct stream *s, uint32_t *out)
{
	uint8_t septets[2];

	for (;;) {
		if (s->like != NULL && *s->like != '\0') {
			s->like += utf8_get(s->like, strlen(s->like), out);
			return true;
		}
		s->like = NULL;
		if (s->at == s->end)
			return false;
		s->at += utf8_get(s->at, (size_t)(s->end - s->at), out);
		if (*out == '\r')
			continue;
		if ((*out < ' ' && *out != '\n') || (*out >= 0x7F && *out < 0xA0))
			*out = ' ';
		if (s->is_ascii && *out >= 0x7F)
			s->like = like_ascii(*out);
		else if (s->is_like && gsm7_of(*out, septets) == 0)
			s->like = gsm7_like(*out);
		else
			return true;
	}
}

/* A character as it stands in a body; at most 4 bytes. */
static size_t
units_of(enum sms_coding coding, uint32_t rune, uint8_t out[4])
{
	if (coding == SMS_GSM7)
		return gsm7_of(rune, out);
	if (rune < 0x10000) {
		out[0] = (uint8_t)(rune >> 8);
		out[1] = (uint8_t)rune;
		return 2;
	}
	rune -= 0x10000;
	out[0] = (uint8_t)(0xD8 | rune >> 18);
	out[1] = (uint8_t)(rune >> 10);
	out[2] = (uint8_t)(0xDC | (rune >> 8 & 3));
	out[3] = (uint8_t)rune;
	return 4;
}

static size_t
put_ascii(struct sms_body *b, const char *text)
{
	for (; *text != '\0'; text++)
		b->n = (uint8_t)(b->n + units_of(b->coding, (uint8_t)*text, b->data + b->n));
	return b->n;
}

/* Fill a body up to `room`; false when the text ended. `*rune` is the character that is next, and then the first that has no room.
 * `*out_safe` is the largest border of a character that leaves room for `mark` more. */
static bool
fill(struct sms_body *b, struct stream *s, uint32_t *rune, size_t room, size_t mark,
	size_t *out_safe)
{
	uint8_t units[4];

	*out_safe = b->n;
	for (;;) {
		size_t more = units_of(b->coding, *rune, units);

		if (b->n + more > room)
			return true;
		memcpy(b->data + b->n, units, more);
		b->n = (uint8_t)(b->n + more);
		if (b->n + mark <= room)
			*out_safe = b->n;
		if (!next_rune(s, rune))
			return false;
	}
}

static struct stream
stream_of(const char *text, const struct sms_split *how)
{
	return (struct stream){ .at = text,
		.end = text + strlen(text),
		.is_like = how->is_like,
		.is_ascii = how->is_ascii };
}

/* The coding that all of it has, and its units. */
static enum sms_coding
measure(const char *text, const struct sms_split *how, size_t *out_units)
{
	struct stream s = stream_of(text, how);
	size_t septets = 0, bytes = 0;
	bool is_gsm7 = true;
	uint8_t units[4];
	uint32_t rune;

	while (next_rune(&s, &rune)) {
		size_t more = gsm7_of(rune, units);

		is_gsm7 = is_gsm7 && more > 0;
		septets += more;
		bytes += units_of(SMS_UCS2, rune, units);
	}
	*out_units = is_gsm7 ? septets : bytes;
	return is_gsm7 ? SMS_GSM7 : SMS_UCS2;
}

static void
begin_part(struct sms_parts *out, enum sms_coding coding, bool is_numbered)
{
	struct sms_body *b = &out->part[out->n++];

	*b = (struct sms_body){ .coding = coding };
	if (is_numbered)
		put_ascii(b, "0/0 "); /* the digits are written when their number is known */
}

static void
number_parts(struct sms_parts *out, enum sms_style style, uint8_t reference)
{
	for (unsigned i = 0; i < out->n; i++) {
		struct sms_body *b = &out->part[i];
		size_t low = b->coding == SMS_GSM7 ? 0 : 1, step = low + 1;

		if (style == SMS_NUMBERED) { /* digits and '/' are the same in both codings */
			b->data[low] = (uint8_t)('1' + i);
			b->data[low + 2 * step] = (uint8_t)('0' + out->n);
			continue;
		}
		b->total = (uint8_t)out->n;
		b->part = (uint8_t)(i + 1);
		b->reference = reference;
	}
}

void
sms_split(const char *text, const struct sms_split *how, struct sms_parts *out)
{
	unsigned parts_max = how->parts_max == 0 ? SMS_PARTS_DEFAULT
						 : MIN(how->parts_max, (unsigned)SMS_PARTS_MAX);
	size_t units, safe = 0;
	enum sms_coding coding = measure(text, how, &units);
	size_t whole = coding == SMS_GSM7 ? WHOLE_SEPTETS : WHOLE_BYTES;
	bool is_one = units <= whole || parts_max == 1;
	size_t room = is_one || how->style == SMS_NUMBERED ? whole
		      : coding == SMS_GSM7                 ? LINKED_SEPTETS
							   : LINKED_BYTES;
	const char *mark = coding == SMS_GSM7 ? "..." : "\xE2\x80\xA6";
	size_t n_mark = coding == SMS_GSM7 ? 3 : 2;
	struct stream s = stream_of(text, how);
	struct sms_body *last;
	uint32_t rune;
	bool is_more = next_rune(&s, &rune);

	out->n = 0;
	out->is_cut = false;
	do {
		begin_part(out, coding, !is_one && how->style == SMS_NUMBERED);
		if (is_more)
			is_more = fill(&out->part[out->n - 1], &s, &rune, room, n_mark, &safe);
	} while (is_more && out->n < (is_one ? 1 : parts_max));
	if (is_more) {
		out->is_cut = true;
		last = &out->part[out->n - 1];
		last->n = (uint8_t)safe;
		while (*mark != '\0') {
			mark += utf8_get(mark, strlen(mark), &rune);
			last->n = (uint8_t)(last->n + units_of(coding, rune, last->data + last->n));
		}
	}
	if (!is_one)
		number_parts(out, how->style, how->reference);
}

/* ---- in ---- */

static bool
is_of(const struct sms_pile *p, const struct sms_deliver *d)
{
	return p->have > 0 && p->reference == d->body.reference && p->total == d->body.total &&
	       p->is_wide == d->body.is_wide && strcmp(p->from, d->from) == 0;
}

static void
clear(struct sms_collect *c, struct sms_pile *p)
{
	c->lost += p->have > 0 && p->have < p->total;
	p->have = 0;
}

/* How readily a place is given up: free ones first, then whole ones, then the oldest. */
static bool
is_better(const struct sms_pile *p, const struct sms_pile *than)
{
	int is_kept = p->have > 0 ? 1 + (p->have < p->total) : 0;
	int than_kept = than->have > 0 ? 1 + (than->have < than->total) : 0;

	return is_kept != than_kept ? is_kept < than_kept : p->first_ns < than->first_ns;
}

/* The same part once more? Else a new message goes by the reference of an old one. */
static bool
is_repeat(const struct sms_pile *p, const struct sms_deliver *d)
{
	const struct sms_body *b = &p->part[d->body.part - 1];

	return b->coding == d->body.coding && b->n == d->body.n &&
	       memcmp(b->data, d->body.data, b->n) == 0 &&
	       p->stamp_s[d->body.part - 1] == (d->has_stamp ? d->stamp_s : 0);
}

static struct sms_pile *
pile_for(struct sms_collect *c, int64_t now_ns, const struct sms_deliver *d)
{
	struct sms_pile *place = &c->piles[0];

	for (size_t i = 0; i < SMS_COLLECT; i++) {
		struct sms_pile *p = &c->piles[i];

		if (p->have > 0 && now_ns - p->first_ns > SMS_COLLECT_NS)
			clear(c, p);
		if (is_of(p, d)) {
			if (!p->is_here[d->body.part - 1] || is_repeat(p, d))
				return p;
			place = p;
			break;
		}
		if (is_better(p, place))
			place = p;
	}
	clear(c, place);
	*place = (struct sms_pile){ .reference = d->body.reference,
		.total = d->body.total,
		.is_wide = d->body.is_wide,
		.first_ns = now_ns };
	memcpy(place->from, d->from, sizeof(place->from));
	return place;
}

static int64_t
earliest(const struct sms_pile *p)
{
	int64_t stamp_s = 0;

	for (size_t i = 0; i < p->total; i++)
		if (p->stamp_s[i] != 0 && (stamp_s == 0 || p->stamp_s[i] < stamp_s))
			stamp_s = p->stamp_s[i];
	return stamp_s;
}

/* The text of all parts. Those of one coding that follow each other are read as one, as some phones tear a pair of surrogates. */
static void
join(const struct sms_pile *p, char *out, size_t cap)
{
	uint8_t run[SMS_PARTS_MAX * SMS_BODY_MAX];
	size_t made = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->total;) {
		enum sms_coding coding = p->part[i].coding;
		size_t n = 0;

		if (coding == SMS_BYTES) {
			made += sms_body_text(&p->part[i++], out + made, cap - made);
			continue;
		}
		for (; i < p->total && p->part[i].coding == coding; i++) {
			memcpy(run + n, p->part[i].data, p->part[i].n);
			n += p->part[i].n;
		}
		made += coding == SMS_GSM7 ? gsm7_text(run, n, out + made, cap - made)
					   : sms_utf16_text(run, n, out + made, cap - made);
	}
}

enum sms_collected
sms_collect(struct sms_collect *c, int64_t now_ns, const struct sms_deliver *d, char *out,
	size_t cap, int64_t *out_stamp_s)
{
	const struct sms_body *b = &d->body;
	struct sms_pile *p;

	if (b->total <= 1 || b->total > SMS_PARTS_MAX) {
		sms_body_text(b, out, cap);
		*out_stamp_s = d->has_stamp ? d->stamp_s : 0;
		return b->total <= 1 ? SMS_WHOLE : SMS_PIECE;
	}
	p = pile_for(c, now_ns, d);
	if (p->is_here[b->part - 1])
		return SMS_REPEAT;
	p->is_here[b->part - 1] = true;
	p->part[b->part - 1] = *b;
	p->stamp_s[b->part - 1] = d->has_stamp ? d->stamp_s : 0;
	p->have++;
	if (p->have < p->total)
		return SMS_WAITS;
	join(p, out, cap);
	*out_stamp_s = earliest(p);
	return SMS_WHOLE;
}
