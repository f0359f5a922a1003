/* import_channels.h - the channels that an import has, their names and types, and what a value of the input is as one of theirs. Pure. */
#ifndef HISTORY_IMPORT_CHANNELS_H
#define HISTORY_IMPORT_CHANNELS_H

#include "history/import_line.h"
#include "history/reader.h"

#define IMPORT_CHANNELS_MAX 10000
#define IMPORT_TEMPLATE                                                                            \
	"{measurement}{tags}{field}" /* what a name is made of when nothing is said */

struct import_channel {
	struct reader_channel ch;
	bool is_there; /* the history has it: its type and unit hold */
	bool is_given; /* this import has a value for it */
	uint64_t n;
	int64_t first_ns, last_ns;
	uint64_t behind; /* values that came in the second pass */
};

struct import_channels {
	struct import_channel *at;
	size_t n, cap;
	uint32_t *cells; /* hash: number + 1; 0 is free */
	size_t n_cells;
};

void import_channels_done(struct import_channels *c);

/* The one with this name; NULL. */
struct import_channel *import_channels_find(const struct import_channels *c, const char *name);
/* A new one; NULL: there are IMPORT_CHANNELS_MAX. Pointers that were given before are no longer good. */
struct import_channel *import_channels_add(struct import_channels *c, const char *name);

/* The name of a field of a point by a template: {measurement}, {field}, {tag:KEY}; {tags}: ".value" for each tag but bench, type, unit; {.field}, and {field}
 * at the end behind something: ".field", nothing for a field `value`. What cannot stand in a name becomes "_". ERR_CONF: it is empty or too long, or
 * the template is wrong. out: 64 bytes. */
int import_name(const char *template, const struct line_point *p, const char *field, char *out,
	struct err *err) MUST_CHECK;

/* The number of a channel that is new: by its name, so that it is the same in each import. */
uint32_t import_id(const char *name);

/* What a new channel becomes by its first value. is_csv: numbers of CSV are floats whatever they look like. */
enum value_type import_type(enum line_kind kind);

/* A value as one of the channel's type, with its quality. ERR_CONF: it is none. */
int import_value(const struct reader_channel *ch, enum line_kind kind, const char *text,
	struct sample *out, struct err *err) MUST_CHECK;

/* The quality that a token names; -1: none. */
int import_quality(const char *token);

/* What a sample adds to the sum by which two sides are compared; in any order. */
uint64_t import_sum(const char *name, enum value_type type, int64_t t_ns, union value v,
	const char *text, unsigned quality);

#endif
