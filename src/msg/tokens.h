/* tokens.h - programs that may ask over HTTP: the file of them. Pure.
 *
 *	NAME SHA256-hex [may=set,ack] [only=N2_*,T_furn] [reads=N2_*] [until=2026-12-31T12:00:00.000Z]
 *
 * A line each, which `mbc token` writes and the gate reads. Without `may` it opens what the bench file opens, with it of that the words that it names; with `only`,
 * of outputs, alarms and sequences those whose names fit one of the patterns ('*' and '?'); behind `until` nothing.
 * With `reads` it sees those channels alone.
 */
#ifndef MSG_TOKENS_H
#define MSG_TOKENS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#define TOKENS_MAX 64
#define TOKENS_NAME 25  /* bytes with the NUL: "token:NAME" is a principal */
#define TOKENS_ONLY 160 /* bytes of all patterns */
#define TOKENS_BYTES_MAX 32768
#define TOKENS_LINE 512 /* bytes of the longest line, with the NUL */

/* What the bench file can open to tokens: serve: {commands: [...]}. The bit of a word is 1 << its place, as in image.commands. */
#define TOKENS_WORDS 6
extern const char *const tokens_words[TOKENS_WORDS + 1]; /* ended by NULL */

struct token {
	char name[TOKENS_NAME];
	uint8_t digest[SHA256_BYTES];
	uint32_t may;            /* bits of words; all: it was not said */
	char only[TOKENS_ONLY];  /* patterns, commas between them; "": any */
	char reads[TOKENS_ONLY]; /* likewise, of what it may see */
	int64_t until_ns;        /* wall time; INT64_MAX: without an end */
};

struct tokens {
	struct token all[TOKENS_MAX];
	size_t n;
};

/* Letters, digits, '-', '_', '.'; at least one. */
bool tokens_name_is_good(const char *name);

/* "set,ack": ERR_CONF with the words that there are. */
int tokens_read_may(const char *text, uint32_t *out, struct err *err) MUST_CHECK;
/* "N2_*,T_furn": letters, digits and "-_.*?" alone. */
int tokens_check_only(const char *text, struct err *err) MUST_CHECK;

/* Read a file of n bytes; blank lines and those with '#' in front are passed over. On ERR_CONF, with the line, `out` has none. */
int tokens_read(struct tokens *out, const char *bytes, size_t n, struct err *err) MUST_CHECK;
void tokens_write(struct buf *out, const struct token *t); /* its line */

/* Who has this token, NULL when nobody has. How long it takes does not depend on how much of it is right. */
const struct token *tokens_find(const struct tokens *t, const char *token);
const struct token *tokens_find_digest(const struct tokens *t, const uint8_t digest[SHA256_BYTES]);

/* The patterns of channels that it may see: "*" for all. Points into the token. */
const char *tokens_reads(const struct token *t);

/* Does a name fit one of the patterns of "N2_*,T_furn"? "" stands for the whole bench, which '*' alone fits. */
bool tokens_only_fits(const char *only, const char *subject);

/* May it ask about this output, alarm or sequence, "" for the whole bench? */
bool tokens_fits(const struct token *t, const char *subject);

#endif
