/* run_pack.c - a run as the files that are taken along */
#include "history/run_pack.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/plot.h"
#include "base/text.h"
#include "history/answer_inside.h"
#include "history/run_csv.h"
#include "history/run_grid.h"
#include "history/run_injections.h"
#include "history/run_story.h"
#include "history/run_text.h"
#include "history/story_text.h"

#define PLOT_CHANNELS 24 /* of a run without a sequence */
#define NAME_BYTES 64    /* of a file */
#define FILES_MAX 300

/* For any pandas of the last ten years: times are made of seconds, whose form never differs. */
#define LOAD                                                                                       \
	"\"\"\"This run in pandas: python3 load.py, or in a notebook: from load import values, "   \
	"run\"\"\"\n"                                                                              \
	"import json\n"                                                                            \
	"import pathlib\n"                                                                         \
	"import pandas as pd\n"                                                                    \
	"\n"                                                                                       \
	"here = pathlib.Path(__file__).resolve().parent\n"                                         \
	"run = json.loads((here / \"run.json\").read_text(encoding=\"utf-8\"))\n"                  \
	"values = pd.read_csv(here / \"values.csv\", sep=\"%c\", decimal=\"%c\", "                 \
	"encoding=\"utf-8-sig\")\n"                                                                \
	"values[\"time\"] = pd.Timestamp(run[\"begin\"]) + pd.to_timedelta(values[\"seconds\"], "  \
	"unit=\"s\")\n"                                                                            \
	"values = values.set_index(\"time\")\n"                                                    \
	"if __name__ == \"__main__\":\n"                                                           \
	"    print(run[\"title\"], run[\"fields\"], values.describe(), sep=\"\\n\")\n"

static const char readme[] =
	"A run of an experiment, exported by mbc (Modular Bench Controller)\r\n"
	"\r\n"
	"values.csv  all channels. time: ISO 8601 with zone; seconds: since the run began; a "
	"column a channel, its unit in [ ].\r\n"
	"            With sequences also step_seconds, since the step began, and step, its "
	"number.\r\n"
	"            A row a moment at which something was measured. An empty cell: nothing new of "
	"this channel, its last value\r\n"
	"            holds (pandas: values.ffill()), or, when 'quality' names the channel, a value "
	"that cannot be trusted.\r\n"
	"            The first row is what held when the run began. gap=...: nothing was recorded "
	"from here on, for this reason.\r\n"
	"run.json    what is known of the run: title, fields, who, begin, end, notes, channels, "
	"gaps; its sequences with all\r\n"
	"            that happened in them: parameters, steps, marks, results, questions, guards, "
	"holds, interruptions; alarms\r\n"
	"plot.svg    the run at a glance\r\n"
	"events.csv  everything that happened, in its order\r\n"
	"steps.csv   of sequences: begin, end, duration, planned duration, how it ended; "
	"results.csv: results with their bands\r\n"
	"NAME.seq    the sequence as it was when it was started, and the files that it includes\r\n"
	"NAME.csv    what its 'record' asked for: a row each period, with what held at that "
	"moment\r\n"
	"bench.yaml  the bench file as it was when the run began\r\n"
	"load.py     all of it in pandas, in ten lines\r\n"
	"\r\n"
	"Excel: open values.csv (with a French Excel, export with --csv-fr) and plot against "
	"'seconds'. Origin: Import, CSV.\r\n"
	"\r\n"
	"----\r\n"
	"\r\n"
	"Un essai d'une expérience, exporté par mbc (Modular Bench Controller)\r\n"
	"\r\n"
	"values.csv  toutes les voies. time : ISO 8601 avec fuseau ; seconds : depuis le début de "
	"l'essai ; une colonne par voie,\r\n"
	"            son unité entre [ ]. Avec des séquences aussi step_seconds, depuis le début "
	"de "
	"l'étape, et step, son numéro.\r\n"
	"            Une ligne par instant de mesure. Cellule vide : rien de "
	"nouveau pour cette voie, sa\r\n"
	"            dernière valeur reste valable (pandas : values.ffill()), ou, si 'quality' "
	"nomme la voie, valeur non fiable.\r\n"
	"            La première ligne dit ce qui valait au début. gap=... : à partir d'ici rien "
	"n'a été enregistré, et pourquoi.\r\n"
	"run.json    ce qui est connu de l'essai : titre, champs, qui, début, fin, notes, voies, "
	"lacunes ; ses séquences avec\r\n"
	"            tout ce qui s'y est passé : paramètres, étapes, marques, résultats, "
	"questions, "
	"gardes, suspensions,\r\n"
	"            interruptions ; alarmes\r\n"
	"plot.svg    l'essai en un coup d'œil\r\n"
	"events.csv  tout ce qui s'est passé, dans l'ordre\r\n"
	"steps.csv   des séquences : début, fin, durée, durée prévue, issue ; results.csv : "
	"résultats et leurs bornes\r\n"
	"NOM.seq     la séquence telle qu'elle était au départ, et les fichiers qu'elle inclut\r\n"
	"NOM.csv     ce que demandait son 'record' : une ligne par période, avec ce qui valait à "
	"cet instant\r\n"
	"bench.yaml  le fichier de banc tel qu'il était au début de l'essai\r\n"
	"load.py     le tout dans pandas, en dix lignes\r\n"
	"\r\n"
	"Excel : ouvrir values.csv (Excel français : exporter avec --csv-fr) et tracer en fonction "
	"de 'seconds'.\r\n"
	"Origin : Importer, CSV.\r\n";

/* ---- what is exported ----------------------------------------------------------------------------------------------------- */

struct choice {
	struct reader *r;
	const struct run_pack_words *words;
	const struct run_row *run;
	struct buf names; /* "a\0b\0" */
	size_t n;
	bool *is_used; /* [pattern] */
	int rc;
	struct err *err;
};

/* Without a pattern: all but what the program tells of itself. */
static bool
is_meant(struct choice *c, const char *name)
{
	bool is = c->words->n_patterns == 0 && strncmp(name, "mbc.", 4) != 0;

	for (int i = 0; i < c->words->n_patterns; i++)
		if (fnmatch(c->words->patterns[i], name, 0) == 0)
			is = c->is_used[i] = true;
	return is;
}

static void
choose(void *ctx, const struct reader_channel *ch)
{
	struct choice *c = ctx;
	struct cursor *cursor;
	struct piece piece;
	int rc;

	if (c->rc < 0 || !is_meant(c, ch->name))
		return;
	cursor = cursor_new(c->r, ch, MAX(c->run->begin_ns - BUCKETS_HOLD_NS, INT64_C(0)),
		c->run->end_ns + 1, false);
	rc = cursor_next(cursor, &piece, c->err);
	cursor_free(cursor);
	c->rc = rc < 0 ? rc : 0;
	if (rc != 1)
		return;
	buf_put(&c->names, ch->name, strlen(ch->name) + 1);
	c->n++;
}

static int
choose_channels(struct choice *c)
{
	int rc;

	c->is_used = mem_zero((size_t)c->words->n_patterns + 1, sizeof(*c->is_used));
	rc = reader_channels(c->r, choose, c, c->err);
	if (rc == 0)
		rc = c->rc;
	for (int i = 0; i < c->words->n_patterns && rc == 0; i++)
		if (!c->is_used[i])
			rc = err_set(c->err, ERR_CONF, 0,
				"nothing is recorded of a channel '%.60s'; 'mbc get' lists those "
				"of the bench",
				c->words->patterns[i]);
	if (rc == 0 && c->n > RUN_CHANNELS_MAX)
		rc = err_set(c->err, ERR_CONF, 0,
			"this run has %zu channels, and a table takes %d; name those that you "
			"need, * stands for any characters: oven.*",
			c->n, RUN_CHANNELS_MAX);
	free(c->is_used);
	return rc;
}

/* ---- the files ------------------------------------------------------------------------------------------------------------ */

struct run_pack;
typedef int (*maker_fn)(struct run_pack *p, struct buf *out, struct err *err); /* 1: more */

struct pack_file {
	char name[NAME_BYTES];
	maker_fn make;
	size_t part; /* of a text, or a record */
	size_t i;    /* which of its files; which record */
};

struct run_pack {
	struct reader *r;
	struct run_pack_words words;
	struct run_row run;
	struct story *story;
	bool is_told; /* all of the story is there, and the list of files */
	struct choice choice;
	size_t n_channels;
	struct run_csv *csv;
	struct run_grid *grid;
	struct run_injections *injections;
	struct picture {
		struct plot *plot;
		struct answer *a;
		size_t at; /* channel */
		bool is_begun;
		uint32_t line;
		double held; /* what the line at hand was before the run */
		int64_t held_ns;
		bool holds;
	} picture;
	struct pack_file files[FILES_MAX];
	size_t n_files, at;
	bool is_in_file;
	struct buf out;
	struct buf names; /* of the channels of values.csv: "a\0b\0" */
};

static bool
is_taken(const struct run_pack *p, const char *name)
{
	for (size_t i = 0; i < p->n_files; i++)
		if (strcasecmp(p->files[i].name, name) == 0)
			return true;
	return false;
}

/* What any file system and archive takes: other characters become `_`. One that is there already gets a number. */
static void
name_file(const struct run_pack *p, const char *stem, const char *end, char out[NAME_BYTES])
{
	char good[NAME_BYTES - 24];
	size_t n = 0;

	for (; *stem != '\0' && n < sizeof(good) - 1; stem++) {
		bool is_good = (*stem >= '0' && *stem <= '9') || (*stem >= 'A' && *stem <= 'Z') ||
			       (*stem >= 'a' && *stem <= 'z') || *stem == '-' ||
			       (*stem == '.' && n > 0);

		if ((*stem & 0xC0) != 0x80) /* one for a character, however many bytes it has */
			good[n++] = is_good ? *stem : '_';
	}
	good[n] = '\0';
	snprintf(out, NAME_BYTES, "%s%.10s", n > 0 ? good : "_", end);
	for (int k = 2; is_taken(p, out); k++)
		snprintf(out, NAME_BYTES, "%s-%d%.10s", n > 0 ? good : "_", k, end);
}

static struct pack_file *
add_file(struct run_pack *p, const char *stem, const char *end, maker_fn make)
{
	struct pack_file *f;

	if (p->n_files == FILES_MAX)
		return NULL;
	f = &p->files[p->n_files];
	*f = (struct pack_file){ .make = make };
	name_file(p, stem, end, f->name);
	p->n_files++;
	return f;
}

/* ---- values --------------------------------------------------------------------------------------------------------------- */

static int
make_values(struct run_pack *p, struct buf *out, struct err *err)
{
	if (p->csv == NULL) {
		p->csv = run_csv_new(p->r, p->story, p->choice.names.data, p->n_channels,
			p->run.begin_ns, p->run.end_ns + 1, p->words.is_french, p->words.zone, err);
		p->choice.names = (struct buf){ 0 }; /* the answer's */
		if (p->csv == NULL)
			return err->code;
	}
	return run_csv_step(p->csv, out, err);
}

/* ---- what is known -------------------------------------------------------------------------------------------------------- */

static int make_text(struct run_pack *p, struct buf *out, struct err *err);

static const char *
name_of_text(void *ctx, size_t part, size_t i)
{
	const struct run_pack *p = ctx;

	for (size_t k = 0; k < part; k++) /* the same text is there once */
		if (strcmp(p->story->parts[k].card, p->story->parts[part].card) == 0)
			part = k;
	for (size_t k = 0; k < p->n_files; k++)
		if (p->files[k].make == make_text && p->files[k].part == part && p->files[k].i == i)
			return p->files[k].name;
	return NULL;
}

static int
make_run(struct run_pack *p, struct buf *out, struct err *err)
{
	struct stamp stamp = { 0 };

	buf_puts(out, "{");
	run_json(out, &stamp, &p->run);
	buf_puts(out, ",\n\"exported_until\":\"");
	stamp_put(&stamp, out, p->run.end_ns);
	buf_puts(out, "\",\"mbc\":\"" MBC_VERSION "\",\"version\":2,\n");
	if (run_json_notes(out, p->r, &stamp, &p->run, err) < 0)
		return ERR_IO;
	buf_puts(out, ",\n");
	if (story_json(p->story, &stamp, name_of_text, p, out, err) < 0)
		return ERR_IO;
	buf_puts(out, ",\n");
	run_csv_describe(p->csv, out);
	buf_puts(out, "}\n");
	return 0;
}

/* A bench file that is in no file any more costs the export nothing else. */
static int
make_bench(struct run_pack *p, struct buf *out, struct err *err)
{
	int rc = runs_bench(p->r, p->run.bench, out, err);

	if (rc == ERR_CONF)
		buf_printf(out, "# %s\n", err->msg);
	return rc == ERR_CONF ? 0 : rc;
}

static int
make_load(struct run_pack *p, struct buf *out, struct err *err)
{
	buf_printf(out, LOAD, p->words.is_french ? ';' : ',', p->words.is_french ? ',' : '.');
	return 0;
}

static int
make_readme(struct run_pack *p, struct buf *out, struct err *err)
{
	buf_puts(out, readme);
	return 0;
}

static int
make_steps(struct run_pack *p, struct buf *out, struct err *err)
{
	story_steps_csv(p->story, p->words.is_french, out);
	return 0;
}

static int
make_results(struct run_pack *p, struct buf *out, struct err *err)
{
	story_results_csv(p->story, p->words.is_french, out);
	return 0;
}

static int
make_events(struct run_pack *p, struct buf *out, struct err *err)
{
	story_events_csv(p->story, p->words.is_french, out);
	return 0;
}

static int
make_injections(struct run_pack *p, struct buf *out, struct err *err)
{
	if (p->injections == NULL)
		p->injections = run_injections_new(p->story, p->words.is_french, p->words.zone);
	return run_injections_step(p->injections, out, err);
}

/* ---- texts of sequences --------------------------------------------------------------------------------------------------- */

struct texting {
	struct run_pack *p;
	size_t part, i, want;
	struct buf *out;
};

static void
take_text(void *ctx, const char *const columns[3])
{
	struct texting *t = ctx;

	if (t->i++ == t->want)
		buf_puts(t->out, columns[1]);
}

static int
make_text(struct run_pack *p, struct buf *out, struct err *err)
{
	const struct pack_file *f = &p->files[p->at];
	struct texting t = { .want = f->i, .out = out };
	struct buf card = { 0 };
	int rc = runs_bench(p->r, p->story->parts[f->part].card, &card, err);

	if (rc == 0)
		rc = runs_card(p->r, buf_text(&card), CARD_FILES, take_text, &t, err);
	buf_done(&card);
	return rc;
}

static void
name_text(void *ctx, const char *const columns[3])
{
	struct texting *t = ctx;
	const char *slash = strrchr(columns[0], '/');
	const char *name = slash == NULL ? columns[0] : slash + 1, *dot = strchr(name, '.');
	char stem[NAME_BYTES];
	struct pack_file *f;

	snprintf(stem, sizeof(stem), "%.*s",
		(int)(dot == NULL ? strlen(name) : (size_t)(dot - name)), name);
	f = add_file(
		t->p, stem, dot != NULL && strcmp(dot, ".seq.json") == 0 ? dot : ".seq", make_text);
	if (f == NULL)
		return;
	f->part = t->part;
	f->i = t->i++;
}

/* ---- records -------------------------------------------------------------------------------------------------------------- */

struct recording {
	const struct story_record *record;
	struct buf names;
	size_t n;
};

static void
take_channel(void *ctx, const char *const columns[3])
{
	struct recording *r = ctx;

	if (strcmp(columns[0], r->record->name) != 0 ||
		strtoul(columns[1], NULL, 10) != r->record->line)
		return;
	buf_put(&r->names, columns[2], strlen(columns[2]) + 1);
	r->n++;
}

static int
begin_grid(struct run_pack *p, struct err *err)
{
	struct recording r = { .record = &p->story->records[p->files[p->at].i] };
	struct buf card = { 0 };
	int rc = runs_bench(p->r, p->story->parts[r.record->part].card, &card, err);

	if (rc == 0)
		rc = runs_card(p->r, buf_text(&card), CARD_RECORDS, take_channel, &r, err);
	if (rc == 0)
		p->grid = run_grid_new(p->story, r.record, buf_text(&r.names), r.n,
			p->words.is_french, p->words.zone, err);
	buf_done(&card);
	buf_done(&r.names);
	return rc < 0 ? rc : p->grid == NULL ? err->code : 0;
}

static int
make_record(struct run_pack *p, struct buf *out, struct err *err)
{
	int rc;

	if (p->grid == NULL && begin_grid(p, err) < 0)
		return err->code;
	rc = run_grid_step(p->grid, out, err);
	if (rc == 1)
		return 1;
	run_grid_free(p->grid);
	p->grid = NULL;
	return rc;
}

/* ---- a picture ------------------------------------------------------------------------------------------------------------ */

static bool
has_name(const struct buf *names, const char *name)
{
	for (size_t at = 0; at < names->n; at += strlen(names->data + at) + 1)
		if (strcmp(names->data + at, name) == 0)
			return true;
	return false;
}

struct drawing {
	struct run_pack *p;
	struct buf names;
	size_t n;
	bool is_third; /* which column has the name */
	int rc;
	struct err err;
};

static void
draw_channel(void *ctx, const char *const columns[3])
{
	struct drawing *d = ctx;
	const char *name = columns[d->is_third ? 2 : 0];
	struct reader_channel ch;

	if (d->n == PLOT_LINES_MAX || has_name(&d->names, name) ||
		reader_find(d->p->r, name, &ch, &d->err) < 0 || ch.type == VALUE_TEXT)
		return;
	buf_put(&d->names, name, strlen(name) + 1);
	d->n++;
}

/* Of sequences: what they wrote and what they recorded; else the first channels of the table. */
static int
choose_lines(struct drawing *d, struct err *err)
{
	struct run_pack *p = d->p;

	for (size_t i = 0; i < p->story->n_parts; i++) {
		struct buf card = { 0 };
		int rc = p->story->parts[i].card[0] == '\0'
				 ? ERR_CONF
				 : runs_bench(p->r, p->story->parts[i].card, &card, err);

		d->is_third = false;
		if (rc == 0)
			rc = runs_card(p->r, buf_text(&card), CARD_OUTPUTS, draw_channel, d, err);
		d->is_third = true;
		if (rc == 0)
			rc = runs_card(p->r, buf_text(&card), CARD_RECORDS, draw_channel, d, err);
		buf_done(&card);
		if (rc == ERR_IO)
			return rc;
	}
	d->is_third = false;
	for (size_t at = 0; d->n < PLOT_CHANNELS && p->story->n_parts == 0 && at < p->names.n;
		at += strlen(p->names.data + at) + 1) {
		const char *const columns[3] = { p->names.data + at, "", "" };

		draw_channel(d, columns);
	}
	return 0;
}

static void
draw_story(struct run_pack *p, struct plot *plot)
{
	char label[160];

	for (size_t i = 0; i < p->story->n_steps; i++) {
		const struct story_step *step = &p->story->steps[i];

		snprintf(label, sizeof(label), "%u %s", step->number, step->title);
		plot_band(plot, (double)(step->begin_ns - p->run.begin_ns) / 1e9,
			(double)(step->end_ns - p->run.begin_ns) / 1e9, label);
	}
	for (size_t i = 0; i < p->story->n_events; i++)
		if (p->story->events[i].e.kind == EVENT_SEQUENCE_MARK)
			plot_mark(plot,
				(double)(p->story->events[i].wall_ns - p->run.begin_ns) / 1e9,
				p->story->events[i].e.text);
}

static int
begin_picture(struct run_pack *p, struct err *err)
{
	struct drawing d = { .p = p };
	struct ask ask = { .is_raw = true,
		.from_ns = MAX(p->run.begin_ns - BUCKETS_HOLD_NS, INT64_C(0)),
		.to_ns = p->run.end_ns + 1,
		.is_free = true };
	char title[WIRE_TITLE_MAX + 40];

	if (choose_lines(&d, err) < 0) {
		buf_done(&d.names);
		return ERR_IO;
	}
	snprintf(title, sizeof(title), "run %u%s%s", p->run.run,
		p->run.title[0] != '\0' ? ": " : "", p->run.title);
	p->picture.plot = plot_new(title);
	p->picture.is_begun = true;
	draw_story(p, p->picture.plot);
	ask.channels = d.names.data;
	ask.n_channels = d.n;
	text_copy(ask.zone, sizeof(ask.zone), p->words.zone);
	if (d.n == 0)
		return 0;
	p->picture.a = answer_new(p->r, &ask, err);
	return p->picture.a == NULL ? err->code : 0;
}

/* What is written holds until the next time. */
static bool
is_setpoint(const char *name)
{
	size_t n = strlen(name);

	return (n > 7 && strcmp(name + n - 7, ".target") == 0) ||
	       (n > 8 && strcmp(name + n - 8, ".working") == 0);
}

static void
begin_line(struct run_pack *p)
{
	struct picture *v = &p->picture;
	struct walk *w = &v->a->walks[v->at];
	bool is_switch = w->ch.type == VALUE_BOOL || w->ch.type == VALUE_CHOICE;

	v->line = plot_line(v->plot, w->ch.name, is_switch ? "" : w->ch.unit,
		is_switch                 ? PLOT_SWITCH
		: is_setpoint(w->ch.name) ? PLOT_STAIR
					  : PLOT_CURVE);
	v->held = (double)NAN;
	v->holds = false;
	walk_begin(v->a, w, v->a->ask.from_ns, v->a->ask.to_ns, true);
}

static double
number_of(const struct walk *w)
{
	return quality_is_bad(series_quality(&w->series, w->at)) ? (double)NAN : walk_number(w);
}

/* What held when the run began is its first point. */
static void
put_held(struct run_pack *p)
{
	struct picture *v = &p->picture;

	/* Not behind a gap. */
	for (size_t i = 0; v->holds && i < v->a->n_gaps; i++)
		v->holds = v->a->ledger[i].to_ns <= v->held_ns ||
			   v->a->ledger[i].from_ns >= p->run.begin_ns;
	if (v->holds)
		plot_point(v->plot, v->line, 0, v->held);
	v->holds = false;
}

static void
put_point(struct run_pack *p, const struct walk *w)
{
	struct picture *v = &p->picture;

	if (w->wall_ns < p->run.begin_ns) {
		v->held = number_of(w);
		v->held_ns = w->wall_ns;
		v->holds = true;
		return;
	}
	put_held(p);
	plot_point(v->plot, v->line, (double)(w->wall_ns - p->run.begin_ns) / 1e9, number_of(w));
}

static int
make_picture(struct run_pack *p, struct buf *out, struct err *err)
{
	struct picture *v = &p->picture;
	unsigned budget = ANSWER_PIECES;
	int rc = 0;

	if (!v->is_begun)
		return begin_picture(p, err) < 0 ? err->code : 1;
	while (v->a != NULL && v->at < v->a->ask.n_channels) {
		struct walk *w = &v->a->walks[v->at];

		if (w->cursor == NULL)
			begin_line(p);
		while ((rc = walk_next(v->a, w, &budget, err)) == 1)
			put_point(p, w);
		if (rc < 0)
			return rc;
		if (!w->is_over)
			return 1;
		put_held(p);
		walk_end(w);
		v->at++;
	}
	plot_svg(v->plot, out);
	return 0;
}

/* ---- which there are ------------------------------------------------------------------------------------------------------ */

static int
list_texts(struct run_pack *p, struct err *err)
{
	for (size_t i = 0; i < p->story->n_parts; i++) {
		struct texting t = { .p = p, .part = i };
		struct buf card = { 0 };
		int rc = p->story->parts[i].card[0] == '\0'
				 ? ERR_CONF
				 : runs_bench(p->r, p->story->parts[i].card, &card, err);

		for (size_t k = 0; k < i && rc == 0; k++) /* the same text once */
			if (strcmp(p->story->parts[k].card, p->story->parts[i].card) == 0)
				rc = ERR_CONF;
		if (rc == 0)
			rc = runs_card(p->r, buf_text(&card), CARD_FILES, name_text, &t, err);
		buf_done(&card);
		if (rc == ERR_IO)
			return rc;
	}
	return 0;
}

static int
list_files(struct run_pack *p, struct err *err)
{
	add_file(p, "values", ".csv", make_values); /* run.json tells what came of it */
	add_file(p, "README", ".txt", make_readme);
	add_file(p, "run", ".json", make_run);
	add_file(p, "bench", ".yaml", make_bench);
	add_file(p, "load", ".py", make_load);
	add_file(p, "events", ".csv", make_events);
	add_file(p, "plot", ".svg", make_picture);
	if (p->story->n_parts > 0)
		add_file(p, "steps", ".csv", make_steps);
	if (story_has_results(p->story))
		add_file(p, "results", ".csv", make_results);
	if (run_injections_are(p->story))
		add_file(p, "injections", ".csv", make_injections);
	if (list_texts(p, err) < 0)
		return ERR_IO;
	for (size_t i = 0; i < p->story->n_records; i++) {
		struct pack_file *f =
			p->story->parts[p->story->records[i].part].card[0] == '\0'
				? NULL
				: add_file(p, p->story->records[i].name, ".csv", make_record);

		if (f != NULL)
			f->i = i;
	}
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------ */

struct run_pack *
run_pack_new(struct reader *r, const struct run_pack_words *words, struct err *err)
{
	struct run_pack *p = mem_zero(1, sizeof(*p));
	int rc = stamp_zone(words->zone, err);

	p->r = r;
	p->words = *words;
	if (rc == 0)
		rc = runs_find(r, words->run, &p->run, err);
	p->choice = (struct choice){ .r = r, .words = &p->words, .run = &p->run, .err = err };
	if (rc == 0)
		rc = choose_channels(&p->choice);
	if (rc < 0) {
		run_pack_free(p);
		return NULL;
	}
	p->n_channels = p->choice.n;
	buf_put(&p->names, p->choice.names.data, p->choice.names.n);
	p->story = story_new(r, &p->run);
	return p;
}

void
run_pack_free(struct run_pack *p)
{
	if (p == NULL)
		return;
	run_csv_free(p->csv);
	run_grid_free(p->grid);
	run_injections_free(p->injections);
	answer_free(p->picture.a);
	if (p->picture.plot != NULL)
		plot_free(p->picture.plot);
	story_free(p->story);
	buf_done(&p->choice.names);
	buf_done(&p->out);
	buf_done(&p->names);
	free(p);
}

const struct run_row *
run_pack_run(const struct run_pack *p)
{
	return &p->run;
}

size_t
run_pack_channels(const struct run_pack *p)
{
	return p->n_channels;
}

static int
make_step(struct run_pack *p, const struct run_pack_sink *sink, struct err *err)
{
	struct pack_file *f = &p->files[p->at];
	int rc, wrote;

	if (!p->is_in_file && sink->file(sink->ctx, f->name, err) < 0)
		return err->code;
	p->is_in_file = true;
	rc = f->make(p, &p->out, err);
	if (rc < 0)
		return rc;
	wrote = sink->write(sink->ctx, &p->out, err);
	if (wrote < 0)
		return wrote;
	if (rc == 0) {
		p->at++;
		p->is_in_file = false;
	}
	return p->at < p->n_files ? 1 : 0;
}

int
run_pack_step(struct run_pack *p, const struct run_pack_sink *sink, struct err *err)
{
	int rc = stamp_zone(p->words.zone, err);

	if (rc < 0)
		return rc;
	if (p->is_told)
		return make_step(p, sink, err);
	rc = story_step(p->story, err);
	if (rc == 0) {
		p->is_told = true;
		rc = list_files(p, err) < 0 ? ERR_IO : 1;
	}
	return rc;
}
