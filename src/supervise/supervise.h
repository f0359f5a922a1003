/* supervise.h - the state of the supervisor, shared by the files of this folder */
#ifndef SUPERVISE_SUPERVISE_H
#define SUPERVISE_SUPERVISE_H

#include "board/board.h"
#include "io/loop.h"
#include "io/place.h"
#include "io/self.h"
#include "model/image.h"
#include "supervise/child.h"

#define DOORS_MAX 16 /* command lines connected at once */

struct supervise {
	struct loop *loop;
	const char *file; /* the bench file */
	char bench[64];
	char state_dir[PLACE_MAX];
	struct image *img;   /* what runs; malloc */
	uint32_t generation; /* of the newest image or board */
	int64_t began_ns;

	struct child control, serve;
	char listening[64]; /* what serve listens on; empty: not yet */
	bool is_announced;

	int board;          /* read-only descriptor of the board; -1: none yet */
	int previous_board; /* kept alive for readers that still drain its tape */
	uint32_t board_generation;
	const struct board *map; /* of `board`, to see whether control ticks */
	size_t map_size;

	pid_t compiler;           /* 0: none runs */
	int compiled;             /* memfd that it fills */
	bool has_more_to_compile; /* asked again meanwhile */
	int64_t compile_kill_ns; /* when a compiler that still runs is killed */

	int door; /* listening socket of the command line */
	char door_path[PLACE_MAX];
	int doors[DOORS_MAX]; /* connections; -1: free */
	int asks_reload;      /* the one of them that waits for the end of a reload; -1: none */
	bool is_ending;
	int64_t kill_ns; /* when ending takes too long */
	int exit_code;
	int64_t measured_ns;
	struct self self;
};

/* supervise.c */
void supervise_reload(
	struct supervise *s); /* compile anew; the answer goes to the log and to asks_reload */
void supervise_stop(struct supervise *s);

/* processes.c: control and serve */
void processes_start(struct supervise *s, int64_t now_ns); /* those that are due */
int64_t processes_wake(const struct supervise *s);         /* when the next one is due; NEVER */
void processes_take_image(struct supervise *s,
	struct image *img); /* takes img: hands it to control, starts what is new */
void processes_ended(struct supervise *s, pid_t pid, int status, int64_t now_ns);
void processes_health(struct supervise *s, int64_t now_ns); /* once a second */
void processes_signal(struct supervise *s, int sig);

/* door.c: the command line's way in */
int door_open(struct supervise *s, struct err *err) MUST_CHECK;
void door_answer(struct supervise *s, int fd, bool is_good, const char *text);
void door_close(struct supervise *s);

#endif
