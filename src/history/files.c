/* files.c - the files of a store */
#include "history/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

static const char *const parts[] = { "", "-wal", "-shm" };

static bool
parse(const char *name, uint32_t *out_ordinal)
{
	unsigned ordinal, year, month, day;
	int end = 0;

	if (sscanf(name, "history-%5u-%4u-%2u-%2u.sqlite%n", &ordinal, &year, &month, &day, &end) !=
			4 ||
		end == 0 || name[end] != '\0' || strlen(name) >= FILES_NAME_MAX || ordinal == 0)
		return false;
	*out_ordinal = ordinal;
	return true;
}

static bool
parse_import(const char *name, uint32_t *out_ordinal)
{
	unsigned number, year, month, day;
	char hash[17];
	int end = 0;

	if (sscanf(name, "import-%5u-%4u-%2u-%2u-%16[0-9a-f].sqlite%n", &number, &year, &month,
		    &day, hash, &end) != 5 ||
		end == 0 || name[end] != '\0' || strlen(name) >= FILES_NAME_MAX || number == 0)
		return false;
	*out_ordinal = FILES_IMPORT + number;
	return true;
}

bool
files_is_name(const char *name)
{
	uint32_t ordinal;

	return parse(name, &ordinal) || parse_import(name, &ordinal);
}

static uint64_t
bytes_of(int dir, const char *name)
{
	uint64_t bytes = 0;
	char path[FILES_NAME_MAX + 8];
	struct stat st;

	for (size_t i = 0; i < NELEM(parts); i++) {
		snprintf(path, sizeof(path), "%.63s%s", name, parts[i]);
		if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += (uint64_t)st.st_size;
	}
	return bytes;
}

static int
compare(const void *a, const void *b)
{
	const struct history_file *x = a, *y = b;

	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int
list_files(const char *dir, bool (*is_one)(const char *name, uint32_t *out_ordinal),
	struct history_file **out, struct err *err)
{
	struct history_file *list = NULL;
	struct dirent *entry;
	size_t n = 0, cap = 0;
	DIR *d = opendir(dir);

	*out = NULL;
	if (d == NULL)
		return err_set(err, ERR_IO, errno, "reading '%s': %s", dir, strerror(errno));
	while ((entry = readdir(d)) != NULL) {
		uint32_t ordinal;

		if (!is_one(entry->d_name, &ordinal))
			continue;
		if (n == cap) {
			cap = MAX(2 * cap, (size_t)16);
			list = mem_grow(list, cap, sizeof(*list));
		}
		list[n].ordinal = ordinal;
		text_copy(list[n].name, sizeof(list[n].name), entry->d_name);
		list[n].bytes = bytes_of(dirfd(d), entry->d_name);
		n++;
	}
	closedir(d);
	if (n > 0)
		qsort(list, n, sizeof(*list), compare);
	*out = list;
	return (int)n;
}

int
files_list(const char *dir, struct history_file **out, struct err *err)
{
	return list_files(dir, parse, out, err);
}

int
files_imports(const char *dir, struct history_file **out, struct err *err)
{
	return list_files(dir, parse_import, out, err);
}

static struct tm
day_of(int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	if (wall_ns < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099)
		tm = (struct tm){ .tm_year = 70, .tm_mday = 1 };
	return tm;
}

void
files_import_name(char *out, uint32_t number, int64_t first_ns, const char *hash)
{
	struct tm tm = day_of(first_ns);

	snprintf(out, FILES_NAME_MAX, "import-%05u-%04d-%02d-%02d-%.16s.sqlite", number % 100000,
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, hash);
}

void
files_name(char *out, uint32_t ordinal, int64_t wall_ns)
{
	struct tm tm = day_of(wall_ns);

	snprintf(out, FILES_NAME_MAX, "history-%05u-%04d-%02d-%02d.sqlite", ordinal % 100000,
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

int
files_remove(const char *dir, const struct history_file *f, struct err *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < NELEM(parts); i++) {
		if (snprintf(path, sizeof(path), "%s/%s%s", dir, f->name, parts[i]) >=
			(int)sizeof(path))
			return err_set(err, ERR_CONF, 0, "'%s' is too long a path", dir);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_set(
				err, ERR_IO, errno, "removing '%s': %s", path, strerror(errno));
	}
	return 0;
}
