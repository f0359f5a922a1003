/* command.c - commands */
#include "control/command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define SLOTS 64 /* under way at once */

enum slot_phase { SLOT_FREE, SLOT_RECORDING, SLOT_WRITING, SLOT_SAFE };

struct slot {
	struct command cmd;
	uint8_t phase;
	uint32_t on;  /* output, safe state */
	double value; /* COMMAND_SET */
	uint64_t event;
	int64_t asked_ns;
};

/* What became of those that are over, the oldest overwritten first. */
struct past {
	uint64_t content; /* the same id with another content is another command */
	struct verdict_told told;
};

struct commands {
	struct command_parts p;
	struct commands_sink sink;
	struct slot slots[SLOTS];
	struct past past[COMMANDS_KEPT];
	uint32_t n_past;
	char text
		[VERDICT_TEXT]; /* of the command at hand: what to know when it is done, or all that is wrong */
};

struct commands *
commands_new(const struct command_parts *parts, const struct commands_sink *sink)
{
	struct commands *c = mem_zero(1, sizeof(*c));

	c->p = *parts;
	c->sink = *sink;
	return c;
}

void
commands_free(struct commands *c)
{
	free(c);
}

/* ---- who was it ---------------------------------------------------------------------------------------------------------- */

static uint64_t
mix(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
content_of(const struct command *c)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	int kind = (int)c->kind;
	unsigned flags =
		(c->is_clamped ? 1u : 0) | (c->is_confirmed ? 2u : 0) | (c->is_whole ? 4u : 0);

	h = mix(h, &kind, sizeof(kind));
	h = mix(h, &flags, sizeof(flags));
	h = mix(h, c->principal, strlen(c->principal) + 1);
	h = mix(h, c->subject, strlen(c->subject) + 1);
	h = mix(h, c->value, strlen(c->value) + 1);
	h = mix(h, &c->ramp_per_min, sizeof(c->ramp_per_min));
	h = mix(h, &c->span_ns, sizeof(c->span_ns));
	h = mix(h, c->values, strlen(c->values) + 1);
	return mix(h, c->text, strlen(c->text) + 1);
}

static struct slot *
find_slot(struct commands *c, const char *id)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (c->slots[i].phase != SLOT_FREE && strcmp(c->slots[i].cmd.id, id) == 0)
			return &c->slots[i];
	return NULL;
}

static struct past *
find_past(struct commands *c, const char *id)
{
	for (size_t i = 0; i < COMMANDS_KEPT; i++)
		if (strcmp(c->past[i].told.id, id) == 0)
			return &c->past[i];
	return NULL;
}

static void
tell(struct commands *c, const struct command *cmd, enum verdict verdict, uint64_t event,
	const char *text)
{
	struct verdict_told v = { .verdict = verdict, .event = event };
	struct past *past;

	text_copy(v.id, sizeof(v.id), cmd->id);
	text_copy(v.text, sizeof(v.text), text);
	if (verdict != VERDICT_PENDING) {
		past = &c->past[c->n_past++ % COMMANDS_KEPT];
		past->content = content_of(cmd);
		past->told = v;
	}
	c->sink.verdict(c->sink.ctx, &v);
}

static void
end(struct commands *c, struct slot *s, enum verdict verdict, const char *text)
{
	s->phase = SLOT_FREE;
	tell(c, &s->cmd, verdict, s->event, text);
}

static void
fill_event(const struct command *cmd, struct event *e, int64_t now_ns)
{
	e->stamp_ns = now_ns;
	text_copy(e->subject, sizeof(e->subject),
		cmd->subject[0] != '\0' ? cmd->subject : command_kind_text(cmd->kind));
	text_copy(e->principal, sizeof(e->principal), cmd->principal);
}

static void
refuse(struct commands *c, const struct command *cmd, const char *why, int64_t now_ns)
{
	struct event e = { .kind = EVENT_COMMAND_REFUSED };

	fill_event(cmd, &e, now_ns);
	snprintf(e.text, sizeof(e.text), "%s %.40s: %.80s", command_kind_text(cmd->kind),
		cmd->value, why);
	tell(c, cmd, VERDICT_REFUSED, c->sink.event(c->sink.ctx, &e), why);
}

/* ---- may it be done ------------------------------------------------------------------------------------------------------ */

static uint32_t
find_output(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->outputs.n; i++)
		if (strcmp(image_text(img,
				   image_channel_at(img, image_output_at(img, i)->channel)->name),
			    name) == 0)
			return i;
	return IMAGE_NONE;
}

static int
name_output(const struct image *img, const struct command *cmd, uint32_t *out, struct err *err)
{
	uint32_t channel, pattern;

	*out = find_output(img, cmd->subject);
	if (*out != IMAGE_NONE)
		return 0;
	channel = image_find_channel(img, cmd->subject);
	if (channel == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"no channel is named '%.60s'; 'mbc get' lists them", cmd->subject);
	if (image_find_part(img, channel, &pattern) != IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"'%.60s' is a part of '%.60s' and is not written on its own; set that",
			cmd->subject,
			image_text(
				img, image_channel_at(img, image_output_at(img, pattern)->channel)
					     ->name));
	return err_set(err, ERR_REFUSED, 0,
		"'%.60s' is read-only; an output is a channel of the bench with write:",
		cmd->subject);
}

static struct output_order
order_of(const struct slot *s)
{
	return (struct output_order){ .value = s->value,
		.ramp = s->cmd.ramp_per_min > 0 ? s->cmd.ramp_per_min / 60 : -1,
		.is_clamped = s->cmd.is_clamped,
		.owner = OWNER_MANUAL,
		.cause = s->event };
}

static int
check_set(struct commands *c, struct slot *s, struct err *err)
{
	const struct image_output *d;
	const struct image_channel *at;
	struct output_order order;
	int rc;

	if ((rc = name_output(c->p.img, &s->cmd, &s->on, err)) < 0)
		return rc;
	d = image_output_at(c->p.img, s->on);
	at = image_channel_at(c->p.img, d->at);
	if (outputs_parse(c->p.outputs, s->on, s->cmd.value, &s->value, err) < 0)
		return ERR_REFUSED;
	if (d->needs_confirm && !s->cmd.is_confirmed)
		return err_set(err, ERR_REFUSED, 0,
			"it has to be confirmed%s%.80s; ask again with confirm",
			at->confirm == 0 ? "" : ": ", image_text(c->p.img, at->confirm));
	if (!isnan(s->cmd.ramp_per_min) && !(s->cmd.ramp_per_min > 0))
		return err_set(err, ERR_REFUSED, 0,
			"a ramp is above 0; leave it out for the output's own");
	if (!c->p.img->is_observed && (rc = trips_check_owner(c->p.trips, s->on, err)) < 0)
		return rc;
	order = order_of(s);
	rc = outputs_check(c->p.outputs, s->on, &order, err);
	s->value = order.value;
	return rc;
}

static int
check_mode(struct commands *c, struct slot *s, struct err *err)
{
	const char *value = s->cmd.value;

	int rc;

	s->on = IMAGE_NONE;
	if (strcmp(value, "manual") != 0 && strcmp(value, "automatic") != 0)
		return err_set(err, ERR_REFUSED, 0, "a mode is manual or automatic");
	if (s->cmd.subject[0] == '\0')
		return 0;
	rc = name_output(c->p.img, &s->cmd, &s->on, err);
	return rc < 0 || strcmp(value, "automatic") != 0
		       ? rc
		       : outputs_check_lead(c->p.outputs, s->on, err);
}

static int
name_safe_state(struct commands *c, struct slot *s, struct err *err)
{
	const struct image *img = c->p.img;

	s->on = s->cmd.subject[0] == '\0' ? img->on_stop : IMAGE_NONE;
	for (uint32_t i = 0; s->cmd.subject[0] != '\0' && i < img->safe_states.n; i++)
		if (strcmp(image_text(img, image_safe_state_at(img, i)->name), s->cmd.subject) == 0)
			s->on = i;
	if (s->on != IMAGE_NONE)
		return 0;
	return s->cmd.subject[0] == '\0'
		       ? err_set(err, ERR_REFUSED, 0,
				 "the bench has no safe state by default; name one, or write "
				 "on_stop:")
		       : err_set(err, ERR_REFUSED, 0, "no safe state is named '%.60s'",
				 s->cmd.subject);
}

static int
check_release(struct commands *c, struct slot *s, struct err *err)
{
	int rc = name_safe_state(c, s, err);

	if (rc < 0)
		return rc;
	if (!safe_is_held(c->p.safe, s->on))
		return err_set(err, ERR_REFUSED, 0, "it is not held; there is nothing to release");
	if (!s->cmd.is_person)
		return err_set(err, ERR_REFUSED, 0,
			"only a person may do this, at the command line of the bench");
	for (uint32_t i = 0; i < c->p.img->trips.n; i++)
		if (image_trip_at(c->p.img, i)->to == s->on && trips_is_tripped(c->p.trips, i))
			return err_set(err, ERR_REFUSED, 0, "the trip '%.60s' holds it; reset that",
				image_text(c->p.img, image_trip_at(c->p.img, i)->name));
	return 0;
}

/* What leads towards safe, or puts protection and alarms back into force, is nobody's to lock. */
static bool
is_towards_safe(const struct commands *c, const struct slot *s)
{
	switch (s->cmd.kind) {
	case COMMAND_SAFE:
	case COMMAND_ALARM_ACK:
	case COMMAND_SILENCE:
	case COMMAND_BYPASS_END:
	case COMMAND_ALARM_UNSHELVE:
	case COMMAND_ALARM_IN:
		return true;
	case COMMAND_SET:
		return c->p.img->on_stop != IMAGE_NONE &&
		       safe_wants(c->p.img, c->p.img->on_stop, s->on, s->value);
	default:
		return false;
	}
}

static int
check_kind(struct commands *c, struct slot *s, struct err *err)
{
	switch (s->cmd.kind) {
	case COMMAND_SET:
		return check_set(c, s, err);
	case COMMAND_MODE:
		return check_mode(c, s, err);
	case COMMAND_SAFE:
		return name_safe_state(c, s, err);
	case COMMAND_RELEASE:
		return check_release(c, s, err);
	default:
		return 0;
	}
}

static int
check(struct commands *c, struct slot *s, int64_t now_ns, struct err *err)
{
	int rc;

	if (s->cmd.expires_ns != 0 && now_ns > s->cmd.expires_ns)
		return err_set(err, ERR_REFUSED, 0,
			"it came too late to be done; look at the bench and ask again");
	if (c->p.img->is_observed && s->cmd.kind <= COMMAND_SAFE)
		return err_set(err, ERR_REFUSED, 0,
			"this bench only observes; write 'mode: control' in its file");
	rc = check_kind(c, s, err);
	if (rc < 0 || is_towards_safe(c, s))
		return rc;
	if (s->cmd.config != 0 && s->cmd.config != c->p.img->hash)
		return err_set(err, ERR_REFUSED, 0,
			"the bench file was taken up anew since that was looked at: limits, units "
			"and names may be others; look at it as it is now, and ask again");
	if (!c->p.img->has_lock)
		return 0;
	return c->sink.locked(c->sink.ctx, err);
}

/* ---- doing it ------------------------------------------------------------------------------------------------------------ */

static int
set_mode(struct commands *c, struct slot *s, int64_t now_ns)
{
	enum output_mode mode =
		strcmp(s->cmd.value, "automatic") == 0 ? MODE_AUTOMATIC : MODE_MANUAL;
	struct event e = { .kind = EVENT_MODE_CHANGED, .cause = s->event };

	fill_event(&s->cmd, &e, now_ns);
	if (s->on == IMAGE_NONE)
		text_copy(e.subject, sizeof(e.subject), "bench");
	text_copy(e.text, sizeof(e.text), s->cmd.value);
	c->sink.event(c->sink.ctx, &e);
	for (uint32_t i = 0; i < c->p.img->outputs.n; i++)
		if (s->on == IMAGE_NONE || s->on == i)
			outputs_mode(c->p.outputs, i, mode, now_ns);
	/* A loop that stands aside begins when it is named, never because all of the bench is put in automatic. */
	if (s->on != IMAGE_NONE && mode == MODE_AUTOMATIC)
		outputs_lead(c->p.outputs, s->on, s->event, now_ns);
	return 0;
}

static int
release(struct commands *c, struct slot *s, int64_t now_ns)
{
	struct event e = { .kind = EVENT_SAFE_STATE_LEFT, .cause = s->event };

	fill_event(&s->cmd, &e, now_ns);
	text_copy(e.subject, sizeof(e.subject),
		image_text(c->p.img, image_safe_state_at(c->p.img, s->on)->name));
	text_copy(e.text, sizeof(e.text), s->cmd.text);
	c->sink.event(c->sink.ctx, &e);
	safe_leave(c->p.safe, s->on, now_ns);
	return 0;
}

/* Returns 0 when it is done, 1 when it goes on, or why not. */
static int
act(struct commands *c, struct slot *s, int64_t now_ns, struct err *err)
{
	struct output_order order;

	switch (s->cmd.kind) {
	case COMMAND_SET:
		order = order_of(s);
		s->phase = SLOT_WRITING; /* it may be settled before the call is back */
		return outputs_set(c->p.outputs, s->on, &order, now_ns, err) < 0 ? ERR_REFUSED : 1;
	case COMMAND_MODE:
		return set_mode(c, s, now_ns);
	case COMMAND_SAFE:
		s->phase = SLOT_SAFE;
		safe_begin(c->p.safe, s->on, OWNER_SAFE_STATE, s->event, s->cmd.principal, now_ns);
		return 1;
	case COMMAND_RELEASE:
		return release(c, s, now_ns);
	case COMMAND_TRIP_RESET:
	case COMMAND_BYPASS:
	case COMMAND_BYPASS_END:
		return trips_command(c->p.trips, &s->cmd, s->event, now_ns, err);
	default:
		return c->sink.other(c->sink.ctx, &s->cmd, s->event, now_ns, c->text, err);
	}
}

/* The bench may have changed while the disk was at work. */
static void
go(struct commands *c, struct slot *s, int64_t now_ns)
{
	struct command cmd = s->cmd;
	struct err err;
	int rc = check(c, s, now_ns, &err);

	c->text[0] = '\0';
	if (rc == 0)
		rc = act(c, s, now_ns, &err);
	if (rc < 0) {
		s->phase = SLOT_FREE;
		refuse(c, &cmd, c->text[0] != '\0' ? c->text : err.msg, now_ns);
	} else if (rc == 0) {
		end(c, s, VERDICT_VERIFIED, c->text);
	}
}

static void
watch_safe(struct commands *c, struct slot *s)
{
	enum safe_phase phase = safe_phase_of(c->p.safe, s->on);

	if (phase == SAFE_REACHED && !safe_is_whole(c->p.safe, s->on))
		end(c, s, VERDICT_FAILED,
			"all is safe, but not each line as it was asked: by a second way, or by "
			"the safe state of a trip; see 'mbc log'");
	else if (phase == SAFE_REACHED)
		end(c, s, VERDICT_VERIFIED, "all lines are read back");
	else if (phase == SAFE_NOT_CONFIRMED)
		end(c, s, VERDICT_FAILED,
			"a line is not confirmed and is tried again; see 'mbc log', and make it "
			"safe by hand");
	else if (phase == SAFE_IDLE)
		end(c, s, VERDICT_FAILED, "overtaken by a later order");
}

static void
step(struct commands *c, struct slot *s, int64_t now_ns)
{
	if (s->phase == SLOT_SAFE) {
		watch_safe(c, s);
		return;
	}
	if (s->phase != SLOT_RECORDING)
		return;
	switch (c->sink.recorded(c->sink.ctx, s->event, s->asked_ns, now_ns)) {
	case COMMAND_RECORD_WAITS:
		return;
	case COMMAND_RECORDED:
		go(c, s, now_ns);
		return;
	case COMMAND_RECORD_FAILED:
		s->phase = SLOT_FREE;
		refuse(c, &s->cmd,
			"it could not be recorded on the disk; make room on it, or look at it",
			now_ns);
		return;
	}
}

void
commands_step(struct commands *c, int64_t now_ns)
{
	for (size_t i = 0; i < SLOTS; i++)
		step(c, &c->slots[i], now_ns);
}

static bool
is_repeat(struct commands *c, const struct command *cmd, int64_t now_ns)
{
	struct slot *s = find_slot(c, cmd->id);
	struct past *past = s == NULL ? find_past(c, cmd->id) : NULL;
	struct verdict_told pending = { .verdict = VERDICT_PENDING };

	if (s == NULL && past == NULL)
		return false;
	if (content_of(cmd) != (s != NULL ? content_of(&s->cmd) : past->content)) {
		/* Not remembered: the id stands for the first. */
		text_copy(pending.id, sizeof(pending.id), cmd->id);
		pending.verdict = VERDICT_REFUSED;
		text_copy(pending.text, sizeof(pending.text),
			"this id was another command's; take a new one");
		c->sink.verdict(c->sink.ctx, &pending);
	} else if (s != NULL) {
		text_copy(pending.id, sizeof(pending.id), cmd->id);
		pending.event = s->event;
		c->sink.verdict(c->sink.ctx, &pending);
	} else {
		c->sink.verdict(c->sink.ctx, &past->told);
	}
	return true;
}

/* What it says, for the event. */
static void
describe(const struct commands *c, const struct slot *s, char *out, size_t cap)
{
	char value[64];

	if (s->cmd.kind == COMMAND_SET) {
		outputs_text(c->p.outputs, s->on, s->value, value, sizeof(value));
		snprintf(out, cap, "%s", value);
	} else {
		snprintf(out, cap, "%s%s%s%s%.60s", command_kind_text(s->cmd.kind),
			s->cmd.value[0] == '\0' ? "" : " ", s->cmd.value,
			s->cmd.text[0] == '\0' ? "" : ", ", s->cmd.text);
	}
}

void
commands_take(struct commands *c, const struct command *cmd, int64_t now_ns)
{
	struct event e = { .kind = EVENT_COMMAND };
	struct slot *s = c->slots;
	struct err err;

	if (is_repeat(c, cmd, now_ns))
		return;
	while (s < c->slots + SLOTS && s->phase != SLOT_FREE)
		s++;
	if (s == c->slots + SLOTS) {
		refuse(c, cmd, "64 commands are under way already; ask again later", now_ns);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->cmd = *cmd;
	if (check(c, s, now_ns, &err) < 0) {
		refuse(c, cmd, err.msg, now_ns);
		return;
	}
	fill_event(cmd, &e, now_ns);
	describe(c, s, e.text, sizeof(e.text));
	s->event = c->sink.intent(c->sink.ctx, &e);
	s->asked_ns = now_ns;
	s->phase = SLOT_RECORDING;
	tell(c, cmd, VERDICT_PENDING, s->event, "");
	/* Towards safe nothing waits for a disk. */
	if (cmd->kind == COMMAND_SAFE || cmd->kind == COMMAND_SEQ_ABORT)
		go(c, s, now_ns);
	else
		step(c, s, now_ns);
}

void
commands_ask(struct commands *c, const char *id)
{
	struct verdict_told v = { .verdict = VERDICT_UNKNOWN };
	const struct slot *s = find_slot(c, id);
	const struct past *past = find_past(c, id);

	text_copy(v.id, sizeof(v.id), id);
	if (s != NULL) {
		v.verdict = VERDICT_PENDING;
		v.event = s->event;
	} else if (past != NULL) {
		v = past->told;
	} else {
		text_copy(v.text, sizeof(v.text),
			"no such command is known; look at the value, and in 'mbc log'");
	}
	c->sink.verdict(c->sink.ctx, &v);
}

void
commands_settled(struct commands *c, uint64_t cause, enum verdict verdict, const char *text)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (c->slots[i].phase == SLOT_WRITING && c->slots[i].event == cause) {
			end(c, &c->slots[i], verdict, text);
			return;
		}
}

void
commands_adopt(struct commands *c, struct commands *from)
{
	memcpy(c->past, from->past, sizeof(c->past));
	c->n_past = from->n_past;
	for (size_t i = 0; i < SLOTS; i++)
		if (from->slots[i].phase != SLOT_FREE)
			tell(c, &from->slots[i].cmd, VERDICT_UNKNOWN, from->slots[i].event,
				"the bench file was taken up anew meanwhile; look at the value");
}
