/* sealed.h - bytes that only who knows a passphrase can read, and nobody can change. Pure.
 *
 *	"mbc sealed 1\n" | KiB of memory u32be, passes u32be, chunk u32be | salt 16 | chunks
 *	chunk: at most `chunk` bytes of AES-256-GCM and its tag of 16; all but the last have exactly as many
 *
 * Key: argon2id of the passphrase and the salt, 32 bytes; the salt is new each time, so no key is used twice. Nonce of a chunk: 7 zeros, its number u32be, 1 for
 * the last one and 0 for the others. So a chunk at another place, one that is missing at the end, and one behind the last are all found. The head is
 * bound to each of them.
 */
#ifndef BACKUP_SEALED_H
#define BACKUP_SEALED_H

#include "base/buf.h"
#include "base/err.h"

#define SEALED_SALT 16
#define SEALED_MAX (16u << 20) /* bytes that are sealed */
#define SEALED_CHUNK 65536u

struct sealed_cost {
	uint32_t memory_kib, passes;
};
extern const struct sealed_cost
	sealed_cost; /* 64 MiB, 3 passes: some tenths of a second, on a computer of 512 MB, too */

int sealed_write(struct buf *out, const void *bytes, size_t n, const char *passphrase,
	const struct sealed_cost *cost, const uint8_t salt[SEALED_SALT],
	struct err *err) MUST_CHECK;

/* ERR_CONF: damaged, or another passphrase, or one whose cost is too high; out is as it was then. */
int sealed_read(struct buf *out, const void *bytes, size_t n, const char *passphrase,
	struct err *err) MUST_CHECK;

#endif
