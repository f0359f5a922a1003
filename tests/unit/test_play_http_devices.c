/* test_play_http_devices.c - simulated devices with pages by path and with writes, as their makers describe them
 *
 * Documents and requests: Moxa ioLogik E1200 (RESTful API), GCE Electronics IPX800 V3 and V4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play_rig.h"
#include "twin/fault.h"

struct row {
	const char *instrument; /* its options; NULL: a point of the one before */
	const char *read, *write;
};

/* Point i of the table is point i of the image. */
static void
start(struct play *f, const struct row *rows, size_t n)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "l", "127.0.0.1", 1502);

	for (size_t i = 0; i < n; i++) {
		char name[8];
		uint32_t p;

		snprintf(name, sizeof(name), "d%zu", i);
		if (rows[i].instrument != NULL)
			image_builder_instrument(
				b, name, "http", link, rows[i].instrument, NS_PER_S, NS_PER_S, 1);
		p = image_builder_point(b, name, rows[i].read, 0);
		if (rows[i].write != NULL)
			image_builder_write(b, p, rows[i].write);
	}
	f->img = image_builder_done(b);
	f->t = twin_new(f->img, 1);
}

#define START(f, rows) start(f, rows, NELEM(rows))

static void
stop(struct play *f)
{
	twin_free(f->t);
	free(f->img);
}

static double
number(struct play *f, uint32_t point)
{
	return play_read(f->t, f->img, point, Q_GOOD, NULL).f;
}

static int64_t
truth(struct play *f, uint32_t point)
{
	return play_read(f->t, f->img, point, Q_GOOD, NULL).i;
}

/* A request, whose head may lack its end, and the answer: its status, and its body when `body` is not NULL. */
static void
asks(struct play *f, const char *head, const char *sent, unsigned status, const char *body)
{
	static char in[CODEC_FRAME_MAX], out[CODEC_FRAME_MAX + 1];
	char want[40];
	int n = snprintf(
		in, sizeof(in), "%s\r\nContent-Length: %zu\r\n\r\n%s", head, strlen(sent), sent);

	assert_int_equal(twin_cut(f->t, 0, (const uint8_t *)in, (size_t)n, WIRE_OPEN), n);
	n = twin_answer(f->t, 0, (const uint8_t *)in, (size_t)n, (uint8_t *)out, CODEC_FRAME_MAX);
	assert_true(n > 0);
	out[n] = '\0';
	snprintf(want, sizeof(want), "HTTP/1.1 %u ", status);
	if (strncmp(out, want, strlen(want)) != 0 ||
		(body != NULL && strcmp(strstr(out, "\r\n\r\n") + 4, body) != 0))
		fail_msg("%s: %s", head, out);
}

#define ACCEPT "\r\nAccept: vdn.dac.v1"
#define CODE(text, code) "{\"error\":{\"message\":\"" text "\",\"code\":" code "}}"

/* ---- Moxa ---- */

static void
test_e1240(void **state)
{
	static const struct row rows[] = {
		{ "accept=vdn.dac.v1 path=/api/slot/0/io/ai", "json=io.ai[aiIndex=1].aiValueScaled",
			NULL },
		{ NULL, "json=io.ai[aiIndex=0].aiValueRaw", NULL },
		{ NULL, "json=io.ai[aiIndex=0].aiValueScaled", NULL },
		{ NULL, "json=io.ai[aiIndex=10].aiStatus", NULL },
		{ NULL, "path=/api/slot/0/sysInfo json=sysInfo.device[0].modelName type=text",
			NULL },
		{ NULL, "path=/api/slot/0/sysInfo json=sysInfo.network.LAN.lanIp type=text", NULL },
	};
	char text[VALUE_TEXT_MAX + 1];
	struct play f;

	START(&f, rows);
	twin_set(f.t, 0, 3.000076);
	twin_set(f.t, 1, 13107);
	twin_set(f.t, 2, 2);
	twin_set(f.t, 3, 1);
	asks(&f, "GET /api/slot/0/io/ai HTTP/1.1" ACCEPT, "", 200,
		"{\"io\":{\"ai\":[{\"aiIndex\":0,\"aiValueRaw\":13107,\"aiValueScaled\":2},"
		"{\"aiIndex\":1,\"aiValueScaled\":3.000076},{\"aiIndex\":10,\"aiStatus\":1}]}}");
	assert_float_equal(number(&f, 0), 3.000076, 0);
	assert_float_equal(number(&f, 1), 13107, 0);
	assert_float_equal(number(&f, 2), 2, 0);
	assert_float_equal(number(&f, 3), 1, 0);
	play_read(f.t, f.img, 4, Q_GOOD, text);
	assert_string_equal(text, "d0");
	asks(&f, "GET /api/slot/0/sysInfo HTTP/1.1\r\naccept:  vdn.dac.v1/* ", "", 200,
		"{\"sysInfo\":{\"device\":[{\"modelName\":\"d0\"}],\"network\":{\"LAN\":{\"lanIp\":"
		"\"d0\"}}}}");
	asks(&f, "GET /api/slot/0/io/ai HTTP/1.1", "", 400, CODE("UnsupportedVersion", "101"));
	asks(&f, "GET /api/slot/0/io/ai HTTP/1.1\r\nAccept: vdn.dac.v2", "", 400,
		CODE("UnsupportedVersion", "101"));
	asks(&f, "GET /api/slot/0/io/relay HTTP/1.1" ACCEPT, "", 404, NULL);
	asks(&f, "PUT /api/slot/0/io/ai HTTP/1.1" ACCEPT, "{}", 405, NULL);
	stop(&f);
}

#define AO(a, b)                                                                                   \
	"{\"slot\":0,\"io\":{\"ao\":[{\"aoIndex\":0,\"aoMode\":0,\"aoValueRaw\":" a                \
	",\"aoValueScaled\":3.0},{\"aoIndex\":1,\"aoMode\":0,\"aoValueRaw\":" b "}]}}"

static void
test_e1241(void **state)
{
	static const struct row rows[] = {
		{ "accept=vdn.dac.v1 path=/api/slot/0/io/ao", "json=io.ao[aoIndex=1].aoValueRaw",
			"collection=io.ao[aoIndex=1].aoValueRaw digits=0" },
		{ NULL, "json=io.ao[aoIndex=0].aoValueRaw",
			"collection=io.ao[aoIndex=0].aoValueRaw digits=0" },
		{ NULL, "json=io.ao[aoIndex=0].aoValueScaled", NULL },
	};
	static const struct {
		const char *body, *answer;
	} bad[] = {
		{ "{\"slot\":0,", CODE("InvalidJsonFormat", "201") },
		{ "", CODE("InvalidJsonFormat", "201") },
		{ AO("7", "true"), CODE("InvalidNodeValue", "202") },
		{ AO("7", "\"8\""), CODE("InvalidNodeValue", "202") },
		{ "{\"io\":{\"ao\":[{\"aoIndex\":1,\"aoValueRaw\":8},"
		  "{\"aoIndex\":0,\"aoValueRaw\":7,\"aoValueScaled\":3}]}}",
			CODE("WrongChannelOrder", "203") },
		{ "{\"io\":{\"ao\":[{\"aoIndex\":0,\"aoValueRaw\":7,\"aoValueScaled\":3}]}}",
			CODE("MissingRequiredChannel", "204") },
		{ "{\"io\":{\"ao\":[{\"aoIndex\":0,\"aoValueRaw\":7},{\"aoIndex\":1,\"aoValueRaw\":"
		  "8}"
		  "]}}",
			CODE("MissingRequiredNode", "206") },
	};
	struct play f;

	START(&f, rows);
	twin_set(f.t, 2, 0.5);
	play_codec_write(f.t, f.img, 0, (union value){ .f = 1229 });
	assert_float_equal(number(&f, 0), 1229, 0);
	assert_float_equal(number(&f, 1), 0, 0);
	for (size_t i = 0; i < NELEM(bad); i++)
		asks(&f, "PUT /api/slot/0/io/ao HTTP/1.1" ACCEPT, bad[i].body, 400, bad[i].answer);
	asks(&f, "PUT /api/slot/0/io/ao HTTP/1.1", AO("7", "8"), 400,
		CODE("UnsupportedVersion", "101"));
	asks(&f, "POST /api/slot/0/io/ao HTTP/1.1" ACCEPT, AO("7", "8"), 405, NULL);
	assert_float_equal(number(&f, 0), 1229, 0); /* nothing came of all that */
	assert_float_equal(number(&f, 1), 0, 0);
	asks(&f, "PUT /api/slot/0/io/ao HTTP/1.1" ACCEPT, AO("7", "8"), 200, "");
	assert_float_equal(number(&f, 1), 7, 0);
	assert_float_equal(number(&f, 0), 8, 0);
	assert_float_equal(number(&f, 2), 0.5, 0); /* no bench writes that */
	stop(&f);
}

#define RELAY "/api/slot/0/io/relay/3/relayStatus"
#define ONE(v) "{\"slot\":0,\"io\":{\"relay\":{\"3\":{\"relayStatus\":" v "}}}}"

static void
test_e1214(void **state)
{
	static const struct row rows[] = {
		{ "accept=vdn.dac.v1",
			"path=/api/slot/0/io/relay json=io.relay[relayIndex=3].relayStatus "
			"type=bool",
			"type=bool path=" RELAY " body=" ONE("{value}") },
		{ NULL, "path=/api/slot/0/io/di json=io.di[diIndex=0].diStatus type=bool", NULL },
		{ NULL, "path=/api/slot/0/io/di/0/diStatus json=io.di.0.diStatus type=bool", NULL },
	};
	struct play f;

	START(&f, rows);
	for (int64_t on = 1; on >= 0; on--) {
		play_codec_write(f.t, f.img, 0, (union value){ .i = on });
		assert_int_equal(truth(&f, 0), on);
	}
	twin_set(f.t, 2, 1);
	assert_int_equal(truth(&f, 1), 0);
	assert_int_equal(truth(&f, 2), 1);
	asks(&f, "GET /api/slot/0/io/di/0/diStatus HTTP/1.1" ACCEPT, "", 200,
		"{\"io\":{\"di\":{\"0\":{\"diStatus\":1}}}}");
	asks(&f, "PUT " RELAY " HTTP/1.1" ACCEPT,
		"{ \"slot\" : 0, \"io\":\r\n" /* as people write */
		"{\"relay\":{\"3\":{\"relayStatus\":1 }}}}",
		200, "");
	assert_int_equal(truth(&f, 0), 1);
	asks(&f, "PUT " RELAY " HTTP/1.1" ACCEPT, "relayStatus=0", 400,
		CODE("InvalidJsonFormat", "201"));
	asks(&f, "PUT " RELAY " HTTP/1.1" ACCEPT, ONE("7"), 400, CODE("InvalidNodeValue", "202"));
	asks(&f, "PUT " RELAY " HTTP/1.1" ACCEPT, ONE("\"0\""), 400,
		CODE("InvalidNodeValue", "202"));
	asks(&f, "PUT " RELAY " HTTP/1.1", ONE("0"), 400, CODE("UnsupportedVersion", "101"));
	asks(&f, "DELETE " RELAY " HTTP/1.1" ACCEPT, "", 405, NULL);
	assert_int_equal(truth(&f, 0), 1);
	stop(&f);
}

/* ---- IPX800 ---- */

static void
test_ipx800_v3(void **state)
{
	static const struct row rows[] = {
		{ "path=/status.xml", "xml=response/led0 type=bool",
			"type=bool path=/preset.htm?set1={value}" },
		{ NULL, "xml=response/btn0 type=bool on=dn off=up", NULL },
		{ NULL, "xml=response/analog0", NULL },
		{ NULL, "path=/api/xdevices.json?cmd=20 json=OUT2 type=bool",
			"type=bool path=/preset.htm?set2={value}" },
		{ NULL, "path=/c xml=r/count3",
			"path=/protect/assignio/counter1.htm?num=3&counter={value}" },
	};
	struct play f;

	START(&f, rows);
	play_codec_write(f.t, f.img, 0, (union value){ .i = 1 });
	twin_set(f.t, 1, 1);
	twin_set(f.t, 2, 619);
	asks(&f, "GET /status.xml HTTP/1.1", "", 200,
		"<response><led0>1</led0><btn0>dn</btn0><analog0>619</analog0></response>");
	assert_int_equal(truth(&f, 0), 1);
	assert_int_equal(truth(&f, 1), 1);
	assert_float_equal(number(&f, 2), 619, 0);
	twin_set(f.t, 1, 0);
	assert_int_equal(truth(&f, 1), 0);
	asks(&f, "GET /preset.htm?set2=1 HTTP/1.1", "", 200, "");
	assert_int_equal(truth(&f, 3), 1);
	assert_int_equal(truth(&f, 0), 1); /* the other one */
	asks(&f, "GET /preset.htm?set1=0 HTTP/1.1", "", 200, "");
	assert_int_equal(truth(&f, 0), 0);
	asks(&f, "GET /api/xdevices.json?cmd=20 HTTP/1.1", "", 200, "{\"OUT2\":1}");
	play_codec_write(f.t, f.img, 4, (union value){ .f = -1e20 });
	assert_float_equal(number(&f, 4), -1e20, 0);
	asks(&f, "GET /preset.htm?set1=7 HTTP/1.1", "", 400, NULL);
	asks(&f, "GET /preset.htm?set3=1 HTTP/1.1", "", 404, NULL);
	asks(&f, "POST /preset.htm?set1=1 HTTP/1.1", "", 405, NULL);
	assert_int_equal(truth(&f, 0), 0);
	stop(&f);
}

#define V4 "/api/xdevices.json?key=apikey&"
#define OK "ok_json=status ok_is=Success "

static void
test_ipx800_v4(void **state)
{
	static const struct row rows[] = {
		{ OK "path=" V4 "Get=R", "json=R1 type=bool",
			"type=bool path=" V4 "{value} on=SetR=01 off=ClearR=01" },
		{ NULL, "json=R2 type=bool",
			"type=bool path=" V4 "{value} on=SetR=02 off=ClearR=02" },
		{ OK "path=" V4 "Get=A", "json=A1", NULL },
		{ OK "path=" V4 "Get=VA", "json=VA3", "path=" V4 "SetVA03={value} digits=0" },
	};
	struct play f;

	START(&f, rows);
	play_codec_write(f.t, f.img, 1, (union value){ .i = 1 });
	play_codec_write(f.t, f.img, 3, (union value){ .f = 65535 });
	twin_set(f.t, 2, 9232);
	asks(&f, "GET " V4 "Get=R HTTP/1.1", "", 200, "{\"R1\":0,\"R2\":1,\"status\":\"Success\"}");
	assert_int_equal(truth(&f, 0), 0);
	assert_int_equal(truth(&f, 1), 1);
	assert_float_equal(number(&f, 2), 9232, 0);
	assert_float_equal(number(&f, 3), 65535, 0);
	asks(&f, "GET " V4 "ClearR=02 HTTP/1.1", "", 200, "{\"status\":\"Success\"}");
	assert_int_equal(truth(&f, 1), 0);
	/* What it does not know, and a key that is not the first. */
	asks(&f, "GET " V4 "SetR=57 HTTP/1.1", "", 200, "{\"status\":\"Error\"}");
	asks(&f, "GET " V4 "Get=D HTTP/1.1", "", 200, "{\"status\":\"Error\"}");
	asks(&f, "GET /api/xdevices.json?Get=R&key=apikey HTTP/1.1", "", 200,
		"{\"status\":\"Error\"}");
	asks(&f, "GET /index.htm HTTP/1.1", "", 404, NULL);
	stop(&f);
}

/* ---- who asks ---- */

static struct secrets secrets = { 2, { { 8, "Sesame&1" }, { 7, "k3y a/b" } } };

/* Base64 of "bench:Sesame&1" and of the same without its last character. */
#define RIGHT "\r\nAuthorization: Basic YmVuY2g6U2VzYW1lJjE="
#define WRONG "\r\nAuthorization: Basic YmVuY2g6U2VzYW1lJg=="

static void
test_a_password(void **state)
{
	static const struct row rows[] = {
		{ "path=/a user=bench password=1", "json=a", "path=/set?a={value}" },
		{ "path=/open", "json=b", NULL },
	};
	struct play f;

	START(&f, rows);
	asks(&f, "GET /a HTTP/1.1" RIGHT, "", 401, NULL); /* nobody knows it yet */
	twin_secrets(f.t, &secrets);
	twin_set(f.t, 0, 7);
	asks(&f, "GET /a HTTP/1.1", "", 401, NULL);
	asks(&f, "GET /a HTTP/1.1" WRONG, "", 401, NULL);
	asks(&f, "GET /set?a=9 HTTP/1.1" WRONG, "", 401, NULL);
	asks(&f, "GET /a HTTP/1.1" RIGHT, "", 200, "{\"a\":7}");
	asks(&f, "GET /set?a=9 HTTP/1.1" RIGHT, "", 200, NULL);
	asks(&f, "GET /a HTTP/1.1" RIGHT, "", 200, "{\"a\":9}");
	asks(&f, "GET /open HTTP/1.1", "", 200, NULL);
	stop(&f);
}

static void
test_a_key(void **state)
{
	static const struct row rows[] = {
		{ OK "path=/a?Get=R key=2 key_query=key", "json=a", "path=/a?Set={value}" },
		{ "path=/b key=1 key_header=X-Key", "json=b", NULL },
	};
	struct play f;

	START(&f, rows);
	twin_secrets(f.t, &secrets);
	asks(&f, "GET /a?key=k3y%20a%2Fb&Get=R HTTP/1.1", "", 200,
		"{\"a\":0,\"status\":\"Success\"}");
	asks(&f, "GET /a?key=k3y%20a%2Fb&Set=4 HTTP/1.1", "", 200, "{\"status\":\"Success\"}");
	asks(&f, "GET /a?key=k3y&Set=5 HTTP/1.1", "", 200, "{\"status\":\"Error\"}");
	asks(&f, "GET /a?Get=R HTTP/1.1", "", 200, "{\"status\":\"Error\"}");
	asks(&f, "GET /a?Get=R&key=k3y%20a%2Fb HTTP/1.1", "", 200, "{\"status\":\"Error\"}");
	asks(&f, "GET /a?key=k3y%20a%2Fb&Get=R HTTP/1.1", "", 200,
		"{\"a\":4,\"status\":\"Success\"}");
	asks(&f, "GET /b HTTP/1.1\r\nx-key: Sesame&1", "", 200, "{\"b\":0}");
	asks(&f, "GET /b HTTP/1.1\r\nX-Key: Sesame", "", 401, NULL);
	stop(&f);
}

/* ---- forms of pages and writes ---- */

static void
test_forms_of_values(void **state)
{
	static const struct row rows[] = {
		{ "path=/j", "json=a[2] quoted=yes", NULL },
		{ NULL, "json=a[0].b", NULL },
		{ NULL, "json=x type=hex_float", NULL },
		{ NULL, "json=on type=bool", "type=bool body={\"on\":{value}} on=true off=false" },
		{ NULL, "json=w[name=\"q\"].s type=bool on=dn off=up", NULL },
		{ NULL, "json=w[name=\"q\"].name type=text", NULL },
		{ NULL, "json=[\"o.dd\"]", NULL },
		{ "path=/x", "xml=r/V[@Name=\"A\"]/@value", NULL },
		{ NULL, "xml=r/V[@Name=\"B\"] type=text", NULL },
		{ NULL, "xml=r/V[@Name=\"A\"]/@unit type=text", NULL },
		{ NULL, "xml=r/z/y", NULL },
	};
	char text[VALUE_TEXT_MAX + 1];
	struct play f;

	START(&f, rows);
	twin_set(f.t, 0, 0.1);
	twin_set(f.t, 2, 12.5);
	twin_set(f.t, 4, 1);
	twin_set(f.t, 7, -1e-7);
	twin_keep(f.t, 8, 0, "<\"&>");
	asks(&f, "GET /j HTTP/1.1", "", 200,
		"{\"a\":[{\"b\":0},null,\"0.1\"],\"x\":\"0x41480000\",\"on\":false,"
		"\"w\":[{\"name\":\"q\",\"s\":\"dn\"}],\"o.dd\":0}");
	asks(&f, "GET /x HTTP/1.1", "", 200,
		"<r><V Name=\"A\" value=\"-1e-07\" unit=\"d7\"></V>"
		"<V Name=\"B\">&lt;&quot;&amp;&gt;</V><z><y>0</y></z></r>");
	assert_float_equal(number(&f, 0), 0.1, 0);
	assert_float_equal(number(&f, 2), 12.5, 0);
	play_codec_write(f.t, f.img, 3, (union value){ .i = 1 });
	assert_int_equal(truth(&f, 3), 1);
	assert_int_equal(truth(&f, 4), 1);
	play_read(f.t, f.img, 5, Q_GOOD, text);
	assert_string_equal(text, "q");
	assert_float_equal(number(&f, 7), -1e-7, 0);
	play_read(f.t, f.img, 8, Q_GOOD, text);
	assert_string_equal(text, "<\"&>");
	stop(&f);
}

#define FORM "content=application/x-www-form-urlencoded method=POST "

static void
test_forms_of_writes(void **state)
{
	static const char odd[] = "a+b \"c\\d\" %41&\xC3\xA9{value}";
	static const struct row rows[] = {
		{ "path=/p", "json=a",
			FORM "path=/set body=v={value}&again={value}&SUBMIT=1 digits=2" },
		{ NULL, "json=form type=text", FORM "type=text path=/form body=t={value}" },
		{ NULL, "json=json type=text", "type=text path=/json body={\"t\":\"{value}\"}" },
		{ NULL, "json=path type=text", "type=text path=/path?{value}" },
		{ "path=/ask body=<Poll/> content=text/xml", "xml=Poll/V", NULL },
	};
	char text[VALUE_TEXT_MAX + 1];
	struct play f;

	START(&f, rows);
	play_codec_write(f.t, f.img, 0, (union value){ .f = -2.5 });
	assert_float_equal(number(&f, 0), -2.5, 0);
	asks(&f, "POST /set HTTP/1.1", "v=1&again=2&SUBMIT=1", 400, NULL);
	asks(&f, "POST /set HTTP/1.1", "v=1&again=1&SUBMIT=", 400, NULL);
	asks(&f, "POST /set HTTP/1.1", "v=x&again=x&SUBMIT=1", 400, NULL);
	assert_float_equal(number(&f, 0), -2.5, 0);
	for (uint32_t i = 1; i <= 3; i++) {
		play_codec_write_text(f.t, f.img, i, (union value){ 0 }, odd);
		play_read(f.t, f.img, i, Q_GOOD, text);
		assert_string_equal(text, odd);
	}
	asks(&f, "POST /form HTTP/1.1", "t=a+b%2", 400, NULL);
	asks(&f, "POST /form HTTP/1.1", "t=a+b%2b", 200, "");
	play_read(f.t, f.img, 1, Q_GOOD, text);
	assert_string_equal(text, "a b+");
	/* A question with a body: that one, and by POST. */
	assert_float_equal(number(&f, 4), 0, 0);
	asks(&f, "POST /ask HTTP/1.1", "<Poll/>", 200, "<Poll><V>0</V></Poll>");
	asks(&f, "POST /ask HTTP/1.1", "<poll/>", 405, NULL);
	asks(&f, "GET /ask HTTP/1.1", "", 405, NULL);
	stop(&f);
}

/* Pages that are too long are told, and do not run over. */
static void
test_a_page_too_long(void **state)
{
	static const struct row rows[] = { { "path=/p", "json=a[99999]", NULL } };
	struct play f;

	START(&f, rows);
	asks(&f, "GET /p HTTP/1.1", "", 500, "Page Too Long");
	stop(&f);
}

/* Points of another instrument stand on the same page; a node that is only written stands there as well. */
static void
test_shared_pages(void **state)
{
	static const struct row rows[] = {
		{ "path=/a", "json=x", "path=/b collection=y" },
		{ "path=/c", "path=/a json=z", "path=/b collection=z" },
		{ "path=/d", "json=v", "path=/cmd body={\"v\":{value}}" },
		{ "path=/e", "json=w", "path=/cmd body={\"w\":{value}}" },
		{ "path=/f", "json=u", "path=/a body={\"u\":{value}}" },
	};
	struct play f;

	START(&f, rows);
	play_codec_write(f.t, f.img, 1, (union value){ .f = 4 });
	play_codec_write(f.t, f.img, 0, (union value){ .f = 3 });
	asks(&f, "GET /a HTTP/1.1", "", 200, "{\"x\":3,\"z\":4}");
	asks(&f, "PUT /b HTTP/1.1", "{\"z\":6,\"y\":5}", 200, "");
	assert_float_equal(number(&f, 0), 5, 0);
	assert_float_equal(number(&f, 1), 6, 0);
	/* What one of them does not understand may be meant for another. */
	for (uint32_t i = 2; i <= 4; i++) {
		play_codec_write(f.t, f.img, i, (union value){ .f = 9 });
		assert_float_equal(number(&f, i), 9, 0);
	}
	asks(&f, "PUT /cmd HTTP/1.1", "{\"x\":9}", 400, CODE("InvalidNodeValue", "202"));
	asks(&f, "POST /cmd HTTP/1.1", "{\"v\":9}", 405, NULL);
	asks(&f, "PUT /f HTTP/1.1", "{\"u\":1}", 405, NULL);
	stop(&f);
}

/* ---- connections, faults ---- */

static void
reply(struct play *f, const char *request, bool is_last, const char *starts, const char *has)
{
	static struct twin_reply r;

	twin_reply(f->t, 0, (const uint8_t *)request, strlen(request), &r);
	assert_int_equal(r.is_last, is_last);
	if (starts == NULL) {
		assert_int_equal(r.n_pieces, 0);
		return;
	}
	assert_int_equal(r.n_pieces, 1);
	r.bytes[r.piece[0].n] = '\0';
	assert_int_equal(strncmp((char *)r.bytes, starts, strlen(starts)), 0);
	assert_non_null(strstr((char *)r.bytes, has));
}

static void
test_connection_and_faults(void **state)
{
	static const struct row rows[] = {
		{ "path=/a", "json=x", "path=/b collection=x" },
		{ "path=/c", "json=x", "path=/b collection=z" },
		{ NULL, "json=y", "path=/s?{value}" },
	};
	struct play f;
	struct err err;

	START(&f, rows);
	twin_step(f.t, 0);
	reply(&f, "GET /a HTTP/1.1\r\n\r\n", false, "HTTP/1.1 200", "Connection: keep-alive\r\n");
	reply(&f, "GET /a HTTP/1.1\r\nconnection: Close\r\n\r\n", true, "HTTP/1.1 200",
		"Connection: close\r\n");
	reply(&f, "GET /z HTTP/1.1\r\nConnection: close\r\n\r\n", true, "HTTP/1.1 404",
		"Connection: close\r\n");
	assert_int_equal(fault_orders(f.t, "fault d0=refuse\nfault d1=refuse", &err), 0);
	reply(&f,
		"PUT /b HTTP/1.1\r\nContent-Length: 13\r\nConnection: close\r\n\r\n"
		"{\"x\":1,\"z\":2}",
		true, "HTTP/1.1 500", "Connection: close\r\n");
	reply(&f, "GET /s?5 HTTP/1.1\r\n\r\n", false, "HTTP/1.1 500", "Connection: keep-alive\r\n");
	assert_int_equal(fault_orders(f.t, "fault d0=dead", &err), 0);
	reply(&f, "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", false, NULL, NULL);
	assert_int_equal(fault_orders(f.t, "fault d0=none\nfault d1=none", &err), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_float_equal(number(&f, i), 0, 0); /* nothing was done */
	reply(&f, "PUT /b HTTP/1.1\r\nContent-Length: 13\r\n\r\n{\"x\":1,\"z\":2}", false,
		"HTTP/1.1 200", "\r\n\r\n");
	assert_float_equal(number(&f, 0), 1, 0);
	assert_float_equal(number(&f, 1), 2, 0);
	stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_e1240),
		cmocka_unit_test(test_e1241),
		cmocka_unit_test(test_e1214),
		cmocka_unit_test(test_ipx800_v3),
		cmocka_unit_test(test_ipx800_v4),
		cmocka_unit_test(test_a_password),
		cmocka_unit_test(test_a_key),
		cmocka_unit_test(test_forms_of_values),
		cmocka_unit_test(test_forms_of_writes),
		cmocka_unit_test(test_a_page_too_long),
		cmocka_unit_test(test_shared_pages),
		cmocka_unit_test(test_connection_and_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
