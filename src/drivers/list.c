/* list.c - the codecs that are built in */
#include "drivers/list.h"

#include <string.h>

#define CODEC(name) extern const struct codec codec_##name;
#include "codec_table.h"
#undef CODEC

const struct codec *const codec_list[] = {
#define CODEC(name) &codec_##name,
#include "codec_table.h"
#undef CODEC
	NULL,
};

const struct codec *
codec_find(const char *name)
{
	for (const struct codec *const *c = codec_list; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}
