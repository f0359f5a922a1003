/* crc.h - CRC-32C: are these the bytes that were written? */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include "base/defs.h"

/* Of n bytes; before: 0, or the CRC of what stands in front of them. */
uint32_t crc32c(uint32_t before, const void *bytes, size_t n);

#endif
