/* doc.h - one description of an answer, written as JSON or as XML
 *
 *	doc_open(&d, buf, is_xml, "channels"); doc_text(&d, "time", t); doc_array(&d, "channels", "channel"); ...
 *
 * In JSON the root is an object without a name; in XML it is an element, and each element of an array bears the word
 * that was given for it. What is null in JSON is an empty element in XML.
 */
#ifndef SERVE_DOC_H
#define SERVE_DOC_H

#include "base/json.h"
#include "msg/value.h"

#define DOC_DEPTH 8

struct doc {
	bool is_xml;
	struct buf *out;
	struct json json;
	int depth;
	const char *names[DOC_DEPTH]; /* element that each open level closes; borrowed */
	const char *items[DOC_DEPTH]; /* element of the array on this level, NULL: an object */
};

void doc_open(struct doc *d, struct buf *out, bool is_xml, const char *root);
void doc_close(struct doc *d); /* all levels must be closed but the root */

/* key: of a member; NULL for elements of arrays. Texts are borrowed until the level is closed. */
void doc_object(struct doc *d, const char *key);
void doc_array(struct doc *d, const char *key, const char *item);
void doc_end(struct doc *d);

void doc_text(struct doc *d, const char *key, const char *text); /* NULL: null */
void doc_bool(struct doc *d, const char *key, bool v);
void doc_int(struct doc *d, const char *key, int64_t v);
void doc_uint(struct doc *d, const char *key, uint64_t v);
void doc_double(struct doc *d, const char *key, double v);
void doc_null(struct doc *d, const char *key);
void doc_value(struct doc *d, const char *key, enum value_type type, const struct sample *s,
	const char *choice);

#endif
