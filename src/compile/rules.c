/* rules.c - rules: what happens once a condition has become true
 *
 *	set X = VALUE | toggle X | pulse X = VALUE for 2 s | notify TEXT | notify NAME "TEXT" | notify NAME: TEXT
 *
 * A note to somebody is the text "NAME: TEXT" of an event; no other text of a rule begins with such a name.
 */
#include <string.h>

#include "base/span.h"
#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "msg/event.h"

#define PULSE_MAX_NS (3600 * NS_PER_S)
#define FORMS                                                                                      \
	"write set X = VALUE, toggle X, pulse X = VALUE for 2 s, notify TEXT, or notify NAME "     \
	"\"TEXT\""

/* An action that is being read, and how far. */
struct line {
	struct bench *b;
	const struct node *n;
	const char *start, *at;
};

static struct place
place_of(const struct line *l)
{
	struct place at = l->n->at;

	for (const char *p = l->start; p < l->at; p++)
		at.column += ((unsigned char)*p & 0xC0) != 0x80; /* columns count characters */
	at.column += l->n->is_quoted;
	return at;
}

/* The next word, empty at the end; lives in the tree. */
static const char *
take_word(struct line *l)
{
	const char *start;
	size_t n;

	l->at += strspn(l->at, " ");
	start = l->at;
	n = strcspn(start, " =");
	l->at += n;
	return tree_text(&l->b->tree, start, n);
}

/* A channel that is not an output by its own name: one that an output writes. */
static uint32_t
output_at(struct line *l, struct place at, const char *name, uint32_t channel)
{
	struct bench *b = l->b;
	const struct bench_channel *ch = &b->channels.at[channel];

	for (uint32_t i = 0; i < b->outputs.n; i++) {
		const struct bench_output *o = &b->outputs.at[i];

		for (uint32_t k = o->first_part; k < o->first_part + o->n_parts; k++)
			if (b->parts.at[k].at == channel) {
				diag_error(&b->diag, at, "rule",
					"'%.127s' is a part of '%s' and is not written on its own; "
					"write %s in its place",
					name, o->name, o->name);
				return IMAGE_NONE;
			}
		if (o->at != channel)
			continue;
		if (o->factor == 1 && o->offset == 0 && o->n_knots == 0 && o->n_coefficients == 0)
			return i;
		diag_error(&b->diag, at, "rule",
			"the output '%s' writes '%.127s' with a scale of its own; write %s in its "
			"place",
			b->channels.at[o->channel].name, name, b->channels.at[o->channel].name);
		return IMAGE_NONE;
	}
	if (strchr(name, '.') != NULL && ch->is_writable)
		diag_error(&b->diag, at, "rule",
			"'%.127s' is no output of the bench; name it under channels: NAME: {read: "
			"%.127s, write: %.127s}, and write that name here",
			name, name, name);
	else
		diag_error(&b->diag, at, "rule",
			"'%.127s' is not written; write the name of an output, a channel with "
			"write:",
			name);
	return IMAGE_NONE;
}

static uint32_t
take_output(struct line *l)
{
	struct bench *b = l->b;
	struct place at;
	const char *name;
	uint32_t i;
	char near[96];

	l->at += strspn(l->at, " ");
	at = place_of(l);
	name = take_word(l);
	i = names_get(&b->output_names, name);
	if (i != NAMES_NONE)
		return i;
	i = names_get(&b->channel_names, name);
	if (i != NAMES_NONE)
		return output_at(l, at, name, i);
	if (name[0] == '\0') {
		diag_error(&b->diag, at, "rule", "the name of an output is missing; " FORMS);
		return IMAGE_NONE;
	}
	read_suggest(b, &b->output_names, name, near);
	diag_error(&b->diag, at, "unknown-channel",
		"no output is named '%.127s'; %swrite a channel with write:", name, near);
	return IMAGE_NONE;
}

/* "= VALUE" up to `end`, in the unit of the output. */
static bool
take_value(struct line *l, const char *end, uint32_t output, double *out)
{
	struct node value = *l->n;

	l->at += strspn(l->at, " ");
	if (*l->at == '=' && l->at < end)
		l->at += 1 + strspn(l->at + 1, " ");
	else
		end = l->at;
	while (end > l->at && end[-1] == ' ')
		end--;
	if (end <= l->at) {
		diag_error(&l->b->diag, place_of(l), "rule", "'=' and a value are missing; " FORMS);
		return false;
	}
	value.at = place_of(l);
	value.is_quoted = false;
	value.text = tree_text(&l->b->tree, l->at, (size_t)(end - l->at));
	l->at = end;
	return outputs_value(l->b, output, &value, out);
}

/* "for 2 s" at the end; *out_start: where it begins. */
static bool
take_pulse(struct line *l, const char **out_start, int64_t *out)
{
	const char *found = NULL, *p = l->at;
	struct err err;

	while ((p = strstr(p, " for ")) != NULL)
		found = p++;
	if (found == NULL) {
		diag_error(&l->b->diag, l->n->at, "rule",
			"nothing says how long; write pulse X = VALUE for 2 s");
		return false;
	}
	*out_start = found;
	if (span_parse(found + 5, out, &err) < 0) {
		diag_error(&l->b->diag, l->n->at, "duration", "for: %s", err.msg);
		return false;
	}
	if (*out >= 10 * NS_PER_MS && *out <= PULSE_MAX_NS)
		return true;
	diag_error(&l->b->diag, l->n->at, "out-of-range",
		"a pulse of %.40s; write a time from 10 ms to 1 h", found + 5);
	return false;
}

/* Only what has two values can be toggled. */
static void
check_toggle(struct line *l, uint32_t output)
{
	struct bench *b = l->b;
	const struct bench_channel *ch = &b->channels.at[b->outputs.at[output].channel];

	if (*(l->at + strspn(l->at, " ")) != '\0')
		diag_error(&b->diag, place_of(l), "rule",
			"'%.40s' behind the name of what is toggled; remove it",
			l->at + strspn(l->at, " "));
	if (ch->is_type_open || ch->type == VALUE_BOOL ||
		(ch->type == VALUE_CHOICE && ch->n_choices == 2))
		return;
	diag_error(&b->diag, l->n->at, "rule",
		"'%s' has more than two values and cannot be toggled; write set %s = VALUE",
		ch->name, ch->name);
}

/* `NAME: TEXT` where nobody has that name: a text, or a name that was misspelled. */
static void
check_text(struct line *l, const char *name, const char *near)
{
	if (near[0] != '\0')
		diag_warn(&l->b->diag, place_of(l), "nobody",
			"nobody is told: '%.63s' is no name under notify:; %swrite that, or begin "
			"the text with another word",
			name, near);
}

/* Is `NAME "TEXT"` addressed to somebody? It is told when not. */
static void
check_name(struct line *l, const char *name, bool is_known, const char *near)
{
	struct bench *b = l->b;

	if (!is_known && !b->notices.has_people)
		diag_warn(&b->diag, place_of(l), "nobody",
			"nobody is told: the bench has no notify:; name '%.63s' there, or write "
			"notify TEXT",
			name);
	else if (!is_known && !b->notices.is_open)
		diag_error(&b->diag, place_of(l), "unknown-receiver",
			"nobody is named '%.63s' under notify:; %swrite one of its names, or add "
			"it",
			name, near);
}

/* What is told to somebody under `notify:`, as NAME "TEXT" or NAME: TEXT; NULL: the text at hand is to nobody. */
static const char *
to_somebody(struct line *l)
{
	struct bench *b = l->b;
	size_t n = strcspn(l->at, " :");
	const char *name = tree_text(&b->tree, l->at, n), *text = l->at + n, *out;
	const char *end = l->at + strlen(l->at);
	struct buf told = { 0 };
	char near[96];
	bool is_known = notify_is_known(b, name, near), has_colon = *text == ':';

	text += strspn(text + has_colon, " ") + has_colon;
	if (*text == '"' && text + 1 < end && end[-1] == '"') {
		check_name(l, name, is_known, near);
		text++;
		end--;
	} else if (!has_colon || !is_known) {
		if (is_known)
			diag_error(&b->diag, l->n->at, "rule",
				"it is not clear whether '%s' is told, or only named; write notify "
				"%s \"TEXT\", or begin the text with another word",
				name, name);
		else if (has_colon)
			check_text(l, name, near);
		return NULL;
	}
	if (text >= end)
		diag_error(&b->diag, l->n->at, "rule",
			"nothing says what is told; write notify NAME \"TEXT\"");
	buf_printf(&told, "%s: %.*s", name, (int)(end - text), text);
	out = tree_text(&b->tree, told.data, told.n);
	buf_done(&told);
	return out;
}

/* `[notify team: it is hot]` is a map to YAML. */
static bool
is_split(struct bench *b, const struct node *n)
{
	if (n->kind != NODE_MAP || n->n != 1 || strncmp(n->first->key, "notify ", 7) != 0)
		return false;
	diag_error(&b->diag, n->at, "rule",
		"YAML reads this as a map; write %.63s \"TEXT\", or put all of it in quotes",
		n->first->key);
	return true;
}

static bool
take_notice(struct line *l, struct bench_action *a)
{
	const char *text;

	a->kind = ACTION_NOTIFY;
	a->output = IMAGE_NONE;
	l->at += strspn(l->at, " ");
	text = l->at[0] == '\0' ? NULL : to_somebody(l);
	a->text = text == NULL ? l->at : text;
	if (a->text[0] == '\0')
		diag_error(&l->b->diag, l->n->at, "rule",
			"nothing says what is told; write notify TEXT");
	else if (strlen(a->text) >= EVENT_TEXT)
		diag_error(&l->b->diag, l->n->at, "out-of-range",
			"a text of %zu bytes; write at most %d", strlen(a->text), EVENT_TEXT - 1);
	return true;
}

/* A rule is nobody who watches: what it does to what can hurt is told. */
static void
check_hazard(struct line *l, uint32_t output)
{
	static const char *const words[] = { "", "heat", "fuel", "oxidant", "toxic", "pressure",
		"inert" };
	const struct bench_output *o = &l->b->outputs.at[output];

	if (o->hazard == HAZARD_NONE || o->hazard == HAZARD_INERT)
		return;
	diag_warn(&l->b->diag, l->n->at, "hazard",
		"a rule writes '%s', whose hazard is %s, and nobody watches it; let a person or "
		"a sequence do that",
		l->b->channels.at[o->channel].name, words[o->hazard]);
}

static bool
take_action(struct line *l, struct bench_action *a)
{
	const char *word = take_word(l), *end = l->at + strlen(l->at);

	a->text = "";
	if (strcmp(word, "notify") == 0)
		return take_notice(l, a);
	if (strcmp(word, "set") == 0) {
		a->kind = ACTION_SET;
	} else if (strcmp(word, "toggle") == 0) {
		a->kind = ACTION_TOGGLE;
	} else if (strcmp(word, "pulse") == 0) {
		a->kind = ACTION_PULSE;
	} else {
		diag_error(&l->b->diag, l->n->at, "rule",
			"'%.40s' is nothing a rule can do; " FORMS, word);
		return false;
	}
	if (a->kind == ACTION_PULSE && !take_pulse(l, &end, &a->pulse_ns))
		return false;
	a->output = take_output(l);
	if (a->output == IMAGE_NONE)
		return false;
	check_hazard(l, a->output);
	if (a->kind != ACTION_TOGGLE)
		return take_value(l, end, a->output, &a->value);
	check_toggle(l, a->output);
	return true;
}

static void
read_rule(struct bench *b, const struct node *n)
{
	const struct node *const *keys = protect_keys(
		b, n, schema_rule, "a rule", "a map: {when: CONDITION, do: [set X = VALUE]}");
	struct bench_rule *r;

	if (keys == NULL)
		return;
	r = BENCH_ADD(b->rules);
	r->name = n->key;
	r->first_action = b->actions.n;
	conditions_read(b, keys[RULE_WHEN], &r->when);
	read_span(b, keys[RULE_FOR], &schema_rule[RULE_FOR], &r->for_ns);
	if (keys[RULE_DO] == NULL ||
		!read_is(b, keys[RULE_DO], NODE_LIST, "a list: [set X = VALUE]"))
		return;
	if (keys[RULE_DO]->n == 0 || keys[RULE_DO]->n > IMAGE_WORDS_MAX)
		diag_error(&b->diag, keys[RULE_DO]->at, "out-of-range",
			"the rule does %u things; write 1 to %d of them", keys[RULE_DO]->n,
			IMAGE_WORDS_MAX);
	for (const struct node *k = keys[RULE_DO]->first; k != NULL; k = k->next) {
		struct bench_action a = { 0 };
		struct line l = { .b = b, .n = k };

		l.start = is_split(b, k) ? NULL : read_text(b, k);
		if (l.start == NULL)
			continue;
		l.at = l.start = conditions_line(b, l.start);
		if (take_action(&l, &a))
			*BENCH_ADD(b->actions) = a;
	}
	r->n_actions = b->actions.n - r->first_action;
}

void
rules_read(struct bench *b, const struct node *rules)
{
	for (const struct node *n = rules == NULL ? NULL : rules->first; n != NULL; n = n->next) {
		if (b->rules.n == IMAGE_RULES_MAX) {
			diag_error(&b->diag, n->key_at, "too-large",
				"'%.63s' is one more than the %d rules that a bench can have; "
				"remove some",
				n->key, IMAGE_RULES_MAX);
			return;
		}
		read_rule(b, n);
	}
}
