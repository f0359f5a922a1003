/* test_image_notices.c - what an image says of people who are told is true once it was taken: nobody is told in a circle, each way has what it needs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rand.h"
#include "model/image_notices.h"
#include "msg/event.h"

enum { ANNA, BEN, TEAM, DUTY, NIGHT, N_RECEIVERS };

/* Two persons, a group, a duty with an exception, a chain of three steps, two services. */
struct sample_image {
	struct image head;
	struct image_receiver receivers[N_RECEIVERS];
	struct image_address addresses[4];
	uint32_t members[12];
	struct image_step steps[3];
	struct image_shift shifts[1];
	struct image_push pushes[2];
	uint32_t told_kinds[4];
	struct image_secret secrets[2];
	struct image_alarm alarms[2];
	char strings[64];
};

enum {
	S_OVEN = 1,
	S_ANNA = 6,
	S_BEN = 11,
	S_TEAM = 15,
	S_URL = 20,
	S_MAIL = 31,
};

static const char strings[64] = "\0oven\0anna\0ben\0team\0http://x.y\0a@b.example";

#define TABLE(member)                                                                              \
	((struct image_table){ offsetof(struct sample_image, member),                              \
		NELEM(((struct sample_image *)NULL)->member) })

static void
make_people(struct sample_image *s)
{
	struct image_receiver *r = s->receivers;

	for (uint32_t i = 0; i < N_RECEIVERS; i++)
		r[i] = (struct image_receiver){ .name = S_ANNA,
			.first_address = i == ANNA  ? 0
					 : i == BEN ? 3
						    : 4,
			.first_step = 0,
			.first_shift = i > DUTY ? 1 : 0 };
	r[ANNA].n_addresses = 3;
	r[ANNA].quiet_from = 22 * 60;
	r[ANNA].quiet_to = 24 * 60 - 1;
	r[ANNA].quiet_below = PRIORITY_HIGH;
	r[ANNA].by[PRIORITY_HIGH] = 1u << ALERT_PUSH | 1u << ALERT_MAIL;
	r[BEN].n_addresses = 1;
	r[TEAM].kind = RECEIVER_GROUP;
	r[TEAM].members = (struct image_list){ 0, 2 };
	r[DUTY].kind = RECEIVER_DUTY;
	r[DUTY].members = (struct image_list){ 2, 2 };
	r[DUTY].n_shifts = 1;
	r[DUTY].turn_from = 20458;
	r[DUTY].turn_days = 7;
	r[DUTY].turn_minute = 8 * 60;
	r[NIGHT].kind = RECEIVER_CHAIN;
	r[NIGHT].n_steps = 3;
	r[NIGHT].again = RECEIVER_AGAIN_MAX;
	r[NIGHT].again_ns = 60 * NS_PER_S;
}

static void
make(struct sample_image *s)
{
	static const uint32_t members[12] = { ANNA, BEN, ANNA, BEN, BEN, DUTY, TEAM, BEN, NIGHT,
		TEAM, TEAM, ANNA };

	memset(s, 0, sizeof(*s));
	memcpy(s->strings, strings, sizeof(strings));
	memcpy(s->members, members, sizeof(members));
	s->head = (struct image){ .magic = IMAGE_MAGIC,
		.version = IMAGE_VERSION,
		.on_stop = IMAGE_NONE,
		.bench_state = IMAGE_NONE,
		.horn = IMAGE_NONE,
		.size = sizeof(*s),
		.bench = S_OVEN,
		.tick_ns = 100 * NS_PER_MS,
		.notices = { .is_on = 1,
			.by_priority = { [PRIORITY_HIGH] = { 8, 1 } },
			.events = { 9, 1 },
			.mail_server = S_URL,
			.mail_from = S_MAIL,
			.mail_password = 1,
			.beat_url = S_URL,
			.beat_every_ns = 60 * NS_PER_S },
		.receivers = TABLE(receivers),
		.addresses = TABLE(addresses),
		.members = TABLE(members),
		.steps = TABLE(steps),
		.shifts = TABLE(shifts),
		.pushes = TABLE(pushes),
		.told_kinds = TABLE(told_kinds),
		.secrets = TABLE(secrets),
		.strings = TABLE(strings) };
	make_people(s);
	s->addresses[0] = (struct image_address){ .way = ALERT_PUSH, .text = S_TEAM, .push = 0 };
	s->addresses[1] = (struct image_address){ .way = ALERT_PUSH, .push = 1 };
	s->addresses[2] = (struct image_address){ .way = ALERT_MAIL, .text = S_MAIL };
	s->addresses[3] = (struct image_address){ .way = ALERT_MAIL, .text = S_MAIL };
	for (uint32_t i = 0; i < 3; i++)
		s->steps[i] = (struct image_step){ .to = { 5 + i, 1 }, .after_ns = i * NS_PER_S };
	s->steps[2].by = 1u << ALERT_MAIL;
	s->shifts[0] = (struct image_shift){ .from = 1000, .to = 2000, .who = { 4, 1 } };
	s->pushes[0] = (struct image_push){ .name = S_ANNA, .kind = PUSH_NTFY, .url = S_URL };
	s->pushes[1] = (struct image_push){ .name = S_BEN, .kind = PUSH_TEXT, .secret = 2 };
	for (uint32_t i = 0; i < 4; i++)
		s->told_kinds[i] = 3 * i;
	s->secrets[0] = s->secrets[1] = (struct image_secret){ .name = S_ANNA };
}

static void
test_good(void **state)
{
	struct sample_image s;
	struct err err;

	make(&s);
	if (image_check(&s, sizeof(s), &err) != 0)
		fail_msg("%s", err.msg);
}

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		make(&s);                                                                          \
		change;                                                                            \
		if (image_check(&s, sizeof(s), NULL) != ERR_CONF)                                  \
			fail_msg("taken: %s", #change);                                            \
	} while (0)

static void
test_head(void **state)
{
	struct sample_image s;

	REFUSED(s.head.notices.is_on = 2);
	REFUSED(s.head.notices.site = sizeof(strings));
	REFUSED(s.head.notices.page = UINT32_MAX);
	REFUSED(s.head.notices.mail_server = sizeof(strings));
	REFUSED(s.head.notices.mail_from = 0); /* a server, and nobody who writes */
	REFUSED(s.head.notices.mail_server = 0);
	REFUSED(s.head.notices.mail_user = sizeof(strings));
	REFUSED(s.head.notices.mail_ca = sizeof(strings));
	REFUSED(s.head.notices.mail_password = 3);
	REFUSED(s.head.notices.is_mail_plain = 1); /* with a password */
	REFUSED(s.head.notices.is_mail_plain = 2);
	REFUSED(s.head.notices.beat_url = sizeof(strings));
	REFUSED(s.head.notices.beat_every_ns = 0);
	REFUSED(s.head.notices.beat_every_ns = INT64_MAX);
	REFUSED(s.head.notices.gather_ns = -1);
	REFUSED(s.head.notices.again_ns = -1);
	REFUSED(s.head.notices.by_priority[PRIORITY_LOW].n = 13);
	REFUSED(s.head.notices.by_priority[PRIORITY_CRITICAL].first = 13);
	REFUSED(s.head.notices.events.n = UINT32_MAX);
	REFUSED(s.members[9] = N_RECEIVERS);
	REFUSED(s.told_kinds[3] = EVENT_COUNT);
	REFUSED(s.told_kinds[3] = s.told_kinds[2]);
	REFUSED(s.head.told_kinds.off = UINT32_MAX - 7);
	REFUSED(s.head.members.n = UINT32_MAX);
	REFUSED(s.head.receivers.off += 4);
}

static void
test_services(void **state)
{
	struct sample_image s;

	REFUSED(s.pushes[0].name = 0);
	REFUSED(s.pushes[0].kind = PUSH_KINDS);
	REFUSED(s.pushes[0].url = 0);
	REFUSED(s.pushes[0].url = sizeof(strings));
	REFUSED(s.pushes[1].secret = 0); /* it is its address */
	REFUSED(s.pushes[1].secret = 3);
	REFUSED(s.pushes[1].kind = PUSH_WEBHOOK);
	REFUSED(s.pushes[0].user = sizeof(strings));
	REFUSED(s.pushes[0].ca = sizeof(strings));
	REFUSED(s.pushes[0].template = sizeof(strings));
	REFUSED(s.pushes[0].value = sizeof(strings));
	REFUSED(s.pushes[0].value_over = sizeof(strings));
	REFUSED(s.pushes[0].backup_url = sizeof(strings));
}

static void
test_people(void **state)
{
	struct sample_image s;

	REFUSED(s.receivers[ANNA].name = 0);
	REFUSED(s.receivers[ANNA].title = sizeof(strings));
	REFUSED(s.receivers[ANNA].kind = RECEIVER_DUTY + 1);
	REFUSED(s.receivers[ANNA].kind = RECEIVER_GROUP);
	REFUSED(s.receivers[ANNA].language = LANGUAGE_FR + 1);
	REFUSED(s.receivers[ANNA].by[PRIORITY_LOW] = 1u << ALERT_WAYS);
	REFUSED(s.receivers[ANNA].quiet_below = PRIORITIES);
	REFUSED(s.receivers[ANNA].quiet_from = 24 * 60);
	REFUSED(s.receivers[ANNA].quiet_to = 24 * 60);
	REFUSED(s.receivers[ANNA].n_addresses = 0);
	REFUSED(s.receivers[ANNA].n_addresses = 5);
	REFUSED(s.receivers[ANNA].first_address = 1);
	REFUSED(s.receivers[BEN].first_address = 2); /* one of Anna's */
	REFUSED(s.receivers[BEN].n_addresses = 0);
	REFUSED(s.head.addresses.n = 5);
	REFUSED(s.addresses[0].way = ALERT_WAYS);
	REFUSED(s.addresses[0].way = ALERT_MAIL); /* behind push */
	REFUSED(s.addresses[0].text = sizeof(strings));
	REFUSED(s.addresses[0].push = 2);
	REFUSED(s.addresses[2].text = 0);
	REFUSED(s.addresses[2].push = 1);
}

static void
test_groups_duties_and_chains(void **state)
{
	struct sample_image s;

	REFUSED(s.receivers[TEAM].members.n = 0);
	REFUSED(s.receivers[TEAM].members.n = UINT32_MAX);
	REFUSED(s.receivers[TEAM].members.first = 12);
	REFUSED(s.members[0] = TEAM);  /* itself */
	REFUSED(s.members[0] = NIGHT); /* a later one */
	REFUSED(s.receivers[TEAM].n_steps = 1);
	REFUSED(s.receivers[DUTY].members.n = 0);
	REFUSED(s.receivers[DUTY].turn_days = 0);
	REFUSED(s.receivers[DUTY].turn_days = 367);
	REFUSED(s.receivers[DUTY].turn_from = -1);
	REFUSED(s.receivers[DUTY].turn_from = INT64_MAX);
	REFUSED(s.receivers[DUTY].turn_minute = 24 * 60);
	REFUSED(s.receivers[DUTY].n_shifts = 2);
	REFUSED(s.receivers[DUTY].n_shifts = 0);
	REFUSED(s.receivers[DUTY].first_shift = 1);
	REFUSED(s.members[3] = DUTY);
	REFUSED(s.members[4] = DUTY);
	REFUSED(s.shifts[0].who.n = 0);
	REFUSED(s.shifts[0].from = 2000);
	REFUSED(s.shifts[0].from = -1);
	REFUSED(s.shifts[0].to = INT64_MAX);
	REFUSED(s.receivers[NIGHT].n_steps = 0);
	REFUSED(s.receivers[NIGHT].n_steps = 2);
	REFUSED(s.receivers[NIGHT].first_step = UINT32_MAX);
	REFUSED(s.receivers[NIGHT].again = RECEIVER_AGAIN_MAX + 1);
	REFUSED(s.receivers[NIGHT].again_ns = -1);
	REFUSED(s.receivers[NIGHT].is_until_over = 2);
	REFUSED(s.steps[1].after_ns = 0);
	REFUSED(s.steps[0].after_ns = -1);
	REFUSED(s.steps[2].after_ns = INT64_MAX);
	REFUSED(s.steps[0].by = 1u << ALERT_WAYS);
	REFUSED(s.steps[0].to.n = 0);
	REFUSED(s.members[6] = NIGHT);
}

/* Whom an alarm names; what else it holds is another part's. */
static void
test_alarms(void **state)
{
	struct sample_image s;
	uint32_t row;

	make(&s);
	s.head.alarms = TABLE(alarms);
	s.alarms[0] = (struct image_alarm){ .is_notified = 1, .first_member = 8, .n_members = 4 };
	s.alarms[1] = (struct image_alarm){ .is_notified = 1 };
	assert_null(image_check_notices(&s.head, &row));
	s.alarms[1].is_notified = 2;
	assert_string_equal(image_check_notices(&s.head, &row), "alarm");
	assert_int_equal(row, 1);
	s.alarms[1].is_notified = 0;
	s.alarms[0].is_notified = 0;
	assert_string_equal(image_check_notices(&s.head, &row), "alarm");
	assert_int_equal(row, 0);
	s.alarms[0].is_notified = 1;
	s.alarms[0].n_members = 5;
	assert_string_equal(image_check_notices(&s.head, &row), "alarm");
}

static uint64_t read_receiver(const struct image *img, uint32_t i);

static uint64_t
read_list(const struct image *img, const struct image_list *list)
{
	const uint32_t *members = image_at(img, &img->members);
	uint64_t sum = 0;

	for (uint32_t i = list->first; i < list->first + list->n; i++)
		sum += read_receiver(img, members[i]);
	return sum;
}

/* As one does who tells people: it ends. */
static uint64_t
read_receiver(const struct image *img, uint32_t i)
{
	const struct image_receiver *r = image_receiver_at(img, i);
	uint64_t sum = strlen(image_text(img, r->name));

	for (uint32_t k = 0; k < r->n_addresses; k++) {
		const struct image_address *a = image_address_at(img, r->first_address + k);

		sum += strlen(image_text(img, a->text));
		if (a->way == ALERT_PUSH)
			sum += strlen(image_text(img, image_push_at(img, a->push)->url));
	}
	sum += read_list(img, &r->members);
	for (uint32_t k = 0; k < r->n_steps; k++)
		sum += read_list(img, &image_step_at(img, r->first_step + k)->to);
	for (uint32_t k = 0; k < r->n_shifts; k++)
		sum += read_list(img, &image_shift_at(img, r->first_shift + k)->who);
	return sum;
}

static void
test_any_bytes(void **state)
{
	struct sample_image s;
	uint64_t seed = 1, sum = 0;
	int taken = 0;

	for (int round = 0; round < 100000; round++) {
		const size_t begin = offsetof(struct sample_image, receivers);
		uint8_t *bytes = (uint8_t *)&s;

		make(&s);
		for (uint64_t k = 1 + rand_below(&seed, 3); k > 0; k--)
			bytes[begin + rand_below(&seed, sizeof(s) - begin)] =
				(uint8_t)rand_next(&seed);
		if (image_check(&s, sizeof(s), NULL) != 0)
			continue;
		taken++;
		for (uint32_t i = 0; i < N_RECEIVERS; i++)
			sum += read_receiver(&s.head, i);
		sum += read_list(&s.head, &s.head.notices.events);
	}
	assert_true(taken > 500 && taken < 99500);
	assert_true(sum > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_groups_duties_and_chains),
		cmocka_unit_test(test_alarms),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
