/* system_files.h - reading this computer's files and counters for the `system` codec
 *
 * Request: a path and a newline ("/proc/stat\n", "statvfs:/var\n"). Answer: "<path> ok\n" and the content, at most 4000
 * bytes of it; or "<path> missing\n", "<path> error <errno>\n".
 */
#ifndef IO_SYSTEM_FILES_H
#define IO_SYSTEM_FILES_H

#include "base/defs.h"

#define SYSTEM_FILES_CONTENT 4000

/* Blocks as long as the kernel does. out: room for the request and SYSTEM_FILES_CONTENT + 40 bytes. Returns its length. */
size_t system_files_answer(const uint8_t *request, size_t n, uint8_t *out);

#endif
