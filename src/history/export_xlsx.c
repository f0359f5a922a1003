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

#define DIGITS_MAX                                                                                 \
	15 /* whole numbers of more are not kept exactly by a spreadsheet: they are text */

struct sheet {
	lxw_worksheet *at;
	lxw_format *time;
	lxw_row_t row;
	lxw_col_t column;
};

/* The time of the zone as it stands in the text; a spreadsheet knows no zones. */
static lxw_error
put_time(struct sheet *s, const char *text)
{
	lxw_datetime t = { 0 };

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
	if (s->column == 0)
		return put_time(s, text);
	if (strlen(text) > DIGITS_MAX && strpbrk(text, ".e") == NULL)
		return worksheet_write_string(s->at, s->row, s->column, text, NULL);
	return worksheet_write_number(s->at, s->row, s->column, strtod(text, NULL), NULL);
}

static int
put_cells(struct sheet *s, FILE *in, struct err *err)
{
	char *cell = NULL;
	size_t room = 0;
	int rc = 0;

	while (rc == 0 && getdelim(&cell, &room, '\0', in) > 0) {
		lxw_error e;

		if (cell[0] == 'E') {
			s->row++;
			s->column = 0;
			continue;
		}
		if (s->row >= LXW_ROW_MAX) {
			rc = err_set(err, ERR_CONF, 0,
				"the answer has more than the %d rows of a worksheet; write "
				"--every, a shorter time, or --format csv",
				LXW_ROW_MAX);
			break;
		}
		e = put_cell(s, cell);
		if (e != LXW_NO_ERROR)
			rc = err_set(err, ERR_IO, 0, "row %u of the spreadsheet: %s", s->row + 1,
				lxw_strerror(e));
		s->column++;
	}
	free(cell);
	return rc;
}

int
export_xlsx(int fd, const char *path, struct err *err)
{
	lxw_workbook_options options = { .constant_memory = LXW_TRUE };
	FILE *in = fdopen(fd, "r");
	lxw_workbook *book = in == NULL ? NULL : workbook_new_opt(path, &options);
	struct sheet s = { 0 };
	lxw_error e;
	int rc;

	if (book != NULL)
		s.at = workbook_add_worksheet(book, "values");
	if (s.at == NULL) {
		if (in != NULL)
			fclose(in);
		return err_set(err, ERR_IO, 0, "writing '%.100s': no temporary file", path);
	}
	s.time = workbook_add_format(book);
	format_set_num_format(s.time, "yyyy-mm-dd hh:mm:ss.000");
	worksheet_set_column(s.at, 0, 0, 24, NULL);
	rc = put_cells(&s, in, err);
	fclose(in);
	e = workbook_close(book);
	if (rc == 0 && e != LXW_NO_ERROR)
		rc = err_set(err, ERR_IO, 0, "writing '%.100s': %s", path, lxw_strerror(e));
	if (rc < 0)
		unlink(path);
	return rc;
}
