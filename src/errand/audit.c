/* audit.c - records of who asked what, newest first, and whether all of them are whole */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "errand/errand.h"
#include "msg/audit_chain.h"

#define FILES_MAX 100000u
#define MISSING_MAX 1000 /* in a row, behind which there are no more */
#define FAULTS_MAX 20    /* that are named */
#define CELL 256

/* Lines that are wanted: the last ones that were read. */
struct found {
	const struct work *w;
	char *lines[ERRAND_RECORDS + 1];
	size_t n, limit, next; /* next: where the newest goes */
	int64_t since_ns;
	char faults[FAULTS_MAX][CELL];
	size_t n_faults;
	const char *name; /* of the file that is being read */
};

static void
on_fault(void *ctx, const char *what)
{
	struct found *f = ctx;

	if (f->n_faults < FAULTS_MAX)
		snprintf(f->faults[f->n_faults++], CELL, "%s: %s", f->name, what);
}

static bool
is_wanted(const struct found *f, const char *line, size_t n)
{
	const struct errand_ask *a = &f->w->ask;
	char text[CELL];
	int64_t at;

	if (!audit_get(line, n, "n", text, sizeof(text)) || !text_to_int(text, &at) ||
		(a->number != 0 && at >= (int64_t)a->number))
		return false;
	if (a->name[0] != '\0' &&
		(!audit_get(line, n, "who", text, sizeof(text)) || strcmp(text, a->name) != 0))
		return false;
	if (a->act[0] != '\0' &&
		(!audit_get(line, n, "act", text, sizeof(text)) || strcmp(text, a->act) != 0))
		return false;
	return f->since_ns == INT64_MIN || (audit_get(line, n, "time", text, sizeof(text)) &&
						   clock_parse(text, &at) && at >= f->since_ns);
}

/* One more than is asked for: so it is known whether there are more. */
static void
take(struct found *f, const char *line, size_t n)
{
	char *kept = mem_grow(NULL, n + 1, 1);

	memcpy(kept, line, n);
	kept[n] = '\0';
	free(f->lines[f->next]);
	f->lines[f->next] = kept;
	f->next = (f->next + 1) % (f->limit + 1);
	f->n = MIN(f->n + 1, f->limit + 1);
}

/* A line without an end is being written at this moment. */
static void
read_file(struct found *f, struct audit_chain *chain, FILE *in)
{
	static char line[AUDIT_LINE_MAX];
	unsigned row = 0;

	while (fgets(line, sizeof(line), in) != NULL) {
		size_t n = strlen(line);

		if (n == 0 || line[n - 1] != '\n') {
			if (feof(in))
				break;
		} else {
			n--;
		}
		audit_chain_line(chain, ++row, line, n);
		if (is_wanted(f, line, n))
			take(f, line, n);
	}
}

static void
walk(struct found *f, struct audit_chain *chain)
{
	unsigned missing = 0;

	for (unsigned number = 1; number < FILES_MAX && missing < MISSING_MAX; number++) {
		char path[VERSION_PATH_MAX + 64], name[32];
		FILE *in;

		snprintf(name, sizeof(name), AUDIT_NAME, number);
		snprintf(path, sizeof(path), "%s/" AUDIT_FOLDER "/%s", f->w->state, name);
		in = fopen(path, "re");
		missing = in == NULL ? missing + 1 : 0;
		if (in == NULL)
			continue;
		f->name = name;
		read_file(f, chain, in);
		fclose(in);
	}
	f->name = "the last file";
	audit_chain_end(chain);
}

/* Member by member: a line that somebody has changed may be no JSON any more. */
static void
put_record(struct json *j, const char *line)
{
	static const struct {
		const char *key;
		bool is_number;
	} members[] = { { "n", true }, { "time", false }, { "who", false }, { "from", false },
		{ "act", false }, { "subject", false }, { "value", false }, { "text", false },
		{ "result", false }, { "why", false }, { "id", false }, { "event", true },
		{ "times", true }, { "hash", false } };
	size_t n = strlen(line);

	json_object(j, NULL);
	for (size_t i = 0; i < NELEM(members); i++) {
		char text[CELL * 2];
		int64_t number;

		if (!audit_get(line, n, members[i].key, text, sizeof(text)))
			continue;
		if (!members[i].is_number)
			put_text(j, members[i].key, text, strlen(text));
		else if (text_to_int(text, &number))
			json_int(j, members[i].key, number);
	}
	json_end(j);
}

static void
put_answer(struct buf *out, const struct found *f, const struct audit_chain *chain)
{
	size_t n = MIN(f->n, f->limit);
	const char *last = NULL;
	char text[32];
	int64_t number = 0;
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_array(&j, "records");
	for (size_t i = 1; i <= n; i++) {
		last = f->lines[(f->next + f->limit + 1 - i) % (f->limit + 1)];
		put_record(&j, last);
	}
	json_end(&j);
	if (f->n > f->limit && last != NULL &&
		audit_get(last, strlen(last), "n", text, sizeof(text)) &&
		text_to_int(text, &number))
		json_int(&j, "next", number);
	else
		json_null(&j, "next");
	json_bool(&j, "whole", chain->faults == 0);
	json_array(&j, "faults");
	for (size_t i = 0; i < f->n_faults; i++)
		put_text(&j, NULL, f->faults[i], strlen(f->faults[i]));
	json_end(&j);
	json_uint(&j, "count", chain->n);
	json_text(&j, "hash", chain->hash);
	json_end(&j);
	buf_putc(out, '\n');
}

unsigned
step_audit(struct work *w)
{
	static struct found f;
	struct audit_chain chain = { .fault = on_fault, .ctx = &f };
	struct buf out = { 0 };
	unsigned status;

	f.w = w;
	f.limit = w->ask.limit == 0 ? 100 : MIN(w->ask.limit, ERRAND_RECORDS);
	f.since_ns = INT64_MIN;
	if (w->ask.since[0] != '\0' && !clock_parse(w->ask.since, &f.since_ns))
		return refuse(
			w, 400, "since: a time in UTC is expected, as in 2026-11-27T16:50:00Z");
	audit_chain_begin(&chain);
	walk(&f, &chain);
	put_answer(&out, &f, &chain);
	status = work_write(w, ERRAND_ANSWER, &out);
	for (size_t i = 0; i < NELEM(f.lines); i++)
		free(f.lines[i]);
	buf_done(&out);
	return status;
}
