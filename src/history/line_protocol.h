/* line_protocol.h - samples as lines of InfluxDB line protocol. Pure; docs/influxdb.md describes them for people
 *
 *	T_bed,bench=lab,type=float,unit=degC value=21.5 1764259200000000000
 *	T_bed,bench=lab,type=float,unit=degC value=99,quality="out_of_range" 1764259201000000000     usable, with a warning
 *	T_bed,bench=lab,type=float,unit=degC quality="no_answer" 1764259202000000000                 there is no value
 *	valve,bench=lab,type=choice value=1i,word="open" 1764259200000000000
 *
 * A measurement is a channel, so that the field `value` has one type in it: InfluxDB refuses a second one. `mbc history import` reads them back.
 */
#ifndef HISTORY_LINE_PROTOCOL_H
#define HISTORY_LINE_PROTOCOL_H

#include "base/buf.h"
#include "history/series.h"

/* What the lines of a channel begin with, up to the blank: measurement and tags, with those characters escaped that have a meaning; a backslash,
 * which could take the meaning from what follows, becomes a slash. */
void line_put_start(struct buf *out, const char *bench, const char *channel, const char *unit,
	enum value_type type);

/* What follows in a line: fields, time, end. version 1 or 2: only 2 has unsigned numbers, in 1 those beyond 2^63 - 1 are told as "over_range". `word`: of a
 * choice, NULL: it has none. */
void line_put_sample(struct buf *out, int version, enum value_type type, const struct sample *s,
	const char *word, int64_t wall_ns);

#endif
