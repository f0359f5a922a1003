/* try_wire.h - the wire of a trial: one of our own, or that of a running bench, whose controller asks for us
 *
 * Through a controller a question waits for its turn, and no time passes for who asks until it is on the wire: try_wire_now() stands
 * still. Then it goes on by as much as the answer took, or the whole patience where there was none.
 */
#ifndef IO_TRY_WIRE_H
#define IO_TRY_WIRE_H

#include "io/wires.h"

struct try_wire;

struct try_way {
	int fd; /* connection to the gate of the bench, or to who opens the wire; -1: a wire of our own */
	bool is_handed;         /* try_open.h opens it */
	const char *instrument; /* of the bench, whose wire it is; borrowed */
	bool may_write;
	bool is_calm; /* it leaves the controller time between two questions, and prints nothing */
};

/* The sink is that of wires.h, called from the loop only. What a controller refuses is printed. */
struct try_wire *try_wire_new(struct loop *loop, const struct image *img,
	const struct wires_sink *sink, const struct try_way *way, struct err *err);
void try_wire_free(struct try_wire *w);

void try_wire_open(struct try_wire *w, uint32_t link);
void try_wire_close(struct try_wire *w, uint32_t link);
void try_wire_flush(struct try_wire *w, uint32_t link);
/* One question in the language of this codec. */
void try_wire_send(struct try_wire *w, uint32_t link, const char *codec, const uint8_t *bytes,
	size_t n, int64_t answer_ns);
int64_t try_wire_time(
	struct try_wire *w); /* at each turn; returns when to come again, by now_boot() */

int64_t try_wire_now(const struct try_wire *w);
int64_t try_wire_real(const struct try_wire *w,
	int64_t now_ns); /* that time by now_boot(); NEVER while it stands still */
bool try_wire_is_asking(const struct try_wire *w);
bool try_wire_is_through(const struct try_wire *w);
/* When a question that waits for its time goes out; NEVER: none does. */
int64_t try_wire_due(const struct try_wire *w);
/* Why a question was not asked, the last such reason; "": all were. */
const char *try_wire_said(const struct try_wire *w);
bool try_wire_is_dead(const struct try_wire *w); /* the bench has gone */

#endif
