/* postgres.c - what a store has, into a PostgreSQL data base */
#include "history/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "history/postgres_rows.h"
#include "history/runs_read.h"
#include "io/now.h"

#define PIECE 50000                     /* samples of a transaction, about */
#define UNDATED_WAIT_NS (10 * NS_PER_S) /* that samples wait for the clock to be set */
#define RUNS_EVERY_NS (2 * NS_PER_S)
#define KEEP_EVERY_NS (3600 * NS_PER_S)
#define CHANNELS_OF_BENCH                                                                          \
	(1 << 20) /* numbers in the data base are the bench's times this, and the store's */
#define BENCHES_MAX 2047
#define PERIODS_MAX 4096 /* that are known to be there */
#define REDATE_S 3600

struct postgres {
	const struct postgres_settings *set;
	const char *name;
	const struct drain_state *state;
	struct drain *drain;
	PGconn *c;
	int bench;
	char id[12]; /* `bench` as text */
	enum period_kind kind;
	char scale[POSTGRES_SCALE_MAX]; /* TimescaleDB makes the parts; "": we do */
	struct buf place;               /* as the data base has it */
	uint32_t file;
	uint64_t carried;

	struct period *periods; /* partitions that are there */
	size_t n_periods;
	uint64_t *known; /* [number of a channel] hash of what the data base has of it */
	uint32_t n_known;
	uint32_t known_boot;
	bool known_dated;

	/* the piece */
	struct buf rows, events, gaps;
	struct buf channels; /* struct drain_channel: those that must be told first */
	struct period *wanted;
	size_t n_wanted;
	struct period last; /* that a sample was in */
	uint64_t n_samples;
	uint32_t *boots; /* that occur */
	size_t n_boots;
	bool has_undated;                          /* samples of a boot whose clock was not set */
	int64_t offset_from, offset_until, offset; /* of boot offset_boot */
	uint32_t offset_boot;

	int64_t undated_ns; /* since when samples wait; 0: none */
	int64_t next_runs_ns, next_keep_ns;
	uint64_t runs; /* as the data base has them: drain_runs() */
	bool has_runs;
};

struct postgres *
postgres_new(const struct postgres_settings *set, const char *bench, const char *dir,
	const struct drain_state *state, struct err *err)
{
	struct postgres *p = mem_zero(1, sizeof(*p));

	p->set = set;
	p->name = bench;
	p->state = state;
	p->drain = drain_open(dir, err);
	if (p->drain == NULL) {
		postgres_free(p);
		return NULL;
	}
	return p;
}

static void
hang_up(struct postgres *p)
{
	if (p->c != NULL)
		PQfinish(p->c);
	p->c = NULL;
}

void
postgres_free(struct postgres *p)
{
	if (p == NULL)
		return;
	hang_up(p);
	drain_close(p->drain);
	buf_done(&p->place);
	buf_done(&p->rows);
	buf_done(&p->events);
	buf_done(&p->gaps);
	buf_done(&p->channels);
	free(p->known);
	free(p->periods);
	free(p->wanted);
	free(p->boots);
	free(p);
}

uint32_t
postgres_file(const struct postgres *p)
{
	return p->file;
}

bool
postgres_is_connected(const struct postgres *p)
{
	return p->c != NULL;
}

uint64_t
postgres_carried(const struct postgres *p)
{
	return p->carried;
}

void
postgres_behind(struct postgres *p, uint32_t *out_files, uint64_t *out_chunks)
{
	if (drain_behind(p->drain, out_files, out_chunks, NULL) < 0)
		*out_files = 0, *out_chunks = 0;
}

/* ---- the bench ------------------------------------------------------------------------------------------------------------- */

static int
take_place(struct postgres *p, const PGresult *r, int column, struct err *err)
{
	size_t n;
	unsigned char *bytes = PQunescapeBytea((const unsigned char *)PQgetvalue(r, 0, column), &n);
	int rc;

	if (bytes == NULL)
		abort();
	buf_clear(&p->place);
	buf_put(&p->place, bytes, n);
	PQfreemem(bytes);
	rc = drain_goto(p->drain, p->place.data, p->place.n, err);
	if (rc < 0)
		return err_set(err, ERR_CONF, 0,
			"the place of bench '%.60s' in the data base cannot be read; update mbc",
			p->name);
	p->file = drain_file(p->drain);
	return 0;
}

/* Its row, made when it is not there. */
static int
find_bench(struct postgres *p, struct err *err)
{
	const char *const values[] = { p->name, p->state->id };
	PGresult *r;
	int rc = postgres_ask(p->c,
		"INSERT INTO bench(name, instance) VALUES($1, $2) ON CONFLICT (name) DO NOTHING",
		values, 2, NULL, err);

	if (rc == 0)
		rc = postgres_ask(p->c,
			"SELECT bench, instance, place FROM bench WHERE name = $1 FOR UPDATE",
			values, 1, &r, err);
	if (rc < 0)
		return rc;
	if (PQntuples(r) != 1)
		rc = err_set(err, ERR_IO, 0, "the bench has no row; it is tried again");
	else if (strcmp(PQgetvalue(r, 0, 1), p->state->id) != 0)
		rc = err_set(err, ERR_CONF, 0,
			"another recorder is called '%.40s' there; rename this bench, or that row "
			"(UPDATE "
			"bench SET name = ...) when that one is gone",
			p->name);
	else
		p->bench = atoi(PQgetvalue(r, 0, 0));
	if (rc == 0 && (p->bench < 1 || p->bench > BENCHES_MAX))
		rc = err_set(err, ERR_CONF, 0,
			"more than %d benches in a schema; name another 'schema'", BENCHES_MAX);
	if (rc == 0)
		rc = take_place(p, r, 2, err);
	PQclear(r);
	snprintf(p->id, sizeof(p->id), "%d", p->bench);
	return rc;
}

/* They are told again. */
static void
forget_channels(struct postgres *p)
{
	if (p->n_known > 0)
		memset(p->known, 0, p->n_known * sizeof(*p->known));
}

int
postgres_ready(struct postgres *p, struct err *err)
{
	char parts[8];
	int rc;

	if (p->c != NULL)
		return 0;
	p->c = postgres_connect(p->set, err);
	if (p->c == NULL)
		return ERR_IO;
	rc = postgres_schema(p->c, p->set, parts, p->scale, err);
	if (rc == 0)
		rc = find_bench(p, err);
	if (rc < 0) {
		hang_up(p);
		return rc;
	}
	p->kind = strcmp(parts, "day") == 0    ? PERIOD_DAY
		  : strcmp(parts, "week") == 0 ? PERIOD_WEEK
					       : PERIOD_MONTH;
	p->n_periods = 0;
	forget_channels(p);
	p->known_boot = 0;
	p->next_runs_ns = p->next_keep_ns = 0;
	p->has_runs = false;
	return 0;
}

/* ---- a piece --------------------------------------------------------------------------------------------------------------- */

static int64_t
wall_of(struct postgres *p, uint32_t boot, int64_t t_ns)
{
	int64_t wall;

	if (boot != p->offset_boot || t_ns < p->offset_from || t_ns >= p->offset_until) {
		p->offset = reader_offset(
			drain_reader(p->drain), boot, t_ns, &p->offset_from, &p->offset_until);
		p->offset_boot = boot;
	}
	if (__builtin_add_overflow(t_ns, p->offset, &wall))
		return t_ns < 0 ? INT64_MIN / 2 : INT64_MAX / 2;
	return wall;
}

static bool
has_period(const struct period *at, size_t n, int64_t wall_ns)
{
	for (size_t i = n; i-- > 0;)
		if (wall_ns >= at[i].from_ns && wall_ns < at[i].to_ns)
			return true;
	return false;
}

static void
want_period(struct postgres *p, int64_t wall_ns)
{
	if (wall_ns >= p->last.from_ns && wall_ns < p->last.to_ns)
		return;
	period_of(p->kind, wall_ns, &p->last);
	if (has_period(p->wanted, p->n_wanted, wall_ns) ||
		has_period(p->periods, p->n_periods, wall_ns))
		return;
	p->wanted = mem_grow(p->wanted, p->n_wanted + 1, sizeof(*p->wanted));
	p->wanted[p->n_wanted++] = p->last;
}

static void
want_channel(struct postgres *p, const struct drain_channel *ch)
{
	uint64_t hash = text_hash(&ch->ch, sizeof(ch->ch)) | 1;

	if (ch->number >= p->n_known) {
		uint32_t n = ch->number + ch->number / 2 + 16;

		p->known = mem_grow(p->known, n, sizeof(*p->known));
		memset(p->known + p->n_known, 0, (n - p->n_known) * sizeof(*p->known));
		p->n_known = n;
	}
	if (p->known[ch->number] == hash)
		return;
	p->known[ch->number] = hash;
	buf_put(&p->channels, ch, sizeof(*ch));
}

static int32_t
channel_of(const struct postgres *p, uint32_t number)
{
	return (int32_t)(p->bench * CHANNELS_OF_BENCH + (int)(number % CHANNELS_OF_BENCH));
}

static void
want_boot(struct postgres *p, uint32_t boot)
{
	for (size_t i = p->n_boots; i-- > 0;)
		if (p->boots[i] == boot)
			return;
	p->boots = mem_grow(p->boots, p->n_boots + 1, sizeof(*p->boots));
	p->boots[p->n_boots++] = boot;
}

static void
take_samples(void *ctx, const struct drain_channel *ch, uint32_t boot, const struct series *s,
	size_t from, size_t n)
{
	struct postgres *p = ctx;

	want_channel(p, ch);
	want_boot(p, boot);
	p->has_undated |= !drain_is_dated(p->drain, boot);
	for (size_t i = from; i < from + n; i++) {
		struct sample sample;
		int64_t wall;

		series_sample(s, i, &sample);
		rows_repair(sample.text);
		wall = wall_of(p, boot, sample.stamp_ns);
		want_period(p, wall);
		rows_sample(&p->rows, channel_of(p, ch->number), boot, wall, s->type,
			ch->ch.choices, &sample);
	}
	p->n_samples += n;
}

static void
take_event(void *ctx, const struct reader_event *e)
{
	struct postgres *p = ctx;
	struct buf line = { 0 };

	event_text(&line, &e->event, LANGUAGE_EN);
	rows_fields(&p->events, 11);
	rows_i32(&p->events, p->bench);
	rows_i64(&p->events, (int64_t)e->event.id);
	if (e->has_wall)
		rows_time(&p->events, e->wall_ns);
	else
		rows_null(&p->events);
	rows_i64(&p->events, e->event.stamp_ns);
	rows_i64(&p->events, (int64_t)e->event.boot);
	rows_text(&p->events, event_row(e->event.kind)->token,
		strlen(event_row(e->event.kind)->token));
	rows_text(&p->events, e->event.subject, strlen(e->event.subject));
	rows_text(&p->events, e->event.principal, strlen(e->event.principal));
	rows_i64(&p->events, (int64_t)e->event.cause);
	rows_text(&p->events, e->event.text, strlen(e->event.text));
	rows_text(&p->events, line.data, line.n);
	buf_done(&line);
}

static void
put_gap(struct postgres *p, uint32_t file, int64_t number, bool has_from, int64_t from_ns,
	int64_t to_ns, const char *cause, uint64_t missed)
{
	rows_fields(&p->gaps, 7);
	rows_i32(&p->gaps, p->bench);
	rows_i64(&p->gaps, file);
	rows_i64(&p->gaps, number);
	if (has_from)
		rows_time(&p->gaps, from_ns);
	else
		rows_null(&p->gaps);
	rows_time(&p->gaps, to_ns);
	rows_text(&p->gaps, cause, strlen(cause));
	rows_i64(&p->gaps, (int64_t)missed);
}

static void
take_gap(void *ctx, uint32_t file, int64_t row, const struct reader_gap *gap)
{
	struct postgres *p = ctx;

	put_gap(p, file, row, gap->from_ns != INT64_MIN, gap->from_ns, gap->to_ns, gap->cause,
		gap->missed);
}

/* Chunks that are gone went by the `keep` of their channel, which was wanted. */
static void
take_lost(void *ctx, uint32_t from, uint32_t to, uint64_t chunks, int64_t wall_ns)
{
	struct postgres *p = ctx;

	if (to > 0)
		put_gap(p, from, -1, false, 0, wall_ns, "removed_before_carried", 0);
}

static void
begin_piece(struct postgres *p)
{
	buf_clear(&p->rows);
	buf_clear(&p->events);
	buf_clear(&p->gaps);
	buf_clear(&p->channels);
	rows_begin(&p->rows);
	rows_begin(&p->events);
	rows_begin(&p->gaps);
	p->n_samples = p->n_wanted = 0;
	p->n_boots = 0;
	p->last = (struct period){ 0, 0 };
	p->has_undated = false;
	p->offset_boot = UINT32_MAX;
}

static bool
is_empty(const struct buf *rows)
{
	return rows->n <= 21; /* head and end */
}

/* ---- partitions ------------------------------------------------------------------------------------------------------------ */

static void
put_time(char out[40], int64_t wall_ns)
{
	int64_t s = wall_ns / NS_PER_S - (wall_ns % NS_PER_S < 0);

	snprintf(out, 40, "%" PRId64, s);
}

static int
make_period(struct postgres *p, const struct period *period, struct err *err)
{
	char name[PERIOD_NAME], from[40], to[40], sql[400];

	if (p->scale[0] != '\0')
		return 0;
	period_name(p->kind, period, name);
	put_time(from, period->from_ns);
	put_time(to, period->to_ns);
	/* The names are ours, the bounds are numbers. */
	snprintf(sql, sizeof(sql),
		"CREATE TABLE IF NOT EXISTS sample_%s PARTITION OF sample FOR VALUES FROM "
		"(to_timestamp(%s)) TO (to_timestamp(%s))",
		name, from, to);
	return postgres_run(p->c, sql, err);
}

static void
know_period(struct postgres *p, const struct period *period)
{
	if (p->n_periods == PERIODS_MAX)
		p->n_periods = 0;
	p->periods = mem_grow(p->periods, p->n_periods + 1, sizeof(*p->periods));
	p->periods[p->n_periods++] = *period;
}

/* In a transaction of their own: the table is locked for a moment. The next one is made ahead. */
static int
make_periods(struct postgres *p, struct err *err)
{
	struct period next;
	int rc;

	if (p->n_wanted == 0)
		return 0;
	rc = postgres_run(p->c,
		"BEGIN; SELECT pg_advisory_xact_lock(hashtext('mbc ' || current_schema()))", err);
	for (size_t i = 0; i < p->n_wanted && rc == 0; i++) {
		period_of(p->kind, p->wanted[i].to_ns, &next);
		rc = make_period(p, &p->wanted[i], err);
		if (rc == 0)
			rc = make_period(p, &next, err);
	}
	if (rc == 0)
		rc = postgres_run(p->c, "COMMIT", err);
	for (size_t i = 0; i < p->n_wanted && rc == 0; i++)
		know_period(p, &p->wanted[i]);
	return rc;
}

static int
drop_chunks(struct postgres *p, int64_t before_ns, struct err *err)
{
	char before[40], sql[300];

	put_time(before, before_ns);
	snprintf(sql, sizeof(sql), "SELECT %s.drop_chunks('sample', to_timestamp(%s))", p->scale,
		before);
	return postgres_run(p->c, sql, err);
}

static int
drop_old(struct postgres *p, struct err *err)
{
	int64_t now = now_boot(), wall = now + now_wall_offset();
	PGresult *r;
	int rc;

	if (p->set->keep_ns == 0 || now < p->next_keep_ns || !now_wall_is_good())
		return 0;
	p->next_keep_ns = now + KEEP_EVERY_NS;
	if (p->scale[0] != '\0')
		return drop_chunks(p, wall - p->set->keep_ns, err);
	rc = postgres_ask(p->c,
		"SELECT k.relname FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid WHERE "
		"i.inhparent = 'sample'::regclass",
		NULL, 0, &r, err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < PQntuples(r) && rc == 0; i++) {
		const char *name = PQgetvalue(r, i, 0);
		struct period period;
		struct buf sql = { 0 };

		if (strncmp(name, "sample_", 7) != 0 || !period_read(p->kind, name + 7, &period) ||
			period.to_ns >= wall - p->set->keep_ns)
			continue;
		buf_puts(&sql, "DROP TABLE IF EXISTS ");
		postgres_name(&sql, name);
		rc = postgres_run(p->c, buf_text(&sql), err);
		buf_done(&sql);
		p->n_periods = 0;
		if (rc == 0)
			log_info("postgres: %s is removed: it is older than 'keep'", name);
	}
	PQclear(r);
	return rc;
}

/* ---- channels, boots ------------------------------------------------------------------------------------------------------- */

static int
put_channels(struct postgres *p, struct err *err)
{
	int rc = 0;

	for (size_t at = 0; at < p->channels.n && rc == 0; at += sizeof(struct drain_channel)) {
		struct drain_channel ch;
		char number[16], id[16];
		const char *values[9] = { number, p->id, id };

		memcpy(&ch, p->channels.data + at, sizeof(ch));
		rows_repair(ch.ch.name);
		rows_repair(ch.ch.unit);
		rows_repair(ch.ch.title);
		rows_repair(ch.ch.instrument);
		rows_repair(ch.ch.choices);
		if (ch.number >= CHANNELS_OF_BENCH)
			return err_set(err, ERR_CONF, 0, "more than %d channels of a bench",
				CHANNELS_OF_BENCH);
		snprintf(number, sizeof(number), "%d", channel_of(p, ch.number));
		snprintf(id, sizeof(id), "%u", ch.ch.id);
		values[3] = ch.ch.name;
		values[4] = ch.ch.type == VALUE_FLOAT32 ? "float32" : value_type_text(ch.ch.type);
		values[5] = ch.ch.unit;
		values[6] = ch.ch.title;
		values[7] = ch.ch.instrument;
		values[8] = ch.ch.choices;
		rc = postgres_ask(p->c,
			"INSERT INTO channel VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9) ON "
			"CONFLICT "
			"(channel) DO UPDATE SET name = $4, title = $7, instrument = $8, choices = "
			"$9",
			values, 9, NULL, err);
	}
	return rc;
}

/* Samples of a boot that were carried before its clock was set get their times. `t` of both sides is the same, so that it is known which. Rows are put in anew: TimescaleDB
 * moves none from one part to another. */
static int
redate(struct postgres *p, uint32_t boot, struct err *err)
{
	struct reader *reader = drain_reader(p->drain);
	int64_t from = INT64_MIN, until = INT64_MIN, start = INT64_MIN;
	char number[16], low[16], high[16], offset[24], first[24], behind[24];
	const char *const values[] = { number, low, high, offset, first, behind };
	char hash[24];
	const char *const of_events[] = { p->id, hash, offset, first, behind };
	struct period period;
	PGresult *r;
	int rc = 0;

	snprintf(
		hash, sizeof(hash), "%" PRId64, (int64_t)event_boot(drain_boot_id(p->drain, boot)));
	snprintf(number, sizeof(number), "%u", boot);
	snprintf(low, sizeof(low), "%d", channel_of(p, 0));
	snprintf(high, sizeof(high), "%d", channel_of(p, CHANNELS_OF_BENCH - 1));
	log_info(
		"postgres: the clock of boot %u is known now: what was carried of it is dated anew",
		boot);
	rc = postgres_run(p->c, "SET LOCAL statement_timeout = 0", err);
	for (; rc == 0 && until != INT64_MAX; start = until) {
		int64_t wall = reader_offset(reader, boot, start, &from, &until);

		snprintf(offset, sizeof(offset), "%" PRId64, wall);
		snprintf(first, sizeof(first), "%" PRId64, start);
		snprintf(behind, sizeof(behind), "%" PRId64, until);
		/* First the parts of the table that they go to. */
		r = NULL;
		rc = postgres_ask_long(p->c,
			"SELECT DISTINCT extract(epoch from date_trunc('day', to_timestamp(0) + "
			"(boot_ns + "
			"$4::bigint) / 1000 * interval '1 microsecond'))::bigint FROM sample WHERE "
			"boot = $1 "
			"AND channel BETWEEN $2 AND $3 AND boot_ns >= $5::bigint AND boot_ns < "
			"$6::bigint",
			values, 6, &r, REDATE_S, err);
		for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
			period_of(p->kind, strtoll(PQgetvalue(r, i, 0), NULL, 10) * NS_PER_S,
				&period);
			rc = make_period(p, &period, err);
		}
		PQclear(r);
		if (rc == 0)
			rc = postgres_ask_long(p->c,
				"WITH old AS (DELETE FROM sample WHERE boot = $1 AND channel "
				"BETWEEN $2 AND $3 AND "
				"boot_ns >= $5::bigint AND boot_ns < $6::bigint RETURNING *) "
				"INSERT INTO sample SELECT channel, to_timestamp(0) + ((boot_ns + "
				"$4::bigint) - "
				"((boot_ns + $4::bigint) % 1000 + 1000) % 1000) / 1000 * interval "
				"'1 "
				"microsecond', ((boot_ns + $4::bigint) % 1000 + 1000) % 1000, "
				"boot, boot_ns, "
				"value, exact, text, quality, code FROM old",
				values, 6, NULL, REDATE_S, err);
		if (rc == 0)
			rc = postgres_ask_long(p->c,
				"UPDATE event SET time = to_timestamp(0) + (boot_ns + $3::bigint) "
				"/ 1000 * "
				"interval '1 microsecond' WHERE bench = $1 AND boot_hash = "
				"$2::bigint AND "
				"boot_ns >= $4::bigint AND boot_ns < $5::bigint",
				of_events, 5, NULL, REDATE_S, err);
	}
	return rc;
}

/* The boots that the data base knows; in the transaction. One that was not dated there and is now: all of it is. */
static int
put_boot(struct postgres *p, uint32_t boot, struct err *err)
{
	bool is_dated = drain_is_dated(p->drain, boot);
	char number[16];
	const char *const values[] = { p->id, number, drain_boot_id(p->drain, boot),
		is_dated ? "t" : "f" };
	PGresult *r;
	bool was_undated;
	int rc;

	if (boot == 0 || (p->known_boot == boot && p->known_dated == is_dated))
		return 0;
	snprintf(number, sizeof(number), "%u", boot);
	rc = postgres_ask(
		p->c, "SELECT dated FROM boot WHERE bench = $1 AND boot = $2", values, 2, &r, err);
	if (rc < 0)
		return rc;
	was_undated = PQntuples(r) > 0 && PQgetvalue(r, 0, 0)[0] == 'f';
	PQclear(r);
	if (was_undated && is_dated)
		rc = redate(p, boot, err);
	if (rc == 0)
		rc = postgres_ask(p->c,
			"INSERT INTO boot VALUES($1, $2, $3, $4) ON CONFLICT (bench, boot) DO "
			"UPDATE SET "
			"dated = $4",
			values, 4, NULL, err);
	if (rc == 0) {
		p->known_boot = boot;
		p->known_dated = is_dated;
	}
	return rc;
}

/* Boots that wait for their clock, also when nothing comes of them any more. */
static int
look_at_undated(struct postgres *p, struct err *err)
{
	const char *values[] = { p->id };
	PGresult *r;
	int rc = postgres_ask(
		p->c, "SELECT boot FROM boot WHERE bench = $1 AND NOT dated", values, 1, &r, err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < PQntuples(r) && rc == 0; i++) {
		uint32_t boot = (uint32_t)atoi(PQgetvalue(r, i, 0));

		if (!drain_is_dated(p->drain, boot))
			continue;
		rc = postgres_run(p->c, "BEGIN", err);
		if (rc == 0)
			rc = put_boot(p, boot, err);
		if (rc == 0)
			rc = postgres_run(p->c, "COMMIT", err);
	}
	PQclear(r);
	return rc;
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------ */

struct telling {
	struct postgres *p;
	struct json j;
	struct err *err;
	int rc;
};

static void
put_note(void *ctx, const struct run_note *note)
{
	struct telling *t = ctx;

	json_object(&t->j, NULL);
	json_int(&t->j, "wall_ns", note->wall_ns);
	json_text(&t->j, "who", note->who);
	json_text(&t->j, "text", note->text);
	json_end(&t->j);
}

static void
put_part(void *ctx, struct run_part *part)
{
	struct telling *t = ctx;

	json_object(&t->j, NULL);
	json_int(&t->j, "begin_ns", part->begin_ns);
	if (!part->is_open)
		json_int(&t->j, "end_ns", part->end_ns);
	json_text(&t->j, "name", part->name);
	json_text(&t->j, "title", part->title);
	json_text(&t->j, "who", part->who);
	json_text(&t->j, "how", part->how);
	json_end(&t->j);
	runs_part_done(part);
}

static void
seconds_text(char out[40], int64_t wall_ns)
{
	int64_t us = wall_ns / 1000;

	snprintf(out, 40, "%s%" PRId64 ".%06" PRId64, us < 0 ? "-" : "",
		(us < 0 ? -us : us) / 1000000, (us < 0 ? -us : us) % 1000000);
}

static void
put_run(void *ctx, const struct run_row *run)
{
	struct telling *t = ctx;
	struct reader *reader = drain_reader(t->p->drain);
	struct buf notes = { 0 }, parts = { 0 };
	char number[16], from[40], to[40];
	const char *values[10] = { t->p->id, number, from, run->is_open ? NULL : to, run->title,
		run->who, run->who1, run->fields[0] != '\0' ? run->fields : "{}" };

	if (t->rc < 0)
		return;
	snprintf(number, sizeof(number), "%u", run->run);
	seconds_text(from, run->begin_ns);
	seconds_text(to, run->end_ns);
	json_open(&t->j, &notes);
	json_array(&t->j, NULL);
	t->rc = runs_notes(reader, run->run, put_note, t, t->err);
	json_end(&t->j);
	json_open(&t->j, &parts);
	json_array(&t->j, NULL);
	if (t->rc == 0)
		t->rc = runs_parts(reader, run->run, put_part, t, t->err);
	json_end(&t->j);
	values[8] = buf_text(&notes);
	values[9] = buf_text(&parts);
	if (t->rc == 0)
		t->rc = postgres_ask(t->p->c,
			"INSERT INTO run VALUES($1, $2, to_timestamp($3::numeric), "
			"to_timestamp($4::numeric), $5, $6, $7, $8, $9, $10) ON CONFLICT (bench, "
			"run) DO "
			"UPDATE SET begins = excluded.begins, ends = excluded.ends, title = "
			"excluded.title, who = excluded.who, ended_by = excluded.ended_by, fields "
			"= "
			"excluded.fields, notes = excluded.notes, parts = excluded.parts",
			values, 10, NULL, t->err);
	buf_done(&notes);
	buf_done(&parts);
}

/* From the oldest one that was open, or that the data base does not have: they may be told again, which changes nothing. */
static int
put_runs(struct postgres *p, struct err *err)
{
	struct telling t = { .p = p, .err = err };
	const char *values[] = { p->id };
	PGresult *r;
	uint32_t behind;
	int rc = postgres_ask(p->c,
		"SELECT coalesce(min(run) FILTER (WHERE ends IS NULL) - 1, max(run) - 20, 0) FROM "
		"run "
		"WHERE bench = $1",
		values, 1, &r, err);

	if (rc < 0)
		return rc;
	behind = (uint32_t)MAX(atoi(PQgetvalue(r, 0, 0)), 0);
	PQclear(r);
	if (reader_refresh(drain_reader(p->drain), err) < 0)
		return ERR_IO;
	rc = runs_some(drain_reader(p->drain), behind, 10000, put_run, &t, err);
	return rc < 0 ? rc : t.rc;
}

/* ---- carrying -------------------------------------------------------------------------------------------------------------- */

/* The row of the bench is ours until the end of the transaction; what stands in it must be what we come from. */
static int
lock_place(struct postgres *p, bool *out_is_same, struct err *err)
{
	const char *const values[] = { p->id, p->state->id };
	PGresult *r;
	int rc = postgres_ask(p->c,
		"SELECT place FROM bench WHERE bench = $1 AND instance = $2 FOR UPDATE", values, 2,
		&r, err);
	unsigned char *bytes;
	size_t n;

	if (rc < 0)
		return rc;
	if (PQntuples(r) != 1) {
		PQclear(r);
		return err_set(
			err, ERR_IO, 0, "the row of the bench is gone; it is looked for again");
	}
	bytes = PQunescapeBytea((const unsigned char *)PQgetvalue(r, 0, 0), &n);
	*out_is_same = bytes != NULL && n == p->place.n &&
		       (n == 0 || memcmp(bytes, p->place.data, n) == 0);
	PQfreemem(bytes);
	PQclear(r);
	return 0;
}

static int
copy(struct postgres *p, const char *into, struct buf *rows, struct err *err)
{
	rows_end(rows);
	return is_empty(rows) ? 0 : postgres_copy(p->c, into, rows, err);
}

static int
put_gaps(struct postgres *p, struct err *err)
{
	return copy(p, "COPY gap FROM STDIN (FORMAT binary)", &p->gaps, err);
}

static int
put_piece(struct postgres *p, struct buf *place, struct err *err)
{
	const char *values[] = { p->id };
	bool is_same = false;
	int rc = make_periods(p, err);

	if (rc == 0)
		rc = postgres_run(p->c, "BEGIN", err);
	if (rc == 0)
		rc = lock_place(p, &is_same, err);
	if (rc == 0 && !is_same)
		rc = err_set(
			err, ERR_IO, 0, "somebody else carries this bench; it is looked at again");
	if (rc == 0)
		rc = put_channels(p, err);
	for (size_t i = 0; i < p->n_boots && rc == 0; i++)
		rc = put_boot(p, p->boots[i], err);
	if (rc == 0)
		rc = copy(p, "COPY sample(" ROWS_COLUMNS ") FROM STDIN (FORMAT binary)", &p->rows,
			err);
	if (rc == 0)
		rc = copy(p, "COPY event FROM STDIN (FORMAT binary)", &p->events, err);
	if (rc == 0)
		rc = put_gaps(p, err);
	if (rc == 0)
		rc = postgres_ask_bytes(p->c,
			"UPDATE bench SET place = $1, carried = now() WHERE bench = $2", place,
			values, 1, err);
	return rc == 0 ? postgres_run(p->c, "COMMIT", err) : rc;
}

/* Samples of a computer that does not know the time yet wait a while for it. */
static bool
must_wait(struct postgres *p)
{
	int64_t now = now_boot();

	if (!p->has_undated) {
		if (p->n_samples > 0)
			p->undated_ns = 0;
		return false;
	}
	if (p->undated_ns == 0)
		p->undated_ns = now;
	return now - p->undated_ns < UNDATED_WAIT_NS;
}

static int
look_around(struct postgres *p, struct err *err)
{
	int64_t now = now_boot();
	uint64_t runs;
	int rc = drop_old(p, err);

	if (rc < 0 || now < p->next_runs_ns)
		return rc;
	p->next_runs_ns = now + RUNS_EVERY_NS;
	runs = drain_runs(p->drain);
	rc = look_at_undated(p, err);
	if (rc == 0 && (!p->has_runs || runs != p->runs))
		rc = put_runs(p, err);
	if (rc == 0) {
		p->runs = runs;
		p->has_runs = true;
	}
	return rc;
}

static int
carry(struct postgres *p, struct err *err)
{
	const struct drain_sink sink = { .ctx = p,
		.samples = take_samples,
		.event = take_event,
		.gap = take_gap,
		.lost = take_lost };
	struct buf place = { 0 };
	int more, rc;

	begin_piece(p);
	more = drain_next(p->drain, &sink, PIECE, err);
	if (more < 0)
		return more;
	if (must_wait(p)) {
		forget_channels(p);
		rc = drain_goto(p->drain, p->place.data, p->place.n, err);
		return rc < 0 ? rc : look_around(p, err);
	}
	if (more == 0)
		return look_around(p, err);
	drain_place(p->drain, &place);
	rc = put_piece(p, &place, err);
	if (rc == 0) {
		buf_clear(&p->place);
		buf_put(&p->place, place.data, place.n);
		p->file = drain_file(p->drain);
		p->carried += p->n_samples;
	}
	buf_done(&place);
	return rc < 0 ? rc : 1;
}

int
postgres_carry(struct postgres *p, struct err *err)
{
	int rc = carry(p, err);

	/* Whatever became of the transaction: the data base says where it is, when there is a connection again. */
	if (rc < 0)
		hang_up(p);
	return rc;
}
