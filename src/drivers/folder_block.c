/* folder_block.c - what stands in an answer of the thread that reads a folder */
#include "drivers/folder_block.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define HEADER_MAX 500

/* The next word of a header as a number; *at goes behind the blank that ends it. */
static bool
number(const char **at, int64_t min, int64_t max, int64_t *out)
{
	size_t n = strcspn(*at, " ");
	char word[24];

	if (n == 0 || n >= sizeof(word))
		return false;
	memcpy(word, *at, n);
	word[n] = '\0';
	*at += n + ((*at)[n] == ' ');
	return text_to_int(word, out) && *out >= min && *out <= max;
}

/* n bytes of content. */
static bool
content(const char **at, const char *end, int64_t n, const char **out, size_t *out_n)
{
	if (n > end - *at)
		return false;
	*out = *at;
	*out_n = (size_t)n;
	*at += n;
	return true;
}

static bool
read_ok(const char *words, const char **at, const char *end, struct block *out)
{
	int64_t which, n, more;

	if (!number(&words, 0, 9, &which) || !number(&words, 0, INT32_MAX, &n) ||
		!number(&words, 0, 1, &more) || *words != '\0')
		return false;
	out->kind = BLOCK_OK;
	out->which = (unsigned)which;
	out->is_cut = more != 0;
	return content(at, end, n, &out->head, &out->n_head);
}

/* `words` is a part of the answer too: the name stays where it is, in line[0..n). */
static bool
read_result(const char *words, const char *line, const char *text, size_t n, const char **at,
	const char *end, struct block *out)
{
	int64_t head, tail, unused;
	size_t from;

	out->kind = BLOCK_RESULT;
	if (!number(&words, 0, INT64_MAX, &out->now_ms) ||
		!number(&words, INT64_MIN, INT64_MAX, &out->age_ms) ||
		!number(&words, 0, INT32_MAX, &head) || !number(&words, 0, INT32_MAX, &tail))
		return false;
	from = (size_t)(words - text);
	out->identity = text_hash(line + from, n - from);
	if (!number(&words, INT64_MIN, INT64_MAX, &out->modified_ms))
		return false;
	for (int i = 0; i < 4; i++)
		if (!number(&words, INT64_MIN, INT64_MAX, &unused))
			return false;
	from = (size_t)(words - text);
	out->name = line + from;
	out->n_name = n - from;
	return out->n_name > 0 && content(at, end, head, &out->head, &out->n_head) &&
	       content(at, end, tail, &out->tail, &out->n_tail);
}

bool
folder_block(const char **at, const char *end, struct block *out)
{
	const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line)), *words;
	char text[HEADER_MAX];
	size_t n = stop == NULL ? 0 : (size_t)(stop - line);
	int64_t code;

	if (n == 0 || n >= sizeof(text) || memchr(line, '\0', n) != NULL)
		return false;
	memcpy(text, line, n);
	text[n] = '\0';
	*out = (struct block){ .kind = BLOCK_MISSING };
	*at = stop + 1;
	if (strncmp(text, "ok ", 3) == 0)
		return read_ok(text + 3, at, end, out);
	if (strncmp(text, "result ", 7) == 0)
		return read_result(text + 7, line, text, n, at, end, out);
	words = text + 6;
	if (strncmp(text, "error ", 6) == 0 && number(&words, 0, UINT16_MAX, &code)) {
		out->kind = BLOCK_ERROR;
		out->code = (unsigned)code;
		return true;
	}
	out->kind = strcmp(text, "busy") == 0   ? BLOCK_BUSY
		    : strcmp(text, "many") == 0 ? BLOCK_MANY
						: BLOCK_MISSING;
	return out->kind != BLOCK_MISSING || strcmp(text, "missing") == 0;
}
