/* screen.c - the terminal, by ncurses */
#define NCURSES_WIDECHAR 1
#include "top/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "top/terminal.h"
#include "top/top.h"

#define ESCAPE_MS 250 /* the rest of an arrow key may come late over a slow line */
#define EMPTY_READS 3 /* what can be read and brings nothing is at its end */

static SCREEN *screen;
static attr_t tones[TONES];
static int empty_reads;
static bool had_key;
static volatile sig_atomic_t ending;

bool
screen_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	/* Of characters alone: numbers keep their point. */
	if (setlocale(LC_CTYPE, "") == NULL)
		/* A small gateway has not the language that its visitor brought by SSH; what counts is the coding. */
		for (size_t i = 0; i < NELEM(names); i++) {
			const char *value = getenv(names[i]);

			if (value == NULL || value[0] == '\0')
				continue;
			if (strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL)
				setlocale(LC_CTYPE, "C.UTF-8");
			break;
		}
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void
on_signal(int number)
{
	if (ending != 0) { /* the terminal takes nothing any more: it cannot be given back */
		signal(number, SIG_DFL);
		raise(number);
	}
	ending = number;
}

static void
catch_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction act = { .sa_handler = on_signal };

	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < NELEM(numbers); i++)
		sigaction(numbers[i], &act, NULL);
}

/* Colours only where they are wanted (no-color.org); a sign or a word stands beside each. */
static void
find_tones(void)
{
	const char *without = getenv("NO_COLOR");
	bool has_colour = (without == NULL || without[0] == '\0') && has_colors();

	tones[TONE_PLAIN] = A_NORMAL;
	tones[TONE_STRONG] = A_BOLD;
	tones[TONE_FAINT] = A_DIM;
	tones[TONE_WARN] = A_BOLD;
	tones[TONE_BAD] = A_BOLD;
	tones[TONE_BAR] = A_REVERSE;
	tones[TONE_PICK] = A_REVERSE | A_BOLD;
	if (!has_colour || start_color() == ERR)
		return;
	use_default_colors();
	init_pair(1, COLOR_YELLOW, -1);
	init_pair(2, COLOR_RED, -1);
	tones[TONE_WARN] = (attr_t)COLOR_PAIR(1);
	tones[TONE_BAD] = (attr_t)COLOR_PAIR(2) | A_BOLD;
}

bool
screen_open(void)
{
	const char *name = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || name == NULL || name[0] == '\0' ||
		!terminal_can_place(name))
		return false;
	screen = newterm(name, stdout, stdin);
	if (screen == NULL)
		return false;
	set_term(screen);
	catch_signals();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	find_tones();
	return true;
}

void
screen_close(void)
{
	if (screen == NULL)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

void
screen_size(int *out_width, int *out_height)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		*out_width = MIN(size.ws_col, (unsigned short)1000);
		*out_height = MIN(size.ws_row, (unsigned short)500);
	} else {
		*out_width = screen != NULL ? COLS : 80;
		*out_height = screen != NULL ? LINES : 24;
	}
	if (screen != NULL && is_term_resized(*out_height, *out_width))
		resizeterm(*out_height, *out_width);
}

void
screen_show(const struct frame *f)
{
	erase();
	for (size_t i = 0; i < f->n; i++) {
		const struct span *s = &f->at[i];

		attrset((int)tones[s->tone]);
		mvaddnstr(s->line, s->col, f->text.data + s->off, (int)s->n);
	}
	attrset(A_NORMAL);
	refresh();
}

void
screen_wait(int64_t span_ns)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int rc = poll(&in, 1, (int)MAX(0, (span_ns + NS_PER_MS - 1) / NS_PER_MS));

	had_key = rc > 0;
	if (rc > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		empty_reads = EMPTY_READS;
}

static uint32_t
key_of(wint_t code)
{
	switch (code) {
	case KEY_UP:
		return KEY_OF_UP;
	case KEY_DOWN:
		return KEY_OF_DOWN;
	case KEY_PPAGE:
		return KEY_OF_PAGE_UP;
	case KEY_NPAGE:
		return KEY_OF_PAGE_DOWN;
	case KEY_HOME:
		return KEY_OF_HOME;
	case KEY_END:
		return KEY_OF_END;
	case KEY_ENTER:
		return KEY_OF_ENTER;
	case KEY_BACKSPACE:
		return KEY_OF_ERASE;
	default:
		return 0; /* one that means nothing here, or a new size */
	}
}

int
screen_key(uint32_t *out)
{
	wint_t code;
	int rc = get_wch(&code);

	if (rc == ERR) {
		if (had_key && ++empty_reads > EMPTY_READS)
			return -1;
		had_key = false;
		return 0;
	}
	empty_reads = 0;
	had_key = false;
	if (rc == KEY_CODE_YES)
		*out = key_of(code);
	else if (code == '\r' || code == '\n')
		*out = KEY_OF_ENTER;
	else if (code == 27)
		*out = KEY_OF_ESCAPE;
	else if (code == 127 || code == 8)
		*out = KEY_OF_ERASE;
	else if (code == 12) { /* Ctrl-L: what others wrote over it goes */
		clearok(curscr, TRUE);
		*out = 0;
	} else
		*out = (uint32_t)code;
	return 1;
}

int
screen_signal(void)
{
	return ending;
}
