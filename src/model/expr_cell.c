/* expr_cell.c - what expressions remember
 *
 * Time counts between two evaluations that follow each other and both saw the condition true (the value the same). So nothing
 * is made of what nobody looked at in a known state:
 *
 *	seen      T     T     ?     ?     T     T     F     T
 *	at s      0     1     2     3     4     5     6     7
 *	for       0     1     -     -     1     2     0     0      -: unknown
 *	since     0     1     -     -     0     1     0     0
 *
 * They differ on purpose. `for` makes something act - a trip, an alarm: a sensor that drops out now and then must not hold it
 * off. `since` proves that something has been so - no oxygen for five minutes: what nobody saw proves nothing.
 */
#include "model/expr_cell.h"

enum { SEEN_NOTHING, SEEN_FALSE = 1 + TRUTH_FALSE, SEEN_TRUE = 1 + TRUTH_TRUE };

/* Put what is seen now into the cell; returns the time for which it has been so since the evaluation before. */
static int64_t
see(struct expr_cell *c, enum truth t, int64_t now_ns)
{
	uint8_t is = t == TRUTH_UNKNOWN ? SEEN_NOTHING : (uint8_t)(1 + t);
	int64_t passed_ns = is == c->is && now_ns > c->at_ns ? now_ns - c->at_ns : 0;

	if (now_ns != c->at_ns)
		c->was = c->is;
	c->is = is;
	c->at_ns = now_ns;
	return passed_ns;
}

int64_t
cell_since(struct expr_cell *c, enum truth t, int64_t now_ns)
{
	int64_t passed_ns = see(c, t, now_ns);

	c->held_ns = t == TRUTH_TRUE ? c->held_ns + passed_ns : 0;
	return c->held_ns;
}

enum truth
cell_holds(struct expr_cell *c, enum truth t, int64_t now_ns, int64_t for_ns)
{
	int64_t passed_ns = see(c, t, now_ns);

	if (t == TRUTH_UNKNOWN)
		return TRUTH_UNKNOWN;
	c->held_ns = t == TRUTH_TRUE ? c->held_ns + passed_ns : 0;
	return t == TRUTH_TRUE && c->held_ns >= for_ns ? TRUTH_TRUE : TRUTH_FALSE;
}

enum truth
cell_frozen(struct expr_cell *c, bool is_bad, double v, int64_t now_ns, int64_t for_ns)
{
	int64_t passed_ns = see(c, is_bad ? TRUTH_UNKNOWN : TRUTH_TRUE, now_ns);

	if (is_bad)
		return TRUTH_UNKNOWN;
	c->held_ns = c->v == v ? c->held_ns + passed_ns : 0;
	c->v = v;
	return c->held_ns >= for_ns ? TRUTH_TRUE : TRUTH_FALSE;
}

enum truth
cell_edge(struct expr_cell *c, enum truth t, int64_t now_ns, bool is_rise)
{
	see(c, t, now_ns);
	if (t == TRUTH_UNKNOWN)
		return TRUTH_UNKNOWN;
	return c->was == (is_rise ? SEEN_FALSE : SEEN_TRUE) &&
			       t == (is_rise ? TRUTH_TRUE : TRUTH_FALSE)
		       ? TRUTH_TRUE
		       : TRUTH_FALSE;
}
