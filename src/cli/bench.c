/* bench.c - mbc bench: the versions of a bench file, their differences, and the way back to one of them
 *
 * The versions are in the folder of state, where the supervisor keeps each file that it takes up; the bench need not run. What changes between two of them
 * is shown as text, and in its meaning: both are compiled in a folder of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diff.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/which.h"
#include "control/change.h"
#include "io/place.h"
#include "io/sock.h"
#include "io/versions.h"
#include "msg/event.h"

#define PATH_BYTES (2 * VERSION_PATH_MAX + 32)
#define LEVELS_MAX 16 /* folders above that of the bench file */

struct kept {
	unsigned number; /* 0: as the files are now */
	struct buf bytes, paths;
	struct version v;
	char name[64];
};

struct bench_of {
	struct args *args;
	char name[64], state[PLACE_MAX];
	unsigned *all;
	size_t n;
	unsigned ran; /* what runs, or ran last */
};

/* ---- which -------------------------------------------------------------------------------------------------------------- */

static int
find(struct bench_of *b, struct args *args)
{
	struct err err;
	int code = which_bench(args, b->name, sizeof(b->name));

	b->args = args;
	if (code != CLI_GOOD)
		return code;
	if (place_state_path(b->state, b->name, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	b->all = mem_zero(2 * VERSIONS_KEPT, sizeof(*b->all));
	b->n = versions_list(b->state, b->all);
	b->ran = versions_ran(b->state, 0);
	if (b->ran == 0 && b->n > 0)
		b->ran = b->all[b->n - 1];
	if (b->n > 0)
		return CLI_GOOD;
	return cli_say(args, CLI_WRONG,
		"no version of the bench file of '%s' is kept here, or this user may not read it; "
		"each is kept when it is taken up ('mbc run', 'mbc reload')",
		b->name);
}

static void
forget(struct kept *k)
{
	if (k == NULL)
		return;
	buf_done(&k->bytes);
	buf_done(&k->paths);
	free(k);
}

/* NULL: that was told. */
static struct kept *
load(const struct bench_of *b, unsigned number)
{
	struct kept *k = mem_zero(1, sizeof(*k));
	struct err err;

	k->number = number;
	snprintf(k->name, sizeof(k->name), "version %u", number);
	if (versions_read(b->state, number, &k->bytes, &k->v, &err) == 0)
		return k;
	cli_say(b->args, 0, "%s; 'mbc bench versions' lists what there is", err.msg);
	forget(k);
	return NULL;
}

static void
path_in(char out[PATH_BYTES], const char *bench_path, const char *path)
{
	const char *slash = strrchr(bench_path, '/');

	if (path[0] == '/')
		snprintf(out, PATH_BYTES, "%s", path);
	else
		snprintf(
			out, PATH_BYTES, "%.*s%s", (int)(slash + 1 - bench_path), bench_path, path);
}

static bool
read_now(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		st.st_size <= (off_t)VERSION_BYTES_MAX)
		while ((n = read(fd, buf_room(out, 65536), 65536)) > 0 &&
			out->n < VERSION_BYTES_MAX)
			out->n += (size_t)n;
	if (fd >= 0)
		close(fd);
	return n == 0;
}

/* The files as they are now, those that `like` has; one that is gone is left out. */
static struct kept *
load_now(const struct kept *like)
{
	struct kept *k = mem_zero(1, sizeof(*k));
	size_t at[VERSION_FILES_MAX];

	snprintf(k->name, sizeof(k->name), "now");
	k->v.path = like->v.path;
	k->v.bench = like->v.bench;
	for (size_t i = 0; i < like->v.n; i++) {
		char path[PATH_BYTES];
		size_t begin = k->bytes.n;

		path_in(path, like->v.path, like->v.files[i].path);
		if (!read_now(path, &k->bytes)) {
			k->bytes.n = begin;
			continue;
		}
		at[k->v.n] = begin;
		k->v.files[k->v.n++] = (struct version_file){ .path = like->v.files[i].path,
			.n = k->bytes.n - begin };
	}
	for (size_t i = 0; i < k->v.n; i++)
		k->v.files[i].bytes = k->bytes.data + at[i];
	return k;
}

static int
take_number(const struct bench_of *b, const char *word, unsigned *out)
{
	int64_t n;

	if (text_to_int(word, &n) && n > 0 && n <= (int64_t)VERSIONS_NUMBER_MAX) {
		*out = (unsigned)n;
		return CLI_GOOD;
	}
	return cli_say(b->args, CLI_WRONG,
		"'%s' is not the number of a version; 'mbc bench versions' lists them", word);
}

/* ---- versions, show ----------------------------------------------------------------------------------------------------- */

static void
show_line(const struct kept *k, bool has_run_last)
{
	char text[CLOCK_TEXT_SIZE] = "";
	struct tm when;
	int64_t at;
	time_t s;

	if (clock_parse(k->v.time, &at)) {
		s = (time_t)(at / NS_PER_S);
		localtime_r(&s, &when);
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &when);
	}
	printf("%6u  %-19s  %-12s  %.12s  %s%s", k->number, text, k->v.who, k->v.hash, k->v.path,
		has_run_last ? "  (the newest)" : "");
	if (k->v.n > 1)
		printf("  and %zu other file%s", k->v.n - 1, k->v.n > 2 ? "s" : "");
	putchar('\n');
}

static void
show_json(const struct kept *k)
{
	struct buf line = { 0 };
	struct json j;

	json_open(&j, &line);
	json_object(&j, NULL);
	json_uint(&j, "version", k->number);
	json_text(&j, "time", k->v.time);
	json_text(&j, "who", k->v.who);
	json_text(&j, "hash", k->v.hash);
	json_text(&j, "path", k->v.path);
	json_uint(&j, "files", k->v.n);
	json_end(&j);
	puts(buf_text(&line));
	buf_done(&line);
}

static int
versions(struct bench_of *b)
{
	bool is_json = args_option(b->args, "--json", NULL);
	int code = CLI_GOOD;

	if (args_count(b->args, 0, 0) != 0)
		return CLI_WRONG;
	for (size_t i = 0; i < b->n; i++) {
		struct kept *k = load(b, b->all[i]);

		if (k == NULL)
			code = CLI_FAILED;
		else if (is_json)
			show_json(k);
		else
			show_line(k, k->number == b->ran);
		forget(k);
	}
	return code;
}

static int
show(struct bench_of *b)
{
	const struct version_file *file;
	struct kept *k;
	unsigned number = 0;
	int code = CLI_GOOD;

	if (args_count(b->args, 1, 2) != 0 || take_number(b, b->args->at[0], &number) != CLI_GOOD)
		return CLI_WRONG;
	k = load(b, number);
	if (k == NULL)
		return CLI_WRONG;
	file = b->args->n == 2 ? version_find(&k->v, b->args->at[1]) : &k->v.files[0];
	if (file != NULL) {
		fwrite(file->bytes, 1, file->n, stdout);
	} else {
		code = cli_say(b->args, CLI_WRONG, "version %u has no file '%s'; it has:", number,
			b->args->at[1]);
		for (size_t i = 0; i < k->v.n; i++)
			fprintf(stderr, "  %s\n", k->v.files[i].path);
	}
	forget(k);
	return code;
}

/* ---- diff --------------------------------------------------------------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

/* Make the folders of a path below `root`. */
static bool
make_folders(char *path, size_t root)
{
	for (char *at = path + root; (at = strchr(at, '/')) != NULL; *at++ = '/') {
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*at = '/';
			return false;
		}
	}
	return true;
}

static bool
write_file(const char *path, const struct version_file *file)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool is_good = fd >= 0 && write(fd, file->bytes, file->n) == (ssize_t)file->n;

	if (fd >= 0)
		close(fd);
	return is_good;
}

/* The folder of the bench file stands so deep that "../" leads to folders of ours. */
static bool
lay_out(const struct kept *k, const char *root, char bench[PATH_BYTES])
{
	for (size_t i = 0; i < k->v.n; i++) {
		char path[PATH_BYTES], *out = i == 0 ? bench : path;
		const char *rest = k->v.files[i].path;
		size_t up = 0;

		for (; strncmp(rest, "../", 3) == 0; rest += 3)
			up++;
		if (up > LEVELS_MAX || !version_is_below(rest)) {
			if (i == 0)
				return false;
			continue; /* from "/" on: it is read where it is */
		}
		snprintf(out, PATH_BYTES, "%s/", root);
		for (size_t level = LEVELS_MAX; level > up; level--)
			snprintf(out + strlen(out), PATH_BYTES - strlen(out), "%zu/", level);
		snprintf(out + strlen(out), PATH_BYTES - strlen(out), "%s", rest);
		if (!make_folders(out, strlen(root) + 1) || !write_file(out, &k->v.files[i]))
			return false;
	}
	return true;
}

static struct image *
compile(const struct bench_of *b, const struct kept *k)
{
	const char *tmp = getenv("TMPDIR");
	char root[VERSION_PATH_MAX / 2], bench[PATH_BYTES] = "";
	struct image *img = NULL;
	int code;

	snprintf(root, sizeof(root), "%s/mbc-bench-XXXXXX",
		tmp == NULL || strlen(tmp) > 180 ? "/tmp" : tmp);
	if (mkdtemp(root) == NULL) {
		cli_say(b->args, 0, "making '%s': %s; set TMPDIR to another folder", root,
			strerror(errno));
		return NULL;
	}
	if (k->v.n > 0 && lay_out(k, root, bench))
		img = cli_compile(b->args, bench, NULL, &code);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return img;
}

static const struct image_channel *
find_channel(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->channels.n; i++)
		if (strcmp(image_text(img, image_channel_at(img, i)->name), name) == 0)
			return image_channel_at(img, i);
	return NULL;
}

/* Channels that one has and the other has not, and those with another unit or title. */
static unsigned
tell_channels(const struct image *was, const struct image *is)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < was->channels.n; i++) {
		const struct image_channel *a = image_channel_at(was, i), *c;
		const char *name = image_text(was, a->name);

		c = find_channel(is, name);
		if (c == NULL)
			printf("channel '%s' is gone\n", name);
		else if (strcmp(image_text(was, a->unit), image_text(is, c->unit)) != 0)
			printf("unit of channel '%s': %s -> %s\n", name, image_text(was, a->unit),
				image_text(is, c->unit));
		else
			continue;
		n++;
	}
	for (uint32_t i = 0; i < is->channels.n; i++) {
		const char *name = image_text(is, image_channel_at(is, i)->name);

		if (find_channel(was, name) == NULL && ++n > 0)
			printf("channel '%s' is new\n", name);
	}
	return n;
}

static void
tell_meaning(const struct bench_of *b, const struct kept *from, const struct kept *to)
{
	struct image *was = compile(b, from), *is = was == NULL ? NULL : compile(b, to);
	struct change_count count;
	struct buf list = { 0 };
	unsigned n;

	puts("");
	if (is == NULL) {
		printf("%s cannot be compiled: what it means cannot be told\n",
			was == NULL ? from->name : to->name);
	} else {
		puts("In its meaning:");
		n = tell_channels(was, is);
		n += (unsigned)change_list(was, is, &list, &count);
		printf("%s", buf_text(&list));
		if (n == 0)
			puts("channels and protection are the same");
		else if (count.weaker > 0)
			puts("it weakens protection: to take it up needs a reason");
	}
	buf_done(&list);
	free(was);
	free(is);
}

static bool
tell_file(const struct kept *from, const struct kept *to, const char *path)
{
	const struct version_file *was = version_find(&from->v, path),
				  *is = version_find(&to->v, path);
	char names[2][PATH_BYTES + 64];
	struct buf out = { 0 };
	bool differs;

	snprintf(names[0], sizeof(names[0]), "%s  %s%s", path, from->name,
		was == NULL ? ", which has no such file" : "");
	snprintf(names[1], sizeof(names[1]), "%s  %s%s", path, to->name,
		is == NULL ? ", which has no such file" : "");
	differs = diff_unified(&out, names[0], was == NULL ? "" : was->bytes,
		was == NULL ? 0 : was->n, names[1], is == NULL ? "" : is->bytes,
		is == NULL ? 0 : is->n);
	fwrite(buf_text(&out), 1, out.n, stdout);
	buf_done(&out);
	return differs;
}

static int
tell_diff(const struct bench_of *b, const struct kept *from, const struct kept *to)
{
	unsigned n = 0;

	for (size_t i = 0; i < from->v.n; i++)
		n += tell_file(from, to, from->v.files[i].path);
	for (size_t i = 0; i < to->v.n; i++)
		if (version_find(&from->v, to->v.files[i].path) == NULL)
			n += tell_file(from, to, to->v.files[i].path);
	if (n == 0)
		printf("%s and %s are the same\n", from->name, to->name);
	else
		tell_meaning(b, from, to);
	return CLI_GOOD;
}

static int
diff(struct bench_of *b)
{
	unsigned from = b->ran, to = 0;
	struct kept *was, *is;
	int code = CLI_FAILED;

	if (args_count(b->args, 0, 2) != 0)
		return CLI_WRONG;
	if ((b->args->n > 0 && take_number(b, b->args->at[0], &from) != CLI_GOOD) ||
		(b->args->n > 1 && take_number(b, b->args->at[1], &to) != CLI_GOOD))
		return CLI_WRONG;
	was = load(b, from);
	is = was == NULL ? NULL : to == 0 ? load_now(was) : load(b, to);
	if (is != NULL)
		code = tell_diff(b, was, is);
	forget(was);
	forget(is);
	return is == NULL ? CLI_WRONG : code;
}

/* ---- undo --------------------------------------------------------------------------------------------------------------- */

static bool
is_as_now(const struct kept *k)
{
	struct kept *now = load_now(k);
	bool is_same = now->v.n == k->v.n;

	for (size_t i = 0; is_same && i < k->v.n; i++)
		is_same = now->v.files[i].n == k->v.files[i].n &&
			  memcmp(now->v.files[i].bytes, k->v.files[i].bytes, k->v.files[i].n) == 0;
	forget(now);
	return is_same;
}

/* What is there now and never ran becomes a version before it is overwritten. */
static int
keep_now(const struct bench_of *b)
{
	struct kept *newest = load(b, b->all[b->n - 1]), *now;
	char when[CLOCK_TEXT_SIZE], part[32];
	struct err err;
	int rc;

	if (newest == NULL)
		return CLI_FAILED;
	now = load_now(newest);
	if (is_as_now(newest) || now->v.n == 0) {
		forget(now);
		forget(newest);
		return CLI_GOOD;
	}
	clock_text(when, (int64_t)time(NULL) * NS_PER_S);
	now->v.time = when;
	now->v.who = VERSIONS_NEVER_RAN;
	snprintf(part, sizeof(part), "undo-%d", (int)getpid());
	rc = versions_write(b->state, part, &now->v, &err);
	if (rc == 1)
		rc = versions_name(b->state, part, &err);
	if (rc > 0)
		printf("the file as it was is kept as version %d\n", rc);
	forget(now);
	forget(newest);
	return rc < 0 ? cli_say(b->args, CLI_FAILED,
				"the present file cannot be kept (%s), so nothing is changed; free "
				"some room",
				err.msg)
		      : CLI_GOOD;
}

/* Beside the file that is there, with its owner and rights; no link is followed: who made it may choose what is overwritten. */
static int
prepare_file(const struct bench_of *b, const struct kept *k, size_t i)
{
	char path[PATH_BYTES], part[PATH_BYTES + 8];
	struct stat st = { .st_mode = 0644 };
	bool is_there, is_good;
	int fd;

	path_in(path, k->v.path, k->v.files[i].path);
	snprintf(part, sizeof(part), "%s.part", path);
	is_there = lstat(path, &st) == 0;
	if (is_there && !S_ISREG(st.st_mode))
		return cli_say(b->args, CLI_WRONG,
			"'%s' is a link, or no file; put it back by hand: mbc bench show %u %s",
			path, k->number, k->v.files[i].path);
	unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	is_good = fd >= 0 &&
		  write(fd, k->v.files[i].bytes, k->v.files[i].n) == (ssize_t)k->v.files[i].n &&
		  (!is_there || fchown(fd, st.st_uid, st.st_gid) == 0 || geteuid() != 0) &&
		  fchmod(fd, st.st_mode & 0777) == 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (is_good)
		return CLI_GOOD;
	cli_say(b->args, 0, "writing '%s': %s; nothing is changed", part, strerror(errno));
	unlink(part);
	return CLI_FAILED;
}

static void
sync_folder_of(const char *path)
{
	char folder[PATH_BYTES];
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	fd = open(folder[0] == '\0' ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!fsync(fd);
	close(fd);
}

/* All are written beside, then each gets its name in one step, the bench file last. */
static int
write_back(const struct bench_of *b, const struct kept *k)
{
	struct kept *now = load_now(k);
	bool changes[VERSION_FILES_MAX];
	int code = CLI_GOOD;

	for (size_t i = 0; i < k->v.n; i++) {
		const struct version_file *is = version_find(&now->v, k->v.files[i].path);

		changes[i] = is == NULL || is->n != k->v.files[i].n ||
			     memcmp(is->bytes, k->v.files[i].bytes, is->n) != 0;
		if (changes[i] && !version_is_below(k->v.files[i].path))
			code = cli_say(b->args, CLI_WRONG,
				"'%s' has changed too, and is not in the folder of the bench file: "
				"others may use it. Put it back by hand, then again: mbc bench "
				"show %u %s",
				k->v.files[i].path, k->number, k->v.files[i].path);
	}
	for (size_t i = 0; code == CLI_GOOD && i < k->v.n; i++)
		if (changes[i])
			code = prepare_file(b, k, i);
	for (size_t i = k->v.n; i-- > 0;) {
		char path[PATH_BYTES], part[PATH_BYTES + 8];

		if (!changes[i] || !version_is_below(k->v.files[i].path))
			continue;
		path_in(path, k->v.path, k->v.files[i].path);
		snprintf(part, sizeof(part), "%s.part", path);
		if (code != CLI_GOOD) {
			unlink(part);
			continue;
		}
		if (rename(part, path) < 0)
			code = cli_say(
				b->args, CLI_FAILED, "writing '%s': %s", path, strerror(errno));
		sync_folder_of(path);
	}
	forget(now);
	return code;
}

/* Does it run? Then it reads the file that was put back. */
static int
reload(struct bench_of *b)
{
	char path[PLACE_MAX];
	struct err err;
	int fd = place_socket(path, b->name, &err) < 0 ? -1 : sock_connect(path, NULL);

	if (fd < 0) {
		puts("the bench does not run; the next start takes it up");
		return CLI_GOOD;
	}
	close(fd);
	b->args->bench = b->name;
	return cli_reload(b->args);
}

/* Was its file where that of the newest is? Else it is written nowhere: another bench may be there now. */
static bool
is_here(const struct bench_of *b, const struct kept *k)
{
	struct kept *newest = load(b, b->all[b->n - 1]);
	bool is_same = newest != NULL && strcmp(newest->v.path, k->v.path) == 0;

	if (newest != NULL && !is_same)
		cli_say(b->args, 0,
			"version %u was '%s', and the bench file is '%s' now; put it back by hand: "
			"mbc bench show %u",
			k->number, k->v.path, newest->v.path, k->number);
	forget(newest);
	return is_same;
}

static int
undo(struct bench_of *b)
{
	const char *reason = NULL;
	bool has_reason = args_option(b->args, "--reason", &reason);
	char words[2][EVENT_TEXT] = { "--reason" }, *at[] = { words[0], words[1] };
	unsigned number = b->ran, before = versions_ran(b->state, b->ran);
	struct kept *k;
	int code;

	if (args_count(b->args, 0, 1) != 0 ||
		(b->args->n == 1 && take_number(b, b->args->at[0], &number) != CLI_GOOD))
		return CLI_WRONG;
	if (has_reason && !text_copy(words[1], sizeof(words[1]), reason))
		return cli_say(b->args, CLI_WRONG, "--reason is too long");
	k = load(b, number);
	/* Back from what runs, when the file is that; else back to what runs. */
	if (k != NULL && b->args->n == 0 && before != 0 && is_as_now(k)) {
		number = before;
		forget(k);
		k = load(b, number);
	}
	if (k == NULL || !is_here(b, k)) {
		forget(k);
		return CLI_WRONG;
	}
	if (is_as_now(k)) {
		printf("the bench file is as version %u\n", number);
		code = CLI_GOOD;
	} else {
		code = keep_now(b);
		if (code == CLI_GOOD)
			code = write_back(b, k);
		if (code == CLI_GOOD)
			printf("'%s' is as in version %u again\n", k->v.path, number);
	}
	forget(k);
	if (code != CLI_GOOD)
		return code;
	b->args->n = has_reason ? 2 : 0;
	b->args->at = at;
	return reload(b);
}

int
cli_bench(struct args *args)
{
	static const struct {
		const char *name;
		int (*run)(struct bench_of *b);
	} verbs[] = { { "versions", versions }, { "show", show }, { "diff", diff },
		{ "undo", undo } };
	struct bench_of b = { .all = NULL };
	int code = CLI_WRONG;

	for (size_t i = 0; args->n > 0 && i < NELEM(verbs); i++) {
		if (strcmp(args->at[0], verbs[i].name) != 0)
			continue;
		args->at++;
		args->n--;
		code = find(&b, args);
		if (code == CLI_GOOD)
			code = verbs[i].run(&b);
		free(b.all);
		return code;
	}
	return cli_say(args, code, "usage: mbc bench %s", args->command->usage);
}
