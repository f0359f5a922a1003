/* link_window.c - how many questions may be on the wire
 *
 * One, unless the protocol numbers them and the device proves that it takes more. Many devices keep only one question and
 * drop the others, or close the connection; some queue them, so that each waits for those before it. So:
 *
 *	ONE --16 answers, and another question waits--> TRIAL of two --16 answers--> PROVED: one more for each
 *	 ^                                                |                          window of answers as quick as single ones
 *	 +-- a loss, for 10 s, 40 s .. 1 h ---------------+--------------------------+ one less when they grow slow
 *
 * In a trial only readings are asked, and what is lost is asked again at once: nobody's value suffers from it.
 */
#include "link/link_engine.h"

#define SOLO_ENOUGH 16
#define TRIAL_ENOUGH 16
#define SLOW_ENOUGH 64
#define TRIAL_WAIT_MIN (10 * NS_PER_S)
#define TRIAL_WAIT_MAX (3600 * NS_PER_S)
#define SLACK_NS (1 * NS_PER_MS)

static unsigned
most(const struct link *l)
{
	return l->wire.pipeline == 0 ? LINK_WINDOW_MAX : l->wire.pipeline;
}

void
link_window_init(struct link *l, int64_t now_ns)
{
	l->may_pipeline = l->kind == LINK_TCP && !l->wire.is_line && l->wire.pipeline != 1;
	for (size_t i = 0; i < l->n_units; i++)
		l->may_pipeline = l->may_pipeline && l->units[i].codec->pipelines;
	l->trial_ns = now_ns;
	l->trial_wait_ns = TRIAL_WAIT_MIN;
	link_window_opened(l);
}

/* A number that the user wrote needs no proof. */
void
link_window_opened(struct link *l)
{
	l->is_proved = l->may_pipeline && l->wire.pipeline > 1;
	l->window = l->is_proved ? most(l) : 1;
	l->n_solo = l->n_good = l->n_slow = 0;
	l->solo_ns = 0;
}

/* May a question beside those on the wire begin a trial? */
static bool
may_try(const struct link *l, int64_t now_ns)
{
	return l->may_pipeline && !l->is_proved && l->window == 1 && l->n_solo >= SOLO_ENOUGH &&
	       now_ns >= l->trial_ns && l->n_writes == 0;
}

static bool
carries_write(struct link *l)
{
	LINK_FLIGHTS(l, f)
	{
		if (link_flight_writes(f))
			return true;
	}
	return false;
}

bool
link_window_is_open(struct link *l, int64_t now_ns, bool is_write)
{
	if (l->n_flights == 0)
		return true;
	if (l->guest.phase == GUEST_FLIES)
		return false;
	if (!l->is_proved && (is_write || carries_write(l)))
		return false;
	return l->n_flights < l->window || (l->n_flights == 1 && may_try(l, now_ns));
}

static void
grow(struct link *l, int64_t reply_ns)
{
	if (reply_ns > 2 * l->solo_ns + SLACK_NS) {
		/* It queues them: more under way only makes each answer older. Or it has grown slow: what a single answer takes is
		 * measured again now and then. */
		l->n_good = 0;
		if (l->window > 2) {
			l->window--;
		} else if (++l->n_slow >= SLOW_ENOUGH) {
			l->window = 1;
			l->n_slow = l->n_solo = 0;
		}
		return;
	}
	if (reply_ns <= l->solo_ns + l->solo_ns / 2 + SLACK_NS && ++l->n_good >= l->window &&
		l->window < most(l)) {
		l->window++;
		l->n_good = 0;
	}
}

/* Is one under way for so long that it has been dropped, as far as one can tell? The others prove nothing then. */
static bool
is_one_missing(struct link *l, const struct flight *but, int64_t now_ns)
{
	LINK_FLIGHTS(l, f)
	{
		if (!f->is_held && f != but && now_ns - f->sent_ns > 2 * l->solo_ns + SLACK_NS)
			return true;
	}
	return false;
}

void
link_window_answered(struct link *l, const struct flight *f, int64_t reply_ns, int64_t now_ns)
{
	if (!l->may_pipeline)
		return;
	if (f->is_alone) {
		l->solo_ns = l->n_solo == 0 ? reply_ns : l->solo_ns + (reply_ns - l->solo_ns) / 8;
		l->n_solo += l->n_solo < SOLO_ENOUGH;
		if (l->is_proved && l->window == 1 && l->n_solo >= SOLO_ENOUGH)
			l->window = 2;
	} else if (!l->is_proved && is_one_missing(l, f, now_ns)) {
		l->n_good = 0;
		l->window = 1; /* no further one until it is clear */
	} else if (l->is_proved) {
		if (l->wire.pipeline == 0)
			grow(l, reply_ns);
	} else if (++l->n_good >= TRIAL_ENOUGH) {
		l->is_proved = true;
		l->trial_wait_ns = TRIAL_WAIT_MIN;
		l->n_good = 0;
		l->window = 2;
		for (size_t i = 0; i < l->n_units; i++)
			link_note(l, &l->units[i], Q_GOOD, now_ns,
				"takes several questions at one time");
	} else {
		l->window = 2;
	}
}

bool
link_window_failed(struct link *l, bool was_alone, int64_t now_ns)
{
	if (was_alone || l->wire.pipeline != 0)
		return false;
	/* It may still be at work on what is given up here. */
	l->pause_ns = MAX(l->pause_ns, now_ns + 2 * l->solo_ns + SLACK_NS);
	l->is_proved = false;
	l->window = 1;
	l->n_solo = l->n_good = 0;
	l->trial_ns = now_ns + l->trial_wait_ns;
	l->trial_wait_ns = MIN(4 * l->trial_wait_ns, TRIAL_WAIT_MAX);
	for (size_t i = 0; i < l->n_units; i++)
		link_note(l, &l->units[i], Q_GOOD, now_ns, "questions go one by one again");
	return true;
}
