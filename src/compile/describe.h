/* describe.h - the catalogue for programs: what a form for a new instrument is made of */
#ifndef COMPILE_DESCRIBE_H
#define COMPILE_DESCRIBE_H

#include "base/buf.h"
#include "base/err.h"

/* JSON of all instruments of `own` (a folder that may be missing) and of the catalogue ("": there is none), where `own` hides those of its names. */
int describe_all(
	const char *own, const char *catalogue, struct buf *out, struct err *err) MUST_CHECK;

/* JSON of one of them, with its notes and channels. ERR_CONF, err->sys a status of HTTP: there is none of this name (404), or its file has errors
 * (422), which went to standard error. */
int describe_one(const char *own, const char *catalogue, const char *name, struct buf *out,
	struct err *err) MUST_CHECK;

#endif
