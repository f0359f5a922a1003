/* message.h - what is handed to a way out, and what comes back */
#ifndef ALERT_MESSAGE_H
#define ALERT_MESSAGE_H

#include "base/defs.h"

enum alert_result {
	ALERT_SENT,
	ALERT_DELIVERED,
	ALERT_TEMPORARY,
	ALERT_PERMANENT,
	ALERT_UNCERTAIN,
	ALERT_RESULTS
};

#endif
