/* test_compile_notify.c - what the tables of the image hold of people who are told */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "compile/units.h"
#include "msg/event.h"

static struct image *
compile(const char *text)
{
	struct bench b;
	struct buf image = { 0 };
	struct err err;
	int rc;

	bench_init(&b, "test.yaml");
	rc = compile_bytes(&b, text, strlen(text), &image, NULL, &err);
	if (rc != 0 || b.diag.n_warnings != 0)
		diag_print(&b.diag, stderr);
	assert_int_equal(rc, 0);
	assert_int_equal(b.diag.n_warnings, 0);
	assert_int_equal(image_check(image.data, image.n, &err), 0);
	bench_done(&b);
	return (struct image *)(void *)image.data;
}

#define HEAD                                                                                       \
	"bench: b\nlanguage: fr\ninstruments: {pc: {use: system}}\n"                               \
	"notify:\n"                                                                                \
	"  all: {to: [night, team, anna]}\n"                                                       \
	"  night:\n"                                                                               \
	"    steps: [{to: duty}, {to: [team], after: 5 min}, {to: ben, after: 15 min, by: "        \
	"mail}]\n"                                                                                 \
	"    again: {after: 30 min, times: 2}\n"                                                   \
	"  team: {to: [anna, ben]}\n"                                                              \
	"  duty:\n"                                                                                \
	"    turns: [ben, anna]\n"                                                                 \
	"    since: \"2026-01-05 08:00\"\n"                                                        \
	"    every: 7 d\n"                                                                         \
	"    except: [{from: \"1970-01-02 00:01\", to: \"2000-03-01 00:00\", to_whom: [caro, "     \
	"ben]}]\n"                                                                                 \
	"  anna:\n"                                                                                \
	"    {title: Anna, language: en, mail: [a@lab.example, b@lab.example], push: [tele/-5, "   \
	"go], by: {critical: [push]}, quiet: {from: \"22:00\", to: \"06:30\"}}\n"                  \
	"  ben: {mail: ben@lab.example, limit: 0}\n"                                               \
	"  caro: {push: go}\n"                                                                     \
	"alert:\n"                                                                                 \
	"  alarms: {high: all, critical: [team, duty]}\n"                                          \
	"  events: {to: anna, of: [process_killed, instrument_down]}\n"                            \
	"  mail: {server: \"smtps://mail.lab\", from: x@lab.example, user: u, password: {secret: " \
	"word}}\n"                                                                                 \
	"  push: {go: {kind: gotify, url: \"https://go.lab\", key: {secret: word}}, tele: {kind: " \
	"telegram, key: {secret: tele}}, chat: {kind: text, url: {secret: chat}}}\n"               \
	"alarms:\n"                                                                                \
	"  one: {when: pc.cpu > 80 %, notify: [caro, night]}\n"                                    \
	"  two: {when: pc.cpu > 80 %, notify: no}\n"                                               \
	"  three: {when: pc.cpu > 80 %}\n"                                                         \
	"rules:\n"                                                                                 \
	"  r: {when: pc.cpu > 50 %, do: [notify team \"it is busy\", notify It is, 'notify all: "  \
	"go: now', 'notify Attention: on']}\n"

static struct image *img;

static int
make(void **state)
{
	img = compile(HEAD);
	return 0;
}

static int
undo(void **state)
{
	free(img);
	return 0;
}

static const struct image_receiver *
receiver(const char *name)
{
	for (uint32_t i = 0; i < img->receivers.n; i++)
		if (strcmp(image_text(img, image_receiver_at(img, i)->name), name) == 0)
			return image_receiver_at(img, i);
	fail_msg("no %s", name);
	return NULL;
}

/* "anna ben" */
static void
names(const struct image_list *list, const char *wanted)
{
	const uint32_t *members = image_at(img, &img->members);
	char found[200] = "";

	for (uint32_t i = list->first; i < list->first + list->n; i++) {
		strcat(found, i == list->first ? "" : " ");
		strcat(found, image_text(img, image_receiver_at(img, members[i])->name));
	}
	assert_string_equal(found, wanted);
}

static void
address(const struct image_receiver *r, uint32_t i, enum alert_way way, const char *text,
	const char *push)
{
	const struct image_address *a = image_address_at(img, r->first_address + i);

	assert_true(i < r->n_addresses);
	assert_int_equal(a->way, way);
	assert_string_equal(image_text(img, a->text), text);
	if (push != NULL)
		assert_string_equal(image_text(img, image_push_at(img, a->push)->name), push);
}

static void
test_people(void **state)
{
	const struct image_receiver *anna = receiver("anna"), *ben = receiver("ben"),
				    *caro = receiver("caro");
	const uint8_t push = 1u << ALERT_PUSH, mail = 1u << ALERT_MAIL;

	assert_int_equal(img->receivers.n, 7);
	assert_int_equal(anna->kind, RECEIVER_PERSON);
	assert_string_equal(image_text(img, anna->title), "Anna");
	assert_int_equal(anna->language, LANGUAGE_EN);
	assert_int_equal(ben->language, LANGUAGE_FR);
	assert_int_equal(anna->n_addresses, 4);
	address(anna, 0, ALERT_PUSH, "-5", "tele");
	address(anna, 1, ALERT_PUSH, "", "go");
	address(anna, 2, ALERT_MAIL, "a@lab.example", NULL);
	address(anna, 3, ALERT_MAIL, "b@lab.example", NULL);
	assert_int_equal(anna->by[PRIORITY_LOW], mail);
	assert_int_equal(anna->by[PRIORITY_MEDIUM], push | mail);
	assert_int_equal(anna->by[PRIORITY_CRITICAL], push);
	assert_int_equal(anna->quiet_from, 22 * 60);
	assert_int_equal(anna->quiet_to, 6 * 60 + 30);
	assert_int_equal(anna->quiet_below, PRIORITY_HIGH);
	assert_int_equal(anna->limit, 20);
	assert_int_equal(ben->limit, 0);
	assert_int_equal(ben->n_addresses, 1);
	assert_int_equal(ben->by[PRIORITY_CRITICAL], mail);
	assert_int_equal(caro->by[PRIORITY_LOW], push);
}

static void
test_groups_chains_and_duties(void **state)
{
	const struct image_receiver *night = receiver("night"), *duty = receiver("duty");
	const struct image_shift *shift = image_shift_at(img, duty->first_shift);

	assert_int_equal(receiver("team")->kind, RECEIVER_GROUP);
	names(&receiver("team")->members, "anna ben");
	names(&receiver("all")->members, "night team anna");
	assert_int_equal(night->kind, RECEIVER_CHAIN);
	assert_int_equal(night->n_steps, 3);
	names(&image_step_at(img, night->first_step)->to, "duty");
	names(&image_step_at(img, night->first_step + 1)->to, "team");
	names(&image_step_at(img, night->first_step + 2)->to, "ben");
	assert_int_equal(image_step_at(img, night->first_step + 2)->after_ns, 900 * NS_PER_S);
	assert_int_equal(image_step_at(img, night->first_step + 2)->by, 1u << ALERT_MAIL);
	assert_int_equal(night->again, 2);
	assert_int_equal(night->again_ns, 1800 * NS_PER_S);
	assert_int_equal(night->is_until_over, 0);
	assert_int_equal(duty->kind, RECEIVER_DUTY);
	names(&duty->members, "ben anna");
	assert_int_equal(duty->turn_from, 20458); /* date -d 2026-01-05 +%s / 86400 */
	assert_int_equal(duty->turn_minute, 8 * 60);
	assert_int_equal(duty->turn_days, 7);
	assert_int_equal(duty->n_shifts, 1);
	assert_int_equal(shift->from, 1441);
	assert_int_equal(shift->to, 11017 * 1440);
	names(&shift->who, "caro ben");
}

static void
test_what_is_told(void **state)
{
	const uint32_t *kinds = image_at(img, &img->told_kinds);
	const struct image_list none = { 0, 0 };
	struct image_list to;

	assert_int_equal(img->notices.is_on, 1);
	names(&img->notices.by_priority[PRIORITY_HIGH], "all");
	names(&img->notices.by_priority[PRIORITY_CRITICAL], "team duty");
	assert_int_equal(img->notices.by_priority[PRIORITY_LOW].n, none.n);
	names(&img->notices.events, "anna");
	assert_int_equal(img->told_kinds.n, 2);
	assert_int_equal(kinds[0], EVENT_INSTRUMENT_DOWN);
	assert_int_equal(kinds[1], EVENT_PROCESS_KILLED);
	assert_int_equal(img->notices.gather_ns, 300 * NS_PER_MS);
	assert_int_equal(img->notices.again_ns, 120 * NS_PER_S);
	for (uint32_t i = 0; i < 3; i++) {
		const struct image_alarm *a = image_alarm_at(img, i);

		to = (struct image_list){ a->first_member, a->n_members };
		names(&to, i == 0 ? "caro night" : "");
		assert_int_equal(a->is_notified, i < 2);
	}
	assert_string_equal(image_text(img, image_action_at(img, 0)->text), "team: it is busy");
	assert_string_equal(image_text(img, image_action_at(img, 1)->text), "It is");
	assert_string_equal(image_text(img, image_action_at(img, 2)->text), "all: go: now");
	assert_string_equal(image_text(img, image_action_at(img, 3)->text), "Attention: on");
}

/* One name is one secret here, and none that the controller gets. */
static void
test_servers(void **state)
{
	const struct image_push *go = image_push_at(img, 0), *tele = image_push_at(img, 1),
				*chat = image_push_at(img, 2);

	assert_string_equal(image_text(img, img->notices.mail_server), "smtps://mail.lab");
	assert_string_equal(image_text(img, img->notices.mail_user), "u");
	assert_int_equal(img->notices.mail_password, 1);
	assert_int_equal(img->notices.is_mail_plain, 0);
	assert_int_equal(go->kind, PUSH_GOTIFY);
	assert_int_equal(go->secret, 1);
	assert_int_equal(tele->kind, PUSH_TELEGRAM);
	assert_int_equal(tele->secret, 2);
	assert_string_equal(image_text(img, tele->url), "https://api.telegram.org");
	assert_int_equal(chat->kind, PUSH_TEXT);
	assert_int_equal(chat->secret, 3);
	assert_string_equal(image_text(img, chat->url), "");
	assert_int_equal(img->secrets.n, 3);
}

static void
test_nobody(void **state)
{
	struct image *none = compile("bench: b\ninstruments: {pc: {use: system}}\n");
	struct image *beat =
		compile("bench: b\ninstruments: {pc: {use: system}}\n"
			"alert: {heartbeat: {url: \"https://x.lab/a?b=c\", every: 1 min}}\n");

	assert_int_equal(none->notices.is_on, 0);
	assert_int_equal(none->receivers.n, 0);
	assert_int_equal(beat->notices.is_on, 1);
	assert_int_equal(beat->notices.beat_every_ns, 60 * NS_PER_S);
	assert_string_equal(image_text(beat, beat->notices.beat_url), "https://x.lab/a?b=c");
	free(none);
	free(beat);
}

/* One more than there is room for, of each. */
static void
too_large(const char *what, const char *wanted)
{
	struct bench b;
	struct buf image = { 0 }, text = { 0 };
	struct err err;

	buf_puts(&text, "bench: b\ninstruments: {pc: {use: system}}\nnotify:\n");
	if (strcmp(what, "services") == 0)
		buf_puts(&text, "  a: {mail: a@b.example}\n");
	if (strcmp(what, "names") == 0)
		for (int i = 0; i <= RECEIVERS_MAX; i++)
			buf_printf(&text, "  n%d: {mail: a@b.example}\n", i);
	if (strcmp(what, "addresses") == 0) {
		buf_puts(&text, "  a: {mail: [");
		for (int i = 0; i <= ADDRESSES_MAX; i++)
			buf_printf(&text, "a%d@b.example, ", i);
		buf_puts(&text, "]}\n");
	}
	if (strcmp(what, "members") == 0) {
		for (int i = 0; i < 40; i++)
			buf_printf(&text, "  n%d: {mail: a@b.example}\n", i);
		for (int i = 0; i < 13; i++) {
			buf_printf(&text, "  g%d: {to: [", i);
			for (int k = 0; k < 40; k++)
				buf_printf(&text, "n%d, ", k);
			buf_puts(&text, "]}\n");
		}
	}
	if (strcmp(what, "steps") == 0) {
		buf_puts(&text, "  a: {mail: a@b.example}\n  c: {steps: [");
		for (int i = 0; i <= CHAIN_STEPS_MAX; i++)
			buf_printf(&text, "{to: a, after: %d s}, ", i);
		buf_puts(&text, "]}\n");
	}
	if (strcmp(what, "shifts") == 0) {
		buf_puts(&text, "  a: {mail: a@b.example}\n  c: {turns: a, since: \"2026-01-01 "
				"00:00\", every: 1 d, except: [");
		for (int i = 0; i <= SHIFTS_MAX; i++)
			buf_puts(&text, "{from: \"2026-01-01 00:00\", to: \"2026-01-02 00:00\", "
					"to_whom: a}, ");
		buf_puts(&text, "]}\n");
	}
	buf_puts(&text, "alert:\n  mail: {server: \"smtp://[::1]\", from: a@b.example, tls: no}\n"
			"  push:\n    p: {kind: ntfy, url: https://x.lab}\n");
	if (strcmp(what, "services") == 0) {
		for (int i = 0; i < PUSHES_MAX; i++)
			buf_printf(&text, "    p%d: {kind: ntfy, url: https://x.lab}\n", i);
	}
	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, text.data, text.n, &image, NULL, &err), ERR_CONF);
	if (b.diag.n_lines == 0 || strstr(b.diag.lines[0].text, wanted) == NULL)
		fail_msg("%s: %s", what, b.diag.n_lines == 0 ? "" : b.diag.lines[0].text);
	assert_int_equal(b.diag.n_errors, 1);
	bench_done(&b);
	buf_done(&image);
	buf_done(&text);
}

static void
test_bounds(void **state)
{
	too_large("names", "'n64' is one more than the 64 names");
	too_large("addresses", "more than 256 addresses");
	too_large("members", "more than 512 names");
	too_large("steps", "more than 128 steps");
	too_large("shifts", "more than 64 exceptions");
	too_large("services", "'p31' is one more than the 32 services");
}

static int
open_units(void **state)
{
	struct err err;

	return units_open(&err);
}

static int
close_units(void **state)
{
	units_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_people, make, undo),
		cmocka_unit_test_setup_teardown(test_groups_chains_and_duties, make, undo),
		cmocka_unit_test_setup_teardown(test_what_is_told, make, undo),
		cmocka_unit_test_setup_teardown(test_servers, make, undo),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, open_units, close_units);
}
