/* bench.h - the controller of one bench: links, channels, tick; pure
 *
 * Owner (src/io/control_main.c, or the simulation): tells what happened on the wires and the time; asks what to do.
 * Nothing here blocks, allocates after bench_new(), or calls the system.
 */
#ifndef CONTROL_BENCH_H
#define CONTROL_BENCH_H

#include "board/board.h"
#include "control/command.h"
#include "control/keep.h"
#include "link/link.h"
#include "model/image.h"
#include "msg/event.h"
#include "msg/guest.h"
#include "msg/health.h"

struct bench;

struct bench_sink {
	void *ctx;
	/* Something has happened: record it, set its id and boot, return the id (0: it is not recorded). NULL: events are not
	 * wanted, nor are they on the tape. */
	uint64_t (*event)(void *ctx, struct event *e);
	void (*clock)(
		void *ctx, struct clock_record *c); /* what goes to the tape too; may be NULL */
	/* An event of class A: it is synchronised at once, and the command waits until recorded() says that it is on the disk. NULL:
	 * as event(), and it is on the disk at once. */
	uint64_t (*intent)(void *ctx, struct event *e);
	enum command_record (*recorded)(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns);
	/* What outlives the controller (keep.h), recorded; returns the number of the record. NULL: nothing does. boot: event_boot(). */
	uint64_t (*keep)(void *ctx, const uint8_t *bytes, size_t n);
	uint64_t boot;
	/* What became of a command; NULL: nobody wants to know. */
	void (*verdict)(void *ctx, const struct verdict_told *v);
	/* What came of a guest's question; NULL: there are no guests. */
	void (*guest)(void *ctx, const struct guest_told *t);
};

/* A bench from a checked image, which stays the caller's and must outlive it, writing to `board`, which was made from
 * the same image. */
struct bench *bench_new(const struct image *img, struct board *board,
	const struct codec *(*codec_of)(const char *name), const struct bench_sink *sink,
	int64_t now_ns);

/* Show the channels of image.shown_channels on a public board as well, made from the same image; right behind bench_new(). It is written in the same
 * ticks, and holds neither events nor codes of devices. */
void bench_share(struct bench *b, struct board *public);

/* The secrets that the image names, right behind bench_new(); they stay the caller's and outlive the bench. */
void bench_secrets(struct bench *b, const struct secrets *s);

/* Devices that answer without wires, for rehearsals: right behind bench_new(). No link is opened then; what is written and asked for goes to
 * them, never from within their own calls of bench_reading() and the like, and whatever they say is told by these. */
struct bench_devices {
	void *ctx;
	/* is_once: as link_write_once(), answered by bench_once(); text: of a point that takes one; NULL. */
	int (*write)(void *ctx, uint32_t point, uint32_t tag, union value v, const char *text,
		bool is_once, struct err *err);
	void (*ask)(void *ctx, uint32_t point); /* read it as soon as you can */
};
void bench_direct(struct bench *b, const struct bench_devices *devices);
void bench_reading(struct bench *b, uint32_t point, const struct reading *r, int64_t now_ns);
void bench_written(
	struct bench *b, uint32_t point, uint32_t tag, enum quality verdict, int64_t now_ns);
void bench_once(struct bench *b, uint32_t point, uint32_t tag, enum link_once once,
	enum quality verdict, int64_t now_ns);
void bench_instrument(struct bench *b, uint32_t instrument, enum instrument_state state,
	enum quality reason, int64_t now_ns);

void bench_free(struct bench *b);

/* May an image be taken up in place of this one's now? ERR_REFUSED with cause; remedy. */
int bench_may_adopt(const struct bench *b, const struct image *next, struct err *err) MUST_CHECK;

/* Are all outputs that can hurt safe, and is no run active? */
bool bench_is_at_rest(const struct bench *b);

/* After a reload: take over values, filters and links from the bench that ran before, matched by (id, type, unit) and by
 * instrument hash. kept[i] is set to the old index of the link whose wire goes on as link i, or IMAGE_NONE; wires that
 * are not kept are closed by the caller. kept has room for all links of the new image. */
void bench_adopt(struct bench *b, struct bench *from, uint32_t *kept, int64_t now_ns);

void bench_opened(struct bench *b, uint32_t link, int64_t now_ns);
void bench_closed(
	struct bench *b, uint32_t link, enum quality reason, const char *why, int64_t now_ns);
void bench_bytes(struct bench *b, uint32_t link, const uint8_t *in, size_t n, int64_t now_ns);

/* Step the links that have something due. */
void bench_time(struct bench *b, int64_t now_ns);

/* The next link that wants something done, and what; IMAGE_NONE when none does. Call until then after each of the calls
 * above; what is done may call them again. */
uint32_t bench_take(struct bench *b, struct link_wants *out);

/* The earliest time at which bench_time() has something to do; NEVER if nothing. The tick is the owner's. */
int64_t bench_wake(const struct bench *b);

/* A tick: ages, derived channels, publication. lost: ticks that did not happen before this one. clock: for the heart. */
struct bench_clock {
	int64_t now_ns;  /* CLOCK_BOOTTIME */
	int64_t wall_ns; /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	bool wall_is_good;
	int64_t late_ns; /* how late this tick is */
	uint64_t lost;
};
void bench_tick(struct bench *b, const struct bench_clock *clock);

/* How things were when a controller was alive last, before the first tick of a bench that does not adopt another. clock: now. */
void bench_restore(struct bench *b, const struct keep_past *past, const struct bench_clock *clock);

/* A command of somebody who may give it; its verdicts go to the sink, the first before this returns. */
void bench_command(struct bench *b, const struct command *c, int64_t now_ns);
/* What became of a command: told again. */
void bench_command_ask(struct bench *b, const char *id);
/* A question of somebody else on a wire of the bench; what comes of it goes to the sink. */
void bench_guest(struct bench *b, const struct guest_ask *ask, int64_t now_ns);
/* Something was recorded: commands that wait for it go on. */
void bench_recorded(struct bench *b, int64_t now_ns);

/* The bench is to end: with an output that can hurt away from its safe value, its safe state begins. True: it may end now. Call it
 * again until then; after HANDS_STOP_NS it is true in any case. */
bool bench_stop(struct bench *b, int64_t now_ns);

/* Something that happened outside of the bench: recorded as its own events are. Returns its id. */
uint64_t bench_event(struct bench *b, struct event *e);

/* Health values of the processes; they grow STALE 5 s after the last call. */
void bench_health(struct bench *b, enum health which, double v, int64_t now_ns);

#endif
