/* alerting.c - the process that tells people: its folder, its secrets, what it says */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "io/seal.h"
#include "io/secrets.h"
#include "io/sock.h"
#include "supervise/supervise.h"

bool
alerting_is_wanted(const struct supervise *s)
{
	return s->img != NULL && s->img->notices.is_on != 0;
}

int
alerting_start(struct supervise *s, int64_t now_ns, struct err *err)
{
	static const char *const names[] = { "journal.0", "journal.1", "blackbox" };
	char path[PLACE_MAX + 16], parts[3][24];
	const char *const args[] = { "--bench", s->bench, "--dir", path, "--journal0", parts[0],
		"--journal1", parts[1], "--blackbox", parts[2], NULL };
	int fds[3], n_fds = 0;

	snprintf(path, sizeof(path), "%s/alert", s->state_dir);
	if (folder_make(s, &s->alert.user, path, "notify: {}", err) < 0)
		return ERR_IO;
	/* What the tape has lost of events it reads there. */
	for (size_t i = 0; i < NELEM(names); i++) {
		int fd = events_reader(s, names[i], NULL);

		snprintf(parts[i], sizeof(parts[i]), "%d", fd < 0 ? -1 : fd);
		if (fd >= 0)
			fds[n_fds++] = fd;
	}
	return child_start(&s->alert, args, fds, (size_t)n_fds, now_ns, err);
}

static void
send_one(const struct child *c, enum wire_kind kind, int fd, uint32_t generation)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, kind);
	wire_u32(&packet, generation);
	wire_end(&packet);
	if (sock_send(c->sock, &packet, fd, &err) < 0)
		log_warn("process '%s': %s", c->name, err.msg);
	buf_done(&packet);
}

/* Who is told, and what it needs to tell them: the secrets of its own ways out, and no others. */
void
alerting_show(struct supervise *s)
{
	struct err err;
	int named, image;

	if (s->alert.sock < 0 || !alerting_is_wanted(s))
		return;
	named = secrets_send_alert(s->secrets, s->img, &err);
	image = named < 0 ? -1 : seal_bytes("mbc-image", s->img, s->img->size, &err);
	if (image >= 0) {
		send_one(&s->alert, WIRE_SECRETS, named, s->generation);
		send_one(&s->alert, WIRE_IMAGE, image, s->generation);
		close(image);
	} else {
		log_warn("process 'alert': %s", err.msg);
	}
	if (named >= 0)
		close(named);
}

void
alerting_adjust(struct supervise *s, int64_t now_ns)
{
	if (s->alert.pid == 0)
		s->alert.next_start_ns = alerting_is_wanted(s) ? now_ns : NEVER;
	else if (alerting_is_wanted(s))
		alerting_show(s);
	else
		kill(s->alert.pid, SIGTERM);
}

/* It talks to the network: its texts are cut and cleaned as those of everybody. */
void
alerting_told(struct supervise *s, struct wire_in *in)
{
	char subject[EVENT_SUBJECT], text[EVENT_TEXT];
	unsigned kind = wire_get_u16(in);
	struct err err;

	wire_get_text(in, subject, sizeof(subject));
	wire_get_text(in, text, sizeof(text));
	if (wire_close(in, &err) < 0 || kind < EVENT_ALERT_REACHED_NOBODY ||
		kind > EVENT_ALERT_TOLD)
		log_err("process 'alert': tells an event that is none of its own");
	else
		events_tell_who(s, (enum event_kind)kind, subject, "", text);
}

int
alerting_test(struct supervise *s, const char *receiver, const char *who, char *out, size_t cap)
{
	struct buf packet = { 0 };
	struct err err;
	int rc;

	if (!alerting_is_wanted(s) || s->alert.sock < 0) {
		snprintf(out, cap, "%s",
			alerting_is_wanted(s)
				? "the process that tells people does not run at this moment; try "
				  "again"
				: "this bench tells nobody; write 'notify:' into its bench file");
		return ERR_REFUSED;
	}
	rc = ERR_REFUSED;
	for (uint32_t i = 0; i < s->img->receivers.n; i++)
		if (strcmp(image_text(s->img, image_receiver_at(s->img, i)->name), receiver) == 0)
			rc = 0;
	if (rc < 0) {
		snprintf(out, cap,
			"nobody is named '%.63s' under notify:; 'mbc alert duty' lists the names",
			receiver);
		return rc;
	}
	wire_begin(&packet, WIRE_ALERT_TEST);
	wire_text(&packet, receiver);
	wire_text(&packet, who);
	wire_end(&packet);
	rc = sock_send(s->alert.sock, &packet, -1, &err);
	buf_done(&packet);
	if (rc < 0)
		snprintf(out, cap, "process 'alert': %s; try again", err.msg);
	else
		snprintf(out, cap,
			"a test is on its way to '%s'; 'mbc alert ledger' shows what becomes of it",
			receiver);
	return rc;
}
