/* logbook.c - records of what is asked, appended to a file */
#include "gate/logbook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define END_MAX                                                                                    \
	(3u * AUDIT_LINE_MAX) /* of the file, read at the start: its last lines, two at least, are in it */

struct logbook {
	int fd; /* -1: none */
	uint64_t size;
	uint64_t n; /* of the last record */
	int64_t last_ns;
	char hash[AUDIT_HASH];
	bool is_torn; /* a part of a line stands at the end: a write that did not fit */
	bool is_dirty, is_told;
	struct buf line;
	struct alike {
		struct audit_record
			record; /* times: how often since it was written; act "": free */
		int64_t until_ns;
	} alike[LOGBOOK_ALIKE];
};

struct logbook *
logbook_new(void)
{
	struct logbook *l = mem_zero(1, sizeof(*l));

	l->fd = -1;
	l->last_ns = INT64_MIN;
	memcpy(l->hash, audit_begin, sizeof(l->hash));
	return l;
}

bool
logbook_is_open(const struct logbook *l)
{
	return l->fd >= 0;
}

bool
logbook_is_full(const struct logbook *l)
{
	return l->fd >= 0 && l->size >= AUDIT_FILE_MAX;
}

int64_t
logbook_last(const struct logbook *l)
{
	return l->last_ns;
}

uint64_t
logbook_count(const struct logbook *l)
{
	return l->n;
}

int
logbook_dirty(struct logbook *l)
{
	if (!l->is_dirty)
		return -1;
	l->is_dirty = false;
	return l->fd;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

static int
fail(struct logbook *l, int sys, struct err *err)
{
	err_set(err, ERR_REFUSED, 503,
		"what is asked cannot be put on record (%s), and is not done; free some room in "
		"the bench's folder of state. Going to a safe state is possible",
		sys == 0 ? "there is no file" : strerror(sys));
	if (!l->is_told)
		log_err("audit: %s", err->msg);
	l->is_told = true;
	return ERR_REFUSED;
}

static int
append(struct logbook *l, struct err *err)
{
	ssize_t n = l->fd < 0 ? -1 : write(l->fd, l->line.data, l->line.n);
	int sys = l->fd < 0 ? 0 : errno;

	if (n == (ssize_t)l->line.n) {
		l->size += (uint64_t)n;
		l->is_dirty = true;
		l->is_told = false;
		return 0;
	}
	if (n > 0) { /* the disk is full: the next record says so behind it */
		l->size += (uint64_t)n;
		l->is_torn = true;
		sys = ENOSPC;
	}
	return fail(l, sys, err);
}

/* A record of the gate's own about its file, which begins a line when a part of one stands before it. */
static int
put_about_file(struct logbook *l, const char *act, int64_t wall_ns, struct err *err)
{
	struct audit_record r = { .n = l->n + 1, .wall_ns = wall_ns };
	char hash[AUDIT_HASH];

	memcpy(hash, l->hash, sizeof(hash));
	text_copy(r.from, sizeof(r.from), "gate");
	text_copy(r.act, sizeof(r.act), act);
	buf_clear(&l->line);
	if (l->is_torn)
		buf_putc(&l->line, '\n');
	audit_write(&l->line, &r, hash);
	if (append(l, err) < 0)
		return ERR_REFUSED;
	l->n = r.n;
	memcpy(l->hash, hash, sizeof(l->hash));
	l->is_torn = false;
	return 0;
}

/* Bytes that are no text are shown as such. */
static void
clean(char *text)
{
	size_t n = strlen(text);

	for (size_t at = text_utf8(text, n); at < n; at += text_utf8(text + at, n - at))
		text[at] = '?';
}

int
logbook_put(struct logbook *l, struct audit_record *r, int64_t wall_ns, struct err *err)
{
	char *const texts[] = { r->who, r->act, r->subject, r->value, r->text, r->why, r->id };
	char hash[AUDIT_HASH];

	if (l->is_torn && put_about_file(l, AUDIT_ACT_TORN, wall_ns, err) < 0)
		return ERR_REFUSED;
	for (size_t i = 0; i < NELEM(texts); i++)
		clean(texts[i]);
	r->n = l->n + 1;
	r->wall_ns = wall_ns;
	memcpy(hash, l->hash, sizeof(hash));
	buf_clear(&l->line);
	audit_write(&l->line, r, hash);
	if (append(l, err) < 0)
		return ERR_REFUSED;
	l->n = r->n;
	l->last_ns = MAX(l->last_ns, wall_ns);
	memcpy(l->hash, hash, sizeof(l->hash));
	return 0;
}

/* ---- a file --------------------------------------------------------------------------------------------------------------- */

static void
note_time(struct logbook *l, const char *line, size_t n)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t wall_ns;

	if (audit_get(line, n, "time", text, sizeof(text)) && clock_parse(text, &wall_ns))
		l->last_ns = MAX(l->last_ns, wall_ns);
}

/* What the end of the file says: number and hash to go on with, and whether its last line is one. The first line that is read is bound to one that is not, unless
 * it is the first of all. */
static enum audit_line
read_end(struct logbook *l, const char *bytes, size_t n, bool is_whole)
{
	const char *last = memrchr(bytes, '\n', n), *first = memchr(bytes, '\n', n);
	size_t whole = last == NULL ? 0 : (size_t)(last - bytes) + 1;
	size_t at = is_whole || first == NULL ? 0 : (size_t)(first - bytes) + 1;
	enum audit_line is = AUDIT_GOOD;
	bool has_base = false;

	l->is_torn = whole < n;
	while (at < whole) {
		const char *end = memchr(bytes + at, '\n', whole - at);
		size_t length = (size_t)(end - bytes) - at;
		uint64_t number;
		enum audit_line this = audit_check(bytes + at, length, l->hash, &number);

		at += length + 1;
		is = this == AUDIT_NO_LINE || has_base || number == 1 ? this : AUDIT_GOOD;
		if (this == AUDIT_NO_LINE)
			continue;
		l->n = number;
		has_base = true;
		note_time(l, bytes + at - length - 1, length);
	}
	/* It may lack its end alone. */
	if (l->is_torn && has_base) {
		char hash[AUDIT_HASH];
		uint64_t number;

		memcpy(hash, l->hash, sizeof(hash));
		if (audit_check(bytes + whole, n - whole, hash, &number) == AUDIT_GOOD) {
			l->n = number;
			memcpy(l->hash, hash, sizeof(l->hash));
		}
	}
	return is;
}

/* At the start: the record before this process is in the file alone. */
static int
continue_file(struct logbook *l, int64_t wall_ns, struct err *err)
{
	char *bytes = mem_grow(NULL, END_MAX, 1);
	off_t from = l->size > END_MAX ? (off_t)(l->size - END_MAX) : 0;
	ssize_t n = pread(l->fd, bytes, END_MAX, from);
	enum audit_line is;
	int rc = n < 0 ? fail(l, errno, err) : 0;

	is = n > 0 ? read_end(l, bytes, (size_t)n, from == 0) : AUDIT_GOOD;
	free(bytes);
	if (rc == 0 && is == AUDIT_GOOD && l->is_torn)
		rc = put_about_file(l, AUDIT_ACT_TORN, wall_ns, err);
	else if (rc == 0 && is != AUDIT_GOOD)
		rc = put_about_file(l, AUDIT_ACT_CHANGED, wall_ns, err);
	return rc;
}

int
logbook_take(struct logbook *l, int fd, int64_t wall_ns, struct err *err)
{
	bool is_first = l->n == 0;
	struct stat st;

	if (l->fd >= 0)
		close(l->fd);
	l->fd = fd;
	l->is_torn = false;
	if (fstat(fd, &st) < 0)
		return fail(l, errno, err);
	l->size = (uint64_t)st.st_size;
	return is_first && l->size > 0 ? continue_file(l, wall_ns, err) : 0;
}

/* ---- what comes again and again ------------------------------------------------------------------------------------------- */

static bool
is_alike(const struct audit_record *a, const struct audit_record *b)
{
	return strcmp(a->who, b->who) == 0 && strcmp(a->act, b->act) == 0 &&
	       strcmp(a->result, b->result) == 0 && strcmp(a->why, b->why) == 0 &&
	       strcmp(a->from, b->from) == 0;
}

static void
put_or_say(struct logbook *l, struct audit_record *r, int64_t wall_ns)
{
	struct err err;

	if (logbook_put(l, r, wall_ns, &err) < 0)
		log_debug("audit: %s", err.msg); /* said once already */
}

static void
end_alike(struct logbook *l, struct alike *a, int64_t wall_ns)
{
	if (a->record.times > 0)
		put_or_say(l, &a->record, wall_ns);
	a->record = (struct audit_record){ 0 };
}

void
logbook_alike(struct logbook *l, const struct audit_record *r, int64_t now_ns, int64_t wall_ns)
{
	struct alike *place = &l->alike[0];
	struct audit_record first = *r;

	for (size_t i = 0; i < LOGBOOK_ALIKE; i++) {
		struct alike *a = &l->alike[i];

		if (a->record.act[0] != '\0' && is_alike(&a->record, r)) {
			a->record.times++;
			return;
		}
		if (a->record.act[0] == '\0' ||
			(place->record.act[0] != '\0' && a->until_ns < place->until_ns))
			place = a;
	}
	end_alike(l, place, wall_ns);
	put_or_say(l, &first, wall_ns);
	place->record = first;
	/* What is counted is of many. */
	place->record.id[0] = '\0';
	place->until_ns = now_ns + LOGBOOK_ALIKE_NS;
}

int64_t
logbook_step(struct logbook *l, int64_t now_ns, int64_t wall_ns)
{
	int64_t next = NEVER;

	for (size_t i = 0; i < LOGBOOK_ALIKE; i++) {
		struct alike *a = &l->alike[i];

		if (a->record.act[0] == '\0')
			continue;
		if (now_ns >= a->until_ns)
			end_alike(l, a, wall_ns);
		else
			next = MIN(next, a->until_ns);
	}
	return next;
}

void
logbook_free(struct logbook *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < LOGBOOK_ALIKE; i++)
		if (l->alike[i].record.act[0] != '\0')
			end_alike(l, &l->alike[i], l->alike[i].record.wall_ns);
	if (l->fd >= 0)
		close(l->fd);
	buf_done(&l->line);
	free(l);
}
