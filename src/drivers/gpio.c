/* gpio.c - the codec of the lines of a GPIO chip
 *
 * Source: Linux Documentation/userspace-api/gpio/chardev.rst. The thread behind it speaks with the kernel (io/gpio_lines.h).
 *
 * What a point is stands in the form of the question: address a hash of the line (a write must be to the line that is read),
 * space its debounce time in ms, order its polarity and bias, key its number or name.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "drivers/common.h"
#include "drivers/local.h"

extern const struct codec codec_gpio;

#define NAME_BYTES 31   /* GPIO_MAX_NAME_SIZE, with its end */
#define LINES_MAX 65535 /* more than any chip has */
#define DEBOUNCE_MAX (1 * NS_PER_S)
#define TOGETHER 8 /* lines of one question */

enum point_opt { PT_LINE, PT_ACTIVE, PT_BIAS, PT_DEBOUNCE };
enum { BIAS_AS_IS, BIAS_UP, BIAS_DOWN, BIAS_NONE };

#define ORDER_LOW 1u
#define ORDER_BIAS(order) ((unsigned)(order) >> 1)

static const char *const actives[] = { "high", "low", NULL };
static const char *const biases[] = { "as-is", "pull-up", "pull-down", "disabled", NULL };

static const struct opt no_opts[] = { { 0 } };

static const struct opt point_opts[] = {
	{ "line", OPT_TEXT, 0, 0, NULL, OPT_NEEDED,
		"number of the line on its chip, from 0, or its name" },
	{ "active", OPT_CHOICE, 0, 0, actives, 0,
		"high, or low: the line is on while it is low; default high" },
	{ "bias", OPT_CHOICE, 0, 0, biases, 0,
		"as-is, pull-up, pull-down or disabled, for inputs; default as-is" },
	{ "debounce", OPT_SPAN, 0, DEBOUNCE_MAX, NULL, 0,
		"for inputs: how long a new level lasts before it counts, in whole ms" },
	{ 0 },
};

static int
gpio_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	const char *line = v->text[PT_LINE];
	int64_t number;

	if (line == NULL || line[0] == '\0' || strlen(line) > NAME_BYTES ||
		strchr(line, '\n') != NULL)
		return err_set(err, ERR_CONF, PT_LINE,
			"a line has a number or a name of 1 to %d bytes; 'gpioinfo' lists them",
			NAME_BYTES);
	if (text_to_int(line, &number) &&
		(number < 0 || number > LINES_MAX || strspn(line, "0123456789") < strlen(line)))
		return err_set(err, ERR_CONF, PT_LINE,
			"lines are counted from 0 on their chip; write for example line: 17");
	if (v->num[PT_DEBOUNCE] % NS_PER_MS != 0)
		return err_set(err, ERR_CONF, PT_DEBOUNCE,
			"the kernel is told whole milliseconds here; write for example 5 ms");
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.space = (uint16_t)(v->num[PT_DEBOUNCE] / NS_PER_MS),
		.address = (uint32_t)text_hash(line, strlen(line)),
		.count = 1,
		.order = (uint8_t)(v->num[PT_ACTIVE] | v->num[PT_BIAS] << 1),
		.bit = CODEC_BIT_NONE,
		.value = VALUE_BOOL,
		.write_space = 0,
		.write_address = (uint32_t)text_hash(line, strlen(line)),
		.key = line,
	};
	return 0;
}

/* "get <direction><polarity><bias> <debounce> <line>": direction i, or - for a line that may be an output: it is not touched. */
static bool
put_get(struct request *req, const struct point *pt)
{
	static const char bias[] = { '-', 'u', 'd', 'n' };

	return local_put(req, "get %c%c%c %u %s\n", pt->write_space < 0 ? 'i' : '-',
		pt->order & ORDER_LOW ? 'l' : 'h', bias[ORDER_BIAS(pt->order) % NELEM(bias)],
		pt->space, pt->key);
}

static int
gpio_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		struct request *last = made > 0 ? &out[made - 1] : NULL;

		if (last != NULL && last->n < TOGETHER &&
			pts[last->first].every_ns == pts[i].every_ns && put_get(last, &pts[i])) {
			last->n++;
			last->count++;
			continue;
		}
		if (made == max)
			break;
		out[made] = (struct request){
			.kind = REQUEST_READ, .n = 1, .first = (uint32_t)i, .count = 1
		};
		if (!put_get(&out[made++], &pts[i]))
			break;
	}
	return (int)made;
}

static int
gpio_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	if (pt->write_address != pt->address)
		return err_set(err, ERR_CONF, 0, "it is another line than the one that is read");
	if (ORDER_BIAS(pt->order) != BIAS_AS_IS || pt->space != 0)
		return err_set(err, ERR_CONF, 0, "an output has neither bias nor debounce");
	*out = (struct request){ .kind = REQUEST_WRITE, .count = 1 };
	if (!local_put(out, "set %c %d %s\n", pt->order & ORDER_LOW ? 'l' : 'h', v.i != 0, pt->key))
		return err_set(err, ERR_CONF, 0, "the line's name is too long");
	return 0;
}

static void
gpio_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	if (req->count > 1)
		snprintf(out, cap, "read %u lines", req->count);
	else
		snprintf(out, cap, "%.*s", (int)(req->n_write > 0 ? req->n_write - 1u : 0u),
			(const char *)req->write);
}

static int
gpio_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	return local_encode(req, NULL, tag, out, cap, err);
}

/* ---- answers: a line for each: "0", "1", "missing", "many", "error <errno>" ---- */

struct verdict {
	enum quality quality;
	unsigned code;
	bool is_on;
};

static bool
next_verdict(const char **at, const char *end, struct verdict *out)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	size_t n = stop == NULL ? 0 : (size_t)(stop - *at);
	char word[24];
	int64_t code;

	if (n == 0 || n >= sizeof(word))
		return false;
	memcpy(word, *at, n);
	word[n] = '\0';
	*at = stop + 1;
	*out = (struct verdict){ .quality = Q_GOOD, .is_on = word[0] == '1' };
	if (strcmp(word, "0") == 0 || strcmp(word, "1") == 0)
		return true;
	if (strcmp(word, "missing") == 0)
		out->quality = Q_MISSING;
	else if (strcmp(word, "many") == 0)
		out->quality = Q_BAD_ADDRESS;
	else if (strncmp(word, "error ", 6) == 0 && text_to_int(word + 6, &code) && code > 0 &&
		 code <= UINT16_MAX) {
		out->quality = Q_DEVICE_FAILED;
		out->code = (unsigned)code;
	} else
		return false;
	return true;
}

/* What was written has been read back. */
static int
decode_write(
	const struct request *req, const struct verdict *v, struct readings *out, struct err *err)
{
	bool wanted = req->n_write > 6 && req->write[6] == '1'; /* "set h 1 " */

	if (v->quality != Q_GOOD)
		return common_refuse(out, v->quality, REFUSED_ALL, v->code, err,
			"the kernel does not give the line: error %u", v->code);
	if (v->is_on != wanted)
		return common_refuse(out, Q_DEVICE_FAILED, REFUSED_ALL, 0, err,
			"the line is held at the other level");
	return 0;
}

static int
gpio_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	const char *at = (const char *)frame + LOCAL_HEAD, *end = (const char *)frame + n;
	struct verdict v;
	size_t lines = 0;

	for (size_t i = LOCAL_HEAD; i < n; i++)
		lines += frame[i] == '\n';
	if (n <= LOCAL_HEAD || lines != req->count)
		return err_set(err, DECODE_BAD, 0, "another number of lines than asked for");
	if (req->kind == REQUEST_WRITE)
		return next_verdict(&at, end, &v) ? decode_write(req, &v, out, err)
						  : err_set(err, DECODE_BAD, 0, "no verdict");
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		if (!next_verdict(&at, end, &v))
			return err_set(err, DECODE_BAD, 0, "no level");
		out->at[out->n++] = (struct reading){ .at = req->first + i,
			.quality = (uint16_t)v.quality,
			.code = (uint16_t)v.code,
			.v.i = v.is_on };
	}
	return 0;
}

const struct codec codec_gpio = {
	.name = "gpio",
	.help = "digital lines of a GPIO chip of this computer",
	.opts = no_opts,
	.point_opts = point_opts,
	.wires = CODEC_GPIO,
	.has_tag = true,
	.point = gpio_point,
	.plan = gpio_plan,
	.write = gpio_write,
	.describe = gpio_describe,
	.encode = gpio_encode,
	.cut = local_cut,
	.match = local_match,
	.decode = gpio_decode,
};
