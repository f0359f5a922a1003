/* sms_socket.h - short messages through a cellular router that takes them as lines over TCP (CalAmp Vanguard, port 6290)
 *
 * The same shape as modem.h: whoever calls has the connection and a clock. Each message is split here into parts of 160 characters that
 * number themselves, as the router makes no long ones. A part whose answer never came is uncertain, and what follows it is not sent.
 */
#ifndef ALERT_SMS_SOCKET_H
#define ALERT_SMS_SOCKET_H

#include "alert/sms_event.h"

#define SMS_SOCKET_PORT 6290
#define SMS_SOCKET_QUEUE 8
#define SMS_SOCKET_LINE 512
#define SMS_SOCKET_OUT 1024
#define SMS_SOCKET_PREFIX 16

struct sms_socket_options {
	/* Messages come in only after a prefix was registered; the manual's letter for it is not public, so it is told here. 0: none. */
	char register_letter;
	char prefix[SMS_SOCKET_PREFIX]; /* "": all that no other client has asked for */
	unsigned parts_max;             /* sms_split */
};

struct sms_socket_order {
	bool is_used;
	uint64_t ticket, order;
	char number[SMS_NUMBER];
	int64_t until_ns;
	unsigned at;
	struct sms_parts parts;
};

struct sms_socket {
	struct sms_socket_options o;
	bool is_open;
	enum sms_state state;
	enum { SMS_SOCKET_IDLE, SMS_SOCKET_REGISTERING, SMS_SOCKET_SENDING } step;
	int64_t deadline_ns;
	int64_t drain_ns; /* a result that is late is not the next one's: nothing is asked before */
	struct sms_socket_order orders[SMS_SOCKET_QUEUE];
	uint64_t n_orders;
	int sending; /* place in orders; -1 */
	char line[SMS_SOCKET_LINE];
	size_t n_line;
	char out[SMS_SOCKET_OUT];
	size_t n_out;
	bool is_handed;
	struct sms_events events;
	struct sms_seen seen;
};

struct sms_socket_out {
	const char *bytes; /* to be written, whole */
	size_t n;
	int64_t wake_ns;
	bool is_lost; /* close the connection and make another, after a while */
};

void sms_socket_init(struct sms_socket *s, const struct sms_socket_options *o);
void sms_socket_opened(struct sms_socket *s, int64_t now_ns);
void sms_socket_closed(struct sms_socket *s, int64_t now_ns);
void sms_socket_bytes(struct sms_socket *s, int64_t now_ns, const void *in, size_t n);
void sms_socket_run(struct sms_socket *s, int64_t now_ns, struct sms_socket_out *out);

/* As modem_send, modem_cancel, modem_event. What is not printable ASCII becomes something like it. */
int sms_socket_send(struct sms_socket *s, int64_t now_ns, int64_t until_ns, uint64_t ticket,
	const char *number, const char *text, struct err *err) MUST_CHECK;
bool sms_socket_cancel(struct sms_socket *s, uint64_t ticket);
bool sms_socket_event(struct sms_socket *s, struct sms_event *out);

#endif
