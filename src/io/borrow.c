/* borrow.c - the board and the image of a running bench */
#include "io/borrow.h"

#include <unistd.h>

#include "io/seal.h"
#include "io/sock.h"

static int
map(int fd, enum wire_kind question, int timeout_ms, struct borrowed *out, struct err *err)
{
	char text[WIRE_MAX] = "";
	int pass = -1;
	int rc = sock_ask(fd, question, NULL, text, sizeof(text), &pass, timeout_ms, err);

	if (rc < 0)
		return rc;
	if (rc == WIRE_NO || pass < 0) {
		if (pass >= 0)
			close(pass);
		return err_set(err, ERR_REFUSED, 0, "%s",
			text[0] != '\0' ? text : "the bench hands nothing over; see 'mbc doctor'");
	}
	out->memory = seal_map(pass, &out->size, err);
	close(pass);
	return out->memory == NULL ? err->code : 0;
}

int
borrow_board(int fd, int timeout_ms, struct borrowed *out, struct err *err)
{
	struct borrowed b = { 0 };
	int rc = map(fd, WIRE_LOOK, timeout_ms, &b, err);

	if (rc == 0)
		rc = board_check(b.memory, b.size, &b.board, err);
	if (rc < 0) {
		borrow_done(&b);
		return rc;
	}
	*out = b;
	return 0;
}

int
borrow_image(int fd, int timeout_ms, struct borrowed *out, struct err *err)
{
	struct borrowed b = { 0 };
	int rc = map(fd, WIRE_IMAGE_ASK, timeout_ms, &b, err);

	if (rc == 0)
		rc = image_check(b.memory, b.size, err);
	if (rc < 0) {
		borrow_done(&b);
		return rc;
	}
	b.image = b.memory;
	*out = b;
	return 0;
}

void
borrow_done(struct borrowed *b)
{
	union {
		const void *c;
		void *v;
	} p = { .c = b->memory };

	if (p.v != NULL)
		seal_done(p.v, b->size);
	*b = (struct borrowed){ 0 };
}
