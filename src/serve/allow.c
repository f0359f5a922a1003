/* allow.c - what somebody may see who does not see all */
#include "serve/allow.h"

#include <string.h>

#include "base/text.h"
#include "msg/accounts.h"
#include "msg/tokens.h"

bool
allow_is_all(const char *only)
{
	return only == NULL || strcmp(only, "*") == 0;
}

bool
allow_name(const char *only, const char *name)
{
	return allow_is_all(only) || tokens_only_fits(only, name);
}

bool
allow_channel(const char *only, const struct board *b, uint32_t channel)
{
	const struct board_channel *ch;
	const char *name, *dot;
	char owner[128];

	if (allow_is_all(only))
		return true;
	ch = board_channel(b, channel);
	name = board_text(b, ch->name);
	if (tokens_only_fits(only, name))
		return true;
	dot = strrchr(name, '.');
	if (ch->source_kind != SOURCE_STATE || dot == NULL || (size_t)(dot - name) >= sizeof(owner))
		return false;
	memcpy(owner, name, (size_t)(dot - name));
	owner[dot - name] = '\0';
	return tokens_only_fits(only, owner);
}

bool
allow_route(const char *only, unsigned rights, enum route route)
{
	switch (route) {
	case ROUTE_OPENAPI:
	case ROUTE_SESSION:
	case ROUTE_PAGE:
	case ROUTE_ACCOUNTS: /* for the gate to say */
	case ROUTE_TOKENS:
	case ROUTE_LINKS:
		return true;
	case ROUTE_COMMAND:
	case ROUTE_HOLD:
		return rights != 0;
	case ROUTE_FILE:
	case ROUTE_VERSIONS:
	case ROUTE_VERSION:
	case ROUTE_VERSION_DIFF:
	case ROUTE_AUDIT:
	case ROUTE_CATALOGUE:
	case ROUTE_CATALOGUE_ONE:
	case ROUTE_CERTIFICATE:
	case ROUTE_BACKUPS:
	case ROUTE_BACKUP_FILE:
		return true; /* the gate says so, and puts it on record */
	case ROUTE_BENCH:
	case ROUTE_CHANNELS:
	case ROUTE_CHANNEL:
	case ROUTE_STREAM:
	case ROUTE_HISTORY:
	case ROUTE_HISTORY_ALL:
	case ROUTE_GAPS:
	case ROUTE_ALARMS:
	case ROUTE_TRIPS:
	case ROUTE_FLAT_XML:
	case ROUTE_FLAT_JSON:
	case ROUTE_METRICS:
	case ROUTE_GRAFANA:
	case ROUTE_GRAFANA_BARE:
		return (rights & 1u << RIGHT_READ) != 0;
	case ROUTE_INSTRUMENTS:
	case ROUTE_INSTRUMENT:
	case ROUTE_TRACE:
	case ROUTE_EVENTS:
	case ROUTE_RUNS:
	case ROUTE_RUN:
	case ROUTE_RUN_ZIP:
	case ROUTE_SEQUENCES:
	case ROUTE_PROTECTION:
	case ROUTE_SYNOPTIC:
	case ROUTE_SEQUENCE:
	case ROUTE_SHARED:
		return allow_is_all(only);
	}
	return false;
}

bool
allow_list(const char *only, const struct board *b, uint32_t n_channels, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < n_channels; i++) {
		const char *name = board_text(b, board_channel(b, i)->name);
		size_t n = strlen(name);

		if (!allow_channel(only, b, i))
			continue;
		if (at + n + 2 > cap)
			return false;
		if (at > 0)
			out[at++] = ',';
		memcpy(out + at, name, n + 1);
		at += n;
	}
	return true;
}

bool
allow_names(const char *only, const char *list)
{
	char name[TARGET_NAME_MAX];

	for (const char *at = list; *at != '\0'; at += *at == ',') {
		size_t n = strcspn(at, ",");

		if (n >= sizeof(name))
			return false;
		memcpy(name, at, n);
		name[n] = '\0';
		if (n > 0 && !allow_name(only, name))
			return false;
		at += n;
	}
	return true;
}
