/* alert_rig.h - an image with people in it, an engine with a ledger in memory, ways out that do as they are told */
#ifndef TESTS_ALERT_RIG_H
#define TESTS_ALERT_RIG_H

#include "alert/engine.h"

/* Receivers: anna (push, mail), ben (mail, push), carl (mail), team (anna, ben), duty (anna, ben in turn, a week each from minute 0), night: duty, after 5 min team,
 * after 15 min carl by mail, again once after 30 min; notes (until over): ben.
 * Alarms: hot (high, night), cold (medium, team), flow (critical, night), quiet (medium, nobody), and `many` more of medium to team. */
enum { R_ANNA, R_BEN, R_CARL, R_TEAM, R_DUTY, R_NIGHT, R_EASY };
enum { A_HOT, A_COLD, A_FLOW, A_QUIET, A_EASY, A_MANY };
#define MANY 40
enum { AT_ANNA_PUSH, AT_ANNA_MAIL, AT_BEN_PUSH, AT_BEN_MAIL, AT_CARL_MAIL, ADDRESSES };

struct rig_sent {
	uint64_t id;
	uint32_t address;
	enum telling_what what;
	int64_t now_ns;
	unsigned n_notices, n_more;
	bool is_repeated;
};

struct rig {
	struct image *img;
	struct engine *engine;
	struct entry *ledger;
	unsigned n_ledger, cap_ledger;
	struct rig_sent sent[4096];
	unsigned n_sent;
	unsigned n_nobody;
	char tried[200];
	int64_t now_ns, wall_ns;
	/* What becomes of a message to an address, at once; ALERT_RESULTS: nothing comes back. */
	unsigned result[ADDRESSES];
	unsigned stop_at; /* the process ends behind this entry; 0: it does not */
	bool is_dead;
	uint64_t event;
};

void rig_open(struct rig *r);
void rig_close(struct rig *r);
void rig_restart(struct rig *r); /* from its ledger */
/* Time goes on, and what is due is done; until the process ends. */
void rig_pass(struct rig *r, int64_t ns);
void rig_event(struct rig *r, enum event_kind kind, const char *subject, const char *text,
	const char *who);
unsigned rig_sent_to(const struct rig *r, uint32_t address); /* messages */
struct engine_time rig_time(const struct rig *r);

#endif
