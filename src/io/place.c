/* place.c - where things are */
#include "io/place.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "io/sock.h"

#ifndef MBC_LIBEXEC
#define MBC_LIBEXEC "/usr/local/libexec/mbc"
#endif

int
place_program(char *out, const char *name, struct err *err)
{
	char self[PLACE_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		char *slash;

		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = '\0';
			if (snprintf(out, PLACE_MAX, "%s/mbc-%s", self, name) < PLACE_MAX &&
				access(out, X_OK) == 0)
				return 0;
		}
	}
	snprintf(out, PLACE_MAX, "%s/mbc-%s", MBC_LIBEXEC, name);
	if (access(out, X_OK) == 0)
		return 0;
	return err_set(err, ERR_IO, errno,
		"program 'mbc-%s' is neither beside mbc nor in %s; run 'make install' again", name,
		MBC_LIBEXEC);
}

static int
cannot_make(const char *path, struct err *err)
{
	return err_set(err, ERR_IO, errno,
		"making the folder '%s': %s; set MBC_RUN_DIR or MBC_STATE_DIR to where this user "
		"may "
		"write",
		path, strerror(errno));
}

/* Make each folder of the path; the last one must be ours alone. */
static int
make_private(const char *path, struct err *err)
{
	char part[PLACE_MAX];
	struct stat st;

	for (size_t i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/' || i >= sizeof(part))
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return cannot_make(part, err);
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return cannot_make(path, err);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return err_set(err, ERR_CONF, 0,
			"'%s' is not a folder of this user; remove it or name another", path);
	return 0;
}

int
place_run_dir(char *out, struct err *err)
{
	const char *dir = getenv("MBC_RUN_DIR"), *xdg = getenv("XDG_RUNTIME_DIR");
	int n;

	if (dir != NULL && dir[0] != '\0')
		n = snprintf(out, PLACE_MAX, "%s", dir);
	else if (geteuid() == 0)
		n = snprintf(out, PLACE_MAX, "/run/mbc");
	else if (xdg != NULL && xdg[0] == '/')
		n = snprintf(out, PLACE_MAX, "%s/mbc", xdg);
	else
		n = snprintf(out, PLACE_MAX, "/tmp/mbc-%u", (unsigned)geteuid());
	if (n >= PLACE_MAX)
		return err_set(err, ERR_CONF, 0,
			"the path of the run folder is too long; set MBC_RUN_DIR to a shorter one");
	return make_private(out, err);
}

static int
place_in_run(char *out, const char *bench, const char *ending, struct err *err)
{
	char dir[PLACE_MAX];

	if (place_run_dir(dir, err) < 0)
		return ERR_IO;
	if (snprintf(out, PLACE_MAX, "%s/%s.%s", dir, bench, ending) >= PLACE_MAX)
		return err_set(err, ERR_CONF, 0,
			"the path of the run folder is too long; set MBC_RUN_DIR to a shorter one");
	return 0;
}

int
place_socket(char *out, const char *bench, struct err *err)
{
	return place_in_run(out, bench, "sock", err);
}

int
place_twin(char *out, const char *bench, struct err *err)
{
	return place_in_run(out, bench, "twin", err);
}

int
place_only_bench(char *out, size_t cap, struct err *err)
{
	char dir[PLACE_MAX], path[PLACE_MAX * 2], list[120] = "";
	struct dirent *entry;
	int found = 0;
	DIR *d;

	if (place_run_dir(dir, err) < 0)
		return ERR_IO;
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name);
		int fd;

		if (n < 6 || strcmp(entry->d_name + n - 5, ".sock") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		fd = sock_connect(path, NULL);
		if (fd < 0)
			continue; /* left behind by a bench that was killed */
		close(fd);
		entry->d_name[n - 5] = '\0';
		if (found++ == 0)
			text_copy(out, cap, entry->d_name);
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			found > 1 ? ", " : "", entry->d_name);
	}
	if (d != NULL)
		closedir(d);
	if (found == 0)
		return err_set(err, ERR_CONF, 0,
			"no bench is running here; start one with 'mbc run bench.yaml'");
	if (found > 1)
		return err_set(err, ERR_CONF, found,
			"several benches are running (%s); name one with --bench NAME", list);
	return 0;
}

int
place_state_path(char *out, const char *bench, struct err *err)
{
	const char *dir = getenv("MBC_STATE_DIR"), *xdg = getenv("XDG_STATE_HOME"),
		   *home = getenv("HOME");
	int n;

	if (dir != NULL && dir[0] != '\0')
		n = snprintf(out, PLACE_MAX, "%s/%s", dir, bench);
	else if (geteuid() == 0)
		n = snprintf(out, PLACE_MAX, "/var/lib/mbc/%s", bench);
	else if (xdg != NULL && xdg[0] == '/')
		n = snprintf(out, PLACE_MAX, "%s/mbc/%s", xdg, bench);
	else
		n = snprintf(out, PLACE_MAX, "%s/.local/state/mbc/%s", home != NULL ? home : "/tmp",
			bench);
	if (n < PLACE_MAX)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"the path of the state folder is too long; set MBC_STATE_DIR to a shorter one");
}

int
place_state_dir(char *out, const char *bench, struct err *err)
{
	int rc = place_state_path(out, bench, err);

	return rc < 0 ? rc : make_private(out, err);
}

int
place_only_journal(char *out, size_t cap, struct err *err)
{
	char dir[PLACE_MAX], path[PLACE_MAX * 2 + 16];
	struct buf list = { 0 };
	struct dirent *entry;
	int found = 0, rc = 0;
	DIR *d;

	if (place_state_path(dir, "", err) < 0)
		return ERR_CONF;
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s/journal.0", dir, entry->d_name);
		if (entry->d_name[0] == '.' || access(path, F_OK) < 0)
			continue;
		if (found++ == 0)
			text_copy(out, cap, entry->d_name);
		buf_printf(&list, "%s%s", found > 1 ? ", " : "", entry->d_name);
	}
	if (d != NULL)
		closedir(d);
	if (found == 0)
		rc = err_set(err, ERR_CONF, 0,
			"no bench is running here, and none has a journal; start one with 'mbc run "
			"bench.yaml'");
	else if (found > 1)
		rc = err_set(err, ERR_CONF, found,
			"no bench is running here, and several have a journal (%s); name one with "
			"--bench NAME",
			buf_text(&list));
	buf_done(&list);
	return rc;
}
