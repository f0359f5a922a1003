/* store_rig.h - stores whose samples are known: three channels, sample k of each the same whenever it is asked for */
#ifndef UNIT_STORE_RIG_H
#define UNIT_STORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history/store.h"

extern char rig_dir[64]; /* of the test that runs */

int rig_make_dir(void **state);
int rig_remove_dir(void **state);

struct store *rig_open(const char *dir, uint64_t file_max);

/* Sample k of channel i (0, 1, 2; its id is 10 + i): the same whenever it is asked for. */
void rig_sample(uint32_t i, uint64_t k, struct sample *out);

/* Called behind each commit. */
typedef void (*rig_fn)(uint64_t k);

/* Samples from .. to of all channels, some a commit. */
void rig_write(struct store *s, uint64_t from, uint64_t to, unsigned a_commit, rig_fn committed);

/* The reader gives samples 0 .. n-1 of each channel, in their order, and nothing else. */
void rig_check(const char *dir, uint64_t n);

#endif
