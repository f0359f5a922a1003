/* seq_tool.c - `mbc sequence`: one file of the sequence language, without a bench */
#include "compile/seq_tool.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "compile/seq_json.h"
#include "compile/seq_load.h"
#include "compile/seq_print.h"
#include "compile/source.h"

/* Is the file as the formatter would write it? */
static int
compare(const char *path, const struct buf *wanted)
{
	struct buf bytes = { 0 };
	uint64_t key[2];
	struct err err;
	int code = 0;

	if (source_read(path, &bytes, key, &err) != 0) {
		log_err("%s", err.msg);
		code = 2;
	} else if (bytes.n != wanted->n || memcmp(bytes.data, wanted->data, bytes.n) != 0) {
		log_err("%s is not in the one form; run: mbc sequence format %s", path, path);
		code = 1;
	}
	buf_done(&bytes);
	return code;
}

int
seq_tool(const char *word, const char *path, bool is_check, struct buf *out)
{
	struct diag *d = mem_zero(1, sizeof(*d));
	struct buf text = { 0 };
	struct tree t = { 0 };
	struct err err;
	struct seq *q;
	int code = 1;

	d->max = SEQ_SHOWN_MAX;
	q = seq_read(&t, d, path, &err);
	if (q == NULL && err.msg[0] != '\0')
		log_err("%s", err.msg);
	if (q != NULL && d->n_errors == 0) {
		code = 0;
		if (strcmp(word, "json") == 0 || strcmp(word, "lines") == 0)
			seq_json_write(&t, q, word[0] == 'l', &text);
		else
			seq_print(&t, q, &text);
		if (is_check)
			code = compare(path, &text);
		else
			buf_put(out, text.data, text.n);
	}
	diag_print(d, stderr);
	buf_done(&text);
	diag_done(d);
	tree_done(&t);
	free(d);
	return code;
}
