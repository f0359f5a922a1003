/* wish_manage.c - from a request to the change of an account or of a token that it means */
#include "serve/wish_manage.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "serve/json_in.h"

enum member {
	NAME,
	ROLE,
	UNTIL,
	DISABLED,
	PASSWORD,
	NEW_PASSWORD,
	PIN,
	KIOSK,
	GRANTS,
	SIGN_OUT,
	MAY,
	ONLY,
	READS,
	MEMBERS
};

static const char *const names[MEMBERS] = { "name", "role", "until", "disabled", "password",
	"new_password", "pin", "kiosk", "grants", "sign_out", "may", "only", "reads" };

#define BIT(member) (1u << (member))

/* A row an order: what it is, what its body may hold, and what it must. */
static const struct row {
	enum manage_act act;
	unsigned may, must;
} rows[] = {
	[ORDER_ACCOUNT_ADD - ORDER_ACCOUNT_ADD] = { MANAGE_CHANGE,
		BIT(NAME) | BIT(ROLE) | BIT(UNTIL) | BIT(PASSWORD) | BIT(PIN) | BIT(KIOSK) |
			BIT(GRANTS),
		BIT(NAME) | BIT(PASSWORD) },
	[ORDER_ACCOUNT_CHANGE - ORDER_ACCOUNT_ADD] = { MANAGE_CHANGE,
		BIT(ROLE) | BIT(UNTIL) | BIT(DISABLED) | BIT(PASSWORD) | BIT(PIN) | BIT(KIOSK) |
			BIT(GRANTS) | BIT(SIGN_OUT),
		0 },
	[ORDER_OWN - ORDER_ACCOUNT_ADD] = { MANAGE_OWN,
		BIT(PASSWORD) | BIT(NEW_PASSWORD) | BIT(PIN), BIT(PASSWORD) },
	[ORDER_FACTOR - ORDER_ACCOUNT_ADD] = { MANAGE_FACTOR, 0, 0 },
	[ORDER_FACTOR_OFF - ORDER_ACCOUNT_ADD] = { MANAGE_FACTOR_OFF, 0, 0 },
	[ORDER_TOKEN_ADD - ORDER_ACCOUNT_ADD] = { MANAGE_TOKEN_ADD,
		BIT(NAME) | BIT(MAY) | BIT(ONLY) | BIT(READS) | BIT(UNTIL), BIT(NAME) },
	[ORDER_TOKEN_REMOVE - ORDER_ACCOUNT_ADD] = { MANAGE_TOKEN_REMOVE, 0, 0 },
	[ORDER_LINK_ADD - ORDER_ACCOUNT_ADD] = { MANAGE_LINK_ADD, BIT(NAME) | BIT(UNTIL),
		BIT(NAME) | BIT(UNTIL) },
	[ORDER_LINK_REMOVE - ORDER_ACCOUNT_ADD] = { MANAGE_LINK_REMOVE, 0, 0 },
};

bool
wish_manages(enum target_order order)
{
	return order >= ORDER_ACCOUNT_ADD && order <= ORDER_LINK_REMOVE;
}

struct reading {
	struct manage_ask *out;
	const struct row *row;
	unsigned seen;
	/* of a grant that is being read */
	unsigned grant_seen;
	int right;
	struct grant grant;
};

/* ---- values --------------------------------------------------------------------------------------------------------------- */

static int
take_text(struct json_in *in, const char *key, char *out, size_t cap)
{
	char *text;
	int rc = json_in_text(in, &text);

	if (rc == 0 && !text_copy(out, cap, text))
		rc = json_in_wrong(in, "'%s' has at most %zu bytes", key, cap - 1);
	if (rc == 0)
		explicit_bzero(text, strlen(text));
	return rc;
}

/* null: without an end. */
static int
take_until(struct json_in *in, int64_t *out)
{
	char *text;
	int rc;

	*out = INT64_MAX;
	if (json_in_next(in) == 'n')
		return json_in_skip(in);
	rc = json_in_text(in, &text);
	if (rc == 0 && !clock_parse(text, out))
		rc = json_in_wrong(in, "'until' is a time as 2026-12-31T12:00:00Z, or null");
	return rc;
}

/* Patterns; null, "" and "*" are all, which is said as `all`. */
static int
take_only(struct json_in *in, const char *key, char *out, size_t cap, const char *all)
{
	struct err why;
	int rc = 0;

	out[0] = '\0';
	if (json_in_next(in) == 'n')
		rc = json_in_skip(in);
	else
		rc = take_text(in, key, out, cap);
	if (rc == 0 && out[0] != '\0' && tokens_check_only(out, &why) < 0)
		rc = json_in_wrong(in, "'%s': %.90s", key, why.msg);
	if (rc == 0 && (out[0] == '\0' || strcmp(out, "*") == 0))
		text_copy(out, cap, all);
	return rc;
}

static int
take_role(struct json_in *in, enum account_role *out)
{
	struct err why;
	char *text;
	int rc = json_in_text(in, &text);

	if (rc == 0 && account_read_role(text, out, &why) < 0)
		rc = json_in_wrong(in, "'role' is user, admin or root");
	return rc;
}

/* null: none any more. */
static int
take_pin(struct json_in *in, char *out)
{
	out[0] = '\0';
	return json_in_next(in) == 'n' ? json_in_skip(in) : take_text(in, "pin", out, ACCOUNT_PIN);
}

static int
take_word(void *ctx, struct json_in *in, const char *key)
{
	struct reading *r = ctx;
	uint32_t bit;
	struct err why;
	char *text;
	int rc = json_in_text(in, &text);

	if (rc == 0 && tokens_read_may(text, &bit, &why) < 0)
		rc = json_in_wrong(in, "'may' has some of set, mode, safe, ack, shelve, sequence");
	if (rc == 0)
		r->out->program.may |= bit;
	return rc;
}

/* ---- grants --------------------------------------------------------------------------------------------------------------- */

static int
take_grant_member(void *ctx, struct json_in *in, const char *key)
{
	static const char *const members[] = { "may", "only", "until" };
	struct reading *r = ctx;
	uint32_t rights;
	struct err why;
	char *text;
	unsigned i = 0;
	int rc;

	while (i < NELEM(members) && strcmp(members[i], key) != 0)
		i++;
	if (i == NELEM(members) || (r->grant_seen & 1u << i) != 0)
		return json_in_wrong(
			in, "a grant is {\"may\": ..., \"only\": ..., \"until\": ...}");
	r->grant_seen |= 1u << i;
	if (i == 1)
		return take_only(in, key, r->grant.only, sizeof(r->grant.only), "*");
	if (i == 2)
		return take_until(in, &r->grant.until_ns);
	rc = json_in_text(in, &text);
	if (rc == 0 &&
		(account_read_rights(text, &rights, &why) < 0 || (rights & (rights - 1)) != 0))
		return json_in_wrong(in, "'may' is one of read, operate, configure, protect");
	for (int k = 0; rc == 0 && k < RIGHTS; k++)
		if (rights == 1u << k)
			r->right = k;
	return rc;
}

static int
take_grant(void *ctx, struct json_in *in, const char *key)
{
	struct reading *r = ctx;
	struct account_change *c = &r->out->change;
	int rc;

	r->grant_seen = 0;
	r->grant = (struct grant){ .only = "*", .until_ns = INT64_MAX };
	rc = json_in_object(in, take_grant_member, r);
	if (rc < 0)
		return rc;
	if ((r->grant_seen & 1) == 0)
		return json_in_wrong(in, "a grant says what it is for, as {\"may\": \"read\"}");
	if (c->grants[r->right].only[0] != '\0')
		return json_in_wrong(in, "two grants of the same kind: name all channels in one");
	c->grants[r->right] = r->grant;
	return 0;
}

/* The whole of them: those that are not named go. */
static int
take_grants(struct reading *r, struct json_in *in)
{
	struct account_change *c = &r->out->change;

	c->rights = (1u << RIGHTS) - 1;
	for (int k = 0; k < RIGHTS; k++)
		c->grants[k] = (struct grant){ .until_ns = INT64_MAX };
	return json_in_array(in, take_grant, r);
}

/* ---- the body ------------------------------------------------------------------------------------------------------------- */

static int
take_member(void *ctx, struct json_in *in, const char *key)
{
	struct reading *r = ctx;
	struct manage_ask *a = r->out;
	struct account_change *c = &a->change;
	bool is_token = a->act == MANAGE_TOKEN_ADD || a->act == MANAGE_LINK_ADD, yes = false;
	unsigned m = 0;
	int rc;

	while (m < MEMBERS && strcmp(names[m], key) != 0)
		m++;
	if (m == MEMBERS || (r->row->may & BIT(m)) == 0)
		return json_in_wrong(in, "a member that is not known here");
	if ((r->seen & BIT(m)) != 0)
		return json_in_wrong(in, "'%s' stands there twice", names[m]);
	r->seen |= BIT(m);
	switch ((enum member)m) {
	case NAME:
		return is_token ? take_text(in, names[m], a->program.name, sizeof(a->program.name))
				: take_text(in, names[m], c->name, sizeof(c->name));
	case ROLE:
		c->what |= CHANGE_ROLE;
		return take_role(in, &c->role);
	case UNTIL:
		c->what |= CHANGE_UNTIL;
		return take_until(in, is_token ? &a->program.until_ns : &c->until_ns);
	case DISABLED:
		c->what |= CHANGE_DISABLED;
		return json_in_bool(in, &c->is_disabled);
	case PASSWORD:
		if (a->act == MANAGE_OWN)
			return take_text(in, names[m], a->old, sizeof(a->old));
		c->what |= CHANGE_HASH;
		return take_text(in, names[m], a->password, sizeof(a->password));
	case NEW_PASSWORD:
		c->what |= CHANGE_HASH;
		return take_text(in, names[m], a->password, sizeof(a->password));
	case PIN:
		c->what |= CHANGE_PIN;
		return take_pin(in, a->pin);
	case KIOSK:
		c->what |= CHANGE_KIOSK;
		return json_in_bool(in, &c->is_kiosk);
	case GRANTS:
		c->what |= CHANGE_GRANTS;
		return take_grants(r, in);
	case SIGN_OUT:
		rc = json_in_bool(in, &yes);
		if (yes)
			c->what |= CHANGE_SIGN_OUT;
		return rc;
	case MAY:
		a->program.may = 0;
		return json_in_array(in, take_word, r);
	case ONLY:
		return take_only(in, names[m], a->program.only, sizeof(a->program.only), "");
	case READS:
		return take_only(in, names[m], a->program.reads, sizeof(a->program.reads), "");
	case MEMBERS:
		break;
	}
	return ERR_CONF;
}

/* What is no text that can be typed comes as a blank from the reader: a password must not become another one by that. */
static bool
has_control(const char *body, size_t n)
{
	static const char two[] = "bfnrt";

	for (size_t i = 0; i + 1 < n; i++) {
		if (body[i] != '\\')
			continue;
		i++;
		if (strchr(two, body[i]) != NULL && body[i] != '\0')
			return true;
		if (body[i] == 'u' && n - i >= 5 && body[i + 1] == '0' && body[i + 2] == '0' &&
			(body[i + 3] < '2' || (body[i + 3] == '7' && (body[i + 4] | 0x20) == 'f')))
			return true;
	}
	return false;
}

static void
complete(struct reading *r, const struct target *t)
{
	struct manage_ask *a = r->out;
	struct account_change *c = &a->change;

	if (t->order == ORDER_ACCOUNT_ADD) {
		c->what |= CHANGE_NEW | CHANGE_ROLE;
		/* As `mbc user add` does it. */
		if ((c->what & CHANGE_GRANTS) == 0 && c->role == ROLE_USER) {
			c->what |= CHANGE_GRANTS;
			c->rights = 1u << RIGHT_READ;
			c->grants[RIGHT_READ] =
				(struct grant){ .only = "*", .until_ns = INT64_MAX };
		}
	}
	if (a->act == MANAGE_TOKEN_ADD || a->act == MANAGE_LINK_ADD)
		c->what = 0;
}

int
wish_manage(struct manage_ask *out, const struct target *t, char *body, size_t n, struct err *err)
{
	struct reading r = { .out = out, .row = &rows[t->order - ORDER_ACCOUNT_ADD] };
	bool is_removed = t->order == ORDER_TOKEN_REMOVE || t->order == ORDER_LINK_REMOVE;
	struct json_in in;
	int rc = 0;

	*out = (struct manage_ask){ .act = r.row->act };
	out->change.until_ns = out->program.until_ns = INT64_MAX;
	out->program.may = (1u << TOKENS_WORDS) - 1;
	if (is_removed && !text_copy(out->program.name, sizeof(out->program.name), t->name))
		out->program.name[0] = '\0'; /* nobody's */
	if (!is_removed && !text_copy(out->change.name, sizeof(out->change.name), t->name))
		return err_set(err, ERR_CONF, 404, "there is no account of this name");
	if (n > 0 && has_control(body, n))
		return err_set(
			err, ERR_CONF, 400, "body: control characters belong in no text here");
	if (n > 0) {
		rc = json_in_open(&in, body, n, "body", err);
		if (rc == 0)
			rc = json_in_object(&in, take_member, &r);
		if (rc == 0)
			rc = json_in_close(&in);
	}
	if (rc == 0 && (r.seen & r.row->must) != r.row->must)
		rc = err_set(err, ERR_CONF, 400, "body: %s",
			out->act == MANAGE_OWN ? "send the old 'password', and 'new_password' or "
						 "'pin' or both"
			: out->act == MANAGE_TOKEN_ADD ? "a token needs a 'name'"
			: out->act == MANAGE_LINK_ADD
				? "a link needs a 'name', and 'until' when it ends"
				: "a new account needs 'name' and 'password'");
	if (rc < 0) {
		err->sys = err->sys != 0 ? err->sys : 400;
		return rc;
	}
	complete(&r, t);
	if (out->act == MANAGE_CHANGE && out->change.what == 0)
		return err_set(err, ERR_CONF, 400, "body: it says nothing that is to be changed");
	return 0;
}
