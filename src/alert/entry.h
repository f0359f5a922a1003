/* entry.h - a line of the ledger: who was to be told what, and what became of it
 *
 * A line is JSON with a check of its own at its end: a torn one is known, and passed over. Names stand in it, not numbers: the next bench file
 * may have others. Pure but for the reader's memory.
 */
#ifndef ALERT_ENTRY_H
#define ALERT_ENTRY_H

#include "base/buf.h"
#include "base/err.h"

#define ENTRY_NAME 64 /* sizes with the NUL */
#define ENTRY_TEXT 200
#define ENTRY_TO 200
#define ENTRY_NOTICES 16   /* of one message; more are counted */
#define ENTRY_PRIORITIES 4 /* those of model/image.h, which who reads a line does not know */
#define ENTRY_WAYS 4
#define ENTRY_LINE_MAX 2048 /* bytes of a line */

enum entry_kind {
	ENTRY_NOTICE, /* something is to be told: id, event, about, priority, name, to, text */
	ENTRY_STEP,   /* a chain has gone on: id of the notice, name of the chain, step, round */
	ENTRY_SEND, /* a message is about to go out: id, name of the person, way, to, what, tries, notices */
	ENTRY_RESULT, /* what became of it: id, result, text */
	ENTRY_ACKED,  /* somebody has answered: id of the notice, text: who */
	ENTRY_OVER,   /* what it told of is over */
	ENTRY_BACK,   /* it has come again */
	ENTRY_HIDDEN, /* shelved, suppressed, out of service: text */
	ENTRY_NOBODY, /* nobody could be reached */
	ENTRY_END,    /* nothing more is to be told of it */
	ENTRY_PLACE,  /* all events up to `event` have been looked at */
	ENTRY_KINDS
};

enum notice_about { ABOUT_ALARM, ABOUT_NOTE, ABOUT_EVENT, ABOUT_TEST, ABOUTS };
enum telling_what { TELL_RAISED, TELL_CHATTERS, TELL_ACKED, TELL_OVER, TELLS };

struct entry {
	enum entry_kind kind;
	int64_t wall_ns;
	uint64_t id, event;
	unsigned about, priority;          /* enum notice_about, image_priority */
	unsigned way, what, result, tries; /* enum alert_way, telling_what, alert_result */
	unsigned step, round;
	char name[ENTRY_NAME];
	char to[ENTRY_TO];
	char text[ENTRY_TEXT];
	uint64_t notices[ENTRY_NOTICES];
	unsigned n_notices, n_more;
};

/* The words that stand in a line: "notice", "send"; "alarm", "note"; "raised", "over"; "sent", "uncertain". */
const char *entry_kind_word(unsigned kind);
const char *entry_about_word(unsigned about);
const char *entry_what_word(unsigned what);
const char *entry_result_word(unsigned result);
const char *entry_way_word(unsigned way);

/* Append its line, with the line end. */
void entry_put(struct buf *out, const struct entry *e);

/* One line, without its end. ERR_PROTO: torn, damaged, or of a later version. */
int entry_read(struct entry *out, const char *line, size_t n, struct err *err) MUST_CHECK;

#endif
