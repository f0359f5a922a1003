/* folder_files.c - reading files of one folder */
#include "io/folder_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "io/folder_way.h"
#include "io/now.h"

#define TAG 9            /* bytes of the tag's line */
#define BLOCKS_MAX 24    /* of one answer */
#define BLOCK_HEADER 24  /* bytes of "ok 0 4000 1\n" */
#define RESULT_HEAD 1200 /* bytes of a result file's begin, when not all of it fits */
#define RESULT_TAIL 2200
#define NAME_ROOM 256

struct ask {
	struct folder_way way;
	int place;    /* where files are looked for: the folder, or a chip in it; -1: nowhere */
	int why;      /* errno of that */
	bool is_many; /* the chip's name is not enough */
	char prefix[16], chip[NAME_ROOM], device[NAME_ROOM];
	size_t room; /* bytes for the content of one block */
	char *out;
	size_t n;
};

/* ---- answers ---- */

/* Up to cap bytes from where it stands; -1: errno. */
static ssize_t
read_some(int fd, char *out, size_t cap)
{
	size_t n = 0;
	ssize_t got = 0;

	while (n < cap && ((got = read(fd, out + n, cap - n)) > 0 || (got < 0 && errno == EINTR)))
		n += got > 0 ? (size_t)got : 0;
	return got < 0 ? -1 : (ssize_t)n;
}

static void
put_text(struct ask *a, const char *text)
{
	size_t n = MIN(strlen(text), FOLDER_FILES_MAX - a->n);

	memcpy(a->out + a->n, text, n);
	a->n += n;
}

static bool
is_absence(int sys)
{
	return sys == ENOENT || sys == ENODEV || sys == ENXIO || sys == ENOTDIR;
}

static void
put_failure(struct ask *a, int sys)
{
	char text[32];

	snprintf(text, sizeof(text), "error %d\n", sys);
	put_text(a, is_absence(sys) ? "missing\n" : text);
}

static int
put_content(struct ask *a, int fd, unsigned which)
{
	char content[FOLDER_FILES_MAX], header[BLOCK_HEADER + 8];
	ssize_t n = read_some(fd, content, MIN(a->room + 1, sizeof(content)));
	size_t kept;

	if (n < 0)
		return -1;
	kept = MIN((size_t)n, a->room);
	snprintf(header, sizeof(header), "ok %u %zu %d\n", which, kept, (size_t)n > kept);
	put_text(a, header);
	memcpy(a->out + a->n, content, MIN(kept, FOLDER_FILES_MAX - a->n));
	a->n += MIN(kept, FOLDER_FILES_MAX - a->n);
	return 0;
}

/* The block of the first of these files that is there. */
static void
put_file(struct ask *a, const char *path, const char *otherwise)
{
	unsigned which = 0;
	int fd = -1;

	if (a->is_many) {
		put_text(a, "many\n");
		return;
	}
	if (a->place < 0) {
		put_failure(a, a->why);
		return;
	}
	fd = folder_way_below(&a->way, a->place, path);
	if (fd < 0 && otherwise != NULL && is_absence(errno)) {
		fd = folder_way_below(&a->way, a->place, otherwise);
		which = 1;
	}
	if (fd < 0 || put_content(a, fd, which) < 0)
		put_failure(a, errno);
	if (fd >= 0)
		close(fd);
}

/* ---- chips ---- */

/* The file `name` of the chip whose folder stands open. */
static bool
is_named(int fd, const char *name)
{
	char text[NAME_ROOM];
	int file = folder_way_file(fd, "name");
	ssize_t n = file < 0 ? -1 : read_some(file, text, sizeof(text) - 1);

	if (file >= 0)
		close(file);
	if (n < 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, name) == 0;
}

/* Does the link that leads to it, "../../devices/platform/coretemp.0/hwmon/hwmon1", pass this folder? */
static bool
is_beneath(int folder, const char *entry, const char *device)
{
	char way[1024], *rest = NULL;
	ssize_t n = readlinkat(folder, entry, way, sizeof(way) - 1);

	if (n < 0)
		return false;
	way[n] = '\0';
	for (char *name = strtok_r(way, "/", &rest); name != NULL;
		name = strtok_r(NULL, "/", &rest))
		if (strcmp(name, device) == 0)
			return true;
	return false;
}

static void
find_chip(struct ask *a)
{
	DIR *dir = folder_way_list(&a->way);
	const struct dirent *e;
	int fd;

	a->place = -1;
	a->why = dir != NULL ? ENOENT : errno;
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (strncmp(e->d_name, a->prefix, strlen(a->prefix)) != 0 ||
			!folder_way_leads_down(e->d_name) ||
			(a->device[0] != '\0' && !is_beneath(a->way.fd, e->d_name, a->device)))
			continue;
		fd = folder_way_enter(&a->way, a->way.fd, e->d_name);
		if (fd < 0)
			continue;
		if (is_named(fd, a->chip) && a->place < 0) {
			a->place = fd;
			continue;
		}
		a->is_many |= is_named(fd, a->chip);
		close(fd);
	}
	if (dir != NULL)
		closedir(dir);
}

/* ---- verbs ---- */

static void
put_hwmon(struct ask *a, const char *input)
{
	const char *end = strrchr(input, '_');
	char fault[NAME_ROOM];
	int n = end == NULL ? (int)strlen(input) : (int)(end - input);

	put_file(a, input, NULL);
	snprintf(fault, sizeof(fault), "%.*s_fault", MIN(n, 100), input);
	put_file(a, fault, NULL);
}

static void
put_iio(struct ask *a, const char *channel)
{
	static const char *const of[] = { "offset", "scale" };
	char first[NAME_ROOM], second[NAME_ROOM];
	int kind = (int)strcspn(channel, "0123456789");

	snprintf(first, sizeof(first), "in_%.100s_raw", channel);
	snprintf(second, sizeof(second), "in_%.100s_input", channel);
	put_file(a, first, second);
	for (size_t i = 0; i < NELEM(of); i++) {
		snprintf(first, sizeof(first), "in_%.100s_%s", channel, of[i]);
		snprintf(second, sizeof(second), "in_%.*s_%s", MIN(kind, 100), channel, of[i]);
		put_file(a, first, second);
	}
}

static void
put_w1(struct ask *a, const char *sensor)
{
	char first[NAME_ROOM], second[NAME_ROOM];

	snprintf(first, sizeof(first), "%.100s/w1_slave", sensor);
	snprintf(second, sizeof(second), "%.100s/temperature", sensor);
	put_file(a, first, second);
}

/* ---- result files ---- */

static bool
is_later(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
						      : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

/* The name of the file that was changed last, of two at one time the later name; false: errno. */
static bool
find_newest(const struct ask *a, const char *pattern, char name[NAME_ROOM])
{
	DIR *dir = folder_way_list(&a->way);
	struct stat st, best = { 0 };
	const struct dirent *e;
	bool found = false;

	if (dir == NULL)
		return false;
	while ((e = readdir(dir)) != NULL) {
		if (fnmatch(pattern, e->d_name, FNM_PERIOD) != 0 ||
			fstatat(a->way.fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode) || strlen(e->d_name) >= NAME_ROOM ||
			strchr(e->d_name, '\n') != NULL)
			continue;
		if (found && (is_later(&best, &st) ||
				     (!is_later(&st, &best) && strcmp(e->d_name, name) < 0)))
			continue;
		best = st;
		found = true;
		text_copy(name, NAME_ROOM, e->d_name);
	}
	closedir(dir);
	errno = ENOENT;
	return found;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size && !is_later(a, b) &&
	       !is_later(b, a) && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int64_t
span_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec;
}

static void
put_result_header(
	struct ask *a, const struct stat *st, const char *name, ssize_t head, ssize_t tail)
{
	int64_t now = now_boot(), modified = span_ns(&st->st_mtim);
	char text[NAME_ROOM + 200];

	snprintf(text, sizeof(text), "result %lld %lld %zd %zd %lld %llu %lld %lld %lld %s\n",
		(long long)(now / NS_PER_MS),
		(long long)((now + now_wall_offset() - modified) / NS_PER_MS), head, tail,
		(long long)(modified / NS_PER_MS), (unsigned long long)st->st_ino % INT64_MAX,
		(long long)st->st_size, (long long)modified, (long long)span_ns(&st->st_ctim),
		name);
	put_text(a, text);
}

/* The begin and the end of an open file; 0: read, 1: it changed meanwhile, -1: errno. */
static int
put_result(struct ask *a, int fd, const char *name)
{
	char content[RESULT_HEAD + RESULT_TAIL];
	ssize_t head, tail = 0;
	struct stat before, after;

	if (fstat(fd, &before) < 0)
		return -1;
	if (before.st_size <= (off_t)sizeof(content)) {
		head = read_some(fd, content, sizeof(content));
	} else {
		head = read_some(fd, content, RESULT_HEAD);
		if (head == RESULT_HEAD && lseek(fd, before.st_size - RESULT_TAIL, SEEK_SET) >= 0)
			tail = read_some(fd, content + head, RESULT_TAIL);
	}
	if (head < 0 || tail < 0 || fstat(fd, &after) < 0)
		return -1;
	if (!is_same(&before, &after) ||
		(off_t)(head + tail) != MIN(before.st_size, (off_t)sizeof(content)))
		return 1;
	put_result_header(a, &before, name, head, tail);
	memcpy(a->out + a->n, content, (size_t)(head + tail));
	a->n += (size_t)(head + tail);
	return 0;
}

static void
put_newest(struct ask *a, const char *pattern)
{
	char name[NAME_ROOM];
	int fd = -1, rc;

	if (!find_newest(a, pattern, name) || (fd = folder_way_file(a->way.fd, name)) < 0) {
		put_failure(a, errno);
		return;
	}
	rc = put_result(a, fd, name);
	if (rc < 0)
		put_failure(a, errno);
	else if (rc > 0)
		put_text(a, "busy\n");
	close(fd);
}

/* ---- requests ---- */

/* What stands behind `word` and a blank in this line; NULL: another word. */
static const char *
argument(const char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static void
do_line(struct ask *a, const char *line)
{
	const char *arg;

	if ((arg = argument(line, "file")) != NULL)
		put_file(a, arg, NULL);
	else if ((arg = argument(line, "w1")) != NULL)
		put_w1(a, arg);
	else if ((arg = argument(line, "hwmon")) != NULL)
		put_hwmon(a, arg);
	else if ((arg = argument(line, "iio")) != NULL)
		put_iio(a, arg);
	else if ((arg = argument(line, "newest")) != NULL)
		put_newest(a, arg);
}

/* What is said about all files of the request; returns how many blocks the line stands for. */
static unsigned
look_at_line(struct ask *a, const char *line)
{
	const char *arg = argument(line, "chip");
	size_t n = arg == NULL ? 0 : strcspn(arg, " ");

	if (arg != NULL && n < sizeof(a->prefix) && arg[n] == ' ') {
		memcpy(a->prefix, arg, n);
		text_copy(a->chip, sizeof(a->chip), arg + n + 1);
		return 0;
	}
	arg = argument(line, "device");
	if (arg != NULL) {
		text_copy(a->device, sizeof(a->device), arg);
		return 0;
	}
	return argument(line, "iio") != NULL ? 3 : argument(line, "hwmon") != NULL ? 2 : 1;
}

/* The next line of a text; NULL: there is none. */
static char *
next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

static void
answer(struct ask *a, const char *lines)
{
	char copy[600], *at = copy, *line;
	unsigned blocks = 0;

	text_copy(copy, sizeof(copy), lines);
	while ((line = next_line(&at)) != NULL)
		blocks += look_at_line(a, line);
	if (blocks == 0 || blocks > BLOCKS_MAX)
		return;
	a->room = (FOLDER_FILES_MAX - TAG) / blocks - BLOCK_HEADER;
	if (a->chip[0] != '\0' && a->way.fd >= 0)
		find_chip(a);
	text_copy(copy, sizeof(copy), lines);
	for (at = copy; (line = next_line(&at)) != NULL;)
		do_line(a, line);
	if (a->place >= 0 && a->place != a->way.fd)
		close(a->place);
}

size_t
folder_files_answer(void *path, const uint8_t *request, size_t n, uint8_t *out)
{
	struct ask a = { .out = (char *)out };
	char lines[600];

	if (n <= TAG || n - TAG >= sizeof(lines))
		return 0;
	memcpy(out, request, TAG);
	a.n = TAG;
	memcpy(lines, request + TAG, n - TAG);
	lines[n - TAG] = '\0';
	a.place = folder_way_open(&a.way, path);
	a.why = errno;
	answer(&a, lines);
	folder_way_close(&a.way);
	return a.n;
}
