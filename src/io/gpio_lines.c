/* gpio_lines.c - reading and driving lines of a GPIO chip
 *
 * Source: Linux include/uapi/linux/gpio.h and Documentation/userspace-api/gpio/, version 2 of the interface (Linux 5.10).
 */
#include "io/gpio_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

#define TAG 9
#define CHIPS_MAX 64 /* /dev/gpiochip0 .. are looked at for a label */
#define HELD_MAX 64
#define CONSUMER "mbc"

/* What a line of a request says. */
struct wish {
	bool is_set;
	bool level;
	uint64_t flags; /* GPIO_V2_LINE_FLAG_* */
	uint32_t debounce_us;
	char line[GPIO_MAX_NAME_SIZE];
};

struct held {
	char line[GPIO_MAX_NAME_SIZE]; /* as it was asked for */
	uint64_t flags;
	uint32_t debounce_us;
	int fd;
};

struct gpio_lines {
	char *where;
	const struct gpio_calls *calls;
	int chip; /* -1: closed */
	uint32_t n_lines;
	size_t n_held;
	struct held held[HELD_MAX];
};

/* ---- the kernel ---- */

static int
real_open(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static int
real_control(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static void
real_close(int fd)
{
	close(fd);
}

static const struct gpio_calls real_calls = { real_open, real_control, real_close };

/* ---- the chip ---- */

static void
let_go(struct gpio_lines *g)
{
	for (size_t i = 0; i < g->n_held; i++)
		g->calls->close(g->held[i].fd);
	g->n_held = 0;
	if (g->chip >= 0)
		g->calls->close(g->chip);
	g->chip = -1;
}

/* A chip, and whether it is the one that is meant; -1: it is none. */
static int
look_at_chip(struct gpio_lines *g, const char *path, const char *label)
{
	struct gpiochip_info info = { .lines = 0 };
	int fd = g->calls->open(path), sys;

	if (fd < 0)
		return -1;
	if (g->calls->control(fd, GPIO_GET_CHIPINFO_IOCTL, &info) == 0 &&
		(label == NULL || strncmp(info.label, label, sizeof(info.label)) == 0)) {
		g->n_lines = info.lines;
		return fd;
	}
	sys = label == NULL ? errno : ENOENT;
	g->calls->close(fd);
	errno = sys;
	return -1;
}

/* False with errno; EEXIST: several have the label. */
static bool
open_chip(struct gpio_lines *g)
{
	char path[32];
	int found = -1, sys = ENOENT;

	if (g->chip >= 0)
		return true;
	if (g->where[0] == '/') {
		g->chip = look_at_chip(g, g->where, NULL);
		return g->chip >= 0;
	}
	for (unsigned i = 0; i < CHIPS_MAX; i++) {
		uint32_t n_lines = g->n_lines;
		int fd;

		snprintf(path, sizeof(path), "/dev/gpiochip%u", i);
		fd = look_at_chip(g, path, g->where);
		if (fd >= 0 && found >= 0) {
			g->calls->close(fd);
			g->calls->close(found);
			g->n_lines = n_lines;
			errno = EEXIST;
			return false;
		}
		if (fd >= 0)
			found = fd;
		else if (errno == EACCES || errno == EPERM)
			sys = errno; /* it may be this one */
	}
	g->chip = found;
	errno = sys;
	return found >= 0;
}

/* The number of a line; false with errno, EEXIST: several have the name. */
static bool
find_line(struct gpio_lines *g, const char *line, uint32_t *out)
{
	int64_t number = -1;
	bool found = false;

	if (text_to_int(line, &number)) {
		*out = (uint32_t)number;
		errno = ENOENT;
		return number >= 0 && number < g->n_lines;
	}
	for (uint32_t i = 0; i < g->n_lines; i++) {
		struct gpio_v2_line_info info = { .offset = i };

		if (g->calls->control(g->chip, GPIO_V2_GET_LINEINFO_IOCTL, &info) < 0)
			return false;
		if (strncmp(info.name, line, sizeof(info.name)) != 0)
			continue;
		if (found) {
			errno = EEXIST;
			return false;
		}
		*out = i;
		found = true;
	}
	errno = ENOENT;
	return found;
}

/* ---- lines ---- */

static void
fill_config(const struct wish *w, struct gpio_v2_line_config *out)
{
	struct gpio_v2_line_config_attribute *a = &out->attrs[0];

	*out = (struct gpio_v2_line_config){ .flags = w->flags };
	a->mask = 1;
	if (w->is_set) {
		a->attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
		a->attr.values = w->level;
		out->num_attrs = 1;
	} else if (w->debounce_us != 0) {
		a->attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
		a->attr.debounce_period_us = w->debounce_us;
		out->num_attrs = 1;
	}
}

static struct held *
find_held(struct gpio_lines *g, const char *line)
{
	for (size_t i = 0; i < g->n_held; i++)
		if (strcmp(g->held[i].line, line) == 0)
			return &g->held[i];
	return NULL;
}

static struct held *
take_line(struct gpio_lines *g, const struct wish *w)
{
	struct gpio_v2_line_request request = { .num_lines = 1, .consumer = CONSUMER };
	struct held *h = &g->held[g->n_held];

	if (g->n_held == HELD_MAX) {
		errno = ENFILE;
		return NULL;
	}
	if (!find_line(g, w->line, &request.offsets[0]))
		return NULL;
	fill_config(w, &request.config);
	if (g->calls->control(g->chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0)
		return NULL;
	*h = (struct held){ .flags = w->flags, .debounce_us = w->debounce_us, .fd = request.fd };
	text_copy(h->line, sizeof(h->line), w->line);
	g->n_held++;
	return h;
}

/* A line that is held becomes what is wished. What has been made an output is read as one. */
static int
change_line(struct gpio_lines *g, struct held *h, const struct wish *w)
{
	struct gpio_v2_line_values level = { .bits = w->level, .mask = 1 };
	struct gpio_v2_line_config config;
	bool is_output = (h->flags & GPIO_V2_LINE_FLAG_OUTPUT) != 0;
	uint64_t polarity = (h->flags ^ w->flags) & GPIO_V2_LINE_FLAG_ACTIVE_LOW;

	if (polarity != 0 ||
		(h->flags & GPIO_V2_LINE_FLAG_INPUT) != (w->flags & GPIO_V2_LINE_FLAG_INPUT)) {
		errno = EBUSY; /* two channels want it to be two things */
		return -1;
	}
	if (!w->is_set && (is_output || (h->flags == w->flags && h->debounce_us == w->debounce_us)))
		return 0;
	if (!w->is_set) {
		errno = EBUSY;
		return -1;
	}
	if (is_output)
		return g->calls->control(h->fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &level);
	fill_config(w, &config);
	if (g->calls->control(h->fd, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config) < 0)
		return -1;
	h->flags = w->flags;
	return 0;
}

/* The level, or -1 with errno. */
static int
carry_out(struct gpio_lines *g, const struct wish *w)
{
	struct gpio_v2_line_values level = { .mask = 1 };
	struct held *h;

	if (!open_chip(g))
		return -1;
	h = find_held(g, w->line);
	if (h == NULL)
		h = take_line(g, w);
	else if (change_line(g, h, w) < 0)
		return -1;
	if (h == NULL || g->calls->control(h->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &level) < 0)
		return -1;
	return (int)(level.bits & 1);
}

/* ---- requests ---- */

static bool
read_get(const char *text, struct wish *out)
{
	unsigned debounce_ms;
	char way, polarity, bias;
	int at = 0;

	if (sscanf(text, "get %c%c%c %u %n", &way, &polarity, &bias, &debounce_ms, &at) != 4 ||
		at == 0 || debounce_ms > 10000)
		return false;
	out->flags = (way == 'i' ? GPIO_V2_LINE_FLAG_INPUT : 0u) |
		     (polarity == 'l' ? GPIO_V2_LINE_FLAG_ACTIVE_LOW : 0u) |
		     (bias == 'u'          ? GPIO_V2_LINE_FLAG_BIAS_PULL_UP
			     : bias == 'd' ? GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN
			     : bias == 'n' ? GPIO_V2_LINE_FLAG_BIAS_DISABLED
					   : 0u);
	out->debounce_us = debounce_ms * 1000;
	return text_copy(out->line, sizeof(out->line), text + at) && out->line[0] != '\0';
}

static bool
read_set(const char *text, struct wish *out)
{
	unsigned level;
	char polarity;
	int at = 0;

	if (sscanf(text, "set %c %u %n", &polarity, &level, &at) != 2 || at == 0 || level > 1)
		return false;
	out->is_set = true;
	out->level = level == 1;
	out->flags =
		GPIO_V2_LINE_FLAG_OUTPUT | (polarity == 'l' ? GPIO_V2_LINE_FLAG_ACTIVE_LOW : 0u);
	return text_copy(out->line, sizeof(out->line), text + at) && out->line[0] != '\0';
}

static size_t
do_line(struct gpio_lines *g, const char *text, char *out, size_t cap)
{
	struct wish w = { .flags = 0 };
	int level;

	if (!read_get(text, &w) && !read_set(text, &w))
		return (size_t)snprintf(out, cap, "error %d\n", EINVAL);
	level = carry_out(g, &w);
	if (level >= 0)
		return (size_t)snprintf(out, cap, "%d\n", level);
	if (errno == ENODEV || errno == ENXIO || errno == EBADF)
		let_go(g); /* it was unplugged: looked for again the next time */
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return (size_t)snprintf(out, cap, "missing\n");
	if (errno == EEXIST)
		return (size_t)snprintf(out, cap, "many\n");
	return (size_t)snprintf(out, cap, "error %d\n", errno);
}

size_t
gpio_lines_answer(void *ctx, const uint8_t *request, size_t n, uint8_t *out)
{
	struct gpio_lines *g = ctx;
	char lines[GPIO_LINES_ANSWER + 100], *at = lines, *end;
	size_t used = TAG;

	if (n <= TAG || n - TAG >= sizeof(lines))
		return 0;
	memcpy(out, request, TAG);
	memcpy(lines, request + TAG, n - TAG);
	lines[n - TAG] = '\0';
	for (; (end = strchr(at, '\n')) != NULL && used + 24 < GPIO_LINES_ANSWER; at = end + 1) {
		*end = '\0';
		used += do_line(g, at, (char *)out + used, GPIO_LINES_ANSWER - used);
	}
	return used;
}

struct gpio_lines *
gpio_lines_new(const char *where, const struct gpio_calls *calls)
{
	struct gpio_lines *g = mem_zero(1, sizeof(*g));

	g->where = mem_text(where);
	g->calls = calls != NULL ? calls : &real_calls;
	g->chip = -1;
	return g;
}

void
gpio_lines_free(void *ctx)
{
	struct gpio_lines *g = ctx;

	if (g == NULL)
		return;
	let_go(g);
	free(g->where);
	free(g);
}
