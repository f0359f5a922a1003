/* words.h - what mbc top says, in each language: the rows of words.def */
#ifndef TOP_WORDS_H
#define TOP_WORDS_H

#include <stddef.h>

#include "msg/language.h"

enum word {
#define WORD(name, en, fr) W_##name,
#define STATE(token, en, fr)
#include "top/words.def"
#undef WORD
#undef STATE
	WORDS
};

const char *word(enum language language, enum word w);

/* A word that the controller keeps for a state ("latched_unacknowledged"), for people; one that is not in the table stays as it is. */
const char *word_state(enum language language, const char *token);

/* `form` with its dollars in turn filled by these (NULL: no more), cut to fit. */
void words_fill(char *out, size_t cap, const char *form, const char *one, const char *two,
	const char *three);

#endif
