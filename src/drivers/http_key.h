/* http_key.h - where a value stands: the key of a point; for the codec `http` alone
 *
 * A key is one text, made once by point(), with marks and fields between control characters:
 *
 *	read    j  - or q  selector US path US on US off          t, x, j: terminal, xml, json; q: numbers stand in quotes
 *	write   w or c     method   US path US on US off US content US template (w) or selector (c)  US digits
 */
#ifndef DRIVERS_HTTP_KEY_H
#define DRIVERS_HTTP_KEY_H

#include "link/codec.h"

#define HTTP_HOST_MAX 100
#define HTTP_PATH_MAX 350       /* of an instrument */
#define HTTP_POINT_PATH_MAX 200 /* of a point: it travels in a request */

enum http_kind { HTTP_TERMINAL = 't', HTTP_XML = 'x', HTTP_JSON = 'j' };
enum http_type { HTTP_NUMBER, HTTP_TEXT, HTTP_BOOL, HTTP_HEX_FLOAT };
enum http_method { HTTP_PUT, HTTP_POST, HTTP_GET };

enum http_opt {
	HTTP_OPT_HOST,
	HTTP_OPT_PATH,
	HTTP_OPT_ACCEPT,
	HTTP_OPT_BODY,
	HTTP_OPT_CONTENT,
	HTTP_OPT_OK_JSON,
	HTTP_OPT_OK_IS,
	HTTP_OPT_USER,
	HTTP_OPT_PASSWORD,
	HTTP_OPT_KEY,
	HTTP_OPT_KEY_QUERY,
	HTTP_OPT_KEY_HEADER,
};

enum http_point_opt {
	HTTP_PT_TERMINAL,
	HTTP_PT_JSON,
	HTTP_PT_XML,
	HTTP_PT_TYPE,
	HTTP_PT_PATH,
	HTTP_PT_ON,
	HTTP_PT_OFF,
	HTTP_PT_QUOTED,
	HTTP_PT_METHOD,
	HTTP_PT_BODY,
	HTTP_PT_CONTENT,
	HTTP_PT_COLLECTION,
	HTTP_PT_DIGITS,
};

/* Some bytes of a longer text. */
struct run {
	const char *at;
	size_t n;
};

/* A key taken apart; borrowed from it. Fields that were left out are empty. */
struct http_key {
	char kind;      /* enum http_kind; write: w template, c collection */
	bool is_quoted; /* read */
	enum http_method method;
	struct run selector; /* read: what to find; write: of a collection */
	struct run path;     /* empty: the instrument's */
	struct run on, off;
	struct run content, body; /* write */
	int digits;               /* write; -1: as many as it takes */
};

extern const struct opt http_opts[], http_point_opts[];

int http_check(const struct instrument *ins, struct err *err);
int http_point(const struct instrument *ins, const struct optvals *vals, struct point *out,
	struct err *err);

void http_key_split(const char *key, struct http_key *out);

#endif
