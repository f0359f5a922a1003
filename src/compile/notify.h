/* notify.h - who is told, and how, while a bench is compiled
 *
 * Names under `notify:` are numbered in the order of the file here; in the image each stands behind those that it names.
 */
#ifndef COMPILE_NOTIFY_H
#define COMPILE_NOTIFY_H

#include "compile/tree.h"
#include "model/image.h"

#define RECEIVERS_MAX IMAGE_RECEIVERS_MAX
#define RECEIVER_NAME_MAX 30 /* "NAME: TEXT" of a sequence is an event's text */
#define ADDRESSES_MAX 256
#define MEMBERS_MAX 512
#define CHAIN_STEPS_MAX 128
#define SHIFTS_MAX 64
#define PUSHES_MAX 32

struct bench;
struct bench_alarm;

struct bench_receiver {
	const char *name, *title;
	struct place at;
	const struct node *const *keys; /* rows of schema_receiver */
	struct image_receiver d;        /* all but texts; it counts in the tables of the bench */
	uint8_t ways;   /* bits 1 << enum alert_way: by which somebody can be reached through it */
	uint8_t told;   /* bits 1 << enum image_priority: somebody is told of such alarms */
	bool is_open;   /* whom it reaches is not known, because of an error that was told */
	uint32_t place; /* in the image */
};

struct bench_address {
	enum alert_way way;
	const char *text;
	uint32_t push; /* ALERT_PUSH: of the bench's */
};

struct bench_push {
	const char *name;
	enum push_kind kind;
	bool is_open; /* its kind is not known, because of an error that was told */
	const char *url, *user, *ca, *template, *value, *value_over, *backup_url;
	int64_t secret; /* number, from 1; 0: none */
};

/* See struct image_notices. */
struct bench_notices {
	bool has_people; /* there is `notify:` */
	bool is_open;    /* some of its names are not known, because of an error that was told */
	bool has_mail;
	bool is_push_open; /* as is_open, of the services */
	bool is_mail_plain;
	const struct node *alarms, *told; /* keys of `alert:` that name people; NULL */
	const char *site, *page, *beat_url;
	const char *mail_server, *mail_from, *mail_user, *mail_ca;
	int64_t mail_password;
	struct image_list by_priority[PRIORITIES], events;
	int64_t gather_ns, again_ns, beat_every_ns;
};

/* `notify:` and `alert:` (NULL: left out). They read no channels. */
void notify_read(struct bench *b, const struct node *people, const struct node *alert);

/* Is somebody told of each urgent alarm? After alarms_read(). */
void notify_check(struct bench *b);

/* One name under `notify:`, or a list of them. What is wrong is told; the others are in the list. */
void notify_list(struct bench *b, const struct node *n, struct image_list *out);

/* The same of an alarm, or `no`: *out_is_said. */
void notify_of_alarm(struct bench *b, const struct node *n, struct bench_alarm *a);

/* Is it a name under `notify:`? The one that may have been meant in near[96] ("": none). */
bool notify_is_known(struct bench *b, const char *name, char *near);

/* The items of "a text, or a list of texts": for (n = notify_first(list); n != NULL; n = notify_next(list, n)). */
const struct node *notify_first(const struct node *list);
const struct node *notify_next(const struct node *list, const struct node *item);

/* notify_person.c: what a person has; ways as bits, from "mail, push". False: that was told. */
void notify_person(struct bench *b, struct bench_receiver *r);
bool notify_ways(struct bench *b, const struct node *n, uint8_t *out);

/* notify_duty.c */
void notify_duty(struct bench *b, struct bench_receiver *r);
/* "22:00" as minutes of a day. */
bool notify_time(struct bench *b, const struct node *n, uint16_t *out);

/* notify_alert.c: servers and services of `alert:`, before people; and whom it names, behind them. */
void notify_servers(struct bench *b, const struct node *alert);
void notify_told(struct bench *b);

/* notify_url.c: an address of the web, or of a mail server, of at most 1000 bytes; whether it leads to this computer alone. */
enum url_kind { URL_WEB, URL_MAIL };
const char *notify_url(struct bench *b, const struct node *n, enum url_kind kind);
bool notify_is_loopback(const char *url);
/* "anna@lab.example" */
bool notify_mail(struct bench *b, const struct node *n);

/* Text of one line, not empty, at most `most` bytes; NULL: that was told. */
const char *notify_line(struct bench *b, const struct node *n, size_t most, const char *what);

#endif
