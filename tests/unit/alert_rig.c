/* alert_rig.c - see alert_rig.h */
#include "alert_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define ROOM (256u << 10)

struct making {
	char *at;
	size_t n;
	size_t strings, n_strings;
};

static struct image_table
table(struct making *m, const void *rows, uint32_t n, size_t size)
{
	struct image_table t = { (uint32_t)m->n, n };

	memcpy(m->at + m->n, rows, n * size);
	m->n += (n * size + 7) / 8 * 8;
	return t;
}

static uint32_t
text(struct making *m, const char *s)
{
	uint32_t off = (uint32_t)m->n_strings;

	memcpy(m->at + m->strings + off, s, strlen(s) + 1);
	m->n_strings += strlen(s) + 1;
	return off;
}

static struct image *
make(void)
{
	struct making m = { .at = mem_zero(1, ROOM),
		.n = sizeof(struct image),
		.strings = ROOM / 2,
		.n_strings = 1 };
	struct image *img = (struct image *)(void *)m.at;
	const uint8_t all = 1u << ALERT_PUSH | 1u << ALERT_MAIL, mail = 1u << ALERT_MAIL;
	const uint32_t members[] = { R_ANNA, R_BEN /* team */, R_ANNA, R_BEN /* duty */, R_DUTY,
		R_TEAM, R_CARL /* night */, R_NIGHT /* 7 hot */, R_TEAM /* 8 cold */, R_BEN /* 9 */,
		R_EASY /* 10 */ };
	struct image_address addresses[ADDRESSES] = {
		[AT_ANNA_PUSH] = { .way = ALERT_PUSH, .text = text(&m, "anna") },
		[AT_ANNA_MAIL] = { .way = ALERT_MAIL, .text = text(&m, "anna@lab.example") },
		[AT_BEN_PUSH] = { .way = ALERT_PUSH, .text = text(&m, "ben") },
		[AT_BEN_MAIL] = { .way = ALERT_MAIL, .text = text(&m, "ben@lab.example") },
		[AT_CARL_MAIL] = { .way = ALERT_MAIL, .text = text(&m, "carl@lab.example") },
	};
	struct image_receiver receivers[] = {
		[R_ANNA] = { .name = text(&m, "anna"),
			.kind = RECEIVER_PERSON,
			.by = { mail, mail, all, all },
			.quiet_below = PRIORITY_HIGH,
			.quiet_from = 22 * 60,
			.quiet_to = 6 * 60,
			.first_address = 0,
			.n_addresses = 2,
			.limit = 20 },
		[R_BEN] = { .name = text(&m, "ben"),
			.kind = RECEIVER_PERSON,
			.by = { mail, mail, mail, all },
			.first_address = 2,
			.n_addresses = 2,
			.limit = 20 },
		[R_CARL] = { .name = text(&m, "carl"),
			.kind = RECEIVER_PERSON,
			.by = { mail, mail, mail, mail },
			.first_address = 4,
			.n_addresses = 1,
			.limit = 3 },
		[R_TEAM] = { .name = text(&m, "team"),
			.kind = RECEIVER_GROUP,
			.members = { 0, 2 } },
		[R_DUTY] = { .name = text(&m, "duty"),
			.kind = RECEIVER_DUTY,
			.members = { 2, 2 },
			.turn_days = 7 },
		[R_NIGHT] = { .name = text(&m, "night"),
			.kind = RECEIVER_CHAIN,
			.first_step = 0,
			.n_steps = 3,
			.again = 1,
			.again_ns = 1800 * NS_PER_S },
		[R_EASY] = { .name = text(&m, "easy"),
			.kind = RECEIVER_CHAIN,
			.first_step = 3,
			.n_steps = 2,
			.is_until_over = 1 },
	};
	const struct image_step steps[] = { { .to = { 4, 1 } },
		{ .to = { 5, 1 }, .after_ns = 300 * NS_PER_S },
		{ .to = { 6, 1 }, .after_ns = 900 * NS_PER_S, .by = mail }, { .to = { 9, 1 } },
		{ .to = { 6, 1 }, .after_ns = 300 * NS_PER_S } };
	const struct image_push push = { .name = text(&m, "ntfy"), .kind = PUSH_NTFY };
	const uint32_t told[] = { EVENT_PROCESS_KILLED };
	struct image_alarm alarms[A_MANY + MANY];
	char name[32];

	memset(alarms, 0, sizeof(alarms));
	for (size_t i = 0; i < NELEM(alarms); i++) {
		snprintf(name, sizeof(name), "many_%zu", i);
		alarms[i] = (struct image_alarm){
			.name = text(&m, name), .priority = PRIORITY_MEDIUM, .needs_ack = 1
		};
	}
	alarms[A_HOT].name = text(&m, "hot");
	alarms[A_HOT].priority = PRIORITY_HIGH;
	alarms[A_COLD].name = text(&m, "cold");
	alarms[A_FLOW].name = text(&m, "flow");
	alarms[A_FLOW].priority = PRIORITY_CRITICAL;
	alarms[A_QUIET].name = text(&m, "quiet");
	alarms[A_QUIET].is_notified = 1;
	alarms[A_EASY].name = text(&m, "easy_one");
	alarms[A_EASY].is_notified = 1;
	alarms[A_EASY].first_member = 10;
	alarms[A_EASY].n_members = 1;
	img->bench = text(&m, "rig");
	img->alarms = table(&m, alarms, NELEM(alarms), sizeof(alarms[0]));
	img->receivers = table(&m, receivers, NELEM(receivers), sizeof(receivers[0]));
	img->addresses = table(&m, addresses, ADDRESSES, sizeof(addresses[0]));
	img->members = table(&m, members, NELEM(members), sizeof(members[0]));
	img->steps = table(&m, steps, NELEM(steps), sizeof(steps[0]));
	img->pushes = table(&m, &push, 1, sizeof(push));
	img->told_kinds = table(&m, told, 1, sizeof(told[0]));
	img->notices = (struct image_notices){ .is_on = 1,
		.by_priority = { { 8, 1 }, { 8, 1 }, { 7, 1 }, { 7, 1 } },
		.events = { 8, 1 },
		.gather_ns = 300 * NS_PER_MS,
		.again_ns = 120 * NS_PER_S };
	img->strings = (struct image_table){ (uint32_t)m.strings, (uint32_t)m.n_strings };
	return img;
}

static void
record(void *ctx, const struct entry *e)
{
	struct rig *r = ctx;

	if (r->is_dead)
		return;
	if (r->n_ledger == r->cap_ledger) {
		r->cap_ledger = 2 * r->cap_ledger + 256;
		r->ledger = mem_grow(r->ledger, r->cap_ledger, sizeof(*r->ledger));
	}
	r->ledger[r->n_ledger++] = *e;
	r->is_dead = r->n_ledger == r->stop_at;
}

static bool
send(void *ctx, const struct engine_message *m)
{
	struct engine_notice notices[ENTRY_NOTICES];
	struct rig *r = ctx;
	struct rig_sent *s;

	if (r->is_dead)
		return true;
	s = &r->sent[r->n_sent++ % NELEM(r->sent)];
	*s = (struct rig_sent){ .id = m->id,
		.address = m->address,
		.what = m->what,
		.now_ns = r->now_ns,
		.is_repeated = m->is_repeated };
	s->n_notices = engine_message_notices(r->engine, m->id, notices, &s->n_more);
	return true;
}

static void
event(void *ctx, enum event_kind kind, const char *subject, const char *tried)
{
	struct rig *r = ctx;

	(void)subject;
	if (kind == EVENT_ALERT_REACHED_NOBODY)
		r->n_nobody++;
	(void)!text_copy(r->tried, sizeof(r->tried), tried);
}

struct engine_time
rig_time(const struct rig *r)
{
	return (struct engine_time){ r->now_ns, r->wall_ns, r->wall_ns / (60 * NS_PER_S) };
}

void
rig_open(struct rig *r)
{
	struct engine_sink sink = { r, record, send, event };

	*r = (struct rig){ .now_ns = 1000000 * NS_PER_S, .wall_ns = 12 * 3600 * NS_PER_S };
	r->img = make();
	r->engine = engine_new(r->img, &sink);
}

void
rig_close(struct rig *r)
{
	engine_free(r->engine);
	free(r->img);
	free(r->ledger);
}

void
rig_restart(struct rig *r)
{
	struct engine_sink sink = { r, record, send, event };
	struct engine_time t = rig_time(r);
	unsigned n = r->n_ledger;

	engine_free(r->engine);
	r->stop_at = 0;
	r->is_dead = false;
	r->engine = engine_new(r->img, &sink);
	for (unsigned i = 0; i < n; i++) {
		struct entry copy = r->ledger[i];

		engine_replay(r->engine, &t, &copy);
	}
	engine_replayed(r->engine, &t);
}

/* Answers come as the addresses are set, and what follows from them at once. */
static void
answer(struct rig *r, unsigned from)
{
	for (unsigned i = from; i < r->n_sent && !r->is_dead; i++) {
		struct rig_sent *s = &r->sent[i % NELEM(r->sent)];
		struct engine_time t = rig_time(r);

		if (r->result[s->address] < ALERT_RESULTS)
			engine_result(r->engine, &t, s->id,
				(enum alert_result)r->result[s->address], 0, "as told");
	}
}

void
rig_pass(struct rig *r, int64_t ns)
{
	int64_t until = r->now_ns + ns;

	while (!r->is_dead) {
		struct engine_time t = rig_time(r);
		unsigned from = r->n_sent;
		int64_t wake = engine_run(r->engine, &t);

		answer(r, from);
		if (r->n_sent != from)
			continue;
		if (wake > until)
			break;
		if (wake > r->now_ns) {
			r->wall_ns += wake - r->now_ns;
			r->now_ns = wake;
		}
	}
	if (until > r->now_ns && !r->is_dead) {
		r->wall_ns += until - r->now_ns;
		r->now_ns = until;
	}
}

void
rig_event(struct rig *r, enum event_kind kind, const char *subject, const char *words,
	const char *who)
{
	struct engine_time t = rig_time(r);
	struct event e = { .id = ++r->event, .kind = kind, .stamp_ns = r->now_ns };

	(void)!text_copy(e.subject, sizeof(e.subject), subject);
	(void)!text_copy(e.text, sizeof(e.text), words);
	(void)!text_copy(e.principal, sizeof(e.principal), who);
	engine_event(r->engine, &t, &e, r->wall_ns);
}

unsigned
rig_sent_to(const struct rig *r, uint32_t address)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_sent; i++)
		n += r->sent[i % NELEM(r->sent)].address == address;
	return n;
}
