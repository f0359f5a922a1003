/* instruments.c - the devices of a bench */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"
#include "compile/yaml.h"
#include "drivers/list.h"

static void
report_use(struct bench *b, const struct node *use, const char *name)
{
	const char *names[64], *near;
	char all[200] = "";
	size_t used = 0, n = 0;

	for (; codec_list[n] != NULL && n < NELEM(names); n++)
		names[n] = codec_list[n]->name;
	near = text_nearest(name, names, n);
	if (near == NULL && !catalogue_is_name(name)) {
		diag_error(&b->diag, use->at, "unknown-codec",
			"'%.60s' cannot name an instrument file; write a name of letters, digits, "
			"'-' and '_', without folder and without .yaml",
			name);
		return;
	}
	if (near != NULL) {
		diag_error(&b->diag, use->at, "unknown-codec",
			"nothing known as '%.60s'; did you mean '%s'?", name, near);
		return;
	}
	for (size_t i = 0; codec_list[i] != NULL && used < sizeof(all); i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i == 0 ? "" : ", ",
			codec_list[i]->name);
	diag_error(&b->diag, use->at, "unknown-codec",
		"nothing known as '%.60s'; `mbc instrument` lists the catalogue, a file "
		"instruments/%.60s.yaml beside the bench file would be found, and the protocols "
		"are "
		"%s",
		name, name, all);
}

/* The codec behind `use:`, NULL when that was reported. *n becomes what the instrument is with its file (NULL: that cannot be used),
 * *out_line the `line:` of that, *out_params its params; NULL. */
static const struct codec *
read_use(struct bench *b, const struct node **n, const struct node *use,
	const struct node **out_line, const struct params **out_params)
{
	const char *name = read_text(b, use);
	const struct codec *codec = name == NULL ? NULL : catalogue_codec(name);
	const struct node *described;

	*out_line = NULL;
	*out_params = NULL;
	if (codec != NULL)
		*n = catalogue_plain(b, *n);
	if (name == NULL || codec != NULL)
		return codec;
	described = catalogue_instance(b, name, use, *n, out_line, out_params);
	if (described == NULL) {
		report_use(b, use, name);
		return NULL;
	}
	if (described == *n) { /* told at the file */
		*n = NULL;
		return NULL;
	}
	*n = described;
	return catalogue_codec(tree_get(&b->tree, described, "use")->text);
}

/* What a link offers to codecs. */
static unsigned
wires_of(const struct bench_link *l)
{
	switch (l->kind) {
	case LINK_SYSTEM:
		return CODEC_SYSTEM;
	case LINK_SERIAL:
		return CODEC_SERIAL;
	case LINK_HELPER:
		return CODEC_HELPER;
	case LINK_FOLDER:
		return CODEC_FOLDER;
	case LINK_GPIO:
		return CODEC_GPIO;
	case LINK_UDP:
		return CODEC_UDP;
	case LINK_HID:
		return CODEC_HID;
	case LINK_USBTMC:
		return CODEC_USBTMC;
	default:
		return CODEC_TCP;
	}
}

static const char *
wire_wanted(const struct codec *codec)
{
	const unsigned all = codec->wires | (codec->on_line != NULL ? codec->on_line->wires : 0);

	if (all & CODEC_SYSTEM)
		return "system: local";
	if (all & CODEC_HELPER)
		return "helper: [PROGRAM] or tcp: \"host:port\"";
	if (all & CODEC_FOLDER)
		return "folder: PATH";
	if (all & CODEC_GPIO)
		return "gpio: /dev/gpiochip0";
	if (all & CODEC_SERIAL)
		return all & CODEC_TCP ? "serial: PATH or tcp: \"host:port\"" : "serial: PATH";
	return "tcp: \"host:port\"";
}

/* The codec that speaks on this link; NULL when none does. */
static const struct codec *
codec_on(const struct codec *codec, const struct bench_link *l)
{
	if (l->is_line && codec->on_line != NULL)
		codec = codec->on_line;
	else if (l->is_line && l->kind == LINK_TCP && !codec->needs_silence)
		return NULL; /* rtu: is a word for Modbus */
	return codec->wires & wires_of(l) ? codec : NULL;
}

/* MODBUS over Serial Line V1.02, 2.5.1: a character of RTU has 8 data bits. Told once a link. */
static void
check_bits(struct bench *b, const struct codec *codec, struct bench_link *l)
{
	if (!codec->needs_silence || l->kind != LINK_SERIAL || l->line.bits != 7)
		return;
	diag_error(&b->diag, l->line_at, "wrong-value",
		"%u%c%u has 7 data bits, and %s needs 8; write line: %u 8%c%u, and set the device "
		"to RTU with 8 data bits",
		l->line.bits, l->line.parity, l->line.stop, codec->name, l->line.baud,
		l->line.parity, l->line.stop);
	l->line.bits = 8;
}

/* The link that an instrument hangs on; `at` is where the instrument stands. */
static void
read_link(struct bench *b, const struct node *n, struct place at, struct bench_instrument *ins)
{
	const struct codec *codec = ins->codec;
	const char *name;
	char near[96];

	if (n == NULL && codec->wires == CODEC_SYSTEM) {
		ins->link = links_system(b, at);
		return;
	}
	if (n == NULL) {
		diag_error(&b->diag, at, "missing",
			"'link' is missing; add link: NAME, one of those under links:");
		return;
	}
	name = read_text(b, n);
	if (name == NULL)
		return;
	ins->link = names_get(&b->link_names, name);
	if (ins->link == NAMES_NONE) {
		ins->link = 0;
		read_suggest(b, &b->link_names, name, near);
		diag_error(&b->diag, n->at, "unknown-link",
			"no link is named '%.63s'; %sadd it under links:", name, near);
		return;
	}
	b->links.at[ins->link].is_used = true;
	if (b->links.at[ins->link].is_bad)
		return;
	codec = codec_on(ins->codec, &b->links.at[ins->link]);
	if (codec == NULL) {
		diag_error(&b->diag, n->at, "conflict",
			"%s cannot use the link '%s'; it needs one with %s", ins->codec->name, name,
			wire_wanted(ins->codec));
		return;
	}
	ins->codec = codec;
	check_bits(b, codec, &b->links.at[ins->link]);
}

/* line: what the instrument's file says of its wire; NULL. */
static void
read_times(struct bench *b, struct bench_instrument *ins, const struct node *const *found,
	const struct node *line)
{
	const struct node *timeout = found[INS_TIMEOUT];
	int64_t retries = 1;

	if (timeout == NULL && line != NULL && line->kind == NODE_MAP)
		timeout = tree_get(&b->tree, line, schema_file_line[FILE_LINE_TIMEOUT].name);
	read_span(b, found[INS_EVERY], &schema_instrument[INS_EVERY], &ins->every_ns);
	read_span(b, timeout, &schema_instrument[INS_TIMEOUT], &ins->timeout_ns);
	read_int(b, found[INS_RETRIES], &schema_instrument[INS_RETRIES], &retries);
	ins->retries = (uint32_t)retries;
}

/* The `channels:` that a codec brings for an instrument that is written without. */
static const struct node *
own_channels(struct bench *b, const struct codec *codec)
{
	struct node *root;
	char path[64];
	int file;

	if (codec->channels == NULL)
		return NULL;
	snprintf(path, sizeof(path), "(channels of %s)", codec->name);
	file = diag_file(&b->diag, path);
	root = file < 0 ? NULL
			: yaml_parse(&b->tree, &b->diag, (uint16_t)file, codec->channels,
				  strlen(codec->channels));
	if (root == NULL)
		return NULL;
	return tree_get(&b->tree, root, "channels") != NULL ? tree_get(&b->tree, root, "channels")
							    : root;
}

static void
read_channels(struct bench *b, uint32_t index, const struct node *n, const struct node *map)
{
	const struct codec *codec = b->instruments.at[index].codec;

	if (map == NULL)
		map = own_channels(b, codec);
	b->instruments.at[index].is_open = map == NULL || map->kind != NODE_MAP;
	if (map == NULL)
		diag_error(&b->diag, n->at, "missing",
			"'channels' is missing; add what the device measures: channels: {NAME: "
			"{read: {...}}}");
	else if (read_is(b, map, NODE_MAP, "a map of channels: NAME: {read: {...}}"))
		points_read(b, index, map);
}

/* Of an instrument whose codec is not known only the channels are checked: which other keys it may have, the codec says. */
static void
read_channels_alone(struct bench *b, uint32_t index, const struct node *n)
{
	const struct node *plain = catalogue_plain(b, n);
	const struct node *map =
		plain == NULL ? NULL
			      : tree_get(&b->tree, plain, schema_instrument[INS_CHANNELS].name);

	b->instruments.at[index].is_open = map == NULL || map->kind != NODE_MAP;
	if (!b->instruments.at[index].is_open)
		points_read(b, index, map);
	b->instruments.at[index].n_points = b->points.n - b->instruments.at[index].first_point;
	twins_read(b, &b->instruments.at[index], NULL);
}

static const struct node *
find_use(struct bench *b, const struct node *n)
{
	const struct node *use = tree_get(&b->tree, n, "use");

	if (use == NULL)
		diag_error(&b->diag, n->at, "missing",
			"'use' is missing; add an instrument file or a protocol: use: modbus");
	return use;
}

/* What a codec has to say about its options together. */
static void
check_opts(struct bench *b, const struct bench_instrument *ins, const struct node *n,
	const struct node *const *found_opts)
{
	struct err err = { .sys = -1 };

	if (ins->codec->check != NULL && ins->codec->check(&ins->codec_part, &err) < 0)
		diag_error(&b->diag, points_blame(n, found_opts, &err), "option", "%s", err.msg);
}

/* With these words begin the names of the program's own channels. */
static void
check_reserved(struct bench *b, const struct node *n)
{
	static const char *const reserved[] = { "mbc", "safe", "trip", "interlock", "alarm",
		"watchdog", "restore" };

	for (size_t i = 0; i < NELEM(reserved); i++)
		if (strcmp(n->key, reserved[i]) == 0)
			diag_error(&b->diag, n->key_at, "name",
				"'%s' is the name of the program's own channels; choose another "
				"name",
				reserved[i]);
}

static void
read_instrument(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX], *found_opts[IMAGE_OPTS_MAX], *use, *line = NULL;
	const struct node *whole;
	const struct codec *codec;
	const struct params *params = NULL;
	struct bench_instrument *ins;
	uint32_t index;
	const char *title;

	if (!read_name(b, n->key, n->key_at, "an instrument") ||
		!read_is(b, n, NODE_MAP, "a map: {use: modbus, link: NAME, channels: {...}}"))
		return;
	check_reserved(b, n);
	use = find_use(b, n);
	whole = n;
	codec = use == NULL ? NULL : read_use(b, &whole, use, &line, &params);
	index = b->instruments.n;
	ins = BENCH_ADD(b->instruments);
	ins->name = ins->codec_part.name = n->key;
	ins->title = ins->identify_is = "";
	ins->codec = codec;
	ins->first_point = b->points.n;
	ins->first_gate = b->gates.n;
	ins->params = params;
	names_put(&b->instrument_names, n->key, index);
	if (whole == NULL) {
		ins->is_open = true;
		return;
	}
	if (codec == NULL) {
		read_channels_alone(b, index, n);
		return;
	}
	n = whole;
	read_keys(b, n, schema_instrument, codec->opts, found, found_opts);
	title = found[INS_TITLE] == NULL ? NULL : catalogue_text(b, found[INS_TITLE]);
	if (title != NULL)
		ins->title = title;
	read_link(b, found[INS_LINK], n->at, ins);
	if (line != NULL && ins->link < b->links.n)
		line_default(b, &b->links.at[ins->link], ins->name, line);
	read_times(b, ins, found, line);
	if (read_opts(b, n, codec->opts, found_opts, &ins->codec_part.opts))
		check_opts(b, ins, n, found_opts);
	messages_read(b, ins, found);
	presets_read(b, ins, found[INS_INIT]);
	identify_read(b, ins, found[INS_IDENTIFY]);
	ins->watchdog = found[INS_WATCHDOG];
	ins->uptime = found[INS_UPTIME];
	ins->commands = found[INS_COMMANDS];
	read_channels(b, index, n, found[INS_CHANNELS]);
	ins->n_points = b->points.n - ins->first_point;
	if (!ins->is_open)
		messages_check_beside(b, ins);
	if (found[INS_TWIN] != NULL &&
		!read_is(b, found[INS_TWIN], NODE_MAP, "a map: CHANNEL: {start: 20}"))
		return;
	twins_read(b, ins, found[INS_TWIN]);
}

void
instruments_read(struct bench *b, const struct node *map)
{
	for (const struct node *n = map == NULL ? NULL : map->first; n != NULL; n = n->next)
		read_instrument(b, n);
	messages_settle(b);
	for (uint32_t i = 0; i < b->links.n; i++)
		if (!b->links.at[i].is_used && b->diag.n_errors == 0)
			diag_warn(&b->diag, b->links.at[i].at, "unused",
				"no instrument hangs on the link '%s'; remove it, or name it: "
				"link: %s",
				b->links.at[i].name, b->links.at[i].name);
}
