/* screen.h - the terminal: ncurses is called here and nowhere else */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "base/err.h"
#include "top/frame.h"

/* The terminal's characters are UTF-8, by LC_ALL, LC_CTYPE, LANG. Called once, first. */
bool screen_is_utf8(void);

/* Take the terminal: false when it is none, or one that cannot place what is written; then nothing was changed. */
bool screen_open(void);
/* Give it back as it was. May be called again. */
void screen_close(void);

/* Its size now, in cells. */
void screen_size(int *out_width, int *out_height);
/* Show a frame; only what differs from what stands there is sent. */
void screen_show(const struct frame *f);

/* Wait at most so long for a key or a signal. */
void screen_wait(int64_t span_ns);
/* The next key that was pressed (a character, or one of enum top_key): 1; none: 0; the terminal is gone: -1. */
int screen_key(uint32_t *out);

/* The signal that asked for the end; 0: none did. */
int screen_signal(void);

#endif
