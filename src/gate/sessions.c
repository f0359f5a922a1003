/* sessions.c - who has signed in */
#include "gate/sessions.h"

#include <string.h>

#include "base/text.h"

int64_t
session_end_ns(const struct session *s)
{
	if (s->is_lasting)
		return NEVER;
	return MIN(s->used_ns + SESSION_IDLE_NS, s->begun_ns + SESSION_LONGEST_NS);
}

static bool
is_over(const struct session *s, int64_t now_ns)
{
	return !s->is_there || now_ns >= session_end_ns(s);
}

/* The account's oldest when it has as many as it may; else a free place, else the oldest of all. */
static struct session *
find_place(struct sessions *s, const char *name, int64_t now_ns)
{
	struct session *own = NULL, *any = NULL, *free_one = NULL;
	size_t n = 0;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *x = &s->all[i];

		if (is_over(x, now_ns)) {
			free_one = x;
			continue;
		}
		if (any == NULL || x->used_ns < any->used_ns)
			any = x;
		if (strcmp(x->name, name) != 0)
			continue;
		n++;
		if (own == NULL || x->used_ns < own->used_ns)
			own = x;
	}
	if (n >= SESSIONS_EACH)
		return own;
	return free_one != NULL ? free_one : any;
}

struct session *
sessions_begin(struct sessions *s, const char *name, const uint8_t digest[SHA256_BYTES],
	const uint8_t proof[SHA256_BYTES], int64_t now_ns, struct session *out_before)
{
	struct session *x = find_place(s, name, now_ns);

	*out_before = *x;
	*x = (struct session){ .is_there = true, .begun_ns = now_ns, .used_ns = now_ns };
	memcpy(x->digest, digest, SHA256_BYTES);
	memcpy(x->proof, proof, SHA256_BYTES);
	text_copy(x->name, sizeof(x->name), name);
	return x;
}

void
session_act(struct session *s, const char *name, const uint8_t digest[SHA256_BYTES], int64_t now_ns)
{
	memcpy(s->before, s->digest, SHA256_BYTES);
	memcpy(s->digest, digest, SHA256_BYTES);
	text_copy(s->acting, sizeof(s->acting), name);
	s->acting_begun_ns = s->acting_used_ns = now_ns;
}

int64_t
session_acting_end_ns(const struct session *s)
{
	return MIN(s->acting_used_ns + SESSION_ACT_IDLE_NS,
		s->acting_begun_ns + SESSION_ACT_LONGEST_NS);
}

const char *
session_acting(const struct session *s, int64_t now_ns)
{
	return now_ns < session_acting_end_ns(s) ? s->acting : "";
}

static unsigned
differs(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES])
{
	unsigned bits = 0;

	for (size_t k = 0; k < SHA256_BYTES; k++)
		bits |= (unsigned)(a[k] ^ b[k]);
	return bits;
}

struct session *
sessions_find(struct sessions *s, const uint8_t digest[SHA256_BYTES], int64_t now_ns)
{
	struct session *found = NULL;

	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (differs(digest, s->all[i].digest) == 0 && !is_over(&s->all[i], now_ns))
			found = &s->all[i];
	return found;
}

struct session *
sessions_find_before(struct sessions *s, const uint8_t digest[SHA256_BYTES], int64_t now_ns)
{
	struct session *found = NULL;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *x = &s->all[i];

		if (differs(digest, x->before) == 0 && !is_over(x, now_ns) &&
			x->acting_begun_ns > 0 && now_ns < x->acting_begun_ns + SESSION_BEFORE_NS)
			found = x;
	}
	return found;
}
