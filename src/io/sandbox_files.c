/* sandbox_files.c - Landlock: which files a process may still open
 *
 * Sources: landlock(7), Linux include/uapi/linux/landlock.h. Debian 12 has headers of the first versions only, so the
 * numbers stand here; what a kernel does not know is left out of the question. What was opened before stays open,
 * and memory of a memfd is no file of a disk: it is not limited.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sandbox_parts.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444 /* the same on all architectures */
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define VERSION_FLAG 1u
#define RULE_PATH_BENEATH 1
#define ABI_MAX 6 /* the newest version that is made use of */

enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_MAKE_SOCK = 1 << 9,
	FS_MAKE_SYM = 1 << 12,
	FS_ALL_1 = (1 << 13) - 1, /* what version 1 knows */
	FS_REFER = 1 << 13,       /* 2 */
	FS_TRUNCATE = 1 << 14,    /* 3 */
	FS_IOCTL_DEV = 1 << 15,   /* 5 */
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };       /* 4 */
enum { SCOPE_ABSTRACT_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 }; /* 6 */

/* Everything that is handled is forbidden but for the rules. Older kernels take the head of it. */
struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

struct rule {
	const char *path;
	uint64_t allowed;
};

#define FS_ON_FILES                                                                                \
	(uint64_t)(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define READ (FS_READ_FILE | FS_READ_DIR)
#define KEEP_FILES (READ | FS_WRITE_FILE | FS_MAKE_REG | FS_REMOVE_FILE | FS_TRUNCATE)
#define KEEP_FOLDERS (KEEP_FILES | FS_MAKE_DIR | FS_REMOVE_DIR)

static const struct rule compile_rules[] = { { "/", READ }, { NULL, 0 } };
static const struct rule control_rules[] = {
	{ "/", FS_READ_DIR }, /* names alone: a port may be a pattern in any folder */
	{ "/dev", READ | FS_WRITE_FILE | FS_IOCTL_DEV },
	{ "/proc", READ },
	{ "/sys", READ },
	{ "/run", READ }, /* udev's data base, resolv.conf */
	{ "/etc", READ },
	{ "/usr", READ | FS_EXECUTE }, /* modules of the name service */
	{ "/lib", READ | FS_EXECUTE },
	{ "/lib64", READ | FS_EXECUTE },
	{ NULL, 0 },
};
static const struct rule serve_rules[] = { { "/proc/self", READ }, { NULL, 0 } }; /* itself alone */
static const struct rule history_rules[] = { { "/proc/self", READ },
	{ "/dev/urandom", FS_READ_FILE }, { NULL, 0 } };
static const struct rule postgres_rules[] = {
	{ "/proc/self", READ },
	{ "/dev/urandom", FS_READ_FILE },
	{ "/run", READ }, /* resolv.conf */
	{ "/etc", READ }, /* names, certificates */
	{ "/usr", READ | FS_EXECUTE },
	{ "/lib", READ | FS_EXECUTE },
	{ "/lib64", READ | FS_EXECUTE },
	{ NULL, 0 },
};
/* Names, certificates and libraries, a file each: /etc may hold the bench file, and all that others keep there. */
static const struct rule share_rules[] = {
	{ "/proc/self", READ },
	{ "/dev/urandom", FS_READ_FILE },
	{ "/etc/hosts", READ },
	{ "/etc/resolv.conf", READ },
	{ "/run/systemd/resolve", READ }, /* where it often leads */
	{ "/etc/nsswitch.conf", READ },
	{ "/etc/gai.conf", READ },
	{ "/etc/host.conf", READ },
	{ "/etc/services", READ },
	{ "/etc/localtime", READ },
	{ "/etc/ld.so.cache", READ },
	{ "/etc/ssl/certs", READ },
	{ "/etc/ssl/openssl.cnf", READ },
	{ "/usr", READ | FS_EXECUTE },
	{ "/lib", READ | FS_EXECUTE },
	{ "/lib64", READ | FS_EXECUTE },
	{ NULL, 0 },
};
static const struct rule twin_rules[] = {
	{ "/", READ | FS_EXECUTE | FS_MAKE_SYM | FS_MAKE_SOCK | FS_REMOVE_FILE },
	{ "/dev", READ | FS_WRITE_FILE | FS_IOCTL_DEV },
	{ NULL, 0 },
};

static const struct rule curl_rules[] = { { "/", READ | FS_EXECUTE }, { NULL, 0 } };

/* NULL: not limited. */
static const struct rule *const rules[SANDBOX_ROLES] = {
	[SANDBOX_COMPILE] = compile_rules,
	[SANDBOX_CONTROL] = control_rules,
	[SANDBOX_SERVE] = serve_rules,
	[SANDBOX_PUBLIC] = serve_rules,
	[SANDBOX_HISTORY] = history_rules,
	[SANDBOX_QUERY] = history_rules,
	[SANDBOX_COPY] = history_rules,
	[SANDBOX_TIERS] = history_rules,
	[SANDBOX_POSTGRES] = postgres_rules,
	[SANDBOX_GATE] = serve_rules,
	[SANDBOX_HASH] = serve_rules,
	[SANDBOX_TWIN] = twin_rules,
	[SANDBOX_CURL] = curl_rules,
	[SANDBOX_INFLUX] = curl_rules,
	[SANDBOX_REHEARSE] = serve_rules,
	[SANDBOX_ERRAND] = history_rules,
	[SANDBOX_SHARE] = share_rules,
	[SANDBOX_ALERT] = share_rules,
	[SANDBOX_TRY] = serve_rules,
};

static uint64_t
handled_files(int abi)
{
	return FS_ALL_1 | (abi >= 2 ? FS_REFER : 0u) | (abi >= 3 ? FS_TRUNCATE : 0u) |
	       (abi >= 5 ? FS_IOCTL_DEV : 0u);
}

static int
make_ruleset(enum sandbox_role role, int abi)
{
	struct ruleset set = { .fs = handled_files(abi) };
	size_t size = abi >= 6 ? sizeof(set) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);

	if (abi >= 4 &&
		(role == SANDBOX_COMPILE || role == SANDBOX_SERVE || role == SANDBOX_PUBLIC ||
			role == SANDBOX_HISTORY || role == SANDBOX_QUERY || role == SANDBOX_COPY ||
			role == SANDBOX_TIERS || role == SANDBOX_GATE || role == SANDBOX_REHEARSE ||
			role == SANDBOX_HASH || role == SANDBOX_ERRAND || role == SANDBOX_TRY))
		set.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 6)
		set.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
	return (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
}

/* A folder that this machine does not have needs no permission. */
static void
add_rule(int set, const struct rule *rule, int abi)
{
	struct path_beneath p = { .allowed = rule->allowed & handled_files(abi) };
	struct stat st;

	p.parent = open(rule->path, O_PATH | O_CLOEXEC);
	if (p.parent < 0)
		return;
	if (fstat(p.parent, &st) == 0 && !S_ISDIR(st.st_mode))
		p.allowed &= FS_ON_FILES; /* a rule with others is refused as a whole */
	syscall(SYS_landlock_add_rule, set, RULE_PATH_BENEATH, &p, 0);
	close(p.parent);
}

static bool
is_beneath(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

bool
sandbox_may_read(enum sandbox_role role, const char *const *folders, const char *path)
{
	for (const struct rule *r = rules[role]; r != NULL && r->path != NULL; r++)
		if ((r->allowed & READ) == READ &&
			(strcmp(r->path, "/") == 0 || is_beneath(path, r->path)))
			return true;
	for (size_t i = 0; folders != NULL && folders[i] != NULL; i++)
		if (is_beneath(path, folders[i]))
			return true;
	return rules[role] == NULL;
}

int
sandbox_landlock_offered(void)
{
	return (int)MAX(syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG), 0L);
}

static uint64_t
rights_in(enum sandbox_role role, size_t folder)
{
	if (role == SANDBOX_COPY && folder == 0)
		return KEEP_FOLDERS;
	return role == SANDBOX_HISTORY || role == SANDBOX_TIERS || role == SANDBOX_ERRAND ||
			       role == SANDBOX_SHARE || role == SANDBOX_ALERT
		       ? KEEP_FILES
		       : READ;
}

int
sandbox_files(enum sandbox_role role, const char *const *folders)
{
	const struct rule sysfs = { getenv("MBC_SYSFS"), READ }; /* of tests; see serial.c */
	const struct rule any_share = { "/", KEEP_FOLDERS };     /* it comes and goes */
	int abi = sandbox_landlock_offered(), version = MIN(abi, ABI_MAX), set, rc;

	if (abi < 1 || rules[role] == NULL)
		return 0;
	set = make_ruleset(role, version);
	if (set < 0)
		return 0;
	for (const struct rule *r = rules[role]; r->path != NULL; r++)
		add_rule(set, r, version);
	if (role == SANDBOX_CONTROL && sysfs.path != NULL)
		add_rule(set, &sysfs, version);
	if (role == SANDBOX_COPY && folders == NULL)
		add_rule(set, &any_share, version);
	for (size_t i = 0; folders != NULL && folders[i] != NULL; i++)
		add_rule(set, &(struct rule){ folders[i], rights_in(role, i) }, version);
	rc = (int)syscall(SYS_landlock_restrict_self, set, 0);
	close(set);
	return rc == 0 ? abi : 0;
}
