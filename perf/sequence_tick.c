/* sequence_tick.c - what a tick costs while a sequence runs: sequence_tick
 *
 * The bench of tests/unit/hand_bench.h, in memory; ten branches that wait for values, times and quiet, and twenty guards. Prints
 *	us_idle us_running
 * a tick, all of the bench in both: the fastest of many rounds, in processor time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../tests/unit/sequence_rig.h"
#include "base/buf.h"
#include "base/mem.h"

enum { BRANCHES = 10, GUARDS = 20, ROUNDS = 40, TICKS = 100 };

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
fastest_tick_us(struct hand_rig *r)
{
	double best = 1e9;

	for (int i = 0; i < ROUNDS; i++) {
		double began = cpu_us(), us;

		r->n_events = r->n_writes = 0;
		hand_run(r, TICKS * 100 * NS_PER_MS);
		us = (cpu_us() - began) / TICKS;
		best = us < best ? us : best;
	}
	return best;
}

static void
make_text(struct buf *out)
{
	static const char *const waits[] = {
		"wait until bed > 600 degC for 2 s timeout 99 h else skip",
		"dwell 50 h guaranteed T within 5 K of T.target timeout 99 h -> skip",
		"wait stable N2 within 2 % for 3 h timeout 99 h else skip", "wait 50 h"
	};

	for (int i = 0; i < GUARDS; i++)
		buf_printf(out,
			"guard g%d when bed > T.working + %d K and d1.lel > %d for 2 s -> hold\n",
			i, 20 + i, 3 + i % 5);
	buf_puts(out, "step 10 \"All at once\"\n  set N2 = 50 mL/min, T = 20 degC\n  parallel\n");
	for (int i = 0; i < BRANCHES; i++)
		buf_printf(out, "    do\n      %s\n", waits[i % 4]);
	buf_puts(out, "  join timeout 100 h -> abort\nend\non hold > 1 h -> abort\n");
}

int
main(void)
{
	struct hand_rig *r = mem_zero(1, sizeof(*r));
	struct buf text = { 0 };
	double idle;

	make_text(&text);
	sequence_begin(r, buf_text(&text));
	idle = fastest_tick_us(r);
	sequence_start(r);
	sequence_follow(r, 30 * NS_PER_S);
	sequence_is_state(r, "running");
	printf("%.2f %.2f\n", idle, fastest_tick_us(r));
	sequence_is_state(r, "running");
	hand_done(r);
	buf_done(&text);
	free(r);
	return 0;
}
