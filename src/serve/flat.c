/* flat.c - the pages for simple readers, and Prometheus text */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/xml.h"
#include "serve/allow.h"
#include "serve/picture.h"

/* A number with six decimals, as simple readers were promised; whole numbers keep all their digits. */
static void
six_decimals(
	char *out, size_t cap, enum value_type type, const struct sample *s, const char *choice)
{
	switch (type) {
	case VALUE_BOOL:
	case VALUE_INT:
		snprintf(out, cap, "%lld.000000", (long long)s->v.i);
		return;
	case VALUE_UINT:
		snprintf(out, cap, "%llu.000000", (unsigned long long)s->v.u);
		return;
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		if (isfinite(s->v.f))
			snprintf(out, cap, "%.6f", s->v.f);
		return;
	case VALUE_CHOICE:
		if (choice != NULL)
			text_copy(out, cap, choice);
		else
			snprintf(out, cap, "%lld.000000", (long long)s->v.i);
		return;
	case VALUE_TEXT:
	case VALUE_TYPES:
		text_copy(out, cap, s->text);
	}
}

static const char *
look(const struct view *v, uint32_t channel, struct sample *out)
{
	const struct board_channel *ch = board_channel(v->board, channel);

	board_look(v->board, channel, v->now_ns, out);
	return ch->type == VALUE_CHOICE ? board_choice(v->board, ch, out->v.i) : NULL;
}

void
picture_flat_xml(struct buf *out, const struct view *v)
{
	xml_head(out);
	xml_open(out, "Response");
	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		const struct board_channel *ch = board_channel(v->board, i);
		struct sample s;
		const char *choice = look(v, i, &s);
		char text[400] = ""; /* the largest float64 has 309 digits before the point */

		if (!view_shows(v, i))
			continue;
		if (!quality_is_bad(s.quality))
			six_decimals(text, sizeof(text), ch->type, &s, choice);
		xml_open(out, "Terminal");
		xml_leaf(out, "Name", board_text(v->board, ch->name));
		if (text[0] != '\0')
			xml_leaf(out, "Value", text);
		else
			buf_puts(out, "<Value/>");
		xml_close(out, "Terminal");
	}
	xml_close(out, "Response");
	buf_putc(out, '\n');
}

void
picture_flat_json(struct buf *out, const struct view *v)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		const struct board_channel *ch = board_channel(v->board, i);
		struct sample s;
		const char *choice = look(v, i, &s);

		if (!view_shows(v, i))
			continue;
		value_json(&j, board_text(v->board, ch->name), ch->type, &s, choice);
	}
	json_end(&j);
	buf_putc(out, '\n');
}

/* ---- Prometheus -------------------------------------------------------------------------------------------------- */

/* A label's text: backslash, quote and line feed are escaped, as the exposition format asks. */
static void
put_label(struct buf *out, const char *name, const char *text)
{
	buf_puts(out, name);
	buf_puts(out, "=\"");
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			buf_puts(out, "\\n");
			continue;
		}
		if (*text == '"' || *text == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

static void
put_head(struct buf *out, const char *metric, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

/* mbc_age_seconds{channel="T_bed" */
static void
put_channel_line(struct buf *out, const struct view *v, uint32_t channel, const char *metric)
{
	buf_printf(out, "%s{", metric);
	put_label(out, "channel", board_text(v->board, board_channel(v->board, channel)->name));
}

static void
put_values(struct buf *out, const struct view *v)
{
	char number[32];
	struct sample s;

	put_head(out, "mbc_value", "gauge",
		"Value of a channel in its unit, which the label tells; absent while it is bad.");
	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		const struct board_channel *ch = board_channel(v->board, i);
		double value;

		if (!view_shows(v, i))
			continue;
		board_look(v->board, i, v->now_ns, &s);
		value = value_double(ch->type, s.v);
		if (ch->type == VALUE_TEXT || quality_is_bad(s.quality) || !isfinite(value))
			continue;
		put_channel_line(out, v, i, "mbc_value");
		buf_putc(out, ',');
		put_label(out, "unit", board_text(v->board, ch->unit));
		text_from_double(number, value);
		buf_printf(out, "} %s\n", number);
	}
}

/* Of each channel one line, so that a bad one can be counted; the reason is one of quality.def. */
static void
put_qualities(struct buf *out, const struct view *v)
{
	struct sample s;

	put_head(out, "mbc_quality", "gauge",
		"Always 1: how good the value of a channel is, and why it is not good.");
	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		bool is_good;

		if (!view_shows(v, i))
			continue;
		board_look(v->board, i, v->now_ns, &s);
		is_good = quality_row(s.quality)->class == Q_CLASS_GOOD;
		put_channel_line(out, v, i, "mbc_quality");
		buf_printf(out, ",quality=\"%s\",reason=\"%s\"} 1\n", quality_class_text(s.quality),
			is_good ? "" : quality_row(s.quality)->token);
	}
	put_head(out, "mbc_age_seconds", "gauge", "Time since the last sample of a channel.");
	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		if (!view_shows(v, i))
			continue;
		board_look(v->board, i, v->now_ns, &s);
		if (s.stamp_ns == 0)
			continue; /* there was none yet */
		put_channel_line(out, v, i, "mbc_age_seconds");
		buf_printf(out, "} %.3f\n", (double)MAX(v->now_ns - s.stamp_ns, 0) / 1e9);
	}
}

/* Is it on? One that has gone and waits to be acknowledged is not. */
static bool
is_active(int64_t state)
{
	return state == ALARM_UNACKNOWLEDGED || state == ALARM_ACKNOWLEDGED ||
	       state == ALARM_LATCHED_UNACKNOWLEDGED || state == ALARM_LATCHED_ACKNOWLEDGED;
}

static void
put_alarms(struct buf *out, const struct view *v)
{
	static const char *const priorities[PRIORITIES] = { "low", "medium", "high", "critical" };

	put_head(out, "mbc_alarm_active", "gauge",
		"1 while an alarm is on, 0 while it is not; absent while nobody knows.");
	for (uint32_t i = 0; v->img != NULL && i < v->img->alarms.n; i++) {
		const struct image_alarm *a = image_alarm_at(v->img, i);
		const char *name = image_text(v->img, a->name);
		char channel[160];
		struct sample s;
		uint32_t k;

		if (!allow_name(v->only, name))
			continue;
		snprintf(channel, sizeof(channel), "alarm.%s", name);
		k = board_find(v->board, channel);
		if (k == IMAGE_NONE || board_channel(v->board, k)->source_kind != SOURCE_STATE)
			continue;
		board_look(v->board, k, v->now_ns, &s);
		if (quality_is_bad(s.quality))
			continue;
		buf_puts(out, "mbc_alarm_active{");
		put_label(out, "alarm", name);
		buf_printf(
			out, ",priority=\"%s\"} %d\n", priorities[a->priority], is_active(s.v.i));
	}
}

static void
put_controller(struct buf *out, const struct view *v)
{
	put_head(out, "mbc_build_info", "gauge", "Always 1: the version of the program.");
	buf_puts(out, "mbc_build_info{bench=");
	buf_printf(out, "\"%s\",version=\"%s\"} 1\n", v->info.bench, MBC_VERSION);
	put_head(out, "mbc_controller_up", "gauge", "1 while the controller ticks.");
	buf_printf(out, "mbc_controller_up %d\n", v->is_alive ? 1 : 0);
	put_head(out, "mbc_tick_overruns_total", "counter", "Ticks lost since the start.");
	buf_printf(out, "mbc_tick_overruns_total %llu\n", (unsigned long long)v->heart.lost);
}

static const struct counter {
	const char *metric, *help;
	size_t off; /* of a uint64_t in struct board_state */
} counters[] = {
	{ "mbc_instrument_requests_total", "Requests sent.",
		offsetof(struct board_state, requests) },
	{ "mbc_instrument_answers_total", "Answers that were understood.",
		offsetof(struct board_state, answers) },
	{ "mbc_instrument_timeouts_total", "Requests without an answer in time.",
		offsetof(struct board_state, timeouts) },
	{ "mbc_instrument_errors_total", "Answers that were not understood.",
		offsetof(struct board_state, errors) },
	{ "mbc_instrument_refused_total", "Requests that the device refused.",
		offsetof(struct board_state, refused) },
	{ "mbc_instrument_stray_total", "Frames that belonged to no request.",
		offsetof(struct board_state, stray) },
	{ "mbc_instrument_skipped_total",
		"Polls left out because the line was busy past their time.",
		offsetof(struct board_state, skipped) },
	{ "mbc_instrument_sent_bytes_total", "Bytes sent.",
		offsetof(struct board_state, bytes_out) },
	{ "mbc_instrument_received_bytes_total", "Bytes received.",
		offsetof(struct board_state, bytes_in) },
	{ "mbc_instrument_connects_total", "Connections made.",
		offsetof(struct board_state, connects) },
};

static void
put_instrument_line(
	struct buf *out, const struct view *v, uint32_t i, const char *metric, uint64_t number)
{
	buf_printf(out, "%s{", metric);
	put_label(out, "instrument", board_text(v->board, board_instrument(v->board, i)->name));
	buf_printf(out, "} %llu\n", (unsigned long long)number);
}

void
picture_metrics(struct buf *out, const struct view *v)
{
	struct board_state s;

	put_controller(out, v);
	put_values(out, v);
	put_qualities(out, v);
	put_alarms(out, v);
	if (!allow_is_all(v->only))
		return; /* instruments are of the whole bench */
	put_head(out, "mbc_instrument_up", "gauge", "1 while an instrument answers.");
	for (uint32_t i = 0; i < v->info.n_instruments; i++) {
		board_read_state(v->board, i, &s);
		put_instrument_line(
			out, v, i, "mbc_instrument_up", v->is_alive && s.state == INSTRUMENT_UP);
	}
	for (size_t k = 0; k < NELEM(counters); k++) {
		put_head(out, counters[k].metric, "counter", counters[k].help);
		for (uint32_t i = 0; i < v->info.n_instruments; i++) {
			uint64_t number;

			board_read_state(v->board, i, &s);
			memcpy(&number, (const char *)&s + counters[k].off, sizeof(number));
			put_instrument_line(out, v, i, counters[k].metric, number);
		}
	}
}
