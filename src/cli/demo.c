/* demo.c - mbc demo: the demonstration bench, its simulated instruments, and free ports and lines for both */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "io/place.h"

#ifndef MBC_DATA
#define MBC_DATA "/usr/local/share/mbc"
#endif

/* benches/demo/bench.yaml: beside the source tree that this program was built in, else where it was installed. */
static int
find_bench(char *out, struct err *err)
{
	char self[PLACE_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		char *slash;

		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL)
			*slash = '\0';
		if (snprintf(out, PLACE_MAX, "%s/../benches/demo/bench.yaml", self) < PLACE_MAX &&
			access(out, R_OK) == 0)
			return 0;
	}
	snprintf(out, PLACE_MAX, "%s/benches/demo/bench.yaml", MBC_DATA);
	if (access(out, R_OK) == 0)
		return 0;
	return err_set(err, ERR_CONF, 0, "'%s' is missing; run 'make install' again", out);
}

/* `wanted` when it is free on loopback, else any free port; 0 when there is none. */
static uint16_t
free_port(uint16_t wanted)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(wanted) };
	socklen_t len = sizeof(addr);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint16_t port = 0;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
		getsockname(fd, (struct sockaddr *)&addr, &len) == 0)
		port = ntohs(addr.sin_port);
	close(fd);
	return port == 0 && wanted != 0 ? free_port(0) : port;
}

/* Where a serial line of the demonstration is: in its own folder, by the number of its link. */
static void
line_path(char *out, size_t cap, const char *dir, uint32_t link)
{
	snprintf(out, cap, "%s/line%u", dir, link);
}

/* A bench file in `dir` that is the demonstration bench on ports that are free here. */
static int
write_bench(const struct image *img, const char *base, const char *dir, const char *path,
	struct err *err)
{
	struct buf out = { 0 };
	char real[PLACE_MAX * 16];
	int fd, rc = 0;

	if (realpath(base, real) == NULL)
		return err_set(err, ERR_IO, errno, "'%s': %s", base, strerror(errno));
	buf_printf(&out, "bench: %s\nextends: \"%s\"\nlinks:\n", image_text(img, img->bench), real);
	for (uint32_t i = 0; i < img->links.n; i++) {
		const struct image_link *l = image_link_at(img, i);

		if (l->kind == LINK_TCP || l->kind == LINK_UDP)
			buf_printf(&out, "  %s: {%s: \"127.0.0.1:%u\"}\n", image_text(img, l->name),
				l->kind == LINK_UDP ? "udp"
				: l->is_line        ? "rtu"
						    : "tcp",
				free_port(l->port));
		if (l->kind == LINK_SERIAL) {
			char line[64];

			line_path(line, sizeof(line), dir, i);
			buf_printf(
				&out, "  %s: {serial: \"%s\"}\n", image_text(img, l->name), line);
		}
	}
	buf_printf(&out, "serve: {listen: \"127.0.0.1:%u\"}\n", free_port(8080));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, out.data, out.n) != (ssize_t)out.n)
		rc = err_set(err, ERR_IO, errno, "writing '%s': %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	buf_done(&out);
	return rc;
}

/* Start "mbc WORD FILE"; *out_pipe, when asked for, gets its standard output. It dies with us. */
static pid_t
start(const char *word, const char *file, int *out_pipe)
{
	int pair[2] = { -1, -1 };
	pid_t pid;

	if (out_pipe != NULL && pipe2(pair, O_CLOEXEC) < 0)
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		/* The instruments are there until the bench is safe: Ctrl-C of the terminal is not for them. */
		if (out_pipe != NULL)
			setpgid(0, 0);
		if (pair[1] >= 0)
			dup2(pair[1], STDOUT_FILENO);
		execl("/proc/self/exe", "mbc", word, file, (char *)NULL);
		_exit(CLI_FAILED);
	}
	if (pair[1] >= 0)
		close(pair[1]);
	if (out_pipe != NULL)
		*out_pipe = pair[0];
	return pid;
}

/* Pass the twin's lines on until it has one for each link: then all its ports are open. */
static bool
await_twin(int pipe, uint32_t lines)
{
	struct pollfd p = { .fd = pipe, .events = POLLIN };
	char c;

	while (lines > 0 && poll(&p, 1, 10000) > 0 && read(pipe, &c, 1) == 1) {
		fputc(c, stdout);
		lines -= c == '\n';
	}
	fflush(stdout);
	return lines == 0;
}

static void
end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* From before there is anything to clean up on, signals are blocked and waited for, so that none is missed. */
static void
block_signals(sigset_t *out_set)
{
	sigemptyset(out_set);
	sigaddset(out_set, SIGINT);
	sigaddset(out_set, SIGTERM);
	sigaddset(out_set, SIGHUP); /* the terminal is closed */
	sigaddset(out_set, SIGCHLD);
	sigprocmask(SIG_BLOCK, out_set, NULL);
}

/* The exit code when one of both has ended by itself, and why unless it has said so. A bench may be stopped. */
static int
tell_end(const struct args *args, bool is_twin, int status)
{
	const char *what = is_twin ? "the simulated instruments have" : "the bench has";
	const char *remedy = "start both again with 'mbc demo'";

	if (WIFSIGNALED(status))
		return cli_say(args, CLI_FAILED, "%s ended: killed by signal %d (%s); %s", what,
			WTERMSIG(status), strsignal(WTERMSIG(status)), remedy);
	if (is_twin)
		return cli_say(args, CLI_FAILED, "%s ended with exit code %d; %s", what,
			WEXITSTATUS(status), remedy);
	return WEXITSTATUS(status);
}

/* Until one of both ends or somebody wants us to, by one of the signals of `set`, which are blocked. */
static int
run_both(const struct args *args, const char *path, uint32_t links, const sigset_t *set)
{
	int pipe = -1, status = 0, code = CLI_GOOD, sig;
	pid_t twin, run, ended = 0;

	twin = start("twin", path, &pipe);
	if (twin < 0 || !await_twin(pipe, links)) {
		end(twin);
		return cli_say(args, CLI_FAILED, "the simulated instruments did not start");
	}
	setenv("MBC_USERS", "one", 1); /* simulated serial lines belong to us alone */
	run = start("run", path, NULL);
	do
		sig = sigwaitinfo(set, NULL);
	while (sig == SIGCHLD && (ended = waitpid(-1, &status, WNOHANG)) == 0);
	if (sig == SIGCHLD && ended > 0)
		code = tell_end(args, ended == twin, status);
	end(ended == run ? -1 : run);
	end(ended == twin ? -1 : twin);
	close(pipe);
	return code;
}

int
cli_demo(struct args *args)
{
	char base[PLACE_MAX], dir[] = "/tmp/mbc-demo-XXXXXX", path[64];
	struct image *img;
	struct err err;
	uint32_t links = 0;
	sigset_t set;
	int code;

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	if (find_bench(base, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	img = cli_compile(args, base, NULL, &code);
	if (img == NULL)
		return code;
	for (uint32_t i = 0; i < img->links.n; i++)
		links += image_link_at(img, i)->kind == LINK_TCP ||
			 image_link_at(img, i)->kind == LINK_UDP ||
			 image_link_at(img, i)->kind == LINK_SERIAL;
	block_signals(&set);
	if (mkdtemp(dir) == NULL) {
		free(img);
		return cli_say(args, CLI_FAILED, "making a folder in /tmp: %s", strerror(errno));
	}
	snprintf(path, sizeof(path), "%s/bench.yaml", dir);
	code = write_bench(img, base, dir, path, &err) < 0
		       ? cli_say(args, CLI_FAILED, "%s", err.msg)
		       : CLI_GOOD;
	if (code == CLI_GOOD) {
		printf("The demonstration bench: its instruments are simulated, the wires to them "
		       "are real.\n"
		       "Bench file: %s\nOpen the address below in a browser; try also, in another "
		       "terminal:\n"
		       "  mbc get      mbc watch T_bed      mbc trace furnace      mbc doctor\n"
		       "Ctrl-C ends it.\n\n",
			base);
		code = run_both(args, path, links, &set);
	}
	unlink(path);
	/* The twin removes its lines; one that was killed could not. */
	for (uint32_t i = 0; i < img->links.n; i++) {
		line_path(path, sizeof(path), dir, i);
		unlink(path);
	}
	rmdir(dir);
	free(img);
	return code;
}
