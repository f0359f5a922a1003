/* main.c - the recorder: boards from the supervisor, their tapes into the store
 *
 * Started by `supervise`: mbc-history --socket FD --bench NAME --dir FOLDER --commit NS --keep NS --size BYTES
 * --leave-free BYTES --resolution NS. It ends when the socket closes or at SIGTERM, with everything on disk that it has.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "history/drain.h"
#include "history/keep.h"
#include "history/recorder.h"
#include "history/runs.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/past_events.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/self.h"
#include "io/sock.h"
#include "msg/event.h"
#include "msg/health.h"

#define DRAIN_NS                                                                                   \
	(500 * NS_PER_MS) /* a tape holds a minute at its rates, and less when a bench is wild */
#define KEEP_NS (60 * NS_PER_S) /* between two looks at what is too old */
#define RETRY_NS (5 * NS_PER_S) /* after a commit that failed */
#define DAY_NS (24 * 3600 * NS_PER_S)
#define WARN_TIMES 4    /* of leave_free: there will soon be too little */
#define FILES_A_SIZE 10 /* a file is left when it has a tenth of `size` */

struct mapping {
	const void *memory;
	size_t size;
	struct mapping *next;
};

struct history {
	struct loop *loop;
	int supervisor;
	bool is_ending;
	struct store *store;
	struct recorder *recorder;
	struct mapping *mappings;
	const struct board *board; /* the newest */
	const void *texts;         /* of the bench's files, mapped */
	size_t n_texts;
	const char *dir;
	int64_t commit_ns;
	struct keep_rule keep;
	unsigned carried_by; /* bits of IMAGE_CARRIED_* */
	uint64_t leave_free, bytes;
	bool is_low; /* there is less room than that */
	bool is_told_low;
	int64_t trouble_ns; /* since when nothing can be recorded */
	struct past_events past;
	int64_t next_drain_ns, next_commit_ns, next_beat_ns, next_keep_ns, next_day_ns, beaten_ns;
	uint64_t taken;
	bool has_trouble;
	char boot_id[40];
	struct self self;
};

/* ---- boards --------------------------------------------------------------------------------------------------------------- */

static void
release(void *ctx, const struct board *b)
{
	struct history *h = ctx;

	for (struct mapping **p = &h->mappings; *p != NULL; p = &(*p)->next) {
		struct mapping *m = *p;
		union {
			const void *c;
			void *v;
		} memory = { .c = m->memory };

		if (m->memory != (const void *)b)
			continue;
		*p = m->next;
		seal_done(memory.v, m->size);
		free(m);
		return;
	}
}

static int
take_board(struct history *h, int fd, struct err *err)
{
	struct mapping *m;
	const struct board *b;
	size_t size;
	const void *memory = seal_map(fd, &size, err);
	union {
		const void *c;
		void *v;
	} unmap = { .c = memory };

	if (memory == NULL)
		return err->code;
	if (board_check(memory, size, &b, err) < 0) {
		seal_done(unmap.v, size);
		return err->code;
	}
	m = mem_zero(1, sizeof(*m));
	*m = (struct mapping){ memory, size, h->mappings };
	h->mappings = m;
	h->board = b;
	recorder_board(h->recorder, b, release);
	h->next_drain_ns = 0;
	return 0;
}

/* Of the files that the next board is made of. */
static int
take_texts(struct history *h, int fd, struct err *err)
{
	union {
		const void *c;
		void *v;
	} before = { .c = h->texts };
	size_t n, n_before = h->n_texts;
	const void *texts = seal_map(fd, &n, err);

	if (texts == NULL)
		return err->code;
	h->texts = texts;
	h->n_texts = n;
	store_texts(h->store, texts, n);
	if (before.v != NULL)
		seal_done(before.v, n_before);
	return 0;
}

static void
look_at_disk(struct history *h)
{
	struct statvfs st;

	if (statvfs(h->dir, &st) == 0)
		h->is_low = (uint64_t)st.f_bavail * st.f_frsize < h->leave_free;
}

static void
clock_now(struct recorder_clock *out)
{
	*out = (struct recorder_clock){
		.now_ns = now_boot(), .wall_ns = now_wall_offset(), .is_good = now_wall_is_good()
	};
}

static void
commit(struct history *h)
{
	struct recorder_clock clock;
	struct err err;

	look_at_disk(h);
	clock_now(&clock);
	recorder_drain(h->recorder, &clock);
	h->next_commit_ns = clock.now_ns + h->commit_ns;
	if (recorder_commit(h->recorder, &clock, !h->is_low, &err) == 0)
		return;
	h->next_commit_ns = clock.now_ns + MAX(h->commit_ns, RETRY_NS);
	log_debug("history: %s", err.msg);
}

/* ---- runs ----------------------------------------------------------------------------------------------------------------- */

struct order {
	struct run_order order;
	char request[WIRE_REQUEST_MAX + 1], who[EVENT_PRINCIPAL], text[WIRE_NOTE_MAX + 1],
		fields[WIRE_FIELDS_MAX + 1];
};

/* Only a run that begins is refused for want of room: what ends one, and notes, are a few bytes. When one has ended, its values are on the disk. */
static int
carry_out(
	struct history *h, struct order *o, int fd, uint32_t *out_run, char *title, struct err *err)
{
	union {
		const void *c;
		void *v;
	} bench = { .c = NULL };
	size_t size = 0;
	int rc;

	look_at_disk(h);
	if (o->order.what == RUN_STOP)
		commit(h);
	if (o->order.what == RUN_START && h->is_low)
		return err_set(err, ERR_CONF, 0,
			"the disk has less room than the bench leaves free, so nothing is "
			"recorded; free some room in %s",
			h->dir);
	bench.c = fd >= 0 ? seal_map(fd, &size, err) : NULL;
	if (fd >= 0 && bench.c == NULL)
		return err->code;
	o->order.bench = size > 0 && ((const char *)bench.c)[size - 1] == '\0' ? bench.c : "";
	rc = runs_do(h->store, &o->order, now_boot() + now_wall_offset(), out_run, title, err);
	seal_done(bench.v, size);
	return rc;
}

static void
tell_run(struct history *h, uint32_t ticket, const struct run_order *o, unsigned status,
	uint32_t run, const char *text)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_RUN_DONE);
	wire_u32(&packet, ticket);
	wire_u16(&packet, (uint16_t)status);
	wire_u32(&packet, run);
	wire_text(&packet, text);
	wire_u16(&packet, (uint16_t)o->what);
	wire_text(&packet, o->request);
	wire_text(&packet, o->who);
	wire_text(&packet, o->text);
	report_send(h->supervisor, &packet);
}

static int
take_run(struct history *h, struct wire_in *in, int fd, struct err *err)
{
	static struct order o;
	uint32_t ticket = wire_get_u32(in), run = 0;
	unsigned what = wire_get_u16(in);
	int64_t t_ns = (int64_t)wire_get_u64(in);
	uint32_t of = wire_get_u32(in);
	char title[WIRE_TITLE_MAX + 1], text[sizeof(err->msg) + 100];
	int rc;

	o.order = (struct run_order){ .what = (enum wire_run)what,
		.t_ns = t_ns,
		.request = o.request,
		.who = o.who,
		.text = o.text,
		.fields = o.fields,
		.run = of,
		.boot_id = h->boot_id };
	wire_get_text(in, o.request, sizeof(o.request));
	wire_get_text(in, o.who, sizeof(o.who));
	wire_get_text(in, o.text, sizeof(o.text));
	wire_get_text(in, o.fields, sizeof(o.fields));
	if (wire_close(in, err) < 0 || what > RUN_NOTE)
		return err_set(err, ERR_PROTO, 0, "an order about a run that is none");
	rc = carry_out(h, &o, fd, &run, title, err);
	h->next_beat_ns = 0; /* the controller hears of a run at once */
	if (rc == ERR_IO)
		snprintf(text, sizeof(text), "%s; free some room in %s, or look at that disk",
			err->msg, h->dir);
	/* Of ERR_IO nobody can say more than that it is not on the disk. */
	tell_run(h, ticket, &o.order,
		rc == 0           ? 200
		: rc == ERR_IO    ? 507
		: err->sys == 404 ? 404
				  : 409,
		run,
		rc == 0        ? title
		: rc == ERR_IO ? text
			       : err->msg);
	return 0;
}

static void
on_supervisor(void *ctx, int fd, unsigned events)
{
	struct history *h = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), rc;

	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		h->is_ending = true;
		return;
	}
	rc = wire_open(&in, packet, (size_t)n, &err);
	if (rc == WIRE_BOARD && pass >= 0) {
		wire_get_u32(&in);
		rc = wire_close(&in, &err);
		if (rc == 0)
			rc = take_board(h, pass, &err);
	} else if (rc == WIRE_RUN_TEXTS && pass >= 0) {
		bool copies = wire_get_u16(&in) != 0;

		rc = wire_close(&in, &err);
		if (rc == 0)
			rc = take_texts(h, pass, &err);
		store_copies(h->store, copies);
	} else if (rc == WIRE_RUN_COPIED) {
		char path[WIRE_MAX];
		uint32_t run = wire_get_u32(&in);

		wire_get_text(&in, path, sizeof(path));
		rc = wire_close(&in, &err);
		if (rc == 0)
			rc = runs_copied(h->store, run, path, &err);
	} else if (rc == WIRE_RUN) {
		rc = take_run(h, &in, pass, &err);
	} else if (rc >= 0) {
		rc = err_set(&err, ERR_PROTO, 0,
			"a message of kind %d that is not for this process", rc);
	}
	if (rc < 0)
		log_err("supervisor: %s", err.msg);
	if (pass >= 0)
		close(pass);
}

/* ---- what is due ---------------------------------------------------------------------------------------------------------- */

static const char *
cause_text(const char *token)
{
	static const struct {
		const char *token, *en;
	} rows[] = {
#define GAP(name, en, fr) { #name, en },
#include "history/gap.def"
#undef GAP
	};

	for (size_t i = 0; i < NELEM(rows); i++)
		if (strcmp(rows[i].token, token) == 0)
			return rows[i].en;
	return token;
}

static void
tell_event(struct history *h, enum event_kind kind, double value)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_HISTORY_EVENT);
	wire_u16(&packet, (uint16_t)kind);
	wire_f64(&packet, value);
	report_send(h->supervisor, &packet);
}

/* What is to be done about it stands with it. */
static void
on_trouble(void *ctx, const char *cause, bool is_over, uint64_t missed)
{
	struct history *h = ctx;
	bool is_disk = strcmp(cause, "disk_full") == 0 || strcmp(cause, "budget") == 0;

	if (!is_over)
		h->trouble_ns = now_boot();
	tell_event(h,
		!is_over  ? EVENT_HISTORY_DISK_FULL
		: is_disk ? EVENT_HISTORY_RESUMED
			  : EVENT_HISTORY_OVERRUN,
		is_disk ? (double)((now_boot() - h->trouble_ns) / NS_PER_S) : (double)missed);
	h->has_trouble = !is_over;
	if (!is_over)
		log_warn("history: nothing can be recorded: %s; free some room in %s, or lower "
			 "'keep' or 'size' of history:",
			cause_text(cause), h->dir);
	else if (is_disk)
		log_warn("history: recording goes on; %llu values were lost, and the gap is in the "
			 "ledger",
			(unsigned long long)missed);
	else
		log_warn("history: a gap of %llu values: %s; lower the rates, or record less with "
			 "'history:' of the channels",
			(unsigned long long)missed, cause_text(cause));
}

/* Channels that are kept for a shorter time than the files. */
static void
keep_channels(struct history *h, int64_t wall_ns)
{
	const char *slash = strrchr(store_file(h->store), '/');
	struct board_info info;
	struct err err;

	if (h->board == NULL)
		return;
	board_info(h->board, &info);
	for (uint32_t i = 0; i < info.n_channels; i++) {
		const struct board_channel *ch = board_channel(h->board, i);

		if (ch->keep_ns == 0)
			continue;
		if (store_drop(h->store, ch->id, wall_ns - ch->keep_ns, &err) < 0 ||
			keep_channel(h->dir, slash + 1, ch->id, ch->keep_ns, wall_ns, &err) < 0)
			log_warn("history: removing old values of '%s': %s; it is tried again "
				 "tomorrow",
				board_text(h->board, ch->name), err.msg);
	}
}

/* Long before there is too little: told once, and again when there has been more meanwhile. */
static void
warn_low(struct history *h)
{
	struct statvfs st;
	uint64_t room, span = (WARN_TIMES - 1) * h->leave_free;

	if (h->leave_free == 0 || statvfs(h->dir, &st) < 0)
		return;
	room = (uint64_t)st.f_bavail * st.f_frsize;
	if (room < WARN_TIMES * h->leave_free && !h->is_told_low) {
		h->is_told_low = true;
		tell_event(h, EVENT_HISTORY_BUDGET_LOW,
			room > h->leave_free ? (double)((room - h->leave_free) * 100 / span) : 0);
	} else if (room > (WARN_TIMES + 1) * h->leave_free) {
		h->is_told_low = false;
	}
}

/* All files below this number are in all the other stores. */
static uint32_t
carried(const struct history *h)
{
	static const char *const names[] = { "postgres", "influx" }; /* bits, as in the image */
	uint32_t least = UINT32_MAX;

	for (unsigned i = 0; i < NELEM(names); i++)
		if ((h->carried_by & 1u << i) != 0)
			least = MIN(least, drain_state_file(h->dir, names[i]));
	return h->carried_by != 0 ? least : 0;
}

static void
keep(struct history *h, int64_t now_ns)
{
	int64_t wall_ns = now_ns + now_wall_offset();
	struct err err;

	h->next_keep_ns = now_ns + KEEP_NS;
	warn_low(h);
	h->keep.carried = carried(h);
	if (keep_files(h->dir, &h->keep, wall_ns, &h->bytes, &err) < 0)
		log_warn("history: removing old files: %s; it is tried again", err.msg);
	if (now_ns < h->next_day_ns || !now_wall_is_good())
		return;
	h->next_day_ns = now_ns + DAY_NS;
	keep_channels(h, wall_ns);
}

static void
tell_health(struct history *h, int64_t now_ns)
{
	struct buf packet = { 0 };
	uint64_t taken = recorder_taken(h->recorder);
	double seconds = (double)(now_ns - h->beaten_ns) / 1e9;

	self_measure(&h->self, now_ns);
	wire_begin(&packet, WIRE_HEALTH);
	wire_u16(&packet, 6);
	report_row(&packet, HEALTH_HISTORY_cpu, h->self.cpu_percent);
	report_row(&packet, HEALTH_HISTORY_memory, h->self.memory_kib);
	report_row(&packet, HEALTH_HISTORY_values,
		seconds > 0 ? (double)(taken - h->taken) / seconds : 0);
	report_row(&packet, HEALTH_HISTORY_size, (double)h->bytes / 1e6);
	report_row(&packet, HEALTH_HISTORY_stopped, h->has_trouble);
	report_row(&packet, HEALTH_HISTORY_run, runs_is_open(h->store));
	h->taken = taken;
	h->beaten_ns = now_ns;
	h->next_beat_ns = now_ns + NS_PER_S;
	report_send(h->supervisor, &packet);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct history *h = ctx;

	while (loop_signal(fd) != 0)
		h->is_ending = true;
}

static int
run(struct history *h, struct err *err)
{
	while (!h->is_ending) {
		int64_t now = now_boot(), next;

		if (now >= h->next_drain_ns) {
			struct recorder_clock clock;

			clock_now(&clock);
			recorder_drain(h->recorder, &clock);
			h->next_drain_ns = now + MIN(DRAIN_NS, h->commit_ns);
		}
		if (now >= h->next_commit_ns || (store_is_due(h->store) && !h->has_trouble))
			commit(h);
		if (now >= h->next_beat_ns)
			tell_health(h, now);
		if (now >= h->next_keep_ns)
			keep(h, now);
		next = MIN(MIN(h->next_drain_ns, h->next_commit_ns),
			MIN(h->next_beat_ns, h->next_keep_ns));
		if (loop_step(h->loop, next, err) < 0)
			return ERR_IO;
	}
	return 0;
}

/* All that is on the tape, and open samples as chunks: a file that is whole by itself. */
static void
end(struct history *h)
{
	struct recorder_clock clock;
	struct err err;

	clock_now(&clock);
	recorder_drain(h->recorder, &clock);
	recorder_end(h->recorder);
	if (recorder_commit(h->recorder, &clock, !h->is_low, &err) < 0 ||
		store_seal(h->store, &err) < 0)
		log_warn("history: %s; what is on the tape is recorded at the next start, as far "
			 "as the tape still has it",
			err.msg);
}

static void
on_past(void *ctx, const struct event *e, bool has_wall, int64_t wall_ns)
{
	struct history *h = ctx;

	recorder_event(h->recorder, e, has_wall, wall_ns);
}

static void
fetch(void *ctx, uint64_t behind)
{
	struct history *h = ctx;
	struct err err;

	if (past_events_read(&h->past, behind, on_past, h, &err) < 0)
		log_warn("history: events behind number %llu: %s; 'mbc log' shows what the journal "
			 "has",
			(unsigned long long)behind, err.msg);
}

static int
set_up(struct history *h, const char *bench, int64_t resolution_ns, struct err *err)
{
	static const int signals[] = { SIGTERM };
	const struct store_setup setup = { .dir = h->dir,
		.bench = bench,
		.period_ns = h->keep.keep_ns > 0 ? MAX(h->keep.keep_ns / 8, DAY_NS) : 0,
		.file_max = h->keep.size / FILES_A_SIZE };
	int64_t now = now_boot();
	int fd, flags;

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor, which then ends us in order */
	signal(SIGPIPE, SIG_IGN);
	umask(027); /* those who may read the folder read the files */
	flags = fcntl(h->supervisor, F_GETFL);
	if (flags < 0 || fcntl(h->supervisor, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(h->supervisor, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_CONF, 0,
			"no socket of a supervisor; start the bench with 'mbc run'");
	h->store = store_open(&setup, now + now_wall_offset(), err);
	h->loop = h->store == NULL ? NULL : loop_new(err);
	if (h->loop == NULL)
		return ERR_IO;
	h->recorder = recorder_new(h->store, resolution_ns, on_trouble, h);
	recorder_fetches(h->recorder, fetch);
	fd = loop_signals(signals, NELEM(signals), err);
	if (fd < 0 || loop_add(h->loop, fd, LOOP_READ, on_signal, h, err) < 0 ||
		loop_add(h->loop, h->supervisor, LOOP_READ, on_supervisor, h, err) < 0)
		return ERR_IO;
	now_boot_id(h->boot_id);
	self_measure(&h->self, now);
	h->beaten_ns = now;
	h->next_commit_ns = now + h->commit_ns;
	h->next_beat_ns = now + NS_PER_S;
	return 0;
}

/* Its folder is all that it may write to. */
static void
confine(struct history *h)
{
	const char *const folders[] = { h->dir, NULL };
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_HISTORY, folders, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(h->supervisor, &packet);
}

int
main(int argc, char **argv)
{
	struct history h = { .supervisor = -1, .commit_ns = NS_PER_S };
	int64_t socket = -1, size = 0, leave_free = 0, resolution = 1, journal0 = -1, journal1 = -1,
		box = -1, carried_by = 0;
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = { { "--socket", &socket }, { "--commit", &h.commit_ns },
		{ "--keep", &h.keep.keep_ns }, { "--size", &size }, { "--leave-free", &leave_free },
		{ "--resolution", &resolution }, { "--journal0", &journal0 },
		{ "--journal1", &journal1 }, { "--blackbox", &box },
		{ "--carried-by", &carried_by } };
	const char *bench = NULL;
	struct err err;
	int rc;

	log_setup("history", LOG_LEVEL_INFO);
	self_protect();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--bench") == 0)
			bench = argv[i + 1];
		else if (strcmp(argv[i], "--dir") == 0)
			h.dir = argv[i + 1];
		for (size_t k = 0; k < NELEM(numbers); k++)
			if (strcmp(argv[i], numbers[k].name) == 0 &&
				!text_to_int(argv[i + 1], numbers[k].to))
				bench = NULL;
	}
	h.supervisor = (int)socket;
	h.past = (struct past_events){ { (int)journal0, (int)journal1 }, (int)box };
	h.keep.size = (uint64_t)size;
	h.carried_by = (unsigned)carried_by;
	h.keep.is_carried = carried_by != 0;
	h.leave_free = (uint64_t)leave_free;
	if (bench == NULL || h.dir == NULL || h.supervisor < 0 || h.commit_ns <= 0) {
		log_err("this program is started by 'mbc run', with a socket, a bench and a "
			"folder");
		return 1;
	}
	rc = set_up(&h, bench, resolution, &err);
	if (rc == 0) {
		confine(&h);
		rc = run(&h, &err);
		end(&h);
	}
	if (rc < 0)
		log_err("%s", err.msg);
	recorder_free(h.recorder);
	store_close(h.store);
	loop_free(h.loop);
	close(h.supervisor);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}
