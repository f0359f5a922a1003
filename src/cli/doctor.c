/* doctor.c - mbc doctor: what protects the bench on this computer, and how it does */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/look.h"
#include "io/now.h"
#include "io/place.h"
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

static void
verdict(bool is_good, const char *what, const char *otherwise)
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

static void
look_at_computer(void)
{
	struct utsname u;
	char program[PLACE_MAX];
	struct err err;
	static const char *const programs[] = { "supervise", "compile", "control", "serve",
		"twin" };
	bool all = true;

	uname(&u);
	printf("This computer: %s %s %s, mbc %s\n", u.sysname, u.release, u.machine, MBC_VERSION);
	for (size_t i = 0; i < NELEM(programs); i++)
		all = all && place_program(program, programs[i], &err) == 0;
	verdict(all, "all programs of mbc are in place", "run 'make install' again");
	verdict(glass_holds(), "the board: readers cannot map it for writing",
		"this kernel lets readers map it for writing; use Linux 5.1 or newer");
	verdict(false, "users",
		"all processes run as one user, so the glass protects against mistakes, not "
		"against an "
		"attacker who has become that user");
	verdict(now_wall_is_good(), "the clock is synchronised",
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
		if (s.state == INSTRUMENT_DOWN)
			printf("; %s: %s", quality_row(s.reason)->text_en,
				quality_row(s.reason)->remedy_en);
		putchar('\n');
	}
}

int
cli_doctor(struct args *args)
{
	char text[WIRE_MAX] = "", bench[64];
	const struct board *b;
	struct err err;
	int fd, pass, rc, code;

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	puts(disclaimer);
	look_at_computer();
	if (args->bench == NULL && place_only_bench(bench, sizeof(bench), &err) < 0) {
		printf("Benches: %s\n", err.msg);
		return CLI_GOOD;
	}
	fd = cli_connect(args);
	if (fd < 0)
		return -fd;
	rc = sock_ask(fd, WIRE_STATUS, text, sizeof(text), &pass, 3000, &err);
	close(fd);
	if (rc < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	printf("\n%s", text);
	b = look_open(args, &code);
	if (b == NULL)
		return code;
	verdict(board_is_alive(b, now_boot()), "the controller ticks",
		"it does not; see the log of 'mbc run'");
	look_at_instruments(b);
	return CLI_GOOD;
}
