/* folder_block.h - what stands in an answer of the thread that reads a folder; pure
 *
 * Behind the line with the tag: a block for each file that was asked for, in order, or "many\n" (io/folder_files.h).
 *	"ok <which> <n> <more>\n" and n bytes	the file; which of the names that it may have had; more: 1 when it goes on
 *	"missing\n"				it is not there
 *	"error <errno>\n"			it cannot be read
 *	"busy\n"				it changed while it was read
 *	"result <now_ms> <age_ms> <n_head> <n_tail> <identity>\n" and n_head + n_tail bytes
 *						a result file: its begin, its end (0 bytes: all of it is in the begin)
 * <identity> is "<mtime_ms> <inode> <bytes> <mtime_ns> <ctime_ns> <name>": equal as long as nobody touched it.
 */
#ifndef DRIVERS_FOLDER_BLOCK_H
#define DRIVERS_FOLDER_BLOCK_H

#include "base/defs.h"

enum block_kind { BLOCK_OK, BLOCK_MISSING, BLOCK_ERROR, BLOCK_BUSY, BLOCK_MANY, BLOCK_RESULT };

struct block {
	enum block_kind kind;
	unsigned which;   /* OK */
	bool is_cut;      /* OK: more of it would follow */
	unsigned code;    /* ERROR: errno */
	const char *head; /* OK, RESULT; these and the others are not NUL-ended */
	size_t n_head;
	const char *tail; /* RESULT */
	size_t n_tail;
	int64_t now_ms; /* RESULT: a clock that only runs */
	int64_t age_ms; /* by the wall clock, since the file was changed; below 0: it is of the future */
	int64_t modified_ms; /* since 1970 */
	uint64_t identity;   /* a hash */
	const char *name;
	size_t n_name;
};

/* The block at *at; *at goes to the next one. False: there is none, or none that makes sense. */
bool folder_block(const char **at, const char *end, struct block *out);

#endif
