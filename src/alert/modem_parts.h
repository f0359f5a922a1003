/* modem_parts.h - what the files of the modem share with each other only */
#ifndef ALERT_MODEM_PARTS_H
#define ALERT_MODEM_PARTS_H

#include "alert/at_line.h"
#include "alert/modem.h"

#define MODEM_LATER_NS (30 * NS_PER_S) /* between looks at a card that does not work */

/* modem.c */

/* Write a command and wait for its answer. `fmt` without the CR. */
void modem_ask(struct modem *m, int64_t now_ns, enum modem_step step, const char *fmt, ...)
	PRINTF(4, 5);
void modem_put(struct modem *m, const char *bytes, size_t n);
void modem_told_state(struct modem *m, enum sms_state state);
void modem_note(struct modem *m, const char *text, const char *remedy);
/* Begin from its start: it was reset, or may have been. */
void modem_begin(struct modem *m, int64_t now_ns);
/* Nothing came in time: is it there still? */
void modem_probe(struct modem *m, int64_t now_ns);

/* modem_start.c: the start sequence, the card and its PIN */
void modem_start_next(struct modem *m, int64_t now_ns);
void modem_start_final(struct modem *m, int64_t now_ns, enum at_final final, int code);
void modem_start_line(struct modem *m, const char *line);
void modem_start_silent(struct modem *m);

/* modem_work.c: registration, signal, what lies in the store */
bool modem_work_next(struct modem *m, int64_t now_ns);
void modem_work_final(struct modem *m, int64_t now_ns, enum at_final final, int code);
void modem_work_line(struct modem *m, int64_t now_ns, const char *line);
int64_t modem_work_wake(const struct modem *m);
void modem_item_add(struct modem *m, const char *store, size_t n_store, int index);

/* modem_send.c: messages out, and their reports */
bool modem_send_next(struct modem *m, int64_t now_ns);
void modem_send_prompt(struct modem *m, int64_t now_ns);
void modem_send_line(struct modem *m, const char *line);
void modem_send_final(struct modem *m, int64_t now_ns, enum at_final final, int code);
void modem_send_silent(struct modem *m, int64_t now_ns); /* no answer in time */
void modem_send_broken(struct modem *m, int64_t now_ns); /* reset, or the line is gone */
void modem_send_expire(struct modem *m, int64_t now_ns);
int64_t modem_send_wake(const struct modem *m, bool is_idle); /* idle: something could be begun */
void modem_send_report(struct modem *m, int reference, const char *to, uint8_t status);

/* modem_take.c: messages in */
bool modem_take_head(struct modem *m, const char *line); /* is it the line before a message? */
bool modem_take_body(struct modem *m, int64_t now_ns, const char *line);
void modem_take_text(struct modem *m, const char *in, size_t n, char *out, size_t cap);
void modem_take_end(struct modem *m, bool is_ok); /* of the answer to a read */
/* A string as it stands in a command of text mode, without its quotes; the bytes of it, which may be NUL where strings are septets. */
size_t modem_put_text(const struct modem *m, const char *text, char *out, size_t cap);

#endif
