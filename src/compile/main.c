/* main.c - mbc-compile: a bench file checked and turned into an image
 *
 * Started by `mbc check` and by the supervisor, never by hand in daily work. It reads whatever a person wrote, so it
 * bounds itself: 2 s of processor time and the memory that a bench of 20 000 channels takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "compile/compile.h"
#include "compile/describe.h"
#include "compile/identities.h"
#include "compile/pages.h"
#include "compile/seq_bench.h"
#include "compile/seq_program.h"
#include "compile/seq_tool.h"
#include "compile/source.h"
#include "compile/units.h"
#include "io/sandbox.h"
#include "msg/errand.h"
#include "msg/health.h"
#include "msg/version.h"

#define MEMORY_LIMIT (64u << 20) /* of addresses: what is in memory is always less */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif

#if defined(UNDER_ASAN)
#define CPU_LIMIT_S 20 /* the sanitizer is ten times slower, and reserves terabytes of addresses */
#else
#define CPU_LIMIT_S 2
#endif

enum action {
	ACTION_IMAGE,
	ACTION_CHECK,
	ACTION_MERGED,
	ACTION_SCHEMA,
	ACTION_FILE_SCHEMA,
	ACTION_LIST,
	ACTION_PAGE,
	ACTION_INDEX,
	ACTION_IDENTITIES,
	ACTION_DESCRIBE,
	ACTION_SEQUENCE,
	ACTION_SCAN
};

struct options {
	enum action action;
	int fd;
	int report;  /* where to tell what confines us; -1 */
	int keep;    /* where the files go that are read; -1 */
	int instead; /* what is read in place of files; -1 */
	const char *path;
	const char *
		sequence; /* ACTION_CHECK: to be checked with the bench; ACTION_IMAGE: the only one in it; NULL */
	char **words; /* ACTION_LIST, ACTION_IDENTITIES, ACTION_DESCRIBE, ACTION_SEQUENCE: those behind it; ACTION_CHECK: sequences */
	int n_words;
};

static void
usage(FILE *out)
{
	fputs("usage: mbc-compile [--check | --merged | --out-fd N] BENCH.yaml [SEQUENCE.seq]\n"
	      "       mbc-compile --schema | --schema-instrument | --list [WORD...] | --page "
	      "FILE.yaml | --index\n"
	      "       mbc-compile --identities tcp|rtu|udp|serial|hid|usbtmc ADDRESSES [NAME...]\n"
	      "\n"
	      "Checks a bench file. Prints nothing else when it is good and\n"
	      "  --check     says what it holds, in one line\n"
	      "  --merged    prints the bench with all that it extends, as one file\n"
	      "  --out-fd N  writes the compiled image to descriptor N, also with --check; "
	      "--report-fd M: what "
	      "confines "
	      "this program to M; --keep-fd K: the files that it reads to K; --instead-fd I: "
	      "files of that form in I are read in place of those on the disk\n"
	      "  --list      lists the instruments of the catalogue, --page describes one of them, "
	      "--index all\n"
	      "  --out-fd N --describe FOLDER [NAME]  the catalogue, with the files of FOLDER, or "
	      "one "
	      "instrument, as JSON\n"
	      "  --identities lists those that one question recognises on such a wire, each of "
	      "them with at most so many addresses\n"
	      "  --out-fd N --scan KIND BENCH.yaml  what a scan of such a wire asks, with the "
	      "files beside that bench, as an image\n"
	      "  --sequence format|json|lines|text FILE [--check]  a sequence in its one form, as "
	      "JSON, "
	      "or "
	      "as text again; --out-fd and --instead-fd before it hold for it, too\n"
	      "A bench file '-' is read from standard input.\n"
	      "  --schema    prints the JSON Schema of bench files, for editors; "
	      "--schema-instrument: of instrument files\n"
	      "Errors go to standard error as FILE:LINE:COLUMN: error: WHAT; WHAT TO DO [CODE].\n"
	      "Exit: 0 good, 1 the bench file is wrong, 2 the system failed.\n",
		out);
}

static int
parse_options(int argc, char **argv, struct options *o)
{
	int64_t fd;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--check") == 0) {
			o->action = ACTION_CHECK;
		} else if (strcmp(argv[i], "--merged") == 0) {
			o->action = ACTION_MERGED;
		} else if (strcmp(argv[i], "--list") == 0) {
			o->action = ACTION_LIST;
			o->words = argv + i + 1;
			o->n_words = argc - i - 1;
			return 0;
		} else if (strcmp(argv[i], "--identities") == 0 && i + 2 < argc) {
			o->action = ACTION_IDENTITIES;
			o->words = argv + i + 1;
			o->n_words = argc - i - 1;
			return 0;
		} else if (strcmp(argv[i], "--describe") == 0 && o->fd >= 0 &&
			   (argc - i == 2 || argc - i == 3)) {
			o->action = ACTION_DESCRIBE;
			o->words = argv + i + 1;
			o->n_words = argc - i - 1;
			return 0;
		} else if (strcmp(argv[i], "--scan") == 0 && o->fd >= 0 && argc - i == 3) {
			o->action = ACTION_SCAN;
			o->words = argv + i + 1;
			o->n_words = 2;
			return 0;
		} else if (strcmp(argv[i], "--sequence") == 0 && i + 2 < argc) {
			o->action = ACTION_SEQUENCE;
			o->words = argv + i + 1;
			o->n_words = argc - i - 1;
			return 0;
		} else if (strcmp(argv[i], "--page") == 0) {
			o->action = ACTION_PAGE;
		} else if (strcmp(argv[i], "--index") == 0) {
			o->action = ACTION_INDEX;
		} else if (strcmp(argv[i], "--schema") == 0) {
			o->action = ACTION_SCHEMA;
		} else if (strcmp(argv[i], "--schema-instrument") == 0) {
			o->action = ACTION_FILE_SCHEMA;
		} else if (strcmp(argv[i], "--out-fd") == 0 && i + 1 < argc) {
			if (!text_to_int(argv[++i], &fd) || fd < 0 || fd > 1023)
				return -1;
			o->fd = (int)fd;
		} else if (strcmp(argv[i], "--report-fd") == 0 && i + 1 < argc) {
			if (!text_to_int(argv[++i], &fd) || fd < 0 || fd > 1023)
				return -1;
			o->report = (int)fd;
		} else if (strcmp(argv[i], "--keep-fd") == 0 && i + 1 < argc) {
			if (!text_to_int(argv[++i], &fd) || fd < 0 || fd > 1023)
				return -1;
			o->keep = (int)fd;
		} else if (strcmp(argv[i], "--instead-fd") == 0 && i + 1 < argc) {
			if (!text_to_int(argv[++i], &fd) || fd < 0 || fd > 1023)
				return -1;
			o->instead = (int)fd;
		} else if ((o->action == ACTION_CHECK || o->action == ACTION_IMAGE) &&
			   o->path != NULL && o->sequence == NULL && seq_bench_is_name(argv[i])) {
			o->sequence = argv[i];
		} else if ((argv[i][0] == '-' && argv[i][1] != '\0') || o->path != NULL) {
			return -1;
		} else {
			o->path = argv[i];
		}
	}
	if (o->action == ACTION_SCHEMA || o->action == ACTION_FILE_SCHEMA ||
		o->action == ACTION_INDEX)
		return 0;
	return o->path == NULL || (o->action == ACTION_IMAGE && o->fd < 0) ? -1 : 0;
}

static int
write_all(int fd, const struct buf *bytes)
{
	size_t done = 0;

	while (done < bytes->n) {
		ssize_t n = write(fd, bytes->data + done, bytes->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_err("writing to descriptor %d: %s; check that its reader is alive", fd,
				strerror(errno));
			return 2;
		}
		done += (size_t)n;
	}
	return 0;
}

/* The kernel's word that the processor time is used up; only calls that are safe in a handler. */
static void
out_of_time(int sig)
{
	static const char text[] =
		"compile: the bench file takes more than 2 s to check; make it smaller\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	_exit(1);
}

static void
bound_resources(void)
{
	struct rlimit cpu = { CPU_LIMIT_S, CPU_LIMIT_S + 1 }, core = { 0, 0 };
	struct sigaction act = { .sa_handler = out_of_time };

	sigaction(SIGXCPU, &act, NULL);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
#ifndef UNDER_ASAN
	struct rlimit memory = { MEMORY_LIMIT, MEMORY_LIMIT };

	setrlimit(RLIMIT_AS, &memory);
#endif
}

static char catalogue[320];

/* Where instrument files are: as the environment says, in the tree that this program was built in, or where they were installed. */
static void
find_catalogue(void)
{
	const char *said = getenv("MBC_CATALOGUE");
	char self[256], *slash;
	ssize_t n;

	if (said != NULL && strlen(said) < sizeof(catalogue)) {
		memcpy(catalogue, said, strlen(said) + 1);
		return;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL) {
		*slash = '\0';
		snprintf(catalogue, sizeof(catalogue), "%s/../instruments", self);
		if (access(catalogue, R_OK) == 0)
			return;
	}
	snprintf(catalogue, sizeof(catalogue), "%s/instruments", MBC_DATA);
}

/* From here on it reads files, and can do nothing else. */
static void
confine(const struct options *o)
{
	struct sandbox_report report;
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_COMPILE, NULL, &report);
	sandbox_text(&report, text);
	if (o->report >= 0 && write(o->report, text, strlen(text)) < 0)
		log_warn("telling what confines it: %s", strerror(errno));
}

static int
report(const struct options *o, struct bench *b, const struct buf *image, const struct buf *merged)
{
	int code;

	if (o->action == ACTION_IMAGE && o->sequence != NULL && b->programs->code != 0)
		return b->programs->code;
	if (o->fd >= 0 && write_all(o->fd, image) != 0)
		return 2;
	if (o->action == ACTION_IMAGE && b->programs->code != 0)
		log_warn("sequences with errors are left out until they are corrected; 'mbc check "
			 "%s' "
			 "lists them",
			b->path);
	if (o->action == ACTION_IMAGE)
		return 0;
	if (o->action == ACTION_MERGED)
		return write_all(STDOUT_FILENO, merged);
	if (b->files.n > 0 && b->name[0] == '\0') {
		printf("instrument '%s': %u channels, %u exchanges as they should be\n",
			b->files.at[0].name, b->instruments.at[0].n_points, b->n_exchanges);
		return fflush(stdout) == 0 ? 0 : 2;
	}
	code = o->sequence != NULL ? seq_bench_file(b, o->sequence) : b->programs->code;
	if (code == SEQ_BENCH_STEPS && o->instead >= 0)
		return 0; /* nobody asks for more over HTTP: they are checked where they are included */
	if (code == SEQ_BENCH_STEPS) {
		log_err("%s holds steps alone; check the sequence that includes it", o->sequence);
		return 1;
	}
	if (code != 0)
		return code;
	if (o->sequence != NULL) {
		printf("sequence '%s' is good\n", o->sequence);
		return fflush(stdout) == 0 ? 0 : 2;
	}
	printf("bench '%s': %u link%s, %u instrument%s, %u channels\n", b->name, b->links.n,
		b->links.n == 1 ? "" : "s", b->instruments.n, b->instruments.n == 1 ? "" : "s",
		b->channels.n - (uint32_t)HEALTH_COUNT);
	if (b->sequences != NULL)
		printf("%u sequence%s\n", b->programs->n_files,
			b->programs->n_files == 1 ? "" : "s");
	return fflush(stdout) == 0 ? 0 : 2;
}

static int
read_input(struct buf *out, struct err *err)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0 && out->n <= SOURCE_MAX)
		buf_put(out, bytes, (size_t)n);
	if (n < 0)
		return err_set(err, ERR_IO, errno, "reading standard input: %s", strerror(errno));
	return out->n <= SOURCE_MAX ? 0 : err_set(err, ERR_CONF, 0, "standard input is too long");
}

static int
compile_input(struct bench *b, struct buf *image, struct buf *merged, struct err *err)
{
	struct buf text = { 0 };
	int rc = read_input(&text, err);

	if (rc == 0)
		rc = compile_bytes(b, text.data, text.n, image, merged, err);
	buf_done(&text);
	return rc;
}

static int
compile(const struct options *o)
{
	struct buf image = { 0 }, merged = { 0 };
	struct buf *wanted = o->action == ACTION_MERGED ? &merged : NULL;
	struct bench *b = calloc(1, sizeof(*b));
	struct err err = { 0 };
	int rc, code;

	if (b == NULL || units_open(&err) < 0) {
		log_err("%s", b == NULL ? "no memory" : err.msg);
		free(b);
		return 2;
	}
	bench_init(b, o->path);
	b->catalogue = catalogue[0] == '\0' ? NULL : catalogue;
	b->may_be_file = o->action == ACTION_CHECK;
	b->leaves_sequences = o->sequence != NULL;
	b->only_sequence = o->action == ACTION_IMAGE ? o->sequence : NULL;
	rc = strcmp(o->path, "-") == 0 ? compile_input(b, &image, wanted, &err)
				       : compile_file(b, &image, wanted, &err);
	diag_print(&b->diag, stderr);
	if (rc < 0 && err.msg[0] != '\0')
		log_err("%s", err.msg);
	code = rc == 0 ? report(o, b, &image, &merged) : rc == ERR_CONF ? 1 : 2;
	bench_done(b);
	units_close();
	free(b);
	buf_done(&image);
	buf_done(&merged);
	return code;
}

static int
sequence(const struct options *o)
{
	bool is_check = o->n_words == 3 && strcmp(o->words[2], "--check") == 0;
	const char *word = o->words[0];
	struct buf out = { 0 };
	int code;

	if ((o->n_words != 2 && !is_check) || (is_check && strcmp(word, "format") != 0) ||
		(strcmp(word, "format") != 0 && strcmp(word, "json") != 0 &&
			strcmp(word, "lines") != 0 && strcmp(word, "text") != 0)) {
		usage(stderr);
		return 1;
	}
	code = seq_tool(word, o->words[1], is_check, &out);
	if (code == 0 && write_all(o->fd >= 0 ? o->fd : STDOUT_FILENO, &out) != 0)
		code = 2;
	buf_done(&out);
	return code;
}

/* None is no mistake here. */
static int
list_identities(const struct options *o)
{
	struct identities wanted = {
		.wire = o->words[0], .names = o->words + 2, .n_names = o->n_words - 2
	};
	struct buf out = { 0 };
	struct err err = { 0 };
	int rc;

	if (!text_to_int(o->words[1], &wanted.n_addresses)) {
		usage(stderr);
		return 1;
	}
	rc = units_open(&err);
	if (rc == 0)
		rc = identities_list(catalogue, &wanted, &out, &err);
	if (rc < 0)
		log_err("%s", err.msg);
	rc = rc == 0 ? write_all(STDOUT_FILENO, &out) : 2;
	buf_done(&out);
	units_close();
	return rc;
}

#define SCAN_ADDRESSES 8 /* of an instrument, and units of Modbus: within a minute */
#define SCAN_UNITS 16

/* The questions of a scan, as the image of a bench that nobody runs. */
static int
scan(const struct options *o)
{
	const char *wire = o->words[0], *path = o->words[1], *slash = strrchr(path, '/');
	struct identities wanted = { .wire = wire, .n_addresses = SCAN_ADDRESSES };
	struct buf list = { 0 }, text = { 0 }, image = { 0 };
	struct bench *b = calloc(1, sizeof(*b));
	struct err err = { 0 };
	char own[1100];
	int rc;

	snprintf(own, sizeof(own), "%.*sinstruments",
		slash == NULL ? 0 : (int)MIN(slash - path + 1, 1000), path);
	wanted.own = own;
	rc = b == NULL ? err_set(&err, ERR_IO, ENOMEM, "no memory") : units_open(&err);
	if (rc == 0)
		rc = identities_list(catalogue, &wanted, &list, &err);
	if (rc == 0) {
		identities_bench(wire, SCAN_UNITS, &list, &text);
		bench_init(b, path);
		b->catalogue = catalogue[0] == '\0' ? NULL : catalogue;
		rc = compile_bytes(b, text.data, text.n, &image, NULL, &err);
		diag_print(&b->diag, stderr);
		bench_done(b);
	}
	if (rc < 0 && err.msg[0] != '\0')
		log_err("%s", err.msg);
	rc = rc == 0 ? write_all(o->fd, &image) : 2;
	buf_done(&list);
	buf_done(&text);
	buf_done(&image);
	units_close();
	free(b);
	return rc;
}

/* The catalogue for programs. It ends as a step of an errand does: with the status of HTTP that a refusal has, and why in place of the answer. */
static int
describe_json(const struct options *o)
{
	const char *own = o->words[0], *name = o->n_words > 1 ? o->words[1] : NULL;
	struct buf out = { 0 };
	struct err err = { 0 };
	int rc = units_open(&err), code = 0;

	if (rc == 0)
		rc = name == NULL ? describe_all(own, catalogue, &out, &err)
				  : describe_one(own, catalogue, name, &out, &err);
	if (rc < 0) {
		log_err("%s", err.msg);
		out.n = 0;
		buf_puts(&out, err.msg);
		code = errand_exit(rc == ERR_CONF && err.sys >= 400 ? (unsigned)err.sys : 503);
	}
	if (write_all(o->fd, &out) != 0)
		code = 2;
	buf_done(&out);
	units_close();
	return code;
}

/* The catalogue for people. */
static int
describe(const struct options *o)
{
	struct buf out = { 0 };
	struct err err = { 0 };
	int rc = units_open(&err);

	if (rc == 0 && o->action == ACTION_LIST)
		rc = pages_list(catalogue, o->words, o->n_words, &out, &err);
	else if (rc == 0 && o->action == ACTION_INDEX)
		rc = pages_index(catalogue, &out, &err);
	else if (rc == 0)
		rc = pages_write(o->path, &out, &err);
	if (rc == 0 && out.n == 0)
		rc = err_set(&err, ERR_CONF, 0,
			"no instrument of the catalogue (%s) has these words; try fewer",
			catalogue);
	if (rc < 0)
		log_err("%s", err.msg);
	rc = rc == 0 ? write_all(STDOUT_FILENO, &out) : rc == ERR_CONF ? 1 : 2;
	buf_done(&out);
	units_close();
	return rc;
}

/* Kept to the end: what is read there stays where it is. */
static int
read_instead(int fd, const char *bench)
{
	static struct buf all;
	struct err err;
	ssize_t n;

	while (fd >= 0 && all.n <= VERSION_BYTES_MAX) {
		n = pread(fd, buf_room(&all, 65536), 65536, (off_t)all.n);
		if (n <= 0)
			break;
		all.n += (size_t)n;
	}
	if (fd < 0 || source_instead(all.data, all.n, bench, &err) == 0)
		return 0;
	log_err("descriptor %d: %s", fd, err.msg);
	return -1;
}

static char bench_path[1024];

/* A sequence alone is checked with the bench that its folder belongs to. */
static bool
find_bench(struct options *o)
{
	o->sequence = o->path;
	o->path = bench_path;
	if (seq_bench_find(o->sequence, bench_path, sizeof(bench_path)))
		return true;
	log_err("%s belongs to no bench: there is no bench.yaml in its folder or above; write the "
		"bench before it: BENCH.yaml %s",
		o->sequence, o->sequence);
	return false;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.action = ACTION_IMAGE, .fd = -1, .report = -1, .keep = -1, .instead = -1
	};
	struct buf schema = { 0 };
	int code;

	log_setup("compile", LOG_LEVEL_INFO);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (parse_options(argc, argv, &o) < 0) {
		usage(stderr);
		return 1;
	}
	if ((o.action == ACTION_CHECK || o.action == ACTION_IMAGE) && o.sequence == NULL &&
		seq_bench_is_name(o.path) && !find_bench(&o))
		return 1;
	bound_resources();
	find_catalogue();
	source_keep(o.keep, catalogue);
	if (read_instead(o.instead, o.action == ACTION_SEQUENCE ? o.words[1] : o.path) < 0)
		return 2;
	confine(&o);
	if (o.action == ACTION_SEQUENCE)
		return sequence(&o);
	if (o.action == ACTION_SCAN)
		return scan(&o);
	if (o.action == ACTION_IDENTITIES)
		return list_identities(&o);
	if (o.action == ACTION_DESCRIBE)
		return describe_json(&o);
	if (o.action >= ACTION_LIST)
		return describe(&o);
	if (o.action < ACTION_SCHEMA)
		return compile(&o);
	if (o.action == ACTION_SCHEMA)
		schema_json(&schema);
	else
		schema_instrument_json(&schema);
	code = write_all(STDOUT_FILENO, &schema);
	buf_done(&schema);
	return code;
}
