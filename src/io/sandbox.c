/* sandbox.c - a process is confined: capabilities, files, system calls, in this order
 *
 * The filter of system calls comes last, because it forbids what the other two are made with.
 */
#include "io/sandbox.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sandbox_parts.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define BIT(capability) (UINT64_C(1) << (capability))

/* What SANDBOX_SUPERVISE_CAPABILITIES says in words. */
static const uint64_t supervise_keeps =
	BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_KILL) | BIT(CAP_SYS_NICE);

static uint64_t
capabilities_now(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &head, data) < 0)
		return UINT64_MAX;
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

void
sandbox_capabilities(uint64_t keep, uint64_t *out_left)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	keep &= capabilities_now();
	/* Those that a later exec could give; needs a capability itself, so it fails for everybody but root. */
	for (int i = 0; i < 64; i++)
		if (!(keep & BIT(i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			break;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int i = 0; i < 2; i++)
		data[i].permitted = data[i].effective = (uint32_t)(keep >> (32 * i));
	syscall(SYS_capset, &head, data);
	*out_left = capabilities_now();
}

void
sandbox_enter(enum sandbox_role role, const char *const *folders, struct sandbox_report *out)
{
	int parent_signal = 0;

	*out = (struct sandbox_report){ .is_sanitized = SANITIZED };
	prctl(PR_GET_PDEATHSIG, &parent_signal);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sandbox_capabilities(role == SANDBOX_SUPERVISE ? supervise_keeps : 0, &out->capabilities);
	prctl(PR_SET_PDEATHSIG, parent_signal);
	out->landlock = sandbox_files(role, folders);
	if (!SANITIZED)
		out->has_filter = sandbox_filter(role);
}

void
sandbox_text(const struct sandbox_report *report, char *out)
{
	char landlock[16] = "off", left[24] = "none";

	if (report->landlock > 0)
		snprintf(landlock, sizeof(landlock), "%d", report->landlock);
	if (report->capabilities != 0)
		snprintf(left, sizeof(left), "%llx", (unsigned long long)report->capabilities);
	snprintf(out, SANDBOX_TEXT, "seccomp %s, landlock %s, capabilities %s",
		report->has_filter     ? "on"
		: report->is_sanitized ? "off (sanitizer build)"
				       : "off",
		landlock, left);
}
