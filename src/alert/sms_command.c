/* sms_command.c - what somebody asks by short message */
#include "alert/sms_command.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define BLANKS " \t\r\n"
#define CODE_MIN 6

static const struct {
	const char *word;
	int kind; /* -1: not here */
} words[] = {
	{ "status", SMS_COMMAND_STATUS },
	{ "iostatus", SMS_COMMAND_IOSTATUS },
	{ "value", SMS_COMMAND_VALUE_OF },
	{ "ack", SMS_COMMAND_ACK },
	{ "safe", SMS_COMMAND_SAFE },
	{ "output", SMS_COMMAND_OUTPUT },
	{ "reset", -1 },
	{ "pptpstart", -1 },
	{ "pptpstop", -1 },
	{ "ipsecstart", -1 },
	{ "ipsecstop", -1 },
};

struct word {
	const char *at;
	size_t n;
};

static bool
next_word(const char **at, struct word *out)
{
	*at += strspn(*at, BLANKS);
	*out = (struct word){ *at, strcspn(*at, BLANKS) };
	*at += out->n;
	return out->n > 0;
}

static bool
copy(char *out, size_t cap, const char *at, size_t n)
{
	if (n == 0 || n >= cap)
		return false;
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

static size_t
digits_of(const char *at, size_t n)
{
	size_t i = 0;

	while (i < n && at[i] >= '0' && at[i] <= '9')
		i++;
	return i;
}

/* A name as the bench file has it, or names with dots between them. */
static bool
is_name(const char *name)
{
	char part[SMS_COMMAND_NAME];

	for (;;) {
		size_t n = strcspn(name, ".");

		if (!copy(part, sizeof(part), name, n) || !text_is_name(part))
			return false;
		if (name[n] == '\0')
			return true;
		name += n + 1;
	}
}

/* Is it "r", "rly" or "relay" and digits? */
static bool
is_relay(const char *at, size_t n, unsigned *out)
{
	static const char *const prefixes[] = { "relay", "rly", "r" };

	for (size_t i = 0; i < NELEM(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (n <= len || strncasecmp(at, prefixes[i], len) != 0 ||
			digits_of(at + len, n - len) != n - len)
			continue;
		*out = 0;
		for (size_t k = len; k < n && *out <= SMS_COMMAND_RELAY_MAX; k++)
			*out = *out * 10 + (unsigned)(at[k] - '0');
		return true;
	}
	return false;
}

static bool
is_same(const struct sms_command_output *a, const struct sms_command_output *b)
{
	if (a->is_relay != b->is_relay)
		return false;
	return a->is_relay ? a->relay == b->relay : strcmp(a->name, b->name) == 0;
}

static enum sms_refusal
take_output(
	struct sms_command *c, const char *name, size_t n_name, const char *value, size_t n_value)
{
	struct sms_command_output o = { 0 };

	o.is_relay = is_relay(name, n_name, &o.relay);
	if (o.is_relay) {
		if (o.relay < 1 || o.relay > SMS_COMMAND_RELAY_MAX || n_value != 1 ||
			(value[0] != '0' && value[0] != '1'))
			return SMS_COMMAND_BAD_RELAY;
		o.is_open = value[0] == '1';
	}
	if (n_name >= sizeof(o.name) || n_value >= sizeof(o.value))
		return SMS_COMMAND_TOO_LONG;
	if (!copy(o.name, sizeof(o.name), name, n_name) || !is_name(o.name) ||
		!copy(o.value, sizeof(o.value), value, n_value))
		return SMS_COMMAND_WANTS_OUTPUT;
	for (unsigned i = 0; i < c->n; i++)
		if (is_same(&c->outputs[i], &o))
			return SMS_COMMAND_TWICE;
	if (c->n == SMS_COMMAND_OUTPUTS)
		return SMS_COMMAND_TOO_MANY;
	c->outputs[c->n++] = o;
	return SMS_COMMAND_GOOD;
}

static enum sms_refusal
take_secret(char *out, size_t cap, const char *at, size_t n)
{
	if (out[0] != '\0')
		return SMS_COMMAND_TWICE;
	return copy(out, cap, at, n) ? SMS_COMMAND_GOOD
	       : n == 0              ? SMS_COMMAND_BAD_WORD
				     : SMS_COMMAND_TOO_LONG;
}

static enum sms_refusal
take_code(struct sms_command *c, const char *at, size_t n)
{
	if (n < CODE_MIN || n >= sizeof(c->code) || digits_of(at, n) != n)
		return SMS_COMMAND_BAD_WORD;
	return take_secret(c->code, sizeof(c->code), at, n);
}

static enum sms_refusal
take_word(struct sms_command *c, struct word w)
{
	const char *equals = memchr(w.at, '=', w.n), *value;
	size_t n_name, n_value;

	if (equals == NULL && digits_of(w.at, w.n) == w.n)
		return take_code(c, w.at, w.n);
	if (equals == NULL) {
		if ((c->kind != SMS_COMMAND_VALUE_OF && c->kind != SMS_COMMAND_ACK) ||
			c->name[0] != '\0')
			return SMS_COMMAND_BAD_WORD;
		if (w.n >= sizeof(c->name))
			return SMS_COMMAND_TOO_LONG;
		return copy(c->name, sizeof(c->name), w.at, w.n) && is_name(c->name)
			       ? SMS_COMMAND_GOOD
			       : SMS_COMMAND_WANTS_NAME;
	}
	n_name = (size_t)(equals - w.at);
	value = equals + 1;
	n_value = w.n - n_name - 1;
	if (n_name == 2 && strncasecmp(w.at, "pw", 2) == 0)
		return take_secret(c->password, sizeof(c->password), value, n_value);
	if (n_name == 4 && strncasecmp(w.at, "code", 4) == 0)
		return take_code(c, value, n_value);
	if (c->kind != SMS_COMMAND_OUTPUT)
		return SMS_COMMAND_BAD_WORD;
	return take_output(c, w.at, n_name, value, n_value);
}

static enum sms_refusal
kind_of(struct word w, enum sms_command_kind *out)
{
	for (size_t i = 0; i < NELEM(words); i++)
		if (strlen(words[i].word) == w.n && strncasecmp(words[i].word, w.at, w.n) == 0) {
			if (words[i].kind < 0)
				return SMS_COMMAND_NOT_HERE;
			*out = (enum sms_command_kind)words[i].kind;
			return SMS_COMMAND_GOOD;
		}
	return SMS_COMMAND_UNKNOWN;
}

enum sms_refusal
sms_command_take(const char *text, struct sms_command *out)
{
	struct sms_command c = { 0 };
	enum sms_refusal rc;
	struct word w;

	text += strspn(text, BLANKS);
	if (*text != '/')
		return SMS_COMMAND_NONE;
	text++;
	w = (struct word){ text, strcspn(text, BLANKS) };
	text += w.n;
	rc = kind_of(w, &c.kind);
	while (rc == SMS_COMMAND_GOOD && next_word(&text, &w))
		rc = take_word(&c, w);
	if (rc != SMS_COMMAND_GOOD)
		return rc;
	if ((c.kind == SMS_COMMAND_VALUE_OF || c.kind == SMS_COMMAND_ACK) && c.name[0] == '\0')
		return SMS_COMMAND_WANTS_NAME;
	if (c.kind == SMS_COMMAND_OUTPUT && c.n == 0)
		return SMS_COMMAND_WANTS_OUTPUT;
	*out = c;
	return SMS_COMMAND_GOOD;
}

const char *
sms_command_refusal(enum sms_refusal refusal)
{
	static const char *const texts[] = {
		[SMS_COMMAND_GOOD] = "",
		[SMS_COMMAND_NONE] = "",
		[SMS_COMMAND_UNKNOWN] =
			"no such command; send /status, /iostatus, /value, /ack, /safe or /output",
		[SMS_COMMAND_NOT_HERE] = "a command of the modem's own; ask the modem itself",
		[SMS_COMMAND_WANTS_NAME] = "a name is wanted: /value NAME, /ack NAME",
		[SMS_COMMAND_WANTS_OUTPUT] =
			"an output and its value are wanted, without blanks: /output NAME=VALUE",
		[SMS_COMMAND_BAD_WORD] = "a word that is not understood; nothing was done",
		[SMS_COMMAND_BAD_RELAY] = "a relay is r1, r2, .. and has 0 (ground) or 1 (open)",
		[SMS_COMMAND_TWICE] = "something is given twice; nothing was done",
		[SMS_COMMAND_TOO_MANY] = "too many outputs in one message; send two",
		[SMS_COMMAND_TOO_LONG] = "a word is too long; nothing was done",
	};

	return texts[refusal];
}
