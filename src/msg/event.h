/* event.h - something happened: the one record form of events */
#ifndef MSG_EVENT_H
#define MSG_EVENT_H

#include "base/buf.h"
#include "msg/quality.h"

enum event_kind {
#define EVENT(name, ...) EVENT_##name,
#include "msg/event.def"
#undef EVENT
	EVENT_COUNT
};

struct event {
	enum event_kind kind;
	int64_t stamp_ns;    /* CLOCK_BOOTTIME */
	char subject[64];    /* name of the channel, instrument, process */
	enum quality reason; /* GOOD where there is none */
	double value;
};

/* One line of text in English, with the remedy of its reason. */
void event_text(struct buf *out, const struct event *e);

#endif
