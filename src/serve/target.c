/* target.c - what a request asks for */
#include "serve/target.h"

#include <string.h>

#include "base/text.h"
#include "serve/grafana.h"
#include "serve/query.h"

/* Paths are matched piece by piece; {name} stands for one piece. openapi.json tells the same to others: a test compares. */
const struct route_row target_routes[ROUTE_COUNT] = {
	[ROUTE_BENCH] = { "/api/v1/bench", true, { NULL } },
	[ROUTE_CHANNELS] = { "/api/v1/channels", true, { "names", "prefix", NULL } },
	[ROUTE_CHANNEL] = { "/api/v1/channels/{name}", true, { NULL } },
	[ROUTE_STREAM] = { "/api/v1/stream", false, { "channels", NULL } },
	[ROUTE_INSTRUMENTS] = { "/api/v1/instruments", true, { NULL } },
	[ROUTE_INSTRUMENT] = { "/api/v1/instruments/{name}", true, { NULL } },
	[ROUTE_TRACE] = { "/api/v1/instruments/{name}/trace", true, { NULL } },
	[ROUTE_HISTORY] = { "/api/v1/history/{name}", false,
		{ "from", "to", "points", "format", "raw", "zone", "x", "since", NULL } },
	[ROUTE_HISTORY_ALL] = { "/api/v1/history", false,
		{ "channels", "from", "to", "points", "format", "raw", "zone", "x", "since",
			NULL } },
	[ROUTE_GAPS] = { "/api/v1/gaps", false, { "from", "to", NULL } },
	[ROUTE_EVENTS] = { "/api/v1/events", false,
		{ "kind", "from", "to", "limit", "subject", "language", "zone", "before", NULL } },
	[ROUTE_RUNS] = { "/api/v1/runs", false, { NULL } },
	[ROUTE_RUN_ZIP] = { "/api/v1/runs/{id}.zip", false, { "format", "zone", NULL } },
	[ROUTE_RUN] = { "/api/v1/runs/{id}", false, { NULL } },
	[ROUTE_ALARMS] = { "/api/v1/alarms", true, { "all", NULL } },
	[ROUTE_TRIPS] = { "/api/v1/trips", true, { "all", NULL } },
	[ROUTE_PROTECTION] = { "/api/v1/protection", true, { NULL } },
	[ROUTE_SYNOPTIC] = { "/api/v1/synoptic", false, { NULL } },
	[ROUTE_SEQUENCES] = { "/api/v1/sequences", true, { NULL } },
	[ROUTE_SEQUENCE] = { "/api/v1/sequence", true, { NULL } },
	[ROUTE_COMMAND] = { "/api/v1/commands/{id}", false, { NULL } },
	[ROUTE_OPENAPI] = { "/api/v1/openapi.json", false, { NULL } },
	[ROUTE_FLAT_XML] = { "/xml", false, { NULL } },
	[ROUTE_FLAT_JSON] = { "/json", false, { NULL } },
	[ROUTE_METRICS] = { "/metrics", false, { NULL } },
	[ROUTE_GRAFANA] = { "/grafana/", false, { NULL } },
	[ROUTE_GRAFANA_BARE] = { "/grafana", false, { NULL } },
	[ROUTE_SESSION] = { "/api/v1/session", false, { NULL } },
	[ROUTE_SHARED] = { "/api/v1/shared", true, { NULL } },
	[ROUTE_HOLD] = { "/api/v1/hold", false, { NULL } },
	[ROUTE_ACCOUNTS] = { "/api/v1/accounts", false, { NULL } },
	[ROUTE_TOKENS] = { "/api/v1/tokens", false, { NULL } },
	[ROUTE_LINKS] = { "/api/v1/links", false, { NULL } },
	[ROUTE_FILE] = { "/api/v1/bench/file", false, { "part", NULL } },
	[ROUTE_VERSIONS] = { "/api/v1/bench/versions", false, { NULL } },
	[ROUTE_VERSION] = { "/api/v1/bench/versions/{n}", false, { NULL } },
	[ROUTE_VERSION_DIFF] = { "/api/v1/bench/versions/{n}/diff", false, { "to", NULL } },
	[ROUTE_AUDIT] = { "/api/v1/audit", false,
		{ "since", "who", "act", "limit", "before", NULL } },
	[ROUTE_CATALOGUE] = { "/api/v1/catalogue", false, { NULL } },
	[ROUTE_CATALOGUE_ONE] = { "/api/v1/catalogue/{name}", false, { NULL } },
	[ROUTE_CERTIFICATE] = { "/api/v1/certificates/{name}", false, { NULL } },
	[ROUTE_BACKUPS] = { "/api/v1/backups", false, { NULL } },
	[ROUTE_BACKUP_FILE] = { "/api/v1/backups/{name}/file", false, { NULL } },
};

const struct order_row target_orders[ORDERS] = {
	[ORDER_SET] = { "PUT", "/api/v1/channels/{name}", { "wait", NULL } },
	[ORDER_SAFE] = { "POST", "/api/v1/safe", { "wait", NULL } },
	[ORDER_ACK] = { "POST", "/api/v1/alarms/{name}/ack", { "wait", NULL } },
	[ORDER_SHELVE] = { "POST", "/api/v1/alarms/{name}/shelve", { "wait", NULL } },
	[ORDER_UNSHELVE] = { "POST", "/api/v1/alarms/{name}/unshelve", { "wait", NULL } },
	[ORDER_ACK_ALL] = { "POST", "/api/v1/alarms/ack", { "wait", NULL } },
	[ORDER_ALARM_RESET] = { "POST", "/api/v1/alarms/{name}/reset", { "wait", NULL } },
	[ORDER_ALARM_OUT] = { "POST", "/api/v1/alarms/{name}/out", { "wait", NULL } },
	[ORDER_ALARM_IN] = { "POST", "/api/v1/alarms/{name}/in", { "wait", NULL } },
	[ORDER_TRIP_RESET] = { "POST", "/api/v1/trips/{name}/reset", { "wait", NULL } },
	[ORDER_BYPASS] = { "POST", "/api/v1/trips/{name}/bypass", { "wait", NULL } },
	[ORDER_BYPASS_END] = { "POST", "/api/v1/trips/{name}/end", { "wait", NULL } },
	[ORDER_SILENCE] = { "POST", "/api/v1/silence", { "wait", NULL } },
	[ORDER_SEQ_PREPARE] = { "POST", "/api/v1/sequence/prepare", { "wait", NULL } },
	[ORDER_SEQ_FORM] = { "POST", "/api/v1/sequence/form", { "wait", NULL } },
	[ORDER_SEQ_START] = { "POST", "/api/v1/sequence/start", { "wait", NULL } },
	[ORDER_SEQ_PAUSE] = { "POST", "/api/v1/sequence/pause", { "wait", NULL } },
	[ORDER_SEQ_SAFE_PAUSE] = { "POST", "/api/v1/sequence/safe-pause", { "wait", NULL } },
	[ORDER_SEQ_RESUME] = { "POST", "/api/v1/sequence/resume", { "wait", NULL } },
	[ORDER_SEQ_SKIP] = { "POST", "/api/v1/sequence/skip", { "wait", NULL } },
	[ORDER_SEQ_GOTO] = { "POST", "/api/v1/sequence/goto", { "wait", NULL } },
	[ORDER_SEQ_ABORT] = { "POST", "/api/v1/sequence/abort", { "wait", NULL } },
	[ORDER_SEQ_ANSWER] = { "POST", "/api/v1/sequence/answer", { "wait", NULL } },
	[ORDER_HOLD] = { "POST", "/api/v1/hold", { "wait", NULL } },
	[ORDER_FILE_CHECK] = { "POST", "/api/v1/bench/file/check", { NULL } },
	[ORDER_FILE_PUT] = { "PUT", "/api/v1/bench/file", { "part", NULL } },
	[ORDER_SEQUENCE_CHECK] = { "POST", "/api/v1/sequences/check", { NULL } },
	[ORDER_UNDO] = { "POST", "/api/v1/bench/undo", { NULL } },
	[ORDER_DISCARD] = { "POST", "/api/v1/bench/discard", { NULL } },
	[ORDER_REASON] = { "POST", "/api/v1/bench/reason", { NULL } },
	[ORDER_RUN_START] = { "POST", "/api/v1/record/start", { NULL } },
	[ORDER_RUN_STOP] = { "POST", "/api/v1/record/stop", { NULL } },
	[ORDER_RUN_NOTE] = { "POST", "/api/v1/runs/{id}/notes", { NULL } },
	[ORDER_CERTIFICATE_MAKE] = { "POST", "/api/v1/certificates/{name}", { NULL } },
	[ORDER_CERTIFICATE_PUT] = { "PUT", "/api/v1/certificates/{name}", { NULL } },
	[ORDER_BACKUP_MAKE] = { "POST", "/api/v1/backups", { NULL } },
	[ORDER_BACKUP_VERIFY] = { "POST", "/api/v1/backups/{name}/verify", { NULL } },
	[ORDER_BACKUP_REMOVE] = { "DELETE", "/api/v1/backups/{name}", { NULL } },
	[ORDER_TRY] = { "POST", "/api/v1/instruments/{name}/try", { NULL } },
	[ORDER_SCAN] = { "POST", "/api/v1/scan", { NULL } },
	[ORDER_REHEARSE] = { "POST", "/api/v1/sequences/{name}/rehearse", { "form", NULL } },
	[ORDER_ACCOUNT_ADD] = { "POST", "/api/v1/accounts", { NULL } },
	[ORDER_ACCOUNT_CHANGE] = { "PATCH", "/api/v1/accounts/{name}", { NULL } },
	[ORDER_OWN] = { "PATCH", "/api/v1/session", { NULL } },
	[ORDER_FACTOR] = { "POST", "/api/v1/accounts/{name}/second-factor", { NULL } },
	[ORDER_FACTOR_OFF] = { "DELETE", "/api/v1/accounts/{name}/second-factor", { NULL } },
	[ORDER_TOKEN_ADD] = { "POST", "/api/v1/tokens", { NULL } },
	[ORDER_TOKEN_REMOVE] = { "DELETE", "/api/v1/tokens/{name}", { NULL } },
	[ORDER_LINK_ADD] = { "POST", "/api/v1/links", { NULL } },
	[ORDER_LINK_REMOVE] = { "DELETE", "/api/v1/links/{name}", { NULL } },
};

/* Does `path` (n bytes) fit the pattern? *out_name, *out_n: what stands for {name}. */
static bool
fits(const char *pattern, const char *path, size_t n, const char **out_name, size_t *out_n)
{
	const char *end = path + n;

	while (*pattern != '\0') {
		if (*pattern == '{') {
			const char *from = path;

			while (path < end && *path != '/')
				path++;
			pattern = strchr(pattern, '}') + 1;
			path -= MIN(strcspn(pattern, "/"), (size_t)(path - from)); /* ".zip" */
			if (path == from)
				return false;
			*out_name = from;
			*out_n = (size_t)(path - from);
		} else if (path < end && *path == *pattern) {
			path++;
			pattern++;
		} else {
			return false;
		}
	}
	return path == end;
}

static bool
ends_with(const char *text, size_t n, const char *tail)
{
	size_t k = strlen(tail);

	return n > k && memcmp(text + n - k, tail, k) == 0;
}

static int
take_name(struct target *out, const char *name, size_t n, struct err *err)
{
	if (n >= sizeof(out->name))
		return err_set(err, ERR_CONF, 0,
			"a name of %zu bytes; names have at most %d, see the lists", n,
			TARGET_NAME_MAX - 1);
	memcpy(out->name, name, n);
	out->name[n] = '\0';
	return query_decode(out->name, false, "the path", err);
}

/* The route of a path of n bytes; a suffix ".xml" is cut off where the document has an XML form. */
static int
find_route(const char *path, size_t n, struct target *out, struct err *err)
{
	bool has_suffix = ends_with(path, n, ".xml");

	for (int r = 0; r < ROUTE_COUNT; r++) {
		const struct route_row *row = &target_routes[r];
		const char *name = "";
		size_t n_name = 0, cut = row->has_xml && has_suffix ? 4 : 0;

		if (!fits(row->path, path, n - cut, &name, &n_name))
			continue;
		out->route = r;
		out->is_xml = cut > 0;
		return take_name(out, name, n_name, err);
	}
	out->route = ROUTE_PAGE;
	return take_name(out, path, n, err);
}

/* What stands behind '?', by the names that are known. */
static int
take_params(const char *text, const char *const *known, struct target *out, struct err *err)
{
	struct query query;
	size_t n = 0;
	int rc;

	while (known != NULL && known[n] != NULL)
		n++;
	if (!text_copy(out->text, sizeof(out->text), text))
		return err_set(err, ERR_CONF, 0, "a query over %d bytes; ask for fewer names",
			TARGET_URI_MAX);
	rc = query_parse(out->text, known, n, &query, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		out->params[i] = query.values[i];
	return rc;
}

int
target_parse(const char *uri, struct target *out, struct err *err)
{
	size_t n = strcspn(uri, "?");
	int rc;

	out->is_xml = false;
	memset(out->params, 0, sizeof(out->params));
	rc = find_route(uri, n, out, err);
	if (rc < 0 || uri[n] == '\0')
		return rc;
	return take_params(uri + n + 1,
		out->route != ROUTE_PAGE ? target_routes[out->route].params : NULL, out, err);
}

int
target_parse_order(const char *method, const char *uri, struct target *out, struct err *err)
{
	size_t n = strcspn(uri, "?");

	memset(out->params, 0, sizeof(out->params));
	for (int o = 0; o < ORDERS; o++) {
		const struct order_row *row = &target_orders[o];
		const char *name = "";
		size_t n_name = 0;
		int rc;

		if (strcmp(row->method, method) != 0 || !fits(row->path, uri, n, &name, &n_name))
			continue;
		out->order = o;
		rc = take_name(out, name, n_name, err);
		if (rc < 0 || uri[n] == '\0')
			return rc;
		return take_params(uri + n + 1, row->params, out, err);
	}
	return TARGET_NO_ORDER;
}

const char *
target_allows(const char *uri)
{
	static const char *const allows[ORDERS] = {
		[ORDER_SET] = "GET, HEAD, PUT",
		[ORDER_HOLD] = "GET, HEAD, POST",
		[ORDER_FILE_PUT] = "GET, HEAD, PUT",
		[ORDER_CERTIFICATE_MAKE] = "GET, HEAD, POST, PUT",
		[ORDER_BACKUP_MAKE] = "GET, HEAD, POST",
		[ORDER_BACKUP_REMOVE] = "DELETE",
		[ORDER_ACCOUNT_ADD] = "GET, HEAD, POST",
		[ORDER_ACCOUNT_CHANGE] = "PATCH",
		[ORDER_FACTOR] = "POST, DELETE",
		[ORDER_TOKEN_ADD] = "GET, HEAD, POST",
		[ORDER_TOKEN_REMOVE] = "DELETE",
		[ORDER_LINK_ADD] = "GET, HEAD, POST",
		[ORDER_LINK_REMOVE] = "DELETE",
	};
	size_t n = strcspn(uri, "?"), n_name;
	const char *name;

	if (fits(target_routes[ROUTE_SESSION].path, uri, n, &name, &n_name))
		return "GET, HEAD, POST, PATCH, DELETE";
	for (int o = 0; o < ORDERS; o++)
		if (fits(target_orders[o].path, uri, n, &name, &n_name))
			return allows[o] != NULL ? allows[o] : "POST";
	return grafana_find(uri) != GRAFANA_PATHS ? "POST" : "GET, HEAD";
}
