/* postgres.h - what a store has, into a PostgreSQL data base: exactly once, whatever is killed
 *
 * The place in the store (drain.h) stands in the row of the bench, and is moved in the transaction that brings the rows. That row is locked first: a transaction
 * of a connection that was lost is over before its place is read.
 */
#ifndef HISTORY_POSTGRES_H
#define HISTORY_POSTGRES_H

#include "history/drain.h"
#include "history/postgres_link.h"

struct postgres;

/* All is borrowed. */
struct postgres *postgres_new(const struct postgres_settings *set, const char *bench,
	const char *dir, const struct drain_state *state, struct err *err) MUST_CHECK;
void postgres_free(struct postgres *p);

/* Connect, and make the tables, when that has not been done. */
int postgres_ready(struct postgres *p, struct err *err) MUST_CHECK;
/* Carry the next piece: 1: there may be more, 0: everything is there. After an error the connection is closed; ERR_CONF: trying again is of no use
 * before somebody has changed something. */
int postgres_carry(struct postgres *p, struct err *err) MUST_CHECK;

/* All files below this number are wholly there, as the server has acknowledged. */
uint32_t postgres_file(const struct postgres *p);
bool postgres_is_connected(const struct postgres *p);
uint64_t postgres_carried(const struct postgres *p); /* samples since the start */
void postgres_behind(struct postgres *p, uint32_t *out_files, uint64_t *out_chunks);

/* postgres_schema.c: the tables and views, when they are not there; ERR_CONF: they are of another version. out_parts: how `sample` is parted;
 * out_scale: where TimescaleDB has its functions when it does that, else "". */
#define POSTGRES_SCALE_MAX 132
int postgres_schema(PGconn *c, const struct postgres_settings *set, char out_parts[8],
	char out_scale[POSTGRES_SCALE_MAX], struct err *err) MUST_CHECK;

#endif
