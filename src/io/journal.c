/* journal.c - events are recorded
 *
 * The thread has one question under way at most. It shares the black box with the loop, and only reads it; the records below
 * `head` are whole before it hears of them.
 */
#include "io/journal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/journal_files.h"
#include "io/now.h"
#include "io/worker.h"

#define SYNC_NS NS_PER_S  /* the files are synchronised so often */
#define RETRY_NS NS_PER_S /* and tried again when they fail */
#define HOLE 1000000      /* more than two files hold */

/* What the thread is asked, and what it answers. */
struct question {
	uint64_t head; /* write what stands below in the black box */
	bool must_sync;
	bool has_file; /* and use this descriptor, which it takes, as file `which` */
	int which, fd;
};

struct answer {
	uint64_t written, durable; /* numbers of the last records */
	uint64_t durable_id;       /* of the last event */
	uint64_t missed;
	bool is_failing;
	char why[EVENT_TEXT];
};

/* The thread's own. */
struct hand {
	struct blackbox box; /* to read; its memory is the thread's to give back, at the end */
	size_t size;
	int fd[JOURNAL_FILES];
	bool is_open;
	struct journal_files files;
	struct journal_reader scan;
	struct journal_place durable;
};

struct journal {
	struct blackbox box;
	uint64_t boot;
	struct worker worker;
	struct answer last;
	bool is_asked;    /* a question is under way */
	bool must_sync;   /* an intent waits */
	int64_t asked_ns; /* the last question */
	int64_t synced_ns;
	uint64_t missed; /* not fetched yet */
};

/* ---- in the thread ---- */

static int
write_files(struct hand *h, const struct question *q, struct answer *a, struct err *err)
{
	uint64_t head = MAX(q->head, blackbox_head(&h->box)); /* a burst goes on meanwhile */
	int rc;

	if (!h->is_open) {
		journal_files_open(&h->files, h->fd, &h->scan);
		h->is_open = true;
		h->durable = h->files.place;
		h->files.is_dirty = h->files.active >= 0; /* by whoever was before us */
	}
	rc = journal_files_follow(&h->files, &h->box, head, &a->missed, err);
	if (rc == 0 && q->must_sync) {
		rc = journal_files_sync(&h->files, err);
		if (rc == 0)
			h->durable = h->files.place;
	}
	return rc;
}

static size_t
serve(void *ctx, const uint8_t *request, size_t n, uint8_t *out_answer)
{
	struct hand *h = ctx;
	struct answer a = { 0 };
	struct question q;
	struct err err;

	memcpy(&q, request, sizeof(q));
	if (q.has_file) {
		if (h->fd[q.which] >= 0)
			close(h->fd[q.which]);
		h->fd[q.which] = q.fd;
		h->is_open = false;
	}
	a.is_failing = write_files(h, &q, &a, &err) < 0;
	if (a.is_failing)
		text_copy(a.why, sizeof(a.why), err.msg);
	a.written = h->is_open ? h->files.place.seq : 0;
	a.durable = h->durable.seq;
	a.durable_id = h->durable.last_id;
	memcpy(out_answer, &a, sizeof(a));
	return sizeof(a);
}

static void
drop_hand(void *ctx)
{
	struct hand *h = ctx;

	for (int i = 0; i < JOURNAL_FILES; i++)
		if (h->fd[i] >= 0)
			close(h->fd[i]);
	if (h->box.memory != NULL)
		munmap(h->box.memory, h->size);
	free(h);
}

/* ---- in the loop ---- */

/* Put a question that is due: something is new, or waits to be synchronised. */
static void
ask(struct journal *j, int64_t now_ns)
{
	struct question q = { .head = j->box.next, .must_sync = j->must_sync };
	bool is_due = now_ns - j->synced_ns >= SYNC_NS, is_new = q.head > j->last.written + 1;
	struct err err;

	if (j->is_asked || (j->last.is_failing && now_ns - j->asked_ns < RETRY_NS))
		return;
	q.must_sync = q.must_sync || (is_due && q.head > j->last.durable + 1);
	if (!q.must_sync && !is_new)
		return;
	if (worker_ask(&j->worker, &q, sizeof(q), &err) < 0)
		return; /* the next tick tries again */
	j->is_asked = true;
	j->asked_ns = now_ns;
	if (q.must_sync) {
		j->must_sync = false;
		j->synced_ns = now_ns;
	}
}

void
journal_step(struct journal *j, int64_t now_ns)
{
	uint8_t packet[WORKER_PACKET_MAX];

	while (worker_take(&j->worker, packet) == sizeof(j->last)) {
		memcpy(&j->last, packet, sizeof(j->last));
		j->missed += j->last.missed;
		j->is_asked = false;
	}
	ask(j, now_ns);
}

uint64_t
journal_event(struct journal *j, struct event *e)
{
	uint8_t bytes[EVENT_BYTES];

	e->id = j->box.last_id + 1;
	e->boot = j->boot;
	blackbox_put(&j->box, RECORD_EVENT, bytes, event_encode(bytes, e));
	journal_step(j, now_boot()); /* in a burst the thread goes on before the loop does */
	return e->id;
}

void
journal_clock(struct journal *j, struct clock_record *c)
{
	uint8_t bytes[CLOCK_RECORD_BYTES];

	c->boot = j->boot;
	blackbox_put(&j->box, RECORD_CLOCK, bytes, clock_record_encode(bytes, c));
	ask(j, now_boot());
}

uint64_t
journal_keep(struct journal *j, const uint8_t *bytes, size_t n)
{
	uint64_t seq = blackbox_put(&j->box, RECORD_STATE, bytes, n);

	ask(j, now_boot());
	return seq;
}

uint64_t
journal_intent(struct journal *j, struct event *e)
{
	j->must_sync = true;
	return journal_event(j, e);
}

bool
journal_is_durable(const struct journal *j, uint64_t id)
{
	return id != 0 && id <= j->last.durable_id;
}

enum journal_verdict
journal_verdict(const struct journal *j, uint64_t id, int64_t asked_ns, int64_t now_ns)
{
	if (now_ns - asked_ns > JOURNAL_INTENT_NS)
		return JOURNAL_REFUSED;
	return journal_is_durable(j, id) ? JOURNAL_DURABLE : JOURNAL_WAIT;
}

int
journal_fd(const struct journal *j)
{
	return j->worker.fd;
}

void
journal_state(struct journal *j, struct journal_state *out)
{
	out->waiting = j->box.next - 1 - MIN(j->last.durable, j->box.next - 1);
	out->missed = j->missed;
	out->is_failing = j->last.is_failing;
	memcpy(out->why, j->last.why, sizeof(out->why));
	j->missed = 0;
}

void
journal_file(struct journal *j, int which, int fd)
{
	struct question q = {
		.head = j->box.next, .must_sync = true, .has_file = true, .which = which, .fd = fd
	};
	struct err err;

	if (which < 0 || which >= JOURNAL_FILES || worker_ask(&j->worker, &q, sizeof(q), &err) < 0)
		close(fd); /* the thread stands still: the next controller has the file from its start on */
}

uint64_t
journal_told(const struct journal *j)
{
	return j->box.told;
}

void
journal_set_told(struct journal *j, uint64_t told)
{
	j->box.told = told;
}

/* ---- beginning and end ---- */

static int
map_box(struct journal *j, struct hand *h, int fd, struct err *err)
{
	struct stat st;
	void *memory;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return err_set(err, ERR_IO, errno, "black box: it has no size");
	h->size = (size_t)st.st_size;
	memory = mmap(NULL, h->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (memory == MAP_FAILED)
		return err_set(err, ERR_IO, errno, "black box: %s", strerror(errno));
	h->box.memory = memory;
	if (blackbox_open(&j->box, memory, h->size, err) < 0)
		return ERR_PROTO;
	h->box = j->box;
	return 0;
}

/* A supervisor that has just started has an empty black box: how to go on stands in the files alone. When one of them cannot be read
 * nobody knows which numbers are used up: a large hole is left, so that none is given twice. */
static void
go_on(struct journal *j, struct hand *h)
{
	struct journal_place *last = &h->files.place;

	if (j->box.next > 1)
		return;
	journal_files_open(&h->files, h->fd, &h->scan);
	if (h->files.damage.code != 0) {
		log_err("%s; events go on with numbers that are %d higher", h->files.damage.msg,
			HOLE);
		last->seq += HOLE;
		last->last_id += HOLE;
	}
	h->is_open = true;
	h->durable = *last;
	j->box.next = last->seq + 1;
	j->box.last_id = last->last_id;
	j->last.written = j->last.durable = last->seq;
	j->last.durable_id = last->last_id;
}

/* ---- states ---- */

/* Records of states in the black box, to fn (NULL: none); is a whole snapshot among them? */
static bool
states_of_box(const struct blackbox *box, const struct journal_setup *setup, bool is_told)
{
	uint64_t head = blackbox_head(box);
	bool has_first = false, is_whole = false;
	struct record r;

	for (uint64_t seq = blackbox_oldest(box, head); seq < head; seq++) {
		if (!blackbox_get(box, seq, &r) || r.type != RECORD_STATE || r.n == 0)
			continue;
		has_first = has_first || (r.bytes[0] & RECORD_STATE_FIRST) != 0;
		is_whole = is_whole || (has_first && (r.bytes[0] & RECORD_STATE_LAST) != 0);
		if (is_told)
			setup->state(setup->ctx, r.bytes, r.n);
	}
	return is_whole;
}

/* The number of the first record of a file; 0: it has none. */
static uint64_t
first_of(struct journal_reader *scan, int fd)
{
	struct record r;
	struct err err;

	journal_reader_init(scan, fd);
	return fd >= 0 && journal_reader_next(scan, &r, &err) == 1 ? r.seq : 0;
}

static void
states_of_files(struct hand *h, const struct journal_setup *setup)
{
	int order[JOURNAL_FILES] = { 0, 1 };
	struct record r;
	struct err err;

	if (first_of(&h->scan, h->fd[0]) > first_of(&h->scan, h->fd[1])) {
		order[0] = 1;
		order[1] = 0;
	}
	for (int i = 0; i < JOURNAL_FILES; i++) {
		if (h->fd[order[i]] < 0)
			continue;
		journal_reader_init(&h->scan, h->fd[order[i]]);
		while (journal_reader_next(&h->scan, &r, &err) == 1)
			if (r.type == RECORD_STATE)
				setup->state(setup->ctx, r.bytes, r.n);
	}
}

/* The black box has the newest ones, and is all that is needed when a whole snapshot is in it. */
static void
find_states(struct journal *j, struct hand *h, const struct journal_setup *setup)
{
	if (setup->state == NULL)
		return;
	if (!states_of_box(&j->box, setup, false))
		states_of_files(h, setup);
	states_of_box(&j->box, setup, true);
}

struct journal *
journal_open(const struct journal_setup *setup, struct err *err)
{
	struct journal *j = mem_zero(1, sizeof(*j));
	struct hand *h = mem_zero(1, sizeof(*h));
	const struct worker_job job = { serve, h, drop_hand };
	int rc;

	memcpy(h->fd, setup->files, sizeof(h->fd));
	j->boot = setup->boot;
	rc = map_box(j, h, setup->blackbox, err);
	close(setup->blackbox);
	if (rc < 0) {
		drop_hand(h);
	} else {
		find_states(j, h, setup);
		go_on(j, h);
		rc = worker_start(&j->worker, "journal", &job, err);
	}
	if (rc < 0) {
		free(j);
		return NULL;
	}
	journal_step(j, now_boot());
	return j;
}

void
journal_close(struct journal *j, int64_t wait_ns)
{
	int64_t now = now_boot(), end = now + wait_ns;

	if (j == NULL)
		return;
	while (now < end && j->last.durable + 1 < j->box.next && !j->last.is_failing) {
		struct pollfd wait = { .fd = j->worker.fd, .events = POLLIN };

		j->must_sync = true;
		journal_step(j, now);
		poll(&wait, 1, (int)((end - now) / NS_PER_MS) + 1);
		now = now_boot();
		journal_step(j, now);
	}
	worker_stop(&j->worker);
	free(j);
}
