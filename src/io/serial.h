/* serial.h - serial ports of this computer: found, opened for us alone, set
 *
 * These calls may block in the kernel, all but serial_flush(): they belong in a thread of their own (wires.c).
 */
#ifndef IO_SERIAL_H
#define IO_SERIAL_H

#include "base/err.h"
#include "model/image.h"

#define SERIAL_PATH_MAX 256

/* The n-th port (0 .., taken around) that `where` means: a path; a path with *, in the order of names; or "usb:SERIAL", the
 * ports of the adapter with this serial number. ERR_IO when there is none now. out: SERIAL_PATH_MAX bytes. */
int serial_find(const char *where, unsigned nth, char *out, struct err *err) MUST_CHECK;

/* Open and set it: raw, not blocking, without modem lines, locked against other programs that lock (flock) and, when it is no
 * pseudo-terminal, against all but root (TIOCEXCL); both queues emptied. Returns the descriptor. ERR_REFUSED: another
 * program has it; ERR_CONF: the port cannot do what `line` asks for. */
int serial_open(const char *path, const struct image_line *line, struct err *err) MUST_CHECK;

/* Forget what has not been read, and what has not been sent. May be called in the loop: TCFLSH empties the kernel's buffers and waits
 * for nothing (n_tty, flush_buffer of the drivers). */
void serial_flush(int fd);

/* What has not been sent is forgotten; what is in the chip already is waited for, up to the port's closing_wait (30 s). */
void serial_close(int fd);

#endif
