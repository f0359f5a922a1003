/* usb_find.h - devices at USB that are spoken to in packets: which file of /dev is the one that is meant? */
#ifndef IO_USB_FIND_H
#define IO_USB_FIND_H

#include "base/err.h"
#include "model/image.h"

#define USB_PATH_MAX 256

/* The n-th device (0 .., taken around) that `where` means: a path, "10cf:5500" or "10cf:5500:SERIAL". kind: LINK_HID, LINK_USBTMC. ERR_IO
 * when there is none now, with those that are there. out: USB_PATH_MAX bytes. Reads /sys: for a thread that may wait. */
int usb_find(enum link_kind kind, const char *where, unsigned nth, char *out,
	struct err *err) MUST_CHECK;

#endif
