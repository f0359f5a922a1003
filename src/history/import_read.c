/* import_read.c - files of line protocol or CSV, read twice: once to know all about them, once to put them into a history file
 *
 * It runs in a child that can open nothing for writing: the file that it fills was opened before. The first pass finds names, types, counts and what is
 * wrong; nothing is written before all of it can be. The second one must find the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/db_given.h"
#include "history/files.h"
#include "history/import.h"
#include "history/import_csv.h"
#include "history/import_input.h"
#include "history/stamp.h"
#include "history/strand.h"
#include "msg/quality.h"

#define BAD_SHOWN 5
#define LEAST_NS (INT64_C(315532800) * NS_PER_S) /* 1980: before it the unit of times is wrong */
#define FUTURE_NS (60 * (int64_t)NS_PER_S)       /* clocks differ */
#define ITEMS_MAX MAX(CSV_COLUMNS_MAX, LINE_FIELDS_MAX)

struct item {
	size_t channel;
	struct sample sample;
};

struct reading {
	const struct import_job *job;
	struct import_found *found;
	struct reader *reader;
	struct import_channels channels;
	struct import_writer *writer; /* of the second pass; NULL */
	struct sha256 sha;
	int64_t from_ns, to_ns;
	const char *name; /* of the file at hand */
	struct input input;
	bool is_stuck;      /* what is wrong is not a line, but that there are none */
	size_t column;      /* of what is wrong; 0: not known */
	struct item *items; /* of a row: all of it or nothing */
	size_t n_items;
	uint64_t n, sum, skipped;
	struct line_point *point;
	/* CSV */
	struct csv_cell *cells;
	struct csv_column *columns;
	size_t n_columns;
	char separator;
	struct buf units;
	const char **unit; /* [column]; NULL: the file does not say */
};

/* ---- channels ------------------------------------------------------------------------------------------------------------- */

static int
check_unit(const struct reader_channel *ch, const char *unit, struct err *err)
{
	if (unit == NULL || unit[0] == '\0' || strcmp(ch->unit, unit) == 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"channel '%s' has the unit '%s', and here it is '%s'; convert the values, or give "
		"it "
		"another name with --name",
		ch->name, ch->unit, unit);
}

static void
set_up_new(struct reader_channel *ch, const char *name, const char *unit, enum value_type type)
{
	memset(ch, 0, sizeof(*ch));
	text_copy(ch->name, sizeof(ch->name), name);
	text_copy(ch->unit, sizeof(ch->unit), unit == NULL ? "" : unit);
	ch->type = type;
	ch->id = import_id(name);
}

/* The number of a channel, which is made when there is none of this name. */
static int
channel_of(struct reading *r, const char *name, const char *unit, enum value_type type, size_t *out,
	struct err *err)
{
	struct import_channel *c = import_channels_find(&r->channels, name);
	int rc;

	if (c == NULL && r->writer != NULL)
		return err_set(err, ERR_IO, 0,
			"the file changed while it was read; wait until nobody writes to it");
	if (c == NULL) {
		c = import_channels_add(&r->channels, name);
		if (c == NULL)
			return err_set(err, ERR_CONF, 0,
				"more than %d channels; leave tags out of their names with --name, "
				"or "
				"split the file",
				IMPORT_CHANNELS_MAX);
		rc = reader_find(r->reader, name, &c->ch, err);
		if (rc < 0 && rc != ERR_CONF)
			return rc;
		c->is_there = rc == 0;
		if (!c->is_there)
			set_up_new(&c->ch, name, unit, type);
	}
	*out = (size_t)(c - r->channels.at);
	return check_unit(&c->ch, unit, err);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------- */

static int
check_time(struct reading *r, int64_t t, struct err *err)
{
	if (t < 0 || (t < LEAST_NS && r->job->unit_ns == 0))
		return err_set(err, ERR_CONF, 0,
			"a time before 1980; say with --precision s, ms, us or ns what times "
			"count");
	if (t > r->job->now_ns + FUTURE_NS)
		return err_set(err, ERR_CONF, 0,
			"a time in the future; say with --precision what times count and with "
			"--zone "
			"where they are, or set the clock of this computer");
	return 0;
}

static int
take_row(struct reading *r, int64_t t, struct err *err)
{
	if (r->n_items == 0)
		return 0;
	if (t < r->from_ns || t >= r->to_ns) {
		r->found->outside += r->writer == NULL ? r->n_items : 0;
		return 0;
	}
	for (size_t i = 0; i < r->n_items; i++) {
		struct import_channel *c = &r->channels.at[r->items[i].channel];
		struct sample *s = &r->items[i].sample;

		s->stamp_ns = t;
		r->n++;
		r->sum += import_sum(c->ch.name, c->ch.type, t, s->v, s->text, s->quality);
		if (r->writer != NULL) {
			if (!c->is_given)
				return err_set(
					err, ERR_IO, 0, "the file changed while it was read");
			if (import_writer_add(r->writer, r->items[i].channel, s, err) < 0)
				return ERR_IO;
			continue;
		}
		c->first_ns = c->is_given ? MIN(c->first_ns, t) : t;
		c->last_ns = c->is_given ? MAX(c->last_ns, t) : t;
		c->is_given = true;
		c->n++;
	}
	return 0;
}

/* What is wrong with a line, and where: it is told or, with --skip-bad, counted. */
static int
bad_line(struct reading *r, struct err *err)
{
	char why[sizeof(err->msg)];

	if (err->code == ERR_IO)
		return ERR_IO;
	memcpy(why, err->msg, sizeof(why));
	if (!r->job->may_skip || r->is_stuck) {
		if (r->column > 0)
			err_set(err, ERR_CONF, 0, "%.50s:%llu:%zu: %s", r->name,
				(unsigned long long)r->input.line, r->column, why);
		else
			err_set(err, ERR_CONF, 0, "%.50s:%llu: %s", r->name,
				(unsigned long long)r->input.line, why);
		return ERR_CONF;
	}
	if (r->writer == NULL && r->skipped < BAD_SHOWN)
		fprintf(stderr, "%s:%llu:%zu: left out: %s\n", r->name,
			(unsigned long long)r->input.line, r->column, why);
	r->skipped++;
	return 0;
}

/* ---- line protocol -------------------------------------------------------------------------------------------------------- */

static const char *
text_of(const struct line_pair *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].text;
	return NULL;
}

static struct item *
add_item(struct reading *r, size_t channel)
{
	struct item *item = &r->items[r->n_items++];

	memset(item, 0, sizeof(*item));
	item->channel = channel;
	return item;
}

/* What a word stands for, of a choice that is new here. */
static void
learn_choice(struct reader_channel *ch, int64_t number, const char *word)
{
	char line[24 + VALUE_TEXT_MAX + 3], start[26];
	size_t n = strlen(ch->choices);

	snprintf(start, sizeof(start), "%lld=", (long long)number);
	for (const char *p = ch->choices; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, start, strlen(start)) == 0)
			return;
	snprintf(line, sizeof(line), "%s%s%.63s", n > 0 ? "\n" : "", start, word);
	if (n + strlen(line) < sizeof(ch->choices))
		memcpy(ch->choices + n, line, strlen(line) + 1);
}

/* A line as mbc-influx writes it: a channel with its type, and of a bad value the reason alone. */
static int
take_own(struct reading *r, const struct line_point *p, const char *type, struct err *err)
{
	const char *value = text_of(p->fields, p->n_fields, "value"),
		   *quality = text_of(p->fields, p->n_fields, "quality"),
		   *word = text_of(p->fields, p->n_fields, "word");
	int q = quality == NULL ? Q_GOOD : import_quality(quality);
	struct import_channel *c;
	struct item *item;
	char name[64];
	size_t channel;

	if (import_name(r->job->template, p, "value", name, err) < 0 ||
		channel_of(r, name, text_of(p->tags, p->n_tags, "unit"),
			(enum value_type)reader_type(type), &channel, err) < 0)
		return err->code;
	if (q < 0 || (value == NULL && !quality_is_bad((unsigned)q)))
		return err_set(err, ERR_CONF, 0,
			"no value, and no reason that mbc knows; correct it, or leave it out with "
			"--skip-bad");
	item = add_item(r, channel);
	item->sample.quality = (uint16_t)q;
	c = &r->channels.at[channel];
	if (value == NULL)
		return 0;
	for (size_t i = 0; i < p->n_fields; i++)
		if (strcmp(p->fields[i].key, "value") == 0 &&
			import_value(&c->ch, p->fields[i].kind, value, &item->sample, err) < 0) {
			r->column = p->fields[i].column;
			return err->code;
		}
	if (word != NULL && c->ch.type == VALUE_CHOICE && !c->is_there && r->writer == NULL)
		learn_choice(&c->ch, item->sample.v.i, word);
	return 0;
}

static int
take_foreign(struct reading *r, const struct line_point *p, struct err *err)
{
	for (size_t i = 0; i < p->n_fields; i++) {
		const struct line_pair *f = &p->fields[i];
		char name[64];
		size_t channel;

		r->column = f->column;
		if (import_name(r->job->template, p, f->key, name, err) < 0 ||
			channel_of(r, name, text_of(p->tags, p->n_tags, "unit"),
				import_type(f->kind), &channel, err) < 0 ||
			import_value(&r->channels.at[channel].ch, f->kind, f->text,
				&add_item(r, channel)->sample, err) < 0)
			return err->code;
	}
	return 0;
}

static int
take_point(struct reading *r, const struct line_point *p, struct err *err)
{
	const char *type = text_of(p->tags, p->n_tags, "type");
	int64_t unit = r->job->unit_ns > 0 ? r->job->unit_ns : 1, t;
	int rc;

	r->n_items = 0;
	r->column = p->time_column;
	if (!p->has_time)
		return err_set(err, ERR_CONF, 0, "no time; write one at the end of the line");
	if (__builtin_mul_overflow(p->time, unit, &t))
		return err_set(err, ERR_CONF, 0, "a time out of range; is --precision right?");
	if (check_time(r, t, err) < 0)
		return err->code;
	r->column = 1;
	rc = type != NULL && text_of(p->tags, p->n_tags, "bench") != NULL
		     ? take_own(r, p, type, err)
		     : take_foreign(r, p, err);
	return rc < 0 ? rc : take_row(r, t, err);
}

static int
go_on(struct reading *r, char **line, size_t *n, struct err *err)
{
	int rc = input_more(&r->input, line, n, err);

	r->is_stuck = rc < 0;
	return rc;
}

static int
read_influx(struct reading *r, struct err *err)
{
	char *line;
	size_t n;
	int rc;

	while ((rc = input_next(&r->input, &line, &n, err)) == 1) {
		if (r->writer == NULL)
			r->found->lines++;
		/* What influx_inspect export writes before the lines. */
		if (strncmp(line, "CREATE DATABASE ", 16) == 0)
			continue;
		do
			rc = line_read(line, n, r->point, &r->column, err);
		while (rc == LINE_MORE && (rc = go_on(r, &line, &n, err)) == 1);
		if (rc == LINE_GOOD)
			rc = take_point(r, r->point, err);
		if (rc < 0 && bad_line(r, err) < 0)
			return err->code;
	}
	if (rc < 0) {
		r->is_stuck = true;
		return bad_line(r, err);
	}
	return 0;
}

/* ---- CSV ------------------------------------------------------------------------------------------------------------------ */

/* "1793019600", "1793019600.125", "1793019600125": with the unit that was said, else by its size as everywhere. */
static int
number_time(const struct reading *r, const char *text, int64_t *out, struct err *err)
{
	size_t whole = strspn(text, "0123456789");
	int64_t number, unit = r->job->unit_ns, part = 0, place;
	char digits[24];

	if (whole == 0 || whole >= sizeof(digits))
		return ERR_CONF;
	memcpy(digits, text, whole);
	digits[whole] = '\0';
	if (unit == 0 && text[whole] == '\0')
		return stamp_parse(digits, 0, out, err);
	if (unit == 0)
		unit = NS_PER_S;
	place = unit / 10;
	text += whole;
	if (*text == '.' || *text == ',')
		for (text++; *text >= '0' && *text <= '9'; text++, place /= 10)
			part += (*text - '0') * place;
	if (*text != '\0' || !text_to_int(digits, &number) ||
		__builtin_mul_overflow(number, unit, out) ||
		__builtin_add_overflow(*out, part, out))
		return ERR_CONF;
	return 0;
}

static int
csv_time(const struct reading *r, const char *text, int64_t *out, struct err *err)
{
	if (text[0] >= '0' && text[0] <= '9' && number_time(r, text, out, err) == 0)
		return 0;
	if (text[0] >= '0' && text[0] <= '9' && strchr(text, '-') != NULL)
		return stamp_parse(text, 0, out, err);
	return err_set(err, ERR_CONF, 0,
		"'%.40s' is no time; write 2026-11-26T14:30:00Z, or a number since 1970", text);
}

static size_t
time_column(const struct reading *r)
{
	size_t i = 0;

	while (r->columns[i].role != CSV_TIME)
		i++;
	return i;
}

static int
csv_name(const struct reading *r, const struct csv_column *c, char out[64], struct err *err)
{
	struct line_point *p = r->point;
	bool is_plain = strcmp(r->job->template, IMPORT_TEMPLATE) == 0;

	p->measurement = "";
	p->n_tags = 0;
	return import_name(is_plain ? "{field}" : r->job->template, p, c->name, out, err);
}

static bool
is_empty(const char *text)
{
	static const char *const words[] = { "", "-", "NaN", "nan", "NAN", "null", "NULL", "NA",
		"n/a", "N/A" };

	for (size_t i = 0; i < NELEM(words); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

/* "1,5" of a table whose cells are not separated by commas. */
static const char *
with_point(const struct reading *r, const char *text, char *room, size_t cap)
{
	char *comma;

	if (r->separator == ',' || strlen(text) >= cap || strchr(text, ',') == NULL ||
		strspn(text, "+-0123456789,eE") != strlen(text))
		return text;
	text_copy(room, cap, text);
	comma = strchr(room, ',');
	*comma = '.';
	return strchr(room, ',') == NULL ? room : text;
}

static enum line_kind
kind_of(const char *text)
{
	double v;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return LINE_BOOL;
	if (!text_to_double(text, &v))
		return LINE_TEXT;
	/* Whole numbers that a float has not all of are such. */
	return (v > 9007199254740992.0 || v < -9007199254740992.0) &&
			       strspn(text, "-0123456789") == strlen(text)
		       ? LINE_INT
		       : LINE_FLOAT;
}

/* The quality that stands beside a value; -1: the cell says of a gap, or nothing, and there is no value either. */
static int
quality_beside(
	struct reading *r, size_t column, size_t n, bool has_value, int *out, struct err *err)
{
	*out = has_value ? Q_GOOD : -1;
	for (size_t i = 0; i < n; i++) {
		const char *token = r->cells[i].text;
		int q;

		if (r->columns[i].role != CSV_QUALITY || r->columns[i].of != column ||
			token[0] == '\0')
			continue;
		q = import_quality(token);
		/* Of an interval the worst quality stands beside a mean of those that are good. */
		if (q >= 0 && (quality_is_bad((unsigned)q) != has_value))
			*out = q;
		else if (q < 0 && has_value) {
			r->column = r->cells[i].column;
			return err_set(
				err, ERR_CONF, 0, "'%.40s' is no quality that mbc knows", token);
		}
	}
	return 0;
}

static int
take_cell(struct reading *r, size_t i, size_t n, struct err *err)
{
	const struct csv_column *c = &r->columns[i];
	const char *text = r->cells[i].text, *number;
	char name[64], room[64];
	struct item *item;
	size_t channel;
	int quality;

	r->column = r->cells[i].column;
	if (quality_beside(r, i, n, !is_empty(text), &quality, err) < 0)
		return ERR_CONF;
	if (quality < 0)
		return 0;
	number = with_point(r, text, room, sizeof(room));
	if (csv_name(r, c, name, err) < 0 ||
		channel_of(r, name, c->unit[0] != '\0' ? c->unit : NULL,
			is_empty(text) ? VALUE_FLOAT : import_type(kind_of(number)), &channel,
			err) < 0)
		return err->code;
	item = add_item(r, channel);
	item->sample.quality = (uint16_t)quality;
	if (is_empty(text))
		return 0;
	if (r->channels.at[channel].ch.type != VALUE_TEXT)
		text = number;
	return import_value(&r->channels.at[channel].ch, kind_of(text), text, &item->sample, err);
}

static int
take_cells(struct reading *r, size_t n, struct err *err)
{
	size_t at = time_column(r);
	int64_t t;

	r->n_items = 0;
	if (n == 1 && r->cells[0].text[0] == '\0')
		return 0; /* an empty line */
	r->column = n <= at ? 1 : r->cells[at].column;
	if (n > r->n_columns || n <= at)
		return err_set(err, ERR_CONF, 0,
			"%zu cells, where the first row has %zu; correct the line, or leave it out "
			"with "
			"--skip-bad",
			n, r->n_columns);
	if (csv_time(r, r->cells[at].text, &t, err) < 0 || check_time(r, t, err) < 0)
		return err->code;
	for (size_t i = 0; i < n; i++)
		if (r->columns[i].role == CSV_VALUE && take_cell(r, i, n, err) < 0)
			return err->code;
	return take_row(r, t, err);
}

/* The next row: how many cells, 0 at the end, or an error. */
static int
next_row(struct reading *r, struct err *err)
{
	char *line;
	size_t n;
	int rc = input_next(&r->input, &line, &n, err);

	r->is_stuck = rc < 0;
	if (rc != 1)
		return rc;
	if (r->writer == NULL)
		r->found->lines++;
	if (r->separator == '\0')
		r->separator = csv_separator(line, n);
	do
		rc = csv_read(line, n, r->separator, r->cells, &r->column, err);
	while (rc == CSV_MORE && (rc = go_on(r, &line, &n, err)) == 1);
	return rc;
}

static int
read_head(struct reading *r, struct err *err)
{
	int n;

	r->separator = '\0';
	n = next_row(r, err);
	if (n == 0)
		return err_set(err, ERR_CONF, 0, "the file is empty");
	if (n < 0)
		return n;
	r->n_columns = (size_t)n;
	r->column = 1;
	if (csv_columns(r->cells, r->n_columns, r->job->time, r->columns, err) < 0)
		return ERR_CONF;
	for (size_t i = 0; i < r->n_columns; i++)
		r->found->has_means |= r->columns[i].is_mean;
	return 0;
}

/* A row of units behind the head: in the column of the time stands a zone, or nothing. */
static bool
take_units(struct reading *r, size_t n)
{
	size_t at = time_column(r);

	if (n <= at || (r->cells[at].text[0] >= '0' && r->cells[at].text[0] <= '9'))
		return false;
	if (r->job->zone[0] == '\0' && r->cells[at].text[0] != '\0')
		(void)!stamp_zone(r->cells[at].text, NULL);
	for (size_t i = 0; i < n && i < r->n_columns; i++)
		if (r->columns[i].role == CSV_VALUE && r->columns[i].unit[0] == '\0')
			text_copy(r->columns[i].unit, sizeof(r->columns[i].unit), r->cells[i].text);
	return true;
}

static int
read_csv(struct reading *r, struct err *err)
{
	int rc = read_head(r, err), rows = 0;

	if (rc < 0)
		return bad_line(r, err) < 0
			       ? ERR_CONF
			       : err_set(err, ERR_CONF, 0, "%.50s: it has no head", r->name);
	while ((rc = next_row(r, err)) != 0) {
		if (rc > 0 && rows++ == 0 && take_units(r, (size_t)rc))
			continue;
		if (rc > 0)
			rc = take_cells(r, (size_t)rc, err);
		if (rc < 0 && bad_line(r, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- a pass --------------------------------------------------------------------------------------------------------------- */

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && strcmp(name + n - k, suffix) == 0;
}

/* By its name, else by its first line with something in it: one of line protocol has a field and a value in it, with an equals sign between. */
static int
format_of(struct reading *r, int fd, enum import_format *out, struct err *err)
{
	struct input in;
	char *line;
	size_t n, column;
	int rc;

	*out = r->job->format;
	if (*out == IMPORT_GUESS && (has_suffix(r->name, ".lp") || has_suffix(r->name, ".line")))
		*out = IMPORT_INFLUX;
	if (*out == IMPORT_GUESS && has_suffix(r->name, ".csv"))
		*out = IMPORT_CSV;
	if (*out != IMPORT_GUESS)
		return 0;
	input_begin(&in, fd, NULL);
	do
		rc = input_next(&in, &line, &n, err);
	while (rc == 1 && (n == 0 || line[0] == '#' || strncmp(line, "CREATE DATABASE ", 16) == 0));
	*out = rc == 1 && line_read(line, n, r->point, &column, NULL) == LINE_GOOD ? IMPORT_INFLUX
										   : IMPORT_CSV;
	input_done(&in);
	return rc < 0 ? rc : 0;
}

static int
pass(struct reading *r, struct err *err)
{
	int rc = 0;

	r->n = r->sum = r->skipped = 0;
	for (size_t i = 0; i < r->job->n && rc == 0; i++) {
		enum import_format format;

		r->name = r->job->names[i];
		rc = format_of(r, r->job->fds[i], &format, err);
		if (rc == 0)
			rc = stamp_zone(r->job->zone, err);
		if (rc < 0)
			return rc;
		input_begin(&r->input, r->job->fds[i], r->writer == NULL ? &r->sha : NULL);
		rc = format == IMPORT_CSV ? read_csv(r, err) : read_influx(r, err);
		input_done(&r->input);
	}
	return rc;
}

/* ---- between the passes --------------------------------------------------------------------------------------------------- */

/* The same lines, asked for in the same words. */
static void
end_hash(struct reading *r)
{
	const char *const words[] = { r->job->from, r->job->to, r->job->template, r->job->time,
		r->job->zone };
	char unit[24];

	for (size_t i = 0; i < NELEM(words); i++)
		sha256_add(&r->sha, words[i] == NULL ? "" : words[i],
			words[i] == NULL ? 1 : strlen(words[i]) + 1);
	snprintf(unit, sizeof(unit), "%lld", (long long)r->job->unit_ns);
	sha256_add(&r->sha, unit, strlen(unit));
	sha256_end_hex(&r->sha, r->found->hash);
}

static int
check_hash(struct reading *r, struct err *err)
{
	struct history_file *list;
	int n = files_imports(r->job->dir, &list, err), rc = 0;

	for (int i = 0; i < n && rc == 0; i++)
		if (strstr(list[i].name, "-") != NULL && strlen(list[i].name) > 24 &&
			strncmp(list[i].name + strlen(list[i].name) - 23, r->found->hash, 16) == 0)
			rc = err_set(err, ERR_CONF, 0,
				"this was imported before, as import %u; to do it again take that "
				"away "
				"with 'mbc history import --remove %u'",
				list[i].ordinal - FILES_IMPORT, list[i].ordinal - FILES_IMPORT);
	free(list);
	return n < 0 ? n : rc;
}

static int
say_overlap(const struct import_channel *c, int64_t wall_ns, struct err *err)
{
	struct buf at = { 0 };
	struct stamp stamp = { 0 };

	stamp_put(&stamp, &at, wall_ns);
	err_set(err, ERR_CONF, 0,
		"channel '%.40s' has values already at %s; take the time without them, with --to "
		"%s for "
		"what is before",
		c->ch.name, buf_text(&at), buf_text(&at));
	buf_done(&at);
	return ERR_CONF;
}

/* Nothing of a channel stands twice: what is there in the time of the import is none of its channels'. */
static int
check_overlap(struct reading *r, const struct import_channel *c, struct err *err)
{
	struct cursor *cursor = cursor_new(r->reader, &c->ch, c->first_ns, c->last_ns + 1, true);
	struct series series;
	struct piece piece;
	int rc;

	series_init(&series, c->ch.type);
	while ((rc = cursor_next(cursor, &piece, err)) == 1) {
		rc = cursor_load(cursor, &series, err);
		for (size_t i = 0; i < series.n && rc == 0; i++) {
			const struct series_sum *sum = series_sum_of(&series, i);
			int64_t wall = reader_wall(r->reader, piece.boot, series.t[i]),
				until = sum == NULL ? wall
						    : reader_wall(r->reader, piece.boot, sum->t1);

			if (until >= c->first_ns && wall <= c->last_ns)
				rc = say_overlap(c, wall, err);
		}
		if (rc < 0)
			break;
	}
	series_done(&series);
	cursor_free(cursor);
	return rc;
}

struct taken {
	const struct import_channels *channels;
	struct import_channel *c;
	bool is_taken;
};

static void
look_at_id(void *ctx, const struct reader_channel *ch)
{
	struct taken *t = ctx;

	t->is_taken |= ch->id == t->c->ch.id && strcmp(ch->name, t->c->ch.name) != 0;
}

/* Numbers come from names; two names with one are rare, and the second takes the next. */
static int
give_ids(struct reading *r, struct err *err)
{
	for (size_t i = 0; i < r->channels.n; i++) {
		struct taken t = { &r->channels, &r->channels.at[i], true };

		while (!t.c->is_there && t.is_taken) {
			t.is_taken = false;
			for (size_t k = 0; k < i; k++)
				t.is_taken |= r->channels.at[k].ch.id == t.c->ch.id;
			if (r->reader->n_imports > 0 &&
				reader_channels(r->reader, look_at_id, &t, err) < 0)
				return ERR_IO;
			t.c->ch.id += t.is_taken;
		}
	}
	return 0;
}

static int
check_all(struct reading *r, struct err *err)
{
	struct import_found *f = r->found;
	int rc = 0;

	f->n = r->n;
	f->sum = r->sum;
	f->skipped = r->skipped;
	end_hash(r);
	if (r->n == 0)
		return err_set(err, ERR_CONF, 0, "there is nothing to import%s",
			f->outside > 0 ? " between --from and --to" : "; is --format right?");
	rc = check_hash(r, err);
	if (rc == 0)
		rc = give_ids(r, err);
	for (size_t i = 0; i < r->channels.n && rc == 0; i++) {
		const struct import_channel *c = &r->channels.at[i];

		if (!c->is_given)
			continue;
		f->first_ns = f->n_channels == 0 ? c->first_ns : MIN(f->first_ns, c->first_ns);
		f->last_ns = f->n_channels == 0 ? c->last_ns : MAX(f->last_ns, c->last_ns);
		f->n_channels++;
		f->n_new += !c->is_there;
		if (c->is_there || r->reader->n_imports > 0)
			rc = check_overlap(r, c, err);
	}
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------ */

static void
bench_of(struct reading *r, char *out, size_t cap)
{
	sqlite3 *db =
		r->reader->n_files == 0 ? NULL : reader_db(r->reader, r->reader->n_files - 1, NULL);
	sqlite3_stmt *st =
		db == NULL ? NULL
			   : db_prepare(db, "SELECT value FROM meta WHERE key = 'bench'", NULL);

	out[0] = '\0';
	if (st != NULL && db_row(st, NULL) == 1)
		text_copy(out, cap, db_text(st, 0));
	sqlite3_finalize(st);
}

static int
write_file(struct reading *r, struct err *err)
{
	char bench[64];
	const struct import_file file = { .number = r->job->number,
		.bench = bench,
		.hash = r->found->hash,
		.source = r->job->names[0],
		.made_ns = r->job->now_ns };
	int rc;

	bench_of(r, bench, sizeof(bench));
	r->writer = import_writer_new(r->job->out, &file, &r->channels, err);
	if (r->writer == NULL)
		return ERR_IO;
	rc = pass(r, err);
	if (rc == 0 && (r->n != r->found->n || r->sum != r->found->sum))
		rc = err_set(err, ERR_IO, 0,
			"the file changed while it was read; wait until nobody writes to it");
	if (rc == 0)
		rc = import_writer_end(r->writer, r->n, r->found->first_ns, r->found->last_ns, err);
	import_writer_free(r->writer);
	r->writer = NULL;
	return rc;
}

static int
read_range(struct reading *r, struct err *err)
{
	int rc = stamp_zone(r->job->zone, err);

	r->from_ns = INT64_MIN;
	r->to_ns = INT64_MAX;
	if (rc == 0 && r->job->from != NULL)
		rc = stamp_parse(r->job->from, r->job->now_ns, &r->from_ns, err);
	if (rc == 0 && r->job->to != NULL)
		rc = stamp_parse(r->job->to, r->job->now_ns, &r->to_ns, err);
	return rc;
}

int
import_fill(const struct import_job *job, struct import_found *out)
{
	struct reading r = { .job = job, .found = out };
	int rc;

	sha256_begin(&r.sha);
	r.items = mem_zero(ITEMS_MAX, sizeof(*r.items));
	r.point = mem_zero(1, sizeof(*r.point));
	r.cells = mem_zero(CSV_COLUMNS_MAX + 1, sizeof(*r.cells));
	r.columns = mem_zero(CSV_COLUMNS_MAX + 1, sizeof(*r.columns));
	rc = read_range(&r, &out->err);
	if (rc == 0) {
		r.reader = reader_open(job->dir, &out->err);
		rc = r.reader == NULL ? out->err.code : 0;
	}
	if (rc == 0)
		rc = pass(&r, &out->err);
	if (rc == 0)
		rc = check_all(&r, &out->err);
	if (rc == 0) {
		rc = write_file(&r, &out->err);
		if (rc < 0)
			out->target_sys = db_given_failure();
	}
	reader_close(r.reader);
	import_channels_done(&r.channels);
	free(r.items);
	free(r.point);
	free(r.cells);
	free(r.columns);
	return out->rc = rc;
}
