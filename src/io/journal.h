/* journal.h - events are recorded: into the black box at once, into the files by a thread that nobody waits for
 *
 *	journal_event --> black box (memory of `supervise`) --> thread: journal.0, journal.1 --> journal_is_durable
 *
 * kill -9 loses nothing that is in the black box: the next controller's thread writes what the files do not have. The files are
 * synchronised with the disk once a second, and at once for what journal_intent() was called with.
 */
#ifndef IO_JOURNAL_H
#define IO_JOURNAL_H

#include "base/err.h"
#include "msg/event.h"
#include "msg/journal.h"

#define JOURNAL_INTENT_NS                                                                          \
	(2 * NS_PER_S) /* a command whose record is not on the disk by then is refused */

struct journal;

struct journal_setup {
	int blackbox;             /* memfd; closed here */
	int files[JOURNAL_FILES]; /* closed by the thread; -1: there is none */
	uint64_t boot;            /* event_boot() */
	/* Called for each record of a state that is found, in their order; NULL: nobody wants them. */
	void (*state)(void *ctx, const uint8_t *bytes, size_t n);
	void *ctx;
};

/* How the thread does. */
struct journal_state {
	uint64_t waiting; /* records that are not on the disk yet */
	uint64_t
		missed; /* since the last call: overwritten in the black box before they were written to a file */
	bool is_failing; /* nothing can be written, for the reason `why` */
	char why[EVENT_TEXT];
};

/* Find out where the controller before us has stopped, and start the thread. May read the files: before the loop begins. Takes
 * the descriptors in any case. */
struct journal *journal_open(const struct journal_setup *setup, struct err *err) MUST_CHECK;
/* Have all written and synchronised, and wait for that at most for wait_ns; frees it. */
void journal_close(struct journal *j, int64_t wait_ns);

/* Record an event: fills its id and boot, and returns the id. Never waits, never fails. */
uint64_t journal_event(struct journal *j, struct event *e);
/* The same for what the clocks say; its boot is filled. */
void journal_clock(struct journal *j, struct clock_record *c);

/* Record states (control/keep.h); returns the number of the record. */
uint64_t journal_keep(struct journal *j, const uint8_t *bytes, size_t n);

/* Record an event of class A: the thread synchronises at once. What it announces may be done when journal_is_durable(). */
uint64_t journal_intent(struct journal *j, struct event *e);
bool journal_is_durable(const struct journal *j, uint64_t id);

/* What became of an intent that was recorded at asked_ns. */
enum journal_verdict { JOURNAL_WAIT, JOURNAL_DURABLE, JOURNAL_REFUSED };
enum journal_verdict journal_verdict(
	const struct journal *j, uint64_t id, int64_t asked_ns, int64_t now_ns);

/* For the loop: readable when the thread has answered, then call journal_step(); and at each tick. */
int journal_fd(const struct journal *j);
void journal_step(struct journal *j, int64_t now_ns);
void journal_state(struct journal *j, struct journal_state *out);

/* Files that could not be had at the start. Takes the descriptor. */
void journal_file(struct journal *j, int which, int fd);

/* What `supervise` has told up to this number stands in the records from the next one on. */
uint64_t journal_told(const struct journal *j);
void journal_set_told(struct journal *j, uint64_t told);

#endif
