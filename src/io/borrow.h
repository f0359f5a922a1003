/* borrow.h - the board and the image of a running bench, as its supervisor hands them out to who may look */
#ifndef IO_BORROW_H
#define IO_BORROW_H

#include "board/board.h"
#include "model/image.h"

/* A mapping that can only be read; it stays whole when the bench ends. */
struct borrowed {
	const void *memory; /* NULL: there is none */
	size_t size;
	const struct board *board; /* one of these */
	const struct image *image;
};

/* Ask on a connection to the bench (sock_connect) for what is in force now; timeout_ms: for the answer. ERR_REFUSED: the bench said no, and why. */
int borrow_board(int fd, int timeout_ms, struct borrowed *out, struct err *err) MUST_CHECK;
int borrow_image(int fd, int timeout_ms, struct borrowed *out, struct err *err) MUST_CHECK;

/* Give it back. */
void borrow_done(struct borrowed *b);

#endif
