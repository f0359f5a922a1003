/* diag.c - what is wrong with a bench file, collected and told at once */
#include "compile/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void
diag_done(struct diag *d)
{
	for (size_t i = 0; i < d->n_files; i++)
		free(d->files[i]);
	memset(d, 0, sizeof(*d));
}

int
diag_file(struct diag *d, const char *path)
{
	for (size_t i = 0; i < d->n_files; i++)
		if (strcmp(d->files[i], path) == 0)
			return (int)i;
	if (d->n_files == DIAG_FILES_MAX)
		return -1;
	d->files[d->n_files] = mem_text(path);
	return (int)d->n_files++;
}

static bool
is_before(struct place a, struct place b)
{
	if (a.file != b.file)
		return a.file < b.file;
	if (a.line != b.line)
		return a.line < b.line;
	return a.column < b.column;
}

/* Its room among the sorted lines; NULL when it comes after the last one that is kept. */
static struct diag_line *
place_line(struct diag *d, struct place at)
{
	size_t i = d->n_lines, max = d->max == 0 ? DIAG_MAX : d->max;

	while (i > 0 && is_before(at, d->lines[i - 1].at))
		i--;
	if (i >= max)
		return NULL;
	if (d->n_lines < max)
		d->n_lines++;
	memmove(d->lines + i + 1, d->lines + i, (d->n_lines - 1 - i) * sizeof(d->lines[0]));
	return &d->lines[i];
}

/* Two instruments of one file meet its mistakes twice; people read them once. */
static bool
is_told(const struct diag *d, const struct diag_line *line)
{
	for (size_t i = 0; i < d->n_lines; i++) {
		const struct diag_line *old = &d->lines[i];

		if (old->at.file == line->at.file && old->at.line == line->at.line &&
			old->at.column == line->at.column && old->is_warning == line->is_warning &&
			strcmp(old->code, line->code) == 0 && strcmp(old->text, line->text) == 0)
			return true;
	}
	return false;
}

static void add(struct diag *d, struct place at, bool is_warning, const char *code, const char *fmt,
	va_list ap) PRINTF(5, 0);

static void
add(struct diag *d, struct place at, bool is_warning, const char *code, const char *fmt, va_list ap)
{
	struct diag_line line = { .at = at, .is_warning = is_warning, .code = code }, *room;
	size_t whole;

	if (is_warning)
		d->n_warnings++;
	else
		d->n_errors++;
	vsnprintf(line.text, sizeof(line.text), fmt, ap);
	whole = text_utf8(line.text, strlen(line.text));
	line.text[whole] = '\0';
	for (char *p = line.text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (is_told(d, &line)) {
		d->n_repeated++;
		return;
	}
	room = place_line(d, at);
	if (room != NULL)
		*room = line;
}

void
diag_error(struct diag *d, struct place at, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, at, false, code, fmt, ap);
	va_end(ap);
}

void
diag_warn(struct diag *d, struct place at, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, at, true, code, fmt, ap);
	va_end(ap);
}

void
diag_print(const struct diag *d, FILE *out)
{
	size_t all = d->n_errors + d->n_warnings - d->n_repeated;

	for (size_t i = 0; i < d->n_lines; i++) {
		const struct diag_line *line = &d->lines[i];

		fprintf(out, "%s:%u:%u: %s: %s [%s]\n", d->files[line->at.file], line->at.line,
			line->at.column, line->is_warning ? "warning" : "error", line->text,
			line->code);
	}
	if (all > d->n_lines)
		fprintf(out, "and %zu more; correct these first, then check again\n",
			all - d->n_lines);
}
