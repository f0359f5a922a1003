/* reply.h - answers as libmicrohttpd takes them: headers, problems, pages */
#ifndef SERVE_REPLY_H
#define SERVE_REPLY_H

#include <microhttpd.h>

#include "base/buf.h"
#include "serve/problem.h"

/* A header of the request, NULL when it is not there. */
const char *reply_asked(struct MHD_Connection *c, const char *name);

void reply_header(struct MHD_Response *r, const char *name, const char *value);
/* What every answer bears. */
void reply_headers(struct MHD_Response *r, const char *type, const char *cache_control);

/* An answer that takes the bytes of `body`. *live_bytes counts them until the last reader has them. NULL: none could be
 * made. */
struct MHD_Response *reply_make(struct buf *body, const char *type, size_t *live_bytes);

/* Queue it. */
enum MHD_Result reply_body(struct MHD_Connection *c, unsigned status, struct buf *body,
	const char *type, size_t *live_bytes);

/* Large answers from now on in blocks, as TLS needs it; how many blocks have been fetched. */
void reply_in_blocks(bool yes);
uint64_t reply_blocks(void);
void reply_block(void); /* one more, of an answer that comes from elsewhere */

/* What an answer with this problem bears besides. */
void reply_problem_headers(struct MHD_Response *r, enum problem p);

/* Queue a problem document, or a page of pages.h. */
enum MHD_Result reply_problem(struct MHD_Connection *c, enum problem p, const char *detail,
	const char *uri, size_t *live_bytes);
/* The same, to be tried again in so many seconds; 0: as the problem says. */
enum MHD_Result reply_problem_wait(struct MHD_Connection *c, enum problem p, const char *detail,
	const char *uri, unsigned wait_s, size_t *live_bytes);
/* is_strict: browsers are told to come with TLS alone. */
enum MHD_Result reply_page(struct MHD_Connection *c, int page, bool is_strict);

/* Is the connection encrypted? */
bool reply_is_tls(struct MHD_Connection *c);
bool reply_is_near(struct MHD_Connection *c); /* from this computer */

#endif
