/* schema_notify.c - what may stand in a bench file about people who are told: the tables */
#include "compile/schema.h"

#include "base/err.h"
#include "model/image.h"

#define MS(n) ((n)*NS_PER_MS)
#define S(n) ((n)*NS_PER_S)
#define HOUR S(3600)
#define DAY (24 * HOUR)
#define LATER(key, text)                                                                           \
	{                                                                                          \
		.name = key, .kind = KEY_LATER, .help = text                                       \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

static const char *const words_language[] = { "en", "fr", NULL };
static const char *const words_below[] = { "medium", "high", "critical", NULL };
static const char *const words_until[] = { "acknowledged", "over", NULL };
/* In the order of enum push_kind. */
static const char *const words_push[] = { "ntfy", "gotify", "pushover", "telegram", "webhook",
	"text", "eedomus", NULL };

const struct key schema_by[] = {
	[PRIORITY_LOW] = { .name = "low",
		.kind = KEY_LIST,
		.help = "the ways for this priority: [mail, push]; []: not at all" },
	[PRIORITY_MEDIUM] = { .name = "medium",
		.kind = KEY_LIST,
		.help = "the ways for this priority: [mail, push]; []: not at all" },
	[PRIORITY_HIGH] = { .name = "high",
		.kind = KEY_LIST,
		.help = "the ways for this priority: [mail, push]; []: not at all" },
	[PRIORITY_CRITICAL] = { .name = "critical",
		.kind = KEY_LIST,
		.help = "the ways for this priority: [mail, push]; []: not at all" },
	END,
};

const struct key schema_quiet[] = {
	[QUIET_FROM] = { .name = "from",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "time of the day: \"22:00\"" },
	[QUIET_TO] = { .name = "to",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "time of the day: \"06:30\"" },
	[QUIET_BELOW] = { .name = "below",
		.kind = KEY_CHOICE,
		.words = words_below,
		.def = "high",
		.help = "what has a lower priority waits for the end, and comes as one message" },
	END,
};

const struct key schema_chain_step[] = {
	[CHAIN_STEP_TO] = { .name = "to",
		.kind = KEY_LIST,
		.is_needed = true,
		.help = "who is told: a name under notify:, or a list" },
	[CHAIN_STEP_AFTER] = { .name = "after",
		.kind = KEY_SPAN,
		.min = 0,
		.max = 7 * DAY,
		.def = "0 s",
		.help = "when nobody has acknowledged by then, counted from the alarm" },
	[CHAIN_STEP_BY] = { .name = "by",
		.kind = KEY_LIST,
		.help = "mail, push; left out: as each person has it" },
	END,
};

const struct key schema_chain_again[] = {
	[CHAIN_AGAIN_AFTER] = { .name = "after",
		.kind = KEY_SPAN,
		.is_needed = true,
		.min = S(60),
		.max = 7 * DAY,
		.help = "the chain begins anew so long after its last step" },
	[CHAIN_AGAIN_TIMES] = { .name = "times",
		.kind = KEY_INT,
		.min = 1,
		.max = RECEIVER_AGAIN_MAX,
		.def = "3",
		.help = "how often" },
	END,
};

const struct key schema_shift[] = {
	[SHIFT_FROM] = { .name = "from",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "a day and time at the bench: \"2026-08-03 08:00\"" },
	[SHIFT_TO] = { .name = "to",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "a day and time at the bench: \"2026-08-17 08:00\"" },
	[SHIFT_WHO] = { .name = "to_whom",
		.kind = KEY_LIST,
		.is_needed = true,
		.help = "who is on duty in between: a name under notify:, or a list" },
	END,
};

const struct key schema_receiver[] = {
	[RECEIVER_TITLE] = { .name = "title",
		.kind = KEY_TEXTS,
		.help = "what people see beside its name: a text, or {en: TEXT, fr: TEXT}" },
	[RECEIVER_MAIL] = { .name = "mail",
		.kind = KEY_LIST,
		.help = "a person: address, or a list: anna@lab.example" },
	[RECEIVER_PUSH] = { .name = "push",
		.kind = KEY_LIST,
		.help = "a person: a service of alert: push:, as NAME or NAME/TOPIC, or a list" },
	[RECEIVER_LANGUAGE] = { .name = "language",
		.kind = KEY_CHOICE,
		.words = words_language,
		.help = "a person: of messages; left out: that of the bench" },
	[RECEIVER_BY] = { .name = "by",
		.kind = KEY_MAP,
		.sub = schema_by,
		.help = "a person: by which ways, for each priority; left out: mail, and push for "
			"all but low" },
	[RECEIVER_QUIET] = { .name = "quiet",
		.kind = KEY_MAP,
		.sub = schema_quiet,
		.help = "a person: hours in which only what is urgent is told" },
	[RECEIVER_LIMIT] = { .name = "limit",
		.kind = KEY_INT,
		.min = 0,
		.max = 1000,
		.def = "20",
		.help = "a person: messages in an hour, what is more comes as one; 0: no limit" },
	[RECEIVER_TO] = { .name = "to", .kind = KEY_LIST, .help = "a group: all of these at once" },
	[RECEIVER_STEPS] = { .name = "steps",
		.kind = KEY_MAPS,
		.sub = schema_chain_step,
		.help = "a chain: [{to: anna}, {to: team, after: 5 min}]" },
	[RECEIVER_UNTIL] = { .name = "until",
		.kind = KEY_CHOICE,
		.words = words_until,
		.def = "acknowledged",
		.help = "a chain: over: an alarm that is over by itself ends it, too" },
	[RECEIVER_AGAIN] = { .name = "again",
		.kind = KEY_MAP,
		.sub = schema_chain_again,
		.help = "a chain: it begins anew: {after: 30 min, times: 3}" },
	[RECEIVER_TURNS] = { .name = "turns",
		.kind = KEY_LIST,
		.help = "a duty: these, one after the other" },
	[RECEIVER_SINCE] = { .name = "since",
		.kind = KEY_TEXT,
		.help = "a duty: when the first turn begins, at the bench: \"2026-01-05 08:00\"" },
	[RECEIVER_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.min = DAY,
		.max = 366 * DAY,
		.help = "a duty: how long a turn is, in whole days: 7 d" },
	[RECEIVER_EXCEPT] = { .name = "except",
		.kind = KEY_MAPS,
		.sub = schema_shift,
		.help = "a duty: who stands in for a time; an earlier row goes before a later "
			"one" },
	LATER("sms", "short messages"),
	LATER("call", "calls that read a message out"),
	END,
};

const struct key schema_told_alarms[] = {
	[PRIORITY_LOW] = { .name = "low",
		.kind = KEY_LIST,
		.help = "who is told of alarms of this priority that have no notify:" },
	[PRIORITY_MEDIUM] = { .name = "medium",
		.kind = KEY_LIST,
		.help = "who is told of alarms of this priority that have no notify:" },
	[PRIORITY_HIGH] = { .name = "high",
		.kind = KEY_LIST,
		.help = "who is told of alarms of this priority that have no notify:" },
	[PRIORITY_CRITICAL] = { .name = "critical",
		.kind = KEY_LIST,
		.help = "who is told of alarms of this priority that have no notify:" },
	END,
};

const struct key schema_told_events[] = {
	[TOLD_TO] = { .name = "to",
		.kind = KEY_LIST,
		.is_needed = true,
		.help = "who is told: a name under notify:, or a list" },
	[TOLD_OF] = { .name = "of",
		.kind = KEY_LIST,
		.is_needed = true,
		.help = "kinds of events, as mbc log --kind has them: [process_killed]" },
	END,
};

const struct key schema_mail[] = {
	[MAIL_SERVER] = { .name = "server",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "smtp://HOST:587, encrypted by STARTTLS, or smtps://HOST:465" },
	[MAIL_FROM] = { .name = "from",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "the address that mails come from" },
	[MAIL_USER] = { .name = "user", .kind = KEY_TEXT, .help = "as whom, with password" },
	[MAIL_PASSWORD] = { .name = "password",
		.kind = KEY_SECRET,
		.help = "of that user: {secret: NAME}" },
	[MAIL_TLS] = { .name = "tls",
		.kind = KEY_BOOL,
		.def = "yes",
		.help = "no: unencrypted, to a relay on this computer alone" },
	[MAIL_CA] = { .name = "ca",
		.kind = KEY_TEXT,
		.help = "file of the certificates that are trusted; left out: those of this "
			"computer" },
	END,
};

const struct key schema_push[] = {
	[PUSH_KEY_KIND] = { .name = "kind",
		.kind = KEY_CHOICE,
		.words = words_push,
		.is_needed = true,
		.help = "which service; text: what takes {\"text\": ...}, as Teams, Slack, "
			"Mattermost" },
	[PUSH_KEY_URL] = { .name = "url",
		.kind = KEY_TEXT_OR_SECRET,
		.help = "http:// or https://HOST; of text also {secret: NAME}; pushover and "
			"telegram have their own" },
	[PUSH_KEY_KEY] = { .name = "key",
		.kind = KEY_SECRET,
		.help = "token or password of the service: {secret: NAME}; webhook: signs what is "
			"sent" },
	[PUSH_KEY_USER] = { .name = "user", .kind = KEY_TEXT, .help = "eedomus: the API's user" },
	[PUSH_KEY_CA] = { .name = "ca",
		.kind = KEY_TEXT,
		.help = "file of the certificates that are trusted; left out: those of this "
			"computer" },
	[PUSH_KEY_TEMPLATE] = { .name = "template",
		.kind = KEY_TEXT,
		.help = "webhook: what is sent, with {placeholders}" },
	[PUSH_KEY_VALUE] = { .name = "value",
		.kind = KEY_TEXT,
		.help = "eedomus: what the peripheral is set to while something is wrong" },
	[PUSH_KEY_VALUE_OVER] = { .name = "value_over",
		.kind = KEY_TEXT,
		.help = "eedomus: and when nothing is any more; left out: it is left as it is" },
	[PUSH_KEY_BACKUP_URL] = { .name = "backup_url",
		.kind = KEY_TEXT,
		.help = "eedomus: the cloud, when the box does not answer" },
	END,
};

const struct key schema_beat[] = {
	[BEAT_URL] = { .name = "url",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "asked regularly by GET: who is behind it misses the bench when it stops" },
	[BEAT_EVERY] = { .name = "every",
		.kind = KEY_SPAN,
		.min = S(10),
		.max = DAY,
		.def = "5 min",
		.help = "how often" },
	END,
};

const struct key schema_alert[] = {
	[ALERT_SITE] = { .name = "site",
		.kind = KEY_TEXT,
		.help = "where the bench stands, for messages: Building 12, room 3" },
	[ALERT_PAGE] = { .name = "page",
		.kind = KEY_TEXT,
		.help = "address of the bench's page, for messages" },
	[ALERT_ALARMS] = { .name = "alarms",
		.kind = KEY_MAP,
		.sub = schema_told_alarms,
		.help = "who is told of alarms that have no notify:, for each priority" },
	[ALERT_EVENTS] = { .name = "events",
		.kind = KEY_MAP,
		.sub = schema_told_events,
		.help = "who is told of which events: {to: team, of: [process_killed]}" },
	[ALERT_MAIL_SERVER] = { .name = "mail",
		.kind = KEY_MAP,
		.sub = schema_mail,
		.help = "the server that takes mail" },
	[ALERT_PUSH_SERVICES] = { .name = "push",
		.kind = KEY_NAMES,
		.sub = schema_push,
		.help = "services that push messages to telephones and programs, by name" },
	[ALERT_HEARTBEAT] = { .name = "heartbeat",
		.kind = KEY_MAP,
		.sub = schema_beat,
		.help = "somebody outside is told regularly that the bench lives" },
	[ALERT_GATHER] = { .name = "gather",
		.kind = KEY_SPAN,
		.min = 0,
		.max = S(60),
		.def = "300 ms",
		.help = "what comes within this after the first is one message" },
	[ALERT_AGAIN] = { .name = "again",
		.kind = KEY_SPAN,
		.min = 0,
		.max = DAY,
		.def = "2 min",
		.help = "an alarm that was over for less is no new one" },
	LATER("sms", "a modem for short messages"),
	LATER("call", "a telephone for calls"),
	END,
};
