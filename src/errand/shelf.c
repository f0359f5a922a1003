/* shelf.c - versions of the bench file: listed, shown, compared, picked */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "errand/errand.h"
#include "io/versions.h"

/* Its files with paths from "/" on, into a memory. */
static unsigned
lay_out(struct work *w, unsigned number, enum errand_memory which, bool must_be_here)
{
	static struct version v;
	struct buf bytes = { 0 }, out = { 0 };
	struct err err;
	char parent[VERSION_PATH_MAX], path[VERSION_PATH_MAX];
	unsigned status = 0;

	if (versions_read(w->state, number, &bytes, &v, &err) < 0)
		status = refuse(w, 404,
			"version %u: %.200s; /api/v1/bench/versions lists what there is", number,
			err.msg);
	else if (must_be_here && strcmp(v.path, w->path) != 0)
		status = refuse(w, 409,
			"the bench file of version %u stood elsewhere; put it back at this "
			"computer: "
			"mbc bench show %u",
			number, number);
	if (status == 0 && v.path[0] == '/') {
		snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(v.path, '/') - v.path),
			v.path);
		for (size_t i = 0; i < v.n; i++)
			if (version_absolute(
				    path, parent[0] == '\0' ? "/" : parent, v.files[i].path))
				version_entry(&out, path, v.files[i].bytes, v.files[i].n);
		status = work_write(w, which, &out);
	}
	buf_done(&bytes);
	buf_done(&out);
	return status;
}

unsigned
step_pick(struct work *w)
{
	unsigned other = w->ask.other == 0 ? versions_ran(w->state, 0) : w->ask.other, status;

	status = lay_out(w, w->ask.number, ERRAND_NEXT, w->ask.kind == ERRAND_UNDO);
	if (status == 0 && w->ask.kind == ERRAND_DIFF)
		status = lay_out(w, other, ERRAND_OTHER, false);
	return status;
}

static void
put_head(struct json *j, unsigned number, const struct version *v)
{
	json_uint(j, "version", number);
	put_text(j, "time", v->time, strlen(v->time));
	put_text(j, "who", v->who, strlen(v->who));
	json_text(j, "hash", v->hash);
	put_text(j, "path", v->path, strlen(v->path));
}

static unsigned
show_one(struct work *w)
{
	static struct version v;
	struct buf bytes = { 0 }, out = { 0 };
	struct json j;
	struct err err;
	unsigned status;

	if (versions_read(w->state, w->ask.number, &bytes, &v, &err) < 0) {
		buf_done(&bytes);
		return refuse(w, 404,
			"version %u: %.200s; /api/v1/bench/versions lists what there is",
			w->ask.number, err.msg);
	}
	json_open(&j, &out);
	json_object(&j, NULL);
	put_head(&j, w->ask.number, &v);
	json_array(&j, "files");
	for (size_t i = 0; i < v.n; i++) {
		json_object(&j, NULL);
		put_text(&j, "path", v.files[i].path, strlen(v.files[i].path));
		put_text(&j, "text", v.files[i].bytes, v.files[i].n);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	buf_putc(&out, '\n');
	status = work_write(w, ERRAND_ANSWER, &out);
	buf_done(&bytes);
	buf_done(&out);
	return status;
}

unsigned
step_versions(struct work *w)
{
	static struct version v;
	unsigned *all, ran, status;
	struct buf out = { 0 };
	struct json j;
	size_t n;

	if (w->ask.kind == ERRAND_VERSION)
		return show_one(w);
	all = mem_zero(2 * VERSIONS_KEPT, sizeof(*all));
	n = versions_list(w->state, all);
	ran = versions_ran(w->state, 0);
	json_open(&j, &out);
	json_object(&j, NULL);
	json_array(&j, "versions");
	while (n-- > 0) {
		struct buf bytes = { 0 };
		struct err err;

		if (versions_read(w->state, all[n], &bytes, &v, &err) == 0) {
			json_object(&j, NULL);
			put_head(&j, all[n], &v);
			json_uint(&j, "files", v.n);
			json_bool(&j, "runs", all[n] == ran);
			json_bool(&j, "never_ran", strcmp(v.who, VERSIONS_NEVER_RAN) == 0);
			json_end(&j);
		}
		buf_done(&bytes);
	}
	json_end(&j);
	json_end(&j);
	buf_putc(&out, '\n');
	status = work_write(w, ERRAND_ANSWER, &out);
	buf_done(&out);
	free(all);
	return status;
}

unsigned
step_diff(struct work *w)
{
	static struct version from, to;
	struct buf bytes[2] = { { 0 }, { 0 } }, out = { 0 };
	struct image *was = work_image(w, ERRAND_IMAGE), *is = work_image(w, ERRAND_OTHER_IMAGE);
	unsigned status = work_files(w, ERRAND_NEXT, &bytes[0], &from);
	char names[2][32];
	struct json j;

	if (status == 0)
		status = work_files(w, ERRAND_OTHER, &bytes[1], &to);
	if (status == 0) {
		snprintf(names[0], sizeof(names[0]), "version %u", w->ask.number);
		snprintf(names[1], sizeof(names[1]), "version %u", w->ask.other);
		if (w->ask.other == 0)
			snprintf(names[1], sizeof(names[1]), "as it runs");
		json_open(&j, &out);
		json_object(&j, NULL);
		json_uint(&j, "from", w->ask.number);
		if (w->ask.other == 0)
			json_null(&j, "to");
		else
			json_uint(&j, "to", w->ask.other);
		if (was != NULL && is != NULL)
			put_changes(&j, "changes", was, is);
		else
			json_null(&j, "changes");
		put_difference(w, &j, &from, names[0], &to, names[1]);
		json_end(&j);
		buf_putc(&out, '\n');
		status = work_write(w, ERRAND_ANSWER, &out);
	}
	free(was);
	free(is);
	buf_done(&bytes[0]);
	buf_done(&bytes[1]);
	buf_done(&out);
	return status;
}
