/* import_input.c - the lines of a file */
#include "history/import_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define ROOM (INPUT_LINE_MAX + (256u << 10))

void
input_begin(struct input *in, int fd, struct sha256 *sha)
{
	*in = (struct input){ .fd = fd, .sha = sha };
	in->data = mem_zero(ROOM + 2, 1);
}

void
input_done(struct input *in)
{
	free(in->data);
	in->data = NULL;
}

/* More of the file behind what is there. */
static int
fill(struct input *in, struct err *err)
{
	ssize_t k;

	if (in->begin > 0 && ROOM - in->n < (64u << 10)) {
		memmove(in->data, in->data + in->begin, in->n - in->begin);
		in->n -= in->begin;
		in->end -= in->begin;
		in->begin = 0;
	}
	do
		k = pread(in->fd, in->data + in->n, ROOM - in->n, (off_t)in->offset);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return err_set(err, ERR_IO, errno, "reading: %s", strerror(errno));
	if (in->sha != NULL)
		sha256_add(in->sha, in->data + in->n, (size_t)k);
	in->offset += (uint64_t)k;
	in->n += (size_t)k;
	in->is_over = k == 0;
	return 0;
}

/* Where the line that goes on at `from` ends. */
static int
find_end(struct input *in, size_t from, struct err *err)
{
	for (;;) {
		char *end = memchr(in->data + from, '\n', in->n - from);

		if (end != NULL || in->is_over) {
			in->end = end != NULL ? (size_t)(end - in->data) : in->n;
			return 0;
		}
		if (in->n - in->begin > INPUT_LINE_MAX)
			return err_set(err, ERR_PROTO, 0,
				"longer than 1 MB: this is no text with lines, or a quote is "
				"missing");
		from = in->n - in->begin;
		if (fill(in, err) < 0)
			return ERR_IO;
		from += in->begin;
	}
}

static void
give(struct input *in, char **out, size_t *out_n)
{
	size_t end = in->end;

	in->ended[1] = in->data[end];
	in->data[end] = '\0';
	if (end > in->begin && in->data[end - 1] == '\r')
		end--;
	in->ended[0] = in->data[end];
	in->data[end] = '\0';
	in->has_line = true;
	*out = in->data + in->begin;
	*out_n = end - in->begin;
}

int
input_next(struct input *in, char **out, size_t *out_n, struct err *err)
{
	if (in->offset == 0 && in->n == 0) {
		if (fill(in, err) < 0)
			return ERR_IO;
		if (in->n >= 3 && memcmp(in->data, "\xEF\xBB\xBF", 3) == 0)
			in->begin = in->end = 3;
	} else if (in->has_line) {
		in->begin = MIN(in->end + 1, in->n);
	}
	in->line += MAX(in->lines, UINT64_C(1));
	in->lines = 1;
	if (find_end(in, in->begin, err) < 0)
		return err->code;
	if (in->begin == in->n)
		return 0;
	give(in, out, out_n);
	return 1;
}

int
input_more(struct input *in, char **out, size_t *out_n, struct err *err)
{
	size_t length = strlen(in->data + in->begin);
	size_t end = in->end;

	if (end == in->n)
		return err_set(err, ERR_PROTO, 0,
			"a text in quotes does not end; add the quote that is missing");
	if (length < end - in->begin)
		in->data[in->begin + length] = in->ended[0];
	in->data[end] = '\n';
	in->lines++;
	if (find_end(in, end + 1, err) < 0)
		return err->code;
	give(in, out, out_n);
	return 1;
}
