/* manifest.c - which files a backup of a history has */
#include "history/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define HEAD "mbc history backup 1"

bool
manifest_is_bench(const char *bench)
{
	for (const char *c = bench; *c != '\0'; c++)
		if (*c <= ' ' || *c == '/' || *c == 0x7F)
			return false;
	return bench[0] != '\0' && bench[0] != '.' && strlen(bench) < MANIFEST_BENCH_MAX;
}

void
manifest_add(struct manifest *m, const struct manifest_file *file)
{
	size_t at = m->n;

	m->files = mem_grow(m->files, m->n + 1, sizeof(*m->files));
	while (at > 0 && strcmp(m->files[at - 1].name, file->name) > 0)
		at--;
	memmove(m->files + at + 1, m->files + at, (m->n - at) * sizeof(*m->files));
	m->files[at] = *file;
	m->n++;
}

void
manifest_put(const struct manifest *m, struct buf *out)
{
	char sum[SHA256_HEX + 1];
	size_t from = out->n;

	buf_printf(out, HEAD "\nbench %s\nmade %s\n", m->bench, m->made);
	for (size_t i = 0; i < m->n; i++)
		buf_printf(out, "file %s %" PRIu64 " %s chunks %" PRIu64 " samples %" PRIu64 "\n",
			m->files[i].name, m->files[i].bytes, m->files[i].sha, m->files[i].chunks,
			m->files[i].samples);
	sha256_hex(sum, out->data + from, out->n - from);
	buf_printf(out, "sum %s\n", sum);
}

static bool
take_file(struct manifest *m, const char *line)
{
	struct manifest_file f = { 0 };

	if (sscanf(line,
		    "file %63s %20" SCNu64 " %64[0-9a-f] chunks %20" SCNu64 " samples %20" SCNu64,
		    f.name, &f.bytes, f.sha, &f.chunks, &f.samples) != 5 ||
		!files_is_name(f.name) || strlen(f.sha) != SHA256_HEX ||
		(m->n > 0 && strcmp(m->files[m->n - 1].name, f.name) >= 0))
		return false;
	manifest_add(m, &f);
	return true;
}

static bool
take(struct manifest *m, const char *text)
{
	int end = 0;

	if (sscanf(text, HEAD " bench %63s made %31s%n", m->bench, m->made, &end) != 2 ||
		end == 0 || !manifest_is_bench(m->bench))
		return false;
	for (text = strchr(text + end, '\n'); text != NULL && strncmp(text + 1, "file ", 5) == 0;
		text = strchr(text + 1, '\n'))
		if (!take_file(m, text + 1))
			return false;
	return m->n > 0;
}

/* What was read is written again: a text that is the same in all bytes, its sum among them, has been understood as a whole. */
int
manifest_read(struct manifest *out, const char *text, size_t n, struct err *err)
{
	struct buf again = { 0 };
	char *copy = mem_text_n(text, n);
	bool is_same;

	*out = (struct manifest){ 0 };
	is_same = take(out, copy);
	if (is_same)
		manifest_put(out, &again);
	is_same = is_same && again.n == n && memcmp(again.data, text, n) == 0;
	buf_done(&again);
	free(copy);
	return is_same ? 0 : err_set(err, ERR_CONF, 0, "it is not as it was written");
}

void
manifest_done(struct manifest *m)
{
	free(m->files);
	*m = (struct manifest){ 0 };
}
