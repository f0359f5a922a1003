/* fuzz_local.c - any bytes as what this computer's own files and lines say: the first byte chooses who hears them */
#include <stdlib.h>
#include <string.h>

#include "link/codec.h"

extern const struct codec codec_folder, codec_gpio;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define POINTS 3
#define REQUESTS 4

/* Options of `folder` in their order: hwmon, iio, device, newest, complete_after, max_age, header, open_end, separator, ... */
#define NUMS(...)                                                                                  \
	.opts.num = {                                                                              \
		[4] = 0, [5] = 3600 * NS_PER_S, [6] = OPT_ABSENT, [8] = OPT_ABSENT, __VA_ARGS__    \
	}
#define POINT(...)                                                                                 \
	{                                                                                          \
		.num = { [5] = OPT_ABSENT, [6] = OPT_ABSENT, [7] = OPT_ABSENT }, .text = {         \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct hearer {
	const struct codec *codec;
	struct instrument ins;
	struct optvals wanted[POINTS];
} hearers[] = {
	{ &codec_folder, { NUMS([9] = 0) },
		{ POINT("a"), { .num = { [5] = OPT_ABSENT, [6] = -1, [7] = 1 }, .text = { "a" } },
			POINT("b") } },
	{ &codec_folder, { NUMS([9] = 0) },
		{ POINT(NULL, "28-0123456789ab"), POINT(NULL, "28-0123456789ab"),
			POINT(NULL, "28-0123456789ac") } },
	{ &codec_folder, { NUMS([9] = 0), .opts.text = { "chip" } },
		{ POINT([2] = "temp1_input"), POINT([2] = "in0"), POINT([2] = "in1") } },
	{ &codec_folder, { NUMS([9] = 0), .opts.text = { NULL, "chip" } },
		{ POINT([3] = "voltage0"), POINT([3] = "voltage1"), POINT([3] = "temp") } },
	{ &codec_folder, { NUMS([9] = 0), .opts.text = { [3] = "*" } },
		{ POINT([4] = "CO"),
			{ .num = { [5] = 0, [6] = OPT_ABSENT, [7] = 1 }, .text = { [4] = "2" } },
			{ .num = { [5] = 3, [6] = OPT_ABSENT, [7] = OPT_ABSENT } } } },
	{ &codec_folder, { NUMS([9] = 1, [10] = 1), .opts.text = { [3] = "*" } },
		{ POINT([4] = "CO"), { .num = { [5] = 1, [6] = OPT_ABSENT, [7] = OPT_ABSENT } },
			{ .num = { [5] = 2, [6] = OPT_ABSENT, [7] = OPT_ABSENT } } } },
	{ &codec_gpio, { .name = "" },
		{ { .text = { "1" } }, { .num = { 0, 1, 1, NS_PER_MS }, .text = { "READY" } },
			{ .text = { "3" } } } },
};

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

static void
check_readings(const struct readings *out)
{
	demand(out->n <= out->cap);
	for (size_t i = 0; i < out->n; i++) {
		demand(out->at[i].at < POINTS && out->at[i].quality < Q_COUNT);
		demand(out->at[i].text == NULL || strlen(out->at[i].text) <= VALUE_TEXT_MAX);
	}
}

static void
hear(const struct hearer *h, const uint8_t *frame, size_t n)
{
	static const struct learned nothing;
	struct point pts[POINTS];
	struct request req[REQUESTS + 1];
	struct reading at[POINTS];
	struct vars vars = { .identity = "" };
	int made;

	for (size_t i = 0; i < POINTS; i++) {
		pts[i] = (struct point){ .every_ns = 1 };
		demand(h->codec->point(&h->ins, &h->wanted[i], &pts[i], NULL) == 0);
	}
	made = h->codec->plan(&h->ins, pts, POINTS, &nothing, req, REQUESTS);
	demand(made > 0);
	if (h->codec->write != NULL)
		made += h->codec->write(&h->ins, &pts[0], (union value){ .i = 1 }, NULL, NULL,
				&req[made], NULL) == 0;
	for (int i = 0; i < 2 * made; i++) { /* twice: what was heard before matters */
		struct readings out = { .at = at, .cap = POINTS };

		(void)h->codec->match(&h->ins, &req[i % made], 1, frame, n);
		(void)h->codec->decode(&h->ins, &req[i % made], pts, frame, n, &vars, &out, NULL);
		check_readings(&out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *exact;

	if (n < 1 || n - 1 > CODEC_FRAME_MAX)
		return 0;
	exact = malloc(n - 1 > 0 ? n - 1 : 1); /* a sanitizer sees a read beyond its end */
	demand(exact != NULL);
	memcpy(exact, data + 1, n - 1);
	hear(&hearers[data[0] % NELEM(hearers)], exact, n - 1);
	free(exact);
	return 0;
}
