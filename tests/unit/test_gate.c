/* test_gate.c - what the gate says of commands: who may, repeats, expiry, bounds; and the tokens of programs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "gate/book.h"
#include "gate/policy.h"
#include "msg/tokens.h"

#define NOW (1000 * NS_PER_S)

static struct command
a_command(enum command_kind kind, bool is_person)
{
	struct command c = {
		.kind = kind, .ramp_per_min = (double)NAN, .is_person = is_person, .span_ns = 1
	};

	text_copy(c.id, sizeof(c.id), "one");
	text_copy(c.subject, sizeof(c.subject), "T_furn");
	text_copy(c.value, sizeof(c.value), "120");
	text_copy(c.text, sizeof(c.text), "why");
	text_copy(c.principal, sizeof(c.principal), is_person ? "root" : "token:lims");
	return c;
}

/* ---- policy -------------------------------------------------------------------------------------------------------------- */

static void
test_a_person_may_ask_everything(void **state)
{
	for (int kind = 0; kind < COMMAND_KINDS; kind++) {
		struct command c = a_command(kind, true);
		struct err err;

		assert_int_equal(policy_check(&c, 0, NOW, &err), 0);
	}
}

/* What comes along with START goes into the journal and onto the page: lines, and with START alone. */
static void
test_values_belong_to_start(void **state)
{
	static const struct {
		enum command_kind kind;
		bool is_whole;
		const char *values;
		int rc;
	} cases[] = {
		{ COMMAND_SEQ_START, true, "", 0 },
		{ COMMAND_SEQ_START, true, "hot=480 degC\nsample=a=b\n", 0 },
		{ COMMAND_SEQ_START, false, "hot=480\n", ERR_REFUSED },
		{ COMMAND_SET, true, "", ERR_REFUSED },
		{ COMMAND_SEQ_START, true, "hot=480", ERR_REFUSED },
		{ COMMAND_SEQ_START, true, "=480\n", ERR_REFUSED },
		{ COMMAND_SEQ_START, true, "hot\n", ERR_REFUSED },
		{ COMMAND_SEQ_START, true, "hot=\x1b[2J\n", ERR_REFUSED },
		{ COMMAND_SEQ_START, true, "hot=\xff\n", ERR_REFUSED },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct command c = a_command(cases[i].kind, true);
		struct err err;

		c.is_whole = cases[i].is_whole;
		text_copy(c.values, sizeof(c.values), cases[i].values);
		assert_int_equal(policy_check(&c, 0, NOW, &err), cases[i].rc);
	}
}

/* The whole table once more, as the specification has it: no word opens what weakens protection. */
static void
test_a_token_may_ask_what_is_opened(void **state)
{
	static const uint32_t opened_by[COMMAND_KINDS] = {
		[COMMAND_SET] = COMMANDS_SET,
		[COMMAND_MODE] = COMMANDS_MODE,
		[COMMAND_SAFE] = COMMANDS_SAFE,
		[COMMAND_ALARM_ACK] = COMMANDS_ACK,
		[COMMAND_ALARM_SHELVE] = COMMANDS_SHELVE,
		[COMMAND_ALARM_UNSHELVE] = COMMANDS_SHELVE,
		[COMMAND_SILENCE] = COMMANDS_ACK,
		[COMMAND_SEQ_PREPARE] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_ANSWER_FORM] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_START] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_PAUSE] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_SAFE_PAUSE] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_RESUME] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_SKIP] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_GOTO] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_ABORT] = COMMANDS_SEQUENCE,
		[COMMAND_SEQ_REPLY] = COMMANDS_SEQUENCE,
	};

	for (int kind = 0; kind < COMMAND_KINDS; kind++)
		for (uint32_t opened = 0; opened <= COMMANDS_ALL; opened++) {
			bool is_open = (opened & opened_by[kind]) != 0;
			struct command c = a_command(kind, false);
			struct err err;

			assert_int_equal(policy_allows(false, opened, kind), is_open);
			assert_int_equal(
				policy_check(&c, opened, NOW, &err), is_open ? 0 : ERR_REFUSED);
			if (!is_open)
				assert_int_equal(err.sys, 403);
		}
}

static void
test_what_is_missing_or_odd_is_refused(void **state)
{
	struct command c;
	struct err err;

	c = a_command(COMMAND_SET, true);
	c.value[0] = '\0';
	assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
	assert_int_equal(err.sys, 400);
	c = a_command(COMMAND_SET, true);
	c.subject[0] = '\0';
	assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
	c = a_command(COMMAND_TRIP_RESET, true);
	c.text[0] = '\0';
	assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "reason"));
	c = a_command(COMMAND_BYPASS, true);
	c.span_ns = 0;
	assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
	c = a_command(COMMAND_SET, true);
	text_copy(c.value, sizeof(c.value), "1\n2");
	assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
	c = a_command(COMMAND_SET, true);
	memcpy(c.subject, "T\xff", 3);
	assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
	for (size_t i = 0; i < 3; i++) {
		static const double ramps[] = { 0, -1, (double)INFINITY };

		c = a_command(COMMAND_SET, true);
		c.ramp_per_min = ramps[i];
		assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
	}
}

static void
test_commands_expire(void **state)
{
	struct command c = a_command(COMMAND_SET, true);
	struct err err;

	assert_int_equal(policy_check(&c, 0, NOW, &err), 0);
	assert_true(c.expires_ns == NOW + POLICY_EXPIRES_NS);
	c.expires_ns = NOW + 3600 * NS_PER_S;
	assert_int_equal(policy_check(&c, 0, NOW, &err), 0);
	assert_true(c.expires_ns == NOW + POLICY_EXPIRES_MAX_NS);
	c.expires_ns = NOW + 1;
	assert_int_equal(policy_check(&c, 0, NOW, &err), 0);
	assert_int_equal(policy_check(&c, 0, NOW + 1, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "too late"));
}

/* Every refusal has to fit into a verdict. */
static void
test_refusals_fit_into_a_verdict(void **state)
{
	for (int kind = 0; kind < COMMAND_KINDS; kind++) {
		struct command c = a_command(kind, false);
		struct err err;

		assert_int_equal(policy_check(&c, 0, NOW, &err), ERR_REFUSED);
		assert_in_range(strlen(err.msg), 1, EVENT_TEXT - 1);
	}
}

/* ---- the book ------------------------------------------------------------------------------------------------------------ */

static struct book book;

static enum book_result
take(const char *id, bool is_person, struct book_entry **out)
{
	struct command c = a_command(COMMAND_SET, is_person);

	text_copy(c.id, sizeof(c.id), id);
	return book_take(&book, &c, NOW, out);
}

static void
settle(const char *id, enum verdict verdict)
{
	struct verdict_told v = { .verdict = verdict };

	text_copy(v.id, sizeof(v.id), id);
	book_verdict(&book, &v);
}

static void
numbered(char out[COMMAND_ID], const char *prefix, int i)
{
	snprintf(out, COMMAND_ID, "%s%d", prefix, i);
}

static void
test_a_repeat_is_known(void **state)
{
	struct book_entry *first, *again;
	struct command c;

	memset(&book, 0, sizeof(book));
	assert_int_equal(take("one", true, &first), BOOK_NEW);
	assert_int_equal(take("one", true, &again), BOOK_KNOWN);
	assert_ptr_equal(first, again);
	settle("one", VERDICT_VERIFIED);
	assert_int_equal(take("one", true, &again), BOOK_KNOWN);
	assert_int_equal(again->told.verdict, VERDICT_VERIFIED);
	settle("one", VERDICT_FAILED); /* the final one stays */
	assert_int_equal(again->told.verdict, VERDICT_VERIFIED);
	c = a_command(COMMAND_SET, true);
	c.expires_ns = 7; /* asked again later */
	c.seen = 9;
	assert_int_equal(book_take(&book, &c, NOW, &again), BOOK_KNOWN);
}

static void
test_an_id_stands_for_one_command(void **state)
{
	struct book_entry *e;

	memset(&book, 0, sizeof(book));
	assert_int_equal(take("one", true, &e), BOOK_NEW);
	for (int i = 0; i < 9; i++) {
		struct command c = a_command(COMMAND_SET, true);

		if (i == 0)
			c.kind = COMMAND_MODE;
		else if (i < 5)
			(i == 1          ? c.subject
				: i == 2 ? c.value
				: i == 3 ? c.text
					 : c.principal)[0]++;
		else if (i == 5)
			c.ramp_per_min = 1;
		else if (i == 6)
			c.is_clamped = true;
		else if (i == 7)
			c.is_confirmed = true;
		else
			c.span_ns++;
		assert_int_equal(book_take(&book, &c, NOW, &e), BOOK_OTHER);
	}
}

static void
test_pending_ones_are_bounded(void **state)
{
	struct book_entry *e;
	char id[COMMAND_ID];
	int n = 0;

	memset(&book, 0, sizeof(book));
	do
		numbered(id, "t", n++);
	while (take(id, false, &e) == BOOK_NEW);
	assert_int_equal(n - 1, BOOK_PENDING_MAX / 2);
	assert_int_equal(take("person", true, &e), BOOK_NEW); /* programs do not keep people out */
	for (n = 1; n < BOOK_PENDING_MAX / 2; n++) {
		numbered(id, "p", n);
		assert_int_equal(take(id, true, &e), BOOK_NEW);
	}
	assert_int_equal(take("more", true, &e), BOOK_FULL);
	assert_int_equal(book_count(&book), BOOK_PENDING_MAX);
	settle("t0", VERDICT_REFUSED);
	assert_int_equal(take("more", true, &e), BOOK_FULL);
	assert_int_equal(take("tn", false, &e), BOOK_NEW);
}

static void
test_programs_do_not_make_a_person_forgotten(void **state)
{
	struct book_entry *e;
	char id[COMMAND_ID];

	memset(&book, 0, sizeof(book));
	assert_int_equal(take("person", true, &e), BOOK_NEW);
	settle("person", VERDICT_VERIFIED);
	for (int i = 0; i < 4 * COMMANDS_KEPT; i++) {
		numbered(id, "t", i);
		assert_int_equal(take(id, false, &e), BOOK_NEW);
		settle(id, VERDICT_REFUSED);
		if (i >= COMMANDS_KEPT / 2) {
			numbered(id, "t", i - COMMANDS_KEPT / 2);
			assert_null(book_find(&book, id)); /* the oldest of its own kind went */
		}
	}
	assert_int_equal(take("person", true, &e), BOOK_KNOWN);
	/* A question takes nobody's place. */
	assert_null(book_question(&book, "asked", false, NOW));
	e = book_question(&book, "asked", true, NOW);
	assert_non_null(e);
	assert_true(e->is_question);
	book_forget(e);
	assert_null(book_find(&book, "asked"));
}

static void
test_pending_ones_are_gone_through(void **state)
{
	struct book_entry *e = NULL;
	size_t n = 0;

	memset(&book, 0, sizeof(book));
	take("a", true, &e);
	take("b", true, &e);
	take("c", true, &e);
	settle("b", VERDICT_UNKNOWN);
	for (e = NULL; (e = book_pending(&book, e)) != NULL; n++)
		assert_string_not_equal(e->command.id, "b");
	assert_int_equal(n, 2);
	settle("nobody", VERDICT_VERIFIED);
}

/* ---- tokens -------------------------------------------------------------------------------------------------------------- */

/* FIPS 180-4 examples, and the borders of padding against an independent program. */
static void
test_digests(void **state)
{
	static const struct {
		size_t n;
		const char *hex;
	} of_a[] = {
		{ 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
		{ 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
		{ 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
		{ 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
		{ 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
		{ 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb" },
		{ 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c" },
	};
	char text[120], hex[SHA256_HEX + 1];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < NELEM(of_a); i++) {
		sha256_hex(hex, text, of_a[i].n);
		assert_string_equal(hex, of_a[i].hex);
	}
	sha256_hex(hex, "abc", 3);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
test_tokens_are_found(void **state)
{
	static const char file[] =
		"# who\n\nlims " ABC "\nother-1.x "
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	struct tokens t;
	struct err err;

	assert_int_equal(tokens_read(&t, file, strlen(file), &err), 0);
	assert_int_equal(t.n, 2);
	assert_string_equal(tokens_find(&t, "abc")->name, "lims");
	assert_null(tokens_find(&t, "abd"));
	assert_null(tokens_find(&t, ABC));
}

static void
test_bad_files_of_tokens(void **state)
{
	static const char *const bad[] = { "lims", "lims \n", "lims abc\n", " " ABC "\n",
		"a b " ABC "\n", "lims " ABC " \n", "lims " ABC "0\n", "li/ms " ABC "\n",
		"abcdefghijklmnopqrstuvwxyz " ABC "\n", "ok " ABC "\nlims x\n",
		"lims " ABC " may=\n", "lims " ABC " may=set,\n", "lims " ABC " may=reset\n",
		"lims " ABC " only=\n", "lims " ABC " only=a,,b\n", "lims " ABC " only=a/b\n",
		"lims " ABC " until=2026\n", "lims " ABC " until=2026-02-30T00:00:00Z\n",
		"lims " ABC "  may=set\n", "lims " ABC " can=set\n" };
	char many[TOKENS_BYTES_MAX + 1];
	size_t n = 0;
	struct tokens t;
	struct err err;

	for (size_t i = 0; i < NELEM(bad); i++) {
		assert_int_equal(tokens_read(&t, bad[i], strlen(bad[i]), &err), ERR_CONF);
		assert_int_equal(t.n, 0);
	}
	for (int i = 0; i <= TOKENS_MAX; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "t%d %s\n", i, ABC);
	assert_int_equal(tokens_read(&t, many, n, &err), ERR_CONF);
	assert_int_equal(t.n, 0);
	memset(many, '#', sizeof(many));
	assert_int_equal(tokens_read(&t, many, sizeof(many), &err), ERR_CONF);
	assert_int_equal(tokens_read(&t, "", 0, &err), 0);
	assert_null(tokens_find(&t, ""));
}

/* As it is written it is read. */
static void
test_what_a_token_is_for(void **state)
{
	static const char line[] =
		"lims " ABC " may=set,sequence only=N2_*,T_furn until=2026-12-31T12:00:00.000Z\n";
	static const char both[] = "a " ABC "\nb " ABC " only=x may=safe\n";
	struct buf out = { 0 };
	struct tokens t;
	struct err err;
#define END (INT64_C(1798718400) * NS_PER_S)
	static const struct {
		enum command_kind kind;
		const char *subject;
		int64_t wall_ns;
		int status;
	} cases[] = {
		{ COMMAND_SET, "N2_flow", 0, 0 },
		{ COMMAND_SET, "T_furn", 0, 0 },
		{ COMMAND_SET, "T_furn2", 0, 403 },
		{ COMMAND_SET, "N2_flow", END - 1, 0 },
		{ COMMAND_SET, "N2_flow", END, 401 },
		{ COMMAND_MODE, "N2_flow", 0, 403 },
		{ COMMAND_SAFE, "", 0, 403 },
		{ COMMAND_SEQ_START, "tpr", 0, 403 },
		{ COMMAND_SEQ_START, "N2_purge", 0, 0 },
		{ COMMAND_SEQ_ABORT, "", 0, 403 },
	};

	assert_int_equal(tokens_read(&t, line, strlen(line), &err), 0);
	assert_true(t.all[0].until_ns == END);
	tokens_write(&out, &t.all[0]);
	assert_string_equal(buf_text(&out), line);
	buf_done(&out);
	for (size_t i = 0; i < NELEM(cases); i++) {
		int rc = policy_check_token(
			&t.all[0], cases[i].kind, cases[i].subject, cases[i].wall_ns, &err);

		assert_int_equal(rc < 0 ? err.sys : 0, cases[i].status);
	}
	/* Without anything said it is for all that the bench file opens; with `only`, the safe state of the whole bench is still one of its words. */
	assert_int_equal(tokens_read(&t, both, strlen(both), &err), 0);
	for (int kind = 0; kind < COMMAND_KINDS; kind++)
		assert_int_equal(
			policy_check_token(&t.all[0], (enum command_kind)kind, "", 0, &err), 0);
	assert_int_equal(policy_check_token(&t.all[1], COMMAND_SAFE, "", 0, &err), 0);
	assert_int_equal(policy_check_token(&t.all[1], COMMAND_SAFE, "cold", 0, &err), 0);
}

/* Whoever has signed in is a person, and still takes no place of the command line's. */
static void
test_the_network_takes_no_place_of_the_command_line(void **state)
{
	static struct book b;
	struct book_entry *e;

	memset(&b, 0, sizeof(b));
	for (int i = 0; i < 2 * BOOK_PENDING_MAX; i++) {
		struct command c = a_command(COMMAND_SET, true);

		snprintf(c.id, sizeof(c.id), "u%d", i);
		text_copy(c.principal, sizeof(c.principal), "user:anna");
		assert_int_equal(book_take(&b, &c, NOW, &e),
			i < BOOK_PENDING_MAX / 2 ? BOOK_NEW : BOOK_FULL);
	}
	for (int i = 0; i < BOOK_PENDING_MAX / 2; i++) {
		struct command c = a_command(COMMAND_SET, true);

		snprintf(c.id, sizeof(c.id), "r%d", i);
		assert_int_equal(book_take(&b, &c, NOW, &e), BOOK_NEW);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_network_takes_no_place_of_the_command_line),
		cmocka_unit_test(test_a_person_may_ask_everything),
		cmocka_unit_test(test_values_belong_to_start),
		cmocka_unit_test(test_a_token_may_ask_what_is_opened),
		cmocka_unit_test(test_what_is_missing_or_odd_is_refused),
		cmocka_unit_test(test_commands_expire),
		cmocka_unit_test(test_refusals_fit_into_a_verdict),
		cmocka_unit_test(test_a_repeat_is_known),
		cmocka_unit_test(test_an_id_stands_for_one_command),
		cmocka_unit_test(test_pending_ones_are_bounded),
		cmocka_unit_test(test_programs_do_not_make_a_person_forgotten),
		cmocka_unit_test(test_pending_ones_are_gone_through),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_tokens_are_found),
		cmocka_unit_test(test_bad_files_of_tokens),
		cmocka_unit_test(test_what_a_token_is_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
