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

/* Was t the other way at the evaluation before, and known? */
enum truth cell_edge(struct expr_cell *c, enum truth t, int64_t now_ns, bool is_rise);

#endif
