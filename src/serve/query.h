/* query.h - the part of an address behind '?', read strictly
 *
 *	names=T_bed,furnace.pv&prefix=gas
 *
 * Percent signs are decoded, '+' is a blank (HTML forms write it so). Refused: a parameter that is not known or comes
 * twice, a broken percent sign, control characters, bytes that are not UTF-8. Pure.
 */
#ifndef SERVE_QUERY_H
#define SERVE_QUERY_H

#include "base/err.h"

#define QUERY_PARAMS_MAX 9 /* of the route that takes most */

struct query {
	char *values[QUERY_PARAMS_MAX]; /* in the order of `known`; NULL: not given */
};

/* Decode %XX (and, if is_query, '+') in place. ERR_CONF as told above; `where` names the text in messages. */
int query_decode(char *text, bool is_query, const char *where, struct err *err) MUST_CHECK;

/* Read `text`, which is overwritten and must outlive `out`. known: n_known names of parameters, at most QUERY_PARAMS_MAX. */
int query_parse(char *text, const char *const *known, size_t n_known, struct query *out,
	struct err *err) MUST_CHECK;

/* The next word of a list "a,b,c" that is cut in place, NULL at its end; *at starts as the list. Empty words are
 * skipped. */
char *query_next(char **at);

#endif
