/* at_line.c - one line that a modem says
 *
 * Source: ITU-T V.250, 5.7 (answers); 3GPP TS 27.005 and 27.007 (what stands in them).
 */
#include "alert/at_line.h"

#include <string.h>

#include "alert/sms_pdu.h"

bool
at_is(const char *line, const char *name)
{
	return strncmp(line, name, strlen(name)) == 0;
}

size_t
at_fields(const char *line, struct at_field out[AT_FIELDS])
{
	const char *at = strchr(line, ':');
	size_t n = 0;

	if (at == NULL)
		return 0;
	do {
		struct at_field *f = &out[n++];
		const char *end;

		at++; /* the colon, or a comma */
		while (*at == ' ')
			at++;
		f->is_quoted = *at == '"';
		f->at = f->is_quoted ? at + 1 : at;
		if (f->is_quoted) {
			end = strchr(f->at, '"');
			if (end == NULL)
				end = f->at + strlen(f->at);
			f->n = (size_t)(end - f->at);
			at = end + strcspn(end, ",");
		} else {
			f->n = strcspn(at, ",");
			at += f->n;
			while (f->n > 0 && f->at[f->n - 1] == ' ')
				f->n--;
		}
	} while (*at == ',' && n < AT_FIELDS);
	return n;
}

int
at_number(const struct at_field *f)
{
	int v = 0;

	if (f->n == 0 || f->n > 5)
		return -1;
	for (size_t i = 0; i < f->n; i++) {
		if (f->at[i] < '0' || f->at[i] > '9')
			return -1;
		v = v * 10 + (f->at[i] - '0');
	}
	return v <= 65535 ? v : -1;
}

enum at_final
at_final_of(const char *line, int *out_code)
{
	/* Some makers say it in words. */
	static const char *const errors[] = { "ERROR", "COMMAND NOT SUPPORT",
		"TOO MANY PARAMETERS" };
	struct at_field fields[AT_FIELDS];

	*out_code = -1;
	if (strcmp(line, "OK") == 0)
		return AT_OK;
	for (size_t i = 0; i < NELEM(errors); i++)
		if (strcmp(line, errors[i]) == 0)
			return AT_ERROR;
	if (!at_is(line, "+CMS ERROR:") && !at_is(line, "+CME ERROR:"))
		return AT_NOT_FINAL;
	if (at_fields(line, fields) > 0)
		*out_code = at_number(&fields[0]);
	return line[3] == 'S' ? AT_CMS_ERROR : AT_CME_ERROR;
}

bool
at_stamp(const struct at_field *f, int64_t *out_s)
{
	static const char form[] = "00/00/00,00:00:00";
	uint8_t bytes[SMS_STAMP];
	int v[7] = { 0 };
	size_t digits = 0;
	bool is_west = false;

	if (f->n < sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		bool is_digit = f->at[i] >= '0' && f->at[i] <= '9';

		if (form[i] != '0' ? f->at[i] != form[i] : !is_digit)
			return false;
		if (is_digit)
			v[digits / 2] = v[digits / 2] * 10 + (f->at[i] - '0');
		digits += is_digit;
	}
	if (f->n > sizeof(form) - 1) {
		struct at_field zone = { .at = f->at + sizeof(form), .n = f->n - sizeof(form) };

		is_west = f->at[sizeof(form) - 1] == '-';
		v[6] = at_number(&zone);
		if (v[6] < 0 || v[6] > 79 || (!is_west && f->at[sizeof(form) - 1] != '+'))
			return false;
	}
	for (size_t i = 0; i < SMS_STAMP; i++) /* as in a message's bytes: one place knows dates */
		bytes[i] = (uint8_t)(v[i] % 10 << 4 | v[i] / 10);
	if (is_west)
		bytes[6] |= 0x08;
	return sms_stamp(bytes, out_s);
}
