/* make.c - laying out a board, once, before anybody sees it */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "board/layout.h"

static uint64_t
round_up(uint64_t n)
{
	return (n + BOARD_LINE - 1) / BOARD_LINE * BOARD_LINE;
}

static uint64_t
power_of_two(uint64_t at_least)
{
	uint64_t n = 1;

	while (n < at_least)
		n *= 2;
	return n;
}

/* Records a second. */
static double
rate_of(const struct image *image, const struct image_channel *c)
{
	const struct image_channel *root = c;
	double more = c->type == VALUE_TEXT ? 3 : 0;

	while (root->source_kind == SOURCE_CHANNEL)
		root = image_channel_at(image, root->source);
	if (root->source_kind == SOURCE_POINT)
		return more +
		       1e9 / (double)MAX(image_point_at(image, root->source)->every_ns, NS_PER_MS);
	if (root->source_kind == SOURCE_CALC)
		return more + 1e9 / (double)MAX(image->tick_ns, NS_PER_MS);
	return more + 1;
}

static uint64_t
records_of(double a_second)
{
	const uint64_t least = (1u << 20) / sizeof(struct tape_record),
		       most = (16u << 20) / sizeof(struct tape_record);

	if (a_second * 60 >= (double)most)
		return most;
	return MAX(least, power_of_two((uint64_t)(a_second * 60)));
}

uint64_t
board_tape_records(const struct image *image)
{
	double a_second = 0;

	for (uint32_t i = 0; i < image->channels.n; i++)
		a_second += rate_of(image, image_channel_at(image, i));
	return records_of(a_second);
}

uint64_t
board_tape_records_public(const struct image *image)
{
	double a_second = 0;

	for (uint32_t i = 0; i < image->shown_channels.n; i++)
		a_second += rate_of(image, image_channel_at(image, image_shown_at(image, i)));
	return records_of(a_second);
}

/* How an instrument is reached, for people. */
static void
describe_address(char *out, size_t cap, const struct image *img, const struct image_instrument *ins)
{
	const struct image_link *link = image_link_at(img, ins->link);
	const char *host = image_text(img, link->host);
	char words[IMAGE_WORDS_BYTES_MAX + 1], *at[IMAGE_WORDS_MAX + 2];

	if (link->kind == LINK_SYSTEM)
		snprintf(out, cap, "this computer");
	else if (link->kind == LINK_HELPER) /* its arguments are for nobody to see */
		snprintf(out, cap, "helper %s",
			image_words(host, words, at) > 0 ? at[1] : "without words");
	else if (link->kind == LINK_FOLDER || link->kind == LINK_GPIO)
		snprintf(out, cap, "%s %s", link->kind == LINK_FOLDER ? "folder" : "gpio", host);
	else if (image_kind_is_usb(link->kind))
		snprintf(out, cap, "%s %s", link->kind == LINK_HID ? "hid" : "usbtmc", host);
	else if (link->kind == LINK_SERIAL)
		snprintf(out, cap, "serial %s, %u %u%c%u", host, link->line.baud, link->line.bits,
			link->line.parity, link->line.stop);
	else
		snprintf(out, cap, strchr(host, ':') != NULL ? "%s [%s]:%u" : "%s %s:%u",
			link->kind == LINK_UDP ? "udp"
			: link->is_line        ? "rtu"
					       : "tcp",
			host, link->port);
}

/* Texts go one behind the other; the first byte is the empty text. With `at` NULL only their length is counted. */
struct strings {
	char *at;
	uint32_t n;
};

static uint32_t
add_text(struct strings *s, const char *text)
{
	uint32_t off = s->n;

	if (text[0] == '\0')
		return 0;
	if (s->at != NULL)
		memcpy(s->at + off, text, strlen(text) + 1);
	s->n += (uint32_t)strlen(text) + 1;
	return off;
}

static uint32_t
add_image_text(struct strings *s, const struct image *img, uint32_t off)
{
	return add_text(s, image_text(img, off));
}

/* Gases, calibrations and valves: few channels have any. chs as in describe(). */
static void
describe_kinds(struct strings *s, const struct image *img, struct board_channel *chs)
{
	struct board_channel none, *d;

	for (uint32_t i = 0; i < img->gases.n; i++) {
		const struct image_gas *g = image_gas_at(img, i);

		d = chs == NULL ? &none : &chs[g->channel];
		d->gas_factor = g->factor;
		d->gas_calibrated = add_image_text(s, img, g->calibrated);
		d->gas_flowing = add_image_text(s, img, g->flowing);
		d->gas_reference = add_image_text(s, img, g->reference);
	}
	for (uint32_t i = 0; i < img->calibrations.n; i++) {
		const struct image_calibration *k = image_calibration_at(img, i);

		d = chs == NULL ? &none : &chs[k->channel];
		d->raw = k->raw;
		d->calibration_date = add_image_text(s, img, k->date);
		d->calibration_due = add_image_text(s, img, k->due);
		d->calibration_certificate = add_image_text(s, img, k->certificate);
	}
	for (uint32_t i = 0; chs != NULL && i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		if (o->has_valve || o->shutoff != IMAGE_NONE)
			chs[o->channel].valve =
				image_output_at(img, o->has_valve ? o->valve : o->shutoff)->channel;
	}
}

/* Fill the descriptions (or, with chs NULL, only count the strings). */
static void
describe(struct strings *s, const struct image *img, struct board *b, struct board_channel *chs,
	struct board_instrument *inss)
{
	uint32_t cells = 0;

	for (uint32_t i = 0; i < img->channels.n; i++) {
		const struct image_channel *c = image_channel_at(img, i);
		struct board_channel d = {
			.id = c->id,
			.type = c->type,
			.has_range = c->has_range,
			.writable = c->writable,
			.source_kind = c->source_kind,
			.name = add_image_text(s, img, c->name),
			.title = add_image_text(s, img, c->title),
			.unit = add_image_text(s, img, c->unit),
			.instrument = c->instrument,
			.first_choice = c->first_choice,
			.n_choices = c->n_choices,
			.text_cell = c->type == VALUE_TEXT ? cells++ : IMAGE_NONE,
			.confirm = add_image_text(s, img, c->confirm),
			.needs_confirm = c->needs_confirm,
			.min = c->min,
			.max = c->max,
			.stale_ns = c->stale_ns,
			.record = c->record,
			.deadband = c->deadband,
			.min_interval_ns = c->min_interval_ns,
			.keep_ns = c->keep_ns,
			.raw = IMAGE_NONE,
			.valve = IMAGE_NONE,
		};

		if (chs != NULL)
			chs[i] = d;
		if (inss != NULL && c->instrument != IMAGE_NONE)
			inss[c->instrument].n_channels++;
	}
	b->n_cells = cells;
	describe_kinds(s, img, chs);
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);
		char address[300];
		uint32_t name, title, codec;

		describe_address(address, sizeof(address), img, ins);
		name = add_image_text(s, img, ins->name);
		title = add_image_text(s, img, ins->title);
		codec = add_image_text(s, img, ins->codec);
		if (inss == NULL) {
			add_text(s, address);
			continue;
		}
		inss[i].id = ins->id;
		inss[i].name = name;
		inss[i].title = title;
		inss[i].codec = codec;
		inss[i].address = add_text(s, address);
	}
}

/* The same of the public board, with its choices. What is not set here is not for others: ids, which count all that there ever was;
 * instruments, sources, gases, calibrations; what is recorded, and what can be written. */
static void
describe_public(struct strings *s, const struct image *img, struct board *b,
	struct board_channel *chs, struct image_choice *choices)
{
	uint32_t cells = 0, n_choices = 0;

	for (uint32_t i = 0; i < img->shown_channels.n; i++) {
		const struct image_channel *c = image_channel_at(img, image_shown_at(img, i));
		struct board_channel d = {
			.id = i + 1,
			.type = c->type,
			.has_range = c->has_range,
			.source_kind = SOURCE_CHANNEL,
			.name = add_image_text(s, img, c->name),
			.title = add_image_text(s, img, c->title),
			.unit = add_image_text(s, img, c->unit),
			.instrument = IMAGE_NONE,
			.first_choice = n_choices,
			.n_choices = c->n_choices,
			.text_cell = c->type == VALUE_TEXT ? cells++ : IMAGE_NONE,
			.min = c->min,
			.max = c->max,
			.stale_ns = c->stale_ns,
			.raw = IMAGE_NONE,
			.valve = IMAGE_NONE,
		};

		for (uint32_t k = 0; k < c->n_choices; k++, n_choices++) {
			const struct image_choice *from = image_choice_at(img, c->first_choice + k);
			uint32_t word_at = add_image_text(s, img, from->word);

			if (choices != NULL)
				choices[n_choices] = (struct image_choice){ .number = from->number,
					.word = word_at };
		}
		if (chs != NULL)
			chs[i] = d;
	}
	b->n_cells = cells;
	b->n_choices = n_choices;
}

static void
choose(struct strings *s, const struct image *img, struct image_choice *choices)
{
	for (uint32_t i = 0; i < img->choices.n; i++) {
		const struct image_choice *c = image_choice_at(img, i);
		uint32_t text = add_image_text(s, img, c->word);

		if (choices != NULL)
			choices[i] = (struct image_choice){ .number = c->number, .word = text };
	}
}

static uint32_t
title_of(const struct board_setup *setup)
{
	return setup->is_public ? setup->image->shown.title : setup->image->title;
}

/* The header with all offsets. */
static void
plan(const struct board_setup *setup, struct board *out)
{
	const struct image *img = setup->image;
	struct strings s = { .n = 1 };
	uint64_t at = round_up(sizeof(struct board));

	*out = (struct board){
		.magic = BOARD_MAGIC,
		.layout = BOARD_LAYOUT,
		.generation = setup->generation,
		.config_hash = img->hash,
		.tick_ns = img->tick_ns,
		.is_recorded = !img->history.is_off,
		.made_ns = setup->now_ns,
		.n_channels = img->channels.n,
		.n_instruments = img->instruments.n,
		.n_choices = img->choices.n,
		.n_hash = (uint32_t)power_of_two((uint64_t)img->channels.n * 2 + 2),
		.tape_records = setup->tape_records,
		.trace_lines = setup->trace_lines,
	};
	if (setup->is_public) {
		out->config_hash = 0;
		out->is_recorded = 0;
		out->n_channels = img->shown_channels.n;
		out->n_instruments = 0;
		out->n_hash = (uint32_t)power_of_two((uint64_t)out->n_channels * 2 + 2);
		describe_public(&s, img, out, NULL, NULL);
	} else {
		describe(&s, img, out, NULL, NULL);
		choose(&s, img, NULL);
	}
	out->bench = add_image_text(&s, img, img->bench);
	out->title = add_image_text(&s, img, title_of(setup));
	out->n_strings = s.n;
#define SECTION(field, bytes)                                                                      \
	do {                                                                                       \
		out->field = at;                                                                   \
		at = round_up(at + (uint64_t)(bytes));                                             \
	} while (0)
	SECTION(channels, (uint64_t)out->n_channels * sizeof(struct board_channel));
	SECTION(instruments, (uint64_t)out->n_instruments * sizeof(struct board_instrument));
	SECTION(choices, (uint64_t)out->n_choices * sizeof(struct image_choice));
	SECTION(hash, (uint64_t)out->n_hash * sizeof(uint32_t));
	SECTION(strings, out->n_strings);
	SECTION(heart, sizeof(struct board_heart_cell));
	SECTION(states, (uint64_t)out->n_instruments * sizeof(struct board_state_cell));
	SECTION(slots, (uint64_t)out->n_channels * sizeof(struct board_slot));
	SECTION(cells, (uint64_t)out->n_cells * BOARD_CELL_WORDS * 8);
	SECTION(traces, (uint64_t)out->n_instruments * out->trace_lines * TRACE_WORDS * 8);
	SECTION(tape, BOARD_LINE + out->tape_records * sizeof(struct tape_record));
#undef SECTION
	out->size = at;
	if (!setup->is_public)
		text_copy(out->boot_id, sizeof(out->boot_id), setup->boot_id);
}

size_t
board_size(const struct board_setup *setup)
{
	struct board b;

	plan(setup, &b);
	return b.size;
}

static void
fill_hash(struct board *b)
{
	uint32_t *hash = layout_at(b, b->hash);

	for (uint32_t i = 0; i < b->n_hash; i++)
		hash[i] = IMAGE_NONE;
	for (uint32_t i = 0; i < b->n_channels; i++) {
		const char *name = board_text(b, board_channel(b, i)->name);
		uint32_t at = (uint32_t)text_hash(name, strlen(name)) & (b->n_hash - 1);

		while (hash[at] != IMAGE_NONE)
			at = (at + 1) & (b->n_hash - 1);
		hash[at] = i;
	}
}

struct board *
board_make(void *memory, const struct board_setup *setup)
{
	struct board *b = memory;
	struct strings s = { .n = 1 };

	assert((setup->tape_records & (setup->tape_records - 1)) == 0 && setup->trace_lines > 0);
	plan(setup, b);
	s.at = layout_at(b, b->strings);
	if (setup->is_public) {
		describe_public(
			&s, setup->image, b, layout_at(b, b->channels), layout_at(b, b->choices));
	} else {
		describe(&s, setup->image, b, layout_at(b, b->channels),
			layout_at(b, b->instruments));
		choose(&s, setup->image, layout_at(b, b->choices));
	}
	add_image_text(&s, setup->image, setup->image->bench);
	add_image_text(&s, setup->image, title_of(setup));
	fill_hash(b);
	for (uint32_t i = 0; i < b->n_channels; i++) {
		struct board_slot *slot = layout_slot(b, i);

		atomic_store_explicit(&slot->quality,
			image_is_write_only(setup->image,
				setup->is_public ? image_shown_at(setup->image, i) : i)
				? Q_WRITE_ONLY
				: Q_NOT_YET,
			memory_order_relaxed);
		if (board_channel(b, i)->type == VALUE_TEXT)
			atomic_store_explicit(&slot->cell, board_channel(b, i)->text_cell + 1u,
				memory_order_relaxed);
	}
	for (uint32_t i = 0; i < b->n_instruments; i++)
		atomic_store_explicit(&layout_state(b, i)->trace_next, 1, memory_order_relaxed);
	atomic_store_explicit(&layout_tape_head(b)->next, 1, memory_order_release);
	return b;
}
