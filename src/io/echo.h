/* echo.h - a terminal that does not show what is typed, for passwords and passphrases */
#ifndef IO_ECHO_H
#define IO_ECHO_H

#include <stdbool.h>

/* From now on nothing that is typed on standard input is shown; false: that is no terminal. A signal that ends the program gives the echo back first. */
bool echo_off(void);
void echo_on(void); /* as it was, of the terminal and of signals */

#endif
