/* expiry.h - something ends at a day: who has to know is told 30, 7 and 1 days before, and when it is over
 *
 * Each is told once, also when clocks are set: one that is put forward past several of them tells the last one alone, and
 * one that is put back lets those that lie ahead again be told again. Pure.
 */
#ifndef BASE_EXPIRY_H
#define BASE_EXPIRY_H

#include "base/defs.h"

enum expiry_level { EXPIRY_FAR, EXPIRY_MONTH, EXPIRY_WEEK, EXPIRY_DAY, EXPIRY_OVER };

/* Zeroed for something new. */
struct expiry {
	enum expiry_level told;
};

/* How near the end at until_s is (both in seconds since 1970). */
enum expiry_level expiry_level(int64_t until_s, int64_t now_s);

/* What has to be told now; EXPIRY_FAR: nothing. */
enum expiry_level expiry_step(struct expiry *e, int64_t until_s, int64_t now_s);

/* Whole days that are left, a day that has begun among them; not below 0. */
int64_t expiry_days(int64_t until_s, int64_t now_s);

#endif
