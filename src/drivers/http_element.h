/* http_element.h - paths in an XML page; for the codec `http` alone
 *
 * Names of elements from the outermost on, `response/led0`, each perhaps with what one of its attributes must say,
 * `PollResponse/V[@Name="EVID_0"]`; at the end perhaps an attribute, `response/V/@value`.
 */
#ifndef DRIVERS_HTTP_ELEMENT_H
#define DRIVERS_HTTP_ELEMENT_H

#include "drivers/http_value.h"

/* One step of a path. */
struct http_element_want {
	struct run name;
	struct run attribute, value; /* what it must say; attribute empty: anything */
	bool is_attribute;           /* `name` is one, of the step before */
};

/* Take the first step off a path. 1: a step; 0: there is no more; -1: it is none. */
int http_element_want(struct run *path, bool is_first, struct http_element_want *out);
/* What is wrong with a path; NULL: nothing. */
const char *http_element_path(const char *path);

/* All points of the request that stand in an XML page; false as http_terminal_read(). */
bool http_element_read(struct http_page *p);

#endif
