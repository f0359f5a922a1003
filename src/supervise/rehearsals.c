/* rehearsals.c - rehearsals that are asked for over HTTP
 *
 * The gate has let them; one runs at a time, of the image that the bench runs, in a process without rights that fills a memfd. It is killed
 * when serve says that nobody waits any more, when serve or the bench ends, and when it takes too long. Nothing here waits for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "model/sequence.h"
#include "msg/rehearse.h"
#include "supervise/supervise.h"

void
answer_tell(struct supervise *s, const char *id, unsigned status, const char *text, int pass)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_REHEARSED);
	wire_text(&packet, id);
	wire_u16(&packet, (uint16_t)status);
	wire_text(&packet, text);
	wire_end(&packet);
	if (s->serve.sock >= 0 && sock_send(s->serve.sock, &packet, pass, &err) < 0)
		log_warn("process 'serve': %s", err.msg);
	buf_done(&packet);
}

/* ---- its beginning -------------------------------------------------------------------------------------------------------- */

/* Its arguments; the lists come with a word in front of each. */
static void
put_args(const char *args[CHILD_REHEARSE_ARGS + 1], const struct rehearse_ask *a)
{
	static const char *const words[REHEARSE_LISTS] = { "--set", "--begin", "--answer" };
	size_t n = 0;

	while (args[n] != NULL)
		n++;
	if ((a->flags & REHEARSE_BYTES) != 0)
		args[n++] = "--bytes";
	if ((a->flags & REHEARSE_FAULTS) != 0)
		args[n++] = "--faults";
	if ((a->flags & REHEARSE_SVG) != 0)
		args[n++] = "--svg";
	for (size_t l = 0; l < REHEARSE_LISTS; l++)
		for (size_t i = 0; i < a->n[l]; i++) {
			args[n++] = words[l];
			args[n++] = a->texts[l][i];
		}
	args[n] = NULL;
}

static int
start(struct supervise *s, const struct rehearse_ask *a, struct err *err)
{
	char image[16], answer[16], seconds[16];
	const char *args[CHILD_REHEARSE_ARGS + 1] = { "--image-fd", image, "--answer-fd", answer,
		"--seconds", seconds, "--sequence", a->sequence, NULL };
	int keep[2], rc;

	keep[0] = seal_bytes("mbc-image", s->img, s->img->size, err);
	if (keep[0] < 0)
		return ERR_IO;
	keep[1] = memfd_create("mbc-rehearsal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	snprintf(image, sizeof(image), "%d", keep[0]);
	snprintf(answer, sizeof(answer), "%d", keep[1]);
	snprintf(seconds, sizeof(seconds), "%d", REHEARSE_SECONDS);
	put_args(args, a);
	rc = keep[1] < 0 ? err_set(err, ERR_IO, errno, "making memory: %s", strerror(errno))
			 : child_run(&s->rehearsing.child, args, keep, 2, err);
	close(keep[0]);
	if (rc < 0 && keep[1] >= 0)
		close(keep[1]);
	s->rehearsing.answer = rc < 0 ? -1 : keep[1];
	return rc;
}

/* 0, or the status of HTTP and what is wrong. */
static unsigned
check(const struct supervise *s, const struct rehearse_ask *a, struct err *err)
{
	if (s->img == NULL || s->is_ending) {
		err_set(err, ERR_REFUSED, 0, "the bench is not running; start it first");
		return 503;
	}
	if (s->img->sequences.n == 0 || image_find_sequence(s->img, a->sequence) == IMAGE_NONE) {
		err_set(err, ERR_REFUSED, 0,
			"the bench has no such sequence; /api/v1/sequences lists them");
		return 404;
	}
	if (s->rehearsing.child.pid != 0) {
		err_set(err, ERR_REFUSED, 0,
			"another rehearsal is under way, and there is one at a time; ask again "
			"when it has ended, after at most 4 min");
		return 429;
	}
	return 0;
}

void
rehearsals_asked(struct supervise *s, struct wire_in *in)
{
	static struct rehearse_ask a;
	unsigned status;
	struct err err;

	if (rehearse_read(&a, in, &err) < 0) {
		log_err("process 'gate': %s", err.msg);
		return;
	}
	status = check(s, &a, &err);
	if (status == 0 && start(s, &a, &err) < 0) {
		log_warn("rehearsal: %s", err.msg);
		status = 503;
	}
	if (status != 0) {
		answer_tell(s, a.id, status, err.msg, -1);
		return;
	}
	s->rehearsing.child.started_ns = now_boot();
	s->rehearsing.kill_ns = s->rehearsing.child.started_ns + REHEARSE_LONGEST_NS;
	s->rehearsing.is_svg = (a.flags & REHEARSE_SVG) != 0;
	text_copy(s->rehearsing.id, sizeof(s->rehearsing.id), a.id);
	log_info("rehearsal of '%s' for %s", a.sequence, a.principal);
	answer_tell(s, a.id, 102, "", -1);
}

/* ---- its end -------------------------------------------------------------------------------------------------------------- */

void
rehearsals_stop(struct supervise *s)
{
	if (s->rehearsing.child.pid == 0)
		return;
	s->rehearsing.kill_ns = NEVER;
	kill(s->rehearsing.child.pid, SIGKILL); /* those that it forked end with it */
}

void
rehearsals_gone(struct supervise *s, struct wire_in *in)
{
	char id[COMMAND_ID];
	struct err err;

	wire_get_text(in, id, sizeof(id));
	if (wire_close(in, &err) < 0) {
		log_err("process 'serve': %s", err.msg);
		return;
	}
	errands_gone(s, id);
	if (s->rehearsing.child.pid != 0 && strcmp(id, s->rehearsing.id) == 0)
		rehearsals_stop(s);
}

int64_t
rehearsals_step(struct supervise *s, int64_t now_ns)
{
	if (s->rehearsing.child.pid == 0)
		return NEVER;
	if (s->rehearsing.kill_ns != NEVER && now_ns >= s->rehearsing.kill_ns) {
		log_warn("rehearsal: it did not end itself, and is killed");
		rehearsals_stop(s);
	}
	return s->rehearsing.kill_ns;
}

/* Why it was refused, which is all of the answer then. */
void
answer_tell_why(struct supervise *s, const char *id, unsigned status, int answer)
{
	char why[400];
	ssize_t n = pread(answer, why, sizeof(why) - 1, 0);

	why[MAX(n, 0)] = '\0';
	why[text_utf8(why, strlen(why))] = '\0';
	answer_tell(s, id, status, why, -1);
}

/* Nobody, who still had it, can change it: serve maps it. */
void
answer_tell_memory(struct supervise *s, const char *id, unsigned status, const char *type,
	int answer, off_t max)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	struct stat st;

	if (fcntl(answer, F_ADD_SEALS, seals) < 0 || fstat(answer, &st) < 0 || st.st_size <= 0 ||
		st.st_size > max)
		answer_tell(s, id, 500, "its process left no answer; see the log", -1);
	else
		answer_tell(s, id, status, type, answer);
}

static void
tell_failed(struct supervise *s, int status)
{
	char how[CHILD_HOW], text[CHILD_HOW + 80];

	if (s->is_ending) {
		answer_tell(s, s->rehearsing.id, 503, "the bench is being stopped", -1);
		return;
	}
	child_how(how, status);
	snprintf(text, sizeof(text), "the rehearsal %s; see the log of 'mbc run'", how);
	answer_tell(s, s->rehearsing.id, 500, text, -1);
}

void
rehearsals_ended(struct supervise *s, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	s->rehearsing.child.pid = 0;
	if (code == 0 || code == 1)
		answer_tell_memory(s, s->rehearsing.id, 200,
			s->rehearsing.is_svg ? "image/svg+xml" : "application/json",
			s->rehearsing.answer, (off_t)REHEARSE_ANSWER_MAX);
	else if (code == REHEARSE_EXIT_REFUSED)
		answer_tell_why(s, s->rehearsing.id, 422, s->rehearsing.answer);
	else if (code == REHEARSE_EXIT_LONG)
		answer_tell(s, s->rehearsing.id, 500,
			"the answer would have over 1 MB; leave out 'faults', or ask 'mbc "
			"rehearse'",
			-1);
	else
		tell_failed(s, status);
	close(s->rehearsing.answer);
	s->rehearsing.answer = -1;
}
