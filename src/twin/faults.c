/* faults.c - what is wrong with simulated instruments: orders, and what is in force */
#include "twin/fault.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/text.h"
#include "twin/fault_kind.h"
#include "twin/twin_inside.h"

#define LINE_MAX 200

static const struct {
	const char *word;
	int span; /* see fault.def */
} kinds[FAULT_KINDS] = {
#define FAULT(name, word, span, help) { word, span },
#include "twin/fault.def"
#undef FAULT
};

/* ---- in force ---------------------------------------------------------------------------------------------------------- */

struct twin_fault *
twin_fault_of(struct twin *t, const struct play_device *dev)
{
	struct twin_fault *f = &t->faults[t->head_of[dev->index]];

	if (f->kind != FAULT_NONE && t->now_ns >= f->until_ns)
		f->kind = FAULT_NONE;
	return f->kind == FAULT_NONE ? NULL : f;
}

const char *
fault_word(struct twin *t, uint32_t instrument)
{
	const struct twin_fault *f = t->devices[instrument].player == NULL
					     ? NULL
					     : twin_fault_of(t, &t->devices[instrument]);

	return f == NULL ? "none" : kinds[f->kind].word;
}

/* "2 s", "300 ms": as span_parse() reads it. */
static void
print_span(struct buf *out, int64_t ns)
{
	char number[32];

	text_from_double(number, ns >= NS_PER_S ? (double)ns / 1e9 : (double)ns / 1e6);
	buf_printf(out, "%s %s", number, ns >= NS_PER_S ? "s" : "ms");
}

static void
print_fault(const struct twin *t, uint32_t i, const struct twin_fault *f, struct buf *out)
{
	buf_printf(out, "%s: %s", t->devices[i].ins.name, kinds[f->kind].word);
	if (f->span_ns > 0) {
		buf_printf(out, ":");
		print_span(out, f->span_ns);
	}
	if (f->until_ns != NEVER) {
		buf_printf(out, ", for ");
		print_span(out, (f->until_ns - t->now_ns) / NS_PER_MS * NS_PER_MS);
		buf_printf(out, " more");
	}
	buf_printf(out, "\n");
}

static void
print_kept(const struct twin *t, uint32_t point, struct buf *out)
{
	const struct twin_point *p = &t->points[point];
	const struct image_channel *ch =
		image_channel_at(t->img, image_point_at(t->img, point)->channel);
	const char *unit = image_text(t->img, ch->unit);
	char number[32];

	text_from_double(number, p->kept);
	buf_printf(out, "%s is kept at %s%s%s\n", image_text(t->img, ch->name),
		ch->type == VALUE_TEXT ? p->dev->pts[p->i].text : number, *unit != '\0' ? " " : "",
		unit);
}

void
fault_print(const struct twin *t, struct buf *out)
{
	size_t before = out->n;

	for (uint32_t h = 0; h < t->n_heads; h++) {
		uint32_t i = t->heads[h]->index;
		const struct twin_fault *f = &t->faults[i];

		if (f->kind != FAULT_NONE && t->now_ns < f->until_ns)
			print_fault(t, i, f, out);
	}
	for (uint32_t i = 0; i < t->img->points.n; i++)
		if (t->points[i].is_kept)
			print_kept(t, i, out);
	if (out->n == before)
		buf_printf(out, "nothing is wrong, and no value is kept\n");
}

/* ---- orders ------------------------------------------------------------------------------------------------------------ */

/* What stands in a line, once it is understood. */
struct order {
	enum { ORDER_LIST, ORDER_FAULT, ORDER_SET, ORDER_FREE } what;
	struct play_device *head; /* FAULT */
	enum fault_kind kind;
	int64_t span_ns, until_ns;
	uint32_t point; /* SET, FREE */
	double value;
	char text[VALUE_TEXT_MAX + 1];
};

static void
list_words(char *out, size_t cap, const struct player *player)
{
	static const struct {
		enum fault_kind kind;
		enum play_fault bit;
	} own[] = { { FAULT_REFUSE, PLAY_REFUSE }, { FAULT_WRONG_ADDRESS, PLAY_WRONG_ADDRESS },
		{ FAULT_WRONG_TAG, PLAY_WRONG_TAG }, { FAULT_WRONG_CHECKSUM, PLAY_WRONG_CHECKSUM },
		{ FAULT_UNSOLICITED, PLAY_UNSOLICITED } };
	size_t used = 0;

	*out = '\0';
	for (size_t k = 0; k < FAULT_KINDS && used < cap; k++) {
		bool is_known = true;

		for (size_t i = 0; i < NELEM(own); i++)
			if (own[i].kind == k)
				is_known = (player->faults >> own[i].bit & 1) != 0;
		if (is_known)
			used += (size_t)snprintf(out + used, cap - used, "%s%s",
				used > 0 ? ", " : "", kinds[k].word);
	}
}

/* Has the word of this kind a place in the list of what the player knows? */
static bool
is_listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word))
		if ((at == list || at[-1] == ' ') && (at[n] == ',' || at[n] == '\0'))
			return true;
	return false;
}

/* "late:2s" for the player of this instrument. */
static int
read_kind(const struct player *player, const char *text, struct order *out, struct err *err)
{
	size_t n = strcspn(text, ":");
	const char *span = text[n] == ':' ? text + n + 1 : NULL;
	int kind = -1;
	char list[300];

	list_words(list, sizeof(list), player);
	for (int k = 0; k < FAULT_KINDS; k++)
		if (strlen(kinds[k].word) == n && memcmp(kinds[k].word, text, n) == 0)
			kind = k;
	if (kind < 0)
		return err_set(err, ERR_CONF, 0, "no fault is called '%.*s'; there are %s",
			(int)MIN(n, 20u), text, list);
	if (!is_listed(list, kinds[kind].word))
		return err_set(err, ERR_CONF, 0, "%s has no such thing as '%s'; it takes %s",
			player->codec, kinds[kind].word, list);
	if (span == NULL && kinds[kind].span == 1)
		return err_set(err, ERR_CONF, 0, "how %s? write for example %s:2s",
			kinds[kind].word, kinds[kind].word);
	if (span != NULL && kinds[kind].span == 0)
		return err_set(err, ERR_CONF, 0, "'%s' takes no time; write %s alone",
			kinds[kind].word, kinds[kind].word);
	out->kind = (enum fault_kind)kind;
	out->span_ns = 0;
	return span == NULL ? 0 : span_parse(span, &out->span_ns, err);
}

static int
read_fault(struct twin *t, char *text, struct order *out, struct err *err)
{
	char *kind = strchr(text, '=');
	uint32_t i = 0;

	if (kind == NULL)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' names no instrument; write for example furnace=dead", text);
	*kind++ = '\0';
	while (i < t->img->instruments.n &&
		strcmp(image_text(t->img, image_instrument_at(t->img, i)->name), text) != 0)
		i++;
	if (i == t->img->instruments.n)
		return err_set(err, ERR_CONF, 0,
			"the bench has no instrument '%.60s'; write a name from its file", text);
	if (t->devices[i].player == NULL)
		return err_set(err, ERR_CONF, 0,
			"'%s' is not played by the twin; choose another instrument", text);
	out->what = ORDER_FAULT;
	out->head = &t->devices[t->head_of[i]];
	return read_kind(out->head->player, kind, out, err);
}

static int
find_point(struct twin *t, const char *name, struct order *out, struct err *err)
{
	uint32_t i = image_find_channel(t->img, name);
	const struct image_channel *ch = i == IMAGE_NONE ? NULL : image_channel_at(t->img, i);

	if (i == IMAGE_NONE)
		return err_set(err, ERR_CONF, 0,
			"the bench has no channel '%.60s'; write for example furnace.pv", name);
	/* Its unit may be another one. */
	if (ch->source_kind == SOURCE_CHANNEL)
		return err_set(err, ERR_CONF, 0, "'%.60s' follows '%.60s'; write that one", name,
			image_text(t->img, image_channel_at(t->img, ch->source)->name));
	if (ch->source_kind != SOURCE_POINT || t->points[ch->source].dev == NULL)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' does not come from an instrument that the twin plays; choose "
			"another "
			"channel",
			name);
	out->point = ch->source;
	return 0;
}

/* A number, or a word of the channel's. */
static bool
read_value(const struct image *img, const struct image_channel *ch, const char *text, double *out)
{
	for (uint32_t i = 0; i < ch->n_choices; i++) {
		const struct image_choice *c = image_choice_at(img, ch->first_choice + i);

		if (strcmp(image_text(img, c->word), text) == 0) {
			*out = (double)c->number;
			return true;
		}
	}
	return text_to_double(text, out) && isfinite(*out);
}

static int
read_set(struct twin *t, char *text, struct order *out, struct err *err)
{
	char *value = strchr(text, '=');
	const struct image_channel *ch;

	if (value == NULL)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' has no value; write for example furnace.pv=300", text);
	*value++ = '\0';
	if (find_point(t, text, out, err) < 0)
		return ERR_CONF;
	ch = image_channel_at(t->img, image_point_at(t->img, out->point)->channel);
	out->what = ORDER_SET;
	if (image_point_at(t->img, out->point)->value == VALUE_TEXT) {
		if (text_utf8(value, strlen(value)) == strlen(value) &&
			text_copy(out->text, sizeof(out->text), value))
			return 0;
		return err_set(err, ERR_CONF, 0, "a text has at most %d bytes; write a shorter one",
			VALUE_TEXT_MAX);
	}
	if (read_value(t->img, ch, value, &out->value))
		return 0;
	return err_set(err, ERR_CONF, 0,
		"'%.40s' is no value for '%s'; write a number in its unit%s%s, without the unit",
		value, text, *image_text(t->img, ch->unit) != '\0' ? ", " : "",
		image_text(t->img, ch->unit));
}

/* *for_ns: how long the faults of further lines last; 0: until they are ended. */
static int
read_order(struct twin *t, char *line, int64_t *for_ns, struct order *out, struct err *err)
{
	char *rest = strchr(line, ' ');

	*out = (struct order){ .what = ORDER_LIST };
	if (rest != NULL)
		*rest++ = '\0';
	if (strcmp(line, "list") == 0)
		return 0;
	if (rest != NULL && strcmp(line, "for") == 0) {
		if (span_parse(rest, for_ns, err) < 0)
			return ERR_CONF;
		return *for_ns > 0 ? 0
				   : err_set(err, ERR_CONF, 0,
					     "a fault lasts longer than nothing; write for example "
					     "10 s");
	}
	if (rest != NULL && strcmp(line, "fault") == 0) {
		out->until_ns = *for_ns > 0 ? t->now_ns + *for_ns : NEVER;
		return read_fault(t, rest, out, err);
	}
	if (rest != NULL && strcmp(line, "set") == 0)
		return read_set(t, rest, out, err);
	if (rest != NULL && strcmp(line, "free") == 0) {
		out->what = ORDER_FREE;
		if (find_point(t, rest, out, err) < 0)
			return ERR_CONF;
		return twin_is_kept(t, out->point)
			       ? 0
			       : err_set(err, ERR_CONF, 0, "'%s' is not kept at a value", rest);
	}
	return err_set(err, ERR_CONF, 0, "'%.40s' is no order", line);
}

static void
carry_out(struct twin *t, const struct order *o)
{
	struct twin_fault *f;

	switch (o->what) {
	case ORDER_LIST:
		return;
	case ORDER_SET:
		twin_keep(t, o->point, o->value, o->text);
		return;
	case ORDER_FREE:
		twin_let_go(t, o->point);
		return;
	case ORDER_FAULT:
		break;
	}
	if (o->kind == FAULT_RESTART) {
		twin_restart(t, o->head);
		return;
	}
	f = &t->faults[o->head->index];
	f->kind = (uint8_t)o->kind;
	f->span_ns = o->span_ns;
	f->until_ns = o->until_ns;
	f->n_answer = 0;
	if (f->kind == FAULT_STALE && f->answer == NULL)
		f->answer = mem_zero(CODEC_FRAME_MAX, 1);
}

/* Once to see whether all is right, then to do it. */
static int
go_through(struct twin *t, const char *text, bool really, struct err *err)
{
	int64_t for_ns = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		char line[LINE_MAX];
		struct order order;

		if (n >= sizeof(line))
			return err_set(err, ERR_CONF, 0,
				"an order is longer than %d bytes; "
				"shorten it",
				LINE_MAX - 1);
		memcpy(line, text, n);
		line[n] = '\0';
		if (read_order(t, line, &for_ns, &order, err) < 0)
			return ERR_CONF;
		if (really)
			carry_out(t, &order);
		text += n + (text[n] == '\n');
	}
	return 0;
}

int
fault_orders(struct twin *t, const char *text, struct err *err)
{
	int rc = go_through(t, text, false, err);

	return rc < 0 ? rc : go_through(t, text, true, err);
}
