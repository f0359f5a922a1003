/* scene.c - one link of a bench, the twins of its instruments, and a wire between them */
#include "scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "msg/quality.h"
#include "spy.h"

#define STEPS_MAX 20000 /* at one moment: more means that time stands still */
#define REPLY_NS (3 * NS_PER_MS)
#define TELL_NS (700 * NS_PER_MS)
#define OPEN_NS (NS_PER_MS)

bool scene_is_traced;

void
scene_breach(struct scene *s, const char *fmt, ...)
{
	va_list args;

	if (s->breach[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(s->breach, sizeof(s->breach), fmt, args);
	va_end(args);
}

int64_t
scene_timeout(const struct scene *s)
{
	int64_t timeout_ns = 0;

	for (uint32_t i = 0; i < s->img->instruments.n; i++)
		timeout_ns = MAX(timeout_ns, image_instrument_at(s->img, i)->timeout_ns);
	return timeout_ns;
}

bool
scene_has_borders(const struct scene *s)
{
	return image_kind_has_borders(image_link_at(s->img, 0)->kind);
}

static bool
has_events(const struct scene *s, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(s->img, instrument);
	const struct codec *codec = spy_find(image_text(s->img, ins->codec));

	for (uint32_t i = 0; i < ins->n_messages; i++)
		if (image_message_at(s->img, ins->first_message + i)->role == MESSAGE_EVENT)
			return true;
	return codec->heard != NULL && !codec->has_messages;
}

int64_t
scene_memory(const struct scene *s, uint32_t point)
{
	const struct image_link *l = image_link_at(s->img, 0);
	uint32_t instrument = image_point_at(s->img, point)->instrument;
	int64_t timeout_ns = image_instrument_at(s->img, instrument)->timeout_ns;

	if (!has_events(s, instrument))
		return 0;
	return timeout_ns + (l->late_max_ns > 0 ? l->late_max_ns : 2 * timeout_ns);
}

/* ---- life -------------------------------------------------------------------------------------------------------------- */

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
	const struct scene *s = ctx;

	if (!scene_is_traced)
		return;
	printf("# %10.4f %u %s %s '", (double)(s->now_ns - 1000 * NS_PER_S) / 1e9, instrument,
		quality_row(line->quality)->token, line->meaning);
	for (unsigned i = 0; i < MIN(line->n, (unsigned)BOARD_TRACE_BYTES); i++)
		printf(line->bytes[i] >= ' ' && line->bytes[i] < 0x7F ? "%c" : "<%02X>",
			line->bytes[i]);
	printf("'\n");
}

/* Does a check stand in all answers that carry values? */
static bool
has_check(const struct image *img)
{
	const char *codec = image_text(img, image_instrument_at(img, 0)->codec);
	bool is_checked = true;

	if (strcmp(codec, "text") != 0)
		return strcmp(codec, "k8090") == 0 || strcmp(codec, "brooks-s") == 0 ||
		       (strncmp(codec, "modbus", 6) == 0 && twin_is_rtu(img, 0));
	for (uint32_t i = 0; i < img->messages.n; i++) {
		const struct image_message *m = image_message_at(img, i);
		const char *receive = image_text(img, m->receive);
		const char *check = strstr(receive, "{=");

		if (m->role == MESSAGE_ERROR || strchr(receive, '{') == NULL)
			continue;
		is_checked &= check != NULL && check[strcspn(check, "?}")] == '}';
	}
	return is_checked;
}

/* Bytes that are under way on a line do not know that a port was closed; those of a connection end with it. */
static bool
outlives(const struct image *img, uint64_t *chance)
{
	const struct image_link *l = image_link_at(img, 0);
	const struct codec *codec = spy_find(image_text(img, image_instrument_at(img, 0)->codec));

	if (l->kind == LINK_SERIAL || l->is_line)
		return true;
	return !codec->has_tag && (codec->wires & CODEC_SERIAL) != 0 && rand_below(chance, 2) == 0;
}

static void
rename_to_x(char *text)
{
	memset(text, 'X', MIN(strlen(text), (size_t)3));
}

/* What its instruments are called, and what they say they are, is another text. */
static void
make_other(struct scene *s)
{
	char *strings;

	s->other_img = mem_zero(1, s->img->size);
	memcpy(s->other_img, s->img, s->img->size);
	strings = (char *)s->other_img + s->img->strings.off;
	for (uint32_t i = 0; i < s->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(s->img, i);

		rename_to_x(strings + ins->name);
		rename_to_x(strings + ins->identify_is);
	}
	s->other = twin_new(s->other_img, 2);
	twin_step(s->other, 0);
}

struct scene *
scene_new(const struct image *img, const struct moving_row *rows, uint64_t seed)
{
	struct scene *s = mem_zero(1, sizeof(*s));
	const struct link_sink sink = { .ctx = s,
		.reading = oracle_reading,
		.state = on_state,
		.trace = on_trace,
		.written = order_written };
	const struct spy_ear ear = { s, oracle_asked, oracle_believed };

	s->img = img;
	s->rows = rows;
	s->chance = seed;
	s->now_ns = 1000 * NS_PER_S;
	s->twin = twin_new(img, 1);
	s->judge = twin_new(img, 1);
	twin_step(s->twin, 0);
	twin_step(s->judge, 0);
	make_other(s);
	s->refusals = refusals_new(img);
	s->moving = moving_new(rows, s->twin);
	s->cable = cable_new();
	s->is_checked = has_check(img);
	s->goes_on = outlives(img, &s->chance);
	s->news = mem_zero(img->points.n, sizeof(*s->news));
	s->held.bytes = mem_zero(CODEC_FRAME_MAX, 1);
	s->next_tell_ns = s->next_write_ns = s->next_order_ns = s->next_mishap_ns = s->now_ns;
	spy_listen(&ear);
	moving_next(s->moving, s->now_ns);
	s->link = link_new(img, 0, spy_find, &sink, s->now_ns);
	s->wake_ns = s->now_ns;
	return s;
}

void
scene_free(struct scene *s)
{
	if (s == NULL)
		return;
	spy_listen(NULL);
	link_free(s->link);
	moving_free(s->moving);
	twin_free(s->twin);
	twin_free(s->judge);
	twin_free(s->other);
	free(s->other_img);
	refusals_free(s->refusals);
	cable_free(s->cable);
	for (size_t i = 0; i < SCENE_PLACES; i++)
		free(s->places[i].bytes);
	free(s->held.bytes);
	free(s->news);
	free(s);
}

/* ---- the instruments --------------------------------------------------------------------------------------------------- */

/* What the instruments say to all that was asked at one time: mostly one request. *out_is_last: the connection ends behind it. */
static size_t
play(struct scene *s, struct twin *twin, const struct question *q, uint8_t *out, bool *out_is_last)
{
	static struct twin_reply reply;
	size_t n = 0;

	for (size_t at = 0; at < q->n;) {
		int got = twin_cut(twin, 0, q->bytes + at, q->n - at, WIRE_SILENT);

		if (got <= 0) {
			scene_breach(s, "the twin takes %zu bytes to '%s' for no question",
				q->n - at, q->ins->name);
			return 0;
		}
		twin_reply(twin, 0, q->bytes + at, (size_t)got, &reply);
		at += (size_t)got;
		for (size_t i = 0, used = 0; i < reply.n_pieces; used += reply.piece[i++].n) {
			memcpy(out + n, reply.bytes + used, reply.piece[i].n);
			n += reply.piece[i].n;
		}
		*out_is_last = reply.is_last;
	}
	return n;
}

static void
answer(struct scene *s, const struct question *q)
{
	static uint8_t bytes[6 * CODEC_FRAME_MAX + MISHAP_ROOM];
	struct twin *twin = s->kind == MISHAP_OTHER ? s->other : s->twin;
	bool is_last = false;
	int64_t end_ns;
	size_t n;

	moving_next(s->moving, s->now_ns);
	if (q->req.kind == REQUEST_WRITE && order_takes_time(s))
		twin_step(s->twin, s->now_ns);
	n = play(s, twin, q, bytes, &is_last);
	if (twin == s->twin)
		order_arrived(s, q);
	end_ns = mishap_speak(s, q, bytes, n);
	if (is_last && end_ns != NEVER)
		cable_end(s->cable, end_ns);
}

/* When the last byte of a question is there. */
static int64_t
arrives_ns(const struct scene *s, const struct question *q)
{
	return q->sent_ns + (int64_t)q->n * image_link_at(s->img, 0)->char_ns + REPLY_NS / 3;
}

static void
take_questions(struct scene *s)
{
	while (s->n_arrived < s->n_asked && s->breach[0] == '\0') {
		const struct question *q = &s->questions[s->n_arrived % SCENE_QUESTIONS];

		if (arrives_ns(s, q) > s->now_ns)
			return;
		s->n_arrived++;
		if (mishap_passes(s, q))
			answer(s, q);
	}
}

static int64_t
questions_wake(const struct scene *s)
{
	return s->n_arrived == s->n_asked
		       ? NEVER
		       : arrives_ns(s, &s->questions[s->n_arrived % SCENE_QUESTIONS]);
}

/* What they say by themselves. */
static void
tell(struct scene *s)
{
	uint8_t said[CODEC_FRAME_MAX];
	size_t n;

	moving_next(s->moving, s->now_ns);
	n = twin_tell(s->twin, 0, said, sizeof(said));
	s->next_tell_ns = s->now_ns + TELL_NS + (int64_t)rand_below(&s->chance, TELL_NS);
	if (n > 0 && (mishap_deals(s->kind) & MISHAP_BLOCKS) == 0 && s->kind != MISHAP_RESTART)
		cable_say(s->cable, s->now_ns + REPLY_NS / 3, said, n);
}

/* ---- the master -------------------------------------------------------------------------------------------------------- */

static void
end_connection(struct scene *s)
{
	s->is_mute = false;
	if (s->goes_on)
		return;
	cable_clear(s->cable);
	s->n_arrived = s->n_asked;
	s->held.is_used = false;
}

static void
serve(struct scene *s)
{
	struct link_wants wants;

	oracle_judge(s);
	link_take(s->link, &wants);
	s->wake_ns = wants.wake_ns;
	if (wants.close) {
		s->state = SCENE_CLOSED;
		end_connection(s);
	}
	if (wants.open) {
		s->state = SCENE_OPENING;
		s->open_ns = s->now_ns + OPEN_NS;
	}
}

void
scene_close(struct scene *s)
{
	end_connection(s);
	if (s->state != SCENE_OPEN)
		return;
	s->state = SCENE_CLOSED;
	link_closed(s->link, Q_LINK_LOST, "closed by the other side", s->now_ns);
	serve(s);
}

static void
open_wire(struct scene *s)
{
	if (s->kind == MISHAP_NO_WIRE) {
		s->state = SCENE_CLOSED;
		link_closed(s->link, Q_NO_LINK, "cannot be opened", s->now_ns);
	} else {
		s->state = SCENE_OPEN;
		link_opened(s->link, s->now_ns);
	}
	serve(s);
}

static void
take_bytes(struct scene *s)
{
	uint8_t *bytes;
	size_t n;

	while (cable_next(s->cable, s->now_ns, &bytes, &n)) {
		if (bytes == NULL) {
			scene_close(s);
		} else if (s->state == SCENE_OPEN) {
			link_bytes(s->link, bytes, n, s->now_ns);
			serve(s);
		}
		free(bytes);
	}
}

void
scene_advance(struct scene *s, int64_t until_ns)
{
	unsigned steps = 0;

	while (s->now_ns < until_ns && s->breach[0] == '\0') {
		int64_t next = MIN(
			MIN(s->wake_ns, cable_wake(s->cable)), MIN(until_ns, questions_wake(s)));

		next = MIN(MIN(next, s->next_tell_ns), MIN(s->next_mishap_ns, s->next_order_ns));
		if (s->state == SCENE_OPENING)
			next = MIN(next, s->open_ns);
		steps = next > s->now_ns ? 0 : steps + 1;
		if (steps > STEPS_MAX)
			scene_breach(s, "time: the link is never done with one moment");
		s->now_ns = MAX(s->now_ns, next);
		if (s->state == SCENE_OPENING && s->now_ns >= s->open_ns)
			open_wire(s);
		take_questions(s);
		take_bytes(s);
		if (s->now_ns >= s->next_tell_ns)
			tell(s);
		if (s->now_ns >= s->next_mishap_ns)
			s->next_mishap_ns = mishap_time(s);
		s->next_order_ns = order_time(s);
		link_time(s->link, s->now_ns);
		serve(s);
	}
}

/* ---- what is good, and what is not --------------------------------------------------------------------------------------- */

static bool
is_all_good(const struct scene *s, uint32_t *out_first)
{
	for (uint32_t i = 0; i < s->img->points.n; i++)
		if (moving_kind(s->rows, i) != MOVING_NEVER &&
			(!s->news[i].is_good ||
				(s->news[i].n == 0 && !moving_is_told(s->rows, i)))) {
			*out_first = i;
			return false;
		}
	return true;
}

const char *
scene_name(const struct scene *s, uint32_t point)
{
	return image_text(
		s->img, image_channel_at(s->img, image_point_at(s->img, point)->channel)->name);
}

bool
scene_recover(struct scene *s)
{
	int64_t until_ns = s->now_ns + SCENE_RECOVERY_NS + 6 * scene_timeout(s);
	uint32_t first = 0;

	for (uint32_t i = 0; i < s->img->points.n; i++)
		s->news[i].n = 0;
	while (!is_all_good(s, &first) && s->breach[0] == '\0') {
		if (s->now_ns >= until_ns)
			scene_breach(s, "recovery: '%s' is not good again, %lld s later",
				scene_name(s, first), (long long)(SCENE_RECOVERY_NS / NS_PER_S));
		scene_advance(s, MIN(s->now_ns + NS_PER_S / 2, until_ns));
	}
	s->is_well = true;
	return s->breach[0] == '\0';
}

bool
scene_is_bad(const struct scene *s, uint32_t *out_first)
{
	for (uint32_t i = 0; i < s->img->points.n; i++)
		if (moving_kind(s->rows, i) != MOVING_NEVER && !moving_is_told(s->rows, i) &&
			s->news[i].is_good) {
			*out_first = i;
			return false;
		}
	return true;
}
