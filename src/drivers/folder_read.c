/* folder_read.c - answers about small files: those of sysfs, and plain ones
 *
 * Sources: Linux Documentation/w1/slaves/w1_therm.rst, Documentation/ABI/testing/sysfs-bus-iio,
 * Documentation/hwmon/sysfs-interface.rst.
 */
#include <string.h>

#include "base/text.h"
#include "drivers/folder_parts.h"

#define POWER_UP_MDEGC 85000 /* what a sensor holds until its first conversion */
#define FAR_MDEGC 5000 /* no sensor warms up by so much between two readings that are both right */
#define SCRATCHPAD 26  /* characters of nine bytes in hex */

enum quality
folder_quality(const struct block *b)
{
	return b->kind == BLOCK_OK      ? Q_GOOD
	       : b->kind == BLOCK_ERROR ? Q_DEVICE_FAILED
	       : b->kind == BLOCK_BUSY  ? Q_DEVICE_BUSY
					: Q_MISSING;
}

void
folder_cell(const struct table_line *line, const struct point *pt, unsigned column,
	const struct table_form *form, struct finding *f)
{
	f->quality = table_cell(line, column, form, f->text);
	if (f->quality == Q_GOOD && pt->type == F_NUMBER)
		f->quality = table_number(f->text, form, &f->number);
}

/* A whole small file that holds one number, as those of sysfs do. */
static enum quality
read_number(const struct block *b, double *out)
{
	const struct table_form plain = { TABLE_BLANK, '.', false };
	char cell[TABLE_CELL_MAX];
	struct table_line line;
	enum quality q = folder_quality(b);

	if (q != Q_GOOD)
		return q;
	if (b->is_cut || !table_line(b->head, b->n_head, TABLE_LAST, &line) ||
		table_cell(&line, 1, &plain, cell) != Q_GOOD)
		return Q_GARBLED;
	return table_number(cell, &plain, out);
}

static void
find_file(const struct instrument *ins, const struct point *pt, const struct block *b,
	struct finding *f)
{
	struct table_form form;
	struct table_line line;

	folder_form(ins, &form);
	f->quality = folder_quality(b);
	if (f->quality != Q_GOOD)
		return;
	if (!table_line(b->head, b->n_head, pt->order, &line))
		f->quality = b->is_cut ? Q_GARBLED : Q_MISSING;
	else if (b->is_cut && (pt->order == TABLE_LAST || line.at + line.n == b->head + b->n_head))
		f->quality = Q_GARBLED; /* the line may go on where we did not read */
	else
		folder_cell(&line, pt, pt->count, &form, f);
}

/* "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES" and "50 05 4b 46 7f ff 0c 10 1c t=85000": thousandths of a degC. */
static enum quality
read_slave(const struct block *b, double *out)
{
	const struct table_form plain = { TABLE_BLANK, '.', false };
	static const char dead[] = "00 00 00 00 00 00 00 00 00";
	struct table_line check, value;
	char cell[TABLE_CELL_MAX];

	if (b->is_cut || !table_line(b->head, b->n_head, 1, &check) ||
		!table_line(b->head, b->n_head, 2, &value) || check.n <= SCRATCHPAD ||
		value.n <= SCRATCHPAD || memcmp(check.at, value.at, SCRATCHPAD) != 0 ||
		table_cell(&check, 12, &plain, cell) != Q_GOOD || strcmp(cell, "YES") != 0 ||
		table_cell(&value, 10, &plain, cell) != Q_GOOD || strncmp(cell, "t=", 2) != 0)
		return Q_GARBLED;
	if (memcmp(check.at, dead, SCRATCHPAD) == 0)
		return Q_SENSOR_FAULT; /* a line held low: its check sum is right, and no sensor holds this */
	return table_number(cell + 2, &plain, out);
}

/* The last believed reading of a sensor, as its name's hash and m degC; a new one when there is room. NULL: no room. */
static uint64_t *
last_of(struct vars *vars, const char *key)
{
	uint32_t hash = (uint32_t)text_hash(key, strlen(key)) | 1;

	for (size_t i = 0; i < CODEC_VARS_MAX; i++)
		if (vars->v[i] >> 32 == hash || vars->v[i] == 0)
			return &vars->v[i];
	return NULL;
}

/* 85 degC is what a sensor says that has lost its supply: believed only when the last reading was near. */
static enum quality
judge_power_up(struct vars *vars, const char *key, double mdegc)
{
	uint64_t *last = last_of(vars, key);
	int32_t now = mdegc > -1e6 && mdegc < 1e7 ? (int32_t)mdegc : 0;
	int32_t before = last == NULL || *last == 0 ? 0 : (int32_t)(uint32_t)*last;

	if (now == POWER_UP_MDEGC &&
		(before < POWER_UP_MDEGC - FAR_MDEGC || before > POWER_UP_MDEGC + FAR_MDEGC))
		return Q_SENSOR_FAULT;
	if (last != NULL)
		*last = ((text_hash(key, strlen(key)) & UINT32_MAX) | 1) << 32 | (uint32_t)now;
	return Q_GOOD;
}

static void
find_w1(const struct point *pt, const struct block *b, struct vars *vars, struct finding *f)
{
	f->quality = folder_quality(b);
	if (f->quality == Q_GOOD)
		f->quality = b->which == 0 ? read_slave(b, &f->number) : read_number(b, &f->number);
	if (f->quality == Q_GOOD)
		f->quality = judge_power_up(vars, pt->key, f->number);
	f->number /= 1000;
}

/* An input and the file that says whether its sensor works, where there is one. */
static void
find_hwmon(const struct block b[2], struct finding *f)
{
	double fault = 0;

	f->quality = read_number(&b[0], &f->number);
	if (f->quality == Q_GOOD && b[1].kind != BLOCK_MISSING &&
		(read_number(&b[1], &fault) != Q_GOOD || fault != 0))
		f->quality = Q_SENSOR_FAULT;
}

/* (raw + offset) * scale; the second name of the first file holds the value itself. */
static void
find_iio(const struct block b[3], struct finding *f)
{
	double offset = 0, scale = 1;

	f->quality = read_number(&b[0], &f->number);
	if (f->quality != Q_GOOD || b[0].which != 0)
		return;
	if (b[1].kind != BLOCK_MISSING)
		f->quality = read_number(&b[1], &offset);
	if (f->quality == Q_GOOD) /* without a scale nobody knows what the raw number is */
		f->quality = read_number(&b[2], &scale);
	f->number = (f->number + offset) * scale;
}

void
folder_put(const struct point *pt, uint32_t at, const struct finding *f, struct readings *out)
{
	struct reading *r = &out->at[out->n++];

	*r = (struct reading){
		.at = at, .quality = (uint16_t)f->quality, .code = (uint16_t)f->code
	};
	if (pt->type == F_NUMBER) {
		r->v.f = f->quality == Q_GOOD ? f->number : 0;
		return;
	}
	r->text = out->text[out->n_text % NELEM(out->text)];
	if (!text_copy(out->text[out->n_text++ % NELEM(out->text)], VALUE_TEXT_MAX + 1,
		    f->quality == Q_GOOD ? f->text : "") &&
		f->quality == Q_GOOD)
		r->quality = Q_TEXT_CUT;
}

static unsigned
blocks_of(const struct request *req)
{
	return req->space == W_HWMON ? 2 : req->space == W_IIO ? 3 : 1;
}

int
folder_decode_files(const struct instrument *ins, const struct request *req,
	const struct point *pts, const char *at, const char *end, struct vars *vars,
	struct readings *out, struct err *err)
{
	struct block b[3];

	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		const struct point *pt = &pts[req->first + i];
		struct finding f = { .quality = Q_GARBLED };

		for (unsigned k = 0;
			(i == 0 || strcmp(pt->key, pt[-1].key) != 0) && k < blocks_of(req); k++) {
			if (!folder_block(&at, end, &b[k]) || b[k].kind == BLOCK_RESULT)
				return err_set(err, DECODE_BAD, 0, "fewer files than asked for");
			if (b[k].kind == BLOCK_MANY)
				return err_set(err, DECODE_BAD, 0,
					"several chips have this name; add device: to tell which");
		}
		f.code = b[0].kind == BLOCK_ERROR ? b[0].code : 0;
		if (req->space == W_FILE)
			find_file(ins, pt, &b[0], &f);
		else if (req->space == W_W1)
			find_w1(pt, &b[0], vars, &f);
		else if (req->space == W_HWMON)
			find_hwmon(b, &f);
		else
			find_iio(b, &f);
		folder_put(pt, req->first + i, &f, out);
	}
	return 0;
}
