/* compromised.c - what an attacker would try who has taken over the data server; see test_sandbox.py
 *
 * Linked into a test build of mbc-serve, called once when the first board is there, in the process that is confined as
 * in daily life. Each attempt prints "NAME: ERRNO" or "NAME: SUCCEEDED" to standard error. Who and what to attack
 * comes in the environment, put there by the test.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/compromised.h"

#ifdef NOT_CONFINED
/* The same attacker without a sandbox: shows that the attempts are real ones. */
#include "io/sandbox.h"

void
sandbox_enter(enum sandbox_role role, const char *const *folders, struct sandbox_report *out)
{
	*out = (struct sandbox_report){ .landlock = 0 };
}

void
sandbox_text(const struct sandbox_report *report, char *out)
{
	strcpy(out, "seccomp off, landlock off, capabilities none");
}
#endif

static void
tell(const char *name, bool has_failed, int error)
{
	fprintf(stderr, "attempt %s: %s\n", name,
		has_failed ? strerrorname_np(error) : "SUCCEEDED");
}

/* -1 is a failure, as for most calls. */
static void
tell_call(const char *name, long result)
{
	tell(name, result < 0, errno);
}

static const char *
target(const char *variable)
{
	const char *text = getenv(variable);

	return text != NULL ? text : "";
}

static void
open_and_close(const char *name, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	tell_call(name, fd);
	if (fd >= 0)
		close(fd);
}

/* ---- the board ---- */

static void
map_writable(const char *name, int fd)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	tell(name, p == MAP_FAILED, errno);
	if (p != MAP_FAILED)
		munmap(p, 4096);
}

static void
attack_board(int board)
{
	char path[40], byte = 'x';
	void *p;
	int fd;

	map_writable("board-map", board);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, board, 0);
	tell_call(
		"board-mprotect", p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_WRITE));
	tell_call("board-pwrite", pwrite(board, &byte, 1, 0));
	tell_call("board-ftruncate", ftruncate(board, 0));
	tell_call("board-fallocate",
		fallocate(board, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", board);
	fd = open(path, O_RDWR | O_CLOEXEC);
	tell_call("board-reopen", fd);
	if (fd >= 0)
		map_writable("board-reopen-map", fd);
	tell_call("board-chmod", fchmod(board, 0666));
}

/* ---- programs ---- */

/* When it works, nothing of us is left to tell: the program does. */
static void
attack_exec(void)
{
	char sh[] = "/bin/sh", word[] = "-c", what[] = "echo 'attempt exec: SUCCEEDED' >&2";
	char *argv[] = { sh, word, what, NULL }, *none[] = { NULL };

	execve(sh, argv, none);
	tell_call("exec", -1);
}

static void
attack_programs(void)
{
	char sh[] = "/bin/sh", word[] = "-c", what[] = "exit 0";
	char *argv[] = { sh, word, what, NULL }, *none[] = { NULL };
	pid_t pid;
	void *code;
	int rc;

	rc = posix_spawn(&pid, sh, NULL, NULL, argv, none);
	tell("spawn", rc != 0, rc);
	pid = fork();
	if (pid == 0)
		_exit(0);
	tell_call("fork", pid);
	pid = vfork();
	if (pid == 0)
		_exit(0);
	tell_call("vfork", pid);
	code = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tell("code-map", code == MAP_FAILED, errno);
	tell_call("memfd", memfd_create("code", 0));
	pid = syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	tell_call("clone", pid);
}

/* ---- neighbours ---- */

static void
attack_process(const char *who, pid_t pid)
{
	static const char *const files[] = { "fd/0", "environ", "maps", "mem", "root", "cwd" };
	char byte, path[64], name[64];
	struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)&byte, 1 };

	for (size_t i = 0; i < NELEM(files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		snprintf(name, sizeof(name), "%s-%s", who, files[i]);
		open_and_close(name, path, O_RDONLY);
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	snprintf(name, sizeof(name), "%s-mem-write", who);
	open_and_close(name, path, O_RDWR);
	snprintf(name, sizeof(name), "%s-vm-read", who);
	tell_call(name, process_vm_readv(pid, &here, 1, &there, 1, 0));
	snprintf(name, sizeof(name), "%s-vm-write", who);
	tell_call(name, process_vm_writev(pid, &here, 1, &there, 1, 0));
	snprintf(name, sizeof(name), "%s-ptrace", who);
	tell_call(name, ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	snprintf(name, sizeof(name), "%s-kill", who);
	tell_call(name, kill(pid, SIGWINCH));
	snprintf(name, sizeof(name), "%s-queue", who);
	tell_call(name, sigqueue(pid, SIGWINCH, (union sigval){ .sival_int = 0 }));
}

/* ---- the world ---- */

static void
connect_to(const char *name, int family, const void *address, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	tell_call(name, fd < 0 ? -1 : connect(fd, address, n));
	if (fd >= 0)
		close(fd);
}

/* "read-accounts=/path read-store=/path" */
static void
attack_files(void)
{
	char list[2000], *next, *name, *path;

	snprintf(list, sizeof(list), "%s", target("MBC_ATTACK_FILES"));
	for (name = strtok_r(list, " ", &next); name != NULL; name = strtok_r(NULL, " ", &next)) {
		path = strchr(name, '=');
		if (path == NULL)
			continue;
		*path = '\0';
		open_and_close(name, path + 1, O_RDONLY);
	}
}

static void
attack_world(void)
{
	struct sockaddr_in ip = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(target("MBC_ATTACK_PORT"))),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un door = { .sun_family = AF_UNIX };
	int pair[2];

	connect_to("connect", AF_INET, &ip, sizeof(ip));
	snprintf(door.sun_path, sizeof(door.sun_path), "%s", target("MBC_ATTACK_DOOR"));
	connect_to("door", AF_UNIX, &door, sizeof(door));
	tell_call("udp", socket(AF_INET, SOCK_DGRAM, 0));
	tell_call("raw", socket(AF_PACKET, SOCK_RAW, 0));
	tell_call("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	open_and_close("write-tmp", target("MBC_ATTACK_MARK"), O_WRONLY | O_CREAT);
	open_and_close("write-passwd", "/etc/passwd", O_WRONLY);
	open_and_close("read-passwd", "/etc/passwd", O_RDONLY);
	open_and_close("read-bench", target("MBC_ATTACK_BENCH"), O_RDONLY);
	open_and_close("read-state", target("MBC_ATTACK_STATE"), O_RDONLY);
	attack_files();
	open_and_close("serial", target("MBC_ATTACK_SERIAL"), O_RDWR | O_NOCTTY);
	open_and_close("serial-read", target("MBC_ATTACK_SERIAL"), O_RDONLY | O_NOCTTY);
	tell_call("type", ioctl(STDERR_FILENO, TIOCSTI, "x"));
	tell_call("type-wide", /* the kernel ignores the upper half */
		syscall(SYS_ioctl, STDERR_FILENO, TIOCSTI | 1UL << 32, "x"));
	tell_call("unlink", unlink(target("MBC_ATTACK_BENCH")));
	tell_call("rename", rename(target("MBC_ATTACK_BENCH"), target("MBC_ATTACK_MARK")));
	tell_call("mkdir", mkdir(target("MBC_ATTACK_MARK"), 0700));
	tell_call("chmod", chmod(target("MBC_ATTACK_BENCH"), 0666));
	tell_call("dumpable", prctl(PR_SET_DUMPABLE, 1));
	tell_call("setuid", setuid(0));
}

/* Before anything is confined: whom to attack. The controller is started before us and may still be on its way. */
static pid_t control;

static pid_t
find_control(void)
{
	struct dirent *entry;
	DIR *d = opendir("/proc");
	pid_t found = 0;

	while (d != NULL && found == 0 && (entry = readdir(d)) != NULL) {
		char path[300], name[32] = "";
		int pid = 0, parent = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		f = fopen(path, "re");
		if (f == NULL)
			continue;
		if (fscanf(f, "%d (%31[^)]) %*c %d", &pid, name, &parent) == 3 &&
			parent == getppid() && strcmp(name, "mbc-control") == 0)
			found = pid;
		fclose(f);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

__attribute__((constructor)) static void
choose(void)
{
	for (int i = 0; i < 1000 && (control = find_control()) == 0; i++)
		usleep(10000);
	fprintf(stderr, "attempt on: control %d, supervise %d\n", (int)control, (int)getppid());
}

void
compromised(int board)
{
	static bool is_done;

	if (is_done)
		return;
	is_done = true;
	if (target("MBC_ATTACK_PORT")[0] == '\0')
		return;
	attack_board(board);
	attack_programs();
	attack_process("control", control);
	attack_process("supervise", getppid());
	attack_world();
	attack_exec();
	fputs("attempt end: done\n", stderr);
}
