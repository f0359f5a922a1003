/* event.c - events as text */
#include "msg/event.h"

#include "base/text.h"

static const struct {
	const char *token, *en, *fr;
} rows[EVENT_COUNT] = {
#define EVENT(name, token, en, fr) [EVENT_##name] = { token, en, fr },
#include "msg/event.def"
#undef EVENT
};

const char *
event_token(enum event_kind kind)
{
	return rows[kind].token;
}

void
event_text(struct buf *out, const struct event *e)
{
	const struct quality_row *reason = quality_row(e->reason);

	for (const char *p = rows[e->kind].en; *p != '\0'; p++) {
		if (*p != '%') {
			buf_putc(out, *p);
			continue;
		}
		p++;
		if (*p == 's')
			buf_puts(out, e->subject);
		else if (*p == 'r')
			buf_puts(out, reason->text_en);
		else
			out->n += text_from_double(buf_room(out, 32), e->value);
	}
	if (e->reason != Q_GOOD)
		buf_printf(out, "; %s", reason->remedy_en);
}
