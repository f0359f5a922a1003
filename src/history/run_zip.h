/* run_zip.h - the files of a run as one archive (zip), in steps and in constant memory */
#ifndef HISTORY_RUN_ZIP_H
#define HISTORY_RUN_ZIP_H

#include "history/run_pack.h"

struct run_zip;

/* pack: taken, also after an error. Its files are in a folder run-N. */
struct run_zip *run_zip_new(struct run_pack *pack, struct err *err) MUST_CHECK;
void run_zip_free(struct run_zip *z);

/* Append a part: 1, or 0 when that was the last one. */
int run_zip_step(struct run_zip *z, struct buf *out, struct err *err) MUST_CHECK;
size_t run_zip_channels(const struct run_zip *z); /* as run_pack_channels() */

#endif
