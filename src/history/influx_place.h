/* influx_place.h - up to where the history has been written to an InfluxDB: two files in turn, each whole or the other one is */
#ifndef HISTORY_INFLUX_PLACE_H
#define HISTORY_INFLUX_PLACE_H

#include "base/buf.h"
#include "base/err.h"

struct influx_place {
	int fds[2];
	uint64_t turn;  /* of the newest */
	uint64_t where; /* hash of the target: the place of another one is none */
};

/* Open the files influx.place and influx.place2 of a folder, made when they are not there; *out: the place, empty: from the beginning. From here on nothing
 * needs to be opened any more. */
int influx_place_open(struct influx_place *p, const char *dir, uint64_t where, struct buf *out,
	struct err *err) MUST_CHECK;
void influx_place_close(struct influx_place *p);

/* On the disk when this returns 0. */
int influx_place_put(
	struct influx_place *p, const void *place, size_t n, struct err *err) MUST_CHECK;

#endif
