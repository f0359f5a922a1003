/* doc.c - one description of an answer, written as JSON or as XML */
#include "serve/doc.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "base/xml.h"
#include "msg/quality.h"

/* The element for a key: elements of an array are named by the array. */
static const char *
element(const struct doc *d, const char *key)
{
	if (key != NULL)
		return key;
	assert(d->depth > 0 && d->items[d->depth - 1] != NULL);
	return d->items[d->depth - 1];
}

static void
push(struct doc *d, const char *name, const char *item)
{
	assert(d->depth < DOC_DEPTH);
	d->names[d->depth] = name;
	d->items[d->depth] = item;
	d->depth++;
}

void
doc_open(struct doc *d, struct buf *out, bool is_xml, const char *root)
{
	*d = (struct doc){ .is_xml = is_xml, .out = out };
	push(d, root, NULL);
	if (is_xml) {
		xml_head(out);
		xml_open(out, root);
	} else {
		json_open(&d->json, out);
		json_object(&d->json, NULL);
	}
}

void
doc_close(struct doc *d)
{
	assert(d->depth == 1);
	doc_end(d);
	buf_putc(d->out, '\n');
}

void
doc_object(struct doc *d, const char *key)
{
	if (d->is_xml) {
		const char *name = element(d, key);

		xml_open(d->out, name);
		push(d, name, NULL);
	} else {
		json_object(&d->json, key);
		push(d, NULL, NULL);
	}
}

void
doc_array(struct doc *d, const char *key, const char *item)
{
	if (d->is_xml) {
		const char *name = element(d, key);

		xml_open(d->out, name);
		push(d, name, item);
	} else {
		json_array(&d->json, key);
		push(d, NULL, item);
	}
}

void
doc_end(struct doc *d)
{
	d->depth--;
	if (d->is_xml)
		xml_close(d->out, d->names[d->depth]);
	else
		json_end(&d->json);
}

void
doc_text(struct doc *d, const char *key, const char *text)
{
	if (d->is_xml)
		xml_leaf(d->out, element(d, key), text == NULL ? "" : text);
	else
		json_text(&d->json, key, text);
}

void
doc_null(struct doc *d, const char *key)
{
	doc_text(d, key, NULL);
}

void
doc_bool(struct doc *d, const char *key, bool v)
{
	if (d->is_xml)
		xml_leaf(d->out, element(d, key), v ? "true" : "false");
	else
		json_bool(&d->json, key, v);
}

void
doc_int(struct doc *d, const char *key, int64_t v)
{
	char text[32];

	if (d->is_xml) {
		snprintf(text, sizeof(text), "%lld", (long long)v);
		xml_leaf(d->out, element(d, key), text);
	} else {
		json_int(&d->json, key, v);
	}
}

void
doc_uint(struct doc *d, const char *key, uint64_t v)
{
	char text[32];

	if (d->is_xml) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
		xml_leaf(d->out, element(d, key), text);
	} else {
		json_uint(&d->json, key, v);
	}
}

void
doc_double(struct doc *d, const char *key, double v)
{
	char text[32];

	if (!d->is_xml) {
		json_double(&d->json, key, v);
	} else if (!isfinite(v)) {
		doc_null(d, key);
	} else {
		text_from_double(text, v);
		xml_leaf(d->out, element(d, key), text);
	}
}

void
doc_value(struct doc *d, const char *key, enum value_type type, const struct sample *s,
	const char *choice)
{
	char text[VALUE_TEXT_MAX + 1];

	if (!d->is_xml) {
		value_json(&d->json, key, type, s, choice);
	} else if (type == VALUE_BOOL && !quality_is_bad(s->quality)) {
		doc_bool(d, key, s->v.i != 0);
	} else {
		value_text(text, type, s, choice);
		xml_leaf(d->out, element(d, key), text);
	}
}
