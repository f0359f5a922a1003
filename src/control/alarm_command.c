/* alarm_command.c - what people answer to alarms */
#include <string.h>

#include "control/alarm_inside.h"

static uint32_t
find(const struct alarms *a, const char *name)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (strcmp(image_text(a->img, image_alarm_at(a->img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

static int
need_reason(const struct command *c, struct err *err)
{
	if (c->text[strspn(c->text, " ")] == '\0')
		return err_set(err, ERR_REFUSED, 0, "no reason is given; say why, others will ask");
	return 0;
}

/* ---- acknowledge ---- */

enum outcome { ACKNOWLEDGED, NOTHING_TO_DO, NOT_SEEN };

/* Only what this person has seen: seen 0 says all of it. */
static enum outcome
acknowledge(struct alarms *a, uint32_t i, const struct command *c)
{
	struct alarm *m = &a->at[i];
	bool is_lost = m->is_lost_told && !m->is_lost_acked;
	bool is_state = alarm_is_unacknowledged(m);
	bool sees_lost = is_lost && (c->seen == 0 || m->unknown_event <= c->seen);
	bool sees_state = is_state && (c->seen == 0 || m->on_event <= c->seen);

	if (m->overlays != 0 || (!is_lost && !is_state))
		return NOTHING_TO_DO;
	if (!sees_lost && !sees_state)
		return NOT_SEEN;
	alarm_tell(a, i, EVENT_ALARM_ACKNOWLEDGED, sees_state ? m->on_event : m->unknown_event, c);
	if (sees_lost)
		m->is_lost_acked = true;
	if (sees_state)
		alarm_acknowledge(m);
	alarm_changed(a, i);
	return ACKNOWLEDGED;
}

static const char *
nothing_to_do(const struct alarm *m)
{
	if (m->overlays != 0)
		return "it is not shown as an alarm now; bring it back first";
	if (m->state == ALARM_NORMAL && !m->is_lost_told)
		return "it is normal; there is nothing to acknowledge";
	return "it is acknowledged already; nothing else is needed";
}

static int
do_ack(struct alarms *a, uint32_t i, const struct command *c, struct err *err)
{
	enum outcome outcome = acknowledge(a, i, c);

	if (outcome == NOTHING_TO_DO)
		return err_set(err, ERR_REFUSED, 0, "%s", nothing_to_do(&a->at[i]));
	if (outcome == NOT_SEEN)
		return err_set(err, ERR_REFUSED, 0,
			"it has come again since it was looked at; look, and acknowledge it anew");
	return 0;
}

static int
ack_all(struct alarms *a, const struct command *c, struct err *err)
{
	uint32_t n[NOT_SEEN + 1] = { 0 };

	for (uint32_t i = 0; i < a->n; i++)
		n[acknowledge(a, i, c)]++;
	a->n_unseen = n[NOT_SEEN];
	if (n[ACKNOWLEDGED] == 0 && n[NOT_SEEN] > 0)
		return err_set(err, ERR_REFUSED, 0,
			"%u alarms have come since; look, and acknowledge them anew", n[NOT_SEEN]);
	return 0;
}

/* ---- reset ---- */

static int
do_reset(struct alarms *a, uint32_t i, const struct command *c, struct err *err)
{
	struct alarm *m = &a->at[i];

	if (!image_alarm_at(a->img, i)->is_latched)
		return err_set(err, ERR_REFUSED, 0, "it is not latched; acknowledging is enough");
	if (m->overlays != 0)
		return err_set(err, ERR_REFUSED, 0,
			"it is not shown as an alarm now; bring it back first");
	if (m->state == ALARM_NORMAL)
		return err_set(err, ERR_REFUSED, 0, "it is normal; there is nothing to be reset");
	if (alarm_is_active(m) || m->is_pending)
		return err_set(err, ERR_REFUSED, 0,
			"its condition is not over; see to that, then reset it");
	if (m->is_unknown || !m->is_known)
		return err_set(err, ERR_REFUSED, 0,
			"nobody knows whether its condition is over; see to its channels first");
	if (alarm_is_unacknowledged(m))
		return err_set(err, ERR_REFUSED, 0, "it is not acknowledged; do that first");
	alarm_tell(a, i, EVENT_ALARM_RESET, m->on_event, c);
	m->state = ALARM_NORMAL;
	alarm_changed(a, i);
	return 0;
}

/* ---- shelve, and out of service ---- */

static uint32_t
count_shelved(const struct alarms *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->n; i++)
		n += (a->at[i].overlays & OVER_SHELF) != 0;
	return n;
}

/* Shelving what is shelved already gives it another end. */
static int
do_shelve(struct alarms *a, uint32_t i, const struct command *c, struct err *err)
{
	struct alarm *m = &a->at[i];
	int64_t max_ns = image_alarm_at(a->img, i)->shelve_max_ns;
	int64_t span_ns = c->span_ns > 0 ? c->span_ns : MIN(ALARM_SHELVE_DEFAULT_NS, max_ns);

	if (max_ns == 0)
		return err_set(err, ERR_REFUSED, 0,
			"it must not be shelved; 'shelve:' in the bench file would allow it");
	if (span_ns > max_ns)
		return err_set(err, ERR_REFUSED, 0,
			"that is too long; it can be shelved for %.0f s at most",
			(double)max_ns / 1e9);
	if (need_reason(c, err) < 0)
		return ERR_REFUSED;
	if ((m->overlays & OVER_SHELF) == 0 && count_shelved(a) >= ALARMS_SHELVED_MAX)
		return err_set(err, ERR_REFUSED, 0,
			"%d alarms are shelved, no more can be; unshelve some first",
			ALARMS_SHELVED_MAX);
	m->shelf_ns = a->now_ns + span_ns;
	m->shelf_event =
		alarm_tell(a, i, EVENT_ALARM_SHELVED, alarm_is_active(m) ? m->on_event : 0, c);
	m->overlays |= OVER_SHELF;
	alarm_changed(a, i);
	return 0;
}

static int
do_unshelve(struct alarms *a, uint32_t i, const struct command *c, struct err *err)
{
	if ((a->at[i].overlays & OVER_SHELF) == 0)
		return err_set(err, ERR_REFUSED, 0, "it is not shelved; nothing is to be done");
	alarm_unshelve(a, i, c);
	return 0;
}

static int
do_out(struct alarms *a, uint32_t i, const struct command *c, struct err *err)
{
	struct alarm *m = &a->at[i];

	if ((m->overlays & OVER_OUT) != 0)
		return err_set(
			err, ERR_REFUSED, 0, "it is out of service already; nothing is to be done");
	if (need_reason(c, err) < 0)
		return ERR_REFUSED;
	m->out_event = alarm_tell(
		a, i, EVENT_ALARM_OUT_OF_SERVICE, alarm_is_active(m) ? m->on_event : 0, c);
	m->overlays |= OVER_OUT;
	alarm_changed(a, i);
	return 0;
}

static int
do_in(struct alarms *a, uint32_t i, const struct command *c, struct err *err)
{
	if ((a->at[i].overlays & OVER_OUT) == 0)
		return err_set(err, ERR_REFUSED, 0, "it is in service; nothing is to be done");
	alarm_put_in(a, i, c);
	return 0;
}

static void
silence(struct alarms *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (a->at[i].is_loud) {
			a->at[i].is_loud = false;
			alarm_changed(a, i);
		}
}

int
alarms_command(struct alarms *a, const struct command *c, int64_t now_ns, struct err *err)
{
	static int (*const rows[COMMAND_KINDS])(
		struct alarms *, uint32_t, const struct command *, struct err *) = {
		[COMMAND_ALARM_ACK] = do_ack,
		[COMMAND_ALARM_RESET] = do_reset,
		[COMMAND_ALARM_SHELVE] = do_shelve,
		[COMMAND_ALARM_UNSHELVE] = do_unshelve,
		[COMMAND_ALARM_OUT] = do_out,
		[COMMAND_ALARM_IN] = do_in,
	};
	uint32_t i;

	a->now_ns = now_ns;
	if (c->kind == COMMAND_SILENCE) {
		silence(a);
		return 0;
	}
	if (rows[c->kind] == NULL)
		return err_set(err, ERR_REFUSED, 0, "'%s' is not for alarms; see 'mbc alarm'",
			command_kind_text(c->kind));
	if (c->kind == COMMAND_ALARM_ACK && c->subject[0] == '\0')
		return ack_all(a, c, err);
	i = find(a, c->subject);
	if (i == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"there is no alarm '%s'; 'mbc alarm list' shows all", c->subject);
	if (rows[c->kind](a, i, c, err) < 0)
		return err_prefix(err, ERR_REFUSED, "alarm '%s'", c->subject);
	return 0;
}
