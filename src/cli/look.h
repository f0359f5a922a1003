/* look.h - a running bench's board, for commands that only read */
#ifndef CLI_LOOK_H
#define CLI_LOOK_H

#include "board/board.h"
#include "cli/cli.h"

/* The board of the running bench that is meant, mapped read-only; NULL with *out_code when there is none, said already. */
const struct board *look_open(struct args *args, int *out_code);

/* What the running bench is, compiled; NULL with *out_code when there is none, said already. It stays mapped until the end. */
const struct image *look_image(struct args *args, int *out_code);

/* Index of a channel or an instrument by name; IMAGE_NONE when there is none, said already with what may be meant. */
uint32_t look_channel(const struct args *args, const struct board *b, const char *name);
uint32_t look_instrument(const struct args *args, const struct board *b, const char *name);

/* "21.5 degC", or "bad: no answer (check ...)"; out grows. */
void look_value(struct buf *out, const struct board *b, uint32_t channel, const struct sample *s);

#endif
