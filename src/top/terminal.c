/* terminal.c - what kind of terminal this is: apart, since <term.h> defines words such as `lines` and `tone` */
#include "top/terminal.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool
terminal_can_place(const char *name)
{
	int code;

	if (setupterm(name, STDOUT_FILENO, &code) == ERR)
		return false;
	return cursor_address != NULL && clear_screen != NULL;
}
