/* engine.h - who is told of what, when, and by which way; pure
 *
 * A function of (state, time, what happened). The caller writes each entry that the sink is given to the disk before it hands over the messages
 * that came behind it, in that order; after an end it gives the entries back (engine_replay()), and nothing is lost: what waited is told,
 * what was under way is uncertain and repeated once.
 *
 * Times: now_ns of CLOCK_BOOTTIME, never less than before; wall_ns for people; local_minute: minutes since 1970-01-01 00:00 of the local
 * calendar, for duties and quiet hours.
 */
#ifndef ALERT_ENGINE_H
#define ALERT_ENGINE_H

#include "alert/entry.h"
#include "alert/message.h"
#include "model/image.h"
#include "msg/event.h"

struct engine;

/* A message to be handed over. Texts are made by the caller (letter.h) from the notices. */
struct engine_message {
	uint64_t id;            /* the same in a repetition */
	uint32_t address;       /* of the image */
	uint32_t person;        /* receiver */
	enum telling_what what; /* the most urgent of what it tells */
	unsigned priority;
	bool is_repeated;
};

/* A notice as a message shows it. */
struct engine_notice {
	uint64_t id, event;
	enum notice_about about;
	enum telling_what what;
	unsigned priority, n_came;
	uint32_t alarm; /* IMAGE_NONE */
	const char *name, *text, *who;
	int64_t wall_ns;
	bool is_over, is_acked, is_hidden;
};

struct engine_sink {
	void *ctx;
	void (*record)(void *ctx, const struct entry *entry);
	/* True: its answer comes by engine_result(). False: this way is not there, it has failed for good. */
	bool (*send)(void *ctx, const struct engine_message *m);
	void (*event)(void *ctx, enum event_kind kind, const char *subject, const char *text);
};

struct engine_time {
	int64_t now_ns, wall_ns, local_minute;
};

/* The image is borrowed; malloc, engine_free(). */
struct engine *engine_new(const struct image *img, const struct engine_sink *sink);
void engine_free(struct engine *e);

/* ---- what was, in the order of the ledger; then once engine_replayed() ---- */
void engine_replay(struct engine *e, const struct engine_time *t, const struct entry *entry);
void engine_replayed(struct engine *e, const struct engine_time *t);
/* The highest event of a notice; 0: none. */
uint64_t engine_last_event(const struct engine *e);

/* ---- what happens ---- */
/* wall_ns: when it happened. */
void engine_event(
	struct engine *e, const struct engine_time *t, const struct event *event, int64_t wall_ns);
/* How an alarm stands, for what was missed: enum alarm_state. */
void engine_state(struct engine *e, const struct engine_time *t, uint32_t alarm, unsigned state);
/* Somebody asks for a test: to a receiver. Returns the id of its notice; 0: there is no room. */
uint64_t engine_test(
	struct engine *e, const struct engine_time *t, uint32_t receiver, const char *who);
/* What nobody else can tell any more: to who is told of events, else of critical alarms. */
uint64_t engine_own(
	struct engine *e, const struct engine_time *t, const char *name, const char *text);
/* What became of a message. wait_ns: the server asks to wait so long; 0: nothing was said. */
void engine_result(struct engine *e, const struct engine_time *t, uint64_t message,
	enum alert_result result, int64_t wait_ns, const char *text);

/* What is due; returns when to come again. */
int64_t engine_run(struct engine *e, const struct engine_time *t);

/* ---- to look at ---- */
/* The notices of a message, at most ENTRY_NOTICES; *out_more: how many there are besides. */
unsigned engine_message_notices(
	const struct engine *e, uint64_t message, struct engine_notice *out, unsigned *out_more);
/* Of all that is open, the i-th; false: there are no more. */
bool engine_open_notice(const struct engine *e, unsigned i, struct engine_notice *out);
/* Messages that wait or are under way. */
unsigned engine_waiting(const struct engine *e);
/* The persons on duty now: fn for each. */
void engine_on_duty(const struct engine *e, uint32_t receiver,
	void (*fn)(void *ctx, uint32_t person), void *ctx);

#endif
