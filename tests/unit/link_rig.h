/* link_rig.h - a link, its instruments and devices in memory, on a clock that the test moves
 *
 * The protocol is made for these tests (with a tag, with a short one, without), so that they are about the engine alone:
 *	question: length | tag 2 | unit | function | address 2 | count 2 (function 6: value)
 *	answer:   length | tag 2 | unit | function (+ 0x80: refused) | data, or the code of the refusal
 */
#ifndef TESTS_LINK_RIG_H
#define TESTS_LINK_RIG_H

#include "link/link.h"

#define RIG_UNITS 4
#define RIG_POINTS 512

enum rig_mood { RIG_WELL, RIG_SILENT, RIG_BUSY, RIG_GATEWAY, RIG_SENSELESS };

struct rig_device {
	enum rig_mood mood;
	int refuse_all;    /* reads: code, 0: none */
	int refuse_other;  /* writes and "what are you": code, 0: none */
	uint8_t bad[1024]; /* code by register: a request that touches it is refused */
	bool is_hole
		[1024]; /* a request that touches it and asks more than one is refused with code 2 */
	bool is_mute[1024]; /* a request that touches it has no answer */
	unsigned n_mute;    /* such requests */
	unsigned most;      /* registers in one request, more: code 3; 0: any */
	unsigned n_questions;
};

struct rig_point {
	unsigned unit, address, count; /* count | RIG_WRITE_ONLY: it is never read */
	int64_t every_ns;
};

#define RIG_WRITE_ONLY 0x8000u

struct rig {
	struct image *img;
	struct link *link;
	struct link_sink sink;
	int64_t now_ns;
	/* how the world is */
	struct rig_device device[RIG_UNITS];
	int64_t delay_ns; /* of an answer */
	bool is_deaf;     /* cannot be opened */
	bool is_manual;   /* the test answers by itself */
	size_t piece;     /* answers arrive in pieces of so many bytes; 0: whole */
	/* the wire */
	bool is_open;
	uint8_t asked[512];
	size_t n_asked;
	uint8_t answer[512];
	size_t n_answer;
	int64_t answer_ns;
	/* what the engine said */
	struct reading last[RIG_POINTS];
	int64_t stamp[RIG_POINTS];
	unsigned n_good[RIG_POINTS], n_bad[RIG_POINTS];
	unsigned n_states, n_opens, n_closes, n_lines, n_written, n_once;
	enum link_once once; /* of the last write that was to happen once */
	int state[RIG_UNITS], reason[RIG_UNITS];
	enum quality verdict;
	uint32_t verdict_tag;
	char order[256];  /* functions asked, as letters: r w i */
	unsigned salt;    /* added to all registers: a value tells to which question it answers */
	unsigned n_wrong; /* good values that are not what the device holds */
	unsigned n_twice; /* state calls that change nothing */
	struct link_wants wants;
	/* what came of guests */
	unsigned n_guests;
	uint32_t guest_ticket;
	enum guest_end guest_end;
	uint8_t guest[64];
	size_t n_guest;
	char guest_why[128];
};

/* Not opened yet: rig_run() does that. One link, n_units instruments (unit numbers 0 ..), points as listed. timeout 100 ms, 1 retry. */
void rig_init(struct rig *r, const char *codec, unsigned n_units, const struct rig_point *points,
	unsigned n);
void rig_done(struct rig *r);
/* An image of the same shape; hash_of_unit0 != 0 marks instrument 0 as changed. */
struct image *rig_image(const char *codec, unsigned n_units, const struct rig_point *points,
	unsigned n, uint64_t hash_of_unit0);
const struct codec *rig_codec(const char *name);
/* Do what the engine wants, answer as the devices do, until `until_ns`. */
void rig_run(struct rig *r, int64_t until_ns);
/* Carry out link_take() now. */
void rig_take(struct rig *r);
/* The bytes of the answer to r->asked. */
size_t rig_answer(struct rig *r, uint8_t *out);
/* What register `address` holds. */
int64_t rig_value(const struct rig *r, unsigned address);
struct board_state rig_state(const struct rig *r, uint32_t unit);
/* Bad and good values since the last rig_forget(), over points first .. first + n - 1. */
void rig_forget(struct rig *r);
unsigned rig_good(const struct rig *r, unsigned first, unsigned n);
unsigned rig_bad(const struct rig *r, unsigned first, unsigned n);

#endif
