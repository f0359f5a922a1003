/* attempts.c - wrong passwords are counted */
#include "gate/attempts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void
forget_old(struct attempt *x, int64_t now_ns)
{
	if (x->wrong > 0 && now_ns >= x->until_ns && now_ns - x->last_ns > ATTEMPTS_LONGEST_NS)
		*x = (struct attempt){ 0 };
}

/* The place of a key: its own, else a free one, else that with the fewest wrong ones, the oldest of them. */
static struct attempt *
find_place(struct attempt *all, size_t n, const char *key, bool may_take, int64_t now_ns)
{
	struct attempt *place = &all[0];

	for (size_t i = 0; i < n; i++) {
		struct attempt *x = &all[i];

		forget_old(x, now_ns);
		if (x->wrong > 0 && strcmp(x->key, key) == 0)
			return x;
		if (x->wrong < place->wrong ||
			(x->wrong == place->wrong && x->last_ns < place->last_ns))
			place = x;
	}
	if (!may_take)
		return NULL;
	*place = (struct attempt){ 0 };
	text_copy(place->key, sizeof(place->key), key);
	return place;
}

static uint64_t
salted_hash(const struct attempts *a, const char *name)
{
	char bytes[sizeof(a->salt) + ACCOUNT_NAME];
	size_t n = MIN(strlen(name), (size_t)ACCOUNT_NAME);

	memcpy(bytes, &a->salt, sizeof(a->salt));
	memcpy(bytes + sizeof(a->salt), name, n);
	return text_hash(bytes, sizeof(a->salt) + n) >> 20; /* the low bits mix little */
}

static const char *
address_key(char out[ATTEMPTS_ADDRESS], const char *address, const char *name)
{
	bool is_own = strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
		      strncmp(address, "::ffff:127.", 11) == 0;

	snprintf(out, ATTEMPTS_ADDRESS, "%.46s%s%.30s", address, is_own ? " " : "",
		is_own ? name : "");
	return out;
}

static struct attempt *
place_in(const struct attempts *a, struct attempt *accounts, struct attempt *names,
	const char *name, bool is_known, bool may_take, int64_t now_ns)
{
	struct attempt *x;

	if (is_known)
		return find_place(accounts, ACCOUNTS_MAX, name, may_take, now_ns);
	x = &names[salted_hash(a, name) % ATTEMPTS_NAMES];
	forget_old(x, now_ns);
	return x;
}

static struct attempt *
place_of_name(struct attempts *a, const char *name, bool is_known, bool may_take, int64_t now_ns)
{
	return place_in(a, a->accounts, a->names, name, is_known, may_take, now_ns);
}

int64_t
attempts_pin_wait(struct attempts *a, const char *name, bool is_known, int64_t now_ns)
{
	const struct attempt *x = place_in(a, a->pins, a->pin_names, name, is_known, false, now_ns);

	if (x == NULL || x->wrong < ATTEMPTS_PINS)
		return 0;
	return MAX(1, x->last_ns + ATTEMPTS_LONGEST_NS - now_ns);
}

void
attempts_pin_told(struct attempts *a, const char *name, bool is_known, bool is_good, int64_t now_ns)
{
	struct attempt *x = place_in(a, a->pins, a->pin_names, name, is_known, !is_good, now_ns);

	if (x != NULL && is_good)
		*x = (struct attempt){ 0 };
	if (is_good)
		return;
	x->wrong = MIN(x->wrong + 1, (uint32_t)ATTEMPTS_PINS);
	x->last_ns = now_ns;
}

int64_t
attempts_wait(
	struct attempts *a, const char *name, bool is_known, const char *address, int64_t now_ns)
{
	char key[ATTEMPTS_ADDRESS];
	const struct attempt *by_name = place_of_name(a, name, is_known, false, now_ns);
	const struct attempt *by_address = find_place(
		a->addresses, ATTEMPTS_ADDRESSES, address_key(key, address, name), false, now_ns);
	int64_t until_ns = MAX(by_name != NULL ? by_name->until_ns : 0,
		by_address != NULL ? by_address->until_ns : 0);

	return MAX(0, until_ns - now_ns);
}

static void
count(struct attempt *x, int64_t now_ns)
{
	uint32_t over;

	x->wrong = MIN(x->wrong + 1, ATTEMPTS_FREE + 16u);
	x->last_ns = now_ns;
	if (x->wrong < ATTEMPTS_FREE)
		return;
	over = x->wrong - ATTEMPTS_FREE;
	x->until_ns = now_ns + MIN(ATTEMPTS_FIRST_NS << MIN(over, 16u), ATTEMPTS_LONGEST_NS);
}

void
attempts_told(struct attempts *a, const char *name, bool is_known, const char *address,
	bool is_good, int64_t now_ns)
{
	char key[ATTEMPTS_ADDRESS];
	struct attempt *x;

	address = address_key(key, address, name);
	if (!is_good) {
		count(place_of_name(a, name, is_known, true, now_ns), now_ns);
		count(find_place(a->addresses, ATTEMPTS_ADDRESSES, address, true, now_ns), now_ns);
		return;
	}
	x = place_of_name(a, name, is_known, false, now_ns);
	if (x != NULL)
		*x = (struct attempt){ 0 };
	/* Not forgotten: who has an account could try those of others for ever. */
	x = find_place(a->addresses, ATTEMPTS_ADDRESSES, address, false, now_ns);
	if (x != NULL)
		x->wrong /= 2;
}

void
attempts_forget(struct attempts *a, const char *name)
{
	for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
		if (a->accounts[i].wrong > 0 && strcmp(a->accounts[i].key, name) == 0)
			a->accounts[i] = (struct attempt){ 0 };
		if (a->pins[i].wrong > 0 && strcmp(a->pins[i].key, name) == 0)
			a->pins[i] = (struct attempt){ 0 };
	}
}
