/* hand_bench.c - the hand rig with a bench of the compiler */
#include "hand_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

static void
put_instrument(struct buf *out, int i, const char *keys, const char *channels)
{
	buf_printf(out,
		"  d%d:\n    use: modbus\n    link: l%d\n    every: 100 ms\n    timeout: 200 ms\n"
		"%s    channels:\n%s",
		i, i, keys, channels);
}

/* By the program itself: its rooms have names of their own that are also those of the controller. */
struct image *
hand_compile(const char *text)
{
	char path[] = "/tmp/mbc-hand-bench-XXXXXX", command[600], piece[4096];
	const char *program = getenv("MBC_COMPILE");
	int fd = mkstemp(path);
	struct buf out = { 0 };
	struct image *img;
	struct err err;
	FILE *from;
	size_t n;

	assert_non_null(program);
	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	snprintf(command, sizeof(command), "'%s' --out-fd 1 %s", program, path);
	from = popen(command, "r");
	assert_non_null(from);
	while ((n = fread(piece, 1, sizeof(piece), from)) > 0)
		buf_put(&out, piece, n);
	assert_int_equal(pclose(from), 0);
	unlink(path);
	img = (struct image *)(void *)out.data;
	/* As the supervisor gives them. */
	for (uint32_t i = 0; i < img->channels.n; i++)
		((struct image_channel *)(uintptr_t)image_channel_at(img, i))->id = i + 1;
	for (uint32_t i = 0; i < img->instruments.n; i++)
		((struct image_instrument *)(uintptr_t)image_instrument_at(img, i))->id = i + 1;
	assert_int_equal(image_check(img, out.n, &err), 0);
	return img;
}

void
hand_bench(struct hand_rig *r, const char *more, const char *d0_keys, const char *d2_keys)
{
	struct buf text = { 0 };

	buf_printf(&text, "bench: b\nlinks:\n");
	for (int i = 0; i < 3; i++)
		buf_printf(&text, "  l%d: {tcp: \"127.0.0.1:%d\"}\n", i, 1502 + i);
	buf_printf(&text, "instruments:\n");
	put_instrument(&text, 0, d0_keys,
		"      pv: {read: {holding: 1, type: int16}, unit: degC}\n"
		"      sp: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: degC}\n"
		"      p: {read: {holding: 3, type: int16}, write: {holding: 3}}\n"
		"      up: {read: {holding: 5, type: uint16}, unit: s}\n");
	put_instrument(&text, 1, "",
		"      n2: {read: {holding: 0, type: int16}, write: {holding: 0}, unit: mL/min}\n"
		"      h2_flow: {read: {holding: 4, type: int16}, write: {holding: 4}, unit: "
		"mL/min}\n"
		"      bed: {read: {holding: 6, type: int16}, unit: degC}\n"
		"      lel: {read: {holding: 7, type: int16}}\n"
		"      h2: {read: {coil: 8}, write: {coil: 8}, choices: {closed: 0, open: 1}}\n");
	put_instrument(&text, 2, d2_keys,
		"      wd_time: {read: {holding: 0, type: int16}, unit: s}\n"
		"      beat: {read: {coil: 9}, write: {coil: 9}}\n"
		"      mains: {read: {coil: 10}}\n"
		"      low: {read: {coil: 11}}\n"
		"      armed: {read: {coil: 12}}\n"
		"      tripped: {read: {coil: 13}, write: {coil: 13}}\n"
		"      ao: {read: {coil: 14}, write: {coil: 14}}\n");
	buf_printf(&text,
		"channels:\n"
		"  T: {read: d0.pv, write: d0.sp, range: [0, 700], ramp: 60 K/min, hazard: heat}\n"
		"  P: {read: d0.p, write: d0.p, range: [0, 100]}\n"
		"  N2: {read: d1.n2, write: d1.n2, range: [0, 200], hazard: inert}\n"
		"  H2: {read: d1.h2_flow, write: d1.h2_flow, range: [0, 50], hazard: fuel}\n"
		"  V: {read: d1.h2, write: d1.h2, hazard: fuel}\n"
		"  A: {read: d2.ao, write: d2.ao}\n"
		"  C: {read: d2.tripped, write: d2.tripped}\n"
		"  bed: {read: d1.bed}\n"
		"safe_states:\n"
		"  cold: {order: [{set: T, to: 0 degC}, {set: V, to: closed}, {set: H2, to: 0 "
		"mL/min}, {set: N2, to: 100 mL/min}]}\n"
		"trips:\n"
		"  leak: {when: d1.lel > 10, reset_after: 1 s, warmup: 2 s}\n"
		"%s",
		more);
	hand_init(r, hand_compile(buf_text(&text)), 3);
	buf_done(&text);
	r->device[0].held[1] = r->device[1].held[6] = 20;
	r->device[1].held[0] = 100;
	r->device[2].held[10] = 1;
	hand_run(r, 3 * NS_PER_S);
}
