/* seq_json_read.c - the tree of a sequence from JSON
 *
 * Texts that become parts of lines are read by the parser of lines: what is accepted here can be printed and read again. Each key that
 * is known is marked as seen; what is left over is told.
 */
#include <string.h>

#include "base/text.h"
#include "compile/json_tree.h"
#include "compile/seq_json.h"
#include "compile/seq_parse.h"

struct reader {
	struct tree *t;
	struct diag *d;
	uint32_t depth, n_nodes;
	bool is_row;
};

static struct seq_stmt *read_stmts(struct reader *r, const struct node *list);
static bool read_form(
	struct reader *r, const struct node *map, const struct seq_form *form, void *base);

static void
tell(struct reader *r, const struct node *n, const char *what)
{
	diag_error(r->d, n->at, "json", "%s%s", what,
		strstr(what, "; ") == NULL ? "; correct it" : "");
}

/* The member of a map, marked as seen; NULL: it is not there. */
static const struct node *
get(struct reader *r, const struct node *map, const char *key)
{
	struct node *n = tree_get(r->t, map, key);

	if (n != NULL)
		n->is_key_quoted = true; /* seen */
	return n;
}

static bool
is_kind(struct reader *r, const struct node *n, enum node_kind kind, const char *what)
{
	if (n->kind == (uint8_t)kind && (kind != NODE_SCALAR || n->is_quoted))
		return true;
	tell(r, n, what);
	return false;
}

static const char *
read_text(struct reader *r, const struct node *n)
{
	size_t chars = 0;

	if (!is_kind(r, n, NODE_SCALAR, "a text in quotes is expected here"))
		return NULL;
	for (const char *p = n->text; *p != '\0'; p++)
		chars += ((unsigned char)*p & 0xC0) != 0x80;
	if (chars <= SEQ_TEXT_MAX)
		return n->text;
	tell(r, n, "a text of more than 255 characters; write it shorter");
	return NULL;
}

/* Where the text inside the quotes begins. */
static struct place
inside(const struct node *n)
{
	struct place at = n->at;

	at.column++;
	return at;
}

static bool
read_true(struct reader *r, const struct node *map, const char *key)
{
	const struct node *n = get(r, map, key);

	if (n == NULL)
		return false;
	if (n->kind == NODE_SCALAR && !n->is_quoted && strcmp(n->text, "true") == 0)
		return true;
	if (n->kind != NODE_SCALAR || n->is_quoted || strcmp(n->text, "false") != 0)
		tell(r, n, "true or false is expected here");
	return false;
}

static void
check_keys(struct reader *r, const struct node *map)
{
	for (const struct node *n = map->first; n != NULL; n = n->next)
		if (!n->is_key_quoted)
			diag_error(r->d, n->key_at, "json",
				"the key '%.60s' means nothing here; see docs/sequences.md",
				n->key);
}

static bool
is_missing(struct reader *r, const struct node *map, const char *key)
{
	diag_error(r->d, map->at, strstr(key, "timeout") != NULL ? "no-timeout" : "json",
		"the key '%.40s' is missing; add it", key);
	return false;
}

/* ---- comments ------------------------------------------------------------------------------------------------- */

static const char *
read_comment(struct reader *r, const struct node *n, bool may_be_empty)
{
	size_t len;

	if (!is_kind(r, n, NODE_SCALAR, "a comment in quotes is expected here"))
		return NULL;
	if (n->text[0] == '\0' && may_be_empty)
		return "";
	if (n->text[0] != '#') {
		tell(r, n, "a comment begins with #");
		return NULL;
	}
	len = strlen(n->text);
	while (n->text[len - 1] == ' ')
		len--;
	return tree_text(r->t, n->text, MIN(len, (size_t)1000));
}

static struct seq_comment *
read_comments(struct reader *r, const struct node *list)
{
	struct seq_comment *first = NULL, **out = &first;
	const char *last = "x";

	if (list == NULL || !is_kind(r, list, NODE_LIST, "a list of comments is expected here"))
		return NULL;
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		const char *text = read_comment(r, n, true);

		if (text == NULL || (text[0] == '\0' && last[0] == '\0'))
			continue;
		*out = tree_alloc(r->t, sizeof(**out));
		(*out)->text = last = text;
		out = &(*out)->next;
	}
	return first;
}

static void
read_around(struct reader *r, const struct node *map, struct seq_around *out)
{
	const struct node *n;

	out->before = read_comments(r, get(r, map, "before"));
	n = get(r, map, "comment");
	if (n != NULL)
		out->behind = read_comment(r, n, false);
	out->is_joined = read_true(r, map, "joined");
}

static void
read_end(struct reader *r, const struct node *map, const char *key, struct seq_around *out)
{
	const struct node *n = get(r, map, key);

	if (n == NULL || !is_kind(r, n, NODE_MAP, "an object is expected here"))
		return;
	read_around(r, n, out);
	check_keys(r, n);
}

/* ---- parts ---------------------------------------------------------------------------------------------------- */

static bool
read_expr(struct reader *r, const struct node *n, enum seq_type type, struct seq_expr *out)
{
	return is_kind(r, n, NODE_SCALAR,
		       "an expression in quotes is expected here, such as \"5 min\"") &&
	       seq_parse_expr(r->t, r->d, inside(n), n->text, type, r->is_row, out);
}

static bool
read_name(struct reader *r, const struct node *n, bool may_be_word, unsigned parts,
	const char **out, struct place *out_at)
{
	*out_at = inside(n);
	return is_kind(r, n, NODE_SCALAR, "a name in quotes is expected here") &&
	       seq_parse_name(r->d, *out_at, n->text, may_be_word, parts, out);
}

static bool
read_ref(struct reader *r, const struct node *n, unsigned parts, struct seq_ref *out)
{
	*out = (struct seq_ref){
		.channel = UINT32_MAX, .output = UINT32_MAX, .instrument = UINT32_MAX
	};
	return read_name(r, n, false, parts, &out->name, &out->at);
}

static bool
read_int(struct reader *r, const struct node *n, int64_t *out)
{
	if (n->kind == NODE_SCALAR && !n->is_quoted && text_to_int(n->text, out) && *out >= 0 &&
		*out <= 1000000000)
		return true;
	tell(r, n, "a whole number is expected here");
	return false;
}

static bool
read_refs(struct reader *r, const struct node *list, struct seq_ref **out)
{
	if (!is_kind(r, list, NODE_LIST, "a list of names is expected here"))
		return false;
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		*out = tree_alloc(r->t, sizeof(**out));
		if (!read_ref(r, n, 2, *out))
			return false;
		out = &(*out)->next;
	}
	if (list->first == NULL)
		tell(r, list, "an empty list; name at least one");
	return list->first != NULL;
}

static struct seq_action *
read_action(struct reader *r, const struct node *n, const struct node *map)
{
	const struct node *word;
	struct seq_action *a;

	if (!is_kind(r, n, NODE_MAP, "an action is expected here: {\"do\": \"hold\"}"))
		return NULL;
	word = get(r, map, "do");
	if (word == NULL)
		return is_missing(r, map, "do"), NULL;
	for (size_t i = 0; i < SEQ_ACTION_KINDS; i++) {
		if (word->text == NULL || strcmp(word->text, seq_action_forms[i].head) != 0)
			continue;
		a = tree_alloc(r->t, sizeof(*a));
		a->kind = (enum seq_action_kind)i;
		a->at = n->at;
		a->safe_state = UINT32_MAX;
		return read_form(r, map, &seq_action_forms[i], a) ? a : NULL;
	}
	tell(r, word, "no such action; there are hold, skip, abort, trip and step");
	return NULL;
}

static bool
read_numbers(struct reader *r, const struct node *list, struct seq_number **out)
{
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		*out = tree_alloc(r->t, sizeof(**out));
		(*out)->at = n->at;
		if (!read_int(r, n, &(*out)->v))
			return false;
		out = &(*out)->next;
	}
	return true;
}

static bool
read_answers(struct reader *r, const struct node *list, struct seq_answer **out)
{
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		*out = tree_alloc(r->t, sizeof(**out));
		if (!read_name(r, n, true, 1, &(*out)->text, &(*out)->at))
			return false;
		out = &(*out)->next;
	}
	return true;
}

static bool
read_pair(struct reader *r, const struct node *n, const char *name, const char *value,
	const struct node **out_name, const struct node **out_value)
{
	if (!is_kind(r, n, NODE_MAP, "an object is expected here"))
		return false;
	*out_name = get(r, n, name);
	*out_value = get(r, n, value);
	check_keys(r, n);
	if (*out_name == NULL)
		return is_missing(r, n, name);
	return *out_value != NULL || is_missing(r, n, value);
}

static bool
read_assigns(struct reader *r, const struct node *list, struct seq_assign **out)
{
	const struct node *name, *value;

	for (const struct node *n = list->first; n != NULL; n = n->next) {
		*out = tree_alloc(r->t, sizeof(**out));
		if (!read_pair(r, n, "output", "value", &name, &value) ||
			!read_ref(r, name, 2, &(*out)->to) ||
			!read_expr(r, value, SEQ_T_EXPR, &(*out)->value))
			return false;
		out = &(*out)->next;
	}
	return true;
}

static bool
read_args(struct reader *r, const struct node *list, struct seq_arg **out)
{
	const struct node *name, *text;

	for (const struct node *n = list->first; n != NULL; n = n->next) {
		*out = tree_alloc(r->t, sizeof(**out));
		if (!read_pair(r, n, "name", "text", &name, &text) ||
			!read_name(r, name, false, 1, &(*out)->name.text, &(*out)->name.at))
			return false;
		(*out)->text = (struct seq_word){ read_text(r, text), text->at };
		if ((*out)->text.text == NULL)
			return false;
		out = &(*out)->next;
	}
	return true;
}

static bool
read_list(struct reader *r, const struct node *n, const struct seq_part *part, void *base)
{
	if (!is_kind(r, n, NODE_LIST, "a list is expected here"))
		return false;
	if (n->first == NULL && part->type != SEQ_T_ARGS) {
		tell(r, n, "an empty list; write at least one");
		return false;
	}
	switch ((enum seq_type)part->type) {
	case SEQ_T_NUMBERS:
		return read_numbers(r, n, SEQ_AT(base, part, struct seq_number *));
	case SEQ_T_ANSWERS:
		return read_answers(r, n, SEQ_AT(base, part, struct seq_answer *));
	case SEQ_T_ASSIGNS:
		return read_assigns(r, n, SEQ_AT(base, part, struct seq_assign *));
	default:
		return read_args(r, n, SEQ_AT(base, part, struct seq_arg *));
	}
}

static bool
read_part(struct reader *r, const struct node *n, const struct seq_part *part, void *base)
{
	struct seq_word *word;
	struct seq_int *number;

	switch ((enum seq_type)part->type) {
	case SEQ_T_EXPR:
	case SEQ_T_CONST:
	case SEQ_T_COND:
		return read_expr(
			r, n, (enum seq_type)part->type, SEQ_AT(base, part, struct seq_expr));
	case SEQ_T_REF:
		return read_ref(r, n, 2, SEQ_AT(base, part, struct seq_ref));
	case SEQ_T_REFS:
		return read_refs(r, n, SEQ_AT(base, part, struct seq_ref *));
	case SEQ_T_NAME:
		word = SEQ_AT(base, part, struct seq_word);
		return read_name(r, n, false, 1, &word->text, &word->at);
	case SEQ_T_TEXT:
		word = SEQ_AT(base, part, struct seq_word);
		word->at = n->at;
		word->text = read_text(r, n);
		return word->text != NULL;
	case SEQ_T_INT:
		number = SEQ_AT(base, part, struct seq_int);
		number->at = n->at;
		number->is = read_int(r, n, &number->v);
		return number->is;
	case SEQ_T_ACTION:
		if (n->kind == NODE_MAP && ++r->depth <= SEQ_DEPTH_MAX) {
			struct seq_action *a = read_action(r, n, n);

			check_keys(r, n);
			*SEQ_AT(base, part, struct seq_action *) = a;
			r->depth--;
			return a != NULL;
		}
		tell(r, n, "an action is expected here: {\"do\": \"hold\"}");
		return false;
	default:
		return read_list(r, n, part, base);
	}
}

static bool
read_form(struct reader *r, const struct node *map, const struct seq_form *form, void *base)
{
	bool is_group = false, is_good = true;

	for (size_t i = 0; i < form->n; i++) {
		const struct seq_part *part = &form->parts[i];
		const struct node *n = get(r, map, part->key);

		if (part->need == SEQ_EITHER && n == NULL) {
			part = &form->parts[++i];
			n = get(r, map, part->key);
		} else if (part->need == SEQ_EITHER) {
			const struct node *other = get(r, map, form->parts[++i].key);

			if (other != NULL)
				tell(r, other, "'at' and 'over' together; keep one of them"),
					is_good = false;
		}
		if (part->need == SEQ_MAY)
			is_group = n != NULL;
		if (n == NULL && part->need != SEQ_MAY && (part->need != SEQ_WITH || is_group))
			is_good = is_missing(r, map, part->key);
		if (n != NULL && part->need == SEQ_WITH && !is_group) {
			tell(r, n, "this goes with a key that is missing before it");
			is_good = false;
		} else if (n != NULL && !read_part(r, n, part, base)) {
			is_good = false;
		}
	}
	return is_good;
}

/* ---- statements ----------------------------------------------------------------------------------------------- */

/* Does a statement fit on the line of an `if`? Another one does not before an `else`, which would become its own. */
static bool
is_plain(const struct seq_stmt *s, bool is_before_else)
{
	return s != NULL && s->next == NULL && s->around.before == NULL &&
	       s->around.behind == NULL && s->kind != SEQ_FOR && s->kind != SEQ_REPEAT &&
	       s->kind != SEQ_PARALLEL &&
	       (s->kind != SEQ_IF || (s->branch.is_line && !is_before_else));
}

static bool
read_if(struct reader *r, const struct node *map, struct seq_stmt *s)
{
	const struct node *then = get(r, map, "then"), *other = get(r, map, "else");

	s->branch.is_line = read_true(r, map, "line");
	if (then == NULL)
		return is_missing(r, map, "then");
	s->branch.then = read_stmts(r, then);
	s->branch.has_else = other != NULL;
	if (other != NULL)
		s->branch.orelse = read_stmts(r, other);
	read_end(r, map, "else line", &s->branch.orelse_line);
	read_end(r, map, "end", &s->branch.end);
	s->branch.is_line = s->branch.is_line && is_plain(s->branch.then, other != NULL) &&
			    (other == NULL || is_plain(s->branch.orelse, false));
	return true;
}

static bool
read_parallel(struct reader *r, const struct node *map, struct seq_stmt *s)
{
	const struct node *list = get(r, map, "branches");
	struct seq_do **out = &s->parallel.branches;

	if (list == NULL)
		return is_missing(r, map, "branches");
	if (!is_kind(r, list, NODE_LIST, "a list of branches is expected here"))
		return false;
	if (list->first == NULL)
		tell(r, list, "an empty list; write at least one");
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		const struct node *body;

		if (!is_kind(r, n, NODE_MAP, "a branch is expected here: {\"body\": [...]}"))
			return false;
		*out = tree_alloc(r->t, sizeof(**out));
		(*out)->at = n->at;
		body = get(r, n, "body");
		if (body != NULL)
			(*out)->body = read_stmts(r, body);
		read_around(r, n, &(*out)->around);
		check_keys(r, n);
		out = &(*out)->next;
	}
	s->parallel.join_at = map->at;
	read_end(r, map, "join", &s->parallel.join);
	return read_form(r, map, &seq_join_form, s);
}

static bool
read_body(struct reader *r, const struct node *map, struct seq_stmt *s)
{
	const struct node *body = get(r, map, "body");

	s->loop.end_at = map->at;
	if (body != NULL)
		s->loop.body = read_stmts(r, body);
	read_end(r, map, "end", &s->loop.end);
	return true;
}

static bool
read_command(struct reader *r, const struct node *map, struct seq_stmt *s)
{
	const struct node *instrument = get(r, map, "instrument"),
			  *command = get(r, map, "command");

	if (instrument == NULL || command == NULL)
		return is_missing(r, map, instrument == NULL ? "instrument" : "command");
	return read_ref(r, instrument, 1, &s->command.instrument) &&
	       read_name(r, command, false, 2, &s->command.command.text, &s->command.command.at);
}

static bool
read_parts(struct reader *r, const struct node *map, struct seq_stmt *s)
{
	bool is_good = true;

	if (s->kind == SEQ_RAMP)
		s->ramp.is_background = read_true(r, map, "background");
	if (s->kind == SEQ_COMMAND)
		is_good = read_command(r, map, s);
	is_good = read_form(r, map, &seq_stmt_forms[s->kind], s) && is_good;
	if (s->kind == SEQ_IF)
		is_good = read_if(r, map, s) && is_good;
	if (s->kind == SEQ_PARALLEL)
		is_good = read_parallel(r, map, s) && is_good;
	if (s->kind == SEQ_FOR || s->kind == SEQ_REPEAT)
		is_good = read_body(r, map, s) && is_good;
	return is_good;
}

/* NULL: that was told. */
static struct seq_stmt *
read_stmt(struct reader *r, const struct node *map)
{
	struct seq_stmt *s = tree_alloc(r->t, sizeof(*s));
	const struct node *word;
	size_t i = 0;
	bool is_good;

	if (!is_kind(r, map, NODE_MAP, "a statement is expected here: {\"do\": \"wait\", ...}"))
		return NULL;
	word = get(r, map, "do");
	if (word == NULL)
		return is_missing(r, map, "do"), NULL;
	while (i < SEQ_DO &&
		(word->text == NULL || strcmp(word->text, seq_stmt_forms[i].head) != 0))
		i++;
	s->kind = (enum seq_stmt_kind)i;
	s->at = map->at;
	read_around(r, map, &s->around);
	if (s->kind == SEQ_DO) {
		s->action = read_action(r, map, map);
		is_good = s->action != NULL;
	} else {
		is_good = read_parts(r, map, s);
	}
	check_keys(r, map);
	return is_good ? s : NULL;
}

static struct seq_stmt *
read_stmts(struct reader *r, const struct node *list)
{
	struct seq_stmt *first = NULL, **out = &first;

	if (!is_kind(r, list, NODE_LIST, "a list of statements is expected here"))
		return NULL;
	if (++r->depth > SEQ_DEPTH_MAX) {
		diag_error(r->d, list->at, "too-deep", "blocks more than %d deep; split the step",
			SEQ_DEPTH_MAX);
		r->depth--;
		return NULL;
	}
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		if (r->n_nodes++ == SEQ_NODES_MAX) {
			diag_error(r->d, n->at, "too-large",
				"more than %d statements; split the sequence", SEQ_NODES_MAX);
			break;
		}
		*out = read_stmt(r, n);
		if (*out != NULL)
			out = &(*out)->next;
	}
	r->depth--;
	return first;
}

/* ---- what stands around the steps ----------------------------------------------------------------------------- */

static struct seq_value *
read_value(struct reader *r, const struct node *n)
{
	struct seq_value *v = tree_alloc(r->t, sizeof(*v)), **out = &v->list;

	v->at = n->at;
	if (n->kind == NODE_SCALAR)
		return read_expr(r, n, SEQ_T_CONST, &v->number) ? v : NULL;
	if (n->kind == NODE_MAP) {
		const struct node *text = get(r, n, "text");

		check_keys(r, n);
		if (text == NULL)
			return is_missing(r, n, "text"), NULL;
		v->text = (struct seq_word){ read_text(r, text), text->at };
		return v->text.text == NULL ? NULL : v;
	}
	if (++r->depth > SEQ_DEPTH_MAX) {
		tell(r, n, "lists too deep in each other");
		return NULL;
	}
	v->is_list = true;
	for (const struct node *e = n->first; e != NULL; e = e->next) {
		*out = read_value(r, e);
		if (*out == NULL)
			return NULL;
		out = &(*out)->next;
	}
	r->depth--;
	return v;
}

static bool
read_range(struct reader *r, const struct node *map, struct seq_expr *low, struct seq_expr *high)
{
	const struct node *from = get(r, map, "low"), *to = get(r, map, "high");

	if (from == NULL && to == NULL)
		return true;
	if (from == NULL || to == NULL)
		return is_missing(r, map, from == NULL ? "low" : "high");
	return read_expr(r, from, SEQ_T_CONST, low) && read_expr(r, to, SEQ_T_CONST, high);
}

static bool
read_field(struct reader *r, const struct node *map, struct seq_field *f)
{
	const struct node *name, *kind, *value;

	if (!is_kind(r, map, NODE_MAP, "a field is expected here"))
		return false;
	name = get(r, map, "name");
	kind = get(r, map, "kind");
	value = get(r, map, "value");
	f->is_required = read_true(r, map, "required");
	if (name == NULL || kind == NULL)
		return is_missing(r, map, name == NULL ? "name" : "kind");
	if (!read_range(r, map, &f->low, &f->high) ||
		!read_name(r, name, false, 1, &f->name.text, &f->name.at) ||
		!is_kind(r, kind, NODE_SCALAR, "text, user or range in quotes is expected here"))
		return false;
	check_keys(r, map);
	f->kind = strcmp(kind->text, "text") == 0   ? SEQ_FIELD_TEXT
		  : strcmp(kind->text, "user") == 0 ? SEQ_FIELD_USER
						    : SEQ_FIELD_RANGE;
	if (f->kind == SEQ_FIELD_RANGE && strcmp(kind->text, "range") != 0) {
		tell(r, kind, "no such kind of field; there are text, user and range");
		return false;
	}
	if ((f->kind == SEQ_FIELD_RANGE) != (f->low.text != NULL)) {
		tell(r, map, "low and high belong to fields of the kind range, and to them alone");
		return false;
	}
	f->value = value == NULL ? NULL : read_value(r, value);
	return value == NULL || f->value != NULL;
}

static bool
read_fields(struct reader *r, const struct node *list, struct seq_field **out)
{
	if (!is_kind(r, list, NODE_LIST, "a list of fields is expected here"))
		return false;
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		*out = tree_alloc(r->t, sizeof(**out));
		if (!read_field(r, n, *out))
			return false;
		out = &(*out)->next;
	}
	if (list->first == NULL)
		tell(r, list, "an empty list; write at least one");
	return list->first != NULL;
}

static bool
read_header(struct reader *r, const struct node *map, struct seq_header *h)
{
	const struct node *needs = get(r, map, "needs"), *meta = get(r, map, "meta"),
			  *param = get(r, map, "param"), *value;

	h->at = map->at;
	read_around(r, map, &h->around);
	if (needs != NULL)
		return h->kind = SEQ_NEEDS, read_refs(r, needs, &h->needs);
	if (meta != NULL)
		return h->kind = SEQ_META, read_fields(r, meta, &h->fields);
	if (param == NULL)
		return h->kind = SEQ_LIMIT, read_form(r, map, &seq_limit_form, h);
	h->kind = SEQ_PARAM;
	value = get(r, map, "value");
	if (value == NULL)
		return is_missing(r, map, "value");
	h->value = read_value(r, value);
	return h->value != NULL && read_name(r, param, false, 1, &h->name.text, &h->name.at) &&
	       read_range(r, map, &h->low, &h->high);
}

static bool
read_step(struct reader *r, const struct node *map, struct seq_step *s)
{
	const struct node *number = get(r, map, "step"), *title = get(r, map, "title"),
			  *entry = get(r, map, "entry"), *when = get(r, map, "when"),
			  *body = get(r, map, "body");

	s->at = s->end_at = map->at;
	if (number == NULL || title == NULL)
		return is_missing(r, map, number == NULL ? "step" : "title");
	s->number_at = number->at;
	s->title = (struct seq_word){ read_text(r, title), title->at };
	read_around(r, map, &s->around);
	read_end(r, map, "end", &s->end);
	if (body != NULL)
		s->body = read_stmts(r, body);
	if (entry != NULL)
		s->entry = entry->text != NULL && strcmp(entry->text, "always") == 0
				   ? SEQ_ENTRY_ALWAYS
				   : SEQ_ENTRY_WHEN;
	if (s->entry == SEQ_ENTRY_WHEN &&
		strcmp(entry->text == NULL ? "" : entry->text, "when") != 0)
		tell(r, entry, "\"always\" or \"when\" is expected here");
	if ((s->entry == SEQ_ENTRY_WHEN) != (when != NULL))
		tell(r, map, "'when' goes with \"entry\": \"when\", and only with it");
	if (when != NULL && !read_expr(r, when, SEQ_T_COND, &s->when))
		return false;
	return s->title.text != NULL && read_int(r, number, &s->number);
}

static bool
read_item(struct reader *r, const struct node *map, struct seq_item *item)
{
	const struct node *path = get(r, map, "include");

	item->at = map->at;
	if (path == NULL) {
		item->step = tree_alloc(r->t, sizeof(*item->step));
		return read_step(r, map, item->step);
	}
	read_around(r, map, &item->around);
	item->path = (struct seq_word){ read_text(r, path), path->at };
	return item->path.text != NULL;
}

static bool
read_row(struct reader *r, const struct node *map, struct seq_row *row)
{
	const struct node *when = get(r, map, "when"), *then = get(r, map, "then"),
			  *back = get(r, map, "ramp back at"), *with = get(r, map, "with");
	bool is_good = true;

	row->at = map->at;
	read_around(r, map, &row->around);
	row->is_otherwise = read_true(r, map, "otherwise");
	if (then == NULL)
		return is_missing(r, map, "then");
	if (row->is_otherwise == (when != NULL)) {
		tell(r, map, "a row has either \"when\" or \"otherwise\": true");
		return false;
	}
	r->is_row = true;
	if (when != NULL)
		is_good = read_expr(r, when, SEQ_T_COND, &row->when);
	r->is_row = false;
	row->kind = then->kind == NODE_MAP ? SEQ_ROW_ACTION
		    : strcmp(then->text == NULL ? "" : then->text, "ask") == 0 ? SEQ_ROW_ASK
									       : SEQ_ROW_CONTINUE;
	if (row->kind == SEQ_ROW_ACTION) {
		row->then = read_action(r, then, then);
		check_keys(r, then);
		is_good = row->then != NULL && is_good;
	}
	if (row->kind == SEQ_ROW_CONTINUE &&
		strcmp(then->text == NULL ? "" : then->text, "continue") != 0) {
		tell(r, then, "an action, \"ask\" or \"continue\" is expected here");
		return false;
	}
	if (row->kind != SEQ_ROW_CONTINUE && (back != NULL || with != NULL)) {
		tell(r, map, "'ramp back at' and 'with' go with \"continue\"");
		return false;
	}
	if (back != NULL)
		is_good = read_expr(r, back, SEQ_T_CONST, &row->back_at) && is_good;
	return (with == NULL || read_refs(r, with, &row->with)) && is_good;
}

static bool
read_rows(struct reader *r, const struct node *map, struct seq_handler *h)
{
	const struct node *list = get(r, map, "rows");
	struct seq_row **out = &h->rows;

	h->has_end = true;
	read_end(r, map, "end", &h->end);
	if (list == NULL)
		return is_missing(r, map, "rows");
	if (!is_kind(r, list, NODE_LIST, "a list of rows is expected here"))
		return false;
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		if (!is_kind(r, n, NODE_MAP, "a row is expected here"))
			return false;
		*out = tree_alloc(r->t, sizeof(**out));
		if (!read_row(r, n, *out))
			return false;
		check_keys(r, n);
		out = &(*out)->next;
	}
	return true;
}

static bool
read_handler(struct reader *r, const struct node *map, struct seq_handler *h)
{
	const struct node *on = get(r, map, "on"), *time = get(r, map, "time"), *then;
	const char *word = on == NULL || on->text == NULL ? "" : on->text;

	h->at = map->at;
	read_around(r, map, &h->around);
	if (strcmp(word, "power_loss") == 0) {
		h->kind = SEQ_ON_POWER_LOSS;
		return read_rows(r, map, h);
	}
	then = get(r, map, "then");
	if (strcmp(word, "abort") != 0 && strcmp(word, "hold") != 0) {
		tell(r, on == NULL ? map : on, "\"on\" is abort, hold or power_loss");
		return false;
	}
	h->kind = word[0] == 'a' ? SEQ_ON_ABORT : SEQ_ON_HOLD;
	if ((h->kind == SEQ_ON_HOLD) != (time != NULL)) {
		tell(r, map, "\"time\" goes with \"on\": \"hold\", and only with it");
		return false;
	}
	if (time != NULL && !read_expr(r, time, SEQ_T_CONST, &h->time))
		return false;
	if (then == NULL)
		return is_missing(r, map, "then");
	h->then = read_action(r, then, then);
	if (then->kind == NODE_MAP)
		check_keys(r, then);
	return h->then != NULL;
}

/* ---- a file --------------------------------------------------------------------------------------------------- */

/* Each element of a list of the file by its reader; those that are wrong are left out. */
#define READ_LIST(r, root, key, type, read, out)                                                   \
	do {                                                                                       \
		const struct node *list = get(r, root, key);                                       \
		type **next = (out);                                                               \
                                                                                                   \
		if (list == NULL || !is_kind(r, list, NODE_LIST, "a list is expected here"))       \
			break;                                                                     \
		for (const struct node *e = list->first; e != NULL; e = e->next) {                 \
			type *element = tree_alloc((r)->t, sizeof(*element));                      \
                                                                                                   \
			if (!is_kind(r, e, NODE_MAP, "an object is expected here"))                \
				continue;                                                          \
			if (read(r, e, element)) {                                                 \
				*next = element;                                                   \
				next = &element->next;                                             \
			}                                                                          \
			check_keys(r, e);                                                          \
		}                                                                                  \
	} while (0)

static bool
read_guard(struct reader *r, const struct node *map, struct seq_guard *g)
{
	g->at = map->at;
	read_around(r, map, &g->around);
	return read_form(r, map, &seq_guard_form, g);
}

static void
read_name_of(struct reader *r, const struct node *root, struct seq *q)
{
	const struct node *name = get(r, root, "sequence"), *version = get(r, root, "version");

	if (name != NULL)
		q->name = (struct seq_word){ read_text(r, name), name->at };
	if (version != NULL) {
		q->version.at = version->at;
		q->version.is = read_int(r, version, &q->version.v);
	}
}

struct seq *
seq_json_read(struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n)
{
	struct node *root = json_tree(t, d, file, bytes, n);
	struct reader r = { .t = t, .d = d };
	struct seq *q = tree_alloc(t, sizeof(*q));

	if (root == NULL ||
		!is_kind(&r, root, NODE_MAP, "a sequence is an object: {\"sequence\": \"NAME\"}"))
		return NULL;
	q->at = root->at;
	read_name_of(&r, root, q);
	read_around(&r, root, &q->around);
	READ_LIST(&r, root, "headers", struct seq_header, read_header, &q->headers);
	READ_LIST(&r, root, "guards", struct seq_guard, read_guard, &q->guards);
	READ_LIST(&r, root, "steps", struct seq_item, read_item, &q->items);
	READ_LIST(&r, root, "handlers", struct seq_handler, read_handler, &q->handlers);
	q->end.before = read_comments(&r, get(&r, root, "after"));
	check_keys(&r, root);
	return q;
}
