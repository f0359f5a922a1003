/* problem.h - what went wrong, for the other side: application/problem+json (RFC 9457) */
#ifndef SERVE_PROBLEM_H
#define SERVE_PROBLEM_H

#include "base/buf.h"

enum problem {
	PROBLEM_BAD_REQUEST,
	PROBLEM_NO_BODY,
	PROBLEM_WRONG_HOST,
	PROBLEM_NOT_FOUND,
	PROBLEM_UNKNOWN_CHANNEL,
	PROBLEM_UNKNOWN_INSTRUMENT,
	PROBLEM_READ_ONLY,
	PROBLEM_TOO_LONG,
	PROBLEM_BUSY,
	PROBLEM_NO_BOARD,
	PROBLEM_NO_HISTORY,
	PROBLEM_HISTORY_DAMAGED,
	PROBLEM_NO_ALARMS,
	PROBLEM_NO_LINK,
	PROBLEM_NO_TOKEN,
	PROBLEM_FORBIDDEN,
	PROBLEM_FOREIGN,
	PROBLEM_STRANGER,
	PROBLEM_BODY_TYPE,
	PROBLEM_BODY_LONG,
	PROBLEM_NO_GATE,
	PROBLEM_NO_COMMAND,
	PROBLEM_CONFLICT,
	PROBLEM_REFUSED,
	PROBLEM_FAILED,
	PROBLEM_UNKNOWN,
	PROBLEM_NO_SEQUENCE,
	PROBLEM_NOT_REHEARSED,
	PROBLEM_REHEARSING,
	PROBLEM_REHEARSAL_FAILED,
	PROBLEM_SIGN_IN,
	PROBLEM_NOT_GRANTED,
	PROBLEM_WRONG_PASSWORD,
	PROBLEM_TOO_MANY_WRONG,
	PROBLEM_CODE_NEEDED,
	PROBLEM_NOT_MANAGER,
	PROBLEM_NO_ACCOUNT,
	PROBLEM_NOT_CHANGED,
	PROBLEM_NO_VERSION,
	PROBLEM_FILE_CONFLICT,
	PROBLEM_FILE_ERRORS,
	PROBLEM_ONE_AT_A_TIME,
	PROBLEM_NO_ROOM,
	PROBLEM_ERRAND_FAILED,
	PROBLEM_NOT_KEPT, /* of certificates and backups */
	PROBLEM_NOT_NOW,
	PROBLEM_NOT_GOOD,
	PROBLEM_NOT_DONE,
	PROBLEM_COUNT
};

unsigned problem_status(enum problem p);

/* detail: what is wrong here and what to do next. instance: the path that was asked for; bytes that are not UTF-8 or
 * control characters are left out. */
void problem_write(struct buf *out, enum problem p, const char *detail, const char *instance);

/* The same of a command: with its id and its verdict. */
void problem_write_command(struct buf *out, enum problem p, const char *detail,
	const char *instance, const char *id, const char *verdict);

#endif
