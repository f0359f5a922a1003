/* twin_says.c - what the simulated instrument of a bench answers: orders on standard input, answers on standard output
 *
 * twin_says IMAGE [SECRET]. The bench has one instrument, `d`, on its only link, and at most one secret. One order a line:
 *
 *	set CHANNEL VALUE      its value, in its unit, as if it had been written; of a text: the text, which stays
 *	refuse on, refuse off  it says no to everything
 *	later                  a minute passes
 *	ask HEX                the bytes; its answer is printed as "HEX", empty when it says nothing
 *
 * run.py compares the answers with the exchanges of an instrument file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "twin/fault.h"
#include "twin/twin.h"

#define LINE_MAX_BYTES 16384

static struct image *
read_image(const char *path)
{
	static uint64_t bytes[(4 << 20) / sizeof(uint64_t)];
	FILE *f = fopen(path, "rb");
	size_t n = f == NULL ? 0 : fread(bytes, 1, sizeof(bytes), f);
	struct err err = { .msg = "cannot be read" };

	if (f != NULL)
		fclose(f);
	if (n > 0 && image_check(bytes, n, &err) == 0)
		return (struct image *)bytes;
	fprintf(stderr, "%s: %s\n", path, err.msg);
	exit(2);
}

/* An order that cannot be carried out is a mistake of the test. */
static void
fail(const char *what, const char *line)
{
	fprintf(stderr, "%s: %s\n", what, line);
	exit(2);
}

static void
set(struct twin *t, const struct image *img, const char *order)
{
	char name[160];
	const char *value = strchr(order, ' ');
	uint32_t i;
	double number;

	if (value == NULL)
		fail("no value", order);
	snprintf(name, sizeof(name), "d.%.*s", (int)(value - order), order);
	value++;
	i = image_find_channel(img, name);
	if (i == IMAGE_NONE || image_channel_at(img, i)->source_kind != SOURCE_POINT)
		fail("no such channel", order);
	i = image_channel_at(img, i)->source;
	if (image_point_at(img, i)->value == VALUE_TEXT)
		twin_keep(t, i, 0, value);
	else if (text_to_double(value, &number))
		twin_set(t, i, number);
	else
		fail("no number", order);
}

static void
ask(struct twin *t, const char *hex)
{
	static struct twin_reply reply;
	uint8_t in[LINE_MAX_BYTES / 2];
	size_t n = 0, at = 0, used;
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1 && n < sizeof(in); hex += hex[2] == ' ' ? 3 : 2)
		in[n++] = (uint8_t)byte;
	while (at < n) {
		int got = twin_cut(t, 0, in + at, n - at, WIRE_SILENT);

		if (got <= 0) {
			at += got < 0 ? (size_t)-got : n;
			continue;
		}
		twin_reply(t, 0, in + at, (size_t)got, &reply);
		at += (size_t)got;
		used = 0;
		for (size_t i = 0; i < reply.n_pieces; i++)
			used += reply.piece[i].n;
		for (size_t i = 0; i < used; i++)
			printf("%02X", reply.bytes[i]);
	}
	putchar('\n');
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static struct secrets secrets;
	static char line[LINE_MAX_BYTES];
	const struct image *img;
	struct twin *t;
	struct err err;
	int64_t now_ns = 0;

	if (argc < 2 || argc > 3) {
		fputs("usage: twin_says IMAGE [SECRET] < ORDERS\n", stderr);
		return 2;
	}
	img = read_image(argv[1]);
	t = twin_new(img, 1);
	if (argc == 3) {
		secrets.n = 1;
		secrets.at[0].n = strlen(argv[2]);
		text_copy(secrets.at[0].value, sizeof(secrets.at[0].value), argv[2]);
	}
	twin_secrets(t, &secrets);
	twin_step(t, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "set ", 4) == 0)
			set(t, img, line + 4);
		else if (strncmp(line, "ask ", 4) == 0)
			ask(t, line + 4);
		else if (strcmp(line, "later") == 0)
			twin_step(t, now_ns += 60 * NS_PER_S);
		else if (fault_orders(t,
				 strcmp(line, "refuse on") == 0 ? "fault d=refuse" : "fault d=none",
				 &err) < 0)
			fail(err.msg, line);
	}
	twin_free(t);
	return 0;
}
