/* main.c - mbc-errand: one step of what is asked over HTTP about the bench file, its versions and the audit
 *
 * Started by `supervise` with words "key=value": the step, what was asked, and descriptors of memory (errand.h). It is confined before it
 * looks at anything; it writes to that memory, and to no file but in the two steps that are for that. It bounds its own time.
 *
 * Exit code: 0 done, go on; 100 to 255 a status of HTTP (msg/errand.h), the answer being why; else it has failed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "errand/errand.h"
#include "io/sandbox.h"
#include "io/versions.h"

#define CPU_LIMIT_S 30

static const struct step {
	const char *name;
	unsigned (*run)(struct work *w);
	bool writes_file, writes_version, writes_backups;
} steps[] = {
	{ .name = "file", .run = step_file },
	{ .name = "prepare", .run = step_prepare },
	{ .name = "pick", .run = step_pick },
	{ .name = "check", .run = step_check },
	{ .name = "keep", .run = step_keep, .writes_version = true },
	{ .name = "write", .run = step_write, .writes_file = true },
	{ .name = "versions", .run = step_versions },
	{ .name = "diff", .run = step_diff },
	{ .name = "audit", .run = step_audit },
	{ .name = "place", .run = step_place },
	{ .name = "sequence", .run = step_sequence },
	{ .name = "backups",
		.run = step_backups,
		.writes_backups = true }, /* it asks the disk for its room */
	{ .name = "backup-room", .run = step_backup_room, .writes_backups = true },
	{ .name = "backup-look", .run = step_backup_look, .writes_backups = true },
	{ .name = "backup-halves", .run = step_backup_halves, .writes_backups = true },
	{ .name = "backup-remove", .run = step_backup_remove, .writes_backups = true },
};

/* The value of "key=value"; NULL: it is another word. */
static const char *
value_of(const char *word, const char *key)
{
	size_t n = strlen(key);

	return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

static bool
take_text(const char *word, const char *key, char *out, size_t cap)
{
	const char *v = value_of(word, key);

	return v != NULL && text_copy(out, cap, v);
}

static bool
take_number(const char *word, const char *key, uint32_t *out)
{
	const char *v = value_of(word, key);
	int64_t n;

	if (v == NULL || !text_to_int(v, &n) || n < 0 || n > UINT32_MAX)
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool
take_word(struct work *w, const char *word)
{
	const struct {
		const char *key, **out;
	} places[] = { { "step", &w->step }, { "file", &w->file }, { "folder", &w->folder },
		{ "state", &w->state }, { "bench", &w->bench }, { "sequence", &w->sequence },
		{ "busy", &w->busy }, { "last", &w->last }, { "said", &w->said } };
	uint32_t n = 0;
	int64_t leave;

	for (size_t i = 0; i < NELEM(places); i++)
		if (value_of(word, places[i].key) != NULL) {
			*places[i].out = value_of(word, places[i].key);
			return true;
		}
	for (size_t i = 0; i < ERRAND_MEMORIES; i++)
		if (take_number(word, errand_memories[i], &n)) {
			w->fds[i] = (int)n;
			return true;
		}
	if (value_of(word, "leave") != NULL) {
		if (!text_to_int(value_of(word, "leave"), &leave) || leave < 0)
			return false;
		w->leave = (uint64_t)leave;
		return true;
	}
	if (take_number(word, "kind", &n)) {
		w->ask.kind = (uint16_t)n;
		return n < ERRAND_KINDS;
	}
	if (take_number(word, "may", &n)) {
		w->ask.may = (uint16_t)n;
		return true;
	}
	return take_number(word, "number", &w->ask.number) ||
	       take_number(word, "to", &w->ask.other) ||
	       take_number(word, "limit", &w->ask.limit) ||
	       take_text(word, "name", w->ask.name, sizeof(w->ask.name)) ||
	       take_text(word, "act", w->ask.act, sizeof(w->ask.act)) ||
	       take_text(word, "since", w->ask.since, sizeof(w->ask.since)) ||
	       take_text(word, "sha256", w->ask.sha256, sizeof(w->ask.sha256));
}

/* What it may write: the folder of the bench file, or the one of its versions; nothing. */
static void
confine(const struct work *w, const struct step *step)
{
	char versions[VERSION_PATH_MAX + 16];
	const char *folders[] = { w->parent[0] == '\0' ? "/" : w->parent, NULL };
	const struct rlimit cpu = { CPU_LIMIT_S, CPU_LIMIT_S + 1 }, core = { 0, 0 };
	struct sandbox_report report;
	bool is_writing;

	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk */
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	snprintf(versions, sizeof(versions), "%s/" VERSIONS_FOLDER, w->state);
	if (step->writes_version)
		folders[0] = versions;
	if (step->writes_backups) {
		snprintf(versions, sizeof(versions), "%s/" ERRAND_BACKUPS_FOLDER, w->state);
		folders[0] = versions;
	}
	is_writing = step->writes_file || step->writes_version || step->writes_backups;
	sandbox_enter(is_writing ? SANDBOX_ERRAND : SANDBOX_COMPILE, is_writing ? folders : NULL,
		&report);
}

int
main(int argc, char **argv)
{
	static struct work w;
	const struct step *step = NULL;
	unsigned status;

	log_setup("errand", LOG_LEVEL_INFO);
	for (size_t i = 0; i < ERRAND_MEMORIES; i++)
		w.fds[i] = -1;
	for (int i = 1; i < argc; i++)
		if (!take_word(&w, argv[i])) {
			log_err("this program is started by the supervisor of a bench");
			return 2;
		}
	for (size_t i = 0; w.step != NULL && i < NELEM(steps); i++)
		if (strcmp(steps[i].name, w.step) == 0)
			step = &steps[i];
	if (step == NULL || w.file == NULL || w.folder == NULL || w.state == NULL ||
		w.bench == NULL || (w.fds[ERRAND_ANSWER] < 0 && step->run != step_backup_halves) ||
		!version_absolute(w.path, w.folder, w.file)) {
		log_err("this program is started by the supervisor of a bench");
		return 2;
	}
	if (errand_is_sequence(w.ask.kind) &&
		(w.sequence == NULL || !version_absolute(w.sequence_path, w.folder, w.sequence))) {
		log_err("this program is started by the supervisor of a bench");
		return 2;
	}
	snprintf(w.parent, sizeof(w.parent), "%.*s", (int)(strrchr(w.path, '/') - w.path), w.path);
	confine(&w, step);
	status = step->run(&w);
	return status == 0 ? 0 : errand_exit(status);
}
