/* strangers.c - tokens that were never seen */
#include "serve/strangers.h"

bool
strangers_may(struct strangers *s, uint8_t group, int64_t now_ns)
{
	if (now_ns - s->second_ns >= NS_PER_S)
		*s = (struct strangers){ .second_ns = now_ns };
	/* What is over the share of its group takes nothing of the whole. */
	if (s->of[group] >= (group == 0 ? STRANGERS_NEAR : STRANGERS_EACH) || s->n >= STRANGERS)
		return false;
	s->of[group]++;
	s->n++;
	return true;
}
