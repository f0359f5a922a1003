/* fuzz_alert.c - the ledger of what people were told: a line of it, and a whole one that nobody vouches for
 *
 * The first byte says which: 'l' one line, whose check is put right; anything else: entries and happenings, 8 bytes each, for an engine with people.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/alert_rig.h"
#include "base/crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is read is written, and read again as the same. */
static void
try_line(const uint8_t *data, size_t n)
{
	struct buf line = { 0 }, again = { 0 };
	struct entry e, back;
	struct err err;

	buf_put(&line, data, n);
	buf_printf(&line, " %08x", (unsigned)crc32c(0, n > 0 ? line.data : "", n));
	if (entry_read(&e, line.data, line.n, &err) == 0) {
		entry_put(&again, &e);
		if (again.n <= ENTRY_LINE_MAX &&
			(entry_read(&back, again.data, again.n - 1, &err) < 0 ||
				back.kind != e.kind || back.id != e.id ||
				strcmp(back.text, e.text) != 0 || back.n_notices != e.n_notices))
			abort();
	}
	buf_done(&line);
	buf_done(&again);
}

static const char *const names[] = { "hot", "cold", "night", "anna", "ben", "team", "easy",
	"many_7", "nobody", "" };
static const char *const places[] = { "anna@lab.example", "ntfy/anna", "ben@lab.example", "carl",
	"" };

static void
replay(struct rig *r, const uint8_t *at)
{
	struct engine_time t = rig_time(r);
	struct entry e = { .kind = at[0] % ENTRY_KINDS,
		.wall_ns = r->wall_ns - (int64_t)(int8_t)at[1] * 1000 * NS_PER_S,
		.id = at[2] % 16 + 1u,
		.event = at[3],
		.about = at[4] % ABOUTS,
		.priority = at[5] % PRIORITIES,
		.way = at[5] / 4 % ALERT_WAYS,
		.what = at[6] % TELLS,
		.result = at[6] / 4 % ALERT_RESULTS,
		.tries = at[4],
		.step = at[6],
		.round = at[3],
		.n_notices = at[1] % (ENTRY_NOTICES + 1) };

	snprintf(e.name, sizeof(e.name), "%s", names[at[7] % NELEM(names)]);
	snprintf(e.to, sizeof(e.to), "%s",
		e.kind == ENTRY_SEND ? places[at[7] / 16 % NELEM(places)]
				     : names[at[7] / 16 % NELEM(names)]);
	for (unsigned i = 0; i < e.n_notices; i++)
		e.notices[i] = (at[2] + i * at[3]) % 16 + 1;
	engine_replay(r->engine, &t, &e);
}

static void
happen(struct rig *r, const uint8_t *at)
{
	static const enum event_kind kinds[] = { EVENT_ALARM_ON, EVENT_ALARM_OFF,
		EVENT_ALARM_ACKNOWLEDGED, EVENT_ALARM_SHELVED, EVENT_ALARM_CHATTERS,
		EVENT_RULE_NOTIFIES, EVENT_PROCESS_KILLED };
	struct engine_time t = rig_time(r);

	if (at[0] % 4 == 0)
		rig_event(r, kinds[at[1] % NELEM(kinds)], names[at[2] % NELEM(names)],
			names[at[3] % NELEM(names)], "user:x");
	else if (at[0] % 4 == 1)
		rig_pass(r, (int64_t)at[1] * at[2] * NS_PER_S);
	else if (at[0] % 4 == 2)
		r->result[at[1] % ADDRESSES] = at[2] % (ALERT_RESULTS + 1u);
	else
		engine_result(r->engine, &t, at[1], at[2] % ALERT_RESULTS, 0, "late");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct rig r;
	struct engine_time t;
	size_t at;

	if (n == 0)
		return 0;
	if (data[0] == 'l') {
		try_line(data + 1, n - 1);
		return 0;
	}
	rig_open(&r);
	for (at = 1; at + 8 <= n && at < 8 * 200 && (data[at] & 0x80) == 0; at += 8)
		replay(&r, data + at);
	t = rig_time(&r);
	engine_replayed(r.engine, &t);
	for (; at + 8 <= n && at < 8 * 300; at += 8)
		happen(&r, data + at);
	rig_pass(&r, 26 * 3600 * NS_PER_S);
	rig_close(&r);
	return 0;
}
