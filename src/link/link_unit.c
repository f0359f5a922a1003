/* link_unit.c - an instrument on a link: made from the image, up and down */
#include "link/link_engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

static char *
copy_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : mem_text(text);
}

static void
init_options(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	const struct opt *opt = u->codec->opts;

	for (size_t i = 0; i < IMAGE_OPTS_MAX && opt != NULL && opt[i].name != NULL; i++) {
		u->ins.opts.num[i] = from->opts[i];
		if (opt[i].type == OPT_TEXT && from->opts[i] > 0)
			u->ins.opts.text[i] = mem_text(image_text(img, (uint32_t)from->opts[i]));
	}
}

static void
init_messages(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	u->ins.n_messages = (uint16_t)from->n_messages;
	u->messages = mem_zero(MAX(from->n_messages, 1u), sizeof(*u->messages));
	u->ins.messages = u->messages;
	for (uint32_t i = 0; i < from->n_messages; i++) {
		const struct image_message *m = image_message_at(img, from->first_message + i);

		u->messages[i] = (struct message){
			.name = mem_text(image_text(img, m->name)),
			.send = mem_text(image_text(img, m->send)),
			.receive = mem_text(image_text(img, m->receive)),
			.text = mem_text(image_text(img, m->text)),
			/* A bench that only observes prepares nobody. */
			.role = img->is_observed && m->role == MESSAGE_INIT ? MESSAGE_ASK : m->role,
			.again = m->again,
			.quality = m->quality,
			.code = m->code,
			.next = m->next,
			.length = m->length,
			.lines = m->lines,
			.timeout_ms = m->timeout_ms,
			.wait_ms = m->wait_ms,
			.until = mem_text(image_text(img, m->until)),
			.until_is = mem_text(image_text(img, m->until_is)),
			.again_ms = m->again_ms,
			.within_ms = m->within_ms,
			.otherwise = mem_text(image_text(img, m->otherwise)),
		};
	}
}

static void
free_messages(struct unit *u)
{
	for (size_t i = 0; u->messages != NULL && i < u->ins.n_messages; i++) {
		free((void *)(uintptr_t)u->messages[i].name);
		free((void *)(uintptr_t)u->messages[i].send);
		free((void *)(uintptr_t)u->messages[i].receive);
		free((void *)(uintptr_t)u->messages[i].text);
		free((void *)(uintptr_t)u->messages[i].until);
		free((void *)(uintptr_t)u->messages[i].until_is);
		free((void *)(uintptr_t)u->messages[i].otherwise);
	}
	free(u->messages);
}

static void
init_points(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	u->n_points = from->n_points;
	u->points = mem_zero(u->n_points, sizeof(*u->points));
	for (uint32_t i = 0; i < from->n_points; i++) {
		const struct image_point *p = image_point_at(img, from->first_point + i);
		int64_t every_ns = p->every_ns > 0 ? p->every_ns : from->every_ns;

		u->points[i] = (struct point){
			.id = from->first_point + i,
			.space = p->space,
			.type = p->type,
			.address = p->address,
			.count = p->count,
			.order = p->order,
			.bit = p->bit,
			.value = p->value,
			.is_write_only = p->is_write_only != 0,
			.is_captured = p->is_captured != 0,
			.write_space = p->write_space,
			.write_address = p->write_address,
			.key = copy_or_null(image_text(img, p->key)),
			.write_key = copy_or_null(image_text(img, p->write_key)),
			.unit = copy_or_null(image_text(img, p->unit)),
			.every_ns = MAX(every_ns, NS_PER_MS),
		};
	}
	u->n_read = u->n_shown = codec_sort_points(u->points, u->n_points);
	while (u->n_shown < u->n_points && u->points[u->n_shown].is_captured)
		u->n_shown++;
}

/* As requests, so that what goes out at each new wire is made once. */
static void
init_presets(struct unit *u, const struct image *img, const struct image_instrument *from)
{
	u->presets = mem_zero(MAX(from->n_presets, 1u), sizeof(*u->presets));
	for (uint32_t i = 0; i < from->n_presets && !img->is_observed; i++) {
		const struct image_preset *p = image_preset_at(img, from->first_preset + i);
		struct point pt;
		struct err err;
		int rc;

		codec_preset_point(img, from->first_preset + i, &pt);
		rc = u->codec->write(&u->ins, &pt, p->v, image_text(img, p->text), NULL,
			&u->presets[u->n_presets++], &err);
		assert(rc == 0); /* `compile` has refused what the codec cannot write */
		(void)rc;
		if (u->codec->scratch != NULL)
			u->vars.n_scratch =
				MAX(u->vars.n_scratch, u->codec->scratch(&u->ins, &pt, 1));
	}
}

void
link_unit_init(struct unit *u, const struct image *img, uint32_t index, const struct codec *codec,
	int64_t now_ns)
{
	const struct image_instrument *from = image_instrument_at(img, index);

	u->index = index;
	u->codec = codec;
	u->name = mem_text(image_text(img, from->name));
	u->ins.name = u->name;
	u->ins.vars = &u->vars;
	u->hash = from->hash;
	u->timeout_ns = from->timeout_ns > 0 ? from->timeout_ns : NS_PER_S;
	u->retries = from->retries;
	init_options(u, img, from);
	init_messages(u, img, from);
	init_points(u, img, from);
	link_gates_init(u, img, from);
	init_presets(u, img, from);
	u->held = mem_zero(u->n_points, sizeof(*u->held));
	u->marks = mem_zero(u->n_points, sizeof(*u->marks));
	u->reqs = mem_zero(u->n_points, sizeof(*u->reqs));
	u->polls = mem_zero(u->n_points, sizeof(*u->polls));
	u->meanings = mem_zero(u->n_points, sizeof(*u->meanings));
	for (size_t i = 0; i < u->n_points; i++)
		u->marks[i].due_ns = now_ns;
	u->state.since_ns = u->forgot_ns = now_ns;
	if (codec->scratch != NULL)
		u->vars.n_scratch =
			MAX(u->vars.n_scratch, codec->scratch(&u->ins, u->points, u->n_points));
	if (u->vars.n_scratch > 0)
		u->vars.scratch = mem_zero(u->vars.n_scratch, 1);
	link_identify_init(u, img, from);
	link_plan(u, now_ns);
}

/* Another one is another instrument after a reload: what it was asked with the old one counts no more. */
void
link_unit_secrets(struct unit *u, const struct secrets *s)
{
	const struct opt *opt = u->codec->opts;

	for (size_t i = 0; opt != NULL && opt[i].name != NULL; i++) {
		int64_t number = u->ins.opts.num[i];

		if (opt[i].type != OPT_SECRET || number < 1 || (uint64_t)number > s->n)
			continue;
		u->ins.opts.text[i] = s->at[number - 1].value;
		u->hash = 31 * u->hash + text_hash(s->at[number - 1].value, s->at[number - 1].n);
	}
}

void
link_unit_done(struct unit *u)
{
	const struct opt *opt = u->codec->opts;

	for (size_t i = 0; opt != NULL && opt[i].name != NULL; i++)
		if (opt[i].type == OPT_TEXT)
			free((void *)(uintptr_t)
					u->ins.opts.text[i]); /* ours: copied in init_options() */
	for (size_t i = 0; u->points != NULL && i < u->n_points; i++) {
		free((void *)(uintptr_t)u->points[i].key);
		free((void *)(uintptr_t)u->points[i].write_key);
		free((void *)(uintptr_t)u->points[i].unit);
	}
	free_messages(u);
	link_gates_done(u);
	free(u->vars.scratch);
	free(u->presets);
	free(u->demand_text);
	free((void *)(uintptr_t)u->demand_point.key);
	free(u->points);
	free(u->held);
	free(u->marks);
	free(u->reqs);
	free(u->polls);
	free(u->meanings);
	free(u->name);
}

void
link_unit_say(struct link *l, const struct unit *u, size_t first, size_t n, enum quality quality,
	uint16_t code, int64_t now_ns)
{
	struct reading r = { .quality = (uint16_t)quality, .code = code };

	for (size_t i = first; i < first + n && i < u->n_points; i++) {
		if (u->points[i].is_left_out && quality != Q_NOT_OFFERED)
			continue; /* the reason that it has stays the right one */
		r.at = (uint32_t)i;
		u->marks[i].told_ns = now_ns;
		u->held[i].is_read = false;
		l->sink.reading(l->sink.ctx, u->points[i].id, &r, now_ns);
	}
}

static void
change_state(struct link *l, struct unit *u, enum instrument_state state, enum quality reason,
	int64_t now_ns)
{
	u->state.state = state;
	u->state.reason = reason;
	u->state.since_ns = now_ns;
	l->sink.state(l->sink.ctx, u->index, state, reason);
}

void
link_unit_restart(struct unit *u, int64_t now_ns)
{
	for (size_t i = 0; i < u->n_polls; i++) {
		struct poll *p = &u->polls[i];

		p->n_busy = 0;
		if (p->ask_ns == NEVER) { /* being answered at this moment */
			p->due_ns = now_ns + p->every_ns;
			continue;
		}
		p->due_ns = p->ask_ns = now_ns;
		p->is_again = false;
	}
	u->is_stirred = true;
}

void
link_unit_up(struct link *l, struct unit *u, int64_t now_ns)
{
	const enum quality reason = u->is_odd ? Q_WRONG_DEVICE : Q_GOOD;

	u->fails = 0;
	u->retry = 0;
	u->is_asking_witness = false;
	u->is_stirred = true;
	if (u->state.state == INSTRUMENT_UP && u->state.reason == (uint32_t)reason)
		return;
	if (u->state.state != INSTRUMENT_UP) {
		u->probe_wait_ns = 0;
		u->n_probes = 1;
		link_identify_up(l, u, now_ns);
	}
	if (u->state.state == INSTRUMENT_DOWN)
		link_unit_restart(u, now_ns);
	change_state(l, u, INSTRUMENT_UP, reason, now_ns);
}

void
link_unit_down(struct link *l, struct unit *u, enum quality reason, uint16_t code, int64_t now_ns)
{
	bool is_change = u->state.state != INSTRUMENT_DOWN;

	u->retry = 0;
	u->is_asking_witness = false;
	u->is_stirred = true;
	if (!is_change && u->state.reason == reason)
		return;
	u->state.reason = reason;
	if (is_change || reason == Q_WRONG_DEVICE) /* who was away and is another now is news */
		change_state(l, u, INSTRUMENT_DOWN, reason, now_ns);
	link_unit_say(l, u, 0, u->n_shown, reason, code, now_ns);
}

/* Each question in turn, but those that it left without an answer when it was there. */
static void
next_probe(struct unit *u)
{
	bool is_all = link_mute_is_all(u);

	for (size_t i = 0; i < u->n_polls; i++) {
		u->probe = (u->probe + 1) % u->n_polls;
		if (is_all || !link_mute_is(u, &u->reqs[u->probe]))
			return;
	}
}

void
link_unit_give_up(
	struct link *l, struct unit *u, enum quality reason, uint16_t code, int64_t now_ns)
{
	char span[CLOCK_TEXT_SIZE];

	u->probe_wait_ns = u->probe_wait_ns == 0 ? LINK_PROBE_WAIT_MIN
						 : MIN(u->probe_wait_ns * 2, l->wire.probe_max_ns);
	u->probe_ns = now_ns + u->probe_wait_ns;
	next_probe(u);
	clock_span(span, u->probe_wait_ns);
	link_note(l, u, reason, now_ns, "down; next try in %s", span);
	link_drop_waiting(l, u, reason, code, now_ns);
	link_identify_lost(u);
	if (!u->is_known) /* nothing is written before it has said what it is */
		link_drop_writes(l, u, reason, code);
	link_unit_down(l, u, reason, code, now_ns);
}

/* The reply time that 99 of 100 answers kept, by the histogram; 0: too few answers. */
static int64_t
reply_p99(const struct board_state *s)
{
	uint64_t n = 0, seen = 0;

	for (int i = 0; i < BOARD_HISTOGRAM; i++)
		n += s->reply[i];
	if (n < LINK_KNOWN_REPLIES)
		return 0;
	for (int i = 0; i < BOARD_HISTOGRAM; i++) {
		seen += s->reply[i];
		if (100 * seen >= 99 * n)
			return board_reply_below(i);
	}
	return 0;
}

int64_t
link_unit_patience(const struct link *l, const struct unit *u)
{
	int64_t own = reply_p99(&u->state), others = 0, p99;

	if (u->state.state != INSTRUMENT_DOWN || u->n_probes % LINK_PROBE_PATIENT == 0)
		return u->timeout_ns;
	for (size_t i = 0; i < l->n_units; i++)
		if (l->units[i].state.state == INSTRUMENT_UP)
			others = MAX(others, reply_p99(&l->units[i].state));
	p99 = own != 0 ? own : others;
	return p99 == 0 ? u->timeout_ns : MIN(MAX(3 * p99, LINK_PROBE_TIME_MIN), u->timeout_ns);
}
