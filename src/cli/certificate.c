/* certificate.c - mbc certificate: what a bench shows to those who come with https
 *
 * The program mbc-certificate does it, so that this one needs no library for it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/look.h"
#include "cli/which.h"
#include "io/place.h"

#define ARGS_MAX 160

/* The running bench's own word for the file of its certificate; false: it does not run, or makes its own. */
static bool
find_given(struct args *args, const char *bench, bool is_public, char *out, size_t cap)
{
	char path[PLACE_MAX];
	const struct image *img;
	const struct image_tls *tls;
	int code;

	if (place_socket(path, bench, NULL) < 0 || access(path, F_OK) < 0)
		return false;
	img = look_image(args, &code);
	tls = img == NULL ? NULL : is_public ? &img->shown.tls : &img->tls;
	if (tls == NULL || tls->kind != IMAGE_TLS_FILES)
		return false;
	text_copy(out, cap, image_text(img, tls->cert));
	return true;
}

static int
find_own(struct args *args, const char *bench, bool is_made, bool is_public, char *out, size_t cap)
{
	char dir[PLACE_MAX];
	struct err err;
	int rc = is_made ? place_state_dir(dir, bench, &err) : place_state_path(dir, bench, &err);

	if (rc < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	snprintf(out, cap, "%s/certificate%s.pem", dir, is_public ? "-public" : "");
	return CLI_GOOD;
}

static int
run(struct args *args, const char *verb, const char *path)
{
	char *argv[ARGS_MAX + 4], word[8], file[1024];
	int n = 1;

	text_copy(word, sizeof(word), verb);
	text_copy(file, sizeof(file), path);
	argv[n++] = word;
	argv[n++] = file;
	for (int i = 0; i < args->n && n < ARGS_MAX + 3; i++)
		argv[n++] = args->at[i];
	argv[n] = NULL;
	return cli_exec(args, "certificate", argv);
}

static int
make(struct args *args)
{
	bool is_public = args_option(args, "--public", NULL);
	char bench[64], path[PLACE_MAX + 32];
	int code = which_bench(args, bench, sizeof(bench));

	if (code == CLI_GOOD)
		code = find_own(args, bench, true, is_public, path, sizeof(path));
	if (code == CLI_GOOD && args->n > ARGS_MAX)
		code = cli_say(args, CLI_WRONG, "these are too many names");
	return code == CLI_GOOD ? run(args, "make", path) : code;
}

static int
show(struct args *args)
{
	const char *verb = args_option(args, "--pem", NULL) ? "pem" : "show";
	bool is_public = args_option(args, "--public", NULL);
	char bench[64], path[1024];
	int code;

	if (args_count(args, 0, 1) != 0)
		return CLI_WRONG;
	if (args->n == 1) {
		text_copy(path, sizeof(path), args->at[0]);
		args->n = 0;
		return run(args, verb, path);
	}
	code = which_bench(args, bench, sizeof(bench));
	if (code == CLI_GOOD && !find_given(args, bench, is_public, path, sizeof(path)))
		code = find_own(args, bench, false, is_public, path, sizeof(path));
	return code == CLI_GOOD ? run(args, verb, path) : code;
}

int
cli_certificate(struct args *args)
{
	int (*verb)(struct args * args) = NULL;

	if (args->n > 0 && strcmp(args->at[0], "make") == 0)
		verb = make;
	else if (args->n > 0 && strcmp(args->at[0], "show") == 0)
		verb = show;
	if (verb == NULL)
		return cli_say(args, CLI_WRONG, "usage: mbc certificate %s", args->command->usage);
	args->at++;
	args->n--;
	return verb(args);
}
