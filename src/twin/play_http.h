/* play_http.h - the pages of simulated web servers; for play_http*.c alone
 *
 * A page is what the points of a link name of it: `struct play_node` is one such place, a `struct play_page` the text that is made of them.
 */
#ifndef TWIN_PLAY_HTTP_H
#define TWIN_PLAY_HTTP_H

#include <string.h>

#include "drivers/http_auth.h"
#include "drivers/http_element.h"
#include "drivers/http_json.h"
#include "drivers/http_write.h"
#include "twin/player.h"

#define PLAY_HEAD_MAX 200   /* bytes of the head of an answer */
#define PLAY_NODES_MAX 1000 /* of one page */

/* All instruments of this player, of all links: pages may be shared. */
struct play_servers {
	size_t n;
	struct play_device **dev;
};

struct play_page {
	size_t n;
	bool is_full;
	const char *type; /* of its content */
	char text[CODEC_FRAME_MAX - PLAY_HEAD_MAX];
};

struct play_node {
	struct play_device *dev;
	uint32_t i;        /* which of its points */
	const char *key;   /* of the point: the read one, or that of a collection */
	const char *fixed; /* it says always this, and is no point; NULL: a point */
	struct run path;   /* from the root; while a page is made: what is left of it */
	union {            /* while a page is made: the first step of that */
		struct http_json_want json;
		struct http_element_want xml;
	} want;
};

struct play_nodes {
	size_t n;
	bool is_full;
	enum http_kind kind; /* of the first one */
	struct play_node node[PLAY_NODES_MAX];
};

/* A request taken apart; borrowed from it. */
struct play_ask {
	struct run method, path, content, body;
	const uint8_t *head;
	size_t n_head;
	bool is_refused; /* nothing comes of it, whatever it says */
};

static inline bool
play_same(struct run a, struct run b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static inline struct run
play_run(const char *text)
{
	return (struct run){ text == NULL ? "" : text, text == NULL ? 0 : strlen(text) };
}

/* On the same link. */
static inline bool
play_is_neighbour(const struct play_device *a, const struct play_device *b)
{
	return image_instrument_at(a->img, a->index)->link ==
	       image_instrument_at(b->img, b->index)->link;
}

/* ---- play_http_page.c ---- */

void play_add(struct play_page *p, struct run text);
void play_add_text(struct play_page *p, const char *text);
void play_add_escaped(struct play_page *p, struct run text); /* for XML */

/* What a node says. True: where JSON tells texts from numbers, it stands in quotes. */
bool play_node_text(const struct play_node *node, char out[VALUE_TEXT_MAX + 1]);
/* A word that is a value of JSON without quotes. */
bool play_is_literal(struct run word);

/* All places of the page at `path` that the link of dev has; none: there is no such page. */
void play_gather(const struct play_device *dev, struct run path, struct play_nodes *out);
/* Has this device itself something on the page? */
bool play_has_page(const struct play_device *dev, struct run path);
void play_make_page(struct play_nodes *nodes, struct play_page *out);

/* Bring the nodes that have the same first step as list[at] to the front, in their order; how many. */
size_t play_front(struct play_node **list, size_t n, size_t at,
	bool (*same)(const struct play_node *a, const struct play_node *b));

/* ---- play_http_json.c, play_http_xml.c: list is put in another order ---- */

void play_json_page(struct play_node **list, size_t n, struct play_page *out);
void play_xml_page(struct play_node **list, size_t n, struct play_page *out);

/* ---- play_http_write.c ---- */

/* The better understood, the higher. */
enum play_verdict {
	PLAY_NO_WRITE, /* no point is written so */
	PLAY_WRONG_METHOD,
	PLAY_BAD_WRITE, /* a place that takes writes, and not this one: `code` tells */
	PLAY_WRITTEN,
};

/* Codes of the Moxa ioLogik E1200. */
enum {
	PLAY_CODE_VERSION = 101,
	PLAY_CODE_NO_JSON = 201,
	PLAY_CODE_VALUE = 202,
	PLAY_CODE_ORDER = 203,
	PLAY_CODE_CHANNEL = 204,
	PLAY_CODE_NODE = 206,
};

enum play_verdict play_http_write(
	struct play_device *dev, const struct play_ask *ask, unsigned *out_code);

#endif
