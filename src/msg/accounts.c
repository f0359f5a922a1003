/* accounts.c - the people of a bench */
#include "msg/accounts.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "msg/tokens.h"

#define WORD_MAX 24

const char *const account_roles[ROLES + 1] = { "user", "admin", "root", NULL };
const char *const account_rights[RIGHTS + 1] = { "read", "operate", "configure", "protect", NULL };

bool
account_name_is_good(const char *name)
{
	return tokens_name_is_good(name);
}

/* Which of the words it is; -1: none. */
static int
find_word(const char *const *words, const char *text, size_t n)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strlen(words[i]) == n && strncmp(words[i], text, n) == 0)
			return i;
	return -1;
}

int
account_read_role(const char *text, enum account_role *out, struct err *err)
{
	int role = find_word(account_roles, text, strlen(text));

	if (role < 0)
		return err_set(err, ERR_CONF, 0, "'%.*s' is no role: write user, admin or root",
			WORD_MAX, text);
	*out = role;
	return 0;
}

int
account_read_rights(const char *text, uint32_t *out, struct err *err)
{
	*out = 0;
	for (const char *at = text;; at++) {
		size_t n = strcspn(at, ",");
		int right = find_word(account_rights, at, n);

		if (right < 0)
			return err_set(err, ERR_CONF, 0,
				"'%.*s' is nothing that somebody may: write some of read, operate, "
				"configure, protect, with commas between them",
				(int)MIN(n, (size_t)WORD_MAX), at);
		*out |= 1u << right;
		at += n;
		if (*at == '\0')
			return 0;
	}
}

/* ---- the file ------------------------------------------------------------------------------------------------------------- */

static bool
take_hash(char out[ACCOUNT_HASH], const char *text)
{
	static const char begin[] = ACCOUNT_HASH_BEGIN;
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
	const char *salt = text + sizeof(begin) - 1;
	size_t n;

	if (strncmp(text, begin, sizeof(begin) - 1) != 0)
		return false;
	n = strspn(salt, good);
	if (n < 11 || salt[n] != '$')
		return false;
	salt += n + 1;
	n = strspn(salt, good);
	return n >= 22 && salt[n] == '\0' && text_copy(out, ACCOUNT_HASH, text);
}

static bool
take_totp(char out[TOTP_TEXT], const char *text)
{
	uint8_t secret[TOTP_BYTES];
	bool is_good = totp_read(secret, text);

	explicit_bzero(secret, sizeof(secret));
	return is_good && text_copy(out, TOTP_TEXT, text);
}

/* "N2_*,T_furn@2026-12-31T12:00:00.000Z" */
static bool
take_grant(struct grant *out, const char *text)
{
	const char *at = strchr(text, '@');
	size_t n = at == NULL ? strlen(text) : (size_t)(at - text);
	struct err err;

	if (n == 0 || n >= sizeof(out->only) || out->only[0] != '\0')
		return false;
	memcpy(out->only, text, n);
	out->only[n] = '\0';
	out->until_ns = INT64_MAX;
	return tokens_check_only(out->only, &err) == 0 &&
	       (at == NULL || clock_parse(at + 1, &out->until_ns));
}

/* One of the words behind the name. */
static bool
take_option(struct account *out, char *word)
{
	char *value = strchr(word, '=');
	struct err err;
	int right;

	if (value == NULL) {
		bool is_kiosk = strcmp(word, "kiosk") == 0;

		out->is_kiosk = out->is_kiosk || is_kiosk;
		out->is_disabled = out->is_disabled || !is_kiosk;
		return is_kiosk || strcmp(word, "disabled") == 0;
	}
	right = find_word(account_rights, word, (size_t)(value - word));
	*value++ = '\0';
	if (right >= 0)
		return take_grant(&out->grants[right], value);
	if (strcmp(word, "role") == 0)
		return account_read_role(value, &out->role, &err) == 0;
	if (strcmp(word, "hash") == 0)
		return take_hash(out->hash, value);
	if (strcmp(word, "pin") == 0)
		return take_hash(out->pin, value);
	if (strcmp(word, "totp") == 0)
		return take_totp(out->totp, value);
	if (strcmp(word, "until") == 0)
		return clock_parse(value, &out->until_ns);
	return strcmp(word, "since") == 0 && clock_parse(value, &out->since_ns);
}

static bool
take_line(struct account *out, const char *line, size_t n)
{
	char word[ACCOUNT_ONLY + 64];
	size_t at = 0, place = 0;

	*out = (struct account){ .until_ns = INT64_MAX, .since_ns = INT64_MIN };
	while (at < n) {
		const char *blank = memchr(line + at, ' ', n - at);
		size_t length = blank == NULL ? n - at : (size_t)(blank - line) - at;

		if (length == 0 || length >= sizeof(word) ||
			memchr(line + at, '\0', length) != NULL)
			return false;
		memcpy(word, line + at, length);
		word[length] = '\0';
		if (place == 0 ? !account_name_is_good(word) ||
					 !text_copy(out->name, sizeof(out->name), word)
			       : !take_option(out, word))
			return false;
		place++;
		at += length + 1;
	}
	return out->hash[0] != '\0' && line[n - 1] != ' ';
}

static void
write_end(struct buf *out, const char *before, int64_t end_ns)
{
	char when[CLOCK_TEXT_SIZE];

	clock_text(when, end_ns);
	buf_printf(out, "%s%s", before, when);
}

void
accounts_write(struct buf *out, const struct account *a)
{
	buf_printf(out, "%s role=%s hash=%s", a->name, account_roles[a->role], a->hash);
	for (int r = 0; r < RIGHTS; r++) {
		const struct grant *g = &a->grants[r];

		if (g->only[0] == '\0')
			continue;
		buf_printf(out, " %s=%s", account_rights[r], g->only);
		if (g->until_ns != INT64_MAX)
			write_end(out, "@", g->until_ns);
	}
	if (a->until_ns != INT64_MAX)
		write_end(out, " until=", a->until_ns);
	if (a->since_ns != INT64_MIN)
		write_end(out, " since=", a->since_ns);
	if (a->pin[0] != '\0')
		buf_printf(out, " pin=%s", a->pin);
	if (a->totp[0] != '\0')
		buf_printf(out, " totp=%s", a->totp);
	if (a->is_kiosk)
		buf_puts(out, " kiosk");
	buf_puts(out, a->is_disabled ? " disabled\n" : "\n");
}

int
accounts_read(struct accounts *out, const char *bytes, size_t n, struct err *err)
{
	const char *at = bytes, *end = bytes + n;

	memset(out, 0, sizeof(*out));
	if (n > ACCOUNTS_BYTES_MAX)
		return err_set(err, ERR_CONF, 0, "more than %d bytes", ACCOUNTS_BYTES_MAX);
	for (int line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *wrong = NULL;
		size_t length = (size_t)((stop == NULL ? end : stop) - at);

		if (length > 0 && at[0] != '#') {
			static struct account a;

			if (out->n == ACCOUNTS_MAX)
				wrong = "more than 64 accounts: a bench has room for no more";
			else if (!take_line(&a, at, length))
				wrong = "this is no account; make them with 'mbc user'";
			else if (accounts_find(out, a.name) != NULL)
				wrong = "a name that stands above already; remove one of both "
					"lines";
			else
				out->all[out->n++] = a;
		}
		if (wrong != NULL) {
			memset(out, 0, sizeof(*out));
			return err_set(err, ERR_CONF, 0, "line %d: %s", line, wrong);
		}
		at += length + 1;
	}
	return 0;
}

const struct account *
accounts_find(const struct accounts *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->all[i].name, name) == 0)
			return &all->all[i];
	return NULL;
}

/* "HEX TIME\n" */
bool
account_first_read(struct account_first *out, const char *bytes, size_t n)
{
	char when[CLOCK_TEXT_SIZE];
	size_t n_when;

	*out = (struct account_first){ 0 };
	if (n < SHA256_HEX + 2 || bytes[n - 1] != '\n' || bytes[SHA256_HEX] != ' ' ||
		memchr(bytes, '\0', n) != NULL)
		return false;
	n_when = n - SHA256_HEX - 2;
	if (n_when >= sizeof(when) || strspn(bytes, "0123456789abcdef") != SHA256_HEX)
		return false;
	memcpy(when, bytes + SHA256_HEX + 1, n_when);
	when[n_when] = '\0';
	if (!clock_parse(when, &out->until_ns))
		return false;
	memcpy(out->hex, bytes, SHA256_HEX);
	return true;
}

void
account_first_write(struct buf *out, const struct account_first *f)
{
	char when[CLOCK_TEXT_SIZE];

	clock_text(when, f->until_ns);
	buf_printf(out, "%s %s\n", f->hex, when);
}

/* ---- what it opens -------------------------------------------------------------------------------------------------------- */

bool
account_is_open(const struct account *a, int64_t wall_ns)
{
	return !a->is_disabled && wall_ns < a->until_ns;
}

const char *
account_only(const struct account *a, enum account_right right, int64_t wall_ns)
{
	const struct grant *g = &a->grants[right];

	if (!account_is_open(a, wall_ns) || (a->is_kiosk && right != RIGHT_READ))
		return "";
	if (a->role == ROLE_ROOT || (a->role == ROLE_ADMIN && right != RIGHT_PROTECT))
		return "*";
	return wall_ns < g->until_ns ? g->only : "";
}

bool
account_may(const struct account *a, enum account_right right, const char *subject, int64_t wall_ns)
{
	return tokens_only_fits(account_only(a, right, wall_ns), subject);
}

int64_t
account_next_end(const struct account *a, int64_t wall_ns)
{
	int64_t next = a->until_ns;

	for (int r = 0; r < RIGHTS; r++)
		if (a->grants[r].only[0] != '\0' && a->grants[r].until_ns > wall_ns)
			next = MIN(next, a->grants[r].until_ns);
	return next;
}

bool
account_is_same(const struct account *a, const struct account *b)
{
	bool is_same = strcmp(a->name, b->name) == 0 && a->role == b->role &&
		       strcmp(a->hash, b->hash) == 0 && strcmp(a->totp, b->totp) == 0 &&
		       a->until_ns == b->until_ns && a->since_ns == b->since_ns &&
		       a->is_disabled == b->is_disabled && a->is_kiosk == b->is_kiosk;

	for (int r = 0; is_same && r < RIGHTS; r++)
		is_same = strcmp(a->grants[r].only, b->grants[r].only) == 0 &&
			  (a->grants[r].only[0] == '\0' ||
				  a->grants[r].until_ns == b->grants[r].until_ns);
	return is_same;
}
