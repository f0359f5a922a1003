/* spy.h - codecs that tell what is asked with them and what is believed
 *
 * Each is the real one with an ear in it. The questions that were asked and answered with it are counted.
 */
#ifndef SIMULATION_SPY_H
#define SIMULATION_SPY_H

#include "link/codec.h"

struct spy_ear {
	void *ctx;
	/* A question was written down. */
	void (*asked)(void *ctx, const struct codec *codec, const struct instrument *ins,
		const struct request *req, const uint8_t *bytes, size_t n);
	/* A frame is taken for the answer to a question; its readings follow. */
	void (*believed)(void *ctx, const struct instrument *ins, const struct request *req,
		const uint8_t *frame, size_t n);
};

/* Who hears of it; NULL: nobody. */
void spy_listen(const struct spy_ear *ear);

/* As codec_find(). */
const struct codec *spy_find(const char *name);

/* From now on they take every answer for the right one, and none for a late one. */
void spy_break(void);

/* Number i of the codecs, NULL: there are no more. */
const char *spy_count(size_t i, uint64_t *out_asked, uint64_t *out_believed);

#endif
