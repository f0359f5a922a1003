/* user.c - mbc user: the people of a bench
 *
 * The file holds names, what they may and what their passwords are compared with; nobody can read a password from it. A running bench takes it up within a second.
 * From the first account on nobody sees anything of the bench over HTTP who has not signed in.
 */
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/kept.h"
#include "cli/which.h"
#include "io/now.h"
#include "io/sock.h"
#include "msg/account_change.h"
#include "msg/accounts.h"
#include "msg/tokens.h"
#include "msg/totp.h"

#define TOO_MANY "there are too many accounts: the file has no room for more"
#define SALT_BYTES 16
#define CTRL_C '\003'
#define HASH_BYTES 32

static struct accounts accounts;

/* ---- passwords ------------------------------------------------------------------------------------------------------------- */

/* One line without its end; nothing of it is shown while it is typed. */
static int
read_line(const struct args *args, const char *prompt, char out[ACCOUNT_PASSWORD])
{
	struct termios shown, hidden;
	bool is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0;
	bool is_given_up = false;
	size_t n = 0;
	char c;

	if (is_terminal) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* Ctrl-C must not leave it like that */
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
		fprintf(stderr, "%s: ", prompt);
	}
	/* Byte by byte: what stands behind the line may be for somebody else. */
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
		is_given_up = is_given_up || (is_terminal && c == CTRL_C);
		if (is_given_up)
			break;
		if (n < ACCOUNT_PASSWORD)
			out[MIN(n, (size_t)ACCOUNT_PASSWORD - 1)] = c;
		n++;
	}
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	out[MIN(n, (size_t)ACCOUNT_PASSWORD - 1)] = '\0';
	if (is_given_up)
		return cli_say(args, CLI_WRONG, "given up; nothing was changed");
	if (n >= ACCOUNT_PASSWORD)
		return cli_say(
			args, CLI_WRONG, "a password has at most %d bytes", ACCOUNT_PASSWORD - 1);
	return CLI_GOOD;
}

static int
ask_secret(const struct args *args, const char *prompt,
	int (*check)(const char *text, struct err *err), char out[ACCOUNT_PASSWORD])
{
	char again[ACCOUNT_PASSWORD];
	int code = read_line(args, prompt, out);
	struct err err;

	if (code == CLI_GOOD && check(out, &err) < 0)
		code = cli_say(args, CLI_WRONG, "%s", err.msg);
	if (code != CLI_GOOD || !isatty(STDIN_FILENO))
		return code;
	code = read_line(args, "Once more", again);
	if (code == CLI_GOOD && strcmp(out, again) != 0)
		code = cli_say(args, CLI_WRONG, "the two are not the same; nothing was changed");
	explicit_bzero(again, sizeof(again));
	return code;
}

static int
hash_secret(const struct args *args, const char *prompt,
	int (*check)(const char *text, struct err *err), char out[ACCOUNT_HASH])
{
	char password[ACCOUNT_PASSWORD];
	uint8_t salt[SALT_BYTES];
	int code = ask_secret(args, prompt, check, password), rc;

	if (code == CLI_GOOD && getrandom(salt, sizeof(salt), 0) != sizeof(salt))
		code = cli_say(
			args, CLI_FAILED, "this computer has no random numbers yet; try again");
	if (code == CLI_GOOD) {
		rc = argon2id_hash_encoded(ACCOUNT_PASSES, ACCOUNT_KIB, ACCOUNT_LANES, password,
			strlen(password), salt, sizeof(salt), HASH_BYTES, out, ACCOUNT_HASH);
		if (rc != ARGON2_OK)
			code = cli_say(args, CLI_FAILED, "hashing: %s", argon2_error_message(rc));
	}
	explicit_bzero(password, sizeof(password));
	return code;
}

static int
make_hash(const struct args *args, char out[ACCOUNT_HASH])
{
	return hash_secret(args, "Password", account_check_password, out);
}

static int
make_pin(const struct args *args, char out[ACCOUNT_HASH])
{
	return hash_secret(args, "PIN", account_check_pin, out);
}

/* ---- the file -------------------------------------------------------------------------------------------------------------- */

static int
read_accounts(const struct args *args, const struct kept *f)
{
	struct err err;

	if (accounts_read(&accounts, f->bytes, strlen(f->bytes), &err) < 0)
		return cli_say(args, CLI_WRONG, "'%s': %s", f->path, err.msg);
	return CLI_GOOD;
}

static int
write_accounts(const struct args *args, struct kept *f)
{
	struct buf text = { 0 };
	int code;

	for (size_t i = 0; i < accounts.n; i++)
		accounts_write(&text, &accounts.all[i]);
	code = kept_write(args, f, buf_text(&text), TOO_MANY);
	buf_done(&text);
	return code;
}

/* The only word is the name of whom it is about. */
static int
name_in(struct args *args, struct account_change *c)
{
	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	if (!account_name_is_good(args->at[0]) || !text_copy(c->name, sizeof(c->name), args->at[0]))
		return cli_say(args, CLI_WRONG,
			"a name has letters, digits, '-', '_' and '.', at most %d",
			ACCOUNT_NAME - 1);
	return CLI_GOOD;
}

static int
done(int code, const char *what)
{
	if (code == CLI_GOOD && what != NULL)
		printf("%s; a running bench knows it within a second\n", what);
	return code;
}

/* ---- verbs ----------------------------------------------------------------------------------------------------------------- */

struct scope {
	uint32_t rights; /* 0: it was not said */
	const char *only;
	int64_t until_ns;
};

static int
read_scope(struct args *args, struct scope *out)
{
	const char *may = NULL, *until = NULL;
	struct err err;

	*out = (struct scope){ .only = "*", .until_ns = INT64_MAX };
	args_option(args, "--may", &may);
	args_option(args, "--only", &out->only);
	args_option(args, "--until", &until);
	if (may != NULL && account_read_rights(may, &out->rights, &err) < 0)
		return cli_say(args, CLI_WRONG, "--may: %s", err.msg);
	if (tokens_check_only(out->only, &err) < 0)
		return cli_say(args, CLI_WRONG, "--only: %s", err.msg);
	return until == NULL ? CLI_GOOD : which_until(args, until, &out->until_ns);
}

static void
give(struct account_change *c, const struct scope *s, int64_t until_ns)
{
	c->what |= CHANGE_GRANTS;
	c->rights = s->rights;
	for (int r = 0; r < RIGHTS; r++) {
		text_copy(c->grants[r].only, sizeof(c->grants[r].only), s->only);
		c->grants[r].until_ns = until_ns;
	}
}

/* Would it be taken? So that nobody types a password for nothing. */
static int
try_change(struct args *args, const struct account_change *c)
{
	static struct accounts copy;
	struct err err;

	copy = accounts;
	return account_change_apply(&copy, c, now_boot() + now_wall_offset(), &err) < 0
		       ? cli_say(args, CLI_WRONG, "%s", err.msg)
		       : CLI_GOOD;
}

static int
change(struct args *args, struct kept *f, const struct account_change *c, const char *what)
{
	struct err err;

	if (account_change_apply(&accounts, c, now_boot() + now_wall_offset(), &err) < 0)
		return cli_say(args, CLI_WRONG, "%s", err.msg);
	return done(write_accounts(args, f), what);
}

static int
add(struct args *args, struct kept *f)
{
	struct account_change c = { .what = CHANGE_NEW | CHANGE_ROLE | CHANGE_UNTIL | CHANGE_HASH |
					    CHANGE_KIOSK };
	const char *role = NULL;
	struct scope scope;
	struct err err;
	int code;

	args_option(args, "--role", &role);
	c.is_kiosk = args_option(args, "--kiosk", NULL);
	code = read_scope(args, &scope);
	if (code == CLI_GOOD)
		code = name_in(args, &c);
	if (code != CLI_GOOD)
		return code;
	if (role != NULL && account_read_role(role, &c.role, &err) < 0)
		return cli_say(args, CLI_WRONG, "--role: %s", err.msg);
	if (scope.rights == 0 && c.role == ROLE_USER)
		scope.rights = 1u << RIGHT_READ;
	give(&c, &scope, INT64_MAX);
	c.until_ns = scope.until_ns;
	text_copy(c.hash, sizeof(c.hash), "-");
	code = try_change(args, &c);
	if (code == CLI_GOOD)
		code = make_hash(args, c.hash);
	if (code != CLI_GOOD)
		return code;
	code = change(args, f, &c, "added");
	if (code == CLI_GOOD && accounts.n == 1)
		fprintf(stderr, "From now on this bench answers over HTTP to those alone who have "
				"signed in, and to tokens of 'mbc token'.\n");
	return code;
}

static int
grant_to(struct args *args, struct kept *f)
{
	struct account_change c = { 0 };
	struct scope scope;
	int code = read_scope(args, &scope);

	if (code == CLI_GOOD)
		code = name_in(args, &c);
	if (code != CLI_GOOD)
		return code;
	if (scope.rights == 0)
		return cli_say(args, CLI_WRONG, "say what: --may read,operate");
	give(&c, &scope, scope.until_ns);
	return change(args, f, &c, "granted");
}

static int
take_away(struct args *args, struct kept *f)
{
	struct account_change c = { .what = CHANGE_GRANTS };
	struct scope scope;
	int code = read_scope(args, &scope);

	if (code == CLI_GOOD)
		code = name_in(args, &c);
	if (code != CLI_GOOD)
		return code;
	c.rights = scope.rights != 0 ? scope.rights : (1u << RIGHTS) - 1;
	return change(args, f, &c, "revoked");
}

static int
switch_account(struct args *args, struct kept *f, bool is_disabled)
{
	struct account_change c = { .what = CHANGE_DISABLED, .is_disabled = is_disabled };
	int code = name_in(args, &c);

	if (code != CLI_GOOD)
		return code;
	return change(args, f, &c, is_disabled ? "disabled: its sessions end" : "enabled");
}

static int
disable(struct args *args, struct kept *f)
{
	return switch_account(args, f, true);
}

static int
enable(struct args *args, struct kept *f)
{
	return switch_account(args, f, false);
}

static int
set_password(struct args *args, struct kept *f)
{
	struct account_change c = { .what = CHANGE_HASH, .hash = "-" };
	int code = name_in(args, &c);

	if (code == CLI_GOOD)
		code = try_change(args, &c);
	if (code == CLI_GOOD)
		code = make_hash(args, c.hash);
	if (code != CLI_GOOD)
		return code;
	return change(args, f, &c, "the password is another one: its sessions end");
}

/* With it somebody acts at a kiosk for a moment; it signs nobody in. */
static int
set_pin(struct args *args, struct kept *f)
{
	struct account_change c = { .what = CHANGE_PIN };
	bool is_off = args_option(args, "--off", NULL);
	int code = name_in(args, &c);

	if (code == CLI_GOOD && !is_off) {
		text_copy(c.pin, sizeof(c.pin), "-");
		code = try_change(args, &c);
		if (code == CLI_GOOD)
			code = make_pin(args, c.pin);
	}
	if (code != CLI_GOOD)
		return code;
	return change(args, f, &c, is_off ? "without a PIN" : "the PIN is set");
}

static int
sign_out(struct args *args, struct kept *f)
{
	struct account_change c = { .what = CHANGE_SIGN_OUT };
	int code = name_in(args, &c);

	return code != CLI_GOOD ? code : change(args, f, &c, "signed out everywhere");
}

/* ---- second factor ---------------------------------------------------------------------------------------------------------- */

/* The one time that it is shown: what authenticators read, by hand or as a picture. */
static void
show_totp(const char *bench, const struct account *a)
{
	printf("%s\notpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=6&period=30\n",
		a->totp, bench, a->name, a->totp, bench);
	fprintf(stderr,
		"Give this to the authenticator of %s; it is shown here alone. From now on signing "
		"in takes a code of it as well; sessions end.\n",
		a->name);
}

static int
make_totp(struct args *args, struct kept *f, struct account_change *c)
{
	uint8_t secret[TOTP_BYTES];
	char bench[64];
	int code = which_bench(args, bench, sizeof(bench));

	if (code != CLI_GOOD)
		return code;
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return cli_say(
			args, CLI_FAILED, "this computer has no random numbers yet; try again");
	totp_text(c->totp, secret);
	explicit_bzero(secret, sizeof(secret));
	code = change(args, f, c, NULL);
	if (code == CLI_GOOD)
		show_totp(bench, accounts_find(&accounts, c->name));
	explicit_bzero(c->totp, sizeof(c->totp));
	return code;
}

static int
set_totp(struct args *args, struct kept *f)
{
	struct account_change c = { .what = CHANGE_TOTP };
	bool is_off = args_option(args, "--off", NULL);
	const struct account *a;
	int code = name_in(args, &c);

	if (code != CLI_GOOD)
		return code;
	if (!is_off)
		return make_totp(args, f, &c);
	a = accounts_find(&accounts, c.name);
	if (a != NULL && a->totp[0] == '\0')
		return cli_say(args, CLI_WRONG, "'%s' has no second factor", a->name);
	return change(args, f, &c, "without a second factor: its sessions end");
}

/* ---- the first one ---------------------------------------------------------------------------------------------------------- */

/* Where the bench answers, "" when it does not run: of what its supervisor says. */
static void
find_address(struct args *args, char *out, size_t cap)
{
	static char text[WIRE_MAX];
	char bench[64], path[PLACE_MAX];
	const char *at = NULL;
	struct err err;
	int fd = -1, pass = -1;

	out[0] = '\0';
	if (which_bench(args, bench, sizeof(bench)) == CLI_GOOD &&
		place_socket(path, bench, &err) == 0)
		fd = sock_connect(path, &err);
	if (fd >= 0 && sock_ask(fd, WIRE_STATUS, NULL, text, sizeof(text), &pass, 2000, &err) >= 0)
		at = strstr(text, "http://");
	if (at != NULL)
		snprintf(out, cap, "%.*s", (int)MIN(strcspn(at, " \n"), cap - 1), at);
	if (fd >= 0)
		close(fd);
}

static int
first(struct args *args, struct kept *f)
{
	static struct kept link;
	struct account_first made;
	uint8_t random[SHA256_BYTES];
	char code[SHA256_HEX + 1], address[80];
	struct buf text = { 0 };
	int result;

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	if (accounts.n > 0)
		return cli_say(
			args, CLI_WRONG, "there are accounts already; 'mbc user add' makes more");
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return cli_say(
			args, CLI_FAILED, "this computer has no random numbers yet; try again");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(code + 2 * i, 3, "%02x", random[i]);
	sha256_hex(made.hex, code, strlen(code));
	made.until_ns = now_boot() + now_wall_offset() + ACCOUNT_FIRST_NS;
	account_first_write(&text, &made);
	kept_close(f); /* the lock is of the folder */
	f->lock = -1;
	result = kept_open(args, &link, "accounts.first", ACCOUNT_FIRST_BYTES);
	if (result == CLI_GOOD)
		result = kept_write(args, &link, buf_text(&text), "the folder of state is damaged");
	kept_close(&link);
	buf_done(&text);
	find_address(args, address, sizeof(address));
	if (result == CLI_GOOD) {
		printf("%s#first=%s\n", address[0] != '\0' ? address : "http://ADDRESS/", code);
		fprintf(stderr,
			"Open this within an hour: it makes the first account, once. It is shown "
			"here alone.\n");
	}
	explicit_bzero(code, sizeof(code));
	return result;
}

/* ---- list ------------------------------------------------------------------------------------------------------------------ */

static void
show_end(int64_t end_ns, int64_t wall_ns)
{
	char when[CLOCK_TEXT_SIZE], span[CLOCK_TEXT_SIZE];
	time_t end = (time_t)(end_ns / NS_PER_S);
	struct tm local;

	if (end_ns == INT64_MAX)
		return;
	localtime_r(&end, &local);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local);
	clock_span(span, end_ns - wall_ns);
	printf(" until %s (%s%s)", when, end_ns > wall_ns ? "in " : "",
		end_ns > wall_ns ? span : "it has ended");
}

/* "anna  user  read *, operate N2_* until 2026-12-31 13:00:00 (in 34 d)" */
static void
show(const struct account *a, int64_t wall_ns)
{
	const char *before = "  ";

	printf("%s  %s", a->name, account_roles[a->role]);
	if (a->is_kiosk)
		printf("  kiosk");
	if (a->is_disabled)
		printf("  disabled");
	if (a->pin[0] != '\0')
		printf("  PIN");
	if (a->totp[0] != '\0')
		printf("  second factor");
	show_end(a->until_ns, wall_ns);
	for (int r = 0; r < RIGHTS; r++) {
		if (a->grants[r].only[0] == '\0')
			continue;
		printf("%s%s %s", before, account_rights[r], a->grants[r].only);
		show_end(a->grants[r].until_ns, wall_ns);
		before = ", ";
	}
	putchar('\n');
}

static int
list(struct args *args, struct kept *f)
{
	int64_t wall = now_boot() + now_wall_offset();

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	for (size_t i = 0; i < accounts.n; i++)
		show(&accounts.all[i], wall);
	return CLI_GOOD;
}

int
cli_user(struct args *args)
{
	static const struct {
		const char *name;
		int (*run)(struct args *args, struct kept *f);
	} verbs[] = { { "add", add }, { "list", list }, { "grant", grant_to },
		{ "revoke", take_away }, { "disable", disable }, { "enable", enable },
		{ "passwd", set_password }, { "pin", set_pin }, { "first", first },
		{ "sign-out", sign_out }, { "totp", set_totp } };
	static struct kept file;
	int code;

	for (size_t i = 0; args->n > 0 && i < NELEM(verbs); i++) {
		if (strcmp(args->at[0], verbs[i].name) != 0)
			continue;
		args->at++;
		args->n--;
		code = kept_open(args, &file, "accounts", ACCOUNTS_BYTES_MAX);
		if (code == CLI_GOOD)
			code = read_accounts(args, &file);
		if (code == CLI_GOOD)
			code = verbs[i].run(args, &file);
		kept_close(&file);
		explicit_bzero(file.bytes, sizeof(file.bytes));
		explicit_bzero(&accounts, sizeof(accounts));
		return code;
	}
	return cli_say(args, CLI_WRONG, "usage: mbc user %s", args->command->usage);
}
