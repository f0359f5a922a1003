/* test_gpio_lines.c - what is asked of the kernel for lines of a GPIO chip: a chip that is played below the system calls */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>

#include "io/gpio_lines.h"

#define LINES 4
#define FD_CHIP 100 /* + number of the chip */
#define FD_LINE 200 /* + offset */

/* One chip, or two with the same label. Levels are those of the wire. */
static struct {
	unsigned chips, label_from;
	const char *names[LINES];
	bool level[LINES], is_held[LINES], is_stuck[LINES];
	bool is_gone; /* unplugged */
	uint64_t flags[LINES];
	uint32_t debounce_us[LINES];
	int refuse; /* errno of requests for lines */
	unsigned open;
} chip;

static int
failed(int sys)
{
	errno = sys;
	return -1;
}

static int
fake_open(const char *path)
{
	unsigned n;

	if (sscanf(path, "/dev/gpiochip%u", &n) != 1 || n >= chip.chips || chip.is_gone)
		return failed(ENOENT);
	chip.open++;
	return FD_CHIP + (int)n;
}

static void
configure(unsigned line, const struct gpio_v2_line_config *c)
{
	bool is_low;

	assert_true((c->flags & (GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_OUTPUT)) !=
		    (GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_OUTPUT));
	chip.flags[line] = c->flags;
	is_low = (c->flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW) != 0;
	for (unsigned i = 0; i < c->num_attrs; i++) {
		assert_true(c->attrs[i].mask == 1);
		if (c->attrs[i].attr.id == GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES) {
			assert_true(c->flags & GPIO_V2_LINE_FLAG_OUTPUT);
			chip.level[line] = (c->attrs[i].attr.values & 1) != is_low;
		} else if (c->attrs[i].attr.id == GPIO_V2_LINE_ATTR_ID_DEBOUNCE)
			chip.debounce_us[line] = c->attrs[i].attr.debounce_period_us;
	}
}

static int
request_line(struct gpio_v2_line_request *r)
{
	assert_int_equal(r->num_lines, 1);
	assert_string_equal(r->consumer, "mbc");
	if (chip.refuse != 0)
		return failed(chip.refuse);
	if (r->offsets[0] >= LINES)
		return failed(EINVAL);
	if (chip.is_held[r->offsets[0]])
		return failed(EBUSY);
	chip.is_held[r->offsets[0]] = true;
	configure(r->offsets[0], &r->config);
	r->fd = FD_LINE + (int)r->offsets[0];
	return 0;
}

static int
control_chip(unsigned n, unsigned long request, void *arg)
{
	struct gpiochip_info *info = arg;
	struct gpio_v2_line_info *line = arg;

	if (request == GPIO_GET_CHIPINFO_IOCTL) {
		info->lines = LINES;
		snprintf(info->label, sizeof(info->label), "%s",
			n >= chip.label_from ? "fake" : "other");
		return 0;
	}
	if (request == GPIO_V2_GET_LINEINFO_IOCTL) {
		assert_true(line->offset < LINES);
		snprintf(line->name, sizeof(line->name), "%s",
			chip.names[line->offset] != NULL ? chip.names[line->offset] : "");
		return 0;
	}
	assert_int_equal(request, GPIO_V2_GET_LINE_IOCTL);
	return request_line(arg);
}

static int
fake_control(int fd, unsigned long request, void *arg)
{
	struct gpio_v2_line_values *v = arg;
	unsigned line = (unsigned)fd - FD_LINE;

	if (chip.is_gone)
		return failed(ENODEV);
	if (fd < FD_LINE)
		return control_chip((unsigned)fd - FD_CHIP, request, arg);
	assert_true(line < LINES && chip.is_held[line]);
	if (request == GPIO_V2_LINE_SET_CONFIG_IOCTL) {
		configure(line, arg);
	} else if (request == GPIO_V2_LINE_GET_VALUES_IOCTL) {
		v->bits = chip.level[line] !=
			  ((chip.flags[line] & GPIO_V2_LINE_FLAG_ACTIVE_LOW) != 0);
	} else {
		assert_int_equal(request, GPIO_V2_LINE_SET_VALUES_IOCTL);
		assert_true(chip.flags[line] & GPIO_V2_LINE_FLAG_OUTPUT);
		if (!chip.is_stuck[line])
			chip.level[line] = (v->bits & 1) !=
					   ((chip.flags[line] & GPIO_V2_LINE_FLAG_ACTIVE_LOW) != 0);
	}
	return 0;
}

static void
fake_close(int fd)
{
	if (fd >= FD_LINE)
		chip.is_held[fd - FD_LINE] = false;
	else
		chip.open--;
}

static const struct gpio_calls calls = { fake_open, fake_control, fake_close };

static int
setup(void **state)
{
	memset(&chip, 0, sizeof(chip));
	chip.chips = 1;
	chip.names[2] = "READY";
	*state = gpio_lines_new("/dev/gpiochip0", &calls);
	return 0;
}

static int
teardown(void **state)
{
	gpio_lines_free(*state);
	assert_int_equal(chip.open, 0);
	for (int i = 0; i < LINES; i++)
		assert_false(chip.is_held[i]);
	return 0;
}

static const char *
ask(void *g, const char *lines)
{
	static char out[GPIO_LINES_ANSWER + 1];
	char request[400];
	int n = snprintf(request, sizeof(request), "0000000a\n%s", lines);
	size_t len = gpio_lines_answer(g, (uint8_t *)request, (size_t)n, (uint8_t *)out);

	assert_true(len >= 9 && memcmp(out, "0000000a\n", 9) == 0);
	out[len] = '\0';
	return out + 9;
}

static void
test_inputs(void **state)
{
	chip.level[2] = true;
	assert_string_equal(ask(*state, "get ihu 5 0\nget il- 0 READY\n"), "0\n0\n");
	assert_true(chip.flags[0] == (GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_BIAS_PULL_UP));
	assert_int_equal(chip.debounce_us[0], 5000);
	assert_true(chip.flags[2] == (GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW));
	chip.level[0] = true;
	chip.level[2] = false;
	assert_string_equal(ask(*state, "get ihu 5 0\nget il- 0 READY\n"), "1\n1\n");
	assert_string_equal(ask(*state, "get ihd 0 1\nget ihn 0 3\n"), "0\n0\n");
	assert_true(chip.flags[1] & GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN);
	assert_true(chip.flags[3] & GPIO_V2_LINE_FLAG_BIAS_DISABLED);
}

static void
test_output_is_left_alone_until_it_is_set(void **state)
{
	chip.level[1] = true;
	assert_string_equal(ask(*state, "get -h- 0 1\n"), "1\n");
	assert_int_equal(chip.flags[1], 0);
	assert_string_equal(ask(*state, "set h 0 1\n"), "0\n");
	assert_true(chip.flags[1] == GPIO_V2_LINE_FLAG_OUTPUT && !chip.level[1]);
	assert_string_equal(ask(*state, "get -h- 0 1\n"), "0\n");
	assert_string_equal(ask(*state, "set h 1 1\nget -h- 0 1\n"), "1\n1\n");
	assert_true(chip.level[1]);
	chip.is_stuck[1] = true;
	assert_string_equal(ask(*state, "set h 0 1\n"), "1\n"); /* what is read back */
	assert_string_equal(ask(*state, "set l 1 3\n"), "1\n"); /* at once, low */
	assert_true(chip.flags[3] == (GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW) &&
		    !chip.level[3]);
}

static void
test_one_line_is_one_thing(void **state)
{
	assert_string_equal(
		ask(*state, "get ih- 0 1\nget il- 0 1\nget -h- 0 1\nset h 1 1\nget ihu 0 1\n"),
		"0\nerror 16\nerror 16\nerror 16\nerror 16\n");
	assert_true(chip.flags[1] == GPIO_V2_LINE_FLAG_INPUT && !chip.level[1]);
	assert_string_equal(ask(*state, "set h 1 3\nset l 1 3\nget -l- 0 3\nget ih- 0 3\n"),
		"1\nerror 16\nerror 16\nerror 16\n");
	assert_true(chip.level[3]);
}

static void
test_what_is_not_there(void **state)
{
	chip.names[0] = chip.names[1] = "TWICE";
	assert_string_equal(ask(*state, "get ih- 0 4\nget ih- 0 NOBODY\nget ih- 0 TWICE\n"),
		"missing\nmissing\nmany\n");
	chip.refuse = EBUSY;
	assert_string_equal(ask(*state, "get ih- 0 2\n"), "error 16\n");
	chip.refuse = 0;
	assert_string_equal(ask(*state, "get ih- 0 2\n"), "0\n");
	assert_string_equal(ask(*state, "get\nset h 2 1\nget ih- 0 \nfoo\n"),
		"error 22\nerror 22\nerror 22\nerror 22\n");
}

static void
test_chip_that_is_unplugged(void **state)
{
	assert_string_equal(ask(*state, "get ih- 0 2\nset h 1 1\n"), "0\n1\n");
	chip.is_gone = true;
	assert_string_equal(ask(*state, "get ih- 0 2\nget -h- 0 1\n"), "missing\nmissing\n");
	assert_int_equal(chip.open, 0);
	chip.is_gone = false;
	chip.level[2] = true;
	assert_string_equal(ask(*state, "get ih- 0 2\nget -h- 0 1\n"), "1\n1\n");
	assert_int_equal(chip.flags[1], 0); /* nobody has set it since */
}

static void
test_chip_by_its_label(void **state)
{
	struct gpio_lines *g = gpio_lines_new("fake", &calls);

	chip.chips = 3;
	chip.label_from = 2;
	assert_string_equal(ask(g, "get ih- 0 2\n"), "0\n");
	assert_int_equal(chip.open, 1);
	gpio_lines_free(g);
	g = gpio_lines_new("fake", &calls);
	chip.label_from = 1; /* two of them */
	assert_string_equal(ask(g, "get ih- 0 2\n"), "many\n");
	assert_int_equal(chip.open, 0);
	gpio_lines_free(g);
	g = gpio_lines_new("nobody", &calls);
	assert_string_equal(ask(g, "get ih- 0 2\n"), "missing\n");
	gpio_lines_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_inputs, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_output_is_left_alone_until_it_is_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_line_is_one_thing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chip_that_is_unplugged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chip_by_its_label, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
