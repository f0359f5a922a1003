/* line.c - serial lines of a bench: where the port is, how characters stand on it */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define BAUD_MIN 50
#define BAUD_MAX 4000000

/* "19200 8E1" */
static bool
parse_line(const char *text, struct image_line *out)
{
	const char *blank = strchr(text, ' ');
	char digits[12] = "";
	int64_t baud;

	if (blank == NULL || blank == text || (size_t)(blank - text) >= sizeof(digits))
		return false;
	memcpy(digits, text, (size_t)(blank - text));
	while (*blank == ' ')
		blank++;
	if (!text_to_int(digits, &baud) || baud < BAUD_MIN || baud > BAUD_MAX ||
		strlen(blank) != 3 || (blank[0] != '7' && blank[0] != '8') ||
		strchr("NEOneo", blank[1]) == NULL || (blank[2] != '1' && blank[2] != '2'))
		return false;
	out->baud = (uint32_t)baud;
	out->bits = (uint8_t)(blank[0] - '0');
	out->parity = (uint8_t)toupper((unsigned char)blank[1]);
	out->stop = (uint8_t)(blank[2] - '0');
	return true;
}

static void
read_rs485(struct bench *b, struct image_line *line, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	int64_t before_ns = 0, after_ns = 0;
	const char *rts;
	bool terminate = false;

	if (!read_is(b, n, NODE_MAP, "a map: {rts: high}"))
		return;
	read_keys(b, n, schema_rs485, NULL, found, NULL);
	read_span(b, found[RS485_KEY_BEFORE], &schema_rs485[RS485_KEY_BEFORE], &before_ns);
	read_span(b, found[RS485_KEY_AFTER], &schema_rs485[RS485_KEY_AFTER], &after_ns);
	if (found[RS485_KEY_TERMINATE] != NULL)
		read_bool(b, found[RS485_KEY_TERMINATE], &terminate);
	rts = found[RS485_KEY_RTS] == NULL ? "high" : read_text(b, found[RS485_KEY_RTS]);
	if (rts != NULL && strcmp(rts, "high") != 0 && strcmp(rts, "low") != 0)
		diag_error(&b->diag, found[RS485_KEY_RTS]->at, "wrong-value",
			"'%.40s' is no level; write high or low: RTS while the port sends", rts);
	line->rs485 = rts != NULL && strcmp(rts, "low") == 0 ? RS485_LOW : RS485_HIGH;
	line->terminate = terminate;
	line->before_ms = (uint16_t)((before_ns + NS_PER_MS - 1) / NS_PER_MS);
	line->after_ms = (uint16_t)((after_ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* Where the port is to be looked for. */
static void
read_port(struct bench *b, struct bench_link *l, const struct node *n)
{
	const char *text = read_text(b, n);

	l->kind = LINK_SERIAL;
	if (text == NULL)
		return;
	l->host = text;
	if (strncmp(text, "usb:", 4) == 0 ? text[4] == '\0' : text[0] != '/')
		diag_error(&b->diag, n->at, "address",
			"'%.80s' is no serial port; write a path such as "
			"/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0, or usb: and the "
			"adapter's serial number",
			text);
	else if (strlen(text) > 200)
		diag_error(&b->diag, n->at, "address",
			"a path of over 200 characters; write a shorter one");
}

/* Keys that only a serial port has. */
static void
refuse_line_keys(struct bench *b, const struct node *const *found)
{
	static const int keys[] = { LINK_KEY_LINE, LINK_KEY_RS485, LINK_KEY_ECHO };

	for (size_t i = 0; i < NELEM(keys); i++)
		if (found[keys[i]] != NULL)
			diag_error(&b->diag, found[keys[i]]->key_at, "conflict",
				"'%s' belongs to a serial port; remove it, or write serial: PATH",
				found[keys[i]]->key);
}

/* How characters stand on the line. */
static void
set_line(struct bench *b, struct bench_link *l, const char *text, struct place at)
{
	if (!parse_line(text, &l->line))
		diag_error(&b->diag, at, "wrong-value",
			"'%.40s' is no line; write speed, bits, parity and stop bits, for instance "
			"19200 8E1 or 9600 8N1",
			text);
	if (l->line.baud != 0)
		l->char_ns = (int64_t)(1 + l->line.bits + (l->line.parity != 'N') + l->line.stop) *
			     NS_PER_S / l->line.baud;
}

/* Two instruments on one line that want it set differently. */
static void
compare_lines(struct bench *b, const struct bench_link *l, const char *name, const char *text)
{
	struct image_line other = l->line;

	if (parse_line(text, &other) && memcmp(&other, &l->line, sizeof(other)) != 0)
		diag_error(&b->diag, l->at, "conflict",
			"'%s' is set to %s by its instrument file, and another instrument of the "
			"link "
			"'%s' to something else; set both devices alike, and write line: %s here",
			name, text, l->name, text);
}

void
line_default(struct bench *b, struct bench_link *l, const char *name, const struct node *file_line)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	const char *text;
	int64_t gap_ns;
	bool echo;

	if (!read_is(b, file_line, NODE_MAP, "a map: {serial: 9600 8N1, timeout: 500 ms}") ||
		!read_keys(b, file_line, schema_file_line, NULL, found, NULL))
		return;
	if (found[FILE_LINE_GAP] != NULL &&
		read_span(b, found[FILE_LINE_GAP], &schema_file_line[FILE_LINE_GAP], &gap_ns))
		l->gap_ns = MAX(l->gap_ns, gap_ns);
	if (l->kind != LINK_SERIAL)
		return;
	if (found[FILE_LINE_ECHO] != NULL && read_bool(b, found[FILE_LINE_ECHO], &echo))
		l->has_echo |= echo;
	text = found[FILE_LINE_SERIAL] == NULL ? NULL : read_text(b, found[FILE_LINE_SERIAL]);
	if (text == NULL)
		return;
	if (!l->has_line)
		set_line(b, l, text, found[FILE_LINE_SERIAL]->at);
	else if (l->is_line_lent)
		compare_lines(b, l, name, text);
	l->is_line_lent |= !l->has_line;
	l->has_line = true;
}

void
line_read(struct bench *b, struct bench_link *l, const struct node *const *found)
{
	const struct node *n = found[LINK_KEY_LINE];
	const char *text = n == NULL ? schema_link[LINK_KEY_LINE].def : read_text(b, n);

	if (found[LINK_KEY_SERIAL] == NULL) {
		refuse_line_keys(b, found);
		return;
	}
	read_port(b, l, found[LINK_KEY_SERIAL]);
	l->line_at = n != NULL ? n->at : l->at;
	l->has_line = n != NULL;
	if (text != NULL)
		set_line(b, l, text, n != NULL ? n->at : l->at);
	if (found[LINK_KEY_RS485] != NULL)
		read_rs485(b, &l->line, found[LINK_KEY_RS485]);
	if (found[LINK_KEY_ECHO] != NULL)
		read_bool(b, found[LINK_KEY_ECHO], &l->has_echo);
}
