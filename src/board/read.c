/* read.c - the readers' side: any process that has mapped the board read-only */
#include <string.h>

#include "base/text.h"
#include "board/layout.h"

static bool
section_fits(const struct board *b, uint64_t off, uint64_t n, uint64_t size)
{
	return off % BOARD_LINE == 0 && off >= sizeof(*b) && off <= b->size &&
	       n <= (b->size - off) / size;
}

int
board_check(const void *memory, size_t n, const struct board **out, struct err *err)
{
	const struct board *b = memory;

	if (n < sizeof(*b) || b->magic != BOARD_MAGIC)
		return err_set(err, ERR_PROTO, 0, "this is no board of mbc");
	if (b->layout != BOARD_LAYOUT)
		return err_set(err, ERR_PROTO, 0,
			"board of layout %u, this program reads %u; restart all of mbc", b->layout,
			BOARD_LAYOUT);
	if (b->size > n || b->n_channels > IMAGE_CHANNELS_MAX ||
		b->n_instruments > IMAGE_CHANNELS_MAX || b->trace_lines == 0 ||
		b->trace_lines > 4096 || b->tape_records == 0 ||
		b->tape_records > (UINT64_C(1) << 32) ||
		(b->tape_records & (b->tape_records - 1)) != 0 || b->n_hash == 0 ||
		(b->n_hash & (b->n_hash - 1)) != 0 || b->n_strings == 0)
		return err_set(err, ERR_PROTO, 0, "board with impossible sizes");
	if (!section_fits(b, b->channels, b->n_channels, sizeof(struct board_channel)) ||
		!section_fits(
			b, b->instruments, b->n_instruments, sizeof(struct board_instrument)) ||
		!section_fits(b, b->choices, b->n_choices, sizeof(struct image_choice)) ||
		!section_fits(b, b->hash, b->n_hash, sizeof(uint32_t)) ||
		!section_fits(b, b->strings, b->n_strings, 1) ||
		!section_fits(b, b->heart, 1, sizeof(struct board_heart_cell)) ||
		!section_fits(b, b->states, b->n_instruments, sizeof(struct board_state_cell)) ||
		!section_fits(b, b->slots, b->n_channels, sizeof(struct board_slot)) ||
		!section_fits(b, b->cells, b->n_cells, BOARD_CELL_WORDS * 8) ||
		!section_fits(b, b->traces, b->n_instruments * b->trace_lines, TRACE_WORDS * 8) ||
		!section_fits(b, b->tape, b->tape_records + BOARD_LINE / sizeof(struct tape_record),
			sizeof(struct tape_record)))
		return err_set(err, ERR_PROTO, 0, "board with a section outside of it");
	if (*((const char *)memory + b->strings + b->n_strings - 1) != '\0')
		return err_set(err, ERR_PROTO, 0, "board with an open text");
	*out = b;
	return 0;
}

void
board_info(const struct board *b, struct board_info *out)
{
	*out = (struct board_info){
		.bench = board_text(b, b->bench),
		.title = board_text(b, b->title),
		.n_channels = b->n_channels,
		.n_instruments = b->n_instruments,
		.generation = b->generation,
		.config_hash = b->config_hash,
		.tick_ns = b->tick_ns,
		.made_ns = b->made_ns,
		.is_recorded = b->is_recorded != 0,
	};
	memcpy(out->boot_id, b->boot_id, sizeof(out->boot_id));
	out->boot_id[sizeof(out->boot_id) - 1] = '\0';
}

const struct board_channel *
board_channel(const struct board *b, uint32_t channel)
{
	return (const struct board_channel *)layout_at(b, b->channels) + channel;
}

const struct board_instrument *
board_instrument(const struct board *b, uint32_t instrument)
{
	return (const struct board_instrument *)layout_at(b, b->instruments) + instrument;
}

const char *
board_text(const struct board *b, uint32_t off)
{
	return (const char *)layout_at(b, b->strings) + (off < b->n_strings ? off : 0);
}

uint32_t
board_find(const struct board *b, const char *name)
{
	const uint32_t *hash = layout_at(b, b->hash);
	uint32_t at = (uint32_t)text_hash(name, strlen(name)) & (b->n_hash - 1);

	for (uint32_t tries = 0; tries < b->n_hash && hash[at] < b->n_channels; tries++) {
		if (strcmp(board_text(b, board_channel(b, hash[at])->name), name) == 0)
			return hash[at];
		at = (at + 1) & (b->n_hash - 1);
	}
	return IMAGE_NONE;
}

uint32_t
board_find_instrument(const struct board *b, const char *name)
{
	for (uint32_t i = 0; i < b->n_instruments; i++)
		if (strcmp(board_text(b, board_instrument(b, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

const char *
board_choice(const struct board *b, const struct board_channel *ch, int64_t number)
{
	const struct image_choice *choices = layout_at(b, b->choices);

	if (ch->first_choice > b->n_choices || ch->n_choices > b->n_choices - ch->first_choice)
		return NULL;
	for (uint32_t i = 0; i < ch->n_choices; i++)
		if (choices[ch->first_choice + i].number == number)
			return board_text(b, choices[ch->first_choice + i].word);
	return NULL;
}

const struct image_choice *
board_choice_row(const struct board *b, const struct board_channel *ch, uint32_t i)
{
	const struct image_choice *choices = layout_at(b, b->choices);

	if (i >= ch->n_choices || ch->first_choice >= b->n_choices ||
		i >= b->n_choices - ch->first_choice)
		return NULL;
	return &choices[ch->first_choice + i];
}

const char *
board_choice_at(const struct board *b, const struct board_channel *ch, uint32_t i)
{
	const struct image_choice *row = board_choice_row(b, ch, i);

	return row == NULL ? NULL : board_text(b, row->word);
}

void
board_read(const struct board *b, uint32_t channel, struct sample *out)
{
	const struct board_channel *ch = board_channel(b, channel);
	const struct board_slot *slot = layout_slot(b, channel);

	for (int tries = 0; tries < BOARD_TRIES; tries++) {
		uint32_t begun = layout_begin(&slot->seq);
		uint32_t quality = atomic_load_explicit(&slot->quality, memory_order_relaxed);

		out->quality = (uint16_t)quality;
		out->code = (uint16_t)(quality >> 16);
		out->stamp_ns = (int64_t)atomic_load_explicit(&slot->stamp, memory_order_relaxed);
		out->v.u = atomic_load_explicit(&slot->value, memory_order_relaxed);
		out->text[0] = '\0';
		if (ch->type == VALUE_TEXT && ch->text_cell < b->n_cells)
			layout_load(out->text, layout_cell(b, ch->text_cell), BOARD_CELL_WORDS);
		if (layout_held(&slot->seq, begun)) {
			out->text[VALUE_TEXT_MAX] = '\0';
			return;
		}
	}
	*out = (struct sample){ .quality = Q_UNREADABLE };
}

void
board_read_heart(const struct board *b, struct board_heart *out)
{
	const struct board_heart_cell *h = layout_at(b, b->heart);

	for (int tries = 0; tries < BOARD_TRIES; tries++) {
		uint32_t begun = layout_begin(&h->seq);

		layout_load(out, h->words, HEART_WORDS);
		if (layout_held(&h->seq, begun)) {
			out->tick = atomic_load_explicit(&h->tick, memory_order_acquire);
			return;
		}
	}
	/* The writer died between two words: what is known for sure is that it is not alive. */
	*out = (struct board_heart){ .stamp_ns = 0 };
}

void
board_read_state(const struct board *b, uint32_t instrument, struct board_state *out)
{
	const struct board_state_cell *cell = layout_state(b, instrument);

	for (int tries = 0; tries < BOARD_TRIES; tries++) {
		uint32_t begun = layout_begin(&cell->seq);

		layout_load(out, cell->words, STATE_WORDS);
		if (layout_held(&cell->seq, begun)) {
			out->identity[sizeof(out->identity) - 1] = '\0';
			return;
		}
	}
	*out = (struct board_state){ .state = INSTRUMENT_DOWN, .reason = Q_UNREADABLE };
}

static bool
heart_is_alive(const struct board *b, const struct board_heart *heart, int64_t now_ns)
{
	return heart->stamp_ns != 0 &&
	       now_ns - heart->stamp_ns <= MAX(2 * NS_PER_S, 20 * b->tick_ns);
}

bool
board_is_alive(const struct board *b, int64_t now_ns)
{
	struct board_heart heart;

	board_read_heart(b, &heart);
	return heart_is_alive(b, &heart, now_ns);
}

void
board_look(const struct board *b, uint32_t channel, int64_t now_ns, struct sample *out)
{
	const struct board_channel *ch = board_channel(b, channel);

	board_read(b, channel, out);
	if (!board_is_alive(b, now_ns))
		out->quality = Q_CONTROLLER_DOWN;
	else if (ch->stale_ns > 0 && now_ns - out->stamp_ns > ch->stale_ns &&
		 !quality_is_bad(out->quality))
		out->quality = Q_STALE;
}

int64_t
board_wall(const struct board *b, int64_t stamp_ns)
{
	struct board_heart heart;

	board_read_heart(b, &heart);
	return stamp_ns + heart.wall_ns;
}

uint64_t
board_tape_head(const struct board *b)
{
	return atomic_load_explicit(&layout_tape_head(b)->next, memory_order_acquire);
}

/* Copy the record whose number word is `mark`; false when another stands there. */
static bool
load_record(const struct board *b, uint64_t seq, uint64_t mark, uint64_t out[3])
{
	const struct tape_record *r = layout_tape(b, seq);

	if (atomic_load_explicit(&r->seq, memory_order_acquire) != (seq | mark))
		return false;
	out[0] = atomic_load_explicit(&r->stamp, memory_order_relaxed);
	out[1] = atomic_load_explicit(&r->what, memory_order_relaxed);
	out[2] = atomic_load_explicit(&r->value, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&r->seq, memory_order_relaxed) == (seq | mark);
}

/* The rest of a text whose start was overwritten. */
static bool
is_rest(const struct board *b, uint64_t seq)
{
	return atomic_load_explicit(&layout_tape(b, seq)->seq, memory_order_acquire) ==
	       (seq | TAPE_MORE);
}

/* One change, with the records that carry its text. Returns how many records it took; 0: overwritten meanwhile. */
static uint64_t
load_change(const struct board *b, uint64_t seq, struct board_change *out)
{
	uint64_t w[3], text[BOARD_CELL_WORDS + 1] = { 0 }, taken = 1;
	size_t n;

	if (!load_record(b, seq, 0, w) ||
		((uint32_t)w[1] >= b->n_channels && (uint32_t)w[1] != BOARD_TAPE_EVENT &&
			(uint32_t)w[1] != BOARD_TAPE_CLOCK))
		return 0;
	out->seq = seq;
	out->channel = (uint32_t)w[1];
	out->sample = (struct sample){
		.stamp_ns = (int64_t)w[0],
		.v.u = w[2],
		.quality = (uint16_t)(w[1] >> 32),
		.code = (uint16_t)(w[1] >> 48),
	};
	if (out->channel == BOARD_TAPE_EVENT) /* its bytes are asked for by who wants them */
		return 1 + (MIN(w[2], (uint64_t)EVENT_BYTES) + TAPE_TEXT - 1) / TAPE_TEXT;
	if (out->channel >= b->n_channels || board_channel(b, out->channel)->type != VALUE_TEXT)
		return 1;
	n = (size_t)MIN(w[2], (uint64_t)VALUE_TEXT_MAX);
	for (size_t i = 0; i * 8 < n; i += TAPE_TEXT / 8) {
		if (!load_record(b, seq + taken, TAPE_MORE, text + i))
			return 0;
		taken++;
	}
	memcpy(out->sample.text, text, n);
	out->sample.v.u = 0;
	return taken;
}

size_t
board_tape_read(const struct board *b, uint64_t *place, struct board_change *out, size_t max,
	uint64_t *out_missed)
{
	uint64_t head = board_tape_head(b), missed = 0, keep, next;
	size_t n = 0;

	if (*place == 0 || *place > head)
		*place = head;
	while (n < max && *place < head) {
		uint64_t taken = load_change(b, *place, &out[n]);

		if (taken > 0) {
			*place += taken;
			n++;
			continue;
		}
		if (n > 0)
			break; /* hand over what is whole; the gap shows at the next call */
		if (is_rest(b, *place)) {
			*place += 1;
			missed++;
			continue;
		}
		/* Overwritten: go on with an eighth of the ring as a lead over the writer. */
		head = board_tape_head(b);
		keep = b->tape_records - b->tape_records / 8;
		next = MAX(head > keep ? head - keep : 1, *place + 1);
		missed += next - *place;
		*place = next;
	}
	*out_missed = missed;
	return n;
}

size_t
board_tape_event_read(
	const struct board *b, const struct board_change *change, uint8_t out[EVENT_BYTES])
{
	uint64_t words[TAPE_EVENT_WORDS], seq = change->seq + 1;
	size_t n = (size_t)MIN(change->sample.v.u, (uint64_t)EVENT_BYTES);

	if (change->channel != BOARD_TAPE_EVENT)
		return 0;
	for (size_t i = 0; i * 8 < n; i += TAPE_TEXT / 8)
		if (!load_record(b, seq++, TAPE_MORE, words + i))
			return 0;
	memcpy(out, words, n);
	return n;
}

size_t
board_read_trace(const struct board *b, uint32_t instrument, struct board_trace *out, size_t max)
{
	uint64_t next = atomic_load_explicit(
		&layout_state(b, instrument)->trace_next, memory_order_acquire);
	uint64_t keep = MIN(b->trace_lines, (uint64_t)max);
	uint64_t seq = next > keep ? next - keep : 1;
	size_t n = 0;

	for (; seq < next; seq++) {
		const word *at = layout_trace(b, instrument, seq);

		if (atomic_load_explicit(&at[0], memory_order_acquire) != seq)
			continue;
		layout_load(&out[n], at, TRACE_WORDS);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&at[0], memory_order_relaxed) != seq)
			continue;
		out[n].meaning[sizeof(out[n].meaning) - 1] = '\0';
		n++;
	}
	return n;
}

int64_t
board_reply_below(int i)
{
	return (16 * NS_PER_US) << i;
}
