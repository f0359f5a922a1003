/* fuzz_event.c - events, clock records, files of a journal, events that supervise tells: the first byte says which */
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/text.h"
#include "msg/journal.h"
#include "msg/told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is taken for an event is one: it goes back into the same bytes, and can be shown. */
static void
try_event(const uint8_t *data, size_t n)
{
	char masked[sizeof(((struct event *)NULL)->text)];
	uint8_t again[EVENT_BYTES];
	struct buf text = { 0 };
	struct event e;
	struct json j;
	struct err err;

	if (event_decode(&e, data, n, &err) < 0)
		return;
	text_copy(masked, sizeof(masked), e.text);
	mask_text(masked);
	/* What looks like a password is not written again. */
	if (strcmp(masked, e.text) == 0 &&
		(event_encode(again, &e) != n || memcmp(again, data, n) != 0))
		abort();
	event_text(&text, &e, LANGUAGE_EN);
	event_text(&text, &e, LANGUAGE_FR);
	json_open(&j, &text);
	json_object(&j, NULL);
	event_json(&j, &e, LANGUAGE_FR);
	json_end(&j);
	buf_done(&text);
}

static void
try_journal(const uint8_t *data, size_t n)
{
	struct journal_place at = { 0 };
	struct record r;
	uint64_t before = 0;

	while (journal_take(data + at.offset, n - at.offset, &at, &r) > 0) {
		if (r.seq <= before || at.offset > n)
			abort();
		before = r.seq;
		if (r.type == RECORD_EVENT)
			try_event(r.bytes, r.n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t again[CLOCK_RECORD_BYTES];
	struct clock_record clock;
	struct told told;
	struct wire_in in;
	struct err err;

	if (n == 0)
		return 0;
	if (data[0] == 'e')
		try_event(data + 1, n - 1);
	else if (data[0] == 'j')
		try_journal(data + 1, n - 1);
	else if (data[0] == 'c' && clock_record_decode(&clock, data + 1, n - 1, &err) == 0 &&
		 (clock_record_encode(again, &clock) != n - 1 ||
			 memcmp(again, data + 1, n - 1) != 0))
		abort();
	else if (data[0] == 't' && wire_open(&in, data + 1, n - 1, &err) == WIRE_EVENT &&
		 told_get(&told, &in, &err) == 0 && told.event.kind >= EVENT_COUNT)
		abort();
	return 0;
}
