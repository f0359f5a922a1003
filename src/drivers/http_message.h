/* http_message.h - answers of HTTP/1.1: where one ends, its status, its body */
#ifndef DRIVERS_HTTP_MESSAGE_H
#define DRIVERS_HTTP_MESSAGE_H

#include "link/codec.h"

enum http_body { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_TO_END };

struct http_head {
	size_t n; /* bytes, with the empty line */
	unsigned status;
	enum http_body body;
	size_t length;
	bool has_length;
	bool is_last; /* the connection ends behind it */
	const char
		*why; /* the end of the answer cannot be known, or not be reached; NULL: it can */
};

/* codec.h, cut: an answer with its body. One whose end cannot be known, or is further away than CODEC_FRAME_MAX, is its
 * head alone. */
int http_message_cut(const struct instrument *ins, const struct request *req, const uint8_t *in,
	size_t n, enum wire wire);

/* The head at in[0]. 1: found; 0: more bytes are needed; -1: no answer begins here. */
int http_message_head(const uint8_t *in, size_t n, struct http_head *out);

/* The body of a frame with the head h to out (room for CODEC_FRAME_MAX bytes), without its chunks; its length, or -1 with a
 * reason in h. */
int http_message_body(const uint8_t *frame, size_t n, struct http_head *h, uint8_t *out);

#endif
