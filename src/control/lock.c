/* lock.c - the switch that locks commands from elsewhere */
#include "control/lock.h"

#include <math.h>

#include "base/text.h"

static bool
is_locked(const struct image *img, const struct channels *channels, enum quality *out_quality)
{
	double number;
	int64_t stamp_ns;

	channels_look(channels, img->lock, &number, out_quality, &stamp_ns);
	return quality_is_bad(*out_quality) || fabs(number - img->lock_is) < 0.5;
}

static const char *
switch_name(const struct image *img)
{
	return image_text(img, image_channel_at(img, img->lock)->name);
}

int
lock_check(const struct image *img, const struct channels *channels, struct err *err)
{
	enum quality quality;

	if (!is_locked(img, channels, &quality))
		return 0;
	if (!quality_is_bad(quality))
		return err_set(err, ERR_REFUSED, 0,
			"the switch '%.60s' at the bench locks commands from elsewhere; have it "
			"turned, or ask for what is safe",
			switch_name(img));
	return err_set(err, ERR_REFUSED, 0,
		"the switch '%.60s' at the bench is not known (%.40s) and counts as locked; repair "
		"it, or ask for what is safe",
		switch_name(img), quality_row(quality)->text_en);
}

void
lock_tick(struct lock *l, const struct image *img, struct channels *channels,
	uint64_t (*event)(void *ctx, struct event *e), void *ctx, int64_t now_ns)
{
	enum quality quality;
	bool locked = is_locked(img, channels, &quality);
	struct event e = { .kind = locked ? EVENT_LOCK_ON : EVENT_LOCK_OFF, .stamp_ns = now_ns };

	channels_set(channels, img->lock_state, locked ? LOCK_LOCKED : LOCK_OPEN, Q_GOOD, now_ns);
	/* Just after the start it locks, and that is no news before it was read. */
	if (locked == l->is_told || quality == Q_NOT_YET)
		return;
	l->is_told = locked;
	text_copy(e.subject, sizeof(e.subject), switch_name(img));
	if (locked && quality_is_bad(quality))
		text_copy(e.text, sizeof(e.text), quality_row(quality)->text_en);
	event(ctx, &e);
}
