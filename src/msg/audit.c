/* audit.c - lines that are bound to one another */
#include "msg/audit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/text.h"

#define HASH_HEAD ",\"hash\":\""
#define HASH_TAIL "\"}"
/* `,"hash":"` and 64 digits and `"}` end each line. */
#define END_BYTES (sizeof(HASH_HEAD) - 1 + SHA256_HEX + sizeof(HASH_TAIL) - 1)
#define LINE_HEAD "{\"n\":"

const char audit_begin[AUDIT_HASH] =
	"0000000000000000000000000000000000000000000000000000000000000000";

static void
bind(char out[AUDIT_HASH], const char before[AUDIT_HASH], const char *line, size_t n)
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, before, SHA256_HEX);
	sha256_add(&s, line, n);
	sha256_end_hex(&s, out);
}

static void
put_text(struct json *j, const char *key, const char *text)
{
	if (text[0] != '\0')
		json_text(j, key, text);
}

/* What somebody wrote: it may have a password in it that was meant for another line. */
static void
put_masked(struct json *j, const char *key, const char *text)
{
	char masked[AUDIT_LINE_MAX];

	text_copy(masked, sizeof(masked), text);
	mask_text(masked);
	put_text(j, key, masked);
}

void
audit_write(struct buf *out, const struct audit_record *r, char hash[AUDIT_HASH])
{
	size_t at = out->n;
	char when[CLOCK_TEXT_SIZE], own[AUDIT_HASH];
	struct json j;

	clock_text(when, r->wall_ns);
	json_open(&j, out);
	json_object(&j, NULL);
	json_uint(&j, "n", r->n);
	json_text(&j, "time", when);
	put_text(&j, "who", r->who);
	put_text(&j, "from", r->from);
	put_text(&j, "act", r->act);
	put_text(&j, "subject", r->subject);
	put_masked(&j, "value", r->value);
	put_masked(&j, "text", r->text);
	put_text(&j, "result", r->result);
	put_masked(&j, "why", r->why);
	put_text(&j, "id", r->id);
	if (r->event != 0)
		json_uint(&j, "event", r->event);
	if (r->times != 0)
		json_uint(&j, "times", r->times);
	bind(own, hash, out->data + at, out->n - at);
	json_text(&j, "hash", own);
	json_end(&j);
	buf_putc(out, '\n');
	memcpy(hash, own, AUDIT_HASH);
}

/* The number with which a line begins; 0: it has not the form of a record. */
static uint64_t
number_of(const char *line, size_t n)
{
	const char *end = line + n - END_BYTES;
	uint64_t number = 0;

	if (n < sizeof(LINE_HEAD) + END_BYTES ||
		memcmp(line, LINE_HEAD, sizeof(LINE_HEAD) - 1) != 0 ||
		memcmp(end, HASH_HEAD, sizeof(HASH_HEAD) - 1) != 0 ||
		memcmp(line + n - 2, HASH_TAIL, 2) != 0)
		return 0;
	for (const char *at = line + sizeof(LINE_HEAD) - 1; *at >= '0' && *at <= '9'; at++) {
		if (number > (UINT64_MAX - 9) / 10)
			return 0;
		number = number * 10 + (uint64_t)(*at - '0');
	}
	return number;
}

enum audit_line
audit_check(const char *line, size_t n, char hash[AUDIT_HASH], uint64_t *out_n)
{
	uint64_t number = n > END_BYTES ? number_of(line, n) : 0;
	char own[AUDIT_HASH];
	bool is_good;

	if (out_n != NULL)
		*out_n = number;
	if (number == 0)
		return AUDIT_NO_LINE;
	bind(own, hash, line, n - END_BYTES);
	memcpy(hash, line + n - 2 - SHA256_HEX, SHA256_HEX);
	hash[SHA256_HEX] = '\0';
	is_good = memcmp(own, hash, SHA256_HEX) == 0;
	return is_good ? AUDIT_GOOD : AUDIT_OTHER;
}

/* Quotes inside of texts are escaped, so that this can stand there as itself alone. */
static const char *
find(const char *line, size_t n, const char *what)
{
	return memmem(line, n, what, strlen(what));
}

/* One character of a JSON text: its bytes; *used: how many it took. What is no letter of ours becomes a '?'. */
static char
plain(const char *at, size_t n, size_t *used)
{
	*used = 1;
	if (at[0] != '\\' || n < 2)
		return at[0];
	*used = at[1] == 'u' ? 6 : 2;
	switch (at[1]) {
	case '"':
	case '\\':
	case '/':
		return at[1];
	case 'n':
	case 't':
	case 'r':
		return ' ';
	default:
		return '?';
	}
}

bool
audit_get(const char *line, size_t n, const char *key, char *out, size_t cap)
{
	const char *end = line + n, *at;
	char want[48];
	size_t k = 0, used;

	out[0] = '\0';
	snprintf(want, sizeof(want), "\"%.30s\":", key);
	at = find(line, n, want);
	if (at == NULL || at == line || (at[-1] != ',' && at[-1] != '{'))
		return false;
	at += strlen(want);
	if (at < end && *at == '"') {
		for (at++; at < end && *at != '"' && k + 1 < cap;
			at += MIN(used, (size_t)(end - at)))
			out[k++] = plain(at, (size_t)(end - at), &used);
	} else {
		while (at < end && *at != ',' && *at != '}' && k + 1 < cap)
			out[k++] = *at++;
	}
	out[text_utf8(out, k)] = '\0';
	return true;
}

bool
audit_is_about_file(const char *line, size_t n, const char *act)
{
	char want[64];

	snprintf(want, sizeof(want), ",\"from\":\"gate\",\"act\":\"%.24s\"", act);
	return find(line, n, want) != NULL;
}
