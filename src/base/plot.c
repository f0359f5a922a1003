/* plot.c - lines over time as SVG */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/plot.h"
#include "base/text.h"
#include "base/xml.h"

#define LABEL 64

/* The picture, in its own units. */
enum {
	LEFT = 80,
	WIDE = 1000,
	RIGHT = 220, /* of which the legend is a part */
	HEAD = 56,
	PANEL = 200,
	STRIP = 22,
	SPACE = 18,
	FOOT = 40
};

/* What a line did in one column of time; n 0: nothing was told. */
struct column {
	double first, least, greatest, last;
	uint32_t n;
	bool has_gap; /* behind it */
};

struct line {
	char name[LABEL], unit[LABEL];
	enum plot_form form;
	double t;
	struct column *columns; /* [PLOT_COLUMNS] */
};

struct span {
	double from, to;
	char label[LABEL];
};

struct plot {
	char title[2 * LABEL];
	double width; /* of a column, in seconds; it doubles when there are too few */
	double end;
	struct line lines[PLOT_LINES_MAX];
	uint32_t n_lines;
	struct span bands[PLOT_BANDS_MAX], marks[PLOT_MARKS_MAX];
	uint32_t n_bands, n_marks, n_left_out;
};

struct plot *
plot_new(const char *title)
{
	struct plot *p = mem_zero(1, sizeof(*p));

	text_copy(p->title, sizeof(p->title), title);
	p->width = 1.0 / 16;
	return p;
}

void
plot_free(struct plot *p)
{
	for (uint32_t i = 0; p != NULL && i < p->n_lines; i++)
		free(p->lines[i].columns);
	free(p);
}

uint32_t
plot_line(struct plot *p, const char *name, const char *unit, enum plot_form form)
{
	struct line *l;

	if (p->n_lines == PLOT_LINES_MAX)
		return PLOT_NONE;
	l = &p->lines[p->n_lines];
	text_copy(l->name, sizeof(l->name), name);
	text_copy(l->unit, sizeof(l->unit), unit);
	l->form = form;
	l->columns = mem_zero(PLOT_COLUMNS, sizeof(*l->columns));
	return p->n_lines++;
}

/* ---- points -------------------------------------------------------------------------------------------------------------- */

static void
join(struct column *a, const struct column *b)
{
	if (b->n > 0 && a->n > 0) {
		a->least = fmin(a->least, b->least);
		a->greatest = fmax(a->greatest, b->greatest);
		a->last = b->last;
	} else if (b->n > 0) {
		*a = *b;
		return;
	}
	a->n += b->n;
	a->has_gap = b->n > 0 || b->has_gap ? b->has_gap : a->has_gap;
}

static void
widen(struct plot *p)
{
	p->width *= 2;
	for (uint32_t i = 0; i < p->n_lines; i++) {
		struct column *c = p->lines[i].columns;

		for (uint32_t k = 0; k < PLOT_COLUMNS / 2; k++) {
			c[k] = c[(size_t)2 * k];
			join(&c[k], &c[2 * k + 1]);
		}
		memset(c + PLOT_COLUMNS / 2, 0, PLOT_COLUMNS / 2 * sizeof(*c));
	}
}

void
plot_point(struct plot *p, uint32_t line, double t, double v)
{
	struct line *l;
	struct column *c;

	if (line >= p->n_lines || !isfinite(t) || t < p->lines[line].t)
		return;
	while (t >= p->width * PLOT_COLUMNS)
		widen(p);
	l = &p->lines[line];
	l->t = t;
	p->end = fmax(p->end, t);
	c = &l->columns[(uint32_t)(t / p->width)];
	if (!isfinite(v)) {
		c->has_gap = true;
		return;
	}
	join(c, &(struct column){ .first = v, .least = v, .greatest = v, .last = v, .n = 1 });
}

static void
add_span(struct plot *p, struct span *spans, uint32_t *n, uint32_t max, double from, double to,
	const char *label)
{
	if (!isfinite(from) || !isfinite(to) || from < 0 || to < from)
		return;
	p->end = fmax(p->end, to);
	if (*n == max) {
		p->n_left_out++;
		return;
	}
	spans[*n] = (struct span){ .from = from, .to = to };
	text_copy(spans[(*n)++].label, LABEL, label);
}

void
plot_band(struct plot *p, double from, double to, const char *label)
{
	add_span(p, p->bands, &p->n_bands, PLOT_BANDS_MAX, from, to, label);
}

void
plot_mark(struct plot *p, double t, const char *label)
{
	add_span(p, p->marks, &p->n_marks, PLOT_MARKS_MAX, t, t, label);
}

/* ---- axes ---------------------------------------------------------------------------------------------------------------- */

struct axis {
	double low, high, step;
};

/* The least of 1, 2, 5 times a power of ten by which a span has at most n parts. */
static double
nice_step(double span, int n)
{
	double raw = span / n, power = pow(10, floor(log10(raw)));

	for (int i = 0; i < 3; i++)
		if (raw <= (double[]){ 1, 2, 5 }[i] * power * (1 + 1e-9))
			return (double[]){ 1, 2, 5 }[i] * power;
	return 10 * power;
}

static double
nice_time(double span, int n)
{
	static const double steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
		7200, 10800, 21600, 43200, 86400 };

	if (span / n < 1)
		return nice_step(span, n);
	for (size_t i = 0; i < NELEM(steps); i++)
		if (span / n <= steps[i])
			return steps[i];
	return 86400 * nice_step(span / 86400, n);
}

static double
end_of(const struct plot *p)
{
	return p->end > 0 ? p->end : 1;
}

static double
x_of(const struct plot *p, double t)
{
	return LEFT + WIDE * t / end_of(p);
}

static double
y_of(const struct axis *a, double top, double v)
{
	/* in halves: their difference may be too great for a double */
	return top + PANEL * ((a->high / 2 - v / 2) / (a->high / 2 - a->low / 2));
}

/* From the least to the greatest value of all lines of a unit; false: they have none. */
static bool
range_of(const struct plot *p, const char *unit, struct axis *out)
{
	double low = HUGE_VAL, high = -HUGE_VAL;

	for (uint32_t i = 0; i < p->n_lines; i++) {
		const struct line *l = &p->lines[i];

		if (l->form == PLOT_SWITCH || strcmp(l->unit, unit) != 0)
			continue;
		for (uint32_t k = 0; k < PLOT_COLUMNS; k++)
			if (l->columns[k].n > 0) {
				low = fmin(low, l->columns[k].least);
				high = fmax(high, l->columns[k].greatest);
			}
	}
	if (!(low <= high))
		return false;
	if (high - low < 1e-6 * fmax(fabs(low), fabs(high)) || high == low) {
		double room = fmax(fabs(high) * 0.01, 0.5);

		low -= room;
		high += room;
	}
	out->step = nice_step(high / 2 - low / 2, 3);
	out->low = floor(low / out->step) * out->step;
	out->high = ceil(high / out->step) * out->step;
	return isfinite(out->low) && isfinite(out->high);
}

/* ---- SVG ----------------------------------------------------------------------------------------------------------------- */

static void
say(struct buf *out, double x, double y, const char *class, const char *text)
{
	buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	xml_text(out, text);
	buf_puts(out, "</text>\n");
}

static void
rule(struct buf *out, double x1, double y1, double x2, double y2, const char *class)
{
	buf_printf(out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1, x2, y2);
}

static void
time_text(char *out, size_t cap, double t, double step)
{
	long long s = llround(t);

	if (step < 1)
		snprintf(out, cap, "%.3g s", t);
	else if (step < 60)
		snprintf(out, cap, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, cap, "%lld:%02lld", s / 3600, s / 60 % 60);
}

static void
write_times(const struct plot *p, struct buf *out, double bottom)
{
	double step = nice_time(end_of(p), 10);
	char text[32];

	for (int i = 0; i * step <= end_of(p) * (1 + 1e-9); i++) {
		double x = x_of(p, i * step);

		rule(out, x, HEAD, x, bottom, "grid");
		time_text(text, sizeof(text), i * step, step);
		say(out, x, bottom + 16, "m", text);
	}
	say(out, LEFT + WIDE, bottom + 32, "e", step < 1 ? "s" : step < 60 ? "h:min:s" : "h:min");
}

static void
write_bands(const struct plot *p, struct buf *out, double bottom)
{
	for (uint32_t i = 0; i < p->n_bands; i++) {
		const struct span *b = &p->bands[i];
		double x = x_of(p, b->from), wide = x_of(p, b->to) - x;

		buf_printf(out,
			"<rect class=\"b%u\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" "
			"height=\"%.1f\"><title>",
			i % 2, x, HEAD, wide, bottom - HEAD);
		xml_text(out, b->label);
		buf_puts(out, "</title></rect>\n");
		if (wide >= 24)
			say(out, x + 3, HEAD - 6 - i % 2 * 12, "s", b->label);
	}
	for (uint32_t i = 0; i < p->n_marks; i++) {
		double x = x_of(p, p->marks[i].from);

		buf_printf(
			out, "<path class=\"mark\" d=\"M%.1f %dV%.1f\"><title>", x, HEAD, bottom);
		xml_text(out, p->marks[i].label);
		buf_puts(out, "</title></path>\n");
	}
}

/* Points of a line one after the other; the pen goes up over gaps. */
struct pen {
	struct buf *out;
	const struct axis *axis;
	double top, y;
	bool is_down, is_stair;
};

static void
draw(struct pen *n, double x, double v)
{
	double y = y_of(n->axis, n->top, v);

	if (!n->is_down)
		buf_printf(n->out, "M%.1f %.1f", x, y);
	else if (n->is_stair)
		buf_printf(n->out, "H%.1fV%.1f", x, y);
	else
		buf_printf(n->out, "L%.1f %.1f", x, y);
	n->y = y;
	n->is_down = true;
}

static void
write_curve(const struct plot *p, const struct line *l, const struct axis *axis, double top,
	uint32_t color, struct buf *out)
{
	struct pen pen = {
		.out = out, .axis = axis, .top = top, .is_stair = l->form != PLOT_CURVE
	};

	buf_printf(out, "<path class=\"l c%u\" d=\"", color % 8);
	for (uint32_t k = 0; k < PLOT_COLUMNS; k++) {
		const struct column *c = &l->columns[k];
		double x = x_of(p, fmin(k * p->width, end_of(p)));

		if (c->n > 0) {
			draw(&pen, x, c->first);
			if (c->least < fmin(c->first, c->last))
				draw(&pen, x, c->least);
			if (c->greatest > fmax(c->first, c->last))
				draw(&pen, x, c->greatest);
			if (c->n > 1)
				draw(&pen, x, c->last);
		}
		if (c->has_gap) {
			if (pen.is_down && pen.is_stair)
				buf_printf(out, "H%.1f", x);
			pen.is_down = false;
		}
	}
	if (pen.is_down && pen.is_stair) /* it holds to the line's end */
		buf_printf(out, "H%.1f", x_of(p, end_of(p)));
	buf_puts(out, "\"/>\n");
}

static void
write_scale(struct buf *out, const struct axis *a, double top, const char *unit)
{
	int n = (int)lround(a->high / a->step - a->low / a->step);
	char text[32];

	for (int i = 0; i <= n; i++) {
		double v = 2 * (a->low / 2 + i * (a->step / 2)), y = y_of(a, top, v);

		rule(out, LEFT, y, LEFT + WIDE, y, "grid");
		snprintf(text, sizeof(text), "%.6g", fabs(v) < a->step * 1e-6 ? 0 : v);
		say(out, LEFT - 6, y + 4, "e", text);
	}
	say(out, LEFT + WIDE + 10, top + 14, "u", unit);
}

static bool
is_first_of_unit(const struct plot *p, uint32_t i)
{
	if (p->lines[i].form == PLOT_SWITCH)
		return false;
	for (uint32_t k = 0; k < i; k++)
		if (p->lines[k].form != PLOT_SWITCH &&
			strcmp(p->lines[k].unit, p->lines[i].unit) == 0)
			return false;
	return true;
}

static void
write_panel(const struct plot *p, uint32_t first, double top, struct buf *out)
{
	const char *unit = p->lines[first].unit;
	struct axis axis;
	uint32_t n = 0;
	bool has_values = range_of(p, unit, &axis);

	if (has_values)
		write_scale(out, &axis, top, unit);
	else
		say(out, LEFT + 6, top + 14, "s", "no values");
	for (uint32_t i = first; i < p->n_lines; i++) {
		const struct line *l = &p->lines[i];
		double y = top + 26 + 14 * n;

		if (l->form == PLOT_SWITCH || strcmp(l->unit, unit) != 0)
			continue;
		if (has_values)
			write_curve(p, l, &axis, top, n, out);
		buf_printf(out, "<path class=\"l c%u\" d=\"M%d %.1fh16\"/>\n", n % 8,
			LEFT + WIDE + 10, y);
		say(out, LEFT + WIDE + 32, y + 4, "s", l->name);
		n++;
	}
}

static void
write_strip(const struct plot *p, const struct line *l, double top, struct buf *out)
{
	double from = -1;

	say(out, LEFT + WIDE + 10, top + 14, "s", l->name);
	rule(out, LEFT, top + STRIP - 4, LEFT + WIDE, top + STRIP - 4, "grid");
	for (uint32_t k = 0; k <= PLOT_COLUMNS; k++) {
		const struct column *c = k < PLOT_COLUMNS ? &l->columns[k] : NULL;
		double x = x_of(p, fmin(k * p->width, end_of(p)));
		bool is_on = c != NULL && c->n > 0 && c->greatest != 0;
		bool is_off = c == NULL || (c->n > 0 && c->last == 0) || c->has_gap;

		if (is_on && from < 0)
			from = x;
		if (is_off && from >= 0) {
			buf_printf(out,
				"<rect class=\"on\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%d\"/>\n",
				from, top + 2, fmax(x - from, 1), STRIP - 8);
			from = -1;
		}
	}
}

/* Colours that are told apart by those who see no red or no green, too (Okabe and Ito). */
static const char style[] =
	"<style>text{font:11px sans-serif;fill:#222}.t{font-size:15px}.m{text-anchor:middle}"
	".e{text-anchor:end}.u{font-weight:bold}path{fill:none}.grid{stroke:#ccc;stroke-width:.5}"
	".mark{stroke:#d55e00;stroke-dasharray:3 3}.l{stroke-width:1.4;stroke-linejoin:round}"
	".b0{fill:#f4f6f8}.b1{fill:#e8edf2}.on{fill:#009e73}"
	".c0{stroke:#0072b2}.c1{stroke:#d55e00}.c2{stroke:#009e73}.c3{stroke:#cc79a7}"
	".c4{stroke:#e69f00}.c5{stroke:#56b4e9}.c6{stroke:#000}.c7{stroke:#8a7a00}</style>\n";

static double
height_of(const struct plot *p)
{
	double y = HEAD;

	for (uint32_t i = 0; i < p->n_lines; i++)
		if (p->lines[i].form == PLOT_SWITCH)
			y += STRIP;
		else if (is_first_of_unit(p, i))
			y += PANEL + SPACE;
	return fmax(y, HEAD + PANEL);
}

void
plot_svg(const struct plot *p, struct buf *out)
{
	double bottom = height_of(p), top = HEAD;
	char text[LABEL];

	buf_printf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "
		"xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\">\n",
		LEFT + WIDE + RIGHT, bottom + FOOT);
	buf_puts(out, style);
	buf_puts(out, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
	say(out, LEFT, 18, "t", p->title);
	write_bands(p, out, bottom);
	write_times(p, out, bottom);
	for (uint32_t i = 0; i < p->n_lines; i++)
		if (is_first_of_unit(p, i)) {
			write_panel(p, i, top, out);
			top += PANEL + SPACE;
		}
	for (uint32_t i = 0; i < p->n_lines; i++)
		if (p->lines[i].form == PLOT_SWITCH) {
			write_strip(p, &p->lines[i], top, out);
			top += STRIP;
		}
	if (p->n_left_out > 0) {
		snprintf(text, sizeof(text), "%u bands and marks are left out", p->n_left_out);
		say(out, LEFT, bottom + 32, "s", text);
	}
	buf_puts(out, "</svg>\n");
}
