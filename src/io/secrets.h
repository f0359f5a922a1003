/* secrets.h - the secrets of a bench: from their files to the process that says them to instruments */
#ifndef IO_SECRETS_H
#define IO_SECRETS_H

#include "base/secret.h"
#include "model/image.h"

/* All that the image names, from `dir`, or (NULL) from the folder `secrets` beside its bench file. Each that cannot be used is told on
 * standard error with the place in the bench file that wants it, as: "error" or "warning"; then NULL with ERR_CONF. */
struct secrets *secrets_load(
	const struct image *img, const char *dir, const char *as, struct err *err) MUST_CHECK;

/* A sealed descriptor for the controller, or for the process that tells people, which has no more than it says to servers; and what was on it
 * (closed in any case; NULL: not the secrets of this image). Those of others stay behind: they are empty there. */
int secrets_send(const struct secrets *s, const struct image *img, struct err *err) MUST_CHECK;
int secrets_send_alert(
	const struct secrets *s, const struct image *img, struct err *err) MUST_CHECK;
struct secrets *secrets_take(int fd, const struct image *img, struct err *err) MUST_CHECK;

#endif
