/* common.c - what several codecs do in the same way */
#include "drivers/common.h"

int
common_verdict(const struct request *req, enum quality quality, unsigned code, struct readings *out)
{
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++)
		out->at[out->n++] = (struct reading){
			.at = req->first + i,
			.quality = (uint16_t)quality,
			.code = (uint16_t)code,
		};
	return 0;
}

bool
common_is_cut(const struct learned *learned, unsigned space, uint32_t start, uint32_t end)
{
	for (unsigned i = 0; i < learned->n_cuts; i++)
		if (learned->cuts[i].space == space && learned->cuts[i].address > start &&
			learned->cuts[i].address < end)
			return true;
	return false;
}
