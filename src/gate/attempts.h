/* attempts.h - wrong passwords are counted, by account and by address; of this computer's own address, over which everybody may come (a proxy, a tunnel), by both together.
 * Pure; nothing grows.
 *
 * After ATTEMPTS_FREE of them further ones are refused without being looked at, for a time that doubles with each that follows. Names that nobody has are counted as
 * well, several of them together, so that nobody learns by that which names there are. An hour without a wrong one forgets them.
 */
#ifndef GATE_ATTEMPTS_H
#define GATE_ATTEMPTS_H

#include "msg/accounts.h"

#define ATTEMPTS_FREE 10
#define ATTEMPTS_PINS 5
#define ATTEMPTS_FIRST_NS (30 * NS_PER_S)
#define ATTEMPTS_LONGEST_NS (60 * 60 * NS_PER_S)
#define ATTEMPTS_NAMES 256     /* places, by a hash of the name */
#define ATTEMPTS_ADDRESSES 256 /* of which those with the fewest wrong ones make room */
#define ATTEMPTS_ADDRESS 80

struct attempt {
	char key[ATTEMPTS_ADDRESS]; /* an address, or the name of an account that there is */
	uint32_t wrong;
	int64_t last_ns, until_ns; /* refused until */
};

struct attempts {
	struct attempt accounts[ACCOUNTS_MAX]; /* of names that there are */
	struct attempt names[ATTEMPTS_NAMES];  /* of those that there are not */
	struct attempt addresses[ATTEMPTS_ADDRESSES];
	struct attempt pins[ACCOUNTS_MAX], pin_names[ATTEMPTS_NAMES]; /* likewise of PINs */
	uint64_t salt; /* chance: nobody can find two names that are counted together */
};

/* Somebody who may has given the account another password, or another PIN. */
void attempts_forget(struct attempts *a, const char *name);

/* For how long both are refused still; 0: not. is_known: there is such an account. */
int64_t attempts_wait(
	struct attempts *a, const char *name, bool is_known, const char *address, int64_t now_ns);

/* A PIN has few digits: after ATTEMPTS_PINS wrong ones none of this name is looked at for so long, unless they are forgotten before; 0: it is. They count as passwords besides. */
int64_t attempts_pin_wait(struct attempts *a, const char *name, bool is_known, int64_t now_ns);
void attempts_pin_told(
	struct attempts *a, const char *name, bool is_known, bool is_good, int64_t now_ns);

/* It was looked at. */
void attempts_told(struct attempts *a, const char *name, bool is_known, const char *address,
	bool is_good, int64_t now_ns);

#endif
