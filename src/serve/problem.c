/* problem.c - problem documents */
#include "serve/problem.h"

#include <string.h>

#include "base/json.h"
#include "base/mask.h"
#include "base/text.h"
#include "msg/command.h"

static const struct row {
	unsigned status;
	const char *type, *title;
} rows[PROBLEM_COUNT] = {
	[PROBLEM_BAD_REQUEST] = { 400, "urn:mbc:problem:bad-request",
		"The request cannot be read" },
	[PROBLEM_NO_BODY] = { 413, "urn:mbc:problem:no-body",
		"Requests with a body are not taken" },
	[PROBLEM_WRONG_HOST] = { 421, "urn:mbc:problem:wrong-host",
		"This server is not the one that was asked for" },
	[PROBLEM_NOT_FOUND] = { 404, "urn:mbc:problem:not-found",
		"There is nothing at this address" },
	[PROBLEM_UNKNOWN_CHANNEL] = { 404, "urn:mbc:problem:unknown-channel",
		"There is no such channel" },
	[PROBLEM_UNKNOWN_INSTRUMENT] = { 404, "urn:mbc:problem:unknown-instrument",
		"There is no such instrument" },
	[PROBLEM_READ_ONLY] = { 405, "urn:mbc:problem:read-only", "This method asks nothing here" },
	[PROBLEM_TOO_LONG] = { 414, "urn:mbc:problem:too-long", "The address is too long" },
	[PROBLEM_BUSY] = { 503, "urn:mbc:problem:busy", "Too much at once" },
	[PROBLEM_NO_BOARD] = { 503, "urn:mbc:problem:no-board", "The bench is not running yet" },
	[PROBLEM_NO_HISTORY] = { 503, "urn:mbc:problem:no-history",
		"The history cannot be read now" },
	[PROBLEM_HISTORY_DAMAGED] = { 500, "urn:mbc:problem:history-damaged",
		"The history cannot be read as it is" },
	[PROBLEM_NO_ALARMS] = { 503, "urn:mbc:problem:no-alarms",
		"What the bench watches is not known yet" },
	[PROBLEM_NO_LINK] = { 401, "urn:mbc:problem:no-link", "A link is needed" },
	[PROBLEM_NO_TOKEN] = { 401, "urn:mbc:problem:no-token", "Commands need a token" },
	[PROBLEM_FORBIDDEN] = { 403, "urn:mbc:problem:forbidden", "This token may not ask that" },
	[PROBLEM_FOREIGN] = { 403, "urn:mbc:problem:foreign",
		"Commands are taken from this computer alone" },
	[PROBLEM_STRANGER] = { 403, "urn:mbc:problem:stranger",
		"Pages of other origins get no answer" },
	[PROBLEM_BODY_TYPE] = { 415, "urn:mbc:problem:body-type",
		"The body is not of a type that is read here" },
	[PROBLEM_BODY_LONG] = { 413, "urn:mbc:problem:body-long", "The body is too long" },
	[PROBLEM_NO_GATE] = { 503, "urn:mbc:problem:no-gate", "Commands are not taken now" },
	[PROBLEM_NO_COMMAND] = { 404, "urn:mbc:problem:no-command", "No such command is known" },
	[PROBLEM_CONFLICT] = { 409, "urn:mbc:problem:conflict", "The command is not taken" },
	[PROBLEM_REFUSED] = { 409, "urn:mbc:problem:refused", "The bench refuses the command" },
	[PROBLEM_FAILED] = { 502, "urn:mbc:problem:failed", "The command was not done" },
	[PROBLEM_UNKNOWN] = { 504, "urn:mbc:problem:unknown",
		"Nobody knows whether the command was done" },
	[PROBLEM_NO_SEQUENCE] = { 404, "urn:mbc:problem:no-sequence", "There is no such sequence" },
	[PROBLEM_NOT_REHEARSED] = { 422, "urn:mbc:problem:not-rehearsed",
		"The sequence cannot be started like that" },
	[PROBLEM_REHEARSING] = { 429, "urn:mbc:problem:rehearsing", "One rehearsal at a time" },
	[PROBLEM_REHEARSAL_FAILED] = { 500, "urn:mbc:problem:rehearsal-failed",
		"The rehearsal has no result" },
	[PROBLEM_SIGN_IN] = { 401, "urn:mbc:problem:sign-in", "Sign in first" },
	[PROBLEM_NOT_GRANTED] = { 403, "urn:mbc:problem:not-granted",
		"This account may not see that" },
	[PROBLEM_WRONG_PASSWORD] = { 401, "urn:mbc:problem:wrong-password",
		"Name or password is wrong" },
	[PROBLEM_TOO_MANY_WRONG] = { 429, "urn:mbc:problem:too-many-wrong",
		"Too many wrong passwords" },
	[PROBLEM_CODE_NEEDED] = { 401, "urn:mbc:problem:code-needed",
		"A code of the second factor is needed" },
	[PROBLEM_NOT_MANAGER] = { 403, "urn:mbc:problem:not-manager",
		"This account may not change that" },
	[PROBLEM_NO_ACCOUNT] = { 404, "urn:mbc:problem:no-account",
		"There is no such account or token" },
	[PROBLEM_NOT_CHANGED] = { 409, "urn:mbc:problem:not-changed", "Nothing was changed" },
	[PROBLEM_NO_VERSION] = { 404, "urn:mbc:problem:no-version",
		"There is no such file or version" },
	[PROBLEM_FILE_CONFLICT] = { 409, "urn:mbc:problem:bench-file-conflict",
		"The bench file is not written as things are" },
	[PROBLEM_FILE_ERRORS] = { 422, "urn:mbc:problem:bench-file-errors",
		"The bench file has errors" },
	[PROBLEM_ONE_AT_A_TIME] = { 429, "urn:mbc:problem:one-at-a-time",
		"One question of this kind at a time" },
	[PROBLEM_NO_ROOM] = { 507, "urn:mbc:problem:no-room", "There is no room for it" },
	[PROBLEM_ERRAND_FAILED] = { 500, "urn:mbc:problem:errand-failed",
		"The question has no answer" },
	[PROBLEM_NOT_KEPT] = { 404, "urn:mbc:problem:not-kept",
		"There is no such certificate or backup" },
	[PROBLEM_NOT_NOW] = { 409, "urn:mbc:problem:not-now", "It is not done as things are" },
	[PROBLEM_NOT_GOOD] = { 422, "urn:mbc:problem:not-good", "What was sent is not good" },
	[PROBLEM_NOT_DONE] = { 503, "urn:mbc:problem:not-done", "It cannot be done now" },
};

unsigned
problem_status(enum problem p)
{
	return rows[p].status;
}

void
problem_write_command(struct buf *out, enum problem p, const char *detail, const char *instance,
	const char *id, const char *verdict)
{
	char path[200], shown[VERDICT_TEXT];
	struct json j;
	size_t n;

	text_copy(shown, sizeof(shown), detail);
	mask_text(shown);
	shown[text_utf8(shown, strlen(shown))] =
		'\0'; /* what it quotes may have been cut inside of a character */
	text_copy(path, sizeof(path), instance);
	n = text_utf8(path, strcspn(path, "?"));
	path[n] = '\0';
	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "type", rows[p].type);
	json_text(&j, "title", rows[p].title);
	json_uint(&j, "status", rows[p].status);
	json_text(&j, "detail", shown);
	json_text(&j, "instance", path);
	if (id != NULL)
		json_text(&j, "id", id);
	if (verdict != NULL)
		json_text(&j, "verdict", verdict);
	json_end(&j);
	buf_putc(out, '\n');
}

void
problem_write(struct buf *out, enum problem p, const char *detail, const char *instance)
{
	problem_write_command(out, p, detail, instance, NULL, NULL);
}
