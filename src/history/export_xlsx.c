/* export_xlsx.c - typed cells to a worksheet, row by row in constant memory
 *
 * It runs outside of the sandbox, because libxlsxwriter opens temporary files: it reads no file of the history, only cells of the confined process.
 */
#include "history/export_xlsx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/mem.h"
#include "base/text.h"

#define DIGITS_MAX                                                                                 \
	15 /* whole numbers of more are not kept exactly by a spreadsheet: they are text */

#define HEADS 3         /* rows */
#define HEADS_MAX 10000 /* cells of these */

struct sheet {
	lxw_workbook *book;
	lxw_worksheet *at;
	char name[24];
	unsigned part; /* of the same name: "values 2" */
	char *heads
		[HEADS_MAX]; /* cells of the first rows, which stand on each sheet that goes on */
	size_t n_heads;
	lxw_format *time;
	lxw_row_t row;
	lxw_col_t column;
};

/* The time of the zone as it stands in the text, a spreadsheet knows no zones; or seconds. */
static lxw_error
put_time(struct sheet *s, const char *text)
{
	lxw_datetime t = { 0 };
	char *end;
	double seconds = strtod(text, &end);

	if (*end == '\0') /* since the beginning of a run */
		return worksheet_write_number(s->at, s->row, s->column, seconds, NULL);

	if (sscanf(text, "%d-%d-%d%*1[T ]%d:%d:%lf", &t.year, &t.month, &t.day, &t.hour, &t.min,
		    &t.sec) != 6)
		return worksheet_write_string(s->at, s->row, s->column, text, NULL);
	return worksheet_write_datetime(s->at, s->row, s->column, &t, s->time);
}

static lxw_error
put_cell(struct sheet *s, const char *cell)
{
	const char *text = cell + 1;

	if (*text == '\0')
		return LXW_NO_ERROR;
	if (cell[0] == 'T')
		return worksheet_write_string(s->at, s->row, s->column, text, NULL);
	if (s->column == 0 || cell[0] == 'D')
		return put_time(s, text);
	if (strlen(text) > DIGITS_MAX && strpbrk(text, ".e") == NULL)
		return worksheet_write_string(s->at, s->row, s->column, text, NULL);
	return worksheet_write_number(s->at, s->row, s->column, strtod(text, NULL), NULL);
}

static int
begin_sheet(struct sheet *s)
{
	char name[40];

	s->part++;
	s->row = 0;
	s->column = 0;
	snprintf(name, sizeof(name), s->part == 1 ? "%s" : "%s %u", s->name, s->part);
	s->at = workbook_add_worksheet(s->book, name);
	if (s->at == NULL)
		return -1;
	worksheet_set_column(s->at, 0, 0, 24, NULL);
	return 0;
}

static void
forget_heads(struct sheet *s)
{
	while (s->n_heads > 0)
		free(s->heads[--s->n_heads]);
}

static lxw_error
take_cell(struct sheet *s, const char *cell)
{
	lxw_error e = LXW_NO_ERROR;

	if (cell[0] == 'E') {
		s->row++;
		s->column = 0;
		return e;
	}
	e = put_cell(s, cell);
	s->column++;
	return e;
}

/* One more of the same name, with the heads of the first. */
static lxw_error
go_on(struct sheet *s)
{
	lxw_error e = begin_sheet(s) < 0 ? LXW_ERROR_CREATING_TMPFILE : LXW_NO_ERROR;

	for (size_t i = 0; e == LXW_NO_ERROR && i < s->n_heads; i++)
		e = take_cell(s, s->heads[i]);
	return e;
}

static int
put_cells(struct sheet *s, FILE *in, struct err *err)
{
	char *cell = NULL;
	size_t room = 0;
	lxw_error e = LXW_NO_ERROR;

	while (e == LXW_NO_ERROR && getdelim(&cell, &room, '\0', in) > 0) {
		if (cell[0] == 'S') {
			text_copy(s->name, sizeof(s->name), cell + 1);
			s->part = 0;
			forget_heads(s);
			e = go_on(s);
			continue;
		}
		if (s->row >= LXW_ROW_MAX)
			e = go_on(s);
		if (s->part == 1 && s->row < HEADS && s->n_heads < HEADS_MAX)
			s->heads[s->n_heads++] = mem_text(cell);
		if (e == LXW_NO_ERROR)
			e = take_cell(s, cell);
	}
	free(cell);
	forget_heads(s);
	return e == LXW_NO_ERROR ? 0
				 : err_set(err, ERR_IO, 0, "row %u of the spreadsheet: %s",
					   s->row + 1, lxw_strerror(e));
}

int
export_xlsx(int fd, const char *path, struct err *err)
{
	lxw_workbook_options options = { .constant_memory = LXW_TRUE };
	FILE *in = fdopen(fd, "r");
	lxw_workbook *book = in == NULL ? NULL : workbook_new_opt(path, &options);
	static struct sheet s; /* too large for a stack; one spreadsheet a process */
	lxw_error e;
	int rc;

	s = (struct sheet){ .book = book, .name = "values" };
	if (book == NULL || begin_sheet(&s) < 0) {
		if (in != NULL)
			fclose(in);
		return err_set(err, ERR_IO, 0, "writing '%.100s': no temporary file", path);
	}
	s.time = workbook_add_format(book);
	format_set_num_format(s.time, "yyyy-mm-dd hh:mm:ss.000");
	rc = put_cells(&s, in, err);
	fclose(in);
	e = workbook_close(book);
	if (rc == 0 && e != LXW_NO_ERROR)
		rc = err_set(err, ERR_IO, 0, "writing '%.100s': %s", path, lxw_strerror(e));
	if (rc < 0)
		unlink(path);
	return rc;
}
