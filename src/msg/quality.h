/* quality.h - how far a value can be trusted, and why: the rows of quality.def */
#ifndef MSG_QUALITY_H
#define MSG_QUALITY_H

#include "base/defs.h"

enum quality {
#define QUALITY(name, ...) Q_##name,
#include "msg/quality.def"
#undef QUALITY
	Q_COUNT
};

enum quality_class { Q_CLASS_GOOD, Q_CLASS_UNCERTAIN, Q_CLASS_BAD };

struct quality_row {
	enum quality_class class;
	const char *token; /* for machines: "no_answer" */
	const char *text_en, *text_fr;
	const char *remedy_en, *remedy_fr; /* what to do next; empty for GOOD */
	uint32_t opcua;                    /* OPC UA status code */
	uint16_t sparkplug;
};

/* The row of a quality; a number outside the table gives the row of UNREADABLE. */
const struct quality_row *quality_row(unsigned quality);

/* One bit a row that is BAD: asked for each value that arrives, so without a look into the table. */
#define QUALITY(name, class, ...) | (uint64_t)(Q_CLASS_##class == Q_CLASS_BAD) << Q_##name
static const uint64_t quality_bad_rows = 0
#include "msg/quality.def"
	;
#undef QUALITY

static inline bool
quality_is_bad(unsigned quality)
{
	return quality >= Q_COUNT || (quality_bad_rows >> quality & 1) != 0;
}

/* "good", "uncertain", "bad" */
const char *quality_class_text(unsigned quality);

#endif
