/* entry.c - lines of the ledger: {"kind": "send", ...} and, behind a blank, the CRC-32C of what stands before it */
#include "alert/entry.h"

#include "alert/message.h"
#include "base/crc.h"
#include "base/json.h"
#include "model/image.h"

_Static_assert(PRIORITIES == ENTRY_PRIORITIES && ALERT_WAYS == ENTRY_WAYS, "as in the image");

static const char *const kinds[ENTRY_KINDS] = { "notice", "step", "send", "result", "acked", "over",
	"back", "hidden", "nobody", "end", "place" };
static const char *const abouts[ABOUTS] = { "alarm", "note", "event", "test" };
static const char *const whats[TELLS] = { "raised", "chatters", "acked", "over" };
static const char *const results[ALERT_RESULTS] = { "sent", "delivered", "temporary", "permanent",
	"uncertain" };
static const char *const ways[ALERT_WAYS] = { "push", "sms", "call", "mail" };

const char *
entry_kind_word(unsigned kind)
{
	return kind < ENTRY_KINDS ? kinds[kind] : "";
}

const char *
entry_about_word(unsigned about)
{
	return about < ABOUTS ? abouts[about] : "";
}

const char *
entry_what_word(unsigned what)
{
	return what < TELLS ? whats[what] : "";
}

const char *
entry_result_word(unsigned result)
{
	return result < ALERT_RESULTS ? results[result] : "";
}

const char *
entry_way_word(unsigned way)
{
	return way < ALERT_WAYS ? ways[way] : "";
}

void
entry_put(struct buf *out, const struct entry *e)
{
	size_t start = out->n;
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "kind", kinds[e->kind]);
	json_int(&j, "wall", e->wall_ns);
	json_uint(&j, "id", e->id);
	if (e->kind == ENTRY_NOTICE || e->kind == ENTRY_PLACE)
		json_uint(&j, "event", e->event);
	if (e->kind == ENTRY_NOTICE) {
		json_text(&j, "about", entry_about_word(e->about));
		json_uint(&j, "priority", e->priority);
	}
	if (e->kind == ENTRY_STEP) {
		json_uint(&j, "step", e->step);
		json_uint(&j, "round", e->round);
	}
	if (e->kind == ENTRY_SEND) {
		json_text(&j, "way", entry_way_word(e->way));
		json_text(&j, "what", entry_what_word(e->what));
		json_uint(&j, "tries", e->tries);
		json_uint(&j, "step", e->step);
		json_array(&j, "notices");
		for (unsigned i = 0; i < e->n_notices; i++)
			json_uint(&j, NULL, e->notices[i]);
		json_end(&j);
		json_uint(&j, "more", e->n_more);
	}
	if (e->kind == ENTRY_RESULT)
		json_text(&j, "result", entry_result_word(e->result));
	if (e->name[0] != '\0')
		json_text(&j, "name", e->name);
	if (e->to[0] != '\0')
		json_text(&j, "to", e->to);
	if (e->text[0] != '\0')
		json_text(&j, "text", e->text);
	json_end(&j);
	buf_printf(out, " %08x\n", (unsigned)crc32c(0, out->data + start, out->n - start));
}
