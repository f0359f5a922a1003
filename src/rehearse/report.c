/* report.c - a rehearsal as text, and as JSON */
#include "rehearse/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

/* 1:02:03.4 in hours, or 2:03.4 in minutes; out: 32 bytes. */
static const char *
span(double s, char *out)
{
	int64_t tenths = isfinite(s) && s >= 0 && s < 1e12 ? llround(s * 10) : -1;

	if (tenths < 0)
		snprintf(out, 32, "?");
	else if (tenths >= 36000)
		snprintf(out, 32, "%lld:%02lld:%02lld.%lld", (long long)(tenths / 36000),
			(long long)(tenths / 600 % 60), (long long)(tenths / 10 % 60),
			(long long)(tenths % 10));
	else
		snprintf(out, 32, "%lld:%02lld.%lld", (long long)(tenths / 600),
			(long long)(tenths / 10 % 60), (long long)(tenths % 10));
	return out;
}

static const char *
title_of(const struct rehearsal *r, uint32_t step)
{
	return image_text(r->img, image_seq_step_at(r->img, step)->title);
}

/* So many characters of a text, which may have more bytes. */
static void
put_cell(struct buf *out, const char *text, int width)
{
	for (; width > 0 && *text != '\0'; width--)
		do
			buf_putc(out, *text++);
		while (((unsigned char)*text & 0xC0) == 0x80);
	while (width-- >= 0)
		buf_putc(out, ' ');
}

static void
put_steps(const struct rehearsal *r, struct buf *out)
{
	char at[32], took[32], planned[32];

	buf_printf(out, "%-6s %-34s %12s %12s %12s  %s\n", "step", "", "begins", "takes", "planned",
		"ends");
	for (uint32_t i = 0; i < r->n_steps; i++) {
		const struct rehearsal_step *s = &r->steps[i];

		buf_printf(out, "%-6u ", image_seq_step_at(r->img, s->step)->number);
		put_cell(out, title_of(r, s->step), 34);
		buf_printf(out, "%12s %12s %12s  %s\n", span(s->at_s, at), span(s->took_s, took),
			span(s->planned_s, planned), s->ended);
	}
	if (r->n_more_steps > 0)
		buf_printf(
			out, "%u more steps between the last two are left out\n", r->n_more_steps);
}

static void
put_news(const struct rehearsal *r, struct buf *out)
{
	char at[32];

	for (uint32_t i = 0; i < r->n_news; i++) {
		const struct rehearsal_news *n = &r->news[i];
		struct event e = { .kind = n->kind, .n_values = isfinite(n->value) };
		struct buf text = { 0 };

		e.values[0] = n->value;
		memcpy(e.subject, n->subject, sizeof(e.subject));
		memcpy(e.text, n->text, sizeof(e.text));
		event_text(&text, &e, LANGUAGE_EN);
		buf_printf(
			out, "%12s  step %-5u %s\n", span(n->at_s, at), n->step, buf_text(&text));
		buf_done(&text);
	}
	if (r->n_more_news > 0)
		buf_printf(out, "%u more are left out\n", r->n_more_news);
}

static void
put_sums(const struct rehearsal *r, struct buf *out)
{
	bool has_energy = false;

	for (uint32_t i = 0; i < r->n_sums; i++) {
		const struct rehearsal_sum *s = &r->sums[i];

		has_energy = has_energy || s->is_energy;
		buf_printf(out, "%-22s %.4g %s\n",
			image_text(r->img, image_channel_at(r->img, s->channel)->name), s->sum,
			s->unit);
	}
	if (!has_energy)
		buf_puts(out,
			"energy                 not known: no output of the bench is a power\n");
}

static void
put_not_played(const struct rehearsal *r, struct buf *out)
{
	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		if (!dry_plays(r->img, i))
			buf_printf(out, "not played: %s\n",
				image_text(r->img, image_instrument_at(r->img, i)->name));
}

static void
put_faults(const struct report *p, struct buf *out)
{
	char at[32], after[32];

	buf_printf(out, "\n%-6s %-10s %-16s %-36s %10s  %s\n", "step", "dies at", "instrument",
		"ends", "after", "why");
	for (uint32_t i = 0; i < p->n_faults; i++) {
		const struct fault_row *f = &p->faults[i];

		buf_printf(out, "%-6u %-10s %-16.16s %-36s %10s  %s\n",
			image_seq_step_at(p->r->img, p->r->steps[f->step].step)->number,
			span(f->at_s, at),
			image_text(p->r->img, image_instrument_at(p->r->img, f->instrument)->name),
			f->is_played ? f->outcome : "not played, it would take too long",
			f->is_played ? span(f->after_s, after) : "", f->why);
	}
}

void
report_text(const struct report *p, struct buf *out)
{
	const struct rehearsal *r = p->r;
	struct buf notes = { 0 };
	char took[32], worst[32];

	buf_printf(out, "%s, version %u: %s", image_text(r->img, r->seq->title), r->seq->version,
		rehearsal_end_words[r->end]);
	if (r->end == REHEARSAL_COMPLETE)
		buf_printf(out, " after %s\n\n", span(r->took_s, took));
	else if (r->end == REHEARSAL_REFUSED)
		buf_printf(out, "\n%s\n", r->why);
	else
		buf_printf(out, " after %s, in step %u: %s\n\n", span(r->took_s, took), r->where,
			r->why);
	if (r->n_steps > 0) {
		put_steps(r, out);
		buf_printf(out, "\nat most %s, without holds and reactions\n",
			span(rehearsal_worst(r, &notes), worst));
		buf_put(out, notes.data == NULL ? "" : notes.data, notes.n);
		put_sums(r, out);
		if (r->n_news > 0)
			buf_puts(out, "\n");
		put_news(r, out);
	}
	put_not_played(r, out);
	if (p->faults != NULL)
		put_faults(p, out);
	buf_printf(out, "\nrehearsed in %.2f s, with %s\n", p->cpu_s,
		r->setup.is_bytes ? "the bytes of the wires" : "the values of the channels");
	buf_done(&notes);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */

/* A time that does not depend on the last bit of a double. */
static void
json_time(struct json *j, const char *key, double s)
{
	json_double(j, key, isfinite(s) ? (double)llround(s * 1000) / 1000 : s);
}

static void
json_slots(const struct rehearsal *r, struct json *j)
{
	json_object(j, "parameters");
	for (uint32_t i = 0; i < r->seq->n_slots; i++) {
		const struct image_slot *s = image_slot_at(r->img, r->seq->first_slot + i);
		const char *name = image_text(r->img, s->name);

		if (s->role != SLOT_PARAM && s->role != SLOT_META)
			continue;
		if (s->kind == SLOT_TEXT) {
			json_text(j, name, rehearsal_text(r, i));
		} else if (s->kind == SLOT_NUMBER) {
			json_double(j, name, rehearsal_slot(r, i));
		} else {
			json_array(j, name);
			for (uint32_t k = 0; k < s->n; k++)
				json_double(j, NULL, rehearsal_slot(r, s->first + k));
			json_end(j);
		}
	}
	json_end(j);
}

static void
json_steps(const struct rehearsal *r, struct json *j)
{
	json_array(j, "steps");
	for (uint32_t i = 0; i < r->n_steps; i++) {
		const struct rehearsal_step *s = &r->steps[i];

		json_object(j, NULL);
		json_uint(j, "number", image_seq_step_at(r->img, s->step)->number);
		json_text(j, "title", title_of(r, s->step));
		json_time(j, "begins_s", s->at_s);
		json_time(j, "takes_s", s->took_s);
		json_time(j, "planned_s", s->planned_s);
		json_text(j, "ends", s->ended);
		json_end(j);
	}
	json_end(j);
	json_uint(j, "steps_left_out", r->n_more_steps);
}

static void
json_news(const struct rehearsal *r, struct json *j)
{
	json_array(j, "events");
	for (uint32_t i = 0; i < r->n_news; i++) {
		const struct rehearsal_news *n = &r->news[i];

		json_object(j, NULL);
		json_time(j, "at_s", n->at_s);
		json_uint(j, "step", n->step);
		json_text(j, "kind", event_row(n->kind)->token);
		json_text(j, "subject", n->subject);
		json_text(j, "text", n->text);
		json_end(j);
	}
	json_end(j);
	json_uint(j, "events_left_out", r->n_more_news);
}

static void
json_sums(const struct rehearsal *r, struct json *j, const char *key, bool is_energy)
{
	json_array(j, key);
	for (uint32_t i = 0; i < r->n_sums; i++) {
		const struct rehearsal_sum *s = &r->sums[i];

		if (s->is_energy != is_energy)
			continue;
		json_object(j, NULL);
		json_text(j, "channel",
			image_text(r->img, image_channel_at(r->img, s->channel)->name));
		json_double(j, "amount", (double)llround(s->sum * 1000) / 1000);
		json_text(j, "unit", s->unit);
		json_end(j);
	}
	json_end(j);
}

static void
json_faults(const struct report *p, struct json *j)
{
	json_array(j, "faults");
	for (uint32_t i = 0; i < p->n_faults; i++) {
		const struct fault_row *f = &p->faults[i];

		json_object(j, NULL);
		json_uint(
			j, "step", image_seq_step_at(p->r->img, p->r->steps[f->step].step)->number);
		json_text(j, "instrument",
			image_text(p->r->img, image_instrument_at(p->r->img, f->instrument)->name));
		json_bool(j, "played", f->is_played != 0);
		json_time(j, "at_s", f->at_s);
		json_text(j, "ends", f->outcome);
		json_bool(j, "safe", f->is_safe != 0);
		json_time(j, "after_s", f->after_s);
		json_text(j, "why", f->why);
		json_end(j);
	}
	json_end(j);
}

static void
json_worst(const struct rehearsal *r, struct json *j)
{
	struct buf notes = { 0 };

	json_time(j, "at_most_s", rehearsal_worst(r, &notes));
	json_text(j, "at_most_notes", notes.n == 0 ? NULL : buf_text(&notes));
	buf_done(&notes);
}

void
report_json(const struct report *p, struct buf *out)
{
	const struct rehearsal *r = p->r;
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "bench", image_text(r->img, r->img->bench));
	json_text(&j, "sequence", image_text(r->img, r->seq->name));
	json_text(&j, "title", image_text(r->img, r->seq->title));
	json_uint(&j, "version", r->seq->version);
	json_text(&j, "level", r->setup.is_bytes ? "bytes" : "channels");
	json_bool(&j, "complete", r->end == REHEARSAL_COMPLETE);
	json_text(&j, "ends", rehearsal_end_words[r->end]);
	json_text(&j, "why", r->end == REHEARSAL_COMPLETE ? NULL : r->why);
	if (r->end == REHEARSAL_COMPLETE)
		json_null(&j, "where");
	else
		json_uint(&j, "where", r->where);
	json_time(&j, "takes_s", r->took_s);
	json_worst(r, &j);
	json_slots(r, &j);
	json_steps(r, &j);
	json_news(r, &j);
	json_sums(r, &j, "gases", false);
	json_sums(r, &j, "energy", true);
	json_array(&j, "not_played");
	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		if (!dry_plays(r->img, i))
			json_text(
				&j, NULL, image_text(r->img, image_instrument_at(r->img, i)->name));
	json_end(&j);
	if (p->faults != NULL)
		json_faults(p, &j);
	json_double(&j, "rehearsed_in_s", (double)llround(p->cpu_s * 1000) / 1000);
	json_end(&j);
	buf_puts(out, "\n");
}
