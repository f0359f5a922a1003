/* channel.h - what a reading goes through before it is a value: scale, filter, range, age
 *
 * Channels form a forest: points feed channels, channels feed those that follow them; derived ones are computed at
 * the tick. All memory is taken by channels_new().
 */
#ifndef CONTROL_CHANNEL_H
#define CONTROL_CHANNEL_H

#include "board/board.h"
#include "model/expr.h"
#include "model/image.h"

struct channels;

/* For the channels of a checked image, which must outlive them; changes go to the board's tape at once and to its slots
 * with channels_publish(). */
struct channels *channels_new(const struct image *img, struct board *board);
/* Write those of image.shown_channels to this board, too. */
void channels_share(struct channels *c, struct board *public);
void channels_free(struct channels *c);

/* Take over values and filters from the channels of an earlier image with the same (id, type, unit). */
void channels_adopt(struct channels *c, const struct channels *from);

/* A raw value, of value type `raw`, has arrived for a channel; text: VALUE_TEXT only, borrowed. */
void channels_accept(struct channels *c, uint32_t channel, enum value_type raw,
	const struct sample *s, const char *text);

/* Set a state that the controller keeps (SOURCE_STATE): a number of its type, or why it has none. Nothing happens when it is so already. */
void channels_set(struct channels *c, uint32_t channel, double number, enum quality quality,
	int64_t stamp_ns);
/* The same of a text; what does not fit is cut, and marked as such. */
void channels_set_text(struct channels *c, uint32_t channel, const char *text, int64_t stamp_ns);
/* What a channel shows, as a number; stamp 0: nothing yet. */
void channels_look(const struct channels *c, uint32_t channel, double *out,
	enum quality *out_quality, int64_t *out_stamp_ns);

/* Is a condition true? fn: channels that are supposed to hold something else; NULL: none. out_reason: why it is unknown. What it
 * remembers goes on with each run without fn: that is for the one who decides by it, at each tick at least. */
typedef bool (*channels_suppose_fn)(void *ctx, uint32_t channel, double *out);
enum truth channels_judge(struct channels *c, const struct image_cond *cond, int64_t now_ns,
	channels_suppose_fn fn, void *ctx, enum quality *out_reason);

/* Names behind those of the channels: channel img->channels.n + i is slots[i]; one that is not finite is unknown. */
struct channel_slots {
	const double *at;
	uint32_t n;
};

/* A term or condition that may read them. What it remembers goes on with each run. */
void channels_evaluate(struct channels *c, const struct image_cond *cond,
	const struct channel_slots *slots, int64_t now_ns, struct expr_result *out);
/* What it remembers is as if it had never been looked at. */
void channels_forget(struct channels *c, const struct image_cond *cond);

/* Mark what has grown too old, compute the derived channels; then write all changed slots. */
void channels_age(struct channels *c, int64_t now_ns);
/* Conditions that make values bad, by what is known now: call at each tick, before channels_calculate(). */
void channels_guard(struct channels *c, int64_t now_ns);

void channels_calculate(struct channels *c, int64_t now_ns);

void channels_publish(struct channels *c);

#endif
