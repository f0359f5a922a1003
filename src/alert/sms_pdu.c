/* sms_pdu.c - short messages as bytes
 *
 * Source: 3GPP TS 23.040, 9.2.2 (messages), 9.1.2.5 (addresses), 9.2.3.11 (stamps), 9.2.3.12 (validity), 9.2.3.24 (headers of user
 * data); TS 23.038, 4 (coding scheme).
 *
 *	SUBMIT         centre | 01 + bits | reference | to | PID | coding | validity | length | data
 *	DELIVER        centre | 00 + bits | from | PID | coding | stamp, 7 | length | data
 *	STATUS-REPORT  centre | 02 + bits | reference | to | stamp, 7 | stamp, 7 | status | ..
 *
 *	address        digits | type | two digits a byte, low half first, F fills      type: 91 international, A1 or 81 national, D0 name
 *	length         septets of GSM-7, those that the header takes counted; else bytes
 *	header         its length | kind, length, bytes | ..      kind 00: reference, total, part; 08: the same with two bytes of reference
 *
 * After a header the septets begin at the next border of seven bits.
 */
#include "alert/sms_pdu.h"

#include <string.h>

#include "alert/gsm7.h"
#include "alert/utf8.h"
#include "base/bytes.h"

#define SUBMIT 0x01
#define HAS_VALIDITY 0x10
#define WANTS_REPORT 0x20
#define HAS_HEADER 0x40
#define KIND 0x03
#define INTERNATIONAL 0x91
#define NATIONAL 0x81
#define CENTRE_MAX 12
#define ADDRESS_MAX 20 /* digits */
#define DATA_MAX 140
#define LONG_8 0x00 /* kinds of headers */
#define LONG_16 0x08

/* ---- numbers, hex ---- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
sms_number_check(const char *number, struct err *err)
{
	bool is_world = number[0] == '+';
	const char *digits = number + is_world;
	size_t n = strlen(digits);

	for (size_t i = 0; i < n; i++)
		if (!is_digit(digits[i]))
			return err_set(err, ERR_CONF, 0,
				"a phone number with something that is no digit; write + and the "
				"country's code, then digits only: +491701234567");
	if (n < (is_world ? 7u : 3u) || n > SMS_DIGITS_MAX)
		return err_set(err, ERR_CONF, 0,
			"a phone number of %zu digits; write + and 7 to 15 digits, or 3 to 15 "
			"digits of the own country",
			n);
	if (is_world && digits[0] == '0')
		return err_set(err, ERR_CONF, 0,
			"a phone number that begins with +0; no country has that code: leave out "
			"the + or the 0");
	return 0;
}

static int
hex_digit(char c)
{
	return is_digit(c)            ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

int
sms_from_hex(const char *hex, size_t n, uint8_t *out, size_t cap)
{
	if (n % 2 != 0 || n / 2 > cap)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (hex_digit(hex[i]) < 0)
			return -1;
	for (size_t i = 0; i < n / 2; i++)
		out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	return (int)(n / 2);
}

void
sms_to_hex(const uint8_t *in, size_t n, char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

uint8_t
sms_validity(uint32_t minutes)
{
	uint32_t v;

	if (minutes <= 12 * 60)
		v = minutes <= 5 ? 0 : (minutes + 4) / 5 - 1;
	else if (minutes <= 24 * 60)
		v = 143 + (minutes - 12 * 60 + 29) / 30;
	else if (minutes <= 30 * 24 * 60)
		v = 166 + (minutes + 24 * 60 - 1) / (24 * 60);
	else
		v = MAX(197u,
			192 + MIN(63u, minutes / (7 * 24 * 60) + (minutes % (7 * 24 * 60) > 0)));
	return (uint8_t)v;
}

/* ---- SUBMIT ---- */

static size_t
put_number(const char *number, uint8_t *out)
{
	bool is_world = number[0] == '+';
	const char *digits = number + is_world;
	size_t n = strlen(digits), at = 0;

	out[at++] = (uint8_t)n;
	out[at++] = is_world ? INTERNATIONAL : NATIONAL;
	for (size_t i = 0; i < n; i += 2) {
		unsigned high = i + 1 < n ? (unsigned)(digits[i + 1] - '0') : 0x0F;

		out[at++] = (uint8_t)(high << 4 | (unsigned)(digits[i] - '0'));
	}
	return at;
}

static size_t
put_header(const struct sms_body *b, uint8_t *out)
{
	size_t at = 0;

	if (b->total == 0)
		return 0;
	out[at++] = b->is_wide ? 6 : 5;
	out[at++] = b->is_wide ? LONG_16 : LONG_8;
	out[at++] = b->is_wide ? 4 : 3;
	if (b->is_wide)
		out[at++] = (uint8_t)(b->reference >> 8);
	out[at++] = (uint8_t)b->reference;
	out[at++] = b->total;
	out[at++] = b->part;
	return at;
}

/* Bits between a header of so many bytes and the septets behind it. */
static unsigned
fill_after(size_t header)
{
	return (unsigned)((7 - header * 8 % 7) % 7);
}

static int
put_body(const struct sms_body *b, uint8_t *out, struct err *err)
{
	uint8_t *data = out + 1;
	size_t header = put_header(b, data);

	if (b->coding == SMS_GSM7) {
		size_t septets = (header * 8 + 6) / 7 + b->n;

		if (septets > SMS_BODY_MAX)
			return err_set(
				err, ERR_CONF, 0, "a message of %zu septets; split it", septets);
		out[0] = (uint8_t)septets;
		return (int)(1 + header +
			     gsm7_pack(b->data, b->n, fill_after(header), data + header));
	}
	if (header + b->n > DATA_MAX)
		return err_set(err, ERR_CONF, 0, "a message of %zu bytes; split it", header + b->n);
	out[0] = (uint8_t)(header + b->n);
	memcpy(data + header, b->data, b->n);
	return (int)(1 + header + b->n);
}

int
sms_submit_put(const struct sms_submit *s, uint8_t out[SMS_PDU_MAX], struct err *err)
{
	static const uint8_t codings[] = {
		[SMS_GSM7] = 0x00, [SMS_UCS2] = 0x08, [SMS_BYTES] = 0x04
	};
	size_t at = 0;
	int rc = sms_number_check(s->number, err);

	if (rc < 0)
		return rc;
	out[at++] = 0; /* the centre that the SIM knows */
	out[at++] = (uint8_t)(SUBMIT | HAS_VALIDITY | (s->wants_report ? WANTS_REPORT : 0) |
			      (s->body->total > 0 ? HAS_HEADER : 0));
	out[at++] = 0; /* the modem numbers it */
	at += put_number(s->number, out + at);
	out[at++] = 0;
	out[at++] = codings[s->body->coding];
	out[at++] = s->validity;
	rc = put_body(s->body, out + at, err);
	return rc < 0 ? rc : (int)at + rc;
}

/* ---- what comes ---- */

struct reader {
	const uint8_t *at;
	size_t n;
};

static const uint8_t *
take(struct reader *r, size_t n)
{
	const uint8_t *at = r->at;

	if (r->n < n)
		return NULL;
	r->at += n;
	r->n -= n;
	return at;
}

static void
put_digits(const uint8_t *in, size_t digits, char *out)
{
	for (size_t i = 0; i < digits; i++) {
		unsigned half = i % 2 == 0 ? in[i / 2] & 0x0Fu : in[i / 2] >> 4;

		if (half == 0x0F)
			break;
		*out++ = "0123456789*#abc"[half];
	}
	*out = '\0';
}

static bool
take_address(struct reader *r, char out[SMS_NUMBER], bool *out_is_name)
{
	const uint8_t *head = take(r, 2), *bytes;
	uint8_t septets[ADDRESS_MAX];
	size_t digits;

	if (head == NULL || head[0] > ADDRESS_MAX)
		return false;
	digits = head[0];
	bytes = take(r, (digits + 1) / 2);
	if (bytes == NULL)
		return false;
	*out_is_name = (head[1] & 0x70) == 0x50;
	if (*out_is_name) {
		if (!gsm7_unpack(bytes, (digits + 1) / 2, 0, digits * 4 / 7, septets))
			return false;
		gsm7_text(septets, digits * 4 / 7, out, SMS_NUMBER);
		return true;
	}
	out[0] = '+';
	put_digits(bytes, digits, out + ((head[1] & 0x70) == 0x10));
	return true;
}

/* Two decimal digits, the low half first; -1 when they are none. */
static int
swapped(uint8_t byte)
{
	return (byte & 0x0F) > 9 || byte >> 4 > 9 ? -1 : (byte & 0x0F) * 10 + (byte >> 4);
}

/* Days since 1970-01-01 of a day of the Gregorian calendar. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year; /* years that begin in March */
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

bool
sms_stamp(const uint8_t stamp[SMS_STAMP], int64_t *out_s)
{
	static const int least[] = { 0, 1, 1, 0, 0, 0 }, most[] = { 99, 12, 31, 23, 59, 59 };
	int v[6], quarters = swapped(stamp[6] & 0xF7);

	*out_s = 0;
	for (int i = 0; i < 6; i++) {
		v[i] = swapped(stamp[i]);
		if (v[i] < least[i] || v[i] > most[i])
			return false;
	}
	if (quarters < 0 || quarters > 14 * 4)
		return false;
	if (stamp[6] & 0x08)
		quarters = -quarters;
	*out_s = days_of(2000 + v[0], v[1], v[2]) * 86400 + v[3] * 3600 + v[4] * 60 + v[5] -
		 quarters * 900;
	return true;
}

static bool
take_stamp(struct reader *r, bool *out_is_date, int64_t *out_s)
{
	const uint8_t *in = take(r, SMS_STAMP);

	if (in == NULL)
		return false;
	*out_is_date = sms_stamp(in, out_s);
	return true;
}

/* What the coding scheme says: TS 23.038, 4. False: compressed, which nobody sends. */
static bool
understand_coding(uint8_t dcs, enum sms_coding *out, bool *out_is_flash)
{
	static const enum sms_coding general[] = { SMS_GSM7, SMS_BYTES, SMS_UCS2, SMS_GSM7 };

	*out = SMS_GSM7;
	*out_is_flash = false;
	if (dcs < 0x80) {
		if (dcs & 0x20)
			return false;
		*out = general[dcs >> 2 & 3];
		*out_is_flash = (dcs & 0x13) == 0x10;
	} else if (dcs >= 0xF0) {
		*out = dcs & 0x04 ? SMS_BYTES : SMS_GSM7;
		*out_is_flash = (dcs & 0x03) == 0;
	} else if (dcs >= 0xE0) {
		*out = SMS_UCS2;
	}
	return true;
}

/* in[0..n) is all that stands behind a header's length. What we do not know is passed over, as the standard asks. */
static void
read_header(const uint8_t *in, size_t n, struct sms_body *out)
{
	while (n >= 2 && in[1] <= n - 2) {
		const uint8_t *v = in + 2;
		size_t len = in[1];
		bool is_wide = in[0] == LONG_16 && len == 4;

		if ((is_wide || (in[0] == LONG_8 && len == 3)) && v[len - 2] > 0 &&
			v[len - 1] > 0 && v[len - 1] <= v[len - 2]) {
			out->is_wide = is_wide;
			out->reference = is_wide ? get_u16be(v) : v[0];
			out->total = v[len - 2];
			out->part = v[len - 1];
		}
		in += 2 + len;
		n -= 2 + len;
	}
}

static int
take_body(struct reader *r, bool has_header, struct sms_body *out, struct err *err)
{
	const uint8_t *length = take(r, 1), *data;
	size_t header = 0, bytes;

	if (length == NULL)
		return err_set(err, ERR_PROTO, 0, "a message without a length");
	bytes = out->coding == SMS_GSM7 ? (*length * 7u + 7) / 8 : *length;
	if (bytes > DATA_MAX || (data = take(r, bytes)) == NULL)
		return err_set(err, ERR_PROTO, 0, "a message shorter than its length");
	if (r->n > 0)
		return err_set(err, ERR_PROTO, 0, "a message longer than its length");
	if (has_header) {
		header = bytes > 0 ? 1 + (size_t)data[0] : 1;
		if (header > bytes)
			return err_set(err, ERR_PROTO, 0, "a header longer than its message");
		read_header(data + 1, header - 1, out);
	}
	if (out->coding == SMS_GSM7) {
		size_t before = (header * 8 + 6) / 7;

		out->n = (uint8_t)(*length > before ? *length - before : 0);
		if (!gsm7_unpack(
			    data + header, bytes - header, fill_after(header), out->n, out->data))
			return err_set(err, ERR_PROTO, 0, "a message shorter than its length");
		return 0;
	}
	out->n = (uint8_t)(bytes - header);
	memcpy(out->data, data + header, out->n);
	return 0;
}

static int
take_deliver(struct reader *r, uint8_t first, struct sms_deliver *out, struct err *err)
{
	const uint8_t *schemes;

	if (!take_address(r, out->from, &out->is_name))
		return err_set(err, ERR_PROTO, 0, "no address of a sender");
	schemes = take(r, 2);
	if (schemes == NULL || !take_stamp(r, &out->has_stamp, &out->stamp_s))
		return err_set(err, ERR_PROTO, 0, "a message that ends in its head");
	if (!understand_coding(schemes[1], &out->body.coding, &out->is_flash))
		return err_set(err, ERR_PROTO, 0, "a compressed message");
	return take_body(r, (first & HAS_HEADER) != 0, &out->body, err);
}

static int
take_report(struct reader *r, struct sms_report *out, struct err *err)
{
	const uint8_t *reference = take(r, 1), *status;
	bool is_name, is_date;
	int64_t taken_s;

	if (reference == NULL || !take_address(r, out->to, &is_name) ||
		!take_stamp(r, &is_date, &taken_s) ||
		!take_stamp(r, &out->has_stamp, &out->stamp_s) || (status = take(r, 1)) == NULL)
		return err_set(err, ERR_PROTO, 0, "a report that ends too early");
	out->reference = *reference;
	out->status = *status;
	return 0;
}

int
sms_incoming_take(const uint8_t *in, size_t n, struct sms_incoming *out, struct err *err)
{
	struct reader r = { in, n };
	const uint8_t *centre = take(&r, 1), *first;
	struct sms_incoming got = { 0 };
	int rc = 0;

	if (centre == NULL || *centre > CENTRE_MAX || take(&r, *centre) == NULL ||
		(first = take(&r, 1)) == NULL)
		return err_set(err, ERR_PROTO, 0, "bytes that are no message");
	switch (*first & KIND) {
	case 0:
		got.kind = SMS_DELIVER;
		rc = take_deliver(&r, *first, &got.deliver, err);
		break;
	case 2:
		got.kind = SMS_REPORT;
		rc = take_report(&r, &got.report, err);
		break;
	case 1:
		got.kind = SMS_OWN;
		break;
	default:
		rc = err_set(err, ERR_PROTO, 0, "a kind of message that there is not");
	}
	if (rc < 0)
		return rc;
	*out = got;
	return 0;
}

enum sms_report_state
sms_report_state(uint8_t status)
{
	return status < 0x20 ? SMS_IS_DELIVERED : status < 0x40 ? SMS_IS_TRIED : SMS_IS_FAILED;
}

/* ---- texts ---- */

size_t
sms_utf16_text(const uint8_t *in, size_t n, char *out, size_t cap)
{
	size_t made = 0;

	for (size_t i = 0; i + 2 <= n; i += 2) {
		uint32_t rune = get_u16be(in + i);
		size_t more;

		if (rune >= 0xD800 && rune < 0xDC00 && i + 4 <= n && (in[i + 2] & 0xFC) == 0xDC) {
			rune = 0x10000 + ((rune & 0x3FF) << 10) + (get_u16be(in + i + 2) & 0x3FFu);
			i += 2;
		}
		more = utf8_put(out + made, cap - 1 - made, rune != 0 ? rune : UTF8_BAD);
		if (more == 0)
			break;
		made += more;
	}
	out[made] = '\0';
	return made;
}

size_t
sms_body_text(const struct sms_body *body, char *out, size_t cap)
{
	size_t n;

	if (body->coding == SMS_GSM7)
		return gsm7_text(body->data, body->n, out, cap);
	if (body->coding == SMS_UCS2)
		return sms_utf16_text(body->data, body->n, out, cap);
	n = MIN(body->n, cap - 1);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(body->data[i] >= ' ' && body->data[i] < 0x7F ? body->data[i]
									     : UTF8_BAD);
	out[n] = '\0';
	return n;
}
