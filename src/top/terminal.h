/* terminal.h - what kind of terminal this is */
#ifndef TOP_TERMINAL_H
#define TOP_TERMINAL_H

#include <stdbool.h>

/* One of this name ($TERM) can be cleared, and the place of what is written chosen; "dumb" cannot, and one that nobody knows. */
bool terminal_can_place(const char *name);

#endif
