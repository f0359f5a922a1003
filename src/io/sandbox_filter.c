/* sandbox_filter.c - seccomp: which system calls a process may still make
 *
 * A list for each role; what is not on it fails with EPERM. Names that an architecture does not have are passed over, so
 * the lists hold the calls of all of them. clone3 hides its flags from a filter: it answers ENOSYS, glibc then takes
 * clone, of which only the making of a thread is allowed.
 */
#include <asm/termbits.h> /* termios2; not beside <termios.h> */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/sockios.h>
#include <linux/types.h>
#include <linux/usb/tmc.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sandbox_parts.h"
#include "io/seal.h"

/* What every program needs to run, to wait and to tell: nothing of this reaches beyond descriptors that it has. */
static const char *const common[] = { "read", "write", "readv", "writev", "pread64", "pwrite64",
	"close", "close_range", "lseek", "_llseek", "fstat", "fstat64", "newfstatat", "fstatat64",
	"statx", "stat", "stat64", "lstat", "lstat64", "access", "faccessat", "faccessat2",
	"readlink", "readlinkat", "getcwd", "getdents", "getdents64", "munmap", "mremap", "madvise",
	"brk", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack",
	"rt_sigpending", "restart_syscall", "futex", "futex_time64", "clock_gettime",
	"clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday", "time",
	"clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "epoll_create", "epoll_create1",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "ppoll_time64",
	"select", "_newselect", "pselect6", "pselect6_time64", "timerfd_create", "timerfd_settime",
	"timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "signalfd", "signalfd4",
	"eventfd2", "pipe2", "fcntl", "fcntl64", "dup", "dup2", "dup3", "getpid", "gettid",
	"getppid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid",
	"getegid32", "set_robust_list", "set_tid_address", "rseq", "membarrier", "sched_yield",
	"sched_getaffinity", "sched_getparam", "sched_getscheduler", "getcpu", "getrandom", "uname",
	"sysinfo", "getrlimit", "ugetrlimit", "getrusage", "times", "exit", "exit_group", NULL };

/* Talking over sockets that exist. */
static const char *const talk[] = { "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom",
	"recvmsg", "recvmmsg", "recvmmsg_time64", "shutdown", "getsockopt", "setsockopt",
	"getsockname", "getpeername", "sendfile", "sendfile64", NULL };

static const char *const control_calls[] = { "socketpair", "bind", "connect", "memfd_create",
	"ftruncate", "ftruncate64", "fchmod", "flock", "fsync", "fdatasync", "statfs", "statfs64",
	"fstatfs", "fstatfs64", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	"adjtimex", "clock_adjtime", "clock_adjtime64", "mlockall", "munlockall", "alarm",
	"setitimer", NULL };

static const char *const serve_calls[] = { "accept", "accept4", "adjtimex", "clock_adjtime",
	"clock_adjtime64", NULL };

/* What SQLite needs of the files of a folder. */
static const char *const history_calls[] = { "open", "openat", "unlink", "unlinkat", "fsync",
	"fdatasync", "ftruncate", "ftruncate64", "fallocate", "statfs", "statfs64", "fstatfs",
	"fstatfs64", "fchmod", "adjtimex", "clock_adjtime", "clock_adjtime64", "umask", NULL };

static const char *const query_calls[] = { "ftruncate", "ftruncate64", "statfs", "statfs64",
	"fstatfs", "fstatfs64", NULL };

static const char *const twin_calls[] = { "socketpair", "bind", "connect", "listen", "accept",
	"accept4", "symlink", "symlinkat", "unlink", "unlinkat", "flock", "adjtimex",
	"clock_adjtime", "clock_adjtime64", NULL };

static const char *const curl_calls[] = { "socketpair", "bind", "connect", "statfs", "statfs64",
	"fstatfs", "fstatfs64", NULL };

/* A thread that brings a file onto the disk, and its socket pair; is the clock set? */
static const char *const gate_calls[] = { "socketpair", "fdatasync", "adjtimex", "clock_adjtime",
	"clock_adjtime64", NULL };

static const char *const postgres_calls[] = { "socketpair", "bind", "connect", "fdatasync",
	"statfs", "statfs64", "fstatfs", "fstatfs64", "adjtimex", "clock_adjtime",
	"clock_adjtime64", NULL };

static const char *const influx_calls[] = { "fsync", "fdatasync", "ftruncate", "ftruncate64",
	NULL };

/* Brokers and clients of a gateway; its outbox is a data base, as the store is. */
static const char *const share_calls[] = { "bind", "connect", "listen", "accept", "accept4", NULL };

/* A file that takes the place of another. */
static const char *const errand_calls[] = { "rename", "renameat", "renameat2", "link", "linkat",
	"mkdir", "mkdirat", "fchown", "fchown32", NULL };

static const char *const rehearse_calls[] = { "fork", "wait4", "waitid", "waitpid", NULL };

/* Files of a share, and what its children confine themselves with. */
static const char *const copy_calls[] = { "open", "openat", "mkdir", "mkdirat", "rmdir", "rename",
	"renameat", "renameat2", "unlink", "unlinkat", "fsync", "fdatasync", "ftruncate",
	"ftruncate64", "statfs", "statfs64", "fstatfs", "fstatfs64", "umask", "kill", "prctl",
	"capget", "capset", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
	"landlock_restrict_self", NULL };

/* Names and locks of files, whose they are; is the clock set? */
static const char *const tiers_calls[] = { "flock", "fchmod", "fchown", "fchown32", "adjtimex",
	"clock_adjtime", "clock_adjtime64", NULL };

/* What no part of mbc needs; the supervisor's children inherit this. */
static const char *const never[] = { "ptrace", "process_vm_readv", "process_vm_writev",
	"process_madvise", "kcmp", "mount", "umount", "umount2", "move_mount", "open_tree",
	"fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "pivot_root", "chroot",
	"unshare", "setns", "swapon", "swapoff", "init_module", "finit_module", "delete_module",
	"kexec_load", "kexec_file_load", "reboot", "bpf", "perf_event_open", "userfaultfd",
	"keyctl", "add_key", "request_key", "open_by_handle_at", "settimeofday", "clock_settime",
	"clock_settime64", "stime", "quotactl", "acct", "lookup_dcookie", "iopl", "ioperm", "mknod",
	"mknodat", "vhangup", "syslog", "sethostname", "setdomainname", NULL };

/* ---- rules ------------------------------------------------------------------------------------------------------ */

#define ALWAYS (unsigned)0

static bool
add(scmp_filter_ctx f, uint32_t action, const char *name, unsigned n,
	const struct scmp_arg_cmp *args)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR || seccomp_rule_add_array(f, action, number, n, args) == 0;
}

static bool
add_list(scmp_filter_ctx f, uint32_t action, const char *const *names)
{
	bool is_good = true;

	for (; *names != NULL; names++)
		is_good = add(f, action, *names, ALWAYS, NULL) && is_good;
	return is_good;
}

/* Allowed where, of the bits `mask` of one argument, exactly `value` is set. */
static bool
add_bits(scmp_filter_ctx f, const char *name, unsigned argument, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp compare = { argument, SCMP_CMP_MASKED_EQ, mask, value };

	return add(f, SCMP_ACT_ALLOW, name, 1, &compare);
}

static bool
add_value(scmp_filter_ctx f, const char *name, unsigned argument, uint64_t value)
{
	struct scmp_arg_cmp compare = { argument, SCMP_CMP_EQ, value, 0 };

	return add(f, SCMP_ACT_ALLOW, name, 1, &compare);
}

#define CREATES (uint64_t)(O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define WRITES (CREATES | O_ACCMODE | O_TRUNC)

/* Opening what is there: for reading, or (may_write) for both; where to write is for Landlock and the user to say. */
static bool
add_open(scmp_filter_ctx f, bool may_write)
{
	uint64_t mask = may_write ? CREATES : WRITES;

	return add_bits(f, "open", 1, mask, 0) && add_bits(f, "openat", 2, mask, 0) &&
	       add(f, SCMP_ACT_ERRNO(ENOSYS), "openat2", ALWAYS, NULL);
}

/* Memory that is not code; may_load: also libraries that are loaded late, those of the name service. What a gateway loads is code or can be written to, never
 * both. */
static bool
add_memory(scmp_filter_ctx f, bool may_load, bool is_gateway)
{
	static const char *const calls[] = { "mmap", "mmap2", "mprotect", NULL };
	const uint64_t both = PROT_WRITE | PROT_EXEC;

	if (may_load && !is_gateway)
		return add_list(f, SCMP_ACT_ALLOW, calls);
	if (may_load) {
		for (size_t i = 0; calls[i] != NULL; i++)
			if (!add_bits(f, calls[i], 2, both, 0) ||
				!add_bits(f, calls[i], 2, both, PROT_WRITE) ||
				!add_bits(f, calls[i], 2, both, PROT_EXEC))
				return false;
		return true;
	}
	for (size_t i = 0; calls[i] != NULL; i++)
		if (!add_bits(f, calls[i], 2, PROT_EXEC, 0))
			return false;
	return true;
}

/* Threads, their names; a signal to oneself is how abort() ends. */
static bool
add_threads(scmp_filter_ctx f, bool may_start)
{
	return add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", ALWAYS, NULL) &&
	       (!may_start || (add_bits(f, "clone", 0, CLONE_THREAD, CLONE_THREAD) &&
				      add_value(f, "prctl", 0, PR_SET_NAME))) &&
	       add_value(f, "tgkill", 0, (uint64_t)getpid());
}

/* Children like itself, that end with it. */
static bool
add_children(scmp_filter_ctx f)
{
	return add_bits(f, "clone", 0,
		       CLONE_VM | CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
			       CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
		       0) &&
	       add_value(f, "prctl", 0, PR_SET_PDEATHSIG) &&
	       add_list(f, SCMP_ACT_ALLOW, rehearse_calls);
}

/* A bench file that came in a body goes on as memory that is sealed: with these flags alone (io/seal.c). */
static bool
add_text_memory(scmp_filter_ctx f)
{
	return add_value(f, "memfd_create", 1, SEAL_TEXT_FLAGS) &&
	       add_value(f, "memfd_create", 1, SEAL_TEXT_FLAGS | SEAL_NO_CODE);
}

/* Its own limits may be read. */
static bool
add_limits(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp compare[] = { { 0, SCMP_CMP_EQ, 0, 0 },
		{ 2, SCMP_CMP_EQ, 0, 0 } };

	return add(f, SCMP_ACT_ALLOW, "prlimit64", NELEM(compare), compare);
}

/* has_local: also of this computer, as some names are looked up; behind one of them stands the supervisor's door. */
static bool
add_sockets(scmp_filter_ctx f, bool has_local)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

	for (size_t i = has_local ? 0 : 1; i < NELEM(families); i++)
		if (!add_value(f, "socket", 0, (uint64_t)families[i]))
			return false;
	return true;
}

/* What serial ports, pseudo-terminals, GPIO chips, measuring instruments at USB and their use by the C library need: never typing into somebody's terminal. The kernel
 * takes the lower 32 bits of the request and ignores the others, so that only those are compared. */
static bool
add_ioctl(scmp_filter_ctx f, bool has_devices)
{
	static const uint32_t requests[] = { TCGETS, TCSETS, TCSETSW, TCSETSF, TCGETS2, TCSETS2,
		TCFLSH, TIOCEXCL, TIOCNXCL, TIOCGSERIAL, TIOCSSERIAL, TIOCGRS485, TIOCSRS485,
		TIOCMGET, TIOCMBIS, TIOCMBIC, TIOCGWINSZ, FIONREAD, FIONBIO,
		/* the ends of a pseudo-terminal */
		TIOCGPTN, TIOCSPTLCK, TIOCGPTPEER,
		/* the zone of an address, as in fe80::1%eth0 */
		SIOCGIFINDEX };
	static const uint32_t devices[] = { GPIO_GET_CHIPINFO_IOCTL, GPIO_V2_GET_LINEINFO_IOCTL,
		GPIO_V2_GET_LINE_IOCTL, GPIO_V2_LINE_SET_CONFIG_IOCTL,
		GPIO_V2_LINE_GET_VALUES_IOCTL, GPIO_V2_LINE_SET_VALUES_IOCTL, USBTMC_IOCTL_CLEAR,
		USBTMC_IOCTL_SET_TIMEOUT, USBTMC_IOCTL_MSG_IN_ATTR };

	for (size_t i = 0; has_devices && i < NELEM(devices); i++)
		if (!add_bits(f, "ioctl", 1, UINT32_MAX, devices[i]))
			return false;

	for (size_t i = 0; i < NELEM(requests); i++)
		if (!add_bits(f, "ioctl", 1, UINT32_MAX, requests[i]))
			return false;
	return true;
}

/* Its serial port comes opened and set: what is not sent is forgotten, or closing would wait for it. */
static bool
add_flush(scmp_filter_ctx f)
{
	return add_bits(f, "ioctl", 1, UINT32_MAX, TCFLSH);
}

/* ---- roles ------------------------------------------------------------------------------------------------------ */

static bool
fill(scmp_filter_ctx f, enum sandbox_role role)
{
	bool is_wired = role == SANDBOX_CONTROL || role == SANDBOX_TWIN;
	bool is_client = role == SANDBOX_CURL || role == SANDBOX_INFLUX || role == SANDBOX_ALERT;
	bool has_children =
		role == SANDBOX_COPY || role == SANDBOX_TIERS; /* that confine themselves further */
	bool has_peers = is_wired || is_client || role == SANDBOX_POSTGRES || role == SANDBOX_SHARE;
	bool keeps_files = role == SANDBOX_HISTORY || role == SANDBOX_ERRAND ||
			   role == SANDBOX_SHARE || role == SANDBOX_ALERT;

	if (role == SANDBOX_SUPERVISE)
		return add_list(f, SCMP_ACT_ERRNO(EPERM), never);
	return add_list(f, SCMP_ACT_ALLOW, common) &&
	       (keeps_files || has_children || add_open(f, is_wired)) &&
	       add_memory(f, has_peers, role == SANDBOX_SHARE) &&
	       add_threads(f, has_peers || role == SANDBOX_GATE) && add_limits(f) &&
	       (!has_peers || (add_sockets(f, role != SANDBOX_SHARE) &&
				      add_ioctl(f, role == SANDBOX_CONTROL))) &&
	       (role == SANDBOX_COMPILE || role == SANDBOX_REHEARSE || role == SANDBOX_ERRAND ||
		       add_list(f, SCMP_ACT_ALLOW, talk)) &&
	       ((role != SANDBOX_REHEARSE && !has_children) || add_children(f)) &&
	       (!has_children || add_list(f, SCMP_ACT_ALLOW, copy_calls)) &&
	       (role != SANDBOX_TIERS || add_list(f, SCMP_ACT_ALLOW, tiers_calls)) &&
	       (role != SANDBOX_CONTROL || add_list(f, SCMP_ACT_ALLOW, control_calls)) &&
	       ((role != SANDBOX_SERVE && role != SANDBOX_PUBLIC) ||
		       add_list(f, SCMP_ACT_ALLOW, serve_calls)) &&
	       (role != SANDBOX_SERVE || add_text_memory(f)) &&
	       (role != SANDBOX_TRY || add_flush(f)) &&
	       (role != SANDBOX_GATE || add_list(f, SCMP_ACT_ALLOW, gate_calls)) &&
	       (!keeps_files || add_list(f, SCMP_ACT_ALLOW, history_calls)) &&
	       (role != SANDBOX_SHARE || add_list(f, SCMP_ACT_ALLOW, share_calls)) &&
	       (role != SANDBOX_ERRAND || add_list(f, SCMP_ACT_ALLOW, errand_calls)) &&
	       (role != SANDBOX_QUERY || add_list(f, SCMP_ACT_ALLOW, query_calls)) &&
	       (!is_client || add_list(f, SCMP_ACT_ALLOW, curl_calls)) &&
	       (role != SANDBOX_POSTGRES || add_list(f, SCMP_ACT_ALLOW, postgres_calls)) &&
	       (role != SANDBOX_INFLUX || add_list(f, SCMP_ACT_ALLOW, influx_calls)) &&
	       (role != SANDBOX_TWIN || add_list(f, SCMP_ACT_ALLOW, twin_calls));
}

bool
sandbox_filter(enum sandbox_role role)
{
	scmp_filter_ctx f =
		seccomp_init(role == SANDBOX_SUPERVISE ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	bool is_good;

	if (f == NULL)
		return false;
	/* As a tree instead of a chain: a call costs some ten steps, not one for each entry of the list. */
	seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	is_good = fill(f, role) && seccomp_load(f) == 0;
	seccomp_release(f);
	return is_good;
}
