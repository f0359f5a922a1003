/* fuzz_seq.c - any bytes as a sequence, as text and as JSON; what is taken comes out the same whichever way it goes */
#include <stdlib.h>
#include <string.h>

#include "compile/seq_json.h"
#include "compile/seq_parse.h"
#include "compile/seq_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct seq *
read_bytes(struct tree *t, const char *bytes, size_t n, bool is_json)
{
	struct diag *d = calloc(1, sizeof(*d));
	uint16_t file = (uint16_t)diag_file(d, "x.seq");
	struct seq *q = is_json ? seq_json_read(t, d, file, bytes, n)
				: seq_parse(t, d, file, bytes, n, false);
	bool is_good = q != NULL && d->n_errors == 0;

	for (size_t i = 0; i < d->n_lines; i++)
		if (d->lines[i].at.line < 1 || d->lines[i].at.column < 1)
			abort();
	if (q == NULL && d->n_errors == 0)
		abort();
	diag_done(d);
	free(d);
	return is_good ? q : NULL;
}

static void
must_be(const struct buf *a, const struct buf *b)
{
	if (a->n != b->n || memcmp(a->data, b->data, a->n) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf text = { 0 }, again = { 0 }, json = { 0 };
	struct tree t = { 0 };
	struct seq *q;

	if (n == 0)
		return 0;
	q = read_bytes(&t, (const char *)data, n, data[0] == '{');
	if (q == NULL || q->name.text == NULL)
		goto out;
	seq_print(&t, q, &text);
	q = read_bytes(&t, (const char *)text.data, text.n, false);
	if (q == NULL)
		abort();
	seq_print(&t, q, &again);
	must_be(&text, &again);
	seq_json_write(&t, q, false, &json);
	q = read_bytes(&t, (const char *)json.data, json.n, true);
	if (q == NULL)
		abort();
	again.n = 0;
	seq_print(&t, q, &again);
	must_be(&text, &again);
out:
	buf_done(&text);
	buf_done(&again);
	buf_done(&json);
	tree_done(&t);
	return 0;
}
