/* target.h - what a request asks for: its path and parameters. Pure. */
#ifndef SERVE_TARGET_H
#define SERVE_TARGET_H

#include "base/err.h"
#include "serve/query.h"

#define TARGET_URI_MAX 4000 /* bytes of path and query; longer ones are answered with 414 */
#define TARGET_NAME_MAX 128
#define TARGET_PARAMS QUERY_PARAMS_MAX

enum route {
	ROUTE_BENCH,
	ROUTE_CHANNELS,
	ROUTE_CHANNEL,
	ROUTE_STREAM,
	ROUTE_INSTRUMENTS,
	ROUTE_INSTRUMENT,
	ROUTE_TRACE,
	ROUTE_HISTORY,
	ROUTE_HISTORY_ALL,
	ROUTE_GAPS,
	ROUTE_EVENTS,
	ROUTE_RUNS,
	ROUTE_RUN_ZIP,
	ROUTE_RUN,
	ROUTE_ALARMS,
	ROUTE_TRIPS,
	ROUTE_PROTECTION,
	ROUTE_SYNOPTIC,
	ROUTE_SEQUENCES,
	ROUTE_SEQUENCE,
	ROUTE_COMMAND,
	ROUTE_OPENAPI,
	ROUTE_FLAT_XML,
	ROUTE_FLAT_JSON,
	ROUTE_METRICS,
	ROUTE_GRAFANA,
	ROUTE_GRAFANA_BARE, /* as some write it */
	ROUTE_SESSION,      /* who one is; signing in and out are for http_session.c */
	ROUTE_SHARED,       /* what everybody sees */
	ROUTE_HOLD,         /* who holds the bench: the gate is asked, by http_orders.c */
	ROUTE_ACCOUNTS,     /* the gate is asked, by http_manage.c */
	ROUTE_TOKENS,       /* likewise */
	ROUTE_LINKS,        /* of guests, likewise */
	ROUTE_FILE,         /* the bench file, its versions, the audit: errands of http_orders.c */
	ROUTE_VERSIONS,
	ROUTE_VERSION,
	ROUTE_VERSION_DIFF,
	ROUTE_AUDIT,
	ROUTE_CATALOGUE, /* errands, too */
	ROUTE_CATALOGUE_ONE,
	ROUTE_CERTIFICATE, /* of "serve" or "public" */
	ROUTE_BACKUPS,
	ROUTE_BACKUP_FILE,
	ROUTE_COUNT,
	ROUTE_PAGE = ROUTE_COUNT, /* anything outside the table: perhaps a page */
};

struct route_row {
	const char *path; /* "/api/v1/channels/{name}" */
	bool has_xml;     /* comes as XML on demand, or with the suffix ".xml" */
	const char *params[TARGET_PARAMS + 1]; /* ends with NULL */
};

extern const struct route_row target_routes[ROUTE_COUNT];

/* What may be asked of the bench, with another method than GET. */
enum target_order {
	ORDER_SET,
	ORDER_SAFE,
	ORDER_ACK,
	ORDER_SHELVE,
	ORDER_UNSHELVE,
	ORDER_ACK_ALL,
	ORDER_ALARM_RESET,
	ORDER_ALARM_OUT,
	ORDER_ALARM_IN,
	ORDER_TRIP_RESET,
	ORDER_BYPASS,
	ORDER_BYPASS_END,
	ORDER_SILENCE,
	ORDER_SEQ_PREPARE,
	ORDER_SEQ_FORM,
	ORDER_SEQ_START,
	ORDER_SEQ_PAUSE,
	ORDER_SEQ_SAFE_PAUSE,
	ORDER_SEQ_RESUME,
	ORDER_SEQ_SKIP,
	ORDER_SEQ_GOTO,
	ORDER_SEQ_ABORT,
	ORDER_SEQ_ANSWER,
	ORDER_REHEARSE, /* commands nothing: a rehearsal */
	ORDER_HOLD,     /* take the bench, or hand it over */
	/* The bench file: errands of http_orders.c. */
	ORDER_FILE_CHECK,
	ORDER_FILE_PUT, /* of a part: a sequence */
	ORDER_SEQUENCE_CHECK,
	ORDER_UNDO,
	ORDER_DISCARD,
	ORDER_REASON,
	ORDER_RUN_START,
	ORDER_RUN_STOP,
	ORDER_RUN_NOTE,
	ORDER_CERTIFICATE_MAKE,
	ORDER_CERTIFICATE_PUT,
	ORDER_BACKUP_MAKE,
	ORDER_BACKUP_VERIFY,
	ORDER_BACKUP_REMOVE,
	ORDER_TRY,  /* an instrument is asked now */
	ORDER_SCAN, /* what is on a link that has none */
	/* Accounts and tokens: wish_manage.c. */
	ORDER_ACCOUNT_ADD,
	ORDER_ACCOUNT_CHANGE,
	ORDER_OWN, /* one's own password and PIN */
	ORDER_FACTOR,
	ORDER_FACTOR_OFF,
	ORDER_TOKEN_ADD,
	ORDER_TOKEN_REMOVE,
	ORDER_LINK_ADD,
	ORDER_LINK_REMOVE,
	ORDERS
};

struct order_row {
	const char *method, *path;
	const char *params[2]; /* ends with NULL */
};

extern const struct order_row target_orders[ORDERS];

struct target {
	enum route route;
	enum target_order order;     /* of target_parse_order() */
	bool is_xml;                 /* by suffix */
	char name[TARGET_NAME_MAX];  /* {name}, or the path of a page */
	char *params[TARGET_PARAMS]; /* values, in the order of route_row.params; NULL: not given */
	char text[TARGET_URI_MAX + 1]; /* what params point into */
};

/* Read an address as it stands in the request ("/api/v1/channels?names=a"), at most TARGET_URI_MAX bytes.
 * Returns 0; ERR_CONF: not an address of ours can be read from it, `err` tells why. */
int target_parse(const char *uri, struct target *out, struct err *err) MUST_CHECK;

/* The same for what commands the bench: TARGET_NO_ORDER when this method asks nothing at this address. */
#define TARGET_NO_ORDER 1
int target_parse_order(
	const char *method, const char *uri, struct target *out, struct err *err) MUST_CHECK;

/* What may be done at this address, for the header Allow: "GET, HEAD", "GET, HEAD, PUT", "POST". */
const char *target_allows(const char *uri);

#endif
