/* test_modem.c - the driver of modems against a scripted one on a virtual clock: what goes well, and each fault by itself
 *
 * The modem here takes the bytes of modem_run and answers after 10 ms each; a test switches its faults on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "alert/modem.h"
#include "base/text.h"

#define STORE 10
#define ANSWER_NS (10 * NS_PER_MS)
#define NUMBER "+491701234567"

static struct {
	char queue[16384]; /* what it says, still to come */
	size_t n;
	char line[2048];
	size_t n_line;
	bool is_entry; /* of a text */
	char log[64][700];
	unsigned n_log;
	bool store_full[STORE + 1];
	char store[STORE + 1][400];
	unsigned sent, pins, reference;
	/* faults */
	bool has_echo, is_silent, is_noisy, has_no_pdu, cannot_delete, has_no_prompt, no_ucs2;
	bool is_locked;
	const char *pin, *card, *inside; /* `inside`: comes in the middle of each answer */
	const char *next_send[6];        /* answers to the texts; NULL: sent */
	unsigned n_next_send;
	const char *registered;
	int64_t prompt_ns; /* when a late prompt comes */
	bool prompt_late;
	const char *tries;
} fake;

static struct modem m;
static struct sms_event told[64];
static unsigned n_told;
static int64_t now_ns;
static bool is_lost;

static void
say(const char *text)
{
	size_t n = strlen(text);

	assert_true(fake.n + n < sizeof(fake.queue));
	memcpy(fake.queue + fake.n, text, n);
	fake.n += n;
}

static void
say_line(const char *text)
{
	say("\r\n");
	if (fake.is_noisy)
		say("\x80\xFF\x01");
	say(text);
	say("\r\n");
}

static void
store_message(unsigned i, const char *hex)
{
	fake.store_full[i] = true;
	text_copy(fake.store[i], sizeof(fake.store[i]), hex);
}

static int
tpdu_length(const char *hex)
{
	unsigned centre;

	assert_int_equal(sscanf(hex, "%2x", &centre), 1);
	return (int)(strlen(hex) / 2 - 1 - centre);
}

static void
say_stored(const char *before, unsigned i)
{
	char line[600];

	if (m.o.is_text_mode)
		snprintf(line, sizeof(line),
			"%.20s\"REC UNREAD\",\"%s\",,\"26/11/28,14:20:31+08\"\r\n%.399s", before,
			m.is_ucs2 ? "002B003400390031003700300031003200330034003500360037" : NUMBER,
			fake.store[i]);
	else
		snprintf(line, sizeof(line), "%.20s0,,%d\r\n%.399s", before,
			tpdu_length(fake.store[i]), fake.store[i]);
	say_line(line);
}

static bool
is(const char *command, const char *start)
{
	return strncmp(command, start, strlen(start)) == 0;
}

static void
on_command(const char *c)
{
	unsigned used = 0, i;
	char text[100];

	if (fake.n_log < 64)
		text_copy(fake.log[fake.n_log++], sizeof(fake.log[0]), c);
	if (fake.is_silent)
		return;
	if (fake.has_echo) {
		say(c);
		say("\r");
	}
	if (is(c, "ATE0"))
		fake.has_echo = false;
	if (fake.inside != NULL && strcmp(c, "AT") != 0)
		say_line(fake.inside);
	for (i = 1; i <= STORE; i++)
		used += fake.store_full[i];
	if (is(c, "AT+CPIN?")) {
		if (strchr(fake.card, ':') != NULL) {
			say_line(fake.card);
			return;
		}
		snprintf(text, sizeof(text), "+CPIN: %s", fake.card);
		say_line(text);
	} else if (is(c, "AT+CPINR")) {
		if (fake.tries == NULL) {
			say_line("ERROR");
			return;
		}
		say_line(fake.tries);
	} else if (is(c, "AT+CPIN=")) {
		fake.pins++;
		if (strstr(c, fake.pin) == NULL) {
			say_line("+CME ERROR: 16");
			return;
		}
		fake.card = "READY";
	} else if (is(c, "AT+CMGF=0") && fake.has_no_pdu) {
		say_line("ERROR");
		return;
	} else if (is(c, "AT+CSCS=\"UCS2\"") && fake.no_ucs2) {
		say_line("ERROR");
		return;
	} else if (is(c, "AT+CGMM")) {
		say_line("FAKE 1");
	} else if (is(c, "AT+CPMS")) {
		snprintf(text, sizeof(text), "+CPMS: %u,%d,%u,%d,%u,%d", used, STORE, used, STORE,
			used, STORE);
		say_line(text);
	} else if (is(c, "AT+CREG?")) {
		snprintf(text, sizeof(text), "+CREG: 1,%s", fake.registered);
		say_line(text);
	} else if (is(c, "AT+CEREG?")) {
		snprintf(text, sizeof(text), "+CEREG: 1,%s", fake.registered);
		say_line(text);
	} else if (is(c, "AT+CSQ")) {
		say_line("+CSQ: 20,99");
	} else if (is(c, "AT+CMGL")) {
		for (i = 1; i <= STORE; i++) {
			snprintf(text, sizeof(text), "+CMGL: %u,", i);
			if (fake.store_full[i])
				say_stored(text, i);
		}
	} else if (sscanf(c, "AT+CMGR=%u", &i) == 1) {
		if (i <= STORE && fake.store_full[i])
			say_stored("+CMGR: ", i);
	} else if (sscanf(c, "AT+CMGD=%u", &i) == 1) {
		if (fake.cannot_delete) {
			say_line("+CMS ERROR: 500");
			return;
		}
		if (i <= STORE)
			fake.store_full[i] = false;
	} else if (is(c, "AT+CMGS=")) {
		fake.is_entry = !fake.has_no_prompt;
		if (fake.prompt_late)
			fake.prompt_ns = now_ns + 15 * NS_PER_S;
		else if (!fake.has_no_prompt)
			say("\r\n> ");
		return;
	}
	say_line("OK");
}

static void
on_text(const char *text)
{
	char line[32];
	const char *answer = NULL;

	if (fake.n_log < 64)
		text_copy(fake.log[fake.n_log++], sizeof(fake.log[0]), text);
	if (fake.n_next_send > 0) {
		answer = fake.next_send[0];
		memmove(fake.next_send, fake.next_send + 1,
			sizeof(fake.next_send) - sizeof(fake.next_send[0]));
		fake.n_next_send--;
	}
	if (answer != NULL) {
		say_line(answer);
		return;
	}
	fake.sent++;
	snprintf(line, sizeof(line), "+CMGS: %u", fake.reference++);
	say_line(line);
	say_line("OK");
}

static void
fake_take(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		fake.line[fake.n_line] = '\0';
		if (c == '\x1B') {
			if (fake.is_entry)
				say_line("OK");
			fake.is_entry = false;
			fake.n_line = 0;
		} else if (fake.is_entry && c == '\x1A') {
			fake.is_entry = false;
			fake.n_line = 0;
			on_text(fake.line);
		} else if (!fake.is_entry && c == '\r') {
			fake.n_line = 0;
			on_command(fake.line);
		} else if (fake.n_line < sizeof(fake.line) - 1) {
			fake.line[fake.n_line++] = c;
		}
	}
}

/* Time goes on for so long. Events are taken as they come, unless is_deaf. */
static bool is_deaf;

static void
run(int64_t for_ns)
{
	int64_t end_ns = now_ns + for_ns;

	while (now_ns < end_ns) {
		struct modem_out out;
		int64_t next_ns = end_ns;

		modem_run(&m, now_ns, &out);
		assert_true(out.wake_ns > now_ns); /* else a loop would not sleep */
		is_lost = is_lost || out.is_lost;
		fake_take(out.bytes, out.n);
		if (fake.prompt_ns > 0 && now_ns >= fake.prompt_ns) {
			fake.prompt_ns = 0;
			say("\r\n> ");
		}
		next_ns = MIN(next_ns, MAX(out.wake_ns, now_ns + 1));
		if (fake.prompt_ns > 0)
			next_ns = MIN(next_ns, fake.prompt_ns);
		if (fake.n > 0) {
			char said[sizeof(fake.queue)];
			size_t n = fake.n;

			next_ns = MIN(now_ns + ANSWER_NS, end_ns);
			memcpy(said, fake.queue, n);
			fake.n = 0;
			now_ns = next_ns;
			modem_bytes(&m, now_ns, said, n / 2); /* cut anywhere */
			modem_bytes(&m, now_ns, said + n / 2, n - n / 2);
		}
		now_ns = next_ns;
		while (!is_deaf && n_told < NELEM(told) && modem_event(&m, &told[n_told]))
			n_told++;
	}
}

/* The first of a kind, which there must be. */
static const struct sms_event *
find(enum sms_event_kind kind)
{
	unsigned i = 0;

	while (i < n_told && told[i].kind != kind)
		i++;
	assert_true(i < n_told);
	return &told[i];
}

static unsigned
count(enum sms_event_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_told; i++)
		n += told[i].kind == kind;
	return n;
}

static unsigned
asked(const char *command)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.n_log; i++)
		n += strcmp(fake.log[i], command) == 0;
	return n;
}

static void
begin_with(const struct modem_options *o)
{
	memset(&fake, 0, sizeof(fake));
	fake.pin = "1234";
	fake.card = "READY";
	fake.registered = "1";
	fake.has_echo = true;
	n_told = 0;
	is_lost = is_deaf = false;
	now_ns = 1000 * NS_PER_S;
	modem_init(&m, o);
	modem_opened(&m, now_ns);
}

static void
begin(void)
{
	begin_with(&(struct modem_options){ .reference = 0x2A });
}

static void
send_text(uint64_t ticket, const char *text)
{
	struct err err;

	assert_int_equal(
		modem_send(&m, now_ns, now_ns + 3600 * NS_PER_S, ticket, NUMBER, text, &err), 0);
}

static void
to_ready(void)
{
	run(10 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_READY);
	fake.n_log = n_told = 0;
}

#define HELLO_PDU "0791947101670000040C9194711032547600006211824102138005E8329BFD06"

static void
test_start(void **state)
{
	static const char *const expected[] = { "AT", "ATE0", "AT+CMEE=1", "AT+CGMM", "AT+CPIN?",
		"AT+CMGF=0", "AT+CSCS=\"GSM\"", "AT+CSMS=0", "AT+CPMS=\"SM\",\"SM\",\"SM\"",
		"AT+CNMI=2,1,0,1,0", "AT+CREG=1", "AT+CEREG=1", "AT+CREG?", "AT+CPMS=\"SM\"",
		"AT+CMGL=4", "AT+CSQ" };

	begin();
	run(20 * NS_PER_S);
	assert_int_equal(fake.n_log, NELEM(expected));
	for (size_t i = 0; i < NELEM(expected); i++)
		assert_string_equal(fake.log[i], expected[i]);
	assert_int_equal(m.state, SMS_STATE_READY);
	assert_string_equal(m.model, "FAKE 1");
	assert_int_equal(find(SMS_EVENT_SIGNAL)->signal_dbm, -73);
	/* Idle: it is looked at each 60 s. */
	fake.n_log = 0;
	run(60 * NS_PER_S);
	assert_int_equal(asked("AT+CREG?"), 1);
	assert_int_equal(asked("AT+CMGL=4"), 1);
	assert_int_equal(fake.n_log, 4);
}

static void
test_send(void **state)
{
	begin();
	to_ready();
	fake.reference = 0x45;
	send_text(7, "Alarm 7: P1 HIGH");
	run(5 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_SENT)->ticket, 7);
	assert_int_equal(find(SMS_EVENT_SENT)->references[0], 0x45);
	assert_string_equal(fake.log[0], "AT+CMGF=0");
	assert_string_equal(fake.log[1], "AT+CMGS=28");
	assert_string_equal(
		fake.log[2], "0031000C919471103254760000A710417658DE06DD7420680C844C1E91");
	assert_int_equal(count(SMS_EVENT_DELIVERED), 0);
	/* Its report, of another reference first. */
	say("\r\n+CDS: 25\r\n07919471016700000646"
	    "0C919471103254766211824102138062118241523180"
	    "00\r\n");
	say("\r\n+CDS: 25\r\n07919471016700000645"
	    "0C919471103254766211824102138062118241523180"
	    "00\r\n");
	run(NS_PER_S);
	assert_int_equal(find(SMS_EVENT_DELIVERED)->ticket, 7);
	assert_int_equal(count(SMS_EVENT_DELIVERED), 1);
}

static void
test_send_long(void **state)
{
	char text[400];

	begin();
	to_ready();
	memset(text, 'a', 399);
	text[399] = '\0';
	send_text(7, text);
	run(5 * NS_PER_S);
	assert_int_equal(fake.sent, 3);
	assert_int_equal(count(SMS_EVENT_SENT), 1);
	assert_int_equal(find(SMS_EVENT_SENT)->parts, 3);
	assert_int_equal(find(SMS_EVENT_SENT)->references[2], 2);
	assert_non_null(strstr(fake.log[2], "0500032A0301"));
	assert_non_null(strstr(fake.log[8], "0500032A0303"));
}

/* +CMS 41, then good; and all the tries in vain. */
static void
test_temporary(void **state)
{
	begin();
	to_ready();
	fake.next_send[0] = "+CMS ERROR: 41";
	fake.n_next_send = 1;
	send_text(7, "x");
	run(5 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_DELAYED)->code, 41);
	assert_int_equal(count(SMS_EVENT_SENT), 0);
	run(10 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_SENT)->ticket, 7);
	n_told = 0;
	for (size_t i = 0; i < 4; i++)
		fake.next_send[i] = "+CMS ERROR: 500";
	fake.n_next_send = 4;
	send_text(8, "x");
	run(360 * NS_PER_S);
	assert_int_equal(count(SMS_EVENT_DELAYED), 3);
	assert_int_equal(count(SMS_EVENT_FAILED), 0);
	run(20 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_FAILED)->ticket, 8);
	assert_false(find(SMS_EVENT_FAILED)->is_permanent);
	assert_int_equal(fake.sent, 1);
}

static void
test_permanent(void **state)
{
	begin();
	to_ready();
	fake.next_send[0] = "+CMS ERROR: 28";
	fake.n_next_send = 1;
	send_text(7, "x");
	send_text(8, "y");
	run(5 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_FAILED)->ticket, 7);
	assert_true(find(SMS_EVENT_FAILED)->is_permanent);
	assert_true(find(SMS_EVENT_FAILED)->remedy[0] != '\0');
	assert_int_equal(find(SMS_EVENT_SENT)->ticket, 8);
}

/* Reset, silence and a pulled cable after the end of the text: never sent again. */
static void
test_uncertain(void **state)
{
	for (int way = 0; way < 3; way++) {
		begin();
		to_ready();
		fake.next_send[0] = way == 0 ? "RDY" : "";
		fake.n_next_send = 1;
		send_text(7, "x");
		run(5 * NS_PER_S);
		if (way == 2) {
			modem_closed(&m, now_ns);
			modem_opened(&m, now_ns);
		}
		run(130 * NS_PER_S);
		assert_int_equal(count(SMS_EVENT_UNCERTAIN), 1);
		assert_int_equal(find(SMS_EVENT_UNCERTAIN)->ticket, 7);
		assert_int_equal(count(SMS_EVENT_SENT), 0);
		assert_int_equal(fake.sent, 0);
		assert_int_equal(m.state, SMS_STATE_READY);
		send_text(8, "y"); /* it goes on */
		run(5 * NS_PER_S);
		assert_int_equal(find(SMS_EVENT_SENT)->ticket, 8);
		assert_int_equal(fake.sent, 1);
	}
}

/* Its reference was told, its OK was not: it is with the network. */
static void
test_reference_is_enough(void **state)
{
	begin();
	to_ready();
	fake.next_send[0] = "+CMGS: 9";
	fake.n_next_send = 1;
	send_text(7, "x");
	run(130 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_SENT)->references[0], 9);
	assert_int_equal(count(SMS_EVENT_UNCERTAIN), 0);
}

static void
test_prompt(void **state)
{
	begin();
	to_ready();
	fake.prompt_late = true; /* 15 s */
	send_text(7, "x");
	run(20 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_SENT)->ticket, 7);
	/* None at all: nothing has gone, and it is tried again. */
	fake.prompt_late = false;
	fake.has_no_prompt = true;
	n_told = 0;
	send_text(8, "x");
	run(25 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_DELAYED)->ticket, 8);
	assert_int_equal(fake.sent, 1);
	fake.has_no_prompt = false;
	run(30 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_SENT)->ticket, 8);
	assert_int_equal(fake.sent, 2);
}

static void
test_noise_and_lines_in_between(void **state)
{
	static const char *const insides[] = { "+CREG: 1", "+CMTI: \"SM\",3", "RING",
		"^HCSQ:\"LTE\",40,39,140,20", "+CGREG: 5", "garbage" };

	for (size_t i = 0; i < NELEM(insides); i++) {
		begin();
		fake.is_noisy = true;
		fake.inside = insides[i];
		store_message(3, HELLO_PDU);
		run(20 * NS_PER_S);
		assert_int_equal(m.state, SMS_STATE_READY);
		assert_string_equal(find(SMS_EVENT_RECEIVED)->message, "hello");
		assert_false(fake.store_full[3]);
		send_text(7, "x");
		run(5 * NS_PER_S);
		assert_int_equal(find(SMS_EVENT_SENT)->ticket, 7);
	}
}

static void
test_received(void **state)
{
	const struct sms_event *e;

	begin();
	to_ready();
	store_message(4, HELLO_PDU);
	say("\r\n+CMTI: \"SM\",4\r\n");
	run(2 * NS_PER_S);
	e = find(SMS_EVENT_RECEIVED);
	assert_string_equal(e->number, NUMBER);
	assert_string_equal(e->message, "hello");
	assert_int_equal(e->stamp_s, 1795875631 - 7200);
	assert_false(e->is_repeat);
	assert_false(fake.store_full[4]);
	/* The same once more, by another way: told, and known by its hash. */
	say("\r\n+CMT: ,24\r\n" HELLO_PDU "\r\n");
	run(NS_PER_S);
	assert_int_equal(count(SMS_EVENT_RECEIVED), 2);
	assert_true(told[n_told - 1].is_repeat);
	assert_int_equal(told[n_told - 1].hash, e->hash);
	/* One that nobody told of is found at the next look. */
	store_message(9, HELLO_PDU);
	run(60 * NS_PER_S);
	assert_false(fake.store_full[9]);
}

/* What was read is deleted only when it has been taken. */
static void
test_deleted_when_taken(void **state)
{
	begin();
	to_ready();
	is_deaf = true;
	store_message(4, HELLO_PDU);
	say("\r\n+CMTI: \"SM\",4\r\n");
	run(20 * NS_PER_S);
	assert_true(fake.store_full[4]);
	is_deaf = false;
	run(5 * NS_PER_S);
	assert_false(fake.store_full[4]);
	assert_int_equal(count(SMS_EVENT_RECEIVED), 1);
}

static void
test_full_store(void **state)
{
	begin();
	for (unsigned i = 1; i <= STORE; i++)
		store_message(i, i % 2 ? HELLO_PDU : "0011000C919471103254760000A702E834");
	run(60 * NS_PER_S);
	for (unsigned i = 1; i <= STORE; i++)
		assert_false(fake.store_full[i]);
	assert_int_equal(count(SMS_EVENT_RECEIVED), 5);
	assert_non_null(strstr(find(SMS_EVENT_NOTE)->text, "full"));
}

static void
test_cannot_delete(void **state)
{
	begin();
	fake.cannot_delete = true;
	store_message(1, HELLO_PDU);
	run(600 * NS_PER_S);
	assert_true(count(SMS_EVENT_RECEIVED) > 1);
	for (unsigned i = 0, first = 1; i < n_told; i++)
		if (told[i].kind == SMS_EVENT_RECEIVED) {
			assert_int_equal(told[i].is_repeat, !first);
			first = 0;
		}
}

/* What is no message is read three times, then deleted, and told. */
static void
test_bad_message(void **state)
{
	begin();
	to_ready();
	store_message(2, "0791947101670000040C91");
	say("\r\n+CMTI: \"SM\",2\r\n");
	run(10 * NS_PER_S);
	assert_int_equal(asked("AT+CMGR=2"), 3);
	assert_false(fake.store_full[2]);
	assert_int_equal(m.dropped, 1);
	assert_true(count(SMS_EVENT_NOTE) > 0);
}

static void
test_parts_in(void **state)
{
	/* "Part one" and "and two", the second first and twice. */
	static const char *const parts[] = {
		"00440C919471103254760000621182410213800F0500032A0201A061391DF4769701",
		"00440C919471103254760008621182410213800A0500032A020200420043",
	};

	begin();
	to_ready();
	store_message(1, parts[1]);
	store_message(2, parts[1]);
	store_message(3, parts[0]);
	say("\r\n+CMTI: \"SM\",1\r\n\r\n+CMTI: \"SM\",2\r\n\r\n+CMTI: \"SM\",3\r\n");
	run(5 * NS_PER_S);
	assert_int_equal(count(SMS_EVENT_RECEIVED), 1);
	assert_string_equal(find(SMS_EVENT_RECEIVED)->message, "Part oneBC");
	assert_false(fake.store_full[1] || fake.store_full[2] || fake.store_full[3]);
}

/* One try, whatever happens after it. */
static void
test_pin(void **state)
{
	struct modem_options o = { .pin = "1234" };

	begin_with(&o);
	fake.card = "SIM PIN";
	run(20 * NS_PER_S);
	assert_int_equal(fake.pins, 1);
	assert_int_equal(m.state, SMS_STATE_READY);
	begin_with(&o);
	fake.card = "SIM PIN";
	fake.pin = "4321";
	run(20 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_PIN_WRONG);
	for (int i = 0; i < 5; i++) {
		say("\r\nRDY\r\n");
		run(100 * NS_PER_S);
		modem_closed(&m, now_ns);
		modem_opened(&m, now_ns);
		run(100 * NS_PER_S);
	}
	assert_int_equal(fake.pins, 1);
	assert_int_equal(m.state, SMS_STATE_PIN_WRONG);
	modem_pin(&m, now_ns, "4321");
	run(20 * NS_PER_S);
	assert_int_equal(fake.pins, 2);
	assert_int_equal(m.state, SMS_STATE_READY);
	/* None given; barred from before; a card that has fewer tries left. */
	begin();
	fake.card = "SIM PIN";
	run(100 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_PIN_WANTED);
	o.is_pin_barred = true;
	begin_with(&o);
	fake.card = "SIM PIN";
	run(100 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_PIN_WRONG);
	o.is_pin_barred = false;
	begin_with(&o);
	fake.card = "SIM PIN";
	fake.tries = "+CPINR: SIM PIN,2,3";
	run(100 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_PIN_WRONG);
	assert_int_equal(fake.pins, 0);
}

static void
test_cards(void **state)
{
	static const struct {
		const char *card;
		enum sms_state state;
	} cases[] = { { "SIM PUK", SMS_STATE_PUK_WANTED }, { "+CME ERROR: 10", SMS_STATE_NO_SIM },
		{ "+CME ERROR: 13", SMS_STATE_SIM_FAILED },
		{ "+CME ERROR: 14", SMS_STATE_STARTING } };

	for (size_t i = 0; i < NELEM(cases); i++) {
		begin();
		fake.card = cases[i].card;
		run(50 * NS_PER_S);
		assert_int_equal(m.state, cases[i].state);
		fake.card = "READY";
		run(50 * NS_PER_S);
		assert_int_equal(m.state, SMS_STATE_READY);
	}
	/* Taken out while it runs. */
	n_told = 0;
	fake.card = "+CME ERROR: 10";
	say("\r\n+CPIN: NOT READY\r\n");
	run(10 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_NO_SIM);
}

static void
test_registration(void **state)
{
	begin();
	fake.registered = "2";
	send_text(7, "x");
	run(60 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_NOT_REGISTERED);
	assert_int_equal(fake.sent, 0);
	fake.registered = "3";
	run(10 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_DENIED);
	fake.registered = "5";
	run(10 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_READY);
	assert_int_equal(fake.sent, 1);
	begin_with(&(struct modem_options){ .no_roaming = true });
	fake.registered = "5";
	run(20 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_ROAMING);
	fake.registered = "6"; /* messages only */
	run(20 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_READY);
}

/* Three AT, a reset, lost; and a message that waits fails in its time. */
static void
test_dead(void **state)
{
	struct err err;

	begin();
	fake.is_silent = true;
	assert_int_equal(modem_send(&m, now_ns, now_ns + 60 * NS_PER_S, 9, NUMBER, "x", &err), 0);
	run(30 * NS_PER_S);
	assert_true(is_lost);
	assert_int_equal(asked("AT"), 3);
	assert_int_equal(asked("AT+CFUN=1,1"), 1);
	assert_int_equal(m.state, SMS_STATE_LOST);
	modem_closed(&m, now_ns);
	run(60 * NS_PER_S);
	assert_int_equal(find(SMS_EVENT_FAILED)->ticket, 9);
	fake.is_silent = false;
	modem_opened(&m, now_ns);
	run(10 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_READY);
}

/* Switched off and on without a word: its echo gives it away. */
static void
test_silent_reset(void **state)
{
	begin();
	to_ready();
	fake.has_echo = true;
	run(65 * NS_PER_S);
	assert_int_equal(asked("ATE0"), 1);
	assert_int_equal(m.state, SMS_STATE_READY);
}

static void
test_text_mode(void **state)
{
	begin_with(&(struct modem_options){ .is_text_mode = true });
	fake.has_no_pdu = true;
	to_ready();
	send_text(7, "Störung €");
	run(5 * NS_PER_S);
	assert_string_equal(fake.log[0], "AT+CMGF=1");
	assert_string_equal(fake.log[1], "AT+CSMP=49,167,0,0");
	assert_string_equal(
		fake.log[2], "AT+CMGS=\"002B003400390031003700300031003200330034003500360037\"");
	assert_string_equal(fake.log[3], "0053007400F600720075006E0067002020AC");
	assert_int_equal(find(SMS_EVENT_SENT)->ticket, 7);
	store_message(1, "004F004B");
	say("\r\n+CMTI: \"SM\",1\r\n");
	run(5 * NS_PER_S);
	assert_string_equal(find(SMS_EVENT_RECEIVED)->message, "OK");
	assert_int_equal(find(SMS_EVENT_RECEIVED)->stamp_s, 1795875631 - 7200);
	assert_false(fake.store_full[1]);
	/* Texts as they are: a line of one may look like the modem's own words. */
	begin_with(&(struct modem_options){ .is_text_mode = true });
	fake.no_ucs2 = true;
	store_message(1, "RDY\r\nAT\r\n> ^SYSSTART");
	run(20 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_READY);
	assert_string_equal(
		find(SMS_EVENT_RECEIVED)->message, "RDY\nAT\n> ÜSYSSTART"); /* septet 5E */
	assert_string_equal(find(SMS_EVENT_RECEIVED)->number, NUMBER);
	/* A modem that has no PDU mode is told so. */
	begin();
	fake.has_no_pdu = true;
	run(20 * NS_PER_S);
	assert_int_equal(m.state, SMS_STATE_NO_PDU_MODE);
}

static void
test_orders(void **state)
{
	struct err err;

	begin();
	fake.registered = "2";
	assert_int_equal(modem_send(&m, now_ns, NEVER, 1, "12", "x", &err), ERR_CONF);
	assert_int_equal(modem_send(&m, now_ns, NEVER, 1, NUMBER, "", &err), ERR_CONF);
	for (uint64_t i = 0; i < MODEM_QUEUE; i++)
		send_text(i, "x");
	assert_int_equal(modem_send(&m, now_ns, NEVER, 99, NUMBER, "x", &err), ERR_REFUSED);
	assert_true(modem_cancel(&m, 3));
	assert_false(modem_cancel(&m, 3));
	fake.registered = "1";
	run(20 * NS_PER_S);
	assert_int_equal(fake.sent, MODEM_QUEUE - 1);
	for (unsigned i = 0, ticket = 0; i < n_told; i++)
		if (told[i].kind == SMS_EVENT_SENT) {
			assert_int_equal(told[i].ticket, ticket);
			ticket += ticket == 2 ? 2 : 1;
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_send_long),
		cmocka_unit_test(test_temporary),
		cmocka_unit_test(test_permanent),
		cmocka_unit_test(test_uncertain),
		cmocka_unit_test(test_reference_is_enough),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_noise_and_lines_in_between),
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_deleted_when_taken),
		cmocka_unit_test(test_full_store),
		cmocka_unit_test(test_cannot_delete),
		cmocka_unit_test(test_bad_message),
		cmocka_unit_test(test_parts_in),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_registration),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_silent_reset),
		cmocka_unit_test(test_text_mode),
		cmocka_unit_test(test_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
