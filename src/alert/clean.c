/* clean.c - texts from anywhere, as texts that may go anywhere */
#include "alert/clean.h"

#include <string.h>

#include "base/mask.h"
#include "base/text.h"

#define MARK "\xE2\x80\xA6" /* an ellipsis: one character, three bytes */
#define WORDS_MAX 1000      /* bytes of a server's words that are looked at */

/* The length of the character at text[0..n), 0 when there is none. */
static size_t
character(const char *text, size_t n)
{
	unsigned char first = (unsigned char)text[0];
	size_t k = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

	return k <= n && text_utf8(text, k) == k ? k : 0;
}

/* Those below blank, DEL, U+0080 to U+009F (of which some order a terminal about), and the line ends U+2028 and U+2029. */
static bool
is_control(const char *c, size_t k)
{
	const unsigned char *u = (const unsigned char *)c;

	return (k == 1 && (u[0] < 0x20 || u[0] == 0x7F)) ||
	       (k == 2 && u[0] == 0xC2 && u[1] < 0xA0) ||
	       (k == 3 && u[0] == 0xE2 && u[1] == 0x80 && (u[2] == 0xA8 || u[2] == 0xA9));
}

static void
put(struct buf *out, const char *text, size_t n, bool has_lines)
{
	size_t k;

	for (size_t i = 0; i < n; i += k) {
		k = character(text + i, n - i);
		if (k == 0) {
			buf_putc(out, '?');
			k = 1;
		} else if (!is_control(text + i, k)) {
			buf_put(out, text + i, k);
		} else if (has_lines && (text[i] == '\n' || text[i] == '\t')) {
			buf_putc(out, text[i]);
		} else if (has_lines && text[i] == '\r') {
			buf_putc(out, '\n');
			k += i + 1 < n && text[i + 1] == '\n';
		} else {
			buf_putc(out, ' ');
		}
	}
}

void
clean_line(struct buf *out, const char *text)
{
	if (text != NULL)
		put(out, text, strlen(text), false);
}

void
clean_text(struct buf *out, const char *text)
{
	if (text != NULL)
		put(out, text, strlen(text), true);
}

static size_t
cost(size_t k, enum clean_unit unit)
{
	switch (unit) {
	case CLEAN_BYTES:
		return k;
	case CLEAN_UTF16:
		return k == 4 ? 2 : 1;
	case CLEAN_CHARACTERS:
		break;
	}
	return 1;
}

void
clean_cut(struct buf *b, size_t from, size_t max, enum clean_unit unit)
{
	size_t mark = unit == CLEAN_BYTES ? strlen(MARK) : 1, used = 0, end = from, k;

	for (size_t i = from; i < b->n; i += k) {
		k = MAX(character(b->data + i, b->n - i), (size_t)1);
		used += cost(k, unit);
		if (used > max) {
			b->n = end;
			buf_puts(b, MARK);
			return;
		}
		if (used + mark <= max)
			end = i + k; /* the mark fits behind this one */
	}
}

void
clean_told(char *out, size_t cap, const char *text, size_t n)
{
	struct buf line = { 0 };
	const char *from;

	put(&line, text, MIN(n, (size_t)WORDS_MAX), false);
	buf_text(&line);
	line.n = mask_named(line.data, line.n);
	while (line.n > 0 && line.data[line.n - 1] == ' ')
		line.n--;
	from = buf_text(&line);
	text_copy(out, cap, from + strspn(from, " "));
	buf_done(&line);
}
