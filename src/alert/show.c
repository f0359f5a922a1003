/* show.c - mbc alert: what the ledger says, and who is on duty */
#include "alert/show.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alert/engine.h"
#include "alert/ledger.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/borrow.h"
#include "io/now.h"
#include "io/place.h"
#include "io/sock.h"

#define GOOD 0
#define WRONG 1
#define FAILED 2
#define TAIL 40 /* lines of the ledger that are shown unless --last says otherwise */

struct lines {
	struct entry *at;
	size_t n, cap;
};

static int
say(int code, const char *text)
{
	fprintf(stderr, "mbc alert: %s\n", text);
	return code;
}

static void
take(void *ctx, const struct entry *e)
{
	struct lines *l = ctx;

	if (l->n == l->cap) {
		l->cap = 2 * l->cap + 256;
		l->at = mem_grow(l->at, l->cap, sizeof(*l->at));
	}
	l->at[l->n++] = *e;
}

static int
read_all(const char *bench, struct lines *out)
{
	char state[PLACE_MAX], path[PLACE_MAX + 16];
	uint64_t damaged = 0;
	struct err err;
	int folder, rc;

	if (place_state_path(state, bench, &err) < 0)
		return say(FAILED, err.msg);
	snprintf(path, sizeof(path), "%s/alert", state);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return say(WRONG, "this bench has told nobody anything yet, or this user may not "
				  "read its ledger; write 'notify:' into its bench "
				  "file, or ask as root");
	rc = ledger_read(folder, take, out, &damaged, &err);
	close(folder);
	if (rc < 0)
		return say(FAILED, err.msg);
	if (damaged > 0)
		fprintf(stderr,
			"mbc alert: %llu lines of the ledger are damaged, and passed over\n",
			(unsigned long long)damaged);
	return GOOD;
}

static void
put_when(int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm local;
	char text[40] = "?";

	if (localtime_r(&seconds, &local) != NULL)
		(void)!strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	printf("%s", text);
}

/* Nothing of what came from elsewhere moves the cursor. */
static void
put_clean(const char *text)
{
	for (; *text != '\0'; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

/* ---- the ledger ----------------------------------------------------------------------------------------------------------- */

static void
put_line(const struct entry *e)
{
	put_when(e->wall_ns);
	printf("  %-6s #%llu", entry_kind_word(e->kind), (unsigned long long)e->id);
	if (e->kind == ENTRY_SEND) {
		printf(" %s to ", entry_way_word(e->way));
		put_clean(e->name);
		printf(" <");
		put_clean(e->to);
		printf(">: %s", entry_what_word(e->what));
		for (unsigned i = 0; i < e->n_notices; i++)
			printf("%s#%llu", i == 0 ? ", of " : ", ",
				(unsigned long long)e->notices[i]);
		if (e->n_more > 0)
			printf(" and %u more", e->n_more);
		if (e->tries > 0)
			printf(", attempt %u", e->tries + 1);
	} else {
		if (e->kind == ENTRY_NOTICE)
			printf(" %s", entry_about_word(e->about));
		if (e->kind == ENTRY_RESULT)
			printf(" %s", entry_result_word(e->result));
		if (e->kind == ENTRY_STEP)
			printf(" step %u%s", e->step + 1, e->round > 0 ? " again" : "");
		printf(e->name[0] != '\0' ? " " : "");
		put_clean(e->name);
		printf(e->text[0] != '\0' ? ": " : "");
		put_clean(e->text);
	}
	putchar('\n');
}

static int
show_ledger(const struct lines *l, size_t last, bool is_json)
{
	size_t shown = 0, from = l->n;

	while (from > 0 && shown < last)
		shown += l->at[--from].kind != ENTRY_PLACE;
	for (size_t i = from; i < l->n; i++) {
		struct buf line = { 0 };

		if (l->at[i].kind == ENTRY_PLACE)
			continue;
		if (!is_json) {
			put_line(&l->at[i]);
			continue;
		}
		entry_put(&line, &l->at[i]);
		line.n -= 10; /* its check and its end */
		printf("%s\n", buf_text(&line));
		buf_done(&line);
	}
	return GOOD;
}

/* ---- what is open --------------------------------------------------------------------------------------------------------- */

static const struct entry *
result_of(const struct lines *l, size_t from, uint64_t id)
{
	const struct entry *found = NULL;

	for (size_t i = from; i < l->n; i++)
		if (l->at[i].kind == ENTRY_RESULT && l->at[i].id == id)
			found = &l->at[i];
	return found;
}

static void
put_told(const struct lines *l, size_t from, uint64_t notice)
{
	for (size_t i = from; i < l->n; i++) {
		const struct entry *e = &l->at[i], *r;

		if (e->kind != ENTRY_SEND)
			continue;
		for (unsigned k = 0; k < e->n_notices; k++) {
			if (e->notices[k] != notice)
				continue;
			r = result_of(l, i, e->id);
			printf("    ");
			put_when(e->wall_ns);
			printf("  %s by %s: ", e->name, entry_way_word(e->way));
			printf("%s", r == NULL ? "under way" : entry_result_word(r->result));
			if (r != NULL && r->result >= ALERT_TEMPORARY) {
				printf(": ");
				put_clean(r->text);
			}
			putchar('\n');
		}
	}
}

static int
show_open(const struct lines *l)
{
	static const char *const priorities[] = { "low", "medium", "high", "critical" };
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->at[i];
		const char *state = "not acknowledged";
		bool is_over = false, is_ended = false;

		if (e->kind != ENTRY_NOTICE)
			continue;
		for (size_t k = i; k < l->n; k++) {
			if (l->at[k].id != e->id)
				continue;
			is_ended = is_ended || l->at[k].kind == ENTRY_END;
			is_over = l->at[k].kind == ENTRY_OVER ||
				  (is_over && l->at[k].kind != ENTRY_BACK);
			if (l->at[k].kind == ENTRY_ACKED)
				state = "acknowledged";
			else if (l->at[k].kind == ENTRY_BACK)
				state = "not acknowledged";
			else if (l->at[k].kind == ENTRY_NOBODY)
				state = "NOBODY COULD BE TOLD";
		}
		if (is_ended)
			continue;
		n++;
		put_when(e->wall_ns);
		printf("  %s ", entry_about_word(e->about));
		put_clean(e->name);
		printf(" (%s)%s%s\n", priorities[e->priority], is_over ? ", over" : "",
			e->about != ABOUT_ALARM              ? ""
			: strcmp(state, "acknowledged") == 0 ? ", acknowledged"
			: state[0] == 'N'                    ? ", NOBODY COULD BE TOLD"
							     : ", not acknowledged");
		put_told(l, i, e->id);
	}
	if (n == 0)
		puts("nothing is open: nobody is to be told of anything");
	return GOOD;
}

/* ---- duty ----------------------------------------------------------------------------------------------------------------- */

static void
put_person(void *ctx, uint32_t person)
{
	const struct image *img = ctx;

	printf(" %s", image_text(img, image_receiver_at(img, person)->name));
}

static int
show_duty(const char *bench)
{
	static const char *const kinds[] = { "person", "group", "chain", "duty" };
	union {
		const struct image *c;
		void *v;
	} img;
	char path[PLACE_MAX];
	struct borrowed lent = { 0 };
	const struct engine_sink sink = { 0 };
	struct engine_time t = { .now_ns = now_boot() };
	time_t seconds;
	struct engine *e;
	struct tm local;
	struct err err;
	int fd;

	if (place_socket(path, bench, &err) < 0)
		return say(FAILED, err.msg);
	fd = sock_connect(path, &err);
	if (fd < 0 || borrow_image(fd, 5000, &lent, &err) < 0)
		return say(WRONG, err.msg);
	close(fd);
	img.c = lent.image;
	if (img.c->notices.is_on == 0)
		return say(WRONG, "this bench tells nobody; write 'notify:' into its bench file");
	t.wall_ns = t.now_ns + now_wall_offset();
	seconds = (time_t)(t.wall_ns / NS_PER_S);
	if (localtime_r(&seconds, &local) != NULL)
		t.local_minute = (int64_t)(timegm(&local) / 60);
	e = engine_new(img.c, &sink);
	(void)engine_run(e, &t);
	for (uint32_t i = 0; i < img.c->receivers.n; i++) {
		const struct image_receiver *r = image_receiver_at(img.c, i);

		printf("%-20s %-7s", image_text(img.c, r->name), kinds[r->kind]);
		if (r->kind == RECEIVER_GROUP || r->kind == RECEIVER_DUTY)
			engine_on_duty(e, i, put_person, img.v);
		putchar('\n');
	}
	engine_free(e);
	borrow_done(&lent);
	return GOOD;
}

int
show_main(int argc, char **argv)
{
	const char *bench = argc > 0 ? argv[0] : "", *word = argc > 1 ? argv[1] : "open";
	struct lines l = { 0 };
	int64_t last = TAIL;
	bool is_json = false;
	int code;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			is_json = true;
		else if (strcmp(argv[i], "--last") == 0 && i + 1 < argc &&
			 text_to_int(argv[i + 1], &last) && last > 0)
			i++;
		else
			return say(WRONG, "'--last' has a number above 0 behind it");
	}
	if (strcmp(word, "duty") == 0)
		return show_duty(bench);
	code = read_all(bench, &l);
	if (code == GOOD)
		code = strcmp(word, "ledger") == 0 ? show_ledger(&l, (size_t)last, is_json)
						   : show_open(&l);
	free(l.at);
	return code;
}
