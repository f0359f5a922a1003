/* audit.h - who asked what of a bench, as lines of a file that cannot be changed unseen
 *
 *	{"n":12,"time":"2026-11-27T15:50:00.123Z","who":"token:lims","from":"http","act":"set","subject":"T_furn","value":"120 degC",
 *	 "result":"asked","id":"4f1c","hash":"9b0e..."}
 *
 * One line a record, in the order in which they were made; n counts from 1 over all files of a bench. hash: the SHA-256, in hexadecimal digits, of
 * the hash of the line before (64 zeros for the first one of all) and of this line from its beginning up to the comma before "hash". So the last
 * hash stands for all that was ever written. Members that are empty are left out.
 */
#ifndef MSG_AUDIT_H
#define MSG_AUDIT_H

#include "base/buf.h"
#include "base/sha256.h"
#include "msg/command.h"

#define AUDIT_HASH (SHA256_HEX + 1)
#define AUDIT_LINE_MAX                                                                             \
	8192 /* bytes of the longest line, its end included: each text escaped to the utmost */
#define AUDIT_ACT 32
#define AUDIT_RESULT 16
#define AUDIT_FILE_MAX (4u << 20) /* bytes after which a file is left for the next one */

/* Files of a bench's folder of state, the first one: audit/audit-00001.log */
#define AUDIT_FOLDER "audit"
#define AUDIT_NAME "audit-%05u.log"
#define AUDIT_NAME_SCAN "audit-%5u.log"

/* What the gate itself writes about its file. */
#define AUDIT_ACT_TORN "torn" /* the end of the line before was lost with the computer's power */
#define AUDIT_ACT_CHANGED "changed" /* the line before was not what had been written */

struct audit_record {
	uint64_t n;
	int64_t wall_ns;           /* since 1970 */
	char who[EVENT_PRINCIPAL]; /* "root", "token:lims"; "-": nobody that is known */
	char from[8];              /* "cli", "http", "bench": the supervisor, "gate" */
	char act[AUDIT_ACT];       /* of command_kind_text(), or a word of docs/audit.md */
	char subject[EVENT_SUBJECT];
	char value[COMMAND_VALUE];
	char text[EVENT_TEXT];     /* the reason that was given */
	char result[AUDIT_RESULT]; /* "asked", "refused", or a final verdict; "done" */
	char why[EVENT_TEXT];      /* of a refusal or verdict */
	char id[COMMAND_ID];       /* of the command */
	uint64_t event;            /* of the journal; 0: none */
	uint32_t times; /* so often within a minute, the first time not counted; 0: once */
};

extern const char audit_begin[AUDIT_HASH]; /* what stands for the line before the first one */

/* The line of a record, with its end. hash: that of the line before; afterwards its own. */
void audit_write(struct buf *out, const struct audit_record *r, char hash[AUDIT_HASH]);

enum audit_line {
	AUDIT_GOOD,
	AUDIT_OTHER, /* it has the form of a record, and its hash is not the one of what stands there */
	AUDIT_NO_LINE, /* it is none */
};

/* Check a line of n bytes, its end not counted. hash: that of the line before; afterwards what this line says of itself, when it has the form of
 * a record. out_n (may be NULL): its number. */
enum audit_line audit_check(const char *line, size_t n, char hash[AUDIT_HASH], uint64_t *out_n);

/* Is it a record that the gate wrote about its file, with this act? */
bool audit_is_about_file(const char *line, size_t n, const char *act);

/* A member of a good line, as people read it, cut to `cap`; false: it has none. */
bool audit_get(const char *line, size_t n, const char *key, char *out, size_t cap);

#endif
