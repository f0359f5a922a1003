/* hash_main.c - mbc-hash: is this password the right one?
 *
 * Started by `supervise`: mbc-hash --socket FD. Over the socket comes the end of a pair with the gate, which asks one question at a time; each takes 19 MiB and some
 * 50 ms. It has nothing else: no file, no other socket. It ends when the socket closes or at SIGTERM.
 */
#include <argon2.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/self.h"
#include "io/sock.h"
#include "msg/accounts.h"

struct hash {
	struct loop *loop;
	int supervisor, gate;
	bool is_ending;
};

static void
leave_gate(struct hash *h)
{
	if (h->gate < 0)
		return;
	loop_remove(h->loop, h->gate);
	close(h->gate);
	h->gate = -1;
}

/* Its successor is given a new pair: one that lives on without would be asked nothing. */
static void
lose_gate(struct hash *h)
{
	leave_gate(h);
	h->is_ending = true;
}

static void
answer(struct hash *h, uint32_t number, const char *hash, const char *password)
{
	char made[ACCOUNT_HASH] = "";
	uint8_t salt[16];
	struct buf packet = { 0 };
	struct err err;
	bool is_good, is_wrong = false;

	if (hash[0] != '\0') {
		int rc = argon2id_verify(hash, password, strlen(password));

		is_good = rc == ARGON2_OK;
		is_wrong = rc == ARGON2_VERIFY_MISMATCH || rc == ARGON2_DECODING_FAIL;
	} else
		is_good = getrandom(salt, sizeof(salt), 0) == sizeof(salt) &&
			  argon2id_hash_encoded(ACCOUNT_PASSES, ACCOUNT_KIB, ACCOUNT_LANES,
				  password, strlen(password), salt, sizeof(salt), 32, made,
				  sizeof(made)) == ARGON2_OK;
	wire_begin(&packet, WIRE_HASHED);
	wire_u32(&packet, number);
	wire_u16(&packet, is_good ? 1 : is_wrong || hash[0] == '\0' ? 0 : 2);
	wire_text(&packet, is_good ? made : "");
	wire_end(&packet);
	if (sock_send(h->gate, &packet, -1, &err) < 0)
		lose_gate(h);
	buf_done(&packet);
}

static void
on_gate(void *ctx, int fd, unsigned events)
{
	struct hash *h = ctx;
	char hash[ACCOUNT_HASH], password[ACCOUNT_PASSWORD];
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err);
	uint32_t number;

	if (n == ERR_TIMEOUT)
		return;
	if (n > 0 && pass >= 0)
		close(pass);
	if (n <= 0 || wire_open(&in, packet, (size_t)n, &err) != WIRE_HASH) {
		lose_gate(h);
		return;
	}
	number = wire_get_u32(&in);
	wire_get_text(&in, hash, sizeof(hash));
	wire_get_text(&in, password, sizeof(password));
	if (wire_close(&in, &err) < 0)
		lose_gate(h);
	else
		answer(h, number, hash, password);
	explicit_bzero(password, sizeof(password));
	explicit_bzero(packet, sizeof(packet));
}

static void
on_supervisor(void *ctx, int fd, unsigned events)
{
	struct hash *h = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err);

	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		h->is_ending = true;
		return;
	}
	if (wire_open(&in, packet, (size_t)n, &err) != WIRE_DOOR || pass < 0) {
		log_err("supervisor: a message that is not for this process");
		if (pass >= 0)
			close(pass);
		return;
	}
	leave_gate(h);
	h->gate = pass;
	if (loop_add(h->loop, pass, LOOP_READ, on_gate, h, &err) < 0) {
		log_err("gate: %s", err.msg);
		close(pass);
		h->gate = -1;
	}
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct hash *h = ctx;

	while (loop_signal(fd) != 0)
		h->is_ending = true;
}

static int
set_up(struct hash *h, struct err *err)
{
	static const int signals[] = { SIGTERM };
	int fd, flags = fcntl(h->supervisor, F_GETFL);

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor, which then ends us in order */
	signal(SIGPIPE, SIG_IGN);
	if (flags < 0 || fcntl(h->supervisor, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(h->supervisor, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_CONF, 0,
			"no socket of a supervisor; start the bench with 'mbc run'");
	h->loop = loop_new(err);
	if (h->loop == NULL)
		return ERR_IO;
	fd = loop_signals(signals, NELEM(signals), err);
	if (fd < 0 || loop_add(h->loop, fd, LOOP_READ, on_signal, h, err) < 0)
		return ERR_IO;
	return loop_add(h->loop, h->supervisor, LOOP_READ, on_supervisor, h, err);
}

static void
confine(struct hash *h)
{
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_HASH, NULL, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(h->supervisor, &packet);
}

int
main(int argc, char **argv)
{
	struct hash h = { .supervisor = -1, .gate = -1 };
	int64_t number;
	struct err err;
	int rc;

	log_setup("hash", LOG_LEVEL_INFO);
	self_protect();
	if (argc == 3 && strcmp(argv[1], "--socket") == 0 && text_to_int(argv[2], &number))
		h.supervisor = (int)number;
	if (h.supervisor < 0) {
		log_err("this program is started by 'mbc run'; run that instead");
		return 1;
	}
	rc = set_up(&h, &err);
	if (rc == 0)
		confine(&h);
	while (rc == 0 && !h.is_ending)
		rc = loop_step(h.loop, NEVER, &err) < 0 ? ERR_IO : 0;
	if (rc < 0)
		log_err("%s", err.msg);
	leave_gate(&h);
	loop_free(h.loop);
	close(h.supervisor);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}
