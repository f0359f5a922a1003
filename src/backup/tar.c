/* tar.c - the one form in which a backup is a tar file
 *
 * Source: POSIX.1-2008, pax, "ustar Interchange Format". Sizes of 8 GB and more: the form of GNU tar, which sets the first bit of the field and counts in bytes.
 *
 *	0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 sum 8 | 156 type 1 | 157 link 100
 *	257 "ustar\0" 6 | 263 "00" 2 | 265 user 32 | 297 group 32 | 329 device 16 | 345 prefix 155 | 500 zeros 12
 */
#include "backup/tar.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define NAME_AT 0
#define NAME_BYTES 100
#define SIZE_AT 124
#define TIME_AT 136
#define SUM_AT 148
#define PREFIX_AT 345
#define PREFIX_BYTES 155
#define OCTAL_MAX (UINT64_C(1) << 33)

bool
tar_is_name(const char *name)
{
	return text_is_below(name, TAR_NAME_MAX + 1);
}

size_t
tar_padding(uint64_t bytes)
{
	return (size_t)((TAR_BLOCK - bytes % TAR_BLOCK) % TAR_BLOCK);
}

/* Where a long name is cut in two, at a '/'; 0: it need not be. -1: nowhere. */
static int
cut_at(const char *name)
{
	size_t n = strlen(name);

	if (n <= NAME_BYTES)
		return 0;
	for (size_t i = n - NAME_BYTES - 1; i <= PREFIX_BYTES && i < n - 1; i++)
		if (name[i] == '/' && i > 0)
			return (int)i;
	return -1;
}

static void
put_octal(uint8_t *out, size_t digits, uint64_t v)
{
	out[digits] = '\0';
	for (; digits > 0; v >>= 3)
		out[--digits] = (uint8_t)('0' + (v & 7));
}

static void
put_size(uint8_t *out, uint64_t v)
{
	if (v < OCTAL_MAX) {
		put_octal(out, 11, v);
		return;
	}
	memset(out, 0, 12);
	out[0] = 0x80;
	for (size_t i = 11; i >= 4; i--, v >>= 8)
		out[i] = (uint8_t)v;
}

static void
put_sum(uint8_t *block)
{
	unsigned sum = 0;

	memset(block + SUM_AT, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	put_octal(block + SUM_AT, 6, sum);
	block[SUM_AT + 7] = ' ';
}

int
tar_write(uint8_t out[TAR_BLOCK], const struct tar_entry *e, struct err *err)
{
	int cut = tar_is_name(e->name) ? cut_at(e->name) : -1;
	const char *last = e->name + (cut > 0 ? cut + 1 : 0);

	if (cut < 0 || e->time_s < 0 || e->time_s >= (int64_t)OCTAL_MAX)
		return err_set(err, ERR_CONF, 0,
			"'%.100s' cannot be the name of a file in a backup; give it a shorter one",
			e->name);
	memset(out, 0, TAR_BLOCK);
	memcpy(out + NAME_AT, last, strlen(last));
	if (cut > 0)
		memcpy(out + PREFIX_AT, e->name, (size_t)cut);
	put_octal(out + 100, 7, 0600);
	put_octal(out + 108, 7, 0);
	put_octal(out + 116, 7, 0);
	put_size(out + SIZE_AT, e->bytes);
	put_octal(out + TIME_AT, 11, (uint64_t)e->time_s);
	out[156] = '0';
	memcpy(out + 257,
		"ustar\0"
		"00",
		8);
	put_sum(out);
	return 0;
}

static uint64_t
take_number(const uint8_t *in)
{
	uint64_t v = 0;

	if ((in[0] & 0x80) != 0) {
		for (size_t i = 4; i < 12; i++)
			v = v << 8 | in[i];
		return v;
	}
	for (size_t i = 0; i < 11; i++)
		v = v << 3 | (uint64_t)(in[i] & 7);
	return v;
}

static void
take_name(char out[TAR_NAME_MAX + 1], const uint8_t *in)
{
	int prefix = (int)strnlen((const char *)in + PREFIX_AT, PREFIX_BYTES);

	snprintf(out, TAR_NAME_MAX + 1, "%.*s%s%.*s", prefix, (const char *)in + PREFIX_AT,
		prefix > 0 ? "/" : "", NAME_BYTES, (const char *)in + NAME_AT);
}

static const char *
what_is(uint8_t type)
{
	switch (type) {
	case '1':
	case '2':
		return "a link";
	case '3':
	case '4':
		return "a device";
	case '5':
		return "a folder";
	case '6':
		return "a pipe";
	default:
		return "no plain file";
	}
}

int
tar_read(struct tar_entry *out, const uint8_t in[TAR_BLOCK], struct err *err)
{
	static const uint8_t zeros[TAR_BLOCK];
	uint8_t again[TAR_BLOCK];
	struct tar_entry e;

	if (memcmp(in, zeros, TAR_BLOCK) == 0)
		return 0;
	if (memcmp(in + 257, "ustar", 5) != 0)
		return err_set(err, ERR_CONF, 0, "no tar file goes on here");
	take_name(e.name, in);
	e.bytes = take_number(in + SIZE_AT);
	e.time_s = (int64_t)take_number(in + TIME_AT);
	for (char *at = e.name; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			*at = '?';
	if (!tar_is_name(e.name))
		return err_set(
			err, ERR_CONF, 0, "the name '%.100s' leads out of the folder", e.name);
	if (in[156] != '0' && in[156] != '\0')
		return err_set(err, ERR_CONF, 0, "'%.100s' is %s", e.name, what_is(in[156]));
	if (tar_write(again, &e, NULL) < 0 || memcmp(again, in, TAR_BLOCK) != 0)
		return err_set(err, ERR_CONF, 0,
			"the head of '%.100s' is not as 'mbc backup' writes it", e.name);
	*out = e;
	return 1;
}
