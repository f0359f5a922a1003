/* scene.h - one link of a bench with its real engine and codec, the twins of its instruments, and a wire between them on a virtual clock,
 * where one thing at a time goes wrong
 *
 *	truth     no good value that its point did not show between the question and its answer. Where bytes were altered on the wire: none
 *	          but what a sound instrument would have said so, or, in a text without check, what stands there
 *	told      what cannot be read is told to be bad in time
 *	recovery  all is good again within SCENE_RECOVERY_NS, and stays so
 *	writes    one verdict each; no more tries than promised; done at most as often as tried; what is said to be done is done
 *
 * The first breach is kept as a text; all later ones are ignored.
 */
#ifndef SIMULATION_SCENE_H
#define SIMULATION_SCENE_H

#include "link/link.h"
#include "mishap.h"
#include "moving.h"
#include "refusals.h"
#include "twin/cable.h"
#include "twin/twin.h"

#define SCENE_RECOVERY_NS                                                                          \
	(120 * NS_PER_S) /* the longest time between probes, and a refusal that is tried again each minute */
#define SCENE_QUESTIONS 64
#define SCENE_PLACES 16 /* different questions whose answers are kept */
#define SCENE_TOLD 64

/* A question that was asked. */
struct question {
	uint64_t id; /* counts from 1 */
	const struct codec *codec;
	const struct instrument *ins;
	uint32_t instrument;
	struct request req;
	int64_t sent_ns;
	int64_t over_ns;   /* end of its timeout */
	int64_t latest_ns; /* its answer comes before, or never: what is promised of devices */
	size_t n;
	uint8_t bytes[LINK_TX_MAX];
};

/* An answer as the instrument gave it, for another time. */
struct kept {
	bool is_used;
	struct question q;
	size_t n;
	uint8_t *bytes; /* CODEC_FRAME_MAX */
};

/* The last answer that was altered on its way. */
struct altered {
	uint64_t question; /* 0: none */
	unsigned k;        /* the values of that moment */
	size_t n;
	uint8_t bytes[CODEC_FRAME_MAX + MISHAP_ROOM];
};

/* The last datagram whose double comes later than anybody waits for one. */
struct doubled {
	struct question q;
	bool is_waiting; /* for a question, at at_ns or later */
	int64_t at_ns;   /* the double is there */
	size_t n;
	uint8_t bytes[CODEC_FRAME_MAX];
};

/* What one frame said. */
struct told {
	uint32_t point;
	struct reading r;
	char text[VALUE_TEXT_MAX + 1];
	bool is_wrong;
};

struct point_news {
	bool is_good, is_known;
	int64_t at_ns;
	uint32_t n; /* since the mark */
};

/* One write at a time. */
struct order {
	bool is_under_way;
	int64_t write_ns; /* until then its point only stays where it is; NEVER: it is written */
	uint32_t point, tag;
	unsigned k, before_k;
	unsigned n_asked, n_done, n_verdicts;
	bool has_silent; /* nothing comes back by which anybody could know */
	bool is_refused;
	int64_t from_ns;
};

struct scene_totals {
	uint64_t questions, answers, good, bad, writes, written;
	uint64_t believed; /* altered answers that nobody could know from sound ones */
	uint64_t doubles;  /* late doubles that nobody could know from an answer */
	uint64_t
		left_out; /* foreign answers that were not said, since the protocol cannot tell them apart */
};

struct scene {
	const struct image *img;
	const struct moving_row *rows;
	struct refusals *refusals;
	struct link *link;
	struct twin *twin;
	struct twin *judge; /* what would a sound instrument with these values say? */
	struct twin *other; /* another device of the same make */
	struct image *other_img;
	struct cable *cable;
	struct moving *moving;
	uint64_t chance;
	bool is_well;    /* nothing has gone wrong since all was good */
	bool is_mute;    /* half an answer was sent, and nothing follows on this connection */
	bool is_checked; /* its answers carry a check: none that is altered is believed */
	bool goes_on; /* what is under way arrives, even if the wire was closed and opened meanwhile */
	int64_t now_ns, wake_ns, open_ns, next_tell_ns, next_write_ns, next_order_ns,
		next_mishap_ns;
	enum { SCENE_CLOSED, SCENE_OPENING, SCENE_OPEN } state;

	enum mishap kind;
	unsigned form, n_befallen;
	int64_t since_ns; /* it lasts */
	struct kept held;
	struct kept places[SCENE_PLACES];

	uint64_t n_asked;
	struct question questions[SCENE_QUESTIONS]; /* a ring */
	uint64_t n_arrived; /* those before have reached the instrument, or never will */
	struct altered altered;
	struct doubled doubled;
	uint64_t believed; /* the question whose answer is being told */
	bool is_altered, is_wrong;
	bool is_double; /* what is told stands in a late double, and nothing tells whose answer that is */
	size_t n_told, n_frame, wrong;
	struct told told[SCENE_TOLD];
	uint8_t frame[CODEC_FRAME_MAX];

	struct order order;
	uint32_t n_orders;
	int64_t blurred_ns;      /* until then a point may be read that was held for a write */
	struct point_news *news; /* [point] */
	struct scene_totals totals;
	uint32_t bad_point; /* the last that was told to be bad */
	unsigned bad_quality;
	char breach[400];
};

/* Do answers come in datagrams? */
bool scene_has_borders(const struct scene *s);

extern bool scene_is_traced; /* print what goes over the wire */

struct scene *scene_new(const struct image *img, const struct moving_row *rows, uint64_t seed);
void scene_free(struct scene *s);
void scene_breach(struct scene *s, const char *fmt, ...) PRINTF(2, 3);
void scene_advance(struct scene *s, int64_t until_ns); /* or until a breach */
/* Until all points are good; false: they are not, SCENE_RECOVERY_NS later. */
bool scene_recover(struct scene *s);
/* Has all that can be read been told to be bad? Names the first that has not. */
bool scene_is_bad(const struct scene *s, uint32_t *out_first);
void scene_close(struct scene *s);            /* by the other side */
int64_t scene_timeout(const struct scene *s); /* the longest of its instruments */
const char *scene_name(const struct scene *s, uint32_t point);
/* How old may a value be that is told? 0: as old as its question, for most instruments. Nothing tells what one says unasked from an answer
 * that has been overtaken by it: those may be as old as an answer can be. */
int64_t scene_memory(const struct scene *s, uint32_t point);

/* ---- oracle.c: what is told, and whether it is true ---- */

void oracle_asked(void *ctx, const struct codec *codec, const struct instrument *ins,
	const struct request *req, const uint8_t *bytes, size_t n);
void oracle_believed(void *ctx, const struct instrument *ins, const struct request *req,
	const uint8_t *frame, size_t n);
void oracle_reading(void *ctx, uint32_t point, const struct reading *r, int64_t stamp_ns);
/* After each call of the engine: what it told of a frame. */
void oracle_judge(struct scene *s);

/* ---- orders.c: writes ---- */

int64_t order_time(struct scene *s); /* when it is to be called again */
/* Is what is written there only after a while? */
bool order_takes_time(const struct scene *s);
void order_asked(struct scene *s, const struct question *q);
/* The instrument has got it, and answered. */
void order_arrived(struct scene *s, const struct question *q);
void order_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code);
bool order_is_possible(const struct scene *s, uint32_t *out_first);

#endif
