/* fuzz_codecs.c - any bytes as what devices say: the first byte chooses codec and wire, the others come over it */
#include <stdlib.h>
#include <string.h>

#include "drivers/http_key.h"
#include "link/codec.h"

extern const struct codec codec_brooks_s, codec_helper, codec_http, codec_k8090, codec_propar,
	codec_propar_ascii, codec_text, codec_tpg;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define POINTS 4
#define REQUESTS 8

/* Of codec_text: a question of several values with a checksum, an error, what comes unasked. */
static const struct message messages[] = {
	{ .name = "q",
		.send = "q",
		.receive = "A{a:num} {t:text}[ {b:num}]{=sum8hex}",
		.text = "",
		.lines = 1 },
	{ .name = "r",
		.send = "{v:num.2}",
		.receive = "{c:u16}{#u8}{d:f32}",
		.text = "",
		.length = 7,
		.lines = 1 },
	{ .name = "",
		.send = "",
		.receive = "E{code:int}",
		.text = "",
		.role = MESSAGE_ERROR,
		.lines = 1 },
	{ .name = "e",
		.send = "",
		.receive = "!{e:hex}",
		.text = "",
		.role = MESSAGE_EVENT,
		.lines = 1 },
};

/* The first byte of the corpus counts on their places: new ones go behind. */
static const struct codec *const codecs[] = { &codec_http, &codec_k8090, &codec_propar, &codec_tpg,
	&codec_helper, &codec_brooks_s, &codec_brooks_s, &codec_text, &codec_propar_ascii };
static const struct instrument instruments[] = { { .opts.text = { NULL, "/service/method" } },
	{ .name = "" }, { .opts.num = { 128 } }, { .name = "" }, { .name = "" },
	{ .opts = { .num = { 0, OPT_ABSENT, 2, OPT_ABSENT }, .text = { "0A64010203" } } },
	{ .opts = { .num = { OPT_ABSENT, 0, 2, OPT_ABSENT }, .text = { NULL, "20902001" } } },
	{ .opts = { .num = { OPT_ABSENT, OPT_ABSENT, OPT_ABSENT, OPT_ABSENT, OPT_ABSENT, OPT_ABSENT,
			    OPT_ABSENT, OPT_ABSENT },
		  .text = { "<02>", "\\r|<03>", NULL, NULL, NULL, "<10>" } },
		.messages = messages,
		.n_messages = NELEM(messages) },
	{ .opts.num = { 128 } } };

/* Of codec_brooks_s: what and gas, or command, at and type, with a length or a unit code. */
#define BROOKS(...)                                                                                \
	{                                                                                          \
		.num = { __VA_ARGS__ }                                                             \
	}
#define NONE OPT_ABSENT

#define HTTP_NUMS(type)                                                                            \
	{                                                                                          \
		[HTTP_PT_TYPE] = type, [HTTP_PT_METHOD] = OPT_ABSENT,                              \
		[HTTP_PT_DIGITS] = OPT_ABSENT                                                      \
	}

/* In the order of the codecs' options: what to read of each. */
static const struct optvals wanted[][POINTS] = {
	{ { .num = HTTP_NUMS(HTTP_NUMBER), .text = { "Sum" } },
		{ .num = HTTP_NUMS(HTTP_TEXT), .text = { "Sum" } },
		{ .num = HTTP_NUMS(HTTP_BOOL),
			.text = { [HTTP_PT_XML] = "Response/Terminal/Value" } },
		{ .num = HTTP_NUMS(HTTP_TEXT), .text = { [HTTP_PT_JSON] = "T" } } },
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
	{ BROOKS(0, NONE, NONE, NONE, NONE, NONE, 171), BROOKS(8, 1, NONE, NONE, NONE, NONE, NONE),
		BROOKS(4, NONE, NONE, NONE, NONE, NONE, NONE),
		BROOKS(NONE, NONE, 1, 1, 5, NONE, NONE) },
	{ BROOKS(4, NONE, NONE, NONE, NONE, NONE, NONE),
		BROOKS(9, NONE, NONE, NONE, NONE, NONE, NONE),
		BROOKS(5, NONE, NONE, NONE, NONE, NONE, NONE),
		BROOKS(NONE, NONE, 12, 0, 3, NONE, NONE) },
	{ { .num = { 0, 0, NONE }, .text = { "q", "a" } },
		{ .num = { 0, 0, NONE }, .text = { "q", "t" } },
		{ .num = { 0, 0, 3 }, .text = { "r", "c" } },
		{ .num = { 0, 0, NONE }, .text = { "e", "e" } } },
	{ { .num = { 1, 0, 4 } }, { .num = { 1, 1, 5 } }, { .num = { 1, 2, 6 } },
		{ .num = { 113, 3, 6 } } },
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
	/* As http_key.h has it: a collection. */
	static const char put_back[] = "c0\x1F\x1F\x1F\x1F\x1FT\x1F";
	static const struct learned nothing;
	static char keys[POINTS][CODEC_KEY_MAX];
	const struct codec *c = codecs[which];
	const struct instrument *ins = &instruments[which];
	size_t n;

	for (size_t i = 0; i < POINTS; i++) {
		struct optvals vals = wanted[which][i];

		vals.room = keys[i];
		pts[i] = (struct point){ .every_ns = 1 };
		demand(c->point(ins, &vals, &pts[i], NULL) == 0);
		pts[i].write_key = which == 0 ? put_back : NULL;
	}
	n = (size_t)c->plan(ins, pts, POINTS, &nothing, out, POINTS);
	if (c->write != NULL)
		n += c->write(ins, &pts[0], (union value){ .i = 1 }, NULL, NULL, &out[n], NULL) ==
		     0;
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
	static uint8_t scratch[4096];
	struct vars vars = { .identity = "", .scratch = scratch, .n_scratch = sizeof(scratch) };
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
