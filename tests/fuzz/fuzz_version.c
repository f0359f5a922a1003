/* fuzz_version.c - a version of a bench file, what a compiler says that it read, and the difference of two texts */
#include <stdlib.h>
#include <string.h>

#include "base/diff.h"
#include "base/mem.h"
#include "msg/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *
copy_of(const uint8_t *data, size_t n)
{
	char *copy = mem_zero(n + 1, 1);

	memcpy(copy, data, n);
	return copy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct version v;
	struct buf paths = { 0 }, out = { 0 };
	char *copy = copy_of(data, n);

	if (version_read(&v, copy, n, NULL) == 0)
		version_write(&out, &v);
	free(copy);
	buf_clear(&out);
	copy = copy_of(data, n);
	if (version_collect(&v, "/home/lab", copy, n, &paths, NULL) == 0) {
		v.time = v.bench = v.path = v.who = "x";
		version_write(&out, &v);
		if (version_read(&v, out.data, out.n, NULL) < 0)
			abort();
	}
	free(copy);
	buf_clear(&out);
	diff_unified(
		&out, "a", (const char *)data, n / 2, "b", (const char *)data + n / 2, n - n / 2);
	buf_done(&out);
	buf_done(&paths);
	return 0;
}
