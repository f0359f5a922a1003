/* try_identify.h - which instruments of an image are on its wire? */
#ifndef IO_TRY_IDENTIFY_H
#define IO_TRY_IDENTIFY_H

#include "base/err.h"
#include "base/json.h"
#include "io/try_wire.h"
#include "model/image.h"

/* Ask on the first link of the image what identifies its instruments (recognise.h), each question once, and print the titles of those whose
 * answer it was. Their number; negative: it failed, err says why. *out_stopped: a person has ended it. The question under way is then
 * the last one, and what was found until then is printed. */
int try_identify(const struct image *img, const struct try_way *way, bool *out_stopped,
	struct err *err) MUST_CHECK;

/* The same as the members of a JSON object that is open, within limit_ns and without a word to people. An instrument whose name begins with "any_" stands for
 * all devices of its language: any answer in that is one. */
int try_identify_json(const struct image *img, const struct try_way *way, int64_t limit_ns,
	struct json *out, struct err *err) MUST_CHECK;

#endif
