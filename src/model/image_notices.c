/* image_notices.c - proving the tables of who is told: nobody is told in a circle, and each way has what it needs */
#include "model/image_notices.h"

#include <string.h>

#include "msg/event.h"

#define LONGEST_NS (INT64_C(100000000) * NS_PER_S)
#define DAY_MINUTES (24 * 60)
#define DAYS_MAX                                                                                   \
	4000000 /* the year 9999 and somewhat more: sums of minutes stay far from the end of int64_t */

static bool
is_text(const struct image *img, uint32_t off)
{
	return off < img->strings.n;
}

static bool
is_name(const struct image *img, uint32_t off)
{
	return is_text(img, off) && image_text(img, off)[0] != '\0';
}

static bool
is_time(int64_t ns)
{
	return ns >= 0 && ns <= LONGEST_NS;
}

static bool
is_range(uint32_t first, uint32_t n, uint32_t end)
{
	return first <= end && n <= end - first;
}

/* Receivers below `end`: of one, those before it. */
static bool
is_list(const struct image *img, const struct image_list *list, uint32_t end)
{
	const uint32_t *members = image_at(img, &img->members);

	if (!is_range(list->first, list->n, img->members.n))
		return false;
	for (uint32_t i = list->first; i < list->first + list->n; i++)
		if (members[i] >= end)
			return false;
	return true;
}

static bool
are_ways(uint32_t bits)
{
	return bits < 1u << ALERT_WAYS;
}

/* By way, and a service where one is needed. */
static bool
is_address(const struct image *img, uint32_t i, uint32_t first)
{
	const struct image_address *a = image_address_at(img, i);

	return a->way < ALERT_WAYS && is_text(img, a->text) &&
	       (a->way == ALERT_PUSH ? a->push < img->pushes.n
				     : a->push == 0 && is_name(img, a->text)) &&
	       (i == first || image_address_at(img, i - 1)->way <= a->way);
}

static bool
is_person(const struct image *img, const struct image_receiver *r)
{
	for (uint32_t i = r->first_address; i < r->first_address + r->n_addresses; i++)
		if (!is_address(img, i, r->first_address))
			return false;
	for (int p = 0; p < PRIORITIES; p++)
		if (!are_ways(r->by[p]))
			return false;
	return r->n_addresses > 0 && r->quiet_below < PRIORITIES && r->quiet_from < DAY_MINUTES &&
	       r->quiet_to < DAY_MINUTES;
}

static bool
is_chain(const struct image *img, const struct image_receiver *r, uint32_t row)
{
	for (uint32_t i = r->first_step; i < r->first_step + r->n_steps; i++) {
		const struct image_step *s = image_step_at(img, i);

		if (!is_list(img, &s->to, row) || s->to.n == 0 || !is_time(s->after_ns) ||
			!are_ways(s->by) ||
			(i > r->first_step && image_step_at(img, i - 1)->after_ns >= s->after_ns))
			return false;
	}
	return r->n_steps > 0 && r->is_until_over <= 1 && r->again <= RECEIVER_AGAIN_MAX &&
	       is_time(r->again_ns);
}

static bool
is_duty(const struct image *img, const struct image_receiver *r, uint32_t row)
{
	for (uint32_t i = r->first_shift; i < r->first_shift + r->n_shifts; i++) {
		const struct image_shift *s = image_shift_at(img, i);

		if (!is_list(img, &s->who, row) || s->who.n == 0 || s->from < 0 ||
			s->from >= s->to || s->to > INT64_C(1) * DAYS_MAX * DAY_MINUTES)
			return false;
	}
	return r->members.n > 0 && r->turn_days > 0 && r->turn_days <= 366 && r->turn_from >= 0 &&
	       r->turn_from <= DAYS_MAX && r->turn_minute < DAY_MINUTES;
}

/* Rows of one table that belong to the receivers in their order, each to one: it begins where the one before it ended. */
struct taken {
	uint32_t addresses, steps, shifts;
};

static bool
takes(const struct image *img, const struct image_receiver *r, struct taken *t)
{
	if (r->first_address != t->addresses || r->first_step != t->steps ||
		r->first_shift != t->shifts ||
		!is_range(t->addresses, r->n_addresses, img->addresses.n) ||
		!is_range(t->steps, r->n_steps, img->steps.n) ||
		!is_range(t->shifts, r->n_shifts, img->shifts.n))
		return false;
	t->addresses += r->n_addresses;
	t->steps += r->n_steps;
	t->shifts += r->n_shifts;
	return (r->n_addresses == 0 || r->kind == RECEIVER_PERSON) &&
	       (r->n_steps == 0 || r->kind == RECEIVER_CHAIN) &&
	       (r->n_shifts == 0 || r->kind == RECEIVER_DUTY);
}

static bool
is_receiver(const struct image *img, uint32_t row, struct taken *taken)
{
	const struct image_receiver *r = image_receiver_at(img, row);

	if (!is_name(img, r->name) || !is_text(img, r->title) || r->language > LANGUAGE_FR ||
		!takes(img, r, taken) || !is_list(img, &r->members, row))
		return false;
	switch (r->kind) {
	case RECEIVER_PERSON:
		return is_person(img, r);
	case RECEIVER_GROUP:
		return r->members.n > 0;
	case RECEIVER_CHAIN:
		return is_chain(img, r, row);
	case RECEIVER_DUTY:
		return is_duty(img, r, row);
	default:
		return false;
	}
}

static bool
is_push(const struct image *img, uint32_t row)
{
	const struct image_push *p = image_push_at(img, row);
	const uint32_t texts[] = { p->url, p->user, p->ca, p->template, p->value, p->value_over,
		p->backup_url };

	for (size_t i = 0; i < NELEM(texts); i++)
		if (!is_text(img, texts[i]))
			return false;
	return is_name(img, p->name) && p->kind < PUSH_KINDS && p->secret <= img->secrets.n &&
	       (is_name(img, p->url) || (p->kind == PUSH_TEXT && p->secret > 0));
}

static bool
is_told(const struct image *img, uint32_t row)
{
	const uint32_t *kinds = image_at(img, &img->told_kinds);

	return kinds[row] < EVENT_COUNT && (row == 0 || kinds[row - 1] < kinds[row]);
}

static bool
is_alarm(const struct image *img, uint32_t row)
{
	const struct image_alarm *a = image_alarm_at(img, row);
	struct image_list to = { a->first_member, a->n_members };

	return a->is_notified <= 1 && (a->is_notified || a->n_members == 0) &&
	       is_list(img, &to, img->receivers.n);
}

static bool
are_notices(const struct image *img)
{
	const struct image_notices *n = &img->notices;
	const uint32_t texts[] = { n->site, n->mail_server, n->mail_from, n->mail_user, n->mail_ca,
		n->beat_url, n->page };
	bool has_server;

	for (size_t i = 0; i < NELEM(texts); i++)
		if (!is_text(img, texts[i]))
			return false;
	for (int p = 0; p < PRIORITIES; p++)
		if (!is_list(img, &n->by_priority[p], img->receivers.n))
			return false;
	has_server = image_text(img, n->mail_server)[0] != '\0';
	return n->is_on <= 1 && img->receivers.n <= IMAGE_RECEIVERS_MAX &&
	       is_list(img, &n->events, img->receivers.n) && n->mail_password <= img->secrets.n &&
	       n->is_mail_plain <= 1 && !(n->is_mail_plain && n->mail_password > 0) &&
	       has_server == (image_text(img, n->mail_from)[0] != '\0') &&
	       is_time(n->beat_every_ns) && is_time(n->gather_ns) && is_time(n->again_ns) &&
	       (image_text(img, n->beat_url)[0] == '\0' || n->beat_every_ns >= NS_PER_S);
}

const char *
image_check_notices(const struct image *img, uint32_t *row)
{
	struct taken taken = { 0 };

	*row = 0;
	if (!are_notices(img))
		return "who is told";
	for (; *row < img->receivers.n; ++*row)
		if (!is_receiver(img, *row, &taken))
			return "receiver";
	if (taken.addresses != img->addresses.n || taken.steps != img->steps.n ||
		taken.shifts != img->shifts.n)
		return "receiver";
	for (*row = 0; *row < img->pushes.n; ++*row)
		if (!is_push(img, *row))
			return "service";
	for (*row = 0; *row < img->told_kinds.n; ++*row)
		if (!is_told(img, *row))
			return "kind of event";
	for (*row = 0; *row < img->alarms.n; ++*row)
		if (!is_alarm(img, *row))
			return "alarm";
	return NULL;
}
