/* instruments.c - instruments and their traces as documents */
#include <stdio.h>

#include "serve/picture.h"

/* The reply time in ms that this share of all replies stayed below, by the upper edge of its bucket; -1: no replies. */
static double
reply_share(const struct board_state *s, double share)
{
	uint64_t all = 0, seen = 0;

	for (int i = 0; i < BOARD_HISTOGRAM; i++)
		all += s->reply[i];
	for (int i = 0; all > 0 && i < BOARD_HISTOGRAM; i++) {
		seen += s->reply[i];
		if ((double)seen >= share * (double)all)
			return (double)MIN(board_reply_below(i), s->reply_max_ns) / 1e6;
	}
	return -1;
}

static void
put_reply(struct doc *d, const struct board_state *s)
{
	double p50 = reply_share(s, 0.5), p99 = reply_share(s, 0.99);

	doc_object(d, "reply");
	if (p50 < 0) {
		doc_null(d, "last_ms");
		doc_null(d, "max_ms");
		doc_null(d, "p50_ms");
		doc_null(d, "p99_ms");
	} else {
		doc_double(d, "last_ms", (double)s->reply_last_ns / 1e6);
		doc_double(d, "max_ms", (double)s->reply_max_ns / 1e6);
		doc_double(d, "p50_ms", p50);
		doc_double(d, "p99_ms", p99);
	}
	doc_array(d, "histogram", "bucket");
	for (int i = 0; i < BOARD_HISTOGRAM; i++) {
		if (s->reply[i] == 0)
			continue;
		doc_object(d, NULL);
		doc_double(d, "below_ms", (double)board_reply_below(i) / 1e6);
		doc_uint(d, "count", s->reply[i]);
		doc_end(d);
	}
	doc_end(d);
	doc_end(d);
}

static const char *
state_text(const struct view *v, const struct board_state *s)
{
	if (!v->is_alive)
		return "down"; /* whatever it was, nobody asks it any more */
	return s->state == INSTRUMENT_UP         ? "up"
	       : s->state == INSTRUMENT_STARTING ? "starting"
						 : "down";
}

static void
put_instrument(struct doc *d, const struct view *v, uint32_t instrument)
{
	const struct board *b = v->board;
	const struct board_instrument *ins = board_instrument(b, instrument);
	const struct quality_row *q;
	struct board_state s;

	board_read_state(b, instrument, &s);
	q = quality_row(v->is_alive ? s.reason : Q_CONTROLLER_DOWN);
	doc_text(d, "name", board_text(b, ins->name));
	doc_text(d, "title", board_text(b, ins->title));
	doc_text(d, "codec", board_text(b, ins->codec));
	doc_text(d, "address", board_text(b, ins->address));
	doc_text(d, "state", state_text(v, &s));
	doc_text(d, "reason", q->token);
	doc_text(d, "reason_text", q->text_en);
	doc_text(d, "remedy", q->remedy_en);
	view_time(d, "since", v, s.since_ns);
	view_time(d, "last_answer", v, s.last_answer_ns);
	doc_text(d, "identity", s.identity);
	doc_uint(d, "at_once", s.at_once);
	doc_object(d, "counters");
	doc_uint(d, "requests", s.requests);
	doc_uint(d, "answers", s.answers);
	doc_uint(d, "timeouts", s.timeouts);
	doc_uint(d, "errors", s.errors);
	doc_uint(d, "refused", s.refused);
	doc_uint(d, "stray", s.stray);
	doc_uint(d, "skipped", s.skipped);
	doc_uint(d, "bytes_out", s.bytes_out);
	doc_uint(d, "bytes_in", s.bytes_in);
	doc_uint(d, "connects", s.connects);
	doc_end(d);
	put_reply(d, &s);
}

void
picture_instruments(struct buf *out, bool is_xml, const struct view *v)
{
	struct doc d;

	doc_open(&d, out, is_xml, "bench");
	doc_array(&d, "instruments", "instrument");
	for (uint32_t i = 0; i < v->info.n_instruments; i++) {
		doc_object(&d, NULL);
		put_instrument(&d, v, i);
		doc_end(&d);
	}
	doc_end(&d);
	doc_close(&d);
}

void
picture_instrument(struct buf *out, bool is_xml, const struct view *v, uint32_t instrument)
{
	struct doc d;

	doc_open(&d, out, is_xml, "instrument");
	put_instrument(&d, v, instrument);
	doc_close(&d);
}

#define TRACE_LINES_MAX 256

void
picture_trace(struct buf *out, bool is_xml, const struct view *v, uint32_t instrument)
{
	static const char *const kinds[] = { "sent", "received", "note" };
	static struct board_trace lines[TRACE_LINES_MAX]; /* 90 KB: too much for the stack */
	size_t n = board_read_trace(v->board, instrument, lines, TRACE_LINES_MAX);
	struct doc d;

	doc_open(&d, out, is_xml, "trace");
	doc_array(&d, "lines", "line");
	for (size_t i = 0; i < n; i++) {
		const struct board_trace *line = &lines[i];
		size_t kept = MIN((size_t)line->n, sizeof(line->bytes));
		char hex[3 * BOARD_TRACE_BYTES + 1];

		for (size_t k = 0; k < kept; k++)
			snprintf(hex + 3 * k, 4, "%02x ", line->bytes[k]);
		hex[kept > 0 ? 3 * kept - 1 : 0] = '\0';
		doc_object(&d, NULL);
		view_time(&d, "time", v, line->stamp_ns);
		doc_text(&d, "kind", kinds[MIN(line->kind, TRACE_NOTE)]);
		doc_text(&d, "verdict", quality_row(line->quality)->token);
		doc_text(&d, "meaning", line->meaning);
		doc_text(&d, "bytes", hex);
		doc_bool(&d, "truncated", line->n > kept);
		doc_end(&d);
	}
	doc_end(&d);
	doc_close(&d);
}
