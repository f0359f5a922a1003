/* fuzz_import.c - any bytes as line protocol and as rows of CSV: refused with a place, or read; never a byte beyond the line */
#include <stdlib.h>
#include <string.h>

#include "history/import_channels.h"
#include "history/import_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct line_point point;
static struct csv_cell cells[CSV_COLUMNS_MAX + 1];
static struct csv_column columns[CSV_COLUMNS_MAX + 1];

/* A copy of its own, so that a sanitizer sees each byte beyond it. */
static char *
copy(const uint8_t *data, size_t n)
{
	char *line = malloc(n + 1);

	if (line == NULL)
		abort();
	if (n > 0)
		memcpy(line, data, n);
	line[n] = '\0';
	return line;
}

static void
look(const char *text, size_t *sum)
{
	*sum += strlen(text);
}

static void
as_influx(const uint8_t *data, size_t n, size_t *sum)
{
	static const struct reader_channel channel = { .type = VALUE_FLOAT, .name = "c" };
	char *line = copy(data, n), name[64];
	size_t column = 0;
	struct err err = { 0 };
	int rc = line_read(line, n, &point, &column, &err);

	if (rc < 0 && (column == 0 || column > n + 1 || err.msg[0] == '\0'))
		abort();
	if (rc == LINE_MORE && memcmp(line, data, n) != 0)
		abort(); /* it is read again, with more behind it */
	for (size_t i = 0; rc == LINE_GOOD && i < point.n_tags; i++)
		look(point.tags[i].text, sum);
	for (size_t i = 0; rc == LINE_GOOD && i < point.n_fields; i++) {
		struct sample s = { 0 };

		look(point.fields[i].text, sum);
		if (import_name(IMPORT_TEMPLATE, &point, point.fields[i].key, name, &err) == 0 &&
			(name[0] == '\0' || strlen(name) > 63))
			abort();
		*sum += import_value(&channel, point.fields[i].kind, point.fields[i].text, &s,
				&err) == 0;
	}
	free(line);
}

static void
as_csv(const uint8_t *data, size_t n, size_t *sum)
{
	char *row = copy(data, n);
	size_t column = 0;
	struct err err = { 0 };
	int cut = csv_read(row, n, csv_separator(row, n), cells, &column, &err);

	if (cut == CSV_MORE && memcmp(row, data, n) != 0)
		abort();
	if (cut < 0 && cut != CSV_MORE && (column == 0 || column > n + 1))
		abort();
	for (int i = 0; i < cut; i++)
		look(cells[i].text, sum);
	if (cut > 0 && csv_columns(cells, (size_t)cut, NULL, columns, &err) == 0)
		for (int i = 0; i < cut; i++)
			if (columns[i].role == CSV_QUALITY && columns[i].of >= (size_t)cut)
				abort();
	free(row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t sum = 0;

	if (n > 65536)
		return 0;
	as_influx(data, n, &sum);
	as_csv(data, n, &sum);
	return sum == SIZE_MAX; /* it is looked at: no compiler may leave the reading out */
}
