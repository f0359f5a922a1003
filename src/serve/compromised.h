/* compromised.h - the hook of a test build: an attacker inside of the data server; nothing of it is in a program that is
 * installed (tests/integration/compromised.c) */
#ifndef SERVE_COMPROMISED_H
#define SERVE_COMPROMISED_H

#include "base/defs.h"

void compromised(int board); /* a descriptor of the board, as the server was handed it */

#endif
