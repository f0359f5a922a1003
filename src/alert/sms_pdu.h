/* sms_pdu.h - short messages as the bytes that a modem takes and gives in its PDU mode
 *
 * The bytes begin with the centre's address (SMSC), as in `AT+CMGS` and `+CMGR`. Pure.
 */
#ifndef ALERT_SMS_PDU_H
#define ALERT_SMS_PDU_H

#include "base/err.h"

#define SMS_PDU_MAX 192   /* bytes, with the centre's address */
#define SMS_BODY_MAX 160  /* septets, or bytes */
#define SMS_NUMBER 36     /* a number or a name of up to eleven characters, with its NUL */
#define SMS_DIGITS_MAX 15 /* of a number that we write to (E.164) */
#define SMS_STAMP 7       /* bytes */
#define SMS_BODY_TEXT 324 /* bytes of UTF-8 that the text of one part can take, with its NUL */

enum sms_coding {
	SMS_GSM7, /* data: septets, one a byte */
	SMS_UCS2, /* data: UTF-16, high byte first */
	SMS_BYTES /* data: bytes that may be anything */
};

/* What a message says, or one part of a long one does. */
struct sms_body {
	enum sms_coding coding;
	uint8_t n; /* septets of SMS_GSM7, else bytes */
	uint8_t data[SMS_BODY_MAX];
	uint8_t total,
		part; /* of a long one: how many parts, and which this is, from 1; total 0: it stands alone */
	uint16_t reference; /* the same in all parts of a long one */
	bool is_wide;       /* the reference has 16 bits */
};

struct sms_submit {
	const char *number; /* sms_number_is_good */
	bool wants_report;
	uint8_t validity; /* sms_validity */
	const struct sms_body *body;
};

struct sms_deliver {
	char from[SMS_NUMBER]; /* "+49..." international, digits national, or a name */
	bool is_name;          /* nobody can be answered */
	bool has_stamp;        /* else the centre's was no date */
	int64_t stamp_s;       /* when the centre took it: Unix seconds */
	bool is_flash;         /* shown at once, not stored */
	struct sms_body body;
};

struct sms_report {
	uint8_t reference; /* as +CMGS told it */
	char to[SMS_NUMBER];
	bool has_stamp;
	int64_t stamp_s; /* when it was delivered, or tried last */
	uint8_t status;  /* see sms_report_state */
};

enum sms_kind {
	SMS_DELIVER,
	SMS_REPORT,
	SMS_OWN
}; /* OWN: written in the store by somebody here: no message to us */

struct sms_incoming {
	enum sms_kind kind;
	struct sms_deliver deliver;
	struct sms_report report;
};

enum sms_report_state { SMS_IS_DELIVERED, SMS_IS_TRIED, SMS_IS_FAILED };

/* "+" and 7 to 15 digits, the first not 0; or 3 to 15 digits of the own country. ERR_CONF: "cause; remedy". */
int sms_number_check(const char *number, struct err *err) MUST_CHECK;

/* The validity octet of at least so many minutes, the nearest there is. */
uint8_t sms_validity(uint32_t minutes);

/* As bytes to `out`; returns their number, of which the first is no part of the length that AT+CMGS takes. ERR_CONF: a number that is
 * none, a body too long for one message. */
int sms_submit_put(
	const struct sms_submit *s, uint8_t out[SMS_PDU_MAX], struct err *err) MUST_CHECK;

/* What the network brought, or what lies in the store. ERR_PROTO: no such bytes. */
int sms_incoming_take(
	const uint8_t *in, size_t n, struct sms_incoming *out, struct err *err) MUST_CHECK;

/* A stamp as Unix seconds; false, and 0, when it is no date. */
bool sms_stamp(const uint8_t stamp[SMS_STAMP], int64_t *out_s);

/* TS 23.040, 9.2.3.15: of a report's status octet. */
enum sms_report_state sms_report_state(uint8_t status);

/* A body's text as UTF-8 with a NUL, cut at a character's border to fit `cap` > 0; returns its bytes. Of SMS_BYTES those that are
 * printable ASCII; half a surrogate pair and NUL are '?'. */
size_t sms_body_text(const struct sms_body *body, char *out, size_t cap);
/* Likewise n bytes of UTF-16, high byte first. */
size_t sms_utf16_text(const uint8_t *in, size_t n, char *out, size_t cap);

/* Hex digits, any case, as bytes; returns their number, -1 when they are odd, no such digits or more than `cap` bytes. */
int sms_from_hex(const char *hex, size_t n, uint8_t *out, size_t cap);
/* Bytes as capital hex digits with a NUL: 2 n + 1 bytes. */
void sms_to_hex(const uint8_t *in, size_t n, char *out);

#endif
