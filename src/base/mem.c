/* mem.c - memory that is there or ends the process */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static void *
there(void *p)
{
	if (p == NULL) {
		log_err("memory: none left; give this machine more or the bench fewer channels");
		_exit(2);
	}
	return p;
}

void *
mem_zero(size_t n, size_t size)
{
	return there(calloc(n == 0 ? 1 : n, size));
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	return there(reallocarray(p, n == 0 ? 1 : n, size));
}

char *
mem_text(const char *text)
{
	return there(strdup(text));
}

char *
mem_text_n(const char *text, size_t n)
{
	char *copy = mem_zero(n + 1, 1);

	memcpy(copy, text, n);
	return copy;
}
