/* book.h - all that is open: notices, who is told of them, and the messages under way; shared by the files of the engine
 *
 * A notice is something that people are to be told of: an occurrence of an alarm, a note of a rule or sequence, an event. A telling is that
 * notice for one address of one person. A message goes to one address and carries the tellings that have come together for it.
 */
#ifndef ALERT_BOOK_H
#define ALERT_BOOK_H

#include "alert/engine.h"
#include "alert/entry.h"
#include "alert/letter.h"

#define NOTICES_MAX 256u
#define TELLINGS_MAX 8192u
#define MESSAGES_MAX 256u
#define THREADS_MAX 64u /* as many as there can be chains */

#define HOUR_NS (3600 * NS_PER_S)
#define GIVE_UP_NS (24 * HOUR_NS)
#define UNCERTAIN_NS (10 * NS_PER_S) /* until it is sent once more */
#define LIMIT_MAX 60u

/* A chain that a notice runs down. */
struct thread {
	uint32_t chain; /* receiver; IMAGE_NONE: none */
	uint32_t step;  /* the next one */
	uint32_t round; /* 0 the first */
	int64_t due_ns; /* of that step; NEVER: it has run down, or waits to be hurried */
};

struct notice {
	uint64_t id; /* 0: free */
	uint64_t event;
	enum notice_about about;
	unsigned priority;
	uint32_t alarm; /* IMAGE_NONE */
	char name[ENTRY_NAME], text[ENTRY_TEXT];
	struct image_list to;
	uint32_t single; /* a receiver in the place of the list; IMAGE_NONE */
	int64_t wall_ns, since_ns;
	int64_t over_ns;  /* since when; NEVER: it goes on */
	int64_t begin_ns; /* nobody is told before, nor is it on record; 0: it has begun */
	bool needs_ack, is_acked, is_hidden, is_ended, is_over_told, is_chatter_told,
		is_nobody_told;
	char who[ENTRY_NAME]; /* who acknowledged */
	unsigned n_came;      /* how often it came back */
	uint64_t reached;     /* persons: bits */
	struct thread threads[THREADS_MAX];
};

enum telling_state { TELLING_FREE, TELLING_WAITS, TELLING_UNDER_WAY, TELLING_SENT, TELLING_FAILED };

struct telling {
	uint32_t notice;
	uint16_t address;
	uint8_t what;  /* enum telling_what */
	uint8_t state; /* enum telling_state */
	uint8_t tries; /* that failed */
	uint8_t spare;
	uint16_t message; /* while it is under way */
	int64_t due_ns;
	int64_t since_ns; /* since when it is to be told */
};

struct message {
	uint64_t id; /* 0: free */
	uint32_t address, person;
	uint8_t priority, what;
	uint8_t n_uncertain; /* times that nobody knew */
	bool is_out;         /* handed over, no answer yet */
	uint8_t tries;
	int64_t due_ns; /* of a repetition */
};

/* What is known of an address. */
struct mailbox {
	int64_t window_ns; /* end of the time in which things come together for it; 0: none is open */
	int64_t last_ns;   /* its last message; 0: none */
	unsigned last_priority;
	int64_t sent_ns[LIMIT_MAX]; /* the newest ones, a ring */
	unsigned n_sent;
};

struct engine {
	const struct image *img;
	struct engine_sink sink;
	struct notice notices[NOTICES_MAX];
	struct telling *tellings; /* TELLINGS_MAX */
	uint32_t n_tellings; /* behind the last one that was ever in use since there were none */
	struct message messages[MESSAGES_MAX];
	struct mailbox *mailboxes; /* one an address */
	uint32_t *person_of;       /* [address]: receiver */
	uint64_t last_id, last_event;
	int64_t now_ns, wall_ns, local_minute;
	uint64_t n_lost; /* notices for which there was no room */
};

/* ---- people.c: receivers, addresses ---- */
/* Those of a list, an element at a time: groups and duties are opened, chains are not. fn: a person or a chain. */
typedef void (*receiver_fn)(void *ctx, uint32_t receiver);
void people_each(const struct engine *e, const struct image_list *list, receiver_fn fn, void *ctx);
void people_open(const struct engine *e, uint32_t receiver, receiver_fn fn, void *ctx);
/* When what is told to a person with this priority may go out: minutes from now of its local time. */
int64_t people_quiet_minutes(
	const struct image_receiver *p, unsigned priority, int64_t local_minute);

/* ---- notices.c ---- */
struct notice *notice_of_alarm(struct engine *e, uint32_t alarm);
void notice_record(
	struct engine *e, const struct notice *n, enum entry_kind kind, const char *text);
void notice_show(const struct notice *n, struct engine_notice *out);
bool notice_goes_on(const struct notice *n); /* is somebody still to be told of it? */

/* ---- chains.c ---- */
void chains_begin(struct engine *e, struct notice *n);
void chains_run(struct engine *e, struct notice *n);
int64_t chains_wake(const struct engine *e, const struct notice *n);
/* Nobody of the step that was done can be reached: the next one now. False: there is no next one. */
bool chains_hurry(struct engine *e, struct notice *n);

/* After an end: the step that an entry tells of was done; then, once all is read, whom these steps tell. */
void chains_replay(struct engine *e, struct notice *n, uint32_t chain, const struct entry *entry);
void chains_tell_again(struct engine *e, struct notice *n);

/* ---- tellings.c ---- */
/* To all addresses of a person that are told of this priority; by: bits of ways, 0 as they have it. Those that were told are passed over. */
void tell_person(
	struct engine *e, struct notice *n, uint32_t person, unsigned by, enum telling_what what);
void tell_the_told(
	struct engine *e, struct notice *n, enum telling_what what); /* by mail and push */
struct telling *telling_free(struct engine *e);                      /* NULL: there is no room */
void tellings_drop(
	struct engine *e, struct notice *n, enum telling_what what); /* those that wait */
void tellings_forget(
	struct engine *e, const struct notice *n); /* that some were told: they are told anew */
int64_t tellings_backoff(unsigned tries);          /* to the next attempt */
bool tellings_are_open(const struct engine *e, const struct notice *n);
void tellings_replayed(
	struct engine *e); /* what failed for good is tried again by who begins anew */
/* One way to a person has failed: the next; if there is none, somebody else. */
void tellings_failed(struct engine *e, struct notice *n, uint32_t person);

/* ---- messages.c ---- */
int64_t messages_run(struct engine *e); /* those that are due; returns when to come again */

void message_replay_send(struct engine *e, const struct entry *entry);
void message_replay_result(struct engine *e, const struct entry *entry);
void messages_replayed(struct engine *e);

static inline const struct image_receiver *
person_of(const struct engine *e, uint32_t address)
{
	return image_receiver_at(e->img, e->person_of[address]);
}

#endif
