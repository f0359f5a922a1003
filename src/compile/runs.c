/* runs.c - what is asked about a run of the bench */
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

#define COPY_PATH_MAX 1000

static void
read_field(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct bench_field *f;
	const char *title = NULL;
	bool is_needed = false;

	if (!read_name(b, n->key, n->key_at, "a field"))
		return;
	if (!read_is(b, n, NODE_MAP, "a map: {needed: yes}, or {}"))
		return;
	read_keys(b, n, schema_field, NULL, found, NULL);
	if (found[FIELD_TITLE] != NULL)
		title = catalogue_texts(b, found[FIELD_TITLE]);
	if (found[FIELD_NEEDED] != NULL)
		read_bool(b, found[FIELD_NEEDED], &is_needed);
	if (b->fields.n == IMAGE_FIELDS_MAX) {
		diag_error(&b->diag, n->key_at, "out-of-range",
			"'%.63s' is one field more than the %d that a run can have; remove some",
			n->key, IMAGE_FIELDS_MAX);
		return;
	}
	b->fields.at = bench_grow(b->fields.at, &b->fields.n, &b->fields.cap, sizeof(*f));
	f = &b->fields.at[b->fields.n - 1];
	*f = (struct bench_field){ n->key, title != NULL ? title : "", is_needed };
}

/* Processes have no folder of their own to begin a path in. */
static void
read_copy_to(struct bench *b, const struct node *n)
{
	const char *path = read_text(b, n);

	if (path == NULL)
		return;
	if (path[0] != '/' || strlen(path) > COPY_PATH_MAX) {
		diag_error(&b->diag, n->at, "out-of-range",
			"'%.60s' is no whole path; write it from / on, with at most %d bytes: "
			"/mnt/share/runs",
			path, COPY_PATH_MAX);
		return;
	}
	b->copy_to = path;
}

void
runs_read(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const struct node *fields;

	b->has_free_fields = true;
	if (n == NULL || !read_is(b, n, NODE_MAP, "a map: {fields: {sample: {needed: yes}}}"))
		return;
	read_keys(b, n, schema_runs, NULL, found, NULL);
	fields = found[RUNS_FIELDS];
	if (fields != NULL &&
		read_is(b, fields, NODE_MAP, "a map of fields: sample: {needed: yes}"))
		for (const struct node *f = fields->first; f != NULL; f = f->next)
			if (b->fields.n <= IMAGE_FIELDS_MAX)
				read_field(b, f);
	b->has_free_fields = b->fields.n == 0;
	if (found[RUNS_FREE] != NULL)
		read_bool(b, found[RUNS_FREE], &b->has_free_fields);
	if (found[RUNS_COPY_TO] != NULL)
		read_copy_to(b, found[RUNS_COPY_TO]);
	if (!b->has_free_fields && b->fields.n == 0 && b->diag.n_errors == 0)
		diag_error(&b->diag, n->key_at, "conflict",
			"without 'fields' and with 'free: no' nothing could be written down "
			"about a run; name some fields, or remove 'free'");
}
