/* test_history_sheet.c - typed cells as a spreadsheet file: what its parts say, and rows that go on in a further sheet */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "history/form.h"
#include "history/sheet.h"

/* The text of a part of the file; "" where there is none. */
static const char *
part(const struct buf *file, const char *path)
{
	static struct buf text;
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	char bytes[4096];
	la_ssize_t n;

	buf_clear(&text);
	assert_int_equal(archive_read_support_format_zip(a), ARCHIVE_OK);
	assert_int_equal(archive_read_open_memory(a, file->data, file->n), ARCHIVE_OK);
	while (archive_read_next_header(a, &entry) == ARCHIVE_OK)
		if (strcmp(archive_entry_pathname(entry), path) == 0)
			while ((n = archive_read_data(a, bytes, sizeof(bytes))) > 0)
				buf_put(&text, bytes, (size_t)n);
	archive_read_free(a);
	return buf_text(&text);
}

static void
put_heads(struct cells *c)
{
	for (int i = 0; i < SHEET_HEADS; i++) {
		cells_text(c, i == 0 ? "time" : "");
		cells_text(c, i == 0 ? "=1+1 <&>" : "");
		cells_end(c);
	}
}

static void
put_value(struct cells *c, const char *time, const char *value)
{
	cells_begin(c);
	buf_puts(c->out, time);
	cells_begin(c);
	buf_puts(c->out, value);
	cells_end(c);
}

static void
test_rows_go_on(void **state)
{
	struct buf cells = { 0 }, file = { 0 };
	struct cells c = { .out = &cells, .is_typed = true };
	struct err err;
	struct sheet *s = sheet_new(5, &err);
	const char *text;

	put_heads(&c);
	for (int i = 0; i < 5; i++) /* two on each sheet */
		put_value(&c, "2026-01-01T12:00:00Z", i == 4 ? "1234567890123456" : "1.5");
	assert_int_equal(sheet_take(s, &cells, &file, &err), 0);
	buf_clear(&cells);
	cells_sheet(&c, "gaps");
	cells_text(&c, "from");
	cells_end(&c);
	assert_int_equal(sheet_take(s, &cells, &file, &err), 0);
	assert_int_equal(sheet_end(s, &file, &err), 0);
	sheet_free(s);
	assert_non_null(strstr(part(&file, "xl/workbook.xml"),
		"<sheet name=\"values\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"values 2\" "
		"sheetId=\"2\" r:id=\"rId2\"/><sheet name=\"values 3\" sheetId=\"3\" "
		"r:id=\"rId3\"/><sheet name=\"gaps\" sheetId=\"4\" r:id=\"rId4\"/>"));
	text = part(&file, "xl/worksheets/sheet2.xml");
	assert_non_null(strstr(text, "=1+1 &lt;&amp;&gt;"));
	assert_non_null(strstr(text, "<row r=\"4\"><c r=\"A4\" s=\"1\"><v>46023.5000000000</v></c>"
				     "<c r=\"B4\"><v>1.5</v></c></row><row r=\"5\">"));
	assert_null(strstr(text, "<row r=\"6\">"));
	text = part(&file, "xl/worksheets/sheet3.xml");
	assert_non_null(strstr(text, "<c r=\"B4\" t=\"inlineStr\"><is><t "
				     "xml:space=\"preserve\">1234567890123456</t>"));
	assert_null(strstr(text, "<row r=\"5\">"));
	assert_non_null(strstr(part(&file, "xl/worksheets/sheet4.xml"), ">from</t>"));
	assert_null(strstr(part(&file, "xl/worksheets/sheet4.xml"), "=1+1"));
	assert_non_null(strstr(part(&file, "[Content_Types].xml"), "sheet4.xml"));
	buf_done(&cells);
	buf_done(&file);
}

static void
test_days(void **state)
{
	static const struct {
		const char *text;
		double days;
	} rows[] = { { "1970-01-01T00:00:00Z", 25569 }, { "2000-03-01T06:00:00Z", 36586.25 },
		{ "2024-02-29T00:00:00+01:00", 45351 },
		{ "2026-11-27T12:00:00.500Z", 46353.5 + 0.5 / 86400 } };
	double days;

	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_true(sheet_days(rows[i].text, &days));
		assert_true(fabs(days - rows[i].days) < 1e-9);
	}
	assert_false(sheet_days("", &days));
	assert_false(sheet_days("no_answer", &days));
	assert_false(sheet_days("2026-13-01T00:00:00Z", &days));
}

/* A cell without its end is an error. */
static void
test_a_cut_cell(void **state)
{
	struct buf cells = { 0 }, file = { 0 };
	struct err err;
	struct sheet *s = sheet_new(SHEET_ROWS, &err);

	buf_put(&cells, "Tabc", 4);
	assert_int_equal(sheet_take(s, &cells, &file, &err), ERR_PROTO);
	sheet_free(s);
	buf_done(&cells);
	buf_done(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_go_on),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_a_cut_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
