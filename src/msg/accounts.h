/* accounts.h - the people of a bench: the file of them. Pure.
 *
 *	NAME role=user hash=$argon2id$... [read=*] [operate=N2_*,T_furn@2026-12-31T12:00:00.000Z] [configure=*] [protect=*]
 *		[until=2026-12-31T12:00:00.000Z] [since=...] [pin=$argon2id$...] [totp=BASE32] [kiosk] [disabled]
 *
 * A line each, which `mbc user` and `supervise` write and the gate reads. A grant names channels by patterns ('*' and '?') and may end, as the account may. Sessions that
 * began before `since` are over. A kiosk is a display that stands in the laboratory: it reads, and people act at it for a moment with their PIN. A name stays in the file for good: who it was stands in records, and nobody else may ever have it.
 */
#ifndef MSG_ACCOUNTS_H
#define MSG_ACCOUNTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "msg/totp.h"

#define ACCOUNTS_MAX 64
#define ACCOUNTS_BYTES_MAX 65536
#define ACCOUNT_NAME 25  /* bytes with the NUL: "user:NAME" is a principal */
#define ACCOUNT_ONLY 160 /* bytes of all patterns of a grant */
#define ACCOUNT_HASH 128
#define ACCOUNT_PASSWORD_MIN 8
#define ACCOUNT_PASSWORD 200 /* bytes with the NUL */
#define ACCOUNT_PIN_MIN 4    /* digits */
#define ACCOUNT_PIN 13       /* bytes with the NUL */
#define ACCOUNT_LINE 2048    /* bytes of the longest line, with the NUL */

/* What passwords cost (argon2id): KiB, passes, lanes. A hash of other costs is none of ours. */
#define ACCOUNT_KIB 19456
#define ACCOUNT_PASSES 2
#define ACCOUNT_LANES 1
#define ACCOUNT_HASH_BEGIN "$argon2id$v=19$m=19456,t=2,p=1$"

enum account_role { ROLE_USER, ROLE_ADMIN, ROLE_ROOT, ROLES };
enum account_right { RIGHT_READ, RIGHT_OPERATE, RIGHT_CONFIGURE, RIGHT_PROTECT, RIGHTS };

extern const char *const account_roles[ROLES + 1];   /* "user", ...; ended by NULL */
extern const char *const account_rights[RIGHTS + 1]; /* "read", ... */

struct grant {
	char only[ACCOUNT_ONLY]; /* patterns, commas between them; "": there is none */
	int64_t until_ns;        /* wall time; INT64_MAX: without an end */
};

struct account {
	char name[ACCOUNT_NAME];
	enum account_role role;
	char hash[ACCOUNT_HASH], pin[ACCOUNT_HASH]; /* pin "": none */
	char totp[TOTP_TEXT];                       /* secret of its second factor; "": none */
	struct grant grants[RIGHTS];
	int64_t until_ns;
	int64_t since_ns; /* INT64_MIN: it was not said */
	bool is_disabled, is_kiosk;
};

struct accounts {
	struct account all[ACCOUNTS_MAX];
	size_t n;
};

bool account_name_is_good(const char *name);
int account_read_role(const char *text, enum account_role *out, struct err *err) MUST_CHECK;
/* "read,operate": bits, 1 << right. */
int account_read_rights(const char *text, uint32_t *out, struct err *err) MUST_CHECK;

/* Read a file of n bytes; blank lines and those with '#' in front are passed over. On ERR_CONF, with the line, `out` has none. */
int accounts_read(struct accounts *out, const char *bytes, size_t n, struct err *err) MUST_CHECK;
void accounts_write(struct buf *out, const struct account *a);                     /* its line */
const struct account *accounts_find(const struct accounts *all, const char *name); /* NULL: none */

/* What makes the first account: a file of its own with the digest of the code that stands in the link, and when that ends. */
struct account_first {
	char hex[SHA256_HEX + 1]; /* "": there is none */
	int64_t until_ns;
};

#define ACCOUNT_FIRST_NS (60 * 60 * NS_PER_S)
#define ACCOUNT_FIRST_BYTES 128

bool account_first_read(struct account_first *out, const char *bytes, size_t n);
void account_first_write(struct buf *out, const struct account_first *f);

/* Not disabled, and not over. */
bool account_is_open(const struct account *a, int64_t wall_ns);

/* The patterns of channels for which it has this right now: "*" for all, "" for none. Points into the account. */
const char *account_only(const struct account *a, enum account_right right, int64_t wall_ns);

/* Has it this right for this channel, alarm or sequence, "" for the whole bench? */
bool account_may(
	const struct account *a, enum account_right right, const char *subject, int64_t wall_ns);

/* When the account or the next of its grants that still hold ends; INT64_MAX: never. */
int64_t account_next_end(const struct account *a, int64_t wall_ns);

/* Do they open the same to the same password and second factor? A PIN opens nothing by itself. What else differs is when sessions have to begin again. */
bool account_is_same(const struct account *a, const struct account *b);

#endif
