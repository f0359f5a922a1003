/* play_text_scpi.c - what IEEE 488.2 and SCPI ask of every instrument, beside its description
 *
 * An instrument that can be asked SYST:ERR? is taken for one that speaks SCPI. It leaves unanswered what it does not know, and has error -113 in its queue
 * then; reading the queue takes the oldest out. As all errors here are alike, the queue is their number.
 *
 * Sources: IEEE 488.2-1992, 7.6.1 (white space before the end), 10 (common commands); SCPI-1999 volume 2, 21.8 (errors).
 */
#include "twin/play_text_scpi.h"

#include <string.h>

bool
play_scpi_asks_error(const struct message *m)
{
	return strcmp(m->send, "SYST:ERR?") == 0;
}

bool
play_scpi_speaks(const struct instrument *ins)
{
	for (uint32_t i = 0; i < ins->n_messages; i++)
		if (play_scpi_asks_error(&ins->messages[i]))
			return true;
	return false;
}

size_t
play_scpi_trim(const uint8_t *in, size_t n)
{
	while (n > 0 && in[n - 1] <= ' ')
		n--;
	return n;
}

static bool
is_word(const uint8_t *in, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(in, word, n) == 0;
}

const char *
play_scpi_common(const uint8_t *in, size_t n, uint64_t *errors)
{
	if (is_word(in, n, "*OPC?"))
		return "1"; /* whatever was asked before is done */
	if (is_word(in, n, "*CLS"))
		*errors = 0;
	else if (n > 0 && !is_word(in, n, "*OPC") && !is_word(in, n, "*WAI"))
		++*errors;
	return "";
}
