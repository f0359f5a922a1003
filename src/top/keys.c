/* keys.c - what a key does: nothing but to choose what is shown */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "top/top.h"
#include "top/words.h"

void
top_note(struct top *t, const char *text)
{
	text_copy(t->note, sizeof(t->note), text);
	t->note_until_ns = t->now_ns + TOP_NOTE_NS;
}

static void
chose_otherwise(struct top *t)
{
	t->sorted_ns = 0;
	top_choose(t);
}

/* Up or down by so many lines, in the table or in what is open in its place. */
static void
move(struct top *t, int64_t by)
{
	bool in_table = t->page == PAGE_TABLE;
	uint32_t last = in_table ? (t->n_order == 0 ? 0 : t->n_order - 1)
				 : (t->list_lines > t->room ? t->list_lines - t->room : 0);
	uint32_t *place = in_table ? &t->chosen : &t->list_first;

	*place = (uint32_t)MAX(0, MIN((int64_t)*place + by, (int64_t)last));
	if (!in_table || t->n_order == 0)
		return;
	text_copy(t->name, sizeof(t->name),
		board_text(t->board, board_channel(t->board, t->order[*place])->name));
}

static bool
is_move(struct top *t, uint32_t key)
{
	int64_t page = MAX(1, (int64_t)t->room - 1);

	switch (key) {
	case KEY_OF_UP:
		move(t, -1);
		return true;
	case KEY_OF_DOWN:
		move(t, 1);
		return true;
	case KEY_OF_PAGE_UP:
		move(t, -page);
		return true;
	case KEY_OF_PAGE_DOWN:
		move(t, page);
		return true;
	case KEY_OF_HOME:
		move(t, INT32_MIN);
		return true;
	case KEY_OF_END:
		move(t, INT32_MAX);
		return true;
	default:
		return false;
	}
}

static void
erase_last(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
		n--;
	text[n > 0 ? n - 1 : 0] = '\0';
}

static void
add_letter(char *text, uint32_t rune)
{
	size_t n = strlen(text);
	char *at = text + n;

	if (rune < 0x20 || (rune >= 0x7F && rune < 0xA0) || rune >= 0x110000 || n + 5 > TOP_FILTER)
		return;
	if (rune < 0x80) {
		*at++ = (char)rune;
	} else if (rune < 0x800) {
		*at++ = (char)(0xC0 | rune >> 6);
		*at++ = (char)(0x80 | (rune & 0x3F));
	} else if (rune < 0x10000) {
		*at++ = (char)(0xE0 | rune >> 12);
		*at++ = (char)(0x80 | (rune >> 6 & 0x3F));
		*at++ = (char)(0x80 | (rune & 0x3F));
	} else {
		return; /* no name or title of a bench is looked for by such a sign */
	}
	*at = '\0';
}

/* Each letter filters at once. */
static void
type(struct top *t, uint32_t key)
{
	if (key == KEY_OF_ENTER) {
		t->is_typing = false;
		return;
	}
	if (key == KEY_OF_ESCAPE) {
		t->is_typing = false;
		t->filter[0] = '\0';
	} else if (key == KEY_OF_ERASE) {
		erase_last(t->filter);
	} else if (!is_move(t, key)) {
		add_letter(t->filter, key);
	} else {
		return;
	}
	chose_otherwise(t);
}

static void
open_page(struct top *t, enum top_page page)
{
	t->page = t->page == page ? PAGE_TABLE : page;
	t->list_first = 0;
}

void
top_key(struct top *t, uint32_t key)
{
	if (t->is_typing) {
		type(t, key);
		return;
	}
	if (is_move(t, key))
		return;
	switch (key) {
	case 'k':
		move(t, -1);
		break;
	case 'j':
		move(t, 1);
		break;
	case ' ':
		move(t, MAX(1, (int64_t)t->room - 1));
		break;
	case '/':
		t->page = PAGE_TABLE;
		t->is_typing = true;
		break;
	case 'p':
		t->page = PAGE_TABLE;
		t->only_problems = !t->only_problems;
		chose_otherwise(t);
		break;
	case 's':
		t->page = PAGE_TABLE;
		t->sort = (t->sort + 1) % SORTS;
		chose_otherwise(t);
		break;
	case 'a':
		open_page(t, PAGE_ALARMS);
		break;
	case 't':
		open_page(t, PAGE_TRIPS);
		break;
	case 'i':
		open_page(t, PAGE_INSTRUMENTS);
		break;
	case 'h':
	case '?':
		open_page(t, PAGE_HELP);
		break;
	case 'l':
		t->language = t->language == LANGUAGE_EN ? LANGUAGE_FR : LANGUAGE_EN;
		break;
	case KEY_OF_ENTER:
		if (t->page == PAGE_CHANNEL)
			t->page = PAGE_TABLE;
		else if (t->page == PAGE_TABLE && t->n_order > 0)
			open_page(t, PAGE_CHANNEL);
		break;
	case KEY_OF_ESCAPE:
		if (t->page != PAGE_TABLE) {
			t->page = PAGE_TABLE;
		} else if (t->filter[0] != '\0') {
			t->filter[0] = '\0';
			chose_otherwise(t);
		}
		break;
	case 'q':
		t->is_over = true;
		break;
	default:
		break;
	}
}
