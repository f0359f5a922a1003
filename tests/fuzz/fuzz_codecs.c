/* fuzz_codecs.c - any bytes as what devices say: the first byte chooses codec and wire, the others come over it */
#include <stdlib.h>
#include <string.h>

#include "link/codec.h"

extern const struct codec codec_http, codec_k8090, codec_propar, codec_tpg, codec_helper;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define POINTS 4
#define REQUESTS 8

static const struct codec *const codecs[] = { &codec_http, &codec_k8090, &codec_propar, &codec_tpg,
	&codec_helper };
static const struct instrument instruments[] = { { .opts.text = { NULL, "/service/method" } },
	{ .name = "" }, { .opts.num = { 128 } }, { .name = "" }, { .name = "" } };

/* In the order of the codecs' options: what to read of each. */
static const struct optvals wanted[][POINTS] = {
	{ { .num = { 0, 0 }, .text = { "Sum" } }, { .num = { 0, 1 }, .text = { "Sum" } },
		{ .num = { 0, 2 }, .text = { "on" } }, { .num = { 0, 1 }, .text = { "T" } } },
	{ { .num = { 1 } }, { .num = { 2 } }, { .num = { 7 } }, { .num = { 8 } } },
	{ { .num = { 1, 0, 4 } }, { .num = { 1, 1, 5 } }, { .num = { 1, 2, 6 } },
		{ .num = { 113, 3, 6 } } },
	{ { .num = { 1, OPT_ABSENT, OPT_ABSENT, OPT_ABSENT } },
		{ .num = { OPT_ABSENT, OPT_ABSENT, OPT_ABSENT, OPT_ABSENT },
			.text = { NULL, "TID" } },
		{ .num = { OPT_ABSENT, OPT_ABSENT, 2, 0 }, .text = { NULL, "TID" } },
		{ .num = { OPT_ABSENT, OPT_ABSENT, 3, 1 }, .text = { NULL, "TID" } } },
	{ { .num = { 0, 0 }, .text = { "T", NULL, "K" } }, { .num = { 0, 1 }, .text = { "T" } },
		{ .num = { 0, 2 }, .text = { "on" } }, { .num = { 0, 3 }, .text = { "T" } } },
};

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

/* All questions of the codec, both steps of each. */
static size_t
questions(unsigned which, struct point pts[POINTS], struct request out[2 * REQUESTS])
{
	static const struct learned nothing;
	const struct codec *c = codecs[which];
	const struct instrument *ins = &instruments[which];
	size_t n;

	for (size_t i = 0; i < POINTS; i++) {
		pts[i] = (struct point){ .every_ns = 1 };
		demand(c->point(ins, &wanted[which][i], &pts[i], NULL) == 0);
	}
	n = (size_t)c->plan(ins, pts, POINTS, &nothing, out, POINTS);
	if (c->write != NULL)
		n += c->write(ins, &pts[0], (union value){ .i = 1 }, NULL, &out[n], NULL) == 0;
	if (c->identify != NULL)
		n += c->identify(ins, &out[n]) > 0;
	for (size_t i = 0; i < n; i++)
		if (c->next != NULL) {
			out[n + i] = out[i];
			out[n + i].step = 1;
		}
	return c->next != NULL ? 2 * n : n;
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
frame_came(unsigned which, const uint8_t *in, size_t n)
{
	const struct codec *c = codecs[which];
	const struct instrument *ins = &instruments[which];
	struct request reqs[2 * REQUESTS];
	struct point pts[POINTS];
	size_t n_reqs = questions(which, pts, reqs);
	struct reading at[POINTS];
	struct vars vars = { .identity = "" };
	uint8_t *exact = malloc(n); /* a sanitizer sees a read beyond its end */

	demand(exact != NULL);
	memcpy(exact, in, n);
	(void)c->match(ins, NULL, 1, exact, n);
	for (size_t i = 0; i < n_reqs; i++) {
		struct readings out = { .at = at, .cap = POINTS };

		(void)c->match(ins, &reqs[i], 1, exact, n);
		(void)c->decode(ins, &reqs[i], pts, exact, n, &vars, &out, NULL);
		check_readings(&out);
	}
	if (c->heard != NULL) {
		struct readings out = { .at = at, .cap = POINTS };

		(void)c->heard(ins, pts, POINTS, exact, n, &vars, &out, NULL);
		check_readings(&out);
	}
	demand(memchr(vars.identity, 0, sizeof(vars.identity)) != NULL);
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned which;
	enum wire wire;
	size_t used = 1;

	if (n == 0)
		return 0;
	which = data[0] % 64 % NELEM(codecs);
	wire = (enum wire)(data[0] / 64 % 3);
	while (used < n) {
		int got =
			codecs[which]->cut(&instruments[which], NULL, data + used, n - used, wire);

		if (got == CUT_MORE)
			break;
		demand(got <= CODEC_FRAME_MAX && (size_t)abs(got) <= n - used);
		if (got > 0)
			frame_came(which, data + used, (size_t)got);
		used += (size_t)abs(got);
	}
	if (n > 1) /* decode() must bear anything */
		frame_came(which, data + 1, MIN(n - 1, (size_t)CODEC_FRAME_MAX));
	return 0;
}
