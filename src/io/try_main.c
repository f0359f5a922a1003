/* try_main.c - a few exchanges with real devices, for people: what mbc try and mbc scan start
 *
 * mbc-try --image-fd FD [--seconds N] [--secrets DIR] [--through-fd FD --instrument NAME [--yes-write]] [--quiet | --identify]: the same engine, codecs and wires as the controller's, for the instruments
 * of one image, until each quantity has been asked for once or the time is over. Prints what goes over the wire as it happens, then the
 * values; --only NAME [--points A,B] --answer-fd FD: of the image of a bench that runs that instrument alone is asked, through its gate, by a process that
 * opens nothing, and the answer is JSON in that memory (try_answer.h), its exit codes those of an errand; --quiet: only who answers; --identify: who is what its file says (try_identify.h). It reads and writes nothing else. Exit
 * code: 0 somebody has answered, 1 nobody has, 2 it failed, 3 (not of a plain trial) it was told to stop.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

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
#include "io/sock.h"
#include "io/try_answer.h"
#include "io/try_identify.h"
#include "io/try_open.h"
#include "io/try_wire.h"
#include "link/codec.h"
#include "model/image_alone.h"
#include "msg/errand.h"

#define TICK_NS (50 * NS_PER_MS)
#define TRACE_LINES 256
#define TAPE_ALONE 1024           /* nobody reads it */
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
	uint32_t only,
		link; /* instrument that alone is asked, and its link; IMAGE_NONE, 0: all are, on the only one */
	const char *points;  /* of it that are waited for */
	struct image *alone; /* malloc */
	bool is_settled;
};

static void print_traces(struct trial *t);

/* ---- wires ----------------------------------------------------------------------------------------------------------------- */

/* All of a trial speak one language. */
static const char *
codec_of(const struct trial *t)
{
	return t->img->instruments.n == 0
		       ? ""
		       : image_text(t->img,
				 image_instrument_at(t->img, t->only == IMAGE_NONE ? 0 : t->only)
					 ->codec);
}

static void
serve_links(struct trial *t)
{
	struct link_wants wants;
	uint32_t link;

	while ((link = bench_take(t->bench, &wants)) != IMAGE_NONE) {
		if (t->only != IMAGE_NONE && link != t->link)
			continue; /* nobody opens it */
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

	bench_opened(t->bench, t->link, try_wire_now(t->wire));
	serve_links(t);
	print_traces(t);
}

static void
on_closed(void *ctx, uint32_t link, enum quality reason, const char *why)
{
	struct trial *t = ctx;

	if (!t->is_quiet)
		printf("         -- %s: %s\n",
			image_text(t->img, image_link_at(t->img, t->link)->name), why);
	bench_closed(t->bench, t->link, reason, why, try_wire_now(t->wire));
	serve_links(t);
}

static void
on_bytes(void *ctx, uint32_t link, const uint8_t *in, size_t n)
{
	struct trial *t = ctx;

	bench_bytes(t->bench, t->link, in, n, try_wire_now(t->wire));
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
	const struct try_answer wanted = {
		.img = t->img, .instrument = t->only, .points = t->points
	};

	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		struct board_state s;

		board_read_state(t->board, i, &s);
		if ((t->only == IMAGE_NONE || i == t->only) && s.state == INSTRUMENT_STARTING)
			return false;
	}
	for (uint32_t i = 0; i < t->img->channels.n; i++) {
		struct sample s;

		if (t->only != IMAGE_NONE && !try_answer_wants(&wanted, i))
			continue;
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
	       now_boot() - t->start_ns >= (t->only == IMAGE_NONE ? 3 : 1) * limit_ns ||
	       try_wire_is_dead(t->wire);
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
			t->is_settled = settled_ns != NEVER;
			/* Through the gate nothing comes that was not asked. */
			if (t->is_settled && (t->only != IMAGE_NONE || now - settled_ns >= CALM_NS))
				break;
		}
		wake = MIN(wake, try_wire_real(t->wire, MIN(bench_wake(t->bench), next_ns)));
		wake = MIN(wake, MIN(try_wire_due(t->wire), now_boot() + NS_PER_S));
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
	setup.tape_records =
		t->only == IMAGE_NONE ? board_tape_records(t->img) : (uint64_t)TAPE_ALONE;
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
	if (t->secrets != NULL)
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
	free(t->alone);
}

/* ---- one instrument of a bench that runs, as an errand ---------------------------------------------------------------------- */

/* A password would go over the wire again, and stand in the answer. */
static bool
has_secret(const struct image *img, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(img, instrument);
	const struct codec *codec = codec_find(image_text(img, ins->codec));

	for (size_t i = 0; codec != NULL && codec->opts != NULL && codec->opts[i].name != NULL; i++)
		if (codec->opts[i].type == OPT_SECRET && ins->opts[i] > 0)
			return true;
	return false;
}

/* 0, or the status of a refusal, with err. */
static unsigned
pick_alone(struct trial *t, const char *name, struct err *err)
{
	uint32_t ins = image_find_instrument(t->img, name), kind;
	unsigned status;

	if (ins == IMAGE_NONE) {
		err_set(err, ERR_CONF, 0, "the bench has no instrument '%.60s'", name);
		return 404;
	}
	status = try_answer_check(t->img, ins, t->points, err);
	if (status != 0)
		return status;
	t->link = image_instrument_at(t->img, ins)->link;
	kind = image_link_at(t->img, t->link)->kind;
	if (image_kind_is_local(kind) || kind == LINK_HELPER) {
		err_set(err, ERR_CONF, 0,
			"'%.60s' is a part of this computer or a program, and on no wire: its "
			"values are on its card",
			name);
		return 409;
	}
	if (has_secret(t->img, ins)) {
		err_set(err, ERR_CONF, 0,
			"'%.60s' wants a password, which is not handed on for a request: ask it "
			"at the computer, with 'mbc try'",
			name);
		return 409;
	}
	t->only = ins;
	t->alone = image_alone(t->img, ins);
	t->img = t->alone;
	return 0;
}

static unsigned
ask_alone(struct trial *t, int image_fd, const char *name, int64_t limit_ns, struct buf *answer,
	struct err *err)
{
	struct try_answer a = { .points = t->points };
	struct sandbox_report sandbox;
	const void *bytes;
	unsigned status;
	size_t size;

	sandbox_enter(SANDBOX_TRY, NULL, &sandbox);
	bytes = seal_map(image_fd, &size, err);
	if (bytes == NULL || image_check(bytes, size, err) < 0)
		return 503;
	t->img = bytes;
	status = pick_alone(t, name, err);
	if (status != 0)
		return status;
	t->way.instrument = name;
	t->way.is_calm = true;
	if (start(t, err) < 0 || run(t, limit_ns, err) < 0)
		return 503;
	a.img = t->img;
	a.board = t->board;
	a.instrument = t->only;
	a.said = try_wire_said(t->wire);
	a.start_ns = t->start_ns;
	a.took_ns = now_boot() - t->start_ns;
	a.is_whole = t->is_settled;
	try_answer_write(answer, &a);
	return 0;
}

/* ---- what is on a link of a bench that runs, and that it does not use, as an errand ------------------------------------------- */

/* The one that asks: it has the questions, and gets the wire from who may open it. */
static int
ask_scan(const struct image *questions, const char *name, int sock, int answer_fd, int64_t limit_ns)
{
	struct try_way way = {
		.fd = fcntl(sock, F_DUPFD_CLOEXEC, 0), .is_handed = true, .instrument = ""
	};
	int64_t start_ns = now_boot();
	struct sandbox_report sandbox;
	struct buf answer = { 0 };
	struct err err = { 0 };
	unsigned status = 0;
	struct json j;

	signal(SIGPIPE, SIG_IGN);
	sandbox_enter(SANDBOX_TRY, NULL, &sandbox);
	json_open(&j, &answer);
	json_object(&j, NULL);
	json_text(&j, "wire", name);
	if (try_identify_json(questions, &way, limit_ns, &j, &err) < 0) {
		answer.n = 0;
		buf_puts(&answer, err.msg);
		status = 409;
	} else {
		json_double(&j, "took", (double)((now_boot() - start_ns) / NS_PER_MS) / 1000);
		json_end(&j);
		buf_putc(&answer, '\n');
	}
	if (pwrite(answer_fd, answer.data, answer.n, 0) != (ssize_t)answer.n)
		status = 503;
	buf_done(&answer);
	return status == 0 ? 0 : errand_exit(status);
}

static uint32_t
find_link(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->links.n; i++)
		if (strcmp(image_text(img, image_link_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

static int
refuse(int answer_fd, unsigned status, const char *why)
{
	return pwrite(answer_fd, why, strlen(why), 0) < 0 ? 2 : errand_exit(status);
}

/* Two processes: this one opens the wire, and never reads from it; its child reads what devices say, and opens nothing. */
static int
run_scan(int image_fd, int bench_fd, int answer_fd, const char *name, int64_t limit_ns)
{
	struct sandbox_report sandbox;
	struct try_opener *opener;
	struct err err = { 0 };
	const struct image *questions, *bench;
	size_t n, n_bench;
	uint32_t link;
	int pair[2];
	pid_t parent = getpid(), pid;
	int64_t until_ns = now_boot() + limit_ns;

	questions = seal_map(image_fd, &n, &err);
	bench = questions == NULL ? NULL : seal_map(bench_fd, &n_bench, &err);
	if (bench == NULL || image_check(questions, n, &err) < 0 ||
		image_check(bench, n_bench, &err) < 0)
		return refuse(answer_fd, 503, err.msg);
	link = find_link(bench, name);
	if (link == IMAGE_NONE)
		return refuse(answer_fd, 404, "the bench has no such link");
	opener = try_opener_new(bench, link, &err);
	if (opener == NULL)
		return refuse(answer_fd, 409, err.msg);
	if (sock_pair(pair, &err) < 0 || fcntl(pair[1], F_SETFL, O_NONBLOCK) < 0)
		return refuse(answer_fd, 503, err.msg);
	pid = fork();
	if (pid == 0) {
		int code;

		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(2);
		self_protect();
		/* Names have been looked up in that time, too. */
		code = ask_scan(questions, name, pair[1], answer_fd, until_ns - now_boot());
		try_opener_end(pair[1], code);
		_exit(0);
	}
	close(pair[1]);
	if (pid < 0)
		return refuse(answer_fd, 503, strerror(errno));
	sandbox_enter(SANDBOX_CONTROL, NULL, &sandbox);
	return try_opener_run(opener, pair[0]);
}

/* Its answer, or why there is none, is written into the memory. */
static int
run_alone(struct trial *t, int image_fd, int answer_fd, const char *name, int64_t limit_ns)
{
	struct buf answer = { 0 };
	struct err err = { 0 };
	unsigned status;

	t->is_quiet = true;
	status = ask_alone(t, image_fd, name, limit_ns, &answer, &err);
	if (status != 0)
		buf_puts(&answer, err.msg);
	if (pwrite(answer_fd, answer.data, answer.n, 0) != (ssize_t)answer.n)
		status = 503;
	buf_done(&answer);
	done(t);
	return status == 0 ? 0 : errand_exit(status);
}

int
main(int argc, char **argv)
{
	struct trial t = {
		.way = { .fd = -1, .instrument = "" }, .only = IMAGE_NONE, .points = ""
	};
	struct err err = { 0 };
	const char *secrets = NULL, *only = NULL, *scan = NULL;
	int64_t fd = -1, seconds = 10, through = -1, answer = -1, bench = -1;
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
		else if (has_value && strcmp(argv[i], "--only") == 0)
			only = argv[++i];
		else if (has_value && strcmp(argv[i], "--scan") == 0)
			scan = argv[++i];
		else if (has_value && strcmp(argv[i], "--points") == 0)
			t.points = argv[++i];
		else if (!has_value ||
			 !text_to_int(argv[i + 1], strcmp(argv[i], "--image-fd") == 0     ? &fd
						   : strcmp(argv[i], "--through-fd") == 0 ? &through
						   : strcmp(argv[i], "--answer-fd") == 0  ? &answer
						   : strcmp(argv[i], "--bench-fd") == 0   ? &bench
											: &seconds))
			fd = -1;
		else
			i++;
	}
	if (fd < 0 || fd > INT32_MAX || through > INT32_MAX || answer > INT32_MAX || seconds < 1 ||
		(only != NULL && (answer < 0 || through < 0)) ||
		(scan != NULL && (answer < 0 || bench < 0 || bench > INT32_MAX))) {
		fputs("mbc-try: not to be called by hand; write: mbc try FILE --link LINK\n",
			stderr);
		return 1;
	}
	t.way.fd = (int)MAX(through, INT64_C(-1));
	self_protect();
	if (scan != NULL)
		return run_scan((int)fd, (int)bench, (int)answer, scan, seconds * NS_PER_S);
	if (only != NULL)
		return run_alone(&t, (int)fd, (int)answer, only, seconds * NS_PER_S);
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
