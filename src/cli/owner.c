/* owner.c - does a running bench use this wire already?
 *
 * Two masters on one wire would disturb each other, so the controller of that bench asks for us. A serial port is locked by its owner; of a TCP or UDP
 * port nobody but the running benches can tell, by the addresses on their boards. One host has many names, so what they resolve to is compared.
 */
#include "cli/owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/look.h"
#include "io/place.h"
#include "io/sock.h"

#define HOST_BYTES 256
#define DOOR_TRIES 50 /* 5 s */

/* "tcp 127.0.0.1:502", "rtu [::1]:502" in two parts; false: it is no such address. */
static bool
split(const char *address, char host[HOST_BYTES], char port[8])
{
	const char *from = address + 4, *colon = strrchr(address, ':'), *to = colon;

	if ((strncmp(address, "tcp ", 4) != 0 && strncmp(address, "rtu ", 4) != 0 &&
		    strncmp(address, "udp ", 4) != 0) ||
		colon == NULL || colon <= from)
		return false;
	if (from[0] == '[' && to[-1] == ']') {
		from++;
		to--;
	}
	if (to - from >= HOST_BYTES || strlen(colon + 1) >= 8)
		return false;
	snprintf(host, HOST_BYTES, "%.*s", (int)(to - from), from);
	snprintf(port, 8, "%s", colon + 1);
	return true;
}

/* Do two names of hosts lead to one address? */
static bool
is_one_host(const char *a, const char *b)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *of_a = NULL, *of_b = NULL;
	bool is_one = strcmp(a, b) == 0;

	if (!is_one && getaddrinfo(a, NULL, &hints, &of_a) == 0 &&
		getaddrinfo(b, NULL, &hints, &of_b) == 0)
		for (const struct addrinfo *i = of_a; i != NULL; i = i->ai_next)
			for (const struct addrinfo *k = of_b; k != NULL; k = k->ai_next)
				is_one |= i->ai_addrlen == k->ai_addrlen &&
					  memcmp(i->ai_addr, k->ai_addr, i->ai_addrlen) == 0;
	if (of_a != NULL)
		freeaddrinfo(of_a);
	if (of_b != NULL)
		freeaddrinfo(of_b);
	return is_one;
}

/* Does an address of a board lead to this link? */
static bool
is_wire(const char *address, const struct image *img)
{
	const struct image_link *l = image_link_at(img, 0);
	const char *host = image_text(img, l->host);
	char its_host[HOST_BYTES], its_port[8], port[8];
	size_t n = strlen(host);

	if (l->kind == LINK_SERIAL)
		return strncmp(address, "serial ", 7) == 0 && strncmp(address + 7, host, n) == 0 &&
		       address[7 + n] == ',';
	if (image_kind_is_usb(l->kind))
		return false; /* locked by its owner, as a port is */
	if ((l->kind == LINK_UDP) != (strncmp(address, "udp ", 4) == 0))
		return false;
	snprintf(port, sizeof(port), "%u", l->port);
	return split(address, its_host, its_port) && strcmp(its_port, port) == 0 &&
	       is_one_host(its_host, host);
}

/* The instrument of this board on the wire; NULL: none. */
static const char *
user_on(const struct board *b, const struct image *img)
{
	struct board_info info;

	board_info(b, &info);
	for (uint32_t i = 0; i < info.n_instruments; i++)
		if (is_wire(board_text(b, board_instrument(b, i)->address), img))
			return board_text(b, board_instrument(b, i)->name);
	return NULL;
}

static enum owned
ask_bench(
	const struct args *args, const struct image *img, char *bench, char instrument[OWNER_NAME])
{
	struct args other = *args;
	const struct board *b;
	const char *user;
	int code;

	other.bench = bench;
	b = look_open(&other, &code);
	user = b == NULL ? NULL : user_on(b, img);
	if (b == NULL) {
		cli_say(args, 0,
			"the running bench '%s' does not say which wires it uses; ask again when "
			"it "
			"answers, or end it first: mbc stop --bench %s",
			bench, bench);
		return OWNED_UNKNOWN;
	}
	if (user == NULL)
		return OWNED_NOT;
	text_copy(instrument, OWNER_NAME, user);
	return OWNED_BY_BENCH;
}

enum owned
owner_of_wire(const struct args *args, const struct image *img, char bench[OWNER_NAME],
	char instrument[OWNER_NAME])
{
	char dir[PLACE_MAX];
	struct dirent *entry;
	struct err err;
	enum owned found = OWNED_NOT;
	DIR *d = place_run_dir(dir, &err) < 0 ? NULL : opendir(dir);

	while (d != NULL && found == OWNED_NOT && (entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name);
		char path[PLACE_MAX * 2];
		int fd;

		if (n < 6 || strcmp(entry->d_name + n - 5, ".sock") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		fd = sock_connect(path, NULL);
		if (fd < 0)
			continue; /* of one that has ended */
		close(fd);
		entry->d_name[n - 5] = '\0';
		text_copy(bench, OWNER_NAME, entry->d_name);
		found = ask_bench(args, img, entry->d_name, instrument);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/* The process that takes such questions may have to be started first. */
static int
ask_door(const struct args *args, int supervisor)
{
	const struct timespec pause = { .tv_nsec = 100 * NS_PER_MS };
	char why[WIRE_MAX] = "";
	struct err err;

	for (int i = 0; i < DOOR_TRIES; i++) {
		int pass = -1;
		int rc = sock_ask(
			supervisor, WIRE_DOOR_ASK, "guest", why, sizeof(why), &pass, 3000, &err);

		if (rc == WIRE_DOOR && pass >= 0)
			return pass;
		if (pass >= 0)
			close(pass);
		if (rc == WIRE_NO)
			break;
		if (rc < 0)
			return cli_say(args, -1, "%s", err.msg);
		nanosleep(&pause, NULL);
	}
	return cli_say(args, -1, "%s", why);
}

int
owner_door(const struct args *args, const char *bench, const char *instrument)
{
	static bool is_said; /* a scan asks anew for each language */
	struct args other = *args;
	int supervisor, door;

	other.bench = bench;
	supervisor = cli_connect(&other);
	if (supervisor < 0)
		return -1;
	door = ask_door(args, supervisor);
	close(supervisor);
	if (door < 0)
		return -1;
	fcntl(door, F_SETFD, 0); /* for the program that asks */
	if (!is_said)
		printf("The running bench '%s' has this wire (instrument '%s'): its controller "
		       "asks in "
		       "between.\n",
			bench, instrument);
	is_said = true;
	fflush(stdout);
	return door;
}
