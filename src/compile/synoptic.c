/* synoptic.c - `synoptic:`, a drawing of the laboratory as SVG beside the bench file; the page binds it to channels
 *
 * It travels in the image, so it is kept with each version of the bench. A drawing that cannot be had keeps no bench from running.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "compile/source.h"

#define SYNOPTIC_MAX (256u << 10)

/* No way out of the folder of the bench file: what it names is shown to people. */
static bool
is_beside(const char *path)
{
	return path[0] != '\0' && path[0] != '/' && strstr(path, "..") == NULL &&
	       strlen(path) < 256 && path[strcspn(path, "\n\r\\")] == '\0';
}

/* Beside the file that names it: another one may extend that. */
static const char *
join(struct bench *b, const struct node *n, const char *name)
{
	const char *from = n->at.file < b->diag.n_files ? b->diag.files[n->at.file] : b->path;
	const char *slash = strrchr(from, '/');
	size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - from);
	char *out = tree_alloc(&b->tree, folder + strlen(name) + 1);

	memcpy(out, from, folder);
	memcpy(out + folder, name, strlen(name) + 1);
	return out;
}

static void
take(struct bench *b, const struct node *n, const char *path, const struct buf *bytes)
{
	const char *data = (const char *)bytes->data;

	if (bytes->n > SYNOPTIC_MAX)
		diag_warn(&b->diag, n->at, "synoptic",
			"'%.80s' has over 256 kB and is not shown; draw it simpler, or without "
			"pictures",
			path);
	else if (bytes->n == 0 || memchr(data, '\0', bytes->n) != NULL ||
		 text_utf8(data, bytes->n) != bytes->n)
		diag_warn(&b->diag, n->at, "synoptic",
			"'%.80s' is no SVG in UTF-8 and is not shown; save it as plain SVG", path);
	else
		b->synoptic = tree_text(&b->tree, data, bytes->n);
}

void
synoptic_read(struct bench *b, const struct node *n)
{
	const char *name = n == NULL ? NULL : read_text(b, n), *path;
	struct buf bytes = { 0 };
	struct stat st;
	uint64_t key[2];
	struct err err;

	if (name == NULL)
		return;
	if (!is_beside(name)) {
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.80s' is no file beside the bench file; put it there and write its "
			"name: synoptic: bench.svg",
			name);
		return;
	}
	path = join(b, n, name);
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		diag_warn(&b->diag, n->at, "synoptic",
			"'%.80s' is no file beside the bench file, so no drawing is shown; put it "
			"there (a link is not followed)",
			name);
		return;
	}
	if (source_read(path, &bytes, key, &err) < 0)
		diag_warn(&b->diag, n->at, "synoptic", "no drawing is shown: %s", err.msg);
	else
		take(b, n, name, &bytes);
	buf_done(&bytes);
}
