/* propar_master.h - what is asked of Bronkhorst's instruments, in either form of ProPar; for the codecs alone */
#ifndef DRIVERS_PROPAR_MASTER_H
#define DRIVERS_PROPAR_MASTER_H

#include "drivers/propar_frame.h"

extern const struct codec codec_propar;       /* binary, with sequence numbers */
extern const struct codec codec_propar_ascii; /* in hexadecimal digits, without */

/* Values of struct instrument.opts, in the order of the codecs' table. */
enum propar_opt { PROPAR_OPT_NODE };

extern const struct opt propar_opts[], propar_point_opts[];
int propar_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err);
int propar_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max);
int propar_write(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, const struct beside *beside, struct request *out, struct err *err);
int propar_identify(const struct instrument *ins, struct request *out);
void propar_describe(
	const struct instrument *ins, const struct request *req, char *out, size_t cap);

/* What `req` says, its sequence the low byte of the tag; 0 or ERR_CONF. */
int propar_message_of(const struct instrument *ins, const struct request *req, uint32_t tag,
	struct propar_message *out, struct err *err) MUST_CHECK;
/* Can this be the answer to req, leaving its sequence aside? */
bool propar_is_answer(
	const struct instrument *ins, const struct request *req, const struct propar_message *m);
/* codec.h, decode, of what stood in the frame. */
int propar_understand(const struct request *req, const struct point *pts,
	const struct propar_message *m, struct vars *vars, struct readings *out, struct err *err);

#endif
