/* command.c - commands and verdicts as messages */
#include "msg/command.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char *
command_kind_text(enum command_kind kind)
{
	static const char *const names[] = { "set", "mode", "safe", "trip_reset", "bypass",
		"bypass_end", "alarm_ack", "alarm_shelve", "alarm_unshelve", "alarm_reset",
		"alarm_out", "alarm_in", "silence", "release", "plan", "restore",
		"sequence_prepare", "sequence_form", "sequence_start", "sequence_pause",
		"sequence_safe_pause", "sequence_resume", "sequence_skip", "sequence_goto",
		"sequence_abort", "sequence_answer", "take", "hand_over" };

	_Static_assert(NELEM(names) == COMMAND_KINDS, "a name for each kind");
	return names[kind];
}

const char *
verdict_text(enum verdict verdict)
{
	static const char *const names[] = { "pending", "verified", "accepted", "refused", "failed",
		"unknown" };

	_Static_assert(NELEM(names) == VERDICTS, "a name for each verdict");
	return names[verdict];
}

bool
command_id_is_good(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return n > 0 && n < COMMAND_ID && id[n] == '\0';
}

/* ---- what is told at START ----------------------------------------------------------------------------------------------- */

bool
command_next_value(const struct command *c, size_t *at, char name[EVENT_SUBJECT],
	char value[COMMAND_TOLD], bool *out_is_good)
{
	const char *line = c->values + *at, *equals;
	size_t n = strcspn(line, "\n"), n_name;

	if (line[0] == '\0')
		return false;
	*at += n + (line[n] == '\n');
	equals = memchr(line, '=', n);
	n_name = equals == NULL ? n : (size_t)(equals - line);
	*out_is_good = line[n] == '\n' && equals != NULL && n_name > 0 && n_name < EVENT_SUBJECT &&
		       n - n_name - 1 < COMMAND_TOLD;
	snprintf(name, EVENT_SUBJECT, "%.*s", (int)MIN(n_name, (size_t)EVENT_SUBJECT - 1), line);
	n = equals == NULL ? 0 : n - n_name - 1;
	snprintf(value, COMMAND_TOLD, "%.*s", (int)MIN(n, (size_t)COMMAND_TOLD - 1),
		equals == NULL ? "" : equals + 1);
	return true;
}

bool
command_add_value(struct command *c, const char *name, const char *value)
{
	size_t n = strlen(c->values), room = sizeof(c->values) - n;

	if (name[0] == '\0' || strpbrk(name, "=\n") != NULL || strchr(value, '\n') != NULL ||
		strlen(name) >= EVENT_SUBJECT || strlen(value) >= COMMAND_TOLD ||
		strlen(name) + strlen(value) + 2 >= room)
		return false;
	snprintf(c->values + n, room, "%s=%s\n", name, value);
	return true;
}

/* ---- messages ------------------------------------------------------------------------------------------------------------ */

enum { IS_CLAMPED = 1, IS_CONFIRMED = 2, IS_PERSON = 4, IS_WHOLE = 8, ALL = 15 };

void
command_write(struct buf *out, const struct command *c)
{
	unsigned flags = (c->is_clamped ? IS_CLAMPED : 0u) | (c->is_confirmed ? IS_CONFIRMED : 0u) |
			 (c->is_person ? IS_PERSON : 0u) | (c->is_whole ? IS_WHOLE : 0u);

	wire_begin(out, WIRE_COMMAND);
	wire_text(out, c->id);
	wire_u16(out, (uint16_t)c->kind);
	wire_text(out, c->principal);
	wire_text(out, c->subject);
	wire_text(out, c->value);
	wire_text(out, c->text);
	wire_f64(out, c->ramp_per_min);
	wire_u64(out, (uint64_t)c->span_ns);
	wire_u64(out, (uint64_t)c->expires_ns);
	wire_u64(out, c->seen);
	wire_u64(out, c->step);
	wire_u64(out, c->hold);
	wire_u64(out, c->question);
	wire_u64(out, c->config);
	wire_u16(out, (uint16_t)flags);
	wire_text(out, c->values);
	wire_end(out);
}

int
command_read(struct command *out, struct wire_in *in, struct err *err)
{
	unsigned kind, flags;

	memset(out, 0, sizeof(*out));
	wire_get_text(in, out->id, sizeof(out->id));
	kind = wire_get_u16(in);
	wire_get_text(in, out->principal, sizeof(out->principal));
	wire_get_text(in, out->subject, sizeof(out->subject));
	wire_get_text(in, out->value, sizeof(out->value));
	wire_get_text(in, out->text, sizeof(out->text));
	out->ramp_per_min = wire_get_f64(in);
	out->span_ns = (int64_t)wire_get_u64(in);
	out->expires_ns = (int64_t)wire_get_u64(in);
	out->seen = wire_get_u64(in);
	out->step = wire_get_u64(in);
	out->hold = wire_get_u64(in);
	out->question = wire_get_u64(in);
	out->config = wire_get_u64(in);
	flags = wire_get_u16(in);
	wire_get_text(in, out->values, sizeof(out->values));
	out->is_clamped = (flags & IS_CLAMPED) != 0;
	out->is_confirmed = (flags & IS_CONFIRMED) != 0;
	out->is_person = (flags & IS_PERSON) != 0;
	out->is_whole = (flags & IS_WHOLE) != 0;
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (kind >= COMMAND_KINDS || flags > ALL || out->span_ns < 0 || out->expires_ns < 0 ||
		!command_id_is_good(out->id))
		return err_set(err, ERR_PROTO, 0, "a command that is none");
	out->kind = (enum command_kind)kind;
	return 0;
}

void
verdict_write(struct buf *out, const struct verdict_told *v)
{
	wire_begin(out, WIRE_VERDICT);
	wire_text(out, v->id);
	wire_u16(out, (uint16_t)v->verdict);
	wire_u64(out, v->event);
	wire_text(out, v->text);
	wire_end(out);
}

int
verdict_read(struct verdict_told *out, struct wire_in *in, struct err *err)
{
	unsigned verdict;

	memset(out, 0, sizeof(*out));
	wire_get_text(in, out->id, sizeof(out->id));
	verdict = wire_get_u16(in);
	out->event = wire_get_u64(in);
	wire_get_text(in, out->text, sizeof(out->text));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (verdict >= VERDICTS || !command_id_is_good(out->id))
		return err_set(err, ERR_PROTO, 0, "a verdict that is none");
	out->verdict = (enum verdict)verdict;
	return 0;
}
