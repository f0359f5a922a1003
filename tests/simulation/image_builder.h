/* image_builder.h - images made in C: what `compile` would make from a bench file, for tests that need no file
 *
 *	b = image_builder_new("sim", 100 * NS_PER_MS);
 *	io = image_builder_link(b, "io", "127.0.0.1", 1502);
 *	image_builder_instrument(b, "dev", "modbus", io, "unit=3", NS_PER_S, NS_PER_S, 1);
 *	p = image_builder_point(b, "a", "holding=3 type=float32 order=CDAB", 0);
 *	img = image_builder_done(b);
 *
 * Options are words "name=value" with the names of the codec's own option tables. Anything that does not fit is a
 * mistake in the test: it is told on standard error and ends the program.
 */
#ifndef SIMULATION_IMAGE_BUILDER_H
#define SIMULATION_IMAGE_BUILDER_H

#include "model/image.h"

struct image_builder;

struct image_builder *image_builder_new(const char *bench, int64_t tick_ns);

/* Each of these returns the index of what it made. */
uint32_t image_builder_link(
	struct image_builder *b, const char *name, const char *host, uint16_t port);
/* What else a link is: all of `like` but name, address and connect_timeout_ns; before its instruments are made. */
void image_builder_wire(struct image_builder *b, uint32_t link, const struct image_link *like);
uint32_t image_builder_instrument(struct image_builder *b, const char *name, const char *codec,
	uint32_t link, const char *opts, int64_t every_ns, int64_t timeout_ns, uint32_t retries);
/* A point of the last instrument, and its channel "instrument.name". every_ns 0: the instrument's. */
uint32_t image_builder_point(
	struct image_builder *b, const char *name, const char *opts, int64_t every_ns);
/* Channels: one that follows another, and one that is the sum of two. */
uint32_t image_builder_follow(struct image_builder *b, const char *name, uint32_t channel);
uint32_t image_builder_sum(struct image_builder *b, const char *name, uint32_t one, uint32_t other);

/* value = raw * factor + offset, for the channel of a point; it becomes a float. */
void image_builder_scale(struct image_builder *b, uint32_t point, double factor, double offset);
/* Where writes to a point go, in the options of `write:`. */
void image_builder_write(struct image_builder *b, uint32_t point, const char *opts);
/* What is written to the last instrument before anything else: a place in the options of `write:`. */
void image_builder_preset(struct image_builder *b, const char *opts, union value v);
/* The numbers by which a reload knows them again; without: one more than their index. */
void image_builder_instrument_id(struct image_builder *b, uint32_t instrument, uint32_t id);
void image_builder_channel_id(struct image_builder *b, uint32_t channel, uint32_t id);
/* How the twin plays a point; twin->point tells which. */
void image_builder_twin(struct image_builder *b, const struct image_twin *twin);

/* The checked image with the health channels behind all others; frees b. The caller frees it with free(). */
struct image *image_builder_done(struct image_builder *b);

/* Index of the channel that shows a point. */
uint32_t image_builder_channel(const struct image_builder *b, uint32_t point);

#endif
