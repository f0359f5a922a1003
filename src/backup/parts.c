/* parts.c - what making and restoring share */
#include "backup/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/echo.h"
#include "io/place.h"

int
parts_failed(const char *command, const struct err *err)
{
	fprintf(stderr, "mbc %s: %s\n", command, err->msg);
	return err->code == ERR_CONF ? 1 : 2;
}

/* ---- the passphrase ---------------------------------------------------------------------------------------------------- */

static int
open_phrase(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err_set(err, ERR_CONF, errno, "'%.100s': %s; name a file with the passphrase", path,
			strerror(errno));
	else if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		err_set(err, ERR_CONF, 0, "'%.100s' is not for its owner alone; 'chmod 600' it",
			path);
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Up to the end of a line, byte by byte: what is behind it belongs to somebody else. */
static size_t
read_line(int fd, char *out)
{
	size_t n = 0;

	while (n <= PASSPHRASE_MAX && read(fd, out + n, 1) == 1 && out[n] != '\n')
		n++;
	if (n > 0 && out[n - 1] == '\r')
		n--;
	out[n] = '\0';
	return n;
}

static size_t
ask(char *out)
{
	bool is_hidden = echo_off();
	size_t n;

	if (is_hidden)
		fputs("Passphrase: ", stderr);
	n = read_line(STDIN_FILENO, out);
	if (is_hidden) {
		echo_on();
		fputc('\n', stderr);
	}
	return n;
}

static int
check_phrase(const char *phrase, size_t n, struct err *err)
{
	if (n >= PASSPHRASE_MIN && n <= PASSPHRASE_MAX && strlen(phrase) == n)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"the passphrase has not %d to %d characters; take a longer one: some words that do "
		"not belong together",
		PASSPHRASE_MIN, PASSPHRASE_MAX);
}

int
parts_passphrase(const char *path, char *out, struct err *err)
{
	size_t n;
	int fd;

	if (strcmp(path, "-") == 0) {
		n = ask(out);
	} else {
		fd = open_phrase(path, err);
		if (fd < 0)
			return ERR_CONF;
		n = read_line(fd, out);
		close(fd);
	}
	return check_phrase(out, n, err);
}

int
parts_passphrase_fd(int *fd, char *out, struct err *err)
{
	bool is_there = lseek(*fd, 0, SEEK_SET) >= 0;
	int sys = errno;
	size_t n = is_there ? read_line(*fd, out) : 0;

	out[n] = '\0';
	close(*fd);
	*fd = -1;
	return is_there ? check_phrase(out, n, err)
			: err_set(err, ERR_IO, sys, "the passphrase: %s", strerror(sys));
}

/* ---- mbc-query ----------------------------------------------------------------------------------------------------------- */

#define WORDS_MAX 8
#define NICE 10               /* a tenth of what others get, beside them */
#define IOPRIO_IDLE (3 << 13) /* linux/ioprio.h */

static volatile sig_atomic_t is_ended, query;

static void
end(int signal_number)
{
	is_ended = 1;
	if (query > 0)
		kill((pid_t)query, SIGKILL);
}

void
parts_end_on_term(void)
{
	const struct sigaction action = { .sa_handler = end };

	sigaction(SIGTERM, &action, NULL);
}

bool
parts_is_ended(void)
{
	return is_ended != 0;
}

static void
become_query(const char *const *words, const char *place, pid_t parent)
{
	char program[PLACE_MAX], run[PARTS_PATH], *argv[WORDS_MAX + 2];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), n = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a copy that nobody waits for fills the disk */
	if (getppid() != parent || place_program(program, "query", NULL) < 0)
		_exit(2);
	argv[0] = program;
	for (; *words != NULL && n <= WORDS_MAX; n++)
		argv[n] = strdup(*words++);
	argv[n] = NULL;
	if (place != NULL) {
		snprintf(run, sizeof(run), "%s/run", place);
		setenv("MBC_STATE_DIR", place, 1);
		setenv("MBC_RUN_DIR", run, 1);
	}
	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	execv(program, argv);
	_exit(2);
}

int
parts_query(const char *const *words, const char *place)
{
	pid_t parent = getpid(), pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_query(words, place, parent);
	if (pid < 0)
		return 2;
	query = pid;
	if (is_ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	query = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

void
parts_be_humble(void)
{
	/* Not to the end of the queue: on a computer that is always busy it would never come to its own. Where one of them is not allowed, the others do. */
	(void)!setpriority(PRIO_PROCESS, 0, NICE);
	(void)!syscall(SYS_ioprio_set, 1, 0, IOPRIO_IDLE);
}

/* ---- folders ------------------------------------------------------------------------------------------------------------ */

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

void
parts_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
parts_sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!fsync(fd); /* some file systems cannot */
	close(fd);
}

bool
parts_make_folders(char *path, size_t root, unsigned mode)
{
	for (char *at = path + root; (at = strchr(at, '/')) != NULL; *at++ = '/') {
		bool is_made, is_good;

		*at = '\0';
		is_made = mkdir(path, 0700) == 0;
		is_good = is_made ? chmod(path, (mode_t)mode) == 0 : errno == EEXIST;
		if (!is_good) {
			*at = '/';
			return false;
		}
	}
	return true;
}
