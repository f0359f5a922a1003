/* value.c - values as numbers, JSON and text */
#include "msg/value.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "msg/quality.h"

const char *
value_type_text(enum value_type type)
{
	static const char *const words[] = { "bool", "int", "uint", "float", "float", "choice",
		"text" };

	return type < VALUE_TYPES ? words[type] : "unknown";
}

double
value_double(enum value_type type, union value v)
{
	switch (type) {
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_CHOICE:
		return (double)v.i;
	case VALUE_UINT:
		return (double)v.u;
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		return v.f;
	case VALUE_TEXT:
	case VALUE_TYPES:
		break;
	}
	return 0;
}

bool
value_same(enum value_type type, union value a, union value b)
{
	if (type == VALUE_FLOAT || type == VALUE_FLOAT32)
		return a.f == b.f || (isnan(a.f) && isnan(b.f));
	return a.u == b.u;
}

void
value_json(struct json *j, const char *key, enum value_type type, const struct sample *s,
	const char *choice)
{
	if (quality_is_bad(s->quality)) {
		json_null(j, key);
		return;
	}
	switch (type) {
	case VALUE_BOOL:
		json_bool(j, key, s->v.i != 0);
		return;
	case VALUE_CHOICE:
		if (choice != NULL) {
			json_text(j, key, choice);
			return;
		}
		json_int(j, key, s->v.i);
		return;
	case VALUE_INT:
		json_int(j, key, s->v.i);
		return;
	case VALUE_UINT:
		json_uint(j, key, s->v.u);
		return;
	case VALUE_FLOAT:
		json_double(j, key, s->v.f);
		return;
	case VALUE_FLOAT32:
		json_float(j, key, (float)s->v.f);
		return;
	case VALUE_TEXT:
		json_text(j, key, s->text);
		return;
	case VALUE_TYPES:
		break;
	}
	json_null(j, key);
}

void
value_text(char *out, enum value_type type, const struct sample *s, const char *choice)
{
	out[0] = '\0';
	if (quality_is_bad(s->quality))
		return;
	switch (type) {
	case VALUE_BOOL:
		text_copy(out, VALUE_TEXT_MAX + 1, s->v.i != 0 ? "1" : "0");
		break;
	case VALUE_CHOICE:
		if (choice != NULL) {
			text_copy(out, VALUE_TEXT_MAX + 1, choice);
			break;
		}
		snprintf(out, VALUE_TEXT_MAX + 1, "%lld", (long long)s->v.i);
		break;
	case VALUE_INT:
		snprintf(out, VALUE_TEXT_MAX + 1, "%lld", (long long)s->v.i);
		break;
	case VALUE_UINT:
		snprintf(out, VALUE_TEXT_MAX + 1, "%llu", (unsigned long long)s->v.u);
		break;
	case VALUE_FLOAT:
		text_from_double(out, s->v.f);
		break;
	case VALUE_FLOAT32:
		text_from_float(out, (float)s->v.f);
		break;
	case VALUE_TEXT:
		text_copy(out, VALUE_TEXT_MAX + 1, s->text);
		break;
	case VALUE_TYPES:
		break;
	}
}
