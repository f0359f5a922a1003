/* err.h - what went wrong, told once and with its context */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/defs.h"

enum err_code {
	ERR_OK = 0,
	ERR_CONF = -1,    /* configuration not usable as written; do not retry */
	ERR_IO = -2,      /* a system call failed; sys holds errno */
	ERR_TIMEOUT = -3, /* deadline passed; worth another try */
	ERR_PROTO = -4,   /* the peer sent bytes its standard does not allow */
	ERR_REFUSED = -5, /* the peer understood and said no; sys holds its code */
};

struct err {
	int code;      /* one of enum err_code */
	int sys;       /* errno, Modbus exception, HTTP status; 0 where there is none */
	char msg[200]; /* one line, lower case, no full stop */
};

/* Fill `err` (NULL: the caller only wants the code) and return `code`: a failure is one line. */
int err_set(struct err *err, int code, int sys, const char *fmt, ...) PRINTF(4, 5);

/* Put "<fmt>: " before the message in `err`, on the way up; returns `code` unchanged. */
int err_prefix(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);

#endif
