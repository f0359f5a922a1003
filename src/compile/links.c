/* links.c - the wires of a bench */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define LINK_PATH_MAX 200
#define LINK_LABEL_MAX 31 /* GPIO_MAX_NAME_SIZE of the kernel, with its end */

/* The colon between host and port; NULL when there is none that can be one. */
static const char *
port_colon(const char *text)
{
	const char *close = text[0] == '[' ? strchr(text, ']') : NULL, *colon;

	if (text[0] == '[')
		return close != NULL && close[1] == ':' ? close + 1 : NULL;
	colon = strchr(text, ':');
	return colon != NULL && strchr(colon + 1, ':') == NULL ? colon : NULL;
}

bool
links_address(struct bench *b, const struct node *n, const char **out_host, uint16_t *out_port)
{
	const char *text, *colon, *host;
	size_t n_host;
	int64_t port;

	if (n->kind == NODE_LIST) {
		diag_error(&b->diag, n->at, "address",
			"YAML reads [ ] as a list; put the address in quotes: \"[::1]:502\"");
		return false;
	}
	text = read_text(b, n);
	if (text == NULL)
		return false;
	colon = port_colon(text);
	if (colon == NULL || !text_to_int(colon + 1, &port) || port < 0 || port > 65535) {
		diag_error(&b->diag, n->at, "address",
			"'%.80s' is not an address with a port; write \"host:port\", for instance "
			"\"192.168.1.60:502\" or \"[::1]:502\"",
			text);
		return false;
	}
	host = text + (text[0] == '[');
	n_host = (size_t)(colon - host) - (text[0] == '[');
	if (n_host == 0 || n_host > 253 ||
		strspn(host,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%") <
			n_host) {
		diag_error(&b->diag, n->at, "address",
			"'%.80s' has no usable host; write a name or an address before the port",
			text);
		return false;
	}
	*out_host = tree_text(&b->tree, host, n_host);
	*out_port = (uint16_t)port;
	return true;
}

static void
read_address(struct bench *b, struct bench_link *l, const struct node *n, enum link_kind kind)
{
	l->kind = kind;
	if (links_address(b, n, &l->host, &l->port) && l->port == 0)
		diag_error(&b->diag, n->at, "address",
			"port 0 reaches nobody; write the device's port, usually 502");
}

/* auto, no, or how many. */
static void
read_pipeline(struct bench *b, struct bench_link *l, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);
	int64_t many;

	if (text == NULL || strcmp(text, "auto") == 0)
		return;
	if (strcmp(text, "no") == 0)
		l->pipeline = 1;
	else if (text_to_int(text, &many) && many >= 1 && many <= IMAGE_PIPELINE_MAX)
		l->pipeline = (uint32_t)many;
	else
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.40s' is no number of questions; write auto, no, or 2 to %d", text,
			IMAGE_PIPELINE_MAX);
}

static void
read_system(struct bench *b, struct bench_link *l, const struct node *n)
{
	const char *text = read_text(b, n);

	l->kind = LINK_SYSTEM;
	if (text != NULL && strcmp(text, "local") != 0)
		diag_error(&b->diag, n->at, "wrong-value",
			"system can only be local; write system: local");
}

/* A line of the words of a helper; false when it cannot be one. */
static bool
add_word(struct bench *b, const struct node *n, struct buf *words)
{
	const char *text = read_text(b, n);

	if (text == NULL)
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7F) {
			diag_error(&b->diag, n->at, "wrong-value",
				"a word with a line end or another control character; pass it to "
				"the program in a file");
			return false;
		}
	if (words->n > 0)
		buf_putc(words, '\n');
	buf_put(words, text, strlen(text));
	return true;
}

/* The folder of the file that the node stands in: a relative program lies there, wherever mbc is started. */
static void
add_folder(const struct bench *b, const struct node *n, struct buf *words)
{
	const char *path = b->diag.files[n->at.file], *slash = strrchr(path, '/');

	if (slash == NULL)
		buf_putc(words, '.');
	else
		buf_put(words, path, slash == path ? 1 : (size_t)(slash - path));
}

static void
read_helper(struct bench *b, struct bench_link *l, const struct node *n)
{
	struct buf words = { 0 };
	bool is_good = true;

	l->kind = LINK_HELPER;
	if (!read_is(b, n, NODE_LIST,
		    "a list of words, the program first: [./daq.py, --card, \"2\"]"))
		return;
	add_folder(b, n, &words);
	if (strchr(buf_text(&words), '\n') != NULL) {
		diag_error(&b->diag, n->at, "wrong-value",
			"the folder of this file has a line end in its name; rename it");
		is_good = false;
	}
	for (const struct node *word = n->first; word != NULL; word = word->next)
		is_good = add_word(b, word, &words) && is_good;
	if (is_good && (n->n == 0 || n->first->text[0] == '\0'))
		diag_error(&b->diag, n->at, "wrong-value",
			"no program; write its path first: [./daq.py, --card, \"2\"]");
	else if (n->n > IMAGE_WORDS_MAX || words.n > IMAGE_WORDS_BYTES_MAX)
		diag_error(&b->diag, n->at, "too-large",
			"more than %d words, or %d bytes with the folder; pass them to the program "
			"in a file",
			IMAGE_WORDS_MAX, IMAGE_WORDS_BYTES_MAX);
	else if (is_good)
		l->host = tree_text(&b->tree, buf_text(&words), words.n);
	buf_done(&words);
}

/* Whole names between single strokes: what a path says is where it leads, for the sandbox as for people. */
static bool
is_plain_path(const char *text)
{
	for (const char *at = text; *at == '/'; at += 1 + strcspn(at + 1, "/")) {
		size_t n = strcspn(at + 1, "/");

		if (n == 0 || (at[1] == '.' && (n == 1 || (n == 2 && at[2] == '.'))))
			return false;
	}
	return text[0] == '/';
}

static void
read_folder(struct bench *b, struct bench_link *l, const struct node *n)
{
	const char *text = read_text(b, n);

	l->kind = LINK_FOLDER;
	if (text == NULL)
		return;
	l->host = text;
	if (text[0] != '/')
		diag_error(&b->diag, n->at, "address",
			"'%.80s' is no whole path of a folder; write it from / on, such as "
			"/sys/class/hwmon",
			text);
	else if (text[1] == '\0')
		diag_error(&b->diag, n->at, "address",
			"this would open every file of the computer to the controller; name the "
			"one folder that holds what is read");
	else if (!is_plain_path(text))
		diag_error(&b->diag, n->at, "address",
			"'%.80s' goes in a roundabout way; write it without '.', '..', '//' and a "
			"last /",
			text);
	else if (strlen(text) > LINK_PATH_MAX)
		diag_error(&b->diag, n->at, "address",
			"a path of over %d characters; write a shorter one", LINK_PATH_MAX);
}

static void
read_gpio(struct bench *b, struct bench_link *l, const struct node *n)
{
	const char *text = read_text(b, n);

	l->kind = LINK_GPIO;
	if (text == NULL)
		return;
	l->host = text;
	if (text[0] == '/' ? strncmp(text, "/dev/", 5) != 0 || !is_plain_path(text)
			   : text[0] == '\0' || strchr(text, '/') != NULL)
		diag_error(&b->diag, n->at, "address",
			"'%.80s' is no GPIO chip; write its device, such as /dev/gpiochip0, or its "
			"label, which 'gpiodetect' tells",
			text);
	else if (strlen(text) > (text[0] == '/' ? LINK_PATH_MAX : LINK_LABEL_MAX))
		diag_error(&b->diag, n->at, "address",
			"this is too long: a path has at most %d characters, a label %d; write "
			"what "
			"'gpiodetect' tells",
			LINK_PATH_MAX, LINK_LABEL_MAX);
}

static bool
is_hex4(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF") == 4;
}

/* "10cf:5500" or "10cf:5500:SERIAL" */
static bool
is_usb_id(const char *text)
{
	return strlen(text) >= 9 && is_hex4(text) && text[4] == ':' && is_hex4(text + 5) &&
	       (text[9] == '\0' || (text[9] == ':' && text[10] != '\0'));
}

/* node: "/dev/hidraw", and a number. */
static void
read_usb(struct bench *b, struct bench_link *l, const struct node *n, enum link_kind kind)
{
	const char *node = kind == LINK_HID ? "/dev/hidraw" : "/dev/usbtmc", *text;

	l->kind = kind;
	text = read_text(b, n);
	if (text == NULL)
		return;
	l->host = text;
	if (text[0] == '/' ? strncmp(text, "/dev/", 5) != 0 || !is_plain_path(text)
			   : !is_usb_id(text))
		diag_error(&b->diag, n->at, "address",
			"'%.80s' is no USB device; write its numbers as 'lsusb' tells them, "
			"\"10cf:5500\" or \"10cf:5500:SERIAL\", or a device such as %s0",
			text, node);
	else if (strlen(text) > LINK_PATH_MAX)
		diag_error(&b->diag, n->at, "address",
			"this is too long: at most %d characters; write the numbers that 'lsusb' "
			"tells",
			LINK_PATH_MAX);
}

/* The port that datagrams come to. */
static void
read_local_port(struct bench *b, struct bench_link *l, const struct node *n)
{
	int64_t port = 0;

	if (n == NULL)
		return;
	if (l->kind != LINK_UDP)
		diag_error(&b->diag, n->key_at, "conflict",
			"'local_port' belongs to datagrams; remove it, or write udp: "
			"\"host:port\"");
	else if (read_int(b, n, &schema_link[LINK_KEY_LOCAL_PORT], &port))
		l->local_port = (uint16_t)port;
}

/* The one key that says where the wire leads. */
static void
read_way(struct bench *b, struct bench_link *l, const struct node *n,
	const struct node *const *found)
{
	static const int ways[] = { LINK_KEY_TCP, LINK_KEY_RTU, LINK_KEY_SERIAL, LINK_KEY_SYSTEM,
		LINK_KEY_HELPER, LINK_KEY_FOLDER, LINK_KEY_GPIO, LINK_KEY_UDP, LINK_KEY_HID,
		LINK_KEY_USBTMC };
	const struct node *way = NULL;

	for (size_t i = 0; i < NELEM(ways); i++) {
		const struct node *more = found[ways[i]];

		if (more != NULL && way != NULL) {
			diag_error(&b->diag, more->key_at, "conflict",
				"a link is one wire; keep either %s or %s", way->key, more->key);
			return;
		}
		way = more != NULL ? more : way;
	}
	if (way == NULL) {
		if (b->diag.n_errors == 0 || !l->is_bad)
			diag_error(&b->diag, n->at, "missing",
				"the link leads nowhere; add tcp: \"host:port\", or serial: "
				"/dev/serial/by-path/..., or helper: [PROGRAM]");
		return;
	}
	if (way == found[LINK_KEY_TCP] || way == found[LINK_KEY_RTU])
		read_address(b, l, way, LINK_TCP);
	else if (way == found[LINK_KEY_UDP])
		read_address(b, l, way, LINK_UDP);
	else if (way == found[LINK_KEY_HID])
		read_usb(b, l, way, LINK_HID);
	else if (way == found[LINK_KEY_USBTMC])
		read_usb(b, l, way, LINK_USBTMC);
	else if (way == found[LINK_KEY_SYSTEM])
		read_system(b, l, way);
	else if (way == found[LINK_KEY_HELPER])
		read_helper(b, l, way);
	else if (way == found[LINK_KEY_FOLDER])
		read_folder(b, l, way);
	else if (way == found[LINK_KEY_GPIO])
		read_gpio(b, l, way);
	l->is_line = way == found[LINK_KEY_RTU] || way == found[LINK_KEY_SERIAL];
	read_local_port(b, l, found[LINK_KEY_LOCAL_PORT]);
	line_read(b, l, found);
}

static void
read_link(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	struct bench_link *l;
	size_t before;

	if (!read_name(b, n->key, n->key_at, "a link") ||
		!read_is(b, n, NODE_MAP, "a map: {tcp: \"host:port\"}"))
		return;
	l = BENCH_ADD(b->links);
	l->name = n->key;
	l->at = n->key_at;
	l->host = "";
	names_put(&b->link_names, n->key, b->links.n - 1);
	before = b->diag.n_errors;
	read_keys(b, n, schema_link, NULL, found, NULL);
	l->is_bad = before != b->diag.n_errors;
	read_span(b, found[LINK_KEY_CONNECT_TIMEOUT], &schema_link[LINK_KEY_CONNECT_TIMEOUT],
		&l->connect_timeout_ns);
	read_span(b, found[LINK_KEY_GAP], &schema_link[LINK_KEY_GAP], &l->gap_ns);
	read_span(b, found[LINK_KEY_LATE_MAX], &schema_link[LINK_KEY_LATE_MAX], &l->late_max_ns);
	read_span(b, found[LINK_KEY_PROBE_MAX], &schema_link[LINK_KEY_PROBE_MAX], &l->probe_max_ns);
	read_pipeline(b, l, found[LINK_KEY_PIPELINE]);
	read_way(b, l, n, found);
	l->is_bad = before != b->diag.n_errors;
}

/* A port of this computer is one link's. */
static void
check_local_ports(struct bench *b)
{
	for (uint32_t i = 0; i < b->links.n; i++)
		for (uint32_t k = 0; k < i && b->links.at[i].local_port != 0; k++)
			if (b->links.at[k].local_port == b->links.at[i].local_port) {
				diag_error(&b->diag, b->links.at[i].at, "conflict",
					"the links '%s' and '%s' have the same local_port %u; let "
					"each device send to a port of its own",
					b->links.at[k].name, b->links.at[i].name,
					b->links.at[i].local_port);
				break;
			}
}

void
links_read(struct bench *b, const struct node *map)
{
	for (const struct node *n = map == NULL ? NULL : map->first; n != NULL; n = n->next)
		read_link(b, n);
	check_local_ports(b);
}

uint32_t
links_system(struct bench *b, struct place at)
{
	uint32_t found = names_get(&b->link_names, "system");
	struct bench_link *l;

	if (found != NAMES_NONE && b->links.at[found].kind != LINK_SYSTEM)
		diag_error(&b->diag, at, "conflict",
			"the link 'system' leads elsewhere; rename that link, or name another one: "
			"link: NAME");
	if (found != NAMES_NONE) {
		b->links.at[found].is_used = true;
		return found;
	}
	l = BENCH_ADD(b->links);
	l->name = "system";
	l->kind = LINK_SYSTEM;
	l->host = "";
	l->at = at;
	l->is_used = true;
	l->connect_timeout_ns = 3 * NS_PER_S;
	l->probe_max_ns = 30 * NS_PER_S;
	names_put(&b->link_names, l->name, b->links.n - 1);
	return b->links.n - 1;
}
