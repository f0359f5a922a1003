/* echo.c - a terminal that does not show what is typed, for passwords and passphrases */
#include "io/echo.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "base/defs.h"

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static struct termios was;
static struct sigaction was_done[NELEM(ends)];

/* The terminal outlives us: a shell that shows nothing would be left. Then the signal does what it is for. */
static void
give_back(int number)
{
	struct sigaction as_ever = { .sa_handler = SIG_DFL };

	tcsetattr(STDIN_FILENO, TCSANOW, &was);
	sigaction(number, &as_ever, NULL);
	raise(number); /* it comes when this has returned */
}

bool
echo_off(void)
{
	struct sigaction act = { .sa_handler = give_back };
	struct termios is;

	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return false;
	for (size_t i = 0; i < NELEM(ends); i++) {
		sigaction(ends[i], NULL, &was_done[i]);
		if (was_done[i].sa_handler != SIG_IGN) /* as nohup has it */
			sigaction(ends[i], &act, NULL);
	}
	is = was;
	is.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &is);
	return true;
}

void
echo_on(void)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	for (size_t i = 0; i < NELEM(ends); i++)
		sigaction(ends[i], &was_done[i], NULL);
}
