/* words.c - what mbc top says */
#include "top/words.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

const char *
word(enum language language, enum word w)
{
	static const char *const words[WORDS][2] = {
#define WORD(name, en, fr) [W_##name] = { en, fr },
#define STATE(token, en, fr)
#include "top/words.def"
#undef WORD
#undef STATE
	};

	return words[w][language == LANGUAGE_FR];
}

const char *
word_state(enum language language, const char *token)
{
	static const char *const states[][3] = {
#define WORD(name, en, fr)
#define STATE(token, en, fr) { token, en, fr },
#include "top/words.def"
#undef WORD
#undef STATE
	};

	for (size_t i = 0; i < NELEM(states); i++)
		if (strcmp(states[i][0], token) == 0)
			return states[i][language == LANGUAGE_FR ? 2 : 1];
	return token;
}

void
words_fill(char *out, size_t cap, const char *form, const char *one, const char *two,
	const char *three)
{
	const char *const fills[] = { one, two, three };
	struct buf text = { 0 };
	size_t n = 0;

	for (; *form != '\0'; form++) {
		if (*form != '$')
			buf_putc(&text, *form);
		else if (n < NELEM(fills) && fills[n] != NULL)
			buf_puts(&text, fills[n++]);
	}
	text_copy(out, cap, buf_text(&text));
	buf_done(&text);
}
