/* mem.h - memory that is there or ends the process
 *
 * Out of memory ends the process and its supervisor starts it again. Sizes that come from outside are
 * checked by the caller before they get here.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_zero(size_t n, size_t size);          /* n zeroed elements; caller frees with free() */
void *mem_grow(void *p, size_t n, size_t size); /* realloc to n elements */
char *mem_text(const char *text);               /* a copy */
char *mem_text_n(const char *text, size_t n);   /* a copy of the first n bytes, with a NUL */

#endif
