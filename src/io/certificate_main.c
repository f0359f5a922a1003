/* certificate_main.c - mbc-certificate: makes a certificate, or tells about one
 *
 *	mbc-certificate make FILE [--days N] [--name HOST]...   key and certificate into FILE, of mode 0600
 *	mbc-certificate show FILE                               what it is
 *	mbc-certificate pem FILE                                without its key, for those who shall trust it
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
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/certificate.h"
#include "io/now.h"
#include "io/self.h"

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
make(const char *path, const struct names *names, unsigned days, struct err *err)
{
	const char *list[CERTIFICATE_NAMES_MAX];
	int64_t now_s = (now_boot() + now_wall_offset()) / NS_PER_S;
	struct buf bytes = { 0 };
	int rc;

	if (now_s < FLOOR_S) {
		log_warn("certificate: the clock of this computer has not been set; the "
			 "certificate is dated from 2024 on");
		now_s = FLOOR_S;
	}
	for (size_t i = 0; i < names->n; i++)
		list[i] = names->at[i];
	rc = certificate_make(list, names->n, now_s, days, &bytes, err);
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

int
main(int argc, char **argv)
{
	struct err err = { 0 };
	int rc;

	log_setup("certificate", LOG_LEVEL_INFO);
	self_protect();
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
