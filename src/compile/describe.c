/* describe.c - the catalogue for programs: what a form for a new instrument is made of */
#include "compile/describe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "compile/catalogue.h"
#include "compile/file.h"
#include "compile/merge.h"
#include "compile/pages.h"

#define PATH_BYTES 1200

/* ---- parts of a description ------------------------------------------------------------------------------------------------- */

static const struct node *
get(struct bench *b, const struct node *map, const char *key)
{
	return map == NULL || map->kind != NODE_MAP ? NULL : tree_get(&b->tree, map, key);
}

/* NULL: it is not there, or is no text. */
static const char *
text_of(struct bench *b, const struct node *map, const char *key)
{
	const struct node *n = get(b, map, key);

	return n == NULL || n->kind != NODE_SCALAR ? NULL : n->text;
}

/* A text for all languages, or one for each: both as {en, fr}. */
static void
put_title(struct bench *b, struct json *j, const struct node *map)
{
	const struct node *title = get(b, map, "title");
	const char *any = title == NULL || title->kind != NODE_SCALAR ? NULL : title->text;
	const char *en = text_of(b, title, "en"), *fr = text_of(b, title, "fr");

	any = any != NULL ? any : en != NULL ? en : fr != NULL ? fr : "";
	json_object(j, "title");
	json_text(j, "en", en != NULL ? en : any);
	json_text(j, "fr", fr != NULL ? fr : any);
	json_end(j);
}

/* The texts of a list, or the keys of a map. */
static void
put_list(struct json *j, const char *key, const struct node *list)
{
	json_array(j, key);
	for (const struct node *n = list == NULL ? NULL : list->first; n != NULL; n = n->next)
		if (list->kind == NODE_MAP)
			json_text(j, NULL, n->key);
		else if (n->kind == NODE_SCALAR)
			json_text(j, NULL, n->text);
	json_end(j);
}

static void
put_bound(struct json *j, const char *key, const struct node *n)
{
	double v;

	if (n != NULL && n->kind == NODE_SCALAR && text_to_double(n->text, &v))
		json_double(j, key, v);
	else
		json_null(j, key);
}

static void
put_params(struct bench *b, struct json *j, const struct node *params)
{
	bool is_map = params != NULL && params->kind == NODE_MAP;

	json_array(j, "params");
	for (const struct node *n = is_map ? params->first : NULL; n != NULL; n = n->next) {
		const struct node *range = get(b, n, "range");
		const struct node *low =
			range == NULL || range->kind != NODE_LIST ? NULL : range->first;

		json_object(j, NULL);
		json_text(j, "name", n->key);
		json_text(j, "type", text_of(b, n, "type"));
		put_bound(j, "min", low);
		put_bound(j, "max", low == NULL ? NULL : low->next);
		json_text(j, "default", text_of(b, n, "default"));
		json_bool(j, "needed", get(b, n, "default") == NULL);
		put_list(j, "words", get(b, n, "words"));
		put_title(b, j, n);
		json_end(j);
	}
	json_end(j);
}

/* What the protocol wants to know of each of its instruments, as the address on a line; those of a param's name go through that, and others the
 * file may have said for all. */
static void
put_options(struct bench *b, struct json *j, const struct codec *codec, const struct node *root)
{
	const struct node *params = get(b, root, "params");

	json_array(j, "options");
	for (const struct opt *o = codec == NULL ? NULL : codec->opts; o != NULL && o->name != NULL;
		o++) {
		if ((o->type != OPT_INT && o->type != OPT_CHOICE && o->type != OPT_TEXT) ||
			get(b, params, o->name) != NULL || get(b, root, o->name) != NULL)
			continue;
		json_object(j, NULL);
		json_text(j, "name", o->name);
		json_text(j, "type",
			o->type == OPT_INT      ? "int"
			: o->type == OPT_CHOICE ? "choice"
						: "text");
		if (o->type == OPT_INT) {
			json_int(j, "min", o->min);
			json_int(j, "max", o->max);
		} else {
			json_null(j, "min");
			json_null(j, "max");
		}
		if (o->type == OPT_INT && o->def != OPT_NEEDED && o->def != OPT_ABSENT)
			json_int(j, "default", o->def);
		else
			json_null(j, "default");
		json_bool(j, "needed", o->def == OPT_NEEDED);
		json_array(j, "words");
		for (const char *const *w = o->type == OPT_CHOICE ? o->choices : NULL;
			w != NULL && *w != NULL; w++)
			json_text(j, NULL, *w);
		json_end(j);
		json_text(j, "help", o->help);
		json_end(j);
	}
	json_end(j);
}

/* The keys of a link that can carry it. */
static void
put_wires(struct bench *b, struct json *j, const struct codec *codec, const struct node *line)
{
	static const struct {
		unsigned wire;
		const char *key;
	} keys[] = { { CODEC_TCP, "tcp" }, { CODEC_SERIAL, "serial" }, { CODEC_UDP, "udp" },
		{ CODEC_HID, "hid" }, { CODEC_USBTMC, "usbtmc" }, { CODEC_FOLDER, "folder" },
		{ CODEC_GPIO, "gpio" }, { CODEC_HELPER, "helper" }, { CODEC_SYSTEM, "system" } };
	const struct codec *on_line =
		codec == NULL || codec->on_line == NULL ? codec : codec->on_line;
	bool is_tcp_alone = get(b, line, "tcp") != NULL && get(b, line, "serial") == NULL;

	json_array(j, "wires");
	for (size_t i = 0; codec != NULL && i < NELEM(keys); i++) {
		unsigned wires = keys[i].wire == CODEC_SERIAL ? on_line->wires : codec->wires;

		if ((wires & keys[i].wire) != 0 && (keys[i].wire != CODEC_SERIAL || !is_tcp_alone))
			json_text(j, NULL, keys[i].key);
	}
	if (codec != NULL && on_line->needs_silence && !is_tcp_alone)
		json_text(j, NULL, "rtu");
	json_end(j);
}

static void
put_head(struct bench *b, struct json *j, const struct node *root, bool is_own)
{
	const struct node *line = get(b, root, "line");
	const char *protocol = text_of(b, root, "protocol");
	const struct codec *codec = protocol == NULL ? NULL : catalogue_codec(protocol);

	json_text(j, "name", text_of(b, root, "instrument"));
	put_title(b, j, root);
	json_text(j, "maker", text_of(b, root, "maker"));
	put_list(j, "models", get(b, root, "models"));
	put_list(j, "quantities", get(b, root, "quantities"));
	json_text(j, "protocol", protocol);
	json_text(j, "confidence", text_of(b, root, "confidence"));
	json_bool(j, "own", is_own);
	put_wires(b, j, codec, line);
	json_object(j, "line");
	json_text(j, "tcp", text_of(b, line, "tcp"));
	json_text(j, "udp", text_of(b, line, "udp"));
	json_text(j, "serial", text_of(b, line, "serial"));
	json_end(j);
	put_params(b, j, get(b, root, "params"));
	put_options(b, j, codec, root);
}

static void
put_channels(const struct bench *b, struct json *j)
{
	json_array(j, "channels");
	for (uint32_t i = 0; i < b->channels.n; i++) {
		const struct bench_channel *ch = &b->channels.at[i];
		const char *dot = strchr(ch->name, '.');

		if (ch->instrument != 0 || ch->source_kind == SOURCE_HEALTH || dot == NULL)
			continue;
		json_object(j, NULL);
		json_text(j, "name", dot + 1);
		json_text(j, "unit", ch->unit_text == NULL ? "" : ch->unit_text);
		json_text(j, "title", ch->title);
		json_bool(j, "writable", ch->is_writable);
		json_end(j);
	}
	json_end(j);
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------- */

struct all {
	struct json j;
	const char *hidden_by; /* a folder whose files go before; NULL: none */
	bool is_own;
};

static bool
is_in(const char *folder, const char *name)
{
	char path[PATH_BYTES];

	return snprintf(path, sizeof(path), "%s/%s.yaml", folder, name) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

static void
put_one(void *ctx, struct bench *b, const struct node *root)
{
	struct all *all = ctx;
	const char *name = text_of(b, root, "instrument");

	if (name == NULL || !catalogue_is_name(name) ||
		(all->hidden_by != NULL && is_in(all->hidden_by, name)))
		return;
	json_object(&all->j, NULL);
	put_head(b, &all->j, root, all->is_own);
	json_end(&all->j);
}

int
describe_all(const char *own, const char *catalogue, struct buf *out, struct err *err)
{
	bool has_own = access(own, F_OK) == 0;
	struct all all = { .is_own = true };
	int rc = 0;

	json_open(&all.j, out);
	json_object(&all.j, NULL);
	json_array(&all.j, "instruments");
	if (has_own)
		rc = pages_each(own, put_one, &all, err);
	all.is_own = false;
	all.hidden_by = has_own ? own : NULL;
	if (rc == 0 && catalogue[0] != '\0')
		rc = pages_each(catalogue, put_one, &all, err);
	json_end(&all.j);
	json_end(&all.j);
	buf_putc(out, '\n');
	return rc;
}

/* ---- one ---------------------------------------------------------------------------------------------------------------------- */

static int
describe_file(const char *path, const char *name, bool is_own, struct buf *out, struct err *err)
{
	struct bench *b = mem_zero(1, sizeof(*b));
	const struct node *root;
	bool is_system;
	struct json j;
	int rc = 0;

	bench_init(b, path);
	root = merge_files(&b->tree, &b->diag, path, &is_system);
	if (root != NULL && file_is_one(b, root))
		file_check(b, root);
	if (root == NULL || b->diag.n_errors > 0 || !file_is_one(b, root)) {
		diag_print(&b->diag, stderr);
		rc = err_set(err, ERR_CONF, 422,
			"the file of '%s' has errors; 'mbc check %s.yaml' in its folder tells them",
			name, name);
	} else {
		json_open(&j, out);
		json_object(&j, NULL);
		put_head(b, &j, root, is_own);
		json_text(&j, "notes", text_of(b, root, "notes"));
		put_channels(b, &j);
		json_end(&j);
		buf_putc(out, '\n');
	}
	bench_done(b);
	free(b);
	return rc;
}

int
describe_one(
	const char *own, const char *catalogue, const char *name, struct buf *out, struct err *err)
{
	bool is_name = catalogue_is_name(name), is_own = is_name && is_in(own, name);
	char path[PATH_BYTES];

	if (!is_own && (!is_name || catalogue[0] == '\0' || !is_in(catalogue, name)))
		return err_set(err, ERR_CONF, 404,
			"no instrument of the catalogue has this name; GET /api/v1/catalogue lists "
			"them");
	if (snprintf(path, sizeof(path), "%s/%s.yaml", is_own ? own : catalogue, name) >=
		(int)sizeof(path))
		return err_set(err, ERR_IO, ENAMETOOLONG,
			"the folder of '%s': its path is too long", name);
	return describe_file(path, name, is_own, out, err);
}
