/* certificate_main.c - mbc-certificate: makes a certificate, or tells about one
 *
 *	mbc-certificate make FILE [--days N] [--name HOST]...   key and certificate into FILE, of mode 0600
 *	mbc-certificate show FILE                               what it is
 *	mbc-certificate pem FILE                                without its key, for those who shall trust it
 *	mbc-certificate show|make|take FILE --answer FD ...     of supervise, over HTTP: confined; what it is as JSON into FD, or
 *	                                                        why not. take: chain and key come from --text FD
 *
 * Started by `mbc certificate`, and by the supervisor of a bench that shall have one and has none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <libgen.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/certificate.h"
#include "io/now.h"
#include "io/sandbox.h"
#include "io/self.h"
#include "msg/errand.h"

#define DAYS 730 /* what Apple's programs still take of one that was trusted by hand: up to 825 */
#define DAYS_MAX 3650
#define NAME_BYTES 254
#define FLOOR_S 1704067200 /* 2024-01-01: a clock before that has not been set */
#define DAY_S 86400

struct names {
	char at[CERTIFICATE_NAMES_MAX][NAME_BYTES];
	size_t n;
};

static void
add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcasecmp(names->at[i], name) == 0)
			return;
	if (names->n < CERTIFICATE_NAMES_MAX && name[0] != '\0' && strlen(name) < NAME_BYTES)
		text_copy(names->at[names->n++], NAME_BYTES, name);
}

/* Addresses that a browser of another computer, or of this one, may have in its line; those of one wire alone carry its name. */
static void
add_addresses(struct names *names)
{
	struct ifaddrs *all = NULL;
	char text[INET6_ADDRSTRLEN];

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		const void *a = i->ifa_addr;

		if (a == NULL || (i->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		if (i->ifa_addr->sa_family == AF_INET &&
			inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text,
				sizeof(text)) != NULL)
			add_name(names, text);
		if (i->ifa_addr->sa_family == AF_INET6 &&
			!IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)a)->sin6_addr) &&
			inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text,
				sizeof(text)) != NULL)
			add_name(names, text);
	}
	freeifaddrs(all);
}

static void
add_own(struct names *names)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) == 0)
		add_name(names, host);
	add_name(names, "localhost");
	add_name(names, "127.0.0.1");
	add_name(names, "::1");
	add_addresses(names);
}

/* Letters, digits, dots and dashes, a star in front; or an address. */
static bool
is_host(const char *name)
{
	struct in6_addr six;
	const char *at = name[0] == '*' && name[1] == '.' ? name + 2 : name;
	size_t n = strlen(name);

	if (n == 0 || n >= NAME_BYTES)
		return false;
	return inet_pton(AF_INET6, name, &six) == 1 ||
	       (at[strspn(
			at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] ==
			       '\0' &&
		       at[0] != '-' && at[0] != '.' && at[0] != '\0');
}

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

static int
read_file(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *room = buf_room(out, CERTIFICATE_BYTES_MAX + 1);
	ssize_t n = fd < 0 ? -1 : read(fd, room, CERTIFICATE_BYTES_MAX + 1);
	int sys = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return err_set(err, ERR_CONF, sys, "'%s': %s%s", path, strerror(sys),
			sys == ENOENT ? "; 'mbc certificate make' makes one" : "");
	if ((size_t)n > CERTIFICATE_BYTES_MAX)
		return err_set(err, ERR_CONF, 0, "'%s' has more than %u kB", path,
			CERTIFICATE_BYTES_MAX >> 10);
	out->n = (size_t)n;
	return 0;
}

static int
put_beside(const char *beside, const struct buf *bytes, struct err *err)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), sys = 0;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "making '%s': %s", beside, strerror(errno));
	if (write(fd, bytes->data, bytes->n) != (ssize_t)bytes->n || fsync(fd) < 0)
		sys = errno != 0 ? errno : ENOSPC;
	close(fd);
	return sys == 0 ? 0 : err_set(err, ERR_IO, sys, "writing '%s': %s", beside, strerror(sys));
}

/* All of it or nothing, after a power cut, too. */
static int
write_file(const char *path, const struct buf *bytes, struct err *err)
{
	char beside[PATH_MAX], folder[PATH_MAX];
	int fd, rc;

	if ((size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside))
		return err_set(err, ERR_CONF, 0, "the path is too long");
	text_copy(folder, sizeof(folder), path);
	unlink(beside);
	rc = put_beside(beside, bytes, err);
	if (rc == 0 && rename(beside, path) < 0)
		rc = err_set(err, ERR_IO, errno, "writing '%s': %s", path, strerror(errno));
	if (rc < 0) {
		unlink(beside);
		return rc;
	}
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		if (fsync(fd) < 0)
			log_debug("'%s': %s", folder, strerror(errno));
		close(fd);
	}
	return 0;
}

/* ---- verbs ---------------------------------------------------------------------------------------------------------------- */

static void
print_day(const char *what, int64_t at_s, const char *then)
{
	time_t t = (time_t)at_s;
	struct tm local;
	char text[64];

	localtime_r(&t, &local);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	printf("%s%s%s\n", what, text, then);
}

static void
print_facts(const struct certificate_facts *f, const char *path)
{
	int64_t left_s = f->until_s - (now_boot() + now_wall_offset()) / NS_PER_S;
	char then[64];

	if (left_s < 0)
		snprintf(then, sizeof(then), ", it is over");
	else
		snprintf(then, sizeof(then), ", in %lld d", (long long)(left_s / DAY_S));
	printf("subject:     %s\n", f->subject);
	printf("signed by:   %s\n", f->is_own ? "itself" : f->issuer);
	printf("for:         %s\n", f->names);
	print_day("from:        ", f->from_s, "");
	print_day("until:       ", f->until_s, then);
	printf("SHA-256:     %s\n", f->fingerprint);
	printf("file:        %s\n", path);
}

static int
show(const char *path, bool is_pem, struct err *err)
{
	struct certificate_facts facts;
	struct buf bytes = { 0 }, pem = { 0 };
	int rc = read_file(path, &bytes, err);

	if (rc == 0 && is_pem)
		rc = certificate_public(bytes.data, bytes.n, &pem, err);
	else if (rc == 0)
		rc = certificate_describe(bytes.data, bytes.n, &facts, err);
	if (rc == 0 && is_pem)
		fwrite(pem.data, pem.n, 1, stdout);
	else if (rc == 0)
		print_facts(&facts, path);
	if (bytes.data != NULL)
		explicit_bzero(bytes.data, bytes.cap);
	buf_done(&bytes);
	buf_done(&pem);
	return rc;
}

static int
make_bytes(const struct names *names, unsigned days, struct buf *out, struct err *err)
{
	const char *list[CERTIFICATE_NAMES_MAX];
	int64_t now_s = (now_boot() + now_wall_offset()) / NS_PER_S;

	if (now_s < FLOOR_S) {
		log_warn("certificate: the clock of this computer has not been set; the "
			 "certificate is dated from 2024 on");
		now_s = FLOOR_S;
	}
	for (size_t i = 0; i < names->n; i++)
		list[i] = names->at[i];
	return certificate_make(list, names->n, now_s, days, out, err);
}

static int
make(const char *path, const struct names *names, unsigned days, struct err *err)
{
	struct buf bytes = { 0 };
	int rc = make_bytes(names, days, &bytes, err);

	if (rc == 0)
		rc = write_file(path, &bytes, err);
	if (bytes.data != NULL)
		explicit_bzero(bytes.data, bytes.cap);
	buf_done(&bytes);
	return rc == 0 ? show(path, false, err) : rc;
}

static int
run_make(int argc, char **argv, struct err *err)
{
	static struct names names;
	int64_t days = DAYS;

	for (int i = 3; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (value != NULL && strcmp(argv[i], "--days") == 0) {
			if (!text_to_int(value, &days) || days < 1 || days > DAYS_MAX)
				return err_set(err, ERR_CONF, 0,
					"--days: '%s' is no number from 1 to %d", value, DAYS_MAX);
		} else if (value != NULL && strcmp(argv[i], "--name") == 0) {
			if (!is_host(value))
				return err_set(err, ERR_CONF, 0,
					"--name: '%.60s' is no name of a computer and no address; "
					"write it as browsers have it, without https:// and port",
					value);
			add_name(&names, value);
		} else {
			return err_set(err, ERR_CONF, 0,
				"'%.60s' is not understood; usage: mbc certificate make [--name "
				"HOST]... [--days N]",
				argv[i]);
		}
	}
	add_own(&names);
	return make(argv[2], &names, (unsigned)days, err);
}

/* ---- over HTTP ------------------------------------------------------------------------------------------------------------ */

struct errand {
	const char *verb, *path;
	int answer, text; /* -1 */
	const char *kind, *shown, *why;
};

static bool
read_errand(struct errand *e, int argc, char **argv)
{
	*e = (struct errand){ .verb = argv[1],
		.path = argv[2],
		.answer = -1,
		.text = -1,
		.kind = "",
		.shown = "",
		.why = "" };
	for (int i = 3; i + 1 < argc; i += 2) {
		int64_t n = -1;

		if (strcmp(argv[i], "--kind") == 0)
			e->kind = argv[i + 1];
		else if (strcmp(argv[i], "--shown") == 0)
			e->shown = argv[i + 1];
		else if (strcmp(argv[i], "--why") == 0)
			e->why = argv[i + 1];
		else if (strcmp(argv[i], "--answer") == 0 && text_to_int(argv[i + 1], &n))
			e->answer = (int)n;
		else if (strcmp(argv[i], "--text") == 0 && text_to_int(argv[i + 1], &n))
			e->text = (int)n;
	}
	return e->answer >= 0;
}

static void
put_time(struct json *j, const char *key, int64_t at_s)
{
	char when[CLOCK_TEXT_SIZE];

	clock_text(when, at_s * NS_PER_S);
	json_text(j, key, when);
}

static bool
answer_facts(const struct errand *e, const struct certificate_facts *f)
{
	int64_t now_s = (now_boot() + now_wall_offset()) / NS_PER_S;
	struct buf out = { 0 };
	struct json j;
	bool is_good;

	json_open(&j, &out);
	json_object(&j, NULL);
	json_text(&j, "kind", e->kind);
	json_text(&j, "subject", f->subject);
	json_text(&j, "issuer", f->issuer);
	json_bool(&j, "self_signed", f->is_own);
	json_text(&j, "names", f->names);
	json_text(&j, "fingerprint", f->fingerprint);
	put_time(&j, "from", f->from_s);
	put_time(&j, "until", f->until_s);
	json_bool(&j, "over", f->until_s < now_s);
	json_text(&j, "file", e->path);
	json_text(&j, "shown", e->shown[0] != '\0' ? e->shown : NULL);
	json_text(&j, "refused", e->why[0] != '\0' ? e->why : NULL);
	json_end(&j);
	buf_putc(&out, '\n');
	is_good = pwrite(e->answer, out.data, out.n, 0) == (ssize_t)out.n;
	buf_done(&out);
	return is_good;
}

/* What is sent is looked at with its key, before anything is replaced. */
static int
read_sent(const struct errand *e, struct buf *out, struct certificate_facts *facts, struct err *err)
{
	int64_t now_s = (now_boot() + now_wall_offset()) / NS_PER_S;
	struct certificate *c;
	ssize_t n = pread(
		e->text, buf_room(out, CERTIFICATE_BYTES_MAX + 1), CERTIFICATE_BYTES_MAX + 1, 0);

	if (n < 0 || (size_t)n > CERTIFICATE_BYTES_MAX)
		return err_set(
			err, ERR_CONF, 0, "it has more than %u kB", CERTIFICATE_BYTES_MAX >> 10);
	out->n = (size_t)n;
	c = certificate_read(out->data, out->n, err);
	if (c == NULL)
		return ERR_CONF;
	*facts = c->facts;
	certificate_free(c);
	if (facts->until_s <= now_s)
		return err_set(err, ERR_CONF, 0,
			"the certificate is over already; ask who gave it for a new one");
	if (facts->from_s > now_s)
		return err_set(err, ERR_CONF, 0,
			"the certificate is not good yet; look at the clock of this computer, or "
			"wait "
			"for its day");
	return 0;
}

static int
do_errand(const struct errand *e, struct names *names, struct certificate_facts *facts,
	struct err *err)
{
	bool is_make = strcmp(e->verb, "make") == 0;
	struct buf bytes = { 0 };
	int rc;

	if (is_make) {
		rc = make_bytes(names, DAYS, &bytes, err);
		if (rc == 0)
			rc = write_file(e->path, &bytes, err);
		if (rc == 0)
			rc = certificate_describe(bytes.data, bytes.n, facts, err);
	} else if (strcmp(e->verb, "take") == 0) {
		rc = read_sent(e, &bytes, facts, err);
		if (rc == 0)
			rc = write_file(e->path, &bytes, err);
	} else {
		rc = read_file(e->path, &bytes, err);
		if (rc == 0)
			rc = certificate_describe(bytes.data, bytes.n, facts, err);
	}
	if (bytes.data != NULL)
		explicit_bzero(bytes.data, bytes.cap);
	buf_done(&bytes);
	return rc;
}

/* Exit codes of msg/errand.h: a status of HTTP less 300. */
static int
run_errand(const struct errand *e)
{
	static struct names names;
	char path[PATH_MAX];
	const char *folders[] = { NULL, NULL };
	bool is_show = strcmp(e->verb, "show") == 0;
	struct certificate_facts facts;
	struct sandbox_report report;
	struct err err = { 0 };
	int rc;

	text_copy(path, sizeof(path), e->path);
	folders[0] = dirname(path);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk */
	if (strcmp(e->verb, "make") == 0)
		add_own(&names); /* what is behind it opens no socket any more */
	sandbox_enter(
		is_show ? SANDBOX_COMPILE : SANDBOX_ERRAND, is_show ? NULL : folders, &report);
	rc = do_errand(e, &names, &facts, &err);
	if (rc == 0)
		return answer_facts(e, &facts) ? 0 : 2;
	if (pwrite(e->answer, err.msg, strlen(err.msg), 0) < 0)
		return 2;
	if (rc == ERR_CONF)
		return errand_exit(is_show ? 404 : 422);
	return errand_exit(err.sys == ENOSPC || err.sys == EDQUOT || err.sys == EFBIG ? 507 : 503);
}

int
main(int argc, char **argv)
{
	struct err err = { 0 };
	struct errand errand;
	int rc;

	log_setup("certificate", LOG_LEVEL_INFO);
	self_protect();
	if (argc > 4 && read_errand(&errand, argc, argv))
		return run_errand(&errand);
	if (argc >= 3 && strcmp(argv[1], "make") == 0)
		rc = run_make(argc, argv, &err);
	else if (argc == 3 && strcmp(argv[1], "show") == 0)
		rc = show(argv[2], false, &err);
	else if (argc == 3 && strcmp(argv[1], "pem") == 0)
		rc = show(argv[2], true, &err);
	else
		rc = err_set(&err, ERR_CONF, 0, "run 'mbc certificate' instead");
	if (rc < 0)
		log_err("%s", err.msg);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}
