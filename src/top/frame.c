/* frame.c - what stands on a terminal */
#include "top/frame.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define BAD_RUNE 0xFFFD
#define COMBINED_MAX 2 /* marks above or below one letter: more are no language */

struct range {
	uint32_t first, last;
};

static bool
is_in(const struct range *ranges, size_t n, uint32_t rune)
{
	for (size_t i = 0; i < n; i++)
		if (rune >= ranges[i].first && rune <= ranges[i].last)
			return true;
	return false;
}

/* The next character of a text; what is no UTF-8 is BAD_RUNE, a byte each. */
static uint32_t
next_rune(const char **at)
{
	const unsigned char *p = (const unsigned char *)*at;
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
	uint32_t rune;

	if (n == 1 || strnlen(*at, n) < n || text_utf8(*at, n) != n) {
		*at += 1;
		return p[0] < 0x80 ? p[0] : BAD_RUNE;
	}
	rune = p[0] & (0xFFu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		rune = rune << 6 | (p[i] & 0x3F);
	*at += n;
	return rune;
}

/* What a terminal would obey (Unicode's C0, C1, DEL), what turns or hides the text beside it, and private and unassigned planes. */
static uint32_t
harmless(uint32_t rune)
{
	static const struct range bad[] = { { 0x00, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD },
		{ 0x61C, 0x61C }, { 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E },
		{ 0x2060, 0x206F }, { 0xD800, 0xF8FF }, { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF },
		{ 0xFFF0, 0xFFFB }, { 0xE0000, UINT32_MAX } };

	if (rune == '\t' || rune == '\n' || rune == '\r' || rune == 0xA0 || rune == 0x202F)
		return ' ';
	return is_in(bad, NELEM(bad), rune) ? BAD_RUNE : rune;
}

/* Cells of a character, by the blocks of Unicode: East Asian wide ones take two. */
static int
rune_cols(uint32_t rune)
{
	static const struct range none[] = { { 0x300, 0x36F }, { 0x483, 0x489 }, { 0x591, 0x5BD },
		{ 0x610, 0x61A }, { 0x64B, 0x65F }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF },
		{ 0x20D0, 0x20FF }, { 0xFE20, 0xFE2F } };
	static const struct range two[] = { { 0x1100, 0x115F }, { 0x2E80, 0x303E },
		{ 0x3041, 0xA4CF }, { 0xA960, 0xA97F }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
		{ 0xFE30, 0xFE6F }, { 0xFF01, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F },
		{ 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD } };

	if (rune < 0x300)
		return 1;
	return is_in(none, NELEM(none), rune) ? 0 : is_in(two, NELEM(two), rune) ? 2 : 1;
}

/* The nearest in ASCII of what our own texts and the units of benches have. */
static const char *
plain(uint32_t rune)
{
	/* U+00C0 to U+00FF without their accents. */
	static const char latin[] =
		"AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";
	static char one[2];
	static const struct {
		uint32_t rune;
		const char *text;
	} others[] = { { 0xAB, "\"" }, { 0xB0, "deg" }, { 0xB1, "+-" }, { 0xB2, "2" },
		{ 0xB3, "3" }, { 0xB5, "u" }, { 0xB7, "-" }, { 0xBB, "\"" }, { 0x152, "OE" },
		{ 0x153, "oe" }, { 0x394, "d" }, { 0x3A9, "ohm" }, { 0x3BC, "u" }, { 0x2013, "-" },
		{ 0x2014, "-" }, { 0x2018, "'" }, { 0x2019, "'" }, { 0x201C, "\"" },
		{ 0x201D, "\"" }, { 0x2026, "..." }, { 0x2192, ">" }, { 0x25A0, "#" },
		{ 0x25A1, "o" }, { 0x25B2, "!" }, { 0x25B8, ">" }, { 0x25CB, "o" }, { 0x25CF, "*" },
		{ 0x2713, "+" }, { 0x2715, "x" } };

	if (rune >= 0xC0 && rune <= 0xFF) {
		one[0] = latin[rune - 0xC0];
		return one;
	}
	for (size_t i = 0; i < NELEM(others); i++)
		if (others[i].rune == rune)
			return others[i].text;
	return "?";
}

static void
put_rune(struct buf *out, uint32_t rune)
{
	if (rune < 0x80) {
		buf_putc(out, (char)rune);
		return;
	}
	if (rune < 0x800) {
		buf_putc(out, (char)(0xC0 | rune >> 6));
	} else if (rune < 0x10000) {
		buf_putc(out, (char)(0xE0 | rune >> 12));
		buf_putc(out, (char)(0x80 | (rune >> 6 & 0x3F)));
	} else {
		buf_putc(out, (char)(0xF0 | rune >> 18));
		buf_putc(out, (char)(0x80 | (rune >> 12 & 0x3F)));
		buf_putc(out, (char)(0x80 | (rune >> 6 & 0x3F)));
	}
	buf_putc(out, (char)(0x80 | (rune & 0x3F)));
}

/* The next character as it is shown: its bytes to `out` (NULL: not wanted), its cells. *combined: marks so far on one letter. */
static int
take(struct buf *out, bool is_utf8, const char **at, int *combined)
{
	uint32_t rune = harmless(next_rune(at));
	int cols = rune_cols(rune);

	*combined = cols == 0 ? *combined + 1 : 0;
	if (!is_utf8 && rune >= 0x80) {
		const char *text = cols == 0 ? "" : plain(rune);

		if (out != NULL)
			buf_puts(out, text);
		return (int)strlen(text);
	}
	if (out != NULL && *combined <= COMBINED_MAX)
		put_rune(out, rune);
	return cols;
}

int
frame_fit(struct buf *out, bool is_utf8, int cols, const char *text)
{
	size_t last = out->n; /* where the text may end when its end is cut */
	int taken = 0, kept = 0, combined = 0;

	while (*text != '\0') {
		size_t begin = out->n;
		int n = take(out, is_utf8, &text, &combined);

		if (taken + n > cols) {
			out->n = taken < cols ? begin : last;
			if (cols > 0)
				buf_puts(out,
					is_utf8 ? "…" : ">"); /* no mark that a number may have */
			return cols > 0 ? (taken < cols ? taken : kept) + 1 : 0;
		}
		if (n > 0) {
			last = begin;
			kept = taken;
		}
		taken += n;
	}
	return taken;
}

int
frame_cols(bool is_utf8, const char *text)
{
	int cols = 0, combined = 0;

	while (*text != '\0')
		cols += take(NULL, is_utf8, &text, &combined);
	return cols;
}

void
frame_clear(struct frame *f, int width, int height)
{
	f->width = width;
	f->height = height;
	f->n = 0;
	buf_clear(&f->text);
}

void
frame_done(struct frame *f)
{
	buf_done(&f->text);
	free(f->at);
	*f = (struct frame){ 0 };
}

static struct span *
add(struct frame *f)
{
	if (f->n == f->cap) {
		f->cap = MAX(2 * f->cap, (size_t)256);
		f->at = mem_grow(f->at, f->cap, sizeof(*f->at));
	}
	return &f->at[f->n++];
}

static int
put(struct frame *f, int line, int col, int cols, enum tone tone, const char *text, bool at_right)
{
	struct span s = { .off = f->text.n, .line = line, .col = col, .tone = tone };

	cols = MIN(cols, f->width - col);
	if (line < 0 || (f->height > 0 && line >= f->height) || col < 0 || cols <= 0 ||
		*text == '\0')
		return 0;
	s.cols = frame_fit(&f->text, f->is_utf8, cols, text);
	s.n = f->text.n - s.off;
	if (at_right)
		s.col += cols - s.cols;
	if (s.n > 0)
		*add(f) = s;
	return s.cols;
}

int
frame_put(struct frame *f, int line, int col, int cols, enum tone tone, const char *text)
{
	return put(f, line, col, cols, tone, text, false);
}

int
frame_put_right(struct frame *f, int line, int col, int cols, enum tone tone, const char *text)
{
	return put(f, line, col, cols, tone, text, true);
}

void
frame_put_bar(struct frame *f, int line, enum tone tone, const char *text)
{
	int cols = frame_put(f, line, 0, f->width, tone, text);
	struct span *s = f->n > 0 ? &f->at[f->n - 1] : NULL;

	if (cols == 0 || s == NULL || f->height == 0) /* on paper there is nothing to fill */
		return;
	for (; cols < f->width; cols++, s->n++, s->cols++)
		buf_putc(&f->text, ' ');
}

int
frame_put_wrapped(struct frame *f, int line, int col, enum tone tone, const char *text)
{
	int lines = 0, width = MAX(f->width - col, 1);
	struct buf part = { 0 };

	while (*text != '\0') {
		const char *end = text, *fits = NULL;
		int cols = 0, combined = 0;

		while (*end != '\0' && cols <= width) {
			if (*end == ' ')
				fits = end;
			cols += take(NULL, f->is_utf8, &end, &combined);
		}
		if (cols <= width)
			fits = end;
		else if (fits == NULL || fits == text)
			fits = end - 1; /* one long word: what is over goes to the next line */
		while (fits > text + 1 && ((unsigned char)*fits & 0xC0) == 0x80)
			fits--;
		buf_clear(&part);
		buf_put(&part, text, (size_t)(fits - text));
		frame_put(f, line + lines, col, width, tone, buf_text(&part));
		lines++;
		for (text = fits; *text == ' '; text++)
			;
	}
	buf_done(&part);
	return lines;
}

void
frame_print(const struct frame *f, struct buf *out)
{
	int line = 0, col = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct span *s = &f->at[i];

		for (; line < s->line; line++, col = 0)
			buf_putc(out, '\n');
		for (; col < s->col; col++)
			buf_putc(out, ' ');
		buf_put(out, f->text.data + s->off, s->n);
		col += s->cols;
	}
	if (f->n > 0)
		buf_putc(out, '\n');
}
