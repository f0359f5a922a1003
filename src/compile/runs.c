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
	b->before = found[RUNS_BEFORE];
	if (!b->has_free_fields && b->fields.n == 0 && b->diag.n_errors == 0)
		diag_error(&b->diag, n->key_at, "conflict",
			"without 'fields' and with 'free: no' nothing could be written down "
			"about a run; name some fields, or remove 'free'");
}

/* ---- before each injection ------------------------------------------------------------------------------------------------- */

/* One whose mean can be told out of the history; NULL: that was told. */
static const struct bench_channel *
read_before_channel(struct bench *b, const struct node *n)
{
	const char *name = read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	const struct bench_channel *ch = i == NAMES_NONE ? NULL : &b->channels.at[i];
	char near[96];

	if (name == NULL || (ch == NULL && channels_is_of_open(b, name)))
		return NULL;
	if (ch == NULL) {
		read_suggest(b, &b->channel_names, name, near);
		diag_error(&b->diag, n->at, "unknown-channel",
			"no channel is named '%.127s'; %swrite INSTRUMENT.CHANNEL or the name of "
			"a channel of the bench",
			name, near);
		return NULL;
	}
	if (!ch->is_type_open && (ch->type == VALUE_TEXT || ch->type == VALUE_CHOICE)) {
		diag_error(&b->diag, n->at, "conflict",
			"'%.127s' is a %s, which has no mean; name a number, or a channel that is "
			"on or off",
			name, value_type_text(ch->type));
		return NULL;
	}
	if (b->history.is_off || ch->record == RECORD_NONE) {
		diag_error(&b->diag, n->at, "conflict",
			"'%.127s' is not recorded, so its mean would not be known; remove "
			"'history: no', or leave it out here",
			name);
		return NULL;
	}
	return ch;
}

static bool
is_among(const char *const names[], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void
read_before_channels(struct bench *b, const struct node *list)
{
	const struct node *item = list->kind == NODE_LIST ? list->first : list;
	const char *names[IMAGE_BEFORE_MAX];
	struct buf lines = { 0 };
	size_t n = 0;

	for (; item != NULL; item = item == list ? NULL : item->next) {
		const struct bench_channel *ch = read_before_channel(b, item);

		if (ch == NULL)
			continue;
		if (is_among(names, n, ch->name)) {
			diag_error(&b->diag, item->at, "conflict",
				"'%.127s' stands here twice; remove one", ch->name);
			continue;
		}
		if (n == IMAGE_BEFORE_MAX) {
			diag_error(&b->diag, item->at, "out-of-range",
				"'%.127s' is one channel more than the %d that an injection can "
				"have; remove some",
				ch->name, IMAGE_BEFORE_MAX);
			break;
		}
		names[n++] = ch->name;
		buf_printf(&lines, "%s\n", ch->name);
	}
	if (n > 0)
		b->before_channels = tree_text(&b->tree, lines.data, lines.n);
	buf_done(&lines);
}

void
runs_resolve(struct bench *b)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const struct node *list;

	if (b->before == NULL || !read_is(b, b->before, NODE_MAP,
					 "a map: {over: 5 min, channels: [T_bed, N2_flow]}"))
		return;
	read_keys(b, b->before, schema_before, NULL, found, NULL);
	if (found[BEFORE_OVER] != NULL)
		read_span(b, found[BEFORE_OVER], &schema_before[BEFORE_OVER], &b->before_ns);
	list = found[BEFORE_CHANNELS];
	if (list == NULL)
		return;
	if (list->kind == NODE_LIST && list->first == NULL)
		diag_error(&b->diag, list->at, "out-of-range",
			"no channel is named; name some, or remove 'before_injection'");
	else
		read_before_channels(b, list);
}
