/* mask.h - texts without what stands behind the name of a password, key or token. Pure.
 *
 * The secrets that a bench has are known, and hidden wherever they stand (secret.h). This is for those that nobody told us: of a device that says
 * its own key again, of an address in an error of a library, of a program of the laboratory.
 */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include "base/defs.h"

/* In text[0..n), in place, each value behind such a name becomes "***" (of its length, if that is less): in addresses and forms (pw=...), heads of HTTP
 * (Authorization: Basic ...), JSON ("token": "..."), XML (<password>...</password>), and the password of scheme://user:password@host. Upper and lower case
 * are one. What is a reference, as in password: {secret: NAME}, stays. Returns the new length, which is not larger. */
size_t mask_named(char *text, size_t n) MUST_CHECK;

/* The same of a text with its NUL. */
void mask_text(char *text);

#endif
