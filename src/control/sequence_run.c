/* sequence_run.c - statements: what they do, when they are over, and what comes next */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/sequence_inside.h"

#define STATEMENTS_A_TICK 2000 /* of all branches; what is left goes on at the next tick */

static const char *
name_of(const struct sequencer *s, uint32_t output)
{
	return image_text(
		s->img, image_channel_at(s->img, image_output_at(s->img, output)->channel)->name);
}

/* ---- branches ------------------------------------------------------------------------------------------------------------ */

/* Its question is not open any more. */
static void
take_back(struct sequencer *s, uint32_t branch)
{
	const struct branch *b = &s->branches[branch];

	if (!b->is_used || !b->is_begun || s->asking == IMAGE_NONE || b->pc != s->asking)
		return;
	s->asking = IMAGE_NONE;
	s->reply[0] = s->reason[0] = '\0';
}

/* What a branch waited for does not wait any more; what it moved stops where it is, what it set goes on. */
static void
let_go(struct sequencer *s, uint32_t branch, bool must_stop)
{
	struct err err;
	double working;

	take_back(s, branch);
	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		struct grip *g = &s->grips[i];

		if (!g->is_used || g->branch != branch)
			continue;
		g->branch = NO_BRANCH;
		if (!must_stop || g->is_background || !g->is_moving ||
			!outputs_where(s->p.outputs, i, &working))
			continue;
		g->is_moving = false;
		if (outputs_owner(s->p.outputs, i) == OWNER_SEQUENCE &&
			sequence_order(s, i, working, -1, 0, 0, &err) < 0)
			sequence_tell(s, EVENT_SEQUENCE_NOTE, s->run, "%.100s", err.msg);
	}
}

void
sequence_stop_branch(struct sequencer *s, uint32_t branch, bool is_its_own)
{
	if (!is_its_own)
		let_go(s, branch, true);
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++)
		if (s->branches[i].is_used && s->branches[i].parent == branch)
			sequence_stop_branch(s, i, false);
	if (is_its_own)
		return;
	sequence_command_left(s, branch);
	s->branches[branch].is_used = false;
}

void
sequence_drop_branches(struct sequencer *s)
{
	if (s->branches[0].is_used)
		sequence_stop_branch(s, 0, false);
	s->asking = IMAGE_NONE;
	s->reply[0] = '\0';
}

static struct branch *
fork_branch(struct sequencer *s, uint32_t parent, uint32_t pc)
{
	for (uint32_t i = 1; i < SEQUENCE_BRANCHES_MAX; i++)
		if (!s->branches[i].is_used) {
			s->branches[i] = (struct branch){
				.is_used = true, .parent = parent, .pc = pc, .at_ns = s->clock_ns
			};
			return &s->branches[i];
		}
	return NULL;
}

void
sequence_skip(struct sequencer *s, uint32_t branch, uint64_t cause)
{
	struct branch *b;

	if (branch == NO_BRANCH)
		branch = 0;
	while (s->branches[branch].n_loops == 0 && s->branches[branch].parent != NO_BRANCH)
		branch = s->branches[branch].parent;
	b = &s->branches[branch];
	if (!b->is_used || b->n_loops == 0) {
		sequence_next_step(s, cause);
		return;
	}
	sequence_stop_branch(s, branch, true);
	let_go(s, branch, true);
	sequence_command_left(s, branch);
	b->is_waiting = b->is_begun = b->is_asked = false;
	b->pc = image_instr_at(s->img, b->loops[b->n_loops - 1].instr)->to - 1; /* its NEXT */
	b->at_ns = s->clock_ns;
}

/* ---- outputs ------------------------------------------------------------------------------------------------------------- */

static int
check_limits(struct sequencer *s, uint32_t output, double value, struct err *err)
{
	for (uint32_t i = s->seq->first_limit; i < s->seq->first_limit + s->seq->n_limits; i++) {
		const struct image_seq_limit *l = image_seq_limit_at(s->img, i);
		double min, max, working;

		if (l->output != output)
			continue;
		if (outputs_where(s->p.outputs, output, &working) && value >= working &&
			value <= working)
			return 0; /* it stays where it is */
		if (!sequence_number(s, &l->min, &min) || !sequence_number(s, &l->max, &max) ||
			value < min || value > max)
			return err_set(err, ERR_REFUSED, 0,
				"%.6g is outside of the limit of this sequence; see its `limit`",
				value);
	}
	return 0;
}

/* Each order is an event of its own, by which its outcome is known again. */
static uint64_t
tell_order(struct sequencer *s, uint32_t output, double value, uint64_t cause)
{
	struct event e = { .kind = EVENT_SEQUENCE_SETS, .stamp_ns = s->now_ns, .cause = cause };

	text_copy(e.subject, sizeof(e.subject), name_of(s, output));
	outputs_text(s->p.outputs, output, value, e.text, sizeof(e.text));
	text_copy(e.principal, sizeof(e.principal), s->principal);
	return s->sink.event(s->sink.ctx, &e);
}

int
sequence_order(struct sequencer *s, uint32_t output, double value, double ramp, double holdback,
	uint64_t intent, struct err *err)
{
	struct output_order order = {
		.value = value, .ramp = ramp, .holdback = holdback, .owner = OWNER_SEQUENCE
	};
	struct grip *g = &s->grips[output];
	uint64_t before = g->cause;
	int rc;

	if ((rc = check_limits(s, output, value, err)) < 0 ||
		(rc = outputs_check(s->p.outputs, output, &order, err)) < 0)
		return rc;
	order.cause = intent != 0 ? intent
				  : tell_order(s, output, value,
					    s->reason_event != 0 ? s->reason_event : s->run);
	g->cause = order.cause; /* what was asked before is overtaken: that is no failure */
	rc = outputs_set(s->p.outputs, output, &order, s->now_ns, err);
	if (rc < 0) {
		g->cause = before;
		return rc;
	}
	g->target = value;
	g->ramp = ramp;
	g->holdback = holdback;
	g->is_moving = true;
	return 0;
}

static bool
is_switch(const struct sequencer *s, uint32_t output)
{
	enum value_type type =
		(enum value_type)image_channel_at(s->img, image_output_at(s->img, output)->channel)
			->type;

	return type == VALUE_BOOL || type == VALUE_CHOICE;
}

/* It could not do what it has to: it is held, and does it again at RESUME. */
enum pace
sequence_fail(struct sequencer *s, uint32_t branch, const char *why, uint64_t cause)
{
	if (s->state == SEQUENCE_ABORTING) {
		sequence_to_safe(s, s->img->on_stop, OWNER_SAFE_STATE, why, cause);
		return PACE_STAYS;
	}
	sequence_freeze(s);
	sequence_hold_now(s, HELD_BY_FAILURE, branch, IMAGE_NONE, why, cause);
	return PACE_STAYS;
}

enum pace
sequence_fail_at(
	struct sequencer *s, uint32_t branch, const struct image_instr *in, const char *what)
{
	char why[EVENT_TEXT];

	snprintf(why, sizeof(why), "line %u: %.110s", in->line, what);
	return sequence_fail(s, branch, why, s->run);
}

static int
value_to_set(struct sequencer *s, const struct image_instr *in, double *out, struct err *err)
{
	const struct image_slot *slot;

	if (in->slot == IMAGE_NONE)
		return sequence_number(s, &in->value, out)
			       ? 0
			       : err_set(err, ERR_REFUSED, 0, "'%.60s' has no value now",
					 image_text(s->img, in->value.text));
	slot = image_slot_at(s->img, s->seq->first_slot + in->slot);
	return outputs_parse(s->p.outputs, in->output, s->texts[slot->number], out, err);
}

/* An intent that has to be on the disk before a switch moves. */
static enum pace
ask_disk(struct sequencer *s, struct branch *b, const struct image_instr *in)
{
	struct event e = { .kind = EVENT_SEQUENCE_INTENT, .stamp_ns = s->now_ns, .cause = s->run };

	text_copy(e.subject, sizeof(e.subject), name_of(s, in->output));
	text_copy(e.text, sizeof(e.text), image_text(s->img, in->said));
	text_copy(e.principal, sizeof(e.principal), s->principal);
	b->event = s->sink.intent(s->sink.ctx, &e);
	b->asked_ns = s->now_ns;
	b->is_asked = true;
	return PACE_STAYS;
}

static enum pace
set(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];
	struct err err;
	char why[EVENT_TEXT];
	uint64_t intent = 0;
	double value;

	if (is_switch(s, in->output)) {
		if (!b->is_asked)
			ask_disk(s, b, in);
		switch (s->sink.recorded(s->sink.ctx, b->event, b->asked_ns, s->now_ns)) {
		case COMMAND_RECORD_WAITS:
			return PACE_STAYS;
		case COMMAND_RECORD_FAILED:
			b->is_asked = false;
			return sequence_fail_at(s, branch, in,
				"it could not be recorded on the disk; make room on it, then "
				"RESUME");
		case COMMAND_RECORDED:
			break;
		}
		b->is_asked = false;
		intent = b->event;
	}
	if (value_to_set(s, in, &value, &err) < 0 ||
		sequence_order(s, in->output, value, -1, 0, intent, &err) < 0) {
		snprintf(why, sizeof(why), "line %u: %.40s: %.70s", in->line,
			name_of(s, in->output), err.msg);
		return sequence_fail(s, branch, why, intent != 0 ? intent : s->run);
	}
	s->grips[in->output].is_background = true;
	s->grips[in->output].branch = NO_BRANCH;
	return PACE_NEXT;
}

/* ---- ramps --------------------------------------------------------------------------------------------------------------- */

static int
begin_ramp(struct sequencer *s, uint32_t branch, const struct image_instr *in, struct err *err)
{
	struct branch *b = &s->branches[branch];
	struct grip *g = &s->grips[in->output];
	double to, rate, from, band = 0;
	int64_t span_ns;

	if (!sequence_number(s, &in->value, &to))
		return err_set(err, ERR_REFUSED, 0, "'%.60s' has no value now",
			image_text(s->img, in->value.text));
	if (in->within.n_ops > 0) {
		if (!sequence_number(s, &in->within, &band) ||
			!sequence_span(s, &in->timeout, &b->timeout_ns))
			return err_set(err, ERR_REFUSED, 0, "its holdback has no value now");
		if (in->is_relative)
			band = fabs(to) * band;
	}
	if (in->span.n_ops > 0) {
		if (!sequence_span(s, &in->span, &span_ns) || span_ns <= 0 ||
			!outputs_working(s->p.outputs, in->output, &from))
			return err_set(err, ERR_REFUSED, 0,
				"nobody knows from where it starts; set it once");
		rate = fabs(to - from) / ((double)span_ns / 1e9);
	} else if (!sequence_number(s, &in->rate, &rate)) {
		return err_set(err, ERR_REFUSED, 0, "its rate has no value now");
	}
	if (sequence_order(s, in->output, to, rate > 0 ? rate : -1, band, 0, err) < 0)
		return ERR_REFUSED;
	g->is_background = in->is_background != 0;
	g->branch = in->is_background ? NO_BRANCH : branch;
	return 0;
}

static enum pace
ramp(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];
	struct grip *g = &s->grips[in->output];
	struct err err;
	char why[EVENT_TEXT];

	if (!b->is_begun) {
		b->inside_ns = 0;
		b->looked_ns = s->clock_ns;
		if (begin_ramp(s, branch, in, &err) < 0) {
			snprintf(why, sizeof(why), "line %u: %.40s: %.70s", in->line,
				name_of(s, in->output), err.msg);
			return sequence_fail(s, branch, why, s->run);
		}
		b->is_begun = true;
		if (in->is_background)
			return PACE_NEXT;
	}
	if (g->branch != branch || outputs_has_arrived(s->p.outputs, in->output)) {
		if (g->branch == branch)
			g->branch = NO_BRANCH;
		return PACE_NEXT;
	}
	if (outputs_is_waiting(s->p.outputs, in->output))
		b->inside_ns += s->clock_ns - b->looked_ns;
	b->looked_ns = s->clock_ns;
	if (in->within.n_ops > 0 && b->inside_ns >= b->timeout_ns) {
		snprintf(why, sizeof(why), "line %u: %.50s did not follow its ramp", in->line,
			name_of(s, in->output));
		sequence_wish(s, in->action, branch, IMAGE_NONE, why);
	}
	return PACE_STAYS;
}

/* ---- jumps --------------------------------------------------------------------------------------------------------------- */

static enum pace
jump(struct branch *b, uint32_t to)
{
	b->pc = to;
	b->is_begun = false;
	return PACE_JUMPED;
}

static void
turn(struct sequencer *s, const struct image_instr *loop, uint32_t n)
{
	const struct image_slot *slot = image_slot_at(s->img, s->seq->first_slot + loop->slot);

	if (loop->op == SEQUENCE_OP_FOR && slot->kind == SLOT_TEXT) {
		const struct image_slot *item =
			image_slot_at(s->img, s->seq->first_slot + loop->first + n);

		if (item->kind == SLOT_TEXT)
			memcpy(s->texts[slot->number], s->texts[item->number], SEQUENCE_TEXT);
		return;
	}
	s->slots[loop->slot] =
		loop->op == SEQUENCE_OP_REPEAT ? (double)(n + 1) : s->slots[loop->first + n];
}

static enum pace
begin_loop(struct sequencer *s, struct branch *b, const struct image_instr *in)
{
	if (b->n_loops == SEQUENCE_LOOPS_MAX)
		return jump(b, in->to);
	b->loops[b->n_loops++] = (struct loop){ .instr = b->pc };
	turn(s, in, 0);
	sequence_forget(s, b->pc, in->to);
	return PACE_NEXT;
}

static enum pace
next_turn(struct sequencer *s, struct branch *b)
{
	struct loop *l = &b->loops[b->n_loops - 1];
	const struct image_instr *loop;

	if (b->n_loops == 0)
		return PACE_NEXT;
	loop = image_instr_at(s->img, l->instr);
	if (++l->turn == loop->n) {
		b->n_loops--;
		return PACE_NEXT;
	}
	turn(s, loop, l->turn);
	sequence_forget(s, l->instr, loop->to);
	return jump(b, l->instr + 1);
}

static enum pace
unless(struct sequencer *s, struct branch *b, const struct image_instr *in)
{
	enum truth truth;

	truth = sequence_truth(s, &in->cond);
	if (truth == TRUTH_UNKNOWN)
		sequence_tell(s, EVENT_SEQUENCE_UNKNOWN, s->run, "line %u: %.90s", in->line,
			image_text(s->img, in->cond.text));
	return truth == TRUTH_TRUE ? PACE_NEXT : jump(b, in->to);
}

static bool
has_children(const struct sequencer *s, uint32_t branch)
{
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++)
		if (s->branches[i].is_used && s->branches[i].parent == branch)
			return true;
	return false;
}

static enum pace
fork_all(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];
	char why[EVENT_TEXT];

	if (!b->is_begun) {
		if (!sequence_begin_wait(s, branch, in))
			return sequence_fail_at(s, branch, in, "its time has no value now");
		for (uint32_t i = 0; i < in->n; i++)
			if (fork_branch(s, branch, image_seq_number(s->img, in->first + i)) == NULL)
				return sequence_fail_at(s, branch, in, "too many branches at once");
		b->is_waiting = true;
		return PACE_STAYS;
	}
	if (!has_children(s, branch)) {
		b->is_waiting = false;
		return jump(b, in->to);
	}
	if (s->clock_ns - b->at_ns >= b->timeout_ns) {
		snprintf(why, sizeof(why), "line %u: its branches did not end in time", in->line);
		sequence_wish(s, in->action, branch, IMAGE_NONE, why);
	}
	return PACE_STAYS;
}

/* ---- one tick ------------------------------------------------------------------------------------------------------------ */

static enum pace
do_statement(struct sequencer *s, uint32_t branch)
{
	struct branch *b = &s->branches[branch];
	const struct image_instr *in = image_instr_at(s->img, b->pc);
	char why[EVENT_TEXT];

	switch ((enum image_seq_op)in->op) {
	case SEQUENCE_OP_SET:
		return set(s, branch, in);
	case SEQUENCE_OP_RAMP:
		return ramp(s, branch, in);
	case SEQUENCE_OP_DWELL:
	case SEQUENCE_OP_GUARANTEED:
	case SEQUENCE_OP_WAIT:
	case SEQUENCE_OP_UNTIL:
	case SEQUENCE_OP_STABLE:
		return sequence_wait(s, branch, in);
	case SEQUENCE_OP_ASK:
		return sequence_ask(s, branch, in);
	case SEQUENCE_OP_FOR:
	case SEQUENCE_OP_REPEAT:
		return begin_loop(s, b, in);
	case SEQUENCE_OP_NEXT:
		return next_turn(s, b);
	case SEQUENCE_OP_UNLESS:
		return unless(s, b, in);
	case SEQUENCE_OP_JUMP:
		return jump(b, in->to);
	case SEQUENCE_OP_FORK:
		return fork_all(s, branch, in);
	case SEQUENCE_OP_BRANCH_END:
		b->is_used = false;
		return PACE_STAYS;
	case SEQUENCE_OP_RECORD:
	case SEQUENCE_OP_STOP_RECORD:
		return sequence_record(s, in);
	case SEQUENCE_OP_RESULT:
		return sequence_result(s, in);
	case SEQUENCE_OP_NOTIFY:
	case SEQUENCE_OP_MARK:
		return sequence_mark(s, in);
	case SEQUENCE_OP_COMMAND:
		return sequence_command(s, branch, in);
	case SEQUENCE_OP_ACT:
		snprintf(why, sizeof(why), "line %u", in->line);
		sequence_wish(s, in->action, branch, IMAGE_NONE, why);
		return PACE_STAYS;
	case SEQUENCE_OP_STEP_END:
		sequence_next_step(s, s->run);
		return PACE_JUMPED;
	case SEQUENCE_OPS:
		break;
	}
	return PACE_STAYS;
}

/* Behind a wait the next statement begins when that was over, not at the tick that saw it, and what is done at once takes no time: so
 * delays do not add up. */
static int64_t
next_begin(const struct sequencer *s, const struct branch *b, const struct image_instr *in,
	bool was_begun)
{
	if (in->op == SEQUENCE_OP_WAIT || in->op == SEQUENCE_OP_DWELL)
		return b->at_ns + b->span_ns;
	return was_begun ? s->clock_ns : b->at_ns;
}

static void
run_branch(struct sequencer *s, uint32_t branch, int *left)
{
	struct branch *b = &s->branches[branch];

	while (b->is_used && sequence_is_going(s) &&
		!(s->wish.is_any && s->wish.branch == branch) && --*left > 0) {
		const struct image_instr *in = image_instr_at(s->img, b->pc);
		bool was_begun = b->is_begun || b->is_asked;
		uint32_t step = s->step;
		enum pace pace = do_statement(s, branch);

		if (pace == PACE_STAYS || s->step != step)
			return;
		b->at_ns = next_begin(s, b, in, was_begun);
		b->pc += pace == PACE_NEXT;
		b->is_begun = b->is_asked = false;
	}
}

void
sequence_run(struct sequencer *s)
{
	int left = STATEMENTS_A_TICK;
	uint32_t step = s->step;

	/* Each has its part, so that none keeps the others waiting. */
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX && s->step == step; i++)
		if (s->branches[i].is_used && sequence_is_going(s)) {
			left = STATEMENTS_A_TICK / SEQUENCE_BRANCHES_MAX;
			run_branch(s, i, &left);
		}
	left = STATEMENTS_A_TICK;
	/* A step that has just begun does what it can at once. */
	while (s->step != step && sequence_is_going(s) && left > 0 && !s->wish.is_any) {
		step = s->step;
		run_branch(s, 0, &left);
	}
}
