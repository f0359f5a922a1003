/* place.c - a value on a page in JSON */
#include "curl/place.h"

#include <string.h>

#include "base/text.h"

#define KEY_MAX 200

/* The next key of a path; returns what is behind it, NULL when that was the last one. False in *is_good: it is too long. */
static const char *
next_key(const char *path, char key[KEY_MAX + 1], bool *is_good)
{
	size_t n = 0;

	*is_good = true;
	for (; *path != '\0' && *path != '.'; path++) {
		if (*path == '\\' && path[1] != '\0')
			path++;
		if (n == KEY_MAX)
			*is_good = false;
		else
			key[n++] = *path;
	}
	key[n] = '\0';
	return *path == '.' ? path + 1 : NULL;
}

static const json_t *
step(const json_t *at, const char *key)
{
	int64_t index;

	if (json_is_object(at))
		return json_object_get(at, key);
	if (json_is_array(at) && text_to_int(key, &index) && index >= 0)
		return json_array_get(at, (size_t)index);
	return NULL;
}

static int
put_string(const json_t *at, struct buf *out, struct err *err)
{
	const char *text = json_string_value(at);
	size_t n = json_string_length(at);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
			return err_set(err, ERR_PROTO, 0, "a text with control characters");
	if (n > 500)
		return err_set(err, ERR_PROTO, 0, "a text of over 500 bytes");
	buf_put(out, text, n);
	return 0;
}

int
place_text(const json_t *page, const char *path, struct buf *out, struct err *err)
{
	const char *rest = path;
	const json_t *at = page;
	char key[KEY_MAX + 1], number[32];
	bool is_good;

	while (rest != NULL && at != NULL) {
		rest = next_key(rest, key, &is_good);
		at = is_good ? step(at, key) : NULL;
	}
	if (at == NULL)
		return err_set(err, ERR_PROTO, 0, "the page has nothing at %.80s", path);
	switch (json_typeof(at)) {
	case JSON_STRING:
		return put_string(at, out, err);
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(at));
		return 0;
	case JSON_REAL:
		text_from_double(number, json_real_value(at));
		buf_put(out, number, strlen(number));
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_printf(out, "%s", json_is_true(at) ? "true" : "false");
		return 0;
	case JSON_NULL:
		return err_set(err, ERR_PROTO, 0, "the page has null at %.80s", path);
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return err_set(err, ERR_PROTO, 0, "what is at %.80s is no single value", path);
}
