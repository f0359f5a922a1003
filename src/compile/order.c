/* order.c - an order of evaluation in which each channel comes after those that it reads
 *
 * A walk in depth over an own stack, since ten thousand channels may follow one another. What an expression reads is
 * found by its words before it is parsed: the parser needs the types of what it reads, which are known only then. A word
 * behind a number is a unit; a word that happens to be a channel and is not read costs nothing but an earlier place.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

enum state { STATE_NEW, STATE_OPEN, STATE_DONE };

struct step {
	uint32_t channel;
	const char *at; /* the rest of what it reads that has not been looked at */
};

struct walk {
	struct bench *b;
	uint8_t *state; /* [channel] */
	struct step *stack;
	size_t depth;
	uint32_t n_order;
};

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The next channel that is named in an expression; advances *at. */
static uint32_t
next_name(const struct bench *b, const char *scope, const char **at)
{
	const char *p = *at;
	bool after_number = false;

	while (*p != '\0') {
		char word[200];
		size_t n = 0;

		if (!is_word(*p)) {
			after_number = after_number && *p == ' ';
			p++;
			continue;
		}
		while (is_word(p[n]) || (p[n] == '.' && is_word(p[n + 1])))
			n++;
		if (p[0] >= '0' && p[0] <= '9') {
			after_number = true;
			p += n;
			continue;
		}
		if (!after_number && n < sizeof(word)) {
			uint32_t found;

			memcpy(word, p, n);
			word[n] = '\0';
			found = channels_find(b, scope, word);
			if (found != NAMES_NONE) {
				*at = p + n;
				return found;
			}
		}
		after_number = false;
		p += n;
	}
	*at = p;
	return NAMES_NONE;
}

/* What a channel reads, one after the other. */
static uint32_t
next_source(const struct bench *b, struct step *s)
{
	const struct bench_channel *ch = &b->channels.at[s->channel];
	const struct node *read = ch->keys == NULL ? NULL : ch->keys[CH_READ];
	const char *text;

	if (ch->source_kind == SOURCE_STATE) {
		/* It reads nothing, and takes its type and unit from there. */
		text = s->at;
		s->at = NULL;
		return text == NULL ? NAMES_NONE : ch->like;
	}
	if (read == NULL)
		return next_name(b, ch->scope, &s->at);
	text = s->at;
	s->at = "";
	return *text == '\0' ? NAMES_NONE : names_get(&b->channel_names, text);
}

/* The text in which a channel names what it reads. */
static const char *
source_text(const struct bench_channel *ch)
{
	const struct node *n;

	if (ch->keys == NULL)
		return "";
	n = ch->keys[CH_READ] != NULL ? ch->keys[CH_READ] : ch->keys[BENCH_CH_CALC];
	return n == NULL || n->kind != NODE_SCALAR ? "" : n->text;
}

static void
report_circle(struct walk *w, uint32_t closing)
{
	struct bench *b = w->b;
	struct buf text = { 0 };
	size_t first = w->depth;

	/* One circle a knot of channels is enough: thousands that read one another make millions of them. */
	if (b->channels.at[w->stack[first - 1].channel].is_in_circle &&
		b->channels.at[closing].is_in_circle)
		return;
	while (first > 0 && w->stack[first - 1].channel != closing)
		first--;
	first -= first > 0;
	for (size_t i = first; i < w->depth; i++) {
		b->channels.at[w->stack[i].channel].is_in_circle = true;
		if (i - first < 6)
			buf_printf(&text, "%s -> ", b->channels.at[w->stack[i].channel].name);
		else if (i - first == 6)
			buf_puts(&text, "... -> ");
	}
	buf_puts(&text, b->channels.at[closing].name);
	diag_error(&b->diag, b->channels.at[closing].at, "circle",
		"channels read one another in a circle: %s; let one of them read something else",
		buf_text(&text));
	buf_done(&text);
}

static void
open_channel(struct walk *w, uint32_t channel)
{
	w->state[channel] = STATE_OPEN;
	w->stack[w->depth].channel = channel;
	w->stack[w->depth].at = source_text(&w->b->channels.at[channel]);
	w->depth++;
}

static void
close_channel(struct walk *w, uint32_t channel)
{
	w->state[channel] = STATE_DONE;
	w->b->channels.at[channel].place = w->n_order;
	w->b->order[w->n_order++] = channel;
	w->depth--;
}

void
order_channels(struct bench *b)
{
	struct walk w = { .b = b };

	w.state = mem_zero(b->channels.n, 1);
	w.stack = mem_zero(b->channels.n, sizeof(*w.stack));
	b->order = mem_zero(b->channels.n, sizeof(*b->order));
	for (uint32_t i = 0; i < b->channels.n; i++) {
		if (w.state[i] == STATE_NEW)
			open_channel(&w, i);
		while (w.depth > 0) {
			struct step *top = &w.stack[w.depth - 1];
			uint32_t source = next_source(b, top);

			if (source == NAMES_NONE)
				close_channel(&w, top->channel);
			else if (w.state[source] == STATE_NEW)
				open_channel(&w, source);
			else if (w.state[source] == STATE_OPEN)
				report_circle(&w, source);
		}
	}
	free(w.state);
	free(w.stack);
}
