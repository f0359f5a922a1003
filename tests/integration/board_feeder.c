/* board_feeder.c - a controller and a supervisor in one, for tests of the data server: a board that changes on command
 *
 *	board_feeder MBC-SERVE [EXTRA-CHANNELS [TICK-MS [LISTEN]]]
 *
 * Starts mbc-serve on a free loopback port and prints what it tells ("listening ADDRESS", "health ROW VALUE"). Each tick
 * it counts up `count` and puts a new number into each of the extra channels x0, x1, ... Words on standard input, one command
 * a line, done at the next tick, then answered with "ok":
 *
 *	set NAME NUMBER | text NAME WORDS | bad NAME REASON-TOKEN | burst N (changes of T_bed at once) | freeze | go
 *	board [CHANNEL] (a new generation, with one more channel) | trace WORDS | down | up
 *
 * It ends when standard input does.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/board.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "msg/health.h"

struct feeder {
	int sock;
	pid_t serve;
	uint32_t n_extra;
	int64_t tick_ns;
	char added[64]; /* name of the channel that a later generation has more */
	uint32_t generation;
	struct board *board;
	size_t board_size;
	bool is_frozen, is_down;
	uint64_t ticks;
};

static _Noreturn void
give_up(const char *what, const struct err *err)
{
	fprintf(stderr, "board_feeder: %s%s%s\n", what, err != NULL ? ": " : "",
		err != NULL ? err->msg : "");
	exit(2);
}

/* ---- an image made by hand ---- */

struct parts {
	struct buf channels, choices, strings;
};

static uint32_t
put_text(struct parts *p, const char *text)
{
	uint32_t off = (uint32_t)p->strings.n;

	buf_put(&p->strings, text, strlen(text) + 1);
	return off;
}

static void
put_channel(struct parts *p, const char *name, const char *title, const char *unit,
	enum value_type type, uint32_t instrument)
{
	struct image_channel c = {
		.id = (uint32_t)(p->channels.n / sizeof(c)) + 1,
		.name = put_text(p, name),
		.title = put_text(p, title),
		.unit = put_text(p, unit),
		.type = (uint8_t)type,
		.source_kind = instrument == IMAGE_NONE ? SOURCE_CALC : SOURCE_POINT,
		.instrument = instrument,
	};

	if (strcmp(name, "T_bed") == 0) {
		c.has_range = 1;
		c.max = 800;
	}
	if (strcmp(name, "dev.raw") == 0)
		c.stale_ns = 1500 * NS_PER_MS;
	if (strcmp(name, "total") == 0 || strcmp(name, "count") == 0) {
		c.writable = c.needs_confirm = 1;
		c.confirm = put_text(p, name[0] == 't' ? "Resets it" : "");
	}
	if (type == VALUE_CHOICE) {
		struct image_choice open = { .number = 1, .word = put_text(p, "open") };
		struct image_choice closed = { .number = 0, .word = put_text(p, "closed") };

		c.n_choices = 2;
		buf_put(&p->choices, &closed, sizeof(closed));
		buf_put(&p->choices, &open, sizeof(open));
	}
	buf_put(&p->channels, &c, sizeof(c));
}

static void
put_channels(struct parts *p, const struct feeder *f)
{
	char name[64];

	put_channel(
		p, "T_bed", "Temperature of the <bed> & \"wall\"", "°C", VALUE_FLOAT, IMAGE_NONE);
	put_channel(p, "N2_flow", "Nitrogen", "mL/min", VALUE_FLOAT32, IMAGE_NONE);
	put_channel(p, "V_H2", "Hydrogen valve", "", VALUE_CHOICE, IMAGE_NONE);
	put_channel(p, "label", "What the device says", "", VALUE_TEXT, 0);
	put_channel(p, "ready", "Ready", "", VALUE_BOOL, IMAGE_NONE);
	put_channel(p, "total", "Signed total", "", VALUE_INT, IMAGE_NONE);
	put_channel(p, "count", "Counter", "", VALUE_UINT, IMAGE_NONE);
	put_channel(p, "dev.raw", "A quantity of the device", "bar", VALUE_FLOAT, 0);
	if (f->added[0] != '\0')
		put_channel(p, f->added, "Added by a new generation", "K", VALUE_FLOAT, IMAGE_NONE);
	for (uint32_t i = 0; i < f->n_extra; i++) {
		snprintf(name, sizeof(name), "x%u", i);
		put_channel(p, name, "One of many", "V", VALUE_FLOAT, IMAGE_NONE);
	}
}

static void
put_table(struct buf *out, struct image_table *table, const void *data, size_t bytes, size_t n)
{
	static const char zeros[8];

	buf_put(out, zeros, (8 - out->n % 8) % 8);
	*table = (struct image_table){ .off = (uint32_t)out->n, .n = (uint32_t)n };
	buf_put(out, data, bytes);
}

static struct buf
make_image(const struct feeder *f)
{
	struct parts p = { 0 };
	struct image head = {
		.magic = IMAGE_MAGIC, .version = IMAGE_VERSION, .tick_ns = f->tick_ns
	};
	struct image_link link = { 0 };
	struct image_instrument ins = { .id = 1 };
	struct buf out = { 0 };

	put_text(&p, "");
	head.bench = put_text(&p, "fed");
	head.title = put_text(&p, "A bench of tests");
	link.name = put_text(&p, "io");
	link.host = put_text(&p, "127.0.0.1");
	link.port = 1502;
	ins.name = put_text(&p, "dev");
	ins.title = put_text(&p, "A device");
	ins.codec = put_text(&p, "modbus");
	put_channels(&p, f);
	buf_put(&out, &head, sizeof(head));
	put_table(&out, &head.links, &link, sizeof(link), 1);
	put_table(&out, &head.instruments, &ins, sizeof(ins), 1);
	put_table(&out, &head.channels, p.channels.data, p.channels.n,
		p.channels.n / sizeof(struct image_channel));
	put_table(&out, &head.choices, p.choices.data, p.choices.n,
		p.choices.n / sizeof(struct image_choice));
	put_table(&out, &head.strings, p.strings.data, p.strings.n, p.strings.n);
	head.size = (uint32_t)out.n;
	head.hash = text_hash(out.data + sizeof(head), out.n - sizeof(head));
	memcpy(out.data, &head, sizeof(head));
	buf_done(&p.channels);
	buf_done(&p.choices);
	buf_done(&p.strings);
	return out;
}

/* ---- the board ---- */

static void
tick(struct feeder *f)
{
	struct board_heart heart = {
		.stamp_ns = now_boot(), .wall_ns = now_wall_offset(), .wall_is_good = 1
	};
	struct board_state state = { .state = f->is_down ? INSTRUMENT_DOWN : INSTRUMENT_UP,
		.reason = f->is_down ? Q_NO_ANSWER : Q_GOOD,
		.since_ns = heart.stamp_ns,
		.last_answer_ns = heart.stamp_ns,
		.requests = f->ticks,
		.answers = f->ticks,
		.reply_last_ns = 3 * NS_PER_MS,
		.reply_max_ns = 9 * NS_PER_MS };
	struct sample s = { .stamp_ns = heart.stamp_ns };
	char name[32];

	board_tick_begin(f->board);
	s.v.u = f->ticks++;
	board_write(f->board, board_find(f->board, "count"), &s);
	board_tape(f->board, board_find(f->board, "count"), &s);
	for (uint32_t i = 0; i < f->n_extra; i++) {
		uint32_t channel;

		snprintf(name, sizeof(name), "x%u", i);
		channel = board_find(f->board, name);
		s.v.f = (double)(f->ticks % 1000) / 10 + i;
		board_write(f->board, channel, &s);
		board_tape(f->board, channel, &s);
	}
	state.reply[9] = (uint32_t)f->ticks; /* 8.192 ms */
	text_copy(state.identity, sizeof(state.identity), "Maker Model 1.0");
	board_write_state(f->board, 0, &state);
	board_tick_end(f->board, &heart);
}

static void
make_board(struct feeder *f)
{
	struct buf image = make_image(f), packet = { 0 };
	struct board_setup setup = { .image = (const struct image *)(const void *)image.data,
		.generation = ++f->generation,
		.tape_records = 65536,
		.trace_lines = 32,
		.now_ns = now_boot() };
	struct err err;
	int fd;

	now_boot_id(setup.boot_id);
	seal_done(f->board, f->board_size);
	f->board_size = board_size(&setup);
	f->board = seal_make("test-board", f->board_size, &fd, &err);
	if (f->board == NULL)
		give_up("making a board", &err);
	f->board = board_make(f->board, &setup);
	tick(f);
	wire_begin(&packet, WIRE_BOARD);
	wire_u32(&packet, f->generation);
	wire_end(&packet);
	if (sock_send(f->sock, &packet, fd, &err) < 0)
		give_up("sending the board", &err);
	close(fd);
	buf_done(&packet);
	buf_done(&image);
}

/* ---- commands ---- */

static void
put_sample(struct feeder *f, const char *name, const struct sample *s)
{
	uint32_t channel = board_find(f->board, name);

	if (channel == IMAGE_NONE)
		give_up("no such channel", NULL);
	board_write(f->board, channel, s);
	board_tape(f->board, channel, s);
}

static void
set(struct feeder *f, const char *name, const char *text)
{
	uint32_t channel = board_find(f->board, name);
	struct sample s = { .stamp_ns = now_boot() };

	if (channel == IMAGE_NONE)
		give_up("no such channel", NULL);
	switch (board_channel(f->board, channel)->type) {
	case VALUE_FLOAT:
		s.v.f = strtod(text, NULL);
		break;
	case VALUE_FLOAT32:
		s.v.f = (double)strtof(text, NULL);
		break;
	case VALUE_UINT:
		s.v.u = strtoull(text, NULL, 10);
		break;
	default:
		s.v.i = strtoll(text, NULL, 10);
	}
	put_sample(f, name, &s);
}

static void
set_bad(struct feeder *f, const char *name, const char *token)
{
	struct sample s = { .stamp_ns = now_boot() };

	while (s.quality < Q_COUNT && strcmp(quality_row(s.quality)->token, token) != 0)
		s.quality++;
	if (s.quality == Q_COUNT)
		give_up("no such reason", NULL);
	put_sample(f, name, &s);
}

static void
add_trace(struct feeder *f, const char *words)
{
	struct board_trace line = {
		.stamp_ns = now_boot(), .kind = TRACE_RECEIVED, .n = 300, .quality = Q_GARBLED
	};

	text_copy(line.meaning, sizeof(line.meaning), words);
	for (size_t i = 0; i < sizeof(line.bytes); i++)
		line.bytes[i] = (uint8_t)i;
	board_trace(f->board, 0, &line);
	line = (struct board_trace){
		.stamp_ns = now_boot(), .kind = TRACE_SENT, .n = 2, .bytes = { 0x00, 0xFF }
	};
	board_trace(f->board, 0, &line);
}

static void
obey(struct feeder *f, char *line)
{
	char *rest = line + strcspn(line, " "), *value;

	if (*rest != '\0')
		*rest++ = '\0';
	value = rest + strcspn(rest, " ");
	if (*value != '\0')
		*value++ = '\0';
	if (strcmp(line, "set") == 0) {
		set(f, rest, value);
	} else if (strcmp(line, "text") == 0) {
		struct sample s = { .stamp_ns = now_boot() };

		text_copy(s.text, sizeof(s.text), value);
		put_sample(f, rest, &s);
	} else if (strcmp(line, "bad") == 0) {
		set_bad(f, rest, value);
	} else if (strcmp(line, "burst") == 0) {
		for (long n = strtol(rest, NULL, 10); n > 0; n--)
			set(f, "T_bed", n % 2 == 0 ? "1" : "2");
	} else if (strcmp(line, "freeze") == 0 || strcmp(line, "go") == 0) {
		f->is_frozen = line[0] == 'f';
	} else if (strcmp(line, "down") == 0 || strcmp(line, "up") == 0) {
		f->is_down = line[0] == 'd';
	} else if (strcmp(line, "board") == 0) {
		text_copy(f->added, sizeof(f->added), rest);
		make_board(f);
	} else if (strcmp(line, "trace") == 0) {
		add_trace(f, rest);
	} else {
		give_up("no such command", NULL);
	}
	if (!f->is_frozen)
		tick(f);
	printf("ok\n");
	fflush(stdout);
}

/* ---- the supervisor's part ---- */

static void
hear(struct feeder *f)
{
	uint8_t packet[WIRE_MAX];
	char text[200];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(f->sock, packet, &pass, &err);

	if (n <= 0)
		give_up("the data server has ended", NULL);
	n = wire_open(&in, packet, (size_t)n, &err);
	if (n == WIRE_LISTENING) {
		wire_get_text(&in, text, sizeof(text));
		printf("listening %s\n", text);
	} else if (n == WIRE_SANDBOX) {
		wire_get_text(&in, text, sizeof(text));
		printf("confined %s\n", text);
	} else if (n == WIRE_HEALTH) {
		for (uint16_t rows = wire_get_u16(&in); rows > 0; rows--) {
			uint16_t row = wire_get_u16(&in);

			printf("health %s %g\n",
				row < HEALTH_COUNT ? health_rows[row].channel : "?",
				wire_get_f64(&in));
		}
	}
	if (n < 0 || wire_close(&in, &err) < 0)
		give_up("a message of the data server", &err);
	fflush(stdout);
}

static void
start_serve(struct feeder *f, const char *program, const char *listen)
{
	char number[16];
	int pair[2];
	struct err err;

	if (sock_pair(pair, &err) < 0)
		give_up("socket pair", &err);
	snprintf(number, sizeof(number), "%d", pair[1]);
	f->serve = fork();
	if (f->serve == 0) {
		execl(program, "mbc-serve", "--socket", number, "--listen", listen, "--bench",
			"fed", (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	f->sock = pair[0];
	printf("pid %d\n", (int)f->serve);
	fflush(stdout);
}

static void
run(struct feeder *f)
{
	static char input[1 << 16];
	size_t n = 0;
	int64_t next = now_boot();

	for (;;) {
		struct pollfd wait[2] = { { .fd = 0, .events = POLLIN },
			{ .fd = f->sock, .events = POLLIN } };
		int64_t left = next - now_boot();

		if (poll(wait, 2, left > 0 ? (int)(left / NS_PER_MS) + 1 : 0) < 0 && errno != EINTR)
			give_up("poll", NULL);
		if (wait[1].revents != 0)
			hear(f);
		if (wait[0].revents != 0) {
			ssize_t got = read(0, input + n, sizeof(input) - 1 - n);
			char *line = input, *end;

			if (got <= 0)
				return;
			n += (size_t)got;
			input[n] = '\0';
			while ((end = strchr(line, '\n')) != NULL) {
				*end = '\0';
				if (f->board == NULL)
					make_board(f);
				obey(f, line);
				line = end + 1;
			}
			n -= (size_t)(line - input);
			memmove(input, line, n);
		}
		if (now_boot() >= next) {
			next += f->tick_ns;
			if (f->board != NULL && !f->is_frozen)
				tick(f);
		}
	}
}

int
main(int argc, char **argv)
{
	struct feeder f = { .tick_ns = 100 * NS_PER_MS };
	int status;

	if (argc < 2)
		give_up("usage: board_feeder MBC-SERVE [EXTRA-CHANNELS [TICK-MS [LISTEN]]]", NULL);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 2)
		f.n_extra = (uint32_t)strtoul(argv[2], NULL, 10);
	if (argc > 3)
		f.tick_ns = strtoll(argv[3], NULL, 10) * NS_PER_MS;
	start_serve(&f, argv[1], argc > 4 ? argv[4] : "127.0.0.1:0");
	run(&f);
	close(f.sock); /* without a supervisor it ends by itself */
	waitpid(f.serve, &status, 0);
	seal_done(f.board, f.board_size);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
