/* backups.c - backups of the whole bench over HTTP: mbc-backup beside the bench, for as long as it takes
 *
 * Who asked has their answer when it has begun; how far it is, and what became of it, stands in the list. One at a time. What is half of one is removed, by its process or by the next.
 *
 *	begun --its end--> made, or failed
 *	  +--asked to end--> ends, and removes what it has; asked once more: killed
 *
 * What one that was killed has left, maybe a whole copy of the history, is removed by mbc-errand: after each bad end, and once after our start.
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
#include "supervise/supervise.h"

void
backups_init(struct supervise *s)
{
	child_init(&s->backup.child, "backup", SANDBOX_ERRAND);
	child_init(&s->backup.halves, "errand", SANDBOX_ERRAND);
	s->backup.has_halves = true;
}

static void
path_of(const struct supervise *s, const char *name, char *out, size_t cap)
{
	snprintf(out, cap, "%s/" ERRAND_BACKUPS_FOLDER "/%s", s->state_dir, name);
}

/* The recorder's files are its group's to read; nothing else of its user is needed. As root we have no right over files of others (sandbox.h). */
static void
pick_user(struct supervise *s, bool is_with_history)
{
	struct sandbox_user *user = &s->backup.child.user;

	sandbox_user_find(SANDBOX_ERRAND, user);
	if (!is_with_history || user->is_other || !s->history.user.is_other)
		return;
	user->is_other = true;
	user->groups[0] = s->history.user.gid;
	user->n_groups = 1;
}

int
backups_begin(struct supervise *s, const struct errand_ask *a, int passphrase, struct err *err)
{
	bool is_made = a->kind == ERRAND_BACKUP_MAKE;
	bool has_phrase = (a->number & ERRAND_BACKUP_SEALED) != 0 && passphrase >= 0;
	const char *words[14];
	char path[PLACE_MAX + ERRAND_NAME + 32], number[16], leave[24];
	size_t n = 0;
	int rc;

	if (s->backup.child.pid != 0)
		return err_set(err, ERR_CONF, 429,
			"a backup is being made or looked at; wait for its end");
	if (s->backup.halves.pid != 0) /* it would take ours for one of them */
		return err_set(err, ERR_CONF, 429,
			"what is left of an earlier backup is being removed; ask again in a few "
			"seconds");
	path_of(s, a->name, path, sizeof(path));
	words[n++] = is_made ? "make" : "verify";
	words[n++] = "--confined";
	if (has_phrase) {
		snprintf(number, sizeof(number), "%d", passphrase);
		words[n++] = "--passphrase-fd";
		words[n++] = number;
	}
	if (is_made) {
		words[n++] = "--bench";
		words[n++] = s->bench;
		words[n++] = "--state";
		words[n++] = s->state_dir;
		snprintf(leave, sizeof(leave), "%llu",
			(unsigned long long)(s->img->history.is_off ? 0
								    : s->img->history.leave_free));
		words[n++] = "--leave-free";
		words[n++] = leave;
	}
	if (is_made && (a->number & ERRAND_BACKUP_HISTORY) != 0)
		words[n++] = "--with-history";
	words[n++] = path;
	words[n] = NULL;
	s->backup.is_ending = false;
	pick_user(s, is_made && (a->number & ERRAND_BACKUP_HISTORY) != 0);
	s->backup.child.errors = memfd_create("mbc-backup", MFD_CLOEXEC);
	rc = child_run(&s->backup.child, words, &passphrase, has_phrase, err);
	if (rc < 0) {
		if (s->backup.child.errors >= 0)
			close(s->backup.child.errors);
		s->backup.child.errors = -1;
		err->sys = 503;
		return rc;
	}
	s->backup.act = is_made ? "make" : "verify";
	text_copy(s->backup.name, sizeof(s->backup.name), a->name);
	text_copy(s->backup.principal, sizeof(s->backup.principal), a->principal);
	return 0;
}

/* Its last line, without what is in front. */
static void
take_said(struct supervise *s, int status)
{
	char text[sizeof(s->backup.said)], how[CHILD_HOW];
	int fd = s->backup.child.errors;
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(text) - 1 ? end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);
	const char *at = text;

	text[MAX(n, 0)] = '\0';
	if (fd >= 0)
		close(fd);
	s->backup.child.errors = -1;
	if (strncmp(at, "mbc backup: ", 12) == 0)
		at += 12;
	text_copy(s->backup.said, sizeof(s->backup.said), at);
	s->backup.said[text_utf8(s->backup.said, strlen(s->backup.said))] = '\0';
	for (char *p = s->backup.said; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			*p = p[1] == '\0' ? '\0' : ' ';
	if (s->backup.said[0] == '\0' && s->backup.is_ending && !s->backup.was_good)
		text_copy(s->backup.said, sizeof(s->backup.said),
			strcmp(s->backup.act, "make") == 0
				? "it was ended as asked for, and nothing of it is kept"
				: "it was ended as asked for, before it was known whether the "
				  "backup is whole");
	if (s->backup.said[0] == '\0' && !s->backup.was_good) {
		child_how(how, status);
		snprintf(s->backup.said, sizeof(s->backup.said), "its process %s", how);
	}
}

bool
backups_ended(struct supervise *s, pid_t pid, int status)
{
	bool is_made;
	char path[PLACE_MAX + ERRAND_NAME + 32];

	if (pid == s->backup.halves.pid) {
		s->backup.halves.pid = 0;
		return true;
	}
	if (pid != s->backup.child.pid)
		return false;
	is_made = strcmp(s->backup.act, "make") == 0;
	s->backup.child.pid = 0;
	/* 1 of a making: some secrets could not be read, and it has said so. */
	path_of(s, s->backup.name, path, sizeof(path));
	s->backup.was_good = WIFEXITED(status) &&
			     (WEXITSTATUS(status) == 0 || (is_made && WEXITSTATUS(status) == 1 &&
								  access(path, F_OK) == 0));
	take_said(s, status);
	s->backup.last_act = s->backup.act;
	text_copy(s->backup.last_name, sizeof(s->backup.last_name), s->backup.name);
	if (!s->backup.was_good) {
		log_warn("backup '%s': %s", s->backup.name, s->backup.said);
		snprintf(path + strlen(path), sizeof(path) - strlen(path), ".part");
		if (is_made) {
			unlink(path);
			s->backup.has_halves = true;
		}
	}
	audit_tell(s, s->backup.principal,
		s->backup.was_good               ? (is_made ? "backup_made" : "backup_good")
		: is_made || s->backup.is_ending ? "backup_failed"
						 : "backup_bad",
		s->backup.name, s->backup.said);
	return true;
}

bool
backups_end(struct supervise *s, const char *name)
{
	bool is_made;

	if (s->backup.child.pid == 0 || strcmp(s->backup.name, name) != 0)
		return false;
	is_made = strcmp(s->backup.act, "make") == 0; /* a verification has nothing to remove */
	kill(s->backup.child.pid, is_made && !s->backup.is_ending ? SIGTERM : SIGKILL);
	s->backup.is_ending = true;
	return true;
}

void
backups_stop(struct supervise *s, int sig)
{
	s->backup.is_ending = true;
	if (s->backup.child.pid != 0)
		kill(s->backup.child.pid, sig);
	if (s->backup.halves.pid != 0) /* the next start goes on with it */
		kill(s->backup.halves.pid, SIGKILL);
}

static void
remove_halves(struct supervise *s)
{
	char folder[PLACE_MAX + 16], words[4][PLACE_MAX + 16];
	const char *at[] = { "step=backup-halves", words[0], words[1], words[2], words[3], NULL };
	struct err err;

	path_of(s, "", folder, sizeof(folder));
	if (access(folder, F_OK) < 0)
		return;
	snprintf(words[0], sizeof(words[0]), "file=%s", s->file);
	snprintf(words[1], sizeof(words[1]), "folder=%s", s->folder);
	snprintf(words[2], sizeof(words[2]), "state=%s", s->state_dir);
	snprintf(words[3], sizeof(words[3]), "bench=%s", s->bench);
	if (child_run(&s->backup.halves, at, NULL, 0, &err) < 0)
		log_warn("backup: %s", err.msg);
}

int64_t
backups_step(struct supervise *s)
{
	if (!s->backup.has_halves || s->is_ending || s->img == NULL || s->backup.child.pid != 0 ||
		s->backup.halves.pid != 0)
		return NEVER;
	s->backup.has_halves = false;
	remove_halves(s);
	return NEVER;
}

int
backups_open(struct supervise *s, const char *name, struct err *err)
{
	char path[PLACE_MAX + ERRAND_NAME + 32];
	struct stat st;
	int fd = -1;

	path_of(s, name, path, sizeof(path));
	if (errand_backup_name_is_good(name))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	err_set(err, ERR_CONF, 404, "there is no backup of this name; the list has those that are");
	return -1;
}
