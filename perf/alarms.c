/* alarms.c - what a tick costs with many alarms: alarms [N]
 *
 * N (10000) alarms "T > 100", each on a channel of its own, each fourth with `clear`, each fourth with `suppress`, all but each
 * fortieth with a parent in the case quiet. Beside them the bare programs, run by expr_run() over the same channels. Prints a line for each case:
 *	case ms_a_tick ns_an_alarm ns_bare
 * quiet: all are normal. standing: all are on and acknowledged. unknown: all channels are bad, and that was told. coming: all
 * come in one tick, each an event in its bytes. The fastest of many rounds, in processor time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "control/alarm.h"
#include "model/expr.h"

enum { OPS = 3, FAMILY = 40, ROUNDS = 200 };

struct reading_now {
	double v;
	unsigned quality;
	int64_t stamp_ns;
};

struct bed {
	struct image *img;
	uint32_t n;
	struct reading_now *channels; /* [alarm] */
	struct expr_op *code;
	int64_t now_ns;
	uint64_t n_events, n_states;
};

static void
load(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	const struct bed *b = ctx;

	*out = b->channels[channel].v;
	*out_quality = b->channels[channel].quality;
	*out_stamp_ns = b->channels[channel].stamp_ns;
}

static enum truth
on_truth(void *ctx, const struct image_cond *cond, enum quality *out_reason)
{
	struct bed *b = ctx;
	const struct expr_input in = { .ctx = b, .load = load, .now_ns = b->now_ns };
	struct expr_result r;

	expr_run(b->code + cond->first_op, cond->n_ops, &in, &r);
	*out_reason = (enum quality)r.quality;
	return r.truth;
}

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct bed *b = ctx;
	uint8_t bytes[EVENT_BYTES];

	e->id = ++b->n_events;
	return event_encode(bytes, e) > 0 ? e->id : 0;
}

static void
on_state(void *ctx, uint32_t channel, int64_t number, enum quality quality, int64_t stamp_ns)
{
	struct bed *b = ctx;

	b->n_states++;
}

static struct image_cond
condition(struct bed *b, uint32_t *at, uint32_t channel, uint32_t code, double limit)
{
	struct image_cond cond = { .first_op = *at, .n_ops = OPS };

	b->code[(*at)++] = (struct expr_op){ .code = EXPR_OP_LOAD, .arg.i = channel };
	b->code[(*at)++] = (struct expr_op){ .code = EXPR_OP_CONST, .arg.f = limit };
	b->code[(*at)++] = (struct expr_op){ .code = code };
	return cond;
}

/* Only what the engine reads of an image: it is none that image_check() would take. */
static void
make(struct bed *b, uint32_t n, bool has_parents)
{
	size_t alarms = (sizeof(struct image) + 7) / 8 * 8;
	size_t strings = alarms + n * sizeof(struct image_alarm);
	struct image_alarm *at;
	uint32_t n_ops = 0;
	char *image = mem_zero(1, strings + 16);

	b->n = n;
	b->img = (struct image *)(void *)image;
	b->img->alarms = (struct image_table){ .off = (uint32_t)alarms, .n = n };
	b->img->strings = (struct image_table){ .off = (uint32_t)strings, .n = 16 };
	b->channels = mem_zero(n, sizeof(*b->channels));
	b->code = mem_zero((size_t)n * 3 * OPS, sizeof(*b->code));
	at = (struct image_alarm *)(void *)(image + alarms);
	for (uint32_t i = 0; i < n; i++) {
		at[i] = (struct image_alarm){ .state = i,
			.on_bad_ns = 5 * NS_PER_S,
			.parent = has_parents && i % FAMILY != 0 ? i - i % FAMILY : IMAGE_NONE,
			.first_out = i % FAMILY == 1 ? i : IMAGE_NONE,
			.priority = PRIORITY_HIGH,
			.needs_ack = 1,
			.when = condition(b, &n_ops, i, EXPR_OP_GT, 100) };
		if (i % 4 == 1)
			at[i].clear = condition(b, &n_ops, i, EXPR_OP_LT, 90);
		if (i % 4 == 2)
			at[i].suppress = condition(b, &n_ops, i, EXPR_OP_GT, 1000);
	}
}

static int64_t
spent_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void
set(struct bed *b, double v, unsigned quality)
{
	for (uint32_t i = 0; i < b->n; i++)
		b->channels[i] =
			(struct reading_now){ .v = v, .quality = quality, .stamp_ns = b->now_ns };
}

static int64_t
tick(struct bed *b, struct alarms *a)
{
	int64_t began_ns = spent_ns();

	b->now_ns += 100 * NS_PER_MS;
	alarms_tick(a, b->now_ns);
	return spent_ns() - began_ns;
}

static int64_t
bare(struct bed *b)
{
	int64_t began_ns = spent_ns();
	enum quality reason;
	unsigned n = 0;

	for (uint32_t i = 0; i < b->n; i++)
		n += on_truth(b, &image_alarm_at(b->img, i)->when, &reason) == TRUTH_TRUE;
	b->n_states += n; /* so that it is done at all */
	return spent_ns() - began_ns;
}

static void
print(const struct bed *b, const char *name, int64_t ns, int64_t bare_ns)
{
	printf("%s %.3f %.0f %.0f\n", name, (double)ns / 1e6, (double)ns / b->n,
		(double)bare_ns / b->n);
}

static void
measure(struct bed *b, struct alarms *a, const char *name)
{
	int64_t best_ns = NEVER, bare_ns = NEVER;

	for (int k = 0; k < ROUNDS; k++) {
		int64_t ns = tick(b, a);

		best_ns = MIN(best_ns, ns);
		ns = bare(b);
		bare_ns = MIN(bare_ns, ns);
	}
	print(b, name, best_ns, bare_ns);
}

static void
done(struct bed *b, struct alarms *a)
{
	alarms_free(a);
	free(b->img);
	free(b->channels);
	free(b->code);
}

static struct alarms *
begin(struct bed *b, uint32_t n, bool has_parents)
{
	const struct alarms_sink sink = {
		.ctx = b, .event = on_event, .state = on_state, .truth = on_truth
	};

	*b = (struct bed){ 0 };
	make(b, n, has_parents);
	return alarms_new(b->img, &sink);
}

/* Without parents, so that all of them speak. */
static int
measure_busy(struct bed *b, struct alarms *a)
{
	const struct command ack = { .kind = COMMAND_ALARM_ACK };
	int64_t coming_ns = NEVER;

	for (int k = 0; k < 20; k++) {
		int64_t ns;

		set(b, 20, Q_GOOD);
		tick(b, a);
		set(b, 200, Q_GOOD);
		ns = tick(b, a);
		coming_ns = MIN(coming_ns, ns);
	}
	print(b, "coming", coming_ns, bare(b));
	if (alarms_command(a, &ack, b->now_ns, NULL) != 0)
		return 1;
	measure(b, a, "standing");
	set(b, 0, Q_STALE);
	measure(b, a, "unknown");
	return 0;
}

int
main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000;
	struct alarms *a;
	struct bed b;
	int failed;

	a = begin(&b, n, true);
	set(&b, 20, Q_GOOD);
	measure(&b, a, "quiet");
	done(&b, a);
	a = begin(&b, n, false);
	failed = measure_busy(&b, a);
	done(&b, a);
	return failed;
}
