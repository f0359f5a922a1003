/* child.h - one process of the bench: started, watched, started again */
#ifndef SUPERVISE_CHILD_H
#define SUPERVISE_CHILD_H

#include <sys/types.h>

#include "base/err.h"
#include "io/sandbox.h"

#define CHILD_ARGS 24
#define CHILD_REHEARSE_ARGS 220

struct child {
	const char *name;    /* "control": program mbc-control */
	pid_t pid;           /* 0: does not run */
	uint64_t last_event; /* about it, by number: what happens next has that cause; 0: none */
	int sock;            /* our end of its socket pair; -1: none */
	uint32_t restarts;   /* times it ended by itself */
	int64_t started_ns;
	int64_t next_start_ns;    /* when to start it again; NEVER: not at all */
	int64_t backoff_ns;       /* wait after the next quick end */
	int64_t backoff_max_ns;   /* of the controller 2 s: it is fed for while it is away */
	bool is_lasting;          /* not the compiler, whose every line of errors is waited for */
	bool is_realtime;         /* asks for a real-time class */
	bool outlives;            /* not killed with us: it is told by SIGUSR1, and ends in order */
	struct sandbox_user user; /* ourselves when the one meant cannot run the program */
	int errors;               /* where its standard error goes; -1: where ours does */
	char report[SANDBOX_TEXT]; /* what confines it, in its own words; empty: not told yet */
};

void child_init(struct child *c, const char *name, enum sandbox_role role);

/* Between fork and exec, in the child: signals as they were before us, that user; it dies with `parent`. */
void child_become(const struct sandbox_user *user, pid_t parent);

/* How a process ended, for people: "ended with exit code 1"; out: CHILD_HOW bytes. */
#define CHILD_HOW 64
void child_how(char *out, int status);

/* Start the program with "--socket N" and further arguments (ended by NULL); `keep` are descriptors that it inherits
 * under their numbers. It dies with us, or hears of it (c->outlives). */
int child_start(struct child *c, const char *const *args, const int *keep, size_t n_keep,
	int64_t now_ns, struct err *err) MUST_CHECK;

/* It has ended with this wait status: close its socket, plan the next start (at once after a long life, else after 0.5 s
 * doubling to 10 s, for the controller to 2 s), and say so. */
void child_ended(struct child *c, int status, int64_t now_ns);

/* Run "mbc-compile --out-fd N --report-fd M --keep-fd K FILE" as c->user, its image into `memfd`, what confines it into `report`, the files that it
 * reads into `kept`. */
int child_compile(struct child *c, const char *file, int memfd, int report, int kept,
	struct err *err) MUST_CHECK;

/* Run "mbc-certificate make FILE" as ourselves. */
int child_certificate(struct child *c, const char *file, struct err *err) MUST_CHECK;

/* Run the program of this name with these arguments (ended by NULL) and descriptors. */
int child_run(struct child *c, const char *const *args, const int *keep, size_t n_keep,
	struct err *err) MUST_CHECK;

#endif
