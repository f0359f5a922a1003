/* event.h - something happened: the one record form of events; and what the clocks said, by which events are dated
 *
 * An event in bytes, little end first, at most EVENT_BYTES of them:
 *
 *	u64 id | u64 boot | i64 stamp | u64 cause | u16 kind | u16 reason | u8 n values
 *	       | u8 length of the subject | u8 of the principal | u8 of the text | f64 value... | subject | principal | text
 *
 * and a clock record: u64 boot | i64 stamp | i64 wall offset | u8 is synchronised. Their own checks against damage are those of
 * what carries them (blackbox.h, journal.h).
 */
#ifndef MSG_EVENT_H
#define MSG_EVENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "msg/language.h"
#include "msg/quality.h"

#define EVENT_BYTES 320
#define EVENT_VALUES 4
#define EVENT_SUBJECT 64 /* sizes with the NUL */
#define EVENT_PRINCIPAL 32
#define EVENT_TEXT 128

enum event_kind {
#define EVENT(name, ...) EVENT_##name,
#include "msg/event.def"
#undef EVENT
	EVENT_COUNT
};

enum event_class { EVENT_CLASS_PLAIN, EVENT_CLASS_A, EVENT_CLASS_B, EVENT_CLASS_C };
enum event_severity { EVENT_SEVERITY_INFO, EVENT_SEVERITY_WARNING, EVENT_SEVERITY_ERROR };

struct event_row {
	const char *token; /* for machines: "instrument_down" */
	enum event_class class;
	enum event_severity severity;
	const char *text[2], *remedy[2]; /* [language] */
};

struct event {
	uint64_t id; /* 1, 2, ... in the life of a bench, without holes; 0: not recorded */
	uint64_t
		boot; /* event_boot() of the kernel's boot id: which CLOCK_BOOTTIME the stamp is of */
	int64_t stamp_ns;
	uint64_t
		cause; /* id of the event that led to it, always a lower one; 0: none, or not known */
	enum event_kind kind;
	enum quality reason; /* GOOD where there is none */
	unsigned n_values;
	double values[EVENT_VALUES];
	char subject[EVENT_SUBJECT];     /* name of the channel, instrument, link, process */
	char principal[EVENT_PRINCIPAL]; /* who did it; "": the bench itself */
	char text[EVENT_TEXT];           /* free: notes, refusals, what the system said */
};

/* The row of a kind below EVENT_COUNT. */
const struct event_row *event_row(enum event_kind kind);
/* The kind of a token; EVENT_COUNT: there is none. */
enum event_kind event_find(const char *token);
/* Does its text show a value? */
bool event_has_value(enum event_kind kind);
const char *event_class_text(enum event_class c);              /* "plain", "a", "b", "c" */
const char *event_severity_text(enum event_severity severity); /* "info", "warning", "error" */

/* The number of a boot: a hash of the kernel's boot id. */
uint64_t event_boot(const char *boot_id);

/* Bytes of an event; returns their number. Texts lose control characters and what is no UTF-8: '?' stands there. */
size_t event_encode(uint8_t out[EVENT_BYTES], const struct event *e);
/* Refuses what event_encode() would not have written: lengths, kinds, texts, an event that caused itself. */
int event_decode(struct event *out, const uint8_t *bytes, size_t n, struct err *err) MUST_CHECK;

/* One line of text, with the remedy of its reason or its kind. */
void event_text(struct buf *out, const struct event *e, enum language language);

/* Its members, in an object that is open: all but the wall time, which the reader knows. */
void event_json(struct json *j, const struct event *e, enum language language);

struct clock_record {
	uint64_t boot;
	int64_t stamp_ns; /* CLOCK_BOOTTIME */
	int64_t wall_ns;  /* CLOCK_REALTIME - CLOCK_BOOTTIME at that moment */
	bool is_good;     /* the kernel called the clock synchronised */
};

#define CLOCK_RECORD_BYTES 25
size_t clock_record_encode(uint8_t out[CLOCK_RECORD_BYTES], const struct clock_record *c);
int clock_record_decode(
	struct clock_record *out, const uint8_t *bytes, size_t n, struct err *err) MUST_CHECK;

#endif
