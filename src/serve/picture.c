/* picture.c - bench, channels and updates as documents */
#include "serve/picture.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/allow.h"

void
view_open(struct view *v, const struct board *board, int64_t now_ns, int64_t wall_ns)
{
	*v = (struct view){ .board = board, .now_ns = now_ns };
	board_info(board, &v->info);
	board_read_heart(board, &v->heart);
	v->is_alive = board_is_alive(board, now_ns);
	v->wall_ns = v->heart.stamp_ns != 0 ? v->heart.wall_ns : wall_ns;
}

bool
view_shows(const struct view *v, uint32_t channel)
{
	return allow_channel(v->only, v->board, channel);
}

void
view_time(struct doc *d, const char *key, const struct view *v, int64_t stamp_ns)
{
	char text[CLOCK_TEXT_SIZE];

	if (stamp_ns == 0) {
		doc_null(d, key);
		return;
	}
	clock_text(text, stamp_ns + v->wall_ns);
	doc_text(d, key, text);
}

/* Those lines of the list that begin so. */
static void
put_changes(struct doc *d, const char *key, const char *list, const char *class)
{
	size_t n_class = strlen(class);
	char text[300];

	doc_array(d, key, "change");
	for (const char *at = list; *at != '\0';) {
		size_t n = strcspn(at, "\n");

		if (n > n_class + 2 && strncmp(at, class, n_class) == 0 && at[n_class] == ':') {
			snprintf(text, sizeof(text), "%.*s",
				(int)MIN(n - n_class - 2, sizeof(text) - 1), at + n_class + 2);
			doc_text(d, NULL, text);
		}
		at += n + (at[n] == '\n');
	}
	doc_end(d);
}

static void
put_waiting(struct doc *d, const struct waiting *w, bool is_shown)
{
	if (w == NULL || !w->waits || !is_shown) {
		doc_null(d, "pending");
		return;
	}
	doc_object(d, "pending");
	doc_text(d, "text", w->says);
	doc_bool(d, "needs_reason", w->needs_reason);
	doc_text(d, "who", w->reason[0] == '\0' ? NULL : w->who);
	doc_text(d, "reason", w->reason[0] == '\0' ? NULL : w->reason);
	put_changes(d, "weaker", w->list, "weaker");
	put_changes(d, "stronger", w->list, "stronger");
	put_changes(d, "changed", w->list, "changed");
	doc_end(d);
}

/* What tokens may ask here, and the safe state of POST /safe without a name. */
static void
put_commands(struct doc *d, const struct view *v)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {
		{ COMMANDS_SET, "set" },
		{ COMMANDS_MODE, "mode" },
		{ COMMANDS_SAFE, "safe" },
		{ COMMANDS_ACK, "ack" },
		{ COMMANDS_SHELVE, "shelve" },
		{ COMMANDS_SEQUENCE, "sequence" },
	};
	const char *safe = NULL;

	doc_array(d, "commands", "command");
	for (size_t i = 0; v->img != NULL && i < NELEM(words); i++)
		if ((v->img->commands & words[i].bit) != 0)
			doc_text(d, NULL, words[i].word);
	doc_end(d);
	if (v->img != NULL && v->img->on_stop < v->img->safe_states.n)
		safe = image_text(v->img, image_safe_state_at(v->img, v->img->on_stop)->name);
	doc_text(d, "safe_state", safe);
}

/* What a run that begins is asked; null: not for who asks, or not known. */
static void
put_record(struct doc *d, const struct view *v)
{
	const struct image *img = v->img;

	if (img == NULL || !allow_is_all(v->only)) {
		doc_null(d, "record");
		return;
	}
	doc_object(d, "record");
	doc_bool(d, "free", img->has_free_fields != 0);
	doc_array(d, "fields", "field");
	for (uint32_t i = 0; i < img->fields.n; i++) {
		const struct image_field *f = image_field_at(img, i);

		doc_object(d, NULL);
		doc_text(d, "name", image_text(img, f->name));
		doc_text(d, "title", image_text(img, f->title));
		doc_bool(d, "needed", f->is_needed != 0);
		doc_end(d);
	}
	doc_end(d);
	doc_end(d);
}

/* Phone numbers of people are for people: programs, and whoever has not signed in, do not get them. */
static void
put_contacts(struct doc *d, const struct view *v)
{
	const struct image *img = v->img;

	if (img == NULL || !v->is_person) {
		doc_null(d, "contacts");
		return;
	}
	doc_array(d, "contacts", "contact");
	for (uint32_t i = 0; i < img->contacts.n; i++) {
		const struct image_contact *p = image_contact_at(img, i);

		doc_object(d, NULL);
		doc_text(d, "name", image_text(img, p->name));
		doc_text(d, "phone", image_text(img, p->phone));
		doc_text(d, "role", image_text(img, p->role));
		doc_end(d);
	}
	doc_end(d);
}

void
picture_bench(struct buf *out, bool is_xml, const struct view *v)
{
	char hash[20];
	struct doc d;

	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)v->info.config_hash);
	doc_open(&d, out, is_xml, "bench");
	doc_text(&d, "bench", v->info.bench);
	doc_text(&d, "title", v->info.title);
	doc_text(&d, "state", v->is_alive ? "running" : "controller_down");
	doc_text(&d, "version", MBC_VERSION);
	doc_uint(&d, "generation", v->info.generation);
	doc_text(&d, "config", hash);
	doc_double(&d, "tick_ms", (double)v->info.tick_ns / 1e6);
	doc_int(&d, "uptime_s", MAX(0, v->now_ns - v->info.made_ns) / NS_PER_S);
	view_time(&d, "time", v, v->now_ns);
	doc_bool(&d, "time_is_good", v->heart.wall_is_good != 0);
	doc_uint(&d, "channels", v->info.n_channels);
	doc_uint(&d, "instruments", v->info.n_instruments);
	doc_uint(&d, "ticks_lost", v->heart.lost);
	doc_bool(&d, "history", v->info.is_recorded);
	doc_bool(&d, "synoptic", v->img != NULL && image_text(v->img, v->img->synoptic)[0] != '\0');
	put_waiting(&d, v->waiting, allow_is_all(v->only)); /* it names channels */
	put_commands(&d, v);
	put_record(&d, v);
	put_contacts(&d, v);
	doc_close(&d);
}

static const char *
choice_of(const struct board *b, const struct board_channel *ch, const struct sample *s)
{
	return ch->type == VALUE_CHOICE ? board_choice(b, ch, s->v.i) : NULL;
}

/* What the controller keeps about an output stands in channels of its own; IMAGE_NONE: this is none. */
static uint32_t
state_of(const struct board *b, const char *name, const char *what)
{
	char channel[160];
	uint32_t i;

	snprintf(channel, sizeof(channel), "%s.%s", name, what);
	i = board_find(b, channel);
	return i != IMAGE_NONE && board_channel(b, i)->source_kind == SOURCE_STATE ? i : IMAGE_NONE;
}

/* The output of this name, NULL: not known. The image may be of another generation than the board: names tell. */
static const struct image_output *
find_output(const struct image *img, uint32_t channel, const char *name)
{
	for (uint32_t i = 0; img != NULL && i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		if (o->channel == channel)
			return strcmp(image_text(img, image_channel_at(img, channel)->name),
				       name) == 0
				       ? o
				       : NULL;
	}
	return NULL;
}

/* What may be asked of an output. */
static void
put_bounds(struct doc *d, const struct view *v, uint32_t channel, const char *name)
{
	static const char *const hazards[HAZARDS] = { NULL, "heat", "fuel", "oxidant", "toxic",
		"pressure", "inert" };
	const struct image_output *o = find_output(v->img, channel, name);

	if (o != NULL && o->has_limits) {
		doc_double(d, "set_min", o->min);
		doc_double(d, "set_max", o->max);
	} else {
		doc_null(d, "set_min");
		doc_null(d, "set_max");
	}
	if (o != NULL && o->ramp > 0)
		doc_double(d, "ramp_per_min", o->ramp * 60);
	else
		doc_null(d, "ramp_per_min");
	doc_text(d, "hazard", o != NULL ? hazards[o->hazard] : NULL);
	/* What is not known is asked rather than left out. */
	doc_bool(d, "asks_confirm", o == NULL || o->needs_confirm);
}

/* "access", and of an output what was asked, what was sent, by whom and in which mode. */
static void
put_output(struct doc *d, const struct view *v, uint32_t index, const char *name)
{
	static const char *const parts[] = { "target", "working", "owner", "mode" };
	const struct board *b = v->board;

	if (state_of(b, name, "target") == IMAGE_NONE) {
		doc_text(d, "access", "read");
		return;
	}
	doc_text(d, "access", "write");
	for (size_t i = 0; i < NELEM(parts); i++) {
		uint32_t channel = state_of(b, name, parts[i]);
		const struct board_channel *ch;
		struct sample s;

		if (channel == IMAGE_NONE)
			continue;
		ch = board_channel(b, channel);
		board_look(b, channel, v->now_ns, &s);
		doc_value(d, parts[i], ch->type, &s, choice_of(b, ch, &s));
	}
	put_bounds(d, v, index, name);
}

/* A text of the board, null when nobody wrote one. */
static void
put_written(struct doc *d, const char *key, const struct board *b, uint32_t text)
{
	doc_text(d, key, text == 0 ? NULL : board_text(b, text));
}

/* What stands between the device and what is shown; each member only where there is such a thing. */
static void
put_kinds(struct doc *d, const struct view *v, const struct board_channel *ch)
{
	const struct board *b = v->board;

	if (ch->gas_factor > 0) {
		doc_object(d, "gas");
		doc_text(d, "calibrated", board_text(b, ch->gas_calibrated));
		doc_text(d, "flowing", board_text(b, ch->gas_flowing));
		doc_double(d, "factor", ch->gas_factor);
		put_written(d, "reference", b, ch->gas_reference);
		doc_end(d);
	}
	if (ch->raw < v->info.n_channels && view_shows(v, ch->raw)) {
		doc_object(d, "calibration");
		doc_text(d, "raw", board_text(b, board_channel(b, ch->raw)->name));
		put_written(d, "date", b, ch->calibration_date);
		put_written(d, "due", b, ch->calibration_due);
		put_written(d, "certificate", b, ch->calibration_certificate);
		doc_end(d);
	}
	if (ch->valve < v->info.n_channels && view_shows(v, ch->valve)) {
		const struct board_channel *valve = board_channel(b, ch->valve);
		struct sample s;

		board_look(b, ch->valve, v->now_ns, &s);
		if (quality_is_bad(s.quality))
			doc_null(d, "valve");
		else if (valve->type == VALUE_BOOL)
			doc_text(d, "valve", s.v.i != 0 ? "on" : "off");
		else
			doc_value(d, "valve", valve->type, &s, choice_of(b, valve, &s));
	}
}

/* The members of one channel. */
static void
put_channel(struct doc *d, const struct view *v, uint32_t channel)
{
	const struct board *b = v->board;
	const struct board_channel *ch = board_channel(b, channel);
	const struct quality_row *q;
	const char *word;
	struct sample s;

	board_look(b, channel, v->now_ns, &s);
	q = quality_row(s.quality);
	doc_text(d, "name", board_text(b, ch->name));
	doc_text(d, "title", board_text(b, ch->title));
	doc_text(d, "type", value_type_text(ch->type));
	doc_text(d, "unit", board_text(b, ch->unit));
	if (ch->has_range) {
		doc_double(d, "min", ch->min);
		doc_double(d, "max", ch->max);
	} else {
		doc_null(d, "min");
		doc_null(d, "max");
	}
	doc_value(d, "value", ch->type, &s, choice_of(b, ch, &s));
	doc_text(d, "quality", quality_class_text(s.quality));
	doc_text(d, "reason", q->token);
	doc_text(d, "reason_text", q->text_en);
	doc_text(d, "remedy", q->remedy_en);
	view_time(d, "time", v, s.stamp_ns);
	if (s.stamp_ns != 0)
		doc_int(d, "age_ms", MAX(0, v->now_ns - s.stamp_ns) / NS_PER_MS);
	else
		doc_null(d, "age_ms");
	put_output(d, v, channel, board_text(b, ch->name));
	put_kinds(d, v, ch);
	doc_text(d, "confirm", ch->needs_confirm ? board_text(b, ch->confirm) : NULL);
	if (ch->instrument < v->info.n_instruments)
		doc_text(d, "instrument", board_text(b, board_instrument(b, ch->instrument)->name));
	else
		doc_null(d, "instrument");
	doc_array(d, "choices", "choice");
	for (uint32_t i = 0; (word = board_choice_at(b, ch, i)) != NULL; i++)
		doc_text(d, NULL, word);
	doc_end(d);
}

void
picture_shared(struct buf *out, bool is_xml, const struct view *v)
{
	const struct shown *s = v->shown;
	struct view seen = { 0 };
	struct doc d;

	doc_open(&d, out, is_xml, "shared");
	view_time(&d, "time", v, v->now_ns);
	doc_bool(&d, "is_on", s->is_there);
	doc_text(&d, "address", s->address[0] != '\0' ? s->address : NULL);
	doc_bool(&d, "links_required", s->needs_link);
	doc_bool(&d, "has_json", (v->flat_off & IMAGE_FLAT_JSON) == 0);
	doc_bool(&d, "has_xml", (v->flat_off & IMAGE_FLAT_XML) == 0);
	doc_array(&d, "channels", "channel");
	if (s->board != NULL)
		view_open(&seen, s->board, v->now_ns, v->wall_ns);
	for (uint32_t i = 0; i < seen.info.n_channels; i++) {
		doc_object(&d, NULL);
		put_channel(&d, &seen, i);
		doc_end(&d);
	}
	doc_end(&d);
	doc_close(&d);
}

void
picture_channels(struct buf *out, bool is_xml, const struct view *v, const char *prefix,
	const uint32_t *list, size_t n_list)
{
	size_t n = list != NULL ? n_list : v->info.n_channels;
	char hash[20];
	struct doc d;

	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)v->info.config_hash);
	doc_open(&d, out, is_xml, "bench");
	view_time(&d, "time", v, v->now_ns);
	doc_text(&d, "config",
		v->info.config_hash == 0 ? NULL : hash); /* whose limits and units these are */
	doc_array(&d, "channels", "channel");
	for (size_t i = 0; i < n; i++) {
		uint32_t channel = list != NULL ? list[i] : (uint32_t)i;
		const char *name = board_text(v->board, board_channel(v->board, channel)->name);

		if ((prefix != NULL && strncmp(name, prefix, strlen(prefix)) != 0) ||
			!view_shows(v, channel))
			continue;
		doc_object(&d, NULL);
		put_channel(&d, v, channel);
		doc_end(&d);
	}
	doc_end(&d);
	doc_close(&d);
}

void
picture_channel(struct buf *out, bool is_xml, const struct view *v, uint32_t channel)
{
	struct doc d;

	doc_open(&d, out, is_xml, "channel");
	put_channel(&d, v, channel);
	doc_close(&d);
}

void
picture_update(struct buf *out, const struct board *b, uint32_t channel, const struct sample *s,
	int64_t wall_ns)
{
	const struct board_channel *ch = board_channel(b, channel);
	char time[CLOCK_TEXT_SIZE];
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", board_text(b, ch->name));
	value_json(&j, "value", ch->type, s, choice_of(b, ch, s));
	json_text(&j, "quality", quality_class_text(s->quality));
	json_text(&j, "reason", quality_row(s->quality)->token);
	if (s->stamp_ns != 0)
		clock_text(time, s->stamp_ns + wall_ns);
	json_text(&j, "time", s->stamp_ns != 0 ? time : NULL);
	json_end(&j);
}
