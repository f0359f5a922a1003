/* audit.c - mbc audit: who asked what of a bench, and whether the record of it is whole
 *
 * The files are read as they are; the bench need not run, and need not be asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/which.h"
#include "io/place.h"
#include "msg/audit_chain.h"

#define FILES_MAX 100000u
#define CELL 200

struct audit {
	const struct args *args;
	char folder[PLACE_MAX + 16];
	const char *who, *act;
	int64_t since_ns;
	bool is_json, is_verified;
	const char *name;         /* of the file that is being read */
	struct audit_chain chain; /* of the files so far */
};

/* ---- what is shown -------------------------------------------------------------------------------------------------------- */

static bool
is_wanted(const struct audit *a, const char *line, size_t n)
{
	char text[CELL];
	int64_t at;

	if (a->who != NULL &&
		(!audit_get(line, n, "who", text, sizeof(text)) || strcmp(text, a->who) != 0))
		return false;
	if (a->act != NULL &&
		(!audit_get(line, n, "act", text, sizeof(text)) || strcmp(text, a->act) != 0))
		return false;
	return a->since_ns == INT64_MIN || (audit_get(line, n, "time", text, sizeof(text)) &&
						   clock_parse(text, &at) && at >= a->since_ns);
}

static void
put_when(const char *line, size_t n)
{
	char text[CELL];
	struct tm when;
	int64_t at = 0;
	time_t s;

	if (!audit_get(line, n, "time", text, sizeof(text)) || !clock_parse(text, &at)) {
		printf("no record: %.*s", (int)MIN(n, (size_t)CELL), line);
		return;
	}
	s = (time_t)(at / NS_PER_S);
	localtime_r(&s, &when);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &when);
	printf("%s.%03d", text, (int)(at / NS_PER_MS % 1000));
}

/* "2026-11-27 16:50:00.123       12  token:lims  http  set T_furn = 120 degC: refused: ..." */
static void
show(const char *line, size_t n)
{
	static const struct {
		const char *key, *before;
	} cells[] = { { "n", "  %7s" }, { "who", "  %s" }, { "from", "  %s" }, { "act", "  %s" },
		{ "subject", " %s" }, { "value", " = %s" }, { "text", " (%s)" },
		{ "result", ": %s" }, { "why", ": %s" }, { "event", " [event %s]" },
		{ "times", " [%s more within a minute]" } };
	char text[CELL];

	put_when(line, n);
	for (size_t i = 0; i < NELEM(cells); i++) {
		const char *mark = strchr(cells[i].before, '%');

		if (!audit_get(line, n, cells[i].key, text, sizeof(text)))
			continue;
		printf("%.*s%*s%s", (int)(mark - cells[i].before), cells[i].before, i == 0 ? 7 : 0,
			text, strchr(mark, 's') + 1);
	}
	putchar('\n');
}

/* ---- is it whole ---------------------------------------------------------------------------------------------------------- */

static void
tell_fault(void *ctx, const char *what)
{
	struct audit *a = ctx;

	if (a->is_verified)
		printf("%s: %s\n", a->name, what);
}

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

static int
read_file(struct audit *a, const char *name, FILE *f)
{
	char *line = mem_grow(NULL, AUDIT_LINE_MAX, 1);
	unsigned row = 0;

	while (fgets(line, AUDIT_LINE_MAX, f) != NULL) {
		size_t n = strlen(line);

		row++;
		if (n > 0 && line[n - 1] == '\n')
			n--;
		if (a->is_verified)
			audit_chain_line(&a->chain, row, line, n);
		else if (a->is_json && is_wanted(a, line, n))
			printf("%.*s\n", (int)n, line);
		else if (!a->is_json && is_wanted(a, line, n))
			show(line, n);
	}
	free(line);
	return ferror(f) ? cli_say(a->args, CLI_FAILED, "'%s/%s': %s", a->folder, name,
				   strerror(errno))
			 : CLI_GOOD;
}

static int
walk(struct audit *a, unsigned *out_files)
{
	unsigned first = 0, missing = 0;
	int code = CLI_GOOD;

	*out_files = 0;
	for (unsigned number = 1; number < FILES_MAX && missing < 1000 && code == CLI_GOOD;
		number++) {
		char name[32], path[sizeof(a->folder) + 40];
		FILE *f;

		snprintf(name, sizeof(name), AUDIT_NAME, number);
		snprintf(path, sizeof(path), "%s/%s", a->folder, name);
		f = fopen(path, "re");
		if (f == NULL && errno == ENOENT) {
			missing++;
			continue;
		}
		if (f == NULL)
			return cli_say(a->args, CLI_FAILED, "'%s': %s", path, strerror(errno));
		first = first == 0 ? number : first;
		missing = 0;
		(*out_files)++;
		a->name = name;
		code = read_file(a, name, f);
		fclose(f);
	}
	a->name = "the last file";
	audit_chain_end(&a->chain);
	return code;
}

static int
verify(struct audit *a)
{
	unsigned files;
	int code = walk(a, &files);

	if (code != CLI_GOOD)
		return code;
	if (a->chain.torn > 0)
		printf("%u line%s torn when the computer lost its power, which the gate has put on "
		       "record\n",
			a->chain.torn, a->chain.torn == 1 ? " was" : "s were");
	if (a->chain.faults > 0) {
		printf("%u fault%s: this record has been changed, or its disk is broken. A backup, "
		       "or "
		       "the bench's events ('mbc export', 'mbc log'), say what was asked\n",
			a->chain.faults, a->chain.faults == 1 ? "" : "s");
		return CLI_WRONG;
	}
	printf("%llu records in %u file%s, none changed, none missing; the last one's hash is %s\n",
		(unsigned long long)a->chain.n, files, files == 1 ? "" : "s", a->chain.hash);
	return CLI_GOOD;
}

int
cli_audit(struct args *args)
{
	struct audit a = { .args = args, .since_ns = INT64_MIN };
	const char *since = NULL;
	char bench[64], dir[PLACE_MAX];
	struct err err;
	unsigned files;
	int code;

	a.chain.fault = tell_fault;
	a.chain.ctx = &a;
	audit_chain_begin(&a.chain);
	a.is_json = args_option(args, "--json", NULL);
	args_option(args, "--since", &since);
	args_option(args, "--who", &a.who);
	args_option(args, "--act", &a.act);
	if (args_count(args, 0, 1) != 0)
		return CLI_WRONG;
	a.is_verified = args->n == 1;
	if (a.is_verified && (strcmp(args->at[0], "verify") != 0 || since != NULL ||
				     a.who != NULL || a.act != NULL || a.is_json))
		return cli_say(args, CLI_WRONG, "usage: mbc audit %s", args->command->usage);
	if (since != NULL && which_since(args, since, &a.since_ns) != CLI_GOOD)
		return CLI_WRONG;
	code = which_bench(args, bench, sizeof(bench));
	if (code != CLI_GOOD)
		return code;
	if (place_state_path(dir, bench, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	snprintf(a.folder, sizeof(a.folder), "%s/" AUDIT_FOLDER, dir);
	if (access(a.folder, F_OK) < 0 && errno == ENOENT)
		return cli_say(args, CLI_WRONG,
			"nothing has been asked of bench '%s' yet: there is no '%s'", bench,
			a.folder);
	if (access(a.folder, R_OK | X_OK) < 0)
		return cli_say(args, CLI_FAILED, "'%s': %s", a.folder, strerror(errno));
	return a.is_verified ? verify(&a) : walk(&a, &files);
}
