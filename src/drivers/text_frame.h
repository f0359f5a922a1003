/* text_frame.h - where a message begins and ends on the wire; pure */
#ifndef DRIVERS_TEXT_FRAME_H
#define DRIVERS_TEXT_FRAME_H

#include "drivers/text_format.h"

#define TEXT_RUN_MAX 8  /* bytes of a start or an end */
#define TEXT_ENDS_MAX 6 /* alternatives */

struct text_run {
	uint8_t at[TEXT_RUN_MAX];
	uint8_t n;
};

struct text_frame {
	struct text_run start, send_start, send_end, skip;
	struct text_run ends[TEXT_ENDS_MAX];
	unsigned n_ends;
	int doubled;             /* a byte that stands twice inside; -1: none */
	unsigned length;         /* bytes of every answer; 0: others tell */
	bool by_silence;         /* it ends when nothing more comes */
	bool has_length;         /* it tells its length */
	unsigned at, plus;       /* where it does, and what is added */
	struct text_element how; /* how that is written */
};

/* The options of the codec that tell about frames; err->sys is the guilty one. */
extern const struct opt text_frame_opts[];
int text_frame_read(const struct optvals *v, struct text_frame *out, struct err *err);

/* The instrument's password: is there one, and what it is (NULL: not known). */
bool text_frame_has_password(const struct optvals *v);
const char *text_frame_password(const struct optvals *v);

/* As codec->cut. m: the message whose answer is awaited; NULL: none is. receive: its format, read already; NULL. */
int text_frame_cut(const struct text_frame *f, const struct message *m,
	const struct text_format *receive, const uint8_t *in, size_t n, enum wire wire);

/* What stands in a frame between start and end, doubled bytes taken once; `room` (CODEC_FRAME_MAX bytes) is used where bytes have to be
 * moved. */
const uint8_t *text_frame_inside(const struct text_frame *f, const struct message *m,
	const uint8_t *frame, size_t n, uint8_t *room, size_t *out_n);

/* Put start and end around the n bytes in out[0..n), and double what has to be; the length, or ERR_CONF. */
int text_frame_wrap(
	const struct text_frame *f, uint8_t *out, size_t n, size_t cap, struct err *err);

#endif
