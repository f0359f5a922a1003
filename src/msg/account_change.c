/* account_change.c - a change of one account */
#include "msg/account_change.h"

#include <string.h>

#include "base/text.h"

int
account_check_password(const char *password, struct err *err)
{
	size_t n = strlen(password);

	if (n < ACCOUNT_PASSWORD_MIN || n >= ACCOUNT_PASSWORD)
		return err_set(err, ERR_CONF, 400, "a password has %d to %d characters",
			ACCOUNT_PASSWORD_MIN, ACCOUNT_PASSWORD - 1);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)password[i] < ' ' || password[i] == 0x7F)
			n = 0;
	if (n == 0 || text_utf8(password, n) != n)
		return err_set(err, ERR_CONF, 400,
			"this is no password that can be typed: control characters, or no UTF-8");
	return 0;
}

int
account_check_pin(const char *pin, struct err *err)
{
	size_t n = strspn(pin, "0123456789");

	if (n < ACCOUNT_PIN_MIN || n >= ACCOUNT_PIN || pin[n] != '\0')
		return err_set(err, ERR_CONF, 400, "a PIN has %d to %d digits, and nothing else",
			ACCOUNT_PIN_MIN, ACCOUNT_PIN - 1);
	return 0;
}

/* ---- what it becomes ------------------------------------------------------------------------------------------------------ */

static int
check_kiosk(const struct account *a, struct err *err)
{
	if (!a->is_kiosk)
		return 0;
	if (a->role != ROLE_USER)
		return err_set(err, ERR_CONF, 400, "a kiosk has the role user, for it only reads");
	for (int r = RIGHT_OPERATE; r < RIGHTS; r++)
		if (a->grants[r].only[0] != '\0')
			return err_set(err, ERR_CONF, 400,
				"a kiosk only reads: people act at it with their own PIN; take "
				"'%s' away",
				account_rights[r]);
	if (a->pin[0] != '\0')
		return err_set(err, ERR_CONF, 400, "a kiosk has no PIN: those who act at it have");
	return 0;
}

/* They end up in a line of a file. */
static int
check_grants(const struct account_change *c, struct err *err)
{
	struct err why;

	for (int r = 0; r < RIGHTS && (c->what & CHANGE_GRANTS) != 0; r++)
		if ((c->rights & 1u << r) != 0 && c->grants[r].only[0] != '\0' &&
			tokens_check_only(c->grants[r].only, &why) < 0)
			return err_set(
				err, ERR_CONF, 400, "%s: %.150s", account_rights[r], why.msg);
	return 0;
}

static void
set(struct account *a, const struct account_change *c, int64_t wall_ns)
{
	if ((c->what & CHANGE_ROLE) != 0)
		a->role = c->role;
	if ((c->what & CHANGE_UNTIL) != 0)
		a->until_ns = c->until_ns;
	if ((c->what & CHANGE_DISABLED) != 0)
		a->is_disabled = c->is_disabled;
	if ((c->what & CHANGE_KIOSK) != 0)
		a->is_kiosk = c->is_kiosk;
	if ((c->what & CHANGE_HASH) != 0)
		text_copy(a->hash, sizeof(a->hash), c->hash);
	if ((c->what & CHANGE_PIN) != 0)
		text_copy(a->pin, sizeof(a->pin), c->pin);
	if ((c->what & CHANGE_TOTP) != 0)
		text_copy(a->totp, sizeof(a->totp), c->totp);
	/* It must be another one, whatever the clock says. */
	if ((c->what & CHANGE_SIGN_OUT) != 0)
		a->since_ns =
			a->since_ns == INT64_MIN ? wall_ns : MAX(wall_ns, a->since_ns + NS_PER_MS);
	for (int r = 0; r < RIGHTS && (c->what & CHANGE_GRANTS) != 0; r++)
		if ((c->rights & 1u << r) != 0)
			a->grants[r] = c->grants[r];
}

static int
find(const struct accounts *all, const struct account_change *c, size_t *out, struct err *err)
{
	const struct account *a = accounts_find(all, c->name);

	if (!account_name_is_good(c->name))
		return err_set(err, ERR_CONF, 400,
			"a name has letters, digits, '-', '_' and '.', at most %d",
			ACCOUNT_NAME - 1);
	if ((c->what & CHANGE_NEW) == 0 && a == NULL)
		return err_set(err, ERR_CONF, 404,
			"there is no account '%s'; 'mbc user list' names them", c->name);
	if ((c->what & CHANGE_NEW) != 0 && a != NULL)
		return err_set(err, ERR_CONF, 409,
			"there is or was an account '%s'; a name is never given to somebody else, "
			"choose another one",
			c->name);
	if (a == NULL && all->n == ACCOUNTS_MAX)
		return err_set(err, ERR_CONF, 409,
			"there are too many accounts: a bench has room for %d", ACCOUNTS_MAX);
	*out = a == NULL ? all->n : (size_t)(a - all->all);
	return 0;
}

int
account_change_apply(
	struct accounts *all, const struct account_change *c, int64_t wall_ns, struct err *err)
{
	struct account a = { .until_ns = INT64_MAX, .since_ns = INT64_MIN };
	size_t place = 0;

	if (find(all, c, &place, err) < 0 || check_grants(c, err) < 0)
		return ERR_CONF;
	if (place < all->n)
		a = all->all[place];
	else
		text_copy(a.name, sizeof(a.name), c->name);
	set(&a, c, wall_ns);
	if (check_kiosk(&a, err) < 0)
		return ERR_CONF;
	if (a.hash[0] == '\0')
		return err_set(err, ERR_CONF, 400, "a new account needs a password");
	all->all[place] = a;
	all->n = MAX(all->n, place + 1);
	explicit_bzero(&a, sizeof(a));
	return 0;
}

/* ---- who may -------------------------------------------------------------------------------------------------------------- */

/* Of the role root and open now; is_lasting: and without an end. */
static size_t
count_roots(const struct accounts *all, int64_t wall_ns, bool is_lasting)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct account *a = &all->all[i];

		n += a->role == ROLE_ROOT && account_is_open(a, wall_ns) &&
		     (!is_lasting || a->until_ns == INT64_MAX);
	}
	return n;
}

static int
check_roots(const struct accounts *before, const struct accounts *after, int64_t wall_ns,
	struct err *err)
{
	if ((count_roots(before, wall_ns, false) == 0 || count_roots(after, wall_ns, false) > 0) &&
		(count_roots(before, wall_ns, true) == 0 || count_roots(after, wall_ns, true) > 0))
		return 0;
	return err_set(err, ERR_REFUSED, 409,
		"this would leave the bench without an open account of the role root; make another "
		"one first");
}

/* Nobody gives what they have not: nor the password of somebody who has it. */
static int
check_admin(const struct account *a, const struct account_change *c, struct err *err)
{
	const struct grant *given = &c->grants[RIGHT_PROTECT],
			   *had = a != NULL ? &a->grants[RIGHT_PROTECT] : NULL;
	bool gives = (c->what & CHANGE_GRANTS) != 0 && (c->rights & 1u << RIGHT_PROTECT) != 0 &&
		     given->only[0] != '\0' &&
		     (had == NULL || strcmp(had->only, given->only) != 0 ||
			     had->until_ns != given->until_ns);
	unsigned keys = CHANGE_HASH | CHANGE_PIN | CHANGE_TOTP;

	if ((a != NULL && a->role != ROLE_USER) ||
		((c->what & CHANGE_ROLE) != 0 && c->role != ROLE_USER))
		return err_set(err, ERR_REFUSED, 403,
			"an admin manages accounts of the role user; those of admin and root are "
			"for "
			"root");
	if (gives)
		return err_set(err, ERR_REFUSED, 403, "the grant 'protect' is given by root alone");
	if (had != NULL && had->only[0] != '\0' && (c->what & keys) != 0)
		return err_set(err, ERR_REFUSED, 403,
			"'%s' has the grant 'protect', so its password, PIN and second factor are "
			"for "
			"root",
			a->name);
	return 0;
}

int
account_change_may(const struct accounts *all, const struct account *asker,
	const struct account_change *c, int64_t wall_ns, struct err *err)
{
	static struct accounts after;
	int rc;

	if (!account_is_open(asker, wall_ns) || asker->is_kiosk || asker->role == ROLE_USER)
		return err_set(err, ERR_REFUSED, 403,
			"accounts are managed by the roles root and admin, or with 'mbc user' on "
			"the "
			"bench's computer");
	if (asker->role != ROLE_ROOT && check_admin(accounts_find(all, c->name), c, err) < 0)
		return ERR_REFUSED;
	after = *all;
	rc = account_change_apply(&after, c, wall_ns, err);
	if (rc == 0)
		rc = check_roots(all, &after, wall_ns, err);
	explicit_bzero(&after, sizeof(after));
	return rc;
}

void
account_change_text(struct buf *out, const struct account_change *c)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = { { CHANGE_UNTIL, "until" }, { CHANGE_HASH, "password" }, { CHANGE_PIN, "pin" },
		{ CHANGE_TOTP, "second factor" }, { CHANGE_SIGN_OUT, "sign-out" } };
	const char *before = "";

	if ((c->what & CHANGE_ROLE) != 0) {
		buf_printf(out, "role=%s", account_roles[c->role]);
		before = " ";
	}
	if ((c->what & CHANGE_DISABLED) != 0) {
		buf_printf(out, "%s%s", before, c->is_disabled ? "disabled" : "enabled");
		before = " ";
	}
	if ((c->what & CHANGE_KIOSK) != 0) {
		buf_printf(out, "%s%s", before, c->is_kiosk ? "kiosk" : "no kiosk");
		before = " ";
	}
	for (size_t i = 0; i < NELEM(words); i++)
		if ((c->what & words[i].bit) != 0) {
			buf_printf(out, "%s%s", before, words[i].word);
			before = " ";
		}
	for (int r = 0; r < RIGHTS && (c->what & CHANGE_GRANTS) != 0; r++)
		if ((c->rights & 1u << r) != 0) {
			buf_printf(out, "%s%s=%s", before, account_rights[r], c->grants[r].only);
			before = " ";
		}
}

/* ---- the files ------------------------------------------------------------------------------------------------------------ */

static int
another(struct err *err)
{
	return err_set(err, ERR_CONF, 409,
		"it was changed by somebody else meanwhile; look at it again, and ask again");
}

/* All lines but the one of this name, in whose place `after` comes; "": none. */
static void
put_lines(struct buf *out, const char *bytes, size_t n, const char *name, const char *after)
{
	const char *end = bytes + n;
	size_t n_name = strlen(name);
	bool is_put = false;

	for (const char *at = bytes, *next; at < end; at = next) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		next = stop == NULL ? end : stop + 1;
		if ((size_t)(next - at) > n_name && strncmp(at, name, n_name) == 0 &&
			at[n_name] == ' ') {
			buf_puts(out, after);
			is_put = true;
			continue;
		}
		buf_put(out, at, (size_t)(next - at));
		if (stop == NULL)
			buf_putc(out, '\n');
	}
	if (!is_put)
		buf_puts(out, after);
}

static void
name_of(char out[ACCOUNT_NAME], const char *line)
{
	size_t n = MIN(strcspn(line, " "), (size_t)ACCOUNT_NAME - 1);

	memcpy(out, line, n);
	out[n] = '\0';
}

int
accounts_replace(struct buf *out, const char *bytes, size_t n, const char *before,
	const char *after, struct err *err)
{
	static struct accounts all;
	char name[ACCOUNT_NAME];
	const struct account *a;
	struct buf line = { 0 };
	bool is_same;

	name_of(name, after);
	if (accounts_read(&all, bytes, n, err) < 0)
		return err_set(err, ERR_CONF, 500,
			"the file of accounts cannot be read; 'mbc user list' says why");
	a = accounts_find(&all, name);
	if (a != NULL)
		accounts_write(&line, a);
	is_same = strcmp(line.n > 0 ? buf_text(&line) : "", before) == 0;
	if (line.n > 0)
		explicit_bzero(line.data, line.n);
	buf_done(&line);
	if (!is_same)
		return another(err);
	put_lines(out, bytes, n, name, after);
	if (accounts_read(&all, out->data, out->n, err) < 0)
		return err_set(err, ERR_CONF, 409, "the file of accounts has no room for it");
	explicit_bzero(&all, sizeof(all));
	return 0;
}

int
tokens_replace(struct buf *out, const char *bytes, size_t n, const char *before, const char *after,
	struct err *err)
{
	static struct tokens all;
	char name[ACCOUNT_NAME];
	struct buf line = { 0 };
	bool is_same;

	name_of(name, after[0] != '\0' ? after : before);
	if (tokens_read(&all, bytes, n, err) < 0)
		return err_set(err, ERR_CONF, 500,
			"the file of tokens cannot be read; 'mbc token list' says why");
	for (size_t i = 0; i < all.n && line.n == 0; i++)
		if (strcmp(all.all[i].name, name) == 0)
			tokens_write(&line, &all.all[i]);
	is_same = strcmp(line.n > 0 ? buf_text(&line) : "", before) == 0;
	buf_done(&line);
	if (!is_same)
		return another(err);
	put_lines(out, bytes, n, name, after);
	if (out->n > 0 && tokens_read(&all, out->data, out->n, err) < 0)
		return err_set(err, ERR_CONF, 409, "there are too many tokens; remove some first");
	return 0;
}
