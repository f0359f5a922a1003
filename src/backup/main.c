/* main.c - mbc-backup: a whole bench into one file, and back; started by 'mbc backup' and 'mbc restore' */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "backup/parts.h"
#include "base/log.h"
#include "io/self.h"

int
main(int argc, char **argv)
{
	log_setup("backup", LOG_LEVEL_INFO);
	self_protect();           /* it holds secrets for a moment */
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk */
	if (argc > 2 && strcmp(argv[1], "make") == 0)
		return backup_make(argc - 2, argv + 2);
	if (argc > 2 && strcmp(argv[1], "verify") == 0)
		return backup_verify(argc - 2, argv + 2);
	if (argc > 2 && strcmp(argv[1], "restore") == 0)
		return backup_restore(argc - 2, argv + 2);
	fputs("this program is started by 'mbc backup' and 'mbc restore'; run these instead\n",
		stderr);
	return 1;
}
