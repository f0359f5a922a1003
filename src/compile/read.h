/* read.h - values out of the tree, by the type that the schema gives them
 *
 * Each reader reports what is wrong at the node's place and returns false, NULL or nothing then; its output is not touched.
 * A node of NULL stands for a key that was left out: the row's default is taken.
 */
#ifndef COMPILE_READ_H
#define COMPILE_READ_H

#include "compile/bench.h"

/* Find the rows of a table in a map: found[row] for each key that is there and usable, NULL for the others. Reports
 * unknown keys, those of later versions, missing ones, keys without a value and expressions that YAML has split.
 * `opts` (may be NULL): further keys, the options of a codec, put into found_opts. False when a key that is not in found[]
 * may have been meant: it is misspelled, or its value is not there. */
bool read_keys(struct bench *b, const struct node *map, const struct key *table,
	const struct opt *opts, const struct node **found, const struct node **found_opts);

/* True when the node is of this kind; reports it otherwise, naming what belongs there. */
bool read_is(struct bench *b, const struct node *n, enum node_kind kind, const char *wanted);

/* A single value as text, NULL when it is none. */
const char *read_text(struct bench *b, const struct node *n);

/* A name (text_is_name) in a value or, for children of a map, in the key. */
bool read_name(struct bench *b, const char *text, struct place at, const char *what);

bool read_span(struct bench *b, const struct node *n, const struct key *row, int64_t *out);
bool read_int(struct bench *b, const struct node *n, const struct key *row, int64_t *out);
/* One of the row's words, NULL when that was reported. */
const char *read_word(struct bench *b, const struct node *n, const struct key *row);
bool read_bool(struct bench *b, const struct node *n, bool *out);
bool read_constant(struct bench *b, const struct node *n, double *out);

/* A number in the unit of the channel, or with a unit of the same dimension; is_difference: 5 K for a channel in degC. While
 * the channel's unit is open, only the form is looked at, and `out` is the bare number. */
bool read_quantity(struct bench *b, const struct node *n, const struct bench_channel *ch,
	bool is_difference, double *out);

/* "20 K/min" as number and unit; the unit is empty when there is none. False: it does not begin with a number. */
bool read_split(const char *text, double *out_number, const char **out_unit);

/* True when a quantity is written without a unit. */
bool read_is_bare(const struct node *n);

/* The two items of a list; reports lists of another length. */
bool read_pair(struct bench *b, const struct node *n, const struct node *out[2]);

/* The options of a codec from found_opts[] into vals; all problems are reported. */
bool read_opts(struct bench *b, const struct node *map, const struct opt *opts,
	const struct node *const *found_opts, struct optvals *out);

/* `key: {secret: NAME}`; *out is its number as of OPT_SECRET. Among made-up secrets a text is one itself: *out_value. */
bool secrets_read(struct bench *b, const struct node *n, const char *key, int64_t *out,
	const char **out_value);
/* The same of a process that is not the controller: a data base, a server that takes messages. */
void secrets_read_apart(struct bench *b, const struct node *n, const char *key, int64_t *out);
/* Does no member of a query in the text carry a key or password? It is told when one does; has_key_query: there is such a key. */
bool secrets_are_absent(
	struct bench *b, const struct node *n, const char *text, bool has_key_query);

/* "; did you mean 'x'?" or "": only while errors are still shown. out: 96 bytes. */
void read_suggest(struct bench *b, const struct names *names, const char *word, char *out);

#endif
