/* list.h - the codecs that are built in; the table is made from the list in src/drivers/meson.build */
#ifndef DRIVERS_LIST_H
#define DRIVERS_LIST_H

#include "link/codec.h"

/* All codecs, sorted by name, ended by NULL. */
extern const struct codec *const codec_list[];

/* The codec of this name, NULL if there is none. */
const struct codec *codec_find(const char *name);

#endif
