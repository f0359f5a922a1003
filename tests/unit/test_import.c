/* test_import.c - line protocol and CSV, read; names and values; an import between what was recorded */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "history/answer.h"
#include "history/covers.h"
#include "history/files.h"
#include "history/import.h"
#include "history/import_csv.h"
#include "history/import_input.h"
#include "msg/quality.h"
#include "store_rig.h"

#define BOOT_A "11111111-1111-1111-1111-111111111111"
#define WALL (INT64_C(1700000000) * NS_PER_S)

/* ---- line protocol -------------------------------------------------------------------------------------------------------- */

static struct line_point point;
static char line[512];

static int
read_line(const char *text, size_t *out_column)
{
	struct err err;

	text_copy(line, sizeof(line), text);
	return line_read(line, strlen(line), &point, out_column, &err);
}

static void
test_line(void **state)
{
	size_t column;

	assert_int_equal(
		read_line("weather,loc=us\\ midwest,k\\==v\\,w temp\\ c=82.5,n=-3i,u=7u,ok=t,"
			  "s=\"a \\\"b\\\\ c,d=e\" 1465839830100400200",
			&column),
		LINE_GOOD);
	assert_string_equal(point.measurement, "weather");
	assert_int_equal(point.n_tags, 2);
	assert_string_equal(point.tags[0].text, "us midwest");
	assert_string_equal(point.tags[1].key, "k=");
	assert_string_equal(point.tags[1].text, "v,w");
	assert_int_equal(point.n_fields, 5);
	assert_string_equal(point.fields[0].key, "temp c");
	assert_int_equal(point.fields[0].kind, LINE_FLOAT);
	assert_string_equal(point.fields[1].text, "-3");
	assert_int_equal(point.fields[1].kind, LINE_INT);
	assert_int_equal(point.fields[2].kind, LINE_UINT);
	assert_string_equal(point.fields[3].text, "true");
	assert_string_equal(point.fields[4].text, "a \"b\\ c,d=e");
	assert_true(point.has_time);
	assert_int_equal(point.time, 1465839830100400200);
	assert_int_equal(read_line("m v=1", &column), LINE_GOOD);
	assert_false(point.has_time);
	assert_int_equal(read_line("  # m v=1", &column), LINE_NOTHING);
	assert_int_equal(read_line("", &column), LINE_NOTHING);
	assert_int_equal(read_line("m s=\"one", &column), LINE_MORE);
	assert_string_equal(line, "m s=\"one");
	assert_int_equal(read_line("m s=\"one\ntwo\" 5", &column), LINE_GOOD);
	assert_string_equal(point.fields[0].text, "one\ntwo");
	/* A quote that is no text's beginning. */
	assert_int_equal(read_line("m,t=\"x v=1 5", &column), LINE_GOOD);
	assert_string_equal(point.tags[0].text, "\"x");
}

static void
test_line_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t column;
	} rows[] = { { "m", 2 }, { ",a=b v=1", 1 }, { "m,a v=1", 3 }, { "m,a= v=1", 3 },
		{ "m v", 3 }, { "m =1", 3 }, { "m v=", 5 }, { "m v=abc", 5 }, { "m v=1x", 5 },
		{ "m v=1.5i", 5 }, { "m v=\"a\"b", 8 }, { "m v=1 noon", 7 }, { "m v=1 1 2", 7 },
		{ "m v=1,", 7 }, { "m v=1 99999999999999999999", 7 } };

	for (size_t i = 0; i < NELEM(rows); i++) {
		size_t column = 0;

		assert_int_equal(read_line(rows[i].text, &column), ERR_PROTO);
		assert_int_equal(column, rows[i].column);
	}
}

/* ---- CSV ------------------------------------------------------------------------------------------------------------------ */

static struct csv_cell cells[CSV_COLUMNS_MAX + 1];

static int
read_row(const char *text, char separator)
{
	struct err err;
	size_t column;

	text_copy(line, sizeof(line), text);
	return csv_read(line, strlen(line), separator, cells, &column, &err);
}

static void
test_csv(void **state)
{
	struct csv_column columns[16];
	struct err err;

	assert_int_equal(csv_separator("a;b;c,d\n,,,,", 12), ';');
	assert_int_equal(csv_separator("a", 1), ',');
	assert_int_equal(read_row("a,\"b,\"\"c\",,d", ','), 4);
	assert_string_equal(cells[1].text, "b,\"c");
	assert_string_equal(cells[2].text, "");
	assert_int_equal(cells[3].column, 12);
	assert_int_equal(read_row("a,\"b", ','), CSV_MORE);
	assert_int_equal(read_row("a,\"b\nc\"", ','), 2);
	assert_int_equal(read_row("a,\"b\"c", ','), ERR_PROTO);
	assert_int_equal(read_row("5\"\" pipe,1", ','), 2);

	assert_int_equal(read_row("time,d.a,d.a quality,x T,T [degC],p (bar)", ','), 6);
	assert_int_equal(csv_columns(cells, 6, NULL, columns, &err), 0);
	assert_int_equal(columns[0].role, CSV_TIME);
	assert_int_equal(columns[2].role, CSV_QUALITY);
	assert_int_equal(columns[2].of, 1);
	assert_int_equal(columns[3].role, CSV_NOTHING);
	assert_string_equal(columns[4].name, "T");
	assert_string_equal(columns[4].unit, "degC");
	assert_string_equal(columns[5].unit, "bar");
	assert_int_equal(read_row("time,a mean,a min,a max,a count,a quality", ','), 6);
	assert_int_equal(csv_columns(cells, 6, NULL, columns, &err), 0);
	assert_string_equal(columns[1].name, "a");
	assert_true(columns[1].is_mean);
	assert_int_equal(columns[2].role, CSV_NOTHING);
	assert_int_equal(columns[5].of, 1);
	assert_int_equal(read_row("when,a", ','), 2);
	assert_int_equal(csv_columns(cells, 2, NULL, columns, &err), ERR_CONF);
	assert_int_equal(csv_columns(cells, 2, "when", columns, &err), 0);
}

/* ---- names, values -------------------------------------------------------------------------------------------------------- */

static void
check_name(const char *template, const char *text, const char *expected)
{
	char name[64];
	struct err err;
	size_t column;

	assert_int_equal(read_line(text, &column), LINE_GOOD);
	assert_int_equal(import_name(template, &point, point.fields[0].key, name, &err), 0);
	assert_string_equal(name, expected);
}

static void
test_names(void **state)
{
	char name[64];
	struct err err;
	size_t column;

	check_name(IMPORT_TEMPLATE, "d.a,bench=b,type=int,unit=K value=1i", "d.a");
	check_name(IMPORT_TEMPLATE, "cpu,host=a\\ b,core=1 idle=1", "cpu.a_b.1.idle");
	check_name("{tag:host}_{field}", "cpu,host=h idle=1", "h_idle");
	check_name("old.{measurement}", "temp\303\251rature value=1", "old.temp_rature");
	check_name("{measurement}", "3d value=1", "_3d");
	assert_int_equal(read_line("m v=1", &column), LINE_GOOD);
	assert_int_equal(import_name("{nothing}", &point, "v", name, &err), ERR_CONF);
	assert_int_equal(import_name("{measurement", &point, "v", name, &err), ERR_CONF);
	assert_int_equal(import_name("{tag:a}", &point, "v", name, &err), ERR_CONF);
	assert_true(import_id("a") >= FILES_IMPORT);
	assert_int_not_equal(import_id("a"), import_id("b"));
}

static int
value(enum value_type type, enum line_kind kind, const char *text, struct sample *out)
{
	struct reader_channel ch = {
		.type = type, .name = "c", .choices = "0=closed\n12=half open"
	};
	struct err err;

	memset(out, 0, sizeof(*out));
	return import_value(&ch, kind, text, out, &err);
}

static void
test_values(void **state)
{
	struct sample s;

	assert_int_equal(value(VALUE_FLOAT, LINE_FLOAT, "1.5e3", &s), 0);
	assert_true(s.v.f == 1500);
	assert_int_equal(value(VALUE_FLOAT32, LINE_FLOAT, "0.1", &s), 0);
	assert_true(s.v.f == (double)0.1f);
	assert_int_equal(value(VALUE_FLOAT32, LINE_FLOAT, "1e39", &s), ERR_CONF);
	assert_int_equal(value(VALUE_FLOAT, LINE_FLOAT, "1e999", &s), ERR_CONF);
	assert_int_equal(value(VALUE_FLOAT, LINE_TEXT, "1.5", &s), ERR_CONF);
	assert_int_equal(value(VALUE_INT, LINE_INT, "-9223372036854775808", &s), 0);
	assert_true(s.v.i == INT64_MIN);
	assert_int_equal(value(VALUE_INT, LINE_FLOAT, "20.0", &s), 0);
	assert_int_equal(value(VALUE_INT, LINE_FLOAT, "20.5", &s), ERR_CONF);
	assert_int_equal(value(VALUE_UINT, LINE_UINT, "18446744073709551615", &s), 0);
	assert_true(s.v.u == UINT64_MAX);
	assert_int_equal(value(VALUE_UINT, LINE_INT, "-1", &s), ERR_CONF);
	assert_int_equal(value(VALUE_UINT, LINE_UINT, "18446744073709551616", &s), ERR_CONF);
	assert_int_equal(value(VALUE_BOOL, LINE_BOOL, "true", &s), 0);
	assert_true(s.v.i == 1);
	assert_int_equal(value(VALUE_CHOICE, LINE_TEXT, "half open", &s), 0);
	assert_true(s.v.i == 12);
	assert_int_equal(value(VALUE_CHOICE, LINE_INT, "0", &s), 0);
	assert_int_equal(value(VALUE_CHOICE, LINE_TEXT, "ajar", &s), ERR_CONF);
	assert_int_equal(
		value(VALUE_TEXT, LINE_TEXT,
			"0123456789012345678901234567890123456789012345678901234567890123", &s),
		0);
	assert_int_equal(s.quality, Q_TEXT_CUT);
	assert_int_equal(value(VALUE_TEXT, LINE_TEXT, "\xff", &s), ERR_CONF);
}

/* ---- covers --------------------------------------------------------------------------------------------------------------- */

static void
test_covers(void **state)
{
	struct reader_cover a[] = { { 1, 10, 20 }, { 2, 15, 30 }, { 3, 50, 60 } },
			    b[] = { { 1, 0, 12 }, { 2, 25, 55 } }, *met;
	const struct reader_gap gaps[] = { { .from_ns = INT64_MIN, .to_ns = 100 },
		{ .from_ns = 12, .to_ns = 18 } };
	struct reader_gap *left;

	assert_int_equal(covers_join(a, 3), 2);
	assert_int_equal(a[0].to_ns, 30);
	assert_int_equal(covers_meet(a, 2, b, 2, &met), 3);
	assert_int_equal(met[1].from_ns, 25);
	assert_int_equal(met[2].to_ns, 55);
	free(met);
	assert_int_equal(covers_cut(gaps, 2, a, 2, 0, &left), 3);
	assert_true(left[0].from_ns == INT64_MIN && left[0].to_ns == 10);
	assert_true(left[1].from_ns == 31 && left[1].to_ns == 50);
	assert_true(left[2].from_ns == 61 && left[2].to_ns == 100);
	free(left);
}

/* ---- lines of a file ------------------------------------------------------------------------------------------------------ */

static int
file_of(const char *text, size_t n)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/in", rig_dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	for (size_t at = 0; at < n;) {
		ssize_t k = write(fd, text + at, n - at);

		assert_true(k > 0);
		at += (size_t)k;
	}
	return fd;
}

static void
test_input(void **state)
{
	static const char text[] = "\xEF\xBB\xBFone\r\n\ntwo\"\r\nthree";
	struct input in;
	struct err err;
	char *at;
	size_t n;
	int fd = file_of(text, sizeof(text) - 1);

	input_begin(&in, fd, NULL);
	assert_int_equal(input_next(&in, &at, &n, &err), 1);
	assert_string_equal(at, "one");
	assert_int_equal(input_next(&in, &at, &n, &err), 1);
	assert_int_equal(n, 0);
	assert_int_equal(input_next(&in, &at, &n, &err), 1);
	assert_string_equal(at, "two\"");
	assert_int_equal(input_more(&in, &at, &n, &err), 1);
	assert_string_equal(at, "two\"\r\nthree");
	assert_int_equal(in.line, 3);
	assert_int_equal(input_more(&in, &at, &n, &err), ERR_PROTO);
	input_done(&in);
	close(fd);
}

/* Longer than what is in memory at a time, with lines that lie over its borders; then one that never ends. */
static void
test_input_long(void **state)
{
	struct buf text = { 0 };
	struct input in;
	struct err err;
	char *at;
	size_t n;
	int fd, rc;

	for (int i = 0; i < 300000; i++)
		buf_printf(&text, "line number %d\n", i);
	fd = file_of(text.data, text.n);
	input_begin(&in, fd, NULL);
	for (int i = 0; i < 300000; i++) {
		char expected[32];

		assert_int_equal(input_next(&in, &at, &n, &err), 1);
		snprintf(expected, sizeof(expected), "line number %d", i);
		assert_string_equal(at, expected);
	}
	assert_int_equal(in.line, 300000);
	assert_int_equal(input_next(&in, &at, &n, &err), 0);
	input_done(&in);
	close(fd);
	buf_clear(&text);
	for (int i = 0; i < 3000000; i++)
		buf_putc(&text, i == 5 ? '\n' : 'x');
	fd = file_of(text.data, text.n);
	input_begin(&in, fd, NULL);
	assert_int_equal(input_next(&in, &at, &n, &err), 1);
	rc = input_next(&in, &at, &n, &err);
	assert_int_equal(rc, ERR_PROTO);
	input_done(&in);
	close(fd);
	buf_done(&text);
}

/* ---- between what was recorded -------------------------------------------------------------------------------------------- */

#define CHANNEL 17u

static void
record(struct store *s, uint32_t number, int from, int to)
{
	struct store_place place = { .boot_id = BOOT_A, .made_ns = 1 };
	struct err err;

	for (int k = from; k < to; k++) {
		const struct sample sample = { .stamp_ns = k * NS_PER_S, .v = { .f = k } };

		store_add(s, number, &sample);
	}
	place.seq = (uint64_t)to;
	assert_int_equal(store_commit(s, &place, to * NS_PER_S, WALL + to * NS_PER_S, &err), 0);
}

/* Seconds 0 to 99 and 200 to 299, in one chunk; a gap between, and one since ever. */
static void
make_store(void)
{
	const struct store_channel ch = { .id = CHANNEL,
		.type = VALUE_FLOAT,
		.name = "T",
		.unit = "degC",
		.title = "",
		.instrument = "",
		.choices = "" };
	struct store *s = rig_open(rig_dir, 0);
	uint32_t number;
	struct err err;

	assert_int_equal(store_boot(s, BOOT_A, &err), 0);
	store_clock(s, 0, WALL, true);
	assert_int_equal(store_channels_begin(s, &err), 0);
	assert_int_equal(store_channel(s, &ch, &number, &err), 0);
	assert_int_equal(store_channels_end(s, true, &err), 0);
	store_gap(s, &(struct store_gap){ .is_first = true, .to_ns = 0, .cause = "first_start" });
	record(s, number, 0, 100);
	store_gap(s, &(struct store_gap){ .from_ns = 99 * NS_PER_S + 1,
			     .to_ns = 200 * NS_PER_S,
			     .cause = "overrun" });
	record(s, number, 200, 300);
	assert_int_equal(store_seal(s, &err), 0);
	store_close(s);
}

static int
import(const char *text, uint32_t number, struct import_found *found)
{
	char name[] = "in.lp", *names[] = { name }, part[128], final[FILES_NAME_MAX], path[256];
	int in = file_of(text, strlen(text)), rc;
	struct import_job job = { .dir = rig_dir,
		.fds = &in,
		.names = names,
		.n = 1,
		.number = number,
		.template = IMPORT_TEMPLATE,
		.zone = "",
		.now_ns = WALL + 1000000 * NS_PER_S };

	snprintf(part, sizeof(part), "%s/import.part", rig_dir);
	job.out = open(part, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(job.out >= 0);
	*found = (struct import_found){ 0 };
	rc = import_fill(&job, found);
	if (rc == 0) {
		uint64_t n, sum;
		struct err err;

		assert_int_equal(import_read_back(job.out, "import.part", &n, &sum, &err), 0);
		assert_int_equal(n, found->n);
		assert_true(sum == found->sum);
		files_import_name(final, number, found->first_ns, found->hash);
		snprintf(path, sizeof(path), "%s/%s", rig_dir, final);
		assert_int_equal(rename(part, path), 0);
	} else {
		unlink(part);
	}
	close(in);
	close(job.out);
	return rc;
}

static void
put_lines(struct buf *out, const char *start, int from, int to)
{
	for (int k = from; k < to; k++)
		buf_printf(out, "%s value=%d %lld\n", start, k, (long long)(WALL + k * NS_PER_S));
}

/* What is there of T, in its order; returns how many. */
static size_t
read_all(int *out, size_t cap)
{
	struct err err;
	struct reader *r = reader_open(rig_dir, &err);
	struct reader_channel ch;
	struct cursor *c;
	struct series series;
	struct piece piece;
	size_t n = 0;
	int rc;

	assert_non_null(r);
	assert_int_equal(reader_find(r, "T", &ch, &err), 0);
	series_init(&series, ch.type);
	c = cursor_new(r, &ch, 0, INT64_MAX, true);
	cursor_hold(c);
	while ((rc = cursor_next(c, &piece, &err)) == 1) {
		assert_int_equal(cursor_load(c, &series, &err), 0);
		assert_int_equal(piece.stats.n, series.n);
		for (size_t i = 0; i < series.n; i++) {
			assert_true(n < cap);
			assert_true(reader_wall(r, piece.boot, series.t[i]) ==
				    WALL + (int64_t)series.v[i].f * NS_PER_S);
			out[n++] = (int)series.v[i].f;
		}
	}
	assert_int_equal(rc, 0);
	cursor_free(c);
	series_done(&series);
	reader_close(r);
	return n;
}

static void
test_between(void **state)
{
	struct buf text = { 0 };
	struct import_found found;
	int got[1200];
	size_t n;

	make_store();
	put_lines(&text, "T,unit=degC", 110, 150);
	put_lines(&text, "T,unit=degC", 160, 200);
	assert_int_equal(import(buf_text(&text), 1, &found), 0);
	assert_int_equal(found.n, 80);
	assert_int_equal(found.n_new, 0);
	buf_clear(&text);
	put_lines(&text, "T", -500, -100);
	assert_int_equal(import(buf_text(&text), 2, &found), 0);
	buf_clear(&text);
	put_lines(&text, "T", 150, 160); /* between what another import has */
	assert_int_equal(import(buf_text(&text), 3, &found), 0);
	assert_int_equal(import(buf_text(&text), 4, &found), ERR_CONF); /* the same again */
	assert_non_null(strstr(found.err.msg, "imported before"));
	buf_clear(&text);
	put_lines(&text, "T", -50, 1);
	assert_int_equal(import(buf_text(&text), 5, &found), ERR_CONF);
	assert_non_null(strstr(found.err.msg, "--to"));
	n = read_all(got, NELEM(got));
	assert_int_equal(n, 200 + 80 + 400 + 10);
	for (size_t i = 1; i < n; i++)
		assert_true(got[i] > got[i - 1]);
	buf_done(&text);
}

/* Blocks in any order, and lines that are a little out of order; or go to and fro. */
static void
test_disorder(void **state)
{
	struct buf text = { 0 };
	struct import_found found;
	int got[12000];
	size_t n;

	make_store();
	put_lines(&text, "T", 3000, 6000);
	put_lines(&text, "T", 400, 3000);
	for (int k = 6000; k < 8000; k += 2)
		put_lines(&text, "T", k + 1, k + 2), put_lines(&text, "T", k, k + 1);
	assert_int_equal(import(buf_text(&text), 1, &found), 0);
	n = read_all(got, NELEM(got));
	assert_int_equal(n, 200 + 7600);
	for (size_t i = 1; i < n; i++)
		assert_true(got[i] > got[i - 1]);
	buf_clear(&text);
	for (int k = 10000; k < 14000; k++)
		put_lines(&text, "T", k % 2 ? 30000 - k : k, (k % 2 ? 30000 - k : k) + 1);
	assert_int_equal(import(buf_text(&text), 2, &found), 0);
	n = read_all(got, NELEM(got));
	assert_int_equal(n, 200 + 7600 + 4000);
	for (size_t i = 1; i < n; i++)
		assert_true(got[i] > got[i - 1]);
	buf_done(&text);
}

/* What was imported of a channel is no gap of it, and nothing holds over what is left. */
static void
test_gaps(void **state)
{
	struct ask_words words = { .channels = "T",
		.from = "2023-11-14T22:13:20Z",
		.to = "2023-11-14T22:18:20Z",
		.format = "json",
		.points = "3" };
	struct buf text = { 0 }, out = { 0 };
	struct import_found found;
	struct answer *a;
	struct reader *r;
	struct ask ask;
	struct err err;

	make_store();
	put_lines(&text, "T", 100, 200);
	put_lines(&text, "U", 100, 200);
	assert_int_equal(import(buf_text(&text), 1, &found), 0);
	assert_int_equal(found.n_new, 1);
	r = reader_open(rig_dir, &err);
	assert_non_null(r);
	assert_int_equal(ask_read(&words, WALL + 1000 * NS_PER_S, true, &ask, &err), 0);
	a = answer_new(r, &ask, &err);
	assert_non_null(a);
	while (answer_step(a, &out, &err) > 0)
		continue;
	assert_non_null(strstr(buf_text(&out), "\"min\":[0,100,200]"));
	assert_non_null(strstr(buf_text(&out), "\"mean\":[49.5,149.5,249.5]"));
	assert_null(strstr(buf_text(&out), "overrun\",\"text"));
	answer_free(a);
	ask_done(&ask);
	/* Of U nothing is known elsewhere. */
	buf_clear(&out);
	words.channels = "U";
	assert_int_equal(ask_read(&words, WALL + 1000 * NS_PER_S, true, &ask, &err), 0);
	a = answer_new(r, &ask, &err);
	assert_non_null(a);
	while (answer_step(a, &out, &err) > 0)
		continue;
	assert_non_null(strstr(buf_text(&out), "\"count\":[0,100,0]"));
	answer_free(a);
	ask_done(&ask);
	reader_close(r);
	buf_done(&text);
	buf_done(&out);
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "T value=1 1000\n", "in.lp:1:11: a time before 1980" },
		{ "T value=1 1699999990000000000\n\nT value=abc 5\n", "in.lp:3:9: no value" },
		{ "T value=\"a\" 1699999990000000000\n",
			"no value of channel 'T', which has floats" },
		{ "T,unit=K value=1 1699999990000000000\n", "unit 'degC'" },
		{ "T value=1\n", "no time" },
		{ "T value=1 4000000000000000000\n", "in the future" },
		{ "# nothing\n", "nothing to import" },
		{ "", "nothing to import" },
		{ "T s=\"a\n", "does not end" },
	};

	make_store();
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct import_found found;

		assert_int_equal(import(rows[i].text, 1, &found) < 0, true);
		if (strstr(found.err.msg, rows[i].why) == NULL)
			fail_msg("'%s' lacks '%s'", found.err.msg, rows[i].why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_line_wrong),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_covers),
		cmocka_unit_test_setup_teardown(test_input, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_input_long, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_between, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_disorder, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_gaps, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_wrong, rig_make_dir, rig_remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
