/* contacts.c - `contacts:`, whom people call: on the card for the door, and on the Help page */
#include <ctype.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"
#include "model/run_form.h"

#define TEXT_MAX 80  /* bytes: a line of the card */
#define PHONE_MAX 30 /* the longest international number has 15 digits */

/* A text of one line; "" and told: none. */
static const char *
read_line(struct bench *b, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	if (text == NULL)
		return "";
	if (text[0] != '\0' && run_text_is_good(text, TEXT_MAX))
		return text;
	diag_error(&b->diag, n->at, "out-of-range",
		"'%.40s' is empty, or longer than a line of %d bytes; write less", text, TEXT_MAX);
	return "";
}

/* 15, 112 and 18 are numbers, too. */
static bool
is_phone(const char *text)
{
	size_t n_digits = 0;

	for (const char *c = text; *c != '\0'; c++)
		n_digits += isdigit((unsigned char)*c) != 0;
	return n_digits >= 2 && strlen(text) <= PHONE_MAX &&
	       text[strspn(text, "0123456789 +-()")] == '\0';
}

static const char *
read_phone(struct bench *b, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	if (text == NULL || is_phone(text))
		return text == NULL ? "" : text;
	diag_error(&b->diag, n->at, "wrong-value",
		"'%.40s' is no phone number; write digits, spaces, + - ( ), at most %d signs: "
		"\"+33 1 23 45 67 89\"",
		text, PHONE_MAX);
	return "";
}

void
contacts_read(struct bench *b, const struct node *rows)
{
	if (rows == NULL ||
		!read_is(b, rows, NODE_LIST, "a list: [{name: Anna Martin, phone: \"112\"}]"))
		return;
	for (const struct node *n = rows->first; n != NULL; n = n->next) {
		const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
		struct bench_contact *c;

		if (b->contacts.n == IMAGE_CONTACTS_MAX) {
			diag_error(&b->diag, n->at, "out-of-range",
				"more than %d contacts, which no card has room for; remove some",
				IMAGE_CONTACTS_MAX);
			return;
		}
		if (!read_is(b, n, NODE_MAP, "a map: {name: Anna Martin, phone: \"112\"}"))
			continue;
		read_keys(b, n, schema_contact, NULL, found, NULL);
		c = BENCH_ADD(b->contacts);
		*c = (struct bench_contact){ read_line(b, found[CONTACT_NAME]),
			read_phone(b, found[CONTACT_PHONE]), read_line(b, found[CONTACT_ROLE]) };
	}
}
