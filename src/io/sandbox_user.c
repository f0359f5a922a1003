/* sandbox_user.c - the users that the processes of a bench run as */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/text.h"
#include "io/sandbox_parts.h"

static const char *const names[SANDBOX_ROLES] = {
	[SANDBOX_COMPILE] = "mbc-compile",
	[SANDBOX_CONTROL] = "mbc-control",
	[SANDBOX_SERVE] = "mbc-serve",
	[SANDBOX_PUBLIC] = "mbc-public",
	[SANDBOX_HISTORY] = "mbc-history",
	[SANDBOX_QUERY] = "mbc-query",
	[SANDBOX_GATE] = "mbc-gate",
	[SANDBOX_HASH] = "mbc-gate",    /* which it hears everything from */
	[SANDBOX_COPY] = "mbc-history", /* who made the runs may write on the share */
	[SANDBOX_POSTGRES] = "mbc-history",
	[SANDBOX_TIERS] = "mbc-history",  /* the files are the recorder's */
	[SANDBOX_INFLUX] = "mbc-history", /* where it stands lies beside what was recorded */
	[SANDBOX_HELPER] = "mbc-helper",
	[SANDBOX_SHARE] = "mbc-share",
	[SANDBOX_ALERT] = "mbc-alert",
	[SANDBOX_TRY] = "mbc-compile", /* it has the image alone, as that one */
};

/* Groups that own the ports of instruments on Debian; the last one, of USB devices, is for libraries of makers alone. */
static const char *const port_groups[] = { "dialout", "gpio", "i2c", "plugdev" };

/* Who answers about the history reads the recorder's files. */
static const char *const query_groups[] = { "mbc-history" };

static void
set_name(struct sandbox_user *u, const struct passwd *pw)
{
	if (pw != NULL)
		text_copy(u->name, sizeof(u->name), pw->pw_name);
	else
		snprintf(u->name, sizeof(u->name), "%u", (unsigned)u->uid);
}

static void
add_groups(struct sandbox_user *u, const char *const *names_of, size_t n_groups)
{
	for (size_t i = 0; i < n_groups; i++) {
		const struct group *g = getgrnam(names_of[i]);

		if (g != NULL && u->n_groups < SANDBOX_GROUPS)
			u->groups[u->n_groups++] = g->gr_gid;
	}
}

bool
sandbox_user_find(enum sandbox_role role, struct sandbox_user *out)
{
	const char *users = getenv("MBC_USERS");
	bool is_one = users != NULL && strcmp(users, "one") == 0;
	const struct passwd *pw =
		geteuid() == 0 && !is_one && names[role] != NULL ? getpwnam(names[role]) : NULL;

	*out = (struct sandbox_user){ .uid = geteuid(), .gid = getegid() };
	if (pw == NULL || pw->pw_uid == 0) {
		set_name(out, getpwuid(out->uid));
		return false;
	}
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	out->is_other = true;
	set_name(out, pw);
	if (role == SANDBOX_CONTROL)
		add_groups(out, port_groups, NELEM(port_groups) - 1);
	else if (role == SANDBOX_HELPER)
		add_groups(out, port_groups, NELEM(port_groups));
	else if (role == SANDBOX_QUERY)
		add_groups(out, query_groups, NELEM(query_groups));
	return true;
}

void
sandbox_user_owner(const struct stat *st, struct sandbox_user *out)
{
	const struct passwd *pw = getpwuid(st->st_uid);

	*out = (struct sandbox_user){ .uid = st->st_uid,
		.gid = pw != NULL ? pw->pw_gid : st->st_gid,
		.is_other = st->st_uid != geteuid() };
	set_name(out, pw);
}

bool
sandbox_user_can(const struct sandbox_user *user, const char *path, int mode)
{
	gid_t groups[64], gid = getegid();
	uid_t uid = geteuid();
	int n = getgroups(NELEM(groups), groups), parent_signal = 0;
	bool can = false;

	if (!user->is_other)
		return access(path, mode) == 0;
	if (n < 0)
		return false;
	prctl(PR_GET_PDEATHSIG, &parent_signal); /* a change of user forgets it */
	if (setgroups((size_t)user->n_groups, user->groups) == 0 && setegid(user->gid) == 0 &&
		seteuid(user->uid) == 0)
		can = faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
	if (seteuid(uid) < 0 || setegid(gid) < 0 || setgroups((size_t)n, groups) < 0)
		_exit(2); /* half of somebody else: nothing that can be gone on with */
	prctl(PR_SET_PDEATHSIG, parent_signal);
	return can;
}

int
sandbox_user_enter(const struct sandbox_user *user)
{
	for (int i = 0; i < 64; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			break;
	if (!user->is_other)
		return 0;
	if (setgroups((size_t)user->n_groups, user->groups) < 0 ||
		setresgid(user->gid, user->gid, user->gid) < 0 ||
		setresuid(user->uid, user->uid, user->uid) < 0)
		return ERR_IO;
	return 0;
}
