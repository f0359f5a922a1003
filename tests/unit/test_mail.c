/* test_mail.c - a message as a mail, byte by byte; and what follows from what a mail server says */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/clean.h"
#include "alert/curl_reply.h"
#include "alert/mail_reply.h"
#include "alert/mail_text.h"
#include "base/mem.h"

#define FROM "bench@lab.example"
#define TO "anna@lab.example"

static struct alert_message
message(void)
{
	/* 2024-12-24T08:00:00Z, a Tuesday */
	return (struct alert_message){ .subject = "methanation: bed too hot",
		.text = "T_bed 655.3 degC, limit 650\nDo: close the hydrogen.",
		.alarm = "bed_hot",
		.bench = "methanation",
		.priority = 3,
		.what = ALERT_RAISED,
		.value = 655.3,
		.unit = "degC",
		.wall_ns = INT64_C(1735027200) * NS_PER_S,
		.id = 17,
		.notice = 4 };
}

/* The caller frees it. */
static char *
mail_of(const struct alert_message *m, const char *name)
{
	struct buf out = { 0 };
	struct err err;
	char *text;

	assert_int_equal(mail_text(&out, FROM, name, TO, m, &err), 0);
	text = mem_text(buf_text(&out));
	assert_int_equal(strlen(text), out.n);
	buf_done(&out);
	return text;
}

/* What holds for each mail: lines end in CR LF, are short and plain, and the head has the fields that it should, once. */
static void
check_form(const char *mail)
{
	static const char *const once[] = { "\r\nTo: ", "\r\nDate: ", "\r\nSubject: ",
		"\r\nMessage-ID: ", "\r\nMIME-Version: ", "\r\nAuto-Submitted: " };
	const char *head_end = strstr(mail, "\r\n\r\n");
	size_t length = 0;

	assert_non_null(head_end);
	for (size_t i = 0; i < NELEM(once); i++) {
		const char *at = strstr(mail, once[i]);

		assert_true(at != NULL && at < head_end);
		assert_null(strstr(at + 1, once[i]));
	}
	for (const char *c = mail; *c != '\0'; c++) {
		assert_true((unsigned char)*c < 0x7F);
		if (*c == '\r') {
			assert_true(c[1] == '\n' && c[2] != '.');
			assert_true(length <= 400);
			length = 0;
			c++;
			continue;
		}
		assert_true((unsigned char)*c >= 0x20 || *c == '\t');
		length++;
	}
	assert_int_equal(length, 0);
}

static void
test_plain(void **state)
{
	struct alert_message m = message();
	char *mail = mail_of(&m, NULL);

	assert_string_equal(mail, "From: bench@lab.example\r\n"
				  "To: anna@lab.example\r\n"
				  "Date: Tue, 24 Dec 2024 08:00:00 +0000\r\n"
				  "Subject: methanation: bed too hot\r\n"
				  "Message-ID: <mbc.methanation.4.17@lab.example>\r\n"
				  "References: <mbc.methanation.4@lab.example>\r\n"
				  "Auto-Submitted: auto-generated\r\n"
				  "X-Auto-Response-Suppress: All\r\n"
				  "Content-Language: en\r\n"
				  "X-Priority: 1\r\n"
				  "Importance: high\r\n"
				  "MIME-Version: 1.0\r\n"
				  "Content-Type: text/plain; charset=utf-8\r\n"
				  "Content-Transfer-Encoding: quoted-printable\r\n"
				  "\r\n"
				  "T_bed 655.3 degC, limit 650\r\n"
				  "Do: close the hydrogen.\r\n");
	check_form(mail);
	free(mail);
}

static void
test_french_with_file(void **state)
{
	struct alert_message m = message();
	char *mail;

	m.subject = "méthanation : lit trop chaud, arrêter l'hydrogène sans attendre";
	m.text = "À faire : fermer\r\n.\nFrom here = \nfin ";
	m.language = LANGUAGE_FR;
	m.what = ALERT_CLEARED;
	m.attachment = "\x89PNG";
	m.n_attachment = 4;
	m.attachment_name = "été.png";
	m.attachment_type = "image/png";
	mail = mail_of(&m, "Banc 7");
	assert_string_equal(mail,
		"From: \"Banc 7\" <bench@lab.example>\r\n"
		"To: anna@lab.example\r\n"
		"Date: Tue, 24 Dec 2024 08:00:00 +0000\r\n"
		"Subject: =?UTF-8?B?bcOpdGhhbmF0aW9uIDogbGl0IHRyb3AgY2hhdWQsIGFycsOqdGVy?=\r\n"
		" =?UTF-8?B?IGwnaHlkcm9nw6huZSBzYW5zIGF0dGVuZHJl?=\r\n"
		"Message-ID: <mbc.methanation.4.17@lab.example>\r\n"
		"In-Reply-To: <mbc.methanation.4@lab.example>\r\n"
		"References: <mbc.methanation.4@lab.example>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"X-Auto-Response-Suppress: All\r\n"
		"Content-Language: fr\r\n"
		"X-Priority: 3\r\n"
		"Importance: normal\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=\"=_mbc-part\"\r\n"
		"\r\n"
		"--=_mbc-part\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n"
		"\r\n"
		"=C3=80 faire : fermer\r\n"
		"=2E\r\n"
		"=46rom here =3D=20\r\n"
		"fin=20\r\n"
		"\r\n--=_mbc-part\r\n"
		"Content-Type: image/png\r\n"
		"Content-Disposition: attachment;\r\n filename*=UTF-8''%C3%A9t%C3%A9.png\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"iVBORw==\r\n"
		"\r\n--=_mbc-part--\r\n");
	check_form(mail);
	free(mail);
}

static void
test_long_lines(void **state)
{
	struct alert_message m = message();
	char line[400], *mail;

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	m.text = line;
	m.subject = line;
	mail = mail_of(&m, NULL);
	check_form(mail);
	assert_non_null(strstr(mail, "aaa=\r\naaa"));
	for (const char *at = strstr(mail, "\r\n\r\n") + 4, *end; *at != '\0'; at = end + 2) {
		end = strstr(at, "\r\n");
		assert_non_null(end);
		assert_true(end - at <= 76);
	}
	free(mail);
	/* 76 fit into a last line, 77 do not. */
	line[76] = '\0';
	m.subject = "x";
	mail = mail_of(&m, NULL);
	assert_null(strstr(mail, "=\r\n"));
	free(mail);
	/* What is hardly ASCII is Base64. */
	m.text = "αβγδεζηθ";
	mail = mail_of(&m, NULL);
	assert_non_null(strstr(mail, "base64\r\n\r\nzrHOss6zzrTOtc62zrfOuA0K\r\n"));
	free(mail);
}

static void
test_nothing_is_injected(void **state)
{
	static const char bad[] =
		"x\r\nBcc: eve@bad.example\r\n\r\n--=_mbc-part\r\n\x1b[2J\xff\xc2";
	struct alert_message m = message();
	char *mail;

	m.subject = m.bench = m.alarm = m.text = m.attachment_name = m.attachment_type = m.unit =
		bad;
	m.attachment = "x";
	m.n_attachment = 1;
	for (int what = 0; what < ALERT_WHATS; what++) {
		m.what = (enum alert_what)what;
		mail = mail_of(&m, bad);
		check_form(mail);
		for (const char *at = strstr(mail, "Bcc:"); at != NULL; at = strstr(at + 1, "Bcc:"))
			assert_true(at > strstr(mail, "\r\n\r\n") || at[-1] != '\n');
		assert_null(strstr(mail, "\r\nBcc:  "));
		assert_null(strchr(mail, 0x1b));
		assert_non_null(strstr(mail, "application/octet-stream"));
		free(mail);
	}
	/* Nothing at all is a mail, too. */
	m = (struct alert_message){ .value = (double)NAN };
	mail = mail_of(&m, "");
	check_form(mail);
	free(mail);
}

static void
test_too_large(void **state)
{
	struct alert_message m = message();
	size_t n = MAIL_ATTACHMENT_MAX + 1;
	char *bytes = mem_zero(n, 1), *mail;

	m.attachment = bytes;
	m.n_attachment = n;
	mail = mail_of(&m, NULL);
	assert_non_null(strstr(mail, "is left out: it is too large."));
	assert_null(strstr(mail, "multipart"));
	free(mail);
	m.attachment = NULL;
	memset(bytes, 'a', n - 1);
	m.text = bytes;
	mail = mail_of(&m, NULL);
	assert_true(strlen(mail) < MAIL_TEXT_MAX * 2);
	assert_non_null(strstr(mail, "=E2=80=A6\r\n"));
	free(mail);
	free(bytes);
}

static void
test_addresses(void **state)
{
	static const char *const good[] = { "a@b", "anna.b+lab@lab.example", "root@localhost",
		"x_y-z=1@mail-1.lab.example" };
	static const char *const bad[] = { "", "anna", "@lab", "anna@", "a@b@c", "a b@c",
		"a@b\r\nX: y", "<a@b>", "a@b,c@d", "\"a\"@b", "é@b", "a@.b", "a@b.", "a@-b",
		"a..b@c", "-a@b", "a@b\x7f" };
	char longest[300] = "a@";
	struct err err;

	for (size_t i = 0; i < NELEM(good); i++)
		assert_int_equal(mail_address_check(good[i], &err), 0);
	for (size_t i = 0; i < NELEM(bad); i++) {
		assert_int_equal(mail_address_check(bad[i], &err), ERR_CONF);
		assert_null(strpbrk(err.msg, "\r\n"));
	}
	memset(longest + 2, 'b', 252);
	assert_int_equal(mail_address_check(longest, &err), 0);
	longest[254] = 'b';
	assert_int_equal(mail_address_check(longest, &err), ERR_CONF);
}

static struct alert_verdict
judge(int code, long reply, bool is_out, const char *line)
{
	struct mail_end end = { code, reply, is_out, line, strlen(line), "" };
	struct alert_verdict v;

	mail_judge(&end, &v);
	return v;
}

static void
test_replies(void **state)
{
	struct alert_verdict v = judge(CURLE_OK, 250, true, "250 2.0.0 Ok: queued as 4F1A\r\n");

	assert_int_equal(v.result, ALERT_SENT);
	assert_string_equal(v.text, "");
	assert_string_equal(v.receipt, "2.0.0 Ok: queued as 4F1A");
	v = judge(CURLE_LOGIN_DENIED, 535, false, "535 5.7.8 bad credentials\r\n");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_string_equal(v.text, "the mail server says 535 5.7.8 bad credentials");
	assert_non_null(strstr(v.remedy, "password"));
	assert_int_equal(
		judge(CURLE_LOGIN_DENIED, 454, false, "454 later").result, ALERT_TEMPORARY);
	assert_int_equal(judge(CURLE_SEND_ERROR, 450, false, "450 busy").result, ALERT_TEMPORARY);
	assert_int_equal(judge(CURLE_SEND_ERROR, 550, false, "550 who").result, ALERT_PERMANENT);
	assert_int_equal(
		judge(CURLE_WEIRD_SERVER_REPLY, 421, false, "421 full").result, ALERT_TEMPORARY);
	/* It has the message, and says no. */
	assert_int_equal(
		judge(CURLE_WEIRD_SERVER_REPLY, 554, true, "554 spam").result, ALERT_PERMANENT);
	assert_int_equal(
		judge(CURLE_WEIRD_SERVER_REPLY, 451, true, "451 later").result, ALERT_TEMPORARY);
	v = judge(CURLE_WEIRD_SERVER_REPLY, 452, true, "");
	assert_string_equal(v.text, "the mail server says 452");
	/* It has the message, and says nothing: the last reply was 354. */
	v = judge(CURLE_RECV_ERROR, 354, true, "354 go on\r\n");
	assert_int_equal(v.result, ALERT_UNCERTAIN);
	assert_non_null(strstr(v.text, "handed over, and no answer came: "));
	assert_int_equal(judge(CURLE_OPERATION_TIMEDOUT, 354, true, "").result, ALERT_UNCERTAIN);
	assert_int_equal(judge(CURLE_OPERATION_TIMEDOUT, 354, false, "").result, ALERT_TEMPORARY);
	/* A 5xx of an earlier command is no answer to it. */
	assert_int_equal(judge(CURLE_RECV_ERROR, 502, true, "502 no").result, ALERT_UNCERTAIN);
	assert_int_equal(judge(CURLE_COULDNT_CONNECT, 0, false, "").result, ALERT_TEMPORARY);
	assert_int_equal(judge(CURLE_COULDNT_RESOLVE_HOST, 0, false, "").result, ALERT_TEMPORARY);
	v = judge(CURLE_PEER_FAILED_VERIFICATION, 220, false, "220 go\r\n");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_non_null(strstr(v.remedy, "certificate"));
	v = judge(CURLE_USE_SSL_FAILED, 250, false, "250 x\r\n");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_non_null(strstr(v.remedy, "TLS"));
	/* Each code of libcurl gets a verdict with words. */
	for (int code = 1; code < CURL_LAST; code++)
		for (int is_out = 0; is_out < 2; is_out++) {
			curl_judge(code, is_out, "", &v);
			assert_true(v.text[0] != '\0' && v.remedy[0] != '\0');
			assert_int_not_equal(v.result, ALERT_SENT);
		}
	/* Words of a hostile one. */
	v = judge(CURLE_SEND_ERROR, 550, false, "550 \x1b[2J\xff password=Geheim1 \r\n");
	assert_string_equal(v.text, "the mail server says 550  [2J? password=***");
}

static void
check_cut(const char *text, size_t max, enum clean_unit unit, const char *expected)
{
	struct buf b = { 0 };

	buf_puts(&b, "..");
	buf_puts(&b, text);
	clean_cut(&b, 2, max, unit);
	assert_string_equal(buf_text(&b) + 2, expected);
	buf_done(&b);
}

static void
test_clean(void **state)
{
	struct buf b = { 0 };

	clean_line(&b, "a\xC3\xA9\x80z\xC2\x9B\r\n\tq\xE2\x80\xA8\xF0\x9F\x94\xA5\xF0\x9F\xC3");
	assert_string_equal(buf_text(&b), "a\xC3\xA9?z    q \xF0\x9F\x94\xA5???");
	buf_clear(&b);
	clean_text(&b, "a\r\nb\rc\n\td\x07");
	assert_string_equal(buf_text(&b), "a\nb\nc\n\td ");
	buf_clear(&b);
	clean_line(&b, NULL);
	assert_int_equal(b.n, 0);
	buf_done(&b);
	check_cut("abcdef", 6, CLEAN_BYTES, "abcdef");
	check_cut("abcdefg", 6, CLEAN_BYTES, "abc\xE2\x80\xA6");
	check_cut("ab\xC3\xA9 fg", 6, CLEAN_BYTES, "ab\xE2\x80\xA6");
	check_cut("abcdefg", 6, CLEAN_CHARACTERS, "abcde\xE2\x80\xA6");
	check_cut("\xC3\xA9\xC3\xA9\xC3\xA9", 3, CLEAN_CHARACTERS, "\xC3\xA9\xC3\xA9\xC3\xA9");
	check_cut("\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5", 4, CLEAN_UTF16,
		"\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5");
	check_cut(
		"\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5", 3, CLEAN_UTF16, "\xF0\x9F\x94\xA5\xE2\x80\xA6");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_french_with_file),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_nothing_is_injected),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
