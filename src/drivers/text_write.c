/* text_write.c - what a row of messages writes
 *
 *	request.write	0 which of the row's values is written itself | 1 its type | value, or text with its NUL
 *			| for each of the others, in their order: type, value
 */
#include "drivers/text_write.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "drivers/text_value.h"

#define ROW_MAX 256
#define PACKED (1 + sizeof(union value))

const struct message *
text_row_at(const struct instrument *ins, uint32_t first, unsigned nth)
{
	const struct message *m = first < ins->n_messages ? &ins->messages[first] : NULL;

	while (m != NULL && nth-- > 0)
		m = m->next == 0 || m->next >= ins->n_messages ? NULL : &ins->messages[m->next];
	return m;
}

static bool
is_called(const struct text_element *e, const char *name)
{
	return name != NULL && e->name.n == strlen(name) &&
	       memcmp(e->name.at, name, e->name.n) == 0;
}

bool
text_write_sent(const struct instrument *ins, uint32_t first, const char *channel, unsigned nth,
	struct text_sent *out)
{
	const struct message *m;
	struct text_format f;
	struct err err;
	unsigned n = 0;
	bool is_found = false;

	for (unsigned row = 0; (m = text_row_at(ins, first, row)) != NULL && row < ROW_MAX; row++) {
		if (text_format_parse(m->send, &f, &err) < 0)
			return false;
		for (unsigned i = 0; i < f.n; i++) {
			if (f.at[i].field == TEXT_NO_FIELD)
				continue;
			if (n++ != nth)
				continue;
			*out = (struct text_sent){ .row = row, .e = f.at[i], .m = m };
			out->is_own = is_called(&f.at[i], "value") || is_called(&f.at[i], channel);
			is_found = true;
		}
	}
	if (n == 1 && is_found)
		out->is_own = true;
	return is_found;
}

/* ---- into the request ------------------------------------------------------------------------------------------------- */

/* `otherwise: {da1: 0}` of a message, "da1=0,da2=0"; false: it has none for this. */
static bool
find_otherwise(const struct text_sent *s, union value *out)
{
	const char *at = s->m->otherwise == NULL ? "" : s->m->otherwise;
	char word[80];

	while (*at != '\0') {
		size_t n = strcspn(at, ","), name = strcspn(at, "=");

		if (name < n && name == s->e.name.n && memcmp(at, s->e.name.at, name) == 0 &&
			n - name - 1 < sizeof(word)) {
			snprintf(word, sizeof(word), "%.*s", (int)(n - name - 1), at + name + 1);
			return text_to_double(word, &out->f);
		}
		at += n + (at[n] == ',');
	}
	return false;
}

static int
find_beside(const struct text_sent *s, const struct beside *beside, enum value_type *out_type,
	union value *out, struct err *err)
{
	char name[64];

	*out_type = VALUE_FLOAT;
	out->f = 0;
	snprintf(name, sizeof(name), "%.*s", (int)s->e.name.n, s->e.name.at);
	if (beside == NULL || beside->value(beside->ctx, name, out_type, out))
		return 0;
	*out_type = VALUE_FLOAT;
	if (find_otherwise(s, out))
		return 0;
	return err_set(err, ERR_CONF, 0,
		"'%.40s' has not been written yet: write it first, or give otherwise: {%.40s: 0}",
		name, name);
}

/* One of the kinds that the element takes: texts are only written by themselves. */
static int
check_kind(const struct text_sent *s, const struct point *pt, struct err *err)
{
	bool is_text = text_value_type(&s->e) == VALUE_TEXT;

	if (!s->is_own && is_text)
		return err_set(err, ERR_CONF, 0,
			"'%.*s' is a text, and only numbers are said along; give it a number, or a "
			"message of its own",
			(int)MIN(s->e.name.n, (size_t)40), s->e.name.at);
	if (!s->is_own || is_text == (pt->value == VALUE_TEXT))
		return 0;
	return err_set(err, ERR_CONF, 0,
		"'%.*s' is %s in what is sent and %s in what is read; give both the same kind",
		(int)MIN(s->e.name.n, (size_t)40), s->e.name.at, is_text ? "a text" : "a number",
		is_text ? "a number" : "a text");
}

/* Only those whose message has one of several values are to be found again by their names. */
static int
check_own(unsigned n, unsigned n_own, struct err *err)
{
	if (n_own == 1 && n <= TEXT_BESIDE_MAX + 1)
		return 0;
	if (n_own == 1)
		return err_set(err, ERR_CONF, 0,
			"more than %d values beside the one; leave some out", TEXT_BESIDE_MAX);
	if (n == 0)
		return err_set(err, ERR_CONF, 0,
			"no value stands in what is sent; write {value:KIND} once");
	if (n_own == 0)
		return err_set(err, ERR_CONF, 0,
			"none of the %u values that are sent is the one that is written; write "
			"{value:KIND} once, or its name",
			n);
	return err_set(err, ERR_CONF, 0,
		"%u of the values that are sent are the one that is written; write {value:KIND} "
		"once",
		n_own);
}

int
text_write_pack(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, const struct beside *beside, struct request *req, struct err *err)
{
	size_t n_own_bytes = pt->value == VALUE_TEXT ? strlen(text) + 1 : sizeof(v), used;
	struct text_sent s;
	unsigned n = 0, n_own = 0;

	req->write[1] = pt->value;
	memcpy(req->write + 2, pt->value == VALUE_TEXT ? (const void *)text : &v, n_own_bytes);
	used = 2 + n_own_bytes;
	for (; text_write_sent(ins, pt->write_address, pt->write_key, n, &s); n++) {
		enum value_type type;
		union value other;

		if (check_kind(&s, pt, err) < 0)
			return ERR_CONF;
		if (s.is_own) {
			req->write[0] = (uint8_t)n;
			n_own++;
			continue;
		}
		if (n > TEXT_BESIDE_MAX || used + PACKED > sizeof(req->write))
			return check_own(TEXT_BESIDE_MAX + 2, 1, err);
		if (find_beside(&s, beside, &type, &other, err) < 0)
			return ERR_CONF;
		req->write[used] = (uint8_t)type;
		memcpy(req->write + used + 1, &other, sizeof(other));
		used += PACKED;
	}
	req->n_write = (uint16_t)used;
	return check_own(n, n_own, err);
}

/* ---- out of the request ----------------------------------------------------------------------------------------------- */

struct text_written
text_write_own(const struct request *req)
{
	struct text_written w = { VALUE_INT, { 0 }, "" };

	if (req->n_write < 2)
		return w;
	w.type = (enum value_type)req->write[1];
	if (w.type == VALUE_TEXT)
		w.text = (const char *)req->write + 2;
	else
		memcpy(&w.v, req->write + 2, sizeof(w.v));
	return w;
}

static struct text_written
other(const struct request *req, unsigned nth)
{
	struct text_written w = text_write_own(req);
	size_t at = 2 + (w.type == VALUE_TEXT ? strlen(w.text) + 1 : sizeof(w.v)) + nth * PACKED;

	w = (struct text_written){ VALUE_INT, { 0 }, "" };
	if (at + PACKED > req->n_write)
		return w;
	w.type = (enum value_type)req->write[at];
	memcpy(&w.v, req->write + at + 1, sizeof(w.v));
	return w;
}

struct text_giving
text_write_giving(const struct instrument *ins, const struct request *req)
{
	struct text_giving g = { .req = req };
	struct text_sent s;

	while (req->n_write > 0 && text_write_sent(ins, req->address, NULL, g.before, &s) &&
		s.row < req->count)
		g.before++;
	return g;
}

struct text_written
text_write_value(void *ctx, const struct text_element *e)
{
	const struct text_giving *g = ctx;
	unsigned nth = g->before + e->field, own = g->req->write[0];

	if (g->req->n_write == 0 || nth == own)
		return text_write_own(g->req);
	return other(g->req, nth - (nth > own));
}

bool
text_write_own_element(
	const struct instrument *ins, const struct request *req, struct text_element *out)
{
	struct text_sent s;

	if (req->n_write == 0 || !text_write_sent(ins, req->address, NULL, req->write[0], &s))
		return false;
	*out = s.e;
	return true;
}
