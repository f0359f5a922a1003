/* curl_reply.h - what follows from a transfer that ended without an answer. Pure: libcurl's numbers and words alone. */
#ifndef ALERT_CURL_REPLY_H
#define ALERT_CURL_REPLY_H

#include "alert/message.h"

/* code: a CURLcode that is not CURLE_OK; is_out: all of the message had been written when it ended, so that it may have been taken; words: those of
 * libcurl (its error buffer), "" for none. */
void curl_judge(int code, bool is_out, const char *words, struct alert_verdict *out);

/* Is it a broken or silent network rather than something that the server said? Then an answer that was seen before is none to the message. */
bool curl_is_network(int code);

#endif
