/* test_filter.c - which requests the filter of the controller and of the twin lets through to a device */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/gpio.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sandbox_parts.h"

#define UPPER (1UL << 32) /* the kernel takes the lower 32 bits of a request */
#define NO_FILTER 250

/* The error, below the filter, of a request to no descriptor: EBADF when it got through. */
static int
ask(enum sandbox_role role, unsigned long request)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (!sandbox_filter(role))
			_exit(NO_FILTER);
		_exit(syscall(SYS_ioctl, -1, request, "x") < 0 ? errno : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_requests(void **state)
{
	static const enum sandbox_role roles[] = { SANDBOX_CONTROL, SANDBOX_TWIN, SANDBOX_CURL };
	static const unsigned long good[] = { TCGETS, TIOCEXCL, TIOCGSERIAL, TIOCGPTN, FIONREAD,
		SIOCGIFINDEX };
	static const unsigned long gpio[] = { GPIO_GET_CHIPINFO_IOCTL, GPIO_V2_GET_LINEINFO_IOCTL,
		GPIO_V2_GET_LINE_IOCTL, GPIO_V2_LINE_SET_CONFIG_IOCTL,
		GPIO_V2_LINE_GET_VALUES_IOCTL, GPIO_V2_LINE_SET_VALUES_IOCTL };
	static const unsigned long bad[] = { GPIO_GET_LINEEVENT_IOCTL, TIOCSTI, TIOCSTI | UPPER,
		TIOCSETD, TIOCCONS, TIOCSCTTY, 0, UPPER };

	if (ask(SANDBOX_CONTROL, TCGETS) == NO_FILTER)
		skip(); /* a kernel without seccomp */
	for (size_t r = 0; r < NELEM(roles); r++) {
		for (size_t i = 0; i < NELEM(good); i++)
			assert_int_equal(ask(roles[r], good[i]), EBADF);
		for (size_t i = 0; i < NELEM(bad); i++)
			assert_int_equal(ask(roles[r], bad[i]), EPERM);
	}
	for (size_t i = 0; i < NELEM(gpio); i++) {
		assert_int_equal(ask(SANDBOX_CONTROL, gpio[i]), EBADF);
		assert_int_equal(ask(SANDBOX_TWIN, gpio[i]), EPERM);
	}
	assert_int_equal(ask(SANDBOX_SERVE, TCGETS), EPERM);
	assert_int_equal(ask(SANDBOX_REHEARSE, TCGETS), EPERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_requests) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
