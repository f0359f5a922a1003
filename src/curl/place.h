/* place.h - a value on a page in JSON, by its path
 *
 *	stations.0.wind     keys of objects and places in lists, from 0, with points between
 *	a\.b                the key "a.b"; \\ is a backslash
 */
#ifndef CURL_PLACE_H
#define CURL_PLACE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* The value at `path` as the text of a line, appended to `out`. ERR_PROTO: why there is none. */
int place_text(const json_t *page, const char *path, struct buf *out, struct err *err) MUST_CHECK;

#endif
