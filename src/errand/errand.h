/* errand.h - one step of an errand: what it is given, and what it leaves */
#ifndef ERRAND_ERRAND_H
#define ERRAND_ERRAND_H

#include "base/json.h"
#include "model/image.h"
#include "msg/errand.h"
#include "msg/version.h"

struct work {
	int fds[ERRAND_MEMORIES];
	const char *step, *file, *folder, *state, *bench, *sequence;
	const char *busy, *last, *said; /* of backups: NULL: none */
	uint64_t leave;                 /* bytes of the disk below which nothing is recorded */
	struct errand_ask ask;
	char path[VERSION_PATH_MAX]; /* of the bench file, from "/" on */
	char parent
		[VERSION_PATH_MAX]; /* its folder, without a '/' at its end; "" for the root of all */
	char sequence_path[VERSION_PATH_MAX]; /* from "/" on; "": it is about none */
};

/* Each returns 0: done, go on; or a status of HTTP, the answer being why. */
unsigned step_file(struct work *w);     /* the bench file, or a part of it */
unsigned step_prepare(struct work *w);  /* NOW and, from a text, NEXT; may it be written at all? */
unsigned step_pick(struct work *w);     /* NEXT and OTHER, from versions */
unsigned step_check(struct work *w);    /* what the compiler said, what changes */
unsigned step_keep(struct work *w);     /* NOW becomes a version when it never ran */
unsigned step_write(struct work *w);    /* NEXT in place of NOW */
unsigned step_versions(struct work *w); /* which there are, or one of them */
unsigned step_diff(struct work *w);     /* of NEXT and OTHER */
unsigned step_audit(struct work *w);
unsigned step_place(struct work *w);   /* NOW and NEXT, with the text of a sequence in its place */
unsigned step_backups(struct work *w); /* those that are kept, what is being done */
unsigned step_backup_room(struct work *w);   /* is there room for one more? */
unsigned step_backup_look(struct work *w);   /* is it there? */
unsigned step_backup_halves(struct work *w); /* what was killed is removed; none is being made */
unsigned step_backup_remove(struct work *w);
unsigned step_sequence(struct work *w); /* what the compiler said of it, and its tree */

/* ---- files (file.c) ---- */

/* The other files that the bench is made of, in the order in which they were read: their paths from "/" on. */
unsigned list_parts(struct work *w, struct buf *bytes, struct version *all, struct buf *paths);
/* Can it be written in place of what is there? */
unsigned check_place(struct work *w, const char *path);
/* What is there, of the files of `all`, and is not in `but`, which may be NULL. */
void add_now(struct buf *out, const struct version *all, const struct version *but);

/* ---- what the compiler said (check.c) ---- */

/* "FILE:LINE:COLUMN: error: WHAT; REMEDY [CODE]" in its parts. */
struct said {
	const char *file, *what, *remedy, *code; /* NULL: it has none */
	size_t n_file, n_what, n_remedy, n_code;
	int64_t line, column;
	bool is_warning;
};

/* The next line of them; false: there are no more. */
bool said_next(const char **at, const char *end, struct said *out);
/* From "/" on; false: it has no file. */
bool said_path(const struct work *w, const struct said *s, char out[VERSION_PATH_MAX]);
/* kind, text, remedy and code, in an object that is open. before: in front of the text; "" */
void put_said_text(struct json *j, const struct said *s, const char *before);
/* A problem with all of them. */
unsigned refuse_errors(struct work *w, const struct buf *said);

/* ---- for all of them (work.c) ---- */

/* What is wrong and what to do, as the answer; returns status. */
unsigned PRINTF(3, 4) refuse(struct work *w, unsigned status, const char *fmt, ...);
/* The bytes of a memory; empty when there is none. */
void work_read(const struct work *w, enum errand_memory which, struct buf *out);
/* At its end. 0, or refuse(). */
unsigned work_write(struct work *w, enum errand_memory which, const struct buf *bytes);
/* The files of a memory; `bytes` is to outlive them. */
unsigned work_files(
	struct work *w, enum errand_memory which, struct buf *bytes, struct version *out);
/* The image of a memory, checked; NULL: there is none that can be used. malloc */
struct image *work_image(const struct work *w, enum errand_memory which);
/* A file as people name it: seen from the folder of the bench file. */
const char *work_name(const struct work *w, const char *path);
/* A regular file of at most 4 MB; false: errno. */
bool work_load(const char *path, struct buf *out);
/* As a text of JSON; bytes that cannot stand there become '?'. */
void put_text(struct json *j, const char *key, const char *bytes, size_t n);
bool is_text(const char *bytes, size_t n); /* UTF-8 without a NUL */

/* Programs that `is` has supervise start for a link and `was` has not; j may be NULL. Returns how many. */
size_t put_programs(
	struct json *j, const char *key, const struct image *was, const struct image *is);
/* What two benches differ in, as an object: channels, programs, and protection (weaker, stronger, changed). Returns how much is weaker. */
size_t put_changes(
	struct json *j, const char *key, const struct image *was, const struct image *is);
/* The difference of all files of two lists, as diff -u writes it. */
void put_difference(struct work *w, struct json *j, const struct version *was, const char *was_name,
	const struct version *is, const char *is_name);

#endif
