/* sandbox_parts.h - the parts of a sandbox, for sandbox.c alone */
#ifndef IO_SANDBOX_PARTS_H
#define IO_SANDBOX_PARTS_H

#include "io/sandbox.h"

/* seccomp: false when the kernel takes no filter. */
bool sandbox_filter(enum sandbox_role role);

/* Landlock: the version of its interface that is in force, 0 for none. */
int sandbox_files(enum sandbox_role role, const char *const *folders);

/* Keep these capabilities (bits) and no others; *out_left: what remains. */
void sandbox_capabilities(uint64_t keep, uint64_t *out_left);

#endif
