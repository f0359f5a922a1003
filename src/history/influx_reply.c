/* influx_reply.c - what an InfluxDB says
 *
 * Source: docs.influxdata.com/influxdb/v1.8/tools/api (write: 204, 400, 401, 404, 413, 500) and v2/api (204, 400, 401, 404, 413, 422, 429, 503).
 * Of version 1 a "partial write: ... dropped=N" has written all lines but those; a line it cannot read spoils the others in some versions, so that then the
 * bad ones are looked for.
 */
#include "history/influx_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define RETRY_MAX_S 3600

/* The text behind "error": or "message": of JSON, as one line without what a terminal would take for an order. */
static void
reason_of(const char *body, char *out, size_t cap)
{
	static const char *const keys[] = { "\"error\":\"", "\"message\":\"", "\"error\": \"",
		"\"message\": \"" };
	const char *at = body;
	size_t n = 0;

	for (size_t i = 0; i < NELEM(keys); i++) {
		const char *found = strstr(body, keys[i]);

		if (found != NULL) {
			at = found + strlen(keys[i]);
			break;
		}
	}
	for (; *at != '\0' && n + 1 < cap; at++) {
		if (*at == '\\' && at[1] != '\0') {
			at++;
			out[n++] = *at == 'n' || *at == 't' ? ' ' : *at;
			continue;
		}
		if (*at == '"')
			break;
		out[n++] = (unsigned char)*at < 0x20 || *at == 0x7F ? ' ' : *at;
	}
	out[text_utf8(out, n)] = '\0';
}

static uint64_t
dropped_of(const char *reason)
{
	const char *at = strstr(reason, "dropped=");

	return at == NULL ? 0 : strtoull(at + 8, NULL, 10);
}

static void
judge_lines(const char *reason, struct influx_verdict *out)
{
	bool is_part = strstr(reason, "partial write") != NULL;

	out->dropped = is_part ? dropped_of(reason) : 0;
	out->next = out->dropped > 0 ? INFLUX_PART : INFLUX_SPLIT;
	if (strstr(reason, "field type conflict") != NULL)
		snprintf(out->remedy, sizeof(out->remedy),
			"the channel had another type there; drop its measurement, or write to "
			"another "
			"data base");
	else if (strstr(reason, "retention policy") != NULL)
		snprintf(out->remedy, sizeof(out->remedy),
			"they are older than what is kept there; lengthen its retention policy");
}

void
influx_judge(int version, long status, const char *body, size_t n, const char *retry_after,
	struct influx_verdict *out)
{
	const char *what = version == 1 ? "data base" : "bucket";
	char *text = mem_text_n(n > 0 ? body : "", n > 0 ? n : 0), reason[140];
	long seconds = strtol(retry_after, NULL, 10);

	reason_of(text, reason, sizeof(reason));
	free(text);
	memset(out, 0, sizeof(*out));
	out->next = INFLUX_WAIT;
	if (status >= 200 && status < 300) {
		out->next = INFLUX_GOOD;
		return;
	}
	out->wait_ns = seconds > 0 ? MIN(seconds, (long)RETRY_MAX_S) * NS_PER_S : 0;
	snprintf(out->text, sizeof(out->text), "HTTP status %ld%s%s", status,
		reason[0] != '\0' ? ": " : "", reason);
	switch (status) {
	case 400:
	case 422:
		judge_lines(reason, out);
		break;
	case 413:
		out->next = INFLUX_SPLIT;
		break;
	case 401:
	case 403:
		snprintf(out->remedy, sizeof(out->remedy), "%s",
			version == 1
				? "correct user and password, or let that user write there"
				: "correct the token, or give it the right to write to the bucket");
		break;
	case 404:
		snprintf(out->remedy, sizeof(out->remedy),
			"make the %s there, or correct its name and 'version'", what);
		break;
	default:
		if (status >= 300 && status < 400)
			snprintf(out->remedy, sizeof(out->remedy),
				"redirections are not followed; write the address that it has now");
	}
}
