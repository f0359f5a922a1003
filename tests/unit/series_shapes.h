/* series_shapes.h - series of every shape and type from a seed, for tests of the history encoding */
#ifndef SERIES_SHAPES_H
#define SERIES_SHAPES_H

#include "history/series.h"

/* n samples of a type into an empty series: constants, ramps, noise, decimals, floats, jumps and mixtures of these; times on
 * a grid with jitter and holes, or without any order; qualities in runs. */
void shape_series(uint64_t *seed, enum value_type type, size_t n, struct series *out);

#endif
