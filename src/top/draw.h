/* draw.h - the parts of the picture; for the files of this folder alone. Pure. */
#ifndef TOP_DRAW_H
#define TOP_DRAW_H

#include "base/clock.h"
#include "top/frame.h"
#include "top/top.h"
#include "top/words.h"

#define DRAW_TEXT 320

/* The head: at most `room` lines from the first on, those that matter first; returns how many it took. */
int head_draw(const struct top *t, struct frame *f, int room);

/* Heading and rows, from this line on, in so many lines (0: as many as there are). */
void table_draw(struct top *t, struct frame *f, int line, int room);

/* What is open in place of the table. */
void page_draw(struct top *t, struct frame *f, int line, int room);

/* A value as the table shows it: "21.50", "on", "—" when it is bad. out: VALUE_TEXT_MAX + 1 bytes. */
void draw_value(char *out, const struct top *t, uint32_t channel, const struct sample *s);
/* The value of a channel now, with its sample; "—" when it is bad or there is no such channel. */
void draw_now(char *out, const struct top *t, uint32_t channel, struct sample *s);
/* Most change of an output, "5 K/min"; empty: at once; "?": not known. */
void draw_ramp(char *out, size_t cap, const struct top *t, uint32_t channel);

/* The sign, the reason and the tone of a quality. */
const char *draw_sign(unsigned quality);
const char *draw_reason(const struct top *t, unsigned quality);
enum tone draw_tone(unsigned quality);

/* The number of a state of the controller; -1: it is not known now. */
int64_t draw_state(const struct top *t, uint32_t channel);
const char *draw_state_word(const struct top *t, uint32_t channel);

/* Alarms: what waits for somebody first, from 0 on; and the sign. state as of draw_state(). */
#define DRAW_ALARM_NORMAL 9
int draw_alarm_rank(int64_t state);
const char *draw_alarm_sign(int64_t state);

const char *draw_name(const struct top *t, uint32_t channel);

#endif
