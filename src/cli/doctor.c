/* doctor.c - mbc doctor: what protects the bench on this computer, and how it does */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/doctor.h"
#include "cli/look.h"
#include "io/now.h"
#include "io/place.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/sock.h"

static const char disclaimer[] =
	"mbc is a control and monitoring system. It is not a safety instrumented system, has no "
	"SIL, and its trips, interlocks,\n"
	"safe states and alerts must not be counted as the protection of people. Gas detection, "
	"over-temperature, over-pressure\n"
	"and emergency stop act by their own wired devices, which keep working with this computer "
	"off. A relay, valve or\n"
	"computer is suitable for a hazardous (ATEX) zone only if its own certificate says so.\n";

void
doctor_verdict(bool is_good, const char *what, const char *otherwise)
{
	printf("  %s  %s%s%s\n", is_good ? "good" : "MIND", what, is_good ? "" : ": ",
		is_good ? "" : otherwise);
}

/* Does a reader's descriptor really allow no writable mapping? Tried, not assumed. */
static bool
glass_holds(void)
{
	int reader = -1;
	void *memory = seal_make("mbc-doctor", 4096, &reader, NULL), *again;
	char path[40];
	int fd;
	bool holds = false;

	if (memory == NULL)
		return false;
	again = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0);
	holds = again == MAP_FAILED;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", reader);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		again = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		holds = holds && again == MAP_FAILED;
		close(fd);
	}
	close(reader);
	seal_done(memory, 4096);
	return holds;
}

/* They are taken when root starts a bench. */
static void
look_for_users(void)
{
	static const char *const users[] = { "mbc-compile", "mbc-control", "mbc-serve",
		"mbc-history", "mbc-query", "mbc-gate", "mbc-helper", "mbc-public" };
	bool all = true;

	for (size_t i = 0; i < NELEM(users); i++)
		all = all && getpwnam(users[i]) != NULL;
	doctor_verdict(all, "each process can have a user of its own",
		"mbc-compile, mbc-control, mbc-serve, mbc-history, mbc-query, mbc-gate, "
		"mbc-helper and mbc-public do not "
		"all exist; 'make "
		"install' "
		"by root makes them");
}

static void
look_at_computer(void)
{
	struct utsname u;
	char landlock[60];
	char program[PLACE_MAX];
	struct err err;
	static const char *const programs[] = { "supervise", "compile", "control", "serve",
		"history", "query", "gate", "hash", "twin", "curl", "rehearse", "errand", "alert",
		"certificate", "public" };
	bool all = true;

	uname(&u);
	printf("This computer: %s %s %s, mbc %s\n", u.sysname, u.release, u.machine, MBC_VERSION);
	for (size_t i = 0; i < NELEM(programs); i++)
		all = all && place_program(program, programs[i], &err) == 0;
	doctor_verdict(all, "all programs of mbc are in place", "run 'make install' again");
	doctor_verdict(glass_holds(), "the board: readers cannot map it for writing",
		"this kernel lets readers map it for writing; use Linux 5.1 or newer");
	snprintf(landlock, sizeof(landlock), "the kernel offers Landlock, version %d",
		sandbox_landlock_offered());
	doctor_verdict(sandbox_landlock_offered() > 0, landlock,
		"it has none, so a process that was taken over can open every file that its user "
		"can; use Linux 5.13 or newer with landlock among its lsm=");
	look_for_users();
	doctor_verdict(now_wall_is_good(), "the clock is synchronised",
		"it is not; start chrony or systemd-timesyncd, or time stamps may be wrong");
}

static void
look_at_instruments(const struct board *b)
{
	struct board_info info;

	board_info(b, &info);
	for (uint32_t i = 0; i < info.n_instruments; i++) {
		static const char *const words[] = { "starting", "up", "DOWN" };
		const struct board_instrument *ins = board_instrument(b, i);
		struct board_state s;
		char since[CLOCK_TEXT_SIZE];

		board_read_state(b, i, &s);
		clock_span(since, now_boot() - s.since_ns);
		printf("  %-16s %-8s for %-12s %s", board_text(b, ins->name),
			words[MIN(s.state, 2u)], since, board_text(b, ins->address));
		if (s.state == INSTRUMENT_DOWN || (s.state == INSTRUMENT_UP && s.reason != Q_GOOD))
			printf("; %s: %s", quality_row(s.reason)->text_en,
				quality_row(s.reason)->remedy_en);
		putchar('\n');
	}
}

/* ---- sandboxes ---- */

/* A line of the supervisor: "sandbox: control 123 mbc-control seccomp on, landlock 7, capabilities none". */
struct confined {
	char name[16], user[32], report[160];
	int pid; /* 0: it runs for a moment only */
	bool is_read;
};

static struct confined
read_confined(const char *line)
{
	struct confined c = { 0 };

	c.is_read = sscanf(line, "sandbox: %15s %d %31s %159[^\n]", c.name, &c.pid, c.user,
			    c.report) == 4;
	return c;
}

/* The kernel's own word for a line "Key:\tVALUE" of /proc/PID/status; false when it is not to be had. */
static bool
kernel_says(int pid, const char *key, unsigned long long *out)
{
	char path[40], line[200];
	size_t n = strlen(key);
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = strncmp(line, key, n) == 0 && line[n] == ':' &&
			sscanf(line + n + 1, "%llx", out) == 1;
	if (f != NULL)
		fclose(f);
	return found;
}

/* What is missing, with its remedy; empty: nothing. */
static void
find_gaps(const struct confined *c, bool is_supervise, char *out, size_t cap)
{
	unsigned long long kernel;
	struct buf text = { 0 };

	if (strstr(c->report, "sanitizer build") != NULL)
		buf_puts(&text, "; a sanitizer build goes without seccomp: it is for tests only");
	else if (strstr(c->report, "seccomp on") == NULL ||
		 (kernel_says(c->pid, "Seccomp", &kernel) && kernel != 2))
		buf_puts(&text, "; this kernel takes no filter of system calls: use one with "
				"CONFIG_SECCOMP_FILTER");
	if (!is_supervise && strstr(c->report, "landlock off") != NULL)
		buf_puts(&text, "; this kernel has no Landlock: once taken over, it can open every "
				"file that its user can; use Linux 5.13 or newer with landlock "
				"among its lsm=");
	if (!is_supervise && (strstr(c->report, "capabilities none") == NULL ||
				     (kernel_says(c->pid, "CapEff", &kernel) && kernel != 0)))
		buf_puts(&text, "; it has capabilities: report this, it should have none");
	if (strstr(c->report, "realtime refused") != NULL ||
		strstr(c->report, "realtime without memory") != NULL)
		buf_puts(&text,
			"; 'realtime: yes' is refused or given in part: start mbc as root, or with "
			"LimitRTPRIO=50 and LimitMEMLOCK=infinity in its unit");
	if (kernel_says(c->pid, "NoNewPrivs", &kernel) && kernel != 1)
		buf_puts(&text, "; it could gain rights by running a program: report this");
	snprintf(out, cap, "%s", text.n > 2 ? buf_text(&text) + 2 : "");
	buf_done(&text);
}

static void
look_at_confined(const struct confined *c)
{
	bool is_supervise = strcmp(c->name, "supervise") == 0;
	char what[320], gaps[600];

	find_gaps(c, is_supervise, gaps, sizeof(gaps));
	if (is_supervise && strcmp(c->user, "root") == 0)
		snprintf(what, sizeof(what),
			"supervise: root with nothing but " SANDBOX_SUPERVISE_CAPABILITIES
			"; seccomp %s",
			strstr(c->report, "seccomp on") != NULL ? "on" : "off");
	else
		snprintf(what, sizeof(what), "%.15s: user %.31s, %.159s", c->name, c->user,
			c->report);
	doctor_verdict(gaps[0] == '\0', what, gaps);
}

/* Who may do what: a process that has become its neighbour's user is kept from it by the filters alone. */
static void
look_at_users(const struct confined *of, size_t n)
{
	const char *control = "", *serve = "", *compile = "", *supervise = "";

	for (size_t i = 0; i < n; i++)
		if (strcmp(of[i].name, "control") == 0)
			control = of[i].user;
		else if (strcmp(of[i].name, "serve") == 0)
			serve = of[i].user;
		else if (strcmp(of[i].name, "compile") == 0)
			compile = of[i].user;
		else if (strcmp(of[i].name, "supervise") == 0)
			supervise = of[i].user;
	doctor_verdict(strcmp(control, serve) != 0 && strcmp(control, supervise) != 0,
		"users: control, serve and supervise are separate",
		"one user runs several processes. Where a filter below is missing, a data server "
		"that was taken over\n"
		"        can signal the controller and open its ports and files; and whoever "
		"becomes this user in another way\n"
		"        can stop the bench, read and change its files and use its instruments. "
		"Start it by root after\n"
		"        'make install', which makes the users");
	if (compile[0] != '\0' && strcmp(supervise, "root") == 0 &&
		strcmp(compile, "mbc-compile") != 0)
		doctor_verdict(false, "compile",
			"the bench file is closed to the user mbc-compile or there is no such "
			"user, so the compiler runs as the owner of the file, inside its "
			"sandbox; chmod o+r the file if it holds nothing private");
}

/* The supervisor's lines: what runs as it is told, what confines it as a verdict each. */
static void
look_at_processes(char *text)
{
	struct confined of[16];
	char *rest = NULL;
	size_t n = 0;

	putchar('\n');
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		struct confined c = read_confined(line);

		if (strncmp(line, "pending: ", 9) == 0)
			doctor_verdict(false, "the bench file runs as it is", line + 9);
		else if (strncmp(line, "certificate-refused: ", 21) == 0)
			doctor_verdict(false, "the certificate", line + 21);
		else if (!c.is_read)
			puts(line);
		else if (n < NELEM(of))
			of[n++] = c;
	}
	look_at_users(of, n);
	for (size_t i = 0; i < n; i++)
		look_at_confined(&of[i]);
}

int
cli_doctor(struct args *args)
{
	char text[WIRE_MAX] = "", bench[64];
	const struct image *img;
	const struct board *b;
	struct err err;
	int fd, pass, rc, code;
	bool is_losses = args_option(args, "--losses", NULL);

	if (args_count(args, 0, is_losses ? 1 : 0) != 0)
		return CLI_WRONG;
	puts(disclaimer);
	if (is_losses)
		return doctor_losses(args);
	look_at_computer();
	if (args->bench == NULL && place_only_bench(bench, sizeof(bench), &err) < 0) {
		printf("Benches: %s\n", err.msg);
		return CLI_GOOD;
	}
	fd = cli_connect(args);
	if (fd < 0)
		return -fd;
	rc = sock_ask(fd, WIRE_STATUS, NULL, text, sizeof(text), &pass, 3000, &err);
	close(fd);
	if (rc < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	look_at_processes(text);
	b = look_open(args, &code);
	if (b == NULL)
		return code;
	doctor_verdict(board_is_alive(b, now_boot()), "the controller ticks",
		"it does not; see the log of 'mbc run'");
	look_at_instruments(b);
	img = look_image(args, &code);
	if (img == NULL)
		return code;
	doctor_protection(args, img, b);
	return CLI_GOOD;
}
