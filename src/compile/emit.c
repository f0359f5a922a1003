/* emit.c - the model as an image: one block of bytes without pointers (model/image.h) */
#include "compile/emit.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"

uint32_t
emit_text(struct emit *e, const char *s)
{
	uint32_t off = (uint32_t)e->strings.n, known;

	if (s == NULL || s[0] == '\0')
		return 0;
	known = names_put(&e->texts, s, off);
	if (known != NAMES_NONE)
		return known;
	buf_put(&e->strings, s, strlen(s) + 1);
	return off;
}

/* Of an option: an empty one is not one that was left out (`send_end: ''`), so it has a place of its own. */
static uint32_t
option_text(struct emit *e, const char *s)
{
	uint32_t off = (uint32_t)e->strings.n;

	if (s == NULL || s[0] != '\0')
		return emit_text(e, s);
	buf_put(&e->strings, "", 1);
	return off;
}

struct image_table
emit_table(struct emit *e, uint32_t n)
{
	static const char zeros[8];
	struct image_table t;

	buf_put(e->out, zeros, (8 - (e->out->n - e->start) % 8) % 8);
	t.off = (uint32_t)(e->out->n - e->start);
	t.n = n;
	return t;
}

static struct image_table
emit_links(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->links.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_link *l = &e->b->links.at[i];
		struct image_link d = {
			.name = emit_text(e, l->name),
			.kind = l->kind,
			.host = emit_text(e, l->host),
			.port = l->port,
			.is_line = l->is_line,
			.has_echo = l->has_echo,
			.line = l->line,
			.pipeline = l->pipeline,
			.local_port = l->local_port,
			.connect_timeout_ns = l->connect_timeout_ns,
			.gap_ns = l->gap_ns,
			.char_ns = l->char_ns,
			.late_max_ns = l->late_max_ns,
			.probe_max_ns = l->probe_max_ns,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static void
hash_point(struct buf *out, const struct point *p)
{
	buf_printf(out, "%u %u %u %u %u %u %u %d %u %d %d %s %s %s %lld|", p->space, p->type,
		p->address, p->count, p->order, p->bit, p->value, p->write_space, p->write_address,
		p->is_write_only, p->is_captured, p->key == NULL ? "" : p->key,
		p->write_key == NULL ? "" : p->write_key, p->unit == NULL ? "" : p->unit,
		(long long)p->every_ns);
}

/* A secret counts by its name here; by what it is, where that is known (link_secrets()). */
static void
hash_option(struct buf *out, const struct bench *b, const struct opt *opt, int64_t num,
	const char *text)
{
	if (opt->type == OPT_SECRET) {
		text = num > 0 ? b->secrets.at[num - 1].name : NULL;
		num = 0;
	}
	buf_printf(out, "%lld %s|", (long long)num, text == NULL ? "" : text);
}

/* What is kept of what it says it is, and the conditions on that; points count within the instrument. */
static void
hash_gates(struct buf *out, const struct bench *b, const struct bench_instrument *ins)
{
	if (ins->identify_warns)
		buf_printf(out, "warns|");
	for (unsigned i = 0; i < ins->codec_part.n_captures; i++)
		buf_printf(out, "%s|", ins->captures[i]);
	for (uint32_t i = 0; i < ins->n_gates; i++) {
		const struct bench_gate *g = &b->gates.at[ins->first_gate + i];

		buf_printf(out, "%u %u %u %u %s|",
			g->point == IMAGE_NONE ? g->point : g->point - ins->first_point, g->capture,
			g->group, g->op, g->text);
	}
}

/* All that the polling of an instrument depends on: a reload leaves it alone while this stays the same. */
static uint64_t
polling_hash(const struct bench *b, const struct bench_instrument *ins)
{
	const struct bench_link *l = &b->links.at[ins->link];
	struct buf text_form = { 0 };
	uint64_t h;

	buf_printf(&text_form, "%d %s %u %d %d %lld %lld %lld %lld %u|", (int)l->kind, l->host,
		l->port, l->is_line, l->has_echo, (long long)l->connect_timeout_ns,
		(long long)l->gap_ns, (long long)l->late_max_ns, (long long)l->probe_max_ns,
		l->pipeline);
	buf_put(&text_form, &l->line, sizeof(l->line));
	buf_printf(&text_form, "%s %s %lld %u|%d %s %.17g|", ins->name, ins->codec->name,
		(long long)ins->timeout_ns, ins->retries, (int)ins->identify, ins->identify_is,
		ins->identify_number);
	hash_point(&text_form, &ins->identify_point);
	for (size_t i = 0; ins->codec->opts != NULL && ins->codec->opts[i].name != NULL; i++)
		hash_option(&text_form, b, &ins->codec->opts[i], ins->codec_part.opts.num[i],
			ins->codec_part.opts.text[i]);
	for (uint32_t i = 0; i < ins->codec_part.n_messages; i++) {
		const struct message *m = &b->messages.at[ins->first_message + i];

		buf_printf(&text_form, "%s %s %s %u %u %u %u %u %u %u %u %u %s %s %u %u %s|",
			m->send, m->receive, m->text, m->role, m->again, m->quality, m->code,
			m->next, m->length, m->lines, m->timeout_ms, m->wait_ms, m->until,
			m->until_is, m->again_ms, m->within_ms, m->otherwise);
	}
	for (uint32_t i = 0; i < ins->n_presets; i++) {
		const struct bench_preset *p = &b->presets.at[ins->first_preset + i];

		hash_point(&text_form, &p->codec_part);
		buf_printf(&text_form, "%llu %s|", (unsigned long long)p->v.u,
			p->text == NULL ? "" : p->text);
	}
	for (uint32_t i = 0; i < ins->n_points; i++)
		hash_point(&text_form, &b->points.at[ins->first_point + i].codec_part);
	hash_gates(&text_form, b, ins);
	h = text_hash(text_form.data, text_form.n);
	buf_done(&text_form);
	return h;
}

static struct image_table
emit_instruments(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->instruments.n);
	uint32_t n_captures = 0;

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_instrument *ins = &e->b->instruments.at[i];
		const struct opt *opts = ins->codec->opts;
		struct image_instrument d = {
			.name = emit_text(e, ins->name),
			.title = emit_text(e, ins->title),
			.codec = emit_text(e, ins->codec->name),
			.link = ins->link,
			.first_point = ins->first_point,
			.n_points = ins->n_points,
			.retries = ins->retries,
			.every_ns = ins->every_ns,
			.timeout_ns = ins->timeout_ns,
			.hash = polling_hash(e->b, ins),
			.identify = (uint8_t)ins->identify,
			.identify_is = emit_text(e, ins->identify_is),
			.identify_value = ins->identify_point.value,
			.identify_bit = ins->identify_point.bit,
			.identify_order = ins->identify_point.order,
			.identify_space = ins->identify_point.space,
			.identify_type = ins->identify_point.type,
			.identify_count = ins->identify_point.count,
			.identify_address = ins->identify_point.address,
			.identify_key = emit_text(e, ins->identify_point.key),
			.identify_number = ins->identify_number,
			.first_message = ins->first_message,
			.n_messages = ins->codec_part.n_messages,
			.first_preset = ins->first_preset,
			.n_presets = ins->n_presets,
			.first_capture = n_captures,
			.n_captures = ins->codec_part.n_captures,
			.first_gate = ins->first_gate,
			.n_gates = ins->n_gates,
			.identify_warns = ins->identify_warns,
		};

		for (size_t k = 0; opts != NULL && opts[k].name != NULL; k++)
			d.opts[k] = opts[k].type == OPT_TEXT
					    ? option_text(e, ins->codec_part.opts.text[k])
					    : ins->codec_part.opts.num[k];
		n_captures += ins->codec_part.n_captures;
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_messages(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->messages.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct message *m = &e->b->messages.at[i];
		struct image_message d = {
			.name = emit_text(e, m->name),
			.send = emit_text(e, m->send),
			.receive = emit_text(e, m->receive),
			.text = emit_text(e, m->text),
			.timeout_ms = m->timeout_ms,
			.quality = m->quality,
			.code = m->code,
			.next = m->next,
			.length = m->length,
			.lines = m->lines,
			.role = m->role,
			.again = m->again,
			.wait_ms = m->wait_ms,
			.until = emit_text(e, m->until),
			.until_is = emit_text(e, m->until_is),
			.again_ms = m->again_ms,
			.within_ms = m->within_ms,
			.otherwise = emit_text(e, m->otherwise),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_presets(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->presets.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_preset *p = &e->b->presets.at[i];
		struct image_preset d = {
			.address = p->codec_part.address,
			.space = p->codec_part.space,
			.type = p->codec_part.type,
			.count = p->codec_part.count,
			.order = p->codec_part.order,
			.bit = p->codec_part.bit,
			.value = p->codec_part.value,
			.key = emit_text(e, p->codec_part.write_key),
			.text = emit_text(e, p->text),
			.said = emit_text(e, p->said),
			.v = p->v,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_captures(struct emit *e)
{
	struct image_table t = emit_table(e, 0);

	for (uint32_t i = 0; i < e->b->instruments.n; i++) {
		const struct instrument *ins = &e->b->instruments.at[i].codec_part;

		for (unsigned k = 0; k < ins->n_captures; k++, t.n++) {
			struct image_capture d = { .name = emit_text(e, ins->captures[k]) };

			buf_put(e->out, &d, sizeof(d));
		}
	}
	return t;
}

static struct image_table
emit_gates(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->gates.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_gate *g = &e->b->gates.at[i];
		struct image_gate d = { .point = g->point,
			.text = emit_text(e, g->text),
			.capture = g->capture,
			.group = g->group,
			.op = (uint8_t)g->op,
			.is_number = g->is_number };

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_points(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->points.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_point *bp = &e->b->points.at[i];
		const struct point *p = &bp->codec_part;
		struct image_point d = {
			.instrument = bp->instrument,
			.channel = e->b->channels.at[bp->channel].place,
			.space = p->space,
			.type = p->type,
			.address = p->address,
			.count = p->count,
			.order = p->order,
			.bit = p->bit,
			.key = emit_text(e, p->key),
			.every_ns = p->every_ns,
			.write_space = p->write_space,
			.value = p->value,
			.is_write_only = p->is_write_only,
			.write_address = p->write_address,
			.write_key = emit_text(e, p->write_key),
			.unit = emit_text(e, p->unit),
			.is_captured = p->is_captured,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_channels(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->channels.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_channel *ch = &b->channels.at[b->order[i]];
		struct image_channel d = {
			.name = emit_text(e, ch->name),
			.title = emit_text(e, ch->title),
			.unit = emit_text(e, ch->unit_text),
			.was = emit_text(e, ch->was),
			.type = (uint8_t)ch->type,
			.source_kind = (uint8_t)ch->source_kind,
			.has_bit = ch->has_bit,
			.bit = ch->bit,
			.has_live_zero = ch->has_live_zero,
			.live_zero = ch->live_zero,
			.first_marker = ch->first_marker,
			.n_markers = ch->n_markers,
			.first_knot = ch->first_knot,
			.n_knots = ch->n_knots,
			.bad_if = ch->bad_if_op,
			.n_bad_if = ch->n_bad_if,
			.filter = (uint8_t)ch->filter,
			.filter_n = ch->filter_n,
			.source = ch->source_kind == SOURCE_CHANNEL
					  ? b->channels.at[ch->source].place
					  : ch->source,
			.n_ops = ch->n_ops,
			.instrument = ch->instrument,
			.first_choice = ch->first_choice,
			.n_choices = ch->n_choices,
			.has_range = ch->has_range,
			.has_scale = ch->has_scale,
			.writable = ch->is_writable,
			.needs_confirm = ch->confirm != NULL,
			.confirm = emit_text(e, ch->confirm == NULL ? "" : ch->confirm),
			.factor = ch->factor,
			.offset = ch->offset,
			.min = ch->min,
			.max = ch->max,
			.stale_ns = ch->stale_ns,
			.record = (uint8_t)ch->record,
			.deadband = ch->deadband,
			.min_interval_ns = ch->min_interval_ns,
			.keep_ns = ch->keep_ns,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_choices(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->choices.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_choice d = {
			.number = e->b->choices.at[i].number,
			.word = emit_text(e, e->b->words.at[i]),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_markers(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->markers.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_marker d = e->b->markers.at[i];

		d.text = emit_text(e, e->b->marks.at[i]);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

/* Points of this machine itself are not simulated. */
static struct image_table
emit_twins(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, 0);

	for (uint32_t i = 0; i < b->points.n; i++) {
		const struct bench_twin *w = &b->points.at[i].twin;
		const struct bench_channel *ch = &b->channels.at[b->points.at[i].channel];
		struct image_twin d = {
			.point = i,
			.follows = w->follows,
			.is_integral = w->is_integral,
			.is_unlike = w->is_unlike,
			.start = w->start,
			.gain = w->gain,
			.tau_s = (double)w->tau_ns / 1e9,
			.fall_s = (double)w->tau_down_ns / 1e9,
			.lag_s = (double)w->lag_ns / 1e9,
			.return_s = (double)w->returns_ns / 1e9,
			.noise = w->noise,
			.wave = w->wave,
			.period_s = (double)w->period_ns / 1e9,
			.paced = w->paced,
			.pace = w->pace,
			.text = option_text(e, w->text),
		};

		if (image_kind_is_local(
			    b->links.at[b->instruments.at[b->points.at[i].instrument].link].kind))
			continue;
		if (w->travel_ns > 0)
			d.rate = (ch->has_range ? ch->max - ch->min : 1) /
				 ((double)w->travel_ns / 1e9);
		buf_put(e->out, &d, sizeof(d));
		t.n++;
	}
	return t;
}

static struct image_table
emit_secrets(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->secrets.n);
	char where[400];

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_secret *s = &b->secrets.at[i];
		int n = snprintf(where, sizeof(where), "%.300s:%u:%u", b->diag.files[s->at.file],
			s->at.line, s->at.column);
		struct image_secret d = {
			.name = emit_text(e, s->name),
			.where = emit_text(e, tree_text(&e->b->tree, where, (size_t)n)),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_fields(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->fields.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_field *f = &e->b->fields.at[i];
		struct image_field d = {
			.name = emit_text(e, f->name),
			.title = emit_text(e, f->title),
			.is_needed = f->is_needed,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_contacts(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->contacts.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_contact *c = &e->b->contacts.at[i];
		struct image_contact d = {
			.name = emit_text(e, c->name),
			.phone = emit_text(e, c->phone),
			.role = emit_text(e, c->role),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_postgres
emit_postgres(struct emit *e)
{
	const struct bench_postgres *p = &e->b->postgres;

	if (!p->is_on)
		return (struct image_postgres){ .is_on = 0 };
	return (struct image_postgres){
		.is_on = 1,
		.server = emit_text(e, p->server),
		.database = emit_text(e, p->database),
		.user = emit_text(e, p->user),
		.schema = emit_text(e, p->schema),
		.tls = emit_text(e, p->tls),
		.ca = emit_text(e, p->ca),
		.partitions = emit_text(e, p->partitions),
		.password = (uint32_t)p->password,
		.keep_ns = p->keep_ns,
	};
}

static struct image_tls
emit_tls(struct emit *e, const struct bench_tls *tls)
{
	return (struct image_tls){
		.kind = (uint32_t)tls->kind,
		.cert = emit_text(e, tls->cert),
		.key = emit_text(e, tls->key),
	};
}

/* In the order of the image, whatever order they were named in: it tells nothing about others between them. */
static struct image_table
emit_shown(struct emit *e)
{
	const struct bench *b = e->b;
	bool *is_shown = mem_zero(b->channels.n + 1, sizeof(*is_shown));
	struct image_table t = emit_table(e, b->shown_channels.n);

	for (uint32_t i = 0; i < b->shown_channels.n; i++)
		is_shown[b->channels.at[b->shown_channels.at[i]].place] = true;
	for (uint32_t place = 0; place < b->channels.n; place++)
		if (is_shown[place])
			buf_put(e->out, &place, sizeof(place));
	free(is_shown);
	return t;
}

void
emit_image(struct bench *b, struct buf *out)
{
	struct emit e = { .b = b, .out = out, .start = out->n };
	struct image img = { .magic = IMAGE_MAGIC, .version = IMAGE_VERSION };
	const size_t hashed = offsetof(struct image, hash) + sizeof(img.hash);

	buf_putc(&e.strings, '\0');
	buf_put(out, &img, sizeof(img));
	img.bench = emit_text(&e, b->name);
	img.title = emit_text(&e, b->title);
	img.listen = emit_text(&e, b->listen);
	img.commands = b->commands;
	img.path = emit_text(&e, b->path);
	img.tick_ns = b->tick_ns;
	img.watchdog = emit_text(&e, b->watchdog);
	img.watchdog_timeout_ns = b->watchdog_timeout_ns;
	img.history = b->history;
	img.postgres = emit_postgres(&e);
	img.influx = (struct image_influx){
		.version = (uint32_t)b->influx.version,
		.url = emit_text(&e, b->influx.url),
		.database = emit_text(&e, b->influx.database),
		.user = emit_text(&e, b->influx.user),
		.org = emit_text(&e, b->influx.org),
		.bucket = emit_text(&e, b->influx.bucket),
		.ca = emit_text(&e, b->influx.ca),
		.secret = (uint32_t)b->influx.secret,
	};
	img.tls = emit_tls(&e, &b->tls);
	img.shown = (struct image_public){
		.listen = emit_text(&e, b->shown.listen),
		.title = emit_text(&e, b->shown.title),
		.tls = emit_tls(&e, &b->shown.tls),
		.needs_link = b->shown.needs_link,
		.flat_off = b->flat_off,
	};
	img.shown_channels = emit_shown(&e);
	img.is_realtime = b->is_realtime;
	img.links = emit_links(&e);
	img.instruments = emit_instruments(&e);
	img.messages = emit_messages(&e);
	img.presets = emit_presets(&e);
	img.captures = emit_captures(&e);
	img.gates = emit_gates(&e);
	img.points = emit_points(&e);
	img.channels = emit_channels(&e);
	img.choices = emit_choices(&e);
	img.markers = emit_markers(&e);
	img.knots = emit_table(&e, b->knots.n);
	buf_put(out, b->knots.at, b->knots.n * sizeof(*b->knots.at));
	img.twins = emit_twins(&e);
	img.secrets = emit_secrets(&e);
	img.fields = emit_fields(&e);
	img.contacts = emit_contacts(&e);
	img.has_free_fields = b->has_free_fields;
	img.copy_to = emit_text(&e, b->copy_to == NULL ? "" : b->copy_to);
	img.before_channels = emit_text(&e, b->before_channels == NULL ? "" : b->before_channels);
	img.before_ns = b->before_channels == NULL ? 0 : b->before_ns;
	emit_protection(&e, &img);
	emit_conditions(&e, &img);
	emit_power(&e, &img);
	emit_notices(&e, &img);
	emit_sequences(&e, &img);
	img.source = emit_text(&e, b->source);
	img.synoptic = emit_text(&e, b->synoptic == NULL ? "" : b->synoptic);
	img.code = emit_table(&e, b->code.n);
	buf_put(out, b->code.at, b->code.n * sizeof(*b->code.at));
	img.n_cells = b->n_cells;
	img.strings = emit_table(&e, (uint32_t)e.strings.n);
	buf_put(out, e.strings.data, e.strings.n);
	emit_table(&e, 0); /* so that the size is a multiple of 8 */
	img.size = (uint32_t)(out->n - e.start);
	memcpy(out->data + e.start, &img, sizeof(img));
	img.hash = text_hash(out->data + e.start + hashed, img.size - hashed);
	memcpy(out->data + e.start, &img, sizeof(img));
	names_done(&e.texts);
	buf_done(&e.strings);
}
