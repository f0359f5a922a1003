/* record.h - what black box and journal hold: events and clock records, numbered together */
#ifndef MSG_RECORD_H
#define MSG_RECORD_H

#include "msg/event.h"

#define RECORD_BYTES EVENT_BYTES

enum record_type {
	RECORD_EVENT = 1,
	RECORD_CLOCK = 2,
	RECORD_STATE = 3, /* what outlives a controller (control/keep.h); its first byte: */
};

#define RECORD_STATE_FIRST 1 /* of the records of a snapshot */
#define RECORD_STATE_LAST 2

struct record {
	uint64_t seq; /* 1, 2, ... in the life of a bench; a hole is a loss */
	uint64_t
		last_id; /* of the newest event at or before it, so that one record tells how to go on */
	uint16_t
		type; /* enum record_type; another one is from a newer version, and is passed over */
	uint16_t n;
	uint8_t bytes[RECORD_BYTES];
};

#endif
