/* expiry.c - something ends at a day */
#include "base/expiry.h"

#define DAY_S 86400

/* Without overflow, whatever the two are. */
static int64_t
left(int64_t until_s, int64_t now_s)
{
	int64_t out;

	if (__builtin_sub_overflow(until_s, now_s, &out))
		return until_s > now_s ? INT64_MAX : INT64_MIN;
	return out;
}

static enum expiry_level
level_of(int64_t left_s)
{
	if (left_s <= 0)
		return EXPIRY_OVER;
	if (left_s <= DAY_S)
		return EXPIRY_DAY;
	if (left_s <= 7 * DAY_S)
		return EXPIRY_WEEK;
	return left_s <= 30 * DAY_S ? EXPIRY_MONTH : EXPIRY_FAR;
}

enum expiry_level
expiry_level(int64_t until_s, int64_t now_s)
{
	return level_of(left(until_s, now_s));
}

/* A clock that wavers by less than a day around a border tells nothing twice. */
enum expiry_level
expiry_step(struct expiry *e, int64_t until_s, int64_t now_s)
{
	int64_t left_s = left(until_s, now_s);
	enum expiry_level level = level_of(left_s), before;

	before = level_of(left_s > INT64_MIN + DAY_S ? left_s - DAY_S : left_s);
	if (before < e->told)
		e->told = before;
	if (level <= e->told)
		return EXPIRY_FAR;
	e->told = level;
	return level;
}

int64_t
expiry_days(int64_t until_s, int64_t now_s)
{
	int64_t left_s = left(until_s, now_s);

	return left_s <= 0 ? 0 : (left_s - 1) / DAY_S + 1;
}
