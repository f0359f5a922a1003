/* columns.h - which columns of the table fit a width. Pure. */
#ifndef TOP_COLUMNS_H
#define TOP_COLUMNS_H

#include "base/defs.h"

/* In the order in which they stand. */
enum column {
	COLUMN_NAME,
	COLUMN_TYPE,
	COLUMN_UNIT,
	COLUMN_MIN,
	COLUMN_MAX,
	COLUMN_SP,
	COLUMN_RAMP,
	COLUMN_VALUE,
	COLUMN_RW,
	COLUMN_VALVE,
	COLUMN_AGE,
	COLUMN_QUALITY,
	COLUMNS
};

struct columns {
	int at[COLUMNS], cols[COLUMNS]; /* cells; cols 0: left out */
};

/* most: the cells that all of a column takes; 0: nobody wants it. Those that matter less are left out first; name, value and the sign of the
 * quality stay as long as there is any room. */
void columns_fit(struct columns *out, int width, const int most[COLUMNS]);

#endif
