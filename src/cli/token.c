/* token.c - mbc token: programs that may command over HTTP
 *
 * The file holds names and digests: what it was made from is shown once, and is nowhere else. A running bench takes it up within a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/which.h"
#include "io/place.h"

#define RANDOM_BYTES 32
#define FILE_MAX 8192
#define NAME_MAX_BYTES 24 /* "token:NAME" is who an event says it was */

struct file {
	char path[PLACE_MAX + 16], beside[PLACE_MAX + 24];
	int lock; /* held while it is read and written; -1 */
	char bytes[FILE_MAX + 1];
};

/* ---- the file ------------------------------------------------------------------------------------------------------------- */

static int
read_file(const struct args *args, struct file *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	f->bytes[0] = '\0';
	if (fd < 0 && errno == ENOENT)
		return CLI_GOOD;
	n = fd < 0 ? -1 : read(fd, f->bytes, FILE_MAX + 1);
	if (fd >= 0)
		close(fd);
	if (n < 0 || n > FILE_MAX)
		return cli_say(args, CLI_FAILED, "'%s' cannot be read: %s", f->path,
			n < 0 ? strerror(errno) : "it is too long");
	f->bytes[n] = '\0';
	return CLI_GOOD;
}

static int
open_file(const struct args *args, struct file *f)
{
	char bench[64], dir[PLACE_MAX];
	struct err err;
	int code = which_bench(args, bench, sizeof(bench));

	f->lock = -1;
	if (code != CLI_GOOD)
		return code;
	if (place_state_dir(dir, bench, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	snprintf(f->path, sizeof(f->path), "%s/tokens", dir);
	snprintf(f->beside, sizeof(f->beside), "%s/tokens.new", dir);
	f->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->lock < 0 || flock(f->lock, LOCK_EX) < 0)
		return cli_say(args, CLI_FAILED, "'%s': %s", dir, strerror(errno));
	return read_file(args, f);
}

static void
close_file(struct file *f)
{
	if (f->lock >= 0)
		close(f->lock);
}

static int
write_file(const struct args *args, struct file *f, const char *text)
{
	size_t n = strlen(text);
	int fd;
	bool is_good;

	if (n > FILE_MAX)
		return cli_say(args, CLI_WRONG,
			"there are too many tokens; remove some with 'mbc token remove'");
	unlink(f->beside);
	fd = open(f->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	is_good = fd >= 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (is_good && rename(f->beside, f->path) == 0 && fsync(f->lock) == 0)
		return CLI_GOOD;
	cli_say(args, 0, "writing '%s': %s", f->path, strerror(errno));
	unlink(f->beside);
	return CLI_FAILED;
}

/* Length of the name on a line; 0: it is none of a token. */
static size_t
name_on(const char *line)
{
	size_t n = strcspn(line, " \n");

	return line[0] == '#' || line[n] != ' ' ? 0 : n;
}

static const char *
next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

static const char *
find_line(const struct file *f, const char *name)
{
	for (const char *at = f->bytes; *at != '\0'; at = next_line(at))
		if (name_on(at) == strlen(name) && strncmp(at, name, strlen(name)) == 0)
			return at;
	return NULL;
}

/* ---- verbs ---------------------------------------------------------------------------------------------------------------- */

static int
add(struct args *args, struct file *f)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[RANDOM_BYTES];
	char token[2 * RANDOM_BYTES + 1], hex[SHA256_HEX + 1];
	const char *name = args->at[0];
	size_t n =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
	struct buf text = { 0 };
	int code;

	if (n == 0 || name[n] != '\0' || n > NAME_MAX_BYTES)
		return cli_say(args, CLI_WRONG,
			"a name has letters, digits, '-', '_' and '.', at most %d", NAME_MAX_BYTES);
	if (find_line(f, name) != NULL)
		return cli_say(args, CLI_WRONG,
			"there is a token of '%s' already; 'mbc token remove %s' makes room for a "
			"new one",
			name, name);
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return cli_say(
			args, CLI_FAILED, "this computer has no random numbers yet; try again");
	for (size_t i = 0; i < RANDOM_BYTES; i++) {
		token[2 * i] = digits[random[i] >> 4];
		token[2 * i + 1] = digits[random[i] & 15];
	}
	token[2 * RANDOM_BYTES] = '\0';
	sha256_hex(hex, token, strlen(token));
	buf_puts(&text, f->bytes);
	if (text.n > 0 && text.data[text.n - 1] != '\n')
		buf_putc(&text, '\n');
	buf_printf(&text, "%s %s\n", name, hex);
	code = write_file(args, f, buf_text(&text));
	buf_done(&text);
	if (code == CLI_GOOD) {
		puts(token);
		fprintf(stderr,
			"This is shown once. What it may ask stands in the bench file: serve: "
			"{commands: [...]}\n");
	}
	return code;
}

static int
remove_one(struct args *args, struct file *f)
{
	const char *line = find_line(f, args->at[0]);
	struct buf text = { 0 };
	int code;

	if (line == NULL)
		return cli_say(args, CLI_WRONG,
			"there is no token of '%s'; 'mbc token list' names them", args->at[0]);
	buf_put(&text, f->bytes, (size_t)(line - f->bytes));
	buf_puts(&text, next_line(line));
	code = write_file(args, f, buf_text(&text));
	buf_done(&text);
	if (code == CLI_GOOD)
		printf("removed: a running bench takes nothing from it any more within a second\n");
	return code;
}

static int
list(struct args *args, struct file *f)
{
	for (const char *at = f->bytes; *at != '\0'; at = next_line(at))
		if (name_on(at) > 0)
			printf("%.*s\n", (int)name_on(at), at);
	return CLI_GOOD;
}

int
cli_token(struct args *args)
{
	static const struct {
		const char *name;
		int words;
		int (*run)(struct args *args, struct file *f);
	} verbs[] = { { "add", 1, add }, { "list", 0, list }, { "remove", 1, remove_one } };
	static struct file file;
	int code;

	for (size_t i = 0; args->n > 0 && i < NELEM(verbs); i++) {
		if (strcmp(args->at[0], verbs[i].name) != 0)
			continue;
		args->at++;
		args->n--;
		if (args_count(args, verbs[i].words, verbs[i].words) != 0)
			return CLI_WRONG;
		code = open_file(args, &file);
		if (code == CLI_GOOD)
			code = verbs[i].run(args, &file);
		close_file(&file);
		return code;
	}
	return cli_say(args, CLI_WRONG, "usage: mbc token %s", args->command->usage);
}
