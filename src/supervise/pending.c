/* pending.c - a new bench file until the controller runs it; one that changes protection may wait for long
 *
 *	compiled --> does it change protection? --no--------------------------> to control --> its board: taken
 *	                  | yes                                                    ^   | not now: it waits (protection), or is dropped
 *	                  +--> weaker, and nobody has said why --> waits           |   v
 *	                  +--> said why, or not weaker -------> all at rest? ------+  waits until control says that all is at rest
 *
 * What runs stays what a controller is started with until then, so that neither a crash nor a restart of the controller takes up what
 * nobody has answered for. A newer file replaces the one that waits. What ran last is kept in the folder of state: a file that was changed while the
 * bench was off counts at its start, and that is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"
#include "io/secrets.h"
#include "io/sock.h"
#include "supervise/supervise.h"

#define AGAIN_NS                                                                                   \
	(2 * NS_PER_S) /* between tries while all is at rest: control may know of another reason */
#define TOLD_MAX 12    /* changes that become an event each */

static void
drop(struct supervise *s)
{
	struct pending *p = &s->pending;

	if (p->has_version)
		versions_end(s, false);
	free(p->img);
	secrets_free(p->secrets);
	buf_done(&p->list);
	*p = (struct pending){ .img = NULL };
}

static bool
is_protection(const struct pending *p)
{
	return p->count.weaker + p->count.stronger + p->count.other > 0;
}

static bool
needs_reason(const struct pending *p)
{
	return p->count.weaker > 0 && p->reason[0] == '\0';
}

/* ---- what is told --------------------------------------------------------------------------------------------------------- */

/* An event, and one for each change that it is the cause of. */
static void
tell_changes(struct supervise *s, enum event_kind kind, struct buf *list, const char *who,
	const char *why)
{
	uint64_t cause = events_tell_who(s, kind, s->bench, who, why);
	const char *at = buf_text(list);

	for (unsigned n = 0; *at != '\0' && n < TOLD_MAX; n++) {
		char line[EVENT_TEXT];
		size_t length = strcspn(at, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)MIN(length, sizeof(line) - 1), at);
		events_tell_part(s, EVENT_PROTECTION_PART, s->bench, who, line, cause);
		at += length + (at[length] == '\n');
	}
	if (*at != '\0')
		events_tell_part(s, EVENT_PROTECTION_PART, s->bench, who,
			"and more: the log of 'mbc run' has all of them", cause);
}

void
pending_describe(const struct supervise *s, struct buf *out)
{
	const struct pending *p = &s->pending;

	if (p->img == NULL || !is_protection(p))
		return;
	if (needs_reason(p))
		buf_puts(out, "a new bench file weakens protection and needs a reason: mbc reload "
			      "--reason TEXT");
	else
		buf_printf(out,
			"a new bench file that changes protection is taken up by itself when all "
			"outputs "
			"that can hurt are safe and no run is active%s%s",
			p->why[0] == '\0' ? "" : "; not yet: ", p->why);
	buf_puts(out, "; until then all of the file waits, 'mbc reload --discard' drops it");
}

/* To the data server, for those who look: nothing waits is told, too. */
void
pending_show(struct supervise *s)
{
	struct pending *p = &s->pending;
	bool waits = p->img != NULL && is_protection(p);
	struct buf packet = { 0 }, says = { 0 };

	if (s->serve.sock < 0)
		return;
	pending_describe(s, &says);
	wire_begin(&packet, WIRE_PENDING);
	wire_u16(&packet, waits);
	wire_u16(&packet, waits && needs_reason(p));
	wire_text(&packet, p->who);
	wire_text(&packet, p->reason);
	wire_text(&packet, buf_text(&says));
	wire_text(&packet, waits ? buf_text(&p->list) : "");
	wire_end(&packet);
	if (sock_send(s->serve.sock, &packet, -1, NULL) < 0)
		log_debug("serve: takes no message");
	buf_done(&packet);
	buf_done(&says);
}

static void
log_list(struct pending *p)
{
	for (const char *at = buf_text(&p->list); *at != '\0';) {
		size_t n = strcspn(at, "\n");

		if (n > 0)
			log_warn("bench file: protection: %.*s", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

/* It waits: those who asked hear what for. */
static void
let_wait(struct supervise *s)
{
	struct pending *p = &s->pending;
	struct buf text = { 0 };

	if (!p->is_told)
		tell_changes(s, EVENT_PROTECTION_PENDING, &p->list, p->who,
			needs_reason(p) ? "it weakens protection and needs a reason" : p->reason);
	p->is_told = true;
	buf_puts(&text, buf_text(&p->list));
	buf_puts(&text, "pending: ");
	pending_describe(s, &text);
	if (needs_reason(p))
		reload_waits(s, WIRE_RELOAD_WHY, buf_text(&text));
	else
		reload_waits(s, WIRE_TEXT, buf_text(&text));
	buf_done(&text);
	pending_show(s);
}

/* A file that was asked for while control had this one. */
static void
go_on(struct supervise *s)
{
	if (!s->has_more_to_compile || s->is_ending || s->compile.pid != 0)
		return;
	reload_next(s);
}

/* ---- the controller ------------------------------------------------------------------------------------------------------- */

static void
attempt(struct supervise *s)
{
	struct pending *p = &s->pending;
	struct err err;

	s->is_applying = true; /* until control shows its new board */
	p->generation = processes_try_image(s, p->img, p->secrets, &err);
	if (p->generation == 0)
		pending_refused(s, err.msg);
}

void
pending_taken(struct supervise *s, uint32_t generation)
{
	struct pending *p = &s->pending, was = *p;

	if (p->img == NULL || p->generation != generation)
		return;
	p->img = NULL;
	p->secrets = NULL;
	p->list = (struct buf){ 0 };
	p->has_version = false;
	drop(s);
	if (was.has_version)
		versions_end(s, true);
	processes_took_image(s, was.img, was.secrets);
	if (is_protection(&was))
		tell_changes(s, EVENT_PROTECTION_CHANGED, &was.list, was.who, was.reason);
	buf_done(&was.list);
	pending_save(s);
	pending_show(s);
	go_on(s);
}

void
pending_refused(struct supervise *s, const char *why)
{
	struct pending *p = &s->pending;

	p->generation = 0;
	s->is_applying = false;
	if (p->img == NULL)
		return;
	if (!is_protection(p)) {
		events_tell_text(s, EVENT_BENCH_FILE_REFUSED, why);
		drop(s);
		reload_done(s, false, why);
		pending_show(s);
		go_on(s);
		return;
	}
	text_copy(p->why, sizeof(p->why), why);
	p->next_try_ns = now_boot() + AGAIN_NS;
	let_wait(s);
	go_on(s);
}

void
pending_control_ended(struct supervise *s)
{
	s->is_at_rest = false;
	if (s->pending.generation != 0)
		pending_refused(s, "the controller ended while it took up the new bench file");
}

void
pending_rest(struct supervise *s, bool is_at_rest)
{
	s->is_at_rest = is_at_rest;
	s->pending.next_try_ns = 0;
}

int64_t
pending_step(struct supervise *s, int64_t now_ns)
{
	struct pending *p = &s->pending;

	if (s->is_ending || p->img == NULL || p->generation != 0 || needs_reason(p) ||
		!s->is_at_rest || s->control.sock < 0 || s->compile.pid != 0)
		return NEVER;
	if (now_ns >= p->next_try_ns)
		attempt(s);
	return p->img == NULL || p->generation != 0 ? NEVER
						    : MAX(p->next_try_ns, now_ns + NS_PER_MS);
}

/* ---- a new file ----------------------------------------------------------------------------------------------------------- */

void
pending_take(struct supervise *s, struct image *img, struct secrets *secrets, const char *who,
	const char *reason)
{
	struct pending *p = &s->pending;

	if (s->img == NULL || s->control.pid == 0) {
		struct change_count count;
		struct buf list = { 0 };

		if (s->img == NULL || change_list(s->img, img, &list, &count) == 0) {
			buf_done(&list);
			drop(s);
			if (versions_begin(s, who))
				versions_end(s, true);
			s->is_applying = true;
			processes_take_image(s, img, secrets);
			return;
		}
		buf_done(&list);
	}
	pending_drop(s, who, "a newer file takes its place");
	p->img = img;
	p->secrets = secrets;
	p->has_version = versions_begin(s, who);
	text_copy(p->who, sizeof(p->who), who);
	text_copy(p->reason, sizeof(p->reason), reason);
	change_list(s->img, img, &p->list, &p->count);
	if (is_protection(p))
		log_list(p);
	if (needs_reason(p)) {
		log_warn("bench file: it weakens protection and waits; it needs a reason: mbc "
			 "reload "
			 "--reason TEXT, or drop it with mbc reload --discard");
		let_wait(s);
	} else if (s->control.sock >= 0) {
		attempt(s);
	} else {
		text_copy(p->why, sizeof(p->why), "the controller is being started again");
		let_wait(s);
	}
}

bool
pending_is_same(const struct supervise *s, const struct image *img, const struct secrets *secrets)
{
	const struct pending *p = &s->pending;

	return p->img != NULL && p->img->size == img->size && memcmp(p->img, img, img->size) == 0 &&
	       secrets_same(p->secrets, secrets);
}

/* The file that waits already: what is new is who asks, and why. */
void
pending_again(struct supervise *s, const char *who, const char *reason)
{
	struct pending *p = &s->pending;

	if (p->generation != 0)
		return; /* under way: who asks hears of it */
	if (reason[0] != '\0') {
		text_copy(p->who, sizeof(p->who), who);
		text_copy(p->reason, sizeof(p->reason), reason);
		p->is_told = false;
	}
	if (needs_reason(p) || s->control.sock < 0)
		let_wait(s);
	else
		attempt(s);
}

void
pending_drop(struct supervise *s, const char *who, const char *why)
{
	if (s->pending.img == NULL || s->pending.generation != 0)
		return;
	if (is_protection(&s->pending))
		events_tell_who(s, EVENT_PROTECTION_DISCARDED, s->bench, who, why);
	drop(s);
	pending_show(s);
}

bool
pending_is_tried(const struct supervise *s)
{
	return s->pending.generation != 0;
}

bool
pending_waits(const struct supervise *s)
{
	return s->pending.img != NULL;
}

void
pending_done(struct supervise *s)
{
	drop(s);
}

/* ---- what ran last -------------------------------------------------------------------------------------------------------- */

static struct image *
read_last(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct image *img = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= (off_t)sizeof(*img) &&
		st.st_size <= IMAGE_SIZE_MAX) {
		img = mem_zero((size_t)st.st_size, 1);
		if (pread(fd, img, (size_t)st.st_size, 0) != st.st_size ||
			image_check(img, (size_t)st.st_size, NULL) < 0) {
			free(img);
			img = NULL; /* of another version of mbc */
		}
	}
	close(fd);
	return img;
}

static bool
has_protection(const struct image *img)
{
	return img->outputs.n > 0 || img->trips.n > 0;
}

/* Only where protection is another than the last time: a card does not wear out by reloads. */
void
pending_save(struct supervise *s)
{
	char path[PLACE_MAX + 16], fresh[PLACE_MAX + 16];
	struct change_count count;
	struct buf list = { 0 };
	struct image *last;
	size_t n;
	bool is_new;
	int fd;

	snprintf(path, sizeof(path), "%s/running", s->state_dir);
	snprintf(fresh, sizeof(fresh), "%s/running.new", s->state_dir);
	last = read_last(path);
	is_new = last == NULL ? has_protection(s->img)
			      : change_list(last, s->img, &list, &count) > 0;
	buf_done(&list);
	free(last);
	if (!is_new)
		return;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	for (n = 0; fd >= 0 && n < s->img->size;) {
		ssize_t done = write(fd, (const char *)s->img + n, s->img->size - n);

		if (done <= 0)
			break;
		n += (size_t)done;
	}
	if (fd < 0 || n < s->img->size || fsync(fd) < 0 || rename(fresh, path) < 0) {
		log_warn("bench file: '%s' cannot be written (%s): whether protection changes "
			 "while the "
			 "bench is off cannot be told",
			path, strerror(errno));
		unlink(fresh);
	}
	if (fd >= 0)
		close(fd);
}

/* At the start: somebody stopped the bench and starts it with another file, and that one counts. */
void
pending_compare(struct supervise *s)
{
	char path[PLACE_MAX + 16];
	struct change_count count;
	struct buf list = { 0 };
	struct image *last;

	snprintf(path, sizeof(path), "%s/running", s->state_dir);
	last = read_last(path);
	if (last != NULL && change_list(last, s->img, &list, &count) > 0) {
		struct pending p = { .list = list };

		log_warn("bench file: protection was changed while the bench was off; the file as "
			 "it is now "
			 "counts");
		log_list(&p);
		tell_changes(s, EVENT_PROTECTION_OFF, &list, "", "");
	}
	buf_done(&list);
	free(last);
	pending_save(s);
}
