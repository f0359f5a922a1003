/* fuzz_describe.c - any bytes as an instrument file: what is told of it is JSON, whole, in the list and by itself */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "compile/describe.h"
#include "compile/units.h"

#define DEPTH_MAX 8 /* of what describe.c makes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char dir[64];

static void
clean_up(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/x.yaml", dir);
	unlink(path);
	rmdir(dir);
	units_close();
}

static const char *
skip_text(const char *at)
{
	for (at++; *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			abort(); /* its end too */
		if (*at == '\\' && *++at == '\0')
			abort();
	}
	return at + 1;
}

/* Over one value of JSON as describe.c writes it; anything else ends the program. */
static const char *
skip_value(const char *at, int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	char end = *at == '{' ? '}' : ']';

	if (depth > DEPTH_MAX)
		abort();
	if (*at == '"')
		return skip_text(at);
	for (size_t i = 0; i < NELEM(words); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	if (*at != '{' && *at != '[') {
		size_t n = strspn(at, "0123456789+-.eE");

		if (n == 0)
			abort();
		return at + n;
	}
	if (at[1] == end)
		return at + 2;
	do {
		at++;
		if (end == '}') {
			if (*at != '"')
				abort();
			at = skip_text(at);
			if (*at++ != ':')
				abort();
		}
		at = skip_value(at, depth + 1);
	} while (*at == ',');
	if (*at != end)
		abort();
	return at + 1;
}

static void
must_be_json(struct buf *out)
{
	buf_putc(out, '\0');
	if (strcmp(skip_value((const char *)out->data, 0), "\n") != 0)
		abort();
	out->n = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf out = { 0 };
	struct err err;
	char path[80];
	FILE *f;

	if (dir[0] == '\0') {
		strcpy(dir, "/tmp/mbc-fuzz-describe-XXXXXX");
		if (mkdtemp(dir) == NULL || units_open(&err) != 0)
			abort();
		atexit(clean_up);
		if (freopen("/dev/null", "w", stderr) ==
			NULL) /* what is wrong in a file is told there */
			abort();
	}
	snprintf(path, sizeof(path), "%s/x.yaml", dir);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(data, 1, n, f) != n || fclose(f) != 0)
		abort();
	if (describe_all(dir, "", &out, &err) != 0)
		abort();
	must_be_json(&out);
	if (describe_one(dir, "", "x", &out, &err) == 0)
		must_be_json(&out);
	else if (out.n != 0)
		abort();
	buf_done(&out);
	return 0;
}
