/* fuzz_tail.c - any bytes as what came with a commit: refused, or samples that come back from a blob of our own
 *
 * An odd first byte: the rest is packed first, so that what stands inside is reached.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "history/tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
	struct tail *again;
	size_t n;
	uint64_t sum;
};

static void
see(void *ctx, uint32_t channel, enum value_type type, const struct sample *s)
{
	struct seen *seen = ctx;

	seen->n++;
	seen->sum += channel + (uint64_t)type + (uint64_t)s->stamp_ns + s->v.u + s->quality +
		     s->code + strlen(s->text);
	if (seen->again != NULL && channel < 4096 && tail_count(seen->again) < TAIL_SAMPLES_MAX)
		tail_add(seen->again, channel, type, s);
}

static size_t
pack(const uint8_t *data, size_t n, uint8_t *out, size_t cap)
{
	size_t packed;

	out[0] = 'T';
	out[1] = 1;
	packed = ZSTD_compress(out + 2, cap - 2, data, n, 1);
	if (ZSTD_isError(packed))
		abort();
	return 2 + packed;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct tail *reader, *writer;
	static uint8_t packed[1 << 17];
	struct seen first = { 0 }, second = { 0 };
	struct buf blob = { 0 };

	if (reader == NULL) {
		reader = tail_new();
		writer = tail_new();
	}
	if (n > 0 && n < 1 << 16 && data[0] % 2 == 1) {
		n = pack(data + 1, n - 1, packed, sizeof(packed));
		data = packed;
	}
	first.again = writer;
	if (tail_read(reader, data, n, UINT32_MAX, see, &first, NULL) == 0 &&
		tail_count(writer) == first.n) {
		tail_take(writer, &blob);
		if (tail_read(reader, (const uint8_t *)blob.data, blob.n, UINT32_MAX, see, &second,
			    NULL) < 0 ||
			second.n != first.n)
			abort();
	} else {
		tail_take(writer, &blob);
	}
	buf_done(&blob);
	return 0;
}
