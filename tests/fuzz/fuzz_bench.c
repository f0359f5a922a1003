/* fuzz_bench.c - any bytes through the whole compile process */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "compile/compile.h"
#include "compile/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets a token after some syntax errors; the process that uses it ends then. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfyaml";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_open;
	struct buf image = { 0 }, merged = { 0 };
	struct bench b;
	struct err err;

	if (!is_open && units_open(&err) < 0)
		__builtin_trap();
	is_open = true;
	bench_init(&b, "fuzz.yaml");
	if (compile_bytes(&b, (const char *)data, size, &image, &merged, &err) == ERR_IO &&
		b.diag.n_errors == 0)
		__builtin_trap(); /* the image did not pass its own check */
	bench_done(&b);
	buf_done(&image);
	buf_done(&merged);
	return 0;
}
