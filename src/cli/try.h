/* try.h - what mbc try and mbc scan share: a bench of a few lines for one wire, compiled and tried */
#ifndef CLI_TRY_H
#define CLI_TRY_H

#include "base/buf.h"
#include "cli/cli.h"

#define TRY_WIRE "wire" /* name of the link */

/* "tcp:HOST:PORT", "rtu:HOST:PORT", "serial:PATH", "serial:PATH,9600 8N1" as a link of a bench file; false: it is none. */
bool try_put_link(struct buf *out, const char *text);
/* Say so; returns the exit code. */
int try_say_link(const struct args *args, const char *text);

/* Compile the text; NULL: that was told. As cli_compile(). */
struct image *try_compile(struct args *args, const struct buf *text, int *out_fd, int *out_code);

/* How to get to the wire of img: by the bench that has it, when one does. */
struct try_door {
	int fd; /* -1: nobody has it */
	char instrument[64];
	bool may_write;
};
/* False: it cannot be had, said already. */
bool try_find_door(const struct args *args, const struct image *img, struct try_door *d);

/* Replace this process by mbc-try. how: "--quiet", "--identify" or NULL. */
int try_exec(const struct args *args, int image_fd, const struct try_door *d, const char *seconds,
	const char *how);

#endif
