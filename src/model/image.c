/* image.c - proving that bytes are an image
 *
 * Whoever reads an image trusts its offsets and indices, so all of them are checked here, once, before anything is read
 * through them. The meaning of a point's address and of an instrument's options is the codec's own and is not known here.
 */
#include "model/image.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/expr.h"
#include "model/gate.h"
#include "model/image_notices.h"
#include "model/image_protect.h"
#include "model/sequence.h"
#include "msg/health.h"
#include "msg/quality.h"

#define BENCH_NAME_MAX 63 /* as the compiler has it */
/* No time in an image is longer: a sum of a few stays far from the end of int64_t. */
#define LONGEST_NS (INT64_C(100000000) * NS_PER_S)

struct check {
	const struct image *img;
	size_t n;
	struct err *err;
};

static int wrong(const struct check *c, const char *fmt, ...) PRINTF(2, 3);

static int
wrong(const struct check *c, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(c->err, ERR_CONF, 0,
		"the compiled bench is damaged: %s; compile the bench file again", text);
}

static bool
is_text(const struct check *c, uint32_t off)
{
	return off < c->img->strings.n;
}

static bool
is_name(const struct check *c, uint32_t off)
{
	return is_text(c, off) && image_text(c->img, off)[0] != '\0';
}

static bool
is_time(int64_t ns, int64_t least)
{
	return ns >= least && ns <= LONGEST_NS;
}

/* first .. first + n - 1 lie below `end`. */
static bool
is_range(uint32_t first, uint32_t n, uint32_t end)
{
	return first <= end && n <= end - first;
}

static int
check_table(const struct check *c, const char *name, const struct image_table *t, size_t size)
{
	if (t->n == 0 && t->off == 0)
		return 0; /* there is none */
	if (t->off % 8 != 0 || t->off < sizeof(struct image) ||
		t->off + (uint64_t)t->n * size > c->n)
		return wrong(c, "table of %s outside of its %zu bytes", name, c->n);
	return 0;
}

static int
check_tables(const struct check *c)
{
	const struct image *img = c->img;
	const struct {
		const char *name;
		const struct image_table *table;
		size_t size;
	} tables[] = {
		{ "links", &img->links, sizeof(struct image_link) },
		{ "instruments", &img->instruments, sizeof(struct image_instrument) },
		{ "messages", &img->messages, sizeof(struct image_message) },
		{ "presets", &img->presets, sizeof(struct image_preset) },
		{ "captures", &img->captures, sizeof(struct image_capture) },
		{ "gates", &img->gates, sizeof(struct image_gate) },
		{ "points", &img->points, sizeof(struct image_point) },
		{ "channels", &img->channels, sizeof(struct image_channel) },
		{ "choices", &img->choices, sizeof(struct image_choice) },
		{ "markers", &img->markers, sizeof(struct image_marker) },
		{ "knots", &img->knots, sizeof(struct image_knot) },
		{ "twins", &img->twins, sizeof(struct image_twin) },
		{ "secrets", &img->secrets, sizeof(struct image_secret) },
		{ "fields", &img->fields, sizeof(struct image_field) },
		{ "contacts", &img->contacts, sizeof(struct image_contact) },
		{ "outputs", &img->outputs, sizeof(struct image_output) },
		{ "loops", &img->loops, sizeof(struct image_loop) },
		{ "safe states", &img->safe_states, sizeof(struct image_safe_state) },
		{ "safe lines", &img->safe_lines, sizeof(struct image_safe_line) },
		{ "trips", &img->trips, sizeof(struct image_trip) },
		{ "interlocks", &img->interlocks, sizeof(struct image_interlock) },
		{ "alarms", &img->alarms, sizeof(struct image_alarm) },
		{ "rules", &img->rules, sizeof(struct image_rule) },
		{ "actions", &img->actions, sizeof(struct image_action) },
		{ "restored outputs", &img->restore, sizeof(uint32_t) },
		{ "needed instruments", &img->needs, sizeof(uint32_t) },
		{ "public channels", &img->shown_channels, sizeof(uint32_t) },
		{ "watchdogs", &img->watchdogs, sizeof(struct image_watchdog) },
		{ "watchdog values", &img->watchdog_values, sizeof(struct image_watchdog_value) },
		{ "uptimes", &img->uptimes, sizeof(struct image_uptime) },
		{ "power rows", &img->power_rows, sizeof(struct image_power_row) },
		{ "power outputs", &img->power_outputs, sizeof(struct image_power_output) },
		{ "last values", &img->lasts, sizeof(struct image_last) },
		{ "parts", &img->parts, sizeof(struct image_part) },
		{ "numbers", &img->numbers, sizeof(double) },
		{ "gases", &img->gases, sizeof(struct image_gas) },
		{ "calibrations", &img->calibrations, sizeof(struct image_calibration) },
		{ "sequences", &img->sequences, sizeof(struct image_sequence) },
		{ "steps", &img->seq_steps, sizeof(struct image_seq_step) },
		{ "expected outputs", &img->seq_expects, sizeof(struct image_seq_expect) },
		{ "instructions", &img->instrs, sizeof(struct image_instr) },
		{ "actions of sequences", &img->seq_actions, sizeof(struct image_seq_action) },
		{ "guards", &img->guards, sizeof(struct image_guard) },
		{ "slots", &img->slots, sizeof(struct image_slot) },
		{ "rows of power_loss", &img->seq_rows, sizeof(struct image_seq_row) },
		{ "ramps back", &img->seq_backs, sizeof(struct image_seq_back) },
		{ "limits of sequences", &img->seq_limits, sizeof(struct image_seq_limit) },
		{ "numbers of sequences", &img->seq_numbers, sizeof(uint32_t) },
		{ "commands of instruments", &img->ins_commands, sizeof(struct image_ins_command) },
		{ "files of sequences", &img->seq_files, sizeof(struct image_seq_file) },
		{ "receivers", &img->receivers, sizeof(struct image_receiver) },
		{ "addresses", &img->addresses, sizeof(struct image_address) },
		{ "members", &img->members, sizeof(uint32_t) },
		{ "steps of chains", &img->steps, sizeof(struct image_step) },
		{ "shifts", &img->shifts, sizeof(struct image_shift) },
		{ "services", &img->pushes, sizeof(struct image_push) },
		{ "events that are told", &img->told_kinds, sizeof(uint32_t) },
		{ "code", &img->code, sizeof(struct expr_op) },
		{ "strings", &img->strings, 1 },
	};
	const char *strings;
	int rc;

	for (size_t i = 0; i < NELEM(tables); i++)
		if ((rc = check_table(c, tables[i].name, tables[i].table, tables[i].size)) != 0)
			return rc;
	if (img->channels.n > IMAGE_CHANNELS_MAX)
		return wrong(c, "%u channels, more than %u", img->channels.n, IMAGE_CHANNELS_MAX);
	if (img->secrets.n > SECRETS_MAX)
		return wrong(c, "%u secrets, more than %d", img->secrets.n, SECRETS_MAX);
	if (img->n_cells > IMAGE_CELLS_MAX)
		return wrong(c, "%u cells, more than %d", img->n_cells, IMAGE_CELLS_MAX);
	strings = image_at(img, &img->strings);
	if (img->strings.n == 0 || strings[0] != '\0' || strings[img->strings.n - 1] != '\0')
		return wrong(c, "strings without end");
	if (text_utf8(strings, img->strings.n) != img->strings.n)
		return wrong(c, "strings that are not UTF-8");
	return 0;
}

static int
check_header(const struct check *c)
{
	const struct image *img = c->img;

	if (img->magic != IMAGE_MAGIC)
		return wrong(c, "wrong first bytes");
	if (img->version != IMAGE_VERSION)
		return wrong(c, "version %u, this program reads %u", img->version, IMAGE_VERSION);
	if (img->size != c->n)
		return wrong(c, "%zu bytes instead of %u", c->n, img->size);
	return 0;
}

/* It becomes part of file names that the supervisor makes and removes: nothing that could leave their folder. */
static bool
is_bench_name(const char *name)
{
	size_t good =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return good > 0 && good <= BENCH_NAME_MAX && name[good] == '\0' && name[0] != '-';
}

static bool
is_tls(const struct check *c, const struct image_tls *tls)
{
	bool has_files = tls->kind == IMAGE_TLS_FILES;

	return tls->kind <= IMAGE_TLS_FILES && is_text(c, tls->cert) && is_text(c, tls->key) &&
	       (image_text(c->img, tls->cert)[0] != '\0') == has_files &&
	       (image_text(c->img, tls->key)[0] != '\0') == has_files;
}

static int
check_bench(const struct check *c)
{
	const struct image *img = c->img;

	if (!is_text(c, img->bench) || !is_text(c, img->title) || !is_text(c, img->listen) ||
		!is_text(c, img->path) || !is_bench_name(image_text(img, img->bench)))
		return wrong(c, "name of the bench");
	if (img->tick_ns < 10 * NS_PER_MS || img->tick_ns > NS_PER_S)
		return wrong(c, "tick of %lld ns", (long long)img->tick_ns);
	if (!is_text(c, img->watchdog) || img->is_realtime > 1)
		return wrong(c, "watchdog or class of the controller");
	if (image_text(img, img->watchdog)[0] != '\0' &&
		!is_time(img->watchdog_timeout_ns, NS_PER_S))
		return wrong(c, "timeout of the watchdog");
	if (img->influx.version > 2 || img->influx.secret > img->secrets.n ||
		!is_text(c, img->influx.url) || !is_text(c, img->influx.database) ||
		!is_text(c, img->influx.user) || !is_text(c, img->influx.org) ||
		!is_text(c, img->influx.bucket) || !is_text(c, img->influx.ca))
		return wrong(c, "influx");
	if (!is_tls(c, &img->tls))
		return wrong(c, "certificate");
	if (!is_text(c, img->shown.listen) || !is_text(c, img->shown.title) ||
		!is_tls(c, &img->shown.tls) || img->shown.needs_link > 1 ||
		img->shown.flat_off > (IMAGE_FLAT_JSON | IMAGE_FLAT_XML))
		return wrong(c, "public server");
	for (uint32_t k = 0; k < img->shown_channels.n; k++)
		if (image_shown_at(img, k) >= img->channels.n ||
			(k > 0 && image_shown_at(img, k) <= image_shown_at(img, k - 1)))
			return wrong(c, "public channel %u", k);
	if (img->history.is_off > 1 || img->history.commit_ns < 0 ||
		img->history.commit_ns > 60 * NS_PER_S || img->history.keep_ns < 0 ||
		img->history.resolution_ns < 0 || img->history.resolution_ns > NS_PER_S)
		return wrong(c, "history");
	for (size_t i = 0; i < IMAGE_TIERS_MAX; i++) {
		const struct image_tier *t = &img->history.tiers[i];

		if (t->after_ns < 0 || t->every_ns < 0 ||
			(t->every_ns > 0 && t->every_ns < NS_PER_S) ||
			(t->every_ns > 0 && t->after_ns < 86400 * NS_PER_S))
			return wrong(c, "tiers of the history");
	}
	if (img->history.carried_by > (IMAGE_CARRIED_POSTGRES | IMAGE_CARRIED_INFLUX) ||
		img->postgres.is_on > 1 || img->postgres.keep_ns < 0 ||
		img->postgres.password > img->secrets.n || !is_text(c, img->postgres.server) ||
		!is_text(c, img->postgres.database) || !is_text(c, img->postgres.user) ||
		!is_text(c, img->postgres.schema) || !is_text(c, img->postgres.tls) ||
		!is_text(c, img->postgres.ca) || !is_text(c, img->postgres.partitions))
		return wrong(c, "data base of the history");
	return 0;
}

static int
check_fields(const struct check *c)
{
	const struct image *img = c->img;

	if (!is_text(c, img->source) || !is_text(c, img->synoptic) || !is_text(c, img->copy_to) ||
		!is_text(c, img->before_channels) || img->before_ns < 0 ||
		img->has_free_fields > 1 || img->fields.n > IMAGE_FIELDS_MAX)
		return wrong(c, "what is asked about a run");
	for (uint32_t i = 0; i < img->fields.n; i++) {
		const struct image_field *f = image_field_at(img, i);

		if (!is_name(c, f->name) || !is_text(c, f->title) || f->is_needed > 1)
			return wrong(c, "field %u of a run", i);
	}
	if (img->contacts.n > IMAGE_CONTACTS_MAX)
		return wrong(c, "whom people call");
	for (uint32_t i = 0; i < img->contacts.n; i++) {
		const struct image_contact *p = image_contact_at(img, i);

		if (!is_name(c, p->name) || !is_name(c, p->phone) || !is_text(c, p->role))
			return wrong(c, "contact %u", i);
	}
	return 0;
}

size_t
image_words(const char *host, char *room, char *out[IMAGE_WORDS_MAX + 2])
{
	size_t size = strlen(host), n = 0;
	char *next = room;

	if (size > IMAGE_WORDS_BYTES_MAX)
		return 0;
	memcpy(room, host, size + 1);
	while (next != NULL) {
		if (n == IMAGE_WORDS_MAX + 1)
			return 0;
		out[n++] = next;
		next = strchr(next, '\n');
		if (next != NULL)
			*next++ = '\0';
	}
	out[n] = NULL;
	return n < 2 || out[0][0] == '\0' || out[1][0] == '\0' ? 0 : n;
}

static int
check_link(const struct check *c, uint32_t i)
{
	const struct image_link *l = image_link_at(c->img, i);
	char words[IMAGE_WORDS_BYTES_MAX + 1], *at[IMAGE_WORDS_MAX + 2];

	if (!is_name(c, l->name) || !is_text(c, l->host) || l->kind >= LINK_KINDS ||
		!is_time(l->connect_timeout_ns, 0) || !is_time(l->gap_ns, 0) ||
		!is_time(l->char_ns, 0) || !is_time(l->late_max_ns, 0) ||
		!is_time(l->probe_max_ns, 0) || l->pipeline > IMAGE_PIPELINE_MAX)
		return wrong(c, "link %u", i);
	if (l->kind == LINK_HELPER && image_words(image_text(c->img, l->host), words, at) == 0)
		return wrong(c, "words of link %u", i);
	if (l->kind == LINK_SERIAL &&
		(l->line.baud == 0 || l->line.bits < 7 || l->line.bits > 8 || l->line.stop < 1 ||
			l->line.stop > 2 || l->line.rs485 > RS485_LOW))
		return wrong(c, "line of link %u", i);
	return 0;
}

/* Each is on a capture and a point of the instrument itself, and groups stand together. */
static int
check_gates(const struct check *c, uint32_t i)
{
	const struct image_instrument *ins = image_instrument_at(c->img, i);

	for (uint32_t k = 0; k < ins->n_gates; k++) {
		const struct image_gate *g = image_gate_at(c->img, ins->first_gate + k);
		const struct image_gate *before = k == 0 ? NULL : g - 1;

		if (g->capture >= ins->n_captures || g->op >= GATE_OPS || g->is_number > 1 ||
			!is_text(c, g->text) ||
			(g->point != IMAGE_NONE &&
				(g->point < ins->first_point ||
					g->point - ins->first_point >= ins->n_points)) ||
			(before == NULL ? g->group != 0
					: g->group < before->group ||
						  g->group > before->group + 1) ||
			(before != NULL && g->group == before->group && g->point != before->point))
			return ERR_CONF;
	}
	return 0;
}

static int
check_instrument(const struct check *c, uint32_t i)
{
	const struct image_instrument *ins = image_instrument_at(c->img, i);

	if (!is_name(c, ins->name) || !is_text(c, ins->title) || !is_name(c, ins->codec) ||
		ins->link >= c->img->links.n)
		return wrong(c, "instrument %u", i);
	if (!is_range(ins->first_point, ins->n_points, c->img->points.n))
		return wrong(c, "points of instrument %u", i);
	if (!is_range(ins->first_message, ins->n_messages, c->img->messages.n) ||
		ins->n_messages > IMAGE_MESSAGES_MAX)
		return wrong(c, "messages of instrument %u", i);
	for (uint32_t k = 0; k < ins->n_messages; k++) {
		const struct image_message *m = image_message_at(c->img, ins->first_message + k);

		/* A row of messages leads forward, so it ends. */
		if (m->next != 0 && (m->next <= k || m->next >= ins->n_messages))
			return wrong(c, "row of messages of instrument %u", i);
	}
	if (!is_range(ins->first_preset, ins->n_presets, c->img->presets.n) ||
		ins->n_presets > IMAGE_PRESETS_MAX)
		return wrong(c, "presets of instrument %u", i);
	if (!is_range(ins->first_capture, ins->n_captures, c->img->captures.n) ||
		ins->n_captures > IMAGE_CAPTURES_MAX)
		return wrong(c, "captures of instrument %u", i);
	if (!is_range(ins->first_gate, ins->n_gates, c->img->gates.n) || check_gates(c, i) < 0)
		return wrong(c, "gates of instrument %u", i);
	if (!is_time(ins->every_ns, 1) || !is_time(ins->timeout_ns, 1))
		return wrong(c, "times of instrument %u", i);
	if (ins->identify > IDENTIFY_POINT || !is_text(c, ins->identify_is) ||
		!is_text(c, ins->identify_key) || ins->identify_value > VALUE_TEXT ||
		ins->identify_warns > 1)
		return wrong(c, "identification of instrument %u", i);
	return 0;
}

static int
check_message(const struct check *c, uint32_t i)
{
	const struct image_message *m = image_message_at(c->img, i);

	bool waits = m->until != 0;

	return is_text(c, m->name) && is_text(c, m->send) && is_text(c, m->receive) &&
			       is_text(c, m->text) && is_text(c, m->until) &&
			       is_text(c, m->until_is) && is_text(c, m->otherwise) &&
			       m->wait_ms <= IMAGE_WAIT_MS_MAX &&
			       m->within_ms <= IMAGE_WITHIN_MS_MAX &&
			       m->again_ms <= IMAGE_WITHIN_MS_MAX &&
			       (!waits || m->again_ms >= IMAGE_AGAIN_MS_MIN)
		       ? 0
		       : wrong(c, "message %u", i);
}

static int
check_capture(const struct check *c, uint32_t i)
{
	return is_name(c, image_capture_at(c->img, i)->name) ? 0 : wrong(c, "capture %u", i);
}

static int
check_preset(const struct check *c, uint32_t i)
{
	const struct image_preset *p = image_preset_at(c->img, i);

	return p->value <= VALUE_TEXT && is_text(c, p->key) && is_text(c, p->text) &&
			       is_text(c, p->said)
		       ? 0
		       : wrong(c, "preset %u", i);
}

static bool
is_flag(uint8_t v)
{
	return v <= 1;
}

/* A point lies in the range of its instrument, and it and its channel name each other. */
static int
check_point(const struct check *c, uint32_t i)
{
	const struct image *img = c->img;
	const struct image_point *p = image_point_at(img, i);
	const struct image_instrument *ins;
	const struct image_channel *ch;

	if (p->instrument >= img->instruments.n || p->channel >= img->channels.n ||
		!is_text(c, p->key) || !is_text(c, p->write_key) || !is_text(c, p->unit) ||
		!is_time(p->every_ns, 1) || !is_flag(p->is_write_only) ||
		(p->is_write_only && p->write_space < 0))
		return wrong(c, "point %u", i);
	ins = image_instrument_at(img, p->instrument);
	if (i < ins->first_point || i - ins->first_point >= ins->n_points)
		return wrong(c, "point %u is not one of its instrument", i);
	if (!is_flag(p->is_captured) ||
		(p->is_captured && (p->address >= ins->n_captures || p->value != VALUE_TEXT ||
					   p->write_space >= 0)))
		return wrong(c, "what point %u shows", i);
	ch = image_channel_at(img, p->channel);
	if (ch->source_kind != SOURCE_POINT || ch->source != i)
		return wrong(c, "point %u is not that of its channel", i);
	return 0;
}

static int
check_source(const struct check *c, const struct image_channel *ch, uint32_t i)
{
	const struct image *img = c->img;
	const struct expr_op *ops;

	switch ((enum channel_source)ch->source_kind) {
	case SOURCE_POINT:
		if (ch->source < img->points.n && image_point_at(img, ch->source)->channel == i)
			return 0;
		break;
	case SOURCE_CHANNEL:
		/* A text is no number: it neither follows one nor is followed by one. */
		if (ch->source < i && (image_channel_at(img, ch->source)->type == VALUE_TEXT) ==
					      (ch->type == VALUE_TEXT))
			return 0;
		break;
	case SOURCE_CALC:
		if (ch->type == VALUE_TEXT || !is_range(ch->source, ch->n_ops, img->code.n))
			break;
		ops = (const struct expr_op *)image_at(img, &img->code) + ch->source;
		if (expr_is_sound(ops, ch->n_ops, i, img->n_cells))
			return 0;
		break;
	case SOURCE_HEALTH:
		if (ch->source < HEALTH_COUNT && ch->type != VALUE_TEXT)
			return 0;
		break;
	case SOURCE_STATE:
		if (ch->source < STATE_KINDS &&
			(ch->type != VALUE_TEXT || ch->source > STATE_SEQUENCE))
			return 0;
		break;
	}
	return wrong(c, "source of channel %u", i);
}

/* What makes its raw values bad, and the table that scales them. */
static int
check_values(const struct check *c, uint32_t i)
{
	const struct image *img = c->img;
	const struct image_channel *ch = image_channel_at(img, i);
	const struct expr_op *ops;

	if (!is_flag(ch->has_bit) || ch->bit > 63 || !is_flag(ch->has_live_zero) ||
		!isfinite(ch->live_zero) ||
		(ch->has_bit && (ch->source_kind != SOURCE_CHANNEL || ch->type != VALUE_BOOL)))
		return wrong(c, "bit or live zero of channel %u", i);
	if (!is_range(ch->first_marker, ch->n_markers, img->markers.n))
		return wrong(c, "markers of channel %u", i);
	if (!is_range(ch->first_knot, ch->n_knots, img->knots.n) || ch->n_knots == 1)
		return wrong(c, "table of channel %u", i);
	for (uint32_t k = 1; k < ch->n_knots; k++)
		if (!(image_knot_at(img, ch->first_knot + k)->from >
			    image_knot_at(img, ch->first_knot + k - 1)->from))
			return wrong(c, "order of the table of channel %u", i);
	if (ch->n_bad_if == 0)
		return 0;
	if (!is_range(ch->bad_if, ch->n_bad_if, img->code.n))
		return wrong(c, "condition of channel %u", i);
	ops = (const struct expr_op *)image_at(img, &img->code) + ch->bad_if;
	return expr_is_sound(ops, ch->n_bad_if, img->channels.n, img->n_cells)
		       ? 0
		       : wrong(c, "condition of channel %u", i);
}

static int
check_channel(const struct check *c, uint32_t i)
{
	const struct image *img = c->img;
	const struct image_channel *ch = image_channel_at(img, i);

	if (!is_name(c, ch->name) || !is_text(c, ch->title) || !is_text(c, ch->unit) ||
		!is_text(c, ch->was) || !is_text(c, ch->confirm))
		return wrong(c, "texts of channel %u", i);
	if (ch->type >= VALUE_TYPES || !is_flag(ch->has_range) || !is_flag(ch->has_scale) ||
		!is_flag(ch->writable) || !is_flag(ch->needs_confirm))
		return wrong(c, "type of channel %u", i);
	if (ch->record > RECORD_NONE || !(ch->deadband >= 0) || ch->min_interval_ns < 0 ||
		ch->keep_ns < 0)
		return wrong(c, "what is recorded of channel %u", i);
	if (ch->filter > FILTER_MEAN ||
		(ch->filter != FILTER_NONE &&
			(ch->filter_n < 1 || ch->filter_n > CHANNEL_FILTER_MAX)))
		return wrong(c, "filter of channel %u", i);
	if (ch->instrument != IMAGE_NONE && ch->instrument >= img->instruments.n)
		return wrong(c, "instrument of channel %u", i);
	if (!is_range(ch->first_choice, ch->n_choices, img->choices.n))
		return wrong(c, "choices of channel %u", i);
	if (ch->has_scale && (!isfinite(ch->factor) || !isfinite(ch->offset)))
		return wrong(c, "scale of channel %u", i);
	if (ch->has_range && !(isfinite(ch->min) && isfinite(ch->max) && ch->min <= ch->max))
		return wrong(c, "range of channel %u", i);
	if (!is_time(ch->stale_ns, 0))
		return wrong(c, "time of channel %u", i);
	if (check_values(c, i) < 0)
		return ERR_CONF;
	return check_source(c, ch, i);
}

static int
check_choice(const struct check *c, uint32_t i)
{
	return is_text(c, image_choice_at(c->img, i)->word) ? 0 : wrong(c, "choice %u", i);
}

static bool
is_length(double v)
{
	return isfinite(v) && v >= 0;
}

static int
check_marker(const struct check *c, uint32_t i)
{
	const struct image_marker *m = image_marker_at(c->img, i);

	return is_text(c, m->text) && quality_is_bad(m->quality) && m->quality < Q_COUNT
		       ? 0
		       : wrong(c, "marker %u", i);
}

static int
check_knot(const struct check *c, uint32_t i)
{
	const struct image_knot *k = image_knot_at(c->img, i);

	return isfinite(k->from) && isfinite(k->to) ? 0 : wrong(c, "knot %u", i);
}

static int
check_twin(const struct check *c, uint32_t i)
{
	const struct image *img = c->img;
	const struct image_twin *t = image_twin_at(img, i);

	if (t->point >= img->points.n || !is_text(c, t->text))
		return wrong(c, "twin %u", i);
	if (t->follows != IMAGE_NONE && t->follows >= img->points.n)
		return wrong(c, "what twin %u follows", i);
	if (t->paced > img->points.n || !isfinite(t->pace) ||
		(t->paced > 0 && image_point_at(img, t->paced - 1)->instrument !=
					 image_point_at(img, t->point)->instrument))
		return wrong(c, "what paces twin %u", i);
	if (t->is_integral > 1 || (t->is_integral == 1 && t->follows == IMAGE_NONE))
		return wrong(c, "what twin %u integrates", i);
	if (t->is_unlike > 1 || (t->is_unlike == 1 && t->follows == IMAGE_NONE))
		return wrong(c, "what twin %u is unlike", i);
	if (!is_length(t->return_s) || !is_length(t->fall_s) || !is_length(t->rate) ||
		!is_length(t->lag_s) || !is_length(t->tau_s) || !is_length(t->noise) ||
		!is_length(t->period_s))
		return wrong(c, "times of twin %u", i);
	if (!isfinite(t->start) || !isfinite(t->gain) || !isfinite(t->wave))
		return wrong(c, "numbers of twin %u", i);
	return 0;
}

/* Its name becomes part of a path. */
static int
check_secret(const struct check *c, uint32_t i)
{
	const struct image_secret *s = image_secret_at(c->img, i);

	return is_text(c, s->name) && secret_is_name(image_text(c->img, s->name)) &&
			       is_text(c, s->where)
		       ? 0
		       : wrong(c, "secret %u", i);
}

int
image_check(const void *bytes, size_t n, struct err *err)
{
	struct check c = { bytes, n, err };
	int (*const checks[])(const struct check *c, uint32_t i) = { check_link, check_instrument,
		check_message, check_preset, check_capture, check_point, check_channel,
		check_choice, check_marker, check_knot, check_twin, check_secret };
	const struct image *img = bytes;
	const char *what;
	uint32_t row;
	int rc;

	if (n < sizeof(*img) || n > IMAGE_SIZE_MAX)
		return wrong(&c, "%zu bytes", n);
	if ((uintptr_t)bytes % 8 != 0)
		return wrong(&c, "it does not begin at a multiple of 8 in memory");
	if ((rc = check_header(&c)) != 0 || (rc = check_tables(&c)) != 0 ||
		(rc = check_bench(&c)) != 0 || (rc = check_fields(&c)) != 0)
		return rc;
	const uint32_t counts[NELEM(checks)] = { img->links.n, img->instruments.n, img->messages.n,
		img->presets.n, img->captures.n, img->points.n, img->channels.n, img->choices.n,
		img->markers.n, img->knots.n, img->twins.n, img->secrets.n };
	for (size_t k = 0; k < NELEM(checks); k++)
		for (uint32_t i = 0; i < counts[k]; i++)
			if ((rc = checks[k](&c, i)) != 0)
				return rc;
	what = image_check_protection(img, &row);
	if (what == NULL)
		what = image_check_sequences(img, &row);
	if (what == NULL)
		what = image_check_notices(img, &row);
	return what == NULL ? 0 : wrong(&c, "%s %u", what, row);
}

uint32_t
image_find_channel(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->channels.n; i++)
		if (strcmp(image_text(img, image_channel_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

bool
image_is_write_only(const struct image *img, uint32_t channel)
{
	const struct image_channel *ch = image_channel_at(img, channel);

	while (ch->source_kind == SOURCE_CHANNEL)
		ch = image_channel_at(img, ch->source);
	return ch->source_kind == SOURCE_POINT &&
	       image_point_at(img, ch->source)->is_write_only != 0;
}

bool
image_same_wire(const struct image *img_a, const struct image_link *a, const struct image *img_b,
	const struct image_link *b)
{
	return a->kind == b->kind && a->port == b->port && a->is_line == b->is_line &&
	       a->has_echo == b->has_echo && a->local_port == b->local_port &&
	       memcmp(&a->line, &b->line, sizeof(a->line)) == 0 &&
	       strcmp(image_text(img_a, a->host), image_text(img_b, b->host)) == 0;
}

bool
image_same_number(double raw, double written)
{
	float narrow = (float)written;

	return (!(raw < written) && !(raw > written)) ||
	       (!(raw < (double)narrow) && !(raw > (double)narrow));
}

bool
image_marker_is_text(const char *marker, const char *text)
{
	size_t n = strlen(marker);

	return n > 0 && marker[n - 1] == '*' ? strncmp(marker, text, n - 1) == 0
					     : strcmp(marker, text) == 0;
}

double
image_table_value(const struct image_knot *knots, uint32_t n, double from)
{
	const struct image_knot *a = knots, *b = a + 1;

	for (uint32_t i = 2; i < n && from > b->from; i++) {
		a = b;
		b++;
	}
	return a->to + (from - a->from) * (b->to - a->to) / (b->from - a->from);
}

double
image_table_place(const struct image_knot *knots, uint32_t n, double to)
{
	const struct image_knot *nearest = knots;
	double place = 0, flattest = (double)INFINITY;

	for (uint32_t i = 0; i + 1 < n; i++) {
		const struct image_knot *a = &knots[i], *b = a + 1;
		double steep = fabs((b->to - a->to) / (b->from - a->from));

		if (to >= fmin(a->to, b->to) && to <= fmax(a->to, b->to) && steep > 0 &&
			steep < flattest) {
			place = a->from + (to - a->to) * (b->from - a->from) / (b->to - a->to);
			flattest = steep;
		}
	}
	if (flattest < (double)INFINITY)
		return place;
	for (uint32_t i = 1; i < n; i++)
		if (fabs(knots[i].to - to) < fabs(nearest->to - to))
			nearest = &knots[i];
	return nearest->from;
}
