/* supervise.h - the state of the supervisor, shared by the files of this folder */
#ifndef SUPERVISE_SUPERVISE_H
#define SUPERVISE_SUPERVISE_H

#include <sys/stat.h>

#include "base/expiry.h"
#include "board/board.h"
#include "control/change.h"
#include "io/loop.h"
#include "io/place.h"
#include "io/self.h"
#include "model/image.h"
#include "msg/accounts.h"
#include "msg/command.h"
#include "msg/errand.h"
#include "msg/wire.h"
#include "supervise/child.h"
#include "supervise/events.h"
#include "supervise/notify.h"
#include "supervise/watchdog.h"

#define DOORS_MAX 16      /* command lines connected at once */
#define RUN_ERRANDS_MAX 8 /* of HTTP about runs, at once */
#define RUNS_TOLD 32
#define AUDIT_KEPT 16

enum certificate_which { CERTIFICATE_SERVE, CERTIFICATE_PUBLIC, CERTIFICATES };

struct supervise {
	struct loop *loop;
	const char *file;       /* the bench file */
	char folder[PLACE_MAX]; /* from which it is seen */
	char bench[64];
	char state_dir[PLACE_MAX];
	struct image *img;       /* what runs; malloc */
	struct secrets *secrets; /* that it names; NULL as long as there is no image */
	uint32_t generation;     /* of the newest image or board */
	int64_t began_ns;

	struct child hash; /* looks at passwords; as long as there are accounts */
	struct child control, serve, history, query, gate,
		compile;           /* compile: runs for a moment, for each reading of the file */
	struct child postgres;     /* what is recorded into a data base; nobody waits for it */
	uint64_t postgres_is;      /* hash of the settings of the one that runs */
	struct child copy;         /* of runs that have ended, onto a share; nobody waits for it */
	char copies_to[1024];      /* where the one that runs copies to */
	struct child tiers;        /* makes coarser what is old; nobody waits for it */
	uint64_t tiers_is;         /* what the one that runs was told: a hash */
	struct child alert;        /* tells people; nobody waits for it */
	struct child influx;       /* to an InfluxDB; nobody waits for it either */
	uint64_t influx_is;        /* what the one that runs was told, secret and all: a hash */
	struct sandbox_user owner; /* of the bench file */
	bool has_owner;            /* who may as well have it read */
	struct sandbox_report sandbox; /* our own */
	char listening[64];            /* what serve listens on; empty: not yet */
	int64_t serve_kill_ns;         /* when one that was asked to end is killed; NEVER */
	bool is_serving_tls;           /* so the serve that runs was started */
	struct certificate_state {     /* one a server: enum certificate_which */
		struct child child;    /* mbc-certificate, while it makes one of our own */
		int64_t kill_ns, next_make_ns, next_look_ns;
		uint64_t mark;     /* of the files as they were taken; 0: never */
		int used, offered; /* sealed: what serve shows, what it is to look at; -1: none */
		uint32_t used_kind, offered_kind; /* enum image_tls_kind */
		unsigned n_asked;                 /* answers of serve that are not news */
		struct expiry expiry;
		int64_t from_s, until_s;
		char subject[EVENT_SUBJECT], fingerprint[96];
		char why[300]; /* the last one cannot be used; empty: it is */
	} certificates[CERTIFICATES];
	struct {
		struct child child; /* mbc-public */
		char listening[64]; /* empty: not yet */
		bool has_tls;
		uint64_t settings;   /* hash of what the one that runs was started with */
		int64_t kill_ns;     /* NEVER */
		int board;           /* of what everybody may see; -1: none yet */
		uint32_t generation; /* of that */
		bool is_sent;        /* the file of links, as it was then, to the one that runs */
		ino_t inode;
		struct timespec changed;
	} public;
	bool is_query_told;   /* to end */
	bool is_history_told; /* to end, and to start with other settings */
	bool is_ready;        /* the service manager has heard so */
	bool is_announced;    /* where to look */

	int board;          /* read-only descriptor of the board; -1: none yet */
	int previous_board; /* kept alive for readers that still drain its tape */
	uint32_t board_generation;
	pid_t board_pid;         /* the control that made it */
	unsigned late_looks;     /* in a row at which it did not tick */
	int64_t next_look_ns;    /* at its heart */
	int64_t gone_ns;         /* first attempt to replace one that ticked; NEVER: one does */
	const struct board *map; /* of `board`, to see whether control ticks */
	size_t map_size;

	int compiled; /* memfd that the compiler fills */
	int kept;     /* memfd with the files that the compiler has read; -1: it has not run yet */
	int compile_report;       /* pipe in which it tells what confines it; -1 */
	bool has_more_to_compile; /* asked again meanwhile */
	int64_t compile_kill_ns;  /* when a compiler that still runs is killed */
	bool is_applying;         /* control has an image whose board it has not shown yet */
	bool is_at_rest; /* control says: all outputs that can hurt are safe, no run is active */
	struct pending {
		struct image *img; /* a new bench file that does not run yet; NULL: none; malloc */
		struct secrets *secrets;
		struct buf list; /* what of protection it changes: change_list() */
		struct change_count count;
		uint32_t generation; /* control is trying it under this number; 0: it does not */
		bool has_version;    /* its bytes wait for their number: versions.c */
		char who[EVENT_PRINCIPAL], reason[EVENT_TEXT];
		char why[300]; /* not yet, as control said */
		int64_t next_try_ns;
		bool is_told; /* that it waits */
	} pending;
	struct {
		struct child child; /* mbc-rehearse; one at a time */
		char id[COMMAND_ID];
		int answer; /* memfd that it fills; -1 */
		bool is_svg;
		int64_t kill_ns; /* NEVER: it was killed */
	} rehearsing;
	struct {
		struct child work, compile, certificate, trial,
			scan; /* mbc-errand, mbc-compile, mbc-certificate, mbc-try, on the bench's wires and on others: one of them at a time */
		struct errand_ask ask;
		char sequence[ERRAND_NAME +
			      160]; /* that it is about, as the compiler sees it; "": none */
		int memories[ERRAND_MEMORIES]; /* -1: not made */
		size_t step;                   /* of its plan */
		bool is_under_way, is_wanted;  /* is_wanted: somebody waits for it still */
		bool is_reloading;             /* the file is written, and is being taken up */
		int64_t kill_ns;               /* NEVER: it was killed */
	} errand;
	struct {
		struct child child; /* mbc-backup; one at a time */
		const char *act;    /* "make", "verify" */
		char name[104], principal[EVENT_PRINCIPAL];
		bool is_ending; /* it was asked to */
		struct child
			halves;  /* mbc-errand, which removes what is half of one that was killed */
		bool has_halves; /* maybe: it is to be started */
		/* what became of the last one; last_act NULL: there was none */
		const char *last_act;
		char last_name[104], said[400];
		bool was_good;
	} backup;
	struct asked {
		char who[EVENT_PRINCIPAL], reason[EVENT_TEXT];
	} asked,
		asked_next; /* for the file that is being compiled, and for the one behind it; empty: by SIGHUP */

	int door; /* listening socket of the command line */
	int lock; /* of the bench: held by us and by control, until the last of both has ended; -1 */
	char door_path[PLACE_MAX];
	struct {
		int fd;          /* connection; -1: free */
		bool is_waiting; /* for the end of a reload */
		uid_t uid;       /* who called */
		struct run_wait {
			uint32_t ticket; /* of the question that the recorder has; 0: none */
			int64_t deadline_ns;
		} run;
	} doors[DOORS_MAX];
	struct run_errand {
		char id[COMMAND_ID]; /* of the question over HTTP that waits for the recorder */
		struct run_wait wait;
	} run_errands[RUN_ERRANDS_MAX];
	struct {
		struct audit_told {
			char who[EVENT_PRINCIPAL], act[32], subject[EVENT_SUBJECT],
				text[EVENT_TEXT];
		} told[AUDIT_KEPT]; /* while there is no gate */
		size_t n;
		bool is_failing; /* its file cannot be opened: told */
	} audit;
	int64_t away_since_ns
		[2]; /* postgres, influx: cannot be written to; 0: it can, or is not there */
	bool is_gate_asked; /* by a command line that asks on a wire: the gate runs though nothing can be commanded */
	unsigned next_eviction; /* of a caller that holds a place and asks nothing */
	int spare;              /* a descriptor kept for the case that there are no more */
	uint32_t run_ticket;    /* of the newest question */
	char run_told[RUNS_TOLD][WIRE_REQUEST_MAX + 4]; /* the last orders that became events */
	size_t next_told;
	struct helpers *helpers; /* programs of links */
	struct {
		bool is_sent; /* the file, as it was then, to the gate that runs */
		ino_t inode;
		struct timespec changed;
		uint32_t opened;
	} tokens;
	struct {
		bool is_sent; /* likewise */
		ino_t inode;
		struct timespec changed;
	} links; /* of guests */
	struct {
		bool is_sent; /* the file, as it was then, to the gate that runs */
		bool are_there; /* the file has accounts, or cannot be read: nobody is answered unasked */
		ino_t inode;
		struct timespec changed;
		struct account_first first; /* the link that makes the first one, while it holds */
		struct account_ends *ends;  /* which are near, and what was told of them; malloc */
		char first_sent[SHA256_HEX + 1]; /* to the gate that runs */
		struct account_writing *writing; /* a change that the gate asks for; malloc */
		char *first_line; /* the first account, which waits for the lock of `mbc user`; malloc, NULL: none */
		int64_t first_until_ns; /* as long as that */
	} accounts;
	struct events events;
	bool is_ending;
	bool is_control_first; /* ending: it makes the bench safe; the others are told when it has ended */
	int64_t kill_ns;   /* when ending takes too long */
	int64_t killed_ns; /* when it did: kill_ns is NEVER then */
	int exit_code;
	int64_t measured_ns;
	struct notify manager;
	struct watchdog watchdog;
	struct self self;
};

/* main.c */
void supervise_stop(struct supervise *s);

/* reload.c: the bench file */
/* Who reads it: the compiler's own user, or its owner. */
int reload_reader(struct supervise *s, struct sandbox_user *out, struct err *err) MUST_CHECK;
void reload_find_owner(struct supervise *s); /* of the bench file, into s->owner */
/* By somebody, with a reason or "" for what weakens protection: of the file as it is now, however many are asked for. */
void reload_ask(struct supervise *s, const char *who, const char *reason);
void reload_next(struct supervise *s); /* the file that was asked for meanwhile */
void reload_begin(
	struct supervise *s); /* compile it anew; those who wait at the door hear how it ended */
void reload_watch(struct supervise *s, int64_t now_ns); /* a compiler that hangs is killed */
void reload_compiled(struct supervise *s, int status);  /* the compiler has ended */
void reload_done(
	struct supervise *s, bool is_good, const char *text); /* control has taken it up, or not */
/* It is not taken up now: those who wait hear so, as a message of this kind. */
void reload_waits(struct supervise *s, enum wire_kind kind, const char *text);

/* pending.c: a new bench file until it runs */
/* Takes both. */
void pending_take(struct supervise *s, struct image *img, struct secrets *secrets, const char *who,
	const char *reason);
bool pending_is_same(
	const struct supervise *s, const struct image *img, const struct secrets *secrets);
void pending_again(struct supervise *s, const char *who, const char *reason);
void pending_drop(struct supervise *s, const char *who, const char *why);
bool pending_waits(const struct supervise *s);
bool pending_is_tried(const struct supervise *s);             /* control has not answered yet */
void pending_taken(struct supervise *s, uint32_t generation); /* control has shown this board */
void pending_refused(struct supervise *s,
	const char *why); /* control does not take it up as things are: it waits, or is dropped */
void pending_control_ended(struct supervise *s);
void pending_rest(struct supervise *s, bool is_at_rest); /* as control says */
int64_t pending_step(struct supervise *s, int64_t now_ns);
void pending_describe(const struct supervise *s, struct buf *out);
void pending_show(struct supervise *s);    /* to the data server */
void pending_save(struct supervise *s);    /* what runs */
void pending_compare(struct supervise *s); /* at the start, with what ran last */
void pending_done(struct supervise *s);

/* versions.c: each bench file that is taken up is kept */
/* What was compiled last is written to the disk, and gets its number when it is taken up, or is forgotten. False: there is nothing to keep. */
bool versions_begin(struct supervise *s, const char *who) MUST_CHECK;
void versions_end(struct supervise *s, bool is_taken);
void versions_done(struct supervise *s);

/* processes.c: control and serve */
void processes_start(struct supervise *s, int64_t now_ns); /* those that are due */
void processes_address(const char *listening, bool has_tls, char *out, size_t cap);
void processes_url(const struct supervise *s, char *out, size_t cap); /* of the page; empty: none */
int64_t processes_wake(const struct supervise *s); /* when the next one is due; NEVER */
void processes_take_image(struct supervise *s, struct image *img,
	struct secrets *secrets); /* takes both: starts what is new; no controller runs */
/* To the controller that runs, which answers with its board or a no. Returns its generation; 0: it could not be sent. */
uint32_t processes_try_image(struct supervise *s, const struct image *img,
	const struct secrets *secrets, struct err *err);
void processes_took_image(
	struct supervise *s, struct image *img, struct secrets *secrets); /* takes both: it runs */
void processes_ended(struct supervise *s, pid_t pid, int status, int64_t now_ns);
void processes_health(struct supervise *s, int64_t now_ns); /* once a second */
int64_t processes_watch(struct supervise *s,
	int64_t now_ns); /* a controller that does not tick is killed; when to look again */
bool processes_are_alive(const struct supervise *s,
	int64_t now_ns); /* for the watchdogs: control ticks, or is being replaced */
void processes_signal(struct supervise *s, int sig);

/* recording.c: the recorder */
int recording_start(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
void recording_adjust(struct supervise *s, const struct image_history *before,
	int64_t now_ns); /* a new bench file; before NULL: the first one */

void recording_texts(
	struct supervise *s); /* to the recorder: the files of the bench as they are now */
void recording_told(struct supervise *s, struct wire_in *in); /* by the recorder: an event */
int recording_query(struct supervise *s, int64_t now_ns,
	struct err *err) MUST_CHECK; /* starts the process that reads what was recorded */
/* What is recorded, into a data base. */
int recording_postgres(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
bool recording_has_postgres(const struct supervise *s); /* is one wanted, */
bool recording_is_postgres_same(
	struct supervise *s); /* and with the settings of the one that runs? */
void recording_adjust_postgres(struct supervise *s, int64_t now_ns); /* a new bench file */
int recording_copy(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
bool recording_copies(const struct supervise *s);                /* are runs copied? */
void recording_adjust_copy(struct supervise *s, int64_t now_ns); /* a new bench file */
void recording_copied(struct supervise *s, struct wire_in *in);  /* by the process that copies */
void recording_away(struct supervise *s, const char *store,
	struct wire_in *in); /* by one that carries elsewhere what is recorded */
int recording_tiers(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
bool recording_has_tiers(const struct supervise *s);
bool recording_is_tiers(const struct supervise *s); /* does the one that runs do what it should? */
void recording_adjust_tiers(struct supervise *s, int64_t now_ns); /* a new bench file */
int recording_influx(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
bool recording_has_influx(const struct supervise *s);
bool recording_is_influx(const struct supervise *s); /* does the one that runs do what it should? */
void recording_adjust_influx(struct supervise *s, int64_t now_ns); /* a new bench file */
void recording_pair(struct supervise *s); /* a new pair between it and the data server */

/* runs.c: runs, begun, ended and noted from the command line and over HTTP */
void runs_asked(struct supervise *s, size_t slot, struct wire_in *in);
void runs_errand(struct supervise *s, const struct errand_ask *a); /* the gate has let it */
void runs_done(struct supervise *s, struct wire_in *in);           /* the recorder has answered */
void runs_lost(struct supervise *s);                               /* it has ended */
int64_t runs_step(struct supervise *s, int64_t now_ns);            /* returns when to come again */

/* commands.c: the gate */
/* Who asked what of the supervisor itself: on record by the gate, or by the next one. act: a word of docs/audit.md. */
void audit_tell(struct supervise *s, const char *who, const char *act, const char *subject,
	const char *text);
void audit_start(struct supervise *s); /* a gate has been started */
void audit_open(struct supervise *s,
	bool is_full); /* it needs a file: its own is full, or none could be opened */

bool commands_are_wanted(const struct supervise *s); /* has the bench something to command? */
int commands_start(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
void commands_adjust(struct supervise *s, int64_t now_ns); /* a new bench file */
void commands_pair(struct supervise *s,
	struct child *with);             /* a new pair between the gate and control or serve */
void commands_look(struct supervise *s); /* at the files of tokens and accounts; once a second */
/* A connection to the gate, the caller's, on which only what changes nothing is asked on wires, in this name. */
int commands_guest(struct supervise *s, const char *name, int *out, struct err *err) MUST_CHECK;
int commands_asked(struct supervise *s, size_t slot, bool is_guest,
	struct err *err) MUST_CHECK; /* a command line wants a connection to the gate */

/* certificate.c: what the data servers show when they speak TLS */
void certificate_init(struct supervise *s);
bool certificate_is_wanted(const struct supervise *s, enum certificate_which which);
bool certificate_is_made(const struct supervise *s); /* at this moment, by a process */
void certificate_adjust(struct supervise *s);        /* a new bench file */
void certificate_serve_started(struct supervise *s, enum certificate_which which);
void certificate_look(struct supervise *s); /* at the files, now */
void certificate_told(
	struct supervise *s, enum certificate_which which, struct wire_in *in); /* by a server */
/* For one of its programs: the file, and what is shown now. ERR_CONF, with a status of HTTP: there is none, or for a change: it is not ours, or is being made. */
struct certificate_place {
	char path[PLACE_MAX + 32];
	bool is_own;
	const char *shown, *why; /* "" */
};
int certificate_place(struct supervise *s, enum certificate_which which, bool is_change,
	struct certificate_place *out, struct err *err) MUST_CHECK;
bool certificate_ended(struct supervise *s, pid_t pid, int status); /* was it what makes one? */
int64_t certificate_step(struct supervise *s, int64_t now_ns);      /* returns when to come again */
void certificate_describe(const struct supervise *s, struct buf *out);
/* The bytes of a file that is for its owner alone, *n of them. */
int commands_read(int fd, const struct stat *st, const char *path, char *bytes, size_t max,
	size_t *n, struct err *err) MUST_CHECK;
void commands_adjust_gate(struct supervise *s, int64_t now_ns); /* is one wanted? */

/* accounts.c: who may see the bench, and the process that looks at passwords */
void accounts_done(struct supervise *s);
void accounts_look(struct supervise *s);            /* at their files; once a second */
bool accounts_are_there(const struct supervise *s); /* nobody is answered unasked */
bool accounts_want_hash(const struct supervise *s); /* are there passwords to look at? */
void accounts_adjust_hash(struct supervise *s, bool is_wanted, int64_t now_ns);
/* accounts_write.c: a change of the files of accounts and tokens that came over HTTP */
void accounts_change(struct supervise *s, struct wire_in *in);
int64_t accounts_step(struct supervise *s, int64_t now_ns);
void accounts_first(
	struct supervise *s, struct wire_in *in); /* the gate has one to be written down */

/* public.c: the server for everybody */
void public_init(struct supervise *s);
bool public_is_wanted(const struct supervise *s);
int public_start(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
void public_board(struct supervise *s, int fd, uint32_t generation); /* takes the descriptor */
void public_adjust(struct supervise *s, int64_t now_ns);             /* a new bench file */
void public_look(struct supervise *s);                     /* at the file of links; once a second */
void public_told(struct supervise *s, struct wire_in *in); /* its address */
void public_tell_serve(struct supervise *s); /* what everybody sees, for those who choose it */
int64_t public_step(struct supervise *s, int64_t now_ns); /* returns when to come again */
void public_describe(const struct supervise *s, struct buf *out);

/* rehearsals.c: rehearsals that are asked for over HTTP */
void rehearsals_asked(struct supervise *s, struct wire_in *in); /* by the gate, which lets it */
void rehearsals_gone(struct supervise *s, struct wire_in *in);  /* who asked, says serve */
void rehearsals_ended(struct supervise *s, int status);         /* its process */
void rehearsals_stop(struct supervise *s); /* nobody waits any more: serve or the bench ends */
int64_t rehearsals_step(struct supervise *s, int64_t now_ns); /* returns when to come again */

/* What serve hears of a question that it has handed on; `answer`: a memfd. */
void answer_tell(struct supervise *s, const char *id, unsigned status, const char *text, int pass);
void answer_tell_why(struct supervise *s, const char *id, unsigned status, int answer);
void answer_tell_memory(struct supervise *s, const char *id, unsigned status, const char *type,
	int answer, off_t max);

/* backups.c: backups of the whole bench over HTTP */
void backups_init(struct supervise *s);
/* Starts mbc-backup; its end is told on record, and in the list. passphrase: a descriptor with a line of it; -1: none */
int backups_begin(struct supervise *s, const struct errand_ask *a, int passphrase,
	struct err *err) MUST_CHECK;
bool backups_ended(struct supervise *s, pid_t pid, int status); /* was it its process? */
/* End the one of this name that is being made, and killed when it is asked once more, or looked at. False: none is. */
bool backups_end(struct supervise *s, const char *name);
void backups_stop(struct supervise *s, int sig); /* the bench ends */
int64_t backups_step(struct supervise *s);       /* returns when to come again */
/* One that is kept, for reading; -1, with a status of HTTP. */
int backups_open(struct supervise *s, const char *name, struct err *err) MUST_CHECK;

/* errands.c: the bench file, its versions and the audit over HTTP */
void errands_init(struct supervise *s);
void errands_asked(
	struct supervise *s, struct wire_in *in, int *pass); /* by the gate, which lets it */
void errands_gone(struct supervise *s, const char *id);
bool errands_ended(struct supervise *s, pid_t pid, int status); /* was it one of its processes? */
/* What became of a reload, and of the bench file that it was for. */
void errands_reloaded(struct supervise *s, enum wire_kind kind, const char *text);
void errands_took_image(struct supervise *s); /* another bench file runs */
void errands_stop(struct supervise *s);       /* nobody waits any more: serve or the bench ends */
bool errands_are_running(const struct supervise *s);
bool errands_are_writing(const struct supervise *s);       /* one that is brought to its end */
int64_t errands_step(struct supervise *s, int64_t now_ns); /* returns when to come again */

/* folder.c: a folder for a process with that user; without: what one writes to have none. */
int folder_make(const struct supervise *s, const struct sandbox_user *user, const char *path,
	const char *without, struct err *err) MUST_CHECK;

/* alerting.c: people are told */
bool alerting_is_wanted(const struct supervise *s);
int alerting_start(struct supervise *s, int64_t now_ns, struct err *err) MUST_CHECK;
void alerting_show(struct supervise *s); /* the bench as it is now, to the process */
void alerting_adjust(struct supervise *s, int64_t now_ns);   /* a new bench file */
void alerting_told(struct supervise *s, struct wire_in *in); /* by the process: an event */
/* A test to a receiver; out: what came of it, for who asked. */
int alerting_test(struct supervise *s, const char *receiver, const char *who, char *out,
	size_t cap) MUST_CHECK;

/* helpers.c: programs of links */
void helpers_asked(
	struct supervise *s, struct wire_in *in); /* by control, which opens the link of one */
void helpers_take_image(struct supervise *s); /* those whose words are gone or others are ended */
void helpers_end(
	struct supervise *s, int sig); /* all of them: control is gone, or the bench ends */
void helpers_before_reaping(struct supervise *s, pid_t pid); /* what one has started ends with it */
bool helpers_ended(struct supervise *s, pid_t pid, int status, int64_t now_ns); /* was it one? */
int64_t helpers_step(
	struct supervise *s, int64_t now_ns); /* what is due; returns when to come again */
bool helpers_are_running(const struct supervise *s);
void helpers_describe(const struct supervise *s, struct buf *out, int64_t now_ns);
void helpers_done(struct supervise *s);

/* door.c: the command line's way in */
int door_open(struct supervise *s, struct err *err) MUST_CHECK;
void door_answer(struct supervise *s, enum wire_kind kind,
	const char *text); /* to all who wait for a reload */
void door_close(struct supervise *s);
/* The name of a user; from the file of users alone: asking a directory on the network could take long. */
void door_user(uid_t uid, char *out, size_t cap);

#endif
