/* store_schema.c - the tables of a file; docs/history-format.md explains them for people
 *
 * chunk has a rowid and no more, so that blobs of a quarter of a page lie four to a page; span is the index over them and carries the
 * numbers that answer for a chunk without unpacking it.
 */
#include "history/store_inside.h"

const char store_schema[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE boot(boot INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);"
	"CREATE TABLE clock(boot INTEGER NOT NULL, t INTEGER NOT NULL, wall INTEGER NOT NULL, good "
	"INTEGER NOT NULL,"
	" PRIMARY KEY(boot, t)) WITHOUT ROWID;"
	"CREATE TABLE channel(channel INTEGER PRIMARY KEY, id INTEGER NOT NULL, name TEXT NOT "
	"NULL, type TEXT NOT NULL,"
	" unit TEXT NOT NULL, title TEXT NOT NULL, instrument TEXT NOT NULL, choices TEXT NOT "
	"NULL, UNIQUE(id, type, unit));"
	"CREATE TABLE chunk(chunk INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE span(channel INTEGER NOT NULL, boot INTEGER NOT NULL, t0 INTEGER NOT NULL, "
	"chunk INTEGER NOT NULL,"
	" t1 INTEGER NOT NULL, n INTEGER NOT NULL, n_good INTEGER NOT NULL, first REAL, last REAL, "
	"min REAL, max REAL,"
	" sum REAL, area REAL, held INTEGER, PRIMARY KEY(channel, boot, t0, chunk)) WITHOUT ROWID;"
	"CREATE TABLE open(channel INTEGER PRIMARY KEY, boot INTEGER NOT NULL, tail INTEGER NOT "
	"NULL, data BLOB NOT NULL);"
	"CREATE TABLE tail(tail INTEGER PRIMARY KEY, boot INTEGER NOT NULL, data BLOB NOT NULL);"
	"CREATE TABLE place(one INTEGER PRIMARY KEY CHECK(one = 1), boot INTEGER NOT NULL, made "
	"INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, recorded INTEGER NOT NULL);"
	"CREATE TABLE gap(gap INTEGER PRIMARY KEY, boot0 INTEGER, t0 INTEGER, boot1 INTEGER NOT "
	"NULL, t1 INTEGER NOT NULL,"
	" cause TEXT NOT NULL, missed INTEGER NOT NULL);"
	/* Wall time of a moment: by the last clock record before it that was synchronised, else the first one after it, else any. */
	"CREATE VIEW summary AS SELECT name, unit,"
	" strftime('%Y-%m-%dT%H:%M:%fZ', (t0 + w) / 1000000000.0, 'unixepoch') AS \"from\","
	" strftime('%Y-%m-%dT%H:%M:%fZ', (t1 + w) / 1000000000.0, 'unixepoch') AS \"to\","
	" n AS samples, n_good AS good, min, max, CASE WHEN held > 0 THEN area / (held / 1e9) ELSE "
	"first END AS mean, first, last"
	" FROM (SELECT s.*, c.name, c.unit, coalesce("
	"(SELECT wall FROM clock k WHERE k.boot = s.boot AND k.t <= s.t0 AND good ORDER BY k.t "
	"DESC LIMIT 1),"
	"(SELECT wall FROM clock k WHERE k.boot = s.boot AND good ORDER BY k.t LIMIT 1),"
	"(SELECT wall FROM clock k WHERE k.boot = s.boot ORDER BY k.t DESC LIMIT 1), 0) AS w"
	" FROM span s JOIN channel c ON c.channel = s.channel);";
