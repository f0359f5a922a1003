/* seq_tool.h - `mbc sequence`: one file of the sequence language, without a bench */
#ifndef COMPILE_SEQ_TOOL_H
#define COMPILE_SEQ_TOOL_H

#include "base/buf.h"

/* word: format, json, lines (JSON that tells the lines, too) or text. What comes of the file is appended to out. Exit code: 0 good, 1 the file is wrong (told on standard
 * error), 2 the system failed. is_check, of format: out stays empty, and the code is 1 when the file is not in its one form. */
int seq_tool(const char *word, const char *path, bool is_check, struct buf *out);

#endif
