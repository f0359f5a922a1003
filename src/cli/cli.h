/* cli.h - the commands of `mbc`, one function each; they return the exit code
 *
 *	0 good | 1 the user's input is wrong (message with place and remedy) | 2 the system failed
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "model/image.h"

#define CLI_GOOD 0
#define CLI_WRONG 1
#define CLI_FAILED 2

/* What stands on the command line behind the command's name. */
struct args {
	int n;
	char **at;
	const char *bench; /* of --bench NAME, NULL when it was not given */
	const struct cli_command *command;
};

struct cli_command {
	const char *name;
	int (*run)(struct args *args);
	const char *usage;   /* behind "mbc NAME " */
	const char *summary; /* one line */
	const char *help;    /* teaches; several lines */
};

int cli_run(struct args *args);
int cli_stop(struct args *args);
int cli_reload(struct args *args);
int cli_bench(struct args *args); /* versions of its file */
int cli_check(struct args *args);
int cli_schema(struct args *args);
int cli_twin(struct args *args);
int cli_demo(struct args *args);
int cli_try(struct args *args);
int cli_scan(struct args *args);
int cli_instrument(struct args *args);
int cli_get(struct args *args);
int cli_watch(struct args *args);
int cli_trace(struct args *args);
int cli_top(struct args *args);
int cli_log(struct args *args);
int cli_export(struct args *args);
int cli_history(struct args *args);
int cli_record(struct args *args);
int cli_set(struct args *args);
int cli_safe(struct args *args);
int cli_restore(struct args *args);
int cli_restore_bench(struct args *args); /* from a file; cli_restore() finds which is meant */
int cli_backup(struct args *args);
int cli_mode(struct args *args);
int cli_take(struct args *args);
int cli_hand_over(struct args *args);
int cli_sequence(struct args *args);
int cli_sequence_file(struct args *args); /* format, json, text: the words are still there */
int cli_rehearse(struct args *args);
int cli_trip(struct args *args);
int cli_alarm(struct args *args);
int cli_alert(struct args *args); /* who is told */
int cli_token(struct args *args);
int cli_user(struct args *args);
int cli_secret(struct args *args);
int cli_audit(struct args *args);
int cli_certificate(struct args *args);
int cli_link(struct args *args);
int cli_doctor(struct args *args);

/* Take an option out of the arguments: true when it was there; *out_value (NULL: it takes none) is the word behind it. */
bool args_option(struct args *args, const char *name, const char **out_value);

/* "mbc get: <message>" on standard error; returns `code`. */
int cli_say(const struct args *args, int code, const char *fmt, ...) PRINTF(3, 4);

/* Complain when there are fewer than min or more than max words; 0 when it fits. */
int args_count(const struct args *args, int min, int max);

/* Connect to the running bench that is meant. Returns the descriptor, or the negative of an exit code (said already). */
int cli_connect(struct args *args);

/* Compile FILE: returns an image in memory (free() it), and in *out_fd a descriptor of its bytes that a program started
 * from here inherits (out_fd may be NULL). NULL with *out_code when that failed, said already. */
struct image *cli_compile(const struct args *args, const char *file, int *out_fd, int *out_code);

/* The same of a bench with this one sequence; bench NULL: the one that its folder belongs to. */
struct image *cli_compile_sequence(const struct args *args, const char *bench, const char *sequence,
	int *out_fd, int *out_code);

/* Replace this process by mbc-query on the history of the bench that is meant: `word`, then the arguments. Returns an exit code when that is not
 * possible. */
int cli_query(struct args *args, const char *word);

/* Replace this process by one of our programs; argv[0] is set. Returns CLI_FAILED when that is not possible. */
int cli_exec(const struct args *args, const char *program, char **argv);

#endif
