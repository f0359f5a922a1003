/* errand.h - the bench file, its versions, the audit, runs and their notes over HTTP
 *
 *	data server --> gate: may they? on record --> supervise: one at a time --> mbc-errand, mbc-compile, step by step
 *	     ^                   | no                    | no, begun, its answer
 *	     +-------------------+-----------------------+
 *
 * A run is begun, ended and noted by the recorder (runs.c of supervise), without a process.
 * What is long goes along as a sealed memfd: the text of a bench file on the way there, the answer on the way back.
 */
#ifndef MSG_ERRAND_H
#define MSG_ERRAND_H

#include "base/sha256.h"
#include "msg/command.h"

#define ERRAND_TEXT_MAX (4u << 20)       /* bytes of a bench file */
#define ERRAND_SEQUENCE_MAX (256u << 10) /* of a sequence */
#define ERRAND_ANSWER_MAX (16u << 20)    /* bytes */
#define ERRAND_NAME 512                  /* with the NUL */
#define ERRAND_RECORDS 1000              /* of the audit, in one answer */
#define ERRAND_WORDS 2000 /* bytes of a note, or of the fields of a run, with the NUL */

enum errand_kind {
	ERRAND_FILE,           /* the bench file as it is, or the part `name` */
	ERRAND_CHECK,          /* a text, as `mbc check` does it */
	ERRAND_PUT,            /* the text in place of the file of `sha256` */
	ERRAND_VERSIONS,       /* which there are */
	ERRAND_VERSION,        /* `number` */
	ERRAND_DIFF,           /* `number` and `other`, 0: what runs */
	ERRAND_UNDO,           /* back to `number` */
	ERRAND_DISCARD,        /* the file that waits */
	ERRAND_REASON,         /* of the file that waits */
	ERRAND_SEQUENCE_CHECK, /* a text, as the sequence `name` of this bench */
	ERRAND_SEQUENCE_PUT, /* the text in place of the sequence `name` of `sha256`; "": a new one */
	ERRAND_AUDIT, /* records of `name` and `act` since `since`, before record `number`, `limit` of them */
	ERRAND_CATALOGUE, /* instruments that can be added, or the one `name` */
	/* request: what tells it from another one, the same again is not done twice */
	ERRAND_RUN_START, /* name: its title; text: fields, lines "NAME=VALUE" */
	ERRAND_RUN_STOP,
	ERRAND_RUN_NOTE, /* the note `text` to run `number` */
	ERRAND_TRY, /* the instrument `name` is asked now; `reason`: which of its channels, "": all */
	ERRAND_SCAN, /* what is on the link `name`, on which the bench has no instrument */
	/* For the role root alone, from here on. name: "serve", "public": whose certificate */
	ERRAND_CERTIFICATE,
	ERRAND_CERTIFICATE_MAKE,
	ERRAND_CERTIFICATE_PUT, /* the text: chain and key as PEM */
	ERRAND_BACKUPS,         /* those that are kept */
	ERRAND_BACKUP_MAKE,   /* number: ERRAND_BACKUP_... ; the text: a line with the passphrase */
	ERRAND_BACKUP_VERIFY, /* `name`; likewise */
	ERRAND_BACKUP_REMOVE,
	ERRAND_BACKUP_FILE, /* its bytes */
	ERRAND_KINDS
};

#define ERRAND_BACKUP_HISTORY 1u
#define ERRAND_BACKUP_SEALED 2u /* a passphrase comes along */
#define ERRAND_BACKUPS_MAX 5    /* that are kept */
#define ERRAND_BACKUPS_FOLDER "backups"

/* Filled in by the gate. */
#define ERRAND_MAY_PROTECT 1u /* what weakens protection, too */
#define ERRAND_MAY_READ 2u    /* the files of the bench */

struct errand_ask {
	char id[COMMAND_ID];
	char principal[EVENT_PRINCIPAL]; /* filled in by the gate */
	uint16_t kind;                   /* enum errand_kind */
	uint16_t may;
	uint32_t number, other, limit;
	char name[ERRAND_NAME], act[32], since[40], sha256[SHA256_HEX + 1], reason[EVENT_TEXT];
	char request[COMMAND_ID], text[ERRAND_WORDS];
};

/* The fields of a WIRE_ERRAND, behind what was begun; they always fit into a packet. */
void errand_write(struct buf *out, const struct errand_ask *a);
int errand_read(struct errand_ask *out, struct wire_in *in, struct err *err) MUST_CHECK;

const char *errand_act(enum errand_kind kind); /* its word in the audit */
bool errand_is_root(enum errand_kind kind);
bool errand_is_run(enum errand_kind kind);
bool errand_is_certificate(enum errand_kind kind);
/* A name of a backup, which is no path. */
bool errand_backup_name_is_good(const char *name);
bool errand_is_sequence(enum errand_kind kind);
bool errand_has_text(enum errand_kind kind); /* a memfd goes along */
/* Does it change something? It goes on record before it is done, and is not done when that fails. */
bool errand_changes(enum errand_kind kind);

/* Memory that the steps of one errand hand on, as descriptors; -1: there is none. */
enum errand_memory {
	ERRAND_TEXT,        /* a bench file as it shall be */
	ERRAND_NOW,         /* the files as they are: version.h, version_entry() */
	ERRAND_NEXT,        /* the files as they shall be */
	ERRAND_OTHER,       /* those that they are compared with */
	ERRAND_ERRORS,      /* what the compiler said of NEXT */
	ERRAND_IMAGE,       /* what it made of NEXT */
	ERRAND_OTHER_IMAGE, /* of OTHER */
	ERRAND_ANSWER,      /* JSON, or why it is refused */
	ERRAND_RUNNING,     /* the image that runs */
	ERRAND_KEPT,        /* the files that were read when the bench file was compiled last */
	ERRAND_MEMORIES
};

extern const char *const errand_memories[ERRAND_MEMORIES]; /* their words */

/* How an mbc-errand ends that refuses: exit codes that stand for a status of HTTP, 400 to 499 and 500 to 555. */
int errand_exit(unsigned status);
unsigned errand_status(int code); /* 0: it is none */

#endif
