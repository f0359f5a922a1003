/* look.c - commands that read the board: get, watch, trace */
#include "cli/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/borrow.h"
#include "io/now.h"
#include "msg/shown.h"

const struct board *
look_open(struct args *args, int *out_code)
{
	struct borrowed b = { 0 };
	struct err err;
	int fd = cli_connect(args);

	*out_code = CLI_FAILED;
	if (fd < 0) {
		*out_code = -fd;
		return NULL;
	}
	if (borrow_board(fd, 3000, &b, &err) < 0)
		cli_say(args, 0, "%s", err.msg);
	close(fd);
	return b.board;
}

const struct image *
look_image(struct args *args, int *out_code)
{
	struct borrowed b = { 0 };
	struct err err;
	int fd = cli_connect(args);

	*out_code = CLI_FAILED;
	if (fd < 0) {
		*out_code = -fd;
		return NULL;
	}
	if (borrow_image(fd, 3000, &b, &err) < 0)
		cli_say(args, 0, "%s", err.msg);
	close(fd);
	return b.image;
}

static void
say_unknown(const struct args *args, const char *what, const char *name, const char **names,
	size_t n, const char *list)
{
	const char *near = text_nearest(name, names, n);

	if (near != NULL)
		cli_say(args, 0, "there is no %s '%s'; did you mean '%s'?", what, name, near);
	else
		cli_say(args, 0, "there is no %s '%s'; %s", what, name, list);
}

uint32_t
look_channel(const struct args *args, const struct board *b, const char *name)
{
	uint32_t found = board_find(b, name);
	struct board_info info;
	const char **names;

	if (found != IMAGE_NONE)
		return found;
	board_info(b, &info);
	names = mem_zero(info.n_channels, sizeof(*names));
	for (uint32_t i = 0; i < info.n_channels; i++)
		names[i] = board_text(b, board_channel(b, i)->name);
	say_unknown(args, "channel", name, names, info.n_channels, "'mbc get' lists them all");
	free(names);
	return IMAGE_NONE;
}

uint32_t
look_instrument(const struct args *args, const struct board *b, const char *name)
{
	uint32_t found = board_find_instrument(b, name);
	struct board_info info;
	const char **names;
	struct buf list = { 0 };

	if (found != IMAGE_NONE)
		return found;
	board_info(b, &info);
	names = mem_zero(info.n_instruments, sizeof(*names));
	buf_puts(&list, "there are:");
	for (uint32_t i = 0; i < info.n_instruments; i++) {
		names[i] = board_text(b, board_instrument(b, i)->name);
		buf_printf(&list, " %s", names[i]);
	}
	say_unknown(args, "instrument", name, names, info.n_instruments, buf_text(&list));
	buf_done(&list);
	free(names);
	return IMAGE_NONE;
}

void
look_value(struct buf *out, const struct board *b, uint32_t channel, const struct sample *s)
{
	const struct board_channel *ch = board_channel(b, channel);
	const struct quality_row *q = quality_row(s->quality);
	const char *unit = board_text(b, ch->unit);
	char text[VALUE_TEXT_MAX + 1];

	if (q->class == Q_CLASS_BAD) {
		buf_printf(out, "bad: %s (%s)", q->text_en, q->remedy_en);
		return;
	}
	shown_digits(
		text, ch->type, s, ch->type == VALUE_CHOICE ? board_choice(b, ch, s->v.i) : NULL);
	buf_printf(out, "%s%s%s", text, unit[0] != '\0' ? " " : "", unit);
	if (q->class == Q_CLASS_UNCERTAIN)
		buf_printf(out, "  uncertain: %s", q->text_en);
}

/* ---- get ---- */

static void
put_json(struct json *j, const struct board *b, uint32_t i, const struct sample *s)
{
	const struct board_channel *ch = board_channel(b, i);
	char when[CLOCK_TEXT_SIZE];

	json_object(j, NULL);
	json_text(j, "name", board_text(b, ch->name));
	value_json(j, "value", ch->type, s,
		ch->type == VALUE_CHOICE ? board_choice(b, ch, s->v.i) : NULL);
	json_text(j, "unit", board_text(b, ch->unit));
	json_text(j, "quality", quality_class_text(s->quality));
	json_text(j, "reason", quality_row(s->quality)->token);
	clock_text(when, board_wall(b, s->stamp_ns));
	json_text(j, "time", s->stamp_ns != 0 ? when : NULL);
	json_end(j);
}

int
cli_get(struct args *args)
{
	bool as_json = args_option(args, "--json", NULL), all;
	struct board_info info;
	struct buf out = { 0 };
	const struct board *b;
	struct json j;
	int code, width = 0, result = CLI_GOOD;

	if (args_count(args, 0, 1000) != 0)
		return CLI_WRONG;
	b = look_open(args, &code);
	if (b == NULL)
		return code;
	board_info(b, &info);
	all = args->n == 0;
	for (uint32_t i = 0; all && i < info.n_channels; i++)
		width = MAX(width, (int)strlen(board_text(b, board_channel(b, i)->name)));
	json_open(&j, &out);
	if (as_json)
		json_array(&j, NULL);
	for (uint32_t k = 0; k < (all ? info.n_channels : (uint32_t)args->n); k++) {
		uint32_t i = all ? k : look_channel(args, b, args->at[k]);
		struct sample s;

		if (i == IMAGE_NONE) {
			buf_done(&out);
			return CLI_WRONG;
		}
		board_look(b, i, now_boot(), &s);
		if (!all && quality_is_bad(s.quality))
			result = CLI_FAILED;
		if (as_json) {
			put_json(&j, b, i, &s);
			continue;
		}
		if (all || args->n > 1)
			buf_printf(&out, "%-*s  ", width, board_text(b, board_channel(b, i)->name));
		look_value(&out, b, i, &s);
		buf_putc(&out, '\n');
	}
	if (as_json) {
		json_end(&j);
		buf_putc(&out, '\n');
	}
	fwrite(out.data, 1, out.n, stdout);
	buf_done(&out);
	return result;
}

/* ---- watch ---- */

static void
print_change(const struct board *b, uint32_t channel, const struct sample *s)
{
	char when[CLOCK_TEXT_SIZE];
	struct buf line = { 0 };

	clock_text(when, board_wall(b, s->stamp_ns));
	buf_printf(&line, "%s  %s  ", when, board_text(b, board_channel(b, channel)->name));
	look_value(&line, b, channel, s);
	puts(buf_text(&line));
	buf_done(&line);
}

/* Of the channels that are named, or of all: which ones. NULL when a name is unknown. */
static bool *
choose_channels(const struct args *args, const struct board *b)
{
	struct board_info info;
	bool *chosen;

	board_info(b, &info);
	chosen = mem_zero(info.n_channels, sizeof(*chosen));
	for (int k = 0; k < args->n; k++) {
		uint32_t i = look_channel(args, b, args->at[k]);

		if (i == IMAGE_NONE) {
			free(chosen);
			return NULL;
		}
		chosen[i] = true;
	}
	for (uint32_t i = 0; args->n == 0 && i < info.n_channels; i++)
		chosen[i] = strncmp(board_text(b, board_channel(b, i)->name), "mbc.", 4) != 0;
	return chosen;
}

static void
rest(void)
{
	const struct timespec span = { .tv_nsec = 50 * NS_PER_MS };

	fflush(stdout);
	nanosleep(&span, NULL);
}

/* What a watching terminal knows. */
struct watch {
	const struct board *board;
	bool *chosen; /* [channel] */
	uint32_t generation, n_channels;
	uint64_t place;
	int64_t left; /* lines still to be printed */
};

/* Look at the board that runs now, from its present picture on. Returns an exit code, CLI_GOOD when there is one. */
static int
watch_begin(struct args *args, struct watch *w)
{
	struct board_info info;
	int code;

	w->board = look_open(args, &code);
	if (w->board == NULL)
		return code;
	board_info(w->board, &info);
	if (info.generation == w->generation) {
		sleep(1); /* still the one whose controller does not run: another is on its way */
		return CLI_GOOD;
	}
	w->generation = info.generation;
	w->n_channels = info.n_channels;
	free(w->chosen);
	w->chosen = choose_channels(args, w->board);
	if (w->chosen == NULL)
		return CLI_WRONG;
	w->place = board_tape_head(w->board);
	for (uint32_t i = 0; i < info.n_channels && w->left > 0; i++) {
		struct sample s;

		if (!w->chosen[i])
			continue;
		board_look(w->board, i, now_boot(), &s);
		print_change(w->board, i, &s);
		w->left--;
	}
	return CLI_GOOD;
}

int
cli_watch(struct args *args)
{
	struct watch w = { .left = INT64_MAX };
	const char *count_text = NULL;
	struct board_change changes[64];
	uint64_t missed;
	int code;

	if (args_option(args, "--count", &count_text) &&
		(!text_to_int(count_text, &w.left) || w.left < 1))
		return cli_say(args, CLI_WRONG,
			"'--count %s' is not a number of lines; write for example --count 10",
			count_text);
	if (args_count(args, 0, 1000) != 0)
		return CLI_WRONG;
	code = watch_begin(args, &w);
	while (code == CLI_GOOD && w.left > 0) {
		size_t n = board_tape_read(w.board, &w.place, changes, NELEM(changes), &missed);

		if (missed > 0)
			printf("%llu changes were missed: this terminal was too slow\n",
				(unsigned long long)missed);
		for (size_t i = 0; i < n && w.left > 0; i++)
			if (changes[i].channel < w.n_channels && w.chosen[changes[i].channel]) {
				print_change(w.board, changes[i].channel, &changes[i].sample);
				w.left--;
			}
		if (n == 0)
			rest();
		/* A reload or a restart has made another board; none at all: the bench has been stopped. */
		if (n == 0 && !board_is_alive(w.board, now_boot()))
			code = watch_begin(args, &w);
	}
	free(w.chosen);
	return code;
}

/* ---- trace ---- */

static void
print_line(const struct board *b, const struct board_trace *t)
{
	static const char *const arrows[] = { "->", "<-", "--" };
	char when[CLOCK_TEXT_SIZE];

	clock_text(when, board_wall(b, t->stamp_ns));
	printf("%s %s", when, arrows[MIN(t->kind, (uint16_t)2)]);
	for (unsigned i = 0; i < MIN((unsigned)t->n, (unsigned)BOARD_TRACE_BYTES); i++)
		printf(" %02X", t->bytes[i]);
	if (t->n > BOARD_TRACE_BYTES)
		printf(" ... (%u bytes)", t->n);
	if (t->meaning[0] != '\0')
		printf("  %s", t->meaning);
	if (t->quality != Q_GOOD)
		printf("  [%s]", quality_row(t->quality)->text_en);
	putchar('\n');
}

/* How long replies took: a line a bucket, with a bar. */
static int
print_replies(const struct board *b, uint32_t instrument)
{
	static const char bar[] = "########################################";
	struct board_state s;
	uint64_t all = 0;

	board_read_state(b, instrument, &s);
	for (int i = 0; i < BOARD_HISTOGRAM; i++)
		all += s.reply[i];
	if (all == 0)
		puts("no reply yet");
	for (int i = 0; i < BOARD_HISTOGRAM; i++) {
		double share = all == 0 ? 0 : (double)s.reply[i] / (double)all;

		if (s.reply[i] > 0)
			printf("< %10.3f ms %10u %5.1f %%  %.*s\n",
				(double)board_reply_below(i) / 1e6, s.reply[i], 100 * share,
				(int)(share * (double)(sizeof(bar) - 1) + 0.5), bar);
	}
	return CLI_GOOD;
}

int
cli_trace(struct args *args)
{
	bool follow = args_option(args, "--follow", NULL),
	     replies = args_option(args, "--replies", NULL);
	static struct board_trace lines[4096];
	const struct board *b;
	uint64_t seen = 0;
	uint32_t instrument;
	int code;

	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	b = look_open(args, &code);
	if (b == NULL)
		return code;
	instrument = look_instrument(args, b, args->at[0]);
	if (instrument == IMAGE_NONE)
		return CLI_WRONG;
	if (replies)
		return print_replies(b, instrument);
	do {
		size_t n = board_read_trace(b, instrument, lines, NELEM(lines));

		for (size_t i = 0; i < n; i++)
			if (lines[i].seq > seen) {
				print_line(b, &lines[i]);
				seen = lines[i].seq;
			}
		if (follow)
			rest();
	} while (follow && board_is_alive(b, now_boot()));
	return CLI_GOOD;
}
