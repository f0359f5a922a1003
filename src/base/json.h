/* json.h - JSON written straight into a buffer: no tree, no allocation but the buffer's
 *
 *	json_open(&j, buf); json_object(&j, NULL); json_int(&j, "n", 3); json_end(&j);
 *
 * A key of NULL is for elements of arrays and for the outermost value. Commas are put by the writer.
 * Texts must be valid UTF-8. Source: RFC 8259.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

#define JSON_DEPTH_MAX 96

struct json {
	struct buf *out;
	int depth;
	char close[JSON_DEPTH_MAX]; /* '}' or ']' for each level that is open */
	bool has_member[JSON_DEPTH_MAX + 1];
};

void json_open(struct json *j, struct buf *out);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j); /* closes the innermost object or array */
void json_text(struct json *j, const char *key, const char *text); /* NULL: null */
void json_bool(struct json *j, const char *key, bool v);
void json_int(struct json *j, const char *key, int64_t v);
void json_uint(struct json *j, const char *key, uint64_t v);
void json_double(struct json *j, const char *key, double v); /* null when it is not a number */
void json_float(struct json *j, const char *key, float v);   /* shortest form of a 32-bit float */
void json_null(struct json *j, const char *key);
void json_raw(struct json *j, const char *key, const char *text); /* text is JSON already */

#endif
