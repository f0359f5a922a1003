/* twin.c - simulated instruments, made from the same descriptions as the real ones */
#include "twin/twin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "drivers/list.h"
#include "twin/twin_inside.h"

/* ---- what is played -------------------------------------------------------------------------------------------------- */

bool
twin_is_rtu(const struct image *img, uint32_t link)
{
	if (image_link_at(img, link)->is_line || image_link_at(img, link)->kind == LINK_SERIAL)
		return true;
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);

		if (ins->link == link && strcmp(image_text(img, ins->codec), "modbus-rtu") == 0)
			return true;
	}
	return false;
}

/* What is on this computer is not played: a helper's program is started by the bench itself. */
static const struct player *
player_of(const struct image *img, const struct image_instrument *ins)
{
	uint32_t kind = image_link_at(img, ins->link)->kind;

	if (kind == LINK_SYSTEM || kind == LINK_HELPER || image_kind_is_usb(kind))
		return NULL;
	return player_find(image_text(img, ins->codec), twin_is_rtu(img, ins->link));
}

uint32_t
twin_instruments(const struct image *img, uint32_t link)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);

		n += ins->link == link && player_of(img, ins) != NULL;
	}
	return n;
}

unsigned
twin_unit(const struct image *img, uint32_t instrument)
{
	const struct opt *opts = codec_find("modbus")->opts; /* RTU has the same */
	const struct image_instrument *ins = image_instrument_at(img, instrument);

	for (int i = 0; opts[i].name != NULL; i++)
		if (strcmp(opts[i].name, "unit") == 0)
			return (unsigned)ins->opts[i] & 0xFF;
	return 1;
}

/* ---- making ---------------------------------------------------------------------------------------------------------- */

static const char *
text_or_null(const struct image *img, int64_t off)
{
	const char *text = off > 0 ? image_text(img, (uint32_t)off) : "";

	return *text == '\0' ? NULL : text;
}

static void
make_options(struct play_device *dev, const struct image_instrument *from)
{
	const struct codec *codec = codec_find(image_text(dev->img, from->codec));
	const struct opt *opt = codec == NULL ? NULL : codec->opts;

	for (size_t i = 0; i < IMAGE_OPTS_MAX && opt != NULL && opt[i].name != NULL; i++) {
		dev->ins.opts.num[i] = from->opts[i];
		if (opt[i].type == OPT_TEXT)
			dev->ins.opts.text[i] =
				from->opts[i] > 0 ? image_text(dev->img, (uint32_t)from->opts[i])
						  : NULL;
	}
}

/* Its texts are those of the image. */
static void
make_messages(struct play_device *dev, const struct image_instrument *from)
{
	struct message *all = mem_zero(MAX(from->n_messages, 1u), sizeof(*all));

	for (uint32_t i = 0; i < from->n_messages; i++) {
		const struct image_message *m = image_message_at(dev->img, from->first_message + i);

		all[i] = (struct message){ .name = image_text(dev->img, m->name),
			.send = image_text(dev->img, m->send),
			.receive = image_text(dev->img, m->receive),
			.text = image_text(dev->img, m->text),
			.role = m->role,
			.again = m->again,
			.quality = m->quality,
			.code = m->code,
			.next = m->next,
			.length = m->length,
			.lines = m->lines,
			.timeout_ms = m->timeout_ms,
			.wait_ms = m->wait_ms,
			.until = image_text(dev->img, m->until),
			.until_is = image_text(dev->img, m->until_is),
			.again_ms = m->again_ms,
			.within_ms = m->within_ms,
			.otherwise = image_text(dev->img, m->otherwise) };
	}
	dev->ins.messages = all;
	dev->ins.n_messages = (uint16_t)from->n_messages;
}

static void
make_point(struct twin *t, uint32_t index)
{
	const struct image_point *p = image_point_at(t->img, index);
	const struct image_channel *ch = image_channel_at(t->img, p->channel);
	struct play_device *dev = &t->devices[p->instrument];
	struct twin_point *out = &t->points[index];
	uint32_t i = index - image_instrument_at(t->img, p->instrument)->first_point;
	struct play_point *pp = &dev->pts[i];

	pp->pt = (struct point){ .id = index,
		.space = p->space,
		.type = p->type,
		.address = p->address,
		.count = p->count,
		.order = p->order,
		.bit = p->bit,
		.value = p->value,
		.is_write_only = p->is_write_only != 0,
		.is_captured = p->is_captured != 0,
		.write_space = p->write_space,
		.write_address = p->write_address,
		.key = text_or_null(t->img, p->key),
		.write_key = text_or_null(t->img, p->write_key),
		.unit = text_or_null(t->img, p->unit),
		.every_ns = p->every_ns };
	if (dev->player == NULL)
		return;
	out->dev = dev;
	out->i = i;
	out->factor = ch->has_scale && fabs(ch->factor) > 0 ? ch->factor : 1;
	out->offset = ch->has_scale ? ch->offset : 0;
	out->n_knots = ch->n_knots;
	out->knots = ch->n_knots == 0 ? NULL : image_knot_at(t->img, ch->first_knot);
	/* A text shows whose it is. */
	if (p->value == VALUE_TEXT && !p->is_captured)
		text_copy(pp->text, sizeof(pp->text), dev->ins.name);
	pp->v = twin_fit(out, 0);
}

/* Places that only init: writes, which no channel shows: as the device had them, 0 or empty. id: of the first of them. */
static void
make_presets(struct twin *t, struct play_device *dev, uint32_t id)
{
	const struct image_instrument *from = image_instrument_at(t->img, dev->index);

	for (uint32_t k = 0; k < from->n_presets; k++) {
		struct twin_point *out = &t->points[id + k];
		struct play_point *pp = &dev->pts[dev->n_pts + k];

		codec_preset_point(t->img, from->first_preset + k, &pp->pt);
		pp->pt.id = id + k;
		out->factor = 1;
		out->i = dev->n_pts + k;
		out->dev = dev->player == NULL ? NULL : dev;
	}
}

/* A text that nobody said shows whose it is. */
static void
start_text(struct twin *t, const struct image_twin *law)
{
	const struct twin_point *p = &t->points[law->point];
	struct play_point *pp = p->dev == NULL ? NULL : &p->dev->pts[p->i];

	if (pp == NULL || pp->pt.value != VALUE_TEXT || p->is_kept || law->text == 0)
		return;
	text_copy(pp->text, sizeof(pp->text), image_text(t->img, law->text));
}

static void
start_point(struct twin *t, const struct image_twin *law)
{
	struct twin_point *p = twin_number(t, law->point);

	start_text(t, law);
	if (p == NULL)
		return;
	p->x = law->start;
	p->settle_ns = law->follows == IMAGE_NONE ? (int64_t)(law->lag_s * 1e9) : 0;
	p->dev->pts[p->i].v = twin_fit(p, law->start);
}

uint32_t
twin_link_of(const struct play_device *dev)
{
	return image_instrument_at(dev->img, dev->index)->link;
}

/* The first of the devices that is the same as this one, NULL: it is the first itself. */
static struct play_device *
find_head(const struct twin *t, const struct play_device *dev)
{
	for (uint32_t h = 0; dev->player->address != NULL && h < t->n_heads; h++) {
		struct play_device *head = t->heads[h];

		if (head->player == dev->player && twin_link_of(head) == twin_link_of(dev) &&
			dev->player->address(head) == dev->player->address(dev))
			return head;
	}
	return NULL;
}

static void
add_device(struct twin *t, struct play_device *dev)
{
	struct play_device *head = find_head(t, dev);

	dev->is_alone = true;
	t->head_of[dev->index] = head != NULL ? head->index : dev->index;
	if (head != NULL) {
		while (head->next != NULL)
			head = head->next;
		head->next = dev;
		return;
	}
	for (uint32_t h = 0; h < t->n_heads; h++)
		if (t->heads[h]->player == dev->player &&
			twin_link_of(t->heads[h]) == twin_link_of(dev))
			t->heads[h]->is_alone = dev->is_alone = false;
	t->heads[t->n_heads++] = dev;
}

/* The devices of one player, for its store. */
static void
open_player(struct twin *t, const struct player *player)
{
	struct play_device **devs = mem_zero(t->img->instruments.n, sizeof(*devs));
	size_t n = 0;
	void *store;

	for (uint32_t i = 0; i < t->img->instruments.n; i++)
		if (t->devices[i].player == player)
			devs[n++] = &t->devices[i];
	store = player->open(devs, n);
	for (size_t i = 0; i < n; i++)
		devs[i]->store = store;
	free(devs);
}

static void
make_devices(struct twin *t)
{
	struct play_point *pts = t->pts;

	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(t->img, i);
		struct play_device *dev = &t->devices[i];

		*dev = (struct play_device){ .player = player_of(t->img, ins),
			.ins.name = image_text(t->img, ins->name),
			.called = ins->identify == IDENTIFY_TEXT &&
						  image_text(t->img, ins->identify_is)[0] != '\0'
					  ? image_text(t->img, ins->identify_is)
					  : NULL,
			.img = t->img,
			.index = i,
			.pts = pts,
			.n_pts = ins->n_points,
			.n_all = ins->n_points + ins->n_presets,
			.twin = t };
		pts += dev->n_all;
		make_options(dev, ins);
		make_messages(dev, ins);
	}
}

struct twin *
twin_new(const struct image *img, uint64_t seed)
{
	struct twin *t = mem_zero(1, sizeof(*t));
	uint32_t n_pts = 0, id = img->points.n;

	for (uint32_t i = 0; i < img->instruments.n; i++)
		n_pts += image_instrument_at(img, i)->n_points +
			 image_instrument_at(img, i)->n_presets;
	t->img = img;
	t->chance = seed;
	t->points = mem_zero(img->points.n + n_pts, sizeof(*t->points));
	t->pts = mem_zero(n_pts, sizeof(*t->pts));
	t->devices = mem_zero(img->instruments.n, sizeof(*t->devices));
	t->heads = mem_zero(img->instruments.n, sizeof(struct play_device *));
	t->head_of = mem_zero(img->instruments.n, sizeof(*t->head_of));
	t->faults = mem_zero(img->instruments.n, sizeof(*t->faults));
	t->delays = mem_zero(img->twins.n, sizeof(struct twin_delay *));
	make_devices(t);
	for (uint32_t i = 0; i < img->points.n; i++)
		make_point(t, i);
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		make_presets(t, &t->devices[i], id);
		id += image_instrument_at(img, i)->n_presets;
	}
	for (uint32_t i = 0; i < img->twins.n; i++) {
		start_point(t, image_twin_at(img, i));
		if (image_twin_at(img, i)->lag_s > 0 &&
			image_twin_at(img, i)->follows != IMAGE_NONE)
			t->delays[i] = mem_zero(1, sizeof(struct twin_delay));
	}
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		struct play_device *dev = &t->devices[i];

		if (dev->player == NULL)
			continue;
		add_device(t, dev);
		if (dev->player->open != NULL && dev->store == NULL)
			open_player(t, dev->player);
	}
	return t;
}

void
twin_secrets(struct twin *t, const struct secrets *s)
{
	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		struct play_device *dev = &t->devices[i];
		const struct codec *codec =
			codec_find(image_text(t->img, image_instrument_at(t->img, i)->codec));

		for (size_t k = 0;
			codec != NULL && codec->opts != NULL && codec->opts[k].name != NULL; k++) {
			int64_t number = dev->ins.opts.num[k];

			if (codec->opts[k].type == OPT_SECRET && number > 0 &&
				(uint64_t)number <= s->n)
				dev->ins.opts.text[k] = s->at[number - 1].value;
		}
	}
}

void
twin_free(struct twin *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		const struct player *player = t->devices[i].player;
		void *store = t->devices[i].store;

		if (store == NULL || player->close == NULL)
			continue;
		player->close(store);
		for (uint32_t k = i; k < t->img->instruments.n; k++)
			if (t->devices[k].store == store)
				t->devices[k].store = NULL;
	}
	for (uint32_t i = 0; i < t->img->instruments.n; i++)
		free((void *)(uintptr_t)t->devices[i].ins.messages);
	free(t->points);
	free(t->pts);
	free(t->devices);
	free(t->heads);
	free(t->head_of);
	for (uint32_t i = 0; i < t->img->instruments.n; i++)
		free(t->faults[i].answer);
	free(t->faults);
	for (uint32_t i = 0; i < t->img->twins.n; i++)
		free(t->delays[i]);
	free(t->delays);
	free(t);
}

/* ---- switched off and on --------------------------------------------------------------------------------------------- */

static void
restart_device(struct twin *t, struct play_device *dev)
{
	memset(dev->state, 0, sizeof(dev->state));
	dev->has_heard = false;
	for (uint32_t i = 0; i < dev->n_all; i++) {
		struct twin_point *p = &t->points[dev->pts[i].pt.id];

		p->is_held = false;
		p->there_ns = 0;
		p->x = 0;
		if (!p->is_kept && dev->pts[i].pt.value == VALUE_TEXT)
			text_copy(dev->pts[i].text, sizeof(dev->pts[i].text),
				i < dev->n_pts && !dev->pts[i].pt.is_captured ? dev->ins.name : "");
	}
}

static void
show_points(struct twin *t, const struct play_device *dev, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct twin_point *p = &t->points[dev->pts[i].pt.id];

		twin_show(p, twin_acts(p));
	}
}

void
twin_restart(struct twin *t, struct play_device *head)
{
	for (struct play_device *dev = head; dev != NULL; dev = dev->next)
		restart_device(t, dev);
	for (uint32_t i = 0; i < t->img->twins.n; i++) {
		const struct image_twin *law = image_twin_at(t->img, i);
		uint32_t its = image_point_at(t->img, law->point)->instrument;

		if (t->devices[its].player != NULL && t->head_of[its] == head->index) {
			t->points[law->point].x = law->start;
			start_text(t, law);
			if (t->delays[i] != NULL)
				t->delays[i]->n = 0;
		}
	}
	for (struct play_device *dev = head; dev != NULL; dev = dev->next)
		show_points(t, dev, dev->n_pts, dev->n_all);
	for (struct play_device *dev = head; dev != NULL; dev = dev->next)
		show_points(t, dev, 0, dev->n_pts); /* a channel's value stands above */
}
