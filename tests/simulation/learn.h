/* learn.h - which values fit the instruments of an image, and how a master reads each */
#ifndef SIMULATION_LEARN_H
#define SIMULATION_LEARN_H

#include "moving.h"

/* On a wire where nothing goes wrong; img must outlive what is returned, the caller's to free. */
struct moving_row *learn_rows(const struct image *img);

#endif
