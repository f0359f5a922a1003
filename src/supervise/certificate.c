/* certificate.c - the certificate that the data server shows: read, handed over, watched
 *
 * serve opens no file, and this process, which is root's, reads no certificate: it takes the bytes of the files, hands them over
 * on a sealed descriptor, and hears what they are. What serve could use last is kept, for the next serve.
 *
 *	files, looked at each LOOK_NS --changed--> offered --WIRE_CERTIFICATE--> serve --WIRE_CERTIFICATE_IS--> used, or refused
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "supervise/supervise.h"

#define LOOK_NS (10 * NS_PER_S)
#define BYTES_MAX (256u << 10)
#define MAKE_NS (20 * NS_PER_S) /* the program that makes one is killed then */

/* Each of the two servers has its own: one that was taken over could else pretend to be the other. */
static const char *
name_of(const struct supervise *s, const struct certificate_state *c)
{
	return c == &s->certificates[CERTIFICATE_PUBLIC] ? "public certificate" : "certificate";
}

static const struct image_tls *
tls_of(const struct supervise *s, const struct certificate_state *c)
{
	return c == &s->certificates[CERTIFICATE_PUBLIC] ? &s->img->shown.tls : &s->img->tls;
}

static const struct child *
server_of(const struct supervise *s, const struct certificate_state *c)
{
	return c == &s->certificates[CERTIFICATE_PUBLIC] ? &s->public.child : &s->serve;
}

static bool
is_wanted(const struct supervise *s, const struct certificate_state *c)
{
	bool is_public = c == &s->certificates[CERTIFICATE_PUBLIC];

	return s->img != NULL && tls_of(s, c)->kind != IMAGE_TLS_NONE &&
	       image_text(s->img, is_public ? s->img->shown.listen : s->img->listen)[0] != '\0';
}

bool
certificate_is_wanted(const struct supervise *s, enum certificate_which which)
{
	return is_wanted(s, &s->certificates[which]);
}

static void
own_path(const struct supervise *s, const struct certificate_state *c, char *out, size_t cap)
{
	snprintf(out, cap, "%s/certificate%s.pem", s->state_dir,
		c == &s->certificates[CERTIFICATE_PUBLIC] ? "-public" : "");
}

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

/* A server that does not answer would hold up who reads from it, and the supervisor waits for nobody: not even once, while it does answer. What hangs already when it
 * is opened is not seen by that. */
static bool
is_remote(int fd)
{
	static const long kinds[] = { 0x6969 /* NFS */, 0xff534d42 /* CIFS */,
		0xfe534d42 /* SMB2 */, 0x517b /* SMB */, 0x5346414f /* AFS */,
		0x6b414653 /* kAFS */, 0x00c36400 /* Ceph */, 0x564c /* NCP */,
		0x73757245 /* Coda */ };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < NELEM(kinds); i++)
		if ((uint32_t)fs.f_type == (uint32_t)kinds[i])
			return true;
	return false;
}

/* Links are followed: programs that renew certificates set them. */
static int
open_file(const char *path, bool is_key, struct stat *st, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), sys = errno;

	if (fd < 0)
		return err_set(err, ERR_CONF, sys, "'%.100s': %s%s", path, strerror(sys),
			sys == EACCES && geteuid() == 0
				? "; root reads here only what belongs to root: 'chown root' it "
				  "and its folders"
				: "");
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		err_set(err, ERR_CONF, 0, "'%.100s' is no file", path);
	} else if (is_remote(fd)) {
		err_set(err, ERR_CONF, 0,
			"'%.100s' is on another computer, which may not answer one day; copy it to "
			"a disk of this one",
			path);
	} else if (is_key && (st->st_mode & 027) != 0) {
		err_set(err, ERR_CONF, 0,
			"'%.100s' holds a private key, and others may use it; 'chmod 600' it",
			path);
	} else if ((st->st_mode & 022) != 0) {
		err_set(err, ERR_CONF, 0, "'%.100s' may be written by others; 'chmod go-w' it",
			path);
	} else if (st->st_size > (off_t)BYTES_MAX) {
		err_set(err, ERR_CONF, 0, "'%.100s' has more than %u kB", path, BYTES_MAX >> 10);
	} else {
		return fd;
	}
	close(fd);
	return ERR_CONF;
}

static int
add_file(const char *path, bool is_key, struct buf *out, struct err *err)
{
	struct stat st;
	int fd = open_file(path, is_key, &st, err);
	size_t room;
	ssize_t n;

	if (fd < 0)
		return fd;
	room = BYTES_MAX + 1;
	n = read(fd, buf_room(out, room), room);
	close(fd);
	if (n < 0 || n > (ssize_t)BYTES_MAX)
		return err_set(
			err, ERR_CONF, 0, "'%.100s' cannot be read, or grows meanwhile", path);
	out->n += (size_t)n;
	buf_putc(out, '\n');
	return 0;
}

/* The certificate, then the key. */
static int
read_files(const struct supervise *s, const struct certificate_state *c, struct buf *out,
	struct err *err)
{
	const struct image_tls *tls = tls_of(s, c);
	char own[PLACE_MAX + 32];
	const char *cert = image_text(s->img, tls->cert);
	const char *key = image_text(s->img, tls->key);

	buf_room(out, 2 * BYTES_MAX + 16); /* at once, so that no copy is left behind */
	if (tls->kind == IMAGE_TLS_OWN) {
		own_path(s, c, own, sizeof(own));
		return add_file(own, true, out, err);
	}
	if (strcmp(cert, key) == 0)
		return add_file(key, true, out, err);
	return add_file(cert, false, out, err) < 0 ? ERR_CONF : add_file(key, true, out, err);
}

static uint64_t
mark_of(const char *path)
{
	struct stat st;
	struct {
		uint64_t dev, ino, size, mtime, mtime_ns, ctime, ctime_ns;
	} all = { 0 };

	if (stat(path, &st) < 0)
		return 1;
	all.dev = (uint64_t)st.st_dev;
	all.ino = (uint64_t)st.st_ino;
	all.size = (uint64_t)st.st_size;
	all.mtime = (uint64_t)st.st_mtim.tv_sec;
	all.mtime_ns = (uint64_t)st.st_mtim.tv_nsec;
	all.ctime = (uint64_t)st.st_ctim.tv_sec;
	all.ctime_ns = (uint64_t)st.st_ctim.tv_nsec;
	return text_hash((const char *)&all, sizeof(all));
}

/* Changes when the files do, or when they are others. */
static uint64_t
mark(const struct supervise *s, const struct certificate_state *c)
{
	const struct image_tls *tls = tls_of(s, c);
	char own[PLACE_MAX + 32];

	own_path(s, c, own, sizeof(own));
	if (tls->kind == IMAGE_TLS_OWN)
		return mark_of(own);
	return mark_of(image_text(s->img, tls->cert)) * 31 + mark_of(image_text(s->img, tls->key));
}

static void
forget(struct buf *bytes)
{
	if (bytes->data != NULL)
		explicit_bzero(bytes->data, bytes->cap);
	buf_done(bytes);
}

/* ---- making one of our own ------------------------------------------------------------------------------------------------ */

static bool
has_own(const struct supervise *s, const struct certificate_state *c)
{
	char path[PLACE_MAX + 32];

	own_path(s, c, path, sizeof(path));
	return access(path, F_OK) == 0 || errno != ENOENT;
}

static void
make_own(struct supervise *s, struct certificate_state *c, int64_t now_ns)
{
	char path[PLACE_MAX + 32];
	struct err err;

	own_path(s, c, path, sizeof(path));
	if (c->child.pid != 0 || now_ns < c->next_make_ns)
		return;
	c->next_make_ns = now_ns + 60 * NS_PER_S;
	c->kill_ns = now_ns + MAKE_NS;
	log_info("%s: there is none yet; one is made for the names and addresses of this "
		 "computer",
		name_of(s, c));
	if (child_certificate(&c->child, path, &err) < 0)
		log_err("%s: %s", name_of(s, c), err.msg);
}

bool
certificate_ended(struct supervise *s, pid_t pid, int status)
{
	struct certificate_state *c = &s->certificates[CERTIFICATE_SERVE];
	char how[CHILD_HOW];

	if (pid != c->child.pid)
		c = &s->certificates[CERTIFICATE_PUBLIC];
	if (pid != c->child.pid)
		return false;
	c->child.pid = 0;
	c->next_look_ns = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	child_how(how, status);
	log_err("certificate: the program that makes one %s; see above, or run 'mbc certificate "
		"make'",
		how);
	return true;
}

/* ---- handing over --------------------------------------------------------------------------------------------------------- */

/* What is wrong, once for each cause. */
static void
refuse(struct supervise *s, struct certificate_state *c, const char *why)
{

	if (strcmp(c->why, why) == 0)
		return;
	text_copy(c->why, sizeof(c->why), why);
	log_err("%s: %s; %s", name_of(s, c), why,
		c->used >= 0 ? "the one before stays"
			     : "without one nobody can see the bench over the network");
	events_tell_text(s, EVENT_CERTIFICATE_REFUSED, why);
}

static void
hand_over(struct supervise *s, struct certificate_state *c, int fd, uint32_t kind)
{
	struct buf packet = { 0 };
	struct err err;

	const struct child *server = server_of(s, c);

	if (server->sock < 0 || fd < 0)
		return;
	wire_begin(&packet, WIRE_CERTIFICATE);
	wire_u16(&packet, (uint16_t)kind);
	wire_end(&packet);
	if (sock_send(server->sock, &packet, fd, &err) < 0) {
		log_warn("process '%s': %s", server->name, err.msg);
		c->mark = 0; /* again at the next look */
	}
	buf_done(&packet);
}

static void
offer(struct supervise *s, struct certificate_state *c)
{
	struct buf bytes = { 0 };
	struct err err;
	int fd;

	if (read_files(s, c, &bytes, &err) < 0) {
		forget(&bytes);
		refuse(s, c, err.msg);
		return;
	}
	fd = seal_bytes("mbc-certificate", bytes.data, bytes.n, &err);
	forget(&bytes);
	if (fd < 0) {
		refuse(s, c, err.msg);
		return;
	}
	if (c->offered >= 0)
		close(c->offered);
	c->offered = fd;
	c->offered_kind = tls_of(s, c)->kind;
	hand_over(s, c, fd, c->offered_kind);
}

/* A new serve: what the one before used, then what is there now, which may be no better. */
void
certificate_serve_started(struct supervise *s, enum certificate_which which)
{
	struct certificate_state *c = &s->certificates[which];

	if (!is_wanted(s, c))
		return;
	c->n_asked = 0;
	if (c->used >= 0) {
		hand_over(s, c, c->used, c->used_kind);
		c->n_asked = 1;
	}
	c->mark = 0;
	c->next_look_ns = 0;
}

static void
tell_end(struct supervise *s, struct certificate_state *c)
{
	int64_t now_s = (now_boot() + now_wall_offset()) / NS_PER_S;
	enum expiry_level level;

	if (c->used < 0)
		return;
	level = expiry_step(&c->expiry, c->until_s, now_s);
	if (level == EXPIRY_FAR)
		return;
	if (level == EXPIRY_OVER)
		log_err("%s: it is over; put a new one in its place, or run 'mbc certificate "
			"make%s'",
			name_of(s, c),
			c == &s->certificates[CERTIFICATE_PUBLIC] ? " --public" : "");
	else
		log_warn("%s: it ends in %lld d", name_of(s, c),
			(long long)expiry_days(c->until_s, now_s));
	events_tell(s, level == EXPIRY_OVER ? EVENT_CERTIFICATE_OVER : EVENT_CERTIFICATE_ENDS,
		c->subject, (double)expiry_days(c->until_s, now_s), 0);
}

static int64_t
step(struct supervise *s, struct certificate_state *c, int64_t now_ns)
{
	uint64_t is;

	if (c->child.pid != 0 && now_ns >= c->kill_ns) {
		kill(c->child.pid, SIGKILL);
		c->kill_ns = NEVER;
	}
	if (!is_wanted(s, c) || s->is_ending)
		return NEVER;
	if (now_ns < c->next_look_ns)
		return c->next_look_ns;
	c->next_look_ns = now_ns + LOOK_NS;
	tell_end(s, c);
	if (server_of(s, c)->sock < 0 || c->child.pid != 0)
		return c->next_look_ns;
	if (tls_of(s, c)->kind == IMAGE_TLS_OWN && !has_own(s, c)) {
		make_own(s, c, now_ns);
		return c->next_look_ns;
	}
	is = mark(s, c);
	if (is != c->mark) {
		c->mark = is;
		offer(s, c);
	}
	return c->next_look_ns;
}

int64_t
certificate_step(struct supervise *s, int64_t now_ns)
{
	int64_t next = NEVER;

	for (size_t i = 0; i < CERTIFICATES; i++)
		next = MIN(next, step(s, &s->certificates[i], now_ns));
	return next;
}

/* Its first word, for people: "CN=bench-pc,O=lab" is 'bench-pc'. */
static void
take_subject(struct certificate_state *c, const char *subject)
{
	const char *at = strstr(subject, "CN=");

	at = at != NULL ? at + 3 : subject;
	snprintf(c->subject, sizeof(c->subject), "%.*s",
		(int)MIN(strcspn(at, ","), sizeof(c->subject) - 1), at);
	for (char *p = c->subject; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* serve talks to the network: what it says here is printed, and believed of the certificate that it was handed alone. */
void
certificate_told(struct supervise *s, enum certificate_which which, struct wire_in *in)
{
	struct certificate_state *c = &s->certificates[which];
	bool is_used = wire_get_u16(in) == 1, is_again = c->n_asked > 0;
	int64_t from_s = (int64_t)wire_get_u64(in), until_s = (int64_t)wire_get_u64(in);
	char subject[128], fingerprint[96], why[200];
	struct err err;

	wire_get_text(in, subject, sizeof(subject));
	wire_get_text(in, fingerprint, sizeof(fingerprint));
	wire_get_text(in, why, sizeof(why));
	for (char *p = why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	if (wire_close(in, &err) < 0 ||
		fingerprint[strspn(fingerprint, "0123456789ABCDEF:")] != '\0') {
		log_err("process '%s': tells of a certificate what mbc does not know",
			server_of(s, c)->name);
		return;
	}
	if (is_again) {
		c->n_asked--;
		return;
	}
	if (!is_used) {
		refuse(s, c, why);
		return;
	}
	c->why[0] = '\0';
	if (c->offered >= 0) {
		if (c->used >= 0)
			close(c->used);
		c->used = c->offered;
		c->used_kind = c->offered_kind;
		c->offered = -1;
	}
	if (strcmp(c->fingerprint, fingerprint) == 0)
		return;
	take_subject(c, subject);
	text_copy(c->fingerprint, sizeof(c->fingerprint), fingerprint);
	c->from_s = from_s;
	c->until_s = until_s;
	c->expiry = (struct expiry){ EXPIRY_FAR };
	log_info("%s: '%s' is shown, SHA-256 %s", name_of(s, c), c->subject, fingerprint);
	events_tell_who(s, EVENT_CERTIFICATE_TAKEN, c->subject, "", fingerprint);
	tell_end(s, c);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

void
certificate_init(struct supervise *s)
{
	for (size_t i = 0; i < CERTIFICATES; i++) {
		s->certificates[i].used = s->certificates[i].offered = -1;
		child_init(&s->certificates[i].child, "certificate", SANDBOX_SUPERVISE);
	}
}

bool
certificate_is_made(const struct supervise *s)
{
	return s->certificates[CERTIFICATE_SERVE].child.pid != 0 ||
	       s->certificates[CERTIFICATE_PUBLIC].child.pid != 0;
}

void
certificate_look(struct supervise *s)
{
	for (size_t i = 0; i < CERTIFICATES; i++) {
		struct certificate_state *c = &s->certificates[i];

		c->next_look_ns = 0;
		c->mark = 0;
		c->why[0] = '\0'; /* who asks hears again what is wrong */
	}
}

/* One that was used stays until other files are good, unless none is wanted any more. */
static void
adjust(struct supervise *s, struct certificate_state *c)
{
	c->next_look_ns = 0;
	if (is_wanted(s, c))
		return;
	if (c->used >= 0)
		close(c->used);
	if (c->offered >= 0)
		close(c->offered);
	c->used = c->offered = -1;
	c->fingerprint[0] = c->why[0] = '\0';
	c->mark = 0;
}

void
certificate_adjust(struct supervise *s)
{
	for (size_t i = 0; i < CERTIFICATES; i++)
		adjust(s, &s->certificates[i]);
}

static void
describe(const struct supervise *s, const struct certificate_state *c, struct buf *out)
{
	const char *name = name_of(s, c);
	int64_t now_s = (now_boot() + now_wall_offset()) / NS_PER_S;

	if (!is_wanted(s, c))
		return;
	if (c->used >= 0)
		buf_printf(out, "%s: %s, %s, ends in %lld d, SHA-256 %s\n", name, c->subject,
			c->used_kind == IMAGE_TLS_OWN ? "own" : "from a file",
			(long long)expiry_days(c->until_s, now_s), c->fingerprint);
	if (c->why[0] != '\0')
		buf_printf(out, "certificate-refused: %s\n", c->why);
	else if (c->used < 0)
		buf_printf(out, "%s: none yet\n", name);
	else if (expiry_level(c->until_s, now_s) == EXPIRY_OVER)
		buf_puts(out, "certificate-refused: it is over; put a new one in its place, or run "
			      "'mbc certificate make'\n");
}

void
certificate_describe(const struct supervise *s, struct buf *out)
{
	for (size_t i = 0; i < CERTIFICATES; i++)
		describe(s, &s->certificates[i], out);
}

int
certificate_place(struct supervise *s, enum certificate_which which, bool is_change,
	struct certificate_place *out, struct err *err)
{
	const struct certificate_state *c = &s->certificates[which];

	if (!is_wanted(s, c))
		return err_set(err, ERR_CONF, 404,
			"this server shows no certificate: 'tls: own' in the bench file, below "
			"'serve:'%s, gives it one",
			which == CERTIFICATE_PUBLIC ? " 'public:'" : "");
	out->is_own = tls_of(s, c)->kind == IMAGE_TLS_OWN;
	out->shown = c->fingerprint;
	out->why = c->why;
	if (out->is_own)
		own_path(s, c, out->path, sizeof(out->path));
	else
		text_copy(out->path, sizeof(out->path), image_text(s->img, tls_of(s, c)->cert));
	if (is_change && !out->is_own)
		return err_set(err, ERR_CONF, 409,
			"the bench file names its own files for it, and these are replaced where "
			"they are: '%.100s'; with 'tls: own' they come from here",
			out->path);
	if (is_change && c->child.pid != 0)
		return err_set(err, ERR_CONF, 429, "one is being made; ask again in a few seconds");
	return 0;
}
