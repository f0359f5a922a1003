/* twin.h - simulated instruments, made from the same descriptions as the real ones; pure
 *
 * A twin of every instrument of a bench whose protocol has a player (player.h): it knows the points of the image, and no others.
 * Values move as the image says (struct image_twin), in the unit of the point's channel; what is on the wire follows by the
 * inverse of its scale. What a master writes stays: those that follow it move towards it.
 */
#ifndef TWIN_TWIN_H
#define TWIN_TWIN_H

#include "link/codec.h"
#include "model/image.h"

struct twin;

/* For a checked image, which stays the caller's and must outlive the twin. seed: of the noise. */
struct twin *twin_new(const struct image *img, uint64_t seed);
void twin_free(struct twin *t);

/* The secrets that the image names, right behind twin_new(); they stay the caller's and outlive the twin. Whoever does not know the one of
 * an instrument is refused as its protocol has it. */
void twin_secrets(struct twin *t, const struct secrets *s);

/* Let the values move on to now_ns; the first call only sets the clock. */
void twin_step(struct twin *t, int64_t now_ns);

/* Are the frames of this link those of a serial line (here, or carried by TCP), or those of Modbus TCP? */
bool twin_is_rtu(const struct image *img, uint32_t link);

/* Do bytes that are no request end a connection to this link? Else the next request is looked for behind them. */
bool twin_is_strict(const struct twin *t, uint32_t link);

/* Find the first request in what has arrived from a master on a link, as codec->cut() does: CUT_MORE, CUT_FRAME(n), or
 * CUT_SKIP(n): bytes that are no request. */
int twin_cut(struct twin *t, uint32_t link, const uint8_t *in, size_t n, enum wire wire);

/* Answer one whole request to the instruments of a link, as they do when nothing is wrong with them. Returns the answer's
 * length, 0 when there is none. For Modbus: registers that no point names give exception 2. Units that nobody has are silent on
 * a line, and give exception 11 over TCP, where a link with a single unit also answers as 0 and 255. On a line, a write to unit 0
 * is done by all and answered by nobody. cap: at least 260 for Modbus, else CODEC_FRAME_MAX. */
int twin_answer(
	struct twin *t, uint32_t link, const uint8_t *frame, size_t n, uint8_t *out, size_t cap);

#define TWIN_PIECES 2

/* An answer with what is wrong with its instrument (fault.h): pieces with pauses between them. */
struct twin_reply {
	size_t n_pieces;
	bool is_last; /* the connection ends behind it */
	struct {
		int64_t after_ns; /* from the question */
		size_t n;
	} piece[TWIN_PIECES];
	uint8_t bytes[3 * CODEC_FRAME_MAX]; /* of all pieces, one behind the other */
};

/* Answer one whole request as the instruments do with their faults. */
void twin_reply(
	struct twin *t, uint32_t link, const uint8_t *frame, size_t n, struct twin_reply *out);

/* What instruments of a link say by themselves, to everybody there; 0: nothing. To be asked after each twin_step(). */
size_t twin_tell(struct twin *t, uint32_t link, uint8_t *out, size_t cap);

/* Does one of its protocols need silence between frames, so that a new request ends the answer to the one before? */
bool twin_needs_silence(const struct twin *t, uint32_t link);

/* The value of a point, in its channel's unit, as a master reads it: with wave and noise. */
double twin_value(const struct twin *t, uint32_t point);

/* Hold a point at a value, as if a master had written it. */
void twin_set(struct twin *t, uint32_t point, double value);

/* The same, and its law goes on from there: for how a simulation begins. */
void twin_begin(struct twin *t, uint32_t point, double value);

/* Noise by the time alone, in slots of 100 ms, and not by how often a twin is stepped: two of one seed show the same then. */
void twin_steady(struct twin *t);

/* Without any protocol: what a master reads of a point, and what it writes to one. False: it is not played. text: VALUE_TEXT, borrowed. */
bool twin_read(const struct twin *t, uint32_t point, union value *out, const char **out_text);
bool twin_write(struct twin *t, uint32_t point, union value v, const char *text);

/* Is anything known about how this point moves? Else it stays where it began, unless somebody writes it. */
bool twin_has_law(const struct image *img, uint32_t point);

/* Keep a point at a value (text: where it is a text) until it is let go: its law does not move it and masters do not change it. */
void twin_keep(struct twin *t, uint32_t point, double value, const char *text);
void twin_let_go(struct twin *t, uint32_t point);
bool twin_is_kept(const struct twin *t, uint32_t point);

/* Instruments that the twin plays on a link; 0 for links to this machine itself. */
uint32_t twin_instruments(const struct image *img, uint32_t link);

/* The unit number as which an instrument of Modbus is played. */
unsigned twin_unit(const struct image *img, uint32_t instrument);

#endif
