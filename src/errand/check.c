/* check.c - what the compiler said of a bench file, and what it changes */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "errand/errand.h"

#define LINES_MAX 500

static const char *
find(const char *text, size_t n, const char *word)
{
	return memmem(text, n, word, strlen(word));
}

/* The number in front of `end`, behind a ':'; NULL: there is none. Returns where the ':' stands. */
static const char *
number_before(const char *begin, const char *end, int64_t *out)
{
	const char *at = end;
	char digits[16];

	while (at > begin && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (at == end || at == begin || at[-1] != ':' || (size_t)(end - at) >= sizeof(digits))
		return NULL;
	memcpy(digits, at, (size_t)(end - at));
	digits[end - at] = '\0';
	return text_to_int(digits, out) ? at - 1 : NULL;
}

static void
take_line(struct said *out, const char *line, size_t n)
{
	const char *error = find(line, n, ": error: "), *warning = find(line, n, ": warning: "),
		   *at;
	const char *end = line + n, *cut;

	*out = (struct said){ .what = line, .n_what = n };
	out->is_warning = warning != NULL && (error == NULL || warning < error);
	at = out->is_warning ? warning : error;
	cut = at == NULL ? NULL : number_before(line, at, &out->column);
	cut = cut == NULL ? NULL : number_before(line, cut, &out->line);
	if (cut == NULL) {
		out->line = out->column = 0;
		out->is_warning = n > 4 && memcmp(line, "and ", 4) == 0; /* "and 12 more" */
		return;
	}
	out->file = line;
	out->n_file = (size_t)(cut - line);
	out->what = at + strlen(out->is_warning ? ": warning: " : ": error: ");
	if (end > out->what && end[-1] == ']') {
		out->code = end;
		while (out->code > out->what && out->code[-1] != '[')
			out->code--;
		out->n_code = (size_t)(end - 1 - out->code);
		end = MAX(out->code - 2, out->what);
	}
	out->n_what = (size_t)(end - out->what);
	out->remedy = find(out->what, out->n_what, "; ");
	if (out->remedy == NULL)
		return;
	out->n_what = (size_t)(out->remedy - out->what);
	out->remedy += 2;
	out->n_remedy = (size_t)(end - out->remedy);
}

bool
said_next(const char **at, const char *end, struct said *out)
{
	const char *from = *at, *lf;

	while (from != NULL && from < end && *from == '\n')
		from++;
	if (from == NULL || from >= end)
		return false;
	lf = memchr(from, '\n', (size_t)(end - from));
	*at = lf == NULL ? end : lf + 1;
	take_line(out, from, (size_t)((lf == NULL ? end : lf) - from));
	return true;
}

bool
said_path(const struct work *w, const struct said *s, char out[VERSION_PATH_MAX])
{
	char path[VERSION_PATH_MAX];

	if (s->file == NULL || s->n_file >= sizeof(path))
		return false;
	memcpy(path, s->file, s->n_file);
	path[s->n_file] = '\0';
	if (!version_absolute(out, w->folder, path))
		memcpy(out, path, s->n_file + 1);
	return true;
}

void
put_said_text(struct json *j, const struct said *s, const char *before)
{
	struct buf text = { 0 };

	json_text(j, "kind", s->is_warning ? "warning" : "error");
	buf_put(&text, before, strlen(before));
	buf_put(&text, s->what, s->n_what);
	put_text(j, "text", text.data, text.n);
	buf_done(&text);
	if (s->remedy != NULL)
		put_text(j, "remedy", s->remedy, s->n_remedy);
	else
		json_null(j, "remedy");
	if (s->code != NULL)
		put_text(j, "code", s->code, s->n_code);
	else
		json_null(j, "code");
}

static void
put_said(struct work *w, struct json *j, const struct said *s)
{
	char path[VERSION_PATH_MAX];

	json_object(j, NULL);
	if (said_path(w, s, path)) {
		put_text(j, "file", work_name(w, path), strlen(work_name(w, path)));
		json_int(j, "line", s->line);
		json_int(j, "column", s->column);
	} else {
		json_null(j, "file");
		json_null(j, "line");
		json_null(j, "column");
	}
	put_said_text(j, s, "");
	json_end(j);
}

/* Returns how many errors are among them. */
static size_t
put_all_said(struct work *w, struct json *j, const char *key, const struct buf *said)
{
	size_t n_errors = 0, n_lines = 0;
	const char *at = said->data, *end = said->data == NULL ? NULL : said->data + said->n;
	struct said s;

	json_array(j, key);
	while (n_lines++ < LINES_MAX && said_next(&at, end, &s)) {
		n_errors += !s.is_warning;
		put_said(w, j, &s);
	}
	json_end(j);
	return n_errors;
}

static unsigned
check_only(struct work *w, const struct image *img, const struct image *running,
	const struct buf *said, const struct version *now, const struct version *next)
{
	struct buf out = { 0 };
	struct json j;
	size_t n_errors;
	unsigned status;

	json_open(&j, &out);
	json_object(&j, NULL);
	n_errors = put_all_said(w, &j, "errors", said);
	json_bool(&j, "good", img != NULL && n_errors == 0);
	if (img != NULL && running != NULL)
		json_bool(&j, "needs_reason", put_changes(&j, "changes", running, img) > 0);
	else {
		json_null(&j, "changes");
		json_null(&j, "needs_reason");
	}
	put_difference(w, &j, now, "now", next, "checked");
	json_end(&j);
	buf_putc(&out, '\n');
	status = work_write(w, ERRAND_ANSWER, &out);
	buf_done(&out);
	return status;
}

unsigned
refuse_errors(struct work *w, const struct buf *said)
{
	struct buf out = { 0 };
	struct json j;
	unsigned status;

	json_open(&j, &out);
	json_object(&j, NULL);
	json_text(&j, "type", "urn:mbc:problem:bench-file-errors");
	json_text(&j, "title",
		w->sequence_path[0] != '\0' ? "The sequence has errors"
					    : "The bench file has errors");
	json_uint(&j, "status", 422);
	json_text(&j, "detail",
		w->sequence_path[0] != '\0'
			? "nothing was written; correct what stands in 'errors', and check it with "
			  "POST "
			  "/api/v1/sequences/check"
			: "nothing was written; correct what stands in 'errors', and check it with "
			  "POST "
			  "/api/v1/bench/file/check");
	put_all_said(w, &j, "errors", said);
	json_end(&j);
	buf_putc(&out, '\n');
	status = work_write(w, ERRAND_ANSWER, &out);
	buf_done(&out);
	return status != 0 ? status : 422;
}

/* Who may weaken protection says why when it waits for that, as at the command line; who may not, does not write such a file. */
static unsigned
check_protection(struct work *w, const struct image *img, const struct image *running)
{
	struct buf out = { 0 };
	struct json j;
	size_t n_weaker;

	if (running == NULL || (w->ask.may & ERRAND_MAY_PROTECT) != 0)
		return 0;
	json_open(&j, &out);
	json_object(&j, NULL);
	n_weaker = put_changes(&j, "changes", running, img);
	json_end(&j);
	buf_done(&out);
	return n_weaker == 0
		       ? 0
		       : refuse(w, 403,
				 "it weakens protection in %zu place%s, which needs the grant "
				 "'protect' for all channels; nothing was written. POST "
				 "/api/v1/bench/file/check lists them",
				 n_weaker, n_weaker == 1 ? "" : "s");
}

unsigned
step_check(struct work *w)
{
	static struct version now, next;
	struct buf said = { 0 }, bytes[2] = { { 0 }, { 0 } };
	struct image *img = work_image(w, ERRAND_IMAGE), *running = work_image(w, ERRAND_RUNNING);
	unsigned status = work_files(w, ERRAND_NOW, &bytes[0], &now);

	work_read(w, ERRAND_ERRORS, &said);
	if (status == 0)
		status = work_files(w, ERRAND_NEXT, &bytes[1], &next);
	/* Of an older version alone its own files are compared. */
	for (size_t i = 0; i < now.n && w->ask.kind == ERRAND_CHECK;) {
		if (version_find(&next, now.files[i].path) != NULL)
			i++;
		else
			now.files[i] = now.files[--now.n];
	}
	if (status == 0 && w->ask.kind == ERRAND_CHECK)
		status = check_only(w, img, running, &said, &now, &next);
	else if (status == 0 && img == NULL)
		status = refuse_errors(w, &said);
	else if (status == 0 && strcmp(image_text(img, img->bench), w->bench) != 0)
		status = refuse(w, 409,
			"the name of the bench has changed; stop and start it at this computer to "
			"rename it, or leave it");
	else if (status == 0 && running != NULL && put_programs(NULL, NULL, running, img) > 0)
		status = refuse(w, 403,
			"it has a program started ('helper:') that the bench does not start now; "
			"that "
			"is done at this computer: edit the file there, then 'mbc reload'. Nothing "
			"was written");
	else if (status == 0)
		status = check_protection(w, img, running);
	free(img);
	free(running);
	buf_done(&said);
	buf_done(&bytes[0]);
	buf_done(&bytes[1]);
	return status;
}
