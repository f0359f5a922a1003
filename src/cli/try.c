/* try.c - mbc try and mbc scan: single exchanges with what is connected, before there is a bench
 *
 * Both write a bench of a few lines, compile it as any other, and let mbc-try talk. A wire that a running bench uses is left alone: two masters
 * on one line would disturb each other.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/owner.h"
#include "io/place.h"
#include "io/seal.h"
#include "link/codec.h"

#define WIRE "wire"

/* ---- the wire --------------------------------------------------------------------------------------------------------------- */

/* "tcp:HOST:PORT", "rtu:HOST:PORT", "serial:PATH", "serial:PATH,9600 8N1" as a link of a bench file; false: it is none. */
static bool
put_link(struct buf *out, const char *text)
{
	const char *colon = strchr(text, ':'), *comma;

	if (colon == NULL || colon[1] == '\0' || strpbrk(text, "\"\\\n") != NULL)
		return false;
	if (strncmp(text, "tcp:", 4) == 0 || strncmp(text, "rtu:", 4) == 0) {
		buf_printf(out, "  " WIRE ": {%.3s: \"%s\"}\n", text, colon + 1);
		return true;
	}
	if (strncmp(text, "serial:", 7) != 0)
		return false;
	comma = strchr(colon, ',');
	if (comma == NULL)
		buf_printf(out, "  " WIRE ": {serial: \"%s\"}\n", colon + 1);
	else
		buf_printf(out, "  " WIRE ": {serial: \"%.*s\", line: \"%s\"}\n",
			(int)(comma - colon - 1), colon + 1, comma + 1);
	return true;
}

static int
say_link(const struct args *args, const char *text)
{
	return cli_say(args, CLI_WRONG,
		"'%s' is no wire; write tcp:HOST:PORT, rtu:HOST:PORT or serial:PATH,9600 8N1",
		text);
}

/* ---- a bench of a few lines ---------------------------------------------------------------------------------------------- */

/* Compile the text; NULL: that was told. */
static struct image *
compile_text(struct args *args, const struct buf *text, int *out_fd, int *out_code)
{
	char path[PLACE_MAX + 40], dir[PLACE_MAX];
	struct image *img = NULL;
	struct err err;
	int fd;

	*out_code = CLI_FAILED;
	if (place_run_dir(dir, &err) < 0) {
		cli_say(args, 0, "%s", err.msg);
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/try-%ld.yaml", dir, (long)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text->data, text->n) != (ssize_t)text->n)
		cli_say(args, 0, "writing '%s': %s", path, strerror(errno));
	else
		img = cli_compile(args, path, out_fd, out_code);
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	return img;
}

static int
exec_try(const struct args *args, int image_fd, const char *seconds, bool is_quiet)
{
	char fd_option[] = "--image-fd", seconds_option[] = "--seconds", quiet_option[] = "--quiet";
	char number[16], limit[16];
	char *argv[] = { NULL, fd_option, number, seconds_option, limit,
		is_quiet ? quiet_option : NULL, NULL };

	snprintf(number, sizeof(number), "%d", image_fd);
	snprintf(limit, sizeof(limit), "%s", seconds);
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
	const char *seconds, bool may_prepare)
{
	struct buf text = { 0 };
	struct image *img = NULL;
	char enough[16];
	int fd, code = CLI_WRONG;

	buf_puts(&text, "bench: try\nserve: no\nlinks:\n");
	if (!put_link(&text, link)) {
		code = say_link(args, link);
	} else {
		buf_printf(&text, "instruments:\n  device: {use: \"%s\", link: " WIRE "%s}\n", name,
			params);
		img = compile_text(args, &text, &fd, &code);
		if (img == NULL && code == CLI_WRONG)
			cli_say(args, 0,
				"what is said of try-%ld.yaml is about this command: --with "
				"NAME=VALUE gives a param, --link the link",
				(long)getpid());
	}
	buf_done(&text);
	if (img == NULL)
		return code;
	code = CLI_WRONG;
	if ((may_prepare || !would_prepare(args, img)) && !owner_has_wire(args, img)) {
		snprintf(enough, sizeof(enough), "%lld", (long long)enough_s(img));
		code = exec_try(args, fd, seconds == NULL ? enough : seconds, false);
	}
	free(img);
	return code;
}

int
cli_try(struct args *args)
{
	const char *link = NULL, *seconds = NULL, *param;
	struct buf params = { 0 };
	char name[128];
	int64_t limit;
	bool may_prepare;
	int code = CLI_GOOD;

	args_option(args, "--link", &link);
	args_option(args, "--seconds", &seconds);
	may_prepare = args_option(args, "--prepare", NULL);
	while (args_option(args, "--with", &param)) {
		const char *equals = strchr(param, '=');

		if (equals == NULL || strpbrk(param, "\"\\\n") != NULL)
			code = cli_say(args, CLI_WRONG,
				"'%s' gives no param; write --with NAME=VALUE", param);
		else
			buf_printf(&params, ", %.*s: \"%s\"", (int)(equals - param), param,
				equals + 1);
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
			seconds, may_prepare);
	buf_done(&params);
	return code;
}

/* ---- scan -------------------------------------------------------------------------------------------------------------------- */

#define UNITS 32 /* of Modbus that are asked, unless more are wanted */
#define UNITS_MAX 247

/* Who is asked, in this order: reads that change nothing in any device that understands them. */
static void
put_modbus(struct buf *out, int64_t units)
{
	for (int64_t i = 1; i <= units; i++)
		buf_printf(out,
			"  unit_%lld: {use: modbus, link: " WIRE
			", unit: %lld, every: 1h, timeout: 200 ms, "
			"retries: 0, channels: {x: {read: {holding: 0}}}}\n",
			(long long)i, (long long)i);
}

static void
put_scpi(struct buf *out, int64_t units)
{
	(void)units;
	buf_puts(out, "  scpi: {use: text, link: " WIRE
		      ", every: 1h, timeout: 500 ms, retries: 0, end: '\\n', identity: "
		      "{send: '*IDN?', receive: '{identity:text}'}, messages: {idn: {send: "
		      "'*IDN?', receive: "
		      "'{id:text}'}}, channels: {id: {read: idn}}}\n");
}

static void
put_propar(struct buf *out, int64_t units)
{
	(void)units;
	buf_puts(out, "  propar: {use: propar, link: " WIRE
		      ", every: 1h, timeout: 500 ms, retries: 0, channels: {x: {read: "
		      "{process: 1, parameter: 0, type: int16}}}}\n");
}

static void
put_tpg(struct buf *out, int64_t units)
{
	(void)units;
	buf_puts(out, "  tpg: {use: tpg, link: " WIRE
		      ", every: 1h, timeout: 500 ms, retries: 0, channels: {x: {read: "
		      "{ask: UNI}}}}\n");
}

static const struct probe {
	const char *title;
	void (*put)(struct buf *out, int64_t units);
	bool on_rtu; /* also behind rtu: */
} probes[] = {
	{ "Modbus", put_modbus, true },
	{ "SCPI (*IDN?)", put_scpi, false },
	{ "Bronkhorst ProPar", put_propar, false },
	{ "Pfeiffer TPG", put_tpg, false },
};

/* Ask in one language; 0: somebody answers, 1: nobody does, 2: that was told. */
static int
ask_in(struct args *args, const struct probe *p, const char *link, int64_t units, bool is_first)
{
	struct buf text = { 0 };
	struct image *img;
	int status = 0, fd, code;
	pid_t pid;

	buf_puts(&text, "bench: scan\nserve: no\nlinks:\n");
	if (!put_link(&text, link)) {
		buf_done(&text);
		say_link(args, link);
		return 2;
	}
	buf_puts(&text, "instruments:\n");
	p->put(&text, units);
	img = compile_text(args, &text, &fd, &code);
	buf_done(&text);
	if (img == NULL || (is_first && owner_has_wire(args, img))) {
		free(img);
		return 2;
	}
	printf("%s:\n", p->title);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(exec_try(args, fd, "300", true));
	close(fd);
	free(img);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || !WIFEXITED(status))
		return 2;
	if (WEXITSTATUS(status) == 1)
		puts("  nobody answers");
	return WEXITSTATUS(status);
}

int
cli_scan(struct args *args)
{
	const char *text = NULL;
	int64_t units = UNITS;
	bool found = false;
	int rc = 0;

	args_option(args, "--units", &text);
	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	if (text != NULL && (!text_to_int(text, &units) || units < 1 || units > UNITS_MAX))
		return cli_say(args, CLI_WRONG, "'%s' is no number of units; write 1 to %d", text,
			UNITS_MAX);
	for (size_t i = 0; i < NELEM(probes); i++) {
		if (strncmp(args->at[0], "rtu:", 4) == 0 && !probes[i].on_rtu)
			continue;
		rc = ask_in(args, &probes[i], args->at[0], units, i == 0);
		if (rc == 2)
			return CLI_WRONG;
		found |= rc == 0;
	}
	if (!found)
		puts("Nobody answers in these languages; check power, cable, and speed and parity "
		     "of a serial line.");
	return found ? CLI_GOOD : CLI_WRONG;
}
