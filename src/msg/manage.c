/* manage.c - accounts and tokens over HTTP */
#include "msg/manage.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"

void
manage_write(struct buf *out, const struct manage_ask *a)
{
	const struct account_change *c = &a->change;

	buf_room(out, WIRE_MAX); /* it does not move: what is secret is wiped where it stands */
	wire_begin(out, WIRE_MANAGE);
	wire_u32(out, a->number);
	wire_text(out, a->token);
	wire_text(out, a->address);
	wire_u16(out, a->act);
	wire_u16(out, (uint16_t)a->from);
	wire_u16(out, (uint16_t)c->what);
	wire_text(out, c->name);
	wire_u16(out, c->role);
	wire_u64(out, (uint64_t)c->until_ns);
	wire_u16(out, c->is_disabled);
	wire_u16(out, c->is_kiosk);
	wire_u16(out, (uint16_t)c->rights);
	for (int r = 0; r < RIGHTS; r++) {
		wire_text(out, c->grants[r].only);
		wire_u64(out, (uint64_t)c->grants[r].until_ns);
	}
	wire_text(out, a->password);
	wire_text(out, a->old);
	wire_text(out, a->pin);
	wire_text(out, a->program.name);
	wire_u32(out, a->program.may);
	wire_text(out, a->program.only);
	wire_text(out, a->program.reads);
	wire_u64(out, (uint64_t)a->program.until_ns);
	wire_end(out);
}

int
manage_read(struct manage_ask *out, struct wire_in *in, struct err *err)
{
	struct account_change *c = &out->change;

	*out = (struct manage_ask){ .number = wire_get_u32(in) };
	wire_get_text(in, out->token, sizeof(out->token));
	wire_get_text(in, out->address, sizeof(out->address));
	out->act = wire_get_u16(in);
	out->from = wire_get_u16(in);
	c->what = wire_get_u16(in);
	wire_get_text(in, c->name, sizeof(c->name));
	c->role = wire_get_u16(in);
	c->until_ns = (int64_t)wire_get_u64(in);
	c->is_disabled = wire_get_u16(in) == 1;
	c->is_kiosk = wire_get_u16(in) == 1;
	c->rights = wire_get_u16(in);
	for (int r = 0; r < RIGHTS; r++) {
		wire_get_text(in, c->grants[r].only, sizeof(c->grants[r].only));
		c->grants[r].until_ns = (int64_t)wire_get_u64(in);
	}
	wire_get_text(in, out->password, sizeof(out->password));
	wire_get_text(in, out->old, sizeof(out->old));
	wire_get_text(in, out->pin, sizeof(out->pin));
	wire_get_text(in, out->program.name, sizeof(out->program.name));
	out->program.may = wire_get_u32(in);
	wire_get_text(in, out->program.only, sizeof(out->program.only));
	wire_get_text(in, out->program.reads, sizeof(out->program.reads));
	out->program.until_ns = (int64_t)wire_get_u64(in);
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (out->number == 0 || (unsigned)out->act >= MANAGE_ACTS || (unsigned)c->role >= ROLES ||
		(c->what & ~(unsigned)CHANGE_ALL) != 0 || c->rights >= 1u << RIGHTS ||
		out->program.may >= 1u << TOKENS_WORDS)
		return err_set(
			err, ERR_PROTO, 0, "a question about accounts with values that are none");
	return 0;
}

/* ---- what is told --------------------------------------------------------------------------------------------------------- */

static void
put_end(struct json *j, int64_t until_ns)
{
	char when[CLOCK_TEXT_SIZE];

	if (until_ns != INT64_MAX)
		clock_text(when, until_ns);
	json_text(j, "until", until_ns != INT64_MAX ? when : NULL);
}

void
manage_write_account(struct buf *out, const struct account *a, size_t n_sessions)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", a->name);
	json_text(&j, "role", account_roles[a->role]);
	json_bool(&j, "disabled", a->is_disabled);
	put_end(&j, a->until_ns);
	json_bool(&j, "second_factor", a->totp[0] != '\0');
	json_bool(&j, "pin", a->pin[0] != '\0');
	json_bool(&j, "kiosk", a->is_kiosk);
	json_array(&j, "grants");
	for (int r = 0; r < RIGHTS; r++) {
		if (a->grants[r].only[0] == '\0')
			continue;
		json_object(&j, NULL);
		json_text(&j, "may", account_rights[r]);
		json_text(&j, "only", a->grants[r].only);
		put_end(&j, a->grants[r].until_ns);
		json_end(&j);
	}
	json_end(&j);
	json_uint(&j, "sessions", n_sessions);
	json_end(&j);
}

void
manage_write_token(struct buf *out, const struct token *t, const char *shown)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", t->name);
	json_array(&j, "may");
	for (unsigned i = 0; i < TOKENS_WORDS; i++)
		if ((t->may & 1u << i) != 0)
			json_text(&j, NULL, tokens_words[i]);
	json_end(&j);
	json_text(&j, "only", t->only[0] != '\0' ? t->only : "*");
	json_text(&j, "reads", tokens_reads(t));
	put_end(&j, t->until_ns);
	if (shown != NULL)
		json_text(&j, "token", shown);
	json_end(&j);
}

void
manage_write_link(struct buf *out, const struct token *t, const char *shown)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", t->name);
	put_end(&j, t->until_ns);
	if (shown != NULL)
		json_text(&j, "link", shown);
	json_end(&j);
}
