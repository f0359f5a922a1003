/* start.c - commands that start something: run, check, schema, and what stops it */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/order.h"
#include "control/change.h"
#include "io/seal.h"
#include "io/secrets.h"
#include "io/self.h"
#include "io/sock.h"

int
cli_run(struct args *args)
{
	char *argv[] = { NULL, NULL, NULL };

	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	argv[1] = args->at[0];
	return cli_exec(args, "supervise", argv);
}

static int
ask(struct args *args, enum wire_kind kind, int timeout_ms)
{
	char text[WIRE_MAX] = "";
	struct err err;
	int fd, pass, rc;

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	fd = cli_connect(args);
	if (fd < 0)
		return -fd;
	rc = sock_ask(fd, kind, NULL, text, sizeof(text), &pass, timeout_ms, &err);
	close(fd);
	if (rc < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	if (rc != WIRE_TEXT)
		return cli_say(args, CLI_WRONG, "%s", text);
	printf("%s\n", text);
	return CLI_GOOD;
}

int
cli_stop(struct args *args)
{
	const char *word;
	struct command c;
	struct err err;
	int64_t wait_ns;
	char says[80];
	int code;

	if (args_option(args, "--planned", &word)) {
		code = order_begin(args, COMMAND_PLAN, &c, &wait_ns);
		if (code == CLI_GOOD && span_parse(word, &c.span_ns, &err) < 0)
			code = cli_say(args, CLI_WRONG, "--planned: %s", err.msg);
		if (code == CLI_GOOD)
			code = args_count(args, 0, 0);
		snprintf(says, sizeof(says), "planned stop of at most %.40s:", word);
		if (code == CLI_GOOD)
			code = order_run(args, &c, wait_ns, says);
		if (code != CLI_GOOD)
			return code;
	}
	return ask(args, WIRE_STOP, 20000);
}

/* The supervisor is asked with this word. Its answer in text; the kind of it, or the negative of an exit code. */
static int
ask_reload(struct args *args, const char *word, char *text, size_t cap)
{
	struct err err;
	int fd = cli_connect(args), pass, rc;

	if (fd < 0)
		return fd;
	text[0] = '\0';
	rc = sock_ask(
		fd, WIRE_RELOAD, word[0] == '\0' ? NULL : word, text, cap, &pass, 10000, &err);
	close(fd);
	return rc < 0 ? -cli_say(args, CLI_FAILED, "%s", err.msg) : rc;
}

/* What becomes weaker has been shown: why? Empty: nobody is there to say. */
static void
ask_why(char *out, size_t cap)
{
	out[0] = '\0';
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return;
	printf("This weakens protection. Why? (nothing: the file goes on waiting) ");
	fflush(stdout);
	if (fgets(out, (int)cap, stdin) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
}

int
cli_reload(struct args *args)
{
	char text[WIRE_MAX], word[EVENT_TEXT], why[EVENT_TEXT - 8] = "";
	const char *reason = NULL;
	bool discards = args_option(args, "--discard", NULL);
	int rc;

	if (args_option(args, "--reason", &reason) &&
		(order_word(args, why, sizeof(why), reason, "--reason") != CLI_GOOD ||
			why[0] == '\0'))
		return why[0] == '\0' ? cli_say(args, CLI_WRONG, "--reason says nothing")
				      : CLI_WRONG;
	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	snprintf(word, sizeof(word), "%s%s",
		discards         ? "discard"
		: why[0] != '\0' ? "reason "
				 : "",
		discards ? "" : why);
	rc = ask_reload(args, word, text, sizeof(text));
	if (rc == WIRE_RELOAD_WHY) {
		printf("%s\n", text);
		ask_why(why, sizeof(why));
		if (why[0] == '\0')
			return CLI_WRONG;
		snprintf(word, sizeof(word), "reason %s", why);
		rc = ask_reload(args, word, text, sizeof(text));
	}
	if (rc < 0)
		return -rc;
	if (rc != WIRE_TEXT)
		return cli_say(args, CLI_WRONG, "%s", text);
	printf("%s\n", text);
	return CLI_GOOD;
}

/* Run the compiler on a file; what it writes is on the descriptor that is returned, -1: that was told. *out_status: as of waitpid(). */
static int
run_compiler(const struct args *args, const char *file, char *action, int *out_status)
{
	char number[16], option[] = "--out-fd", *name = mem_text(file);
	char *argv[] = { NULL, option, number, name, action, NULL };
	pid_t pid;
	int fd = memfd_create("mbc-compiled", 0); /* the compiler inherits it */

	snprintf(number, sizeof(number), "%d", fd);
	fflush(NULL);
	pid = fd >= 0 ? fork() : -1;
	if (pid == 0)
		_exit(cli_exec(args, "compile", argv));
	free(name);
	if (pid < 0) {
		cli_say(args, 0, "starting the compiler: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (waitpid(pid, out_status, 0) < 0 && errno == EINTR)
		;
	return fd;
}

/* NULL: it wrote none. */
static struct image *
read_image(const struct args *args, int fd)
{
	struct image *img;
	struct stat st;
	struct err err;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > IMAGE_SIZE_MAX)
		return NULL;
	img = mem_zero((size_t)st.st_size, 1);
	if (pread(fd, img, (size_t)st.st_size, 0) == st.st_size &&
		image_check(img, (size_t)st.st_size, &err) == 0)
		return img;
	cli_say(args, 0, "the compiler left no image; run 'make install' again");
	free(img);
	return NULL;
}

/* What of its protection the bench that runs would change with this file. */
static int
check_against(struct args *args)
{
	const struct image *running;
	struct change_count count;
	struct buf list = { 0 };
	struct image *img;
	int code;

	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	img = cli_compile(args, args->at[0], NULL, &code);
	running = img == NULL ? NULL : look_image(args, &code);
	if (running == NULL) {
		free(img);
		return code;
	}
	if (change_list(running, img, &list, &count) == 0)
		puts("nothing of the protection changes");
	else
		printf("%s", buf_text(&list));
	if (count.weaker > 0)
		puts("it weakens protection and needs a reason: mbc reload --reason TEXT");
	buf_done(&list);
	free(img);
	return CLI_GOOD;
}

static char word_check[] = "--check", word_merged[] = "--merged", word_schema[] = "--schema",
	    word_instrument[] = "--schema-instrument";

static bool
is_sequence(const char *path)
{
	size_t n = strlen(path);

	return (n > 4 && strcmp(path + n - 4, ".seq") == 0) ||
	       (n > 9 && strcmp(path + n - 9, ".seq.json") == 0);
}

/* A sequence, with its bench before it or without. */
static int
check_sequence(struct args *args)
{
	char *argv[] = { NULL, word_check, args->at[0], args->n == 2 ? args->at[1] : NULL, NULL };

	if (args->n == 2 && !is_sequence(args->at[1]))
		return cli_say(
			args, CLI_WRONG, "'%s' is no sequence; its name ends in .seq", args->at[1]);
	return cli_exec(args, "compile", argv);
}

/* mbc sequence format|json|lines|text FILE */
int
cli_sequence_file(struct args *args)
{
	bool is_check = args_option(args, "--check", NULL);
	char option[] = "--sequence", word[] = "--check";
	char *argv[] = { NULL, option, NULL, NULL, is_check ? word : NULL, NULL };

	if (args_count(args, 2, 2) != 0)
		return CLI_WRONG;
	argv[2] = args->at[0];
	argv[3] = args->at[1];
	return cli_exec(args, "compile", argv);
}

/* The bench may be run by somebody else, or elsewhere: that its secrets cannot be read here is no mistake in its file. */
/* What the compiler cannot know: which day it is. */
static void
warn_due(const struct image *img, const char *file)
{
	int64_t now_s = (int64_t)time(NULL);

	for (uint32_t i = 0; i < img->calibrations.n; i++) {
		const struct image_calibration *k = image_calibration_at(img, i);

		if (now_s >= k->due_s)
			fprintf(stderr,
				"%s: warning: the calibration of '%s' has run out on %s; calibrate "
				"it, and write the new date and due [due]\n",
				file, image_text(img, image_channel_at(img, k->channel)->name),
				image_text(img, k->due));
	}
}

int
cli_check(struct args *args)
{
	bool merged = args_option(args, "--merged", NULL);
	char *argv[] = { NULL, word_merged, NULL, NULL };
	struct image *img;
	struct err err;
	int status = 0, fd;

	if (args_option(args, "--against-running", NULL))
		return check_against(args);
	if (args_count(args, 1, merged ? 1 : 2) != 0)
		return CLI_WRONG;
	argv[2] = args->at[0];
	if (merged)
		return cli_exec(args, "compile", argv);
	if (args->n == 2 || is_sequence(args->at[0]))
		return check_sequence(args);
	fd = run_compiler(args, args->at[0], word_check, &status);
	if (fd < 0)
		return CLI_FAILED;
	img = status == 0 ? read_image(args, fd) : NULL; /* an instrument file has none */
	close(fd);
	self_protect();
	if (img != NULL) {
		warn_due(img, args->at[0]);
		secrets_free(secrets_load(img, NULL, "warning", &err));
	}
	free(img);
	return WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED;
}

int
cli_instrument(struct args *args)
{
	char list[] = "--list", **argv = mem_zero((size_t)args->n + 3, sizeof(*argv));

	if (args_count(args, 0, 20) != 0)
		return CLI_WRONG;
	argv[1] = list;
	memcpy(argv + 2, args->at, (size_t)args->n * sizeof(*argv));
	return cli_exec(args, "compile", argv);
}

int
cli_schema(struct args *args)
{
	char *argv[] = { NULL, word_schema, NULL };

	if (args_count(args, 0, 1) != 0)
		return CLI_WRONG;
	if (args->n == 1 && strcmp(args->at[0], "instrument") != 0)
		return cli_say(args, CLI_WRONG,
			"there is no schema of '%s'; write instrument, or nothing for bench files",
			args->at[0]);
	if (args->n == 1)
		argv[1] = word_instrument;
	return cli_exec(args, "compile", argv);
}

/* more: an action or a sequence; NULL */
static struct image *
compile_with(const struct args *args, const char *file, char *more, int *out_fd, int *out_code)
{
	struct image *img = NULL;
	struct err err;
	int status = 0, fd;

	*out_code = CLI_FAILED;
	fd = run_compiler(args, file, more, &status);
	if (fd < 0)
		return NULL;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		*out_code = WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED;
	else
		img = read_image(args, fd);
	close(fd);
	if (img == NULL || out_fd == NULL)
		return img;
	/* The same bytes, sealed as every image that a process is handed. */
	*out_fd = seal_bytes("mbc-image", img, img->size, &err);
	if (*out_fd < 0) {
		cli_say(args, 0, "%s", err.msg);
		free(img);
		return NULL;
	}
	fcntl(*out_fd, F_SETFD, 0);
	return img;
}

struct image *
cli_compile(const struct args *args, const char *file, int *out_fd, int *out_code)
{
	return compile_with(args, file, NULL, out_fd, out_code);
}

struct image *
cli_compile_sequence(const struct args *args, const char *bench, const char *sequence, int *out_fd,
	int *out_code)
{
	char *name = bench == NULL ? NULL : mem_text(sequence);
	struct image *img = NULL;

	*out_code = CLI_WRONG;
	if (!is_sequence(sequence))
		cli_say(args, 0, "'%s' is no sequence; its name ends in .seq", sequence);
	else
		img = compile_with(args, bench == NULL ? sequence : bench, name, out_fd, out_code);
	free(name);
	return img;
}
