/* hold.c - who holds the bench */
#include "gate/hold.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/policy.h"

#define SECONDS_AT 19 /* where the fraction of a second begins in clock_text() */

static void
since_text(char out[CLOCK_TEXT_SIZE], const struct hold *h)
{
	clock_text(out, h->since_ns);
	if (strlen(out) > SECONDS_AT)
		memcpy(out + SECONDS_AT, "Z", 2);
}

void
hold_text(char *out, const struct hold *h)
{
	char since[CLOCK_TEXT_SIZE];

	out[0] = '\0';
	if (h->who[0] == '\0')
		return;
	since_text(since, h);
	snprintf(out, HOLD_TEXT, "%.22s %s", since, h->who);
}

/* It fits into the text of a verdict, however long the name. */
static int
refuse(const struct hold *h, struct err *err)
{
	char since[CLOCK_TEXT_SIZE];

	since_text(since, h);
	return err_set(err, ERR_REFUSED, 409,
		"%s holds the bench since %s; ask for it; an admin may take it with a reason",
		h->who, since);
}

static void
give(struct hold *h, const char *who, int64_t wall_ns)
{
	if (strcmp(h->who, who) == 0)
		return;
	text_copy(h->who, sizeof(h->who), who);
	h->since_ns = wall_ns;
}

int
hold_check(const struct hold *h, const char *who, enum command_kind kind, struct err *err)
{
	if (h->who[0] == '\0' || strcmp(h->who, who) == 0 || policy_is_towards_safe(kind))
		return 0;
	return refuse(h, err);
}

int
hold_take(struct hold *h, const char *who, bool by_force, bool is_admin, const char *reason,
	int64_t wall_ns, struct err *err)
{
	if (by_force && !is_admin)
		return err_set(err, ERR_REFUSED, 403,
			"by force the bench is taken by an administrator (role admin or root), or "
			"at the command line");
	if (by_force && reason[0] == '\0')
		return err_set(err, ERR_REFUSED, 400,
			"by force it needs a reason: write in a few words why, it is recorded");
	if (!by_force && h->who[0] != '\0' && strcmp(h->who, who) != 0)
		return refuse(h, err);
	give(h, who, wall_ns);
	return 0;
}

int
hold_hand_over(struct hold *h, const char *who, const char *to, int64_t wall_ns, struct err *err)
{
	if (h->who[0] == '\0')
		return err_set(err, ERR_REFUSED, 409,
			"nobody holds the bench; take it first, to hand it over");
	if (strcmp(h->who, who) != 0)
		return refuse(h, err);
	give(h, to, wall_ns);
	return 0;
}
