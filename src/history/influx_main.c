/* influx_main.c - mbc-influx: what is recorded, to an InfluxDB
 *
 * Started by `supervise`: mbc-influx --socket FD --dir FOLDER --bench NAME --url URL --version 1|2 --database NAME --user NAME --org NAME --bucket NAME --ca FILE
 * --secret FD. The local store is what waits while the server is away: for weeks, if need be. Where it stands is kept beside the store (influx_place.h)
 * once the server has said that it has the lines; after an end some may be sent twice, which are then the same points of the same series.
 *
 * It has no part in anything else: whatever the server does, this process waits alone.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "history/away.h"
#include "history/drain.h"
#include "history/form.h"
#include "history/influx_place.h"
#include "history/influx_post.h"
#include "history/line_protocol.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/self.h"
#include "msg/wire.h"

#define LINES_MAX 5000u /* of one post; a chunk may bring more */
#define BYTES_MAX (512u << 10)
#define LOOK_NS NS_PER_S /* between two looks for what was recorded */
#define WAIT_MIN_NS (2 * NS_PER_S)
#define WAIT_MAX_NS (300 * NS_PER_S)
#define SECRET_BYTES 512
#define TELL_NS (600 * NS_PER_S) /* between two tellings of the same */

struct influx {
	const char *dir, *bench;
	int supervisor;
	struct influx_target target;
	struct influx_post *post;
	struct influx_place place;
	struct drain *drain;
	int state; /* for the recorder's `keep` */
	struct drain_state stand;
	struct buf lines, start, put;
	size_t *at; /* where each line begins */
	size_t n, cap;
	int64_t wait_ns;
	uint64_t left_out, written;
	char told[sizeof(((struct influx_verdict *)0)->text)];
	int64_t told_ns;
	bool is_away;
	struct away away;
};

/* ---- lines ---------------------------------------------------------------------------------------------------------------- */

static void
take_samples(void *ctx, const struct drain_channel *ch, uint32_t boot, const struct series *s,
	size_t from, size_t n)
{
	struct influx *x = ctx;
	struct reader *r = drain_reader(x->drain);
	int64_t offset = 0, offset_from = 0, offset_until = 0;

	buf_clear(&x->start);
	line_put_start(&x->start, x->bench, ch->ch.name, ch->ch.unit, ch->ch.type);
	for (size_t i = from; i < from + n; i++) {
		char word[VALUE_TEXT_MAX + 1];
		struct sample sample;
		bool has_word;

		series_sample(s, i, &sample);
		if (sample.stamp_ns < offset_from || sample.stamp_ns >= offset_until)
			offset = reader_offset(
				r, boot, sample.stamp_ns, &offset_from, &offset_until);
		has_word = ch->ch.type == VALUE_CHOICE && form_choice(&ch->ch, sample.v.i, word);
		if (x->n == x->cap) {
			x->cap = MAX(2 * x->cap, (size_t)LINES_MAX);
			x->at = mem_grow(x->at, x->cap + 1, sizeof(*x->at));
		}
		x->at[x->n++] = x->lines.n;
		buf_put(&x->lines, x->start.data, x->start.n);
		line_put_sample(&x->lines, x->target.version, ch->ch.type, &sample,
			has_word ? word : NULL, sample.stamp_ns + offset);
	}
}

static void
take_loss(void *ctx, uint32_t from, uint32_t to, uint64_t chunks, int64_t wall_ns)
{
	if (to == 0)
		log_warn("%llu chunks of file %u were removed before they could be sent",
			(unsigned long long)chunks, from);
	else
		log_warn("files %u to %u were removed before they could be sent; give 'keep' or "
			 "'size' more room",
			from, to);
}

/* Some posts' worth, or all that there is: 0 when there is nothing more. */
static int
gather(struct influx *x, struct err *err)
{
	const struct drain_sink sink = { .ctx = x, .samples = take_samples, .lost = take_loss };
	int rc = 1;

	x->n = 0;
	buf_clear(&x->lines);
	while (rc == 1 && x->n < LINES_MAX && x->lines.n < BYTES_MAX)
		rc = drain_next(x->drain, &sink, LINES_MAX - x->n, err);
	if (x->n > 0)
		x->at[x->n] = x->lines.n;
	return rc;
}

/* ---- posts ---------------------------------------------------------------------------------------------------------------- */

/* Until the time has come; false: the supervisor is gone. */
static bool
wait_for(const struct influx *x, int64_t wait_ns)
{
	struct pollfd p = { .fd = x->supervisor, .events = POLLIN };

	return poll(&p, 1, (int)(wait_ns / NS_PER_MS)) <= 0;
}

/* Once, until something else is to be told or some time has passed. */
static void
tell(struct influx *x, const struct influx_verdict *v, uint64_t lines, const char *what)
{
	int64_t now = now_boot();

	if (strcmp(x->told, v->text) == 0 && now - x->told_ns < TELL_NS)
		return;
	text_copy(x->told, sizeof(x->told), v->text);
	x->told_ns = now;
	if (lines > 0)
		log_warn("%llu values %s: %s%s%s (%llu in all)", (unsigned long long)lines, what,
			v->text, v->remedy[0] != '\0' ? "; " : "", v->remedy,
			(unsigned long long)x->left_out);
	else
		log_warn("%s: %s%s%s", what, v->text, v->remedy[0] != '\0' ? "; " : "", v->remedy);
}

static bool
wait_again(struct influx *x, const struct influx_verdict *v)
{
	x->is_away = true;
	away_failed(&x->away, false, v->text, now_boot());
	tell(x, v, 0, "nothing is lost, and it is tried again");
	x->wait_ns = MIN(MAX(2 * x->wait_ns, WAIT_MIN_NS), WAIT_MAX_NS);
	return wait_for(x, MAX(x->wait_ns, v->wait_ns));
}

/* Lines from .. to, until the server has said of each what becomes of it; false: the supervisor is gone. */
static bool
post(struct influx *x, size_t from, size_t to)
{
	struct influx_verdict v;
	size_t middle = from + (to - from) / 2;

	for (;;) {
		influx_post_lines(
			x->post, x->lines.data + x->at[from], x->at[to] - x->at[from], &v);
		if (v.next != INFLUX_WAIT)
			break;
		if (!wait_again(x, &v))
			return false;
	}
	if (x->is_away)
		log_info("the server takes values again");
	x->is_away = false;
	x->wait_ns = 0;
	away_over(&x->away, now_boot());
	if (v.next == INFLUX_SPLIT && to - from > 1)
		return post(x, from, middle) && post(x, middle, to);
	if (v.next == INFLUX_SPLIT || v.next == INFLUX_PART) {
		uint64_t lines = v.next == INFLUX_SPLIT ? 1 : MIN(v.dropped, (uint64_t)(to - from));

		x->left_out += lines;
		tell(x, &v, lines, "were refused by the server, and are left out");
	}
	x->written += to - from;
	return true;
}

/* What was given so far is there: also for the recorder, which may let go of files. A disk that is full costs lines that are sent twice. */
static void
save(struct influx *x)
{
	struct err err;
	struct drain_state stand = x->stand;

	buf_clear(&x->put);
	drain_place(x->drain, &x->put);
	if (influx_place_put(&x->place, x->put.data, x->put.n, &err) < 0) {
		log_warn("%s", err.msg);
		return;
	}
	stand.file = drain_file(x->drain);
	if (stand.file == x->stand.file)
		return;
	if (drain_state_write(x->state, &stand, &err) < 0)
		log_warn("%s", err.msg);
	else
		x->stand = stand;
}

/* Behind an error the place is the one that is on the disk. */
static void
go_back(struct influx *x, const struct err *why)
{
	struct influx_verdict v = { 0 };
	struct err err;

	text_copy(v.text, sizeof(v.text), why->msg);
	tell(x, &v, 0, "reading the history");
	if (drain_goto(x->drain, x->put.data, x->put.n, &err) < 0)
		log_warn("%s", err.msg);
}

static void
run(struct influx *x)
{
	struct err err;

	for (;;) {
		int rc = gather(x, &err);

		if (rc < 0)
			go_back(x, &err);
		else if (x->n > 0 && !post(x, 0, x->n))
			return;
		else if (x->n > 0 || rc == 1)
			save(x);
		if (rc != 1 && !wait_for(x, rc < 0 ? WAIT_MIN_NS : LOOK_NS))
			return;
	}
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

static uint64_t
where(const struct influx_target *t)
{
	struct buf all = { 0 };
	uint64_t hash;

	buf_printf(&all, "%d\n%s\n%s\n%s\n%s", t->version, t->url, t->database, t->org, t->bucket);
	hash = text_hash(all.data, all.n);
	buf_done(&all);
	return hash;
}

static bool
read_secret(int fd, char out[SECRET_BYTES])
{
	ssize_t n = pread(fd, out, SECRET_BYTES - 1, 0);

	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

static void
confine(const struct influx *x)
{
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_INFLUX, NULL, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(x->supervisor, &packet);
}

static int
begin(struct influx *x, struct err *err)
{
	int rc = influx_place_open(&x->place, x->dir, where(&x->target), &x->put, err);

	if (rc == 0) {
		x->state = drain_state_open(x->dir, "influx", &x->stand, err);
		rc = MIN(x->state, 0);
	}
	if (rc < 0)
		return rc;
	confine(x);
	x->post = influx_post_new(&x->target, err);
	if (x->post == NULL)
		return ERR_IO;
	/* The recorder may not have begun yet. */
	while ((x->drain = drain_open(x->dir, err)) == NULL) {
		log_info("%s; it is tried again", err->msg);
		if (!wait_for(x, WAIT_MIN_NS))
			return ERR_IO;
	}
	if (x->put.n > 0 && drain_goto(x->drain, x->put.data, x->put.n, err) < 0)
		log_warn("%s: it is sent from the beginning", err->msg);
	return 0;
}

static bool
take_words(struct influx *x, int argc, char **argv, int64_t *socket, int64_t *secret)
{
	struct influx_target *t = &x->target;
	int64_t version = 1;
	const struct {
		const char *name;
		const char **text;
		int64_t *number;
	} words[] = { { "--dir", &x->dir, NULL }, { "--bench", &x->bench, NULL },
		{ "--url", &t->url, NULL }, { "--database", &t->database, NULL },
		{ "--user", &t->user, NULL }, { "--org", &t->org, NULL },
		{ "--bucket", &t->bucket, NULL }, { "--ca", &t->ca, NULL },
		{ "--version", NULL, &version }, { "--socket", NULL, socket },
		{ "--secret", NULL, secret } };

	for (int i = 1; i + 1 < argc; i += 2)
		for (size_t k = 0; k < NELEM(words); k++) {
			if (strcmp(argv[i], words[k].name) != 0)
				continue;
			if (words[k].text != NULL)
				*words[k].text = argv[i + 1];
			else if (!text_to_int(argv[i + 1], words[k].number))
				return false;
		}
	t->version = (int)version;
	return x->dir != NULL && x->bench != NULL && t->url != NULL && *socket >= 0 &&
	       (version == 1 || version == 2);
}

int
main(int argc, char **argv)
{
	static char secret[SECRET_BYTES];
	struct influx x = { .supervisor = -1,
		.state = -1,
		.target = { .database = "",
			.user = "",
			.org = "",
			.bucket = "",
			.secret = secret,
			.ca = "" } };
	int64_t socket = -1, secret_fd = -1;
	struct err err;
	int rc;

	log_setup("influx", LOG_LEVEL_INFO);
	self_protect();
	if (!take_words(&x, argc, argv, &socket, &secret_fd) ||
		fcntl((int)socket, F_SETFD, FD_CLOEXEC) < 0 ||
		(secret_fd >= 0 && !read_secret((int)secret_fd, secret))) {
		log_err("this program is started by 'mbc run', with a socket, a folder and an "
			"address");
		return 1;
	}
	x.supervisor = x.away.supervisor = (int)socket;
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor */
	signal(SIGPIPE, SIG_IGN);
	umask(027);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		log_err("libcurl cannot be used; is it installed as a whole?");
		return 2;
	}
	rc = begin(&x, &err);
	if (rc < 0)
		log_err("%s", err.msg);
	else
		run(&x);
	return rc < 0 ? 2 : 0;
}
