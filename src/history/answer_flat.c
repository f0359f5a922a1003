/* answer_flat.c - rows as a JSON list of objects, for programs that know tables alone: Grafana's Infinity, Node-RED, a spreadsheet's query
 *
 *	[
 *	{"time":1795698000000,"T_bed":21.5,"T_bed min":21.4,"T_bed max":99.1},
 *	{"time":1795698001000,"T_bed":null,"T_bed min":null,"T_bed max":null,"T_bed quality":"no_answer"}
 *	]
 *
 * Times are milliseconds since 1970, as JavaScript counts them; of runs over each other "seconds" since their beginnings.
 */
#include "history/answer_inside.h"

#include <string.h>

void
flat_begin(struct answer *a, struct buf *out, int64_t wall_ns)
{
	buf_puts(out, a->has_row ? ",\n{" : "[\n{");
	a->has_row = true;
	if (over_is_asked(a)) {
		buf_puts(out, "\"seconds\":");
		answer_seconds(a, out, wall_ns);
		return;
	}
	buf_puts(out, "\"time\":");
	if (wall_ns % NS_PER_MS == 0)
		buf_printf(out, "%lld", (long long)(wall_ns / NS_PER_MS));
	else
		form_number(out, VALUE_FLOAT, (double)(wall_ns / 1000) / 1e3);
}

void
flat_key(struct buf *out, const struct reader_channel *ch, const char *what)
{
	struct json j;

	buf_putc(out, ',');
	json_open(&j, out);
	json_text(&j, NULL, ch->name);
	out->n--; /* its closing quote */
	buf_puts(out, what);
	buf_puts(out, "\":");
}

void
flat_quality(struct buf *out, const struct reader_channel *ch, const char *why)
{
	if (why == NULL)
		return;
	flat_key(out, ch, " quality");
	buf_printf(out, "\"%s\"", why);
}

void
flat_end(struct answer *a, struct buf *out)
{
	buf_puts(out, a->has_row ? "\n]\n" : "[]\n");
}
