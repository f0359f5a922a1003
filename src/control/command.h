/* command.h - commands: checked, recorded, done or refused as a whole, answered; pure
 *
 *	take: is it a repeat? may it be done? --> recorded (class A) --> on the disk: is it still allowed? done --> settled
 *	                     \--> REFUSED                \--> not within 2 s: REFUSED
 */
#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include "control/trip.h"

struct commands;

enum command_record { COMMAND_RECORD_WAITS, COMMAND_RECORDED, COMMAND_RECORD_FAILED };

struct commands_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	/* Record what will be done, so that it is on the disk soon; then ask whether it is. */
	uint64_t (*intent)(void *ctx, struct event *e);
	enum command_record (*recorded)(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns);
	void (*verdict)(void *ctx, const struct verdict_told *v);
	/* Does the switch of `local_lock` keep commands out? ERR_REFUSED with cause; remedy. */
	int (*locked)(void *ctx, struct err *err);
	/* Those that are neither about outputs nor safe states nor trips. cause: its event. ERR_REFUSED with cause; remedy. out_text, VERDICT_TEXT
	 * bytes, empty before: what to know when it is done; or all that is wrong, where that is more than err->msg takes. */
	int (*other)(void *ctx, const struct command *c, uint64_t cause, int64_t now_ns,
		char *out_text, struct err *err);
};

/* What they are about outlives them. */
struct command_parts {
	const struct image *img;
	struct outputs *outputs;
	struct safe *safe;
	struct trips *trips;
};

struct commands *commands_new(const struct command_parts *parts, const struct commands_sink *sink);
void commands_free(struct commands *c);

void commands_take(struct commands *c, const struct command *cmd, int64_t now_ns);
/* What became of it, told again; one that is not known is told as UNKNOWN. */
void commands_ask(struct commands *c, const char *id);
/* An output has settled what event `cause` asked of it. */
void commands_settled(struct commands *c, uint64_t cause, enum verdict verdict, const char *text);
void commands_step(struct commands *c, int64_t now_ns);
/* After a reload: what was under way is told as UNKNOWN where its output is gone; verdicts that were given stay known. */
void commands_adopt(struct commands *c, struct commands *from);

#endif
