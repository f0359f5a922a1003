/* audit_chain.c - is a record of who asked what whole? */
#include "msg/audit_chain.h"

#include <stdio.h>
#include <string.h>

void
audit_chain_begin(struct audit_chain *c)
{
	*c = (struct audit_chain){ .fault = c->fault, .ctx = c->ctx };
	memcpy(c->hash, audit_begin, sizeof(c->hash));
}

static void
fault(struct audit_chain *c, const char *what)
{
	c->faults++;
	if (c->fault != NULL)
		c->fault(c->ctx, what);
}

/* The line before was no record. It is forgiven when the gate has said that the power was lost over it. */
static void
settle(struct audit_chain *c, bool is_torn)
{
	if (c->bad[0] == '\0')
		return;
	if (is_torn)
		c->torn++;
	else
		fault(c, c->bad);
	c->bad[0] = '\0';
}

void
audit_chain_line(struct audit_chain *c, unsigned row, const char *line, size_t n)
{
	uint64_t number;
	char what[160];
	enum audit_line is;

	/* Of files whose predecessors are not there any more, the first line is bound to one that nobody can read. */
	if (!c->has_begun && audit_check(line, n, c->hash, &number) != AUDIT_NO_LINE &&
		number != 1) {
		snprintf(what, sizeof(what),
			"it begins with record %llu: those before are not here",
			(unsigned long long)number);
		fault(c, what);
		is = AUDIT_GOOD;
	} else {
		if (!c->has_begun)
			memcpy(c->hash, audit_begin, sizeof(c->hash));
		is = audit_check(line, n, c->hash, &number);
	}
	settle(c, is == AUDIT_GOOD && audit_is_about_file(line, n, AUDIT_ACT_TORN));
	if (is == AUDIT_NO_LINE) {
		snprintf(c->bad, sizeof(c->bad), "line %u is no record", row);
		return;
	}
	if (is == AUDIT_OTHER) {
		snprintf(what, sizeof(what),
			"line %u, record %llu: it, or the line before it, is not what was written",
			row, (unsigned long long)number);
		fault(c, what);
	} else if (c->has_begun && number != c->n + 1) {
		snprintf(what, sizeof(what), "line %u: record %llu comes behind record %llu", row,
			(unsigned long long)number, (unsigned long long)c->n);
		fault(c, what);
	}
	c->has_begun = true;
	c->n = number;
}

void
audit_chain_end(struct audit_chain *c)
{
	settle(c, false);
}
