/* folder_result.c - answers about result files: the newest one, once nobody writes it any more
 *
 * A file is complete when two looks at it, as far apart as `complete_after`, found the same file unchanged: same size, same times,
 * same place on the disk. That needs no clock but one that only runs, and no trust in the times of a file server. When it is
 * read it was changed by nobody between begin and end.
 */
#include <string.h>

#include "base/text.h"
#include "drivers/common.h"
#include "drivers/folder_parts.h"

#define FUTURE_MS 60000 /* clocks of a file server and of this computer differ by less */

enum {
	VAR_IDENTITY,
	VAR_SINCE
}; /* of the newest file; since when (ms, + 1) it has been the same */

static bool
is_complete(const struct instrument *ins, const struct block *b, struct vars *vars)
{
	int64_t after =
		ins->opts.num[OPT_COMPLETE] < 0 ? 5 * NS_PER_S : ins->opts.num[OPT_COMPLETE];
	int64_t since = (int64_t)vars->v[VAR_SINCE] - 1;

	if (b->kind != BLOCK_RESULT) {
		vars->v[VAR_SINCE] = 0;
		return false;
	}
	if (since < 0 || since > b->now_ms || vars->v[VAR_IDENTITY] != b->identity) {
		vars->v[VAR_IDENTITY] = b->identity;
		vars->v[VAR_SINCE] = (uint64_t)b->now_ms + 1;
		since = b->now_ms;
	}
	return b->now_ms - since >= after / NS_PER_MS;
}

/* The line that names the columns; it has to be in the part of the file that was read. */
static bool
header_line(const struct instrument *ins, const struct block *b, struct table_line *out)
{
	static const char mark[] = "\xEF\xBB\xBF";

	if (!table_line(b->head, b->n_head, folder_header(ins), out) ||
		out->at + out->n == b->head + b->n_head)
		return false;
	if (out->at == b->head && out->n >= 3 && memcmp(out->at, mark, 3) == 0) {
		out->at += 3;
		out->n -= 3;
	}
	return true;
}

/* The last row: behind the header, with its begin and its end. */
static enum quality
last_row(const struct instrument *ins, const struct block *b, struct table_line *out)
{
	const char *text = b->n_tail > 0 ? b->tail : b->head;
	size_t n = b->n_tail > 0 ? b->n_tail : b->n_head;
	struct table_line header = { text, 0 };

	if (n == 0 || !table_line(text, n, TABLE_LAST, out))
		return Q_MISSING;
	if (text[n - 1] != '\n' && !ins->opts.num[OPT_OPEN_END])
		return Q_GARBLED; /* a writer that stopped in the middle of a number */
	if (b->n_tail > 0)
		return memchr(text, '\n', (size_t)(out->at - text)) == NULL ? Q_GARBLED : Q_GOOD;
	if (folder_header(ins) == 0)
		return Q_GOOD;
	return header_line(ins, b, &header) && out->at > header.at ? Q_GOOD : Q_MISSING;
}

static void
find_column(const struct instrument *ins, const struct point *pt, const struct block *b,
	struct finding *f)
{
	struct table_line header, row;
	struct table_form form;
	int column = pt->count;

	folder_form(ins, &form);
	f->quality = last_row(ins, b, &row);
	if (f->quality == Q_GOOD && column == 0) {
		if (!header_line(ins, b, &header))
			column = TABLE_COLUMN_NONE;
		else
			column = table_column(&header, pt->key, &form);
		if (column == TABLE_COLUMN_NONE)
			f->quality = Q_MISSING;
		else if (column == TABLE_COLUMN_TWICE)
			f->quality = Q_BAD_ADDRESS;
	}
	if (f->quality == Q_GOOD)
		folder_cell(&row, pt, (unsigned)column, &form, f);
}

static void
find_result(const struct instrument *ins, const struct point *pt, const struct block *b,
	struct finding *f)
{
	size_t n = MIN(b->n_name, sizeof(f->text) - 1);

	f->quality = Q_GOOD;
	switch ((enum about)pt->order) {
	case ABOUT_AGE:
		f->number = (double)b->age_ms / 1000;
		break;
	case ABOUT_MODIFIED:
		f->number = (double)b->modified_ms / 1000;
		break;
	case ABOUT_NAME:
		memcpy(f->text, b->name, n);
		f->text[n] = '\0';
		if (text_utf8(f->text, n) != n)
			f->quality = Q_GARBLED;
		break;
	case ABOUT_VALUE:
		if (b->age_ms > ins->opts.num[OPT_MAX_AGE] / NS_PER_MS)
			f->quality = Q_STALE;
		else if (b->age_ms < -FUTURE_MS)
			f->quality = Q_WRONG_ANSWER; /* its age cannot be told */
		else
			find_column(ins, pt, b, f);
		break;
	}
}

/* As long as a file may still be written its values are not told: those of before grow old. */
int
folder_decode_result(const struct instrument *ins, const struct request *req,
	const struct point *pts, const char *at, const char *end, struct vars *vars,
	struct readings *out, struct err *err)
{
	struct block b;
	bool may_tell;

	if (!folder_block(&at, end, &b) || b.kind == BLOCK_OK || b.kind == BLOCK_MANY)
		return err_set(err, DECODE_BAD, 0, "an answer about another file");
	may_tell = is_complete(ins, &b, vars);
	if (b.kind == BLOCK_BUSY)
		return 0;
	if (b.kind != BLOCK_RESULT)
		return common_verdict(req, folder_quality(&b), b.code, out);
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		const struct point *pt = &pts[req->first + i];
		struct finding f = { .quality = Q_GARBLED };

		find_result(ins, pt, &b, &f);
		if (pt->order == ABOUT_VALUE && !may_tell && f.quality != Q_STALE)
			continue;
		folder_put(pt, req->first + i, &f, out);
	}
	return 0;
}
