/* main.c - mbc-top: the live table of a bench in a terminal; `mbc top` starts it. It reads, and asks for nothing but the board and the image. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "io/borrow.h"
#include "io/now.h"
#include "io/place.h"
#include "io/sock.h"
#include "top/screen.h"
#include "top/top.h"
#include "top/words.h"

#define ASK_MS 1000 /* for an answer of the supervisor */
#define ASK_AGAIN_NS (2 * NS_PER_S)
#define ASK_IMAGE_NS (5 * NS_PER_S)
#define DRAW_NS                                                                                    \
	(50 * NS_PER_MS) /* keys are answered at most so often: a key that repeats must not fill a slow line */
#define PAPER_COLS 400

struct watched {
	const char *name;
	struct borrowed board, image;
	int64_t ask_ns; /* not before */
	char trouble[240];
};

static int
connect_to(const char *bench, struct err *err)
{
	char path[PLACE_MAX];

	if (place_socket(path, bench, err) < 0)
		return err->code;
	return sock_connect(path, err);
}

static int
ask(const char *bench, struct borrowed *board, struct borrowed *image, struct err *err)
{
	struct err why;
	int fd = connect_to(bench, err);
	int rc = fd < 0 ? fd : borrow_board(fd, ASK_MS, board, err);

	if (fd >= 0)
		close(fd);
	if (rc < 0)
		return rc;
	fd = connect_to(bench, &why);
	/* Without the image ramps and priorities are not known; the rest is. */
	if (fd >= 0 && borrow_image(fd, ASK_MS, image, &why) < 0)
		*image = (struct borrowed){ 0 };
	if (fd >= 0)
		close(fd);
	return 0;
}

static bool
is_another(const struct top *t, const struct board *board)
{
	struct board_info info;

	board_info(board, &info);
	return t->board == NULL || info.generation != t->info.generation ||
	       info.made_ns != t->info.made_ns || strcmp(info.boot_id, t->info.boot_id) != 0;
}

/* What was asked for takes the place of what was there, when it is another one. */
static void
take(struct watched *w, struct top *t, struct borrowed *board, struct borrowed *image,
	int64_t now_ns)
{
	bool is_new = is_another(t, board->board), was_there = t->board != NULL;
	char number[16], text[200];

	if (is_new) {
		top_take(t, board->board, image->image, now_ns);
		borrow_done(&w->board);
		w->board = *board;
		*board = (struct borrowed){ 0 };
	} else if (image->image != NULL) {
		top_take(t, w->board.board, image->image, now_ns);
	}
	if (is_new || image->image != NULL) {
		borrow_done(&w->image);
		w->image = *image;
	}
	borrow_done(board);
	if (!is_new || !was_there)
		return;
	snprintf(number, sizeof(number), "%u", t->info.generation);
	words_fill(text, sizeof(text), word(t->language, W_NEW_BOARD), number, NULL, NULL);
	top_note(t, text);
}

/* A board whose controller has not been heard of lately may have been replaced; one without its image may get it. */
static void
follow(struct watched *w, struct top *t, int64_t now_ns)
{
	struct borrowed board = { 0 }, image = { 0 };
	bool is_late = now_ns - t->heart.stamp_ns > MAX(NS_PER_S / 2, 5 * t->info.tick_ns);
	struct err err;

	if (now_ns < w->ask_ns || (!is_late && t->image != NULL))
		return;
	if (ask(w->name, &board, &image, &err) == 0) {
		w->trouble[0] = '\0';
		take(w, t, &board, &image, now_ns);
	} else {
		/* Nobody listens, or it went away while it was asked. */
		words_fill(w->trouble, sizeof(w->trouble),
			err.code == ERR_IO ? word(t->language, W_NOT_RUNNING) : "$",
			err.code == ERR_IO ? w->name : err.msg, NULL, NULL);
	}
	t->trouble = w->trouble;
	w->ask_ns = now_boot() + (is_late ? ASK_AGAIN_NS : ASK_IMAGE_NS);
}

static void
draw(struct top *t, struct frame *f)
{
	int width, height;

	screen_size(&width, &height);
	frame_clear(f, width, height);
	top_draw(t, f);
	screen_show(f);
}

/* Until the person or a signal ends it. */
static void
run(struct watched *w, struct top *t, struct frame *f)
{
	int64_t looked_ns = 0, drawn_ns = 0, now_ns, next_ns;
	bool is_due = true;
	int rc = 0;

	while (!t->is_over && rc >= 0 && screen_signal() == 0) {
		uint32_t key;

		now_ns = now_boot();
		if (now_ns - looked_ns >= TOP_LOOK_NS) {
			follow(w, t, now_ns);
			looked_ns = now_ns = now_boot();
			top_look(t, now_ns);
			is_due = true;
		}
		if (is_due && now_ns - drawn_ns >= DRAW_NS) {
			draw(t, f);
			drawn_ns = now_ns;
			is_due = false;
		}
		next_ns = looked_ns + TOP_LOOK_NS;
		if (is_due)
			next_ns = MIN(next_ns, drawn_ns + DRAW_NS);
		screen_wait(next_ns - now_boot());
		while ((rc = screen_key(&key)) > 0) {
			top_key(t, key);
			is_due = true;
		}
	}
}

/* On paper, a pipe or a terminal that can only go on: once, all lines. */
static int
print(struct top *t, struct frame *f)
{
	struct buf out = { 0 };
	int width = PAPER_COLS, height;
	bool is_good;

	if (isatty(STDOUT_FILENO))
		screen_size(&width, &height);
	frame_clear(f, width, 0);
	top_draw(t, f);
	frame_print(f, &out);
	is_good = fwrite(out.data, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
	buf_done(&out);
	if (!is_good)
		fprintf(stderr,
			"mbc top: what it prints cannot be written: the disk may be full\n");
	return is_good ? 0 : 2;
}

/* The words that `mbc top` has checked. */
static bool
read_words(int argc, char **argv, struct top *t, bool *out_once)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--once") == 0)
			*out_once = true;
		else if (strcmp(argv[i], "--problems") == 0)
			t->only_problems = true;
		else if (strcmp(argv[i], "--french") == 0)
			t->language = LANGUAGE_FR;
		else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
			text_copy(t->filter, sizeof(t->filter), argv[++i]);
		else if (strcmp(argv[i], "--sort") != 0 || i + 1 >= argc ||
			 !top_sort_parse(argv[++i], &t->sort))
			return false;
	}
	return argc >= 2;
}

int
main(int argc, char **argv)
{
	struct top t = { 0 };
	struct frame f = { .is_utf8 = screen_is_utf8() };
	struct watched w = { 0 };
	struct borrowed board = { 0 }, image = { 0 };
	struct err err;
	bool is_once = false;
	int code = 0;

	if (!read_words(argc, argv, &t, &is_once)) {
		fprintf(stderr, "mbc-top is started by 'mbc top'; see 'mbc top --help'\n");
		return 1;
	}
	w.name = argv[1];
	if (ask(w.name, &board, &image, &err) < 0) {
		if (err.code == ERR_IO)
			fprintf(stderr,
				"mbc top: bench '%s' is not running here; start it with 'mbc "
				"run'\n",
				w.name);
		else
			fprintf(stderr, "mbc top: %s\n", err.msg);
		return 1;
	}
	take(&w, &t, &board, &image, now_boot());
	if (is_once || !screen_open()) {
		code = print(&t, &f);
	} else {
		run(&w, &t, &f);
		screen_close();
	}
	top_done(&t);
	frame_done(&f);
	borrow_done(&w.board);
	borrow_done(&w.image);
	if (screen_signal() != 0) { /* ended as by this signal, for a shell that asks */
		signal(screen_signal(), SIG_DFL);
		raise(screen_signal());
	}
	return code;
}
