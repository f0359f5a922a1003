/* text_rig.h - instruments that are described by their messages, in the link engine, on a clock that the test moves
 *
 * The bench is compiled from text; what the device behind the wire says to each line is the test's own function.
 */
#ifndef TESTS_TEXT_RIG_H
#define TESTS_TEXT_RIG_H

#include "base/buf.h"
#include "link/link.h"

#define TEXT_RIG_LOG 400
#define TEXT_RIG_POINTS 16
#define TEXT_RIG_UNITS 32
#define TEXT_RIG_NOTE 200

struct text_rig {
	struct buf image;
	const struct image *img;
	struct link *link;
	struct link_sink sink;
	struct link_wants wants;
	int64_t now_ns;
	bool is_closed;   /* the wire cannot be opened */
	int64_t delay_ns; /* of answers; 5 ms */
	/* What is said to a line (its end cut off) at now_ns; NULL: nothing. */
	const char *(*device)(struct text_rig *r, const char *asked);
	struct {
		char text[200];
		int64_t at_ns;
	} answers[4]; /* [n_answers] under way, in their order */
	size_t n_answers;
	/* what happened */
	struct {
		char text[80];
		int64_t at_ns;
	} log[TEXT_RIG_LOG];
	size_t n_log;
	struct reading last[TEXT_RIG_POINTS];
	char text[TEXT_RIG_POINTS][VALUE_TEXT_MAX + 1];
	unsigned n_told[TEXT_RIG_POINTS];
	int state[TEXT_RIG_UNITS], reason[TEXT_RIG_UNITS];
	unsigned n_written;
	enum quality verdict;
	uint32_t written_tag;
	char note[TEXT_RIG_NOTE]; /* the last one that begins with note_of */
	const char *note_of;
	unsigned n_notes; /* of those */
};

/* `yaml`: all behind the head of a bench with the link l. */
void text_rig_start(struct text_rig *r, const char *yaml,
	const char *(*device)(struct text_rig *r, const char *asked));
/* The same, but what the link wants is left to the caller: for other protocols. */
void text_rig_make(struct text_rig *r, const char *yaml,
	const char *(*device)(struct text_rig *r, const char *asked));
void text_rig_stop(struct text_rig *r);
void text_rig_run(struct text_rig *r, int64_t span_ns);
/* A number to the point (by its place in the file). */
int text_rig_write(struct text_rig *r, uint32_t point, double v, struct err *err);
/* The wire is lost; it can be opened again at once. */
void text_rig_lose(struct text_rig *r);
/* Reload the same bench, or another; true: the wire went on. */
bool text_rig_reload(struct text_rig *r, const char *yaml);
/* How often the line was asked, from the log's place `from` on. */
unsigned text_rig_asked(const struct text_rig *r, const char *text, size_t from);

#endif
