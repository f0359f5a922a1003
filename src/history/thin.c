/* thin.c - dead band and shortest interval of a recorded channel */
#include "history/thin.h"

#include <math.h>

#include "base/mem.h"
#include "msg/quality.h"

#define CONFIRM_NS (60 * NS_PER_S)

struct thin {
	enum value_type type;
	double deadband;
	int64_t min_interval_ns;
	bool has_last, has_waiting;
	struct sample last, waiting;
};

struct thin *
thin_new(enum value_type type, double deadband, int64_t min_interval_ns)
{
	struct thin *t;

	if (!(deadband > 0) && min_interval_ns <= 0)
		return NULL;
	t = mem_zero(1, sizeof(*t));
	t->type = type;
	t->deadband = deadband;
	t->min_interval_ns = min_interval_ns;
	return t;
}

static void
note(struct thin *t, const struct sample *s)
{
	t->last = *s;
	t->has_last = true;
	t->has_waiting = false;
}

/* Is it what stands there already, as far as the dead band tells? */
static bool
is_same(const struct thin *t, const struct sample *s)
{
	return t->deadband > 0 && s->stamp_ns - t->last.stamp_ns < CONFIRM_NS &&
	       fabs(value_double(t->type, s->v) - value_double(t->type, t->last.v)) <= t->deadband;
}

unsigned
thin_take(struct thin *t, const struct sample *s, struct sample *out_before)
{
	unsigned what = THIN_THIS;

	if (t->has_last && s->quality == t->last.quality && s->code == t->last.code) {
		if (!quality_is_bad(s->quality) && is_same(t, s)) {
			t->has_waiting = false;
			return 0;
		}
		if (s->stamp_ns - t->last.stamp_ns < t->min_interval_ns) {
			t->waiting = *s;
			t->has_waiting = true;
			return 0;
		}
	} else if (t->has_waiting) {
		*out_before = t->waiting;
		what |= THIN_BEFORE;
	}
	note(t, s);
	return what;
}

bool
thin_due(struct thin *t, int64_t now_ns, struct sample *out)
{
	if (!t->has_waiting || now_ns - t->last.stamp_ns < t->min_interval_ns)
		return false;
	*out = t->waiting;
	note(t, out);
	return true;
}
