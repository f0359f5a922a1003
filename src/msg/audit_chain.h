/* audit_chain.h - is a record of who asked what whole? Line by line, over all files. Pure. */
#ifndef MSG_AUDIT_CHAIN_H
#define MSG_AUDIT_CHAIN_H

#include "msg/audit.h"

struct audit_chain {
	char hash[AUDIT_HASH]; /* of the line before */
	uint64_t n;            /* its number */
	unsigned faults, torn;
	bool has_begun;
	char bad[160]; /* what is wrong with the line before, as long as it may have been torn; "" */
	void (*fault)(void *ctx, const char *what); /* told of each; NULL: nobody is */
	void *ctx;
};

void audit_chain_begin(struct audit_chain *c);
void audit_chain_line(struct audit_chain *c, unsigned row, const char *line, size_t n);
void audit_chain_end(struct audit_chain *c); /* behind the last line of all */

#endif
