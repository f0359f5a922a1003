/* columns.c - which columns of the table fit a width */
#include "top/columns.h"

/* What is given room first: columns, by and by. What a step asks for is given whole or not at all. */
static const struct {
	enum column column;
	int cols;
} steps[] = {
	{ COLUMN_NAME, 6 },
	{ COLUMN_VALUE, 5 },
	{ COLUMN_QUALITY, 1 }, /* its sign */
	{ COLUMN_VALUE, 9 },
	{ COLUMN_NAME, 10 },
	{ COLUMN_AGE, 8 },
	{ COLUMN_QUALITY, 8 },
	{ COLUMN_QUALITY, 14 }, /* the reason, or its beginning */
	{ COLUMN_UNIT, 6 },
	{ COLUMN_NAME, 16 },
	{ COLUMN_SP, 8 },
	{ COLUMN_RW, 2 },
	{ COLUMN_RAMP, 9 },
	{ COLUMN_MIN, 6 },
	{ COLUMN_MAX, 6 },
	{ COLUMN_QUALITY, 24 },
	{ COLUMN_VALVE, 5 },
	{ COLUMN_TYPE, 6 },
	{ COLUMN_QUALITY, 34 },
};

/* What is left over goes to these. */
static const enum column greedy[] = { COLUMN_NAME, COLUMN_UNIT, COLUMN_VALUE, COLUMN_SP,
	COLUMN_RAMP, COLUMN_MIN, COLUMN_MAX, COLUMN_VALVE, COLUMN_TYPE, COLUMN_AGE,
	COLUMN_QUALITY };

void
columns_fit(struct columns *out, int width, const int most[COLUMNS])
{
	int left = width + 1, at = 0; /* a blank behind each, which the last one does not need */

	*out = (struct columns){ 0 };
	for (size_t i = 0; i < NELEM(steps); i++) {
		enum column c = steps[i].column;
		int cols = MIN(steps[i].cols, most[c]);
		int more = cols - out->cols[c] + (out->cols[c] == 0 ? 1 : 0);

		if (cols <= out->cols[c])
			continue;
		if (i == 0)
			more = MIN(more, left);
		if (more > left)
			continue;
		out->cols[c] += more - (out->cols[c] == 0 ? 1 : 0);
		left -= more;
	}
	for (size_t i = 0; i < NELEM(greedy); i++) {
		enum column c = greedy[i];
		int more = MIN(left, most[c] - out->cols[c]);

		if (out->cols[c] == 0 || more <= 0)
			continue;
		out->cols[c] += more;
		left -= more;
	}
	for (int c = 0; c < COLUMNS; c++) {
		out->at[c] = at;
		at += out->cols[c] == 0 ? 0 : out->cols[c] + 1;
	}
}
