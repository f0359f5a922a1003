/* exchanges.h - questions and answers that prove an instrument file */
#ifndef COMPILE_EXCHANGES_H
#define COMPILE_EXCHANGES_H

#include "compile/bench.h"

/* Go through one exchange of a file with an instrument that was made of it; reports what is not as it stands there. */
void exchanges_run(struct bench *b, const struct bench_instrument *ins, const struct node *n);

#endif
