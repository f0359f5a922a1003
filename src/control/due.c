/* due.c - calibrations that have run out */
#include "control/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct due {
	const struct image *img;
	bool *is_told; /* [calibration] */
};

struct due *
due_new(const struct image *img)
{
	struct due *d = mem_zero(1, sizeof(*d));

	d->img = img;
	d->is_told = mem_zero(img->calibrations.n, sizeof(*d->is_told));
	return d;
}

void
due_free(struct due *d)
{
	if (d == NULL)
		return;
	free(d->is_told);
	free(d);
}

static const char *
name_of(const struct image *img, const struct image_calibration *k)
{
	return image_text(img, image_channel_at(img, k->channel)->name);
}

void
due_adopt(struct due *d, const struct due *from)
{
	for (uint32_t i = 0; i < d->img->calibrations.n; i++) {
		const struct image_calibration *k = image_calibration_at(d->img, i);

		for (uint32_t n = 0; n < from->img->calibrations.n && !d->is_told[i]; n++) {
			const struct image_calibration *was = image_calibration_at(from->img, n);

			d->is_told[i] = from->is_told[n] && was->due_s == k->due_s &&
					strcmp(name_of(d->img, k), name_of(from->img, was)) == 0;
		}
	}
}

void
due_tick(struct due *d, int64_t now_s, int64_t now_ns, void (*event)(void *ctx, struct event *e),
	void *ctx)
{
	for (uint32_t i = 0; i < d->img->calibrations.n; i++) {
		const struct image_calibration *k = image_calibration_at(d->img, i);
		struct event e = { .kind = EVENT_CALIBRATION_DUE, .stamp_ns = now_ns };
		const char *certificate = image_text(d->img, k->certificate);

		if (d->is_told[i] || now_s < k->due_s)
			continue;
		d->is_told[i] = true;
		text_copy(e.subject, sizeof(e.subject), name_of(d->img, k));
		snprintf(e.text, sizeof(e.text), "%s%s%.100s", image_text(d->img, k->due),
			certificate[0] == '\0' ? "" : ", ", certificate);
		event(ctx, &e);
	}
}
