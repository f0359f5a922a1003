/* fuzz_backup.c - the file of a whole bench, a head of a tar file, and what is sealed */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup/sealed.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A head that is taken is one that we would have written. */
static void
try_head(const uint8_t *data)
{
	uint8_t again[TAR_BLOCK];
	struct tar_entry e;

	if (tar_read(&e, data, NULL) == 1 &&
		(!tar_is_name(e.name) || tar_write(again, &e, NULL) < 0 ||
			memcmp(again, data, TAR_BLOCK) != 0))
		abort();
}

static void
try_pack(const uint8_t *data, size_t n)
{
	char *copy = mem_zero(n + 1, 1), *at = copy;
	struct backup_pack p;
	bool is_bad;

	memcpy(copy, data, n);
	while (backup_pack_next(&at, copy + n, &p, &is_bad))
		if (p.bytes + p.n > copy + n || !tar_is_name(p.name))
			abort();
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	struct backup b;
	struct buf out = { 0 };

	if (fd < 0)
		fd = memfd_create("backup", 0);
	if (n >= TAR_BLOCK)
		try_head(data);
	try_pack(data, n);
	/* Of what asks for a key, only what costs little. */
	if (n > 25 && data[13] == 0 && data[14] == 0 && data[15] == 0)
		(void)!sealed_read(&out, data, n, "a passphrase", NULL);
	buf_done(&out);
	if (n > 1 << 20 || ftruncate(fd, 0) < 0 || pwrite(fd, data, n, 0) != (ssize_t)n ||
		lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	(void)!backup_read(&b, fd, NULL);
	for (size_t i = 0; i < b.n; i++)
		if (!tar_is_name(b.files[i].name))
			abort();
	backup_done(&b);
	return 0;
}
