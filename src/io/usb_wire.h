/* usb_wire.h - the wire to a device at USB: a thread that opens it, sends to it, and asks it
 *
 *	hidraw	one write is a report, one read is a report. Writing waits in the kernel until the device has taken it (up to 5 s), so
 *		the thread writes; reports are read by the loop, from a descriptor of its own.
 *	usbtmc	one write is a message. A read asks the device for an answer, waits for it, and makes a device without one complain; so
 *		the thread reads, behind questions that have an answer. One that does not come is cleared away in the device before the
 *		next question goes out, and what would come late is dropped: each answer has the number of its question.
 *
 * Questions wait in the thread's queue. One whose time is over when its turn comes is not sent.
 */
#ifndef IO_USB_WIRE_H
#define IO_USB_WIRE_H

#include <sys/types.h>

#include "base/err.h"
#include "io/usb_find.h"
#include "io/worker.h"
#include "model/image.h"

/* The system calls, which a test replaces. Each returns what the call does, -1 with errno. */
struct usb_calls {
	int (*open)(const char *path);
	ssize_t (*read)(int fd, void *out, size_t cap);
	ssize_t (*write)(int fd, const void *bytes, size_t n);
	int (*control)(int fd, unsigned long request, void *arg);
	void (*close)(int fd);
};

struct usb_wire {
	struct worker worker;
	uint32_t number; /* of the last question */
};

enum usb_word { USB_NOTHING, USB_OPENED, USB_NOT_OPENED, USB_LOST, USB_ANSWER };

struct usb_news {
	uint8_t word;    /* enum usb_word */
	uint32_t serial; /* of the opening it belongs to */
	uint32_t number; /* USB_ANSWER: of its question */
	int fd;          /* USB_OPENED: the thread's, open until it is asked to close it */
	char path[USB_PATH_MAX];
	char why[160];
	size_t n; /* USB_ANSWER */
};

/* kind: LINK_HID, LINK_USBTMC; where: as in image_link; calls: stays the caller's, NULL: the kernel's. */
int usb_wire_start(struct usb_wire *u, enum link_kind kind, const char *where,
	const struct usb_calls *calls, struct err *err) MUST_CHECK;
/* The thread closes the device and ends by itself when it has done what it was doing. */
void usb_wire_stop(struct usb_wire *u);

/* Each returns a failure when the queue is full: the thread is held up in the kernel. */
int usb_wire_open(struct usb_wire *u, uint32_t serial, unsigned nth, struct err *err) MUST_CHECK;
void usb_wire_close(struct usb_wire *u);
/* until_ns: of an answer that is expected; 0: none is. */
int usb_wire_send(struct usb_wire *u, uint32_t serial, const uint8_t *bytes, size_t n,
	int64_t until_ns, struct err *err) MUST_CHECK;

/* Call when u->worker.fd is readable. bytes: of an answer, WORKER_PACKET_MAX. */
void usb_wire_take(struct usb_wire *u, struct usb_news *out, uint8_t *bytes);

#endif
