/* terminal.c - what kind of terminal this is: apart, since <term.h> defines words such as `lines` and `tone` */
#include "top/terminal.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool
terminal_can_place(const char *name)
{
	bool can;
	int code;

	if (setupterm(name, STDOUT_FILENO, &code) == ERR)
		return false;
	can = cursor_address != NULL && clear_screen != NULL;
	del_curterm(cur_term); /* newterm() makes its own */
	return can;
}
