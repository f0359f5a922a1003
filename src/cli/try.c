/* try.c - mbc try: single exchanges with what is connected, before there is a bench; and what mbc scan shares with it
 *
 * Both write a bench of a few lines, compile it as any other, and let mbc-try talk. On a wire that a running bench uses its controller asks for
 * us, in between its own questions: two masters on one line would disturb each other.
 */
#include "cli/try.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/owner.h"
#include "link/codec.h"

/* ---- the wire --------------------------------------------------------------------------------------------------------------- */

/* A word and one value. */
static bool
is_plain(const char *text, const char *colon)
{
	static const char *const words[] = { "tcp", "rtu", "udp", "hid", "usbtmc" };

	for (size_t i = 0; i < NELEM(words); i++)
		if (strlen(words[i]) == (size_t)(colon - text) &&
			strncmp(text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

bool
try_put_link(struct buf *out, const char *text)
{
	const char *colon = strchr(text, ':'), *comma;

	if (colon == NULL || colon[1] == '\0' || strpbrk(text, "\"\\\n") != NULL)
		return false;
	if (is_plain(text, colon)) {
		/* One question at a time: that is what is shown, and what a running bench takes. */
		buf_printf(out, "  " TRY_WIRE ": {%.*s: \"%s\"%s}\n", (int)(colon - text), text,
			colon + 1, strncmp(text, "tcp:", 4) == 0 ? ", pipeline: no" : "");
		return true;
	}
	if (strncmp(text, "serial:", 7) != 0)
		return false;
	comma = strchr(colon, ',');
	if (comma == NULL)
		buf_printf(out, "  " TRY_WIRE ": {serial: \"%s\"}\n", colon + 1);
	else
		buf_printf(out, "  " TRY_WIRE ": {serial: \"%.*s\", line: \"%s\"}\n",
			(int)(comma - colon - 1), colon + 1, comma + 1);
	return true;
}

int
try_say_link(const struct args *args, const char *text)
{
	return cli_say(args, CLI_WRONG,
		"'%s' is no wire; write tcp:HOST:PORT, rtu:HOST:PORT, udp:HOST:PORT, "
		"serial:PATH,9600 8N1, hid:VENDOR:PRODUCT or usbtmc:VENDOR:PRODUCT",
		text);
}

/* ---- a bench of a few lines ---------------------------------------------------------------------------------------------- */

/* By the compiler's standard input: instrument files are then looked for where the user is. */
struct image *
try_compile(struct args *args, const struct buf *text, int *out_fd, int *out_code)
{
	int fd = memfd_create("mbc-try", MFD_CLOEXEC);
	int was = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	struct image *img = NULL;

	*out_code = CLI_FAILED;
	if (fd < 0 || write(fd, text->data, text->n) != (ssize_t)text->n ||
		lseek(fd, 0, SEEK_SET) != 0 || dup2(fd, STDIN_FILENO) < 0)
		cli_say(args, 0, "handing over a bench: %s", strerror(errno));
	else
		img = cli_compile(args, "-", out_fd, out_code);
	if (was >= 0)
		dup2(was, STDIN_FILENO);
	if (was >= 0)
		close(was);
	if (fd >= 0)
		close(fd);
	return img;
}

bool
try_find_door(const struct args *args, const struct image *img, struct try_door *d)
{
	char bench[OWNER_NAME];

	d->fd = -1;
	switch (owner_of_wire(args, img, bench, d->instrument)) {
	case OWNED_NOT:
		return true;
	case OWNED_BY_BENCH:
		d->fd = owner_door(args, bench, d->instrument);
		return d->fd >= 0;
	case OWNED_UNKNOWN:
		break;
	}
	return false;
}

#define WORDS 14

int
try_exec(const struct args *args, int image_fd, const struct try_door *d, const char *seconds,
	const char *how)
{
	char number[16], through[16], instrument[64];
	const char *words[WORDS] = { NULL, "--image-fd", number, "--seconds", seconds, "--secrets",
		"secrets" /* where we are */ };
	char *argv[WORDS] = { NULL };
	int n = 7;

	snprintf(number, sizeof(number), "%d", image_fd);
	if (d->fd >= 0) {
		snprintf(through, sizeof(through), "%d", d->fd);
		text_copy(instrument, sizeof(instrument), d->instrument);
		words[n++] = "--through-fd";
		words[n++] = through;
		words[n++] = "--instrument";
		words[n++] = instrument;
		if (d->may_write)
			words[n++] = "--yes-write";
	}
	if (how != NULL)
		words[n++] = how;
	for (int i = 1; i < n; i++)
		argv[i] = mem_text(words[i]);
	return cli_exec(args, "try", argv);
}

/* ---- try --------------------------------------------------------------------------------------------------------------------- */

/* The file's folder becomes the catalogue, its name the instrument: "./x/pump.yaml" -> "pump". */
static bool
find_name(const struct args *args, const char *file, char *out, size_t cap)
{
	const char *slash = strrchr(file, '/'), *name = slash == NULL ? file : slash + 1;
	size_t n = strlen(name);
	char folder[PATH_MAX], path[PATH_MAX];

	if (n < 6 || strcmp(name + n - 5, ".yaml") != 0) {
		text_copy(out, cap, file); /* one of the catalogue */
		return true;
	}
	snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 1 : (int)MAX(slash - file, 1),
		slash == NULL ? "." : file);
	if (realpath(folder, path) == NULL || n - 5 >= cap) {
		cli_say(args, 0, "'%s': %s", file, strerror(errno));
		return false;
	}
	/* From there on: one of the same name in the folder `instruments` here is not meant. */
	if (chdir(path) < 0) {
		cli_say(args, 0, "'%s': %s", path, strerror(errno));
		return false;
	}
	setenv("MBC_CATALOGUE", path, 1);
	snprintf(out, cap, "%.*s", (int)(n - 5), name);
	return true;
}

/* What is sent before the first question changes the device: only who says so gets it. */
static bool
would_prepare(const struct args *args, const struct image *img)
{
	struct buf list = { 0 };
	bool would = false;

	for (uint32_t i = 0; i < img->messages.n; i++) {
		const struct image_message *m = image_message_at(img, i);

		if (m->role != MESSAGE_INIT)
			continue;
		for (uint32_t k = i;; k = image_instrument_at(img, 0)->first_message + m->next) {
			m = image_message_at(img, k);
			buf_printf(
				&list, "%s'%s'", list.n > 0 ? ", " : "", image_text(img, m->send));
			if (m->next == 0)
				break;
		}
		would = true;
	}
	for (uint32_t i = 0; i < img->presets.n; i++)
		buf_printf(&list, "%s{%s}", list.n > 0 ? ", " : "",
			image_text(img, image_preset_at(img, i)->said));
	would |= img->presets.n > 0;
	if (would)
		cli_say(args, 0,
			"this instrument is prepared before it is asked, by %s; add --prepare when "
			"that may be sent to the device",
			buf_text(&list));
	buf_done(&list);
	return would;
}

/* A wire on which somebody else may have asked is quiet only after all answers that are late (three timeouts, link_late.c). */
static int64_t
enough_s(const struct image *img)
{
	int64_t timeout_ns = NS_PER_S;

	for (uint32_t i = 0; i < img->instruments.n; i++)
		timeout_ns = MAX(timeout_ns, image_instrument_at(img, i)->timeout_ns);
	if (timeout_ns > NS_PER_S)
		printf("The first question waits up to %lld s, until no answer to somebody before "
		       "can come any more.\n",
			(long long)(3 * timeout_ns / NS_PER_S));
	fflush(stdout);
	return 10 + 4 * timeout_ns / NS_PER_S;
}

/* The bench of one instrument, tried. params: "" or ", NAME: VALUE" of each. */
static int
try_instrument(struct args *args, const char *name, const char *link, const char *params,
	const char *seconds, bool may_prepare, bool may_write)
{
	struct try_door door = { .may_write = may_write };
	struct buf text = { 0 };
	struct image *img = NULL;
	char enough[16];
	int fd, code = CLI_WRONG;

	buf_puts(&text, "bench: try\nserve: no\nlinks:\n");
	if (!try_put_link(&text, link)) {
		code = try_say_link(args, link);
	} else {
		buf_printf(&text, "instruments:\n  device: {use: \"%s\", link: " TRY_WIRE "%s}\n",
			name, params);
		img = try_compile(args, &text, &fd, &code);
		if (img == NULL && code == CLI_WRONG)
			cli_say(args, 0,
				"what is said of line -:N is about this command: --with "
				"NAME=VALUE gives a param, --link the link");
	}
	buf_done(&text);
	if (img == NULL)
		return code;
	code = CLI_WRONG;
	if ((may_prepare || !would_prepare(args, img)) && try_find_door(args, img, &door)) {
		snprintf(enough, sizeof(enough), "%lld", (long long)enough_s(img));
		code = try_exec(args, fd, &door, seconds == NULL ? enough : seconds, NULL);
	}
	free(img);
	return code;
}

/* NAME=VALUE; a password or key is NAME=secret:FILE. */
static void
put_param(struct buf *out, const char *param, const char *equals)
{
	bool is_secret = strncmp(equals + 1, "secret:", 7) == 0;

	buf_printf(out, is_secret ? ", %.*s: {secret: \"%s\"}" : ", %.*s: \"%s\"",
		(int)(equals - param), param, equals + (is_secret ? 8 : 1));
}

int
cli_try(struct args *args)
{
	const char *link = NULL, *seconds = NULL, *param;
	struct buf params = { 0 };
	char name[128];
	int64_t limit;
	bool may_prepare, may_write;
	int code = CLI_GOOD;

	args_option(args, "--link", &link);
	args_option(args, "--seconds", &seconds);
	may_prepare = args_option(args, "--prepare", NULL);
	may_write = args_option(args, "--yes-write", NULL);
	while (args_option(args, "--with", &param)) {
		const char *equals = strchr(param, '=');

		if (equals == NULL || strpbrk(param, "\"\\\n") != NULL)
			code = cli_say(args, CLI_WRONG,
				"'%s' gives no param; write --with NAME=VALUE", param);
		else
			put_param(&params, param, equals);
	}
	if (code == CLI_GOOD && args_count(args, 1, 1) != 0)
		code = CLI_WRONG;
	else if (code == CLI_GOOD && link == NULL)
		code = cli_say(args, CLI_WRONG,
			"where is it? write --link tcp:HOST:PORT or --link serial:PATH");
	else if (code == CLI_GOOD && seconds != NULL &&
		 (!text_to_int(seconds, &limit) || limit < 1 || limit > 3600))
		code = cli_say(
			args, CLI_WRONG, "'%s' is no number of seconds; write 1 to 3600", seconds);
	else if (code == CLI_GOOD && !find_name(args, args->at[0], name, sizeof(name)))
		code = CLI_WRONG;
	else if (code == CLI_GOOD)
		code = try_instrument(args, name, link, params.n > 0 ? buf_text(&params) : "",
			seconds, may_prepare, may_write);
	buf_done(&params);
	return code;
}
