/* play_text_scpi.h - what IEEE 488.2 and SCPI ask of every instrument, beside its description; parts of play_text.c */
#ifndef TWIN_PLAY_TEXT_SCPI_H
#define TWIN_PLAY_TEXT_SCPI_H

#include "link/codec.h"

#define PLAY_SCPI_ERROR (-113)
#define PLAY_SCPI_ERROR_TEXT "Undefined header"

/* Is this the question for the oldest error, and has an instrument one: does it speak SCPI? */
bool play_scpi_asks_error(const struct message *m);
bool play_scpi_speaks(const struct instrument *ins);

/* The length of a message without the blanks at its end. */
size_t play_scpi_trim(const uint8_t *in, size_t n);

/* What is said to a message that the description does not have: a common command, or an error more in the queue; "": nothing. */
const char *play_scpi_common(const uint8_t *in, size_t n, uint64_t *errors);

#endif
