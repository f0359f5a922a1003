/* seq_lex.c - a file of the sequence language, line by line, as words */
#include "compile/seq_lex.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "compile/seq_tree.h"
#include "compile/source.h"
#include "model/expr_lex.h"

#define SEQ_CAUSE sizeof(((struct err *)0)->msg)

static bool
check_bytes(struct seq_lexer *l, size_t n)
{
	struct place at = { l->file, 1, 1 };
	size_t good;

	if (n > SOURCE_MAX) {
		diag_error(l->diag, at, "too-large",
			"a sequence of more than %u MB; split it into files that it includes",
			SOURCE_MAX >> 20);
		return false;
	}
	good = text_utf8(l->rest, n);
	if (good == n)
		return true;
	for (size_t i = 0; i < good; i++) {
		at.column += ((unsigned char)l->rest[i] & 0xC0) != 0x80;
		if (l->rest[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	diag_error(l->diag, at, "utf-8", "a byte that is not UTF-8; save the file as UTF-8");
	return false;
}

bool
seq_lex_open(struct seq_lexer *l, struct tree *t, struct diag *d, uint16_t file, const char *bytes,
	size_t n)
{
	*l = (struct seq_lexer){ .tree = t, .diag = d, .file = file, .rest = bytes };
	l->tokens = mem_zero(SEQ_LINE_MAX + 2, sizeof(*l->tokens));
	l->end = bytes + n;
	if (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		l->rest += 3;
	return check_bytes(l, (size_t)(l->end - l->rest));
}

void
seq_lex_done(struct seq_lexer *l)
{
	free(l->tokens);
	l->tokens = NULL;
}

bool
seq_is_word(const struct seq_token *t, const char *word)
{
	return (t->kind == SEQ_TOK_WORD || t->kind == SEQ_TOK_NAME) && strlen(word) == t->n &&
	       memcmp(word, t->at, t->n) == 0;
}

struct place
seq_place(const struct seq_lexer *l, const struct seq_token *t)
{
	return (struct place){ l->file, l->line, t->column };
}

/* ---- one word ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *sign;
	enum seq_token_kind kind;
} signs[] = {
	{ "->", SEQ_TOK_ARROW },
	{ "..", SEQ_TOK_RANGE },
	{ "==", SEQ_TOK_SIGN },
	{ "=", SEQ_TOK_ASSIGN },
	{ ";", SEQ_TOK_SEMI },
	{ ":", SEQ_TOK_COLON },
	{ "[", SEQ_TOK_OPEN_LIST },
	{ "]", SEQ_TOK_CLOSE_LIST },
};

static enum seq_token_kind
kind_of(const struct token *t)
{
	switch (t->kind) {
	case TOK_NUMBER:
		return SEQ_TOK_NUMBER;
	case TOK_NAME:
		return lex_is_reserved(t->text) ? SEQ_TOK_WORD : SEQ_TOK_NAME;
	case TOK_COMMA:
		return SEQ_TOK_COMMA;
	case TOK_OPEN:
		return SEQ_TOK_OPEN;
	case TOK_CLOSE:
		return SEQ_TOK_CLOSE;
	default:
		return SEQ_TOK_SIGN;
	}
}

/* The end of a text behind its closing quote; NULL with a cause and its place. */
static const char *
text_end(const char *p, const char **out_place, const char **out_cause)
{
	size_t n = 0;

	*out_place = p;
	for (p++; *p != '"'; p++) {
		if (*p == '\0') {
			*out_cause = "a text without end; close it with \" on the same line";
			return NULL;
		}
		if (*p == '\\' && p[1] != '"' && p[1] != '\\') {
			*out_place = p;
			*out_cause = "an escape that there is not; texts have \\\" and \\\\ only, "
				     "and {{ "
				     "for a brace";
			return NULL;
		}
		p += *p == '\\';
		n += ((unsigned char)*p & 0xC0) != 0x80;
	}
	if (n <= SEQ_TEXT_MAX)
		return p + 1;
	*out_cause = "a text of more than 255 characters; write it shorter";
	return NULL;
}

const char *
seq_unquote(struct tree *tree, const struct seq_token *t)
{
	char *text = tree_text(tree, t->at + 1, t->n - 2), *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		p += *p == '\\';
		*to++ = *p;
	}
	*to = '\0';
	return text;
}

/* Read the word at p; false: that was told, *out_place is where. */
static bool
read_word(struct seq_token *t, const char *p, const char **out_place, char cause[SEQ_CAUSE])
{
	struct token tok;
	struct err err;

	t->at = *out_place = p;
	for (size_t i = 0; i < NELEM(signs); i++) {
		t->n = strlen(signs[i].sign);
		t->kind = signs[i].kind;
		if (strncmp(p, signs[i].sign, t->n) == 0)
			return true;
	}
	if (*p == '"') {
		const char *why = "", *end = text_end(p, out_place, &why);

		t->kind = SEQ_TOK_TEXT;
		t->n = end == NULL ? 0 : (size_t)(end - p);
		snprintf(cause, SEQ_CAUSE, "%s", why);
		return end != NULL;
	}
	if (lex_next(p, &tok, out_place, &err) != 0) {
		snprintf(cause, SEQ_CAUSE, "%s", err.msg);
		return false;
	}
	t->kind = kind_of(&tok);
	t->n = tok.text.n;
	t->number = tok.number;
	t->has_unit = tok.unit.n > 0 || tok.is_clock;
	t->is_call = tok.is_call;
	return true;
}

/* ---- one line ------------------------------------------------------------------------------------------------- */

static uint32_t
column_at(const char *line, const char *from, uint32_t column, const char *to)
{
	for (const char *p = from == NULL ? line : from; p < to; p++)
		column += ((unsigned char)*p & 0xC0) != 0x80;
	return column;
}

/* The words of a line that ends with a NUL; column: of its first character. */
static void
split(struct seq_lexer *l, const char *line, uint32_t first_column)
{
	const char *p = line, *counted = line, *place;
	uint32_t column = first_column;
	char cause[SEQ_CAUSE];

	l->n_tokens = 0;
	l->comment = NULL;
	for (;;) {
		struct seq_token *t = &l->tokens[l->n_tokens++];

		while (*p == ' ' || *p == '\t')
			p++;
		column = column_at(line, counted, column, p);
		counted = p;
		*t = (struct seq_token){ .kind = SEQ_TOK_EOL, .at = p, .column = column };
		if (*p == '#')
			l->comment = p;
		if (*p == '#' || *p == '\0')
			return;
		if (!read_word(t, p, &place, cause)) {
			struct place at = { l->file, l->line,
				column_at(line, counted, column, place) };

			t->kind = SEQ_TOK_BAD;
			t->n = strlen(p);
			diag_error(l->diag, at, "syntax", "%s", cause);
			return;
		}
		p = t->at + t->n;
	}
}

static bool
check_line(struct seq_lexer *l, const char *line, size_t n)
{
	struct place at = { l->file, l->line, 1 };

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7F) {
			diag_error(l->diag, at, "control-character",
				c == '\r' ? "a carriage return inside a line; end lines with LF or "
					    "CRLF"
					  : "a control character; remove it");
			return false;
		}
		at.column += (c & 0xC0) != 0x80;
	}
	if (n <= SEQ_LINE_MAX)
		return true;
	at.column = 1;
	diag_error(l->diag, at, "too-large", "a line of more than %d bytes; write several",
		SEQ_LINE_MAX);
	return false;
}

/* Without the blanks at the end. */
static const char *
trim(struct tree *t, const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		n--;
	return tree_text(t, text, n);
}

bool
seq_lex_line(struct seq_lexer *l)
{
	const char *start = l->rest, *stop;
	size_t n;

	if (l->rest >= l->end)
		return false;
	l->line++;
	stop = memchr(start, '\n', (size_t)(l->end - start));
	n = (size_t)((stop == NULL ? l->end : stop) - start);
	l->rest = start + n + (stop != NULL);
	if (stop != NULL && n > 0 && start[n - 1] == '\r')
		n--;
	if (check_line(l, start, n)) {
		split(l, tree_text(l->tree, start, n), 1);
		if (l->comment != NULL)
			l->comment = trim(l->tree, l->comment);
		return true;
	}
	l->comment = NULL;
	l->n_tokens = 1;
	l->tokens[0] = (struct seq_token){ .kind = SEQ_TOK_BAD, .at = "", .column = 1 };
	return true;
}

void
seq_lex_text(struct seq_lexer *l, struct tree *t, struct diag *d, struct place at, const char *text)
{
	l->tree = t;
	l->diag = d;
	l->file = at.file;
	l->line = at.line;
	l->rest = l->end = text;
	if (strlen(text) > SEQ_LINE_MAX) {
		diag_error(d, at, "too-large", "a text of more than %d bytes; write it shorter",
			SEQ_LINE_MAX);
		l->n_tokens = 1;
		l->comment = NULL;
		l->tokens[0] =
			(struct seq_token){ .kind = SEQ_TOK_BAD, .at = "", .column = at.column };
		return;
	}
	split(l, tree_text(t, text, strlen(text)), at.column);
}
