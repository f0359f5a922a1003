/* main.c - mbc-alert: what happens on the bench, to people
 *
 * Started by `supervise`: mbc-alert --socket FD --bench NAME --dir FOLDER --journal0 FD --journal1 FD --blackbox FD. It gets secrets, image and
 * boards over the socket. Whatever it waits for, the bench does not: it reads the tape of the board at its own pace, and what the tape has lost from the
 * journal. `mbc-alert show BENCH WORD` reads what it has written down (show.h).
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alert/engine.h"
#include "alert/ledger.h"
#include "alert/letter.h"
#include "alert/show.h"
#include "alert/ways.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/board.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/past_events.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/secrets.h"
#include "io/self.h"
#include "io/sock.h"
#include "msg/health.h"
#include "msg/shown.h"

#define LOOK_NS (100 * NS_PER_MS) /* at the tape */
#define STATES_NS (60 * NS_PER_S) /* at how the alarms stand */
#define BEAT_NS NS_PER_S
#define RETRY_NS (5 * NS_PER_S)
#define PLACE_EVENTS 1000             /* events after which the place among them is written down */
#define OLD_NS (24 * 3600 * NS_PER_S) /* of an event that nobody needs to hear of any more */
#define PAST_MAX 20000u               /* events that are read from the journal at once */
#define CHANGES 256u
#define OUT_MAX 256u              /* all that the engine has under way */
#define DEAD_NS (10 * NS_PER_S)   /* a controller that is started again is told by its event */
#define SWITCH_NS (60 * NS_PER_S) /* for which a new bench file waits for what is under way */

struct shared {
	const void *memory; /* NULL: none */
	size_t size;
};

/* A message that goes out when the ledger has it. */
struct outgoing {
	struct engine_message m;
};

struct alert {
	struct loop *loop;
	int supervisor;
	int secrets_fd; /* of the image that comes next; -1 */
	bool is_ending;
	const char *dir, *bench;
	struct shared image, board, next_image; /* next_image: waits until nothing is under way */
	const struct image *img;
	const struct board *b;
	struct secrets *secrets;
	struct engine *engine;
	struct ledger ledger;
	struct ways *ways;
	struct past_events past;
	uint64_t place;  /* on the tape */
	uint64_t last;   /* the last event that was looked at */
	uint64_t placed; /* as the ledger has it */
	bool has_looked; /* at how things stood when it began */
	bool is_behind;  /* the tape has lost something */
	struct outgoing out[OUT_MAX];
	unsigned n_out;
	bool is_ledger_bad, is_first;
	uint64_t boot;
	int64_t alive_ns; /* when the controller last ticked; 0: it never did */
	bool is_dead_told;
	int64_t switch_ns; /* when a new bench file waits no longer */
	int64_t next_look_ns, next_states_ns, next_beat_ns, next_pulse_ns, engine_wake_ns,
		next_sync_ns;
	uint64_t n_sent, n_failed;
	struct self self;
};

/* ---- time ----------------------------------------------------------------------------------------------------------------- */

static struct engine_time
now_time(void)
{
	struct engine_time t = { .now_ns = now_boot() };
	time_t seconds;
	struct tm local;

	t.wall_ns = t.now_ns + now_wall_offset();
	seconds = (time_t)(t.wall_ns / NS_PER_S);
	/* Minutes of the local calendar, as if each of its days had 24 hours. */
	if (localtime_r(&seconds, &local) != NULL)
		t.local_minute = (int64_t)(timegm(&local) / 60);
	else
		t.local_minute = seconds / 60;
	return t;
}

static void
say_when(void *ctx, int64_t wall_ns, char *out)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm local;

	(void)ctx;
	if (localtime_r(&seconds, &local) == NULL ||
		strftime(out, 40, "%Y-%m-%d %H:%M:%S %Z", &local) == 0)
		out[0] = '\0';
}

/* ---- what the engine asks for --------------------------------------------------------------------------------------------- */

static void
on_record(void *ctx, const struct entry *entry)
{
	struct alert *a = ctx;

	ledger_put(&a->ledger, entry);
}

static void
tell(struct alert *a, enum event_kind kind, const char *subject, const char *text)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_ALERT_EVENT);
	wire_u16(&packet, (uint16_t)kind);
	wire_text(&packet, subject);
	wire_text(&packet, text);
	report_send(a->supervisor, &packet);
}

static void
on_event(void *ctx, enum event_kind kind, const char *subject, const char *text)
{
	tell(ctx, kind, subject, text);
}

static bool
on_send(void *ctx, const struct engine_message *m)
{
	struct alert *a = ctx;

	/* There are fewer places than messages: one that finds none counts as failed for now. */
	if (a->n_out == NELEM(a->out))
		return false;
	a->out[a->n_out++].m = *m;
	return true;
}

static void
say_value(void *ctx, uint32_t channel, char *out)
{
	struct alert *a = ctx;
	const char *name = image_text(a->img, image_channel_at(a->img, channel)->name);
	uint32_t at = a->b == NULL ? IMAGE_NONE : board_find(a->b, name);
	const struct board_channel *ch;
	char text[VALUE_TEXT_MAX + 1];
	const char *unit;
	struct sample s;

	snprintf(out, 64, "?");
	if (at == IMAGE_NONE)
		return;
	ch = board_channel(a->b, at);
	board_look(a->b, at, now_boot(), &s);
	if (quality_is_bad(s.quality)) {
		snprintf(out, 64, "bad (%s)", quality_row(s.quality)->token);
		return;
	}
	shown_digits(text, ch->type, &s,
		ch->type == VALUE_CHOICE ? board_choice(a->b, ch, s.v.i) : NULL);
	unit = board_text(a->b, ch->unit);
	snprintf(out, 64, "%.40s%s%.20s", text, unit[0] != '\0' ? " " : "", unit);
}

static void
on_result(void *ctx, uint64_t id, enum alert_result result, int64_t wait_ns, const char *text)
{
	struct alert *a = ctx;
	struct engine_time t = now_time();

	if (id == 0) {
		if (result != ALERT_SENT)
			log_warn("the heartbeat could not be told: %s; look at 'heartbeat:' of "
				 "alert:",
				text);
		return;
	}
	a->n_sent += result == ALERT_SENT;
	a->n_failed += result == ALERT_TEMPORARY || result == ALERT_PERMANENT;
	if (result != ALERT_SENT && result != ALERT_DELIVERED)
		log_warn("message %llu: %s: %s", (unsigned long long)id, entry_result_word(result),
			text);
	engine_result(a->engine, &t, id, result, wait_ns, text);
	a->engine_wake_ns = 0;
}

/* The ledger has it: what it says is made now, with the values of now. */
static void
hand_over(struct alert *a, const struct engine_message *m)
{
	const struct image_receiver *p = image_receiver_at(a->img, m->person);
	const struct letter_asks asks = { a, say_value, say_when };
	struct engine_notice notices[ENTRY_NOTICES];
	struct engine_time t = now_time();
	struct buf subject = { 0 }, text = { 0 };
	unsigned more, n = engine_message_notices(a->engine, m->id, notices, &more);
	struct err err;
	int rc;

	if (n > 0) {
		letter_subject(&subject, a->img, notices, n, more, p->language);
		letter_text(&text, a->img, notices, n, more, p->language, &asks);
	}
	rc = n == 0 ? err_set(&err, ERR_CONF, 0, "nothing is left to be told")
		    : ways_send(a->ways, m, &notices[0], buf_text(&subject), buf_text(&text),
			      t.wall_ns, &err);
	if (rc < 0)
		on_result(a, m->id, rc == ERR_REFUSED ? ALERT_TEMPORARY : ALERT_PERMANENT, 0,
			err.msg);
	buf_done(&subject);
	buf_done(&text);
}

/* What is written down is on the disk first. People are told of a full disk all the same, and of what it keeps from being written. */
static void
sync_and_send(struct alert *a, int64_t now_ns)
{
	struct outgoing out[NELEM(a->out)];
	unsigned n = a->n_out;
	struct err err;

	if (a->ledger.waiting.n > 0 && (n > 0 || now_ns >= a->next_sync_ns)) {
		bool is_bad = ledger_sync(&a->ledger, &err) < 0;

		a->next_sync_ns = is_bad ? now_ns + RETRY_NS : now_ns;
		if (is_bad && !a->is_ledger_bad)
			log_warn("%s; people are told all the same; make room on that disk",
				err.msg);
		a->is_ledger_bad = is_bad;
	}
	memcpy(out, a->out, sizeof(out));
	a->n_out = 0;
	for (unsigned i = 0; i < n; i++)
		hand_over(a, &out[i].m);
}

/* ---- events --------------------------------------------------------------------------------------------------------------- */

/* Notes and events of long ago are of no use to anybody; alarms are what they are. */
static bool
is_old(const struct alert *a, const struct event *e, bool has_wall, int64_t wall_ns)
{
	int64_t now = now_boot();

	if (e->boot == a->boot)
		return now - e->stamp_ns > OLD_NS;
	return !has_wall || now + now_wall_offset() - (e->stamp_ns + wall_ns) > OLD_NS;
}

/* wall_ns: the offset of its stamp where that is known of another life of the computer. */
static void
take_event(struct alert *a, const struct event *e, bool has_wall, int64_t wall_ns)
{
	struct engine_time t = now_time();
	int64_t at_ns = e->boot == a->boot ? e->stamp_ns + now_wall_offset()
			: has_wall         ? e->stamp_ns + wall_ns
					   : t.wall_ns;

	if (e->id <= a->last)
		return;
	a->last = e->id;
	engine_event(a->engine, &t, e, at_ns);
	a->engine_wake_ns = 0;
}

struct past_one {
	struct event e;
	bool has_wall;
	int64_t wall_ns;
};

struct past {
	struct alert *a;
	struct past_one *at;
	size_t n, cap;
	uint64_t below; /* only those of lower numbers; 0: all */
	bool is_cut;    /* there were more than could be taken */
};

static int
by_id(const void *a, const void *b)
{
	const struct past_one *x = a, *y = b;

	return x->e.id < y->e.id ? -1 : x->e.id > y->e.id;
}

static void
on_past(void *ctx, const struct event *e, bool has_wall, int64_t wall_ns)
{
	struct past *p = ctx;
	bool is_of_alarm = e->kind >= EVENT_ALARM_ON && e->kind <= EVENT_ALARM_CHATTERS;

	if ((p->below != 0 && e->id >= p->below) ||
		(!is_of_alarm && is_old(p->a, e, has_wall, wall_ns)))
		return;
	if (p->n == PAST_MAX) { /* the older half stays: what comes behind it is read again */
		qsort(p->at, p->n, sizeof(*p->at), by_id);
		p->n = PAST_MAX / 2;
		p->below = p->at[p->n].e.id;
		p->is_cut = true;
		if (e->id >= p->below)
			return;
	}
	if (p->n == p->cap) {
		p->cap = MIN(2 * p->cap + 64, (size_t)PAST_MAX);
		p->at = mem_grow(p->at, p->cap, sizeof(*p->at));
	}
	p->at[p->n++] = (struct past_one){ *e, has_wall, wall_ns };
}

/* Those between the last one and `until` (0: all), which no tape has any more. */
static void
fetch(struct alert *a, uint64_t until)
{
	struct past p;
	struct err err;

	do {
		p = (struct past){ .a = a, .below = until };
		if (past_events_read(&a->past, a->last, on_past, &p, &err) < 0)
			log_warn("events behind number %llu: %s; alarms that are on are told all "
				 "the same",
				(unsigned long long)a->last, err.msg);
		if (p.n > 1)
			qsort(p.at, p.n, sizeof(*p.at), by_id);
		for (size_t i = 0; i < p.n; i++)
			take_event(a, &p.at[i].e, p.at[i].has_wall, p.at[i].wall_ns);
		free(p.at);
	} while (p.is_cut && p.n > 0);
}

static void
on_tape_event(struct alert *a, const struct board_change *change)
{
	uint8_t bytes[EVENT_BYTES];
	struct event e;
	struct err err;
	size_t n = board_tape_event_read(a->b, change, bytes);

	if (n == 0) { /* overwritten meanwhile */
		a->is_behind = true;
		return;
	}
	if (event_decode(&e, bytes, n, &err) < 0 || e.id == 0 || e.id <= a->last)
		return;
	if (a->is_first) {
		a->last = e.id; /* nobody is told of what was before anybody was to be told */
		return;
	}
	if (e.id > a->last + 1)
		fetch(a, e.id);
	take_event(a, &e, false, 0);
}

static void
drain(struct alert *a)
{
	struct board_change changes[CHANGES];
	uint64_t missed = 0;
	size_t n;

	if (a->b == NULL)
		return;
	do {
		n = board_tape_read(a->b, &a->place, changes, CHANGES, &missed);
		for (size_t i = 0; i < n; i++)
			if (changes[i].channel == BOARD_TAPE_EVENT)
				on_tape_event(a, &changes[i]);
		a->is_behind = a->is_behind || missed > 0;
	} while (n == CHANGES);
	/* What the tape has overwritten may have had no successor. */
	if (a->is_behind && !a->is_first)
		fetch(a, 0);
	a->is_behind = false;
}

/* What was missed shows in how the alarms stand. */
static void
look_at_states(struct alert *a)
{
	struct engine_time t = now_time();
	char name[80];

	for (uint32_t i = 0; a->b != NULL && i < a->img->alarms.n; i++) {
		uint32_t at;
		struct sample s;

		snprintf(name, sizeof(name), "alarm.%s",
			image_text(a->img, image_alarm_at(a->img, i)->name));
		at = board_find(a->b, name);
		if (at == IMAGE_NONE)
			continue;
		board_read(a->b, at, &s);
		if (!quality_is_bad(s.quality))
			engine_state(a->engine, &t, i, (unsigned)s.v.i);
	}
	a->engine_wake_ns = 0;
}

/* ---- images and boards ---------------------------------------------------------------------------------------------------- */

static void
let_go(struct shared *s)
{
	union {
		const void *c;
		void *v;
	} memory = { .c = s->memory };

	if (memory.v != NULL)
		seal_done(memory.v, s->size);
	*s = (struct shared){ 0 };
}

static void
on_entry(void *ctx, const struct entry *entry)
{
	struct alert *a = ctx;
	struct engine_time t = now_time();

	engine_replay(a->engine, &t, entry);
}

/* The ledger is read again: so a new bench file goes on from where the old one was. */
static int
take_up(struct alert *a, struct err *err)
{
	const struct engine_sink sink = { a, on_record, on_send, on_event };
	struct engine_time t = now_time();
	uint64_t damaged;
	struct err why;

	ways_free(a->ways);
	a->ways = NULL;
	engine_free(a->engine);
	let_go(&a->image);
	a->image = a->next_image;
	a->next_image = (struct shared){ 0 };
	a->img = a->image.memory;
	a->engine = engine_new(a->img, &sink);
	secrets_free(a->secrets);
	a->secrets = secrets_take(a->secrets_fd, a->img, err);
	a->secrets_fd = -1;
	if (a->secrets == NULL)
		return ERR_CONF;
	a->ways = ways_new(a->loop, a->img, a->secrets, on_result, on_event, a, err);
	if (a->ways == NULL)
		return ERR_IO;
	(void)!ledger_sync(&a->ledger, &why);
	if (ledger_read(a->ledger.folder, on_entry, a, &damaged, &why) < 0)
		log_warn("%s; what was under way is told anew", why.msg);
	if (damaged > 0)
		log_warn("%llu lines of the ledger are damaged, and passed over",
			(unsigned long long)damaged);
	engine_replayed(a->engine, &t);
	a->last = MAX(a->last, engine_last_event(a->engine));
	a->is_first = a->is_first && a->last == 0;
	a->next_pulse_ns = a->img->notices.beat_every_ns > 0 ? t.now_ns : NEVER;
	a->engine_wake_ns = 0;
	a->next_states_ns = a->has_looked ? t.now_ns : NEVER;
	return 0;
}

static int
take_image(struct alert *a, int fd, struct err *err)
{
	let_go(&a->next_image);
	a->next_image.memory = seal_map(fd, &a->next_image.size, err);
	if (a->next_image.memory == NULL)
		return ERR_IO;
	if (image_check(a->next_image.memory, a->next_image.size, err) < 0) {
		let_go(&a->next_image);
		return ERR_PROTO;
	}
	a->switch_ns = now_boot() + SWITCH_NS;
	return a->img == NULL ? take_up(a, err) : 0;
}

static int
take_board(struct alert *a, int fd, struct err *err)
{
	struct shared next = { 0 };
	const struct board *b;

	next.memory = seal_map(fd, &next.size, err);
	if (next.memory == NULL)
		return ERR_IO;
	if (board_check(next.memory, next.size, &b, err) < 0) {
		let_go(&next);
		return ERR_PROTO;
	}
	if (a->engine != NULL)
		drain(a); /* of the old one */
	let_go(&a->board);
	a->board = next;
	a->b = b;
	a->place = 1;
	a->next_look_ns = 0;
	return 0;
}

static void
do_test(struct alert *a, struct wire_in *in)
{
	char name[ENTRY_NAME], who[ENTRY_NAME];
	struct engine_time t = now_time();
	struct err err;

	wire_get_text(in, name, sizeof(name));
	wire_get_text(in, who, sizeof(who));
	if (wire_close(in, &err) < 0 || a->engine == NULL)
		return;
	for (uint32_t i = 0; i < a->img->receivers.n; i++)
		if (strcmp(image_text(a->img, image_receiver_at(a->img, i)->name), name) == 0 &&
			engine_test(a->engine, &t, i, who) == 0)
			log_warn("there is no room for a test of '%s': too much is open; "
				 "acknowledge alarms first",
				name);
	a->engine_wake_ns = 0;
}

static void
on_supervisor(void *ctx, int fd, unsigned events)
{
	struct alert *a = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), rc;

	(void)events;
	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		a->is_ending = true;
		return;
	}
	rc = wire_open(&in, packet, (size_t)n, &err);
	if (rc == WIRE_SECRETS && pass >= 0) {
		wire_get_u32(&in);
		rc = wire_close(&in, &err);
		if (a->secrets_fd >= 0)
			close(a->secrets_fd);
		a->secrets_fd = pass;
		pass = -1;
	} else if ((rc == WIRE_IMAGE || rc == WIRE_BOARD) && pass >= 0) {
		bool is_image = rc == WIRE_IMAGE;

		wire_get_u32(&in);
		rc = wire_close(&in, &err);
		if (rc == 0)
			rc = is_image ? take_image(a, pass, &err) : take_board(a, pass, &err);
	} else if (rc == WIRE_ALERT_TEST) {
		do_test(a, &in);
		rc = 0;
	} else if (rc >= 0) {
		rc = err_set(&err, ERR_PROTO, 0,
			"a message of kind %d that is not for this process", rc);
	}
	if (rc < 0)
		log_err("supervisor: %s", err.msg);
	if (pass >= 0)
		close(pass);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

static void
tell_health(struct alert *a, int64_t now_ns)
{
	struct buf packet = { 0 };

	self_measure(&a->self, now_ns);
	wire_begin(&packet, WIRE_HEALTH);
	wire_u16(&packet, 4);
	report_row(&packet, HEALTH_ALERT_cpu, a->self.cpu_percent);
	report_row(&packet, HEALTH_ALERT_memory, a->self.memory_kib);
	report_row(
		&packet, HEALTH_ALERT_waiting, a->engine == NULL ? 0 : engine_waiting(a->engine));
	report_row(&packet, HEALTH_ALERT_failed, (double)a->n_failed);
	report_send(a->supervisor, &packet);
	a->next_beat_ns = now_ns + BEAT_NS;
}

/* So that a restart reads no more of the journal than it has to. */
static void
write_place(struct alert *a)
{
	struct entry e = { .kind = ENTRY_PLACE,
		.id = 1,
		.event = a->last,
		.wall_ns = now_boot() + now_wall_offset() };

	if (a->last == a->placed)
		return;
	ledger_put(&a->ledger, &e);
	a->placed = a->last;
}

/* The tape comes first: how the alarms stand is older than what it says. */
static void
look(struct alert *a, int64_t now_ns)
{
	a->next_look_ns = now_ns + LOOK_NS;
	if (a->engine == NULL || a->b == NULL)
		return;
	if (!a->has_looked && !a->is_first)
		fetch(a, 0);
	drain(a);
	if (a->is_first) {
		write_place(a);
		a->is_first = false;
	}
	if (!a->has_looked) {
		a->has_looked = true;
		a->next_states_ns = now_ns;
	}
	if (a->last >= a->placed + PLACE_EVENTS)
		write_place(a);
}

/* While it does not tick nothing that happens becomes an event: nobody else would say so. */
static void
watch_control(struct alert *a, int64_t now_ns)
{
	struct engine_time t = now_time();

	if (a->b == NULL || board_is_alive(a->b, now_ns)) {
		a->alive_ns = now_ns;
		a->is_dead_told = false;
		return;
	}
	if (a->is_dead_told || now_ns - a->alive_ns < DEAD_NS)
		return;
	a->is_dead_told = true;
	(void)engine_own(a->engine, &t, "control",
		"the controller does not tick: nobody watches the bench; go there, and see 'mbc "
		"log' and the log of 'mbc run'");
	a->engine_wake_ns = 0;
}

static int
step(struct alert *a, struct err *err)
{
	int64_t now = now_boot(), wake;

	if (now >= a->next_look_ns)
		look(a, now);
	if (a->engine != NULL && a->has_looked && now >= a->next_states_ns) {
		look_at_states(a);
		a->next_states_ns = now + STATES_NS;
	}
	if (a->engine != NULL && a->has_looked)
		watch_control(a, now);
	if (a->engine != NULL && a->has_looked && a->next_image.memory == NULL &&
		now >= a->engine_wake_ns) {
		struct engine_time t = now_time();

		a->engine_wake_ns = engine_run(a->engine, &t);
	}
	sync_and_send(a, now);
	if (a->next_image.memory != NULL && (ways_under_way(a->ways) == 0 || now >= a->switch_ns) &&
		take_up(a, err) < 0)
		return ERR_IO;
	if (a->ways != NULL && now >= a->next_pulse_ns) {
		ways_beat(a->ways);
		a->next_pulse_ns = now + a->img->notices.beat_every_ns;
	}
	if (now >= a->next_beat_ns)
		tell_health(a, now);
	wake = MIN(MIN(a->next_look_ns, a->next_beat_ns), a->next_pulse_ns);
	if (a->engine != NULL)
		wake = MIN(wake, a->engine_wake_ns);
	if (a->ways != NULL)
		wake = MIN(wake, ways_run(a->ways, now));
	return loop_step(a->loop, wake, err);
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct alert *a = ctx;

	(void)events;
	while (loop_signal(fd) != 0)
		a->is_ending = true;
}

static void
confine(struct alert *a)
{
	const char *const folders[] = { a->dir, NULL };
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_ALERT, folders, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(a->supervisor, &packet);
}

static int
set_up(struct alert *a, struct err *err)
{
	static const int signals[] = { SIGTERM };
	char boot[40];
	int fd, flags;

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor, which then ends us in order */
	signal(SIGPIPE, SIG_IGN);
	umask(027);
	tzset(); /* its file is read before this process is confined */
	flags = fcntl(a->supervisor, F_GETFL);
	if (flags < 0 || fcntl(a->supervisor, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(a->supervisor, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_CONF, 0,
			"no socket of a supervisor; start the bench with 'mbc run'");
	if (ledger_open(&a->ledger, a->dir, err) < 0)
		return ERR_IO;
	a->is_first = a->ledger.size == 0;
	a->loop = loop_new(err);
	fd = a->loop == NULL ? -1 : loop_signals(signals, NELEM(signals), err);
	if (fd < 0 || loop_add(a->loop, fd, LOOP_READ, on_signal, a, err) < 0 ||
		loop_add(a->loop, a->supervisor, LOOP_READ, on_supervisor, a, err) < 0)
		return ERR_IO;
	now_boot_id(boot);
	a->boot = event_boot(boot);
	self_measure(&a->self, now_boot());
	a->next_states_ns = a->next_pulse_ns = NEVER;
	return 0;
}

static bool
take_words(struct alert *a, int argc, char **argv)
{
	int64_t socket = -1, journal0 = -1, journal1 = -1, box = -1;
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = { { "--socket", &socket }, { "--journal0", &journal0 },
		{ "--journal1", &journal1 }, { "--blackbox", &box } };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--bench") == 0)
			a->bench = argv[i + 1];
		else if (strcmp(argv[i], "--dir") == 0)
			a->dir = argv[i + 1];
		for (size_t k = 0; k < NELEM(numbers); k++)
			if (strcmp(argv[i], numbers[k].name) == 0 &&
				!text_to_int(argv[i + 1], numbers[k].to))
				return false;
	}
	a->supervisor = (int)socket;
	a->past = (struct past_events){ { (int)journal0, (int)journal1 }, (int)box };
	return a->bench != NULL && a->dir != NULL && socket >= 0;
}

int
main(int argc, char **argv)
{
	static struct alert a = { .supervisor = -1, .secrets_fd = -1 };
	struct err err;
	int rc;

	if (argc > 1 && strcmp(argv[1], "show") == 0)
		return show_main(argc - 2, argv + 2);
	log_setup("alert", LOG_LEVEL_INFO);
	self_protect();
	if (!take_words(&a, argc, argv)) {
		log_err("this program is started by 'mbc run', with a socket, a bench and a "
			"folder");
		return 1;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		log_err("libcurl cannot be used; is it installed as a whole?");
		return 2;
	}
	rc = set_up(&a, &err);
	if (rc == 0)
		confine(&a);
	while (rc == 0 && !a.is_ending)
		rc = step(&a, &err) < 0 ? ERR_IO : 0;
	if (rc < 0)
		log_err("%s", err.msg);
	if (a.ledger.file >= 0) {
		write_place(&a);
		(void)!ledger_sync(&a.ledger, &err);
	}
	ways_free(a.ways);
	engine_free(a.engine);
	let_go(&a.image);
	let_go(&a.next_image);
	let_go(&a.board);
	secrets_free(a.secrets);
	ledger_close(&a.ledger);
	loop_free(a.loop);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}
