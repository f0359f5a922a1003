/* folder.c - the codec of files in one folder: 1-Wire, IIO, hwmon, result files of other programs
 *
 * Sources: Linux Documentation/w1/slaves/w1_therm.rst, Documentation/ABI/testing/sysfs-bus-iio,
 * Documentation/hwmon/sysfs-interface.rst.
 *
 *	instrument		points					a request asks for
 *	(no option)		file: NAME, w1: 28-0123456789ab		one file
 *	hwmon: NAME		input: temp1_input			some inputs of the chip of this name, each with its fault
 *	iio: NAME		channel: voltage0			raw, offset and scale of some channels
 *	newest: "*.csv"		column: NAME or number, about: age	the newest file whose name fits
 *
 * encode() sees no points: what a request asks for stands in its write[], put there by plan(). Blocks of an answer come in the
 * order of the points; neighbours with one key share theirs.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "drivers/common.h"
#include "drivers/folder_parts.h"
#include "drivers/local.h"
#include "drivers/table.h"

extern const struct codec codec_folder;

#define NAME_MAX_BYTES 63 /* of a chip */
#define KEY_MAX 120       /* bytes of what names a point: two of them fit into a request */
#define KEYS_MAX 8        /* of one request; each has CONTENT / KEYS_MAX bytes of its answer */
#define TEXTS_MAX 8       /* of one request: struct readings has room for so many */
#define LINE_LAST (-1)

enum point_opt { PT_FILE, PT_W1, PT_INPUT, PT_CHANNEL, PT_COLUMN, PT_ABOUT, PT_LINE, PT_TYPE };

static const char *const separators[] = { "blank", ",", ";", "tab", NULL };
static const char *const decimals[] = { ".", ",", NULL };
static const char *const encodings[] = { "utf-8", "latin-1", NULL };
static const char *const abouts[] = { "value", "age", "modified", "name", NULL };
static const char *const forms[] = { "number", "text", NULL };

static const struct opt opts[] = {
	{ "hwmon", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"a chip of /sys/class/hwmon, by what its file 'name' says" },
	{ "iio", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"a device of /sys/bus/iio/devices, by what its file 'name' says" },
	{ "device", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"of several chips with one name: a folder on the way to it, such as coretemp.1" },
	{ "newest", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"result files: a pattern with * and ?; the file that was changed last is read" },
	{ "complete_after", OPT_SPAN, 0, 3600 * NS_PER_S, NULL, OPT_ABSENT,
		"a result file is complete when it has not changed for so long; default 5 s" },
	{ "max_age", OPT_SPAN, NS_PER_S, 366LL * 24 * 3600 * NS_PER_S, NULL, OPT_ABSENT,
		"how old a result file may be while its values are still good" },
	{ "header", OPT_INT, 0, 100, NULL, OPT_ABSENT,
		"number of the line that names the columns; 0: none does; default 1" },
	{ "open_end", OPT_BOOL, 0, 1, NULL, 0,
		"yes: the last line is whole without a line end behind it" },
	{ "separator", OPT_CHOICE, 0, 0, separators, OPT_ABSENT,
		"between columns: blank (any), \",\", \";\" or tab; default blank; of result files "
		"\",\", with a decimal comma \";\"" },
	{ "decimal", OPT_CHOICE, 0, 0, decimals, 0, "\".\" or \",\"; default \".\"" },
	{ "encoding", OPT_CHOICE, 0, 0, encodings, 0, "utf-8 or latin-1; default utf-8" },
	{ 0 },
};

static const struct opt point_opts[] = {
	{ "file", OPT_TEXT, 0, 0, NULL, OPT_ABSENT, "a file, by its path in the folder" },
	{ "w1", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"a temperature sensor on 1-Wire, such as 28-0123456789ab; degC" },
	{ "input", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"with hwmon: temp1_input (thousandths of a degC), in0_input (mV), fan1_input "
		"(rpm), power1_input (uW), curr1_input (mA)" },
	{ "channel", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"with iio: voltage0 (mV), temp (thousandths of a degC)" },
	{ "column", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"its number from 1, or with newest its name in the header; default 1" },
	{ "about", OPT_CHOICE, 0, 0, abouts, OPT_ABSENT,
		"with newest: age (s) of the file, modified (s since 1970), its name" },
	{ "line", OPT_INT, LINE_LAST, 250, NULL, OPT_ABSENT,
		"with file: number of the line, -1 the last; default 1" },
	{ "type", OPT_CHOICE, 0, 0, forms, OPT_ABSENT, "number or text; default number" },
	{ 0 },
};

/* What the instrument is: the option that says so, and what its points are. */
static const struct mode {
	int opt; /* -1: none */
	enum what what;
	enum point_opt point;
} modes[] = {
	{ -1, W_FILE, PT_FILE },
	{ OPT_HWMON, W_HWMON, PT_INPUT },
	{ OPT_IIO, W_IIO, PT_CHANNEL },
	{ OPT_NEWEST, W_RESULT, PT_COLUMN },
};

static const struct mode *
mode_of(const struct instrument *ins)
{
	for (size_t i = 1; i < NELEM(modes); i++)
		if (ins->opts.text[modes[i].opt] != NULL)
			return &modes[i];
	return &modes[0];
}

void
folder_form(const struct instrument *ins, struct table_form *out)
{
	static const char separator[] = { TABLE_BLANK, ',', ';', '\t' };
	const int64_t *num = ins->opts.num;

	out->decimal = num[OPT_DECIMAL] == 1 ? ',' : '.';
	out->is_latin1 = num[OPT_ENCODING] == 1;
	if (num[OPT_SEPARATOR] >= 0 && num[OPT_SEPARATOR] < (int64_t)NELEM(separator))
		out->separator = separator[num[OPT_SEPARATOR]];
	else if (mode_of(ins)->what != W_RESULT)
		out->separator = TABLE_BLANK;
	else
		out->separator = out->decimal == ',' ? ';' : ',';
}

unsigned
folder_header(const struct instrument *ins)
{
	return ins->opts.num[OPT_HEADER] < 0 ? 1 : (unsigned)ins->opts.num[OPT_HEADER];
}

/* ---- options ---- */

static bool
is_name(const char *text, size_t max)
{
	return text[0] != '\0' && strlen(text) <= max && strpbrk(text, "\n/") == NULL;
}

static int
check_modes(const struct instrument *ins, struct err *err)
{
	const char *const *text = ins->opts.text;
	const struct mode *mode = mode_of(ins);

	for (size_t i = 1; i < NELEM(modes); i++)
		if (text[modes[i].opt] != NULL && &modes[i] != mode)
			return err_set(err, ERR_CONF, modes[i].opt,
				"an instrument is one of hwmon, iio, newest; make two of it");
	for (int i = OPT_COMPLETE; i <= OPT_OPEN_END; i++)
		if (mode->what != W_RESULT && ins->opts.num[i] != opts[i].def)
			return err_set(err, ERR_CONF, i,
				"only result files have this; add newest: \"*.csv\", or remove it");
	if (text[OPT_DEVICE] != NULL && mode->what != W_HWMON && mode->what != W_IIO)
		return err_set(
			err, ERR_CONF, OPT_DEVICE, "only hwmon and iio have a device; remove it");
	return 0;
}

static int
folder_check(const struct instrument *ins, struct err *err)
{
	const char *const *text = ins->opts.text;
	struct table_form form;
	int rc = check_modes(ins, err);

	if (rc < 0)
		return rc;
	for (int i = OPT_HWMON; i <= OPT_NEWEST; i++)
		if (text[i] != NULL && !is_name(text[i], NAME_MAX_BYTES))
			return err_set(err, ERR_CONF, i,
				"a name has 1 to %d bytes and no /; write the name alone",
				NAME_MAX_BYTES);
	if (text[OPT_NEWEST] == NULL)
		return 0;
	if (strpbrk(text[OPT_NEWEST], "[]\\") != NULL)
		return err_set(err, ERR_CONF, OPT_NEWEST,
			"a pattern knows * and ? only; write it without [ ] and \\");
	if (ins->opts.num[OPT_MAX_AGE] < 0)
		return err_set(err, ERR_CONF, OPT_NEWEST,
			"until when is a result good? add max_age, such as max_age: 1 h; a file "
			"that is older is shown as too old");
	folder_form(ins, &form);
	if (form.separator == form.decimal)
		return err_set(err, ERR_CONF, OPT_SEPARATOR,
			"a comma cannot be both separator and decimal; change one");
	return 0;
}

/* A path that leads nowhere but down. */
static bool
is_path(const char *text)
{
	if (text[0] == '\0' || strlen(text) > KEY_MAX || strchr(text, '\n') != NULL)
		return false;
	for (const char *at = text;; at++) {
		size_t n = strcspn(at, "/");

		if (n == 0 || (at[0] == '.' && (n == 1 || (n == 2 && at[1] == '.'))))
			return false;
		at += n;
		if (*at == '\0')
			return true;
	}
}

/* Families of thermometers, as the kernel writes them. */
static bool
is_sensor(const char *text)
{
	static const char *const families[] = { "10-", "22-", "28-", "3b-", "42-" };

	for (size_t i = 0; i < NELEM(families); i++)
		if (strncmp(text, families[i], 3) == 0)
			return strlen(text) == 15 && strspn(text + 3, "0123456789abcdef") == 12;
	return false;
}

static bool
is_attribute(const char *text)
{
	return text[0] != '\0' && strlen(text) <= 40 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(text);
}

static int
check_key(const struct instrument *ins, const struct optvals *v, struct err *err)
{
	const char *file = v->text[PT_FILE], *w1 = v->text[PT_W1], *column = v->text[PT_COLUMN];
	const char *input = v->text[PT_INPUT], *channel = v->text[PT_CHANNEL];

	if (file != NULL && !is_path(file))
		return err_set(err, ERR_CONF, PT_FILE,
			"this is no path of a file in the folder; write it without '.', '..' and a "
			"first /, in at most %d bytes",
			KEY_MAX);
	if (w1 != NULL && !is_sensor(w1))
		return err_set(err, ERR_CONF, PT_W1,
			"this is no thermometer; write its name in the folder, family 10, 22, 28, "
			"3b or 42 and twelve small hex digits: 28-0123456789ab");
	if ((input != NULL && !is_attribute(input)) || (channel != NULL && !is_attribute(channel)))
		return err_set(err, ERR_CONF, input != NULL ? PT_INPUT : PT_CHANNEL,
			"this is no name that the kernel gives; write %s",
			input != NULL ? "for example temp1_input" : "for example voltage0");
	if (column != NULL && (column[0] == '\0' || strlen(column) > KEY_MAX))
		return err_set(err, ERR_CONF, PT_COLUMN, "a column has 1 to %d bytes", KEY_MAX);
	return 0;
}

/* What belongs to another kind of instrument. */
static int
check_fit(const struct instrument *ins, const struct optvals *v, struct err *err)
{
	static const char *const wanted[] = { "file: NAME or w1: 28-...", "", "input: temp1_input",
		"channel: voltage0", "column: NAME, column: 1 or about: age" };
	enum what what = mode_of(ins)->what;
	int wrong = -1;

	for (int i = PT_FILE; i <= PT_CHANNEL; i++)
		if (v->text[i] != NULL && i != (int)mode_of(ins)->point &&
			!(what == W_FILE && i == PT_W1))
			wrong = i;
	if (v->num[PT_ABOUT] != OPT_ABSENT && what != W_RESULT)
		wrong = PT_ABOUT;
	if (v->text[PT_COLUMN] != NULL && what != W_RESULT && v->text[PT_FILE] == NULL)
		wrong = PT_COLUMN;
	if (v->num[PT_LINE] != OPT_ABSENT && v->text[PT_FILE] == NULL)
		wrong = PT_LINE;
	if (v->num[PT_TYPE] != OPT_ABSENT && what != W_RESULT && v->text[PT_FILE] == NULL)
		wrong = PT_TYPE;
	if (wrong >= 0)
		return err_set(err, ERR_CONF, wrong, "this instrument is read with %s; remove '%s'",
			wanted[what], point_opts[wrong].name);
	if ((what == W_FILE && (v->text[PT_FILE] != NULL) == (v->text[PT_W1] != NULL)) ||
		(what != W_FILE && v->text[mode_of(ins)->point] == NULL &&
			v->num[PT_ABOUT] == OPT_ABSENT))
		return err_set(
			err, ERR_CONF, -1, "nothing says what is read; write %s", wanted[what]);
	return 0;
}

/* The number of a column, 0: it is a name. */
static uint16_t
column_of(const char *column)
{
	int64_t n = 1;

	if (column != NULL && (!text_to_int(column, &n) || n < 1 || n > UINT16_MAX))
		n = 0;
	return (uint16_t)n;
}

static int
result_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	enum about about =
		v->num[PT_ABOUT] == OPT_ABSENT ? ABOUT_VALUE : (enum about)v->num[PT_ABOUT];

	if ((about == ABOUT_VALUE) != (v->text[PT_COLUMN] != NULL))
		return err_set(err, ERR_CONF, PT_ABOUT,
			about == ABOUT_VALUE ? "no column is named; add column: NAME or its number"
					     : "this is of the whole file; remove the column");
	if (about != ABOUT_VALUE && v->num[PT_TYPE] != OPT_ABSENT)
		return err_set(err, ERR_CONF, PT_TYPE, "only a column has a type; remove the type");
	if (about == ABOUT_VALUE && out->count == 0 && folder_header(ins) == 0)
		return err_set(err, ERR_CONF, PT_COLUMN,
			"without a header columns have numbers only; write column: 1");
	out->order = (uint8_t)about;
	if (about == ABOUT_NAME)
		out->type = F_TEXT;
	return 0;
}

static int
folder_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	const struct mode *mode = mode_of(ins);
	int64_t line = v->num[PT_LINE] == OPT_ABSENT ? 1 : v->num[PT_LINE];
	const char *key = v->text[PT_W1] != NULL ? v->text[PT_W1] : v->text[mode->point];
	int rc = check_fit(ins, v, err);

	if (rc < 0 || (rc = check_key(ins, v, err)) < 0)
		return rc;
	if (line == 0)
		return err_set(err, ERR_CONF, PT_LINE, "lines count from 1; -1 is the last one");
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.space = (uint16_t)(v->text[PT_W1] != NULL ? W_W1 : mode->what),
		.type = v->num[PT_TYPE] == OPT_ABSENT ? F_NUMBER : (uint16_t)v->num[PT_TYPE],
		.count = column_of(v->text[PT_COLUMN]),
		.bit = CODEC_BIT_NONE,
		.order = (uint8_t)(line == LINE_LAST ? TABLE_LAST : line),
		.write_space = -1,
		.key = key == NULL ? "" : key,
	};
	if (mode->what == W_FILE && out->count == 0)
		return err_set(err, ERR_CONF, PT_COLUMN,
			"columns of a plain file have numbers only; for a file with a header use "
			"newest: NAME");
	if (mode->what != W_RESULT) /* points of one file stand together */
		out->address = (uint32_t)text_hash(out->key, strlen(out->key));
	else if ((rc = result_point(ins, v, out, err)) < 0)
		return rc;
	out->value = out->type == F_TEXT ? VALUE_TEXT : VALUE_FLOAT;
	return 0;
}

/* ---- questions ---- */

static const char *const words[] = {
	[W_FILE] = "file", [W_W1] = "w1", [W_HWMON] = "hwmon", [W_IIO] = "iio"
};

/* One file at a time, where reading it takes long or its content is long; the few numbers of a chip together. */
static bool
may_join(const struct request *req, const struct point *first, const struct point *last,
	const struct point *pt)
{
	if (pt->space != first->space || pt->every_ns != first->every_ns)
		return false;
	if (pt->space == W_RESULT || strcmp(last->key, pt->key) == 0)
		return true;
	return (pt->space == W_HWMON || pt->space == W_IIO) && req->count < KEYS_MAX;
}

static int
folder_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0, texts = 0;

	for (size_t i = 0; i < n; i++) {
		const struct point *pt = &pts[i];
		struct request *last = made > 0 ? &out[made - 1] : NULL;
		bool is_text = pt->type == F_TEXT;

		if (last != NULL && texts + is_text <= TEXTS_MAX &&
			may_join(last, &pts[last->first], &pts[i - 1], pt)) {
			bool is_same =
				pt->space == W_RESULT || strcmp(pts[i - 1].key, pt->key) == 0;

			if (is_same || local_put(last, "%s %s\n", words[pt->space], pt->key)) {
				last->count += !is_same;
				last->n++;
				texts += is_text;
				continue;
			}
		}
		if (made == max)
			break;
		out[made++] = (struct request){ .kind = REQUEST_READ,
			.n = 1,
			.first = (uint32_t)i,
			.space = pt->space,
			.count = 1 };
		texts = is_text;
		if (pt->space != W_RESULT &&
			!local_put(&out[made - 1], "%s %s\n", words[pt->space], pt->key))
			break;
	}
	return (int)made;
}

static void
folder_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	const struct mode *mode = mode_of(ins);
	const char *name = mode->opt < 0 ? NULL : ins->opts.text[mode->opt];
	int n = (int)(req->n_write > 0 ? req->n_write - 1u : 0u);

	if (req->space == W_RESULT)
		snprintf(out, cap, "read newest %s", name == NULL ? "" : name);
	else if (req->count > 1)
		snprintf(out, cap, "read %s %s, %u values", words[req->space % W_RESULT],
			name == NULL ? "" : name, req->count);
	else
		snprintf(out, cap, "read %.*s", n, (const char *)req->write);
}

static int
folder_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	const char *const *text = ins->opts.text;
	const struct mode *mode = mode_of(ins);
	char first[300] = "";

	if (mode->what == W_RESULT)
		snprintf(first, sizeof(first), "newest %s\n", text[OPT_NEWEST]);
	else if (mode->what != W_FILE)
		snprintf(first, sizeof(first), "chip %s %s\n%s%s%s",
			mode->what == W_HWMON ? "hwmon" : "iio:device", text[mode->opt],
			text[OPT_DEVICE] == NULL ? "" : "device ",
			text[OPT_DEVICE] == NULL ? "" : text[OPT_DEVICE],
			text[OPT_DEVICE] == NULL ? "" : "\n");
	return local_encode(req, first, tag, out, cap, err);
}

static int
folder_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	const char *at = (const char *)frame + LOCAL_HEAD, *end = (const char *)frame + n;

	if (n <= LOCAL_HEAD)
		return err_set(err, DECODE_BAD, 0, "an answer of %zu bytes", n);
	return req->space == W_RESULT ? folder_decode_result(ins, req, pts, at, end, vars, out, err)
				      : folder_decode_files(ins, req, pts, at, end, vars, out, err);
}

const struct codec codec_folder = {
	.name = "folder",
	.help = "files of a folder: 1-Wire, hwmon, IIO, result files of other programs",
	.opts = opts,
	.point_opts = point_opts,
	.wires = CODEC_FOLDER,
	.has_tag = true,
	.check = folder_check,
	.point = folder_point,
	.plan = folder_plan,
	.describe = folder_describe,
	.encode = folder_encode,
	.cut = local_cut,
	.match = local_match,
	.decode = folder_decode,
};
