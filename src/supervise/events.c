/* events.c - the black box, the files of the journal, and what the supervisor tells
 *
 * The controller is the one who records. What it has been told stays in the queue until the black box says that it was recorded:
 * so the end of a controller is told to the next one, once.
 */
#include "supervise/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/journal_files.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "supervise/supervise.h"

#define RETRY_NS (10 * NS_PER_S) /* files that could not be had */

/* ---- files ---- */

static int
allocate(int fd, struct err *err)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set(err, ERR_IO, errno, "%s", strerror(errno));
	do
		rc = posix_fallocate(fd, 0, JOURNAL_SIZE);
	while (rc == EINTR);
	if (rc == 0)
		return 0;
	if (st.st_size == 0 && ftruncate(fd, 0) < 0)
		log_debug("journal: what was allocated in part stays");
	return err_set(err, ERR_IO, rc, "its %u MiB cannot be allocated: %s", JOURNAL_SIZE >> 20,
		strerror(rc));
}

static int
open_file(struct events *ev, const char *dir, int which, struct err *err)
{
	char path[PLACE_MAX + 16];
	int fd, reader;

	snprintf(path, sizeof(path), "%s/journal.%d", dir, which);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "opening '%s': %s", path, strerror(errno));
	if (allocate(fd, err) < 0) {
		close(fd);
		return err_prefix(err, ERR_IO, "'%s'", path);
	}
	reader = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (reader < 0) {
		close(fd);
		return err_set(err, ERR_IO, errno, "opening '%s': %s", path, strerror(errno));
	}
	ev->files[which] = fd;
	ev->readers[which] = reader;
	return 0;
}

/* Those that are missing. A controller that runs gets what is new. */
static void
open_files(struct supervise *s, int64_t now_ns)
{
	struct events *ev = &s->events;
	char why[sizeof(ev->why)] = "";
	struct err err;

	ev->next_try_ns = NEVER;
	for (int i = 0; i < JOURNAL_FILES; i++) {
		struct buf packet = { 0 };

		if (ev->files[i] >= 0)
			continue;
		if (open_file(ev, s->state_dir, i, &err) < 0) {
			text_copy(why, sizeof(why), err.msg);
			ev->next_try_ns = now_ns + RETRY_NS;
			continue;
		}
		wire_begin(&packet, WIRE_JOURNAL);
		wire_u32(&packet, (uint32_t)i);
		wire_end(&packet);
		if (s->control.sock >= 0 &&
			sock_send(s->control.sock, &packet, ev->files[i], &err) < 0)
			log_warn("journal: %s", err.msg); /* its successor gets it */
		buf_done(&packet);
	}
	if (why[0] != '\0' && strcmp(why, ev->why) != 0)
		log_err("journal: %s; events are in memory only: make room, it is tried again",
			why);
	else if (why[0] == '\0' && ev->why[0] != '\0')
		log_info("journal: its files are there now");
	text_copy(ev->why, sizeof(ev->why), why);
}

int64_t
events_step(struct supervise *s, int64_t now_ns)
{
	if (s->events.is_open && now_ns >= s->events.next_try_ns)
		open_files(s, now_ns);
	return s->events.is_open ? s->events.next_try_ns : NEVER;
}

/* ---- the black box ---- */

void
events_init(struct events *ev)
{
	*ev = (struct events){ .box = -1, .box_reader = -1, .next_try_ns = NEVER };
	for (int i = 0; i < JOURNAL_FILES; i++)
		ev->files[i] = ev->readers[i] = -1;
}

int
events_open(struct supervise *s, struct err *err)
{
	struct events *ev = &s->events;
	void *memory;

	if (ev->is_open)
		return 0;
	ev->box = seal_shared("mbc-blackbox", BLACKBOX_SIZE, &ev->box_reader, err);
	if (ev->box < 0)
		return ev->box;
	memory = mmap(NULL, BLACKBOX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ev->box, 0);
	if (memory == MAP_FAILED)
		return err_set(err, ERR_IO, errno, "mapping the black box: %s", strerror(errno));
	madvise(memory, BLACKBOX_SIZE, MADV_DONTFORK);
	blackbox_format(memory);
	if (blackbox_open(&ev->map, memory, BLACKBOX_SIZE, err) < 0)
		return ERR_IO;
	ev->is_open = true;
	open_files(s, now_boot());
	return 0;
}

/* ---- telling ---- */

/* What has been recorded need not be told again. */
static void
forget_recorded(struct events *ev)
{
	uint64_t told = blackbox_told(&ev->map);
	size_t n = 0;

	while (n < ev->n && ev->queue[n].number <= told)
		n++;
	ev->n -= n;
	memmove(ev->queue, ev->queue + n, ev->n * sizeof(*ev->queue));
}

static void
send_one(struct supervise *s, const struct told *t)
{
	struct buf packet = { 0 };

	told_put(&packet, t);
	if (sock_send(s->control.sock, &packet, -1, NULL) < 0)
		log_debug("controller: takes no event now; its successor will");
	buf_done(&packet);
}

static uint64_t
tell(struct supervise *s, struct event *e, uint64_t cause)
{
	struct events *ev = &s->events;
	struct told *t;

	if (!ev->is_open)
		return 0;
	forget_recorded(ev);
	if (ev->n == EVENTS_KEPT) {
		log_warn("journal: no controller has recorded the last %d events; the oldest is "
			 "lost",
			EVENTS_KEPT);
		ev->n--;
		memmove(ev->queue, ev->queue + 1, ev->n * sizeof(*ev->queue));
	}
	e->stamp_ns = now_boot();
	t = &ev->queue[ev->n++];
	*t = (struct told){ .number = ++ev->number, .cause = cause, .event = *e };
	if (s->control.sock >= 0)
		send_one(s, t);
	return t->number;
}

uint64_t
events_tell(struct supervise *s, enum event_kind kind, const char *subject, double value,
	uint64_t cause)
{
	struct event e = { .kind = kind, .n_values = event_has_value(kind), .values = { value } };

	text_copy(e.subject, sizeof(e.subject), subject);
	return tell(s, &e, cause);
}

uint64_t
events_tell_text(struct supervise *s, enum event_kind kind, const char *text)
{
	struct event e = { .kind = kind };

	text_copy(e.text, sizeof(e.text), text);
	return tell(s, &e, 0);
}

uint64_t
events_tell_who(struct supervise *s, enum event_kind kind, const char *subject, const char *who,
	const char *text)
{
	struct event e = { .kind = kind };

	text_copy(e.subject, sizeof(e.subject), subject);
	text_copy(e.principal, sizeof(e.principal), who);
	text_copy(e.text, sizeof(e.text), text);
	if (who[0] != '\0')
		audit_tell(s, who, event_row(kind)->token, subject, text);
	return tell(s, &e, 0);
}

uint64_t
events_tell_asked(struct supervise *s, enum event_kind kind, const char *subject, const char *who,
	const char *text)
{
	struct event e = { .kind = kind };

	text_copy(e.subject, sizeof(e.subject), subject);
	text_copy(e.principal, sizeof(e.principal), who);
	text_copy(e.text, sizeof(e.text), text);
	return tell(s, &e, 0);
}

uint64_t
events_tell_part(struct supervise *s, enum event_kind kind, const char *subject, const char *who,
	const char *text, uint64_t cause)
{
	struct event e = { .kind = kind };

	text_copy(e.subject, sizeof(e.subject), subject);
	text_copy(e.principal, sizeof(e.principal), who);
	text_copy(e.text, sizeof(e.text), text);
	if (who[0] != '\0')
		audit_tell(s, who, event_row(kind)->token, subject, text);
	return tell(s, &e, cause);
}

uint64_t
events_tell_end(struct supervise *s, enum event_kind ended, enum event_kind killed,
	const char *subject, int status, uint64_t cause)
{
	if (WIFSIGNALED(status))
		return events_tell(s, killed, subject, WTERMSIG(status), cause);
	return events_tell(s, ended, subject, WEXITSTATUS(status), cause);
}

void
events_send(struct supervise *s)
{
	forget_recorded(&s->events);
	for (size_t i = 0; i < s->events.n; i++)
		send_one(s, &s->events.queue[i]);
}

/* ---- the command line ---- */

int
events_reader(const struct supervise *s, const char *which, struct err *err)
{
	const struct events *ev = &s->events;
	int fd = strcmp(which, "blackbox") == 0    ? ev->box_reader
		 : strcmp(which, "journal.0") == 0 ? ev->readers[0]
		 : strcmp(which, "journal.1") == 0 ? ev->readers[1]
						   : -1;

	if (fd >= 0)
		return fd;
	return err_set(err, ERR_IO, 0, "%s",
		ev->why[0] != '\0' ? ev->why : "there is no such part of the journal");
}

void
events_describe(const struct supervise *s, struct buf *out)
{
	const struct events *ev = &s->events;

	if (ev->why[0] != '\0')
		buf_printf(out, "journal: %s\n", ev->why);
	else if (ev->is_open)
		buf_printf(out, "journal: %s/journal.0 and .1\n", s->state_dir);
}

/* ---- the end ---- */

/* No controller takes what is left in the queue: it is recorded from here, behind what the last one has written. */
static void
record_rest(struct events *ev, const struct journal_files *files)
{
	char boot_id[40];

	if (ev->map.next == 1) {
		ev->map.next = files->place.seq + 1;
		ev->map.last_id = files->place.last_id;
	}
	now_boot_id(boot_id);
	for (size_t i = 0; i < ev->n; i++) {
		struct event *e = &ev->queue[i].event;
		uint8_t bytes[EVENT_BYTES];

		e->id = ev->map.last_id + 1;
		e->boot = event_boot(boot_id);
		blackbox_put(&ev->map, RECORD_EVENT, bytes, event_encode(bytes, e));
	}
}

static void
write_rest(struct events *ev)
{
	struct journal_reader *scan = mem_zero(1, sizeof(*scan));
	struct journal_files files;
	uint64_t missed;
	struct err err;
	int rc;

	journal_files_open(&files, ev->files, scan);
	rc = blackbox_open(&ev->map, ev->map.memory, BLACKBOX_SIZE, &err);
	if (rc == 0) {
		forget_recorded(ev);
		record_rest(ev, &files);
		rc = journal_files_follow(&files, &ev->map, ev->map.next, &missed, &err);
	}
	if (rc == 0)
		rc = journal_files_sync(&files, &err);
	if (rc < 0)
		log_err("journal: the last events are not written: %s", err.msg);
	free(scan);
}

void
events_done(struct supervise *s)
{
	struct events *ev = &s->events;

	if (ev->is_open && s->control.pid == 0) /* else it writes itself */
		write_rest(ev);
	if (ev->map.memory != NULL)
		munmap(ev->map.memory, BLACKBOX_SIZE);
	for (int i = 0; i < JOURNAL_FILES; i++) {
		if (ev->files[i] >= 0)
			close(ev->files[i]);
		if (ev->readers[i] >= 0)
			close(ev->readers[i]);
	}
	if (ev->box >= 0)
		close(ev->box);
	if (ev->box_reader >= 0)
		close(ev->box_reader);
	events_init(ev);
}
