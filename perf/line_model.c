/* line_model.c - which character is on the wire at which moment
 *
 * Source: MODBUS over Serial Line V1.02, 2.5.1.1: t1.5 and t3.5, and their fixed values above 19200 Bd.
 *
 * How strict it is: a request that begins too early is counted and still answered, as units do that cut frames by their length;
 * else the first too-early master would only show its own timeouts. What follows a complete request before t3.5 is over joins it,
 * and the sum is bad. What is sent while an answer is due or on the wire garbles both.
 */
#include "line_model.h"

#include <string.h>

#define LONG_AGO (INT64_MIN / 2)

int64_t
line_silence_ns(unsigned baud)
{
	if (baud > 19200)
		return 1750 * NS_PER_US;
	return 35 * 11 * NS_PER_S / 10 / baud;
}

int64_t
line_char_ns(unsigned baud, unsigned bits)
{
	return bits * NS_PER_S / baud;
}

void
line_init(struct line *l, const struct line_conf *conf, struct line_units *units, int64_t now_ns)
{
	memset(l, 0, sizeof(*l));
	l->conf = *conf;
	l->units = units;
	l->wire_ns = l->master_ns = LONG_AGO;
	l->is_speed_right = true;
	line_count_clear(l, now_ns);
}

static int64_t
answer_end(const struct line *l)
{
	return l->answer_ns + (int64_t)l->n_answer * l->conf.char_ns;
}

/* The next request begins: what the one before has cost is known now. */
static void
close_last(struct line *l, int64_t now_ns)
{
	struct line_count *c = &l->count;
	int64_t period = now_ns - l->last.start_ns;

	if (!l->last.is_open)
		return;
	l->last.is_open = false;
	c->busy_ns[l->last.unit] += l->last.is_answered ? MIN(period, l->last.least_ns) : period;
	if (l->last.is_answered) {
		c->periods++;
		c->period_ns += period;
		c->least_ns += l->last.least_ns;
		line_spread_add(&c->over, period - l->last.least_ns);
	}
}

static void
tell(struct line *l, uint64_t *counter)
{
	if (!l->is_told)
		(*counter)++;
	l->is_told = true;
}

static void
begin_request(struct line *l, int64_t start_ns)
{
	close_last(l, start_ns);
	l->start_ns = start_ns;
	l->is_told = false;
	l->is_garbled = !l->is_speed_right;
	if (!l->is_speed_right)
		l->count.wrong_speed++;
}

/* Where does a byte that arrives now stand on the wire, and is it allowed there? */
static void
place(struct line *l, int64_t now_ns, uint8_t byte)
{
	bool is_due = l->n_answer > 0 && now_ns < answer_end(l);
	int64_t start = MAX(now_ns, l->master_ns); /* a master does not listen before it talks */
	int64_t gap = start - l->wire_ns;

	if (l->n_request == 0)
		begin_request(l, start);
	if (is_due) {
		tell(l, &l->count.collisions);
		l->is_garbled = l->is_answer_garbled = true;
	} else if (l->n_request == 0 || line_is_complete(l->request, l->n_request)) {
		if (gap < l->conf.silence_ns) {
			l->count.worst_ns = MAX(l->count.worst_ns, l->conf.silence_ns - gap);
			tell(l, &l->count.violations);
		}
	} else if (gap > l->conf.silence_ns * 3 / 7) { /* t1.5 */
		l->count.gaps++;
	}
	if (l->n_request < sizeof(l->request))
		l->request[l->n_request++] = byte;
	l->master_ns = start + l->conf.char_ns;
	l->wire_ns = MAX(l->wire_ns, l->master_ns);
}

/* Silence has ended the request: who answers what, and when? */
static void
end_request(struct line *l)
{
	struct line_count *c = &l->count;
	enum line_verdict verdict = LINE_BAD;
	size_t n = 0;

	if (!l->is_garbled)
		verdict = line_units_answer(l->units, l->request, l->n_request, l->answer, &n);
	c->requests++;
	c->bad += verdict == LINE_BAD && !l->is_garbled;
	c->absent += verdict == LINE_ABSENT;
	c->dead += verdict == LINE_DEAD;
	l->last.is_open = true;
	l->last.is_answered = false;
	l->last.unit = verdict == LINE_ANSWERED || verdict == LINE_DEAD ? l->request[0] : 0;
	l->last.n_request = l->n_request;
	l->last.start_ns = l->start_ns;
	l->last.least_ns = (int64_t)(l->n_request + n) * l->conf.char_ns + 2 * l->conf.silence_ns +
			   l->conf.latency_ns;
	l->answer_ns = l->wire_ns + l->conf.silence_ns + l->conf.latency_ns;
	l->n_answer = n;
	l->n_given = 0;
	l->is_answer_garbled = false;
	if (n > 0)
		l->wire_ns = answer_end(l);
	l->n_request = 0;
}

void
line_sent(struct line *l, int64_t now_ns, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		place(l, now_ns, bytes[i]);
}

int64_t
line_wake(const struct line *l)
{
	if (l->n_answer > 0)
		return l->answer_ns +
		       (int64_t)MIN(l->n_given + l->conf.chunk, l->n_answer) * l->conf.char_ns;
	return l->n_request > 0 ? l->wire_ns + l->conf.silence_ns : NEVER;
}

/* The answer has passed whole. */
static void
end_answer(struct line *l)
{
	if (!l->is_answer_garbled) {
		l->last.is_answered = true;
		l->count.transactions++;
		l->count.request_chars += l->last.n_request;
		l->count.answer_chars += l->n_answer;
	}
	l->n_answer = 0;
}

size_t
line_take(struct line *l, int64_t now_ns, uint8_t *out, int64_t *out_end_ns)
{
	size_t n = 0;

	*out_end_ns = NEVER;
	if (l->n_answer > 0 && now_ns >= line_wake(l)) {
		size_t passed =
			MIN((size_t)((now_ns - l->answer_ns) / l->conf.char_ns), l->n_answer);

		if (passed < l->n_answer)
			passed -= (passed - l->n_given) % l->conf.chunk;
		while (l->n_given < passed)
			out[n++] = l->answer[l->n_given++] ^ (l->is_answer_garbled ? 0x55 : 0);
		if (passed == l->n_answer) {
			*out_end_ns = answer_end(l);
			end_answer(l);
		}
	}
	if (l->n_answer == 0 && l->n_request > 0 && now_ns >= line_wake(l))
		end_request(l);
	return n;
}

void
line_settle(struct line *l, int64_t now_ns)
{
	if (l->last.is_open && !l->last.is_answered && l->n_answer == 0) {
		l->count.busy_ns[l->last.unit] += now_ns - l->last.start_ns;
		l->last.start_ns = now_ns;
	}
}

void
line_count_clear(struct line *l, int64_t now_ns)
{
	memset(&l->count, 0, sizeof(l->count));
	l->count.since_ns = now_ns;
}
