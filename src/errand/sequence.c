/* sequence.c - the text of a sequence: put in its place among the files of the bench, judged there
 *
 * It stands beside the sequences that the bench has: what it includes is looked for there, and there it is written. Nothing else can be: a name is no path.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "errand/errand.h"

#define LINES_MAX 500
#define TREE_MAX (8u << 20)

/* ---- its place ---------------------------------------------------------------------------------------------------------- */

static bool
has_end(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);

	return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* Letters, digits, - and _ before ".seq". */
static bool
is_plain(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n <= 64 && strcmp(name + n, ".seq") == 0;
}

/* Does the bench have a sequence in the folder of this one? */
static bool
is_beside(const struct version *parts, const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path) + 1;

	for (size_t i = 0; i < parts->n; i++)
		if (has_end(parts->files[i].path, ".seq") &&
			strncmp(parts->files[i].path, path, n) == 0 &&
			strchr(parts->files[i].path + n, '/') == NULL)
			return true;
	return false;
}

/* Whoever made a link in the way may choose what is written. */
static unsigned
check_folders(struct work *w)
{
	char path[VERSION_PATH_MAX];
	size_t n = strlen(w->parent);
	struct stat st;

	while (strchr(w->sequence_path + n + 1, '/') != NULL) {
		n += 1 + strcspn(w->sequence_path + n + 1, "/");
		memcpy(path, w->sequence_path, n);
		path[n] = '\0';
		if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
			return refuse(w, 409,
				"'%s' is a link, or no folder, and nothing is written there from "
				"here; "
				"edit "
				"what it leads to at this computer, then 'mbc reload'",
				work_name(w, path));
	}
	return 0;
}

static unsigned
check_digest(struct work *w, bool is_there, const struct buf *now)
{
	char hash[SHA256_HEX + 1];

	if (!is_there && w->ask.sha256[0] == '\0')
		return 0;
	if (!is_there)
		return refuse(w, 409,
			"'%s' is not there any more; save it under this name as a new one, without "
			"'sha256'",
			w->ask.name);
	sha256_hex(hash, now->data, now->n);
	if (strcmp(hash, w->ask.sha256) == 0)
		return 0;
	return w->ask.sha256[0] == '\0'
		       ? refuse(w, 409,
				 "there is a sequence '%s' already; choose another name, or read "
				 "that "
				 "one first",
				 w->ask.name)
		       : refuse(w, 409,
				 "'%s' is another one by now: somebody has written it since it was "
				 "read; "
				 "read it again, and bring your changes into that one",
				 w->ask.name);
}

static unsigned
check_name(struct work *w, const struct version *parts)
{
	const char *name = work_name(w, w->sequence_path);

	if (strcmp(name, w->ask.name) != 0 || name == w->sequence_path || !has_end(name, ".seq") ||
		(!is_plain(strrchr(w->sequence_path, '/') + 1) &&
			version_find(parts, w->sequence_path) == NULL))
		return refuse(w, 404,
			"part: a sequence of this bench, as 'parts' of /api/v1/bench/file names "
			"it, "
			"or a "
			"new one beside those, its name of letters, digits, - and _ before '.seq'");
	if (!is_beside(parts, w->sequence_path))
		return refuse(w, 409,
			"the bench has no sequence yet, and where they belong is not known; write "
			"the "
			"first one at this computer, then 'mbc reload'");
	return 0;
}

/* May it be written there? now: what is there. */
static unsigned
check_all(
	struct work *w, const struct version *parts, bool is_there, int sys, const struct buf *now)
{
	unsigned status = check_name(w, parts);

	if (status == 0)
		status = check_folders(w);
	if (status == 0)
		status = check_place(w, w->sequence_path);
	if (status == 0 && !is_there && sys != ENOENT)
		return refuse(w, 503, "'%s' cannot be read: %s; look at it at this computer",
			w->ask.name, strerror(sys));
	return status == 0 ? check_digest(w, is_there, now) : status;
}

unsigned
step_place(struct work *w)
{
	static struct version parts;
	struct version first = { .n = 2,
		.files = { { .path = w->path }, { .path = w->sequence_path } } };
	struct buf bytes = { 0 }, paths = { 0 }, bench = { 0 }, was = { 0 }, text = { 0 },
		   all = { 0 };
	unsigned status = list_parts(w, &bytes, &parts, &paths);
	bool is_there = false;
	int sys = 0;

	if (status == 0 && !work_load(w->path, &bench))
		status = refuse(w, 503,
			"the bench file cannot be read: %s; look at it at this computer",
			strerror(errno));
	if (status == 0 && w->ask.kind == ERRAND_SEQUENCE_PUT) {
		is_there = work_load(w->sequence_path, &was);
		sys = is_there ? 0 : errno;
		status = check_all(w, &parts, is_there, sys, &was);
	}
	work_read(w, ERRAND_TEXT, &text);
	if (status == 0 && text.n > ERRAND_SEQUENCE_MAX)
		status = refuse(w, 413, "a sequence has at most 256 kB; split it with 'include'");
	if (status == 0) {
		version_entry(&all, w->path, bench.data, bench.n);
		if (is_there)
			version_entry(&all, w->sequence_path, was.data, was.n);
		add_now(&all, &parts, &first);
		status = work_write(w, ERRAND_NOW, &all);
	}
	if (status == 0) {
		buf_clear(&all);
		version_entry(&all, w->path, bench.data, bench.n);
		version_entry(&all, w->sequence_path, text.data, text.n);
		add_now(&all, &parts, &first);
		status = work_write(w, ERRAND_NEXT, &all);
	}
	buf_done(&bytes);
	buf_done(&paths);
	buf_done(&bench);
	buf_done(&was);
	buf_done(&text);
	buf_done(&all);
	return status;
}

/* ---- what is said of it --------------------------------------------------------------------------------------------------- */

/* What is wrong in another file is told at the beginning, and its words only to who may read that file. */
static void
put_one(struct work *w, struct json *j, const struct said *s)
{
	static const char closed[] = "this file has errors; who may configure the bench sees them";
	char path[VERSION_PATH_MAX];
	struct buf before = { 0 };
	struct said told = *s;
	bool is_ours = said_path(w, s, path) && strcmp(path, w->sequence_path) == 0;

	json_object(j, NULL);
	json_int(j, "line", is_ours ? MAX(s->line, 1) : 1);
	json_int(j, "column", is_ours ? MAX(s->column, 1) : 1);
	if (!is_ours && s->file != NULL)
		buf_printf(&before, "%s:%lld: ", work_name(w, path), (long long)s->line);
	if (!is_ours && s->file != NULL && (w->ask.may & ERRAND_MAY_READ) == 0) {
		told.what = closed;
		told.n_what = strlen(closed);
		told.remedy = NULL;
	}
	put_said_text(j, &told, buf_text(&before));
	json_end(j);
	buf_done(&before);
}

static unsigned
tell(struct work *w, const struct buf *said)
{
	const char *at = said->data, *end = said->data == NULL ? NULL : said->data + said->n;
	struct buf tree = { 0 }, out = { 0 };
	size_t n = 0;
	struct json j;
	struct said s;
	unsigned status;

	work_read(w, ERRAND_IMAGE, &tree);
	json_open(&j, &out);
	json_object(&j, NULL);
	json_array(&j, "errors");
	while (n++ < LINES_MAX && said_next(&at, end, &s))
		put_one(w, &j, &s);
	json_end(&j);
	if (tree.n > 0 && tree.n < TREE_MAX && tree.data[0] == '{' && is_text(tree.data, tree.n))
		json_raw(&j, "tree", buf_text(&tree));
	else
		json_null(&j, "tree");
	json_end(&j);
	buf_putc(&out, '\n');
	status = work_write(w, ERRAND_ANSWER, &out);
	buf_done(&tree);
	buf_done(&out);
	return status;
}

static bool
has_errors(const struct buf *said)
{
	const char *at = said->data, *end = said->data == NULL ? NULL : said->data + said->n;
	struct said s;

	while (said_next(&at, end, &s))
		if (!s.is_warning)
			return true;
	return false;
}

unsigned
step_sequence(struct work *w)
{
	struct buf said = { 0 };
	unsigned status;

	work_read(w, ERRAND_ERRORS, &said);
	if (w->ask.kind == ERRAND_SEQUENCE_CHECK)
		status = tell(w, &said);
	else
		status = has_errors(&said) ? refuse_errors(w, &said) : 0;
	buf_done(&said);
	return status;
}
