/* post.c - queues of messages, one an endpoint, and libcurl's transfers in the loop of the process */
#include "alert/post.h"

#include <stdlib.h>
#include <string.h>

#include "alert/mail_text.h"
#include "alert/post_inside.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"

struct post {
	struct loop *loop;
	CURLM *multi;
	post_fn done;
	void *ctx;
	struct endpoint endpoints[POST_ENDPOINTS_MAX];
	int64_t timer_ns; /* when libcurl wants to look; NEVER */
	bool has_news;    /* a transfer may have ended, or may begin */
	size_t n_waiting;
};

static char *
copy(const char *text)
{
	return mem_text(text == NULL ? "" : text);
}

static void
wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* ---- libcurl in the loop ---------------------------------------------------------------------------------------------------- */

static void
on_ready(void *ctx, int fd, unsigned events)
{
	struct post *p = ctx;
	int running, mask = 0;

	mask |= (events & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0;
	mask |= (events & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
	curl_multi_socket_action(p->multi, fd, mask, &running);
	p->has_news = true;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct post *p = ctx;
	unsigned events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? LOOP_READ : 0u) |
			  (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? LOOP_WRITE : 0u);
	struct err err;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (known != NULL)
			loop_remove(p->loop, fd);
		curl_multi_assign(p->multi, fd, NULL);
		return 0;
	}
	if (known != NULL) {
		loop_change(p->loop, fd, events);
		return 0;
	}
	/* Without a place in the loop the transfer ends by its time limit. */
	if (loop_add(p->loop, fd, events, on_ready, p, &err) == 0)
		curl_multi_assign(p->multi, fd, p);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	struct post *p = ctx;

	(void)multi;
	p->timer_ns = ms < 0 ? NEVER : now_boot() + ms * NS_PER_MS;
	return 0;
}

struct post *
post_new(struct loop *l, post_fn done, void *ctx, struct err *err)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	struct post *p;
	bool has_smtp = false;

	for (const char *const *name = v->protocols; *name != NULL; name++)
		has_smtp = has_smtp || strcmp(*name, "smtp") == 0;
	if ((v->features & CURL_VERSION_ASYNCHDNS) == 0 || (v->features & CURL_VERSION_SSL) == 0 ||
		!has_smtp) {
		err_set(err, ERR_CONF, 0,
			"this libcurl cannot look up names without waiting, or has no TLS or no "
			"SMTP; install libcurl4");
		return NULL;
	}
	p = mem_zero(1, sizeof(*p));
	*p = (struct post){
		.loop = l, .done = done, .ctx = ctx, .timer_ns = NEVER, .multi = curl_multi_init()
	};
	if (p->multi == NULL) {
		free(p);
		err_set(err, ERR_IO, 0, "libcurl cannot begin; is there memory left?");
		return NULL;
	}
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	return p;
}

/* ---- jobs ------------------------------------------------------------------------------------------------------------------- */

static void
job_free(struct job *j)
{
	struct alert_message *m = &j->message;

	buf_done(&j->mail);
	free(j->from);
	wipe(j->to);
	free((char *)(uintptr_t)m->subject);
	free((char *)(uintptr_t)m->text);
	free((char *)(uintptr_t)m->alarm);
	free((char *)(uintptr_t)m->bench);
	free((char *)(uintptr_t)m->page);
	free((char *)(uintptr_t)m->unit);
	free(j);
}

static struct job *
job_new(const char *from, const char *to, unsigned priority, uint64_t ticket)
{
	struct job *j = mem_zero(1, sizeof(*j));

	j->ticket = ticket;
	j->priority = priority;
	j->late_ns = now_boot() + POST_WAIT_MS * NS_PER_MS;
	j->from = copy(from);
	j->to = copy(to);
	return j;
}

/* What a push needs of a message, as its own. */
static void
keep(struct job *j, const struct alert_message *m)
{
	j->message = *m;
	j->message.subject = copy(m->subject);
	j->message.text = copy(m->text);
	j->message.alarm = copy(m->alarm);
	j->message.bench = copy(m->bench);
	j->message.page = copy(m->page);
	j->message.unit = copy(m->unit);
	j->message.attachment = NULL;
	j->message.n_attachment = 0;
	j->message.attachment_name = j->message.attachment_type = NULL;
}

static void
put(struct post *p, struct endpoint *e, struct job *j)
{
	struct job **at = &e->first;

	while (*at != NULL && (*at)->priority >= j->priority)
		at = &(*at)->next;
	j->next = *at;
	*at = j;
	e->n_jobs++;
	p->n_waiting++;
	p->has_news = true;
}

static struct job *
take(struct endpoint *e)
{
	struct job *j = e->first;

	e->first = j->next;
	j->next = NULL;
	e->n_jobs--;
	return j;
}

/* ---- endpoints -------------------------------------------------------------------------------------------------------------- */

static void
endpoint_done(struct endpoint *e)
{
	while (e->first != NULL)
		job_free(take(e));
	free(e->url);
	free(e->user);
	wipe(e->secret);
	free(e->ca);
	free(e->hello);
	free(e->from_name);
	free(e->template);
	free(e->value);
	free(e->value_over);
	free(e->backup_url);
	free(e->proxy);
	*e = (struct endpoint){ 0 };
}

static int
free_endpoint(struct post *p, struct err *err)
{
	for (int i = 0; i < POST_ENDPOINTS_MAX; i++)
		if (!p->endpoints[i].is_used)
			return i;
	return err_set(
		err, ERR_CONF, 0, "more than %d ways out; leave some out", POST_ENDPOINTS_MAX);
}

int
post_add_mail(struct post *p, const struct post_mail_options *o, struct err *err)
{
	int i = free_endpoint(p, err);

	if (i < 0)
		return i;
	if (o->is_plain && o->user != NULL && o->user[0] != '\0')
		return err_set(err, ERR_CONF, 0,
			"without TLS nobody logs in to a mail server; leave out 'user', or use "
			"TLS");
	p->endpoints[i] = (struct endpoint){ .is_used = true,
		.is_mail = true,
		.is_plain = o->is_plain,
		.url = copy(o->url),
		.user = copy(o->user),
		.secret = copy(o->secret),
		.ca = copy(o->ca),
		.hello = copy(o->hello),
		.from_name = copy(o->from_name) };
	return i;
}

int
post_add_push(struct post *p, const struct post_push_options *o, struct err *err)
{
	int i = free_endpoint(p, err);
	struct endpoint *e;

	if (i < 0)
		return i;
	e = &p->endpoints[i];
	*e = (struct endpoint){ .is_used = true,
		.url = copy(o->target.url),
		.user = copy(o->target.user),
		.secret = copy(o->target.secret),
		.template = copy(o->target.template),
		.value = copy(o->target.value),
		.value_over = copy(o->target.value_over),
		.backup_url = copy(o->backup_url),
		.ca = copy(o->ca),
		.proxy = copy(o->proxy),
		.gap_ns = o->gap_ns };
	e->target = (struct push_target){ .shape = o->target.shape,
		.url = e->url,
		.to = "",
		.user = e->user,
		.secret = e->secret,
		.template = e->template,
		.value = e->value,
		.value_over = e->value_over };
	return i;
}

static bool
is_open(const struct post *p, int endpoint)
{
	return endpoint >= 0 && endpoint < POST_ENDPOINTS_MAX && p->endpoints[endpoint].is_used &&
	       !p->endpoints[endpoint].is_retired;
}

void
post_retire(struct post *p, int endpoint)
{
	if (is_open(p, endpoint))
		p->endpoints[endpoint].is_retired = true;
	p->has_news = true;
}

static int
check(const struct post *p, int endpoint, bool is_mail, struct err *err)
{
	if (!is_open(p, endpoint) || p->endpoints[endpoint].is_mail != is_mail)
		return err_set(err, ERR_CONF, 0, "this way is not there any more");
	if (p->endpoints[endpoint].n_jobs >= POST_QUEUE_MAX)
		return err_set(
			err, ERR_REFUSED, 0, "%d messages wait there already", POST_QUEUE_MAX);
	return 0;
}

int
post_mail(struct post *p, int endpoint, const char *from, const char *to,
	const struct alert_message *m, uint64_t ticket, struct err *err)
{
	int rc = check(p, endpoint, true, err);
	struct job *j;

	if (rc < 0)
		return rc;
	j = job_new(from, to, m->priority, ticket);
	rc = mail_text(&j->mail, from, p->endpoints[endpoint].from_name, to, m, err);
	if (rc < 0) {
		job_free(j);
		return ERR_CONF;
	}
	put(p, &p->endpoints[endpoint], j);
	return 0;
}

int
post_push(struct post *p, int endpoint, const char *to, const struct alert_message *m,
	uint64_t ticket, struct err *err)
{
	struct push_request tried = { 0 };
	int rc = check(p, endpoint, false, err);
	struct push_target t;
	struct job *j;

	if (rc < 0)
		return rc;
	t = p->endpoints[endpoint].target;
	t.to = to;
	rc = push_shape(&tried, &t, m, m->wall_ns, err);
	push_request_done(&tried);
	if (rc != 0)
		return rc < 0 ? ERR_CONF : 1;
	j = job_new(NULL, to, m->priority, ticket);
	keep(j, m);
	put(p, &p->endpoints[endpoint], j);
	return 0;
}

bool
post_withdraw(struct post *p, uint64_t ticket)
{
	for (int i = 0; i < POST_ENDPOINTS_MAX; i++) {
		struct endpoint *e = &p->endpoints[i];

		for (struct job **at = &e->first; e->is_used && *at != NULL; at = &(*at)->next) {
			struct job *j = *at;

			if (j->ticket != ticket)
				continue;
			*at = j->next;
			e->n_jobs--;
			p->n_waiting--;
			job_free(j);
			return true;
		}
	}
	return false;
}

/* ---- transfers -------------------------------------------------------------------------------------------------------------- */

static void
attempt_end(struct post *p, struct attempt *a)
{
	a->endpoint->attempt = NULL;
	if (a->curl != NULL)
		curl_multi_remove_handle(p->multi, a->curl);
	attempt_free(a);
}

static void
tell(struct post *p, struct job *j, const struct alert_verdict *verdict)
{
	uint64_t ticket = j->ticket;

	p->n_waiting--;
	job_free(j);
	p->done(p->ctx, ticket, verdict);
}

static void
begin(struct post *p, struct endpoint *e, struct job *j, bool is_backup)
{
	struct attempt *a = mem_zero(1, sizeof(*a));
	int64_t wall_ns = now_boot() + now_wall_offset();
	struct err err;
	int rc;

	*a = (struct attempt){ .post = p, .endpoint = e, .job = j, .is_backup = is_backup };
	e->attempt = a;
	rc = attempt_set_up(a, wall_ns, &err);
	if (rc == 0 && curl_multi_add_handle(p->multi, a->curl) != CURLM_OK)
		rc = err_set(&err, ERR_IO, 0, "libcurl cannot begin; is there memory left?");
	if (rc < 0) {
		struct alert_verdict v = { .result = rc == ERR_IO ? ALERT_TEMPORARY
								  : ALERT_PERMANENT };

		(void)!text_copy(v.text, sizeof(v.text), err.msg);
		attempt_hide(a, &v);
		e->attempt = NULL;
		attempt_free(a);
		tell(p, j, &v);
	}
}

/* What came of a transfer; one that reached nobody is tried by the other address at once, where there is one. */
static void
finish(struct post *p, struct attempt *a, CURLcode code)
{
	struct endpoint *e = a->endpoint;
	struct job *j = a->job;
	struct alert_verdict v = { 0 };
	bool is_backup = a->is_backup, has_answer;
	long status = 0;

	curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	has_answer = status != 0;
	attempt_judge(a, code, now_boot() + now_wall_offset(), &v);
	attempt_end(p, a);
	e->free_ns = now_boot() + e->gap_ns;
	if (!has_answer && !is_backup && !e->is_mail && e->target.shape == PUSH_SHAPE_EEDOMUS &&
		e->backup_url[0] != '\0') {
		begin(p, e, j, true);
		return;
	}
	tell(p, j, &v);
}

static void
collect(struct post *p)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(p->multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		struct attempt *a = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &a);
		finish(p, a, code);
	}
}

/* Whoever is behind a slow server is to be reached by another way. What is told here may take in further messages. */
static void
end_late(struct post *p, int64_t now_ns)
{
	for (int i = 0; i < POST_ENDPOINTS_MAX; i++) {
		struct job **at = &p->endpoints[i].first;

		while (p->endpoints[i].is_used && *at != NULL) {
			struct alert_verdict v = { .result = ALERT_TEMPORARY };
			struct job *j = *at;

			if (j->late_ns > now_ns) {
				at = &j->next;
				continue;
			}
			*at = j->next;
			p->endpoints[i].n_jobs--;
			(void)!text_copy(
				v.text, sizeof(v.text), "the messages before it took too long");
			tell(p, j, &v);
			at = &p->endpoints[i].first;
		}
	}
}

static void
start_waiting(struct post *p, int64_t now_ns)
{
	for (int i = 0; i < POST_ENDPOINTS_MAX; i++) {
		struct endpoint *e = &p->endpoints[i];

		while (e->is_used && e->attempt == NULL && e->first != NULL && e->free_ns <= now_ns)
			begin(p, e, take(e), false);
		if (e->is_used && e->is_retired && e->attempt == NULL && e->first == NULL)
			endpoint_done(e);
	}
}

int64_t
post_due(const struct post *p)
{
	int64_t due = p->has_news ? 0 : p->timer_ns;

	for (int i = 0; i < POST_ENDPOINTS_MAX; i++) {
		const struct endpoint *e = &p->endpoints[i];

		if (e->is_used && e->attempt == NULL && e->first != NULL)
			due = MIN(due, e->free_ns);
		for (const struct job *j = e->is_used ? e->first : NULL; j != NULL; j = j->next)
			due = MIN(due, j->late_ns);
	}
	return due;
}

void
post_step(struct post *p, int64_t now_ns)
{
	int running;

	if (p->timer_ns <= now_ns) {
		p->timer_ns = NEVER;
		curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	p->has_news = false;
	collect(p);
	start_waiting(p, now_ns);
	end_late(p, now_ns);
}

size_t
post_waiting(const struct post *p)
{
	return p->n_waiting;
}

void
post_free(struct post *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < POST_ENDPOINTS_MAX; i++) {
		struct endpoint *e = &p->endpoints[i];

		if (e->is_used && e->attempt != NULL) {
			struct job *j = e->attempt->job;

			attempt_end(p, e->attempt);
			job_free(j);
		}
		endpoint_done(e);
	}
	curl_multi_cleanup(p->multi);
	free(p);
}
