/* ways.c - the ways out of this bench */
#include "alert/ways.h"

#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/letter.h"
#include "alert/post.h"
#include "alert/push_body.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"

#define FAILS_NS (30 * NS_PER_S) /* a server that is started again is no event */
#define BEAT_TICKET UINT64_MAX
#define TICKETS 512u

/* One of the servers that messages go through. */
struct endpoint {
	int number;       /* as post.h counts; -1: it cannot be used */
	const char *name; /* "mail", or that of the service */
	int64_t since_ns; /* since when nothing has got through; 0: it does */
	bool is_told;
};

struct ways {
	const struct image *img;
	const struct secrets *secrets;
	struct post *post;
	ways_fn fn;
	ways_event_fn event;
	void *ctx;
	struct endpoint mail, beat;
	struct endpoint *pushes;
	struct ticket {
		uint64_t id; /* 0: free */
		struct endpoint *by;
	} tickets[TICKETS]; /* what is under way, and by which endpoint */
};

static const char *
secret_of(const struct ways *w, uint32_t number)
{
	return number > 0 && w->secrets != NULL && number <= w->secrets->n
		       ? w->secrets->at[number - 1].value
		       : "";
}

static const char *
text_of(const struct ways *w, uint32_t text)
{
	return image_text(w->img, text);
}

/* ---- what comes back ------------------------------------------------------------------------------------------------------ */

static struct ticket *
find(struct ways *w, uint64_t id)
{
	for (size_t i = 0; i < TICKETS; i++)
		if (w->tickets[i].id == id)
			return &w->tickets[i];
	return NULL;
}

/* Told when it lasts, and when it is over. */
static void
watch(struct ways *w, struct endpoint *by, bool is_good, const char *why)
{
	int64_t now = now_boot();

	if (is_good) {
		if (by->is_told)
			w->event(w->ctx, EVENT_ALERT_WAY_BACK, by->name, "");
		by->since_ns = 0;
		by->is_told = false;
		return;
	}
	by->since_ns = by->since_ns == 0 ? now : by->since_ns;
	if (by->is_told || now - by->since_ns < FAILS_NS)
		return;
	by->is_told = true;
	w->event(w->ctx, EVENT_ALERT_WAY_FAILS, by->name, why);
}

static void
on_posted(void *ctx, uint64_t id, const struct alert_verdict *v)
{
	struct ways *w = ctx;
	struct ticket *t = find(w, id);
	char text[sizeof(v->text) + sizeof(v->remedy) + 2];
	bool is_good = v->result == ALERT_SENT || v->result == ALERT_DELIVERED;

	snprintf(
		text, sizeof(text), "%s%s%s", v->text, v->remedy[0] != '\0' ? "; " : "", v->remedy);
	if (t != NULL) {
		/* What is wrong with one address says nothing of the way. */
		if (is_good || v->result != ALERT_PERMANENT || v->is_way)
			watch(w, t->by, is_good, text);
		*t = (struct ticket){ 0 };
	}
	w->fn(w->ctx, id == BEAT_TICKET ? 0 : id, v->result, v->wait_ns, text);
}

/* ---- a bench's ways ------------------------------------------------------------------------------------------------------- */

/* One that cannot be used is told in the log, and fails what is to go through it: other ways are tried then. */
static void
say_bad(struct endpoint *by, const struct err *err)
{
	by->number = -1;
	log_warn("'%s' of alert: %s", by->name, err->msg);
}

static void
add_mail(struct ways *w)
{
	const struct image_notices *n = &w->img->notices;
	const struct post_mail_options o = { .url = text_of(w, n->mail_server),
		.user = text_of(w, n->mail_user),
		.secret = secret_of(w, n->mail_password),
		.ca = text_of(w, n->mail_ca),
		.from_name = text_of(w, w->img->title),
		.is_plain = n->is_mail_plain != 0 };
	struct err err;

	w->mail = (struct endpoint){ .number = -1, .name = "mail" };
	if (o.url[0] == '\0')
		return;
	w->mail.number = post_add_mail(w->post, &o, &err);
	if (w->mail.number < 0)
		say_bad(&w->mail, &err);
}

static void
add_push(struct ways *w, uint32_t i)
{
	const struct image_push *p = image_push_at(w->img, i);
	struct post_push_options o = { .target = { .shape = (enum push_shape)p->kind,
					       .url = text_of(w, p->url),
					       .user = text_of(w, p->user),
					       .secret = secret_of(w, p->secret),
					       .template = text_of(w, p->template),
					       .value = text_of(w, p->value),
					       .value_over = text_of(w, p->value_over) },
		.backup_url = text_of(w, p->backup_url),
		.ca = text_of(w, p->ca),
		.gap_ns = p->kind == PUSH_TELEGRAM || p->kind == PUSH_EEDOMUS ? NS_PER_S : 0 };
	struct err err;

	if (o.target.url[0] == '\0' && p->kind == PUSH_TEXT)
		o.target.url = "{secret}"; /* all of the address is */
	w->pushes[i] = (struct endpoint){ .name = text_of(w, p->name) };
	/* It is sent as it stands: a word too many in a message is better than no message. */
	if (p->kind == PUSH_WEBHOOK && push_template_check(o.target.template, &err) < 0)
		log_warn("'template' of '%s' of alert: %s", w->pushes[i].name, err.msg);
	w->pushes[i].number = post_add_push(w->post, &o, &err);
	if (w->pushes[i].number < 0)
		say_bad(&w->pushes[i], &err);
}

/* Asked as a webhook is, whose body nobody needs. */
static void
add_beat(struct ways *w)
{
	const struct post_push_options o = { .target = { .shape = PUSH_SHAPE_WEBHOOK,
						     .url = text_of(
							     w, w->img->notices.beat_url) } };
	struct err err;

	w->beat = (struct endpoint){ .number = -1, .name = "heartbeat" };
	if (o.target.url[0] == '\0')
		return;
	w->beat.number = post_add_push(w->post, &o, &err);
	if (w->beat.number < 0)
		say_bad(&w->beat, &err);
}

struct ways *
ways_new(struct loop *loop, const struct image *img, const struct secrets *secrets, ways_fn fn,
	ways_event_fn event, void *ctx, struct err *err)
{
	struct ways *w = mem_zero(1, sizeof(*w));

	w->img = img;
	w->secrets = secrets;
	w->fn = fn;
	w->event = event;
	w->ctx = ctx;
	w->pushes = mem_zero(img->pushes.n + 1, sizeof(*w->pushes));
	w->post = post_new(loop, on_posted, w, err);
	if (w->post == NULL) {
		ways_free(w);
		return NULL;
	}
	add_mail(w);
	for (uint32_t i = 0; i < img->pushes.n; i++)
		add_push(w, i);
	add_beat(w);
	return w;
}

void
ways_free(struct ways *w)
{
	if (w == NULL)
		return;
	if (w->post != NULL)
		post_free(w->post);
	free(w->pushes);
	free(w);
}

/* ---- sending -------------------------------------------------------------------------------------------------------------- */

static enum alert_what
what_of(const struct engine_message *m, const struct engine_notice *first)
{
	if (first->about == ABOUT_TEST)
		return ALERT_TEST;
	switch (m->what) {
	case TELL_ACKED:
		return ALERT_ACKED;
	case TELL_OVER:
		return ALERT_CLEARED;
	case TELL_CHATTERS:
		return ALERT_REMINDER;
	default:
		return ALERT_RAISED;
	}
}

int
ways_send(struct ways *w, const struct engine_message *m, const struct engine_notice *first,
	const char *subject, const char *text, int64_t wall_ns, struct err *err)
{
	const struct image_address *a = image_address_at(w->img, m->address);
	struct endpoint *by = a->way == ALERT_MAIL   ? &w->mail
			      : a->way == ALERT_PUSH ? &w->pushes[a->push]
						     : NULL;
	const struct alert_message message = { .subject = subject,
		.text = text,
		.alarm = first->name,
		.bench = text_of(w, w->img->bench),
		.page = text_of(w, w->img->notices.page),
		.priority = m->priority,
		.what = what_of(m, first),
		.value = (double)NAN,
		.wall_ns = wall_ns,
		.id = m->id,
		.notice = first->id,
		.language = image_receiver_at(w->img, m->person)->language };
	struct ticket *t = find(w, 0);
	int rc;

	if (by == NULL || by->number < 0)
		return err_set(err, ERR_CONF, 0,
			"this way is not there; look at 'alert:' of the bench file");
	if (t == NULL)
		return err_set(err, ERR_REFUSED, 0, "too much waits at once");
	rc = a->way == ALERT_MAIL
		     ? post_mail(w->post, by->number, text_of(w, w->img->notices.mail_from),
			       text_of(w, a->text), &message, m->id, err)
		     : post_push(w->post, by->number, text_of(w, a->text), &message, m->id, err);
	if (rc == 0)
		*t = (struct ticket){ m->id, by };
	else if (rc == 1) /* this service is not told of such: it is as good as told */
		w->fn(w->ctx, m->id, ALERT_SENT, 0, "nothing to tell there");
	return MIN(rc, 0);
}

void
ways_beat(struct ways *w)
{
	const struct alert_message m = { .subject = "heartbeat",
		.text = "the bench lives",
		.bench = text_of(w, w->img->bench),
		.what = ALERT_TEST,
		.value = (double)NAN,
		.wall_ns = now_boot() + now_wall_offset(),
		.id = 1 };
	struct ticket *t = find(w, 0);
	struct err err;

	if (w->beat.number < 0 || t == NULL || find(w, BEAT_TICKET) != NULL)
		return;
	if (post_push(w->post, w->beat.number, "", &m, BEAT_TICKET, &err) == 0)
		*t = (struct ticket){ BEAT_TICKET, &w->beat };
}

int64_t
ways_run(struct ways *w, int64_t now_ns)
{
	post_step(w->post, now_ns);
	return post_due(w->post);
}

unsigned
ways_under_way(const struct ways *w)
{
	return (unsigned)post_waiting(w->post);
}
