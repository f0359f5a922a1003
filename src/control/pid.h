/* pid.h - one PID controller, ISA standard form; pure
 *
 *	output = gain * (weight * setpoint - y)  +  gain / integral * area of (setpoint - y)  -  gain * derivative * dy/dt, smoothed
 *
 * The signs are those of a reverse action (heating: the output falls when what is measured rises); a direct one has the other.
 * Each reading counts once, by its own stamp: what is between two of them is taken as a straight line, so the time between them
 * may be any. The setpoint counts for as long as it held.
 */
#ifndef CONTROL_PID_H
#define CONTROL_PID_H

#include "base/defs.h"

struct pid_form {
	double gain;         /* above 0 */
	double integral_s;   /* 0: the area does not count */
	double derivative_s; /* 0: none */
	double filter;       /* the slope is smoothed over derivative_s / filter */
	double weight;       /* 0 .. 1 */
	double min, max;     /* of the output */
	bool is_direct;
};

struct pid {
	double area;      /* part of the output that remembers */
	double slope;     /* the same of the slope */
	double y;         /* the last reading */
	int64_t stamp_ns; /* its stamp */
	double setpoint;  /* since since_ns */
	int64_t since_ns;
	double held, held_s; /* setpoint times seconds, and seconds, since the last reading came */
};

/* What keeps the output from following. */
enum pid_short {
	PID_BELOW = -1, /* it is less than was asked: asking for more does not help */
	PID_FREE,
	PID_ABOVE
};

/* From an output that is held, whatever it is: the first value is the same, cut to the limits. Of a first reading. */
void pid_begin(struct pid *p, const struct pid_form *f, double held, double setpoint, double y,
	int64_t stamp_ns, int64_t now_ns);

/* The setpoint is this from now on. */
void pid_setpoint(struct pid *p, double setpoint, int64_t now_ns);

/* A reading; one that is no newer than the last is ignored. Nothing is added to the area that the limits, or what keeps the output
 * back, would only make wait to be taken away again. */
void pid_read(struct pid *p, const struct pid_form *f, double y, int64_t stamp_ns, int64_t now_ns,
	enum pid_short kept);

/* What the output should be, within the limits; *out_kept (NULL: never mind): which of them cuts it. */
double pid_output(const struct pid *p, const struct pid_form *f, enum pid_short *out_kept);

/* The output was refused and stays where it is: from there it goes on. */
void pid_stays(struct pid *p, const struct pid_form *f, double held);

#endif
