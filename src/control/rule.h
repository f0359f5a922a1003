/* rule.h - rules: when this becomes true, do that; pure
 *
 *	IDLE --known false--> ARMED --true--> HOLDING --true for `for`--> acts, IDLE
 *	  ^                     ^                |
 *	  +------unknown--------+-----false------+
 *
 * So a rule acts once, again only after its condition was false. What is not known does nothing: the first known value after a
 * start or an unknown spell is never an edge, and whatever had begun to hold begins anew.
 *
 * A pulse brings an output back to what was asked of it before. There is one an output: another one meanwhile, of whatever
 * rule, makes it longer. It does not come back when somebody else has asked for another value since.
 */
#ifndef CONTROL_RULE_H
#define CONTROL_RULE_H

#include "model/expr.h"
#include "model/image.h"
#include "msg/event.h"

struct rules;

struct rules_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e); /* its id; 0: it was not recorded */
	/* Ask for an output: value is worked out for a toggle; a pulse is called again at its end, with what was before. Done or
	 * refused, and that told, when it returns: target() says which. rule: IMAGE_NONE at the end of a pulse whose rule is
	 * gone since a reload. */
	void (*act)(void *ctx, uint32_t rule, const struct image_action *a, double value,
		uint64_t cause);
	enum truth (*truth)(void *ctx, const struct image_cond *cond);
	/* What was asked of it last; false: nothing is known. */
	bool (*target)(void *ctx, uint32_t output, double *out);
};

/* For a checked image, which outlives them. */
struct rules *rules_new(const struct image *img, const struct rules_sink *sink);
void rules_free(struct rules *r);

/* After a reload: pulses under way still come back; conditions are seen for the first time. */
void rules_adopt(struct rules *r, const struct rules *from);

/* Once a tick, when channels and derived channels are known. */
void rules_tick(struct rules *r, int64_t now_ns);

#endif
