/* policy.c - who may ask what of the controller */
#include "gate/policy.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"

#include "model/run_form.h"

enum { SUBJECT = 1, VALUE = 2, TEXT = 4, SPAN = 8 }; /* what it has to bring along */

/* A row a kind: which word of `serve: commands:` opens it to tokens (0: none does), what belongs to it, and which grant opens it to accounts: what takes
 * protection away needs its own. */
static const struct row {
	uint32_t opened_by;
	unsigned needs;
	const char *word;
	enum account_right right; /* which grant of an account it takes */
} rows[COMMAND_KINDS] = {
	[COMMAND_SET] = { COMMANDS_SET, SUBJECT | VALUE, "set", RIGHT_OPERATE },
	[COMMAND_MODE] = { COMMANDS_MODE, VALUE, "mode", RIGHT_OPERATE },
	[COMMAND_SAFE] = { COMMANDS_SAFE, 0, "safe", RIGHT_OPERATE },
	[COMMAND_TRIP_RESET] = { 0, SUBJECT | TEXT, NULL, RIGHT_OPERATE },
	[COMMAND_BYPASS] = { 0, SUBJECT | TEXT | SPAN, NULL, RIGHT_PROTECT },
	[COMMAND_BYPASS_END] = { 0, SUBJECT, NULL, RIGHT_OPERATE },
	[COMMAND_ALARM_ACK] = { COMMANDS_ACK, 0, "ack", RIGHT_OPERATE },
	[COMMAND_ALARM_SHELVE] = { COMMANDS_SHELVE, SUBJECT | TEXT | SPAN, "shelve",
		RIGHT_OPERATE },
	[COMMAND_ALARM_UNSHELVE] = { COMMANDS_SHELVE, SUBJECT, "shelve", RIGHT_OPERATE },
	[COMMAND_ALARM_RESET] = { 0, SUBJECT, NULL, RIGHT_OPERATE },
	[COMMAND_ALARM_OUT] = { 0, SUBJECT | TEXT, NULL, RIGHT_PROTECT },
	[COMMAND_ALARM_IN] = { 0, SUBJECT, NULL, RIGHT_OPERATE },
	[COMMAND_SILENCE] = { COMMANDS_ACK, 0, "ack", RIGHT_OPERATE },
	[COMMAND_RELEASE] = { 0, 0, NULL, RIGHT_OPERATE },
	[COMMAND_PLAN] = { 0, SPAN, NULL, RIGHT_OPERATE },
	[COMMAND_RESTORE] = { 0, VALUE, NULL, RIGHT_OPERATE },
	[COMMAND_SEQ_PREPARE] = { COMMANDS_SEQUENCE, SUBJECT, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_ANSWER_FORM] = { COMMANDS_SEQUENCE, SUBJECT | VALUE, "sequence",
		RIGHT_OPERATE },
	[COMMAND_SEQ_START] = { COMMANDS_SEQUENCE, SUBJECT, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_PAUSE] = { COMMANDS_SEQUENCE, 0, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_SAFE_PAUSE] = { COMMANDS_SEQUENCE, 0, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_RESUME] = { COMMANDS_SEQUENCE, 0, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_SKIP] = { COMMANDS_SEQUENCE, 0, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_GOTO] = { COMMANDS_SEQUENCE, VALUE, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_ABORT] = { COMMANDS_SEQUENCE, 0, "sequence", RIGHT_OPERATE },
	[COMMAND_SEQ_REPLY] = { COMMANDS_SEQUENCE, VALUE, "sequence", RIGHT_OPERATE },
	[COMMAND_TAKE] = { 0, 0, NULL, RIGHT_OPERATE },
	[COMMAND_HAND_OVER] = { 0, 0, NULL, RIGHT_OPERATE },
};

bool
policy_allows(bool is_person, uint32_t opened, enum command_kind kind)
{
	return is_person || (rows[kind].opened_by & opened) != 0;
}

static_assert(COMMANDS_ALL == (1 << TOKENS_WORDS) - 1, "a word a bit");

int
policy_check_token(const struct token *t, enum command_kind kind, const char *subject,
	int64_t wall_ns, struct err *err)
{
	char when[CLOCK_TEXT_SIZE];
	const struct row *row = &rows[kind];

	if (wall_ns >= t->until_ns) {
		clock_text(when, t->until_ns);
		return err_set(err, ERR_REFUSED, 401,
			"the token of '%s' ended at %s; 'mbc token remove %s' and 'mbc token add' "
			"make "
			"another one",
			t->name, when, t->name);
	}
	if (row->word != NULL && (row->opened_by & t->may) == 0)
		return err_set(err, ERR_REFUSED, 403,
			"'%s' is not what the token of '%s' is for; one made with 'mbc token add "
			"NAME "
			"--may %s' is",
			command_kind_text(kind), t->name, row->word);
	/* Going to the safe state of the whole bench takes no name. */
	if (kind == COMMAND_SAFE || tokens_fits(t, subject))
		return 0;
	return err_set(err, ERR_REFUSED, 403,
		"the token of '%s' is for %.80s alone%s; 'mbc token add NAME --only ...' makes one "
		"for "
		"more",
		t->name, t->only, subject[0] == '\0' ? ", and this is for the whole bench" : "");
}

/* What only leads to a safe state is open to whoever may operate anything: it is not the moment for patterns. And who was handed the bench, which only those
 * take who operate all of it, must be able to hand it on. */
static bool
is_for_any_operator(enum command_kind kind)
{
	return kind == COMMAND_SAFE || kind == COMMAND_HAND_OVER;
}

int
policy_check_account(const struct account *a, enum command_kind kind, const char *subject,
	int64_t wall_ns, struct err *err)
{
	enum account_right right = rows[kind].right;
	const char *only = account_only(a, right, wall_ns);

	if (!account_is_open(a, wall_ns))
		return err_set(err, ERR_REFUSED, 401,
			"the account '%s' is not open any more; ask who manages the bench ('mbc "
			"user "
			"list')",
			a->name);
	if (account_may(a, right, subject, wall_ns) ||
		(only[0] != '\0' && is_for_any_operator(kind)))
		return 0;
	if (only[0] == '\0')
		return err_set(err, ERR_REFUSED, 403,
			"'%s' needs the grant '%s'; 'mbc user grant --may %s %s' gives it",
			command_kind_text(kind), account_rights[right], account_rights[right],
			a->name);
	return err_set(err, ERR_REFUSED, 403,
		"the grant '%s' of '%s' is for %.60s alone%s; 'mbc user grant' gives one for more",
		account_rights[right], a->name, only,
		subject[0] == '\0' ? ", and this is for the whole bench" : "");
}

bool
policy_is_operating(enum command_kind kind)
{
	return rows[kind].right == RIGHT_OPERATE;
}

bool
policy_is_towards_safe(enum command_kind kind)
{
	switch (kind) {
	case COMMAND_SAFE:
	case COMMAND_SEQ_PAUSE:
	case COMMAND_SEQ_SAFE_PAUSE:
	case COMMAND_SEQ_ABORT:
	case COMMAND_BYPASS_END:
	case COMMAND_ALARM_ACK:
	case COMMAND_SILENCE:
		return true;
	default:
		return false;
	}
}

static int
check_who(const struct command *c, uint32_t opened, struct err *err)
{
	const struct row *row = &rows[c->kind];

	if (policy_allows(c->is_person, opened, c->kind))
		return 0;
	if (row->word == NULL)
		return err_set(err, ERR_REFUSED, 403,
			"'%s' is for a person: ask it at the command line of this computer",
			command_kind_text(c->kind));
	return err_set(err, ERR_REFUSED, 403,
		"'%s' is not open to tokens: write 'serve: {commands: [%s]}' in the bench file",
		command_kind_text(c->kind), row->word);
}

/* What comes along with START: lines, as they go into the journal and onto the page. */
static int
check_values(const struct command *c, struct err *err)
{
	char name[EVENT_SUBJECT], value[COMMAND_TOLD];
	size_t at = 0;
	bool is_good;

	if ((c->is_whole && c->kind != COMMAND_SEQ_START) || (c->values[0] != '\0' && !c->is_whole))
		return err_set(err, ERR_REFUSED, 400, "values belong to START alone");
	while (command_next_value(c, &at, name, value, &is_good))
		if (!is_good || !run_text_is_good(name, EVENT_SUBJECT - 1) ||
			!run_text_is_good(value, COMMAND_TOLD - 1))
			return err_set(err, ERR_REFUSED, 400,
				"one of its values has no name, is too long, has control "
				"characters or is no UTF-8; write NAME=VALUE in one line");
	return 0;
}

static int
check_parts(const struct command *c, struct err *err)
{
	unsigned needs = rows[c->kind].needs;

	if (!run_text_is_good(c->subject, EVENT_SUBJECT - 1) ||
		!run_text_is_good(c->value, COMMAND_VALUE - 1) ||
		!run_text_is_good(c->text, EVENT_TEXT - 1))
		return err_set(err, ERR_REFUSED, 400,
			"it has control characters or is no UTF-8; write one line");
	if ((needs & SUBJECT) != 0 && c->subject[0] == '\0')
		return err_set(err, ERR_REFUSED, 400, "it does not say what it is about");
	if ((needs & VALUE) != 0 && c->value[0] == '\0')
		return err_set(err, ERR_REFUSED, 400, "it has no value");
	if ((needs & TEXT) != 0 && c->text[0] == '\0')
		return err_set(err, ERR_REFUSED, 400,
			"it needs a reason: write in a few words why, it is recorded");
	if ((needs & SPAN) != 0 && c->span_ns == 0)
		return err_set(
			err, ERR_REFUSED, 400, "it does not say for how long, for example 30min");
	if (!isnan(c->ramp_per_min) && (!isfinite(c->ramp_per_min) || c->ramp_per_min <= 0))
		return err_set(err, ERR_REFUSED, 400, "a ramp is a number above 0");
	return 0;
}

int
policy_check(struct command *c, uint32_t opened, int64_t now_ns, struct err *err)
{
	int rc = check_who(c, opened, err);

	if (rc == 0)
		rc = check_parts(c, err);
	if (rc < 0)
		return rc;
	rc = check_values(c, err);
	if (rc < 0)
		return rc;
	if (c->expires_ns == 0)
		c->expires_ns = now_ns + POLICY_EXPIRES_NS;
	c->expires_ns = MIN(c->expires_ns, now_ns + POLICY_EXPIRES_MAX_NS);
	if (now_ns >= c->expires_ns)
		return err_set(err, ERR_REFUSED, 409,
			"it came too late, its time was over; ask again if it is still wanted");
	return 0;
}
