/* query.c - the part of an address behind '?' (RFC 3986, sections 2.1 and 3.4) */
#include "serve/query.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

int
query_decode(char *text, bool is_query, const char *where, struct err *err)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '%') {
			int high = hex_digit(at[1]);
			int low = high < 0 ? -1 : hex_digit(at[2]);

			if (low < 0)
				return err_set(err, ERR_CONF, 0,
					"%s: '%%' without two hexadecimal digits; write a percent "
					"sign as %%25",
					where);
			c = (unsigned char)(high << 4 | low);
			at += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7F)
			return err_set(err, ERR_CONF, 0,
				"%s: holds a control character; leave it out", where);
		*to++ = (char)c;
	}
	*to = '\0';
	if (text_utf8(text, (size_t)(to - text)) != (size_t)(to - text))
		return err_set(err, ERR_CONF, 0,
			"%s: is not valid UTF-8; encode each byte of a UTF-8 character as %%XX",
			where);
	return 0;
}

/* "unknown parameter 'x'; known here: names, prefix" */
static int
refuse(const char *name, const char *const *known, size_t n_known, struct err *err)
{
	struct buf list = { 0 };
	char shown[61]; /* cut at a character's border: the message goes out as JSON */
	int rc;

	text_copy(shown, sizeof(shown), name);
	for (size_t i = 0; i < n_known; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : "", known[i]);
	rc = err_set(err, ERR_CONF, 0, "unknown parameter '%s'; known here: %s", shown,
		n_known > 0 ? buf_text(&list) : "none, leave out '?' and what follows");
	buf_done(&list);
	return rc;
}

static int
take(char *part, const char *const *known, size_t n_known, struct query *out, struct err *err)
{
	char *value = strchr(part, '=');
	size_t i;
	int rc;

	if (value != NULL)
		*value++ = '\0';
	rc = query_decode(part, true, "name of a parameter", err);
	if (rc < 0)
		return rc;
	for (i = 0; i < n_known && strcmp(part, known[i]) != 0; i++)
		continue;
	if (i == n_known)
		return refuse(part, known, n_known, err);
	if (value == NULL)
		return err_set(
			err, ERR_CONF, 0, "parameter '%s' has no value; write %s=...", part, part);
	if (out->values[i] != NULL)
		return err_set(err, ERR_CONF, 0,
			"parameter '%s' comes twice; give one list, with commas", part);
	rc = query_decode(value, true, known[i], err);
	out->values[i] = value;
	return rc;
}

int
query_parse(
	char *text, const char *const *known, size_t n_known, struct query *out, struct err *err)
{
	*out = (struct query){ 0 };
	while (text != NULL && *text != '\0') {
		char *next = strchr(text, '&');
		int rc;

		if (next != NULL)
			*next++ = '\0';
		rc = *text == '\0' ? 0 : take(text, known, n_known, out, err);
		if (rc < 0)
			return rc;
		text = next;
	}
	return 0;
}

char *
query_next(char **at)
{
	while (*at != NULL && **at != '\0') {
		char *word = *at;
		char *end = strchr(word, ',');

		if (end != NULL)
			*end++ = '\0';
		*at = end;
		if (*word != '\0')
			return word;
	}
	return NULL;
}
