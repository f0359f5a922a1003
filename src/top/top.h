/* top.h - what is looked at, and what a person chose to see of it. Pure: board, image and time come in. */
#ifndef TOP_TOP_H
#define TOP_TOP_H

#include "board/board.h"
#include "model/expr.h"
#include "model/image.h"
#include "msg/language.h"
#include "top/columns.h"
#include "top/frame.h"

#define TOP_FILTER 64
#define TOP_NAME 160                  /* of a channel */
#define TOP_LOOK_NS (250 * NS_PER_MS) /* the board is looked at, and drawn, at most so often */
#define TOP_SORT_NS NS_PER_S          /* rows change their places at most so often */
#define TOP_RATE_NS (2 * NS_PER_S)    /* answers of instruments are counted over this */
#define TOP_NOTE_NS (10 * NS_PER_S)   /* what happened is told for so long */

enum top_sort { SORT_BENCH, SORT_NAME, SORT_AGE, SORT_CHANGE, SORTS };
enum top_page { PAGE_TABLE, PAGE_ALARMS, PAGE_TRIPS, PAGE_INSTRUMENTS, PAGE_CHANNEL, PAGE_HELP };

/* A channel as it was at the last look. */
struct top_row {
	uint32_t target, working, valve; /* channels about it; IMAGE_NONE */
	uint32_t output;                 /* of the image; IMAGE_NONE */
	uint32_t group; /* as the page has them: 0 bench, 1 instruments, 2 states, 3 mbc */
	uint16_t quality;
	int8_t alarm; /* state of the worst alarm whose condition reads it, -1: not known; of use with has_alarm */
	bool has_alarm;      /* and that is not normal */
	bool was_seen, fits; /* fits: the filter */
	union value v;
	uint64_t text; /* hash */
	int64_t stamp_ns;
	int64_t changed_ns; /* of value or quality, since it is looked at; 0: not seen yet */
};

/* A channel that tells the state of something, and its place in the image (IMAGE_NONE: not known). */
struct top_state {
	uint32_t channel, place;
};

struct top_states {
	struct top_state *at;
	uint32_t n;
};

struct top_rate {
	uint64_t answers;
	int64_t since_ns;
	double rate_hz; /* below 0: not known yet */
};

struct top {
	/* what is chosen */
	enum language language;
	enum top_page page;
	enum top_sort sort;
	bool only_problems, is_typing, is_over;
	char filter[TOP_FILTER];
	uint32_t first, chosen; /* in `order`: the first line shown, and the one that keys act on */
	uint32_t list_first;    /* the first line shown of another page */
	uint32_t list_lines;    /* that it has, as it was drawn last */
	uint32_t room;          /* lines of rows on the terminal, as it was drawn last */
	char name[TOP_NAME];    /* of the chosen channel: it stays chosen when rows move */
	/* what is looked at */
	const struct board *board; /* NULL: none was had yet */
	const struct image *image; /* of the same version; NULL: not known */
	const char *trouble;       /* why there is no newer board; NULL: nothing was asked */
	struct board_info info;
	struct board_heart heart;
	int64_t now_ns, sorted_ns, began_ns;
	bool is_alive;
	struct top_row *rows;     /* [channel] */
	uint32_t *sorted, *order; /* channels: all, and those that are shown */
	uint32_t n_order, n_bad, n_uncertain;
	struct top_states alarms, trips, safes;
	int widths[COLUMNS]; /* cells of what does not change; of use with has_widths */
	bool has_widths;
	struct top_rate *rates; /* [instrument] */
	char note[160];
	int64_t note_until_ns;
};

/* Another board, or another image of the same one; both stay the caller's, until the next call or top_done(). */
void top_take(struct top *t, const struct board *board, const struct image *image, int64_t now_ns);
void top_done(struct top *t);

/* The operations of a condition of the image; *n their number. */
const struct expr_op *top_ops(const struct top *t, const struct image_cond *c, uint32_t *n);

/* Look at all values as of now. */
void top_look(struct top *t, int64_t now_ns);

/* Choose what is shown, after a look or a key. */
void top_choose(struct top *t);

bool top_sort_parse(const char *word, enum top_sort *out);
const char *top_sort_word(enum top_sort sort);

/* Tell something for a while. */
void top_note(struct top *t, const char *text);

/* A character (Unicode), or one of these. */
enum top_key {
	KEY_OF_UP = 0x200000,
	KEY_OF_DOWN,
	KEY_OF_PAGE_UP,
	KEY_OF_PAGE_DOWN,
	KEY_OF_HOME,
	KEY_OF_END,
	KEY_OF_ENTER,
	KEY_OF_ESCAPE,
	KEY_OF_ERASE,
};

void top_key(struct top *t, uint32_t key);

/* All of it into a frame that was cleared for its size. */
void top_draw(struct top *t, struct frame *f);

#endif
