/* letter.c - what a message says, in English and French */
#include "alert/letter.h"

#include <stdio.h>
#include <string.h>

#include "alert/engine.h"
#include "base/crc.h"
#include "base/text.h"
#include "model/expr.h"

#define VALUES_MAX 6 /* of the channels of one condition */

enum word {
	WORD_ALARM,
	WORD_ALARMS,
	WORD_OVER,
	WORD_ACKED,
	WORD_ACKED_BY,
	WORD_HIDDEN,
	WORD_CHATTERS,
	WORD_NOTE,
	WORD_EVENT,
	WORD_OTHERS,
	WORD_AND_MORE,
	WORD_TEST,
	WORD_SINCE,
	WORD_NOW,
	WORD_DO,
	WORD_MORE,
	WORD_PAGE,
	WORD_ACK,
	WORD_TEST_TEXT,
	WORDS
};

static const char *const words[WORDS][2] = {
	[WORD_ALARM] = { "alarm", "alarme" },
	[WORD_ALARMS] = { "alarms", "alarmes" },
	[WORD_OVER] = { "over", "terminée" },
	[WORD_ACKED] = { "acknowledged", "acquittée" },
	[WORD_ACKED_BY] = { "acknowledged by", "acquittée par" },
	[WORD_HIDDEN] = { "put aside", "mise de côté" },
	[WORD_CHATTERS] = { "comes and goes", "va et vient" },
	[WORD_NOTE] = { "note of", "note de" },
	[WORD_EVENT] = { "event", "évènement" },
	[WORD_OTHERS] = { "other messages", "autres messages" },
	[WORD_AND_MORE] = { "more", "de plus" },
	[WORD_TEST] = { "test", "essai" },
	[WORD_SINCE] = { "since", "depuis" },
	[WORD_NOW] = { "now", "maintenant" },
	[WORD_DO] = { "Do", "À faire" },
	[WORD_MORE] = { "and more, this many: %", "et d'autres, en nombre : %" },
	[WORD_PAGE] = { "Look and acknowledge", "Voir et acquitter" },
	[WORD_ACK] = { "Acknowledge at the bench, or with 'mbc alarm ack %'",
		"Acquitter au banc, ou par 'mbc alarm ack %'" },
	[WORD_TEST_TEXT] = { "This is a test, asked for by %. Nothing has to be done.",
		"Ceci est un essai, demandé par %. Il n'y a rien à faire." },
};

static const char *const priorities[PRIORITIES][2] = { { "low", "basse" }, { "medium", "moyenne" },
	{ "high", "haute" }, { "critical", "critique" } };

void
letter_address(const struct image *img, uint32_t address, char *out, size_t cap)
{
	const struct image_address *a = image_address_at(img, address);
	const char *text = image_text(img, a->text);

	if (a->way != ALERT_PUSH)
		snprintf(out, cap, "%s", text);
	else if (text[0] == '\0')
		snprintf(out, cap, "%s", image_text(img, image_push_at(img, a->push)->name));
	else /* who knows a topic or a user's key may write there */
		snprintf(out, cap, "%s/#%06x", image_text(img, image_push_at(img, a->push)->name),
			(unsigned)crc32c(0, text, strlen(text)) & 0xffffffu);
}

/* A text of one line. */
static void
put_line(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		buf_putc(out, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
}

/* A phrase in which % stands for a text. */
static void
put_phrase(struct buf *out, const char *phrase, const char *text)
{
	size_t n = strcspn(phrase, "%");

	buf_put(out, phrase, n);
	put_line(out, text);
	buf_puts(out, phrase + n + (phrase[n] == '%'));
}

static const char *
word(enum word w, enum language language)
{
	return words[w][language];
}

static void
put_state(struct buf *out, const struct engine_notice *n, enum language language)
{
	if (n->what == TELL_OVER || n->is_over)
		buf_printf(out, ", %s", word(WORD_OVER, language));
	if (n->what == TELL_CHATTERS)
		buf_printf(out, ", %s", word(WORD_CHATTERS, language));
	if (n->is_hidden) {
		buf_printf(
			out, ", %s%s", word(WORD_HIDDEN, language), n->who[0] != '\0' ? ": " : "");
		put_line(out, n->who);
	} else if (n->is_acked && n->who[0] != '\0') {
		buf_printf(out, ", %s ", word(WORD_ACKED_BY, language));
		put_line(out, n->who);
	} else if (n->is_acked) {
		buf_printf(out, ", %s", word(WORD_ACKED, language));
	}
}

/* "alarm bed_hot (high), over" */
static void
put_head(struct buf *out, const struct engine_notice *n, enum language language)
{
	static const enum word about[ABOUTS] = { WORD_ALARM, WORD_NOTE, WORD_EVENT, WORD_TEST };

	buf_printf(out, "%s", word(about[n->about], language));
	if (n->name[0] != '\0') {
		buf_putc(out, ' ');
		put_line(out, n->name);
	}
	if (n->about == ABOUT_ALARM)
		buf_printf(out, " (%s)", priorities[n->priority][language]);
	put_state(out, n, language);
}

enum says { SAYS_RAISED, SAYS_HIDDEN, SAYS_ACKED, SAYS_OVER, SAYS_OTHER, SAYS };

static enum says
says(const struct engine_notice *n)
{
	return n->about != ABOUT_ALARM              ? SAYS_OTHER
	       : n->what == TELL_OVER || n->is_over ? SAYS_OVER
	       : n->is_hidden                       ? SAYS_HIDDEN
	       : n->what == TELL_ACKED              ? SAYS_ACKED
						    : SAYS_RAISED;
}

/* "3 alarms: hot, cold, ..." and, behind those that are on, "2 over: a, b" */
static void
put_names(struct buf *out, const struct engine_notice *notices, unsigned n, enum says which,
	enum language language)
{
	static const enum word words_of[SAYS] = { WORD_ALARMS, WORD_HIDDEN, WORD_ACKED, WORD_OVER,
		WORD_OTHERS };
	unsigned count = 0, shown = 0;

	for (unsigned i = 0; i < n; i++)
		count += says(&notices[i]) == which;
	if (count == 0)
		return;
	buf_printf(out, "%s%u %s: ", out->data[out->n - 1] == ' ' ? "" : "; ", count,
		word(words_of[which], language));
	for (unsigned i = 0; i < n && shown < 3; i++) {
		if (says(&notices[i]) != which)
			continue;
		buf_puts(out, shown++ > 0 ? ", " : "");
		put_line(out, notices[i].name);
	}
	if (count > shown)
		buf_puts(out, ", ...");
}

void
letter_subject(struct buf *out, const struct image *img, const struct engine_notice *notices,
	unsigned n, unsigned more, enum language language)
{
	buf_putc(out, '[');
	put_line(out, image_text(img, img->bench));
	buf_puts(out, "] ");
	if (n + more == 1) {
		put_head(out, &notices[0], language);
		if (notices[0].text[0] != '\0' && notices[0].about != ABOUT_TEST) {
			buf_puts(out, ": ");
			put_line(out, notices[0].text);
		}
		return;
	}
	for (int which = 0; which < SAYS; which++)
		put_names(out, notices, n, (enum says)which, language);
	if (more > 0)
		buf_printf(out, "; %u %s", more, word(WORD_AND_MORE, language));
}

/* What its condition looks at, as it is now. */
static void
put_values(struct buf *out, const struct image *img, const struct image_cond *cond,
	enum language language, const struct letter_asks *asks)
{
	const struct expr_op *ops = image_at(img, &img->code);
	uint32_t shown[VALUES_MAX];
	unsigned n = 0;
	char value[64];

	for (uint32_t i = cond->first_op; i < cond->first_op + cond->n_ops && n < VALUES_MAX; i++) {
		const struct expr_op *op = &ops[i];
		uint32_t channel = (uint32_t)op->arg.i;
		bool is_shown = op->code != EXPR_OP_LOAD && op->code != EXPR_OP_BAD &&
				op->code != EXPR_OP_AGE;

		for (unsigned k = 0; k < n && !is_shown; k++)
			is_shown = shown[k] == channel;
		if (is_shown)
			continue;
		shown[n++] = channel;
		asks->value(asks->ctx, channel, value);
		buf_printf(out, "  %s %s = %s\n", word(WORD_NOW, language),
			image_text(img, image_channel_at(img, channel)->name), value);
	}
}

static void
put_alarm(struct buf *out, const struct image *img, const struct engine_notice *n,
	enum language language, const struct letter_asks *asks)
{
	const struct image_alarm *a = image_alarm_at(img, n->alarm);
	const char *action = image_text(img, a->action), *when = image_text(img, a->when.text);

	if (when[0] != '\0' && strcmp(when, n->text) != 0) {
		buf_puts(out, "  ");
		put_line(out, when);
		buf_putc(out, '\n');
	}
	put_values(out, img, &a->when, language, asks);
	if (action[0] != '\0' && n->what != TELL_OVER && !n->is_hidden) {
		buf_printf(out, "  %s: ", word(WORD_DO, language));
		put_line(out, action);
		buf_putc(out, '\n');
	}
}

static void
put_notice(struct buf *out, const struct image *img, const struct engine_notice *n,
	enum language language, const struct letter_asks *asks)
{
	char when[40];

	asks->when(asks->ctx, n->wall_ns, when);
	put_head(out, n, language);
	buf_printf(out, ", %s %s\n", word(WORD_SINCE, language), when);
	if (n->about == ABOUT_TEST) {
		buf_puts(out, "  ");
		put_phrase(out, word(WORD_TEST_TEXT, language), n->text);
		buf_putc(out, '\n');
	} else if (n->text[0] != '\0') {
		buf_puts(out, "  ");
		put_line(out, n->text);
		buf_putc(out, '\n');
	}
	if (n->about == ABOUT_ALARM)
		put_alarm(out, img, n, language, asks);
}

void
letter_text(struct buf *out, const struct image *img, const struct engine_notice *notices,
	unsigned n, unsigned more, enum language language, const struct letter_asks *asks)
{
	const char *site = image_text(img, img->notices.site),
		   *page = image_text(img, img->notices.page);
	const char *title = image_text(img, img->title), *to_ack = NULL;

	for (unsigned i = 0; i < n; i++) {
		put_notice(out, img, &notices[i], language, asks);
		if (to_ack == NULL && notices[i].about == ABOUT_ALARM &&
			notices[i].what == TELL_RAISED && !notices[i].is_acked)
			to_ack = notices[i].name;
	}
	if (more > 0) {
		char number[12];

		snprintf(number, sizeof(number), "%u", more);
		put_phrase(out, word(WORD_MORE, language), number);
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	if (page[0] != '\0') {
		buf_printf(out, "%s: %s\n", word(WORD_PAGE, language), page);
	} else if (to_ack != NULL) {
		put_phrase(out, word(WORD_ACK, language), to_ack);
		buf_putc(out, '\n');
	}
	put_line(out, title[0] != '\0' ? title : image_text(img, img->bench));
	if (site[0] != '\0') {
		buf_puts(out, ", ");
		put_line(out, site);
	}
	buf_putc(out, '\n');
}
