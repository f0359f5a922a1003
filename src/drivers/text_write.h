/* text_write.h - what a row of messages writes: one value, and beside it those of other places of the instrument; pure
 *
 *	{send: "<05>{dig:u8}{value:u8}{da2:u8}"}    value: what is written; dig, da2: writable channels that are said along
 *
 * A row with one named value writes that, whatever its name is. Of several, one is called `value` or as the channel itself.
 */
#ifndef DRIVERS_TEXT_WRITE_H
#define DRIVERS_TEXT_WRITE_H

#include "drivers/text_message.h"

#define TEXT_BESIDE_MAX 16 /* values beside the one that is written */

/* Number `nth` of the row that begins with message `first`; NULL: it is not so long. */
const struct message *text_row_at(const struct instrument *ins, uint32_t first, unsigned nth);

/* A value with a name, among all that a row sends. */
struct text_sent {
	unsigned row; /* which message */
	bool is_own;  /* it is what is written */
	struct text_element e;
	const struct message *m;
};

/* The nth value that the row sends to write `channel` (NULL: nobody knows its name); false: no more of them. */
bool text_write_sent(const struct instrument *ins, uint32_t first, const char *channel,
	unsigned nth, struct text_sent *out);

/* The value and those beside it into req; beside NULL: 0 for each, to try whether it can be written. */
int text_write_pack(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, const struct beside *beside, struct request *req, struct err *err);

/* A message of req while its bytes are made: ctx of text_write_value(). */
struct text_giving {
	const struct request *req;
	unsigned before; /* values of the row that stand before this message */
};
struct text_giving text_write_giving(const struct instrument *ins, const struct request *req);
struct text_written text_write_value(void *giving, const struct text_element *e);

/* What is written itself; and the element that sends it, false: none does. */
struct text_written text_write_own(const struct request *req);
bool text_write_own_element(
	const struct instrument *ins, const struct request *req, struct text_element *out);

#endif
