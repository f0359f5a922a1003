/* sock.h - packets between our own processes, with a descriptor where one is needed */
#ifndef IO_SOCK_H
#define IO_SOCK_H

#include "base/err.h"
#include "msg/wire.h"

/* Send one packet; `pass` is a descriptor to send along (stays the caller's), -1: none. Does not wait: ERR_TIMEOUT when
 * the other side does not read. */
int sock_send(int fd, const struct buf *packet, int pass, struct err *err) MUST_CHECK;

/* Receive one packet of at most WIRE_MAX bytes into `packet`. Returns its length, 0 when the other side is gone,
 * ERR_TIMEOUT when there is none (non-blocking descriptors). *out_pass: descriptor that came along (the caller's to
 * close), or -1. */
int sock_recv(int fd, uint8_t *packet, int *out_pass, struct err *err) MUST_CHECK;

/* A pair for parent and child: [0] non-blocking, close-on-exec; [1] inherited by the child. */
int sock_pair(int out[2], struct err *err) MUST_CHECK;

/* Connect to the socket of a running bench, with a deadline of 2 s for each answer. Returns the descriptor. */
int sock_connect(const char *path, struct err *err) MUST_CHECK;

/* Send `kind` (text: with this as its only field; NULL: without fields) and wait for the answer: returns its kind (WIRE_TEXT,
 * WIRE_NO, WIRE_RUN_LOST: text in `out_text`; WIRE_BOARD, WIRE_IMAGE, WIRE_DOOR: *out_pass). For the command line. timeout_ms: for the answer. */
int sock_ask(int fd, enum wire_kind kind, const char *text, char *out_text, size_t cap,
	int *out_pass, int timeout_ms, struct err *err) MUST_CHECK;

#endif
