/* secrets.c - the secrets of a bench: from their files to the process that says them to instruments */
#include "io/secrets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "io/place.h"
#include "io/seal.h"
#include "io/secret_file.h"

#define FOLDER "secrets"

/* Beside the bench file. */
static int
folder_of(const struct image *img, char out[PLACE_MAX], struct err *err)
{
	const char *path = image_text(img, img->path), *slash = strrchr(path, '/');
	int n = snprintf(
		out, PLACE_MAX, "%.*s" FOLDER, slash == NULL ? 0 : (int)(slash + 1 - path), path);

	return n > 0 && n < PLACE_MAX ? 0
				      : err_set(err, ERR_CONF, 0,
						"the path of the bench file is too long; move it");
}

struct secrets *
secrets_load(const struct image *img, const char *dir, const char *as, struct err *err)
{
	struct secrets *s = secrets_new();
	char beside[PLACE_MAX];
	unsigned wrong = 0;

	if (dir == NULL && folder_of(img, beside, err) < 0) {
		secrets_free(s);
		return NULL;
	}
	s->n = img->secrets.n; /* image_check() has seen that there is room */
	for (uint32_t i = 0; i < s->n; i++) {
		const struct image_secret *from = image_secret_at(img, i);

		if (secret_read(dir == NULL ? beside : dir, image_text(img, from->name), &s->at[i],
			    err) == 0)
			continue;
		fprintf(stderr, "%s: %s: %s [secret]\n", image_text(img, from->where), as,
			err->msg);
		wrong++;
	}
	if (wrong == 0)
		return s;
	secrets_free(s);
	err_set(err, ERR_CONF, 0, "%u of its secrets cannot be used", wrong);
	return NULL;
}

/* Of a server of mail, or of a service that pushes messages. */
static bool
is_of_alert(const struct image *img, size_t i)
{
	for (uint32_t k = 0; k < img->pushes.n; k++)
		if (i + 1 == image_push_at(img, k)->secret)
			return true;
	return i + 1 == img->notices.mail_password;
}

/* No number of a data base or of those servers is one of an instrument, too: the compiler gives them numbers of their own. */
static bool
is_of_instrument(const struct image *img, size_t i)
{
	return i + 1 != img->postgres.password && i + 1 != img->influx.secret &&
	       !is_of_alert(img, i);
}

/* One a line: none has a line end in it. */
static int
send_some(const struct secrets *s, const struct image *img,
	bool (*is_for)(const struct image *img, size_t i), struct err *err)
{
	struct buf lines = { 0 };
	int fd;

	buf_room(&lines, s->n * (SECRET_MAX + 1) + 1); /* at once, so that no copy is left behind */
	for (size_t i = 0; i < s->n; i++) {
		if (is_for(img, i))
			buf_put(&lines, s->at[i].value, s->at[i].n);
		buf_putc(&lines, '\n');
	}
	if (lines.n == 0)
		buf_putc(&lines, '\n');
	fd = seal_bytes("mbc-secrets", lines.data, lines.n, err);
	explicit_bzero(lines.data, lines.n);
	buf_done(&lines);
	return fd;
}

int
secrets_send(const struct secrets *s, const struct image *img, struct err *err)
{
	return send_some(s, img, is_of_instrument, err);
}

int
secrets_send_alert(const struct secrets *s, const struct image *img, struct err *err)
{
	return send_some(s, img, is_of_alert, err);
}

/* Exactly as many lines as the image wants. */
static bool
take_lines(const char *at, const char *end, struct secrets *out)
{
	for (size_t i = 0; i < out->n; i++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t n = lf == NULL ? 0 : (size_t)(lf - at);

		if (lf == NULL || n > SECRET_MAX || (n < SECRET_MIN && n > 0))
			return false;
		memcpy(out->at[i].value, at, n);
		out->at[i].n = n;
		at = lf + 1;
	}
	return at == end || (out->n == 0 && at + 1 == end);
}

struct secrets *
secrets_take(int fd, const struct image *img, struct err *err)
{
	size_t size;
	const char *bytes = seal_map(fd, &size, err);
	struct secrets *s;
	union {
		const char *c;
		void *v;
	} unmap = { .c = bytes };

	close(fd);
	if (bytes == NULL)
		return NULL;
	s = secrets_new();
	s->n = img->secrets.n;
	if (!take_lines(bytes, bytes + size, s)) {
		err_set(err, ERR_PROTO, 0,
			"these are not the secrets of this bench; is mbc partly updated?");
		secrets_free(s);
		s = NULL;
	}
	seal_done(unmap.v, size);
	return s;
}
