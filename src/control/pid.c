/* pid.c - one PID controller
 *
 * Source: K. J. Astrom, T. Hagglund, Advanced PID Control (ISA 2006), chapter 3: standard form, derivative of the measured value with
 * a first-order filter of derivative / N, setpoint weight, conditional integration.
 */
#include "control/pid.h"

#include <math.h>

static double
sign(const struct pid_form *f)
{
	return f->is_direct ? -1 : 1;
}

static double
proportional(const struct pid *p, const struct pid_form *f)
{
	return sign(f) * f->gain * (f->weight * p->setpoint - p->y);
}

static double
whole(const struct pid *p, const struct pid_form *f)
{
	return proportional(p, f) + p->area + p->slope;
}

void
pid_begin(struct pid *p, const struct pid_form *f, double held, double setpoint, double y,
	int64_t stamp_ns, int64_t now_ns)
{
	*p = (struct pid){ .y = y, .stamp_ns = stamp_ns, .setpoint = setpoint, .since_ns = now_ns };
	pid_stays(p, f, held);
}

void
pid_stays(struct pid *p, const struct pid_form *f, double held)
{
	p->area = held - proportional(p, f) - p->slope;
}

void
pid_setpoint(struct pid *p, double setpoint, int64_t now_ns)
{
	double span_s = (double)MAX(now_ns - p->since_ns, 0) / 1e9;

	p->held += p->setpoint * span_s;
	p->held_s += span_s;
	p->setpoint = setpoint;
	p->since_ns = now_ns;
}

/* The slope through the filter, exactly as it answers to a straight line of span_s seconds. */
static void
add_slope(struct pid *p, const struct pid_form *f, double y, double span_s)
{
	double settle = f->derivative_s > 0 ? exp(-span_s * f->filter / f->derivative_s) : 0;
	double wanted = -sign(f) * f->gain * f->derivative_s * (y - p->y) / span_s;

	p->slope = p->slope * settle + wanted * (1 - settle);
}

/* What is added may bring the output to its limit, never beyond it; beside a limit or what holds it back, only away from there. */
static void
add_area(struct pid *p, const struct pid_form *f, double more, enum pid_short kept)
{
	double u = whole(p, f);

	if (more > 0)
		p->area += kept == PID_BELOW ? 0 : fmin(more, fmax(f->max - u, 0));
	else
		p->area += kept == PID_ABOVE ? 0 : fmax(more, fmin(f->min - u, 0));
}

void
pid_read(struct pid *p, const struct pid_form *f, double y, int64_t stamp_ns, int64_t now_ns,
	enum pid_short kept)
{
	double span_s = (double)(stamp_ns - p->stamp_ns) / 1e9, setpoint, between;

	if (stamp_ns <= p->stamp_ns)
		return;
	pid_setpoint(p, p->setpoint, now_ns);
	setpoint = p->held_s > 0 ? p->held / p->held_s : p->setpoint;
	between = (y + p->y) / 2;
	add_slope(p, f, y, span_s);
	p->y = y;
	p->stamp_ns = stamp_ns;
	p->held = p->held_s = 0;
	if (f->integral_s > 0)
		add_area(p, f, sign(f) * f->gain * (setpoint - between) * span_s / f->integral_s,
			kept);
}

double
pid_output(const struct pid *p, const struct pid_form *f, enum pid_short *out_kept)
{
	double u = whole(p, f);

	if (out_kept != NULL)
		*out_kept = u >= f->max ? PID_BELOW : u <= f->min ? PID_ABOVE : PID_FREE;
	return fmin(fmax(u, f->min), f->max);
}
