/* image_alone.c - a bench in which one instrument alone is asked
 *
 * The others move to one link more, which nobody opens: their numbers stay, and with them those of points and channels.
 */
#include "model/image_alone.h"

#include <string.h>

#include "base/mem.h"

/* The tables of a copy are written where they stand. */
static void *
row(struct image *img, const struct image_table *table, uint32_t i, size_t size)
{
	return (char *)img + table->off + i * size;
}

/* What a bench without outputs has none of. */
static void
calm(struct image *img)
{
	struct image_table *const tables[] = { &img->outputs, &img->loops, &img->safe_states,
		&img->safe_lines, &img->trips, &img->interlocks, &img->alarms, &img->rules,
		&img->actions, &img->restore, &img->needs, &img->watchdogs, &img->watchdog_values,
		&img->uptimes, &img->power_rows, &img->power_outputs, &img->lasts,
		&img->sequences };

	for (size_t i = 0; i < NELEM(tables); i++)
		tables[i]->n = 0;
	img->heartbeat.every_ns = 0;
	img->power.is_watched = img->has_power_loss = img->has_lock = 0;
	img->on_stop = IMAGE_NONE;
	img->is_observed = 1; /* nothing prepares an instrument either */
}

struct image *
image_alone(const struct image *img, uint32_t instrument)
{
	size_t n = (img->size + 7u) & ~(size_t)7, links = img->links.n * sizeof(struct image_link);
	struct image *out = mem_zero(1, n + links + sizeof(struct image_link));
	uint32_t link = image_instrument_at(img, instrument)->link;
	struct image_link *aside;

	memcpy(out, img, img->size);
	memcpy((char *)out + n, image_at(img, &img->links), links);
	out->links.off = (uint32_t)n;
	aside = row(out, &out->links, out->links.n++, sizeof(*aside));
	*aside = *image_link_at(img, link);
	out->size = (uint32_t)(n + links + sizeof(*aside));
	calm(out);
	for (uint32_t i = 0; i < out->instruments.n; i++) {
		struct image_instrument *ins = row(out, &out->instruments, i, sizeof(*ins));

		if (i == instrument)
			ins->every_ns += IMAGE_ALONE_EVERY;
		else if (ins->link == link)
			ins->link = out->links.n - 1;
	}
	for (uint32_t i = 0; i < out->points.n; i++) {
		struct image_point *p = row(out, &out->points, i, sizeof(*p));
		struct image_channel *ch = row(out, &out->channels, p->channel, sizeof(*ch));

		if (p->instrument != instrument)
			continue;
		p->every_ns += IMAGE_ALONE_EVERY;
		ch->stale_ns = 0;
	}
	return out;
}

uint32_t
image_find_instrument(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (strcmp(image_text(img, image_instrument_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

bool
image_is_of(const struct image *img, uint32_t channel, uint32_t instrument)
{
	const struct image_channel *ch = image_channel_at(img, channel);

	return ch->source_kind == SOURCE_POINT &&
	       image_point_at(img, ch->source)->instrument == instrument;
}
