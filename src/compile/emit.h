/* emit.h - what the files that write the image share */
#ifndef COMPILE_EMIT_H
#define COMPILE_EMIT_H

#include "compile/bench.h"

struct emit {
	struct bench *b;
	struct buf *out;
	size_t start;       /* of the image in `out` */
	struct names texts; /* text to its offset */
	struct buf strings;
};

/* Offset of a text in the string table; the same text is there once. */
uint32_t emit_text(struct emit *e, const char *s);

/* A table of n rows, which the caller puts into e->out behind it. */
struct image_table emit_table(struct emit *e, uint32_t n);

/* What is written, and what safe means. */
void emit_protection(struct emit *e, struct image *img);

/* Parts of patterns, gases, calibrations, the lock. */
void emit_kinds(struct emit *e, struct image *img);

void emit_sequences(struct emit *e, struct image *img);

/* Trips, interlocks, alarms and rules. */
void emit_conditions(struct emit *e, struct image *img);

/* Who is told, and how. */
void emit_notices(struct emit *e, struct image *img);

/* Signs of life, and what happens when power was lost. */
void emit_power(struct emit *e, struct image *img);

#endif
