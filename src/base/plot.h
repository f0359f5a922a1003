/* plot.h - lines over time as a picture (SVG 1.1)
 *
 * One panel a unit, below each other, over one axis of time; switches as strips under them; spans of time (steps) as bands behind all of it. However many
 * points are given, a plot keeps at most PLOT_COLUMNS columns a line, each with its first, least, greatest and last value: no spike is lost.
 */
#ifndef BASE_PLOT_H
#define BASE_PLOT_H

#include "base/buf.h"

#define PLOT_LINES_MAX 64
#define PLOT_BANDS_MAX 256   /* further ones are left out, and counted in the picture */
#define PLOT_MARKS_MAX 256   /* likewise */
#define PLOT_COLUMNS 1600    /* even */
#define PLOT_NONE UINT32_MAX /* points of such a line are dropped */

struct plot;

enum plot_form {
	PLOT_CURVE, /* straight from one point to the next */
	PLOT_STAIR, /* a value holds until the next one: setpoints */
	PLOT_SWITCH /* as PLOT_STAIR, off or on: 0 is off */
};

/* Never NULL; plot_free() it. Time is in seconds since an origin of the caller's, 0 being the left edge. */
struct plot *plot_new(const char *title);
void plot_free(struct plot *p);

/* The number of a new line; PLOT_NONE when there are PLOT_LINES_MAX. unit "": a number. */
uint32_t plot_line(struct plot *p, const char *name, const char *unit, enum plot_form form);

/* t: finite, not negative, not before the line's last point (else it is dropped). v NaN: nothing is known from here on, the line has a gap. */
void plot_point(struct plot *p, uint32_t line, double t, double v);

void plot_band(struct plot *p, double from, double to, const char *label);
void plot_mark(struct plot *p, double t, const char *label);

/* The whole picture, a document of its own. The axis ends with the last point, band or mark. */
void plot_svg(const struct plot *p, struct buf *out);

#endif
