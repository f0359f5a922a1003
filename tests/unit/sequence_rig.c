/* sequence_rig.c - a bench of the compiler with one sequence */
#include "sequence_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define HEAD                                                                                       \
	"sequence \"Test\" version 1\n"                                                            \
	"needs T P N2 H2 V bed d1.lel\n"

static char folder[] = "/tmp/mbc-sequence-XXXXXX";
static char file[64];

void
sequence_begin_with(struct hand_rig *r, const char *text, const char *more, const char *d0_keys)
{
	char all[400];
	FILE *f;

	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/t.seq", folder);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_true(fputs(HEAD, f) >= 0 && fputs(text, f) >= 0);
	fclose(f);
	snprintf(all, sizeof(all), "sequences: %s\n%s", folder, more);
	hand_bench(r, all, d0_keys, "");
	unlink(file);
	rmdir(folder);
	assert_int_equal(r->img->sequences.n, 1);
}

void
sequence_begin(struct hand_rig *r, const char *text)
{
	sequence_begin_with(r, text, "", "");
}

enum verdict
sequence_ask_for(struct hand_rig *r, struct command *c, const char **out_text)
{
	c->is_person = true;
	c->ramp_per_min = (double)NAN;
	hand_command(r, c);
	hand_run(r, 10 * NS_PER_MS);
	return hand_verdict(r, c->id, out_text);
}

enum verdict
sequence_press(struct hand_rig *r, enum command_kind kind, const char *subject, const char *value,
	const char **out_text)
{
	struct command c = { .kind = kind };
	const char *text;

	text_copy(c.subject, sizeof(c.subject), subject);
	text_copy(c.value, sizeof(c.value), value);
	return sequence_ask_for(r, &c, out_text == NULL ? &text : out_text);
}

void
sequence_start(struct hand_rig *r)
{
	const char *why = "";

	assert_int_equal(sequence_press(r, COMMAND_SEQ_PREPARE, "t", "", NULL), VERDICT_VERIFIED);
	if (sequence_press(r, COMMAND_SEQ_START, "t", "", &why) != VERDICT_VERIFIED)
		fail_msg("START: %s", why);
}

int16_t
sequence_held(const struct hand_rig *r, int device, int reg)
{
	return r->device[device].held[reg];
}

/* What is asked of the furnace is measured, too. */
void
sequence_follow(struct hand_rig *r, int64_t span_ns)
{
	for (int64_t at = 0; at < span_ns; at += 100 * NS_PER_MS) {
		r->device[0].held[1] = r->device[1].held[6] = r->device[0].held[2];
		hand_run(r, 100 * NS_PER_MS);
	}
}

void
sequence_is_state(struct hand_rig *r, const char *state)
{
	assert_string_equal(hand_word(r, "sequence.state"), state);
}
