/* try_identify.c - which instruments of an image are on its wire?
 *
 *	wire is calm --> question --> what comes within its time --> wire is calm --> the next question ..
 *
 * Questions that are the same bytes are sent once, for all instruments that ask so. A device behind TCP may close the connection on what
 * it does not understand, or keep it as the beginning of something: after silence the next question has a new connection. Forms that hold any answer would hold also a device that says the same to
 * whatever it is asked: so who gives one answer to different questions is nobody.
 */
#include "io/try_identify.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "drivers/list.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/try_wire.h"
#include "link/recognise.h"

#define LINK 0
#define HEARD_MAX 4096
#define TURN_NS (40 * NS_PER_S)   /* a question through the controller, which bounds it itself */
#define CALM_NS (100 * NS_PER_MS) /* so long nothing comes before a question */
#define RESTLESS_NS NS_PER_S      /* a wire that is never calm is asked all the same */
#define TIMEOUT_MIN_NS (200 * NS_PER_MS)
#define TIMEOUT_MAX_NS NS_PER_S /* who says what it is does not measure first */

struct candidate {
	uint32_t instrument;
	struct recognise *asks;
	size_t question;         /* index */
	bool is_it, is_language; /* is_language: something answered as it should, and is another */
	char said[96];
};

struct question {
	const char *codec;    /* of the first that asks so */
	const uint8_t *bytes; /* of it */
	size_t n;
	int64_t timeout_ns; /* the longest */
	uint8_t *answer;    /* [n_answer], without an echo */
	size_t n_answer;
	bool has_echo;
};

struct search {
	const struct image *img;
	struct loop *loop;
	struct try_wire *wire;
	struct candidate *candidates;
	size_t n_candidates;
	struct question *questions;
	size_t n_questions;
	size_t asked; /* the question that is being asked */
	bool is_open, is_ending, is_quiet;
	char why[160]; /* the wire was closed last */
	uint8_t heard[HEARD_MAX];
	size_t n_heard;
	int64_t heard_ns;
};

/* ---- questions -------------------------------------------------------------------------------------------------------------- */

static size_t
find_question(struct search *s, const struct recognise *asks, const char *codec)
{
	size_t n, i;
	const uint8_t *bytes = recognise_question(asks, &n);

	for (i = 0; i < s->n_questions; i++)
		if (s->questions[i].n == n && memcmp(s->questions[i].bytes, bytes, n) == 0)
			return i;
	s->questions[s->n_questions++] =
		(struct question){ .codec = codec, .bytes = bytes, .n = n };
	return i;
}

static void
make_questions(struct search *s)
{
	uint32_t n = s->img->instruments.n;

	s->candidates = mem_zero(MAX(n, 1u), sizeof(*s->candidates));
	s->questions = mem_zero(MAX(n, 1u), sizeof(*s->questions));
	for (uint32_t i = 0; i < n; i++) {
		const struct image_instrument *ins = image_instrument_at(s->img, i);
		struct recognise *asks =
			recognise_new(s->img, i, codec_find(image_text(s->img, ins->codec)));
		struct question *q;
		size_t at;

		if (asks == NULL)
			continue;
		at = find_question(s, asks, image_text(s->img, ins->codec));
		q = &s->questions[at];
		q->timeout_ns = MAX(
			q->timeout_ns, MIN(MAX(ins->timeout_ns, TIMEOUT_MIN_NS), TIMEOUT_MAX_NS));
		s->candidates[s->n_candidates++] =
			(struct candidate){ .instrument = i, .asks = asks, .question = at };
	}
}

static int64_t
calm_ns(const struct search *s)
{
	return MAX(CALM_NS, image_link_at(s->img, LINK)->gap_ns);
}

/* All questions, when none is answered and the wire is calm. */
static int64_t
longest_ns(const struct search *s)
{
	int64_t all = image_link_at(s->img, LINK)->connect_timeout_ns + RESTLESS_NS;

	for (size_t i = 0; i < s->n_questions; i++)
		all += s->questions[i].timeout_ns + calm_ns(s);
	return all;
}

/* ---- the wire --------------------------------------------------------------------------------------------------------------- */

static void
on_opened(void *ctx, uint32_t link)
{
	struct search *s = ctx;

	s->is_open = true;
}

static void
on_closed(void *ctx, uint32_t link, enum quality reason, const char *why)
{
	struct search *s = ctx;

	s->is_open = false;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static void
on_bytes(void *ctx, uint32_t link, const uint8_t *in, size_t n)
{
	struct search *s = ctx;

	n = MIN(n, sizeof(s->heard) - s->n_heard);
	memcpy(s->heard + s->n_heard, in, n);
	s->n_heard += n;
	s->heard_ns = now_boot();
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct search *s = ctx;

	if (loop_signal(fd) != 0)
		s->is_ending = true;
}

/* Let the loop turn until a time, or until is_done says so. */
static int
wait_until(struct search *s, int64_t until_ns, bool (*is_done)(struct search *s), struct err *err)
{
	while (!s->is_ending && !try_wire_is_dead(s->wire) && now_boot() < until_ns &&
		!(is_done != NULL && is_done(s))) {
		int64_t wake_ns = try_wire_time(s->wire); /* once a turn: it may open the wire */

		if (loop_step(s->loop, MIN(until_ns, wake_ns), err) < 0)
			return ERR_IO;
	}
	return 0;
}

static bool
is_opened_or_not(struct search *s)
{
	return s->is_open || s->why[0] != '\0';
}

static int
open_wire(struct search *s, struct err *err)
{
	int64_t patience_ns = image_link_at(s->img, LINK)->connect_timeout_ns + NS_PER_S;

	s->why[0] = '\0';
	try_wire_open(s->wire, LINK);
	if (wait_until(s, now_boot() + patience_ns, is_opened_or_not, err) < 0)
		return ERR_IO;
	if (!s->is_open && !s->is_ending)
		return err_set(err, ERR_IO, 0, "the wire cannot be opened: %s",
			s->why[0] != '\0' ? s->why : "no answer");
	return 0;
}

static int
calm_down(struct search *s, struct err *err)
{
	int64_t limit_ns = now_boot() + RESTLESS_NS;

	s->n_heard = 0;
	if (try_wire_is_through(s->wire))
		return 0; /* only answers come */
	do {
		s->n_heard = 0;
		if (wait_until(s, now_boot() + calm_ns(s), NULL, err) < 0)
			return ERR_IO;
	} while (s->n_heard > 0 && !s->is_ending && now_boot() < limit_ns);
	s->n_heard = 0;
	try_wire_flush(s->wire, LINK);
	return 0;
}

/* ---- an answer -------------------------------------------------------------------------------------------------------------- */

/* What all who ask so make of what has come. Is there none left who waits? */
static bool
judge(struct search *s, enum wire wire)
{
	bool waits = false;

	for (size_t i = 0; i < s->n_candidates; i++) {
		struct candidate *c = &s->candidates[i];
		enum recognised got;

		if (c->question != s->asked || c->is_it)
			continue;
		got = recognise_hear(c->asks, s->heard, s->n_heard, wire);
		waits |= got == RECOGNISE_MORE;
		c->is_language |= got == RECOGNISE_OTHER;
		if (got != RECOGNISE_IT)
			continue;
		c->is_it = true;
		snprintf(c->said, sizeof(c->said), "%s", recognise_identity(c->asks));
	}
	return !waits;
}

static bool
is_answered(struct search *s)
{
	if (try_wire_is_through(s->wire))
		return !try_wire_is_asking(s->wire);
	return !s->is_open || judge(s, WIRE_OPEN);
}

static void
keep_answer(struct search *s, struct question *q)
{
	size_t from;

	q->has_echo = s->n_heard >= q->n && memcmp(s->heard, q->bytes, q->n) == 0;
	from = q->has_echo ? q->n : 0;
	q->n_answer = s->n_heard - from;
	q->answer = mem_zero(MAX(q->n_answer, (size_t)1), 1);
	memcpy(q->answer, s->heard + from, q->n_answer);
}

static int
ask(struct search *s, struct question *q, struct err *err)
{
	bool is_through = try_wire_is_through(s->wire);

	if (!s->is_open && open_wire(s, err) < 0)
		return ERR_IO;
	if (calm_down(s, err) < 0)
		return ERR_IO;
	if (!s->is_open || s->is_ending)
		return 0;
	try_wire_send(s->wire, LINK, q->codec, q->bytes, q->n, q->timeout_ns);
	if (wait_until(s, now_boot() + (is_through ? TURN_NS : q->timeout_ns), is_answered, err) <
		0)
		return ERR_IO;
	if (try_wire_is_dead(s->wire))
		return err_set(
			err, ERR_IO, 0, "the bench that has this wire does not talk any more");
	judge(s, WIRE_SILENT);
	keep_answer(s, q);
	if (q->n_answer == 0 && (image_link_at(s->img, LINK)->kind == LINK_TCP ||
					image_link_at(s->img, LINK)->kind == LINK_UDP)) {
		try_wire_close(s->wire, LINK);
		s->is_open = false;
	}
	return 0;
}

/* ---- what people see -------------------------------------------------------------------------------------------------------- */

static void
show_progress(const struct search *s)
{
	if (s->is_quiet || !isatty(STDOUT_FILENO))
		return;
	if (s->asked < s->n_questions)
		printf("\r  question %zu of %zu", s->asked + 1, s->n_questions);
	else
		printf("\r%40s\r", "");
	fflush(stdout);
}

/* Questions that differ in how they end are one: a device that takes either end answers both. */
static bool
is_one_question(const struct question *a, const struct question *b)
{
	size_t n_a = a->n, n_b = b->n;

	while (n_a > 0 && (a->bytes[n_a - 1] == '\r' || a->bytes[n_a - 1] == '\n'))
		n_a--;
	while (n_b > 0 && (b->bytes[n_b - 1] == '\r' || b->bytes[n_b - 1] == '\n'))
		n_b--;
	return n_a == n_b && memcmp(a->bytes, b->bytes, n_a) == 0;
}

/* Did another question get the same answer? */
static bool
is_parrot(const struct search *s, const struct question *q)
{
	for (size_t i = 0; i < s->n_questions; i++) {
		const struct question *other = &s->questions[i];

		if (!is_one_question(other, q) && other->n_answer == q->n_answer &&
			q->n_answer > 0 && memcmp(other->answer, q->answer, q->n_answer) == 0)
			return true;
	}
	return false;
}

static int
print_found(const struct search *s)
{
	bool has_echo = false, has_parrot = false;
	int n = 0;

	for (size_t i = 0; i < s->n_questions; i++)
		has_echo |= s->questions[i].has_echo && s->questions[i].n_answer == 0;
	for (size_t i = 0; i < s->n_candidates; i++) {
		const struct candidate *c = &s->candidates[i];
		const struct image_instrument *ins = image_instrument_at(s->img, c->instrument);

		if (!c->is_it)
			continue;
		if (is_parrot(s, &s->questions[c->question])) {
			has_parrot = true;
			continue;
		}
		printf("  %-36s says: %s\n", image_text(s->img, ins->title), c->said);
		n++;
	}
	if (has_parrot)
		puts("  somebody says the same whatever it is asked: that tells nothing");
	if (has_echo && n == 0)
		puts("  this wire says again what it is sent: it echoes, and nobody answers");
	return n;
}

/* ---- the search ------------------------------------------------------------------------------------------------------------- */

static int
start(struct search *s, const struct try_way *way, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };
	const struct wires_sink sink = {
		.ctx = s, .opened = on_opened, .closed = on_closed, .bytes = on_bytes
	};
	int sig;

	s->loop = loop_new(err);
	if (s->loop == NULL)
		return ERR_IO;
	sig = loop_signals(signals, NELEM(signals), err);
	if (sig < 0 || loop_add(s->loop, sig, LOOP_READ, on_signal, s, err) < 0)
		return ERR_IO;
	s->wire = try_wire_new(s->loop, s->img, &sink, way, err);
	return s->wire == NULL ? ERR_IO : 0;
}

static void
done(struct search *s)
{
	try_wire_free(s->wire);
	if (s->loop != NULL)
		loop_free(s->loop);
	for (size_t i = 0; i < s->n_candidates; i++)
		recognise_free(s->candidates[i].asks);
	for (size_t i = 0; i < s->n_questions; i++)
		free(s->questions[i].answer);
	free(s->candidates);
	free(s->questions);
}

int
try_identify(const struct image *img, const struct try_way *way, bool *out_stopped, struct err *err)
{
	struct search *s = mem_zero(1, sizeof(*s));
	int64_t until_ns;
	int rc;

	s->img = img;
	make_questions(s);
	until_ns = now_boot() + (way->fd < 0 ? 1 : 4) * longest_ns(s);
	printf("  %zu question%s for %zu instruments, at most %lld s\n", s->n_questions,
		s->n_questions == 1 ? "" : "s", s->n_candidates,
		(long long)(longest_ns(s) / NS_PER_S + 1));
	fflush(stdout);
	rc = start(s, way, err);
	for (; rc == 0 && s->asked < s->n_questions && !s->is_ending && now_boot() < until_ns;
		s->asked++) {
		show_progress(s);
		rc = ask(s, &s->questions[s->asked], err);
	}
	if (rc == 0 && !s->is_ending && s->asked < s->n_questions)
		printf("%s  the time is over; %zu questions were not asked\n",
			isatty(STDOUT_FILENO) ? "\r" : "", s->n_questions - s->asked);
	/* What was found before the wire failed is known all the same. */
	if (rc < 0 && s->asked > 1)
		printf("%s  -- %s\n", isatty(STDOUT_FILENO) ? "\r" : "", err->msg);
	rc = rc < 0 && s->asked <= 1 ? rc : 0;
	s->asked = s->n_questions;
	show_progress(s);
	rc = rc < 0 ? rc : print_found(s);
	*out_stopped = s->is_ending;
	done(s);
	free(s);
	return rc;
}

/* ---- for programs ----------------------------------------------------------------------------------------------------------- */

static void
put_one(struct json *j, const struct search *s, const struct candidate *c, bool says)
{
	const struct image_instrument *ins = image_instrument_at(s->img, c->instrument);
	char said[sizeof(c->said)];

	text_copy(said, sizeof(said), c->said);
	said[text_utf8(said, strlen(said))] = '\0';
	json_object(j, NULL);
	json_text(j, "words", image_text(s->img, ins->title));
	json_text(j, "says", says ? said : "");
	json_end(j);
}

static void
put_found(struct json *j, const struct search *s, const char *why)
{
	bool has_echo = false, has_parrot = false;
	size_t n = 0;

	json_array(j, "found");
	for (size_t i = 0; i < s->n_candidates; i++) {
		const struct candidate *c = &s->candidates[i];
		const struct image_instrument *ins = image_instrument_at(s->img, c->instrument);
		bool is_any = strncmp(image_text(s->img, ins->name), "any_", 4) == 0;

		if (!c->is_it && !(is_any && c->is_language))
			continue;
		/* Modbus of any device is told by its form: the same number may stand in many. */
		if (c->is_it && !is_any && is_parrot(s, &s->questions[c->question])) {
			has_parrot = true;
			continue;
		}
		put_one(j, s, c, c->is_it);
		n++;
	}
	json_end(j);
	for (size_t i = 0; i < s->n_questions; i++)
		has_echo |= s->questions[i].has_echo && s->questions[i].n_answer == 0;
	json_bool(j, "echoes", has_echo && n == 0);
	json_bool(j, "says_the_same", has_parrot);
	json_uint(j, "questions", s->n_questions);
	json_uint(j, "asked", s->asked);
	json_text(j, "why", why);
}

int
try_identify_json(const struct image *img, const struct try_way *way, int64_t limit_ns,
	struct json *out, struct err *err)
{
	struct search *s = mem_zero(1, sizeof(*s));
	int64_t until_ns = now_boot() + limit_ns;
	int rc;

	s->img = img;
	s->is_quiet = true;
	make_questions(s);
	rc = start(s, way, err);
	for (; rc == 0 && s->asked < s->n_questions && !s->is_ending && now_boot() < until_ns;
		s->asked++)
		rc = ask(s, &s->questions[s->asked], err);
	/* What was found before the wire failed is known all the same. */
	if (rc < 0)
		s->asked -= s->asked > 0; /* that one failed */
	if (rc == 0 || s->asked > 0) {
		put_found(out, s, rc < 0 ? err->msg : "");
		rc = 0;
	}
	done(s);
	free(s);
	return rc;
}
