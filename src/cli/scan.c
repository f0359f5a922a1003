/* scan.c - mbc scan: what answers on a wire, by reads that change nothing
 *
 * First languages in which every device of a kind understands the same read, then what identifies the instruments of the catalogue: those go
 * to mbc-try all together, which asks each question once (try_identify.h). On a serial line whose speed is not said, they are asked
 * at the speeds of their files, one after the other.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/owner.h"
#include "cli/try.h"

#define UNITS                                                                                      \
	32 /* of Modbus, and addresses of instruments, that are asked, unless more are wanted */
#define UNITS_MAX 247

/* Who is asked, in this order: reads that change nothing in any device that understands them. */
static void
put_modbus(struct buf *out, int64_t units)
{
	for (int64_t i = 1; i <= units; i++)
		buf_printf(out,
			"  unit_%lld: {use: modbus, link: " TRY_WIRE
			", unit: %lld, every: 1h, timeout: 200 ms, "
			"retries: 0, channels: {x: {read: {holding: 0}}}}\n",
			(long long)i, (long long)i);
}

static void
put_propar(struct buf *out, int64_t units)
{
	(void)units;
	buf_puts(out, "  propar: {use: propar, link: " TRY_WIRE
		      ", every: 1h, timeout: 500 ms, retries: 0, channels: {x: {read: "
		      "{process: 1, parameter: 0, type: int16}}}}\n");
}

static void
put_tpg(struct buf *out, int64_t units)
{
	(void)units;
	buf_puts(out, "  tpg: {use: tpg, link: " TRY_WIRE
		      ", every: 1h, timeout: 500 ms, retries: 0, channels: {x: {read: "
		      "{ask: UNI}}}}\n");
}

static const struct probe {
	const char *title;
	void (*put)(struct buf *out, int64_t units);
	bool on_any; /* also behind rtu: and udp: */
} probes[] = {
	{ "Modbus", put_modbus, true },
	{ "Bronkhorst ProPar", put_propar, false },
	{ "Pfeiffer TPG", put_tpg, false },
};

struct scan {
	struct args *args;
	const char *link;
	int64_t units;
	char *const *names; /* [n_names] of instrument files; none: all, and the languages */
	int n_names;
	bool found;
};

/* What became of mbc-try: SCAN_TOLD: it failed, and that was told. */
enum { SCAN_ANSWERED, SCAN_SILENT, SCAN_TOLD, SCAN_STOPPED };

/* ---- asking ---------------------------------------------------------------------------------------------------------------- */

/* Ctrl-C goes to who is asking: it ends cleanly, and we hear of it. */
static int
wait_for(pid_t pid)
{
	int status = 0;

	signal(SIGINT, SIG_IGN);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, SIG_DFL);
	return pid < 0 || !WIFEXITED(status) ? SCAN_TOLD : WEXITSTATUS(status);
}

/* A bench whose instruments are `instruments`, tried. */
static int
ask(struct scan *s, const char *link, const struct buf *instruments, const char *title,
	const char *how)
{
	struct buf text = { 0 };
	struct image *img = NULL;
	struct try_door door = { .fd = -1 };
	int fd = -1, code;
	pid_t pid;

	buf_puts(&text, "bench: scan\nserve: no\nlinks:\n");
	(void)try_put_link(&text, link);
	buf_puts(&text, "instruments:\n");
	buf_put(&text, instruments->data, instruments->n);
	img = try_compile(s->args, &text, &fd, &code);
	buf_done(&text);
	if (img == NULL || !try_find_door(s->args, img, &door)) {
		free(img);
		return SCAN_TOLD;
	}
	printf("%s:\n", title);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(try_exec(s->args, fd, &door, "300", how));
	close(fd);
	if (door.fd >= 0)
		close(door.fd);
	free(img);
	code = wait_for(pid);
	if (code == SCAN_SILENT)
		puts("  nobody answers");
	s->found |= code == SCAN_ANSWERED;
	return code;
}

static bool
is_link(const char *text)
{
	struct buf link = { 0 };
	bool is_one = try_put_link(&link, text);

	buf_done(&link);
	return is_one;
}

static int
ask_languages(struct scan *s)
{
	int rc = SCAN_SILENT;

	for (size_t i = 0; i < NELEM(probes) && rc <= SCAN_SILENT; i++) {
		struct buf text = { 0 };

		if (strncmp(s->link, "tcp:", 4) != 0 && strncmp(s->link, "serial:", 7) != 0 &&
			!probes[i].on_any)
			continue;
		probes[i].put(&text, s->units);
		rc = ask(s, s->link, &text, probes[i].title, "--quiet");
		buf_done(&text);
	}
	return rc;
}

/* ---- identifications -------------------------------------------------------------------------------------------------------- */

/* Any instrument of SCPI, also one that no file describes. */
#define SCPI_LINE "9600 8N1\tSCPI\n"

/* An instrument of the list; at: its words, as a bench and people read them. */
static void
put_one(struct buf *out, size_t number, const char *words, size_t n)
{
	if (n == 4 && memcmp(words, "SCPI", n) == 0) {
		buf_puts(out,
			"  scpi: {use: text, link: " TRY_WIRE ", title: SCPI, timeout: 500 ms, "
			"end: '\\n', identity: {send: '*IDN?', receive: '{identity:text}'}, "
			"messages: {idn: {send: '*IDN?', receive: '{id:text}'}}, channels: "
			"{id: {read: idn}}}\n");
		return;
	}
	buf_printf(out, "  i%zu: {%.*s, link: " TRY_WIRE ", title: \"%.*s\"}\n", number, (int)n,
		words, (int)n, words);
}

/* Take the lines that are set as the first one (all_alike: all) out of the list, which has "SETTINGS TAB WORDS" in each line. */
static void
take_group(struct buf *list, bool all_alike, struct buf *out, char settings[32])
{
	struct buf rest = { 0 };
	const char *at = list->data, *all_end = list->data + list->n;
	size_t number = 0;

	settings[0] = '\0';
	while (at < all_end) {
		const char *end = memchr(at, '\n', (size_t)(all_end - at));
		const char *tab = end == NULL ? NULL : memchr(at, '\t', (size_t)(end - at));

		if (tab == NULL)
			break;
		if (settings[0] == '\0')
			snprintf(settings, 32, "%.*s", (int)(tab - at), at);
		if (all_alike || (strlen(settings) == (size_t)(tab - at) &&
					 memcmp(settings, at, (size_t)(tab - at)) == 0))
			put_one(out, number++, tab + 1, (size_t)(end - tab - 1));
		else
			buf_put(&rest, at, (size_t)(end + 1 - at));
		at = end + 1;
	}
	buf_done(list);
	*list = rest;
}

/* What the compiler knows: the lines of identities.h. */
static int
read_list(struct scan *s, struct buf *out)
{
	char option[] = "--identities", kind[8], number[8], bytes[4096];
	char **argv = mem_zero((size_t)s->n_names + 5, sizeof(*argv));
	int ends[2], code;
	pid_t pid;
	ssize_t n;

	snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(s->link, ":"), s->link);
	snprintf(number, sizeof(number), "%d", (int)s->units);
	argv[1] = option;
	argv[2] = kind;
	argv[3] = number;
	memcpy(argv + 4, s->names, (size_t)s->n_names * sizeof(*argv));
	fflush(NULL);
	if (pipe(ends) < 0) {
		free(argv);
		cli_say(s->args, 0, "starting the compiler: %s", strerror(errno));
		return SCAN_TOLD;
	}
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		_exit(cli_exec(s->args, "compile", argv));
	}
	close(ends[1]);
	while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
		buf_put(out, bytes, (size_t)n);
	close(ends[0]);
	free(argv);
	code = wait_for(pid);
	return code == 0 ? SCAN_ANSWERED : SCAN_TOLD;
}

static bool
is_usb(const struct scan *s)
{
	return strncmp(s->link, "hid:", 4) == 0 || strncmp(s->link, "usbtmc:", 7) == 0;
}

static int
ask_identities(struct scan *s)
{
	bool is_serial = strncmp(s->link, "serial:", 7) == 0;
	bool all_alike = !is_serial || strchr(s->link, ',') != NULL;
	struct buf list = { 0 };
	/* A device at its own cable understands SCPI or says what it is in its file: others need not be asked in all languages. */
	int rc = is_usb(s) && s->n_names == 0 ? SCAN_SILENT : read_list(s, &list);

	if (rc != SCAN_TOLD && s->n_names == 0 && strncmp(s->link, "rtu:", 4) != 0)
		buf_puts(&list, SCPI_LINE);
	if (rc != SCAN_TOLD && list.n == 0 && s->n_names > 0) {
		cli_say(s->args, 0,
			"none of these files has an identification that one question tells on this "
			"wire without further params; write: mbc try --link LINK NAME");
		rc = SCAN_TOLD;
	}
	while (rc != SCAN_TOLD && rc != SCAN_STOPPED && list.n > 0) {
		struct buf group = { 0 }, link = { 0 };
		char settings[32], title[80];

		take_group(&list, all_alike, &group, settings);
		buf_puts(&link, s->link);
		if (!all_alike && strcmp(settings, "-") != 0)
			buf_printf(&link, ",%s", settings);
		snprintf(title, sizeof(title), "Identifications of the catalogue%s%s",
			all_alike || strcmp(settings, "-") == 0 ? "" : " at ",
			all_alike || strcmp(settings, "-") == 0 ? "" : settings);
		rc = ask(s, buf_text(&link), &group, title, "--identify");
		buf_done(&group);
		buf_done(&link);
	}
	buf_done(&list);
	return rc;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------ */

#define NAMES_MAX 20

/* units: as it was said, NULL: not */
static int
scan(struct scan *s, const char *units)
{
	struct args *args = s->args;
	int rc = SCAN_SILENT;

	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	if (units != NULL &&
		(!text_to_int(units, &s->units) || s->units < 1 || s->units > UNITS_MAX))
		return cli_say(args, CLI_WRONG, "'%s' is no number of units; write 1 to %d", units,
			UNITS_MAX);
	s->link = args->at[0];
	if (!is_link(s->link))
		return try_say_link(args, s->link);
	if (strncmp(s->link, "hid:", 4) == 0 && s->n_names == 0)
		return cli_say(args, CLI_WRONG,
			"nothing can be asked of a HID device that is not known: any report may "
			"move "
			"something; say which one it may be: --use NAME");
	if (s->n_names == 0 && !is_usb(s))
		rc = ask_languages(s);
	if (rc <= SCAN_SILENT)
		rc = ask_identities(s);
	if (rc == SCAN_STOPPED)
		puts("Stopped.");
	else if (rc != SCAN_TOLD && !s->found)
		puts("Nobody answers; check power, cable, and speed and parity of a serial line.");
	return rc != SCAN_TOLD && s->found ? CLI_GOOD : CLI_WRONG;
}

int
cli_scan(struct args *args)
{
	char *names[NAMES_MAX];
	struct scan s = { .args = args, .units = UNITS, .names = names };
	const char *units = NULL, *name;
	int code;

	args_option(args, "--units", &units);
	while (s.n_names < NAMES_MAX && args_option(args, "--use", &name))
		names[s.n_names++] = mem_text(name);
	code = scan(&s, units);
	for (int i = 0; i < s.n_names; i++)
		free(names[i]);
	return code;
}
