/* frame.h - what stands on a terminal: lines of spans, in cells. Pure.
 *
 * Every text that goes to a terminal goes through here, and loses what a terminal would obey or what would hide another text:
 * control characters, marks of direction, bytes that are no UTF-8. Where the terminal has no UTF-8, only ASCII is left.
 */
#ifndef TOP_FRAME_H
#define TOP_FRAME_H

#include "base/buf.h"

/* Never the only mark: a sign or a word stands beside each. */
enum tone { TONE_PLAIN, TONE_STRONG, TONE_FAINT, TONE_WARN, TONE_BAD, TONE_BAR, TONE_PICK, TONES };

struct span {
	size_t off, n; /* in text */
	int line, col, cols;
	enum tone tone;
};

struct frame {
	int width, height; /* in cells; height 0: as many lines as there are */
	bool is_utf8;
	struct buf text;
	struct span *at; /* in the order of lines and columns */
	size_t n, cap;
};

void frame_clear(struct frame *f, int width, int height);
void frame_done(struct frame *f);

/* One text into at most `cols` cells from `col` on, cut with a mark where it is longer; what lies outside of the frame is left out. Returns the
 * cells that it took. */
int frame_put(struct frame *f, int line, int col, int cols, enum tone tone, const char *text);
/* The same, at the right end of these cells. */
int frame_put_right(struct frame *f, int line, int col, int cols, enum tone tone, const char *text);
/* A whole line of one tone, to its end. */
void frame_put_bar(struct frame *f, int line, enum tone tone, const char *text);
/* Broken at blanks into as many lines as it takes; returns their number. */
int frame_put_wrapped(struct frame *f, int line, int col, enum tone tone, const char *text);

/* A text as it would stand there, and its cells. */
int frame_fit(struct buf *out, bool is_utf8, int cols, const char *text);
/* How many cells a text takes. */
int frame_cols(bool is_utf8, const char *text);

/* All lines as text, without blanks at their ends. */
void frame_print(const struct frame *f, struct buf *out);

#endif
