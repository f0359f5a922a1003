/* mail_text.c - a message as a mail
 *
 * Sources: RFC 5322 (form, dates, threads), RFC 2045 (quoted-printable, Base64), RFC 2047 (subjects), RFC 2231 (names of attachments), RFC 3834
 * (Auto-Submitted: no machine answers it). X-Priority and Importance are what programs for mail look at; X-Auto-Response-Suppress is Exchange's.
 *
 * The thread hangs on an identity that no mail has, made of bench and notice: whoever gets a second mail of the notice without the first one has it in the
 * same place.
 */
#include "alert/mail_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alert/clean.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

#define ADDRESS_MAX 254      /* RFC 5321, 4.5.3.1.3 without the brackets */
#define LOCAL_MAX 64         /* RFC 5321, 4.5.3.1.1 */
#define PLAIN_SUBJECT_MAX 69 /* so that "Subject: " and it are 78 characters */
#define WORD_BYTES                                                                                 \
	39 /* of text in an encoded word: with "Subject: " in front below 76 characters */
#define LINE_MAX_QP 76
#define LINE_BASE64 57 /* bytes: 76 characters */
/* "=_" stands in no Base64 and no quoted-printable: nothing inside can end a part. RFC 2045, 6.7. */
#define BOUNDARY "=_mbc-part"

int
mail_address_check(const char *address, struct err *err)
{
	const char *at = strchr(address, '@');
	const char *host = at == NULL ? "" : at + 1;
	size_t n = strlen(address), local = at == NULL ? 0 : (size_t)(at - address);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)address[i];

		if (c <= 0x20 || c >= 0x7F || strchr("<>()[],;:\\\"", c) != NULL)
			return err_set(err, ERR_CONF, 0,
				"the mail address '%.60s' has a character that goes through no "
				"server; write name@host in plain ASCII",
				c < 0x20 || c == 0x7F ? "?" : address);
	}
	if (n > ADDRESS_MAX || local == 0 || local > LOCAL_MAX || host[0] == '\0' ||
		strchr(host, '@') != NULL || host[0] == '.' || host[0] == '-' ||
		host[strlen(host) - 1] == '.' || strstr(address, "..") != NULL ||
		address[0] == '-' || address[0] == '.')
		return err_set(
			err, ERR_CONF, 0, "'%.60s' is no mail address; write name@host", address);
	return 0;
}

static void
put_base64(struct buf *out, const char *bytes, size_t n)
{
	char line[SECRET_BASE64(LINE_BASE64)];

	for (size_t i = 0; i < n; i += LINE_BASE64) {
		buf_put(out, line, secret_base64(bytes + i, MIN(n - i, (size_t)LINE_BASE64), line));
		buf_puts(out, "\r\n");
	}
}

/* ---- the head ---- */

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x7F)
			return false;
	return true;
}

/* A text without line ends, in encoded words on lines of their own where plain characters do not do. */
static void
put_words(struct buf *out, const char *text)
{
	size_t n = strlen(text), k;
	char word[SECRET_BASE64(WORD_BYTES)];

	if (is_ascii(text) && n <= PLAIN_SUBJECT_MAX && strstr(text, "=?") == NULL) {
		buf_puts(out, text);
		return;
	}
	for (size_t i = 0; i < n; i += k) {
		k = MIN(n - i, (size_t)WORD_BYTES);
		while (i + k < n && ((unsigned char)text[i + k] & 0xC0) == 0x80)
			k--; /* no character in two words */
		secret_base64(text + i, k, word);
		buf_printf(out, "%s=?UTF-8?B?%s?=", i == 0 ? "" : "\r\n ", word);
	}
}

static void
put_subject(struct buf *out, const struct alert_message *m)
{
	struct buf subject = { 0 };

	clean_line(&subject, m->subject);
	if (subject.n == 0)
		clean_line(&subject, m->alarm);
	clean_cut(&subject, 0, MAIL_SUBJECT_MAX, CLEAN_BYTES);
	buf_puts(out, "Subject: ");
	put_words(out, buf_text(&subject));
	buf_puts(out, "\r\n");
	buf_done(&subject);
}

/* "Ann Other" <ann@lab.example>: a name of a few plain characters as it is, any other one in encoded words. */
static void
put_from(struct buf *out, const char *from, const char *name)
{
	struct buf shown = { 0 };
	bool is_plain = true;

	clean_line(&shown, name);
	clean_cut(&shown, 0, WORD_BYTES, CLEAN_BYTES);
	buf_puts(out, "From: ");
	for (const char *c = buf_text(&shown); *c != '\0'; c++)
		is_plain = is_plain &&
			   (*c == ' ' || *c == '-' || *c == '_' || (*c >= '0' && *c <= '9') ||
				   (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z'));
	if (shown.n == 0)
		buf_puts(out, from);
	else if (is_plain)
		buf_printf(out, "\"%s\" <%s>", buf_text(&shown), from);
	else {
		/* As if it were not plain, whatever is in it: a comma would end a name. */
		char word[SECRET_BASE64(WORD_BYTES)];

		secret_base64(shown.data, shown.n, word);
		buf_printf(out, "=?UTF-8?B?%s?=\r\n <%s>", word, from);
	}
	buf_puts(out, "\r\n");
	buf_done(&shown);
}

/* "Tue, 24 Dec 2024 08:00:00 +0000" */
static void
put_date(struct buf *out, int64_t wall_ns)
{
	static const char days[] = "ThuFriSatSunMonTueWed"; /* from 1970-01-01 on */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t day = floor_div(wall_ns, 86400 * NS_PER_S);
	char text[CLOCK_TEXT_SIZE]; /* "2024-12-24T08:00:00.000Z" */
	int month;

	clock_text(text, wall_ns);
	month = (text[5] - '0') * 10 + text[6] - '1';
	buf_printf(out, "Date: %.3s, %.2s %.3s %.4s %.8s +0000\r\n",
		days + 3 * (day - 7 * floor_div(day, 7)), text + 8,
		months + 3 * MIN(MAX(month, 0), 11), text, text + 11);
}

/* The left side of identities: what an atom of RFC 5322 has, and no more. */
static void
put_bench(struct buf *out, const char *bench)
{
	buf_puts(out, "<mbc.");
	for (size_t i = 0; bench != NULL && bench[i] != '\0' && i < 64; i++) {
		char c = bench[i];
		bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z') || c == '-' || c == '_';

		buf_putc(out, is_plain ? c : '-');
	}
}

static void
put_identity(struct buf *out, const char *from, const struct alert_message *m)
{
	const char *host = strchr(from, '@') + 1;

	buf_puts(out, "Message-ID: ");
	put_bench(out, m->bench);
	buf_printf(out, ".%" PRIu64 ".%" PRIu64 "@%s>\r\n", m->notice, m->id, host);
	if (m->notice == 0)
		return;
	for (int i = m->what == ALERT_RAISED; i < 2; i++) {
		buf_puts(out, i == 0 ? "In-Reply-To: " : "References: ");
		put_bench(out, m->bench);
		buf_printf(out, ".%" PRIu64 "@%s>\r\n", m->notice, host);
	}
}

static void
put_importance(struct buf *out, const struct alert_message *m)
{
	static const char *const lines[] = { "X-Priority: 5\r\nImportance: low\r\n",
		"X-Priority: 3\r\nImportance: normal\r\n", "X-Priority: 2\r\nImportance: high\r\n",
		"X-Priority: 1\r\nImportance: high\r\n" };
	bool is_open = m->what == ALERT_RAISED || m->what == ALERT_REMINDER;

	/* That something is over wakes nobody. */
	buf_puts(out, lines[is_open ? MIN(m->priority, 3u) : MIN(m->priority, 1u)]);
}

/* ---- the body ---- */

/* How much of a line of quoted-printable a byte takes. */
static bool
is_escaped(const char *text, size_t n, size_t i, bool is_first)
{
	unsigned char c = (unsigned char)text[i];
	bool is_last = i + 1 == n || text[i + 1] == '\n';

	if (c == ' ' || c == '\t')
		return is_last; /* would be lost on the way */
	if (is_first && (c == '.' || (c == 'F' && n - i >= 5 && memcmp(text + i, "From ", 5) == 0)))
		return true; /* what servers have changed at beginnings of lines */
	return c < 0x21 || c > 0x7E || c == '=';
}

static void
put_quoted(struct buf *out, const char *text, size_t n)
{
	size_t column = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_hex, is_last;

		if (text[i] == '\n') {
			buf_puts(out, "\r\n");
			column = 0;
			continue;
		}
		is_hex = is_escaped(text, n, i, column == 0);
		is_last = i + 1 == n || text[i + 1] == '\n';
		/* One place is left for the '=' that joins lines, but in the last one. */
		if (column + (is_hex ? 3 : 1) > LINE_MAX_QP - (is_last ? 0 : 1)) {
			buf_puts(out, "=\r\n");
			column = 0;
			is_hex = is_escaped(text, n, i, true);
		}
		if (is_hex)
			buf_printf(out, "=%02X", (unsigned char)text[i]);
		else
			buf_putc(out, text[i]);
		column += is_hex ? 3 : 1;
	}
	if (column > 0)
		buf_puts(out, "\r\n");
}

/* Quoted-printable can be read as it is; of what is hardly ASCII it would be three times as long. */
static void
put_text(struct buf *out, const struct alert_message *m, bool is_left_out)
{
	struct buf text = { 0 };
	size_t high = 0;

	clean_text(&text, m->text);
	clean_cut(&text, 0, MAIL_TEXT_MAX, CLEAN_BYTES);
	if (is_left_out)
		buf_printf(&text,
			m->language == LANGUAGE_FR
				? "\n(Une pièce de %zu octets n'est pas jointe : elle est trop "
				  "grande.)"
				: "\n(An attachment of %zu bytes is left out: it is too large.)",
			m->n_attachment);
	for (size_t i = 0; i < text.n; i++)
		high += (unsigned char)text.data[i] >= 0x80;
	buf_puts(out, "Content-Type: text/plain; charset=utf-8\r\n");
	if (high * 3 <= text.n) {
		buf_puts(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		put_quoted(out, text.data, text.n);
	} else {
		struct buf lines = { 0 };

		for (size_t i = 0; i < text.n; i++)
			if (text.data[i] == '\n')
				buf_puts(&lines, "\r\n");
			else
				buf_putc(&lines, text.data[i]);
		buf_puts(&lines, "\r\n");
		buf_puts(out, "Content-Transfer-Encoding: base64\r\n\r\n");
		put_base64(out, lines.data, lines.n);
		buf_done(&lines);
	}
	buf_done(&text);
}

/* "image/png": two words of RFC 2045 and nothing behind them. */
static bool
is_media_type(const char *type)
{
	const char *slash = type == NULL ? NULL : strchr(type, '/');

	if (slash == NULL || slash == type || slash[1] == '\0' || strlen(type) > 80)
		return false;
	for (const char *c = type; *c != '\0'; c++)
		if (!((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
			    (*c >= 'a' && *c <= 'z') || strchr("+-._", *c) != NULL || c == slash))
			return false;
	return strncmp(type, "multipart/", 10) != 0 && strncmp(type, "message/", 8) != 0;
}

static void
put_file_name(struct buf *out, const char *name)
{
	struct buf clean = { 0 };

	clean_line(&clean, name);
	clean_cut(&clean, 0, 100, CLEAN_BYTES);
	if (clean.n == 0)
		buf_puts(&clean, "attachment");
	for (size_t i = 0; i < clean.n; i++)
		if (strchr("/\\\"", clean.data[i]) != NULL)
			clean.data[i] = '_';
	if (is_ascii(buf_text(&clean)))
		buf_printf(out, ";\r\n filename=\"%s\"", buf_text(&clean));
	else {
		buf_puts(out, ";\r\n filename*=UTF-8''");
		for (size_t i = 0; i < clean.n; i++) {
			char c = clean.data[i];

			if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_')
				buf_putc(out, c);
			else
				buf_printf(out, "%%%02X", (unsigned char)c);
		}
	}
	buf_puts(out, "\r\n");
	buf_done(&clean);
}

static void
put_attachment(struct buf *out, const struct alert_message *m)
{
	buf_printf(out, "\r\n--" BOUNDARY "\r\nContent-Type: %s\r\nContent-Disposition: attachment",
		is_media_type(m->attachment_type) ? m->attachment_type
						  : "application/octet-stream");
	put_file_name(out, m->attachment_name);
	buf_puts(out, "Content-Transfer-Encoding: base64\r\n\r\n");
	put_base64(out, m->attachment, m->n_attachment);
	buf_puts(out, "\r\n--" BOUNDARY "--\r\n");
}

int
mail_text(struct buf *out, const char *from, const char *from_name, const char *to,
	const struct alert_message *m, struct err *err)
{
	bool has_file = m->attachment != NULL && m->n_attachment > 0;
	bool is_left_out = has_file && m->n_attachment > MAIL_ATTACHMENT_MAX;

	if (mail_address_check(from, err) < 0 || mail_address_check(to, err) < 0)
		return ERR_CONF;
	put_from(out, from, from_name);
	buf_printf(out, "To: %s\r\n", to);
	put_date(out, m->wall_ns);
	put_subject(out, m);
	put_identity(out, from, m);
	buf_printf(out,
		"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
		"Content-Language: %s\r\n",
		m->language == LANGUAGE_FR ? "fr" : "en");
	put_importance(out, m);
	buf_puts(out, "MIME-Version: 1.0\r\n");
	if (has_file && !is_left_out)
		buf_puts(out, "Content-Type: multipart/mixed; boundary=\"" BOUNDARY "\"\r\n\r\n"
			      "--" BOUNDARY "\r\n");
	put_text(out, m, is_left_out);
	if (has_file && !is_left_out)
		put_attachment(out, m);
	return 0;
}
