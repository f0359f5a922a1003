/* test_system.c - the files of a computer as readings */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "link/codec.h"

extern const struct codec codec_system;

/* In the order of the key's words. */
enum {
	CPU,
	LOAD1,
	LOAD5,
	LOAD15,
	USED,
	AVAILABLE,
	UPTIME,
	DISK_USED,
	DISK_FREE,
	HEAT,
	NET_IN,
	NET_OUT
};

static const struct instrument ins = { .name = "host" };

static struct point
point(int64_t key, const char *interface)
{
	struct optvals v = { .num = { key, OPT_ABSENT, OPT_ABSENT, OPT_ABSENT },
		.text = { [3] = interface } };
	struct point pt = { 0 };

	assert_int_equal(codec_system.point(&ins, &v, &pt, NULL), 0);
	return pt;
}

/* Ask for n points that share a file, give it this state and content. */
static void
read_file(const struct point *pts, size_t n, const char *content, struct vars *vars,
	struct reading *r)
{
	static const struct learned nothing;
	struct request req[4];
	uint8_t path[300];
	char frame[CODEC_FRAME_MAX];
	struct readings out = { .at = r, .cap = n };
	int len, total;

	assert_int_equal(codec_system.plan(&ins, pts, n, &nothing, req, n), 1);
	len = codec_system.encode(&ins, req, 0, vars, path, sizeof(path), NULL);
	assert_true(len > 1 && path[len - 1] == '\n');
	total = snprintf(frame, sizeof(frame), "%.*s %s", len - 1, (const char *)path, content);
	assert_int_equal(
		codec_system.cut(&ins, NULL, (uint8_t *)frame, (size_t)total, WIRE_OPEN), total);
	assert_int_equal(
		codec_system.match(&ins, req, 0, (uint8_t *)frame, (size_t)total), MATCH_MINE);
	assert_int_equal(codec_system.decode(
				 &ins, req, pts, (uint8_t *)frame, (size_t)total, vars, &out, NULL),
		0);
	assert_int_equal(out.n, n);
	frame[0] = 'X';
	assert_int_equal(
		codec_system.match(&ins, req, 0, (uint8_t *)frame, (size_t)total), MATCH_NOT_MINE);
}

static void
test_cpu_is_a_difference(void **state)
{
	struct point pts[2] = { point(CPU, NULL), point(CPU, NULL) };
	struct vars vars = { 0 };
	struct reading r[2];

	read_file(pts, 2, "ok\ncpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1\n", &vars, r);
	assert_int_equal(r[0].quality, Q_NOT_YET);
	read_file(pts, 2, "ok\ncpu  125 0 100 775 100 0 0 0 0 0\ncpu0 1 1\n", &vars, r);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r[i].quality, Q_GOOD);
		assert_int_equal(r[i].at, i);
		assert_true(r[i].v.f > 24.99 && r[i].v.f < 25.01);
	}
}

static void
test_all_files(void **state)
{
	static const char net[] =
		"ok\nInter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 2 1\n"
		"  eth0: 5000 1 0 0 0 0 0 0 7000 1 0 0 0 0 0 0\n";
	static const struct {
		int64_t key;
		const char *interface, *content;
		double v;
	} all[] = {
		{ LOAD1, NULL, "ok\n0.50 0.25 0.125 1/100 7\n", 0.5 },
		{ LOAD15, NULL, "ok\n0.50 0.25 0.125 1/100 7\n", 0.125 },
		{ USED, NULL, "ok\nMemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\n", 75 },
		{ AVAILABLE, NULL, "ok\nMemTotal: 1000 kB\nMemAvailable: 250 kB\n", 250 },
		{ UPTIME, NULL, "ok\n123.5 99\n", 123.5 },
		{ DISK_USED, NULL, "ok\n1000 250 4096 9 9\n", 75 },
		{ DISK_FREE, NULL, "ok\n1000 512 4096 9 9\n", 2 },
		{ HEAT, NULL, "ok\n41500\n", 41.5 },
		{ NET_IN, "eth0", net, 5000 },
		{ NET_OUT, "eth0", net, 7000 },
	};

	for (size_t i = 0; i < NELEM(all); i++) {
		struct point pt = point(all[i].key, all[i].interface);
		struct vars vars = { 0 };
		struct reading r;

		read_file(&pt, 1, all[i].content, &vars, &r);
		assert_int_equal(r.quality, Q_GOOD);
		assert_true((pt.value == VALUE_UINT ? (double)r.v.u : r.v.f) == all[i].v);
		read_file(&pt, 1, "missing\n", &vars, &r);
		assert_int_equal(r.quality, Q_MISSING);
		read_file(&pt, 1, "error 5\n", &vars, &r);
		assert_int_equal(r.quality, Q_DEVICE_FAILED);
		read_file(&pt, 1, "ok\ninf rubbish", &vars, &r);
		assert_int_not_equal(r.quality, Q_GOOD);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_is_a_difference),
		cmocka_unit_test(test_all_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
