/* page.h - pages, fetched when they are asked for and kept for a while */
#ifndef CURL_PAGE_H
#define CURL_PAGE_H

#include "base/buf.h"
#include "curl/options.h"

struct pages;

/* `o` is kept. NULL: out of memory, or libcurl cannot do what is needed (err). */
struct pages *pages_new(const struct options *o, struct err *err);
void pages_free(struct pages *p);

/* The value of a source as the text of a line, appended to `out`; its page is fetched when the one that is kept is older than
 * o->every_ns. Waits up to o->timeout_ns. A page that could not be had is kept as that, so that its other channels need not
 * wait too. ERR_IO, ERR_REFUSED, ERR_PROTO: why there is no value; without secrets. */
int pages_get(struct pages *p, const struct source *s, struct buf *out, struct err *err) MUST_CHECK;

#endif
