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

static inline bool
quality_is_bad(unsigned quality)
{
	return quality_row(quality)->class == Q_CLASS_BAD;
}

/* "good", "uncertain", "bad" */
const char *quality_class_text(unsigned quality);

#endif
