/* usb_find.c - devices at USB that are spoken to in packets
 *
 *	/sys/class/hidraw/hidraw0/device/uevent		HID_ID=0003:000010CF:00005500, HID_UNIQ=serial number
 *	/sys/class/usbmisc/usbtmc0/device/..		idVendor, idProduct, serial: the device, of which `device` is an interface
 *
 * Sources: Linux, drivers/hid/hid-core.c (hid_uevent), drivers/usb/class/usbtmc.c, Documentation/ABI/stable/sysfs-bus-usb.
 */
#include "io/usb_find.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"

#define SERIAL_BYTES 128

struct usb_name {
	unsigned vendor, product;
	char serial[SERIAL_BYTES];
};

/* The beginning of a small file as a text; false: it cannot be read. */
static bool
read_file(const char *folder, const char *name, char *out, size_t cap)
{
	char path[USB_PATH_MAX + 40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, out, cap - 1);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	out[n] = '\0';
	return true;
}

/* What stands behind `key` in lines KEY=VALUE; false: nothing. */
static bool
value_of(const char *lines, const char *key, char *out, size_t cap)
{
	size_t n = strlen(key);

	for (const char *at = lines; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, n) != 0)
			continue;
		snprintf(out, cap, "%.*s", (int)strcspn(at + n, "\n"), at + n);
		return true;
	}
	return false;
}

static bool
name_of_hid(const char *folder, struct usb_name *out)
{
	char lines[1024], id[64];

	if (!read_file(folder, "device/uevent", lines, sizeof(lines)) ||
		!value_of(lines, "HID_ID=", id, sizeof(id)) ||
		sscanf(id, "%*x:%x:%x", &out->vendor, &out->product) != 2)
		return false;
	if (!value_of(lines, "HID_UNIQ=", out->serial, sizeof(out->serial)))
		out->serial[0] = '\0';
	return true;
}

static bool
name_of_usbtmc(const char *folder, struct usb_name *out)
{
	char id[16];

	if (!read_file(folder, "device/../idVendor", id, sizeof(id)) ||
		sscanf(id, "%x", &out->vendor) != 1 ||
		!read_file(folder, "device/../idProduct", id, sizeof(id)) ||
		sscanf(id, "%x", &out->product) != 1)
		return false;
	if (!read_file(folder, "device/../serial", out->serial, sizeof(out->serial)))
		out->serial[0] = '\0';
	out->serial[strcspn(out->serial, "\n")] = '\0';
	return true;
}

static bool
name_of(enum link_kind kind, const char *folder, struct usb_name *out)
{
	return kind == LINK_HID ? name_of_hid(folder, out) : name_of_usbtmc(folder, out);
}

/* where: "10cf:5500" or "10cf:5500:SERIAL", as the compiler has checked. */
static bool
is_meant(const struct usb_name *name, const char *where)
{
	char id[12];

	snprintf(id, sizeof(id), "%04x:%04x", name->vendor & 0xFFFF, name->product & 0xFFFF);
	return strncasecmp(where, id, 9) == 0 &&
	       (where[9] == '\0' || strcmp(where + 10, name->serial) == 0);
}

/* Those that are there, for people: " 10cf:5500:A1". */
static void
list(enum link_kind kind, const glob_t *found, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < found->gl_pathc && used < cap; i++) {
		struct usb_name name;

		if (name_of(kind, found->gl_pathv[i], &name))
			used += (size_t)snprintf(out + used, cap - used, " %04x:%04x%s%s",
				name.vendor & 0xFFFF, name.product & 0xFFFF,
				name.serial[0] != '\0' ? ":" : "", name.serial);
	}
}

static int
pick(enum link_kind kind, const char *where, unsigned nth, const glob_t *found, char *out,
	struct err *err)
{
	char all[120];
	unsigned n = 0;

	for (size_t i = 0; i < found->gl_pathc; i++) {
		struct usb_name name;

		n += name_of(kind, found->gl_pathv[i], &name) && is_meant(&name, where);
	}
	nth = n > 0 ? nth % n : 0;
	for (size_t i = 0; i < found->gl_pathc && n > 0; i++) {
		const char *path = found->gl_pathv[i];
		struct usb_name name;

		if (name_of(kind, path, &name) && is_meant(&name, where) && nth-- == 0) {
			snprintf(out, USB_PATH_MAX, "/dev/%s", strrchr(path, '/') + 1);
			return 0;
		}
	}
	list(kind, found, all, sizeof(all));
	return err_set(err, ERR_IO, ENOENT, "no such device is plugged in; there %s%s",
		all[0] != '\0' ? "are:" : "is none of this kind", all);
}

int
usb_find(enum link_kind kind, const char *where, unsigned nth, char *out, struct err *err)
{
	const char *root = getenv("MBC_SYSFS"); /* for tests: another place than /sys */
	char pattern[USB_PATH_MAX];
	glob_t found = { 0 };
	int rc;

	if (where[0] == '/') {
		text_copy(out, USB_PATH_MAX, where);
		return 0;
	}
	snprintf(pattern, sizeof(pattern), "%s/class/%s", root != NULL ? root : "/sys",
		kind == LINK_HID ? "hidraw/hidraw*" : "usbmisc/usbtmc*");
	if (glob(pattern, 0, NULL, &found) != 0)
		found.gl_pathc = 0;
	rc = pick(kind, where, nth, &found, out, err);
	globfree(&found);
	return rc;
}
