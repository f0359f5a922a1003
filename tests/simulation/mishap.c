/* mishap.c - what befalls the answers of simulated instruments */
#include "mishap.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "scene.h"
#include "twin/fault.h"

#define REPLY_NS (2 * NS_PER_MS)
#define OFF_NS (2 * NS_PER_S)
#define MARGIN_NS (3 * NS_PER_MS)
#define TWICE_NS (20 * NS_PER_MS) /* the double of a datagram comes before: LINK_TWICE */

static const struct {
	const char *word;
	unsigned deals;
} kinds[MISHAPS] = {
#define MISHAP(name, word, deals, help) { word, deals },
#include "mishap.def"
#undef MISHAP
};

const char *
mishap_word(enum mishap kind)
{
	return kinds[kind].word;
}

unsigned
mishap_deals(enum mishap kind)
{
	return kinds[kind].deals;
}

/* ---- what its twin can do ------------------------------------------------------------------------------------------------ */

static const char *
word_of_twin(enum mishap kind)
{
	switch (kind) {
	case MISHAP_WRONG_ADDRESS:
		return "wrong_address";
	case MISHAP_WRONG_TAG:
		return "wrong_tag";
	case MISHAP_WRONG_CHECK:
		return "wrong_checksum";
	case MISHAP_WRITE_REFUSED:
		return "refuse";
	default:
		return NULL;
	}
}

/* All instruments; false: one of them has no such fault. */
static bool
order_twin(struct scene *s, struct twin *twin, const char *word)
{
	struct err err;

	for (uint32_t i = 0; i < s->img->instruments.n; i++) {
		char order[160];

		snprintf(order, sizeof(order), "fault %s=%s",
			image_text(s->img, image_instrument_at(s->img, i)->name), word);
		if (fault_orders(twin, order, &err) < 0)
			return false;
	}
	return true;
}

static bool
twin_can(struct scene *s, const char *word)
{
	bool can = order_twin(s, s->twin, word);

	order_twin(s, s->twin, "none");
	return can;
}

static bool
says_who_it_is(const struct image *img)
{
	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (image_instrument_at(img, i)->identify != IDENTIFY_TEXT)
			return false;
	return true;
}

/* Has it anything to say unasked? */
static bool
has_events(const struct image *img)
{
	bool any = img->messages.n == 0;

	for (uint32_t i = 0; i < img->messages.n; i++)
		any |= image_message_at(img, i)->role == MESSAGE_EVENT;
	return any;
}

/* A connection over which bytes neither change nor vanish, and no serial line behind it. */
static bool
is_stream(const struct scene *s)
{
	const struct codec *codec;

	if (image_link_at(s->img, 0)->kind == LINK_SERIAL || image_link_at(s->img, 0)->is_line)
		return false;
	codec = s->questions[0].codec;
	return codec != NULL && (codec->has_tag || (codec->wires & CODEC_SERIAL) == 0);
}

static bool
is_line(const struct scene *s)
{
	return image_link_at(s->img, 0)->kind == LINK_SERIAL;
}

/* Are numbers written in digits? */
static bool
has_digits(const struct scene *s)
{
	static const char *const codecs[] = { "text", "http", "propar-ascii", "tpg" };
	const char *codec = image_text(s->img, image_instrument_at(s->img, 0)->codec);

	for (size_t i = 0; i < NELEM(codecs); i++)
		if (strcmp(codec, codecs[i]) == 0)
			return true;
	return false;
}

/* Would this be taken for an answer to q, or for what the instrument says by itself (q NULL)? By its form alone. */
static bool
has_form(const struct question *q, const struct codec *codec, const struct instrument *ins,
	const uint8_t *bytes, size_t n)
{
	enum match whose = codec->match == NULL
				   ? MATCH_CANNOT_TELL
				   : codec->match(ins, q == NULL ? NULL : &q->req, 0, bytes, n);

	return q == NULL ? whose == MATCH_UNSOLICITED : whose != MATCH_NOT_MINE;
}

/* Can the protocol tell an answer to one question from that to another? */
static bool
tells_apart(const struct question *a, const struct question *b)
{
	if (a->codec != b->codec || a->req.kind == REQUEST_WRITE)
		return false;
	if (a->codec->has_tag)
		return b->id - a->id < 100;
	return a->codec->alike != NULL && !a->codec->alike(a->ins, &a->req, b->ins, &b->req);
}

static const struct kept *
find_foreign(struct scene *s, const struct question *q)
{
	size_t from = rand_below(&s->chance, SCENE_PLACES);

	for (size_t i = 0; i < SCENE_PLACES; i++) {
		const struct kept *k = &s->places[(from + i) % SCENE_PLACES];

		/* It may have been said in another's name. */
		if (k->is_used && k->q.id != q->id && tells_apart(&k->q, q) &&
			(q->codec->has_tag || !has_form(q, q->codec, q->ins, k->bytes, k->n)))
			return k;
	}
	return NULL;
}

/* Is there a pair of questions that are told apart? */
static bool
can_replay(struct scene *s)
{
	for (size_t i = 0; i < SCENE_PLACES; i++)
		if (s->places[i].is_used && find_foreign(s, &s->places[i].q) != NULL)
			return true;
	return false;
}

unsigned
mishap_forms(struct scene *s, enum mishap kind)
{
	uint32_t first;

	switch (kind) {
	case MISHAP_NONE:
	case MISHAPS:
		return 0;
	case MISHAP_WRONG_ADDRESS:
	case MISHAP_WRONG_TAG:
	case MISHAP_WRONG_CHECK:
		return twin_can(s, word_of_twin(kind));
	case MISHAP_UNSOLICITED:
		return has_events(s->img) && twin_can(s, "unsolicited");
	case MISHAP_REFUSED:
	case MISHAP_REFUSED_SOME:
		return refusals_n(s->refusals);
	case MISHAP_REPLAY:
		return can_replay(s);
	case MISHAP_OTHER:
		return says_who_it_is(s->img);
	case MISHAP_WRITE_REFUSED:
		return order_is_possible(s, &first) && refusals_n(s->refusals) > 0 &&
		       twin_can(s, "refuse");
	case MISHAP_WRITE:
	case MISHAP_WRITE_LOST:
	case MISHAP_WRITE_UNANSWERED:
	case MISHAP_WRITE_LATE:
	case MISHAP_WRITE_CLOSED:
		return order_is_possible(s, &first);
	case MISHAP_FLOOD:
		return is_line(s);
	case MISHAP_BYTES:
	case MISHAP_PAUSE:
	case MISHAP_LONG_PAUSE:
		return !scene_has_borders(s);
	case MISHAP_DOUBLED:
		return scene_has_borders(s) ? 2 : 1;
	case MISHAP_DOUBLED_LATE:
	case MISHAP_REORDERED:
		return scene_has_borders(s);
	case MISHAP_BLANKED:
		return has_digits(s);
	default:
		return 1;
	}
}

/* ---- begin and end ------------------------------------------------------------------------------------------------------- */

void
mishap_begin(struct scene *s, enum mishap kind, unsigned form)
{
	s->kind = kind;
	s->form = form;
	s->is_well &= kind == MISHAP_WRITE;
	s->n_befallen = 0;
	s->since_ns = s->next_mishap_ns = s->next_order_ns = s->now_ns;
	if (word_of_twin(kind) != NULL)
		order_twin(s, s->twin, word_of_twin(kind));
	if (kind == MISHAP_RESTART)
		order_twin(s, s->twin, "restart");
	if (kind == MISHAP_NO_WIRE || kind == MISHAP_OTHER)
		scene_close(s);
}

void
mishap_end(struct scene *s)
{
	enum mishap was = s->kind;

	s->kind = MISHAP_NONE;
	order_twin(s, s->twin, "none");
	s->next_mishap_ns = s->now_ns;
	if (was == MISHAP_OTHER) /* it is exchanged again */
		scene_close(s);
}

/* ---- altered answers ----------------------------------------------------------------------------------------------------- */

static void
note_altered(struct scene *s, const struct question *q, const uint8_t *bytes, size_t n)
{
	struct altered *a = &s->altered;
	uint32_t point = 0;

	a->question = q->id;
	a->k = moving_at(s->moving, point);
	a->n = MIN(n, sizeof(a->bytes));
	memcpy(a->bytes, bytes, a->n);
}

/* Where nothing on the wire can alter the values themselves, only the head is: 8 bytes of Modbus TCP, the first line of a web server. */
static size_t
reach(const struct scene *s, size_t n)
{
	return is_stream(s) ? MIN(n, (size_t)8) : n;
}

static size_t
put_noise(struct scene *s, uint8_t *answer, size_t n)
{
	size_t m = 1 + rand_below(&s->chance, 8);

	memmove(answer + m, answer, n);
	for (size_t i = 0; i < m; i++)
		answer[i] = (uint8_t)rand_next(&s->chance);
	return n + m;
}

static size_t
alter(struct scene *s, const struct question *q, uint8_t *answer, size_t n)
{
	size_t at = n == 0 ? 0 : rand_below(&s->chance, reach(s, n));

	if (is_stream(s) && q->codec->has_tag)
		at = MIN(MAX(at, (size_t)2),
			n - (n > 0)); /* with another's number it would be another's answer */
	switch (s->kind) {
	case MISHAP_CUT:
	case MISHAP_CUT_CLOSED:
		return n == 0 ? 0 : rand_below(&s->chance, n);
	case MISHAP_FLIP:
		answer[at] = (uint8_t)(answer[at] ^ 1u << rand_below(&s->chance, 8));
		return n;
	case MISHAP_INSERT:
		memmove(answer + at + 1, answer + at, n - at);
		/* A sum does not see a byte that is 0. */
		answer[at] = (uint8_t)(s->is_checked ? 1 + rand_below(&s->chance, 255)
						     : rand_next(&s->chance));
		return n + 1;
	case MISHAP_DROP:
		memmove(answer + at, answer + at + 1, n - at - 1);
		return n - 1;
	case MISHAP_BLANKED:
		for (size_t i = 0; i < n; i++)
			if (isdigit(answer[i]))
				answer[i] = '-';
		return n;
	case MISHAP_ECHO:
		if (has_form(q, q->codec, q->ins, q->bytes, q->n)) {
			s->totals.left_out++;
			return n;
		}
		memmove(answer + q->n, answer, n);
		memcpy(answer, q->bytes, q->n);
		return n + q->n;
	default:
		return n;
	}
}

/* ---- when ---------------------------------------------------------------------------------------------------------------- */

static int64_t
between(struct scene *s, int64_t from_ns, int64_t to_ns)
{
	return to_ns <= from_ns
		       ? from_ns
		       : from_ns + (int64_t)rand_below(&s->chance, (uint64_t)(to_ns - from_ns));
}

static int64_t
sent_in(const struct scene *s, size_t n)
{
	return (int64_t)n * image_link_at(s->img, 0)->char_ns;
}

/* One answer in pieces of `step` bytes, `gap_ns` apart from at_ns on; in one, where another would get in between. */
static void
say_pieces(struct scene *s, int64_t at_ns, int64_t gap_ns, const uint8_t *answer, size_t n,
	size_t step)
{
	int64_t end_ns = at_ns + gap_ns * (int64_t)((n - 1) / step);

	if (!cable_is_free(s->cable, at_ns, end_ns)) {
		step = n;
		at_ns = cable_is_free(s->cable, end_ns, end_ns) ? end_ns : cable_last(s->cable);
	}
	for (size_t i = 0; i < n; i += step)
		cable_say(s->cable, at_ns + gap_ns * (int64_t)(i / step), answer + i,
			MIN(step, n - i));
	if (step < n)
		cable_hold(s->cable, at_ns, end_ns);
}

/* The whole answer, its last byte at at_ns; all of it then, or in pieces, as a port hands them over. */
static void
say(struct scene *s, int64_t at_ns, const uint8_t *answer, size_t n)
{
	bool is_split = rand_below(&s->chance, 4) == 0 && !scene_has_borders(s);
	size_t step = is_split ? 1 + rand_below(&s->chance, 8) : n;
	int64_t char_ns = image_link_at(s->img, 0)->char_ns;

	if (n > 0)
		say_pieces(s, MAX(at_ns - sent_in(s, n), s->now_ns), char_ns * (int64_t)step,
			answer, n, step);
}

/* A line that has said nothing for so long counts as silent: 20 characters, at least 20 ms (link.c). */
static int64_t
silence_ns(const struct scene *s)
{
	return MAX(20 * image_link_at(s->img, 0)->char_ns, 20 * NS_PER_MS);
}

static void
say_bytes(struct scene *s, const struct question *q, const uint8_t *answer, size_t n)
{
	int64_t step_ns = MIN(
		silence_ns(s) / 2, (q->over_ns - s->now_ns) * 8 / 10 / (int64_t)MAX(n, (size_t)1));

	if (n > 0)
		say_pieces(s, s->now_ns + REPLY_NS, MAX(step_ns, 1), answer, n, 1);
}

static void
keep(struct kept *k, const struct question *q, const uint8_t *answer, size_t n)
{
	if (k->bytes == NULL)
		k->bytes = mem_zero(CODEC_FRAME_MAX, 1);
	k->is_used = true;
	memcpy(&k->q, q, offsetof(struct question, bytes) + q->n);
	k->n = MIN(n, (size_t)CODEC_FRAME_MAX);
	memcpy(k->bytes, answer, k->n);
}

/* How many answers a master finds in these bytes. */
static unsigned
frames_in(const struct question *q, const uint8_t *bytes, size_t n)
{
	unsigned frames = 0;

	for (size_t at = 0; at < n;) {
		int got = q->codec->cut(q->ins, &q->req, bytes + at, n - at, WIRE_SILENT);

		if (got == CUT_MORE)
			break;
		frames += got > 0;
		at += (size_t)(got > 0 ? got : -got);
	}
	return frames;
}

/* The answers to the last few different questions. */
static void
keep_place(struct scene *s, const struct question *q, const uint8_t *answer, size_t n)
{
	size_t at = (q->req.address * 7 + q->req.first + q->req.space * 3 + q->req.count +
			    q->instrument * 5 + q->req.kind) %
		    SCENE_PLACES;

	if (frames_in(q, answer, n) == 1)
		keep(&s->places[at], q, answer, n);
}

/* ---- from time to time --------------------------------------------------------------------------------------------------- */

static void
say_noise(struct scene *s)
{
	static const uint8_t quiet[] = { 0xFF, 0xA5, 0x7E, '@', '~', '^', 0x80, 0xFE };
	uint8_t bytes[120];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = quiet[rand_below(&s->chance, sizeof(quiet))];
	cable_say(s->cable, s->now_ns + 1, bytes, sizeof(bytes));
}

/* Nobody waits for an answer, and nobody will before this one is there. */
static void
say_stray(struct scene *s)
{
	const struct kept *k = &s->places[rand_below(&s->chance, SCENE_PLACES)];
	const struct question *last = &s->questions[(s->n_asked - 1) % SCENE_QUESTIONS];

	if (k->is_used && has_form(NULL, k->q.codec, k->q.ins, k->bytes, k->n)) {
		s->totals.left_out++;
		return;
	}
	if (k->is_used && s->state == SCENE_OPEN && s->n_asked == s->n_arrived &&
		cable_wake(s->cable) == NEVER && s->believed == last->id && s->wake_ns > s->now_ns)
		cable_say(s->cable, s->now_ns, k->bytes, k->n);
}

/* Where what was held back comes out: before the answer to the next question, or behind it. */
static int64_t
held_ns(const struct scene *s)
{
	int64_t wait_ns = s->kind == MISHAP_REORDERED ? 2 * REPLY_NS : NS_PER_MS / 2;

	return s->n_asked > s->held.q.id
		       ? MIN(s->now_ns + wait_ns, MAX(s->held.q.latest_ns - MARGIN_NS, s->now_ns))
		       : s->now_ns;
}

int64_t
mishap_time(struct scene *s)
{
	struct kept *k = &s->held;

	if (k->is_used && (s->n_asked > k->q.id || s->now_ns >= k->q.latest_ns - 2 * MARGIN_NS)) {
		cable_say(s->cable, held_ns(s), k->bytes, k->n);
		k->is_used = false;
	}
	if (k->is_used)
		return s->now_ns + 2 * NS_PER_MS;
	switch (s->kind) {
	case MISHAP_FLOOD:
		say_noise(s);
		return s->now_ns + 15 * NS_PER_MS;
	case MISHAP_STRAY:
		say_stray(s);
		return s->now_ns + between(s, NS_PER_MS, 100 * NS_PER_MS);
	default:
		return NEVER;
	}
}

/* ---- questions and answers ------------------------------------------------------------------------------------------------ */

bool
mishap_passes(struct scene *s, const struct question *q)
{
	switch (s->kind) {
	case MISHAP_LOST:
		return rand_below(&s->chance, 3) > 0;
	case MISHAP_RESTART:
		return s->now_ns - s->since_ns > OFF_NS;
	case MISHAP_WRITE_LOST:
		return q->req.kind != REQUEST_WRITE || rand_below(&s->chance, 2) == 0;
	case MISHAP_REFUSED: /* who says no does nothing */
		return true;
	default:
		return true;
	}
}

/* Some things befall each answer, others only some of them, so that it goes on in between. */
static bool
befalls(struct scene *s, const struct question *q)
{
	if (kinds[s->kind].deals & MISHAP_WRITES)
		return q->req.kind == REQUEST_WRITE && rand_below(&s->chance, 2) == 0;
	if (kinds[s->kind].deals & MISHAP_BLOCKS)
		return true;
	return rand_below(&s->chance, s->form % 2 == 0 ? 2 : 3) == 0;
}

static void
refuse(struct scene *s, const struct question *q, int64_t at_ns)
{
	uint8_t no[CODEC_FRAME_MAX];
	int n = refusals_say(s->refusals, s->form, q->bytes, q->n, no, sizeof(no));

	say(s, at_ns, no, (size_t)MAX(n, 0));
}

static void
say_replay(
	struct scene *s, const struct question *q, int64_t at_ns, const uint8_t *answer, size_t n)
{
	const struct kept *k = find_foreign(s, q);

	if (k != NULL)
		cable_say(s->cable, at_ns, k->bytes, k->n);
	else
		s->totals.left_out++;
	cable_say(s->cable, at_ns + sent_in(s, n), answer, n);
}

/* What the instrument says unasked now, before this answer: as the judge does, who shows the same. 0: nothing, or something that by
 * its form is an answer to the question. */
static size_t
put_event(struct scene *s, const struct question *q, uint8_t *answer, size_t n)
{
	static struct twin_reply reply;
	size_t m = 0;

	order_twin(s, s->judge, "unsolicited");
	moving_set(s->rows, s->judge, moving_at(s->moving, 0));
	twin_reply(s->judge, 0, q->bytes, q->n, &reply);
	order_twin(s, s->judge, "none");
	for (size_t i = 0; i < reply.n_pieces; i++)
		m += reply.piece[i].n;
	if (m <= n || memcmp(reply.bytes + m - n, answer, n) != 0)
		return n;
	if (has_form(q, q->codec, q->ins, reply.bytes, m - n)) {
		s->totals.left_out++;
		return n;
	}
	memcpy(answer, reply.bytes, m);
	return m;
}

/* Nothing follows on a connection: what did would be the other half. */
static void
say_half(struct scene *s, const struct question *q, int64_t at_ns, const uint8_t *half, size_t n)
{
	note_altered(s, q, half, n);
	s->is_mute = is_stream(s) && !scene_has_borders(s);
	if (s->is_mute)
		cable_stop(s->cable, at_ns);
	cable_say(s->cable, at_ns, half, n);
}

/* The same datagram again: soon, when the answer is in time or late (form 1). */
static void
say_twice(struct scene *s, const struct question *q, int64_t at_ns, const uint8_t *answer, size_t n)
{
	if (s->form == 1)
		at_ns = MAX(at_ns, between(s, q->over_ns, q->latest_ns - MARGIN_NS));
	cable_say(s->cable, at_ns, answer, n);
	cable_say(s->cable, at_ns + between(s, 0, TWICE_NS - 1), answer, n);
}

/* Its double waits for a question whose answer it could be: writes have none, as nobody could say what was done. */
static void
say_twice_late(
	struct scene *s, const struct question *q, int64_t at_ns, const uint8_t *answer, size_t n)
{
	struct doubled *d = &s->doubled;

	cable_say(s->cable, at_ns, answer, n);
	if (q->req.kind == REQUEST_WRITE || d->is_waiting || d->at_ns == s->now_ns ||
		n > sizeof(d->bytes))
		return;
	memcpy(&d->q, q, offsetof(struct question, bytes) + q->n);
	memcpy(d->bytes, answer, n);
	d->n = n;
	d->is_waiting = true;
	d->at_ns = at_ns + between(s, TWICE_NS, TWICE_NS + scene_timeout(s));
}

/* The instrument has been asked something: the double is there before its answer. */
static void
say_late_double(struct scene *s, const struct question *q)
{
	struct doubled *d = &s->doubled;

	if (!d->is_waiting || s->now_ns < d->at_ns || q->id == d->q.id)
		return;
	d->is_waiting = false;
	d->at_ns = s->now_ns;
	if (s->kind == MISHAP_DOUBLED_LATE && q->req.kind != REQUEST_WRITE)
		cable_say(s->cable, d->at_ns, d->bytes, d->n);
}

/* A stranger's bytes before the answer: in its datagram, or in one of their own. */
static void
say_noisy(struct scene *s, const struct question *q, int64_t at_ns, uint8_t *answer, size_t n)
{
	size_t m = put_noise(s, answer, n) - n;

	note_altered(s, q, answer, n + m);
	if (scene_has_borders(s) && rand_below(&s->chance, 2) == 0) {
		cable_say(s->cable, at_ns, answer, m);
		cable_say(s->cable, at_ns, answer + m, n);
	} else {
		say(s, at_ns, answer, n + m);
	}
}

static void
befall(struct scene *s, const struct question *q, uint8_t *answer, size_t n)
{
	int64_t at_ns = s->now_ns + REPLY_NS + sent_in(s, n), pause_ns;

	switch (s->kind) {
	case MISHAP_SILENT:
	case MISHAP_UNANSWERED:
	case MISHAP_WRITE_UNANSWERED:
		return;
	case MISHAP_SLOW:
		say(s, MAX(at_ns, between(s, s->now_ns, q->over_ns - MARGIN_NS)), answer, n);
		return;
	case MISHAP_LATE:
	case MISHAP_WRITE_LATE:
		say(s, MAX(at_ns, between(s, q->over_ns, q->latest_ns - MARGIN_NS)), answer, n);
		return;
	case MISHAP_NEXT:
	case MISHAP_REORDERED:
		if (s->held.is_used || n == 0) {
			say(s, at_ns, answer, n);
			return;
		}
		keep(&s->held, q, answer, n);
		s->next_mishap_ns = s->now_ns;
		return;
	case MISHAP_BYTES:
		say_bytes(s, q, answer, n);
		return;
	case MISHAP_PAUSE:
	case MISHAP_LONG_PAUSE:
		if (n == 0)
			return;
		pause_ns = s->kind == MISHAP_PAUSE
				   ? between(s, NS_PER_MS, silence_ns(s) - NS_PER_MS)
				   : between(s, silence_ns(s), q->latest_ns - at_ns - MARGIN_NS);
		say_pieces(s, at_ns, pause_ns, answer, n,
			n / 2 + 1 + rand_below(&s->chance, n / 2 + 1));
		return;
	case MISHAP_DOUBLED_LATE:
		say_twice_late(s, q, at_ns, answer, n);
		return;
	case MISHAP_NOISE:
		say_noisy(s, q, at_ns, answer, n);
		return;
	case MISHAP_DOUBLED:
		if (scene_has_borders(s)) {
			say_twice(s, q, at_ns, answer, n);
			return;
		}
		memcpy(answer + n, answer, n);
		cable_say(s->cable, at_ns, answer, 2 * n);
		return;
	case MISHAP_REPLAY:
		say_replay(s, q, at_ns, answer, n);
		return;
	case MISHAP_REFUSED:
	case MISHAP_REFUSED_SOME:
		refuse(s, q, at_ns);
		return;
	case MISHAP_CUT:
		say_half(s, q, at_ns, answer, alter(s, q, answer, n));
		return;
	case MISHAP_UNSOLICITED:
		say(s, at_ns, answer, put_event(s, q, answer, n));
		return;
	case MISHAP_CLOSED:
	case MISHAP_WRITE_CLOSED:
		cable_end(s->cable, at_ns);
		return;
	case MISHAP_CUT_CLOSED:
		say_half(s, q, at_ns, answer, alter(s, q, answer, n));
		cable_end(s->cable, at_ns + 1);
		return;
	default:
		break;
	}
	if ((kinds[s->kind].deals & MISHAP_ALTERS) && n > 0) {
		n = alter(s, q, answer, n);
		note_altered(s, q, answer, n);
	}
	say(s, at_ns, answer, n);
}

int64_t
mishap_speak(struct scene *s, const struct question *q, uint8_t *answer, size_t n)
{
	keep_place(s, q, answer, n);
	say_late_double(s, q);
	if (s->is_mute || (n == 0 && s->kind != MISHAP_REFUSED))
		return NEVER;
	if (s->kind != MISHAP_NONE && befalls(s, q)) {
		s->n_befallen++;
		befall(s, q, answer, n);
	} else {
		say(s, s->now_ns + REPLY_NS + sent_in(s, n), answer, n);
	}
	return cable_last(s->cable);
}
