/* letter.h - what a message says; pure
 *
 * Nothing that came from outside can forge a line of its head: control characters become blanks.
 */
#ifndef ALERT_LETTER_H
#define ALERT_LETTER_H

#include "base/buf.h"
#include "model/image.h"
#include "msg/language.h"

struct engine_notice;

/* An address as the ledger has it: "anna@lab.example"; "ntfy/#3fa90c", for a topic is a key. */
void letter_address(const struct image *img, uint32_t address, char *out, size_t cap);

struct letter_asks {
	void *ctx;
	/* "655.3 degC", or why there is none; out: 64 bytes. */
	void (*value)(void *ctx, uint32_t channel, char *out);
	/* Local time of this computer: "2026-11-28 04:51:10 CET"; out: 40 bytes. */
	void (*when)(void *ctx, int64_t wall_ns, char *out);
};

/* Subject (one line) and text (lines) of n notices and `more` besides, with what is most urgent in front. */
void letter_subject(struct buf *out, const struct image *img, const struct engine_notice *notices,
	unsigned n, unsigned more, enum language language);
void letter_text(struct buf *out, const struct image *img, const struct engine_notice *notices,
	unsigned n, unsigned more, enum language language, const struct letter_asks *asks);

#endif
