/* hands.h - all of a bench that writes and protects: outputs, safe states, trips, interlocks, alarms, rules, commands; pure
 *
 * Order of a tick: trips, alarms, commands, rules, loops, ramps, lines of safe states. Trips are evaluated whenever something was
 * read, too: what decides does not wait for a tick.
 */
#ifndef CONTROL_HANDS_H
#define CONTROL_HANDS_H

#include "control/channel.h"
#include "control/command.h"
#include "control/keep.h"
#include "link/link.h"

struct hands;

struct hands_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	uint64_t (*intent)(void *ctx, struct event *e);
	enum command_record (*recorded)(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns);
	void (*verdict)(void *ctx, const struct verdict_told *v);
	int (*write)(void *ctx, uint32_t point, uint32_t tag, union value v, struct err *err);
	/* As link_write_once(), -> hands_once(). */
	int (*write_once)(void *ctx, uint32_t point, uint32_t tag, union value v, const char *text,
		struct err *err);
	void (*ask)(void *ctx, uint32_t point);
	void (*make_way)(void *ctx);
	void (*anew)(void *ctx,
		uint32_t instrument); /* it has started anew: it is prepared before it is written */
	/* Record states; returns the number of the record, of which black box and files together hold the last thousands. */
	uint64_t (*keep)(void *ctx, const uint8_t *bytes, size_t n);
};

/* Has the bench anything of this? */
bool hands_are_wanted(const struct image *img);
struct hands *hands_new(const struct image *img, struct channels *channels,
	const struct hands_sink *sink, int64_t now_ns);
void hands_free(struct hands *h);
void hands_adopt(struct hands *h, struct hands *from, int64_t now_ns);

/* May a new image be taken up now? One that changes protection only while all outputs that can hurt are safe
 * and no run is active, and none that takes
 * away what is tripped, bypassed or held. ERR_REFUSED with cause; remedy. */
int hands_may_adopt(
	const struct hands *h, const struct image *next, bool is_run, struct err *err) MUST_CHECK;

/* Called from within the links: only what is written may be handed on. */
void hands_read(struct hands *h, uint32_t channel, int64_t now_ns);
void hands_written(
	struct hands *h, uint32_t tag, enum quality verdict, uint16_t code, int64_t now_ns);
void hands_once(
	struct hands *h, uint32_t tag, enum link_once once, enum quality verdict, int64_t now_ns);
void hands_lost(struct hands *h, uint32_t instrument, int64_t now_ns);
void hands_back(struct hands *h, uint32_t instrument, int64_t now_ns);
/* Before its link is told: there is a wire again to an instrument that is not up. */
void hands_opened(struct hands *h, uint32_t instrument, int64_t now_ns);

/* Before hands_tick(): how late this tick is. */
void hands_late(struct hands *h, int64_t late_ns);
void hands_step(struct hands *h, int64_t now_ns); /* behind each call of a link */
void hands_tick(struct hands *h, const struct keep_time *now);
int64_t hands_wake(const struct hands *h);

/* Before the first tick: how things were when a controller was alive last. What was tripped is, a safe state that was held is
 * asserted; else restore.h decides. Nothing is written before that, but what is safe. */
#define HANDS_OUTAGE_NS (10 * NS_PER_S)
void hands_restore(struct hands *h, const struct keep_past *past, const struct keep_time *now);

void hands_command(struct hands *h, const struct command *c, int64_t now_ns);
void hands_command_ask(struct hands *h, const char *id);
/* Are all outputs that can hurt safe? */
bool hands_are_safe(const struct hands *h);
/* May somebody write past the outputs, straight to a device? ERR_REFUSED with cause; remedy. */
int hands_may_be_bypassed(const struct hands *h, struct err *err) MUST_CHECK;
void hands_recorded(struct hands *h, int64_t now_ns);
#define HANDS_STOP_NS (10 * NS_PER_S)
#define HANDS_PLAN_NS (60 * NS_PER_S)       /* a stop that was announced has to come within this */
#define HANDS_PLAN_MAX_NS (3600 * NS_PER_S) /* and may last so long */
bool hands_stop(struct hands *h, int64_t now_ns); /* bench_stop() */

#endif
