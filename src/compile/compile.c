/* compile.c - the whole way: bench file -> image */
#include "compile/compile.h"

#include "compile/file.h"
#include "compile/merge.h"
#include "compile/print.h"
#include "compile/seq_bench.h"

/* The bench as a run keeps it: whoever has this text has all of it. */
static const char *
source_text(struct bench *b, const struct node *root)
{
	struct buf merged = { 0 };
	const char *text;

	if (b->diag.n_files == 1 && b->tree.outer != NULL)
		return b->tree.outer;
	print_tree(&merged, root);
	text = tree_text(&b->tree, merged.data, merged.n);
	buf_done(&merged);
	return text;
}

static int
finish(struct bench *b, const struct node *root, struct buf *out_image, struct buf *out_merged,
	struct err *err)
{
	if (root == NULL)
		return ERR_CONF;
	if (file_is_one(b, root)) {
		if (!b->may_be_file)
			diag_error(&b->diag, root->at, "instrument-file",
				"this describes an instrument, not a bench; name it in a bench "
				"file: "
				"use: NAME, or check it by itself: mbc check FILE");
		else
			file_check(b, root);
		return b->diag.n_errors > 0 ? ERR_CONF : 0;
	}
	b->source = source_text(b, root);
	bench_read(b, root);
	if (b->diag.n_errors > 0)
		return ERR_CONF;
	if (out_merged != NULL)
		print_tree(out_merged, root);
	if (b->only_sequence != NULL)
		seq_bench_take_one(b, b->only_sequence);
	else if (!b->leaves_sequences)
		seq_bench_take(b);
	emit_image(b, out_image);
	if (out_image->n > IMAGE_SIZE_MAX)
		return err_set(err, ERR_CONF, 0, "the image is larger than 64 MB; split the bench");
	if (image_check(out_image->data, out_image->n, err) < 0)
		return err_prefix(
			err, ERR_IO, "the image does not pass its own check; please report this");
	return 0;
}

int
compile_file(struct bench *b, struct buf *out_image, struct buf *out_merged, struct err *err)
{
	bool is_system;
	struct node *root = merge_files(&b->tree, &b->diag, b->path, &is_system);

	err_set(err, 0, 0, "%s", "");
	return is_system ? ERR_IO : finish(b, root, out_image, out_merged, err);
}

int
compile_bytes(struct bench *b, const char *bytes, size_t n, struct buf *out_image,
	struct buf *out_merged, struct err *err)
{
	err_set(err, 0, 0, "%s", "");
	return finish(
		b, merge_bytes(&b->tree, &b->diag, b->path, bytes, n), out_image, out_merged, err);
}
