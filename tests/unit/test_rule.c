/* test_rule.c - rules: when they act, and that a pulse always comes back */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "base/text.h"
#include "control/rule.h"

#define RULES 4
#define OUTPUTS 2
#define MS NS_PER_MS

/* An image as far as rules read it, a bench that does what it is asked for, and a list of what was asked and told. */
struct rig {
	struct {
		struct image img;
		struct image_rule rules[RULES];
		struct image_action actions[8];
		struct image_output outputs[OUTPUTS];
		struct image_channel channels[OUTPUTS];
		char strings[64];
	} bytes;
	struct rules *rules;
	enum truth truth[RULES]; /* of their conditions */
	double target[OUTPUTS];
	bool is_unknown[OUTPUTS], is_refused[OUTPUTS];
	uint64_t events;
	int n_acts; /* since the list was cleared */
	char told[400];
};

static void
note(struct rig *g, const char *text)
{
	text_copy(g->told + strlen(g->told), sizeof(g->told) - strlen(g->told), text);
}

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct rig *g = ctx;
	char line[200];

	e->id = ++g->events;
	snprintf(line, sizeof(line), "%s %s<%llu %s;", event_row(e->kind)->token, e->subject,
		(unsigned long long)e->cause, e->text);
	note(g, line);
	return e->id;
}

static void
on_act(void *ctx, uint32_t rule, const struct image_action *a, double value, uint64_t cause)
{
	struct rig *g = ctx;
	char line[100];

	g->n_acts++;
	if (!g->is_refused[a->output]) {
		g->target[a->output] = value;
		g->is_unknown[a->output] = false;
	}
	snprintf(line, sizeof(line), "%d:o%u=%g<%llu;", rule == IMAGE_NONE ? -1 : (int)rule,
		a->output, value, (unsigned long long)cause);
	note(g, line);
}

static enum truth
on_truth(void *ctx, const struct image_cond *cond)
{
	struct rig *g = ctx;

	return g->truth[cond->first_op];
}

static bool
on_target(void *ctx, uint32_t output, double *out)
{
	struct rig *g = ctx;

	*out = g->is_unknown[output] ? (double)NAN : g->target[output];
	return !g->is_unknown[output];
}

/* Four rules A, B, C, D, each with the action of its place. */
static void
make(struct rig *g)
{
	static const char strings[] = "\0A\0B\0C\0D\0V\0W\0too hot";
	struct image *img = &g->bytes.img;
	const struct image_table none = { 0 };
	const struct rules_sink sink = { g, on_event, on_act, on_truth, on_target };

	memset(g, 0, sizeof(*g));
	memcpy(g->bytes.strings, strings, sizeof(strings));
	img->rules = img->actions = img->outputs = img->channels = img->strings = none;
	img->rules.off = (uint32_t)offsetof(struct rig, bytes.rules);
	img->rules.n = RULES;
	img->actions.off = (uint32_t)offsetof(struct rig, bytes.actions);
	img->actions.n = 8;
	img->outputs.off = (uint32_t)offsetof(struct rig, bytes.outputs);
	img->outputs.n = OUTPUTS;
	img->channels.off = (uint32_t)offsetof(struct rig, bytes.channels);
	img->channels.n = OUTPUTS;
	img->strings.off = (uint32_t)offsetof(struct rig, bytes.strings);
	img->strings.n = sizeof(strings);
	for (uint32_t i = 0; i < RULES; i++) {
		g->bytes.rules[i] = (struct image_rule){ .name = 1 + 2 * i,
			.first_action = i,
			.n_actions = 1,
			.when = { .first_op = i, .n_ops = 1 } };
		g->bytes.actions[i] = (struct image_action){ .kind = ACTION_SET, .value = 5 };
		g->truth[i] = TRUTH_UNKNOWN;
	}
	for (uint32_t i = 0; i < OUTPUTS; i++) {
		g->bytes.channels[i].name = 9 + 2 * i;
		g->bytes.channels[i].id = 70 + i;
		g->bytes.outputs[i].channel = i;
	}
	g->rules = rules_new(img, &sink);
}

static void
done(struct rig *g)
{
	rules_free(g->rules);
}

static void
tick(struct rig *g, int64_t at_ms, const char *truths)
{
	for (size_t i = 0; truths[i] != '\0'; i++)
		g->truth[i] = truths[i] == 'T'   ? TRUTH_TRUE
			      : truths[i] == 'F' ? TRUTH_FALSE
						 : TRUTH_UNKNOWN;
	rules_tick(g->rules, at_ms * MS);
}

static void
expect(struct rig *g, const char *told)
{
	assert_string_equal(g->told, told);
	g->told[0] = '\0';
	g->n_acts = 0;
}

static struct image_action *
action(struct rig *g, uint32_t i, enum image_action_kind kind, double value, int64_t pulse_ms)
{
	g->bytes.actions[i] =
		(struct image_action){ .kind = kind, .value = value, .pulse_ns = pulse_ms * MS };
	return &g->bytes.actions[i];
}

/* ---- when a rule acts ---------------------------------------------------------------------------------------------------- */

/* Letter by letter a tick of 100 ms; "A" where it acts. */
static void
test_when_it_acts(void **state)
{
	static const struct {
		int64_t for_ms;
		const char *seen, *wanted;
	} cases[] = {
		{ 0, "FTTFTTFT", ".A..A..A" },
		{ 0, "TTTFT", "....A" }, /* the first known value is no edge */
		{ 0, "?TTFT", "....A" },
		{ 0, "F?TTFT", ".....A" }, /* nor is the first one behind a bad spell */
		{ 0, "FT?T?TFT", ".A.....A" },
		{ 200, "FTTTTT", "...A.." },
		{ 200, "FTTFTTFTTT", ".........A" },
		{ 200, "FTT?TTTT", "........" },
		{ 200, "FTT?FTTT", ".......A" },
		{ 250, "FTTTTT", "....A." },
		{ 1, "FTT", "..A" },
		{ 0, "????", "...." },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct rig g;

		make(&g);
		g.bytes.rules[0].for_ns = cases[i].for_ms * MS;
		for (size_t k = 0; cases[i].seen[k] != '\0'; k++) {
			char seen[2] = { cases[i].seen[k], '\0' };

			g.n_acts = 0;
			g.told[0] = '\0';
			tick(&g, 1000 + (int64_t)k * 100, seen);
			if (g.n_acts != (cases[i].wanted[k] == 'A'))
				fail_msg("for %lld ms over %s: %d at %zu",
					(long long)cases[i].for_ms, cases[i].seen, g.n_acts, k);
		}
		done(&g);
	}
}

/* The same, told from the whole history. */
static bool
naive_acts(const char *seen, const int64_t *at_ns, size_t n, int64_t for_ns)
{
	size_t start = n - 1;

	if (seen[n - 1] != 'T')
		return false;
	while (start > 0 && seen[start - 1] == 'T')
		start--;
	if (start == 0 || seen[start - 1] != 'F' || at_ns[n - 1] - at_ns[start] < for_ns)
		return false;
	return start == n - 1 || at_ns[n - 2] - at_ns[start] < for_ns;
}

static void
test_when_it_acts_in_any_history(void **state)
{
	uint64_t random = 11;
	int acts = 0;

	for (int round = 0; round < 3000; round++) {
		struct rig g;
		char seen[41] = "";
		int64_t at_ns[40], now_ms = 1000;
		uint64_t calm = 1 + rand_below(&random, 5);

		make(&g);
		g.bytes.rules[0].for_ns = (int64_t)rand_below(&random, 6) * 100 * MS;
		for (size_t n = 0; n < NELEM(at_ns); n++) {
			char now[2] = "";
			bool wanted;

			now_ms += (int64_t)(1 + rand_below(&random, 3)) * 100;
			at_ns[n] = now_ms * MS;
			seen[n] = n > 0 && rand_below(&random, calm) != 0
					  ? seen[n - 1]
					  : "FFTT?"[rand_below(&random, 5)];
			now[0] = seen[n];
			g.n_acts = 0;
			g.told[0] = '\0';
			tick(&g, now_ms, now);
			wanted = naive_acts(seen, at_ns, n + 1, g.bytes.rules[0].for_ns);
			if (g.n_acts != wanted)
				fail_msg("round %d, %s at %zu: %d", round, seen, n, g.n_acts);
			acts += wanted;
		}
		done(&g);
	}
	assert_true(acts > 3000);
}

/* ---- what it does -------------------------------------------------------------------------------------------------------- */

static void
test_actions_and_their_cause(void **state)
{
	struct rig g;

	make(&g);
	g.bytes.rules[0].n_actions = 3; /* its own and those of B and C */
	action(&g, 1, ACTION_TOGGLE, 0, 0)->output = 1;
	action(&g, 2, ACTION_NOTIFY, 0, 0)->output = IMAGE_NONE;
	g.bytes.actions[2].text = 13;
	tick(&g, 0, "F");
	expect(&g, "");
	tick(&g, 100, "T");
	expect(&g, "rule_acted A<0 ;0:o0=5<1;0:o1=1<1;rule_notifies A<1 too hot;");
	tick(&g, 200, "F");
	tick(&g, 300, "T");
	expect(&g, "rule_acted A<0 ;0:o0=5<3;0:o1=0<3;rule_notifies A<3 too hot;");
	done(&g);
}

static void
test_what_nobody_knows_is_not_toggled(void **state)
{
	struct rig g;

	make(&g);
	g.bytes.rules[0].n_actions = 2;
	action(&g, 0, ACTION_TOGGLE, 0, 0);
	action(&g, 1, ACTION_PULSE, 1, 500);
	g.is_unknown[0] = true;
	tick(&g, 0, "F");
	tick(&g, 100, "T");
	expect(&g, "rule_acted A<0 ;"
		   "command_refused A<1 nobody knows what was asked of 'V' last; set it once;"
		   "command_refused A<1 nobody knows what was asked of 'V' last; set it once;");
	tick(&g, 2000, "T");
	expect(&g, "");
	done(&g);
}

static void
test_pulse_comes_back(void **state)
{
	struct rig g;

	make(&g);
	action(&g, 0, ACTION_PULSE, 1, 500);
	g.target[0] = 0.25;
	tick(&g, 0, "F");
	tick(&g, 100, "T");
	expect(&g, "rule_acted A<0 ;0:o0=1<1;");
	tick(&g, 599, "T");
	expect(&g, "");
	tick(&g, 650, "T");
	expect(&g, "0:o0=0.25<1;");
	tick(&g, 2000, "T");
	expect(&g, "");
	done(&g);
}

/* Again meanwhile, by itself or by another rule: longer, and back to the same. */
static void
test_pulse_is_made_longer(void **state)
{
	struct rig g;

	make(&g);
	action(&g, 0, ACTION_PULSE, 1, 500);
	action(&g, 1, ACTION_PULSE, 1, 100);
	tick(&g, 0, "FF");
	tick(&g, 100, "TF");
	tick(&g, 200, "FT"); /* shorter than what is left */
	tick(&g, 300, "TF"); /* until 800 */
	g.told[0] = '\0';
	tick(&g, 799, "FF");
	expect(&g, "");
	tick(&g, 800, "TF"); /* at its very end: once more */
	expect(&g, "rule_acted A<0 ;0:o0=1<4;");
	tick(&g, 1299, "FF");
	expect(&g, "");
	tick(&g, 1300, "FF");
	expect(&g, "0:o0=0<4;");
	assert_true(g.target[0] == 0);
	done(&g);
}

/* Another value asked for meanwhile stays, by whomever; so does the same one, where a rule asks for it to stay. */
static void
test_pulse_yields(void **state)
{
	struct rig g;

	make(&g);
	action(&g, 0, ACTION_PULSE, 1, 500);
	action(&g, 1, ACTION_SET, 1, 0);
	tick(&g, 0, "FF");
	tick(&g, 100, "TF");
	g.target[0] = 7; /* a person */
	tick(&g, 700, "FF");
	assert_true(g.target[0] == 7);
	expect(&g, "rule_acted A<0 ;0:o0=1<1;");
	tick(&g, 800, "TF");
	tick(&g, 900, "FT"); /* set to what the pulse has brought */
	tick(&g, 2000, "FF");
	assert_true(g.target[0] == 1);
	done(&g);
}

static void
test_refused_pulse_never_begins(void **state)
{
	struct rig g;

	make(&g);
	action(&g, 0, ACTION_PULSE, 1, 500);
	g.is_refused[0] = true;
	tick(&g, 0, "F");
	tick(&g, 100, "T");
	expect(&g, "rule_acted A<0 ;0:o0=1<1;");
	tick(&g, 1000, "F");
	expect(&g, "");
	g.is_refused[0] = false;
	tick(&g, 1100, "T");
	g.is_refused[0] = true; /* refused while one is under way: that one ends in its time */
	tick(&g, 1200, "F");
	tick(&g, 1300, "T");
	g.is_refused[0] = false;
	tick(&g, 3000, "T");
	assert_true(g.target[0] == 0);
	done(&g);
}

/* The device is lost in the middle of it: nobody knows what was asked, and it is asked to come back all the same. */
static void
test_pulse_comes_back_from_nowhere(void **state)
{
	struct rig g;

	make(&g);
	action(&g, 0, ACTION_PULSE, 1, 500);
	tick(&g, 0, "F");
	tick(&g, 100, "T");
	g.is_unknown[0] = true;
	g.is_refused[0] = true; /* whether it was taken is not known either */
	tick(&g, 200, "F");
	tick(&g, 300, "T");
	g.is_unknown[0] = g.is_refused[0] = false;
	tick(&g, 799, "T");
	assert_true(g.target[0] == 1);
	g.is_unknown[0] = true;
	tick(&g, 800, "T");
	assert_true(!g.is_unknown[0] && g.target[0] == 0);
	done(&g);
}

/* A reload in the middle of it: it comes back, also when its rule is gone; what it started from is not asked anew. */
static void
test_pulse_survives_a_reload(void **state)
{
	for (int is_gone = 0; is_gone < 2; is_gone++) {
		struct rig g, new;

		make(&g);
		make(&new);
		action(&g, 1, ACTION_PULSE, 1, 500);
		tick(&g, 0, "FF");
		tick(&g, 100, "FT");
		new.bytes.channels[0].id = 71; /* the outputs have changed places */
		new.bytes.channels[1].id = 70;
		new.target[1] = 1;
		if (is_gone)
			new.bytes.rules[1].name = 13;
		rules_adopt(new.rules, g.rules);
		done(&g);
		tick(&new, 400, "TT"); /* known for the first time: no edge */
		expect(&new, "");
		tick(&new, 600, "TT");
		expect(&new, is_gone ? "-1:o1=0<1;" : "1:o1=0<1;");
		done(&new);
	}
}

/* Whatever rules pulse an output in whatever order: it is away exactly while one of their times runs. */
static void
test_pulses_in_any_history(void **state)
{
	uint64_t random = 5;

	for (int round = 0; round < 1000; round++) {
		struct rig g;
		int64_t end_ms[OUTPUTS] = { 0 }, now_ms = 1000;

		make(&g);
		for (uint32_t i = 0; i < RULES; i++)
			action(&g, i, ACTION_PULSE, 1, 100 + (int64_t)rand_below(&random, 900))
				->output = i % OUTPUTS;
		g.target[0] = g.target[1] = 0.5;
		tick(&g, now_ms, "FFFF");
		for (int n = 0; n < 100; n++) {
			char seen[RULES + 1] = "";
			char before[RULES];

			now_ms += 10 + (int64_t)rand_below(&random, 200);
			for (uint32_t i = 0; i < RULES; i++) {
				before[i] = "FT?"[g.truth[i]];
				seen[i] = "FFFFT?"[rand_below(&random, 6)];
				if (before[i] == 'F' && seen[i] == 'T')
					end_ms[i % OUTPUTS] = MAX(end_ms[i % OUTPUTS],
						now_ms + g.bytes.actions[i].pulse_ns / MS);
			}
			g.told[0] = '\0';
			tick(&g, now_ms, seen);
			for (uint32_t o = 0; o < OUTPUTS; o++) {
				double wanted = now_ms < end_ms[o] ? 1 : 0.5;

				if (g.target[o] < wanted || g.target[o] > wanted)
					fail_msg("round %d, step %d: %g", round, n, g.target[o]);
			}
		}
		done(&g);
	}
}

/* Rules and people that set, toggle, pulse and refuse at random: once all is quiet, nothing moves any more. */
static void
test_everything_ends(void **state)
{
	uint64_t random = 9;

	for (int round = 0; round < 500; round++) {
		struct rig g;
		int64_t now_ms = 1000;

		make(&g);
		for (uint32_t i = 0; i < RULES; i++)
			action(&g, i, (enum image_action_kind)rand_below(&random, ACTION_NOTIFY),
				(double)rand_below(&random, 3),
				100 + (int64_t)rand_below(&random, 900))
				->output = (uint32_t)rand_below(&random, OUTPUTS);
		for (int n = 0; n < 60; n++) {
			uint32_t o = (uint32_t)rand_below(&random, OUTPUTS);
			char seen[RULES + 1] = "";

			for (uint32_t i = 0; i < RULES; i++)
				seen[i] = "FFFTT?"[rand_below(&random, 6)];
			if (rand_below(&random, 5) == 0)
				g.target[o] = (double)rand_below(&random, 3);
			g.is_refused[o] = rand_below(&random, 3) == 0;
			g.is_unknown[o] = rand_below(&random, 5) == 0;
			now_ms += 10 + (int64_t)rand_below(&random, 200);
			g.told[0] = '\0';
			tick(&g, now_ms, seen);
		}
		g.told[0] = '\0';
		tick(&g, now_ms + 1000, "????");
		g.n_acts = 0;
		for (int64_t t = 1100; t < 9000; t += 100)
			tick(&g, now_ms + t, "????");
		assert_int_equal(g.n_acts, 0);
		done(&g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when_it_acts),
		cmocka_unit_test(test_when_it_acts_in_any_history),
		cmocka_unit_test(test_actions_and_their_cause),
		cmocka_unit_test(test_what_nobody_knows_is_not_toggled),
		cmocka_unit_test(test_pulse_comes_back),
		cmocka_unit_test(test_pulse_is_made_longer),
		cmocka_unit_test(test_pulse_yields),
		cmocka_unit_test(test_refused_pulse_never_begins),
		cmocka_unit_test(test_pulse_comes_back_from_nowhere),
		cmocka_unit_test(test_pulse_survives_a_reload),
		cmocka_unit_test(test_pulses_in_any_history),
		cmocka_unit_test(test_everything_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
