/* file_body.h - the body of a request that brings a bench file or a sequence along: {"text": ..., "sha256": ..., "reason": ..., "name": ...}. Pure.
 *
 * Beside body.h because a text of 4 MB is decoded where it stands. Refused, with the place: what is no JSON (RFC 8259), members that are not known or come
 * twice, escapes of half a character. What is in the text is for the compiler to judge.
 */
#ifndef SERVE_FILE_BODY_H
#define SERVE_FILE_BODY_H

#include "base/err.h"
#include "base/sha256.h"
#include "msg/event.h"

#define FILE_BODY_MAX                                                                              \
	((8u << 20) + 4096) /* bytes of a body: 4 MB of short lines, each with an escape */
#define FILE_BODY_TEXT_MAX (4u << 20) /* of its text */

struct file_body {
	const char *text; /* within the body; NULL: it is not there */
	size_t n;
	char sha256[SHA256_HEX + 1], reason[EVENT_TEXT]; /* "": not there */
	char name[128];                                  /* of a sequence; likewise */
};

/* body: changed. ERR_CONF with what is wrong and where; err->sys 413: the text is too long. */
int file_body_read(struct file_body *out, char *body, size_t n, struct err *err) MUST_CHECK;

#endif
