/* secret.c - mbc secret: the files with passwords and keys beside a bench file
 *
 * What a secret is comes from the terminal, without echo, or from standard input; never from the command line, which others can read. It is shown to
 * nobody again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/which.h"
#include "io/echo.h"
#include "io/place.h"
#include "io/secret_file.h"
#include "io/self.h"
#include "io/versions.h"

#define PATH_BYTES (VERSION_PATH_MAX + SECRET_NAME_MAX + 32)
#define NAMES_MAX 1000

/* ---- where ------------------------------------------------------------------------------------------------------------ */

/* The folder beside a bench file. */
static int
beside(const struct args *args, const char *file, char out[PATH_BYTES])
{
	const char *slash = strrchr(file, '/');

	if (strlen(file) >= VERSION_PATH_MAX)
		return cli_say(args, CLI_WRONG, "'%.80s...' is too long for a path", file);
	snprintf(out, PATH_BYTES, "%.*ssecrets", slash == NULL ? 0 : (int)(slash + 1 - file), file);
	return CLI_GOOD;
}

/* Of the bench that is meant: where its file was when it was taken up last. */
static int
of_bench(struct args *args, char out[PATH_BYTES])
{
	struct version *v = mem_zero(1, sizeof(*v));
	char bench[64], state[PLACE_MAX];
	struct buf bytes = { 0 };
	struct err err;
	int code = which_bench(args, bench, sizeof(bench));

	if (code == CLI_GOOD && place_state_path(state, bench, &err) < 0)
		code = cli_say(args, CLI_FAILED, "%s", err.msg);
	if (code == CLI_GOOD && versions_read(state, versions_newest(state), &bytes, v, &err) < 0)
		code = cli_say(args, CLI_WRONG,
			"where the file of bench '%s' is cannot be told; name it with --file "
			"BENCH.yaml",
			bench);
	if (code == CLI_GOOD)
		code = beside(args, v->path, out);
	buf_done(&bytes);
	free(v);
	return code;
}

static int
find_folder(struct args *args, char out[PATH_BYTES])
{
	const char *file = NULL;
	struct stat st;

	if (args_option(args, "--file", &file)) {
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
			return beside(args, file, out);
		return cli_say(args, CLI_WRONG, "'%s' is no file; name the bench file", file);
	}
	if (args->bench == NULL && stat("bench.yaml", &st) == 0 && S_ISREG(st.st_mode))
		return beside(args, "bench.yaml", out);
	return of_bench(args, out);
}

/* ---- set -------------------------------------------------------------------------------------------------------------- */

/* A line of standard input; on a terminal without echo. Its length, -1: too long, or none. */
static int
read_value(char value[SECRET_MAX + 2], const char *name)
{
	bool is_hidden = echo_off();
	int n = 0;

	if (is_hidden) {
		fprintf(stderr, "%s: ", name);
		fflush(stderr); /* it waits for the end of a line */
	}
	while (n <= SECRET_MAX && read(STDIN_FILENO, value + n, 1) == 1 && value[n] != '\n')
		n++;
	if (n > 0 && n <= SECRET_MAX && value[n - 1] == '\r')
		n--;
	if (is_hidden) {
		echo_on();
		fputc('\n', stderr);
	}
	for (int i = 0; i < n; i++)
		if (value[i] < 0x20 || value[i] >= 0x7F)
			return -1;
	return n >= SECRET_MIN && n <= SECRET_MAX ? n : -1;
}

static int
open_folder(const struct args *args, const char *folder, bool is_made)
{
	struct stat st;
	int fd;

	if (is_made && mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -cli_say(args, CLI_FAILED, "making '%s': %s", folder, strerror(errno));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -cli_say(args, CLI_WRONG, "'%s': %s; 'mbc secret set NAME' makes it", folder,
			strerror(errno));
	if (fstat(fd, &st) == 0 && (st.st_mode & 022) == 0)
		return fd;
	close(fd);
	return -cli_say(args, CLI_WRONG, "others may write into '%s'; 'chmod 700' it", folder);
}

static int
write_secret(const struct args *args, const char *folder, const char *name, char *value, int n)
{
	char part[SECRET_NAME_MAX + 16];
	int at = open_folder(args, folder, true), fd;
	bool is_good;

	if (at < 0)
		return -at;
	value[n] = '\n';
	snprintf(part, sizeof(part), ".%s.part", name); /* no name of a secret begins so */
	unlinkat(at, part, 0);
	fd = openat(at, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	is_good = fd >= 0 && write(fd, value, (size_t)n + 1) == n + 1 && fchmod(fd, 0600) == 0 &&
		  fsync(fd) == 0 && renameat(at, part, at, name) == 0;
	if (!is_good) {
		cli_say(args, 0, "writing '%s/%s': %s", folder, name, strerror(errno));
		unlinkat(at, part, 0);
	}
	(void)!fsync(at);
	if (fd >= 0)
		close(fd);
	close(at);
	return is_good ? CLI_GOOD : CLI_FAILED;
}

static int
set(struct args *args, const char *folder)
{
	char value[SECRET_MAX + 2];
	int n, code;

	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	if (!secret_is_name(args->at[0]))
		return cli_say(args, CLI_WRONG,
			"'%.60s' cannot name a secret; use at most %d letters, digits, '_', '-' "
			"and "
			"'.', which is not the first",
			args->at[0], SECRET_NAME_MAX);
	n = read_value(value, args->at[0]);
	code = n < 0 ? cli_say(args, CLI_WRONG,
			       "a secret is one line of %d to %d printed ASCII characters; nothing "
			       "was written",
			       SECRET_MIN, SECRET_MAX)
		     : write_secret(args, folder, args->at[0], value, n);
	explicit_bzero(value, sizeof(value));
	if (code == CLI_GOOD)
		printf("'%s/%s' is written; in the bench file: {secret: %s}. A running bench takes "
		       "it up with 'mbc reload'\n",
			folder, args->at[0], args->at[0]);
	return code;
}

/* ---- list, remove ------------------------------------------------------------------------------------------------------- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names, and what keeps them from being used; nothing of what they are, nor how long. */
static int
list(struct args *args, const char *folder)
{
	char *names[NAMES_MAX];
	struct dirent *e;
	DIR *d;
	size_t n = 0;
	int code = CLI_GOOD;

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	d = opendir(folder);
	if (d == NULL)
		return errno == ENOENT
			       ? CLI_GOOD
			       : cli_say(args, CLI_FAILED, "'%s': %s", folder, strerror(errno));
	while (n < NAMES_MAX && (e = readdir(d)) != NULL)
		if (secret_is_name(e->d_name))
			names[n++] = mem_text(e->d_name);
	closedir(d);
	qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; i < n; i++) {
		struct secret s = { .n = 0 };
		struct err err;

		if (secret_read(folder, names[i], &s, &err) == 0)
			puts(names[i]);
		else
			code = cli_say(args, CLI_WRONG, "%s", err.msg);
		explicit_bzero(&s, sizeof(s));
		free(names[i]);
	}
	return code;
}

static int
remove_one(struct args *args, const char *folder)
{
	int at, code = CLI_GOOD;

	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	at = open_folder(args, folder, false);
	if (at < 0)
		return -at;
	if (!secret_is_name(args->at[0]) || unlinkat(at, args->at[0], 0) < 0)
		code = cli_say(args, CLI_WRONG,
			"there is no '%s/%.60s' that could be removed; 'mbc secret list' tells "
			"what "
			"there is",
			folder, args->at[0]);
	(void)!fsync(at);
	close(at);
	return code;
}

int
cli_secret(struct args *args)
{
	static const struct {
		const char *name;
		int (*run)(struct args *args, const char *folder);
	} verbs[] = { { "set", set }, { "list", list }, { "remove", remove_one } };
	char folder[PATH_BYTES];
	int code;

	self_protect();
	for (size_t i = 0; args->n > 0 && i < NELEM(verbs); i++) {
		if (strcmp(args->at[0], verbs[i].name) != 0)
			continue;
		args->at++;
		args->n--;
		code = find_folder(args, folder);
		return code == CLI_GOOD ? verbs[i].run(args, folder) : code;
	}
	return cli_say(args, CLI_WRONG, "usage: mbc secret %s", args->command->usage);
}
