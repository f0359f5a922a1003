/* twin_inside.h - what a twin is made of; for the files of this folder */
#ifndef TWIN_TWIN_INSIDE_H
#define TWIN_TWIN_INSIDE_H

#include "twin/player.h"
#include "twin/twin.h"

/* A quantity in the unit of its channel; how it stands on the wire is in dev->pts[i]. */
struct twin_point {
	struct play_device *dev; /* NULL: it is not played */
	uint32_t i;
	bool is_held; /* a master wrote it */
	bool is_kept; /* a person keeps it at `kept`, whatever masters write */
	double factor, offset;
	const struct image_knot *knots; /* [n_knots] of a table before factor and offset */
	uint32_t n_knots;
	double x; /* without wave and noise */
	bool has_begin;
	double begin; /* has_begin: in place of the start of its law */
	double kept;
	int64_t settle_ns; /* so long after it has been written it is there; 0: at once */
	int64_t there_ns;  /* when what was written last is there; 0: it is */
	double goal;       /* what that was */
	int64_t taken_ns;  /* is_held: since when */
};

#define TWIN_DELAYS 64

/* What a point followed in the last time: a ring, from the oldest one that still matters. */
struct twin_delay {
	size_t first, n;
	int64_t at_ns[TWIN_DELAYS];
	double v[TWIN_DELAYS];
};

/* What is wrong with a device; at the index of its first instrument. */
struct twin_fault {
	uint8_t kind;     /* enum fault_kind */
	int64_t span_ns;  /* of those that take one */
	int64_t until_ns; /* NEVER: until somebody ends it */
	uint8_t *
		answer; /* STALE: the one that is still to come; CODEC_FRAME_MAX bytes, NULL: none was needed yet */
	size_t n_answer;
};

struct twin {
	const struct image *img;
	struct twin_point *points;   /* [point], behind them the presets of all instruments */
	struct play_point *pts;      /* what the devices have, one device behind the other */
	struct play_device *devices; /* [instrument]; player NULL: it is not played */
	struct play_device *
		*heads; /* [n_heads] the first of each device, in the order of the image */
	uint32_t n_heads;
	uint32_t *head_of;          /* [instrument]: the first of its device */
	struct twin_fault *faults;  /* [instrument] */
	struct twin_delay **delays; /* [law]; NULL: it has no dead time */
	uint64_t chance;
	bool is_started, is_steady;
	int64_t start_ns, now_ns;
};

uint32_t twin_link_of(const struct play_device *dev);

/* ---- values.c ------------------------------------------------------------------------------------------------------ */

/* The nearest value on the wire to `value` of the channel, among those that the point can hold. */
union value twin_fit(const struct twin_point *p, double value);

/* What was written is there, when it is time. */
void twin_arrive(struct twin_point *p, int64_t now_ns);

/* To where masters read it. */
void twin_show(struct twin_point *p, double value);

/* The point that can be played as a number; NULL: there is none. */
struct twin_point *twin_number(struct twin *t, uint32_t point);

/* What others follow. */
static inline double
twin_acts(const struct twin_point *p)
{
	return p->is_kept ? p->kept : p->x;
}

/* ---- faults.c ------------------------------------------------------------------------------------------------------ */

/* What is wrong with this device now; NULL: nothing. */
struct twin_fault *twin_fault_of(struct twin *t, const struct play_device *dev);

/* All instruments of a device are as they were in the beginning. */
void twin_restart(struct twin *t, struct play_device *head);

#endif
