/* watchdog.h - the watchdogs inside devices: declared, read back, never assumed; pure
 *
 * One that does not show what was declared guards nothing, and that is told. A device that is in its own safe mode has its outputs:
 * they are what was declared for that, they are not written, and nothing of it is cleared by itself. A person clears it at the device, or by
 * setting an output that clears it; then the outputs are looked at anew.
 */
#ifndef CONTROL_WATCHDOG_H
#define CONTROL_WATCHDOG_H

#include "control/output.h"

struct watchdogs;

struct watchdogs_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	void (*state)(
		void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns);
	void (*read)(void *ctx, uint32_t channel, struct output_reading *out);
};

/* NULL: no instrument declares one. Image and outputs outlive it; the others take NULL. */
struct watchdogs *watchdogs_new(const struct image *img, struct outputs *outputs,
	const struct watchdogs_sink *sink, int64_t now_ns);
void watchdogs_free(struct watchdogs *w);
void watchdogs_read(struct watchdogs *w, uint32_t channel, int64_t now_ns);
void watchdogs_tick(struct watchdogs *w, int64_t now_ns);
/* After a reload: states go on, and are no news. */
void watchdogs_adopt(struct watchdogs *w, const struct watchdogs *from, int64_t now_ns);

#endif
