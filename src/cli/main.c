/* main.c - mbc: the command line */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "io/place.h"
#include "io/sock.h"

static const struct cli_command commands[] = {
	{ "run", cli_run, "BENCH.yaml", "run a bench until it is stopped",
		"Checks the bench file, starts the controller and the data server, and prints the "
		"address where the\n"
		"values can be seen. Ctrl-C or 'mbc stop' ends it; SIGHUP or 'mbc reload' reads "
		"the file again.\n"
		"\n"
		"  mbc run bench.yaml\n" },
	{ "stop", cli_stop, "[--planned SPAN] [--bench NAME]", "end a running bench",
		"Ends all processes of the bench and waits until they are gone. NAME is needed "
		"only when several\n"
		"benches are running. With an output that can hurt away from its safe value the "
		"bench is made\n"
		"safe first ('on_stop'), at most for 10 s. With --planned 5min the outputs stay as "
		"they are, and\n"
		"the next start within that time goes on, when every device holds what it did.\n" },
	{ "reload", cli_reload, "[--reason TEXT] [--discard] [--bench NAME]",
		"read the bench file again",
		"A file with errors is refused and the bench goes on as it was. Instruments that "
		"have not changed\n"
		"lose no poll. One that changes protection waits until all outputs that can hurt "
		"are safe and no run is\n"
		"active; what it weakens is listed and needs a reason. --discard drops the file "
		"that waits.\n" },
	{ "bench", cli_bench,
		"versions [--json] | show N [FILE] | diff [A [B]] | undo [N] [--reason TEXT] "
		"[--bench NAME]",
		"the versions of a bench file, and the way back to one",
		"Each bench file that is taken up is kept, with what it extends and its "
		"sequences; the last 1 000 of them,\n"
		"64 MB at most. The bench need not run.\n"
		"\n"
		"  mbc bench versions          number, time, who asked, hash\n"
		"  mbc bench show 12           the bench file as it was then; FILE: another one "
		"of that version\n"
		"  mbc bench diff              what runs, and the files as they are now\n"
		"  mbc bench diff 12           version 12, and the files as they are now; 12 14: "
		"two versions\n"
		"  mbc bench undo              back to the version before; 'undo 12': to that "
		"one\n"
		"\n"
		"diff tells what changes as text and in its meaning: channels, and what of the "
		"protection becomes weaker.\n"
		"undo writes the files back and has a running bench take them up, as 'mbc reload' "
		"does, which asks for a\n"
		"reason where protection becomes weaker. What was there and never ran becomes a "
		"version first.\n" },
	{ "check", cli_check, "[--merged|--against-running] FILE [SEQUENCE.seq]",
		"say what is wrong in a bench or instrument file, and where",
		"Each line is  file:line:column: error: what is wrong; what to do [code].\n"
		"FILE is a bench file, or an instrument file: that one is checked by itself, and "
		"its exchanges are gone\n"
		"through. --merged prints a bench file as it is after 'extends:'. "
		"--against-running lists what of its\n"
		"protection the running bench would change with it, and what of that is "
		"weaker.\n"
		"A sequence is checked with the bench before it, or with the bench.yaml of its "
		"folder or "
		"one above;\n"
		"a bench with 'sequences:' is checked with all of them.\n" },
	{ "twin", cli_twin,
		"[--seed N] [--for SPAN] [--fault NAME=KIND] [--set CHANNEL=VALUE] [--free "
		"CHANNEL] "
		"BENCH.yaml",
		"simulate the instruments of a bench on real ports and lines",
		"Each TCP link of the bench file listens on its own address, which must be one of "
		"this computer\n"
		"(127.0.0.1:PORT); each serial link becomes a pseudo-terminal. Then 'mbc run' on "
		"the "
		"same file meets\n"
		"instruments that answer.\n"
		"\n"
		"  mbc twin bench.yaml &\n"
		"  mbc run bench.yaml\n"
		"\n"
		"While it runs, they can be made to fail, and values kept as they are:\n"
		"\n"
		"  mbc twin bench.yaml --fault                        what can go wrong\n"
		"  mbc twin bench.yaml --fault furnace=late:2s --for 1min\n"
		"  mbc twin bench.yaml --fault furnace=none           as it should be again\n"
		"  mbc twin bench.yaml --set furnace.pv=300           --free furnace.pv ends "
		"it\n" },
	{ "demo", cli_demo, "", "start the demonstration bench with simulated instruments",
		"Starts 'mbc twin' and 'mbc run' on benches/demo with free ports and prints the "
		"address to open in a\n"
		"browser. Ctrl-C ends both.\n" },
	{ "get", cli_get, "[--json] [--bench NAME] [CHANNEL...]", "print values",
		"Without names: all channels. A value that cannot be trusted is not shown; its "
		"reason is.\n"
		"\n"
		"  mbc get T_bed            21.5 degC\n"
		"  mbc get --json T_bed     for programs\n"
		"\n"
		"The exit code is 2 when a channel that was named has no good value.\n" },
	{ "watch", cli_watch, "[--count N] [--bench NAME] [CHANNEL...]",
		"print values as they change",
		"A line a change: time, channel, value, unit, and the reason when it cannot be "
		"trusted.\n"
		"--count N ends after N lines.\n" },
	{ "top", cli_top, "[BENCH] [--filter TEXT] [--problems] [--sort name|age|change] [--once]",
		"the live table in a terminal",
		"All values as they change, with mode, clock, alarms, trips and the sequence "
		"above them; it commands nothing.\n"
		"? shows its keys, q ends it. What is not good has no value but a reason. "
		"--filter: only where the words stand in\n"
		"name, title, unit or instrument; --problems: only what is not good. --once prints "
		"one table, as on a pipe or a\n"
		"terminal that can only go on. In French where LANG says so; without colours "
		"where NO_COLOR is set.\n"
		"\n"
		"  ssh gateway mbc top --once --problems\n"
		"  ssh -t gateway mbc top\n" },
	{ "trace", cli_trace, "[--follow|--replies] [--bench NAME] INSTRUMENT",
		"show what was said on the wire",
		"The last exchanges with an instrument: time, bytes, meaning, verdict. --follow "
		"goes on.\n"
		"--replies shows how long its replies took, as a histogram.\n" },
	{ "log", cli_log,
		"[--follow] [--since SPAN|TIME] [--kind KIND] [--subject NAME] [--json] [--bench "
		"NAME]",
		"print what has happened on a bench",
		"A line an event, oldest first: local time, number, '!' for a warning, '!!' for an "
		"error, text and remedy,\n"
		"in French where LANG says so. Without a running bench its journal is read from "
		"the "
		"disk.\n"
		"\n"
		"  mbc log --since 1h\n"
		"  mbc log --since \"2026-03-01 14:30\" --subject furnace\n"
		"  mbc log --follow --kind instrument_down\n"
		"  mbc log --json              for programs, a line an event\n"
		"\n"
		"docs/events.md lists the kinds.\n" },
	{ "try", cli_try,
		"--link LINK [--with NAME=VALUE] [--seconds N] [--prepare] [--yes-write] FILE",
		"exchange a few messages with a real device",
		"FILE is an instrument file, or the name of one in the catalogue. Everything that "
		"it reads is asked\n"
		"for once; the bytes of questions and answers are shown, then the values. No "
		"channel is written. An\n"
		"instrument that has to be prepared first (init: of its file) is asked with "
		"--prepare only.\n"
		"--seconds N ends it after N seconds at most; as long as it can take when left "
		"out.\n"
		"\n"
		"  mbc try --link tcp:192.168.1.60:502 --with mode=voltage moxa-iologik-e1242\n"
		"  mbc try --link tcp:192.168.1.61:80 --with key=secret:card ipx800-v4   (the key "
		"stands in the file secrets/card)\n"
		"  mbc try --link \"serial:/dev/ttyUSB0,9600 8N1\" --with unit=3 "
		"./instruments/oven.yaml\n"
		"\n"
		"On a wire that a running bench of this user has, its controller asks in between: "
		"reads only. What may\n"
		"change something in a device is asked with --yes-write alone, and is an event. "
		"The exit code is 1 when\n"
		"nobody answers.\n" },
	{ "scan", cli_scan, "[--units N] [--use NAME...] LINK", "find what answers on a wire",
		"Asks by reads that change nothing: in Modbus (units 1 to 32, or N), ProPar and "
		"TPG, "
		"then SCPI and what\n"
		"identifies the instruments of the catalogue and of the folder 'instruments' here "
		"(32 "
		"addresses of each that\n"
		"has one, or N). Who answers as it should is printed as a bench file takes it. "
		"LINK "
		"is tcp:HOST:PORT,\n"
		"rtu:HOST:PORT (for Modbus alone) or serial:PATH,SPEED; without a speed, those of "
		"the files are tried.\n"
		"--use asks for these instrument files alone.\n"
		"\n"
		"  mbc scan \"serial:/dev/ttyUSB0,19200 8E1\"\n"
		"  mbc scan --use adam-4017 --use scpi-dmm tcp:192.168.1.60:4001\n"
		"\n"
		"Each question is sent once; the longest time is said before, and Ctrl-C ends it. "
		"Nothing is prepared\n"
		"(init: of a file is not sent). A wire that a running bench of this user has is "
		"left "
		"alone.\n" },
	{ "instrument", cli_instrument, "[WORD...]", "list the instruments of the catalogue",
		"With words: those of which name, maker, title, model or quantity hold all of "
		"them. "
		"`use: NAME` in a bench\n"
		"file takes one; docs/instruments has a page for each.\n" },
	{ "export", cli_export,
		"[--from T] [--to T] [--every SPAN|--points N|--raw] [--format "
		"csv|csv-fr|json|flat|xlsx|hdf5] "
		"[--x CHANNEL|--since RUNS] [--zone ZONE] [--out FILE] [--bench NAME] CHANNEL...",
		"write what was recorded of channels to a file",
		"Times: 2026-11-26T14:30:00Z or with +01:00, 2026-11-26 14:30 in the zone, -7d, "
		"now. Without --from: from\n"
		"the first value on. --raw (when nothing else is said): each recorded value; "
		"--every: mean, minimum, maximum\n"
		"and count of each interval. csv-fr has semicolons and decimal commas, for French "
		"spreadsheets; xlsx is a\n"
		"spreadsheet file, with --out; flat is JSON as a list of rows. --zone: UTC, local, "
		"or a name such as\n"
		"Europe/Paris. --x: what that channel was at the same moment, beside the time of "
		"each "
		"row. The bench need\n"
		"not be running.\n"
		"\n"
		"  mbc export --from -1d --every 10s --zone local --out day.csv T_bed T_furn\n"
		"  mbc export --from -2h --every 1s --x T_bed --out tpr.csv TCD\n"
		"  mbc export --since run:12,run:9/step:heat --every 10s --out ramps.csv T_bed  "
		"(seconds since they began)\n" },
	{ "history", cli_history,
		"[--bench NAME] verify | files | gaps | backup FOLDER | restore FOLDER [--replace] "
		"| import "
		"FILE... [--format influx|csv] [--precision s|ms|us|ns] [--zone Z] [--name "
		"TEMPLATE] "
		"[--time COLUMN] [--from T] [--to T] [--skip-bad] | import --list | import "
		"--remove N | compact [--replace-by INTERVAL --before TIME [--yes]] [--dry-run]",
		"look at the files of what was recorded, back them up, make them smaller, import "
		"others",
		"verify: is all of it readable, and does it agree with itself? The exit code is 1 "
		"when not, and each fault\n"
		"is a line. files: which ones there are, and how large. gaps: from when to when "
		"nothing was recorded, and why.\n"
		"\n"
		"backup copies all of it, each file verified, while the bench records; the same "
		"FOLDER again brings it up\n"
		"to date. It is whole when it has its manifest.txt. restore puts it in the place "
		"of a bench that does not\n"
		"run and has no history; with --replace what it has is moved aside.\n"
		"\n"
		"import takes InfluxDB line protocol and CSV into the history, while the bench "
		"records: all of it or nothing.\n"
		"--name is what channels are called, of {measurement}, {field}, {tags}, {tag:KEY}; "
		"--from and --to take a\n"
		"part; --skip-bad leaves bad lines out and counts them. --list tells what was "
		"imported, --remove takes it away.\n"
		"\n"
		"compact writes files that are closed anew: small chunks are merged, unused room "
		"is given back, no value changes.\n"
		"The bench may run. --dry-run only tells what it would save. With --replace-by the "
		"good values of an interval in\n"
		"files that end before a time become one, which knows their count, least, most "
		"and mean: nothing brings them back.\n"
		"\n"
		"  mbc history backup /media/usb/bench1\n"
		"  mbc history restore /media/usb/bench1\n"
		"  mbc history import --zone Europe/Paris old.csv\n"
		"  mbc history compact --replace-by 1min --before 2025-01-01 --dry-run\n" },
	{ "record", cli_record,
		"start [--title TITLE] [--set FIELD=VALUE...] | note TEXT | stop | list [--json] | "
		"show N [--json] | export N --out FOLDER [--zone ZONE] [--csv-fr] [CHANNEL...]",
		"begin and end runs, and take them home as folders",
		"Everything is recorded all the time; a run gives a part of it a number, a title, "
		"what is known about it\n"
		"and notes. One is open at a time, over restarts, until 'stop'. The bench file may "
		"say which fields a run\n"
		"needs (record: fields:).\n"
		"\n"
		"  mbc record start --title \"ageing at 400 degC\" --set sample=Pt-12 --set "
		"operator=AM\n"
		"  mbc record note \"new gas bottle\"\n"
		"  mbc record stop\n"
		"  mbc record export 3 --out run3        values.csv, run.json, bench.yaml, "
		"load.py\n"
		"\n"
		"start, note and stop return when it is on the disk, or say after 5 s at most why "
		"not. --request WORD: the\n"
		"same word again does nothing twice, for scripts. list, show and export need no "
		"running bench. CHANNEL may\n"
		"have * in it; without any: all that have values. The folder must not exist "
		"yet.\n" },
	{ "set", cli_set,
		"[--ramp SPEED] [--clamp] [--confirm] [--wait SPAN] [--id ID] [--bench NAME] "
		"CHANNEL "
		"VALUE [UNIT]",
		"ask for a value of an output",
		"Prints one line with the verdict:\n"
		"\n"
		"  mbc set T_furn 120                       T_furn: 120 degC verified\n"
		"  mbc set T_furn 400 --ramp \"10 K/min\"\n"
		"  mbc set V_N2 open\n"
		"\n"
		"verified: written and read back; accepted: written, it cannot be read back; "
		"refused: nothing was done, and\n"
		"why; failed, unknown: look at the instrument. What lies outside of the limits is "
		"refused, or cut with\n"
		"--clamp. --confirm is for outputs that ask for it. --wait: how long for the "
		"verdict (10 s). The same --id\n"
		"is never done twice, for scripts. The exit code is 0 when it was done, 1 when it "
		"was refused, 2 when it\n"
		"failed, or nobody knows.\n" },
	{ "restore", cli_restore,
		"FILE [--into FOLDER] [--passphrase-file F] [--dry-run] [--over] | continue "
		"[--wait "
		"SPAN] [--id ID] [--bench NAME]",
		"bring a bench back from its backup, or outputs after an outage",
		"FILE is what 'mbc backup' made. All of it is read and found good first; the bench "
		"must not run, and neither\n"
		"its folder (FOLDER; without it where it was) nor what it remembers here may be "
		"there yet. --over moves what\n"
		"is there aside. It is all or nothing; --dry-run only says what it would do. A "
		"file that is called 'continue'\n"
		"is written ./continue.\n"
		"\n"
		"continue: after an outage 'power_loss:' may have asked a person: the bench is in "
		"its safe state then, and\n"
		"'mbc get mbc.restore' says asking. This brings every output back to what it was, "
		"inert gas first and fuel\n"
		"last, each when the one before it is read back; 'mbc safe --release' forgets it "
		"instead.\n" },
	{ "backup", cli_backup,
		"FILE [--with-history] [--passphrase-file F] [--bench NAME] | verify FILE "
		"[--passphrase-file F]",
		"a whole bench into one file",
		"Bench file with what it extends, sequences and versions, tokens, journal, who "
		"asked what, numbers of channels;\n"
		"with --with-history all that was recorded, runs and their notes. The bench may "
		"run, and notices nothing.\n"
		"The file is read back from the disk before it gets its name; what had that name "
		"is replaced then. It is a\n"
		"tar file, which people can open without mbc.\n"
		"\n"
		"Secrets and accounts are in it only with a passphrase, and encrypted. F holds it, "
		"as its first line, for its\n"
		"owner alone (chmod 600); '-': it is asked for. Nobody can read them without it.\n"
		"\n"
		"  mbc backup /media/usb/bench1.mbc --with-history --passphrase-file "
		"~/.mbc-backup\n"
		"  mbc backup verify /media/usb/bench1.mbc\n"
		"  mbc restore /media/usb/bench1.mbc --into /home/lab/bench1 --passphrase-file "
		"-\n" },
	{ "safe", cli_safe, "[--release] [--wait SPAN] [--id ID] [--bench NAME] [NAME]",
		"bring the bench into a safe state",
		"Without NAME: the one of 'on_stop' in the bench file. This is not an emergency "
		"stop: see docs/safety.md.\n"
		"--release ends it: the outputs are in manual, at their safe values.\n" },
	{ "mode", cli_mode, "[--wait SPAN] [--id ID] [--bench NAME] CHANNEL|bench manual|automatic",
		"give an output, or the bench, to people or to rules",
		"  mbc mode T_furn manual\n"
		"  mbc mode bench automatic\n" },
	{ "take", cli_take,
		"[--force --reason TEXT] | --who [--wait SPAN] [--id ID] [--bench NAME]",
		"hold the bench: from then on nobody else commands it",
		"Commands of others, also of programs, are refused while somebody holds the bench; "
		"what only makes it safer or\n"
		"quieter is always taken. --force takes it from whoever holds it, and stands with "
		"the reason in the record.\n"
		"--who: who holds it. When mbc-gate ends, nobody does.\n"
		"\n"
		"  mbc take\n"
		"  mbc take --who\n"
		"  mbc take --force --reason \"Anna has gone home\"\n" },
	{ "hand-over", cli_hand_over, "[--wait SPAN] [--id ID] [--bench NAME] [NAME]",
		"let somebody else hold the bench, or nobody",
		"NAME: an account ('mbc user list'), or a user of this computer. Without it nobody "
		"holds the bench any more.\n" },
	{ "sequence", cli_sequence,
		"[status] | list | show NAME | start NAME [--set NAME=VALUE]... | pause | "
		"safe-pause | "
		"resume | skip | goto STEP | abort | answer WORD [--step-id N] [--hold-id N] "
		"[--question-id N]",
		"look at the sequence under test, and press its buttons",
		"  mbc sequence start tpr --set \"T_red=480 degC\" --set sample=A12\n"
		"START takes all of its parameters and fields, or is refused with all that is "
		"wrong "
		"of them; 'show NAME' lists\n"
		"them. SKIP STEP "
		"completes a "
		"step early, GO TO STEP\n"
		"holds and tells which outputs are not as usual there: 'resume' then goes. ABORT "
		"brings the "
		"bench down by the\n"
		"steps that the sequence names, a second one to the safe state at once.\n"
		"'format' prints a file as everybody writes it, 'json' as JSON for editors and "
		"programs, "
		"'text' that as text\n"
		"again, 'lines' that JSON with line numbers; --check only says whether it is so. "
		"docs/sequences.md describes the "
		"language.\n" },
	{ "rehearse", cli_rehearse,
		"[--set NAME=VALUE]... [--begin CHANNEL=NUMBER]... [--answer WORD]... [--limit "
		"SPAN] [--seconds N] [--bytes] [--faults] [--json] [--out FOLDER] [BENCH.yaml] "
		"SEQUENCE.seq",
		"play a sequence on a virtual clock, without any device",
		"The controller as it is, with simulated instruments, in a few seconds for a day: "
		"when each step begins and\n"
		"how it ends, how long it takes at most, how much gas flows, what alarms and trips "
		"come. BENCH.yaml may be\n"
		"left out where the folder of the sequence belongs to one.\n"
		"\n"
		"  mbc rehearse bench.yaml tpr.seq --set \"T_red=480 degC\" --out tpr-rehearsal\n"
		"\n"
		"--begin: where the twin of a channel of an instrument begins. --answer: to the "
		"first, second, ... question,\n"
		"else the first answer is given after a minute. --limit: of virtual time (60 d), "
		"--seconds: of the processor's\n"
		"(600). --bytes: with the bytes of the wires, slower. --faults: each instrument "
		"dies once in each step, and\n"
		"what comes of it. --out: report, JSON, trajectories as CSV and as a picture. "
		"Required fields that are not\n"
		"set get placeholders. The exit code is 0 when the sequence comes to its end, 1 "
		"otherwise, with where and why.\n" },
	{ "trip", cli_trip,
		"list | reset NAME --comment TEXT | bypass NAME --for SPAN --reason TEXT | end "
		"NAME",
		"look at what makes the bench safe by itself, and reset it",
		"A latched trip is reset by a person once its condition is gone; that moves no "
		"output. A bypass must be\n"
		"allowed in the bench file, ends by itself, and is shown everywhere; 'end' ends it "
		"before.\n"
		"\n"
		"  mbc trip list\n"
		"  mbc trip reset over_temperature --comment \"thermocouple replaced\"\n"
		"  mbc trip bypass low_flow --for 30min --reason \"changing the bottle\"\n" },
	{ "alarm", cli_alarm,
		"list | ack [NAME] | shelve NAME --for SPAN --reason TEXT | unshelve NAME | reset "
		"NAME | out NAME --reason TEXT | in NAME | silence",
		"look at alarms and acknowledge them",
		"ack without NAME acknowledges all. A shelved alarm comes back by itself; one that "
		"is out of service\n"
		"does not, until 'in'. silence: the horn, until the next alarm.\n"
		"\n"
		"  mbc alarm list\n"
		"  mbc alarm ack furnace_hot\n" },
	{ "alert", cli_alert,
		"[open | ledger [--last N] [--json] | duty | test NAME] [--bench NAME]",
		"who was told what, and who is on duty",
		"Whom 'notify:' of the bench file names is told of alarms, by mail and push ('man "
		"mbc-bench').\n"
		"\n"
		"  mbc alert                what is open, and who was told of it\n"
		"  mbc alert ledger         each message: to whom, when, how, and what became of "
		"it\n"
		"  mbc alert duty           who stands behind each name at this moment\n"
		"  mbc alert test NAME      send a test to somebody\n"
		"\n"
		"Each message is in the ledger before it goes out. 'uncertain' says that nobody "
		"knows whether it arrived:\n"
		"it was sent once more, and then another way was tried." },
	{ "token", cli_token,
		"add [--may WORDS] [--only NAMES] [--reads NAMES] [--until TIME] NAME | list | "
		"remove NAME",
		"let programs command over HTTP",
		"add prints a token once; its digest alone is kept, in the bench's folder of "
		"state. What holders of tokens\n"
		"may ask stands in the bench file, as in  serve: {commands: [set, ack]} . --may: "
		"of "
		"that these words alone;\n"
		"--only: these outputs, alarms and sequences (patterns with * and ?) alone; "
		"--reads: it sees these channels alone; --until: for so long, or up to a date.\n"
		"\n"
		"  mbc token add lims\n"
		"  mbc token add --may set --only 'N2_*' --until 90d student\n"
		"  curl -X PUT -H \"Authorization: Bearer $TOKEN\" -H \"Content-Type: "
		"application/json\" \\\n"
		"    -d '{\"target\": 120}' "
		"\"http://127.0.0.1:8080/api/v1/channels/T_furn?wait=5s\"\n" },
	{ "user", cli_user,
		"add [--role ROLE] [--may RIGHTS] [--only NAMES] [--until TIME] [--kiosk] NAME | "
		"list | "
		"grant --may RIGHTS [--only NAMES] [--until TIME] NAME | revoke [--may RIGHTS] "
		"NAME | disable NAME | enable NAME | passwd NAME | pin [--off] NAME | sign-out "
		"NAME | "
		"totp [--off] NAME | first",
		"who may see and operate the bench over HTTP",
		"From the first account on nobody is answered over HTTP who has not signed in; "
		"programs use tokens ('mbc\n"
		"token'). Roles: root everything; admin reading, operating and configuring; user "
		"what its grants say: read,\n"
		"operate, configure, protect, each for all channels or for those of --only "
		"(patterns with * and ?), and until\n"
		"a date. The password is asked for, or read from standard input; it is never "
		"a word of the command line.\n"
		"A disabled name stays taken: who it was stands in records. first: a link that "
		"makes the first account on the\n"
		"page, once, within an hour. totp: a second factor; the secret for an "
		"authenticator is "
		"shown once, and signing in\n"
		"takes a code of it as well; --off: no longer. --kiosk: a display in the "
		"laboratory, which only reads and stays\n"
		"signed in; with the PIN of 'pin' (4 to 12 digits) somebody acts at it for a "
		"moment.\n"
		"\n"
		"  mbc user add --role root maria\n"
		"  mbc user add --may read,operate --only 'N2_*' --until 90d student\n"
		"  mbc user grant --may operate --until 8h student\n"
		"  mbc user disable student\n"
		"  mbc user totp maria\n" },
	{ "secret", cli_secret, "set NAME | list | remove NAME [--file BENCH.yaml] [--bench NAME]",
		"passwords and keys of a bench",
		"They are files in the folder 'secrets' beside the bench file, for its owner "
		"alone; "
		"the bench file has their\n"
		"names: {secret: NAME}. set asks for the secret, without echo, or takes a line of "
		"standard input; it never\n"
		"stands on the command line. list tells the names, and which of them a bench could "
		"not use. Without --file:\n"
		"of ./bench.yaml, else of the bench that runs here.\n"
		"\n"
		"  mbc secret set card-key\n"
		"  pass show lab/card | mbc secret set card-key --file /etc/mbc/bench.yaml\n" },
	{ "audit", cli_audit, "[--since TIME] [--who NAME] [--act WORD] [--json] | verify",
		"show who asked what of the bench, and check that record",
		"Each command, refusal and verdict is a line, put on record before it is done; "
		"each is bound to the one\n"
		"before it by a hash. verify finds any byte that was changed and any line that was "
		"taken out (exit code 1);\n"
		"the hash that it prints stands for all that was written: keep it elsewhere, and "
		"nobody can shorten the\n"
		"record unseen. --json: the lines as they are. The bench need not be running.\n"
		"\n"
		"  mbc audit --since 1d --who token:lims\n"
		"  mbc audit --act set\n"
		"  mbc audit verify\n" },
	{ "link", cli_link, "add --until TIME NAME | list | remove NAME",
		"let guests look at the public server",
		"Of use where the bench file says  serve: {public: {links: required, ...}} . add "
		"prints a link once; its digest\n"
		"alone is kept, in the bench's folder of state. It opens the page and the values "
		"that the public server shows,\n"
		"and nothing else, until then (7d, a date), or until it is removed: within a "
		"second, streams too.\n"
		"\n"
		"  mbc link add --until 7d visitors       then: https://BENCH:8444/#LINK\n"
		"  curl -H \"Authorization: Bearer $LINK\" https://bench-3:8444/json\n" },
	{ "certificate", cli_certificate,
		"make [--public] [--name HOST]... [--days N] | show [--public] [--pem] [FILE]",
		"make or look at the certificate for https",
		"make writes a new key and a certificate that signs itself into the bench's folder "
		"of state, for the names\n"
		"and addresses of this computer and each HOST, good for 730 days or N; a running "
		"bench with 'tls: own' shows\n"
		"it within 10 s, and no stream ends. Browsers ask once whether they shall trust "
		"it: compare the fingerprint.\n"
		"show tells whom it is for, until when, and its fingerprint; --pem prints it "
		"without its key, for those who\n"
		"shall trust it. --public: that of the public server.\n"
		"\n"
		"  mbc certificate make --name bench-3.lab.example.org\n"
		"  mbc certificate show\n"
		"  mbc certificate show --pem > bench-3.pem\n" },
	{ "schema", cli_schema, "[instrument]",
		"print the JSON Schema of bench files, or of instrument files",
		"For editors: they then complete keys and mark mistakes. In VS Code with the YAML "
		"extension, put\n"
		"  # yaml-language-server: $schema=./mbc.schema.json\n"
		"on the first line of the bench file and run 'mbc schema > mbc.schema.json'. Of "
		"instrument files:\n"
		"  mbc schema instrument > mbc.instrument.schema.json\n" },
	{ "doctor", cli_doctor, "[--bench NAME] | --losses [FILE]",
		"look at this computer and the running benches",
		"Says what protects the bench here and what does not, and how its processes do; "
		"then its trips, interlocks,\n"
		"safe states and outputs: what is missing in the bench file, what holds now, and "
		"how long a safe state takes\n"
		"with each instrument dead. --losses: what becomes of each output with a hazard "
		"when mains, computer,\n"
		"network, air or its own instrument are lost; of a bench file, too, that does not "
		"run.\n"
		"\n"
		"  mbc doctor\n"
		"  mbc doctor --losses bench.yaml\n" },
};

static void
print_usage(FILE *to)
{
	fprintf(to,
		"mbc %s: the Modular Bench Controller\n"
		"\n"
		"usage: mbc COMMAND [OPTION...] [WORD...]\n"
		"\n",
		MBC_VERSION);
	for (size_t i = 0; i < NELEM(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(to, "\n"
		    "'mbc COMMAND --help' explains one of them. Begin with 'mbc demo'; then 'mbc "
		    "check' and 'mbc run' on a\n"
		    "bench file of your own (fifteen lines: see README.md and 'man mbc-bench').\n");
}

int
cli_say(const struct args *args, int code, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mbc %s: ", args->command->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

bool
args_option(struct args *args, const char *name, const char **out_value)
{
	int take = out_value != NULL ? 2 : 1;

	for (int i = 0; i < args->n; i++) {
		if (strcmp(args->at[i], name) != 0 || i + take > args->n)
			continue;
		if (out_value != NULL)
			*out_value = args->at[i + 1];
		memmove(args->at + i, args->at + i + take,
			(size_t)(args->n - i - take) * sizeof(*args->at));
		args->n -= take;
		return true;
	}
	return false;
}

int
args_count(const struct args *args, int min, int max)
{
	for (int i = 0; i < args->n; i++)
		if (args->at[i][0] == '-' && args->at[i][1] != '\0')
			return cli_say(args, CLI_WRONG,
				"option '%s' is unknown or lacks its value; see 'mbc %s --help'",
				args->at[i], args->command->name);
	if (args->n >= min && args->n <= max)
		return 0;
	return cli_say(
		args, CLI_WRONG, "usage: mbc %s %s", args->command->name, args->command->usage);
}

int
cli_connect(struct args *args)
{
	char bench[64], path[PLACE_MAX];
	struct err err;
	int fd;

	if (args->bench != NULL)
		text_copy(bench, sizeof(bench), args->bench);
	else if (place_only_bench(bench, sizeof(bench), &err) < 0)
		return -cli_say(args, CLI_WRONG, "%s", err.msg);
	if (!text_is_name(bench) && strchr(bench, '/') != NULL)
		return -cli_say(args, CLI_WRONG, "'%s' is not the name of a bench", bench);
	if (place_socket(path, bench, &err) < 0)
		return -cli_say(args, CLI_FAILED, "%s", err.msg);
	fd = sock_connect(path, &err);
	if (fd < 0)
		return -cli_say(args, CLI_WRONG,
			"bench '%s' is not running here; start it with 'mbc run'", bench);
	return fd;
}

int
cli_exec(const struct args *args, const char *program, char **argv)
{
	char path[PLACE_MAX];
	struct err err;

	if (place_program(path, program, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	argv[0] = path;
	fflush(NULL);
	execv(path, argv);
	return cli_say(args, CLI_FAILED, "'%s' cannot be started; run 'make install' again", path);
}

static const struct cli_command *
find_command(const char *name)
{
	const char *names[NELEM(commands)], *near;

	for (size_t i = 0; i < NELEM(commands); i++) {
		names[i] = commands[i].name;
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	near = text_nearest(name, names, NELEM(names));
	fprintf(stderr, "mbc: unknown command '%s'; %s%s%s\n", name,
		near != NULL ? "did you mean 'mbc " : "see 'mbc --help'", near != NULL ? near : "",
		near != NULL ? "'?" : "");
	return NULL;
}

int
main(int argc, char **argv)
{
	static char line[4096]; /* others write to the same place: a line goes out whole */
	const struct cli_command *command;
	struct args args;

	setvbuf(stderr, line, _IOLBF, sizeof(line));
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? CLI_WRONG : CLI_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("mbc %s\n", MBC_VERSION);
		return CLI_GOOD;
	}
	command = find_command(argv[1]);
	if (command == NULL)
		return CLI_WRONG;
	args = (struct args){ .n = argc - 2, .at = argv + 2, .command = command };
	if (args_option(&args, "--help", NULL)) {
		printf("usage: mbc %s%s%s\n\n%s", command->name, *command->usage != '\0' ? " " : "",
			command->usage, command->help);
		return CLI_GOOD;
	}
	args_option(&args, "--bench", &args.bench);
	return command->run(&args);
}
