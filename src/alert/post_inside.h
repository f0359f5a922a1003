/* post_inside.h - what the files of post.h share */
#ifndef ALERT_POST_INSIDE_H
#define ALERT_POST_INSIDE_H

#include <curl/curl.h>

#include "alert/post.h"
#include "base/secret.h"

#define REPLY_MAX ((size_t)64 << 10)  /* bytes of an answer that are looked at */
#define FLOOD_MAX ((size_t)1 << 20)   /* more of it ends the transfer */
#define HEADS_MAX ((size_t)256 << 10) /* the same of its head */
#define LINE_MAX_SMTP 600

/* A mail or push that was taken in. */
struct job {
	struct job *next;
	uint64_t ticket;
	unsigned priority; /* what is urgent goes before what waits */
	int64_t late_ns;   /* when it has waited for too long */
	struct buf mail;   /* MAIL: the whole of it */
	char *from, *to;
	struct alert_message message; /* PUSH: with texts of its own */
};

struct endpoint {
	bool is_used, is_mail, is_plain, is_retired;
	char *url, *user, *secret, *ca, *hello, *from_name;
	struct push_target target; /* PUSH; points to texts of this struct but for `to` */
	char *template, *value, *value_over, *backup_url, *proxy;
	int64_t gap_ns, free_ns; /* nothing begins before free_ns */
	struct job *first;
	size_t n_jobs;           /* in the queue */
	struct attempt *attempt; /* NULL: nothing is being sent */
};

/* One transfer. */
struct attempt {
	struct post *post;
	struct endpoint *endpoint;
	struct job *job;
	CURL *curl;
	struct curl_slist *list; /* headers, or the receiver of a mail */
	struct push_request request;
	size_t at;        /* bytes of the mail that libcurl has taken */
	struct buf reply; /* PUSH: the body */
	size_t n_heads, n_body;
	char retry_after[64];
	char line[LINE_MAX_SMTP]; /* MAIL: the last line of the server */
	size_t n_line;
	bool is_backup;
	char error[CURL_ERROR_SIZE];
};

/* Make a->curl ready for a->job. `share` is what several transfers have in common. ERR_CONF, ERR_IO: it cannot be. */
int attempt_set_up(struct attempt *a, int64_t wall_ns, struct err *err) MUST_CHECK;

/* What came of it. Secrets of the endpoint and the address of the receiver at a push service stand in none of its texts. */
void attempt_judge(struct attempt *a, CURLcode code, int64_t wall_ns, struct alert_verdict *out);

void attempt_hide(const struct attempt *a, struct alert_verdict *verdict);

/* Wiped. */
void attempt_free(struct attempt *a);

#endif
