/* seq_syntax.c - the statements of the sequence language as tables */
#include "compile/seq_syntax.h"

#include <string.h>

#define PART(of, words, key, type, need, member)                                                   \
	{                                                                                          \
		words, key, SEQ_T_##type, SEQ_##need, (uint16_t)offsetof(struct of, member)        \
	}
#define STMT(words, key, type, need, member) PART(seq_stmt, words, key, type, need, member)
#define ACTION(words, key, type, need, member) PART(seq_action, words, key, type, need, member)

static const struct seq_part set_parts[] = { STMT("", "values", ASSIGNS, MUST, set) };
static const struct seq_part ramp_parts[] = {
	STMT("", "output", REF, MUST, ramp.output),
	STMT("to", "to", EXPR, MUST, ramp.to),
	STMT("at", "at", CONST, EITHER, ramp.rate),
	STMT("over", "over", CONST, EITHER, ramp.over),
	STMT("holdback", "holdback", CONST, MAY, ramp.holdback),
	STMT("timeout", "timeout", CONST, WITH, ramp.timeout),
	STMT("->", "then", ACTION, WITH, ramp.then),
};
static const struct seq_part dwell_parts[] = {
	STMT("", "time", CONST, MUST, dwell.time),
	STMT("guaranteed", "guaranteed", REF, MAY, dwell.guaranteed),
	STMT("within", "within", CONST, WITH, dwell.within),
	STMT("of", "of", EXPR, WITH, dwell.of),
	STMT("timeout", "timeout", CONST, WITH, dwell.timeout),
	STMT("->", "then", ACTION, WITH, dwell.then),
};
static const struct seq_part wait_time_parts[] = { STMT("", "time", CONST, MUST, wait.time) };
static const struct seq_part wait_until_parts[] = {
	STMT("", "until", COND, MUST, wait.until),
	STMT("timeout", "timeout", CONST, MUST, wait.timeout),
	STMT("else", "else", ACTION, MUST, wait.orelse),
};
static const struct seq_part wait_stable_parts[] = {
	STMT("", "channel", REF, MUST, wait.channel),
	STMT("within", "within", CONST, MUST, wait.within),
	STMT("for", "for", CONST, MUST, wait.time),
	STMT("timeout", "timeout", CONST, MUST, wait.timeout),
	STMT("else", "else", ACTION, MUST, wait.orelse),
};
static const struct seq_part ask_parts[] = {
	STMT("", "text", TEXT, MUST, ask.text),
	STMT("answers", "answers", ANSWERS, MUST, ask.answers),
	STMT("timeout", "timeout", CONST, MUST, ask.timeout),
	STMT("->", "then", ACTION, MUST, ask.then),
};
static const struct seq_part for_parts[] = {
	STMT("", "name", NAME, MUST, loop.name),
	STMT("in", "in", EXPR, MUST, loop.in),
};
static const struct seq_part repeat_parts[] = {
	STMT("", "count", INT, MUST, loop.count),
	STMT("as", "as", NAME, MUST, loop.name),
};
static const struct seq_part if_parts[] = { STMT("", "when", COND, MUST, branch.when) };
static const struct seq_part join_parts[] = {
	STMT("timeout", "timeout", CONST, MUST, parallel.timeout),
	STMT("->", "then", ACTION, MUST, parallel.then),
};
static const struct seq_part record_parts[] = {
	STMT("", "name", TEXT, MUST, record.name),
	STMT("every", "every", CONST, MUST, record.every),
	STMT(":", "channels", REFS, MUST, record.channels),
};
static const struct seq_part stop_parts[] = { STMT("", "name", TEXT, MUST, record.name) };
static const struct seq_part result_parts[] = {
	STMT("", "name", NAME, MUST, result.name),
	STMT("=", "value", EXPR, MUST, result.value),
	STMT("within", "low", CONST, MAY, result.low),
	STMT("..", "high", CONST, WITH, result.high),
};
static const struct seq_part command_parts[] = {
	STMT("", "with", ARGS, MAY, command.args),
	STMT("ready timeout", "ready", CONST, MUST, command.ready),
	STMT("done timeout", "done", CONST, MUST, command.done),
	STMT("retry", "retry", INT, MAY, command.retry),
	STMT("else", "else", ACTION, MUST, command.orelse),
};
static const struct seq_part notify_parts[] = {
	STMT("", "group", NAME, MUST, message.group),
	STMT("", "text", TEXT, MUST, message.text),
};
static const struct seq_part mark_parts[] = { STMT("", "text", TEXT, MUST, message.text) };

#define FORM(head, parts, shape)                                                                   \
	{                                                                                          \
		head, parts, sizeof(parts) / sizeof((parts)[0]), shape                             \
	}

const struct seq_form seq_stmt_forms[SEQ_STMT_KINDS] = {
	[SEQ_SET] = FORM("set", set_parts, "set NAME = VALUE"),
	[SEQ_RAMP] = FORM("ramp", ramp_parts, "ramp NAME to VALUE at RATE"),
	[SEQ_DWELL] = FORM("dwell", dwell_parts, "dwell TIME"),
	[SEQ_WAIT_TIME] = FORM("wait", wait_time_parts, "wait TIME"),
	[SEQ_WAIT_UNTIL] = FORM(
		"wait until", wait_until_parts, "wait until CONDITION timeout TIME else ACTION"),
	[SEQ_WAIT_STABLE] = FORM("wait stable", wait_stable_parts,
		"wait stable NAME within BAND for TIME timeout TIME else ACTION"),
	[SEQ_ASK] =
		FORM("ask", ask_parts, "ask \"TEXT\" answers NAME, NAME timeout TIME -> ACTION"),
	[SEQ_FOR] = FORM("for", for_parts, "for NAME in LIST"),
	[SEQ_REPEAT] = FORM("repeat", repeat_parts, "repeat NUMBER as NAME"),
	[SEQ_IF] = FORM("if", if_parts, "if CONDITION then STATEMENT"),
	[SEQ_PARALLEL] = { "parallel", NULL, 0, "parallel" },
	[SEQ_RECORD] = FORM("record", record_parts, "record \"NAME\" every TIME: NAME, NAME"),
	[SEQ_STOP_RECORD] = FORM("stop record", stop_parts, "stop record \"NAME\""),
	[SEQ_RESULT] = FORM("result", result_parts, "result NAME = VALUE"),
	[SEQ_COMMAND] = FORM("command", command_parts,
		"INSTRUMENT.COMMAND ready timeout TIME done timeout TIME else ACTION"),
	[SEQ_NOTIFY] = FORM("notify", notify_parts, "notify GROUP \"TEXT\""),
	[SEQ_MARK] = FORM("mark", mark_parts, "mark \"TEXT\""),
	[SEQ_DO] = { "action", NULL, 0, "hold, skip, abort, trip NAME or step NUMBER" },
};

static const struct seq_part hold_parts[] = {
	ACTION("", "text", TEXT, MAY, text),
	ACTION("until", "until", COND, MAY, until),
	ACTION("timeout", "timeout", CONST, WITH, timeout),
	ACTION("->", "then", ACTION, WITH, then),
};
static const struct seq_part skip_parts[] = { ACTION("", "text", TEXT, MAY, text) };
static const struct seq_part trip_parts[] = { ACTION("", "state", NAME, MUST, state) };
static const struct seq_part step_parts[] = { ACTION("", "step", INT, MUST, step) };

const struct seq_form seq_action_forms[SEQ_ACTION_KINDS] = {
	[SEQ_HOLD] =
		FORM("hold", hold_parts, "hold until CONDITION for TIME timeout TIME -> ACTION"),
	[SEQ_SKIP] = FORM("skip", skip_parts, "skip \"TEXT\""),
	[SEQ_ABORT] = { "abort", NULL, 0, "abort" },
	[SEQ_TRIP] = FORM("trip", trip_parts, "trip SAFE_STATE"),
	[SEQ_GOTO] = FORM("step", step_parts, "step NUMBER"),
};

static const struct seq_part guard_parts[] = {
	PART(seq_guard, "", "name", NAME, MUST, name),
	PART(seq_guard, "in", "in", NUMBERS, MAY, in),
	PART(seq_guard, "when", "when", COND, MUST, when),
	PART(seq_guard, "->", "then", ACTION, MUST, then),
};
static const struct seq_part limit_parts[] = {
	PART(seq_header, "", "limit", REF, MUST, limited),
	PART(seq_header, "", "low", CONST, MUST, low),
	PART(seq_header, "..", "high", CONST, MUST, high),
};
const struct seq_form seq_guard_form =
	FORM("guard", guard_parts, "guard NAME when CONDITION for TIME -> ACTION");
const struct seq_form seq_limit_form = FORM("limit", limit_parts, "limit NAME LOW .. HIGH");
const struct seq_form seq_join_form = FORM("join", join_parts, "join timeout TIME -> ACTION");

bool
seq_has(const void *base, const struct seq_part *part)
{
	const char *at = (const char *)base + part->offset;
	void *list;

	switch ((enum seq_type)part->type) {
	case SEQ_T_EXPR:
	case SEQ_T_CONST:
	case SEQ_T_COND:
		return ((const struct seq_expr *)(const void *)at)->text != NULL;
	case SEQ_T_NAME:
	case SEQ_T_TEXT:
		return ((const struct seq_word *)(const void *)at)->text != NULL;
	case SEQ_T_REF:
		return ((const struct seq_ref *)(const void *)at)->name != NULL;
	case SEQ_T_INT:
		return ((const struct seq_int *)(const void *)at)->is;
	default:
		memcpy(&list, at, sizeof(list));
		return list != NULL;
	}
}
