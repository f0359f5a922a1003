/* wires.h - the real wires of a bench: sockets, serial ports, devices at USB and system files, one a link
 *
 * Carries out what the link engine asks for and reports what happened. Nothing here waits: names are looked up, ports
 * opened and closed, devices at USB asked and files read by threads of their own.
 */
#ifndef IO_WIRES_H
#define IO_WIRES_H

#include "base/err.h"
#include "io/loop.h"
#include "model/image.h"
#include "msg/quality.h"

struct wires;

/* Called from the loop only, never from within wires_*(). */
struct wires_sink {
	void *ctx;
	void (*opened)(void *ctx, uint32_t link);
	void (*closed)(void *ctx, uint32_t link, enum quality reason, const char *why);
	void (*bytes)(void *ctx, uint32_t link, const uint8_t *in, size_t n);
	/* Ask for the program of a link; the answer goes to wires_helper() with this ticket. Called from within wires_open().
	 * False: it could not be asked. NULL: there are no such links. */
	bool (*helper)(void *ctx, uint32_t link, uint32_t ticket);
};

struct wires *wires_new(
	struct loop *loop, const struct image *img, const struct wires_sink *sink, struct err *err);
void wires_free(struct wires *w);

/* Go over to a new image: the wire of old link kept[i] becomes link i, all others are closed. */
void wires_switch(struct wires *w, const struct image *img, const uint32_t *kept);

void wires_open(struct wires *w, uint32_t link);
void wires_close(struct wires *w, uint32_t link);
void wires_flush(
	struct wires *w, uint32_t link); /* a serial port forgets what lies in it, both ways */
/* One request. answer_ns: how long its answer is waited for, 0: none comes; on wires that are read only when there is one. */
void wires_send(struct wires *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t answer_ns);

/* The connection to a program that was asked for (takes fd), or with -1 why there is none. From the loop. */
void wires_helper(struct wires *w, uint32_t ticket, int fd, const char *why);

/* Wires whose opening takes too long are given up: call at each turn; returns when to call at the latest. */
int64_t wires_time(struct wires *w, int64_t now_ns);

#endif
