/* sms_error.h - what the numbers of +CMS ERROR and +CME ERROR mean, and what is to be done */
#ifndef ALERT_SMS_ERROR_H
#define ALERT_SMS_ERROR_H

#include "base/defs.h"

enum sms_error_class {
	SMS_ERROR_TEMPORARY, /* worth another try, later */
	SMS_ERROR_PERMANENT, /* the same message fails again */
	SMS_ERROR_SIM        /* something is with the card: look at it first */
};

struct sms_error {
	enum sms_error_class class;
	const char *text;   /* one line, lower case */
	const char *remedy; /* "": none */
};

/* Numbers that are not known are temporary: tries are counted, and a message that nobody tried again is worse than one tried twice. */
struct sms_error sms_error_of_message(int code); /* +CMS ERROR; -1: a plain ERROR */
struct sms_error sms_error_of_modem(int code);   /* +CME ERROR */

#endif
