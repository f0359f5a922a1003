/* http_write.h - writes over HTTP; for the codec `http` alone
 *
 * A write is one request made of templates, or an exchange of two where a server takes only a whole collection: the page is read,
 * one node of it changed, and all of it put back.
 */
#ifndef DRIVERS_HTTP_WRITE_H
#define DRIVERS_HTTP_WRITE_H

#include "drivers/http_key.h"
#include "drivers/http_value.h"

#define HTTP_VALUE "{value}"
#define HTTP_BODY_MAX 300      /* of a question, set at the instrument */
#define HTTP_TEMPLATE_MAX 240  /* of a write */
#define HTTP_DOCUMENT_MAX 3400 /* of a collection; with its head it fits LINK_TX_MAX */

/* What stands in a request that writes; borrowed from it. */
struct http_write {
	enum http_method method;
	bool is_collection;
	const char *path;    /* empty: the instrument's */
	const char *content; /* type of the body */
	struct run body;     /* no collection */
	struct run node;     /* collection: path of what is changed */
	struct run value;    /* collection: what it becomes */
};

/* codec.h, write: to pt->write_key. */
int http_write(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, const struct beside *beside, struct request *out, struct err *err);
/* A request of http_write() taken apart; false: it is none. */
bool http_write_split(const struct request *req, struct http_write *out);

/* The page of a collection with its node changed, into vars->scratch. 0, or DECODE_* with a reason. */
int http_write_change(const struct http_write *w, struct http_page *page, struct vars *vars,
	struct readings *out, struct err *err);

/* The value as it stands in a URL, up to `cap` bytes of it, without a NUL; returns its length. */
size_t http_write_url(struct run value, char *out, size_t cap);

/* How a value is escaped in a body of this type of content; empty: JSON. */
enum http_escape { HTTP_ESCAPE_NONE, HTTP_ESCAPE_URL, HTTP_ESCAPE_JSON };

enum http_escape http_write_escape(struct run content);

/* Is text of this type of content escaped in some way that is known? */
bool http_write_takes_text(const char *content);

#endif
