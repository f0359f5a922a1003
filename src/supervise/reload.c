/* reload.c - the bench file: compiled aside, refused or handed on, and those told who asked
 *
 *	reload_begin --> compile runs --> reload_compiled --> ids, secrets --> image to control --> its board --> reload_done
 *	                     |                  | errors                  | refused by control
 *	                     +-- over 5 s ------+-------------------------+--> reload_done: the old bench goes on
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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
#include "io/now.h"
#include "io/secrets.h"
#include "supervise/ids.h"
#include "supervise/supervise.h"

#define COMPILE_NS (5 * NS_PER_S) /* a compiler that takes longer hangs and is killed */

/* To all who wait for it. */
static void
told(struct supervise *s, enum wire_kind kind, const char *text)
{
	door_answer(s, kind, text);
	errands_reloaded(s, kind, text);
}

void
reload_done(struct supervise *s, bool is_good, const char *text)
{
	s->is_applying = false;
	if (s->is_ready && s->compile.pid == 0 && !s->has_more_to_compile)
		notify_tell(&s->manager, "READY=1\nSTATUS=bench '%s': %s", s->bench, text);
	if (s->compile.pid == 0 && !s->has_more_to_compile)
		told(s, is_good ? WIRE_TEXT : WIRE_NO, text);
}

void
reload_waits(struct supervise *s, enum wire_kind kind, const char *text)
{
	s->is_applying = false;
	if (s->is_ready && s->compile.pid == 0 && !s->has_more_to_compile)
		notify_tell(&s->manager, "READY=1\nSTATUS=bench '%s': a new bench file waits",
			s->bench);
	if (s->compile.pid == 0 && !s->has_more_to_compile)
		told(s, kind, text);
}

/* The file is not usable: at the start there is nothing to go on with. */
static void
refuse(struct supervise *s, const char *why)
{
	if (s->img == NULL) {
		s->exit_code = 1;
		supervise_stop(s);
		return;
	}
	log_warn("bench file: %s; the bench goes on as it was", why);
	pending_drop(
		s, s->asked.who, "a newer file has errors"); /* what waited is no file any more */
	events_tell_text(s, EVENT_BENCH_FILE_REFUSED, why);
	reload_done(s, false,
		"the bench file has errors (see the log of 'mbc run', or 'mbc check'); the bench "
		"goes on as it was");
}

/* A link in somebody's folder to a file of another: who made it may not be allowed to read that one, and what is wrong
 * with a file is quoted in the log. */
void
reload_find_owner(struct supervise *s)
{
	struct stat link, st;

	if (lstat(s->file, &link) < 0 || stat(s->file, &st) < 0)
		return; /* in a folder that is closed to us now: as it was at the start */
	s->has_owner = !S_ISLNK(link.st_mode) || link.st_uid == st.st_uid;
	if (s->has_owner)
		sandbox_user_owner(&st, &s->owner);
}

/* The compiler's own user, or, when the file is closed to that one, the file's owner: who wrote it may as well read it. */
int
reload_reader(struct supervise *s, struct sandbox_user *out, struct err *err)
{
	struct sandbox_user own;

	sandbox_user_find(SANDBOX_COMPILE, &own);
	if (sandbox_user_can(&own, s->file, R_OK)) {
		*out = own;
		return 0;
	}
	reload_find_owner(s);
	if (geteuid() != 0)
		return 0;
	if (!s->has_owner)
		return err_set(err, ERR_CONF, EACCES,
			"'%s' cannot be read by the user '%s', and is not a file of its owner's "
			"own: 'chmod o+r' what it leads to, or start mbc with that file itself",
			s->file, own.name);
	*out = s->owner;
	return 0;
}

static int
start_compiler(struct supervise *s, struct err *err)
{
	int pair[2], rc;

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(err, ERR_IO, errno, "making a pipe: %s", strerror(errno));
	s->compiled = memfd_create("mbc-compiled", MFD_CLOEXEC);
	versions_done(s);
	s->kept = memfd_create("mbc-kept", MFD_CLOEXEC);
	if (s->compiled < 0 || s->kept < 0) {
		rc = err_set(err, ERR_IO, errno, "making memory: %s", strerror(errno));
		if (s->compiled >= 0)
			close(s->compiled);
	} else {
		rc = reload_reader(s, &s->compile.user, err);
		if (rc == 0)
			rc = child_compile(
				&s->compile, s->file, s->compiled, pair[1], s->kept, err);
		if (rc < 0)
			close(s->compiled);
	}
	close(pair[1]);
	if (rc < 0)
		close(pair[0]);
	else
		s->compile_report = pair[0];
	return rc;
}

void
reload_begin(struct supervise *s)
{
	struct err err;

	certificate_look(s);
	if (s->compile.pid != 0 || pending_is_tried(s)) { /* one file at a time */
		s->has_more_to_compile = true;
		return;
	}
	if (s->is_ready)
		notify_tell(&s->manager, "RELOADING=1\nMONOTONIC_USEC=%lld",
			(long long)(now_mono() / 1000));
	if (start_compiler(s, &err) == 0) {
		s->compile_kill_ns = now_boot() + COMPILE_NS;
		return;
	}
	log_err("bench file: %s", err.msg);
	refuse(s, "it could not be compiled");
	s->asked =
		(struct asked){ .who = "" }; /* a reason is for one file, and for nobody else's */
}

void
reload_ask(struct supervise *s, const char *who, const char *reason)
{
	struct asked *a = s->compile.pid != 0 || pending_is_tried(s) ? &s->asked_next : &s->asked;

	text_copy(a->who, sizeof(a->who), who);
	text_copy(a->reason, sizeof(a->reason), reason);
	reload_begin(s);
}

void
reload_next(struct supervise *s)
{
	s->has_more_to_compile = false;
	s->asked = s->asked_next;
	s->asked_next = (struct asked){ .who = "" };
	reload_begin(s);
}

void
reload_watch(struct supervise *s, int64_t now_ns)
{
	if (s->compile.pid == 0 || now_ns < s->compile_kill_ns)
		return;
	log_err("bench file: its compiler did not end in 5 s and is killed; look at it with 'mbc "
		"check', then reload");
	kill(s->compile.pid, SIGKILL);
	s->compile_kill_ns = NEVER;
}

/* The image that the compiler left, checked and in memory of our own. */
static struct image *
load_image(int fd, struct err *err)
{
	struct stat st;
	struct image *img;
	size_t done = 0;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct image) ||
		st.st_size > IMAGE_SIZE_MAX) {
		err_set(err, ERR_PROTO, 0, "the compiler left no image");
		return NULL;
	}
	img = mem_zero((size_t)st.st_size, 1);
	while (done < (size_t)st.st_size) {
		ssize_t n = pread(fd, (char *)img + done, (size_t)st.st_size - done, (off_t)done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (image_check(img, done, err) < 0) {
		free(img);
		return NULL;
	}
	return img;
}

/* Looked at behind the lock, which a restore holds to its end: what is there now was left by one that was killed. */
static int
check_restored(const struct supervise *s, struct err *err)
{
	char path[PLACE_MAX + 16];

	snprintf(path, sizeof(path), "%s/" PLACE_RESTORING, s->state_dir);
	if (access(path, F_OK) < 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"a restore of bench '%s' was broken off: restore again ('mbc restore FILE', with "
		"--over when it asks for that), or, when all of it is there, remove '%s'",
		s->bench, path);
}

static int
begin(struct supervise *s, struct image *img, struct err *err)
{
	int rc;

	text_copy(s->bench, sizeof(s->bench), image_text(img, img->bench));
	rc = place_state_dir(s->state_dir, s->bench, err);
	if (rc == 0)
		rc = door_open(s, err);
	if (rc == 0)
		rc = check_restored(s, err);
	return rc < 0 ? rc : events_open(s, err); /* behind the door: it holds the bench's lock */
}

/* What the compiler made, with its numbers; NULL: not usable, said in err. */
static struct image *
take_image(struct supervise *s, int status, struct err *err)
{
	struct image *img = NULL;
	bool is_same_bench;

	err_set(err, ERR_CONF, 0, "it has errors");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		img = load_image(s->compiled, err);
	if (img == NULL)
		return NULL;
	is_same_bench = s->img == NULL || strcmp(image_text(img, img->bench), s->bench) == 0;
	if (!is_same_bench)
		err_set(err, ERR_CONF, 0,
			"the name of the bench has changed; stop and start it to rename it");
	if (is_same_bench && (s->img != NULL || begin(s, img, err) == 0) &&
		ids_give(s->state_dir, img, err) == 0)
		return img;
	log_err("%s", err->msg);
	free(img);
	return NULL;
}

static bool
is_same(const struct supervise *s, const struct image *img, const struct secrets *secrets)
{
	return s->img != NULL && s->img->size == img->size && memcmp(s->img, img, img->size) == 0 &&
	       secrets_same(s->secrets, secrets);
}

static void
take_compiled(struct supervise *s, int status)
{
	struct err err;
	struct image *img = take_image(s, status, &err);
	struct secrets *secrets = img == NULL ? NULL : secrets_load(img, NULL, "error", &err);
	bool is_known, has_waited;

	close(s->compiled);
	if (secrets == NULL) {
		free(img);
		refuse(s, err.msg);
		return;
	}
	is_known = pending_is_same(s, img, secrets);
	if (!is_known && !is_same(s, img, secrets)) {
		pending_take(s, img, secrets, s->asked.who, s->asked.reason);
		return;
	}
	free(img);
	secrets_free(secrets);
	if (is_known) {
		pending_again(s, s->asked.who, s->asked.reason);
		return;
	}
	log_info("bench file: nothing has changed");
	has_waited = pending_waits(s);
	if (has_waited)
		pending_drop(s, s->asked.who, "the bench file is as what runs again");
	if (!pending_waits(s) && versions_begin(s, s->asked.who))
		versions_end(s, true); /* in what the bench is not made from: a comment */
	if (has_waited) {
		reload_done(
			s, true, "the bench file is as what runs; the one that waited is dropped");
		return;
	}
	reload_done(s, true, "nothing in the bench file has changed");
}

/* A refused file too is read again when that was asked for meanwhile: it may have been mended since. */
void
reload_compiled(struct supervise *s, int status)
{
	ssize_t n = read(s->compile_report, s->compile.report, sizeof(s->compile.report) - 1);

	s->compile.report[MAX(n, 0)] = '\0';
	close(s->compile_report);
	s->compile.pid = 0;
	take_compiled(s, status);
	s->asked = (struct asked){ .who = "" };
	if (s->has_more_to_compile && !s->is_ending)
		reload_next(s);
}
