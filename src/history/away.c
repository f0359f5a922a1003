/* away.c - another store that cannot be reached */
#include "history/away.h"

#include <string.h>

#include "base/text.h"
#include "io/report.h"
#include "msg/wire.h"

static void
tell(const struct away *a, bool is_away, double seconds, const char *why)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_STORE_AWAY);
	wire_u16(&packet, is_away);
	wire_f64(&packet, seconds);
	wire_text(&packet, why);
	report_send(a->supervisor, &packet);
}

void
away_failed(struct away *a, bool is_final, const char *why, int64_t now_ns)
{
	char shown[AWAY_WHY];

	if (a->since_ns == 0)
		a->since_ns = now_ns;
	if (!is_final && now_ns - a->since_ns < AWAY_TOLD_NS)
		return;
	text_copy(shown, sizeof(shown), why); /* as it is kept: cut at a whole letter */
	if (a->is_told && strcmp(a->why, shown) == 0)
		return;
	/* One that fails in turn in two ways is told once. */
	if (!a->is_told || is_final)
		tell(a, true, (double)(now_ns - a->since_ns) / 1e9, shown);
	a->is_told = true;
	memcpy(a->why, shown, sizeof(shown));
}

void
away_over(struct away *a, int64_t now_ns)
{
	/* The first time in any case: the process before this one may have told that it is away. */
	if (a->is_told || !a->has_begun)
		tell(a, false, a->since_ns == 0 ? 0 : (double)(now_ns - a->since_ns) / 1e9, "");
	a->has_begun = true;
	a->since_ns = 0;
	a->is_told = false;
	a->why[0] = '\0';
}
