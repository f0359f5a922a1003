/* sandbox.h - what a process may ask of the kernel: nothing but its own work
 *
 *	role       user          files (Landlock)                       system calls (seccomp)
 *	supervise  root          not limited: its children inherit it   all but those that no part of mbc needs
 *	compile    mbc-compile   reads                                  no socket, no exec, no fork, opens for reading only
 *	control    mbc-control   reads /dev /etc /lib /proc /run        sockets, threads; no exec, no fork, creates no file
 *	                         /sys /usr, folders of the bench;
 *	                         writes /dev; lists any
 *	serve      mbc-serve     reads /proc/self                       no new socket, no exec, no fork, opens for reading only
 *	public     mbc-public    as serve                              as serve
 *	history    mbc-history   reads /proc/self; its folder            no socket, no exec, no fork
 *	query      mbc-query     reads /proc/self, the store's folder,   no socket, no exec, no fork, opens for reading only
 *	                         zones of time
 *	copy       mbc-history   reads the store's folder, zones; the    no socket, no exec; forks, and its children confine
 *	                         share it reads and writes              themselves further
 *	postgres   mbc-history   reads the store's folder, /etc /lib    sockets; no exec, no fork, opens for reading only
 *	                         /proc/self /run /usr, its certificates
 *	influx     mbc-history   reads                                  as curl, and syncs what it had opened before
 *	tiers      mbc-history   reads /proc/self; the store's folder    as copy
 *	gate       mbc-gate      reads /proc/self                       no socket, no exec, no fork, opens for reading only
 *	hash       mbc-gate      reads /proc/self                       no socket, no exec, no fork, no thread, opens for reading only
 *	helper     mbc-helper    not limited: it is not ours            as supervise
 *	curl       mbc-helper    reads                                  sockets, threads; no exec, no fork, opens for reading only
 *	rehearse   who calls it; reads /proc/self                       no socket, no exec, opens for reading only; forks
 *	           mbc-compile
 *	           over HTTP
 *	errand     supervise's   reads /proc/self; the folder of the     as history, and names files and says whose they are
 *	           or the owner  bench file, or of its versions         (steps that only read are as compile)
 *	           of the file
 *	share      mbc-share     reads /proc/self, /lib /usr, what      sockets of networks; no exec, no fork
 *	(a gateway)              names and certificates need of /etc;
 *	                         its outbox
 *	alert      mbc-alert     as share; its ledger's folder           as share, and what curl needs
 *	try        mbc-compile;  reads /proc/self                       as hash: what it asks over HTTP goes through the gate, or,
 *	           in a scan                                            in a scan, over one wire that it was handed
 *	           mbc-control
 *	twin       who calls it  reads; writes /dev; links, a socket    sockets, links; no exec, no fork, creates no file
 *
 * Everything is tried and what came of it is reported: a kernel may be without Landlock, a sanitizer build goes without
 * seccomp. A process that could not be confined still runs, and `mbc doctor` says so.
 */
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

enum sandbox_role {
	SANDBOX_SUPERVISE,
	SANDBOX_COMPILE,
	SANDBOX_CONTROL,
	SANDBOX_SERVE,
	SANDBOX_HISTORY,
	SANDBOX_QUERY,
	SANDBOX_GATE,
	SANDBOX_TWIN,
	SANDBOX_HELPER, /* a user alone: what it runs is not ours */
	SANDBOX_CURL,
	SANDBOX_REHEARSE,
	SANDBOX_COPY,
	SANDBOX_POSTGRES,
	SANDBOX_INFLUX,
	SANDBOX_TIERS,
	SANDBOX_HASH,
	SANDBOX_PUBLIC,
	SANDBOX_ERRAND,
	SANDBOX_SHARE, /* a gateway to other systems: it has the public board, its outbox and the network */
	SANDBOX_ALERT, /* tells people */
	SANDBOX_TRY,   /* asks devices through the gate: it has no wire */
	SANDBOX_ROLES
};

#define SANDBOX_TEXT 160 /* bytes of a report */

/* What is in force afterwards. */
struct sandbox_report {
	bool has_filter; /* seccomp */
	bool is_sanitized; /* it was left out: the build has a sanitizer, which needs more than the lists allow */
	int landlock;          /* version of its interface; 0: not in force */
	uint64_t capabilities; /* bits of those that are left */
};

/* Confine this process, for good. Before it starts a thread: Landlock holds for the calling one and those it starts.
 * folders: what it may read besides, `history`, `tiers`, `share` and `alert` also write, `copy` the first one; ended by NULL (NULL: nothing); one that is not there now stays closed.
 * `copy` without folders: files and folders anywhere, for what waits for a share that may come and go; what uses it then enters with folders. */
void sandbox_enter(enum sandbox_role role, const char *const *folders, struct sandbox_report *out);

/* May a process of this role, confined with these folders, read files in this one? As far as Landlock is concerned. */
bool sandbox_may_read(enum sandbox_role role, const char *const *folders, const char *path);

/* The version of Landlock that this kernel offers; 0: none. Changes nothing. */
int sandbox_landlock_offered(void);

/* "seccomp on, landlock 7, capabilities none"; out: SANDBOX_TEXT bytes. What `mbc doctor` looks at. */
void sandbox_text(const struct sandbox_report *report, char *out);

/* ---- users ------------------------------------------------------------------------------------------------------ */

#define SANDBOX_GROUPS 4

struct sandbox_user {
	char name[32];
	uid_t uid;
	gid_t gid;
	gid_t groups[SANDBOX_GROUPS];
	int n_groups;
	bool is_other; /* not the user that this process runs as */
};

/* The user of a role, "mbc-control", with its groups. False when there is none, we are not root or
 * MBC_USERS=one is in the environment: then it is ourselves. */
bool sandbox_user_find(enum sandbox_role role, struct sandbox_user *out);

/* The owner of a file. */
void sandbox_user_owner(const struct stat *st, struct sandbox_user *out);

/* May this user use the file? mode: R_OK or X_OK. Tried as that user; this process must have no thread. */
bool sandbox_user_can(const struct sandbox_user *user, const char *path, int mode);

/* Between fork and exec, in the child: become that user, drop every capability that a later exec could give. The signal
 * for the death of the parent is forgotten by the kernel here: set it afterwards. */
int sandbox_user_enter(const struct sandbox_user *user) MUST_CHECK;

/* Give up what a supervisor does not need, when root: it keeps the right to start its children as their users, to end
 * them and to give the controller a real-time class. */
#define SANDBOX_SUPERVISE_CAPABILITIES "setuid, setgid, setpcap, kill, sys_nice"

#endif
