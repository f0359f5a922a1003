/* sheet.c - typed cells as a spreadsheet file
 *
 * Source: ECMA-376-1, SpreadsheetML; ECMA-376-2 for its parts. An archive with a part a sheet; what tells how many there are comes last, when it is known. How large a
 * part is stands behind it (as in run_zip.c); without the extensions for parts over 4 GB, which spreadsheet programs refuse. Texts stand in their cells, and are never formulas.
 */
#include "history/sheet.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/xml.h"

#define DIGITS_MAX                                                                                 \
	15 /* whole numbers of more are not kept exactly by a spreadsheet: they are text */
#define SPREADSHEET "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"
#define APPLICATION "application/vnd.openxmlformats-officedocument.spreadsheetml."

struct sheet {
	struct archive *archive;
	struct archive_entry *entry;
	struct buf *out; /* of this call */
	struct buf xml;
	struct buf heads; /* the first rows of the values */
	struct buf names; /* of the sheets, "values\0gaps\0" */
	char name[24];    /* of the one that is being written */
	unsigned n;       /* sheets */
	unsigned part;    /* of the same name: "values 2" */
	uint32_t rows, row, column;
	bool is_in_row;
};

/* ---- the archive --------------------------------------------------------------------------------------------------------- */

static la_ssize_t
take_bytes(struct archive *a, void *ctx, const void *bytes, size_t n)
{
	struct sheet *s = ctx;

	if (s->out != NULL)
		buf_put(s->out, bytes, n);
	return (la_ssize_t)n;
}

static int
fail(struct sheet *s, struct err *err)
{
	const char *why = archive_error_string(s->archive);

	return err_set(
		err, ERR_IO, 0, "making the spreadsheet: %s", why == NULL ? "no memory" : why);
}

struct sheet *
sheet_new(uint32_t rows, struct err *err)
{
	struct sheet *s = mem_zero(1, sizeof(*s));

	s->rows = rows;
	s->archive = archive_write_new();
	s->entry = archive_entry_new();
	if (s->archive == NULL || s->entry == NULL)
		err_set(err, ERR_IO, 0, "making a spreadsheet: no memory");
	else if (archive_write_set_format_zip(s->archive) != ARCHIVE_OK ||
		 archive_write_zip_set_compression_deflate(s->archive) != ARCHIVE_OK ||
		 archive_write_set_format_option(s->archive, "zip", "zip64", NULL) != ARCHIVE_OK ||
		 archive_write_set_bytes_per_block(s->archive, 0) != ARCHIVE_OK ||
		 archive_write_open(s->archive, s, NULL, take_bytes, NULL) != ARCHIVE_OK)
		fail(s, err);
	else
		return s;
	sheet_free(s);
	return NULL;
}

void
sheet_free(struct sheet *s)
{
	if (s == NULL)
		return;
	s->out = NULL;
	archive_entry_free(s->entry);
	if (s->archive != NULL)
		archive_write_free(s->archive);
	buf_done(&s->xml);
	buf_done(&s->heads);
	buf_done(&s->names);
	free(s);
}

static int
begin_part(struct sheet *s, const char *path, struct err *err)
{
	archive_entry_clear(s->entry);
	archive_entry_set_pathname(s->entry, path);
	archive_entry_set_filetype(s->entry, AE_IFREG);
	archive_entry_set_perm(s->entry, 0644);
	return archive_write_header(s->archive, s->entry) == ARCHIVE_OK ? 0 : fail(s, err);
}

/* What has been gathered goes into the part. */
static int
flush(struct sheet *s, struct err *err)
{
	if (s->xml.n > 0 &&
		archive_write_data(s->archive, s->xml.data, s->xml.n) < (la_ssize_t)s->xml.n)
		return fail(s, err);
	buf_clear(&s->xml);
	return 0;
}

/* ---- cells --------------------------------------------------------------------------------------------------------------- */

/* Days since 1970 of a date of the Gregorian calendar; years begin in March here, so that the odd day is at their end. */
static long
days_of(int year, int month, int day)
{
	int y = year - (month <= 2), m = (month + 9) % 12;

	return 365L * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468L;
}

bool
sheet_days(const char *text, double *out)
{
	int year, month, day, hour, minute;
	double second;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%lf", &year, &month, &day, &hour, &minute, &second) !=
			6 ||
		year < 1900 || month < 1 || month > 12)
		return false;
	*out = (double)(days_of(year, month, day) + 25569) +
	       (hour * 3600 + minute * 60 + second) / 86400;
	return true;
}

/* "A1" */
static void
put_place(struct buf *out, uint32_t row, uint32_t column)
{
	char text[8];
	size_t n = sizeof(text);

	text[--n] = '\0';
	for (column++; column > 0; column = (column - 1) / 26)
		text[--n] = (char)('A' + (column - 1) % 26);
	buf_printf(out, " r=\"%s%u\"", text + n, row + 1);
}

static void
put_text(struct sheet *s, const char *text)
{
	buf_puts(&s->xml, " t=\"inlineStr\"><is><t xml:space=\"preserve\">");
	xml_text(&s->xml, text);
	buf_puts(&s->xml, "</t></is></c>");
}

static void
put_cell(struct sheet *s, const char *cell)
{
	const char *text = cell + 1;
	bool is_time = cell[0] == 'D' || (cell[0] == 'N' && s->column == 0);
	double days, number;

	if (*text == '\0')
		return;
	buf_puts(&s->xml, "<c");
	put_place(&s->xml, s->row, s->column);
	if (is_time && sheet_days(text, &days))
		buf_printf(&s->xml, " s=\"1\"><v>%.10f</v></c>", days);
	else if (cell[0] == 'N' && text_to_double(text, &number) &&
		 (strlen(text) <= DIGITS_MAX || strpbrk(text, ".e") != NULL))
		buf_printf(&s->xml, "><v>%s</v></c>", text);
	else
		put_text(s, text);
}

/* ---- sheets -------------------------------------------------------------------------------------------------------------- */

static int
begin_sheet(struct sheet *s, struct err *err)
{
	char path[64], shown[40];

	s->n++;
	s->part++;
	s->row = s->column = 0;
	snprintf(shown, sizeof(shown), s->part == 1 ? "%s" : "%s %u", s->name, s->part);
	buf_put(&s->names, shown, strlen(shown) + 1);
	snprintf(path, sizeof(path), "xl/worksheets/sheet%u.xml", s->n);
	if (begin_part(s, path, err) < 0)
		return ERR_IO;
	xml_head(&s->xml);
	buf_puts(&s->xml, "<worksheet xmlns=\"" SPREADSHEET "\"><cols><col min=\"1\" max=\"1\" "
			  "width=\"24\" customWidth=\"1\"/></cols><sheetData>");
	return 0;
}

static int
end_sheet(struct sheet *s, struct err *err)
{
	if (s->n == 0)
		return 0;
	buf_puts(&s->xml, "</sheetData></worksheet>");
	return flush(s, err);
}

/* One more of the same name, with the heads of the first. */
static int
go_on(struct sheet *s, struct err *err)
{
	if (end_sheet(s, err) < 0 || begin_sheet(s, err) < 0)
		return ERR_IO;
	buf_put(&s->xml, s->heads.data, s->heads.n);
	s->row = SHEET_HEADS;
	return 0;
}

static int
end_row(struct sheet *s, struct err *err)
{
	if (s->is_in_row)
		buf_puts(&s->xml, "</row>");
	s->is_in_row = false;
	s->row++;
	s->column = 0;
	if (s->row == SHEET_HEADS && s->part == 1) {
		const char *from = strstr(buf_text(&s->xml), "<row");

		buf_clear(&s->heads);
		if (from != NULL)
			buf_puts(&s->heads, from);
	}
	/* Compressed a block at a time; not before the heads are kept. */
	return s->row >= SHEET_HEADS && s->xml.n > 16384 ? flush(s, err) : 0;
}

static int
take_cell(struct sheet *s, const char *cell, struct err *err)
{
	if (cell[0] == 'S') {
		if (end_sheet(s, err) < 0)
			return ERR_IO;
		text_copy(s->name, sizeof(s->name), cell + 1);
		s->part = 0;
		return begin_sheet(s, err);
	}
	if (cell[0] == 'E')
		return end_row(s, err);
	if (!s->is_in_row) {
		if (s->row >= s->rows && go_on(s, err) < 0)
			return ERR_IO;
		buf_printf(&s->xml, "<row r=\"%u\">", s->row + 1);
		s->is_in_row = true;
	}
	put_cell(s, cell);
	s->column++;
	return 0;
}

int
sheet_take(struct sheet *s, const struct buf *cells, struct buf *out, struct err *err)
{
	int rc = 0;

	s->out = out;
	if (s->n == 0) {
		text_copy(s->name, sizeof(s->name), "values");
		rc = begin_sheet(s, err);
	}
	for (size_t at = 0; rc == 0 && at < cells->n;) {
		const char *cell = cells->data + at;

		at += strnlen(cell, cells->n - at) + 1;
		if (at > cells->n)
			rc = err_set(err, ERR_PROTO, 0, "a cell without an end");
		else
			rc = take_cell(s, cell, err);
	}
	s->out = NULL;
	return rc;
}

/* ---- what tells of the sheets -------------------------------------------------------------------------------------------- */

static int
put_part(struct sheet *s, const char *path, const char *text, struct err *err)
{
	if (begin_part(s, path, err) < 0)
		return ERR_IO;
	/* Without a text: what is gathered already. */
	if (text != NULL) {
		xml_head(&s->xml);
		buf_puts(&s->xml, text);
	}
	return flush(s, err);
}

/* A line a sheet; %1$u is its number. */
static void
for_each(struct sheet *s, const char *before, const char *middle, const char *behind)
{
	for (unsigned i = 1; i <= s->n; i++)
		buf_printf(&s->xml, "%s%u%s%u%s", before, i, middle, i, behind);
}

static int
put_book(struct sheet *s, struct err *err)
{
	const char *name = s->names.data;

	xml_head(&s->xml);
	buf_puts(&s->xml, "<workbook xmlns=\"" SPREADSHEET "\" xmlns:r=\"" RELATIONS "\"><sheets>");
	for (unsigned i = 1; i <= s->n; i++, name += strlen(name) + 1)
		buf_printf(
			&s->xml, "<sheet name=\"%s\" sheetId=\"%u\" r:id=\"rId%u\"/>", name, i, i);
	buf_puts(&s->xml, "</sheets></workbook>");
	return put_part(s, "xl/workbook.xml", NULL, err);
}

static int
put_relations(struct sheet *s, struct err *err)
{
	xml_head(&s->xml);
	buf_puts(&s->xml, "<Relationships xmlns=\"" PACKAGE "relationships\">");
	for_each(s, "<Relationship Id=\"rId",
		"\" Type=\"" RELATIONS "/worksheet\" Target=\"worksheets/sheet", ".xml\"/>");
	buf_puts(&s->xml, "<Relationship Id=\"styles\" Type=\"" RELATIONS
			  "/styles\" Target=\"styles.xml\"/></Relationships>");
	return put_part(s, "xl/_rels/workbook.xml.rels", NULL, err);
}

static int
put_types(struct sheet *s, struct err *err)
{
	xml_head(&s->xml);
	buf_puts(&s->xml, "<Types xmlns=\"" PACKAGE
			  "content-types\"><Default Extension=\"rels\" ContentType=\"application/"
			  "vnd.openxmlformats-package.relationships+xml\"/><Default "
			  "Extension=\"xml\" ContentType=\"application/xml\"/><Override "
			  "PartName=\"/xl/workbook.xml\" ContentType=\"" APPLICATION
			  "sheet.main+xml\"/><Override PartName=\"/xl/styles.xml\" "
			  "ContentType=\"" APPLICATION "styles+xml\"/>");
	for (unsigned i = 1; i <= s->n; i++)
		buf_printf(&s->xml,
			"<Override PartName=\"/xl/worksheets/sheet%u.xml\" "
			"ContentType=\"" APPLICATION "worksheet+xml\"/>",
			i);
	buf_puts(&s->xml, "</Types>");
	return put_part(s, "[Content_Types].xml", NULL, err);
}

int
sheet_end(struct sheet *s, struct buf *out, struct err *err)
{
	static const char styles[] =
		"<styleSheet xmlns=\"" SPREADSHEET
		"\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy-mm-dd "
		"hh:mm:ss.000\"/></numFmts><fonts count=\"1\"><font><sz val=\"11\"/><name "
		"val=\"Calibri\"/></font></fonts><fills count=\"2\"><fill><patternFill "
		"patternType=\"none\"/></fill><fill><patternFill "
		"patternType=\"gray125\"/></fill></fills><borders count=\"1\"><border><left/>"
		"<right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs "
		"count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/>"
		"</cellStyleXfs><cellXfs count=\"2\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" "
		"borderId=\"0\" xfId=\"0\"/><xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" "
		"borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/></cellXfs><cellStyles "
		"count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" "
		"builtinId=\"0\"/></cellStyles></styleSheet>";
	static const char root[] = "<Relationships xmlns=\"" PACKAGE
				   "relationships\"><Relationship Id=\"rId1\" Type=\"" RELATIONS
				   "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
	int rc;

	s->out = out;
	rc = end_sheet(s, err);
	if (rc == 0)
		rc = put_book(s, err);
	if (rc == 0)
		rc = put_relations(s, err);
	if (rc == 0)
		rc = put_part(s, "xl/styles.xml", styles, err);
	if (rc == 0)
		rc = put_part(s, "_rels/.rels", root, err);
	if (rc == 0)
		rc = put_types(s, err);
	if (rc == 0 && archive_write_close(s->archive) != ARCHIVE_OK)
		rc = fail(s, err);
	s->out = NULL;
	return rc;
}
