/* run_form.c - what is written down about a run */
#include "model/run_form.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

bool
run_text_is_good(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n > max || text_utf8(text, n) != n)
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return false;
	return true;
}

static const struct run_field *
find(const struct run_field *given, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(given[i].name, name) == 0)
			return &given[i];
	return NULL;
}

static bool
is_named(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->fields.n; i++)
		if (strcmp(image_text(img, image_field_at(img, i)->name), name) == 0)
			return true;
	return false;
}

static int
unknown(const struct image *img, const char *name, struct err *err)
{
	const char *names[IMAGE_FIELDS_MAX], *near;

	for (uint32_t i = 0; i < img->fields.n; i++)
		names[i] = image_text(img, image_field_at(img, i)->name);
	near = text_nearest(name, names, img->fields.n);
	if (near != NULL)
		return err_set(err, ERR_CONF, 0,
			"this bench does not ask for '%.63s'; did you mean '%s'?", name, near);
	return err_set(err, ERR_CONF, 0,
		"this bench does not ask for '%.63s'; name it in its file under 'record: fields:', "
		"or write 'free: yes' there",
		name);
}

static int
check_given(const struct image *img, const struct run_field *given, size_t n, struct err *err)
{
	if (n > RUN_FIELDS_MAX)
		return err_set(
			err, ERR_CONF, 0, "more than %d fields; leave some out", RUN_FIELDS_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *name = given[i].name;

		if (!text_is_name(name))
			return err_set(err, ERR_CONF, 0,
				"'%.63s' cannot name a field; use letters, digits and '_'", name);
		if (!run_text_is_good(given[i].value, SIZE_MAX))
			return err_set(err, ERR_CONF, 0,
				"the value of '%s' has control characters or is no UTF-8; write "
				"it on one line",
				name);
		if (find(given, i, name) != NULL)
			return err_set(
				err, ERR_CONF, 0, "'%s' is given twice; keep one of them", name);
		if (!img->has_free_fields && !is_named(img, name))
			return unknown(img, name, err);
	}
	return 0;
}

/* All that are missing at once. */
static int
check_needed(const struct image *img, const struct run_field *given, size_t n, struct err *err)
{
	char names[100] = "", options[100] = "";
	size_t a = 0, b = 0;

	for (uint32_t i = 0; i < img->fields.n; i++) {
		const struct image_field *f = image_field_at(img, i);
		const char *name = image_text(img, f->name);
		const struct run_field *is = find(given, n, name);

		if (!f->is_needed || (is != NULL && is->value[0] != '\0'))
			continue;
		a += (size_t)snprintf(
			names + a, sizeof(names) - a, "%s%s", a > 0 ? ", " : "", name);
		b += (size_t)snprintf(options + b, sizeof(options) - b, " --set %s=...", name);
		if (a >= sizeof(names) || b >= sizeof(options))
			break;
	}
	return a == 0 ? 0
		      : err_set(err, ERR_CONF, 0, "a run of this bench needs %s; add%s", names,
				options);
}

int
run_form(const struct image *img, const struct run_field *given, size_t n, size_t max,
	struct buf *out, struct err *err)
{
	size_t before = out->n;
	struct json j;

	if (check_given(img, given, n, err) < 0 || check_needed(img, given, n, err) < 0)
		return ERR_CONF;
	json_open(&j, out);
	json_object(&j, NULL);
	for (uint32_t i = 0; i < img->fields.n; i++) {
		const char *name = image_text(img, image_field_at(img, i)->name);
		const struct run_field *is = find(given, n, name);

		if (is != NULL)
			json_text(&j, name, is->value);
	}
	for (size_t i = 0; i < n; i++)
		if (!is_named(img, given[i].name))
			json_text(&j, given[i].name, given[i].value);
	json_end(&j);
	if (out->n - before <= max)
		return 0;
	out->n = before;
	return err_set(err, ERR_CONF, 0,
		"the fields have more than %zu bytes in all; shorten them, and put the rest into "
		"notes",
		max);
}
