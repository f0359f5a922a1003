/* expr_cell.h - what the operations that remember make of their cells; inside the room only
 *
 * Each sees one evaluation more and says what holds now. An evaluation at the same now_ns as the one before takes its place.
 */
#ifndef MODEL_EXPR_CELL_H
#define MODEL_EXPR_CELL_H

#include "model/expr.h"

/* How long t has been true; what is not known breaks it. */
int64_t cell_since(struct expr_cell *c, enum truth t, int64_t now_ns);

/* Has t been true for so long? What is not known neither counts nor breaks it. */
enum truth cell_holds(struct expr_cell *c, enum truth t, int64_t now_ns, int64_t for_ns);

/* Has v stayed the same for so long? What is bad neither counts nor breaks it. */
enum truth cell_frozen(struct expr_cell *c, bool is_bad, double v, int64_t now_ns, int64_t for_ns);

/* What an evaluation sees. */
struct cell_look {
	bool is_bad;
	enum truth truth; /* cell_hours */
	double v;
	int64_t stamp_ns; /* of the acquisition */
	int64_t now_ns;
	bool is_trial;   /* the cells stay as they are */
	bool is_partial; /* out: something was missed */
};

/* What follows gives false while there are not enough values, and while the value at hand is bad. */

#define WINDOW_PARTS 30
#define WINDOW_CELLS (2 * (1 + WINDOW_PARTS))

/* Mean, or slope in 1/s, over the last ns: once it has looked for so long, and half of that saw good values. The window is kept in
 * 30 parts: it is ns long, and at most a thirtieth more. cells: WINDOW_CELLS. */
bool cell_window(
	struct expr_cell *cells, struct cell_look *look, int64_t ns, bool is_slope, double *out);

/* Relative standard deviation of the last n different acquisitions. cells: ring_cells(n). */
uint32_t ring_cells(uint32_t n);
bool cell_rsd(struct expr_cell *cells, struct cell_look *look, uint32_t n, double *out);

/* The sum of v over time in seconds, and the time for which a condition has been true; what was bad or not seen is missing, and told. */
bool cell_total(struct expr_cell *c, struct cell_look *look, double *out);
bool cell_hours(struct expr_cell *c, struct cell_look *look, double *out);

/* Was t the other way at the evaluation before, and known? */
enum truth cell_edge(struct expr_cell *c, enum truth t, int64_t now_ns, bool is_rise);

#endif
