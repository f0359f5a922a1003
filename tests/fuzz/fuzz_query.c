/* fuzz_query.c - addresses of requests: paths, percent signs, parameters */
#include <stdlib.h>

#include "base/mem.h"
#include "serve/asks.h"
#include "serve/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct target target;
	char *uri = mem_text_n((const char *)data, n);
	struct err err;

	if (target_parse(uri, &target, &err) < 0 && err.msg[0] == '\0')
		abort();
	asks_xml(uri);
	asks_gzip(uri);
	asks_here(uri);
	free(uri);
	return 0;
}
