/* test_describe.c - the catalogue for programs: what is told of instrument files, of good ones and of any others */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile/describe.h"
#include "compile/units.h"

static char dir[64], own[80], all[80];
static const char *const names[] = { "pump", "oven", "torn", "odd", "path", "bench" };

static void
put(const char *folder, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.yaml", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static const char pump[] =
	"instrument: pump\ntitle: {en: \"a \\\"pump\\\"\", fr: une pompe}\nmaker: Acme\nmodels: "
	"[P1, P2]\n"
	"quantities: [flow]\nconfidence: high\nsources: [manual]\nnotes: |\n  first\n  "
	"second\nprotocol: text\n"
	"line: {serial: 9600 8N1}\n"
	"params:\n  address: {type: int, range: [0, 255], default: 1, title: the address}\n"
	"  unit: {type: text}\nend: '\\r'\n"
	"channels:\n  flow: {read: {send: \"F${address}\", receive: \"{flow:num}\"}, unit: "
	"\"${unit}\"}\nexchanges:\n  - {send: \"F1<0D>\", receive: \"2.5<0D>\", expect: {flow: "
	"2.5}, with: {unit: bar}}\n";

static int
setup(void **state)
{
	struct err err;

	strcpy(dir, "/tmp/mbc-describe-XXXXXX");
	if (mkdtemp(dir) == NULL || units_open(&err) != 0)
		return -1;
	snprintf(own, sizeof(own), "%s/own", dir);
	snprintf(all, sizeof(all), "%s/all", dir);
	return mkdir(own, 0700) != 0 || mkdir(all, 0700) != 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	const char *const folders[] = { own, all };
	char path[200];

	for (size_t f = 0; f < NELEM(folders); f++) {
		for (size_t i = 0; i < NELEM(names); i++) {
			snprintf(path, sizeof(path), "%s/%s.yaml", folders[f], names[i]);
			unlink(path);
		}
		rmdir(folders[f]);
	}
	units_close();
	return rmdir(dir);
}

/* What is told, as a text that a test frees. */
static char *
told(struct buf *out)
{
	buf_putc(out, '\0');
	return (char *)out->data;
}

static char *
list(const char *of_own)
{
	struct buf out = { 0 };
	struct err err;

	assert_int_equal(describe_all(of_own, all, &out, &err), 0);
	return told(&out);
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static void
test_list(void **state)
{
	char *text;

	put(all, "pump", pump);
	text = list(own);
	assert_non_null(strstr(text, "\"name\":\"pump\""));
	assert_non_null(strstr(text, "{\"en\":\"a \\\"pump\\\"\",\"fr\":\"une pompe\"}"));
	assert_non_null(strstr(text, "\"models\":[\"P1\",\"P2\"]"));
	assert_non_null(strstr(text, "\"own\":false"));
	assert_non_null(
		strstr(text, "\"line\":{\"tcp\":null,\"udp\":null,\"serial\":\"9600 8N1\"}"));
	assert_non_null(strstr(text,
		"{\"name\":\"address\",\"type\":\"int\",\"min\":0,\"max\":255,\"default\":\"1\","
		"\"needed\":false,\"words\":[],\"title\":{\"en\":\"the address\",\"fr\":\"the "
		"address\"}}"));
	assert_non_null(
		strstr(text, "\"name\":\"unit\",\"type\":\"text\",\"min\":null,\"max\":null,"
			     "\"default\":null,\"needed\":true"));
	/* An option that may be left out has no default to be shown in its field. */
	assert_non_null(strstr(text, "\"name\":\"length\",\"type\":\"int\""));
	assert_null(strstr(text, "-9223372036854775807"));
	free(text);
}

static void
test_own_hides(void **state)
{
	char *text, none[100];

	put(all, "pump", pump);
	put(own, "pump",
		"instrument: pump\nprotocol: modbus\nline: {tcp: 502}\nchannels: {a: {read: "
		"{holding: 1}}}\n");
	text = list(own);
	assert_int_equal(count(text, "\"name\":\"pump\""), 1);
	assert_non_null(strstr(text, "\"own\":true"));
	assert_non_null(strstr(
		text, "\"wires\":[\"tcp\"")); /* made for TCP alone: neither serial nor rtu */
	assert_null(strstr(text, "\"rtu\""));
	free(text);
	snprintf(none, sizeof(none), "%s/none", dir);
	text = list(none); /* a bench without a folder of its own */
	assert_non_null(strstr(text, "\"own\":false"));
	free(text);
}

/* Files are typed by people: none takes the others with it. */
static void
test_any_file(void **state)
{
	char *text;

	put(all, "pump", pump);
	put(all, "torn", "instrument: [\n");
	put(all, "odd",
		"instrument: odd\ntitle: [x]\nmaker: {a: b}\nmodels: one\nquantities: {flow: "
		"1}\nprotocol: none such\n"
		"line: 5\nparams: {a: 5, b: {range: 3, words: {x: 1}}, c: {range: [nan, {}]}, d: "
		"{range: []}, e: null}\n");
	put(all, "path", "instrument: ../../etc/passwd\n");
	put(all, "bench", "bench: b\nchannels: {a: {calc: 1}}\n");
	text = list(own);
	assert_non_null(strstr(text, "\"name\":\"pump\""));
	assert_non_null(strstr(text, "\"name\":\"odd\""));
	assert_null(strstr(text, "passwd"));
	assert_null(strstr(text, "torn"));
	assert_null(strstr(text, "nan"));
	assert_non_null(strstr(text, "\"quantities\":[\"flow\"]"));
	free(text);
}

static void
test_one(void **state)
{
	static const char *const strangers[] = { "", "none", "../all/pump", "pump.yaml", "a/b" };
	struct buf out = { 0 };
	struct err err;
	char *text;

	put(all, "pump", pump);
	put(own, "oven", "instrument: oven\nprotocol: modbus\nchannels: {a: {read: nonsense}}\n");
	assert_int_equal(describe_one(own, all, "oven", &out, &err), ERR_CONF);
	assert_int_equal(err.sys, 422);
	for (size_t i = 0; i < NELEM(strangers); i++) {
		assert_int_equal(describe_one(own, all, strangers[i], &out, &err), ERR_CONF);
		assert_int_equal(err.sys, 404);
	}
	assert_int_equal(describe_one(own, "", "torn", &out, &err), ERR_CONF);
	assert_int_equal(err.sys, 404);
	assert_int_equal(out.n, 0);
	assert_int_equal(describe_one(all, "", "pump", &out, &err), 0);
	text = told(&out);
	assert_non_null(strstr(text, "\"notes\":\"first second\""));
	assert_non_null(strstr(text, "\"channels\":[{\"name\":\"flow\""));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_hides, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
