/* events.h - the black box and the files of the journal are kept here; events that only the supervisor sees are told */
#ifndef SUPERVISE_EVENTS_H
#define SUPERVISE_EVENTS_H

#include "msg/blackbox.h"
#include "msg/journal.h"
#include "msg/told.h"

#define EVENTS_KEPT 64 /* told and not yet recorded, as far as we know */

struct supervise;

struct events {
	bool is_open;
	struct blackbox map; /* ours to write to only when there is no controller any more */
	int box, box_reader; /* descriptors: for the controller, for those who read */
	int files[JOURNAL_FILES], readers[JOURNAL_FILES]; /* -1: cannot be had */
	int64_t next_try_ns;                              /* to have them; NEVER: all are there */
	char why[200];                                    /* they cannot be had */
	struct told queue[EVENTS_KEPT];                   /* oldest first */
	size_t n;
	uint64_t number; /* of the last one told */
};

void events_init(struct events *ev);
/* Make the black box, open the files in the folder of state. Files that cannot be had are tried again. */
int events_open(struct supervise *s, struct err *err) MUST_CHECK;

/* Tell one: of a kind, about a subject, with a value; cause: the number of another, 0: none. Returns its number. */
uint64_t events_tell(struct supervise *s, enum event_kind kind, const char *subject, double value,
	uint64_t cause);
uint64_t events_tell_text(struct supervise *s, enum event_kind kind, const char *text);
/* Somebody has done it: who, and a free text. */
uint64_t events_tell_who(struct supervise *s, enum event_kind kind, const char *subject,
	const char *who, const char *text);
/* Likewise; the gate has put it on record already. */
uint64_t events_tell_asked(struct supervise *s, enum event_kind kind, const char *subject,
	const char *who, const char *text);
/* A part of another: cause is its number. */
uint64_t events_tell_part(struct supervise *s, enum event_kind kind, const char *subject,
	const char *who, const char *text, uint64_t cause);
/* A program has ended in this way: the kind of the two that fits. */
uint64_t events_tell_end(struct supervise *s, enum event_kind ended, enum event_kind killed,
	const char *subject, int status, uint64_t cause);

/* A controller has been started: it hears what none has recorded. */
void events_send(struct supervise *s);

int64_t events_step(struct supervise *s, int64_t now_ns); /* returns when to come again */
/* A read-only descriptor for the command line, which stays ours; -1: there is none, said in err. */
int events_reader(const struct supervise *s, const char *which, struct err *err) MUST_CHECK;
void events_describe(const struct supervise *s, struct buf *out);
/* All processes have ended: what is left goes into the files. */
void events_done(struct supervise *s);

#endif
