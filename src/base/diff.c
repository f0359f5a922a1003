/* diff.c - the difference of two texts, line by line, as diff -u writes it
 *
 * What both begin and end with is left aside; of the lines between, the longest sequence that both have (a table of their lengths, from the end on)
 * stays as it is. That is enough for bench files, where few lines change.
 */
#include "base/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define AROUND 3
#define TABLE_MAX ((size_t)4000000) /* cells of 2 bytes */
#define LINES_MAX 60000             /* that a length of 2 bytes can count */

struct line {
	const char *at;
	size_t n; /* with its end */
};

struct text {
	struct line *lines;
	size_t n;
};

/* What becomes of the lines, one after the other. */
struct step {
	char what;      /* ' ', '-', '+' */
	size_t was, is; /* numbers of lines before it, from 0 */
};

static struct text
split(const char *bytes, size_t n)
{
	struct text t = { .lines = NULL };
	size_t room = 0;

	for (const char *at = bytes, *end = bytes + n; at < end;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t length = lf == NULL ? (size_t)(end - at) : (size_t)(lf + 1 - at);

		if (t.n == room) {
			room = room == 0 ? 64 : 2 * room;
			t.lines = mem_grow(t.lines, room, sizeof(*t.lines));
		}
		t.lines[t.n++] = (struct line){ at, length };
		at += length;
	}
	return t;
}

static bool
is_same(const struct line *a, const struct line *b)
{
	return a->n == b->n && memcmp(a->at, b->at, a->n) == 0;
}

/* The lines between the first and the last change. Returns how many steps. */
static size_t
between(const struct text *a, const struct text *b, size_t head, size_t a_end, size_t b_end,
	struct step *out)
{
	size_t n = a_end - head, m = b_end - head, i = 0, k = 0, steps = 0;
	bool fits = n <= LINES_MAX && m <= LINES_MAX && (n + 1) * (m + 1) <= TABLE_MAX;
	uint16_t *longest = fits ? mem_zero((n + 1) * (m + 1), sizeof(*longest)) : NULL;

#define LONGEST(x, y) longest[(x) * (m + 1) + (y)]
	for (size_t x = n; fits && x-- > 0;)
		for (size_t y = m; y-- > 0;)
			LONGEST(x, y) = is_same(&a->lines[head + x], &b->lines[head + y])
						? (uint16_t)(LONGEST(x + 1, y + 1) + 1)
						: MAX(LONGEST(x + 1, y), LONGEST(x, y + 1));
	while (i < n || k < m) {
		char what;

		if (fits && i < n && k < m && is_same(&a->lines[head + i], &b->lines[head + k]))
			what = ' ';
		else if (i < n && (k == m || !fits || LONGEST(i + 1, k) >= LONGEST(i, k + 1)))
			what = '-';
		else
			what = '+';
		out[steps++] = (struct step){ what, head + i, head + k };
		i += what != '+';
		k += what != '-';
	}
#undef LONGEST
	free(longest);
	return steps;
}

static void
put_line(struct buf *out, char what, const struct line *line)
{
	size_t n = line->n;
	bool has_end = n > 0 && line->at[n - 1] == '\n';

	buf_putc(out, what);
	for (size_t i = 0; i < n - has_end; i++) {
		unsigned char c = (unsigned char)line->at[i];

		/* The mark before a line end of another system is no sign for a terminal. */
		if (c == '\r' && i + 1 == n - has_end)
			continue;
		buf_putc(out, c < 0x20 && c != '\t' ? '?' : c == 0x7F ? '?' : (char)c);
	}
	buf_puts(out, has_end ? "\n" : "\n\\ no end of line here\n");
}

/* Steps from..to with what stands around them. */
static void
put_hunk(struct buf *out, const struct text *a, const struct text *b, const struct step *steps,
	size_t from, size_t to)
{
	size_t was = 0, is = 0;

	for (size_t i = from; i < to; i++) {
		was += steps[i].what != '+';
		is += steps[i].what != '-';
	}
	buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", steps[from].was + (was > 0), was,
		steps[from].is + (is > 0), is);
	for (size_t i = from; i < to; i++)
		put_line(out, steps[i].what,
			steps[i].what == '+' ? &b->lines[steps[i].is] : &a->lines[steps[i].was]);
}

static void
put_hunks(struct buf *out, const struct text *a, const struct text *b, const struct step *steps,
	size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t from, to;

		if (steps[i].what == ' ') {
			i++;
			continue;
		}
		from = i > AROUND ? i - AROUND : 0;
		to = i;
		for (size_t same = 0; i < n && same <= 2 * AROUND; i++) {
			same = steps[i].what == ' ' ? same + 1 : 0;
			if (same == 0)
				to = i + 1;
		}
		i = MIN(to + AROUND, n);
		put_hunk(out, a, b, steps, from, i);
	}
}

bool
diff_unified(struct buf *out, const char *was_name, const char *was, size_t was_n,
	const char *is_name, const char *is, size_t is_n)
{
	struct text a, b;
	struct step *steps;
	size_t head = 0, tail = 0, n = 0, first;

	if (was_n == is_n && memcmp(was, is, was_n) == 0)
		return false;
	a = split(was, was_n);
	b = split(is, is_n);
	while (head < a.n && head < b.n && is_same(&a.lines[head], &b.lines[head]))
		head++;
	while (tail < a.n - head && tail < b.n - head &&
		is_same(&a.lines[a.n - 1 - tail], &b.lines[b.n - 1 - tail]))
		tail++;
	first = head > AROUND ? head - AROUND : 0;
	steps = mem_zero(a.n + b.n + 1, sizeof(*steps));
	for (size_t i = first; i < head; i++)
		steps[n++] = (struct step){ ' ', i, i };
	n += between(&a, &b, head, a.n - tail, b.n - tail, steps + n);
	for (size_t i = 0; i < MIN(tail, (size_t)AROUND); i++)
		steps[n++] = (struct step){ ' ', a.n - tail + i, b.n - tail + i };
	buf_printf(out, "--- %s\n+++ %s\n", was_name, is_name);
	put_hunks(out, &a, &b, steps, n);
	free(steps);
	free(a.lines);
	free(b.lines);
	return true;
}
