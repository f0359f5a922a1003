/* image_builder_inside.h - what the files that build images share */
#ifndef SIMULATION_IMAGE_BUILDER_INSIDE_H
#define SIMULATION_IMAGE_BUILDER_INSIDE_H

#include "image_builder.h"

#include "base/buf.h"

struct image_builder {
	struct image head;
	struct buf links, instruments, presets, points, channels, choices, twins, code, strings;
	struct buf outputs, loops, safe_states, safe_lines, trips, interlocks;
	struct {
		uint8_t type; /* VALUE_CHOICE, VALUE_BOOL; 0: as its point */
		uint32_t first_choice, n_choices;
		bool is_write_only;
		bool is_set;
	} next;                      /* output */
	uint32_t words[STATE_KINDS]; /* first choice of a state + 1; 0: not yet there */
};

/* Element i of a table that grows in `table`. */
#define AT(table, type, i) ((type *)(void *)(table)->data + (i))
#define COUNT(table, type) ((uint32_t)((table)->n / sizeof(type)))

_Noreturn void image_builder_give_up(const char *what, const char *which);
uint32_t image_builder_string(struct image_builder *b, const char *text);
uint32_t image_builder_put_channel(
	struct image_builder *b, struct image_channel *ch, const char *name);

#endif
