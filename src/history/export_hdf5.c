/* export_hdf5.c - typed cells to an HDF5 file: a dataset a column, as long as there are rows
 *
 *	time              int64, ns since 1970 (of runs over each other: seconds, float64)
 *	T_bed             float64, NaN where there is none; attributes unit, title
 *	T_bed quality     text, "" where it is good
 *
 * What a column is, its first cell with something in it tells; rows before that are what the dataset is filled with. As export_xlsx.c it runs outside of the
 * sandbox and reads no file of the history. Memory: BLOCK rows.
 */
#include "history/export_hdf5.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

#define BLOCK 1024
#define HEADS 3 /* rows: names, units, titles */
#define DEFLATE 4

enum kind { KIND_NONE, KIND_NUMBER, KIND_TEXT, KIND_TIME };

struct column {
	char *name, *unit, *title;
	enum kind kind;
	hid_t set;
	union {
		double v[BLOCK];
		int64_t t[BLOCK];
		char *text[BLOCK];
	} block;
};

struct table {
	hid_t file, text; /* text: the type of strings */
	struct column *columns;
	size_t n;
	hsize_t written; /* rows that are in the file */
	size_t in_block;
	unsigned head; /* rows of it that have been read */
};

static int
fail(struct err *err)
{
	return err_set(err, ERR_IO, 0,
		"the HDF5 library cannot write the file; is its disk full, or may this user not "
		"write there?");
}

/* ---- datasets -------------------------------------------------------------------------------------------------------------- */

static hid_t
type_of(const struct table *t, enum kind kind)
{
	return kind == KIND_TEXT   ? t->text
	       : kind == KIND_TIME ? H5T_NATIVE_INT64
				   : H5T_NATIVE_DOUBLE;
}

static int
put_attribute(const struct table *t, hid_t set, const char *name, const char *text)
{
	hid_t space = H5Screate(H5S_SCALAR),
	      at = H5Acreate2(set, name, t->text, space, H5P_DEFAULT, H5P_DEFAULT);
	int rc = at < 0 ? -1 : H5Awrite(at, t->text, &text);

	if (at >= 0)
		H5Aclose(at);
	H5Sclose(space);
	return rc;
}

/* Names are those of channels, which have no '/'; a word after them behind a space. */
static int
make_set(struct table *t, struct column *c, enum kind kind)
{
	const hsize_t none = 0, all = H5S_UNLIMITED, block = BLOCK;
	const double nan_value = (double)NAN;
	hid_t space = H5Screate_simple(1, &none, &all), how = H5Pcreate(H5P_DATASET_CREATE);

	c->kind = kind;
	for (size_t i = 0; i < BLOCK; i++)
		if (kind == KIND_TEXT)
			c->block.text[i] = NULL;
		else if (kind == KIND_TIME)
			c->block.t[i] = 0;
		else
			c->block.v[i] = (double)NAN;
	H5Pset_chunk(how, 1, &block);
	if (kind != KIND_TEXT)
		H5Pset_deflate(how, DEFLATE);
	if (kind == KIND_NUMBER)
		H5Pset_fill_value(how, H5T_NATIVE_DOUBLE, &nan_value);
	c->set = H5Dcreate2(
		t->file, c->name, type_of(t, kind), space, H5P_DEFAULT, how, H5P_DEFAULT);
	H5Pclose(how);
	H5Sclose(space);
	if (c->set < 0)
		return -1;
	return put_attribute(t, c->set, "unit",
		       kind == KIND_TIME ? "ns since 1970-01-01T00:00:00Z" : c->unit) < 0 ||
			       put_attribute(t, c->set, "title", c->title) < 0
		       ? -1
		       : 0;
}

static int
flush_column(struct table *t, struct column *c)
{
	const hsize_t rows = t->written + t->in_block, n = t->in_block, from = t->written;
	hid_t memory, space;
	int rc;

	if (c->kind == KIND_NONE)
		return 0;
	if (H5Dset_extent(c->set, &rows) < 0)
		return -1;
	memory = H5Screate_simple(1, &n, NULL);
	space = H5Dget_space(c->set);
	rc = H5Sselect_hyperslab(space, H5S_SELECT_SET, &from, NULL, &n, NULL);
	if (c->kind == KIND_TEXT)
		for (size_t i = 0; i < t->in_block; i++)
			if (c->block.text[i] == NULL)
				c->block.text[i] = mem_text("");
	if (rc >= 0)
		rc = H5Dwrite(c->set, type_of(t, c->kind), memory, space, H5P_DEFAULT, &c->block);
	H5Sclose(space);
	H5Sclose(memory);
	for (size_t i = 0; i < BLOCK; i++)
		if (c->kind == KIND_TEXT) {
			free(c->block.text[i]);
			c->block.text[i] = NULL;
		} else if (c->kind == KIND_NUMBER) {
			c->block.v[i] = (double)NAN;
		}
	return rc;
}

static int
flush(struct table *t, struct err *err)
{
	for (size_t i = 0; t->in_block > 0 && i < t->n; i++)
		if (flush_column(t, &t->columns[i]) < 0)
			return fail(err);
	t->written += t->in_block;
	t->in_block = 0;
	return 0;
}

/* ---- cells ----------------------------------------------------------------------------------------------------------------- */

/* "2026-10-25T02:30:00.125+01:00", "...Z". */
static bool
read_time(const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	int n = 0, hours = 0, minutes = 0;
	int64_t ns = 0, scale = NS_PER_S;
	char sign = '+';

	if (sscanf(text, "%d-%d-%dT%d:%d:%d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		    &tm.tm_min, &tm.tm_sec, &n) != 6 ||
		n == 0)
		return false;
	text += n;
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++)
			ns += (*text - '0') * (scale /= 10);
	if (*text != 'Z' && sscanf(text, "%c%2d:%2d", &sign, &hours, &minutes) != 3)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*out = ((int64_t)timegm(&tm) - (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60)) *
		       NS_PER_S +
	       ns;
	return true;
}

static int
put_head(struct table *t, size_t at, const char *text)
{
	if (t->head == 0) {
		t->columns = mem_grow(t->columns, t->n + 1, sizeof(*t->columns));
		t->columns[t->n] = (struct column){ .name = mem_text(text), .set = -1 };
		t->n++;
	} else if (at < t->n && t->head == 1) {
		t->columns[at].unit = mem_text(text);
	} else if (at < t->n) {
		t->columns[at].title = mem_text(text);
	}
	return 0;
}

static int
put_cell(struct table *t, size_t at, const char *cell, struct err *err)
{
	struct column *c = &t->columns[at];
	const char *text = cell + 1;
	int64_t ns;
	enum kind kind = cell[0] == 'T'                         ? KIND_TEXT
			 : at == 0 && strchr(text, 'T') != NULL ? KIND_TIME
								: KIND_NUMBER;

	if (*text == '\0')
		return 0;
	if (c->kind == KIND_NONE && make_set(t, c, kind) < 0)
		return fail(err);
	if (c->kind == KIND_TEXT) {
		c->block.text[t->in_block] = mem_text(text);
	} else if (c->kind != kind) {
		return err_set(err, ERR_CONF, 0,
			"'%.60s' has numbers and words ('%.40s'), which a column of HDF5 cannot "
			"have; "
			"write --format csv",
			c->name, text);
	} else if (kind == KIND_TIME) {
		if (!read_time(text, &ns))
			return err_set(err, ERR_IO, 0, "'%.40s' is no time", text);
		c->block.t[t->in_block] = ns;
	} else {
		c->block.v[t->in_block] = strtod(text, NULL);
	}
	return 0;
}

/* Columns in which nothing ever was are numbers that are not there; qualities of which all are good, texts. */
static int
finish(struct table *t, struct err *err)
{
	int rc = flush(t, err);

	for (size_t i = 0; i < t->n && rc == 0; i++) {
		struct column *c = &t->columns[i];
		size_t length = strlen(c->name);
		bool is_quality = length > 8 && strcmp(c->name + length - 8, " quality") == 0;

		if (c->kind == KIND_NONE &&
			(make_set(t, c, is_quality ? KIND_TEXT : KIND_NUMBER) < 0 ||
				H5Dset_extent(c->set, &t->written) < 0))
			rc = fail(err);
	}
	return rc;
}

static int
put_cells(struct table *t, FILE *in, struct err *err)
{
	char *cell = NULL;
	size_t room = 0, at = 0;
	int rc = 0;

	while (rc == 0 && getdelim(&cell, &room, '\0', in) > 0) {
		if (cell[0] == 'E') {
			at = 0;
			if (t->head < HEADS)
				t->head++;
			else if (++t->in_block == BLOCK)
				rc = flush(t, err);
		} else if (t->head < HEADS) {
			rc = put_head(t, at++, cell[0] == '\0' ? "" : cell + 1);
		} else if (at < t->n && cell[0] != '\0') {
			rc = put_cell(t, at++, cell, err);
		}
	}
	free(cell);
	for (size_t i = 0; i < t->n; i++) {
		if (t->columns[i].unit == NULL)
			t->columns[i].unit = mem_text("");
		if (t->columns[i].title == NULL)
			t->columns[i].title = mem_text("");
	}
	return rc < 0 ? rc : finish(t, err);
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

static int
close_table(struct table *t)
{
	int rc = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct column *c = &t->columns[i];

		for (size_t k = 0; k < BLOCK && c->kind == KIND_TEXT; k++)
			free(c->block.text[k]);
		if (c->set >= 0 && H5Dclose(c->set) < 0)
			rc = -1;
		free(c->name);
		free(c->unit);
		free(c->title);
	}
	free(t->columns);
	H5Tclose(t->text);
	return t->file >= 0 && H5Fclose(t->file) < 0 ? -1 : rc;
}

int
export_hdf5(int fd, const char *path, struct err *err)
{
	FILE *in = fdopen(fd, "r");
	struct table t = { 0 };
	int rc;

	H5dont_atexit();                       /* it would touch again what it could not write */
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* what it says is for programmers */
	t.text = H5Tcopy(H5T_C_S1);
	H5Tset_size(t.text, H5T_VARIABLE);
	H5Tset_cset(t.text, H5T_CSET_UTF8);
	t.file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	rc = t.file < 0 || in == NULL ? fail(err) : put_cells(&t, in, err);
	if (in != NULL)
		fclose(in);
	if (close_table(&t) < 0 && rc == 0)
		rc = fail(err);
	if (rc < 0)
		unlink(path);
	return rc;
}
