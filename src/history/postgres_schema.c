/* postgres_schema.c - the tables in the data base; docs/postgres.md explains them for people */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "history/postgres.h"
#include "msg/quality.h"

#define SCHEMA_VERSION "1"
/* Two benches that make the tables, or parts of them, do so one behind the other. */
#define LOCK "SELECT pg_advisory_xact_lock(hashtext('mbc ' || current_schema()))"

static const char tables[] =
	"CREATE TABLE meta(key text PRIMARY KEY, value text NOT NULL);"
	"CREATE TABLE bench(bench int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL "
	"UNIQUE,"
	" instance text NOT NULL, place bytea NOT NULL DEFAULT '', carried timestamptz);"
	"CREATE TABLE quality(quality smallint PRIMARY KEY, token text NOT NULL, class text NOT "
	"NULL, text text NOT NULL);"
	"CREATE TABLE channel(channel int PRIMARY KEY, bench int NOT NULL REFERENCES bench, id "
	"bigint NOT NULL, name text NOT NULL,"
	" type text NOT NULL, unit text NOT NULL, title text NOT NULL, instrument text NOT NULL, "
	"choices text NOT NULL);"
	"CREATE INDEX ON channel(bench, name);"
	"CREATE TABLE boot(bench int NOT NULL REFERENCES bench, boot int NOT NULL, boot_id text "
	"NOT NULL, dated boolean NOT NULL,"
	" PRIMARY KEY(bench, boot));"
	"CREATE TABLE sample(channel int NOT NULL, time timestamptz NOT NULL, ns smallint NOT "
	"NULL, boot int NOT NULL, boot_ns bigint NOT NULL,"
	" value double precision, exact numeric, text text, quality smallint NOT NULL, code int "
	"NOT NULL)";

/* Where TimescaleDB does not do it. */
static const char parted[] = " PARTITION BY RANGE(time)";

static const char more_tables[] =
	";"
	"CREATE INDEX ON sample(channel, time);"
	"CREATE TABLE gap(bench int NOT NULL REFERENCES bench, file bigint NOT NULL, number bigint "
	"NOT NULL, begins timestamptz, ends timestamptz NOT NULL,"
	" cause text NOT NULL, missed bigint NOT NULL, PRIMARY KEY(bench, file, number));"
	"CREATE TABLE event(bench int NOT NULL REFERENCES bench, id bigint NOT NULL, time "
	"timestamptz, boot_ns bigint NOT NULL, boot_hash bigint NOT NULL, kind text NOT NULL,"
	" subject text NOT NULL, principal text NOT NULL, cause bigint NOT NULL, text text NOT "
	"NULL, line text NOT NULL, PRIMARY KEY(bench, id, boot_hash, boot_ns));"
	"CREATE INDEX ON event(bench, time);"
	"CREATE TABLE run(bench int NOT NULL REFERENCES bench, run int NOT NULL, begins "
	"timestamptz NOT NULL, ends timestamptz, title text NOT NULL,"
	" who text NOT NULL, ended_by text NOT NULL, fields jsonb NOT NULL, notes jsonb NOT NULL, "
	"parts jsonb NOT NULL, PRIMARY KEY(bench, run));"
	"CREATE VIEW samples AS SELECT b.name AS bench, c.name AS channel, s.time, s.value, "
	"s.exact, s.text, c.unit, q.token AS quality, q.class, s.code,"
	" s.channel AS channel_id, s.boot, s.boot_ns, s.ns"
	" FROM sample s JOIN channel c ON c.channel = s.channel JOIN bench b ON b.bench = c.bench "
	"LEFT JOIN quality q ON q.quality = s.quality;"
	"CREATE VIEW latest AS SELECT b.name AS bench, c.name AS channel, l.time, l.value, "
	"l.exact, l.text, c.unit, q.token AS quality, q.class"
	" FROM channel c JOIN bench b ON b.bench = c.bench CROSS JOIN LATERAL (SELECT * FROM "
	"sample s WHERE s.channel = c.channel ORDER BY s.time DESC LIMIT 1) l"
	" LEFT JOIN quality q ON q.quality = l.quality;"
	"CREATE VIEW minutes AS SELECT b.name AS bench, c.name AS channel, date_trunc('minute', "
	"s.time) AS time, avg(s.value) AS mean, min(s.value) AS min,"
	" max(s.value) AS max, count(s.value) AS samples, c.unit FROM sample s JOIN channel c ON "
	"c.channel = s.channel JOIN bench b ON b.bench = c.bench"
	" GROUP BY b.name, c.name, c.unit, date_trunc('minute', s.time);"
	"INSERT INTO meta VALUES('schema_version', '" SCHEMA_VERSION "');";

/* Their names are looked up in our schema alone. */
static int
enter(PGconn *c, const char *schema, struct err *err)
{
	struct buf sql = { 0 };
	int rc;

	buf_puts(&sql, "SET search_path = ");
	postgres_name(&sql, schema);
	rc = postgres_run(c, buf_text(&sql), err);
	buf_done(&sql);
	return rc;
}

static int
make_schema(PGconn *c, const char *schema, struct err *err)
{
	struct buf sql = { 0 };
	PGresult *r;
	int rc = postgres_ask(
		c, "SELECT 1 FROM pg_namespace WHERE nspname = $1", &schema, 1, &r, err);
	bool is_there;

	if (rc < 0)
		return rc;
	is_there = PQntuples(r) > 0;
	PQclear(r);
	if (is_there)
		return 0;
	buf_puts(&sql, "CREATE SCHEMA IF NOT EXISTS ");
	postgres_name(&sql, schema);
	rc = postgres_run(c, buf_text(&sql), err);
	buf_done(&sql);
	return rc;
}

/* The rows of quality.def; a later version adds its own. */
static int
put_qualities(PGconn *c, struct err *err)
{
	struct buf sql = { 0 };
	int rc;

	buf_puts(&sql, "INSERT INTO quality VALUES");
	for (unsigned q = 0; q < Q_COUNT; q++) {
		char *text = PQescapeLiteral(
			c, quality_row(q)->text_en, strlen(quality_row(q)->text_en));

		buf_printf(&sql, "%s(%u, '%s', '%s', %s)", q == 0 ? "" : ",", q,
			quality_row(q)->token, quality_class_text(q), text != NULL ? text : "''");
		PQfreemem(text);
	}
	buf_puts(&sql, " ON CONFLICT (quality) DO NOTHING");
	rc = postgres_run(c, buf_text(&sql), err);
	buf_done(&sql);
	return rc;
}

static int
one_text(PGconn *c, const char *sql, const char *const *values, int n, char *out, size_t cap,
	struct err *err)
{
	PGresult *r;

	out[0] = '\0';
	if (postgres_ask(c, sql, values, n, &r, err) < 0)
		return ERR_IO;
	if (PQntuples(r) > 0)
		text_copy(out, cap, PQgetvalue(r, 0, 0));
	PQclear(r);
	return 0;
}

/* Where the functions of TimescaleDB are, quoted; "": the data base has not got it. */
static int
find_timescale(PGconn *c, char out[POSTGRES_SCALE_MAX], struct err *err)
{
	return one_text(c,
		"SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = "
		"e.extnamespace WHERE e.extname = 'timescaledb'",
		NULL, 0, out, POSTGRES_SCALE_MAX, err);
}

static int
make_sample(PGconn *c, const struct postgres_settings *set, const char *scale, struct err *err)
{
	struct buf sql = { 0 };
	int rc;

	buf_printf(&sql, "%s%s%s", tables, scale[0] == '\0' ? parted : "", more_tables);
	rc = postgres_run(c, buf_text(&sql), err);
	buf_clear(&sql);
	buf_printf(&sql,
		"SELECT %s.create_hypertable('sample', 'time', chunk_time_interval => interval '1 "
		"%s', "
		"create_default_indexes => false); INSERT INTO meta VALUES('hypertable', 'yes')",
		scale, set->partitions);
	if (rc == 0 && scale[0] != '\0')
		rc = postgres_run(c, buf_text(&sql), err);
	buf_done(&sql);
	return rc;
}

/* What it was made with has to be there. */
static int
check_scale(PGconn *c, const char *schema, char scale[POSTGRES_SCALE_MAX], struct err *err)
{
	char is_hyper[8];
	int rc = one_text(c, "SELECT value FROM meta WHERE key = 'hypertable'", NULL, 0, is_hyper,
		sizeof(is_hyper), err);

	if (rc == 0 && is_hyper[0] == '\0')
		scale[0] = '\0';
	else if (rc == 0 && scale[0] == '\0')
		return err_set(err, ERR_CONF, 0,
			"schema '%.60s' was made with TimescaleDB, which this data base has no "
			"more; CREATE "
			"EXTENSION timescaledb, or name another 'schema'",
			schema);
	return rc;
}

/* In the transaction. */
static int
make_tables(PGconn *c, const struct postgres_settings *set, char out_parts[8],
	char out_scale[POSTGRES_SCALE_MAX], struct err *err)
{
	char is_there[8], version[16];
	const char *schema = set->schema, *parts = set->partitions;
	int rc = one_text(c,
		"SELECT 1 FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace WHERE "
		"n.nspname "
		"= $1 AND k.relkind IN ('r', 'p') LIMIT 1",
		&schema, 1, is_there, sizeof(is_there), err);

	if (rc == 0)
		rc = find_timescale(c, out_scale, err);
	if (rc == 0 && is_there[0] == '\0') {
		rc = make_sample(c, set, out_scale, err);
		if (rc == 0)
			rc = postgres_ask(c, "INSERT INTO meta VALUES('partitions', $1)", &parts, 1,
				NULL, err);
		if (rc == 0)
			log_info("postgres: the tables are made in schema '%s'%s", schema,
				out_scale[0] != '\0' ? ", 'sample' as a hypertable of TimescaleDB"
						     : "");
	}
	if (rc < 0)
		return rc;
	rc = one_text(c,
		"SELECT 1 FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace WHERE "
		"n.nspname "
		"= $1 AND k.relname = 'meta'",
		&schema, 1, is_there, sizeof(is_there), err);
	if (rc == 0 && is_there[0] == '\0')
		return err_set(err, ERR_CONF, 0,
			"schema '%.60s' has tables that are none of mbc's; name another 'schema'",
			schema);
	if (rc == 0)
		rc = one_text(c, "SELECT value FROM meta WHERE key = 'schema_version'", NULL, 0,
			version, sizeof(version), err);
	if (rc == 0 && strcmp(version, SCHEMA_VERSION) != 0)
		return err_set(err, ERR_CONF, 0,
			"the tables in schema '%.60s' are of version %.12s, this mbc "
			"writes " SCHEMA_VERSION "; update mbc, or name another 'schema'",
			schema, version[0] != '\0' ? version : "unknown");
	if (rc == 0)
		rc = one_text(c, "SELECT value FROM meta WHERE key = 'partitions'", NULL, 0,
			out_parts, 8, err);
	if (rc == 0)
		rc = check_scale(c, schema, out_scale, err);
	return rc == 0 ? put_qualities(c, err) : rc;
}

int
postgres_schema(PGconn *c, const struct postgres_settings *set, char out_parts[8],
	char out_scale[POSTGRES_SCALE_MAX], struct err *err)
{
	int rc = make_schema(c, set->schema, err);

	if (rc == 0)
		rc = enter(c, set->schema, err);
	if (rc == 0)
		rc = postgres_run(c, "BEGIN; " LOCK, err);
	if (rc == 0)
		rc = make_tables(c, set, out_parts, out_scale, err);
	if (rc == 0)
		rc = postgres_run(c, "COMMIT", err);
	if (rc == 0 && strcmp(out_parts, set->partitions) != 0)
		log_warn("postgres: the table is parted by %s already, so that 'partitions: %s' "
			 "means "
			 "nothing here",
			out_parts, set->partitions);
	return rc;
}
