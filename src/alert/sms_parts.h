/* sms_parts.h - long texts as several short messages, and back
 *
 * Pure; tables are the caller's and do not grow.
 */
#ifndef ALERT_SMS_PARTS_H
#define ALERT_SMS_PARTS_H

#include "alert/sms_pdu.h"

#define SMS_PARTS_MAX 8     /* of one text, out or in */
#define SMS_PARTS_DEFAULT 3 /* of one that goes out */
#define SMS_TEXT_MAX                                                                               \
	2600          /* bytes of UTF-8 of the longest text of SMS_PARTS_MAX parts, with its NUL */
#define SMS_COLLECT 8 /* long messages that are incomplete at a time; the oldest goes */
#define SMS_COLLECT_NS (24 * 3600 * NS_PER_S)

enum sms_style {
	SMS_LINKED,   /* the phone makes one text of them: a header of user data in each */
	SMS_NUMBERED, /* "1/3 " begins each: for ways that have no headers */
};

struct sms_split {
	unsigned parts_max; /* 0: SMS_PARTS_DEFAULT; what is longer is cut, and ends with a mark */
	enum sms_style style;
	uint8_t reference; /* of a long one; not that of the one before */
	bool is_like; /* characters that GSM-7 lacks become ones that are like them (gsm7_like): more text in a message */
	bool is_ascii; /* only printable ASCII and the end of a line remain */
};

struct sms_parts {
	unsigned n; /* 1.. */
	bool is_cut;
	struct sms_body part[SMS_PARTS_MAX];
};

/* Split a text. An end of a line is LF; other control characters become blanks; bytes that are no UTF-8 become '?'. Neither an escape
 * nor a surrogate pair is torn. */
void sms_split(const char *text, const struct sms_split *how, struct sms_parts *out);

struct sms_pile { /* a long message, of which some parts are here; whole ones stay, so that repeated parts are known */
	char from[SMS_NUMBER];
	uint16_t reference;
	uint8_t total, have; /* have 0: the place is free */
	bool is_wide;
	int64_t first_ns; /* when the first of them came */
	bool is_here[SMS_PARTS_MAX];
	int64_t stamp_s[SMS_PARTS_MAX]; /* 0: none */
	struct sms_body part[SMS_PARTS_MAX];
};

struct sms_collect {
	struct sms_pile piles[SMS_COLLECT];
	uint64_t lost; /* messages that never became whole, by time or for want of room */
};

enum sms_collected {
	SMS_WHOLE,  /* `out` and its stamp are complete */
	SMS_WAITS,  /* other parts have still to come */
	SMS_REPEAT, /* this part was here already */
	SMS_PIECE,  /* of a text with too many parts: `out` is this one alone */
};

/* A message has come; with its last part, `out` (NUL-ended, cut to fit cap > 0) is the whole text and `out_stamp_s` its earliest stamp
 * (0: none). Parts are told apart by sender, reference and total; they may come in any order. */
enum sms_collected sms_collect(struct sms_collect *c, int64_t now_ns, const struct sms_deliver *d,
	char *out, size_t cap, int64_t *out_stamp_s);

#endif
