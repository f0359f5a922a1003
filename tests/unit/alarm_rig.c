/* alarm_rig.c - alarms over conditions that a test sets by hand */
#include "alarm_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static _Noreturn void
give_up(const char *what)
{
	fprintf(stderr, "alarm rig: %s; correct the test\n", what);
	exit(2);
}

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct rig *r = ctx;
	uint8_t bytes[EVENT_BYTES];
	struct event back;

	if (r->n_events == RIG_EVENTS)
		give_up("too many events");
	e->id = r->n_events + 1;
	if (event_decode(&back, bytes, event_encode(bytes, e), &r->err) < 0)
		give_up(r->err.msg);
	r->events[r->n_events++] = back;
	return e->id;
}

static void
on_state(void *ctx, uint32_t channel, int64_t number, enum quality quality, int64_t stamp_ns)
{
	struct rig *r = ctx;

	if (stamp_ns != r->now_ns)
		give_up("a state with the time of another tick");
	r->shown[channel] = number;
	r->quality[channel] = quality;
}

static enum truth
on_truth(void *ctx, const struct image_cond *cond, enum quality *out_reason)
{
	struct rig *r = ctx;
	enum truth t = r->is[cond->first_op / CONDITIONS][cond->first_op % CONDITIONS];

	r->asked[cond->first_op / CONDITIONS][cond->first_op % CONDITIONS]++;
	if (t == TRUTH_UNKNOWN)
		*out_reason = r->reason;
	return t;
}

#define TABLE(member, count)                                                                       \
	((struct image_table){ .off = offsetof(struct rig_image, member), .n = (count) })

void
rig_init(struct rig *r, uint32_t n)
{
	struct rig_image *s = &r->image;
	uint32_t at = 1;

	memset(r, 0, sizeof(*r));
	s->head = (struct image){ .magic = IMAGE_MAGIC,
		.version = IMAGE_VERSION,
		.size = sizeof(*s),
		.tick_ns = 100 * NS_PER_MS,
		.on_stop = IMAGE_NONE,
		.bench_state = IMAGE_NONE,
		.horn = IMAGE_NONE,
		.choices = TABLE(choices, ALARM_STATES),
		.channels = TABLE(channels, n),
		.alarms = TABLE(alarms, n),
		.code = TABLE(code, RIG_ALARMS * CONDITIONS),
		.strings = TABLE(strings, RIG_TEXTS) };
	for (uint32_t i = 0; i < RIG_ALARMS * CONDITIONS; i++)
		s->code[i] = (struct expr_op){ .code = EXPR_OP_TRUTH };
	for (uint32_t i = 0; i < n; i++) {
		s->channels[i] = (struct image_channel){ .id = 1000 + i,
			.name = at,
			.type = VALUE_CHOICE,
			.source_kind = SOURCE_STATE,
			.source = STATE_ALARM,
			.instrument = IMAGE_NONE,
			.n_choices = ALARM_STATES };
		s->alarms[i] = (struct image_alarm){ .name = at,
			.state = i,
			.when = { .first_op = i * CONDITIONS + WHEN, .n_ops = 1 },
			.on_bad_ns = 5 * NS_PER_S,
			.shelve_max_ns = 8 * 3600 * NS_PER_S,
			.parent = IMAGE_NONE,
			.first_out = IMAGE_NONE,
			.priority = PRIORITY_HIGH,
			.needs_ack = 1 };
		at += (uint32_t)sprintf(s->strings + at, "a%u", (unsigned)i) + 1;
	}
	s->head.bench = 1;
	r->now_ns = 1000 * NS_PER_S;
	r->reason = Q_STALE;
}

void
rig_condition(struct rig *r, uint32_t alarm, int which)
{
	struct image_alarm *d = &r->image.alarms[alarm];
	struct image_cond *cond = which == CLEAR ? &d->clear : &d->suppress;

	*cond = (struct image_cond){ .first_op = alarm * CONDITIONS + (uint32_t)which, .n_ops = 1 };
}

static struct alarms *
make(struct rig *r)
{
	const struct alarms_sink sink = {
		.ctx = r, .event = on_event, .state = on_state, .truth = on_truth
	};

	for (uint32_t i = 0; i < RIG_ALARMS; i++)
		r->shown[i] = -1;
	return alarms_new(&r->image.head, &sink);
}

void
rig_start(struct rig *r)
{
	if (image_check(&r->image, sizeof(r->image), &r->err) < 0)
		give_up(r->err.msg);
	r->alarms = make(r);
}

void
rig_done(struct rig *r)
{
	alarms_free(r->alarms);
}

void
rig_tick(struct rig *r, int64_t span_ns)
{
	memset(r->asked, 0, sizeof(r->asked));
	r->now_ns += span_ns;
	alarms_tick(r->alarms, r->now_ns);
	for (uint32_t i = 0; i < r->image.head.alarms.n; i++) {
		const struct image_alarm *d = &r->image.alarms[i];

		if (r->asked[i][WHEN] != 1 || r->asked[i][CLEAR] != d->clear.n_ops ||
			r->asked[i][SUPPRESS] != d->suppress.n_ops)
			give_up("a condition is not asked once a tick");
	}
}

int
rig_command(
	struct rig *r, enum command_kind kind, const char *subject, int64_t span_ns, uint64_t seen)
{
	struct command c = { .id = "c1",
		.kind = kind,
		.principal = "ann",
		.text = "because",
		.span_ns = span_ns,
		.seen = seen,
		.is_person = true };

	text_copy(c.subject, sizeof(c.subject), subject);
	r->err.msg[0] = '\0';
	return alarms_command(r->alarms, &c, r->now_ns, &r->err);
}

const struct event *
rig_last(const struct rig *r, enum event_kind kind, const char *subject)
{
	for (uint32_t k = r->n_events; k-- > 0;)
		if (r->events[k].kind == kind &&
			(subject[0] == '\0' || strcmp(r->events[k].subject, subject) == 0))
			return &r->events[k];
	return NULL;
}

uint32_t
rig_count(const struct rig *r, enum event_kind kind, const char *subject)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < r->n_events; k++)
		n += r->events[k].kind == kind &&
		     (subject[0] == '\0' || strcmp(r->events[k].subject, subject) == 0);
	return n;
}

void
rig_restart(struct rig *r, int64_t outage_ns, bool is_known)
{
	struct alarms *old = r->alarms;
	uint8_t bytes[ALARM_SAVE_MAX];

	r->alarms = make(r);
	r->now_ns += outage_ns;
	for (uint32_t i = 0; i < r->image.head.alarms.n; i++) {
		size_t n = alarms_save(old, i, bytes);

		if (n > ALARM_SAVE_MAX ||
			!alarms_load(r->alarms, i, bytes, n, r->now_ns, is_known ? outage_ns : -1))
			give_up("what was saved is not taken back");
	}
	alarms_free(old);
}
