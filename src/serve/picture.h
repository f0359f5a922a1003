/* picture.h - what stands on the board, as text: the documents of the data server
 *
 * Pure functions of a board and a time. Values are looked at with board_look(), so an old one is shown as bad, never as
 * good.
 */
#ifndef SERVE_PICTURE_H
#define SERVE_PICTURE_H

#include "base/buf.h"
#include "board/board.h"
#include "serve/doc.h"

/* A bench file that changes protection and waits, as the supervisor tells. */
struct waiting {
	bool waits, needs_reason;
	char who[32], reason[128]; /* of whoever has answered for it; empty: nobody yet */
	char says[600];            /* what it waits for, and what to do */
	char list[4096];           /* "weaker: ...", a line each */
};

/* What everybody sees, by the server for everybody. */
struct shown {
	bool is_there, needs_link;
	char address[400];         /* "": not known yet */
	const struct board *board; /* the very one that it shows; NULL: none yet */
};

struct view {
	const struct board *board;
	const struct image *
		img; /* what the bench is; NULL: not known yet. Only what is watched, and sequences, need it */
	struct board_info info;
	struct board_heart heart;
	int64_t now_ns;                /* CLOCK_BOOTTIME */
	const struct waiting *waiting; /* NULL: not known */
	const struct shown *shown;     /* NULL: not known */
	int64_t wall_ns;               /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	bool is_alive;                 /* the controller ticks */
	uint32_t flat_off;             /* enum image_flat: pages that are not given */
	const char *only; /* patterns of the channels that may be seen (allow.h); NULL: all */
	bool is_person;   /* somebody has signed in, and is no program */
};

bool view_shows(const struct view *v, uint32_t channel);

/* Look at a board now. wall_ns: this machine's own offset, for a board that has not ticked yet. */
void view_open(struct view *v, const struct board *board, int64_t now_ns, int64_t wall_ns);

/* Member `key`: a CLOCK_BOOTTIME stamp as wall time, null for 0 (never). */
void view_time(struct doc *d, const char *key, const struct view *v, int64_t stamp_ns);

void picture_bench(struct buf *out, bool is_xml, const struct view *v);

/* All channels, or those whose name starts with `prefix` (NULL: any), or those of `list`. */
void picture_channels(struct buf *out, bool is_xml, const struct view *v, const char *prefix,
	const uint32_t *list, size_t n_list);
void picture_channel(struct buf *out, bool is_xml, const struct view *v, uint32_t channel);

/* The public board: what the server for everybody answers, by the same functions; v->shown is there. */
void picture_shared(struct buf *out, bool is_xml, const struct view *v);

/* instruments.c */
void picture_instruments(struct buf *out, bool is_xml, const struct view *v);
void picture_instrument(struct buf *out, bool is_xml, const struct view *v, uint32_t instrument);
void picture_trace(struct buf *out, bool is_xml, const struct view *v, uint32_t instrument);

/* watched.c: those that are not at rest, or all; v->img is there */
void picture_alarms(struct buf *out, bool is_xml, const struct view *v, bool wants_all);
void picture_trips(struct buf *out, bool is_xml, const struct view *v, bool wants_all);

/* protection.c: what protects the bench; v->img is there */
void picture_protection(struct buf *out, bool is_xml, const struct view *v);

/* sequences.c: those of the bench, with their parameters and steps; and the one under test; v->img is there */
void picture_sequences(struct buf *out, bool is_xml, const struct view *v);
void picture_sequence(struct buf *out, bool is_xml, const struct view *v);

/* flat.c: the flat pages for simple readers, and Prometheus text (exposition format 0.0.4). */
void picture_flat_xml(struct buf *out, const struct view *v);
void picture_flat_json(struct buf *out, const struct view *v);
void picture_metrics(struct buf *out, const struct view *v);

/* {"name","value","quality","reason","time"}: the data of an `update` of the stream. */
void picture_update(struct buf *out, const struct board *b, uint32_t channel,
	const struct sample *s, int64_t wall_ns);

#endif
