/* fault.h - what is wrong with simulated instruments, on request, while they run; pure */
#ifndef TWIN_FAULT_H
#define TWIN_FAULT_H

#include "base/buf.h"
#include "twin/twin.h"

/* Carry out orders, one a line:
 *
 *	for SPAN              faults of the lines below end by themselves
 *	fault NAME=KIND       KIND of fault.def, some with :SPAN; NAME of an instrument
 *	set CHANNEL=VALUE     keep a channel of an instrument at a value in its unit, whatever its twin does and masters write
 *	free CHANNEL          let it go
 *	list                  nothing but the answer
 *
 * All of them or, with the first mistake in err, none. */
int fault_orders(struct twin *t, const char *text, struct err *err) MUST_CHECK;

/* What is in force, a line each: "furnace: late:2 s, for 8 s more"; "nothing is wrong" when that is so. */
void fault_print(const struct twin *t, struct buf *out);

/* Has the instrument a fault, and which? Its word, "none" without one. For tests. */
const char *fault_word(struct twin *t, uint32_t instrument);

#endif
