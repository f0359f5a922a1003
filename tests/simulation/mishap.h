/* mishap.h - what befalls the answers of simulated instruments, one thing at a time */
#ifndef SIMULATION_MISHAP_H
#define SIMULATION_MISHAP_H

#include "base/defs.h"

enum { MISHAP_BLOCKS = 1, MISHAP_ALTERS = 2, MISHAP_WRITES = 4 };

enum mishap {
#define MISHAP(name, word, deals, help) MISHAP_##name,
#include "mishap.def"
#undef MISHAP
	MISHAPS
};

struct scene;
struct question;

const char *mishap_word(enum mishap kind);
unsigned mishap_deals(enum mishap kind);

/* In how many forms can it befall what is on this scene? 0: not at all. */
unsigned mishap_forms(struct scene *s, enum mishap kind);
void mishap_begin(struct scene *s, enum mishap kind, unsigned form);
void mishap_end(struct scene *s);
/* Between questions: what comes by itself. When to be called again. */
int64_t mishap_time(struct scene *s);
/* Does this question reach the instrument? */
bool mishap_passes(struct scene *s, const struct question *q);
/* The instrument's answer[0..n), n 0: it has none: what of it gets onto the wire, and when. There is room for n + MISHAP_ROOM bytes.
 * When the last of them arrives, NEVER: none does. */
int64_t mishap_speak(struct scene *s, const struct question *q, uint8_t *answer, size_t n);

#define MISHAP_ROOM 32768

#endif
