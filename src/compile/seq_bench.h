/* seq_bench.h - the sequences of a bench, checked with it */
#ifndef COMPILE_SEQ_BENCH_H
#define COMPILE_SEQ_BENCH_H

#include "compile/bench.h"

#define SEQ_FILES_MAX 500 /* of a bench */

#define SEQ_BENCH_STEPS (-1) /* it holds steps alone, which are checked where they are included */

/* Check one file with a bench that has no errors; what is wrong is printed. Exit code: 0 good, 1 wrong, 2 the system failed;
 * SEQ_BENCH_STEPS. */
int seq_bench_file(struct bench *b, const char *path);

/* All of `sequences:` that are good become programs of the image. Those that are not are left out, and that is told: a bench is not kept
 * from protecting itself by a sequence. */
void seq_bench_take(struct bench *b);

/* The same of one file, wherever it stands: the image has this sequence alone. Whether it is good is in b->programs->code. */
void seq_bench_take_one(struct bench *b, const char *path);

/* Is it the name of a sequence? */
bool seq_bench_is_name(const char *path);

/* The bench that the folder of a sequence belongs to: bench.yaml there, or one or two folders above. False: there is none. */
bool seq_bench_find(const char *path, char *out, size_t cap);

#endif
