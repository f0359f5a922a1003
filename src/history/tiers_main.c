/* tiers_main.c - mbc-tiers: what is old becomes coarser
 *
 * Started by `supervise` on benches whose file has `history: tiers:`: mbc-tiers --socket FD --dir FOLDER --tiers AFTER:EVERY,... --first SPAN (ns). Each hour, and first after a while, it looks
 * which closed files have become old enough, and does with them what `mbc history compact --replace-by` does (compact.c). It has the lowest priority at the
 * processor and the disk, and can be ended at any moment. Without a clock that is set it does nothing: what a wrong one makes of values is for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "history/backup_parts.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/self.h"
#include "msg/wire.h"

#define TIERS_MAX 4
#define LOOK_NS (3600 * NS_PER_S)
#define IOPRIO_IDLE (3 << 13) /* linux/ioprio.h */

struct tiers {
	const char *dir;
	int supervisor;
	struct compact_tier at[TIERS_MAX]; /* before_ns: the age */
	size_t n;
	int64_t first_ns;
	char told[200]; /* trouble that was told; "": there is none */
};

static bool
read_tiers(struct tiers *t, const char *text)
{
	while (*text != '\0') {
		struct compact_tier *at = &t->at[t->n];
		char *end;

		if (t->n == TIERS_MAX)
			return false;
		errno = 0;
		at->before_ns = strtoll(text, &end, 10);
		if (*end != ':')
			return false;
		at->every_ns = strtoll(end + 1, &end, 10);
		if (errno != 0 || at->before_ns <= 0 ||
			compact_check_every(at->every_ns, NULL) < 0 ||
			(*end != ',' && *end != '\0'))
			return false;
		text = end + (*end == ',');
		t->n++;
	}
	return t->n > 0;
}

static void
tell(struct tiers *t, const char *what)
{
	if (strcmp(t->told, what) != 0)
		log_warn("%s; it is tried again each hour", what);
	text_copy(t->told, sizeof(t->told), what);
}

/* The coarsest first: what is old enough for it needs no other one before. */
static void
look(struct tiers *t)
{
	int64_t wall_ns = now_boot() + now_wall_offset();
	struct err err;
	int rc = 0;

	if (!now_wall_is_good()) {
		tell(t, "the clock of this computer is not known to be set, and nothing becomes "
			"coarser by a wrong one: "
			"set up NTP, 'timedatectl' shows it");
		return;
	}
	for (size_t i = t->n; i > 0 && rc == 0 && !backup_is_ended(); i--) {
		const struct compact_tier rule = { t->at[i - 1].every_ns,
			wall_ns - t->at[i - 1].before_ns };

		rc = compact_background(t->dir, &rule, &err);
	}
	if (rc == 0)
		t->told[0] = '\0';
	else if (!backup_is_ended())
		tell(t, err.msg);
}

/* Until the time has come; false: the supervisor is gone, or it is to end. */
static bool
wait_for(const struct tiers *t, int64_t wait_ns)
{
	struct pollfd p = { .fd = t->supervisor, .events = POLLIN };

	return !backup_is_ended() && poll(&p, 1, (int)(wait_ns / NS_PER_MS)) == 0;
}

static void
be_humble(void)
{
	const struct sched_param none = { 0 };

	/* Where one of them is not allowed, the others do. */
	(void)!setpriority(PRIO_PROCESS, 0, 19);
	(void)!sched_setscheduler(0, SCHED_IDLE, &none);
	(void)!syscall(SYS_ioprio_set, 1, 0, IOPRIO_IDLE);
}

static void
confine(const struct tiers *t)
{
	const char *const folders[] = { t->dir, NULL };
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_TIERS, folders, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(t->supervisor, &packet);
}

int
main(int argc, char **argv)
{
	struct tiers t = { .supervisor = -1, .first_ns = -1 };
	int64_t socket = -1;
	bool is_good = true;

	log_setup("tiers", LOG_LEVEL_INFO);
	self_protect();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--dir") == 0)
			t.dir = argv[i + 1];
		else if (strcmp(argv[i], "--tiers") == 0)
			is_good = read_tiers(&t, argv[i + 1]) && is_good;
		else if (strcmp(argv[i], "--first") == 0)
			is_good = text_to_int(argv[i + 1], &t.first_ns) && is_good;
		else if (strcmp(argv[i], "--socket") == 0)
			is_good = text_to_int(argv[i + 1], &socket) && is_good;
	}
	t.supervisor = (int)socket;
	if (!is_good || t.first_ns < 0 || t.dir == NULL || t.n == 0 || t.supervisor < 0 ||
		fcntl(t.supervisor, F_SETFD, FD_CLOEXEC) < 0) {
		log_err("this program is started by 'mbc run', with a socket, a folder and tiers");
		return 1;
	}
	be_humble();
	backup_signals();
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor */
	confine(&t);
	for (int64_t wait_ns = t.first_ns; wait_for(&t, wait_ns); wait_ns = LOOK_NS)
		look(&t);
	return 0;
}
