/* link.c - the link engine: its life, its wire, its doors */
#include "link/link.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "link/link_engine.h"

/* ---- life ------------------------------------------------------------------------------------------------------ */

/* Silence between frames, and the time after which a frame is not going on. MODBUS over Serial Line V1.02, 2.5.1.1: 3.5
 * characters of 11 bits, a fixed time above 19 200 Bd. Adapters hand bytes on up to 16 ms late. */
static void
init_line(struct link *l)
{
	const int64_t baud = l->wire.line.baud;

	if (image_kind_is_usb(l->kind))
		l->is_search = l->host[0] != '/';
	if (l->kind != LINK_SERIAL || baud == 0)
		return;
	l->is_search = strchr(l->host, '*') != NULL || strncmp(l->host, "usb:", 4) == 0;
	l->idle_ns = MAX(20 * l->wire.char_ns, 20 * NS_PER_MS);
	for (size_t i = 0; i < l->n_units; i++)
		if (l->units[i].codec->needs_silence)
			l->silence_ns = baud > 19200 ? 1750 * NS_PER_US
						     : (77 * NS_PER_S / 2 + baud - 1) / baud;
}

/* An exchange that waits keeps its place; so that however many do, the line is free for the others. */
static void
init_flights(struct link *l)
{
	l->flights_cap = LINK_WINDOW_MAX;
	for (size_t i = 0; i < l->n_units; i++)
		l->flights_cap += l->units[i].codec->has_messages;
	l->flights = mem_zero(l->flights_cap, sizeof(*l->flights));
	l->writes = mem_zero(LINK_WRITES_MAX + l->flights_cap, sizeof(*l->writes));
}

static void
init_late(struct link *l)
{
	/* A port of ours that is always the same is where late answers go, too. */
	l->outlives = l->wire.is_line || l->wire.local_port != 0;
	for (size_t i = 0; i < l->n_units; i++) {
		const struct codec *codec = l->units[i].codec;

		if (codec->has_tag && codec->tag_bits == 0)
			continue;
		l->late_cap = MIN(2 * l->n_units + 6, (size_t)LINK_LATE_MAX);
		/* Behind a TCP port there may well be a serial server. */
		l->outlives |= (codec->wires & CODEC_SERIAL) != 0;
	}
	l->late = mem_zero(l->late_cap, sizeof(*l->late));
}

struct link *
link_new(const struct image *img, uint32_t index, const struct codec *(*codec_of)(const char *name),
	const struct link_sink *sink, int64_t now_ns)
{
	const struct image_link *from = image_link_at(img, index);
	struct link *l = mem_zero(1, sizeof(*l));
	size_t most = 0;

	l->index = index;
	l->kind = (enum link_kind)from->kind;
	l->wire = *from;
	l->has_borders = image_kind_has_borders(from->kind);
	l->host = mem_text(image_text(img, from->host));
	l->gap_ns = from->gap_ns;
	l->sink = *sink;
	l->open_ns = now_ns;
	l->lost_ns = INT64_MIN;
	for (uint32_t i = 0; i < img->instruments.n; i++)
		l->n_units += image_instrument_at(img, i)->link == index;
	l->units = mem_zero(l->n_units, sizeof(*l->units));
	l->n_units = 0;
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);
		const struct codec *codec;

		if (ins->link != index)
			continue;
		codec = codec_of(image_text(img, ins->codec));
		assert(codec != NULL); /* `compile` has refused what this program does not have */
		link_unit_init(&l->units[l->n_units++], img, i, codec, now_ns);
		most = MAX(most, ins->n_points);
	}
	l->last = l->units;
	init_flights(l);
	init_line(l);
	init_late(l);
	link_window_init(l, now_ns);
	l->readings.cap = MAX(most, (size_t)1); /* one for an identification */
	l->readings.at = mem_zero(l->readings.cap, sizeof(*l->readings.at));
	l->wake_ns = l->n_units > 0 ? now_ns : NEVER;
	return l;
}

void
link_secrets(struct link *l, const struct secrets *s)
{
	l->secrets = s;
	for (size_t i = 0; i < l->n_units; i++)
		link_unit_secrets(&l->units[i], s);
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n_units; i++)
		link_unit_done(&l->units[i]);
	free(l->units);
	free(l->readings.at);
	free(l->late);
	free(l->flights);
	free(l->writes);
	free(l->host);
	if (l->secrets != NULL) { /* what was sent, and may have come back */
		explicit_bzero(l->tx, sizeof(l->tx));
		explicit_bzero(l->echo, sizeof(l->echo));
		explicit_bzero(l->rx, sizeof(l->rx));
	}
	free(l);
}

/* ---- wire ------------------------------------------------------------------------------------------------------ */

/* What is under way will not be answered here; on a line it may be later, over the next opening of the port. */
static void
abort_flights(struct link *l, enum quality reason, int64_t now_ns)
{
	LINK_FLIGHTS(l, f)
	{
		if (l->outlives && !f->is_held)
			link_late_add(l, f->unit, &f->req, f->tag, MAX(now_ns, f->over_ns), now_ns);
		if (f->kind == FLIGHT_WRITE) {
			link_land(l, f);
			link_written(l, &f->write, reason, 0);
		} else {
			link_ask_again(l, f, now_ns);
		}
	}
	l->n_tx = l->n_rx = l->n_echo = 0;
	l->silence = 0;
}

/* Nobody can be reached: writes are settled, all units are down unless their state tells more already. */
static void
all_down(struct link *l, enum quality reason, const struct unit *except, int64_t now_ns)
{
	for (size_t i = 0; i < l->n_writes; i++)
		link_written(l, &l->writes[i], reason, 0);
	l->n_writes = 0;
	for (size_t i = 0; i < l->n_units; i++)
		if (&l->units[i] != except)
			link_unit_down(l, &l->units[i], reason, 0, now_ns);
}

/* Close the books of a wire and set the time of the next try: at once after a loss, then 0.5 s, 1 s .. 10 s; a serial port each
 * 0.5 s. Returns the wait. */
static int64_t
shut(struct link *l, int64_t now_ns)
{
	int64_t wait_ns = l->open_wait_ns;

	l->line = LINE_CLOSED;
	l->want_open = false;
	l->open_ns = now_ns + wait_ns;
	l->open_wait_ns =
		wait_ns == 0 ? LINK_OPEN_WAIT_MIN
			     : MIN(wait_ns * 2, l->kind == LINK_SERIAL || image_kind_is_usb(l->kind)
							? LINK_PORT_WAIT_MAX
							: LINK_OPEN_WAIT_MAX);
	return wait_ns;
}

static void
note_all(struct link *l, enum quality quality, int64_t now_ns, const char *what, const char *why,
	int64_t wait_ns)
{
	char span[CLOCK_TEXT_SIZE];

	clock_span(span, wait_ns);
	for (size_t i = 0; i < l->n_units; i++)
		if (wait_ns == 0)
			link_note(l, &l->units[i], quality, now_ns, "%s%s", what, why);
		else
			link_note(l, &l->units[i], quality, now_ns, "%s%s; next try in %s", what,
				why, span);
}

void
link_drop(struct link *l, const struct unit *guilty, const char *why, int64_t now_ns)
{
	int64_t wait_ns;

	abort_flights(l, Q_LINK_LOST, now_ns);
	wait_ns = shut(l, now_ns);
	l->lost_ns = now_ns;
	l->want_close = true;
	note_all(l, Q_LINK_LOST, now_ns, "closed: ", why, wait_ns);
	if (wait_ns > 0)
		for (size_t i = 0; i < l->n_units; i++) {
			struct unit *u = &l->units[i];

			if (u != guilty && u->state.state != INSTRUMENT_DOWN)
				link_unit_down(l, u, Q_LINK_LOST, 0, now_ns);
		}
}

void
link_renew(struct link *l, int64_t now_ns)
{
	abort_flights(l, Q_LINK_LOST, now_ns);
	shut(l, now_ns);
	l->open_ns = now_ns;
	l->want_close = true;
}

void
link_end(struct link *l, int64_t now_ns)
{
	if (l->line != LINE_OPEN || l->n_flights > 0)
		return; /* what is under way is settled when the wire closes */
	l->n_tx = l->n_rx = 0;
	l->open_ns = MAX(link_next_ns(l, now_ns), now_ns);
	l->line = LINE_CLOSED;
	l->goes_on = l->want_close = true;
}

void
link_garbage(struct link *l, const uint8_t *in, size_t n, int64_t now_ns)
{
	static const char meaning[LINK_MEANING] = "garbage";
	struct unit *u = l->last;

	u->state.errors++;
	link_trace(l, u, TRACE_RECEIVED, Q_GARBLED, 0, meaning, in, n, now_ns);
	if (link_window_failed(l, l->n_flights < 2, now_ns)) {
		link_drop(l, u, "garbage", now_ns);
		return;
	}
	LINK_FLIGHTS(l, f)
	{
		if (f->kind == FLIGHT_POLL)
			link_unit_say(l, f->unit, f->req.first, f->req.n, Q_GARBLED, 0, now_ns);
	}
	if (u != &l->guest.unit && ++u->fails > u->retries)
		link_unit_give_up(l, u, Q_GARBLED, 0, now_ns);
	link_drop(l, u, "garbage", now_ns);
}

/* ---- doors ----------------------------------------------------------------------------------------------------- */

static void
enter(struct link *l)
{
	assert(!l->is_inside); /* a callback may only link_write() */
	l->is_inside = true;
}

/* Do all that can be done now, and find out when there will be more. */
static void
leave(struct link *l, int64_t now_ns)
{
	if (l->line == LINE_OPEN && link_late_is_missing(l, now_ns))
		link_drop(l, NULL, "out of step: an answer is missing", now_ns);
	if (l->line == LINE_CLOSED && !l->want_close && now_ns >= l->open_ns && l->n_units > 0) {
		l->line = LINE_OPENING;
		l->want_open = true;
	}
	while (l->line == LINE_OPEN && link_send_next(l, now_ns))
		;
	link_guest_step(l, now_ns);
	l->wake_ns = NEVER;
	if (l->line == LINE_OPEN)
		l->wake_ns = link_next_ns(l, now_ns);
	else if (l->line == LINE_CLOSED && l->n_units > 0)
		l->wake_ns = l->open_ns;
	l->wake_ns = MIN(l->wake_ns, link_guest_wake(l, now_ns));
	l->is_inside = false;
}

/* Who had the line before us may have asked something at its last moment: the answer to that is not ours. */
static void
await_others(struct link *l, int64_t now_ns)
{
	l->pause_ns = now_ns + l->silence_ns;
	for (size_t i = 0; i < l->n_units && !l->is_old; i++) {
		const struct unit *u = &l->units[i];

		/* Tags begin anew: with a port that stays, somebody else's may be the same. */
		if (!u->codec->has_tag || u->codec->tag_bits != 0 || l->wire.local_port != 0)
			l->pause_ns =
				MAX(l->pause_ns, now_ns + u->timeout_ns + link_lateness(l, u));
	}
}

/* An exchange that was begun on the wire before goes on only with a device that need not prove what it is, and that is prepared,
 * unless that is what the exchange does. */
static void
begin_again(struct link *l, int64_t now_ns)
{
	LINK_FLIGHTS(l, f)
	{
		bool prepares = l->goes_on && f->unit->is_proved && link_flight_writes(f);

		if (f->is_held && !f->unit->is_known && !prepares)
			link_ask_again(l, f, now_ns);
	}
}

void
link_opened(struct link *l, int64_t now_ns)
{
	enter(l);
	if (l->line == LINE_OPENING) {
		l->line = LINE_OPEN;
		l->want_open = false;
		l->n_tx = l->n_rx = l->n_echo = 0;
		l->silence = 0;
		l->fails = 0;
		l->pause_ns = 0;
		if (l->outlives)
			await_others(l, now_ns);
		else
			link_late_forget(l, NULL);
		l->is_old = true;
		link_window_opened(l);
		for (size_t i = 0; i < l->n_units; i++) {
			struct unit *u = &l->units[i];

			u->state.connects++;
			link_identify_opened(u, l->goes_on, now_ns);
			link_note(l, u, Q_GOOD, now_ns, "connected");
			u->is_stirred = true;
			if (u->state.state == INSTRUMENT_UP)
				continue; /* the wire was away for a moment only */
			if (u->state.reason == Q_NO_LINK || u->state.reason == Q_LINK_LOST ||
				u->state.reason == Q_WRONG_DEVICE) {
				u->fails = 0;
				u->probe_ns = now_ns;
				u->probe_wait_ns = 0;
			}
			link_unit_restart(u, now_ns);
		}
		begin_again(l, now_ns);
		l->goes_on = false;
	}
	leave(l, now_ns);
}

/* A device that closes after an answer, or in a trial, has done nothing wrong: the wire is opened again when there is
 * something to ask, and nobody hears of it. */
static bool
close_quietly(struct link *l, int64_t now_ns)
{
	bool closes = l->n_units > 0;

	if (l->n_flights > 1 && link_window_failed(l, false, now_ns)) {
		link_renew(l, now_ns);
		l->want_close = false; /* it is closed already */
		return true;
	}
	for (size_t i = 0; i < l->n_units; i++)
		closes = closes && l->units[i].codec->closes;
	if (!closes)
		return false;
	LINK_FLIGHTS(l, f)
	{
		if (!f->is_held) /* the next step of an exchange goes over the next wire */
			link_unanswered(l, f, Q_LINK_LOST, 0,
				now_ns); /* no way to get an answer: as a timeout */
	}
	l->n_tx = l->n_rx = 0;
	l->line = LINE_CLOSED;
	l->goes_on = true;
	l->open_ns = MAX(link_next_ns(l, now_ns), now_ns);
	return true;
}

/* The first few, then the 8th, 16th, 32nd .. of a row. */
static bool
is_told(uint32_t fails)
{
	return fails < LINK_FAILS_TOLD || (fails & (fails - 1)) == 0;
}

void
link_closed(struct link *l, enum quality reason, const char *why, int64_t now_ns)
{
	enter(l);
	if (l->line == LINE_OPEN) {
		if (l->n_rx > 0) /* some protocols end an answer by closing */
			link_frames(l, l->rx, l->n_rx, WIRE_CLOSED, now_ns);
		l->want_close = false;
	}
	if (l->line != LINE_CLOSED && !(l->line == LINE_OPEN && close_quietly(l, now_ns))) {
		bool was_open = l->line == LINE_OPEN;
		int64_t wait_ns;

		l->goes_on = false;
		abort_flights(l, reason, now_ns);
		if (!was_open)
			l->open_wait_ns = MAX(l->open_wait_ns, LINK_OPEN_WAIT_MIN);
		wait_ns = shut(l, now_ns);
		if (was_open)
			l->lost_ns = now_ns;
		/* The trace is not filled with tries that fail like the ones before. */
		if (was_open || is_told(l->fails++))
			note_all(l, reason, now_ns, was_open ? "closed: " : "cannot connect: ",
				why == NULL ? quality_row(reason)->text_en : why, wait_ns);
		all_down(l, reason, NULL, now_ns);
	}
	leave(l, now_ns);
}

/* What was sent comes back first on some lines: it is no answer. Returns how many of the bytes it was. */
static size_t
skip_echo(struct link *l, const uint8_t *in, size_t n)
{
	size_t i = 0;

	while (i < n && l->at_echo < l->n_echo && in[i] == l->echo[l->at_echo]) {
		i++;
		l->at_echo++;
	}
	if (l->at_echo == l->n_echo || i < n)
		l->n_echo = l->at_echo = 0; /* all of it, or something else has come in between */
	return i;
}

/* What still comes could be taken for the next answer: none is asked for meanwhile, but not for ever. */
static void
hold_back(struct link *l, int64_t span_ns, int64_t now_ns)
{
	if (l->held_ns == 0 || now_ns - l->pause_ns > LINK_UNASKED_PAUSE)
		l->held_ns = now_ns;
	if (now_ns - l->held_ns < LINK_HOLD_MAX)
		l->pause_ns = MAX(l->pause_ns, now_ns + span_ns);
}

/* A line that never falls silent cannot be asked anything: that is told. */
static void
mind_noise(struct link *l, int64_t now_ns)
{
	if (l->n_flights > 0 || l->silence_ns == 0 || now_ns - l->rx_ns > l->idle_ns)
		l->noise_ns = now_ns;
	if (now_ns - l->noise_ns < LINK_NOISE_MAX)
		return;
	for (size_t i = 0; i < l->n_units; i++)
		if (l->units[i].state.state != INSTRUMENT_DOWN) {
			link_note(l, &l->units[i], Q_GARBLED, now_ns,
				"the line is never silent: noise, or another master");
			link_unit_give_up(l, &l->units[i], Q_GARBLED, 0, now_ns);
		}
}

/* A line that speaks without being asked. */
static void
mind_unasked(struct link *l, size_t n, int64_t now_ns)
{
	if (l->line != LINE_OPEN || l->n_flights > 0 ||
		!(l->kind == LINK_SERIAL || l->wire.is_line))
		return;
	l->n_unasked += n;
	if (l->n_unasked > LINK_TRAILING_MAX)
		hold_back(l, MAX(l->idle_ns, LINK_UNASKED_PAUSE), now_ns);
}

/* What the codec cannot use of a piece with borders is noise: nothing of it goes on in the next. */
static void
cut_piece(struct link *l, const uint8_t *in, size_t n, int64_t now_ns)
{
	size_t used;

	if (n > CODEC_FRAME_MAX) { /* no codec is shown more than it may ask for */
		link_skipped(l, in, n, now_ns);
		return;
	}
	used = link_frames(l, in, n, WIRE_OPEN, now_ns);
	if (used < n && l->line == LINE_OPEN)
		used += link_frames(l, in + used, n - used, WIRE_SILENT, now_ns);
	if (used < n && l->line == LINE_OPEN)
		link_skipped(l, in + used, n - used, now_ns);
}

void
link_bytes(struct link *l, const uint8_t *in, size_t n, int64_t now_ns)
{
	bool is_asked = l->n_flights > 0;
	size_t n_all = n;

	enter(l);
	if (l->line == LINE_OPEN && n > 0) {
		l->last->state.bytes_in += n;
		mind_noise(l, now_ns);
		l->rx_ns = now_ns;
		l->has_paused = false;
		l->pause_ns = MAX(l->pause_ns, now_ns + l->silence_ns);
		if (l->n_flights > 0) /* what follows an answer at once is its rest */
			l->pause_ns = MAX(l->pause_ns, now_ns + 7 * l->wire.char_ns / 2);
		else if (l->wire.char_ns > 0)
			hold_back(l, 7 * l->wire.char_ns / 2, now_ns);
		if (l->n_echo > 0) {
			size_t echo = skip_echo(l, in, n);

			in += echo;
			n -= echo;
		}
	}
	if (l->line == LINE_OPEN && n > 0) {
		if (l->last->codec->wires & CODEC_PACKETS) {
			link_frame(l, in, n, now_ns);
			n = 0;
		} else if (l->has_borders) {
			cut_piece(l, in, n, now_ns);
			n = 0;
		}
	}
	while (l->line == LINE_OPEN && n > 0) {
		size_t used = 0, part;

		if (l->n_rx == 0)
			used = link_frames(l, in, n, WIRE_OPEN, now_ns);
		in += used;
		n -= used;
		part = MIN(n, sizeof(l->rx) - l->n_rx);
		if (l->line != LINE_OPEN || part == 0)
			break;
		memcpy(l->rx + l->n_rx, in, part);
		l->n_rx += part;
		in += part;
		n -= part;
		used = link_frames(l, l->rx, l->n_rx, WIRE_OPEN, now_ns);
		if (l->line != LINE_OPEN)
			break;
		l->n_rx -= used;
		memmove(l->rx, l->rx + used, l->n_rx);
		if (used == 0 && l->n_rx == sizeof(l->rx))
			link_garbage(l, l->rx, l->n_rx, now_ns);
	}
	mind_unasked(l, is_asked ? l->n_rx : n_all, now_ns);
	leave(l, now_ns);
}

void
link_time(struct link *l, int64_t now_ns)
{
	enter(l);
	if (l->line == LINE_OPEN)
		link_expire(l, now_ns);
	leave(l, now_ns);
}

void
link_take(struct link *l, struct link_wants *out)
{
	out->close = l->want_close;
	out->open = l->want_open;
	out->flush = l->want_flush;
	out->bytes = l->tx;
	out->n = l->n_tx;
	out->answer_ns = l->answer_ns;
	out->wake_ns = l->wake_ns;
	l->want_close = l->want_open = l->want_flush = false;
	l->n_tx = 0;
}

static int
find_point(struct link *l, uint32_t point, struct unit **out_unit)
{
	for (size_t i = 0; i < l->n_units; i++)
		for (size_t k = 0; k < l->units[i].n_points; k++)
			if (l->units[i].points[k].id == point) {
				*out_unit = &l->units[i];
				return (int)k;
			}
	return -1;
}

static int
queue_write(struct link *l, uint32_t point, uint32_t tag, union value v, const char *text,
	bool is_once, int64_t now_ns, struct err *err)
{
	struct write *w = &l->writes[l->n_writes];
	struct unit *u = NULL;
	int at = find_point(l, point, &u), rc;

	if (at < 0)
		return err_set(err, ERR_CONF, 0, "point %u is not on this link", point);
	if (u->points[at].write_space < 0 || u->codec->write == NULL)
		return err_set(err, ERR_CONF, 0,
			"instrument '%s': this channel is read-only; give it a 'write:' place",
			u->ins.name);
	if (l->n_writes >= LINK_WRITES_MAX)
		return err_set(err, ERR_REFUSED, 0,
			"instrument '%s': %d writes are waiting already; try again later",
			u->ins.name, LINK_WRITES_MAX);
	memset(w, 0, sizeof(*w));
	w->unit = u;
	w->at = (size_t)at;
	w->is_once = is_once;
	w->v = v;
	text_copy(w->text, sizeof(w->text), text == NULL ? "" : text);
	rc = link_beside_write(l, w, text, true, err);
	if (rc < 0)
		return rc;
	w->tag = tag;
	w->ask_ns = now_ns;
	if (l->line == LINE_CLOSED && l->open_ns > now_ns && !u->codec->closes) {
		link_written(l, w, Q_NO_LINK, 0);
		return 0;
	}
	if (!u->is_known && l->line == LINE_OPEN && u->state.state == INSTRUMENT_DOWN &&
		u->probe_ns > now_ns) {
		link_written(l, w, (enum quality)u->state.reason, 0);
		return 0;
	}
	if (l->line == LINE_CLOSED)
		l->open_ns = MIN(l->open_ns, now_ns);
	l->n_writes++;
	if (l->guest.phase == GUEST_FLIES)
		link_guest_give_way(l);
	if (!l->is_inside) {
		enter(l);
		leave(l, now_ns);
	}
	return 0;
}

int
link_write(struct link *l, uint32_t point, uint32_t tag, union value v, const char *text,
	int64_t now_ns, struct err *err)
{
	return queue_write(l, point, tag, v, text, false, now_ns, err);
}

int
link_write_once(struct link *l, uint32_t point, uint32_t tag, union value v, const char *text,
	int64_t now_ns, struct err *err)
{
	return queue_write(l, point, tag, v, text, true, now_ns, err);
}

void
link_ask(struct link *l, uint32_t point, int64_t now_ns)
{
	struct unit *u = NULL;
	int at = find_point(l, point, &u);

	for (size_t i = 0; at >= 0 && i < u->n_polls; i++) {
		struct poll *p = &u->polls[i];
		const struct request *r = &u->reqs[i];

		if ((uint32_t)at < r->first || (uint32_t)at >= r->first + r->n ||
			p->ask_ns == NEVER || p->ask_ns <= now_ns ||
			u->state.state == INSTRUMENT_DOWN)
			continue;
		p->ask_ns = now_ns;
		p->is_again = true; /* its place on the grid stays */
		u->is_stirred = true;
	}
	if (!l->is_inside) {
		enter(l);
		leave(l, now_ns);
	}
}

void
link_make_way(struct link *l)
{
	size_t n = l->n_writes;

	link_guest_give_way(l);
	l->n_writes = 0;
	for (size_t i = 0; i < n; i++)
		link_written(l, &l->writes[i], Q_OVERTAKEN, 0);
	/* One that is on the wire is not sent again: it would go before what comes now. */
	LINK_FLIGHTS(l, f)
	{
		if (f->kind == FLIGHT_WRITE)
			f->write.n_tries = f->unit->retries;
	}
}

void
link_anew(struct link *l, uint32_t instrument, int64_t now_ns)
{
	enter(l);
	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		if (u->index != instrument || !u->is_known)
			continue;
		link_beside_forget(u);
		link_identify_lost(u);
		u->is_stirred = true;
	}
	leave(l, now_ns);
}

void
link_state(const struct link *l, uint32_t instrument, struct board_state *out)
{
	for (size_t i = 0; i < l->n_units; i++)
		if (l->units[i].index == instrument) {
			*out = l->units[i].state;
			out->at_once = l->window;
		}
}
