/* fuzz_ask.c - any words as a question about the history: refused with a reason, or one whose limits hold
 *
 * Words are separated by NUL: channels, from, to, points, every, format, raw, zone, x, since; an empty one is not said.
 */
#include <stdlib.h>
#include <string.h>

#include "history/ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define NOW_NS (INT64_C(1795000000) * NS_PER_S)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[4096], *words[10] = { NULL };
	struct ask_words w = { 0 };
	struct err err = { 0 };
	struct ask ask;
	size_t at = 0;

	n = n < sizeof(text) - 1 ? n : sizeof(text) - 1;
	memcpy(text, data, n);
	text[n] = '\0';
	for (size_t i = 0; i < 10 && at < n; i++) {
		words[i] = text[at] != '\0' ? text + at : NULL;
		at += strlen(text + at) + 1;
	}
	w.channels = words[0];
	w.from = words[1];
	w.to = words[2];
	w.points = words[3];
	w.every = words[4];
	w.format = words[5];
	w.raw = words[6];
	w.zone = words[7];
	w.x = words[8];
	w.since = words[9];
	w.is_events = words[0] == NULL;
	if (ask_read(&w, NOW_NS, false, &ask, &err) < 0) {
		if (err.msg[0] == '\0')
			abort(); /* nobody would know what to do next */
	} else if (!(ask.from_ns < ask.to_ns) || ask_columns(&ask) > ASK_CHANNELS_MAX ||
		   (!ask.is_gaps && !ask.is_raw && !ask.has_all && ask.n_since == 0 &&
			   ask.points > ASK_POINTS_MAX)) {
		abort();
	}
	ask_done(&ask);
	return 0;
}
