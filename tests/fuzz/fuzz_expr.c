/* fuzz_expr.c - any text as an expression; what is taken must be a sound program that runs */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/expr.h"
#include "model/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct unit degc = { { [UNIT_TEMPERATURE] = 1 }, 1, 273.15, true };
static const struct unit kelvin = { { [UNIT_TEMPERATURE] = 1 }, 1, 0, false };

static int
env_unit(void *ctx, const char *text, struct unit *out, struct err *err)
{
	if (strlen(text) > 8)
		return err_set(err, ERR_CONF, 0, "unknown unit; shorten it");
	*out = text[0] == 'd' ? degc : text[0] == 'K' ? kelvin : unit_second;
	return 0;
}

static const double numbers[5] = { 1, -2, 3e5, 0, 5 };

/* T is a point, L a list, P a constant, t a truth, c a choice, x a text, all others differences. */
static int
env_name(void *ctx, const char *name, struct expr_name *out, struct err *err)
{
	uint32_t channel = (uint32_t)name[strlen(name) - 1] & 127;
	enum expr_kind kind = name[0] == 't'   ? EXPR_TRUTH
			      : name[0] == 'c' ? EXPR_CHOICE
			      : name[0] == 'x' ? EXPR_TEXT
					       : EXPR_NUMBER;

	*out = (struct expr_name){ .kind = kind,
		.channel = channel,
		.unit = name[0] == 'T' ? degc : kelvin,
		.unit_text = "K",
		.choices = "",
		.n_items = name[0] == 'L' && kind == EXPR_NUMBER ? 1 + (127 - channel) % 5 : 0,
		.values = name[0] == 'L' || name[0] == 'P' ? numbers : NULL,
		.is_const = name[0] == 'P' };
	return name[0] == 'z' ? err_set(err, ERR_CONF, 0, "unknown channel; correct it") : 0;
}

static int
env_choice(void *ctx, const void *choices, const char *word, int64_t *out, struct err *err)
{
	*out = word[0];
	return 0;
}

static void
load(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	*out = (double)channel - 64;
	*out_quality = channel % 5;
	*out_stamp_ns = channel;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct expr_env env = { .ctx = NULL,
		.unit = env_unit,
		.name = env_name,
		.choice = env_choice,
		.has_last = true,
		.has_step = true };
	static struct expr_cell cells[62 * EXPR_OPS_MAX]; /* as many as a window takes */
	struct expr_input input = { .load = load, .now_ns = 1000, .cells = cells };
	static struct expr e;
	struct expr_result r;
	struct err err;
	int column = 0;
	char *source = mem_text_n((const char *)data, n);

	if (expr_parse(source, &env, &e, &column, &err) != 0) {
		if (column < 1 || (size_t)column > strlen(source) + 1 ||
			strstr(err.msg, "; ") == NULL)
			abort();
	} else {
		if (!expr_is_sound(e.ops, e.n, 128, e.n_cells))
			abort();
		memset(cells, 0, sizeof(cells));
		expr_run(e.ops, e.n, &input, &r);
		input.now_ns += 5 * NS_PER_S;
		expr_run(e.ops, e.n, &input, &r);
		if (e.kind == EXPR_NUMBER && expr_convert(&e, &kelvin, "K", NULL) == 0 &&
			!expr_is_sound(e.ops, e.n, 128, e.n_cells))
			abort();
	}
	free(source);
	return 0;
}
