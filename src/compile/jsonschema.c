/* jsonschema.c - the tables of schema.c and the codecs' options as a JSON Schema, so that editors complete bench and instrument files
 *
 * It accepts what the checker accepts as far as the form goes; what needs knowledge of the whole bench (names that exist,
 * units that fit) the checker alone can say. Keys of later versions are left out, so editors do not offer them. In an instrument
 * file any value may be ${PARAM}.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "compile/schema.h"
#include "drivers/list.h"
#include "model/image.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define NAME_PATTERN "^[A-Za-z_][A-Za-z0-9_]{0,62}$"
#define REPEAT_PATTERN "^[A-Za-z_][A-Za-z0-9_]{0,62}(\\{[0-9]+\\.\\.[0-9]+\\}[A-Za-z0-9_]*)?$"
#define YES_OR_NO "[\"no\", \"yes\", \"off\", \"on\", true, false]"
#define SPAN_PATTERN "^([0-9.]+ ?(ns|us|ms|s|min|h|d) ?)+[0-9]*$|^0$"

/* Values are texts to the checker, but a YAML reader of the editor has made numbers and truths of some. */
static void
any_scalar(struct json *j)
{
	json_raw(j, "type", "[\"string\", \"number\", \"boolean\"]");
}

static void
pattern(struct json *j, const char *text)
{
	json_text(j, "type", "string");
	json_text(j, "pattern", text);
}

static void
words(struct json *j, const char *const *list)
{
	json_array(j, "enum");
	for (size_t i = 0; list[i] != NULL; i++)
		json_text(j, NULL, list[i]);
	json_end(j);
}

static void
ref(struct json *j, const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "#/$defs/%s", name);
	json_text(j, "$ref", text);
}

/* The definition that a table of keys stands for. */
static const char *
def_name(const struct key *table)
{
	static const struct {
		const struct key *table;
		const char *name;
	} defs[] = {
		{ schema_link, "link" },
		{ schema_instrument, "instrument" },
		{ schema_instrument_channel, "instrument_channel" },
		{ schema_channel, "channel" },
		{ schema_twin, "twin" },
		{ schema_wave, "wave" },
		{ schema_verify, "verify" },
		{ schema_serve, "serve" },
		{ schema_tls, "tls" },
		{ schema_public, "public" },
		{ schema_watchdog, "watchdog" },
		{ schema_history, "history" },
		{ schema_tier, "tier" },
		{ schema_postgres, "postgres" },
		{ schema_influx, "influx" },
		{ schema_record, "record" },
		{ schema_runs, "runs" },
		{ schema_before, "before_injection" },
		{ schema_field, "field" },
		{ schema_contact, "contact" },
		{ schema_scale, "line" },
		{ schema_ramp, "ramp" },
		{ schema_pattern, "pattern" },
		{ schema_gas, "gas" },
		{ schema_calibration, "calibration" },
		{ schema_lock, "local_lock" },
		{ schema_pid, "pid" },
		{ schema_safe_state, "safe_state" },
		{ schema_safe_line, "safe_line" },
		{ schema_safe_else, "safe_else" },
		{ schema_trip, "trip" },
		{ schema_interlock, "interlock" },
		{ schema_bypass, "bypass" },
		{ schema_alarm, "alarm" },
		{ schema_limits, "limits" },
		{ schema_rule, "rule" },
		{ schema_heartbeat, "heartbeat" },
		{ schema_power, "power" },
		{ schema_power_row, "power_row" },
		{ schema_guard, "guard" },
		{ schema_device_watchdog, "device_watchdog" },
		{ schema_command, "command" },
		{ schema_receiver, "receiver" },
		{ schema_by, "by" },
		{ schema_quiet, "quiet" },
		{ schema_chain_step, "chain_step" },
		{ schema_chain_again, "chain_again" },
		{ schema_shift, "shift" },
		{ schema_alert, "alert" },
		{ schema_told_alarms, "told_alarms" },
		{ schema_told_events, "told_events" },
		{ schema_mail, "mail" },
		{ schema_push, "push" },
		{ schema_beat, "beat" },
		{ schema_rs485, "rs485" },
		{ schema_identify, "identify" },
		{ schema_message, "message" },
		{ schema_error, "error" },
		{ schema_param, "param" },
		{ schema_file_line, "file_line" },
		{ schema_exchange, "exchange" },
	};
	size_t i = 0;

	while (defs[i].table != table)
		i++;
	return defs[i].name;
}

static void
names_of(struct json *j, const char *def, const char *names)
{
	json_text(j, "type", "object");
	json_object(j, "propertyNames");
	json_text(j, "pattern", names);
	json_end(j);
	json_object(j, "additionalProperties");
	ref(j, def);
	json_end(j);
}

static void
list_of(struct json *j, const char *def)
{
	json_text(j, "type", "array");
	json_object(j, "items");
	ref(j, def);
	json_end(j);
}

/* What stands in the schema as it is, a line a keyword. */
static const struct {
	enum key_kind kind;
	const char *keyword, *json;
} plain_forms[] = {
	{ KEY_WORD, "type", "\"string\"" },
	{ KEY_REF, "type", "\"string\"" },
	{ KEY_ADDRESS, "type", "\"string\"" },
	{ KEY_BOOL, "enum", YES_OR_NO },
	{ KEY_RANGE, "type", "\"array\"" },
	{ KEY_RANGE, "items", "{\"type\": [\"number\", \"string\"]}" },
	{ KEY_RANGE, "minItems", "2" },
	{ KEY_RANGE, "maxItems", "2" },
	{ KEY_SCALE, "anyOf",
		"[{\"type\": [\"number\", \"string\"]}, {\"$ref\": \"#/$defs/line\"}]" },
	{ KEY_CHOICES, "anyOf",
		"[{\"type\": \"object\", \"additionalProperties\": {\"type\": \"integer\"}}, "
		"{\"type\": \"array\", \"items\": {\"type\": [\"string\", \"number\", "
		"\"boolean\"]}}]" },
	{ KEY_REFS, "anyOf",
		"[{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": "
		"\"string\"}}]" },
	{ KEY_LIST, "type", "[\"string\", \"array\"]" },
	{ KEY_LIST, "items", "{\"type\": \"string\"}" },
	{ KEY_LIST_OR_NO, "type", "[\"string\", \"array\", \"boolean\"]" },
	{ KEY_LIST_OR_NO, "items", "{\"type\": \"string\"}" },
	{ KEY_TEXT_OR_SECRET, "type", "[\"string\", \"object\"]" },
	{ KEY_TEXT_OR_SECRET, "properties", "{\"secret\": {\"type\": \"string\"}}" },
	{ KEY_TEXT_OR_SECRET, "required", "[\"secret\"]" },
	{ KEY_TEXT_OR_SECRET, "additionalProperties", "false" },
	{ KEY_TEXTS, "type", "[\"string\", \"object\"]" },
	{ KEY_TEXTS, "additionalProperties", "{\"type\": \"string\"}" },
	{ KEY_CONFIRM, "type", "[\"string\", \"boolean\", \"object\"]" },
	{ KEY_CONFIRM, "additionalProperties", "{\"type\": \"string\"}" },
	{ KEY_BRINGS, "type", "[\"array\", \"object\"]" },
	{ KEY_BRINGS, "items", "{\"type\": [\"string\", \"number\", \"boolean\"]}" },
	{ KEY_BRINGS, "additionalProperties", "{\"type\": \"object\"}" },
	{ KEY_PAIRS, "type", "\"array\"" },
	{ KEY_PAIRS, "items",
		"{\"type\": \"array\", \"items\": {\"type\": [\"number\", \"string\"]}, "
		"\"minItems\": 2, \"maxItems\": 2}" },
	{ KEY_ROWS, "type", "\"object\"" },
	{ KEY_ROWS, "additionalProperties",
		"{\"type\": \"array\", \"items\": {\"type\": [\"string\", \"number\", "
		"\"boolean\"]}}" },
	{ KEY_NUMBERS, "type", "\"array\"" },
	{ KEY_NUMBERS, "items", "{\"type\": [\"number\", \"string\"]}" },
	{ KEY_READS, "type", "[\"string\", \"object\"]" },
	{ KEY_READS, "additionalProperties", "{\"type\": \"string\"}" },
	{ KEY_ONLY, "type", "\"object\"" },
	{ KEY_ONLY, "additionalProperties",
		"{\"type\": [\"string\", \"number\", \"boolean\", \"array\"]}" },
	{ KEY_VALUES, "type", "[\"string\", \"number\", \"boolean\", \"object\"]" },
	{ KEY_VALUES, "additionalProperties", "{\"type\": [\"string\", \"number\", \"boolean\"]}" },
};

/* A map that is described by a table of its own, or names of such. */
static void
map_form(struct json *j, const struct key *row, const struct codec *codec)
{
	const char *of = codec == NULL ? "" : codec->name;
	char name[96];

	if (row->kind == KEY_NAMES) {
		snprintf(name, sizeof(name), "%s%s%.60s", def_name(row->sub),
			codec == NULL ? "" : "_", of);
		names_of(j,
			row->sub == schema_instrument_channel ? name
			: row->sub == schema_message          ? "message_row"
							      : def_name(row->sub),
			row->sub == schema_instrument_channel || row->sub == schema_twin
				? REPEAT_PATTERN
				: NAME_PATTERN);
	} else if (row->sub == schema_identify) {
		snprintf(name, sizeof(name), "identify_%.60s", of);
		ref(j, name);
	} else {
		ref(j, def_name(row->sub));
	}
}

/* Which rows stand at an instrument of this codec. */
static bool
is_of_codec(const struct key *table, size_t i, const struct codec *codec)
{
	if (table != schema_instrument || i < INS_MESSAGES || codec->has_messages)
		return true;
	return i == INS_INIT && codec->write != NULL;
}

/* A duration, or a word; to an editor `no` may be false. */
static void
span_or(struct json *j, const struct key *row)
{
	json_array(j, "anyOf");
	json_object(j, NULL);
	json_raw(j, "type", "[\"string\", \"integer\"]");
	json_text(j, "pattern", SPAN_PATTERN);
	json_end(j);
	json_object(j, NULL);
	json_array(j, "enum");
	for (size_t i = 0; row->words[i] != NULL; i++)
		if (strcmp(row->words[i], "false") == 0)
			json_bool(j, NULL, false);
		else
			json_text(j, NULL, row->words[i]);
	json_end(j);
	json_end(j);
	json_end(j);
}

static void
secret_form(struct json *j)
{
	json_raw(j, "type", "\"object\"");
	json_raw(j, "properties", "{\"secret\": {\"type\": \"string\"}}");
	json_raw(j, "required", "[\"secret\"]");
	json_raw(j, "additionalProperties", "false");
}

/* The form of one key's value; `codec` (may be NULL) is whose points are meant. */
static void
value_form(struct json *j, const struct key *row, const struct codec *codec)
{
	char name[96];

	for (size_t i = 0; i < NELEM(plain_forms); i++)
		if (plain_forms[i].kind == row->kind)
			json_raw(j, plain_forms[i].keyword, plain_forms[i].json);
	switch (row->kind) {
	case KEY_TEXT:
	case KEY_UNIT:
	case KEY_QUANTITY:
	case KEY_NUMBER:
	case KEY_EXPR:
		any_scalar(j);
		break;
	case KEY_FILTER:
		pattern(j, "^(median|mean) [0-9]+$");
		break;
	case KEY_CHOICE:
		words(j, row->words);
		break;
	case KEY_SPAN:
		json_raw(j, "type", "[\"string\", \"integer\"]");
		json_text(j, "pattern", SPAN_PATTERN);
		break;
	case KEY_SPAN_OR:
		span_or(j, row);
		break;
	case KEY_INT:
		json_text(j, "type", "integer");
		json_int(j, "minimum", row->min);
		json_int(j, "maximum", row->max);
		break;
	case KEY_SOME_OF:
		json_raw(j, "type", "\"array\"");
		json_object(j, "items");
		words(j, row->words);
		json_end(j);
		break;
	case KEY_WORDS:
		json_raw(j, "type", "\"array\"");
		json_raw(j, "items", "{\"type\": [\"string\", \"number\", \"boolean\"]}");
		json_int(j, "minItems", 1);
		json_int(j, "maxItems", IMAGE_WORDS_MAX);
		break;
	case KEY_POINT:
		snprintf(name, sizeof(name), "%.60s_point", codec == NULL ? "" : codec->name);
		ref(j, name);
		break;
	case KEY_MAP:
	case KEY_NAMES:
		map_form(j, row, codec);
		break;
	case KEY_SWITCH:
		json_array(j, "anyOf");
		json_raw(j, NULL, "{\"enum\": " YES_OR_NO "}");
		json_object(j, NULL);
		ref(j, def_name(row->sub));
		json_end(j);
		json_end(j);
		break;
	case KEY_RAMP:
	case KEY_LOCK:
		json_array(j, "anyOf");
		json_raw(j, NULL, "{\"type\": [\"string\", \"number\"]}");
		json_object(j, NULL);
		ref(j, def_name(row->sub));
		json_end(j);
		json_end(j);
		break;
	case KEY_WORD_OR:
		json_array(j, "anyOf");
		json_object(j, NULL);
		words(j, row->words);
		json_end(j);
		json_object(j, NULL);
		ref(j, def_name(row->sub));
		json_end(j);
		json_end(j);
		break;
	case KEY_RECORD:
		json_array(j, "anyOf");
		json_raw(j, NULL, "{\"enum\": [\"changes\", \"every\", \"no\", false]}");
		json_object(j, NULL);
		ref(j, def_name(row->sub));
		json_end(j);
		json_end(j);
		break;
	case KEY_SECRET:
		secret_form(j);
		break;
	case KEY_MESSAGE:
		ref(j, "message_row");
		break;
	case KEY_MESSAGES:
		snprintf(name, sizeof(name), "%.60s_preset", codec == NULL ? "" : codec->name);
		list_of(j, codec == NULL || codec->has_messages ? "init_row" : name);
		break;
	case KEY_MAPS:
		list_of(j, def_name(row->sub));
		break;
	default: /* a plain one, or one for later */
		break;
	}
}

/* Around the form of a value for which ${PARAM} may stand: in an instrument file, and in channels, which may be NAME{0..7}. */
static void
open_form(struct json *j, bool is_file)
{
	if (!is_file)
		return;
	json_array(j, "anyOf");
	json_raw(j, NULL, "{\"type\": \"string\", \"pattern\": \"[$][{]\"}");
	json_object(j, NULL);
}

static void
close_form(struct json *j, bool is_file)
{
	if (!is_file)
		return;
	json_end(j);
	json_end(j);
}

static void
opt_form(struct json *j, const struct opt *opt, bool is_file)
{
	json_object(j, opt->name);
	json_text(j, "description", opt->help);
	open_form(j, is_file);
	switch (opt->type) {
	case OPT_INT:
		json_text(j, "type", "integer");
		json_int(j, "minimum", opt->min);
		json_int(j, "maximum", opt->max);
		break;
	case OPT_CHOICE:
		words(j, opt->choices);
		break;
	case OPT_BOOL:
		json_raw(j, "enum", YES_OR_NO);
		break;
	case OPT_SPAN:
		json_raw(j, "type", "[\"string\", \"integer\"]");
		json_text(j, "pattern", SPAN_PATTERN);
		break;
	case OPT_TEXT:
		any_scalar(j);
		break;
	case OPT_SECRET:
		secret_form(j);
		break;
	}
	if (opt->def != OPT_NEEDED && opt->def != OPT_ABSENT && opt->type == OPT_INT)
		json_int(j, "default", opt->def);
	close_form(j, is_file);
	json_end(j);
}

static void
opt_forms(struct json *j, const struct opt *opts, bool is_file)
{
	for (size_t i = 0; opts != NULL && opts[i].name != NULL; i++)
		opt_form(j, &opts[i], is_file);
}

static void
needed(struct json *j, const struct key *table, const struct opt *opts)
{
	json_array(j, "required");
	for (size_t i = 0; table != NULL && table[i].name != NULL; i++)
		if (table[i].is_needed)
			json_text(j, NULL, table[i].name);
	for (size_t i = 0; opts != NULL && opts[i].name != NULL; i++)
		if (opts[i].def == OPT_NEEDED)
			json_text(j, NULL, opts[i].name);
	json_end(j);
}

/* What stands behind `use:` for a codec. */
static void
use_words(struct json *j, const struct codec *codec)
{
	json_array(j, "enum");
	json_text(j, NULL, codec->name);
	if (strcmp(codec->name, "system") == 0)
		json_text(j, NULL, "system-monitor");
	json_end(j);
}

/* What a bench says of an instrument, and a file does not. */
static bool
is_of_bench(const struct key *table, size_t i)
{
	return table == schema_instrument && (i == INS_USE || i == INS_LINK || i == INS_TITLE);
}

/* The rows of a table, as properties. */
static void
row_forms(struct json *j, const struct key *table, const struct codec *codec, bool is_file)
{
	for (size_t i = 0; table != NULL && table[i].name != NULL; i++) {
		if (table[i].kind == KEY_LATER || !is_of_codec(table, i, codec) ||
			(is_file && is_of_bench(table, i)))
			continue;
		json_object(j, table[i].name);
		json_text(j, "description", table[i].help);
		if (table[i].def != NULL)
			json_text(j, "default", table[i].def);
		open_form(j, is_file);
		if ((table == schema_instrument && i == INS_USE) ||
			(table == schema_file && i == FILE_PROTOCOL))
			use_words(j, codec);
		else if (table == schema_exchange && i <= EXCHANGE_RECEIVE)
			json_raw(j, "type", "[\"string\", \"number\", \"array\"]");
		else
			value_form(j, &table[i], codec);
		close_form(j, is_file);
		json_end(j);
	}
}

/* An object with the keys of a table and the options of a codec. */
static void
object_form(struct json *j, const struct key *table, const struct opt *opts,
	const struct codec *codec, bool is_file)
{
	json_text(j, "type", "object");
	json_bool(j, "additionalProperties", false);
	json_object(j, "properties");
	row_forms(j, table, codec, is_file);
	opt_forms(j, opts, is_file);
	json_end(j);
	needed(j, table, opts);
}

static void
def(struct json *j, const char *name, const struct key *table, bool is_file)
{
	json_object(j, name);
	object_form(j, table, NULL, NULL, is_file);
	json_end(j);
}

/* One message, or several that are one exchange. */
static void
message_row(struct json *j)
{
	json_object(j, "message_row");
	json_array(j, "anyOf");
	json_object(j, NULL);
	ref(j, "message");
	json_end(j);
	json_object(j, NULL);
	list_of(j, "step");
	json_end(j);
	json_end(j);
	json_end(j);
}

/* A member of `init:`: a message, a wait, or a row. */
static void
init_row(struct json *j)
{
	json_object(j, "init_row");
	json_array(j, "anyOf");
	json_object(j, NULL);
	ref(j, "step");
	json_end(j);
	json_object(j, NULL);
	list_of(j, "step");
	json_end(j);
	json_end(j);
	json_end(j);
}

/* The name of a message, a message, or a row. */
static void
message_point(struct json *j, bool is_file)
{
	json_array(j, "anyOf");
	json_object(j, NULL);
	json_text(j, "type", "string");
	json_end(j);
	json_object(j, NULL);
	object_form(j, schema_message_read, NULL, NULL, is_file);
	json_end(j);
	json_object(j, NULL);
	list_of(j, "step");
	json_end(j);
	json_end(j);
}

static void
extends_form(struct json *j)
{
	json_object(j, "extends");
	json_text(j, "description", "a file that this one completes: path relative to this file");
	any_scalar(j);
	json_end(j);
}

/* An instrument file of one codec: the head, and the keys of an instrument. What is needed of these the bench may give. */
static void
file_form(struct json *j, const struct codec *codec)
{
	json_text(j, "type", "object");
	json_bool(j, "additionalProperties", false);
	json_object(j, "properties");
	extends_form(j);
	row_forms(j, schema_file, codec, false);
	row_forms(j, schema_instrument, codec, true);
	opt_forms(j, codec->opts, true);
	json_end(j);
	needed(j, schema_file, NULL);
	json_raw(j, "anyOf",
		"[{\"required\": [\"exchanges\"], \"properties\": {\"exchanges\": {\"minItems\": "
		"1}}}, "
		"{\"required\": [\"unproven\"]}]");
}

/* `read: {identity: firmware}` */
static void
capture_form(struct json *j)
{
	json_object(j, NULL);
	json_text(j, "type", "object");
	json_raw(j, "properties", "{\"identity\": {\"type\": \"string\"}}");
	json_raw(j, "required", "[\"identity\"]");
	json_raw(j, "additionalProperties", "false");
	json_end(j);
}

static void
point_form(struct json *j, const struct codec *codec)
{
	if (codec->capture != NULL) {
		json_array(j, "anyOf");
		capture_form(j);
		json_object(j, NULL);
	}
	if (codec->has_messages)
		message_point(j, true);
	else
		object_form(j, NULL, codec->point_opts, codec, true);
	if (codec->capture != NULL) {
		json_end(j);
		json_end(j);
	}
}

/* Where parts of what a device says have names, conditions on them stand beside the words. */
static void
identify_form(struct json *j, const struct codec *codec, bool is_file)
{
	json_text(j, "type", "object");
	if (codec->capture != NULL)
		json_raw(j, "additionalProperties",
			"{\"type\": [\"string\", \"number\", \"array\"]}");
	else
		json_raw(j, "additionalProperties", "false");
	json_object(j, "properties");
	row_forms(j, schema_identify, codec, is_file);
	json_end(j);
	if (codec->capture == NULL)
		json_raw(j, "required", "[\"is\"]");
}

/* The definitions of one codec: its instruments or their files, how they are known, their channels, its points. */
static void
codec_defs(struct json *j, const struct codec *codec, bool is_file)
{
	char name[96];

	snprintf(name, sizeof(name), "%.60s_point", codec->name);
	json_object(j, name);
	point_form(j, codec);
	json_end(j);
	if (is_of_codec(schema_instrument, INS_INIT, codec) && !codec->has_messages) {
		snprintf(name, sizeof(name), "%.60s_preset", codec->name);
		json_object(j, name);
		object_form(j, schema_preset, codec->point_opts, codec, is_file);
		json_end(j);
	}
	snprintf(name, sizeof(name), "identify_%.60s", codec->name);
	json_object(j, name);
	identify_form(j, codec, is_file);
	json_end(j);
	snprintf(name, sizeof(name), "instrument_channel_%.60s", codec->name);
	json_object(j, name);
	object_form(j, schema_instrument_channel, NULL, codec, true);
	json_end(j);
	snprintf(name, sizeof(name), "%s_%.60s", is_file ? "file" : "instrument", codec->name);
	json_object(j, name);
	json_text(j, "description", codec->help);
	if (is_file)
		file_form(j, codec);
	else
		object_form(j, schema_instrument, codec->opts, codec, false);
	json_end(j);
}

/* One of the definitions NAME_CODEC; the array stays open. */
static void
any_codec(struct json *j, const char *of)
{
	char name[96];

	json_array(j, "anyOf");
	for (size_t i = 0; codec_list[i] != NULL; i++) {
		snprintf(name, sizeof(name), "%s_%.60s", of, codec_list[i]->name);
		json_object(j, NULL);
		ref(j, name);
		json_end(j);
	}
}

static void
instrument_def(struct json *j)
{
	json_object(j, "instrument");
	any_codec(j, "instrument");
	/* One of an instrument file: the file says which keys it has. */
	json_object(j, NULL);
	json_raw(j, "required", "[\"use\"]");
	json_object(j, "properties");
	json_object(j, "use");
	json_text(j, "type", "string");
	json_object(j, "not");
	json_array(j, "enum");
	for (size_t i = 0; codec_list[i] != NULL; i++)
		json_text(j, NULL, codec_list[i]->name);
	json_text(j, NULL, "system-monitor");
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
}

/* What benches and instrument files share. */
static void
shared_defs(struct json *j, bool is_file)
{
	def(j, "twin", schema_twin, true);
	def(j, "wave", schema_wave, true);
	def(j, "verify", schema_verify, true);
	def(j, "record", schema_record, false);
	def(j, "line", schema_scale, true);
	def(j, "message", schema_message, is_file);
	def(j, "step", schema_step, is_file);
	message_row(j);
	init_row(j);
	def(j, "error", schema_error, is_file);
	for (size_t i = 0; codec_list[i] != NULL; i++)
		codec_defs(j, codec_list[i], is_file);
}

void
schema_json(struct buf *out)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "$schema", DIALECT);
	json_text(&j, "title", "bench file of mbc");
	json_text(&j, "type", "object");
	json_bool(&j, "additionalProperties", false);
	json_object(&j, "properties");
	extends_form(&j);
	row_forms(&j, schema_top, NULL, false);
	json_end(&j);
	json_object(&j, "$defs");
	def(&j, "link", schema_link, false);
	def(&j, "rs485", schema_rs485, false);
	def(&j, "channel", schema_channel, false);
	def(&j, "ramp", schema_ramp, false);
	def(&j, "pattern", schema_pattern, false);
	def(&j, "gas", schema_gas, false);
	def(&j, "calibration", schema_calibration, false);
	def(&j, "local_lock", schema_lock, false);
	def(&j, "pid", schema_pid, false);
	def(&j, "safe_state", schema_safe_state, false);
	def(&j, "safe_line", schema_safe_line, false);
	def(&j, "safe_else", schema_safe_else, false);
	def(&j, "trip", schema_trip, false);
	def(&j, "interlock", schema_interlock, false);
	def(&j, "bypass", schema_bypass, false);
	def(&j, "alarm", schema_alarm, false);
	def(&j, "limits", schema_limits, false);
	def(&j, "rule", schema_rule, false);
	def(&j, "heartbeat", schema_heartbeat, false);
	def(&j, "power", schema_power, false);
	def(&j, "power_row", schema_power_row, false);
	def(&j, "guard", schema_guard, false);
	def(&j, "device_watchdog", schema_device_watchdog, false);
	def(&j, "command", schema_command, false);
	def(&j, "serve", schema_serve, false);
	def(&j, "tls", schema_tls, false);
	def(&j, "public", schema_public, false);
	def(&j, "watchdog", schema_watchdog, false);
	def(&j, "history", schema_history, false);
	def(&j, "tier", schema_tier, false);
	def(&j, "postgres", schema_postgres, false);
	def(&j, "influx", schema_influx, false);
	def(&j, "runs", schema_runs, false);
	def(&j, "before_injection", schema_before, false);
	def(&j, "field", schema_field, false);
	def(&j, "receiver", schema_receiver, false);
	def(&j, "by", schema_by, false);
	def(&j, "quiet", schema_quiet, false);
	def(&j, "chain_step", schema_chain_step, false);
	def(&j, "chain_again", schema_chain_again, false);
	def(&j, "shift", schema_shift, false);
	def(&j, "alert", schema_alert, false);
	def(&j, "told_alarms", schema_told_alarms, false);
	def(&j, "told_events", schema_told_events, false);
	def(&j, "mail", schema_mail, false);
	def(&j, "push", schema_push, false);
	def(&j, "beat", schema_beat, false);
	def(&j, "contact", schema_contact, false);
	instrument_def(&j);
	shared_defs(&j, false);
	json_end(&j);
	json_end(&j);
	buf_putc(out, '\n');
}

void
schema_instrument_json(struct buf *out)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "$schema", DIALECT);
	json_text(&j, "title", "instrument file of mbc");
	any_codec(&j, "file");
	json_end(&j);
	json_object(&j, "$defs");
	def(&j, "file_line", schema_file_line, false);
	def(&j, "param", schema_param, false);
	def(&j, "guard", schema_guard, false);
	def(&j, "device_watchdog", schema_device_watchdog, false);
	def(&j, "command", schema_command, false);
	json_object(&j, "exchange");
	object_form(&j, schema_exchange, NULL, NULL, false);
	json_raw(&j, "anyOf",
		"[{\"required\": [\"send\"]}, {\"required\": [\"receive\", \"expect\"]}]");
	json_end(&j);
	shared_defs(&j, true);
	json_end(&j);
	json_end(&j);
	buf_putc(out, '\n');
}
