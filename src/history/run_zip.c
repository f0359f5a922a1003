/* run_zip.c - the files of a run as one archive
 *
 * How large a file is is not known when it begins: its size stands behind it (APPNOTE.TXT 6.3.9, 4.3.9), so that nothing is kept.
 */
#include "history/run_zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

struct run_zip {
	struct run_pack *pack;
	struct archive *archive;
	struct archive_entry *entry;
	struct buf *out; /* of this step */
};

static la_ssize_t
take_bytes(struct archive *a, void *ctx, const void *bytes, size_t n)
{
	struct run_zip *z = ctx;

	if (z->out != NULL)
		buf_put(z->out, bytes, n);
	return (la_ssize_t)n;
}

static int
fail(struct run_zip *z, struct err *err)
{
	const char *why = archive_error_string(z->archive);

	return err_set(err, ERR_IO, 0, "making the archive: %s", why == NULL ? "no memory" : why);
}

struct run_zip *
run_zip_new(struct run_pack *pack, struct err *err)
{
	struct run_zip *z = mem_zero(1, sizeof(*z));

	z->pack = pack;
	z->archive = archive_write_new();
	z->entry = archive_entry_new();
	if (z->archive == NULL || z->entry == NULL) {
		err_set(err, ERR_IO, 0, "making an archive: no memory");
	} else if (archive_write_set_format_zip(z->archive) != ARCHIVE_OK ||
		   archive_write_zip_set_compression_deflate(z->archive) != ARCHIVE_OK ||
		   archive_write_set_bytes_per_block(z->archive, 0) != ARCHIVE_OK ||
		   archive_write_open(z->archive, z, NULL, take_bytes, NULL) != ARCHIVE_OK) {
		fail(z, err);
	} else {
		return z;
	}
	run_zip_free(z);
	return NULL;
}

void
run_zip_free(struct run_zip *z)
{
	if (z == NULL)
		return;
	z->out = NULL;
	archive_entry_free(z->entry);
	if (z->archive != NULL)
		archive_write_free(z->archive);
	run_pack_free(z->pack);
	free(z);
}

static int
begin_file(void *ctx, const char *name, struct err *err)
{
	struct run_zip *z = ctx;
	const struct run_row *run = run_pack_run(z->pack);
	char path[128];

	snprintf(path, sizeof(path), "run-%u/%s", run->run, name);
	archive_entry_clear(z->entry);
	archive_entry_set_pathname(z->entry, path);
	archive_entry_set_filetype(z->entry, AE_IFREG);
	archive_entry_set_perm(z->entry, 0644);
	archive_entry_set_mtime(z->entry, (time_t)(run->end_ns / NS_PER_S), 0);
	return archive_write_header(z->archive, z->entry) == ARCHIVE_OK ? 0 : fail(z, err);
}

static int
write_bytes(void *ctx, struct buf *bytes, struct err *err)
{
	struct run_zip *z = ctx;

	if (bytes->n > 0 &&
		archive_write_data(z->archive, bytes->data, bytes->n) < (la_ssize_t)bytes->n)
		return fail(z, err);
	buf_clear(bytes);
	return 0;
}

int
run_zip_step(struct run_zip *z, struct buf *out, struct err *err)
{
	const struct run_pack_sink sink = { z, begin_file, write_bytes };
	int rc;

	z->out = out;
	rc = run_pack_step(z->pack, &sink, err);
	if (rc == 0 && archive_write_close(z->archive) != ARCHIVE_OK)
		rc = fail(z, err);
	z->out = NULL;
	return rc;
}

size_t
run_zip_channels(const struct run_zip *z)
{
	return run_pack_channels(z->pack);
}
