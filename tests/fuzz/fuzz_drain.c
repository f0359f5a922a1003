/* fuzz_drain.c - any bytes as a place in a history: refused, or the same place again when it is said */
#include <stdlib.h>
#include <string.h>

#include "history/drain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct drain *d;
	struct buf a = { 0 }, b = { 0 };
	struct err err;

	if (d == NULL)
		d = drain_open("/proc/self/fdinfo", &err); /* a folder without a history */
	if (d == NULL)
		abort();
	if (drain_goto(d, data, n, &err) < 0)
		return 0;
	drain_place(d, &a);
	if (drain_goto(d, a.data, a.n, &err) < 0)
		abort();
	drain_place(d, &b);
	if (a.n != b.n || memcmp(a.data, b.data, a.n) != 0)
		abort();
	buf_done(&a);
	buf_done(&b);
	return 0;
}
