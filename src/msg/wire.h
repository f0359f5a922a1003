/* wire.h - messages between our own processes: a head, then fields one after the other
 *
 *	u16 version | u16 kind | u32 bytes that follow | fields...         little end first
 *
 * One message is one packet on a SOCK_SEQPACKET socket pair (src/io/sock.h). The receiver checks version, kind and
 * length, reads field by field, and expects the message to end exactly where the last field does.
 */
#ifndef MSG_WIRE_H
#define MSG_WIRE_H

#include "base/buf.h"
#include "base/err.h"

#define WIRE_VERSION 1
#define WIRE_HEAD 8
#define WIRE_MAX 4096

enum wire_kind {
	/* to and from supervise's own children */
	WIRE_IMAGE =
		1, /* supervise -> control: +fd, u32 generation. A new image, to be taken up without a pause; to serve: what the next board is of */
	WIRE_BOARD, /* control -> supervise -> serve, and answer to WIRE_LOOK: +fd, u32 generation. A board, read-only */
	WIRE_HEALTH, /* child -> supervise -> control: u16 n, then n x (u16 row of health.def, f64 value) */
	WIRE_LISTENING, /* serve -> supervise: text "127.0.0.1:8080", what it listens on */
	/* command line -> supervise, on its socket */
	WIRE_LOOK,   /* no fields -> WIRE_BOARD */
	WIRE_STATUS, /* no fields -> WIRE_TEXT: lines "key: value" for `mbc doctor` and `mbc run` */
	WIRE_STOP, /* no fields -> WIRE_TEXT when everything has ended; the connection then closes */
	WIRE_RELOAD, /* no fields, or text "reason WHY" or "discard" -> WIRE_TEXT, WIRE_NO with the errors, or WIRE_RELOAD_WHY */
	WIRE_TEXT,   /* text: done */
	WIRE_NO,     /* text: not done, with cause and remedy */
	WIRE_SANDBOX, /* child -> supervise: text of its sandbox_text(): what confines it */
	WIRE_TWIN, /* command line -> twin: text, orders of twin/fault.h -> WIRE_TEXT what is in force, or WIRE_NO */
	/* programs of links */
	WIRE_HELPER_ASK, /* control -> supervise: u32 ticket, text link, text its words: start the program anew */
	WIRE_HELPER,    /* supervise -> control: +fd, u32 ticket: the connection to it */
	WIRE_HELPER_NO, /* supervise -> control: u32 ticket, text why it does not run */
	/* supervise -> control: +fd, u32 generation: the secrets of the image that comes next (io/secrets.h) */
	WIRE_SECRETS,
	/* events and their journal */
	WIRE_EVENT, /* supervise -> control: what only supervise sees (told.h) */
	WIRE_JOURNAL, /* supervise -> control: +fd, u32 which: a file of the journal that could not be had at the start */
	WIRE_LOG, /* command line -> supervise: text "blackbox", "journal.0" or "journal.1" -> WIRE_LOG +fd, read-only; or WIRE_NO */
	WIRE_HISTORY_EVENT, /* history -> supervise: u16 kind of event.def, one of HISTORY_*, f64 its value */
	/* the history */
	WIRE_QUERY, /* supervise -> serve and query: +fd: their new end of the pair between them */
	WIRE_ASK, /* serve -> query: u32 number, u16 0: samples, 1: gaps, text channels, from, to, points, format, raw, zone, x, since; u16 2: events, text kind, from, to, limit, subject, language, zone, before, ""; u16 3: runs, 4: one, 5: one as an archive, text number, format, zone, then six ""; u16 6: series, text channels, columns (a letter each, ask.h), from, to, points, width in ms, "", "", ""; u16 7: marks, text kinds, from, to, limit, subjects, language, "table" or "", JSON to say back, ""; "": not said */
	WIRE_ANSWER, /* query -> serve: u32 number, u16 status of HTTP, text: with 200 +fd of a pipe, its content type; else what is wrong */
	WIRE_ANSWER_END, /* query -> serve: u32 number: the pipe's end is the answer's */
	/* runs */
	WIRE_RUN_ASK, /* command line -> supervise: u16 enum wire_run, text request, text title or note, u16 n, n x (text field, text value)
			-> WIRE_RUN_IS, WIRE_NO, or WIRE_RUN_LOST */
	WIRE_RUN, /* supervise -> history: u32 ticket, u16 enum wire_run, u64 stamp, u32 run of a note, 0: the one that is open, text request, text who, text title or note, text fields as JSON;
		     to start +fd: the text of the bench file */
	WIRE_RUN_DONE, /* history -> supervise: u32 ticket, u16 200: it is on the disk, else a status of HTTP, u32 run, text its title or what is wrong,
			  then of the order: u16 enum wire_run, text request, text who, text title or note */
	WIRE_RUN_COPIED, /* copy -> supervise: u32 run, u16 0 it failed, 1 it is there, 2 the same again, text path, or why; supervise -> history: u32 run, text path */
	WIRE_RUN_TEXTS, /* supervise -> history: u16 are runs copied, +fd: what store_texts() takes: the bench file and its sequences, for runs that these begin */
	WIRE_RUN_IS,    /* supervise -> command line: u32 run, text title: on the disk */
	WIRE_RUN_LOST, /* supervise -> command line: text: nobody knows whether it was done; the same request may be sent again */
	/* commands (command.h) */
	WIRE_DOOR, /* supervise -> control and gate: +fd: their new end of the pair between them. supervise -> serve and gate: the same, u16 1 */
	WIRE_COMMAND,     /* gate -> control; serve, command line -> gate: a command */
	WIRE_VERDICT,     /* control -> gate -> who asked: a verdict */
	WIRE_VERDICT_ASK, /* serve, command line -> gate -> control: text id: what became of it? -> WIRE_VERDICT; of serve also u32 number, 0: it has been told of it already, text token of who asks -> WIRE_ASKED */
	WIRE_DOOR_ASK, /* command line -> supervise: no fields, or text "guest": to ask on a wire -> WIRE_DOOR +fd: a connection to gate, WIRE_NO, or WIRE_RUN_LOST: in a moment perhaps */
	WIRE_CALLER, /* supervise -> gate: +fd, u32 uid, text name: a command line that wants to command; also u16 1: it asks on wires alone, and only what changes nothing */
	WIRE_TOKENS, /* supervise -> gate: +fd, u32 bits of image.commands: the file of tokens, and what they open */
	WIRE_TOKEN_COMMAND, /* serve -> gate: text token, then the fields of a command -> WIRE_VERDICT, or WIRE_COMMAND_NO */
	WIRE_COMMAND_NO, /* gate -> serve: text id, u16 status of HTTP, text why: it was not taken, and is not remembered */
	WIRE_IMAGE_ASK, /* command line -> supervise: no fields -> WIRE_IMAGE +fd, u32 generation; or WIRE_NO */
	/* questions of somebody else on the bench's wires (guest.h) */
	WIRE_GUEST_ASK,  /* command line -> gate -> control: a question */
	WIRE_GUEST_TOLD, /* control -> gate -> command line: what came of it */
	/* a new bench file that changes protection */
	WIRE_RELOAD_WHY, /* supervise -> command line: text: what becomes weaker, a line each; it waits, and needs a reason */
	WIRE_REST, /* control -> supervise: u16 1: all outputs that can hurt are safe and no run is active; when it changes */
	WIRE_PENDING, /* supervise -> serve: u16 does one wait, u16 does it need a reason, text who, text reason, text what it waits for, text changes, a line each */
	/* rehearsals over HTTP (rehearse.h) */
	WIRE_REHEARSE, /* serve -> gate: text token, then the fields of a rehearsal; gate -> supervise: those alone -> WIRE_REHEARSED, or WIRE_COMMAND_NO of the gate */
	WIRE_REHEARSED, /* supervise -> serve: text id, u16 status of HTTP, text: with 102, it has begun; with 200 +fd: its answer, whose type the text is; else what is wrong */
	WIRE_REHEARSE_GONE, /* serve -> supervise: text id: nobody waits for it any more */
	/* another store for what is recorded */
	WIRE_STORE_AWAY, /* postgres, influx -> supervise: u16 1: it cannot be reached, 0: it can, f64 seconds that it was away, text why */
	/* what is asked goes on record (audit.h) */
	WIRE_AUDIT, /* supervise -> gate: +fd: the file that records are appended to; gate -> supervise: u16 1: it is full, 0: there is none */
	WIRE_AUDIT_TELL, /* supervise -> gate: text who, text act, text subject, text text: what was asked of itself */
	/* what everybody may see */
	WIRE_PUBLIC_BOARD, /* control -> supervise: +fd, u32 generation: the public board, before the full one of the same generation; to the public server it goes as WIRE_BOARD */
	WIRE_SHOWN, /* supervise -> serve: u16 1: there is a public server, u16 1: it asks for links, text its address, "": not known yet; +fd: the public board, when there is one */
	WIRE_LINKS, /* supervise -> the public server, and -> the gate: +fd: the file of links (tokens.h), u16 1: without one nothing is shown, | 2: /json is switched off, | 4: /xml */
	/* certificates */
	WIRE_CERTIFICATE, /* supervise -> serve: +fd: a certificate and its key as PEM, u16 enum image_tls_kind */
	WIRE_CERTIFICATE_IS, /* serve -> supervise, one for each: u16 1: it is shown from now on, 0: it is not, u64 from, u64 until in seconds since 1970, text subject, text SHA-256, text why not */
	/* accounts and sessions (accounts.h) */
	WIRE_ACCOUNTS, /* supervise -> gate: +fd: the file of accounts; supervise -> serve: u16 1: there are some, and nobody is answered without one */
	WIRE_HASH, /* gate -> hash: u32 number, text hash of a password, "" for a new one, text password -> WIRE_HASHED: u32 number, u16 1: it is right, text the new one */
	WIRE_HASHED,
	WIRE_SIGN_IN, /* serve -> gate: u32 number, text name, text password, text address, text code of the first account, or of the second factor, or "" -> WIRE_SIGNED_IN */
	WIRE_SIGNED_IN, /* gate -> serve: u32 number, u16 status of HTTP (428: the password is right, and a code is needed), u32 seconds to wait, text token, or why not, text proof, "" where the session goes on with the one that it has */
	WIRE_SIGN_OUT, /* serve -> gate: text token, u16 1: all sessions of this account, 2: nobody acts at the kiosk any more */
	WIRE_WHO,      /* serve -> gate: text digest of a token -> WIRE_WHO_IS */
	WIRE_WHO_IS, /* gate -> serve: text digest, u16 is it somebody, text principal, text role, u16 bits of rights, u64 ns for which that holds, text patterns of what may be read, text digest of the proof of a session, or "", u16 is it a kiosk, text who acts there, or "", u64 ns until that ends */
	WIRE_FORGET, /* gate -> serve: text digest, or "" for all: it is no longer so */
	WIRE_FIRST, /* supervise -> gate: text digest of the code that makes the first account, u64 wall time of its end; gate -> supervise: text the line of it */
	/* who holds the bench (gate/hold.h) */
	WIRE_HOLD_ASK, /* serve, command line -> gate: text id -> WIRE_VERDICT, verified, whose text is a time and a principal, or "": nobody does */
	WIRE_ASKED, /* gate -> serve: u32 number of a question, u16 status of HTTP (200: who asks may be told, and is by the next WIRE_VERDICT), text why not */
	WIRE_HOLD_TOLD, /* gate -> supervise: u16 kind of event.def, BENCH_TAKEN or BENCH_HANDED_OVER, text subject, text who did it, text note */
	/* accounts and tokens are managed over HTTP (manage.h) */
	WIRE_MANAGE,  /* serve -> gate: a question */
	WIRE_MANAGED, /* gate -> serve: u32 number, u16 status of HTTP, u16 where the list goes on, 0: it is whole, u32 seconds to wait, text: JSON, what is shown once, or why not */
	WIRE_ACCOUNT_CHANGE, /* gate -> supervise: u32 number, u16 of which file (enum manage_file), text line as it is, "": there is none, text line as it is to be, "": none */
	/* a kiosk */
	WIRE_ACT, /* serve -> gate: u32 number, text token of the kiosk's session, text name, text PIN, text address -> WIRE_SIGNED_IN, with the session's new token */
	WIRE_MOVED, /* gate -> serve: text digest, text the new one: it is the same session still */
	WIRE_ACCOUNT_CHANGED, /* supervise -> gate, behind the file as it is then: u32 number, u16 status of HTTP, text why not */
	/* the bench file, the audit, runs and their notes over HTTP (errand.h) */
	WIRE_ERRAND, /* serve -> gate: +fd where a text goes along, text token, then the fields of an errand; gate -> supervise: +fd, those fields -> WIRE_REHEARSED, or WIRE_COMMAND_NO of the gate; WIRE_REHEARSE_GONE ends it, too */
	/* people are told (alert/) */
	WIRE_ALERT_EVENT, /* alert -> supervise: u16 kind of event.def, one of ALERT_*, text subject, text text */
	WIRE_ALERT_TEST, /* command line -> supervise: text receiver -> WIRE_TEXT, WIRE_NO; supervise -> alert: text receiver, text who asks */
};

enum wire_run { RUN_START, RUN_STOP, RUN_NOTE };
#define WIRE_FIELDS_MAX 3072 /* bytes of all fields of a run as JSON */
#define WIRE_NOTE_MAX 1000   /* bytes of a note */
#define WIRE_TITLE_MAX 200   /* of a run */
#define WIRE_REQUEST_MAX 40  /* of what tells one request from another */

void wire_begin(struct buf *out, enum wire_kind kind); /* clears `out` */
void wire_u16(struct buf *out, uint16_t v);
void wire_u32(struct buf *out, uint32_t v);
void wire_u64(struct buf *out, uint64_t v);
void wire_f64(struct buf *out, double v);
void wire_text(struct buf *out, const char *text); /* cut where the message would become too long */
void wire_end(struct buf *out);

struct wire_in {
	const uint8_t *at;
	size_t left;
	bool is_bad; /* a field was missing: all further ones read as 0 and "" */
};

/* Open a received packet; returns its kind, or ERR_PROTO. */
int wire_open(struct wire_in *in, const void *packet, size_t n, struct err *err) MUST_CHECK;
uint16_t wire_get_u16(struct wire_in *in);
uint32_t wire_get_u32(struct wire_in *in);
uint64_t wire_get_u64(struct wire_in *in);
double wire_get_f64(struct wire_in *in);
void wire_get_text(struct wire_in *in, char *out, size_t cap);
/* 0 when all fields were there and nothing is left over. */
int wire_close(const struct wire_in *in, struct err *err) MUST_CHECK;

#endif
