/* recording.c - the recorder: its folder, its settings, the boards that it drains */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "model/sequence.h"
#include "supervise/supervise.h"

static void
number(char *out, size_t cap, int64_t v)
{
	snprintf(out, cap, "%lld", (long long)v);
}

int
recording_start(struct supervise *s, int64_t now_ns, struct err *err)
{
	static const char *const names[] = { "journal.0", "journal.1", "blackbox" };
	const struct image_history *h = &s->img->history;
	char parts[3][24], carried_by[24];
	char path[PLACE_MAX + 16], commit[24], keep[24], size[24], leave[24], resolution[24];
	const char *const args[] = { "--bench", s->bench, "--dir", path, "--commit", commit,
		"--keep", keep, "--size", size, "--leave-free", leave, "--resolution", resolution,
		"--journal0", parts[0], "--journal1", parts[1], "--blackbox", parts[2],
		"--carried-by", carried_by, NULL };
	int fds[3], n_fds = 0;

	snprintf(path, sizeof(path), "%s/history", s->state_dir);
	number(carried_by, sizeof(carried_by), h->carried_by);
	number(commit, sizeof(commit), h->commit_ns);
	number(keep, sizeof(keep), h->keep_ns);
	number(size, sizeof(size), (int64_t)h->size);
	number(leave, sizeof(leave), (int64_t)h->leave_free);
	number(resolution, sizeof(resolution), h->resolution_ns);
	if (folder_make(s, &s->history.user, path, "history: no", err) < 0)
		return ERR_IO;
	/* What the tape has lost of events it reads there. */
	for (size_t i = 0; i < NELEM(names); i++) {
		int fd = events_reader(s, names[i], NULL);

		number(parts[i], sizeof(parts[i]), MAX(fd, -1));
		if (fd >= 0)
			fds[n_fds++] = fd;
	}
	return child_start(&s->history, args, fds, (size_t)n_fds, now_ns, err);
}

int
recording_query(struct supervise *s, int64_t now_ns, struct err *err)
{
	char path[PLACE_MAX + 16];
	const char *const args[] = { "--dir", path, NULL };

	snprintf(path, sizeof(path), "%s/history", s->state_dir);
	if (folder_make(s, &s->history.user, path, "history: no", err) < 0)
		return ERR_IO;
	return child_start(&s->query, args, NULL, 0, now_ns, err);
}

static void
hand_out(const struct child *c, int end)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_QUERY);
	wire_end(&packet);
	if (sock_send(c->sock, &packet, end, &err) < 0)
		log_warn("process '%s': %s", c->name, err.msg);
	buf_done(&packet);
}

/* Each time that one of both has been started: what the other one still has of a pair ends with the one that died. */
void
recording_pair(struct supervise *s)
{
	int pair[2];

	if (s->serve.sock < 0 || s->query.sock < 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		log_warn("making a socket pair: %s; questions about the history are not answered",
			strerror(errno));
		return;
	}
	hand_out(&s->query, pair[0]);
	hand_out(&s->serve, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------- */

static void
put_files(struct json *j, const struct image *img, const struct image_sequence *seq)
{
	json_array(j, "files");
	for (uint32_t i = seq->first_file; i < seq->first_file + seq->n_files; i++) {
		const struct image_seq_file *f = image_seq_file_at(img, i);

		json_object(j, NULL);
		json_text(j, "path", image_text(img, f->path));
		json_text(j, "text", image_text(img, f->text));
		json_end(j);
	}
	json_end(j);
}

static void
put_steps(struct json *j, const struct image *img, const struct image_sequence *seq)
{
	json_array(j, "steps");
	for (uint32_t i = seq->first_step; i < seq->first_step + seq->n_steps; i++) {
		const struct image_seq_step *step = image_seq_step_at(img, i);

		json_object(j, NULL);
		json_uint(j, "number", step->number);
		json_text(j, "title", image_text(img, step->title));
		json_text(j, "comment", image_text(img, step->comment));
		json_end(j);
	}
	json_end(j);
}

static void
put_records(struct json *j, const struct image *img, const struct image_sequence *seq)
{
	json_array(j, "records");
	for (uint32_t i = seq->first_instr; i < seq->first_instr + seq->n_instrs; i++) {
		const struct image_instr *in = image_instr_at(img, i);

		if (in->op != SEQUENCE_OP_RECORD)
			continue;
		json_object(j, NULL);
		json_text(j, "name", image_text(img, in->text));
		json_uint(j, "line", in->line);
		json_array(j, "channels");
		for (uint32_t k = in->first; k < in->first + in->n; k++) {
			uint32_t channel = image_seq_number(img, k);

			json_text(j, NULL, image_text(img, image_channel_at(img, channel)->name));
		}
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

/* Outputs, for who draws the run. */
static void
put_outputs(struct json *j, const struct image *img, const struct image_sequence *seq)
{
	json_array(j, "outputs");
	for (uint32_t i = seq->first_use; i < seq->first_use + seq->n_uses; i++) {
		uint32_t output = image_seq_number(img, i);
		uint32_t channel = image_output_at(img, output)->channel;

		json_text(j, NULL, image_text(img, image_channel_at(img, channel)->name));
	}
	json_end(j);
}

static void
put_name(struct json *j, const char *name, size_t n)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)n, name);
	json_text(j, NULL, text);
}

static void
put_before(struct json *j, const struct image *img)
{
	const char *at = image_text(img, img->before_channels);

	if (at[0] == '\0')
		return;
	json_object(j, "before_injection");
	json_double(j, "over", (double)img->before_ns / 1e9);
	json_array(j, "channels");
	for (size_t n; (n = strcspn(at, "\n")) > 0; at += n + (at[n] == '\n'))
		put_name(j, at, n);
	json_end(j);
	json_end(j);
}

static void
put_card(struct buf *out, const struct image *img, const struct image_sequence *seq)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", image_text(img, seq->name));
	json_text(&j, "title", image_text(img, seq->title));
	json_uint(&j, "version", seq->version);
	put_files(&j, img, seq);
	put_steps(&j, img, seq);
	put_records(&j, img, seq);
	put_outputs(&j, img, seq);
	put_before(&j, img);
	json_end(&j);
}

void
recording_texts(struct supervise *s)
{
	const struct image *img = s->img;
	struct buf texts = { 0 }, packet = { 0 };
	struct err err;
	int fd;

	if (img == NULL || s->history.sock < 0)
		return;
	buf_puts(&texts, image_text(img, img->source));
	buf_putc(&texts, '\0');
	for (uint32_t i = 0; i < img->sequences.n; i++) {
		const struct image_sequence *seq = image_sequence_at(img, i);

		buf_printf(&texts, "%016llx", (unsigned long long)seq->text_hash);
		buf_putc(&texts, '\0');
		put_card(&texts, img, seq);
		buf_putc(&texts, '\0');
	}
	fd = seal_bytes("mbc-texts", texts.data, texts.n, &err);
	wire_begin(&packet, WIRE_RUN_TEXTS);
	wire_u16(&packet, image_text(img, img->copy_to)[0] != '\0');
	wire_end(&packet);
	if (fd < 0 || sock_send(s->history.sock, &packet, fd, &err) < 0)
		log_warn("process 'history': %s", err.msg);
	if (fd >= 0)
		close(fd);
	buf_done(&packet);
	buf_done(&texts);
}

void
recording_adjust(struct supervise *s, const struct image_history *before, int64_t now_ns)
{
	const struct image_history *h = &s->img->history;

	if (before != NULL && memcmp(before, h, sizeof(*h)) == 0)
		return;
	s->history.next_start_ns = s->query.next_start_ns = h->is_off ? NEVER : now_ns;
	if (s->query.pid != 0 && h->is_off) {
		s->is_query_told = true;
		kill(s->query.pid, SIGTERM);
	}
	if (s->history.pid == 0)
		return;
	s->is_history_told =
		true; /* it starts again with the new settings when it has ended, if at all */
	kill(s->history.pid, SIGTERM);
}

void
recording_told(struct supervise *s, struct wire_in *in)
{
	unsigned kind = wire_get_u16(in);
	double value = wire_get_f64(in);
	struct err err;

	if (wire_close(in, &err) < 0 || kind < EVENT_HISTORY_OVERRUN ||
		kind > EVENT_HISTORY_RESUMED)
		log_err("process 'history': tells an event that is none of its own");
	else
		events_tell(s, (enum event_kind)kind, "", value, 0);
}

/* ---- the data base --------------------------------------------------------------------------------------------------------- */

bool
recording_has_postgres(const struct supervise *s)
{
	return s->img != NULL && !s->img->history.is_off && s->img->postgres.is_on;
}

/* Lines of KEY=VALUE; the secret is among them. */
static void
put_settings(const struct supervise *s, struct buf *out)
{
	const struct image_postgres *p = &s->img->postgres;

	buf_room(out, 8192); /* at once, so that no copy is left behind */
	buf_printf(out, "server=%s\ndatabase=%s\nuser=%s\nschema=%s\n",
		image_text(s->img, p->server), image_text(s->img, p->database),
		image_text(s->img, p->user), image_text(s->img, p->schema));
	buf_printf(out, "tls=%s\nca=%s\npartitions=%s\nkeep=%lld\n", image_text(s->img, p->tls),
		image_text(s->img, p->ca), image_text(s->img, p->partitions),
		(long long)p->keep_ns);
	if (p->password > 0 && s->secrets != NULL && p->password <= s->secrets->n) {
		const struct secret *secret = &s->secrets->at[p->password - 1];

		buf_puts(out, "password=");
		buf_put(out, secret->value, secret->n);
		buf_putc(out, '\n');
	}
}

static void
forget_settings(struct buf *settings)
{
	if (settings->data != NULL)
		explicit_bzero(settings->data, settings->cap);
	buf_done(settings);
}

int
recording_postgres(struct supervise *s, int64_t now_ns, struct err *err)
{
	char path[PLACE_MAX + 16], number_of[16];
	const char *const args[] = { "--dir", path, "--bench", s->bench, "--settings", number_of,
		NULL };
	struct buf settings = { 0 };
	int fd, rc;

	snprintf(path, sizeof(path), "%s/history", s->state_dir);
	if (folder_make(s, &s->history.user, path, "history: no", err) < 0)
		return ERR_IO;
	put_settings(s, &settings);
	s->postgres_is = text_hash(settings.data, settings.n);
	fd = seal_bytes("mbc-postgres", settings.data, settings.n, err);
	forget_settings(&settings);
	if (fd < 0)
		return ERR_IO;
	snprintf(number_of, sizeof(number_of), "%d", fd);
	rc = child_start(&s->postgres, args, &fd, 1, now_ns, err);
	close(fd);
	return rc;
}

bool
recording_is_postgres_same(struct supervise *s)
{
	struct buf settings = { 0 };
	bool is_same;

	if (!recording_has_postgres(s))
		return false;
	put_settings(s, &settings);
	is_same = text_hash(settings.data, settings.n) == s->postgres_is;
	forget_settings(&settings);
	return is_same;
}

void
recording_adjust_postgres(struct supervise *s, int64_t now_ns)
{
	if (s->postgres.pid == 0)
		s->postgres.next_start_ns = recording_has_postgres(s) ? now_ns : NEVER;
	else if (!recording_is_postgres_same(s))
		kill(s->postgres.pid, SIGTERM);
}

/* ---- copies --------------------------------------------------------------------------------------------------------------- */

int
recording_copy(struct supervise *s, int64_t now_ns, struct err *err)
{
	char path[PLACE_MAX + 16];
	const char *const args[] = { "--dir", path, "--bench", s->bench, "--to",
		image_text(s->img, s->img->copy_to), NULL };

	snprintf(path, sizeof(path), "%s/history", s->state_dir);
	snprintf(s->copies_to, sizeof(s->copies_to), "%s", image_text(s->img, s->img->copy_to));
	return child_start(&s->copy, args, NULL, 0, now_ns, err);
}

bool
recording_copies(const struct supervise *s)
{
	return s->img != NULL && !s->img->history.is_off &&
	       image_text(s->img, s->img->copy_to)[0] != '\0';
}

/* One that hangs on a dead share ends when that lets it, and its successor is started then: never two at once. */
void
recording_adjust_copy(struct supervise *s, int64_t now_ns)
{
	bool is_same = recording_copies(s) &&
		       strcmp(s->copies_to, image_text(s->img, s->img->copy_to)) == 0;

	if (s->copy.pid == 0)
		s->copy.next_start_ns = recording_copies(s) ? now_ns : NEVER;
	else if (!is_same)
		kill(s->copy.pid, SIGKILL);
}

void
recording_copied(struct supervise *s, struct wire_in *in)
{
	char subject[16], text[EVENT_TEXT], path[WIRE_MAX];
	uint32_t run = wire_get_u32(in);
	unsigned what = wire_get_u16(in);
	struct buf packet = { 0 };
	struct err err;

	wire_get_text(in, path, sizeof(path));
	if (wire_close(in, &err) < 0 || what > 2) {
		log_err("process 'copy': tells what mbc does not know");
		return;
	}
	snprintf(subject, sizeof(subject), "%u", run);
	snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, path);
	if (what < 2)
		events_tell_who(
			s, what == 1 ? EVENT_RUN_COPIED : EVENT_RUN_COPY_FAILED, subject, "", text);
	if (what == 0 || s->history.sock < 0)
		return; /* it is told again */
	wire_begin(&packet, WIRE_RUN_COPIED);
	wire_u32(&packet, run);
	wire_text(&packet, path);
	wire_end(&packet);
	if (sock_send(s->history.sock, &packet, -1, &err) < 0)
		log_warn("process 'history': %s", err.msg);
	buf_done(&packet);
}

/* ---- an InfluxDB ---------------------------------------------------------------------------------------------------------- */

bool
recording_has_influx(const struct supervise *s)
{
	return s->img != NULL && !s->img->history.is_off && s->img->influx.version != 0;
}

static const struct secret *
influx_secret(const struct supervise *s)
{
	uint32_t number = s->img->influx.secret;

	return number > 0 && s->secrets != NULL && number <= s->secrets->n
		       ? &s->secrets->at[number - 1]
		       : NULL;
}

/* Of all that the process is told. */
static uint64_t
influx_hash(const struct supervise *s)
{
	const struct image_influx *i = &s->img->influx;
	const uint32_t texts[] = { i->url, i->database, i->user, i->org, i->bucket, i->ca };
	const struct secret *secret = influx_secret(s);
	uint64_t hash = i->version;

	for (size_t k = 0; k < NELEM(texts); k++) {
		const char *text = image_text(s->img, texts[k]);

		hash = hash * 31 + text_hash(text, strlen(text));
	}
	return hash * 31 + (secret == NULL ? 0 : text_hash(secret->value, secret->n));
}

/* A password stands in no line of arguments, which everybody can see: it comes on a descriptor. */
int
recording_influx(struct supervise *s, int64_t now_ns, struct err *err)
{
	const struct image_influx *i = &s->img->influx;
	const struct secret *secret = influx_secret(s);
	char path[PLACE_MAX + 16], number[16];
	const char *const args[] = { "--dir", path, "--bench", s->bench, "--secret", number,
		"--version", i->version == 1 ? "1" : "2", "--url", image_text(s->img, i->url),
		"--database", image_text(s->img, i->database), "--user",
		image_text(s->img, i->user), "--org", image_text(s->img, i->org), "--bucket",
		image_text(s->img, i->bucket), "--ca", image_text(s->img, i->ca), NULL };
	int fd = seal_bytes("mbc-secret", secret == NULL ? "" : secret->value,
		    secret == NULL ? 0 : secret->n, err),
	    rc;

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "%s/history", s->state_dir);
	snprintf(number, sizeof(number), "%d", fd);
	s->influx_is = influx_hash(s);
	rc = child_start(&s->influx, args, &fd, 1, now_ns, err);
	close(fd);
	return rc;
}

bool
recording_is_influx(const struct supervise *s)
{
	return recording_has_influx(s) && s->influx_is == influx_hash(s);
}

/* Its place is kept: one that ends at any moment loses nothing. */
void
recording_adjust_influx(struct supervise *s, int64_t now_ns)
{
	if (s->influx.pid == 0)
		s->influx.next_start_ns = recording_has_influx(s) ? now_ns : NEVER;
	else if (!recording_is_influx(s))
		kill(s->influx.pid, SIGKILL);
}

#define TIERS_FIRST "180000000000" /* ns: when a bench starts there is other work */

/* ---- tiers ----------------------------------------------------------------------------------------------------------------- */

bool
recording_has_tiers(const struct supervise *s)
{
	return s->img != NULL && !s->img->history.is_off && s->img->history.tiers[0].every_ns != 0;
}

/* What the process is told. */
static void
describe_tiers(const struct supervise *s, struct buf *out)
{
	const struct image_tier *tiers = s->img->history.tiers;

	for (size_t i = 0; i < IMAGE_TIERS_MAX && tiers[i].every_ns != 0; i++)
		buf_printf(out, "%s%lld:%lld", i > 0 ? "," : "", (long long)tiers[i].after_ns,
			(long long)tiers[i].every_ns);
}

static uint64_t
tiers_hash(const struct supervise *s)
{
	struct buf text = { 0 };
	uint64_t hash;

	describe_tiers(s, &text);
	hash = text_hash(buf_text(&text), text.n);
	buf_done(&text);
	return hash;
}

int
recording_tiers(struct supervise *s, int64_t now_ns, struct err *err)
{
	char path[PLACE_MAX + 16];
	struct buf text = { 0 };
	int rc;

	snprintf(path, sizeof(path), "%s/history", s->state_dir);
	describe_tiers(s, &text);
	s->tiers_is = tiers_hash(s);
	rc = child_start(&s->tiers,
		(const char *const[]){
			"--dir", path, "--tiers", buf_text(&text), "--first", TIERS_FIRST, NULL },
		NULL, 0, now_ns, err);
	buf_done(&text);
	return rc;
}

bool
recording_is_tiers(const struct supervise *s)
{
	return recording_has_tiers(s) && s->tiers_is == tiers_hash(s);
}

/* One that ends in the middle of a file leaves the old one. */
void
recording_adjust_tiers(struct supervise *s, int64_t now_ns)
{
	if (s->tiers.pid == 0)
		s->tiers.next_start_ns = recording_has_tiers(s) ? now_ns : NEVER;
	else if (!recording_is_tiers(s))
		kill(s->tiers.pid, SIGTERM);
}

/* ---- other stores --------------------------------------------------------------------------------------------------------- */

static void
tell_away(struct supervise *s, const char *store, int64_t *since, int64_t for_ns, const char *why)
{
	if (*since == 0)
		*since = MAX(now_boot() - MAX(for_ns, INT64_C(0)), INT64_C(1));
	events_tell_who(s, EVENT_STORE_AWAY, store, "", why);
}

/* Also when it was another process, ended by a new bench file, that could not reach it. */
static void
tell_back(struct supervise *s, const char *store, int64_t *since)
{
	events_tell(s, EVENT_STORE_BACK, store, (double)((now_boot() - *since) / NS_PER_S), 0);
	*since = 0;
}

void
recording_away(struct supervise *s, const char *store, struct wire_in *in)
{
	int64_t *since = &s->away_since_ns[strcmp(store, "influx") == 0];
	unsigned is_away = wire_get_u16(in);
	double seconds = wire_get_f64(in);
	char why[EVENT_TEXT];
	struct err err;

	wire_get_text(in, why, sizeof(why));
	if (wire_close(in, &err) < 0 || is_away > 1)
		log_err("process '%s': tells an event that is none of its own", store);
	else if (is_away == 1)
		tell_away(s, store, since, (int64_t)(seconds * 1e9), why);
	else if (*since != 0)
		tell_back(s, store, since);
}
