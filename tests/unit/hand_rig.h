/* hand_rig.h - a whole bench with Modbus devices in memory, on a clock that the test moves: for what writes and protects
 *
 * Each device is one link and one instrument with registers 0 to 15 that are read and written (int16), polled each 100 ms; a coil is a
 * register that holds 0 or 1.
 */
#ifndef TESTS_HAND_RIG_H
#define TESTS_HAND_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../simulation/image_hands.h"
#include "control/bench.h"

#define HAND_DEVICES 4
#ifndef HAND_REGISTERS
#define HAND_REGISTERS 16 /* at most 64 */
#endif
#define HAND_WRITES 4096
#define HAND_VERDICTS 64
#define HAND_EVENTS 8192

struct hand_device {
	int16_t held[HAND_REGISTERS];
	bool is_silent;                  /* answers nothing */
	bool is_stuck;                   /* acknowledges writes and keeps what it has */
	bool refuses;                    /* exception 4 to writes */
	uint16_t hides;                  /* bits of registers: exception 4 to reading them */
	uint8_t refusal;                 /* the exception of those; 0: 4 */
	uint16_t refuses_some;           /* bits of registers: exception 4 to writes there */
	bool is_gone;                    /* cannot be connected to */
	bool is_open;                    /* a connection */
	int64_t delay_ns;                /* of its answers */
	int16_t told[HAND_REGISTERS];    /* as it was read last, and that has arrived */
	int64_t told_ns[HAND_REGISTERS]; /* when that was asked; 0: never */
	uint8_t answer[300];
	size_t n_answer;
	int64_t answer_ns; /* NEVER: none under way */
	int64_t asked_ns;  /* the last question to read */
	unsigned address;  /* its first register */
	size_t n_others;   /* requests that were no questions */
};

struct hand_write {
	int64_t at_ns;
	uint32_t device, address;
	int16_t value;
	size_t n_events; /* before it */
};

struct hand_rig;

/* Called as it happens; each may be NULL. */
struct hand_ears {
	void (*write)(
		struct hand_rig *r, const struct hand_write *w); /* before the device takes it */
	void (*event)(struct hand_rig *r, const struct event *e);
	void (*verdict)(struct hand_rig *r, const struct verdict_told *v);
	void *ctx;
};

struct hand_rig {
	struct image *img;
	struct board *board;
	void *memory;
	struct bench *bench;
	int64_t now_ns, next_tick_ns;
	struct hand_device device[HAND_DEVICES];
	uint32_t n_devices;
	struct hand_write writes[HAND_WRITES]; /* that arrived at a device */
	size_t n_writes;
	struct verdict_told verdicts[HAND_VERDICTS];
	size_t n_verdicts;
	struct event events[HAND_EVENTS];
	size_t n_events;
	struct keep_past *past; /* what was recorded of states, but for the last record */
	uint8_t last[RECORD_BYTES];
	size_t n_last;
	bool is_torn; /* the last record is lost with a controller */
	uint64_t n_kept, boot;
	int64_t wall_ns;
	bool wall_is_bad;
	struct hand_ears ears;
	bool no_disk;    /* nothing is recorded */
	bool is_slow;    /* it is not on the disk yet */
	int64_t late_ns; /* of all ticks, as the controller is told */
};

/* A builder with n devices "d0" .. and points "r0" .. of `registers` each; *out_points[device * HAND_REGISTERS + register]. */
struct image_builder *hand_builder(uint32_t n, uint32_t registers, uint32_t *out_points);
/* The image is the rig's. */
void hand_init(struct hand_rig *r, struct image *img, uint32_t n);
void hand_done(struct hand_rig *r);
/* Another controller on the same image and devices: the one before was killed, and this one comes so much later. */
void hand_kill(struct hand_rig *r, int64_t outage_ns);
/* With another boot in between: CLOCK_BOOTTIME begins anew, the wall clock goes on. */
void hand_reboot(struct hand_rig *r, int64_t outage_ns);

/* A new bench file, which becomes the rig's; its devices and links are as before. */
void hand_reload(struct hand_rig *r, struct image *img);

void hand_run(struct hand_rig *r, int64_t span_ns);

/* "T = 120" as a person; returns the verdict within 5 s, or PENDING. The id is made of a count. */
enum verdict hand_set(struct hand_rig *r, const char *output, const char *value);
/* Any command; id and principal are filled when empty. */
void hand_command(struct hand_rig *r, struct command *c);
/* The last verdict of an id; PENDING: none. */
enum verdict hand_verdict(const struct hand_rig *r, const char *id, const char **out_text);

/* What a channel shows: a number; NaN when it is bad. */
double hand_value(struct hand_rig *r, const char *name);
const char *hand_word(struct hand_rig *r, const char *name);
void hand_text(struct hand_rig *r, const char *name, char out[VALUE_TEXT_MAX + 1]); /* of a text */
size_t hand_count(const struct hand_rig *r, enum event_kind kind, const char *subject);
const struct event *hand_last(const struct hand_rig *r, enum event_kind kind);

#endif
