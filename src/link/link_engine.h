/* link_engine.h - what the files of this room share; nobody outside it includes this
 *
 * A *unit* is an instrument on this link. Its points, sorted, are cut into requests; a *poll* is the life of one request:
 * when it is due, whether it is asked again. A *flight* is a question on the wire. Polls, requests and meanings stand in
 * three arrays with the same index, so that looking for the next deadline touches little memory.
 */
#ifndef LINK_LINK_ENGINE_H
#define LINK_LINK_ENGINE_H

#include "link/link.h"

#define LINK_WINDOW_MAX IMAGE_PIPELINE_MAX /* questions on the wire at one time */
#define LINK_LATE_MAX 200 /* questions without an answer that are remembered for their late ones */
#define LINK_ANSWER_MAX                                                                            \
	260 /* characters of an answer that is waited for when it has begun in time */
#define LINK_TRAILING_MAX 2 /* bytes behind an answer that say nothing: the rest of an end */
#define LINK_UNASKED_PAUSE                                                                         \
	(20 * NS_PER_MS) /* without a byte: what nobody asked for is over; adapters hand on late */
#define LINK_TWICE (20 * NS_PER_MS)   /* behind a datagram its double, which a network may make */
#define LINK_HOLD_MAX (10 * NS_PER_S) /* a line that never pauses is asked all the same */
#define LINK_NOISE_MAX (2 * NS_PER_S) /* how long a line may speak without being asked */
#define LINK_WRITES_MAX 16
#define LINK_WRITES_ROW 3 /* writes in a row while a poll is late */
#define LINK_STEPS_MAX 32 /* of one exchange */
#define LINK_SILENCE_MAX 3
#define LINK_OPEN_WAIT_MIN (500 * NS_PER_MS)
#define LINK_OPEN_WAIT_MAX (10 * NS_PER_S)
#define LINK_PORT_WAIT_MAX                                                                         \
	(500 * NS_PER_MS)        /* looking for a port that is gone costs nobody anything */
#define LINK_FAILS_TOLD 5        /* openings in a row whose failure is traced */
#define LINK_CALM (1 * NS_PER_S) /* a loss this long after the last one is reopened at once */
#define LINK_PROBE_WAIT_MIN (1 * NS_PER_S)
#define LINK_PROBE_TIME_MIN (10 * NS_PER_MS)
#define LINK_PROBE_PATIENT 4 /* each fourth probe waits the whole timeout: it may have grown slow */
#define LINK_KNOWN_REPLIES 20 /* answers after which reply times say something */
#define LINK_BUSY_WAIT_MIN (200 * NS_PER_MS)
#define LINK_BUSY_WAIT_MAX (2 * NS_PER_S)
#define LINK_BUSY_TRIES 3 /* beyond the instrument's own retries */
#define LINK_BUSY_TOLD 2  /* times in a row until it is told */
#define LINK_REFUSED_FIRST (1 * NS_PER_S)
#define LINK_REFUSED_EVERY (60 * NS_PER_S)
#define LINK_FORGET_EVERY (3600 * NS_PER_S)
#define LINK_DEADLINE_MAX (500 * NS_PER_MS)
#define LINK_IDENTIFY_PATIENCE (5 * NS_PER_S) /* it goes even when the line is never idle */
#define LINK_SPACES 8
#define LINK_MEANING sizeof(((struct board_trace *)0)->meaning)

/* What is known of one point beyond its description; it outlives each plan. */
struct mark {
	int64_t due_ns;    /* taken from its poll when the plan changes */
	bool is_trial;     /* part of a refused request whose halves are being asked */
	bool is_refused;   /* the device refuses it even alone */
	bool is_shut;      /* what the device says it is shuts it out; see link_gates.c */
	uint8_t n_refused; /* times in a row, alone */
	bool is_failing;   /* it is there, and cannot be read */
	uint8_t n_mute; /* times in a row without an answer, while others have theirs; see link_mute.c */
	int64_t told_ns; /* stamp of what was told last while others were under way: answers may overtake each other */
};

/* What a point holds, for writes of its neighbours that say it along. */
struct held {
	bool is_written, is_read; /* since the wire came up; good, and still so */
	union value written, read;
};

/* A condition on what the device says: those of one group stand together, and one of them has to hold. */
struct gate {
	size_t at; /* sorted point; GATE_ALL: the instrument */
	uint16_t capture, group;
	uint8_t op;
	bool is_number;
	char *text;
};

#define GATE_ALL SIZE_MAX

struct poll {
	int64_t due_ns;   /* on its grid */
	int64_t ask_ns;   /* when it goes: due_ns, or the time of a repetition; NEVER: under way */
	int64_t every_ns; /* grid */
	bool is_again;    /* a repetition: its place on the grid has been counted */
	bool is_trial, is_refused; /* as the marks of its points */
	uint8_t n_busy;            /* times in a row that the device said "later" */
};

struct unit {
	/* what it is */
	uint32_t index; /* in the image */
	const struct codec *codec;
	struct instrument ins;
	struct message *messages; /* of ins; its texts are ours */
	char *name;
	uint64_t hash;
	int64_t timeout_ns;
	uint32_t retries;
	struct point *points; /* [n_points], sorted by (every_ns, space, address, bit) */
	size_t n_points;
	size_t n_read;         /* those that are read: the first of them */
	size_t n_shown;        /* with those behind them that show what it says it is */
	const char **captures; /* names, of ins */
	struct gate *gates;    /* [n_gates] */
	size_t n_gates;

	/* what is asked; the arrays have room for one request a point */
	struct mark *marks; /* [n_points] */
	struct held *held;  /* [n_points] */
	struct request *reqs;
	struct poll *polls;
	char (*meanings)[LINK_MEANING];
	size_t n_polls;
	bool is_stirred; /* next_ns is to be found again */
	int64_t next_ns; /* earliest ask_ns, or the next probe; see find_next() */
	size_t retry;    /* poll + 1 that is repeated before any other of this unit; 0: none */
	size_t probe;    /* poll that the next probe asks: each in turn */
	size_t answered; /* poll + 1 that was answered last; 0: none of this plan */
	bool is_asking_witness; /* all tries of a question have failed: another one tells whether it is there */

	unsigned n_flying; /* questions on the wire */
	unsigned
		n_waiting; /* exchanges whose next step goes later: nothing else is asked of it meanwhile */
	uint32_t plan; /* counts plans: questions of an earlier one are nobody's poll */

	/* what it must be: link_identify.c */
	enum image_identify demand;
	char *demand_text;
	struct point demand_point;
	double demand_number;
	uint64_t kind;  /* of the device that said what it is first; 0: none has */
	bool is_known;  /* has proved on this wire what it is and is prepared, or need not be */
	bool is_proved; /* the first of these, without the second */
	bool warns;     /* another one is used all the same .. */
	bool is_odd;    /* .. and this is one */
	bool is_warned; /* which has been told on this wire */
	bool is_unsaid; /* used without having said what is wanted of it: it leaves that question without an answer */
	struct request *presets; /* [n_presets] what is written before anything else is asked */
	uint32_t n_presets, n_preset; /* how many there are, and have been written */

	/* what was learned */
	struct learned learned;
	bool is_explained
		[LEARNED_MAX];        /* tentative border of which one side was refused by itself */
	uint16_t passed[LINK_SPACES]; /* longest request answered, by space */
	bool is_halved;               /* a length is being tried */
	uint32_t max_before;          /* the length before that */
	uint32_t found;               /* since then: refusals that are not for their length */
	bool is_single;               /* too much to remember: one request a point */
	int64_t forgot_ns;            /* when all borders were forgotten last, or it was made */

	/* how it fares */
	struct vars vars;
	struct board_state state;
	uint32_t fails; /* questions in a row without an answer */
	int64_t probe_ns, probe_wait_ns;
	unsigned n_probes;   /* since it fell silent */
	int64_t identify_ns; /* latest time to ask what it is; NEVER: not wanted */
	bool is_nameless;    /* refused to say what it is: left alone */

	/* during link_adopt() */
	struct unit *heir; /* the unit of the new link that lives on for this one */
	bool is_adopted;
};

struct write {
	struct unit *unit;
	size_t at; /* sorted point */
	uint32_t tag;
	uint32_t n_tries;
	uint8_t n_busy;
	bool is_once;    /* link_write_once() */
	bool has_left;   /* it was on the wire */
	bool is_refused; /* by the device, before it did anything */
	bool has_beside; /* it says others along: it is made anew when it goes */
	union value v;   /* what is written, unless it is a text .. */
	char text[VALUE_TEXT_MAX + 1];
	int64_t ask_ns;
	struct request req;
};

enum flight_kind { FLIGHT_POLL, FLIGHT_WRITE, FLIGHT_IDENTIFY, FLIGHT_GUEST };

/* A question of somebody else: link_guest.c. */
struct guest {
	enum { GUEST_NONE, GUEST_WAITS, GUEST_FLIES } phase;
	struct unit next; /* who is asked, as far as the codec looks at it .. */
	struct unit unit; /* .. of the one that was asked last: its late answer may still come */
	struct request req;
	uint32_t ticket, tag; /* tag: that of who asks */
	int64_t until_ns;     /* WAITS: it is given up then */
	int64_t rest_ns;      /* no other before */
	size_t n;
	uint8_t bytes[GUEST_BYTES];
};

struct flight {
	bool is_used;
	bool is_held;    /* the next step of an exchange, to be sent as soon as the line is free */
	bool is_waiting; /* held, and not before hold_ns; meanwhile the line is free for others */
	bool is_alone;   /* no other was on the wire during its life so far */
	bool is_garbled; /* bytes came that are no frame */
	bool is_foreign; /* a frame came that is nobody's */
	enum flight_kind kind;
	struct unit *unit;
	size_t at; /* FLIGHT_POLL: which poll of u->plan, see link_flight_poll(); FLIGHT_IDENTIFY: 0, or 1 + which preset */
	uint32_t plan; /* u->plan when it was sent */
	struct request req;
	struct write write; /* FLIGHT_WRITE; its req is not kept up to date */
	uint32_t tag;
	int64_t sent_ns, deadline_ns;
	int64_t over_ns;   /* end of its whole timeout, however short it is waited for */
	int64_t hold_ns;   /* is_waiting: when its next step goes */
	int64_t within_ns; /* until when a step may say "not yet"; 0: it has not been sent */
	uint8_t junk[4];   /* the first bytes that came and are no frame */
	uint32_t n_junk;   /* how many came */
	char meaning[LINK_MEANING];
};

/* A question that had no answer: one that comes until then must not be taken for another's. */
struct late {
	struct unit *unit;
	struct request req;
	uint32_t tag; /* of a protocol with few tags: this one is not given again until then */
	int64_t until_ns;
	bool is_held_for; /* the whole line waits for it, see orphan_ns */
};

enum line { LINE_CLOSED, LINE_OPENING, LINE_OPEN };

struct link {
	uint32_t index;
	enum link_kind kind;
	struct image_link wire; /* as it stands in the image; its texts are not ours */
	char *host;
	int64_t gap_ns;     /* after an answer */
	int64_t silence_ns; /* after any byte: 3.5 characters where a protocol needs them */
	int64_t idle_ns; /* after that long without a byte no more of a frame comes; 0: cannot be told */
	bool outlives; /* what is behind the wire goes on when it is closed: late answers come over the next one */
	bool has_borders; /* pieces that come never go on in the next, and a request is sent as one */
	bool goes_on;     /* the device has ended the wire behind an answer: it stays prepared */
	bool is_search; /* several ports may be meant: the owner takes the next one when it is closed */
	struct link_sink sink;
	const struct secrets *secrets; /* the owner's; NULL: none */
	struct unit *units;
	size_t n_units;

	enum line line;
	bool want_open, want_close, want_flush; /* for link_take() */
	int64_t open_ns;                        /* LINE_CLOSED: when to open */
	int64_t open_wait_ns;                   /* before the try after the next */
	int64_t lost_ns;                        /* when the wire was lost last; INT64_MIN: never */
	uint32_t silence;                       /* timeouts in a row on this wire */
	uint32_t fails;                         /* openings in a row that failed */
	bool is_old;                            /* it has been open before */

	struct flight *
		flights; /* [flights_cap]: the window, and one for each unit whose exchanges may wait */
	size_t flights_cap;
	size_t n_top;       /* behind the last one that is used: mostly 1 */
	unsigned n_flights; /* used and not held: on the wire */
	uint32_t tag;       /* of the last question; counts up */
	int64_t pause_ns;   /* no question before: gap and silence, quarantine of the whole line */
	int64_t orphan_ns; /* no question before: on a line is an answer to a unit that a reload took away */
	struct unit *last;    /* asked last: whose cut() reads the line */
	struct request asked; /* of it, as cut() wants to see it */
	bool has_asked;
	struct late *late; /* [late_cap]; only where some protocol has no tags */
	size_t n_late, late_cap;

	/* pipelining: link_window.c */
	unsigned window;       /* questions that may be on the wire */
	bool may_pipeline;     /* TCP, and all protocols on it have tags */
	bool is_proved;        /* this connection has carried several at one time */
	unsigned n_solo;       /* answers that came while nothing else was under way, up to some */
	unsigned n_good;       /* answers in a row at this window */
	unsigned n_slow;       /* slow answers at a window of two */
	int64_t solo_ns;       /* typical reply time of those */
	int64_t trial_ns;      /* no trial before */
	int64_t trial_wait_ns; /* after the next failure */

	struct write *
		writes; /* [LINK_WRITES_MAX + flights_cap] oldest first: those on the wire may come back */
	size_t n_writes;
	unsigned writes_row;
	struct guest guest;

	bool is_inside; /* a call is being served: a callback may queue a write, not step */
	int64_t wake_ns;
	struct readings readings;
	struct board_trace trace;
	int64_t answer_ns; /* of the last request in tx */
	size_t n_tx, n_rx;
	int64_t rx_ns;    /* when the last byte came */
	int64_t held_ns;  /* since when they have held back a question; 0: they do not */
	size_t n_unasked; /* bytes on a line that nobody had asked for, since the last question */
	bool has_paused;  /* and that it was long ago has been told to cut() */
	int64_t noise_ns; /* since when it has spoken without being asked, and without a pause */
	size_t n_echo, at_echo; /* bytes that will come back, those that have */
	uint8_t tx[LINK_TX_MAX];
	uint8_t echo[LINK_TX_MAX];
	uint8_t rx[CODEC_FRAME_MAX];
};

/* All flights that are used; the body may land them. */
#define LINK_FLIGHTS(l, f)                                                                         \
	for (struct flight *f = (l)->flights; f < (l)->flights + (l)->n_top; f++)                  \
		if (f->is_used)

/* link_unit.c */
void link_unit_init(struct unit *u, const struct image *img, uint32_t index,
	const struct codec *codec, int64_t now_ns);
void link_unit_done(struct unit *u);
void link_unit_secrets(struct unit *u, const struct secrets *s);
/* A bad quality for the sorted points first .. first + n - 1. */
void link_unit_say(struct link *l, const struct unit *u, size_t first, size_t n,
	enum quality quality, uint16_t code, int64_t now_ns);
void link_unit_up(struct link *l, struct unit *u, int64_t now_ns);
void link_unit_down(struct link *l, struct unit *u, enum quality reason, uint16_t code,
	int64_t now_ns); /* tells points and owner only what they do not know yet */
/* It fails to answer: down, and probed after 1 s, 2 s .. 30 s. */
void link_unit_give_up(
	struct link *l, struct unit *u, enum quality reason, uint16_t code, int64_t now_ns);
/* How long a question to it may wait: while it is silent, mostly no longer than three times what its slowest answers in a hundred
 * took, or those of its neighbours. */
int64_t link_unit_patience(const struct link *l, const struct unit *u);
/* All polls are due now; the grid starts anew. */
void link_unit_restart(struct unit *u, int64_t now_ns);

/* link_learn.c */
void link_plan(struct unit *u, int64_t now_ns);
/* The device refused poll `at`: cut it in two, or know the guilty. */
void link_learn_refused(
	struct link *l, struct unit *u, size_t at, const struct refusal *refusal, int64_t now_ns);
/* The device answered poll `at`. */
void link_learn_passed(struct link *l, struct unit *u, size_t at, int64_t now_ns);
/* Does it ask for something that has been refused alone? */
bool link_learn_is_refused(const struct unit *u, const struct request *req);

/* link_late.c: answers that come after their time, on wires where nothing tells whose they are */
/* How late after its timeout an answer of it may be. */
int64_t link_lateness(const struct link *l, const struct unit *u);
/* over_ns: when its time was over, or would have been. Returns its entry; NULL: nothing has to wait, or the whole line does. */
struct late *link_late_add(struct link *l, struct unit *u, const struct request *req, uint32_t tag,
	int64_t over_ns, int64_t now_ns);
/* f has been answered by a datagram, which may come twice. */
void link_late_twice(struct link *l, const struct flight *f, int64_t now_ns);
/* The next tag for a question to this unit. */
uint32_t link_late_tag(struct link *l, const struct unit *u, int64_t now_ns);
/* The time before which this question could get the answer to another; 0: it may go. */
int64_t link_late_until(
	struct link *l, const struct unit *u, const struct request *req, int64_t now_ns);
/* An answer that was to come in turn, and has not come at all. */
bool link_late_is_missing(const struct link *l, int64_t now_ns);
/* A frame that fits no question on the wire; true when it is one that was waited for. */
bool link_late_take(struct link *l, const uint8_t *frame, size_t n, int64_t now_ns);
void link_late_forget(struct link *l, const struct unit *u); /* NULL: all of them */

/* link_mute.c: no answer to one question, of a device that answers others */
bool link_mute_is(const struct unit *u, const struct request *req);
bool link_mute_is_all(const struct unit *u);
void link_mute_answered(
	struct unit *u, const struct flight *f); /* f has an answer, whatever it says */
/* f, of a poll, has no answer: its points are bad, and it is asked again when its wait is over. */
void link_mute_again(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns);
/* All tries of f have failed: another question is asked at once. False: there is none. */
bool link_mute_ask_witness(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns);

/* link_identify.c: is it the device that is meant, and is it prepared? */
void link_identify_init(
	struct unit *u, const struct image *img, const struct image_instrument *from);
/* A new wire: nothing is known. is_prepared: the device ended the one before behind an answer, so it is the same, and what was written to it holds. */
void link_identify_opened(struct unit *u, bool is_prepared, int64_t now_ns);
/* It may have been without power: where it has to be prepared, that begins anew. */
void link_identify_lost(struct unit *u);
/* The time before which the answer to it could be another's; 0: it may go. */
/* The question that tells what it is; false: there is none. */
bool link_identify_request(const struct unit *u, struct request *out);
/* Is it what is demanded, by the reading that was asked for or by vars.identity? */
bool link_identify_is(const struct unit *u, const struct readings *got);
int64_t link_identify_until(struct link *l, const struct unit *u, int64_t now_ns);
void link_identify_forget(struct vars *vars);               /* what the device has said it is */
bool link_identify_start(struct flight *f, struct unit *u); /* false: it cannot be asked */
/* The answer to that question has been decoded into l->readings and u->vars. */
void link_identify_settled(struct link *l, struct flight *f, int64_t now_ns);
void link_identify_refused(
	struct link *l, struct flight *f, const struct refusal *why, int64_t now_ns);

/* A question without an answer, or with a no, need not keep back one of which only words are wanted: without them it offers less. f has been
 * given up. */
void link_identify_unsaid(struct link *l, struct unit *u, const struct flight *f, int64_t now_ns);
void link_identify_up(struct link *l, struct unit *u, int64_t now_ns); /* it comes up */

/* link_gates.c: what this device offers, by what it says it is */
void link_gates_init(struct unit *u, const struct image *img, const struct image_instrument *from);
void link_gates_done(struct unit *u);
/* Do the conditions on the instrument hold? out (NULL: not wanted): "firmware is 5.1 and not >= 6.2". */
bool link_gates_hold(const struct unit *u, char *out, size_t cap);
/* By what it has said: which points it offers. */
void link_gates_decide(struct link *l, struct unit *u, int64_t now_ns);
/* The points that show what it says; it is up. */
void link_gates_tell(struct link *l, struct unit *u, int64_t now_ns);
/* After a reload, whose channels may be others: those, and what it does not offer. */
void link_gates_adopted(struct link *l, struct unit *u, int64_t now_ns);

/* link_window.c: how many questions may be on the wire */
void link_window_init(struct link *l, int64_t now_ns);
void link_window_opened(struct link *l);
bool link_window_is_open(struct link *l, int64_t now_ns, bool is_write);
void link_window_answered(struct link *l, const struct flight *f, int64_t reply_ns, int64_t now_ns);
/* A timeout, a lost wire or garbage; was_alone: with no other question under way. True: that may be the fault of having several; they are to be
 * asked again one by one, and nobody is told. */
bool link_window_failed(struct link *l, bool was_alone, int64_t now_ns);

/* link_guest.c */
/* Fill f with it; false: it has to wait, or there is none. */
bool link_guest_start(struct link *l, struct flight *f, int64_t now_ns);
int link_guest_encode(
	const struct link *l, uint32_t tag, uint8_t *out, size_t cap, struct err *err);
void link_guest_answered(
	struct link *l, struct flight *f, const uint8_t *frame, size_t n, int64_t now_ns);
void link_guest_expired(struct link *l, struct flight *f, int64_t now_ns);
void link_guest_lost(struct link *l, struct flight *f, const char *why);
void link_guest_give_way(struct link *l); /* to a write */
void link_guest_step(struct link *l, int64_t now_ns);
int64_t link_guest_wake(struct link *l, int64_t now_ns);

/* link_poll.c */
/* The poll that this question belongs to, NULL when its plan is over. */
struct poll *link_flight_poll(const struct flight *f);
/* The device may have acted on it, even where there is no answer: a write of the owner, or one that prepares it. */
bool link_flight_writes(const struct flight *f);
void link_use(
	struct link *l, struct flight *f, bool is_held); /* held: its next step is to be sent */
void link_hold(struct link *l, struct flight *f, int64_t wait_ns,
	int64_t now_ns);                          /* its next step goes so much later */
void link_land(struct link *l, struct flight *f); /* it is no longer on the wire */
/* Exchanges of this unit that wait for their next step end here: it is down. */
void link_drop_waiting(
	struct link *l, struct unit *u, enum quality reason, uint16_t code, int64_t now_ns);
void link_ask_again(
	struct link *l, struct flight *f, int64_t now_ns); /* as if it had not been sent */
bool link_send_next(struct link *l, int64_t now_ns);       /* false: nothing can be sent now */
/* When something is to be done on an open wire. */
int64_t link_next_ns(struct link *l, int64_t now_ns);
void link_expire(struct link *l, int64_t now_ns);
void link_poll_settle(struct flight *f); /* its poll goes on by its grid */
/* No answer to f, by a timeout or by a gateway's word: repeat or give up. Frees f. */
void link_unanswered(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns);
/* The line has fallen silent behind bytes that are no frame. */
void link_fell_silent(struct link *l, int64_t now_ns);
void link_write_again(struct link *l, const struct flight *f, int64_t ask_ns);
/* Those that wait for a unit that does not answer would cost its neighbours a timeout each. */
void link_drop_writes(struct link *l, const struct unit *u, enum quality reason, uint16_t code);
void link_written(struct link *l, const struct write *w, enum quality verdict, uint16_t code);

/* link_answer.c */
/* Hand on a reading of a point, without secrets. */
void link_tell(struct link *l, const struct unit *u, const struct reading *r, int64_t stamp_ns);
/* A question of n bytes that has no answer has been sent: the exchange goes on. Frees f, or holds it for its next step. */
void link_silent(struct link *l, struct flight *f, size_t n, int64_t now_ns);
/* Frames in in[0..n), the first of them complete or not; returns the bytes used. */
size_t link_frames(struct link *l, const uint8_t *in, size_t n, enum wire wire, int64_t now_ns);
/* Bytes that are no frame, on a wire where the next frame can be found behind them. */
void link_skipped(struct link *l, const uint8_t *in, size_t n, int64_t now_ns);
void link_frame(struct link *l, const uint8_t *frame, size_t n, int64_t now_ns);

/* link.c */
/* Close the wire of our own accord and open it again; `guilty` (or NULL) has been told already. */
void link_drop(struct link *l, const struct unit *guilty, const char *why, int64_t now_ns);
/* Close it and open it again at once, so that no late answer can come; nobody is told. */
void link_renew(struct link *l, int64_t now_ns);
/* The device ends the wire behind its answer: it is opened again when there is something to ask, the next step of an exchange
 * included. */
void link_end(struct link *l, int64_t now_ns);
/* The bytes cannot be cut into frames: the wire has to start anew. */
void link_garbage(struct link *l, const uint8_t *in, size_t n, int64_t now_ns);

/* link_beside.c: what a write says along */
/* Make w->req of its value or its text; is_queued: what waits to be written counts, as it will have been when w goes. */
int link_beside_write(
	struct link *l, struct write *w, const char *text, bool is_queued, struct err *err);
void link_beside_written(struct write *w); /* it is done */
void link_beside_forget(struct unit *u);   /* a new wire */

/* link_trace.c */
void link_trace(struct link *l, const struct unit *u, enum trace_kind kind, enum quality quality,
	uint16_t code, const char meaning[LINK_MEANING], const uint8_t *bytes, size_t n,
	int64_t now_ns);
void link_note(struct link *l, const struct unit *u, enum quality quality, int64_t now_ns,
	const char *fmt, ...) PRINTF(5, 6);
void link_meaning(char out[LINK_MEANING], const struct unit *u, const struct request *req);

#endif
