/* bench.c - the top of a bench file, and the tables that everything else fills */
#include "compile/bench.h"
#include "compile/seq_program.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compile/read.h"

void *
bench_grow(void *at, uint32_t *n, uint32_t *cap, size_t size)
{
	if (*n == *cap) {
		*cap = *cap == 0 ? 16 : *cap * 2;
		at = mem_grow(at, *cap, size);
	}
	memset((char *)at + *n * size, 0, size);
	++*n;
	return at;
}

uint32_t
code_take(struct bench *b, const struct expr *e)
{
	uint32_t first = b->code.n;

	for (uint32_t i = 0; i < e->n; i++) {
		struct expr_op *op = BENCH_ADD(b->code);

		*op = e->ops[i];
		if (expr_has_cell(op))
			op->arg.i += b->n_cells;
	}
	b->n_cells += e->n_cells;
	return first;
}

void
bench_init(struct bench *b, const char *path)
{
	memset(b, 0, sizeof(*b));
	b->path = path;
	b->name = "";
	b->title = "";
	b->language = "en";
	b->programs = mem_zero(1, sizeof(*b->programs));
	b->listen = b->tls.cert = b->tls.key = "";
	b->shown = (struct bench_public){ .listen = "", .title = "", .tls = b->tls };
	b->watchdog = "";
	b->source = "";
	b->on_stop = b->bench_state = b->horn = b->last_alarm = b->restoring = b->outage =
		IMAGE_NONE;
	b->lock = b->lock_state = IMAGE_NONE;
	b->expr = mem_zero(1, sizeof(*b->expr));
}

void
bench_done(struct bench *b)
{
	tree_done(&b->tree);
	diag_done(&b->diag);
	seq_programs_done(b->programs);
	names_done(&b->link_names);
	names_done(&b->instrument_names);
	names_done(&b->channel_names);
	names_done(&b->output_names);
	names_done(&b->safe_state_names);
	names_done(&b->alarm_names);
	names_done(&b->receiver_names);
	names_done(&b->push_names);
	free(b->receivers.at);
	free(b->addresses.at);
	free(b->members.at);
	free(b->steps.at);
	free(b->shifts.at);
	free(b->pushes.at);
	free(b->told_kinds.at);
	free(b->receiver_order);
	free(b->links.at);
	free(b->instruments.at);
	free(b->messages.at);
	free(b->presets.at);
	free(b->gates.at);
	free(b->files.at);
	free(b->secrets.at);
	free(b->points.at);
	free(b->channels.at);
	free(b->choices.at);
	free(b->words.at);
	free(b->markers.at);
	free(b->marks.at);
	free(b->fields.at);
	free(b->contacts.at);
	free(b->knots.at);
	free(b->code.at);
	free(b->outputs.at);
	free(b->loops.at);
	free(b->safe_states.at);
	free(b->safe_lines.at);
	free(b->restore.at);
	free(b->parts.at);
	free(b->numbers.at);
	free(b->gases.at);
	free(b->calibrations.at);
	free(b->trips.at);
	free(b->interlocks.at);
	free(b->alarms.at);
	free(b->rules.at);
	free(b->actions.at);
	free(b->needs.at);
	free(b->shown_channels.at);
	free(b->watchdogs.at);
	free(b->watchdog_values.at);
	free(b->uptimes.at);
	free(b->commands_of.at);
	free(b->power_rows.at);
	free(b->power_outputs.at);
	free(b->lasts.at);
	free(b->alarm_order);
	free(b->order);
	free(b->expr);
}

/* Letters, digits, '_' and '-': it becomes part of file names. */
static void
read_bench_name(struct bench *b, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);
	size_t good;

	if (text == NULL)
		return;
	good = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	if (text[0] == '\0' || text[0] == '-' || text[good] != '\0' || good > 63)
		diag_error(&b->diag, n->at, "name",
			"'%.80s' cannot name a bench; use letters, digits, '_' and '-', at most 63",
			text);
	else
		b->name = text;
}

/* `watchdog: yes` takes the usual device. Relative paths would depend on where the supervisor was started. */
static void
read_watchdog(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const char *device = schema_watchdog[WATCHDOG_DEVICE].def;
	bool yes = true;

	if (n == NULL)
		return;
	if (n->kind == NODE_SCALAR) {
		if (!read_bool(b, n, &yes) || !yes)
			return;
	} else if (!read_is(b, n, NODE_MAP, "a map, or yes or no")) {
		return;
	} else {
		read_keys(b, n, schema_watchdog, NULL, found, NULL);
	}
	read_span(b, found[WATCHDOG_TIMEOUT], &schema_watchdog[WATCHDOG_TIMEOUT],
		&b->watchdog_timeout_ns);
	if (found[WATCHDOG_DEVICE] != NULL)
		device = read_text(b, found[WATCHDOG_DEVICE]);
	if (device == NULL)
		return;
	if (device[0] != '/')
		diag_error(&b->diag, found[WATCHDOG_DEVICE]->at, "wrong-value",
			"'%.80s' is not the path of a device; write for example /dev/watchdog",
			device);
	b->watchdog = device;
}

/* The rows of `power_loss:`; NULL when there is none. */
static const struct node *
rows_of(struct bench *b, const struct node *n)
{
	return n != NULL && read_is(b, n, NODE_LIST,
				    "a list of rows: [{when: outage < 30 s, do: continue}, "
				    "{otherwise: SAFE_STATE}]")
		       ? n
		       : NULL;
}

/* The map of a key that holds names; NULL when there is none. */
static const struct node *
names_of(struct bench *b, const struct node *n, const char *wanted)
{
	return n != NULL && read_is(b, n, NODE_MAP, wanted) ? n : NULL;
}

void
bench_read(struct bench *b, const struct node *root)
{
	const struct node *found[SCHEMA_KEYS_MAX], *power_loss;
	const char *text;
	size_t n_errors;

	read_keys(b, root, schema_top, NULL, found, NULL);
	read_bench_name(b, found[TOP_BENCH]);
	text = found[TOP_TITLE] == NULL ? NULL : read_text(b, found[TOP_TITLE]);
	if (text != NULL)
		b->title = text;
	text = found[TOP_SEQUENCES] == NULL ? NULL : read_text(b, found[TOP_SEQUENCES]);
	if (text != NULL) {
		b->sequences = text;
		b->sequences_at = found[TOP_SEQUENCES]->at;
	}
	if (found[TOP_LANGUAGE] != NULL) {
		text = read_word(b, found[TOP_LANGUAGE], &schema_top[TOP_LANGUAGE]);
		b->language = text != NULL ? text : b->language;
	}
	read_span(b, found[TOP_TICK], &schema_top[TOP_TICK], &b->tick_ns);
	serve_read(b, found[TOP_SERVE]);
	read_watchdog(b, found[TOP_WATCHDOG]);
	records_read(b, found[TOP_HISTORY]);
	runs_read(b, found[TOP_RECORD]);
	if (found[TOP_REALTIME] != NULL)
		read_bool(b, found[TOP_REALTIME], &b->is_realtime);
	if (found[TOP_MODE] != NULL) {
		text = read_word(b, found[TOP_MODE], &schema_top[TOP_MODE]);
		b->is_observed = text != NULL && strcmp(text, "observe") == 0;
	}
	links_read(b, names_of(b, found[TOP_LINKS], "a map of links: NAME: {tcp: \"host:port\"}"));
	instruments_read(b, names_of(b, found[TOP_INSTRUMENTS],
				    "a map of instruments: NAME: {use: modbus, link: NAME}"));
	channels_declare(b, names_of(b, found[TOP_CHANNELS],
				    "a map of channels: NAME: {read: INSTRUMENT.CHANNEL}"));
	safe_states_declare(b, names_of(b, found[TOP_SAFE_STATES],
				       "a map of safe states: NAME: {order: [{set: OUTPUT, to: "
				       "VALUE}]}"));
	trips_name(b,
		names_of(b, found[TOP_TRIPS],
			"a map of trips: NAME: {when: CONDITION, to: SAFE_STATE}"),
		names_of(b, found[TOP_INTERLOCKS],
			"a map of interlocks: NAME: {forbid: CONDITION, to: SAFE_STATE}"));
	alarms_name(b, names_of(b, found[TOP_ALARMS], "a map of alarms: NAME: {when: CONDITION}"));
	heartbeat_declare(b, found[TOP_HEARTBEAT]);
	watchdogs_declare(b);
	power_loss = rows_of(b, found[TOP_POWER_LOSS]);
	power_declare(b, power_loss);
	lock_declare(b, found[TOP_LOCAL_LOCK]);
	seq_programs_declare(b);
	channels_resolve(b);
	runs_resolve(b);
	serve_resolve(b);
	heartbeat_find(b);
	watchdogs_resolve(b);
	outputs_resolve(b);
	lock_resolve(b);
	safe_states_read(b);
	synoptic_read(b, found[TOP_SYNOPTIC]);
	contacts_read(b, found[TOP_CONTACTS]);
	n_errors = b->diag.n_errors;
	safe_states_on_stop(b, found[TOP_ON_STOP]);
	b->is_on_stop_open = b->diag.n_errors > n_errors;
	safe_states_restore(b, found[TOP_RESTORE]);
	conditions_prepare(b);
	commands_read(b);
	trips_read(b);
	notify_read(b, found[TOP_NOTIFY], found[TOP_ALERT]);
	alarms_read(b);
	notify_check(b);
	rules_read(b, names_of(b, found[TOP_RULES],
			      "a map of rules: NAME: {when: CONDITION, do: [set X = VALUE]}"));
	heartbeat_resolve(b);
	power_resolve(b, found[TOP_POWER]);
	power_loss_read(b, power_loss);
	if (b->n_cells > IMAGE_CELLS_MAX)
		diag_error(&b->diag, root->at, "too-large",
			"the expressions use frozen, since, for, rises and falls %u times, more "
			"than %d; split the bench into several",
			b->n_cells, IMAGE_CELLS_MAX);
}
