/* entry_read.c - a line of the ledger, read */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "alert/entry.h"
#include "alert/message.h"
#include "base/crc.h"
#include "base/text.h"

#define CHECK_BYTES 9 /* a blank and eight hex digits */

static bool
word_of(const json_t *root, const char *key, const char *(*words)(unsigned), unsigned n,
	unsigned *out)
{
	const char *word = json_string_value(json_object_get(root, key));

	for (unsigned i = 0; word != NULL && i < n; i++)
		if (strcmp(words(i), word) == 0) {
			*out = i;
			return true;
		}
	return false;
}

/* A whole number from 0 on; one that is not there is 0. */
static bool
number_of(const json_t *root, const char *key, uint64_t most, uint64_t *out)
{
	const json_t *v = json_object_get(root, key);

	*out = 0;
	if (v == NULL)
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
		(uint64_t)json_integer_value(v) > most)
		return false;
	*out = (uint64_t)json_integer_value(v);
	return true;
}

static bool
small_of(const json_t *root, const char *key, unsigned most, unsigned *out)
{
	uint64_t v;

	if (!number_of(root, key, most, &v))
		return false;
	*out = (unsigned)v;
	return true;
}

static void
text_of(const json_t *root, const char *key, char *out, size_t cap)
{
	const char *text = json_string_value(json_object_get(root, key));

	(void)!text_copy(out, cap, text == NULL ? "" : text);
}

static bool
notices_of(const json_t *root, struct entry *out)
{
	const json_t *list = json_object_get(root, "notices"), *one;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > ENTRY_NOTICES)
		return false;
	json_array_foreach(list, i, one)
	{
		if (!json_is_integer(one) || json_integer_value(one) <= 0)
			return false;
		out->notices[out->n_notices++] = (uint64_t)json_integer_value(one);
	}
	return small_of(root, "more", 1u << 20, &out->n_more);
}

static bool
take(const json_t *root, struct entry *out)
{
	const json_t *wall = json_object_get(root, "wall");
	unsigned kind;
	bool is_good;

	*out = (struct entry){ 0 };
	if (!word_of(root, "kind", entry_kind_word, ENTRY_KINDS, &kind) || !json_is_integer(wall) ||
		!number_of(root, "id", INT64_MAX, &out->id) || out->id == 0)
		return false;
	out->kind = (enum entry_kind)kind;
	out->wall_ns = json_integer_value(wall);
	text_of(root, "name", out->name, sizeof(out->name));
	text_of(root, "to", out->to, sizeof(out->to));
	text_of(root, "text", out->text, sizeof(out->text));
	is_good = number_of(root, "event", INT64_MAX, &out->event) &&
		  small_of(root, "priority", ENTRY_PRIORITIES - 1, &out->priority) &&
		  small_of(root, "step", UINT16_MAX, &out->step) &&
		  small_of(root, "round", UINT8_MAX, &out->round) &&
		  small_of(root, "tries", UINT8_MAX, &out->tries);
	if (is_good && out->kind == ENTRY_NOTICE)
		is_good = word_of(root, "about", entry_about_word, ABOUTS, &out->about);
	if (is_good && out->kind == ENTRY_SEND)
		is_good = word_of(root, "way", entry_way_word, ENTRY_WAYS, &out->way) &&
			  word_of(root, "what", entry_what_word, TELLS, &out->what) &&
			  notices_of(root, out);
	if (is_good && out->kind == ENTRY_RESULT)
		is_good = word_of(root, "result", entry_result_word, ALERT_RESULTS, &out->result);
	return is_good;
}

int
entry_read(struct entry *out, const char *line, size_t n, struct err *err)
{
	char check[CHECK_BYTES + 1];
	json_t *root;
	bool is_good;

	if (n <= CHECK_BYTES || n > ENTRY_LINE_MAX)
		return err_set(err, ERR_PROTO, 0, "a line of %zu bytes is none of the ledger", n);
	snprintf(check, sizeof(check), " %08x", (unsigned)crc32c(0, line, n - CHECK_BYTES));
	if (memcmp(check, line + n - CHECK_BYTES, CHECK_BYTES) != 0)
		return err_set(err, ERR_PROTO, 0, "a line that is torn or was changed");
	root = json_loadb(line, n - CHECK_BYTES, JSON_REJECT_DUPLICATES, NULL);
	is_good = root != NULL && take(root, out);
	json_decref(root);
	return is_good ? 0 : err_set(err, ERR_PROTO, 0, "a line that this version does not know");
}
