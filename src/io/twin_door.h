/* twin_door.h - where `mbc twin --fault` reaches the twin that runs: a socket in the run folder */
#ifndef IO_TWIN_DOOR_H
#define IO_TWIN_DOOR_H

#include "io/loop.h"
#include "twin/twin.h"

struct twin_door;

/* Listen at `path`. ERR_CONF: another twin does so already. All arguments must outlive it. */
struct twin_door *twin_door_open(
	struct loop *loop, const char *path, struct twin *twin, struct err *err);
void twin_door_close(struct twin_door *d); /* removes the socket */

#endif
