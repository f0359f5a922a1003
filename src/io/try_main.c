/* try_main.c - a few exchanges with real devices, for people: what mbc try and mbc scan start
 *
 * mbc-try --image-fd FD [--seconds N] [--secrets DIR] [--through-fd FD --instrument NAME [--yes-write]] [--quiet | --identify]: the same engine, codecs and wires as the controller's, for the instruments
 * of one image, until each quantity has been asked for once or the time is over. Prints what goes over the wire as it happens, then the
 * values; --quiet: only who answers; --identify: who is what its file says (try_identify.h). It reads and writes nothing else. Exit
 * code: 0 somebody has answered, 1 nobody has, 2 it failed, 3 (not of a plain trial) it was told to stop.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/bench.h"
#include "drivers/list.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/secrets.h"
#include "io/self.h"
#include "io/try_identify.h"
#include "io/try_wire.h"

#define TICK_NS (50 * NS_PER_MS)
#define TRACE_LINES 256
#define CALM_NS (300 * NS_PER_MS) /* what answers is heard out for so long */

struct trial {
	const struct image *img;
	struct board *board;
	struct secrets *secrets;
	void *memory; /* of the board */
	struct bench *bench;
	struct try_wire *wire;
	struct try_way way;
	struct loop *loop;
	uint64_t *seen; /* [instrument]: the last line of the trace that was printed */
	int64_t start_ns;
	bool is_quiet, is_ending;
};

static void print_traces(struct trial *t);

/* ---- wires ----------------------------------------------------------------------------------------------------------------- */

/* All of a trial speak one language. */
static const char *
codec_of(const struct trial *t)
{
	return t->img->instruments.n == 0
		       ? ""
		       : image_text(t->img, image_instrument_at(t->img, 0)->codec);
}

static void
serve_links(struct trial *t)
{
	struct link_wants wants;
	uint32_t link;

	while ((link = bench_take(t->bench, &wants)) != IMAGE_NONE) {
		if (wants.close)
			try_wire_close(t->wire, link);
		if (wants.flush)
			try_wire_flush(t->wire, link);
		if (wants.open)
			try_wire_open(t->wire, link);
		if (wants.n > 0)
			try_wire_send(
				t->wire, link, codec_of(t), wants.bytes, wants.n, wants.answer_ns);
	}
}

static void
on_opened(void *ctx, uint32_t link)
{
	struct trial *t = ctx;

	bench_opened(t->bench, link, try_wire_now(t->wire));
	serve_links(t);
	print_traces(t);
}

static void
on_closed(void *ctx, uint32_t link, enum quality reason, const char *why)
{
	struct trial *t = ctx;

	if (!t->is_quiet)
		printf("         -- %s: %s\n",
			image_text(t->img, image_link_at(t->img, link)->name), why);
	bench_closed(t->bench, link, reason, why, try_wire_now(t->wire));
	serve_links(t);
}

static void
on_bytes(void *ctx, uint32_t link, const uint8_t *in, size_t n)
{
	struct trial *t = ctx;

	bench_bytes(t->bench, link, in, n, try_wire_now(t->wire));
	serve_links(t);
	print_traces(t);
}

/* ---- what people see ------------------------------------------------------------------------------------------------------- */

/* As text, where most of it is one. */
static void
print_text(const uint8_t *bytes, size_t n)
{
	size_t printed = 0;

	for (size_t i = 0; i < n; i++)
		printed += bytes[i] >= 0x20 && bytes[i] < 0x7F;
	if (2 * printed < n || n == 0)
		return;
	fputs("  '", stdout);
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\r')
			fputs("\\r", stdout);
		else if (bytes[i] == '\n')
			fputs("\\n", stdout);
		else if (bytes[i] < 0x20 || bytes[i] > 0x7E)
			printf("<%02X>", bytes[i]);
		else
			putchar(bytes[i]);
	}
	putchar('\'');
}

static void
print_line(const struct trial *t, const struct board_trace *line)
{
	static const char *const arrows[] = { "->", "<-", "--" };
	size_t n = MIN((size_t)line->n, (size_t)BOARD_TRACE_BYTES);

	printf("%8.3f %s", (double)(line->stamp_ns - t->start_ns) / 1e9,
		arrows[MIN(line->kind, (uint16_t)2)]);
	for (size_t i = 0; i < n; i++)
		printf(" %02X", line->bytes[i]);
	if (line->n > n)
		printf(" ... (%u bytes)", line->n);
	print_text(line->bytes, n);
	if (line->meaning[0] != '\0')
		printf("  %s", line->meaning);
	if (line->quality != Q_GOOD)
		printf("  [%s]", quality_row(line->quality)->text_en);
	putchar('\n');
}

static void
print_traces(struct trial *t)
{
	static struct board_trace lines[TRACE_LINES];

	for (uint32_t i = 0; i < t->img->instruments.n && !t->is_quiet; i++) {
		size_t n = board_read_trace(t->board, i, lines, NELEM(lines));

		for (size_t k = 0; k < n; k++)
			if (lines[k].seq > t->seen[i]) {
				if (lines[k].seq > t->seen[i] + 1)
					printf("         .. %llu lines that went by too fast\n",
						(unsigned long long)(lines[k].seq - t->seen[i] -
								     1));
				print_line(t, &lines[k]);
				t->seen[i] = lines[k].seq;
			}
	}
	fflush(stdout);
}

static void
print_value(const struct trial *t, uint32_t channel)
{
	const struct board_channel *ch = board_channel(t->board, channel);
	const struct quality_row *q;
	char text[VALUE_TEXT_MAX + 1];
	struct sample s;

	board_read(t->board, channel, &s);
	q = quality_row(s.quality);
	value_text(text, (enum value_type)ch->type, &s,
		ch->type == VALUE_CHOICE ? board_choice(t->board, ch, s.v.i) : NULL);
	if (q->class == Q_CLASS_BAD)
		printf("  %-28s bad: %s (%s)\n", board_text(t->board, ch->name), q->text_en,
			q->remedy_en);
	else
		printf("  %-28s %s %s%s%s\n", board_text(t->board, ch->name), text,
			board_text(t->board, ch->unit),
			q->class == Q_CLASS_UNCERTAIN ? "  uncertain: " : "",
			q->class == Q_CLASS_UNCERTAIN ? q->text_en : "");
}

/* Does a value of this quality come from a device that was understood, be it a no? */
static bool
is_told(unsigned quality)
{
	switch ((enum quality)quality) {
	case Q_NOT_YET:
	case Q_WRITE_ONLY:
	case Q_STALE:
	case Q_NO_LINK:
	case Q_LINK_LOST:
	case Q_NO_ANSWER:
	case Q_GARBLED:
	case Q_WRONG_ANSWER:
	case Q_GATEWAY_PATH:
	case Q_GATEWAY_TARGET:
		return false;
	default:
		return true;
	}
}

/* Has it said something that only such a device says: a value, or a no? What comes back from a wire that echoes is neither. */
static bool
is_one(const struct trial *t, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(t->img, instrument);

	for (uint32_t i = 0; i < t->img->channels.n; i++) {
		const struct image_channel *ch = image_channel_at(t->img, i);
		struct sample s;

		if (ch->source_kind != SOURCE_POINT || ch->source < ins->first_point ||
			ch->source >= ins->first_point + ins->n_points)
			continue;
		board_read(t->board, i, &s);
		if (is_told(s.quality))
			return true;
	}
	return false;
}

/* Does it call itself by what it was asked? */
static bool
is_echo(const struct trial *t, uint32_t instrument, const char *identity)
{
	const struct image_instrument *ins = image_instrument_at(t->img, instrument);

	for (uint32_t i = 0; i < ins->n_messages; i++)
		if (strcmp(image_text(
				   t->img, image_message_at(t->img, ins->first_message + i)->send),
			    identity) == 0)
			return identity[0] != '\0';
	return false;
}

/* Returns how many instruments have answered and were understood. */
static unsigned
print_result(const struct trial *t)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		struct board_state s;
		const char *name = image_text(t->img, image_instrument_at(t->img, i)->name);

		board_read_state(t->board, i, &s);
		if (is_echo(t, i, s.identity)) {
			puts("  this wire says again what it is sent: it echoes, and nobody "
			     "answers");
			continue;
		}
		n += is_one(t, i);
		if (t->is_quiet && is_one(t, i))
			printf("  %-16s answers%s%s\n", name, s.identity[0] != '\0' ? ": " : "",
				s.identity);
		else if (!t->is_quiet && s.identity[0] != '\0')
			printf("  it says that it is: %s\n", s.identity);
	}
	for (uint32_t i = 0; i < t->img->channels.n && !t->is_quiet; i++)
		if (image_channel_at(t->img, i)->source_kind != SOURCE_HEALTH)
			print_value(t, i);
	return n;
}

/* ---- the program ------------------------------------------------------------------------------------------------------------ */

/* Has each instrument answered or failed to, and each quantity been told? */
static bool
is_settled(const struct trial *t)
{
	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		struct board_state s;

		board_read_state(t->board, i, &s);
		if (s.state == INSTRUMENT_STARTING)
			return false;
	}
	for (uint32_t i = 0; i < t->img->channels.n; i++) {
		struct sample s;

		board_read(t->board, i, &s);
		if (image_channel_at(t->img, i)->source_kind == SOURCE_POINT &&
			s.quality == Q_NOT_YET)
			return false;
	}
	return true;
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct trial *t = ctx;

	if (loop_signal(fd) != 0)
		t->is_ending = true;
}

static void
tick(struct trial *t, int64_t now)
{
	const struct bench_clock clock = { .now_ns = now, .wall_ns = now_wall_offset() };

	bench_tick(t->bench, &clock);
	serve_links(t);
	print_traces(t);
}

/* Through a controller the time of the trial stands still while a question waits for its turn: it may last longer then, but not for ever. */
static bool
is_over(const struct trial *t, int64_t limit_ns)
{
	return t->is_ending || try_wire_now(t->wire) - t->start_ns >= limit_ns ||
	       now_boot() - t->start_ns >= 3 * limit_ns || try_wire_is_dead(t->wire);
}

static int
run(struct trial *t, int64_t limit_ns, struct err *err)
{
	int64_t next_ns = try_wire_now(t->wire), settled_ns = NEVER;

	while (!is_over(t, limit_ns)) {
		int64_t wake = try_wire_time(t->wire), now = try_wire_now(t->wire);

		if (!try_wire_is_asking(t->wire)) {
			bench_time(t->bench, now);
			serve_links(t);
		}
		if (!try_wire_is_asking(t->wire) && now >= next_ns) {
			tick(t, now);
			next_ns = now + TICK_NS;
			if (settled_ns == NEVER && is_settled(t))
				settled_ns = now;
			if (settled_ns != NEVER && now - settled_ns >= CALM_NS)
				break;
		}
		wake = MIN(wake, try_wire_real(t->wire, MIN(bench_wake(t->bench), next_ns)));
		wake = MIN(wake, now_boot() + NS_PER_S);
		if (loop_step(t->loop, wake, err) < 0)
			return ERR_IO;
	}
	print_traces(t);
	if (try_wire_is_dead(t->wire))
		return err_set(err, ERR_IO, 0,
			"the bench that has this wire does not talk any more; 'mbc doctor' says "
			"more");
	return 0;
}

static int
open_image(struct trial *t, int image_fd, const char *secrets, struct err *err)
{
	struct sandbox_report sandbox;
	size_t size;
	const void *bytes = seal_map(image_fd, &size, err);

	if (bytes == NULL || image_check(bytes, size, err) < 0)
		return err_prefix(err, err->code, "image");
	t->img = bytes;
	t->secrets = secrets_load(t->img, secrets, "error", err);
	if (t->secrets == NULL)
		return err->code;
	sandbox_enter(SANDBOX_CONTROL, NULL, &sandbox);
	return 0;
}

static int
start(struct trial *t, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };
	const struct wires_sink sink = {
		.ctx = t, .opened = on_opened, .closed = on_closed, .bytes = on_bytes
	};
	const struct bench_sink quiet = { .ctx = t };
	struct board_setup setup = { .generation = 1, .trace_lines = TRACE_LINES };
	void *memory;
	int sig;

	setup.image = t->img;
	setup.now_ns = t->start_ns = now_boot();
	setup.tape_records = board_tape_records(t->img);
	memory = aligned_alloc(64, (board_size(&setup) + 63) & ~(size_t)63);
	if (memory == NULL)
		return err_set(err, ERR_IO, 0, "no memory");
	memset(memory, 0, board_size(&setup));
	t->memory = memory;
	t->board = board_make(memory, &setup);
	t->seen = mem_zero(MAX(t->img->instruments.n, 1u), sizeof(*t->seen));
	t->loop = loop_new(err);
	if (t->loop == NULL)
		return ERR_IO;
	sig = loop_signals(signals, NELEM(signals), err);
	if (sig < 0 || loop_add(t->loop, sig, LOOP_READ, on_signal, t, err) < 0)
		return ERR_IO;
	t->wire = try_wire_new(t->loop, t->img, &sink, &t->way, err);
	if (t->wire == NULL)
		return ERR_IO;
	t->bench = bench_new(t->img, t->board, codec_find, &quiet, now_boot());
	bench_secrets(t->bench, t->secrets);
	serve_links(t);
	return 0;
}

static void
done(struct trial *t)
{
	try_wire_free(t->wire);
	if (t->bench != NULL)
		bench_free(t->bench);
	if (t->loop != NULL)
		loop_free(t->loop);
	free(t->seen);
	free(t->memory);
	secrets_free(t->secrets);
}

int
main(int argc, char **argv)
{
	struct trial t = { .img = NULL, .way = { .fd = -1, .instrument = "" } };
	struct err err = { 0 };
	const char *secrets = NULL;
	int64_t fd = -1, seconds = 10, through = -1;
	bool identifies = false;
	int n = 0;

	log_setup("try", LOG_LEVEL_WARN);
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;

		if (strcmp(argv[i], "--quiet") == 0)
			t.is_quiet = true;
		else if (strcmp(argv[i], "--identify") == 0)
			identifies = true;
		else if (has_value && strcmp(argv[i], "--secrets") == 0)
			secrets = argv[++i];
		else if (strcmp(argv[i], "--yes-write") == 0)
			t.way.may_write = true;
		else if (has_value && strcmp(argv[i], "--instrument") == 0)
			t.way.instrument = argv[++i];
		else if (!has_value || !text_to_int(argv[i + 1],
					       strcmp(argv[i], "--image-fd") == 0     ? &fd
					       : strcmp(argv[i], "--through-fd") == 0 ? &through
										      : &seconds))
			fd = -1;
		else
			i++;
	}
	if (fd < 0 || fd > INT32_MAX || through > INT32_MAX || seconds < 1) {
		fputs("mbc-try: not to be called by hand; write: mbc try FILE --link LINK\n",
			stderr);
		return 1;
	}
	t.way.fd = (int)MAX(through, INT64_C(-1));
	self_protect();
	if (open_image(&t, (int)fd, secrets, &err) < 0)
		n = -1;
	else if (identifies)
		n = try_identify(t.img, &t.way, &t.is_ending, &err);
	else if (start(&t, &err) < 0 || run(&t, seconds * NS_PER_S, &err) < 0)
		n = -1;
	else
		n = (int)print_result(&t);
	if (n < 0)
		log_err("%s", err.msg);
	done(&t);
	if (n >= 0 && t.is_ending && (identifies || t.is_quiet))
		return 3;
	return n < 0 ? 2 : n > 0 ? 0 : 1;
}
