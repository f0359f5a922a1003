/* main.c - the supervisor of a bench: mbc-supervise BENCH.yaml
 *
 * Compiles the bench file, starts the processes, starts again what ends, hands out boards, answers the command line.
 * It touches neither instruments nor the network, so that it has little to die of.
 *
 *	SIGHUP   read the bench file again; a bad one is refused and the old one keeps running
 *	SIGTERM  end everything
 */
#include <errno.h>
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
#include "supervise/ids.h"
#include "supervise/supervise.h"

#define ENDING_NS (2 * NS_PER_S)  /* what has not ended by then is killed */
#define COMPILE_NS (5 * NS_PER_S) /* a compiler that takes longer hangs and is killed */

/* ---- compiling ---- */

void
supervise_reload(struct supervise *s)
{
	struct err err;

	if (s->compiler != 0) {
		s->has_more_to_compile = true;
		return;
	}
	s->compiled = memfd_create("mbc-compiled", MFD_CLOEXEC);
	if (s->compiled < 0) {
		log_err("bench file: %s", strerror(errno));
		return;
	}
	s->compiler = child_compile(s->file, s->compiled, &err);
	if (s->compiler < 0) {
		log_err("bench file: %s", err.msg);
		close(s->compiled);
		s->compiler = 0;
		return;
	}
	s->compile_kill_ns = now_boot() + COMPILE_NS;
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

static void
refuse(struct supervise *s, const char *why)
{
	if (s->img == NULL) {
		s->exit_code = 1;
		supervise_stop(s);
		return;
	}
	log_warn("bench file: %s; the bench goes on as it was", why);
	door_answer(s, s->asks_reload, false,
		"the bench file has errors (see the log of 'mbc run', or 'mbc check'); the bench "
		"goes on as it was");
	s->asks_reload = -1;
}

static int
begin(struct supervise *s, struct image *img, struct err *err)
{
	int rc;

	text_copy(s->bench, sizeof(s->bench), image_text(img, img->bench));
	rc = place_state_dir(s->state_dir, s->bench, err);
	return rc < 0 ? rc : door_open(s, err);
}

static void
take_compiled(struct supervise *s, int status)
{
	struct image *img = NULL;
	struct err err = { .msg = "it has errors" };

	s->compiler = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		img = load_image(s->compiled, &err);
	close(s->compiled);
	if (img != NULL && s->img == NULL && begin(s, img, &err) < 0) {
		log_err("%s", err.msg);
		free(img);
		refuse(s, err.msg);
		return;
	}
	if (img != NULL && strcmp(image_text(img, img->bench), s->bench) != 0) {
		err_set(&err, ERR_CONF, 0,
			"the name of the bench has changed; stop and start it to rename it");
		free(img);
		img = NULL;
	}
	if (img == NULL || ids_give(s->state_dir, img, &err) < 0) {
		if (img != NULL)
			log_err("%s", err.msg);
		free(img);
		refuse(s, err.msg);
		return;
	}
	if (s->img != NULL && s->img->size == img->size && memcmp(s->img, img, img->size) == 0) {
		free(img);
		log_info("bench file: nothing has changed");
		door_answer(s, s->asks_reload, true, "nothing in the bench file has changed");
	} else {
		processes_take_image(s, img);
		door_answer(s, s->asks_reload, true, "the bench file has been read and runs");
	}
	s->asks_reload = -1;
}

/* A refused file too is read again when that was asked for meanwhile: it may have been mended since. */
static void
compiled(struct supervise *s, int status)
{
	take_compiled(s, status);
	if (s->has_more_to_compile && !s->is_ending) {
		s->has_more_to_compile = false;
		supervise_reload(s);
	}
}

/* ---- signals ---- */

void
supervise_stop(struct supervise *s)
{
	if (s->is_ending)
		return;
	s->is_ending = true;
	s->kill_ns = now_boot() + ENDING_NS;
	if (s->compiler != 0)
		kill(s->compiler, SIGKILL);
	processes_signal(s, SIGTERM);
}

static void
reap(struct supervise *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->compiler && !s->is_ending)
			compiled(s, status);
		else if (pid == s->compiler)
			s->compiler = 0;
		else
			processes_ended(s, pid, status, now_boot());
	}
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct supervise *s = ctx;
	int sig;

	while ((sig = loop_signal(fd)) != 0) {
		if (sig == SIGCHLD)
			reap(s);
		else if (sig == SIGHUP)
			supervise_reload(s);
		else
			supervise_stop(s);
	}
}

/* ---- the loop ---- */

static bool
has_ended(const struct supervise *s)
{
	return s->is_ending && s->control.pid == 0 && s->serve.pid == 0 && s->compiler == 0;
}

static int
run(struct supervise *s, struct err *err)
{
	while (!has_ended(s)) {
		int64_t now = now_boot(), wake;
		int rc;

		if (s->is_ending && now >= s->kill_ns) {
			log_warn("supervise: not all processes ended in 2 s; they are killed");
			processes_signal(s, SIGKILL);
			s->kill_ns = NEVER;
		}
		if (s->compiler != 0 && now >= s->compile_kill_ns) {
			log_err("bench file: its compiler did not end in 5 s and is killed; look "
				"at it with 'mbc check', then reload");
			kill(s->compiler, SIGKILL);
			s->compile_kill_ns = NEVER;
		}
		processes_start(s, now);
		if (now - s->measured_ns >= NS_PER_S) {
			s->measured_ns = now;
			processes_health(s, now);
		}
		wake = MIN(processes_wake(s), s->measured_ns + NS_PER_S);
		rc = loop_step(s->loop, s->is_ending ? MIN(wake, s->kill_ns) : wake, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
start(struct supervise *s, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	int sig;

	s->loop = loop_new(err);
	if (s->loop == NULL)
		return ERR_IO;
	sig = loop_signals(signals, NELEM(signals), err);
	if (sig < 0)
		return sig;
	return loop_add(s->loop, sig, LOOP_READ, on_signal, s, err);
}

int
main(int argc, char **argv)
{
	struct supervise s = {
		.board = -1,
		.previous_board = -1,
		.door = -1,
		.asks_reload = -1,
		.began_ns = now_boot(),
	};
	struct err err;

	log_setup("supervise", LOG_LEVEL_INFO);
	self_protect();
	signal(SIGPIPE, SIG_IGN);
	if (argc != 2) {
		log_err("this program is started by 'mbc run'; run that instead");
		return 1;
	}
	s.file = argv[1];
	for (size_t i = 0; i < DOORS_MAX; i++)
		s.doors[i] = -1;
	child_init(&s.control, "control");
	child_init(&s.serve, "serve");
	if (start(&s, &err) < 0) {
		log_err("%s", err.msg);
		return 2;
	}
	supervise_reload(&s);
	if (s.compiler == 0)
		return 2;
	if (run(&s, &err) < 0) {
		log_err("%s", err.msg);
		s.exit_code = 2;
	}
	door_close(&s);
	loop_free(s.loop);
	free(s.img);
	return s.exit_code;
}
