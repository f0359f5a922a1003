/* show.h - mbc alert: what the ledger says, and who is on duty, for a person at a terminal */
#ifndef ALERT_SHOW_H
#define ALERT_SHOW_H

/* argv of `mbc-alert show BENCH WORD [OPTION...]`, from the BENCH on; an exit code of the command line. */
int show_main(int argc, char **argv);

#endif
