/* test_yaml.c - YAML to the tree: texts, places, refusals; durations and constants */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "compile/constant.h"
#include "compile/merge.h"
#include "compile/names.h"
#include "compile/print.h"
#include "compile/read.h"
#include "compile/source.h"
#include "compile/yaml.h"

struct fixture {
	struct tree tree;
	struct diag diag;
};

/* Parse a text as file 0; NULL when it is refused. */
static struct node *
parse(struct fixture *f, const char *text)
{
	size_t start;
	int file;

	tree_done(&f->tree);
	diag_done(&f->diag);
	file = diag_file(&f->diag, "test.yaml");
	assert_int_equal(file, 0);
	if (!source_check(&f->diag, 0, text, strlen(text), &start))
		return NULL;
	return yaml_parse(&f->tree, &f->diag, 0, text + start, strlen(text) - start);
}

static void
done(struct fixture *f)
{
	tree_done(&f->tree);
	diag_done(&f->diag);
}

static void
test_places_count_characters(void **state)
{
	struct fixture f = { 0 };
	struct node *root = parse(&f, "a: {é: 1, b: 'x', c: }\nd:\n  - y\n  - \"z\"\n"), *a, *n;

	assert_non_null(root);
	a = tree_get(&f.tree, root, "a");
	assert_int_equal(a->kind, NODE_MAP);
	assert_int_equal(a->n, 3);
	n = tree_get(&f.tree, a, "b");
	assert_string_equal(n->text, "x");
	assert_true(n->is_quoted);
	assert_int_equal(n->key_at.column, 11);
	assert_int_equal(n->at.column, 14);
	n = tree_get(&f.tree, a, "c");
	assert_true(node_is_null(n));
	assert_int_equal(n->at.column, 19);
	n = tree_get(&f.tree, root, "d");
	assert_int_equal(n->kind, NODE_LIST);
	assert_int_equal(n->last->at.line, 4);
	assert_int_equal(n->last->at.column, 5);
	assert_null(tree_get(&f.tree, root, "e"));
	done(&f);
}

static void
test_values_are_not_guessed(void **state)
{
	struct fixture f = { 0 };
	struct node *root = parse(&f, "a: off\nb: 1e3\nc: \"~\"\nd: ~\ne: null\nf: 0x10\n");

	assert_string_equal(tree_get(&f.tree, root, "a")->text, "off");
	assert_string_equal(tree_get(&f.tree, root, "b")->text, "1e3");
	assert_false(node_is_null(tree_get(&f.tree, root, "c")));
	assert_true(node_is_null(tree_get(&f.tree, root, "d")));
	assert_true(node_is_null(tree_get(&f.tree, root, "e")));
	assert_string_equal(tree_get(&f.tree, root, "f")->text, "0x10");
	done(&f);
}

/* Each is refused with one error of this code at this place. */
static void
test_refusals(void **state)
{
	static const struct {
		const char *text, *code;
		unsigned line, column;
	} cases[] = {
		{ "a: &x 1\n", "anchor", 1, 7 },
		{ "a: *x\n", "alias", 1, 5 },
		{ "a: !!int 1\n", "tag", 1, 10 },
		{ "a:\n  <<: {b: 1}\n", "merge-key", 2, 3 },
		{ "a: 1\n---\nb: 1\n", "document", 2, 1 },
		{ "%YAML 1.2\n", "bytes", 1, 1 },
		{ "a: 1\n\x01: 1\n", "bytes", 2, 1 },
		{ "a: 1\r", "bytes", 1, 5 },
		{ "a: é\xff\n", "bytes", 1, 5 },
		{ "a: \"\\u0085\"\n", "bytes", 1, 4 },
		{ "a: 1\n b: 1\n", "syntax", 1, 4 },
		{ "a: 'x\n", "syntax", 1, 5 },
		{ "- a\n", "wrong-type", 1, 1 },
		{ "a\n", "wrong-type", 1, 1 },
		{ "", "empty", 1, 1 },
		{ "? {a: 1}\n: 1\n", "key", 1, 3 },
		{ "'': 1\n", "key", 1, 1 },
	};
	struct fixture f = { 0 };

	for (size_t i = 0; i < NELEM(cases); i++) {
		print_message("%s\n", cases[i].text);
		assert_null(parse(&f, cases[i].text));
		assert_int_equal(f.diag.n_errors, 1);
		assert_string_equal(f.diag.lines[0].code, cases[i].code);
		assert_int_equal(f.diag.lines[0].at.line, cases[i].line);
		assert_int_equal(f.diag.lines[0].at.column, cases[i].column);
		assert_non_null(strstr(f.diag.lines[0].text, "; "));
	}
	done(&f);
}

static void
test_duplicate_names_the_first(void **state)
{
	struct fixture f = { 0 };
	struct node *root = parse(&f, "a: 1\nb: {a: 1}\n'a': {c: 2}\nb: 3\n");

	assert_non_null(root);
	assert_int_equal(f.diag.n_errors, 2);
	assert_int_equal(f.diag.lines[0].at.line, 3);
	assert_non_null(strstr(f.diag.lines[0].text, "first in line 1"));
	assert_non_null(strstr(f.diag.lines[1].text, "first in line 2"));
	assert_string_equal(tree_get(&f.tree, root, "a")->text, "1");
	assert_int_equal(root->n, 2);
	done(&f);
}

static void
test_depth_is_bounded(void **state)
{
	char text[300] = "a: ";
	struct fixture f = { 0 };

	for (int depth = 30; depth <= 34; depth++) {
		size_t n = 3;

		for (int i = 0; i < depth; i++)
			text[n++] = '[';
		for (int i = 0; i < depth; i++)
			text[n++] = ']';
		text[n] = '\0';
		/* The map itself is one level. */
		assert_int_equal(parse(&f, text) != NULL, depth < YAML_DEPTH_MAX);
	}
	done(&f);
}

static void
test_print_parses_to_itself(void **state)
{
	static const char text[] =
		"a: {b: [1, \"x, y\", {c: -3, d: -x}], e: \"\", 'f g': \"q\\\"\\\\\"}\n"
		"h: {}\ni: []\nj: a b\nk: é\nl: '-'\nm: \"~\"\nn: ...x\no: x  y\n";
	struct fixture f = { 0 };
	struct buf first = { 0 }, second = { 0 };
	struct node *root = parse(&f, text);

	assert_non_null(root);
	print_tree(&first, root);
	root = parse(&f, buf_text(&first));
	assert_non_null(root);
	assert_string_equal(tree_get(&f.tree, root, "o")->text, "x  y");
	print_tree(&second, root);
	assert_string_equal(buf_text(&first), buf_text(&second));
	buf_done(&first);
	buf_done(&second);
	done(&f);
}

static void
test_errors_are_sorted_and_bounded(void **state)
{
	struct diag d = { 0 };
	struct buf out = { 0 };

	assert_int_equal(diag_file(&d, "a"), 0);
	for (uint32_t i = 1000; i > 0; i--)
		diag_error(&d, (struct place){ .line = i * 7919 % 1009, .column = 1 }, "x", "%u; y",
			i);
	assert_int_equal(d.n_errors, 1000);
	assert_int_equal(d.n_lines, DIAG_MAX);
	for (size_t i = 1; i < d.n_lines; i++)
		assert_true(d.lines[i - 1].at.line < d.lines[i].at.line);
	assert_true(d.lines[DIAG_MAX - 1].at.line <= DIAG_MAX + 9);
	buf_done(&out);
	diag_done(&d);
}

static void
test_what_is_told_is_not_told_again(void **state)
{
	static const struct place here = { .line = 3, .column = 7 },
				  there = { .line = 3, .column = 8 };
	struct diag d = { 0 };
	char text[400] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(diag_file(&d, "a"), 0);
	for (int i = 0; i < 2; i++) {
		diag_error(&d, here, "x", "one; do");
		diag_error(&d, here, "y", "one; do");
		diag_error(&d, here, "x", "two; do");
		diag_error(&d, there, "x", "one; do");
		diag_warn(&d, here, "x", "one; do");
	}
	assert_int_equal(d.n_lines, 5);
	assert_int_equal(d.n_errors, 8); /* a caller still sees that its own step went wrong */
	diag_print(&d, out);
	fclose(out);
	assert_null(strstr(text, " more; "));
	diag_done(&d);
}

static void
test_spans(void **state)
{
	static const struct {
		const char *text;
		int64_t ns; /* -1: refused */
	} cases[] = {
		{ "500 ms", 500 * NS_PER_MS },
		{ "500ms", 500 * NS_PER_MS },
		{ "1.5 min", 90 * NS_PER_S },
		{ "1h30", 5400 * NS_PER_S },
		{ "1 h 30 min", 5400 * NS_PER_S },
		{ "1h30min5s", 5405 * NS_PER_S },
		{ "2min30", 150 * NS_PER_S },
		{ "1 d", 86400 * NS_PER_S },
		{ "0", 0 },
		{ "0 s", 0 },
		{ "250 us", 250 * NS_PER_US },
		{ "3", -1 },
		{ "", -1 },
		{ "s", -1 },
		{ "1s30", -1 },
		{ "30 min 1 h", -1 },
		{ "1,5 s", -1 },
		{ "-1 s", -1 },
		{ "1 s ", -1 },
		{ "1 ss", -1 },
		{ "1..5 s", -1 },
		{ "1 weeks", -1 },
		{ "999999999999 h", -1 },
	};
	int64_t ns;
	struct err err;

	for (size_t i = 0; i < NELEM(cases); i++) {
		ns = -1;
		print_message("'%s'\n", cases[i].text);
		assert_int_equal(
			span_parse(cases[i].text, &ns, &err), cases[i].ns < 0 ? ERR_CONF : 0);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void
test_constants(void **state)
{
	static const struct {
		const char *text;
		double v;
	} good[] = {
		{ "0.1", 0.1 },
		{ "10^-1", 0.1 },
		{ "1/16", 0.0625 },
		{ "(20 - 4)/16", 1 },
		{ "-2^2", -4 },
		{ "2*3+4", 10 },
		{ "2 ^ 3 ^ 2", 512 },
		{ "1e-3", 0.001 },
		{ "+5", 5 },
	};
	static const char *const bad[] = { "", "x", "1 2", "1,5", "(1", "1)", "1/0", "10^400", "--",
		"1+", "nan", "0x10",
		"((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))",
		"----------------------------------------1" };
	struct err err;
	double v;

	for (size_t i = 0; i < NELEM(good); i++) {
		assert_int_equal(constant_parse(good[i].text, &v, &err), 0);
		assert_true(v == good[i].v);
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		v = 77;
		print_message("'%s'\n", bad[i]);
		assert_int_equal(constant_parse(bad[i], &v, &err), ERR_CONF);
		assert_true(v == 77);
		assert_non_null(strstr(err.msg, "; "));
	}
}

static void
test_names(void **state)
{
	static char text[5000][8];
	struct names names = { 0 };

	assert_int_equal(names_get(&names, "x"), NAMES_NONE);
	for (uint32_t i = 0; i < NELEM(text); i++) {
		snprintf(text[i], sizeof(text[i]), "n%u", i);
		assert_int_equal(names_put(&names, text[i], i), NAMES_NONE);
	}
	for (uint32_t i = 0; i < NELEM(text); i++)
		assert_int_equal(names_get(&names, text[i]), i);
	assert_int_equal(names_put(&names, "n17", 99), 17);
	assert_int_equal(names_get(&names, "n17"), 17);
	assert_null(names_nearest(&names, "completely-different"));
	names_done(&names);
	names_put(&names, "pressure", 0);
	names_put(&names, "temperature", 1);
	assert_string_equal(names_nearest(&names, "presure"), "pressure");
	names_done(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_count_characters),
		cmocka_unit_test(test_values_are_not_guessed),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_duplicate_names_the_first),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_print_parses_to_itself),
		cmocka_unit_test(test_errors_are_sorted_and_bounded),
		cmocka_unit_test(test_what_is_told_is_not_told_again),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
